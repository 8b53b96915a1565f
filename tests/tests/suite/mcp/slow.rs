//! A world that takes its time: who waits hears so, may give up, and does not wait for ever.

use super::auth_cascade;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, split};
use tokio::sync::{Notify, oneshot};
use tools::capsule::{ModelClock, World};
use tools::dependency::Sighting;
use tools::mcp::{Desk, Toolset};
use tools::model::{Gap, Window};
use tools::ports::{Outside, TopologySource};

/// A topology that is told once somebody says so.
#[derive(Debug)]
struct Slow {
    go: Notify,
    /// Dropped when nobody waits any more.
    waiting: Mutex<Option<oneshot::Sender<()>>>,
}

#[async_trait]
impl TopologySource for Slow {
    async fn topology(&self, _window: Window) -> Result<Sighting, Gap> {
        let _waiting = self.waiting.lock().unwrap().take();
        self.go.notified().await;
        Ok(Sighting { parts: Vec::new(), gaps: Vec::new() })
    }
}

struct Client {
    world: Arc<Slow>,
    given_up: oneshot::Receiver<()>,
    input: WriteHalf<DuplexStream>,
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
}

impl Client {
    fn of(deadline: Duration) -> Self {
        let (waiting, given_up) = oneshot::channel();
        let world = Arc::new(Slow { go: Notify::new(), waiting: Mutex::new(Some(waiting)) });
        let capsule = Arc::new(auth_cascade());
        let clock = Arc::new(ModelClock::starting_at(capsule.window.to));
        let outside = Outside { topology: world.clone(), ..World::outside(capsule) };
        let desk = Desk::live(outside, clock, Vec::new()).within(deadline);
        let (near, far) = tokio::io::duplex(4096);
        let (input, output) = split(far);
        tokio::spawn(tools::mcp::serve(Toolset::Dependency, desk, input, output));
        let (output, input) = split(near);
        Self { world, given_up, input, lines: BufReader::new(output).lines() }
    }

    async fn says(&mut self, message: Value) {
        self.input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn asks(&mut self) {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "progressToken": "how far",
        });
        let params = json!({"_meta": meta, "name": "map_service_dependencies"});
        self.says(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})).await;
    }

    async fn hears(&mut self) -> Value {
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }
}

#[tokio::test]
async fn who_waits_hears_that_it_goes_on() {
    let mut client = Client::of(Duration::from_secs(30));
    client.asks().await;
    let progress = client.hears().await;
    assert_eq!(progress["method"], json!("notifications/progress"), "{progress}");
    assert_eq!(progress["params"]["progressToken"], json!("how far"));
    assert_eq!(progress["params"]["message"], json!("Map service dependencies for 1 s"));
    client.world.go.notify_one();
    let answer = client.hears().await;
    assert_eq!(answer["result"]["isError"], json!(false), "{answer}");
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let mut client = Client::of(Duration::from_millis(50));
    client.asks().await;
    let answer = client.hears().await;
    assert_eq!(answer["result"]["isError"], json!(true), "{answer}");
    let said = answer["result"]["content"][0]["text"].as_str().unwrap();
    insta::assert_snapshot!(said, @"`map_service_dependencies` had no answer within 0.05 s; ask for less, or again later");
    assert!(client.given_up.await.is_err(), "the work ends with it");
}

#[tokio::test]
async fn who_gives_up_is_not_waited_for() {
    let mut client = Client::of(Duration::from_secs(30));
    client.asks().await;
    // It is at work once it has told of it.
    client.hears().await;
    client.says(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})).await;
    assert!(client.given_up.await.is_err(), "the work ends with it");
}

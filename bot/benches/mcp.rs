//! A read tool over HTTP at 200 requests a second: `cargo bench -p bot --features mcp --bench mcp`. The whole bot in one process
//! with the auth cascade as its world; each request asks for the whole verdict. Requests start when they are due, whether or not
//! the ones before are answered, so that a server that falls behind is seen.
//!
//! The figure with a bar is checked, and a missed one makes the program fail.
#![allow(clippy::unwrap_used, reason = "a bench may fail like a test")]
#![allow(clippy::print_stdout, reason = "its figures are what it is for")]

use axum::body::Bytes;
use bot::config::Mcp;
use bot::drill::{HouseRules, Speed, Stage};
use bot::embedded::Embedded;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tools::capsule::{self, AUTH_CASCADE};

const PER_SECOND: u32 = 200;
const SECONDS: u32 = 10;

/// The bar: of a hundred answers 99 come within this.
const WITHIN: Duration = Duration::from_millis(20);

#[tokio::main]
async fn main() -> ExitCode {
    let capsule = Arc::new(capsule::parse(AUTH_CASCADE.as_bytes()).unwrap());
    let mcp = Mcp { calls_per_min: u32::MAX, ..Mcp::default() };
    let house = HouseRules { mcp, ..HouseRules::default() };
    let mut stage = Stage::set_under(house, capsule, Embedded::in_memory(), 0).await.unwrap();
    stage.play(Speed::Max, |_| {}).await.unwrap();
    let url = format!("{}/mcp/context", stage.bot_url());
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    // The first ones open connections and make the schemas.
    for _ in 0..20 {
        ask(&client, &url).await;
    }
    let mut due = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
    let mut asking = JoinSet::new();
    for _ in 0..PER_SECOND * SECONDS {
        due.tick().await;
        let (client, url) = (client.clone(), url.clone());
        asking.spawn(async move { ask(&client, &url).await });
    }
    let mut took = asking.join_all().await;
    took.sort_unstable();
    let at = |share: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a short list")]
        let place = (share * (took.len() - 1) as f64).round() as usize;
        took[place]
    };
    let [p50, p99] = [at(0.5), at(0.99)];
    println!("{} answers at {PER_SECOND} a second: p50 {p50:?}, p99 {p99:?} (at most {WITHIN:?})", took.len());
    if p99 <= WITHIN { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Asks once; how long the answer took.
async fn ask(client: &Client<HttpConnector, Full<Bytes>>, url: &str) -> Duration {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"_meta": meta, "name": "get_incident_context", "arguments": {"incident": "INC-1"}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    let request = axum::http::Request::post(url)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "get_incident_context")
        .body(Full::from(body))
        .unwrap();
    #[expect(clippy::disallowed_methods, reason = "a stopwatch measures the machine, not the story")]
    let begin = std::time::Instant::now();
    let answer = client.request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let took = begin.elapsed();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["result"]["isError"], json!(false), "{answer}");
    took
}

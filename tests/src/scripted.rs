//! An AWS, or another service that speaks JSON, that answers what a test tells it to, on loopback: for what the local AWS does not
//! know, and for refusals, which it never makes.

use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `AWSEvents.ListRules`; of a service that speaks REST method, path and query: `POST /ServiceGraph`.
    pub operation: String,
    /// The body.
    pub body: Value,
}

/// It answers until it is dropped.
#[derive(Debug)]
pub struct Scripted {
    /// Where it is, `http://127.0.0.1:40000`.
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    server: JoinHandle<()>,
}

/// The body of a refusal.
pub fn refusal(code: &str) -> (u16, Value) {
    (400, json!({"__type": code, "message": "not you"}))
}

impl Scripted {
    /// Answers each call with status and body.
    ///
    /// # Panics
    /// This machine has no free port.
    pub async fn new(answer: impl Fn(&Call) -> (u16, Value) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound port"));
        let (calls, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let seen = Arc::clone(&calls);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(serve(stream, move |call| {
                    let told = answer(&call);
                    seen.lock().unwrap_or_else(PoisonError::into_inner).push(call);
                    told
                }));
            }
        });
        Self { url, calls, server }
    }

    /// What was asked so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// One request a connection. A caller that goes away needs no answer.
async fn serve(stream: TcpStream, answer: impl Fn(Call) -> (u16, Value)) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let mut words = line.split(' ');
    let mut operation = format!("{} {}", words.next()?, words.next()?);
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "x-amz-target" => operation = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let (status, told) = answer(Call { operation, body: serde_json::from_slice(&body).unwrap_or_default() });
    let told = told.to_string();
    let head = format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nconnection: close\r\n");
    let reply = format!("{head}content-length: {}\r\n\r\n{told}", told.len());
    stream.get_mut().write_all(reply.as_bytes()).await.ok()
}

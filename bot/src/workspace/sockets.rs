//! Socket Mode, from Slack's side: addresses that are good once, frames that wait to be acknowledged, and connections that end.

use super::{APP_ID, lock};
use axum::body::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// How long the app may take to acknowledge a frame, and to open a connection where there is none.
const CUT_OFF: Duration = Duration::from_secs(3);

/// How often it is looked whether all was acknowledged.
const MOMENT: Duration = Duration::from_millis(5);

/// The connections of the installed app. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Sockets {
    address: SocketAddr,
    state: Arc<Mutex<Live>>,
    /// The ids of the connections that are open.
    open: Arc<watch::Sender<BTreeSet<u64>>>,
}

#[derive(Debug, Default)]
struct Live {
    tickets: BTreeSet<String>,
    connections: BTreeMap<u64, mpsc::UnboundedSender<Order>>,
    /// Those over which nothing new is sent.
    retired: BTreeSet<u64>,
    /// Who waits for the acknowledgement of an envelope, and on which connection it was sent.
    waiting: HashMap<String, (u64, oneshot::Sender<Value>)>,
    counter: u64,
}

/// What a connection is to do.
#[derive(Debug)]
enum Order {
    Send(String),
    /// End at once, without a word.
    Drop,
}

impl Sockets {
    /// Listens on any free port of this machine; the connections end with the tasks.
    pub(super) fn open(tasks: &mut JoinSet<()>) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let sockets =
            Self { address: listener.local_addr()?, state: Arc::default(), open: Arc::new(watch::Sender::default()) };
        let accepting = sockets.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let sockets = accepting.clone();
                connections.spawn(async move { sockets.serve(stream).await });
            }
        });
        Ok(sockets)
    }

    /// An address that takes one connection.
    pub(super) fn new_address(&self) -> String {
        let mut state = lock(&self.state);
        state.counter += 1;
        let ticket = format!("/link?ticket={}", state.counter);
        state.tickets.insert(ticket.clone());
        format!("ws://{}{ticket}", self.address)
    }

    /// How many connections are open.
    pub(super) fn count(&self) -> usize {
        self.open.borrow().len()
    }

    /// Tells every connection that it will be closed, and closes it once there is another.
    pub(super) fn refresh(&self, reason: &str) {
        let old: Vec<u64> = lock(&self.state).connections.keys().copied().collect();
        let frame = json!({"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}}).to_string();
        for id in &old {
            self.order(*id, Order::Send(frame.clone()));
        }
        let sockets = self.clone();
        tokio::spawn(async move {
            let mut open = sockets.open.subscribe();
            let another = open.wait_for(|open| open.iter().any(|id| !old.contains(id)));
            // Slack waits about ten seconds for that, and no longer.
            let _ = tokio::time::timeout(Duration::from_secs(10), another).await;
            lock(&sockets.state).retired.extend(&old);
            // What was sent over them may still be acknowledged.
            let is_awaited = || lock(&sockets.state).waiting.values().any(|(id, _)| old.contains(id));
            let mut moments = tokio::time::interval(MOMENT);
            let acknowledged = async {
                while is_awaited() {
                    moments.tick().await;
                }
            };
            let _ = tokio::time::timeout(CUT_OFF, acknowledged).await;
            for id in old {
                sockets.order(id, Order::Drop);
            }
        });
    }

    /// Ends every connection at once, without a word.
    pub(super) fn cut(&self) {
        let all: Vec<u64> = lock(&self.state).connections.keys().copied().collect();
        for id in all {
            self.order(id, Order::Drop);
        }
    }

    /// Sends a frame over one of the connections; returns what it is acknowledged with.
    pub(super) async fn send(
        &self,
        kind: &str,
        payload: &Value,
        retry: usize,
        reason: Option<&str>,
    ) -> Result<Bytes, &'static str> {
        let mut open = self.open.subscribe();
        let ready = open.wait_for(|open| !open.is_empty());
        if !matches!(tokio::time::timeout(CUT_OFF, ready).await, Ok(Ok(_))) {
            return Err("connection_failed");
        }
        let (acknowledged, waits) = oneshot::channel();
        {
            let mut state = lock(&self.state);
            state.counter += 1;
            let envelope = format!("envelope-{}", state.counter);
            let frame = json!({
                "envelope_id": envelope, "type": kind, "payload": payload, "retry_attempt": retry,
                "retry_reason": reason.unwrap_or_default(),
                "accepts_response_payload": kind == "slash_commands" || payload["type"] == "view_submission",
            });
            // Each in turn: all of them have to be read.
            let good = || state.connections.iter().filter(|(id, _)| !state.retired.contains(id));
            let turn = usize::try_from(state.counter).unwrap_or_default() % good().count().max(1);
            let (id, connection) = good().nth(turn).ok_or("connection_failed")?;
            let (id, sent) = (*id, connection.send(Order::Send(frame.to_string())));
            sent.map_err(|_| "connection_failed")?;
            state.waiting.insert(envelope, (id, acknowledged));
        }
        match tokio::time::timeout(CUT_OFF, waits).await {
            Ok(Ok(Value::Null)) => Ok(Bytes::new()),
            Ok(Ok(payload)) => Ok(Bytes::from(payload.to_string())),
            Ok(Err(_)) => Err("connection_failed"),
            Err(_) => Err("http_timeout"),
        }
    }

    fn order(&self, id: u64, order: Order) {
        if let Some(connection) = lock(&self.state).connections.get(&id) {
            // It may just have ended.
            let _ = connection.send(order);
        }
    }

    /// Serves one connection to its end.
    async fn serve(&self, stream: TcpStream) {
        let state = Arc::clone(&self.state);
        #[expect(clippy::result_large_err, reason = "the signature is the library's")]
        let admit = move |request: &Request, response: Response| {
            let ticket = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
            if lock(&state).tickets.remove(&ticket) {
                Ok(response)
            } else {
                let mut refused = ErrorResponse::new(Some("the ticket is not good".to_owned()));
                *refused.status_mut() = axum::http::StatusCode::FORBIDDEN;
                Err(refused)
            }
        };
        let Ok(mut stream) = accept_hdr_async(stream, admit).await else { return };
        let (orders, mut ordered) = mpsc::unbounded_channel();
        let id = {
            let mut state = lock(&self.state);
            state.counter += 1;
            let id = state.counter;
            state.connections.insert(id, orders);
            id
        };
        let hello = json!({
            "type": "hello", "num_connections": self.count() + 1, "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "local", "approximate_connection_time": 18060},
        });
        if stream.send(Message::text(hello.to_string())).await.is_ok() {
            self.open.send_if_modified(|open| open.insert(id));
            self.exchange(id, &mut stream, &mut ordered).await;
        }
        let mut state = lock(&self.state);
        state.connections.remove(&id);
        state.retired.remove(&id);
        // Nobody will acknowledge what went this way.
        state.waiting.retain(|_, (connection, _)| *connection != id);
        drop(state);
        self.open.send_if_modified(|open| open.remove(&id));
    }

    async fn exchange(
        &self,
        id: u64,
        stream: &mut WebSocketStream<TcpStream>,
        ordered: &mut mpsc::UnboundedReceiver<Order>,
    ) {
        loop {
            tokio::select! {
                order = ordered.recv() => match order {
                    Some(Order::Send(frame)) => {
                        if stream.send(Message::text(frame)).await.is_err() {
                            return;
                        }
                    }
                    Some(Order::Drop) | None => return,
                },
                read = stream.next() => match read {
                    Some(Ok(message)) => {
                        let told: Value = serde_json::from_slice(&message.into_data()).unwrap_or_default();
                        let envelope = told["envelope_id"].as_str().unwrap_or_default();
                        let waiting = lock(&self.state).waiting.remove(envelope);
                        if let Some((sent_on, waiting)) = waiting
                            && sent_on == id
                        {
                            // Whoever waited may have given up.
                            let _ = waiting.send(told["payload"].clone());
                        }
                    }
                    Some(Err(_)) | None => return,
                },
            }
        }
    }
}

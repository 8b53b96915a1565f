//! Socket Mode: Slack is reached by a socket that we open, so that no address of ours has to be open to the internet. Its frames
//! carry what HTTP would, and go the same way from there: the same parsing, the same events, the same keys.
//!
//! [`Socket::run`] keeps one connection, and two during a hand-over: when Slack says that it will close one, another is opened
//! first, and the old one is read until it closes. What was not acknowledged Slack sends again, and its key shows whether it
//! was done before.
//!
//! slack-morphism has a client for this too. It reads payloads into types of its own, and would lose of other bots' messages
//! what those do not know.

use super::chat::{CALL_TIMEOUT, Chat, ChatError};
use super::files::is_trusted;
use crate::clock::SystemClock;
use crate::http::{self, Door, MAX_BODY, Rejection};
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::{Error, Message, protocol::WebSocketConfig};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tools::ports::Clock;

/// A connection on which nothing came for so long is dead: Slack pings several times a minute.
const SILENCE: Duration = Duration::from_secs(90);

/// How long a connection is still read that Slack said it would close.
const LINGER: Duration = Duration::from_mins(1);

/// A connection that lasted for so long was a good one: the next is opened without waiting.
const GOOD: SignedDuration = SignedDuration::from_secs(30);

/// The longest wait between two tries, in seconds.
const LONGEST_WAIT_S: u64 = 60;

/// What opens sockets, and where goes what comes through them.
#[derive(Debug)]
pub struct Socket {
    /// The Web API with the app-level token.
    chat: Chat,
    door: Door,
}

/// The address of one connection. It is a permission, so it is not printed.
pub(crate) struct Address(String);

/// What the connections tell.
enum News {
    /// A connection was greeted.
    Hello,
    /// Slack will close it, or it is closed.
    Going(u64),
}

/// A frame, as far as all of them are alike.
#[derive(Debug, Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    envelope_id: Option<String>,
    #[serde(default)]
    payload: Value,
    #[serde(default)]
    accepts_response_payload: bool,
    #[serde(default)]
    reason: Option<String>,
}

/// Why a connection is not read any further.
enum End {
    /// Slack will close it.
    Going,
    /// It is closed.
    Closed,
}

impl Chat {
    /// Whether Slack opens sockets for this token, which is the app's; nothing is connected.
    ///
    /// # Errors
    /// Slack refuses, or does not answer.
    pub async fn opens_sockets(&self) -> Result<(), ChatError> {
        self.open_connection().await.map(drop)
    }

    /// Asks for the address of a connection; the token is the app's.
    async fn open_connection(&self) -> Result<Address, ChatError> {
        let answer = self.post("apps.connections.open", json!({})).await?;
        let url = answer["url"].as_str().unwrap_or_default();
        if is_trusted(url, ["wss", "ws"]) {
            Ok(Address(url.to_owned()))
        } else {
            Err(ChatError::Refused("the address for the socket is neither encrypted nor on this machine".to_owned()))
        }
    }
}

impl Socket {
    /// A socket that is not open yet.
    pub(crate) fn new(api: &str, app_token: &SecretString, door: Door) -> std::io::Result<Self> {
        Ok(Self { chat: Chat::new(api, app_token)?, door })
    }

    /// Asks for the first connection, so that a token that Slack does not take is told at start.
    pub(crate) async fn first(&self) -> Result<Address, ChatError> {
        self.chat.open_connection().await
    }

    /// Keeps a connection until it is dropped.
    pub(crate) async fn run(self, first: Address) {
        let this = Arc::new(self);
        let (tell, mut told) = mpsc::channel(16);
        let mut connections = JoinSet::new();
        let (mut next, mut failures, mut number) = (Some(first), 0, 0);
        loop {
            let opened = match next.take() {
                Some(address) => Ok(address),
                None => this.chat.open_connection().await,
            };
            let mut asked_to_wait = 0;
            match opened {
                Ok(address) => {
                    number += 1;
                    connections.spawn(Arc::clone(&this).serve(address, number, tell.clone()));
                    let begun = SystemClock.now();
                    let mut greeted = false;
                    // Of older connections nothing matters any more.
                    loop {
                        match told.recv().await {
                            Some(News::Hello) => greeted = true,
                            Some(News::Going(which)) if which == number => break,
                            Some(News::Going(_)) => {}
                            None => return,
                        }
                    }
                    let is_good = greeted && SystemClock.now().duration_since(begun) >= GOOD;
                    failures = if is_good { 0 } else { failures + 1 };
                }
                Err(err) => {
                    tracing::error!("Slack opens no socket: {err}");
                    failures += 1;
                    asked_to_wait = match err {
                        ChatError::Limited { after_s } => after_s,
                        ChatError::Refused(_) => LONGEST_WAIT_S,
                        ChatError::Unknown(_) => 0,
                    };
                }
            }
            while connections.try_join_next().is_some() {}
            let wait = i64::try_from(wait_s(failures).max(asked_to_wait)).unwrap_or(i64::MAX);
            // The machine's time and not the story's: it is the network that is waited for.
            SystemClock
                .wait_until(SystemClock.now().saturating_add(SignedDuration::from_secs(wait)).unwrap_or_default())
                .await;
        }
    }

    /// Reads one connection to its end.
    async fn serve(self: Arc<Self>, address: Address, number: u64, tell: mpsc::Sender<News>) {
        let limits = WebSocketConfig::default().max_message_size(Some(4 * MAX_BODY)).max_frame_size(Some(4 * MAX_BODY));
        let connecting = connect_async_with_config(address.0.as_str(), Some(limits), true);
        let stream = match tokio::time::timeout(CALL_TIMEOUT, connecting).await {
            Ok(Ok((stream, _))) => Some(stream),
            // The error may name the address, which is a permission.
            Ok(Err(_)) | Err(_) => None,
        };
        let Some(stream) = stream else {
            tracing::warn!("a socket could not be connected");
            // Without a receiver nobody waits for it.
            let _ = tell.send(News::Going(number)).await;
            return;
        };
        let mut connection = Connection { stream, at_work: JoinSet::new() };
        let end = connection.read(&self, Some(&tell)).await;
        let _ = tell.send(News::Going(number)).await;
        if let End::Going = end {
            // The next one is being opened; this one still brings what was on its way.
            let _ = tokio::time::timeout(LINGER, connection.read(&self, None)).await;
        }
        let _ = connection.stream.close(None).await;
        // What was begun is finished; its acknowledgement is lost, and what comes again is known.
        while connection.at_work.join_next().await.is_some() {}
    }

    /// Does what a frame asks for; returns what it is acknowledged with. Nothing, if it shall come again.
    async fn take(&self, frame: Frame) -> Option<String> {
        let envelope = frame.envelope_id?;
        let answer = match frame.kind.as_str() {
            "events_api" => match read(frame.payload) {
                Ok(envelope) => http::enveloped(&self.door, envelope).await,
                Err(err) => Err(err),
            },
            "slash_commands" => match read(frame.payload) {
                Ok(command) => http::commanded(&self.door, command).await,
                Err(err) => Err(err),
            },
            "interactive" => match read(frame.payload) {
                Ok(interaction) => http::interacted(&self.door, interaction).await,
                Err(err) => Err(err),
            },
            other => {
                tracing::info!("a frame of a kind that means nothing here: {other:?}");
                return Some(json!({"envelope_id": envelope}).to_string());
            }
        };
        match answer {
            Ok(answer) if answer.status().is_success() => {
                let mut acknowledged = json!({"envelope_id": envelope});
                if let Some(payload) = body(answer).await.filter(|_| frame.accepts_response_payload) {
                    acknowledged["payload"] = payload;
                }
                Some(acknowledged.to_string())
            }
            Ok(answer) => {
                tracing::warn!(status = answer.status().as_u16(), "a frame was refused");
                None
            }
            Err(err) => {
                tracing::warn!("a frame was refused: {err}");
                None
            }
        }
    }
}

/// After how many seconds the next connection is opened, after so many that did not last.
fn wait_s(failures: u32) -> u64 {
    match failures {
        0 | 1 => 0,
        more => (1 << (more - 2).min(6)).min(LONGEST_WAIT_S),
    }
}

fn read<T: serde::de::DeserializeOwned>(payload: Value) -> Result<T, Rejection> {
    serde_json::from_value(payload).map_err(|err| Rejection::Unreadable(err.to_string()))
}

/// What an answer says; nothing if it is empty.
async fn body(answer: Response) -> Option<Value> {
    let bytes = answer.into_body().collect().await.ok()?.to_bytes();
    serde_json::from_slice(&bytes).ok()
}

/// One connection, and the frames of it that are being worked on.
struct Connection {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    at_work: JoinSet<Option<String>>,
}

impl Connection {
    /// Reads frames and acknowledges them, each in its own time, until Slack wants to go or is gone. Whoever gave no `tell` knows
    /// already that it goes.
    async fn read(&mut self, socket: &Arc<Socket>, tell: Option<&mpsc::Sender<News>>) -> End {
        loop {
            tokio::select! {
                Some(done) = self.at_work.join_next() => {
                    let acknowledged = done.unwrap_or_else(|err| {
                        tracing::error!("a frame failed: {err}");
                        None
                    });
                    if let Some(text) = acknowledged
                        && let Err(err) = self.stream.send(Message::text(text)).await
                    {
                        return closed(&err);
                    }
                }
                read = tokio::time::timeout(SILENCE, self.stream.next()) => {
                    let text = match read {
                        Ok(Some(Ok(Message::Text(text)))) => text,
                        // Pings are answered by the library.
                        Ok(Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => continue,
                        Ok(Some(Err(err))) => return closed(&err),
                        Ok(Some(Ok(Message::Close(_))) | None) => return End::Closed,
                        Err(_) => {
                            tracing::warn!("a socket fell silent");
                            return End::Closed;
                        }
                    };
                    let frame: Frame = match serde_json::from_str(&text) {
                        Ok(frame) => frame,
                        Err(err) => {
                            tracing::warn!("a frame cannot be read: {err}");
                            continue;
                        }
                    };
                    match frame.kind.as_str() {
                        "hello" => {
                            if let Some(tell) = tell {
                                let _ = tell.send(News::Hello).await;
                            }
                        }
                        "disconnect" => {
                            match frame.reason.as_deref() {
                                Some("link_disabled") => {
                                    tracing::error!("Socket Mode was turned off for the app: turn it on, or set `slack.transport`");
                                }
                                reason => tracing::info!(reason, "Slack will close a socket"),
                            }
                            if tell.is_some() {
                                return End::Going;
                            }
                        }
                        _ => {
                            let socket = Arc::clone(socket);
                            self.at_work.spawn(async move { socket.take(frame).await });
                        }
                    }
                }
            }
        }
    }
}

fn closed(err: &Error) -> End {
    tracing::info!("a socket closed: {err}");
    End::Closed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slack::wire::{Envelope, Interaction, SlashCommand};
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn every_sample_of_a_frame_is_read_as_what_it_is() {
        let samples = include_str!("../../../tests/samples/slack_api/socket_mode_frames.json");
        let samples: BTreeMap<String, Value> = serde_json::from_str(samples).unwrap();
        let mut kinds = BTreeSet::new();
        // What begins with `ack` is ours to send.
        for (name, sample) in samples.into_iter().filter(|(name, _)| !name.starts_with("ack")) {
            let Frame { kind, envelope_id, payload, accepts_response_payload, reason } =
                serde_json::from_value(sample).unwrap();
            match kind.as_str() {
                "hello" => assert!(envelope_id.is_none() && reason.is_none()),
                "disconnect" => assert!(reason.unwrap().starts_with(&name["disconnect_".len()..])),
                "events_api" => {
                    let Envelope::EventCallback { event_id, event, .. } = read(payload).unwrap() else {
                        panic!("{name}")
                    };
                    assert_eq!((event_id.as_str(), event["type"].as_str()), ("Ev0A0000015", Some("message")));
                }
                "slash_commands" => {
                    let command: SlashCommand = read(payload).unwrap();
                    assert_eq!((command.text.as_str(), accepts_response_payload), ("status", true));
                }
                "interactive" => {
                    let Interaction::BlockActions(pressed) = read(payload).unwrap() else { panic!("{name}") };
                    assert_eq!(pressed.actions[0].carried(), "v1.act_01JD.7f3a");
                }
                other => panic!("{name}: {other}"),
            }
            kinds.insert(kind);
        }
        assert_eq!(kinds.len(), 5, "{kinds:?}");
    }

    #[test]
    fn a_socket_leads_to_slack_or_to_this_machine() {
        #[track_caller]
        fn check(address: &str, expected: bool) {
            assert_eq!(is_trusted(address, ["wss", "ws"]), expected, "{address}");
        }
        check("wss://wss-primary.slack.com/link/?ticket=1", true);
        check("ws://127.0.0.1:4001/link?ticket=1", true);
        check("ws://wss-primary.slack.com/link", false);
        check("https://wss-primary.slack.com/link", false);
        check("wss://slack.com@evil.example/link", false);
        check("", false);
    }

    #[test]
    fn the_first_loss_is_mended_at_once_and_then_it_waits_longer_each_time() {
        let waits: Vec<u64> = (0..10).map(wait_s).collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
    }
}

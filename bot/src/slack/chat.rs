//! Slack's Web API, as far as we call it. A concrete client: its seam is the base URL. Files are in [`super::files`],
//! forms in [`super::views`], people in [`super::people`], single messages in [`super::messages`].

use super::files::Carrier;
use super::trouble::{PASSING, TokenState};
use crate::event::MessageRef;
use crate::intent::IntentId;
use blocks::Message;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::{SlackApiToken, SlackClient, SlackClientHyperConnector, SlackClientHyperHttpsConnector};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use tools::audit::Anchor;

/// How long one call may take before it counts as failed with an unknown outcome.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Slack's and our clocks may differ by this much when we look for a message of ours.
pub(super) const CLOCK_MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// The type of the metadata on our own messages, by which we find them again.
const METADATA: &str = "clarity_message";

/// A Web API client with a bot token.
#[derive(Clone)]
pub struct Chat {
    pub(super) client: Arc<SlackClient<SlackClientHyperHttpsConnector>>,
    pub(super) token: SlackApiToken,
    pub(super) carrier: Carrier,
    /// The id of the workspace that we are in, once it was asked for.
    pub(super) team: Arc<OnceCell<String>>,
    /// Whether the token is good, as far as is known.
    pub(super) token_state: Arc<TokenState>,
}

impl std::fmt::Debug for Chat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chat").finish_non_exhaustive()
    }
}

/// Who we are, so that we do not listen to ourselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Our user id.
    pub user: String,
    /// Our bot id.
    pub bot: String,
    /// The id of the workspace that we are in.
    pub team: String,
}

/// What went wrong with a call, by what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// Too many calls: not before so many seconds.
    #[error("Slack asks us to wait {after_s} s")]
    Limited {
        /// From `Retry-After`.
        after_s: u64,
    },
    /// Slack refuses, and would again.
    #[error("Slack refuses: {0}")]
    Refused(String),
    /// Slack could not be reached or did not answer: the call may or may not have had its effect.
    #[error("Slack did not answer: {0}")]
    Unknown(String),
}

/// A call of unknown outcome is made again after so many seconds.
const RETRY_AFTER_S: u64 = 5;

impl ChatError {
    /// After how many seconds it is worth making the call again; none if never.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            // Who asks for no patience at all would be asked again and again at once.
            Self::Limited { after_s } => Some(*after_s).filter(|after_s| *after_s > 0),
            Self::Unknown(_) => Some(RETRY_AFTER_S),
            Self::Refused(_) => None,
        }
    }
}

impl Chat {
    /// A client for the Web API at `base`.
    ///
    /// # Errors
    /// The certificates of this machine cannot be read.
    pub fn new(base: &str, token: &SecretString) -> std::io::Result<Self> {
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .build();
        let carrier = Carrier::new(connector.clone());
        let connector = SlackClientHyperConnector::with_connector(connector).with_slack_api_url(base);
        Ok(Self {
            client: Arc::new(SlackClient::new(connector)),
            token: SlackApiToken::new(token.expose_secret().to_owned().into()),
            carrier,
            team: Arc::default(),
            token_state: Arc::default(),
        })
    }

    /// Who the token belongs to.
    pub async fn identity(&self) -> Result<Identity, ChatError> {
        let answer = self.post("auth.test", json!({})).await?;
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        Ok(Identity { user: text("user_id"), bot: text("bot_id"), team: text("team_id") })
    }

    /// Posts a message that carries `name`, `intents` and, if it has one, an anchor as metadata; returns its `ts`.
    pub async fn post_message(
        &self,
        channel: &str,
        thread_ts: Option<&str>,
        message: &Message,
        name: &str,
        intents: &str,
        anchor: Option<&Anchor>,
    ) -> Result<MessageRef, ChatError> {
        let mut body = message.to_json();
        body["channel"] = json!(channel);
        body["unfurl_links"] = json!(false);
        body["unfurl_media"] = json!(false);
        body["metadata"] = metadata(name, intents, anchor);
        if let Some(thread_ts) = thread_ts {
            body["thread_ts"] = json!(thread_ts);
        }
        let answer = self.post("chat.postMessage", body).await?;
        let ts =
            answer["ts"].as_str().ok_or_else(|| ChatError::Unknown("a post was answered without `ts`".to_owned()))?;
        Ok(MessageRef { channel: channel.to_owned(), ts: ts.to_owned() })
    }

    /// Edits one of our messages.
    pub async fn update(
        &self,
        at: &MessageRef,
        message: &Message,
        name: &str,
        anchor: Option<&Anchor>,
    ) -> Result<(), ChatError> {
        let mut body = message.to_json();
        body["channel"] = json!(at.channel);
        body["ts"] = json!(at.ts);
        body["metadata"] = metadata(name, "", anchor);
        self.post("chat.update", body).await.map(drop)
    }

    /// Answers one person through the address that came with their request.
    pub async fn respond(&self, response_url: &str, message: &Message) -> Result<(), ChatError> {
        let mut body = message.to_json();
        body["response_type"] = json!("ephemeral");
        body["replace_original"] = json!(false);
        let url =
            response_url.parse().map_err(|_| ChatError::Refused("the address for the answer is no URL".to_owned()))?;
        let session = self.client.open_session(&self.token);
        timely(session.http_session_api.http_post_uri::<_, Value>(url, &body, None)).await.map(drop)
    }

    /// Our own messages in a channel or thread since `since`: for each its `ts`, name and intents.
    pub async fn own_messages(
        &self,
        channel: &str,
        thread_ts: Option<&str>,
        since: Timestamp,
    ) -> Result<Vec<OwnMessage>, ChatError> {
        let oldest = since.saturating_sub(CLOCK_MARGIN).unwrap_or(since).as_second().to_string();
        let method = if thread_ts.is_some() { "conversations.replies" } else { "conversations.history" };
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let fields = [
                ("channel", Some(channel)),
                ("ts", thread_ts),
                ("oldest", Some(oldest.as_str())),
                ("include_all_metadata", Some("true")),
                ("limit", Some("200")),
                ("cursor", Some(cursor.as_str()).filter(|cursor| !cursor.is_empty())),
            ];
            let session = self.client.open_session(&self.token);
            let answer = self.heard(timely(session.http_session_api.http_get(method, &fields.to_vec(), None)).await)?;
            let messages = answer["messages"].as_array().into_iter().flatten();
            found.extend(messages.filter_map(OwnMessage::read));
            answer["response_metadata"]["next_cursor"].as_str().unwrap_or_default().clone_into(&mut cursor);
            if cursor.is_empty() {
                return Ok(found);
            }
        }
    }

    pub(super) async fn post(&self, method: &str, body: Value) -> Result<Value, ChatError> {
        let session = self.client.open_session(&self.token);
        self.heard(timely(session.http_session_api.http_post(method, &body, None)).await)
    }

    /// What was told, with a look at it: the client takes an answer that is no JSON, of somebody between us and Slack say, for an
    /// empty one, and nothing must be concluded from that.
    pub(super) fn heard(&self, told: Result<Value, ChatError>) -> Result<Value, ChatError> {
        let told = match told {
            Ok(answer) if answer["ok"] != true => Err(ChatError::Unknown("the answer could not be read".to_owned())),
            told => told,
        };
        self.token_state.note(&told);
        told
    }

    /// Why the token is no good; nothing if it is, as far as the last call told.
    pub fn token_trouble(&self) -> Option<String> {
        self.token_state.trouble()
    }
}

/// What our own messages carry, and nobody sees. The anchor is the line that `clarity audit verify --anchors` reads.
fn metadata(name: &str, intents: &str, anchor: Option<&Anchor>) -> Value {
    let mut payload = json!({"name": name, "intents": intents});
    if let Some(anchor) = anchor {
        payload["anchor"] = json!(anchor.to_line());
    }
    json!({"event_type": METADATA, "event_payload": payload})
}

/// A message of ours, found again by its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnMessage {
    /// Its id.
    pub ts: String,
    /// The name we gave it.
    pub name: String,
    /// The intents it carries out, comma-separated.
    pub intents: String,
}

impl OwnMessage {
    /// Whether it carries out this intent.
    pub fn carries(&self, id: IntentId) -> bool {
        self.intents.split(',').any(|other| other.parse() == Ok(id.0))
    }

    pub(super) fn read(message: &Value) -> Option<Self> {
        let metadata = &message["metadata"];
        if metadata["event_type"] != METADATA {
            return None;
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            ts: text(&message["ts"])?,
            name: text(&metadata["event_payload"]["name"])?,
            intents: text(&metadata["event_payload"]["intents"])?,
        })
    }
}

pub(super) async fn timely<T>(call: impl Future<Output = Result<T, SlackClientError>>) -> Result<T, ChatError> {
    match tokio::time::timeout(CALL_TIMEOUT, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(classify(error)),
        Err(_) => Err(late()),
    }
}

/// What it means that [`CALL_TIMEOUT`] has passed.
pub(super) fn late() -> ChatError {
    ChatError::Unknown(format!("no answer within {} s", CALL_TIMEOUT.as_secs()))
}

/// Only names and codes go on from here: a response body may hold what nobody should find in a log.
fn classify(error: SlackClientError) -> ChatError {
    match error {
        SlackClientError::RateLimitError(limit) => {
            ChatError::Limited { after_s: limit.retry_after.map_or(30, |after| after.as_secs()) }
        }
        SlackClientError::ApiError(api) if PASSING.contains(&api.code.as_str()) => ChatError::Unknown(api.code),
        SlackClientError::ApiError(api) => ChatError::Refused(api.code),
        SlackClientError::HttpError(http) if http.status_code.is_client_error() => {
            ChatError::Refused(format!("HTTP {}", http.status_code.as_u16()))
        }
        SlackClientError::HttpError(http) => ChatError::Unknown(format!("HTTP {}", http.status_code.as_u16())),
        SlackClientError::HttpProtocolError(_) => ChatError::Unknown("the connection failed".to_owned()),
        SlackClientError::EndOfStream(_)
        | SlackClientError::SystemError(_)
        | SlackClientError::ProtocolError(_)
        | SlackClientError::SocketModeProtocolError(_) => ChatError::Unknown("the answer could not be read".to_owned()),
    }
}

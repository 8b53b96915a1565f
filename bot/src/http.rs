//! The front door: routes that verify, parse to an [`Event`], put it into the inbox and answer. What Slack wants in the
//! answer itself also happens here: a form is opened, and what was typed into one is looked at.

mod forms;
mod surfaces;
mod taken;

use crate::alarms;
use crate::alarms::slack::Posted;
use crate::alarms::sns::verify::{Authority, Refused as NotFromSns};
use crate::command::{self, Command};
use crate::config::Config;
use crate::event::{Asked, Delivered, Event, EventKey, MessageRef};
use crate::ports::{Inbox, Store};
use crate::pulse::Pulse;
use crate::slack::chat::Chat;
use crate::slack::verify::{self, Refused, Verified, verify};
use crate::slack::wire::{BlockActions, Envelope, Interaction, MessageEvent, SlashCommand, Us};
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use blocks::form::settings::Sets;
use blocks::form::{self, Declares};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tools::model::ScopeId;
use tools::ports::Clock;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::trace::TraceLayer;

/// No body that Slack or EventBridge sends is larger: EventBridge caps events at 256 KiB, Slack's are far smaller.
pub const MAX_BODY: usize = 256 * 1024;

/// What the routes need.
#[derive(Clone, Debug)]
pub struct Door {
    /// What the deployment configures.
    pub config: Arc<Config>,
    /// Where events go.
    pub inbox: Arc<dyn Inbox>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Wakes the dispatcher.
    pub pulse: Arc<Pulse>,
    /// What a form begins with stands there: a form cannot wait for the dispatcher.
    pub store: Arc<dyn Store>,
    /// Opens forms: that cannot wait.
    pub chat: Chat,
    /// Tells the messages of SNS from anybody else's.
    pub sns: Authority,
}

/// Why a request is answered with an error. The text is for whoever reads the sender's log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Rejection {
    #[error(transparent)]
    Signature(#[from] Refused),
    #[error(
        "events are taken with `Authorization: Bearer <the alarms secret>`, or from this machine where none is configured"
    )]
    Stranger,
    #[error(transparent)]
    Sns(#[from] NotFromSns),
    #[error("the body is not what this address takes: {0}")]
    Unreadable(String),
    #[error("no scope is configured for {0}")]
    NoScope(String),
    #[error("the inbox is not available; send it again")]
    Unavailable,
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Signature(_) | Self::Stranger => StatusCode::UNAUTHORIZED,
            Self::Sns(refused) => match refused {
                NotFromSns::Unreachable(_) => StatusCode::SERVICE_UNAVAILABLE,
                NotFromSns::Stale(_)
                | NotFromSns::Certificate
                | NotFromSns::Confirmation
                | NotFromSns::Version
                | NotFromSns::Signature => StatusCode::FORBIDDEN,
            },
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::NoScope(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        tracing::warn!(status = status.as_u16(), "request refused: {self}");
        (status, Json(json!({"ok": false, "error": self.to_string()}))).into_response()
    }
}

pub(crate) type Answer = Result<Response, Rejection>;

/// All routes of the bot.
pub fn router(door: Door) -> Router {
    Router::new()
        .route("/slack/events", post(events))
        .route("/slack/commands", post(commands))
        .route("/slack/interactivity", post(interactivity))
        .route("/alarms/eventbridge", post(eventbridge))
        .route("/alarms/sns", post(sns))
        .route("/healthz", get(healthz))
        .route("/ready", get(ready))
        .with_state(door)
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(CatchPanicLayer::new())
        .layer(TraceLayer::new_for_http())
}

async fn healthz() -> Json<Value> {
    Json(json!({"ok": true, "version": env!("CARGO_PKG_VERSION")}))
}

/// Whether what comes in can also be answered. The process is well all the same: starting it anew would not help.
async fn ready(State(door): State<Door>) -> Response {
    match door.chat.token_trouble() {
        None => Json(json!({"ok": true})).into_response(),
        Some(trouble) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"ok": false, "error": trouble}))).into_response()
        }
    }
}

async fn events(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> Answer {
    let body = door.verified(&headers, &body)?;
    enveloped(&door, read_json(body.bytes())?).await
}

/// What happened in the workspace, whichever way it came.
pub(crate) async fn enveloped(door: &Door, envelope: Envelope) -> Answer {
    match envelope {
        Envelope::UrlVerification { challenge } => Ok(Json(json!({"challenge": challenge})).into_response()),
        Envelope::EventCallback { event_id, event, api_app_id, authorizations, .. } => {
            let us = Us { app: &api_app_id, authorizations: &authorizations };
            if let Some((scope, event)) = door.surface(&event, us) {
                door.accept(EventKey(format!("slack/{event_id}")), scope, event).await?;
            } else if let Some(message) = MessageEvent::read(&event) {
                for (place, (scope, event)) in door.message(&message, us).into_iter().enumerate() {
                    let more = if place == 0 { String::new() } else { format!("/{place}") };
                    door.accept(EventKey(format!("slack/{event_id}{more}")), scope, event).await?;
                }
            }
            Ok(StatusCode::OK.into_response())
        }
        Envelope::Other => Ok(StatusCode::OK.into_response()),
    }
}

async fn commands(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> Answer {
    let body = door.verified(&headers, &body)?;
    commanded(&door, read_form(body.bytes())?).await
}

/// A command that somebody typed, whichever way it came.
pub(crate) async fn commanded(door: &Door, command: SlashCommand) -> Answer {
    let asked = Asked { by: command.user_id, channel: command.channel_id, response_url: command.response_url };
    let scope = door.scope_of(&asked.channel)?;
    if let Ok(Command::Open { title: None }) = command::parse(&command.text) {
        let Asked { channel, response_url, .. } = asked;
        let view = form::declare("", &Declares { channel, message: None, response_url: response_url.clone() });
        door.open_view(command.trigger_id, view, response_url).await;
        return Ok(StatusCode::OK.into_response());
    }
    let key = EventKey(format!("slack/{}", command.trigger_id));
    door.accept(key, scope, Event::Command { text: command.text, thread: None, about: None, asked }).await?;
    // An empty answer shows nothing: the real one follows through `response_url`, so that a person gets one message.
    Ok(StatusCode::OK.into_response())
}

async fn interactivity(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> Answer {
    let body = door.verified(&headers, &body)?;
    let fields: Vec<(String, String)> = read_form(body.bytes())?;
    let payload = fields.into_iter().find(|(name, _)| name == "payload").map(|(_, value)| value);
    let payload = payload.ok_or_else(|| Rejection::Unreadable("the field `payload` is missing".to_owned()))?;
    interacted(&door, read_json(payload.as_bytes())?).await
}

/// What somebody did with a message or a form, whichever way it came.
pub(crate) async fn interacted(door: &Door, interaction: Interaction) -> Answer {
    match interaction {
        Interaction::BlockActions(pressed) => door.pressed(*pressed).await,
        Interaction::ViewSubmission(submitted) => door.submitted(&submitted).await,
        Interaction::Shortcut(chosen) | Interaction::MessageAction(chosen) => door.shortcut(*chosen).await,
        Interaction::Other => Ok(StatusCode::OK.into_response()),
    }
}

async fn eventbridge(
    State(door): State<Door>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    door.admit(&headers, peer.map(|Extension(ConnectInfo(address))| address))?;
    let note = door.take_event(&read_json(&body)?).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"ok": true, "note": note}))).into_response())
}

async fn sns(State(door): State<Door>, body: Bytes) -> Answer {
    let note = door.take_sns(&body).await?;
    Ok(Json(json!({"ok": true, "note": note})).into_response())
}

impl Door {
    fn verified<'a>(&self, headers: &HeaderMap, body: &'a Bytes) -> Result<Verified<'a>, Refused> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        verify(
            &self.config.signing_secret,
            header(verify::TIMESTAMP),
            header(verify::SIGNATURE),
            body,
            self.clock.now(),
        )
    }

    /// Alarms and changes come with the shared secret, or from this machine where none is configured.
    fn admit(&self, headers: &HeaderMap, peer: Option<SocketAddr>) -> Result<(), Rejection> {
        let admitted = match &self.config.alarms_secret {
            Some(secret) => {
                let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
                let told = bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
                constant_time_eq(told.as_bytes(), secret.expose_secret().as_bytes())
            }
            None => peer.is_some_and(|address| address.ip().is_loopback()),
        };
        if admitted { Ok(()) } else { Err(Rejection::Stranger) }
    }

    /// A pressed button becomes an event, or opens the form that it asks for.
    async fn pressed(&self, pressed: BlockActions) -> Answer {
        let home = pressed.actions.first().filter(|action| blocks::home::scope_of(&action.block_id).is_some());
        if let Some(action) = home {
            let (block, value) = (action.block_id.clone(), action.carried().to_owned());
            return self.pressed_at_home(pressed.user.id, pressed.trigger_id, &block, value).await;
        }
        let channel = pressed.channel.map(|channel| channel.id).or(pressed.container.channel_id).unwrap_or_default();
        let asked = Asked { by: pressed.user.id, channel, response_url: pressed.response_url };
        let scope = self.scope_of(&asked.channel)?;
        if let Some(action) = pressed.actions.first() {
            let value = action.carried().to_owned();
            if value == blocks::settings::CHANGE {
                let Asked { channel, response_url, .. } = asked;
                let carries = Sets { scope: scope.0.clone(), channel, response_url };
                self.open_settings(pressed.trigger_id, &scope, carries).await;
            } else if let Some(form) = form::asked_by(&value) {
                self.open_form(pressed.trigger_id, form, value, asked).await;
            } else {
                let key = EventKey(format!("slack/{}", pressed.trigger_id));
                self.accept(key, scope, Event::Click { value, typed: None, asked }).await?;
            }
        }
        Ok(StatusCode::OK.into_response())
    }

    fn scope_of(&self, channel: &str) -> Result<ScopeId, Rejection> {
        let scope = self.config.scope_of_channel(channel).map(|scope| scope.id.clone());
        scope.ok_or_else(|| Rejection::NoScope(format!("the channel {channel}")))
    }

    /// What a message means to us: alarms in a watched channel, or nothing.
    fn message(&self, event: &MessageEvent<'_>, us: Us<'_>) -> Vec<(ScopeId, Event)> {
        let scope = self.config.scope_of_channel(event.channel).filter(|_| self.config.watches(event.channel));
        let Some(scope) = scope.filter(|_| !us.wrote(event.message)) else {
            return Vec::new();
        };
        match alarms::slack::parse(event.message) {
            Posted::Alarms(alarms) => {
                let message = MessageRef { channel: event.channel.to_owned(), ts: event.ts.to_owned() };
                let event = |(via, alarm)| Event::Alarm { alarm: Box::new(alarm), via, message: Some(message.clone()) };
                alarms.into_iter().map(|alarm| (scope.id.clone(), event(alarm))).collect()
            }
            Posted::Note(note) => {
                tracing::info!("a message that is no alarm: {note}");
                Vec::new()
            }
            // What people say is theirs, and stands in no log.
            Posted::Said(_) | Posted::Nothing => Vec::new(),
        }
    }

    /// Puts an event into the inbox. Once this returns, the event counts as accepted.
    async fn accept(&self, key: EventKey, scope: ScopeId, event: Event) -> Result<(), Rejection> {
        let delivered = Delivered { key, scope, at: self.clock.now(), event };
        self.inbox.put(delivered).await.map_err(|err| {
            tracing::error!("an event could not be put into the inbox: {err}");
            Rejection::Unavailable
        })?;
        self.pulse.beat();
        Ok(())
    }
}

/// Compares without telling by its duration where the difference is.
fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

fn read_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Rejection> {
    serde_json::from_slice(bytes).map_err(|err| Rejection::Unreadable(err.to_string()))
}

fn read_form<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Rejection> {
    serde_urlencoded::from_bytes(bytes).map_err(|err| Rejection::Unreadable(err.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Scope;
    use crate::drill;
    use crate::embedded::Embedded;
    use crate::ports::StoreError;
    use async_trait::async_trait;
    use jiff::Timestamp;
    use std::sync::Mutex;
    use tools::capsule::ModelClock;

    /// An inbox that nobody empties.
    #[derive(Debug, Default)]
    pub(super) struct Shelf(pub(super) Mutex<Vec<Delivered>>);

    #[async_trait]
    impl Inbox for Shelf {
        async fn put(&self, delivered: Delivered) -> Result<(), StoreError> {
            self.0.lock().unwrap().push(delivered);
            Ok(())
        }

        async fn take(&self) -> Result<Option<Delivered>, StoreError> {
            Ok(self.0.lock().unwrap().first().cloned())
        }

        async fn done(&self, key: &EventKey) -> Result<(), StoreError> {
            self.0.lock().unwrap().retain(|delivered| delivered.key != *key);
            Ok(())
        }
    }

    pub(super) fn door() -> (Door, Arc<Shelf>) {
        let (mut config, _) = drill::local("http://127.0.0.1:9/api", "http://127.0.0.1:9");
        // An only scope would take every channel.
        config.scopes.push(Scope {
            id: ScopeId("test".to_owned()),
            war_room: "C0TEST".to_owned(),
            ..config.scopes[0].clone()
        });
        let chat = Chat::new(&config.slack_api, &config.bot_token).unwrap();
        let shelf = Arc::new(Shelf::default());
        let clock = Arc::new(ModelClock::starting_at(Timestamp::UNIX_EPOCH));
        let door = Door {
            config: Arc::new(config),
            inbox: shelf.clone(),
            clock,
            pulse: Arc::default(),
            store: Arc::new(Embedded::in_memory()),
            chat,
            sns: Authority::new().unwrap(),
        };
        (door, shelf)
    }
}

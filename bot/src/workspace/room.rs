//! The war room: a page that shows the workspace and takes what people type and press.
//!
//! | path | what |
//! |---|---|
//! | `GET /` | the page |
//! | `GET /room/state` | everything as it stands |
//! | `GET /room/events` | server-sent events `message`, `form`, `home` and `status` |
//! | `GET /files/<id>` | a file that was uploaded |
//! | `POST /room/say` | `{user, channel, thread_ts?, text}` |
//! | `POST /room/click` | `{user, channel, ts, block_id, action_id, value}` |
//! | `POST /room/submit` | `{user, form, typed}` |
//! | `POST /room/close` | `{user, form}` |
//! | `POST /room/react` | `{user, channel, ts}`: 📌 |
//! | `POST /room/shortcut` | `{user, channel?, ts?}`: from a message, or from anywhere |
//! | `POST /room/home`, `POST /room/home/click` | `{user}`, `{user, block_id, action_id}` |

use super::Workspace;
use super::files::PAGE;
use super::state::{Post, State as Said};
use super::views::{Form, Sent};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use tokio_stream::wrappers::BroadcastStream;

/// What the page is told of the drill.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// The time of the story.
    pub now: Timestamp,
    /// Seconds of the story in a second of ours.
    pub speed: f64,
    /// The drill that plays, if one does.
    pub drill: Option<DrillStatus>,
}

impl Status {
    pub(super) fn at(now: Timestamp) -> Self {
        Self { now, speed: 1.0, drill: None }
    }
}

/// How far a drill is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DrillStatus {
    /// Its name.
    pub name: String,
    /// Deliveries so far.
    pub delivered: usize,
    /// Deliveries in all.
    pub total: usize,
    /// `playing` or `done`.
    pub state: &'static str,
}

/// A message as the page shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    channel: String,
    ts: String,
    thread_ts: Option<String>,
    author: Value,
    time: String,
    html: String,
    edited: bool,
    ephemeral_to: Option<String>,
    reply_count: usize,
    last_reply: Option<String>,
    broadcast: bool,
}

/// What a browser is told.
#[derive(Clone, Debug)]
pub enum RoomEvent {
    /// A message is there, or is another one now.
    Message(Shown),
    /// A form is open.
    Form(Form),
    /// Somebody's Home tab was published.
    Home {
        /// Whose.
        person: String,
        /// What it shows.
        html: String,
    },
    /// The drill went on.
    Status(Status),
}

impl Workspace {
    /// Tells the browsers how far the drill is.
    pub fn set_status(&self, status: Status) {
        super::lock(&self.inner.status).clone_from(&status);
        // Nobody may be looking.
        let _ = self.inner.room.send(RoomEvent::Status(status));
    }
}

pub(super) fn message(said: &Said, post: &Post) -> Shown {
    let names = |id: &str| said.name_of(id);
    let files = |id: &str| said.files.shown(id).map(|_| format!("/files/{id}"));
    let lookup = blocks::html::Lookup { names: &names, files: &files };
    let last_reply = said.replies(&post.channel, &post.ts).last().map(|reply| clock(&reply.ts));
    Shown {
        channel: post.channel.clone(),
        ts: post.ts.clone(),
        thread_ts: post.thread_ts.clone(),
        author: json!({
            "id": post.author.user, "name": post.author.name,
            "kind": if post.author.bot.is_some() { "app" } else { "person" },
        }),
        time: clock(&post.ts),
        html: blocks::html::message(&post.body, lookup),
        edited: post.edits > 0,
        ephemeral_to: post.ephemeral_to.clone(),
        reply_count: said.replies(&post.channel, &post.ts).count(),
        last_reply,
        broadcast: false,
    }
}

/// The time of day a `ts` stands for.
fn clock(ts: &str) -> String {
    let seconds = ts.split('.').next().and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
    Timestamp::from_second(seconds).unwrap_or_default().strftime("%H:%M:%S").to_string()
}

pub(super) fn router(workspace: Workspace) -> Router {
    Router::new()
        .route("/", get(async || page("text/html; charset=utf-8", include_str!("page/index.html"))))
        .route("/style.css", get(async || page("text/css; charset=utf-8", include_str!("page/style.css"))))
        .route("/app.js", get(async || page("text/javascript; charset=utf-8", include_str!("page/app.js"))))
        .route("/room/state", get(state))
        .route("/room/events", get(events))
        .route("/files/{id}", get(file))
        .route("/room/say", post(say))
        .route("/room/click", post(click))
        .route("/room/submit", post(submit))
        .route("/room/close", post(close))
        .merge(super::surfaces::router())
        .layer(middleware::from_fn(only_this_machine))
        .with_state(workspace)
}

/// Nothing from outside is loaded, run or embedded, whatever a message says.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn page(kind: &'static str, content: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, content)
}

/// A file. Its kind is told by its bytes, never by its sender, and nothing in it may run.
async fn file(State(workspace): State<Workspace>, Path(id): Path<String>) -> Response {
    let found = workspace.lock_state().files.shown(&id);
    let Some((kind, bytes)) = found else {
        return refuse(StatusCode::NOT_FOUND, "There is no such file.");
    };
    // A page may look like something; it loads and runs nothing, and is nobody's neighbour here.
    let policy = if kind == PAGE {
        "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    } else {
        "default-src 'none'; sandbox"
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, bytes).into_response()
}

/// The room trusts whoever reaches it, so only this machine may: another name in `Host` is a rebound DNS entry, another
/// origin is another page.
async fn only_this_machine(request: Request, next: Next) -> Response {
    if is_from_here(request.headers()) {
        return next.run(request).await;
    }
    refuse(StatusCode::FORBIDDEN, "The war room is only for this machine.")
}

fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_here = matches!(name, "127.0.0.1" | "localhost" | "[::1]");
    is_here && text(header::ORIGIN).is_none_or(|origin| origin == format!("http://{host}"))
}

pub(super) fn refuse(status: StatusCode, sentence: &str) -> Response {
    (status, Json(json!({"ok": false, "error": sentence}))).into_response()
}

async fn state(State(workspace): State<Workspace>) -> Json<Value> {
    let app = &workspace.inner.app;
    let commands: Vec<Value> =
        app.hints.iter().map(|(usage, help)| json!({"command": app.command, "usage": usage, "help": help})).collect();
    let status = super::lock(&workspace.inner.status).clone();
    let said = workspace.lock_state();
    let messages: Vec<Shown> = said.posts().map(|post| message(&said, post)).collect();
    Json(json!({
        "team": {"name": "Local workspace"},
        "you": {"id": said.people().first().map(|person| &person.id)},
        "people": said.people(),
        "channels": said.channels(),
        "commands": commands,
        "messages": messages,
        "forms": said.views.shown(),
        "status": status,
    }))
}

async fn events(State(workspace): State<Workspace>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let news = BroadcastStream::new(workspace.inner.room.subscribe());
    // Who lags too far behind is cut off; the page reconnects and loads the whole room again.
    let stream = news.take_while(|news| std::future::ready(news.is_ok())).filter_map(async |news| {
        let event = match news.ok()? {
            RoomEvent::Message(message) => Event::default().event("message").json_data(message),
            RoomEvent::Form(form) => Event::default().event("form").json_data(form),
            RoomEvent::Home { person, html } => {
                Event::default().event("home").json_data(json!({"person": person, "html": html}))
            }
            RoomEvent::Status(status) => Event::default().event("status").json_data(status),
        };
        event.ok().map(Ok)
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

#[derive(Deserialize)]
struct Say {
    user: String,
    channel: String,
    thread_ts: Option<String>,
    text: String,
}

/// The longest line a person may type.
const MAX_LINE: usize = 4000;

async fn say(State(workspace): State<Workspace>, Json(said): Json<Say>) -> Response {
    let text = said.text.trim();
    let known = {
        let state = workspace.lock_state();
        state.person(&said.user).is_some() && state.channel(&said.channel).is_some()
    };
    if !known {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "There is no such person or channel.");
    }
    if text.is_empty() || text.chars().count() > MAX_LINE {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "A message has between 1 and 4,000 characters.");
    }
    let Some(typed) = text.strip_prefix('/') else {
        workspace.say(&said.user, &said.channel, said.thread_ts.as_deref(), text);
        return Json(json!({"ok": true})).into_response();
    };
    let (word, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let command = workspace.inner.app.command.trim_start_matches('/');
    if word != command {
        let sentence = format!("/{word} is not a command here. Try /{command} help.");
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, &sentence);
    }
    done(workspace.command(&said.user, &said.channel, rest.trim()).await)
}

#[derive(Deserialize)]
struct Click {
    user: String,
    channel: String,
    ts: String,
    block_id: String,
    action_id: String,
    /// Of a menu, what the chosen line carries.
    #[serde(default)]
    value: String,
}

async fn click(State(workspace): State<Workspace>, Json(click): Json<Click>) -> Response {
    let found = {
        let state = workspace.lock_state();
        state.find(&click.channel, &click.ts).cloned()
    };
    let used = found.and_then(|post| Some((element(&post.body, &click.block_id, &click.action_id)?, post)));
    let Some((element, post)) = used else {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "That button is no longer there.");
    };
    if element["type"] == "button" {
        return done(workspace.click(&click.user, &post, &click.block_id, &element).await);
    }
    let Some(option) = options(&element).find(|option| option["value"] == click.value.as_str()) else {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "That line of the menu is no longer there.");
    };
    done(workspace.choose(&click.user, &post, &click.block_id, &element, option).await)
}

/// The button or menu in a message; what it carries is read from the message, never from the browser.
pub fn element(body: &Value, block_id: &str, action_id: &str) -> Option<Value> {
    let blocks = body["blocks"].as_array()?;
    let block = blocks.iter().find(|block| block["block_id"] == block_id)?;
    elements(block).find(|element| element["action_id"] == action_id).cloned()
}

/// What can be pressed in a block.
pub fn elements(block: &Value) -> impl Iterator<Item = &Value> {
    block["elements"].as_array().into_iter().flatten().chain([&block["accessory"]])
}

/// The lines of a menu, in the order in which they stand.
pub fn options(menu: &Value) -> impl Iterator<Item = &Value> {
    let groups = menu["option_groups"].as_array().into_iter().flatten();
    [menu].into_iter().chain(groups).flat_map(|holder| holder["options"].as_array().into_iter().flatten())
}

#[derive(Deserialize)]
struct Submit {
    user: String,
    form: String,
    typed: BTreeMap<String, String>,
}

async fn submit(State(workspace): State<Workspace>, Json(submit): Json<Submit>) -> Response {
    match workspace.submit(&submit.user, &submit.form, &submit.typed).await {
        Ok(Sent::Closed) => Json(json!({"ok": true})).into_response(),
        Ok(Sent::Errors(errors)) => Json(json!({"ok": true, "errors": errors})).into_response(),
        Err(sentence) => refuse(StatusCode::BAD_GATEWAY, &sentence),
    }
}

#[derive(Deserialize)]
struct Close {
    user: String,
    form: String,
}

async fn close(State(workspace): State<Workspace>, Json(close): Json<Close>) -> Response {
    workspace.close_form(&close.user, &close.form);
    done(Ok(()))
}

pub(super) fn done(result: Result<(), String>) -> Response {
    match result {
        Ok(()) => Json(json!({"ok": true})).into_response(),
        Err(sentence) => refuse(StatusCode::BAD_GATEWAY, &sentence),
    }
}

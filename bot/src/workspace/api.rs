//! The Web API paths, as far as the bot calls them: token, scope, arguments, then the deed; errors by Slack's names.

use super::check;
use super::fault::Fault;
use super::files;
use super::state::{Account, Author, Called, Post};
use super::streams;
use super::views;
use super::{APP_ID, BOT_ID, BOT_USER, OTHER_TEAM_ID, TEAM_ID, Workspace};
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::collections::HashMap;
use tower_http::limit::RequestBodyLimitLayer;

/// No request of the Web API is larger.
const MAX_BODY: usize = 1024 * 1024;

/// The header that tells the scopes of the token.
const GRANTED: &str = "x-oauth-scopes";

/// Messages on one page, if nothing else is asked for; and the most.
const PAGE: usize = 100;
const MAX_PAGE: usize = 999;

pub(super) fn router(workspace: Workspace) -> Router {
    Router::new()
        .route("/api/{method}", get(by_query).post(by_body))
        .route("/respond/{id}", post(respond))
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .with_state(workspace)
}

/// Methods that take a form and, as Slack does, overlook JSON.
const FORMS_ONLY: [&str; 2] = ["files.getUploadURLExternal", "files.info"];

/// One method: what it is called, the scope it needs, and what it does.
struct Method {
    name: &'static str,
    scope: Option<&'static str>,
    call: fn(&Workspace, &Value) -> Result<Value, Failed>,
}

const METHODS: &[Method] = &[
    Method { name: "apps.connections.open", scope: None, call: open_connection },
    Method { name: "auth.test", scope: None, call: auth_test },
    Method { name: "chat.postMessage", scope: Some("chat:write"), call: post_message },
    Method { name: "chat.startStream", scope: Some("chat:write"), call: streams::start },
    Method { name: "chat.appendStream", scope: Some("chat:write"), call: streams::append },
    Method { name: "chat.stopStream", scope: Some("chat:write"), call: streams::stop },
    Method { name: "chat.update", scope: Some("chat:write"), call: update },
    Method { name: "chat.postEphemeral", scope: Some("chat:write"), call: post_ephemeral },
    Method { name: "chat.getPermalink", scope: None, call: permalink },
    Method { name: "views.publish", scope: None, call: super::surfaces::publish },
    Method { name: "conversations.history", scope: Some("channels:history"), call: history },
    Method { name: "conversations.replies", scope: Some("channels:history"), call: replies },
    Method { name: "conversations.info", scope: Some("channels:read"), call: info },
    Method { name: "files.getUploadURLExternal", scope: Some("files:write"), call: files::announce },
    Method { name: "files.completeUploadExternal", scope: Some("files:write"), call: files::complete },
    Method { name: "files.info", scope: Some("files:read"), call: files::info },
    Method { name: "usergroups.users.list", scope: Some("usergroups:read"), call: user_group },
    Method { name: "users.info", scope: Some("users:read"), call: users_info },
    Method { name: "users.lookupByEmail", scope: Some("users:read.email"), call: by_email },
    Method { name: "users.conversations", scope: Some("channels:read"), call: super::channels::of_person },
    Method { name: "views.open", scope: None, call: views::open },
];

/// `ok: false`, with Slack's name for it.
pub(super) struct Failed {
    pub(super) error: String,
    pub(super) more: Value,
}

impl From<&str> for Failed {
    fn from(error: &str) -> Self {
        Self { error: error.to_owned(), more: json!({}) }
    }
}

/// An error with what is wrong, as Slack tells it: once bare, once for the developer's console.
pub(super) fn refused(error: &str, problems: &[String]) -> Failed {
    let told: Vec<String> = problems.iter().map(|problem| format!("[ERROR] {problem}")).collect();
    Failed { error: error.to_owned(), more: json!({"errors": problems, "response_metadata": {"messages": told}}) }
}

async fn by_query(
    State(workspace): State<Workspace>,
    Path(method): Path<String>,
    Query(fields): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    answer(&workspace, &method, &headers, &json!(fields))
}

async fn by_body(
    State(workspace): State<Workspace>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let arguments = if kind.starts_with("application/json") {
        serde_json::from_slice(&body)
            .ok()
            .map(|json| if FORMS_ONLY.contains(&method.as_str()) { json!({}) } else { json })
    } else {
        serde_urlencoded::from_bytes::<HashMap<String, String>>(&body).ok().map(|fields| json!(fields))
    };
    match arguments {
        Some(arguments) => answer(&workspace, &method, &headers, &arguments),
        None => failed(&Failed::from("invalid_json")),
    }
}

fn answer(workspace: &Workspace, called: &str, headers: &HeaderMap, arguments: &Value) -> Response {
    let channel = arguments["channel"].as_str().map(str::to_owned);
    let call = Called { at: workspace.inner.clock.now(), method: called.to_owned(), channel };
    workspace.lock_state().count_call(call);
    let fault = workspace.lock_faults().of_method(called);
    match &fault {
        Some(Fault::Limit { after_s, .. }) => {
            let body = Json(json!({"ok": false, "error": "ratelimited"}));
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, after_s.to_string())], body).into_response();
        }
        Some(Fault::Refuse { error, .. }) => return failed(&Failed::from(error.as_str())),
        Some(Fault::LoseAnswer { .. } | Fault::RepeatEvent { .. } | Fault::SlowFile { .. }) | None => {}
    }
    let done = authorised(workspace, called, headers).and_then(|method| (method.call)(workspace, arguments));
    if fault.is_some() {
        // The deed is done; the sender never learns of it.
        return (StatusCode::SERVICE_UNAVAILABLE, "upstream connect error").into_response();
    }
    let mut answer = match done {
        Ok(mut value) => {
            value["ok"] = json!(true);
            Json(value).into_response()
        }
        Err(error) => failed(&error),
    };
    if let Ok(scopes) = workspace.inner.app.scopes.join(",").parse() {
        answer.headers_mut().insert(GRANTED, scopes);
    }
    answer
}

fn failed(error: &Failed) -> Response {
    let mut body = error.more.clone();
    body["ok"] = json!(false);
    body["error"] = json!(error.error);
    Json(body).into_response()
}

fn authorised(workspace: &Workspace, called: &str, headers: &HeaderMap) -> Result<&'static Method, Failed> {
    let method = METHODS.iter().find(|method| method.name == called).ok_or(Failed::from("unknown_method"))?;
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).ok_or(Failed::from("not_authed"))?;
    let app = &workspace.inner.app;
    let expected = if called == "apps.connections.open" {
        app.app_token.as_ref().ok_or(Failed::from("not_allowed_token_type"))?
    } else {
        &app.bot_token
    };
    if token != expected.expose_secret() {
        return Err("invalid_auth".into());
    }
    match method.scope {
        Some(needed) if !app.scopes.iter().any(|scope| scope == needed) => Err(Failed {
            error: "missing_scope".to_owned(),
            more: json!({"needed": needed, "provided": app.scopes.join(",")}),
        }),
        _ => Ok(method),
    }
}

pub(super) fn text<'a>(arguments: &'a Value, field: &str) -> &'a str {
    arguments[field].as_str().unwrap_or_default()
}

/// The parts of a message that are kept.
fn body_of(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let now = workspace.inner.clock.now();
    check::message(arguments)
        .and_then(|()| check::pictures(arguments, |id| workspace.lock_state().files.may_show(id, now)))
        .map_err(|refusal| refused(refusal.error, &refusal.problems))?;
    let mut body = json!({});
    for field in ["text", "blocks", "attachments", "metadata"] {
        if !arguments[field].is_null() {
            body[field] = arguments[field].clone();
        }
    }
    Ok(body)
}

pub(super) fn known_channel(workspace: &Workspace, arguments: &Value) -> Result<String, Failed> {
    let channel = text(arguments, "channel");
    // Written to by somebody's own id, it is the conversation with them.
    if let Some(direct) = workspace.lock_state().direct(channel) {
        return Ok(direct);
    }
    let known = workspace.lock_state().channel(channel).is_some();
    if known { Ok(channel.to_owned()) } else { Err("channel_not_found".into()) }
}

/// A channel in which the app may write now.
pub(super) fn open_channel(workspace: &Workspace, arguments: &Value) -> Result<String, Failed> {
    let channel = known_channel(workspace, arguments)?;
    let state = workspace.lock_state();
    if state.is_archived(&channel) {
        Err("is_archived".into())
    } else if !state.is_member(&channel) {
        Err("not_in_channel".into())
    } else {
        Ok(channel)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a row of METHODS like the others")]
fn auth_test(workspace: &Workspace, _: &Value) -> Result<Value, Failed> {
    Ok(json!({
        "url": workspace.url(), "team": "Local", "user": "clarity", "team_id": TEAM_ID, "user_id": BOT_USER,
        "bot_id": BOT_ID, "app_id": APP_ID, "is_enterprise_install": false,
    }))
}

fn open_connection(workspace: &Workspace, _: &Value) -> Result<Value, Failed> {
    let sockets = workspace.inner.courier.sockets().ok_or(Failed::from("not_allowed_token_type"))?;
    Ok(json!({"url": sockets.new_address()}))
}

fn post_message(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let channel = open_channel(workspace, arguments)?;
    let body = body_of(workspace, arguments)?;
    let thread_ts = arguments["thread_ts"].as_str();
    let is_thread = |ts: &str| workspace.lock_state().is_thread(&channel, ts);
    if thread_ts.is_some_and(|ts| !is_thread(ts)) {
        return Err("thread_not_found".into());
    }
    let now = workspace.inner.clock.now();
    let post = workspace.lock_state().add(now, Author::clarity(), &channel, thread_ts, body, None);
    workspace.shown(&post);
    workspace.announce(&post, None);
    Ok(json!({"channel": channel, "ts": post.ts, "message": post.to_json()}))
}

fn update(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let channel = open_channel(workspace, arguments)?;
    let body = body_of(workspace, arguments)?;
    let ts = text(arguments, "ts");
    let found = workspace.lock_state().find(&channel, ts).map(Post::is_ours);
    match found {
        None => return Err("message_not_found".into()),
        Some(false) => return Err("cant_update_message".into()),
        Some(true) => {}
    }
    if workspace.lock_state().growing.contains(&(channel.clone(), ts.to_owned())) {
        return Err("streaming_state_conflict".into());
    }
    let edited = workspace.lock_state().edit(&channel, ts, body);
    let (before, post) = edited.ok_or(Failed::from("message_not_found"))?;
    workspace.shown(&post);
    workspace.announce(&post, Some(&before));
    Ok(json!({"channel": channel, "ts": ts, "text": post.body["text"], "message": post.to_json()}))
}

fn post_ephemeral(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let channel = known_channel(workspace, arguments)?;
    let user = text(arguments, "user");
    if workspace.lock_state().person(user).is_none() {
        return Err("user_not_in_channel".into());
    }
    let post = whisper(workspace, &channel, user, arguments)?;
    Ok(json!({"message_ts": post.ts}))
}

/// A message only one person sees. No event tells of it.
fn whisper(workspace: &Workspace, channel: &str, user: &str, arguments: &Value) -> Result<Post, Failed> {
    let body = body_of(workspace, arguments)?;
    let now = workspace.inner.clock.now();
    let thread_ts = arguments["thread_ts"].as_str();
    let post = workspace.lock_state().add(now, Author::clarity(), channel, thread_ts, body, Some(user.to_owned()));
    workspace.shown(&post);
    Ok(post)
}

/// One page of messages, and where the next begins.
fn page(posts: Vec<Value>, arguments: &Value) -> Value {
    let number = |field: &str| match &arguments[field] {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let limit = number("limit").unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let start = text(arguments, "cursor").strip_prefix("from:").and_then(|at| at.parse().ok()).unwrap_or(0_usize);
    let total = posts.len();
    let messages: Vec<Value> = posts.into_iter().skip(start).take(limit).collect();
    let end = start.saturating_add(messages.len());
    let next = if end < total { format!("from:{end}") } else { String::new() };
    json!({"messages": messages, "has_more": end < total, "response_metadata": {"next_cursor": next}})
}

/// Metadata is shown to those who ask for it and may read it.
fn shown(workspace: &Workspace, arguments: &Value, post: &Post) -> Value {
    let mut message = post.to_json();
    let asked =
        matches!(&arguments["include_all_metadata"], Value::Bool(true)) || arguments["include_all_metadata"] == "true";
    let may = workspace.inner.app.scopes.iter().any(|scope| scope == "metadata.message:read");
    if !(asked && may)
        && let Some(fields) = message.as_object_mut()
    {
        fields.remove("metadata");
    }
    message
}

fn is_since(arguments: &Value, post: &Post) -> bool {
    let seconds = |ts: &str| ts.parse::<f64>().unwrap_or(0.0);
    seconds(&post.ts) >= seconds(text(arguments, "oldest"))
}

fn history(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let channel = known_channel(workspace, arguments)?;
    let state = workspace.lock_state();
    let mut posts: Vec<Value> = state
        .posts()
        .filter(|post| post.channel == channel && post.thread_ts.is_none() && post.ephemeral_to.is_none())
        .filter(|post| is_since(arguments, post))
        .map(|post| shown(workspace, arguments, post))
        .collect();
    posts.reverse();
    Ok(page(posts, arguments))
}

fn replies(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let channel = known_channel(workspace, arguments)?;
    let state = workspace.lock_state();
    let parent = state.find(&channel, text(arguments, "ts")).ok_or(Failed::from("thread_not_found"))?;
    let replies = state.replies(&channel, &parent.ts).filter(|post| is_since(arguments, post));
    let posts: Vec<Value> = [parent].into_iter().chain(replies).map(|post| shown(workspace, arguments, post)).collect();
    Ok(page(posts, arguments))
}

fn permalink(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let channel = known_channel(workspace, arguments)?;
    let ts = text(arguments, "message_ts");
    if workspace.lock_state().find(&channel, ts).is_none() {
        return Err("message_not_found".into());
    }
    // As in Slack, the digits of the `ts` without its dot. The page does not read it, and the address leads nowhere else.
    let link = format!("{}/archives/{channel}/p{}", workspace.url(), ts.replace('.', ""));
    Ok(json!({"channel": channel, "permalink": link}))
}

fn info(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let channel = known_channel(workspace, arguments)?;
    let state = workspace.lock_state();
    let channel = state.channel(&channel).ok_or(Failed::from("channel_not_found"))?;
    Ok(json!({"channel": {
        "id": channel.id, "name": channel.name, "is_channel": true, "is_archived": state.is_archived(&channel.id),
        "is_member": state.is_member(&channel.id),
        "topic": {"value": channel.topic},
    }}))
}

fn users_info(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let state = workspace.lock_state();
    let person = state.person(text(arguments, "user")).ok_or(Failed::from("user_not_found"))?;
    let (is_guest, is_foreign) = (person.account == Account::Guest, person.account == Account::OtherTeam);
    let mut user = json!({
        "id": person.id, "team_id": if is_foreign { OTHER_TEAM_ID } else { TEAM_ID }, "name": person.name,
        "real_name": person.name, "deleted": person.account == Account::Deactivated, "is_bot": false,
        "is_stranger": is_foreign, "profile": {"title": person.title, "real_name": person.name},
    });
    // Of a deactivated person Slack does not tell the kind of account.
    if person.account != Account::Deactivated {
        user["is_restricted"] = json!(is_guest);
        user["is_ultra_restricted"] = json!(false);
    }
    Ok(json!({"user": user}))
}

/// Everybody here has an address that begins with their name.
fn by_email(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let name = text(arguments, "email").strip_suffix("@example.com").unwrap_or_default().to_lowercase();
    let id = {
        let state = workspace.lock_state();
        let found = state.people().iter().find(|person| person.name.to_lowercase() == name);
        found.map(|person| person.id.clone()).ok_or(Failed::from("users_not_found"))?
    };
    users_info(workspace, &json!({"user": id}))
}

fn user_group(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let (state, group) = (workspace.lock_state(), text(arguments, "usergroup"));
    // Whose account is closed has left every group.
    let members = state.people().iter().filter(|person| person.groups.contains(group));
    let members: Vec<_> = members.filter(|person| person.account != Account::Deactivated).map(|p| &p.id).collect();
    // A group without anybody is switched off, as far as this workspace knows groups at all.
    if members.is_empty() { Err("no_such_subteam".into()) } else { Ok(json!({"users": members})) }
}

/// The address at which one request may be answered, five times.
async fn respond(State(workspace): State<Workspace>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let used = workspace.lock_state().use_answer(&id);
    let Some((person, channel)) = used else {
        return (StatusCode::NOT_FOUND, "used_url").into_response();
    };
    let is_public = body["response_type"] == "in_channel";
    let done = if is_public {
        let mut arguments = body.clone();
        arguments["channel"] = json!(channel);
        post_message(&workspace, &arguments).map(drop)
    } else {
        whisper(&workspace, &channel, &person, &body).map(drop)
    };
    match done {
        Ok(()) => "ok".into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, error.error).into_response(),
    }
}

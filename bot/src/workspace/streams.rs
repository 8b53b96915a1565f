//! Messages that grow while they are read.

use super::Workspace;
use super::api::{Failed, open_channel, text};
use super::state::Author;
use serde_json::{Value, json};

/// Characters that a call may bring.
const MOST: usize = 12_000;

/// `chat.startStream`.
pub(super) fn start(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let channel = open_channel(workspace, arguments)?;
    let thread_ts = arguments["thread_ts"].as_str().ok_or(Failed::from("invalid_thread_ts"))?;
    if !workspace.lock_state().is_thread(&channel, thread_ts) {
        return Err("invalid_thread_ts".into());
    }
    if !channel.starts_with('D') {
        for (field, error) in
            [("recipient_user_id", "missing_recipient_user_id"), ("recipient_team_id", "missing_recipient_team_id")]
        {
            if text(arguments, field).is_empty() {
                return Err(error.into());
            }
        }
    }
    let body = json!({"text": words(arguments)?});
    let now = workspace.inner.clock.now();
    let post = workspace.lock_state().add(now, Author::clarity(), &channel, Some(thread_ts), body, None);
    workspace.lock_state().growing.insert((channel.clone(), post.ts.clone()));
    workspace.shown(&post);
    Ok(json!({"channel": channel, "ts": post.ts}))
}

/// `chat.appendStream`.
pub(super) fn append(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let (channel, ts) = growing(workspace, arguments)?;
    grow(workspace, &channel, &ts, &words(arguments)?)
}

/// `chat.stopStream`.
pub(super) fn stop(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let (channel, ts) = growing(workspace, arguments)?;
    let more = if arguments["markdown_text"].is_null() { String::new() } else { words(arguments)? };
    workspace.lock_state().growing.remove(&(channel.clone(), ts.clone()));
    grow(workspace, &channel, &ts, &more)
}

/// The message that is meant, if it grows.
fn growing(workspace: &Workspace, arguments: &Value) -> Result<(String, String), Failed> {
    let (channel, ts) = (open_channel(workspace, arguments)?, text(arguments, "ts").to_owned());
    let state = workspace.lock_state();
    if state.find(&channel, &ts).is_none() {
        return Err("message_not_found".into());
    }
    let key = (channel, ts);
    if state.growing.contains(&key) { Ok(key) } else { Err("message_not_in_streaming_state".into()) }
}

fn words(arguments: &Value) -> Result<String, Failed> {
    let words = text(arguments, "markdown_text");
    if words.is_empty() {
        return Err("missing_argument".into());
    }
    if words.chars().count() > MOST { Err("msg_too_long".into()) } else { Ok(blocks::mrkdwn::from_markdown(words)) }
}

fn grow(workspace: &Workspace, channel: &str, ts: &str, more: &str) -> Result<Value, Failed> {
    let grown = workspace.lock_state().grow(channel, ts, more);
    let post = grown.ok_or(Failed::from("message_not_found"))?;
    workspace.shown(&post);
    Ok(json!({"channel": channel, "ts": ts}))
}

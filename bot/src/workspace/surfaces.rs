//! Mentions, direct messages, reactions, shortcuts and the Home tab, as Slack tells the app of them.

use super::api::{Failed, refused, text};
use super::check;
use super::room::{RoomEvent, done, element, refuse};
use super::state::{Post, name_blocks};
use super::{APP_ID, BOT_USER, TEAM_ID, Workspace};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

/// `views.publish`.
pub(super) fn publish(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let mut view = arguments["view"].clone();
    let person = text(arguments, "user_id");
    if workspace.lock_state().person(person).is_none() {
        return Err("user_not_found".into());
    }
    if view["type"] != "home" {
        return Err(refused("invalid_arguments", &["must be `home` [json-pointer:/view/type]".to_owned()]));
    }
    check::message(&json!({"text": "-", "blocks": view["blocks"]}))
        .map_err(|refusal| refused("invalid_arguments", &refusal.problems))?;
    name_blocks(&mut view);
    let mut state = workspace.lock_state();
    state.views.homes.insert(person.to_owned(), view.clone());
    let names = |id: &str| state.name_of(id);
    let html = blocks::html::message(&view, blocks::html::Lookup { names: &names, files: &|_| None });
    // Nobody may be looking.
    let _ = workspace.inner.room.send(RoomEvent::Home { person: person.to_owned(), html });
    drop(state);
    Ok(json!({"view": view}))
}

/// What somebody does on the page: with a message, with the Home tab, or with neither.
#[derive(Deserialize)]
struct Does {
    user: String,
    channel: Option<String>,
    ts: Option<String>,
    #[serde(default)]
    block_id: String,
    #[serde(default)]
    action_id: String,
}

pub(super) fn router() -> Router<Workspace> {
    Router::new()
        .route("/room/react", post(react))
        .route("/room/shortcut", post(shortcut))
        .route("/room/home", post(home))
        .route("/room/home/click", post(click_home))
}

impl Does {
    fn post(&self, workspace: &Workspace) -> Option<Post> {
        workspace.lock_state().find(self.channel.as_deref()?, self.ts.as_deref()?).cloned()
    }

    fn is_known(&self, workspace: &Workspace) -> bool {
        workspace.lock_state().person(&self.user).is_some()
    }
}

fn gone() -> Response {
    refuse(StatusCode::UNPROCESSABLE_ENTITY, "There is no such person or message.")
}

async fn react(State(workspace): State<Workspace>, Json(does): Json<Does>) -> Response {
    let post = does.post(&workspace).filter(|_| does.is_known(&workspace));
    let Some(post) = post else { return gone() };
    workspace.react(&does.user, &post, "pushpin");
    done(Ok(()))
}

async fn shortcut(State(workspace): State<Workspace>, Json(does): Json<Does>) -> Response {
    let post = does.post(&workspace);
    if !does.is_known(&workspace) || (post.is_none() && does.ts.is_some()) {
        return gone();
    }
    done(workspace.shortcut(&does.user, post.as_ref()).await)
}

async fn home(State(workspace): State<Workspace>, Json(does): Json<Does>) -> Response {
    if !does.is_known(&workspace) {
        return gone();
    }
    workspace.open_home(&does.user);
    done(Ok(()))
}

async fn click_home(State(workspace): State<Workspace>, Json(does): Json<Does>) -> Response {
    done(workspace.click_home(&does.user, &does.block_id, &does.action_id).await)
}

impl Workspace {
    /// Tells the app that it was mentioned, if it was.
    pub(super) fn mention(&self, person: &str, channel: &str, thread_ts: Option<&str>, text: &str) {
        if text.contains(&format!("<@{BOT_USER}>")) && !channel.starts_with('D') {
            let mut event = json!({"type": "app_mention", "user": person, "channel": channel, "text": text});
            if let Some(thread_ts) = thread_ts {
                event["thread_ts"] = json!(thread_ts);
            }
            self.tell(event);
        }
    }

    /// Brings an event to the app; returns its id.
    fn tell(&self, mut event: Value) -> String {
        let seconds = self.inner.clock.now().as_second();
        event["event_ts"] = json!(format!("{seconds}.000000"));
        let envelope = self.lock_state().wrapped(&event, seconds);
        let id = text(&envelope, "event_id").to_owned();
        super::lock(&self.inner.sent).insert(id.clone(), envelope.clone());
        self.inner.courier.event(&self.inner.app.url, envelope, 0);
        id
    }

    /// Writes to the app alone.
    pub fn write_to_app(&self, person: &str, text: &str) {
        let channel = self.lock_state().direct(person);
        if let Some(channel) = channel {
            self.say(person, &channel, None, text);
        }
    }

    /// Reacts to a message; returns the id of the event the app gets.
    pub fn react(&self, person: &str, post: &Post, reaction: &str) -> String {
        self.tell(json!({
            "type": "reaction_added", "user": person, "reaction": reaction, "item_user": post.author.user,
            "item": {"type": "message", "channel": post.channel, "ts": post.ts},
        }))
    }

    /// Opens the Home tab of the app.
    pub fn open_home(&self, person: &str) {
        let channel = self.lock_state().direct(person);
        self.tell(json!({"type": "app_home_opened", "user": person, "channel": channel, "tab": "home"}));
    }

    /// What stands in somebody's Home tab.
    pub fn home(&self, person: &str) -> Option<Value> {
        self.lock_state().views.homes.get(person).cloned()
    }

    /// Presses a button of somebody's Home tab.
    ///
    /// # Errors
    /// The button is not there, or the app does not take it.
    pub async fn click_home(&self, person: &str, block_id: &str, action_id: &str) -> Result<(), String> {
        let view = self.home(person).ok_or("The Home tab is empty.")?;
        let button = element(&view, block_id, action_id).ok_or("That button is not there.")?;
        let trigger = self.lock_state().new_trigger(person, self.inner.clock.now());
        let action = json!({
            "type": "button", "block_id": block_id, "action_id": action_id, "value": button["value"],
            "text": button["text"], "action_ts": trigger,
        });
        let payload = json!({
            "type": "block_actions", "user": self.user(person), "api_app_id": APP_ID,
            "container": {"type": "view", "view_id": "V0HOME"}, "trigger_id": trigger,
            "team": {"id": TEAM_ID, "domain": "local"}, "view": view, "actions": [action],
        });
        self.interact(&payload).await.map(drop)
    }

    /// Chooses the shortcut in the menu of a message, or the global one where there is no message.
    ///
    /// # Errors
    /// The app does not take it.
    pub async fn shortcut(&self, person: &str, post: Option<&Post>) -> Result<(), String> {
        let mut payload = json!({
            "type": "shortcut", "callback_id": "declare_incident", "user": self.user(person),
            "team": {"id": TEAM_ID, "domain": "local"}, "is_enterprise_install": false, "enterprise": null,
        });
        if let Some(post) = post {
            let (trigger, response_url) = self.answer_address(person, &post.channel);
            payload["type"] = json!("message_action");
            payload["callback_id"] = json!("start_incident_here");
            payload["trigger_id"] = json!(trigger);
            payload["response_url"] = json!(response_url);
            payload["message_ts"] = json!(post.ts);
            payload["channel"] = json!({"id": post.channel, "name": self.name_of(&post.channel)});
            payload["message"] = post.to_json();
        } else {
            payload["trigger_id"] = json!(self.lock_state().new_trigger(person, self.inner.clock.now()));
        }
        self.interact(&payload).await.map(drop)
    }
}

//! The local workspace: a small Slack of its own, behind the real Web API paths, with a war room in the browser.
//!
//! It posts to the bot what Slack would post, as signed HTTP, and refuses what Slack would refuse, so that the product
//! cannot tell it from Slack. Nothing in the product imports it, and it imports nothing of the product but the codec of
//! Slack's signature. Tests and drills use the same one.
//!
//! [`state`] is who is there and what was said · [`api`] answers the Web API · [`check`] refuses bad messages ·
//! [`files`] takes uploads and shows them · [`views`] opens forms and sends them · [`deliver`] brings events to the bot, by HTTP or by [`sockets`] ·
//! [`fault`] misbehaves when told to · [`room`] is the page.

pub mod api;
mod channels;
pub mod check;
mod deliver;
pub mod fault;
pub mod files;
pub mod room;
mod sockets;
pub mod state;
mod streams;
mod surfaces;
pub mod views;

use deliver::Courier;
use fault::{Fault, Faults};
use room::{RoomEvent, Status};
use secrecy::SecretString;
use serde_json::{Value, json};
use sockets::Sockets;
use state::{Author, Post, State};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinSet;
use tools::ports::Clock;

pub use state::{Account, Called, Channel, Person};

/// What a workspace knows of the one app that is installed in it.
#[derive(Clone, Debug)]
pub struct App {
    /// Where it is reached, `http://127.0.0.1:4000`.
    pub url: String,
    /// What its requests are signed with.
    pub signing_secret: SecretString,
    /// What it shows to the Web API.
    pub bot_token: SecretString,
    /// With what it opens sockets; without one it is reached by HTTP.
    pub app_token: Option<SecretString>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Its slash command.
    pub command: String,
    /// Hints for people who type it: words and help.
    pub hints: Vec<(String, String)>,
}

/// The user id of the installed app's bot.
pub const BOT_USER: &str = "U0CLARITY";
/// The bot id of the installed app.
pub const BOT_ID: &str = "B0CLARITY";
/// The id of the installed app.
pub const APP_ID: &str = "A0CLARITY";
/// The id of the workspace.
pub const TEAM_ID: &str = "T0LOCAL";
/// The id of another workspace, with which channels are shared.
pub const OTHER_TEAM_ID: &str = "T0ELSEWHERE";

/// A running workspace. Cheap to clone; it stops when `serve`'s task set is dropped.
#[derive(Clone, Debug)]
pub struct Workspace {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Where it is served, `http://127.0.0.1:4001`.
    url: String,
    app: App,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    faults: Mutex<Faults>,
    status: Mutex<Status>,
    room: broadcast::Sender<RoomEvent>,
    courier: Courier,
    /// Events as they were delivered, so that one can be delivered again.
    sent: Mutex<HashMap<String, Value>>,
}

/// Messages a browser may lag behind before it has to load the whole room again.
const ROOM_LAG: usize = 1024;

impl Workspace {
    /// Opens a workspace on `listener`, with `app` installed. The returned tasks are its server.
    pub fn open(
        listener: TcpListener,
        app: App,
        people: Vec<Person>,
        channels: Vec<Channel>,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<(Self, JoinSet<()>)> {
        let url = format!("http://{}", listener.local_addr()?);
        let mut server = JoinSet::new();
        let sockets = if app.app_token.is_some() { Some(Sockets::open(&mut server)?) } else { None };
        let courier = Courier::new(app.signing_secret.clone(), Arc::clone(&clock), sockets);
        let workspace = Self {
            inner: Arc::new(Inner {
                url,
                app,
                status: Mutex::new(Status::at(clock.now())),
                clock,
                state: Mutex::new(State::new(people, channels)),
                faults: Mutex::default(),
                room: broadcast::Sender::new(ROOM_LAG),
                courier,
                sent: Mutex::default(),
            }),
        };
        let router = api::router(workspace.clone())
            .merge(files::router(workspace.clone()))
            .merge(room::router(workspace.clone()));
        server.spawn(async move {
            if let Err(err) = axum::serve(listener, router).await {
                tracing::error!("the local workspace closed: {err}");
            }
        });
        Ok((workspace, server))
    }

    /// Where the war room is.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// The base of its Web API.
    pub fn api_url(&self) -> String {
        format!("{}/api", self.inner.url)
    }

    /// Makes it misbehave.
    pub fn misbehave(&self, fault: Fault) {
        self.lock_faults().push(fault);
    }

    /// Returns once no delivery to the app is under way.
    pub async fn settled(&self) {
        self.inner.courier.settled().await;
    }

    /// How many deliveries to the app were begun so far.
    pub fn deliveries(&self) -> u64 {
        self.inner.courier.begun()
    }

    /// Every message as it stands, oldest first.
    pub fn posts(&self) -> Vec<Post> {
        self.lock_state().posts().cloned().collect()
    }

    /// How many Web API calls each method got.
    pub fn calls(&self) -> std::collections::BTreeMap<String, u64> {
        let mut calls = std::collections::BTreeMap::new();
        for called in self.lock_state().log() {
            *calls.entry(called.method.clone()).or_default() += 1;
        }
        calls
    }

    /// Every Web API call so far, in its order.
    pub fn log(&self) -> Vec<Called> {
        self.lock_state().log().to_vec()
    }

    /// The display name of a user or channel.
    pub fn name_of(&self, id: &str) -> Option<String> {
        self.lock_state().name_of(id)
    }

    /// Changes somebody: their account is closed, say, or they leave a user group.
    pub fn change_person(&self, id: &str, change: impl FnOnce(&mut Person)) {
        if let Some(person) = self.lock_state().person_mut(id) {
            change(person);
        }
    }

    /// How many sockets the app has open.
    pub fn sockets(&self) -> usize {
        self.inner.courier.sockets().map_or(0, Sockets::count)
    }

    /// Tells the app that its sockets will be closed, for this reason, and closes them once it has opened another.
    pub fn refresh_sockets(&self, reason: &str) {
        if let Some(sockets) = self.inner.courier.sockets() {
            sockets.refresh(reason);
        }
    }

    /// Closes the app's sockets at once, without a word.
    pub fn cut_sockets(&self) {
        if let Some(sockets) = self.inner.courier.sockets() {
            sockets.cut();
        }
    }

    /// Changes what a channel is for.
    pub fn set_topic(&self, channel: &str, topic: &str) {
        self.lock_state().set_topic(channel, topic);
    }

    /// Archives a channel: nothing can be written there any more.
    pub fn archive(&self, channel: &str) {
        self.lock_state().archive(channel);
    }

    /// Deletes a message; whether there was one.
    pub fn delete(&self, channel: &str, ts: &str) -> bool {
        self.lock_state().delete(channel, ts)
    }

    /// Removes the app from a channel.
    pub fn remove_app(&self, channel: &str) {
        self.lock_state().leave(channel);
    }

    /// Posts as another app, like Amazon Q does; returns the id of the event the bot gets.
    pub fn post_as_app(&self, app_name: &str, channel: &str, body: Value) -> String {
        let author = Author::other_app(app_name);
        self.post(author, channel, None, body)
    }

    /// Uploads a file as another app; returns its id. It stays that app's own until it is shared.
    pub fn upload_as_app(&self, app_name: &str, name: &str, bytes: Vec<u8>) -> String {
        let owner = Author::other_app(app_name).user;
        self.lock_state().files.add(owner, name, bytes, self.inner.clock.now())
    }

    /// Says something as a person, in a channel or thread.
    pub fn say(&self, person: &str, channel: &str, thread_ts: Option<&str>, text: &str) -> String {
        let author = self.lock_state().author_of(person);
        let text = self.lock_state().escaped(text);
        let event = self.post(author, channel, thread_ts, json!({"text": text}));
        self.mention(person, channel, thread_ts, &text);
        event
    }

    /// Delivers an event again, as Slack does when it got no answer in time.
    pub fn redeliver(&self, event_id: &str) {
        let envelope = lock(&self.inner.sent).get(event_id).cloned();
        if let Some(envelope) = envelope {
            self.inner.courier.event(&self.inner.app.url, envelope, 1);
        }
    }

    /// Types the slash command as a person.
    pub async fn command(&self, person: &str, channel: &str, text: &str) -> Result<(), String> {
        // Slack escapes what is typed, and tells who is meant.
        let text = &self.lock_state().escaped(text);
        let (id, response_url) = self.answer_address(person, channel);
        let app = &self.inner.app;
        let user_name = self.name_of(person).unwrap_or_default();
        let channel_name = self.name_of(channel).unwrap_or_default();
        let fields = [
            ("team_id", TEAM_ID),
            ("team_domain", "local"),
            ("channel_id", channel),
            ("channel_name", &channel_name),
            ("user_id", person),
            ("user_name", &user_name),
            ("command", &app.command),
            ("text", text),
            ("api_app_id", APP_ID),
            ("is_enterprise_install", "false"),
            ("response_url", &response_url),
            ("trigger_id", &id),
        ];
        self.inner.courier.form(&format!("{}/slack/commands", app.url), &fields).await.map(drop)
    }

    /// Presses a button as a person.
    pub async fn click(&self, person: &str, post: &Post, block_id: &str, button: &Value) -> Result<(), String> {
        let action = json!({"text": button["text"], "value": button["value"]});
        self.act(person, post, block_id, button, action).await
    }

    /// Chooses a line of a menu as a person.
    pub async fn choose(
        &self,
        person: &str,
        post: &Post,
        block_id: &str,
        menu: &Value,
        option: &Value,
    ) -> Result<(), String> {
        self.act(person, post, block_id, menu, json!({"selected_option": option})).await
    }

    /// Uses an element of a message as a person; `action` is what is special to its kind.
    async fn act(
        &self,
        person: &str,
        post: &Post,
        block_id: &str,
        element: &Value,
        mut action: Value,
    ) -> Result<(), String> {
        let (id, response_url) = self.answer_address(person, &post.channel);
        for field in ["type", "action_id"] {
            action[field] = element[field].clone();
        }
        action["block_id"] = json!(block_id);
        action["action_ts"] = json!(id);
        let mut values = json!({});
        // Slack tells the state of what keeps one.
        if element["type"] == "static_select" {
            values[block_id][element["action_id"].as_str().unwrap_or_default()] =
                json!({"type": element["type"], "selected_option": action["selected_option"]});
        }
        let mut message = post.to_json();
        message["type"] = "message".into();
        let payload = json!({
            "type": "block_actions",
            "user": self.user(person),
            "api_app_id": APP_ID,
            "container": {
                "type": "message", "message_ts": post.ts, "channel_id": post.channel,
                "is_ephemeral": post.ephemeral_to.is_some(), "thread_ts": post.thread_ts,
            },
            "trigger_id": id,
            "team": {"id": TEAM_ID, "domain": "local"},
            "channel": {"id": post.channel, "name": self.name_of(&post.channel)},
            "message": if post.ephemeral_to.is_some() { Value::Null } else { message },
            "state": {"values": values},
            "response_url": response_url,
            "actions": [action],
        });
        self.interact(&payload).await.map(drop)
    }

    /// Who does something, as the app is told.
    fn user(&self, person: &str) -> Value {
        json!({"id": person, "username": self.name_of(person), "team_id": TEAM_ID})
    }

    /// Brings an interaction to the app; returns what it answers.
    async fn interact(&self, payload: &Value) -> Result<axum::body::Bytes, String> {
        let (url, payload) = (format!("{}/slack/interactivity", self.inner.app.url), payload.to_string());
        self.inner.courier.form(&url, &[("payload", &payload)]).await
    }

    /// A trigger id, and the address at which the app may answer this one request.
    fn answer_address(&self, person: &str, channel: &str) -> (String, String) {
        let id = self.lock_state().open_answer(person, channel, self.inner.clock.now());
        (id.clone(), format!("{}/respond/{id}", self.inner.url))
    }

    fn post(&self, author: Author, channel: &str, thread_ts: Option<&str>, body: Value) -> String {
        let post = self.lock_state().add(self.inner.clock.now(), author, channel, thread_ts, body, None);
        self.shown(&post);
        self.announce(&post, None)
    }

    /// Tells the browsers, parent included when it is a reply: the page does not count replies itself.
    fn shown(&self, post: &Post) {
        let state = self.lock_state();
        let parent = post.thread_ts.as_ref().and_then(|parent| state.find(&post.channel, parent)).cloned();
        for each in parent.iter().chain([post]) {
            let message = room::message(&state, each);
            // Nobody may be looking.
            let _ = self.inner.room.send(RoomEvent::Message(message));
        }
    }

    /// Sends the app the event for a message; ephemeral ones make none.
    fn announce(&self, post: &Post, before: Option<&Post>) -> String {
        let envelope = self.lock_state().envelope(post, before);
        let id = envelope["event_id"].as_str().unwrap_or_default().to_owned();
        lock(&self.inner.sent).insert(id.clone(), envelope.clone());
        let repeats = self.lock_faults().repeats();
        for _ in 0..repeats {
            self.inner.courier.event(&self.inner.app.url, envelope.clone(), 1);
        }
        self.inner.courier.event(&self.inner.app.url, envelope, 0);
        id
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        lock(&self.inner.state)
    }

    fn lock_faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.inner.faults)
    }
}

/// Nobody holds these locks across an await or a panic of their own making; a poisoned one is still consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

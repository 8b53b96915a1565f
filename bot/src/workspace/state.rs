//! Who is in the workspace, and what was said.

use super::files::Files;
use super::views::Views;
use super::{APP_ID, BOT_ID, BOT_USER, TEAM_ID};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Their user id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// What they do.
    pub title: String,
    /// What they are to the workspace.
    pub account: Account,
    /// The user groups they are in, by id.
    pub groups: BTreeSet<String>,
}

/// What somebody is to the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// A full member.
    Member,
    /// Somebody who was let into some channels.
    Guest,
    /// Somebody whose account was closed.
    Deactivated,
    /// Somebody of another workspace, in a shared channel.
    OtherTeam,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Channel {
    /// Its id.
    pub id: String,
    /// Its name, without `#`.
    pub name: String,
    /// What it is for.
    pub topic: String,
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The user id.
    pub user: String,
    /// The bot id, if an app wrote it.
    pub bot: Option<String>,
    /// The app's id, if an app wrote it.
    pub app: Option<String>,
    /// The name people see.
    pub name: String,
}

impl Author {
    /// The installed app.
    pub(super) fn clarity() -> Self {
        Self {
            user: BOT_USER.to_owned(),
            bot: Some(BOT_ID.to_owned()),
            app: Some(APP_ID.to_owned()),
            name: "Clarity".to_owned(),
        }
    }

    /// Another app, by its name.
    pub(super) fn other_app(name: &str) -> Self {
        let id: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
        Self {
            user: format!("U0{id}"),
            bot: Some(format!("B0{id}")),
            app: Some(format!("A0{id}")),
            name: name.to_owned(),
        }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// The channel's id.
    pub channel: String,
    /// Its id within the channel.
    pub ts: String,
    /// The message whose thread it is in.
    pub thread_ts: Option<String>,
    /// Who wrote it.
    pub author: Author,
    /// `text`, `blocks`, `attachments`, `metadata`.
    pub body: Value,
    /// How often it was edited.
    pub edits: u32,
    /// The only person who sees it.
    pub ephemeral_to: Option<String>,
}

impl Post {
    /// The message as the Web API shows it.
    pub fn to_json(&self) -> Value {
        let mut message = self.body.clone();
        message["type"] = json!("message");
        message["ts"] = json!(self.ts);
        message["user"] = json!(self.author.user);
        message["team"] = json!(TEAM_ID);
        if let Some(thread_ts) = &self.thread_ts {
            message["thread_ts"] = json!(thread_ts);
        }
        if let Some(bot) = &self.author.bot {
            message["bot_id"] = json!(bot);
            message["app_id"] = json!(self.author.app);
            message["bot_profile"] = json!({
                "id": bot, "deleted": false, "name": self.author.name, "app_id": self.author.app, "team_id": TEAM_ID,
            });
        }
        if self.edits > 0 {
            message["edited"] = json!({"user": self.author.user, "ts": self.ts});
        }
        message
    }

    /// Whether the installed app wrote it.
    pub fn is_ours(&self) -> bool {
        self.author.user == BOT_USER
    }
}

/// Where one request may be answered.
#[derive(Clone, Debug)]
struct AnswerAddress {
    person: String,
    channel: String,
    left: u32,
}

/// A call of the Web API as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// When, by the workspace's clock.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The channel it is about, if it names one.
    pub channel: Option<String>,
}

/// Who is there, and what was said.
#[derive(Debug)]
pub struct State {
    people: Vec<Person>,
    channels: Vec<Channel>,
    /// Channels in which nothing can be written any more, by id.
    archived: BTreeSet<String>,
    /// Channels that the installed app has left, or was never let into, by id.
    left: BTreeSet<String>,
    /// Messages that grow: the channel, and the `ts`.
    pub(super) growing: BTreeSet<(String, String)>,
    /// Who is not in a channel: the channel, and the person.
    pub(super) absent: BTreeSet<(String, String)>,
    posts: Vec<Post>,
    /// Messages that somebody deleted, by their place in `posts`.
    deleted: BTreeSet<usize>,
    /// Where each message stands in `posts`.
    places: HashMap<(String, String), usize>,
    answers: HashMap<String, AnswerAddress>,
    log: Vec<Called>,
    pub(super) files: Files,
    pub(super) views: Views,
    counter: u64,
    last_micro: i64,
}

impl State {
    pub(super) fn new(people: Vec<Person>, channels: Vec<Channel>) -> Self {
        Self {
            people,
            channels,
            archived: BTreeSet::new(),
            left: BTreeSet::new(),
            growing: BTreeSet::new(),
            absent: BTreeSet::new(),
            posts: Vec::new(),
            deleted: BTreeSet::new(),
            places: HashMap::new(),
            answers: HashMap::new(),
            log: Vec::new(),
            files: Files::default(),
            views: Views::default(),
            counter: 0,
            last_micro: 0,
        }
    }

    pub(super) fn people(&self) -> &[Person] {
        &self.people
    }

    pub(super) fn channels(&self) -> &[Channel] {
        &self.channels
    }

    pub(super) fn posts(&self) -> impl Iterator<Item = &Post> {
        self.posts.iter().enumerate().filter(|(at, _)| !self.deleted.contains(at)).map(|(_, post)| post)
    }

    pub(super) fn log(&self) -> &[Called] {
        &self.log
    }

    pub(super) fn count_call(&mut self, called: Called) {
        self.log.push(called);
    }

    pub(super) fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    pub(super) fn set_topic(&mut self, channel: &str, topic: &str) {
        if let Some(channel) = self.channels.iter_mut().find(|known| known.id == channel) {
            topic.clone_into(&mut channel.topic);
        }
    }

    pub(super) fn archive(&mut self, channel: &str) {
        self.archived.insert(channel.to_owned());
    }

    pub(super) fn is_archived(&self, channel: &str) -> bool {
        self.archived.contains(channel)
    }

    pub(super) fn leave(&mut self, channel: &str) {
        self.left.insert(channel.to_owned());
    }

    pub(super) fn is_member(&self, channel: &str) -> bool {
        !self.left.contains(channel)
    }

    /// The conversation that somebody has with the app alone.
    pub(super) fn direct(&mut self, person: &str) -> Option<String> {
        let name = self.person(person)?.name.to_lowercase();
        let id = format!("D{}", &person[1..]);
        if self.channel(&id).is_none() {
            let topic = "Only the two of you".to_owned();
            self.channels.push(Channel { id: id.clone(), name: format!("clarity-and-{name}"), topic });
        }
        Some(id)
    }

    pub(super) fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    pub(super) fn person_mut(&mut self, id: &str) -> Option<&mut Person> {
        self.people.iter_mut().find(|person| person.id == id)
    }

    pub(super) fn name_of(&self, id: &str) -> Option<String> {
        let person = self.person(id).map(|person| person.name.clone());
        person.or_else(|| self.channel(id).map(|channel| channel.name.clone()))
    }

    pub(super) fn author_of(&self, person: &str) -> Author {
        let name = self.name_of(person).unwrap_or_else(|| person.to_owned());
        Author { user: person.to_owned(), bot: None, app: None, name }
    }

    pub(super) fn find(&self, channel: &str, ts: &str) -> Option<&Post> {
        let &at = self.places.get(&(channel.to_owned(), ts.to_owned()))?;
        self.posts.get(at).filter(|_| !self.deleted.contains(&at))
    }

    /// Whether a message can be replied to: one that was deleted after somebody replied still has its thread.
    pub(super) fn is_thread(&self, channel: &str, ts: &str) -> bool {
        self.find(channel, ts).is_some() || self.replies(channel, ts).next().is_some()
    }

    /// Deletes a message; whether there was one.
    pub(super) fn delete(&mut self, channel: &str, ts: &str) -> bool {
        let at = self.places.get(&(channel.to_owned(), ts.to_owned())).copied();
        at.is_some_and(|at| self.deleted.insert(at))
    }

    /// The replies in the thread of `ts`, oldest first.
    pub(super) fn replies(&self, channel: &str, ts: &str) -> impl Iterator<Item = &Post> {
        self.posts().filter(move |post| {
            post.channel == channel
                && post.thread_ts.as_deref() == Some(ts)
                && post.ts != ts
                && post.ephemeral_to.is_none()
        })
    }

    /// Adds a message; every block gets an id, as in Slack.
    pub(super) fn add(
        &mut self,
        now: Timestamp,
        author: Author,
        channel: &str,
        thread_ts: Option<&str>,
        mut body: Value,
        ephemeral_to: Option<String>,
    ) -> Post {
        name_blocks(&mut body);
        // A `ts` is unique in its channel and grows, also when the clock stands still.
        self.last_micro = now.as_microsecond().max(self.last_micro + 1);
        let ts = format!("{}.{:06}", self.last_micro / 1_000_000, self.last_micro % 1_000_000);
        let post = Post {
            channel: channel.to_owned(),
            ts: ts.clone(),
            thread_ts: thread_ts.map(str::to_owned),
            author,
            body,
            edits: 0,
            ephemeral_to,
        };
        self.places.insert((channel.to_owned(), ts), self.posts.len());
        self.posts.push(post.clone());
        post
    }

    /// Replaces what a message says; returns it before and after.
    pub(super) fn edit(&mut self, channel: &str, ts: &str, mut body: Value) -> Option<(Post, Post)> {
        name_blocks(&mut body);
        self.find(channel, ts)?;
        let &at = self.places.get(&(channel.to_owned(), ts.to_owned()))?;
        let before = self.posts[at].clone();
        let post = &mut self.posts[at];
        post.body = body;
        post.edits += 1;
        Some((before, post.clone()))
    }

    /// A message says more than before.
    pub(super) fn grow(&mut self, channel: &str, ts: &str, more: &str) -> Option<Post> {
        self.find(channel, ts)?;
        let &at = self.places.get(&(channel.to_owned(), ts.to_owned()))?;
        let post = &mut self.posts[at];
        let text = post.body["text"].as_str().unwrap_or_default();
        post.body["text"] = json!(format!("{text}{more}"));
        post.edits += 1;
        Some(post.clone())
    }

    /// The event that tells the app of a message, or of its edit.
    pub(super) fn envelope(&mut self, post: &Post, before: Option<&Post>) -> Value {
        let message = post.to_json();
        let event = match before {
            None => {
                let mut event = message;
                event["channel"] = json!(post.channel);
                event["event_ts"] = json!(post.ts);
                event["channel_type"] = json!(if post.channel.starts_with('D') { "im" } else { "channel" });
                event
            }
            Some(before) => json!({
                "type": "message", "subtype": "message_changed", "hidden": true,
                "channel": post.channel, "ts": post.ts, "event_ts": post.ts, "channel_type": "channel",
                "message": message, "previous_message": before.to_json(),
            }),
        };
        let seconds: i64 = post.ts.split('.').next().and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
        self.wrapped(&event, seconds)
    }

    /// An event as the app gets it.
    pub(super) fn wrapped(&mut self, event: &Value, seconds: i64) -> Value {
        json!({
            "type": "event_callback", "team_id": TEAM_ID, "api_app_id": APP_ID,
            "event_id": format!("Ev{:08}", self.number()), "event_time": seconds, "event": event,
            "authorizations": [{"team_id": TEAM_ID, "user_id": BOT_USER, "is_bot": true, "is_enterprise_install": false}],
        })
    }

    /// Opens an address for the answers to one request: five of them, as in Slack. Its id is also a trigger.
    pub(super) fn open_answer(&mut self, person: &str, channel: &str, now: Timestamp) -> String {
        let id = self.new_trigger(person, now);
        let address = AnswerAddress { person: person.to_owned(), channel: channel.to_owned(), left: 5 };
        self.answers.insert(id.clone(), address);
        id
    }

    /// Uses an address once: who is answered, and where.
    pub(super) fn use_answer(&mut self, id: &str) -> Option<(String, String)> {
        let address = self.answers.get_mut(id)?;
        address.left = address.left.checked_sub(1)?;
        Some((address.person.clone(), address.channel.clone()))
    }

    /// What somebody types, as the app is told: `@name` by the id of whoever is called that.
    pub(super) fn escaped(&self, typed: &str) -> String {
        let word = |word: &str| {
            let called = word.strip_prefix('@');
            let person = called.and_then(|name| self.people().iter().find(|one| one.name.eq_ignore_ascii_case(name)));
            if called.is_some_and(|name| name.eq_ignore_ascii_case("clarity")) {
                return format!("<@{BOT_USER}>");
            }
            person.map_or_else(
                || blocks::mrkdwn::escape(word),
                |person| format!("<@{}|{}>", person.id, person.name.to_lowercase()),
            )
        };
        typed.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }

    /// Hands out a trigger, with which the app may open a form for this person, once and soon.
    pub(super) fn new_trigger(&mut self, person: &str, now: Timestamp) -> String {
        let id = format!("{:010}.{}", self.number(), self.last_micro);
        self.views.hand_out(&id, person, now);
        id
    }

    pub(super) fn number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }
}

pub(super) fn name_blocks(body: &mut Value) {
    let blocks = body.get_mut("blocks").and_then(Value::as_array_mut);
    for (at, block) in blocks.into_iter().flatten().enumerate() {
        if block.is_object() && block["block_id"].is_null() {
            block["block_id"] = json!(format!("w{at}"));
        }
    }
}

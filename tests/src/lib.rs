//! The harness: a room with people in it. A test is a conversation; whoever leaves messages unread fails.

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "aws")]
pub mod bootstrap;
#[cfg(feature = "aws")]
pub mod cloud;
#[cfg(feature = "mcp")]
pub mod npm;
#[cfg(feature = "aws")]
pub mod peers;
mod plans;
#[cfg(any(feature = "aws", feature = "mcp"))]
pub mod python;
pub mod remedies;
pub mod scripted;
pub mod speaker;
#[cfg(feature = "aws")]
pub mod voices;

use bot::app::Kept;
use bot::config::File;
use bot::drill::{ALERTS, HouseRules, Stage, WAR_ROOM};
use bot::embedded::Embedded;
use bot::ports::{Lookback, StoreError};
use bot::slack::verify::{SIGNATURE, TIMESTAMP, sign};
use bot::workspace::room::{element, elements, options};
use bot::workspace::state::Post;
use bot::workspace::views::Sent;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tools::capsule::Capsule;
use tools::model::{Alarm, AlarmState, Edge, Incident, IncidentId, Metric, ScopeId, Series, Service, Topology, Window};
use tools::ports::Clock as _;

/// How long a whole conversation may take; a worker that hangs must not hang the suite.
const PATIENCE: Duration = Duration::from_mins(1);

/// When the stories begin.
pub const START: &str = "2026-11-20T03:12:00Z";

/// A room: the local workspace, the bot in it, and a small world.
pub struct Room {
    /// The stage under it.
    pub stage: Stage,
    /// Opens what outlives the bot once more.
    reopen: Reopen,
    /// Edits of each message that were read.
    read: HashMap<(String, String), u32>,
    events: u64,
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room").field("stage", &self.stage).field("read", &self.read).finish_non_exhaustive()
    }
}

/// What gives each new process of a bot its store and its inbox.
pub type Reopen = Box<dyn Fn() -> Result<Kept, StoreError>>;

/// Runs a conversation in the usual world: `web` calls `orders-api`, that calls `token-exchange`, that calls `user-pool`;
/// `billing-export` stands alone in another account.
pub async fn run_test(script: impl AsyncFnOnce(&mut Room)) {
    run_test_in(usual_world(), script).await;
}

/// Runs a conversation in the world of `capsule`.
pub async fn run_test_in(capsule: Capsule, script: impl AsyncFnOnce(&mut Room)) {
    run(HouseRules::default(), capsule, in_a_file(), script).await;
}

/// Runs a conversation in the world of `capsule`, with a bot that works under these rules.
pub async fn run_test_in_under(house: HouseRules, capsule: Capsule, script: impl AsyncFnOnce(&mut Room)) {
    run(house, capsule, in_a_file(), script).await;
}

/// Runs a conversation in the usual world, with a bot that works under these rules.
pub async fn run_test_under(house: HouseRules, script: impl AsyncFnOnce(&mut Room)) {
    run(house, usual_world(), in_a_file(), script).await;
}

/// Runs a conversation in the world of `capsule`, with the store and the inbox that `open` gives to each new process.
pub async fn run_test_on(capsule: Capsule, open: Reopen, script: impl AsyncFnOnce(&mut Room)) {
    run(HouseRules::default(), capsule, open, script).await;
}

/// The rules of a configuration with this text in its only scope and below it.
#[track_caller]
pub fn house(text: &str) -> HouseRules {
    // Nobody is nudged unless a test is about that.
    let nudge = if text.contains("nudge_after") { "" } else { "nudge_after = \"0s\"\n" };
    let file = format!("[[scopes]]\nid = \"prod\"\nwar_room = \"{WAR_ROOM}\"\n{nudge}{text}");
    HouseRules::of(&File::parse(&file).expect("a configuration")).expect("rules without dead ends")
}

fn in_a_file() -> Reopen {
    let home = tempfile::tempdir().expect("a temporary folder");
    Box::new(move || Embedded::open(&home.path().join("clarity.redb")).map(Kept::from))
}

async fn run(house: HouseRules, capsule: Capsule, open: Reopen, script: impl AsyncFnOnce(&mut Room)) {
    let kept = open().expect("the store opens");
    let stage = Stage::set_under(house, Arc::new(capsule), kept, 0).await.expect("free ports on this machine");
    let mut room = Room { stage, reopen: open, read: HashMap::new(), events: 0 };
    tokio::time::timeout(PATIENCE, script(&mut room)).await.expect("the conversation hangs");
    room.stage.settle().await;
    let unread = room.reads();
    assert!(unread.is_empty(), "messages were left unread:\n{unread}");
}

/// The usual world.
pub fn usual_world() -> Capsule {
    let start: Timestamp = START.parse().expect("a time");
    let service = |id: &str, kind: &str, account: &str| {
        let mut service = Service::named(id);
        (service.kind, service.account) = (Some(kind.to_owned()), Some(account.to_owned()));
        service
    };
    let services = vec![
        service("web", "AWS::CloudFront::Distribution", HOME),
        service("orders-api", "AWS::ApiGateway::Stage", HOME),
        service("token-exchange", "AWS::Lambda::Function", HOME),
        service("user-pool", "AWS::Cognito::UserPool", HOME),
        service("billing-export", "AWS::Lambda::Function", "999988887777"),
    ];
    let mut edges = vec![
        Edge::between("web", "orders-api"),
        Edge::between("orders-api", "token-exchange"),
        Edge::between("token-exchange", "user-pool"),
    ];
    for edge in &mut edges {
        edge.requests_per_min = Some(600.0);
    }
    Capsule {
        clarity_capsule: tools::capsule::VERSION,
        name: "usual-world".to_owned(),
        about: String::new(),
        window: Window { from: start, to: start.saturating_add(SignedDuration::from_hours(1)).expect("soon") },
        topology: Topology { services, edges },
        series: failing_user_pool(start),
        logs: Vec::new(),
        signals: Vec::new(),
        settings: Vec::new(),
        truth: None,
    }
}

/// The account of the usual world.
pub const HOME: &str = "123456789012";

/// Two hours of calm, then `user-pool` fails from the start of the story, and its callers with it; `web` stays well.
fn failing_user_pool(start: Timestamp) -> Vec<Series> {
    let calm = 120;
    let begins = start.saturating_sub(SignedDuration::from_mins(calm)).expect("a time");
    let steps = usize::try_from(calm).expect("small") + 30;
    let series = |service: &str, measure: &str, value: &dyn Fn(usize, bool) -> f64| Series {
        service: tools::model::ServiceId::new(service),
        measure: serde_json::from_value(measure.into()).expect("a measure"),
        start: begins,
        step_s: 60,
        values: (0..steps).map(|step| Some(value(step, step >= 120))).collect(),
    };
    let mut all = Vec::new();
    for (service, failing) in [("user-pool", 420.0), ("token-exchange", 410.0), ("orders-api", 400.0), ("web", 0.0)] {
        // A little unrest, so that the past is not suspiciously flat.
        let unrest = |step: usize| f64::from(u8::try_from(step * 7 % 5).expect("small"));
        all.push(series(service, "requests", &|step, _| 600.0 + unrest(step)));
        all.push(series(service, "faults", &|step, bad| if bad { failing + unrest(step) } else { unrest(step) / 2.0 }));
        all.push(series(service, "latency", &|step, _| 0.1 + unrest(step) / 1000.0));
    }
    all
}

/// An alarm of the usual world, firing `after_s` seconds into the story.
pub fn alarm(name: &str, after_s: i64) -> Alarm {
    let start: Timestamp = START.parse().expect("a time");
    Alarm {
        account: Some(HOME.to_owned()),
        region: Some("us-east-1".to_owned()),
        reason: "Threshold Crossed".to_owned(),
        ..Alarm::named(
            name.to_owned(),
            AlarmState::Alarm,
            start.saturating_add(SignedDuration::from_secs(after_s)).expect("soon"),
        )
    }
}

/// The same alarm, in another state.
#[must_use]
pub fn turned(alarm: Alarm, state: AlarmState, after_s: i64) -> Alarm {
    Alarm { state, changed_at: self::alarm("", after_s).changed_at, ..alarm }
}

/// The same alarm, with a dimension.
#[must_use]
pub fn on(alarm: Alarm, dimension: &str, value: &str) -> Alarm {
    let metric = Metric {
        namespace: "AWS/Test".to_owned(),
        name: "Errors".to_owned(),
        stat: Some("Sum".to_owned()),
        dimensions: [(dimension.to_owned(), value.to_owned())].into(),
    };
    Alarm { metric: Some(metric), ..alarm }
}

/// A button as somebody saw it.
#[derive(Clone, Debug)]
pub struct Offer {
    post: Post,
    block_id: String,
    action: Value,
}

impl Offer {
    /// The message it stood on.
    pub fn ts(&self) -> String {
        self.post.ts.clone()
    }
}

/// A person in the room.
#[derive(Debug)]
pub struct Actor<'a> {
    room: &'a mut Room,
    id: &'static str,
}

impl Room {
    /// Mina, who is on call.
    pub fn mina(&mut self) -> Actor<'_> {
        Actor { room: self, id: "U0MINA" }
    }

    /// Jun, who leads.
    pub fn jun(&mut self) -> Actor<'_> {
        Actor { room: self, id: "U0JUN" }
    }

    /// Kim, who is on call as well.
    pub fn kim(&mut self) -> Actor<'_> {
        Actor { room: self, id: "U0KIM" }
    }

    /// Ray, a vendor's guest.
    pub fn ray(&mut self) -> Actor<'_> {
        Actor { room: self, id: "U0RAY" }
    }

    /// Somebody by their id, whether or not the workspace knows them.
    pub fn person(&mut self, id: &'static str) -> Actor<'_> {
        Actor { room: self, id }
    }

    /// CloudWatch tells EventBridge, EventBridge tells the bot.
    pub async fn eventbridge(&mut self, alarm: &Alarm) {
        self.events += 1;
        let id = format!("event-{}", self.events);
        self.eventbridge_as(alarm, &id).await;
    }

    /// The same, with an event id.
    pub async fn eventbridge_as(&mut self, alarm: &Alarm, id: &str) {
        self.wait_until(alarm.changed_at).await;
        self.stage.post_event(&bot::alarms::eventbridge::compose(alarm, id)).await.expect("the bot takes alarms");
        self.stage.settle().await;
    }

    /// EventBridge hands an event to the bot as it is: a change, say.
    pub async fn event(&mut self, event: &Value) {
        self.stage.post_event(event).await.expect("the bot takes events");
        self.stage.settle().await;
    }

    /// Amazon Q posts the alarm in the alerts channel; returns the event's id.
    pub async fn amazon_q(&mut self, alarm: &Alarm) -> String {
        self.wait_until(alarm.changed_at).await;
        let body = bot::alarms::amazon_q::compose(alarm);
        let event = self.stage.workspace.post_as_app("Amazon Q Developer", ALERTS, body);
        self.stage.settle().await;
        event
    }

    /// The story goes on until then, half a second at a time.
    pub async fn wait_until(&mut self, at: Timestamp) {
        while self.stage.clock.now() < at {
            let next = self.stage.clock.now().saturating_add(SignedDuration::from_millis(500)).expect("soon").min(at);
            self.stage.tick(next);
            self.stage.settle().await;
        }
    }

    /// The story goes on for so many seconds.
    pub async fn wait(&mut self, seconds: i64) {
        let at = self.stage.clock.now().saturating_add(SignedDuration::from_secs(seconds)).expect("soon");
        self.wait_until(at).await;
    }

    /// What the bot wrote since it was last read: each new or edited message as a person sees it now.
    pub fn reads(&mut self) -> String {
        let workspace = self.stage.workspace.clone();
        let names = |id: &str| workspace.name_of(id);
        let mut unread = Vec::new();
        for post in workspace.posts() {
            let seen = self.read.insert((post.channel.clone(), post.ts.clone()), post.edits);
            if !post.is_ours() || seen == Some(post.edits) {
                continue;
            }
            let mut place = format!("#{}", names(&post.channel).unwrap_or_default());
            if post.thread_ts.is_some() {
                place.push_str(" thread");
            }
            if seen.is_some() {
                place.push_str(" (edited)");
            }
            if let Some(person) = &post.ephemeral_to {
                place = format!("{place}, only {}", names(person).unwrap_or_default());
            }
            unread.push(format!("{place}:\n{}", blocks::text::message(&post.body, &names)));
        }
        unread.join("\n\n")
    }

    /// Reads everything, and keeps only the messages that contain `part`.
    pub fn reads_only(&mut self, part: &str) -> String {
        let all = self.reads();
        let messages = all.split("\n\n#").map(|message| format!("#{}", message.trim_start_matches('#')));
        messages.filter(|message| message.contains(part)).collect::<Vec<_>>().join("\n\n")
    }

    /// Reads everything, whatever it is.
    pub fn skims(&mut self) {
        self.reads();
    }

    /// The first button with this label on the newest message that has it.
    pub fn offer(&self, label: &str) -> Offer {
        self.offers(label).remove(0)
    }

    /// Every button with this label on the newest message that has it.
    pub fn offers(&self, label: &str) -> Vec<Offer> {
        let posts = self.stage.workspace.posts().into_iter().rev();
        let mut found = posts.map(|post| (find_buttons(&post.body, label), post));
        let (buttons, post) = found
            .find(|(buttons, _)| !buttons.is_empty())
            .unwrap_or_else(|| panic!("nobody offers a button `{label}`"));
        let offer = |(block_id, action_id): (String, String)| {
            let action = element(&post.body, &block_id, &action_id).expect("it was just found");
            Offer { post: post.clone(), block_id, action }
        };
        buttons.into_iter().map(offer).collect()
    }

    /// What the bot wrote into the war room itself.
    pub fn channel(&self) -> Vec<Post> {
        let is_top = |post: &Post| {
            post.is_ours() && post.channel == WAR_ROOM && post.thread_ts.is_none() && post.ephemeral_to.is_none()
        };
        self.stage.workspace.posts().into_iter().filter(is_top).collect()
    }

    /// Every incident in the store.
    pub async fn incidents(&self) -> Vec<Incident> {
        let store = &self.stage.kept.store;
        let everything = Lookback::incidents(Timestamp::MIN);
        let index = store.index(&ScopeId("prod".to_owned()), everything).await.expect("the store answers");
        let mut ids: Vec<IncidentId> = index.recent;
        ids.sort_unstable();
        let mut incidents = Vec::new();
        for id in ids {
            incidents.extend(store.read(id).await.expect("the store answers"));
        }
        incidents
    }

    /// The story goes on for so many minutes, one at a time: for when nothing depends on the seconds between.
    pub async fn skip(&mut self, minutes: i64) {
        for _ in 0..minutes {
            self.leap(SignedDuration::from_mins(1));
            self.stage.settle().await;
        }
    }

    /// The story's clock goes on at once, and nobody waits for what comes of it.
    pub fn leap(&self, span: SignedDuration) {
        self.stage.tick(self.stage.clock.now().saturating_add(span).expect("soon"));
    }

    /// Kills the bot wherever it is and starts it again on the same store.
    pub async fn restart(&mut self) {
        self.revive().await;
        self.stage.settle().await;
    }

    /// The same, and nobody waits for what it does first.
    pub async fn revive(&mut self) {
        self.stage.restart_bot(&self.reopen).await.expect("the bot starts");
        self.stage.tick(self.stage.clock.now());
    }

    /// Posts a body to the bot as Slack does, `signed_ago` seconds old; returns status and body.
    pub async fn slack_posts(&self, path: &str, kind: &str, body: &str, signed_ago: i64) -> (u16, String) {
        let at = self.stage.clock.now().saturating_sub(SignedDuration::from_secs(signed_ago)).expect("a time");
        let signature = sign(&self.stage.config().signing_secret, at, body.as_bytes());
        let headers =
            [("content-type", kind), (SIGNATURE, signature.as_str()), (TIMESTAMP, &at.as_second().to_string())];
        self.posts(path, &headers, body).await
    }

    /// Posts a body to the bot with just these headers; returns status and body.
    pub async fn posts(&self, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        http::post(&format!("{}{path}", self.stage.bot_url()), headers, body).await
    }
}

impl Room {
    async fn presses_and_leaves(&self, id: &str, offer: &Offer) -> &Self {
        self.stage.workspace.click(id, &offer.post, &offer.block_id, &offer.action).await.expect("the app answers");
        self
    }

    async fn fills_and_leaves(&self, id: &str, text: &str) -> Result<(), String> {
        let (form, blocks) = self.stage.workspace.open_form(id).expect("a form is open");
        let typed = blocks.into_iter().map(|block_id| (block_id, text.to_owned())).collect();
        match self.stage.workspace.submit(id, &form, &typed).await? {
            Sent::Closed => Ok(()),
            Sent::Errors(errors) => Err(errors.into_values().collect::<Vec<_>>().join("\n")),
        }
    }
}

impl Actor<'_> {
    /// Types `/incident …`.
    pub async fn types(self, text: &str) {
        let (room, id) = (self.room, self.id);
        room.stage.workspace.command(id, WAR_ROOM, text).await.expect("the app answers");
        room.stage.settle().await;
    }

    /// Presses the button with this label on the newest message that has it. The form that it asks for, if it asks for
    /// one, is open afterwards.
    pub async fn clicks(self, label: &str) {
        let offer = self.room.offer(label);
        self.presses(&offer).await;
    }

    /// Presses a button as it was, whether or not it still stands there.
    pub async fn presses(self, offer: &Offer) {
        let room = self.room.presses_and_leaves(self.id, offer).await;
        room.stage.settle().await;
    }

    /// Presses the button with this label, and does not wait for what comes of it.
    pub async fn clicks_and_leaves(self, label: &str) {
        let offer = self.room.offer(label);
        self.room.presses_and_leaves(self.id, &offer).await;
    }

    /// Chooses the line with this label from the newest menu that has it.
    pub async fn picks(self, label: &str) {
        let (room, id) = (self.room, self.id);
        let posts = room.stage.workspace.posts();
        let found = posts.iter().rev().find_map(|post| Some((post, find_option(&post.body, label)?)));
        let (post, (block_id, menu, option)) = found.unwrap_or_else(|| panic!("no menu offers `{label}`"));
        room.stage.workspace.choose(id, post, &block_id, menu, option).await.expect("the app answers");
        room.stage.settle().await;
    }

    /// Types this into the form that is open, and sends it; where the form refuses it, returns what it says and stays
    /// open.
    pub async fn fills(self, text: &str) -> Result<(), String> {
        let (room, id) = (self.room, self.id);
        room.fills_and_leaves(id, text).await?;
        room.stage.settle().await;
        Ok(())
    }

    /// The same, without waiting for what comes of it.
    pub async fn fills_and_leaves(self, text: &str) -> Result<(), String> {
        let (room, id) = (self.room, self.id);
        room.fills_and_leaves(id, text).await
    }

    /// Fills the form that is open in, field by field, and sends it.
    pub async fn fills_fields(self, fields: &[(&str, &str)]) -> Result<(), String> {
        let (room, id) = (self.room, self.id);
        let (form, _) = room.stage.workspace.open_form(id).expect("a form is open");
        let typed = fields.iter().map(|(block, text)| ((*block).to_owned(), (*text).to_owned())).collect();
        let sent = room.stage.workspace.submit(id, &form, &typed).await?;
        room.stage.settle().await;
        match sent {
            Sent::Closed => Ok(()),
            Sent::Errors(errors) => Err(errors.into_values().collect::<Vec<_>>().join("\n")),
        }
    }

    /// Whether they have a form open.
    pub fn has_a_form(&self) -> bool {
        self.room.stage.workspace.open_form(self.id).is_some()
    }
}

fn blocks_of(body: &Value) -> impl Iterator<Item = &Value> {
    body["blocks"].as_array().into_iter().flatten()
}

fn find_buttons(body: &Value, label: &str) -> Vec<(String, String)> {
    let labelled = blocks_of(body).flat_map(|block| {
        let found = elements(block).filter(|element| element["text"]["text"] == label);
        found.filter_map(|element| {
            Some((block["block_id"].as_str()?.to_owned(), element["action_id"].as_str()?.to_owned()))
        })
    });
    labelled.collect()
}

fn find_option<'a>(body: &'a Value, label: &str) -> Option<(String, &'a Value, &'a Value)> {
    blocks_of(body).find_map(|block| {
        let lines = elements(block).flat_map(|menu| options(menu).map(move |option| (menu, option)));
        let (menu, option) = lines.into_iter().find(|(_, option)| option["text"]["text"] == label)?;
        Some((block["block_id"].as_str()?.to_owned(), menu, option))
    })
}

/// A plain HTTP client, so that the front door is tried as anybody could.
pub mod http {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    /// Posts `body` to `url`; returns status and body.
    pub async fn post(url: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let (head, (address, path)) = (lines(headers), split(url));
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n{head}\r\n{body}",
            body.len()
        );
        send(address, &request).await
    }

    /// Gets `url`; returns status and body.
    pub async fn get(url: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let (address, path) = split(url);
        let host = if headers.iter().any(|(name, _)| *name == "host") {
            String::new()
        } else {
            format!("host: {address}\r\n")
        };
        let head = lines(headers);
        send(address, &format!("GET {path} HTTP/1.1\r\n{host}connection: close\r\n{head}\r\n")).await
    }

    fn lines(headers: &[(&str, &str)]) -> String {
        let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        lines.concat()
    }

    fn split(url: &str) -> (&str, &str) {
        let rest = url.strip_prefix("http://").expect("a local address");
        rest.find('/').map_or((rest, "/"), |at| rest.split_at(at))
    }

    async fn send(address: &str, request: &str) -> (u16, String) {
        exchange(address, request.as_bytes()).await
    }

    /// Sends any request; returns status and body.
    pub async fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let (address, path) = split(url);
        let (head, length) = (lines(headers), body.len());
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{head}\r\n"
        )
        .into_bytes();
        request.extend_from_slice(body);
        exchange(address, &request).await
    }

    async fn exchange(address: &str, request: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(address).await.expect("somebody listens");
        // A server that refuses an oversized body may close before all of it is written.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
        (status, body)
    }
}

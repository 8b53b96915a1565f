//! A drill: a capsule replayed into a local workspace and a real bot, over the doors that Slack and AWS use.
//!
//! The story has its own clock. It moves in steps of [`STEP`]; after each one, everything that can be done is done before
//! it moves on, so that the outcome depends on the story and not on the speed of the machine.

mod report;

pub use report::Report;

use crate::alarms::{amazon_q, eventbridge};
use crate::app::{Bot, Kept, Parts, StartError};
use crate::clock::SystemClock;
use crate::command::COMMANDS;
use crate::config::{Config, File, Flood, Limits, Mcp, OnCall, Rotas, Scope, Transport};
use crate::embedded::Embedded;
use crate::policy::Unusable;
use crate::ports::{Lookback, StoreError};
use crate::rules::Rules;
use crate::slack::manifest;
use crate::workspace::room::{DrillStatus, Status};
use crate::workspace::state::Post;
use crate::workspace::{Account, App, Channel, Person, Workspace};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tools::capsule::{Capsule, Delivery, Levers, ModelClock, World};
use tools::model::{Alarm, Incident, ScopeId, Signal, Via};
use tools::ports::{Clock, LanguageModel, Outside};

/// How far the story's clock moves at once.
const STEP: SignedDuration = SignedDuration::from_millis(500);

/// How long after the last delivery the story still runs, so that the last edit of the burst is made.
const EPILOGUE: SignedDuration = SignedDuration::from_secs(90);

/// How much longer it may run while something still waits to be said: what is not said by then counts as lost.
const LONGEST_EPILOGUE: SignedDuration = SignedDuration::from_secs(180);

/// Moments of five milliseconds that a killed bot may take to let go of its store.
const REOPEN_MOMENTS: u32 = 400;

/// How long before the first delivery it begins.
const PROLOGUE: SignedDuration = SignedDuration::from_secs(2);

/// The channel in which other bots post alarms.
pub const ALERTS: &str = "C0ALERTS";
/// The channel that gets the card.
pub const WAR_ROOM: &str = "C0WARROOM";

/// Seconds of the story in a second of ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// As fast as the machine can.
    Max,
    /// So many.
    Times(f64),
}

impl std::str::FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let times = text.strip_suffix(['x', '×']).unwrap_or(text).parse().ok();
        let times = times.filter(|times| (0.1..=10_000.0).contains(times));
        times.map(Self::Times).ok_or_else(|| format!("`{text}` is no speed; give a number from 0.1 to 10000, or `max`"))
    }
}

/// A stage: a workspace, a bot in it, and the world of a capsule around them.
#[derive(Debug)]
pub struct Stage {
    /// The story.
    pub capsule: Arc<Capsule>,
    /// Its clock.
    pub clock: Arc<ModelClock>,
    /// What can be changed in its world. A drill holds these by their type: it cannot reach AWS.
    pub levers: Arc<Levers>,
    /// Where people are.
    pub workspace: Workspace,
    /// What is stored, and what waits.
    pub kept: Kept,
    config: Config,
    rules: Arc<Rules>,
    model: Option<Arc<dyn LanguageModel>>,
    bot: Bot,
    door: SocketAddr,
    client: Client<hyper_util::client::legacy::connect::HttpConnector, Full<axum::body::Bytes>>,
    /// The workspace's event for a delivery's `event_id`, so that a repeat is the same event.
    events: HashMap<String, String>,
    speed: f64,
    _server: JoinSet<()>,
}

/// Under what rules the bot of a stage works.
#[derive(Clone, Debug)]
pub struct HouseRules {
    /// Who may do what with plans, and on which terms they are made.
    pub rules: Arc<Rules>,
    /// Who is asked as well once nobody has answered: a person or a user group, by id.
    pub escalate_to: Option<String>,
    /// Where it stands who is on call.
    pub on_call: Option<OnCall>,
    /// How Slack reaches the bot.
    pub transport: Transport,
    /// How long a flood may go without a lead before its thread is told so; zero for never.
    pub nudge_after: SignedDuration,
    /// What phrases, and what it may take; nobody unless told.
    pub model: Option<(Arc<dyn LanguageModel>, Limits)>,
    /// Who may speak MCP, and how.
    pub mcp: Mcp,
    /// Schedules that are kept elsewhere.
    pub rotas: Rotas,
}

impl HouseRules {
    /// The rules that a configuration tells; of its scopes the first one counts.
    pub fn of(file: &File) -> Result<Self, Unusable> {
        let escalate_to = file.scopes.first().and_then(|scope| scope.escalate_to.clone());
        let first = file.scopes.first();
        let on_call = first.and_then(|scope| scope.on_call.clone());
        let nudge_after = first.map_or(SignedDuration::ZERO, |scope| scope.nudge_after);
        let (rules, transport) = (Arc::new(Rules::of(file)?), file.slack.transport);
        let rotas = Rotas::default();
        Ok(Self { rules, escalate_to, on_call, transport, nudge_after, model: None, mcp: file.mcp.clone(), rotas })
    }
}

impl Default for HouseRules {
    /// The rules of a deployment that configures none, but for those who are on call in a local workspace.
    fn default() -> Self {
        Self {
            rules: Arc::new(Rules::shipped()),
            escalate_to: None,
            on_call: Some(OnCall::UserGroup(ON_CALL.to_owned())),
            transport: Transport::Http,
            nudge_after: SignedDuration::ZERO,
            model: None,
            mcp: Mcp::default(),
            rotas: Rotas::default(),
        }
    }
}

/// Why a drill did not play.
#[derive(Debug, thiserror::Error)]
pub enum DrillError {
    /// A port is taken.
    #[error(
        "port {port} of this machine cannot be used: {problem}. Is another `clarity` running? Choose another with --port"
    )]
    Port {
        /// Which port.
        port: u16,
        /// What the system says.
        problem: std::io::Error,
    },
    /// The bot did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bot refused an alarm.
    #[error("the bot refused an alarm: {0}")]
    Refused(String),
    /// The capsule has nothing to play.
    #[error("the capsule `{0}` has no alarms, so there is nothing to play")]
    Empty(String),
}

/// The user group of those who are on call in a local workspace.
pub const ON_CALL: &str = "S0ONCALL";

/// How the people of a local workspace are called.
pub fn people() -> Vec<Person> {
    let person = |id: &str, name: &str, title: &str| Person {
        id: id.to_owned(),
        name: name.to_owned(),
        title: title.to_owned(),
        account: Account::Member,
        groups: BTreeSet::new(),
    };
    let on_call = |person: Person| Person { groups: [ON_CALL.to_owned()].into(), ..person };
    vec![
        on_call(person("U0MINA", "Mina", "on call")),
        person("U0JUN", "Jun", "lead"),
        person("U0DANA", "Dana", "support"),
        on_call(person("U0KIM", "Kim", "on call")),
        Person { account: Account::Guest, ..person("U0RAY", "Ray", "vendor, guest") },
    ]
}

/// The channels of a local workspace.
pub fn channels() -> Vec<Channel> {
    let channel = |id: &str, name: &str, topic: &str| Channel {
        id: id.to_owned(),
        name: name.to_owned(),
        topic: topic.to_owned(),
    };
    vec![
        channel(WAR_ROOM, "war-room", "Clarity speaks here: one card per incident"),
        channel(ALERTS, "alerts-prod", "What other bots post: the flood as it comes"),
    ]
}

/// The configuration of a bot in a local workspace, and the app as the workspace knows it.
pub fn local(workspace_api: &str, bot_url: &str) -> (Config, App) {
    let (signing_secret, bot_token) = (secret("signing"), secret("xoxb"));
    let config = Config {
        slack_api: workspace_api.to_owned(),
        bot_token: bot_token.clone(),
        signing_secret: signing_secret.clone(),
        app_token: None,
        alarms_secret: None,
        audit_key: Some(secret("audit")),
        anchors: None,
        command: "/incident".to_owned(),
        models: None,
        scopes: vec![Scope {
            id: ScopeId("prod".to_owned()),
            accounts: Vec::new(),
            watched: vec![ALERTS.to_owned()],
            sns_topics: Vec::new(),
            war_room: WAR_ROOM.to_owned(),
            flood: Flood::USUAL,
            floods: std::collections::BTreeMap::new(),
            environment: "production".to_owned(),
            escalate_to: None,
            on_call: None,
            nudge_after: SignedDuration::ZERO,
        }],
        mcp: Mcp::default(),
        bearers: Vec::new(),
        rotas: Rotas::default(),
    };
    let app = App {
        url: bot_url.to_owned(),
        signing_secret,
        bot_token,
        app_token: None,
        scopes: manifest::scopes().map(str::to_owned).collect(),
        command: config.command.clone(),
        hints: COMMANDS.iter().map(|row| (row.usage.to_owned(), row.help.to_owned())).collect(),
    };
    (config, app)
}

/// A secret of this process alone, from the randomness that std seeds its hash tables with.
fn secret(kind: &str) -> SecretString {
    let random = || RandomState::new().hash_one(kind);
    SecretString::from(format!("{kind}-{:016x}{:016x}", random(), random()))
}

async fn listen(port: u16) -> Result<TcpListener, DrillError> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|problem| DrillError::Port { port, problem })
}

async fn start_bot(
    config: &Config,
    (rules, model): (&Arc<Rules>, &Option<Arc<dyn LanguageModel>>),
    kept: &Kept,
    capsule: &Arc<Capsule>,
    levers: &Arc<Levers>,
    clock: &Arc<ModelClock>,
    listener: TcpListener,
) -> Result<Bot, StartError> {
    let parts = Parts {
        config: config.clone(),
        store: Arc::clone(&kept.store),
        inbox: Arc::clone(&kept.inbox),
        rules: Arc::clone(rules),
        outside: Outside { levers: levers.clone(), ..World::outside(Arc::clone(capsule)) },
        actuator: levers.clone(),
        model: model.clone(),
        clock: clock.clone(),
    };
    Bot::start(parts, listener).await
}

impl Stage {
    /// Sets the stage; the war room listens on `port` (0: any that is free).
    pub async fn set(capsule: Arc<Capsule>, kept: impl Into<Kept>, port: u16) -> Result<Self, DrillError> {
        Self::set_under(HouseRules::default(), capsule, kept, port).await
    }

    /// Sets the stage for a bot that works under these rules.
    pub async fn set_under(
        house: HouseRules,
        capsule: Arc<Capsule>,
        kept: impl Into<Kept>,
        port: u16,
    ) -> Result<Self, DrillError> {
        let first = alarms(&capsule).map(|(delivery, ..)| delivery.received).min().unwrap_or(capsule.window.from);
        let clock = Arc::new(ModelClock::starting_at(first.saturating_sub(PROLOGUE).unwrap_or(first)));
        let (room, listener) = (listen(port).await?, listen(0).await?);
        let address =
            |listener: &TcpListener| listener.local_addr().map_err(|problem| DrillError::Port { port, problem });
        let door = address(&listener)?;
        let (mut config, mut app) = local(&format!("http://{}/api", address(&room)?), &format!("http://{door}"));
        let HouseRules { rules, escalate_to, on_call, transport, nudge_after, model, mcp, rotas } = house;
        config.rotas = rotas;
        config.models = model.as_ref().map(|(_, limits)| *limits);
        let model = model.map(|(model, _)| model);
        // A drill reads no environment: its tokens are told by their hashes.
        config.bearers = mcp.bearers(|_| None).unwrap_or_default();
        config.mcp = mcp;
        if transport == Transport::Socket {
            config.app_token = Some(secret("xapp"));
            app.app_token.clone_from(&config.app_token);
        }
        for scope in &mut config.scopes {
            scope.escalate_to.clone_from(&escalate_to);
            scope.on_call.clone_from(&on_call);
            scope.nudge_after = nudge_after;
        }
        let (workspace, server) = Workspace::open(room, app, people(), channels(), clock.clone())
            .map_err(|problem| DrillError::Port { port, problem })?;
        let kept = kept.into();
        let levers = Arc::new(Levers::of(&capsule, &[]));
        let bot = start_bot(&config, (&rules, &model), &kept, &capsule, &levers, &clock, listener).await?;
        Ok(Self {
            capsule,
            clock,
            levers,
            workspace,
            kept,
            config,
            rules,
            model,
            bot,
            door,
            client: Client::builder(TokioExecutor::new()).build_http(),
            events: HashMap::new(),
            speed: 1.0,
            _server: server,
        })
    }

    /// Kills the bot wherever it is, and starts another one on the store that `reopen` makes.
    pub async fn restart_bot(&mut self, reopen: impl Fn() -> Result<Kept, StoreError>) -> Result<(), DrillError> {
        self.bot.kill().await;
        // A database file is open once: the old one goes before the new one comes. What was killed may have left a
        // transaction that has to end, or a connection that has to close, and that takes a moment.
        self.kept = Embedded::in_memory().into();
        let mut moments = tokio::time::interval(Duration::from_millis(5));
        for _ in 0..REOPEN_MOMENTS {
            moments.tick().await;
            if let Ok(kept) = reopen() {
                self.kept = kept;
                return self.start_again().await;
            }
        }
        self.kept = reopen()?;
        self.start_again().await
    }

    async fn start_again(&mut self) -> Result<(), DrillError> {
        let listener = TcpListener::bind(self.door).await;
        let listener = listener.map_err(|problem| DrillError::Port { port: self.door.port(), problem })?;
        self.bot = start_bot(
            &self.config,
            (&self.rules, &self.model),
            &self.kept,
            &self.capsule,
            &self.levers,
            &self.clock,
            listener,
        )
        .await?;
        Ok(())
    }

    /// Kills the bot wherever it is. The workspace goes on.
    pub async fn kill_bot(&mut self) {
        self.bot.kill().await;
    }

    /// Where the bot is reached.
    pub fn bot_url(&self) -> String {
        format!("http://{}", self.door)
    }

    /// The bot's configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Plays every delivery in its order and runs the epilogue. `progress` is called after each delivery.
    pub async fn play(&mut self, speed: Speed, mut progress: impl FnMut(&Progress)) -> Result<Report, DrillError> {
        let capsule = Arc::clone(&self.capsule);
        let begin = self.clock.now();
        let total = alarms(&capsule).count();
        if total == 0 {
            return Err(DrillError::Empty(capsule.name.clone()));
        }
        let mut delivered = 0;
        self.speed = if let Speed::Times(times) = speed { times } else { 0.0 };
        for delivery in capsule.signals.iter().filter(|delivery| delivery.received >= begin) {
            self.run_until(delivery.received, speed).await;
            self.deliver(delivery).await?;
            delivered += usize::from(matches!(delivery.signal, Signal::Alarm { .. }));
            self.settle().await;
            self.show_status(delivered, total, "playing");
            progress(&Progress { now: self.clock.now(), delivered, total });
        }
        let after = |span| self.clock.now().saturating_add(span).unwrap_or(Timestamp::MAX);
        let (end, latest) = (after(EPILOGUE), after(LONGEST_EPILOGUE));
        self.run_until(end, speed).await;
        while self.clock.now() < latest && self.bot.pulse().is_waiting() {
            let next = self.clock.now().saturating_add(STEP).unwrap_or(latest);
            self.run_until(next, speed).await;
        }
        self.speed = 1.0;
        self.show_status(delivered, total, "done");
        self.report(begin).await
    }

    /// Lets the story's clock go on at the pace of ours, until the bot fails.
    pub async fn linger(&mut self) -> String {
        let total = alarms(&self.capsule).count();
        let mut ticks = tokio::time::interval(Duration::try_from(STEP).unwrap_or_default());
        loop {
            tokio::select! {
                failure = self.bot.failed() => return failure,
                _ = ticks.tick() => {
                    self.tick(self.clock.now().saturating_add(STEP).unwrap_or(Timestamp::MAX));
                    self.show_status(total, total, "done");
                }
            }
        }
    }

    async fn run_until(&mut self, until: Timestamp, speed: Speed) {
        while self.clock.now() < until {
            let next = self.clock.now().saturating_add(STEP).unwrap_or(Timestamp::MAX).min(until);
            if let Speed::Times(times) = speed {
                let ours = next.duration_since(self.clock.now()).as_secs_f64() / times;
                let at = SystemClock.now().saturating_add(SignedDuration::from_secs_f64(ours)).unwrap_or_default();
                SystemClock.wait_until(at).await;
            }
            self.tick(next);
            self.settle().await;
        }
    }

    /// Moves the story's clock.
    pub fn tick(&self, to: Timestamp) {
        self.clock.advance_to(to);
        self.bot.pulse().beat();
    }

    /// Returns once workspace and bot have done what they can do at this moment of the story.
    pub async fn settle(&self) {
        loop {
            let deliveries = self.workspace.deliveries();
            self.workspace.settled().await;
            self.bot.pulse().settled().await;
            if self.workspace.deliveries() == deliveries {
                return;
            }
        }
    }

    async fn deliver(&mut self, delivery: &Delivery) -> Result<(), DrillError> {
        match &delivery.signal {
            Signal::Alarm { via, alarm } if played_by(*via) == Via::EventBridge => {
                let id = delivery.event_id.clone().unwrap_or_else(|| format!("{}@{}", alarm.name, delivery.received));
                self.post_event(&eventbridge::compose(alarm, &id)).await
            }
            Signal::Alarm { via: _, alarm } => {
                let known = delivery.event_id.as_ref().and_then(|id| self.events.get(id));
                if let Some(event) = known {
                    self.workspace.redeliver(event);
                } else {
                    let event = self.workspace.post_as_app("Amazon Q Developer", ALERTS, amazon_q::compose(alarm));
                    self.events.extend(delivery.event_id.clone().map(|id| (id, event)));
                }
                Ok(())
            }
            Signal::Note { by, text } => {
                let author = people().into_iter().find(|person| person.name.eq_ignore_ascii_case(by));
                let id = author.map_or_else(|| by.clone(), |person| person.id);
                self.workspace.say(&id, ALERTS, None, text);
                Ok(())
            }
            // Changes are read through their port when somebody asks for them.
            Signal::Change(_) => Ok(()),
        }
    }

    /// Posts an event as an EventBridge rule does.
    pub async fn post_event(&self, event: &serde_json::Value) -> Result<(), DrillError> {
        let request = axum::http::Request::post(format!("{}/alarms/eventbridge", self.bot_url()))
            .header("content-type", "application/json")
            .body(Full::new(axum::body::Bytes::from(event.to_string())))
            .map_err(|err| DrillError::Refused(err.to_string()))?;
        let answer = self.client.request(request).await.map_err(|err| DrillError::Refused(err.to_string()))?;
        if answer.status().is_success() { Ok(()) } else { Err(DrillError::Refused(answer.status().to_string())) }
    }

    fn show_status(&self, delivered: usize, total: usize, state: &'static str) {
        let drill = DrillStatus { name: self.capsule.name.clone(), delivered, total, state };
        self.workspace.set_status(Status { now: self.clock.now(), speed: self.speed, drill: Some(drill) });
    }

    /// What came of it, read from the store and from what people can see.
    async fn report(&self, begin: Timestamp) -> Result<Report, DrillError> {
        let scope = ScopeId("prod".to_owned());
        let mut ids = self.kept.store.index(&scope, Lookback::incidents(Timestamp::MIN)).await?.recent;
        ids.sort_unstable();
        let mut incidents: Vec<Incident> = Vec::new();
        for id in ids {
            incidents.extend(self.kept.store.read(id).await?);
        }
        let posts = self.workspace.posts();
        let played: Vec<_> = alarms(&self.capsule).filter(|(delivery, ..)| delivery.received >= begin).collect();
        let lost = played
            .iter()
            .filter(|(_, via, alarm)| !is_kept(alarm, *via, &incidents) || !is_readable(alarm, &posts))
            .map(|(_, _, alarm)| format!("{} {} at {}", alarm.name, alarm.state, alarm.changed_at))
            .collect();
        let is_top = |post: &&Post| {
            post.is_ours() && post.channel == WAR_ROOM && post.thread_ts.is_none() && post.ephemeral_to.is_none()
        };
        Ok(Report {
            alarms_in: played.len(),
            messages: posts.iter().filter(is_top).cloned().collect(),
            thread: posts.iter().filter(|post| post.is_ours() && post.thread_ts.is_some()).cloned().collect(),
            calls: self.workspace.calls().values().sum(),
            lost,
            incidents,
        })
    }
}

/// How far a drill is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The time of the story.
    pub now: Timestamp,
    /// Deliveries so far.
    pub delivered: usize,
    /// Deliveries in all.
    pub total: usize,
}

fn alarms(capsule: &Capsule) -> impl Iterator<Item = (&Delivery, Via, &Alarm)> {
    capsule.signals.iter().filter_map(|delivery| match &delivery.signal {
        Signal::Alarm { via, alarm } => Some((delivery, *via, &**alarm)),
        Signal::Change(_) | Signal::Note { .. } => None,
    })
}

/// By which way a drill plays what came by `via`: it has AWS's own door, and for whatever is a message the one of Amazon Q.
fn played_by(via: Via) -> Via {
    match via {
        Via::EventBridge | Via::Sns | Via::AlarmAction => Via::EventBridge,
        Via::AmazonQ
        | Via::Opsgenie
        | Via::JiraServiceManagement
        | Via::Datadog
        | Via::PagerDuty
        | Via::Sentry
        | Via::Alertmanager
        | Via::Grafana
        | Via::Terraform
        | Via::Email
        | Via::Webhook => Via::AmazonQ,
    }
}

/// Whether the transition is among the facts of an incident.
fn is_kept(alarm: &Alarm, via: Via, incidents: &[Incident]) -> bool {
    let known = incidents.iter().filter_map(|incident| incident.joined(alarm));
    known.into_iter().any(|joined| joined.transition(alarm, played_by(via)).is_some())
}

/// Whether a person can read the alarm's name and this state in what the bot wrote.
fn is_readable(alarm: &Alarm, posts: &[Post]) -> bool {
    let word = blocks::phrase::state(alarm.state);
    posts.iter().filter(|post| post.is_ours() && post.ephemeral_to.is_none()).any(|post| {
        let sections = post.body["blocks"].as_array().into_iter().flatten();
        let texts = sections.filter_map(|block| block["text"]["text"].as_str());
        texts.flat_map(str::lines).any(|line| line.contains(word) && line.contains(&alarm.name))
    })
}

//! The bound of calm under load: `cargo bench -p bot --bench flood`. The whole bot in one process, its store in a file, the
//! local workspace around it, and five scopes in which 2,000 distinct alarms fire within a minute, three of ten told twice.
//! The story has a model clock; processor time and the answers of the front door are measured on the machine's own.
//!
//! Every figure with a bar is checked, and a missed one makes the program fail. `cargo bench -p bot --bench flood -- 500` takes
//! so many alarms a scope.
#![allow(clippy::unwrap_used, reason = "a bench may fail like a test")]
#![allow(clippy::print_stdout, reason = "its figures are what it is for")]

use bot::alarms::eventbridge;
use bot::app::{Bot, Kept, Parts};
use bot::config::{Config, Scope};
use bot::drill;
use bot::embedded::Embedded;
use bot::rules::Rules;
use bot::workspace::state::Post;
use bot::workspace::{Channel, Workspace};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tools::capsule::{Capsule, Levers, ModelClock, World};
use tools::model::{Alarm, AlarmState, Edge, Metric, ScopeId, Series, Service, ServiceId, Topology, Window};
use tools::ports::{Clock, Outside};

const SCOPES: usize = 5;
/// Distinct alarms of a scope, unless told.
const ALARMS: usize = 2_000;
/// Of ten alarms so many are delivered a second time.
const REPEATED: usize = 3;
/// Services of a scope; a chain of calls with branches.
const SERVICES: usize = 40;
const FLOOD: SignedDuration = SignedDuration::from_secs(60);
/// How long after the flood the story goes on.
const EPILOGUE: SignedDuration = SignedDuration::from_secs(240);
/// How far the story's clock moves at once.
const STEP: SignedDuration = SignedDuration::from_millis(500);
const START: &str = "2026-11-20T03:12:00Z";

/// The bars.
const MOST_CALLS: usize = 20;
const MOST_UPDATES: usize = 50;
const READABLE_WITHIN: SignedDuration = SignedDuration::from_secs(180);
const CARD_WITHIN: SignedDuration = SignedDuration::from_secs(1);
/// So much dearer the last quarter of the alarms may be than the first; the machine is not ours alone.
const MOST_GROWTH: f64 = 1.5;

/// What is delivered when.
struct Delivery {
    at: Timestamp,
    body: String,
}

/// Everything that runs.
struct Stage {
    workspace: Workspace,
    bot: Bot,
    door: String,
    clock: Arc<ModelClock>,
    client: Client<HttpConnector, Full<axum::body::Bytes>>,
    _server: JoinSet<()>,
}

/// What was measured along the way.
#[derive(Default)]
struct Measured {
    acks: Vec<Duration>,
    /// Processor time of the process by the end of each quarter of the deliveries.
    quarters: Vec<Duration>,
    /// When the card of each war room was first seen.
    cards: BTreeMap<String, Timestamp>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let alarms = std::env::args().skip(1).find_map(|given| given.parse().ok()).unwrap_or(ALARMS);
    let start: Timestamp = START.parse().unwrap();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("flood-{}.redb", std::process::id()));
    let stage = Stage::set(start, &file).await;
    let fired: Vec<Vec<Alarm>> =
        (0..SCOPES).map(|scope| (0..alarms).map(|n| alarm(scope, n, alarms)).collect()).collect();
    let measured = stage.play(&fired).await;
    let is_good = report(&stage, &fired, measured);
    drop(stage);
    std::fs::remove_file(&file).unwrap();
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn later(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.saturating_add(span).unwrap()
}

fn account(scope: usize) -> String {
    format!("{:012}", scope + 1)
}

fn war_room(scope: usize) -> String {
    format!("C0WARROOM{scope}")
}

fn service(scope: usize, number: usize) -> String {
    format!("system{scope}-service{number}")
}

/// Each scope is a system of services, of which each calls the next two; the last one fails, and its callers with it.
fn world(start: Timestamp) -> Capsule {
    let (mut services, mut edges, mut series) = (Vec::new(), Vec::new(), Vec::new());
    let calm = 120;
    let begins = start.saturating_sub(SignedDuration::from_mins(calm)).unwrap();
    for scope in 0..SCOPES {
        for number in 0..SERVICES {
            let mut each = Service::named(service(scope, number));
            each.account = Some(account(scope));
            services.push(each);
            for callee in [number + 1, number + 2].into_iter().filter(|callee| *callee < SERVICES) {
                let mut edge = Edge::between(&service(scope, number), &service(scope, callee));
                edge.requests_per_min = Some(600.0);
                edges.push(edge);
            }
            let failing = 10.0 * (number + 1) as f64;
            for (measure, usual, bad) in [("requests", 600.0, 600.0), ("faults", 0.0, failing), ("latency", 0.1, 0.1)] {
                let value = |step: i64| if step < calm { usual } else { bad } + (step * 7 % 5) as f64 / 100.0;
                series.push(Series {
                    service: ServiceId::new(service(scope, number)),
                    measure: serde_json::from_value(measure.into()).unwrap(),
                    start: begins,
                    step_s: 60,
                    values: (0..calm + 10).map(|step| Some(value(step))).collect(),
                });
            }
        }
    }
    Capsule {
        clarity_capsule: tools::capsule::VERSION,
        name: "flood".to_owned(),
        about: String::new(),
        window: Window { from: start, to: later(start, SignedDuration::from_hours(1)) },
        topology: Topology { services, edges },
        series,
        logs: Vec::new(),
        signals: Vec::new(),
        settings: Vec::new(),
        truth: None,
    }
}

/// One of the alarms of a scope, spread evenly over the flood.
fn alarm(scope: usize, number: usize, of: usize) -> Alarm {
    let into = FLOOD.as_millis() * i128::try_from(number).unwrap() / i128::try_from(of).unwrap();
    let at = later(START.parse().unwrap(), SignedDuration::from_millis(i64::try_from(into).unwrap()));
    let service = service(scope, SERVICES - 1 - number % SERVICES);
    Alarm {
        account: Some(account(scope)),
        region: Some("us-east-1".to_owned()),
        reason: "Threshold Crossed: 3 datapoints were greater than the threshold (5.0).".to_owned(),
        metric: Some(Metric {
            namespace: "AWS/Lambda".to_owned(),
            name: "Errors".to_owned(),
            stat: Some("Sum".to_owned()),
            dimensions: [("FunctionName".to_owned(), service.clone())].into(),
        }),
        ..Alarm::named(format!("{service}-errors-{number}"), AlarmState::Alarm, at)
    }
}

/// What EventBridge brings of a scope's alarms, in its order.
fn deliveries(alarms: &[Alarm]) -> Vec<Delivery> {
    let once = |alarm: &Alarm, span, twin: &str| Delivery {
        at: later(alarm.changed_at, span),
        body: eventbridge::compose(alarm, &format!("{}{twin}", alarm.name)).to_string(),
    };
    let mut all: Vec<Delivery> = alarms.iter().map(|alarm| once(alarm, SignedDuration::ZERO, "")).collect();
    let twice = alarms.iter().enumerate().filter(|(number, _)| number % 10 < REPEATED);
    all.extend(twice.map(|(_, alarm)| once(alarm, SignedDuration::from_secs(1), "-again")));
    all.sort_by_key(|delivery| delivery.at);
    all
}

impl Stage {
    async fn set(start: Timestamp, file: &Path) -> Self {
        let clock = Arc::new(ModelClock::starting_at(start));
        let (room, listener) =
            (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let api = format!("http://{}/api", room.local_addr().unwrap());
        let door = format!("http://{}", listener.local_addr().unwrap());
        let (config, app) = drill::local(&api, &door);
        let usual = config.scopes[0].clone();
        let scopes = (0..SCOPES).map(|scope| Scope {
            id: ScopeId(format!("scope{scope}")),
            accounts: vec![account(scope)],
            watched: Vec::new(),
            war_room: war_room(scope),
            ..usual.clone()
        });
        let config = Config { scopes: scopes.collect(), ..config };
        let channels = (0..SCOPES).map(|scope| Channel {
            id: war_room(scope),
            name: format!("war-room-{scope}"),
            topic: String::new(),
        });
        let (workspace, server) =
            Workspace::open(room, app, drill::people(), channels.collect(), clock.clone()).unwrap();
        let capsule = Arc::new(world(start));
        let levers = Arc::new(Levers::of(&capsule, &[]));
        let kept = Kept::from(Embedded::open(file).unwrap());
        let parts = Parts {
            config,
            store: kept.store,
            inbox: kept.inbox,
            rules: Arc::new(Rules::shipped()),
            outside: Outside { levers: levers.clone(), ..World::outside(capsule) },
            actuator: levers,
            model: None,
            clock: clock.clone(),
        };
        let bot = Bot::start(parts, listener).await.unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { workspace, bot, door, clock, client, _server: server }
    }

    /// Plays the flood and its epilogue.
    async fn play(&self, fired: &[Vec<Alarm>]) -> Measured {
        let mut measured = Measured::default();
        let mut waiting: Vec<_> = fired.iter().map(|alarms| deliveries(alarms).into_iter().peekable()).collect();
        let total: usize = waiting.iter().map(ExactSizeIterator::len).sum();
        let begin = self.clock.now();
        let end = later(begin, FLOOD + EPILOGUE);
        measured.quarters.push(processor_time());
        while self.clock.now() < end {
            let now = later(self.clock.now(), STEP);
            self.clock.advance_to(now);
            self.bot.pulse().beat();
            let mut doors = JoinSet::new();
            for scope in &mut waiting {
                let due: Vec<Delivery> = std::iter::from_fn(|| scope.next_if(|delivery| delivery.at <= now)).collect();
                let (client, door) = (self.client.clone(), self.door.clone());
                doors.spawn(async move { deliver(&client, &door, due).await });
            }
            measured.acks.extend(doors.join_all().await.into_iter().flatten());
            self.settle().await;
            if measured.cards.len() < SCOPES {
                for post in self.workspace.posts().into_iter().filter(is_card) {
                    measured.cards.entry(post.channel).or_insert(now);
                }
            }
            let done = measured.acks.len() * 4 / total;
            if done == measured.quarters.len() {
                measured.quarters.push(processor_time());
                println!("{} of {total} delivered", measured.acks.len());
            }
        }
        measured
    }

    async fn settle(&self) {
        loop {
            let deliveries = self.workspace.deliveries();
            self.workspace.settled().await;
            self.bot.pulse().settled().await;
            if self.workspace.deliveries() == deliveries {
                return;
            }
        }
    }
}

/// Brings some alarms to the front door, one after the other; returns how long each answer took.
async fn deliver(
    client: &Client<HttpConnector, Full<axum::body::Bytes>>,
    door: &str,
    due: Vec<Delivery>,
) -> Vec<Duration> {
    let mut acks = Vec::new();
    for delivery in due {
        let request = axum::http::Request::post(format!("{door}/alarms/eventbridge"))
            .header("content-type", "application/json")
            .body(Full::from(delivery.body))
            .unwrap();
        let begin = now();
        let answer = client.request(request).await.unwrap();
        acks.push(begin.elapsed());
        assert!(answer.status().is_success(), "the bot takes alarms: {}", answer.status());
    }
    acks
}

#[expect(clippy::disallowed_methods, reason = "a bench measures the machine's time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// Processor time of this process so far, to 10 ms. Unlike the time that passes, it does not depend on who else works here.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program may have spaces in it; it ends with the last parenthesis.
    let fields: Vec<i64> =
        stat.rsplit(')').next().unwrap_or_default().split(' ').filter_map(|field| field.parse().ok()).collect();
    // Without the state, which is a letter: user and system time in hundredths of a second.
    let ticks: i64 = fields.get(10..12).unwrap_or_default().iter().sum();
    Duration::from_millis(10 * u64::try_from(ticks).unwrap())
}

fn is_card(post: &Post) -> bool {
    post.is_ours() && post.thread_ts.is_none() && post.body["blocks"][0]["type"] == "header"
}

/// For each transition that a thread tells in words, when it was first told there: by name, state and second.
fn told(posts: &[Post]) -> HashMap<(String, bool, i64), Timestamp> {
    let mut told = HashMap::new();
    for post in posts.iter().filter(|post| post.is_ours() && post.thread_ts.is_some()) {
        let (seconds, micros) = post.ts.split_once('.').unwrap();
        let micros = seconds.parse::<i64>().unwrap() * 1_000_000 + micros.parse::<i64>().unwrap();
        let sections = post.body["blocks"].as_array().into_iter().flatten();
        for line in sections.filter_map(|block| block["text"]["text"].as_str()).flat_map(str::lines) {
            let fires = line.contains(blocks::phrase::state(AlarmState::Alarm));
            let name = line.split_once('|').and_then(|(_, rest)| Some(rest.split_once('>')?.0));
            let second = line.split_once("<!date^").and_then(|(_, rest)| rest.split_once('^')?.0.parse().ok());
            if let (Some(name), Some(second)) = (name, second) {
                let at = Timestamp::from_microsecond(micros).unwrap();
                told.entry((name.to_owned(), fires, second)).or_insert(at);
            }
        }
    }
    told
}

/// The most moments that lie within any minute.
fn worst_minute(mut moments: Vec<Timestamp>) -> usize {
    moments.sort_unstable();
    let minute = SignedDuration::from_secs(60);
    let within =
        |first: usize| moments[first..].iter().take_while(|at| at.duration_since(moments[first]) < minute).count();
    (0..moments.len()).map(within).max().unwrap_or(0)
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Prints a figure and its bar; returns whether it is met.
fn bar(what: &str, figure: &str, bar: &str, is_met: bool) -> bool {
    println!("{what:52} {figure:>12}   {bar}{}", if is_met { "" } else { "   MISSED" });
    is_met
}

fn seconds(span: SignedDuration) -> String {
    format!("{:.1} s", span.as_secs_f64())
}

fn millis(span: Duration) -> String {
    format!("{:.2} ms", span.as_secs_f64() * 1e3)
}

/// Prints the figures; returns whether every bar is met.
fn report(stage: &Stage, fired: &[Vec<Alarm>], mut measured: Measured) -> bool {
    let told = told(&stage.workspace.posts());
    let lags: Vec<Option<SignedDuration>> = fired
        .iter()
        .flatten()
        .map(|alarm| {
            let key = (alarm.name.clone(), alarm.state == AlarmState::Alarm, alarm.changed_at.as_second());
            told.get(&key).map(|at| at.duration_since(alarm.changed_at))
        })
        .collect();
    let lost = lags.iter().filter(|lag| lag.is_none()).count();
    let slowest = lags.into_iter().flatten().max().unwrap_or_default();

    let log = stage.workspace.log();
    let of = |method: &str, channel: Option<&str>| -> Vec<Timestamp> {
        let matching = log.iter().filter(|called| {
            (method.is_empty() || called.method == method)
                && channel.is_none_or(|channel| called.channel.as_deref() == Some(channel))
        });
        matching.map(|called| called.at).collect()
    };
    let calls = (0..SCOPES).map(|scope| worst_minute(of("", Some(&war_room(scope))))).max().unwrap_or(0);
    let updates = worst_minute(of("chat.update", None));

    // The card of a scope is due with the alarm that makes it a flood, and not before it has come.
    let waits = fired.iter().enumerate().map(|(scope, alarms)| {
        let crossed = alarms.get(2).map_or(Timestamp::MAX, |alarm| alarm.changed_at);
        measured.cards.get(&war_room(scope)).map(|seen| seen.duration_since(crossed))
    });
    let cards: Option<Vec<SignedDuration>> = waits.collect();
    let card = cards.and_then(|cards| cards.into_iter().max());

    measured.acks.sort_unstable();
    let each = u32::try_from(measured.acks.len() / 4).unwrap();
    let quarters: Vec<Duration> =
        measured.quarters.windows(2).map(|pair| pair[1].saturating_sub(pair[0]) / each).collect();
    let (first, last) = (quarters[0], quarters[quarters.len() - 1]);
    let growth = last.as_secs_f64() / first.as_secs_f64();

    let count = |number: usize| number.to_string();
    println!(
        "{} deliveries of {} alarms in {SCOPES} scopes within {}",
        measured.acks.len(),
        fired.len() * fired[0].len(),
        seconds(FLOOD)
    );
    let bars = [
        bar("alarms that nobody can read", &count(lost), "none", lost == 0),
        bar(
            "from alarm to readable, at most",
            &seconds(slowest),
            &format!("≤ {}", seconds(READABLE_WITHIN)),
            slowest <= READABLE_WITHIN,
        ),
        bar("calls in a minute and channel, at most", &count(calls), &format!("≤ {MOST_CALLS}"), calls <= MOST_CALLS),
        bar(
            "chat.update in a minute of the workspace, at most",
            &count(updates),
            &format!("≤ {MOST_UPDATES}"),
            updates <= MOST_UPDATES,
        ),
        bar(
            "from the threshold to the first card, at most",
            &card.map_or("never".to_owned(), seconds),
            &format!("≤ {}", seconds(CARD_WITHIN)),
            card.is_some_and(|card| card <= CARD_WITHIN),
        ),
        bar(
            "processor time a delivery, last quarter to first",
            &format!("{growth:.2}"),
            &format!("≤ {MOST_GROWTH}"),
            growth <= MOST_GROWTH,
        ),
    ];
    println!(
        "processor time a delivery, by quarter: {}",
        quarters.iter().map(|quarter| millis(*quarter)).collect::<Vec<_>>().join(", ")
    );
    println!(
        "answer of the front door: p50 {}, p99 {}",
        millis(percentile(&measured.acks, 50)),
        millis(percentile(&measured.acks, 99))
    );
    bars.into_iter().all(|is_met| is_met)
}

//! What is drawn, before anybody knows where: services with their states, calls, and what is only counted.

use super::choice::choose;
use super::graph::Graph;
use super::text::tame;
use crate::digest;
use crate::model::{Lane, Measure, Series, ServiceId, Symptom, Topology, Verdict, minutes};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// More services than this are not drawn, only counted.
pub const MOST: usize = 25;

/// A service is measured if it has a value no older than this, or than three steps of its series.
const FRESH: SignedDuration = minutes(15);

/// How a service is. Each has a colour, a symbol and a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is blamed.
    Cause,
    /// Its requests fail.
    Failing,
    /// Its requests take longer.
    Slow,
    /// Only its alarms say so.
    AlarmOnly,
    /// It is expected to suffer next.
    ExpectedNext,
    /// It is measured and within its normal range.
    Healthy,
    /// Nothing is known: a gap, or no data.
    Unknown,
}

impl State {
    /// All of them, the gravest first.
    pub const ALL: [Self; 7] =
        [Self::Cause, Self::Failing, Self::Slow, Self::AlarmOnly, Self::ExpectedNext, Self::Healthy, Self::Unknown];

    /// In a legend.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cause => "Likely cause",
            Self::Failing => "Failing",
            Self::Slow => "Slow",
            Self::AlarmOnly => "Alarm only",
            Self::ExpectedNext => "Expected next",
            Self::Healthy => "Healthy",
            Self::Unknown => "Unknown",
        }
    }

    /// Where pictures are text.
    pub fn symbol(self) -> char {
        match self {
            Self::Cause => '◉',
            Self::Failing => '✕',
            Self::Slow => '◷',
            Self::AlarmOnly => '!',
            Self::ExpectedNext => '▲',
            Self::Healthy => '✓',
            Self::Unknown => '?',
        }
    }
}

/// Neighbours of a drawn service that are not drawn themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stub {
    /// How many services.
    pub services: usize,
    /// Over how many edges of the topology.
    pub edges: usize,
}

/// A service that is drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name in the topology.
    pub id: ServiceId,
    /// Its name for people: without the type that X-Ray appends, where it can be told from others without it.
    pub label: String,
    /// How it is.
    pub state: State,
    /// The state in a few words, with the time where one is known: `Failing since 03:13`.
    pub detail: String,
    /// Callers that are not drawn.
    pub callers: Stub,
    /// Callees that are not drawn.
    pub callees: Stub,
}

/// Calls between two services that are drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// The caller, by position in [`Scene::nodes`].
    pub from: usize,
    /// The callee, likewise.
    pub to: usize,
    /// How many edges of the topology it stands for; 0 where the trouble passed between two services and no edge is known.
    pub edges: usize,
    /// Whether the caller does not wait.
    pub is_async: bool,
    /// Requests a minute, where known.
    pub per_min: Option<f64>,
    /// Whether the trouble spread along it, from the callee to the caller.
    pub on_path: bool,
    /// Whether the trouble is expected to take it next.
    pub is_next: bool,
    /// Minutes between the onset of the callee and that of the caller, on the path, where both are known.
    pub lag_min: Option<f64>,
    /// What is written at it: rate and minutes, on the path only.
    pub label: Option<String>,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// One line: the cause and how far it reaches.
    pub title: String,
    /// The moment, how sure the cause is, and what is only counted.
    pub subtitle: String,
    /// The story in two sentences, for those who cannot see the picture.
    pub alt: String,
    /// By name.
    pub nodes: Vec<Node>,
    /// By their ends.
    pub links: Vec<Link>,
    /// Services that are not drawn.
    pub hidden_services: usize,
    /// Edges of the topology between services that are not drawn.
    pub hidden_edges: usize,
    /// Edges of the topology from a service to itself.
    pub loops: usize,
}

impl Scene {
    /// A digest of who is how and who calls whom, apart from the moment, the minutes and the rates: as long as it stays, a new
    /// picture would tell nothing new.
    pub fn story(&self) -> String {
        let mut told = String::new();
        for node in &self.nodes {
            let _ = writeln!(told, "{}\n{:?}", node.label, node.state);
        }
        for link in &self.links {
            let Link { from, to, is_async, on_path, is_next, .. } = link;
            let _ = writeln!(told, "{from} {to} {is_async} {on_path} {is_next}");
        }
        let _ = write!(told, "{} {}", self.hidden_services, self.hidden_edges);
        digest::short(told)
    }
}

/// The services that report their flow: with a value shortly before `now`, the moment the verdict speaks about. Of all others
/// nobody can say that they are healthy.
pub fn measured(series: &[Series], now: Timestamp) -> BTreeSet<ServiceId> {
    let is_fresh = |series: &&Series| {
        let last = series.values.iter().rposition(|value| value.is_some_and(f64::is_finite));
        let old = last.map(|last| now.duration_since(series.begins(last + 1)));
        !matches!(series.measure, Measure::Other(_)) && old.is_some_and(|old| old <= FRESH.max(series.step() * 3))
    };
    series.iter().filter(is_fresh).map(|series| series.service.clone()).collect()
}

/// What to draw of `topology`. A service that does not suffer is healthy only if it is among the `measured` ones, under any of its
/// names. The order within the arguments makes no difference.
pub fn scene(topology: &Topology, verdict: &Verdict, measured: &BTreeSet<ServiceId>) -> Scene {
    let graph = Graph::of(topology, verdict);
    let chosen = choose(&graph, verdict);
    let told = Told::of(&graph, verdict, measured);
    let place: BTreeMap<usize, usize> = chosen.iter().enumerate().map(|(place, &node)| (node, place)).collect();
    let is_hidden = |node: &usize| !place.contains_key(node);
    let stub = |hidden: Vec<(usize, usize)>| Stub {
        services: hidden.len(),
        edges: hidden.iter().map(|ends| graph.calls.get(ends).map_or(0, |calls| calls.edges)).sum(),
    };
    let nodes = chosen.iter().map(|&node| {
        let callers = graph.callers[node].iter().copied().filter(is_hidden);
        let callees = graph.callees[node].iter().copied().filter(is_hidden);
        Node {
            id: graph.nodes[node].id.clone(),
            label: told.labels[node].clone(),
            state: told.states[node],
            detail: told.detail(node),
            callers: stub(callers.map(|from| (from, node)).collect()),
            callees: stub(callees.map(|to| (node, to)).collect()),
        }
    });
    let hidden = graph.calls.iter().filter(|((from, to), _)| is_hidden(from) && is_hidden(to));
    let hidden_services = graph.nodes.len() - chosen.len();
    Scene {
        title: told.title(),
        subtitle: told.subtitle(hidden_services),
        alt: told.alt(),
        nodes: nodes.collect(),
        links: links(&graph, &told, &place),
        hidden_services,
        hidden_edges: hidden.map(|(_, calls)| calls.edges).sum(),
        loops: graph.loops,
    }
}

fn links(graph: &Graph, told: &Told<'_>, place: &BTreeMap<usize, usize>) -> Vec<Link> {
    // The path runs from callee to caller, and may step over a caller that nothing is known of.
    let path: BTreeSet<(usize, usize)> = told.path.windows(2).map(|hop| (hop[1], hop[0])).collect();
    let ends: BTreeSet<(usize, usize)> = graph.calls.keys().copied().chain(path.iter().copied()).collect();
    let link = |(from, to): (usize, usize)| {
        let calls = graph.calls.get(&(from, to));
        let on_path = path.contains(&(from, to));
        let per_min = calls.and_then(super::graph::Calls::per_min);
        let lag_min =
            told.onsets[from].zip(told.onsets[to]).filter(|_| on_path).map(|(from, to)| minutes_between(to, from));
        // As much as the times in the boxes differ.
        let minute = |at: Timestamp| at.as_second().div_euclid(60);
        let shown =
            told.onsets[from].zip(told.onsets[to]).filter(|_| on_path).map(|(from, to)| minute(from) - minute(to));
        let parts = [per_min.map(|rate| format!("{}/min", short(rate))), shown.map(lag)];
        let label = parts.into_iter().flatten().collect::<Vec<String>>().join(" · ");
        Some(Link {
            from: *place.get(&from)?,
            to: *place.get(&to)?,
            edges: calls.map_or(0, |calls| calls.edges),
            is_async: calls.is_some_and(|calls| !calls.waits),
            per_min,
            on_path,
            is_next: told.next.contains(&(from, to)),
            lag_min,
            label: Some(label).filter(|label| on_path && !label.is_empty()),
        })
    };
    ends.into_iter().filter_map(link).collect()
}

/// The verdict by position in the graph.
struct Told<'a> {
    verdict: &'a Verdict,
    labels: Vec<String>,
    states: Vec<State>,
    onsets: Vec<Option<Timestamp>>,
    /// Minutes until a service suffers, where that is expected and known.
    due: BTreeMap<usize, f64>,
    symptoms: Vec<Option<Symptom>>,
    cause: Option<usize>,
    /// From the cause to the service furthest up.
    path: Vec<usize>,
    /// Caller and callee of the calls by which it is expected to spread.
    next: BTreeSet<(usize, usize)>,
}

impl<'a> Told<'a> {
    fn of(graph: &Graph, verdict: &'a Verdict, measured: &BTreeSet<ServiceId>) -> Self {
        let count = graph.nodes.len();
        let cause = verdict.cause().and_then(|cause| graph.node(&cause.service));
        let mut path: Vec<usize> = verdict.path.iter().filter_map(|id| graph.node(id)).collect();
        path.dedup();
        let mut told = Self {
            verdict,
            labels: labels(graph),
            states: vec![State::Unknown; count],
            onsets: vec![None; count],
            due: BTreeMap::new(),
            symptoms: vec![None; count],
            cause,
            path,
            next: BTreeSet::new(),
        };
        let missing: Vec<&str> = verdict.gaps.iter().filter_map(|gap| gap.wanted.strip_prefix("metrics of ")).collect();
        let in_a_gap =
            |id: &ServiceId| missing.iter().any(|names| names.split([',', ' ']).any(|name| name == id.as_str()));
        let has_metrics = matches!(verdict.lane, Lane::ExcessFlow | Lane::MetricOnset);
        for (at, node) in graph.nodes.iter().enumerate() {
            let is_seen = has_metrics && node.members.iter().any(|id| measured.contains(id));
            if is_seen && !node.members.iter().any(in_a_gap) {
                told.states[at] = State::Healthy;
            }
        }
        for expected in &verdict.expected {
            let Some(at) = graph.node(&expected.service) else { continue };
            told.states[at] = State::ExpectedNext;
            told.due.extend(expected.in_minutes.map(|minutes| (at, minutes)));
            told.next.extend(graph.node(&expected.through).map(|through| (at, through)));
        }
        for affected in &verdict.affected {
            let Some(at) = graph.node(&affected.service) else { continue };
            told.states[at] = match affected.symptom {
                // New complaints in its log, or a metric out of range: something fails there.
                Symptom::Faults | Symptom::Signs => State::Failing,
                Symptom::Latency => State::Slow,
                Symptom::Alarms => State::AlarmOnly,
            };
            told.onsets[at] = Some(affected.onset);
            told.symptoms[at] = Some(affected.symptom);
        }
        if let (Some(at), Some(cause)) = (cause, verdict.cause()) {
            told.states[at] = State::Cause;
            told.symptoms[at].get_or_insert(cause.symptom);
        }
        told
    }

    fn detail(&self, node: usize) -> String {
        let since = |words: &str| match self.onsets[node] {
            Some(onset) => format!("{words} since {}", clock(onset)),
            None => words.to_owned(),
        };
        match self.states[node] {
            State::Cause => {
                let when = self.onsets[node].map(|onset| format!(", {}", clock(onset))).unwrap_or_default();
                format!("{}{when}", State::Cause.word())
            }
            State::Failing => since("Failing"),
            State::Slow => since("Slow"),
            State::AlarmOnly => match self.onsets[node] {
                Some(onset) => format!("Alarm only, {}", clock(onset)),
                None => State::AlarmOnly.word().to_owned(),
            },
            State::ExpectedNext => match self.due.get(&node) {
                Some(due) => format!("Expected {}", within(*due)),
                None => State::ExpectedNext.word().to_owned(),
            },
            State::Healthy => State::Healthy.word().to_owned(),
            State::Unknown => "Unknown: no data".to_owned(),
        }
    }

    fn verb(&self, node: usize) -> &'static str {
        match self.symptoms[node] {
            Some(Symptom::Faults) => "fails",
            Some(Symptom::Latency) => "is slow",
            Some(Symptom::Signs) => "suffers",
            Some(Symptom::Alarms) | None => "alarms",
        }
    }

    /// Services that suffer, the cause included.
    fn suffering(&self) -> usize {
        self.states.iter().filter(|state| **state < State::ExpectedNext).count()
    }

    fn title(&self) -> String {
        let suffering = self.suffering();
        match self.cause {
            Some(cause) => {
                let others = suffering.saturating_sub(1);
                let reach = match others {
                    0 => "nobody else suffers".to_owned(),
                    1 => "1 more suffers".to_owned(),
                    _ => format!("{others} more suffer"),
                };
                format!("{} {}, {reach}", self.labels[cause], self.verb(cause))
            }
            None if suffering > 0 => format!("No cause found, {}", services(suffering, "suffers", "suffer")),
            None => "Nothing is out of its normal range".to_owned(),
        }
    }

    fn subtitle(&self, hidden: usize) -> String {
        let mut parts = vec![format!("As of {} UTC", self.verdict.at.strftime("%H:%M:%S"))];
        if let Some(cause) = self.verdict.cause() {
            parts.push(format!("confidence {:.0} %", 100.0 * cause.confidence));
        }
        if hidden > 0 {
            parts.push(format!("{hidden} more {} not drawn", if hidden == 1 { "service is" } else { "services are" }));
        }
        parts.join(" · ")
    }

    /// Two sentences: what happened, and what comes.
    fn alt(&self) -> String {
        let name = |node: &usize| self.labels[*node].clone();
        let mut first = match self.cause {
            Some(cause) => {
                let when = self.onsets[cause].map(|onset| format!(" since {} UTC", clock(onset))).unwrap_or_default();
                format!("{} {}{when} and is the likely cause", self.labels[cause], self.verb(cause))
            }
            None if self.suffering() > 0 => "No cause found".to_owned(),
            None => self.title(),
        };
        if self.path.len() > 1 {
            let way: Vec<String> = self.path[1..].iter().map(name).collect();
            first = format!("{first}; from there it spread to {}", listed(&way));
            let lag = self.onsets[self.path[0]].zip(self.onsets[self.path[self.path.len() - 1]]);
            if let Some(lag) = lag.map(|(from, to)| minutes_between(from, to)).filter(|lag| *lag >= 1.0) {
                first = format!("{first} within {lag:.0} min");
            }
        }
        let count = |state: State| self.states.iter().filter(|other| **other == state).count();
        let next: Vec<String> =
            (0..self.states.len()).filter(|at| self.states[*at] == State::ExpectedNext).map(|at| name(&at)).collect();
        let mut second = vec![match self.suffering() {
            0 => services(self.states.len(), "was looked at", "were looked at"),
            suffering => services(suffering, "suffers", "suffer"),
        }];
        if !next.is_empty() {
            let due = self
                .due
                .values()
                .copied()
                .min_by(f64::total_cmp)
                .map(|due| format!(" {}", within(due)))
                .unwrap_or_default();
            second.push(format!("{} {} expected next{due}", listed(&next), if next.len() == 1 { "is" } else { "are" }));
        }
        let counted = [(State::Healthy, "is healthy", "are healthy"), (State::Unknown, "is unknown", "are unknown")];
        second.extend(
            counted
                .into_iter()
                .filter(|(state, ..)| count(*state) > 0)
                .map(|(state, one, many)| services(count(state), one, many)),
        );
        format!("{first}. {}.", second.join("; "))
    }
}

/// Names for people: `<name>_<type>`, as X-Ray tools write it, without the type, where the rest is nobody else's name. What was only
/// inferred from calls gives way to what it may be the other side of.
fn labels(graph: &Graph) -> Vec<String> {
    let typed = |id: &str| tame(id.find("_AWS::").filter(|at| *at > 0).map_or(id, |at| &id[..at]));
    let inferred = |id: &str| {
        let name = ["_remote", "_client"].into_iter().find_map(|kind| id.strip_suffix(kind));
        name.filter(|name| !name.is_empty()).map(tame)
    };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for id in graph.nodes.iter().map(|node| node.id.as_str()) {
        for name in [Some(typed(id)), inferred(id)].into_iter().flatten() {
            *seen.entry(name).or_default() += 1;
        }
    }
    // Of a name that two have, one inferred, the other one keeps it.
    let guests: BTreeSet<String> = graph.nodes.iter().filter_map(|node| inferred(node.id.as_str())).collect();
    let label = |id: &str| {
        if let Some(name) = inferred(id).filter(|name| seen.get(name) == Some(&1)) {
            return name;
        }
        let name = typed(id);
        let owners = seen.get(&name).copied().unwrap_or_default().saturating_sub(usize::from(guests.contains(&name)));
        if owners == 1 { name } else { tame(id) }
    };
    graph.nodes.iter().map(|node| label(node.id.as_str())).collect()
}

/// `1 service suffers`, `8 services suffer`.
fn services(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 service {one}") } else { format!("{count} services {many}") }
}

/// More names than this are counted in a sentence.
const NAMES: usize = 5;

fn listed(names: &[String]) -> String {
    let shown = if names.len() > NAMES { NAMES - 1 } else { names.len() };
    let mut parts: Vec<String> = names[..shown].to_vec();
    if shown < names.len() {
        parts.push(format!("{} more", names.len() - shown));
    }
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M").to_string()
}

fn within(minutes: f64) -> String {
    if minutes < 1.0 { "in < 1 min".to_owned() } else { format!("in ~{minutes:.0} min") }
}

/// `+2 min`: that much later than the callee.
fn lag(minutes: i64) -> String {
    if minutes < 0 { format!("\u{2212}{} min", -minutes) } else { format!("+{minutes} min") }
}

fn minutes_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 60.0
}

/// A rate in at most four characters: `0.3`, `12`, `4.4k`, `1.2M`.
fn short(value: f64) -> String {
    let size = value.abs();
    let (value, unit) = match size {
        _ if size >= 999_500.0 => (value / 1e6, "M"),
        _ if size >= 999.5 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = if value.abs() >= 9.95 || value == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") };
    format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
}

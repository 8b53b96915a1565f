//! One topology out of what several sources say. A service that goes by several names becomes one, an edge knows who says so and
//! since when, and what the sources do not agree on is told, not hidden.
//!
//! Three kinds of names are folded: the nodes by which traces draw one Lambda function; client nodes, which stand for
//! callers from outside; and names that are another service's alias, above all `remote` nodes. Names are compared as alarms
//! are placed: without regard to case and punctuation. Two services of different account, region or type stay two.

use crate::context::atlas::words;
use crate::context::fold::{fold, kind_of};
use crate::model::{
    Conflict, Edge, EdgeMode, EdgeSource, EntryPoint, Folded, Map, Origin, Service, ServiceId, Stated, Topology,
};
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Rates that differ by more than this factor are a conflict: below it, two spans of one day may differ.
const RATE_FACTOR: f64 = 2.0;

const LAMBDA: &str = "AWS::Lambda";

/// What one source says.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Which source, and when it was read or last saw anything.
    pub origin: Origin,
    /// Whether it shows every call between the services it lists: what it does not show was not made.
    pub complete: bool,
    /// What it says.
    pub topology: Topology,
}

/// The parts of a topology by the origins of its edges. An edge that nobody noted an origin of belongs to `otherwise`, and so do
/// the services, since they have no origin of their own.
pub fn parts_of(topology: &Topology, otherwise: Origin) -> Vec<Part> {
    let mut edges: BTreeMap<Origin, Vec<Edge>> = BTreeMap::from([(otherwise, Vec::new())]);
    for edge in &topology.edges {
        let origins = if edge.origins.is_empty() { &[otherwise][..] } else { &edge.origins };
        for origin in origins {
            edges.entry(*origin).or_default().push(edge.clone());
        }
    }
    let part = |(origin, edges)| {
        let services = if origin == otherwise { topology.services.clone() } else { Vec::new() };
        Part { origin, complete: false, topology: Topology { services, edges } }
    };
    edges.into_iter().map(part).collect()
}

/// Merges `parts`, whose order makes no difference, as of `now`.
pub fn merge(parts: &[Part], now: Timestamp) -> Map {
    let mut parts: Vec<Part> = parts.iter().map(tidy).collect();
    // The text settles what the origin does not.
    parts.sort_by(|a, b| {
        let text = |part: &Part| serde_json::to_string(&part.topology).unwrap_or_default();
        (a.origin, a.complete).cmp(&(b.origin, b.complete)).then_with(|| text(a).cmp(&text(b)))
    });
    let parts: Vec<&Part> = parts.iter().collect();
    let names = Names::of(&parts);
    let mut map = Map {
        at: now,
        topology: Topology::default(),
        entries: Vec::new(),
        folded: Vec::new(),
        conflicts: names.conflicts(),
    };
    let told: Vec<Told> = parts.iter().map(|part| Told::of(part, &names)).collect();
    map.topology.edges = edges(&told, &mut map.conflicts);
    unseen(&told, &map.topology.edges, &mut map.conflicts);
    map.topology.services = names.services(&map.topology.edges);
    map.entries = entries(&told, &names);
    map.folded = names.folded(&told);
    map
}

/// The same part, its services and edges in one order.
fn tidy(part: &Part) -> Part {
    let mut part = part.clone();
    let place = |service: &Service| (service.kind.clone(), service.account.clone(), service.region.clone());
    part.topology
        .services
        .sort_by(|a, b| a.id.cmp(&b.id).then_with(|| (place(a), &a.aliases).cmp(&(place(b), &b.aliases))));
    let number = |value: Option<f64>| value.unwrap_or(-1.0);
    part.topology.edges.sort_by(|a, b| {
        let ends = (&a.caller, &a.callee, a.mode as u8).cmp(&(&b.caller, &b.callee, b.mode as u8));
        let numbers = |edge: &Edge| [edge.requests_per_min, edge.fault_share, edge.latency_s].map(number);
        let differ = || numbers(a).iter().zip(numbers(b)).map(|(a, b)| a.total_cmp(&b)).find(|order| order.is_ne());
        ends.then_with(|| differ().unwrap_or(std::cmp::Ordering::Equal)).then_with(|| a.origins.cmp(&b.origins))
    });
    part
}

/// How much the name that a source uses is people's own.
fn rank(source: EdgeSource) -> u8 {
    match source {
        EdgeSource::Declared => 0,
        EdgeSource::Capsule => 1,
        EdgeSource::EventSource | EdgeSource::RuleTarget => 2,
        EdgeSource::XRay => 3,
        EdgeSource::Metrics => 4,
    }
}

/// All names of all parts, and which service each of them is.
struct Names {
    /// By name, each with the sources that tell its type.
    known: Vec<Known>,
    /// For each name the position of the one that speaks for it.
    speaker: Vec<usize>,
    at: BTreeMap<ServiceId, usize>,
}

struct Known {
    service: Service,
    rank: u8,
    kinds: Vec<(EdgeSource, String)>,
}

impl Names {
    fn of(parts: &[&Part]) -> Self {
        let mut known: BTreeMap<ServiceId, Known> = BTreeMap::new();
        // The best source of a name tells its type and place; the others fill in what it leaves open.
        let mut sorted: Vec<&&Part> = parts.iter().collect();
        sorted.sort_by_key(|part| (rank(part.origin.source), Reverse(part.origin.seen)));
        for part in sorted {
            let source = part.origin.source;
            for service in &part.topology.services {
                let entry = known.entry(service.id.clone()).or_insert_with(|| Known {
                    service: Service { aliases: Vec::new(), ..Service::named(service.id.as_str()) },
                    rank: rank(source),
                    kinds: Vec::new(),
                });
                entry.learn(service, source);
            }
            for end in part.topology.edges.iter().flat_map(|edge| [&edge.caller, &edge.callee]) {
                known.entry(end.clone()).or_insert_with(|| Known {
                    service: Service::named(end.as_str()),
                    rank: rank(source),
                    kinds: Vec::new(),
                });
            }
        }
        let at = known.keys().enumerate().map(|(at, id)| (id.clone(), at)).collect();
        let mut known: Vec<Known> = known.into_values().collect();
        for each in &mut known {
            each.service.aliases.sort_unstable();
            each.service.aliases.dedup();
        }
        let speaker = speakers(&known);
        Self { known, speaker, at }
    }

    /// The position of the service that `id` names.
    fn resolve(&self, id: &ServiceId) -> usize {
        self.speaker[self.at[id]]
    }

    fn id(&self, at: usize) -> &ServiceId {
        &self.known[at].service.id
    }

    /// Whether it stands for callers from outside.
    fn is_client(&self, at: usize) -> bool {
        kind_of(&self.known[at].service) == Some("client")
    }

    /// The services that are left, each with the other names it goes by. A client node is one only if `edges` lead to it.
    fn services(&self, edges: &[Edge]) -> Vec<Service> {
        let called: BTreeSet<&ServiceId> = edges.iter().map(|edge| &edge.callee).collect();
        let is_left = |at: usize| !self.is_client(at) || called.contains(self.id(at));
        let mut services: BTreeMap<usize, Service> = BTreeMap::new();
        for (at, &speaker) in self.speaker.iter().enumerate().filter(|(_, speaker)| is_left(**speaker)) {
            let service = services.entry(speaker).or_insert_with(|| self.known[speaker].service.clone());
            if at != speaker {
                let other = &self.known[at].service;
                // Where the speaker has only a name, the others tell what it is.
                let is_inferred = other.is_inferred();
                service.kind = service.kind.take().or_else(|| other.kind.clone().filter(|_| !is_inferred));
                service.account = service.account.take().or_else(|| other.account.clone().filter(|_| !is_inferred));
                service.region = service.region.take().or_else(|| other.region.clone().filter(|_| !is_inferred));
                service.aliases.push(other.id.as_str().to_owned());
                service.aliases.extend(other.aliases.iter().cloned());
            }
        }
        let tidy = |mut service: Service| {
            service.aliases.retain(|alias| alias != service.id.as_str());
            service.aliases.sort_unstable();
            service.aliases.dedup();
            service
        };
        services.into_values().map(tidy).collect()
    }

    fn conflicts(&self) -> Vec<Conflict> {
        let differ = |known: &&Known| known.kinds.iter().any(|(_, kind)| differ(Some(kind), Some(&known.kinds[0].1)));
        let tell = |known: &Known| Conflict::Kind { service: known.service.id.clone(), stated: known.kinds.clone() };
        self.known.iter().filter(differ).map(tell).collect()
    }

    fn folded(&self, told: &[Told]) -> Vec<Folded> {
        let inner = |at: usize| {
            let rates = told.iter().filter_map(|told| told.inner.get(&at).copied());
            rates.max_by(f64::total_cmp)
        };
        let fold = |(at, &into): (usize, &usize)| Folded {
            name: self.id(at).clone(),
            into: self.id(into).clone(),
            inner_per_min: inner(at),
        };
        self.speaker.iter().enumerate().filter(|(at, into)| at != *into).map(fold).collect()
    }
}

impl Known {
    fn learn(&mut self, other: &Service, source: EdgeSource) {
        let Service { kind, account, region, aliases, .. } = other;
        if let Some(kind) = kind {
            // Somebody who only sees calls to a service does not contradict who knows it.
            if !other.is_inferred() && !self.kinds.iter().any(|known| *known == (source, kind.clone())) {
                self.kinds.push((source, kind.clone()));
            }
            if self.service.kind.is_none() || (self.service.is_inferred() && !other.is_inferred()) {
                self.service.kind = Some(kind.clone());
            }
        }
        self.service.account = self.service.account.take().or_else(|| account.clone());
        self.service.region = self.service.region.take().or_else(|| region.clone());
        self.service.aliases.extend(aliases.iter().cloned());
    }
}

/// For each of `known`, sorted by name, who speaks for it.
fn speakers(known: &[Known]) -> Vec<usize> {
    let services: Vec<Service> = known.iter().map(|known| known.service.clone()).collect();
    let mut sets = Sets((0..known.len()).collect());
    for group in fold(&services) {
        for &at in &group[1..] {
            sets.join(group[0], at);
        }
    }
    // Who is called by a name, by words: itself, or by an alias.
    let mut called: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (at, service) in services.iter().enumerate() {
        for name in [service.id.as_str()].into_iter().chain(service.aliases.iter().map(String::as_str)) {
            called.entry(words(name)).or_default().insert(at);
        }
    }
    for (at, service) in services.iter().enumerate() {
        let kind = kind_of(service);
        let full = service.id.as_str();
        let base = kind.and_then(|kind| full.strip_suffix(kind)?.strip_suffix('_')).unwrap_or(full);
        // A host is known by its first label.
        let label = base.split_once('.').map(|(label, _)| label).filter(|_| service.is_inferred());
        for name in [Some(full), Some(base), label].into_iter().flatten() {
            // Who calls from outside under a name does not go by it.
            let serves = |other: usize| kind_of(&services[other]) != Some("client");
            let fits = |&&other: &&usize| other != at && serves(other) && same_thing(service, &services[other]);
            let mut others: Vec<usize> =
                called.get(&words(name)).into_iter().flatten().filter(fits).map(|&other| sets.root(other)).collect();
            others.sort_unstable();
            others.dedup();
            // A name that two services go by is neither's.
            if let [other] = others[..] {
                sets.join(other, at);
                break;
            }
        }
    }
    let worth = |at: usize| {
        let kind = kind_of(&services[at]);
        let is_inferred = matches!(kind, Some("remote" | "client"));
        (is_inferred, kind == Some(LAMBDA), known[at].rank, kind.is_none(), at)
    };
    let mut best: BTreeMap<usize, usize> = BTreeMap::new();
    for at in 0..known.len() {
        let best = best.entry(sets.root(at)).or_insert(at);
        if worth(at) < worth(*best) {
            *best = at;
        }
    }
    (0..known.len()).map(|at| best[&sets.root(at)]).collect()
}

/// Whether two names may be one service: nothing that is known of one contradicts the other. A trace knows the account of
/// the caller of an inferred node, not of the node.
fn same_thing(one: &Service, other: &Service) -> bool {
    let contradicts = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
    let inferred = [one, other].map(|service| matches!(kind_of(service), Some("remote" | "client")));
    match inferred {
        // Two that are only inferred prove nothing about each other.
        [true, true] => false,
        [true, false] | [false, true] => true,
        [false, false] => {
            !contradicts(&one.account, &other.account)
                && !contradicts(&one.region, &other.region)
                && !differ(one.kind.as_deref(), other.kind.as_deref())
        }
    }
}

/// Whether two types are not of one thing. A source that sees a service only from outside tells the family: `AWS::SNS` is said
/// of an `AWS::SNS::Topic`.
pub(crate) fn differ(one: Option<&str>, other: Option<&str>) -> bool {
    let within = |one: &str, other: &str| one.strip_prefix(other).is_some_and(|rest| rest.starts_with("::"));
    one.zip(other).is_some_and(|(one, other)| one != other && !within(one, other) && !within(other, one))
}

/// Disjoint sets.
struct Sets(Vec<usize>);

impl Sets {
    fn root(&mut self, at: usize) -> usize {
        let mut root = at;
        while self.0[root] != root {
            self.0[root] = self.0[self.0[root]];
            root = self.0[root];
        }
        root
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }
}

/// What one part says, by positions of services.
struct Told {
    origin: Origin,
    complete: bool,
    lists: BTreeSet<usize>,
    /// By caller and callee, each with its one origin.
    edges: BTreeMap<(usize, usize), Edge>,
    /// Requests a minute from outside, by service.
    entries: BTreeMap<usize, Option<f64>>,
    /// Requests a minute within a folded service, by the name that is folded away.
    inner: BTreeMap<usize, f64>,
}

impl Told {
    fn of(part: &Part, names: &Names) -> Self {
        let mut told = Self {
            origin: part.origin,
            complete: part.complete,
            lists: part.topology.services.iter().map(|service| names.resolve(&service.id)).collect(),
            edges: BTreeMap::new(),
            entries: BTreeMap::new(),
            inner: BTreeMap::new(),
        };
        for edge in &part.topology.edges {
            told.add(edge, names);
        }
        told
    }

    /// The part's origin, but for an edge of which its source noted that it saw it at another time.
    fn origin_of(&self, edge: &Edge) -> Origin {
        let noted = edge.origins.iter().filter(|origin| origin.source == self.origin.source);
        let is_ours = edge.origins.contains(&self.origin);
        noted.copied().max().filter(|_| !is_ours).unwrap_or(self.origin)
    }

    fn add(&mut self, edge: &Edge, names: &Names) {
        let (from, to) = (names.resolve(&edge.caller), names.resolve(&edge.callee));
        let rate = edge.requests_per_min.filter(|rate| rate.is_finite() && *rate >= 0.0);
        // A client node is a caller from outside, also where it goes by the name of what it calls.
        if names.is_client(names.at[&edge.caller]) && (from == to || names.is_client(from)) {
            let entry = self.entries.entry(to).or_insert(None);
            *entry = sum(*entry, rate);
            return;
        }
        if from == to {
            if edge.caller != edge.callee {
                let away = [&edge.caller, &edge.callee].map(|end| names.at[end]).into_iter().find(|&at| at != to);
                *self.inner.entry(away.unwrap_or(to)).or_default() += rate.unwrap_or(0.0);
            }
            return;
        }
        let ends = Edge { requests_per_min: rate, origins: vec![self.origin_of(edge)], ..edge.clone() };
        if let Some(known) = self.edges.get_mut(&(from, to)) {
            add(known, &ends);
        } else {
            let named = Edge { caller: names.id(from).clone(), callee: names.id(to).clone(), ..ends };
            self.edges.insert((from, to), named);
        }
    }
}

/// Adds what comes over another edge between the same services: counts add up, shares and latencies are weighed by them, and
/// whoever waits once waits.
fn add(known: &mut Edge, more: &Edge) {
    let weigh = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => {
            let (one, other) = (known.requests_per_min.unwrap_or(1.0), more.requests_per_min.unwrap_or(1.0));
            let total = one + other;
            Some(if total > 0.0 { (a * one + b * other) / total } else { f64::midpoint(a, b) })
        }
        (a, b) => a.or(b),
    };
    known.fault_share = weigh(known.fault_share, more.fault_share);
    known.latency_s = weigh(known.latency_s, more.latency_s);
    known.requests_per_min = sum(known.requests_per_min, more.requests_per_min);
    // The one that was seen last tells when.
    known.origins = known.origins.iter().chain(&more.origins).copied().max().into_iter().collect();
    if more.mode == EdgeMode::Sync {
        known.mode = EdgeMode::Sync;
    }
}

fn sum(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    }
}

/// One edge for each two services that any part connects. A rate comes from who counted last, and the mode from who is told how
/// a call is made rather than who sees it.
fn edges(told: &[Told], conflicts: &mut Vec<Conflict>) -> Vec<Edge> {
    let mut stated: BTreeMap<(usize, usize), Vec<(Origin, &Edge)>> = BTreeMap::new();
    for told in told {
        for (ends, edge) in &told.edges {
            stated.entry(*ends).or_default().push((edge.origins.first().copied().unwrap_or(told.origin), edge));
        }
    }
    stated.into_values().map(|stated| agree(stated, conflicts)).collect()
}

fn agree(mut stated: Vec<(Origin, &Edge)>, conflicts: &mut Vec<Conflict>) -> Edge {
    let by_mode = |source: EdgeSource| match source {
        EdgeSource::EventSource | EdgeSource::RuleTarget => 0,
        EdgeSource::Declared => 1,
        EdgeSource::Capsule => 2,
        EdgeSource::XRay => 3,
        EdgeSource::Metrics => 4,
    };
    stated.sort_by_key(|(origin, _)| (by_mode(origin.source), Reverse(origin.seen)));
    let (caller, callee) = (stated[0].1.caller.clone(), stated[0].1.callee.clone());
    let mode = stated[0].1.mode;
    if stated.iter().any(|(_, edge)| edge.mode != mode) {
        let stated = stated.iter().map(|(origin, edge)| Stated { origin: *origin, value: edge.mode }).collect();
        conflicts.push(Conflict::Mode { caller: caller.clone(), callee: callee.clone(), stated });
    }
    // What is written down was never counted.
    stated.sort_by_key(|(origin, _)| (origin.source == EdgeSource::Declared, Reverse(origin.seen), origin.source));
    let rates: Vec<Stated<f64>> = stated
        .iter()
        .filter_map(|(origin, edge)| Some(Stated { origin: *origin, value: edge.requests_per_min? }))
        .collect();
    let least = rates.iter().map(|stated| stated.value).min_by(f64::total_cmp).unwrap_or(0.0);
    let most = rates.iter().map(|stated| stated.value).max_by(f64::total_cmp).unwrap_or(0.0);
    let first = |of: fn(&Edge) -> Option<f64>| stated.iter().find_map(|(_, edge)| of(edge));
    let mut origins: Vec<Origin> = stated.iter().map(|(origin, _)| *origin).collect();
    origins.sort_unstable();
    origins.dedup();
    let edge = Edge {
        caller,
        callee,
        mode,
        requests_per_min: rates.first().map(|stated| stated.value),
        fault_share: first(|edge| edge.fault_share),
        latency_s: first(|edge| edge.latency_s),
        origins,
    };
    if most > RATE_FACTOR * least {
        let (caller, callee) = (edge.caller.clone(), edge.callee.clone());
        conflicts.push(Conflict::Rate { caller, callee, stated: rates });
    }
    edge
}

/// Edges that a complete part would show and does not, though it is the fresher one, or the only one that observes.
fn unseen(told: &[Told], edges: &[Edge], conflicts: &mut Vec<Conflict>) {
    let stated: BTreeSet<(usize, usize)> = told.iter().flat_map(|told| told.edges.keys().copied()).collect();
    // Both lists are by position, which is by name.
    for (ends, edge) in stated.into_iter().zip(edges) {
        let is_only_declared = edge.origins.iter().all(|origin| origin.source == EdgeSource::Declared);
        let newest = edge.origins.iter().map(|origin| origin.seen).max();
        let contradicts = |told: &&Told| {
            told.complete
                && !told.edges.contains_key(&ends)
                && told.lists.contains(&ends.0)
                && told.lists.contains(&ends.1)
                && (is_only_declared || Some(told.origin.seen) > newest)
        };
        if let Some(silent) = told.iter().filter(contradicts).map(|told| told.origin).max_by_key(|origin| origin.seen) {
            let (caller, callee, stated_by) = (edge.caller.clone(), edge.callee.clone(), edge.origins.clone());
            conflicts.push(Conflict::Unseen { caller, callee, stated_by, silent });
        }
    }
}

/// Who is called from outside; where several parts count that, the newest counts.
fn entries(told: &[Told], names: &Names) -> Vec<EntryPoint> {
    let mut sorted: Vec<&Told> = told.iter().collect();
    sorted.sort_by_key(|told| Reverse(told.origin.seen));
    let mut entries: BTreeMap<usize, Option<f64>> = BTreeMap::new();
    for (at, rate) in sorted.into_iter().flat_map(|told| &told.entries) {
        let known = entries.entry(*at).or_insert(*rate);
        *known = known.or(*rate);
    }
    let tell = |(at, requests_per_min)| EntryPoint { service: names.id(at).clone(), requests_per_min };
    entries.into_iter().map(tell).collect()
}

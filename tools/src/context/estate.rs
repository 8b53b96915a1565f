//! The situation's services as one sorted graph, twins folded, with the alarms attached. Everything after this works with
//! positions in sorted lists, so that the order in which things were read cannot change a byte of the answer.

use super::Situation;
use super::atlas::Atlas;
use super::fold::{fold, kind_of};
use super::kind::Kind;
use crate::model::{Alarm, AlarmState, EdgeMode, Service, ServiceId, Topology};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};

/// The services, who waits for whom, and who alarms.
#[derive(Debug)]
pub(super) struct Estate<'a> {
    /// One for each folded service, by name.
    pub(super) nodes: Vec<Node>,
    /// Every name that metrics may come under.
    pub(super) members: Vec<Member>,
    /// For each node the ones it calls and waits for, ascending.
    pub(super) callees: Vec<Vec<Call>>,
    /// For each node the ones that call it and wait, ascending.
    pub(super) callers: Vec<Vec<usize>>,
    /// For each node the ones it calls, waiting or not, ascending.
    pub(super) any_callees: Vec<Vec<usize>>,
    /// For each node all requests a minute it sends, as far as known.
    pub(super) outgoing_per_min: Vec<f64>,
    /// The alarms whose service is known, oldest first.
    pub(super) alarming: Vec<Alarming<'a>>,
    /// The alarms whose service is not.
    pub(super) unplaced: Vec<&'a Alarm>,
    /// For each node its first alarm, by position in `alarming`.
    first_alarms: Vec<Option<usize>>,
    /// Whether any call is known.
    pub(super) has_graph: bool,
    positions: HashMap<ServiceId, usize>,
}

/// One service, as it is spoken of.
#[derive(Debug)]
pub(super) struct Node {
    /// Its name.
    pub(super) id: ServiceId,
    /// Positions of its members.
    pub(super) members: Vec<usize>,
    /// Whether it was only inferred from calls to it.
    pub(super) inferred: bool,
    /// Whether it runs no code of one's own, so that its excess comes from behind it.
    pub(super) passes_through: bool,
}

/// One name of a node.
#[derive(Debug)]
pub(super) struct Member {
    /// The name.
    pub(super) id: ServiceId,
    /// Its node.
    pub(super) node: usize,
}

/// A waiting call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// Who is called.
    pub(super) to: usize,
    /// How often, where known.
    pub(super) per_min: Option<f64>,
}

/// An alarm and where it belongs.
#[derive(Debug)]
pub(super) struct Alarming<'a> {
    /// The member it names.
    pub(super) member: usize,
    /// The node of that member.
    pub(super) node: usize,
    /// Of what it speaks.
    pub(super) kind: Option<Kind>,
    /// The alarm.
    pub(super) alarm: &'a Alarm,
}

/// The alarming nodes that one question is about.
#[derive(Debug)]
pub(super) struct Alarmed {
    /// By the time of their first alarm.
    pub(super) nodes: Vec<usize>,
    is: Vec<bool>,
}

impl Alarmed {
    /// Those with an alarm that may speak of `kind`; all with an alarm when it is none.
    pub(super) fn of(estate: &Estate<'_>, kind: Option<Kind>) -> Self {
        let mut alarmed = Self::none(estate);
        for alarming in &estate.alarming {
            let fits = kind.is_none() || alarming.kind.is_none() || alarming.kind == kind;
            if fits && !std::mem::replace(&mut alarmed.is[alarming.node], true) {
                alarmed.nodes.push(alarming.node);
            }
        }
        alarmed
    }

    /// Nobody.
    pub(super) fn none(estate: &Estate<'_>) -> Self {
        Self { nodes: Vec::new(), is: vec![false; estate.nodes.len()] }
    }

    /// Whether `node` is among them.
    pub(super) fn has(&self, node: usize) -> bool {
        self.is[node]
    }
}

impl<'a> Estate<'a> {
    /// Sorts, folds and indexes `situation`.
    pub(super) fn of(situation: &'a Situation) -> Self {
        let alarms = firing(&situation.alarms);
        let mut services = services(situation);
        if services.is_empty() {
            // Nothing but alarms: what they name themselves stands for the services.
            services = alarms.iter().map(|alarm| Service::named(own_words(alarm))).collect();
            tidy(&mut services);
        }
        let groups = fold(&services);
        let mut nodes = Vec::with_capacity(groups.len());
        let mut members = Vec::with_capacity(services.len());
        let mut positions = HashMap::with_capacity(services.len());
        for (node, group) in groups.iter().enumerate() {
            let first = members.len();
            for &at in group {
                positions.insert(services[at].id.clone(), members.len());
                members.push(Member { id: services[at].id.clone(), node });
            }
            let kind = kind_of(&services[group[0]]);
            nodes.push(Node {
                id: services[group[0]].id.clone(),
                members: (first..members.len()).collect(),
                inferred: matches!(kind, Some("remote" | "client")),
                passes_through: kind.is_some_and(passes_through),
            });
        }
        let mut estate = Self {
            callees: vec![Vec::new(); nodes.len()],
            callers: vec![Vec::new(); nodes.len()],
            any_callees: vec![Vec::new(); nodes.len()],
            outgoing_per_min: vec![0.0; nodes.len()],
            first_alarms: vec![None; nodes.len()],
            nodes,
            members,
            alarming: Vec::new(),
            unplaced: Vec::new(),
            has_graph: false,
            positions,
        };
        if let Some(topology) = &situation.topology {
            estate.connect(topology);
        }
        estate.place(alarms, services);
        estate
    }

    /// The member of this name.
    pub(super) fn member(&self, id: &ServiceId) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// The node this name belongs to.
    pub(super) fn node(&self, id: &ServiceId) -> Option<usize> {
        self.member(id).map(|member| self.members[member].node)
    }

    /// Requests a minute between two nodes, where known.
    pub(super) fn per_min(&self, from: usize, to: usize) -> Option<f64> {
        let calls = &self.callees[from];
        calls.binary_search_by_key(&to, |call| call.to).ok().and_then(|at| calls[at].per_min)
    }

    /// The first alarm of a node.
    pub(super) fn first_alarm(&self, node: usize) -> Option<&'a Alarm> {
        self.first_alarms[node].map(|first| self.alarming[first].alarm)
    }

    /// The kinds of trouble the alarms speak of; both when none of them says.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        let told = |kind: &Kind| self.alarming.iter().any(|alarming| alarming.kind == Some(*kind));
        let kinds: Vec<Kind> = Kind::BOTH.into_iter().filter(told).collect();
        if kinds.is_empty() { Kind::BOTH.to_vec() } else { kinds }
    }

    /// When the first alarm fired.
    pub(super) fn began(&self) -> Option<Timestamp> {
        let alarms = self.alarming.iter().map(|alarming| alarming.alarm).chain(self.unplaced.iter().copied());
        alarms.map(|alarm| alarm.changed_at).min()
    }

    /// Marks everything that can be reached from `starts` along `next`.
    pub(super) fn reach(&self, starts: &[usize], waiting_only: bool) -> Vec<bool> {
        let mut seen = vec![false; self.nodes.len()];
        let mut stack = starts.to_vec();
        while let Some(node) = stack.pop() {
            if std::mem::replace(&mut seen[node], true) {
                continue;
            }
            if waiting_only {
                stack.extend(self.callees[node].iter().map(|call| call.to));
            } else {
                stack.extend_from_slice(&self.any_callees[node]);
            }
        }
        seen
    }

    fn connect(&mut self, topology: &Topology) {
        // A rate that is no number of requests is not known.
        let known = |rate: Option<f64>| rate.filter(|rate| rate.is_finite() && (0.0..1e12).contains(rate));
        let mut calls: Vec<(usize, usize, bool, Option<f64>)> = topology
            .edges
            .iter()
            .filter_map(|edge| {
                let ends = (self.node(&edge.caller)?, self.node(&edge.callee)?);
                (ends.0 != ends.1).then_some((
                    ends.0,
                    ends.1,
                    edge.mode == EdgeMode::Async,
                    known(edge.requests_per_min),
                ))
            })
            .collect();
        calls.sort_by(|a, b| {
            let rate = |rate: Option<f64>| rate.unwrap_or(-1.0);
            (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then(rate(a.3).total_cmp(&rate(b.3)))
        });
        self.has_graph = !calls.is_empty();
        for (from, to, is_async, per_min) in calls {
            self.outgoing_per_min[from] += per_min.unwrap_or(0.0);
            if self.any_callees[from].last() != Some(&to) {
                self.any_callees[from].push(to);
            }
            match self.callees[from].last_mut() {
                _ if is_async => {}
                Some(call) if call.to == to => {
                    call.per_min = per_min.map_or(call.per_min, |more| Some(call.per_min.unwrap_or(0.0) + more));
                }
                _ => {
                    self.callees[from].push(Call { to, per_min });
                    self.callers[to].push(from);
                }
            }
        }
    }

    fn place(&mut self, alarms: Vec<&'a Alarm>, services: Vec<Service>) {
        let atlas = Atlas::new(Topology { services, edges: Vec::new() });
        for alarm in alarms {
            let named = || self.member(&ServiceId::new(own_words(alarm)));
            match atlas.service_of(alarm).and_then(|service| self.member(&service.id)).or_else(named) {
                Some(member) => {
                    let node = self.members[member].node;
                    self.first_alarms[node].get_or_insert(self.alarming.len());
                    self.alarming.push(Alarming { member, node, kind: Kind::of(alarm), alarm });
                }
                None => self.unplaced.push(alarm),
            }
        }
    }
}

/// The alarms that fire, oldest first; all of them when none fires any more, since the question is then what it was.
fn firing(alarms: &[Alarm]) -> Vec<&Alarm> {
    let mut firing: Vec<&Alarm> = alarms.iter().filter(|alarm| alarm.state == AlarmState::Alarm).collect();
    if firing.is_empty() {
        firing = alarms.iter().collect();
    }
    // The text settles what time and name do not: the same alarms in another order are the same situation.
    firing.sort_by(|a, b| {
        let text = |alarm: &Alarm| serde_json::to_string(alarm).unwrap_or_default();
        (a.changed_at, &a.name).cmp(&(b.changed_at, &b.name)).then_with(|| text(a).cmp(&text(b)))
    });
    firing
}

/// The services of the topology, and those that only report metrics, by name.
fn services(situation: &Situation) -> Vec<Service> {
    let mut services = situation.topology.as_ref().map(|topology| topology.services.clone()).unwrap_or_default();
    tidy(&mut services);
    // Most names are known; looking each up is cheaper than sorting them all.
    let mut known: HashSet<&ServiceId> = services.iter().map(|service| &service.id).collect();
    let mut others: Vec<&ServiceId> = situation.series.iter().flatten().map(|series| &series.service).collect();
    others.retain(|id| known.insert(id));
    services.extend(others.into_iter().map(|id| Service::named(id.as_str())));
    tidy(&mut services);
    services
}

fn tidy(services: &mut Vec<Service>) {
    services.sort_by(|a, b| {
        let more = |service: &Service| (service.kind.clone(), service.account.clone(), service.region.clone());
        a.id.cmp(&b.id).then_with(|| (more(a), &a.aliases).cmp(&(more(b), &b.aliases)))
    });
    services.dedup_by(|a, b| a.id == b.id);
}

/// What an alarm itself calls the thing it watches: a dimension, else its own name.
fn own_words(alarm: &Alarm) -> &str {
    let dimensions = alarm.metric.as_ref().map(|metric| &metric.dimensions);
    let named = dimensions.and_then(|dimensions| {
        dimensions.iter().find(|(key, _)| key.ends_with("Name")).or_else(|| dimensions.iter().next())
    });
    named.map_or(alarm.name.as_str(), |(_, value)| value.as_str())
}

fn passes_through(kind: &str) -> bool {
    ["AWS::ApiGateway", "AWS::StepFunctions", "AWS::AppSync", "AWS::ElasticLoadBalancing"]
        .iter()
        .any(|family| kind.contains(family))
}

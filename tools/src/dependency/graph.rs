//! A topology as a compact sorted graph: nodes by name, each one's edges in one slice. Whoever walks it (predictions, cuts,
//! pictures) works with positions, so that the order in which services and edges were read changes nothing.

use crate::context::fold::{fold, kind_of};
use crate::model::{Edge, EdgeMode, Service, ServiceId, Topology};
use std::ops::Range;

/// Rates beyond this are a broken exporter, not a measurement.
const LARGEST: f64 = 1e12;

/// The graph, in compressed sparse rows.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    /// By caller, then callee.
    arcs: Vec<Arc>,
    /// For each node where its outgoing arcs begin; one more than nodes.
    first_out: Vec<usize>,
    /// Positions of the arcs by callee, then caller.
    incoming: Vec<usize>,
    /// For each node where its incoming ones begin in `incoming`; one more than nodes.
    first_in: Vec<usize>,
    /// Every name with its node, by name.
    names: Vec<(ServiceId, usize)>,
}

/// One service. The nodes by which traces draw one Lambda function are one.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub id: ServiceId,
    /// Its AWS type, where known.
    pub kind: Option<String>,
    /// Whether it was only inferred from calls.
    pub inferred: bool,
}

/// One edge by positions of its ends; never from a node to itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arc {
    /// Who calls.
    pub from: usize,
    /// Who is called.
    pub to: usize,
    /// Whether the caller waits; of several edges between the same two, whether any waits.
    pub mode: EdgeMode,
    /// Requests a minute, where known; of several edges their sum.
    pub per_min: Option<f64>,
    /// Mean latency in seconds, where known; of several edges the largest.
    pub latency_s: Option<f64>,
}

impl Arc {
    /// Whether the caller waits.
    pub fn waits(&self) -> bool {
        self.mode == EdgeMode::Sync
    }
}

impl Graph {
    /// Sorts and folds `topology`; edges with an unknown end, and those within one folded service, are left out.
    pub fn of(topology: &Topology) -> Self {
        let mut services: Vec<&Service> = topology.services.iter().collect();
        services.sort_by(|a, b| {
            let more = |service: &&Service| (service.kind.clone(), service.account.clone(), service.region.clone());
            a.id.cmp(&b.id).then_with(|| (more(a), &a.aliases).cmp(&(more(b), &b.aliases)))
        });
        services.dedup_by(|a, b| a.id == b.id);
        let services: Vec<Service> = services.into_iter().cloned().collect();
        let groups = fold(&services);
        let mut names = Vec::with_capacity(services.len());
        let mut nodes = Vec::with_capacity(groups.len());
        for (node, group) in groups.iter().enumerate() {
            names.extend(group.iter().map(|&at| (services[at].id.clone(), node)));
            let speaker = &services[group[0]];
            let kind = kind_of(speaker).map(str::to_owned);
            let inferred = matches!(kind.as_deref(), Some("remote" | "client"));
            nodes.push(Node { id: speaker.id.clone(), kind, inferred });
        }
        names.sort_unstable();
        let mut graph = Self { nodes, names, ..Self::default() };
        graph.connect(&topology.edges);
        graph
    }

    fn connect(&mut self, edges: &[Edge]) {
        let known = |value: Option<f64>| value.filter(|value| (0.0..LARGEST).contains(value));
        let arc = |edge: &Edge| {
            let (from, to) = (self.node(&edge.caller)?, self.node(&edge.callee)?);
            let (per_min, latency_s) = (known(edge.requests_per_min), known(edge.latency_s));
            (from != to).then_some(Arc { from, to, mode: edge.mode, per_min, latency_s })
        };
        let mut arcs: Vec<Arc> = edges.iter().filter_map(arc).collect();
        // Sums of floats depend on their order.
        let value = |value: Option<f64>| value.unwrap_or(-1.0);
        arcs.sort_by(|a, b| {
            let rates = || value(a.per_min).total_cmp(&value(b.per_min));
            (a.from, a.to).cmp(&(b.from, b.to)).then_with(rates)
        });
        arcs.dedup_by(|more, kept| {
            let same = (more.from, more.to) == (kept.from, kept.to);
            if same {
                kept.per_min = sum(kept.per_min, more.per_min);
                kept.latency_s = [kept.latency_s, more.latency_s].into_iter().flatten().max_by(f64::total_cmp);
                if more.waits() {
                    kept.mode = EdgeMode::Sync;
                }
            }
            same
        });
        let count = self.nodes.len();
        self.first_out = starts(count, arcs.iter().map(|arc| arc.from));
        self.incoming = (0..arcs.len()).collect();
        self.incoming.sort_by_key(|&at| (arcs[at].to, arcs[at].from));
        self.first_in = starts(count, self.incoming.iter().map(|&at| arcs[at].to));
        self.arcs = arcs;
    }

    /// How many services there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The services, by name.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The name of the service at a position.
    pub fn id(&self, node: usize) -> &ServiceId {
        &self.nodes[node].id
    }

    /// The position of a service, by any of its names.
    pub fn node(&self, id: &ServiceId) -> Option<usize> {
        self.names.binary_search_by(|(name, _)| name.cmp(id)).ok().map(|at| self.names[at].1)
    }

    /// All edges, by caller and callee.
    pub fn arcs(&self) -> &[Arc] {
        &self.arcs
    }

    /// The edges to what a service calls, by callee.
    pub fn callees(&self, node: usize) -> &[Arc] {
        &self.arcs[range(&self.first_out, node)]
    }

    /// The edges from those that call a service, by caller.
    pub fn callers(&self, node: usize) -> impl Iterator<Item = &Arc> {
        self.incoming[range(&self.first_in, node)].iter().map(|&at| &self.arcs[at])
    }

    /// The edge between two services.
    pub fn between(&self, from: usize, to: usize) -> Option<&Arc> {
        let arcs = self.callees(from);
        arcs.binary_search_by_key(&to, |arc| arc.to).ok().map(|at| &arcs[at])
    }

    /// Requests a minute a service gets over its edges, as far as known; none when no rate is.
    pub fn incoming_per_min(&self, node: usize) -> Option<f64> {
        self.callers(node).fold(None, |total, arc| sum(total, arc.per_min))
    }

    /// Requests a minute a service sends over its edges, as far as known; none when no rate is.
    pub fn outgoing_per_min(&self, node: usize) -> Option<f64> {
        self.callees(node).iter().fold(None, |total, arc| sum(total, arc.per_min))
    }

    /// The services that nobody known calls: where requests come from outside. Inferred ones do not count as callers, nor
    /// as entries.
    pub fn entries(&self) -> Vec<usize> {
        let is_entry = |&node: &usize| {
            !self.nodes[node].inferred
                && !self.callees(node).is_empty()
                && self.callers(node).all(|arc| self.nodes[arc.from].inferred)
        };
        (0..self.len()).filter(is_entry).collect()
    }
}

/// The places of one owner in a list sorted by owner.
fn range(starts: &[usize], node: usize) -> Range<usize> {
    starts[node]..starts[node + 1]
}

/// Where each of `count` owners begins in a list sorted by owner.
fn starts(count: usize, owners: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut starts = vec![0; count + 1];
    for owner in owners {
        starts[owner + 1] += 1;
    }
    for at in 0..count {
        starts[at + 1] += starts[at];
    }
    starts
}

fn sum(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &str, Option<f64>)]) -> Graph {
        let mut names: Vec<&str> = edges.iter().flat_map(|edge| [edge.0, edge.1]).collect();
        names.sort_unstable_by(|a, b| b.cmp(a));
        names.dedup();
        let edge =
            |(from, to, rate): &(&str, &str, Option<f64>)| Edge { requests_per_min: *rate, ..Edge::between(from, to) };
        Graph::of(&Topology {
            services: names.into_iter().map(Service::named).collect(),
            edges: edges.iter().map(edge).collect(),
        })
    }

    #[test]
    fn edges_are_found_from_both_ends_and_twins_are_one() {
        let graph = graph(&[
            ("b", "f_AWS::Lambda", Some(4.0)),
            ("a", "f_AWS::Lambda", Some(2.0)),
            ("a", "f_AWS::Lambda::Function", Some(1.0)),
            ("f_AWS::Lambda", "f_AWS::Lambda::Function", Some(7.0)),
            ("f_AWS::Lambda::Function", "t", None),
            ("t", "a", Some(f64::NAN)),
        ]);
        let names: Vec<&str> = graph.nodes().iter().map(|node| node.id.as_str()).collect();
        assert_eq!(names, ["a", "b", "f_AWS::Lambda::Function", "t"]);
        assert_eq!(graph.node(&ServiceId::new("f_AWS::Lambda")), Some(2));
        assert_eq!(graph.node(&ServiceId::new("x")), None);
        let callers: Vec<(usize, Option<f64>)> = graph.callers(2).map(|arc| (arc.from, arc.per_min)).collect();
        assert_eq!(callers, [(0, Some(3.0)), (1, Some(4.0))]);
        assert_eq!(graph.callees(2).iter().map(|arc| arc.to).collect::<Vec<_>>(), [3]);
        assert_eq!(graph.between(3, 0).map(|arc| arc.per_min), Some(None));
        assert_eq!((graph.incoming_per_min(2), graph.outgoing_per_min(3)), (Some(7.0), None));
        assert_eq!(graph.entries(), [1]);
    }
}

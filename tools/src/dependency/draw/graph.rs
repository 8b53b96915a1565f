//! The topology as pictures see it: one node for each service that is spoken of, twins folded, sorted by name; one link for each
//! pair that calls.

use crate::context::fold::fold;
use crate::model::{EdgeMode, Service, ServiceId, Topology, Verdict};
use std::collections::{BTreeMap, HashMap};

/// All services and calls.
#[derive(Debug)]
pub(super) struct Graph {
    /// Sorted by name.
    pub(super) nodes: Vec<Whole>,
    /// Calls from one node to another, by their ends.
    pub(super) calls: BTreeMap<(usize, usize), Calls>,
    /// For each node whom it calls, ascending.
    pub(super) callees: Vec<Vec<usize>>,
    /// For each node who calls it, ascending.
    pub(super) callers: Vec<Vec<usize>>,
    /// Edges whose ends are the same service.
    pub(super) loops: usize,
    positions: HashMap<ServiceId, usize>,
}

/// One service, whatever number of nodes the topology has for it.
#[derive(Debug)]
pub(super) struct Whole {
    /// The name it is spoken of by.
    pub(super) id: ServiceId,
    /// All its names.
    pub(super) members: Vec<ServiceId>,
}

/// All edges between two nodes.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// How many edges.
    pub(super) edges: usize,
    /// Whether the caller waits in any of them.
    pub(super) waits: bool,
    rates: Vec<f64>,
}

impl Calls {
    /// Requests a minute over all of them, where known.
    pub(super) fn per_min(&self) -> Option<f64> {
        if self.rates.is_empty() { None } else { Some(self.rates.iter().sum()) }
    }
}

impl Graph {
    /// Sorts and folds `topology`; services that only the verdict names are nodes too. Edges with an unknown end are left out,
    /// as everywhere.
    pub(super) fn of(topology: &Topology, verdict: &Verdict) -> Self {
        let named = verdict.cause().map(|cause| &cause.service).into_iter().chain(&verdict.path);
        let named = named.chain(verdict.affected.iter().map(|affected| &affected.service));
        let named = named.chain(verdict.expected.iter().map(|expected| &expected.service));
        // What the topology knows of a service comes before a bare name.
        let key = |service: &Service| {
            let Service { id, kind, account, region, .. } = service;
            (id.clone(), kind.is_none(), kind.clone(), account.clone(), region.clone())
        };
        let mut services = topology.services.clone();
        services.sort_by_cached_key(key);
        services.dedup_by(|a, b| a.id == b.id);
        let known = |id: &ServiceId| services.binary_search_by(|service| service.id.cmp(id)).is_ok();
        let strangers: Vec<Service> = named.filter(|id| !known(id)).map(|id| Service::named(id.as_str())).collect();
        services.extend(strangers);
        services.sort_by_cached_key(key);
        services.dedup_by(|a, b| a.id == b.id);

        let mut positions = HashMap::with_capacity(services.len());
        let mut nodes = Vec::new();
        for group in fold(&services) {
            let members: Vec<ServiceId> = group.iter().map(|&at| services[at].id.clone()).collect();
            positions.extend(members.iter().map(|id| (id.clone(), nodes.len())));
            nodes.push(Whole { id: services[group[0]].id.clone(), members });
        }
        let mut graph = Self {
            callees: vec![Vec::new(); nodes.len()],
            callers: vec![Vec::new(); nodes.len()],
            nodes,
            calls: BTreeMap::new(),
            loops: 0,
            positions,
        };
        for edge in &topology.edges {
            let (Some(from), Some(to)) = (graph.node(&edge.caller), graph.node(&edge.callee)) else { continue };
            if from == to {
                graph.loops += 1;
                continue;
            }
            let calls = graph.calls.entry((from, to)).or_default();
            calls.edges += 1;
            calls.waits |= edge.mode == EdgeMode::Sync;
            calls.rates.extend(edge.requests_per_min.filter(|rate| rate.is_finite()));
        }
        for (&(from, to), calls) in &mut graph.calls {
            graph.callees[from].push(to);
            graph.callers[to].push(from);
            // A sum of floats depends on their order.
            calls.rates.sort_unstable_by(f64::total_cmp);
        }
        graph
    }

    /// The node of a service, under whichever of its names.
    pub(super) fn node(&self, id: &ServiceId) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// Requests a minute from one node to another; 0 where nothing is known.
    pub(super) fn rate(&self, from: usize, to: usize) -> f64 {
        self.calls.get(&(from, to)).and_then(Calls::per_min).unwrap_or(0.0)
    }
}

//! Which services are drawn.

use super::graph::Graph;
use super::scene::MOST;
use crate::model::Verdict;
use std::collections::{BTreeSet, VecDeque};

/// A picture of a small trouble shows this many services where there are so many, for orientation.
const COMFORTABLE: usize = 12;

/// Of an estate that is no larger than this everything is drawn that calls or is called.
const SMALL_ESTATE: usize = 16;

/// Entry services that are looked for above the trouble, and how many calls away they may be.
const ENTRIES: usize = 2;
const ENTRY_HOPS: usize = 4;

/// The services to draw, at most [`MOST`], ascending: those the verdict speaks of, the ways down from the entries to them,
/// and for orientation some of their neighbours, the busiest first.
pub(super) fn choose(graph: &Graph, verdict: &Verdict) -> Vec<usize> {
    let mut chosen = Chosen::default();
    let told = told(graph, verdict);
    chosen.extend(&told);
    for way in entries(graph, &told) {
        // Half a way would end nowhere.
        if chosen.order.len() + way.iter().filter(|&&node| !chosen.has(node)).count() <= MOST {
            chosen.extend(&way);
        }
    }
    let room = (2 * chosen.order.len()).clamp(COMFORTABLE, MOST);
    let core: Vec<usize> = chosen.order.clone();
    let path: Vec<usize> = verdict
        .cause()
        .map(|cause| &cause.service)
        .into_iter()
        .chain(&verdict.path)
        .filter_map(|id| graph.node(id))
        .collect();
    for around in [path, core] {
        chosen.extend(&neighbours(graph, &around, &chosen, room));
    }
    if graph.nodes.len() <= SMALL_ESTATE {
        let is_linked = |node: &usize| !graph.callers[*node].is_empty() || !graph.callees[*node].is_empty();
        chosen.extend(&(0..graph.nodes.len()).filter(is_linked).collect::<Vec<usize>>());
    }
    if chosen.order.is_empty() {
        chosen.extend(&busiest(graph));
    }
    chosen.order.truncate(MOST);
    chosen.order.sort_unstable();
    chosen.order
}

#[derive(Debug, Default)]
struct Chosen {
    order: Vec<usize>,
    set: BTreeSet<usize>,
}

impl Chosen {
    fn has(&self, node: usize) -> bool {
        self.set.contains(&node)
    }

    fn extend(&mut self, nodes: &[usize]) {
        for &node in nodes {
            if self.order.len() < MOST && self.set.insert(node) {
                self.order.push(node);
            }
        }
    }
}

/// What the verdict speaks of, the weightiest first. A path that is too long is kept at both its ends.
fn told(graph: &Graph, verdict: &Verdict) -> Vec<usize> {
    let half = MOST / 2;
    let path = verdict.path.iter().take(half).chain(verdict.path.iter().rev().take(half));
    let ids = verdict.cause().map(|cause| &cause.service).into_iter().chain(path);
    let ids = ids.chain(verdict.affected.iter().take(MOST - ENTRIES).map(|affected| &affected.service));
    let ids = ids.chain(verdict.expected.iter().map(|expected| &expected.service));
    let mut told: Vec<usize> = Vec::new();
    for node in ids.filter_map(|id| graph.node(id)) {
        if !told.contains(&node) {
            told.push(node);
        }
    }
    told
}

/// Ways from an entry service, which nobody calls, down to the told ones; the shortest way first, then the busiest entry.
fn entries(graph: &Graph, told: &[usize]) -> Vec<Vec<usize>> {
    let mut towards: Vec<Option<(usize, usize)>> = vec![None; graph.nodes.len()];
    let mut queue = VecDeque::new();
    for &node in told {
        towards[node] = Some((0, node));
        queue.push_back(node);
    }
    let mut found: Vec<(usize, f64, usize)> = Vec::new();
    while let Some(node) = queue.pop_front() {
        let Some((hops, _)) = towards[node] else { continue };
        if graph.callers[node].is_empty() && hops > 0 {
            let busy: f64 = graph.callees[node].iter().map(|&to| graph.rate(node, to)).sum();
            found.push((hops, busy, node));
        }
        for &caller in graph.callers[node].iter().filter(|_| hops < ENTRY_HOPS) {
            if towards[caller].is_none() {
                towards[caller] = Some((hops + 1, node));
                queue.push_back(caller);
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
    let way = |(hops, _, entry): (usize, f64, usize)| {
        let down = |node: &usize| towards[*node].map(|(_, next)| next);
        std::iter::successors(Some(entry), down).take(hops).collect()
    };
    found.into_iter().take(ENTRIES).map(way).collect()
}

/// Who calls one of `around` or is called by it, the busiest first, as many as there is room for.
fn neighbours(graph: &Graph, around: &[usize], chosen: &Chosen, room: usize) -> Vec<usize> {
    let mut rates: std::collections::BTreeMap<usize, f64> = std::collections::BTreeMap::new();
    for &node in around {
        let callees = graph.callees[node].iter().map(|&to| (to, graph.rate(node, to)));
        let callers = graph.callers[node].iter().map(|&from| (from, graph.rate(from, node)));
        for (other, rate) in callees.chain(callers).filter(|(other, _)| !chosen.has(*other)) {
            let best = rates.entry(other).or_insert(rate);
            *best = best.max(rate);
        }
    }
    let mut found: Vec<(usize, f64)> = rates.into_iter().collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    found.into_iter().take(room.saturating_sub(chosen.order.len())).map(|(node, _)| node).collect()
}

/// Where nothing is told: the busiest services, so that the picture of a calm estate is one of it.
fn busiest(graph: &Graph) -> Vec<usize> {
    let mut traffic = vec![0.0; graph.nodes.len()];
    for (&(from, to), calls) in &graph.calls {
        let rate = calls.per_min().unwrap_or(0.0);
        traffic[from] += rate;
        traffic[to] += rate;
    }
    let mut nodes: Vec<usize> = (0..graph.nodes.len()).collect();
    nodes.sort_by(|&a, &b| traffic[b].total_cmp(&traffic[a]).then(a.cmp(&b)));
    nodes.truncate(COMFORTABLE);
    nodes
}

//! Who may suffer already, unseen: an alarm fires, and what its metrics show does not name a cause.
//!
//! Trouble is felt above where it is, so that it is at the alarming service or below it. Before anything shows each of them is as
//! likely at fault as any other, and one that is would be felt by the alarming one with the chances of
//! [`predict`](super::predict()): by Bayes' rule those are what one is told from the other. As in the inside–outside algorithm (Baker
//! 1979) the weights are gathered up and the belief is handed down, both along the waiting edges that lead further from the alarm:
//!
//! ```text
//! W(u) = 1 + Σ q(u, v) · W(v)            over callees v
//! P(v) = 1 − Π (1 − P(u) · q(u, v) · W(v) / W(u))        over callers u            P(a) = 1 − c
//! ```
//!
//! - q(u, v) is the chance that trouble of v that nothing else is known of passes to u.
//! - a is each service that alarms and waits for nobody who does: of two such the lower one is nearer to the trouble.
//! - c is the confidence in the cause, 0 where none was found.
//!
//! Trouble that shows does so soon after its alarm; P is lowered by S(t) as for whoever has been exposed for t, t since the alarm.

use super::graph::Graph;
use crate::model::{AlarmState, Answer, Claim, EvidenceId, Unseen, Verdict};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// An alarm that is to be explained.
#[derive(Clone, Copy, Debug)]
struct Start {
    node: usize,
    since: Timestamp,
    alarm: EvidenceId,
}

/// One service on the way down.
#[derive(Clone, Copy, Debug)]
struct Belief {
    /// How likely the trouble is not in it or below it.
    spared: f64,
    /// By position the alarm it is most likely below of, and how likely.
    start: (usize, f64),
}

/// The services below the alarms that `verdict` does not explain and that are no less likely than `least`, likeliest first, at most
/// `most`; `passes` is the chance that trouble passes an edge between two positions, `lowered` what is left of a probability after
/// the time since a moment.
pub(super) fn unseen(
    graph: &Graph,
    verdict: &Verdict,
    (least, most): (f64, usize),
    passes: impl Fn(&super::graph::Arc) -> f64,
    lowered: impl Fn(f64, Timestamp) -> f64,
) -> Vec<Unseen> {
    let doubt = match verdict.answer {
        Answer::CauseFound => 1.0 - verdict.causes.first().map_or(0.0, |cause| cause.confidence),
        Answer::NoCauseFound => 1.0,
    };
    let starts = starts(graph, verdict);
    let levels = levels(graph, &starts);
    let mut depth: Vec<Option<usize>> = vec![None; graph.len()];
    for (at, level) in levels.iter().enumerate() {
        for &node in level {
            depth[node] = Some(at);
        }
    }
    let depth = &depth;
    let deeper = |node: usize| {
        let next = depth[node].map(|depth| depth + 1);
        graph.callees(node).iter().filter(move |arc| arc.waits() && depth[arc.to] == next)
    };
    let mut weight = vec![0.0; graph.len()];
    for &node in levels.iter().rev().flatten() {
        weight[node] = 1.0 + deeper(node).map(|arc| passes(arc) * weight[arc.to]).sum::<f64>();
    }
    let mut belief: Vec<Option<Belief>> = vec![None; graph.len()];
    for (at, start) in starts.iter().enumerate() {
        belief[start.node] = Some(Belief { spared: 1.0 - doubt, start: (at, doubt) });
    }
    let mut found = Vec::new();
    for &node in levels.iter().flatten() {
        let Some(own) = belief[node] else { continue };
        let likely = 1.0 - own.spared;
        for arc in deeper(node) {
            let chance = likely * passes(arc) * weight[arc.to] / weight[node];
            let known = belief[arc.to].get_or_insert(Belief { spared: 1.0, start: (own.start.0, 0.0) });
            known.spared *= 1.0 - chance;
            if chance > known.start.1 {
                known.start = (own.start.0, chance);
            }
        }
        let start = starts[own.start.0];
        let probability = lowered(likely, start.since);
        if depth[node] > Some(0) && probability >= least && !graph.nodes()[node].inferred {
            found.push((node, probability, start));
        }
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    found.truncate(most);
    let tell = |(node, probability, start): (usize, f64, Start)| Unseen {
        service: graph.id(node).clone(),
        above: graph.id(start.node).clone(),
        probability: probability.clamp(0.0, 1.0),
        evidence: vec![start.alarm],
    };
    found.into_iter().map(tell).collect()
}

/// The alarming services that wait for no other one, by position, each with its first alarm.
fn starts(graph: &Graph, verdict: &Verdict) -> Vec<Start> {
    let mut firing: BTreeMap<usize, Start> = BTreeMap::new();
    for evidence in &verdict.evidence {
        if let Claim::Alarm { service: Some(service), state: AlarmState::Alarm, at, .. } = &evidence.claim
            && let Some(node) = graph.node(service)
        {
            let start = Start { node, since: *at, alarm: evidence.id };
            let first = firing.entry(node).or_insert(start);
            if *at < first.since {
                *first = start;
            }
        }
    }
    let is_lowest = |node: &usize| {
        graph.callees(*node).iter().all(|arc| !arc.waits() || arc.to == *node || !firing.contains_key(&arc.to))
    };
    firing.iter().filter(|(node, _)| is_lowest(node)).map(|(_, start)| *start).collect()
}

/// Breadth first from the starts down to whom they wait for, each level by name.
fn levels(graph: &Graph, starts: &[Start]) -> Vec<Vec<usize>> {
    let mut seen = vec![false; graph.len()];
    let mut level: Vec<usize> = starts.iter().map(|start| start.node).collect();
    for &node in &level {
        seen[node] = true;
    }
    let mut levels = Vec::new();
    while !level.is_empty() {
        let mut next = Vec::new();
        for &node in &level {
            for arc in graph.callees(node).iter().filter(|arc| arc.waits()) {
                if !std::mem::replace(&mut seen[arc.to], true) {
                    next.push(arc.to);
                }
            }
        }
        next.sort_unstable();
        levels.push(std::mem::replace(&mut level, next));
    }
    levels
}

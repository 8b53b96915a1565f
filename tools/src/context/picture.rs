//! Who suffers, since when: the hurt services around the cause and the alarms, and those that only alarm.

use super::attribute::Attribution;
use super::estate::{Alarmed, Estate};
use super::excess::{GATE, Observed, PAIR, Pair, observe_all};
use super::flow::Flows;
use super::kind::Kind;
use super::score::Ranking;
use crate::model::{Symptom, Window};
use jiff::Timestamp;

/// What one service's metrics show, ready to be told.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// The service.
    pub(super) node: usize,
    /// Of what.
    pub(super) kind: Kind,
    /// What was seen.
    pub(super) seen: Observed,
    /// The share of the excess that its callees do not explain.
    pub(super) own_share: f64,
    /// The span of the judged rows.
    pub(super) window: Window,
    /// The start of the first row out of range.
    pub(super) onset: Timestamp,
}

/// One service that suffers.
#[derive(Clone, Debug)]
pub(super) struct Sufferer {
    /// The service.
    pub(super) node: usize,
    /// Since when.
    pub(super) onset: Timestamp,
    /// How.
    pub(super) symptom: Symptom,
    /// What its metrics show, if they do.
    pub(super) reading: Option<Reading>,
}

impl Reading {
    /// Turns what was observed at `pair` into a reading.
    pub(super) fn of(node: usize, kind: Kind, seen: &Observed, own_share: f64, pair: Pair, flows: &Flows) -> Self {
        let grid = &flows.grid;
        let window = Window { from: grid.begins(pair.first), to: grid.begins(pair.first + PAIR) };
        let onset = grid.begins(seen.onset.unwrap_or(pair.first));
        Self { node, kind, seen: seen.clone(), own_share: own_share.clamp(0.0, 1.0), window, onset }
    }
}

/// Everything that is hurt in either kind, in the judged rows or in the latest ones, each service once: by what the
/// ranking was made of first.
pub(super) fn readings(estate: &Estate<'_>, flows: &Flows, ranking: &Ranking) -> Vec<Reading> {
    let latest = Pair { first: flows.grid.rows.saturating_sub(PAIR).max(ranking.pair.first), ..ranking.pair };
    let mut found: Vec<Option<Reading>> = vec![None; estate.nodes.len()];
    keep(&mut found, &ranking.observed, &ranking.attribution, ranking.kind, ranking.pair, flows);
    let nobody = Alarmed::none(estate);
    for (kind, pair) in [(ranking.kind, latest), (ranking.kind.other(), ranking.pair), (ranking.kind.other(), latest)] {
        if kind == ranking.kind && pair == ranking.pair {
            continue;
        }
        let observed = observe_all(estate, flows, kind, pair, |_| GATE);
        if observed.iter().enumerate().any(|(node, seen)| seen.gated && found[node].is_none()) {
            let attribution = Attribution::of(estate, &observed, &nobody, flows.grid.minutes(PAIR));
            keep(&mut found, &observed, &attribution, kind, pair, flows);
        }
    }
    found.into_iter().flatten().collect()
}

fn keep(
    found: &mut [Option<Reading>],
    observed: &[Observed],
    attribution: &Attribution,
    kind: Kind,
    pair: Pair,
    flows: &Flows,
) {
    for (slot, &node) in attribution.nodes.iter().enumerate() {
        let share = attribution.rest[slot] / attribution.own[slot];
        found[node].get_or_insert_with(|| Reading::of(node, kind, &observed[node], share, pair, flows));
    }
}

/// The hurt services that calls connect with the cause or an alarm, and the alarming ones; by onset, of
/// equal ones the cause first, then by name. Elsewhere
/// something is always a little unusual: that is not this incident. Without a graph, or without any alarm that could be
/// placed, all of them.
pub(super) fn sufferers(estate: &Estate<'_>, readings: Vec<Reading>, cause: Option<usize>) -> Vec<Sufferer> {
    let mut reading_of: Vec<Option<Reading>> = vec![None; estate.nodes.len()];
    for reading in readings {
        let node = reading.node;
        reading_of[node] = Some(reading);
    }
    let alarmed = Alarmed::of(estate, None);
    let starts: Vec<usize> = alarmed.nodes.iter().copied().chain(cause).collect();
    let everyone = starts.is_empty() || !estate.has_graph;
    let near = connected(estate, &starts, |node| reading_of[node].is_some());
    let mut sufferers = Vec::new();
    for (node, reading) in reading_of.into_iter().enumerate() {
        let alarm = estate.first_alarm(node).filter(|_| alarmed.has(node));
        let reading = reading.filter(|_| everyone || near[node]);
        let onsets = [reading.as_ref().map(|reading| reading.onset), alarm.map(|alarm| alarm.changed_at)];
        if let Some(onset) = onsets.into_iter().flatten().min() {
            let symptom = reading.as_ref().map_or(Symptom::Alarms, |reading| reading.kind.symptom());
            sufferers.push(Sufferer { node, onset, symptom, reading });
        }
    }
    // An inferred node is another view of what somebody else reports; it is listed only for want of a better one.
    let counts = |sufferer: &Sufferer| {
        !estate.nodes[sufferer.node].inferred || alarmed.has(sufferer.node) || cause == Some(sufferer.node)
    };
    if sufferers.iter().any(counts) {
        sufferers.retain(counts);
    }
    sufferers.sort_by_key(|sufferer| (sufferer.onset, cause != Some(sufferer.node), sufferer.node));
    sufferers
}

/// Everything that calls connect with `starts`, in either direction, through `hurt` nodes.
fn connected(estate: &Estate<'_>, starts: &[usize], hurt: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut seen = vec![false; estate.nodes.len()];
    let mut stack = starts.to_vec();
    while let Some(node) = stack.pop() {
        if std::mem::replace(&mut seen[node], true) {
            continue;
        }
        let callees = estate.callees[node].iter().map(|call| call.to);
        stack.extend(callees.chain(estate.callers[node].iter().copied()).filter(|&next| !seen[next] && hurt(next)));
    }
    seen
}

//! What lies ahead of an incident, in short: the map it rests on, who is hit next, and where to cut. Made at once, so that its claims
//! are numbered as one.

use super::cascade::{Foreseen, foresee};
use super::grade::listed;
use super::isolate::cut;
use super::lags::Lags;
use super::ledger::Ledger;
use super::map::{merge, parts_of};

use crate::context::Situation;
use crate::model::{Conflict, EdgeSource, MapSummary, Origin, Outlook, ServiceId, Topology, Verdict};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Predictions that are kept: nobody reads more, and facts are for ever.
const MOST_KEPT: usize = 20;

/// Services that are named of those which a cut brings back: who suffers now comes first.
const MOST_NAMED: usize = 100;

/// Edges of a cut that are kept, and gaps. A cut of more is no plan for the middle of the night.
const MOST_LISTED: usize = 50;

/// Contradictions that are told; the rest is counted.
const MOST_CONFLICTS: usize = 5;

/// What lies ahead after what `verdict` says of `situation`: a pure function.
pub fn outlook(situation: &Situation, verdict: &Verdict, lags: &Lags) -> Outlook {
    let mut ledger = Ledger::after(verdict);
    let mut gaps = verdict.gaps.clone();
    let Foreseen { mut predictions, mut unseen, otherwise } = foresee(situation, verdict, lags, &mut ledger, &mut gaps);
    let mut isolation = cut(situation, verdict, lags, &mut ledger, &mut gaps);
    predictions.truncate(MOST_KEPT);
    isolation.recovers.truncate(MOST_NAMED);
    isolation.cut.truncate(MOST_LISTED);
    gaps.truncate(verdict.gaps.len() + MOST_LISTED);
    unseen.truncate(MOST_KEPT);
    let others = well(situation, verdict).saturating_sub(listed(&predictions, &unseen).len());
    let referred: BTreeSet<_> = predictions
        .iter()
        .flat_map(|prediction| &prediction.evidence)
        .chain(isolation.cut.iter().flat_map(|edge| &edge.evidence))
        .copied()
        .collect();
    let evidence = ledger.close().split_off(verdict.evidence.len());
    Outlook {
        at: situation.now,
        map: situation.topology.as_ref().map(|topology| summary(topology, &situation.conflicts, situation.now)),
        predictions,
        unseen,
        others,
        otherwise,
        isolation,
        gaps: gaps.split_off(verdict.gaps.len()),
        evidence: evidence.into_iter().filter(|evidence| referred.contains(&evidence.id)).collect(),
    }
}

/// How many services report metrics and do not suffer.
fn well(situation: &Situation, verdict: &Verdict) -> usize {
    let reporting: BTreeSet<&ServiceId> = situation.series.iter().flatten().map(|series| &series.service).collect();
    let suffering: BTreeSet<&ServiceId> = verdict.affected.iter().map(|affected| &affected.service).collect();
    reporting.difference(&suffering).count()
}

/// What a map rests on. `conflicts` are those of its sources before they were merged.
fn summary(topology: &Topology, conflicts: &[Conflict], now: Timestamp) -> MapSummary {
    // Who notes no origin answers from what people wrote down.
    let map = merge(&parts_of(topology, Origin { source: EdgeSource::Declared, seen: now }), now);
    let mut sources: BTreeMap<EdgeSource, (usize, Timestamp)> = BTreeMap::new();
    for origin in map.topology.edges.iter().flat_map(|edge| &edge.origins) {
        let (edges, seen) = sources.entry(origin.source).or_insert((0, origin.seen));
        *edges += 1;
        *seen = (*seen).max(origin.seen);
    }
    let conflicts = if conflicts.is_empty() { &map.conflicts } else { conflicts };
    MapSummary {
        services: map.topology.services.len(),
        edges: map.topology.edges.len(),
        uncounted: map.topology.edges.iter().filter(|edge| edge.requests_per_min.is_none()).count(),
        sources: sources.into_iter().map(|(source, (edges, seen))| (source, edges, seen)).collect(),
        conflicts: conflicts.len(),
        shown: conflicts.iter().take(MOST_CONFLICTS).cloned().collect(),
    }
}

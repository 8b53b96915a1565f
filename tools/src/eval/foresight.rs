//! Predictions along a capsule's story, graded by its end.

use crate::capsule::Capsule;
use crate::context::{Situation, verdict};
use crate::dependency::{Asked, Graph, Lags, cascade, grade, listed};
use crate::model::{Foresight, ServiceId, Verdict, Window};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Predictions are asked for at most at so many moments of a story.
const MOMENTS: usize = 12;

/// How predictions came out at several moments between the first alarm and the end, where `end` is the verdict. None where the
/// capsule has no topology, or its metrics do not go on after the first alarm.
pub fn of(capsule: &Capsule, end: &Verdict) -> Option<Foresight> {
    let graph = Graph::of(&capsule.topology);
    let reports: BTreeSet<usize> = capsule.series.iter().filter_map(|series| graph.node(&series.service)).collect();
    let ask = |at: Timestamp| {
        let situation = until(capsule, at);
        let then = verdict(&situation);
        let suffering: BTreeSet<usize> =
            then.affected.iter().filter_map(|affected| graph.node(&affected.service)).collect();
        // Of who reports nothing nobody will ever know.
        let asked = |node: &usize| !suffering.contains(node) && !graph.nodes()[*node].inferred;
        let services: Vec<ServiceId> =
            reports.iter().copied().filter(asked).map(|node| graph.id(node).clone()).collect();
        let said = cascade(&situation, &then, &Lags::default());
        Asked { at, services, said: listed(&said.predictions, &said.unseen), otherwise: said.otherwise, well: 0 }
    };
    let moments = moments(capsule);
    let asked: Vec<Asked> = moments.into_iter().map(ask).collect();
    let onsets = end.affected.iter().map(|affected| (affected.service.clone(), affected.onset)).collect();
    (!asked.is_empty() && !graph.is_empty()).then(|| grade(&asked, &onsets))
}

/// What was known at one moment of a capsule's story; nothing later is in it.
pub fn until(capsule: &Capsule, now: Timestamp) -> Situation {
    let mut situation = super::situation_at_end(capsule);
    situation.now = now;
    situation.alarms = capsule.alarms_until(now);
    situation.changes = capsule.changes_until(now);
    let past = Window { from: Timestamp::MIN, to: now };
    for series in situation.series.iter_mut().flatten() {
        *series = series.within(past);
    }
    if let Some(lines) = &mut situation.logs {
        lines.retain(|line| line.at < now);
    }
    situation
}

/// Evenly spread moments from the first alarm on, a step of the metrics apart at least, the last of them a step before the end.
fn moments(capsule: &Capsule) -> Vec<Timestamp> {
    let alarms = capsule.alarms_until(capsule.window.to);
    let first = capsule
        .signals
        .iter()
        .filter(|delivery| matches!(delivery.signal, crate::model::Signal::Alarm { .. }))
        .map(|delivery| delivery.received)
        .min();
    let step = capsule.series.iter().map(|series| i64::from(series.step_s)).filter(|step| *step > 0).min();
    let (Some(first), Some(step), false) = (first, step, alarms.is_empty()) else { return Vec::new() };
    let length = capsule.window.to.duration_since(first).as_secs();
    let steps = usize::try_from(length / step).unwrap_or(0);
    // The verdict at the end has seen one step more than the last moment, at least.
    let every = steps.saturating_sub(1).div_ceil(MOMENTS).max(1);
    let moment = |at: usize| {
        let offset = step.saturating_mul(i64::try_from(at * every).unwrap_or(i64::MAX));
        first.saturating_add(SignedDuration::from_secs(offset)).unwrap_or(capsule.window.to)
    };
    (0..steps.saturating_sub(1).div_ceil(every)).map(moment).collect()
}

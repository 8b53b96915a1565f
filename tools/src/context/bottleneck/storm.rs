//! Retry storms: calls that only repeat earlier ones.
//!
//! Amplification is what a service gets, over what the requests of its callers explain: each caller is given the calls it
//! made for a request before. More than that, while the callee fails or is slow, is repetition.

use super::{LEAST_SHARE, Limit, Met, Sight};
use crate::context::logs::Complaint;
use crate::model::Unit;

/// Below this it may be another mix of requests.
const LEAST: f64 = 1.5;

/// What a growth is compared with is at least this: with hardly any callers left every call would look repeated.
const LEAST_GROWTH: f64 = 0.05;

/// The storm on `callee`, told of the caller that sends most.
pub(super) fn on(sight: &Sight<'_>, callee: usize) -> Option<Met> {
    let estate = sight.estate;
    let callers = &estate.callers[callee];
    if callers.is_empty() {
        return None;
    }
    let called = sight.gauges.flowing(callee);
    let growth = |flowing: &crate::context::vitals::Flowing| {
        let (before, now) = (flowing.before.per_min.filter(|before| *before > 0.0)?, flowing.now.per_min?);
        Some(now / before)
    };
    let grown = growth(called)?;
    let (loss, usual_loss) = (called.now.loss.unwrap_or(0.0), called.before.loss.unwrap_or(0.0));
    let is_slow = called.now.latency_ms.zip(called.before.latency_ms).is_some_and(|(now, usual)| now > 1.5 * usual);
    if loss < usual_loss + LEAST_SHARE && !is_slow {
        return None;
    }
    // Each caller weighs as much as the calls it made before; where those are not told, as much as its own requests.
    let rates: Option<Vec<f64>> = callers.iter().map(|&caller| estate.per_min(caller, callee)).collect();
    let (mut explained, mut weights, mut known) = (0.0, 0.0, Vec::new());
    for (at, &caller) in callers.iter().enumerate() {
        let flowing = sight.gauges.flowing(caller);
        let weight = rates.as_ref().map_or(flowing.before.per_min.unwrap_or(0.0), |rates| rates[at]);
        weights += weight;
        if let Some(growth) = growth(flowing) {
            explained += weight * growth;
            known.push((weight, caller, flowing.before.per_min));
        }
    }
    let seen: f64 = known.iter().map(|known| known.0).sum();
    // Callers that nothing is known of may have sent it all.
    if seen <= 0.0 || seen < 0.8 * weights {
        return None;
    }
    let explained = (explained / seen).max(LEAST_GROWTH);
    let amplification = grown / explained;
    let (now, before) = (called.now.per_min?, called.before.per_min?);
    if amplification < LEAST || !super::is_more(now, Some(explained * before), 1.0) {
        return None;
    }
    let &(_, caller, usually) = known.iter().max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
    let usual = usually.filter(|usually| callers.len() == 1 && *usually > 0.0).map(|usually| before / usually);
    let query = format!("AND {} requests Sum", sight.name(callee));
    let what = format!("calls to {} against what its own requests explain", sight.name(callee));
    let mut claims = vec![
        sight.figure(caller, &what, (amplification, Unit::Times), None, &query),
        sight.figure(callee, "requests", (now, Unit::PerMinute), Some(before), "requests Sum"),
    ];
    claims.extend(sight.logged(caller, Complaint::Throttled));
    let limit = Limit::RetryStorm { callee: sight.name(callee), amplification, usual };
    Some(Met { node: caller, limit, severity: 1.0 - 1.0 / amplification, claims })
}

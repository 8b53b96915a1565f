//! How long trouble takes from a callee to a caller, in this incident and in earlier ones.

use crate::model::{ServiceId, Verdict};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The lags that earlier incidents showed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lags {
    /// Minutes by caller and callee: all that were seen, ascending.
    seen: BTreeMap<(ServiceId, ServiceId), Vec<f64>>,
    /// All of them together, ascending.
    all: Vec<f64>,
}

impl Lags {
    /// Learns from the paths of earlier verdicts, in any order.
    pub fn learn<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> Self {
        let mut lags = Self::default();
        for verdict in verdicts {
            for (caller, callee, lag) in hops(verdict) {
                lags.seen.entry((caller.clone(), callee.clone())).or_default().push(lag);
                lags.all.push(lag);
            }
        }
        for list in lags.seen.values_mut().chain([&mut lags.all]) {
            list.sort_by(f64::total_cmp);
        }
        lags
    }

    /// The median lag of an edge in minutes, where trouble ever went over it.
    pub fn of_edge(&self, caller: &ServiceId, callee: &ServiceId) -> Option<f64> {
        if self.seen.is_empty() {
            return None;
        }
        self.seen.get(&(caller.clone(), callee.clone())).and_then(|lags| median(lags))
    }

    /// The median lag of any hop in minutes.
    pub fn any(&self) -> Option<f64> {
        median(&self.all)
    }

    /// The median lag of a hop along the path of one incident in minutes, as its verdict counts it.
    pub(crate) fn of_incident(verdict: &Verdict) -> Option<f64> {
        let mut lags: Vec<f64> = hops(verdict).map(|(.., lag)| lag).collect();
        lags.sort_by(f64::total_cmp);
        median(&lags)
    }
}

/// The hops of a verdict's path: caller, callee, and the minutes between their onsets. A caller that was out of range before its
/// callee tells nothing about how trouble travels up.
fn hops(verdict: &Verdict) -> impl Iterator<Item = (&ServiceId, &ServiceId, f64)> {
    let onsets: BTreeMap<&ServiceId, Timestamp> =
        verdict.affected.iter().map(|affected| (&affected.service, affected.onset)).collect();
    verdict.path.windows(2).filter_map(move |hop| {
        let lag = onsets.get(&hop[1])?.duration_since(*onsets.get(&hop[0])?).as_secs_f64() / 60.0;
        (lag >= 0.0).then_some((&hop[1], &hop[0], lag))
    })
}

/// The middle of ascending lags; none where it is zero, which the steps of the metrics were too coarse to see.
pub(super) fn median(lags: &[f64]) -> Option<f64> {
    let high = *lags.get(lags.len() / 2)?;
    let low = if lags.len().is_multiple_of(2) { lags[lags.len() / 2 - 1] } else { high };
    Some(f64::midpoint(low, high)).filter(|lag| *lag > 0.0)
}

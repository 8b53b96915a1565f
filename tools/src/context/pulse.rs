//! What flows through chosen services, before the trouble and in its last minutes: for the other toolsets.

use super::HISTORY;
use super::Situation;
use super::estate::Estate;
use super::gauge::{Gauges, Spans};
use super::vitals::Vitals;
use crate::model::{ServiceId, Window, minutes};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Of the trouble so much is looked at: how bad it is now, not how it began.
const RECENT: SignedDuration = minutes(5);

/// What was *before* ends this long before the trouble.
const GUARD: SignedDuration = minutes(3);

/// The figures of one service. What was not measured is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pulse {
    /// Before the trouble.
    pub(crate) before: Beat,
    /// In its last minutes.
    pub(crate) now: Beat,
    /// The fullest of what it reports to be in use (processor, memory, provisioned environments), 0–1.
    pub(crate) in_use: Option<f64>,
}

/// The figures of one span.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Beat {
    /// Requests a minute.
    pub(crate) per_min: Option<f64>,
    /// Share of them that fails, 0–1.
    pub(crate) loss: Option<f64>,
    /// Mean latency in seconds.
    pub(crate) latency_s: Option<f64>,
}

impl Beat {
    fn of(vitals: &Vitals) -> Self {
        let latency_s = vitals.latency_ms.map(|latency| latency / 1000.0);
        Self { per_min: vitals.per_min, loss: vitals.loss.map(|loss| loss.clamp(0.0, 1.0)), latency_s }
    }
}

/// The pulse of each of `wanted` that any series tells of; the trouble began at `onset`.
pub(crate) fn pulses(situation: &Situation, onset: Timestamp, wanted: &[ServiceId]) -> BTreeMap<ServiceId, Pulse> {
    let now = situation.now;
    let earlier = |at: Timestamp, by: SignedDuration| at.saturating_sub(by).unwrap_or(Timestamp::MIN);
    let spans = Spans {
        before: Window { from: earlier(onset, HISTORY), to: earlier(onset, GUARD) },
        trouble: Window { from: onset.max(earlier(now, RECENT)).min(now), to: now },
    };
    let estate = Estate::of(situation);
    let mut is_wanted = vec![false; estate.nodes.len()];
    let nodes: Vec<(usize, &ServiceId)> =
        wanted.iter().filter_map(|service| Some((estate.node(service)?, service))).collect();
    for (node, _) in &nodes {
        is_wanted[*node] = true;
    }
    let gauges = Gauges::of(situation, &estate, spans, &is_wanted);
    let pulse = |(node, service): (usize, &ServiceId)| {
        let flowing = gauges.flowing(node);
        let in_use = gauges.such(node, |name| name.metric.ends_with("Utilization")).filter_map(|(name, gauge)| {
            // A share of provisioned environments is 0–1 already, all others are percent.
            let whole = if name.metric.starts_with("ProvisionedConcurrency") { 1.0 } else { 100.0 };
            gauge.now.peak().map(|peak| (peak / whole).clamp(0.0, 1.0))
        });
        let pulse = Pulse {
            before: Beat::of(&flowing.before),
            now: Beat::of(&flowing.now),
            in_use: in_use.max_by(f64::total_cmp),
        };
        (service.clone(), pulse)
    };
    nodes.into_iter().map(pulse).collect()
}

//! Cold starts: invocations that wait for a new execution environment.
//!
//! No metric of AWS's own counts them. Lambda writes them into its report of each invocation; Lambda Insights makes a metric
//! of them. Reports may be a sample of all invocations: shares and durations survive that, counts do not, so the metric
//! counts where it is there.

use super::{Claimed, Limit, Met, Sight, count};
use crate::context::logs;
use crate::model::{Claim, Unit, Window};
use std::collections::BTreeSet;

/// From this share on what they add is the 95th percentile of the function's latency: one in twenty.
const ONE_IN_TWENTY: f64 = 0.05;

/// Fewer are not spoken of: a start now and then is how Lambda works.
const LEAST: f64 = 3.0;

/// What the reports of a span tell.
#[derive(Default)]
struct Reports {
    invocations: f64,
    inits_ms: Vec<f64>,
}

impl Reports {
    fn share(&self) -> Option<f64> {
        (self.invocations > 0.0).then(|| count(self.inits_ms.len()) / self.invocations)
    }

    /// The value below which `share` of the inits lie, linear between two.
    fn quantile(&self, share: f64) -> Option<f64> {
        let mut sorted = self.inits_ms.clone();
        sorted.sort_by(f64::total_cmp);
        let place = share * count(sorted.len().checked_sub(1)?);
        let (low, high) = (sorted.iter().zip(0u32..)).fold((None, None), |(low, high), (value, at)| {
            let at = f64::from(at);
            (if at <= place { Some((at, *value)) } else { low }, high.or((at >= place).then_some(*value)))
        });
        let ((at, low), high) = (low?, high?);
        Some(low + (place - at) * (high - low))
    }
}

pub(super) fn starts(sight: &Sight<'_>, node: usize) -> Option<Met> {
    let spans = sight.gauges.spans;
    let lines = reports(sight, node, spans.trouble);
    let earlier = reports(sight, node, Window { from: spans.before.from, to: spans.trouble.from });
    let metric = |stat: &str| sight.gauges.named(node, "init_duration", &[stat]).map(|(_, gauge)| gauge);
    // Most nodes tell nothing of starts at all.
    if lines.share().is_none() && metric("SampleCount").is_none() {
        return None;
    }
    let requests = sight.gauges.flowing(node);
    let counted = metric("SampleCount").and_then(|gauge| {
        let cold: f64 = gauge.now.values.iter().map(|row| row.2).sum();
        // A minute without a point may be one without Lambda Insights: against all minutes the share is the least there was.
        let minutes = minutes(spans.trouble);
        let share = super::share(cold / minutes, requests.now.per_min)?;
        let usual = gauge.before.per_min().and_then(|per_min| super::share(per_min, requests.before.per_min));
        Some((cold, share, usual))
    });
    let logged = lines.share().map(|share| (count(lines.inits_ms.len()), share, earlier.share()));
    let (count, share, usual_share) = counted.or(logged)?;
    let mean = || {
        let (counts, means) = (metric("SampleCount")?, metric("Average")?);
        let (sum, weight) = means
            .now
            .paired(&counts.now)
            .fold((0.0, 0.0), |sums, (mean, count)| (sums.0 + mean * count, sums.1 + count));
        (weight > 0.0).then(|| sum / weight)
    };
    let seen = super::count(lines.inits_ms.len()) >= LEAST;
    let added_ms = if seen { lines.quantile(0.5) } else { mean().or_else(|| metric("Average")?.now.mean()) }?;
    let is_many = share >= ONE_IN_TWENTY && usual_share.is_none_or(|usual| share >= usual);
    let has_risen = share >= super::LEAST_SHARE && usual_share.is_some_and(|usual| share >= 3.0 * usual.max(0.002));
    if count < LEAST || !(is_many || has_risen) {
        return None;
    }
    let p95_ms = seen.then(|| lines.quantile(0.95)).flatten();
    let mut claims = Vec::new();
    if counted.is_some() {
        let value = (100.0 * share, Unit::Percent);
        let usual = usual_share.map(|usual| 100.0 * usual);
        claims.push(sight.figure(node, "cold starts", value, usual, "LambdaInsights/init_duration SampleCount"));
    } else {
        claims.push(reported(
            sight,
            node,
            "cold starts",
            (100.0 * share, Unit::Percent),
            usual_share.map(|usual| 100.0 * usual),
        ));
    }
    if seen {
        claims.push(reported(
            sight,
            node,
            "median init duration",
            (added_ms, Unit::Milliseconds),
            earlier.quantile(0.5),
        ));
    } else {
        let value = (added_ms, Unit::Milliseconds);
        claims.push(sight.figure(node, "mean init duration", value, None, "LambdaInsights/init_duration Average"));
    }
    let limit = Limit::ColdStarts { count, share, added_ms, p95_ms, usual_share };
    Some(Met { node, limit, severity: share, claims })
}

fn reported(sight: &Sight<'_>, node: usize, name: &str, (value, unit): (f64, Unit), usual: Option<f64>) -> Claimed {
    let claim = Claim::Figure { service: sight.name(node), name: name.to_owned(), value, unit, usual };
    Claimed {
        claim,
        query: format!("StartQuery {} | filter @type = \"REPORT\"", sight.name(node)),
        window: sight.gauges.spans.trouble,
    }
}

/// The reports of `window`, each invocation once.
fn reports(sight: &Sight<'_>, node: usize, window: Window) -> Reports {
    let mut seen = BTreeSet::new();
    let mut inits: Vec<f64> = Vec::new();
    let mut invocations = 0_usize;
    for line in sight.logs.of[node].iter().filter(|line| window.contains(line.at)) {
        let Some(report) = logs::report(&line.text) else { continue };
        if report.request.is_none_or(|request| seen.insert(request)) {
            invocations += 1;
            inits.extend(report.init_ms);
        }
    }
    Reports { invocations: count(invocations), inits_ms: inits }
}

fn minutes(window: Window) -> f64 {
    (window.to.duration_since(window.from).as_secs_f64() / 60.0).max(1.0)
}

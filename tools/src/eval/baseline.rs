//! The baseline the verdict is held against: ranked correlation, as published with the PetShop data set (Hardt, Orchard,
//! Blöbaum, Kirschbaum, Kasiviswanathan, *The PetShop Dataset — Finding Causes of Performance Issues across Microservices*,
//! Causal Learning and Reasoning 2024, arXiv:2311.04806) and with the settings of its authors' code.
//!
//! What is computed: the metric that alarms is correlated (Pearson) with the same metric of every other service over the
//! rows of the incident, rows with a missing value left out, and the others are ranked by the p-value of the correlation:
//! with equally many rows that is the order of |r|. Before that, services whose metric is in its usual range are struck
//! off: in the first wholly affected row in which the alarming service is out of its range, theirs must be too, where *out*
//! is five scaled median deviations from the median of the rows before the incident. The alarming service itself is no
//! candidate.
//!
//! Two things differ. Where the alarming service never leaves its range the authors' code answers nothing; here nobody is
//! struck off then, so that this baseline never abstains as long as anything can be correlated. And the rows of the
//! incident are not given: they begin ten minutes (and two rows at least) before the alarm's row and end with what is known.

use crate::context::{Atlas, Situation, symptom_of};
use crate::model::{Alarm, Measure, Series, ServiceId, Symptom};
use std::ops::Range;

/// The incident begins this long before the alarm's row.
const BEFORE_S: i64 = 600;

/// Out of range, in scaled median deviations.
const OUT: f64 = 5.0;

/// A median deviation of fewer values is none.
const MIN_HISTORY: usize = 10;

/// A median deviation times this is the standard deviation of a normal distribution.
const SCALE: f64 = 1.4826;

/// One candidate of the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The service.
    pub service: ServiceId,
    /// The p-value of its correlation with the alarming metric, 0–1; smaller is more suspicious, equal ones are ties.
    pub p: f64,
}

/// The candidates, most suspicious first; of equal ones by name.
pub fn correlate(situation: &Situation) -> Vec<Candidate> {
    let Some((alarm, target)) = target(situation) else { return Vec::new() };
    let row = |number: i64| usize::try_from(number).unwrap_or(0).min(target.values.len());
    let step = i64::from(target.step_s.max(1));
    let alarm_row = target.step_of(alarm.changed_at);
    let rows = row(alarm_row - (BEFORE_S / step).max(2))..row(target.step_of(situation.now));
    let judged = judged_row(target, &rows, row(alarm_row + 1));
    let mut others: Vec<&Series> = situation.series.iter().flatten().collect();
    others.retain(|each| each.measure == target.measure && each.service != target.service);
    others.sort_by(|a, b| (&a.service, a.start, a.step_s).cmp(&(&b.service, b.start, b.step_s)));
    others.dedup_by(|a, b| a.service == b.service);
    let is_out = |each: &Series| judged.is_none_or(|at| is_out(each, target, rows.start, at));
    let candidates = others.into_iter().filter(|each| is_out(each)).filter_map(|each| {
        let pairs: Vec<(f64, f64)> =
            rows.clone().filter_map(|at| Some((target.values[at]?, each.at(target.begins(at))?))).collect();
        Some(Candidate { service: each.service.clone(), p: p_value(correlation(&pairs)?, pairs.len()) })
    });
    let mut candidates: Vec<Candidate> = candidates.collect();
    candidates.sort_by(|a, b| a.p.total_cmp(&b.p).then(a.service.cmp(&b.service)));
    candidates
}

/// The first alarm whose service reports the metric it is about, and that metric.
fn target(situation: &Situation) -> Option<(&Alarm, &Series)> {
    let series = situation.series.as_deref()?;
    let atlas = Atlas::new(situation.topology.clone().unwrap_or_default());
    let mut alarms: Vec<&Alarm> = situation.alarms.iter().collect();
    alarms.sort_by_key(|alarm| (alarm.changed_at, &alarm.name));
    alarms.into_iter().find_map(|alarm| {
        let service = &atlas.service_of(alarm)?.id;
        let of = |measure: &Measure| {
            series.iter().find(|each| each.service == *service && each.measure == *measure && !each.values.is_empty())
        };
        Some((alarm, measures_of(alarm).iter().find_map(of)?))
    })
}

/// What an alarm may be about, the likeliest first.
fn measures_of(alarm: &Alarm) -> &'static [Measure] {
    match symptom_of(alarm) {
        Some(Symptom::Latency) => &[Measure::Latency],
        Some(Symptom::Faults) => &[Measure::Availability, Measure::Faults],
        Some(Symptom::Alarms | Symptom::Signs) | None => &[Measure::Latency, Measure::Availability, Measure::Faults],
    }
}

/// The first row from `earliest` on in which the target is out of its range.
fn judged_row(target: &Series, rows: &Range<usize>, earliest: usize) -> Option<usize> {
    (earliest..rows.end).find(|&row| is_out(target, target, rows.start, row))
}

/// Whether `series` is out of its usual range in a `row` of the target; its usual range is what it was before row `start`.
fn is_out(series: &Series, target: &Series, start: usize, row: usize) -> bool {
    let Some(value) = series.at(target.begins(row)) else { return false };
    let begin = target.begins(start);
    let before = series.values.iter().enumerate().filter(|(at, _)| series.begins(*at) < begin);
    let mut history: Vec<f64> = before.filter_map(|(_, value)| *value).filter(|value| value.is_finite()).collect();
    if history.len() < MIN_HISTORY {
        return false;
    }
    let middle = median(&mut history);
    for value in &mut history {
        *value = (*value - middle).abs();
    }
    (value - middle).abs() > OUT * SCALE * median(&mut history)
}

/// The middle of `values`; there is one at least.
fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], values[middle]) } else { values[middle] }
}

/// Pearson's r; none where one side does not vary.
fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let count = count(pairs.len());
    let mean = |side: fn(&(f64, f64)) -> f64| pairs.iter().map(side).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        let (x, y) = (x - mean_x, y - mean_y);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    let r = xy / (xx.sqrt() * yy.sqrt());
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
}

/// The two-sided p-value of Pearson's `r` over `rows` pairs. With x = 1 − r² it is the regularised incomplete beta function
/// I(x; (n − 2)/2, ½); with x = sin²φ that is the integral of sinⁿ⁻³ up to φ over the same up to π/2.
fn p_value(r: f64, rows: usize) -> f64 {
    if rows < 3 {
        return 1.0;
    }
    let power = count(rows - 3);
    let integral = |end: f64| {
        // Simpson's rule.
        let width = end / count(INTERVALS);
        let weight = |at: usize| if at == 0 || at == INTERVALS { 1.0 } else { [2.0, 4.0][at % 2] };
        let sum: f64 = (0..=INTERVALS).map(|at| weight(at) * (width * count(at)).sin().powf(power)).sum();
        sum * width / 3.0
    };
    let angle = (1.0 - r * r).max(0.0).sqrt().asin();
    (integral(angle) / integral(std::f64::consts::FRAC_PI_2)).clamp(0.0, 1.0)
}

/// Intervals of the integration; even.
const INTERVALS: usize = 128;

#[expect(clippy::cast_precision_loss, reason = "numbers of rows")]
fn count(rows: usize) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capsule::{self, AUTH_CASCADE};
    use crate::eval::situation_at_end;
    use crate::model::Topology;

    /// The p-values of a table of Student's t (two-sided), which the beta function must meet.
    #[test]
    fn p_values_are_those_of_students_t() {
        let check = |r: f64, rows: usize, expected: f64| {
            let p = p_value(r, rows);
            assert!((p - expected).abs() < 5e-4, "r {r} over {rows} rows: {p}");
        };
        // The critical values of r at 5 % and 1 %.
        check(0.8783, 5, 0.05);
        check(-0.9587, 5, 0.01);
        check(0.9969, 3, 0.05);
        check(0.6319, 10, 0.05);
        check(0.3610, 30, 0.05);
        check(0.0, 9, 1.0);
        check(1.0, 9, 0.0);
        assert!((p_value(1.0, 2) - 1.0).abs() < f64::EPSILON, "two points always lie on a line");
    }

    #[test]
    fn correlation_is_pearsons() {
        let r = correlation(&[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]).unwrap();
        assert!((r - 1.0).abs() < 1e-12, "{r}");
        let r = correlation(&[(1.0, 2.0), (2.0, 1.0), (3.0, 4.0), (4.0, 3.0)]).unwrap();
        assert!((r - 0.6).abs() < 1e-12, "{r}");
        assert_eq!(correlation(&[(1.0, 5.0), (2.0, 5.0)]), None);
        assert_eq!(correlation(&[]), None);
    }

    fn situation() -> Situation {
        situation_at_end(&capsule::parse(AUTH_CASCADE.as_bytes()).unwrap())
    }

    #[test]
    fn what_rises_with_the_alarm_comes_first_and_the_alarming_service_is_no_candidate() {
        let situation = situation();
        let (alarm, target) = target(&situation).unwrap();
        assert_eq!(symptom_of(alarm), Some(Symptom::Faults));
        let candidates = correlate(&situation);
        assert!(candidates.iter().all(|candidate| candidate.service != target.service));
        assert!(candidates.is_sorted_by(|a, b| a.p <= b.p));
        assert!(candidates[0].p < 1e-6 && candidates.len() > 3, "{candidates:?}");
    }

    #[test]
    fn without_a_metric_of_the_alarm_there_is_no_candidate() {
        let mut situation = situation();
        situation.topology = Some(Topology::default());
        assert_eq!(correlate(&situation), []);
        situation.series = None;
        assert_eq!(correlate(&situation), []);
    }

    #[test]
    fn an_alarm_in_its_usual_range_strikes_nobody_off() {
        let mut situation = situation();
        let all = correlate(&situation).len();
        // Long before anything happened.
        let day = jiff::SignedDuration::from_mins(30);
        for alarm in &mut situation.alarms {
            alarm.changed_at = alarm.changed_at.checked_sub(day).unwrap();
        }
        situation.now = situation.alarms.iter().map(|alarm| alarm.changed_at).min().unwrap();
        assert!(correlate(&situation).len() >= all);
    }
}

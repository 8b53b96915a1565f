//! How far a service is above what it was, both usually and just before, and how much of that is noise.

use super::estate::Estate;
use super::flow::{Flow, Flows, Grid};
use super::kind::Kind;
use crate::model::Measure;
use std::ops::Range;

/// A service counts as hurt at this many robust deviations.
pub(super) const GATE: f64 = 3.0;

/// An alarming one already at this many: its alarm is evidence too, and real faults move the mean of an entry point little.
pub(super) const GATE_ALARMED: f64 = 1.0;

/// A change below this share of the reference is noise, whatever the spread of the past says.
pub(super) const RELATIVE: f64 = 0.05;

/// The same with only a few rows to compare with.
const RELATIVE_SHORT: f64 = 0.10;

/// Where requests are not counted, a failed share below this is noise.
const UNCOUNTED_SHARE: f64 = 0.01;

/// Fewer rows of history than this give no usable spread.
pub(super) const MIN_HISTORY: usize = 12;

/// An alarm may be this late.
const LATE_S: i64 = 300;

/// An alarm may be early by this many rows, since the worst may come after it, and by so many seconds: clocks differ, and
/// some tools stamp an alarm with the beginning of its evaluation.
const EARLY_ROWS: usize = 2;
const EARLY_S: i64 = 300;

/// Rows that are looked at together. Two at any step: the spread is taken over sums of two rows of history as well, so
/// that shorter rows with fewer requests ask for a larger excess by themselves. Wider sums at short steps were not worth
/// the delay: the first card has to speak when two rows after the onset are there.
pub(super) const PAIR: usize = 2;

/// The two rows that are judged, and where the trouble began to touch them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// The first of the two.
    pub(super) first: usize,
    /// The rows of the window before this one are what was *just before*.
    pub(super) touched: usize,
}

impl Pair {
    /// What `values` were just before. The last row is left out where there are others, since it may be partly hit.
    fn just_before(self, values: &[f64], requests: &[f64], grid: &Grid) -> Option<f64> {
        let guarded = pooled(values, requests, grid.history..self.touched.saturating_sub(1));
        guarded.or_else(|| pooled(values, requests, grid.history..self.touched))
    }
}

/// What one service shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    /// The member that shows it.
    pub(super) member: usize,
    /// Whether there is any data of it in the window.
    pub(super) visible: bool,
    /// Whether it is hurt.
    pub(super) gated: bool,
    /// Excess seconds or failed requests of the pair.
    pub(super) own: f64,
    /// Robust deviations; an upper bound where not gated.
    pub(super) z: f64,
    /// Requests of the pair.
    pub(super) requests: f64,
    /// Requests of those rows of the pair that have a value.
    pub(super) valued: f64,
    /// How many rows that are.
    pub(super) live: usize,
    /// The mean of the value.
    pub(super) level: f64,
    /// What is expected of the value; none where it never had one before.
    pub(super) reference: Option<f64>,
    /// How badly a single request is hit: the share by which it takes longer, or by which more of them fail.
    pub(super) severity: f64,
    /// Whether that is a share of failing requests.
    pub(super) is_share: bool,
    /// Rows of history with a value.
    pub(super) history: usize,
    /// The first row of the window that is out of range.
    pub(super) onset: Option<usize>,
}

/// Memory that is used again and again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    values: Vec<f64>,
    sums: Vec<f64>,
    order: Order,
}

/// Looks at one flow. `gate` is the least z of a hurt service.
pub(super) fn observe(flow: &Flow, kind: Kind, grid: &Grid, pair: Pair, gate: f64, scratch: &mut Scratch) -> Observed {
    let mut seen = Observed { visible: flow.visible, ..Observed::default() };
    if !flow.visible {
        return seen;
    }
    let (values, requests, usual) = (flow.values(kind), flow.requests.as_slice(), flow.usual(kind));
    let after = pair.first..(pair.first + PAIR).min(grid.rows).max(pair.first);
    seen.requests = after.clone().map(|row| requests[row]).sum();
    seen.history = usual.rows;
    let live = |row: &usize| !values[*row].is_nan() && requests[*row] > 0.0;
    seen.live = after.clone().filter(live).count();
    if seen.live == 0 {
        return seen;
    }
    let just_before = pair.just_before(values, requests, grid);
    seen.reference = match (usual.level, just_before) {
        (Some(usual), Some(before)) => Some(usual.max(before)),
        (usual, before) => usual.or(before),
    };
    let reference = seen.reference.unwrap_or(0.0);
    seen.valued = after.clone().filter(live).map(|row| requests[row]).sum();
    let excess: f64 = after.clone().filter(live).map(|row| requests[row] * (values[row] - reference)).sum();
    seen.level = reference + excess / seen.valued;
    seen.own = excess.max(0.0);
    seen.is_share = kind == Kind::Failures;
    seen.severity = match kind {
        Kind::Latency if reference > 0.0 => seen.level / reference - 1.0,
        Kind::Latency => 0.0,
        Kind::Failures => seen.level - reference,
    };
    let has_history = seen.history >= MIN_HISTORY;
    let floor = floor(flow, kind, seen.valued, reference, has_history);
    seen.z = if floor > 0.0 { excess / floor } else { 0.0 };
    // The spread of the past can only make z smaller; most services are not hurt, and need no look at it.
    if seen.z >= gate
        && has_history
        && let Some(usual) = usual.level
    {
        let in_pairs = seen.live == PAIR;
        let spread =
            flow.spread(kind, in_pairs, || spread(&values[..grid.history], requests, usual, in_pairs, scratch));
        seen.z = excess / floor.max(spread);
    }
    seen.gated = seen.z >= gate && seen.own > 0.0 && seen.reference.is_some();
    if seen.gated {
        // A row is out of range at half of the pair's mean excess, and at the gate already: a strong end must not hide a
        // weak beginning.
        let rows = if seen.live == PAIR { 2.0 } else { 1.0 };
        let least = (excess / rows / 2.0).min(GATE * excess / seen.z / f64::sqrt(rows));
        let excess_of = |row: usize| requests[row] * (values[row] - reference);
        let first_out = after.clone().find(|&row| excess_of(row) >= least).unwrap_or(pair.first);
        seen.onset = Some(run_start(grid.history, first_out, |row| excess_of(row) < least));
    }
    seen
}

/// The first row of the unbroken run that ends at `last`; a missing value breaks nothing.
fn run_start(earliest: usize, last: usize, breaks: impl Fn(usize) -> bool) -> usize {
    (earliest..last).rev().take_while(|&row| !breaks(row)).last().unwrap_or(last)
}

/// The first row of the pair with the largest excess near the alarm, judged by the alarming service's own `flow`; the two
/// rows after the alarm's where it has none.
///
/// A pair may begin up to [`LATE_S`] before the alarm's row, since an alarm waits for one to three periods and for the
/// metric to arrive: one row at five minutes a row, five rows at one minute. It may begin [`EARLY_S`] after it, and two rows
/// at least: that absorbs an alarm that was early on a rising fault.
pub(super) fn align(flow: Option<&Flow>, kind: Kind, grid: &Grid) -> Pair {
    let last = grid.ranked.saturating_sub(PAIR).max(grid.history);
    let default = Pair { first: (grid.alarm_row + 1).min(last), touched: (grid.alarm_row + 1).min(last) };
    let Some(flow) = flow.filter(|flow| flow.visible) else { return default };
    let (values, requests, usual) = (flow.values(kind), flow.requests.as_slice(), flow.usual(kind).level);
    let earliest = grid.alarm_row.saturating_sub(grid.rows_in(LATE_S)).max(grid.history);
    let mut best: Option<(f64, usize)> = None;
    for first in earliest..=(grid.alarm_row + EARLY_ROWS.max(grid.rows_in(EARLY_S))).min(last) {
        let Some(reference) = usual.or_else(|| pooled(values, requests, grid.history..first)) else { continue };
        let rows = (first..(first + PAIR).min(grid.ranked)).filter(|&row| !values[row].is_nan());
        let excess: f64 = rows.map(|row| requests[row] * (values[row] - reference)).sum();
        if best.is_none_or(|(most, _)| excess > most + 1e-12) {
            best = Some((excess, first));
        }
    }
    let Some((excess, first)) = best else { return default };
    // The trouble may have begun well before its worst two rows; then those between are not *just before* either. Where
    // even the earliest row is out of range it has always been so, and all of them count.
    let half = excess / 4.0;
    let breaks = |row: usize| usual.is_some_and(|usual| requests[row] * (values[row] - usual) < half);
    let touched = if usual.is_some() { run_start(earliest, first, breaks) } else { first };
    Pair { first, touched: if touched > earliest { touched } else { first } }
}

/// Looks at every node; a folded one shows its member that is hurt most. `gate` gives the gate of a node.
pub(super) fn observe_all(
    estate: &Estate<'_>,
    flows: &Flows,
    kind: Kind,
    pair: Pair,
    gate: impl Fn(usize) -> f64,
) -> Vec<Observed> {
    let mut scratch = Scratch::default();
    let mut show = |node: usize| {
        let members = &estate.nodes[node].members;
        let mut shown: Option<Observed> = None;
        for &member in members {
            let Some(flow) = &flows.of[member] else { continue };
            let mut seen = observe(flow, kind, &flows.grid, pair, gate(node), &mut scratch);
            seen.member = member;
            let rank = |seen: &Observed| (seen.visible, seen.gated);
            let more = |old: &Observed| rank(&seen) > rank(old) || (rank(&seen) == rank(old) && seen.own > old.own);
            if shown.as_ref().is_none_or(more) {
                shown = Some(seen);
            }
        }
        shown.unwrap_or_else(|| Observed { member: members[0], ..Observed::default() })
    };
    (0..estate.nodes.len()).map(&mut show).collect()
}

/// The least spread that is believed: counting noise, and a share of the level.
fn floor(flow: &Flow, kind: Kind, requests: f64, reference: f64, has_history: bool) -> f64 {
    let relative = if has_history { RELATIVE } else { RELATIVE_SHORT };
    let level = requests * reference;
    match kind {
        // Without counts the number of samples behind a mean is not known.
        Kind::Latency if !flow.counted => RELATIVE_SHORT * level,
        // Exponential service times.
        Kind::Latency => level * (relative.powi(2) + 1.0 / requests.max(1.0)).sqrt(),
        Kind::Failures if !flow.counted && flow.failed_from == Measure::Availability => {
            UNCOUNTED_SHARE * requests + level * relative
        }
        // A binomial (a Poisson count without requests), and one failure at least.
        Kind::Failures => {
            let variance = if flow.counted { level * (1.0 - reference).max(0.0) } else { level }.max(1.0);
            (variance + (relative * level).powi(2)).sqrt()
        }
    }
}

/// The spread of the excess in history: by the median deviation, and by the upper tail, which cold starts make heavy and a
/// median deviation does not see.
fn spread(history: &[f64], requests: &[f64], usual: f64, in_pairs: bool, scratch: &mut Scratch) -> f64 {
    let excesses = history.iter().zip(requests).filter(|(value, _)| !value.is_nan());
    scratch.values.clear();
    scratch.values.extend(excesses.map(|(value, requests)| requests * (value - usual)));
    scratch.sums.clear();
    if in_pairs {
        scratch.sums.extend(scratch.values.windows(PAIR).map(|pair| pair.iter().sum::<f64>()));
    } else {
        scratch.sums.extend_from_slice(&scratch.values);
    }
    let order = scratch.order.of(scratch.sums.iter().copied());
    let Some(middle) = order.median() else { return 0.0 };
    let tail = order.quantile(0.95).map_or(0.0, |high| (high - middle) / 1.645);
    let deviation = order.of(scratch.sums.iter().map(|sum| (sum - middle).abs())).median().unwrap_or(0.0);
    tail.max(1.4826 * deviation)
}

/// The mean of the values there are, weighted by requests.
fn pooled(values: &[f64], requests: &[f64], rows: Range<usize>) -> Option<f64> {
    let (mut sum, mut weight) = (0.0, 0.0);
    for row in rows.filter(|&row| !values[row].is_nan()) {
        let requests = if requests[row] > 0.0 { requests[row] } else { 1.0 };
        sum += requests * values[row];
        weight += requests;
    }
    (weight > 0.0).then(|| sum / weight)
}

/// Order statistics. The values are kept as integers in the order of [`f64::total_cmp`], since selecting is the dearest thing
/// here, and an integer is compared in one step.
#[derive(Debug, Default)]
pub(super) struct Order(Vec<i64>);

impl Order {
    /// Takes in `values`, in any order, those that are missing (NaN) left out.
    pub(super) fn of(&mut self, values: impl ExactSizeIterator<Item = f64>) -> &mut Self {
        self.0.clear();
        self.0.resize(values.len(), 0);
        let mut count = 0;
        // Without a branch: each is written, and stays where it is a number.
        for value in values {
            self.0[count] = key(value.to_bits().cast_signed());
            count += usize::from(!value.is_nan());
        }
        self.0.truncate(count);
        self
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The middle one.
    pub(super) fn median(&mut self) -> Option<f64> {
        let middle = self.0.len() / 2;
        if self.0.is_empty() {
            return None;
        }
        let is_even = self.0.len().is_multiple_of(2);
        let (lower, &mut high, _) = self.0.select_nth_unstable(middle);
        let low = if is_even { lower.iter().copied().max()? } else { high };
        Some(f64::midpoint(value(low), value(high)))
    }

    /// The value below which `share` of them lie, linear between two.
    fn quantile(&mut self, share: f64) -> Option<f64> {
        if self.0.is_empty() {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a few hundred rows")]
        let place = share * (self.0.len() - 1) as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 0 and below the length")]
        let at = place.floor() as usize;
        let (_, &mut low, upper) = self.0.select_nth_unstable(at);
        let high = value(upper.iter().copied().min().unwrap_or(low));
        let low = value(low);
        Some(low + (place - place.floor()) * (high - low))
    }
}

/// The bits of a float to an integer that is ordered as the floats are, and back: of a negative one all bits but the sign
/// are turned over.
fn key(bits: i64) -> i64 {
    bits ^ (bits >> 63).cast_unsigned().wrapping_shr(1).cast_signed()
}

fn value(of: i64) -> f64 {
    f64::from_bits(key(of).cast_unsigned())
}

/// The middle of `values`, in any order.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    Order::default().of(values.iter().copied()).median()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(values: &[f64], share: f64, expected: Option<f64>) {
        assert_eq!(Order::default().of(values.iter().copied()).quantile(share), expected, "{values:?}");
    }

    #[test]
    fn order_statistics_are_the_usual_ones() {
        check(&[5.0, 1.0, 3.0, 2.0, 4.0], 0.95, Some(4.8));
        check(&[7.0], 0.95, Some(7.0));
        check(&[2.0, f64::NAN, 1.0], 0.5, Some(1.5));
        check(&[f64::NAN], 0.5, None);
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[-4.0, f64::NAN, -1.0, -3.0]), Some(-3.0));
    }

    proptest! {
        /// The same as sorting all of them, negative zeros and infinities included.
        #[test]
        fn the_median_is_that_of_the_sorted(mut values in proptest::collection::vec(any::<f64>(), 1..40)) {
            let found = median(&values);
            values.retain(|value| !value.is_nan());
            values.sort_by(f64::total_cmp);
            let middle = values.len() / 2;
            let expected = match values.len() {
                0 => None,
                count if count.is_multiple_of(2) => Some(f64::midpoint(values[middle - 1], values[middle])),
                _ => Some(values[middle]),
            };
            prop_assert_eq!(found.map(f64::to_bits), expected.map(f64::to_bits));
        }
    }
}

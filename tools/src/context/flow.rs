//! The metrics of all services on one common grid of time, so that everything after this works with row numbers.

use super::estate::Estate;
use super::excess::Order;
use super::kind::Kind;
use crate::model::{Measure, Series};
use jiff::{SignedDuration, Timestamp};
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// Rows of history that are used.
pub(super) const HISTORY_ROWS: usize = 300;

/// The window begins this long before the alarm, and two rows at least. An alarm fires one to five minutes after its
/// cause, and what was *just before* needs a few rows too.
const BEFORE_S: i64 = 600;

/// The ranking looks at this many rows after the alarm's own, and at this many seconds: later ones show the consequences of
/// consequences.
const AFTER_ROWS: i64 = 4;
const AFTER_S: i64 = 420;

/// Rows of the window that are kept, for the picture of who suffers now. At one row a minute that is ten hours.
const WINDOW_ROWS: i64 = 600;

/// Values beyond this are a broken exporter, not a measurement; sums of squares must stay finite.
const LARGEST: f64 = 1e15;

/// The common grid: `history` rows of history, then the window.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    /// When row 0 begins.
    origin_s: i64,
    /// Seconds a row.
    pub(super) step_s: i64,
    /// First row of the window.
    pub(super) history: usize,
    /// One past the last row that the ranking looks at.
    pub(super) ranked: usize,
    /// One past the last row.
    pub(super) rows: usize,
    /// The row in which the alarm fired; it may lie past the end.
    pub(super) alarm_row: usize,
}

/// The flow of one member. Missing values are NaN.
#[derive(Debug)]
pub(super) struct Flow {
    /// Requests, the usual number where they are missing.
    pub(super) requests: Vec<f64>,
    /// Mean latency in seconds.
    pub(super) latency: Vec<f64>,
    /// Share of the requests that fail, 0–1; failures themselves where requests are not counted at all.
    pub(super) failed: Vec<f64>,
    /// Whether anything at all is known of the ranked window.
    pub(super) visible: bool,
    /// Whether requests are counted.
    pub(super) counted: bool,
    /// Where `failed` comes from.
    pub(super) failed_from: Measure,
    usual_failed: Usual,
    usual_latency: Usual,
    /// By kind, each for single rows and for pairs.
    spreads: [[OnceCell<f64>; 2]; 2],
}

/// What history says of a value. It is asked for several times, and a median is the dearest thing here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usual {
    /// The median.
    pub(super) level: Option<f64>,
    /// Rows that have a value.
    pub(super) rows: usize,
}

/// Memory that is used again and again.
#[derive(Debug, Default)]
struct Scratch {
    faults: Vec<f64>,
    availability: Vec<f64>,
    order: Order,
}

/// The grid, and the flow of every member of the estate that has one.
#[derive(Debug)]
pub(super) struct Flows {
    /// The grid.
    pub(super) grid: Grid,
    /// By member.
    pub(super) of: Vec<Option<Flow>>,
}

impl Grid {
    /// When `row` begins.
    pub(super) fn begins(&self, row: usize) -> Timestamp {
        let seconds = self.origin_s.saturating_add(self.step_s.saturating_mul(to_i64(row)));
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
    }

    /// A row's length.
    pub(super) fn step(&self) -> SignedDuration {
        SignedDuration::from_secs(self.step_s)
    }

    /// How many minutes so many rows last.
    pub(super) fn minutes(&self, rows: usize) -> f64 {
        ratio(self.step_s.saturating_mul(to_i64(rows)), 60)
    }

    /// How many rows reach over `seconds`.
    pub(super) fn rows_in(&self, seconds: i64) -> usize {
        usize::try_from(seconds.max(0) / self.step_s + i64::from(seconds % self.step_s > 0)).unwrap_or(0)
    }

    fn lay_out(series: &[&Series], anchor: Timestamp, now: Timestamp) -> Option<Self> {
        let step_s = common_step(series)?;
        let of_step = series.iter().filter(|each| i64::from(each.step_s) == step_s);
        let pace = of_step.min_by(|a, b| order(a, b)).or_else(|| series.iter().min_by(|a, b| order(a, b)))?;
        let phase = pace.start.as_second().rem_euclid(step_s);
        let number = |at: i64| (at - phase).div_euclid(step_s);
        let alarm = number(anchor.as_second());
        let before = (BEFORE_S / step_s).max(2);
        let origin = alarm - before - to_i64(HISTORY_ROWS);
        // Only rows that are over: a half row would look like half the traffic.
        let last_value = series.iter().map(|each| number(end_of(each) - 1) + 1).max()?;
        let end = number(now.as_second()).min(last_value).min(alarm + WINDOW_ROWS);
        let position = |row: i64| usize::try_from(row - origin).unwrap_or(0).max(HISTORY_ROWS);
        Some(Self {
            origin_s: origin.checked_mul(step_s)?.checked_add(phase)?,
            step_s,
            history: HISTORY_ROWS,
            ranked: position(end.min(alarm + AFTER_ROWS.max(AFTER_S / step_s) + 1)),
            rows: position(end),
            alarm_row: position(alarm),
        })
    }

    /// The rows that are over by `at`.
    fn row_of(&self, at_s: i64) -> i64 {
        (at_s - self.origin_s).div_euclid(self.step_s)
    }
}

impl Flows {
    /// Puts every series of `estate` on one grid around `anchor`; nothing after `now` is looked at. None without any flow.
    pub(super) fn lay(estate: &Estate<'_>, series: &[Series], anchor: Timestamp, now: Timestamp) -> Option<Self> {
        let series: Vec<&Series> = series
            .iter()
            .filter(|each| each.step_s > 0 && !each.values.is_empty() && !matches!(each.measure, Measure::Other(_)))
            .collect();
        let grid = Grid::lay_out(&series, anchor, now)?;
        // Each name is looked up once, so that sorting compares numbers.
        let mut placed: Vec<(usize, &Series)> =
            series.into_iter().filter_map(|each| Some((estate.member(&each.service)?, each))).collect();
        placed.sort_unstable_by(|(a, one), (b, other)| a.cmp(b).then_with(|| order_in_service(one, other)));
        let mut of: Vec<Option<Flow>> = estate.members.iter().map(|_| None).collect();
        let mut scratch = Scratch::default();
        for of_member in placed.chunk_by(|(a, _), (b, _)| a == b) {
            of[of_member[0].0] = Flow::lay(of_member.iter().map(|(_, each)| *each), &grid, now, &mut scratch);
        }
        Some(Self { grid, of })
    }

    /// Whether any service counts its requests.
    pub(super) fn any_counted(&self) -> bool {
        self.of.iter().flatten().any(|flow| flow.counted)
    }
}

impl Flow {
    /// The values of `kind`.
    pub(super) fn values(&self, kind: Kind) -> &[f64] {
        match kind {
            Kind::Failures => &self.failed,
            Kind::Latency => &self.latency,
        }
    }

    /// What history says of them.
    pub(super) fn usual(&self, kind: Kind) -> Usual {
        match kind {
            Kind::Failures => self.usual_failed,
            Kind::Latency => self.usual_latency,
        }
    }

    /// The spread of `kind` in history, looked for by `find` when it is asked for the first time.
    pub(super) fn spread(&self, kind: Kind, in_pairs: bool, find: impl FnOnce() -> f64) -> f64 {
        *self.spreads[usize::from(kind == Kind::Latency)][usize::from(in_pairs)].get_or_init(find)
    }

    fn lay<'a>(
        series: impl Iterator<Item = &'a Series>,
        grid: &Grid,
        now: Timestamp,
        scratch: &mut Scratch,
    ) -> Option<Self> {
        let rows = grid.rows;
        let (mut requests, mut latency) = (vec![f64::NAN; rows], vec![f64::NAN; rows]);
        let Scratch { faults, availability, order } = scratch;
        for column in [&mut *faults, &mut *availability] {
            column.clear();
            column.resize(rows, f64::NAN);
        }
        for each in series {
            let column = match each.measure {
                Measure::Requests => &mut requests,
                Measure::Faults => &mut *faults,
                Measure::Availability => &mut *availability,
                Measure::Latency => &mut latency,
                Measure::Other(_) => continue,
            };
            lay(each, grid, now, column);
        }
        let present = |column: &[f64]| column.iter().any(|value| !value.is_nan());
        let seen = |column: &[f64]| column.get(grid.history..grid.ranked).is_some_and(present);
        let visible = [&requests, &*faults, &*availability, &latency].into_iter().any(|column| seen(column));
        let (counted, has_faults) = (present(&requests), present(faults));
        if !counted && !has_faults && !present(availability) && !present(&latency) {
            return None;
        }
        let failed_from = if has_faults { Measure::Faults } else { Measure::Availability };
        let usual_count = usual(&requests, grid, order).level.unwrap_or(1.0);
        for count in requests.iter_mut().filter(|count| count.is_nan()) {
            *count = usual_count;
        }
        let failed = failed_share(faults, availability, &requests);
        let usual_failed = usual(&failed, grid, order);
        let usual_latency = usual(&latency, grid, order);
        let spreads = Default::default();
        Some(Self { requests, latency, failed, visible, counted, failed_from, usual_failed, usual_latency, spreads })
    }
}

/// What fails of the requests, from counts where there are any, else from the share that succeeds.
fn failed_share(faults: &[f64], availability: &[f64], requests: &[f64]) -> Vec<f64> {
    let share = |((&failed, &available), &count): ((&f64, &f64), &f64)| match failed.is_nan() {
        false if count > 0.0 => failed / count,
        // Failures without any request: all there was failed.
        false => f64::NAN,
        true => 1.0 - available / 100.0,
    };
    faults.iter().zip(availability).zip(requests).map(share).collect()
}

fn usual(column: &[f64], grid: &Grid, order: &mut Order) -> Usual {
    let order = order.of(column[..grid.history.min(column.len())].iter().copied());
    Usual { level: order.median(), rows: order.count() }
}

/// The step most of the series have, the finer of two equally frequent ones; a minute at least, since a few seconds hold
/// too few requests to say anything.
fn common_step(series: &[&Series]) -> Option<i64> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for each in series {
        *counts.entry(each.step_s).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|&(step, count)| (count, std::cmp::Reverse(step)))?;
    Some(i64::from(most.0).max(60))
}

fn order(a: &Series, b: &Series) -> std::cmp::Ordering {
    a.service.cmp(&b.service).then_with(|| order_in_service(a, b))
}

fn order_in_service(a: &Series, b: &Series) -> std::cmp::Ordering {
    let value = |value: &Option<f64>| value.unwrap_or(f64::NEG_INFINITY);
    let by_values = || {
        let pairs = a.values.iter().zip(&b.values);
        let differ = pairs.map(|(a, b)| value(a).total_cmp(&value(b))).find(|order| order.is_ne());
        differ.unwrap_or(a.values.len().cmp(&b.values.len()))
    };
    let key = |each: &Series| (each.start, each.step_s);
    a.measure.cmp(&b.measure).then_with(|| key(a).cmp(&key(b))).then_with(by_values)
}

/// Writes the values of one series into the rows of `column` that are still empty. Counts of finer series are added up
/// and means averaged; a coarser count is spread evenly.
fn lay(series: &Series, grid: &Grid, now: Timestamp, column: &mut [f64]) {
    let step = i64::from(series.step_s);
    let start = series.start.as_second();
    let over = (now.as_second() - start).div_euclid(step).clamp(0, to_i64(series.values.len()));
    let over = usize::try_from(over).unwrap_or(0);
    let is_count = matches!(series.measure, Measure::Requests | Measure::Faults);
    // The steps before row 0 are skipped without looking at them.
    let skipped = usize::try_from((grid.origin_s - start).div_euclid(step)).unwrap_or(0).min(over);
    let first_s = start + step * to_i64(skipped);
    let values = &series.values[skipped..over];
    if step == grid.step_s {
        // Nearly always so: row by row, without a division for each value.
        let first = grid.row_of(first_s);
        let (before, at) = (usize::try_from(-first).unwrap_or(0), usize::try_from(first).unwrap_or(0));
        let cells = column.get_mut(at..).unwrap_or_default();
        let most = most(series);
        for (cell, value) in cells.iter_mut().zip(values.get(before..).unwrap_or_default()) {
            // Without a branch for each value, and by plain comparisons: `min` would ask for NaN once more.
            let value = value.unwrap_or(f64::NAN);
            let is_new = (0.0..=LARGEST).contains(&value) & cell.is_nan();
            let value = if value > most { most } else { value };
            *cell = if is_new { value } else { *cell };
        }
        return;
    }
    let values = values.iter().enumerate();
    let values = values.filter_map(|(at, value)| Some((first_s + step * to_i64(at), clean(series, (*value)?)?)));
    if step > grid.step_s {
        let share = if is_count { ratio(grid.step_s, step) } else { 1.0 };
        for (at_s, value) in values {
            let (first, end) = (grid.row_of(at_s).max(0), grid.row_of(at_s + step - 1).min(to_i64(column.len()) - 1));
            for row in first..=end {
                fill(column, row, value * share);
            }
        }
    } else {
        let mut sums = vec![(0.0, 0.0); column.len()];
        for (at_s, value) in values {
            if let Some((sum, count)) = usize::try_from(grid.row_of(at_s)).ok().and_then(|row| sums.get_mut(row)) {
                *sum += value;
                *count += 1.0;
            }
        }
        for (row, (sum, count)) in sums.into_iter().enumerate().filter(|(_, (_, count))| *count > 0.0) {
            fill(column, to_i64(row), if is_count { sum } else { sum / count });
        }
    }
}

fn fill(column: &mut [f64], row: i64, value: f64) {
    if let Some(cell) = usize::try_from(row).ok().and_then(|row| column.get_mut(row))
        && cell.is_nan()
    {
        *cell = value;
    }
}

/// A value that can be a measurement.
fn clean(series: &Series, value: f64) -> Option<f64> {
    (0.0..=LARGEST).contains(&value).then_some(value.min(most(series)))
}

fn most(series: &Series) -> f64 {
    if series.measure == Measure::Availability { 100.0 } else { LARGEST }
}

fn end_of(series: &Series) -> i64 {
    series.start.as_second().saturating_add(i64::from(series.step_s).saturating_mul(to_i64(series.values.len())))
}

#[expect(clippy::cast_precision_loss, reason = "lengths of steps in seconds")]
fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}

fn to_i64(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

//! Every series of the estate by node and metric, cut into *before* and *during the trouble*. A step that has no value
//! counts nowhere: missing is not zero.

use super::estate::Estate;
use super::excess::median;
use super::picture::Sufferer;
use super::vitals::Flowing;
use super::{HISTORY, Situation};
use crate::model::{Measure, Series, Window, minutes};
use jiff::{SignedDuration, Timestamp};
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// The trouble may have begun so long before the first alarm, no longer.
const LATE: SignedDuration = minutes(5);

/// Of a long incident this much is looked at: what no longer happens is no bottleneck any more.
const RECENT: SignedDuration = minutes(30);

/// What was *before* ends this long before the trouble, since its beginning is not always seen at once.
const GUARD: SignedDuration = minutes(3);

/// Values beyond this are a broken exporter, not a measurement.
const LARGEST: f64 = 1e15;

/// Before, and during the trouble.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spans {
    pub(super) before: Window,
    pub(super) trouble: Window,
}

impl Spans {
    /// From the onset of those who suffer, if they do.
    pub(super) fn of(situation: &Situation, estate: &Estate<'_>, sufferers: &[Sufferer]) -> Self {
        let earlier = |at: Timestamp, by: SignedDuration| at.saturating_sub(by).unwrap_or(Timestamp::MIN);
        let now = situation.now;
        let since = match estate.began().filter(|began| *began <= now) {
            Some(began) => {
                let onset = sufferers.iter().map(|sufferer| sufferer.onset).min().unwrap_or(began);
                onset.min(began).max(earlier(began, LATE))
            }
            None => earlier(now, LATE + LATE),
        };
        let before = Window { from: earlier(since, HISTORY), to: earlier(since, GUARD) };
        Self { before, trouble: Window { from: since.max(earlier(now, RECENT)), to: now } }
    }

    /// As long as the trouble, and right before it.
    pub(super) fn as_long_before(self) -> Window {
        let Window { from, to } = self.trouble;
        Window { from: from.saturating_sub(to.duration_since(from)).unwrap_or(Timestamp::MIN), to: from }
    }
}

/// One metric of one node in one span.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    /// The values there are, oldest first: second of the beginning, length in seconds, value.
    pub(super) values: Vec<(i64, f64, f64)>,
}

impl Rows {
    /// Its mean.
    pub(super) fn mean(&self) -> Option<f64> {
        let sum: f64 = self.values.iter().map(|row| row.2).sum();
        (!self.values.is_empty()).then(|| sum / count(self.values.len()))
    }

    /// Its largest.
    pub(super) fn peak(&self) -> Option<f64> {
        self.values.iter().map(|row| row.2).max_by(f64::total_cmp)
    }

    /// Its middle.
    pub(super) fn middle(&self) -> Option<f64> {
        median(&self.values.iter().map(|row| row.2).collect::<Vec<_>>())
    }

    /// What all but one in twenty stay below.
    pub(super) fn high(&self) -> Option<f64> {
        let mut values: Vec<f64> = self.values.iter().map(|row| row.2).collect();
        values.sort_by(f64::total_cmp);
        values.get((values.len() * 19 / 20).min(values.len().saturating_sub(1))).copied()
    }

    /// Counts a minute, over the steps that have one.
    pub(super) fn per_min(&self) -> Option<f64> {
        let seconds: f64 = self.values.iter().map(|row| row.1).sum();
        (seconds > 0.0).then(|| 60.0 * self.values.iter().map(|row| row.2).sum::<f64>() / seconds)
    }

    /// The sum of both, step by step; a step that only one of them has is that one's.
    pub(super) fn plus(&self, other: &Self) -> Self {
        let mut sums: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
        for &(at, step, value) in self.values.iter().chain(&other.values) {
            let sum = sums.entry(at).or_insert((step, 0.0));
            sum.1 += value;
        }
        Self { values: sums.into_iter().map(|(at, (step, value))| (at, step, value)).collect() }
    }

    /// Both values of every step that both have.
    pub(super) fn paired<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (f64, f64)> + 'a {
        // Both are in the order of time.
        let mut others = other.values.iter().peekable();
        self.values.iter().filter_map(move |row| {
            while others.next_if(|other| other.0 < row.0).is_some() {}
            others.peek().filter(|other| other.0 == row.0).map(|other| (row.2, other.2))
        })
    }
}

/// Both spans of one metric.
#[derive(Clone, Debug, Default)]
pub(super) struct Gauge {
    pub(super) before: Rows,
    pub(super) now: Rows,
}

impl Gauge {
    /// The same in another unit.
    pub(super) fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        let all = |rows: &Rows| Rows { values: rows.values.iter().map(|row| (row.0, row.1, change(row.2))).collect() };
        Self { before: all(&self.before), now: all(&self.now) }
    }

    /// The sum of both, step by step.
    pub(super) fn plus(&self, other: &Self) -> Self {
        Self { before: self.before.plus(&other.before), now: self.now.plus(&other.now) }
    }
}

/// A metric's name taken apart: `AWS/Lambda/Throttles:Sum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name<'a> {
    /// `AWS/Lambda`.
    pub(super) namespace: &'a str,
    /// `Throttles`.
    pub(super) metric: &'a str,
    /// `Sum`.
    pub(super) stat: &'a str,
}

impl<'a> Name<'a> {
    /// The four measures of the flow have a name without namespace, and their own word as statistic.
    fn of(measure: &'a Measure) -> Self {
        let flow = |metric| Self { namespace: "", metric, stat: "" };
        match measure {
            Measure::Requests => flow("requests"),
            Measure::Faults => flow("faults"),
            Measure::Availability => flow("availability"),
            Measure::Latency => flow("latency"),
            Measure::Other(name) => {
                let (full, stat) = name.rsplit_once(':').unwrap_or((name, ""));
                let (namespace, metric) = full.rsplit_once('/').unwrap_or(("", full));
                Self { namespace, metric, stat }
            }
        }
    }
}

/// All gauges of the estate.
#[derive(Debug)]
pub(super) struct Gauges<'a> {
    pub(super) spans: Spans,
    /// For each node its metrics, by name.
    of: Vec<Vec<Slot<'a>>>,
    /// What flows through each node, once it has been asked for.
    flowing: Vec<OnceCell<Flowing>>,
}

/// A metric of a node, cut once it has been asked for: of most nobody asks.
#[derive(Debug)]
struct Slot<'a> {
    name: Name<'a>,
    series: &'a Series,
    /// The same metric of other members of a folded node.
    others: Vec<&'a Series>,
    gauge: OnceCell<Gauge>,
}

impl<'a> Gauges<'a> {
    /// Sorts every series of the nodes that are `wanted`: in a large estate few are.
    pub(super) fn of(situation: &'a Situation, estate: &Estate<'_>, spans: Spans, wanted: &[bool]) -> Self {
        let mut of: Vec<Vec<Slot<'a>>> = estate.nodes.iter().map(|_| Vec::new()).collect();
        for series in situation.series.iter().flatten().filter(|series| series.step_s > 0) {
            if let Some(node) = estate.node(&series.service).filter(|&node| wanted[node]) {
                let name = Name::of(&series.measure);
                of[node].push(Slot { name, series, others: Vec::new(), gauge: OnceCell::new() });
            }
        }
        for slots in &mut of {
            slots.sort_by(|a, b| a.name.cmp(&b.name));
            slots.dedup_by(|later, kept| {
                let is_same = later.name == kept.name;
                if is_same {
                    kept.others.push(later.series);
                }
                is_same
            });
        }
        let flowing = of.iter().map(|_| OnceCell::new()).collect();
        Self { spans, of, flowing }
    }

    /// What flows through `node`.
    pub(super) fn flowing(&self, node: usize) -> &Flowing {
        self.flowing[node].get_or_init(|| Flowing::of(self, node))
    }

    /// The names of a node's metrics.
    pub(super) fn names(&self, node: usize) -> impl Iterator<Item = &Name<'a>> {
        self.of[node].iter().map(|slot| &slot.name)
    }

    /// The metrics of a node whose name fits, by name.
    pub(super) fn such(
        &self,
        node: usize,
        fits: impl Fn(&Name<'_>) -> bool,
    ) -> impl Iterator<Item = (Name<'a>, &Gauge)> {
        self.of[node].iter().filter(move |slot| fits(&slot.name)).map(|slot| (slot.name, self.cut(slot)))
    }

    /// Whether a node has any metric of a namespace.
    pub(super) fn speaks(&self, node: usize, namespace: &str) -> bool {
        self.names(node).any(|name| name.namespace == namespace)
    }

    /// The one metric of a node with this very name.
    pub(super) fn exactly(&self, node: usize, name: Name<'_>) -> Option<&Gauge> {
        self.of[node].iter().find(|slot| slot.name == name).map(|slot| self.cut(slot))
    }

    /// One metric of a node, whatever its namespace.
    pub(super) fn named(&self, node: usize, metric: &str, stats: &[&str]) -> Option<(Name<'a>, &Gauge)> {
        let fits = |name: &Name<'_>| name.metric == metric && (stats.is_empty() || stats.contains(&name.stat));
        self.such(node, fits).find(|(_, gauge)| !gauge.now.values.is_empty())
    }

    /// Where the members of a folded node tell the same metric, the fuller one counts.
    fn cut<'s>(&self, slot: &'s Slot<'a>) -> &'s Gauge {
        slot.gauge.get_or_init(|| {
            let fuller = |new: &Gauge, old: &Gauge| {
                let size = |gauge: &Gauge| (gauge.now.values.len(), gauge.before.values.len());
                let values =
                    |gauge: &Gauge| gauge.now.values.iter().chain(&gauge.before.values).map(|row| row.2).sum::<f64>();
                size(new).cmp(&size(old)).then(values(new).total_cmp(&values(old))).is_gt()
            };
            let cut = |series: &Series| Gauge {
                before: rows(series, self.spans.before),
                now: rows(series, self.spans.trouble),
            };
            slot.others.iter().fold(cut(slot.series), |fullest, series| {
                let gauge = cut(series);
                if fuller(&gauge, &fullest) { gauge } else { fullest }
            })
        })
    }
}

/// The steps of `series` that lie in `window`: begun in it, and over by its end.
fn rows(series: &Series, window: Window) -> Rows {
    // A window may begin in the middle of a step.
    let step = i64::from(series.step_s);
    let index = |at: Timestamp| (at.as_second().saturating_sub(series.start.as_second())).div_euclid(step);
    let bound = |index: i64| usize::try_from(index).unwrap_or(0).min(series.values.len());
    let (first, end) = (bound(index(window.from)), bound(index(window.to)));
    let start = series.start.as_second();
    let value = |at: usize| series.values[at].filter(|value| (0.0..=LARGEST).contains(value));
    let begins = |at: usize| start.saturating_add(step.saturating_mul(i64::try_from(at).unwrap_or(i64::MAX)));
    let row = |at: usize| Some((begins(at), f64::from(series.step_s), value(at)?));
    let mut values = Vec::with_capacity(end.saturating_sub(first));
    values.extend((first..end.max(first)).filter_map(row));
    Rows { values }
}

/// A number of things as a number.
pub(super) fn count(things: usize) -> f64 {
    u32::try_from(things).map_or(f64::from(u32::MAX), f64::from)
}

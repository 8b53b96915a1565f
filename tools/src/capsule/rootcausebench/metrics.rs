//! Metrics of a scenario: points of any name at any time become series of even steps.
//!
//! What a metric measures is read from the words of its name, and only where name and unit are plain:
//!
//! | words of the name | and | measure |
//! |---|---|---|
//! | `duration`, `latency`, `response time` | `ms`, `s`, `seconds` | latency, in seconds |
//! | `requests`, `rps`, `qps` | `per sec`, `per min`, or the short words | requests a step |
//! | something that fails (`5xx`, `error`, `throttled`, `timeout`) | `per sec`, `per min` | faults a step |
//! | something that fails | `ratio`, `rate`, `share`: values up to 1; `pct`, `percent`: up to 100 | availability |
//!
//! Everything else, and what would be the second of its measure, keeps its name. Of several of one measure the one of the
//! service's own requests is taken (`http`, `server`, `request`) before that of what it calls, then the lowest percentile.

use super::{ImportError, unreadable};
use crate::model::{Measure, Series, ServiceId};
use crate::words;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// More steps than this are a misread time, not a measurement: a year of minutes.
const MOST_STEPS: i64 = 600_000;

type Points = Vec<(Timestamp, f64)>;

/// Reads `timestamp,service,metric,value` rows.
pub(super) fn read(path: &Path) -> Result<Vec<Series>, ImportError> {
    let mut reader = csv::ReaderBuilder::new().from_path(path).map_err(|err| unreadable(path, &err))?;
    let headers = reader.headers().map_err(|err| unreadable(path, &err))?.clone();
    let column = |name: &str| {
        let at = headers.iter().position(|header| header == name);
        at.ok_or_else(|| unreadable(path, &format!("line 1: no column `{name}`")))
    };
    let (at, service, metric, value) = (column("timestamp")?, column("service")?, column("metric")?, column("value")?);
    let mut points: BTreeMap<(String, String), Points> = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|err| unreadable(path, &err))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: usize| record.get(column).unwrap_or_default();
        let wrong = |what: &str, cell: &str| unreadable(path, &format!("line {line}: `{cell}` is no {what}"));
        let stamp: Timestamp = cell(at).parse().map_err(|_| wrong("time", cell(at)))?;
        let number: f64 = cell(value).parse().map_err(|_| wrong("number", cell(value)))?;
        points.entry((cell(service).to_owned(), cell(metric).to_owned())).or_default().push((stamp, number));
    }
    lay(&points).map_err(|problem| unreadable(path, &problem))
}

fn lay(points: &BTreeMap<(String, String), Points>) -> Result<Vec<Series>, String> {
    let taken = taken(points);
    let mut series = Vec::new();
    for ((service, metric), points) in points {
        let mut points = points.clone();
        points.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let Some(&(start, _)) = points.first() else { continue };
        let step_s = step(&points);
        let length = points.last().map_or(0, |last| last.0.duration_since(start).as_secs()) / step_s + 1;
        if length > MOST_STEPS {
            return Err(format!("{metric} of {service} has points for {length} steps of {step_s} s"));
        }
        let mut sums = vec![(0.0, 0_u32); usize::try_from(length).unwrap_or(0)];
        for (at, value) in points.iter().filter(|(_, value)| value.is_finite()) {
            let index = usize::try_from(at.duration_since(start).as_secs() / step_s).unwrap_or(0);
            if let Some(sum) = sums.get_mut(index) {
                *sum = (sum.0 + value, sum.1 + 1);
            }
        }
        let reading = Reading::of(metric, &points).filter(|_| taken.contains(&(service.as_str(), metric.as_str())));
        let value = |(sum, count): (f64, u32)| {
            let mean = (count > 0).then(|| sum / f64::from(count))?;
            Some(reading.as_ref().map_or(mean, |reading| reading.scaled(mean, step_s)))
        };
        series.push(Series {
            service: ServiceId::new(service),
            measure: reading.map_or_else(|| Measure::Other(metric.clone()), Reading::measure),
            start,
            step_s: u32::try_from(step_s).unwrap_or(60),
            values: sums.into_iter().map(value).collect(),
        });
    }
    Ok(series)
}

/// Which metric of each service stands for each measure.
fn taken(points: &BTreeMap<(String, String), Points>) -> BTreeSet<(&str, &str)> {
    let mut best: BTreeMap<(&str, u8), (Rank<'_>, &str)> = BTreeMap::new();
    for ((service, metric), points) in points {
        let Some(reading) = Reading::of(metric, points) else { continue };
        let rank = rank(metric);
        let place = best.entry((service, reading.place())).or_insert((rank, metric));
        if rank < place.0 {
            *place = (rank, metric);
        }
    }
    best.into_iter().map(|((service, _), (_, metric))| (service, metric)).collect()
}

type Rank<'a> = (bool, u32, &'a str);

/// Own requests first, then the mean, then the lowest percentile, then by name.
fn rank(metric: &str) -> Rank<'_> {
    let words = words::of(metric);
    let own = words.iter().any(|word| ["http", "server", "request", "requests", "api"].contains(&word.as_str()));
    let percentile = words.iter().find_map(|word| word.strip_prefix('p')?.parse().ok()).unwrap_or(0);
    (!own, percentile, metric)
}

/// The (lower) median distance of two points in seconds, at least one.
fn step(points: &Points) -> i64 {
    let mut gaps: Vec<i64> = points.windows(2).map(|pair| pair[1].0.duration_since(pair[0].0).as_secs()).collect();
    gaps.retain(|gap| *gap > 0);
    gaps.sort_unstable();
    gaps.get(gaps.len().saturating_sub(1) / 2).copied().unwrap_or(60)
}

/// How a metric is to be read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reading {
    /// Times this makes seconds.
    Latency(f64),
    /// A step of so many seconds holds one unit of these.
    Requests(f64),
    Faults(f64),
    /// A failing share; divided by this it is 0–1.
    Failing(f64),
}

impl Reading {
    fn of(metric: &str, points: &Points) -> Option<Self> {
        let words = words::of(metric);
        let has = |candidates: &[&str]| words.iter().any(|word| candidates.contains(&word.as_str()));
        let fails = words.iter().any(|word| {
            ["error", "fail", "fault", "reject", "throttl", "timeout", "drop", "denied", "unavailab", "abort"]
                .iter()
                .any(|stem| word.starts_with(stem))
                || word == "5xx"
        });
        let most = points.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        let response_time = words.windows(2).any(|pair| pair[0] == "response" && pair[1] == "time");
        if (has(&["duration", "latency"]) || response_time) && !fails {
            return match () {
                () if has(&["ms", "millis", "milliseconds"]) => Some(Self::Latency(1e-3)),
                () if has(&["s", "sec", "seconds"]) => Some(Self::Latency(1.0)),
                () => None,
            };
        }
        let per_s = match () {
            () if has(&["per"]) && has(&["s", "sec", "second"]) => Some(1.0),
            () if has(&["per"]) && has(&["min", "minute"]) => Some(60.0),
            () if has(&["rps", "qps"]) => Some(1.0),
            () => None,
        };
        if fails {
            return match per_s {
                Some(unit_s) => Some(Self::Faults(unit_s)),
                None if has(&["pct", "percent", "percentage"]) && most <= 100.0 => Some(Self::Failing(100.0)),
                None if has(&["ratio", "rate", "share", "fraction"]) && most <= 1.0 => Some(Self::Failing(1.0)),
                None => None,
            };
        }
        let counts = has(&["rps", "qps"]) || has(&["request", "requests"]);
        per_s.filter(|_| counts && !has(&["queue", "queued", "cache"])).map(Self::Requests)
    }

    fn measure(self) -> Measure {
        match self {
            Self::Latency(_) => Measure::Latency,
            Self::Requests(_) => Measure::Requests,
            Self::Faults(_) => Measure::Faults,
            Self::Failing(_) => Measure::Availability,
        }
    }

    fn place(self) -> u8 {
        match self {
            Self::Latency(_) => 0,
            Self::Requests(_) => 1,
            Self::Faults(_) => 2,
            Self::Failing(_) => 3,
        }
    }

    fn scaled(self, mean: f64, step_s: i64) -> f64 {
        match self {
            Self::Latency(unit) => mean * unit,
            Self::Requests(unit_s) | Self::Faults(unit_s) => mean * step_s as f64 / unit_s,
            Self::Failing(whole) => 100.0 * (1.0 - mean / whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(metric: &str, most: f64, expected: Option<Reading>) {
        let points = vec![(Timestamp::UNIX_EPOCH, most)];
        assert_eq!(Reading::of(metric, &points), expected, "{metric}");
    }

    #[test]
    fn a_measure_is_read_from_name_and_unit() {
        check("http_server_duration_p99_ms", 80.0, Some(Reading::Latency(1e-3)));
        check("responseTimeSeconds", 0.2, Some(Reading::Latency(1.0)));
        check("latency", 0.2, None);
        check("requests_per_sec", 90.0, Some(Reading::Requests(1.0)));
        check("orders_requests_per_minute", 90.0, Some(Reading::Requests(60.0)));
        check("queued_requests_per_sec", 90.0, None);
        check("http_5xx_per_sec", 3.0, Some(Reading::Faults(1.0)));
        check("http_5xx_ratio", 0.3, Some(Reading::Failing(1.0)));
        check("search_error_rate_pct", 31.0, Some(Reading::Failing(100.0)));
        check("error_rate", 17.0, None);
        check("disk_used_pct", 80.0, None);
    }

    #[test]
    fn points_become_even_steps_and_a_hole_is_missing() {
        let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
        let points = |values: &[(i64, f64)]| values.iter().map(|(second, value)| (at(*second), *value)).collect();
        let key = |metric: &str| ("api".to_owned(), metric.to_owned());
        let series = lay(&BTreeMap::from([
            (key("http_5xx_ratio"), points(&[(0, 0.25), (60, 0.5), (240, 0.0), (120, 0.0)])),
            (key("requests_per_sec"), points(&[(0, 2.0), (61, 4.0), (119, 6.0), (180, 1.0)])),
            (key("db_latency_p50_ms"), points(&[(0, 9.0)])),
            (key("http_duration_p99_ms"), points(&[(0, 200.0)])),
        ]))
        .unwrap();
        let told: Vec<(String, u32, &[Option<f64>])> =
            series.iter().map(|series| (series.measure.to_string(), series.step_s, series.values.as_slice())).collect();
        assert_eq!(
            told,
            [
                ("db_latency_p50_ms".to_owned(), 60, &[Some(9.0)][..]),
                ("availability".to_owned(), 60, &[Some(75.0), Some(50.0), Some(100.0), None, Some(100.0)][..]),
                ("latency".to_owned(), 60, &[Some(0.2)][..]),
                ("requests".to_owned(), 61, &[Some(122.0), Some(305.0), Some(61.0)][..]),
            ]
        );
    }
}

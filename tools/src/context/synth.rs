//! Small simulated estates with a known cause. Only for tests; the same on every machine.

#![allow(clippy::cast_precision_loss, reason = "small numbers of rows and requests")]
#![allow(clippy::similar_names, reason = "caller and callee are the words")]

use super::Situation;
use crate::model::{Alarm, AlarmState, Edge, EdgeMode, Measure, Metric, Series, Service, ServiceId, Topology};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// `caller>callee` calls once a request, `caller>callee*2` twice, `caller~callee` without waiting.
pub(super) const CHAIN: &[&str] = &["a>b", "b>c", "c>d"];
pub(super) const DIAMOND: &[&str] = &["a>b", "a>c", "b>d", "c>d", "a>e*0.5"];
pub(super) const FAN: &[&str] =
    &["a>b*0.8", "a>c*0.8", "a>d*0.8", "a>e*0.8", "a>f*0.8", "a>g*0.8", "a>h*0.8", "b>i", "c>i*0.3"];
pub(super) const SHARED: &[&str] = &["a>db*2", "b>db", "c>db", "c>x", "lb>a", "lb>b*0.5", "lb>c*0.5"];
pub(super) const ASYNC: &[&str] = &["a>b", "a>q", "q~w", "w>db*2", "b>db"];
pub(super) const TWINS: &[&str] = &[
    "api_AWS::ApiGateway::Stage>f_AWS::Lambda",
    "f_AWS::Lambda>f_AWS::Lambda::Function",
    "f_AWS::Lambda::Function>t_AWS::DynamoDB::Table*2",
];
pub(super) const DEEP: &[&str] = &[
    "s0>s1", "s1>s2", "s2>s3", "s3>s4", "s4>s5", "s5>s6", "s6>s7", "s7>s8", "s0>x0", "s1>x1", "s2>x2", "s3>x3",
    "s4>x4", "s5>x5", "s6>x6", "s7>x7",
];

/// What happens, beyond the ordinary.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) calls: &'static [&'static str],
    /// Who becomes slow, by so many seconds.
    pub(super) slow: Vec<(&'static str, f64)>,
    /// Who begins to fail, with this share.
    pub(super) failing: Vec<(&'static str, f64)>,
    /// Who alarms; the metric is the alarm's.
    pub(super) alarms: Vec<(&'static str, &'static str)>,
    /// Calls that are made so many times as often during the trouble.
    pub(super) retries: Vec<(&'static str, f64)>,
    /// Failures of this service do not make its callers fail, but wait this long.
    pub(super) retried: Option<(&'static str, f64)>,
    /// So many times the usual traffic comes in during the story, which by itself hurts nobody.
    pub(super) traffic: f64,
    /// In this share of all rows, history included, a service is slow for no reason, by up to three times.
    pub(super) spikes: f64,
    pub(super) history: usize,
    pub(super) requests: f64,
    pub(super) step_s: u32,
}

impl Story {
    pub(super) fn new(calls: &'static [&'static str], metric: &'static str, alarmed: &[&'static str]) -> Self {
        Self {
            calls,
            slow: Vec::new(),
            failing: Vec::new(),
            alarms: alarmed.iter().map(|service| (*service, metric)).collect(),
            retries: Vec::new(),
            retried: None,
            traffic: 1.0,
            spikes: 0.0,
            history: 150,
            requests: 400.0,
            step_s: 300,
        }
    }

    pub(super) fn slow(mut self, service: &'static str, seconds: f64) -> Self {
        self.slow.push((service, seconds));
        self
    }

    pub(super) fn failing(mut self, service: &'static str, share: f64) -> Self {
        self.failing.push((service, share));
        self
    }

    pub(super) fn alarm(mut self, service: &'static str, metric: &'static str) -> Self {
        self.alarms.push((service, metric));
        self
    }

    /// The world at one minute a row: a fifth of the requests, an alarm two rows after the onset.
    pub(super) fn by_the_minute(mut self) -> Self {
        self.step_s = 60;
        self.requests /= 2.0;
        self
    }

    /// How strong the trouble is in each row, and the row of the alarm.
    fn course(&self) -> (Vec<f64>, usize) {
        let mut strength = vec![0.0; self.history];
        let alarm = if self.step_s >= 300 {
            strength.extend([0.0, 0.4, 1.0, 1.0, 0.5]);
            self.history + 1
        } else {
            strength.extend([0.0, 0.0, 0.0, 0.6, 1.0, 1.0, 1.0, 1.0, 1.0]);
            self.history + 5
        };
        (strength, alarm)
    }

    /// Plays it.
    pub(super) fn play(&self, seed: u64) -> Situation {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x51);
        let (strength, alarm_row) = self.course();
        let calls: Vec<(String, String, f64, EdgeMode)> = self.calls.iter().map(|call| parse(call)).collect();
        let order = callees_first(&calls);
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        let times = |caller: &str, callee: &str, usual: f64, row: usize| {
            let call = format!("{caller}>{callee}");
            let more = self.retries.iter().find(|(retried, _)| *retried == call).map_or(1.0, |(_, times)| *times);
            usual * (1.0 + (more - 1.0) * strength[row])
        };
        let of = |list: &[(&'static str, f64)], name: &str| {
            list.iter().filter(|(service, _)| *service == name).map(|(_, amount)| amount).sum::<f64>()
        };
        let rows = strength.len();
        let mut requests: BTreeMap<&str, Vec<f64>> = order.iter().map(|name| (*name, vec![0.0; rows])).collect();
        for name in order.iter().rev() {
            if calls.iter().all(|call| call.1 != *name) {
                for (row, count) in requests.get_mut(name).unwrap().iter_mut().enumerate() {
                    let more = 1.0 + (self.traffic - 1.0) * strength[row];
                    let mean = self.requests * more * (1.0 + 0.2 * (row as f64 / 46.0).sin());
                    *count = chance.poisson(mean);
                }
            }
            for (caller, callee, usual, _) in calls.iter().filter(|call| call.0 == *name) {
                let sent: Vec<f64> =
                    (0..rows).map(|row| (requests[name][row] * times(caller, callee, *usual, row)).round()).collect();
                let (callee, _) = requests.get_key_value(callee.as_str()).map(|(key, value)| (*key, value)).unwrap();
                for (count, sent) in requests.get_mut(callee).unwrap().iter_mut().zip(sent) {
                    *count += sent;
                }
            }
        }
        let mut latency: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let mut failed: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for &name in &order {
            let base = (0.02f64.ln() + 0.5 * chance.normal()).exp();
            let usual_failures = if chance.uniform() < 0.34 { 0.001 } else { 0.0 };
            let (mut slow, mut fail) = (Vec::new(), Vec::new());
            for row in 0..rows {
                let mut seconds = base * (1.0 + 0.06 * chance.normal());
                if self.spikes > 0.0 && chance.uniform() < self.spikes {
                    seconds += base * 3.0 * chance.uniform();
                }
                let mut good = 1.0 - usual_failures;
                for (caller, callee, usual, mode) in &calls {
                    if caller == name && *mode == EdgeMode::Sync {
                        seconds += times(caller, callee, *usual, row) * latency[callee.as_str()][row];
                        if self.retried.is_none_or(|(retried, _)| retried != callee) {
                            good *= (1.0 - failed[callee.as_str()][row].min(0.95)).powf(usual.min(1.0));
                        }
                    }
                }
                seconds += of(&self.slow, name) * strength[row];
                if let Some((retried, wait)) = self.retried
                    && calls.iter().any(|call| call.0 == name && call.1 == retried)
                {
                    seconds += wait * strength[row];
                }
                good *= 1.0 - of(&self.failing, name) * strength[row];
                slow.push(seconds * (1.0 + 0.02 * chance.normal()));
                fail.push(1.0 - good);
            }
            latency.insert(name, slow);
            failed.insert(name, fail);
        }
        let mut series = Vec::new();
        for &name in &order {
            let some = |value: f64, row: usize| (requests[name][row] > 0.0).then_some(value);
            let faults: Vec<f64> =
                (0..rows).map(|row| chance.binomial(requests[name][row], failed[name][row])).collect();
            for (measure, values) in [
                (Measure::Requests, (0..rows).map(|row| Some(requests[name][row])).collect::<Vec<_>>()),
                (Measure::Faults, (0..rows).map(|row| some(faults[row], row)).collect()),
                (Measure::Latency, (0..rows).map(|row| some(latency[name][row], row)).collect()),
            ] {
                series.push(Series { service: ServiceId::new(name), measure, start, step_s: self.step_s, values });
            }
        }
        let at = |row: usize, seconds: i64| {
            start + SignedDuration::from_secs(i64::from(self.step_s) * i64::try_from(row).unwrap() + seconds)
        };
        let within = i64::from(self.step_s) - 1;
        #[expect(clippy::cast_possible_truncation, reason = "less than a step")]
        let late = (chance.uniform() * within as f64) as i64;
        Situation {
            conflicts: Vec::new(),
            now: at(rows, 0),
            alarms: self.alarms.iter().map(|(service, metric)| alarm(service, metric, at(alarm_row, late))).collect(),
            topology: Some(Topology {
                services: order.iter().map(|name| Service::named(*name)).collect(),
                edges: calls
                    .iter()
                    .map(|(caller, callee, _, mode)| Edge { mode: *mode, ..Edge::between(caller, callee) })
                    .collect(),
            }),
            series: Some(series),
            logs: None,
            changes: Vec::new(),
            gaps: Vec::new(),
        }
    }
}

/// An alarm of `service` on `metric`.
pub(super) fn alarm(service: &str, metric: &str, changed_at: Timestamp) -> Alarm {
    Alarm {
        metric: Some(Metric {
            namespace: "Test".to_owned(),
            name: metric.to_owned(),
            stat: None,
            dimensions: BTreeMap::from([("ServiceName".to_owned(), service.to_owned())]),
        }),
        ..Alarm::named(format!("{service}-{metric}"), AlarmState::Alarm, changed_at)
    }
}

fn parse(call: &str) -> (String, String, f64, EdgeMode) {
    let (mode, sign) = if call.contains('~') { (EdgeMode::Async, '~') } else { (EdgeMode::Sync, '>') };
    let (caller, rest) = call.split_once(sign).unwrap();
    let (callee, times) = rest.split_once('*').map_or((rest, 1.0), |(callee, times)| (callee, times.parse().unwrap()));
    (caller.to_owned(), callee.to_owned(), times, mode)
}

/// All services, each after everything it calls.
fn callees_first(calls: &[(String, String, f64, EdgeMode)]) -> Vec<&str> {
    let mut order: Vec<&str> = Vec::new();
    let mut names: Vec<&str> = calls.iter().flat_map(|call| [call.0.as_str(), call.1.as_str()]).collect();
    names.sort_unstable();
    names.dedup();
    while order.len() < names.len() {
        let ready = |name: &&&str| {
            let mut callees = calls.iter().filter(|call| call.0 == **name);
            !order.contains(name) && callees.all(|call| order.contains(&call.1.as_str()))
        };
        let next = names.iter().find(ready).expect("no cycle");
        order.push(next);
    }
    order
}

/// `SplitMix64`, and what is needed on top of it.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (a, b) = (self.uniform().max(1e-300), self.uniform());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }

    fn poisson(&mut self, mean: f64) -> f64 {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let (limit, mut product, mut count) = ((-mean).exp(), self.uniform(), 0.0);
        while product > limit {
            product *= self.uniform();
            count += 1.0;
        }
        count
    }

    fn binomial(&mut self, trials: f64, share: f64) -> f64 {
        let share = share.clamp(0.0, 1.0);
        let (mean, variance) = (trials * share, trials * share * (1.0 - share));
        let count = if variance > 30.0 { mean + variance.sqrt() * self.normal() } else { self.poisson(mean) };
        count.round().clamp(0.0, trials)
    }
}

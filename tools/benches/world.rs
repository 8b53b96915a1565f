//! Worlds of any size to measure on: layered services, seven calls each, a day of metrics, and one slow and failing service
//! whose trouble is felt by those that call it, and by those that call them. The same on every machine.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tools::context::{HISTORY, Situation, verdict};
use tools::model::{
    Alarm, AlarmState, Change, ChangeKind, Edge, EdgeMode, LogLevel, LogLine, Measure, Metric, Series, Service,
    ServiceId, Topology,
};

/// Calls a service makes, and how often it makes each of them for one request.
const CALLS: [f64; 7] = [0.6, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02];

/// How many services of the next layer most of the calls go to; some calls of a service find the same callee.
const NEIGHBOURS: usize = 16;

/// Percent of the services in each layer, from the entry points down to the stores.
const LAYERS: [usize; 6] = [3, 12, 25, 30, 20, 10];

/// The layer of the faulty service: three hops below the entry points, with stores of its own.
const FAULTY_LAYER: usize = 3;

/// How strong the trouble is in the rows from its onset on; the alarms fire in the second of them.
const STRENGTH: [f64; 5] = [0.4, 1.0, 1.0, 1.0, 1.0];

/// Seconds that the faulty service takes longer, and the share of its requests that fail.
const SLOWER_S: f64 = 1.2;
const FAILING: f64 = 0.25;

/// Requests a minute of an entry point.
const ENTRY_PER_MIN: f64 = 600.0;

const DOMAINS: [&str; 12] = [
    "orders",
    "payments",
    "catalog",
    "search",
    "identity",
    "shipping",
    "pricing",
    "reviews",
    "inventory",
    "billing",
    "loyalty",
    "media",
];
const ROLES: [&str; 6] = ["gateway", "api", "worker", "engine", "adapter", "table"];
const KINDS: [&str; 6] = [
    "AWS::ApiGateway::Stage",
    "AWS::ECS::Service",
    "AWS::Lambda::Function",
    "AWS::ECS::Service",
    "AWS::Lambda::Function",
    "AWS::DynamoDB::Table",
];
const OTHERS: [&str; 8] = [
    "CPUUtilization:Average",
    "MemoryUtilization:Average",
    "ConcurrentExecutions:Maximum",
    "ConsumedReadCapacityUnits:Sum",
    "ConsumedWriteCapacityUnits:Sum",
    "ActiveConnectionCount:Average",
    "NetworkBytesIn:Sum",
    "NetworkBytesOut:Sum",
];

/// How large a world is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Services.
    pub(crate) services: usize,
    /// Series in all. Each service has requests, faults, availability and latency; what is left are other metrics, spread evenly.
    pub(crate) series: usize,
    /// Seconds a step. A series holds 25 hours before the alarms and four steps since: 304 points at 300 s, 16 bytes
    /// each, so 200,000 series are 1 GB; at 60 s 1,504 points, of which the verdict looks at the last 304.
    pub(crate) step_s: u32,
    /// Alarms, on those first who suffer most; more than services, and each has several.
    pub(crate) alarms: usize,
    /// Log lines.
    pub(crate) logs: usize,
}

impl Size {
    /// As many services and series as the PetShop application has.
    pub(crate) const PETSHOP: Self = Self { services: 42, series: 300, step_s: 300, alarms: 3, logs: 0 };
    /// A company.
    pub(crate) const MIDDLE: Self = Self { services: 1_000, series: 20_000, step_s: 300, alarms: 12, logs: 0 };

    /// Builds the world. A quick wrong verdict would be worth nothing, so the answer is looked at first.
    pub(crate) fn situation(self) -> Situation {
        let (situation, cause) = Builder::new(self).build();
        let blamed = verdict(&situation).cause().map(|cause| cause.service.clone());
        assert_eq!(blamed, Some(cause), "the verdict has to name the faulty service");
        situation
    }
}

/// What a service is like before and during the trouble.
#[derive(Clone, Debug, Default)]
struct Nature {
    layer: usize,
    calls: Vec<(usize, f64)>,
    per_min: f64,
    latency_s: f64,
    slower_s: f64,
    failing: f64,
}

struct Builder {
    size: Size,
    natures: Vec<Nature>,
    cause: usize,
    start: Timestamp,
    rows: usize,
    chance: Chance,
}

impl Builder {
    fn new(size: Size) -> Self {
        let mut chance = Chance(0x5EED);
        let layers = layers(size.services);
        let mut natures: Vec<Nature> = Vec::with_capacity(size.services);
        for (layer, &(first, count)) in layers.iter().enumerate() {
            for at in 0..count {
                // Mostly neighbours in the next layer; one call goes anywhere below.
                let below = layers.get(layer + 1).copied().filter(|&(_, count)| count > 0);
                let mut calls: Vec<(usize, f64)> = Vec::new();
                for (call, times) in CALLS.iter().enumerate() {
                    let Some((next, width)) = below else { break };
                    let callee = if call + 1 == CALLS.len() {
                        next + chance.below(size.services - next)
                    } else {
                        next + (at * width / count + chance.below(width.min(NEIGHBOURS))) % width
                    };
                    match calls.iter_mut().find(|(known, _)| *known == callee) {
                        Some((_, known)) => *known += times,
                        None => calls.push((callee, *times)),
                    }
                }
                let per_min = if layer == 0 { ENTRY_PER_MIN } else { 0.0 };
                let latency_s = 0.004 + 0.03 * chance.uniform();
                natures.push(Nature { layer, calls, per_min, latency_s, ..Nature::default() });
            }
            debug_assert_eq!(natures.len(), first + count);
        }
        for caller in 0..natures.len() {
            let (per_min, calls) = (natures[caller].per_min, natures[caller].calls.clone());
            for (callee, times) in calls {
                natures[callee].per_min += per_min * times;
            }
        }
        let (first, count) = layers[FAULTY_LAYER];
        let busiest = (first..first + count).max_by(|&a, &b| natures[a].per_min.total_cmp(&natures[b].per_min));
        let cause = busiest.expect("every layer has a service");
        natures[cause].slower_s = SLOWER_S;
        natures[cause].failing = FAILING;
        // Callers come before what they call, so the last to be asked are the entry points.
        for caller in (0..natures.len()).rev() {
            for (callee, times) in natures[caller].calls.clone() {
                let callee = natures[callee].clone();
                let caller = &mut natures[caller];
                caller.latency_s += times * callee.latency_s;
                caller.slower_s += times * callee.slower_s;
                caller.failing = 1.0 - (1.0 - caller.failing) * (1.0 - callee.failing * times.min(1.0));
            }
        }
        let rows = usize::try_from(HISTORY.as_secs() / i64::from(size.step_s)).expect("a day") + STRENGTH.len() - 1;
        let start = Timestamp::from_second(1_700_000_100).expect("a moment");
        Self { size, natures, cause, start, rows, chance }
    }

    /// The world, and who is to blame in it.
    fn build(mut self) -> (Situation, ServiceId) {
        let series = self.series();
        let alarms = self.alarms();
        let services: Vec<Service> = (0..self.size.services).map(|at| self.service(at)).collect();
        let edges = (0..self.size.services).flat_map(|at| self.edges(at)).collect();
        let cause = services[self.cause].id.clone();
        let logs = self.logs();
        let situation = Situation {
            now: self.at(self.rows),
            alarms,
            topology: Some(Topology { services, edges }),
            conflicts: Vec::new(),
            series: Some(series),
            logs: Some(logs),
            changes: self.changes(),
            gaps: Vec::new(),
        };
        (situation, cause)
    }

    fn name(&self, at: usize) -> String {
        format!("{}-{}-{at:05}", DOMAINS[at % DOMAINS.len()], ROLES[self.natures[at].layer])
    }

    fn service(&self, at: usize) -> Service {
        let mut service = Service::named(self.name(at));
        service.kind = Some(KINDS[self.natures[at].layer].to_owned());
        service.account = Some(format!("{:012}", 111_111_111_111_u64 + at as u64 % 7));
        service.region = Some("eu-west-1".to_owned());
        service.aliases = vec![format!("prod-{}", self.name(at))];
        service
    }

    fn edges(&self, at: usize) -> Vec<Edge> {
        let caller = &self.natures[at];
        let edge = |&(callee, times): &(usize, f64)| Edge {
            requests_per_min: Some(caller.per_min * times),
            // Every fifth call of a worker hands over and goes on.
            mode: if caller.layer == 2 && callee % 5 == 0 { EdgeMode::Async } else { EdgeMode::Sync },
            ..Edge::between(&self.name(at), &self.name(callee))
        };
        caller.calls.iter().map(edge).collect()
    }

    /// The series of all services, in no particular order: so they are when many reads end.
    fn series(&mut self) -> Vec<Series> {
        let services = self.size.services;
        let others = self.size.series.saturating_sub(4 * services);
        let mut all = Vec::with_capacity(self.size.series);
        for at in 0..services {
            let id = ServiceId::new(self.name(at));
            let (step_s, start) = (self.size.step_s, self.start);
            let mut add = |measure, values| {
                all.push(Series { service: id.clone(), measure, start, step_s, values });
            };
            let [requests, faults, availability, latency] = self.flow(at);
            add(Measure::Requests, requests);
            add(Measure::Faults, faults);
            add(Measure::Availability, availability);
            add(Measure::Latency, latency);
            for other in 0..(others * (at + 1) / services - others * at / services) {
                let namespace = if other < OTHERS.len() { "AWS".to_owned() } else { format!("Custom{other}") };
                let level = 10.0 + 80.0 * self.chance.uniform();
                let values = (0..self.rows).map(|_| Some(level * self.chance.about_one(0.1))).collect();
                add(Measure::Other(format!("{namespace}/{}", OTHERS[other % OTHERS.len()])), values);
            }
        }
        for at in (1..all.len()).rev() {
            all.swap(at, self.chance.below(at + 1));
        }
        all
    }

    /// Requests, faults, availability and latency of a service, row by row.
    fn flow(&mut self, at: usize) -> [Vec<Option<f64>>; 4] {
        let nature = self.natures[at].clone();
        let per_step = nature.per_min * f64::from(self.size.step_s) / 60.0;
        let mut columns: [Vec<Option<f64>>; 4] = std::array::from_fn(|_| Vec::with_capacity(self.rows));
        for row in 0..self.rows {
            let strength = (row + STRENGTH.len()).checked_sub(self.rows).map_or(0.0, |since| STRENGTH[since]);
            let day = row as f64 * f64::from(self.size.step_s) / 86_400.0;
            let mean = per_step * (1.0 + 0.2 * (std::f64::consts::TAU * day).sin());
            let requests = (mean * self.chance.about_one(0.05)).round();
            let failing = 0.0005 + nature.failing * strength;
            let faults = (requests * failing * self.chance.about_one(0.3)).round().min(requests);
            let latency = nature.latency_s * self.chance.about_one(0.06) + nature.slower_s * strength;
            let some = |value: f64| (requests > 0.0).then_some(value);
            columns[0].push(Some(requests));
            columns[1].push(some(faults));
            columns[2].push(some(100.0 * (1.0 - faults / requests.max(1.0))));
            columns[3].push(some(latency));
        }
        columns
    }

    fn alarms(&self) -> Vec<Alarm> {
        let mut by_excess: Vec<usize> = (0..self.size.services).collect();
        let excess = |at: usize| self.natures[at].per_min * self.natures[at].slower_s;
        by_excess.sort_by(|&a, &b| excess(b).total_cmp(&excess(a)).then(a.cmp(&b)));
        let fired = self.at(self.rows + 1 - STRENGTH.len());
        let alarm = |(number, &at): (usize, &usize)| {
            let service = self.name(at);
            let metric = if (number / self.size.services + at).is_multiple_of(2) { "Latency" } else { "Errors" };
            Alarm {
                name: format!("prod {service} {metric} {number}"),
                state: AlarmState::Alarm,
                changed_at: fired + SignedDuration::from_secs(i64::try_from(number % 120).expect("small")),
                account: None,
                region: None,
                metric: Some(Metric {
                    namespace: "AWS/Service".to_owned(),
                    name: metric.to_owned(),
                    stat: None,
                    dimensions: BTreeMap::from([("ServiceName".to_owned(), service)]),
                }),
                reason: "Threshold Crossed".to_owned(),
                description: None,
                link: None,
                children: Vec::new(),
                muted: false,
                source_id: None,
            }
        };
        by_excess.iter().cycle().take(self.size.alarms).enumerate().map(alarm).collect()
    }

    /// One on the cause just before its onset, and one for every fifty services somewhere in the two hours before.
    fn changes(&mut self) -> Vec<Change> {
        let onset = self.rows - STRENGTH.len();
        let mut changes = vec![self.change(self.cause, self.at(onset) - SignedDuration::from_secs(120))];
        for _ in 0..self.size.services / 50 {
            let at = self.chance.below(self.size.services);
            let before = i64::try_from(self.chance.below(7_000)).expect("small");
            changes.push(self.change(at, self.at(onset) - SignedDuration::from_secs(before)));
        }
        changes
    }

    fn change(&self, at: usize, moment: Timestamp) -> Change {
        Change {
            at: moment,
            service: ServiceId::new(self.name(at)),
            kind: ChangeKind::Deploy,
            by: Some("ci".to_owned()),
            summary: format!("version {at} goes live"),
            error_code: None,
            link: None,
            commit: None,
        }
    }

    fn logs(&mut self) -> Vec<LogLine> {
        let began = self.at(self.rows - STRENGTH.len()) - SignedDuration::from_mins(60);
        let span = self.at(self.rows).duration_since(began).as_secs();
        let mut lines = Vec::with_capacity(self.size.logs);
        for number in 0..self.size.logs {
            let offset = span * i64::try_from(number).expect("small") / i64::try_from(self.size.logs).expect("small");
            let at = began + SignedDuration::from_secs(offset);
            let troubled = at >= self.at(self.rows - STRENGTH.len()) && number % 4 == 0;
            let service = if troubled { self.cause } else { self.chance.below(self.size.services) };
            let (level, text) = if troubled {
                (
                    LogLevel::Error,
                    format!("request {number:x} failed: timed out after 1200 ms waiting for a connection"),
                )
            } else {
                (LogLevel::Info, format!("request {number:x} served in {} ms", 5 + number % 40))
            };
            lines.push(LogLine { at, service: ServiceId::new(self.name(service)), level: Some(level), text });
        }
        lines
    }

    fn at(&self, row: usize) -> Timestamp {
        let seconds = i64::from(self.size.step_s) * i64::try_from(row).expect("a few thousand rows");
        self.start + SignedDuration::from_secs(seconds)
    }
}

/// First service and number of services of each layer; at least one.
fn layers(services: usize) -> Vec<(usize, usize)> {
    let mut first = 0;
    let mut left = services;
    let count = |(at, percent): (usize, &usize)| {
        let wanted = (services * percent / 100).max(1);
        let count = if at + 1 == LAYERS.len() { left } else { wanted };
        left -= count;
        first += count;
        (first - count, count)
    };
    LAYERS.iter().enumerate().map(count).collect()
}

/// `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("less than a usize")
    }

    /// Around 1 with this deviation: the sum of four uniform numbers is near enough to a bell, and quick.
    fn about_one(&mut self, deviation: f64) -> f64 {
        let bits = self.next();
        let sum: f64 = [0, 16, 32, 48].iter().map(|shift| ((bits >> shift) & 0xFFFF) as f64 / 65_536.0).sum();
        1.0 + deviation * (sum - 2.0) * 3.0_f64.sqrt()
    }
}

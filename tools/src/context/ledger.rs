//! Evidence is collected here: every claim once, numbered, with the query or the link that produced it.

use super::HISTORY;
use super::changes::signature::Pattern;
use super::estate::Estate;
use super::flow::Flows;
use super::kind::Kind;
use super::picture::Reading;
use crate::model::{Alarm, Change, Claim, Evidence, EvidenceId, Measure, ServiceId, Source, Window};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The claims so far.
#[derive(Debug)]
pub(super) struct Ledger<'a> {
    estate: &'a Estate<'a>,
    flows: Option<&'a Flows>,
    /// The span the topology was read over.
    seen: Window,
    evidence: Vec<Evidence>,
    readings: BTreeMap<(usize, Kind), Vec<EvidenceId>>,
    alarms: BTreeMap<usize, EvidenceId>,
    calls: BTreeMap<(usize, usize), EvidenceId>,
}

impl<'a> Ledger<'a> {
    /// An empty ledger for an incident that began at `began`.
    pub(super) fn new(estate: &'a Estate<'a>, flows: Option<&'a Flows>, began: Timestamp, now: Timestamp) -> Self {
        let seen = Window { from: began.saturating_sub(HISTORY).unwrap_or(Timestamp::MIN), to: now.max(began) };
        let (evidence, readings, alarms, calls) = (Vec::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { estate, flows, seen, evidence, readings, alarms, calls }
    }

    /// All claims by ascending id.
    pub(super) fn close(self) -> Vec<Evidence> {
        self.evidence
    }

    /// What a service's metrics show: its excess, and its onset.
    pub(super) fn reading(&mut self, reading: &Reading) -> Vec<EvidenceId> {
        if let Some(ids) = self.readings.get(&(reading.node, reading.kind)) {
            return ids.clone();
        }
        let service = self.estate.nodes[reading.node].id.clone();
        let (measure, observed, expected) = quantities(reading, self.flows);
        let query = Source::Query(self.query(reading, &measure));
        let (z, own_share) = (reading.seen.z, reading.own_share);
        let claim = Claim::Excess { service: service.clone(), measure, observed, expected, z, own_share };
        let step = self.flows.map(|flows| flows.grid.step()).unwrap_or_default();
        let row = Window { from: reading.onset, to: reading.onset.saturating_add(step).unwrap_or(reading.onset) };
        let ids = vec![
            self.add(claim, query.clone(), reading.window),
            self.add(Claim::Onset { service, at: reading.onset }, query, row),
        ];
        self.readings.insert((reading.node, reading.kind), ids.clone());
        ids
    }

    /// When a service left its normal range.
    pub(super) fn onset(&mut self, reading: &Reading) -> EvidenceId {
        // The second of a reading's claims.
        let ids = self.reading(reading);
        ids[ids.len() - 1]
    }

    /// The first alarm of a service.
    pub(super) fn alarm(&mut self, node: usize) -> Option<EvidenceId> {
        if let Some(id) = self.alarms.get(&node) {
            return Some(*id);
        }
        let alarm: &Alarm = self.estate.first_alarm(node)?;
        let source = match &alarm.link {
            Some(link) => Source::Link(link.clone()),
            None => Source::Query(format!("DescribeAlarmHistory {}", alarm.name)),
        };
        let service = Some(self.estate.nodes[node].id.clone());
        let claim = Claim::Alarm { name: alarm.name.clone(), state: alarm.state, at: alarm.changed_at, service };
        let id = self.add(claim, source, moment(alarm.changed_at));
        self.alarms.insert(node, id);
        Some(id)
    }

    /// One service calls another.
    pub(super) fn call(&mut self, from: usize, to: usize) -> EvidenceId {
        if let Some(id) = self.calls.get(&(from, to)) {
            return *id;
        }
        let name = |node: usize| -> ServiceId { self.estate.nodes[node].id.clone() };
        let requests_per_min = self.estate.per_min(from, to);
        let claim = Claim::Calls { caller: name(from), callee: name(to), requests_per_min };
        let id = self.add(claim, Source::Query("GetServiceGraph".to_owned()), self.seen);
        self.calls.insert((from, to), id);
        id
    }

    /// Lines that are alike.
    pub(super) fn logged(&mut self, pattern: &Pattern) -> EvidenceId {
        let Pattern { service, text, count, before, .. } = pattern;
        let source = Source::Query(format!("FilterLogEvents {service}"));
        let window = Window { from: pattern.first, to: self.seen.to.max(pattern.first) };
        let claim = Claim::Logged { service: service.clone(), pattern: text.clone(), count: *count, before: *before };
        self.add(claim, source, window)
    }

    /// When a service left its range, where no metric of its flow says so.
    pub(super) fn onset_by_signs(&mut self, node: usize, at: Timestamp) -> EvidenceId {
        let service = self.estate.nodes[node].id.clone();
        let source = Source::Query(format!("GetMetricData {service}"));
        self.add(Claim::Onset { service, at }, source, moment(at))
    }

    /// Something was changed.
    pub(super) fn change(&mut self, change: &Change) -> EvidenceId {
        let source = match &change.link {
            Some(link) => Source::Link(link.clone()),
            None => Source::Query(format!("LookupEvents {}", change.service)),
        };
        self.add(Claim::Changed { change: change.clone() }, source, moment(change.at))
    }

    /// A claim that no other method makes.
    pub(super) fn add(&mut self, claim: Claim, source: Source, window: Window) -> EvidenceId {
        let id = EvidenceId(u32::try_from(self.evidence.len() + 1).unwrap_or(u32::MAX));
        self.evidence.push(Evidence { id, claim, source, window });
        id
    }

    /// The query that shows the same numbers again.
    fn query(&self, reading: &Reading, measure: &Measure) -> String {
        let flow = self.flows.and_then(|flows| flows.of[reading.seen.member].as_ref());
        let counted = flow.is_some_and(|flow| flow.counted);
        let from_share = flow.is_some_and(|flow| flow.failed_from == Measure::Availability);
        let metrics = match reading.kind {
            Kind::Failures if *measure == Measure::Faults && counted && !from_share => "requests,faults Sum",
            Kind::Failures if counted => "requests Sum, availability Average",
            Kind::Failures if from_share => "availability Average",
            Kind::Failures => "faults Sum",
            Kind::Latency if counted => "requests Sum, latency Average",
            Kind::Latency => "latency Average",
        };
        let step_s = self.flows.map_or(60, |flows| flows.grid.step_s);
        format!("GetMetricData {} {metrics} {step_s}s", self.estate.members[reading.seen.member].id)
    }
}

/// In which measure a reading is told, what was observed, and what was to be expected.
fn quantities(reading: &Reading, flows: Option<&Flows>) -> (Measure, f64, f64) {
    let (seen, reference) = (&reading.seen, reading.seen.reference.unwrap_or(0.0));
    let measure = measure(reading, flows);
    let minutes = flows.map_or(1.0, |flows| flows.grid.minutes(seen.live.max(1)));
    match measure {
        Measure::Faults => (measure, seen.valued * seen.level / minutes, seen.valued * reference / minutes),
        Measure::Availability => (measure, 100.0 * (1.0 - seen.level), 100.0 * (1.0 - reference)),
        Measure::Latency | Measure::Requests | Measure::Other(_) => (measure, seen.level, reference),
    }
}

/// The measure that shows a reading best. A share is told as failed requests as soon as requests are counted.
pub(super) fn measure(reading: &Reading, flows: Option<&Flows>) -> Measure {
    let flow = flows.and_then(|flows| flows.of[reading.seen.member].as_ref());
    match reading.kind {
        Kind::Latency => Measure::Latency,
        Kind::Failures if flow.is_some_and(|flow| !flow.counted) => {
            flow.map_or(Measure::Faults, |flow| flow.failed_from.clone())
        }
        Kind::Failures => Measure::Faults,
    }
}

pub(super) fn moment(at: Timestamp) -> Window {
    Window { from: at, to: at.saturating_add(jiff::SignedDuration::from_secs(1)).unwrap_or(at) }
}

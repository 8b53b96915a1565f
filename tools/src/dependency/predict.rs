//! Who is hit next, when, and how hard.
//!
//! Trouble spreads from a callee to those that wait for it. Each waiting edge is one independent chance to be hit, as in the
//! independent cascade model (Kempe, Kleinberg, Tardos 2003), and the chances of one service join by noisy-or (Pearl 1988, §4.3.2):
//!
//! ```text
//! P(u) = 1 − Π over callees v nearer to the trouble of (1 − P(v) · q(u, v))            P = 1 for who suffers already
//! q(u, v) = C · n · h / (h + H) · Z     n = 1 − (1 − e)^m     h = 1 − (1 − e · s(v))^m    C = 0.92, H = 0.05
//! ```
//!
//! - e, the exposure: the share of u's requests that need v, from edge rates; where those are not known, v's requests over those of
//!   all its callers, as if each of their requests made equally many calls.
//! - s(v), the severity: the share of v's requests that fail, or wait for most of their time, beyond what is usual; of a service that is
//!   not hit yet what it would be, 1 − Π(1 − e · s) over its own callees.
//! - m, the pressure: retry amplification on the edge over the headroom of u (1 − what it reports to be in use, at least 0.1), as if
//!   each request were exposed m times.
//! - h / (h + H) is the saturating response of dose to effect (Hill 1910, exponent 1): H is the harm at which half of the callers that
//!   can be hit are. Some cannot, however great the harm: they have a fallback, a cache, a breaker. C leaves room for them, and so
//!   does n: what only few requests need is rather optional, or called only where a cache does not know.
//! - Z is the share of chances in which the harm would show. A service is hit once it is 3 deviations out of its range: with N
//!   requests in the two rows that are judged, of which the share b fails anyway, Z = 1 / (1 + exp(−1.702 · (h · N / σ − 3))) with
//!   σ² = max(1, b · N) + (0.05 · b · N)². It is 1 where requests are not counted.
//!
//! Whoever has been exposed for a while and is still well is more likely to be immune. That is the mixture cure model (Boag 1949;
//! Berkson, Gage 1952): with the share S(t) of hits that come later than t after the callee's onset,
//!
//! ```text
//! q(u, v | still well at t) = q · S(t) / (1 − q + q · S(t))         S(t) = 2^−(t / τ)^1.5
//! ```
//!
//! S is that of Weibull (1951) with the median τ, the lag of a hop: of this edge in earlier incidents, else the mean of all lags of
//! this incident and of six more, each the median of earlier incidents, or 3 minutes (a conjugate estimate with a prior of six
//! observations). It weighs so much because an incident that goes on has shown the short ones of its lags only. A hop further away
//! is also less certain, since the model itself may be wrong there: each one beyond the first costs a tenth.
//!
//! Load spreads the other way: a service that suddenly gets g times its usual requests from callers that suffer, as in a retry storm, is
//! hit with L · (1 − 1/g), L = ½: (1 − 1/g) is the share that a service sized for its usual load would have to refuse. That falls
//! with S(t) too, t since the onset of the caller that sends most.
//!
//! When it is hit is the onset of the callee through which it is hit plus the lag of a hop; every further hop adds one lag.
//!
//! Below an alarm that nothing explains yet others may suffer already: they are in [`Cascade::unseen`](super::Cascade::unseen).

use super::dose;
use super::graph::{Arc, Graph};
use super::lags::{Lags, median};
use super::ledger::Ledger;
use super::unseen::unseen;
use crate::context::Situation;
use crate::context::pulse::{Pulse, pulses};
use crate::model::{EvidenceId, Lane, Limit, Prediction, ServiceId, Symptom, Unit, Unseen, Verdict};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What each hop beyond the first keeps of the probability.
const HOP: f64 = 0.9;

/// The lag of a hop in minutes where none was ever seen: only for how probability falls, never told.
const USUAL_LAG: f64 = 3.0;

/// As how many lags that counts besides those of an incident: about as many hops as one has, so that half is believed of each.
const PRIOR_LAGS: f64 = 6.0;

/// The verdict judges so many rows together.
const ROWS: f64 = 2.0;

/// How often a service that gets many times its usual load is hit.
const LOAD: f64 = 0.5;

/// Less growth than this is no storm.
const LEAST_GROWTH: f64 = 1.5;

/// How badly a service suffers of which only that is known.
const SEVERITY: f64 = 0.3;

/// What suffers suffers at least so much: the verdict would not name it otherwise.
const LEAST_SEVERITY: f64 = 0.05;

/// The share of requests that need a callee of which nothing is counted.
const EXPOSURE: f64 = 0.5;

/// How likely a service is hit that no known call leads to.
pub(super) const UNLISTED: f64 = 0.01;

/// Less likely ones are not listed, unless the verdict expects them.
const LEAST: f64 = 0.02;

/// More are not listed.
pub(super) const MOST: usize = 100;

/// The length in minutes of the rows that the verdict judges together, by the finest metrics.
fn judged_min(situation: &Situation) -> Option<f64> {
    let steps = situation.series.iter().flatten().map(|series| series.step_s);
    steps.filter(|step| *step > 0).min().map(|step| ROWS * f64::from(step) / 60.0)
}

pub(super) fn count(things: usize) -> f64 {
    u32::try_from(things).map_or(f64::from(u32::MAX), f64::from)
}

/// An alarm on a service whose metrics are in their normal range is no reason to warn its callers.
pub(super) fn is_only_alarms(verdict: &Verdict) -> bool {
    matches!(verdict.lane, Lane::ExcessFlow | Lane::MetricOnset)
        && verdict.affected.iter().all(|affected| affected.symptom == Symptom::Alarms)
}

/// Who suffers and who may be next, by position.
pub(super) struct Spread<'a> {
    graph: &'a Graph,
    now: Timestamp,
    pulses: Vec<Pulse>,
    /// When each service that suffers began to.
    onset: Vec<Option<Timestamp>>,
    /// How badly each suffers, or would if it were hit.
    pub(super) severity: Vec<f64>,
    /// For each service that may be hit through its callees the number of hops; 0 for who suffers.
    hops: Vec<Option<usize>>,
    probability: Vec<f64>,
    /// Who hits it most likely.
    through: Vec<Option<usize>>,
    /// Retry amplification by caller and callee.
    storms: BTreeMap<(usize, usize), f64>,
    /// The median lag of a hop along the verdict's path in minutes, which the verdict tells time by.
    path_lag: Option<f64>,
    /// Where that is none, of any hop between two that suffer, and took any time.
    lag: Option<f64>,
    /// What is believed of the lag of a hop in minutes, for how probability falls.
    believed_lag: f64,
    /// The length of the rows that are judged in minutes, where there are metrics.
    judged_min: Option<f64>,
    lags: &'a Lags,
}

impl<'a> Spread<'a> {
    pub(super) fn of(situation: &Situation, verdict: &Verdict, lags: &'a Lags, graph: &'a Graph) -> Self {
        let size = graph.len();
        let mut onset: Vec<Option<Timestamp>> = vec![None; size];
        let mut symptom: Vec<Option<Symptom>> = vec![None; size];
        for affected in &verdict.affected {
            if let Some(node) = graph.node(&affected.service) {
                onset[node] = Some(onset[node].map_or(affected.onset, |onset| onset.min(affected.onset)));
                symptom[node] = symptom[node].or(Some(affected.symptom));
            }
        }
        let path_lag = Lags::of_incident(verdict);
        let mut spread = Self {
            graph,
            now: situation.now,
            pulses: vec![Pulse::default(); size],
            onset,
            severity: vec![0.0; size],
            hops: vec![None; size],
            probability: vec![0.0; size],
            through: vec![None; size],
            storms: BTreeMap::new(),
            path_lag,
            lag: None,
            believed_lag: USUAL_LAG,
            lags,
            judged_min: judged_min(situation),
        };
        let seen = spread.lags_anywhere();
        let above: Vec<f64> = seen.iter().copied().filter(|lag| *lag > 0.0).collect();
        spread.lag = path_lag.or_else(|| median(&above));
        // Many hops within one step of the metrics are many quick ones.
        let usual = lags.any().unwrap_or(USUAL_LAG);
        spread.believed_lag = (PRIOR_LAGS * usual + seen.iter().sum::<f64>()) / (PRIOR_LAGS + count(seen.len()));
        let order = spread.reach();
        spread.read(situation, &order);
        for (node, symptom) in symptom.into_iter().enumerate() {
            if let Some(symptom) = symptom {
                spread.severity[node] = spread.seen_severity(node, symptom);
            }
        }
        spread.note_storms(verdict);
        spread.climb(&order);
        spread.descend();
        spread
    }

    /// The lags over all waiting edges between two that suffer, in minutes, ascending.
    fn lags_anywhere(&self) -> Vec<f64> {
        let lag = |arc: &Arc| {
            let lag = self.onset[arc.from]?.duration_since(self.onset[arc.to]?).as_secs_f64() / 60.0;
            (arc.waits() && lag >= 0.0).then_some(lag)
        };
        let mut lags: Vec<f64> = self.graph.arcs().iter().filter_map(lag).collect();
        lags.sort_by(f64::total_cmp);
        lags
    }

    /// Breadth first from who suffers up to those that wait; returns who may be hit, nearest first, each hop by name.
    fn reach(&mut self) -> Vec<usize> {
        let mut level: Vec<usize> = (0..self.graph.len()).filter(|&node| self.onset[node].is_some()).collect();
        for &node in &level {
            self.hops[node] = Some(0);
        }
        let (mut order, mut hop) = (Vec::new(), 0);
        while !level.is_empty() {
            hop += 1;
            let mut next = Vec::new();
            for &node in &level {
                for arc in self.graph.callers(node).filter(|arc| arc.waits()) {
                    if self.hops[arc.from].is_none() && !self.graph.nodes()[arc.from].inferred {
                        self.hops[arc.from] = Some(hop);
                        next.push(arc.from);
                    }
                }
            }
            next.sort_unstable();
            order.extend_from_slice(&next);
            level = next;
        }
        order
    }

    fn read(&mut self, situation: &Situation, order: &[usize]) {
        let mut wanted: Vec<usize> = order.to_vec();
        for node in (0..self.graph.len()).filter(|&node| self.onset[node].is_some()) {
            wanted.push(node);
            wanted.extend(self.graph.callees(node).iter().map(|arc| arc.to));
        }
        wanted.sort_unstable();
        wanted.dedup();
        let began = self.onset.iter().flatten().min().copied().unwrap_or(self.now);
        let names: Vec<ServiceId> = wanted.iter().map(|&node| self.graph.id(node).clone()).collect();
        for (id, pulse) in pulses(situation, began, &names) {
            if let Some(node) = self.graph.node(&id) {
                self.pulses[node] = pulse;
            }
        }
    }

    /// How badly a service suffers, by its own metrics.
    fn seen_severity(&self, node: usize, symptom: Symptom) -> f64 {
        let Pulse { before, now, .. } = &self.pulses[node];
        let failing = now.loss.map(|loss| (loss - before.loss.unwrap_or(0.0)).clamp(0.0, 1.0));
        // The share of the time that is waiting on top of what is usual.
        let waiting = now.latency_s.zip(before.latency_s).filter(|(now, _)| *now > 0.0);
        let waiting = waiting.map(|(now, before)| (1.0 - before / now).clamp(0.0, 1.0));
        let seen = match (failing, waiting) {
            (None, None) => SEVERITY,
            // A slower answer is still one: it harms half as much.
            (failing, waiting) => 1.0 - (1.0 - failing.unwrap_or(0.0)) * (1.0 - 0.5 * waiting.unwrap_or(0.0)),
        };
        seen.clamp(LEAST_SEVERITY, if symptom == Symptom::Alarms { SEVERITY } else { 1.0 })
    }

    fn note_storms(&mut self, verdict: &Verdict) {
        for bottleneck in &verdict.bottlenecks {
            if let Limit::RetryStorm { callee, amplification, .. } = &bottleneck.limit
                && let (Some(from), Some(to)) = (self.graph.node(&bottleneck.service), self.graph.node(callee))
                && amplification.is_finite()
            {
                self.storms.insert((from, to), amplification.max(1.0));
            }
        }
    }

    /// Requests a minute of a service before the trouble.
    pub(super) fn usual_per_min(&self, node: usize) -> Option<f64> {
        let by_edges = || self.graph.incoming_per_min(node).filter(|rate| *rate > 0.0);
        self.pulses[node].before.per_min.filter(|rate| *rate > 0.0).or_else(by_edges)
    }

    /// Requests a minute now; what is usual where that is not measured.
    pub(super) fn per_min(&self, node: usize) -> Option<f64> {
        self.pulses[node].now.per_min.or_else(|| self.usual_per_min(node))
    }

    /// The share of its requests that fail now, 0–1, where measured.
    pub(super) fn loss(&self, node: usize) -> Option<f64> {
        self.pulses[node].now.loss
    }

    /// Mean latency before the trouble in seconds.
    pub(super) fn usual_latency_s(&self, node: usize) -> Option<f64> {
        self.pulses[node].before.latency_s
    }

    /// The share of the caller's requests that need the callee.
    fn exposure(&self, arc: &Arc) -> f64 {
        let own = self.usual_per_min(arc.from);
        let by_rate =
            arc.per_min.zip(own.or_else(|| self.graph.outgoing_per_min(arc.from))).filter(|(_, own)| *own > 0.0);
        let by_share = || {
            let called = self.pulses[arc.to].before.per_min?;
            let callers = self.graph.callers(arc.to).map(|arc| self.usual_per_min(arc.from));
            let all: f64 = callers.collect::<Option<Vec<f64>>>()?.iter().sum();
            (all > 0.0).then(|| called / all)
        };
        by_rate.map(|(rate, own)| rate / own).or_else(by_share).map_or(EXPOSURE, |share| share.clamp(0.0, 1.0))
    }

    /// The lag of a hop over an edge in minutes, where any was ever seen.
    fn lag(&self, arc: &Arc) -> Option<f64> {
        self.lags.of_edge(self.graph.id(arc.from), self.graph.id(arc.to)).or(self.lag).or(self.lags.any())
    }

    /// The chance that trouble passes the edge, given that the callee suffers.
    fn chance(&self, arc: &Arc) -> f64 {
        let chance = self.passes(arc, self.severity[arc.to]);
        let Some(onset) = self.onset[arc.to] else { return chance };
        let lag = self.lags.of_edge(self.graph.id(arc.from), self.graph.id(arc.to)).unwrap_or(self.believed_lag);
        self.still_well(chance, onset, lag)
    }

    /// The same before anybody has been exposed, if the callee suffers so badly.
    fn passes(&self, arc: &Arc, severity: f64) -> f64 {
        let headroom = self.pulses[arc.from].in_use.map_or(1.0, |in_use| (1.0 - in_use).max(0.1));
        let pressure = self.storms.get(&(arc.from, arc.to)).copied().unwrap_or(1.0) / headroom;
        let (chance, harm) = dose::response(self.exposure(arc), severity, pressure);
        let requests = self.usual_per_min(arc.from).zip(self.judged_min).map(|(rate, minutes)| rate * minutes);
        let usual = self.pulses[arc.from].before.loss.unwrap_or(0.0);
        chance * requests.map_or(1.0, |requests| dose::shows(harm, requests, usual))
    }

    /// What is left of a chance for who is still well, a while after `since`, at a median lag in minutes.
    fn still_well(&self, chance: f64, since: Timestamp, lag: f64) -> f64 {
        dose::still_well(chance, self.now.duration_since(since).as_secs_f64() / 60.0, lag)
    }

    /// Who may suffer already, unseen.
    pub(super) fn below(&self, verdict: &Verdict) -> Vec<Unseen> {
        let passes = |arc: &Arc| self.passes(arc, SEVERITY);
        let lowered = |likely: f64, since: Timestamp| self.still_well(likely, since, self.believed_lag);
        let mut below = unseen(self.graph, verdict, (LEAST, MOST), passes, lowered);
        below.retain(|unseen| self.graph.node(&unseen.service).is_none_or(|node| !self.suffers(node)));
        below
    }

    /// Up along waiting edges, hop by hop.
    fn climb(&mut self, order: &[usize]) {
        for &node in order {
            let hop = self.hops[node];
            let (mut spared, mut unharmed, mut best) = (1.0, 1.0, (f64::NEG_INFINITY, None));
            for arc in self.graph.callees(node).iter().filter(|arc| arc.waits()) {
                let Some(nearer) = self.hops[arc.to].filter(|callee| Some(callee + 1) == hop) else { continue };
                let likely = if nearer == 0 { 1.0 } else { HOP * self.probability[arc.to] };
                let chance = likely * self.chance(arc);
                spared *= 1.0 - chance;
                unharmed *= 1.0 - self.exposure(arc) * self.severity[arc.to];
                if chance > best.0 {
                    best = (chance, Some(arc.to));
                }
            }
            self.probability[node] = 1.0 - spared;
            self.severity[node] = 1.0 - unharmed;
            self.through[node] = best.1;
        }
    }

    /// Down to those that suddenly get far more requests from who suffers.
    fn descend(&mut self) {
        for node in (0..self.graph.len()).filter(|&node| self.onset[node].is_none()) {
            let Pulse { before, now, .. } = &self.pulses[node];
            let growth =
                now.per_min.zip(before.per_min).filter(|(_, before)| *before > 0.0).map(|(now, before)| now / before);
            let Some(growth) = growth.filter(|growth| *growth >= LEAST_GROWTH) else { continue };
            let suffering = self.graph.callers(node).filter(|arc| self.onset[arc.from].is_some());
            let most = suffering.max_by(|a, b| {
                let rate = |arc: &Arc| arc.per_min.unwrap_or(0.0);
                rate(a).total_cmp(&rate(b)).then(b.from.cmp(&a.from))
            });
            let Some(most) = most else { continue };
            let refused = 1.0 - 1.0 / growth;
            let since = self.onset[most.from].unwrap_or(self.now);
            let chance = self.still_well(LOAD * refused, since, self.believed_lag);
            if chance > self.probability[node] {
                self.through[node] = Some(most.from);
                self.severity[node] = self.severity[node].max(refused);
            }
            self.probability[node] = 1.0 - (1.0 - self.probability[node]) * (1.0 - chance);
            self.hops[node] = Some(self.hops[node].map_or(1, |hops| hops.min(1)));
        }
    }

    /// How many requests a minute of a service fail or are late, or will if it is hit.
    pub(super) fn at_risk(&self, node: usize) -> Option<f64> {
        self.per_min(node).map(|rate| rate * self.severity[node].clamp(0.0, 1.0))
    }

    /// The same weighed with how likely that is.
    pub(super) fn expected_harm(&self, node: usize) -> Option<f64> {
        let likely = if self.onset[node].is_some() { 1.0 } else { self.probability[node] };
        self.at_risk(node).map(|at_risk| at_risk * likely)
    }

    /// Whether a service suffers.
    pub(super) fn suffers(&self, node: usize) -> bool {
        self.onset[node].is_some()
    }

    /// Minutes from now until a service is hit through `through`.
    fn in_minutes(&self, node: usize, through: usize, known: &BTreeMap<usize, Option<f64>>) -> Option<f64> {
        let arc = self.graph.between(node, through).or_else(|| self.graph.between(through, node))?;
        let lag = self.lag(arc)?;
        match self.onset[through] {
            Some(onset) => Some((onset.duration_since(self.now).as_secs_f64() / 60.0 + lag).max(0.0)),
            None => Some(known.get(&through).copied().flatten()? + lag),
        }
    }

    /// The predictions that are listed, and how many there are.
    pub(super) fn tell(&self, verdict: &Verdict, ledger: &mut Ledger) -> (Vec<Prediction>, usize) {
        let touched = self.entry_shares();
        let expected: BTreeMap<usize, &crate::model::Expected> =
            verdict.expected.iter().filter_map(|next| Some((self.graph.node(&next.service)?, next))).collect();
        let mut nodes: Vec<usize> =
            (0..self.graph.len()).filter(|&node| self.onset[node].is_none() && self.through[node].is_some()).collect();
        nodes.sort_by_key(|&node| (self.hops[node], node));
        let mut through_of: BTreeMap<usize, usize> = BTreeMap::new();
        let mut minutes: BTreeMap<usize, Option<f64>> = BTreeMap::new();
        for &node in &nodes {
            let said = expected.get(&node).and_then(|next| self.graph.node(&next.through));
            let Some(through) = said.filter(|&said| self.onset[said].is_some()).or(self.through[node]) else {
                continue;
            };
            through_of.insert(node, through);
            minutes.insert(node, self.in_minutes(node, through, &minutes));
        }
        let is_listed = |node: &usize| self.probability[*node] >= LEAST || expected.contains_key(node);
        nodes.retain(|node| is_listed(node) && through_of.contains_key(node));
        let share = |node: usize| {
            let arc = self.graph.between(node, through_of[&node]);
            let rate = arc.and_then(|arc| arc.per_min).zip(self.graph.outgoing_per_min(node));
            rate.filter(|(_, total)| *total > 0.0).map_or(-1.0, |(rate, total)| (rate / total).min(1.0))
        };
        nodes.sort_by(|&a, &b| {
            // Where the verdict tells no time it does not sort by it either.
            let soon = |node: usize| minutes[&node].filter(|_| self.path_lag.is_some()).unwrap_or(f64::INFINITY);
            let by_name = || self.hops[a].cmp(&self.hops[b]).then(share(b).total_cmp(&share(a))).then(a.cmp(&b));
            soon(a).total_cmp(&soon(b)).then_with(by_name)
        });
        let predict = |&node: &usize| Prediction {
            service: self.graph.id(node).clone(),
            through: self.graph.id(through_of[&node]).clone(),
            probability: self.probability[node].clamp(0.0, 1.0),
            in_minutes: minutes[&node],
            requests_per_min_at_risk: self.at_risk(node),
            entry_share: touched.as_ref().map(|touched| touched[node]),
            path: self.path(node, &through_of).into_iter().map(|node| self.graph.id(node).clone()).collect(),
            evidence: self.claims(node, through_of[&node], ledger),
        };
        (nodes.iter().take(MOST).map(predict).collect(), nodes.len())
    }

    fn claims(&self, node: usize, through: usize, ledger: &mut Ledger) -> Vec<EvidenceId> {
        let is_load = self.graph.between(node, through).is_none();
        let (caller, callee) = if is_load { (through, node) } else { (node, through) };
        let mut claims = vec![ledger.call(self.graph, caller, callee)];
        let id = self.graph.id(node);
        let Pulse { before, now, in_use } = &self.pulses[node];
        if is_load && let Some(rate) = now.per_min {
            claims.push(ledger.figure(id, "requests", (rate, Unit::PerMinute), before.per_min));
        }
        if let Some(in_use) = in_use {
            claims.push(ledger.figure(id, "utilization", (100.0 * in_use, Unit::Percent), None));
        }
        if let Some(storm) = self.storms.get(&(caller, callee)) {
            let what = format!("calls to {} against what its own requests explain", self.graph.id(callee));
            claims.push(ledger.figure(self.graph.id(caller), &what, (*storm, Unit::Times), None));
        }
        claims
    }

    /// From who suffers furthest down, along the earliest onsets, up to `node`.
    fn path(&self, node: usize, through_of: &BTreeMap<usize, usize>) -> Vec<usize> {
        let mut path = vec![node];
        let mut seen = vec![node];
        loop {
            let at = path[path.len() - 1];
            let next = match (self.onset[at], through_of.get(&at)) {
                (None, Some(&through)) => Some(through),
                (None, None) => None,
                // Of the callees that suffered before it the one that did last: the nearest reason.
                (Some(onset), _) => {
                    let earlier = self.graph.callees(at).iter().filter(|arc| arc.waits()).filter_map(|arc| {
                        let began = self.onset[arc.to].filter(|began| *began <= onset)?;
                        Some((began, self.exposure(arc) * self.severity[arc.to], arc.to))
                    });
                    let earlier = earlier.filter(|(.., to)| !seen.contains(to));
                    earlier.max_by(|a, b| a.1.total_cmp(&b.1).then(b.2.cmp(&a.2))).map(|(.., to)| to)
                }
            };
            match next.filter(|next| !seen.contains(next)) {
                Some(next) => {
                    path.push(next);
                    seen.push(next);
                }
                None => break,
            }
        }
        path.reverse();
        path
    }

    /// For each service the share of the requests from outside that need it: visits handed down over waiting edges, at most one
    /// a request. None without rates.
    fn entry_shares(&self) -> Option<Vec<f64>> {
        /// Long enough for any chain of calls one would wait for; a cycle converges much earlier.
        const ROUNDS: usize = 30;
        let entries = self.graph.entries();
        let rate = |node: usize| self.usual_per_min(node).or_else(|| self.graph.outgoing_per_min(node));
        let rates: Vec<f64> = entries.iter().map(|&node| rate(node).unwrap_or(0.0)).collect();
        let total: f64 = rates.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let mut given = vec![0.0; self.graph.len()];
        for (&node, rate) in entries.iter().zip(&rates) {
            given[node] = rate / total;
        }
        let passed: Vec<f64> =
            self.graph.arcs().iter().map(|arc| if arc.waits() { self.exposure(arc) } else { 0.0 }).collect();
        let mut share = given.clone();
        for _ in 0..ROUNDS {
            let mut next = given.clone();
            for (arc, passed) in self.graph.arcs().iter().zip(&passed) {
                next[arc.to] += share[arc.from] * passed;
            }
            for value in &mut next {
                *value = value.min(1.0);
            }
            let is_settled = next.iter().zip(&share).all(|(a, b)| (a - b).abs() < 1e-9);
            share = next;
            if is_settled {
                break;
            }
        }
        Some(share)
    }
}

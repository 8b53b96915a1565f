//! Evidence of this toolset: a verdict's claims, and behind them those that only this toolset makes.

use super::graph::Graph;
use crate::context::HISTORY;
use crate::model::{Claim, Evidence, EvidenceId, ServiceId, Source, Unit, Verdict, Window};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The claims so far.
#[derive(Debug)]
pub(super) struct Ledger {
    evidence: Vec<Evidence>,
    calls: BTreeMap<(ServiceId, ServiceId), EvidenceId>,
    seen: Window,
}

impl Ledger {
    /// Begins with what `verdict` claims, so that its ids stay valid.
    pub(super) fn after(verdict: &Verdict) -> Self {
        Self::with(verdict.evidence.clone(), verdict.at)
    }

    /// Begins with nothing.
    pub(super) fn new(now: Timestamp) -> Self {
        Self::with(Vec::new(), now)
    }

    fn with(evidence: Vec<Evidence>, now: Timestamp) -> Self {
        let calls = evidence.iter().filter_map(|evidence| match &evidence.claim {
            Claim::Calls { caller, callee, .. } => Some(((caller.clone(), callee.clone()), evidence.id)),
            Claim::Alarm { .. }
            | Claim::Excess { .. }
            | Claim::Onset { .. }
            | Claim::Figure { .. }
            | Claim::Logged { .. }
            | Claim::Changed { .. } => None,
        });
        let calls = calls.collect();
        let seen = Window { from: now.saturating_sub(HISTORY).unwrap_or(Timestamp::MIN), to: now };
        Self { evidence, calls, seen }
    }

    /// All claims by ascending id.
    pub(super) fn close(self) -> Vec<Evidence> {
        self.evidence
    }

    /// One service calls another.
    pub(super) fn call(&mut self, graph: &Graph, from: usize, to: usize) -> EvidenceId {
        let per_min = graph.between(from, to).and_then(|arc| arc.per_min);
        self.calls(graph.id(from), graph.id(to), per_min)
    }

    /// The same by names.
    pub(super) fn calls(&mut self, caller: &ServiceId, callee: &ServiceId, per_min: Option<f64>) -> EvidenceId {
        let ends = (caller.clone(), callee.clone());
        if let Some(id) = self.calls.get(&ends) {
            return *id;
        }
        let claim = Claim::Calls { caller: ends.0.clone(), callee: ends.1.clone(), requests_per_min: per_min };
        let id = self.add(claim, "GetServiceGraph".to_owned(), self.seen);
        self.calls.insert(ends, id);
        id
    }

    /// A figure of a service.
    pub(super) fn figure(
        &mut self,
        service: &ServiceId,
        name: &str,
        (value, unit): (f64, Unit),
        usual: Option<f64>,
    ) -> EvidenceId {
        let claim = Claim::Figure { service: service.clone(), name: name.to_owned(), value, unit, usual };
        self.add(claim, format!("GetMetricData {service} {name}"), self.seen)
    }

    fn add(&mut self, claim: Claim, query: String, window: Window) -> EvidenceId {
        let id = EvidenceId(u32::try_from(self.evidence.len() + 1).unwrap_or(u32::MAX));
        self.evidence.push(Evidence { id, claim, source: Source::Query(query), window });
        id
    }
}

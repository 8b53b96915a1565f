//! What proposals and forecasts look at: the graph, who suffers, and what flows, by position. Made once for all of them.

use crate::context::Situation;
use crate::context::pulse::{Pulse, pulses};
use crate::dependency::Graph;
use crate::model::{Bottleneck, Cause, CutEdge, IsolationRemedy, Limit, Outlook, ServiceId, Topology, Verdict};
use std::collections::BTreeMap;

/// The situation, what was said of it, and an index of both.
#[derive(Debug)]
pub(super) struct Sight<'a> {
    pub(super) situation: &'a Situation,
    pub(super) verdict: &'a Verdict,
    pub(super) outlook: &'a Outlook,
    /// Empty where there is no topology.
    pub(super) graph: Graph,
    /// Whether the service at a position suffers.
    suffers: Vec<bool>,
    /// How many do, those that the graph does not know included.
    sufferers: usize,
    pulses: BTreeMap<ServiceId, Pulse>,
}

impl<'a> Sight<'a> {
    pub(super) fn of(situation: &'a Situation, verdict: &'a Verdict, outlook: &'a Outlook) -> Self {
        let nothing = Topology::default();
        let graph = Graph::of(situation.topology.as_ref().unwrap_or(&nothing));
        let mut suffers = vec![false; graph.len()];
        let sick = verdict.affected.iter().map(|affected| &affected.service);
        let mut sick: Vec<&ServiceId> = sick.chain(verdict.cause().map(|cause| &cause.service)).collect();
        sick.sort_unstable();
        sick.dedup();
        for node in sick.iter().filter_map(|service| graph.node(service)) {
            suffers[node] = true;
        }
        let began = verdict.affected.iter().map(|affected| affected.onset).min().unwrap_or(situation.now);
        let mut wanted: Vec<ServiceId> = sick.iter().map(|service| (*service).clone()).collect();
        wanted.extend(verdict.bottlenecks.iter().map(|bottleneck| bottleneck.service.clone()));
        wanted.sort_unstable();
        wanted.dedup();
        let pulses = pulses(situation, began, &wanted);
        Self { situation, verdict, outlook, graph, suffers, sufferers: sick.len(), pulses }
    }

    pub(super) fn cause(&self) -> Option<&'a Cause> {
        self.verdict.cause()
    }

    pub(super) fn is_cause(&self, service: &ServiceId) -> bool {
        self.cause().is_some_and(|cause| self.is_same(&cause.service, service))
    }

    /// Whether two names are one service.
    pub(super) fn is_same(&self, one: &ServiceId, other: &ServiceId) -> bool {
        one == other || self.graph.node(one).is_some_and(|node| self.graph.node(other) == Some(node))
    }

    pub(super) fn suffers(&self, service: &ServiceId) -> bool {
        match self.graph.node(service) {
            Some(node) => self.suffers[node],
            None => self.is_cause(service) || self.verdict.affected.iter().any(|sick| sick.service == *service),
        }
    }

    pub(super) fn node_suffers(&self, node: usize) -> bool {
        self.suffers[node]
    }

    /// How many services suffer; at least one.
    pub(super) fn sufferers(&self) -> usize {
        self.sufferers.max(1)
    }

    /// The limits that a service has met, worst first.
    pub(super) fn limits(&self, service: &ServiceId) -> impl Iterator<Item = &'a Bottleneck> {
        self.verdict.bottlenecks.iter().filter(move |bottleneck| self.is_same(&bottleneck.service, service))
    }

    pub(super) fn pulse(&self, service: &ServiceId) -> Pulse {
        self.pulses.get(service).copied().unwrap_or_default()
    }

    /// Executions at once that a service needs now: its highest number where that was at the limit, else requests a second times
    /// seconds a request (Little 1961); none where neither was measured.
    pub(super) fn in_use(&self, service: &ServiceId) -> Option<f64> {
        let peak = self.limits(service).find_map(|bottleneck| match bottleneck.limit {
            Limit::Concurrency { peak, .. } => Some(peak),
            Limit::ColdStarts { .. }
            | Limit::Throttles { .. }
            | Limit::Spillover { .. }
            | Limit::RetryStorm { .. }
            | Limit::Connections { .. }
            | Limit::QueueAge { .. }
            | Limit::HotPartition { .. } => None,
        });
        peak.or_else(|| little(self.pulse(service).now.per_min?, self.pulse(service).now.latency_s?))
    }

    /// Executions at once that were usual before the trouble.
    pub(super) fn usual_in_use(&self, service: &ServiceId) -> Option<f64> {
        let before = self.pulse(service).before;
        little(before.per_min?, before.latency_s?)
    }

    /// The edges of the cut that a remedy on `service` makes.
    pub(super) fn cut_at(&self, service: &ServiceId) -> Vec<&'a CutEdge> {
        let is_here = |edge: &&CutEdge| match &edge.remedy {
            IsolationRemedy::ReservedConcurrency { function, .. }
            | IsolationRemedy::PauseEventSource { function, .. } => self.is_same(function, service),
            IsolationRemedy::DisableRule { rule } => self.is_same(rule, service),
            IsolationRemedy::Runbook { service: caller } => self.is_same(caller, service),
        };
        self.outlook.isolation.cut.iter().filter(is_here).collect()
    }

    /// Everybody who waits for the service at a position, itself or through others, and the service first.
    pub(super) fn above(&self, node: usize, through: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut seen = vec![false; self.graph.len()];
        seen[node] = true;
        let mut found = vec![node];
        let mut next = 0;
        while next < found.len() {
            let callers = self.graph.callers(found[next]).filter(|arc| arc.waits()).map(|arc| arc.from);
            for caller in callers {
                if through(caller) && !std::mem::replace(&mut seen[caller], true) {
                    found.push(caller);
                }
            }
            next += 1;
        }
        found
    }

    /// How many healthy services wait for this one, itself or through others.
    pub(super) fn healthy_above(&self, service: &ServiceId) -> usize {
        let Some(node) = self.graph.node(service) else { return 0 };
        let is_healthy = |node: &&usize| !self.suffers[**node] && !self.graph.nodes()[**node].inferred;
        self.above(node, |_| true).iter().skip(1).filter(is_healthy).count()
    }

    /// The share of those who suffer that are this service or wait for it through others that suffer, 0–1.
    pub(super) fn share_above(&self, service: &ServiceId) -> f64 {
        let through = match self.graph.node(service) {
            Some(node) => self.above(node, |caller| self.suffers[caller]).len(),
            None => 1,
        };
        (count(through) / count(self.sufferers())).min(1.0)
    }

    /// What a service waits for that suffers, by name.
    pub(super) fn sick_callees(&self, service: &ServiceId) -> Vec<ServiceId> {
        let Some(node) = self.graph.node(service) else { return Vec::new() };
        let arcs = self.graph.callees(node).iter().filter(|arc| self.suffers[arc.to]);
        arcs.map(|arc| self.graph.id(arc.to).clone()).collect()
    }
}

fn little(per_min: f64, latency_s: f64) -> Option<f64> {
    Some(per_min / 60.0 * latency_s).filter(|at_once| at_once.is_finite() && *at_once > 0.0)
}

pub(super) fn count(things: usize) -> f64 {
    u32::try_from(things).map_or(f64::from(u32::MAX), f64::from)
}

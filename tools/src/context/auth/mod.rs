//! The auth journey as a funnel: what each hop loses, what it adds to the waiting, and which service is the first whose
//! loss nothing behind it explains.
//!
//! The loss that reaches a caller is worked out as by independent calls: a request that makes `r ≤ 1` calls of a kind, each
//! failing with probability `f`, survives them with `(1 − f)^r`. Retries only make that an upper bound of what is
//! explained, which sends the search further down, where the loss is not smaller.

mod journey;
#[cfg(test)]
mod tests;

pub(super) use journey::Journey;

use super::Situation;
use super::estate::Estate;
use super::gauge::{Gauges, Spans};
use super::ledger::Ledger;
use super::verdict::look;
use super::vitals::Flowing;
use crate::model::{Alarm, AuthHealth, Claim, EvidenceId, Gap, Hop, HopStatus, ServiceId, Source, Stage, Unit};
use crate::ports::Outside;
use crate::tool::{Effect, Subject, Tool, ToolError, ToolSpec};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A share of lost requests below this, beyond the usual, is no trouble.
const LEAST_LOSS: f64 = 0.01;

/// A hop is slow at this many times its usual latency, and at so many milliseconds more.
const SLOWER: f64 = 1.5;
const SLOWER_MS: f64 = 5.0;

/// A service explains itself when at least this share of its trouble is its own.
const OWN: f64 = 0.5;

/// The health of the auth journey: a pure function.
pub fn auth_health(situation: &Situation) -> AuthHealth {
    let estate = Estate::of(situation);
    let look = look(situation, &estate);
    let journey = Journey::of(situation, &estate);
    let nodes: Vec<usize> = journey.hops.iter().map(|hop| hop.1).collect();
    let spans = Spans::of(situation, &estate, &look.sufferers);
    let gauges = Gauges::of(situation, &estate, spans, &estate.reach(&nodes, true));
    let funnel = Funnel { estate: &estate, gauges: &gauges };
    let began = estate.began().unwrap_or(situation.now);
    let mut ledger = Ledger::new(&estate, look.flows.as_ref(), began, situation.now);
    let hops: Vec<Hop> = journey.hops.iter().map(|&(stage, node)| funnel.hop(stage, node, &mut ledger)).collect();
    let first_unexplained = funnel.first_unexplained(&hops, &nodes).map(|node| funnel.name(node));
    let gaps = gaps(situation, &journey, &hops);
    AuthHealth { at: situation.now, hops, first_unexplained, gaps, evidence: ledger.close() }
}

struct Funnel<'a> {
    estate: &'a Estate<'a>,
    gauges: &'a Gauges<'a>,
}

impl Funnel<'_> {
    fn name(&self, node: usize) -> ServiceId {
        self.estate.nodes[node].id.clone()
    }

    fn flowing(&self, node: usize) -> &Flowing {
        self.gauges.flowing(node)
    }

    /// What a node loses beyond the usual, 0–1 of its requests.
    fn lost(&self, node: usize) -> Option<f64> {
        let flowing = self.flowing(node);
        flowing.now.loss.map(|loss| (loss - flowing.before.loss.unwrap_or(0.0)).max(0.0))
    }

    /// Calls to `to` for each request of `from`, before the trouble; one where that is not known.
    fn rate(&self, from: usize, to: usize, per_min: Option<f64>) -> f64 {
        let requests = self.flowing(from).before.per_min.filter(|requests| *requests > 0.0);
        let only = || {
            let lone = self.estate.callers[to].len() == 1;
            self.flowing(to).before.per_min.filter(|_| lone)
        };
        per_min.or_else(only).zip(requests).map_or(1.0, |(calls, requests)| calls / requests)
    }

    /// What a node loses beyond what the services it waits for explain.
    fn own_loss(&self, node: usize) -> Option<f64> {
        let survive = self.estate.callees[node].iter().map(|call| {
            let lost = self.lost(call.to).unwrap_or(0.0).min(1.0);
            (1.0 - lost).powf(self.rate(node, call.to, call.per_min).clamp(0.0, 1.0))
        });
        let explained = 1.0 - survive.product::<f64>();
        self.lost(node).map(|lost| (lost - explained).max(0.0))
    }

    /// Milliseconds beyond the usual.
    fn slower_ms(&self, node: usize) -> Option<f64> {
        let flowing = self.flowing(node);
        Some((flowing.now.latency_ms? - flowing.before.latency_ms?).max(0.0))
    }

    /// Milliseconds beyond the usual that one call costs its caller, with the calls it makes now and made before.
    fn handed_on_ms(&self, from: usize, to: usize, per_min: Option<f64>) -> f64 {
        let (caller, called) = (self.flowing(from), self.flowing(to));
        let growth = |flowing: &Flowing| {
            let before = flowing.before.per_min.filter(|before| *before > 0.0)?;
            flowing.now.per_min.map(|now| now / before).filter(|growth| *growth > 0.0)
        };
        let rate = self.rate(from, to, per_min);
        let now = rate * growth(called).zip(growth(caller)).map_or(1.0, |(called, caller)| called / caller);
        let usual = called.before.latency_ms.unwrap_or(0.0);
        let waited = now * called.now.latency_ms.unwrap_or(usual) - rate * usual;
        if waited.is_finite() { waited.max(0.0) } else { 0.0 }
    }

    /// Milliseconds beyond the usual that a node adds itself.
    fn added_ms(&self, node: usize) -> Option<f64> {
        let behind: f64 =
            self.estate.callees[node].iter().map(|call| self.handed_on_ms(node, call.to, call.per_min)).sum();
        self.slower_ms(node).map(|slower| (slower - behind).max(0.0))
    }

    fn status(&self, node: usize) -> HopStatus {
        let flowing = self.flowing(node);
        if flowing.now.loss.is_none() && flowing.now.latency_ms.is_none() {
            return HopStatus::Unknown;
        }
        // Counting noise: a Poisson count of the usual failures, and one failure at least.
        let requests = flowing.now.per_min.unwrap_or(0.0);
        let usual = flowing.before.loss.unwrap_or(0.0);
        let is_noise = requests > 0.0
            && self.lost(node).unwrap_or(0.0) * requests < 3.0 * (usual * requests).max(1.0).sqrt() / 2.0;
        if self.lost(node).is_some_and(|lost| lost >= LEAST_LOSS) && !is_noise {
            return HopStatus::Losing;
        }
        let usual_ms = flowing.before.latency_ms.unwrap_or(f64::INFINITY);
        let is_slow = flowing.now.latency_ms.is_some_and(|now| now > SLOWER * usual_ms && now > usual_ms + SLOWER_MS);
        if is_slow { HopStatus::Slow } else { HopStatus::Healthy }
    }

    fn hop(&self, stage: Stage, node: usize, ledger: &mut Ledger<'_>) -> Hop {
        let flowing = self.flowing(node);
        let mut evidence: Vec<EvidenceId> = Vec::new();
        let mut tell = |name: &str, value: f64, unit: Unit, usual: Option<f64>, from: &str| {
            let claim = Claim::Figure { service: self.name(node), name: name.to_owned(), value, unit, usual };
            let query = Source::Query(format!("GetMetricData {} {from}", self.name(node)));
            evidence.push(ledger.add(claim, query, self.gauges.spans.trouble));
        };
        let percent = |share: f64| 100.0 * share;
        if let Some(loss) = flowing.now.loss {
            tell("lost requests", percent(loss), Unit::Percent, flowing.before.loss.map(percent), &flowing.loss_from);
        }
        if let Some(latency) = flowing.now.latency_ms {
            tell("latency", latency, Unit::Milliseconds, flowing.before.latency_ms, &flowing.latency_from);
        }
        evidence.extend(ledger.alarm(node));
        Hop {
            stage,
            service: self.name(node),
            status: self.status(node),
            requests_per_min: flowing.now.per_min,
            loss: flowing.now.loss,
            usual_loss: flowing.before.loss,
            own_loss: self.own_loss(node),
            latency_ms: flowing.now.latency_ms,
            usual_latency_ms: flowing.before.latency_ms,
            added_ms: self.added_ms(node),
            evidence,
        }
    }

    /// From the first troubled hop down the calls, to where the trouble is its own. Loss before slowness.
    fn first_unexplained(&self, hops: &[Hop], nodes: &[usize]) -> Option<usize> {
        [HopStatus::Losing, HopStatus::Slow].into_iter().find_map(|status| {
            let first = hops.iter().position(|hop| hop.status == status)?;
            Some(self.descend(nodes[first], status == HopStatus::Losing))
        })
    }

    fn descend(&self, from: usize, by_loss: bool) -> usize {
        let mut seen = vec![false; self.estate.nodes.len()];
        let mut node = from;
        loop {
            seen[node] = true;
            let (all, own) = if by_loss {
                (self.lost(node), self.own_loss(node))
            } else {
                (self.slower_ms(node), self.added_ms(node))
            };
            let (all, own) = (all.unwrap_or(0.0), own.unwrap_or(0.0));
            if own >= OWN * all {
                return node;
            }
            let weight = |call: &super::estate::Call| {
                let share = self.rate(node, call.to, call.per_min).clamp(0.0, 1.0);
                if by_loss {
                    share * self.lost(call.to).unwrap_or(0.0)
                } else {
                    self.handed_on_ms(node, call.to, call.per_min)
                }
            };
            let callees = self.estate.callees[node].iter().filter(|call| !seen[call.to]);
            let next = callees.map(|call| (weight(call), call.to)).filter(|(weight, _)| *weight > 0.0);
            match next.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))) {
                Some((_, callee)) => node = callee,
                None => return node,
            }
        }
    }
}

fn gaps(situation: &Situation, journey: &Journey, hops: &[Hop]) -> Vec<Gap> {
    let mut gaps = situation.gaps.clone();
    let gap = |wanted: &str, because: &str, remedy: &str| Gap {
        wanted: wanted.to_owned(),
        because: because.to_owned(),
        remedy: Some(remedy.to_owned()),
    };
    if hops.is_empty() {
        let because = "no service here is known to be a user pool, to call one, or to be an authorizer";
        gaps.push(gap("the auth journey", because, "services with their AWS types, and the calls between them"));
        return gaps;
    }
    let missing: Vec<String> = Stage::ALL
        .iter()
        .filter(|stage| hops.iter().all(|hop| hop.stage != **stage))
        .map(ToString::to_string)
        .collect();
    if !missing.is_empty() {
        let wanted = format!("stages of the auth journey: {}", missing.join(", "));
        gaps.push(gap(&wanted, "the topology shows none on the way", "their AWS types and calls in the topology"));
    }
    let silent: Vec<&str> =
        hops.iter().filter(|hop| hop.status == HopStatus::Unknown).map(|hop| hop.service.as_str()).collect();
    if !silent.is_empty() {
        let wanted = format!("metrics of {}", silent.join(", "));
        gaps.push(gap(
            &wanted,
            "no data point since the trouble began, which is not the same as zero",
            "cloudwatch:GetMetricData",
        ));
    }
    if journey.left_out > 0 {
        let because = format!("{} more of the same stages are not followed", journey.left_out);
        gaps.push(Gap { wanted: "all hops".to_owned(), because, remedy: None });
    }
    gaps
}

/// Answers how the auth journey does, hop by hop.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetAuthHealthStatus {
    /// The alarms of the incident; without any, the last ten minutes are looked at.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
}

#[async_trait]
impl Tool for GetAuthHealthStatus {
    const SPEC: ToolSpec = ToolSpec {
        name: "get_auth_health_status",
        title: "Get auth health status",
        about: "Shows the auth journey as a funnel: edge, API gateway, authorizer, token function, user pool, store. Each \
                hop with its status, the share of requests it loses and the latency it adds, and the first service whose \
                loss nothing behind it explains. Every figure carries evidence.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = AuthHealth;

    async fn call(self, outside: &Outside) -> Result<AuthHealth, ToolError> {
        Ok(auth_health(&Situation::read(self.alarms, self.now, outside).await))
    }
}

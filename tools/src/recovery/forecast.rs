//! Which services return to their baseline after a remedy, in which order, and after how many minutes.
//!
//! Recovery travels as trouble does, from a callee to those that wait for it. Whoever is relieved at once are the *beginnings*: the
//! service that the remedy treats, or the callers at the edges that it cuts. Of those that suffer and wait for a beginning
//! (through others that suffer), a service returns if everything it waits for that suffers returns: the largest such set,
//! found by taking out who still waits for somebody sick until nobody is left to take out.
//!
//! ```text
//! t(u) = max( a if u is a beginning, max over callees v that return of t(v) + lag(u, v) ) + drain(u)
//! P(u) = P(helps) · 0.9^hops
//! ```
//!
//! - a, when the effect is felt: a fifth of the window in which the catalogue wants to see success.
//! - lag(u, v): the median lag of the edge in earlier incidents, else of the hops of this incident, else of any hop earlier, else 3
//!   minutes. That recovery takes as long as trouble did is an assumption.
//! - drain(u) of a backlog: messages that wait A minutes behind a server in use to the share ρ are gone after A · ρ / (1 − ρ): the
//!   backlog A · λ (Little 1961) is worked off at the rate μ − λ = λ · (1 − ρ) / ρ (fluid limit; Newell 1982, ch. 2). ρ is what the
//!   service reports to be in use, ½ where it does not, at most 0.9.
//! - drain(u) of retries: of a storm with amplification m, log₂ m minutes: clients that back off exponentially (Jacobson 1988) halve
//!   what they repeat in each round, and a round takes a minute.
//! - Of the treated service the same remedy may have been seen before: its time is then the mean of the formula's, counted three
//!   times, and those seen (a conjugate estimate with a prior of three observations).
//! - Each hop costs a tenth of the probability, as in the prediction of trouble: the model itself may be wrong there.
//!
//! Nothing is said of a remedy that treats nobody, and then why.

use super::remedy::Remedy;
use super::sight::{Sight, count};
use crate::dependency::{Arc, Graph, Lags};
use crate::model::{IsolationRemedy, Limit, Reading, Return, ServiceId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What each hop keeps of the probability.
const HOP: f64 = 0.9;

/// The lag of a hop in minutes where none was ever seen.
const USUAL_LAG: f64 = 3.0;

/// As how many observations the formula counts beside those of earlier plans.
const PRIOR: f64 = 3.0;

/// The share in use where nothing reports it, and the most that is believed.
const IN_USE: (f64, f64) = (0.5, 0.9);

/// More are not listed.
const MOST: usize = 50;

/// Who returns after a remedy, or why that cannot be said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Recovery {
    /// Soonest first, then by name; the first fifty at most.
    pub returns: Vec<Return>,
    /// Why there are none; none where there are.
    pub because: Option<Unsaid>,
}

/// Why nobody is said to return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unsaid {
    /// Nothing is done.
    NothingIsDone,
    /// It changes what is seen or who is told, not what runs.
    OnlySeen,
    /// It does whatever the team wrote.
    UpToRunbook,
    /// It brings load rather than takes it away.
    BringsLoad,
    /// It cuts no edge over which the trouble is known to go.
    CutsNothing,
    /// Without a topology nobody knows who waits for whom.
    NoTopology,
    /// The service does not suffer.
    DoesNotSuffer,
    /// The service waits for somebody who goes on suffering.
    StillWaits {
        /// For whom.
        callee: ServiceId,
    },
}

/// A remedy, where it is applied, and what is believed of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Treatment<'a> {
    pub(super) service: &'a ServiceId,
    pub(super) remedy: &'a Remedy,
    pub(super) saw: &'a Reading,
    /// How likely it helps at all, 0–1.
    pub(super) probability: f64,
    /// Minutes until the service was back after earlier ones, ascending.
    pub(super) past_min: &'a [f64],
}

impl Recovery {
    /// Nobody is said to return.
    pub(super) fn none(because: Unsaid) -> Self {
        Self { returns: Vec::new(), because: Some(because) }
    }
}

/// Who returns after a remedy.
pub(super) fn predict(sight: &Sight<'_>, treatment: Treatment<'_>, lags: &Lags) -> Recovery {
    let relieved = match relieved(sight, treatment) {
        Ok(relieved) => relieved,
        Err(because) => return Recovery::none(because),
    };
    let returning = returning(sight, &relieved);
    let treated = sight.graph.node(treatment.service);
    if relieved.beginnings.iter().all(|&node| !returning[node]) {
        let waits = |node: usize| {
            let stays = |arc: &&Arc| arc.waits() && sight.node_suffers(arc.to) && !returning[arc.to];
            sight.graph.callees(node).iter().filter(stays).find(|arc| !relieved.cut.contains(&(node, arc.to)))
        };
        let callee = relieved.beginnings.iter().find_map(|&node| waits(node));
        return Recovery::none(match callee {
            Some(arc) => Unsaid::StillWaits { callee: sight.graph.id(arc.to).clone() },
            None => Unsaid::DoesNotSuffer,
        });
    }
    let window = treatment.remedy.entry().expects(treatment.saw).map_or(5, |(.., window)| window);
    let times = Times { sight, lags, effect_min: f64::from(window) / 5.0, past_min: treatment.past_min, treated };
    let told = times.of(&relieved, &returning);
    let mut returns: Vec<Return> = told
        .into_iter()
        .map(|(node, after_min, hops)| Return {
            service: sight.graph.id(node).clone(),
            after_min,
            probability: (treatment.probability * HOP.powi(hops)).clamp(0.0, 1.0),
        })
        .collect();
    returns.sort_by(|a, b| a.after_min.total_cmp(&b.after_min).then_with(|| a.service.cmp(&b.service)));
    returns.truncate(MOST);
    Recovery { returns, because: None }
}

/// Who is relieved at once, and over which edges nobody waits any more.
struct Relieved {
    beginnings: Vec<usize>,
    /// By caller and callee.
    cut: BTreeSet<(usize, usize)>,
}

fn relieved(sight: &Sight<'_>, treatment: Treatment<'_>) -> Result<Relieved, Unsaid> {
    match treatment.remedy {
        Remedy::LogLevel(_) | Remedy::TraceSampling(_) | Remedy::MuteAlarms(_) | Remedy::CapsuleCapture(_) => {
            Err(Unsaid::OnlySeen)
        }
        Remedy::Runbook(_) => Err(Unsaid::UpToRunbook),
        Remedy::ArchiveReplay(_) => Err(Unsaid::BringsLoad),
        Remedy::EventSource(source) if source.enabled => Err(Unsaid::BringsLoad),
        Remedy::Rule(rule) if rule.enabled => Err(Unsaid::BringsLoad),
        Remedy::EventSource(_) | Remedy::Rule(_) => cut(sight, treatment.service),
        Remedy::ReservedConcurrency(limit) => {
            let before = treatment.saw.settings.get("ReservedConcurrentExecutions").and_then(|text| text.parse().ok());
            match before {
                Some(before) if limit.executions > before => itself(sight, treatment.service),
                Some(_) | None => cut(sight, treatment.service),
            }
        }
        Remedy::EcsCount(tasks) => {
            let before = treatment.saw.settings.get("DesiredCount").and_then(|text| text.parse().ok());
            match before {
                Some(before) if tasks.count <= before => Err(Unsaid::CutsNothing),
                Some(_) | None => itself(sight, treatment.service),
            }
        }
        Remedy::ProvisionedConcurrency(_)
        | Remedy::AliasRollback(_)
        | Remedy::TableCapacity(_)
        | Remedy::EcsRollback(_) => itself(sight, treatment.service),
    }
}

fn itself(sight: &Sight<'_>, service: &ServiceId) -> Result<Relieved, Unsaid> {
    let node = sight.graph.node(service).ok_or(Unsaid::NoTopology)?;
    if !sight.suffers(service) {
        return Err(Unsaid::DoesNotSuffer);
    }
    // What the cause waits for and suffers besides does not explain it: the verdict says so.
    let cut = if sight.is_cause(service) {
        sight.graph.callees(node).iter().map(|arc| (arc.from, arc.to)).collect()
    } else {
        BTreeSet::new()
    };
    Ok(Relieved { beginnings: vec![node], cut })
}

/// The edges of the cut that are made here, else those over which this service repeats itself.
fn cut(sight: &Sight<'_>, service: &ServiceId) -> Result<Relieved, Unsaid> {
    if sight.graph.is_empty() {
        return Err(Unsaid::NoTopology);
    }
    let here = sight.cut_at(service).into_iter().filter(|edge| !matches!(edge.remedy, IsolationRemedy::Runbook { .. }));
    let mut ends: Vec<(&ServiceId, &ServiceId)> = here.map(|edge| (&edge.caller, &edge.callee)).collect();
    if ends.is_empty() {
        ends.extend(sight.limits(service).filter_map(|bottleneck| match &bottleneck.limit {
            Limit::RetryStorm { callee, .. } => Some((&bottleneck.service, callee)),
            Limit::ColdStarts { .. }
            | Limit::Throttles { .. }
            | Limit::Concurrency { .. }
            | Limit::Spillover { .. }
            | Limit::Connections { .. }
            | Limit::QueueAge { .. }
            | Limit::HotPartition { .. } => None,
        }));
    }
    let node = |service: &ServiceId| sight.graph.node(service);
    let cut: BTreeSet<(usize, usize)> =
        ends.into_iter().filter_map(|(from, to)| Some((node(from)?, node(to)?))).collect();
    let mut beginnings: Vec<usize> = cut
        .iter()
        // Over an edge that is waited for trouble goes to the caller, over any other to the callee.
        .map(|&(from, to)| if sight.graph.between(from, to).is_none_or(Arc::waits) { from } else { to })
        .filter(|&node| sight.node_suffers(node))
        .collect();
    beginnings.sort_unstable();
    beginnings.dedup();
    match (cut.is_empty(), beginnings.is_empty()) {
        (true, _) => Err(Unsaid::CutsNothing),
        (false, true) => Err(Unsaid::DoesNotSuffer),
        (false, false) => Ok(Relieved { beginnings, cut }),
    }
}

/// For each service whether it returns.
fn returning(sight: &Sight<'_>, relieved: &Relieved) -> Vec<bool> {
    let graph = &sight.graph;
    let mut returns = vec![false; graph.len()];
    for &beginning in &relieved.beginnings {
        for node in sight.above(beginning, |caller| sight.node_suffers(caller)) {
            returns[node] = true;
        }
    }
    let is_open = |from: usize, to: usize| !relieved.cut.contains(&(from, to));
    let waits_in_vain = |node: usize, returns: &[bool]| {
        let mut sick = graph.callees(node).iter().filter(|arc| arc.waits() && sight.node_suffers(arc.to));
        sick.any(|arc| is_open(node, arc.to) && !returns[arc.to])
    };
    let mut doubtful: Vec<usize> = (0..graph.len()).filter(|&node| returns[node]).collect();
    while let Some(node) = doubtful.pop() {
        if returns[node] && waits_in_vain(node, &returns) {
            returns[node] = false;
            doubtful.extend(graph.callers(node).filter(|arc| arc.waits()).map(|arc| arc.from));
        }
    }
    returns
}

/// When they return.
struct Times<'a> {
    sight: &'a Sight<'a>,
    lags: &'a Lags,
    effect_min: f64,
    past_min: &'a [f64],
    treated: Option<usize>,
}

impl Times<'_> {
    /// Who returns, after how many minutes, how many hops from a beginning. Callees before their callers; in a cycle whoever
    /// is nearest to a beginning comes first and waits for those only that are known by then.
    fn of(&self, relieved: &Relieved, returning: &[bool]) -> Vec<(usize, f64, i32)> {
        let graph = &self.sight.graph;
        let is_beginning = |node: usize| relieved.beginnings.contains(&node);
        let matters = |from: usize, to: usize| returning[to] && !relieved.cut.contains(&(from, to));
        let nearness = nearness(graph, &relieved.beginnings, returning);
        let mut open: Vec<usize> = (0..graph.len())
            .map(|node| graph.callees(node).iter().filter(|arc| arc.waits() && matters(node, arc.to)).count())
            .collect();
        // By what is still open first: those with nothing open are ready; then by nearness.
        let key = |node: usize, open: &[usize]| (open[node] > 0, nearness[node], node);
        let mut queue: BTreeSet<(bool, usize, usize)> =
            (0..graph.len()).filter(|&node| returning[node]).map(|node| key(node, &open)).collect();
        let mut known: Vec<Option<(f64, i32)>> = vec![None; graph.len()];
        let mut told = Vec::new();
        while let Some((.., node)) = queue.pop_first() {
            let callees = graph.callees(node).iter().filter(|arc| arc.waits() && matters(node, arc.to));
            let through = callees.filter_map(|arc| {
                let (after, hops) = known[arc.to]?;
                Some((after + self.lag(node, arc.to), hops + 1))
            });
            let begins = is_beginning(node).then_some((self.effect_min, 0));
            let latest = through.chain(begins).max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let (after, hops) = latest.unwrap_or((self.effect_min, 0));
            let after = self.seen_before(node, after + self.drain(node));
            known[node] = Some((after, hops));
            told.push((node, after, hops));
            for caller in graph.callers(node).filter(|arc| arc.waits() && matters(arc.from, node)).map(|arc| arc.from) {
                let before = key(caller, &open);
                open[caller] = open[caller].saturating_sub(1);
                if queue.remove(&before) {
                    queue.insert(key(caller, &open));
                }
            }
        }
        told
    }

    fn lag(&self, caller: usize, callee: usize) -> f64 {
        let id = |node: usize| self.sight.graph.id(node);
        let of_edge = self.lags.of_edge(id(caller), id(callee));
        let here = || Lags::of_incident(self.sight.verdict);
        of_edge.or_else(here).or_else(|| self.lags.any()).unwrap_or(USUAL_LAG)
    }

    /// Minutes until what has piled up there is gone.
    fn drain(&self, node: usize) -> f64 {
        let graph = &self.sight.graph;
        let feeders = graph.callers(node).filter(|arc| !arc.waits()).map(|arc| arc.from);
        let minutes = |bottleneck: &crate::model::Bottleneck, is_own: bool| match &bottleneck.limit {
            Limit::QueueAge { age_s, .. } => {
                let in_use = self.sight.pulse(graph.id(node)).in_use.unwrap_or(IN_USE.0).clamp(0.0, IN_USE.1);
                Some(age_s.max(0.0) / 60.0 * in_use / (1.0 - in_use))
            }
            Limit::RetryStorm { amplification, .. } if is_own => Some(amplification.max(1.0).log2()),
            Limit::RetryStorm { .. }
            | Limit::ColdStarts { .. }
            | Limit::Throttles { .. }
            | Limit::Concurrency { .. }
            | Limit::Spillover { .. }
            | Limit::Connections { .. }
            | Limit::HotPartition { .. } => None,
        };
        let own = self.sight.limits(graph.id(node)).filter_map(|bottleneck| minutes(bottleneck, true));
        let fed = feeders
            .flat_map(|feeder| self.sight.limits(graph.id(feeder)))
            .filter_map(|bottleneck| minutes(bottleneck, false));
        own.chain(fed).filter(|minutes| minutes.is_finite()).fold(0.0, f64::max)
    }

    fn seen_before(&self, node: usize, formula: f64) -> f64 {
        if self.treated != Some(node) {
            return formula;
        }
        (PRIOR * formula + self.past_min.iter().sum::<f64>()) / (PRIOR + count(self.past_min.len()))
    }
}

/// For each service that returns the number of calls to a beginning.
fn nearness(graph: &Graph, beginnings: &[usize], returning: &[bool]) -> Vec<usize> {
    let mut hops = vec![usize::MAX; graph.len()];
    let mut order: Vec<usize> = beginnings.to_vec();
    for &node in beginnings {
        hops[node] = 0;
    }
    let mut next = 0;
    while next < order.len() {
        let node = order[next];
        for caller in graph.callers(node).filter(|arc| arc.waits()).map(|arc| arc.from) {
            if returning[caller] && hops[caller] == usize::MAX {
                hops[caller] = hops[node] + 1;
                order.push(caller);
            }
        }
        next += 1;
    }
    hops
}

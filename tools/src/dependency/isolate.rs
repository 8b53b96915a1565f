//! Where to cut between the failing part and what must stay healthy, so that the least traffic is refused.
//!
//! Trouble travels from a callee to those that wait for it, and load from a caller to those it hands messages to; a minimum cut of
//! that graph separates the failing part from the rest (Ford, Fulkerson 1956).
//!
//! - The *failing part* is the cause; without one, whoever suffers and waits for nobody that suffers.
//! - What *must stay healthy* are the entry services, and those that are not hit yet and have the most requests at risk.
//! - Cutting an edge costs its requests a minute times their importance: the share that would have succeeded (a request that fails
//!   anyway is not lost, but counts a twentieth, so that of two such edges the quieter is cut); a tenth where nobody waits, since
//!   the messages stay in a buffer; twice as much where only a runbook of one's own can cut, which takes longer and has
//!   to be there. What nothing can cut costs without end.
//! - An edge whose requests nobody counts costs as much as the median of those that are counted.
//!
//! What is said to recover no longer waits for the failing part, if its callers at the cut do without what they are refused, or
//! refuse that part of their own traffic at once. It is worth it when more requests are saved from failing or
//! waiting than good ones are refused.
//!
//! Reserved concurrency lets the usual load through and no more: requests a second times seconds a request are the executions at once
//! (Little 1961).

use super::flow::{ENDLESS, Network};
use super::graph::{Arc, Graph};
use super::lags::Lags;
use super::ledger::Ledger;
use super::predict::Spread;
use crate::context::Situation;
use crate::model::{CutEdge, EdgeMode, Evidence, Gap, Isolation, IsolationReason, IsolationRemedy, Unit, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Of those that are not hit yet so many are protected at most: the ones with the most to lose.
const PROTECTED: usize = 50;

/// What a request counts that fails anyway.
const LEAST_IMPORTANCE: f64 = 0.05;

/// What a message counts that waits in a buffer.
const BUFFERED: f64 = 0.1;

/// How much more a cut costs that only a runbook of one's own makes.
const BY_HAND: f64 = 2.0;

/// Where to cut, and what says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct IsolationPlan {
    /// The moment it speaks about.
    pub at: Timestamp,
    /// The cut, or why there is none.
    pub isolation: Isolation,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// The verdict's claims, and behind them those of the cut, by ascending id.
    pub evidence: Vec<Evidence>,
}

/// The cheapest cut after what `verdict` says of `situation`: a pure function.
pub fn isolate(situation: &Situation, verdict: &Verdict) -> IsolationPlan {
    let mut ledger = Ledger::after(verdict);
    let mut gaps = verdict.gaps.clone();
    let isolation = cut(situation, verdict, &Lags::default(), &mut ledger, &mut gaps);
    IsolationPlan { at: situation.now, isolation, gaps, evidence: ledger.close() }
}

/// The cut alone; its claims and gaps join those there are.
pub(super) fn cut(
    situation: &Situation,
    verdict: &Verdict,
    lags: &Lags,
    ledger: &mut Ledger,
    gaps: &mut Vec<Gap>,
) -> Isolation {
    let isolation = if let Some(topology) = &situation.topology {
        let graph = Graph::of(topology);
        let spread = Spread::of(situation, verdict, lags, &graph);
        Sight { graph: &graph, spread: &spread }.isolate(verdict, ledger)
    } else {
        if !gaps.iter().any(|gap| gap.wanted.starts_with("topology")) {
            let because = "without it nobody knows what could be cut".to_owned();
            gaps.push(Gap { wanted: "topology".to_owned(), because, remedy: None });
        }
        none(if verdict.affected.is_empty() {
            IsolationReason::NothingFails
        } else {
            IsolationReason::NothingToProtect
        })
    };
    for edge in &isolation.cut {
        if let IsolationRemedy::ReservedConcurrency { function, concurrency: None } = &edge.remedy {
            gaps.push(Gap {
                wanted: format!("usual concurrency of {function}"),
                because: "its requests or its latency before the trouble were not measured".to_owned(),
                remedy: Some("cloudwatch:GetMetricData".to_owned()),
            });
        }
    }
    isolation
}

fn none(because: IsolationReason) -> Isolation {
    Isolation {
        cut: Vec::new(),
        recovers: Vec::new(),
        refused_per_min: None,
        refused_share: None,
        saved_per_min: None,
        worth_it: false,
        because,
    }
}

struct Sight<'a> {
    graph: &'a Graph,
    spread: &'a Spread<'a>,
}

/// By which entry of the catalogue an edge is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lever {
    Reserve { function: usize },
    Pause,
    Disable,
    Runbook,
}

impl Sight<'_> {
    fn isolate(&self, verdict: &Verdict, ledger: &mut Ledger) -> Isolation {
        let failing = self.failing(verdict);
        if failing.is_empty() {
            return none(IsolationReason::NothingFails);
        }
        let touched = self.touched(&failing, |_| true);
        let protected = self.protected(&failing, &touched);
        if protected.is_empty() {
            return none(IsolationReason::NothingToProtect);
        }
        let median = self.median_rate();
        let mut network = Network::new(self.graph.len());
        for arc in self.graph.arcs() {
            let (from, to) = way(arc);
            network.edge(from, to, self.cost(arc, median));
        }
        for &node in &failing {
            network.from(node);
        }
        for &node in &protected {
            network.to(node);
        }
        let Some((_, failing_side)) = network.cut() else { return none(self.uncuttable(&failing, &protected)) };
        let cut: Vec<&Arc> = self
            .graph
            .arcs()
            .iter()
            .filter(|arc| {
                let (from, to) = way(arc);
                failing_side[from] && !failing_side[to]
            })
            .collect();
        self.weigh(&cut, &touched, &failing_side, ledger)
    }

    /// Whose trouble it is.
    fn failing(&self, verdict: &Verdict) -> Vec<usize> {
        if let Some(cause) = verdict.cause().and_then(|cause| self.graph.node(&cause.service)) {
            return vec![cause];
        }
        let suffers = |node: usize| self.spread.suffers(node);
        let is_lowest =
            |&node: &usize| suffers(node) && !self.graph.callees(node).iter().any(|arc| arc.waits() && suffers(arc.to));
        let lowest: Vec<usize> = (0..self.graph.len()).filter(is_lowest).collect();
        // In a cycle of sufferers nobody is lowest.
        if lowest.is_empty() { (0..self.graph.len()).filter(|&node| suffers(node)).collect() } else { lowest }
    }

    /// Everything that trouble of `failing` can reach over edges that are `open`.
    fn touched(&self, failing: &[usize], open: impl Fn(&Arc) -> bool) -> Vec<bool> {
        let mut touched = vec![false; self.graph.len()];
        let mut stack = failing.to_vec();
        while let Some(node) = stack.pop() {
            if std::mem::replace(&mut touched[node], true) {
                continue;
            }
            let up = self.graph.callers(node).filter(|arc| arc.waits() && open(arc)).map(|arc| arc.from);
            let down = self.graph.callees(node).iter().filter(|arc| !arc.waits() && open(arc)).map(|arc| arc.to);
            stack.extend(up.chain(down).filter(|&next| !touched[next]));
        }
        touched
    }

    /// The entry services, and whoever is not hit yet and has the most to lose.
    fn protected(&self, failing: &[usize], touched: &[bool]) -> Vec<usize> {
        let may_be_hit =
            |node: &usize| touched[*node] && !failing.contains(node) && !self.graph.nodes()[*node].inferred;
        let mut protected: Vec<usize> = self.graph.entries().into_iter().filter(may_be_hit).collect();
        let harm = |node: usize| self.spread.expected_harm(node).unwrap_or(0.0);
        let mut others: Vec<usize> =
            (0..self.graph.len()).filter(may_be_hit).filter(|&node| !self.spread.suffers(node)).collect();
        others.sort_by(|&a, &b| harm(b).total_cmp(&harm(a)).then(a.cmp(&b)));
        protected.extend(others.into_iter().take(PROTECTED));
        protected.sort_unstable();
        protected.dedup();
        protected
    }

    fn median_rate(&self) -> Option<f64> {
        let mut rates: Vec<f64> = self.graph.arcs().iter().filter_map(|arc| arc.per_min).collect();
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied()
    }

    /// What cutting an edge costs, in thousandths of a request a minute.
    fn cost(&self, arc: &Arc, median: Option<f64>) -> u64 {
        let Some(lever) = self.lever(arc) else { return ENDLESS };
        let rate = arc.per_min.or(median).unwrap_or(1.0);
        let by_hand = if lever == Lever::Runbook { BY_HAND } else { 1.0 };
        thousandths(rate * self.importance(arc) * by_hand)
    }

    fn importance(&self, arc: &Arc) -> f64 {
        let good = 1.0 - self.spread.loss(arc.to).unwrap_or(0.0);
        good.max(LEAST_IMPORTANCE) * if arc.waits() { 1.0 } else { BUFFERED }
    }

    /// What the catalogue has for an edge, by what is at its ends. None where both ends are AWS's own machinery.
    fn lever(&self, arc: &Arc) -> Option<Lever> {
        let kind = |node: usize| self.graph.nodes()[node].kind.as_deref().unwrap_or_default();
        let is = |node: usize, families: &[&str]| families.iter().any(|family| kind(node).starts_with(family));
        let (caller, callee) = (arc.from, arc.to);
        let is_function = |node: usize| is(node, &["AWS::Lambda"]);
        if arc.mode == EdgeMode::Async
            && is_function(callee)
            && is(caller, &["AWS::SQS", "AWS::Kinesis", "AWS::DynamoDB", "AWS::MSK"])
        {
            return Some(Lever::Pause);
        }
        if is(caller, &["AWS::Events", "AWS::EventBridge"]) {
            return Some(Lever::Disable);
        }
        // Where the caller is limited nobody else is.
        if is_function(caller) {
            return Some(Lever::Reserve { function: caller });
        }
        if is_function(callee) {
            return Some(Lever::Reserve { function: callee });
        }
        // One's own code can hold a breaker; a managed front or a store cannot, nor can who is only inferred.
        let runs_code = kind(caller).is_empty()
            || is(caller, &["AWS::ECS", "AWS::EC2", "AWS::EKS", "AWS::AppRunner", "AWS::ElasticBeanstalk"]);
        (runs_code && !self.graph.nodes()[caller].inferred).then_some(Lever::Runbook)
    }

    /// An edge that no remedy cuts, on a way that consists of such edges only.
    fn uncuttable(&self, failing: &[usize], protected: &[usize]) -> IsolationReason {
        let fixed = |arc: &Arc| self.lever(arc).is_none();
        let touched = self.touched(failing, fixed);
        let ends = |arc: &&Arc| {
            let (from, to) = way(arc);
            fixed(arc) && touched[from] && touched[to] && protected.contains(&to)
        };
        match self.graph.arcs().iter().find(ends) {
            Some(arc) => IsolationReason::NothingCuts {
                caller: self.graph.id(arc.from).clone(),
                callee: self.graph.id(arc.to).clone(),
            },
            // What must stay healthy is the failing part itself.
            None => IsolationReason::NothingToProtect,
        }
    }

    fn weigh(&self, cut: &[&Arc], touched: &[bool], failing_side: &[bool], ledger: &mut Ledger) -> Isolation {
        let name = |node: usize| self.graph.id(node).clone();
        let mut recovers: Vec<usize> =
            (0..self.graph.len()).filter(|&node| touched[node] && !failing_side[node]).collect();
        recovers.sort_by_key(|&node| (!self.spread.suffers(node), node));
        let counted: Vec<f64> = cut.iter().filter_map(|arc| arc.per_min).collect();
        let refused: Option<f64> = (counted.len() == cut.len()).then(|| counted.iter().sum());
        let lost: f64 = cut.iter().filter_map(|arc| Some(arc.per_min? * self.importance(arc))).sum();
        let mut callers: Vec<usize> = cut.iter().map(|arc| arc.from).collect();
        callers.dedup();
        let sent = callers.iter().filter_map(|&caller| self.graph.outgoing_per_min(caller)).sum::<f64>();
        let harm: Vec<f64> = recovers.iter().filter_map(|&node| self.spread.expected_harm(node)).collect();
        // One request of an entry service becomes many further down: the largest harm counts each of them once.
        let saved = harm.iter().copied().max_by(f64::total_cmp);
        let because = match (refused, saved) {
            (Some(_), Some(saved)) if saved > lost => {
                IsolationReason::Saves { lost_per_min: lost, saved_per_min: saved }
            }
            (Some(_), Some(saved)) => IsolationReason::RefusesMore { lost_per_min: lost, saved_per_min: saved },
            _ => IsolationReason::Uncounted,
        };
        let told = cut.iter().filter_map(|arc| {
            let remedy = self.remedy(arc)?;
            let mut evidence = vec![ledger.call(self.graph, arc.from, arc.to)];
            if let Some(loss) = self.spread.loss(arc.to) {
                evidence.push(ledger.figure(
                    self.graph.id(arc.to),
                    "failing requests",
                    (100.0 * loss, Unit::Percent),
                    None,
                ));
            }
            if let IsolationRemedy::ReservedConcurrency { function, concurrency: Some(concurrency) } = &remedy {
                let usual = (f64::from(*concurrency), Unit::Count);
                evidence.push(ledger.figure(function, "usual concurrency (requests a second × seconds)", usual, None));
            }
            Some(CutEdge {
                caller: name(arc.from),
                callee: name(arc.to),
                remedy,
                requests_per_min: arc.per_min,
                evidence,
            })
        });
        Isolation {
            cut: told.collect(),
            recovers: recovers.iter().map(|&node| name(node)).collect(),
            refused_per_min: refused,
            refused_share: refused.filter(|_| sent > 0.0).map(|refused| (refused / sent).min(1.0)),
            saved_per_min: saved,
            worth_it: matches!(because, IsolationReason::Saves { .. }),
            because,
        }
    }

    fn remedy(&self, arc: &Arc) -> Option<IsolationRemedy> {
        let name = |node: usize| self.graph.id(node).clone();
        Some(match self.lever(arc)? {
            Lever::Reserve { function } => IsolationRemedy::ReservedConcurrency {
                function: name(function),
                concurrency: self.usual_concurrency(function),
            },
            Lever::Pause => IsolationRemedy::PauseEventSource { source: name(arc.from), function: name(arc.to) },
            Lever::Disable => IsolationRemedy::DisableRule { rule: name(arc.from) },
            Lever::Runbook => IsolationRemedy::Runbook { service: name(arc.from) },
        })
    }

    /// Executions at once before the trouble: requests a second times seconds a request, rounded up, one at least.
    fn usual_concurrency(&self, function: usize) -> Option<u32> {
        let latency = |node: usize| {
            let by_edges = || self.graph.callers(node).filter_map(|arc| arc.latency_s).max_by(f64::total_cmp);
            self.spread.usual_latency_s(node).or_else(by_edges)
        };
        let at_once = self.spread.usual_per_min(function)? / 60.0 * latency(function)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and a million")]
        let whole = at_once.ceil().clamp(1.0, 1e6) as u32;
        Some(whole)
    }
}

/// Which way trouble goes over an edge.
fn way(arc: &Arc) -> (usize, usize) {
    if arc.waits() { (arc.to, arc.from) } else { (arc.from, arc.to) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 2⁵²")]
fn thousandths(value: f64) -> u64 {
    (value * 1000.0).round().clamp(1.0, 4.5e15) as u64
}

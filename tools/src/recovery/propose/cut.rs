//! Candidates that cut: the edges of the outlook's isolation, and callers that repeat themselves.

use super::{Candidate, Ground, Known, MOST_NAMES, Why, Worse, number, whole, wrong_cause};
use crate::model::{CutEdge, IsolationReason, IsolationRemedy, Limit, ServiceId};
use crate::ports::Lever;
use crate::recovery::remedy::{EventSource, Remedy, ReservedConcurrency, Rule};
use crate::recovery::sight::{Sight, count};
use std::collections::BTreeSet;

/// From this probability on a service that may be hit counts as one that recovers.
const LIKELY: f64 = 1.0 / 3.0;

/// All of them, in the order of the cut and of the verdict.
pub(super) fn candidates(sight: &Sight<'_>, levers: &Known<'_>) -> Vec<Candidate> {
    let isolation = &sight.outlook.isolation;
    let mut found = Vec::new();
    if isolation.worth_it {
        found.extend(isolation.cut.iter().filter_map(|edge| at_edge(sight, levers, edge)));
    }
    for bottleneck in &sight.verdict.bottlenecks {
        if let Limit::RetryStorm { callee, .. } = &bottleneck.limit {
            let why = Why { ground: Ground::AtLimit(bottleneck.limit.clone()), evidence: bottleneck.evidence.clone() };
            let share = sight.share_above(&bottleneck.service);
            let usual = isolated(sight, &bottleneck.service)
                .or_else(|| sight.usual_in_use(&bottleneck.service).and_then(|usual| whole(usual, 1_000)));
            let damped = usual.and_then(|executions| damp(sight, levers, &bottleneck.service, executions, callee));
            found.extend(damped.map(|candidate| Candidate {
                why: vec![why],
                benefit: share * bottleneck.severity,
                ails: super::ails(sight, callee),
                ..candidate
            }));
        }
    }
    found
}

/// The number that the isolation worked out for a function.
fn isolated(sight: &Sight<'_>, function: &ServiceId) -> Option<u32> {
    sight.cut_at(function).into_iter().find_map(|edge| match &edge.remedy {
        IsolationRemedy::ReservedConcurrency { concurrency, .. } => *concurrency,
        IsolationRemedy::PauseEventSource { .. }
        | IsolationRemedy::DisableRule { .. }
        | IsolationRemedy::Runbook { .. } => None,
    })
}

fn at_edge(sight: &Sight<'_>, levers: &Known<'_>, edge: &CutEdge) -> Option<Candidate> {
    let candidate = match &edge.remedy {
        IsolationRemedy::ReservedConcurrency { function, concurrency } => {
            // Where the caller is no function the callee is limited, and it is the callee's own requests that fall.
            damp(sight, levers, function, (*concurrency)?, &edge.callee)?
        }
        IsolationRemedy::PauseEventSource { source, function } => pause(sight, levers, source, function)?,
        IsolationRemedy::DisableRule { rule } => disable(sight, levers, rule, &edge.callee)?,
        // Which of the team's runbooks opens a breaker is known to the team only: they declare it for the service.
        IsolationRemedy::Runbook { .. } => return None,
    };
    let share = share_of(sight, edge);
    let ground = Ground::Cut { caller: edge.caller.clone(), callee: edge.callee.clone(), share };
    let mut worse = candidate.worse;
    worse.extend(alone(sight, &candidate.service));
    Some(Candidate {
        why: vec![Why { ground, evidence: edge.evidence.clone() }],
        worse,
        benefit: whole_cut(sight) * share,
        ails: sight.cause().map_or(0.5, |cause| cause.confidence),
        ..candidate
    })
}

/// What the whole cut brings: the share of those who suffer or are likely to that recovers, less what is refused for it.
fn whole_cut(sight: &Sight<'_>) -> f64 {
    let isolation = &sight.outlook.isolation;
    let likely = sight.outlook.predictions.iter().filter(|prediction| prediction.probability >= LIKELY);
    let likely: BTreeSet<&ServiceId> = likely.map(|prediction| &prediction.service).collect();
    let helped = isolation.recovers.iter().filter(|service| sight.suffers(service) || likely.contains(service)).count();
    let ailing = sight.sufferers() + likely.iter().filter(|service| !sight.suffers(service)).count();
    let kept = match isolation.because {
        IsolationReason::Saves { lost_per_min, saved_per_min } if saved_per_min > 0.0 => {
            (1.0 - lost_per_min / saved_per_min).clamp(0.0, 1.0)
        }
        IsolationReason::Saves { .. }
        | IsolationReason::RefusesMore { .. }
        | IsolationReason::NothingFails
        | IsolationReason::NothingToProtect
        | IsolationReason::NothingCuts { .. }
        | IsolationReason::Uncounted => 0.0,
    };
    (count(helped) / count(ailing.max(1))).min(1.0) * kept
}

/// The share of the cut's requests that go over one of its edges; where they are not counted each edge is one of many.
fn share_of(sight: &Sight<'_>, edge: &CutEdge) -> f64 {
    let cut = &sight.outlook.isolation.cut;
    let rates: Option<Vec<f64>> = cut.iter().map(|edge| edge.requests_per_min).collect();
    let all: f64 = rates.iter().flatten().sum();
    match edge.requests_per_min {
        Some(rate) if rates.is_some() && all > 0.0 => (rate / all).clamp(0.0, 1.0),
        _ => 1.0 / count(cut.len().max(1)),
    }
}

/// Where else the cut goes, if anywhere.
fn alone(sight: &Sight<'_>, here: &ServiceId) -> Option<Worse> {
    let place = |edge: &CutEdge| match &edge.remedy {
        IsolationRemedy::ReservedConcurrency { function, .. } | IsolationRemedy::PauseEventSource { function, .. } => {
            function.clone()
        }
        IsolationRemedy::DisableRule { rule } => rule.clone(),
        IsolationRemedy::Runbook { service } => service.clone(),
    };
    let mut others: Vec<ServiceId> = sight.outlook.isolation.cut.iter().map(place).collect();
    others.retain(|other| !sight.is_same(other, here));
    others.sort_unstable();
    others.dedup();
    others.truncate(MOST_NAMES);
    (!others.is_empty()).then_some(Worse::Alone { others })
}

/// A limit on a function, so that what it calls gets no more than is usual.
fn damp(
    sight: &Sight<'_>,
    levers: &Known<'_>,
    service: &ServiceId,
    executions: u32,
    callee: &ServiceId,
) -> Option<Candidate> {
    let functions = levers.of_kind(service, "AWS::Lambda::Function");
    let [lever] = functions.as_slice() else { return None };
    let executions = executions.clamp(1, 1_000);
    // Who is limited to that or less already is no storm that a limit damps.
    if number(lever, "ReservedConcurrentExecutions").is_some_and(|before| before <= executions) {
        return None;
    }
    let node = sight.graph.node(service);
    let callers = node.into_iter().flat_map(|node| sight.graph.callers(node)).filter(|arc| arc.waits());
    let callers: Vec<ServiceId> = callers.map(|arc| sight.graph.id(arc.from).clone()).take(MOST_NAMES).collect();
    let mut worse: Vec<Worse> = wrong_cause(sight).into_iter().collect();
    if !callers.is_empty() {
        worse.push(Worse::CallersRetry { callers });
    }
    Some(Candidate {
        service: service.clone(),
        remedy: Remedy::ReservedConcurrency(ReservedConcurrency { function: lever.target.name.clone(), executions }),
        lever: (*lever).clone(),
        why: Vec::new(),
        worse,
        benefit: 0.0,
        ails: 0.0,
        measured: callee.clone(),
    })
}

/// The mapping between a queue and a function, paused.
fn pause(sight: &Sight<'_>, levers: &Known<'_>, source: &ServiceId, function: &ServiceId) -> Option<Candidate> {
    let kind = "AWS::Lambda::EventSourceMapping";
    let mut mappings = levers.of_kind(function, kind);
    if mappings.is_empty() {
        mappings = levers.of_kind(source, kind);
    }
    let is_from = |lever: &&Lever| {
        let arn = lever.reading.settings.get("EventSourceArn");
        arn.is_some_and(|arn| arn.split([':', '/']).any(|part| is_called(sight, source, part)))
    };
    let lever = match mappings.iter().copied().filter(is_from).collect::<Vec<_>>().as_slice() {
        [only] => *only,
        [] if mappings.len() == 1 && !mappings[0].reading.settings.contains_key("EventSourceArn") => mappings[0],
        _ => return None,
    };
    Some(Candidate {
        service: function.clone(),
        remedy: Remedy::EventSource(EventSource { mapping: lever.target.name.clone(), enabled: false }),
        lever: lever.clone(),
        why: Vec::new(),
        worse: wrong_cause(sight).into_iter().chain([Worse::Backlog { source: source.clone() }]).collect(),
        benefit: 0.0,
        ails: 0.0,
        measured: function.clone(),
    })
}

/// A rule, disabled.
fn disable(sight: &Sight<'_>, levers: &Known<'_>, service: &ServiceId, target: &ServiceId) -> Option<Candidate> {
    let rules = levers.of_kind(service, "AWS::Events::Rule");
    let is_it =
        |lever: &&Lever| lever.target.name.split_once(':').is_some_and(|(_, rule)| is_called(sight, service, rule));
    let lever = match (rules.iter().copied().filter(is_it).collect::<Vec<_>>().as_slice(), rules.as_slice()) {
        ([only], _) | ([], [only]) => *only,
        _ => return None,
    };
    let (bus, rule) = lever.target.name.split_once(':')?;
    Some(Candidate {
        service: service.clone(),
        remedy: Remedy::Rule(Rule { bus: bus.to_owned(), rule: rule.to_owned(), enabled: false }),
        lever: lever.clone(),
        why: Vec::new(),
        worse: wrong_cause(sight).into_iter().chain([Worse::EventsLost { rule: service.clone() }]).collect(),
        benefit: 0.0,
        ails: 0.0,
        measured: target.clone(),
    })
}

/// Whether a service goes by this name.
fn is_called(sight: &Sight<'_>, service: &ServiceId, name: &str) -> bool {
    let known = sight.situation.topology.as_ref().and_then(|topology| topology.service(service));
    service.as_str() == name || known.is_some_and(|known| known.aliases.iter().any(|alias| alias == name))
}

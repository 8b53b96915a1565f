//! What the tools say in text: what a client has to know of a tool besides what the tool says of itself, and each answer in a
//! sentence or two, for clients that show no structured content.

use crate::context::{
    Bottlenecks, ChangeList, ContextDelta, CorrelateAuthEvents, DetectBottlenecks, FindSimilarIncidents, GapList,
    GetAuthHealthStatus, GetContextDelta, GetIncidentContext, GetTimeline, ListChanges, ListGaps, SimilarIncidents,
    Timeline,
};
use crate::dependency::draw::{CreateDependencyVisualization, Picture};
use crate::dependency::{
    Cascade, DependencyMap, IsolationPlan, MapServiceDependencies, PredictCascade, SuggestIsolation,
};
use crate::model::{AuthHealth, Gap, Hop, HopStatus, ServiceId, Story, Verdict};
use crate::recovery::propose::{Act, Proposal};
use crate::recovery::{
    AssessRisk, ExecuteRemediation, ExecutionAsked, GetPlanStatus, PlanReports, PredictRecovery, Recovery,
    RecoveryForecast, Remediations, RiskAssessment, SuggestRemediations,
};
use crate::tool::{Subject, Tool, ToolSpec};
use serde::Deserialize;
use serde_json::Value;

/// More services than this are only counted in the short text; all of them are in the structured content.
const MOST: usize = 10;

/// What a caller over MCP has to know besides what the tool says of itself.
pub(super) fn note(spec: &ToolSpec) -> &'static str {
    if spec.name == GetIncidentContext::SPEC.name {
        return " The alarms are the ones this server knows: call it without arguments for the whole incident, or \
                with `at` for what was known at an earlier moment. Confidence is from 0 to 1; `no_cause_found` is \
                an answer and not a failure, and then `causes` are only candidates. Ids like `E7` refer to \
                `evidence`; `gaps` say what could not be read. It changes nothing.";
    }
    if spec.name == CorrelateAuthEvents::SPEC.name {
        return " The signals are the ones this server knows. With `entry` the story is about what that service calls; with \
                `at` about what was known at an earlier moment. Positions in `links` count `events` from 0. It changes \
                nothing.";
    }
    if spec.name == GetAuthHealthStatus::SPEC.name {
        return " Shares are from 0 to 1 and latencies in milliseconds; null is what was not measured, which is not zero. \
                With `at` it speaks about an earlier moment. It changes nothing.";
    }
    if spec.name == DetectBottlenecks::SPEC.name {
        return " `severity` is the share of what flows through a service that is refused, late or superfluous, from 0 to \
                1. With `at` it speaks about an earlier moment. It changes nothing.";
    }
    if spec.name == CreateDependencyVisualization::SPEC.name {
        return " A `png` comes as image content, the other forms as `text` of the structured content. It changes nothing.";
    }
    if spec.name == ExecuteRemediation::SPEC.name {
        return " Take `service` and `remedy` as `suggest_remediations` gave them: each proposal's `service`, and `remedy` under \
                `act`, `apply`. You cannot approve, and asking again is the same request.";
    }
    match spec.subject {
        Subject::Alarms => {
            " The alarms are the ones this server knows. Ids like `E7` refer to `evidence`; `gaps` say what could not be \
             read. It changes nothing."
        }
        Subject::Incident => " It changes nothing.",
    }
}

/// A tool by its name, and its answer in short.
type Row = (&'static str, fn(&Value) -> String);

/// The short text of an answer, for clients that show only text.
pub(super) fn in_words(tool: &str, answer: &Value) -> String {
    let rows: &[Row] = &[
        (GetIncidentContext::SPEC.name, |answer| told(answer, in_short)),
        (CorrelateAuthEvents::SPEC.name, |answer| told(answer, story_in_short)),
        (GetAuthHealthStatus::SPEC.name, |answer| told(answer, health_in_short)),
        (DetectBottlenecks::SPEC.name, |answer| told(answer, bottlenecks_in_short)),
        (ListChanges::SPEC.name, |answer| told(answer, changes_in_short)),
        (GetTimeline::SPEC.name, |answer| told(answer, timeline_in_short)),
        (GetContextDelta::SPEC.name, |answer| told(answer, delta_in_short)),
        (FindSimilarIncidents::SPEC.name, |answer| told(answer, similar_in_short)),
        (ListGaps::SPEC.name, |answer| told(answer, gaps_in_short)),
        (MapServiceDependencies::SPEC.name, |answer| told(answer, map_in_short)),
        (PredictCascade::SPEC.name, |answer| told(answer, cascade_in_short)),
        (SuggestIsolation::SPEC.name, |answer| told(answer, isolation_in_short)),
        (CreateDependencyVisualization::SPEC.name, |answer| told(answer, picture_in_short)),
        (SuggestRemediations::SPEC.name, |answer| told(answer, remediations_in_short)),
        (AssessRisk::SPEC.name, |answer| told(answer, risk_in_short)),
        (PredictRecovery::SPEC.name, |answer| told(answer, recovery_in_short)),
        (ExecuteRemediation::SPEC.name, |answer| told(answer, asked_in_short)),
        (GetPlanStatus::SPEC.name, |answer| told(answer, plans_in_short)),
    ];
    rows.iter().find(|(name, _)| *name == tool).map_or_else(|| answer.to_string(), |(_, in_short)| in_short(answer))
}

/// An answer in short. A figure that JSON cannot hold is read back as none; the JSON itself is then the text.
fn told<T: for<'de> Deserialize<'de>>(answer: &Value, in_short: fn(&T) -> String) -> String {
    T::deserialize(answer).map_or_else(|_| answer.to_string(), |answer| in_short(&answer))
}

fn not_seen(gaps: &[Gap]) -> impl Iterator<Item = String> + '_ {
    gaps.iter().map(|gap| format!("Not seen: {} ({}).", gap.wanted, gap.because))
}

fn story_in_short(story: &Story) -> String {
    let mut sentences =
        vec![format!("{} events, {} of them tied to an earlier one.", story.events.len(), story.links.len())];
    if story.path.len() > 1 {
        let path: Vec<&str> = story.path.iter().map(ServiceId::as_str).collect();
        sentences.push(format!("It spread {}.", path.join(" → ")));
    }
    sentences.extend(not_seen(&story.gaps));
    sentences.push(format!("As of {}; the structured content holds the events and what ties them.", story.at));
    sentences.join(" ")
}

fn health_in_short(health: &AuthHealth) -> String {
    let hop = |hop: &Hop| {
        let status = match hop.status {
            HopStatus::Healthy => "healthy",
            HopStatus::Slow => "slow",
            HopStatus::Losing => "losing requests",
            HopStatus::Unknown => "not measured",
        };
        let loss = hop.loss.map(|loss| format!(", loses {:.1} %", 100.0 * loss)).unwrap_or_default();
        format!("{} {}: {status}{loss}.", hop.stage, hop.service)
    };
    let mut sentences: Vec<String> = health.hops.iter().take(MOST).map(hop).collect();
    if let Some(first) = &health.first_unexplained {
        sentences.push(format!("The first whose trouble nothing behind it explains is {first}."));
    }
    sentences.extend(not_seen(&health.gaps));
    sentences.push(format!("As of {}; the structured content holds the evidence.", health.at));
    sentences.join(" ")
}

fn bottlenecks_in_short(found: &Bottlenecks) -> String {
    let mut sentences = vec![match found.bottlenecks.as_slice() {
        [] => "No service is at a limit.".to_owned(),
        found => {
            format!("At a limit, worst first: {}.", names(found.iter().map(|bottleneck| &bottleneck.service)))
        }
    }];
    sentences.extend(not_seen(&found.gaps));
    sentences.push(format!("As of {}; the structured content holds the figures and the evidence.", found.at));
    sentences.join(" ")
}

/// The verdict in short, for clients that show only text.
fn in_short(verdict: &Verdict) -> String {
    let mut sentences = vec![match verdict.cause() {
        Some(cause) => format!(
            "The likely root cause is {}, with confidence {:.0} % (ranked by {}).",
            cause.service,
            cause.confidence * 100.0,
            verdict.lane
        ),
        None => format!("No cause found (ranked by {}).", verdict.lane),
    }];
    sentences.push(match verdict.affected.as_slice() {
        [] => "No service is outside its normal range.".to_owned(),
        affected => format!("Affected, by onset: {}.", names(affected.iter().map(|affected| &affected.service))),
    });
    if !verdict.expected.is_empty() {
        sentences.push(format!("Hit next: {}.", names(verdict.expected.iter().map(|expected| &expected.service))));
    }
    for gap in &verdict.gaps {
        sentences.push(format!("Not seen: {} ({}).", gap.wanted, gap.because));
    }
    sentences.push(format!(
        "As of {}; the structured content holds the changes, the next steps and the evidence.",
        verdict.at
    ));
    sentences.join(" ")
}

fn names<'a>(services: impl ExactSizeIterator<Item = &'a ServiceId>) -> String {
    let more = services.len().saturating_sub(MOST);
    let mut names: Vec<String> = services.take(MOST).map(ToString::to_string).collect();
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

/// Sentences, and behind them what was not seen.
fn with_gaps(mut sentences: Vec<String>, gaps: &[Gap]) -> String {
    sentences.extend(not_seen(gaps));
    sentences.join(" ")
}

fn changes_in_short(list: &ChangeList) -> String {
    let sentence = match (list.changes.len(), list.guilty) {
        (0, _) => "No change is known near the onset.".to_owned(),
        (_, Some(guilty)) => format!("{} changes near the onset; the guilty one is {guilty}.", list.changes.len()),
        (_, None) => format!("{} changes near the onset; no change is guilty.", list.changes.len()),
    };
    with_gaps(vec![sentence, "The structured content has them, the most suspicious first.".to_owned()], &list.gaps)
}

fn timeline_in_short(timeline: &Timeline) -> String {
    let ends = timeline.moments.first().zip(timeline.moments.last());
    let span = ends.map(|(first, last)| format!(", from {} to {}", first.at, last.at)).unwrap_or_default();
    let sentence = format!("{} moments{span}; the structured content has them in order.", timeline.moments.len());
    with_gaps(vec![sentence], &timeline.gaps)
}

fn delta_in_short(answer: &ContextDelta) -> String {
    let delta = &answer.delta;
    let mut sentences = vec![format!(
        "Since {}: {} alarms fired, {} recovered.",
        delta.since,
        delta.fired.len(),
        delta.recovered.len()
    )];
    if delta.cause_then != delta.cause_now {
        let name = |cause: &Option<ServiceId>| cause.as_ref().map_or("nobody".to_owned(), ToString::to_string);
        sentences.push(format!("Blamed was {}, now {} is.", name(&delta.cause_then), name(&delta.cause_now)));
    }
    if !delta.newly_affected.is_empty() {
        sentences.push(format!("Newly affected: {}.", names(delta.newly_affected.iter())));
    }
    with_gaps(sentences, &answer.gaps)
}

fn similar_in_short(answer: &SimilarIncidents) -> String {
    let found: Vec<String> = answer
        .similar
        .iter()
        .map(|similar| format!("{} ({:.0} % alike)", similar.incident, 100.0 * similar.likeness))
        .collect();
    let sentence = if answer.compared == 0 {
        "There is no past incident to compare with.".to_owned()
    } else if found.is_empty() {
        format!("None of {} past incidents resembles it.", answer.compared)
    } else {
        format!("Of {} past incidents these resemble it: {}.", answer.compared, found.join(", "))
    };
    with_gaps(vec![sentence], &answer.gaps)
}

fn gaps_in_short(list: &GapList) -> String {
    if list.gaps.is_empty() { "Nothing was missing.".to_owned() } else { with_gaps(Vec::new(), &list.gaps) }
}

fn map_in_short(answer: &DependencyMap) -> String {
    let topology = &answer.map.topology;
    let mut sentences = vec![format!("{} services, {} calls.", topology.services.len(), topology.edges.len())];
    if !answer.alarming.is_empty() {
        sentences.push(format!("Alarms fire of {}.", names(answer.alarming.iter())));
    }
    with_gaps(sentences, &answer.gaps)
}

fn cascade_in_short(answer: &Cascade) -> String {
    let likely: Vec<String> = answer
        .predictions
        .iter()
        .take(MOST)
        .map(|next| {
            let when = next.in_minutes.map(|minutes| format!(" in {minutes:.0} min")).unwrap_or_default();
            format!("{} ({:.0} %{when})", next.service, 100.0 * next.probability)
        })
        .collect();
    let sentence = if likely.is_empty() {
        "Nobody is expected to be hit next.".to_owned()
    } else {
        format!("Hit next, most likely first: {}.", likely.join(", "))
    };
    with_gaps(vec![sentence, format!("As of {}.", answer.at)], &answer.gaps)
}

fn isolation_in_short(answer: &IsolationPlan) -> String {
    let isolation = &answer.isolation;
    let cut: Vec<String> =
        isolation.cut.iter().take(MOST).map(|edge| format!("{} → {}", edge.caller, edge.callee)).collect();
    let mut sentences = vec![match (cut.is_empty(), isolation.worth_it) {
        (true, _) => "There is no cut to propose.".to_owned(),
        (false, true) => format!("Cutting {} is worth it.", cut.join(", ")),
        (false, false) => format!("The cheapest cut would be {}, and it costs more than it saves.", cut.join(", ")),
    }];
    if !isolation.recovers.is_empty() {
        sentences.push(format!("No longer waiting then: {}.", names(isolation.recovers.iter())));
    }
    with_gaps(sentences, &answer.gaps)
}

fn picture_in_short(picture: &Picture) -> String {
    picture.alt.clone()
}

fn remediations_in_short(answer: &Remediations) -> String {
    let line = |proposal: &Proposal| match &proposal.act {
        Act::Apply(action) => format!("{} ({} risk)", action.sentence, action.risk),
        Act::Watch { .. } => "Do nothing and watch".to_owned(),
    };
    let told: Vec<String> = answer
        .proposals
        .iter()
        .enumerate()
        .map(|(place, proposal)| format!("{}. {}.", place + 1, line(proposal)))
        .collect();
    with_gaps(vec![format!("The most promising first: {}", told.join(" "))], &answer.gaps)
}

fn risk_in_short(answer: &RiskAssessment) -> String {
    let mut sentences = vec![match &answer.impossible {
        Some(why) => format!("{}: impossible, {why}.", answer.sentence),
        None => format!("{}: {} risk.", answer.sentence, answer.risk),
    }];
    sentences.push(answer.side_effects.clone());
    sentences.push(if answer.reversible { "It can be taken back." } else { "It cannot be taken back." }.to_owned());
    with_gaps(sentences, &answer.gaps)
}

fn recovery_in_short(answer: &RecoveryForecast) -> String {
    let Recovery { returns, .. } = &answer.recovery;
    let told: Vec<String> = returns
        .iter()
        .take(MOST)
        .map(|back| format!("{} after {:.0} min ({:.0} %)", back.service, back.after_min, 100.0 * back.probability))
        .collect();
    let mut sentences = vec![match &answer.impossible {
        Some(why) => format!("It is impossible: {why}."),
        None => format!("It helps with a probability of {:.0} %.", 100.0 * answer.probability),
    }];
    sentences.push(if told.is_empty() {
        "Nobody can be said to recover; `because` says why.".to_owned()
    } else {
        format!("Back at their baseline: {}.", told.join(", "))
    });
    with_gaps(sentences, &answer.gaps)
}

fn asked_in_short(answer: &ExecutionAsked) -> String {
    if let Some(report) = answer.outcome.clone() {
        return plans_in_short(&PlanReports { plans: vec![report], gaps: Vec::new() });
    }
    format!(
        "Nothing was changed: people decide, in {}. Ask `get_plan_status` with the proposal `{}` how it goes on.",
        answer.place, answer.proposal
    )
}

fn plans_in_short(answer: &PlanReports) -> String {
    let told: Vec<String> = answer
        .plans
        .iter()
        .map(|plan| {
            let word = plan.history.last().map_or("proposed", |(_, word)| word.as_str());
            let over = if plan.is_over { ", and over" } else { "" };
            format!("{} ({}): {} of {} approvals, {word}{over}.", plan.sentence, plan.plan, plan.approvals, plan.needed)
        })
        .collect();
    with_gaps(told, &answer.gaps)
}

//! What was done about it: every plan, who decided what, and what it did.

use super::{Told, utc};
use crate::mrkdwn::escape;
use crate::phrase;
use jiff::Timestamp;
use tools::model::{Direction, Expectation, Incident, Measure, Worked};
use tools::recovery::plan::{PlanFact, PlanState, PlanStatus, UndoneBy};
use tools::recovery::policy::PersonId;
use tools::recovery::verify::returned;
use tools::stats::PlanOutcome;

/// The plans, oldest first.
pub(super) fn in_order(incident: &Incident) -> Vec<&PlanState> {
    let mut plans: Vec<&PlanState> = incident.plans.values().map(AsRef::as_ref).collect();
    plans.sort_by_key(|state| (state.plan().proposed_at, state.id()));
    plans
}

/// What a plan does, with its parameters.
pub(super) fn sentence(state: &PlanState) -> String {
    escape(&state.plan().remedy.entry().sentence(&state.plan().saw))
}

/// A person, by the name that whoever shows it knows.
fn person(id: &PersonId) -> String {
    let is_plain = !id.0.is_empty() && id.0.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_plain { format!("<@{id}>") } else { phrase::code(&id.0) }
}

fn people(ids: &[PersonId]) -> String {
    phrase::list(&ids.iter().map(person).collect::<Vec<_>>())
}

/// Two words for the summary; none where nothing was planned.
pub(super) fn summary(incident: &Incident) -> Option<String> {
    let plans = in_order(incident);
    if plans.is_empty() {
        return None;
    }
    let outcomes: Vec<PlanOutcome> = plans.iter().filter_map(|state| PlanOutcome::of(state)).collect();
    let words = [
        (PlanOutcome::Kept, "kept"),
        (PlanOutcome::Undone, "undone or without effect"),
        (PlanOutcome::Failed, "failed"),
        (PlanOutcome::Unclear, "unclear"),
        (PlanOutcome::Open, "not over yet"),
    ];
    let parts = words.iter().filter_map(|(outcome, word)| {
        let count = outcomes.iter().filter(|each| *each == outcome).count();
        (count > 0).then(|| format!("{count} {word}"))
    });
    let parts: Vec<String> = parts.collect();
    let made = phrase::count(plans.len(), "plan was made", "plans were made").replacen("one", "One", 1);
    Some(match outcomes.len() {
        0 => format!("{made}, and none was carried out."),
        started => format!("{made}, {started} started: {}.", phrase::list(&parts)),
    })
}

pub(super) fn plans(told: &Told<'_>) -> String {
    let plans = in_order(told.incident);
    if plans.is_empty() {
        return told.md("No plan was made.");
    }
    let sections = plans.iter().zip(1..).map(|(state, number)| {
        let title = format!("{}: {}", sentence(state), state.status().word());
        format!("### {number}. {}\n\n{}{}", told.line(&title), told.list(lines(state)), forecast(told, state))
    });
    sections.collect::<Vec<_>>().join("\n")
}

/// What is to be told of a plan, a line each.
pub(super) fn lines(state: &PlanState) -> Vec<String> {
    let plan = state.plan();
    let mut lines = vec![format!(
        "{}, {} on {}, risk {}",
        phrase::code(&plan.id.0),
        phrase::code(plan.remedy.spec().name),
        phrase::code(plan.target.to_string()),
        plan.risk
    )];
    lines.push(format!(
        "asked for by {} at {}{}",
        person(&plan.requester),
        utc(plan.proposed_at),
        phrase::refs(&plan.evidence)
    ));
    lines.push(approval(state));
    if let Some(started) = state.started() {
        lines.push(format!("carried out by {} at {}", person(&started.by), utc(started.at)));
    }
    lines.extend(plan.expectation.as_ref().map(expected));
    lines.extend(state.worked().map(|worked| found(plan.expectation.as_ref(), worked)));
    lines.push(outcome(state));
    lines
}

fn approval(state: &PlanState) -> String {
    let reasons = state.approvals().iter().filter_map(|(by, approval)| {
        approval.reason.as_ref().map(|reason| format!("{}: “{}”", person(by), quoted(reason)))
    });
    let reasons: Vec<String> = reasons.collect();
    let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
    if let Some(started) = state.started() {
        return match started.approved_by.as_slice() {
            [] => "nobody's approval was needed".to_owned(),
            by => format!("approved by {}, {} needed{reasons}", people(by), started.needed),
        };
    }
    let needed = state.plan().least_approvals();
    let by: Vec<PersonId> = state.approvals().keys().cloned().collect();
    match by.as_slice() {
        [] if needed == 0 => "nobody's approval was needed".to_owned(),
        [] => format!("approved by nobody, {needed} needed"),
        by => format!("approved by {}, {needed} needed{reasons}", people(by)),
    }
}

fn quoted(reason: &str) -> String {
    escape(&crate::limits::cut(reason, 300))
}

fn expected(expectation: &Expectation) -> String {
    let way = match expectation.direction {
        Direction::Falls => "falls",
        Direction::Rises => "rises",
    };
    let what = measure(&expectation.measure);
    format!("expected: {what} of {} {way} within {} min", phrase::service(&expectation.service), expectation.within_min)
}

fn measure(measure: &Measure) -> String {
    match measure {
        Measure::Requests => "the number of requests".to_owned(),
        Measure::Faults => "the number of failed requests".to_owned(),
        Measure::Availability => "the share of successful requests".to_owned(),
        Measure::Latency => "latency".to_owned(),
        Measure::Other(name) => phrase::code(name),
    }
}

fn found(expectation: Option<&Expectation>, worked: Worked) -> String {
    let figures = |before: f64, after: f64| match expectation {
        Some(expectation) => format!(
            "{} before, {} after",
            phrase::quantity(before, &expectation.measure),
            phrase::quantity(after, &expectation.measure)
        ),
        None => format!("{} before, {} after", phrase::number(before), phrase::number(after)),
    };
    match worked {
        Worked::Keep { before, after } => format!("measured: {}: *KEEP*", figures(before, after)),
        Worked::Revert { before, after } => format!("measured: {}: *REVERT*", figures(before, after)),
        Worked::Unclear => "measured: nothing, so nobody can tell whether it helped".to_owned(),
    }
}

fn by(undone: Option<&UndoneBy>) -> String {
    match undone {
        Some(UndoneBy::Person(id)) => person(id),
        Some(UndoneBy::Time) => "its own time".to_owned(),
        None => "nobody".to_owned(),
    }
}

/// Where it stands, as a sentence.
fn outcome(state: &PlanState) -> String {
    let at = utc(state.changed_at());
    match state.status() {
        PlanStatus::Waiting => format!("it still waits, until {}", utc(state.plan().expires_at)),
        PlanStatus::Running => "it is being carried out".to_owned(),
        PlanStatus::Applied => "its effect is in force".to_owned(),
        PlanStatus::Kept => "*it helped, and is in force*".to_owned(),
        PlanStatus::Doubtful => "*it did not help, and is still in force*".to_owned(),
        PlanStatus::Undoing => format!("it is being undone by {}", by(state.undo())),
        PlanStatus::Undone => format!("*it was undone* by {} at {at}", by(state.undo())),
        PlanStatus::Failed => format!("*it failed* at {at}, and nothing was changed{}", why(state)),
        PlanStatus::PartlyFailed => format!("*it failed* at {at}, and part of it may be in force{}", why(state)),
        PlanStatus::UndoFailed => format!("*it could not be undone* at {at}{}", why(state)),
        PlanStatus::LeftAlone => {
            format!("its time was over at {at}, but somebody else had changed the target: it was left alone")
        }
        PlanStatus::Rejected => format!("*it was rejected*{}", why(state)),
        PlanStatus::Revoked => format!("*it was revoked* by who had asked for it, at {at}"),
        PlanStatus::Expired => format!("*it expired unanswered* at {}", utc(state.plan().expires_at)),
        PlanStatus::Superseded => format!("a newer plan for the same target took its place at {at}"),
        PlanStatus::Drifted => {
            format!("the target had changed since it was made: at {at} it was not carried out")
        }
    }
}

/// Who said so, or what the last failure was.
fn why(state: &PlanState) -> String {
    let told = state.history().iter().rev().find_map(|told| match &told.fact {
        PlanFact::Failed { because, .. } | PlanFact::UndoFailed { because } => Some(format!(": “{}”", quoted(because))),
        PlanFact::Rejected { by, reason } => {
            let reason = reason.as_ref().map(|reason| format!(": “{}”", quoted(reason))).unwrap_or_default();
            Some(format!(" by {} at {}{reason}", person(by), utc(told.at)))
        }
        PlanFact::Proposed { .. }
        | PlanFact::Approved { .. }
        | PlanFact::Withdrawn { .. }
        | PlanFact::Revoked { .. }
        | PlanFact::Denied { .. }
        | PlanFact::Escalated
        | PlanFact::Expired
        | PlanFact::Superseded { .. }
        | PlanFact::Drifted { .. }
        | PlanFact::Started { .. }
        | PlanFact::Succeeded { .. }
        | PlanFact::Verified { .. }
        | PlanFact::UndoStarted { .. }
        | PlanFact::UndoFinished
        | PlanFact::LeftAlone { .. } => None,
    });
    told.unwrap_or_default()
}

/// Who was said to be back when, and who was.
fn forecast(told: &Told<'_>, state: &PlanState) -> String {
    let Some(applied_at) = state.applied_at() else { return String::new() };
    let returned = returned(told.incident);
    let minutes = |minutes: f64| format!("{} min", phrase::number(minutes));
    let row = |said: &tools::model::Return| {
        let came = match returned.get(&said.service) {
            None => "not known: it has no alarm of its own".to_owned(),
            Some(None) => "not back yet".to_owned(),
            Some(Some(at)) if *at < applied_at => "back before the effect".to_owned(),
            Some(Some(at)) => minutes((at.duration_since(applied_at).as_secs_f64() / 6.0).round() / 10.0),
        };
        let sure = phrase::confidence(said.probability);
        vec![phrase::service(&said.service), format!("{} ({sure})", minutes(said.after_min)), came]
    };
    let rows: Vec<Vec<String>> = state.plan().forecast.iter().map(row).collect();
    let table = told.table(&["service", "said to be back after", "was back after"], &rows);
    if table.is_empty() { table } else { format!("\n{table}") }
}

/// What happened to the plans, for the timeline.
pub(super) fn moments(incident: &Incident) -> Vec<(Timestamp, String)> {
    let told = |state: &PlanState| {
        let name = phrase::code(&state.id().0);
        state
            .history()
            .iter()
            .map(|told| (told.at, format!("{name}: {}", moment(state, &told.fact))))
            .collect::<Vec<_>>()
    };
    in_order(incident).into_iter().flat_map(told).collect()
}

fn moment(state: &PlanState, fact: &PlanFact) -> String {
    let because =
        |reason: &Option<String>| reason.as_ref().map(|reason| format!(": “{}”", quoted(reason))).unwrap_or_default();
    match fact {
        PlanFact::Proposed { plan } => format!("asked for by {}: {}", person(&plan.requester), sentence(state)),
        PlanFact::Approved { by, reason } => format!("approved by {}{}", person(by), because(reason)),
        PlanFact::Withdrawn { by } => format!("{} took their approval back", person(by)),
        PlanFact::Rejected { by, reason } => format!("rejected by {}{}", person(by), because(reason)),
        PlanFact::Revoked { by } => format!("revoked by {}", person(by)),
        PlanFact::Denied { by, act, because } => {
            format!("{} may not {}: {}", person(by), escape(act), quoted(because))
        }
        PlanFact::Escalated => "nobody had answered, and more people were asked".to_owned(),
        PlanFact::Expired => "expired unanswered".to_owned(),
        PlanFact::Superseded { by } => format!("{} took its place", phrase::code(&by.0)),
        PlanFact::Drifted { .. } => "not carried out: the target had changed".to_owned(),
        PlanFact::Started { by, .. } => format!("started by {}", person(by)),
        PlanFact::Succeeded { .. } => "its effect is there".to_owned(),
        PlanFact::Failed { because, .. } => format!("failed: {}", quoted(because)),
        PlanFact::Verified { worked } => found(state.plan().expectation.as_ref(), *worked),
        PlanFact::UndoStarted { by: undone } => format!("taken back by {}", by(Some(undone))),
        PlanFact::UndoFinished => "what was there before is restored".to_owned(),
        PlanFact::UndoFailed { because } => format!("could not be taken back: {}", quoted(because)),
        PlanFact::LeftAlone { .. } => "left alone: somebody else had changed the target".to_owned(),
    }
}

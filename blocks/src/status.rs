//! Is it fixed yet? Two lines for people who do not work on it.

use crate::message::Message;
use crate::phrase;
use jiff::Timestamp;
use tools::model::{Incident, Role, ServiceId, Verdict};
use tools::recovery::plan::PlanStatus;

/// Services named in the answer; the rest is counted.
const MAX_SERVICES: usize = 4;

/// The answer about an incident at `now`.
pub fn answer(incident: &Incident, now: Timestamp) -> Message {
    let title = format!("{}: {}", incident.id, if is_over(incident) { "over" } else { "not over" });
    Message::plain(&title, &lines(incident, now))
}

/// The same two lines, for where they stand beside something else.
pub(crate) fn lines(incident: &Incident, now: Timestamp) -> String {
    format!("{}\n{}", stands(incident, now), done(incident))
}

/// Whether it is over: somebody said so, or all alarms are OK again and nobody declared it.
fn is_over(incident: &Incident) -> bool {
    incident.is_closed() || (incident.recovered_at().is_some() && incident.people.declared_by.is_none())
}

/// Whether it is over, for how long it has been going on, and what suffers.
fn stands(incident: &Incident, now: Timestamp) -> String {
    let id = incident.id;
    let began = incident.began_at();
    let severity = incident.people.severity.map(|severity| format!(" ({severity})")).unwrap_or_default();
    if let Some(at) = incident.people.closed_at {
        let took = phrase::span(at.duration_since(began));
        return format!("🟢 *{id}*{severity} *is over*: closed at {}, after {took}.", phrase::time(at));
    }
    if let Some(at) = incident.recovered_at().filter(|_| is_over(incident)) {
        let took = phrase::span(at.duration_since(began));
        return format!(
            "🟢 *{id} is over*{severity} since {}: all alarms are OK again, after {took}.",
            phrase::time(at)
        );
    }
    let span = phrase::span(now.duration_since(began).max(jiff::SignedDuration::ZERO));
    let affected: Vec<&ServiceId> =
        incident.verdict.iter().flat_map(|verdict| &verdict.affected).map(|affected| &affected.service).collect();
    let on = match affected.as_slice() {
        [] if incident.alarms.is_empty() => format!("“{}”", phrase::words(crate::people::name(incident))),
        [] => phrase::count(incident.firing(), "alarm fires", "alarms fire"),
        services => format!("{} suffer", phrase::services(services.iter().copied(), MAX_SERVICES)),
    };
    let lead = incident.people.roles.get(&Role::Lead);
    let lead = lead.map(|lead| format!(" {} leads.", phrase::person(lead))).unwrap_or_default();
    format!("🔴 *{id} is not over*{severity}: for {span} now, {on}.{lead}")
}

/// What is known of the cause, and what is being done.
fn done(incident: &Incident) -> String {
    let cause = match incident.verdict.as_deref() {
        None => "The cause is being looked for".to_owned(),
        Some(verdict) => match verdict.cause() {
            Some(cause) => {
                format!(
                    "The likely cause is {} ({})",
                    phrase::service(&cause.service),
                    phrase::confidence(cause.confidence)
                )
            }
            None => "No cause was found so far".to_owned(),
        },
    };
    let is = |statuses: &[PlanStatus]| incident.plans.values().any(|state| statuses.contains(&state.status()));
    let doing = if is(&[PlanStatus::Running, PlanStatus::Undoing]) {
        "a remedy is being carried out"
    } else if is(&[PlanStatus::Applied]) {
        "a remedy is in force, and is being watched"
    } else if is(&[PlanStatus::Waiting]) {
        "a remedy waits for people to decide"
    } else if is(&[PlanStatus::Doubtful, PlanStatus::PartlyFailed, PlanStatus::UndoFailed]) {
        "a remedy did not help, and people have to decide about it"
    } else if is(&[PlanStatus::Kept]) {
        "a remedy worked and was kept"
    } else if is_over(incident) {
        "nothing is left to do"
    } else if is(&[PlanStatus::Undone, PlanStatus::Failed]) {
        "what was tried so far did not help"
    } else {
        "no remedy has been chosen yet"
    };
    let next = next(incident.verdict.as_deref().filter(|_| !is_over(incident)));
    format!("{cause}; {doing}.{next}")
}

/// Who may be hit next; nothing where nobody is expected to be.
fn next(verdict: Option<&Verdict>) -> String {
    match verdict.and_then(|verdict| verdict.expected.first()) {
        Some(expected) => format!(" {} may be hit next.", phrase::service(&expected.service)),
        None => String::new(),
    }
}

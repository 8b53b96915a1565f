//! What went well, and what is left to do. Each line follows from a fact; where none does, that is said.

use super::{Told, plans, story};
use crate::limits::cut;
use crate::mrkdwn::escape;
use crate::phrase;
use tools::dependency::grade_incident;
use tools::model::{AlarmState, Incident, JoinedAlarm, Verdict, Worked};
use tools::recovery::plan::{PlanState, PlanStatus};

/// Alarms or gaps told one by one.
const MAX_EACH: usize = 20;

pub(super) fn went_well(told: &Told<'_>) -> String {
    let incident = told.incident;
    let mut items = Vec::new();
    if let Some(span) = incident.time_to_context() {
        items.push(format!("The card said enough to act on {} after the first alarm.", phrase::span(span)));
    }
    let foresight = grade_incident(incident);
    if foresight.foreseen > 0 {
        let spread =
            phrase::count(foresight.spread, "service that was hit later was", "services that were hit later were");
        items.push(format!("{} of {spread} foreseen.", foresight.foreseen));
    }
    for state in plans::in_order(incident) {
        if let Some(Worked::Keep { .. }) = state.worked() {
            items.push(format!("{} helped: {}.", id(state), plans::sentence(state)));
        }
        match state.status() {
            PlanStatus::Undone => {
                items.push(format!("{} was taken back, and what was there before is restored.", id(state)));
            }
            PlanStatus::Drifted => {
                items.push(format!("{} was not carried out on a target that had changed.", id(state)));
            }
            PlanStatus::Waiting
            | PlanStatus::Running
            | PlanStatus::Applied
            | PlanStatus::Kept
            | PlanStatus::Doubtful
            | PlanStatus::Undoing
            | PlanStatus::Failed
            | PlanStatus::PartlyFailed
            | PlanStatus::UndoFailed
            | PlanStatus::LeftAlone
            | PlanStatus::Rejected
            | PlanStatus::Revoked
            | PlanStatus::Expired
            | PlanStatus::Superseded => {}
        }
    }
    if items.is_empty() { told.md("Nothing that the facts would tell.") } else { told.list(items) }
}

pub(super) fn follow_ups(told: &Told<'_>) -> String {
    let incident = told.incident;
    let mut items = Vec::new();
    cause(incident, &mut items);
    items.extend(plans::in_order(incident).into_iter().filter_map(plan));
    alarms(incident, &mut items);
    for gap in story::missing(incident).unwrap_or_default().into_iter().take(MAX_EACH) {
        let way = match &gap.remedy {
            Some(remedy) if remedy.starts_with('{') => " The statement for my role is above.".to_owned(),
            Some(remedy) => format!(" What would supply it: {}.", escape(&cut(remedy, 300))),
            None => String::new(),
        };
        items.push(format!(
            "Close the gap *{}*: {}.{way}",
            escape(&cut(&gap.wanted, 200)),
            escape(&cut(&gap.because, 300))
        ));
    }
    if items.is_empty() {
        return told.md("Nothing that the facts would ask for.");
    }
    items.iter().map(|item| format!("- [ ] {}\n", told.line(item))).collect()
}

fn cause(incident: &Incident, items: &mut Vec<String>) {
    match incident.verdict.as_deref() {
        None => items.push("Look for the cause: nobody has. Asking for `context` begins with it.".to_owned()),
        Some(verdict) if verdict.cause().is_none() => {
            items.push("Find the cause: none was found, and what is not known can come again.".to_owned());
        }
        Some(verdict) => {
            if let Some(change) = verdict.guilty.and_then(|id| verdict.change(id)) {
                let refs = phrase::refs(verdict.guilty.as_slice());
                items.push(format!("Look at the change that is probably guilty: {}{refs}", phrase::change(change)));
            }
            for bottleneck in verdict.bottlenecks.iter().take(3) {
                items.push(format!("Give room, or decide not to: {}", phrase::bottleneck(bottleneck)));
            }
        }
    }
    let foresight = grade_incident(incident);
    let missed = foresight.spread.saturating_sub(foresight.foreseen);
    if missed > 0 && incident.verdict.as_deref().and_then(Verdict::cause).is_some() {
        let services = phrase::count(missed, "service was hit", "services were hit");
        items.push(format!("Look at what connects them: {services} later that nobody had foreseen."));
    }
}

/// What a plan leaves to do, if anything.
fn plan(state: &PlanState) -> Option<String> {
    let id = id(state);
    let what = plans::sentence(state);
    Some(match state.status() {
        PlanStatus::Waiting => format!("Decide on {id}: {what}."),
        PlanStatus::Running => format!("See {id} through: it is being carried out."),
        PlanStatus::Undoing => format!("See {id} through: it is being undone."),
        PlanStatus::Applied if state.worked().is_some() || state.plan().expectation.is_none() => {
            format!("Judge whether {id} helped, since nothing could be measured: {what}.")
        }
        PlanStatus::Applied => format!("See whether {id} helps: its window is not over."),
        PlanStatus::Kept => format!("Make {id} permanent or take it back, since it is still in force: {what}."),
        PlanStatus::Doubtful => format!("Take {id} back: it did not help, and is still in force: {what}."),
        PlanStatus::Failed => format!("Find out why {id} failed: {what}."),
        PlanStatus::PartlyFailed => format!("Look at the target of {id}: part of it may be in force: {what}."),
        PlanStatus::UndoFailed => format!("Take {id} back by hand: it could not be undone: {what}."),
        PlanStatus::LeftAlone => format!("Ask who changed the target of {id}: it was not taken back for that."),
        PlanStatus::Expired => format!("Decide who answers: {id} expired unanswered: {what}."),
        PlanStatus::Drifted => format!("Ask who changed the target of {id} before it was carried out."),
        PlanStatus::Undone => match state.worked() {
            Some(Worked::Revert { .. }) => format!("Learn from {id}: it did not help, and was undone: {what}."),
            Some(Worked::Keep { .. } | Worked::Unclear) | None => return None,
        },
        PlanStatus::Rejected | PlanStatus::Revoked | PlanStatus::Superseded => return None,
    })
}

fn id(state: &PlanState) -> String {
    phrase::code(&state.id().0)
}

fn alarms(incident: &Incident, items: &mut Vec<String>) {
    let mut each = |alarms: Vec<&JoinedAlarm>, told: &dyn Fn(&JoinedAlarm) -> String| {
        let more = alarms.len().saturating_sub(MAX_EACH);
        items.extend(alarms.into_iter().take(MAX_EACH).map(told));
        if more > 0 {
            items.push(format!("The same for {}.", phrase::count(more, "more alarm", "more alarms")));
        }
    };
    let all = || incident.alarms.iter().map(AsRef::as_ref);
    let fired = |joined: &JoinedAlarm| {
        joined.transitions.iter().filter(|transition| transition.state == AlarmState::Alarm).count()
    };
    each(all().filter(|joined| fired(joined) > 1).collect(), &|joined| {
        format!("Calm {}: it fired {} times.", phrase::code(&joined.alarm.name), fired(joined))
    });
    each(all().filter(|joined| joined.alarm.state == AlarmState::InsufficientData).collect(), &|joined| {
        format!("Look why {} has no data.", phrase::code(&joined.alarm.name))
    });
    each(all().filter(|joined| joined.service.is_none()).collect(), &|joined| {
        format!("Say which service {} belongs to: the topology does not know it.", phrase::code(&joined.alarm.name))
    });
}

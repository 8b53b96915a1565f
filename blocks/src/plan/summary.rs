//! What the incident's card says of its plans.

use super::{since, title};
use crate::phrase::{self, words};
use crate::remedy;
use std::cmp::Reverse;
use tools::model::Incident;
use tools::recovery::plan::{PlanState, PlanStatus};

/// Plans told on the card; the rest is counted.
const MAX_PLANS: usize = 3;

/// What is being done about an incident: the plans that need a person first, then those at work, then the latest that came to
/// its end. None where there is no plan.
pub fn summary(incident: &Incident) -> Option<String> {
    let mut plans: Vec<&PlanState> = incident.plans.values().map(AsRef::as_ref).collect();
    plans.sort_by_key(|state| (rank(state.status()), Reverse(since(state)), state.id().clone()));
    let open = plans.iter().filter(|state| rank(state.status()) < LAST).count();
    // Of those that came to their end the latest one says enough.
    plans.truncate(open + 1);
    let mut lines: Vec<String> = plans.iter().take(MAX_PLANS).map(|state| line(state)).collect();
    let more = open.saturating_sub(MAX_PLANS);
    if more > 0 {
        lines.push(format!("• and {}", phrase::count(more, "more plan", "more plans")));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The rank of what came to its end.
const LAST: u8 = 3;

fn rank(status: PlanStatus) -> u8 {
    match status {
        PlanStatus::Waiting => 0,
        PlanStatus::Doubtful | PlanStatus::PartlyFailed | PlanStatus::UndoFailed => 1,
        PlanStatus::Running | PlanStatus::Applied | PlanStatus::Undoing => 2,
        PlanStatus::Kept
        | PlanStatus::Undone
        | PlanStatus::Failed
        | PlanStatus::LeftAlone
        | PlanStatus::Rejected
        | PlanStatus::Revoked
        | PlanStatus::Expired
        | PlanStatus::Superseded
        | PlanStatus::Drifted => LAST,
    }
}

fn line(state: &PlanState) -> String {
    let plan = state.plan();
    let (sign, _) = title(state.status());
    let sentence = words(remedy::sentence(&plan.remedy, &plan.saw));
    let undo = state.undo_at().map(|at| format!(", undoes itself at {}", phrase::time(at))).unwrap_or_default();
    format!("• {sign} {sentence}: {}{undo} ({})", stands(state), phrase::plan(&plan.id))
}

/// Where it stands, as the end of a sentence.
fn stands(state: &PlanState) -> String {
    let plan = state.plan();
    let at = phrase::time(since(state));
    match state.status() {
        PlanStatus::Waiting => {
            let missing = usize::from(plan.least_approvals()).saturating_sub(state.approvals().len());
            let waits = match missing {
                0 => "waits for somebody to execute it".to_owned(),
                missing => format!("waits for {}", phrase::count(missing, "approval", "approvals")),
            };
            format!("*{waits}*, expires {}", phrase::time(plan.expires_at))
        }
        PlanStatus::Doubtful if plan.reversible => "*it did not help: REVERT*, press Undo on its message".to_owned(),
        PlanStatus::Doubtful => "*it did not help*, and cannot be undone".to_owned(),
        PlanStatus::PartlyFailed => "*it failed, and part of it may be in force*".to_owned(),
        PlanStatus::UndoFailed => "*it could not be undone*".to_owned(),
        PlanStatus::Running => format!("is being carried out since {at}"),
        PlanStatus::Undoing => format!("is being undone since {at}"),
        PlanStatus::Applied => match state.verify_at() {
            Some(at) => format!("applied, I am watching until {}", phrase::time(at)),
            None => "applied; nothing more is measured".to_owned(),
        },
        PlanStatus::Kept => format!("it worked: KEEP, as of {at}"),
        PlanStatus::Undone
        | PlanStatus::Failed
        | PlanStatus::LeftAlone
        | PlanStatus::Rejected
        | PlanStatus::Revoked
        | PlanStatus::Expired
        | PlanStatus::Superseded
        | PlanStatus::Drifted => format!("{} at {at}", state.status().word()),
    }
}

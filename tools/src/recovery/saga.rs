//! Carrying out and taking back, so that a crash at any point neither repeats an effect nor loses one.
//!
//! The facts come first: `Started` is recorded before [`carry_out`] is called, `UndoStarted` before [`take_back`], and what they
//! answer is recorded after. Whoever finds a plan that is being carried out, or taken back, calls the same function again: it
//! first reads what is there. Settings as the plan wants them mean that the effect is there already; settings as the plan saw
//! them, that it is not; anything else is somebody else's. Two that work at once are told apart by the actuator, which changes
//! only what is as the plan saw it: one of them has the effect, and both answer the same.
//!
//! What cannot be known is said: where no answer comes, what is there is read again, and where that fails too the plan counts
//! as carried out in part. A writer that comes back after its plan was carried out *and* taken back by another is stopped by the
//! target's revision; for a target that has none, only by finding other settings.

use super::plan::{Approved, NotApproved, Plan, PlanFact, PlanState, PlanStatus, UndoneBy};
use super::remedy::{own, same};
use crate::model::Reading;
use crate::ports::{ActError, Actuator};
use std::collections::BTreeMap;

/// A reading that gets no answer is tried so often. There is no wait between: whoever answers late is asked again by people.
const READS: usize = 3;

/// What is there, seen from a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum There {
    /// What the plan wants.
    Wanted,
    /// What the plan saw.
    Seen,
    /// Some settings as wanted, the others as seen: the plan's own effect, in part.
    Half,
    /// Neither: somebody else's.
    Foreign,
}

/// Carries out a plan that has been started, or goes on where a crash left it. Answers with the fact to record: `Succeeded`,
/// `Failed` or `Drifted`.
pub async fn carry_out(state: &PlanState, actuator: &dyn Actuator) -> Result<PlanFact, NotApproved> {
    let approved = approved(state, PlanStatus::Running)?;
    let plan = approved.value();
    let found = match read(plan, actuator).await {
        Ok(found) => found,
        // Whether an earlier try had its effect cannot be known.
        Err(problem) => return Ok(failed(format!("the target could not be read: {problem}"), true)),
    };
    Ok(match there(plan, &found) {
        There::Wanted => PlanFact::Succeeded { after: found },
        There::Half => failed("only part of it is there".to_owned(), true),
        There::Foreign => PlanFact::Drifted { found },
        There::Seen if is_another_revision(plan, &found) => PlanFact::Drifted { found },
        There::Seen => perform(&approved, actuator).await,
    })
}

async fn perform(approved: &Approved<Plan>, actuator: &dyn Actuator) -> PlanFact {
    let plan = approved.value();
    match actuator.perform(approved).await {
        Ok(found) => match there(plan, &found) {
            There::Wanted => PlanFact::Succeeded { after: found },
            There::Seen => failed("it was accepted, and nothing changed".to_owned(), false),
            There::Half | There::Foreign => failed("it was accepted, and something else came of it".to_owned(), true),
        },
        Err(ActError::Refused(because)) => failed(because, false),
        // Whoever works beside us was first.
        Err(ActError::Drifted(found)) if there(plan, &found) == There::Wanted => PlanFact::Succeeded { after: found },
        Err(ActError::Drifted(found)) => PlanFact::Drifted { found },
        Err(ActError::Unknown(because)) => match read(plan, actuator).await {
            Ok(found) => match there(plan, &found) {
                There::Wanted => PlanFact::Succeeded { after: found },
                There::Seen => failed(because, false),
                There::Half | There::Foreign => failed(because, true),
            },
            Err(problem) => failed(format!("{because}; then the target could not be read: {problem}"), true),
        },
    }
}

/// Takes back a plan whose undoing has been started, or goes on where a crash left it. Answers with the fact to record:
/// `UndoFinished`, `UndoFailed` or `LeftAlone`.
pub async fn take_back(state: &PlanState, actuator: &dyn Actuator) -> Result<PlanFact, NotApproved> {
    let approved = approved(state, PlanStatus::Undoing)?;
    let plan = approved.value();
    let found = match read(plan, actuator).await {
        Ok(found) => found,
        Err(problem) => return Ok(not_undone(format!("the target could not be read: {problem}"))),
    };
    // Asked first: where a plan wants what it saw there is nothing to restore.
    if same(&found.settings, &plan.saw.settings) {
        return Ok(PlanFact::UndoFinished);
    }
    Ok(match there(plan, &found) {
        There::Seen => PlanFact::UndoFinished,
        There::Wanted => undo(state, &approved, actuator).await,
        There::Half => not_undone("only part of it is there, and that part is left to people".to_owned()),
        There::Foreign => changed_by_others(state, found),
    })
}

async fn undo(state: &PlanState, approved: &Approved<Plan>, actuator: &dyn Actuator) -> PlanFact {
    let plan = approved.value();
    let is_restored = |found: &Reading| same(&found.settings, &plan.saw.settings);
    match actuator.undo(approved).await {
        Ok(found) if is_restored(&found) => PlanFact::UndoFinished,
        Ok(_) => not_undone("it was accepted, and what was there before is not back".to_owned()),
        Err(ActError::Refused(because)) => not_undone(because),
        // Whoever works beside us was first.
        Err(ActError::Drifted(found)) if is_restored(&found) => PlanFact::UndoFinished,
        Err(ActError::Drifted(found)) => changed_by_others(state, found),
        Err(ActError::Unknown(because)) => match read(plan, actuator).await {
            Ok(found) if is_restored(&found) => PlanFact::UndoFinished,
            Ok(found) => not_undone(match there(plan, &found) {
                There::Wanted => format!("{because}; the effect is still there"),
                There::Seen | There::Half | There::Foreign => format!("{because}; only part of it was taken back"),
            }),
            Err(problem) => not_undone(format!("{because}; then the target could not be read: {problem}")),
        },
    }
}

fn approved(state: &PlanState, status: PlanStatus) -> Result<Approved<Plan>, NotApproved> {
    if state.status() == status { state.approved() } else { Err(NotApproved::Status(state.status())) }
}

/// What the target is, or why nobody can say.
async fn read(plan: &Plan, actuator: &dyn Actuator) -> Result<Reading, String> {
    let mut problem = String::new();
    for _ in 0..READS {
        match actuator.read(&plan.target).await {
            Ok(found) | Err(ActError::Drifted(found)) => return Ok(found),
            Err(ActError::Refused(because)) => return Err(because),
            Err(ActError::Unknown(because)) => problem = because,
        }
    }
    Err(problem)
}

fn there(plan: &Plan, found: &Reading) -> There {
    if same(&found.settings, &plan.wants) {
        return There::Wanted;
    }
    if same(&found.settings, &plan.saw.settings) {
        return There::Seen;
    }
    let keys = |settings: &BTreeMap<String, String>| own(settings).into_keys().collect::<Vec<_>>();
    let all = [keys(&plan.wants), keys(&plan.saw.settings), keys(&found.settings)].concat();
    let is_ours = |key: &String| {
        let now = found.settings.get(key);
        now == plan.wants.get(key) || now == plan.saw.settings.get(key)
    };
    if all.iter().all(is_ours) { There::Half } else { There::Foreign }
}

/// Whether somebody wrote to the target since, though its settings are what the plan saw.
fn is_another_revision(plan: &Plan, found: &Reading) -> bool {
    matches!((&plan.saw.revision, &found.revision), (Some(saw), Some(now)) if saw != now)
}

fn failed(because: String, partly: bool) -> PlanFact {
    PlanFact::Failed { because, partly }
}

fn not_undone(because: String) -> PlanFact {
    PlanFact::UndoFailed { because }
}

/// The target is neither as it was seen nor as it was left: nothing is done, and a person who asked for it is told so. Of a plan
/// that failed in part, nobody can tell whose doing that is.
fn changed_by_others(state: &PlanState, found: Reading) -> PlanFact {
    match state.undo() {
        Some(UndoneBy::Time) => PlanFact::LeftAlone { found },
        Some(UndoneBy::Person(_)) | None if state.after().is_none() => not_undone(
            "its target is neither as it was before nor as the plan wants it, and is left to people".to_owned(),
        ),
        Some(UndoneBy::Person(_)) | None => {
            not_undone("somebody else has changed the target since, so nothing was done".to_owned())
        }
    }
}

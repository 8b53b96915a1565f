//! What is to be done about a plan, and what time makes of it.

use super::{PlanFact, PlanState, PlanStatus, UndoneBy};
use jiff::Timestamp;

/// What the facts of a plan say is to be done outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Todo {
    /// Carry it out.
    CarryOut,
    /// Look whether it helped.
    Verify,
    /// Take it back.
    TakeBack,
}

/// What is to be done outside at `now`; whoever does it records what came of it, and asks again.
pub fn todo(state: &PlanState, now: Timestamp) -> Option<Todo> {
    if state.status() == PlanStatus::Running {
        return Some(Todo::CarryOut);
    }
    if state.status() == PlanStatus::Undoing {
        return Some(Todo::TakeBack);
    }
    state.verify_at().is_some_and(|at| at <= now).then_some(Todo::Verify)
}

/// What has become due by `now`, and follows: a plan expires; one that lacks approvals is escalated once, at half of its time;
/// one that takes itself back begins to. Whoever asks again after recording it hears no more of it.
pub fn due(state: &PlanState, now: Timestamp) -> Vec<PlanFact> {
    if state.is_overdue(now) {
        return vec![PlanFact::Expired];
    }
    if escalates_at(state).is_some_and(|at| at <= now) {
        return vec![PlanFact::Escalated];
    }
    let undo = PlanFact::UndoStarted { by: UndoneBy::Time };
    let is_over = state.undo_at().is_some_and(|at| at <= now);
    if is_over && state.accepts(now, &undo) { vec![undo] } else { Vec::new() }
}

/// When [`due`] has something to say next, if nothing else happens; it may be past.
pub fn next_timer(state: &PlanState) -> Option<Timestamp> {
    if state.status() == PlanStatus::Waiting {
        let expires_at = state.plan().expires_at;
        return Some(escalates_at(state).map_or(expires_at, |at| at.min(expires_at)));
    }
    let at = state.undo_at()?;
    state.accepts(at, &PlanFact::UndoStarted { by: UndoneBy::Time }).then_some(at)
}

/// At half of its time, if approvals are missing by then. Approvals that stand are counted; whether each counts is asked when
/// it is executed.
fn escalates_at(state: &PlanState) -> Option<Timestamp> {
    let plan = state.plan();
    let lacks = state.approvals().len() < usize::from(plan.least_approvals());
    let waits = state.status() == PlanStatus::Waiting && state.escalated_at().is_none();
    (waits && lacks).then(|| {
        let half = plan.expires_at.duration_since(plan.proposed_at) / 2;
        plan.proposed_at.saturating_add(half).unwrap_or(plan.expires_at)
    })
}

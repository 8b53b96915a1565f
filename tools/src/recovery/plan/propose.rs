//! How a plan begins, and ends its elders.

use super::{Desk, MOST_PLANS, Plan, PlanFact, PlanId, PlanState, PlanStatus};
use crate::recovery::policy::{Act, DeadEnd, Denial, Directory, Person, PlanFacts, Question, Ruling};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a plan does not begin. Its `Display` is a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproposable {
    /// Its content has another id than it says.
    #[error("this plan is not pinned: its content has another id")]
    NotPinned,
    /// It names somebody else as the one who asks.
    #[error("a plan is asked for by whoever asks for it, and by nobody else")]
    SomebodyElse,
    /// Nobody could approve it any more.
    #[error("this plan has expired before anybody saw it")]
    Expired,
    /// They may not.
    #[error("{0}")]
    NotAllowed(Denial),
    /// It could never be carried out, or never be taken back.
    #[error("{0}")]
    DeadEnd(DeadEnd),
    /// The very same plan is there.
    #[error("the same plan is there already, and is {}", .0.word())]
    Known(PlanStatus),
    /// The incident has as many plans as it can.
    #[error("this incident has {MOST_PLANS} plans, and takes no more")]
    TooMany,
}

/// The facts with which a plan begins: `Proposed`, and the end of the older plans for its target that still wait. `plans` are
/// those of its incident; `directory` knows everybody who could decide about it, as far as that is known.
pub fn propose(
    plans: &BTreeMap<PlanId, Arc<PlanState>>,
    plan: &Plan,
    who: &Person,
    desk: &Desk<'_>,
    directory: &Directory,
    now: Timestamp,
) -> Result<Vec<(PlanId, PlanFact)>, Unproposable> {
    if !plan.is_pinned() {
        return Err(Unproposable::NotPinned);
    }
    if plan.requester != who.id {
        return Err(Unproposable::SomebodyElse);
    }
    if plan.expires_at <= now || plan.expires_at <= plan.proposed_at {
        return Err(Unproposable::Expired);
    }
    if let Some(known) = plans.get(&plan.id) {
        return Err(Unproposable::Known(known.status()));
    }
    let facts = PlanFacts::of(plan, who.clone(), desk.business_hours);
    if let Ruling::Denied { why } = desk.policy.rule(&Question { act: Act::Propose, person: who, plan: &facts }) {
        return Err(Unproposable::NotAllowed(why));
    }
    if let Some(dead_end) = desk.policy.dead_ends(directory, &[facts]).pop() {
        return Err(Unproposable::DeadEnd(dead_end));
    }
    if plans.len() >= MOST_PLANS {
        return Err(Unproposable::TooMany);
    }
    let proposed = (plan.id.clone(), PlanFact::Proposed { plan: Box::new(plan.clone()) });
    Ok(std::iter::once(proposed).chain(supersede(plans, plan, now)).collect())
}

/// The end of every other plan for the same target that still waits: two plans for one target were made for the same state, and
/// only one of them can find it. One whose time is over has expired rather.
pub fn supersede(plans: &BTreeMap<PlanId, Arc<PlanState>>, newer: &Plan, now: Timestamp) -> Vec<(PlanId, PlanFact)> {
    let older = plans.values().filter(|state| {
        state.status() == PlanStatus::Waiting && state.plan().target == newer.target && *state.id() != newer.id
    });
    let ended = |state: &Arc<PlanState>| {
        let superseded = || PlanFact::Superseded { by: newer.id.clone() };
        let fact = if state.is_overdue(now) { PlanFact::Expired } else { superseded() };
        (state.id().clone(), fact)
    };
    older.map(ended).collect()
}

//! The state of a plan: the fold of its facts. There is no other way to one, not even from a stored snapshot.

use super::{Plan, PlanFact, PlanId, PlanStatus, Settled, UndoneBy};
use crate::model::{Reading, Worked};
use crate::recovery::policy::PersonId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A plan takes so many approvals in its life, those that were withdrawn included.
pub const MOST_APPROVALS: usize = 100;

/// So many denied acts of a plan are recorded. Later ones are answered all the same.
pub const MOST_DENIALS: usize = 100;

/// So often it is tried to take a plan back.
pub const MOST_UNDOS: usize = 20;

/// A fact of a plan and when it became one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// What.
    pub fact: PlanFact,
}

/// An approval that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Since when.
    pub at: Timestamp,
    /// Why, where they said so.
    pub reason: Option<String>,
}

/// That a plan began to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// When.
    pub at: Timestamp,
    /// Who had it carried out.
    pub by: PersonId,
    /// Those whose approval counted.
    pub approved_by: Vec<PersonId>,
    /// How many it needed.
    pub needed: u8,
}

/// The state of a plan. Stored as its facts and read back by folding them, so that a snapshot can say nothing that facts do
/// not.
///
/// ```compile_fail,E0277
/// let state: tools::recovery::plan::PlanState = Default::default();
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Vec<Told>", try_from = "Vec<Told>")]
pub struct PlanState {
    plan: Arc<Plan>,
    status: PlanStatus,
    approvals: BTreeMap<PersonId, Approval>,
    escalated_at: Option<Timestamp>,
    started: Option<Start>,
    after: Option<Reading>,
    applied_at: Option<Timestamp>,
    worked: Option<Worked>,
    undo: Option<UndoneBy>,
    history: Vec<Told>,
}

impl From<PlanState> for Vec<Told> {
    fn from(state: PlanState) -> Self {
        state.history
    }
}

impl TryFrom<Vec<Told>> for PlanState {
    type Error = String;

    fn try_from(history: Vec<Told>) -> Result<Self, String> {
        let fold = |state, told: &Told| PlanState::fold(state, told.at, &told.fact).map(Some);
        history.iter().try_fold(None, fold)?.ok_or_else(|| "a plan without facts is none".to_owned())
    }
}

impl PlanState {
    /// Folds one fact into the state. `None` is the state before the first one; only `Proposed` leads out of it.
    ///
    /// # Errors
    /// A sentence saying why the fact cannot follow. What [`super::decide()`], [`super::due`] and the saga answer always can.
    pub fn fold(state: Option<Self>, at: Timestamp, fact: &PlanFact) -> Result<Self, String> {
        let status = PlanStatus::next(state.as_ref().map(|state| state.status), fact).map_err(|err| err.to_string())?;
        let mut state = match (state, fact) {
            (None, PlanFact::Proposed { plan }) => Self::proposed(plan, status)?,
            (None, _) => return Err("the facts of a plan begin with the plan".to_owned()),
            (Some(state), _) => {
                state.check(at, fact).map_err(|problem| format!("{}: {problem}", state.plan.id))?;
                state
            }
        };
        state.status = status;
        state.take(at, fact);
        state.history.push(Told { at, fact: fact.clone() });
        Ok(state)
    }

    /// Whether `fact` can follow. What a job found out may have been told by its twin already.
    pub fn accepts(&self, at: Timestamp, fact: &PlanFact) -> bool {
        PlanStatus::next(Some(self.status), fact).is_ok() && self.check(at, fact).is_ok()
    }

    fn proposed(plan: &Plan, status: PlanStatus) -> Result<Self, String> {
        if !plan.is_pinned() {
            return Err(format!("{} is not pinned: its content has another id", plan.id));
        }
        if plan.target != plan.remedy.target() {
            return Err(format!("{} acts on another target than its remedy", plan.id));
        }
        if plan.expires_at <= plan.proposed_at {
            return Err(format!("{} expires before it is made", plan.id));
        }
        Ok(Self {
            plan: Arc::new(plan.clone()),
            status,
            approvals: BTreeMap::new(),
            escalated_at: None,
            started: None,
            after: None,
            applied_at: None,
            worked: None,
            undo: None,
            history: Vec::new(),
        })
    }

    /// What the status alone does not say about a fact.
    fn check(&self, at: Timestamp, fact: &PlanFact) -> Result<(), &'static str> {
        let require = |holds: bool, otherwise: &'static str| if holds { Ok(()) } else { Err(otherwise) };
        let in_time = require(at < self.plan.expires_at, "it has expired");
        let is_own = |by: &PersonId| *by == self.plan.requester;
        match fact {
            PlanFact::Approved { by, .. } => {
                in_time?;
                require(!is_own(by), "its requester cannot approve it")?;
                require(!self.approvals.contains_key(by), "nobody approves it twice")?;
                require(self.given() < MOST_APPROVALS, "it has taken as many approvals as it can")
            }
            PlanFact::Withdrawn { by } => {
                in_time?;
                require(self.approvals.contains_key(by), "only an approval that stands can be withdrawn")
            }
            PlanFact::Rejected { by, .. } => {
                in_time?;
                require(!is_own(by), "its requester can revoke it, not reject it")
            }
            PlanFact::Revoked { by } => {
                in_time?;
                require(is_own(by), "only its requester revokes it")
            }
            PlanFact::Denied { .. } => require(self.denials() < MOST_DENIALS, "no more denied acts are recorded"),
            PlanFact::Escalated => require(self.escalated_at.is_none(), "it is escalated once"),
            PlanFact::Expired => require(at >= self.plan.expires_at, "it has not expired yet"),
            PlanFact::Superseded { by } => require(*by != self.plan.id, "a plan does not supersede itself"),
            PlanFact::Started { approved_by, needed, .. } => {
                in_time?;
                self.check_start(approved_by, *needed)
            }
            PlanFact::Verified { .. } => require(self.worked.is_none(), "it is verified once"),
            PlanFact::UndoStarted { by } => {
                require(self.plan.reversible, "it cannot be taken back")?;
                require(self.undos() < MOST_UNDOS, "it was tried too often to take it back")?;
                match by {
                    UndoneBy::Person(_) => Ok(()),
                    UndoneBy::Time => require(self.undo_at().is_some_and(|time| time <= at), "its time is not over"),
                }
            }
            PlanFact::LeftAlone { .. } => {
                require(self.undo == Some(UndoneBy::Time), "only what time takes back is left alone")
            }
            PlanFact::Proposed { .. }
            | PlanFact::Drifted { .. }
            | PlanFact::Succeeded { .. }
            | PlanFact::Failed { .. }
            | PlanFact::UndoFinished
            | PlanFact::UndoFailed { .. } => Ok(()),
        }
    }

    /// Nothing is carried out with fewer approvals than the plan and its risk ask for, whatever a fact says.
    fn check_start(&self, approved_by: &[PersonId], needed: u8) -> Result<(), &'static str> {
        let distinct: BTreeSet<&PersonId> = approved_by.iter().collect();
        if distinct.len() != approved_by.len() {
            return Err("an approval counts once");
        }
        if distinct.contains(&self.plan.requester) {
            return Err("the approval of its requester does not count");
        }
        if !distinct.iter().all(|by| self.approvals.contains_key(*by)) {
            return Err("somebody is counted whose approval does not stand");
        }
        if needed < self.plan.least_approvals() || distinct.len() < usize::from(needed) {
            return Err("it was started with too few approvals");
        }
        Ok(())
    }

    fn take(&mut self, at: Timestamp, fact: &PlanFact) {
        match fact {
            PlanFact::Approved { by, reason } => {
                self.approvals.insert(by.clone(), Approval { at, reason: reason.clone() });
            }
            PlanFact::Withdrawn { by } => {
                self.approvals.remove(by);
            }
            PlanFact::Escalated => self.escalated_at = Some(at),
            PlanFact::Started { by, approved_by, needed } => {
                let (by, approved_by) = (by.clone(), approved_by.clone());
                self.started = Some(Start { at, by, approved_by, needed: *needed });
            }
            PlanFact::Succeeded { after } => {
                self.after = Some(after.clone());
                self.applied_at = Some(at);
            }
            PlanFact::Verified { worked } => self.worked = Some(*worked),
            PlanFact::UndoStarted { by } => self.undo = Some(by.clone()),
            PlanFact::Proposed { .. }
            | PlanFact::Rejected { .. }
            | PlanFact::Revoked { .. }
            | PlanFact::Denied { .. }
            | PlanFact::Expired
            | PlanFact::Superseded { .. }
            | PlanFact::Drifted { .. }
            | PlanFact::Failed { .. }
            | PlanFact::UndoFinished
            | PlanFact::UndoFailed { .. }
            | PlanFact::LeftAlone { .. } => {}
        }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Where it stands.
    pub fn status(&self) -> PlanStatus {
        self.status
    }

    /// The approvals that stand, by person. Whether each still counts is asked when it is executed.
    pub fn approvals(&self) -> &BTreeMap<PersonId, Approval> {
        &self.approvals
    }

    /// When more people were asked, if they were.
    pub fn escalated_at(&self) -> Option<Timestamp> {
        self.escalated_at
    }

    /// That it began to be carried out, if it did.
    pub fn started(&self) -> Option<&Start> {
        self.started.as_ref()
    }

    /// What the target was with the effect, once it was there.
    pub fn after(&self) -> Option<&Reading> {
        self.after.as_ref()
    }

    /// When the effect was there.
    pub fn applied_at(&self) -> Option<Timestamp> {
        self.applied_at
    }

    /// What its measure did, once its window was over.
    pub fn worked(&self) -> Option<Worked> {
        self.worked
    }

    /// Who took it back, or tried to, last.
    pub fn undo(&self) -> Option<&UndoneBy> {
        self.undo.as_ref()
    }

    /// Its facts, oldest first.
    pub fn history(&self) -> &[Told] {
        &self.history
    }

    /// When its last fact came.
    pub fn changed_at(&self) -> Timestamp {
        self.history.last().map_or(self.plan.proposed_at, |told| told.at)
    }

    /// Whether it waits and its time is over, though nobody has said so yet.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.status == PlanStatus::Waiting && now >= self.plan.expires_at
    }

    /// Whether it waits at `now`, and its time is not over.
    pub fn waits_at(&self, now: Timestamp) -> bool {
        self.status == PlanStatus::Waiting && !self.is_overdue(now)
    }

    /// Whether its effect may be there, and a person can have it taken back.
    pub fn can_be_undone(&self) -> bool {
        self.plan.reversible && (self.status.is_in_force() || self.status == PlanStatus::UndoFailed)
    }

    /// When its effect is to be looked at; none where nothing can be measured, or where it was looked at already.
    pub fn verify_at(&self) -> Option<Timestamp> {
        let expectation = self.plan.expectation.as_ref()?;
        let is_due = self.status == PlanStatus::Applied && self.worked.is_none();
        is_due.then(|| after_minutes(self.applied_at?, expectation.within_min))?
    }

    /// When it takes itself back; none if it does not, or is not in force.
    pub fn undo_at(&self) -> Option<Timestamp> {
        let minutes = self.plan.undo_after_min.filter(|_| self.plan.reversible && self.status.is_in_force())?;
        // Of an effect that may be there only in part it is known when it was begun.
        after_minutes(self.applied_at.or_else(|| Some(self.started.as_ref()?.at))?, minutes)
    }

    /// How it stopped waiting: who or what decided it, and when. None while it waits.
    pub fn settled(&self) -> Option<Settled> {
        let by_whom = |told: &Told| {
            let (by, newer) = match &told.fact {
                PlanFact::Rejected { by, .. } | PlanFact::Revoked { by } | PlanFact::Started { by, .. } => {
                    (Some(by.clone()), None)
                }
                PlanFact::Superseded { by } => (None, Some(by.clone())),
                PlanFact::Expired => (None, None),
                PlanFact::Proposed { .. }
                | PlanFact::Approved { .. }
                | PlanFact::Withdrawn { .. }
                | PlanFact::Denied { .. }
                | PlanFact::Escalated
                | PlanFact::Drifted { .. }
                | PlanFact::Succeeded { .. }
                | PlanFact::Failed { .. }
                | PlanFact::Verified { .. }
                | PlanFact::UndoStarted { .. }
                | PlanFact::UndoFinished
                | PlanFact::UndoFailed { .. }
                | PlanFact::LeftAlone { .. } => return None,
            };
            Some(Settled { status: self.status, by, newer, at: told.at })
        };
        self.history.iter().find_map(by_whom)
    }

    /// How many denied acts are recorded.
    pub fn denials(&self) -> usize {
        self.count(|fact| matches!(fact, PlanFact::Denied { .. }))
    }

    /// How many approvals it has taken, those that were withdrawn included.
    pub(super) fn given(&self) -> usize {
        self.count(|fact| matches!(fact, PlanFact::Approved { .. }))
    }

    /// How often it was tried to take it back.
    pub(super) fn undos(&self) -> usize {
        self.count(|fact| matches!(fact, PlanFact::UndoStarted { .. }))
    }

    fn count(&self, counts: impl Fn(&PlanFact) -> bool) -> usize {
        self.history.iter().filter(|told| counts(&told.fact)).count()
    }

    /// The id of its plan.
    pub fn id(&self) -> &PlanId {
        &self.plan.id
    }
}

/// None beyond the end of time.
fn after_minutes(at: Timestamp, minutes: u32) -> Option<Timestamp> {
    at.checked_add(SignedDuration::from_mins(i64::from(minutes))).ok()
}

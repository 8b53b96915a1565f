//! What a person is answered. Every request has an answer; the words for it are made elsewhere.

use super::{PlanId, PlanStatus, UndoneBy};
use crate::recovery::policy::{Denial, PersonId};
use jiff::Timestamp;

/// How a plan stopped waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Where it stands now, which may be further.
    pub status: PlanStatus,
    /// Who decided: had it carried out, rejected or revoked it. None where its time or a newer plan did.
    pub by: Option<PersonId>,
    /// The newer plan that took its place.
    pub newer: Option<PlanId>,
    /// When it was decided.
    pub at: Timestamp,
}

/// What a person is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Done: their approval counts.
    Approved {
        /// How many more are needed, at least: whoever executes it may need more than others.
        missing: u8,
    },
    /// Done: their approval is withdrawn.
    Withdrawn {
        /// How many are needed now, at least.
        missing: u8,
    },
    /// Done: it is rejected.
    Rejected,
    /// Done: it is revoked.
    Revoked,
    /// Done: it will be carried out now.
    Started,
    /// Done: it will be taken back now.
    UndoStarted,
    /// They approved it before.
    AlreadyApproved {
        /// When.
        at: Timestamp,
    },
    /// They have no approval that stands.
    NothingToWithdraw,
    /// They asked for it themselves: they can revoke it, and neither approve nor reject it. Recorded.
    OwnPlan,
    /// Only its requester revokes it. Recorded.
    NotTheRequester {
        /// Who asked for it.
        requester: PersonId,
    },
    /// They may not. Recorded.
    NotAllowed {
        /// Why not.
        why: Denial,
    },
    /// Who asked for it is not known now, and what policies say depends on that: nobody is allowed anything.
    RequesterUnknown {
        /// Who.
        requester: PersonId,
    },
    /// A high risk needs a reason.
    ReasonMissing,
    /// The reason is too long to be kept.
    ReasonTooLong {
        /// How many characters it may have.
        most: usize,
    },
    /// It needs more approvals before it is carried out.
    NeedsApprovals {
        /// How many more.
        missing: u8,
        /// Whose count.
        counted: Vec<PersonId>,
        /// Whose do not count any more, and why.
        not_counted: Vec<(PersonId, Denial)>,
    },
    /// It stops something in production: whoever executes it types the name of the target.
    NameMissing {
        /// The name.
        name: String,
    },
    /// They typed another name.
    NameWrong {
        /// The name.
        name: String,
    },
    /// Its time is over.
    Expired {
        /// Since when.
        at: Timestamp,
    },
    /// It was decided before.
    Decided(Settled),
    /// It is being carried out: it can be taken back when that is over.
    StillRunning {
        /// Who had it carried out.
        by: Option<PersonId>,
        /// Since when.
        since: Timestamp,
    },
    /// It is being taken back already.
    AlreadyUndoing {
        /// By whom.
        by: Option<UndoneBy>,
    },
    /// It was taken back before.
    AlreadyUndone {
        /// By whom.
        by: Option<UndoneBy>,
        /// When.
        at: Timestamp,
    },
    /// It cannot be taken back: its card said so.
    Irreversible,
    /// Nothing of it is there.
    NothingToUndo {
        /// Where it stands.
        status: PlanStatus,
    },
    /// It was tried too often, as [`super::MOST_APPROVALS`] and [`super::MOST_UNDOS`] say: a new plan is needed, or people.
    TooOften,
}

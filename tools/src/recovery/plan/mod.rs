//! A plan: one concrete remedy, pinned; what can happen to it, as facts; and its whole life, pure.
//!
//! In reading order: what a plan is and what can happen to it (here) · [`PlanStatus::next`], where that leads, as one total
//! function · [`PlanState`], the fold of the facts · [`decide()`], what a person's request makes of it · [`propose()`], how one
//! begins and ends its elders · [`due`], what time makes of it · [`Approved`], the only thing that an actuator takes.
//!
//! Facts come first: what is decided is recorded before anything is done, and what was done is recorded as a fact as well.
//! Whoever resumes after a crash folds the facts and sees what is left to do.

mod approved;
mod decide;
mod propose;
mod said;
mod state;
mod status;
mod timers;

pub use approved::{Approved, NotApproved};
pub use decide::{Decided, Desk, LONGEST_REASON, Request, decide, needs_typed_name};
pub use propose::{Unproposable, propose, supersede};
pub use said::{Said, Settled};
pub use state::{Approval, MOST_APPROVALS, MOST_DENIALS, MOST_UNDOS, PlanState, Start, Told};
pub use status::{IllegalFact, PlanStatus};
pub use timers::{Todo, due, next_timer, todo};

use super::policy::{PersonId, floor};
use super::remedy::{Remedy, Target};
use crate::digest;
use crate::model::{Cost, EvidenceId, Expectation, IncidentId, Reading, Return, Risk, RiskReason, ServiceId, Worked};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// So many plans an incident keeps. One more is refused: whoever is that far needs people, not plans.
pub const MOST_PLANS: usize = 50;

/// The id of a plan: a digest of everything that is pinned in it, so that another plan has another id. Shown as `plan-1f0c…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct PlanId(pub String);

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One concrete remedy, pinned: exact parameters, the state it was made for, and when it expires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The digest of all that follows.
    pub id: PlanId,
    /// The incident it is for.
    pub incident: IncidentId,
    /// What is done, with its parameters.
    pub remedy: Remedy,
    /// The resource whose settings it changes.
    pub target: Target,
    /// The service it acts on.
    pub service: ServiceId,
    /// Where that service runs, `production`.
    pub environment: String,
    /// What speaks for it.
    pub evidence: Vec<EvidenceId>,
    /// How much it can spoil, after everything that raises it.
    pub risk: Risk,
    /// Why so much.
    pub risk_reasons: Vec<RiskReason>,
    /// What it costs.
    pub cost: Cost,
    /// What was found at the target when it was made; it is carried out only there.
    pub saw: Reading,
    /// What the target's settings are once it is carried out.
    pub wants: BTreeMap<String, String>,
    /// Whether what was seen can be restored.
    pub reversible: bool,
    /// Minutes after which it takes itself back.
    pub undo_after_min: Option<u32>,
    /// What will count as success; none where nothing can be measured.
    pub expectation: Option<Expectation>,
    /// Who is expected to recover, soonest first.
    pub forecast: Vec<Return>,
    /// Who asked for it.
    pub requester: PersonId,
    /// How many others have to approve.
    pub approvals: u8,
    /// When it was made.
    pub proposed_at: Timestamp,
    /// From then on nobody may approve or execute it.
    pub expires_at: Timestamp,
}

impl Plan {
    /// The plan with the id that its content has.
    #[must_use]
    pub fn pinned(mut self) -> Self {
        self.id = PlanId(String::new());
        let content = serde_json::to_vec(&self).expect("a plan has only string keys");
        self.id = PlanId(format!("plan-{}", digest::short(content)));
        self
    }

    /// The fewest approvals with which it is carried out, whatever the policies of that moment say.
    pub fn least_approvals(&self) -> u8 {
        self.approvals.max(floor(self.risk))
    }

    /// Whether its content still has its id.
    pub fn is_pinned(&self) -> bool {
        self.clone().pinned().id == self.id
    }
}

/// Who or what takes a plan back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UndoneBy {
    /// A person.
    Person(PersonId),
    /// Its own time.
    Time,
}

/// What can happen to a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanFact {
    /// It was made.
    Proposed {
        /// The plan.
        plan: Box<Plan>,
    },
    /// Somebody agreed.
    Approved {
        /// Who.
        by: PersonId,
        /// Why, where that was asked for.
        reason: Option<String>,
    },
    /// Somebody took their own approval back.
    Withdrawn {
        /// Who.
        by: PersonId,
    },
    /// Somebody said no; that ends it.
    Rejected {
        /// Who.
        by: PersonId,
        /// Why.
        reason: Option<String>,
    },
    /// Who asked for it took it back; that ends it.
    Revoked {
        /// Who.
        by: PersonId,
    },
    /// Somebody wanted to do something that they may not; nothing else happened.
    Denied {
        /// Who.
        by: PersonId,
        /// What they wanted: `approve`.
        act: String,
        /// Why not, as a sentence.
        because: String,
    },
    /// Nobody answered, and more people were asked.
    Escalated,
    /// Nobody answered in time; that ends it.
    Expired,
    /// A newer plan for the same target was made; that ends it.
    Superseded {
        /// Which.
        by: PlanId,
    },
    /// The target is not as it was when the plan was made; that ends it, and nothing was changed.
    Drifted {
        /// What was found.
        found: Reading,
    },
    /// It is being carried out. From here on the effect may be there.
    Started {
        /// Who had it carried out.
        by: PersonId,
        /// Those whose approval counted then, each another person, none of them the requester.
        approved_by: Vec<PersonId>,
        /// How many approvals it needed, by the policies of that moment too.
        needed: u8,
    },
    /// The effect is there.
    Succeeded {
        /// What the target is now.
        after: Reading,
    },
    /// It did not work.
    Failed {
        /// Why, as a sentence.
        because: String,
        /// Whether part of the effect may be there.
        partly: bool,
    },
    /// Its window is over and was looked at.
    Verified {
        /// What the measure did.
        worked: Worked,
    },
    /// It is being taken back.
    UndoStarted {
        /// By whom.
        by: UndoneBy,
    },
    /// What was seen is restored.
    UndoFinished,
    /// It could not be taken back.
    UndoFailed {
        /// Why, as a sentence.
        because: String,
    },
    /// Its time was over, but somebody else had changed the target meanwhile: nothing was done.
    LeftAlone {
        /// What was found.
        found: Reading,
    },
}

impl PlanFact {
    /// Who did it; none where its time or the program did.
    pub fn by(&self) -> Option<&PersonId> {
        match self {
            Self::Proposed { plan } => Some(&plan.requester),
            Self::Approved { by, .. }
            | Self::Withdrawn { by }
            | Self::Rejected { by, .. }
            | Self::Revoked { by }
            | Self::Denied { by, .. }
            | Self::Started { by, .. }
            | Self::UndoStarted { by: UndoneBy::Person(by) } => Some(by),
            Self::Escalated
            | Self::Expired
            | Self::Superseded { .. }
            | Self::Drifted { .. }
            | Self::Succeeded { .. }
            | Self::Failed { .. }
            | Self::Verified { .. }
            | Self::UndoStarted { by: UndoneBy::Time }
            | Self::UndoFinished
            | Self::UndoFailed { .. }
            | Self::LeftAlone { .. } => None,
        }
    }

    /// Its word, as it stands in the log.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Proposed { .. } => "proposed",
            Self::Approved { .. } => "approved",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Rejected { .. } => "rejected",
            Self::Revoked { .. } => "revoked",
            Self::Denied { .. } => "denied",
            Self::Escalated => "escalated",
            Self::Expired => "expired",
            Self::Superseded { .. } => "superseded",
            Self::Drifted { .. } => "drifted",
            Self::Started { .. } => "started",
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Verified { .. } => "verified",
            Self::UndoStarted { .. } => "undo_started",
            Self::UndoFinished => "undo_finished",
            Self::UndoFailed { .. } => "undo_failed",
            Self::LeftAlone { .. } => "left_alone",
        }
    }
}

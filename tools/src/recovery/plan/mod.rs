//! A plan: one concrete remedy, pinned; what can happen to it, as facts; and its whole life, pure.

use super::policy::PersonId;
use super::remedy::Remedy;
use crate::model::{Cost, EvidenceId, Expectation, IncidentId, Reading, Return, Risk, RiskReason, ServiceId, Worked};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// The id of a plan: a digest of everything that is pinned in it, so that another plan has another id. Shown as `plan-1f0c…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
        let digest: String = Sha256::digest(content).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self.id = PlanId(format!("plan-{digest}"));
        self
    }

    /// Whether its content still has its id.
    pub fn is_pinned(&self) -> bool {
        self.clone().pinned().id == self.id
    }
}

/// Who or what takes a plan back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Where a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanStatus {
    /// It waits for approvals, or for somebody to execute it.
    Waiting,
    /// It is being carried out.
    Running,
    /// The effect is there, and is being watched.
    Applied,
    /// It worked.
    Kept,
    /// It did not help: it should be taken back.
    Doubtful,
    /// It is being taken back.
    Undoing,
    /// It was taken back.
    Undone,
    /// It did not work.
    Failed,
    /// It could not be taken back: people have to.
    UndoFailed,
    /// Its time was over and the target was somebody else's by then.
    LeftAlone,
    /// Somebody said no.
    Rejected,
    /// Who asked for it took it back.
    Revoked,
    /// Nobody answered in time.
    Expired,
    /// A newer plan took its place.
    Superseded,
    /// The target had changed before it began.
    Drifted,
}

/// Something that people agreed to, as its facts say. There is no other way to one than folding those facts: the fields are
/// private, it cannot be deserialised, and nothing else makes it.
///
/// ```compile_fail
/// let plan: tools::recovery::plan::Plan = todo!();
/// let approved = tools::recovery::plan::Approved { value: plan, by: Vec::new() };
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Approved<T> {
    value: T,
    by: Vec<PersonId>,
}

impl<T> Approved<T> {
    /// What they agreed to.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Who did: whoever had it carried out first, then those whose approval it needed.
    pub fn by(&self) -> &[PersonId] {
        &self.by
    }
}

//! What happened, in order; and what is new since a moment.

use crate::model::{AlarmState, Change, Did, EvidenceId, IncidentId, ServiceId, Suspect, Symptom, Worked};
use crate::recovery::plan::{PlanFact, PlanId};
use crate::recovery::policy::PersonId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What.
    pub happened: Happened,
    /// What says so; empty for what the incident itself records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceId>,
}

/// What can stand in a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// Something was changed.
    Changed {
        /// The change.
        change: Box<Change>,
        /// Whether it is the guilty one.
        guilty: bool,
    },
    /// A service left its normal range.
    Onset {
        /// Which.
        service: ServiceId,
        /// How it suffers.
        symptom: Symptom,
    },
    /// An alarm went to a state.
    Alarm {
        /// Its name.
        name: String,
        /// The state.
        state: AlarmState,
        /// The service it belongs to, if known.
        service: Option<ServiceId>,
    },
    /// A person took an alarm out of it.
    Left {
        /// The alarm's name.
        name: String,
        /// Who.
        by: String,
    },
    /// Alarms of another incident came over, which a person merged into this one.
    Absorbed {
        /// The other one.
        from: IncidentId,
        /// How many alarms of it stand here now.
        alarms: usize,
        /// Who.
        by: String,
    },
    /// It became a flood, and got its card.
    Flood {
        /// Distinct alarms at that moment.
        alarms: usize,
    },
    /// The verdict blames a service that it did not blame before.
    Blamed {
        /// Whom; none when nobody is blamed any more.
        service: Option<ServiceId>,
    },
    /// A card that says enough to act on stood in the channel.
    Context,
    /// Whoever was on call was called.
    Paged {
        /// Who called.
        by: PersonId,
        /// Who was on call.
        whom: Vec<PersonId>,
    },
    /// Something happened to a plan.
    Plan {
        /// Which.
        plan: PlanId,
        /// What it does, as an imperative sentence without a full stop.
        sentence: String,
        /// What happened to it.
        step: PlanStep,
        /// Who did it; none where its time or the program did.
        by: Option<PersonId>,
    },
    /// Somebody did something by hand.
    Person {
        /// Who.
        by: PersonId,
        /// What.
        did: Did,
    },
}

/// What can happen to a plan, for the timeline: what somebody may not do changed nothing, and is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the fact of the same name, or what a verification found")]
pub enum PlanStep {
    Proposed,
    Approved,
    Withdrawn,
    Rejected,
    Revoked,
    Escalated,
    Expired,
    Superseded,
    Drifted,
    Started,
    Succeeded,
    Failed,
    Kept,
    Doubtful,
    Unclear,
    UndoStarted,
    Undone,
    UndoFailed,
    LeftAlone,
}

impl PlanStep {
    /// The step that a fact is; none of what changed nothing.
    pub fn of(fact: &PlanFact) -> Option<Self> {
        Some(match fact {
            PlanFact::Denied { .. } => return None,
            PlanFact::Proposed { .. } => Self::Proposed,
            PlanFact::Approved { .. } => Self::Approved,
            PlanFact::Withdrawn { .. } => Self::Withdrawn,
            PlanFact::Rejected { .. } => Self::Rejected,
            PlanFact::Revoked { .. } => Self::Revoked,
            PlanFact::Escalated => Self::Escalated,
            PlanFact::Expired => Self::Expired,
            PlanFact::Superseded { .. } => Self::Superseded,
            PlanFact::Drifted { .. } => Self::Drifted,
            PlanFact::Started { .. } => Self::Started,
            PlanFact::Succeeded { .. } => Self::Succeeded,
            PlanFact::Failed { .. } => Self::Failed,
            PlanFact::Verified { worked: Worked::Keep { .. } } => Self::Kept,
            PlanFact::Verified { worked: Worked::Revert { .. } } => Self::Doubtful,
            PlanFact::Verified { worked: Worked::Unclear } => Self::Unclear,
            PlanFact::UndoStarted { .. } => Self::UndoStarted,
            PlanFact::UndoFinished => Self::Undone,
            PlanFact::UndoFailed { .. } => Self::UndoFailed,
            PlanFact::LeftAlone { .. } => Self::LeftAlone,
        })
    }
}

/// What is new since a moment, for somebody who looked then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Delta {
    /// The moment.
    pub since: Timestamp,
    /// Alarms that fire and did not then, by name.
    pub fired: Vec<String>,
    /// Alarms that fired then and are OK again, by name.
    pub recovered: Vec<String>,
    /// Who was blamed then.
    pub cause_then: Option<ServiceId>,
    /// Who is blamed now.
    pub cause_now: Option<ServiceId>,
    /// How sure that is, 0–1; none when nobody is blamed.
    pub confidence_now: Option<f64>,
    /// Services that suffer and did not then, by onset.
    pub newly_affected: Vec<ServiceId>,
    /// Services that suffered then and do not any more, by name.
    pub no_longer_affected: Vec<ServiceId>,
    /// Changes that took effect since, most suspicious first.
    pub changes: Vec<Suspect>,
    /// Services that are expected to suffer next and were not then, soonest first.
    pub newly_expected: Vec<ServiceId>,
}

impl Delta {
    /// Whether nothing is new.
    pub fn is_empty(&self) -> bool {
        self.fired.is_empty()
            && self.recovered.is_empty()
            && self.cause_then == self.cause_now
            && self.newly_affected.is_empty()
            && self.no_longer_affected.is_empty()
            && self.changes.is_empty()
            && self.newly_expected.is_empty()
    }
}

/// A past incident that resembles another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Similar {
    /// Which.
    pub incident: IncidentId,
    /// When it began.
    pub began: Timestamp,
    /// How much it resembles the other, 0–1.
    pub likeness: f64,
    /// In what, the weightiest first.
    pub shared: Vec<Shared>,
    /// Who was blamed in the end.
    pub cause: Option<ServiceId>,
    /// How it ended, if it did.
    pub ended: Option<Ended>,
}

/// In what two incidents are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Shared {
    /// The same service is blamed, suffering in the same way.
    Cause(ServiceId),
    /// The same services suffer.
    Services(Vec<ServiceId>),
    /// The same alarms fired.
    Alarms(Vec<String>),
    /// The same words in alarms and logs.
    Words(Vec<String>),
}

/// How an incident ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Ended {
    /// When its last alarm went to OK, or else when somebody closed it.
    pub at: Timestamp,
    /// The last change on the cause between its beginning and its end: what probably fixed it.
    pub after: Option<Change>,
    /// What the last plan did that helped, as an imperative sentence; none where none was carried out and kept.
    pub remedy: Option<String>,
}

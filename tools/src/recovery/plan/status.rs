//! Where a plan stands, and where a fact leads from there.

use super::{PlanFact, UndoneBy};
use crate::model::Worked;
use serde::{Deserialize, Serialize};

/// Where a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlanStatus {
    /// It waits for approvals, or for somebody to execute it.
    Waiting,
    /// It is being carried out.
    Running,
    /// The effect is there, and is being watched, or could not be measured.
    Applied,
    /// It worked.
    Kept,
    /// It did not help: it should be taken back.
    Doubtful,
    /// It is being taken back.
    Undoing,
    /// It was taken back.
    Undone,
    /// It did not work, and nothing was changed.
    Failed,
    /// It did not work, and part of the effect may be there, or all of it: it can be taken back as far as it still can.
    PartlyFailed,
    /// It could not be taken back: people have to, or try again.
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

/// A fact that cannot follow. Its `Display` is a sentence without a full stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a plan that is {} cannot become `{fact}`", .status.map_or("not there", PlanStatus::word))]
pub struct IllegalFact {
    /// Where the plan stood; none before its first fact.
    pub status: Option<PlanStatus>,
    /// The fact's word.
    pub fact: &'static str,
}

impl PlanStatus {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Waiting,
        Self::Running,
        Self::Applied,
        Self::Kept,
        Self::Doubtful,
        Self::Undoing,
        Self::Undone,
        Self::Failed,
        Self::PartlyFailed,
        Self::UndoFailed,
        Self::LeftAlone,
        Self::Rejected,
        Self::Revoked,
        Self::Expired,
        Self::Superseded,
        Self::Drifted,
    ];

    /// Where those stand whose effect may be there and who can be taken back.
    const STANDING: [Self; 4] = [Self::Applied, Self::Kept, Self::Doubtful, Self::PartlyFailed];

    /// Its word, for sentences.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "being carried out",
            Self::Applied => "applied",
            Self::Kept => "kept",
            Self::Doubtful => "doubtful",
            Self::Undoing => "being undone",
            Self::Undone => "undone",
            Self::Failed => "failed",
            Self::PartlyFailed => "partly failed",
            Self::UndoFailed => "not undone",
            Self::LeftAlone => "left alone",
            Self::Rejected => "rejected",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Drifted => "drifted",
        }
    }

    /// Whether nothing leads away from here: an ended plan never comes back.
    pub fn is_over(self) -> bool {
        match self {
            Self::Waiting
            | Self::Running
            | Self::Applied
            | Self::Kept
            | Self::Doubtful
            | Self::Undoing
            | Self::PartlyFailed
            | Self::UndoFailed => false,
            Self::Undone
            | Self::Failed
            | Self::LeftAlone
            | Self::Rejected
            | Self::Revoked
            | Self::Expired
            | Self::Superseded
            | Self::Drifted => true,
        }
    }

    /// Whether its effect may be in force and nobody is at it: it can be taken back, by a person or by its time.
    pub fn is_in_force(self) -> bool {
        Self::STANDING.contains(&self)
    }

    /// Where `fact` leads from `status`, which is none before the first fact. Every pair is answered; whatever is not the
    /// life of a plan is an error.
    pub fn next(status: Option<Self>, fact: &PlanFact) -> Result<Self, IllegalFact> {
        let illegal = IllegalFact { status, fact: fact.word() };
        let leads = |from: &[Self], to: Self| match status {
            Some(status) if from.contains(&status) => Ok(to),
            Some(_) | None => Err(illegal),
        };
        match fact {
            PlanFact::Proposed { .. } => match status {
                None => Ok(Self::Waiting),
                Some(_) => Err(illegal),
            },
            // Who may not is told so and it is recorded, at any time: it changes nothing.
            PlanFact::Denied { .. } => status.ok_or(illegal),
            PlanFact::Approved { .. } | PlanFact::Withdrawn { .. } | PlanFact::Escalated => {
                leads(&[Self::Waiting], Self::Waiting)
            }
            PlanFact::Rejected { .. } => leads(&[Self::Waiting], Self::Rejected),
            PlanFact::Revoked { .. } => leads(&[Self::Waiting], Self::Revoked),
            PlanFact::Expired => leads(&[Self::Waiting], Self::Expired),
            PlanFact::Superseded { .. } => leads(&[Self::Waiting], Self::Superseded),
            PlanFact::Started { .. } => leads(&[Self::Waiting], Self::Running),
            PlanFact::Drifted { .. } => leads(&[Self::Running], Self::Drifted),
            PlanFact::Succeeded { .. } => leads(&[Self::Running], Self::Applied),
            PlanFact::Failed { partly: false, .. } => leads(&[Self::Running], Self::Failed),
            PlanFact::Failed { partly: true, .. } => leads(&[Self::Running], Self::PartlyFailed),
            PlanFact::Verified { worked: Worked::Keep { .. } } => leads(&[Self::Applied], Self::Kept),
            PlanFact::Verified { worked: Worked::Revert { .. } } => leads(&[Self::Applied], Self::Doubtful),
            PlanFact::Verified { worked: Worked::Unclear } => leads(&[Self::Applied], Self::Applied),
            PlanFact::UndoStarted { by: UndoneBy::Time } => leads(&Self::STANDING, Self::Undoing),
            // A person may try again what could not be undone; time tries once.
            PlanFact::UndoStarted { by: UndoneBy::Person(_) } => {
                leads(&[&Self::STANDING[..], &[Self::UndoFailed]].concat(), Self::Undoing)
            }
            PlanFact::UndoFinished => leads(&[Self::Undoing], Self::Undone),
            PlanFact::UndoFailed { .. } => leads(&[Self::Undoing], Self::UndoFailed),
            PlanFact::LeftAlone { .. } => leads(&[Self::Undoing], Self::LeftAlone),
        }
    }
}

//! A story: signals in the order in which trouble began, each with what links it to an earlier one.

use crate::model::{AlarmState, ChangeKind, Evidence, EvidenceId, Gap, ServiceId, Stage, Symptom};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// Something was changed.
    Change {
        /// What kind of change it is.
        kind: ChangeKind,
        /// What it did, in its author's words.
        summary: String,
    },
    /// A service left its normal range.
    Onset {
        /// How it suffers.
        symptom: Symptom,
    },
    /// An alarm went to a state.
    Alarm {
        /// Its name.
        name: String,
        /// The state.
        state: AlarmState,
    },
}

/// One event of a story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct StoryEvent {
    /// When.
    pub at: Timestamp,
    /// Where, if that is known.
    pub service: Option<ServiceId>,
    /// Which stage of the auth journey that is, if any.
    pub stage: Option<Stage>,
    /// What.
    pub what: Happening,
    /// Where it is claimed.
    pub evidence: EvidenceId,
}

/// Why one event belongs to an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// Both are about the same service.
    SameService,
    /// Calls lead from one service to the other.
    Calls {
        /// The calls, caller first.
        path: Vec<ServiceId>,
    },
    /// Both services call this one.
    SharedCallee {
        /// Which one.
        callee: ServiceId,
    },
    /// The later one is a composite alarm, and this one makes it fire.
    Composite {
        /// The name of the earlier alarm.
        child: String,
    },
    /// Their words agree, where the topology knows nothing.
    Words {
        /// The words they share.
        words: Vec<String>,
    },
    /// Nothing but the time connects them.
    TimeOnly,
}

/// Why an event stands where it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct StoryLink {
    /// The earlier event, by its position in the story.
    pub from: usize,
    /// The later event, by its position in the story.
    pub to: usize,
    /// Seconds between the two.
    pub lag_s: i64,
    /// What ties them.
    pub tie: Tie,
    /// What says that calls lead there; empty where the tie is none of calls.
    pub evidence: Vec<EvidenceId>,
}

/// The answer of `correlate_auth_events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Story {
    /// The moment it speaks about.
    pub at: Timestamp,
    /// The service whose flow it is about; none for all of them.
    pub entry: Option<ServiceId>,
    /// What happened, oldest first.
    pub events: Vec<StoryEvent>,
    /// Each event but the unconnected ones, tied to one before it.
    pub links: Vec<StoryLink>,
    /// The way it spread, from the cause to the service furthest up that suffers.
    pub path: Vec<ServiceId>,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// Every claim the parts above refer to, by ascending id.
    pub evidence: Vec<Evidence>,
}

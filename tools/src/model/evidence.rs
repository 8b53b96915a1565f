//! Evidence: typed claims, each with an id, the query or link that produced it, and its window.

use crate::model::{AlarmState, Change, Measure, ServiceId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The id of one piece of evidence within a verdict, shown as `E7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(into = "String", try_from = "String")]
pub struct EvidenceId(pub u32);

impl fmt::Display for EvidenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E{}", self.0)
    }
}

impl From<EvidenceId> for String {
    fn from(id: EvidenceId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for EvidenceId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = text.strip_prefix('E').and_then(|digits| digits.parse().ok());
        number.map(Self).ok_or_else(|| format!("`{text}` is no evidence id; one looks like `E7`"))
    }
}

/// A span of time, `from` inclusive, `to` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Its start.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

impl Window {
    /// Whether `at` lies in it.
    pub fn contains(self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// Where a claim comes from, exactly enough to look again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A query that anyone can repeat.
    Query(String),
    /// A page that anyone can open.
    Link(String),
}

/// The unit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// How many.
    Count,
    /// How many in a minute.
    PerMinute,
    /// Percent, 0–100.
    Percent,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// How many times as much.
    Times,
}

/// What is claimed. Numbers carry their unit in the name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// An alarm went to a state.
    Alarm {
        /// Its name.
        name: String,
        /// The state it went to.
        state: AlarmState,
        /// When.
        at: Timestamp,
        /// The service it belongs to, if that is known.
        service: Option<ServiceId>,
    },
    /// A service shows more of something than its own past explains.
    Excess {
        /// Which service.
        service: ServiceId,
        /// Of what.
        measure: Measure,
        /// The mean after the alarm, in the measure's unit.
        observed: f64,
        /// What its past leads to expect, in the same unit.
        expected: f64,
        /// Robust deviations between the two.
        z: f64,
        /// Share of the excess that its callees do not explain, 0–1.
        own_share: f64,
    },
    /// When a service first left its normal range.
    Onset {
        /// Which service.
        service: ServiceId,
        /// The start of the first step out of range.
        at: Timestamp,
    },
    /// One service calls another.
    Calls {
        /// Who calls.
        caller: ServiceId,
        /// Who is called.
        callee: ServiceId,
        /// Requests per minute, where known.
        requests_per_min: Option<f64>,
    },
    /// A figure of a service that is no series of its flow.
    Figure {
        /// Which service.
        service: ServiceId,
        /// What is measured, in a few words: `cold starts`, `throttled requests`.
        name: String,
        /// How much, in `unit`.
        value: f64,
        /// In what.
        unit: Unit,
        /// What is usual there, in the same unit, where that is known.
        usual: Option<f64>,
    },
    /// A service logged lines that are alike.
    Logged {
        /// Which service.
        service: ServiceId,
        /// What they have in common; what differs stands as `<*>`.
        pattern: String,
        /// How many in the window.
        count: u64,
        /// How many in as long a time before it.
        before: u64,
    },
    /// Something was changed.
    Changed {
        /// The change.
        change: Change,
    },
}

impl Claim {
    /// The change it claims, if it claims one.
    pub fn change(&self) -> Option<&Change> {
        if let Self::Changed { change } = self { Some(change) } else { None }
    }
}

/// One typed claim with its origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// Its id within the verdict.
    pub id: EvidenceId,
    /// What is claimed.
    pub claim: Claim,
    /// Where it comes from.
    pub source: Source,
    /// The span it speaks about.
    pub window: Window,
}

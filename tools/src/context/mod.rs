//! The context toolset: what is going on, and what caused it.
//!
//! [`GetIncidentContext`] reads the lanes (topology, metrics, changes) through the ports; everything after that is a pure
//! function of what was read: the same [`Situation`] gives the same verdict, byte for byte.

mod atlas;
mod attribute;
mod auth;
mod bottleneck;
mod estate;
mod excess;
mod fallback;
mod finding;
mod flow;
mod fold;
mod gaps;
mod gauge;
mod kind;
mod ledger;
pub mod logs;
mod outlook;
mod picture;
mod reach;
mod score;
#[cfg(test)]
mod sound;
mod story;
mod suspicion;
#[cfg(test)]
mod synth;
#[cfg(test)]
mod tests;
mod verdict;
mod vitals;

pub use atlas::{Atlas, Connection};
pub use auth::{GetAuthHealthStatus, auth_health};
pub use bottleneck::{Bottlenecks, DetectBottlenecks, bottlenecks};
pub use story::{CorrelateAuthEvents, story};
pub use verdict::{is_same_service, verdict};

use crate::model::{Alarm, Change, Gap, LogLine, Series, Topology, Verdict, Window, minutes};
use crate::ports::Outside;
use crate::tool::{Effect, Entry, Tool, ToolError, ToolSpec};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How far back metrics are read as history: one day, so that a daily pattern is seen once.
pub const HISTORY: SignedDuration = SignedDuration::from_hours(25);

/// How far before the first alarm logs are read: long enough to tell what is new from what is always there.
const LOG_WINDOW: SignedDuration = minutes(60);

/// How far before the first alarm a change still counts.
const CHANGE_WINDOW: SignedDuration = minutes(120);

/// Everything the verdict is a function of.
#[derive(Clone, Debug)]
pub struct Situation {
    /// The moment it speaks about.
    pub now: Timestamp,
    /// The alarms of the incident, firing or not.
    pub alarms: Vec<Alarm>,
    /// Who calls whom, where it could be read.
    pub topology: Option<Topology>,
    /// Metrics with their history, where they could be read.
    pub series: Option<Vec<Series>>,
    /// What the services logged shortly before the first alarm and since, where it could be read.
    pub logs: Option<Vec<LogLine>>,
    /// Changes near the first alarm.
    pub changes: Vec<Change>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

impl Situation {
    /// Reads every lane. A lane that fails becomes a gap; it never becomes an error.
    pub async fn read(alarms: Vec<Alarm>, now: Timestamp, outside: &Outside) -> Self {
        let began = alarms.iter().map(|alarm| alarm.changed_at).min().unwrap_or(now);
        let back =
            |span: SignedDuration| Window { from: began.saturating_sub(span).unwrap_or(Timestamp::MIN), to: now };
        let mut gaps = Vec::new();
        let mut lane = |gap: Gap| gaps.push(gap);
        let topology = outside.topology.topology(back(HISTORY)).await.map_err(&mut lane).ok();
        let series = outside.telemetry.series(back(HISTORY)).await.map_err(&mut lane).ok();
        let changes = outside.changes.changes(back(CHANGE_WINDOW)).await.map_err(&mut lane).unwrap_or_default();
        let logs = outside.telemetry.logs(back(LOG_WINDOW)).await.map_err(&mut lane).ok();
        Self { now, alarms, topology, series, logs, changes, gaps }
    }
}

/// The context toolset, `auth-flow-context`: the one list of its tools.
pub static TOOLS: &[Entry] = &[
    Entry::of::<GetIncidentContext>(),
    Entry::of::<CorrelateAuthEvents>(),
    Entry::of::<GetAuthHealthStatus>(),
    Entry::of::<DetectBottlenecks>(),
];

/// Answers what is going on, what caused it, what it hits next, what changed, and what could not be seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetIncidentContext {
    /// The alarms to explain.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
}

#[async_trait]
impl Tool for GetIncidentContext {
    const SPEC: ToolSpec = ToolSpec {
        name: "get_incident_context",
        about: "Explains a set of AWS alarms: the likely root cause with its confidence, the affected services by onset, \
                what is hit next, recent changes, and what could not be seen. Every claim carries evidence.",
        effect: Effect::Read,
    };
    type Answer = Verdict;

    async fn call(self, outside: &Outside) -> Result<Verdict, ToolError> {
        Ok(verdict(&Situation::read(self.alarms, self.now, outside).await))
    }
}

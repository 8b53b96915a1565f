//! The context toolset: what is going on, and what caused it.
//!
//! [`Situation::read`] reads the lanes (topology, metrics, changes) through the ports; everything after that is a pure
//! function of what was read: the same [`Situation`] gives the same verdict, byte for byte.

pub(crate) mod atlas;
mod attribute;
mod auth;
mod bottleneck;
mod changes;
mod confidence;
mod delta;
mod estate;
mod excess;
mod fallback;
mod finding;
mod flow;
pub(crate) mod fold;
mod gaps;
mod gauge;
mod kind;
mod ledger;
pub mod logs;
#[cfg(test)]
mod narrated;
mod outlook;
mod picture;
#[cfg(test)]
mod properties;
pub(crate) mod pulse;
mod reach;
mod score;
mod signs;
mod similar;
#[cfg(test)]
mod sound;
mod story;
#[cfg(test)]
mod synth;
#[cfg(test)]
mod tests;
mod timeline;
mod toolset;
mod verdict;
mod vitals;
#[cfg(test)]
mod worlds;

pub use atlas::{Atlas, Connection};
pub use auth::{GetAuthHealthStatus, auth_health};
pub use bottleneck::{Bottlenecks, DetectBottlenecks, bottlenecks};
pub use delta::delta;
pub use similar::similar;
pub use story::{CorrelateAuthEvents, story};
pub use timeline::{timeline, timeline_of};
pub use toolset::{
    ChangeList, ContextDelta, FindSimilarIncidents, GapList, GetContextDelta, GetIncidentContext, GetTimeline,
    ListChanges, ListGaps, SimilarIncidents, TOOLS, Timeline,
};
pub use verdict::{names_of, symptom_of, verdict};

use crate::model::{Alarm, Change, Conflict, Gap, LogLine, Series, Topology, Window, minutes};
use crate::ports::Outside;
use jiff::{SignedDuration, Timestamp};

/// How far back metrics are read as history: one day, so that a daily pattern is seen once.
pub const HISTORY: SignedDuration = SignedDuration::from_hours(25);

/// How far before the first alarm logs are read: long enough to tell what is new from what is always there.
const LOG_WINDOW: SignedDuration = minutes(60);

/// How far before the first alarm a change still counts: what a change does may take hours to show.
const CHANGE_WINDOW: SignedDuration = minutes(240);

/// Everything the verdict is a function of.
#[derive(Clone, Debug)]
pub struct Situation {
    /// The moment it speaks about.
    pub now: Timestamp,
    /// The alarms of the incident, firing or not.
    pub alarms: Vec<Alarm>,
    /// Who calls whom, where it could be read.
    pub topology: Option<Topology>,
    /// What its sources do not agree on.
    pub conflicts: Vec<Conflict>,
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
        let (topology, series, logs, changes) = tokio::join!(
            outside.topology.topology(back(HISTORY)),
            outside.telemetry.series(back(HISTORY)),
            outside.telemetry.logs(back(LOG_WINDOW)),
            outside.changes.changes(back(CHANGE_WINDOW)),
        );
        let mut gaps = Vec::new();
        let mut lane = |gap: Gap| gaps.push(gap);
        let (sighting, series) = (topology.map_err(&mut lane).ok(), series.map_err(&mut lane).ok());
        let (logs, changes) = (logs.map_err(&mut lane).ok(), changes.map_err(&mut lane).unwrap_or_default());
        let mut conflicts = Vec::new();
        let topology = sighting.map(|mut sighting| {
            gaps.append(&mut sighting.gaps);
            let (topology, found) = sighting.settled(now);
            conflicts = found;
            topology
        });
        Self { now, alarms, topology, conflicts, series, logs, changes, gaps }
    }
}

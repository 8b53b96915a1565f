//! The nouns. Plain data: no IO, no clock, nothing that can fail but parsing.

mod auth;
mod bottleneck;
mod dependency;
mod evidence;
mod incident;
mod isolation;
mod link;
mod log;
mod outlook;
mod plan;
mod prediction;
mod risk;
mod series;
mod service;
mod signal;
mod story;
mod time;
mod timeline;
mod verdict;

pub use auth::{AuthHealth, Hop, HopStatus, Stage};
pub use bottleneck::{Bottleneck, Limit};
pub use dependency::{Conflict, EntryPoint, Folded, Map, Stated};
pub use evidence::{Claim, Evidence, EvidenceId, Source, Unit, Window};
pub use incident::{
    Apartness, Because, Blame, Fact, Incident, IncidentId, JoinedAlarm, Look, Record, ScopeId, Transition,
};
pub use isolation::{CutEdge, Isolation, IsolationReason, IsolationRemedy};
pub use link::Link;
pub use log::{LogLevel, LogLine};
pub use outlook::{Drawing, Forecast, MapSummary, Outlook};
pub use plan::{Cost, Direction, Expectation, Reading, Return, RiskReason, Worked};
pub use prediction::{Foresight, Prediction, Unseen};
pub use risk::Risk;
pub use series::{Measure, Series};
pub use service::{Adjacency, Edge, EdgeMode, EdgeSource, Origin, Service, ServiceId, Topology};
pub use signal::{Alarm, AlarmKey, AlarmState, Change, ChangeKind, Commit, Metric, Signal, Via};
pub use story::{Happening, Story, StoryEvent, StoryLink, Tie};
pub use time::minutes;
pub use timeline::{Delta, Ended, Happened, Moment, PlanStep, Shared, Similar};
pub use verdict::{Affected, Answer, Cause, Expected, Gap, Lane, NextStep, Reason, Suspect, Symptom, Verdict};

//! The nouns. Plain data: no IO, no clock, nothing that can fail but parsing.

mod evidence;
mod incident;
mod series;
mod service;
mod signal;
mod time;
mod verdict;

pub use evidence::{Claim, Evidence, EvidenceId, Source, Window};
pub use incident::{Apartness, Because, Fact, Incident, IncidentId, JoinedAlarm, Look, Record, ScopeId, Transition};
pub use series::{Measure, Series};
pub use service::{Adjacency, Edge, EdgeMode, Service, ServiceId, Topology};
pub use signal::{Alarm, AlarmKey, AlarmState, Change, ChangeKind, Metric, Signal, Via};
pub use time::minutes;
pub use verdict::{Affected, Answer, Cause, Expected, Gap, Lane, NextStep, Symptom, Verdict};

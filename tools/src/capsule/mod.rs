//! A capsule: one file that holds a snapshot of a world. Replay, drill, regression test and evaluation all read it.
//!
//! The file is one JSON object, optionally compressed with zstd (recognised by its magic number, not by its name). Times
//! are RFC 3339. Unknown fields are refused with their path, so that a misspelt one is not silently lost.
//!
//! | field | meaning |
//! |---|---|
//! | `clarity_capsule` | format version; this program reads version 1 |
//! | `name`, `about` | a short name; what the story is, for people |
//! | `window` | `{from, to}`: the span the story plays in; series may begin earlier, as history |
//! | `topology` | `{services: [{id, kind?, account?, region?, aliases?}], edges: [{caller, callee, mode?, requests_per_min?, fault_share?, latency_s?, origins?: [{source, seen}]}]}` |
//! | `series` | `[{service, measure, start, step_s, values}]`; `measure` is `requests`, `faults`, `availability` (percent), `latency` (seconds) or `{"other": "Namespace/Name:Stat"}`; a missing point is `null`, not 0 |
//! | `logs` | `[{at, service, level?, text}]`; `level` is `debug`, `info`, `warn` or `error` |
//! | `signals` | `[{received, signal, event_id?}]` in the order they reached us; `signal` is `{"alarm": {via, alarm}}`, `{"change": {…}}` or `{"note": {by, text}}`; the same `event_id` twice is a repeated delivery |
//! | `settings` | optional: `[{target: {kind, name}, settings: {…}, revision?}]`, what remedies find at their targets; the names are those of [`crate::recovery::remedy`] |
//! | `truth` | optional: `{"cause": ["service", …]}`, `{"change": {commit, first_failing, blast_radius, decoys}}`, or `"none"` for a quiet window |

mod clock;
mod file;
mod levers;
pub mod petshop;
pub mod rootcausebench;
mod world;

pub use clock::ModelClock;
pub use file::{CapsuleError, load, parse, save, to_json};
pub use levers::{Levers, Misbehaviour};
pub use world::World;

use crate::model::{Alarm, Change, LogLine, Series, ServiceId, Signal, Topology, Window};
use crate::recovery::remedy::Target;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the format that this program reads and writes.
pub const VERSION: u32 = 1;

/// The capsule of the talk this program comes from: Cognito throttles, and everything behind it follows.
pub const AUTH_CASCADE: &str = include_str!("../../capsules/auth-cascade.json");

/// One file holding a world snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capsule {
    /// Format version.
    pub clarity_capsule: u32,
    /// A short name.
    pub name: String,
    /// What the story is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// The span the story plays in.
    pub window: Window,
    /// Who calls whom.
    #[serde(default)]
    pub topology: Topology,
    /// Metrics, history included.
    #[serde(default)]
    pub series: Vec<Series>,
    /// What the services logged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LogLine>,
    /// What reached us, in that order.
    #[serde(default)]
    pub signals: Vec<Delivery>,
    /// What remedies find at their targets; of others [`Levers`] says what is usual.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<TargetSettings>,
    /// What really happened, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<Truth>,
}

/// One signal as it reached us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// When it reached us.
    pub received: Timestamp,
    /// The sender's id of this delivery; the same id twice is a repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// What it says.
    pub signal: Signal,
}

/// What a target is set to when the story begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetSettings {
    /// Which target.
    pub target: Target,
    /// Its settings and circumstances by name.
    pub settings: BTreeMap<String, String>,
    /// What its service calls this state of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// What really happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// Any of these is the root cause.
    Cause(Vec<ServiceId>),
    /// Nothing was wrong: whoever blames a service here blames falsely.
    None,
    /// Something was wrong, and it is known which change was guilty, or that none was.
    Change(ChangeTruth),
}

/// What is known of an incident around changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeTruth {
    /// The id of the guilty commit; none when no change is guilty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The service that failed first.
    pub first_failing: ServiceId,
    /// The services that suffered from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blast_radius: Vec<ServiceId>,
    /// Ids of innocent commits that look guilty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decoys: Vec<String>,
}

impl Capsule {
    /// The alarms that had reached us by `now`, repeats left out.
    pub fn alarms_until(&self, now: Timestamp) -> Vec<Alarm> {
        let mut alarms: Vec<Alarm> = Vec::new();
        for delivery in self.signals.iter().filter(|delivery| delivery.received <= now) {
            if let Signal::Alarm { alarm, .. } = &delivery.signal
                && !alarms.contains(alarm)
            {
                alarms.push((**alarm).clone());
            }
        }
        alarms
    }

    /// The changes that had taken effect by `now`.
    pub fn changes_until(&self, now: Timestamp) -> Vec<Change> {
        self.signals
            .iter()
            .filter_map(|delivery| match &delivery.signal {
                Signal::Change(change) if change.at <= now => Some(change.clone()),
                Signal::Change(_) | Signal::Alarm { .. } | Signal::Note { .. } => None,
            })
            .collect()
    }
}

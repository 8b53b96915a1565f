//! The catalogue of remedies: closed, data and code. One file a remedy: its parameters with their bounds, what it reads first, its
//! risk, what it costs, what else it does, its inverse, and what will count as success.
//!
//! A remedy is described by what the settings of its target are before and after it. That makes drift, idempotence and the
//! inverse the same for all of them: a target whose settings are those that a plan saw may be changed; one whose settings are
//! those that the plan wants has been changed already; any other is somebody else's.
//!
//! A reading has two kinds of entries, told apart by how they are written. `PascalCase` is a setting of the target itself,
//! named as in the service's API: these are compared, changed and restored. `snake_case` is a *circumstance*: what else has
//! to be known to decide, such as how much concurrency the account has left. Others change circumstances all the time, so
//! they are no part of drift ([`same`], [`own`]). Each remedy's file says which of both it needs; what is missing makes it
//! [`Impossible`], with a sentence that names it. `README.md` beside this file is the whole catalogue as a table.
//!
//! Two remedies are acts rather than states, a capture and a runbook: their settings count how often they were done.

mod alias_rollback;
mod archive_replay;
mod capsule_capture;
mod ecs_count;
mod ecs_rollback;
mod event_source;
mod log_level;
mod mute_alarms;
mod names;
mod provisioned_concurrency;
mod read;
mod reserved_concurrency;
mod rule;
mod runbook;
mod table_capacity;
#[cfg(test)]
mod tests;
mod trace_sampling;

pub use alias_rollback::AliasRollback;
pub use archive_replay::ArchiveReplay;
pub use capsule_capture::CapsuleCapture;
pub use ecs_count::EcsCount;
pub use ecs_rollback::EcsRollback;
pub use event_source::EventSource;
pub use log_level::LogLevel;
pub use mute_alarms::MuteAlarms;
pub use provisioned_concurrency::ProvisionedConcurrency;
pub use read::{own, same};
pub use reserved_concurrency::ReservedConcurrency;
pub use rule::Rule;
pub use runbook::{InputSchema, InputType, Property, PropertyType, Runbook, RunbookError, RunbookKind, RunbookSpec};
pub use table_capacity::TableCapacity;
pub use trace_sampling::TraceSampling;

use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A resource whose settings a remedy changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What it is, as CloudFormation writes it: `AWS::Lambda::Alias`.
    pub kind: String,
    /// Its name, the parts of a longer one joined by `:`, as in `token-exchange:live`.
    pub name: String,
}

impl Target {
    /// A target of this kind with this name.
    pub fn new(kind: &str, name: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), name: name.into() }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// A row of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemedySpec {
    /// Its name, `reserved-concurrency`: in policies, on the command line, over MCP.
    pub name: &'static str,
    /// The same for people, as the title of a card.
    pub title: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Its risk at the least; parameters and what was read can raise it.
    pub risk: Risk,
    /// What else happens, in a sentence or two: who is refused, what waits, what is lost.
    pub side_effects: &'static str,
    /// How it is taken back, as a noun: `the limit before`.
    pub inverse: &'static str,
    /// What will count as success, in words; the numbers are those of [`Entry::expects`].
    pub success: &'static str,
    /// The calls of AWS that read its target: `lambda:GetAlias`.
    pub reads: &'static [&'static str],
    /// The calls that change it.
    pub writes: &'static [&'static str],
}

/// Why a remedy cannot be applied there, whatever anybody approves. A sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Impossible(pub String);

/// What every remedy says of itself. All of it is pure.
pub trait Entry {
    /// Its row.
    fn spec(&self) -> &'static RemedySpec;

    /// What it changes.
    fn target(&self) -> Target;

    /// Whether its parameters are within their bounds, and it can be applied where this was read.
    fn check(&self, saw: &Reading) -> Result<(), Impossible>;

    /// The settings of the target once it is applied: those that were read, changed. Where that is what was read there is
    /// nothing to do.
    fn wants(&self, saw: &Reading) -> BTreeMap<String, String>;

    /// Its risk with these parameters there, and why, as the end of a sentence about it.
    fn risk(&self, saw: &Reading, now: Timestamp) -> (Risk, &'static str);

    /// What it adds to the bill there.
    fn cost(&self, saw: &Reading, prices: &Prices) -> Cost;

    /// Whether what was read can be restored.
    fn is_reversible(&self, _saw: &Reading) -> bool {
        true
    }

    /// Minutes after which it takes itself back, for those that do.
    fn lasts_min(&self) -> Option<u32> {
        None
    }

    /// What will count as success: which measure of the service, which way, within how many minutes of the effect.
    fn expects(&self, saw: &Reading) -> Option<(Measure, Direction, u32)>;

    /// What it does, with its parameters, as an imperative sentence without a full stop: `Set reserved concurrency of x to 20`.
    fn sentence(&self, saw: &Reading) -> String;
}

/// A remedy with its parameters: one of the catalogue, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// Raise the log level of a function for a while.
    LogLevel(LogLevel),
    /// Raise the sampling of traces for a while.
    TraceSampling(TraceSampling),
    /// Mute the derivative alarms of an incident for a while.
    MuteAlarms(MuteAlarms),
    /// Capture an evidence capsule now.
    CapsuleCapture(CapsuleCapture),
    /// Provisioned concurrency for a cold-starting alias.
    ProvisionedConcurrency(ProvisionedConcurrency),
    /// Reserved concurrency, to damp a retry storm or to stop a function.
    ReservedConcurrency(ReservedConcurrency),
    /// Pause or resume an event source mapping.
    EventSource(EventSource),
    /// Disable or enable an EventBridge rule.
    Rule(Rule),
    /// Roll an alias back to an earlier version.
    AliasRollback(AliasRollback),
    /// Replay an EventBridge archive.
    ArchiveReplay(ArchiveReplay),
    /// Raise the capacity of a DynamoDB table, or its on-demand maximum.
    TableCapacity(TableCapacity),
    /// Roll an ECS service back to an earlier task definition.
    EcsRollback(EcsRollback),
    /// Set the desired count of an ECS service.
    EcsCount(EcsCount),
    /// Run one of the team's own runbooks.
    Runbook(Runbook),
}

impl Remedy {
    /// What it says of itself.
    pub fn entry(&self) -> &dyn Entry {
        match self {
            Self::LogLevel(entry) => entry,
            Self::TraceSampling(entry) => entry,
            Self::MuteAlarms(entry) => entry,
            Self::CapsuleCapture(entry) => entry,
            Self::ProvisionedConcurrency(entry) => entry,
            Self::ReservedConcurrency(entry) => entry,
            Self::EventSource(entry) => entry,
            Self::Rule(entry) => entry,
            Self::AliasRollback(entry) => entry,
            Self::ArchiveReplay(entry) => entry,
            Self::TableCapacity(entry) => entry,
            Self::EcsRollback(entry) => entry,
            Self::EcsCount(entry) => entry,
            Self::Runbook(entry) => entry,
        }
    }

    /// Its row of the catalogue.
    pub fn spec(&self) -> &'static RemedySpec {
        self.entry().spec()
    }

    /// What it changes.
    pub fn target(&self) -> Target {
        self.entry().target()
    }
}

/// Every row of the catalogue, in the order of the design: least risk first.
pub const CATALOGUE: [&RemedySpec; 14] = [
    &LogLevel::SPEC,
    &TraceSampling::SPEC,
    &MuteAlarms::SPEC,
    &CapsuleCapture::SPEC,
    &ProvisionedConcurrency::SPEC,
    &ReservedConcurrency::SPEC,
    &EventSource::SPEC,
    &Rule::SPEC,
    &AliasRollback::SPEC,
    &ArchiveReplay::SPEC,
    &TableCapacity::SPEC,
    &EcsRollback::SPEC,
    &EcsCount::SPEC,
    &Runbook::SPEC,
];

//! What a plan is made of, apart from the remedy itself: what was found, what it costs, what is expected of it.

use crate::model::{Measure, ServiceId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was found at a target: its settings by name, as text, and its revision where the service has one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Reading {
    /// The settings, each by its name in the service's API. A setting that is not set is absent.
    pub settings: BTreeMap<String, String>,
    /// What the service calls this state of the target; it changes with every write, by whomever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// What a plan adds to the bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// Nothing worth stating.
    Nothing,
    /// So many US cents a month while it is in force; negative where it saves.
    CentsPerMonth(i64),
    /// The prices it depends on are not configured.
    Unknown,
}

/// Which way a measure is expected to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Down.
    Falls,
    /// Up.
    Rises,
}

/// What will count as success, stated before anything is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Expectation {
    /// Whose measure.
    pub service: ServiceId,
    /// Which.
    pub measure: Measure,
    /// Which way it goes.
    pub direction: Direction,
    /// How many minutes it may take from the effect on.
    pub within_min: u32,
}

/// A service that is expected to be back at its baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Return {
    /// The service.
    pub service: ServiceId,
    /// How many minutes after the effect.
    pub after_min: f64,
    /// How likely that is, 0–1.
    pub probability: f64,
}

/// What raised the risk of a plan above that of its remedy, or makes up that of the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RiskReason {
    /// The catalogue's word for this remedy with these parameters, as a sentence's end: `it stops every version`.
    Remedy(String),
    /// So many healthy services depend on the target.
    Reach {
        /// How many.
        services: usize,
    },
    /// It cannot be taken back.
    Irreversible,
    /// It costs more than the configured limit.
    Cost,
    /// The same remedy failed on this service before.
    FailedBefore {
        /// How often.
        times: usize,
    },
    /// What the target was could be read only in part.
    Unread,
}

/// What a plan's measure did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Worked {
    /// The measure went where it was expected to go: keep it.
    Keep {
        /// Its mean before the effect.
        before: f64,
        /// Its mean at the end of the window.
        after: f64,
    },
    /// It did not: take it back.
    Revert {
        /// Its mean before the effect.
        before: f64,
        /// Its mean at the end of the window.
        after: f64,
    },
    /// Nothing could be measured.
    Unclear,
}

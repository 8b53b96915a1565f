//! The map: one topology out of several that speak of the same world, and what they do not agree on.

use crate::model::{Edge, EdgeMode, EdgeSource, Origin, ServiceId, Topology};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// One topology merged from all sources. The same sources in any order give the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Map {
    /// The moment it speaks about.
    pub at: Timestamp,
    /// The services by name, and the edges by caller and callee; every edge has its origins. Cycles are allowed.
    pub topology: Topology,
    /// Who is called from outside: what the client nodes of a trace graph stand for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<EntryPoint>,
    /// Names that turned out to be another service's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folded: Vec<Folded>,
    /// What the sources do not agree on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
}

impl Map {
    /// How long ago `edge` was seen last; none where no origin is noted.
    pub fn age(&self, edge: &Edge) -> Option<SignedDuration> {
        edge.origins.iter().map(|origin| origin.seen).max().map(|seen| self.at.duration_since(seen))
    }
}

/// A service that is called from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct EntryPoint {
    /// Which one.
    pub service: ServiceId,
    /// Requests a minute from there, where counted.
    pub requests_per_min: Option<f64>,
}

/// A name that is no service of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Folded {
    /// The name.
    pub name: ServiceId,
    /// The service it belongs to.
    pub into: ServiceId,
    /// Requests a minute between the two, where counted: an inner step of the service, and no edge any more.
    pub inner_per_min: Option<f64>,
}

/// What one source states.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Stated<T> {
    /// Which source, and when.
    pub origin: Origin,
    /// What it states.
    pub value: T,
}

/// Something that the sources do not agree on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// Whether the caller waits.
    Mode {
        /// Who calls.
        caller: ServiceId,
        /// Who is called.
        callee: ServiceId,
        /// What each source states; the first was believed.
        stated: Vec<Stated<EdgeMode>>,
    },
    /// How often it calls: the largest rate is more than twice the smallest.
    Rate {
        /// Who calls.
        caller: ServiceId,
        /// Who is called.
        callee: ServiceId,
        /// Requests a minute that each source states; the first was believed.
        stated: Vec<Stated<f64>>,
    },
    /// Whether it calls at all: `silent` knows both ends and would show the edge, was read later or is the only one that
    /// observes, and does not show it.
    Unseen {
        /// Who calls.
        caller: ServiceId,
        /// Who is called.
        callee: ServiceId,
        /// Who says so.
        stated_by: Vec<Origin>,
        /// Who does not.
        silent: Origin,
    },
    /// What a service is.
    Kind {
        /// Which service.
        service: ServiceId,
        /// What each source states; the first was believed.
        stated: Vec<(EdgeSource, String)>,
    },
}

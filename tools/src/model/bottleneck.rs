//! Bottlenecks: where a service cannot take, or needlessly sends, what flows through it.

use crate::model::{EvidenceId, ServiceId};
use serde::{Deserialize, Serialize};

/// One service at one of its limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Bottleneck {
    /// The service; of a retry storm the one that repeats itself.
    pub service: ServiceId,
    /// Which limit, with its figures.
    pub limit: Limit,
    /// How much of what flows through it is refused, late or superfluous, 0–1. The list is ordered by it.
    pub severity: f64,
    /// What says so.
    pub evidence: Vec<EvidenceId>,
}

/// A limit that was met. Every figure is a measurement of the trouble; `usual` is the same before it, none where nothing
/// was measured there (which is not zero).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Invocations wait for a new execution environment.
    ColdStarts {
        /// Cold ones among those looked at.
        count: f64,
        /// Their share of the invocations, 0–1.
        share: f64,
        /// What the usual one adds, in milliseconds: the median, or the mean where only that was measured.
        added_ms: f64,
        /// What one in twenty of them adds at least, in milliseconds; none where single ones were not seen.
        p95_ms: Option<f64>,
        /// Their share before, 0–1.
        usual_share: Option<f64>,
    },
    /// Requests are refused because there are too many of them.
    Throttles {
        /// Refused requests a minute.
        per_min: f64,
        /// Their share of all requests, 0–1, where those are counted.
        share: Option<f64>,
        /// Refused requests a minute before.
        usual: Option<f64>,
    },
    /// As many executions at once as are allowed: more are refused.
    Concurrency {
        /// Executions at once, at most.
        peak: f64,
        /// The same before.
        usual: Option<f64>,
    },
    /// More requests than the provisioned environments can take.
    Spillover {
        /// Invocations a minute that found none.
        per_min: f64,
        /// Their share of all requests, 0–1, where those are counted.
        share: Option<f64>,
        /// Share of the provisioned environments in use at most, 0–1, where that is measured.
        utilization: Option<f64>,
    },
    /// A caller repeats failing calls, and so makes the load that fails them.
    RetryStorm {
        /// Who is called again and again.
        callee: ServiceId,
        /// How many times as many calls come as the caller's own requests explain.
        amplification: f64,
        /// Calls for each request of the caller before, where single callers can be told apart.
        usual: Option<f64>,
    },
    /// Connections run out.
    Connections {
        /// Connections in use at most, where that is measured.
        in_use: Option<f64>,
        /// The same before.
        usual: Option<f64>,
        /// Whether their number stands still at its highest, or lines say that none is left.
        at_limit: bool,
        /// Log lines that say so.
        lines: u64,
    },
    /// Messages wait longer and longer.
    QueueAge {
        /// Age of the oldest in seconds, at most.
        age_s: f64,
        /// The same before.
        usual_s: Option<f64>,
    },
    /// One part of a table refuses requests while the table as a whole could take more.
    HotPartition {
        /// Refused requests a minute.
        per_min: f64,
        /// Share of the table's own capacity in use meanwhile, 0–1, where that is measured.
        table_use: Option<f64>,
    },
}

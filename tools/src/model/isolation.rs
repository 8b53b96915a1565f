//! Where to cut, so that what is healthy stays so.

use crate::model::{EvidenceId, ServiceId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The cheapest cut between the failing part and what must stay healthy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Isolation {
    /// The edges to cut, by caller and callee; empty when there is none to propose.
    pub cut: Vec<CutEdge>,
    /// Who no longer waits for the failing part once the edges are cut: those that suffer now first, each by name.
    pub recovers: Vec<ServiceId>,
    /// Requests a minute that the cut refuses or delays, where they are counted.
    pub refused_per_min: Option<f64>,
    /// Their share of all requests of the callers at the cut, 0–1.
    pub refused_share: Option<f64>,
    /// Requests a minute that fail or are late now, or are likely to be soon, and would no longer be.
    pub saved_per_min: Option<f64>,
    /// Whether the cut saves more than it costs.
    pub worth_it: bool,
    /// Why.
    pub because: IsolationReason,
}

/// Why a cut is worth it, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum IsolationReason {
    /// It saves more requests than it refuses.
    Saves {
        /// Requests a minute that would have succeeded, and that it refuses.
        lost_per_min: f64,
        /// Requests a minute that it saves.
        saved_per_min: f64,
    },
    /// It refuses at least as many good requests as it saves.
    RefusesMore {
        /// Requests a minute that would have succeeded, and that it refuses.
        lost_per_min: f64,
        /// Requests a minute that it saves.
        saved_per_min: f64,
    },
    /// Nothing suffers.
    NothingFails,
    /// Nobody upstream is left to protect.
    NothingToProtect,
    /// Every way to those that must stay healthy leads over an edge that no remedy cuts; such an edge.
    NothingCuts {
        /// Who calls.
        caller: ServiceId,
        /// Who is called.
        callee: ServiceId,
    },
    /// Requests are not counted, so that what a cut costs is not known.
    Uncounted,
}

/// One edge to cut, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct CutEdge {
    /// Who calls.
    pub caller: ServiceId,
    /// Who is called.
    pub callee: ServiceId,
    /// The remedy that does it, with its parameters.
    pub remedy: IsolationRemedy,
    /// Requests a minute over the edge, where counted.
    pub requests_per_min: Option<f64>,
    /// What says so.
    pub evidence: Vec<EvidenceId>,
}

/// The entries of the catalogue of remedies that cut an edge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum IsolationRemedy {
    /// Reserved concurrency, to damp what comes over the edge: what was usual is let through, more is not.
    ReservedConcurrency {
        /// The function that gets it.
        function: ServiceId,
        /// Executions at once: requests a second times seconds a request before the trouble (Little 1961), rounded up; none
        /// where either is not known.
        concurrency: Option<u32>,
    },
    /// Pause the event source mapping: messages wait where they are.
    PauseEventSource {
        /// The queue or stream.
        source: ServiceId,
        /// The function that reads it.
        function: ServiceId,
    },
    /// Disable the EventBridge rule: events that match it meanwhile go nowhere.
    DisableRule {
        /// The rule or bus.
        rule: ServiceId,
    },
    /// A runbook of one's own that opens a circuit breaker in the caller: the catalogue has nothing of its own there.
    Runbook {
        /// The service that has to stop calling.
        service: ServiceId,
    },
}

impl fmt::Display for CutEdge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { caller, callee, .. } = self;
        match &self.remedy {
            IsolationRemedy::ReservedConcurrency { function, concurrency } => {
                write!(f, "damp retries of {caller} → {callee}: reserved concurrency ")?;
                match concurrency {
                    Some(concurrency) => write!(f, "{concurrency}")?,
                    None => f.write_str("as usual")?,
                }
                write!(f, " on {function}")
            }
            IsolationRemedy::PauseEventSource { source, function } => {
                write!(f, "pause the event source mapping {source} → {function}")
            }
            IsolationRemedy::DisableRule { rule } => write!(f, "disable the EventBridge rule {rule}"),
            IsolationRemedy::Runbook { service } => {
                write!(f, "break {caller} → {callee}: run your circuit breaker runbook of {service}")
            }
        }
    }
}

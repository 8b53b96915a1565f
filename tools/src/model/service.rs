//! Services and the topology they form.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;

/// The name of a service, unique within one topology.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct ServiceId(String);

impl ServiceId {
    /// Wraps a name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for ServiceId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A node of the topology; alarms and metrics attach to services.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name.
    pub id: ServiceId,
    /// The AWS type, as X-Ray or CloudFormation names it (`AWS::Lambda::Function`), or `remote`/`client` for a node
    /// that was only inferred from somebody's calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The 12-digit account it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The region it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Other names the world uses for it: values of metric dimensions, resource names, words in alarm names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

impl Service {
    /// A service of which only the name is known.
    pub fn named(id: impl Into<String>) -> Self {
        Self { id: ServiceId::new(id), kind: None, account: None, region: None, aliases: Vec::new() }
    }

    /// Whether the node was only inferred from calls to it: nothing there reports for itself.
    pub fn is_inferred(&self) -> bool {
        matches!(self.kind.as_deref(), Some("remote" | "client"))
    }
}

/// How the caller waits for the callee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EdgeMode {
    /// The caller waits: the callee's latency and faults become the caller's.
    #[default]
    Sync,
    /// The caller hands over and goes on: faults do not come back, only the load does.
    Async,
}

/// What says that one service calls another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EdgeSource {
    /// People wrote it into the configuration.
    Declared,
    /// A capsule holds it.
    Capsule,
    /// Traces, as X-Ray's service graph sums them up.
    XRay,
    /// A Lambda event source mapping.
    EventSource,
    /// An EventBridge rule and its target.
    RuleTarget,
    /// Metrics that name both ends.
    Metrics,
}

impl fmt::Display for EdgeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Declared => "configuration",
            Self::Capsule => "capsule",
            Self::XRay => "X-Ray",
            Self::EventSource => "event source mapping",
            Self::RuleTarget => "EventBridge rule",
            Self::Metrics => "metrics",
        })
    }
}

/// Where an edge was seen, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// What says so.
    pub source: EdgeSource,
    /// When it said so last.
    pub seen: Timestamp,
}

/// One caller → callee relation. Rates are means over the window they were observed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// Who calls.
    pub caller: ServiceId,
    /// Who is called.
    pub callee: ServiceId,
    /// Whether the caller waits.
    #[serde(default)]
    pub mode: EdgeMode,
    /// Requests per minute over this edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_min: Option<f64>,
    /// Share of those requests that fault, 0–1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault_share: Option<f64>,
    /// Mean latency of those requests in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_s: Option<f64>,
    /// What says that there is this edge, ascending; empty where nobody noted it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<Origin>,
}

impl Edge {
    /// An edge of which only the ends are known.
    pub fn between(caller: &str, callee: &str) -> Self {
        Self {
            caller: ServiceId::new(caller),
            callee: ServiceId::new(callee),
            mode: EdgeMode::Sync,
            requests_per_min: None,
            fault_share: None,
            latency_s: None,
            origins: Vec::new(),
        }
    }
}

/// The directed graph of services; an edge points from caller to callee. Cycles are allowed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// The nodes.
    pub services: Vec<Service>,
    /// The calls.
    #[serde(default)]
    pub edges: Vec<Edge>,
}

impl Topology {
    /// Looks a service up by its name.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.services.iter().find(|service| service.id == *id)
    }

    /// For each service its callers and callees, by position in `services`; edges with an unknown end are left out.
    pub fn adjacency(&self) -> Adjacency {
        let position: HashMap<&str, usize> =
            self.services.iter().enumerate().map(|(at, service)| (service.id.as_str(), at)).collect();
        let mut callees = vec![Vec::new(); self.services.len()];
        let mut callers = vec![Vec::new(); self.services.len()];
        for edge in &self.edges {
            let ends = (position.get(edge.caller.as_str()), position.get(edge.callee.as_str()));
            if let (Some(&from), Some(&to)) = ends
                && from != to
            {
                callees[from].push(to);
                callers[to].push(from);
            }
        }
        for list in callees.iter_mut().chain(callers.iter_mut()) {
            list.sort_unstable();
            list.dedup();
        }
        Adjacency { callees, callers }
    }
}

/// Who calls whom, by position in [`Topology::services`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adjacency {
    /// For each service the ones it calls, ascending.
    pub callees: Vec<Vec<usize>>,
    /// For each service the ones that call it, ascending.
    pub callers: Vec<Vec<usize>>,
}

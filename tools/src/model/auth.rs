//! The auth journey as a funnel: what each hop loses, and what it adds to the waiting.

use crate::model::{Evidence, EvidenceId, Gap, ServiceId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A stage of the journey, in the order in which a request meets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Content delivery, web application firewall, load balancer.
    Edge,
    /// The API itself.
    Gateway,
    /// The function that checks tokens before the API lets a request in.
    Authorizer,
    /// What hands out tokens.
    TokenFunction,
    /// The user directory: Cognito.
    UserPool,
    /// Where sessions and tokens are kept.
    Store,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Edge, Self::Gateway, Self::Authorizer, Self::TokenFunction, Self::UserPool, Self::Store];
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Edge => "edge",
            Self::Gateway => "API gateway",
            Self::Authorizer => "authorizer",
            Self::TokenFunction => "token function",
            Self::UserPool => "user pool",
            Self::Store => "store",
        })
    }
}

/// How a hop does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HopStatus {
    /// It does what it usually does.
    Healthy,
    /// It is slower than usual, and answers.
    Slow,
    /// It loses requests that it usually serves.
    Losing,
    /// Nothing was measured there, which says neither.
    Unknown,
}

/// One hop. What was not measured is none, never zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Hop {
    /// Where on the journey it stands.
    pub stage: Stage,
    /// The service.
    pub service: ServiceId,
    /// How it does.
    pub status: HopStatus,
    /// Requests a minute.
    pub requests_per_min: Option<f64>,
    /// Share of its requests that fail, 0–1.
    pub loss: Option<f64>,
    /// The same before the trouble.
    pub usual_loss: Option<f64>,
    /// The part of its loss that the services it calls do not explain, 0–1 of its requests.
    pub own_loss: Option<f64>,
    /// Mean latency in milliseconds, what it waits for included.
    pub latency_ms: Option<f64>,
    /// The same before the trouble.
    pub usual_latency_ms: Option<f64>,
    /// Milliseconds a request that it adds itself beyond the usual, what it waits for taken off.
    pub added_ms: Option<f64>,
    /// What says so.
    pub evidence: Vec<EvidenceId>,
}

/// The answer of `get_auth_health_status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct AuthHealth {
    /// The moment it speaks about.
    pub at: Timestamp,
    /// The journey, from the edge to the stores; empty where the topology shows none.
    pub hops: Vec<Hop>,
    /// Followed from the entrance, the first service whose loss or slowness nothing behind it explains. It may lie behind
    /// the journey, where a hop waits for it.
    pub first_unexplained: Option<ServiceId>,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// Every claim the hops refer to, by ascending id.
    pub evidence: Vec<Evidence>,
}

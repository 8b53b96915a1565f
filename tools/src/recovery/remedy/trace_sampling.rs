//! Raise the sampling of traces for a while.

use serde::{Deserialize, Serialize};

/// Raise the sampling of traces for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceSampling {
    /// The sampling rule's name.
    pub rule: String,
    /// The share of requests that is traced, 1–100 %.
    pub percent: u8,
    /// For how long, 5–120.
    pub minutes: u32,
}

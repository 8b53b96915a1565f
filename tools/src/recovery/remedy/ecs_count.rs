//! Set the desired count of an ECS service.

use serde::{Deserialize, Serialize};

/// Set the desired count of an ECS service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EcsCount {
    /// The cluster.
    pub cluster: String,
    /// The service in it.
    pub service: String,
    /// Tasks, 0–500; 0 stops it.
    pub count: u32,
}

//! Roll an ECS service back to an earlier task definition.

use serde::{Deserialize, Serialize};

/// Roll an ECS service back to an earlier task definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EcsRollback {
    /// The cluster.
    pub cluster: String,
    /// The service in it.
    pub service: String,
    /// `family:revision`, as it was before.
    pub task_definition: String,
}

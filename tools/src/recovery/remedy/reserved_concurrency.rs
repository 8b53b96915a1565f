//! Reserved concurrency: damps a retry storm, like a circuit breaker; 0 stops every version of the function.

use serde::{Deserialize, Serialize};

/// Reserved concurrency: damps a retry storm, like a circuit breaker; 0 stops every version of the function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReservedConcurrency {
    /// The function's name.
    pub function: String,
    /// Executions at once, 0–1,000.
    pub executions: u32,
}

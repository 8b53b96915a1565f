//! Provisioned concurrency for an alias whose invocations start cold.

use serde::{Deserialize, Serialize};

/// Provisioned concurrency for an alias whose invocations start cold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvisionedConcurrency {
    /// The function's name.
    pub function: String,
    /// The alias; never `$LATEST`, never a version.
    pub alias: String,
    /// Warm environments, 1–1,000.
    pub instances: u32,
}

//! Roll an alias back to an earlier version.

use serde::{Deserialize, Serialize};

/// Roll an alias back to an earlier version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AliasRollback {
    /// The function's name.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// The published version to go to, a number.
    pub version: String,
}

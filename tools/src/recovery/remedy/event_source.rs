//! Pause or resume an event source mapping.

use serde::{Deserialize, Serialize};

/// Pause or resume an event source mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSource {
    /// The mapping's UUID.
    pub mapping: String,
    /// Whether it shall run.
    pub enabled: bool,
}

//! Disable or enable an EventBridge rule.

use serde::{Deserialize, Serialize};

/// Disable or enable an EventBridge rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The bus, `default`.
    pub bus: String,
    /// The rule's name.
    pub rule: String,
    /// Whether it shall match.
    pub enabled: bool,
}

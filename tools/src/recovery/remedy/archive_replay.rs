//! Replay an EventBridge archive. It cannot be undone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Replay an EventBridge archive. It cannot be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveReplay {
    /// The archive's name.
    pub archive: String,
    /// The bus it is replayed to.
    pub bus: String,
    /// The first moment replayed.
    pub from: Timestamp,
    /// The moment it ends before; at most 24 hours later.
    pub to: Timestamp,
}

//! Capture an evidence capsule now: only reads.

use serde::{Deserialize, Serialize};

/// Capture an evidence capsule now: only reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapsuleCapture {
    /// How far back it reaches, 30–1,500 minutes.
    pub minutes: u32,
}

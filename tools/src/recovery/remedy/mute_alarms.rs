//! Mute alarms that only follow from the cause, for a while.

use serde::{Deserialize, Serialize};

/// Mute alarms that only follow from the cause, for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MuteAlarms {
    /// Their names, 1–100.
    pub alarms: Vec<String>,
    /// For how long, 5–240.
    pub minutes: u32,
}

//! Raise the log level of a function for a while.

use serde::{Deserialize, Serialize};

/// Raise the log level of a function for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogLevel {
    /// The function's name.
    pub function: String,
    /// `INFO`, `DEBUG` or `TRACE`.
    pub level: String,
    /// For how long, 5–120.
    pub minutes: u32,
}

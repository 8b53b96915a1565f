//! Log lines, as the verdict reads them.

use crate::model::ServiceId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How bad a line says things are. A source that does not say leaves it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Debug, trace.
    Debug,
    /// Info, notice.
    Info,
    /// Warning.
    Warn,
    /// Error, critical, fatal.
    Error,
}

/// One line some service logged: untrusted text, as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// Who logged it.
    pub service: ServiceId,
    /// How bad it says things are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LogLevel>,
    /// What it says.
    pub text: String,
}

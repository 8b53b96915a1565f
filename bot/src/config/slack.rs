//! How Slack reaches us.

use serde::Deserialize;

/// The section `[slack]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Slack {
    /// By which way; `"http"` unless told.
    pub transport: Transport,
}

/// The ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Slack posts to our front door, which has to be open to the internet.
    #[default]
    Http,
    /// We open a socket to Slack, which needs `CLARITY_SLACK_APP_TOKEN` and a process that stays up.
    Socket,
}

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

/// Whether Slack could have given this id, one that begins with any of these letters.
pub(super) fn is_slack_id(id: &str, first: &[u8]) -> bool {
    id.len() > 1
        && id.len() <= 32
        && id.bytes().next().is_some_and(|byte| first.contains(&byte))
        && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Whether Slack takes this as a slash command.
pub(super) fn is_command(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    text.strip_prefix('/').is_some_and(|word| (1..32).contains(&word.len()) && word.bytes().all(is_plain))
}

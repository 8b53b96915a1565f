//! Who is called when an incident needs a person.

use super::{Scope, is_slack_id};
use secrecy::SecretString;
use serde::Deserialize;

/// Where it stands who is on call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OnCall {
    /// Whoever is in this Slack user group, by its id.
    UserGroup(String),
    /// Whoever is mentioned first in the topic of this channel, by its id: a person, or a user group.
    Topic(String),
    /// Whoever is on call by this schedule of PagerDuty, by its id.
    Pagerduty(String),
    /// Whoever is on call by this schedule of Opsgenie, by its id.
    Opsgenie(String),
}

/// Where schedules are kept that are not Slack's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schedules {
    /// PagerDuty's REST API; `https://api.pagerduty.com` unless told, `https://api.eu.pagerduty.com` for accounts in the EU.
    pub pagerduty_api: String,
    /// Opsgenie's; `https://api.opsgenie.com` unless told, `https://api.eu.opsgenie.com` for accounts in the EU.
    pub opsgenie_api: String,
}

impl Default for Schedules {
    fn default() -> Self {
        Self {
            pagerduty_api: "https://api.pagerduty.com".to_owned(),
            opsgenie_api: "https://api.opsgenie.com".to_owned(),
        }
    }
}

/// The same with the keys to them, where there are any.
#[derive(Clone, Debug, Default)]
pub struct Rotas {
    /// PagerDuty's API, and a key to it.
    pub pagerduty: Option<(String, SecretString)>,
    /// Opsgenie's API, and a key to it.
    pub opsgenie: Option<(String, SecretString)>,
}

impl OnCall {
    /// Whether whoever keeps it could have given the id.
    pub(super) fn check(&self) -> Result<(), String> {
        let is_plain = |id: &str| {
            (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        match self {
            Self::UserGroup(id) if !is_slack_id(id, b"S") => {
                Err(format!("`{id}` of `on_call` is no Slack user group id; one is `S0123ABCD`"))
            }
            Self::Topic(id) if !is_slack_id(id, b"CG") => {
                Err(format!("`{id}` of `on_call` is no id of a channel; one is `C0123ABCD`"))
            }
            Self::Pagerduty(id) if !is_plain(id) => {
                Err(format!("`{id}` of `on_call` is no id of a schedule of PagerDuty; one is `PI7DH85`"))
            }
            Self::Opsgenie(id) if !is_plain(id) => Err(format!(
                "`{id}` of `on_call` is no id of a schedule of Opsgenie; one is `d875e654-9b4e-4219-a803-0c26936d18de`"
            )),
            Self::UserGroup(_) | Self::Topic(_) | Self::Pagerduty(_) | Self::Opsgenie(_) => Ok(()),
        }
    }
}

impl Scope {
    /// Where it stands who is on call, if it does.
    pub fn who_is_on_call(&self) -> Option<OnCall> {
        self.on_call.clone().or_else(|| self.escalation_group().map(|group| OnCall::UserGroup(group.to_owned())))
    }

    /// Whether who is on call stands elsewhere than in Slack.
    pub(super) fn asks_elsewhere(&self) -> bool {
        matches!(self.on_call, Some(OnCall::Pagerduty(_) | OnCall::Opsgenie(_)))
    }

    /// The user group of `escalate_to`, if it is one.
    pub fn escalation_group(&self) -> Option<&str> {
        self.escalate_to.as_deref().filter(|id| id.starts_with('S'))
    }

    /// Who is called once when nobody answers a plan, by the id of a Slack user group or of a person. A topic or a schedule is no
    /// answer: a plan's message names whom it calls, and they may say another name by then.
    pub fn escalates_to(&self) -> Option<&str> {
        let group = match &self.on_call {
            Some(OnCall::UserGroup(group)) => Some(group.as_str()),
            Some(OnCall::Topic(_) | OnCall::Pagerduty(_) | OnCall::Opsgenie(_)) | None => None,
        };
        self.escalate_to.as_deref().or(group)
    }
}

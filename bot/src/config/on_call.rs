//! Who is called when an incident needs a person.

use super::{Scope, is_slack_id};
use serde::Deserialize;

/// Where it stands who is on call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OnCall {
    /// Whoever is in this Slack user group, by its id.
    UserGroup(String),
    /// Whoever is mentioned first in the topic of this channel, by its id: a person, or a user group.
    Topic(String),
}

impl OnCall {
    /// Whether Slack could have given the id.
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::UserGroup(id) if !is_slack_id(id, b"S") => {
                Err(format!("`{id}` of `on_call` is no Slack user group id; one is `S0123ABCD`"))
            }
            Self::Topic(id) if !is_slack_id(id, b"CG") => {
                Err(format!("`{id}` of `on_call` is no id of a channel; one is `C0123ABCD`"))
            }
            Self::UserGroup(_) | Self::Topic(_) => Ok(()),
        }
    }
}

impl Scope {
    /// Where it stands who is on call, if it does.
    pub fn who_is_on_call(&self) -> Option<OnCall> {
        let group = self.escalate_to.as_ref().filter(|id| id.starts_with('S'));
        self.on_call.clone().or_else(|| group.cloned().map(OnCall::UserGroup))
    }

    /// Who is called once when nobody answers a plan, by the id of a Slack user group or of a person. A topic is no answer: a
    /// plan's message names whom it calls, and a topic may say another name by then.
    pub fn escalates_to(&self) -> Option<&str> {
        let group = match &self.on_call {
            Some(OnCall::UserGroup(group)) => Some(group.as_str()),
            Some(OnCall::Topic(_)) | None => None,
        };
        self.escalate_to.as_deref().or(group)
    }
}

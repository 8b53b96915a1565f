//! Signals: anything that reaches us about the world.

use crate::digest;
use crate::model::ServiceId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The state of an alarm, in CloudWatch's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// The threshold is crossed.
    Alarm,
    /// All is well.
    Ok,
    /// CloudWatch cannot tell.
    InsufficientData,
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alarm => "ALARM",
            Self::Ok => "OK",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        })
    }
}

/// The metric an alarm watches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// `AWS/Lambda`.
    pub namespace: String,
    /// `Errors`.
    pub name: String,
    /// `Sum`, `Average`, `p99`; absent in metric math.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stat: Option<String>,
    /// `FunctionName` → `token-exchange`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
}

/// By which way a signal reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// An EventBridge rule on CloudWatch's own events.
    EventBridge,
    /// A message of Amazon Q Developer (once AWS Chatbot) in a watched channel.
    AmazonQ,
    /// A notification of SNS.
    Sns,
    /// The payload with which CloudWatch calls a Lambda function as an alarm's action.
    AlarmAction,
    /// A message of Opsgenie in a watched channel.
    Opsgenie,
    /// A message of Jira Service Management in a watched channel.
    JiraServiceManagement,
    /// A message of Datadog in a watched channel.
    Datadog,
    /// A message of PagerDuty in a watched channel.
    PagerDuty,
    /// A message of Sentry in a watched channel.
    Sentry,
    /// A message of Prometheus' Alertmanager in a watched channel.
    Alertmanager,
    /// A message of Grafana in a watched channel.
    Grafana,
    /// A message of the function that the widespread Terraform module deploys, in a watched channel.
    Terraform,
    /// An e-mail of SNS that was sent to a watched channel.
    Email,
    /// A message of some other bot in a watched channel.
    Webhook,
}

impl Via {
    /// Whether a message in a channel told it: there it stands already.
    pub fn is_message(self) -> bool {
        match self {
            Self::EventBridge | Self::Sns | Self::AlarmAction => false,
            Self::AmazonQ
            | Self::Opsgenie
            | Self::JiraServiceManagement
            | Self::Datadog
            | Self::PagerDuty
            | Self::Sentry
            | Self::Alertmanager
            | Self::Grafana
            | Self::Terraform
            | Self::Email
            | Self::Webhook => true,
        }
    }

    /// Whether it tells in which state an alarm is whenever it speaks, be it new or not, and late: such a telling of the
    /// state that is known to hold then is no transition. The others tell each transition with its own time.
    pub fn repeats(self) -> bool {
        match self {
            Self::EventBridge | Self::AmazonQ | Self::Sns | Self::AlarmAction => false,
            Self::Opsgenie
            | Self::JiraServiceManagement
            | Self::Datadog
            | Self::PagerDuty
            | Self::Sentry
            | Self::Alertmanager
            | Self::Grafana
            | Self::Terraform
            | Self::Email
            | Self::Webhook => true,
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EventBridge => "EventBridge",
            Self::AmazonQ => "Amazon Q",
            Self::Sns => "SNS",
            Self::AlarmAction => "its Lambda action",
            Self::Opsgenie => "Opsgenie",
            Self::JiraServiceManagement => "Jira Service Management",
            Self::Datadog => "Datadog",
            Self::PagerDuty => "PagerDuty",
            Self::Sentry => "Sentry",
            Self::Alertmanager => "Alertmanager",
            Self::Grafana => "Grafana",
            Self::Terraform => "Terraform's function",
            Self::Email => "e-mail",
            Self::Webhook => "another bot",
        })
    }
}

/// What makes two alarm signals the same alarm, whichever way they came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlarmKey {
    /// The 12-digit account, where the source gives it.
    pub account: Option<String>,
    /// The region, where the source gives it.
    pub region: Option<String>,
    /// The alarm's name.
    pub name: String,
}

impl AlarmKey {
    /// The key in short, for where there is no room for a name.
    pub fn digest(&self) -> AlarmDigest {
        AlarmDigest(digest::short(serde_json::to_vec(self).expect("a key has only strings")))
    }
}

/// An [`AlarmKey`] in short: the same wherever the key is the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlarmDigest(String);

impl AlarmDigest {
    /// Reads one; none if it has not the form of one.
    pub fn read(text: &str) -> Option<Self> {
        digest::read(text).map(Self)
    }
}

impl fmt::Display for AlarmDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One transition of an alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// Its name, unique in an account and region.
    pub name: String,
    /// What its source calls it for itself, where names there may change or repeat: the number of a monitor, say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// The state it went to.
    pub state: AlarmState,
    /// When it went there; the start of MTTC for the first of an incident.
    pub changed_at: Timestamp,
    /// The 12-digit account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The metric it watches; none for composite alarms and for messages that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// CloudWatch's own reason for the transition.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What its owner wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where to look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// For a composite alarm: the alarms that make it fire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<String>,
    /// Whether its actions are held back (a mute rule, a suppressor); the transition is real all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub muted: bool,
}

impl Alarm {
    /// An alarm of which only this is known.
    pub fn named(name: impl Into<String>, state: AlarmState, changed_at: Timestamp) -> Self {
        Self {
            name: name.into(),
            source_id: None,
            state,
            changed_at,
            account: None,
            region: None,
            metric: None,
            reason: String::new(),
            description: None,
            link: None,
            children: Vec::new(),
            muted: false,
        }
    }

    /// Its identity.
    pub fn key(&self) -> AlarmKey {
        AlarmKey { account: self.account.clone(), region: self.region.clone(), name: self.name.clone() }
    }

    /// Whether `other` is the same alarm: by what their source calls them where both tell that, or else by name. A source
    /// that does not tell account or region does not contradict one that does.
    pub fn is_same_alarm(&self, other: &Self) -> bool {
        fn agree(a: Option<&String>, b: Option<&String>) -> bool {
            a.is_none() || b.is_none() || a == b
        }
        let same = match (&self.source_id, &other.source_id) {
            (Some(mine), Some(theirs)) => mine == theirs,
            (Some(_), None) | (None, Some(_) | None) => self.name == other.name,
        };
        same && agree(self.account.as_ref(), other.account.as_ref())
            && agree(self.region.as_ref(), other.region.as_ref())
    }
}

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// New code.
    Deploy,
    /// New settings.
    Configuration,
    /// More or less of the same.
    Scaling,
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deploy => "deploy",
            Self::Configuration => "configuration change",
            Self::Scaling => "scaling",
        })
    }
}

/// What a deploy was made from, as far as the source tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// Its hash.
    pub id: String,
    /// Its message.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The files it touches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The difference it makes, as `diff -u` or git tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// A deploy, configuration or scaling event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// When it took effect.
    pub at: Timestamp,
    /// What it touched.
    pub service: ServiceId,
    /// What kind of change it is.
    pub kind: ChangeKind,
    /// What it did, in its author's words.
    pub summary: String,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// Where to look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Present when the call failed: then nothing changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}

/// One signal, as it reached us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// An alarm transition.
    Alarm {
        /// The way it came.
        via: Via,
        /// The transition.
        alarm: Box<Alarm>,
    },
    /// A change.
    Change(Change),
    /// A human's words.
    Note {
        /// Who said it.
        by: String,
        /// What they said.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: (&str, Option<&str>, Option<&str>), b: (&str, Option<&str>, Option<&str>), expected: bool) {
        let [a, b] = [a, b].map(|(name, source_id, account)| Alarm {
            source_id: source_id.map(str::to_owned),
            account: account.map(str::to_owned),
            ..Alarm::named(name, AlarmState::Alarm, Timestamp::UNIX_EPOCH)
        });
        assert_eq!((a.is_same_alarm(&b), b.is_same_alarm(&a)), (expected, expected));
    }

    #[test]
    fn an_alarm_is_known_by_its_sources_id_or_else_by_its_name() {
        check(("a", None, None), ("a", None, Some("123456789012")), true);
        check(("a", None, Some("999988887777")), ("a", None, Some("123456789012")), false);
        check(("a", None, None), ("b", None, None), false);
        check(("p99 is 9.8 s", Some("datadog/1"), None), ("p99 is 2.1 s", Some("datadog/1"), None), true);
        check(("TimeoutError", Some("sentry/1"), None), ("TimeoutError", Some("sentry/2"), None), false);
        check(("a", Some("datadog/1"), None), ("a", None, None), true);
    }
}

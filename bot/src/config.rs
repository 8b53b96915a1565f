//! What a deployment configures: a TOML file, and the environment for secrets. Only this file reads either.

mod bedrock;
mod calls;
mod mcp;
mod on_call;
mod policy;
mod recovery;
mod slack;

pub use bedrock::{Bedrock, Limits, Model};
pub use calls::Calls;
pub use mcp::{Bearer, Mcp};
pub use on_call::{OnCall, Rotas, Schedules};
pub use policy::{BusinessHours, Group, Policies, UserGroup};
pub use recovery::Recovery;
pub use slack::{Slack, Transport};
use slack::{is_command, is_slack_id};

use crate::alarms;
use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tools::audit::SHORTEST_KEY;
use tools::model::{ScopeId, minutes};

/// What a deployment configures. Nothing here has a default by accident: every place that makes one says all of it.
#[derive(Clone, Debug)]
pub struct Config {
    /// Slack's Web API, `https://slack.com/api` or a local workspace.
    pub slack_api: String,
    /// The bot token, `xoxb-…`.
    pub bot_token: SecretString,
    /// The signing secret of the Slack app.
    pub signing_secret: SecretString,
    /// The app-level token, `xapp-…`, if Slack is reached by a socket.
    pub app_token: Option<SecretString>,
    /// What `POST /alarms/eventbridge` must bring as `Authorization: Bearer …`. Without one, only this machine may post.
    pub alarms_secret: Option<SecretString>,
    /// What heads of logs are signed with. Without one, none is.
    pub audit_key: Option<SecretString>,
    /// The file that gets a line for each anchor, if there is one.
    pub anchors: Option<PathBuf>,
    /// The command people type.
    pub command: String,
    /// What models may take that phrase; none where none is asked.
    pub models: Option<Limits>,
    /// The slices of the world that are watched.
    pub scopes: Vec<Scope>,
    /// How MCP is spoken at the front door.
    pub mcp: Mcp,
    /// Who may speak it, by their tokens.
    pub bearers: Vec<Bearer>,
    /// Schedules that are kept elsewhere.
    pub rotas: Rotas,
}

/// A slice of the world with its channels.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Its name: letters, digits, `-` and `_`.
    pub id: ScopeId,
    /// Accounts whose alarms and changes belong here; empty means any.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// Channels in which other bots post alarms, by their ids.
    #[serde(default)]
    pub watched: Vec<String>,
    /// Topics of SNS that may bring its alarms to `POST /alarms/sns`, by their ARNs; none unless told.
    #[serde(default)]
    pub sns_topics: Vec<String>,
    /// The channel that gets the cards, by its id.
    pub war_room: String,
    /// From how many alarms on it is a flood; [`Flood::USUAL`] unless told.
    #[serde(default)]
    pub flood: Flood,
    /// The same for single channels among [`Self::watched`]: an alarm that comes from there is counted by them.
    #[serde(default)]
    pub floods: BTreeMap<String, Flood>,
    /// Where its services run, as policies call it: `resource.environment`; `production` unless told.
    #[serde(default = "production")]
    pub environment: String,
    /// Who is called once when nobody answers a plan: the id of a Slack user group or of a person; the user group of
    /// [`Self::on_call`] unless told, if it is one.
    #[serde(default)]
    pub escalate_to: Option<String>,
    /// Where it stands who is on call, for `/incident page`; the user group of `escalate_to` unless told, if it is one.
    #[serde(default)]
    pub on_call: Option<OnCall>,
    /// How long a flood may go without a lead, or without a severity, before its thread is told so, once each; `10m` unless
    /// told, and `0s` for never.
    #[serde(default = "nudge_after")]
    pub nudge_after: SignedDuration,
}

impl Scope {
    /// What counts as a flood for an alarm from this channel, or from none.
    pub fn flood_of(&self, channel: Option<&str>) -> &Flood {
        channel.and_then(|channel| self.floods.get(channel)).unwrap_or(&self.flood)
    }
}

/// What counts as a flood, and for how long an incident takes in more alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Flood {
    /// This many distinct alarms of one incident …
    pub alarms: usize,
    /// … within this time make a flood. In a file it is written as `5m`.
    pub within: SignedDuration,
    /// An incident silent for longer than this takes in no new alarms.
    pub joins_within: SignedDuration,
}

impl Flood {
    /// Three alarms in five minutes; a quarter of an hour of silence ends the story.
    pub const USUAL: Self = Self { alarms: 3, within: minutes(5), joins_within: minutes(15) };
}

impl Default for Flood {
    fn default() -> Self {
        Self::USUAL
    }
}

/// The file that `clarity serve --config` takes. A field that is not known is refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Slack's Web API; `https://slack.com/api` unless told.
    #[serde(default = "slack_api")]
    pub slack_api: String,
    /// The command people type; `/incident` unless told.
    #[serde(default = "command")]
    pub command: String,
    /// How Slack reaches us.
    #[serde(default)]
    pub slack: Slack,
    /// Where the front door listens; `127.0.0.1:7421` unless told. Lambda has its own.
    #[serde(default = "listen")]
    pub listen: SocketAddr,
    /// Where facts are kept and events wait; the file `clarity.redb` unless told. Lambda has its own.
    #[serde(default)]
    pub storage: Storage,
    /// Where metrics are read; `none` unless told.
    #[serde(default)]
    pub metrics: Metrics,
    /// Where anchors are kept besides; nowhere unless told.
    #[serde(default)]
    pub audit: Audit,
    /// The slices of the world that are watched, one at least.
    pub scopes: Vec<Scope>,
    /// Services with their AWS types and other names, who calls whom, and where that is read besides.
    #[serde(default)]
    pub topology: Calls,
    /// Who may do what with a plan; the policy that comes with the program unless told.
    #[serde(default)]
    pub policy: Policies,
    /// On which terms plans are made.
    #[serde(default)]
    pub recovery: Recovery,
    /// Models of Bedrock that phrase; the rules alone unless told.
    #[serde(default)]
    pub bedrock: Option<Bedrock>,
    /// How MCP is spoken at the front door: from this machine only, unless told.
    #[serde(default)]
    pub mcp: Mcp,
    /// Where schedules are kept that say who is on call.
    #[serde(default)]
    pub schedules: Schedules,
}

/// Where anchors are kept, besides the metadata of the card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// A file that gets a line for each anchor, and is worth most where whoever can write the facts cannot write; none
    /// unless told. It needs `CLARITY_AUDIT_KEY`.
    pub anchors: Option<PathBuf>,
}

/// Where facts are kept and events wait.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Storage {
    /// One file on this machine.
    Embedded {
        /// Which.
        path: PathBuf,
    },
    /// DynamoDB and SQS, in the account and region that the AWS command line would use.
    Aws {
        /// The table's name.
        table: String,
        /// The URL of the FIFO queue.
        inbox: String,
    },
}

impl Default for Storage {
    fn default() -> Self {
        Self::Embedded { path: PathBuf::from("clarity.redb") }
    }
}

/// Where metrics are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metrics {
    /// Nowhere: the card names the gap.
    #[default]
    None,
    /// CloudWatch, for the services of the topology.
    Cloudwatch,
}

fn slack_api() -> String {
    "https://slack.com/api".to_owned()
}

/// The command people type, unless told.
pub(crate) fn command() -> String {
    "/incident".to_owned()
}

/// How long people may be left alone, unless told.
fn nudge_after() -> SignedDuration {
    minutes(10)
}

/// What an environment is unless told: where a mistake costs most.
fn production() -> String {
    "production".to_owned()
}

fn listen() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 7421))
}

/// Whether SNS could have given this ARN to a topic: `arn:aws:sns:us-east-1:123456789012:alarms`.
fn is_topic(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let [_, _, "sns", region, account, name] = parts.as_slice() else { return false };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    arn.starts_with("arn:aws")
        && alarms::region(region).as_deref() == Some(*region)
        && alarms::account(account).as_deref() == Some(*account)
        && (1..=256).contains(&name.len())
        && name.bytes().all(is_plain)
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {} cannot be read: {problem}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        problem: std::io::Error,
    },
    /// It is no TOML, or has a field that is unknown, missing or of the wrong form.
    #[error("the configuration is wrong: {0}")]
    Form(#[from] toml::de::Error),
    /// It contradicts itself.
    #[error("the configuration is wrong: {0}")]
    Sense(String),
    /// A secret is not in the environment.
    #[error("the environment variable {0} is not set: {1}")]
    NotSet(&'static str, &'static str),
    /// A secret is there and cannot be one.
    #[error("the environment variable {0} is set, but {1}")]
    Odd(&'static str, &'static str),
}

impl File {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |problem| ConfigError::Unreadable { path: path.to_owned(), problem };
        let mut file = Self::parse(&std::fs::read_to_string(path).map_err(unreadable)?)?;
        if let (Some(policy), Some(folder)) = (&mut file.policy.file, path.parent()) {
            *policy = folder.join(&*policy);
        }
        Ok(file)
    }

    /// Reads the text of a file.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let file: Self = toml::from_str(text)?;
        file.check().map_err(ConfigError::Sense)?;
        Ok(file)
    }

    fn check(&self) -> Result<(), String> {
        if !is_command(&self.command) {
            return Err(format!(
                "`{}` is no slash command; one is `/incident`: up to 31 small letters, digits, `-` and `_` after the slash",
                self.command
            ));
        }
        if self.scopes.is_empty() {
            return Err("`scopes` is empty; one is needed".to_owned());
        }
        let mut scopes = BTreeSet::new();
        for ScopeId(id) in self.scopes.iter().map(|scope| &scope.id) {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            if id.is_empty() || id.len() > 64 || !id.bytes().all(is_plain) {
                return Err(format!("the scope `{id}` needs a name of 1 to 64 letters, digits, `-` and `_`"));
            }
            if !scopes.insert(id) {
                return Err(format!("the scope `{id}` stands there twice"));
            }
        }
        if let Some(scope) = self.scopes.iter().find(|scope| scope.environment.trim().is_empty()) {
            return Err(format!("the `environment` of the scope `{}` is empty", scope.id.0));
        }
        for on_call in self.scopes.iter().filter_map(|scope| scope.on_call.as_ref()) {
            on_call.check()?;
        }
        for scope in &self.scopes {
            if scope.nudge_after.is_negative() {
                return Err(format!("`nudge_after` of the scope `{}` is negative", scope.id.0));
            }
            if let Some(odd) = scope.escalate_to.as_ref().filter(|id| !is_slack_id(id, b"SUW")) {
                return Err(format!(
                    "`{odd}`, to which the scope `{}` escalates, is no id of a Slack user group or a person; one is \
                     `S0123ABCD`, another `U0123ABCD`",
                    scope.id.0
                ));
            }
        }
        for scope in &self.scopes {
            if let Some(channel) = scope.floods.keys().find(|channel| !scope.watched.contains(channel)) {
                let id = &scope.id.0;
                return Err(format!(
                    "`floods` of the scope `{id}` names the channel `{channel}`, which it does not watch"
                ));
            }
            if scope.floods.values().chain([&scope.flood]).any(|flood| flood.alarms == 0) {
                return Err(format!("a flood of the scope `{}` has no `alarms`: one is the least", scope.id.0));
            }
        }
        let mut topics = BTreeSet::new();
        for topic in self.scopes.iter().flat_map(|scope| &scope.sns_topics) {
            if !is_topic(topic) {
                return Err(format!(
                    "`{topic}` of `sns_topics` is no ARN of an SNS topic; one is `arn:aws:sns:us-east-1:123456789012:alarms`"
                ));
            }
            if !topics.insert(topic) {
                return Err(format!("the SNS topic `{topic}` stands there twice"));
            }
        }
        self.policy.check()?;
        self.recovery.check()?;
        self.bedrock.as_ref().map_or(Ok(()), Bedrock::check)?;
        self.mcp.check()?;
        self.topology.check()
    }

    /// Whether functions on Lambda can do what it tells.
    ///
    /// # Errors
    /// It asks for something that needs a process that stays up.
    pub fn check_for_functions(&self) -> Result<(), ConfigError> {
        match self.slack.transport {
            Transport::Http if self.scopes.iter().any(Scope::asks_elsewhere) => Err(ConfigError::Sense(
                "`on_call` of a scope names a schedule of PagerDuty or Opsgenie, and the functions have no key to it yet; take \
                 a user group or a topic there, or run `clarity serve` on a machine"
                    .to_owned(),
            )),
            Transport::Http => self.mcp.check_for_functions().map_err(ConfigError::Sense),
            Transport::Socket => Err(ConfigError::Sense(
                "`slack.transport = \"socket\"` needs a process that stays up, and Lambda freezes a function once it has \
                 answered; take \"http\" there, or run `clarity serve` on a machine"
                    .to_owned(),
            )),
        }
    }

    /// What the bot needs of it.
    ///
    /// # Errors
    /// It asks for something that needs a secret which is not there.
    pub fn config(&self, secrets: Secrets) -> Result<Config, ConfigError> {
        if self.audit.anchors.is_some() && secrets.audit_key.is_none() {
            return Err(ConfigError::NotSet(AUDIT_KEY, "`audit.anchors` needs it, as nothing is signed without it"));
        }
        match (self.slack.transport, &secrets.app_token) {
            (Transport::Socket, None) => {
                return Err(ConfigError::NotSet(
                    APP_TOKEN,
                    "`slack.transport = \"socket\"` needs the app-level token, `xapp-…`",
                ));
            }
            (Transport::Http, Some(_)) => {
                return Err(ConfigError::Odd(
                    APP_TOKEN,
                    "`slack.transport` is not `\"socket\"`, so nothing would use it",
                ));
            }
            (Transport::Socket, Some(_)) | (Transport::Http, None) => {}
        }
        Ok(Config {
            slack_api: self.slack_api.clone(),
            bot_token: secrets.bot_token,
            signing_secret: secrets.signing_secret,
            app_token: secrets.app_token,
            alarms_secret: secrets.alarms_secret,
            audit_key: secrets.audit_key,
            anchors: self.audit.anchors.clone(),
            command: self.command.clone(),
            models: self.bedrock.as_ref().map(Bedrock::limits),
            scopes: self.scopes.clone(),
            mcp: self.mcp.clone(),
            bearers: self.mcp.bearers(environment)?,
            rotas: self.rotas(secrets.pagerduty_key, secrets.opsgenie_key)?,
        })
    }
}

impl File {
    /// The schedules that the scopes ask, with their keys. What is half set is refused.
    fn rotas(&self, pagerduty: Option<SecretString>, opsgenie: Option<SecretString>) -> Result<Rotas, ConfigError> {
        let asks = |is: fn(&OnCall) -> bool| self.scopes.iter().any(|scope| scope.on_call.as_ref().is_some_and(is));
        let keyed = |name, asks: bool, api: &str, key: Option<SecretString>| match (asks, key) {
            (true, None) => Err(ConfigError::NotSet(name, "`on_call` of a scope names a schedule that needs the key")),
            (false, Some(_)) => Err(ConfigError::Odd(name, "no `on_call` of a scope names a schedule that needs it")),
            (_, key) => Ok(key.map(|key| (api.to_owned(), key))),
        };
        let Schedules { pagerduty_api, opsgenie_api } = &self.schedules;
        let by_pagerduty = asks(|on_call| matches!(on_call, OnCall::Pagerduty(_)));
        let by_opsgenie = asks(|on_call| matches!(on_call, OnCall::Opsgenie(_)));
        Ok(Rotas {
            pagerduty: keyed(PAGERDUTY_KEY, by_pagerduty, pagerduty_api, pagerduty)?,
            opsgenie: keyed(OPSGENIE_KEY, by_opsgenie, opsgenie_api, opsgenie)?,
        })
    }
}

/// What nobody else may know.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The bot token, from `CLARITY_SLACK_BOT_TOKEN`.
    pub bot_token: SecretString,
    /// The signing secret of the Slack app, from `CLARITY_SLACK_SIGNING_SECRET`.
    pub signing_secret: SecretString,
    /// The app-level token, from `CLARITY_SLACK_APP_TOKEN`; there if and only if `slack.transport` is `"socket"`.
    pub app_token: Option<SecretString>,
    /// What `POST /alarms/eventbridge` must bring, from `CLARITY_ALARMS_SECRET`; may be absent.
    pub alarms_secret: Option<SecretString>,
    /// What heads of logs are signed with, from `CLARITY_AUDIT_KEY`, 32 bytes at least; may be absent.
    pub audit_key: Option<SecretString>,
    /// The key to PagerDuty's REST API, from `CLARITY_PAGERDUTY_KEY`; there if and only if a scope names a schedule of it.
    pub pagerduty_key: Option<SecretString>,
    /// The key to Opsgenie's API, from `CLARITY_OPSGENIE_KEY`; there if and only if a scope names a schedule of it.
    pub opsgenie_key: Option<SecretString>,
}

/// The variable with the key that anchors are signed with.
const AUDIT_KEY: &str = "CLARITY_AUDIT_KEY";

/// The variable with the key to PagerDuty.
const PAGERDUTY_KEY: &str = "CLARITY_PAGERDUTY_KEY";

/// The variable with the key to Opsgenie.
const OPSGENIE_KEY: &str = "CLARITY_OPSGENIE_KEY";

/// The variable with the app-level token.
const APP_TOKEN: &str = "CLARITY_SLACK_APP_TOKEN";

impl Secrets {
    /// Reads them from the environment.
    pub fn from_environment() -> Result<Self, ConfigError> {
        Self::read(environment)
    }

    /// Reads just the key that anchors are signed with, if there is one: an audit needs no other secret.
    pub fn audit_key() -> Result<Option<SecretString>, ConfigError> {
        key(environment(AUDIT_KEY))
    }

    /// Reads them from wherever `lookup` looks.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let secret = |name: &'static str| one(name, lookup(name));
        let token = secret("CLARITY_SLACK_BOT_TOKEN")?;
        let signing = secret("CLARITY_SLACK_SIGNING_SECRET")?;
        let not_set = |name, what| move || ConfigError::NotSet(name, what);
        Ok(Self {
            bot_token: token
                .ok_or_else(not_set("CLARITY_SLACK_BOT_TOKEN", "the bot token of the Slack app, `xoxb-…`"))?,
            signing_secret: signing.ok_or_else(not_set(
                "CLARITY_SLACK_SIGNING_SECRET",
                "the signing secret of the Slack app, without which nobody can tell Slack from a stranger",
            ))?,
            app_token: app_token(lookup(APP_TOKEN))?,
            alarms_secret: secret("CLARITY_ALARMS_SECRET")?,
            audit_key: key(lookup(AUDIT_KEY))?,
            pagerduty_key: secret(PAGERDUTY_KEY)?,
            opsgenie_key: secret(OPSGENIE_KEY)?,
        })
    }
}

fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    std::env::var(name).ok()
}

fn one(name: &'static str, text: Option<String>) -> Result<Option<SecretString>, ConfigError> {
    match text {
        Some(text) if text.trim().is_empty() => Err(ConfigError::Odd(name, "it is empty")),
        Some(text) if text.trim() != text => Err(ConfigError::Odd(name, "it begins or ends with a space")),
        text => Ok(text.map(SecretString::from)),
    }
}

fn app_token(text: Option<String>) -> Result<Option<SecretString>, ConfigError> {
    let is_other = text.as_ref().is_some_and(|text| !text.starts_with("xapp-"));
    let token = one(APP_TOKEN, text)?;
    if is_other {
        return Err(ConfigError::Odd(APP_TOKEN, "it does not begin with `xapp-`, as app-level tokens do"));
    }
    Ok(token)
}

fn key(text: Option<String>) -> Result<Option<SecretString>, ConfigError> {
    let is_short = text.as_ref().is_some_and(|text| text.len() < SHORTEST_KEY);
    let key = one(AUDIT_KEY, text)?;
    if is_short {
        return Err(ConfigError::Odd(
            AUDIT_KEY,
            "it is shorter than 32 bytes; `openssl rand -hex 32` makes a good one",
        ));
    }
    Ok(key)
}

impl Config {
    /// The scope a channel belongs to: as its war room, or as one that is watched. A channel that no scope names belongs
    /// to the only scope, if there is just one.
    pub fn scope_of_channel(&self, channel: &str) -> Option<&Scope> {
        let named = self
            .scopes
            .iter()
            .find(|scope| scope.war_room == channel || scope.watched.iter().any(|watched| watched == channel));
        match (named, self.scopes.as_slice()) {
            (None, [only]) => Some(only),
            (named, _) => named,
        }
    }

    /// Whether alarms that other bots post in this channel are read.
    pub fn watches(&self, channel: &str) -> bool {
        self.scopes.iter().any(|scope| scope.watched.iter().any(|watched| watched == channel))
    }

    /// The scope an alarm from EventBridge belongs to: the first that lists its account, or else that lists none.
    pub fn scope_of_account(&self, account: Option<&str>) -> Option<&Scope> {
        let lists =
            |scope: &&Scope| account.is_some_and(|account| scope.accounts.iter().any(|listed| listed == account));
        self.scopes.iter().find(lists).or_else(|| self.scopes.iter().find(|scope| scope.accounts.is_empty()))
    }

    /// The scope that takes alarms by a topic of SNS, if one does.
    pub fn scope_of_topic(&self, topic: &str) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.sns_topics.iter().any(|known| known == topic))
    }

    /// A scope by its name.
    pub fn scope(&self, id: &ScopeId) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.id == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    const SCOPE: &str = "[[scopes]]\nid = \"prod\"\nwar_room = \"C1\"\n";

    #[track_caller]
    fn refused(text: &str) -> String {
        let told = File::parse(text).unwrap_err().to_string();
        // Between the first and the last line stands the place in the file.
        let lines: Vec<&str> = told.lines().collect();
        if lines.len() == 1 { told } else { format!("{} … {}", lines[0], lines[lines.len() - 1]) }
    }

    #[test]
    fn a_scope_is_enough() {
        let file = File::parse(SCOPE).unwrap();
        assert_eq!((file.slack_api.as_str(), file.command.as_str()), ("https://slack.com/api", "/incident"));
        assert_eq!(file.storage, Storage::Embedded { path: "clarity.redb".into() });
        assert_eq!((file.metrics, file.scopes[0].flood), (Metrics::None, Flood::USUAL));
        assert_eq!((file.topology.asks_aws(), file.topology.declared()), (None, tools::model::Topology::default()));
        assert_eq!((file.scopes[0].environment.as_str(), file.policy), ("production", Policies::default()));
    }

    #[test]
    fn everything_can_be_said() {
        let text = r#"
            slack_api = "http://127.0.0.1:1/api"
            command = "/fire"
            listen = "0.0.0.0:80"
            metrics = "cloudwatch"
            [storage.aws]
            table = "clarity"
            inbox = "https://sqs.us-east-1.amazonaws.com/123456789012/inbox.fifo"
            [[scopes]]
            id = "prod"
            accounts = ["123456789012"]
            watched = ["C2"]
            sns_topics = ["arn:aws:sns:us-east-1:123456789012:alarms"]
            war_room = "C1"
            flood = { alarms = 5, within = "2m" }
            floods = { C2 = { alarms = 9 } }
            environment = "staging"
            [topology]
            xray = true
            event_sources = true
            buses = ["default", "orders"]
            [policy]
            text = "permit(principal, action, resource);"
            business_hours = "09:00-17:00 Europe/Berlin"
            [policy.groups]
            leads = ["U1", "U2"]
            oncall = { slack = "S0123" }
            [[topology.services]]
            id = "a"
            kind = "AWS::Lambda::Function"
            [[topology.services]]
            id = "b"
            aliases = ["c"]
            [[topology.edges]]
            caller = "a"
            callee = "b"
        "#;
        let file = File::parse(text).unwrap();
        let flood = Flood { alarms: 5, within: minutes(2), ..Flood::USUAL };
        assert_eq!((file.scopes[0].flood, file.topology.edges.len()), (flood, 1));
        let alarms = [None, Some("C1"), Some("C2")].map(|channel| file.scopes[0].flood_of(channel).alarms);
        assert_eq!(alarms, [5, 5, 9], "each channel has its own threshold, or that of the scope");
        assert_eq!((file.topology.xray, file.topology.event_sources, file.topology.buses.len()), (true, true, 2));
        assert!(matches!(file.storage, Storage::Aws { .. }));
        assert_eq!((file.scopes[0].environment.as_str(), file.policy.groups.len()), ("staging", 2));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_snapshot!(refused(""), @"the configuration is wrong: TOML parse error at line 1, column 1 … missing field `scopes`");
        assert_snapshot!(refused(&format!("command = \"incident\"\n{SCOPE}")), @"the configuration is wrong: `incident` is no slash command; one is `/incident`: up to 31 small letters, digits, `-` and `_` after the slash");
        assert_snapshot!(refused("scopes = []"), @"the configuration is wrong: `scopes` is empty; one is needed");
        assert_snapshot!(refused(&format!("slak_api = \"x\"\n{SCOPE}")), @"the configuration is wrong: TOML parse error at line 1, column 1 … unknown field `slak_api`, expected one of `slack_api`, `command`, `slack`, `listen`, `storage`, `metrics`, `audit`, `scopes`, `topology`, `policy`, `recovery`, `bedrock`, `mcp`, `schedules`");
        assert_snapshot!(refused(&format!("{SCOPE}{SCOPE}")), @"the configuration is wrong: the scope `prod` stands there twice");
        assert_snapshot!(refused(&format!("{SCOPE}floods = {{ C9 = {{ alarms = 2 }} }}\n")), @"the configuration is wrong: `floods` of the scope `prod` names the channel `C9`, which it does not watch");
        assert_snapshot!(refused(&format!("{SCOPE}flood = {{ alarms = 0 }}\n")), @"the configuration is wrong: a flood of the scope `prod` has no `alarms`: one is the least");
        assert_snapshot!(refused(&SCOPE.replace("prod", "pro d")), @"the configuration is wrong: the scope `pro d` needs a name of 1 to 64 letters, digits, `-` and `_`");
        assert_snapshot!(refused(&format!("{SCOPE}sns_topics = [\"alarms\"]\n")), @"the configuration is wrong: `alarms` of `sns_topics` is no ARN of an SNS topic; one is `arn:aws:sns:us-east-1:123456789012:alarms`");
        assert_snapshot!(refused(&format!("{SCOPE}sns_topics = [\"arn:aws:sqs:us-east-1:123456789012:alarms\"]\n")), @"the configuration is wrong: `arn:aws:sqs:us-east-1:123456789012:alarms` of `sns_topics` is no ARN of an SNS topic; one is `arn:aws:sns:us-east-1:123456789012:alarms`");
        assert_snapshot!(refused(&format!("{SCOPE}sns_topics = {:?}\n", ["arn:aws:sns:us-east-1:123456789012:alarms"; 2])), @"the configuration is wrong: the SNS topic `arn:aws:sns:us-east-1:123456789012:alarms` stands there twice");
        assert_snapshot!(refused(&format!("storage = \"s3\"\n{SCOPE}")), @"the configuration is wrong: TOML parse error at line 1, column 11 … unknown variant `s3`, expected `embedded` or `aws`");
        assert_snapshot!(refused(&format!("{SCOPE}[[topology.services]]\nid = \"a\"\n[[topology.edges]]\ncaller = \"a\"\ncallee = \"b\"\n")), @"the configuration is wrong: an edge leads from or to `b`, which is none of the services");
        assert_snapshot!(refused(&format!("{SCOPE}[topology]\nbuses = [\"a b\"]\n")), @"the configuration is wrong: the event bus `a b` needs a name of 1 to 256 letters, digits, `/`, `.`, `-` and `_`");
        assert_snapshot!(refused(&format!("{SCOPE}[topology]\nbuses = [\"a\", \"a\"]\n")), @"the configuration is wrong: the event bus `a` stands there twice");
        assert_snapshot!(refused(&format!("{SCOPE}[topology]\nbuses = {:?}\n", ["b"; 11])), @"the configuration is wrong: `topology.buses` has 11 names; 10 are read at most");
        assert_snapshot!(refused(&format!("{SCOPE}[topology]\nx_ray = true\n")), @"the configuration is wrong: TOML parse error at line 5, column 1 … unknown field `x_ray`, expected one of `services`, `edges`, `xray`, `event_sources`, `buses`");
    }

    #[test]
    fn a_missing_secret_is_named() {
        let read = |set: &[(&str, &str)]| {
            let lookup =
                |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            Secrets::read(lookup).map(|secrets| secrets.alarms_secret.is_some()).map_err(|err| err.to_string())
        };
        let (token, signing) = (("CLARITY_SLACK_BOT_TOKEN", "xoxb-1"), ("CLARITY_SLACK_SIGNING_SECRET", "s"));
        assert_eq!(read(&[token, signing]), Ok(false));
        assert_eq!(read(&[token, signing, ("CLARITY_ALARMS_SECRET", "a")]), Ok(true));
        assert_snapshot!(read(&[]).unwrap_err(), @"the environment variable CLARITY_SLACK_BOT_TOKEN is not set: the bot token of the Slack app, `xoxb-…`");
        assert_snapshot!(read(&[token]).unwrap_err(), @"the environment variable CLARITY_SLACK_SIGNING_SECRET is not set: the signing secret of the Slack app, without which nobody can tell Slack from a stranger");
        assert_snapshot!(read(&[signing]).unwrap_err(), @"the environment variable CLARITY_SLACK_BOT_TOKEN is not set: the bot token of the Slack app, `xoxb-…`");
        assert_snapshot!(read(&[token, (signing.0, "")]).unwrap_err(), @"the environment variable CLARITY_SLACK_SIGNING_SECRET is set, but it is empty");
        let short = [token, signing, ("CLARITY_AUDIT_KEY", "0123456789abcdef0123456789abcde")];
        assert_snapshot!(read(&short).unwrap_err(), @"the environment variable CLARITY_AUDIT_KEY is set, but it is shorter than 32 bytes; `openssl rand -hex 32` makes a good one");
        assert_snapshot!(read(&[token, signing, ("CLARITY_AUDIT_KEY", "")]).unwrap_err(), @"the environment variable CLARITY_AUDIT_KEY is set, but it is empty");
        assert_snapshot!(read(&[(token.0, "xoxb-1\n"), signing]).unwrap_err(), @"the environment variable CLARITY_SLACK_BOT_TOKEN is set, but it begins or ends with a space");
    }

    #[test]
    fn a_schedule_and_its_key_belong_together() {
        let secrets = |key: Option<&str>| {
            let key = key.map(str::to_owned);
            Secrets::read(move |name| match name {
                PAGERDUTY_KEY => key.clone(),
                APP_TOKEN | OPSGENIE_KEY => None,
                _ => Some("s".repeat(32)),
            })
        };
        let scheduled = File::parse(&format!("{SCOPE}on_call.pagerduty = \"PI7DH85\"\n")).unwrap();
        assert!(scheduled.config(secrets(Some("u+key")).unwrap()).unwrap().rotas.pagerduty.is_some());
        assert_snapshot!(scheduled.config(secrets(None).unwrap()).unwrap_err(), @"the environment variable CLARITY_PAGERDUTY_KEY is not set: `on_call` of a scope names a schedule that needs the key");
        let other = File::parse(SCOPE).unwrap();
        assert_snapshot!(other.config(secrets(Some("u+key")).unwrap()).unwrap_err(), @"the environment variable CLARITY_PAGERDUTY_KEY is set, but no `on_call` of a scope names a schedule that needs it");
        assert_snapshot!(scheduled.check_for_functions().unwrap_err(), @"the configuration is wrong: `on_call` of a scope names a schedule of PagerDuty or Opsgenie, and the functions have no key to it yet; take a user group or a topic there, or run `clarity serve` on a machine");
        assert_snapshot!(refused(&format!("{SCOPE}on_call.opsgenie = \"ops/../x\"\n")), @"the configuration is wrong: `ops/../x` of `on_call` is no id of a schedule of Opsgenie; one is `d875e654-9b4e-4219-a803-0c26936d18de`");
    }

    #[test]
    fn a_socket_is_all_set_or_refused() {
        let secrets = |app: Option<&str>| {
            let app = app.map(str::to_owned);
            Secrets::read(move |name| match name {
                APP_TOKEN => app.clone(),
                PAGERDUTY_KEY | OPSGENIE_KEY => None,
                _ => Some("s".repeat(32)),
            })
        };
        let file = |text: &str| File::parse(&format!("{text}{SCOPE}")).unwrap();
        let (http, socket) = (file(""), file("slack.transport = \"socket\"\n"));
        assert!(http.check_for_functions().is_ok() && http.config(secrets(None).unwrap()).unwrap().app_token.is_none());
        assert!(socket.config(secrets(Some("xapp-1")).unwrap()).unwrap().app_token.is_some());
        assert_snapshot!(socket.config(secrets(None).unwrap()).unwrap_err(), @r#"the environment variable CLARITY_SLACK_APP_TOKEN is not set: `slack.transport = "socket"` needs the app-level token, `xapp-…`"#);
        assert_snapshot!(http.config(secrets(Some("xapp-1")).unwrap()).unwrap_err(), @r#"the environment variable CLARITY_SLACK_APP_TOKEN is set, but `slack.transport` is not `"socket"`, so nothing would use it"#);
        assert_snapshot!(secrets(Some("xoxb-1")).unwrap_err(), @"the environment variable CLARITY_SLACK_APP_TOKEN is set, but it does not begin with `xapp-`, as app-level tokens do");
        assert_snapshot!(socket.check_for_functions().unwrap_err(), @r#"the configuration is wrong: `slack.transport = "socket"` needs a process that stays up, and Lambda freezes a function once it has answered; take "http" there, or run `clarity serve` on a machine"#);
        assert_snapshot!(refused(&format!("slack.transport = \"carrier pigeon\"\n{SCOPE}")), @"the configuration is wrong: TOML parse error at line 1, column 19 … unknown variant `carrier pigeon`, expected `http` or `socket`");
    }

    #[test]
    fn anchors_that_nobody_can_sign_are_refused() {
        let file = File::parse(&format!("audit = {{ anchors = \"anchors.jsonl\" }}\n{SCOPE}")).unwrap();
        let secrets = |key: Option<&str>| Secrets {
            bot_token: SecretString::default(),
            signing_secret: SecretString::default(),
            app_token: None,
            alarms_secret: None,
            audit_key: key.map(SecretString::from),
            pagerduty_key: None,
            opsgenie_key: None,
        };
        assert_snapshot!(file.config(secrets(None)).unwrap_err(), @"the environment variable CLARITY_AUDIT_KEY is not set: `audit.anchors` needs it, as nothing is signed without it");
        let config = file.config(secrets(Some("0123456789abcdef0123456789abcdef"))).unwrap();
        assert_eq!(config.anchors, Some("anchors.jsonl".into()));
        assert!(!format!("{config:?}").contains("0123456789"), "a key is not printed");
    }
}

//! What a deployment configures.

use jiff::SignedDuration;
use secrecy::SecretString;
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
    /// What `POST /alarms/eventbridge` must bring as `Authorization: Bearer …`. Without one, only this machine may post.
    pub alarms_secret: Option<SecretString>,
    /// The command people type.
    pub command: String,
    /// The slices of the world that are watched.
    pub scopes: Vec<Scope>,
}

/// A slice of the world with its channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its name.
    pub id: ScopeId,
    /// Accounts whose alarms belong here; empty means any.
    pub accounts: Vec<String>,
    /// Channels in which other bots post alarms.
    pub watched: Vec<String>,
    /// The channel that gets the cards.
    pub war_room: String,
    /// From how many alarms on it is a flood.
    pub flood: Flood,
}

/// What counts as a flood, and for how long an incident takes in more alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flood {
    /// This many distinct alarms of one incident …
    pub alarms: usize,
    /// … within this time make a flood.
    pub within: SignedDuration,
    /// An incident silent for longer than this takes in no new alarms.
    pub joins_within: SignedDuration,
}

impl Flood {
    /// Three alarms in five minutes; a quarter of an hour of silence ends the story.
    pub const USUAL: Self = Self { alarms: 3, within: minutes(5), joins_within: minutes(15) };
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

    /// A scope by its name.
    pub fn scope(&self, id: &ScopeId) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.id == *id)
    }
}

//! What the Slack app is allowed and told, each with what needs it: the one table from which `clarity manifest` prints the
//! app's manifest and `clarity check` sees what is missing. A test of the house holds it against the code: nothing that is
//! called lacks its scope, and nothing is asked for that nobody needs.
//!
//! What comes new has a row here: a Web API method goes to its scope's `methods`, or to [`UNSCOPED`]; an event to [`EVENTS`];
//! a shortcut to [`SHORTCUTS`]; and [`HOME_TAB`] says whether there is an App Home.

use crate::command::COMMANDS;
use crate::config::{self, File};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// A scope of the bot token, and what needs it.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Slack's name for it.
    pub name: &'static str,
    /// What people lose without it, to be read after "without it".
    pub without: &'static str,
    /// The methods that need it.
    pub methods: &'static [&'static str],
    /// An argument of these methods, or a field of the manifest, for which it is needed where no method needs it by itself.
    pub besides: Option<&'static str>,
}

/// An event that the app is told of.
#[derive(Clone, Copy, Debug)]
pub struct Subscription {
    /// Slack's name for the subscription: `message.channels`.
    pub name: &'static str,
    /// The `type` of the events that come of it: `message`.
    pub kind: &'static str,
    /// Why it is needed.
    pub because: &'static str,
    /// The scope without which Slack does not tell it.
    pub scope: Option<&'static str>,
}

/// A shortcut: an entry of Slack's own menus.
#[derive(Clone, Copy, Debug)]
pub struct Shortcut {
    /// What people read, 24 characters at most.
    pub name: &'static str,
    /// What it does, 150 characters at most.
    pub description: &'static str,
    /// By which the app knows it.
    pub callback_id: &'static str,
    /// Whether it stands at each message; otherwise it stands at the input field.
    pub is_at_message: bool,
}

/// Every scope of the bot token.
pub const SCOPES: &[Scope] = &[
    Scope {
        name: "app_mentions:read",
        without: "nobody is heard who mentions the bot",
        methods: &[],
        besides: Some("app_mention"),
    },
    Scope {
        name: "channels:history",
        without: "alarms in public channels are not read, and messages are not found again after a crash",
        methods: &["conversations.history", "conversations.replies"],
        besides: None,
    },
    Scope {
        name: "channels:read",
        without: "`clarity check` cannot look at public channels, no topic of one tells who is on call, and the Home tab is empty",
        methods: &["conversations.info", "users.conversations"],
        besides: None,
    },
    Scope {
        name: "chat:write",
        without: "nothing is said at all",
        methods: &[
            "chat.appendStream",
            "chat.postEphemeral",
            "chat.postMessage",
            "chat.startStream",
            "chat.stopStream",
            "chat.update",
        ],
        besides: None,
    },
    Scope {
        name: "commands",
        without: "the slash command is not there",
        methods: &[],
        besides: Some("slash_commands"),
    },
    Scope {
        name: "files:read",
        without: "no picture is shown, as nobody can tell when Slack has processed it",
        methods: &["files.info"],
        besides: None,
    },
    Scope {
        name: "files:write",
        without: "neither pictures nor postmortems are uploaded",
        methods: &["files.completeUploadExternal", "files.getUploadURLExternal"],
        besides: None,
    },
    Scope {
        name: "groups:history",
        without: "alarms in private channels are not read, and messages there are not found again after a crash",
        methods: &["conversations.history", "conversations.replies"],
        besides: None,
    },
    Scope {
        name: "groups:read",
        without: "`clarity check` cannot look at private channels, no topic of one tells who is on call, and the Home tab is empty",
        methods: &["conversations.info", "users.conversations"],
        besides: None,
    },
    Scope {
        name: "im:history",
        without: "nobody is heard who writes to the bot directly",
        methods: &[],
        besides: Some("im"),
    },
    Scope {
        name: "metadata.message:read",
        without: "a message whose post was not answered is sent twice",
        methods: &[],
        besides: Some("include_all_metadata"),
    },
    Scope {
        name: "reactions:read",
        without: "no reaction makes a message a note",
        methods: &[],
        besides: Some("reaction_added"),
    },
    Scope {
        name: "usergroups:read",
        without: "nobody can tell who is in a user group, so plans whose policy asks for one are refused",
        methods: &["usergroups.users.list"],
        besides: None,
    },
    Scope {
        name: "users:read",
        without: "nobody can tell who is a member, so every plan is refused",
        methods: &["users.info"],
        besides: None,
    },
    Scope {
        name: "users:read.email",
        without: "whoever is on call by a schedule of PagerDuty or Opsgenie is named, and not mentioned",
        methods: &["users.lookupByEmail"],
        besides: None,
    },
];

/// The methods that need no scope of the bot token. The first one needs `connections:write` of the app-level token.
pub const UNSCOPED: &[&str] =
    &["apps.connections.open", "auth.test", "chat.getPermalink", "views.open", "views.publish"];

/// Every event that the app is told of.
pub const EVENTS: &[Subscription] = &[
    Subscription {
        name: "message.channels",
        kind: "message",
        because: "alarms that other bots post in public channels",
        scope: Some("channels:history"),
    },
    Subscription {
        name: "message.groups",
        kind: "message",
        because: "alarms that other bots post in private channels",
        scope: Some("groups:history"),
    },
    Subscription {
        name: "message.im",
        kind: "message",
        because: "questions that people write to the bot directly",
        scope: Some("im:history"),
    },
    Subscription {
        name: "app_mention",
        kind: "app_mention",
        because: "questions in which people mention the bot",
        scope: Some("app_mentions:read"),
    },
    Subscription {
        name: "reaction_added",
        kind: "reaction_added",
        because: "a pushpin makes a message a note of the timeline",
        scope: Some("reactions:read"),
    },
    Subscription {
        name: "app_home_opened",
        kind: "app_home_opened",
        because: "the Home tab shows what is open",
        scope: None,
    },
];

/// Every shortcut.
pub const SHORTCUTS: &[Shortcut] = &[
    Shortcut {
        name: "Start incident here",
        description: "Declare an incident that begins with this message",
        callback_id: "start_incident_here",
        is_at_message: true,
    },
    Shortcut {
        name: "Declare an incident",
        description: "Say what is wrong, before any alarm does",
        callback_id: "declare_incident",
        is_at_message: false,
    },
];

/// Whether the app has a Home tab.
pub const HOME_TAB: bool = true;

/// Slack cuts the hint of a command after so many characters.
const MAX_HINT: usize = 1000;

/// The names of all scopes.
pub fn scopes() -> impl Iterator<Item = &'static str> {
    SCOPES.iter().map(|scope| scope.name)
}

/// How Slack reaches the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// At this address of the front door, without a slash at its end.
    Http {
        /// The address, `https://clarity.example.com`.
        url: String,
    },
    /// By a socket that the app opens itself.
    Socket,
}

impl Reached {
    /// By HTTP, at this address.
    ///
    /// # Errors
    /// Slack would not take the address; the sentence says why.
    pub fn at(url: &str) -> Result<Self, String> {
        let odd = |why: &str| format!("`{url}` is no address that Slack can reach: {why}");
        let uri: axum::http::Uri =
            url.trim_end_matches('/').parse().map_err(|_| odd("it is no URL; one is `https://clarity.example.com`"))?;
        if uri.scheme_str() != Some("https") {
            return Err(odd("it has to begin with `https://`"));
        }
        if uri.query().is_some() || uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
            return Err(odd("it has to be a host, a port if need be, and a path if need be"));
        }
        Ok(Self::Http { url: url.trim_end_matches('/').to_owned() })
    }
}

/// What `clarity manifest` is told.
#[derive(Clone, Debug, Args)]
pub struct Wanted {
    /// Where Slack reaches the front door: `https://clarity.example.com`.
    #[arg(long, required_unless_present = "socket")]
    url: Option<String>,
    /// Slack is reached by a socket instead, and needs no address.
    #[arg(long, conflicts_with = "url")]
    socket: bool,
    /// The configuration, TOML; it says what the command is called.
    #[arg(long)]
    config: Option<PathBuf>,
}

impl Wanted {
    /// The manifest, to be printed.
    ///
    /// # Errors
    /// The configuration cannot be used, or Slack would not take the address.
    pub fn manifest(&self) -> anyhow::Result<String> {
        let command = match &self.config {
            Some(path) => File::load(path)?.command,
            None => config::command(),
        };
        let reached = match &self.url {
            Some(url) => Reached::at(url).map_err(anyhow::Error::msg)?,
            None => Reached::Socket,
        };
        Ok(format!("{:#}", manifest(&command, &reached)))
    }
}

/// The app's manifest, as Slack takes it under *Create New App, From a manifest*.
pub fn manifest(command: &str, reached: &Reached) -> Value {
    let address = |path: &str| match reached {
        Reached::Http { url } => Some(format!("{url}/slack/{path}")),
        Reached::Socket => None,
    };
    let with_address = |mut part: Value, field: &str, path: &str| {
        if let Some(address) = address(path) {
            part[field] = json!(address);
        }
        part
    };
    let slash = json!({
        "command": command, "description": "What is going on, what caused it, and what to do",
        "usage_hint": usage_hint(), "should_escape": true,
    });
    let mut features = json!({
        "bot_user": {"display_name": "Clarity", "always_online": true},
        "slash_commands": [with_address(slash, "url", "commands")],
    });
    if HOME_TAB {
        features["app_home"] =
            json!({"home_tab_enabled": true, "messages_tab_enabled": true, "messages_tab_read_only_enabled": false});
    }
    if !SHORTCUTS.is_empty() {
        features["shortcuts"] = SHORTCUTS.iter().copied().map(Shortcut::to_json).collect();
    }
    let events = json!({"bot_events": EVENTS.iter().map(|event| event.name).collect::<Vec<_>>()});
    json!({
        "display_information": {
            "name": "Clarity",
            "description": "Turns a flood of AWS alarms into one card: what is going on, what caused it, and what to do",
            "background_color": "#1d1c1d",
        },
        "features": features,
        "oauth_config": {"scopes": {"bot": scopes().collect::<Vec<_>>()}},
        "settings": {
            "event_subscriptions": with_address(events, "request_url", "events"),
            "interactivity": with_address(json!({"is_enabled": true}), "request_url", "interactivity"),
            "org_deploy_enabled": false,
            "socket_mode_enabled": *reached == Reached::Socket,
            "token_rotation_enabled": false,
        },
    })
}

impl Shortcut {
    fn to_json(self) -> Value {
        let kind = if self.is_at_message { "message" } else { "global" };
        json!({"name": self.name, "type": kind, "callback_id": self.callback_id, "description": self.description})
    }
}

/// The words of the command, as many as Slack shows.
fn usage_hint() -> String {
    let mut hint = String::new();
    for row in COMMANDS {
        let separator = if hint.is_empty() { "" } else { " | " };
        if hint.len() + separator.len() + row.word.len() > MAX_HINT {
            break;
        }
        hint.push_str(separator);
        hint.push_str(row.word);
    }
    hint
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    #[test]
    fn the_manifest_is_what_slack_takes() {
        let told = manifest("/incident", &Reached::at("https://clarity.example.com/").unwrap());
        assert_snapshot!(serde_json::to_string_pretty(&told).unwrap(), @r##"
        {
          "display_information": {
            "name": "Clarity",
            "description": "Turns a flood of AWS alarms into one card: what is going on, what caused it, and what to do",
            "background_color": "#1d1c1d"
          },
          "features": {
            "bot_user": {
              "display_name": "Clarity",
              "always_online": true
            },
            "slash_commands": [
              {
                "command": "/incident",
                "description": "What is going on, what caused it, and what to do",
                "usage_hint": "context | ask | why | fix | graph | predict | isolate | auth | timeline | changes | similar | catchup | gaps | status | approve | merge | split | undo | page | postmortem | stats | open | close | reopen | severity | roles | note | stop | settings | help",
                "should_escape": true,
                "url": "https://clarity.example.com/slack/commands"
              }
            ],
            "app_home": {
              "home_tab_enabled": true,
              "messages_tab_enabled": true,
              "messages_tab_read_only_enabled": false
            },
            "shortcuts": [
              {
                "name": "Start incident here",
                "type": "message",
                "callback_id": "start_incident_here",
                "description": "Declare an incident that begins with this message"
              },
              {
                "name": "Declare an incident",
                "type": "global",
                "callback_id": "declare_incident",
                "description": "Say what is wrong, before any alarm does"
              }
            ]
          },
          "oauth_config": {
            "scopes": {
              "bot": [
                "app_mentions:read",
                "channels:history",
                "channels:read",
                "chat:write",
                "commands",
                "files:read",
                "files:write",
                "groups:history",
                "groups:read",
                "im:history",
                "metadata.message:read",
                "reactions:read",
                "usergroups:read",
                "users:read",
                "users:read.email"
              ]
            }
          },
          "settings": {
            "event_subscriptions": {
              "bot_events": [
                "message.channels",
                "message.groups",
                "message.im",
                "app_mention",
                "reaction_added",
                "app_home_opened"
              ],
              "request_url": "https://clarity.example.com/slack/events"
            },
            "interactivity": {
              "is_enabled": true,
              "request_url": "https://clarity.example.com/slack/interactivity"
            },
            "org_deploy_enabled": false,
            "socket_mode_enabled": false,
            "token_rotation_enabled": false
          }
        }
        "##);
    }

    #[test]
    fn a_socket_needs_no_address() {
        let told = manifest("/fire", &Reached::Socket);
        assert_eq!(told["settings"]["socket_mode_enabled"], true);
        assert_eq!(told["features"]["slash_commands"][0]["command"], "/fire");
        assert!(!told.to_string().contains("url"), "{told}");
    }

    #[test]
    fn slack_reaches_https_and_nothing_else() {
        #[track_caller]
        fn check(url: &str, expected: Option<&str>) {
            let url_of = |reached| match reached {
                Reached::Http { url } => Some(url),
                Reached::Socket => None,
            };
            assert_eq!(Reached::at(url).ok().and_then(url_of).as_deref(), expected, "{url}");
        }
        check("https://clarity.example.com", Some("https://clarity.example.com"));
        check("https://clarity.example.com:8443/bot/", Some("https://clarity.example.com:8443/bot"));
        for odd in
            ["", "clarity.example.com", "http://clarity.example.com", "https://", "https://a@b", "https://a/?b=c", "/a"]
        {
            check(odd, None);
        }
        assert_snapshot!(Reached::at("http://a").unwrap_err(), @"`http://a` is no address that Slack can reach: it has to begin with `https://`");
    }

    #[test]
    fn every_text_keeps_slacks_limits() {
        let told = manifest("/incident", &Reached::Socket);
        let length = |text: &Value| text.as_str().unwrap().chars().count();
        assert!(length(&told["display_information"]["name"]) <= 35);
        assert!(length(&told["display_information"]["description"]) <= 140);
        assert!(length(&told["features"]["bot_user"]["display_name"]) <= 80);
        assert!((1..=MAX_HINT).contains(&length(&told["features"]["slash_commands"][0]["usage_hint"])));
        assert!(SHORTCUTS.len() <= 10 && EVENTS.len() <= 100);
        for shortcut in SHORTCUTS {
            assert!(shortcut.name.chars().count() <= 24 && shortcut.description.chars().count() <= 150);
        }
    }
}

//! What Slack sends, as far as we need it. Slack adds fields at any time, so these types take what they know and leave the
//! rest; messages of other bots stay JSON, because every bot lays them out differently.

use serde::Deserialize;
use serde_json::Value;

/// The body of `POST /slack/events`.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Envelope {
    /// Slack asks whether the address is ours.
    UrlVerification {
        /// What to answer.
        challenge: String,
    },
    /// Something happened in the workspace.
    EventCallback {
        /// Unique for the event; the same in all retries.
        event_id: String,
        /// When it happened, in epoch seconds.
        event_time: i64,
        /// Which app it is told: ours.
        #[serde(default)]
        api_app_id: String,
        /// What happened.
        event: Value,
    },
    /// Anything else Slack may send there.
    #[serde(other)]
    Other,
}

/// A message event's frame; its content stays in `message`.
#[derive(Debug, PartialEq)]
pub struct MessageEvent<'a> {
    /// The channel's id.
    pub channel: &'a str,
    /// The message's id.
    pub ts: &'a str,
    /// The message itself: of an edit the new one.
    pub message: &'a Value,
}

impl<'a> MessageEvent<'a> {
    /// Reads the frame; none for events that are no message with content (joins, deletions, reactions).
    pub fn read(event: &'a Value) -> Option<Self> {
        if event["type"] != "message" {
            return None;
        }
        let message = match event["subtype"].as_str() {
            Some("message_changed") => &event["message"],
            None | Some("bot_message" | "thread_broadcast" | "file_share") => event,
            Some(_) => return None,
        };
        Some(Self { channel: event["channel"].as_str()?, ts: message["ts"].as_str()?, message })
    }
}

/// The body of `POST /slack/commands`, form fields.
#[derive(Debug, Deserialize)]
pub struct SlashCommand {
    /// `/incident`.
    pub command: String,
    /// What follows it.
    #[serde(default)]
    pub text: String,
    /// Who typed it.
    pub user_id: String,
    /// Where.
    pub channel_id: String,
    /// Where the answer goes.
    pub response_url: String,
    /// Unique for each time it is typed.
    pub trigger_id: String,
}

/// The `payload` field of `POST /slack/interactivity`.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Interaction {
    /// A button was pressed or a menu used.
    BlockActions(BlockActions),
    /// Anything else.
    #[serde(other)]
    Other,
}

/// A pressed button.
#[derive(Debug, Deserialize)]
pub struct BlockActions {
    /// Who pressed it.
    pub user: Id,
    /// Where; of an ephemeral message it stands in the container.
    pub channel: Option<Id>,
    /// Where the message is.
    #[serde(default)]
    pub container: Container,
    /// Where the answer goes.
    pub response_url: String,
    /// Unique for each press.
    pub trigger_id: String,
    /// What was pressed: one element.
    #[serde(default)]
    pub actions: Vec<PressedAction>,
}

/// Something of which only the id matters.
#[derive(Debug, Deserialize)]
pub struct Id {
    /// The id.
    pub id: String,
}

/// Where an interaction took place.
#[derive(Debug, Default, Deserialize)]
pub struct Container {
    /// The channel's id.
    pub channel_id: Option<String>,
}

/// One pressed element.
#[derive(Debug, Deserialize)]
pub struct PressedAction {
    /// Its id.
    #[serde(default)]
    pub action_id: String,
    /// What it carries.
    #[serde(default)]
    pub value: String,
}

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
        /// For whom it is told: our own user is among them.
        #[serde(default)]
        authorizations: Vec<Authorization>,
    },
    /// Anything else Slack may send there.
    #[serde(other)]
    Other,
}

/// For whom an event is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Authorization {
    /// A user id.
    #[serde(default)]
    pub user_id: Option<String>,
    /// Whether that is the app's own user.
    #[serde(default)]
    pub is_bot: bool,
}

/// Who we are, as an envelope tells it.
#[derive(Clone, Copy, Debug)]
pub struct Us<'a> {
    /// Our app.
    pub app: &'a str,
    /// For whom the event is told.
    pub authorizations: &'a [Authorization],
}

impl Us<'_> {
    /// Whether we wrote this message. An edit names the app or the user, and not always both.
    pub fn wrote(&self, message: &Value) -> bool {
        let ours = self.authorizations.iter().filter(|known| known.is_bot).filter_map(|known| known.user_id.as_deref());
        let is_our_app = |app: &Value| app.as_str().is_some_and(|app| !app.is_empty() && app == self.app);
        is_our_app(&message["app_id"])
            || is_our_app(&message["bot_profile"]["app_id"])
            || message["user"].as_str().is_some_and(|user| ours.into_iter().any(|ours| ours == user))
    }
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
    BlockActions(Box<BlockActions>),
    /// A form was filled in and sent.
    ViewSubmission(ViewSubmission),
    /// A shortcut was chosen.
    Shortcut(Box<Shortcut>),
    /// A shortcut was chosen from the menu of a message.
    MessageAction(Box<Shortcut>),
    /// Anything else.
    #[serde(other)]
    Other,
}

/// A shortcut that somebody chose. Ours all declare an incident.
#[derive(Debug, Deserialize)]
pub struct Shortcut {
    /// Who chose it.
    pub user: Id,
    /// What opens a form.
    pub trigger_id: String,
    /// Where the message stands, if it was chosen from one.
    pub channel: Option<Id>,
    /// The message, if it was chosen from one.
    pub message: Option<ChosenMessage>,
    /// Where the answer goes; empty where there is no channel.
    #[serde(default)]
    pub response_url: String,
}

/// The message that a shortcut was chosen from.
#[derive(Debug, Deserialize)]
pub struct ChosenMessage {
    /// Its id.
    pub ts: String,
    /// What it says, in mrkdwn.
    #[serde(default)]
    pub text: String,
}

/// A pressed button, or a choice from a menu.
#[derive(Debug, Deserialize)]
pub struct BlockActions {
    /// Who pressed it.
    pub user: Id,
    /// Where; of an ephemeral message it stands in the container.
    pub channel: Option<Id>,
    /// Where the message is.
    #[serde(default)]
    pub container: Container,
    /// Where the answer goes; the Home tab has no such address.
    #[serde(default)]
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
    /// The id of its block.
    #[serde(default)]
    pub block_id: String,
    /// What it carries, if it is a button.
    #[serde(default)]
    pub value: String,
    /// What was chosen, if it is a menu.
    pub selected_option: Option<SelectedOption>,
}

impl PressedAction {
    /// What the button carries, or the chosen line of the menu.
    pub fn carried(&self) -> &str {
        self.selected_option.as_ref().map_or(&self.value, |option| &option.value)
    }
}

/// The chosen line of a menu.
#[derive(Debug, Deserialize)]
pub struct SelectedOption {
    /// What it carries.
    #[serde(default)]
    pub value: String,
}

/// A form that was filled in and sent.
#[derive(Debug, Deserialize)]
pub struct ViewSubmission {
    /// Who sent it.
    pub user: Id,
    /// The form.
    pub view: SubmittedView,
}

/// A form as it was sent.
#[derive(Debug, Deserialize)]
pub struct SubmittedView {
    /// Unique for each time a form is opened.
    pub id: String,
    /// Which form it is.
    #[serde(default)]
    pub callback_id: String,
    /// What it was opened with.
    #[serde(default)]
    pub private_metadata: String,
    /// What was filled in.
    #[serde(default)]
    pub state: Value,
}

impl SubmittedView {
    /// What was typed into a field, or chosen from it; nothing if it was left empty.
    pub fn typed(&self, block_id: &str, action_id: &str) -> &str {
        let field = &self.state["values"][block_id][action_id];
        field["value"].as_str().or_else(|| field["selected_option"]["value"].as_str()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn we_know_our_own_messages_by_app_or_user() {
        let authorizations: Vec<Authorization> = serde_json::from_value(json!([
            {"user_id": "U0US", "is_bot": true}, {"user_id": "U0MINA", "is_bot": false}, {"user_id": null, "is_bot": true}]))
        .unwrap();
        let us = Us { app: "A0US", authorizations: &authorizations };
        for ours in [json!({"app_id": "A0US"}), json!({"bot_profile": {"app_id": "A0US"}}), json!({"user": "U0US"})] {
            assert!(us.wrote(&ours), "{ours}");
        }
        for other in [json!({}), json!({"app_id": "A1"}), json!({"user": "U0MINA"}), json!({"user": null})] {
            assert!(!us.wrote(&other), "{other}");
        }
        assert!(!Us { app: "", authorizations: &[] }.wrote(&json!({"app_id": ""})));
    }

    #[test]
    fn only_messages_with_content_have_a_frame() {
        #[track_caller]
        fn check(event: &Value, expected: Option<&str>) {
            assert_eq!(MessageEvent::read(event).map(|event| event.ts), expected, "{event}");
        }
        check(&json!({"type": "message", "channel": "C1", "ts": "1.0"}), Some("1.0"));
        check(&json!({"type": "message", "subtype": "bot_message", "channel": "C1", "ts": "1.0"}), Some("1.0"));
        check(&json!({"type": "message", "subtype": "file_share", "channel": "C1", "ts": "1.0"}), Some("1.0"));
        let edit = json!({"type": "message", "subtype": "message_changed", "channel": "C1", "ts": "2.0", "message": {"ts": "1.0"}});
        check(&edit, Some("1.0"));
        check(&json!({"type": "message", "subtype": "message_deleted", "channel": "C1", "ts": "1.0"}), None);
        check(&json!({"type": "message", "subtype": "channel_join", "channel": "C1", "ts": "1.0"}), None);
        check(&json!({"type": "reaction_added", "channel": "C1", "ts": "1.0"}), None);
        check(&json!({"type": "message", "ts": "1.0"}), None);
    }

    #[test]
    fn a_button_carries_its_value_and_a_menu_what_was_chosen() {
        #[track_caller]
        fn check(action: &Value, expected: &str) {
            let action: PressedAction = serde_json::from_value(action.clone()).unwrap();
            assert_eq!(action.carried(), expected);
        }
        let chosen = json!({"text": {"type": "plain_text", "text": "Two"}, "value": "2"});
        check(&json!({"type": "button", "action_id": "a", "value": "v"}), "v");
        check(&json!({"type": "button", "action_id": "a"}), "");
        check(&json!({"type": "static_select", "action_id": "a", "selected_option": chosen}), "2");
        check(&json!({"type": "overflow", "action_id": "a", "selected_option": {"text": {}}}), "");
        check(&json!({"type": "static_select", "action_id": "a", "selected_option": null}), "");
    }

    #[test]
    fn what_was_typed_is_found_in_the_state_of_a_form() {
        #[track_caller]
        fn check(state: &Value, expected: &str) {
            let view = json!({"id": "V1", "state": state});
            let view: SubmittedView = serde_json::from_value(view).unwrap();
            assert_eq!(view.typed("b", "a"), expected);
        }
        check(&json!({"values": {"b": {"a": {"type": "plain_text_input", "value": "text"}}}}), "text");
        check(&json!({"values": {"b": {"a": {"type": "plain_text_input", "value": null}}}}), "");
        check(&json!({"values": {"b": {"a": {"type": "static_select", "selected_option": {"value": "1"}}}}}), "1");
        check(&json!({"values": {"b": {"a": {"type": "static_select", "selected_option": null}}}}), "");
        check(&json!({"values": []}), "");
        check(&Value::Null, "");
    }
}

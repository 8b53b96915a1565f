//! A message and its parts. Too long is cut at a character and marked; what Slack would refuse is left out.

use crate::action::Action;
use crate::limits::{MAX_BLOCKS, MAX_BUTTONS, MAX_CONTEXT, MAX_HEADER, MAX_SECTION, MAX_TEXT, cut};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A Slack message: the plain text for notifications and screen readers, and the blocks people see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// What a notification says.
    pub text: String,
    /// What people see, as Block Kit.
    pub blocks: Vec<Value>,
}

impl Message {
    /// A message with this notification text (plain, not mrkdwn) and no blocks yet.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: crate::mrkdwn::escape(&cut(text, MAX_TEXT)), blocks: Vec::new() }
    }

    /// A message of one section: short answers.
    #[must_use]
    pub fn plain(notification: &str, mrkdwn: &str) -> Self {
        Self::new(notification).section(mrkdwn)
    }

    fn push(mut self, mut block: Value) -> Self {
        if self.blocks.len() < MAX_BLOCKS {
            block["block_id"] = json!(format!("b{}", self.blocks.len()));
            self.blocks.push(block);
        }
        self
    }

    /// Adds a header; plain text.
    #[must_use]
    pub fn header(self, text: &str) -> Self {
        self.push(
            json!({"type": "header", "text": {"type": "plain_text", "text": cut(text, MAX_HEADER), "emoji": false}}),
        )
    }

    /// Adds a paragraph of mrkdwn; an empty one is left out, since Slack refuses it.
    #[must_use]
    pub fn section(self, mrkdwn: &str) -> Self {
        if mrkdwn.trim().is_empty() {
            return self;
        }
        self.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": cut(mrkdwn, MAX_SECTION)}}))
    }

    /// Adds a paragraph under a bold title.
    #[must_use]
    pub fn titled(self, title: &str, mrkdwn: &str) -> Self {
        self.section(&format!("*{title}*\n{mrkdwn}"))
    }

    /// Adds small print; what does not fit into one block is left out.
    #[must_use]
    pub fn context(self, elements: &[String]) -> Self {
        let elements: Vec<Value> = elements
            .iter()
            .filter(|element| !element.trim().is_empty())
            .take(MAX_CONTEXT)
            .map(|element| json!({"type": "mrkdwn", "text": cut(element, MAX_SECTION)}))
            .collect();
        if elements.is_empty() { self } else { self.push(json!({"type": "context", "elements": elements})) }
    }

    /// Adds a rule.
    #[must_use]
    pub fn divider(self) -> Self {
        self.push(json!({"type": "divider"}))
    }

    /// Adds buttons.
    #[must_use]
    pub fn actions(self, buttons: &[(Action, &str)]) -> Self {
        let elements: Vec<Value> =
            buttons.iter().take(MAX_BUTTONS).map(|(action, label)| action.button(label)).collect();
        if elements.is_empty() { self } else { self.push(json!({"type": "actions", "elements": elements})) }
    }

    /// The message as the Web API takes it.
    pub fn to_json(&self) -> Value {
        json!({"text": self.text, "blocks": self.blocks})
    }
}

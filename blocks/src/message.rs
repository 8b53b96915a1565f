//! A message and its parts. Too long is cut at a character and marked; what Slack would refuse is left out.

use crate::action::Action;
use crate::limits::{MAX_ALT, MAX_BLOCKS, MAX_BUTTONS, MAX_CONTEXT, MAX_HEADER, MAX_SECTION, MAX_TEXT, MAX_TITLE, cut};
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

    /// Adds a picture that was uploaded: `file` is its Slack id, `alt` (plain) what stands for it where it cannot be seen,
    /// `title` (plain) stands over it, if it is not empty. Where `file` is no file's id, the alt text stands in.
    #[must_use]
    pub fn picture(self, file: &str, alt: &str, title: &str) -> Self {
        let alt = [alt, title].into_iter().find(|text| !text.trim().is_empty()).unwrap_or("A picture");
        if !is_file_id(file) {
            return self.context(&[crate::mrkdwn::escape(&cut(alt, MAX_ALT))]);
        }
        let mut block = json!({"type": "image", "slack_file": {"id": file}, "alt_text": cut(alt, MAX_ALT)});
        if !title.trim().is_empty() {
            block["title"] = json!({"type": "plain_text", "text": cut(title, MAX_TITLE), "emoji": false});
        }
        self.push(block)
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

/// Whether Slack could have given this id to a file: `F`, then at least eight capitals or digits.
fn is_file_id(id: &str) -> bool {
    id.strip_prefix('F').is_some_and(|rest| {
        rest.len() >= 8 && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: &str, alt: &str, title: &str, expected: &str) {
        assert_eq!(crate::text::message(&Message::new("t").picture(file, alt, title).to_json(), &|_| None), expected);
    }

    #[test]
    fn a_picture_always_says_something() {
        check("F07CHART001", "p99 latency", "p99", "[picture: p99 latency]");
        check("F07CHART001", " ", "p99", "[picture: p99]");
        check("F07CHART001", "", "", "[picture: A picture]");
        for odd in ["", "F07", "f07chart001", "G07CHART001", "F07CHART00é", "F07CHART001/../x", "https://x.example"] {
            check(odd, "p99 <latency>", "p99", "· p99 <latency>");
        }
    }
}

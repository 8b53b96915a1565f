//! A message and its parts. Too long is cut at a character and marked; what Slack would refuse is left out.

use crate::action::Action;
use crate::limits::{
    MAX_ALT, MAX_BLOCKS, MAX_BUTTONS, MAX_CONFIRM_ANSWER, MAX_CONFIRM_TEXT, MAX_CONFIRM_TITLE, MAX_CONTEXT, MAX_DOTS,
    MAX_HEADER, MAX_OPTION, MAX_OPTIONS, MAX_PLACEHOLDER, MAX_SECTION, MAX_TEXT, MAX_TITLE, cut,
};
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

/// How much a button stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// Not at all.
    Plain,
    /// It is what comes next.
    Primary,
    /// It ends something or takes it back.
    Danger,
}

/// A question before a click counts, all of it plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Confirm {
    title: String,
    text: String,
    yes: String,
}

/// A button that stands out or asks first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Button {
    action: Action,
    label: String,
    style: Style,
    confirm: Option<Confirm>,
}

impl Button {
    /// A button that does neither.
    pub(crate) fn new(action: Action, label: &str) -> Self {
        Self { action, label: label.to_owned(), style: Style::Plain, confirm: None }
    }

    /// The same as what comes next: one in a message.
    pub(crate) fn primary(self) -> Self {
        Self { style: Style::Primary, ..self }
    }

    /// The same as a warning.
    pub(crate) fn danger(self) -> Self {
        Self { style: Style::Danger, ..self }
    }

    /// The same, asking first; `yes` is what goes on. All of it plain text.
    pub(crate) fn asking(self, title: &str, text: &str, yes: &str) -> Self {
        let confirm = Confirm { title: title.to_owned(), text: text.to_owned(), yes: yes.to_owned() };
        Self { confirm: Some(confirm), ..self }
    }

    fn to_json(&self) -> Value {
        let mut button = self.action.button(&self.label);
        let style = match self.style {
            Style::Plain => None,
            Style::Primary => Some("primary"),
            Style::Danger => Some("danger"),
        };
        if let Some(style) = style {
            button["style"] = json!(style);
        }
        if let Some(Confirm { title, text, yes }) = &self.confirm {
            let plain =
                |text: &str, limit: usize| json!({"type": "plain_text", "text": cut(text, limit), "emoji": false});
            button["confirm"] = json!({
                "title": plain(title, MAX_CONFIRM_TITLE),
                "text": plain(text, MAX_CONFIRM_TEXT),
                "confirm": plain(yes, MAX_CONFIRM_ANSWER),
                "deny": plain("Cancel", MAX_CONFIRM_ANSWER),
            });
            if self.style == Style::Danger {
                button["confirm"]["style"] = json!("danger");
            }
        }
        button
    }
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
            json!({"type": "header", "text": {"type": "plain_text", "text": cut(&crate::mrkdwn::visible(text), MAX_HEADER), "emoji": false}}),
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

    /// Whether it shows any picture.
    pub fn has_pictures(&self) -> bool {
        self.blocks.iter().any(is_picture)
    }

    /// The same in words only: a file may be gone, and a message that Slack refuses helps nobody.
    #[must_use]
    pub fn without_pictures(mut self) -> Self {
        self.blocks.retain(|block| !is_picture(block));
        self
    }

    /// The same as it is tried next when Slack refuses what it shows: without its pictures, then in the words of its notification
    /// only; nothing if it cannot be any plainer.
    pub fn plainer(&self) -> Option<Self> {
        if self.has_pictures() {
            Some(self.clone().without_pictures())
        } else if self.blocks.is_empty() {
            None
        } else {
            Some(Self { text: self.text.clone(), blocks: Vec::new() })
        }
    }

    /// Adds buttons.
    #[must_use]
    pub fn actions(self, buttons: &[(Action, &str)]) -> Self {
        let elements: Vec<Value> =
            buttons.iter().take(MAX_BUTTONS).map(|(action, label)| action.button(label)).collect();
        if elements.is_empty() { self } else { self.push(json!({"type": "actions", "elements": elements})) }
    }

    /// Adds buttons that are about no incident: each a label and what it carries, `v1.` and a word.
    #[must_use]
    pub(crate) fn openers(self, buttons: &[(&str, &str)]) -> Self {
        let button = |(label, value): &(&str, &str)| {
            let word = value.rsplit('.').next().unwrap_or_default();
            json!({
                "type": "button", "action_id": format!("clarity.{word}"), "value": value,
                "text": {"type": "plain_text", "text": label, "emoji": false},
            })
        };
        self.push(json!({"type": "actions", "elements": buttons.iter().map(button).collect::<Vec<_>>()}))
    }

    /// Adds buttons, and behind three dots what is wanted less often: five lines at most.
    #[must_use]
    pub(crate) fn actions_and_menu(self, buttons: &[(Action, &str)], menu: &[(Action, &str)]) -> Self {
        let mut elements: Vec<Value> =
            buttons.iter().take(MAX_BUTTONS - 1).map(|(action, label)| action.button(label)).collect();
        let plain = |text: &str| json!({"type": "plain_text", "text": cut(text, MAX_OPTION), "emoji": false});
        let lines =
            menu.iter().take(MAX_DOTS).map(|(action, label)| json!({"text": plain(label), "value": action.value()}));
        let lines: Vec<Value> = lines.collect();
        if !lines.is_empty() {
            elements.push(json!({"type": "overflow", "action_id": "clarity.more", "options": lines}));
        }
        if elements.is_empty() { self } else { self.push(json!({"type": "actions", "elements": elements})) }
    }

    /// Adds buttons that stand out or ask first.
    #[must_use]
    pub(crate) fn buttons(self, buttons: &[Button]) -> Self {
        let elements: Vec<Value> = buttons.iter().take(MAX_BUTTONS).map(Button::to_json).collect();
        if elements.is_empty() { self } else { self.push(json!({"type": "actions", "elements": elements})) }
    }

    /// Adds a paragraph of mrkdwn with a button beside it; an empty one is left out with its button.
    #[must_use]
    pub(crate) fn section_beside(self, mrkdwn: &str, button: &Button) -> Self {
        if mrkdwn.trim().is_empty() {
            return self;
        }
        self.push(json!({
            "type": "section",
            "text": {"type": "mrkdwn", "text": cut(mrkdwn, MAX_SECTION)},
            "accessory": button.to_json(),
        }))
    }

    /// Adds lines under a bold title, in as many paragraphs as they need; nothing of none.
    #[must_use]
    pub(crate) fn lines(self, title: &str, lines: &[String]) -> Self {
        if lines.is_empty() {
            return self;
        }
        let mut message = self;
        let mut paragraph = format!("*{title}*");
        for line in lines {
            if paragraph.encode_utf16().count() + 1 + line.encode_utf16().count() > MAX_SECTION {
                message = message.section(&paragraph);
                paragraph.clone_from(line);
            } else {
                paragraph = format!("{paragraph}\n{line}");
            }
        }
        message.section(&paragraph)
    }

    /// Adds a menu: `placeholder` (plain) stands in it until one of the options is chosen, each an action and its label (plain).
    /// Without options there is none.
    #[must_use]
    pub fn menu(self, placeholder: &str, options: &[(Action, &str)]) -> Self {
        let plain = |text: &str, limit: usize| json!({"type": "plain_text", "text": cut(text, limit), "emoji": false});
        let named = options.iter().filter(|(_, label)| !label.trim().is_empty());
        let options: Vec<Value> = named
            .take(MAX_OPTIONS)
            .map(|(action, label)| json!({"text": plain(label, MAX_OPTION), "value": action.value()}))
            .collect();
        if options.is_empty() {
            return self;
        }
        let menu = json!({
            "type": "static_select",
            "action_id": "clarity.menu",
            "placeholder": plain(placeholder, MAX_PLACEHOLDER),
            "options": options,
        });
        self.push(json!({"type": "actions", "elements": [menu]}))
    }

    /// The message as the Web API takes it.
    pub fn to_json(&self) -> Value {
        json!({"text": self.text, "blocks": self.blocks})
    }
}

fn is_picture(block: &Value) -> bool {
    block["type"] == "image"
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

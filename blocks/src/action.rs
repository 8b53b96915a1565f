//! A button and its click: one codec, so that what is pressed is what was offered.

use crate::limits::{MAX_BUTTON, cut};
use serde_json::{Value, json};
use tools::model::IncidentId;

/// What a button does. It carries no more than an opaque id; everything else is read again when it is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Show me the context of this incident.
    Context(IncidentId),
}

/// The version of the codec: a button of an older release must still be answered in words.
const VERSION: &str = "v1";

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Context(_) => "context",
        }
    }

    /// What the button carries.
    pub fn value(self) -> String {
        match self {
            Self::Context(incident) => format!("{VERSION}.{}.{incident}", self.name()),
        }
    }

    /// Reads what a pressed button carried; none if no button of ours carries that.
    pub fn read(value: &str) -> Option<Self> {
        let mut parts = value.splitn(3, '.');
        if parts.next()? != VERSION {
            return None;
        }
        match (parts.next()?, parts.next()?) {
            ("context", incident) => IncidentId::try_from(incident.to_owned()).ok().map(Self::Context),
            _ => None,
        }
    }

    /// The button.
    pub(crate) fn button(self, label: &str) -> Value {
        json!({
            "type": "button",
            "action_id": format!("clarity.{}", self.name()),
            "text": {"type": "plain_text", "text": cut(label, MAX_BUTTON), "emoji": false},
            "value": self.value(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_reads_what_the_button_carries() {
        let action = Action::Context(IncidentId(7));
        assert_eq!(Action::read(&action.value()), Some(action));
    }

    #[test]
    fn anything_else_is_no_button_of_ours() {
        for value in
            ["", "v1", "v1.context", "v1.context.7", "v2.context.INC-7", "v1.approve.INC-7", "v1.context.INC-7x"]
        {
            assert_eq!(Action::read(value), None, "{value}");
        }
    }
}

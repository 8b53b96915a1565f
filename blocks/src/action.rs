//! A button and its click: one codec, so that what is pressed is what was offered.

use crate::limits::{MAX_BUTTON, cut};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tools::model::IncidentId;

/// What a person can ask about an incident. The word is the command's, and the button's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// What is going on, in one message.
    Context,
    /// Why this cause, and what else was looked at.
    Why,
    /// How the auth journey fares, hop by hop.
    Auth,
    /// What happened, in order.
    Timeline,
    /// What was changed, and how likely each change is guilty.
    Changes,
    /// Which past incidents resemble it, and what fixed them.
    Similar,
    /// What is new since somebody last looked.
    Catchup,
    /// What could not be seen, and what would supply it.
    Gaps,
    /// The picture of the blast radius, and what it rests on.
    Graph,
    /// Who is hit next.
    Predict,
    /// Where to cut, so that what is healthy stays so.
    Isolate,
}

impl Topic {
    /// All of them, in the order in which a person asks.
    pub const ALL: [Self; 11] = [
        Self::Context,
        Self::Why,
        Self::Graph,
        Self::Predict,
        Self::Isolate,
        Self::Auth,
        Self::Timeline,
        Self::Changes,
        Self::Similar,
        Self::Catchup,
        Self::Gaps,
    ];

    /// The word people type for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Why => "why",
            Self::Auth => "auth",
            Self::Timeline => "timeline",
            Self::Changes => "changes",
            Self::Similar => "similar",
            Self::Catchup => "catchup",
            Self::Gaps => "gaps",
            Self::Graph => "graph",
            Self::Predict => "predict",
            Self::Isolate => "isolate",
        }
    }
}

/// What a button does. It carries no more than an opaque id; everything else is read again when it is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Tell me this about that incident.
    Ask(Topic, IncidentId),
}

/// The version of the codec: a button of an older release must still be answered in words.
const VERSION: &str = "v1";

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Ask(topic, _) => topic.word(),
        }
    }

    /// What the button carries.
    pub fn value(self) -> String {
        match self {
            Self::Ask(topic, incident) => format!("{VERSION}.{}.{incident}", topic.word()),
        }
    }

    /// Reads what a pressed button carried; none if no button of ours carries that.
    pub fn read(value: &str) -> Option<Self> {
        let mut parts = value.splitn(3, '.');
        if parts.next()? != VERSION {
            return None;
        }
        let (name, incident) = (parts.next()?, parts.next()?);
        let topic = Topic::ALL.into_iter().find(|topic| topic.word() == name)?;
        IncidentId::try_from(incident.to_owned()).ok().map(|incident| Self::Ask(topic, incident))
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
        for topic in Topic::ALL {
            let action = Action::Ask(topic, IncidentId(7));
            assert_eq!(Action::read(&action.value()), Some(action));
        }
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

//! The Home tab: what is open, how quickly people had context this week, and what is configured.

use crate::action::{Action, Topic};
use crate::message::{Button, Message};
use crate::{people, phrase};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tools::model::{Incident, ScopeId};
use tools::stats::Stats;

/// What the button carries that declares an incident.
pub const DECLARE: &str = "v1.declare";

/// Incidents of one scope.
const MAX_LISTED: usize = 8;

/// Scopes; the tab has room for so many in full.
const MAX_SCOPES: usize = 4;

/// What the Home tab says of one scope.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// Which.
    pub scope: &'a ScopeId,
    /// Its incidents that are open, the most recent first.
    pub open: Vec<&'a Incident>,
    /// The figures of the week, if they could be counted.
    pub week: Option<Stats>,
    /// From how many alarms on it is a flood, and within what time.
    pub flood: (usize, SignedDuration),
    /// How long a flood may go without a lead; zero where nobody is told.
    pub nudge_after: SignedDuration,
}

/// The tab as Slack takes it.
pub fn view(root: &str, parts: &[Part<'_>]) -> Value {
    let mut blocks = Vec::new();
    for part in parts.iter().take(MAX_SCOPES) {
        let told = scope(root, part).blocks.into_iter();
        let declare = json!({"type": "actions", "elements": [{
            "type": "button", "action_id": "clarity.declare", "value": DECLARE,
            "text": {"type": "plain_text", "text": "Declare an incident", "emoji": false},
        }]});
        for (at, mut block) in told.chain([declare]).enumerate() {
            // Buttons of this tab belong to no channel: the block says whose they are.
            block["block_id"] = json!(format!("{HOME}{}.{at}", part.scope));
            blocks.push(block);
        }
    }
    json!({"type": "home", "blocks": blocks})
}

/// Stands before the scope in the id of a block.
const HOME: &str = "home.";

/// The scope that a block of the tab belongs to; none if it is no block of it.
pub fn scope_of(block_id: &str) -> Option<&str> {
    Some(block_id.strip_prefix(HOME)?.rsplit_once('.')?.0)
}

fn scope(root: &str, part: &Part<'_>) -> Message {
    let title = match part.open.len() {
        0 => format!("{}: all is calm", part.scope),
        open => format!("{}: {}", part.scope, phrase::count(open, "incident is open", "incidents are open")),
    };
    let mut message = Message::new(&title).header(&title);
    for incident in part.open.iter().take(MAX_LISTED) {
        let button = Button::new(Action::Ask(Topic::Context, incident.id), "Context");
        message = message.section_beside(&people::listed(incident), &button);
    }
    let more = part.open.len().saturating_sub(MAX_LISTED);
    let message = message.section(&if more > 0 { format!("And {more} more.") } else { String::new() });
    message.section(&week(part.week.as_ref())).context(&[settings(root, part)])
}

fn week(stats: Option<&Stats>) -> String {
    let Some(stats) = stats else { return "The figures of the week could not be counted.".to_owned() };
    let count = phrase::count(stats.incidents, "incident", "incidents");
    let mean = stats.time_to_context.as_ref().map(|spans| SignedDuration::from_secs_f64(spans.mean_s));
    match mean {
        Some(mean) => format!("*This week*: {count}; mean time to context *{}*.", phrase::span(mean)),
        None => format!("*This week*: {count}; no card has said enough to act on yet."),
    }
}

fn settings(root: &str, part: &Part<'_>) -> String {
    let (alarms, within) = part.flood;
    let nudge = if part.nudge_after.is_zero() {
        "nobody is nudged".to_owned()
    } else {
        format!("a flood without lead or severity is told so after {}", phrase::span(part.nudge_after))
    };
    format!(
        "A flood is {alarms} alarms within {} · {nudge} · {} lists what you can ask",
        phrase::span(within),
        phrase::code(format!("{root} help"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_tells_its_scope() {
        let scope = ScopeId("prod-eu".to_owned());
        let flood = (3, SignedDuration::from_mins(5));
        let part = Part { scope: &scope, open: Vec::new(), week: None, flood, nudge_after: SignedDuration::ZERO };
        let view = view("/incident", &[part]);
        let ids: Vec<&str> =
            view["blocks"].as_array().unwrap().iter().map(|block| block["block_id"].as_str().unwrap()).collect();
        assert!(ids.len() > 2 && ids.iter().all(|id| scope_of(id) == Some("prod-eu")), "{ids:?}");
        for other in ["", "b0", "home.", "home.prod"] {
            assert_eq!(scope_of(other), None, "{other}");
        }
    }
}

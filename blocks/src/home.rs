//! The Home tab: what is open, how quickly people had context this week, and what is configured.

use crate::action::{Action, Topic};
use crate::message::{Button, Message};
use crate::settings::{self, Shown};
use crate::{people, phrase};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tools::model::Incident;
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
    /// What is set for it.
    pub settings: Shown,
    /// Its incidents that are open, the most recent first.
    pub open: Vec<&'a Incident>,
    /// The figures of the week, if they could be counted.
    pub week: Option<Stats>,
}

/// The tab as Slack takes it. `hidden` scopes more there are, in whose war rooms the person is not.
pub fn view(root: &str, parts: &[Part<'_>], hidden: usize) -> Value {
    let mut blocks = Vec::new();
    for part in parts.iter().take(MAX_SCOPES) {
        for (at, mut block) in scope(root, part).blocks.into_iter().enumerate() {
            // Buttons of this tab belong to no channel: the block says whose they are.
            block["block_id"] = json!(format!("{HOME}{}.{at}", part.settings.scope));
            blocks.push(block);
        }
    }
    let elsewhere = hidden + parts.len().saturating_sub(MAX_SCOPES);
    blocks.extend(more(elsewhere).blocks);
    json!({"type": "home", "blocks": blocks})
}

/// What is not listed, and how to get at it.
fn more(elsewhere: usize) -> Message {
    let message = Message::new("more");
    if elsewhere == 0 {
        return message;
    }
    let count = phrase::count(elsewhere, "other scope is", "other scopes are");
    message.section(&format!("{} not listed here. Whoever is in a war room sees its scope.", phrase::capital(&count)))
}

/// Stands before the scope in the id of a block.
const HOME: &str = "home.";

/// The scope that a block of the tab belongs to; none if it is no block of it.
pub fn scope_of(block_id: &str) -> Option<&str> {
    Some(block_id.strip_prefix(HOME)?.rsplit_once('.')?.0)
}

fn scope(root: &str, part: &Part<'_>) -> Message {
    let title = match part.open.len() {
        0 => format!("{}: all is calm", part.settings.scope),
        open => format!("{}: {}", part.settings.scope, phrase::count(open, "incident is open", "incidents are open")),
    };
    let mut message = Message::new(&title).header(&title);
    for incident in part.open.iter().take(MAX_LISTED) {
        let button = Button::new(Action::Ask(Topic::Context, incident.id), "Context");
        message = message.section_beside(&people::listed(incident), &button);
    }
    let more = part.open.len().saturating_sub(MAX_LISTED);
    let message = message.section(&if more > 0 { format!("And {more} more.") } else { String::new() });
    let help = format!("{} lists what you can ask", phrase::code(format!("{root} help")));
    let message = message.section(&week(part.week.as_ref()));
    let message = message.context(&[format!("{} · {help}", settings::line(&part.settings))]);
    message.openers(&[("Declare an incident", DECLARE), ("Settings…", settings::CHANGE)])
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

#[cfg(test)]
mod tests {
    use super::*;
    use tools::model::ScopeId;

    #[test]
    fn a_block_tells_its_scope() {
        let settings = Shown {
            scope: ScopeId("prod-eu".to_owned()),
            flood: (3, SignedDuration::from_mins(5)),
            nudge_after: SignedDuration::ZERO,
            quiet: None,
            muted_until: None,
            last: None,
        };
        let view = view("/incident", &[Part { settings, open: Vec::new(), week: None }], 0);
        let ids: Vec<&str> =
            view["blocks"].as_array().unwrap().iter().map(|block| block["block_id"].as_str().unwrap()).collect();
        assert!(ids.len() > 2 && ids.iter().all(|id| scope_of(id) == Some("prod-eu")), "{ids:?}");
        for other in ["", "b0", "home.", "home.prod"] {
            assert_eq!(scope_of(other), None, "{other}");
        }
    }
}

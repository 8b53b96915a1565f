//! Purpose: the alarms that other bots post in a channel, read into the domain whichever bot it is.
//!
//! No source publishes how its messages look, teams shape them with templates, and anybody may post under any name. So a
//! message is taken apart once, and each source looks for what only its own messages have; a name decides at most between two
//! that look alike. What is no alarm to any of them stays as a note.

mod cloudwatch;
mod datadog;
mod email;
mod opsgenie;
mod pagerduty;
mod post;
mod prometheus;
mod sentry;
mod subject;

pub(super) use cloudwatch::is_console;

use super::{Parsed, amazon_q, note};
use post::{Part, Post};
use serde_json::Value;
use tools::model::{Alarm, AlarmState, Via};

/// No message tells of more alarms than this; what is more is left out.
const ALARMS: usize = 50;

/// What a message turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// Transitions of alarms, at least one, and the way they came.
    Alarms(Vec<(Via, Alarm)>),
    /// What a bot says that is no transition of an alarm, or none that can be read.
    Note(String),
    /// What a person says.
    Said(String),
    /// Nothing at all.
    Nothing,
}

/// How a source reads one part of a message.
type Reader = fn(&Post, &Part) -> Vec<(Via, Alarm)>;

/// The readers, the ones with the most telling marks first. Only the first that finds something in a part is heard.
const READERS: [Reader; 7] = [
    datadog::read,
    pagerduty::read,
    sentry::read,
    opsgenie::read,
    prometheus::read,
    cloudwatch::read_fields,
    cloudwatch::read_subject,
];

/// Reads a message: the `event` of a `message`, or the `message` inside a `message_changed`.
pub fn parse(message: &Value) -> Posted {
    let of_amazon_q = amazon_q::parse(message);
    if let Parsed::Alarm(alarm) = of_amazon_q {
        return Posted::Alarms(vec![(Via::AmazonQ, *alarm)]);
    }
    if email::is_one(message) {
        return match email::read(message) {
            Some(alarm) => Posted::Alarms(vec![(Via::Email, alarm)]),
            None => said(&email::text(message), Posted::Note),
        };
    }
    let post = Post::of(message);
    if !post.is_bot {
        return said(&post.text(), Posted::Said);
    }
    // Who says that it is Amazon Q and tells no alarm has told something else.
    if let Parsed::Note(text) = of_amazon_q {
        return Posted::Note(text);
    }
    let mut alarms: Vec<(Via, Alarm)> = Vec::new();
    for part in &post.parts {
        let found = READERS.iter().map(|read| read(&post, part)).find(|found| !found.is_empty());
        for (via, alarm) in found.unwrap_or_default() {
            let is_known = alarms.iter().any(|(_, known)| known.is_same_alarm(&alarm) && known.state == alarm.state);
            if !is_known && alarms.len() < ALARMS {
                alarms.push((via, alarm));
            }
        }
    }
    if alarms.is_empty() { said(&post.text(), Posted::Note) } else { Posted::Alarms(alarms) }
}

fn said(text: &str, kind: fn(String) -> Posted) -> Posted {
    let text = note(text);
    if text.is_empty() { Posted::Nothing } else { kind(text) }
}

/// The state that a word of any source means. Somebody's being at it does not change it, and a warning is an alarm as well.
fn state_of(word: &str) -> Option<AlarmState> {
    const STATES: [(AlarmState, &[&str]); 3] = [
        (
            AlarmState::Alarm,
            &[
                "alarm",
                "firing",
                "triggered",
                "re-triggered",
                "retriggered",
                "renotify",
                "alert",
                "alerting",
                "critical",
                "warn",
                "re-warn",
                "warning",
                "open",
                "opened",
                "reopened",
                "acknowledged",
                "acked",
                "escalated",
                "reassigned",
                "unresolved",
                "error",
                "problem",
                "created",
                "snoozed",
            ],
        ),
        (AlarmState::Ok, &["ok", "resolved", "recovered", "closed", "close", "normal", "cleared", "auto-resolved"]),
        (AlarmState::InsufficientData, &["insufficient_data", "insufficient data", "no data", "nodata", "re-no data"]),
    ];
    let word = word.trim().trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    STATES.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(state, _)| *state)
}

#[cfg(test)]
mod tests;

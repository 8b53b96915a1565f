//! Whoever is on call is called.

use crate::limits::cut;
use crate::message::Message;
use crate::mrkdwn::escape;
use crate::status;
use jiff::Timestamp;
use tools::model::{Incident, IncidentId};

/// The characters of somebody's own words that are passed on.
const MAX_WORDS: usize = 300;

/// The call, as a line in the thread: mentions notify. `whom` and `by` are phrases in mrkdwn, `text` is as somebody typed it.
pub fn line(incident: &Incident, whom: &[String], by: &str, text: Option<&str>, now: Timestamp) -> String {
    let words = text.map(|text| format!(": “{}”", escape(&cut(text.trim(), MAX_WORDS)))).unwrap_or_default();
    format!("📟 {}: {by} calls you to {}{words}\n{}", whom.join(" "), incident.id, status::lines(incident, now))
}

/// What whoever called is told.
pub fn paged(incident: IncidentId, whom: &[String]) -> Message {
    Message::plain(
        &format!("{incident}: paged"),
        &format!(
            "{} {} called in the thread of {incident}.",
            whom.join(", "),
            if whom.len() == 1 { "was" } else { "were" }
        ),
    )
}

/// What whoever called is told when nobody could be called; `why` is a phrase.
pub fn not_paged(why: &str) -> Message {
    Message::plain("Nobody was paged", &format!("⚠️ *Nobody was called*: {}.", escape(why)))
}

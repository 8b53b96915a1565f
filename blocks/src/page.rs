//! Whoever is on call is called.

use crate::limits::cut;
use crate::message::Message;
use crate::mrkdwn::escape;
use crate::{phrase, status};
use jiff::Timestamp;
use tools::model::{Incident, IncidentId};

/// The characters of somebody's own words that are passed on.
const MAX_WORDS: usize = 300;

/// The characters of a name that a schedule tells.
const MAX_NAME: usize = 80;

/// The call, as a line in the thread: mentions notify. `whom` and `by` are phrases in mrkdwn, `text` is as somebody typed it.
pub fn line(incident: &Incident, whom: &[String], by: &str, text: Option<&str>, now: Timestamp) -> String {
    let words = text.map(|text| format!(": “{}”", escape(&cut(text.trim(), MAX_WORDS)))).unwrap_or_default();
    format!("📟 {}: {by} calls you to {}{words}\n{}", whom.join(" "), incident.id, status::lines(incident, now))
}

/// Somebody whom the workspace does not know, as their schedule calls them: they are named, and nothing notifies them.
pub fn unknown(name: &str) -> String {
    format!("{} (not in this workspace)", phrase::words(cut(name, MAX_NAME)))
}

/// What whoever called is told; `instead` says why others were called than the schedule says, if so.
pub fn paged(incident: IncidentId, whom: &[String], instead: Option<&str>) -> Message {
    let were = if whom.len() == 1 { "was" } else { "were" };
    let text = format!("{} {were} called in the thread of {incident}.", whom.join(", "));
    let text = match instead {
        Some(why) => format!("{text}\n⚠️ That is the user group, not the schedule: {}.", escape(why)),
        None => text,
    };
    Message::plain(&format!("{incident}: paged"), &text)
}

/// What whoever called is told when nobody could be called; `why` is a phrase.
pub fn not_paged(why: &str) -> Message {
    Message::plain("Nobody was paged", &format!("⚠️ *Nobody was called*: {}.", escape(why)))
}

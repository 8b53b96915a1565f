//! The answer to `/incident changes`: what was changed, how likely each change is guilty, and why.

use crate::message::Message;
use crate::phrase;
use tools::model::{Change, Incident, Suspect, Verdict};

/// Changes told; the rest is counted.
const MAX_CHANGES: usize = 8;

/// Reasons told of one change; they come weightiest first.
const MAX_REASONS: usize = 4;

/// The answer about an incident.
pub fn answer(incident: &Incident) -> Message {
    let title = format!("{} · changes", incident.id);
    let mut message = Message::new(&title).header(&title);
    let Some(verdict) = incident.verdict.as_deref() else {
        return message.section("I have not looked yet.");
    };
    message = message.section(&headline(verdict));
    for suspect in verdict.changes.iter().take(MAX_CHANGES) {
        if let Some(change) = verdict.change(suspect.evidence) {
            message = message.section(&told(verdict, suspect, change));
        }
    }
    let more = verdict.changes.len().saturating_sub(MAX_CHANGES);
    let more = if more == 0 { String::new() } else { format!("and {more} less likely ones") };
    message.context(&[more])
}

pub(crate) fn headline(verdict: &Verdict) -> String {
    let unread = verdict.gaps.iter().find(|gap| gap.wanted.starts_with("changes"));
    let guilty = verdict.guilty.and_then(|id| Some((id, verdict.change(id)?)));
    match (guilty, unread) {
        (Some((id, change)), _) => format!(
            "The {} on {} is probably guilty{}.",
            change.kind,
            phrase::service(&change.service),
            phrase::refs(&[id])
        ),
        (None, Some(gap)) => format!(
            "I could not see all changes: {}. None of those I saw is guilty, as far as I can tell.",
            crate::mrkdwn::escape(&gap.because)
        ),
        (None, None) if verdict.changes.is_empty() => "No change was seen in the four hours before.".to_owned(),
        (None, None) => "No change is guilty, as far as I can tell. That is common: load, data and \
                         dependencies break things too."
            .to_owned(),
    }
}

pub(crate) fn told(verdict: &Verdict, suspect: &Suspect, change: &Change) -> String {
    let mark = if verdict.guilty == Some(suspect.evidence) { "*guilty*, " } else { "" };
    let commit = change.commit.as_ref().map(|commit| {
        let short: String = commit.id.chars().take(10).collect();
        format!(", commit {}", phrase::code(short))
    });
    let reasons: Vec<String> = suspect.reasons.iter().take(MAX_REASONS).map(phrase::reason).collect();
    let why = if reasons.is_empty() { String::new() } else { format!("\n{}", reasons.join("; ")) };
    format!(
        "{mark}{} likely: {}{}{}{why}",
        phrase::percent(suspect.likelihood),
        phrase::change(change),
        commit.unwrap_or_default(),
        phrase::refs(&[suspect.evidence])
    )
}

//! The answer to `/incident catchup`: what is new since a moment.

use crate::card;
use crate::message::Message;
use crate::phrase;
use jiff::SignedDuration;
use tools::model::{Delta, Incident, ServiceId};

/// Names in one line.
const MAX_NAMES: usize = 6;

/// The answer about an incident.
pub fn answer(incident: &Incident, delta: &Delta) -> Message {
    let title = format!("{} · what is new", incident.id);
    let now = incident.verdict.as_deref().map_or(delta.since, |verdict| verdict.at);
    let ago = now.duration_since(delta.since).max(SignedDuration::ZERO);
    let since = format!("Since {} ({} ago)", phrase::time(delta.since), phrase::span(ago));
    let news = if delta.is_empty() { "Nothing changed.".to_owned() } else { news(incident, delta).join("\n") };
    Message::new(&title).header(&title).titled(&since, &news).titled("Where it stands", &card::going_on(incident))
}

fn news(incident: &Incident, delta: &Delta) -> Vec<String> {
    let mut news = Vec::new();
    match (&delta.cause_then, &delta.cause_now) {
        (then, Some(now)) if then.as_ref() != Some(now) => {
            let sure = delta.confidence_now.map(|sure| format!(" ({})", phrase::confidence(sure))).unwrap_or_default();
            let before = match then {
                Some(then) => format!(", not {} any more", phrase::service(then)),
                None => String::new(),
            };
            news.push(format!("• the likely cause is {}{sure}{before}", phrase::service(now)));
        }
        (Some(then), None) => news.push(format!("• {} is no longer blamed", phrase::service(then))),
        _ => {}
    }
    let mut tell = |what: String, names: &[String]| {
        if !names.is_empty() {
            news.push(format!("• {what}: {}", listed(names)));
        }
    };
    let services = |ids: &[ServiceId]| ids.iter().map(phrase::service).collect::<Vec<_>>();
    let alarms = |names: &[String]| names.iter().map(phrase::code).collect::<Vec<_>>();
    tell(phrase::count(delta.fired.len(), "alarm more fires", "alarms more fire"), &alarms(&delta.fired));
    tell(phrase::count(delta.recovered.len(), "alarm is OK again", "alarms are OK again"), &alarms(&delta.recovered));
    tell("suffers now".to_owned(), &services(&delta.newly_affected));
    tell("is well again".to_owned(), &services(&delta.no_longer_affected));
    tell("expected to suffer next".to_owned(), &services(&delta.newly_expected));
    let changes = delta.changes.iter().filter_map(|suspect| {
        let change = incident.verdict.as_deref()?.change(suspect.evidence)?;
        Some(format!("• {}{}", phrase::change(change), phrase::refs(&[suspect.evidence])))
    });
    news.extend(changes.take(MAX_NAMES));
    news
}

fn listed(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(MAX_NAMES).cloned().collect();
    if names.len() > MAX_NAMES {
        shown.push(format!("{} more", names.len() - MAX_NAMES));
    }
    phrase::list(&shown)
}

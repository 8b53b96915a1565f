//! The answer to `/incident context`: what the card says, what is new to this person, and the evidence itself.

use crate::action::{Action, Topic};
use crate::card;
use crate::message::Message;
use crate::phrase;
use tools::model::{Incident, Look, Verdict};

/// Changes in one answer.
const MAX_CHANGES: usize = 5;

/// Bottlenecks in one answer.
const MAX_BOTTLENECKS: usize = 5;

/// Evidence lines in one answer; the rest is counted.
const MAX_EVIDENCE: usize = 8;

/// The answer for a person who saw `looked` when they last asked. `others` are the scope's other open incidents.
pub fn answer(incident: &Incident, looked: Option<&Look>, others: &[&Incident]) -> Message {
    let title = format!("{} · context", incident.id);
    let mut message = Message::new(&title).header(&title);
    if let Some(looked) = looked {
        message = message.titled(&format!("Since you looked at {}", phrase::time(looked.at)), &news(incident, looked));
    }
    message = message.titled("What's going on", &card::going_on(incident));
    if let Some(verdict) = &incident.verdict {
        message = card::body(message, verdict, card::Ahead::of(incident), MAX_CHANGES, MAX_BOTTLENECKS);
        message = message.context(&evidence(verdict));
    }
    let others: Vec<String> = others
        .iter()
        .take(5)
        .map(|other| format!("{} ({})", other.id, phrase::count(other.firing(), "alarm firing", "alarms firing")))
        .collect();
    let also = if others.is_empty() { String::new() } else { format!("Also open: {}", phrase::list(&others)) };
    message.actions(&more(incident)).context(&[also])
}

/// What a person may want to know next.
fn more(incident: &Incident) -> [(Action, &'static str); 7] {
    let ask = |topic: Topic| Action::Ask(topic, incident.id);
    [
        (ask(Topic::Why), "Why"),
        (ask(Topic::Predict), "Who is next"),
        (ask(Topic::Isolate), "Where to cut"),
        (ask(Topic::Changes), "Changes"),
        (ask(Topic::Timeline), "Timeline"),
        (ask(Topic::Auth), "Auth journey"),
        (ask(Topic::Similar), "Similar incidents"),
    ]
}

fn news(incident: &Incident, looked: &Look) -> String {
    let mut news = Vec::new();
    let joined = incident.alarms.len().saturating_sub(looked.alarms);
    if joined > 0 {
        news.push(format!("• {}", phrase::count(joined, "alarm joined", "alarms joined")));
    }
    let cause = incident.verdict.as_deref().and_then(Verdict::cause).map(|cause| &cause.service);
    match (looked.cause.as_ref(), cause) {
        (Some(before), Some(now)) if before != now => {
            news.push(format!("• the likely cause is {} now, not {}", phrase::service(now), phrase::service(before)));
        }
        (None, Some(now)) => news.push(format!("• a cause was found: {}", phrase::service(now))),
        (Some(before), None) => news.push(format!("• {} is no longer blamed", phrase::service(before))),
        (Some(_), Some(_)) | (None, None) => {}
    }
    if news.is_empty() { "Nothing changed.".to_owned() } else { news.join("\n") }
}

fn evidence(verdict: &Verdict) -> Vec<String> {
    // What the sentences above refer to comes first: the cause's, then the rest by number.
    let cited: Vec<_> = verdict.causes.first().into_iter().flat_map(|cause| cause.evidence.iter().copied()).collect();
    let mut ordered: Vec<_> = verdict.evidence.iter().collect();
    ordered.sort_by_key(|evidence| (!cited.contains(&evidence.id), evidence.id));
    let mut lines: Vec<String> = ordered.iter().take(MAX_EVIDENCE).map(|evidence| phrase::evidence(evidence)).collect();
    if verdict.evidence.len() > MAX_EVIDENCE {
        lines.push(format!("and {} more claims", verdict.evidence.len() - MAX_EVIDENCE));
    }
    lines
}

/// A verdict by itself, without an incident around it: what `clarity context` prints.
pub fn verdict(name: &str, verdict: &Verdict) -> Message {
    let affected: Vec<_> = verdict.affected.iter().map(|affected| &affected.service).collect();
    let going_on = match affected.as_slice() {
        [] => "No service is outside its normal range.".to_owned(),
        services => {
            let count = phrase::count(services.len(), "service", "services");
            format!("{count} affected: {}.", phrase::services(services.iter().copied(), 10))
        }
    };
    let message = Message::new(name).header(name).titled("What's going on", &going_on);
    card::body(message, verdict, card::Ahead::default(), MAX_CHANGES, MAX_BOTTLENECKS).context(&evidence(verdict))
}

//! The answer to `/incident why`: the case for the cause, how it spread, and what else was looked at.

use crate::card;
use crate::message::Message;
use crate::{phrase, regroup};
use tools::model::{Affected, Cause, Claim, Incident, Lane, ServiceId, Verdict};

/// Claims told in full.
const MAX_CLAIMS: usize = 8;

/// Hops told; a longer way is cut in the middle by nobody's wish, so its end is counted.
const MAX_HOPS: usize = 10;

/// The answer about an incident.
pub fn answer(incident: &Incident) -> Message {
    let title = format!("{} · why", incident.id);
    let message = Message::new(&title).header(&title);
    let Some(verdict) = incident.verdict.as_deref() else {
        return message.section("I have not looked into it yet: it became no flood, and nobody asked for context.");
    };
    let message = message.titled("What caused it", &card::caused(verdict));
    let Some(cause) = verdict.cause() else {
        let message = message.titled("What would settle it", &card::gaps(verdict));
        return regroup::menu(message, incident).context(&[method(verdict.lane)]);
    };
    let message = message.titled("What speaks for it", &claims(verdict, cause));
    let message = message.titled("How it spread", &spread(verdict)).titled("What else was looked at", &others(verdict));
    regroup::menu(message, incident).context(&[method(verdict.lane)])
}

fn claims(verdict: &Verdict, cause: &Cause) -> String {
    let claims: Vec<_> = cause.evidence.iter().filter_map(|id| verdict.claim(*id)).collect();
    let mut lines: Vec<String> =
        claims.iter().take(MAX_CLAIMS).map(|claim| format!("• {}", phrase::evidence(claim))).collect();
    if claims.len() > MAX_CLAIMS {
        lines.push(format!("• and {} more claims", claims.len() - MAX_CLAIMS));
    }
    lines.join("\n")
}

fn spread(verdict: &Verdict) -> String {
    let onset = |service: &ServiceId| -> Option<&Affected> {
        verdict.affected.iter().find(|affected| affected.service == *service)
    };
    let hops: Vec<String> = verdict
        .path
        .windows(2)
        .take(MAX_HOPS)
        .map(|hop| {
            let later = match (onset(&hop[0]), onset(&hop[1])) {
                (Some(from), Some(to)) => format!(", {}", phrase::later(to.onset.duration_since(from.onset).as_secs())),
                _ => String::new(),
            };
            let refs = onset(&hop[1]).map(|affected| phrase::refs(&affected.evidence)).unwrap_or_default();
            format!("• {} calls {}{later}{refs}", phrase::service(&hop[1]), phrase::service(&hop[0]))
        })
        .collect();
    match (hops.is_empty(), verdict.path.len().saturating_sub(MAX_HOPS + 1)) {
        (true, _) => "Nothing that calls it suffers, as far as I see.".to_owned(),
        (false, 0) => hops.join("\n"),
        (false, more) => format!("{}\n• and {}", hops.join("\n"), phrase::count(more, "more hop", "more hops")),
    }
}

fn others(verdict: &Verdict) -> String {
    let lines: Vec<String> = verdict.causes[1..].iter().take(4).map(|other| rejected(verdict, other)).collect();
    if lines.is_empty() { "Nothing else stood out.".to_owned() } else { lines.join("\n") }
}

fn rejected(verdict: &Verdict, other: &Cause) -> String {
    let own_share = other.evidence.iter().filter_map(|id| verdict.claim(*id)).find_map(|evidence| {
        if let Claim::Excess { own_share, .. } = &evidence.claim { Some(*own_share) } else { None }
    });
    let why = match own_share {
        Some(share) if share < 0.995 => {
            format!(": what it calls explains {} of what it shows", phrase::percent(1.0 - share))
        }
        Some(_) => ": it shows less, or later".to_owned(),
        None => String::new(),
    };
    let confidence = phrase::confidence(other.confidence);
    format!("• {} ({confidence}){why}{}", phrase::service(&other.service), phrase::refs(&other.evidence))
}

/// How the ranking was made, in one sentence.
fn method(lane: Lane) -> String {
    let how = match lane {
        Lane::ExcessFlow => {
            "each service's excess over its own past, minus what the services it calls explain of it; what nothing \
             explains is the cause"
        }
        Lane::MetricOnset => "who left its normal range first and furthest, since no calls between services are known",
        Lane::AlarmGraph => "where the alarms point along the calls, since no metrics could be read",
        Lane::AlarmOrder => "the order of the alarms alone: neither calls nor metrics could be read",
    };
    format!("Ranked by {lane}: {how}")
}

//! The auth journey as a funnel: a line for each hop, and the first service whose trouble nothing behind it explains.

use crate::message::Message;
use crate::mrkdwn::escape;
use crate::phrase;
use tools::model::{AuthHealth, Hop, HopStatus};

/// Hops in one answer; the rest is counted.
const MAX_HOPS: usize = 14;

/// Gaps in one answer; the rest is counted.
const MAX_GAPS: usize = 5;

/// Evidence lines in one answer; the rest is counted.
const MAX_EVIDENCE: usize = 8;

/// The answer to the question how the auth journey does.
pub fn answer(incident_title: &str, health: &AuthHealth) -> Message {
    let title = format!("{incident_title} · auth journey");
    let mut message = Message::new(&title).header(&title).section(&headline(health));
    if !health.hops.is_empty() {
        let mut hops: Vec<String> = health.hops.iter().take(MAX_HOPS).map(hop).collect();
        if health.hops.len() > MAX_HOPS {
            hops.push(format!("and {} more", phrase::count(health.hops.len() - MAX_HOPS, "hop", "hops")));
        }
        message = message.titled("Hop by hop", &hops.join("\n"));
    }
    message = message.titled("What we could not see", &gaps(health));
    message.context(&evidence(health)).context(&[format!("as of {}", phrase::time(health.at))])
}

fn headline(health: &AuthHealth) -> String {
    if health.hops.is_empty() {
        return "I know of no auth journey here, so I can say nothing about it.".to_owned();
    }
    let troubled = health.hops.iter().filter(|hop| matches!(hop.status, HopStatus::Losing | HopStatus::Slow)).count();
    let hops = phrase::count(health.hops.len(), "hop", "hops");
    match (&health.first_unexplained, troubled) {
        (Some(first), _) => format!(
            "{troubled} of {hops} in trouble. Followed from the entrance, {} is the first whose trouble nothing behind it explains.",
            phrase::service(first)
        ),
        (None, 0) if health.hops.iter().all(|hop| hop.status == HopStatus::Healthy) => {
            format!("All {hops} do what they usually do.")
        }
        (None, 0) => "No hop that was measured is in trouble.".to_owned(),
        (None, _) => format!("{troubled} of {hops} in trouble."),
    }
}

/// One hop: its sign and its word, never the sign alone; then its figures.
fn hop(hop: &Hop) -> String {
    let status = match hop.status {
        HopStatus::Healthy => "🟢 *healthy*",
        HopStatus::Slow => "🟡 *slow*",
        HopStatus::Losing => "🔴 *losing requests*",
        HopStatus::Unknown => "⚪ *not measured*",
    };
    let loss = hop.loss.map(|loss| {
        let usual = hop.usual_loss.map(|usual| format!(" (usually {} %)", phrase::number(100.0 * usual)));
        format!("loses {} % of its requests{}", phrase::number(100.0 * loss), usual.unwrap_or_default())
    });
    let latency = hop.latency_ms.map(|latency| {
        let usual = hop.usual_latency_ms.map(|usual| format!(" (usually {} ms)", phrase::number(usual)));
        format!("answers in {} ms{}", phrase::number(latency), usual.unwrap_or_default())
    });
    let added = hop.added_ms.filter(|added| *added >= 1.0 && hop.status != HopStatus::Healthy);
    let added = added.map(|added| format!("{} ms of the wait are its own", phrase::number(added.round())));
    let figures: Vec<String> = [loss, latency, added].into_iter().flatten().collect();
    let figures = if figures.is_empty() { String::new() } else { format!(": {}", figures.join(", ")) };
    format!("{status} {} {}{figures}{}", hop.stage, phrase::service(&hop.service), phrase::refs(&hop.evidence))
}

fn gaps(health: &AuthHealth) -> String {
    if health.gaps.is_empty() {
        return "Nothing was missing.".to_owned();
    }
    let line = |gap: &tools::model::Gap| {
        let remedy = gap.remedy.as_ref().map(|remedy| format!(" ({})", escape(remedy))).unwrap_or_default();
        format!("• {}: {}{remedy}", escape(&gap.wanted), escape(&gap.because))
    };
    let mut lines: Vec<String> = health.gaps.iter().take(MAX_GAPS).map(line).collect();
    if health.gaps.len() > MAX_GAPS {
        lines.push(format!("• and {} more", health.gaps.len() - MAX_GAPS));
    }
    lines.join("\n")
}

fn evidence(health: &AuthHealth) -> Vec<String> {
    let mut lines: Vec<String> = health.evidence.iter().take(MAX_EVIDENCE).map(phrase::evidence).collect();
    if health.evidence.len() > MAX_EVIDENCE {
        lines.push(format!("and {} more claims", health.evidence.len() - MAX_EVIDENCE));
    }
    lines
}

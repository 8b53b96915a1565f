//! The answer to `/incident stats`: how well it went.

use crate::message::Message;
use crate::phrase;
use jiff::SignedDuration;
use tools::model::Foresight;
use tools::stats::{Spans, Stats};

/// The answer.
pub fn answer(stats: &Stats) -> Message {
    let title = format!("The last {} days", stats.days);
    let message = Message::new(&title).header(&title);
    if stats.incidents == 0 {
        return message.section("No incident began in that time.");
    }
    message
        .section(&format!("Incidents: *{}*, floods among them: *{}*.", stats.incidents, stats.floods))
        .titled("Time to context", &spans(stats.time_to_context.as_ref(), "No card has said enough to act on yet."))
        .titled("Time to recovery", &spans(stats.time_to_recovery.as_ref(), "None of them is over yet."))
        .titled("Predictions", &foresight(&stats.foresight))
        .context(&["Time to context runs from the first alarm to the first card that says enough to act on".to_owned()])
}

fn spans(spans: Option<&Spans>, none: &str) -> String {
    let Some(spans) = spans else { return none.to_owned() };
    let span = |seconds: f64| phrase::span(SignedDuration::try_from_secs_f64(seconds.round()).unwrap_or_default());
    format!(
        "mean *{}*, median {}, longest {}, over {}",
        span(spans.mean_s),
        span(spans.median_s),
        span(spans.longest_s),
        phrase::count(spans.count, "incident", "incidents")
    )
}

fn foresight(foresight: &Foresight) -> String {
    let (Some(brier), Some(base_rate)) = (foresight.brier(), foresight.brier_base_rate()) else {
        return "Nothing to grade yet: predictions are graded when their incident is over.".to_owned();
    };
    let lead = foresight
        .mean_lead_minutes()
        .map(|minutes| format!(", {} min ahead on average", phrase::number(minutes)))
        .unwrap_or_default();
    let worth = if brier < base_rate { "better" } else { "no better" };
    format!(
        "{} of {} were foreseen{lead}. Brier score {brier:.3}, {worth} than the {base_rate:.3} of always stating the mean.",
        foresight.foreseen,
        phrase::count(foresight.spread, "service that was hit later", "services that were hit later"),
    )
}

//! The answer to `/incident stats`: how well it went.

use crate::message::Message;
use crate::phrase;
use jiff::SignedDuration;
use tools::model::Foresight;
use tools::recovery::verify::ReturnGrade;
use tools::stats::{PlanStats, RemedyRecord, Spans, Stats};

/// Remedies told; the rest is counted.
const MAX_REMEDIES: usize = 10;

/// The answer.
pub fn answer(stats: &Stats) -> Message {
    let title = format!("The last {} days", stats.days);
    let message = Message::new(&title).header(&title);
    if stats.incidents == 0 {
        return message.section("No incident began in that time.");
    }
    let (context, recovery) = (stats.time_to_context.as_ref(), stats.time_to_recovery.as_ref());
    let context = context.map_or_else(|| "No card has said enough to act on yet.".to_owned(), over_incidents);
    let recovery = recovery.map_or_else(|| "None of them is over yet.".to_owned(), over_incidents);
    let message = message
        .section(&format!("Incidents: *{}*, floods among them: *{}*.", stats.incidents, stats.floods))
        .titled("Time to context", &context)
        .titled("Time to recovery", &recovery);
    // Of plans that there are none of, nothing is said.
    let message = if stats.plans.proposed == 0 { message } else { plans(message, &stats.plans) };
    message
        .titled("Predictions", &foresight(&stats.foresight))
        .context(&["Time to context runs from the first alarm to the first card that says enough to act on".to_owned()])
}

fn plans(message: Message, plans: &PlanStats) -> Message {
    let message = message.titled("Plans", &approvals(plans));
    let lines: Vec<String> = plans.remedies.iter().take(MAX_REMEDIES).map(remedy).collect();
    let more = plans.remedies.len().saturating_sub(MAX_REMEDIES);
    let more =
        (more > 0).then(|| format!("• and {} that were tried less often", phrase::count(more, "remedy", "remedies")));
    let lines: Vec<String> = lines.into_iter().chain(more).collect();
    let message = if lines.is_empty() { message } else { message.titled("Remedies", &lines.join("\n")) };
    match returns(&plans.returns) {
        Some(told) => message.titled("Forecasts of recovery", &told),
        None => message,
    }
}

/// `7 plans were made; 5 needed the approval of others. From made to started: mean *3 min*, …. *1* expired unanswered.`
fn approvals(plans: &PlanStats) -> String {
    let made = phrase::count(plans.proposed, "plan was made", "plans were made").replacen("one", "One", 1);
    let latency = match (plans.needed_approval, plans.time_to_approval.as_ref()) {
        (0, _) => "; none needed the approval of others.".to_owned(),
        (needed, None) => format!("; {needed} needed the approval of others, and none of these was started."),
        (needed, Some(spans)) => format!(
            "; {needed} needed the approval of others. From made to started: {}.",
            spread(spans, "plan", "plans")
        ),
    };
    let expired = match plans.expired {
        0 => String::new(),
        expired => format!(" *{expired}* expired unanswered."),
    };
    format!("{made}{latency}{expired}")
}

/// `• reserved-concurrency: started 4 times: 2 kept, 1 undone or without effect and 1 failed`; what did not happen is not said.
fn remedy(record: &RemedyRecord) -> String {
    let parts = [
        (record.kept, "kept"),
        (record.undone, "undone or without effect"),
        (record.failed, "failed"),
        (record.unclear, "unclear"),
        (record.open, "not over yet"),
    ];
    let parts: Vec<String> =
        parts.into_iter().filter(|(times, _)| *times > 0).map(|(times, word)| format!("{times} {word}")).collect();
    format!(
        "• {}: started {}: {}",
        phrase::code(&record.remedy),
        phrase::count(record.started(), "time", "times").replace("one time", "once"),
        phrase::list(&parts)
    )
}

/// What forecasts of recoveries were worth; none where there is nothing to grade.
pub(crate) fn returns(grade: &ReturnGrade) -> Option<String> {
    let (brier, base_rate) = (grade.brier()?, grade.brier_base_rate()?);
    let off = grade
        .mean_minutes_off()
        .map(|minutes| {
            let returned = phrase::count(grade.returned, "service", "services");
            format!(", {} min off on average over the {returned} that came back", phrase::number(minutes))
        })
        .unwrap_or_default();
    let worth = if brier < base_rate { "better" } else { "no better" };
    Some(format!(
        "{} of {} back in time{off}. Brier score {brier:.3}, {worth} than the {base_rate:.3} of always stating the mean.",
        grade.in_time,
        phrase::count(grade.asked, "service was", "services were"),
    ))
}

fn over_incidents(spans: &Spans) -> String {
    spread(spans, "incident", "incidents")
}

fn spread(spans: &Spans, one: &str, many: &str) -> String {
    let span = |seconds: f64| phrase::span(SignedDuration::try_from_secs_f64(seconds.round()).unwrap_or_default());
    format!(
        "mean *{}*, median {}, longest {}, over {}",
        span(spans.mean_s),
        span(spans.median_s),
        span(spans.longest_s),
        phrase::count(spans.count, one, many)
    )
}

pub(crate) fn foresight(foresight: &Foresight) -> String {
    let (Some(brier), Some(base_rate)) = (foresight.brier(), foresight.brier_base_rate()) else {
        return "Nothing to grade yet: predictions are graded when their incident is over.".to_owned();
    };
    let lead = foresight
        .mean_lead_minutes()
        .map(|minutes| format!(", {} min ahead on average", phrase::number(minutes)))
        .unwrap_or_default();
    let worth = if brier < base_rate { "better" } else { "no better" };
    let foreseen = match foresight.spread {
        0 => "Nobody was hit later".to_owned(),
        spread => format!(
            "{} of {} were foreseen{lead}",
            foresight.foreseen,
            phrase::count(spread, "service that was hit later", "services that were hit later"),
        ),
    };
    format!("{foreseen}. Brier score {brier:.3}, {worth} than the {base_rate:.3} of always stating the mean.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn record(remedy: &str, kept: usize, undone: usize, failed: usize) -> RemedyRecord {
        RemedyRecord { remedy: remedy.to_owned(), kept, undone, failed, unclear: 0, open: 0 }
    }

    fn told(plans: PlanStats) -> String {
        let foresight = Foresight::default();
        let (time_to_context, time_to_recovery) = (None, None);
        let stats = Stats { days: 7, incidents: 3, floods: 2, time_to_context, time_to_recovery, foresight, plans };
        crate::text::message(&answer(&stats).to_json(), &|_| None)
    }

    #[test]
    fn what_became_of_plans_is_told_with_its_counts() {
        let spans = Spans { count: 4, mean_s: 240.0, median_s: 180.0, longest_s: 600.0 };
        let returns = ReturnGrade { asked: 4, in_time: 3, squared: 0.5, returned: 3, minutes_off: 4.5 };
        let remedies = vec![record("reserved-concurrency", 3, 1, 0), record("<odd>", 0, 0, 1)];
        let (proposed, needed_approval, expired) = (9, 6, 2);
        let time_to_approval = Some(spans);
        let plans = PlanStats { proposed, needed_approval, time_to_approval, expired, remedies, returns };
        assert_snapshot!(told(plans.clone()), @"
        The last 7 days
        Incidents: 3, floods among them: 2.
        Time to context
        No card has said enough to act on yet.
        Time to recovery
        None of them is over yet.
        Plans
        9 plans were made; 6 needed the approval of others. From made to started: mean 4 min, median 3 min, longest 10 min, over 4 plans. 2 expired unanswered.
        Remedies
        • `reserved-concurrency`: started 4 times: 3 kept and 1 undone or without effect
        • `<odd>`: started once: 1 failed
        Forecasts of recovery
        3 of 4 services were back in time, 1.5 min off on average over the 3 services that came back. Brier score 0.125, better than the 0.188 of always stating the mean.
        Predictions
        Nothing to grade yet: predictions are graded when their incident is over.
        · Time to context runs from the first alarm to the first card that says enough to act on
        ");
        let many = (0..12).map(|number| record(&format!("remedy-{number}"), 1, 0, 0)).collect();
        let told = told(PlanStats { remedies: many, ..plans });
        assert!(told.contains("`remedy-9`") && !told.contains("`remedy-10`"), "{told}");
        assert!(told.contains("and 2 remedies that were tried less often"), "{told}");
    }

    #[test]
    fn of_nothing_nothing_is_told() {
        assert_snapshot!(told(PlanStats::default()), @"
        The last 7 days
        Incidents: 3, floods among them: 2.
        Time to context
        No card has said enough to act on yet.
        Time to recovery
        None of them is over yet.
        Predictions
        Nothing to grade yet: predictions are graded when their incident is over.
        · Time to context runs from the first alarm to the first card that says enough to act on
        ");
        assert_snapshot!(told(PlanStats { proposed: 1, needed_approval: 1, expired: 1, ..PlanStats::default() }), @"
        The last 7 days
        Incidents: 3, floods among them: 2.
        Time to context
        No card has said enough to act on yet.
        Time to recovery
        None of them is over yet.
        Plans
        One plan was made; 1 needed the approval of others, and none of these was started. 1 expired unanswered.
        Predictions
        Nothing to grade yet: predictions are graded when their incident is over.
        · Time to context runs from the first alarm to the first card that says enough to act on
        ");
    }
}

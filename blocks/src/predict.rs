//! Who is hit next: the answer to `/incident predict`, and the same in short on the card.

use crate::card;
use crate::message::Message;
use crate::phrase;
use tools::model::{Incident, Outlook, Prediction, Unseen};

/// Predictions in one answer; the rest is counted.
const MAX_PREDICTIONS: usize = 8;

/// Evidence lines in one answer.
const MAX_EVIDENCE: usize = 8;

/// The answer about an incident.
pub fn answer(incident: &Incident) -> Message {
    let title = format!("{} · who is hit next", incident.id);
    let message = Message::new(&title).header(&title);
    let Some(outlook) = &incident.outlook else {
        return message.section("I have not looked ahead yet; ask again in a moment.");
    };
    let mut message = message;
    if outlook.predictions.is_empty() {
        message = message.section("Nobody that is well now is likely to be hit, as far as I can see.");
    }
    for prediction in outlook.predictions.iter().take(MAX_PREDICTIONS) {
        message = message.section(&full(prediction));
    }
    let unseen: Vec<String> = outlook.unseen.iter().take(MAX_PREDICTIONS).map(below).collect();
    if !unseen.is_empty() {
        message =
            message.titled("Who may suffer already, below an alarm that nothing explains yet", &unseen.join("\n"));
    }
    let rest = outlook.predictions.len().saturating_sub(MAX_PREDICTIONS);
    let more = if rest == 0 { String::new() } else { format!("and {rest} less likely or later ones") };
    let others = match outlook.others {
        0 => String::new(),
        others => format!(
            "each of the other {}: {}",
            phrase::count(others, "service that is well", "services that are well"),
            percent(outlook.otherwise)
        ),
    };
    let cited = outlook.predictions.iter().take(MAX_PREDICTIONS).flat_map(|prediction| &prediction.evidence);
    let said = format!("said at {}; graded when the incident is over", phrase::time(outlook.at));
    message
        .section(&card::gap_lines(&outlook.gaps))
        .context(&evidence(incident, outlook, cited.copied()))
        .context(&[more, others, said])
}

/// The claims behind an answer, each once, in order.
pub(crate) fn evidence(
    incident: &Incident,
    outlook: &Outlook,
    cited: impl Iterator<Item = tools::model::EvidenceId>,
) -> Vec<String> {
    let mut cited: Vec<_> = cited.collect();
    cited.sort_unstable();
    cited.dedup();
    let verdicts = incident.verdict.iter().flat_map(|verdict| &verdict.evidence);
    let all: Vec<_> = verdicts.chain(&outlook.evidence).collect();
    let claims = cited.iter().filter_map(|id| all.iter().find(|evidence| evidence.id == *id));
    claims.take(MAX_EVIDENCE).map(|evidence| phrase::evidence(evidence)).collect()
}

fn full(prediction: &Prediction) -> String {
    let mut lines = vec![format!("*{}*, {}", phrase::service(&prediction.service), likely(prediction))];
    if let Some(harm) = harm(prediction) {
        lines.push(harm);
    }
    if prediction.path.len() > 1 {
        let way: Vec<String> = prediction.path.iter().map(phrase::service).collect();
        lines.push(format!("way: {}{}", way.join(" → "), phrase::refs(&prediction.evidence)));
    } else {
        lines.push(format!("through {}{}", phrase::service(&prediction.through), phrase::refs(&prediction.evidence)));
    }
    lines.join("\n")
}

fn below(unseen: &Unseen) -> String {
    format!(
        "• {}, which {} waits for: {} likely{}",
        phrase::service(&unseen.service),
        phrase::service(&unseen.above),
        percent(unseen.probability),
        phrase::refs(&unseen.evidence)
    )
}

/// One line for the card.
pub(crate) fn short(prediction: &Prediction) -> String {
    let harm = harm(prediction).map(|harm| format!("; {harm}")).unwrap_or_default();
    format!(
        "• {}, through {}: {}{harm}{}",
        phrase::service(&prediction.service),
        phrase::service(&prediction.through),
        likely(prediction),
        phrase::refs(&prediction.evidence)
    )
}

/// `64 % likely, in about 4 min`.
fn likely(prediction: &Prediction) -> String {
    let soon = match prediction.in_minutes {
        Some(minutes) if minutes < 1.0 => ", any moment",
        Some(minutes) => &format!(", in about {minutes:.0} min"),
        None => "",
    };
    format!("{} likely{soon}", percent(prediction.probability))
}

/// What is at stake, where anybody counts it.
fn harm(prediction: &Prediction) -> Option<String> {
    let at_risk = prediction.requests_per_min_at_risk.filter(|at_risk| *at_risk >= 1.0);
    let at_risk = at_risk.map(|at_risk| format!("{} requests a minute at risk", phrase::number(at_risk.round())));
    let share = prediction.entry_share.filter(|share| *share >= 0.005);
    let share = share.map(|share| format!("{} of what users ask for needs it", phrase::percent(share)));
    let parts: Vec<String> = at_risk.into_iter().chain(share).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A probability; small ones are not nothing.
fn percent(probability: f64) -> String {
    if probability < 0.005 { "less than 1 %".to_owned() } else { phrase::confidence(probability) }
}

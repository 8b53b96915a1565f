//! Where to cut: the answer to `/incident isolate`, and the same in one line on the card.

use crate::card;
use crate::message::Message;
use crate::phrase;
use crate::predict::evidence;
use tools::model::{CutEdge, Incident, Isolation, IsolationReason, IsolationRemedy};

/// Services named in one answer; the rest is counted.
const MAX_SERVICES: usize = 8;

/// The answer about an incident.
pub fn answer(incident: &Incident) -> Message {
    let title = format!("{} · where to cut", incident.id);
    let message = Message::new(&title).header(&title);
    let Some(outlook) = &incident.outlook else {
        return message.section("I have not looked ahead yet; ask again in a moment.");
    };
    let isolation = &outlook.isolation;
    let mut message = message.section(&because(isolation));
    if !isolation.cut.is_empty() {
        let lines: Vec<String> = isolation.cut.iter().map(|edge| format!("• {}", full(edge))).collect();
        let title = if isolation.worth_it { "The cheapest cut" } else { "The cheapest cut, for completeness" };
        message = message.titled(title, &lines.join("\n"));
        message = message.titled("Then", &then(isolation));
    }
    let cited = isolation.cut.iter().flat_map(|edge| &edge.evidence).copied();
    message
        .section(&card::gap_lines(&outlook.gaps))
        .context(&evidence(incident, outlook, cited))
        .context(&[format!("said at {}; nothing was changed", phrase::time(outlook.at))])
}

/// One line for the card; none where no cut is worth it.
pub(crate) fn short(isolation: &Isolation) -> Option<String> {
    let [edge, rest @ ..] = isolation.cut.as_slice() else { return None };
    if !isolation.worth_it {
        return None;
    }
    let more =
        if rest.is_empty() { String::new() } else { format!(" and {} more", phrase::count(rest.len(), "cut", "cuts")) };
    let effect = if let IsolationReason::Saves { lost_per_min, saved_per_min } = &isolation.because {
        let (saved, lost) = (phrase::number(saved_per_min.round()), phrase::number(lost_per_min.round()));
        format!(": saves {saved} requests a minute, and refuses {lost} that would have succeeded")
    } else {
        String::new()
    };
    Some(format!("{}{more}{effect}{}", remedy(edge), phrase::refs(&edge.evidence)))
}

fn because(isolation: &Isolation) -> String {
    let per_min = |per_min: f64| phrase::number(per_min.round());
    match &isolation.because {
        IsolationReason::Saves { lost_per_min, saved_per_min } => format!(
            "A cut is worth it: it saves {} requests a minute and refuses {} that would have succeeded.",
            per_min(*saved_per_min),
            per_min(*lost_per_min)
        ),
        IsolationReason::RefusesMore { lost_per_min, saved_per_min } => format!(
            "No cut is worth it: the cheapest one saves {} requests a minute and refuses {} that would have succeeded.",
            per_min(*saved_per_min),
            per_min(*lost_per_min)
        ),
        IsolationReason::NothingFails => "There is nothing to cut off: nothing fails.".to_owned(),
        IsolationReason::NothingToProtect => {
            "No cut is worth it: nobody that is still well waits for the failing part.".to_owned()
        }
        IsolationReason::NothingCuts { caller, callee } => format!(
            "No remedy can cut the way to those that must stay healthy: it leads over {} → {}.",
            phrase::service(caller),
            phrase::service(callee)
        ),
        IsolationReason::Uncounted => {
            "I cannot say whether a cut is worth it: nobody counts the requests over it.".to_owned()
        }
    }
}

fn full(edge: &CutEdge) -> String {
    let rate = edge
        .requests_per_min
        .map(|rate| format!(", {} requests a minute go there", phrase::number(rate.round())))
        .unwrap_or_default();
    format!("{}{rate}{}", remedy(edge), phrase::refs(&edge.evidence))
}

/// The cut in the words of the catalogue.
fn remedy(edge: &CutEdge) -> String {
    let way = format!("{} → {}", phrase::service(&edge.caller), phrase::service(&edge.callee));
    match &edge.remedy {
        IsolationRemedy::ReservedConcurrency { function, concurrency } => {
            let number = concurrency.map_or_else(|| "as usual".to_owned(), |concurrency| concurrency.to_string());
            format!("damp retries of {way}: reserved concurrency {number} on {}", phrase::service(function))
        }
        IsolationRemedy::PauseEventSource { source, function } => {
            format!("pause the event source mapping {} → {}", phrase::service(source), phrase::service(function))
        }
        IsolationRemedy::DisableRule { rule } => format!("disable the EventBridge rule {}", phrase::service(rule)),
        IsolationRemedy::Runbook { service } => {
            format!("break {way}: run your circuit breaker runbook of {}", phrase::service(service))
        }
    }
}

/// The counterfactual: who recovers, and what is refused.
fn then(isolation: &Isolation) -> String {
    let mut lines = Vec::new();
    lines.push(match isolation.recovers.as_slice() {
        [] => "• nobody recovers by that alone".to_owned(),
        services => {
            let verb = if services.len() == 1 { "recovers" } else { "recover" };
            format!("• {} {verb}, if they do without the answers", phrase::services(services.iter(), MAX_SERVICES))
        }
    });
    if let Some(refused) = isolation.refused_per_min {
        let share =
            isolation.refused_share.map(|share| format!(", {} of what the callers get", phrase::percent(share)));
        lines.push(format!(
            "• up to {} requests a minute are refused or delayed{}",
            phrase::number(refused.round()),
            share.unwrap_or_default()
        ));
    }
    lines.join("\n")
}

//! The answer to `/incident similar`: which past incidents resemble this one, and what fixed them.

use crate::message::Message;
use crate::mrkdwn::escape;
use crate::phrase;
use tools::model::{Gap, Incident, Shared, Similar};

/// The answer about an incident. `compared` is how many past ones there were.
pub fn answer(incident: &Incident, similar: &[Similar], compared: usize, gaps: &[Gap]) -> Message {
    let title = format!("{} · similar incidents", incident.id);
    let mut message = Message::new(&title).header(&title);
    for gap in gaps {
        message = message.section(&format!("I could not read {}: {}.", escape(&gap.wanted), escape(&gap.because)));
    }
    if similar.is_empty() && gaps.is_empty() {
        let text = match compared {
            0 => "There is no past incident here to compare with; this is the first I know of.".to_owned(),
            _ => format!(
                "None of the {} of the last 90 days resembles it.",
                phrase::count(compared, "past incident", "past incidents")
            ),
        };
        return message.section(&text);
    }
    for similar in similar {
        let head = format!(
            "*{}*, {} · {} alike",
            similar.incident,
            phrase::day(similar.began),
            phrase::percent(similar.likeness)
        );
        let shared: Vec<String> = similar.shared.iter().map(shared).collect();
        message = message.section(&format!("{head}\n{}\n{}", shared.join("\n"), ended(similar)));
    }
    message
        .context(&[format!("compared with {} of the last 90 days", phrase::count(compared, "incident", "incidents"))])
}

fn shared(shared: &Shared) -> String {
    let codes = |names: &[String]| phrase::list(&names.iter().map(phrase::code).collect::<Vec<_>>());
    match shared {
        Shared::Cause(service) => format!("• the same cause: {}", phrase::service(service)),
        Shared::Services(services) => {
            format!("• the same services suffer: {}", phrase::services(services.iter(), services.len()))
        }
        Shared::Alarms(names) => format!("• the same alarms: {}", codes(names)),
        Shared::Words(words) => format!("• the same words: {}", codes(words)),
    }
}

fn ended(similar: &Similar) -> String {
    let Some(ended) = &similar.ended else { return "It has not recovered, as far as I know.".to_owned() };
    let after = match (&ended.remedy, &ended.after) {
        (Some(remedy), _) => {
            format!(", after a plan that was kept: {}", phrase::words(crate::limits::cut(remedy, 300)))
        }
        (None, Some(change)) => format!(", after a {}", phrase::change(change)),
        (None, None) => "; I saw no change that could have fixed it".to_owned(),
    };
    format!("Recovered after {}{after}.", phrase::span(ended.at.duration_since(similar.began)))
}

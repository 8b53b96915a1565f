//! The lone alarms that were gathered while it was quiet.

use crate::action::{Action, Topic};
use crate::message::{Button, Message};
use crate::{people, phrase};
use tools::model::Incident;

/// Incidents that are listed; the rest is counted.
const MAX_LISTED: usize = 15;

/// One message for all of them, the oldest first. Edited when one of them recovers.
pub fn gathered(incidents: &[&Incident]) -> Message {
    let firing = incidents.iter().filter(|incident| incident.firing() > 0).count();
    let (one, many) = ("lone alarm came while it was quiet", "lone alarms came while it was quiet");
    let title = phrase::count(incidents.len(), one, many);
    let still = match firing {
        0 => "none fires any more".to_owned(),
        firing => phrase::count(firing, "fires still", "fire still"),
    };
    let message = Message::new(&format!("{title}: {still}")).header(&phrase::capital(&title));
    let message = message.section(&format!("{}.", phrase::capital(&still)));
    let message = incidents.iter().take(MAX_LISTED).fold(message, |message, incident| {
        let sign = if incident.firing() > 0 { "🔴" } else { "🟢" };
        let text = format!("{sign} {}", people::listed(incident));
        message.section_beside(&text, &Button::new(Action::Ask(Topic::Context, incident.id), "Context"))
    });
    let more = incidents.len().saturating_sub(MAX_LISTED);
    message.section(&if more > 0 { format!("And {more} more.") } else { String::new() })
}

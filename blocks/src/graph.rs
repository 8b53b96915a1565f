//! The blast-radius picture: in the thread, and as the answer to `/incident graph`, with what the map rests on.

use crate::message::Message;
use crate::mrkdwn::escape;
use crate::phrase;
use tools::model::{Conflict, Drawing, EdgeMode, Incident, MapSummary, Origin};

/// The answer about an incident; with why there is no newer picture, if that was wanted in vain.
pub fn answer(incident: &Incident, problem: Option<&str>) -> Message {
    let title = format!("{} · blast radius", incident.id);
    let mut message = Message::new(&title).header(&title);
    if let Some(problem) = problem {
        let older = if incident.drawing.is_some() { " The latest one there is follows." } else { "" };
        message = message.section(&format!("I could not bring a new picture here: {}.{older}", escape(problem)));
    }
    if let Some(drawing) = &incident.drawing {
        message = with_picture(message, drawing).section(&escape(&drawing.alt));
    }
    let Some(map) = incident.outlook.as_ref().and_then(|outlook| outlook.map.as_ref()) else {
        return message.section("There is no map of who calls whom, so there is little to draw.");
    };
    message.titled("What the map rests on", &rests_on(map))
}

/// The picture under what the message says so far.
pub fn with_picture(message: Message, drawing: &Drawing) -> Message {
    message.picture(&drawing.file, &drawing.alt, &format!("Blast radius at {} UTC", phrase::clock(drawing.at)))
}

/// A new picture, for the thread.
pub fn line(drawing: &Drawing) -> String {
    format!("🗺️ *Blast radius* as of {}: {}", phrase::time(drawing.at), escape(&drawing.alt))
}

/// `8 services, 9 calls: 7 from X-Ray, 3 from the configuration`.
pub(crate) fn size(map: &MapSummary) -> String {
    let services = phrase::count(map.services, "service", "services");
    let calls = phrase::count(map.edges, "call", "calls");
    let sources: Vec<String> = map.sources.iter().map(|(source, edges, _)| format!("{edges} from {source}")).collect();
    if sources.is_empty() {
        format!("{services}, {calls}")
    } else {
        format!("{services}, {calls}: {}", phrase::list(&sources))
    }
}

fn rests_on(map: &MapSummary) -> String {
    let mut lines = vec![format!("• {}", size(map))];
    let seen: Vec<String> =
        map.sources.iter().map(|(source, _, seen)| format!("{source} at {}", phrase::time(*seen))).collect();
    if !seen.is_empty() {
        lines.push(format!("• last seen: {}", phrase::list(&seen)));
    }
    if map.uncounted > 0 {
        lines.push(format!("• nobody counts the requests of {}", phrase::count(map.uncounted, "call", "calls")));
    }
    lines.extend(map.shown.iter().map(|conflict| format!("• {}", contradiction(conflict))));
    let rest = map.conflicts.saturating_sub(map.shown.len());
    if rest > 0 {
        lines.push(format!("• and {}", phrase::count(rest, "more contradiction", "more contradictions")));
    }
    lines.join("\n")
}

fn contradiction(conflict: &Conflict) -> String {
    let source = |origin: &Origin| origin.source.to_string();
    match conflict {
        Conflict::Mode { caller, callee, stated } => {
            let mode = |mode: EdgeMode| match mode {
                EdgeMode::Sync => "waits",
                EdgeMode::Async => "does not wait",
            };
            let said: Vec<String> =
                stated.iter().map(|stated| format!("{}: it {}", source(&stated.origin), mode(stated.value))).collect();
            format!(
                "whether {} waits for {} is not agreed on: {}",
                phrase::service(caller),
                phrase::service(callee),
                said.join(", ")
            )
        }
        Conflict::Rate { caller, callee, stated } => {
            let said: Vec<String> = stated
                .iter()
                .map(|stated| format!("{}: {} a minute", source(&stated.origin), phrase::number(stated.value)))
                .collect();
            format!(
                "how often {} calls {} is not agreed on: {}",
                phrase::service(caller),
                phrase::service(callee),
                said.join(", ")
            )
        }
        Conflict::Unseen { caller, callee, stated_by, silent } => {
            let by: Vec<String> = stated_by.iter().map(source).collect();
            format!(
                "{} calls {} by {}, but {} does not see it",
                phrase::service(caller),
                phrase::service(callee),
                phrase::list(&by),
                source(silent)
            )
        }
        Conflict::Kind { service, stated } => {
            let said: Vec<String> =
                stated.iter().map(|(source, kind)| format!("{source}: {}", phrase::code(kind))).collect();
            format!("what {} is, is not agreed on: {}", phrase::service(service), said.join(", "))
        }
    }
}

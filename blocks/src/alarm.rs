//! Alarms told one by one: a line in a thread, a lone alarm's reply or line.

use crate::action::{Action, Topic};
use crate::message::Message;
use crate::mrkdwn::escape;
use crate::{phrase, regroup};
use tools::model::{Alarm, AlarmState, Apartness, Because, Incident, IncidentId, JoinedAlarm, Via};

/// One alarm as a line in the incident's thread: state, name, time, and why it is here.
pub fn thread_line(joined: &JoinedAlarm) -> String {
    let alarm = &joined.alarm;
    let turned = joined.transitions.len();
    let why = if turned > 1 { format!("turn {turned} of this alarm") } else { phrase::because(&joined.because) };
    format!("{} {} at {} — {why}", phrase::state(alarm.state), linked(alarm), phrase::time(alarm.changed_at))
}

/// The alarm's name, as a link where there is one.
fn linked(alarm: &Alarm) -> String {
    match &alarm.link {
        Some(link) if link.starts_with("https://") => {
            format!("<{}|{}>", escape(link).replace('|', "%7C"), escape(&alarm.name).replace('|', "¦"))
        }
        _ => phrase::code(&alarm.name),
    }
}

/// The reply under the message of another bot that brought a lone alarm.
pub fn lone_reply(incident: &Incident) -> Message {
    let text = format!("{}: {}", incident.id, headline(incident));
    let mrkdwn = match incident.alarms.len() {
        1 => format!("No other alarm near it{}. I keep watching, and open a card when more join.", belongs(incident)),
        many => format!("{many} alarms belong together so far. I open a card when more join."),
    };
    Message::new(&text).section(&mrkdwn).context(&[footer(incident)])
}

/// The compact line of an incident that is not a flood: every alarm of it, newest state first told, and what is being done.
pub fn lone_line(incident: &Incident) -> Message {
    let text = format!("{}: {}", incident.id, headline(incident));
    let lines: Vec<String> = incident
        .alarms
        .iter()
        .map(|joined| {
            let alarm = &joined.alarm;
            let time = phrase::time(alarm.changed_at);
            // Alone there is nothing to be first of.
            let is_alone = incident.alarms.len() == 1 && joined.because == Because::First;
            let why = if is_alone { "no other alarm near it".to_owned() } else { phrase::because(&joined.because) };
            format!("{} {} at {time} — {why}", phrase::state(alarm.state), linked(alarm))
        })
        .collect();
    let message = Message::new(&text).section(&lines.join("\n"));
    let message = match crate::plan::summary(incident) {
        Some(plans) => message.titled("What is being done", &plans),
        None => message,
    };
    let message = match belongs_to(incident) {
        Some((other, label)) => message.actions(&[(Action::Merge(incident.id, other), &label)]),
        None => regroup::menu(message, incident),
    };
    let standing = crate::people::standing(incident);
    message.context(&standing.into_iter().chain([footer(incident)]).collect::<Vec<_>>())
}

/// The incident from which a lone alarm stands apart while both are fresh: who knows better says so with one click.
fn belongs_to(incident: &Incident) -> Option<(IncidentId, String)> {
    let [only] = incident.alarms.as_slice() else { return None };
    match &only.because {
        Because::Apart { from, reason } if !matches!(reason, Apartness::TooLate { .. }) => {
            Some((*from, format!("It belongs to {from}")))
        }
        Because::Split { from, .. } => Some((*from, format!("It belongs to {from}"))),
        Because::Apart { .. }
        | Because::First
        | Because::SameService { .. }
        | Because::Connected { .. }
        | Because::SharedCallee { .. }
        | Because::Composite { .. }
        | Because::Alike { .. }
        | Because::Told { .. }
        | Because::Merged { .. } => None,
    }
}

fn footer(incident: &Incident) -> String {
    let mut sources: Vec<String> =
        incident.alarms.iter().flat_map(|joined| joined.sources()).map(|via: Via| via.to_string()).collect();
    sources.sort_unstable();
    sources.dedup();
    format!("{} · told by {} · {}", incident.id, phrase::list(&sources), hint(incident))
}

fn hint(incident: &Incident) -> String {
    phrase::code(format!("/incident context {}", incident.id))
}

fn belongs(incident: &Incident) -> String {
    let service = incident.alarms.iter().find_map(|joined| joined.service.as_ref());
    service.map(|service| format!("; it belongs to {}", phrase::service(service))).unwrap_or_default()
}

fn headline(incident: &Incident) -> String {
    let names: Vec<String> = incident.alarms.iter().map(|joined| joined.alarm.name.clone()).collect();
    let word = match incident.alarms.first().map(|joined| joined.alarm.state) {
        Some(AlarmState::Ok) => "is OK again",
        Some(AlarmState::InsufficientData) => "has no data",
        Some(AlarmState::Alarm) | None => "fires",
    };
    match names.as_slice() {
        [only] => format!("{only} {word}"),
        _ => phrase::list(&names),
    }
}

/// The button that asks for context.
pub(crate) fn context_button(incident: &Incident) -> [(Action, &'static str); 1] {
    [(Action::Ask(Topic::Context, incident.id), "Context, just for me")]
}

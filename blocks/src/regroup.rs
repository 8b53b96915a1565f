//! What people read who merge incidents or take alarms out of one, and the menu by which they do.

use crate::action::Action;
use crate::message::Message;
use crate::phrase;
use tools::model::{Incident, IncidentId, Merged};

/// Where alarms of an incident can be taken out of it: one by one, by a menu.
pub fn choose(incident: &Incident, found: Option<usize>) -> Message {
    let id = incident.id;
    let text = match found {
        Some(0) => format!("Nothing of {id} is called so. Which of its alarms does not belong to it?"),
        Some(many) => format!("{many} alarms of {id} are called so. Which one does not belong to it?"),
        None => format!("Which alarm does not belong to {id}? It gets an incident of its own, and I remember it."),
    };
    menu(Message::plain("Which alarm does not belong?", &text), incident)
}

/// The menu by itself, where there is something to choose from: who takes out the only alarm takes out everything.
pub(crate) fn menu(message: Message, incident: &Incident) -> Message {
    if incident.alarms.len() < 2 {
        return message;
    }
    let options: Vec<(Action, &str)> = incident
        .alarms
        .iter()
        .map(|joined| (Action::Split(incident.id, joined.alarm.key().digest()), joined.alarm.name.as_str()))
        .collect();
    message.menu("Not related…", &options)
}

/// An incident is merged into another one.
pub fn merged(from: IncidentId, into: IncidentId, alarms: usize) -> Message {
    let alarms = phrase::count(alarms, "alarm moves", "alarms move");
    let text = format!(
        "{from} is part of {into} now: {alarms} there. I remember that these belong together; `split` takes them apart again."
    );
    Message::plain(&format!("{from} is merged into {into}"), &text)
}

/// Why two incidents are not merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotMerged {
    /// They are one already.
    Same,
    /// There is no other one.
    NoOther,
}

/// Two incidents are not merged, and why.
pub fn not_merged(from: IncidentId, into: IncidentId, why: NotMerged) -> Message {
    let text = match why {
        NotMerged::Same if from == into => format!("{from} cannot be merged into itself."),
        NotMerged::Same => format!("{from} and {into} are one incident already."),
        NotMerged::NoOther => format!("No other incident is open that {from} could be merged into."),
    };
    Message::plain("Nothing was merged", &text)
}

/// Alarms are taken out of an incident.
pub fn split(incident: IncidentId, names: &[&str], more: usize) -> Message {
    let named: Vec<String> = names.iter().take(5).map(phrase::code).collect();
    let others = names.len().saturating_sub(named.len());
    let others = if others > 0 { format!(" and {others} more") } else { String::new() };
    let more = if more > 0 {
        format!(" {more} more of that kind are still there: ask once more for the rest.")
    } else {
        String::new()
    };
    let get = if names.len() == 1 { "gets" } else { "get" };
    let text = format!(
        "{}{others} {get} an incident of {} own, apart from {incident}. I remember that they do not belong together.{more}",
        phrase::list(&named),
        if names.len() == 1 { "its" } else { "their" },
    );
    Message::plain(&format!("Taken out of {incident}"), &text)
}

/// Nothing would be left.
pub fn all_would_leave(incident: IncidentId) -> Message {
    let text = format!("That is every alarm of {incident}: there would be nothing left to take it out of.");
    Message::plain("Nothing was taken out", &text)
}

/// What stands where the card of a merged incident was.
pub fn moved_on(incident: &Incident, merged: &Merged) -> Message {
    let text = format!("{} is part of {} now", incident.id, merged.into);
    let hint = phrase::code(format!("/incident context {}", merged.into));
    Message::new(&text).section(&format!("🔗 {text}: its alarms are told there.")).context(&[hint])
}

/// The line in the thread of the incident that others came to.
pub fn came(from: IncidentId, alarms: usize) -> String {
    format!("🔗 {from} was merged into this: {}", phrase::count(alarms, "alarm comes over", "alarms come over"))
}

/// The line in the thread of the incident that alarms were taken out of.
pub fn went(names: &[&str]) -> String {
    let named: Vec<String> = names.iter().take(5).map(phrase::code).collect();
    let others = names.len().saturating_sub(named.len());
    let others = if others > 0 { format!(" and {others} more") } else { String::new() };
    format!("✂️ {}{others}: taken out, not related", phrase::list(&named))
}

/// The line that says where they went.
pub fn went_to(incident: IncidentId) -> String {
    format!("✂️ What was taken out is {incident} now")
}

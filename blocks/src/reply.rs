//! Short answers to one person.

use crate::message::Message;
use crate::phrase;
use tools::model::{IncidentId, ScopeId};

/// One row of the help.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// The words to type.
    pub usage: &'static str,
    /// What they do.
    pub help: &'static str,
}

/// What can be asked for.
pub fn help(root: &str, usages: &[Usage]) -> Message {
    let rows: Vec<String> = usages.iter().map(|row| format!("`{root} {}`  {}", row.usage, row.help)).collect();
    Message::new("What you can ask for").titled("What you can ask for", &rows.join("\n"))
}

/// What was typed is no command: a sentence about it, the nearest command, and where to find all of them.
pub fn misread(root: &str, sentence: &str, nearest: Option<&str>) -> Message {
    let text = format!("{} `{root} help` lists what exists.", misread_text(root, sentence, nearest));
    Message::plain("I did not understand that", &text)
}

/// The sentence about it and the nearest command alone, in mrkdwn.
pub fn misread_text(root: &str, sentence: &str, nearest: Option<&str>) -> String {
    let nearest = nearest.map(|word| format!(" Did you mean `{root} {word}`?")).unwrap_or_default();
    format!("{sentence}{nearest}")
}

/// Nothing is going on.
pub fn nothing_is_open(scope: &ScopeId) -> Message {
    let text = format!("No incident is open in {}. When alarms come in, I open one by myself.", phrase::code(&scope.0));
    Message::plain("No incident is open", &text)
}

/// Nothing was closed lately.
pub fn nothing_is_closed(scope: &ScopeId) -> Message {
    let text = format!(
        "No incident in {} was closed lately. An older one needs its id, as in `reopen INC-7`.",
        phrase::code(&scope.0)
    );
    Message::plain("Nothing to reopen", &text)
}

/// The incident that was asked for is not open.
pub fn no_such_incident(id: IncidentId, open: &[IncidentId]) -> Message {
    let ids: Vec<String> = open.iter().take(10).map(ToString::to_string).collect();
    let open =
        if ids.is_empty() { "No incident is open.".to_owned() } else { format!("Open now: {}.", phrase::list(&ids)) };
    Message::plain("That incident is not open", &format!("{id} is not open here. {open}"))
}

/// A button that this release does not know.
pub fn unknown_button() -> Message {
    Message::plain(
        "That button is too old",
        "I no longer know what this button does, so I did nothing. The newest card of the incident has the ones that work.",
    )
}

/// Slack did not open the form that a button asks for.
pub fn form_not_opened() -> Message {
    Message::plain(
        "The form did not open",
        "Slack did not open the form, so nothing was done; please press the button again.",
    )
}

/// Something of ours failed while a person was waiting.
pub fn our_fault(reference: &str) -> Message {
    let text = format!(
        "Something on my side failed, and nothing was changed. Please try again; the log has it under {}.",
        phrase::code(reference)
    );
    Message::plain("Something on my side failed", &text)
}

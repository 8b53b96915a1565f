//! How people merge incidents and split alarms off, as they type it: `merge`, `split`.

use super::people::named;
use super::{Arguments, Command, Misread, bounded, incident};

/// `merge INC-8`, `merge 8 into 7`, `merge INC-8 INC-7`.
pub(super) fn merge(arguments: &[&str]) -> Result<Command, Misread> {
    let ids: Vec<&str> =
        arguments.iter().copied().filter(|word| !matches!(*word, "into" | "with" | "to" | "and")).collect();
    let id = |word: &str| incident("merge", word);
    match ids.as_slice() {
        [] => Err(Misread::NoIncidentId { command: "merge", word: String::new() }),
        [one] => Ok(Command::Merge { incident: id(one)?, into: None }),
        [one, other] => Ok(Command::Merge { incident: id(one)?, into: Some(id(other)?) }),
        [_, _, extra, ..] => Err(Misread::Extra { command: "merge", word: bounded(extra) }),
    }
}

/// `split`, `split INC-7`, `split orders-api-5xx`, `split INC-7 orders-api`, `split INC-7 INC-8`.
pub(super) fn split(arguments: &Arguments<'_>) -> Command {
    let incident = arguments.words.first().and_then(|word| named(word, false));
    let called = match &arguments.words[usize::from(incident.is_some())..] {
        [] => None,
        // An incident by any of the ways in which people write one.
        [word] => Some(named(word, false).map_or_else(|| (*word).to_owned(), |id| id.to_string())),
        words => Some(words.join(" ")),
    };
    Command::Split { incident, called }
}

//! The grammar of the slash command. [`COMMANDS`] is the one list: help, suggestions and the local workspace's hints are
//! made from it.

use tools::model::IncidentId;

/// What a person can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// What is going on, in one message.
    Context {
        /// About this incident; without one, about the most recent.
        incident: Option<IncidentId>,
    },
    /// What can be asked for.
    Help,
}

/// One row of the help.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The word.
    pub word: &'static str,
    /// The word with its arguments.
    pub usage: &'static str,
    /// What it does.
    pub help: &'static str,
    parse: fn(&[&str]) -> Result<Command, Misread>,
}

/// Every command there is.
pub const COMMANDS: &[Row] = &[
    Row {
        word: "context",
        usage: "context [INC-n]",
        help: "What is going on, what caused it, what it hits next and what to do, in one message only you see",
        parse: |arguments| match arguments {
            [] => Ok(Command::Context { incident: None }),
            [id] => Ok(Command::Context { incident: Some(incident(id)?) }),
            [_, extra, ..] => Err(Misread::Extra { command: "context", word: (*extra).to_owned() }),
        },
    },
    Row { word: "help", usage: "help", help: "This list", parse: |_| Ok(Command::Help) },
];

/// Why a line is no command. Each can be told in one sentence that helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    /// No command begins like this.
    Unknown {
        /// What was typed.
        word: String,
        /// The command that looks most like it.
        nearest: Option<&'static str>,
    },
    /// An incident was expected.
    NoIncidentId {
        /// What was typed.
        word: String,
    },
    /// There is a word too many.
    Extra {
        /// The command.
        command: &'static str,
        /// The first word too many.
        word: String,
    },
}

/// Reads what follows the command's name. Nothing at all is a call for help.
pub fn parse(text: &str) -> Result<Command, Misread> {
    // Phones turn quotes into curly ones and people wrap ids in them; neither means anything here.
    let quotes = ['"', '\'', '`', '“', '”', '‘', '’', '„'];
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.trim_matches(quotes).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some((first, arguments)) = words.split_first() else { return Ok(Command::Help) };
    let exact = COMMANDS.iter().find(|row| row.word == *first);
    let mut begun = COMMANDS.iter().filter(|row| first.len() >= 2 && row.word.starts_with(first));
    let row = exact.or_else(|| match (begun.next(), begun.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    });
    match row {
        Some(row) => (row.parse)(arguments),
        None => Err(Misread::Unknown { word: bounded(first), nearest: nearest(first) }),
    }
}

/// `INC-7`, `inc7`, `#7` and `7` are the same incident.
fn incident(word: &str) -> Result<IncidentId, Misread> {
    let digits = word.trim_start_matches("inc").trim_start_matches(['-', '–', '—', '#']);
    digits.parse().map(IncidentId).map_err(|_| Misread::NoIncidentId { word: bounded(word) })
}

/// What a person typed goes back to them; a novel does not.
fn bounded(word: &str) -> String {
    word.chars().take(40).collect()
}

/// The command within two typing errors.
fn nearest(word: &str) -> Option<&'static str> {
    let scored = COMMANDS.iter().map(|row| (distance(word, row.word), row.word));
    scored.filter(|(distance, _)| *distance <= 2).min().map(|(_, word)| word)
}

/// Levenshtein distance; the words are a few letters long.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(40).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &Result<Command, Misread>) {
        assert_eq!(parse(text), *expected);
    }

    #[test]
    fn commands_are_read_forgivingly() {
        check("", &Ok(Command::Help));
        check("  HELP ", &Ok(Command::Help));
        check("context", &Ok(Command::Context { incident: None }));
        check("con", &Ok(Command::Context { incident: None }));
        for id in ["INC-7", "inc-7", "inc7", "#7", "7", "“INC-7”", "`INC–7`"] {
            check(&format!("Context {id}"), &Ok(Command::Context { incident: Some(IncidentId(7)) }));
        }
    }

    #[test]
    fn what_is_not_understood_gets_the_nearest_command() {
        let unknown = |word: &str, nearest| Err(Misread::Unknown { word: word.to_owned(), nearest });
        check("contxt", &unknown("contxt", Some("context")));
        check("hlep", &unknown("hlep", Some("help")));
        check("coffee please", &unknown("coffee", None));
        check("context now", &Err(Misread::NoIncidentId { word: "now".to_owned() }));
        check("context INC-1 please", &Err(Misread::Extra { command: "context", word: "please".to_owned() }));
        check(&"ä".repeat(5000), &unknown(&"ä".repeat(40), None));
    }
}

//! What people do with an incident by hand, as they type it: `open`, `close`, `reopen`, `severity`, `roles`, `note`.

use super::{Arguments, Command, Misread, bounded, incident, quotes};
use tools::model::{IncidentId, Role, Severity};
use tools::recovery::policy::PersonId;

/// What somebody wants of something that an incident has one of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted<T> {
    /// To be told.
    Told,
    /// That it is this.
    Set(T),
    /// That it is left open.
    Open,
}

/// Who is to have a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Whoever types it.
    Me,
    /// Somebody else.
    Person(PersonId),
}

/// Words that leave something open.
const OPEN: [&str; 6] = ["none", "nobody", "noone", "open", "clear", "-"];

/// Words before a reason.
const BECAUSE: [&str; 4] = ["because", "since", "as", "reason"];

/// `INC-7` and `#7` are an incident wherever they stand; `7` only where nothing else can be meant.
pub(super) fn named(word: &str, bare_too: bool) -> Option<IncidentId> {
    let is_marked = word.starts_with("inc") || word.starts_with('#');
    if is_marked || bare_too { incident("", word).ok() } else { None }
}

/// What was typed, as a person reads it: mentions and links by their names, without the quotes around all of it.
fn plain(typed: &[&str]) -> Option<String> {
    let text = blocks::mrkdwn::to_plain(&typed.join(" "), &|_| None);
    let text = text.trim().trim_matches(quotes).trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// `open Login fails for many users`.
pub(super) fn open(arguments: &Arguments<'_>) -> Command {
    Command::Open { title: plain(arguments.typed) }
}

/// `close`, `close INC-7`, `close because it was a test`, `close 7 as it was a test`.
pub(super) fn close(arguments: &Arguments<'_>) -> Command {
    let (words, mut rest) = (arguments.words, 0);
    let is_last = words.get(1).is_none_or(|next| BECAUSE.contains(next));
    let incident = words.first().and_then(|word| named(word, is_last));
    rest += usize::from(incident.is_some());
    rest += usize::from(words.get(rest).is_some_and(|word| BECAUSE.contains(word)));
    Command::Close { incident, because: plain(&arguments.typed[rest..]) }
}

/// `page`, `page INC-7`, `page the canary is red`, `page INC-7 the canary is red`.
pub(super) fn page(arguments: &Arguments<'_>) -> Command {
    // A number is the beginning of what is said, rather than an incident: it is not asked back here.
    let incident = arguments.words.first().and_then(|word| named(word, false));
    Command::Page { incident, text: plain(&arguments.typed[usize::from(incident.is_some())..]) }
}

/// `severity`, `severity 2`, `severity INC-7 sev1`, `severity 7 none`.
pub(super) fn severity(arguments: &Arguments<'_>) -> Result<Command, Misread> {
    const COMMAND: &str = "severity";
    let wanted = |word: &str| match Severity::read(word) {
        _ if OPEN.contains(&word) => Ok(Wanted::Open),
        Some(severity) => Ok(Wanted::Set(severity)),
        None => Err(Misread::NoSeverity { word: bounded(word) }),
    };
    // `SEV 2` is one.
    let joined = match arguments.words {
        [before @ .., "sev", number] => Some([before, &[*number]].concat()),
        _ => None,
    };
    match joined.as_deref().unwrap_or(arguments.words) {
        [] => Ok(Command::Severity { incident: None, wanted: Wanted::Told }),
        [word] => match named(word, false) {
            Some(id) => Ok(Command::Severity { incident: Some(id), wanted: Wanted::Told }),
            None => Ok(Command::Severity { incident: None, wanted: wanted(word)? }),
        },
        [id, word] => Ok(Command::Severity { incident: Some(incident(COMMAND, id)?), wanted: wanted(word)? }),
        [_, _, extra, ..] => Err(Misread::Extra { command: COMMAND, word: bounded(extra) }),
    }
}

/// `roles`, `roles INC-7`, `roles lead me`, `roles comms <@U0JUN|jun>`, `roles #7 scribe none`.
pub(super) fn roles(arguments: &Arguments<'_>) -> Result<Command, Misread> {
    const COMMAND: &str = "roles";
    let (mut words, mut typed) = (arguments.words, arguments.typed);
    let incident = words.first().and_then(|word| named(word, true));
    if incident.is_some() {
        (words, typed) = (&words[1..], &typed[1..]);
    }
    let Some(first) = words.first() else { return Ok(Command::Roles { incident, role: None, wanted: Wanted::Told }) };
    let role = role(first).ok_or_else(|| Misread::NoRole { word: bounded(first) })?;
    let wanted = match words[1..] {
        [] => Wanted::Told,
        ["me" | "mine" | "i"] => Wanted::Set(Holder::Me),
        [word] if OPEN.contains(&word) => Wanted::Open,
        [word] => match mentioned(typed[1]) {
            Some(person) => Wanted::Set(Holder::Person(person)),
            None => return Err(Misread::NoPerson { word: bounded(word) }),
        },
        [_, extra, ..] => return Err(Misread::Extra { command: COMMAND, word: bounded(extra) }),
    };
    Ok(Command::Roles { incident, role: Some(role), wanted })
}

/// A role by its name, or as much of it as tells it from the others.
fn role(word: &str) -> Option<Role> {
    let names = [
        (Role::Lead, "leader"),
        (Role::Lead, "commander"),
        (Role::Lead, "ic"),
        (Role::Scribe, "scribe"),
        (Role::Comms, "communications"),
        (Role::Comms, "comms"),
    ];
    let exact = Role::ALL.into_iter().find(|role| role.word() == word);
    let begun = || {
        let mut begun: Vec<Role> =
            names.iter().filter(|(_, name)| name.starts_with(word)).map(|(role, _)| *role).collect();
        begun.dedup();
        match begun.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    };
    exact.or_else(begun)
}

/// Somebody as Slack tells a mention: `<@U0JUN|jun>`, `<@U0JUN>`.
fn mentioned(typed: &str) -> Option<PersonId> {
    let id = typed.trim_matches(quotes).strip_prefix("<@")?.strip_suffix('>')?;
    let id = id.split_once('|').map_or(id, |(id, _)| id);
    let is_id = id.len() >= 2
        && id.len() <= 32
        && id.starts_with(['U', 'W'])
        && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_id.then(|| PersonId(id.to_owned()))
}

/// `note Rolled back by hand`, `note INC-7 3 pods restarted`.
pub(super) fn note(arguments: &Arguments<'_>) -> Result<Command, Misread> {
    let (incident, text) = worded(arguments, "note")?;
    Ok(Command::Note { incident, text })
}

/// An incident, if one is named, and words.
pub(super) fn worded(
    arguments: &Arguments<'_>,
    command: &'static str,
) -> Result<(Option<IncidentId>, String), Misread> {
    let incident = arguments.words.first().and_then(|word| named(word, false));
    let text = plain(&arguments.typed[usize::from(incident.is_some())..]).ok_or(Misread::NoText { command })?;
    Ok((incident, text))
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &Command) {
        assert_eq!(parse(text).as_ref(), Ok(expected), "{text}");
    }

    #[track_caller]
    fn refused(text: &str, why: &Misread) {
        assert_eq!(parse(text).as_ref(), Err(why), "{text}");
    }

    fn opens(title: Option<&str>) -> Command {
        Command::Open { title: title.map(str::to_owned) }
    }

    #[test]
    fn an_incident_is_opened_with_its_title() {
        check("open", &opens(None));
        check("open  “Login fails”", &opens(Some("Login fails")));
        check("Declare Login fails for <@U0MINA|mina> &amp; co", &opens(Some("Login fails for @mina & co")));
        check("new #7 is back", &opens(Some("#7 is back")));
        check("open INC-7", &opens(Some("INC-7")));
    }

    fn closes(incident: Option<u64>, because: Option<&str>) -> Command {
        Command::Close { incident: incident.map(IncidentId), because: because.map(str::to_owned) }
    }

    #[test]
    fn an_incident_is_closed_with_its_reason() {
        check("close", &closes(None, None));
        check("resolve INC–7", &closes(Some(7), None));
        check("close 7", &closes(Some(7), None));
        check("close 7 because It was a test", &closes(Some(7), Some("It was a test")));
        check("close because “it was a test”", &closes(None, Some("it was a test")));
        check("close 3 pods were restarted", &closes(None, Some("3 pods were restarted")));
        check("close #3 pods were restarted", &closes(Some(3), Some("pods were restarted")));
        check("reopen #3", &Command::Reopen { incident: Some(IncidentId(3)) });
        check("reo", &Command::Reopen { incident: None });
    }

    fn rates(incident: Option<u64>, wanted: Wanted<Severity>) -> Command {
        Command::Severity { incident: incident.map(IncidentId), wanted }
    }

    #[test]
    fn a_severity_is_set_in_any_spelling() {
        check("severity", &rates(None, Wanted::Told));
        check("sev INC-7", &rates(Some(7), Wanted::Told));
        for text in ["severity 2", "sev sev2", "Sev SEV-2", "sev “sev–2”", "severity sev 2"] {
            check(text, &rates(None, Wanted::Set(Severity::Sev2)));
        }
        check("severity 7 1", &rates(Some(7), Wanted::Set(Severity::Sev1)));
        check("severity inc7 sev 1", &rates(Some(7), Wanted::Set(Severity::Sev1)));
        check("severity none", &rates(None, Wanted::Open));
        refused("severity 9", &Misread::NoSeverity { word: "9".to_owned() });
        refused("severity 7 bad", &Misread::NoSeverity { word: "bad".to_owned() });
        refused("severity 7 1 now", &Misread::Extra { command: "severity", word: "now".to_owned() });
    }

    fn gives(incident: Option<u64>, role: Option<Role>, wanted: Wanted<Holder>) -> Command {
        Command::Roles { incident: incident.map(IncidentId), role, wanted }
    }

    #[test]
    fn roles_are_given_by_mention() {
        let jun = || Wanted::Set(Holder::Person(PersonId("U0JUN".to_owned())));
        check("roles", &gives(None, None, Wanted::Told));
        check("roles 7", &gives(Some(7), None, Wanted::Told));
        check("role lead", &gives(None, Some(Role::Lead), Wanted::Told));
        check("roles lead me", &gives(None, Some(Role::Lead), Wanted::Set(Holder::Me)));
        check("roles INC-7 comms <@U0JUN|Jun>", &gives(Some(7), Some(Role::Comms), jun()));
        check("roles scr <@U0JUN>", &gives(None, Some(Role::Scribe), jun()));
        check("roles commander nobody", &gives(None, Some(Role::Lead), Wanted::Open));
        refused("roles comm none", &Misread::NoRole { word: "comm".to_owned() });
        refused("roles driver me", &Misread::NoRole { word: "driver".to_owned() });
        refused("roles lead @jun", &Misread::NoPerson { word: "@jun".to_owned() });
        refused("roles lead <@evil|x>", &Misread::NoPerson { word: "<@evil|x>".to_owned() });
        refused("roles lead me now", &Misread::Extra { command: "roles", word: "now".to_owned() });
    }

    #[test]
    fn a_note_keeps_its_words() {
        let notes = |incident: Option<u64>, text: &str| Command::Note {
            incident: incident.map(IncidentId),
            text: text.to_owned(),
        };
        check("note 3 pods restarted in <#C0OPS|ops>", &notes(None, "3 pods restarted in #ops"));
        check("note INC-7 Rolled back", &notes(Some(7), "Rolled back"));
        refused("note", &Misread::NoText { command: "note" });
        refused("note #7", &Misread::NoText { command: "note" });
    }
}

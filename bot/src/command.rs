//! The grammar of the slash command. [`COMMANDS`] is the one list: help, suggestions and the local workspace's hints are
//! made from it.

mod meant;
mod people;
pub mod question;
mod regroup;
pub mod settings;
mod since;

pub use meant::may_mean_any;
pub use people::{Holder, Wanted};
pub use since::Since;

use crate::settings::Setting;
use blocks::action::Topic;
use tools::model::{IncidentId, Role, Severity};
use tools::recovery::plan::PlanId;

/// What a person can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Something about an incident.
    Ask {
        /// What.
        topic: Topic,
        /// About this incident; without one, about the most recent.
        incident: Option<IncidentId>,
        /// For what is new: since when.
        since: Option<Since>,
    },
    /// Agree to a plan.
    Approve {
        /// Which; without it, the one that waits.
        plan: Option<PlanId>,
        /// Why.
        reason: Option<String>,
    },
    /// Have a plan taken back.
    Undo {
        /// Which; without it, the one that is in force.
        plan: Option<PlanId>,
    },
    /// Merge an incident into another one.
    Merge {
        /// Which.
        incident: IncidentId,
        /// Into which; without one, into what most people look at.
        into: Option<IncidentId>,
    },
    /// Take alarms out of an incident.
    Split {
        /// Of which incident; without one, of the most recent.
        incident: Option<IncidentId>,
        /// What they are called: an alarm, a service, or an incident that was merged. Without it there is a menu.
        called: Option<String>,
    },
    /// Whether an incident is over, in two lines.
    Status {
        /// Of this incident; without one, of the most recent.
        incident: Option<IncidentId>,
    },
    /// Call whoever is on call.
    Page {
        /// To this incident; without one, to the most recent.
        incident: Option<IncidentId>,
        /// What is said to it.
        text: Option<String>,
    },
    /// How well it went.
    Stats {
        /// Over so many days.
        days: u16,
    },
    /// The postmortem, as files in the thread.
    Postmortem {
        /// Of this incident; without one, of the most recent.
        incident: Option<IncidentId>,
    },
    /// Declare an incident.
    Open {
        /// What is broken; without it, a form asks.
        title: Option<String>,
    },
    /// Say that an incident is over.
    Close {
        /// Which; without it, the one that is open.
        incident: Option<IncidentId>,
        /// Why.
        because: Option<String>,
    },
    /// Say that it is not.
    Reopen {
        /// Which; without it, the one that was closed last.
        incident: Option<IncidentId>,
    },
    /// How bad an incident is.
    Severity {
        /// Which; without one, the most recent.
        incident: Option<IncidentId>,
        /// What of it.
        wanted: Wanted<Severity>,
    },
    /// Who has which role.
    Roles {
        /// In which incident; without one, in the most recent.
        incident: Option<IncidentId>,
        /// Which role; none for all of them.
        role: Option<Role>,
        /// What of it.
        wanted: Wanted<Holder>,
    },
    /// Add a line to the timeline.
    Note {
        /// Of which incident; without one, of the most recent.
        incident: Option<IncidentId>,
        /// What it says.
        text: String,
    },
    /// Ask about an incident in one's own words.
    Question {
        /// About this incident; without one, about the most recent.
        incident: Option<IncidentId>,
        /// The words.
        text: String,
    },
    /// Stop an answer that is under way.
    Stop,
    /// What is set for the scope.
    Settings {
        /// What is to be set; none to be told.
        set: Option<Setting>,
    },
    /// Which incidents are open.
    Overview,
    /// What can be asked for.
    Help,
}

impl Command {
    /// The incidents that it names.
    pub fn incidents(&self) -> Vec<IncidentId> {
        let one = match self {
            Self::Merge { incident, into } => return [Some(*incident), *into].into_iter().flatten().collect(),
            Self::Ask { incident, .. }
            | Self::Status { incident }
            | Self::Postmortem { incident }
            | Self::Close { incident, .. }
            | Self::Reopen { incident }
            | Self::Severity { incident, .. }
            | Self::Roles { incident, .. }
            | Self::Split { incident, .. }
            | Self::Page { incident, .. }
            | Self::Question { incident, .. }
            | Self::Note { incident, .. } => *incident,
            Self::Approve { .. }
            | Self::Undo { .. }
            | Self::Stats { .. }
            | Self::Open { .. }
            | Self::Settings { .. }
            | Self::Stop
            | Self::Overview
            | Self::Help => None,
        };
        one.into_iter().collect()
    }
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
    parse: fn(&Arguments<'_>) -> Result<Command, Misread>,
}

/// What follows a command's word.
#[derive(Clone, Copy, Debug)]
struct Arguments<'a> {
    /// The words in small letters, without quotes around them.
    words: &'a [&'a str],
    /// The same words as they were typed, quotes and all, for what is kept and shown.
    typed: &'a [&'a str],
}

/// Spans that figures are given for, in days.
const STATS_DAYS: [u16; 3] = [7, 30, 90];

/// Every command there is.
pub const COMMANDS: &[Row] = &[
    Row {
        word: "context",
        usage: "context [INC-n]",
        help: "What is going on, what caused it, what it hits next and what to do, in one message only you see",
        parse: |arguments| about(Topic::Context, arguments.words),
    },
    Row {
        word: "ask",
        usage: "ask [INC-n] [question]",
        help: "Ask in your own words; every sentence of the answer is checked against its evidence",
        parse: question::ask,
    },
    Row {
        word: "why",
        usage: "why [INC-n]",
        help: "What speaks for the cause, how it spread, and what else was looked at",
        parse: |arguments| about(Topic::Why, arguments.words),
    },
    Row {
        word: "fix",
        usage: "fix [INC-n]",
        help: "What can be done, what it risks and costs, and who recovers; nothing is done by asking",
        parse: |arguments| about(Topic::Fix, arguments.words),
    },
    Row {
        word: "graph",
        usage: "graph [INC-n]",
        help: "The blast radius as a picture, and what the map rests on",
        parse: |arguments| about(Topic::Graph, arguments.words),
    },
    Row {
        word: "predict",
        usage: "predict [INC-n]",
        help: "Who is hit next, how likely, when, and what is at stake",
        parse: |arguments| about(Topic::Predict, arguments.words),
    },
    Row {
        word: "isolate",
        usage: "isolate [INC-n]",
        help: "The cheapest cut between the failing part and what must stay healthy",
        parse: |arguments| about(Topic::Isolate, arguments.words),
    },
    Row {
        word: "auth",
        usage: "auth [INC-n]",
        help: "The auth journey hop by hop: where requests are lost or slow",
        parse: |arguments| about(Topic::Auth, arguments.words),
    },
    Row {
        word: "timeline",
        usage: "timeline [INC-n]",
        help: "What happened, in order",
        parse: |arguments| about(Topic::Timeline, arguments.words),
    },
    Row {
        word: "changes",
        usage: "changes [INC-n]",
        help: "What was changed, how likely each change is guilty, and why",
        parse: |arguments| about(Topic::Changes, arguments.words),
    },
    Row {
        word: "similar",
        usage: "similar [INC-n]",
        help: "Past incidents like this one, and what fixed them",
        parse: |arguments| about(Topic::Similar, arguments.words),
    },
    Row {
        word: "catchup",
        usage: "catchup [INC-n] [20m|2h|03:15]",
        help: "What is new since you last looked, or since then (UTC)",
        parse: |arguments| since::catchup(arguments.words),
    },
    Row {
        word: "gaps",
        usage: "gaps [INC-n]",
        help: "What could not be seen, and the smallest permission or setting that would supply it",
        parse: |arguments| about(Topic::Gaps, arguments.words),
    },
    Row {
        word: "status",
        usage: "status [INC-n]",
        help: "Is it fixed yet? Two lines, for whoever has to tell others",
        parse: |arguments| one_incident("status", arguments.words, |incident| Command::Status { incident }),
    },
    Row {
        word: "approve",
        usage: "approve [plan-…] [because …]",
        help: "Agree to a plan that waits; one of high risk needs a reason",
        parse: |arguments| Ok(approve(arguments)),
    },
    Row {
        word: "merge",
        usage: "merge INC-n [into INC-m]",
        help: "These are one incident; I remember it for the next time",
        parse: |arguments| regroup::merge(arguments.words),
    },
    Row {
        word: "split",
        usage: "split [INC-n] [alarm|service|INC-m]",
        help: "That is not related: it gets an incident of its own, and I remember it",
        parse: |arguments| Ok(regroup::split(arguments)),
    },
    Row { word: "undo", usage: "undo [plan-…]", help: "Have a plan taken back that was carried out", parse: undo },
    Row {
        word: "page",
        usage: "page [INC-n] [text]",
        help: "Call whoever is on call, in the incident's thread, with what is known so far",
        parse: |arguments| Ok(people::page(arguments)),
    },
    Row {
        word: "postmortem",
        usage: "postmortem [INC-n]",
        help: "What happened, what was done and what is left to do, as a document in the incident's thread",
        parse: |arguments| one_incident("postmortem", arguments.words, |incident| Command::Postmortem { incident }),
    },
    Row {
        word: "stats",
        usage: "stats [7|30|90]",
        help: "Time to context, to recovery and to approval, what remedies did and what predictions were worth, over so many days",
        parse: |arguments| stats(arguments.words),
    },
    Row {
        word: "open",
        usage: "open [what is broken]",
        help: "Declare an incident that no alarm tells of; without words a form asks",
        parse: |arguments| Ok(people::open(arguments)),
    },
    Row {
        word: "close",
        usage: "close [INC-n] [because …]",
        help: "Say that it is over; an alarm that fires after that begins another incident",
        parse: |arguments| Ok(people::close(arguments)),
    },
    Row {
        word: "reopen",
        usage: "reopen [INC-n]",
        help: "Say that it is not over; it takes in alarms again",
        parse: |arguments| one_incident("reopen", arguments.words, |incident| Command::Reopen { incident }),
    },
    Row {
        word: "severity",
        usage: "severity [INC-n] [1|2|3|4|none]",
        help: "How bad it is: SEV1 is worst",
        parse: people::severity,
    },
    Row {
        word: "roles",
        usage: "roles [INC-n] [lead|scribe|comms] [@somebody|me|none]",
        help: "Who leads, writes down and tells others",
        parse: people::roles,
    },
    Row {
        word: "note",
        usage: "note [INC-n] [words]",
        help: "Add a line to the timeline and the postmortem",
        parse: people::note,
    },
    Row { word: "stop", usage: "stop", help: "Stop the answer that you asked for and that is under way", parse: stop },
    Row {
        word: "settings",
        usage: "settings [quiet|mute|nudges|flood|usual …]",
        help: "What is set here: quiet hours, nudges, what counts as a flood; `settings quiet 22:00-07:00 Europe/Berlin` sets it",
        parse: settings::settings,
    },
    Row { word: "help", usage: "help", help: "This list", parse: |_| Ok(Command::Help) },
];

/// Other words for commands.
const ALIASES: &[(&str, &str)] =
    &[("declare", "open"), ("new", "open"), ("start", "open"), ("resolve", "close"), ("end", "close")];

/// `why`, `why INC-7`.
fn about(topic: Topic, arguments: &[&str]) -> Result<Command, Misread> {
    one_incident(topic.word(), arguments, |incident| Command::Ask { topic, incident, since: None })
}

/// `approve`, `approve plan-1f0c`, `approve because it storms`, `approve plan-1f0c it storms`.
fn approve(arguments: &Arguments<'_>) -> Command {
    let plan = arguments.words.first().and_then(|word| plan(word));
    let mut rest = usize::from(plan.is_some());
    if arguments.words.get(rest).is_some_and(|word| matches!(*word, "because" | "since" | "as")) {
        rest += 1;
    }
    let reason = arguments.typed[rest..].join(" ");
    Command::Approve { plan, reason: (!reason.is_empty()).then_some(reason) }
}

/// `stop`.
fn stop(arguments: &Arguments<'_>) -> Result<Command, Misread> {
    match arguments.words {
        [] => Ok(Command::Stop),
        [extra, ..] => Err(Misread::Extra { command: "stop", word: bounded(extra) }),
    }
}

/// `undo`, `undo plan-1f0c`.
fn undo(arguments: &Arguments<'_>) -> Result<Command, Misread> {
    match arguments.words {
        [] => Ok(Command::Undo { plan: None }),
        [word] => {
            let plan = plan(word).ok_or_else(|| Misread::NoPlanId { command: "undo", word: bounded(word) })?;
            Ok(Command::Undo { plan: Some(plan) })
        }
        [_, extra, ..] => Err(Misread::Extra { command: "undo", word: bounded(extra) }),
    }
}

/// `plan-1f0c…`: the whole id of a plan, or as much of its beginning as tells it from the others.
fn plan(word: &str) -> Option<PlanId> {
    let digits = word.strip_prefix("plan")?.trim_start_matches(['-', '–', '—']).trim_end_matches('…');
    let is_hex = (1..=64).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| PlanId(format!("plan-{digits}")))
}

/// `postmortem`, `postmortem INC-7`.
fn one_incident(
    command: &'static str,
    arguments: &[&str],
    of: impl FnOnce(Option<IncidentId>) -> Command,
) -> Result<Command, Misread> {
    match arguments {
        [] => Ok(of(None)),
        [id] => Ok(of(Some(incident(command, id)?))),
        [_, extra, ..] => Err(Misread::Extra { command, word: bounded(extra) }),
    }
}

/// `stats`, `stats 30`, `stats 30d`.
fn stats(arguments: &[&str]) -> Result<Command, Misread> {
    match arguments {
        [] => Ok(Command::Stats { days: STATS_DAYS[0] }),
        [word] => {
            let number = word.trim_end_matches("days").trim_end_matches('d');
            let days = number.parse().ok().filter(|days| STATS_DAYS.contains(days));
            days.map(|days| Command::Stats { days }).ok_or_else(|| Misread::NoSpan { word: bounded(word) })
        }
        [_, "days" | "d"] => stats(&arguments[..1]),
        [_, extra, ..] => Err(Misread::Extra { command: "stats", word: bounded(extra) }),
    }
}

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
        /// The command.
        command: &'static str,
        /// What was typed.
        word: String,
    },
    /// A plan was expected.
    NoPlanId {
        /// The command.
        command: &'static str,
        /// What was typed.
        word: String,
    },
    /// A moment was expected.
    NoMoment {
        /// What was typed.
        word: String,
    },
    /// A number of days was expected that figures are given for.
    NoSpan {
        /// What was typed.
        word: String,
    },
    /// A severity was expected.
    NoSeverity {
        /// What was typed.
        word: String,
    },
    /// A role was expected.
    NoRole {
        /// What was typed.
        word: String,
    },
    /// A person was expected.
    NoPerson {
        /// What was typed.
        word: String,
    },
    /// Something was expected that can be set.
    NoSetting {
        /// What was typed.
        word: String,
    },
    /// Something cannot be set so.
    OddSetting {
        /// A sentence with an example.
        problem: String,
    },
    /// Words were expected.
    NoText {
        /// The command.
        command: &'static str,
    },
    /// There is a word too many.
    Extra {
        /// The command.
        command: &'static str,
        /// The first word too many.
        word: String,
    },
}

/// Phones turn quotes into curly ones and people wrap ids in them; neither means anything here.
fn quotes(character: char) -> bool {
    ['"', '\'', '`', '“', '”', '‘', '’', '„'].contains(&character)
}

/// Reads what follows the command's name. Nothing at all asks what is open.
pub fn parse(text: &str) -> Result<Command, Misread> {
    let typed: Vec<&str> = text.split_whitespace().filter(|word| !word.trim_matches(quotes).is_empty()).collect();
    let words: Vec<String> = typed.iter().map(|word| word.trim_matches(quotes).to_lowercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some((first, rest)) = words.split_first() else { return Ok(Command::Overview) };
    let meant = ALIASES.iter().find(|(alias, _)| alias == first).map_or(*first, |(_, word)| word);
    let exact = COMMANDS.iter().find(|row| row.word == meant);
    let mut begun = COMMANDS.iter().filter(|row| first.len() >= 2 && row.word.starts_with(first));
    let row = exact.or_else(|| match (begun.next(), begun.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    });
    match row {
        Some(row) => (row.parse)(&Arguments { words: rest, typed: &typed[1..] }),
        None => Err(Misread::Unknown { word: bounded(first), nearest: nearest(first) }),
    }
}

/// `INC-7`, `inc7`, `#7` and `7` are the same incident.
fn incident(command: &'static str, word: &str) -> Result<IncidentId, Misread> {
    let digits = word.trim_start_matches("inc").trim_start_matches(['-', '–', '—', '#']);
    digits.parse().map(IncidentId).map_err(|_| Misread::NoIncidentId { command, word: bounded(word) })
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
    use jiff::{SignedDuration, Timestamp};

    #[track_caller]
    fn check(text: &str, expected: &Result<Command, Misread>) {
        assert_eq!(parse(text), *expected);
    }

    fn ask(topic: Topic, incident: Option<u64>) -> Command {
        Command::Ask { topic, incident: incident.map(IncidentId), since: None }
    }

    fn new_since(incident: Option<u64>, since: Since) -> Command {
        Command::Ask { topic: Topic::Catchup, incident: incident.map(IncidentId), since: Some(since) }
    }

    #[test]
    fn commands_are_read_forgivingly() {
        check("", &Ok(Command::Overview));
        check("  HELP ", &Ok(Command::Help));
        check("con", &Ok(ask(Topic::Context, None)));
        for topic in Topic::ALL {
            check(topic.word(), &Ok(ask(topic, None)));
            check(&format!("{} INC-3", topic.word()), &Ok(ask(topic, Some(3))));
        }
        for id in ["INC-7", "inc-7", "inc7", "#7", "7", "“INC-7”", "`INC–7`"] {
            check(&format!("Context {id}"), &Ok(ask(Topic::Context, Some(7))));
        }
    }

    fn approves(plan: Option<&str>, reason: Option<&str>) -> Command {
        let plan = plan.map(|id| PlanId(id.to_owned()));
        Command::Approve { plan, reason: reason.map(str::to_owned) }
    }

    fn undoes(plan: Option<&str>) -> Command {
        Command::Undo { plan: plan.map(|id| PlanId(id.to_owned())) }
    }

    #[test]
    fn plans_are_approved_with_their_reasons() {
        check("approve", &Ok(approves(None, None)));
        check("appr because", &Ok(approves(None, None)));
        for id in ["plan-1f0c", "PLAN-1F0C", "`plan-1f0c…`", "“plan–1f0c”", "plan1f0c"] {
            check(&format!("Approve {id}"), &Ok(approves(Some("plan-1f0c"), None)));
            check(&format!("approve {id} because It Storms"), &Ok(approves(Some("plan-1f0c"), Some("It Storms"))));
            check(&format!("approve {id} It storms"), &Ok(approves(Some("plan-1f0c"), Some("It storms"))));
        }
        check("approve BECAUSE “we” saw  the users' pool", &Ok(approves(None, Some("“we” saw the users' pool"))));
        // What is no id is the reason.
        check("approve planned outage", &Ok(approves(None, Some("planned outage"))));
        check("approve plan-", &Ok(approves(None, Some("plan-"))));
        check("approve as agreed because of the storm", &Ok(approves(None, Some("agreed because of the storm"))));
    }

    #[test]
    fn plans_are_undone_by_their_ids() {
        check("undo", &Ok(undoes(None)));
        check("Undo `PLAN-1F0C…`", &Ok(undoes(Some("plan-1f0c"))));
        let no_plan = |word: &str| Err(Misread::NoPlanId { command: "undo", word: word.to_owned() });
        for word in ["plan-", "plan-xyz", "1f0c", "inc-7", "everything"] {
            check(&format!("undo {word}"), &no_plan(word));
        }
        check(&format!("undo plan-{}", "f".repeat(65)), &no_plan(&format!("plan-{}", "f".repeat(35))));
        check("undo plan-1f plan-2f", &Err(Misread::Extra { command: "undo", word: "plan-2f".to_owned() }));
    }

    proptest::proptest! {
        /// As a card shows a plan's id, people type it back, whole or as much of it as they like.
        #[test]
        fn what_is_shown_can_be_typed_back(digits in "[0-9a-f]{1,64}", reason in "[a-zA-Z<>&*_~'äß ]{0,40}") {
            let id = format!("plan-{digits}");
            proptest::prop_assert_eq!(parse(&format!("undo {id}")), Ok(undoes(Some(&id))));
            let words = reason.split_whitespace().filter(|word| !word.trim_matches('\'').is_empty());
            let kept = words.collect::<Vec<_>>().join(" ");
            let kept = (!kept.is_empty()).then_some(kept.as_str());
            proptest::prop_assert_eq!(parse(&format!("approve {id} because {reason}")), Ok(approves(Some(&id), kept)));
        }

        /// Whatever else somebody types, a reason never loses or gains a letter, and no line names a plan that is not in it.
        #[test]
        fn no_line_approves_what_it_does_not_name(text in "\\PC{0,60}") {
            if let Ok(Command::Approve { plan: Some(PlanId(id)), .. }) = parse(&format!("approve {text}")) {
                let digits = id.strip_prefix("plan-").unwrap_or_default();
                proptest::prop_assert!(!digits.is_empty() && text.to_lowercase().contains(digits));
            }
            if let Ok(Command::Approve { reason: Some(reason), .. }) = parse(&format!("approve {text}")) {
                let shown: Vec<&str> = reason.split(' ').collect();
                let typed: Vec<&str> = text.split_whitespace().collect();
                proptest::prop_assert!(shown.iter().all(|word| typed.contains(word)), "{reason}");
            }
        }
    }

    #[test]
    fn a_postmortem_is_asked_for_by_its_incident() {
        check("postmortem", &Ok(Command::Postmortem { incident: None }));
        check("post #7", &Ok(Command::Postmortem { incident: Some(IncidentId(7)) }));
        let misread = Misread::NoIncidentId { command: "postmortem", word: "now".to_owned() };
        check("postmortem now", &Err(misread));
        let misread = Misread::Extra { command: "postmortem", word: "please".to_owned() };
        check("postmortem 7 please", &Err(misread));
    }

    #[test]
    fn what_is_new_is_asked_for_since_a_moment() {
        let minutes = |count: i64| Since::Ago(SignedDuration::from_secs(count * 60));
        for text in ["catchup 20m", "catchup 20 min", "catch 20min ago", "catchup since 20 minutes"] {
            check(text, &Ok(new_since(None, minutes(20))));
        }
        check("catchup INC-4 2h", &Ok(new_since(Some(4), minutes(120))));
        check("catchup 4 since 03:15 UTC", &Ok(new_since(Some(4), Since::Clock { hour: 3, minute: 15 })));
        for word in ["25:00", "20y", "soon", "99999999999999999999m"] {
            check(&format!("catchup {word}"), &Err(Misread::NoMoment { word: word.to_owned() }));
        }
    }

    #[test]
    fn a_time_of_day_is_the_last_one() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let quarter_past_three = Since::Clock { hour: 3, minute: 15 };
        let now = at("2026-11-20T03:20:00Z");
        assert_eq!(quarter_past_three.resolve(now), at("2026-11-20T03:15:00Z"));
        assert_eq!(quarter_past_three.resolve(at("2026-11-20T03:10:00Z")), at("2026-11-19T03:15:00Z"));
        assert_eq!(Since::Ago(SignedDuration::from_secs(60)).resolve(now), at("2026-11-20T03:19:00Z"));
    }

    #[test]
    fn what_is_not_understood_gets_the_nearest_command() {
        let unknown = |word: &str, nearest| Err(Misread::Unknown { word: word.to_owned(), nearest });
        check("contxt", &unknown("contxt", Some("context")));
        check("hlep", &unknown("hlep", Some("help")));
        check("coffee please", &unknown("coffee", None));
        check("context now", &Err(Misread::NoIncidentId { command: "context", word: "now".to_owned() }));
        check("context INC-1 please", &Err(Misread::Extra { command: "context", word: "please".to_owned() }));
        check(&"ä".repeat(5000), &unknown(&"ä".repeat(40), None));
    }
}

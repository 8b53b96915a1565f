//! What is set for a scope, and what came of setting it.

use crate::message::Message;
use crate::phrase;
use jiff::{SignedDuration, Timestamp};
use tools::model::ScopeId;

/// What the button carries that opens the form.
pub const CHANGE: &str = "v1.settings";

/// The settings of a scope, as people read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which scope.
    pub scope: ScopeId,
    /// From how many alarms on it is a flood, and within what time.
    pub flood: (usize, SignedDuration),
    /// How long a flood may go without a lead or a severity; zero for ever.
    pub nudge_after: SignedDuration,
    /// When lone alarms are gathered, such as `22:00-07:00 Europe/Berlin`.
    pub quiet: Option<String>,
    /// Until when they are gathered, whatever the hour.
    pub muted_until: Option<Timestamp>,
    /// Who set something last (their id), and when.
    pub last: Option<(String, Timestamp)>,
}

/// What happened to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Somebody asked.
    Told,
    /// They were set.
    Done,
    /// They were as wanted already.
    Nothing,
}

/// What is set, and the way to set it.
pub fn answer(root: &str, shown: &Shown, change: Change) -> Message {
    let title = match change {
        Change::Told => format!("Settings of {}", shown.scope),
        Change::Done => format!("Set for {}", shown.scope),
        Change::Nothing => format!("That is so already in {}", shown.scope),
    };
    let (alarms, within) = shown.flood;
    let nudges = if shown.nudge_after.is_zero() {
        "*Nudges*: off".to_owned()
    } else {
        format!("*Nudges*: a flood without lead or severity is told so after {}", phrase::span(shown.nudge_after))
    };
    let quiet = match &shown.quiet {
        Some(hours) => format!("*Quiet*: {}", phrase::code(hours)),
        None => "*Quiet*: never".to_owned(),
    };
    let muted = match shown.muted_until {
        Some(until) => format!("*Muted*: until {}", phrase::time(until)),
        None => "*Muted*: no".to_owned(),
    };
    let lines = [format!("*Flood*: {alarms} alarms within {}", phrase::span(within)), nudges, quiet, muted];
    let last = shown.last.as_ref().map(|(by, at)| format!("last set by {} at {}", phrase::by(by), phrase::time(*at)));
    let mut small: Vec<String> = last.into_iter().collect();
    small.push(
        "while it is quiet or muted lone alarms are gathered and told together afterwards; a flood speaks at any hour"
            .to_owned(),
    );
    small.push(format!("{} lists what can be set", phrase::code(format!("{root} help"))));
    Message::new(&title).titled(&title, &lines.join("\n")).openers(&[("Change…", CHANGE)]).context(&small)
}

/// The line for the Home tab.
pub(crate) fn line(shown: &Shown) -> String {
    let (alarms, within) = shown.flood;
    let nudge = if shown.nudge_after.is_zero() {
        "nobody is nudged".to_owned()
    } else {
        format!("a flood without lead or severity is told so after {}", phrase::span(shown.nudge_after))
    };
    let quiet = shown.quiet.as_ref().map(|hours| format!(" · quiet {}", phrase::code(hours))).unwrap_or_default();
    let muted = shown.muted_until.map(|until| format!(" · muted until {}", phrase::time(until))).unwrap_or_default();
    format!("A flood is {alarms} alarms within {} · {nudge}{quiet}{muted}", phrase::span(within))
}

/// Why nothing was set.
pub fn refused(problem: &str) -> Message {
    Message::plain("Nothing was set", problem)
}

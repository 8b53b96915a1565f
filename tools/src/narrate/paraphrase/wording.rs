//! The ways in which one thing is said, and said wrongly.

use crate::model::{ServiceId, Unit};
use crate::narrate::lexicon::is_common;
use crate::narrate::reader::words;
use crate::narrate::tell::{code, number, seconds};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// `{s}` left its normal range at `{t}`.
pub(super) const ONSETS: [&str; 9] = [
    "{s} left its normal range at {t}.",
    "At {t}, {s} left its normal range.",
    "The trouble at {s} began at {t}.",
    "{s} has been in trouble since {t}.",
    "{s} has been out of its normal range since {t}.",
    "Trouble at {s} started at {t}.",
    "{s} was hit at {t}.",
    "Since {t}, {s} has been affected.",
    "It began at {t} in {s}.",
];

pub(super) const ALARMS: [&str; 5] = [
    "The alarm of {s} fired at {t}.",
    "{s} went to ALARM at {t}.",
    "At {t}, the alarm of {s} went off.",
    "{s} alarmed at {t}.",
    "{s} has been in alarm since {t}.",
];

pub(super) const CHANGED: [&str; 4] = [
    "{s} was changed at {t}.",
    "A change of {s} took effect at {t}.",
    "At {t}, {s} was changed.",
    "There was a change of {s} at {t}.",
];

pub(super) const GUILTY: [&str; 4] = [
    "A change of {s} at {t} is to blame.",
    "The change of {s} at {t} is the cause.",
    "The trouble was caused by a change of {s} at {t}.",
    "The change of {s} is guilty.",
];

pub(super) const NO_GUILTY: [&str; 4] = [
    "No change near the onset is to blame.",
    "None of the changes is to blame.",
    "No change explains it.",
    "No change is guilty.",
];

pub(super) const NO_CAUSE: [&str; 5] = [
    "No cause was found.",
    "No cause found.",
    "No cause has been found yet.",
    "The cause is not known.",
    "No root cause was found.",
];

pub(super) const CAUSES: [&str; 10] = [
    "{s} is the cause.",
    "The cause is {s}.",
    "{s} is the root cause of the trouble.",
    "The root cause: {s}.",
    "{s} is to blame.",
    "It was caused by {s}.",
    "The trouble comes from {s}.",
    "{s} is the culprit.",
    "All of this is due to {s}.",
    "{s} caused the trouble.",
];

pub(super) const SURE: [&str; 4] = [
    "{s} is the cause, with {c} % confidence.",
    "The cause is {s} ({c} % confidence).",
    "With a confidence of {c} percent, {s} is the cause.",
    "We are {c}% sure that {s} is to blame.",
];

pub(super) const NOT_CAUSE: [&str; 6] = [
    "{s} is not the cause.",
    "The cause is not {s}.",
    "{s} isn't to blame.",
    "Nothing but {s} is the cause.",
    "{s} was never the cause.",
    "{s} is hardly the cause.",
];

pub(super) const OVERSURE: [&str; 5] = [
    "{s} is certainly the cause.",
    "{s} is definitely the cause.",
    "Without doubt {s} is the cause.",
    "It is proven that {s} is the cause.",
    "{s} must be the cause.",
];

pub(super) const PROBABLY: [&str; 3] =
    ["{s} is probably the cause.", "Most likely {s} is the cause.", "The cause is probably {s}."];

pub(super) const PERHAPS: [&str; 4] =
    ["{s} is possibly the cause.", "Perhaps {s} is the cause.", "{s} could be the cause.", "{s} might be the cause."];

/// Trouble went from `{a}` to `{b}`.
pub(super) const LEADS: [&str; 16] = [
    "{a} dragged down {b}.",
    "{b} suffers because of {a}.",
    "Trouble spread from {a} to {b}.",
    "{a} led to the trouble at {b}.",
    "The trouble of {b} comes from {a}.",
    "Because of {a}, {b} suffers.",
    "{b} was brought down by {a}.",
    "{a} caused the trouble at {b}.",
    "{b} is in trouble due to {a}.",
    "{b} is affected as a result of the trouble at {a}.",
    "{a} is in trouble, so {b} suffers.",
    "{a} triggered the trouble at {b}.",
    "{b} suffers because {a} is in trouble.",
    "The cause of the trouble at {b} is {a}.",
    "{b} suffers, and {a} is the reason for the trouble at {b}.",
    "The trouble at {b} was caused by {a}.",
];

pub(super) const NOT_LEADS: [&str; 4] = [
    "{a} did not drag down {b}.",
    "{b} does not suffer because of {a}.",
    "{b} suffers, but not because of {a}.",
    "{a} has nothing to do with {b}.",
];

pub(super) const CALLS: [&str; 4] =
    ["{a} calls {b}.", "{b} is called by {a}.", "{a} depends on {b}.", "{a} waits for {b}."];

pub(super) const NEXT: [&str; 6] = [
    "{a} may be hit next.",
    "{a} is expected to be hit next.",
    "{a} may be hit next through {b}.",
    "{a} is next, because it calls {b}.",
    "{a} will be hit next because of {b}.",
    "{b} may drag down {a}.",
];

pub(super) const LOGGED: [&str; 4] = [
    "{s} logged “{q}” {n} times.",
    "{s} wrote {n} log lines like \"{q}\".",
    "{n} log lines of {s} say “{q}”.",
    "{s} logged “{q}” {n} times, where {u} is usual.",
];

/// No evidence says any of this.
pub(super) const INVENTED: [&str; 16] = [
    "Restart {s}.",
    "Roll {s} back now.",
    "Scale {s} to 10 instances.",
    "{s} ran out of memory.",
    "Delete the table of {s}.",
    "See https://example.com/{s} for {s}.",
    "{s} is affected, tell <@U123456>.",
    "{s} is affected; @here please act.",
    "{s} was attacked.",
    "{s} is affected: `rm -rf /`.",
    "{s} lost 40 % of its data.",
    "Customers of {s} cannot pay.",
    "Only {s} is affected.",
    "All services but {s} are affected.",
    "{s} will be fine in 5 minutes.",
    "{s} is affected (E99999).",
];

/// What every trouble says.
pub(super) const PLAIN: [&str; 4] =
    ["{s} is affected.", "{s} is in trouble.", "There is trouble at {s}.", "{s} suffers."];

/// A figure and what is usual.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figure {
    pub(super) value: f64,
    pub(super) usual: Option<f64>,
}

impl Figure {
    /// Another figure, with another usual one.
    pub(super) fn times(self, factor: f64) -> Self {
        Self { value: self.value * factor, usual: self.usual.map(|usual| usual * factor + 1.0) }
    }

    /// What was is what is, and the other way round.
    pub(super) fn turned(self) -> Self {
        Self { value: self.usual.unwrap_or(0.0), usual: self.usual.map(|_| self.value) }
    }

    /// What is usual, where it can be told apart.
    fn before(self) -> Option<f64> {
        self.usual.filter(|usual| (self.value - usual).abs() > 0.2 * usual.abs().max(self.value.abs()))
    }
}

/// Of what a figure is.
#[derive(Clone, Debug)]
pub(super) enum Words {
    Faults,
    Requests,
    Success,
    Latency,
    Named(String, Unit),
}

impl Words {
    /// The figure with its unit, in a way of its own for each `turn`.
    fn quantity(&self, value: f64, turn: usize) -> String {
        let digits = match turn % 5 {
            1 if value >= 1000.0 => format!("{value:.0}"),
            2 if value >= 10_000.0 => format!("{:.1}k", value / 1000.0),
            3 if value >= 10_000.0 => format!("{:.1} thousand", value / 1000.0),
            _ => number(value),
        };
        match self {
            Self::Faults | Self::Requests => digits,
            Self::Success => format!("{} {}", number(value), if turn % 2 == 0 { "%" } else { "percent" }),
            Self::Latency if turn % 3 == 1 => format!("{} seconds", number(value)),
            Self::Latency if turn % 3 == 2 && value < 100.0 => format!("{:.0}ms", value * 1000.0),
            Self::Latency => seconds(value),
            Self::Named(_, Unit::Percent) => {
                format!("{} {}", number(value), if turn % 2 == 0 { "%" } else { "percent" })
            }
            Self::Named(_, Unit::Milliseconds) if turn % 2 == 1 => format!("{} ms", number(value)),
            Self::Named(_, Unit::Milliseconds) => seconds(value / 1000.0),
            Self::Named(_, Unit::Seconds) => format!("{} seconds", number(value)),
            Self::Named(_, Unit::PerMinute) => format!("{} a minute", number(value)),
            Self::Named(_, Unit::Count | Unit::Times) => number(value),
        }
    }

    pub(super) fn short(&self, value: f64) -> String {
        self.quantity(value, 0)
    }

    /// Whether the digits of every way to write it say what it is.
    fn templates(&self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Faults => (
                &[
                    "{s} fails {v} requests a minute.",
                    "{v} requests per minute fail at {s}.",
                    "At {s}, {v} requests a minute fail.",
                    "{s} has {v} failed requests a minute.",
                    "{s} shows {v} errors per minute.",
                    "{s}: {v} failed requests every minute.",
                ],
                &[
                    "{s} fails {v} requests a minute, where {u} is usual.",
                    "{s} has {v} failed requests per minute, usually {u}.",
                    "{v} requests a minute fail at {s}, against the usual {u}.",
                    "{s} fails {v} requests a minute instead of {u}.",
                    "{s} fails {v} requests a minute; {u} is normal.",
                ],
            ),
            Self::Requests => (
                &["{s} gets {v} requests a minute.", "{s} has {v} requests per minute."],
                &["{s} gets {v} requests a minute, where {u} is usual.", "{s} has {v} requests a minute, usually {u}."],
            ),
            Self::Success => (
                &[
                    "{v} of the requests of {s} succeed.",
                    "The success rate of {s} is {v}.",
                    "{s} has a success rate of {v}.",
                ],
                &[
                    "The success rate of {s} is {v}, usually {u}.",
                    "{v} of the requests of {s} succeed, where {u} is usual.",
                ],
            ),
            Self::Latency => (
                &[
                    "Requests of {s} take {v}.",
                    "{s} takes {v}.",
                    "{s} answers in {v}.",
                    "The latency of {s} is {v}.",
                    "{s} has a response time of {v}.",
                ],
                &[
                    "Requests of {s} take {v}, where {u} is usual.",
                    "{s} takes {v} instead of {u}.",
                    "The latency of {s} is {v}, usually {u}.",
                    "{s} answers in {v}; {u} is normal.",
                ],
            ),
            Self::Named(..) => (
                &["{s} shows {n}: {v}.", "{n} of {s}: {v}.", "At {s}, {n} stands at {v}."],
                &["{s} shows {n}: {v}, where {u} is usual.", "{n} of {s}: {v}, usually {u}."],
            ),
        }
    }

    fn fill(&self, template: &str, name: &str, value: &str, usual: &str) -> String {
        let text = template.replace("{s}", name).replace("{v}", value).replace("{u}", usual);
        if let Self::Named(name, _) = self { text.replace("{n}", name) } else { text }
    }

    /// The figure, told.
    pub(super) fn stated(&self, name: &str, figure: &Figure, turn: usize) -> Vec<String> {
        let (alone, compared) = self.templates();
        let mut all: Vec<String> = Vec::new();
        for (at, template) in alone.iter().enumerate() {
            all.push(self.fill(template, name, &self.quantity(figure.value, at + turn), ""));
        }
        for (at, template) in compared.iter().enumerate() {
            if let Some(before) = figure.before() {
                let (value, usual) = (self.quantity(figure.value, at + turn), self.quantity(before, at + turn));
                all.push(self.fill(template, name, &value, &usual));
            }
        }
        all
    }

    fn noun(&self) -> &str {
        match self {
            Self::Faults => "failed requests a minute",
            Self::Requests => "requests a minute",
            Self::Success => "success rate",
            Self::Latency => "latency",
            Self::Named(name, _) => name,
        }
    }

    /// That it moved, in the direction that the figure says.
    pub(super) fn moved(&self, name: &str, figure: &Figure) -> Vec<String> {
        let Some(before) = figure.before() else { return Vec::new() };
        let up = figure.value > before;
        let verbs = if up {
            ["rose", "climbed", "increased", "went up"]
        } else {
            ["fell", "dropped", "decreased", "went down"]
        };
        let more = if up { "higher than usual" } else { "lower than usual" };
        let noun = self.noun();
        let (value, usual) = (self.quantity(figure.value, 0), self.quantity(before, 0));
        let mut all: Vec<String> = Vec::new();
        for verb in verbs {
            all.push(format!("The {noun} of {name} {verb} from {usual} to {value}."));
            all.push(format!("The {noun} of {name} {verb} to {value}."));
            all.push(format!("The {noun} of {name} {verb}."));
        }
        all.push(format!("The {noun} of {name} is {more}."));
        let ratio = figure.value / before;
        if before > 0.0 && ratio > 1.5 && ratio < 500.0 && !matches!(self, Self::Success) {
            all.push(format!("The {noun} of {name} is {} times the usual.", number(ratio)));
            if (1.9..2.1).contains(&ratio) {
                all.push(format!("The {noun} of {name} doubled."));
            }
        }
        all
    }

    pub(super) fn denied(&self, name: &str, figure: &Figure) -> Vec<String> {
        let noun = self.noun();
        let value = self.quantity(figure.value, 0);
        let mut all = vec![
            format!("The {noun} of {name} did not change."),
            format!("There is no {noun} of {name}."),
            format!("The {noun} of {name} is not {value}."),
            format!("The {noun} of {name} never went to {value}."),
            format!("The {noun} of {name} stayed away from {value}."),
        ];
        if figure.before().is_some_and(|before| before < figure.value) {
            all.push(format!("The {noun} of {name} did not rise."));
            all.push(format!("The {noun} of {name} didn't go up."));
            all.push(format!("The {noun} of {name} is as usual."));
        }
        all
    }

    /// By what it is at least and at most.
    pub(super) fn bounded(&self, name: &str, figure: &Figure) -> Vec<String> {
        if figure.value <= 0.0 || matches!(self, Self::Success) {
            return Vec::new();
        }
        let (low, high) = (self.quantity(figure.value * 0.9, 0), self.quantity(figure.value * 1.1, 0));
        let noun = self.noun();
        vec![
            format!("The {noun} of {name} is at least {low}."),
            format!("The {noun} of {name} is more than {low}."),
            format!("The {noun} of {name} is no less than {low}."),
            format!("The {noun} of {name} is between {low} and {high}."),
        ]
    }

    /// The same in another unit.
    pub(super) fn converted(&self, name: &str, figure: &Figure) -> Vec<String> {
        let v = figure.value;
        match self {
            Self::Faults => vec![
                format!("{name} fails {} requests a second.", number(v / 60.0)),
                format!("{name} fails {} requests an hour.", number(v * 60.0)),
            ],
            Self::Requests => vec![format!("{name} gets {} requests a second.", number(v / 60.0))],
            Self::Success => {
                let failing = number(100.0 - v);
                vec![
                    format!("{failing} % of the requests of {name} fail."),
                    format!("{name} fails {failing} percent of requests."),
                ]
            }
            Self::Latency => vec![
                format!("Requests of {name} take {:.0} ms.", v * 1000.0),
                format!("Requests of {name} take {} min.", number(v / 60.0)),
                format!("Requests of {name} take {} s.", number(v)),
            ]
            .into_iter()
            .filter(|text| !text.contains(" 0 ") && !text.contains(" 0.0"))
            .collect(),
            Self::Named(..) => Vec::new(),
        }
    }

    /// The same digits in another unit.
    pub(super) fn misread(&self, name: &str, figure: &Figure) -> Vec<String> {
        let v = number(figure.value);
        if figure.value == 0.0 {
            return Vec::new();
        }
        match self {
            Self::Faults => vec![
                format!("{name} fails {v} requests a second."),
                format!("{name} fails {v} requests an hour."),
                format!("{name} fails {v} requests a day."),
                format!("{name} fails {v} % of its requests."),
                format!("{name} fails for {v} minutes."),
                format!("{name} takes {v} ms."),
                format!("{name} gets {v} requests a minute."),
            ],
            Self::Requests => {
                vec![format!("{name} gets {v} requests a second."), format!("{name} fails {v} requests a minute.")]
            }
            Self::Success => vec![
                format!("{v} requests a minute of {name} succeed."),
                format!("The success rate of {name} is {v} ms."),
                format!("The success rate of {name} fell by {v} points."),
            ],
            Self::Latency => vec![
                format!("Requests of {name} take {v} ms."),
                format!("Requests of {name} take {v} minutes."),
                format!("Requests of {name} take {v} hours."),
                format!("{name} fails {v} requests a minute."),
                format!("{name} fails {v} % of its requests."),
                format!("{name} takes {v} MB."),
            ],
            Self::Named(noun, Unit::Percent) => {
                vec![format!("{name} shows {noun}: {v} ms."), format!("{name} shows {noun}: {v} a minute.")]
            }
            Self::Named(noun, _) => {
                vec![format!("{name} shows {noun}: {v} %."), format!("{name} shows {noun}: {v} hours.")]
            }
        }
    }

    /// Two services with a figure each.
    pub(super) fn both(&self) -> &'static [&'static str] {
        match self {
            Self::Latency => &[
                "{x} takes {a}, while {y} takes {b}.",
                "{x} takes {a} and {y} takes {b}.",
                "Requests of {x} take {a}; requests of {y} take {b}.",
                "{x}, which takes {a}, is in trouble, and {y} takes {b}.",
            ],
            Self::Faults | Self::Requests | Self::Success | Self::Named(..) => &[
                "{x} fails {a} requests a minute, while {y} fails {b}.",
                "{x} fails {a} requests a minute and {y} fails {b} requests a minute.",
                "{a} requests a minute fail at {x}; {b} requests a minute fail at {y}.",
                "{x}, which fails {a} requests a minute, is in trouble, and {y} fails {b} requests a minute.",
            ],
        }
    }
}

/// A service's name as people write it. A name that is made of common words stands in code font.
pub(super) fn names(service: &ServiceId) -> Vec<String> {
    let exact = service.as_str();
    let parts = words(exact);
    let mut all = vec![code(service)];
    let plain = parts.iter().any(|word| !is_common(word) && word.len() > 1 && word.parse::<f64>().is_err());
    let simple = exact.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    if plain && simple {
        all.push(exact.to_owned());
        all.push(format!("**{exact}**"));
        all.push(format!("\"{exact}\""));
        if parts.len() > 1 {
            all.push(parts.join(" "));
            all.push(parts.iter().map(|word| capital(word)).collect::<Vec<_>>().join(" "));
        }
    }
    all
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A moment as clocks show it.
pub(super) fn clocks(at: Timestamp) -> Vec<String> {
    let east = at.to_zoned(TimeZone::fixed(Offset::constant(2)));
    let utc = at.to_zoned(TimeZone::UTC);
    let half = if utc.hour() < 12 { "am" } else { "pm" };
    let hour = (utc.hour() + 11) % 12 + 1;
    vec![
        utc.strftime("%H:%M").to_string(),
        utc.strftime("%H:%M UTC").to_string(),
        utc.strftime("%H:%MZ").to_string(),
        utc.strftime("%H:%M:%S UTC").to_string(),
        format!("{hour}:{:02} {half}", utc.minute()),
        utc.strftime("%H:%M UTC on %Y-%m-%d").to_string(),
        east.strftime("%H:%M+02:00").to_string(),
        east.strftime("%H:%M UTC+2").to_string(),
        utc.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    ]
}

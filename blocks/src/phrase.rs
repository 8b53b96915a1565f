//! Claims as sentences: the words a tired person reads. Deterministic; every number keeps its unit.

use crate::mrkdwn::escape;
use jiff::{SignedDuration, Timestamp};
use tools::model::{
    AlarmState, Apartness, Because, Change, Claim, Evidence, EvidenceId, Measure, Reason, ServiceId, Source, Symptom,
    Unit,
};

/// A name in code font, so that it can be told from the words around it and be copied.
pub fn code(name: impl AsRef<str>) -> String {
    // A backtick would end the code span early.
    format!("`{}`", escape(&name.as_ref().replace('`', "'")))
}

/// A service's name.
pub fn service(id: &ServiceId) -> String {
    code(id.as_str())
}

/// A time of day in the reader's zone; in UTC where that is not known.
pub fn time(at: Timestamp) -> String {
    format!("<!date^{}^{{time_secs}}|{} UTC>", at.as_second(), clock(at))
}

/// A time of day in UTC, `03:12:41`.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// A span of time as people say it: `40 s`, `3 min`, `2 h 5 min`.
pub fn span(span: SignedDuration) -> String {
    let seconds = span.as_secs().abs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", (seconds + 30) / 60),
        _ if seconds % 3600 < 60 => format!("{} h", seconds / 3600),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `40 s later`, `3 min earlier`, `at the same time`.
fn later(seconds: i64) -> String {
    match seconds {
        0 => "at the same time".to_owned(),
        1.. => format!("{} later", span(SignedDuration::from_secs(seconds))),
        _ => format!("{} earlier", span(SignedDuration::from_secs(seconds))),
    }
}

/// A number with three significant digits and separated thousands.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 1000.0 {
        let digits = format!("{value:.0}");
        let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |rest| ("-", rest));
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        return format!("{sign}{grouped}");
    }
    let text = if size >= 100.0 || size == 0.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A share as a percentage.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", (share * 100.0).clamp(0.0, 100.0))
}

/// A confidence as a percentage; nothing here is certain.
pub fn confidence(confidence: f64) -> String {
    percent(confidence.min(0.99))
}

/// `one alarm`, `2 alarms`.
pub fn count(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("one {one}") } else { format!("{count} {many}") }
}

/// Up to `limit` services, the rest counted.
pub fn services<'a>(ids: impl ExactSizeIterator<Item = &'a ServiceId>, limit: usize) -> String {
    let total = ids.len();
    // One more name is shorter than "and 1 more".
    let shown = if total == limit + 1 { total } else { limit };
    let mut names: Vec<String> = ids.take(shown).map(service).collect();
    if total > shown {
        names.push(format!("{} more", total - shown));
    }
    list(&names)
}

/// `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// `(E3, E7)`; nothing for nothing.
pub fn refs(ids: &[EvidenceId]) -> String {
    if ids.is_empty() {
        return String::new();
    }
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!(" _({})_", ids.join(", "))
}

/// A value of a measure with its unit.
pub fn quantity(value: f64, measure: &Measure) -> String {
    match measure {
        Measure::Requests => format!("{} requests a minute", number(value)),
        Measure::Faults => format!("{} failed requests a minute", number(value)),
        Measure::Availability => format!("{} % successful", number(value)),
        Measure::Latency if value < 1.0 => format!("{} ms", number(value * 1000.0)),
        Measure::Latency => format!("{} s", number(value)),
        Measure::Other(name) => format!("{} {}", number(value), escape(name)),
    }
}

/// A figure with its unit.
pub fn figure(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count => number(value),
        Unit::PerMinute => format!("{} a minute", number(value)),
        Unit::Percent => format!("{} %", number(value)),
        Unit::Milliseconds => format!("{} ms", number(value)),
        Unit::Seconds => format!("{} s", number(value)),
        Unit::Times => format!("{} times", number(value)),
    }
}

/// How a service suffers, as the end of a sentence about it.
pub fn symptom(symptom: Symptom) -> &'static str {
    match symptom {
        Symptom::Faults => "requests fail",
        Symptom::Latency => "requests are slow",
        Symptom::Alarms => "its alarms fire",
        Symptom::Signs => "its log or another metric shows it",
    }
}

/// The word and the sign of an alarm's state: never the sign alone.
pub fn state(state: AlarmState) -> &'static str {
    match state {
        AlarmState::Alarm => "🔴 *ALARM*",
        AlarmState::Ok => "🟢 *OK*",
        AlarmState::InsufficientData => "⚪ *NO DATA*",
    }
}

/// Why an alarm stands in its incident, as a clause.
pub fn because(because: &Because) -> String {
    match because {
        Because::First => "the first".to_owned(),
        Because::SameService { service: id, after_s } => {
            format!("also on {}, {}", service(id), later(*after_s))
        }
        Because::Connected { path, after_s } => {
            let (Some(caller), Some(callee)) = (path.first(), path.last()) else { return later(*after_s) };
            let through = match path.as_slice() {
                [_, inner @ .., _] if !inner.is_empty() => format!(" through {}", services(inner.iter(), 3)),
                _ => String::new(),
            };
            format!("{} calls {}{through}, {}", service(caller), service(callee), later(*after_s))
        }
        Because::SharedCallee { callee, with, after_s } => {
            format!("it calls {}, and so does {}, {}", service(callee), service(with), later(*after_s))
        }
        Because::Composite { child } => format!("it combines {}", code(child)),
        Because::Alike { alarm, after_s } => {
            format!("named like {} in the same account, {}", code(alarm), later(*after_s))
        }
        Because::Apart { from, reason } => match reason {
            Apartness::OtherAccount { account, service: Some(id) } => {
                format!("apart from {from}: {} runs in account {account}, and no call leads there", service(id))
            }
            Apartness::OtherAccount { account, service: None } => {
                format!("apart from {from}: it comes from account {}, and no call leads there", escape(account))
            }
            Apartness::NoPath { service: id } => {
                format!("apart from {from}: no call connects {} with the services there", service(id))
            }
            Apartness::Unknown => {
                format!("apart from {from}: neither the topology nor its name connects it")
            }
            Apartness::TooLate { silent_min } => {
                format!("apart from {from}, which has been silent for {silent_min} min")
            }
        },
    }
}

/// A change, as a clause.
pub fn change(change: &Change) -> String {
    let by = change.by.as_ref().map(|by| format!(" by {}", escape(by))).unwrap_or_default();
    let summary = escape(&crate::limits::cut(&change.summary, 200));
    let what = match &change.link {
        Some(link) if link.starts_with("https://") => format!("<{}|{summary}>", escape(link)),
        _ => format!("“{summary}”"),
    };
    format!("{} on {}{by} at {}: {what}", change.kind, service(&change.service), time(change.at))
}

/// What speaks for or against a change, as a clause.
pub fn reason(reason: &Reason) -> String {
    let after = |minutes: f64| span(SignedDuration::try_from_secs_f64(minutes * 60.0).unwrap_or_default());
    match reason {
        Reason::Before { minutes } => format!("it came {} before the onset", after(*minutes)),
        Reason::After { minutes } => format!("it came {} after the onset", after(*minutes)),
        Reason::AtCause => "it touches the cause".to_owned(),
        Reason::BehindCause => "it touches what the cause calls".to_owned(),
        Reason::AtAlarm => "it touches a service that alarms".to_owned(),
        Reason::Elsewhere => "no call connects it with the cause".to_owned(),
        Reason::Words { words } => {
            let words: Vec<String> = words.iter().map(code).collect();
            format!("it speaks of what fails: {}", list(&words))
        }
        Reason::Does { what } => escape(what),
        Reason::LeadsTo { trouble } => format!("that leads to {}", escape(trouble)),
        Reason::Harmless { what } => format!("it cannot break what runs: {}", escape(what)),
        Reason::Outside { what } => format!("something outside explains it: {}", escape(what)),
    }
}

/// One piece of evidence with where it comes from.
pub fn evidence(evidence: &Evidence) -> String {
    let claim = match &evidence.claim {
        Claim::Alarm { name, state, at, .. } => format!("{} went to {state} at {}", code(name), time(*at)),
        Claim::Excess { service: id, measure, observed, expected, z, .. } => format!(
            "{}: {} where {} is usual, {} deviations",
            service(id),
            quantity(*observed, measure),
            quantity(*expected, measure),
            number(*z)
        ),
        Claim::Onset { service: id, at } => format!("{} left its normal range at {}", service(id), time(*at)),
        Claim::Calls { caller, callee, requests_per_min } => {
            let rate = requests_per_min.map(|rate| format!(", {} times a minute", number(rate))).unwrap_or_default();
            format!("{} calls {}{rate}", service(caller), service(callee))
        }
        Claim::Figure { service: id, name, value, unit, usual } => {
            let usual = usual.map(|usual| format!(", usually {}", figure(usual, *unit))).unwrap_or_default();
            format!("{}: {} {}{usual}", service(id), escape(name), figure(*value, *unit))
        }
        Claim::Logged { service: id, pattern, count: lines, before } => format!(
            "{} logged {} {}, {} before",
            service(id),
            code(crate::limits::cut(pattern, 120)),
            count(usize::try_from(*lines).unwrap_or(usize::MAX), "time", "times"),
            number(*before as f64)
        ),
        Claim::Changed { change: changed } => change(changed),
    };
    let source = match &evidence.source {
        Source::Query(query) => code(query),
        Source::Link(link) if link.starts_with("https://") => format!("<{}|source>", escape(link)),
        Source::Link(link) => code(link),
    };
    format!("*{}* {claim} · {source}", evidence.id)
}

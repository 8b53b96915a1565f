//! Claims as sentences: the words a tired person reads. Deterministic; every number keeps its unit.

use crate::mrkdwn::escape;
use jiff::{SignedDuration, Timestamp};
use tools::model::{
    AlarmState, Apartness, Because, Bottleneck, Change, Claim, Evidence, EvidenceId, Limit, Measure, Reason, ServiceId,
    Source, Symptom, Unit,
};
use tools::recovery::plan::PlanId;
use tools::recovery::policy::PersonId;

/// A name in code font, so that it can be told from the words around it and be copied.
pub fn code(name: impl AsRef<str>) -> String {
    // A backtick would end the code span early, and so would the end of the line.
    format!("`{}`", escape(&one_line(name.as_ref()).replace('`', "'")))
}

/// What somebody or something else wrote, as part of a sentence of ours: in one line, and of its markup only code stays, where
/// its backticks come in pairs.
pub fn words(text: impl AsRef<str>) -> String {
    let line = one_line(text.as_ref());
    if line.matches('`').count() % 2 == 1 {
        return unstyled(&line.replace('`', "'"));
    }
    let part = |(at, part): (usize, &str)| match (at % 2, part) {
        (1, "") => String::new(),
        (1, name) => format!("`{}`", escape(name)),
        (_, words) => unstyled(words),
    };
    line.split('`').enumerate().map(part).collect()
}

/// Text in which nothing is markup. There is no way to escape these signs, so others that look like them stand in for them.
fn unstyled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        // Inside of a word it is no markup, and belongs to many names.
        let is_inner = before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        out.push(match c {
            '*' => '∗',
            '~' => '∼',
            '_' if !is_inner => 'ˍ',
            other => other,
        });
        before = c;
    }
    escape(&out)
}

/// Text in one line: every run of blanks, line ends and control characters is one blank. What turns the direction of writing
/// is left out, since it could turn our words, too.
pub(crate) fn one_line(text: &str) -> String {
    let turns = |c: &char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = text.chars().filter(|c| !turns(c)).map(visible).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A sentence with a capital at its beginning.
pub(crate) fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// Somebody, as a mention where the id is one that the chat can have given.
pub fn person(id: &PersonId) -> String {
    by(&id.0)
}

/// The same by the id alone.
pub(crate) fn by(id: &str) -> String {
    let is_known = id.len() >= 2 && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if is_known { format!("<@{id}>") } else { code(crate::limits::cut(id, 80)) }
}

/// The beginning of a plan's id, long enough to tell it from the others of its incident.
pub(crate) fn short_id(id: &PlanId) -> String {
    one_line(&id.0.chars().take(13).collect::<String>())
}

/// A plan's name in a sentence.
pub fn plan(id: &PlanId) -> String {
    code(short_id(id))
}

/// A service's name.
pub fn service(id: &ServiceId) -> String {
    code(id.as_str())
}

/// A time of day in the reader's zone; in UTC where that is not known.
pub fn time(at: Timestamp) -> String {
    format!("<!date^{}^{{time_secs}}|{} UTC>", at.as_second(), clock(at))
}

/// A day and its time, in the reader's zone; in UTC where that is not known.
pub fn day(at: Timestamp) -> String {
    let utc = at.strftime("%Y-%m-%d %H:%M");
    format!("<!date^{}^{{date_short}} {{time}}|{utc} UTC>", at.as_second())
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
pub(crate) fn later(seconds: i64) -> String {
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

/// A bottleneck with its figures, as a line: who, what, how much, and the evidence.
pub fn bottleneck(bottleneck: &Bottleneck) -> String {
    format!("{}: {}{}", service(&bottleneck.service), limit(&bottleneck.limit), refs(&bottleneck.evidence))
}

/// A limit that a service has met with its figures, as the end of a sentence about it.
pub fn limit(limit: &Limit) -> String {
    let of = |share: Option<f64>, whole: &str| {
        share.map(|share| format!(", {} of {whole}", percent(share))).unwrap_or_default()
    };
    let usually = |usual: Option<f64>| usual.map(|usual| format!(", usually {}", number(usual))).unwrap_or_default();
    match limit {
        Limit::ColdStarts { share, added_ms, .. } => {
            format!("{} of invocations start cold, each adds {} ms", percent(*share), number(added_ms.round()))
        }
        Limit::Throttles { per_min, share, .. } => {
            format!("refuses {} requests a minute{}", number(*per_min), of(*share, "all"))
        }
        Limit::Concurrency { peak, usual } => {
            format!("stands at {} executions at once{}, and more are refused", number(*peak), usually(*usual))
        }
        Limit::Spillover { per_min, share, .. } => {
            format!("{} invocations a minute find no provisioned environment{}", number(*per_min), of(*share, "all"))
        }
        Limit::RetryStorm { callee, amplification, .. } => format!(
            "retries: {} gets {} times the calls that its callers' requests explain",
            service(callee),
            number(*amplification)
        ),
        Limit::Connections { in_use, usual, at_limit, lines } => {
            let held = in_use.map(|in_use| format!("{} connections in use{}", number(in_use), usually(*usual)));
            let none_left = at_limit.then(|| match usize::try_from(*lines) {
                Ok(0) => "none is left".to_owned(),
                lines => format!("none is left, say {}", count(lines.unwrap_or(usize::MAX), "log line", "log lines")),
            });
            held.into_iter().chain(none_left).collect::<Vec<_>>().join(", ")
        }
        Limit::QueueAge { age_s, usual_s } => {
            let usual = usual_s.map(|usual| format!(", usually {}", seconds(usual))).unwrap_or_default();
            format!("its oldest message waits for {}{usual}", seconds(*age_s))
        }
        Limit::HotPartition { per_min, table_use } => format!(
            "one range of keys refuses {} requests a minute{}",
            number(*per_min),
            table_use
                .map(|used| format!(", while {} of the table's capacity is in use", percent(used)))
                .unwrap_or_default()
        ),
    }
}

/// Seconds as people say them.
#[expect(clippy::cast_possible_truncation, reason = "no more than thirty years")]
fn seconds(seconds: f64) -> String {
    span(SignedDuration::from_secs(seconds.round().clamp(0.0, 1e9) as i64))
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
        // Who said it stands in the timeline: a name in a message that is posted would call that person.
        Because::Told { of, .. } => format!("people said of {of} that these belong together"),
        Because::Merged { from, .. } => format!("it came with {from}, which was merged into this"),
        Because::Split { from, .. } => format!("taken out of {from}, where it does not belong"),
        Because::Apart { from, reason } => match reason {
            Apartness::Told { of, .. } => {
                format!("apart from {from}: people said of {of} that these do not belong together")
            }
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

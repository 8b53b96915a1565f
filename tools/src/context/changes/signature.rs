//! The failing signature: the log patterns that are new or much more frequent, the metrics that left their range, the words
//! of both and of the alarms, and what lies outside of every change.

use super::super::Situation;
use super::super::excess::median;
use super::super::kind::Kind;
use super::code::stems;
use super::trouble::{Troubles, outside};
use crate::model::{LogLevel, Measure, Series, ServiceId};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// More of a line is not read.
const LONGEST: usize = 400;

/// Lines beyond this are not read; a window of an hour that holds more is sampled by its source anyway.
const MOST_LINES: usize = 200_000;

/// Distinct patterns that are kept; whoever logs more kinds of lines than this logs free text.
const MOST_PATTERNS: usize = 2000;

/// This share of the log before the first alarm counts as usual.
const USUAL_SHARE: f64 = 0.25;

/// A pattern that comes this many times as often is as good as new.
const MORE_OFTEN: f64 = 4.0;

/// A metric has left its range at this many robust deviations, and this far off relative to its usual value.
const OUT: f64 = 6.0;
const OUT_SHARE: f64 = 0.25;

/// Values that tell where a metric is now.
const LATEST: usize = 5;

/// So many values in a row within the range end the trouble, looking back.
const CALM: usize = 2;

/// Values that a range is taken from, at least.
const LEAST_USUAL: usize = 8;

/// Lines that are alike.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::context) struct Pattern {
    /// Who logged them.
    pub(in crate::context) service: ServiceId,
    /// What they have in common; what differs stands as `<*>`.
    pub(in crate::context) text: String,
    /// How many since the first of them.
    pub(in crate::context) count: u64,
    /// How many in the usual part of the log.
    pub(in crate::context) before: u64,
    /// When the first came.
    pub(in crate::context) first: Timestamp,
    /// The worst level of them.
    pub(in crate::context) level: Option<LogLevel>,
    /// The first of them in full, cut, in lower case where troubles are read.
    pub(super) sample: String,
    /// How many different texts they have.
    distinct: usize,
}

impl Pattern {
    /// Whether it tells of trouble by its level or its words.
    pub(in crate::context) fn is_bad(&self) -> bool {
        match self.level {
            Some(level) => level >= LogLevel::Warn,
            None => !Troubles::of_text(&self.sample.to_lowercase()).is_empty(),
        }
    }
}

/// A metric that left its range and has not come back.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::context) struct Moved {
    pub(in crate::context) service: ServiceId,
    pub(in crate::context) measure: Measure,
    /// Since when.
    pub(in crate::context) onset: Timestamp,
    /// The last values over the usual ones.
    pub(in crate::context) times: f64,
}

/// Everything the changes are held against.
#[derive(Clone, Debug, Default)]
pub(in crate::context) struct Signature {
    /// New patterns, whatever they say.
    pub(in crate::context) patterns: Vec<Pattern>,
    /// Metrics that moved.
    pub(in crate::context) moved: Vec<Moved>,
}

/// What those say of a few services.
#[derive(Clone, Debug, Default)]
pub(super) struct Symptoms {
    /// The sorts of trouble.
    pub(super) troubles: Troubles,
    /// Stems of the words, and whole names, with their weight.
    pub(super) words: BTreeMap<String, f64>,
    /// How strongly something outside of every change is told of, 0–1, and what.
    pub(super) outside: Option<(f64, &'static str)>,
}

impl Signature {
    /// Reads the logs and metrics of `situation`, whose first alarm fired at `began`.
    pub(in crate::context) fn of(situation: &Situation, began: Timestamp) -> Self {
        let patterns = situation.logs.as_deref().map(|logs| patterns(logs, began)).unwrap_or_default();
        let mut moved: Vec<Moved> =
            situation.series.iter().flatten().filter_map(|series| moved(series, began, situation.now)).collect();
        moved.sort_by(|a, b| (&a.service, &a.measure, a.onset).cmp(&(&b.service, &b.measure, b.onset)));
        Self { patterns, moved }
    }

    /// What is told by and about `near`: services that suffer. Reasons outside are looked for in every new pattern that
    /// is theirs or that names one of them.
    pub(super) fn symptoms(&self, situation: &Situation, near: &BTreeSet<&ServiceId>) -> Symptoms {
        let mut symptoms = Symptoms::default();
        for pattern in &self.patterns {
            let own = near.contains(&pattern.service);
            let lower = pattern.sample.to_lowercase();
            let names_them = || near.iter().any(|service| lower.contains(&service.as_str().to_lowercase()));
            let told = outside(&lower).filter(|_| own || is_platform(pattern.service.as_str()) || names_them());
            symptoms.blame_outside(told);
            if own && pattern.is_bad() {
                symptoms.troubles |= Troubles::of_text(&lower);
                symptoms.hear(&pattern.sample, 1.0);
                // The same few records over and over: what differs from line to line elsewhere never does here.
                let marked = ["record", "offset", "message_id", "msg_id", "row ", "key=", "partition"];
                if pattern.count >= 5
                    && pattern.distinct == 1
                    && pattern.text.contains("<*>")
                    && marked.iter().any(|mark| lower.contains(mark))
                {
                    symptoms.blame_outside(Some((0.9, "one record that cannot be processed")));
                }
            } else if own && pattern.level == Some(LogLevel::Debug) {
                symptoms.troubles |= Troubles::CHATTY;
            }
        }
        for alarm in &situation.alarms {
            let told = [alarm.description.as_deref().unwrap_or_default(), &alarm.reason, &alarm.name];
            let metric = alarm.metric.as_ref().map_or("", |metric| metric.name.as_str());
            for text in told.into_iter().chain([metric]) {
                let text: String = text.chars().take(LONGEST).collect();
                symptoms.troubles |= Troubles::of_text(&text.to_lowercase());
                symptoms.hear(&text, 0.7);
            }
            if Kind::of(alarm) == Some(Kind::Latency) {
                symptoms.troubles |= Troubles::SLOW;
            }
        }
        for moved in self.moved.iter().filter(|moved| near.contains(&moved.service)) {
            let name = moved.measure.to_string();
            symptoms.troubles |= Troubles::of_text(&name.to_lowercase());
            symptoms.hear(&name, 0.7);
        }
        symptoms.blame_outside(self.surge(near));
        // A service's own name says nothing about what is wrong with it.
        for service in near {
            for stem in stems(service.as_str()) {
                symptoms.words.remove(&stem);
            }
            symptoms.words.remove(&service.as_str().to_lowercase());
        }
        symptoms
    }

    /// Requests to the services that suffer grew, and to others in the same way: there is more to do, not more that fails.
    fn surge(&self, near: &BTreeSet<&ServiceId>) -> Option<(f64, &'static str)> {
        let requests = |moved: &&Moved| moved.measure == Measure::Requests && moved.times >= 1.8;
        let own = self.moved.iter().filter(requests).find(|moved| near.contains(&moved.service))?;
        let alike = |other: &&Moved| other.service != own.service && (0.5..2.0).contains(&(other.times / own.times));
        let others = self.moved.iter().filter(requests).filter(alike).count();
        (others > 0).then_some((1.0, "more traffic than there is room for"))
    }
}

impl Symptoms {
    fn blame_outside(&mut self, told: Option<(f64, &'static str)>) {
        if told.is_some_and(|(strength, _)| self.outside.is_none_or(|(known, _)| strength > known)) {
            self.outside = told;
        }
    }

    /// Adds the words of a text. A name in quotes or brackets, and one of several words, is worth more.
    fn hear(&mut self, text: &str, weight: f64) {
        for name in names(text) {
            if is_compound(&name) {
                let place = self.words.entry(name.to_lowercase()).or_insert(0.0);
                *place = place.max(2.0 * weight);
            }
            for stem in stems(&name).into_iter().filter(|stem| is_telling(stem)) {
                let place = self.words.entry(stem).or_insert(0.0);
                *place = place.max(weight);
            }
        }
    }
}

/// Whether a service runs other services, so that what it says of the machine concerns them.
fn is_platform(service: &str) -> bool {
    const NAMES: [&str; 12] = [
        "kube",
        "scheduler",
        "systemd",
        "kernel",
        "containerd",
        "node-",
        "autoscaler",
        "cert-manager",
        "ecs-agent",
        "cloud",
        "dockerd",
        "coredns",
    ];
    NAMES.iter().any(|name| service.to_lowercase().contains(name))
}

/// The names in a text: runs of letters, digits, `_`, `-` and `.`.
pub(super) fn names(text: &str) -> Vec<String> {
    let part = |character: char| !(character.is_alphanumeric() || matches!(character, '_' | '-' | '.'));
    let clean = text.split(part).map(|name| name.trim_matches(['-', '.', '_']));
    clean.filter(|name| name.chars().any(char::is_alphabetic)).map(str::to_owned).collect()
}

/// Whether a name is made of several words, so that nobody writes it by chance.
pub(super) fn is_compound(name: &str) -> bool {
    crate::words::of(name).iter().filter(|word| word.chars().any(char::is_alphabetic)).count() > 1
}

/// Whether a stem tells anything: not a number, not one of the words every log is full of.
pub(super) fn is_telling(stem: &str) -> bool {
    const COMMON: [&str; 60] = [
        "the",
        "and",
        "for",
        "with",
        "from",
        "not",
        "was",
        "are",
        "has",
        "had",
        "error",
        "err",
        "fail",
        "failur",
        "warn",
        "info",
        "servic",
        "svc",
        "request",
        "response",
        "respons",
        "return",
        "upstream",
        "downstream",
        "http",
        "https",
        "server",
        "client",
        "status",
        "code",
        "messag",
        "msg",
        "call",
        "after",
        "befor",
        "when",
        "while",
        "into",
        "ratio",
        "rate",
        "total",
        "pct",
        "p99",
        "p95",
        "count",
        "above",
        "threshold",
        "observed",
        "observ",
        "func",
        "string",
        "int",
        "bool",
        "var",
        "const",
        "nil",
        "null",
        "true",
        "fals",
        "exception",
    ];
    stem.chars().count() >= 3 && !COMMON.contains(&stem) && !stem.starts_with(|first: char| first.is_ascii_digit())
}

/// A line with what differs from line to line masked: numbers, ids, and what stands in quotes.
pub(super) fn mask(text: &str) -> String {
    let mut masked = String::new();
    let characters: Vec<char> = text.chars().take(LONGEST).collect();
    let is_word =
        |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | ':' | '/' | '@');
    let mut at = 0;
    while at < characters.len() {
        let first = characters[at];
        if matches!(first, '\'' | '"') {
            let within = &characters[at + 1..characters.len().min(at + 81)];
            if let Some(close) = within.iter().position(|character| *character == first) {
                masked.push_str("<*>");
                at += close + 2;
                continue;
            }
        }
        if !is_word(first) {
            masked.push(first);
            at += 1;
            continue;
        }
        let length = characters[at..].iter().take_while(|character| is_word(**character)).count();
        let word: String = characters[at..at + length].iter().collect();
        masked.push_str(if is_value(&word) { "<*>" } else { &word });
        at += length;
    }
    masked
}

/// Whether a word is a value: it has a digit, or it is a long run of hexadecimal digits.
fn is_value(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
        || (word.len() >= 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The patterns that are new, or much more frequent than they were, by service and text.
fn patterns(logs: &[crate::model::LogLine], began: Timestamp) -> Vec<Pattern> {
    struct Seen<'a> {
        count: u64,
        before: u64,
        first: Timestamp,
        first_after: Timestamp,
        level: Option<LogLevel>,
        sample: &'a str,
        texts: BTreeSet<&'a str>,
    }
    let mut lines: Vec<&crate::model::LogLine> = logs.iter().collect();
    lines.sort();
    lines.truncate(MOST_LINES);
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return Vec::new() };
    let before_s = began.duration_since(first.at).as_secs_f64().max(0.0);
    let usual_s = USUAL_SHARE * before_s;
    let mut seen: BTreeMap<(&ServiceId, String), Seen<'_>> = BTreeMap::new();
    for line in &lines {
        let usual = line.at.duration_since(first.at).as_secs_f64() <= usual_s && line.at < began;
        let key = (&line.service, mask(&line.text));
        if seen.len() >= MOST_PATTERNS && !seen.contains_key(&key) {
            continue;
        }
        let one = seen.entry(key).or_insert_with(|| Seen {
            count: 0,
            before: 0,
            first: line.at,
            first_after: line.at,
            level: line.level,
            sample: &line.text,
            texts: BTreeSet::new(),
        });
        if usual {
            one.before += 1;
        } else {
            if one.count == 0 {
                one.first_after = line.at;
            }
            one.count += 1;
        }
        one.level = one.level.max(line.level);
        if one.texts.len() < 3 {
            // Times differ in a text only where the source writes them; the field beside does not count.
            one.texts.insert(line.text.as_str());
        }
    }
    let rest_s = (last.at.duration_since(first.at).as_secs_f64() - usual_s).max(1.0);
    let new = seen.into_iter().filter(|(_, one)| {
        let usual_rate = one.before as f64 / usual_s.max(1.0);
        one.count > 0 && (one.before == 0 || one.count as f64 / rest_s >= MORE_OFTEN * usual_rate)
    });
    new.map(|((service, text), one)| Pattern {
        service: service.clone(),
        text,
        count: one.count,
        before: one.before,
        first: if one.before == 0 { one.first } else { one.first_after },
        level: one.level,
        sample: one.sample.chars().take(LONGEST).collect(),
        distinct: one.texts.len(),
    })
    .collect()
}

/// The middle of the last few values, without asking for memory: nearly every series gets no further.
fn latest(values: &[Option<f64>]) -> Option<f64> {
    let mut last = [f64::INFINITY; LATEST];
    let mut count = 0;
    for value in values.iter().flatten().copied().filter(|value| value.is_finite()) {
        last[count] = value;
        count += 1;
    }
    let last = &mut last[..count];
    last.sort_unstable_by(f64::total_cmp);
    let middle = |at: usize| last.get(at).copied();
    Some(f64::midpoint(middle(count.checked_sub(1)? / 2)?, middle(count / 2)?))
}

/// Whether a series left its range before `now` and is still out: the run of values out of range that reaches the end,
/// but for one in five. The range is taken from the first half of what lies before the first alarm.
fn moved(series: &Series, began: Timestamp, now: Timestamp) -> Option<Moved> {
    let end = usize::try_from(series.step_of(now)).unwrap_or(0).min(series.values.len());
    let before = usize::try_from(series.step_of(began)).unwrap_or(0).min(end);
    let finite =
        |values: &[Option<f64>]| -> Vec<f64> { values.iter().flatten().copied().filter(|it| it.is_finite()).collect() };
    let latest = latest(&series.values[end.saturating_sub(LATEST)..end])?;
    // What has been seen in quiet times is no departure. Nearly every series ends here, before anything is sorted.
    let quiet = &series.values[..before.div_ceil(2)];
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in quiet.iter().flatten().copied().filter(|value| value.is_finite()) {
        (least, most) = (least.min(value), most.max(value));
    }
    if (least..=most).contains(&latest) {
        return None;
    }
    let usual = finite(quiet);
    if usual.len() < LEAST_USUAL {
        return None;
    }
    let level = median(&usual)?;
    let apart: Vec<f64> = usual.iter().map(|value| (value - level).abs()).collect();
    // 1.4826 makes the median deviation one of a normal distribution.
    let spread = 1.4826 * median(&apart)?;
    let largest = usual.iter().map(|value| value.abs()).fold(0.0, f64::max);
    let limit = (OUT * spread).max(OUT_SHARE * level.abs()).max(0.02 * largest).max(1e-9);
    let (mut out, mut within, mut in_a_row, mut onset) = (0_usize, 0_usize, 0_usize, None);
    for index in (0..end).rev() {
        let Some(value) = series.values[index].filter(|value| value.is_finite()) else { continue };
        if (value - level).abs() > limit {
            (out, in_a_row) = (out + 1, 0);
            onset = Some(index);
        } else {
            (within, in_a_row) = (within + 1, in_a_row + 1);
            // A lone value out of range some rows earlier is chance, not the beginning.
            if within * 5 > out.max(5) || in_a_row > CALM {
                break;
            }
        }
    }
    let onset = onset.filter(|_| out >= 3)?;
    let times = if level.abs() > 1e-9 { latest / level } else { f64::MAX };
    Some(Moved { service: series.service.clone(), measure: series.measure.clone(), onset: series.begins(onset), times })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LogLine;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(mask(text), expected);
    }

    #[test]
    fn what_differs_is_masked() {
        check("order 4711 took 12ms", "order <*> took <*>");
        check("user 'jane doe' not found in \"eu\"", "user <*> not found in <*>");
        check("don't mask this", "don't mask this");
        check("req=7f3a9c0de1 from 10.0.0.7:443", "req=<*> from <*>");
        check("deadbeefdeadbeef and added", "<*> and added");
        check(&"g".repeat(10_000), &"g".repeat(LONGEST));
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    #[test]
    fn a_pattern_is_new_when_it_was_not_there_before() {
        let line = |second: i64, text: &str| LogLine {
            at: at(second),
            service: ServiceId::new("api"),
            level: None,
            text: text.to_owned(),
        };
        let mut logs: Vec<LogLine> = (0..60).map(|minute| line(minute * 60, &format!("served {minute}"))).collect();
        logs.extend((0..5).map(|more| line(3000 + more, &format!("timeout after {more} ms"))));
        logs.reverse();
        let found = patterns(&logs, at(3300));
        let told: Vec<(&str, u64, u64)> = found.iter().map(|it| (it.text.as_str(), it.count, it.before)).collect();
        assert_eq!(told, [("timeout after <*> ms", 5, 0)]);
        assert_eq!(found[0].first, at(3000));
    }

    #[test]
    fn a_metric_has_moved_when_it_stays_away() {
        let series = |values: Vec<f64>| Series {
            service: ServiceId::new("api"),
            measure: Measure::Other("heap".to_owned()),
            start: at(0),
            step_s: 60,
            values: values.into_iter().map(Some).collect(),
        };
        let steady = |index: usize| 100.0 + (index % 3) as f64;
        let stays = series((0..60).map(|index| if index < 40 { steady(index) } else { 300.0 }).collect());
        assert_eq!(moved(&stays, at(3000), at(3600)).map(|moved| moved.onset), Some(at(2400)));
        let returns =
            series((0..60).map(|index| if (40..50).contains(&index) { 300.0 } else { steady(index) }).collect());
        assert_eq!(moved(&returns, at(3000), at(3600)), None);
        let quiet = series((0..60).map(steady).collect());
        assert_eq!(moved(&quiet, at(3000), at(3600)), None);
    }
}

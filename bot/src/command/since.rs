//! Since when somebody asks what is new.

use super::{Command, Misread, bounded, incident};
use blocks::action::Topic;
use jiff::{SignedDuration, Timestamp};

/// A moment in the past, as people say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So long ago: `20m`.
    Ago(SignedDuration),
    /// When it was last this time of day in UTC: `03:15`.
    Clock {
        /// 0–23.
        hour: i8,
        /// 0–59.
        minute: i8,
    },
}

impl Since {
    /// The moment that is meant at `now`.
    pub fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(span) => now.saturating_sub(span).unwrap_or(Timestamp::MIN),
            Self::Clock { hour, minute } => {
                let seconds_of_day = i64::from(hour) * 3600 + i64::from(minute) * 60;
                let back = (now.as_second() - seconds_of_day).rem_euclid(24 * 3600);
                Timestamp::from_second(now.as_second() - back).unwrap_or(Timestamp::MIN)
            }
        }
    }
}

/// `catchup`, `catchup 20m`, `catchup INC-7 since 03:15`.
pub(super) fn catchup(arguments: &[&str]) -> Result<Command, Misread> {
    let topic = Topic::Catchup;
    let mut rest: Vec<&str> =
        arguments.iter().copied().filter(|word| !matches!(*word, "since" | "ago" | "utc")).collect();
    // `20 min` is a moment, `4 20m` an incident and one.
    let is_unit = |word: &&str| word.starts_with(char::is_alphabetic) && moment(&format!("1{word}")).is_some();
    let is_moment = rest.get(1).is_some_and(is_unit);
    let named = rest.first().filter(|_| !is_moment).and_then(|word| incident(topic.word(), word).ok());
    if named.is_some() {
        rest.remove(0);
    }
    let (moment, extra) = match rest.as_slice() {
        [number, unit, extra @ ..] if number.bytes().all(|byte| byte.is_ascii_digit()) && !unit.is_empty() => {
            (Some(format!("{number}{unit}")), extra)
        }
        [word, extra @ ..] => (Some((*word).to_owned()), extra),
        [] => (None, [].as_slice()),
    };
    if let Some(extra) = extra.first() {
        return Err(Misread::Extra { command: topic.word(), word: bounded(extra) });
    }
    let since = moment.map(|word| self::moment(&word).ok_or_else(|| Misread::NoMoment { word: bounded(&word) }));
    Ok(Command::Ask { topic, incident: named, since: since.transpose()? })
}

/// `20m`, `20min`, `2h`, `90s`, `03:15`.
fn moment(word: &str) -> Option<Since> {
    let word = word.trim_end_matches('z');
    if let Some((hour, minute)) = word.split_once(':') {
        let number = |text: &str, below: i8| text.parse::<i8>().ok().filter(|number| (0..below).contains(number));
        return Some(Since::Clock { hour: number(hour, 24)?, minute: number(minute, 60)? });
    }
    span(word).map(Since::Ago)
}

/// `20m`, `20min`, `2h`, `90s`.
pub(super) fn span(word: &str) -> Option<SignedDuration> {
    let unit = word.find(|character: char| !character.is_ascii_digit())?;
    let count: i64 = word[..unit].parse().ok().filter(|count| *count <= 100_000)?;
    let seconds = match &word[unit..] {
        "s" | "sec" | "secs" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 24 * 3600,
        _ => return None,
    };
    Some(SignedDuration::from_secs(count * seconds))
}

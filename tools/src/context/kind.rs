//! The two kinds of trouble a flow of requests can have, and which of them an alarm speaks of.

use crate::model::{Alarm, Symptom};
use crate::words;

/// What is in excess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Failed requests.
    Failures,
    /// Seconds of waiting.
    Latency,
}

impl Kind {
    /// Both, in the order in which they are tried.
    pub(super) const BOTH: [Self; 2] = [Self::Failures, Self::Latency];

    pub(super) fn other(self) -> Self {
        match self {
            Self::Failures => Self::Latency,
            Self::Latency => Self::Failures,
        }
    }

    pub(super) fn symptom(self) -> Symptom {
        match self {
            Self::Failures => Symptom::Faults,
            Self::Latency => Symptom::Latency,
        }
    }

    /// Of which kind `alarm` speaks; none when its metric and its name do not say.
    pub(super) fn of(alarm: &Alarm) -> Option<Self> {
        let metric = alarm.metric.as_ref();
        // A percentile is only ever taken of a duration.
        if metric.and_then(|metric| metric.stat.as_deref()).is_some_and(is_percentile) {
            return Some(Self::Latency);
        }
        metric.and_then(|metric| Self::of_words(&metric.name)).or_else(|| Self::of_words(&alarm.name))
    }

    /// Latency is asked for first: `SuccessfulRequestLatency` is about time.
    fn of_words(name: &str) -> Option<Self> {
        let words = words::of(name);
        let pairs = words.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str()));
        if words.iter().any(|word| is_slow(word)) || pairs.into_iter().any(|pair| pair == ("response", "time")) {
            return Some(Self::Latency);
        }
        words.iter().any(|word| is_failing(word)).then_some(Self::Failures)
    }
}

fn is_slow(word: &str) -> bool {
    const WORDS: [&str; 5] = ["age", "slow", "responsetime", "timetaken", "lag"];
    WORDS.contains(&word) || word.starts_with("latenc") || word.starts_with("duration") || is_percentile(word)
}

fn is_failing(word: &str) -> bool {
    const STEMS: [&str; 11] =
        ["error", "5xx", "4xx", "throttl", "fault", "availab", "success", "fail", "reject", "denied", "unhealthy"];
    STEMS.iter().any(|stem| word.starts_with(stem))
}

fn is_percentile(word: &str) -> bool {
    word.strip_prefix('p').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<Kind>) {
        assert_eq!(Kind::of_words(name), expected, "{name}");
    }

    #[test]
    fn metric_names_tell_the_kind() {
        for name in ["latency", "Duration", "TargetResponseTime", "IntegrationLatency", "ApproximateAgeOfOldestMessage"]
        {
            check(name, Some(Kind::Latency));
        }
        for name in ["SuccessfulRequestLatency", "orders-p99", "IteratorAge"] {
            check(name, Some(Kind::Latency));
        }
        for name in ["Errors", "5XXError", "4xxErrors", "HTTPCode_Target_5XX_Count", "SignInThrottles", "availability"]
        {
            check(name, Some(Kind::Failures));
        }
        for name in ["FaultRate", "SuccessPercent", "UserErrors", "checkout-failures"] {
            check(name, Some(Kind::Failures));
        }
        for name in ["CPUUtilization", "MemoryUsage", "default-alarm", "MessagesVisible"] {
            check(name, None);
        }
    }
}

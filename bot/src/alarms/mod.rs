//! Purpose: alarms as other systems tell them, read once into the domain's [`Alarm`]; and written back the same
//! way, so that a drill takes the very path a real alarm takes.
//!
//! Whatever comes in was written by someone else: every length is bounded here, nothing panics, and what cannot be
//! read is either refused with the field's path or kept as a note, never guessed.

pub mod amazon_q;
pub mod eventbridge;
mod region;
pub mod slack;
pub mod sns;
pub(crate) mod when;

use serde_json::Value;
use tools::model::{Alarm, AlarmState};

/// The longest alarm name that CloudWatch allows.
const NAME: usize = 255;
/// The longest state reason that CloudWatch allows.
const REASON: usize = 1023;
/// Descriptions may be longer at the source; what a card can show is not.
const DESCRIPTION: usize = 1000;
/// A note is one line beside the alarms.
const NOTE: usize = 300;
/// A composite alarm has no more children than this.
const CHILDREN: usize = 100;

/// What a payload turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A transition of an alarm.
    Alarm(Box<Alarm>),
    /// True, but no transition of an alarm: kept as a note.
    Note(String),
    /// Not for us.
    Other,
}

/// Why a payload that claims to be an alarm cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A field that every alarm event has is absent, empty, or not text.
    #[error("the CloudWatch event has no text at `{path}`")]
    Missing {
        /// Where it was looked for.
        path: &'static str,
    },
    /// The state is none that CloudWatch has.
    #[error("the CloudWatch event has an unknown state at `{path}`: `{found}` is none of ALARM, OK, INSUFFICIENT_DATA")]
    State {
        /// Where it stands.
        path: &'static str,
        /// What stands there, cut to a readable length.
        found: String,
    },
    /// No moment can be read.
    #[error("the CloudWatch event has no readable time at `{path}`: `{found}`")]
    Time {
        /// Where it was looked for.
        path: &'static str,
        /// What stands there, cut to a readable length; empty when nothing does.
        found: String,
    },
}

/// What stands here, if it is text.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The first `limit` characters.
pub(crate) fn prefix(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(end, _)| &text[..end])
}

pub(crate) fn bounded(text: &str, limit: usize) -> String {
    prefix(text, limit).to_owned()
}

/// A note on one line. A cut shows, because a person reads it as a sentence.
pub(crate) fn note(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let kept = prefix(&line, NOTE);
    if kept.len() == line.len() { line } else { format!("{}…", prefix(kept, NOTE - 1)) }
}

fn state(word: &str) -> Option<AlarmState> {
    [AlarmState::Alarm, AlarmState::Ok, AlarmState::InsufficientData]
        .into_iter()
        .find(|state| state.to_string() == word)
}

/// An account id is 12 digits; a cut one would be another account.
pub(crate) fn account(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned())
}

/// A region as `us-east-1` or `us-gov-west-1`. It becomes part of a host name in [`console_link`], so nothing else passes.
pub(crate) fn region(text: &str) -> Option<String> {
    const LONGEST: usize = 32;
    let text = text.trim();
    let parts: Vec<&str> = text.split('-').collect();
    let (number, words) = parts.split_last()?;
    let is_region = text.len() <= LONGEST
        && words.len() >= 2
        && words.iter().all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit());
    is_region.then(|| text.to_owned())
}

/// The AWS partition of a region and the domain of its console.
pub(crate) fn partition(region: &str) -> (&'static str, &'static str) {
    match region.split('-').next() {
        Some("cn") => ("aws-cn", "console.amazonaws.cn"),
        Some("us") if region.starts_with("us-gov-") => ("aws-us-gov", "console.amazonaws-us-gov.com"),
        _ => ("aws", "console.aws.amazon.com"),
    }
}

/// The console's page of an alarm. `region` has passed [`region()`].
fn console_link(region: &str, name: &str) -> String {
    use std::fmt::Write as _;

    let (_, console) = partition(region);
    let mut link = format!("https://{region}.{console}/cloudwatch/deeplink.js?region={region}#alarmsV2:alarm/");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            link.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(link, "%{byte:02X}");
        }
    }
    link
}

/// The name in `arn:aws:cloudwatch:us-east-1:123456789012:alarm:NAME`.
fn alarm_of_arn(arn: &str) -> Option<&str> {
    let (resource, name) = arn.split_once(":alarm:")?;
    (resource.starts_with("arn:") && !name.is_empty()).then_some(name)
}

/// What both parsers must survive.
#[cfg(test)]
mod odd {
    use super::*;
    use serde_json::json;

    /// `sample` with every one of its fields removed, and replaced by each of some odd values.
    pub(super) fn mutations(sample: &Value) -> Vec<Value> {
        let long = "é|🚨<>&* \n".repeat(2000);
        let replacements = [
            json!(7),
            json!(-1.5e300),
            json!(""),
            json!(long),
            json!(null),
            json!(true),
            json!([]),
            json!({}),
            json!([[{}]]),
        ];
        let mut paths = Vec::new();
        walk(sample, String::new(), &mut paths);
        let mut all = Vec::new();
        for path in &paths {
            for replacement in &replacements {
                let mut copy = sample.clone();
                *copy.pointer_mut(path).unwrap() = replacement.clone();
                all.push(copy);
            }
            if let Some((parent, key)) = path.rsplit_once('/') {
                let mut copy = sample.clone();
                match copy.pointer_mut(parent) {
                    Some(Value::Object(fields)) => {
                        fields.remove(&key.replace("~1", "/").replace("~0", "~"));
                    }
                    Some(Value::Array(items)) => {
                        items.remove(key.parse().unwrap());
                    }
                    _ => {}
                }
                all.push(copy);
            }
        }
        all
    }

    fn walk(value: &Value, path: String, paths: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (key, inner) in fields {
                    walk(inner, format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), paths);
                }
            }
            Value::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    walk(inner, format!("{path}/{index}"), paths);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        paths.push(path);
    }

    /// Whatever was read keeps the promised bounds.
    #[track_caller]
    pub(super) fn assert_bounded(parsed: &Parsed) {
        match parsed {
            Parsed::Alarm(alarm) => {
                let fits = |text: &str, limit| text.chars().count() <= limit;
                assert!(!alarm.name.is_empty() && fits(&alarm.name, NAME));
                assert!(fits(&alarm.reason, REASON));
                assert!(alarm.description.as_deref().is_none_or(|text| !text.is_empty() && fits(text, DESCRIPTION)));
                assert!(alarm.account.as_deref().is_none_or(|id| account(id).is_some()));
                assert!(alarm.region.as_deref().is_none_or(|name| region(name).is_some()));
                assert!(alarm.link.as_deref().is_none_or(|link| link.starts_with("http") && link.len() < 4096));
                assert!(alarm.children.len() <= CHILDREN && alarm.children.iter().all(|child| fits(child, NAME)));
                assert!(
                    alarm
                        .metric
                        .as_ref()
                        .is_none_or(|metric| fits(&metric.name, NAME) && metric.dimensions.len() <= 30)
                );
            }
            Parsed::Note(text) => assert!(!text.is_empty() && text.chars().count() <= NOTE && !text.contains('\n')),
            Parsed::Other => {}
        }
    }

    /// An alarm in words, a line for each part it has, or what else the payload turned out to be. Of a reason only the
    /// start; of the console's link only that it is the one that belongs to this name and region.
    pub(super) fn told(parsed: &Parsed) -> String {
        match parsed {
            Parsed::Alarm(alarm) => lines(alarm).join("\n"),
            Parsed::Note(text) => format!("note: {text}"),
            Parsed::Other => "other".to_owned(),
        }
    }

    fn lines(alarm: &Alarm) -> Vec<String> {
        let mut lines = vec![format!("{} {} at {}", alarm.name, alarm.state, alarm.changed_at)];
        let mut line = |label: &str, text: Option<String>| lines.extend(text.map(|text| format!("{label} {text}")));
        line("account", alarm.account.clone());
        line("region", alarm.region.clone());
        line(
            "metric",
            alarm.metric.as_ref().map(|metric| {
                let dimensions: Vec<String> =
                    metric.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let stat = metric.stat.as_deref().unwrap_or("?");
                format!("{stat} {}/{} {{{}}}", metric.namespace, metric.name, dimensions.join(", "))
            }),
        );
        line("because", (!alarm.reason.is_empty()).then(|| bounded(&alarm.reason, 40)));
        line("described", alarm.description.clone());
        line(
            "link",
            alarm.link.clone().map(|link| match &alarm.region {
                Some(region) if link == console_link(region, &alarm.name) => "console".to_owned(),
                _ => link,
            }),
        );
        line("children", (!alarm.children.is_empty()).then(|| alarm.children.join(", ")));
        line("muted", alarm.muted.then(|| "yes".to_owned()));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_fall_between_characters() {
        assert_eq!(prefix("🚨é1", 2), "🚨é");
        assert_eq!(prefix("🚨é1", 3), "🚨é1");
        assert_eq!(note(" a\n b "), "a b");
        assert_eq!(note(&"é".repeat(NOTE)).chars().count(), NOTE);
        let cut = note(&"é".repeat(NOTE + 1));
        assert!(cut.ends_with("é…") && cut.chars().count() == NOTE);
    }

    #[test]
    fn accounts_and_regions_are_whole_or_absent() {
        assert_eq!(account(" 123456789012 ").as_deref(), Some("123456789012"));
        for text in ["1234567", "1234567890123", "12345678901x", "", "１２３４"] {
            assert_eq!(account(text), None, "{text}");
        }
        for text in ["us-east-1", "us-gov-west-1", "ap-southeast-10"] {
            assert_eq!(region(text).as_deref(), Some(text));
        }
        for text in
            ["", "us-east", "us-east-", "US-EAST-1", "us--1", "-1", "x/us-east-1", "us-east-1.evil.example", "unknown"]
        {
            assert_eq!(region(text), None, "{text}");
        }
    }

    #[test]
    fn the_console_is_that_of_the_partition() {
        assert_eq!(
            console_link("us-east-1", "a b/é"),
            "https://us-east-1.console.aws.amazon.com/cloudwatch/deeplink.js?region=us-east-1#alarmsV2:alarm/a%20b%2F%C3%A9"
        );
        assert!(console_link("cn-north-1", "a").starts_with("https://cn-north-1.console.amazonaws.cn/"));
        assert!(console_link("us-gov-west-1", "a").starts_with("https://us-gov-west-1.console.amazonaws-us-gov.com/"));
    }
}

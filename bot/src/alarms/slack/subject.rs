//! The sentence by which CloudWatch names an alarm in a subject: `ALARM: "NAME" in US East (N. Virginia)`. Mails, Opsgenie,
//! PagerDuty and many others pass it on.

use crate::alarms::{NAME, bounded, region};
use tools::model::AlarmState;

/// What such a subject says.
#[derive(Debug, PartialEq)]
pub(super) struct Subject {
    pub(super) state: AlarmState,
    pub(super) name: String,
    pub(super) region: Option<String>,
}

const WORDS: [(&str, AlarmState); 4] = [
    ("INSUFFICIENT_DATA:", AlarmState::InsufficientData),
    ("INSUFFICIENT DATA:", AlarmState::InsufficientData),
    ("ALARM:", AlarmState::Alarm),
    ("OK:", AlarmState::Ok),
];

/// Reads the subject that stands somewhere in `line`. A name without its closing quote may be cut, and is none.
pub(super) fn read(line: &str) -> Option<Subject> {
    let line: String = line.chars().map(|c| if "“”„«»".contains(c) { '"' } else { c }).collect();
    WORDS.iter().find_map(|(word, state)| {
        let (before, rest) = line.split_once(word)?;
        if before.ends_with(char::is_alphanumeric) {
            return None;
        }
        let quoted = rest.trim_start().strip_prefix('"')?;
        let (name, place) = quoted.rsplit_once("\" in ").or_else(|| quoted.rsplit_once('"'))?;
        let name = bounded(name.trim(), NAME);
        let end = place.find(')').map_or(place.len(), |at| at + 1);
        (!name.is_empty()).then(|| Subject { state: *state, name, region: region::named(&place[..end]) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_wherever_it_stands() {
        #[track_caller]
        fn check(line: &str, expected: Option<(AlarmState, &str, Option<&str>)>) {
            let expected = expected.map(|(state, name, region)| Subject {
                state,
                name: name.to_owned(),
                region: region.map(str::to_owned),
            });
            assert_eq!(read(line), expected, "{line}");
        }
        check("ALARM: \"a\" in US East (N. Virginia)", Some((AlarmState::Alarm, "a", Some("us-east-1"))));
        check("[Jira] OK: “a b” in EU (Ireland) [P3]", Some((AlarmState::Ok, "a b", Some("eu-west-1"))));
        check(
            "INSUFFICIENT_DATA: \"a \"b\" in c\" in Moon",
            Some((AlarmState::InsufficientData, "a \"b\" in c", None)),
        );
        check("ALARM: \"a\"", Some((AlarmState::Alarm, "a", None)));
        for line in
            ["", "ALARM: a in US East (N. Virginia)", "ALARM: \"cut", "NOT_AN_ALARM: \"", "xOK: \"a\"", "ALARM: \"\""]
        {
            check(line, None);
        }
    }
}

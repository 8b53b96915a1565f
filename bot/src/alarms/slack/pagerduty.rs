//! PagerDuty: a link `[#N] TITLE` to the incident there, with a word for its state. Emoji say nothing: some show a green
//! circle for what was triggered.

use super::post::{Line, Part, Post, host, unmarked};
use super::{state_of, subject};
use crate::alarms::{DESCRIPTION, NAME, REASON, bounded};
use tools::model::{Alarm, AlarmState, Via};

pub(super) fn read(post: &Post, part: &Part) -> Vec<(Via, Alarm)> {
    let alarm = part.lines.iter().find_map(|line| alarm(post, part, line));
    alarm.map(|alarm| (Via::PagerDuty, alarm)).into_iter().collect()
}

fn alarm(post: &Post, part: &Part, line: &Line) -> Option<Alarm> {
    let link = line.link.as_ref().filter(|link| is_incident(link))?;
    let (word, title) = title_of(&line.label);
    if title.is_empty() {
        return None;
    }
    let mut words = [&line.after, &line.before].into_iter().flat_map(|text| text.split_whitespace());
    let status = part.told(&["status", "state"]);
    let of_incident = status.as_deref().and_then(state_of).or_else(|| words.find_map(state_of)).or(word);
    // The service whose alarm it is may have put CloudWatch's own words in the title.
    let subject = subject::read(&title);
    let state = of_incident.or_else(|| subject.as_ref().map(|subject| subject.state)).unwrap_or(AlarmState::Alarm);
    let (name, region) = subject.map_or((title, None), |subject| (subject.name, subject.region));
    let service = part.told(&["service", "impacted service"]).map(|service| format!("; service {service}"));
    let told = part.told(&["description", "details"]).map(|told| bounded(&told, DESCRIPTION));
    let name = bounded(&name, NAME);
    Some(Alarm {
        region,
        // It tells of alarms that others measure: their metric must not have to stand back behind a guess.
        reason: bounded(&format!("{}{}", unmarked(&line.text()), service.unwrap_or_default()), REASON),
        description: told.filter(|told| !told.is_empty()),
        link: Some(link.clone()),
        ..Alarm::named(name, state, post.at?)
    })
}

fn is_incident(link: &str) -> bool {
    let host = host(link);
    (host == "pagerduty.com" || host.ends_with(".pagerduty.com")) && link.contains("/incidents/")
}

/// `[#12345] TITLE`, `#12345 TITLE`, or `Triggered #12345: TITLE`: a state, if the title has one, and the rest.
fn title_of(label: &str) -> (Option<AlarmState>, String) {
    let label = unmarked(label);
    let Some((before, rest)) = label.split_once('#') else { return (None, label.to_owned()) };
    let word = before.trim_matches(|c: char| c.is_whitespace() || c == '[');
    let state = state_of(word);
    let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_number = digits.len() < rest.len() && (word.is_empty() || state.is_some() || word == "Incident");
    if !is_number {
        return (None, label.to_owned());
    }
    (state, digits.trim_start_matches([']', ':', ')']).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_incident_is_no_part_of_its_title() {
        #[track_caller]
        fn check(label: &str, expected: (Option<AlarmState>, &str)) {
            assert_eq!(title_of(label), (expected.0, expected.1.to_owned()), "{label}");
        }
        check("[#12345] a b", (None, "a b"));
        check("#1 a", (None, "a"));
        check("Triggered #1: a", (Some(AlarmState::Alarm), "a"));
        check("Resolved #1: a #2", (Some(AlarmState::Ok), "a #2"));
        check("queue #3 is full", (None, "queue #3 is full"));
        check("", (None, ""));
    }

    #[test]
    fn only_their_own_addresses_count() {
        assert!(is_incident("https://acme.pagerduty.com/incidents/Q1?x=1"));
        assert!(!is_incident("https://pagerduty.com.evil.example/incidents/Q1"));
        assert!(!is_incident("https://acme.pagerduty.com/services/P1"));
    }
}

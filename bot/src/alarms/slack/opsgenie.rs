//! Opsgenie, and its successor in Jira Service Management: `#91602: TITLE`, as a link to the alert there.

use super::post::{Line, Part, Post, host, unmarked};
use super::{cloudwatch, state_of, subject};
use crate::alarms::{NAME, bounded};
use tools::model::{Alarm, AlarmState, Via};

pub(super) fn read(post: &Post, part: &Part) -> Vec<(Via, Alarm)> {
    part.lines.iter().find_map(|line| alarm(post, part, line)).into_iter().collect()
}

fn alarm(post: &Post, part: &Part, line: &Line) -> Option<(Via, Alarm)> {
    let told = line.text();
    let (before, title) = title_of(&told)?;
    let host = line.link.as_deref().map(host).unwrap_or_default();
    let is_at = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
    let via = if is_at("atlassian.net") || post.is_named("jira") || post.is_named("jsm") {
        Via::JiraServiceManagement
    } else if is_at("opsgenie.com") || post.is_named("opsgenie") {
        Via::Opsgenie
    } else {
        return None;
    };
    let subject = subject::read(&title);
    // The alert is over when it is closed, whatever opened it.
    let status = part.told(&["status", "alert status", "state"]);
    let mut words = before.split(|c: char| c.is_whitespace() || "[]()".contains(c));
    let told_state = status.as_deref().and_then(state_of).or_else(|| words.find_map(state_of));
    let closed = told_state.filter(|state| *state == AlarmState::Ok).or_else(|| closing(part));
    let state =
        closed.or_else(|| subject.as_ref().map(|subject| subject.state)).or(told_state).unwrap_or(AlarmState::Alarm);
    let (name, region) = subject.map_or((title, None), |subject| (subject.name, subject.region));
    let alarm = Alarm {
        region,
        link: line.link.clone(),
        ..cloudwatch::told_by(part, &told, Alarm::named(bounded(&name, NAME), state, post.at?))
    };
    Some((via, alarm))
}

/// A sentence that says somebody closed it.
fn closing(part: &Part) -> Option<AlarmState> {
    let lines = part.all_lines();
    let is_over = |line: &String| {
        let line = line.to_lowercase();
        line.contains("closed alert") || line.contains("alert closed") || line.contains("closed the alert")
    };
    lines.iter().any(is_over).then_some(AlarmState::Ok)
}

/// `[Closed] Alert #112717: TITLE`: what stands before the number, and what after.
fn title_of(told: &str) -> Option<(String, String)> {
    let told = unmarked(told);
    let (before, rest) = told.split_once('#')?;
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let title = after.strip_prefix(':').or_else(|| after.strip_prefix(']'))?.trim();
    let is_title = after.len() < rest.len() && before.split_whitespace().count() <= 4 && !title.is_empty();
    is_title.then(|| (before.to_owned(), title.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_alert_makes_a_title() {
        #[track_caller]
        fn check(told: &str, expected: Option<(&str, &str)>) {
            let told_title = title_of(told);
            assert_eq!(told_title.as_ref().map(|(before, title)| (before.trim(), title.as_str())), expected, "{told}");
        }
        check("#91602: ALARM: \"a\" in b", Some(("", "ALARM: \"a\" in b")));
        check("🔥 [Closed] Alert #1: disk full", Some(("[Closed] Alert", "disk full")));
        for told in ["", "#1", "#1:", "queue #x: a", "I think that it is like #1: a"] {
            check(told, None);
        }
    }
}

//! Datadog: `Triggered: NAME on GROUP`, as a link to the monitor.

use super::post::{Line, Part, Post, host, unmarked};
use super::state_of;
use crate::alarms::{DESCRIPTION, NAME, REASON, bounded, when};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tools::model::{Alarm, AlarmState, Metric, Via};

/// The clocks of Datadog and Slack may differ by this much.
const CLOCKS: SignedDuration = SignedDuration::from_secs(5);

pub(super) fn read(post: &Post, part: &Part) -> Vec<(Via, Alarm)> {
    part.lines.iter().find_map(|line| alarm(post, part, line)).map(|alarm| (Via::Datadog, alarm)).into_iter().collect()
}

fn alarm(post: &Post, part: &Part, line: &Line) -> Option<Alarm> {
    let is_own = |link: &str| monitor(link).is_some() && host(link).contains("datadog");
    let link = line.link.clone().filter(|link| is_own(link)).or_else(|| part.link(is_own));
    // A template may leave out the link, and a company may have a domain of its own.
    if link.is_none() && !post.is_named("datadog") {
        return None;
    }
    let title = if line.link.is_some() { line.label.as_str() } else { unmarked(&line.label) };
    let (state, word, name) = title_of(unmarked(title))?;
    let group = group(&name);
    let id = link.as_deref().and_then(monitor).map(|monitor| {
        let group: Vec<String> = group.iter().map(|(key, value)| format!("{key}:{value}")).collect();
        bounded(&format!("datadog/{monitor}/{}", group.join(",")), NAME)
    });
    let lines: Vec<String> = part.lines.iter().filter(|other| *other != line).map(Line::text).collect();
    let value = lines.iter().find(|line| line.starts_with("Metric value:")).map(|line| format!("; {line}"));
    let described = lines.iter().find(|line| !is_small_print(line)).map(|line| bounded(line, DESCRIPTION));
    Some(Alarm {
        source_id: id,
        metric: (!group.is_empty()).then(|| Metric {
            namespace: "Datadog".to_owned(),
            name: name.clone(),
            stat: None,
            dimensions: group,
        }),
        reason: bounded(&format!("{word}{}", value.unwrap_or_default()), REASON),
        description: described,
        changed_at: moment(post, link.as_deref(), state, &lines)?,
        link,
        ..Alarm::named(name, state, Timestamp::UNIX_EPOCH)
    })
}

fn is_small_print(line: &str) -> bool {
    ["Metric value", "The monitor ", "@", "[!["].iter().any(|start| line.starts_with(start))
}

/// `Triggered: NAME`, `[Re-Triggered on {env:prod}] NAME`, or `[P2] [Warn] NAME`.
fn title_of(title: &str) -> Option<(AlarmState, String, String)> {
    let mut rest = title;
    let mut told: Option<(AlarmState, String, String)> = None;
    while let Some((inside, after)) = rest.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        let (word, group) = inside.split_once(" on ").unwrap_or((inside, ""));
        let group = group.trim().trim_matches(['{', '}']).to_owned();
        told = told.or_else(|| state_of(word).map(|state| (state, word.to_owned(), group)));
        rest = after.trim_start_matches(|c: char| c.is_whitespace() || c == ':');
    }
    let (state, word, name) = match told {
        Some((state, word, group)) if group.is_empty() => (state, word, rest.to_owned()),
        Some((state, word, group)) => (state, word, format!("{rest} on {group}")),
        None => {
            let (word, name) = rest.split_once(':')?;
            (state_of(word)?, word.to_owned(), name.to_owned())
        }
    };
    let name = bounded(name.trim(), NAME);
    (!name.is_empty()).then(|| (state, bounded(&word, NAME), name))
}

/// The number of the monitor that a link leads to.
fn monitor(link: &str) -> Option<&str> {
    let rest = link.split_once("/monitors/").or_else(|| link.split_once("/monitors#"))?.1;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    (!digits.is_empty() && digits.len() <= 20).then_some(digits)
}

/// For which of its groups a monitor speaks: `… on host:a,env:prod`.
fn group(name: &str) -> BTreeMap<String, String> {
    let told = name.rsplit_once(" on ").map_or("", |(_, told)| told).trim().trim_matches(['{', '}']);
    let pairs: Option<BTreeMap<String, String>> = told
        .split(',')
        .take(30)
        .map(|pair| {
            let (key, value) = pair.trim().split_once(':')?;
            let is_plain = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
            (is_plain(key) && is_plain(value)).then(|| (key.to_owned(), value.to_owned()))
        })
        .collect();
    pairs.unwrap_or_default()
}

/// When the monitor triggered, as the text says; of any other state when the event was, as the link says; else when it was
/// posted.
fn moment(post: &Post, link: Option<&str>, state: AlarmState, lines: &[String]) -> Option<Timestamp> {
    const TRIGGERED: &str = "was last triggered at ";
    let no_later = |at: &Timestamp| post.at.is_none_or(|posted| *at <= posted.saturating_add(CLOCKS).unwrap_or(posted));
    let triggered = lines.iter().find_map(|line| when::parse(line.split_once(TRIGGERED)?.1.trim_end_matches('.')));
    let triggered = triggered.filter(|_| state == AlarmState::Alarm).filter(no_later);
    let event = link.and_then(|link| link.split_once("link_event_ts=")).and_then(|(_, rest)| {
        let seconds: i64 = rest.split('&').next()?.parse().ok()?;
        // Sometimes it is in milliseconds.
        if seconds > 100_000_000_000 {
            Timestamp::from_millisecond(seconds).ok()
        } else {
            Timestamp::from_second(seconds).ok()
        }
    });
    triggered.or(event.filter(no_later)).or(post.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_begin_with_a_state() {
        #[track_caller]
        fn check(title: &str, expected: Option<(AlarmState, &str)>) {
            let told = title_of(title).map(|(state, _, name)| (state, name));
            assert_eq!(told, expected.map(|(state, name)| (state, name.to_owned())), "{title}");
        }
        check("Triggered: a on host:x", Some((AlarmState::Alarm, "a on host:x")));
        check("Re-Triggered: a", Some((AlarmState::Alarm, "a")));
        check("Warn: a", Some((AlarmState::Alarm, "a")));
        check("Recovered: a: b", Some((AlarmState::Ok, "a: b")));
        check("No data: a", Some((AlarmState::InsufficientData, "a")));
        check("[P2] [Triggered on {host:x}] a", Some((AlarmState::Alarm, "a on host:x")));
        check("[Recovered] a", Some((AlarmState::Ok, "a")));
        for title in ["", "a", "Deployed: a", "Triggered:", "[P1] a"] {
            check(title, None);
        }
    }

    #[test]
    fn groups_and_monitors() {
        assert_eq!(group("a on host:x, env:prod").into_keys().collect::<Vec<_>>(), ["env", "host"]);
        assert!(group("CPU on the host is: high").is_empty());
        assert_eq!(monitor("https://app.datadoghq.com/monitors/107?x=1"), Some("107"));
        assert_eq!(monitor("https://app.datadoghq.com/monitors#107/edit"), Some("107"));
        assert_eq!(monitor("https://app.datadoghq.com/monitors/manage"), None);
    }
}

//! Sentry: a link to an issue, with what was thrown as its label.

use super::post::{Line, Part, Post, bare, host, unmarked};
use crate::alarms::{DESCRIPTION, NAME, REASON, bounded};
use tools::model::{Alarm, AlarmState, Metric, Via};

pub(super) fn read(post: &Post, part: &Part) -> Vec<(Via, Alarm)> {
    let alarm = part.lines.iter().enumerate().find_map(|(at, line)| alarm(post, part, at, line));
    alarm.map(|alarm| (Via::Sentry, alarm)).into_iter().collect()
}

fn alarm(post: &Post, part: &Part, at: usize, line: &Line) -> Option<Alarm> {
    let link = line.link.as_ref()?;
    let issue = issue(link).filter(|_| {
        let host = host(link);
        host == "sentry.io" || host.ends_with(".sentry.io") || post.is_named("sentry") || host.starts_with("sentry.")
    })?;
    let name = bounded(&bare(&line.label), NAME);
    if name.is_empty() {
        return None;
    }
    let lines: Vec<String> = part.lines.iter().map(Line::text).collect();
    let is_over = |text: &str| {
        let text = text.to_lowercase();
        // Not `unresolved`, and not somebody's offer to resolve it.
        text.contains("white_check_mark")
            || text.contains('✅')
            || text.split_whitespace().any(|word| word == "resolved")
    };
    let others = lines.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, line)| line.as_str());
    let resolution = others
        .clone()
        .filter(|line| line.to_lowercase().contains("resolved by") || line.contains("marked as resolved"));
    let over = is_over(&line.before) || is_over(&line.after) || resolution.count() > 0;
    let state = if over || part.told(&["status"]).is_some_and(|told| is_over(&told)) {
        AlarmState::Ok
    } else {
        AlarmState::Alarm
    };
    let project = part.lines.iter().find(|line| line.link.is_some() && line.before.eq_ignore_ascii_case("project:"));
    let project =
        project.map(|line| line.label.clone()).or_else(|| part.told(&["project"])).or_else(|| of_project(&lines));
    let told = lines
        .get(at + 1)
        .filter(|line| !line.to_lowercase().starts_with("project"))
        .map(|line| bounded(line, DESCRIPTION));
    Some(Alarm {
        source_id: Some(format!("sentry/{issue}")),
        metric: project.map(|project| Metric {
            namespace: "Sentry".to_owned(),
            name: name.clone(),
            stat: None,
            dimensions: [("project".to_owned(), bounded(&project, NAME))].into(),
        }),
        reason: bounded(unmarked(&line.text()), REASON),
        description: told.filter(|told| !told.is_empty()),
        link: Some(link.clone()),
        ..Alarm::named(name, state, post.at?)
    })
}

/// The project in `[auth-api] TimeoutError: …`.
fn of_project(lines: &[String]) -> Option<String> {
    lines.iter().find_map(|line| {
        let (project, _) = line.strip_prefix('[')?.split_once(']')?;
        let is_plain = !project.is_empty() && !project.contains(char::is_whitespace);
        is_plain.then(|| project.to_owned())
    })
}

/// The number in `…/issues/4412345678/`.
fn issue(link: &str) -> Option<&str> {
    let digits = link.split_once("/issues/")?.1.split(|c: char| !c.is_ascii_digit()).next()?;
    (!digits.is_empty() && digits.len() <= 24).then_some(digits)
}

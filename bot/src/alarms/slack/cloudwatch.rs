//! CloudWatch's alarms as anybody may pass them on: in labelled fields, as the widespread Terraform module for Slack does, in
//! one sentence, or as the JSON of the notification itself.

use super::post::{Part, Post, host};
use super::subject;
use crate::alarms::amazon_q::{children, state_of_reason, time_in_reason};
use crate::alarms::{DESCRIPTION, NAME, REASON, account, bounded, items, region, sns, state, text, when};
use serde_json::Value;
use tools::model::{Alarm, AlarmState, Via};

/// Reads fields: `Alarm Name`, `Current State`, and what else there is.
pub(super) fn read_fields(post: &Post, part: &Part) -> Vec<(Via, Alarm)> {
    fields(post, part).into_iter().collect()
}

fn fields(post: &Post, part: &Part) -> Option<(Via, Alarm)> {
    let name = part.told(&["alarm name", "alarmname", "alarm"])?;
    let subject = subject::read(&name);
    let reason = part.told(&["alarm reason", "reason", "newstatereason", "state reason", "new state reason"]);
    let told = part.told(&[
        "current state",
        "new state",
        "newstatevalue",
        "new state value",
        "alarm state",
        "state",
        "status",
    ]);
    let told = told.as_deref().map(|word| word.trim().to_uppercase().replace(' ', "_"));
    let state = told
        .and_then(|word| state(&word))
        .or_else(|| subject.as_ref().map(|subject| subject.state))
        .or_else(|| reason.as_deref().and_then(state_of_reason))?;
    let via = if part.value(&["old state"]).is_some() && part.value(&["alarm name"]).is_some() {
        Via::Terraform
    } else {
        Via::Webhook
    };
    let name = subject.map_or(name, |subject| subject.name);
    let name = bounded(name.trim_matches('`').trim(), NAME);
    let alarm = told_by(part, "", Alarm::named(name, state, post.at?));
    (!alarm.name.is_empty()).then_some((via, alarm))
}

/// Reads the sentence of a subject, or the JSON of a notification, on any line.
pub(super) fn read_subject(post: &Post, part: &Part) -> Vec<(Via, Alarm)> {
    let lines = part.all_lines();
    let subjects = lines.iter().filter_map(|line| {
        let subject = subject::read(line)?;
        let alarm = told_by(part, line, Alarm::named(subject.name, subject.state, post.at?));
        Some((Via::Webhook, Alarm { region: subject.region.or(alarm.region.clone()), ..alarm }))
    });
    let found: Vec<(Via, Alarm)> = subjects.collect();
    if !found.is_empty() {
        return found;
    }
    let json = lines.join("\n");
    let json = json.trim_start_matches("```").trim_end_matches("```").trim();
    let told: Option<Value> = json.starts_with('{').then(|| serde_json::from_str(json).ok()).flatten();
    told.and_then(|told| sns::alarm(&told).ok().flatten()).map(|alarm| (Via::Webhook, alarm)).into_iter().collect()
}

/// Completes `alarm` with what a part of a message tells of it. `title` is the line that named it.
pub(super) fn told_by(part: &Part, title: &str, alarm: Alarm) -> Alarm {
    let lines: Vec<String> = part.all_lines().into_iter().filter(|line| line != title).collect();
    let labelled = part.told(&["alarm reason", "reason", "newstatereason", "state reason", "new state reason"]);
    let reads_like_one = |line: &&String| state_of_reason(line).is_some() && subject::read(line).is_none();
    let reason = labelled.or_else(|| lines.iter().find(reads_like_one).cloned()).unwrap_or_default();
    let reason = bounded(reason.trim_matches('`'), REASON);
    let described = part.told(&["alarm description", "description", "alarmdescription"]);
    let described = described.and_then(|told| told.lines().next().map(str::to_owned));
    let first =
        || lines.iter().find(|line| !is_about_state(line) && !line.contains(&alarm.name) && !is_pair(line)).cloned();
    let described = described.or_else(first).map(|told| bounded(told.trim_matches('`').trim(), DESCRIPTION));
    let link = part.link(is_console).or_else(|| part.told(&["link to alarm"]).filter(|link| is_console(link)));
    let link = link.or_else(|| part.link(|_| true));
    let place = part.told(&["region", "aws region"]).and_then(|told| super::super::region::named(&told));
    let place = place.or_else(|| link.as_deref().filter(|link| is_console(link)).and_then(region_of));
    let owner = part.told(&["account", "aws account", "awsaccountid", "account id", "aws account id"]);
    Alarm {
        children: children(&reason, &alarm.name),
        changed_at: part
            .told(&["timestamp", "statechangetime", "state change time", "time"])
            .and_then(|told| when::parse(&told))
            .or_else(|| time_in_reason(&reason))
            .unwrap_or(alarm.changed_at),
        account: owner.and_then(|told| told.split(|c: char| !c.is_ascii_digit()).find_map(account)),
        region: place,
        description: described.filter(|told| !told.is_empty()),
        reason,
        link,
        ..alarm
    }
}

fn is_about_state(line: &str) -> bool {
    state_of_reason(line).is_some()
}

/// Whether it is a short labelled value rather than a sentence.
fn is_pair(line: &str) -> bool {
    super::post::pair(line).is_some_and(|(label, _)| label.split_whitespace().count() <= 2) || !line.contains(' ')
}

/// Whether a link leads to the console of AWS.
pub(in crate::alarms) fn is_console(link: &str) -> bool {
    let host = host(link);
    ["console.aws.amazon.com", "console.amazonaws.cn", "console.amazonaws-us-gov.com"]
        .iter()
        .any(|console| host == *console || host.ends_with(&format!(".{console}")))
}

/// The region in `…?region=us-east-1#…`.
pub(super) fn region_of(link: &str) -> Option<String> {
    let told = link.split_once("region=")?.1;
    region(told.split(['&', '#', ';']).next()?)
}

/// The files of a message.
pub(super) fn files(message: &Value) -> &[Value] {
    items(&message["files"])
}

/// The first text that is not empty.
pub(super) fn first_text<'a>(value: &'a Value, fields: &[&str]) -> &'a str {
    fields.iter().map(|field| text(&value[*field])).find(|told| !told.is_empty()).unwrap_or_default()
}

/// The state a word names exactly as CloudWatch does.
pub(super) fn exact_state(word: &str) -> Option<AlarmState> {
    state(word.trim())
}

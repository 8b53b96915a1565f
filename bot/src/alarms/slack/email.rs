//! A mail of SNS that was sent to the address of a channel: Slack posts it as a file.

use super::cloudwatch::{exact_state, files, first_text, is_console, region_of};
use super::post::{is_link, pair};
use super::subject;
use crate::alarms::amazon_q::{children, state_of_reason, time_in_reason};
use crate::alarms::{DESCRIPTION, NAME, REASON, account, bounded, prefix, region, when};
use serde_json::Value;
use std::collections::BTreeMap;
use tools::model::{Alarm, Metric};

/// As much of a mail is read.
const BODY: usize = 20_000;

/// Whether the message is a mail. People cannot post one: Slack makes it of what arrives at the address.
pub(super) fn is_one(message: &Value) -> bool {
    mail(message).is_some()
}

fn mail(message: &Value) -> Option<&Value> {
    files(message).iter().find(|file| file["filetype"] == "email" || file["mode"] == "email")
}

/// Subject and body.
pub(super) fn text(message: &Value) -> String {
    let Some(mail) = mail(message) else { return String::new() };
    let subject = first_text(mail, &["subject", "title", "name"]);
    format!("{} {}", prefix(subject, NAME), prefix(first_text(mail, &["plain_text", "preview_plain_text"]), NAME))
}

pub(super) fn read(message: &Value) -> Option<Alarm> {
    let mail = mail(message)?;
    let subject = subject::read(first_text(mail, &["subject", "title", "name"]));
    let body = prefix(first_text(mail, &["plain_text", "preview_plain_text"]), BODY).replace("&quot;", "\"");
    let told: Vec<(String, String)> =
        body.lines().filter(|line| line.trim_start().starts_with('-')).filter_map(pair).collect();
    let value = |label: &str| told.iter().find(|(known, _)| known == label).map(|(_, value)| value.as_str());
    let reason = value("reason for state change").map(str::to_owned);
    let reason = reason.or_else(|| quoted_after(&body, "because ")).unwrap_or_default();
    let reason = bounded(&reason, REASON);
    let turned = value("state change").and_then(|told| exact_state(told.rsplit("->").next()?));
    let state = subject.as_ref().map(|subject| subject.state).or(turned).or_else(|| state_of_reason(&reason))?;
    // A subject is cut after 100 characters; the body is not.
    let name = value("name").map(str::to_owned).or_else(|| subject.as_ref().map(|subject| subject.name.clone()))?;
    let name = bounded(name.trim(), NAME);
    let arn: Vec<&str> = value("alarm arn").unwrap_or_default().split(':').collect();
    let of_arn = |index: usize| arn.get(index).copied().unwrap_or_default();
    let link = body.split_whitespace().find(|word| is_link(word) && is_console(word)).map(str::to_owned);
    let place = region(of_arn(3)).or_else(|| link.as_deref().and_then(region_of));
    let described = value("description").map(|told| bounded(told, DESCRIPTION));
    let at = value("timestamp")
        .and_then(when::parse)
        .or_else(|| quoted_after(&body, "at ").and_then(|told| when::parse(&told)));
    let posted = when::slack(crate::alarms::text(&message["ts"]));
    (!name.is_empty()).then(|| Alarm {
        account: value("aws account").and_then(account).or_else(|| account(of_arn(4))),
        region: place.or_else(|| subject.and_then(|subject| subject.region)),
        metric: metric(&value),
        description: described.filter(|told| !told.is_empty()),
        children: children(&reason, &name),
        link,
        changed_at: at.or_else(|| time_in_reason(&reason)).or(posted).unwrap_or_default(),
        reason,
        ..Alarm::named(name, state, jiff::Timestamp::UNIX_EPOCH)
    })
}

/// `- MetricNamespace: AWS/Lambda`, `- MetricName: Errors`, `- Dimensions: [FunctionName = a]`.
fn metric<'a>(value: &impl Fn(&str) -> Option<&'a str>) -> Option<Metric> {
    let name = value("metricname").filter(|name| !name.is_empty())?;
    let pairs = value("dimensions").unwrap_or_default().trim_matches(['[', ']']).split([',', ';']).take(30);
    let dimensions: BTreeMap<String, String> = pairs
        .filter_map(|pair| {
            let (key, value) = pair.trim().trim_matches(['[', ']']).split_once('=')?;
            Some((bounded(key.trim(), NAME), bounded(value.trim(), NAME)))
        })
        .collect();
    let namespace = bounded(value("metricnamespace").unwrap_or_default(), NAME);
    let stat = value("statistic").map(|stat| bounded(stat, NAME)).filter(|stat| !stat.is_empty());
    Some(Metric { namespace, name: bounded(name, NAME), stat, dimensions })
}

/// What stands in quotation marks after a word.
fn quoted_after(body: &str, word: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("{word}\""))?;
    Some(rest.split_once('"')?.0.split_whitespace().collect::<Vec<_>>().join(" "))
}

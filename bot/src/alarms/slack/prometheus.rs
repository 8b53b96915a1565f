//! Prometheus' Alertmanager, and Grafana, which took over its way of writing: `[FIRING:2] NAME (labels)`, and below it, where a
//! template tells them, the alerts one by one.
//!
//! A rule is one alarm here, however many of its instances fire: a message tells of all that belong together, and the rule is
//! well only when none of them fires.

use super::post::{Line, Part, Post, bare, host, is_link, pair, unmarked};
use super::state_of;
use crate::alarms::{DESCRIPTION, NAME, REASON, account, bounded, region};
use std::collections::BTreeMap;
use tools::model::{Alarm, AlarmState, Metric, Via};

/// CloudWatch allows no more dimensions either.
const LABELS: usize = 30;

pub(super) fn read(post: &Post, part: &Part) -> Vec<(Via, Alarm)> {
    let is_grafana = post.is_named("grafana")
        || part.footer.contains("grafana")
        || part.link(|link| host(link).contains("grafana")).is_some();
    let via = if is_grafana { Via::Grafana } else { Via::Alertmanager };
    let Some((title, state, rest)) = part.lines.iter().find_map(|line| {
        let (state, rest) = title_of(&line.text(), is_grafana)?;
        Some((line, state, rest))
    }) else {
        return Vec::new();
    };
    let alerts = alerts(part, title, state);
    let Some(at) = post.at else { return Vec::new() };
    let link = title.link.clone().or_else(|| part.link(|_| true));
    let reason = bounded(unmarked(&title.text()), REASON);
    let mut rules: Vec<Alert> = Vec::new();
    for alert in alerts.into_iter().filter(|alert| alert.labels.contains_key("alertname")) {
        match rules.iter_mut().find(|rule| rule.labels["alertname"] == alert.labels["alertname"]) {
            Some(rule) if rule.state != AlarmState::Alarm && alert.state == AlarmState::Alarm => *rule = alert,
            Some(_) => {}
            None => rules.push(alert),
        }
    }
    if rules.is_empty() {
        let name = name_of(&rest);
        let described = alerts_description(part);
        let alarm = Alarm { reason, description: described, link, ..Alarm::named(name.clone(), state, at) };
        return if name.is_empty() { Vec::new() } else { vec![(via, alarm)] };
    }
    let namespace = if is_grafana { "Grafana" } else { "Prometheus" };
    let alarm = |rule: Alert| rule.alarm(namespace, &reason, link.as_deref(), at);
    rules.into_iter().map(|rule| (via, alarm(rule))).filter(|(_, alarm)| !alarm.name.is_empty()).collect()
}

/// What stands in the brackets, as a state, and what after them. What else can stand in brackets only Grafana means so.
fn title_of(told: &str, is_grafana: bool) -> Option<(AlarmState, String)> {
    let (inside, rest) = unmarked(told).strip_prefix('[')?.split_once(']')?;
    let words: Vec<&str> = inside.split(',').map(|word| word.split(':').next().unwrap_or_default().trim()).collect();
    let are_known = words.iter().all(|word| matches!(word.to_uppercase().as_str(), "FIRING" | "RESOLVED"));
    let states: Option<Vec<AlarmState>> = words.iter().map(|word| state_of(word)).collect();
    let states = states.filter(|_| are_known || is_grafana)?;
    let fires = states.contains(&AlarmState::Alarm);
    let state = if fires { AlarmState::Alarm } else { *states.first()? };
    Some((state, rest.trim().to_owned()))
}

/// `NAME (labels)`; where there is no name, the labels.
fn name_of(rest: &str) -> String {
    let (name, labels) = rest.split_once('(').unwrap_or((rest, ""));
    // What a fallback has after the bar is where the link leads.
    let name = name.split(" | ").next().unwrap_or_default();
    let name = if name.trim().is_empty() { labels.split(')').next().unwrap_or_default() } else { name };
    bounded(&bare(name), NAME)
}

/// One alert of a message.
struct Alert {
    state: AlarmState,
    labels: BTreeMap<String, String>,
    described: Option<String>,
    link: Option<String>,
}

impl Alert {
    fn new(state: AlarmState) -> Self {
        Self { state, labels: BTreeMap::new(), described: None, link: None }
    }

    fn alarm(mut self, namespace: &str, reason: &str, link: Option<&str>, at: jiff::Timestamp) -> Alarm {
        let name = self.labels.remove("alertname").unwrap_or_default();
        let of_labels = |keys: &[&str]| keys.iter().find_map(|key| self.labels.get(*key));
        Alarm {
            account: of_labels(&["account", "account_id", "aws_account_id"]).and_then(|told| account(told)),
            region: of_labels(&["region", "aws_region"]).and_then(|told| region(told)),
            reason: reason.to_owned(),
            description: self.described.filter(|told| !told.is_empty()),
            link: self.link.or_else(|| link.map(str::to_owned)),
            metric: (!self.labels.is_empty()).then(|| Metric {
                namespace: namespace.to_owned(),
                name: name.clone(),
                stat: None,
                dimensions: self.labels.clone(),
            }),
            ..Alarm::named(name, self.state, at)
        }
    }
}

/// The alerts that a message tells one by one.
fn alerts(part: &Part, title: &Line, state: AlarmState) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = Vec::new();
    let mut section = state;
    let mut current = Alert::new(section);
    for line in part.lines.iter().filter(|line| *line != title) {
        let told = line.text();
        let heading = bare(unmarked(&told)).trim_end_matches(':').to_lowercase();
        let heading = heading.strip_prefix("alerts ").unwrap_or(&heading);
        if let Some(state) = state_of(heading).filter(|_| matches!(heading, "firing" | "resolved")) {
            section = state;
            alerts.push(std::mem::replace(&mut current, Alert::new(section)));
            continue;
        }
        let Some((key, value)) = pair(&told) else { continue };
        let is_next =
            key == "labels" || key == "alert" || (key == "alertname" && current.labels.contains_key("alertname"));
        if is_next && current.labels.contains_key("alertname") {
            alerts.push(std::mem::replace(&mut current, Alert::new(section)));
        }
        match key.as_str() {
            "summary" | "description" | "message" => {
                current.described.get_or_insert_with(|| bounded(&value, DESCRIPTION));
            }
            "source" | "panel" | "graph" | "dashboard" => {
                let url = line.link.clone().or_else(|| Some(value).filter(|url| is_link(url)));
                current.link = current.link.take().or(url);
            }
            "labels" | "annotations" | "value" | "silence" | "alert" | "details" | "runbook" | "runbook_url" => {}
            _ => {
                let is_label = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                if is_label && !value.is_empty() && current.labels.len() < LABELS {
                    current.labels.insert(bounded(&key, NAME), bounded(&value, NAME));
                }
            }
        }
    }
    alerts.push(current);
    alerts
}

/// What a message without labels says below its title.
fn alerts_description(part: &Part) -> Option<String> {
    let told = part.told(&["summary", "description", "message"])?;
    Some(bounded(&told, DESCRIPTION)).filter(|told| !told.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_tell_state_and_name() {
        #[track_caller]
        fn check(told: &str, is_grafana: bool, expected: Option<(AlarmState, &str)>) {
            let title = title_of(told, is_grafana).map(|(state, rest)| (state, name_of(&rest)));
            assert_eq!(title, expected.map(|(state, name)| (state, name.to_owned())), "{told}");
        }
        check("[FIRING:2] A (prod critical)", false, Some((AlarmState::Alarm, "A")));
        check("🔥 [FIRING:1, RESOLVED:1] A", false, Some((AlarmState::Alarm, "A")));
        check("[RESOLVED] A (x) | https://x.example", false, Some((AlarmState::Ok, "A")));
        check("[FIRING:1]  (auth-prod p99)", false, Some((AlarmState::Alarm, "auth-prod p99")));
        check("[firing] a b", false, Some((AlarmState::Alarm, "a b")));
        check("[No Data] a", true, Some((AlarmState::InsufficientData, "a")));
        check("[OK] a", true, Some((AlarmState::Ok, "a")));
        for told in ["[OK] deployed", "[FIRING", "FIRING: a", "", "[INFO] a"] {
            check(told, false, None);
        }
    }
}

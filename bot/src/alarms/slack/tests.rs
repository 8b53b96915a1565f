use super::*;
use crate::alarms::odd;
use proptest::prelude::*;
use serde_json::json;

const SAMPLES: [&str; 14] = [
    include_str!("../../../../tests/samples/slack/opsgenie_alarm.json"),
    include_str!("../../../../tests/samples/slack/jsm_alarm.json"),
    include_str!("../../../../tests/samples/slack/datadog_triggered.json"),
    include_str!("../../../../tests/samples/slack/datadog_recovered.json"),
    include_str!("../../../../tests/samples/slack/pagerduty_triggered.json"),
    include_str!("../../../../tests/samples/slack/pagerduty_resolved.json"),
    include_str!("../../../../tests/samples/slack/sentry_issue.json"),
    include_str!("../../../../tests/samples/slack/alertmanager_firing.json"),
    include_str!("../../../../tests/samples/slack/grafana_firing.json"),
    include_str!("../../../../tests/samples/slack/grafana_resolved.json"),
    include_str!("../../../../tests/samples/slack/terraform_notify_slack_event.json"),
    include_str!("../../../../tests/samples/slack/email_to_slack_sns_alarm.json"),
    include_str!("../../../../tests/samples/slack/event_message_bot_app.json"),
    include_str!("../../../../tests/samples/slack/event_message_user.json"),
];

fn message(sample: &str) -> Value {
    let sample: Value = serde_json::from_str(sample).unwrap();
    sample["event"].clone()
}

/// A message of a bot of this name, with the fields of `body`.
fn posted(name: &str, body: &Value) -> Value {
    let mut message = json!({"subtype": "bot_message", "username": name, "bot_id": "B1", "ts": "1795183332.000100"});
    for (field, value) in body.as_object().unwrap() {
        message[field] = value.clone();
    }
    message
}

fn told(message: &Value) -> String {
    match parse(message) {
        Posted::Alarms(alarms) => {
            let line = |(via, alarm): &(Via, Alarm)| format!("{via}: {} {}", alarm.name, alarm.state);
            alarms.iter().map(line).collect::<Vec<_>>().join("; ")
        }
        Posted::Note(note) => format!("note: {note}"),
        Posted::Said(text) => format!("said: {text}"),
        Posted::Nothing => "nothing".to_owned(),
    }
}

#[track_caller]
fn check(name: &str, body: impl std::borrow::Borrow<Value>, expected: &str) {
    assert_eq!(told(&posted(name, body.borrow())), expected);
}

fn attachment(title: &str, link: &str, text: &str) -> Value {
    json!({"attachments": [{"title": title, "title_link": link, "text": text}]})
}

fn section(text: &str) -> Value {
    json!({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]})
}

#[test]
fn datadog_in_other_shapes() {
    let monitor = "https://app.datadoghq.eu/monitors/1";
    check("Monitors of ours", attachment("Triggered: a", monitor, ""), "Datadog: a ALARM");
    check("x", attachment("Re-Triggered: a on host:b", monitor, ""), "Datadog: a on host:b ALARM");
    check("x", attachment("[P2] [No data] a", monitor, ""), "Datadog: a INSUFFICIENT_DATA");
    check("x", section(&format!(":white_check_mark: <{monitor}|Recovered: a &amp; b>")), "Datadog: a & b OK");
    check("Datadog", json!({"text": "Recovered: a"}), "Datadog: a OK");
    check("x", json!({"text": "Recovered: a"}), "note: Recovered: a");
    check(
        "x",
        attachment("Triggered: a", "https://app.datadoghq.eu@evil.example/monitors/1", ""),
        "note: Triggered: a",
    );
}

#[test]
fn a_monitor_is_known_by_its_number_and_group() {
    let alarm = |title: &str| {
        let parsed = parse(&posted("x", &attachment(title, "https://app.datadoghq.com/monitors/7", "")));
        let Posted::Alarms(alarms) = parsed else { panic!("no alarm: {parsed:?}") };
        alarms[0].1.clone()
    };
    let first = alarm("Triggered: p99 is 9.8 s on host:a");
    assert!(first.is_same_alarm(&alarm("Recovered: p99 is 0.2 s on host:a")));
    assert!(!first.is_same_alarm(&alarm("Triggered: p99 is 9.8 s on host:b")));
    assert_eq!(first.metric.unwrap().dimensions["host"], "a");
}

#[test]
fn pagerduty_in_other_shapes() {
    let link = "https://acme.pagerduty.com/incidents/Q1";
    check("x", section(&format!("*<{link}|[#1] a>* has been resolved")), "PagerDuty: a OK");
    check("x", section(&format!("🟢 <{link}|#1 a> Triggered by b")), "PagerDuty: a ALARM");
    check("x", section(&format!("<{link}|[#1] a> acknowledged by resolved.person")), "PagerDuty: a ALARM");
    check("x", attachment("Resolved #1: a", link, ""), "PagerDuty: a OK");
    check("x", section(&format!("<{link}|[#1] OK: \"b\" in EU (Ireland)>")), "PagerDuty: b OK");
    check("PagerDuty", json!({"text": "Mina is now on call"}), "note: Mina is now on call");
}

#[test]
fn opsgenie_and_jira_in_other_shapes() {
    let (old, new) = ("https://acme.app.opsgenie.com/alert/detail/1", "https://acme.atlassian.net/jira/ops/alerts/1");
    check("x", attachment("[Closed] #1: ALARM: \"a\" in b", old, ""), "Opsgenie: a OK");
    check("x", attachment("#1: disk is full", old, ""), "Opsgenie: disk is full ALARM");
    check("x", attachment("#1: OK: \"a\" in EU (Ireland)", old, ""), "Opsgenie: a OK");
    let mut closed = attachment("Alert #1: ALARM: &quot;a&quot; in EU (Ireland)", new, "");
    closed["attachments"][0]["fields"] = json!([{"title": "Status", "value": "Closed"}]);
    check("x", closed, "Jira Service Management: a OK");
    check("x", json!({"text": "#1: disk is full"}), "note: #1: disk is full");
}

#[test]
fn sentry_in_other_shapes() {
    let link = "https://acme.sentry.io/issues/1/";
    check("x", section(&format!("<{link}|*E*>\nunresolved things")), "Sentry: E ALARM");
    check("x", section(&format!(":white_check_mark: <{link}|E>\nMina marked as resolved")), "Sentry: E OK");
    check("Sentry", attachment("E", "https://errors.example.com/organizations/a/issues/1/", ""), "Sentry: E ALARM");
    check("x", section("<https://github.com/a/b/issues/1|E>"), "note: E");
}

#[test]
fn a_group_of_prometheus_is_several_alarms() {
    let text = "**Firing**\n\nValue: A=1\nLabels:\n - alertname = A\n - service = x\nAnnotations:\n - summary = s\n\
                Value: A=2\nLabels:\n - alertname = B\n\n**Resolved**\n\nLabels:\n - alertname = C\nLabels:\n - alertname = A\n";
    let body = attachment("[FIRING:2, RESOLVED:2] (x)", "https://g.example", text);
    check("x", body.clone(), "Alertmanager: A ALARM; Alertmanager: B ALARM; Alertmanager: C OK");
    check("Grafana", body, "Grafana: A ALARM; Grafana: B ALARM; Grafana: C OK");
    let template = "*Alert:* one - `critical`\n*Description:* d\n*Details:*\n • *alertname:* `A`\n • *service:* `x`\n\
                    *Alert:* two\n*Details:*\n • *alertname:* `B`";
    check(
        "x",
        attachment("[FIRING:2] A", "https://p.example", template),
        "Alertmanager: A ALARM; Alertmanager: B ALARM",
    );
    let two =
        json!({"attachments": [{"title": "[FIRING:1] A (x)"}, {"fallback": "[RESOLVED] B (y) | <https://p.example>"}]});
    check("x", two, "Alertmanager: A ALARM; Alertmanager: B OK");
    check("x", json!({"text": "🔥 *[FIRING:1]* A"}), "Alertmanager: A ALARM");
    check("Grafana", json!({"attachments": [{"title": "[Alerting] a", "footer": "Grafana v7"}]}), "Grafana: a ALARM");
    check("CI", json!({"text": "[OK] build passed"}), "note: [OK] build passed");
}

#[test]
fn cloudwatch_passed_on_by_anybody() {
    let fields = |state: &str| {
        json!({"attachments": [{"fallback": "Alarm a triggered", "text": "AWS CloudWatch notification - a", "fields": [
            {"title": "Alarm Name", "value": "`a`"}, {"title": "Old State", "value": "`ALARM`"},
            {"title": "Current State", "value": state}]}]})
    };
    check("x", fields("`OK`"), "Terraform's function: a OK");
    check("x", fields("`INSUFFICIENT_DATA`"), "Terraform's function: a INSUFFICIENT_DATA");
    check(
        "x",
        fields("`gone`"),
        "note: AWS CloudWatch notification - a alarm name: a old state: ALARM current state: gone",
    );
    check("x", json!({"text": "*ALARM: &quot;a&quot; in EU (Ireland)*\nThreshold Crossed: x"}), "another bot: a ALARM");
    check("x", json!({"text": "AlarmName: a\nNewStateValue: ALARM"}), "another bot: a ALARM");
    let raw =
        json!({"AlarmName": "a", "NewStateValue": "OK", "StateChangeTime": "2026-11-20T14:02:11.406+0000"}).to_string();
    check("x", json!({"text": format!("```{}```", blocks::mrkdwn::escape(&raw))}), "another bot: a OK");
    let console = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/a";
    let body = section(&format!("<{console}|❌ CloudWatch Alarm | a | eu-west-1 | Account: 123456789012>"));
    check("Night watch", body, "Amazon Q: a ALARM");
}

#[test]
fn people_and_quotations_are_no_alarms() {
    let person = json!({"user": "U1", "ts": "1795183332.000100", "text": "[FIRING:1] A", "client_msg_id": "1"});
    assert_eq!(told(&person), "said: [FIRING:1] A");
    let unfolded = json!({"text": "look", "attachments": [{"title": "[FIRING:1] A", "from_url": "https://p.example"}]});
    check("x", unfolded, "note: look");
    assert_eq!(told(&json!({"user": "U1", "ts": "1795183332.000100", "text": ""})), "nothing");
}

#[test]
fn an_edit_counts_from_when_it_was_made() {
    let mut edited = posted("x", &section("<https://a.pagerduty.com/incidents/Q1|[#1] a> resolved"));
    edited["edited"] = json!({"user": "B1", "ts": "1795183390.000000"});
    let Posted::Alarms(alarms) = parse(&edited) else { panic!("no alarm") };
    assert_eq!(alarms[0].1.changed_at.to_string(), "2026-11-20T14:03:10Z");
}

#[track_caller]
fn assert_bounded(posted: &Posted) {
    match posted {
        Posted::Alarms(alarms) => {
            assert!(!alarms.is_empty() && alarms.len() <= ALARMS);
            for (_, alarm) in alarms {
                assert!(alarm.source_id.as_ref().is_none_or(|id| id.len() <= 1024));
                odd::assert_bounded(&Parsed::Alarm(Box::new(alarm.clone())));
            }
        }
        Posted::Note(text) | Posted::Said(text) => odd::assert_bounded(&Parsed::Note(text.clone())),
        Posted::Nothing => {}
    }
}

#[test]
fn no_mutation_panics_or_breaks_a_bound() {
    for sample in SAMPLES {
        for odd_one in odd::mutations(&message(sample)) {
            assert_bounded(&parse(&odd_one));
        }
    }
    for odd_one in [json!(null), json!([]), json!("x"), json!(7), json!({}), json!({"files": [{"filetype": "email"}]})]
    {
        assert_bounded(&parse(&odd_one));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever stands where a title, a text or a field stands is read without panic and within bounds.
    #[test]
    fn any_words_are_read_without_panic(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "*", "<", ">", "|", "&lt;", "🚨", "[FIRING:1]", "[", "]", "Triggered: ", "ALARM: \"", "\" in ", "#1: ", "(", ")",
            "https://a.datadoghq.com/monitors/1", "https://a.pagerduty.com/incidents/1", "https://sentry.io/issues/1", "\n",
            "Labels:", " - alertname = ", "a", "é", ":x:", "::", " on host:a", "{", "}", "```", "\u{202e}", "Status: ",
        ]), 0..40),
        place in 0..5_usize,
    ) {
        let text = pieces.concat();
        let body = match place {
            0 => json!({"text": text}),
            1 => section(&text),
            2 => attachment(&text, "https://a.datadoghq.com/monitors/1", &text),
            3 => json!({"attachments": [{"fields": [{"title": "Alarm Name", "value": text}, {"title": text, "value": "ALARM"}]}]}),
            _ => json!({"files": [{"filetype": "email", "subject": text, "plain_text": text}]}),
        };
        assert_bounded(&parse(&posted("Grafana Datadog", &body)));
    }
}

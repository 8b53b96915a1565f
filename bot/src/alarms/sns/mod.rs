//! Purpose: CloudWatch's alarms as SNS carries them: the notification itself, the envelopes it comes in, and whether an envelope
//! is really from SNS.

pub mod envelope;
pub mod verify;

use super::{Unreadable, eventbridge, items, region, text};
use serde_json::{Value, json};
use tools::model::Alarm;

/// The statistics as SNS writes them, and as everybody else does.
const STATISTICS: [(&str, &str); 5] = [
    ("SUM", "Sum"),
    ("AVERAGE", "Average"),
    ("MINIMUM", "Minimum"),
    ("MAXIMUM", "Maximum"),
    ("SAMPLE_COUNT", "SampleCount"),
];

/// Reads the message of a notification; none if it tells of no alarm.
///
/// # Errors
/// It claims to be an alarm and lacks what every alarm has.
pub fn alarm(message: &Value) -> Result<Option<Alarm>, Unreadable> {
    if !message["AlarmName"].is_string() || message["NewStateValue"].is_null() {
        return Ok(None);
    }
    eventbridge::transition(&as_event(message)).map(Some).map_err(|err| match err {
        Unreadable::Missing { .. } => Unreadable::Missing { path: "AlarmName" },
        Unreadable::State { found, .. } => Unreadable::State { path: "NewStateValue", found },
        Unreadable::Time { found, .. } => Unreadable::Time { path: "StateChangeTime", found },
    })
}

/// The same as EventBridge would say it.
fn as_event(message: &Value) -> Value {
    let arn = text(&message["AlarmArn"]);
    let place = arn.split(':').nth(3).and_then(region).or_else(|| super::region::named(text(&message["Region"])));
    let trigger = &message["Trigger"];
    let mut metrics: Vec<Value> = items(&trigger["Metrics"]).iter().map(metric).collect();
    if metrics.is_empty() && trigger["MetricName"].is_string() {
        let extended = text(&trigger["ExtendedStatistic"]);
        let stat = if extended.is_empty() { statistic(text(&trigger["Statistic"])) } else { extended };
        metrics.push(json!({"metricStat": {"metric": measured(trigger), "stat": stat}, "returnData": true}));
    }
    let children: Vec<Value> =
        items(&message["TriggeringChildren"]).iter().map(|child| json!({"arn": child["Arn"]})).collect();
    json!({
        "account": message["AWSAccountId"],
        "region": place,
        "resources": [arn],
        "detail": {
            "alarmName": message["AlarmName"],
            "state": {
                "value": message["NewStateValue"],
                "reason": message["NewStateReason"],
                "timestamp": message["StateChangeTime"],
                "reasonData": {"triggeringAlarms": children},
                "actionsSuppressedBy": message["ActionsSuppressedBy"],
            },
            "configuration": {
                "description": message["AlarmDescription"],
                "metrics": metrics,
                "alarmRule": message["AlarmRule"],
            },
        },
    })
}

fn metric(entry: &Value) -> Value {
    let stat = &entry["MetricStat"];
    json!({
        "expression": entry["Expression"],
        "returnData": entry["ReturnData"],
        "metricStat": {"metric": measured(&stat["Metric"]), "stat": statistic(text(&stat["Stat"]))},
    })
}

fn measured(told: &Value) -> Value {
    let dimensions: serde_json::Map<String, Value> = items(&told["Dimensions"])
        .iter()
        .filter_map(|pair| Some((pair["name"].as_str().or(pair["Name"].as_str())?.to_owned(), pair["value"].clone())))
        .collect();
    json!({"namespace": told["Namespace"], "name": told["MetricName"], "dimensions": dimensions})
}

fn statistic(told: &str) -> &str {
    STATISTICS.iter().find(|(loud, _)| *loud == told).map_or(told, |(_, known)| known)
}

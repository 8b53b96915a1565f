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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::{Parsed, odd};
    use envelope::{Letter, action, custom, deployment, is_envelope, letters};

    const SAMPLES: [&str; 8] = [
        include_str!("../../../../tests/samples/aws/sns_alarm_single.json"),
        include_str!("../../../../tests/samples/aws/sns_alarm_percentile.json"),
        include_str!("../../../../tests/samples/aws/sns_alarm_metric_math.json"),
        include_str!("../../../../tests/samples/aws/sns_alarm_composite.json"),
        include_str!("../../../../tests/samples/aws/sqs_sns_alarm.json"),
        include_str!("../../../../tests/samples/aws/lambda_action_alarm_single.json"),
        include_str!("../../../../tests/samples/aws/lambda_action_alarm_composite.json"),
        include_str!("../../../../tests/samples/aws/codedeploy_sns_trigger_failed.json"),
    ];

    fn message(more: &Value) -> Value {
        let mut message = json!({"AlarmName": "a", "NewStateValue": "ALARM", "Region": "EU (Ireland)",
            "StateChangeTime": "2026-11-20T14:02:11.406+0000", "AWSAccountId": "123456789012"});
        for (field, value) in more.as_object().unwrap() {
            message[field] = value.clone();
        }
        message
    }

    #[track_caller]
    fn check(more: &Value, expected: &str) {
        let told = match alarm(&message(more)) {
            Ok(Some(alarm)) => odd::told(&Parsed::Alarm(Box::new(alarm))),
            Ok(None) => "none".to_owned(),
            Err(err) => err.to_string(),
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn a_region_in_words_stands_in_for_an_arn() {
        let told = "a ALARM at 2026-11-20T14:02:11.406Z\naccount 123456789012\nregion eu-west-1\nlink console";
        check(&json!({}), told);
        let moved = json!({"AlarmArn": "arn:aws:cloudwatch:us-east-2:123456789012:alarm:a"});
        check(&moved, &told.replace("eu-west-1", "us-east-2"));
    }

    #[test]
    fn what_is_wrong_is_told_by_the_names_of_sns() {
        check(
            &json!({"NewStateValue": "ODD"}),
            "the CloudWatch event has an unknown state at `NewStateValue`: `ODD` is none of ALARM, OK, INSUFFICIENT_DATA",
        );
        check(
            &json!({"StateChangeTime": "soon"}),
            "the CloudWatch event has no readable time at `StateChangeTime`: `soon`",
        );
        check(&json!({"AlarmName": ""}), "the CloudWatch event has no text at `AlarmName`");
        check(&json!({"AlarmName": 7}), "none");
    }

    #[track_caller]
    fn assert_bounded(letter: &Letter) {
        for alarm in
            [alarm(&letter.content), action(&letter.content)].into_iter().filter_map(|read| read.ok().flatten())
        {
            odd::assert_bounded(&Parsed::Alarm(Box::new(alarm)));
        }
        let (event, text) = (deployment(&letter.content, None), custom(&letter.content));
        assert!(event.is_none_or(|event| event["source"] == "aws.codedeploy"));
        assert!(text.is_none_or(|text| super::super::note(&text).chars().count() <= 300));
    }

    #[test]
    fn no_mutation_panics_or_breaks_a_bound() {
        for sample in SAMPLES {
            let sample: Value = serde_json::from_str(sample).unwrap();
            for odd_one in odd::mutations(&sample) {
                letters(&odd_one).iter().for_each(assert_bounded);
            }
            // What is inside of an envelope is a text, so its fields are mutated on their own.
            for letter in letters(&sample).into_iter().filter(|_| is_envelope(&sample)) {
                for odd_one in odd::mutations(&letter.content) {
                    assert_bounded(&Letter::plain(odd_one));
                }
            }
        }
    }
}

//! What AWS puts around an alarm on its way: the envelope of SNS, the records of SNS and SQS for a Lambda function, the payload
//! of an alarm's own Lambda action. Inside is a letter.

use crate::alarms::{Unreadable, bounded, eventbridge, items, prefix, text};
use serde_json::{Value, json};
use tools::model::Alarm;

/// No id is longer.
const ID: usize = 200;
/// Envelopes in envelopes, as AWS can make them: SQS, SNS, EventBridge.
const DEEPEST: usize = 4;
/// A batch has no more records.
const RECORDS: usize = 10_000;

/// What was inside of all envelopes.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// What it says; a text if it is no JSON.
    pub content: Value,
    /// The id of the notification that it was, if SNS carried it.
    pub id: Option<String>,
    /// The ARN of the topic by which it came, if it did.
    pub topic: Option<String>,
}

impl Letter {
    /// A letter without any envelope.
    pub fn plain(content: Value) -> Self {
        Self { content, id: None, topic: None }
    }
}

/// Whether there is an envelope around it.
pub fn is_envelope(event: &Value) -> bool {
    event["Records"].is_array() || is_notification(event)
}

/// Takes all envelopes away. What is no envelope is a letter itself.
pub fn letters(event: &Value) -> Vec<Letter> {
    let mut found = Vec::new();
    open(event, &Letter::plain(Value::Null), 0, &mut found);
    found
}

fn is_notification(value: &Value) -> bool {
    value["Type"] == "Notification" && value["Message"].is_string()
}

fn open(value: &Value, around: &Letter, depth: usize, found: &mut Vec<Letter>) {
    if depth > DEEPEST || found.len() >= RECORDS {
        return;
    }
    if let Some(records) = value["Records"].as_array() {
        for record in records {
            // Of SNS for a Lambda function, of SQS, or something else, which will be said.
            let inside = if record["Sns"].is_object() { &record["Sns"] } else { record };
            match inside["body"].as_str() {
                Some(body) => open(&read(body), around, depth + 1, found),
                None => open(inside, around, depth + 1, found),
            }
        }
    } else if is_notification(value) {
        let told = |field: &str| Some(bounded(text(&value[field]), ID)).filter(|told| !told.is_empty());
        let around = Letter { content: Value::Null, id: told("MessageId"), topic: told("TopicArn") };
        open(&read(text(&value["Message"])), &around, depth + 1, found);
    } else {
        found.push(Letter { content: value.clone(), ..around.clone() });
    }
}

fn read(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|_| Value::String(prefix(body, 2000).to_owned()))
}

/// Reads the payload with which CloudWatch calls a function; none if it is something else.
///
/// # Errors
/// It claims to be an alarm and lacks what every alarm has.
pub fn action(event: &Value) -> Result<Option<Alarm>, Unreadable> {
    if !event["alarmData"].is_object() {
        return Ok(None);
    }
    let as_event = json!({
        "account": event["accountId"],
        "region": event["region"],
        "time": event["time"],
        "resources": [event["alarmArn"]],
        "detail": event["alarmData"],
    });
    eventbridge::transition(&as_event).map(Some)
}

/// The trigger of CodeDeploy that SNS carries, as the event that EventBridge would have; none if it is something else. The time
/// is that of its end, else of its beginning. `id` is that of the notification, where there is one.
pub fn deployment(message: &Value, id: Option<&str>) -> Option<Value> {
    let (status, deployment) = (message["status"].as_str()?, message["deploymentId"].as_str()?);
    let id = id.map_or_else(|| format!("{}/{}", prefix(deployment, ID), prefix(status, ID)), str::to_owned);
    let state = match status {
        "CREATED" | "STARTED" | "IN_PROGRESS" => "START",
        "SUCCEEDED" => "SUCCESS",
        "FAILED" => "FAILURE",
        "STOPPED" => "STOP",
        other => other,
    };
    let moment = |field: &str| {
        let told = text(&message[field]);
        let seconds = told.split('.').next().and_then(|seconds| seconds.parse().ok());
        seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).map(|at| at.to_string())
    };
    Some(json!({
        "id": id,
        "source": "aws.codedeploy",
        "detail-type": "CodeDeploy Deployment State-change Notification",
        "account": message["accountId"],
        "region": message["region"],
        "time": moment("completeTime").or_else(|| moment("createTime")),
        "detail": {
            "application": message["applicationName"],
            "deploymentGroup": message["deploymentGroupName"],
            "deploymentId": message["deploymentId"],
            "state": state,
        },
    }))
}

/// What a custom notification of Amazon Q says; none if it is something else.
pub fn custom(message: &Value) -> Option<String> {
    let content = message["content"].as_object().filter(|_| message["source"] == "custom")?;
    let told = |field: &str| content.get(field).map(text).unwrap_or_default();
    let steps = content.get("nextSteps").map(items).unwrap_or_default().iter().map(text);
    let all: Vec<&str> = [told("title"), told("description")].into_iter().chain(steps).collect();
    Some(all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_envelope_is_opened() {
        let notification = |message: &Value| json!({"Type": "Notification", "MessageId": "m1", "TopicArn": "t1", "Message": message.to_string()});
        let letter = json!({"a": 1});
        let by_sns = Letter { content: letter.clone(), id: Some("m1".to_owned()), topic: Some("t1".to_owned()) };
        assert_eq!(letters(&letter), [Letter::plain(letter.clone())]);
        assert_eq!(letters(&notification(&letter)), std::slice::from_ref(&by_sns));
        let of_lambda = json!({"Records": [{"Sns": notification(&letter)}, {"Sns": notification(&letter)}]});
        assert_eq!(letters(&of_lambda), [by_sns.clone(), by_sns.clone()]);
        let of_sqs = json!({"Records": [{"body": notification(&letter).to_string()}, {"body": letter.to_string()}, {"body": "text"}]});
        assert_eq!(letters(&of_sqs), [by_sns, Letter::plain(letter), Letter::plain(json!("text"))]);
    }

    #[test]
    fn envelopes_without_end_are_left_closed() {
        let mut nested = json!({"a": 1});
        for _ in 0..20 {
            nested = json!({"Records": [{"body": nested.to_string()}]});
        }
        assert!(letters(&nested).is_empty());
    }
}

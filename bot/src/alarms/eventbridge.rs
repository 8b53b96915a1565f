//! Purpose: CloudWatch's own events, as an EventBridge rule delivers them, read into the domain and written from it.

use super::{
    CHILDREN, DESCRIPTION, NAME, Parsed, REASON, Unreadable, account, alarm_of_arn, bounded, console_link, items, note,
    partition, prefix, region, state, text, when,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tools::model::{Alarm, Metric};

const SOURCE: &str = "aws.cloudwatch";
const STATE_CHANGE: &str = "CloudWatch Alarm State Change";
const CONTRIBUTOR_CHANGE: &str = "CloudWatch Alarm Contributor State Change";
const CONFIGURATION_CHANGE: &str = "CloudWatch Alarm Configuration Change";

/// CloudWatch allows no more dimensions on a metric.
const DIMENSIONS: usize = 30;
/// The longest value of a dimension that CloudWatch allows.
const DIMENSION_VALUE: usize = 1024;
/// How much of an unreadable value an error repeats.
const FOUND: usize = 80;

/// Reads an EventBridge event. Events of other sources, and CloudWatch events that tell nothing of an alarm, are not for us.
pub fn parse(event: &Value) -> Result<Parsed, Unreadable> {
    if event["source"].as_str() != Some(SOURCE) {
        return Ok(Parsed::Other);
    }
    match event["detail-type"].as_str() {
        Some(STATE_CHANGE | CONTRIBUTOR_CHANGE) => transition(event).map(|alarm| Parsed::Alarm(Box::new(alarm))),
        Some(CONFIGURATION_CHANGE) => configuration_change(event).map(Parsed::Note),
        _ => Ok(Parsed::Other),
    }
}

/// Writes `alarm` as the event that CloudWatch would send. [`parse`] reads it back; only the link cannot travel in
/// an event and becomes the console's.
pub fn compose(alarm: &Alarm, event_id: &str) -> Value {
    let account = alarm.account.as_deref().unwrap_or_default();
    let region = alarm.region.as_deref().unwrap_or_default();
    let (partition, _) = partition(region);
    let arn = |name: &str| format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}");
    let timestamp = when::event_detail(alarm.changed_at);

    let mut state = json!({"value": alarm.state.to_string(), "reason": alarm.reason, "timestamp": timestamp});
    let mut configuration = json!({});
    if let Some(description) = &alarm.description {
        configuration["description"] = json!(description);
    }
    if let Some(metric) = &alarm.metric {
        configuration["metrics"] = metrics_of(metric, &alarm.name);
    }
    if !alarm.children.is_empty() {
        let rule: Vec<String> = alarm.children.iter().map(|child| format!("ALARM(\"{child}\")")).collect();
        configuration["alarmRule"] = json!(rule.join(" OR "));
        let triggering: Vec<Value> = alarm
            .children
            .iter()
            .map(|child| json!({"arn": arn(child), "state": {"value": state["value"], "timestamp": timestamp}}))
            .collect();
        // CloudWatch sends these data as a string of JSON.
        state["reasonData"] = json!(json!({"triggeringAlarms": triggering}).to_string());
    }
    let mut detail = json!({"alarmName": alarm.name, "configuration": configuration, "state": state});
    if alarm.muted {
        detail["muteDetail"] = json!({
            "mutedByArn": format!("arn:{partition}:cloudwatch:{region}:{account}:alarm-mute-rule:drill"),
            "muteWindowStart": timestamp,
        });
    }
    json!({
        "version": "0",
        "id": event_id,
        "detail-type": STATE_CHANGE,
        "source": SOURCE,
        "account": account,
        "time": when::event_time(alarm.changed_at),
        "region": region,
        "resources": [arn(&alarm.name)],
        "detail": detail,
    })
}

/// A metric without statistic is the input of a formula, so it is written as one.
fn metrics_of(metric: &Metric, label: &str) -> Value {
    let told = json!({"namespace": metric.namespace, "name": metric.name, "dimensions": metric.dimensions});
    match &metric.stat {
        Some(stat) => {
            json!([{"id": "m1", "metricStat": {"metric": told, "period": 60, "stat": stat}, "returnData": true}])
        }
        None => json!([
            {"id": "e1", "expression": "m1", "label": label, "returnData": true},
            {"id": "m1", "metricStat": {"metric": told, "period": 60, "stat": "Sum"}, "returnData": false},
        ]),
    }
}

/// Reads the detail of a transition, with the envelope around it.
pub(super) fn transition(event: &Value) -> Result<Alarm, Unreadable> {
    let detail = &event["detail"];
    let name = name_of(detail)?;
    let told = text(&detail["state"]["value"]);
    let state =
        state(told).ok_or_else(|| Unreadable::State { path: "detail.state.value", found: bounded(told, FOUND) })?;
    let changed_at = moment(event)?;
    let (account, region) = place(event);
    Ok(Alarm {
        state,
        changed_at,
        metric: metric(detail),
        reason: bounded(text(&detail["state"]["reason"]), REASON),
        description: some(bounded(text(&detail["configuration"]["description"]), DESCRIPTION)),
        link: region.as_deref().map(|region| console_link(region, &name)),
        children: children(detail),
        muted: detail["muteDetail"].is_object() || !text(&detail["state"]["actionsSuppressedBy"]).is_empty(),
        source_id: None,
        name,
        account,
        region,
    })
}

fn name_of(detail: &Value) -> Result<String, Unreadable> {
    some(bounded(text(&detail["alarmName"]), NAME)).ok_or(Unreadable::Missing { path: "detail.alarmName" })
}

/// The state-change time; the envelope's `time` says the same in whole seconds, so it stands in rather than losing the alarm.
fn moment(event: &Value) -> Result<Timestamp, Unreadable> {
    let exact = text(&event["detail"]["state"]["timestamp"]);
    when::parse(exact)
        .or_else(|| when::parse(text(&event["time"])))
        .ok_or_else(|| Unreadable::Time { path: "detail.state.timestamp", found: bounded(exact, FOUND) })
}

/// The account and region of the envelope, else those of the alarm's ARN.
fn place(event: &Value) -> (Option<String>, Option<String>) {
    let arn: Vec<&str> = text(&event["resources"][0]).splitn(6, ':').collect();
    let of_arn = |index: usize| arn.get(index).copied().unwrap_or_default();
    (
        account(text(&event["account"])).or_else(|| account(of_arn(4))),
        region(text(&event["region"])).or_else(|| region(of_arn(3))),
    )
}

/// The metric the alarm watches: of a formula its first input, of a query what it selects. A contributor is one series
/// of several, and its attributes say which.
fn metric(detail: &Value) -> Option<Metric> {
    let attributes = dimensions(&detail["alarmContributor"]["attributes"]);
    let metrics = items(&detail["configuration"]["metrics"]);
    let expression = metrics.iter().map(|entry| text(&entry["expression"])).find(|expression| !expression.is_empty());
    let mut metric = metrics
        .iter()
        .find_map(measured)
        .or_else(|| queried(expression?))
        // A query in another language still has attributes, and they are what leads to the service.
        .or_else(|| (!attributes.is_empty()).then(|| unnamed(expression.unwrap_or_default())))?;
    metric.dimensions.extend(attributes);
    while metric.dimensions.len() > DIMENSIONS {
        metric.dimensions.pop_last();
    }
    Some(metric)
}

fn measured(entry: &Value) -> Option<Metric> {
    let told = &entry["metricStat"]["metric"];
    let name = some(bounded(text(&told["name"]), NAME))?;
    // The statistic tells the number that is compared only where this very series is; otherwise a formula stands between.
    let compared = entry["returnData"].as_bool().unwrap_or(true);
    Some(Metric {
        namespace: bounded(text(&told["namespace"]), NAME),
        name,
        stat: some(bounded(text(&entry["metricStat"]["stat"]), NAME)).filter(|_| compared),
        dimensions: dimensions(&told["dimensions"]),
    })
}

/// Metrics Insights: `SELECT SUM(Throttles) FROM SCHEMA("AWS/Lambda", FunctionName) …`, or `FROM "AWS/Lambda"`.
fn queried(expression: &str) -> Option<Metric> {
    let (_, selected) = after_word(expression, "SELECT")?.split_once('(')?;
    let (name, rest) = selected.split_once(')')?;
    let from = after_word(rest, "FROM")?;
    let from = after_word(from, "SCHEMA").and_then(|schema| schema.strip_prefix('(')).unwrap_or(from).trim_start();
    let namespace = match from.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => from.split(|c: char| c.is_whitespace() || c == ',' || c == ')').next()?,
    };
    let name = some(bounded(name.trim().trim_matches('"'), NAME))?;
    Some(Metric { namespace: some(bounded(namespace, NAME))?, name, stat: None, dimensions: BTreeMap::new() })
}

/// What follows a keyword, which may be in either case.
fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let text = text.trim_start();
    let start = text.get(..word.len())?;
    start.eq_ignore_ascii_case(word).then(|| text[word.len()..].trim_start())
}

fn unnamed(expression: &str) -> Metric {
    let name = some(bounded(expression, NAME)).unwrap_or_else(|| "contributor".to_owned());
    Metric { namespace: String::new(), name, stat: None, dimensions: BTreeMap::new() }
}

fn dimensions(told: &Value) -> BTreeMap<String, String> {
    let Value::Object(fields) = told else {
        return BTreeMap::new();
    };
    fields
        .iter()
        .filter_map(|(name, value)| Some((bounded(name, NAME), bounded(value.as_str()?, DIMENSION_VALUE))))
        .take(DIMENSIONS)
        .collect()
}

/// The children that CloudWatch names as the trigger; an alarm that was never evaluated has only its rule.
fn children(detail: &Value) -> Vec<String> {
    let data = &detail["state"]["reasonData"];
    let data = data.as_str().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_else(|| data.clone());
    let triggering = items(&data["triggeringAlarms"]).iter().filter_map(|child| alarm_of_arn(text(&child["arn"])));
    let named = distinct(triggering.map(str::to_owned));
    if named.is_empty() { distinct(alarms_in_rule(text(&detail["configuration"]["alarmRule"]))) } else { named }
}

fn distinct(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        let name = bounded(&name, NAME);
        if all.len() < CHILDREN && !name.is_empty() && !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// The alarms that make a rule fire: the arguments of `ALARM("a")`, and of `AT_LEAST(2, ALARM, ("a", "b"))`. What
/// stands in `NOT ALARM(…)` holds the alarm back instead.
fn alarms_in_rule(rule: &str) -> Vec<String> {
    let tokens = tokens(rule);
    let mut names = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let negated = at > 0 && tokens[at - 1] == Token::Word("NOT");
        if *token != Token::Word("ALARM") || negated {
            continue;
        }
        let rest = &tokens[at + 1..];
        let rest = rest.strip_prefix(&[Token::Comma]).unwrap_or(rest);
        let Some(rest) = rest.strip_prefix(&[Token::Open]) else {
            continue;
        };
        let list = rest.split(|token| matches!(token, Token::Open | Token::Close)).next().unwrap_or_default();
        names.extend(list.split(|token| *token == Token::Comma).map(name_in_rule));
    }
    names
}

/// One argument: a quoted name, or words, and either may be an ARN.
fn name_in_rule(argument: &[Token<'_>]) -> String {
    let words: Vec<&str> = argument
        .iter()
        .filter_map(|token| match token {
            Token::Word(text) | Token::Quoted(text) => Some(*text),
            Token::Open | Token::Close | Token::Comma => None,
        })
        .collect();
    let name = words.join(" ");
    alarm_of_arn(&name).map_or_else(|| name.clone(), str::to_owned)
}

/// What an alarm rule is made of.
#[derive(PartialEq)]
enum Token<'a> {
    Word(&'a str),
    Quoted(&'a str),
    Open,
    Close,
    Comma,
}

fn tokens(rule: &str) -> Vec<Token<'_>> {
    /// CloudWatch's limit for a rule; a longer text is not one.
    const RULE: usize = 10_240;
    let mut rest = prefix(rule, RULE).trim_start();
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '"' => {
                let inside = rest[1..].split('"').next().unwrap_or_default();
                (Token::Quoted(inside), inside.len() + 2)
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "(),\"".contains(c)).unwrap_or(rest.len());
                (Token::Word(&rest[..end]), end)
            }
        };
        tokens.push(token);
        // An unclosed quotation ends before its length does.
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    tokens
}

/// One sentence on what was done to the alarm itself. It may explain a transition, but is none.
fn configuration_change(event: &Value) -> Result<String, Unreadable> {
    let detail = &event["detail"];
    let name = name_of(detail)?;
    let place = match place(event) {
        (Some(account), Some(region)) => format!(" ({account}, {region})"),
        (Some(one), None) | (None, Some(one)) => format!(" ({one})"),
        (None, None) => String::new(),
    };
    let configuration = &detail["configuration"];
    let sentence = match text(&detail["operation"]) {
        "create" => match text(&configuration["alarmRule"]) {
            "" => "was created".to_owned(),
            rule => format!("was created with the rule {rule}"),
        },
        "update" => match differences(&detail["previousConfiguration"], configuration) {
            changes if changes.is_empty() => "was updated".to_owned(),
            changes => format!("was updated: {}", changes.join(", ")),
        },
        "delete" => match state(text(&detail["state"]["value"])) {
            Some(last) => format!("was deleted; its last state was {last}"),
            None => "was deleted".to_owned(),
        },
        _ => "had its configuration changed".to_owned(),
    };
    Ok(note(&format!("The alarm {name}{place} {sentence}.")))
}

/// What a person would ask first: from what to what.
fn differences(old: &Value, new: &Value) -> Vec<String> {
    const TOLD: [(&str, &str); 9] = [
        ("threshold", "threshold"),
        ("comparisonOperator", "comparison"),
        ("evaluationPeriods", "evaluation periods"),
        ("datapointsToAlarm", "datapoints to alarm"),
        ("treatMissingData", "missing data"),
        ("actionsEnabled", "actions enabled"),
        ("alarmRule", "rule"),
        ("metrics", "metrics"),
        ("description", "description"),
    ];
    let none = Map::new();
    let (Value::Object(new), old) = (new, old.as_object().unwrap_or(&none)) else {
        return Vec::new();
    };
    if old.is_empty() {
        return Vec::new();
    }
    let changed = TOLD.iter().filter(|(field, _)| old.get(*field) != new.get(*field));
    let sentence = |(field, label): &(&str, &str)| match (scalar(old.get(*field)), scalar(new.get(*field))) {
        (Some(before), Some(after)) => format!("{label} from {before} to {after}"),
        _ => format!("new {label}"),
    };
    changed.map(sentence).collect()
}

/// A value short enough to stand in a sentence.
fn scalar(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => (text.len() <= FOUND).then(|| text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::odd;
    use tools::model::AlarmState;

    const SAMPLES: [&str; 14] = [
        SINGLE,
        OK,
        INSUFFICIENT,
        MATH,
        ANOMALY,
        COMPOSITE,
        SUPPRESSED,
        MUTED,
        TAGS,
        PARENT,
        CONTRIBUTOR,
        CREATED,
        UPDATED,
        DELETED,
    ];
    const SINGLE: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_single_metric.json");
    const OK: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_ok.json");
    const INSUFFICIENT: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_insufficient_data.json");
    const MATH: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_metric_math.json");
    const ANOMALY: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_anomaly.json");
    const COMPOSITE: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_composite.json");
    const SUPPRESSED: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_composite_suppressed.json");
    const MUTED: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_muted.json");
    const TAGS: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_with_tags.json");
    const PARENT: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_multi_series_parent.json");
    const CONTRIBUTOR: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_contributor.json");
    const CREATED: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_config_create_composite.json");
    const UPDATED: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_config_update.json");
    const DELETED: &str = include_str!("../../../tests/samples/aws/eventbridge_alarm_config_delete.json");

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    fn alarm(event: &Value) -> Alarm {
        match parse(event) {
            Ok(Parsed::Alarm(alarm)) => *alarm,
            other => panic!("no alarm: {other:?}"),
        }
    }

    #[track_caller]
    fn check(sample: &str, expected: &str) {
        assert_eq!(odd::told(&parse(&json(sample)).unwrap()), expected);
    }

    /// One field of the single-metric sample replaced.
    #[track_caller]
    fn check_changed(path: &str, value: Value, expected: Result<&str, &str>) {
        let mut event = json(SINGLE);
        *event.pointer_mut(path).unwrap() = value;
        let told = parse(&event).map(|parsed| odd::told(&parsed).lines().take(3).collect::<Vec<_>>().join("; "));
        assert_eq!(told.map_err(|error| error.to_string()), expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn one_metric() {
        check(
            SINGLE,
            "auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11.406Z\n\
             account 123456789012\n\
             region us-east-1\n\
             metric Sum AWS/Lambda/Errors {FunctionName=token-exchange, Resource=token-exchange:live}\n\
             because Threshold Crossed: 3 out of the last 3 d\n\
             described token-exchange errors. Runbook: https://runbooks.example.com/auth/token-exchange\n\
             link console",
        );
        check(
            OK,
            "auth-prod-lambda-token-exchange-errors OK at 2026-11-20T14:21:11.404Z\n\
             account 123456789012\n\
             region us-east-1\n\
             metric Sum AWS/Lambda/Errors {FunctionName=token-exchange, Resource=token-exchange:live}\n\
             because Threshold Crossed: 1 out of the last 3 d\n\
             described token-exchange errors. Runbook: https://runbooks.example.com/auth/token-exchange\n\
             link console",
        );
        check(
            INSUFFICIENT,
            "auth-prod-cognito-signin-success-low INSUFFICIENT_DATA at 2026-11-20T14:09:00.104Z\n\
             account 123456789012\n\
             region us-east-1\n\
             metric Average AWS/Cognito/SignInSuccesses {UserPool=us-east-1_AbCdEf123, UserPoolClient=1h57kf5cpq17m0eml12EXAMPLE}\n\
             because Insufficient Data: 2 datapoints were unk\n\
             described Cognito sign-in success ratio\n\
             link console",
        );
    }

    #[test]
    fn formulas_bands_and_queries() {
        check(
            MATH,
            "auth-prod-apigw-5xx ALARM at 2026-11-20T14:02:31.554Z\n\
             account 123456789012\n\
             region us-east-1\n\
             metric ? AWS/ApiGateway/5XXError {ApiName=auth-api, Stage=prod}\n\
             because Threshold Crossed: 1 out of the last 1 d\n\
             described API 5xx rate > 5 %\n\
             link console",
        );
        check(
            ANOMALY,
            "auth-prod-token-exchange-duration-anomaly ALARM at 2026-11-20T14:01:04.653Z\n\
             account 123456789012\n\
             region us-east-1\n\
             metric p99 AWS/Lambda/Duration {FunctionName=token-exchange}\n\
             because Thresholds Crossed: 2 out of the last 2 \n\
             described p99 out of band\n\
             link console",
        );
        check(
            PARENT,
            "auth-prod-lambda-throttles-by-function ALARM at 2026-11-20T14:04:04.919Z\n\
             account 123456789012\n\
             region us-east-1\n\
             metric ? AWS/Lambda/Throttles {}\n\
             because 2 out of 14 time series evaluated to ALA\n\
             described Throttles per function\n\
             link console",
        );
        check(
            CONTRIBUTOR,
            "auth-prod-lambda-throttles-by-function ALARM at 2026-11-20T14:04:04.919Z\n\
             account 123456789012\n\
             region us-east-1\n\
             metric ? AWS/Lambda/Throttles {FunctionName=token-exchange}\n\
             because Threshold Crossed: 1 datapoint was great\n\
             described Throttles per function\n\
             link console",
        );
    }

    #[test]
    fn composites() {
        check(
            COMPOSITE,
            "auth-prod-user-login-degraded ALARM at 2026-11-20T14:03:05.394Z\n\
             account 123456789012\n\
             region us-east-1\n\
             because arn:aws:cloudwatch:us-east-1:12345678901\n\
             described User login degraded\n\
             link console\n\
             children auth-prod-apigw-5xx, auth-prod-lambda-token-exchange-errors",
        );
        check(
            SUPPRESSED,
            "auth-prod-user-login-degraded ALARM at 2026-11-20T14:03:05.394Z\n\
             account 123456789012\n\
             region us-east-1\n\
             because arn:aws:cloudwatch:us-east-1:12345678901\n\
             link console\n\
             children auth-prod-apigw-5xx, auth-prod-lambda-token-exchange-errors\n\
             muted yes",
        );
    }

    #[test]
    fn muted_and_tagged() {
        check(
            MUTED,
            "auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11.406Z\n\
             account 123456789012\n\
             region us-east-1\n\
             metric Sum AWS/Lambda/Errors {FunctionName=token-exchange, Resource=token-exchange:live}\n\
             because Threshold Crossed: 3 out of the last 3 d\n\
             described token-exchange errors. Runbook: https://runbooks.example.com/auth/token-exchange\n\
             link console\n\
             muted yes",
        );
        check(
            TAGS,
            "auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11.406Z\n\
             account 123456789012\n\
             region us-east-1\n\
             metric Sum AWS/Lambda/Errors {FunctionName=token-exchange, Resource=token-exchange:live}\n\
             because Threshold Crossed: 3 out of the last 3 d\n\
             described token-exchange errors. Runbook: https://runbooks.example.com/auth/token-exchange\n\
             link console",
        );
    }

    #[test]
    fn configuration_changes_are_notes() {
        check(
            CREATED,
            "note: The alarm auth-prod-user-login-degraded (123456789012, us-east-1) was created with the rule ALARM(\"auth-prod-apigw-5xx\") OR ALARM(\"auth-prod-lambda-token-exchange-errors\").",
        );
        check(
            UPDATED,
            "note: The alarm auth-prod-lambda-token-exchange-errors (123456789012, us-east-1) was updated: threshold from 2 to 5.",
        );
        check(
            DELETED,
            "note: The alarm auth-prod-lambda-token-exchange-errors (123456789012, us-east-1) was deleted; its last state was OK.",
        );
    }

    #[test]
    fn what_is_not_for_us() {
        for event in [json!(null), json!([]), json!("x"), json!({}), json!({"source": "aws.ecs", "detail": {}})] {
            assert_eq!(parse(&event), Ok(Parsed::Other));
        }
        assert_eq!(parse(&json!({"source": SOURCE, "detail-type": "CloudWatch Something New"})), Ok(Parsed::Other));
    }

    #[test]
    fn what_cannot_be_read_names_the_field() {
        let name = Err("the CloudWatch event has no text at `detail.alarmName`");
        check_changed("/detail", json!([]), name);
        check_changed("/detail/alarmName", json!(""), name);
        check_changed("/detail/alarmName", json!(7), name);
        check_changed(
            "/detail/state/value",
            json!("alarm"),
            Err(
                "the CloudWatch event has an unknown state at `detail.state.value`: `alarm` is none of ALARM, OK, INSUFFICIENT_DATA",
            ),
        );
        let mut event = json(SINGLE);
        event["time"] = json!(1_795_183_331);
        event["detail"]["state"]["timestamp"] = json!("yesterday");
        let error = parse(&event).unwrap_err().to_string();
        assert_eq!(error, "the CloudWatch event has no readable time at `detail.state.timestamp`: `yesterday`");
    }

    #[test]
    fn what_is_missing_is_taken_from_where_it_also_stands() {
        let errors = "auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11";
        check_changed(
            "/detail/state/timestamp",
            json!(null),
            Ok(&format!("{errors}Z; account 123456789012; region us-east-1")),
        );
        check_changed(
            "/account",
            json!("1234567"),
            Ok(&format!("{errors}.406Z; account 123456789012; region us-east-1")),
        );
        check_changed("/region", json!("x"), Ok(&format!("{errors}.406Z; account 123456789012; region us-east-1")));
        check_changed("/resources", json!([]), Ok(&format!("{errors}.406Z; account 123456789012; region us-east-1")));
    }

    #[test]
    fn a_rule_names_the_children() {
        #[track_caller]
        fn check(rule: &str, expected: &[&str]) {
            assert_eq!(alarms_in_rule(rule), expected, "{rule}");
        }
        check(r#"ALARM("a") OR ALARM("b")"#, &["a", "b"]);
        check("(ALARM(a) AND NOT ALARM(deploying)) OR OK(heartbeat)", &["a"]);
        check(r#"AT_LEAST(2, ALARM, ("a", "b, c"))"#, &["a", "b, c"]);
        check(r#"ALARM("say ALARM(x)") AND INSUFFICIENT_DATA("y")"#, &["say ALARM(x)"]);
        check(r#"ALARM("arn:aws:cloudwatch:us-east-1:123456789012:alarm:a:b") OR TRUE"#, &["a:b"]);
        check("MY_ALARM(a) ALARM", &[]);
        check("ALARM(two words) ALARM(\"open", &["two words", "open"]);
        check("", &[]);
        let mut event = json(COMPOSITE);
        event["detail"]["state"]["reasonData"] = json!("no json");
        assert_eq!(alarm(&event).children, ["auth-prod-apigw-5xx", "auth-prod-lambda-token-exchange-errors"]);
        alarms_in_rule(&"ALARM(a,".repeat(20_000));
    }

    #[test]
    fn a_query_names_the_metric() {
        #[track_caller]
        fn check(expression: &str, expected: Option<(&str, &str)>) {
            let metric = queried(expression);
            assert_eq!(metric.as_ref().map(|metric| (metric.namespace.as_str(), metric.name.as_str())), expected);
        }
        check(r#"SELECT AVG("Cold Starts") FROM "My App" WHERE x = 'y'"#, Some(("My App", "Cold Starts")));
        check(
            r#"select max(Errors) from schema("AWS/Lambda", FunctionName) group by FunctionName"#,
            Some(("AWS/Lambda", "Errors")),
        );
        check("SELECT SUM(x) FROM Plain ORDER BY SUM()", Some(("Plain", "x")));
        for expression in [
            "",
            "m1 / m2",
            "SELECT",
            "SELECT SUM(",
            "SELECT SUM() FROM a",
            "SELECT SUM(a) FROM",
            "sum by (x) (y)",
            "ééééééé",
        ] {
            check(expression, None);
        }
    }

    #[test]
    fn a_contributor_of_an_unknown_query_keeps_its_attributes() {
        let mut event = json(CONTRIBUTOR);
        event["detail"]["configuration"]["metrics"] =
            json!([{"id": "q1", "expression": "sum by (fn) (rate(x[5m]))", "returnData": true}]);
        let metric = alarm(&event).metric.unwrap();
        assert_eq!((metric.namespace.as_str(), metric.name.as_str()), ("", "sum by (fn) (rate(x[5m]))"));
        assert_eq!(metric.dimensions, BTreeMap::from([("FunctionName".to_owned(), "token-exchange".to_owned())]));
    }

    #[test]
    fn what_is_composed_reads_back_equal() {
        let mut alarms: Vec<Alarm> = SAMPLES
            .iter()
            .filter_map(|sample| parse(&json(sample)).ok())
            .filter_map(|parsed| match parsed {
                Parsed::Alarm(alarm) => Some(*alarm),
                Parsed::Note(_) | Parsed::Other => None,
            })
            .collect();
        assert_eq!(alarms.len(), 11);
        // Every combination of the optional parts, with texts that need quoting somewhere.
        let odd_names = ["a", "with space", r#"quote"d \ <b> & | ç 🚨"#, "colon:alarm:x", "ALARM(\"x\")"];
        let states = [AlarmState::Alarm, AlarmState::Ok, AlarmState::InsufficientData];
        let places = [("us-east-1", "123456789012"), ("cn-north-1", "000000000000"), ("us-gov-west-1", "999988887777")];
        for mask in 0..64_u16 {
            let pick = usize::from(mask);
            let name = odd_names[pick % odd_names.len()];
            let (region, account) = places[pick % places.len()];
            let nanos = [0, 406_000_000, 999_999_999, 1][pick % 4];
            alarms.push(Alarm {
                name: name.to_owned(),
                state: states[pick / 2 % 3],
                changed_at: Timestamp::new(1_795_183_331 + i64::from(mask), nanos).unwrap(),
                account: Some(account.to_owned()),
                region: Some(region.to_owned()),
                metric: (mask & 1 != 0).then(|| Metric {
                    namespace: if mask & 2 != 0 { "AWS/Lambda" } else { "" }.to_owned(),
                    name: name.to_owned(),
                    stat: (mask & 4 != 0).then(|| "p99.9".to_owned()),
                    dimensions: odd_names
                        .iter()
                        .take(pick / 4 % 4)
                        .map(|name| ((*name).to_owned(), format!("{name}:live")))
                        .collect(),
                }),
                reason: if mask & 8 != 0 { format!("{name}\n -> ALARM") } else { String::new() },
                description: (mask & 16 != 0).then(|| format!("see {name}")),
                link: Some(console_link(region, name)),
                children: odd_names.iter().filter(|_| mask & 32 != 0).map(|name| (*name).to_owned()).collect(),
                muted: mask % 3 == 0,
                source_id: None,
            });
        }
        for alarm in alarms {
            let event = compose(&alarm, "drill-1");
            assert_eq!(parse(&event), Ok(Parsed::Alarm(Box::new(alarm.clone()))), "{event:#}");
            let text = event.to_string();
            assert_eq!(parse(&json(&text)), Ok(Parsed::Alarm(Box::new(alarm))), "{text}");
            assert_eq!(event["id"], "drill-1");
        }
    }

    #[test]
    fn a_composed_alarm_without_a_place_stays_without() {
        let alarm = Alarm { account: None, region: None, link: None, ..alarm(&json(SINGLE)) };
        assert_eq!(parse(&compose(&alarm, "e")), Ok(Parsed::Alarm(Box::new(alarm))));
    }

    #[test]
    fn no_mutation_panics_or_breaks_a_bound() {
        for sample in SAMPLES {
            for event in odd::mutations(&json(sample)) {
                match parse(&event) {
                    Ok(parsed) => odd::assert_bounded(&parsed),
                    Err(error) => assert!(error.to_string().chars().count() < 250),
                }
            }
        }
    }
}

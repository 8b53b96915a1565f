//! Alarms by every way in which they reach us: what other bots post in a watched channel, and what AWS itself brings.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::alarms::slack::{self, Posted};
use bot::alarms::sns::envelope::{self, Letter};
use bot::alarms::{Parsed, eventbridge, sns};
use bot::changes;
use bot::slack::wire::{Envelope, MessageEvent, Us};
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::path::Path;
use tests::{alarm, run_test};
use tools::model::{Alarm, Via};

#[tokio::test]
async fn a_lone_alarm_is_answered_in_its_thread() {
    run_test(async |room| {
        room.amazon_q(&alarm("prod-user-pool-throttles", 130)).await;
        assert_snapshot!(room.reads(), @"
        #alerts-prod thread:
        No other alarm near it; it belongs to `user-pool`. I keep watching, and open a card when more join.
        · INC-1 · told by Amazon Q · `/incident context INC-1`
        ");
        assert!(room.channel().is_empty(), "the war room stays quiet");
    })
    .await;
}

#[tokio::test]
async fn the_same_alarm_from_two_sources_is_one() {
    run_test(async |room| {
        let throttles = alarm("prod-user-pool-throttles", 130);
        room.amazon_q(&throttles).await;
        room.skims();
        room.eventbridge(&throttles).await;
        assert_snapshot!(room.reads(), @"");
        let incidents = room.incidents().await;
        assert_eq!(incidents.len(), 1);
        assert_eq!(incidents[0].alarms.len(), 1);
        let sources: Vec<Via> = incidents[0].alarms[0].sources().into_iter().collect();
        assert_eq!(sources, [Via::EventBridge, Via::AmazonQ]);
    })
    .await;
}

#[tokio::test]
async fn a_retried_event_is_the_same_event() {
    run_test(async |room| {
        let event = room.amazon_q(&alarm("prod-user-pool-throttles", 130)).await;
        room.skims();
        room.stage.workspace.redeliver(&event);
        room.stage.settle().await;
        assert_eq!(room.incidents().await[0].version, 2);
    })
    .await;
}

#[tokio::test]
async fn people_other_bots_and_our_own_messages_open_nothing() {
    run_test(async |room| {
        let workspace = room.stage.workspace.clone();
        workspace.say("U0MINA", bot::drill::ALERTS, None, "CloudWatch Alarm | prod-user-pool-throttles | us-east-1");
        workspace.post_as_app("Deploybot", bot::drill::ALERTS, json!({"text": "v118 is out"}));
        // The war room is not watched: what is posted there is no alarm to us.
        let body = bot::alarms::amazon_q::compose(&alarm("prod-user-pool-throttles", 130));
        workspace.post_as_app("Amazon Q Developer", bot::drill::WAR_ROOM, body);
        room.stage.settle().await;
        assert!(room.incidents().await.is_empty());
    })
    .await;
}

/// What comes of everything in a sample, a line for each signal.
fn told_of_slack(sample: &Value) -> Vec<String> {
    if let Some(all) = sample.as_array() {
        return all.iter().flat_map(told_of_slack).collect();
    }
    let Ok(envelope) = serde_json::from_value(sample.clone()) else { return Vec::new() };
    let Envelope::EventCallback { event, api_app_id, authorizations, .. } = envelope else { return Vec::new() };
    let Some(frame) = MessageEvent::read(&event) else { return Vec::new() };
    if (Us { app: &api_app_id, authorizations: &authorizations }).wrote(frame.message) {
        return vec!["our own".to_owned()];
    }
    match slack::parse(frame.message) {
        Posted::Alarms(alarms) => alarms.iter().map(|(via, alarm)| told(*via, alarm)).collect(),
        Posted::Note(note) => vec![format!("note: {note}")],
        Posted::Said(_) => vec!["a person".to_owned()],
        Posted::Nothing => Vec::new(),
    }
}

fn told_of_aws(sample: &Value) -> Vec<String> {
    let one = |letter: Letter| {
        let content = &letter.content;
        if let Some(alarm) = sns::alarm(content).unwrap() {
            return Some(told(Via::Sns, &alarm));
        }
        if let Some(alarm) = envelope::action(content).unwrap() {
            return Some(told(Via::AlarmAction, &alarm));
        }
        let event = envelope::deployment(content, None).unwrap_or_else(|| content.clone());
        match eventbridge::parse(&event).unwrap() {
            Parsed::Alarm(alarm) => Some(told(Via::EventBridge, &alarm)),
            Parsed::Note(note) => Some(format!("note: {note}")),
            Parsed::Other => match changes::parse(&event).unwrap() {
                changes::Parsed::Change(seen) => {
                    Some(format!("{} of {} at {}", seen.change.kind, seen.change.service, seen.change.at))
                }
                changes::Parsed::Note(note) => Some(format!("note: {note}")),
                changes::Parsed::Other => None,
            },
        }
    };
    envelope::letters(sample).into_iter().filter_map(one).collect()
}

fn told(via: Via, alarm: &Alarm) -> String {
    let mut parts = vec![format!("{via}: {} {} at {}", alarm.name, alarm.state, alarm.changed_at)];
    let mut part = |told: Option<String>| parts.extend(told);
    part(alarm.account.clone());
    part(alarm.region.clone());
    part(alarm.source_id.clone());
    part(alarm.metric.as_ref().map(|metric| {
        let dimensions: Vec<String> = metric.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let stat = metric.stat.as_deref().unwrap_or("-");
        format!("{stat} {}/{} {{{}}}", metric.namespace, metric.name, dimensions.join(","))
    }));
    part(alarm.description.as_ref().map(|told| format!("“{}”", told.chars().take(24).collect::<String>())));
    part((!alarm.reason.is_empty()).then(|| format!("because {}", alarm.reason.chars().take(24).collect::<String>())));
    part(alarm.link.as_ref().map(|link| link.chars().take(44).collect()));
    part((!alarm.children.is_empty()).then(|| format!("of {}", alarm.children.join(" and "))));
    part(alarm.muted.then(|| "muted".to_owned()));
    parts.join(" | ")
}

/// Every sample in a folder by its name. Of one that holds no signal, nothing but the name.
fn table(folder: &str, told: fn(&Value) -> Vec<String>) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(folder);
    let mut rows: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let sample = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let lines = told(&sample);
            if lines.is_empty() { name } else { format!("{name}\n    {}", lines.join("\n    ")) }
        })
        .collect();
    rows.sort();
    rows.join("\n")
}

#[test]
fn every_sample_of_slack_is_read() {
    assert_snapshot!(table("slack", told_of_slack), @"
    alertmanager_firing
        Alertmanager: AuthTokenExchangeLatencyHigh ALARM at 2026-11-20T14:02:28.0001Z | because [FIRING:2] AuthTokenExch | https://alertmanager.example.com/#/alerts?re
    alertmanager_resolved
        Alertmanager: AuthTokenExchangeLatencyHigh OK at 2026-11-20T14:23:00.0001Z | because [RESOLVED] AuthTokenExch | https://alertmanager.example.com/#/alerts?re
    alertmanager_webhook_request
    amazon_q_alarm_attachment_blocks
        Amazon Q: auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11Z | 123456789012 | us-east-1 | “token-exchange errors. R” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
    amazon_q_alarm_top_blocks
        Amazon Q: auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11Z | 123456789012 | us-east-1 | “token-exchange errors. R” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
    amazon_q_composite_shortcode
        Amazon Q: auth-prod-user-login-degraded ALARM at 2026-11-20T14:03:05Z | 123456789012 | us-east-1 | because arn:aws:cloudwatch:us-ea | https://console.aws.amazon.com/cloudwatch/ho | of auth-prod-apigw-5xx
    amazon_q_custom_notification_sns_input
    amazon_q_edited_in_place
        Amazon Q: auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11Z | 123456789012 | us-east-1 | “token-exchange errors. R” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
    amazon_q_insufficient
        Amazon Q: auth-prod-cognito-signin-success-low INSUFFICIENT_DATA at 2026-11-20T14:09:00Z | 123456789012 | us-east-1 | “Cognito sign-in success ” | because Insufficient Data: 2 dat | https://console.aws.amazon.com/cloudwatch/ho
    amazon_q_ok
        Amazon Q: auth-prod-lambda-token-exchange-errors OK at 2026-11-20T14:21:11Z | 123456789012 | us-east-1 | “token-exchange errors. R” | because Threshold Crossed: 1 out | https://console.aws.amazon.com/cloudwatch/ho
    aws_chatbot_legacy_fallback_only
        Amazon Q: auth-prod-apigw-5xx ALARM at 2026-11-20T14:02:13.0004Z | 123456789012 | us-east-1 | https://us-east-1.console.aws.amazon.com/clo
    block_actions_approve
    block_actions_ephemeral
    datadog_recovered
        Datadog: token-exchange p99 latency is high on env:prod OK at 2026-11-20T14:22:00Z | datadog/107666844/env:prod | - Datadog/token-exchange p99 latency is high on env:prod {env=prod} | “p99 over 3s on `token-ex” | because Recovered; Metric value: | https://app.datadoghq.com/monitors/107666844
    datadog_triggered
        Datadog: token-exchange p99 latency is high on env:prod ALARM at 2026-11-20T14:02:00Z | datadog/107666844/env:prod | - Datadog/token-exchange p99 latency is high on env:prod {env=prod} | “p99 over 3s on `token-ex” | because Triggered; Metric value: | https://app.datadoghq.com/monitors/107666844
    datadog_warn
        Datadog: token-exchange p99 latency is high on env:prod ALARM at 2026-11-20T14:01:00Z | datadog/107666844/env:prod | - Datadog/token-exchange p99 latency is high on env:prod {env=prod} | “p99 over 3s on `token-ex” | because Warn; Metric value: 2.10 | https://app.datadoghq.com/monitors/107666844
    email_to_slack_sns_alarm
        e-mail: auth-prod-apigw-5xx ALARM at 2026-11-20T14:02:31Z | us-east-1 | “API 5xx” | because Threshold Crossed: 1 dat | https://us-east-1.console.aws.amazon.com/clo
    event_app_home_opened
    event_app_mention
    event_member_joined_channel
    event_message_bot_app
        note: Deploy of token-exchange v118 finished
    event_message_bot_message_webhook
        note: Build #9112 passed
    event_message_deleted
    event_message_own_bot_ignore
        our own
    event_message_thread_broadcast
        a person
    event_message_thread_reply
        a person
    event_message_user
        a person
    event_reaction_added
    flood_auth_cascade
        Amazon Q: auth-prod-lambda-token-exchange-p99 ALARM at 2026-11-20T14:02:04Z | 123456789012 | us-east-1 | “auth-prod-lambda-token-e” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
        Amazon Q: auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:12Z | 123456789012 | us-east-1 | “auth-prod-lambda-token-e” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
        Datadog: token-exchange p99 latency is high on env:prod ALARM at 2026-11-20T14:02:00Z | datadog/107666844/env:prod | - Datadog/token-exchange p99 latency is high on env:prod {env=prod} | “p99 over 3s on `token-ex” | because Triggered; Metric value: | https://app.datadoghq.com/monitors/107666844
        Amazon Q: auth-prod-apigw-latency ALARM at 2026-11-20T14:02:25Z | 123456789012 | us-east-1 | “auth-prod-apigw-latency ” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
        Alertmanager: AuthTokenExchangeLatencyHigh ALARM at 2026-11-20T14:02:28.00016Z | because [FIRING:2] AuthTokenExch | https://alertmanager.example.com/#/alerts?re
        Amazon Q: auth-prod-apigw-5xx ALARM at 2026-11-20T14:02:31Z | 123456789012 | us-east-1 | “auth-prod-apigw-5xx alar” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
        Amazon Q: auth-prod-apigw-5xx ALARM at 2026-11-20T14:02:31Z | 123456789012 | us-east-1 | “auth-prod-apigw-5xx alar” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
        a person
        Amazon Q: auth-prod-ddb-sessions-throttle ALARM at 2026-11-20T14:02:44Z | 123456789012 | us-east-1 | “auth-prod-ddb-sessions-t” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
        Amazon Q: billing-prod-nightly-export-late ALARM at 2026-11-20T14:02:50Z | 999988887777 | us-east-1 | “unrelated” | because Threshold Crossed: 1 dat | https://console.aws.amazon.com/cloudwatch/ho
        Amazon Q: auth-prod-cognito-signin-success-low ALARM at 2026-11-20T14:03:02Z | 123456789012 | us-east-1 | “auth-prod-cognito-signin” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
        Amazon Q: auth-prod-user-login-degraded ALARM at 2026-11-20T14:03:06Z | 123456789012 | us-east-1 | “auth-prod-user-login-deg” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
        PagerDuty: auth-prod-user-login-degraded ALARM at 2026-11-20T14:03:10.00017Z | because [#12345] auth-prod-user- | https://acme.pagerduty.com/incidents/Q31UTHH
        Datadog: token-exchange p99 latency is high on env:prod ALARM at 2026-11-20T14:02:00Z | datadog/107666844/env:prod | - Datadog/token-exchange p99 latency is high on env:prod {env=prod} | “p99 over 3s on `token-ex” | because Triggered; Metric value: | https://app.datadoghq.com/monitors/107666844
        Alertmanager: AuthTokenExchangeLatencyHigh ALARM at 2026-11-20T14:03:28.00016Z | because [FIRING:5] AuthTokenExch | https://alertmanager.example.com/#/alerts?re
        Amazon Q: auth-prod-sqs-auth-events-age ALARM at 2026-11-20T14:03:35Z | 123456789012 | us-east-1 | “auth-prod-sqs-auth-event” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
        Amazon Q: auth-prod-ddb-sessions-throttle OK at 2026-11-20T14:03:50Z | 123456789012 | us-east-1 | “flaps” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
        Amazon Q: auth-prod-ddb-sessions-throttle ALARM at 2026-11-20T14:04:20Z | 123456789012 | us-east-1 | “flaps” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
        Amazon Q: auth-prod-ddb-sessions-throttle OK at 2026-11-20T14:04:50Z | 123456789012 | us-east-1 | “flaps” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
        Datadog: token-exchange p99 latency is high on env:prod ALARM at 2026-11-20T14:02:00Z | datadog/107666844/env:prod | - Datadog/token-exchange p99 latency is high on env:prod {env=prod} | “p99 over 3s on `token-ex” | because Triggered; Metric value: | https://app.datadoghq.com/monitors/107666844
    grafana_firing
        Grafana: TokenExchangeP99 ALARM at 2026-11-20T14:02:29.0001Z | - Grafana/TokenExchangeP99 {env=prod,service=token-exchange} | “p99 over 3 s” | because [FIRING:1]  (auth-prod t | https://grafana.example.com/alerting/grafana
    grafana_resolved
        Grafana: TokenExchangeP99 OK at 2026-11-20T14:23:30.0001Z | - Grafana/TokenExchangeP99 {env=prod} | “p99 over 3 s” | because [RESOLVED]  (auth-prod t | https://grafana.example.com/alerting/list
    jsm_alarm
        Jira Service Management: auth-prod-apigw-5xx ALARM at 2026-11-20T14:02:15.0001Z | us-east-1 | “API 5xx” | because Threshold Crossed: 3 out | https://acme.atlassian.net/jira/ops/alerts/1
    opsgenie_alarm
        Opsgenie: auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:14.0001Z | us-east-1 | “token-exchange errors” | because Threshold Crossed: 3 out | https://app.opsgenie.com/alert/detail/0f1e-9
    pagerduty_resolved
        PagerDuty: auth-prod-user-login-degraded OK at 2026-11-20T14:23:40.0001Z | because [#12345] auth-prod-user- | https://acme.pagerduty.com/incidents/Q31UTHH
    pagerduty_triggered
        PagerDuty: auth-prod-user-login-degraded ALARM at 2026-11-20T14:03:10.0001Z | because [#12345] auth-prod-user- | https://acme.pagerduty.com/incidents/Q31UTHH
    sentry_issue
        Sentry: TimeoutError ALARM at 2026-11-20T14:02:25.0001Z | sentry/4412345678 | - Sentry/TimeoutError {project=auth-api} | “DynamoDB request exceede” | because TimeoutError | https://acme.sentry.io/issues/4412345678/?re
    signing_vectors
    slash_command_cases
    terraform_notify_slack_event
        Terraform's function: auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:16.0001Z | us-east-1 | “token-exchange errors” | because Threshold Crossed: 3 out | https://console.aws.amazon.com/cloudwatch/ho
    terraform_notify_slack_webhook_request
    url_verification
    ");
}

#[test]
fn every_sample_of_aws_is_read() {
    assert_snapshot!(table("aws", told_of_aws), @r#"
    cloudformation_resource_status
        deploy of token-exchange at 2026-11-20T13:57:22Z
    cloudformation_stack_rollback
        note: CloudFormation Stack Status Change of aws.cloudformation: the state UPDATE_ROLLBACK_IN_PROGRESS changes nothing yet
    cloudformation_stack_status
        deploy of auth-prod at 2026-11-20T13:57:40Z
    cloudtrail_ddb_update_table_error
        scaling of auth-sessions at 2026-11-20T13:58:20Z
    cloudtrail_update_alias
        deploy of token-exchange at 2026-11-20T13:57:20Z
    cloudtrail_update_function_code
        deploy of token-exchange at 2026-11-20T13:57:02Z
    cloudtrail_update_function_configuration
        configuration change of token-exchange at 2026-11-20T13:56:50Z
    codedeploy_deployment
        deploy of token-exchange-prod at 2026-11-20T13:57:31Z
    codedeploy_sns_trigger_failed
        deploy of token-exchange-prod at 2026-11-20T13:57:31Z
    ecs_deployment_completed
        deploy of auth-web at 2026-11-20T13:56:14Z
    ecs_deployment_failed
        deploy of auth-web at 2026-11-20T13:55:10Z
    ecs_deployment_in_progress
        deploy of auth-web at 2026-11-20T13:50:14Z
    ecs_deployment_rollback
        deploy of auth-web at 2026-11-20T13:55:14Z
    eventbridge_alarm_anomaly
        EventBridge: auth-prod-token-exchange-duration-anomaly ALARM at 2026-11-20T14:01:04.653Z | 123456789012 | us-east-1 | p99 AWS/Lambda/Duration {FunctionName=token-exchange} | “p99 out of band” | because Thresholds Crossed: 2 ou | https://us-east-1.console.aws.amazon.com/clo
    eventbridge_alarm_composite
        EventBridge: auth-prod-user-login-degraded ALARM at 2026-11-20T14:03:05.394Z | 123456789012 | us-east-1 | “User login degraded” | because arn:aws:cloudwatch:us-ea | https://us-east-1.console.aws.amazon.com/clo | of auth-prod-apigw-5xx and auth-prod-lambda-token-exchange-errors
    eventbridge_alarm_composite_suppressed
        EventBridge: auth-prod-user-login-degraded ALARM at 2026-11-20T14:03:05.394Z | 123456789012 | us-east-1 | because arn:aws:cloudwatch:us-ea | https://us-east-1.console.aws.amazon.com/clo | of auth-prod-apigw-5xx and auth-prod-lambda-token-exchange-errors | muted
    eventbridge_alarm_config_create_composite
        note: The alarm auth-prod-user-login-degraded (123456789012, us-east-1) was created with the rule ALARM("auth-prod-apigw-5xx") OR ALARM("auth-prod-lambda-token-exchange-errors").
    eventbridge_alarm_config_delete
        note: The alarm auth-prod-lambda-token-exchange-errors (123456789012, us-east-1) was deleted; its last state was OK.
    eventbridge_alarm_config_update
        note: The alarm auth-prod-lambda-token-exchange-errors (123456789012, us-east-1) was updated: threshold from 2 to 5.
    eventbridge_alarm_contributor
        EventBridge: auth-prod-lambda-throttles-by-function ALARM at 2026-11-20T14:04:04.919Z | 123456789012 | us-east-1 | - AWS/Lambda/Throttles {FunctionName=token-exchange} | “Throttles per function” | because Threshold Crossed: 1 dat | https://us-east-1.console.aws.amazon.com/clo
    eventbridge_alarm_insufficient_data
        EventBridge: auth-prod-cognito-signin-success-low INSUFFICIENT_DATA at 2026-11-20T14:09:00.104Z | 123456789012 | us-east-1 | Average AWS/Cognito/SignInSuccesses {UserPool=us-east-1_AbCdEf123,UserPoolClient=1h57kf5cpq17m0eml12EXAMPLE} | “Cognito sign-in success ” | because Insufficient Data: 2 dat | https://us-east-1.console.aws.amazon.com/clo
    eventbridge_alarm_metric_math
        EventBridge: auth-prod-apigw-5xx ALARM at 2026-11-20T14:02:31.554Z | 123456789012 | us-east-1 | - AWS/ApiGateway/5XXError {ApiName=auth-api,Stage=prod} | “API 5xx rate > 5 %” | because Threshold Crossed: 1 out | https://us-east-1.console.aws.amazon.com/clo
    eventbridge_alarm_multi_series_parent
        EventBridge: auth-prod-lambda-throttles-by-function ALARM at 2026-11-20T14:04:04.919Z | 123456789012 | us-east-1 | - AWS/Lambda/Throttles {} | “Throttles per function” | because 2 out of 14 time series  | https://us-east-1.console.aws.amazon.com/clo
    eventbridge_alarm_muted
        EventBridge: auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11.406Z | 123456789012 | us-east-1 | Sum AWS/Lambda/Errors {FunctionName=token-exchange,Resource=token-exchange:live} | “token-exchange errors. R” | because Threshold Crossed: 3 out | https://us-east-1.console.aws.amazon.com/clo | muted
    eventbridge_alarm_ok
        EventBridge: auth-prod-lambda-token-exchange-errors OK at 2026-11-20T14:21:11.404Z | 123456789012 | us-east-1 | Sum AWS/Lambda/Errors {FunctionName=token-exchange,Resource=token-exchange:live} | “token-exchange errors. R” | because Threshold Crossed: 1 out | https://us-east-1.console.aws.amazon.com/clo
    eventbridge_alarm_single_metric
        EventBridge: auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11.406Z | 123456789012 | us-east-1 | Sum AWS/Lambda/Errors {FunctionName=token-exchange,Resource=token-exchange:live} | “token-exchange errors. R” | because Threshold Crossed: 3 out | https://us-east-1.console.aws.amazon.com/clo
    eventbridge_alarm_with_tags
        EventBridge: auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11.406Z | 123456789012 | us-east-1 | Sum AWS/Lambda/Errors {FunctionName=token-exchange,Resource=token-exchange:live} | “token-exchange errors. R” | because Threshold Crossed: 3 out | https://us-east-1.console.aws.amazon.com/clo
    health_event
        configuration change of cognito at 2026-11-20T14:00:00Z
    lambda_action_alarm_composite
        its Lambda action: auth-prod-user-login-degraded ALARM at 2026-11-20T14:03:05.394Z | 123456789012 | us-east-1 | because arn:aws:cloudwatch:us-ea | https://us-east-1.console.aws.amazon.com/clo | of auth-prod-apigw-5xx and auth-prod-lambda-token-exchange-errors
    lambda_action_alarm_single
        its Lambda action: auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11.406Z | 123456789012 | us-east-1 | Sum AWS/Lambda/Errors {FunctionName=token-exchange,Resource=token-exchange:live} | “token-exchange errors. R” | because Threshold Crossed: 3 out | https://us-east-1.console.aws.amazon.com/clo
    rds_event_failover
        configuration change of identity-1 at 2026-11-20T13:59:31.202Z
    sns_alarm_composite
        SNS: auth-prod-user-login-degraded ALARM at 2026-11-20T14:03:05.394Z | 123456789012 | us-east-1 | “User login degraded” | because arn:aws:cloudwatch:us-ea | https://us-east-1.console.aws.amazon.com/clo | of auth-prod-apigw-5xx
    sns_alarm_metric_math
        SNS: auth-prod-apigw-5xx ALARM at 2026-11-20T14:02:11.406Z | 123456789012 | us-east-1 | - AWS/ApiGateway/5XXError {ApiName=auth-api,Stage=prod} | because Threshold Crossed: 1 out | https://us-east-1.console.aws.amazon.com/clo
    sns_alarm_percentile
        SNS: auth-prod-lambda-token-exchange-p99 ALARM at 2026-11-20T14:02:11.406Z | 123456789012 | us-east-1 | p99 AWS/Lambda/Duration {FunctionName=token-exchange,Resource=token-exchange:live} | “token-exchange errors. R” | because Threshold Crossed: 3 out | https://us-east-1.console.aws.amazon.com/clo
    sns_alarm_single
        SNS: auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11.406Z | 123456789012 | us-east-1 | Sum AWS/Lambda/Errors {FunctionName=token-exchange,Resource=token-exchange:live} | “token-exchange errors. R” | because Threshold Crossed: 3 out | https://us-east-1.console.aws.amazon.com/clo
    sns_https_subscription_confirmation
    sqs_sns_alarm
        SNS: auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11.406Z | 123456789012 | us-east-1 | Sum AWS/Lambda/Errors {FunctionName=token-exchange,Resource=token-exchange:live} | “token-exchange errors. R” | because Threshold Crossed: 3 out | https://us-east-1.console.aws.amazon.com/clo
    xray_insight_update
        note: AWS X-Ray Insight Update of aws.xray: nothing that is known to be a change
    xray_service_graph
    "#);
}

/// What Datadog posts about a monitor, `after_s` seconds into the story.
fn datadog(word: &str, after_s: i64) -> Value {
    let event = alarm("", after_s).changed_at.as_second();
    let link = format!("https://app.datadoghq.com/monitors/107666844?event_id={event}&link_event_ts={event}");
    let title = format!("{word}: token-exchange p99 latency is high on env:prod");
    json!({"text": "", "attachments": [{"color": "a30200", "title": title, "title_link": link, "fallback": title,
        "text": "p99 over 3s on `token-exchange`\n\nMetric value: 9.81"}]})
}

#[tokio::test]
async fn an_alarm_of_datadog_joins_the_incident_that_eventbridge_opened() {
    run_test(async |room| {
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        room.skims();
        let workspace = room.stage.workspace.clone();
        room.wait(10).await;
        workspace.post_as_app("Monitors", bot::drill::ALERTS, datadog("Triggered", 140));
        room.stage.settle().await;
        assert_snapshot!(room.reads(), @"
        #alerts-prod thread:
        2 alarms belong together so far. I open a card when more join.
        · INC-1 · told by Datadog and EventBridge · `/incident context INC-1`
        ");
        // Warned of again, by the same monitor: it fires already.
        room.wait(60).await;
        workspace.post_as_app("Monitors", bot::drill::ALERTS, datadog("Re-Triggered", 200));
        room.stage.settle().await;
        assert_snapshot!(room.reads(), @"");
        room.wait(60).await;
        workspace.post_as_app("Monitors", bot::drill::ALERTS, datadog("Recovered", 260));
        room.stage.settle().await;
        room.skims();
        let incidents = room.incidents().await;
        assert_eq!(incidents.len(), 1);
        let monitor = &incidents[0].alarms[1];
        let states: Vec<String> = monitor.transitions.iter().map(|known| known.state.to_string()).collect();
        assert_eq!(states, ["ALARM", "OK"]);
        assert_eq!(monitor.service.as_ref().unwrap().as_str(), "token-exchange");
    })
    .await;
}

#[tokio::test]
async fn a_group_of_alertmanager_is_several_alarms_of_one_message() {
    run_test(async |room| {
        room.wait(60).await;
        let text = "*Alerts Firing:*\nLabels:\n - alertname = OrdersErrors\n - service = orders-api\n\
                    Labels:\n - alertname = TokenErrors\n - service = token-exchange\n\
                    Labels:\n - alertname = PoolThrottles\n - service = user-pool\n";
        let body =
            json!({"attachments": [{"title": "[FIRING:3] prod", "title_link": "https://p.example", "text": text}]});
        let event = room.stage.workspace.post_as_app("Prometheus", bot::drill::ALERTS, body);
        room.stage.settle().await;
        room.stage.workspace.redeliver(&event);
        room.stage.settle().await;
        let incidents = room.incidents().await;
        let names: Vec<&str> = incidents[0].alarms.iter().map(|joined| joined.alarm.name.as_str()).collect();
        assert_eq!((incidents.len(), names), (1, vec!["OrdersErrors", "TokenErrors", "PoolThrottles"]));
        assert!(incidents[0].is_flood(), "three alarms are a flood, also in one message");
        room.wait(30).await;
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn the_same_transition_by_every_way_of_aws_is_one() {
    run_test(async |room| {
        let throttles = alarm("prod-user-pool-throttles", 130);
        room.eventbridge(&throttles).await;
        room.skims();
        let turned = eventbridge::compose(&throttles, "x");
        let action = json!({"alarmArn": turned["resources"][0], "accountId": turned["account"], "region": turned["region"],
            "time": turned["time"], "source": "aws.cloudwatch", "alarmData": turned["detail"]});
        let message = json!({"AlarmName": throttles.name, "NewStateValue": "ALARM", "AWSAccountId": turned["account"],
            "AlarmArn": turned["resources"][0], "StateChangeTime": turned["detail"]["state"]["timestamp"]});
        let notification = json!({"Type": "Notification", "MessageId": "m1", "TopicArn": "t", "Message": message.to_string()});
        room.event(&action).await;
        room.event(&json!({"Records": [{"body": notification.to_string()}, {"Sns": notification}]})).await;
        assert_snapshot!(room.reads(), @"");
        let incidents = room.incidents().await;
        let sources: Vec<Via> = incidents[0].alarms[0].sources().into_iter().collect();
        assert_eq!((incidents.len(), incidents[0].alarms.len()), (1, 1));
        assert_eq!(sources, [Via::EventBridge, Via::Sns, Via::AlarmAction]);
    })
    .await;
}

#[tokio::test]
async fn only_sns_may_use_its_door() {
    run_test(async |room| {
        let (status, body) = room.posts("/alarms/sns", &[("content-type", "text/plain")], "{}").await;
        assert_eq!(status, 400, "{body}");
        let unsigned = json!({"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
            "Message": "{}", "Timestamp": "2026-11-20T03:12:00Z", "SignatureVersion": "2", "Signature": "",
            "SigningCertURL": "https://sns.us-east-1.amazonaws.com/a.pem"});
        let (status, body) = room.posts("/alarms/sns", &[("content-type", "text/plain")], &unsigned.to_string()).await;
        assert_eq!(status, 422, "{body}");
        assert!(room.incidents().await.is_empty());
    })
    .await;
}

//! Every sample of a change event, and what it must survive.

use super::*;
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

const SAMPLES: [&str; 14] = [
    CODE,
    ALIAS,
    CONFIGURATION,
    REFUSED,
    CODEDEPLOY,
    BEGAN,
    ROLLBACK,
    COMPLETED,
    FAILED,
    STACK,
    STACK_ROLLBACK,
    STACK_RESOURCE,
    FAILOVER,
    HEALTH,
];
const CODE: &str = include_str!("../../../tests/samples/aws/cloudtrail_update_function_code.json");
const ALIAS: &str = include_str!("../../../tests/samples/aws/cloudtrail_update_alias.json");
const CONFIGURATION: &str = include_str!("../../../tests/samples/aws/cloudtrail_update_function_configuration.json");
const REFUSED: &str = include_str!("../../../tests/samples/aws/cloudtrail_ddb_update_table_error.json");
const CODEDEPLOY: &str = include_str!("../../../tests/samples/aws/codedeploy_deployment.json");
const BEGAN: &str = include_str!("../../../tests/samples/aws/ecs_deployment_in_progress.json");
const ROLLBACK: &str = include_str!("../../../tests/samples/aws/ecs_deployment_rollback.json");
const COMPLETED: &str = include_str!("../../../tests/samples/aws/ecs_deployment_completed.json");
const FAILED: &str = include_str!("../../../tests/samples/aws/ecs_deployment_failed.json");
const STACK: &str = include_str!("../../../tests/samples/aws/cloudformation_stack_status.json");
const STACK_ROLLBACK: &str = include_str!("../../../tests/samples/aws/cloudformation_stack_rollback.json");
const STACK_RESOURCE: &str = include_str!("../../../tests/samples/aws/cloudformation_resource_status.json");
const FAILOVER: &str = include_str!("../../../tests/samples/aws/rds_event_failover.json");
const HEALTH: &str = include_str!("../../../tests/samples/aws/health_event.json");

fn sample(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A change in words, a line for each part it has; or what else the event is.
fn told(event: &Value) -> String {
    let seen = match parse(event) {
        Ok(Parsed::Change(seen)) => *seen,
        Ok(Parsed::Note(text)) => return format!("note: {text}"),
        Ok(Parsed::Other) => return "other".to_owned(),
        Err(err) => return format!("error: {err}"),
    };
    let Seen { key, change, touched } = seen;
    let mut lines = vec![format!("{} at {}: {}", change.kind, change.at, change.summary)];
    lines.extend(change.by.map(|by| format!("by {by}")));
    lines.extend(change.error_code.map(|code| format!("refused {code}")));
    lines.extend(change.link.map(|link| format!("link {link}")));
    for Resource { names, deployed_as } in &touched.resources {
        let deployed = deployed_as.as_ref().map(|name| format!(", deployed as {name}")).unwrap_or_default();
        lines.push(format!("on {}{deployed}", names.join(" = ")));
    }
    assert_eq!(change.service.as_str(), touched.resources[0].names[0]);
    let place = [touched.account, touched.region].map(Option::unwrap_or_default);
    lines.push(format!("in {} as {}", place.join(" "), key.0));
    lines.join("\n")
}

/// An event with parts of its detail, by their paths, put otherwise.
fn changed(text: &str, parts: &[(&str, Value)]) -> Value {
    let mut event = sample(text);
    for (path, value) in parts {
        *event.pointer_mut(path).unwrap() = value.clone();
    }
    event
}

#[test]
fn calls_of_lambda() {
    assert_snapshot!(told(&sample(CODE)), @"
    deploy at 2026-11-20T13:57:02Z: new code, version 118
    by github-deploy/gha-118
    link https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/4672b74f-2466-4784-b3fb-000000000001
    on token-exchange
    in 123456789012 us-east-1 as cloudtrail/4672b74f-2466-4784-b3fb-000000000001
    ");
    assert_snapshot!(told(&sample(ALIAS)), @"
    deploy at 2026-11-20T13:57:20Z: alias live → version 118
    by github-deploy/gha-118
    link https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/4672b74f-2466-4784-b3fb-000000000002
    on token-exchange
    in 123456789012 us-east-1 as cloudtrail/4672b74f-2466-4784-b3fb-000000000002
    ");
    assert_snapshot!(told(&sample(CONFIGURATION)), @"
    configuration change at 2026-11-20T13:56:50Z: update function configuration: environment (not told), memory size 512, timeout 10
    by github-deploy/gha-118
    link https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/4672b74f-2466-4784-b3fb-000000000003
    on token-exchange
    in 123456789012 us-east-1 as cloudtrail/4672b74f-2466-4784-b3fb-000000000003
    ");
}

#[test]
fn an_alias_that_is_rolled_back() {
    let parameters = json!({"functionName": "arn:aws:lambda:us-east-1:123456789012:function:token-exchange",
        "name": "live", "functionVersion": "117", "routingConfig": {"additionalVersionWeights": {}}});
    assert_snapshot!(told(&changed(ALIAS, &[("/detail/requestParameters", parameters)])), @"
    deploy at 2026-11-20T13:57:20Z: alias live → version 117
    by github-deploy/gha-118
    link https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/4672b74f-2466-4784-b3fb-000000000002
    on token-exchange
    in 123456789012 us-east-1 as cloudtrail/4672b74f-2466-4784-b3fb-000000000002
    ");
}

#[test]
fn a_refused_call_keeps_its_error() {
    assert_snapshot!(told(&sample(REFUSED)), @"
    scaling at 2026-11-20T13:58:20Z: update table: billing mode PROVISIONED
    by github-deploy/gha-118
    refused LimitExceededException
    link https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/4672b74f-2466-4784-b3fb-000000000004
    on auth-sessions
    in 123456789012 us-east-1 as cloudtrail/4672b74f-2466-4784-b3fb-000000000004
    ");
}

#[test]
fn calls_of_other_services() {
    let call = |source: &str, name: &str, parameters: Value| {
        told(&changed(
            CODE,
            &[
                ("/source", json!(source)),
                ("/detail/eventName", json!(name)),
                ("/detail/requestParameters", parameters),
                ("/detail/responseElements", json!(null)),
            ],
        ))
        .lines()
        .filter(|line| !line.starts_with("link") && !line.starts_with("by") && !line.starts_with("in "))
        .collect::<Vec<_>>()
        .join("\n")
    };
    let scaling = json!({"resourceId": "service/prod/auth-web", "minCapacity": 2, "maxCapacity": 4,
        "scalableDimension": "ecs:service:DesiredCount", "serviceNamespace": "ecs"});
    assert_snapshot!(call("aws.application-autoscaling", "RegisterScalableTarget", scaling), @"
    scaling at 2026-11-20T13:57:02Z: register scalable target: max capacity 4, min capacity 2, scalable dimension ecs:service:DesiredCount, service namespace ecs
    on auth-web = prod/auth-web
    ");
    let mfa = json!({"userPoolId": "us-east-1_AbC", "mfaConfiguration": "ON"});
    assert_snapshot!(call("aws.cognito-idp", "SetUserPoolMfaConfig", mfa), @"
    configuration change at 2026-11-20T13:57:02Z: set user pool mfa config: mfa configuration ON
    on us-east-1_AbC
    ");
    let deployment = json!({"restApiId": "a1b2c3", "createDeploymentInput": {"stageName": "prod"}});
    assert_snapshot!(call("aws.apigateway", "CreateDeployment", deployment), @"
    deploy at 2026-11-20T13:57:02Z: create deployment: stage name prod
    on a1b2c3
    ");
    let concurrency = json!({"functionName": "token-exchange", "reservedConcurrentExecutions": 5});
    assert_snapshot!(call("aws.lambda", "PutFunctionConcurrency20171031", concurrency), @"
    scaling at 2026-11-20T13:57:02Z: put function concurrency: reserved concurrent executions 5
    on token-exchange
    ");
    let nodes = json!({"replicationGroupId": "sessions", "cacheNodeType": "cache.t4g.small"});
    assert_snapshot!(call("aws.elasticache", "ModifyReplicationGroup", nodes), @"
    scaling at 2026-11-20T13:57:02Z: modify replication group: cache node type cache.t4g.small
    on sessions
    ");
    let service = json!({"cluster": "prod", "service": "auth-web", "desiredCount": 1});
    assert_snapshot!(call("aws.ecs", "UpdateService", service), @"
    scaling at 2026-11-20T13:57:02Z: update service: desired count 1
    on auth-web
    ");
    let task = json!({"family": "auth-web", "cpu": "512", "containerDefinitions": [{"name": "app"}]});
    assert_snapshot!(call("aws.ecs", "RegisterTaskDefinition", task), @"
    deploy at 2026-11-20T13:57:02Z: register task definition: cpu 512
    on auth-web
    ");
    let nameless = json!({"size": 3});
    assert_snapshot!(call("aws.ec2", "ModifyFleet", nameless), @"note: AWS API Call via CloudTrail of aws.ec2: no resource that was changed");
    assert_snapshot!(call("aws.dynamodb", "DescribeTable", json!({"tableName": "t"})), @"note: AWS API Call via CloudTrail of aws.dynamodb: DescribeTable changes nothing");
}

#[test]
fn deployments() {
    assert_snapshot!(told(&sample(CODEDEPLOY)), @"
    deploy at 2026-11-20T13:57:31Z: deployment d-75I7MBT7C of auth to token-exchange-prod succeeded
    link https://us-east-1.console.aws.amazon.com/codesuite/codedeploy/deployments/d-75I7MBT7C?region=us-east-1
    on token-exchange-prod = auth, deployed as token-exchange-prod
    in 123456789012 us-east-1 as eventbridge/c071bfbf-83c4-49ca-a6ff-aabbccddeeff
    ");
    for (text, state) in [(CODEDEPLOY, "START"), (CODEDEPLOY, "FAILURE"), (CODEDEPLOY, "READY")] {
        let first = told(&changed(text, &[("/detail/state", json!(state))]));
        let is_change = first.starts_with("deploy at");
        assert_eq!(is_change, state != "READY", "{first}");
    }
    assert_snapshot!(told(&sample(BEGAN)), @"
    deploy at 2026-11-20T13:50:14Z: deployment ecs-svc/1234567890123456789 began
    link https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/auth-web/deployments?region=us-east-1
    on auth-web = prod/auth-web
    in 123456789012 us-east-1 as eventbridge/ddca6449-b258-46c0-8653-e0e3a6000001
    ");
    assert_snapshot!(told(&sample(ROLLBACK)), @"
    deploy at 2026-11-20T13:55:14Z: deployment ecs-svc/1234567890123456789 rolls back: ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1234567890123456000.
    link https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/auth-web/deployments?region=us-east-1
    on auth-web = prod/auth-web
    in 123456789012 us-east-1 as eventbridge/ddca6449-b258-46c0-8653-e0e3a6000002
    ");
    assert_snapshot!(told(&sample(COMPLETED)), @"
    deploy at 2026-11-20T13:56:14Z: deployment ecs-svc/1234567890123456789 completed
    link https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/auth-web/deployments?region=us-east-1
    on auth-web = prod/auth-web
    in 123456789012 us-east-1 as eventbridge/ddca6449-b258-46c0-8653-e0e3a6000003
    ");
    assert_snapshot!(told(&sample(FAILED)), @"
    deploy at 2026-11-20T13:55:10Z: deployment ecs-svc/1234567890123456789 failed: ECS deployment circuit breaker: task failed to start.
    link https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/auth-web/deployments?region=us-east-1
    on auth-web = prod/auth-web
    in 123456789012 us-east-1 as eventbridge/ddca6449-b258-46c0-8653-e0e3a6000004
    ");
}

#[test]
fn stacks() {
    assert_snapshot!(told(&sample(STACK)), @"
    deploy at 2026-11-20T13:57:40Z: stack auth-prod: updated
    link https://us-east-1.console.aws.amazon.com/cloudformation/home?region=us-east-1#/stacks/events?stackId=arn%3Aaws%3Acloudformation%3Aus-east-1%3A123456789012%3Astack%2Fauth-prod%2F6a7e8feb-b491-4cf7-a9f1-bf3703460001
    on auth-prod, deployed as auth-prod
    in 123456789012 us-east-1 as eventbridge/6a7e8feb-b491-4cf7-a9f1-000000000001
    ");
    assert_snapshot!(told(&sample(STACK_RESOURCE)), @"
    deploy at 2026-11-20T13:57:22Z: AWS::Lambda::Function TokenExchangeFn of stack auth-prod: updated
    link https://us-east-1.console.aws.amazon.com/cloudformation/home?region=us-east-1#/stacks/events?stackId=arn%3Aaws%3Acloudformation%3Aus-east-1%3A123456789012%3Astack%2Fauth-prod%2F6a7e8feb-b491-4cf7-a9f1-bf3703460001
    on token-exchange = TokenExchangeFn
    in 123456789012 us-east-1 as eventbridge/6a7e8feb-b491-4cf7-a9f1-000000000003
    ");
    assert_snapshot!(told(&sample(STACK_ROLLBACK)), @"note: CloudFormation Stack Status Change of aws.cloudformation: the state UPDATE_ROLLBACK_IN_PROGRESS changes nothing yet");
    let rolled_back = changed(STACK_ROLLBACK, &[("/detail/status-details/status", json!("UPDATE_ROLLBACK_COMPLETE"))]);
    assert!(told(&rolled_back).starts_with("deploy at 2026-11-20T13:30:40Z: stack auth-prod: rolled back"));
}

#[test]
fn what_aws_does() {
    assert_snapshot!(told(&sample(FAILOVER)), @"
    configuration change at 2026-11-20T13:59:31.202Z: failover: Multi-AZ instance failover started (RDS-EVENT-0013)
    link https://us-east-1.console.aws.amazon.com/rds/home?region=us-east-1#database:id=identity-1;is-cluster=false
    on identity-1
    in 123456789012 us-east-1 as eventbridge/68f6e973-1a0c-d37b-f2f2-000000000001
    ");
    assert_snapshot!(told(&sample(HEALTH)), @"
    configuration change at 2026-11-20T14:00:00Z: issue at AWS, AWS_COGNITO_OPERATIONAL_ISSUE: We are investigating increased API error rates.
    by AWS
    on cognito
    in 123456789012 us-east-1 as health/123456789012/1/AWS_COGNITO_OPERATIONAL_ISSUE_ABCDE_1234567890
    ");
    let backup = changed(FAILOVER, &[("/detail/EventCategories", json!(["backup"]))]);
    assert_snapshot!(told(&backup), @"note: RDS DB Instance Event of aws.rds: backup changes nothing");
    let over = changed(HEALTH, &[("/detail/statusCode", json!("closed"))]);
    assert_snapshot!(told(&over), @"note: AWS Health Event of aws.health: what is closed of the category issue changes nothing now");
    let mut entities = sample(HEALTH);
    entities["detail"]["affectedEntities"] = json!([{"entityValue": "123456789012"}, {"entityValue": "us-east-1_AbC"},
        {"entityValue": "arn:aws:lambda:us-east-1:123456789012:function:token-exchange"}]);
    assert_snapshot!(told(&entities), @"
    configuration change at 2026-11-20T14:00:00Z: issue at AWS, AWS_COGNITO_OPERATIONAL_ISSUE: We are investigating increased API error rates.
    by AWS
    on us-east-1_AbC
    on token-exchange
    in 123456789012 us-east-1 as health/123456789012/1/AWS_COGNITO_OPERATIONAL_ISSUE_ABCDE_1234567890
    ");
    // What AWS adds to its own event later is the same event.
    let later = changed(&entities.to_string(), &[("/id", json!("another")), ("/detail/communicationId", json!("2"))]);
    assert_eq!(told(&later), told(&entities));
}

#[test]
fn what_is_no_change_is_a_note() {
    let mut insight = sample(STACK);
    (insight["source"], insight["detail-type"]) = (json!("aws.xray"), json!("AWS X-Ray Insight Update"));
    assert_snapshot!(told(&insight), @"note: AWS X-Ray Insight Update of aws.xray: nothing that is known to be a change");
    for none in [json!({"source": "aws.ec2", "detail-type": "x"}), json!({}), json!(null), json!({"source": "nobody"})]
    {
        assert_eq!(parse(&none), Ok(Parsed::Other), "{none}");
    }
}

#[test]
fn what_every_change_event_has_is_missed() {
    assert_snapshot!(told(&changed(CODE, &[("/detail/eventName", json!(7))])), @"error: the change event has no text at `detail.eventName`");
    assert_snapshot!(told(&changed(STACK, &[("/time", json!("yesterday"))])), @"error: the change event has no readable time at `time`: `yesterday`");
}

#[track_caller]
fn assert_bounded(event: &Value) {
    let fits = |text: &str, limit| text.chars().count() <= limit;
    match parse(event) {
        Ok(Parsed::Change(seen)) => {
            let Seen { key, change, touched } = *seen;
            assert!(key.0.len() <= 4 * (ID + "eventbridge/".len()));
            assert!(!change.service.as_str().is_empty() && fits(change.service.as_str(), NAME));
            assert!(fits(&change.summary, SUMMARY) && !change.summary.contains('\n'));
            assert!(change.by.as_deref().is_none_or(|by| !by.is_empty() && fits(by, BY)));
            assert!(change.link.as_deref().is_none_or(|link| link.starts_with("https://") && link.len() < 4096));
            assert!(change.error_code.as_deref().is_none_or(|code| fits(code, NAME)));
            assert!(!touched.resources.is_empty() && touched.resources.len() <= RESOURCES);
        }
        Ok(Parsed::Note(text)) => assert!(!text.is_empty() && fits(&text, SUMMARY)),
        Ok(Parsed::Other) | Err(_) => {}
    }
}

/// The path of every value inside `value`.
fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, inner)| (key.replace('/', "~1"), inner)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(at, inner)| (at.to_string(), inner)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (key, inner) in inner {
        paths(inner, &format!("{path}/{key}"), found);
    }
    found.push(path.to_owned());
}

#[test]
fn odd_values_anywhere_are_survived() {
    let long = "é|🚨<>&* \n:/".repeat(2000);
    let odd = [json!(7), json!(-1.5e300), json!(""), json!(long), json!(null), json!(true), json!([]), json!([[{}]])];
    for text in SAMPLES {
        let event = sample(text);
        let mut everywhere = Vec::new();
        paths(&event, "", &mut everywhere);
        for path in everywhere {
            for value in &odd {
                assert_bounded(&changed(text, &[(path.as_str(), value.clone())]));
            }
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-zA-Zé🚨:/_. ]{0,40}".prop_map(Value::from),
        "arn:[a-z:/]{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let key = prop_oneof!["[a-zA-Z/]{0,12}", Just("status".to_owned()), Just("pendingModifiedValues".to_owned())];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_survived(event in any_json()) {
        assert_bounded(&event);
    }

    #[test]
    fn any_detail_is_survived(
        which in 0..SAMPLES.len(), name in "[A-Z][a-z]{0,8}[A-Za-z0-9_]{0,20}", request in any_json(), response in any_json(),
    ) {
        let mut event = sample(SAMPLES[which]);
        event["detail"]["eventName"] = json!(name);
        event["detail"]["requestParameters"] = request.clone();
        event["detail"]["responseElements"] = response;
        event["detail"]["affectedEntities"] = request;
        assert_bounded(&event);
    }
}

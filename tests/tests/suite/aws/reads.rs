//! What is read of AWS, and the one thing that is changed there, against the local AWS.

#![expect(clippy::unwrap_used, reason = "every function here is part of a test")]

use aws_sdk_cloudwatch::Client as CloudWatchClient;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, MetricDatum, StateValue, Statistic, StatisticSet};
use aws_sdk_cloudwatchlogs::Client as LogsClient;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use bot::clock::SystemClock;
use jiff::{SignedDuration, Timestamp};
use tests::aws::Account;
use tools::aws::remedy::provisioned_concurrency::{Progress, RemedyError, Target, apply, progress, read};
use tools::aws::telemetry::CloudWatch;
use tools::model::{AlarmState, Measure, Service, Topology, Window};
use tools::ports::{Clock as _, Telemetry as _};

/// Twenty minutes ago, on the minute: CloudWatch takes no points from far away.
fn start() -> Timestamp {
    let minute = SystemClock.now().as_second().div_euclid(60) - 20;
    Timestamp::from_second(minute * 60).unwrap()
}

fn minutes_after(start: Timestamp, minutes: i64) -> Timestamp {
    start.saturating_add(SignedDuration::from_mins(minutes)).unwrap()
}

fn datum(
    name: &str,
    dimensions: &[(&str, &str)],
    at: Timestamp,
) -> aws_sdk_cloudwatch::types::builders::MetricDatumBuilder {
    let dimension = |(name, value): &(&str, &str)| Dimension::builder().name(*name).value(*value).build();
    MetricDatum::builder()
        .metric_name(name)
        .set_dimensions(Some(dimensions.iter().map(dimension).collect()))
        .timestamp(DateTime::from_secs(at.as_second()))
}

async fn put(client: &CloudWatchClient, namespace: &str, data: Vec<MetricDatum>) {
    client.put_metric_data().namespace(namespace).set_metric_data(Some(data)).send().await.unwrap();
}

fn service(id: &str, kind: &str, aliases: &[&str]) -> Service {
    let mut service = Service::named(id);
    service.kind = Some(kind.to_owned());
    service.aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
    service
}

#[tokio::test]
async fn metrics_come_back_as_the_flow_of_their_service() {
    let account = Account::new().await;
    let client = CloudWatchClient::new(&account.config);
    let start = start();
    let function = [("FunctionName", "token-exchange")];
    let value =
        |name: &str, minute, value: f64| datum(name, &function, minutes_after(start, minute)).value(value).build();
    let lambda = vec![
        value("Invocations", 0, 90.0),
        value("Errors", 0, 0.0),
        value("Duration", 0, 250.0),
        // A minute in which every call is throttled, one of silence, and one without errors reported.
        value("Throttles", 1, 10.0),
        value("Invocations", 3, 40.0),
    ];
    put(&client, "AWS/Lambda", lambda).await;
    let pool = [("UserPool", "us-east-1_AbCdEf123"), ("UserPoolClient", "4o2kf5cpq17m0eml12exampl")];
    let attempts = StatisticSet::builder().sample_count(40.0).sum(31.0).minimum(0.0).maximum(1.0).build();
    put(&client, "AWS/Cognito", vec![datum("SignInSuccesses", &pool, start).statistic_values(attempts).build()]).await;

    let topology = Topology {
        services: vec![
            service("token-service", "AWS::Lambda::Function", &["token-exchange"]),
            service("user-pool", "AWS::Cognito::UserPool", &[pool[0].1, pool[1].1]),
            service("silent", "AWS::Lambda::Function", &[]),
            Service::named("elsewhere"),
        ],
        edges: Vec::new(),
    };
    let window =
        Window { from: start, to: minutes_after(start, 4).saturating_add(SignedDuration::from_secs(59)).unwrap() };
    let series = CloudWatch::new(&account.config, &topology).series(window).await.unwrap();
    let told: Vec<_> = series
        .iter()
        .map(|series| {
            assert_eq!((series.start, series.step_s), (start, 60));
            (series.service.as_str(), series.measure.clone(), series.values.clone())
        })
        .collect();
    let expected = [
        ("token-service", Measure::Requests, vec![Some(90.0), Some(10.0), None, Some(40.0)]),
        ("token-service", Measure::Faults, vec![Some(0.0), Some(10.0), None, Some(0.0)]),
        ("token-service", Measure::Latency, vec![Some(0.25), None, None, None]),
        // The limits too: here too no point is no zero.
        ("token-service", Measure::Other("AWS/Lambda/Throttles:Sum".to_owned()), vec![None, Some(10.0), None, None]),
        ("user-pool", Measure::Requests, vec![Some(40.0), None, None, None]),
        ("user-pool", Measure::Faults, vec![Some(9.0), None, None, None]),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn more_services_than_fit_one_call_are_read_in_several() {
    let account = Account::new().await;
    let client = CloudWatchClient::new(&account.config);
    let start = start();
    let last = datum("Invocations", &[("FunctionName", "f199")], start).value(7.0).build();
    put(&client, "AWS/Lambda", vec![last]).await;
    let services = (0..200).map(|number| service(&format!("f{number}"), "AWS::Lambda::Function", &[])).collect();
    let topology = Topology { services, edges: Vec::new() };
    let window = Window { from: start, to: minutes_after(start, 1) };
    let series = CloudWatch::new(&account.config, &topology).series(window).await.unwrap();
    assert_eq!(series[0].service.as_str(), "f199");
    assert_eq!(series.iter().map(|series| series.values.clone()).collect::<Vec<_>>(), [[Some(7.0)], [Some(0.0)]]);
}

#[tokio::test]
async fn lines_that_matter_come_back_with_the_service_that_wrote_them() {
    let account = Account::new().await;
    let client = LogsClient::new(&account.config);
    let start = start();
    let group = "/aws/lambda/token-exchange";
    client.create_log_group().log_group_name(group).send().await.unwrap();
    client.create_log_stream().log_group_name(group).log_stream_name("s").send().await.unwrap();
    let line = |second: i64, text: &str| {
        let at = start.as_millisecond() + second * 1000;
        InputLogEvent::builder().timestamp(at).message(text).build().unwrap()
    };
    let lines = vec![
        line(1, "REPORT RequestId: 1 Duration: 12.00 ms Init Duration: 800.00 ms"),
        line(2, "all is well"),
        line(3, "TooManyRequestsException: Rate exceeded"),
        line(600, "error, but too late"),
    ];
    let put = client.put_log_events().log_group_name(group).log_stream_name("s");
    put.set_log_events(Some(lines)).send().await.unwrap();

    // A function that never ran has no log group; a query that named it would be refused as a whole.
    let services = ["token-exchange", "silent"].map(|name| service(name, "AWS::Lambda::Function", &[]));
    let topology = Topology { services: services.to_vec(), edges: Vec::new() };
    let window = Window { from: start, to: minutes_after(start, 4) };
    let mut lines = CloudWatch::new(&account.config, &topology).logs(window).await.unwrap();
    lines.sort();
    let told: Vec<_> = lines.iter().map(|line| (line.service.as_str(), line.at, line.text.as_str())).collect();
    let second = |second| start.saturating_add(SignedDuration::from_secs(second)).unwrap();
    let expected = [
        ("token-exchange", second(1), "REPORT RequestId: 1 Duration: 12.00 ms Init Duration: 800.00 ms"),
        ("token-exchange", second(3), "TooManyRequestsException: Rate exceeded"),
    ];
    assert_eq!(told, expected);

    let nobody = Topology { services: vec![service("table", "AWS::DynamoDB::Table", &[])], edges: Vec::new() };
    let gap = CloudWatch::new(&account.config, &nobody).logs(window).await.unwrap_err();
    assert_eq!(gap.wanted, "logs");
}

#[tokio::test]
async fn nobody_there_is_a_gap() {
    let account = Account::new().await;
    let config = account.config.to_builder().endpoint_url("http://127.0.0.1:1").build();
    let topology = Topology { services: vec![service("f", "AWS::Lambda::Function", &[])], edges: Vec::new() };
    let window = Window { from: start(), to: minutes_after(start(), 1) };
    let gap = CloudWatch::new(&config, &topology).series(window).await.unwrap_err();
    assert_eq!(gap.wanted, "metrics");
    assert!(gap.because.starts_with("dispatch failure"), "{}", gap.because);
    let gap = tools::aws::alarms::firing(&config).await.unwrap_err();
    assert_eq!(gap.wanted, "alarms");
}

#[tokio::test]
async fn alarms_that_fire_now_are_told() {
    let account = Account::new().await;
    let client = CloudWatchClient::new(&account.config);
    for number in 0..120 {
        let name = format!("errors-{number:03}");
        let alarm = client
            .put_metric_alarm()
            .alarm_name(&name)
            .namespace("AWS/Lambda")
            .metric_name("Errors")
            .statistic(Statistic::Sum)
            .dimensions(Dimension::builder().name("FunctionName").value("token-exchange").build())
            .comparison_operator(ComparisonOperator::GreaterThanThreshold)
            .threshold(1.0)
            .evaluation_periods(1)
            .period(60);
        alarm.send().await.unwrap();
        if number != 5 {
            let set = client
                .set_alarm_state()
                .alarm_name(&name)
                .state_value(StateValue::Alarm)
                .state_reason("Threshold Crossed");
            set.send().await.unwrap();
        }
    }
    let rule = "ALARM(\"errors-001\") OR ALARM(\"errors-002\")";
    client.put_composite_alarm().alarm_name("auth-is-broken").alarm_rule(rule).send().await.unwrap();
    let set =
        client.set_alarm_state().alarm_name("auth-is-broken").state_value(StateValue::Alarm).state_reason("children");
    set.send().await.unwrap();

    let alarms = tools::aws::alarms::firing(&account.config).await.unwrap();
    assert_eq!(alarms.len(), 120);
    assert!(alarms.iter().all(|alarm| alarm.state == AlarmState::Alarm && alarm.name != "errors-005"));
    assert!(alarms.iter().any(|alarm| alarm.name == "auth-is-broken" && alarm.metric.is_none()));
    let first = alarms.iter().find(|alarm| alarm.name == "errors-000").unwrap();
    assert_eq!((first.account.as_deref(), first.region.as_deref()), (Some(account.id.as_str()), Some("us-east-1")));
    assert_eq!(first.reason, "Threshold Crossed");
    let metric = first.metric.as_ref().unwrap();
    assert_eq!((metric.name.as_str(), metric.stat.as_deref()), ("Errors", Some("Sum")));
    assert_eq!(metric.dimensions["FunctionName"], "token-exchange");
}

/// A function with a version and the alias `live` on it.
async fn function(account: &Account) -> Target {
    use aws_sdk_lambda::primitives::Blob;
    use aws_sdk_lambda::types::{FunctionCode, Runtime};
    let client = aws_sdk_lambda::Client::new(&account.config);
    // An empty zip archive.
    let archive = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
    let create = client
        .create_function()
        .function_name("token-exchange")
        .runtime(Runtime::Providedal2023)
        .role("arn:aws:iam::123456789012:role/r")
        .handler("bootstrap")
        .code(FunctionCode::builder().zip_file(Blob::new(archive)).build());
    create.send().await.unwrap();
    let version = client.publish_version().function_name("token-exchange").send().await.unwrap().version.unwrap();
    let alias = client.create_alias().function_name("token-exchange").name("live").function_version(version);
    alias.send().await.unwrap();
    Target { function: "token-exchange".to_owned(), alias: "live".to_owned() }
}

#[tokio::test]
async fn provisioned_concurrency_is_applied_and_undone() {
    let account = Account::new().await;
    let (config, target) = (&account.config, function(&account).await);
    let before = read(config, &target).await.unwrap();
    assert_eq!((before.requested, before.is_split), (None, false));
    assert_eq!(progress(config, &target).await.unwrap(), Progress::Off);
    let after = apply(config, &target, &before, Some(5)).await.unwrap();
    assert_eq!(after.requested, Some(5));
    assert_ne!(progress(config, &target).await.unwrap(), Progress::Off);
    // Twice is once.
    assert_eq!(apply(config, &target, &before, Some(5)).await.unwrap(), after);
    let more = apply(config, &target, &after, Some(8)).await.unwrap();
    assert_eq!(apply(config, &target, &more, after.requested).await.unwrap().requested, Some(5));
    let undone = apply(config, &target, &after, before.requested).await.unwrap();
    assert_eq!(undone.requested, None);
    assert_eq!(apply(config, &target, &after, before.requested).await.unwrap(), undone);
}

#[tokio::test]
async fn what_changed_meanwhile_is_left_alone() {
    let account = Account::new().await;
    let (config, target) = (&account.config, function(&account).await);
    let seen = read(config, &target).await.unwrap();
    apply(config, &target, &seen, Some(3)).await.unwrap();
    // Somebody else has set it; and somebody moves the alias.
    let drifted = RemedyError::Drifted("token-exchange:live".to_owned());
    assert_eq!(apply(config, &target, &seen, Some(5)).await.unwrap_err(), drifted);
    let seen = read(config, &target).await.unwrap();
    let client = aws_sdk_lambda::Client::new(config);
    let update = client.update_alias().function_name(&target.function).name(&target.alias).description("moved");
    update.send().await.unwrap();
    assert_eq!(apply(config, &target, &seen, Some(5)).await.unwrap_err(), drifted);
    assert_eq!(read(config, &target).await.unwrap().requested, Some(3));
}

#[tokio::test]
async fn only_an_alias_can_have_provisioned_concurrency() {
    let account = Account::new().await;
    let (config, target) = (&account.config, function(&account).await);
    let seen = read(config, &target).await.unwrap();
    for alias in ["$LATEST", "", "7"] {
        let target = Target { alias: alias.to_owned(), ..target.clone() };
        assert!(matches!(apply(config, &target, &seen, Some(5)).await, Err(RemedyError::Impossible(..))), "{alias}");
    }
    assert!(matches!(apply(config, &target, &seen, Some(0)).await, Err(RemedyError::Impossible(..))));
    let nowhere = Target { function: "nowhere".to_owned(), ..target };
    assert!(matches!(read(config, &nowhere).await, Err(RemedyError::Aws(why)) if why.starts_with("ResourceNotFound")));
}

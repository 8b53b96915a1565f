//! Who calls whom, as AWS tells it: queues, streams and rules of the local AWS, and traces and refusals of a scripted one.

#![expect(clippy::unwrap_used, reason = "every function here is part of a test")]

use aws_sdk_eventbridge::types::{RuleState, Target};
use aws_sdk_lambda::config::retry::RetryConfig;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use tests::aws::Account;
use tests::scripted::{Call, Scripted, refusal};
use tests::usual_world;
use tools::aws::SdkConfig;
use tools::aws::topology::{AwsTopology, Reads};
use tools::capsule::World;
use tools::context::ListGaps;
use tools::dependency::{MapServiceDependencies, Sighting};
use tools::model::{Edge, EdgeMode, Gap, Service, Topology, Window};
use tools::ports::{Outside, TopologySource as _};
use tools::tool::Tool as _;

const SAMPLE: &str = include_str!("../../../samples/aws/xray_service_graph.json");

/// The sample ends half a minute before.
const NOW: &str = "2026-11-20T14:00:30Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// The 25 hours before `to`.
fn day(to: Timestamp) -> Window {
    Window { from: to.saturating_sub(SignedDuration::from_hours(25)).unwrap(), to }
}

/// `name`, or `name=other name`.
fn services(names: &[&str]) -> Vec<Service> {
    let service = |text: &&str| {
        let (name, alias) = text.split_once('=').map_or((*text, None), |(name, alias)| (name, Some(alias)));
        Service { aliases: alias.into_iter().map(str::to_owned).collect(), ..Service::named(name) }
    };
    names.iter().map(service).collect()
}

fn everything() -> Reads {
    Reads { xray: true, event_sources: true, buses: vec!["default".to_owned()] }
}

/// One line an edge: `caller → callee`, `~>` where the caller goes on, and who says so.
fn told(topology: &Topology) -> Vec<String> {
    let edge = |edge: &Edge| {
        let arrow = if edge.mode == EdgeMode::Async { "~>" } else { "→" };
        let origins: Vec<String> = edge.origins.iter().map(|origin| origin.source.to_string()).collect();
        format!("{} {arrow} {} by {}", edge.caller, edge.callee, origins.join(", "))
    };
    topology.edges.iter().map(edge).collect()
}

async fn function(account: &Account, name: &str) -> String {
    use aws_sdk_lambda::primitives::Blob;
    use aws_sdk_lambda::types::{FunctionCode, Runtime};
    // An empty zip archive.
    let archive = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
    let create = aws_sdk_lambda::Client::new(&account.config)
        .create_function()
        .function_name(name)
        .runtime(Runtime::Providedal2023)
        .role("arn:aws:iam::123456789012:role/r")
        .handler("bootstrap")
        .code(FunctionCode::builder().zip_file(Blob::new(archive)).build());
    create.send().await.unwrap().function_arn.unwrap()
}

async fn queue(account: &Account, name: &str) -> String {
    let client = aws_sdk_sqs::Client::new(&account.config);
    client.create_queue().queue_name(name).send().await.unwrap();
    format!("arn:aws:sqs:us-east-1:{}:{name}", account.id)
}

async fn feed(account: &Account, from: &str, to: &str, enabled: bool) {
    let client = aws_sdk_lambda::Client::new(&account.config);
    let create = client.create_event_source_mapping().event_source_arn(from).function_name(to).enabled(enabled);
    create.send().await.unwrap();
}

async fn rule(account: &Account, name: &str, state: RuleState, targets: &[&str]) {
    let client = aws_sdk_eventbridge::Client::new(&account.config);
    client.put_rule().name(name).event_pattern(r#"{"source":["shop"]}"#).state(state).send().await.unwrap();
    // Another account's bus is reached in a role.
    let role = |arn: &str| arn.contains(":event-bus/").then(|| "arn:aws:iam::123456789012:role/r".to_owned());
    let target = |(at, arn): (usize, &&str)| {
        Target::builder().id(format!("t{at}")).arn(*arn).set_role_arn(role(arn)).build().expect("id and ARN are there")
    };
    let targets: Vec<Target> = targets.iter().enumerate().map(target).collect();
    if !targets.is_empty() {
        client.put_targets().rule(name).set_targets(Some(targets)).send().await.unwrap();
    }
}

#[tokio::test]
async fn queues_and_rules_meet_the_services_that_are_declared() {
    let account = Account::new().await;
    let (mailer, outgoing) = (function(&account, "shop-mailer-1X").await, queue(&account, "outgoing").await);
    let forgotten = queue(&account, "forgotten").await;
    feed(&account, &outgoing, "shop-mailer-1X", true).await;
    feed(&account, &forgotten, "shop-mailer-1X", false).await;
    let elsewhere = "arn:aws:events:us-east-1:999999999999:event-bus/default";
    rule(&account, "placed", RuleState::Enabled, &[&mailer, &outgoing, elsewhere]).await;
    rule(&account, "nobody", RuleState::Disabled, &[&mailer]).await;
    let tick = aws_sdk_eventbridge::Client::new(&account.config);
    tick.put_rule().name("tick").schedule_expression("rate(1 minute)").send().await.unwrap();
    tick.put_targets()
        .rule("tick")
        .targets(Target::builder().id("t").arn(&mailer).build().unwrap())
        .send()
        .await
        .unwrap();

    // One is known by the name AWS gave it, the other by its ARN.
    let declared = Topology {
        services: services(&["shop", "mailer=shop-mailer-1X", &format!("mails={outgoing}")]),
        edges: vec![Edge::between("shop", "mails"), Edge::between("mails", "mailer")],
    };
    let reads = Reads { xray: false, ..everything() };
    let sighting = AwsTopology::new(&account.config, declared, reads).topology(day(now())).await.unwrap();
    assert_eq!(sighting.gaps, []);
    let map = sighting.map(now());
    insta::assert_snapshot!(told(&map.topology).join("\n"), @"
    default event bus ~> placed by EventBridge rule
    mails ~> mailer by configuration, event source mapping
    placed ~> default event bus of 999999999999 in us-east-1 by EventBridge rule
    placed ~> mailer by EventBridge rule
    placed ~> mails by EventBridge rule
    shop → mails by configuration
    tick ~> mailer by EventBridge rule
    ");
    // The configuration says that the queue waits for the function; the mapping knows better, and both are heard.
    insta::assert_snapshot!(format!("{:?}", map.conflicts), @r#"[Mode { caller: ServiceId("mails"), callee: ServiceId("mailer"), stated: [Stated { origin: Origin { source: EventSource, seen: 2026-11-20T14:00:00Z }, value: Async }, Stated { origin: Origin { source: Declared, seen: 2026-11-20T14:00:00Z }, value: Sync }] }]"#);
    let mails = map.topology.services.iter().find(|service| service.id.as_str() == "mails").unwrap();
    assert_eq!((mails.kind.as_deref(), mails.account.as_deref()), (Some("AWS::SQS::Queue"), Some(account.id.as_str())));
}

#[tokio::test]
async fn an_empty_account_leaves_what_is_declared() {
    let account = Account::new().await;
    let declared = Topology { services: services(&["a", "b"]), edges: vec![Edge::between("a", "b")] };
    let reads = Reads { xray: false, ..everything() };
    let sighting = AwsTopology::new(&account.config, declared, reads).topology(day(now())).await.unwrap();
    assert_eq!(sighting.gaps, []);
    assert_eq!(told(&sighting.topology(now())), ["a → b by configuration"]);
}

#[tokio::test]
async fn more_rules_than_fit_a_page_are_all_read() {
    let account = Account::new().await;
    let function = function(&account, "last").await;
    for number in 0..105 {
        let targets = [function.as_str()];
        let targets = if number == 104 { targets.as_slice() } else { &[] };
        rule(&account, &format!("rule-{number:03}"), RuleState::Enabled, targets).await;
    }
    let source = AwsTopology::new(
        &account.config,
        Topology::default(),
        Reads { event_sources: false, xray: false, ..everything() },
    );
    let topology = source.topology(day(now())).await.unwrap().topology(now());
    assert_eq!(topology.edges.len(), 106);
    assert!(told(&topology).contains(&"rule-104 ~> last by EventBridge rule".to_owned()));
    assert!(told(&topology).contains(&"default event bus ~> rule-104 by EventBridge rule".to_owned()));
}

/// A scripted AWS and how to reach it; nothing is tried twice.
async fn scripted(answer: impl Fn(&Call) -> (u16, Value) + Send + Sync + 'static) -> (Scripted, SdkConfig) {
    let (aws, account) = (Scripted::new(answer).await, Account::new().await);
    let config = account.config.to_builder().endpoint_url(&aws.url).retry_config(RetryConfig::disabled()).build();
    (aws, config)
}

/// The sample in two pages, one mapping a page, and a rule with one target.
fn usual(call: &Call) -> (u16, Value) {
    let at = "us-east-1:123456789012";
    let answer = match call.operation.as_str() {
        "POST /ServiceGraph" => {
            let mut page: Value = serde_json::from_str(SAMPLE).unwrap();
            let services = page["Services"].as_array_mut().unwrap();
            if call.body["NextToken"].is_null() {
                services.truncate(2);
                page["NextToken"] = json!("more");
            } else {
                services.drain(..2);
            }
            page
        }
        "AWSEvents.ListRules" => {
            let rule = json!({"Name": "signed-in", "Arn": format!("arn:aws:events:{at}:rule/signed-in"), "State": "ENABLED", "EventPattern": "{}", "EventBusName": "default"});
            json!({"Rules": [rule]})
        }
        "AWSEvents.ListTargetsByRule" => {
            json!({"Targets": [{"Id": "t", "Arn": format!("arn:aws:lambda:{at}:function:greeter")}]})
        }
        operation if operation.starts_with("GET /2015-03-31/event-source-mappings") => {
            let is_first = !operation.contains("Marker=");
            let queue = if is_first { "greetings" } else { "farewells" };
            let mapping = json!({"EventSourceArn": format!("arn:aws:sqs:{at}:{queue}"), "FunctionArn": format!("arn:aws:lambda:{at}:function:greeter:live"), "State": "Enabled"});
            json!({"EventSourceMappings": [mapping], "NextMarker": is_first.then_some("more")})
        }
        other => panic!("nobody asks for {other}"),
    };
    (200, answer)
}

fn declared() -> Topology {
    let hosts = ["sessions=auth-sessions", "user-pool=cognito-idp.us-east-1.amazonaws.com", "auth-api=auth-api/prod"];
    let mut services = services(&hosts);
    services.extend(self::services(&["token-exchange"]));
    Topology { services, edges: vec![Edge::between("token-exchange", "user-pool")] }
}

#[tokio::test]
async fn all_pages_of_all_three_are_one_topology() {
    let (aws, config) = scripted(usual).await;
    let source = AwsTopology::new(&config, declared(), everything());
    let sighting = source.topology(day(now())).await.unwrap();
    assert_eq!(sighting.gaps, []);
    insta::assert_snapshot!(told(&sighting.clone().topology(now())).join("\n"), @"
    auth-api → token-exchange by X-Ray
    default event bus ~> signed-in by EventBridge rule
    farewells ~> greeter by event source mapping
    greetings ~> greeter by event source mapping
    signed-in ~> greeter by EventBridge rule
    token-exchange → sessions by X-Ray
    token-exchange → user-pool by configuration, X-Ray
    ");
    let asked: Vec<String> = aws.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(asked.len(), 6, "{asked:?}");
    // X-Ray takes six hours; the minute that is not over is left to the next look.
    let graph = aws.calls().into_iter().find(|call| call.operation == "POST /ServiceGraph").unwrap().body;
    let span = ["StartTime", "EndTime"].map(|field| graph[field].as_i64().unwrap());
    let end: Timestamp = "2026-11-20T14:00:00Z".parse().unwrap();
    assert_eq!(span, [end.as_second() - 6 * 3600, end.as_second()]);

    // The same minute costs nothing more, the next one as much again.
    let after = |seconds| now().saturating_add(SignedDuration::from_secs(seconds)).unwrap();
    assert_eq!(source.topology(day(after(29))).await.unwrap(), sighting);
    assert_eq!(aws.calls().len(), 6);
    source.topology(day(after(30))).await.unwrap();
    assert_eq!(aws.calls().len(), 12);
}

#[tokio::test]
async fn the_map_keeps_what_the_sources_do_not_agree_on() {
    let (_aws, config) = scripted(usual).await;
    let mut declared = declared();
    declared.edges[0].mode = EdgeMode::Async;
    let outside = with(AwsTopology::new(&config, declared, everything()));
    let answer = MapServiceDependencies { alarms: Vec::new(), now: now() }.call(&outside).await.unwrap();
    assert_eq!(answer.map.conflicts.len(), 1, "{:?}", answer.map.conflicts);
    assert_eq!(answer.map.entries.len(), 1);
}

/// The usual world, but that this source tells who calls whom.
fn with(topology: AwsTopology) -> Outside {
    Outside { topology: Arc::new(topology), ..World::outside(Arc::new(usual_world())) }
}

/// What is left when `operation` is refused with `code`.
async fn refused(operation: &'static str, code: &'static str) -> (Sighting, Vec<Gap>) {
    let answer = move |call: &Call| if call.operation.contains(operation) { refusal(code) } else { usual(call) };
    let (_aws, config) = scripted(answer).await;
    let source = AwsTopology::new(&config, declared(), everything());
    let sighting = source.topology(day(now())).await.unwrap();
    // What a person asks for has the gap as well.
    let gaps = ListGaps { alarms: Vec::new(), now: now() }.call(&with(source)).await.unwrap().gaps;
    (sighting, gaps)
}

#[tokio::test]
async fn whatever_is_refused_is_a_gap_and_the_rest_stays() {
    for (operation, action, edges) in [
        ("ServiceGraph", "xray:GetServiceGraph", 5),
        ("event-source-mappings", "lambda:ListEventSourceMappings", 5),
        ("ListRules", "events:ListRules", 5),
        ("ListTargetsByRule", "events:ListTargetsByRule", 6),
    ] {
        let (sighting, gaps) = refused(operation, "AccessDeniedException").await;
        let statement = format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#);
        assert_eq!(sighting.gaps.len(), 1, "{operation}");
        let gap = &sighting.gaps[0];
        assert!(gap.wanted.starts_with("topology from "), "{}", gap.wanted);
        assert_eq!((gap.because.as_str(), &gap.remedy), ("AccessDeniedException: not you", &Some(statement)));
        assert!(gaps.contains(gap), "{gaps:?}");
        assert_eq!(told(&sighting.topology(now())).len(), edges, "{operation}");
    }
}

#[tokio::test]
async fn a_throttle_is_a_gap_that_passes() {
    for (operation, code, action) in [
        ("ServiceGraph", "ThrottledException", "xray:GetServiceGraph"),
        ("event-source-mappings", "TooManyRequestsException", "lambda:ListEventSourceMappings"),
        ("ListTargetsByRule", "ThrottlingException", "events:ListTargetsByRule"),
    ] {
        let (sighting, _) = refused(operation, code).await;
        let remedy = format!("a higher quota for {action}, or asking again in a minute");
        assert_eq!(sighting.gaps[0].remedy.as_deref(), Some(remedy.as_str()));
    }
}

#[tokio::test]
async fn a_page_that_does_not_come_leaves_the_pages_before() {
    let answer = |call: &Call| {
        let is_second = call.operation.contains("Marker=") || !call.body["NextToken"].is_null();
        if is_second { refusal("ThrottlingException") } else { usual(call) }
    };
    let (_aws, config) = scripted(answer).await;
    let source = AwsTopology::new(&config, Topology::default(), everything());
    let sighting = source.topology(day(now())).await.unwrap();
    assert_eq!(sighting.gaps.len(), 2);
    insta::assert_snapshot!(told(&sighting.topology(now())).join("\n"), @"
    default event bus ~> signed-in by EventBridge rule
    greetings ~> greeter by event source mapping
    signed-in ~> greeter by EventBridge rule
    ");
}

#[tokio::test]
async fn an_account_that_traces_nothing_says_so() {
    let answer = |call: &Call| {
        if call.operation.contains("ServiceGraph") { (200, json!({"Services": []})) } else { usual(call) }
    };
    let (_aws, config) = scripted(answer).await;
    let reads = Reads { xray: true, ..Reads::default() };
    let sighting = AwsTopology::new(&config, declared(), reads).topology(day(now())).await.unwrap();
    insta::assert_snapshot!(sighting.gaps[0].because, @"X-Ray shows no traced request between 2026-11-20T08:00:00Z and 2026-11-20T14:00:00Z");
    assert_eq!(told(&sighting.topology(now())), ["token-exchange → user-pool by configuration"]);
}

#[tokio::test]
async fn nobody_there_is_three_gaps() {
    let account = Account::new().await;
    let config = account.config.to_builder().endpoint_url("http://127.0.0.1:1").retry_config(RetryConfig::disabled());
    let source = AwsTopology::new(&config.build(), Topology::default(), everything());
    let sighting = source.topology(day(now())).await.unwrap();
    let wanted: Vec<&str> = sighting.gaps.iter().map(|gap| gap.wanted.as_str()).collect();
    let expected = [
        "topology from traces",
        "topology from event source mappings",
        "topology from the rules of the event bus default",
    ];
    assert_eq!(wanted, expected);
    assert_eq!(sighting.topology(now()), Topology::default());
}

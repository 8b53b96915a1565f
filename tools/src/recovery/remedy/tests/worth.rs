//! What each remedy risks, costs, wants, promises and says.

use super::{altered, elsewhere, example, examples, now};
use crate::model::{Cost, Direction, Risk};
use crate::recovery::prices::Prices;
use crate::recovery::remedy::CATALOGUE;
use std::fmt::Write;

const PRICES: Prices = Prices {
    lambda_provisioned_gb_s: Some(0.000_004_166_7),
    dynamodb_read_unit_hour: Some(0.000_13),
    dynamodb_write_unit_hour: Some(0.000_65),
    fargate_vcpu_hour: Some(0.040_48),
    fargate_gb_hour: Some(0.004_445),
};

#[track_caller]
fn risk(name: &str, parameters: &str, changes: &[&str], expected: Risk, because: &str) {
    let found = altered(name, parameters).entry().risk(&elsewhere(name, changes), now());
    assert_eq!(found, (expected, because));
}

#[track_caller]
fn cost(name: &str, parameters: &str, changes: &[&str], prices: &Prices, expected: Cost) {
    assert_eq!(altered(name, parameters).entry().cost(&elsewhere(name, changes), prices), expected);
}

#[test]
fn what_stops_or_cannot_be_taken_back_is_high() {
    let reserved = "reserved-concurrency";
    risk(reserved, "", &[], Risk::Medium, "callers beyond the limit are refused");
    risk(reserved, r#""executions": 0"#, &[], Risk::High, "it stops every version");
    risk("ecs-count", r#""count": 0"#, &[], Risk::High, "it stops the service");
    risk("ecs-count", r#""count": 3"#, &[], Risk::Medium, "fewer tasks share the load");
    let back = "alias-rollback";
    risk(back, "", &[], Risk::Medium, "it changes the code that runs");
    // To the second seven days before now.
    risk(back, "", &["published_at:117=2026-11-13T03:15:00Z"], Risk::Medium, "it changes the code that runs");
    risk(back, "", &["published_at:117=2026-11-13T03:14:59Z"], Risk::High, "that version is older than seven days");
    risk(back, "", &["-published_at:117"], Risk::High, "it is not known how old that version is");
    let split = "its traffic is split between two versions, so somebody is deploying";
    risk(back, "", &[r#"RoutingConfig={"119":0.1}"#], Risk::High, split);
    risk("runbook", "", &[], Risk::Medium, "its declaration says so");
    risk("runbook", "", &["Risk=high"], Risk::High, "its declaration says so");
    risk("runbook", "", &["-Risk"], Risk::High, "its declaration cannot be read");
    for (remedy, saw) in examples() {
        let risk = remedy.entry().risk(&saw, now()).0;
        assert!(risk >= remedy.spec().risk, "the catalogue says that {} risks at least more", remedy.spec().name);
        assert!(risk == Risk::High || remedy.entry().is_reversible(&saw) || remedy.spec().name == "runbook");
    }
}

#[test]
fn costs_are_worked_out_from_prices() {
    let none = Prices::default();
    // 40 · 0.5 GB · 0.0000041667 $ · 3,600 s · 730 h.
    let warm = "provisioned-concurrency";
    cost(warm, "", &[], &PRICES, Cost::CentsPerMonth(21_900));
    cost(warm, "", &["ProvisionedConcurrentExecutions=50"], &PRICES, Cost::CentsPerMonth(-5_475));
    cost(warm, "", &["ProvisionedConcurrentExecutions=40"], &PRICES, Cost::Nothing);
    cost(warm, "", &["-memory_size"], &PRICES, Cost::Unknown);
    cost(warm, "", &[], &none, Cost::Unknown);
    cost(warm, "", &[], &Prices { lambda_provisioned_gb_s: Some(f64::NAN), ..none }, Cost::Unknown);
    // 100 · 0.00013 $ · 730 h; with 10 · 0.00065 $ · 730 h.
    let table = "table-capacity";
    cost(table, "", &[], &PRICES, Cost::CentsPerMonth(949));
    cost(table, r#""write": 60"#, &[], &PRICES, Cost::CentsPerMonth(1_424));
    cost(table, r#""write": 60"#, &[], &Prices { dynamodb_write_unit_hour: None, ..PRICES }, Cost::Unknown);
    cost(table, "", &[], &Prices { dynamodb_write_unit_hour: None, ..PRICES }, Cost::CentsPerMonth(949));
    cost(table, "", &["-ReadCapacityUnits"], &PRICES, Cost::Unknown);
    cost(table, "", &["BillingMode=PAY_PER_REQUEST", "MaxReadRequestUnits=100"], &PRICES, Cost::Unknown);
    // 2 tasks more · (2 · 0.04048 $ + 4 · 0.004445 $) · 730 h; half of it a task for four that become smaller.
    let count = "ecs-count";
    cost(count, "", &[], &PRICES, Cost::CentsPerMonth(14_416));
    cost(count, r#""count": 2"#, &[], &PRICES, Cost::CentsPerMonth(-14_416));
    cost(count, "", &["launch_type=EC2"], &none, Cost::Nothing);
    cost(count, "", &["-launch_type"], &PRICES, Cost::Unknown);
    cost(count, "", &["launch_type=MOON"], &PRICES, Cost::Unknown);
    cost(count, "", &["-task_cpu:orders:42"], &PRICES, Cost::Unknown);
    cost(count, "", &[], &Prices { fargate_gb_hour: None, ..PRICES }, Cost::Unknown);
    cost("ecs-rollback", "", &[], &PRICES, Cost::CentsPerMonth(-14_416));
    cost("ecs-rollback", "", &["-task_cpu:orders:41"], &PRICES, Cost::Unknown);
    for (name, expected) in [("archive-replay", Cost::Unknown), ("runbook", Cost::Unknown), ("rule", Cost::Nothing)] {
        cost(name, "", &[], &PRICES, expected);
    }
}

/// The settings that differ, as `name: before → after`.
#[track_caller]
fn wants(name: &str, parameters: &str, changes: &[&str], expected: &[&str]) {
    let (remedy, saw) = (altered(name, parameters), elsewhere(name, changes));
    let wanted = remedy.entry().wants(&saw);
    let names: std::collections::BTreeSet<&String> = saw.settings.keys().chain(wanted.keys()).collect();
    let told =
        |settings: &std::collections::BTreeMap<String, String>, name| settings.get(name).cloned().unwrap_or("–".into());
    let differ = names.into_iter().filter(|name| saw.settings.get(*name) != wanted.get(*name));
    let differ: Vec<String> =
        differ.map(|name| format!("{name}: {} → {}", told(&saw.settings, name), told(&wanted, name))).collect();
    assert_eq!(differ, expected);
}

#[test]
fn a_remedy_wants_what_was_read_changed() {
    wants("log-level", "", &[], &["ApplicationLogLevel: – → DEBUG"]);
    wants("log-level", r#""level": "INFO""#, &[], &[]);
    wants("log-level", "", &["ApplicationLogLevel=DEBUG"], &[]);
    wants("trace-sampling", "", &[], &["FixedRate: 0.05 → 0.2"]);
    wants("trace-sampling", "", &["FixedRate=0.20"], &[]);
    wants("trace-sampling", r#""percent": 100"#, &[], &["FixedRate: 0.05 → 1"]);
    let alarms = r#"AlarmNames: – → ["checkout 5xx","orders 5xx"]"#;
    wants("mute-alarms", "", &[], &[alarms, "Duration: – → PT60M"]);
    wants("capsule-capture", "", &[], &["Captures: 2 → 3"]);
    let left = "unreserved_concurrent_executions: 900 → 860";
    wants("provisioned-concurrency", "", &[], &["ProvisionedConcurrentExecutions: – → 40", left]);
    let within = ["ProvisionedConcurrentExecutions: – → 40"];
    wants("provisioned-concurrency", "", &["reserved_concurrent_executions=50"], &within);
    let left = "unreserved_concurrent_executions: 900 → 880";
    wants("reserved-concurrency", "", &[], &["ReservedConcurrentExecutions: – → 20", left]);
    let lower = ["ReservedConcurrentExecutions: 50 → 0", "unreserved_concurrent_executions: 900 → 950"];
    wants("reserved-concurrency", r#""executions": 0"#, &["ReservedConcurrentExecutions=50"], &lower);
    wants("event-source", "", &[], &["State: Enabled → Disabled"]);
    wants("event-source", r#""enabled": true"#, &[], &[]);
    wants("rule", "", &[], &["State: ENABLED → DISABLED"]);
    wants("rule", r#""enabled": true"#, &["State=DISABLED"], &["State: DISABLED → ENABLED"]);
    wants("rule", r#""enabled": true"#, &["State=ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"], &[]);
    wants("alias-rollback", "", &[], &["FunctionVersion: 118 → 117"]);
    let split = ["FunctionVersion: 118 → 117", r#"RoutingConfig: {"119":0.1} → –"#];
    wants("alias-rollback", "", &[r#"RoutingConfig={"119":0.1}"#], &split);
    wants("archive-replay", "", &[], &["ReplayName: – → clarity-a1f3e2c606aadd0e"]);
    wants("table-capacity", "", &[], &["ReadCapacityUnits: 100 → 200"]);
    wants("table-capacity", r#""write": 50"#, &[], &["ReadCapacityUnits: 100 → 200"]);
    let on_demand = ["BillingMode=PAY_PER_REQUEST", "MaxReadRequestUnits=100"];
    wants("table-capacity", "", &on_demand, &["MaxReadRequestUnits: 100 → 200"]);
    wants("ecs-rollback", "", &[], &["TaskDefinition: orders:42 → orders:41"]);
    wants("ecs-count", "", &[], &["DesiredCount: 4 → 6"]);
    let input = r#"LastInput: – → {"pool":"blue","share":"30"}"#;
    wants("runbook", "", &[], &[input, "Runs: 3 → 4"]);
}

#[test]
fn only_a_replay_and_a_runbook_without_inverse_stay() {
    let stay: Vec<&str> = examples()
        .iter()
        .filter(|(remedy, saw)| !remedy.entry().is_reversible(saw))
        .map(|(remedy, _)| remedy.spec().name)
        .collect();
    assert_eq!(stay, ["archive-replay", "runbook"]);
    assert!(example("runbook").0.entry().is_reversible(&elsewhere("runbook", &["Inverse=fill"])));
}

#[test]
fn what_takes_itself_back_says_when() {
    let timed: Vec<_> =
        examples().iter().filter_map(|(remedy, _)| Some((remedy.spec().name, remedy.entry().lasts_min()?))).collect();
    assert_eq!(timed, [("log-level", 30), ("trace-sampling", 30), ("mute-alarms", 60)]);
}

/// The words of the catalogue name the very measure, direction and minutes.
#[test]
fn success_is_what_the_catalogue_says() {
    #[track_caller]
    fn check(name: &str, parameters: &str, changes: &[&str]) {
        let remedy = altered(name, parameters);
        let told = match remedy.entry().expects(&elsewhere(name, changes)) {
            None => "nothing to measure".to_owned(),
            Some((measure, Direction::Falls, minutes)) => format!("{measure} fall[s] within {minutes} min"),
            Some((measure, Direction::Rises, minutes)) => format!("{measure} rise[s] within {minutes} min"),
        };
        let success = remedy.spec().success;
        let found = success.contains(&told.replace("[s]", "")) || success.contains(&told.replace("[s]", "s"));
        assert!(found, "the catalogue says that with {name} “{success}”, and `expects` “{told}”");
    }
    for spec in CATALOGUE {
        check(spec.name, "", &[]);
    }
    check("reserved-concurrency", "", &["ReservedConcurrentExecutions=10"]);
    check("reserved-concurrency", "", &["ReservedConcurrentExecutions=30"]);
    check("ecs-count", r#""count": 2"#, &[]);
    check("event-source", r#""enabled": true"#, &[]);
    check("rule", r#""enabled": true"#, &["State=DISABLED"]);
}

#[test]
fn sentences_say_what_is_done() {
    let mut told = String::new();
    for (remedy, saw) in examples() {
        writeln!(told, "{}\n  {}", remedy.target(), remedy.entry().sentence(&saw)).unwrap();
    }
    insta::assert_snapshot!(told, @r"
    AWS::Lambda::Function auth
      Raise the log level of auth from INFO to DEBUG for 30 minutes
    AWS::XRay::SamplingRule Default
      Trace 20 % of the requests of sampling rule Default for 30 minutes
    AWS::CloudWatch::AlarmMuteRule clarity-8e5afcc70f13ac9e
      Mute the alarm orders 5xx and one other for 60 minutes
    Clarity::Capsule capture
      Capture an evidence capsule of the last 90 minutes
    AWS::Lambda::Alias token:live
      Keep 40 environments of token:live warm (none now)
    AWS::Lambda::Function token
      Set reserved concurrency of token to 20 (none now)
    AWS::Lambda::EventSourceMapping 14e0db71-5d35-4eb5-b481-8945cf9d10c2
      Pause event source mapping 14e0db71-5d35-4eb5-b481-8945cf9d10c2
    AWS::Events::Rule default:nightly
      Disable rule nightly of bus default
    AWS::Lambda::Alias token:live
      Roll token:live back from version 118 to version 117
    AWS::Events::Archive orders:clarity-a1f3e2c606aadd0e
      Replay archive orders to bus shop from 2026-11-20T02:00:00Z to 2026-11-20T03:00:00Z
    AWS::DynamoDB::Table sessions
      Raise table sessions: ReadCapacityUnits to 200 (100 now)
    AWS::ECS::Service shop:orders
      Roll service orders of cluster shop back from orders:42 to orders:41
    AWS::ECS::Service shop:orders
      Set the count of service orders of cluster shop to 6 (4 now)
    Clarity::Runbook drain
      Run runbook drain with pool = blue, share = 30
    ");
}

#[test]
fn sentences_follow_what_was_read() {
    #[track_caller]
    fn check(name: &str, parameters: &str, changes: &[&str], expected: &str) {
        assert_eq!(altered(name, parameters).entry().sentence(&elsewhere(name, changes)), expected);
    }
    check("mute-alarms", r#""alarms": ["a"]"#, &[], "Mute the alarm a for 60 minutes");
    check("mute-alarms", r#""alarms": ["a", "b", "c"]"#, &[], "Mute the alarm a and 2 others for 60 minutes");
    let reserved = "Set reserved concurrency of token to 0 (50 now)";
    check("reserved-concurrency", r#""executions": 0"#, &["ReservedConcurrentExecutions=50"], reserved);
    check(
        "event-source",
        r#""enabled": true"#,
        &[],
        "Resume event source mapping 14e0db71-5d35-4eb5-b481-8945cf9d10c2",
    );
    check("runbook", r#""input": {}"#, &[], "Run runbook drain");
}

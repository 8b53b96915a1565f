//! Each kind of limit, met and not met, in small worlds; and the ones of the auth cascade.

use super::*;
use crate::capsule::{self, AUTH_CASCADE, Capsule};
use crate::context::sound::sound_bottlenecks;
use crate::context::synth::alarm;
use crate::eval::situation_at_end;
use crate::model::{Edge, LogLevel, Measure, Series, Service, Topology, minutes};

/// Two hours of calm, six minutes of trouble; the alarm fires with its beginning.
const CALM: usize = 120;
const TROUBLE: usize = 6;

fn start() -> Timestamp {
    Timestamp::from_second(1_700_000_040).unwrap()
}

fn began() -> Timestamp {
    start() + minutes(i64::try_from(CALM).unwrap())
}

/// Nothing measured.
const NONE: f64 = f64::NAN;

/// One row a series: whose, which measure, its value in the calm and in the trouble; `NONE` is no point at all.
type Row = (&'static str, &'static str, f64, f64);

fn world(calls: &[(&str, &str)], rows: &[Row]) -> Situation {
    let measure = |name: &str| match name {
        "requests" => Measure::Requests,
        "faults" => Measure::Faults,
        "latency" => Measure::Latency,
        other => Measure::Other(other.to_owned()),
    };
    let value = |value: f64| if value.is_nan() { None } else { Some(value) };
    let series = rows.iter().map(|(service, name, calm, trouble)| Series {
        service: ServiceId::new(*service),
        measure: measure(name),
        start: start(),
        step_s: 60,
        values: [vec![value(*calm); CALM], vec![value(*trouble); TROUBLE]].concat(),
    });
    let mut names: Vec<&str> =
        calls.iter().flat_map(|call| [call.0, call.1]).chain(rows.iter().map(|row| row.0)).collect();
    names.sort_unstable();
    names.dedup();
    Situation {
        conflicts: Vec::new(),
        now: began() + minutes(i64::try_from(TROUBLE).unwrap()),
        alarms: vec![alarm(rows.first().map_or("it", |row| row.0), "Errors", began())],
        topology: Some(Topology {
            services: names.into_iter().map(Service::named).collect(),
            edges: calls.iter().map(|(from, to)| Edge::between(from, to)).collect(),
        }),
        series: Some(series.collect()),
        logs: None,
        changes: Vec::new(),
        gaps: Vec::new(),
    }
}

/// `count` lines of the trouble, and `before` of the calm.
fn says(mut situation: Situation, service: &str, level: LogLevel, text: &str, count: u32, before: u32) -> Situation {
    let lines = situation.logs.get_or_insert_default();
    let line = |at: Timestamp, nth: u32| LogLine {
        at: at + jiff::SignedDuration::from_secs(i64::from(nth)),
        service: ServiceId::new(service),
        level: Some(level),
        text: text.replace("{}", &format!("{nth}-{}", at.as_second())),
    };
    lines.extend((0..count).map(|nth| line(began(), nth)));
    lines.extend((0..before).map(|nth| line(began() - minutes(5), nth)));
    situation
}

/// The service and the name of each limit that was met, worst first.
#[track_caller]
fn check(situation: &Situation, expected: &[(&str, &str)]) -> Vec<Limit> {
    let found = bottlenecks(situation);
    sound_bottlenecks(&found);
    let told: Vec<(&str, &str)> = found.bottlenecks.iter().map(|it| (it.service.as_str(), name(&it.limit))).collect();
    assert_eq!(told, expected, "{:#?}", found.bottlenecks);
    found.bottlenecks.into_iter().map(|bottleneck| bottleneck.limit).collect()
}

fn name(limit: &Limit) -> &'static str {
    match limit {
        Limit::ColdStarts { .. } => "cold starts",
        Limit::Throttles { .. } => "throttles",
        Limit::Concurrency { .. } => "concurrency",
        Limit::Spillover { .. } => "spillover",
        Limit::RetryStorm { .. } => "retry storm",
        Limit::Connections { .. } => "connections",
        Limit::QueueAge { .. } => "queue age",
        Limit::HotPartition { .. } => "hot partition",
    }
}

#[test]
fn throttles_are_told_when_they_are_more_than_usual_and_matter() {
    const THROTTLES: &str = "AWS/Lambda/Throttles:Sum";
    let it = |calm, trouble| world(&[], &[("f", "requests", 1000.0, 1000.0), ("f", THROTTLES, calm, trouble)]);
    let limits = check(&it(0.0, 200.0), &[("f", "throttles")]);
    assert_eq!(limits, [Limit::Throttles { per_min: 200.0, share: Some(0.2), usual: Some(0.0) }]);
    // No point before is not zero before.
    let limits = check(&it(NONE, 200.0), &[("f", "throttles")]);
    assert_eq!(limits, [Limit::Throttles { per_min: 200.0, share: Some(0.2), usual: None }]);
    check(&it(0.0, 0.0), &[]);
    check(&it(200.0, 200.0), &[]);
    check(&it(0.0, NONE), &[]);
    check(&it(0.0, 5.0), &[]);
}

#[test]
fn kinds_of_throttles_are_added_up_and_no_refusal_is_counted_twice() {
    let pool = world(
        &[],
        &[
            ("pool", "AWS/Cognito/SignInThrottles:Sum", 0.0, 100.0),
            ("pool", "AWS/Cognito/TokenRefreshThrottles:Sum", 0.0, 300.0),
            ("pool", "AWS/Cognito/SignInSuccesses:Sum", 500.0, 100.0),
        ],
    );
    let limits = check(&pool, &[("pool", "throttles")]);
    // 400 of the 500 that are known to have tried.
    assert_eq!(limits, [Limit::Throttles { per_min: 400.0, share: Some(0.8), usual: Some(0.0) }]);
    let table = world(
        &[],
        &[
            ("table", "AWS/DynamoDB/ThrottledRequests:Sum", 0.0, 100.0),
            ("table", "AWS/DynamoDB/ReadThrottleEvents:Sum", 0.0, 90.0),
            ("table", "AWS/DynamoDB/WriteThrottleEvents:Sum", 0.0, 10.0),
        ],
    );
    let Limit::Throttles { per_min, .. } = check(&table, &[("table", "throttles")])[0] else { panic!() };
    assert!((per_min - 100.0).abs() < 1e-9);
}

#[test]
fn concurrency_is_exhausted_where_requests_are_refused_at_its_highest() {
    const EXECUTIONS: &str = "AWS/Lambda/ConcurrentExecutions:Maximum";
    let it = |executions: f64, throttles: f64| {
        let rows = [
            ("f", "requests", 1000.0, 1000.0),
            ("f", EXECUTIONS, 10.0, executions),
            ("f", "AWS/Lambda/Throttles:Sum", 0.0, throttles),
        ];
        world(&[], &rows)
    };
    let limits = check(&it(90.0, 200.0), &[("f", "throttles"), ("f", "concurrency")]);
    assert_eq!(limits[1], Limit::Concurrency { peak: 90.0, usual: Some(10.0) });
    check(&it(90.0, 0.0), &[]);
    // Refused for another reason: an account's burst, say.
    check(&it(10.0, 200.0), &[("f", "throttles")]);
}

#[test]
fn spillover_is_told_with_its_share() {
    let it = |spilled| {
        let rows = [
            ("f", "requests", 1000.0, 1000.0),
            ("f", "AWS/Lambda/ProvisionedConcurrencySpilloverInvocations:Sum", 0.0, spilled),
            ("f", "AWS/Lambda/ProvisionedConcurrencyUtilization:Maximum", 0.4, 1.0),
        ];
        world(&[], &rows)
    };
    let limits = check(&it(100.0), &[("f", "spillover")]);
    assert_eq!(limits, [Limit::Spillover { per_min: 100.0, share: Some(0.1), utilization: Some(1.0) }]);
    check(&it(0.0), &[]);
    check(&it(NONE), &[]);
}

#[test]
fn a_retry_storm_is_more_than_the_callers_explain() {
    let it = |caller: f64, callee: f64, faults: f64| {
        let rows = [("a", "requests", 1000.0, caller), ("b", "requests", 2000.0, callee), ("b", "faults", 1.0, faults)];
        world(&[("a", "b")], &rows)
    };
    let limits = check(&it(1000.0, 8000.0, 6000.0), &[("a", "retry storm")]);
    assert_eq!(limits, [Limit::RetryStorm { callee: ServiceId::new("b"), amplification: 4.0, usual: Some(2.0) }]);
    // More people, not more tries; more tries at what does not fail; a little more.
    check(&it(4000.0, 8000.0, 6000.0), &[]);
    check(&it(1000.0, 8000.0, 1.0), &[]);
    check(&it(1000.0, 2500.0, 1000.0), &[]);
    check(&it(NONE, 8000.0, 6000.0), &[]);
}

#[test]
fn of_several_callers_each_explains_its_part() {
    let rows = [
        ("a", "requests", 1000.0, 1000.0),
        ("c", "requests", 1000.0, 4000.0),
        ("b", "requests", 2000.0, 5000.0),
        ("b", "faults", 1.0, 4000.0),
    ];
    // What c sends more of explains it all.
    check(&world(&[("a", "b"), ("c", "b")], &rows), &[]);
    let mut situation = world(&[("a", "b"), ("c", "b")], &rows);
    for edge in &mut situation.topology.as_mut().unwrap().edges {
        edge.requests_per_min = Some(if edge.caller.as_str() == "a" { 1900.0 } else { 100.0 });
    }
    let limits = check(&situation, &[("a", "retry storm")]);
    let Limit::RetryStorm { amplification, usual: None, .. } = limits[0] else { panic!("{limits:?}") };
    assert!((amplification - 2.5 / 1.15).abs() < 1e-9, "{amplification}");
}

#[test]
fn connections_run_out_by_their_number_or_by_what_callers_say() {
    const CONNECTIONS: &str = "AWS/RDS/DatabaseConnections:Average";
    const WORDS: &str = "FATAL: sorry, too many clients already [{}]";
    let it = |trouble| world(&[("a", "db")], &[("db", CONNECTIONS, 100.0, trouble)]);
    let limits = check(&it(400.0), &[("db", "connections")]);
    assert_eq!(limits, [Limit::Connections { in_use: Some(400.0), usual: Some(100.0), at_limit: true, lines: 0 }]);
    check(&it(110.0), &[]);
    check(&it(NONE), &[]);
    let limits = check(&says(it(110.0), "a", LogLevel::Error, WORDS, 5, 0), &[("db", "connections")]);
    assert_eq!(limits, [Limit::Connections { in_use: Some(110.0), usual: Some(100.0), at_limit: true, lines: 5 }]);
    check(&says(it(110.0), "a", LogLevel::Error, WORDS, 5, 5), &[]);
    check(&says(it(110.0), "a", LogLevel::Info, WORDS, 5, 0), &[]);
    check(&says(it(110.0), "a", LogLevel::Error, WORDS, 2, 0), &[]);
    let alone = says(world(&[], &[("a", "requests", 10.0, 10.0)]), "a", LogLevel::Error, WORDS, 6, 0);
    let limits = check(&alone, &[("a", "connections")]);
    assert_eq!(limits, [Limit::Connections { in_use: None, usual: None, at_limit: true, lines: 6 }]);
}

#[test]
fn the_age_of_messages_is_in_seconds_whatever_the_metric_is_in() {
    const SQS: &str = "AWS/SQS/ApproximateAgeOfOldestMessage:Maximum";
    let it = |metric, calm, trouble| world(&[], &[("q", metric, calm, trouble)]);
    let limits = check(&it(SQS, 5.0, 300.0), &[("q", "queue age")]);
    assert_eq!(limits, [Limit::QueueAge { age_s: 300.0, usual_s: Some(5.0) }]);
    let limits = check(&it("AWS/Lambda/IteratorAge:Maximum", 5_000.0, 300_000.0), &[("q", "queue age")]);
    assert_eq!(limits, [Limit::QueueAge { age_s: 300.0, usual_s: Some(5.0) }]);
    check(&it(SQS, 1.0, 30.0), &[]);
    check(&it(SQS, 200.0, 300.0), &[]);
    check(&it("AWS/Lambda/IteratorAge:Maximum", 1.0, 300.0), &[]);
}

#[test]
fn a_hot_partition_refuses_what_the_table_could_take() {
    let it = |consumed: f64| {
        let rows = [
            ("t", "AWS/DynamoDB/ReadThrottleEvents:Sum", 0.0, 200.0),
            ("t", "AWS/DynamoDB/ConsumedReadCapacityUnits:Sum", 3_000.0, consumed),
            ("t", "AWS/DynamoDB/ProvisionedReadCapacityUnits:Average", 100.0, 100.0),
        ];
        world(&[], &rows)
    };
    // 2,400 units a minute are 40 a second, of 100.
    let limits = check(&it(2_400.0), &[("t", "hot partition")]);
    assert_eq!(limits, [Limit::HotPartition { per_min: 200.0, table_use: Some(0.4) }]);
    check(&it(5_900.0), &[("t", "throttles")]);
    check(&it(NONE), &[("t", "throttles")]);
    let by_reason = world(
        &[],
        &[
            ("t", "AWS/DynamoDB/ReadThrottleEvents:Sum", 0.0, 200.0),
            ("t", "AWS/DynamoDB/ReadKeyRangeThroughputThrottleEvents:Sum", NONE, 200.0),
        ],
    );
    check(&by_reason, &[("t", "hot partition")]);
}

/// An invocation's report; `{}` makes the invocation another one.
fn report(init: Option<f64>) -> String {
    let init = init.map(|init| format!("\tInit Duration: {init:.2} ms")).unwrap_or_default();
    format!(
        "REPORT RequestId: {{}}\tDuration: 12.00 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB{init}"
    )
}

#[test]
fn cold_starts_are_counted_from_reports() {
    let it = |cold: u32, cold_before: u32| {
        let quiet = world(&[], &[("f", "requests", 1000.0, 1000.0)]);
        let warm = says(quiet, "f", LogLevel::Info, &report(None), 100 - cold, 100 - cold_before);
        says(warm, "f", LogLevel::Info, &report(Some(640.0)).replace("{}", "cold-{}"), cold, cold_before)
    };
    let limits = check(&it(20, 1), &[("f", "cold starts")]);
    let expected =
        Limit::ColdStarts { count: 20.0, share: 0.2, added_ms: 640.0, p95_ms: Some(640.0), usual_share: Some(0.01) };
    assert_eq!(limits, [expected]);
    check(&it(1, 1), &[]);
    check(&it(4, 4), &[]);
    check(&it(0, 0), &[]);
    // Better than before is no bottleneck of now.
    check(&it(6, 20), &[]);
    // The same invocation told twice is one.
    let twice = it(20, 1);
    let mut lines = twice.logs.clone().unwrap();
    lines.extend(twice.logs.clone().unwrap());
    check(&Situation { logs: Some(lines), ..twice }, &[("f", "cold starts")]);
}

#[test]
fn cold_starts_are_counted_by_lambda_insights_where_it_is_on() {
    let it = |count, trouble| {
        let rows = [
            ("f", "requests", 1000.0, 1000.0),
            ("f", "LambdaInsights/init_duration:SampleCount", count, trouble),
            ("f", "LambdaInsights/init_duration:Average", 700.0, 700.0),
        ];
        world(&[], &rows)
    };
    let limits = check(&it(2.0, 150.0), &[("f", "cold starts")]);
    let expected =
        Limit::ColdStarts { count: 900.0, share: 0.15, added_ms: 700.0, p95_ms: None, usual_share: Some(0.002) };
    assert_eq!(limits, [expected]);
    check(&it(2.0, 2.0), &[]);
    check(&it(2.0, NONE), &[]);
}

fn auth_cascade() -> Capsule {
    capsule::parse(AUTH_CASCADE.as_bytes()).unwrap()
}

#[test]
fn the_auth_cascade_pays_about_800_ms_for_each_cold_start() {
    let capsule = auth_cascade();
    let found = bottlenecks(&situation_at_end(&capsule));
    sound_bottlenecks(&found);
    let cold = found.bottlenecks.iter().find_map(|bottleneck| {
        let Limit::ColdStarts { added_ms, p95_ms, share, .. } = bottleneck.limit else { return None };
        Some((bottleneck, added_ms, p95_ms, share))
    });
    let (bottleneck, added_ms, p95_ms, share) = cold.expect("cold starts");
    assert_eq!(bottleneck.service.as_str(), "token-exchange");
    assert!((780.0..820.0).contains(&added_ms) && p95_ms.is_some_and(|p95| p95 > added_ms), "{bottleneck:?}");
    assert!((0.05..0.4).contains(&share), "{bottleneck:?}");
    // The middle of what the lines themselves say, read in another way.
    let onset = "2026-11-20T03:12:00Z".parse().unwrap();
    let mut inits: Vec<f64> = capsule
        .logs
        .iter()
        .filter(|line| line.at >= onset)
        .filter_map(|line| line.text.split_once("\"initDurationMs\":")?.1.split('}').next()?.parse().ok())
        .collect();
    inits.sort_by(f64::total_cmp);
    let middle = f64::midpoint(inits[(inits.len() - 1) / 2], inits[inits.len() / 2]);
    assert!((middle - added_ms).abs() < 1e-9, "{middle} {added_ms}");
}

#[test]
fn the_auth_cascade_is_short_of_everything_on_the_way() {
    let situation = situation_at_end(&auth_cascade());
    let found = bottlenecks(&situation);
    let told: Vec<(&str, &str)> =
        found.bottlenecks.iter().take(4).map(|it| (it.service.as_str(), name(&it.limit))).collect();
    assert_eq!(
        told,
        [
            ("user-pool", "throttles"),
            ("token-exchange", "retry storm"),
            ("user-db", "connections"),
            ("user-service", "retry storm"),
        ]
    );
    let verdict = crate::context::verdict(&situation);
    assert!(!verdict.bottlenecks.is_empty() && verdict.bottlenecks.len() <= MOST);
    for bottleneck in &verdict.bottlenecks {
        assert!(bottleneck.evidence.iter().all(|id| verdict.claim(*id).is_some()), "{bottleneck:?}");
    }
}

#[test]
fn before_the_trouble_nothing_is_short() {
    let capsule = auth_cascade();
    let now = "2026-11-20T03:11:00Z".parse().unwrap();
    let known = Window { from: Timestamp::UNIX_EPOCH, to: now };
    let quiet = Situation {
        now,
        alarms: Vec::new(),
        series: Some(capsule.series.iter().map(|series| series.within(known)).collect()),
        logs: Some(capsule.logs.iter().filter(|line| line.at < now).cloned().collect()),
        ..situation_at_end(&capsule)
    };
    check(&quiet, &[]);
}

#[test]
fn without_metrics_and_logs_the_answer_says_so() {
    let nothing = Situation { series: None, ..world(&[("a", "b")], &[]) };
    let found = bottlenecks(&nothing);
    assert!(found.bottlenecks.is_empty());
    let wanted: Vec<&str> = found.gaps.iter().map(|gap| gap.wanted.as_str()).collect();
    assert_eq!(wanted, ["metrics", "logs"]);
}

//! What holds in any world, and that no order of reading changes a byte.

use super::sound::{consistent, sound_bottlenecks, sound_health, sound_story};
use super::synth::{Chance, alarm};
use super::tests::{at, stories};
use super::{Situation, auth_health, bottlenecks, delta, story, timeline_of, verdict};
use crate::model::{Change, ChangeKind, Edge, EdgeMode, LogLine, Measure, Series, Service, ServiceId, Topology};
use proptest::prelude::*;

fn shuffle<T>(items: &mut [T], chance: &mut Chance) {
    for end in (1..items.len()).rev() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the length")]
        #[expect(clippy::cast_precision_loss, reason = "a short list")]
        let other = (chance.uniform() * (end + 1) as f64) as usize;
        items.swap(end, other.min(end));
    }
}

fn shuffled(situation: &Situation, seed: u64) -> Situation {
    let mut chance = Chance(seed);
    let mut other = situation.clone();
    shuffle(&mut other.alarms, &mut chance);
    shuffle(&mut other.changes, &mut chance);
    if let Some(series) = &mut other.series {
        shuffle(series, &mut chance);
    }
    if let Some(logs) = &mut other.logs {
        shuffle(logs, &mut chance);
    }
    if let Some(topology) = &mut other.topology {
        shuffle(&mut topology.services, &mut chance);
        shuffle(&mut topology.edges, &mut chance);
    }
    other
}

fn json<T: serde::Serialize>(answer: &T) -> String {
    serde_json::to_string(answer).unwrap()
}

fn bytes(situation: &Situation) -> String {
    serde_json::to_string(&verdict(situation)).unwrap()
}

#[test]
fn the_order_of_reading_changes_no_byte_of_the_auth_cascade_and_the_stories() {
    for (number, (story, _)) in (0..).zip(stories()) {
        let situation = story.play(number);
        assert_eq!(bytes(&situation), bytes(&shuffled(&situation, number)));
    }
}

const NAMES: [&str; 9] = ["a", "b", "c", "f_AWS::Lambda", "f_AWS::Lambda::Function", "f", "x_remote", "gone", "q"];

fn names() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&NAMES[..])
}

fn any_series() -> impl Strategy<Value = Series> {
    let measure = prop::sample::select(vec![
        Measure::Requests,
        Measure::Faults,
        Measure::Availability,
        Measure::Latency,
        Measure::Other("AWS/X/Y:Sum".to_owned()),
        Measure::Other("AWS/Lambda/Throttles:Sum".to_owned()),
        Measure::Other("AWS/Lambda/ConcurrentExecutions:Maximum".to_owned()),
        Measure::Other("AWS/Lambda/ProvisionedConcurrencySpilloverInvocations:Sum".to_owned()),
        Measure::Other("LambdaInsights/init_duration:SampleCount".to_owned()),
        Measure::Other("LambdaInsights/init_duration:Average".to_owned()),
        Measure::Other("AWS/RDS/DatabaseConnections:Average".to_owned()),
        Measure::Other("AWS/SQS/ApproximateAgeOfOldestMessage:Maximum".to_owned()),
        Measure::Other("AWS/DynamoDB/ThrottledRequests:Sum".to_owned()),
        Measure::Other("AWS/DynamoDB/ConsumedReadCapacityUnits:Sum".to_owned()),
        Measure::Other("AWS/DynamoDB/ProvisionedReadCapacityUnits:Average".to_owned()),
        Measure::Other("AWS/Cognito/SignInSuccesses:SampleCount".to_owned()),
        Measure::Other("AWS/Cognito/SignInSuccesses:Sum".to_owned()),
    ]);
    let value = prop_oneof![
        2 => Just(None),
        6 => (0.0..200.0f64).prop_map(Some),
        1 => prop::sample::select(vec![0.0, -3.0, 1e300, f64::MAX, 1e-300, 1e14, 100.0]).prop_map(Some),
    ];
    let start = prop_oneof![4 => -9000..600i64, 1 => prop::sample::select(vec![-60_000_000_000, 200_000_000_000])];
    let step = prop::sample::select(vec![1u32, 10, 60, 60, 60, 300, 3600, u32::MAX]);
    (names(), measure, start, step, prop::collection::vec(value, 0..120)).prop_map(
        |(name, measure, start, step_s, values)| Series {
            service: ServiceId::new(name),
            measure,
            start: at(start),
            step_s,
            values,
        },
    )
}

fn any_edge() -> impl Strategy<Value = Edge> {
    let rate = prop::option::of(prop::sample::select(vec![0.0, 1.0, 60.0, 1e9, -5.0, f64::MAX]));
    (names(), names(), any::<bool>(), rate).prop_map(|(caller, callee, is_async, requests_per_min)| Edge {
        mode: if is_async { EdgeMode::Async } else { EdgeMode::Sync },
        requests_per_min,
        ..Edge::between(caller, callee)
    })
}

/// Lines that a reader looks for, and others.
fn any_line() -> impl Strategy<Value = LogLine> {
    let text = prop_oneof![
        3 => (0..40u32, prop::option::of(0.0..3000.0f64)).prop_map(|(request, init)| {
            let init = init.map(|init| format!("\tInit Duration: {init} ms")).unwrap_or_default();
            format!("REPORT RequestId: r{request}\tDuration: 1.0 ms{init}")
        }),
        1 => prop::sample::select(vec!["Rate exceeded", "FATAL: too many connections", "hello", "{\"type\":1"])
            .prop_map(str::to_owned),
    ];
    (names(), -900..900i64, text).prop_map(|(name, second, text)| LogLine {
        at: at(second),
        service: ServiceId::new(name),
        level: None,
        text,
    })
}

/// A kind that the auth journey knows, or none.
fn any_kind() -> impl Strategy<Value = Option<String>> {
    let kinds =
        ["AWS::Cognito::UserPool", "AWS::Lambda::Function", "AWS::ApiGateway::Stage", "AWS::DynamoDB::Table", "remote"];
    prop::option::of(prop::sample::select(kinds.to_vec()).prop_map(str::to_owned))
}

prop_compose! {
    fn any_world()(
        now in -600..3000i64,
        alarms in prop::collection::vec((names(), prop::sample::select(vec!["Errors", "Latency", "Odd"]), -900..900i64), 0..6),
        // `gone` is in no topology; the others may be.
        present in prop::collection::vec(any::<bool>(), NAMES.len()),
        edges in prop::collection::vec(any_edge(), 0..16),
        has_topology in prop::bool::weighted(0.8),
        series in prop::option::weighted(0.9, prop::collection::vec(any_series(), 0..24)),
        changes in prop::collection::vec((names(), -4000..2000i64), 0..4),
        logs in prop::option::of(prop::collection::vec(any_line(), 0..60)),
        kinds in prop::option::weighted(0.4, prop::collection::vec(any_kind(), NAMES.len())),
    ) -> Situation {
        let kinds = kinds.unwrap_or_else(|| vec![None; NAMES.len()]);
        let services = NAMES.iter().zip(present).zip(kinds).filter(|((name, present), _)| *present && **name != "gone");
        Situation {
            conflicts: Vec::new(),
            now: at(now),
            alarms: alarms.into_iter().map(|(service, metric, second)| alarm(service, metric, at(second))).collect(),
            topology: has_topology.then(|| Topology { services: services.map(|((name, _), kind)| Service { kind, ..Service::named(*name) }).collect(), edges }),
            series,
            logs,
            changes: changes.into_iter().map(|(service, second)| Change {
                at: at(second), service: ServiceId::new(service), kind: ChangeKind::Deploy, summary: String::new(),
                by: None, link: None, commit: None,        error_code: None,
            }).collect(),
            gaps: Vec::new(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_world_gets_a_consistent_verdict_that_no_order_changes(world in any_world(), seed in any::<u64>()) {
        let now = verdict(&world);
        consistent(&now);
        prop_assert_eq!(bytes(&world), bytes(&shuffled(&world, seed)));
        let known = world.as_of(world.now);
        prop_assert!(known.alarms.is_empty() || delta(&known, &verdict(&known), world.now).is_empty());
        prop_assert!(timeline_of(&now, &world.alarms).is_sorted_by_key(|moment| moment.at));
    }

    #[test]
    fn any_world_gets_consistent_answers_that_no_order_changes(world in any_world(), seed in any::<u64>()) {
        let other = shuffled(&world, seed);
        let found = bottlenecks(&world);
        sound_bottlenecks(&found);
        prop_assert_eq!(json(&found), json(&bottlenecks(&other)));
        let health = auth_health(&world);
        sound_health(&health);
        prop_assert_eq!(json(&health), json(&auth_health(&other)));
        for entry in [None, Some(ServiceId::new("a")), Some(ServiceId::new("nobody"))] {
            let told = story(&world, entry.as_ref());
            sound_story(&told);
            prop_assert_eq!(json(&told), json(&story(&other, entry.as_ref())));
        }
    }
}

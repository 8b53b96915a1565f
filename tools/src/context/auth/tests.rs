//! The funnel with loss at each stage, the traps of the metrics, and estates without an auth journey.

use super::*;
use crate::capsule::{self, AUTH_CASCADE};
use crate::context::sound::sound_health;
use crate::context::synth::alarm;
use crate::eval::situation_at_end;
use crate::model::{Edge, Measure, Series, Service, ServiceId, Topology, minutes};

const CALM: usize = 120;
const TROUBLE: usize = 6;

/// Another estate than the cascade's: names say nothing but what they must.
const SERVICES: &[(&str, &str)] = &[
    ("shop-front", "AWS::CloudFront::Distribution"),
    ("firewall", "AWS::WAFv2::WebACL"),
    ("gate", "AWS::ApiGateway::RestApi"),
    ("jwt-check", "AWS::Lambda::Function"),
    ("mint", "AWS::Lambda::Function"),
    ("people", "AWS::Cognito::UserPool"),
    ("cache", "AWS::ElastiCache::ReplicationGroup"),
    ("billing", "AWS::ECS::Service"),
    ("ledger", "AWS::DynamoDB::Table"),
];
const CALLS: &[(&str, &str)] = &[
    ("shop-front", "firewall"),
    ("firewall", "gate"),
    ("gate", "jwt-check"),
    ("gate", "mint"),
    ("gate", "billing"),
    ("mint", "people"),
    ("mint", "cache"),
    ("billing", "ledger"),
];

fn began() -> Timestamp {
    Timestamp::from_second(1_700_000_040).unwrap() + minutes(i64::try_from(CALM).unwrap())
}

/// The estate; each row is a service, a measure, and its value in the calm and in the trouble (NaN: no point).
fn world(services: &[(&str, &str)], calls: &[(&str, &str)], rows: &[(&str, &str, f64, f64)]) -> Situation {
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
        start: Timestamp::from_second(1_700_000_040).unwrap(),
        step_s: 60,
        values: [vec![value(*calm); CALM], vec![value(*trouble); TROUBLE]].concat(),
    });
    let service = |(name, kind): &(&str, &str)| Service { kind: Some((*kind).to_owned()), ..Service::named(*name) };
    Situation {
        conflicts: Vec::new(),
        now: began() + minutes(i64::try_from(TROUBLE).unwrap()),
        alarms: vec![alarm("gate", "5XXError", began())],
        topology: Some(Topology {
            services: services.iter().map(service).collect(),
            edges: calls.iter().map(|(from, to)| Edge::between(from, to)).collect(),
        }),
        series: Some(series.collect()),
        logs: None,
        changes: Vec::new(),
        gaps: Vec::new(),
    }
}

/// Everybody gets 1,000 requests a minute, in 50 ms; those listed lose so many of them in the trouble.
fn losing(lost: &[(&'static str, f64)]) -> Situation {
    let mut rows = Vec::new();
    for (name, _) in SERVICES {
        let loss = lost.iter().find(|(losing, _)| losing == name).map_or(0.0, |(_, loss)| *loss);
        rows.extend([
            (*name, "requests", 1000.0, 1000.0),
            (*name, "faults", 1.0, 1.0 + loss),
            (*name, "latency", 0.05, 0.05),
        ]);
    }
    world(SERVICES, CALLS, &rows)
}

#[track_caller]
fn check(situation: &Situation, losing: &[&str], first: Option<&str>) -> AuthHealth {
    let health = auth_health(situation);
    sound_health(&health);
    let told: Vec<&str> =
        health.hops.iter().filter(|hop| hop.status == HopStatus::Losing).map(|hop| hop.service.as_str()).collect();
    assert_eq!(told, losing, "{:#?}", health.hops);
    assert_eq!(health.first_unexplained.as_ref().map(ServiceId::as_str), first, "{:#?}", health.hops);
    health
}

#[test]
fn stages_are_found_by_kind_and_calls() {
    let health = check(&losing(&[]), &[], None);
    let hops: Vec<(Stage, &str)> = health.hops.iter().map(|hop| (hop.stage, hop.service.as_str())).collect();
    assert_eq!(
        hops,
        [
            (Stage::Edge, "firewall"),
            (Stage::Edge, "shop-front"),
            (Stage::Gateway, "gate"),
            (Stage::Authorizer, "jwt-check"),
            (Stage::TokenFunction, "mint"),
            (Stage::UserPool, "people"),
            (Stage::Store, "cache"),
        ]
    );
    assert!(health.hops.iter().all(|hop| hop.status == HopStatus::Healthy));
    assert!(health.gaps.is_empty(), "{:?}", health.gaps);
}

#[test]
fn the_first_unexplained_loss_is_found_at_each_stage() {
    check(&losing(&[("firewall", 300.0), ("shop-front", 300.0)]), &["firewall", "shop-front"], Some("firewall"));
    check(&losing(&[("shop-front", 300.0)]), &["shop-front"], Some("shop-front"));
    let to_the_gate = [("firewall", 300.0), ("shop-front", 300.0), ("gate", 300.0)];
    let path = ["firewall", "shop-front", "gate"];
    check(&losing(&to_the_gate), &path, Some("gate"));
    for (deepest, through) in [("jwt-check", None), ("mint", None), ("people", Some("mint")), ("cache", Some("mint"))] {
        let mut lost = to_the_gate.to_vec();
        lost.extend(through.map(|through| (through, 300.0)));
        lost.push((deepest, 300.0));
        let mut losing_hops = path.to_vec();
        losing_hops.extend(through);
        losing_hops.push(deepest);
        check(&losing(&lost), &losing_hops, Some(deepest));
    }
    // A loss from behind the journey is followed out of it.
    let mut lost = to_the_gate.to_vec();
    lost.extend([("billing", 300.0), ("ledger", 300.0)]);
    check(&losing(&lost), &path, Some("ledger"));
}

#[test]
fn a_slow_store_is_found_when_nothing_is_lost() {
    let mut rows = Vec::new();
    for (name, _) in SERVICES {
        let slower = if ["cache", "mint", "gate", "firewall", "shop-front"].contains(name) { 0.25 } else { 0.05 };
        rows.extend([
            (*name, "requests", 1000.0, 1000.0),
            (*name, "faults", 0.0, 0.0),
            (*name, "latency", 0.05, slower),
        ]);
    }
    let health = check(&world(SERVICES, CALLS, &rows), &[], Some("cache"));
    let of = |name: &str| health.hops.iter().find(|hop| hop.service.as_str() == name).unwrap();
    assert_eq!((of("cache").status, of("mint").status), (HopStatus::Slow, HopStatus::Slow));
    assert!(of("cache").added_ms.is_some_and(|added| (added - 200.0).abs() < 1e-6));
    assert!(of("mint").added_ms.is_some_and(|added| added < 1e-6), "the cache explains it");
}

/// The loss and the latency of one service from raw metrics.
#[track_caller]
fn check_raw(kind: &'static str, rows: &[(&str, f64)], loss: Option<f64>, latency_ms: Option<f64>) {
    let services = [("gate", "AWS::ApiGateway::RestApi"), ("login-it", kind), ("people", "AWS::Cognito::UserPool")];
    let calls = [("gate", "login-it"), ("login-it", "people")];
    let (services, of): (&[_], _) =
        if kind.contains("Cognito") { (&services[1..2], &calls[..0]) } else { (&services, &calls[..]) };
    let rows: Vec<_> = rows.iter().map(|(measure, trouble)| ("login-it", *measure, f64::NAN, *trouble)).collect();
    let health = auth_health(&world(services, of, &rows));
    sound_health(&health);
    let hop = health.hops.iter().find(|hop| hop.service.as_str() == "login-it").expect("a hop");
    let rounded = |figure: Option<f64>| figure.map(|figure| (figure * 1e6).round() / 1e6);
    assert_eq!((rounded(hop.loss), rounded(hop.latency_ms)), (loss, latency_ms), "{hop:?}");
    assert_eq!((hop.usual_loss, hop.usual_latency_ms), (None, None), "no point before is not zero before");
}

#[test]
fn raw_metrics_mean_what_aws_means() {
    const LAMBDA: &str = "AWS::Lambda::Function";
    const POOL: &str = "AWS::Cognito::UserPool";
    // Throttles are in neither invocations nor errors.
    let lambda =
        [("AWS/Lambda/Invocations:Sum", 900.0), ("AWS/Lambda/Errors:Sum", 50.0), ("AWS/Lambda/Throttles:Sum", 100.0)];
    check_raw(LAMBDA, &lambda, Some(0.15), None);
    check_raw(LAMBDA, &[("AWS/Lambda/Duration:Average", 250.0)], None, Some(250.0));
    check_raw(LAMBDA, &[("AWS/Lambda/Invocations:Sum", 900.0)], None, None);
    // Attempts are samples, successes are the sum.
    let pool = [("AWS/Cognito/SignInSuccesses:SampleCount", 1000.0), ("AWS/Cognito/SignInSuccesses:Sum", 600.0)];
    check_raw(POOL, &pool, Some(0.4), None);
    let pool = [("AWS/Cognito/TokenRefreshSuccesses:Sum", 250.0), ("AWS/Cognito/TokenRefreshThrottles:Sum", 750.0)];
    check_raw(POOL, &pool, Some(0.75), None);
    // RDS and load balancers measure seconds.
    check_raw("AWS::ECS::Service", &[("AWS/ApplicationELB/TargetResponseTime:Average", 0.3)], None, Some(300.0));
    let store = world(
        &[
            ("login-it", "AWS::Lambda::Function"),
            ("people", POOL),
            ("db", "AWS::RDS::DBInstance"),
            ("gate", "AWS::ApiGateway::Stage"),
        ],
        &[("gate", "login-it"), ("login-it", "people"), ("login-it", "db")],
        &[("db", "AWS/RDS/ReadLatency:Average", 0.004, 0.08)],
    );
    let hop = auth_health(&store).hops.pop().unwrap();
    assert_eq!((hop.stage, hop.status), (Stage::Store, HopStatus::Slow));
    assert!(hop.latency_ms.is_some_and(|latency| (latency - 80.0).abs() < 1e-6), "{hop:?}");
}

#[test]
fn what_was_not_measured_is_neither_healthy_nor_lost() {
    let mut situation = losing(&[]);
    situation.series.as_mut().unwrap().retain(|series| series.service.as_str() != "people");
    let health = check(&situation, &[], None);
    let hop = health.hops.iter().find(|hop| hop.service.as_str() == "people").unwrap();
    assert_eq!((hop.status, hop.loss, hop.requests_per_min), (HopStatus::Unknown, None, None));
    assert!(health.gaps.iter().any(|gap| gap.wanted == "metrics of people"), "{:?}", health.gaps);
}

#[test]
fn an_estate_without_auth_gets_an_honest_answer() {
    let services =
        [("api", "AWS::ApiGateway::Stage"), ("work", "AWS::Lambda::Function"), ("t", "AWS::DynamoDB::Table")];
    let calls = [("api", "work"), ("work", "t")];
    let health = auth_health(&world(&services, &calls, &[("work", "requests", 10.0, 10.0)]));
    assert!(health.hops.is_empty() && health.first_unexplained.is_none());
    assert_eq!(health.gaps.iter().map(|gap| gap.wanted.as_str()).collect::<Vec<_>>(), ["the auth journey"]);
    let half = [("people", "AWS::Cognito::UserPool"), ("work", "AWS::ECS::Service")];
    let health = auth_health(&world(&half, &[("work", "people")], &[("people", "requests", 10.0, 10.0)]));
    let wanted: Vec<&str> = health.gaps.iter().map(|gap| gap.wanted.as_str()).collect();
    assert_eq!(
        wanted,
        ["stages of the auth journey: edge, API gateway, authorizer, store", "metrics of people, work"]
            .map(|wanted| wanted.replace("people, work", "work, people"))
    );
}

#[test]
fn the_auth_cascade_loses_its_logins_at_the_user_pool() {
    let capsule = capsule::parse(AUTH_CASCADE.as_bytes()).unwrap();
    let losing = ["web-app", "auth-api", "authorizer", "token-exchange", "user-pool"];
    let health = check(&situation_at_end(&capsule), &losing, Some("user-pool"));
    let stages: Vec<Stage> = health.hops.iter().map(|hop| hop.stage).collect();
    assert_eq!(stages, Stage::ALL);
    assert!(health.gaps.is_empty(), "{:?}", health.gaps);
}

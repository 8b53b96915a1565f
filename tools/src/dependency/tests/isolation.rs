use super::{auth_cascade, blaming, situation};
use crate::dependency::{IsolationPlan, isolate};
use crate::model::{Isolation, IsolationReason, ServiceId};

/// What is said of a cut: the remedies, then who recovers.
#[track_caller]
fn check(world: &str, affected: &[(&str, i64)], expected: &[&str], recovers: &[&str]) -> Isolation {
    let isolation = isolate(&situation(world), &blaming(affected)).isolation;
    let told: Vec<String> = isolation.cut.iter().map(ToString::to_string).collect();
    assert_eq!(told, expected, "{isolation:?}");
    let names: Vec<&str> = isolation.recovers.iter().map(ServiceId::as_str).collect();
    assert_eq!(names, recovers, "{isolation:?}");
    isolation
}

#[test]
fn the_retry_storm_of_the_auth_cascade_is_damped_where_it_is_cheapest() {
    let (situation, verdict) = auth_cascade("03:15:05");
    let IsolationPlan { isolation, gaps, evidence, .. } = isolate(&situation, &verdict);
    let told: Vec<String> = isolation.cut.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    damp retries of authorizer → user-pool: reserved concurrency 2 on authorizer
    damp retries of token-exchange → user-pool: reserved concurrency 8 on token-exchange
    ");
    let names: Vec<&str> = isolation.recovers.iter().map(ServiceId::as_str).collect();
    assert!(["order-service", "checkout", "user-service"].iter().all(|name| names.contains(name)), "{names:?}");
    assert!(!names.contains(&"catalog") && !names.contains(&"user-pool"), "{names:?}");
    assert!(isolation.worth_it && isolation.refused_per_min.is_some_and(|refused| refused < 6000.0), "{isolation:?}");
    assert!(isolation.cut.iter().flat_map(|cut| &cut.evidence).all(|id| evidence.iter().any(|claim| claim.id == *id)));
    assert_eq!(gaps, verdict.gaps);
}

#[test]
fn the_quietest_edge_is_cut_and_its_remedy_fits_its_ends() {
    check(
        "e:AWS::ApiGateway::Stage a:AWS::Lambda::Function e>a*1000 a>b*10 b>c*900",
        &[("c", 8), ("b", 9)],
        &["damp retries of a → b: reserved concurrency as usual on a"],
        &["a", "e"],
    );
    check(
        "e>a*1000 a>b*10 b>c*900",
        &[("c", 8), ("b", 9)],
        &["break a → b: run your circuit breaker runbook of a"],
        &["a", "e"],
    );
    check(
        "q:AWS::SQS::Queue f:AWS::Lambda::Function q~f*60 f>t*60 g>f*1",
        &[("q", 8)],
        &["pause the event source mapping q → f"],
        &["f", "g"],
    );
    check(
        "r:AWS::Events::Rule r~t*5 t:AWS::ECS::Service u>t*9",
        &[("r", 8)],
        &["disable the EventBridge rule r"],
        &["t", "u"],
    );
}

#[test]
fn no_cut_is_said_with_its_reason() {
    let reason = |world: &str, affected: &[(&str, i64)]| check(world, affected, &[], &[]).because;
    assert_eq!(reason("a>b*1", &[]), IsolationReason::NothingFails);
    assert_eq!(reason("a>b*1", &[("a", 8)]), IsolationReason::NothingToProtect);
    let managed = reason("e:AWS::CloudFront a:AWS::ApiGateway e>a*5 a>t*5 t:AWS::DynamoDB", &[("t", 8)]);
    assert!(matches!(managed, IsolationReason::NothingCuts { .. }), "{managed:?}");
}

#[test]
fn a_cut_that_refuses_more_than_it_saves_is_not_worth_it_and_uncounted_ones_are_not_weighed() {
    // All that comes goes over the only edge that can be cut, and little of it fails.
    let isolation = isolate(&situation("a>b*1000"), &blaming(&[("b", 8)])).isolation;
    assert!(!isolation.worth_it, "{isolation:?}");
    assert!(
        matches!(isolation.because, IsolationReason::RefusesMore { .. } | IsolationReason::Uncounted),
        "{isolation:?}"
    );
    let uncounted = isolate(&situation("e>a a>b"), &blaming(&[("b", 8)])).isolation;
    assert_eq!((uncounted.because, uncounted.cut.len()), (IsolationReason::Uncounted, 1));
}

#[test]
fn the_order_in_which_the_world_was_read_makes_no_difference() {
    let (situation, verdict) = auth_cascade("03:17:05");
    let told = serde_json::to_string(&isolate(&situation, &verdict)).unwrap();
    let mut other = situation.clone();
    let topology = other.topology.as_mut().unwrap();
    topology.services.rotate_left(3);
    topology.edges.reverse();
    other.series.as_mut().unwrap().reverse();
    assert_eq!(serde_json::to_string(&isolate(&other, &verdict)).unwrap(), told);
}

//! Stories from alarms alone, along calls, and of the auth cascade.

use super::*;
use crate::capsule::{self, AUTH_CASCADE};
use crate::context::sound::sound_story;
use crate::context::synth;
use crate::eval::situation_at_end;
use crate::model::{Change, ChangeKind, Edge, Service, Stage, Topology};
use insta::assert_snapshot;
use jiff::SignedDuration;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// Alarms by service and second.
fn world(calls: &[(&str, &str)], alarms: &[(&str, i64)]) -> Situation {
    let mut names: Vec<&str> = calls.iter().flat_map(|call| [call.0, call.1]).collect();
    names.sort_unstable();
    names.dedup();
    Situation {
        conflicts: Vec::new(),
        now: at(900),
        alarms: alarms.iter().map(|(name, second)| synth::alarm(name, "Errors", at(*second))).collect(),
        topology: (!calls.is_empty()).then(|| Topology {
            services: names.into_iter().map(Service::named).collect(),
            edges: calls.iter().map(|(from, to)| Edge::between(from, to)).collect(),
        }),
        series: None,
        logs: None,
        changes: Vec::new(),
        gaps: Vec::new(),
    }
}

/// The links as `later ← earlier: tie`.
fn links(story: &Story) -> Vec<String> {
    let name = |at: usize| match &story.events[at].what {
        Happening::Alarm { name, .. } => name.clone(),
        Happening::Change { summary, .. } => summary.clone(),
        Happening::Onset { .. } => {
            format!("onset of {}", story.events[at].service.as_ref().map_or("?", ServiceId::as_str))
        }
    };
    let tie = |tie: &Tie| match tie {
        Tie::SameService => "same service".to_owned(),
        Tie::Calls { path } => path.iter().map(ServiceId::as_str).collect::<Vec<_>>().join(" calls "),
        Tie::SharedCallee { callee } => format!("both call {callee}"),
        Tie::Composite { child } => format!("combines {child}"),
        Tie::Words { words } => format!("words {}", words.join(" ")),
        Tie::TimeOnly => "time".to_owned(),
    };
    let tell =
        |link: &StoryLink| format!("{} ← {}, {} s: {}", name(link.to), name(link.from), link.lag_s, tie(&link.tie));
    story.links.iter().map(tell).collect()
}

#[track_caller]
fn check(situation: &Situation, entry: Option<&str>, expected: &[&str]) -> Story {
    let story = story(situation, entry.map(ServiceId::new).as_ref());
    sound_story(&story);
    assert_eq!(links(&story), expected);
    story
}

#[test]
fn calls_tie_alarms_with_their_lag() {
    let calls = [("web", "api"), ("api", "auth"), ("auth", "pool")];
    let story = check(
        &world(&calls, &[("web", 90), ("pool", 0), ("auth", 30)]),
        None,
        &[
            "auth-Errors ← pool-Errors, 30 s: auth calls pool",
            "web-Errors ← auth-Errors, 60 s: web calls api calls auth",
        ],
    );
    assert_eq!(story.links[1].evidence.len(), 2, "a claim for each call");
    // Load travels down.
    check(&world(&calls, &[("auth", 0), ("pool", 30)]), None, &["pool-Errors ← auth-Errors, 30 s: auth calls pool"]);
    // Too late, and too far.
    check(&world(&calls, &[("pool", -2000), ("auth", 0)]), None, &[]);
    check(&world(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")], &[("e", 0), ("a", 30)]), None, &[]);
}

#[test]
fn two_callers_of_one_service_are_tied_by_it() {
    let calls = [("a", "db"), ("b", "db"), ("x", "y")];
    check(&world(&calls, &[("a", 0), ("b", 20), ("x", 25)]), None, &["b-Errors ← a-Errors, 20 s: both call db"]);
}

#[test]
fn alarms_alone_are_tied_by_words_and_time() {
    let alarms = [("orders-checkout", 0), ("login-front", 20), ("payments-checkout", 40), ("nightly", 1000)];
    check(
        &world(&[], &alarms),
        None,
        &[
            "login-front-Errors ← orders-checkout-Errors, 20 s: time",
            "payments-checkout-Errors ← orders-checkout-Errors, 40 s: words checkout",
        ],
    );
}

#[test]
fn a_composite_is_tied_to_its_child() {
    let mut situation = world(&[("a", "b")], &[("b", 0), ("a", 10), ("a-login", 20)]);
    situation.alarms[2].children = vec!["a-Errors".to_owned()];
    check(
        &situation,
        None,
        &["a-Errors ← b-Errors, 10 s: a calls b", "a-login-Errors ← a-Errors, 10 s: combines a-Errors"],
    );
}

#[test]
fn a_change_explains_what_follows_on_the_same_service() {
    let mut situation = world(&[("a", "b"), ("x", "y")], &[("b", 0), ("a", 30)]);
    let change = |service: &str, error: Option<&str>| Change {
        at: at(-120),
        service: ServiceId::new(service),
        kind: ChangeKind::Deploy,
        summary: format!("deploy {service}"),
        by: None,
        commit: None,
        link: None,
        error_code: error.map(str::to_owned),
    };
    situation.changes = vec![change("b", None), change("x", None), change("a", Some("AccessDenied"))];
    let story =
        check(&situation, None, &["b-Errors ← deploy b, 120 s: same service", "a-Errors ← b-Errors, 30 s: a calls b"]);
    assert_eq!(story.events.len(), 3, "what failed and what lies elsewhere is no part of it");
}

#[test]
fn an_entry_limits_the_story_to_its_flow() {
    let situation =
        world(&[("web", "api"), ("api", "pool"), ("job", "pool")], &[("pool", 0), ("api", 20), ("job", 30)]);
    let story = check(&situation, Some("web"), &["api-Errors ← pool-Errors, 20 s: api calls pool"]);
    assert_eq!((story.entry.as_ref().map(ServiceId::as_str), story.events.len()), (Some("web"), 2));
    let all = check(
        &situation,
        Some("nobody"),
        &["api-Errors ← pool-Errors, 20 s: api calls pool", "job-Errors ← pool-Errors, 30 s: job calls pool"],
    );
    assert_eq!(all.entry, None);
    assert!(all.gaps.iter().any(|gap| gap.wanted == "the flow of nobody"), "{:?}", all.gaps);
}

#[test]
fn a_flood_is_told_only_so_far() {
    let names: Vec<String> = (0..200).map(|nth| format!("service-{nth:03}")).collect();
    let alarms: Vec<(&str, i64)> = names.iter().zip(0..).map(|(name, second)| (name.as_str(), second)).collect();
    let story = story(&world(&[], &alarms), None);
    sound_story(&story);
    assert_eq!(story.events.len(), MOST_EVENTS);
    assert!(story.gaps.iter().any(|gap| gap.wanted == "all events"), "{:?}", story.gaps);
}

#[test]
fn the_auth_cascade_is_one_story() {
    let capsule = capsule::parse(AUTH_CASCADE.as_bytes()).unwrap();
    let now = capsule.window.from + SignedDuration::from_secs(190);
    let situation = situation_at_end(&capsule);
    let series =
        capsule.series.iter().map(|it| it.within(crate::model::Window { from: Timestamp::UNIX_EPOCH, to: now }));
    let early = Situation { now, alarms: capsule.alarms_until(now), series: Some(series.collect()), ..situation };
    let story = story(&early, None);
    sound_story(&story);
    assert_snapshot!(links(&story).join("\n"), @"
    onset of user-pool ← provisioned request rate of category UserToken 120 → 12 per second (cost review CHG-2291); effective within 5 minutes, 238 s: same service
    onset of authorizer ← onset of user-pool, 0 s: authorizer calls user-pool
    onset of token-exchange ← onset of user-pool, 0 s: token-exchange calls user-pool
    onset of auth-api ← onset of token-exchange, 0 s: auth-api calls token-exchange
    onset of web-app ← onset of auth-api, 0 s: web-app calls auth-api
    onset of user-service ← onset of auth-api, 60 s: user-service calls auth-api
    onset of user-db ← onset of user-service, 0 s: user-service calls user-db
    auth-prod-cognito-token-throttles ← onset of user-pool, 62 s: same service
    auth-prod-lambda-token-exchange-errors ← onset of token-exchange, 66 s: same service
    auth-prod-apigw-4xx ← onset of auth-api, 74 s: same service
    auth-prod-lambda-authorizer-errors ← onset of authorizer, 81 s: same service
    onset of order-service ← onset of user-service, 60 s: order-service calls user-service
    auth-prod-apigw-5xx ← auth-prod-apigw-4xx, 47 s: same service
    auth-prod-lambda-token-exchange-throttles ← auth-prod-lambda-token-exchange-errors, 62 s: same service
    auth-prod-ecs-user-service-5xx ← onset of user-service, 73 s: same service
    auth-prod-user-login-degraded ← auth-prod-apigw-5xx, 16 s: combines auth-prod-apigw-5xx
    auth-prod-rds-user-db-connections ← onset of user-db, 121 s: same service
    ");
    let path: Vec<&str> = story.path.iter().map(ServiceId::as_str).collect();
    assert_snapshot!(path.join(" → "), @"user-pool → token-exchange → auth-api → user-service → order-service");
    let stage = |service: &str| {
        story.events.iter().find(|event| event.service.as_ref().is_some_and(|it| it.as_str() == service)).unwrap().stage
    };
    assert_eq!((stage("user-pool"), stage("token-exchange")), (Some(Stage::UserPool), Some(Stage::TokenFunction)));
    assert_eq!(stage("user-service"), None);
}

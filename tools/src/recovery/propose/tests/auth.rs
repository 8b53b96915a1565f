//! The auth cascade: the pool of users throttles, and everybody who waits for it fails. End to end, through the tools.

use super::{id, lines, returns};
use crate::capsule::{self, AUTH_CASCADE, World};
use crate::model::{Cost, EvidenceId, IncidentId, Risk, RiskReason};
use crate::ports::{Lever, Outside};
use crate::recovery::policy::PersonId;
use crate::recovery::prices::Prices;
use crate::recovery::propose::{Act, Ground, LIFETIME, pin};
use crate::recovery::remedy::{LogLevel, Remedy, ReservedConcurrency};
use crate::recovery::{AssessRisk, PredictRecovery, Remediations, SuggestRemediations, TOOLS, Terms, Unsaid};
use crate::tool::{Tool, ToolError};
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

fn moment(time: &str) -> Timestamp {
    format!("2026-11-20T{time}Z").parse().unwrap()
}

fn world() -> (capsule::Capsule, Outside) {
    let capsule = capsule::parse(AUTH_CASCADE.as_bytes()).unwrap();
    let outside = World::outside(Arc::new(capsule.clone()));
    (capsule, outside)
}

async fn suggested(time: &str, terms: Option<Terms>) -> Remediations {
    let (capsule, outside) = world();
    let now = moment(time);
    SuggestRemediations { alarms: capsule.alarms_until(now), now, terms }.call(&outside).await.unwrap()
}

#[tokio::test]
async fn a_minute_in_the_cut_comes_first() {
    let told = suggested("03:14:10", None).await;
    assert_snapshot!(lines(&told.proposals), @r#"
    +0.300 0.58 medium · Set reserved concurrency of token-exchange to 8 (90 now) · [WrongCause { probability: 0.030000000000000027 }, CallersRetry { callers: [ServiceId("auth-api")] }, Alone { others: [ServiceId("authorizer")] }]
    +0.070 0.87 low · Mute the alarm auth-prod-apigw-4xx and 3 others for 60 minutes · [WrongCause { probability: 0.030000000000000027 }, Hidden { alarms: 4 }]
    +0.029 0.58 medium · Set reserved concurrency of auth-authorizer to 2 (none now) · [WrongCause { probability: 0.030000000000000027 }, CallersRetry { callers: [ServiceId("auth-api")] }, Alone { others: [ServiceId("token-exchange")] }]
    +0.000 watch · [Persists { service: ServiceId("user-pool"), symptom: Faults, at: 2026-11-20T03:19:10Z }, Hit { service: ServiceId("order-service"), probability: 0.6170892905264908, in_minutes: Some(0.0) }, Hit { service: ServiceId("checkout"), probability: 0.3469770204516298, in_minutes: Some(1.0) }]
    -0.027 0.35 medium · Keep 90 environments of token-exchange:live warm (none now) · [LoadOn { services: [ServiceId("user-pool")] }]
    "#);
}

#[tokio::test]
async fn three_minutes_in_it_still_does_and_more_alarms_follow() {
    let told = suggested("03:16:10", None).await;
    assert_snapshot!(lines(&told.proposals), @r#"
    +0.269 0.58 medium · Set reserved concurrency of token-exchange to 8 (90 now) · [WrongCause { probability: 0.030000000000000027 }, CallersRetry { callers: [ServiceId("auth-api")] }, Alone { others: [ServiceId("authorizer")] }]
    +0.065 0.87 low · Mute the alarm auth-prod-apigw-4xx and 8 others for 60 minutes · [WrongCause { probability: 0.030000000000000027 }, Hidden { alarms: 9 }]
    +0.022 0.58 medium · Set reserved concurrency of auth-authorizer to 2 (none now) · [WrongCause { probability: 0.030000000000000027 }, CallersRetry { callers: [ServiceId("auth-api")] }, Alone { others: [ServiceId("token-exchange")] }]
    +0.000 watch · [Persists { service: ServiceId("user-pool"), symptom: Faults, at: 2026-11-20T03:21:10Z }, Hit { service: ServiceId("checkout"), probability: 0.34769878855591774, in_minutes: Some(0.0) }]
    -0.023 0.35 medium · Keep 90 environments of token-exchange:live warm (none now) · [LoadOn { services: [ServiceId("user-pool")] }]
    "#);
}

#[tokio::test]
async fn who_recovers_is_said_where_it_can_be() {
    let told = suggested("03:16:10", None).await;
    let returns: Vec<String> = told.proposals.iter().map(returns).collect();
    assert_snapshot!(returns.join("\n"), @r#"
    token-exchange 2.6 min 0.58
    OnlySeen
    authorizer 1.0 min 0.58
    NothingIsDone
    StillWaits { callee: ServiceId("user-pool") }
    "#);
}

/// Whoever is neither sick nor at the cut is left alone, and every claim is there.
#[tokio::test]
async fn nothing_is_done_to_who_is_well() {
    let concerned: BTreeSet<_> = ["user-pool", "token-exchange", "authorizer"].map(id).into();
    for time in ["03:13:30", "03:14:10", "03:15:10", "03:16:10", "03:18:10", "03:23:00"] {
        let told = suggested(time, None).await;
        let ids: BTreeSet<EvidenceId> = told.evidence.iter().map(|evidence| evidence.id).collect();
        let mut watched = 0;
        for proposal in &told.proposals {
            let service = proposal.service.clone().unwrap();
            assert!(concerned.contains(&service), "{time}: {service}");
            assert!(proposal.evidence().iter().all(|id| ids.contains(id)), "{time}: {proposal:?}");
            assert!(!proposal.evidence().is_empty(), "{time}: {proposal:?}");
            watched += usize::from(matches!(proposal.act, Act::Watch { .. }));
        }
        assert_eq!(watched, 1, "{time}");
    }
}

/// The innocent deploy of that night is never taken back, and only alarms that follow are muted.
#[tokio::test]
async fn the_innocent_are_left_alone() {
    for time in ["03:14:10", "03:16:10", "03:23:00"] {
        for proposal in suggested(time, None).await.proposals {
            let Some(remedy) = proposal.remedy() else { continue };
            assert!(!matches!(remedy, Remedy::AliasRollback(_)), "{time}: {remedy:?}");
            if let Remedy::MuteAlarms(mute) = remedy {
                let apart = ["cognito", "billing", "rds"];
                let kept = |alarm: &String| apart.iter().all(|word| !alarm.contains(word));
                assert!(mute.alarms.iter().all(kept), "{time}: {:?}", mute.alarms);
            }
        }
    }
}

#[tokio::test]
async fn a_plan_holds_what_was_proposed() {
    let now = moment("03:14:10");
    let prices = Prices { lambda_provisioned_gb_s: Some(0.000_004_166_7), ..Prices::default() };
    let terms = Terms { prices, cost_limit_cents: Some(10), ..Terms::at(now) };
    let told = suggested("03:14:10", Some(terms)).await;
    let requester = PersonId("U1".to_owned());
    for proposal in &told.proposals {
        let plan = pin(proposal, IncidentId(7), requester.clone(), 1, now, LIFETIME);
        let Act::Apply(action) = &proposal.act else {
            assert_eq!(plan, None);
            continue;
        };
        let plan = plan.unwrap();
        assert!(plan.is_pinned());
        assert_eq!((&plan.remedy, &plan.saw, &plan.wants), (&action.remedy, &action.saw, &action.wants));
        assert_eq!((plan.risk, &plan.risk_reasons, plan.cost), (action.risk, &action.risk_reasons, action.cost));
        assert_eq!(plan.expires_at, now + SignedDuration::from_mins(15));
        assert_eq!((plan.environment.as_str(), plan.approvals, &plan.requester), ("production", 1, &requester));
        assert_eq!(plan.evidence, proposal.evidence());
        if let Remedy::ProvisionedConcurrency(_) = plan.remedy {
            assert!(matches!(plan.cost, Cost::CentsPerMonth(cents) if cents > 10), "{:?}", plan.cost);
            assert!(plan.risk_reasons.contains(&RiskReason::Cost) && plan.risk == Risk::High, "{plan:?}");
        }
    }
    assert!(told.proposals.len() >= 4, "{}", lines(&told.proposals));
}

fn limit(executions: u32) -> Remedy {
    Remedy::ReservedConcurrency(ReservedConcurrency { function: "token-exchange".to_owned(), executions })
}

#[tokio::test]
async fn risk_of_a_given_remedy_is_told_with_its_reasons() {
    let (capsule, outside) = world();
    let now = moment("03:14:10");
    let alarms = capsule.alarms_until(now);
    let ask =
        |service: &str, remedy| AssessRisk { alarms: alarms.clone(), now, service: id(service), remedy, terms: None };
    let damped = ask("token-exchange", limit(8)).call(&outside).await.unwrap();
    assert_eq!((damped.risk, damped.impossible.as_deref()), (Risk::Medium, None));
    assert_eq!(damped.sentence, "Set reserved concurrency of token-exchange to 8 (90 now)");
    let stopped = ask("token-exchange", limit(0)).call(&outside).await.unwrap();
    assert_eq!(stopped.risk, Risk::High);
    assert_eq!(stopped.reasons, [RiskReason::Remedy("it stops every version".to_owned())]);
    let elsewhere = ask("sessions", limit(8)).call(&outside).await.unwrap();
    assert_eq!((elsewhere.saw, elsewhere.risk), (None, Risk::High));
    assert!(elsewhere.reasons.contains(&RiskReason::Unread) && elsewhere.impossible.is_some());
    assert!(elsewhere.gaps.iter().any(|gap| gap.wanted.contains("token-exchange")), "{:?}", elsewhere.gaps);
    let unknown = ask("nobody", limit(8)).call(&outside).await.unwrap_err();
    assert!(matches!(unknown, ToolError::Arguments { ref path, .. } if path == "service"), "{unknown}");
}

#[tokio::test]
async fn recovery_of_a_given_remedy_is_told_or_why_not() {
    let (capsule, outside) = world();
    let now = moment("03:16:10");
    let alarms = capsule.alarms_until(now);
    let ask = |service: &str, remedy| PredictRecovery {
        alarms: alarms.clone(),
        now,
        service: id(service),
        remedy,
        terms: None,
    };
    let damped = ask("token-exchange", limit(8)).call(&outside).await.unwrap();
    assert_eq!(damped.recovery.returns[0].service, id("token-exchange"));
    let louder = LogLevel { function: "token-exchange".to_owned(), level: "DEBUG".to_owned(), minutes: 30 };
    let louder = ask("token-exchange", Remedy::LogLevel(louder)).call(&outside).await.unwrap();
    assert_eq!(louder.recovery.because, Some(Unsaid::OnlySeen));
    assert!(louder.impossible.is_some(), "version 118 keeps its log level");
    let raised = ask("token-exchange", limit(200)).call(&outside).await.unwrap();
    assert_eq!(raised.recovery.because, Some(Unsaid::StillWaits { callee: id("user-pool") }));
}

#[tokio::test]
async fn tools_are_called_by_name_and_nobody_sets_the_terms() {
    let (capsule, outside) = world();
    let now = moment("03:14:10");
    let names: Vec<&str> = TOOLS.iter().map(|entry| entry.spec.name).collect();
    let all = ["suggest_remediations", "assess_risk", "predict_recovery", "execute_remediation", "get_plan_status"];
    assert_eq!(names, all);
    let arguments = json!({ "alarms": capsule.alarms_until(now), "now": now });
    let told = TOOLS[0].call(&outside, arguments.clone()).await.unwrap();
    let typed = serde_json::to_value(suggested("03:14:10", None).await).unwrap();
    assert_eq!(told, typed);
    let mut cheating = arguments;
    cheating["terms"] = json!({});
    let refused = TOOLS[0].call(&outside, cheating).await.unwrap_err();
    assert!(matches!(refused, ToolError::Arguments { .. }), "{refused}");
}

/// A deployment that nothing tells of settings can change none.
#[tokio::test]
async fn without_levers_the_gap_is_told_and_watching_stays() {
    let (capsule, outside) = world();
    let unconnected = crate::declared::Unconnected { remedy: "a setting".to_owned() };
    let outside = Outside { levers: Arc::new(unconnected), ..outside };
    let now = moment("03:16:10");
    let told =
        SuggestRemediations { alarms: capsule.alarms_until(now), now, terms: None }.call(&outside).await.unwrap();
    assert_eq!(told.gaps.iter().filter(|gap| gap.wanted == "settings").count(), 1);
    let remedies: Vec<_> =
        told.proposals.iter().map(|proposal| proposal.remedy().map(|remedy| remedy.spec().name)).collect();
    assert_eq!(remedies, [None]);
    assert!(told.proposals[0].why.iter().any(|why| why.ground == Ground::Baseline));
}

/// What a capsule says of a target stands for what is usual of the service, and nobody is handed what is another's.
#[tokio::test]
async fn the_world_tells_what_can_be_changed_about_a_service() {
    #[track_caller]
    fn check(found: &[Lever], expected: &[&str]) {
        let told: Vec<String> = found.iter().map(|lever| lever.target.to_string()).collect();
        assert_eq!(told, expected);
        assert!(found.iter().all(|lever| lever.unread.is_empty()));
    }
    let (capsule, outside) = world();
    let traced = "AWS::XRay::SamplingRule Default";
    for (service, expected) in [
        (
            "token-exchange",
            &["AWS::Lambda::Alias token-exchange:live", "AWS::Lambda::Function token-exchange", traced][..],
        ),
        ("authorizer", &["AWS::Lambda::Function auth-authorizer", traced]),
        ("billing-export", &["AWS::Lambda::Function nightly-export", traced]),
        ("sessions", &["AWS::DynamoDB::Table sessions", traced]),
        ("user-pool", &[traced]),
    ] {
        let service = capsule.topology.service(&id(service)).unwrap();
        check(&outside.levers.levers(service).await.unwrap(), expected);
    }
}

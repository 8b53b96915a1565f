//! One kind of evidence at a time, and what is proposed for it.

use super::{at, blaming, claimed, id, lever, levers, lines, meets, propose, seen, situation};
use crate::context::Situation;
use crate::model::{
    Alarm, AlarmState, Change, ChangeKind, Claim, Cost, CutEdge, EvidenceId, Gap, Isolation, IsolationReason,
    IsolationRemedy, Limit, Measure, Outlook, Risk, RiskReason, Series, Suspect, Verdict,
};
use crate::ports::Lever;
use crate::recovery::prices::Prices;
use crate::recovery::propose::{Act, Ground, Proposal, Trigger, Worse};
use crate::recovery::remedy::{InputSchema, InputType, Property, PropertyType, Remedy, RunbookKind, RunbookSpec};
use crate::recovery::{OwnRunbook, Past, Terms};
use std::collections::{BTreeMap, BTreeSet};

const FUNCTION: &str = "f:AWS::Lambda::Function";

fn with(situation: &Situation, verdict: &Verdict, told: &[(&str, &str)], terms: &Terms) -> Vec<Proposal> {
    propose(situation, verdict, &seen(situation, verdict), &levers(told), terms)
}

/// What is proposed besides watching, a sentence each.
#[track_caller]
fn check(situation: &Situation, verdict: &Verdict, told: &[(&str, &str)], expected: &[&str]) -> Vec<Proposal> {
    let proposals = with(situation, verdict, told, &Terms::at(situation.now));
    let sentences: Vec<&str> = proposals
        .iter()
        .filter_map(
            |proposal| if let Act::Apply(action) = &proposal.act { Some(action.sentence.as_str()) } else { None },
        )
        .collect();
    assert_eq!(sentences, expected, "{}", lines(&proposals));
    assert_eq!(proposals.len(), expected.len() + 1, "watching is always there");
    proposals
}

fn cold() -> Limit {
    Limit::ColdStarts { count: 900.0, share: 0.5, added_ms: 800.0, p95_ms: None, usual_share: Some(0.001) }
}

fn busy(peak: f64) -> Limit {
    Limit::Concurrency { peak, usual: Some(10.0) }
}

fn starts_cold(peak: f64) -> (Situation, Verdict) {
    let world = situation(&format!("{FUNCTION} front>f*60"));
    let mut verdict = blaming(&[("f", 5), ("front", 6)]);
    meets(&mut verdict, "f", cold(), 0.5);
    meets(&mut verdict, "f", busy(peak), 0.3);
    (world, verdict)
}

const ALIAS: &str = "AWS::Lambda::Alias f:live | FunctionVersion=7 unreserved_concurrent_executions=900 published_at:6=2023-11-14T00:00:00Z";

#[test]
fn cold_starts_ask_for_warm_environments_as_many_as_are_needed_and_fit() {
    let (world, verdict) = starts_cold(40.0);
    let told = check(&world, &verdict, &[("f", ALIAS)], &["Keep 44 environments of f:live warm (none now)"]);
    assert_eq!(told[0].evidence(), [EvidenceId(2)]);
    assert!(told[0].score > 0.0, "{}", lines(&told));
    let few = "AWS::Lambda::Alias f:live | FunctionVersion=7 unreserved_concurrent_executions=120";
    check(&world, &verdict, &[("f", few)], &["Keep 20 environments of f:live warm (none now)"]);
    let enough = "AWS::Lambda::Alias f:live | FunctionVersion=7 unreserved_concurrent_executions=900 \
                  ProvisionedConcurrentExecutions=50";
    check(&world, &verdict, &[("f", enough)], &[]);
    let latest = "AWS::Lambda::Alias f:live | FunctionVersion=$LATEST unreserved_concurrent_executions=900";
    check(&world, &verdict, &[("f", latest)], &[]);
    check(&world, &verdict, &[("f", ALIAS), ("f", "AWS::Lambda::Alias f:next | FunctionVersion=8")], &[]);
    check(&world, &verdict, &[], &[]);
    let (world, verdict) = starts_cold(5_000.0);
    check(&world, &verdict, &[("f", ALIAS)], &["Keep 800 environments of f:live warm (none now)"]);
}

#[test]
fn a_storm_is_damped_where_the_usual_is_known() {
    let mut world = situation(&format!("{FUNCTION} front>f*600 f>store*600"));
    let mut verdict = blaming(&[("store", 5)]);
    let storm = Limit::RetryStorm { callee: id("store"), amplification: 3.0, usual: None };
    meets(&mut verdict, "f", storm, 0.66);
    let function = "AWS::Lambda::Function f | unreserved_concurrent_executions=900";
    check(&world, &verdict, &[("f", function)], &[]);
    // 600 a minute of half a second each are five at once.
    let flat = |measure, value| Series {
        service: id("f"),
        measure,
        start: at(-1_000),
        step_s: 60,
        values: vec![Some(value); 1_010],
    };
    world.series = Some(vec![flat(Measure::Requests, 600.0), flat(Measure::Latency, 0.5)]);
    let told = check(&world, &verdict, &[("f", function)], &["Set reserved concurrency of f to 5 (none now)"]);
    let Act::Apply(action) = &told[0].act else { panic!("{told:?}") };
    assert_eq!(action.expectation.as_ref().unwrap().service, id("store"), "the callee's requests fall");
    let limited = "AWS::Lambda::Function f | unreserved_concurrent_executions=900 ReservedConcurrentExecutions=4";
    check(&world, &verdict, &[("f", limited)], &[]);
}

/// An outlook whose cut is worth it, and consists of these edges: caller, callee, remedy, requests a minute.
fn cutting(situation: &Situation, verdict: &Verdict, cut: &[(&str, &str, IsolationRemedy, f64)]) -> Outlook {
    let mut outlook = seen(situation, verdict);
    let edge = |(caller, callee, remedy, rate): &(&str, &str, IsolationRemedy, f64)| CutEdge {
        caller: id(caller),
        callee: id(callee),
        remedy: remedy.clone(),
        requests_per_min: Some(*rate),
        evidence: vec![EvidenceId(1)],
    };
    outlook.isolation = Isolation {
        cut: cut.iter().map(edge).collect(),
        recovers: verdict.affected.iter().skip(1).map(|sick| sick.service.clone()).collect(),
        refused_per_min: None,
        refused_share: None,
        saved_per_min: None,
        worth_it: true,
        because: IsolationReason::Saves { lost_per_min: 10.0, saved_per_min: 100.0 },
    };
    outlook
}

#[track_caller]
fn check_cut(cut: &[(&str, &str, IsolationRemedy, f64)], told: &[(&str, &str)], expected: &[&str]) -> Vec<Proposal> {
    let world = situation("q:AWS::SQS::Queue w:AWS::Lambda::Function b:AWS::Events::EventBus sick>x q~w w>sick b~w");
    let verdict = blaming(&[("sick", 5), ("w", 6)]);
    let mut outlook = cutting(&world, &verdict, cut);
    let told = levers(told);
    let proposals = propose(&world, &verdict, &outlook, &told, &Terms::at(world.now));
    let sentences: Vec<&str> = proposals
        .iter()
        .filter_map(
            |proposal| if let Act::Apply(action) = &proposal.act { Some(action.sentence.as_str()) } else { None },
        )
        .collect();
    assert_eq!(sentences, expected, "{}", lines(&proposals));
    outlook.isolation.worth_it = false;
    let kept = propose(&world, &verdict, &outlook, &told, &Terms::at(world.now));
    assert_eq!(kept.len(), 1, "a cut that is not worth it is not proposed: {}", lines(&kept));
    proposals
}

const MAPPING: &str = "8f9e8d7c-6b5f-4e3d-9c2b-1a0f9e8d7c6b";

#[test]
fn a_cut_pauses_a_queue() {
    let pause = || IsolationRemedy::PauseEventSource { source: id("q"), function: id("w") };
    let sentence = format!("Pause event source mapping {MAPPING}");
    let named =
        format!("AWS::Lambda::EventSourceMapping {MAPPING} | State=Enabled EventSourceArn=arn:aws:sqs:eu-west-1:1:q");
    let other = named.replace("8f9e", "0000").replace(":1:q", ":1:another");
    let told = check_cut(&[("q", "w", pause(), 900.0)], &[("w", &named), ("w", &other)], &[&sentence]);
    assert!(told[0].worse.contains(&Worse::Backlog { source: id("q") }));
    check_cut(&[("q", "w", pause(), 900.0)], &[("w", &other)], &[]);
    let paused = named.replace("Enabled", "Disabled");
    check_cut(&[("q", "w", pause(), 900.0)], &[("w", &paused)], &[]);
}

#[test]
fn a_cut_disables_a_rule_or_limits_a_function() {
    let disable = || IsolationRemedy::DisableRule { rule: id("b") };
    let rule = "AWS::Events::Rule b:every-order | State=ENABLED";
    let limit = |concurrency| IsolationRemedy::ReservedConcurrency { function: id("w"), concurrency };
    let function = "AWS::Lambda::Function w | unreserved_concurrent_executions=900";
    let told = check_cut(
        &[("b", "w", disable(), 100.0), ("w", "sick", limit(Some(7)), 300.0)],
        &[("b", rule), ("w", function)],
        &["Set reserved concurrency of w to 7 (none now)", "Disable rule every-order of bus b"],
    );
    assert!(told[0].worse.contains(&Worse::Alone { others: vec![id("b")] }), "{}", lines(&told));
    let shares: Vec<f64> = told
        .iter()
        .filter_map(|proposal| match &proposal.why[0].ground {
            Ground::Cut { share, .. } => Some(*share),
            Ground::AtLimit(_)
            | Ground::GuiltyDeploy { .. }
            | Ground::TasksFull { .. }
            | Ground::OnlyFollow { .. }
            | Ground::Unseen { .. }
            | Ground::Declared
            | Ground::NoCause
            | Ground::NothingSuffers
            | Ground::Baseline => None,
        })
        .collect();
    assert_eq!(shares, [0.75, 0.25]);
    check_cut(&[("w", "sick", limit(None), 300.0)], &[("w", function)], &[]);
    let owned = format!("{rule} ManagedBy=states.amazonaws.com");
    check_cut(&[("b", "w", disable(), 100.0)], &[("b", &owned)], &[]);
}

fn guilty(kind: ChangeKind) -> Verdict {
    let mut verdict = blaming(&[("f", 5), ("front", 6)]);
    let change = Change {
        at: at(4),
        service: id("f"),
        kind,
        summary: "version 6 → 7".to_owned(),
        by: None,
        commit: None,
        link: None,
        error_code: None,
    };
    verdict.evidence.push(claimed(2, Claim::Changed { change }));
    verdict.changes = vec![Suspect { evidence: EvidenceId(2), likelihood: 0.9, reasons: Vec::new() }];
    verdict.guilty = Some(EvidenceId(2));
    verdict
}

#[test]
fn a_guilty_deployment_is_rolled_back_to_the_one_before() {
    let world = situation(&format!("{FUNCTION} front>f*60"));
    let verdict = guilty(ChangeKind::Deploy);
    let back = "Roll f:live back from version 7 to version 6";
    let told = check(&world, &verdict, &[("f", ALIAS)], &[back]);
    assert_eq!((told[0].benefit, &told[0].why[0].ground), (1.0, &Ground::GuiltyDeploy { likelihood: 0.9 }));
    let service = "AWS::ECS::Service shop:f | TaskDefinition=f:12 DesiredCount=4 task_definition_status:f:11=ACTIVE \
                   task_definition_status:f:10=ACTIVE task_definition_status:f:9=INACTIVE";
    check(&world, &verdict, &[("f", service)], &["Roll service f of cluster shop back from f:12 to f:11"]);
    let first = "AWS::Lambda::Alias f:live | FunctionVersion=1 published_at:1=2023-11-14T00:00:00Z";
    check(&world, &verdict, &[("f", first)], &[]);
    let shifting = "AWS::Lambda::Alias f:live | FunctionVersion=6 RoutingConfig={\"7\":0.5} published_at:6=2023-11-14T00:00:00Z \
                    published_at:7=2023-11-14T22:00:00Z";
    let told = check(&world, &verdict, &[("f", shifting)], &["Roll f:live back from version 6 to version 6"]);
    assert!(lines(&told).contains("high"), "its traffic is split: {}", lines(&told));
    check(&world, &guilty(ChangeKind::Configuration), &[("f", ALIAS)], &[]);
    let mut innocent = guilty(ChangeKind::Deploy);
    innocent.guilty = None;
    check(&world, &innocent, &[("f", ALIAS)], &[]);
}

#[test]
fn a_table_that_refuses_gets_more_of_what_it_refuses() {
    let mut world = situation("tab:AWS::DynamoDB::Table front>tab*600");
    let mut verdict = blaming(&[("tab", 5), ("front", 6)]);
    meets(&mut verdict, "tab", Limit::Throttles { per_min: 300.0, share: Some(0.5), usual: Some(0.0) }, 0.5);
    let table = "AWS::DynamoDB::Table tab | BillingMode=PROVISIONED ReadCapacityUnits=100 WriteCapacityUnits=50 table_status=ACTIVE";
    let both = "Raise table tab: ReadCapacityUnits to 240 (100 now), WriteCapacityUnits to 120 (50 now)";
    check(&world, &verdict, &[("tab", table)], &[both]);
    world.series = Some(vec![Series {
        service: id("tab"),
        measure: Measure::Other("AWS/DynamoDB/WriteThrottleEvents:Sum".to_owned()),
        start: at(0),
        step_s: 60,
        values: vec![Some(0.0), None, Some(0.0), Some(0.0), Some(0.0), Some(40.0), Some(300.0)],
    }]);
    check(&world, &verdict, &[("tab", table)], &["Raise table tab: WriteCapacityUnits to 120 (50 now)"]);
    let unlimited = "AWS::DynamoDB::Table tab | BillingMode=PAY_PER_REQUEST table_status=ACTIVE";
    check(&world, &verdict, &[("tab", unlimited)], &[]);
    let mut hot = blaming(&[("tab", 5), ("front", 6)]);
    meets(&mut hot, "tab", Limit::HotPartition { per_min: 300.0, table_use: Some(0.2) }, 0.5);
    let told = check(&world, &hot, &[("tab", table)], &["Raise table tab: WriteCapacityUnits to 100 (50 now)"]);
    assert!(lines(&told).contains("HotKey"), "{}", lines(&told));
}

#[test]
fn full_tasks_get_company_within_what_scales_them() {
    let mut world = situation("s:AWS::ECS::Service front>s*600");
    let verdict = blaming(&[("s", 5), ("front", 6)]);
    world.series = Some(vec![Series {
        service: id("s"),
        measure: Measure::Other("AWS/ECS/CPUUtilization:Maximum".to_owned()),
        start: at(0),
        step_s: 60,
        values: vec![Some(96.0); 10],
    }]);
    let service = "AWS::ECS::Service shop:s | DesiredCount=5";
    check(&world, &verdict, &[("s", service)], &["Set the count of service s of cluster shop to 8 (5 now)"]);
    let bounded = "AWS::ECS::Service shop:s | DesiredCount=5 autoscaling_max=6";
    check(&world, &verdict, &[("s", bounded)], &["Set the count of service s of cluster shop to 6 (5 now)"]);
    world.series.as_mut().unwrap()[0].values = vec![Some(50.0); 10];
    check(&world, &verdict, &[("s", service)], &[]);
}

#[test]
fn what_is_dark_at_the_cause_is_lit_for_a_while() {
    let mut world = situation(&format!("{FUNCTION} front>f*60"));
    let mut verdict = blaming(&[("f", 5), ("front", 6)]);
    let function = "AWS::Lambda::Function f | LogFormat=JSON unreserved_concurrent_executions=900";
    let sampling = "AWS::XRay::SamplingRule Default | FixedRate=0.05";
    let told = [("f", function), ("f", sampling)];
    check(&world, &verdict, &told, &[]);
    let gap = |wanted: &str| Gap { wanted: wanted.to_owned(), because: String::new(), remedy: None };
    verdict.gaps = vec![gap("logs of g, front"), gap("metrics of f")];
    check(&world, &verdict, &told, &[]);
    verdict.gaps = vec![gap("logs"), gap("topology from traces")];
    let both = [
        "Raise the log level of f from INFO to DEBUG for 30 minutes",
        "Trace 50 % of the requests of sampling rule Default for 30 minutes",
    ];
    let found = check(&world, &verdict, &told, &both);
    assert!(found.iter().all(|proposal| proposal.score >= 0.0), "{}", lines(&found));
    verdict.gaps = Vec::new();
    world.logs = Some(Vec::new());
    check(&world, &verdict, &told, &both[..1]);
}

fn alarm(name: &str, minute: i64, state: AlarmState) -> Alarm {
    Alarm::named(name, state, at(minute))
}

#[test]
fn only_alarms_that_follow_are_muted() {
    let mut world = situation("front>mid*60 mid>sick*60 other>sick*60 sick>below*60");
    let verdict = blaming(&[("sick", 5), ("mid", 6), ("front", 7), ("below", 8)]);
    let fires = AlarmState::Alarm;
    world.alarms = vec![
        alarm("front-5xx", 7, fires),
        alarm("mid-5xx", 6, fires),
        alarm("sick-errors", 5, fires),
        alarm("below-cpu", 8, fires),
        alarm("other-disk", 7, fires),
        alarm("unplaced", 7, fires),
        alarm("mid-late", 6, fires),
        alarm("mid-late", 8, AlarmState::Ok),
        alarm("front-early", 2, fires),
        Alarm { muted: true, ..alarm("front-quiet", 7, fires) },
    ];
    let told = check(&world, &verdict, &[], &["Mute the alarm front-5xx and one other for 60 minutes"]);
    assert_eq!(told[0].why[0].ground, Ground::OnlyFollow { alarms: 2, firing: 8 });
    let mute = told[0].remedy().unwrap();
    let rule = Lever {
        target: mute.target(),
        reading: crate::model::Reading {
            settings: mute.entry().wants(&crate::model::Reading::default()),
            revision: None,
        },
        unread: BTreeSet::new(),
    };
    let known = BTreeMap::from([(id("sick"), vec![rule])]);
    let again = propose(&world, &verdict, &seen(&world, &verdict), &known, &Terms::at(world.now));
    assert_eq!(again.len(), 1, "what is muted already is not muted again: {}", lines(&again));
}

fn own(services: &[&str], kinds: &[&str]) -> OwnRunbook {
    let text = Property { kind: PropertyType::String, description: None, one_of: None, minimum: None, maximum: None };
    let spec = RunbookSpec {
        name: "flush".to_owned(),
        about: "Flushes the cache.".to_owned(),
        kind: RunbookKind::Automation("Flush".to_owned()),
        risk: Risk::Low,
        inverse: None,
        input: InputSchema {
            kind: InputType::Object,
            properties: BTreeMap::from([("target".to_owned(), text)]),
            required: BTreeSet::from(["target".to_owned()]),
        },
    };
    OwnRunbook {
        services: services.iter().map(|name| id(name)).collect(),
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        input: BTreeMap::from([("target".to_owned(), "{service}".to_owned())]),
        reading: spec.reading(3, None),
        spec,
    }
}

#[test]
fn runbooks_are_for_whom_they_are_declared() {
    let world = situation("d:AWS::RDS::DBInstance front>d*60");
    let verdict = blaming(&[("d", 5), ("front", 6)]);
    #[track_caller]
    fn offered(world: &Situation, verdict: &Verdict, runbook: OwnRunbook, expected: Option<&str>) -> Vec<Proposal> {
        let terms = Terms { runbooks: vec![runbook], ..Terms::at(world.now) };
        let told = with(world, verdict, &[], &terms);
        let found = told.iter().find_map(|proposal| match &proposal.act {
            Act::Apply(action) => Some(action.sentence.as_str()),
            Act::Watch { .. } => None,
        });
        assert_eq!(found, expected, "{}", lines(&told));
        told
    }
    let run = Some("Run runbook flush with target = d");
    offered(&world, &verdict, own(&["d"], &[]), run);
    let told = offered(&world, &verdict, own(&[], &["AWS::RDS::DBInstance"]), run);
    let Some(Act::Apply(action)) = told.iter().map(|proposal| &proposal.act).find(|act| matches!(act, Act::Apply(_)))
    else {
        panic!("{told:?}")
    };
    assert_eq!(action.risk, Risk::High, "no inverse is declared");
    assert!(action.risk_reasons.contains(&RiskReason::Irreversible));
    offered(&world, &verdict, own(&["front"], &["AWS::Lambda::Function"]), None);
    let empty = OwnRunbook { input: BTreeMap::new(), ..own(&["d"], &[]) };
    offered(&world, &verdict, empty, None);
}

#[test]
fn watching_says_what_would_have_to_be_seen() {
    let world = situation("front>f*60");
    let quiet = check(&world, &blaming(&[]), &[], &[]);
    assert_eq!(quiet[0].act, Act::Watch { until: vec![Trigger::AnySuffers] });
    let mut puzzled = blaming(&[("f", 5)]);
    puzzled.answer = crate::model::Answer::NoCauseFound;
    puzzled.gaps = vec![Gap { wanted: "logs".to_owned(), because: String::new(), remedy: None }];
    let told = check(&world, &puzzled, &[], &[]);
    let Act::Watch { until } = &told[0].act else { panic!("{told:?}") };
    assert!(
        until.contains(&Trigger::CauseFound) && until.contains(&Trigger::Seen { wanted: "logs".to_owned() }),
        "{until:?}"
    );
    let told = check(&world, &blaming(&[("f", 5)]), &[], &[]);
    let Act::Watch { until } = &told[0].act else { panic!("{told:?}") };
    assert!(
        matches!(&until[..], [Trigger::Persists { service, at: by, .. }, ..] if *service == id("f") && *by == at(15)),
        "{until:?}"
    );
}

#[test]
fn circumstances_raise_risk_one_by_one_and_the_past_moves_the_odds() {
    let (world, verdict) = starts_cold(40.0);
    let prices = Prices { lambda_provisioned_gb_s: Some(0.000_004), ..Prices::default() };
    let priced = format!("{ALIAS} memory_size=512");
    let terms = Terms { prices, ..Terms::at(world.now) };
    #[track_caller]
    fn first(told: &[Proposal]) -> (f64, Risk, Vec<RiskReason>, Cost) {
        let Act::Apply(action) = &told.iter().find(|proposal| proposal.remedy().is_some()).unwrap().act else {
            panic!()
        };
        let probability = told.iter().find(|proposal| proposal.remedy().is_some()).unwrap().probability;
        (probability, action.risk, action.risk_reasons[1..].to_vec(), action.cost)
    }
    let (before, risk, reasons, cost) = first(&with(&world, &verdict, &[("f", &priced)], &terms));
    assert_eq!((risk, reasons), (Risk::Medium, vec![]));
    let Cost::CentsPerMonth(cents) = cost else { panic!("{cost:?}") };
    let limited = Terms { cost_limit_cents: Some(cents), ..terms.clone() };
    assert_eq!(
        first(&with(&world, &verdict, &[("f", &priced)], &limited)).1,
        Risk::Medium,
        "at the limit is within it"
    );
    let limited = Terms { cost_limit_cents: Some(cents - 1), ..terms.clone() };
    let (.., risk, reasons, _) = first(&with(&world, &verdict, &[("f", &priced)], &limited));
    assert_eq!((risk, reasons), (Risk::High, vec![RiskReason::Cost]));
    let past = |kept, undone, failed| {
        let name = "provisioned-concurrency";
        let past = Past { tried: kept + undone + failed, kept, undone, failed, ..Past::none(name, id("f")) };
        Terms { past: vec![past, Past { failed: 9, ..Past::none(name, id("front")) }], ..terms.clone() }
    };
    let (better, risk, ..) = first(&with(&world, &verdict, &[("f", &priced)], &past(5, 0, 0)));
    assert!(better > before && risk == Risk::Medium, "{better} {before}");
    let (worse, risk, ..) = first(&with(&world, &verdict, &[("f", &priced)], &past(0, 5, 0)));
    assert!(worse < before && risk == Risk::Medium, "{worse} {before}");
    let (_, risk, reasons, _) = first(&with(&world, &verdict, &[("f", &priced)], &past(0, 0, 2)));
    assert_eq!((risk, reasons), (Risk::High, vec![RiskReason::FailedBefore { times: 2 }]));
    let partly = Lever { unread: BTreeSet::from(["RoutingConfig".to_owned()]), ..lever(&priced) };
    let known = BTreeMap::from([(id("f"), vec![partly])]);
    let told = propose(&world, &verdict, &seen(&world, &verdict), &known, &terms);
    assert_eq!(first(&told).2, [RiskReason::Unread]);
    let many = " c0>front*1 c1>front*1 c2>front*1 c3>front*1 c4>front*1 c5>front*1 c6>front*1 c7>front*1 c8>front*1";
    let crowded = situation(&format!("{FUNCTION} front>f*60{many}"));
    let (_, risk, reasons, _) = first(&with(&crowded, &verdict, &[("f", &priced)], &terms));
    assert_eq!((risk, reasons), (Risk::High, vec![RiskReason::Reach { services: 9 }]));
}

#[test]
fn one_target_is_proposed_once_with_everything_that_speaks_for_it() {
    let (world, mut verdict) = starts_cold(40.0);
    meets(&mut verdict, "f", Limit::Spillover { per_min: 9.0, share: Some(0.1), utilization: None }, 0.1);
    let told = check(&world, &verdict, &[("f", ALIAS)], &["Keep 44 environments of f:live warm (none now)"]);
    assert_eq!(told[0].evidence(), [EvidenceId(2), EvidenceId(4)]);
    assert!(matches!(told[0].remedy(), Some(Remedy::ProvisionedConcurrency(_))));
}

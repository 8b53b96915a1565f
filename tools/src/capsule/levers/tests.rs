//! The embedded actuator: what it reads, and that a target is only ever changed from what was seen to what is wanted.

use super::*;
use crate::capsule::{AUTH_CASCADE, CapsuleError, TargetSettings, parse};
use crate::recovery::remedy::{Remedy, Runbook};
use proptest::prelude::*;
use std::sync::LazyLock;

static CAPSULE: LazyLock<Capsule> = LazyLock::new(|| parse(AUTH_CASCADE.as_bytes()).unwrap());

/// The auth cascade with an archive, an alias that is warm, and a declared runbook.
fn levers() -> Levers {
    let mut capsule = CAPSULE.clone();
    let archive = ("State".to_owned(), "ENABLED".to_owned());
    let target = Target::new(ARCHIVE, "logins");
    capsule.settings.push(TargetSettings { target, settings: [archive].into(), revision: None });
    let warm = ("ProvisionedConcurrentExecutions".to_owned(), "30".to_owned());
    let target = Target::new(ALIAS, "nightly-export:live");
    capsule.settings.push(TargetSettings { target, settings: [warm].into(), revision: None });
    let runbook = r#"{"name": "flush", "about": "Flushes the cache", "kind": {"function": "flush"}, "risk": "low", "input": {"type": "object"}}"#;
    Levers::of(&capsule, &[serde_json::from_str(runbook).unwrap()])
}

fn remedy(json: &str) -> Remedy {
    serde_json::from_str(json).unwrap()
}

fn told(found: Result<Reading, ActError>) -> String {
    match found {
        Ok(Reading { settings, revision }) => {
            let settings: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{} @{}", settings.join(" "), revision.unwrap_or_default()).trim_start().to_owned()
        }
        Err(ActError::Refused(because)) => format!("refused: {because}"),
        Err(ActError::Drifted(found)) => format!("drifted: {}", told(Ok(found))),
        Err(ActError::Unknown(because)) => format!("unknown: {because}"),
    }
}

#[track_caller]
fn reads(kind: &str, name: &str, expected: &str) {
    assert_eq!(told(levers().board().read(&Target::new(kind, name))), expected);
}

#[test]
fn targets_are_what_the_capsule_or_aws_says() {
    // 1,000 less 90 reserved and 30 provisioned elsewhere.
    reads(
        FUNCTION,
        "token-exchange",
        "LogFormat=JSON MemorySize=512 ReservedConcurrentExecutions=90 invoked=118 unreserved_concurrent_executions=880 \
         @7c1d4a52-0f5e-4f0b-9a55-0f1c2b7a9e10",
    );
    reads(
        ALIAS,
        "token-exchange:live",
        "FunctionVersion=118 memory_size=512 published_at:116=2026-11-03T09:41:30Z published_at:117=2026-11-17T14:20:05Z \
         published_at:118=2026-11-20T02:31:40Z reserved_concurrent_executions=90 unreserved_concurrent_executions=880 \
         @2c0f2bd4-1b1a-4a53-8d0a-3f2a1b0c9d8e",
    );
    let export = "LogFormat=Text MemorySize=1024 provisioned_concurrent_executions=30 unreserved_concurrent_executions=880 \
                  @0a9e8d7c-6b5f-4e3d-9c2b-1a0f9e8d7c6b";
    reads(FUNCTION, "nightly-export", export);
    reads(FUNCTION, "authorizer", "LogFormat=Text unreserved_concurrent_executions=880 @0");
    reads("AWS::DynamoDB::Table", "sessions", "BillingMode=PAY_PER_REQUEST table_status=ACTIVE @0");
    reads("AWS::XRay::SamplingRule", "Default", "FixedRate=0.05 ReservoirSize=1 @0");
    reads("Clarity::Capsule", "capture", "Captures=0 @0");
    reads(MUTE_RULE, "clarity-0123456789abcdef", "@0");
    reads(ARCHIVE, "logins:clarity-0123456789abcdef", "State=ENABLED @0");
    reads(
        "Clarity::Runbook",
        "flush",
        r#"Function=flush InputSchema={"type":"object","properties":{}} Risk=low Runs=0 @0"#,
    );
    let nothing = |target| format!("refused: the capsule `auth-cascade` says nothing of {target}");
    reads(FUNCTION, "nobody", &nothing("AWS::Lambda::Function nobody"));
    reads(ARCHIVE, "nothing:clarity-0", &nothing("AWS::Events::Archive nothing:clarity-0"));
    reads("AWS::ECS::Service", "shop:checkout", &nothing("AWS::ECS::Service shop:checkout"));
}

#[test]
fn a_target_listed_twice_is_refused() {
    let mut capsule = CAPSULE.clone();
    capsule.settings.push(capsule.settings[0].clone());
    let json = crate::capsule::to_json(&capsule);
    let CapsuleError::Field { path, problem } = parse(json.as_bytes()).unwrap_err() else { panic!("another error") };
    assert_eq!((&*path, &*problem), ("settings[4].target", "this target is listed twice"));
}

/// The remedies that can be applied in the auth cascade as it comes.
fn applicable() -> Vec<Remedy> {
    [
        r#"{"trace-sampling": {"rule": "Default", "percent": 20, "minutes": 30}}"#,
        r#"{"mute-alarms": {"alarms": ["auth-prod-apigw-5xx"], "minutes": 60}}"#,
        r#"{"capsule-capture": {"minutes": 90}}"#,
        r#"{"provisioned-concurrency": {"function": "token-exchange", "alias": "live", "instances": 40}}"#,
        r#"{"reserved-concurrency": {"function": "token-exchange", "executions": 20}}"#,
        r#"{"alias-rollback": {"function": "token-exchange", "alias": "live", "version": "117"}}"#,
        r#"{"runbook": {"name": "flush", "input": {}}}"#,
    ]
    .map(remedy)
    .into()
}

/// What a plan for `remedy` would pin: what is there, and what is wanted.
#[track_caller]
fn pinned(levers: &Levers, remedy: &Remedy) -> (Target, Reading, BTreeMap<String, String>) {
    let saw = levers.board().read(&remedy.target()).unwrap();
    assert_eq!(remedy.entry().check(&saw), Ok(()));
    let wants = remedy.entry().wants(&saw);
    (remedy.target(), saw, wants)
}

#[test]
fn what_is_applied_reads_as_it_was_wanted_and_back() {
    for remedy in applicable() {
        let levers = levers();
        let (target, saw, wants) = pinned(&levers, &remedy);
        let after = levers.board().bring(&target, &saw, &wants).unwrap();
        assert_eq!(after.settings, wants, "circumstances included");
        assert_ne!(after.revision, saw.revision);
        assert_eq!(levers.board().bring(&target, &saw, &wants).unwrap(), after, "once more is once");
        assert_eq!(levers.effects(&target), 1);
        let made = Reading { settings: wants, revision: None };
        let restored = levers.board().bring(&target, &made, &saw.settings).unwrap();
        assert_eq!(restored.settings, saw.settings);
        assert_eq!(levers.board().bring(&target, &made, &saw.settings).unwrap(), restored);
        assert_eq!(levers.effects(&target), 2);
    }
}

#[test]
fn what_one_function_takes_the_others_miss() {
    let levers = levers();
    let (target, saw, wants) =
        pinned(&levers, &remedy(r#"{"reserved-concurrency": {"function": "authorizer", "executions": 500}}"#));
    levers.board().bring(&target, &saw, &wants).unwrap();
    let other = levers.board().read(&Target::new(FUNCTION, "token-exchange")).unwrap();
    assert_eq!(other.settings["unreserved_concurrent_executions"], "380");
    // That is no drift of the other one: a circumstance of it has changed, and nothing else.
    let limit = remedy(r#"{"reserved-concurrency": {"function": "token-exchange", "executions": 20}}"#);
    let before = Levers::of(&CAPSULE, &[]);
    let (target, saw, wants) = pinned(&before, &limit);
    assert_ne!(saw.settings, other.settings);
    assert!(levers.board().bring(&target, &saw, &wants).is_ok());
}

/// Limits token-exchange while `how` goes wrong; says the answer, what is there then, and how many effects there were.
#[track_caller]
fn misbehaving(how: Misbehaviour, answer: &str, there: &str, effects: u32) {
    let levers = levers();
    let limit = remedy(r#"{"reserved-concurrency": {"function": "token-exchange", "executions": 20}}"#);
    let (target, saw, wants) = pinned(&levers, &limit);
    levers.misbehave(&target, how).unwrap();
    let found = told(levers.board().bring(&target, &saw, &wants));
    assert!(found.starts_with(answer), "{found}");
    let now = levers.board().read(&target).unwrap();
    assert_eq!((&*now.settings["ReservedConcurrentExecutions"], levers.effects(&target)), (there, effects));
}

#[test]
fn it_misbehaves_on_demand() {
    misbehaving(Misbehaviour::Refuse, "refused: AWS::Lambda::Function token-exchange refuses every change", "90", 0);
    let silent = "unknown: no answer came about AWS::Lambda::Function token-exchange";
    misbehaving(Misbehaviour::TimeOut { effect: false }, silent, "90", 0);
    misbehaving(Misbehaviour::TimeOut { effect: true }, silent, "20", 1);
    misbehaving(Misbehaviour::HalfApply, silent, "55", 1);
    misbehaving(Misbehaviour::Drift, "drifted: Description=changed by somebody else, write 1", "90", 0);
}

/// Limits token-exchange while a call hangs, again and again; says what is there each time that somebody hangs.
#[track_caller]
fn hanging(how: &[Misbehaviour], expected: &[(&str, u32)]) {
    let levers = levers();
    let limit = remedy(r#"{"reserved-concurrency": {"function": "token-exchange", "executions": 20}}"#);
    let (target, saw, wants) = pinned(&levers, &limit);
    for how in how {
        levers.misbehave(&target, *how).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let seen: Vec<(String, u32)> = runtime.block_on(async {
        let mut seen = Vec::new();
        for _ in how {
            // Whoever hangs is killed as soon as that is noticed.
            tokio::select! {
                answer = levers.bring(&target, &saw, &wants) => panic!("it was answered: {}", told(answer)),
                () = levers.hangs() => {}
            }
            let now = levers.board().read(&target).unwrap();
            seen.push((now.settings["ReservedConcurrentExecutions"].clone(), levers.effects(&target)));
        }
        let after = levers.bring(&target, &saw, &wants).await.unwrap();
        assert_eq!((after.settings, levers.effects(&target)), (wants.clone(), 1), "nobody hangs any more");
        assert!(levers.hanging.try_acquire().is_err(), "each call that hangs is told once");
        seen
    });
    let seen: Vec<(&str, u32)> = seen.iter().map(|(limit, effects)| (&**limit, *effects)).collect();
    assert_eq!(seen, expected);
}

#[test]
fn who_hangs_is_noticed_and_answers_nobody() {
    let (before, after) = (Misbehaviour::Hang { effect: false }, Misbehaviour::Hang { effect: true });
    hanging(&[before], &[("90", 0)]);
    hanging(&[after], &[("20", 1)]);
    hanging(&[before, before, after, after], &[("90", 0), ("90", 0), ("20", 1), ("20", 1)]);
}

#[test]
fn a_revision_that_moved_is_drift_even_where_the_settings_came_back() {
    let levers = levers();
    let back = remedy(r#"{"alias-rollback": {"function": "token-exchange", "alias": "live", "version": "117"}}"#);
    let (target, saw, wants) = pinned(&levers, &back);
    for version in ["119", "118"] {
        levers.change(&target, "FunctionVersion", Some(version)).unwrap();
    }
    let found = told(levers.board().bring(&target, &saw, &wants));
    assert!(found.starts_with("drifted: FunctionVersion=118") && found.ends_with("9d8e.2"), "{found}");
    assert_eq!(levers.effects(&target), 0);
}

#[test]
fn a_half_is_neither_end() {
    #[track_caller]
    fn check(from: &[(&str, &str)], to: &[(&str, &str)], expected: &[(&str, &str)]) {
        let map = |of: &[(&str, &str)]| of.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        assert_eq!(halfway(&map(from), &map(to)), map(expected));
    }
    check(&[], &[("A", "20")], &[("A", "10")]);
    check(&[("A", "20")], &[], &[("A", "10")]);
    check(&[("A", "1")], &[("A", "2")], &[("A", "1")]);
    check(&[("A", "on")], &[("A", "off")], &[("A", "on")]);
    check(&[("A", "1"), ("B", "2")], &[("A", "9")], &[("A", "9"), ("B", "2")]);
    check(&[("A", "1")], &[("B", "1"), ("C", "1")], &[]);
    check(&[("A", "1"), ("c", "x")], &[("A", "3")], &[("A", "2")]);
}

#[test]
fn a_runbook_is_run_once_a_plan() {
    let levers = levers();
    let flush = Remedy::Runbook(Runbook { name: "flush".to_owned(), input: BTreeMap::new() });
    let (target, saw, wants) = pinned(&levers, &flush);
    levers.board().bring(&target, &saw, &wants).unwrap();
    levers.board().bring(&target, &saw, &wants).unwrap();
    assert_eq!(levers.effects(&target), 1);
    let (target, saw, wants) = pinned(&levers, &flush);
    levers.board().bring(&target, &saw, &wants).unwrap();
    assert_eq!(levers.effects(&target), 2, "another plan runs it again");
}

#[derive(Clone, Debug)]
enum Step {
    Perform,
    Undo,
    Queue(Misbehaviour),
    Foreign(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let how = prop_oneof![
        Just(Misbehaviour::Refuse),
        any::<bool>().prop_map(|effect| Misbehaviour::TimeOut { effect }),
        any::<bool>().prop_map(|effect| Misbehaviour::Hang { effect }),
        Just(Misbehaviour::Drift),
        Just(Misbehaviour::HalfApply),
    ];
    let step = prop_oneof![
        3 => Just(Step::Perform),
        3 => Just(Step::Undo),
        2 => how.prop_map(Step::Queue),
        // Among them what the plan saw and what it wants.
        1 => prop::sample::select(vec![20, 90, 7]).prop_map(Step::Foreign),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    /// However performing, undoing, misbehaviour and other people interleave: an answer is true, only what was seen or made
    /// is ever changed, nothing that somebody else wrote is lost, and each change that the actuator made is counted once.
    #[test]
    fn a_target_is_only_changed_from_what_was_seen(steps in steps(), which in 0_usize..2) {
        let levers = levers();
        let remedies = [
            r#"{"reserved-concurrency": {"function": "token-exchange", "executions": 20}}"#,
            r#"{"alias-rollback": {"function": "token-exchange", "alias": "live", "version": "117"}}"#,
        ];
        let (target, saw, wants) = pinned(&levers, &remedy(remedies[which]));
        let (name, made) = (["ReservedConcurrentExecutions", "FunctionVersion"][which], Reading { settings: wants.clone(), revision: None });
        let mut writes = 0;
        for step in steps {
            let (from, to) = match step {
                Step::Queue(how) => {
                    levers.misbehave(&target, how).unwrap();
                    continue;
                }
                Step::Foreign(value) => {
                    levers.change(&target, name, Some(&value.to_string())).unwrap();
                    writes += 1;
                    continue;
                }
                Step::Perform => (&saw, &wants),
                Step::Undo => (&made, &saw.settings),
            };
            let how = levers.board().levers[&target].queued.front().copied();
            let before = levers.board().read(&target).unwrap();
            let effects = levers.effects(&target);
            let answer = levers.board().bring(&target, from, to);
            let after = levers.board().read(&target).unwrap();
            let done = levers.effects(&target) - effects;
            prop_assert!(done <= 1);
            prop_assert_eq!(done == 1, how != Some(Misbehaviour::Drift) && after != before);
            if done == 1 {
                prop_assert!(same(&before.settings, &from.settings), "it was changed from something else");
                prop_assert!(from.revision.is_none() || from.revision == before.revision);
            }
            match answer {
                Ok(found) => {
                    prop_assert!(same(&after.settings, to));
                    prop_assert_eq!(done == 0, same(&before.settings, to));
                    prop_assert_eq!(found, after.clone());
                }
                Err(ActError::Refused(_)) => prop_assert_eq!(how, Some(Misbehaviour::Refuse)),
                Err(ActError::Drifted(found)) => {
                    prop_assert!(done == 0 && !same(&after.settings, to));
                    prop_assert!(!same(&after.settings, &from.settings) || from.revision != after.revision);
                    prop_assert_eq!(found, after.clone());
                }
                Err(ActError::Unknown(_)) if done == 1 => {
                    let half = halfway(&before.settings, to);
                    prop_assert!(same(&after.settings, to) || same(&after.settings, &half));
                }
                Err(ActError::Unknown(_)) => {
                    let is_silent = matches!(how, Some(Misbehaviour::TimeOut { .. } | Misbehaviour::Hang { .. } | Misbehaviour::HalfApply));
                    prop_assert!(is_silent);
                }
            }
            writes += done + u32::from(how == Some(Misbehaviour::Drift));
            prop_assert_eq!(levers.board().levers[&target].writes, writes, "a write of somebody was lost");
        }
    }
}

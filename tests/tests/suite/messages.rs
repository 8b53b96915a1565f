//! Whatever is in the values, every message keeps Slack's rules, and says nothing it was not told to.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use blocks::plan::Who;
use bot::workspace::check;
use proptest::prelude::*;
use serde_json::json;
use tools::model::{
    Affected, Alarm, AlarmState, Answer, AuthHealth, Because, Bottleneck, Cause, Change, ChangeKind, Claim, Commit,
    Conflict, CutEdge, Delta, Drawing, EdgeMode, EdgeSource, Ended, Evidence, EvidenceId, Expected, Fact, Gap, Hop,
    HopStatus, Incident, IncidentId, Isolation, IsolationReason, IsolationRemedy, Lane, Limit, MapSummary, Measure,
    NextStep, Origin, Outlook, Prediction, Reading, Reason, Return, Risk, RiskReason, ScopeId, ServiceId, Shared,
    Similar, Source, Stage, Stated, Suspect, Symptom, Unseen, Verdict, Via, Window,
};
use tools::recovery::plan::{PlanFact, PlanState, UndoneBy};
use tools::recovery::policy::PersonId;
use tools::recovery::propose::{Act, Action, Ground, LIFETIME, Proposal, Why, Worse, pin};
use tools::recovery::remedy::{MuteAlarms, Remedy};
use tools::recovery::{Recovery, Remediations, Terms};
use tools::stats::stats;

/// Text as an attacker or an accident writes it.
fn wild() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z-]{1,20}",
        "\\PC{0,80}",
        Just("<!channel> <@U0MINA> *bold* `code` | <https://evil.example|click>".to_owned()),
        Just("x".repeat(5000)),
        Just("🚨".repeat(2000)),
        Just("\u{202e}\u{200b}\n\n```\n".to_owned()),
    ]
}

fn time() -> impl Strategy<Value = jiff::Timestamp> {
    (0_i64..4_000_000_000).prop_map(|seconds| jiff::Timestamp::from_second(seconds).unwrap())
}

fn alarm() -> impl Strategy<Value = Alarm> {
    (wild(), time(), proptest::option::of(wild()), wild()).prop_map(|(name, changed_at, link, reason)| Alarm {
        name,
        state: AlarmState::Alarm,
        changed_at,
        account: None,
        region: None,
        metric: None,
        reason,
        description: None,
        link,
        children: Vec::new(),
        muted: false,
        source_id: None,
    })
}

/// Every kind of limit, with the same figures everywhere.
fn limits(number: f64, other: Option<f64>, callee: &ServiceId) -> [Limit; 8] {
    [
        Limit::ColdStarts { count: number, share: number, added_ms: number, p95_ms: other, usual_share: other },
        Limit::Throttles { per_min: number, share: other, usual: other },
        Limit::Concurrency { peak: number, usual: other },
        Limit::Spillover { per_min: number, share: other, utilization: other },
        Limit::RetryStorm { callee: callee.clone(), amplification: number, usual: other },
        Limit::Connections { in_use: other, usual: other, at_limit: number > 0.5, lines: 7 },
        Limit::QueueAge { age_s: number, usual_s: other },
        Limit::HotPartition { per_min: number, table_use: other },
    ]
}

/// The funnel of a verdict's services.
fn health(verdict: &Verdict) -> AuthHealth {
    let statuses = [HopStatus::Healthy, HopStatus::Slow, HopStatus::Losing, HopStatus::Unknown];
    let stages = verdict.causes.iter().zip(Stage::ALL.iter().cycle()).zip(statuses.iter().cycle());
    let figure = verdict.causes.first().map(|cause| cause.score);
    let hop = |((cause, stage), status): ((&Cause, &Stage), &HopStatus)| Hop {
        stage: *stage,
        service: cause.service.clone(),
        status: *status,
        requests_per_min: figure,
        loss: figure,
        usual_loss: figure,
        own_loss: figure,
        latency_ms: figure,
        usual_latency_ms: figure,
        added_ms: figure,
        evidence: cause.evidence.clone(),
    };
    AuthHealth {
        at: verdict.at,
        hops: stages.map(hop).collect(),
        first_unexplained: verdict.causes.last().map(|cause| cause.service.clone()),
        gaps: verdict.gaps.clone(),
        evidence: verdict.evidence.clone(),
    }
}

fn change(at: jiff::Timestamp, words: &str) -> Change {
    let commit = Commit { id: words.to_owned(), message: words.to_owned(), files: vec![words.to_owned()], diff: None };
    Change {
        at,
        service: ServiceId::new(words),
        kind: ChangeKind::Deploy,
        summary: words.to_owned(),
        by: Some(words.to_owned()),
        link: Some(words.to_owned()),
        commit: Some(commit),
        error_code: None,
    }
}

/// Every sort of reason, with the same words everywhere.
fn reasons(minutes: f64, words: &str) -> Vec<Reason> {
    let words = || words.to_owned();
    vec![
        Reason::Words { words: vec![words(); 3] },
        Reason::Before { minutes },
        Reason::After { minutes },
        Reason::Does { what: words() },
        Reason::LeadsTo { trouble: words() },
        Reason::Outside { what: words() },
        Reason::Harmless { what: words() },
    ]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    let numbers = (any::<f64>(), 0.0..=1.0_f64, proptest::option::of(0.0..1e6_f64));
    (proptest::collection::vec(wild(), 0..30), wild(), numbers, time(), any::<bool>()).prop_map(
        |(services, words, (number, share, minutes), at, found)| {
            let window = Window { from: at, to: at };
            let id = |index: usize| EvidenceId(u32::try_from(index).unwrap() + 1);
            let services: Vec<ServiceId> = services.into_iter().map(ServiceId::new).collect();
            let change = change(at, &words);
            let mut evidence: Vec<Evidence> = services
                .iter()
                .enumerate()
                .map(|(index, service)| Evidence {
                    id: id(index),
                    claim: Claim::Excess {
                        service: service.clone(),
                        measure: if found { Measure::Latency } else { Measure::Other(words.clone()) },
                        observed: number,
                        expected: number / 2.0,
                        z: number,
                        own_share: share,
                    },
                    source: Source::Query(words.clone()),
                    window,
                })
                .collect();
            let changed = id(evidence.len());
            evidence.push(Evidence {
                id: changed,
                claim: Claim::Changed { change: change.clone() },
                source: Source::Link(words.clone()),
                window,
            });
            Verdict {
                at,
                lane: Lane::ExcessFlow,
                answer: if found && !services.is_empty() { Answer::CauseFound } else { Answer::NoCauseFound },
                causes: services
                    .iter()
                    .enumerate()
                    .map(|(index, service)| Cause {
                        service: service.clone(),
                        symptom: Symptom::Faults,
                        score: number,
                        confidence: share,
                        evidence: vec![id(index)],
                    })
                    .collect(),
                affected: services
                    .iter()
                    .map(|service| Affected {
                        service: service.clone(),
                        onset: at,
                        symptom: Symptom::Latency,
                        evidence: vec![],
                    })
                    .collect(),
                path: services.clone(),
                expected: services
                    .iter()
                    .map(|service| Expected {
                        service: service.clone(),
                        through: service.clone(),
                        exposed_share: Some(share),
                        in_minutes: minutes,
                        evidence: vec![],
                    })
                    .collect(),
                changes: vec![Suspect { evidence: changed, likelihood: share, reasons: reasons(number, &words) }],
                guilty: found.then_some(changed),
                bottlenecks: services
                    .iter()
                    .flat_map(|service| {
                        limits(number, minutes, service).map(|limit| Bottleneck {
                            service: service.clone(),
                            limit,
                            severity: share,
                            evidence: vec![changed],
                        })
                    })
                    .collect(),
                gaps: vec![Gap { wanted: words.clone(), because: words.clone(), remedy: Some(words.clone()) }; 5],
                next_steps: vec![
                    NextStep::Inspect {
                        service: ServiceId::new(words.clone()),
                        measure: None,
                        link: Some(words.clone()),
                    },
                    NextStep::ReviewChange { change, evidence: changed },
                    NextStep::Warn { service: ServiceId::new(words) },
                    NextStep::Watch,
                ],
                evidence,
            }
        },
    )
}

/// What lies ahead of a verdict's services: everything that can be said, of each of them.
fn outlook(verdict: &Verdict) -> Outlook {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let evidence: Vec<EvidenceId> = verdict.evidence.iter().map(|evidence| evidence.id).take(3).collect();
    let predictions = verdict.path.iter().map(|service| Prediction {
        service: service.clone(),
        through: service.clone(),
        probability: 0.0001,
        in_minutes: Some(12.3),
        requests_per_min_at_risk: Some(1e9),
        entry_share: Some(0.01),
        path: verdict.path.clone(),
        evidence: evidence.clone(),
    });
    let cut = verdict.path.iter().flat_map(|service| {
        let (function, source) = (service.clone(), service.clone());
        let remedies = [
            IsolationRemedy::ReservedConcurrency { function: function.clone(), concurrency: None },
            IsolationRemedy::PauseEventSource { source: source.clone(), function },
            IsolationRemedy::DisableRule { rule: source },
            IsolationRemedy::Runbook { service: service.clone() },
        ];
        remedies.map(|remedy| CutEdge {
            caller: service.clone(),
            callee: service.clone(),
            remedy,
            requests_per_min: Some(7.0),
            evidence: evidence.clone(),
        })
    });
    let origin = Origin { source: EdgeSource::XRay, seen: at };
    let conflicts = verdict.path.iter().flat_map(|service| {
        let (caller, callee) = (service.clone(), service.clone());
        [
            Conflict::Mode {
                caller: caller.clone(),
                callee: callee.clone(),
                stated: vec![Stated { origin, value: EdgeMode::Async }],
            },
            Conflict::Rate {
                caller: caller.clone(),
                callee: callee.clone(),
                stated: vec![Stated { origin, value: 2.0 }],
            },
            Conflict::Unseen { caller, callee, stated_by: vec![origin], silent: origin },
            Conflict::Kind {
                service: service.clone(),
                stated: vec![(EdgeSource::Declared, service.as_str().to_owned())],
            },
        ]
    });
    let shown: Vec<Conflict> = conflicts.take(5).collect();
    let sources = vec![(EdgeSource::XRay, 3, at), (EdgeSource::Declared, 1, at)];
    Outlook {
        at,
        map: Some(MapSummary { services: 1, edges: 3, uncounted: 1, sources, conflicts: 9, shown }),
        predictions: predictions.collect(),
        unseen: verdict
            .path
            .iter()
            .map(|service| Unseen {
                service: service.clone(),
                above: service.clone(),
                probability: 0.5,
                evidence: Vec::new(),
            })
            .collect(),
        others: 3,
        otherwise: 0.01,
        isolation: Isolation {
            cut: cut.collect(),
            recovers: verdict.path.clone(),
            refused_per_min: Some(3.0),
            refused_share: Some(0.2),
            saved_per_min: Some(4.0),
            worth_it: true,
            because: IsolationReason::Saves { lost_per_min: 1.0, saved_per_min: 4.0 },
        },
        gaps: verdict.gaps.clone(),
        evidence: Vec::new(),
    }
}

fn incident(alarms: &[Alarm], verdict: Option<Verdict>, is_flood: bool) -> Incident {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let mut facts = vec![Fact::Opened { id: IncidentId(1), scope: ScopeId("prod".to_owned()) }];
    facts.extend(alarms.iter().cloned().map(|alarm| Fact::AlarmJoined {
        service: Some(ServiceId::new(alarm.reason.clone())),
        because: Because::Alike { alarm: alarm.name.clone(), after_s: -3 },
        alarm: Box::new(alarm),
        via: Via::AmazonQ,
    }));
    if is_flood {
        facts.push(Fact::FloodBegan { alarms: 3 });
    }
    if let Some(verdict) = verdict {
        let outlook = Box::new(outlook(&verdict));
        facts.extend([Fact::Investigated { verdict: Box::new(verdict) }, Fact::Predicted { outlook }]);
        let drawing =
            Drawing { file: "F0LOCAL00001".to_owned(), alt: alarms[0].name.clone(), at, story: String::new() };
        facts.push(Fact::Drawn { drawing: Box::new(drawing), told: true });
    }
    facts.into_iter().fold(None, |state, fact| Some(Incident::extend(state, at, fact).unwrap().0)).unwrap()
}

#[track_caller]
/// Everything of the incident as news.
fn news(incident: &Incident) -> Delta {
    let names = || incident.alarms.iter().map(|joined| joined.alarm.name.clone()).collect::<Vec<_>>();
    let verdict = incident.verdict.as_deref();
    let services = || verdict.map(|verdict| verdict.path.clone()).unwrap_or_default();
    Delta {
        since: incident.opened_at,
        fired: names(),
        recovered: names(),
        cause_then: services().into_iter().next_back(),
        cause_now: services().into_iter().next(),
        confidence_now: Some(0.5),
        newly_affected: services(),
        no_longer_affected: services(),
        changes: verdict.map(|verdict| verdict.changes.clone()).unwrap_or_default(),
        newly_expected: services(),
    }
}

/// The incident as a past one that resembles itself.
fn alike(incident: &Incident) -> Similar {
    let verdict = incident.verdict.as_deref();
    let services = verdict.map(|verdict| verdict.path.clone()).unwrap_or_default();
    let names = incident.alarms.iter().map(|joined| joined.alarm.name.clone()).take(4).collect::<Vec<_>>();
    let change = verdict.and_then(|verdict| verdict.change(verdict.changes.first()?.evidence)).cloned();
    Similar {
        incident: incident.id,
        began: incident.opened_at,
        likeness: 0.5,
        shared: vec![
            Shared::Services(services.iter().take(4).cloned().collect()),
            Shared::Alarms(names.clone()),
            Shared::Words(names),
        ],
        cause: services.first().cloned(),
        ended: Some(Ended { at: incident.opened_at, after: change, remedy: None }),
    }
}

/// The proposal to mute an alarm that is called so, and whatever else can be called so as well.
fn mute(words: &str) -> Proposal {
    let remedy = Remedy::MuteAlarms(MuteAlarms { alarms: vec![words.to_owned()], minutes: 60 });
    let saw = Reading { settings: [(words.to_owned(), words.to_owned())].into(), revision: Some(words.to_owned()) };
    let risk = (Risk::High, vec![RiskReason::Remedy(words.to_owned()), RiskReason::Irreversible]);
    let mut action = Action::of(remedy, saw, ServiceId::new(words), risk, &Terms::at(jiff::Timestamp::UNIX_EPOCH));
    (action.sentence, action.side_effects) = (words.to_owned(), words.to_owned());
    words.clone_into(&mut action.environment);
    let why = Why { ground: Ground::Unseen { wanted: words.to_owned() }, evidence: vec![EvidenceId(1)] };
    let back = Return { service: ServiceId::new(words), after_min: 3.0, probability: 0.5 };
    Proposal {
        act: Act::Apply(Box::new(action)),
        service: Some(ServiceId::new(words)),
        why: vec![why],
        worse: vec![Worse::Backlog { source: ServiceId::new(words) }, Worse::Hidden { alarms: 3 }],
        benefit: 0.5,
        probability: 0.5,
        score: 0.2,
        recovery: Recovery { returns: vec![back; 60], because: None },
    }
}

/// A plan of the proposal as it waits, and at the end of some lives.
fn lives(proposal: &Proposal, words: &str) -> Vec<PlanState> {
    let (now, person) = (jiff::Timestamp::UNIX_EPOCH, |id: &str| PersonId(id.to_owned()));
    let plan = pin(proposal, IncidentId(7), person("U0ANN"), 2, now, LIFETIME).unwrap();
    let approved = |by: &str| PlanFact::Approved { by: person(by), reason: Some(words.to_owned()) };
    let found = plan.saw.clone();
    let approved_by = vec![person("U0BOB"), person("U0CYD")];
    let begun = [
        PlanFact::Proposed { plan: Box::new(plan) },
        approved("U0BOB"),
        PlanFact::Denied { by: person("U0EVE"), act: words.to_owned(), because: words.to_owned() },
        approved("U0CYD"),
    ];
    let started = PlanFact::Started { by: person("U0ANN"), approved_by, needed: 2 };
    let ends = [
        vec![PlanFact::Rejected { by: person("U0BOB"), reason: Some(words.to_owned()) }],
        vec![started.clone(), PlanFact::Drifted { found: found.clone() }],
        vec![started.clone(), PlanFact::Failed { because: words.to_owned(), partly: false }],
        vec![
            started,
            PlanFact::Succeeded { after: found },
            PlanFact::UndoStarted { by: UndoneBy::Person(person("U0ANN")) },
            PlanFact::UndoFailed { because: words.to_owned() },
        ],
    ];
    let told = |state, fact: &PlanFact| Some(PlanState::fold(state, now, fact).unwrap());
    let waiting = begun.iter().fold(None, told);
    let ended = ends.iter().map(|end| end.iter().fold(waiting.clone(), told));
    waiting.iter().cloned().chain(ended.flatten()).collect()
}

fn check_message(message: &blocks::Message) {
    let json = message.to_json();
    assert_eq!(check::message(&json), Ok(()), "{json:#}");
    // Nobody is notified by what an alarm is called. Plain text (headers, buttons) notifies nobody, whatever it says.
    let mut shown = message.text.clone();
    mrkdwn(&json, &mut shown);
    for ping in ["<!channel", "<!here", "<@U0MINA>"] {
        assert!(!shown.contains(ping), "{ping} in {shown}");
    }
}

/// Every text in which Slack would see markup.
fn mrkdwn(json: &serde_json::Value, found: &mut String) {
    if json["type"] == "mrkdwn" {
        found.push_str(json["text"].as_str().unwrap_or_default());
    }
    for inner in
        json.as_array().into_iter().flatten().chain(json.as_object().into_iter().flat_map(|fields| fields.values()))
    {
        mrkdwn(inner, found);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_message_keeps_slacks_rules(
        alarms in proptest::collection::vec(alarm(), 1..6),
        verdict in proptest::option::of(verdict()),
        is_flood in any::<bool>(),
    ) {
        let incident = incident(&alarms, verdict, is_flood);
        check_message(&blocks::card::card(&incident));
        check_message(&blocks::alarm::lone_line(&incident));
        check_message(&blocks::alarm::lone_reply(&incident));
        check_message(&blocks::context::answer(&incident, None, &[&incident]));
        check_message(&blocks::why::answer(&incident));
        check_message(&blocks::changes::answer(&incident));
        check_message(&blocks::gaps::answer(&incident));
        check_message(&blocks::graph::answer(&incident, Some("no <!channel> *today*")));
        check_message(&blocks::predict::answer(&incident));
        check_message(&blocks::isolate::answer(&incident));
        check_message(&blocks::stats::answer(&stats(std::slice::from_ref(&incident), 7, incident.opened_at)));
        check_message(&blocks::timeline::answer(&incident, &tools::context::timeline(&incident)));
        check_message(&blocks::similar::answer(&incident, &[alike(&incident)], 1, &[]));
        check_message(&blocks::catchup::answer(&incident, &news(&incident)));
        if let Some(verdict) = &incident.verdict {
            let line = blocks::card::cause_found(verdict, None);
            check_message(&blocks::Message::plain("cause", &line));
            check_message(&blocks::auth::answer(&incident.id.to_string(), &health(verdict)));
        }
        for joined in &incident.alarms {
            check_message(&blocks::Message::plain("line", &blocks::alarm::thread_line(joined)));
        }
    }

    #[test]
    fn a_picture_keeps_slacks_rules(file in prop_oneof![Just("F0LOCAL00001".to_owned()), wild()], alt in wild(), title in wild()) {
        let message = blocks::Message::new(&alt).picture(&file, &alt, &title);
        check_message(&message);
        assert_eq!(check::pictures(&message.to_json(), |id| id == "F0LOCAL00001"), Ok(()));
        assert_eq!(message.blocks.len(), 1, "something stands there, whatever the file is called");
        let files = |id: &str| Some(format!("/files/{id}"));
        let html = blocks::html::message(&message.to_json(), blocks::html::Lookup { names: &|_| None, files: &files });
        assert_eq!(html.contains("<img"), file == "F0LOCAL00001", "{html}");
    }

    #[test]
    fn what_is_said_of_plans_keeps_slacks_rules(
        words in wild(),
        alarm in alarm(),
        verdict in proptest::option::of(verdict()),
    ) {
        let incident = incident(&[alarm], verdict, true);
        let proposal = mute(&words);
        let key = proposal.key();
        let proposals = vec![proposal.clone(); 5];
        let gap = Gap { wanted: words.clone(), because: words.clone(), remedy: Some(words.clone()) };
        let remedies = Remediations { at: incident.opened_at, proposals, gaps: vec![gap], evidence: Vec::new() };
        check_message(&blocks::fix::answer(&incident, &remedies, None));
        check_message(&blocks::fix::answer(&incident, &remedies, key.as_ref()));
        for state in lives(&proposal, &words) {
            let who = Who { approve: &["any member of this workspace".to_owned()], escalate: None };
            check_message(&blocks::plan::card(&incident, &state, &who));
            check_message(&blocks::plan::details(&state));
            check_message(&blocks::said::proposed(state.plan()));
            check_message(&blocks::said::which_plan("/incident", &[&state, &state]));
            for told in state.history() {
                if let Some(line) = blocks::plan::line(state.plan(), &told.fact, None) {
                    check_message(&blocks::Message::plain("line", &line));
                }
            }
        }
        check_message(&blocks::said::no_such_plan(&words));
        check_message(&blocks::said::unknown_people(&words));
    }

    #[test]
    fn regrouping_keeps_slacks_rules(alarms in proptest::collection::vec(alarm(), 1..4)) {
        let incident = incident(&alarms, None, false);
        let names: Vec<&str> = alarms.iter().map(|alarm| alarm.name.as_str()).collect();
        check_message(&blocks::regroup::choose(&incident, Some(2)));
        check_message(&blocks::regroup::split(incident.id, &names, 1));
        check_message(&blocks::Message::plain("line", &blocks::regroup::went(&names)));
    }

    #[test]
    fn what_was_typed_comes_back_harmless(word in wild()) {
        check_message(&blocks::reply::misread("/incident", &blocks::mrkdwn::escape(&word), Some("context")));
        check_message(&blocks::reply::our_fault(&word));
    }
}

#[test]
fn what_slack_refuses_is_refused_here() {
    #[track_caller]
    fn refuses(body: &serde_json::Value, error: &str) {
        assert_eq!(check::message(body).unwrap_err().error, error, "{body}");
    }
    refuses(&json!({}), "no_text");
    refuses(&json!({"text": "x".repeat(40_001)}), "msg_too_long");
    let section = |length: usize| json!({"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(length)}});
    assert_eq!(check::message(&json!({"text": "t", "blocks": [section(3000)]})), Ok(()));
    refuses(&json!({"text": "t", "blocks": [section(3001)]}), "invalid_blocks");
    refuses(&json!({"text": "t", "blocks": [section(0)]}), "invalid_blocks");
    refuses(&json!({"text": "t", "blocks": vec![section(1); 51]}), "invalid_blocks");
    refuses(&json!({"text": "t", "blocks": [{"type": "nonsense"}]}), "invalid_blocks");
    refuses(&json!({"text": "t", "blocks": [{"type": "actions", "elements": []}]}), "invalid_blocks");
    let twice = json!({"type": "divider", "block_id": "same"});
    refuses(&json!({"text": "t", "blocks": [twice, twice]}), "invalid_blocks");
}

#[test]
fn a_picture_must_be_one_that_may_be_shown() {
    #[track_caller]
    fn refuses(body: &serde_json::Value, problems: &[&str]) {
        let refusal = check::pictures(body, |id| id == "F0LOCAL00001").err();
        assert_eq!(refusal.as_ref().map_or(&[][..], |refusal| &refusal.problems[..]), problems, "{body}");
        assert!(refusal.is_none_or(|refusal| refusal.error == "invalid_blocks"));
    }
    let image = |file: serde_json::Value| json!({"type": "image", "alt_text": "a", "slack_file": file});
    let (good, bad) = (image(json!({"id": "F0LOCAL00001"})), image(json!({"id": "F0LOCAL00002"})));
    refuses(&json!({"blocks": [good]}), &[]);
    refuses(
        &json!({"blocks": [{"type": "divider"}, bad]}),
        &["invalid slack file [json-pointer:/blocks/1/slack_file]"],
    );
    refuses(
        &json!({"blocks": [image(json!({"id": "https://x.example"}))]}),
        &["input must match regex pattern: ^[F][A-Z0-9]{8,}$ [json-pointer:/blocks/0/slack_file/id]"],
    );
    refuses(&json!({"blocks": [image(json!({"url": "http://127.0.0.1/files/F0LOCAL00001"}))]}), &[]);
    refuses(
        &json!({"blocks": [{"type": "section", "accessory": bad}, {"type": "context", "elements": [good, bad]}]}),
        &[
            "invalid slack file [json-pointer:/blocks/0/accessory/slack_file]",
            "invalid slack file [json-pointer:/blocks/1/elements/1/slack_file]",
        ],
    );
    refuses(
        &json!({"attachments": [{}, {"blocks": [image(json!({}))]}]}),
        &["invalid slack file [json-pointer:/attachments/1/blocks/0/slack_file]"],
    );
    for odd in
        [json!(null), json!(1), json!({"blocks": 1, "attachments": {}}), json!({"blocks": [null, 7, {"elements": 1}]})]
    {
        refuses(&odd, &[]);
    }
}

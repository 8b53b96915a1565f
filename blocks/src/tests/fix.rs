//! What can be done, as people read it.

use super::{HOSTILE, at, back, draft, incident, is_harmless, keeps_limits, marked_up, service, shown};
use crate::Message;
use crate::fix::answer;
use insta::assert_snapshot;
use tools::model::{Cost, EvidenceId, Gap, Limit, Risk, RiskReason, ServiceId, Symptom};
use tools::recovery::plan::Plan;
use tools::recovery::propose::{Act, Action, Ground, Proposal, Trigger, Why, Worse};
use tools::recovery::remedy::{MuteAlarms, Remedy};
use tools::recovery::{ProposalKey, Recovery, Remediations, Unsaid};

/// To damp the function with this name, down to so many executions.
fn damp(name: &str, executions: u32) -> Proposal {
    let Plan { saw, wants, expectation, .. } = draft(Risk::Medium);
    let remedy = tools::recovery::remedy::ReservedConcurrency { function: name.to_owned(), executions };
    let action = Action {
        sentence: format!("Set reserved concurrency of {name} to {executions} (90 now)"),
        remedy: Remedy::ReservedConcurrency(remedy),
        environment: "production".to_owned(),
        saw,
        wants,
        risk: Risk::Medium,
        risk_reasons: vec![
            RiskReason::Remedy("callers beyond it are refused".to_owned()),
            RiskReason::Reach { services: 7 },
        ],
        cost: Cost::Nothing,
        side_effects: "Callers beyond the limit are refused with 429.".to_owned(),
        reversible: true,
        undo_after_min: None,
        expectation,
    };
    let cut = Ground::Cut { caller: service("auth-api"), callee: service(name), share: 0.62 };
    Proposal {
        act: Act::Apply(Box::new(action)),
        service: Some(service(name)),
        why: vec![Why { ground: cut, evidence: vec![EvidenceId(1), EvidenceId(3)] }],
        worse: vec![Worse::WrongCause { probability: 0.1 }, Worse::CallersRetry { callers: vec![service("auth-api")] }],
        benefit: 0.5,
        probability: 0.58,
        score: 0.24,
        recovery: Recovery {
            returns: vec![back("user-service", 4.0, 0.8), back("order-service", 7.0, 0.72)],
            because: None,
        },
    }
}

fn mute() -> Proposal {
    let Plan { saw, .. } = draft(Risk::Low);
    let Act::Apply(action) = damp("orders", 1).act else { unreachable!("it is a remedy") };
    let alarms = ["a".to_owned(), "b".to_owned()].into();
    let action = Action {
        sentence: "Mute the alarm a and one other for 60 minutes".to_owned(),
        remedy: Remedy::MuteAlarms(MuteAlarms { alarms, minutes: 60 }),
        saw,
        risk: Risk::Low,
        risk_reasons: vec![RiskReason::Remedy("it changes who is told, not what runs".to_owned())],
        cost: Cost::Unknown,
        side_effects: "These alarms tell nobody while it lasts.".to_owned(),
        undo_after_min: Some(60),
        expectation: None,
        ..*action
    };
    Proposal {
        act: Act::Apply(Box::new(action)),
        why: vec![Why { ground: Ground::OnlyFollow { alarms: 2, firing: 5 }, evidence: vec![EvidenceId(1)] }],
        worse: vec![Worse::Hidden { alarms: 2 }],
        recovery: nobody(Unsaid::OnlySeen),
        ..damp("user-pool", 1)
    }
}

fn nobody(because: Unsaid) -> Recovery {
    Recovery { returns: Vec::new(), because: Some(because) }
}

fn watch() -> Proposal {
    let until = vec![
        Trigger::Persists { service: service("user-pool"), symptom: Symptom::Faults, at: at(21) },
        Trigger::Hit { service: service("checkout"), probability: 0.35, in_minutes: Some(4.0) },
    ];
    Proposal {
        act: Act::Watch { until },
        service: Some(service("user-pool")),
        why: vec![Why { ground: Ground::Baseline, evidence: Vec::new() }],
        worse: vec![Worse::Spreads { service: service("checkout"), probability: 0.35 }],
        benefit: 0.0,
        probability: 0.0,
        score: 0.0,
        recovery: nobody(Unsaid::NothingIsDone),
    }
}

fn remedies(proposals: Vec<Proposal>) -> Remediations {
    let gap = Gap { wanted: "settings of orders".to_owned(), because: "throttled".to_owned(), remedy: None };
    let evidence = incident().verdict.unwrap().evidence.clone();
    Remediations { at: at(16), proposals, gaps: vec![gap], evidence }
}

fn told(proposals: Vec<Proposal>) -> String {
    shown(&answer(&incident(), &remedies(proposals), None))
}

#[test]
fn the_best_three_in_short_and_the_rest_in_a_menu() {
    let proposals = vec![damp("token-exchange", 20), mute(), watch(), damp("orders", 5), damp("carts", 4)];
    assert_snapshot!(told(proposals), @"
    INC-7 · what can be done
    Set reserved concurrency of token-exchange to 20 (90 now)
    the cheapest cut between what fails and what must stay healthy goes over `auth-api` → `token-exchange`, with 62 % of the cut's requests (E1, E3)
    🟡 medium risk · 58 % likely to help · can be undone
    Recovers: `user-service` back in ~4 min (80 %), `order-service` back in ~7 min (72 %)
    [Propose] [All about it]
    Mute the alarm a and one other for 60 minutes
    2 of the 5 alarms that fire only follow from the cause (E1)
    🟢 low risk · 58 % likely to help · cost unknown · undoes itself after 60 min
    Recovers: nobody recovers by it: it changes what is seen or who is told, not what runs
    [Propose] [All about it]
    Do nothing, and watch
    Why: everything else is weighed against it
    Worse, if the trouble spreads to `checkout` meanwhile (35 %)
    Act, when
    • `user-pool` still suffers at 03:21:00 UTC: requests fail
    • `checkout` is hit (35 % likely, in about 4 min)
    [Other remedies… ▾ Set reserved concurrency of orders to 5 (90 now) | Set reserved concurrency of carts to 4 (90 now)]
    What we could not see
    • settings of orders: throttled
    · E1 `user-pool` left its normal range at 03:13:00 UTC · `GetMetricData`  E3 `token-exchange` left its normal range at 03:13:00 UTC · `GetMetricData`
    · as of 03:16:00 UTC · nothing was changed, and to propose changes nothing either
    ");
}

#[test]
fn watching_is_told_even_where_three_are_better() {
    let text = told(vec![damp("a", 1), damp("b", 2), damp("c", 3), damp("d", 4), watch()]);
    assert!(text.contains("Do nothing, and watch") && text.contains("▾ Set reserved concurrency of d to 4"), "{text}");
    assert_eq!(text.matches("[Propose]").count(), 3, "{text}");
    assert!(!text.contains("ranks above it"), "{text}");
}

#[test]
fn what_ranks_below_watching_says_so() {
    let text = told(vec![watch(), damp("a", 1)]);
    assert_eq!(text.matches("Watching ranks above it").count(), 1, "{text}");
}

#[test]
fn with_nothing_but_watching_it_reads_well() {
    let calm = Proposal {
        why: vec![Why { ground: Ground::NothingSuffers, evidence: Vec::new() }],
        worse: Vec::new(),
        act: Act::Watch { until: vec![Trigger::AnySuffers] },
        service: None,
        ..watch()
    };
    let remedies = Remediations { gaps: Vec::new(), ..remedies(vec![calm]) };
    assert_snapshot!(shown(&answer(&incident(), &remedies, None)), @"
    INC-7 · what can be done
    No remedy of my catalogue fits what I see, so the best I can propose is to watch.
    Do nothing, and watch
    Why: nothing suffers
    Act, when
    • anything leaves its normal range
    · as of 03:16:00 UTC · nothing was changed, and to propose changes nothing either
    ");
}

#[test]
fn who_chose_one_reads_only_that_and_hears_when_it_is_gone() {
    let remedies = remedies(vec![damp("a", 1), damp("b", 2), watch(), damp("c", 3)]);
    let key = remedies.proposals[3].key().unwrap();
    let text = shown(&answer(&incident(), &remedies, Some(&key)));
    assert!(
        text.contains("concurrency of c to 3") && text.contains("▾ Set reserved concurrency of a to 1 (90 now) | Set")
    );
    assert_eq!((text.matches("[Propose]").count(), text.contains("Do nothing")), (1, false), "{text}");
    let gone = ProposalKey::read("00ff00ff00ff00ff").unwrap();
    let text = shown(&answer(&incident(), &remedies, Some(&gone)));
    assert!(text.contains("is not proposed any more") && text.contains("concurrency of a to 1"), "{text}");
}

/// The line of a message that begins so.
/// All about one proposal.
fn in_full(proposal: Proposal) -> Message {
    let key = proposal.key();
    answer(&incident(), &remedies(vec![proposal]), key.as_ref())
}

#[track_caller]
fn found(message: &Message, beginning: &str) -> String {
    let text = shown(message);
    let line = text.lines().find_map(|line| line.strip_prefix(beginning));
    line.unwrap_or_else(|| panic!("no {beginning} in {text}")).to_owned()
}

#[test]
fn every_ground_has_its_words() {
    let grounds = [
        Ground::AtLimit(Limit::Throttles { per_min: 40.0, share: Some(0.25), usual: None }),
        Ground::AtLimit(Limit::HotPartition { per_min: 40.0, table_use: None }),
        Ground::Cut { caller: service("a"), callee: service("b"), share: 0.5 },
        Ground::GuiltyDeploy { likelihood: 0.81 },
        Ground::TasksFull { in_use: 0.97 },
        Ground::OnlyFollow { alarms: 1, firing: 4 },
        Ground::Unseen { wanted: "logs of a".to_owned() },
        Ground::Declared,
        Ground::NoCause,
        Ground::NothingSuffers,
        Ground::Baseline,
    ];
    let told = grounds.map(|ground| {
        let why = vec![Why { ground, evidence: vec![EvidenceId(3)] }];
        found(&in_full(Proposal { why, ..damp("a", 1) }), "Why: ")
    });
    assert_snapshot!(told.join("\n"), @"
    it has met a limit: refuses 40 requests a minute, 25 % of all (E3)
    it has met a limit: one range of keys refuses 40 requests a minute (E3)
    the cheapest cut between what fails and what must stay healthy goes over `a` → `b`, with 50 % of the cut's requests (E3)
    a deployment there is guilty, 81 % likely (E3)
    its tasks have no room left: 97 % of what they report is in use (E3)
    1 of the 4 alarms that fire only follow from the cause (E3)
    what the cause does cannot be seen well enough: `logs of a` is missing (E3)
    your team declared it for such a service (E3)
    no cause was found (E3)
    nothing suffers (E3)
    everything else is weighed against it (E3)
    ");
}

#[test]
fn every_way_to_make_it_worse_has_its_words() {
    let one = || vec![service("a")];
    let worse = [
        Worse::WrongCause { probability: 0.03 },
        Worse::CallersRetry { callers: vec![service("a"), service("b")] },
        Worse::Alone { others: one() },
        Worse::Backlog { source: service("queue") },
        Worse::EventsLost { rule: service("nightly") },
        Worse::LoadOn { services: one() },
        Worse::HotKey,
        Worse::WrittenSince,
        Worse::Hidden { alarms: 4 },
        Worse::ColdRestarts,
        Worse::UpToRunbook,
        Worse::Spreads { service: service("b"), probability: 0.4 },
    ];
    let told = worse.map(|worse| {
        let proposal = Proposal { worse: vec![worse], ..damp("a", 1) };
        found(&in_full(proposal), "Worse, if ")
    });
    assert_snapshot!(told.join("\n"), @"
    the cause is another one (3 %)
    `a` and `b` repeat what they are refused
    it is done alone: the cut needs `a` as well
    it lasts so long that what waits in `queue` is lost
    events that reach `nightly` meanwhile are needed later
    more reaches `a`, which suffers already
    one key is hot: capacity does not help that
    what the newer version wrote cannot be read by the earlier one
    another trouble shows in these alarms only
    cold starts hurt: environments are replaced, and some requests start cold
    the runbook does something else than its declaration says
    the trouble spreads to `b` meanwhile (40 %)
    ");
}

#[test]
fn every_trigger_has_its_words() {
    let until = vec![
        Trigger::Hit { service: service("a"), probability: 0.6, in_minutes: Some(0.2) },
        Trigger::Hit { service: service("b"), probability: 0.4, in_minutes: None },
        Trigger::Persists { service: service("c"), symptom: Symptom::Latency, at: at(20) },
        Trigger::CauseFound,
        Trigger::AnySuffers,
        Trigger::Seen { wanted: "logs".to_owned() },
    ];
    let watch = Proposal { act: Act::Watch { until }, ..watch() };
    let calm = Remediations { gaps: Vec::new(), ..remedies(vec![watch]) };
    let text = shown(&answer(&incident(), &calm, None));
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with('•')).collect();
    assert_snapshot!(lines.join("\n"), @"
    • `a` is hit (60 % likely, any moment)
    • `b` is hit (40 % likely)
    • `c` still suffers at 03:20:00 UTC: requests are slow
    • a cause is found
    • anything leaves its normal range
    • `logs` can be seen
    ");
    assert!(told(vec![Proposal { act: Act::Watch { until: Vec::new() }, ..self::watch() }]).contains("ask again then"));
}

#[test]
fn every_reason_why_nobody_recovers_has_its_words() {
    let unsaid = [
        Unsaid::NothingIsDone,
        Unsaid::OnlySeen,
        Unsaid::UpToRunbook,
        Unsaid::BringsLoad,
        Unsaid::CutsNothing,
        Unsaid::NoTopology,
        Unsaid::DoesNotSuffer,
        Unsaid::StillWaits { callee: service("user-pool") },
    ];
    let told = unsaid.map(|because| {
        let proposal = Proposal { recovery: nobody(because), ..damp("a", 1) };
        found(&answer(&incident(), &remedies(vec![proposal]), None), "Recovers: ")
    });
    assert_snapshot!(told.join("\n"), @"
    nobody is said to recover: nothing is done
    nobody recovers by it: it changes what is seen or who is told, not what runs
    I cannot say: that is up to what your team wrote
    nobody is said to recover: it brings load rather than takes it away
    nobody is said to recover: it cuts no call over which the trouble is known to go
    I cannot say: without a topology nobody knows who waits for whom
    nobody is said to recover: the service does not suffer
    nobody is said to recover: it still waits for `user-pool`, which goes on suffering
    ");
}

#[test]
fn every_risk_and_cost_has_its_words() {
    let reasons = [
        RiskReason::Remedy("it stops every version".to_owned()),
        RiskReason::Reach { services: 1 },
        RiskReason::Irreversible,
        RiskReason::Cost,
        RiskReason::FailedBefore { times: 2 },
        RiskReason::Unread,
    ];
    let costs = [Cost::Nothing, Cost::CentsPerMonth(12_305), Cost::CentsPerMonth(-80), Cost::Unknown];
    let told = Risk::ALL.into_iter().cycle().zip(costs).map(|(risk, cost)| {
        let Act::Apply(action) = damp("a", 1).act else { unreachable!("it is a remedy") };
        let action = Action { risk, cost, risk_reasons: reasons.to_vec(), reversible: false, ..*action };
        let proposal = Proposal { act: Act::Apply(Box::new(action)), ..damp("a", 1) };
        let message = in_full(proposal);
        let text = shown(&message);
        let bill = text.lines().find(|line| line.starts_with("Cost") || line.starts_with("Saves")).unwrap();
        assert!(text.contains("\nCannot be undone\n"), "{text}");
        format!("{}\n{bill}", found(&message, "Risk: "))
    });
    assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @"
    🟢 low: it stops every version; one healthy service depends on it; it cannot be taken back; it costs more than the configured limit; the same remedy failed there 2 times before; what its target is could be read only in part
    Costs nothing worth stating
    🟡 medium: it stops every version; one healthy service depends on it; it cannot be taken back; it costs more than the configured limit; the same remedy failed there 2 times before; what its target is could be read only in part
    Costs $123.05 a month while it is in force
    🔴 high: it stops every version; one healthy service depends on it; it cannot be taken back; it costs more than the configured limit; the same remedy failed there 2 times before; what its target is could be read only in part
    Saves $0.80 a month while it is in force
    🟢 low: it stops every version; one healthy service depends on it; it cannot be taken back; it costs more than the configured limit; the same remedy failed there 2 times before; what its target is could be read only in part
    Cost unknown: no price is configured
    ");
}

#[test]
fn whatever_others_wrote_it_keeps_the_limits_and_nothing_is_markup() {
    for words in [HOSTILE.to_owned(), HOSTILE.repeat(100), "🚨".repeat(2000)] {
        let mut proposal = damp(&words, 1);
        let names: Vec<ServiceId> = vec![service(&words); 9];
        proposal.worse.extend([Worse::LoadOn { services: names.clone() }, Worse::Alone { others: names }]);
        proposal.why.push(Why { ground: Ground::Unseen { wanted: words.clone() }, evidence: vec![EvidenceId(3); 900] });
        let until = vec![Trigger::Seen { wanted: words.clone() }; 9];
        let watch = Proposal { act: Act::Watch { until }, ..watch() };
        let mut remedies = remedies([vec![watch], vec![proposal; 11]].concat());
        remedies.gaps.clear();
        let message = answer(&incident(), &remedies, None);
        keeps_limits(&message);
        for text in marked_up(&message) {
            is_harmless(&text);
        }
    }
}

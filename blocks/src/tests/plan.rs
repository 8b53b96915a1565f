//! The life of a plan as people read it.

use super::{
    HOSTILE, after, approved, at, draft, found, id, incident, is_harmless, keeps_limits, life, marked_up, service,
    settings, shown, with_plans, with_remedy,
};
use crate::card::card as incident_card;
use crate::plan::{Who, card, details, line, summary};
use insta::assert_snapshot;
use proptest::prelude::*;
use std::collections::BTreeSet;
use tools::model::{Cost, EvidenceId, Reading, Return, Risk, RiskReason, ServiceId, Worked};
use tools::recovery::plan::{Plan, PlanFact, PlanState, PlanStatus, UndoneBy};
use tools::recovery::remedy::{EventSource, LogLevel, Remedy, ReservedConcurrency};

fn told(state: &PlanState) -> String {
    let approve = ["<!subteam^S0ONCALL>".to_owned()];
    shown(&card(&incident(), state, &Who { approve: &approve, escalate: Some("<!subteam^S0LEADS>") }))
}

/// The buttons of a plan's message: label, style, and whether it asks first.
fn buttons(state: &PlanState) -> String {
    let message = card(&incident(), state, &Who { approve: &[], escalate: None });
    let actions = message.blocks.iter().filter(|block| block["type"] == "actions");
    let elements = actions.flat_map(|block| block["elements"].as_array().unwrap());
    let told = elements.map(|button| {
        let asks = if button.get("confirm").is_some() { "?" } else { "" };
        let style = button["style"].as_str().map(|style| format!(" ({style})")).unwrap_or_default();
        let deed = button["action_id"].as_str().unwrap().trim_start_matches("clarity.");
        format!("{}{asks}={deed}{style}", button["text"]["text"].as_str().unwrap())
    });
    told.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_low_risk_waits_for_whoever_executes_it() {
    let remedy =
        Remedy::LogLevel(LogLevel { function: "token-exchange".to_owned(), level: "DEBUG".to_owned(), minutes: 30 });
    let plan = Plan {
        saw: Reading { settings: settings(&[("ApplicationLogLevel", "INFO")]), revision: None },
        wants: settings(&[("ApplicationLogLevel", "DEBUG")]),
        risk_reasons: vec![RiskReason::Remedy("it changes what is seen, not what runs".to_owned())],
        undo_after_min: Some(30),
        expectation: None,
        forecast: Vec::new(),
        cost: Cost::Nothing,
        ..draft(Risk::Low)
    };
    assert_snapshot!(told(&after(&with_remedy(plan, remedy), &[])), @"");
}

#[test]
fn a_medium_risk_waits_for_somebody_else() {
    assert_snapshot!(told(&after(&draft(Risk::Medium), &[])), @"");
}

#[test]
fn a_high_risk_waits_for_two_and_says_who_agreed_and_why() {
    let facts = [approved("U0BOB", Some("retries drown the pool")), PlanFact::Escalated];
    assert_snapshot!(told(&after(&draft(Risk::High), &facts)), @"");
}

/// What is said of a plan once it does not wait any more: all but what it was about.
fn story(status: PlanStatus) -> String {
    let text = told(&life(&draft(Risk::Medium), status, "`lambda:PutFunctionConcurrency` was denied."));
    let lines: Vec<&str> = text.lines().collect();
    let is_common =
        |line: &&str| line.starts_with("Set reserved") || line.starts_with("on ") || line.starts_with("· E");
    lines.into_iter().filter(|line| !is_common(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_state_says_what_happened_and_what_to_do_next() {
    let stories: Vec<String> =
        PlanStatus::ALL.into_iter().filter(|status| *status != PlanStatus::Waiting).map(story).collect();
    assert_snapshot!(stories.join("\n\n"), @"");
}

#[test]
fn the_next_step_comes_first_and_what_hurts_asks_first() {
    let (low, medium, high) = (draft(Risk::Low), draft(Risk::Medium), draft(Risk::High));
    let stops = ReservedConcurrency { function: "token-exchange".to_owned(), executions: 0 };
    let stopping = with_remedy(high.clone(), Remedy::ReservedConcurrency(stops));
    let asked = Plan { approvals: 1, ..low.clone() }.pinned();
    let both = [approved("U0BOB", Some("yes")), approved("U0CYD", Some("yes"))];
    let waiting = [
        ("low", after(&low, &[])),
        ("low, one asked for", after(&asked, &[])),
        ("medium", after(&medium, &[])),
        ("medium, approved", after(&medium, &both[..1])),
        ("high", after(&high, &[])),
        ("high, one approved", after(&high, &both[..1])),
        ("high, approved", after(&high, &both)),
        ("high that stops something", after(&stopping, &[])),
    ];
    let lines = waiting.iter().map(|(name, state)| format!("{name}: {}", buttons(state)));
    let rest = PlanStatus::ALL.into_iter().skip(1);
    let rest = rest.map(|status| format!("{}: {}", status.word(), buttons(&life(&medium, status, "no"))));
    assert_snapshot!(lines.chain(rest).collect::<Vec<_>>().join("\n"), @"");
}

#[test]
fn what_cannot_be_undone_has_no_undo() {
    let plan = Plan { reversible: false, ..draft(Risk::High) }.pinned();
    for status in [PlanStatus::Applied, PlanStatus::Kept, PlanStatus::Doubtful, PlanStatus::PartlyFailed] {
        let state = life(&plan, status, "no");
        assert!(!buttons(&state).contains("Undo"), "{status:?}");
        assert!(!told(&state).contains("ress Undo"), "{}", told(&state));
    }
    assert!(told(&after(&plan, &[])).contains("cannot be undone"));
}

#[test]
fn a_timed_plan_says_when_it_undoes_itself() {
    let plan = Plan { undo_after_min: Some(30), ..draft(Risk::Medium) }.pinned();
    for status in [PlanStatus::Applied, PlanStatus::Kept, PlanStatus::Doubtful, PlanStatus::PartlyFailed] {
        assert!(told(&life(&plan, status, "no")).contains("Undoes itself at 03:"), "{status:?}");
    }
    assert!(!told(&life(&plan, PlanStatus::Undone, "no")).contains("Undoes itself"));
}

#[test]
fn who_is_denied_something_later_changes_nothing_of_the_story() {
    let ended = life(&draft(Risk::Medium), PlanStatus::Rejected, "no");
    let denied = PlanFact::Denied { by: id("U0EVE"), act: "undo".to_owned(), because: "juniors watch".to_owned() };
    let later = PlanState::fold(Some(ended.clone()), at(50), &denied).unwrap();
    assert_eq!(told(&later), told(&ended));
    assert_eq!(summary(&with_plans(&[later])), summary(&with_plans(&[ended])));
}

#[test]
fn nobody_is_mentioned_once_it_is_decided() {
    for status in PlanStatus::ALL {
        let text = told(&life(&draft(Risk::Medium), status, "no"));
        assert!(!text.contains("S0ONCALL"), "{status:?}: {text}");
    }
    assert!(told(&after(&draft(Risk::Medium), &[])).contains("S0ONCALL"));
}

#[test]
fn evidence_of_an_older_verdict_is_named_and_not_mixed_up() {
    let plan = draft(Risk::Medium);
    let who = Who { approve: &[], escalate: None };
    assert!(shown(&card(&incident(), &after(&plan, &[]), &who)).contains("left its normal range"));
    let earlier = Plan { proposed_at: at(14), ..plan }.pinned();
    let text = shown(&card(&incident(), &after(&earlier, &[]), &who));
    assert!(!text.contains("left its normal range") && text.contains("rests on E1, E3"), "{text}");
}

#[test]
fn each_state_has_its_own_sign_and_word() {
    let titles: Vec<_> = PlanStatus::ALL.into_iter().map(crate::plan::title).collect();
    let signs: BTreeSet<&str> = titles.iter().map(|(sign, _)| *sign).collect();
    let words: BTreeSet<&str> = titles.iter().map(|(_, word)| *word).collect();
    assert_eq!((signs.len(), words.len()), (PlanStatus::ALL.len(), PlanStatus::ALL.len()));
    for (status, (_, word)) in PlanStatus::ALL.into_iter().zip(titles) {
        assert!(told(&life(&draft(Risk::Medium), status, "no")).lines().next().unwrap().contains(word), "{status:?}");
    }
}

#[test]
fn turning_points_are_told_in_the_thread_and_bookkeeping_is_not() {
    let plan = draft(Risk::High);
    let by = || id("U0BOB");
    let facts = [
        PlanFact::Started { by: by(), approved_by: Vec::new(), needed: 0 },
        PlanFact::Succeeded { after: found() },
        PlanFact::Failed { because: "the function is gone.".to_owned(), partly: false },
        PlanFact::Failed { because: "the function is gone".to_owned(), partly: true },
        PlanFact::Drifted { found: found() },
        PlanFact::Verified { worked: Worked::Keep { before: 412.0, after: 3.0 } },
        PlanFact::Verified { worked: Worked::Revert { before: 412.0, after: 420.0 } },
        PlanFact::Verified { worked: Worked::Unclear },
        PlanFact::UndoFinished,
        PlanFact::UndoFailed { because: "access was denied".to_owned() },
        PlanFact::LeftAlone { found: found() },
        PlanFact::Expired,
        PlanFact::Escalated,
        PlanFact::Rejected { by: by(), reason: Some("too risky at night".to_owned()) },
    ];
    let told: Vec<String> = facts.iter().map(|fact| line(&plan, fact, Some("<!subteam^S0LEADS>")).unwrap()).collect();
    assert_snapshot!(told.join("\n"), @"");
    let quiet = [
        PlanFact::Proposed { plan: Box::new(plan.clone()) },
        approved("U0BOB", None),
        PlanFact::Withdrawn { by: by() },
        PlanFact::Revoked { by: by() },
        PlanFact::Denied { by: by(), act: "execute".to_owned(), because: "no".to_owned() },
        PlanFact::Superseded { by: plan.id.clone() },
        PlanFact::UndoStarted { by: UndoneBy::Time },
    ];
    for fact in quiet {
        assert_eq!(line(&plan, &fact, None), None, "{fact:?}");
    }
}

#[test]
fn details_tell_everything_and_all_that_happened() {
    let plan = draft(Risk::Medium);
    let denied = PlanFact::Denied { by: id("U0JIM"), act: "execute".to_owned(), because: "juniors watch".to_owned() };
    let started = PlanFact::Started { by: id("U0EVE"), approved_by: vec![id("U0BOB")], needed: 1 };
    let facts = [
        approved("U0CYD", None),
        PlanFact::Withdrawn { by: id("U0CYD") },
        denied,
        approved("U0BOB", Some("do it")),
        started,
        PlanFact::Succeeded { after: found() },
        PlanFact::Verified { worked: Worked::Keep { before: 412.0, after: 3.0 } },
    ];
    assert_snapshot!(shown(&details(&after(&plan, &facts))), @"");
    assert!(shown(&details(&after(&plan, &facts[..1]))).contains("[Withdraw my approval]"));
}

#[test]
fn a_long_history_is_cut_in_its_middle() {
    let plan = draft(Risk::Medium);
    let denied = PlanFact::Denied { by: id("U0JIM"), act: "execute".to_owned(), because: HOSTILE.repeat(20) };
    let state = after(&plan, &vec![denied; 90]);
    let message = details(&state);
    keeps_limits(&message);
    let text = shown(&message);
    assert!(text.contains("U0ANN asked for it") && text.contains("… 51 more …"), "{text}");
}

fn second(minute: i64) -> Plan {
    let source = EventSource { mapping: "0f1e2d3c-0000-4000-8000-00000000000a".to_owned(), enabled: false };
    let plan = with_remedy(draft(Risk::High), Remedy::EventSource(source));
    Plan { proposed_at: at(minute), ..plan }.pinned()
}

#[test]
fn the_card_of_the_incident_tells_what_is_being_done() {
    assert_eq!(summary(&incident()), None);
    assert!(!shown(&incident_card(&incident())).contains("What is being done"));
    let timed = Plan { undo_after_min: Some(60), ..draft(Risk::Low) }.pinned();
    let states = [
        life(&draft(Risk::Medium), PlanStatus::Rejected, "no"),
        life(&second(15), PlanStatus::Drifted, "no"),
        life(&timed, PlanStatus::Applied, "no"),
        after(&second(16), &[]),
    ];
    let incident = with_plans(&states);
    assert_snapshot!(summary(&incident).unwrap(), @"");
    let card = shown(&incident_card(&incident));
    let place = |words: &str| card.find(words).unwrap();
    assert!(place("What caused it") < place("What is being done"));
    assert!(place("What is being done") < place("What it hits next"));
    assert!(card.contains("[What can I do]"), "{card}");
}

#[test]
fn of_many_plans_three_are_told_and_the_open_ones_counted() {
    let waiting: Vec<PlanState> = (10..15).map(|minute| after(&second(minute), &[])).collect();
    let told = summary(&with_plans(&waiting)).unwrap();
    assert!(told.lines().count() == 4 && told.ends_with("• and 2 more plans"), "{told}");
}

/// A plan in which everything that others wrote makes trouble.
fn hostile(risk: Risk, words: &str) -> Plan {
    let remedy = ReservedConcurrency { function: words.to_owned(), executions: 20 };
    let plan = Plan {
        service: ServiceId::new(words),
        environment: words.to_owned(),
        risk_reasons: vec![RiskReason::Remedy(words.to_owned()), RiskReason::FailedBefore { times: 2 }],
        saw: Reading { settings: settings(&[("Executions", words), (words, "1")]), revision: Some(words.to_owned()) },
        wants: settings(&[("Executions", "20")]),
        forecast: vec![Return { service: service(words), after_min: 0.2, probability: 1.0 }; 40],
        evidence: (0..300).map(EvidenceId).collect(),
        ..draft(risk)
    };
    with_remedy(plan, Remedy::ReservedConcurrency(remedy))
}

#[track_caller]
fn check_hostile(risk: Risk, status: PlanStatus, words: &str) {
    let plan = hostile(risk, words);
    let state = life(&plan, status, words);
    let approve = ["anybody here".to_owned()];
    let incident = with_plans(std::slice::from_ref(&state));
    let messages = [
        card(&incident, &state, &Who { approve: &approve, escalate: None }),
        details(&state),
        incident_card(&incident),
    ];
    for message in &messages {
        keeps_limits(message);
    }
    let lines = state.history().iter().filter_map(|told| line(&plan, &told.fact, None));
    for text in messages.iter().flat_map(marked_up).chain(lines) {
        is_harmless(&text);
    }
}

#[test]
fn whatever_others_wrote_every_state_keeps_the_limits_and_nothing_is_markup() {
    for status in PlanStatus::ALL {
        for risk in Risk::ALL {
            check_hostile(risk, status, HOSTILE);
            check_hostile(risk, status, &HOSTILE.repeat(100));
            check_hostile(risk, status, &"🚨".repeat(2000));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_words_keep_the_limits(words in "\\PC{0,200}|[*_~`<>&|\n a]{0,80}", status in 0..PlanStatus::ALL.len()) {
        check_hostile(Risk::High, PlanStatus::ALL[status], &words);
    }
}

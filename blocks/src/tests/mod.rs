//! The messages of recovery: proposals, plans, and what people are answered. Here what they have in common: plans in every
//! state, and what every message has to keep.

mod fix;
mod message;
mod plan;
mod said;

use crate::limits;
use crate::{Message, text};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use tools::model::{
    Affected, Answer, Cause, Claim, Cost, Direction, Evidence, EvidenceId, Expectation, Fact, Incident, IncidentId,
    Lane, Measure, Reading, Return, Risk, RiskReason, ScopeId, ServiceId, Source, Symptom, Verdict, Window, Worked,
};
use tools::recovery::plan::{Plan, PlanFact, PlanId, PlanState, PlanStatus, UndoneBy};
use tools::recovery::policy::PersonId;
use tools::recovery::remedy::{Remedy, ReservedConcurrency};

/// What a name, a reason or a setting may be, if somebody wants to make trouble.
const HOSTILE: &str =
    "<!channel> *bold* ~gone~ _slanted_ `code\n> quoted <@U0EVIL> <https://evil.example|click> & \u{202e}";

/// So many minutes into the story, which begins at 03:00.
fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_795_143_600 + 60 * minute).unwrap()
}

fn id(name: &str) -> PersonId {
    PersonId(name.to_owned())
}

fn service(name: &str) -> ServiceId {
    ServiceId::new(name)
}

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn back(name: &str, after_min: f64, probability: f64) -> Return {
    Return { service: service(name), after_min, probability }
}

/// A plan to damp a function, which Ann asked for at minute 16 and which expires a quarter of an hour later.
fn draft(risk: Risk) -> Plan {
    let remedy = ReservedConcurrency { function: "token-exchange".to_owned(), executions: 20 };
    Plan {
        id: PlanId(String::new()),
        incident: IncidentId(7),
        target: Remedy::ReservedConcurrency(remedy.clone()).target(),
        remedy: Remedy::ReservedConcurrency(remedy),
        service: service("token-exchange"),
        environment: "production".to_owned(),
        evidence: vec![EvidenceId(1), EvidenceId(3)],
        risk,
        risk_reasons: vec![
            RiskReason::Remedy("callers beyond the limit are refused".to_owned()),
            RiskReason::Reach { services: 7 },
        ],
        cost: Cost::Unknown,
        saw: Reading {
            settings: settings(&[("ReservedConcurrentExecutions", "90"), ("account_unreserved", "400")]),
            revision: Some("r41".to_owned()),
        },
        wants: settings(&[("ReservedConcurrentExecutions", "20"), ("account_unreserved", "400")]),
        reversible: true,
        undo_after_min: None,
        expectation: Some(Expectation {
            service: service("user-pool"),
            measure: Measure::Faults,
            direction: Direction::Falls,
            within_min: 10,
        }),
        forecast: vec![back("user-service", 4.2, 0.8), back("order-service", 7.0, 0.72)],
        requester: id("U0ANN"),
        approvals: 0,
        proposed_at: at(16),
        expires_at: at(31),
    }
    .pinned()
}

/// The same with the target of its remedy, and its id.
fn with_remedy(plan: Plan, remedy: Remedy) -> Plan {
    Plan { target: remedy.target(), remedy, ..plan }.pinned()
}

/// A plan after these facts, a minute apart.
#[track_caller]
fn after(plan: &Plan, facts: &[PlanFact]) -> PlanState {
    let proposed = PlanFact::Proposed { plan: Box::new(plan.clone()) };
    let mut state = PlanState::fold(None, plan.proposed_at, &proposed).unwrap();
    for (minute, fact) in (17..).zip(facts) {
        state = PlanState::fold(Some(state), at(minute), fact).unwrap();
    }
    state
}

fn approved(by: &str, reason: Option<&str>) -> PlanFact {
    PlanFact::Approved { by: id(by), reason: reason.map(str::to_owned) }
}

fn found() -> Reading {
    Reading { settings: settings(&[("ReservedConcurrentExecutions", "55")]), revision: Some("r42".to_owned()) }
}

/// The facts that lead a plan into a state, after the approvals that it needs.
fn way(plan: &Plan, status: PlanStatus, words: &str) -> Vec<PlanFact> {
    let because = || words.to_owned();
    let approvers: Vec<PersonId> = ["U0BOB", "U0CYD"].into_iter().map(id).take(plan.least_approvals().into()).collect();
    let started = PlanFact::Started { by: id("U0EVE"), approved_by: approvers.clone(), needed: plan.least_approvals() };
    let done = PlanFact::Succeeded { after: Reading { settings: plan.wants.clone(), revision: None } };
    let back = || vec![started.clone(), done.clone(), PlanFact::UndoStarted { by: UndoneBy::Person(id("U0BOB")) }];
    let verified = |worked| vec![started.clone(), done.clone(), PlanFact::Verified { worked }];
    let ending = match status {
        PlanStatus::Waiting => Vec::new(),
        PlanStatus::Running => vec![started],
        PlanStatus::Applied => vec![started, done],
        PlanStatus::Kept => verified(Worked::Keep { before: 412.0, after: 3.0 }),
        PlanStatus::Doubtful => verified(Worked::Revert { before: 412.0, after: 420.0 }),
        PlanStatus::Undoing => back(),
        PlanStatus::Undone => [back(), vec![PlanFact::UndoFinished]].concat(),
        PlanStatus::Failed => vec![started, PlanFact::Failed { because: because(), partly: false }],
        PlanStatus::PartlyFailed => vec![started, PlanFact::Failed { because: because(), partly: true }],
        PlanStatus::UndoFailed => [back(), vec![PlanFact::UndoFailed { because: because() }]].concat(),
        PlanStatus::LeftAlone => {
            let undo = PlanFact::UndoStarted { by: UndoneBy::Time };
            vec![started, done, undo, PlanFact::LeftAlone { found: found() }]
        }
        PlanStatus::Rejected => vec![PlanFact::Rejected { by: id("U0BOB"), reason: Some(because()) }],
        PlanStatus::Revoked => vec![PlanFact::Revoked { by: id("U0ANN") }],
        PlanStatus::Expired => vec![PlanFact::Expired],
        PlanStatus::Superseded => vec![PlanFact::Superseded { by: PlanId("plan-00ff00ff00ff00ff".to_owned()) }],
        PlanStatus::Drifted => vec![started, PlanFact::Drifted { found: found() }],
    };
    let approvals = approvers.into_iter().map(|by| PlanFact::Approved { by, reason: Some(words.to_owned()) });
    approvals.chain(ending).collect()
}

/// A plan in a state. Where time takes it back or ends it, that much later.
#[track_caller]
fn life(plan: &Plan, status: PlanStatus, words: &str) -> PlanState {
    let plan = if status == PlanStatus::LeftAlone {
        Plan { undo_after_min: Some(0), ..plan.clone() }.pinned()
    } else {
        plan.clone()
    };
    let facts = way(&plan, status, words);
    let (last, before) = facts.split_last().map_or((None, &facts[..]), |(last, before)| (Some(last), before));
    let state = after(&plan, before);
    let minute = if status == PlanStatus::Expired { 31 } else { 25 };
    match last {
        Some(fact) => PlanState::fold(Some(state), at(minute), fact).unwrap(),
        None => state,
    }
}

fn claim(number: u32, claim: Claim) -> Evidence {
    let window = Window { from: at(0), to: at(15) };
    Evidence { id: EvidenceId(number), claim, source: Source::Query("GetMetricData".to_owned()), window }
}

/// An incident in which three services suffer, as told a minute before the plan was made.
fn incident() -> Incident {
    let onset = |name: &str| Claim::Onset { service: service(name), at: at(13) };
    let affected = |name: &str| Affected {
        service: service(name),
        onset: at(13),
        symptom: Symptom::Faults,
        evidence: vec![EvidenceId(1)],
    };
    let verdict = Verdict {
        at: at(15),
        lane: Lane::ExcessFlow,
        answer: Answer::CauseFound,
        causes: vec![Cause {
            service: service("user-pool"),
            symptom: Symptom::Faults,
            score: 1.0,
            confidence: 0.9,
            evidence: vec![EvidenceId(1)],
        }],
        affected: ["user-pool", "token-exchange", "auth-api"].map(affected).into(),
        path: Vec::new(),
        expected: Vec::new(),
        changes: Vec::new(),
        guilty: None,
        bottlenecks: Vec::new(),
        gaps: Vec::new(),
        next_steps: Vec::new(),
        evidence: vec![claim(1, onset("user-pool")), claim(2, onset("auth-api")), claim(3, onset("token-exchange"))],
    };
    let opened = Fact::Opened { id: IncidentId(7), scope: ScopeId("auth".to_owned()) };
    let (incident, _) = Incident::extend(None, at(14), opened).unwrap();
    Incident::extend(Some(incident), at(15), Fact::Investigated { verdict: Box::new(verdict) }).unwrap().0
}

/// An incident with these plans.
#[track_caller]
fn with_plans(states: &[PlanState]) -> Incident {
    let mut incident = incident();
    for state in states {
        for told in state.history() {
            let fact = Fact::Plan { id: state.id().clone(), fact: Box::new(told.fact.clone()) };
            incident = Incident::extend(Some(incident), told.at, fact).unwrap().0;
        }
    }
    incident
}

/// A message as a terminal shows it. Mentions stay ids.
fn shown(message: &Message) -> String {
    text::message(&message.to_json(), &|_| None)
}

/// Everything in a message that Slack reads as mrkdwn.
fn marked_up(message: &Message) -> Vec<String> {
    fn walk(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) if fields.get("type").is_some_and(|kind| kind == "mrkdwn") => {
                found.extend(fields["text"].as_str().map(str::to_owned));
            }
            Value::Object(fields) => fields.values().for_each(|inner| walk(inner, found)),
            Value::Array(inner) => inner.iter().for_each(|inner| walk(inner, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    walk(&Value::from(message.blocks.clone()), &mut found);
    found
}

/// That nothing of [`HOSTILE`] is markup.
#[track_caller]
fn is_harmless(text: &str) {
    for forbidden in ["<!channel>", "<@U0EVIL>", "<https://evil", "\n>", "\u{202e}"] {
        assert!(!text.contains(forbidden), "{forbidden:?} in {text}");
    }
    // Inside of code nothing is markup, and code ends in its line, or in its block.
    let text: String = text.split("```").step_by(2).collect();
    let words: String = text.lines().flat_map(|line| line.split('`').step_by(2)).collect();
    for forbidden in ["*bold*", "~gone~", "_slanted_"] {
        assert!(!words.contains(forbidden), "{forbidden:?} in {text}");
    }
    for line in text.lines() {
        assert!(!line.starts_with("&gt;"), "a quotation: {line}");
        assert!(line.matches('`').count() % 2 == 0 || line.ends_with('…'), "code does not end in {line}");
    }
}

/// That Slack takes a message: its limits, and no action twice in a block.
#[track_caller]
fn keeps_limits(message: &Message) {
    let units = |text: &Value| text.as_str().unwrap_or_default().encode_utf16().count();
    let within = |text: &Value, limit: usize| {
        assert!((1..=limit).contains(&units(text)), "{} of {limit}: {text}", units(text));
    };
    // A notification is plain text: only what would notify anybody matters there.
    assert!(!message.text.is_empty() && !message.text.contains(['<', '>']), "{}", message.text);
    assert!(message.blocks.len() <= limits::MAX_BLOCKS, "{} blocks", message.blocks.len());
    for block in &message.blocks {
        let mut elements: Vec<&Value> = block["elements"].as_array().into_iter().flatten().collect();
        elements.extend(block.get("accessory"));
        match block["type"].as_str().unwrap() {
            "header" => within(&block["text"]["text"], limits::MAX_HEADER),
            "section" => within(&block["text"]["text"], limits::MAX_SECTION),
            "context" => {
                assert!((1..=limits::MAX_CONTEXT).contains(&elements.len()));
                for element in elements {
                    within(&element["text"], limits::MAX_SECTION);
                }
                continue;
            }
            "actions" => assert!((1..=5).contains(&elements.len()), "{} buttons", elements.len()),
            other => panic!("an unexpected block: {other}"),
        }
        let mut actions: Vec<&str> = elements.iter().map(|element| element["action_id"].as_str().unwrap()).collect();
        actions.sort_unstable();
        actions.dedup();
        assert_eq!(actions.len(), elements.len(), "an action twice in {block}");
        for element in elements {
            check_element(element, &within);
        }
    }
}

#[track_caller]
fn check_element(element: &Value, within: &dyn Fn(&Value, usize)) {
    let read = |value: &Value| crate::action::Action::read(value.as_str().unwrap()).unwrap();
    if element["type"] == "button" {
        within(&element["text"]["text"], limits::MAX_BUTTON);
        read(&element["value"]);
        if let Some(confirm) = element.get("confirm") {
            within(&confirm["title"]["text"], 100);
            within(&confirm["text"]["text"], 300);
            within(&confirm["confirm"]["text"], 30);
            within(&confirm["deny"]["text"], 30);
        }
        return;
    }
    let options = element["options"].as_array().unwrap();
    if element["type"] == "overflow" {
        assert!((1..=limits::MAX_DOTS).contains(&options.len()));
    } else {
        assert_eq!(element["type"], "static_select");
        within(&element["placeholder"]["text"], 150);
        assert!((1..=100).contains(&options.len()));
    }
    for option in options {
        within(&option["text"]["text"], 75);
        within(&option["value"], 150);
        read(&option["value"]);
    }
}

//! Plans whose lives are told by their facts, and the figures they make.

use super::*;
use crate::model::{
    Alarm, AlarmState, Because, Cost, Direction, Expectation, Fact, IncidentId, Measure, Reading, Return, Risk,
    ScopeId, ServiceId, Via,
};
use crate::recovery::plan::{Plan, PlanFact, PlanId};
use crate::recovery::policy::PersonId;
use crate::recovery::remedy::{LogLevel, Remedy, ReservedConcurrency};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap()
}

fn id(name: &str) -> PersonId {
    PersonId(name.to_owned())
}

/// A plan made at minute 0 that expires after 15. `number` makes it another one.
fn plan(number: u32, remedy: Remedy, risk: Risk, forecast: &[(&str, f64, f64)]) -> Plan {
    let back = |(service, after_min, probability): &(&str, f64, f64)| Return {
        service: ServiceId::new(*service),
        after_min: *after_min,
        probability: *probability,
    };
    let expectation = Expectation {
        service: ServiceId::new("orders"),
        measure: Measure::Faults,
        direction: Direction::Falls,
        within_min: 10,
    };
    let plan = Plan {
        id: PlanId(String::new()),
        incident: IncidentId(7),
        target: remedy.target(),
        remedy,
        service: ServiceId::new("orders"),
        environment: number.to_string(),
        evidence: Vec::new(),
        risk,
        risk_reasons: Vec::new(),
        cost: Cost::Nothing,
        saw: Reading::default(),
        wants: BTreeMap::new(),
        reversible: true,
        undo_after_min: Some(30),
        expectation: Some(expectation),
        forecast: forecast.iter().map(back).collect(),
        requester: id("ann"),
        approvals: 0,
        proposed_at: at(0),
        expires_at: at(15),
    };
    plan.pinned()
}

fn limit(number: u32, forecast: &[(&str, f64, f64)]) -> Plan {
    let remedy = Remedy::ReservedConcurrency(ReservedConcurrency { function: "orders".to_owned(), executions: 20 });
    plan(number, remedy, Risk::Medium, forecast)
}

fn chatty(number: u32) -> Plan {
    let remedy = Remedy::LogLevel(LogLevel { function: "orders".to_owned(), level: "DEBUG".to_owned(), minutes: 30 });
    plan(number, remedy, Risk::Low, &[])
}

fn started(by: &[&str]) -> PlanFact {
    let approved_by: Vec<PersonId> = by.iter().map(|by| id(by)).collect();
    PlanFact::Started { by: id("eve"), needed: u8::try_from(by.len()).unwrap(), approved_by }
}

fn approved(by: &str) -> PlanFact {
    PlanFact::Approved { by: id(by), reason: None }
}

fn succeeded() -> PlanFact {
    PlanFact::Succeeded { after: Reading::default() }
}

fn verified(worked: Worked) -> PlanFact {
    PlanFact::Verified { worked }
}

const KEEP: Worked = Worked::Keep { before: 100.0, after: 2.0 };
const REVERT: Worked = Worked::Revert { before: 100.0, after: 99.0 };

fn undone_by(by: UndoneBy) -> PlanFact {
    PlanFact::UndoStarted { by }
}

/// The facts of a plan after it was made, each with its minute.
type Life = Vec<(i64, PlanFact)>;

fn incident(plans: &[(Plan, Life)], alarms: &[(&str, Option<i64>)]) -> Incident {
    let opened = Fact::Opened { id: IncidentId(7), scope: ScopeId("shop".to_owned()) };
    let mut facts = vec![(0, opened)];
    for (service, ok) in alarms {
        let alarm = Alarm::named((*service).to_owned(), AlarmState::Alarm, at(0));
        let service = Some(ServiceId::new(*service));
        let joined = Fact::AlarmJoined {
            alarm: Box::new(alarm.clone()),
            via: Via::EventBridge,
            service,
            because: Because::First,
        };
        facts.push((0, joined));
        if let Some(minute) = ok {
            let alarm = Alarm { state: AlarmState::Ok, changed_at: at(*minute), ..alarm };
            facts.push((*minute, Fact::AlarmTurned { alarm: Box::new(alarm), via: Via::EventBridge }));
        }
    }
    for (plan, life) in plans {
        let proposed = PlanFact::Proposed { plan: Box::new(plan.clone()) };
        for (minute, fact) in std::iter::once(&(0, proposed)).chain(life) {
            facts.push((*minute, Fact::Plan { id: plan.id.clone(), fact: Box::new(fact.clone()) }));
        }
    }
    let told = |state, (minute, fact): (i64, Fact)| Some(Incident::extend(state, at(minute), fact).unwrap().0);
    facts.into_iter().fold(None, told).unwrap()
}

#[track_caller]
fn check(plan: &Plan, life: Life, expected: Option<PlanOutcome>) {
    let incident = incident(&[(plan.clone(), life)], &[]);
    assert_eq!(PlanOutcome::of(&incident.plans[&plan.id]), expected);
}

#[test]
fn each_plan_that_was_started_came_out_in_one_way() {
    let bob = || approved("bob");
    let ran = |more: Vec<(i64, PlanFact)>| {
        let mut life = vec![(1, bob()), (2, started(&["bob"]))];
        life.extend(more);
        life
    };
    let done = |more: Vec<(i64, PlanFact)>| {
        let mut life = ran(vec![(3, succeeded())]);
        life.extend(more);
        life
    };
    let limit = limit(1, &[]);
    let person = || undone_by(UndoneBy::Person(id("bob")));
    check(&limit, vec![], None);
    check(&limit, vec![(20, PlanFact::Expired)], None);
    check(&limit, vec![(1, PlanFact::Rejected { by: id("bob"), reason: None })], None);
    check(&limit, ran(vec![]), Some(PlanOutcome::Open));
    check(&limit, ran(vec![(3, PlanFact::Drifted { found: Reading::default() })]), Some(PlanOutcome::Failed));
    let failed = |partly| PlanFact::Failed { because: "AccessDenied".to_owned(), partly };
    check(&limit, ran(vec![(3, failed(false))]), Some(PlanOutcome::Failed));
    check(&limit, ran(vec![(3, failed(true))]), Some(PlanOutcome::Failed));
    check(&limit, done(vec![]), Some(PlanOutcome::Open));
    check(&limit, done(vec![(13, verified(Worked::Unclear))]), Some(PlanOutcome::Unclear));
    check(&limit, done(vec![(13, verified(KEEP))]), Some(PlanOutcome::Kept));
    check(&limit, done(vec![(13, verified(REVERT))]), Some(PlanOutcome::Undone));
    check(&limit, done(vec![(13, verified(REVERT)), (14, person())]), Some(PlanOutcome::Open));
    let over = |worked, by: UndoneBy, end: PlanFact| done(vec![(13, verified(worked)), (40, undone_by(by)), (41, end)]);
    let by_hand = || UndoneBy::Person(id("bob"));
    check(&limit, over(KEEP, by_hand(), PlanFact::UndoFinished), Some(PlanOutcome::Undone));
    check(&limit, over(KEEP, UndoneBy::Time, PlanFact::UndoFinished), Some(PlanOutcome::Kept));
    check(&limit, over(REVERT, UndoneBy::Time, PlanFact::UndoFinished), Some(PlanOutcome::Undone));
    check(&limit, over(Worked::Unclear, UndoneBy::Time, PlanFact::UndoFinished), Some(PlanOutcome::Unclear));
    let left_alone = || PlanFact::LeftAlone { found: Reading::default() };
    check(&limit, over(KEEP, UndoneBy::Time, left_alone()), Some(PlanOutcome::Kept));
    let not_undone = PlanFact::UndoFailed { because: "AccessDenied".to_owned() };
    check(&limit, over(REVERT, by_hand(), not_undone), Some(PlanOutcome::Failed));
    // Where nothing can be measured, nothing is waited for.
    let act = Plan { expectation: None, ..limit }.pinned();
    check(&act, done(vec![]), Some(PlanOutcome::Unclear));
}

#[test]
fn approvals_remedies_and_forecasts_are_counted() {
    let kept = vec![(2, approved("bob")), (4, started(&["bob"])), (5, succeeded()), (15, verified(KEEP))];
    let slow = vec![(9, approved("bob")), (10, started(&["bob"])), (11, succeeded())];
    let expired = vec![(20, PlanFact::Expired)];
    let quick = vec![(1, started(&[]))];
    let forecast = [("orders", 10.0, 0.75), ("carts", 20.0, 0.5), ("silent", 5.0, 0.9)];
    let plans = [
        (limit(1, &forecast), kept),
        (limit(2, &[]), slow),
        (limit(3, &[]), expired),
        (chatty(4), quick),
        // Nobody has said yet that it expired.
        (limit(5, &[]), vec![]),
    ];
    // The effect is there at minute 5, so `orders` is back after 7 minutes and `carts` after 27.
    let incident = incident(&plans, &[("orders", Some(12)), ("carts", Some(32))]);
    let counted = stats(std::slice::from_ref(&incident), 7, at(60)).plans;
    let record = |remedy: &str, kept, open| RemedyRecord { kept, open, ..RemedyRecord::none(remedy) };
    let expected = PlanStats {
        proposed: 5,
        needed_approval: 4,
        time_to_approval: Some(Spans { count: 2, mean_s: 420.0, median_s: 240.0, longest_s: 600.0 }),
        expired: 2,
        remedies: vec![record("reserved-concurrency", 1, 1), record("log-level", 0, 1)],
        returns: ReturnGrade { asked: 2, in_time: 1, squared: 0.0625 + 0.25, returned: 2, minutes_off: 3.0 + 7.0 },
    };
    assert_eq!(counted, expected);
    // Ten minutes in, only one service can be told about, and nothing has expired.
    let early = stats(std::slice::from_ref(&incident), 7, at(14)).plans;
    assert_eq!(early.returns, ReturnGrade { asked: 1, in_time: 1, squared: 0.0625, returned: 1, minutes_off: 3.0 });
}

#[test]
fn of_no_plans_nothing_is_said() {
    let none = stats(&[incident(&[], &[("orders", None)])], 7, at(60)).plans;
    assert_eq!(none, PlanStats::default());
    assert_eq!(none.returns.brier(), None);
}

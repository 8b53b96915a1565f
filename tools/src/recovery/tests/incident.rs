//! Plans as part of an incident.

use super::*;
use crate::context::similar;
use crate::model::{Alarm, AlarmState, Because, Fact, Incident, Record, ScopeId, Via, Worked};
use crate::recovery::plan::{MOST_PLANS, PlanStatus};

fn opened() -> Incident {
    let fact = Fact::Opened { id: IncidentId(7), scope: ScopeId("shop".to_owned()) };
    Incident::extend(None, at(0), fact).unwrap().0
}

fn tell(incident: &Incident, id: &PlanId, fact: &PlanFact, minute: i64) -> Result<Incident, String> {
    let fact = Fact::Plan { id: id.clone(), fact: Box::new(fact.clone()) };
    let (_, record) = Incident::extend(Some(incident.clone()), at(minute), fact)?;
    let stored = serde_json::to_string(&record).unwrap();
    let record: Record = serde_json::from_str(&stored).unwrap();
    Incident::fold(Some(incident.clone()), &record)
}

fn propose(incident: &Incident, plan: &Plan) -> Result<Incident, String> {
    tell(incident, &plan.id, &PlanFact::Proposed { plan: Box::new(plan.clone()) }, 0)
}

#[test]
fn the_facts_of_plans_are_folded_and_a_snapshot_holds_them() {
    let mut room = Room::new(draft("ann", Risk::Medium));
    room.asks("bob", &approve(""), 1);
    room.asks("eve", &execute(), 2);
    let mut incident = opened();
    for told in room.state.history() {
        let minute = told.at.duration_since(at(0)).as_mins();
        incident = tell(&incident, room.state.id(), &told.fact, minute).unwrap();
    }
    assert_eq!(*incident.plans[room.state.id()], room.state);
    let snapshot = serde_json::to_string(&incident).unwrap();
    assert_eq!(serde_json::from_str::<Incident>(&snapshot).unwrap(), incident);
}

#[test]
fn a_fact_that_a_plan_cannot_take_is_none_of_its_incident() {
    let plan = draft("ann", Risk::Low).pinned();
    let incident = propose(&opened(), &plan).unwrap();
    assert_eq!(incident.plans[&plan.id].status(), PlanStatus::Waiting);
    #[track_caller]
    fn check(told: Result<Incident, String>, expected: &str) {
        let err = told.unwrap_err();
        assert!(err.contains(expected), "{err}");
    }
    check(propose(&incident, &plan), "a plan that is waiting cannot become `proposed`");
    check(
        tell(&incident, &plan.id, &PlanFact::UndoFinished, 1),
        "a plan that is waiting cannot become `undo_finished`",
    );
    let unknown = PlanId("plan-0".to_owned());
    check(tell(&incident, &unknown, &PlanFact::Expired, 20), "a plan that is not there cannot become `expired`");
    let proposed = PlanFact::Proposed { plan: Box::new(draft("bob", Risk::Low).pinned()) };
    check(tell(&incident, &unknown, &proposed, 1), "is told as plan-0 of INC-7");
    let elsewhere = Plan { incident: IncidentId(8), ..draft("ann", Risk::Low) }.pinned();
    check(propose(&incident, &elsewhere), "of INC-8 is told as");
    check(propose(&incident, &draft("bob", Risk::Low)), "is not pinned");
}

#[test]
fn an_incident_takes_so_many_plans() {
    let number = |number: usize| Plan { environment: number.to_string(), ..draft("ann", Risk::Low) }.pinned();
    let full = (0..MOST_PLANS).try_fold(opened(), |incident, place| propose(&incident, &number(place))).unwrap();
    assert_eq!(full.plans.len(), MOST_PLANS);
    let err = propose(&full, &number(MOST_PLANS)).unwrap_err();
    assert_eq!(err, "INC-7 has 50 plans, and takes no more");
    let still = tell(&full, &number(0).id, &PlanFact::Revoked { by: id("ann") }, 1).unwrap();
    assert_eq!(still.plans[&number(0).id].status(), PlanStatus::Revoked);
}

#[test]
fn what_fixed_a_past_incident_is_the_plan_that_was_kept() {
    let alarm = |incident: Incident, state: AlarmState, minute: i64| {
        let alarm = Box::new(Alarm::named("orders-errors".to_owned(), state, at(minute)));
        let (via, service) = (Via::EventBridge, Some(ServiceId::new("orders")));
        let fact = match state {
            AlarmState::Alarm => Fact::AlarmJoined { alarm, via, service, because: Because::First },
            AlarmState::Ok | AlarmState::InsufficientData => Fact::AlarmTurned { alarm, via },
        };
        Incident::extend(Some(incident), at(minute), fact).unwrap().0
    };
    let past = alarm(opened(), AlarmState::Alarm, 0);
    let plan = Plan { approvals: 0, ..draft("ann", Risk::Low) }.pinned();
    let sentence = plan.remedy.entry().sentence(&plan.saw);
    let after = Reading { settings: plan.wants.clone(), revision: None };
    let facts = [
        PlanFact::Proposed { plan: Box::new(plan.clone()) },
        PlanFact::Started { by: id("ann"), approved_by: Vec::new(), needed: 0 },
        PlanFact::Succeeded { after },
        PlanFact::Verified { worked: Worked::Keep { before: 9.0, after: 1.0 } },
    ];
    let past = facts.iter().fold(past, |past, fact| tell(&past, &plan.id, fact, 1).unwrap());
    let past = alarm(past, AlarmState::Ok, 9);
    let now = Incident { id: IncidentId(8), ..alarm(opened(), AlarmState::Alarm, 60) };
    let ended = similar(&now, &[past])[0].ended.clone().unwrap();
    assert_eq!((ended.at, ended.remedy), (at(9), Some(sentence)));
}

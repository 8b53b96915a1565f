//! The life of plans, from the first word to the last: tables, and random lives against a simple model.

mod crash;
mod decide;
mod incident;
mod lever;
mod life;
mod races;
mod status;

use crate::model::{Cost, Direction, Expectation, IncidentId, Measure, Reading, Risk, ServiceId};
use crate::recovery::plan::{Decided, Desk, Plan, PlanFact, PlanId, PlanState, Request, decide};
use crate::recovery::policy::{Directory, Person, PersonId, Policy, Standing};
use crate::recovery::remedy::{Remedy, ReservedConcurrency, Target};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Approving is for leads, executing for everybody but juniors, and in business hours a medium risk needs two.
const POLICY: &str = r#"
permit (principal, action == Action::"propose", resource);
permit (principal in Group::"leads", action == Action::"approve", resource);
@approvals("2") permit (principal, action == Action::"execute", resource)
when { context.business_hours && resource.risk == Risk::"medium" };
permit (principal, action == Action::"execute", resource);
@because("juniors watch") forbid (principal in Group::"juniors", action in [Action::"execute", Action::"undo"], resource);
permit (principal, action == Action::"undo", resource);
"#;

/// Read once: that takes longer than a life.
static READ: LazyLock<Policy> = LazyLock::new(|| {
    let groups = ["leads", "juniors"].map(str::to_owned);
    Policy::parse(POLICY, &Directory { unresolved: BTreeSet::from(groups), ..Directory::default() }).unwrap()
});

/// So many minutes into the story.
fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap()
}

fn id(name: &str) -> PersonId {
    PersonId(name.to_owned())
}

fn person(name: &str, groups: &[&str]) -> Person {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Person { id: id(name), groups, standing: Standing::Member }
}

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Two settings, so that it can be there by half.
fn seen() -> Reading {
    Reading { settings: settings(&[("Executions", "100"), ("Breaker", "closed")]), revision: Some("r0".to_owned()) }
}

fn wanted() -> BTreeMap<String, String> {
    settings(&[("Executions", "20"), ("Breaker", "open")])
}

/// A plan that `requester` made at minute 0 and that expires after 15.
fn draft(requester: &str, risk: Risk) -> Plan {
    Plan {
        id: PlanId(String::new()),
        incident: IncidentId(7),
        remedy: Remedy::ReservedConcurrency(ReservedConcurrency { function: "orders".to_owned(), executions: 20 }),
        target: Target { kind: "AWS::Lambda::Function".to_owned(), name: "orders".to_owned() },
        service: ServiceId::new("orders"),
        environment: "production".to_owned(),
        evidence: Vec::new(),
        risk,
        risk_reasons: Vec::new(),
        cost: Cost::Nothing,
        saw: seen(),
        wants: wanted(),
        reversible: true,
        undo_after_min: None,
        expectation: Some(Expectation {
            service: ServiceId::new("orders"),
            measure: Measure::Faults,
            direction: Direction::Falls,
            within_min: 10,
        }),
        forecast: Vec::new(),
        requester: id(requester),
        approvals: 0,
        proposed_at: at(0),
        expires_at: at(15),
    }
}

fn proposed(plan: Plan) -> PlanState {
    let plan = plan.pinned();
    let at = plan.proposed_at;
    PlanState::fold(None, at, &PlanFact::Proposed { plan: Box::new(plan) }).unwrap()
}

/// A team and a plan.
#[derive(Debug)]
struct Room {
    policy: &'static Policy,
    people: BTreeMap<PersonId, Person>,
    business_hours: bool,
    state: PlanState,
}

impl Room {
    /// `ann` asked; `bob`, `cyd` and `dan` may approve as `ann` could; `eve` may only execute; `jim` only watches; `gus` is a
    /// guest.
    fn new(plan: Plan) -> Self {
        let leads = ["ann", "bob", "cyd", "dan"].map(|name| person(name, &["leads"]));
        let others = [person("eve", &[]), person("jim", &["juniors"])];
        let guest = Person { standing: Standing::Guest, ..person("gus", &["leads"]) };
        let people = leads.into_iter().chain(others).chain([guest]).map(|person| (person.id.clone(), person));
        Self { policy: &READ, people: people.collect(), business_hours: false, state: proposed(plan) }
    }

    fn desk(&self) -> Desk<'_> {
        Desk { policy: self.policy, people: &self.people, business_hours: self.business_hours }
    }

    fn decides(&self, who: &str, request: &Request, minute: i64) -> Decided {
        decide(&self.state, request, &self.people[&id(who)], &self.desk(), at(minute))
    }

    /// Records what follows from a request; every fact must be one that the plan takes.
    #[track_caller]
    fn asks(&mut self, who: &str, request: &Request, minute: i64) -> Decided {
        let decided = self.decides(who, request, minute);
        for fact in &decided.facts {
            self.tell(fact, minute);
        }
        decided
    }

    #[track_caller]
    fn tell(&mut self, fact: &PlanFact, minute: i64) {
        assert!(self.state.accepts(at(minute), fact), "{fact:?} after {:?}", self.state.history());
        self.state = PlanState::fold(Some(self.state.clone()), at(minute), fact).unwrap();
    }

    /// The process is killed and another one reads what was stored.
    fn restart(&mut self) {
        let stored = serde_json::to_string(&self.state).unwrap();
        let read: PlanState = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, self.state);
        self.state = read;
    }
}

fn approve(reason: &str) -> Request {
    Request::Approve { reason: (!reason.is_empty()).then(|| reason.to_owned()) }
}

fn execute() -> Request {
    Request::Execute { typed: None }
}

//! Stories that postmortems are written of.

use blocks::postmortem::document;
use jiff::Timestamp;
use std::collections::BTreeMap;
use tools::context::timeline;
use tools::model::{
    Affected, Alarm, AlarmState, Answer, Because, Cause, Change, ChangeKind, Claim, Cost, Direction, Evidence,
    EvidenceId, Expectation, Fact, Gap, Incident, IncidentId, Isolation, IsolationReason, Lane, Measure, NextStep,
    Outlook, Prediction, Reading, Reason, Return, Risk, ScopeId, ServiceId, Source, Suspect, Symptom, Verdict, Via,
    Window,
};
use tools::recovery::plan::{Plan, PlanFact, PlanId, UndoneBy};
use tools::recovery::policy::PersonId;
use tools::recovery::remedy::{Remedy, ReservedConcurrency};

pub(crate) fn at(minute: i64) -> Timestamp {
    let start: Timestamp = "2026-11-20T03:00:00Z".parse().unwrap();
    Timestamp::from_second(start.as_second() + 60 * minute).unwrap()
}

pub(crate) fn id(number: u32) -> EvidenceId {
    EvidenceId(number)
}

pub(crate) fn evidence(number: u32, claim: Claim) -> Evidence {
    let source = Source::Query(format!("GetMetricData orders | {number}"));
    Evidence { id: id(number), claim, source, window: Window { from: at(0), to: at(5) } }
}

/// `pool` fails and `orders` with it; a change on `pool` is guilty if there is a cause.
pub(crate) fn verdict(answer: Answer) -> Verdict {
    let service = |name: &str| ServiceId::new(name);
    let excess = |name: &str| Claim::Excess {
        service: service(name),
        measure: Measure::Faults,
        observed: 421.0,
        expected: 1.07,
        z: 573.0,
        own_share: 1.0,
    };
    let change = Change {
        at: at(-4),
        service: service("pool"),
        kind: ChangeKind::Deploy,
        summary: "limit 120 → 12 | <script>".to_owned(),
        by: Some("m.okafor".to_owned()),
        link: Some("https://git.example/1".to_owned()),
        commit: None,
        error_code: None,
    };
    let found = answer == Answer::CauseFound;
    let affected = |name: &str, minute, number| Affected {
        service: service(name),
        onset: at(minute),
        symptom: Symptom::Faults,
        evidence: vec![id(number)],
    };
    let statement = r#"{"Effect": "Allow", "Action": "logs:StartQuery", "Resource": "*"}"#.to_owned();
    Verdict {
        at: at(3),
        lane: Lane::ExcessFlow,
        answer,
        causes: vec![Cause {
            service: service("pool"),
            symptom: Symptom::Faults,
            score: 9.0,
            confidence: if found { 0.97 } else { 0.21 },
            evidence: vec![id(1)],
        }],
        affected: vec![affected("pool", 0, 1), affected("orders", 1, 2)],
        path: if found { vec![service("pool"), service("orders")] } else { Vec::new() },
        expected: Vec::new(),
        changes: vec![Suspect {
            evidence: id(3),
            likelihood: if found { 0.8 } else { 0.1 },
            reasons: vec![Reason::Before { minutes: 4.0 }, Reason::AtCause],
        }],
        guilty: found.then_some(id(3)),
        bottlenecks: Vec::new(),
        gaps: vec![Gap { wanted: "logs".to_owned(), because: "AccessDenied".to_owned(), remedy: Some(statement) }],
        next_steps: vec![NextStep::Watch],
        evidence: vec![
            evidence(1, excess("pool")),
            evidence(2, excess("orders")),
            Evidence {
                source: Source::Link("https://git.example/1".to_owned()),
                ..evidence(3, Claim::Changed { change })
            },
        ],
    }
}

pub(crate) fn outlook() -> Outlook {
    let web = Prediction {
        service: ServiceId::new("web"),
        through: ServiceId::new("orders"),
        probability: 0.72,
        in_minutes: Some(4.0),
        requests_per_min_at_risk: Some(399.0),
        entry_share: None,
        path: Vec::new(),
        evidence: Vec::new(),
    };
    Outlook {
        at: at(3),
        map: None,
        predictions: vec![web],
        unseen: Vec::new(),
        others: 2,
        otherwise: 0.05,
        isolation: Isolation {
            cut: Vec::new(),
            recovers: Vec::new(),
            refused_per_min: None,
            refused_share: None,
            saved_per_min: None,
            worth_it: false,
            because: IsolationReason::NothingToProtect,
        },
        gaps: Vec::new(),
        evidence: Vec::new(),
    }
}

/// A plan that limits a function to so many executions.
pub(crate) fn plan(executions: u32, minute: i64) -> Plan {
    let remedy = Remedy::ReservedConcurrency(ReservedConcurrency { function: "orders".to_owned(), executions });
    let pinned = Plan {
        id: PlanId(String::new()),
        incident: IncidentId(7),
        target: remedy.target(),
        remedy,
        service: ServiceId::new("orders"),
        environment: "production".to_owned(),
        evidence: vec![id(2)],
        risk: Risk::Medium,
        risk_reasons: Vec::new(),
        cost: Cost::Nothing,
        saw: Reading { settings: BTreeMap::new(), revision: None },
        wants: BTreeMap::new(),
        reversible: true,
        undo_after_min: None,
        expectation: Some(Expectation {
            service: ServiceId::new("orders"),
            measure: Measure::Faults,
            direction: Direction::Falls,
            within_min: 5,
        }),
        forecast: vec![Return { service: ServiceId::new("orders"), after_min: 10.0, probability: 0.8 }],
        requester: PersonId("U0MINA".to_owned()),
        approvals: 1,
        proposed_at: at(minute),
        expires_at: at(minute + 15),
    };
    pinned.pinned()
}

/// The facts of an incident, told one after the other.
pub(crate) struct Story(Option<Incident>);

impl Story {
    pub(crate) fn tell(&mut self, minute: i64, fact: Fact) {
        self.0 = Some(Incident::extend(self.0.take(), at(minute), fact).unwrap().0);
    }

    pub(crate) fn of(plan: &Plan, fact: PlanFact) -> Fact {
        Fact::Plan { id: plan.id.clone(), fact: Box::new(fact) }
    }

    pub(crate) fn begin(alarms: &[(&str, Option<&str>)]) -> Self {
        let mut story = Self(None);
        story.tell(0, Fact::Opened { id: IncidentId(7), scope: ScopeId("prod".to_owned()) });
        for (minute, (name, service)) in (0..).zip(alarms) {
            let alarm = Box::new(Alarm::named((*name).to_owned(), AlarmState::Alarm, at(minute)));
            let service = service.map(ServiceId::new);
            story.tell(minute, Fact::AlarmJoined { alarm, via: Via::EventBridge, service, because: Because::First });
        }
        story
    }

    pub(crate) fn turn(&mut self, name: &str, state: AlarmState, minute: i64) {
        let alarm = Box::new(Alarm::named(name.to_owned(), state, at(minute)));
        self.tell(minute, Fact::AlarmTurned { alarm, via: Via::EventBridge });
    }

    pub(crate) fn explain(&mut self, minute: i64, answer: Answer) {
        self.tell(minute, Fact::Investigated { verdict: Box::new(verdict(answer)) });
        self.tell(minute, Fact::Predicted { outlook: Box::new(outlook()) });
    }

    /// From the first word to the end of its window; `after` is the failed requests a minute then.
    pub(crate) fn carry_out(&mut self, plan: &Plan, minute: i64, worked: tools::model::Worked) {
        let by = || PersonId("U0JUN".to_owned());
        self.tell(minute, Self::of(plan, PlanFact::Proposed { plan: Box::new(plan.clone()) }));
        let reason = Some("it *storms* | <now>".to_owned());
        self.tell(minute + 1, Self::of(plan, PlanFact::Approved { by: by(), reason }));
        let (approved_by, needed) = (vec![by()], 1);
        let started = PlanFact::Started { by: PersonId("U0MINA".to_owned()), approved_by, needed };
        self.tell(minute + 2, Self::of(plan, started));
        self.tell(minute + 2, Self::of(plan, PlanFact::Succeeded { after: Reading::default() }));
        self.tell(minute + 7, Self::of(plan, PlanFact::Verified { worked }));
    }

    pub(crate) fn end(self) -> Incident {
        self.0.unwrap()
    }
}

pub(crate) fn names(id: &str) -> Option<String> {
    (id == "U0MINA").then(|| "Mina".to_owned())
}

pub(crate) fn told(incident: &Incident, minute: i64) -> String {
    document(incident, &timeline(incident), at(minute), &names)
}

/// A flood on `pool` and `orders`: a first plan does not help and is undone, a second one is kept.
pub(crate) fn recovered() -> Incident {
    let mut story =
        Story::begin(&[("pool-throttles", Some("pool")), ("orders-5xx", Some("orders")), ("odd|name*", None)]);
    story.tell(2, Fact::FloodBegan { alarms: 3 });
    story.explain(3, Answer::CauseFound);
    story.tell(3, Fact::ContextReached);
    let (first, second) = (plan(50, 5), plan(20, 14));
    story.carry_out(&first, 5, tools::model::Worked::Revert { before: 420.0, after: 415.0 });
    let by = UndoneBy::Person(PersonId("U0JUN".to_owned()));
    story.tell(13, Story::of(&first, PlanFact::UndoStarted { by }));
    story.tell(13, Story::of(&first, PlanFact::UndoFinished));
    story.carry_out(&second, 14, tools::model::Worked::Keep { before: 420.0, after: 3.0 });
    story.turn("odd|name*", AlarmState::Ok, 20);
    story.turn("odd|name*", AlarmState::Alarm, 21);
    for name in ["odd|name*", "orders-5xx", "pool-throttles"] {
        story.turn(name, AlarmState::Ok, 24);
    }
    story.end()
}

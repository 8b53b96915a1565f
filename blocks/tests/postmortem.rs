//! Postmortems as people read them: of an incident that is over, of one that is not, and of a lone alarm.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use blocks::postmortem::{document, page};
use insta::assert_snapshot;
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

fn at(minute: i64) -> Timestamp {
    let start: Timestamp = "2026-11-20T03:00:00Z".parse().unwrap();
    Timestamp::from_second(start.as_second() + 60 * minute).unwrap()
}

fn id(number: u32) -> EvidenceId {
    EvidenceId(number)
}

fn evidence(number: u32, claim: Claim) -> Evidence {
    let source = Source::Query(format!("GetMetricData orders | {number}"));
    Evidence { id: id(number), claim, source, window: Window { from: at(0), to: at(5) } }
}

/// `pool` fails and `orders` with it; a change on `pool` is guilty if there is a cause.
fn verdict(answer: Answer) -> Verdict {
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

fn outlook() -> Outlook {
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
fn plan(executions: u32, minute: i64) -> Plan {
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
struct Story(Option<Incident>);

impl Story {
    fn tell(&mut self, minute: i64, fact: Fact) {
        self.0 = Some(Incident::extend(self.0.take(), at(minute), fact).unwrap().0);
    }

    fn of(plan: &Plan, fact: PlanFact) -> Fact {
        Fact::Plan { id: plan.id.clone(), fact: Box::new(fact) }
    }

    fn begin(alarms: &[(&str, Option<&str>)]) -> Self {
        let mut story = Self(None);
        story.tell(0, Fact::Opened { id: IncidentId(7), scope: ScopeId("prod".to_owned()) });
        for (minute, (name, service)) in (0..).zip(alarms) {
            let alarm = Box::new(Alarm::named((*name).to_owned(), AlarmState::Alarm, at(minute)));
            let service = service.map(ServiceId::new);
            story.tell(minute, Fact::AlarmJoined { alarm, via: Via::EventBridge, service, because: Because::First });
        }
        story
    }

    fn turn(&mut self, name: &str, state: AlarmState, minute: i64) {
        let alarm = Box::new(Alarm::named(name.to_owned(), state, at(minute)));
        self.tell(minute, Fact::AlarmTurned { alarm, via: Via::EventBridge });
    }

    fn explain(&mut self, minute: i64, answer: Answer) {
        self.tell(minute, Fact::Investigated { verdict: Box::new(verdict(answer)) });
        self.tell(minute, Fact::Predicted { outlook: Box::new(outlook()) });
    }

    /// From the first word to the end of its window; `after` is the failed requests a minute then.
    fn carry_out(&mut self, plan: &Plan, minute: i64, worked: tools::model::Worked) {
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

    fn end(self) -> Incident {
        self.0.unwrap()
    }
}

fn names(id: &str) -> Option<String> {
    (id == "U0MINA").then(|| "Mina".to_owned())
}

fn told(incident: &Incident, minute: i64) -> String {
    document(incident, &timeline(incident), at(minute), &names)
}

/// A flood on `pool` and `orders`: a first plan does not help and is undone, a second one is kept.
fn recovered() -> Incident {
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

#[test]
fn an_incident_that_is_over() {
    let document = told(&recovered(), 60);
    assert_snapshot!(document.split_once("## Timeline").unwrap().0, @r#"
    # Postmortem of INC-7: `pool`, requests fail

    ## Summary

    From 2026-11-20 03:00:00 UTC on 3 alarms fired; 2 services suffered. The cause was `pool` (97 % sure): requests fail. 2 plans were made, 2 started: 1 kept and 1 undone or without effect. All is OK again since 2026-11-20 03:24:00 UTC, after 24 min.

    ## How long it took

    Time to context: **3 min**. Time to recovery: **24 min**.

    | step | at | after the first alarm | after the step before |
    | --- | --- | --- | --- |
    | the first alarm fired | 2026-11-20 03:00:00 |  |  |
    | it was a flood and got its card | 2026-11-20 03:02:00 | 2 min | 2 min |
    | the cause was found | 2026-11-20 03:03:00 | 3 min | 60 s |
    | the card said enough to act on | 2026-11-20 03:03:00 | 3 min | 0 s |
    | the first plan was made | 2026-11-20 03:05:00 | 5 min | 2 min |
    | the first plan was started | 2026-11-20 03:07:00 | 7 min | 2 min |
    | the last alarm was OK again | 2026-11-20 03:24:00 | 24 min | 17 min |

    ## Impact

    | service | suffered from | until | how |
    | --- | --- | --- | --- |
    | `pool` | 2026-11-20 03:00:00 | 2026-11-20 03:24:00 | 421 failed requests a minute where 1.07 failed requests a minute is usual *(E1)* |
    | `orders` | 2026-11-20 03:01:00 | 2026-11-20 03:24:00 | 421 failed requests a minute where 1.07 failed requests a minute is usual *(E2)* |

    - at risk when last looked at: `web`, 399 requests a minute

    ## Cause

    `pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that *(E1)*.

    It spread `pool` → `orders`.

    The evidence, each claim with the query or page that it comes from:

    - **E1** `pool`: 421 failed requests a minute where 1.07 failed requests a minute is usual, 573 deviations · `GetMetricData orders | 1`
    - **E2** `orders`: 421 failed requests a minute where 1.07 failed requests a minute is usual, 573 deviations · `GetMetricData orders | 2`
    - **E3** deploy on `pool` by m.okafor at 02:56:00 UTC: [limit 120 → 12 \| \<script\>](<https://git.example/1>) · [source](<https://git.example/1>)

    Ranked by excess flow, as of 2026-11-20 03:03:00.

    ## What changed

    The deploy on `pool` is probably guilty *(E3)*.

    - **guilty**, 80 % likely: deploy on `pool` by m.okafor at 02:56:00 UTC: [limit 120 → 12 \| \<script\>](<https://git.example/1>) *(E3)* · it came 4 min before the onset; it touches the cause

    ## What was done, and what it did

    ### 1. Set reserved concurrency of orders to 50 (none now): undone

    - `plan-25390040808ae584`, `reserved-concurrency` on `AWS::Lambda::Function orders`, risk medium
    - asked for by @Mina at 2026-11-20 03:05:00 *(E2)*
    - approved by @U0JUN, 1 needed (@U0JUN: “it **storms** \| \<now\>”)
    - carried out by @Mina at 2026-11-20 03:07:00
    - expected: the number of failed requests of `orders` falls within 5 min
    - measured: 420 failed requests a minute before, 415 failed requests a minute after: **REVERT**
    - **it was undone** by @U0JUN at 2026-11-20 03:13:00

    | service | said to be back after | was back after |
    | --- | --- | --- |
    | `orders` | 10 min (80 %) | 17 min |

    ### 2. Set reserved concurrency of orders to 20 (none now): kept

    - `plan-69ac2b4d504feffb`, `reserved-concurrency` on `AWS::Lambda::Function orders`, risk medium
    - asked for by @Mina at 2026-11-20 03:14:00 *(E2)*
    - approved by @U0JUN, 1 needed (@U0JUN: “it **storms** \| \<now\>”)
    - carried out by @Mina at 2026-11-20 03:16:00
    - expected: the number of failed requests of `orders` falls within 5 min
    - measured: 420 failed requests a minute before, 3 failed requests a minute after: **KEEP**
    - **it helped, and is in force**

    | service | said to be back after | was back after |
    | --- | --- | --- |
    | `orders` | 10 min (80 %) | 8 min |

    ## What was foretold

    | service | first said at | highest probability | what happened |
    | --- | --- | --- | --- |
    | `web` | 2026-11-20 03:03:00 | 72 % | was not hit |

    Nobody was hit later. Brier score 0.174, no better than the 0.000 of always stating the mean.

    Forecasts of recovery: 1 of 2 services were back in time, 4.5 min off on average over the 2 services that came back. Brier score 0.340, no better than the 0.250 of always stating the mean.

    ## What could not be seen

    **logs**: AccessDenied
    This statement in my role's policy would supply it:

    ```
    {"Effect": "Allow", "Action": "logs:StartQuery", "Resource": "*"}
    ```
    "#);
}

#[test]
fn its_timeline_and_its_lessons() {
    let document = told(&recovered(), 60);
    assert_snapshot!(document.split_once("## Timeline").unwrap().1, @r"


    | UTC | what happened |
    | --- | --- |
    | 2026-11-20 02:56:00 | 🔧 deploy on `pool` by m.okafor: “limit 120 → 12 \| \<script\>” — **guilty** *(E3)* |
    | 2026-11-20 03:00:00 | 🔴 **ALARM** `pool-throttles` and `orders-5xx` |
    | 2026-11-20 03:02:00 | 🔴 **ALARM** `odd\|name*` |
    | 2026-11-20 03:02:00 | 🌊 3 alarms: this is a flood, and gets a card |
    | 2026-11-20 03:03:00 | 🔎 Cause found: `pool` |
    | 2026-11-20 03:03:00 | 🧭 The card says enough to act on: context is reached |
    | 2026-11-20 03:05:00 | 🛠️ `plan-25390040` proposed by @Mina: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:05:00 | `plan-25390040808ae584`: asked for by @Mina: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:06:00 | 🛠️ `plan-25390040` approved by @U0JUN: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:06:00 | `plan-25390040808ae584`: approved by @U0JUN: “it **storms** \| \<now\>” |
    | 2026-11-20 03:07:00 | 🛠️ `plan-25390040` carried out by @Mina: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:07:00 | 🛠️ `plan-25390040` in force: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:07:00 | `plan-25390040808ae584`: started by @Mina |
    | 2026-11-20 03:07:00 | `plan-25390040808ae584`: its effect is there |
    | 2026-11-20 03:12:00 | 🛠️ `plan-25390040` did not help: REVERT: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:12:00 | `plan-25390040808ae584`: measured: 420 failed requests a minute before, 415 failed requests a minute after: **REVERT** |
    | 2026-11-20 03:13:00 | 🛠️ `plan-25390040` being taken back by @U0JUN: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:13:00 | 🛠️ `plan-25390040` taken back: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:13:00 | `plan-25390040808ae584`: taken back by @U0JUN |
    | 2026-11-20 03:13:00 | `plan-25390040808ae584`: what was there before is restored |
    | 2026-11-20 03:14:00 | 🛠️ `plan-69ac2b4d` proposed by @Mina: Set reserved concurrency of orders to 20 (none now) |
    | 2026-11-20 03:14:00 | `plan-69ac2b4d504feffb`: asked for by @Mina: Set reserved concurrency of orders to 20 (none now) |
    | 2026-11-20 03:15:00 | 🛠️ `plan-69ac2b4d` approved by @U0JUN: Set reserved concurrency of orders to 20 (none now) |
    | 2026-11-20 03:15:00 | `plan-69ac2b4d504feffb`: approved by @U0JUN: “it **storms** \| \<now\>” |
    | 2026-11-20 03:16:00 | 🛠️ `plan-69ac2b4d` carried out by @Mina: Set reserved concurrency of orders to 20 (none now) |
    | 2026-11-20 03:16:00 | 🛠️ `plan-69ac2b4d` in force: Set reserved concurrency of orders to 20 (none now) |
    | 2026-11-20 03:16:00 | `plan-69ac2b4d504feffb`: started by @Mina |
    | 2026-11-20 03:16:00 | `plan-69ac2b4d504feffb`: its effect is there |
    | 2026-11-20 03:20:00 | 🟢 **OK** `odd\|name*` |
    | 2026-11-20 03:21:00 | 🔴 **ALARM** `odd\|name*` |
    | 2026-11-20 03:21:00 | 🛠️ `plan-69ac2b4d` worked: KEEP: Set reserved concurrency of orders to 20 (none now) |
    | 2026-11-20 03:21:00 | `plan-69ac2b4d504feffb`: measured: 420 failed requests a minute before, 3 failed requests a minute after: **KEEP** |
    | 2026-11-20 03:24:00 | 🟢 **OK** `odd\|name*`, `orders-5xx` and `pool-throttles` |
    | 2026-11-20 03:24:00 | All alarms are OK again |

    ## What went well

    - The card said enough to act on 3 min after the first alarm.
    - `plan-25390040808ae584` was taken back, and what was there before is restored.
    - `plan-69ac2b4d504feffb` helped: Set reserved concurrency of orders to 20 (none now).

    ## Follow-ups

    - [ ] Look at the change that is probably guilty: deploy on `pool` by m.okafor at 02:56:00 UTC: [limit 120 → 12 \| \<script\>](<https://git.example/1>) *(E3)*
    - [ ] Learn from `plan-25390040808ae584`: it did not help, and was undone: Set reserved concurrency of orders to 50 (none now).
    - [ ] Make `plan-69ac2b4d504feffb` permanent or take it back, since it is still in force: Set reserved concurrency of orders to 20 (none now).
    - [ ] Calm `odd|name*`: it fired 2 times.
    - [ ] Say which service `odd|name*` belongs to: the topology does not know it.
    - [ ] Close the gap **logs**: AccessDenied. The statement for my role is above.

    ---

    Made from the 25 facts of INC-7 as of 2026-11-20 04:00:00 UTC; all times are in UTC. The head of their chain is `fa4125a4094a603c1214b662b83c9cd350dc168ee9c513841fc78fe9d6ca15d0`.
    ");
}

#[test]
fn an_incident_that_is_not_over_and_that_nobody_can_explain() {
    let mut story = Story::begin(&[("pool-throttles", Some("pool")), ("orders-5xx", Some("orders"))]);
    story.tell(1, Fact::FloodBegan { alarms: 2 });
    story.explain(3, Answer::NoCauseFound);
    let plan = plan(50, 5);
    story.tell(5, Story::of(&plan, PlanFact::Proposed { plan: Box::new(plan.clone()) }));
    story.tell(20, Story::of(&plan, PlanFact::Expired));
    assert_snapshot!(told(&story.end(), 30), @r#"
    # Postmortem of INC-7: 2 alarms

    ## Summary

    From 2026-11-20 03:00:00 UTC on 2 alarms fired; 2 services suffered. No cause was found. One plan was made, and none was carried out. **It is not over**: 2 of 2 alarms fire as of 2026-11-20 03:30:00 UTC, after 30 min.

    ## How long it took

    Time to context: **not reached**. Time to recovery: **not reached**.

    | step | at | after the first alarm | after the step before |
    | --- | --- | --- | --- |
    | the first alarm fired | 2026-11-20 03:00:00 |  |  |
    | it was a flood and got its card | 2026-11-20 03:01:00 | 60 s | 60 s |
    | the first plan was made | 2026-11-20 03:05:00 | 5 min | 4 min |
    | the cause was found | not reached |  |  |
    | the card said enough to act on | not reached |  |  |
    | the first plan was started | not reached |  |  |
    | the last alarm was OK again | not reached |  |  |

    ## Impact

    | service | suffered from | until | how |
    | --- | --- | --- | --- |
    | `pool` | 2026-11-20 03:00:00 | its alarms are not OK yet | 421 failed requests a minute where 1.07 failed requests a minute is usual *(E1)* |
    | `orders` | 2026-11-20 03:01:00 | its alarms are not OK yet | 421 failed requests a minute where 1.07 failed requests a minute is usual *(E2)* |

    - at risk when last looked at: `web`, 399 requests a minute

    ## Cause

    No cause found: nothing stands out clearly enough. Most conspicuous: `pool`.

    What was looked at:

    - `pool` (21 % sure) *(E1)*

    The evidence, each claim with the query or page that it comes from:

    - **E1** `pool`: 421 failed requests a minute where 1.07 failed requests a minute is usual, 573 deviations · `GetMetricData orders | 1`
    - **E2** `orders`: 421 failed requests a minute where 1.07 failed requests a minute is usual, 573 deviations · `GetMetricData orders | 2`
    - **E3** deploy on `pool` by m.okafor at 02:56:00 UTC: [limit 120 → 12 \| \<script\>](<https://git.example/1>) · [source](<https://git.example/1>)

    Ranked by excess flow, as of 2026-11-20 03:03:00.

    ## What changed

    No change is guilty, as far as I can tell. That is common: load, data and dependencies break things too.

    - 10 % likely: deploy on `pool` by m.okafor at 02:56:00 UTC: [limit 120 → 12 \| \<script\>](<https://git.example/1>) *(E3)* · it came 4 min before the onset; it touches the cause

    ## What was done, and what it did

    ### 1. Set reserved concurrency of orders to 50 (none now): expired

    - `plan-25390040808ae584`, `reserved-concurrency` on `AWS::Lambda::Function orders`, risk medium
    - asked for by @Mina at 2026-11-20 03:05:00 *(E2)*
    - approved by nobody, 1 needed
    - expected: the number of failed requests of `orders` falls within 5 min
    - **it expired unanswered** at 2026-11-20 03:20:00

    ## What was foretold

    | service | first said at | highest probability | what happened |
    | --- | --- | --- | --- |
    | `web` | 2026-11-20 03:03:00 | 72 % | not hit so far |

    Predictions are graded when the incident is over.

    ## What could not be seen

    **logs**: AccessDenied
    This statement in my role's policy would supply it:

    ```
    {"Effect": "Allow", "Action": "logs:StartQuery", "Resource": "*"}
    ```

    ## Timeline

    | UTC | what happened |
    | --- | --- |
    | 2026-11-20 02:56:00 | 🔧 deploy on `pool` by m.okafor: “limit 120 → 12 \| \<script\>” *(E3)* |
    | 2026-11-20 03:00:00 | 🔴 **ALARM** `pool-throttles` and `orders-5xx` |
    | 2026-11-20 03:01:00 | 🌊 2 alarms: this is a flood, and gets a card |
    | 2026-11-20 03:05:00 | 🛠️ `plan-25390040` proposed by @Mina: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:05:00 | `plan-25390040808ae584`: asked for by @Mina: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:20:00 | 🛠️ `plan-25390040` expired: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:20:00 | `plan-25390040808ae584`: expired unanswered |

    ## What went well

    Nothing that the facts would tell.

    ## Follow-ups

    - [ ] Find the cause: none was found, and what is not known can come again.
    - [ ] Decide who answers: `plan-25390040808ae584` expired unanswered: Set reserved concurrency of orders to 50 (none now).
    - [ ] Close the gap **logs**: AccessDenied. The statement for my role is above.

    ---

    Made from the 8 facts of INC-7 as of 2026-11-20 03:30:00 UTC; all times are in UTC. The head of their chain is `21879be0a1f2ec0e0847169f3d8bdb85a7805d2a9be1e63f5ed7079f6a38367f`.
    "#);
}

#[test]
fn a_lone_alarm() {
    let mut story = Story::begin(&[("billing-`late`", None)]);
    story.turn("billing-`late`", AlarmState::Ok, 9);
    assert_snapshot!(told(&story.end(), 30), @"
    # Postmortem of INC-7: `billing-'late'`

    ## Summary

    From 2026-11-20 03:00:00 UTC on one alarm fired. Nobody looked for a cause: it became no flood, and nobody asked. All is OK again since 2026-11-20 03:09:00 UTC, after 9 min.

    ## How long it took

    Time to context: **not reached**. Time to recovery: **9 min**.

    | step | at | after the first alarm | after the step before |
    | --- | --- | --- | --- |
    | the first alarm fired | 2026-11-20 03:00:00 |  |  |
    | the last alarm was OK again | 2026-11-20 03:09:00 | 9 min | 9 min |
    | it was a flood and got its card | not reached |  |  |
    | the cause was found | not reached |  |  |
    | the card said enough to act on | not reached |  |  |
    | the first plan was made | not reached |  |  |
    | the first plan was started | not reached |  |  |

    ## Impact

    No service is known to have suffered.

    ## Cause

    I did not look into it: it became no flood, and nobody asked for context.

    ## What changed

    I did not look for changes.

    ## What was done, and what it did

    No plan was made.

    ## What was foretold

    Nobody was said to be hit next.

    ## What could not be seen

    I did not look, so nothing was missed.

    ## Timeline

    | UTC | what happened |
    | --- | --- |
    | 2026-11-20 03:00:00 | 🔴 **ALARM** `billing-'late'` |
    | 2026-11-20 03:09:00 | 🟢 **OK** `billing-'late'` |
    | 2026-11-20 03:09:00 | All alarms are OK again |

    ## What went well

    Nothing that the facts would tell.

    ## Follow-ups

    - [ ] Look for the cause: nobody has. `/incident context` begins with it.
    - [ ] Say which service `billing-'late'` belongs to: the topology does not know it.

    ---

    Made from the 3 facts of INC-7 as of 2026-11-20 03:30:00 UTC; all times are in UTC. The head of their chain is `1d76aaaf5f13c627eeab8ff3dc5a049b3e5337464013f0f8b029daed2a153034`.
    ");
}

#[test]
fn the_cards_are_one_page_that_loads_and_runs_nothing() {
    let shown = page(&recovered(), at(60), &names);
    for part in ["<!doctype html>", "<h2>The card</h2>", "<h2>Plan 1</h2>", "<h2>Plan 2</h2>", "@Mina", "</html>\n"] {
        assert!(shown.contains(part), "`{part}` is not in:\n{shown}");
    }
    for never in ["<script", "<img", "<link", "url(", "@import"] {
        assert!(!shown.contains(never), "`{never}` is in:\n{shown}");
    }
    let count = |part: &str| shown.matches(part).count();
    for tag in ["section", "fieldset", "div", "button", "main", "h2", "h3", "span", "code"] {
        let opened = count(&format!("<{tag}>")) + count(&format!("<{tag} "));
        assert_eq!(opened, count(&format!("</{tag}>")), "{tag}");
    }
}

//! Random lives of a plan against a simple model: people come, go, ask and change their minds, time passes, the actuator misbehaves,
//! others interfere, and the process is killed.
//!
//! The model is written from the rules, not from the code: a few sets and flags. It says of every request which fact must follow,
//! or that none may.

use super::lever::{Lever, Misbehaviour, work};
use super::*;
use crate::model::Worked;
use crate::recovery::plan::{PlanStatus, Said, due, next_timer};
use proptest::prelude::*;

const NAMES: [&str; 7] = ["ann", "bob", "cyd", "dan", "eve", "jim", "gus"];

#[derive(Clone, Debug)]
enum Step {
    /// One of [`NAMES`] wants something.
    Ask(usize, Request),
    /// So many minutes pass.
    Wait(i64),
    /// Somebody has another standing, or another group.
    Becomes(usize, Standing, Option<&'static str>),
    Hours(bool),
    /// A timer looks at the plan.
    Timer,
    /// A job does what is to be done. `lost`: the process is killed before it can say so.
    Work {
        lost: bool,
    },
    /// The measure was looked at.
    Verify(bool),
    Misbehave(Misbehaviour),
    Blind(usize),
    /// Somebody else changes the target.
    Foreign,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let reason = prop_oneof![Just(None), Just(Some("it storms".to_owned()))];
    let typed = prop_oneof![Just(None), Just(Some("orders".to_owned())), Just(Some("carts".to_owned()))];
    let request = prop_oneof![
        6 => reason.clone().prop_map(|reason| Request::Approve { reason }),
        2 => Just(Request::Withdraw),
        1 => reason.prop_map(|reason| Request::Reject { reason }),
        1 => Just(Request::Revoke),
        6 => typed.prop_map(|typed| Request::Execute { typed }),
        3 => Just(Request::Undo),
    ];
    let standing = prop_oneof![
        3 => Just(Standing::Member),
        1 => Just(Standing::Guest),
        1 => Just(Standing::Deactivated),
        1 => Just(Standing::Stranger),
    ];
    let group = prop_oneof![3 => Just(Some("leads")), 1 => Just(Some("juniors")), 1 => Just(None)];
    let misbehaviour = prop_oneof![
        Just(Misbehaviour::Refuse),
        Just(Misbehaviour::TimeOut { effect: true }),
        Just(Misbehaviour::TimeOut { effect: false }),
        Just(Misbehaviour::Drift),
        Just(Misbehaviour::HalfApply),
        Just(Misbehaviour::Overtaken),
    ];
    let step = prop_oneof![
        18 => (0..NAMES.len(), request).prop_map(|(who, request)| Step::Ask(who, request)),
        3 => (1_i64..5).prop_map(Step::Wait),
        2 => (0..NAMES.len(), standing, group).prop_map(|(who, standing, group)| Step::Becomes(who, standing, group)),
        1 => any::<bool>().prop_map(Step::Hours),
        4 => Just(Step::Timer),
        4 => any::<bool>().prop_map(|lost| Step::Work { lost }),
        3 => any::<bool>().prop_map(Step::Verify),
        1 => misbehaviour.prop_map(Step::Misbehave),
        1 => (1_usize..4).prop_map(Step::Blind),
        2 => Just(Step::Foreign),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..60)
}

fn plans() -> impl Strategy<Value = Plan> {
    let risk = prop_oneof![Just(Risk::Low), Just(Risk::Medium), Just(Risk::High)];
    let kind = (any::<bool>(), prop::option::of(1_u32..20), 0_u8..3, any::<bool>());
    (risk, kind).prop_map(|(risk, (reversible, undo_after_min, approvals, stops))| {
        let executions = if stops { 0 } else { 20 };
        let remedy = Remedy::ReservedConcurrency(ReservedConcurrency { function: "orders".to_owned(), executions });
        Plan { remedy, reversible, undo_after_min, approvals, ..draft("ann", risk) }
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Waits,
    Runs,
    /// Its effect may be there, and nobody is at it.
    Stands,
    Undoing,
    Over,
}

/// The rules, as simply as they can be told.
#[derive(Debug)]
struct Model {
    phase: Phase,
    /// Those who approved and did not take it back.
    approvers: BTreeSet<&'static str>,
    started_with: Option<usize>,
}

impl Model {
    fn is_at_work(&self) -> bool {
        matches!(self.phase, Phase::Runs | Phase::Undoing)
    }

    fn is_member(room: &Room, who: &str) -> bool {
        room.people[&id(who)].standing == Standing::Member
    }

    fn may_approve(room: &Room, who: &str) -> bool {
        who != "ann" && Self::is_member(room, who) && room.people[&id(who)].groups.contains("leads")
    }

    fn may_act(room: &Room, who: &str) -> bool {
        Self::is_member(room, who) && !room.people[&id(who)].groups.contains("juniors")
    }

    fn needed(room: &Room) -> usize {
        let by_risk = match (room.state.plan().risk, room.business_hours) {
            (Risk::Low, _) => 0,
            (Risk::Medium, false) => 1,
            (Risk::Medium, true) | (Risk::High, _) => 2,
        };
        by_risk.max(usize::from(room.state.plan().approvals))
    }

    fn counted(&self, room: &Room) -> usize {
        self.approvers.iter().filter(|who| Self::may_approve(room, who)).count()
    }

    /// Which fact must follow.
    fn expects(&self, room: &Room, who: &str, request: &Request, minute: i64) -> Option<&'static str> {
        let plan = room.state.plan();
        if self.phase == Phase::Waits && minute >= 15 {
            return Some("expired");
        }
        match request {
            Request::Undo if !Self::may_act(room, who) => Some("denied"),
            Request::Undo => (self.phase == Phase::Stands && plan.reversible).then_some("undo_started"),
            _ if self.phase != Phase::Waits => None,
            Request::Withdraw => self.approvers.contains(who).then_some("withdrawn"),
            Request::Revoke => Some(if who == "ann" { "revoked" } else { "denied" }),
            Request::Approve { .. } if self.approvers.contains(who) => None,
            Request::Approve { .. } | Request::Reject { .. } if !Self::may_approve(room, who) => Some("denied"),
            Request::Reject { .. } => Some("rejected"),
            Request::Approve { reason } => (plan.risk != Risk::High || reason.is_some()).then_some("approved"),
            Request::Execute { .. } if !Self::may_act(room, who) => Some("denied"),
            Request::Execute { typed } => {
                let is_kill = plan.risk == Risk::High && plan.wants == wanted() && stops(plan);
                let is_named = !is_kill || typed.as_deref() == Some("orders");
                (self.counted(room) >= Self::needed(room) && is_named).then_some("started")
            }
        }
    }

    fn take(&mut self, room: &Room, who: &'static str, word: &str) {
        match word {
            "approved" => _ = self.approvers.insert(who),
            "withdrawn" => _ = self.approvers.remove(who),
            "rejected" | "revoked" | "expired" | "failed" | "drifted" | "undo_finished" | "left_alone" => {
                self.phase = Phase::Over;
            }
            "started" => {
                self.started_with = Some(self.counted(room));
                self.phase = Phase::Runs;
            }
            "undo_started" => self.phase = Phase::Undoing,
            // What could not be undone may be tried again.
            "succeeded" | "undo_failed" => self.phase = Phase::Stands,
            "denied" | "escalated" | "verified" => {}
            word => panic!("{word} is not the model's"),
        }
    }
}

fn stops(plan: &Plan) -> bool {
    matches!(&plan.remedy, Remedy::ReservedConcurrency(remedy) if remedy.executions == 0)
}

/// Which answer a fact must come with.
fn is_answered(word: Option<&str>, said: &Said) -> bool {
    match said {
        Said::Approved { .. } => word == Some("approved"),
        Said::Withdrawn { .. } => word == Some("withdrawn"),
        Said::Rejected => word == Some("rejected"),
        Said::Revoked => word == Some("revoked"),
        Said::Started => word == Some("started"),
        Said::UndoStarted => word == Some("undo_started"),
        Said::OwnPlan | Said::NotAllowed { .. } | Said::NotTheRequester { .. } => word == Some("denied"),
        Said::Expired { .. } | Said::NothingToUndo { .. } => word.is_none() || word == Some("expired"),
        Said::AlreadyApproved { .. }
        | Said::NothingToWithdraw
        | Said::RequesterUnknown { .. }
        | Said::ReasonMissing
        | Said::ReasonTooLong { .. }
        | Said::NeedsApprovals { .. }
        | Said::NameMissing { .. }
        | Said::NameWrong { .. }
        | Said::Decided(_)
        | Said::StillRunning { .. }
        | Said::AlreadyUndoing { .. }
        | Said::AlreadyUndone { .. }
        | Said::Irreversible
        | Said::TooOften => word.is_none(),
    }
}

/// A life as it goes.
#[derive(Debug)]
struct Life {
    room: Room,
    model: Model,
    lever: Lever,
    minute: i64,
}

impl Life {
    fn of(plan: Plan) -> Self {
        let model = Model { phase: Phase::Waits, approvers: BTreeSet::new(), started_with: None };
        Self { room: Room::new(plan), model, lever: Lever::new(), minute: 0 }
    }

    fn tell(&mut self, who: &'static str, fact: &PlanFact) {
        self.model.take(&self.room, who, fact.word());
        if let PlanFact::Failed { partly: true, .. } = fact {
            self.model.phase = Phase::Stands;
        }
        self.room.tell(fact, self.minute);
    }

    fn ask(&mut self, who: &'static str, request: &Request) {
        let expected = self.model.expects(&self.room, who, request, self.minute);
        let decided = self.room.decides(who, request, self.minute);
        let words: Vec<&str> = decided.facts.iter().map(PlanFact::word).collect();
        assert_eq!(words, Vec::from_iter(expected), "{who} {request:?}: {:?}", self.model);
        assert!(is_answered(expected, &decided.said), "{expected:?}, and {:?}", decided.said);
        for fact in &decided.facts {
            self.tell(who, fact);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Ask(who, request) => self.ask(NAMES[*who], request),
            Step::Wait(minutes) => self.minute += minutes,
            Step::Becomes(who, standing, group) => {
                let groups = group.iter().map(|group| (*group).to_owned()).collect();
                let person = Person { id: id(NAMES[*who]), groups, standing: *standing };
                self.room.people.insert(person.id.clone(), person);
            }
            Step::Hours(hours) => self.room.business_hours = *hours,
            Step::Timer => {
                let now = at(self.minute);
                let facts = due(&self.room.state, now);
                let is_time = next_timer(&self.room.state).is_some_and(|at| at <= now);
                assert_eq!(!facts.is_empty(), is_time, "a timer rings when there is something to say");
                for fact in &facts {
                    self.tell("time", fact);
                }
            }
            Step::Work { lost } => {
                let fact = work(&self.room.state, &self.lever);
                assert_eq!(fact.is_some(), self.model.is_at_work());
                match fact {
                    Some(fact) if !lost => self.did(&fact),
                    Some(_) | None => self.room.restart(),
                }
            }
            Step::Verify(keep) => {
                let (before, after) = (2.0, 1.0);
                let worked = if *keep { Worked::Keep { before, after } } else { Worked::Revert { before, after } };
                let fact = PlanFact::Verified { worked };
                if self.room.state.accepts(at(self.minute), &fact) {
                    self.tell("time", &fact);
                }
            }
            Step::Misbehave(how) => self.lever.misbehave(*how),
            Step::Blind(readings) => self.lever.blind(*readings),
            Step::Foreign => self.lever.foreign(),
            Step::Restart => self.room.restart(),
        }
    }

    /// What a job says is what is there.
    fn did(&mut self, fact: &PlanFact) {
        let record = self.lever.record();
        if let PlanFact::Succeeded { after } = fact {
            assert_eq!((&after.settings, record.effects, &record.now), (&wanted(), 1, after));
        } else if let PlanFact::Failed { partly: false, .. } = fact {
            assert_eq!(record.effects, 0, "nothing was changed");
        } else if let PlanFact::UndoFinished = fact {
            assert_eq!(record.now.settings, seen().settings);
        } else if let PlanFact::LeftAlone { found } = fact {
            assert!(found.settings != wanted() && found.settings != seen().settings);
        }
        self.tell("job", fact);
    }

    /// What holds at every moment.
    fn check(&self, before: PlanStatus) {
        let (state, record) = (&self.room.state, self.lever.record());
        let status = state.status();
        assert!(!before.is_over() || status == before, "{before:?} came back as {status:?}");
        assert!(record.effects <= 1, "an effect happened {} times", record.effects);
        assert!(record.restored <= 1, "it was taken back {} times", record.restored);
        if record.performs > 0 {
            let start = state.started().expect("nothing is carried out before it was started");
            let counted = self.model.started_with.expect("nor without the model knowing");
            assert!(counted >= usize::from(state.plan().least_approvals()) && counted >= usize::from(start.needed));
            assert_eq!(counted, start.approved_by.len());
            assert!(start.at < state.plan().expires_at, "nothing begins after its time");
        }
        let phases = [
            (PlanStatus::Waiting, Phase::Waits),
            (PlanStatus::Running, Phase::Runs),
            (PlanStatus::Undoing, Phase::Undoing),
        ];
        let named = phases.into_iter().find(|(named, _)| *named == status).map(|(_, phase)| phase);
        let phase = named.unwrap_or(if status.is_over() { Phase::Over } else { Phase::Stands });
        assert_eq!(self.model.phase, phase);
        assert_eq!(state.approved().is_ok(), self.model.is_at_work());
    }

    /// Everybody goes home, the actuator is well again, and what was begun comes to its end.
    fn finish(&mut self) {
        let quiet = Lever::new();
        for _ in 0..10 {
            if self.room.state.status() == PlanStatus::Waiting {
                self.minute = self.minute.max(15);
            }
            self.step(&Step::Timer);
            self.step(&Step::Work { lost: false });
        }
        let status = self.room.state.status();
        assert!(!matches!(status, PlanStatus::Waiting | PlanStatus::Running | PlanStatus::Undoing), "{status:?}");
        assert_eq!(work(&self.room.state, &quiet), None);
    }
}

fn live(plan: Plan, steps: &[Step]) -> Life {
    let mut life = Life::of(plan);
    for step in steps {
        let before = life.room.state.status();
        life.step(step);
        life.check(before);
    }
    life.finish();
    life
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_life_follows_the_rules(plan in plans(), steps in steps()) {
        live(plan, &steps);
    }
}

/// The lives above are not all short: every ending is met.
#[test]
fn random_lives_meet_every_ending() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut met = BTreeSet::new();
    for _ in 0..800 {
        let (plan, steps) = (plans(), steps()).new_tree(&mut runner).unwrap().current();
        met.insert(live(plan, &steps).room.state.status());
    }
    let never = [PlanStatus::Waiting, PlanStatus::Running, PlanStatus::Undoing, PlanStatus::Superseded];
    let expected: BTreeSet<PlanStatus> = PlanStatus::ALL.into_iter().filter(|status| !never.contains(status)).collect();
    assert_eq!(met, expected);
}

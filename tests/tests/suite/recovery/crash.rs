//! Kill the bot at any point of any plan's life: the effect is there once, it is gone once, and the message of the plan says
//! how it ended. The whole catalogue at every point.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::event::Event;
use bot::workspace::state::Post;
use jiff::SignedDuration;
use std::collections::BTreeSet;
use std::sync::Arc;
use tests::remedies::{REMEDIES, delivered, everybody, remedy, settings, unheard, works, world};
use tests::{Room, alarm, run_test_in};
use tools::capsule::Misbehaviour;
use tools::model::{IncidentId, Risk};
use tools::ports::Clock;
use tools::recovery::plan::{Plan, PlanId, PlanState, PlanStatus, Request, needs_typed_name};
use tools::recovery::remedy::{CATALOGUE, Remedy, same};

/// Where the bot is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// Nowhere.
    Nowhere,
    /// Once it is recorded that the plan is carried out, and before anybody began to.
    Started,
    /// Before the effect.
    BeforeEffect,
    /// After the effect, and before its fact is stored.
    AfterEffect,
    /// Before the effect, and the one that comes after it once more, with the effect.
    Twice,
    /// While the effect is watched; another bot comes at once.
    Watched,
    /// While the effect is watched; another bot comes when it should have been looked at.
    WatchedTooLong,
    /// While a person has it taken back, before that has its effect.
    BeforeUndo,
    /// The same, after the effect and before its fact is stored.
    AfterUndo,
    /// While it takes itself back, before that has its effect.
    BeforeTimedUndo,
    /// The same, after the effect and before its fact is stored.
    AfterTimedUndo,
    /// While it is in force; another bot comes when it should have taken itself back.
    InForceTooLong,
}

impl Point {
    fn is_of_verification(self) -> bool {
        matches!(self, Self::Watched | Self::WatchedTooLong)
    }

    fn is_of_undo(self) -> bool {
        matches!(self, Self::BeforeUndo | Self::AfterUndo)
    }

    fn is_of_timed_undo(self) -> bool {
        matches!(self, Self::BeforeTimedUndo | Self::AfterTimedUndo | Self::InForceTooLong)
    }

    /// Whether the life of this plan comes by here.
    fn is_met(self, plan: &Plan) -> bool {
        match self {
            Self::Nowhere | Self::Started | Self::BeforeEffect | Self::AfterEffect | Self::Twice => true,
            Self::Watched | Self::WatchedTooLong => plan.expectation.is_some(),
            Self::BeforeUndo | Self::AfterUndo => plan.reversible,
            Self::BeforeTimedUndo | Self::AfterTimedUndo | Self::InForceTooLong => plan.undo_after_min.is_some(),
        }
    }
}

/// A room with one incident and one plan in it.
struct Story<'a> {
    room: &'a mut Room,
    id: PlanId,
    plan: Plan,
    /// What is told where something is not as it should be.
    what: String,
}

impl<'a> Story<'a> {
    /// The plan has every approval it needs.
    async fn begins(room: &'a mut Room, remedy: &Remedy, point: Point) -> Self {
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        let id = room.proposes(remedy).await;
        let plan = room.plans_by_id().await[&id].plan().clone();
        let what = format!("{}, killed at {point:?}", remedy.spec().name);
        let story = Self { room, id, plan, what };
        let approvers: &[&str] = match story.plan.risk {
            Risk::Low => &[],
            Risk::Medium => &["U0JUN"],
            Risk::High => &["U0JUN", "U0KIM"],
        };
        for approver in approvers {
            let actor = if *approver == "U0JUN" { story.room.jun() } else { story.room.kim() };
            actor.clicks("Approve").await;
            if story.plan.risk == Risk::High {
                let actor = if *approver == "U0JUN" { story.room.jun() } else { story.room.kim() };
                actor.fills("It storms.").await.unwrap();
            }
        }
        assert_eq!(story.state().await.approvals().len(), approvers.len(), "{}", story.what);
        story
    }

    async fn state(&self) -> Arc<PlanState> {
        self.room.plans_by_id().await.remove(&self.id).unwrap()
    }

    /// The id as people read it.
    fn short_id(&self) -> &str {
        &self.id.0[.."plan-".len() + 8]
    }

    fn effects(&self) -> u32 {
        self.room.stage.levers.effects(&self.plan.target)
    }

    fn hangs_next(&self, effect: bool) {
        self.room.stage.levers.misbehave(&self.plan.target, Misbehaviour::Hang { effect }).unwrap();
    }

    /// Mina has it carried out; nobody waits for what comes of it.
    async fn is_executed(&mut self) {
        self.room.mina().clicks_and_leaves("Execute").await;
        if needs_typed_name(&self.plan) {
            self.room.mina().fills_and_leaves(&self.plan.target.name).await.unwrap();
        }
    }

    /// The same, to the end.
    async fn is_carried_out(&mut self) {
        self.is_executed().await;
        self.room.stage.settle().await;
        assert_eq!((self.state().await.status(), self.effects()), (PlanStatus::Applied, 1), "{}", self.what);
    }

    /// The bot hangs; it had so many effects by then.
    async fn hangs_with(&self, effects: u32) {
        self.room.stage.levers.hangs().await;
        assert_eq!(self.effects(), effects, "{}", self.what);
    }

    /// The bot is killed, so many minutes go by, and another one comes.
    async fn is_down_for(&mut self, minutes: u32) {
        self.room.stage.kill_bot().await;
        self.room.leap(SignedDuration::from_mins(i64::from(minutes)));
        self.room.restart().await;
    }

    /// What a click on Execute is once it is known who is who is recorded; nothing else is done about it.
    async fn is_only_started(&mut self) {
        let typed = needs_typed_name(&self.plan).then(|| self.plan.target.name.clone());
        let event = Event::Requested {
            incident: IncidentId(1),
            plan: self.id.clone(),
            request: Request::Execute { typed },
            people: everybody(),
            asked: unheard("U0MINA"),
        };
        self.room.stage.kill_bot().await;
        let stage = &self.room.stage;
        let clock: Arc<dyn Clock> = stage.clock.clone();
        let works = works(stage.config().clone(), &stage.kept, &stage.capsule, &stage.levers, &clock);
        works.dispatcher.handle_one(&delivered("execute", event, clock.now())).await.unwrap();
        assert_eq!((self.state().await.status(), self.effects()), (PlanStatus::Running, 0), "{}", self.what);
    }

    /// Lives up to the point, is killed there, and another bot goes on.
    async fn is_killed_at(&mut self, point: Point) {
        match point {
            Point::Nowhere => self.is_carried_out().await,
            Point::Started => {
                self.is_only_started().await;
                self.room.restart().await;
            }
            Point::BeforeEffect | Point::AfterEffect => {
                let effect = point == Point::AfterEffect;
                self.hangs_next(effect);
                self.is_executed().await;
                self.hangs_with(u32::from(effect)).await;
                self.room.restart().await;
            }
            Point::Twice => {
                self.hangs_next(false);
                self.hangs_next(true);
                self.is_executed().await;
                self.hangs_with(0).await;
                self.room.revive().await;
                self.hangs_with(1).await;
                self.room.restart().await;
            }
            Point::Watched => {
                self.is_carried_out().await;
                self.room.restart().await;
                assert_eq!(self.state().await.worked(), None, "{}: it is too early", self.what);
            }
            Point::WatchedTooLong => {
                self.is_carried_out().await;
                let minutes = self.plan.expectation.as_ref().unwrap().within_min;
                self.is_down_for(minutes + 1).await;
                assert!(self.state().await.worked().is_some(), "{}: it is looked at at once", self.what);
            }
            Point::BeforeUndo | Point::AfterUndo => {
                let effect = point == Point::AfterUndo;
                self.is_carried_out().await;
                self.room.skip(1).await;
                self.hangs_next(effect);
                self.room.jun().clicks_and_leaves("Undo").await;
                self.hangs_with(1 + u32::from(effect)).await;
                self.room.restart().await;
            }
            Point::BeforeTimedUndo | Point::AfterTimedUndo => {
                let effect = point == Point::AfterTimedUndo;
                self.is_carried_out().await;
                let minutes = i64::from(self.plan.undo_after_min.unwrap());
                self.room.skip(minutes - 1).await;
                self.hangs_next(effect);
                self.room.leap(SignedDuration::from_mins(1));
                self.hangs_with(1 + u32::from(effect)).await;
                self.room.restart().await;
            }
            Point::InForceTooLong => {
                self.is_carried_out().await;
                let minutes = self.plan.undo_after_min.unwrap();
                self.is_down_for(minutes + 5).await;
                assert_eq!(self.state().await.status(), PlanStatus::Undone, "{}: at once", self.what);
            }
        }
    }

    /// The point is none of this plan's life: there is nothing that could be killed.
    async fn never_comes_to(&mut self, point: Point) {
        self.is_carried_out().await;
        let state = self.state().await;
        if point.is_of_verification() {
            assert_eq!(state.verify_at(), None, "{}", self.what);
        }
        if point.is_of_timed_undo() {
            assert_eq!(state.undo_at(), None, "{}", self.what);
        }
        self.room.skip(1).await;
        if point.is_of_undo() {
            let message = self.message();
            assert!(message.contains("[Details]") && !message.contains("[Undo]"), "{}:\n{message}", self.what);
            self.room.jun().types("undo").await;
            assert_eq!(self.state().await.status(), PlanStatus::Applied, "{}: nobody can", self.what);
        }
    }

    /// The message of the plan as a person reads it; there is one.
    #[track_caller]
    fn message(&self) -> String {
        let heads = format!(" · {} · {} risk", self.short_id(), self.plan.risk);
        let thread = self.thread();
        let mut found = thread.iter().filter(|text| text.lines().next().is_some_and(|line| line.ends_with(&heads)));
        let message = found.next().unwrap_or_else(|| panic!("{}: the plan has no message:\n{thread:#?}", self.what));
        assert_eq!(found.next(), None, "{}: the plan has one message", self.what);
        message.clone()
    }

    /// What the bot wrote in threads.
    fn thread(&self) -> Vec<String> {
        let posts = self.room.stage.workspace.posts();
        posts.iter().filter(|post| post.is_ours() && post.thread_ts.is_some()).filter_map(public).collect()
    }

    /// It ended as it should, everybody can read that, and nothing was said twice.
    async fn has_ended(&self, point: Point) {
        let what = &self.what;
        let state = self.state().await;
        let is_undone = self.plan.undo_after_min.is_some() || (point.is_of_undo() && point.is_met(&self.plan));
        let status = match &self.plan.expectation {
            _ if is_undone => PlanStatus::Undone,
            // Nothing gets better at `user-pool` within this hour.
            Some(_) => PlanStatus::Doubtful,
            None => PlanStatus::Applied,
        };
        assert_eq!(state.status(), status, "{what}");
        let told: Vec<&str> = state.history().iter().map(|told| told.fact.word()).collect();
        let mut expected = vec!["proposed"];
        expected.extend(vec!["approved"; usize::from(self.plan.least_approvals())]);
        expected.extend(["started", "succeeded"]);
        expected.extend((status == PlanStatus::Doubtful).then_some("verified"));
        expected.extend(is_undone.then_some(["undo_started", "undo_finished"]).into_iter().flatten());
        assert_eq!(told, expected, "{what}: each fact once");
        assert_eq!(self.effects(), 1 + u32::from(is_undone), "{what}: each effect once");
        let there = settings(&self.room.stage.levers, &self.plan.target).await.settings;
        let expected = if is_undone { &self.plan.saw.settings } else { &self.plan.wants };
        assert!(same(&there, expected), "{what}: {there:?} is not {expected:?}");
        self.is_told(&state);
    }

    #[track_caller]
    fn is_told(&self, state: &PlanState) {
        let what = &self.what;
        let message = self.message();
        let (_, words) = message.lines().next().unwrap().split_once(' ').unwrap();
        assert!(words.starts_with(&format!("{} · ", title(state.status()))), "{what}:\n{message}");
        let name = format!("(`{}`)", self.short_id());
        let thread = self.thread();
        let lines: Vec<&str> =
            thread.iter().flat_map(|text| text.lines()).filter(|line| line.contains(&name)).collect();
        let facts = state.history().iter().map(|told| &told.fact);
        let turns = facts.filter(|fact| blocks::plan::line(&self.plan, fact, None).is_some()).count();
        assert_eq!(lines.len(), turns, "{what}: each turn has a line: {lines:#?}");
        let distinct: BTreeSet<&str> = lines.iter().copied().collect();
        assert_eq!(distinct.len(), lines.len(), "{what}: no line twice: {lines:#?}");
        let posts = self.room.stage.workspace.posts();
        let answers = posts.iter().filter_map(|post| Some((post.ephemeral_to.clone()?, read(post))));
        let answers: Vec<(String, String)> = answers.collect();
        let distinct: BTreeSet<&(String, String)> = answers.iter().collect();
        assert_eq!(distinct.len(), answers.len(), "{what}: no answer twice: {answers:#?}");
    }
}

fn read(post: &Post) -> String {
    blocks::text::message(&post.body, &|_| None)
}

fn public(post: &Post) -> Option<String> {
    post.ephemeral_to.is_none().then(|| read(post))
}

/// The word with which the message of a plan begins.
fn title(status: PlanStatus) -> &'static str {
    match status {
        PlanStatus::Waiting => "WAITING",
        PlanStatus::Running => "RUNNING",
        PlanStatus::Applied => "APPLIED",
        PlanStatus::Kept => "KEEP",
        PlanStatus::Doubtful => "REVERT",
        PlanStatus::Undoing => "UNDOING",
        PlanStatus::Undone => "UNDONE",
        PlanStatus::Failed => "FAILED",
        PlanStatus::PartlyFailed => "PARTLY FAILED",
        PlanStatus::UndoFailed => "UNDO FAILED",
        PlanStatus::LeftAlone => "LEFT ALONE",
        PlanStatus::Rejected => "REJECTED",
        PlanStatus::Revoked => "REVOKED",
        PlanStatus::Expired => "EXPIRED",
        PlanStatus::Superseded => "SUPERSEDED",
        PlanStatus::Drifted => "DRIFTED",
    }
}

async fn check(remedy: Remedy, point: Point) -> bool {
    let mut is_met = false;
    run_test_in(world(), async |room| {
        let mut story = Story::begins(room, &remedy, point).await;
        is_met = point.is_met(&story.plan);
        if is_met {
            story.is_killed_at(point).await;
        } else {
            story.never_comes_to(point).await;
        }
        // What takes itself back has done so by then.
        for _ in 0..14 {
            story.room.leap(SignedDuration::from_mins(5));
            story.room.stage.settle().await;
        }
        story.has_ended(point).await;
        story.room.skims();
    })
    .await;
    is_met
}

/// The whole catalogue, killed at `point`, which is one of the lives of so many of its rows.
async fn check_all(point: Point, met: usize) {
    let mut found = 0;
    for json in REMEDIES {
        found += usize::from(check(remedy(json), point).await);
    }
    assert_eq!(found, met, "{point:?}");
}

#[test]
fn the_whole_catalogue_is_tried() {
    let names = REMEDIES.map(|json| remedy(json).spec().name);
    assert_eq!(names, CATALOGUE.map(|spec| spec.name));
}

#[tokio::test]
async fn killed_nowhere_every_plan_comes_to_its_end() {
    check_all(Point::Nowhere, 14).await;
}

#[tokio::test]
async fn killed_before_anybody_began_it_is_carried_out_by_the_next() {
    check_all(Point::Started, 14).await;
}

#[tokio::test]
async fn killed_before_the_effect_it_is_carried_out_by_the_next() {
    check_all(Point::BeforeEffect, 14).await;
}

#[tokio::test]
async fn killed_after_the_effect_it_is_not_carried_out_again() {
    check_all(Point::AfterEffect, 14).await;
}

#[tokio::test]
async fn killed_twice_it_is_carried_out_once() {
    check_all(Point::Twice, 14).await;
}

#[tokio::test]
async fn killed_while_it_is_watched_it_is_watched_on() {
    check_all(Point::Watched, 9).await;
}

#[tokio::test]
async fn what_should_have_been_looked_at_meanwhile_is_looked_at_at_once() {
    check_all(Point::WatchedTooLong, 9).await;
}

#[tokio::test]
async fn killed_before_it_was_taken_back_it_is_taken_back_by_the_next() {
    check_all(Point::BeforeUndo, 13).await;
}

#[tokio::test]
async fn killed_after_it_was_taken_back_it_is_not_taken_back_again() {
    check_all(Point::AfterUndo, 13).await;
}

#[tokio::test]
async fn killed_before_it_took_itself_back_it_does_so_with_the_next() {
    check_all(Point::BeforeTimedUndo, 3).await;
}

#[tokio::test]
async fn killed_after_it_took_itself_back_it_does_not_do_so_again() {
    check_all(Point::AfterTimedUndo, 3).await;
}

#[tokio::test]
async fn what_should_have_taken_itself_back_meanwhile_does_so_at_once() {
    check_all(Point::InForceTooLong, 3).await;
}

#[tokio::test]
async fn what_expired_meanwhile_is_said_so_once() {
    run_test_in(world(), async |room| {
        let story = &mut Story::begins(room, &remedy(REMEDIES[5]), Point::Nowhere).await;
        story.is_down_for(20).await;
        assert_eq!(story.state().await.status(), PlanStatus::Expired);
        story.room.restart().await;
        story.room.skip(30).await;
        let state = story.state().await;
        let told: Vec<&str> = state.history().iter().map(|told| told.fact.word()).collect();
        assert_eq!(told, ["proposed", "approved", "approved", "expired"]);
        assert_eq!(story.effects(), 0);
        story.is_told(&state);
        story.room.skims();
    })
    .await;
}

//! The saga: how carrying out and taking back end, whatever the actuator does, and where the process is killed and another goes on.

use super::lever::{Lever, Misbehaviour, block_on, work};
use super::*;
use crate::model::Worked;
use crate::recovery::plan::{NotApproved, PlanStatus, UndoneBy, due};
use crate::recovery::saga::{carry_out, take_back};

/// A plan that takes itself back after half an hour, just started.
fn started() -> Room {
    let mut room = Room::new(Plan { undo_after_min: Some(30), ..draft("ann", Risk::High) });
    room.asks("bob", &approve("it storms"), 1);
    room.asks("cyd", &approve("it does"), 2);
    room.asks("ann", &execute(), 3);
    room
}

/// The same, taken back by a person or by its time.
fn undoing(lever: &Lever, by_time: bool) -> Room {
    let mut room = started();
    let fact = work(&room.state, lever).unwrap();
    room.tell(&fact, 4);
    begin_undo(&mut room, by_time);
    room
}

fn begin_undo(room: &mut Room, by_time: bool) {
    if by_time {
        let facts = due(&room.state, at(40));
        assert_eq!(facts, [PlanFact::UndoStarted { by: UndoneBy::Time }]);
        room.tell(&facts[0], 40);
    } else {
        room.asks("eve", &Request::Undo, 20);
    }
}

#[track_caller]
fn check(misbehaviour: &[Misbehaviour], prepare: impl Fn(&Lever), expected: PlanStatus, effects: usize) -> Room {
    let (mut room, lever) = (started(), Lever::new());
    prepare(&lever);
    for how in misbehaviour {
        lever.misbehave(*how);
    }
    let fact = work(&room.state, &lever).unwrap();
    room.tell(&fact, 4);
    assert_eq!((room.state.status(), lever.record().effects), (expected, effects), "{fact:?}");
    assert_eq!(work(&room.state, &lever), None, "what ended is not carried out");
    room
}

#[test]
fn every_way_of_carrying_out_ends() {
    use Misbehaviour::{Drift, HalfApply, Overtaken, Refuse, TimeOut};
    let nothing = |_: &Lever| {};
    let room = check(&[], nothing, PlanStatus::Applied, 1);
    assert_eq!(room.state.after().unwrap().settings, wanted());
    check(&[Refuse], nothing, PlanStatus::Failed, 0);
    check(&[TimeOut { effect: true }], nothing, PlanStatus::Applied, 1);
    check(&[TimeOut { effect: false }], nothing, PlanStatus::Failed, 0);
    check(&[HalfApply], nothing, PlanStatus::PartlyFailed, 1);
    check(&[Drift], nothing, PlanStatus::Drifted, 0);
    check(&[Overtaken], nothing, PlanStatus::Applied, 1);
    check(&[], Lever::foreign, PlanStatus::Drifted, 0);
    check(&[], |lever| lever.blind(2), PlanStatus::Applied, 1);
    check(&[], |lever| lever.blind(3), PlanStatus::PartlyFailed, 0);
}

/// Its settings are those that were seen, and yet somebody was there: nobody even asks the actuator.
#[test]
fn what_was_changed_and_changed_back_has_drifted() {
    let lever = Lever::new();
    assert_eq!(work(&undoing(&lever, false).state, &lever), Some(PlanFact::UndoFinished));
    let fact = work(&started().state, &lever).unwrap();
    assert_eq!(fact, PlanFact::Drifted { found: lever.record().now });
    assert_eq!((lever.record().effects, lever.record().performs), (1, 1));
}

#[track_caller]
fn check_undo(
    by_time: bool,
    misbehaviour: &[Misbehaviour],
    prepare: impl Fn(&Lever),
    expected: PlanStatus,
    restored: usize,
) {
    let lever = Lever::new();
    let mut room = undoing(&lever, by_time);
    prepare(&lever);
    for how in misbehaviour {
        lever.misbehave(*how);
    }
    let fact = work(&room.state, &lever).unwrap();
    room.tell(&fact, 41);
    assert_eq!((room.state.status(), lever.record().restored), (expected, restored), "{fact:?}");
}

#[test]
fn every_way_of_taking_back_ends() {
    use Misbehaviour::{Drift, HalfApply, Overtaken, Refuse, TimeOut};
    let nothing = |_: &Lever| {};
    for by_time in [true, false] {
        let foreign = if by_time { PlanStatus::LeftAlone } else { PlanStatus::UndoFailed };
        check_undo(by_time, &[], nothing, PlanStatus::Undone, 1);
        check_undo(by_time, &[Refuse], nothing, PlanStatus::UndoFailed, 0);
        check_undo(by_time, &[TimeOut { effect: true }], nothing, PlanStatus::Undone, 1);
        check_undo(by_time, &[TimeOut { effect: false }], nothing, PlanStatus::UndoFailed, 0);
        check_undo(by_time, &[HalfApply], nothing, PlanStatus::UndoFailed, 1);
        check_undo(by_time, &[Drift], nothing, foreign, 0);
        check_undo(by_time, &[Overtaken], nothing, PlanStatus::Undone, 1);
        check_undo(by_time, &[], Lever::foreign, foreign, 0);
        check_undo(by_time, &[], |lever| lever.blind(2), PlanStatus::Undone, 1);
        check_undo(by_time, &[], |lever| lever.blind(3), PlanStatus::UndoFailed, 0);
    }
}

/// What may be there in part is read again when it is taken back: all of it goes, none of it is fine, half of it is left.
#[test]
fn what_failed_in_part_is_taken_back_as_far_as_it_can() {
    let cases: [(&[Misbehaviour], usize, PlanStatus); 3] = [
        (&[Misbehaviour::TimeOut { effect: true }], 1, PlanStatus::Undone),
        (&[Misbehaviour::TimeOut { effect: false }], 0, PlanStatus::Undone),
        (&[Misbehaviour::HalfApply], 0, PlanStatus::UndoFailed),
    ];
    for (misbehaviour, restored, expected) in cases {
        for by_time in [true, false] {
            let (mut room, lever) = (started(), Lever::new());
            for how in misbehaviour {
                lever.misbehave(*how);
            }
            // The process is killed with the effect, and whoever goes on cannot read.
            work(&room.state, &lever).unwrap();
            lever.blind(3);
            let fact = work(&room.state, &lever).unwrap();
            room.tell(&fact, 4);
            assert_eq!(room.state.status(), PlanStatus::PartlyFailed);
            begin_undo(&mut room, by_time);
            let fact = work(&room.state, &lever).unwrap();
            room.tell(&fact, 41);
            assert_eq!((room.state.status(), lever.record().restored), (expected, restored), "{misbehaviour:?}");
        }
    }
}

/// Where the process is killed. What is recorded by then is all that the next one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    BeforeEffect,
    AfterEffect,
    DuringVerify,
    BeforeUndo,
    AfterUndo,
}

/// Lives through everything; at `killed` the process dies, up to twice, and another goes on from what is stored.
fn life(killed: Option<Point>, times: usize, by_time: bool) -> (Room, Lever) {
    let lever = Lever::new();
    let mut room = started();
    let dies = |point: Point, room: &mut Room| {
        for _ in 0..if killed == Some(point) { times } else { 0 } {
            if matches!(point, Point::AfterEffect | Point::AfterUndo) {
                // What was done is known to nobody: the fact is lost.
                work(&room.state, &lever).unwrap();
            }
            room.restart();
        }
    };
    dies(Point::BeforeEffect, &mut room);
    dies(Point::AfterEffect, &mut room);
    let fact = work(&room.state, &lever).unwrap();
    room.tell(&fact, 4);
    dies(Point::DuringVerify, &mut room);
    assert_eq!(room.state.verify_at(), Some(at(14)), "{killed:?}: whoever goes on knows that it is to be verified");
    room.tell(&PlanFact::Verified { worked: Worked::Revert { before: 9.0, after: 9.0 } }, 14);
    begin_undo(&mut room, by_time);
    dies(Point::BeforeUndo, &mut room);
    dies(Point::AfterUndo, &mut room);
    let fact = work(&room.state, &lever).unwrap();
    room.tell(&fact, 41);
    room.restart();
    (room, lever)
}

#[test]
fn killed_anywhere_the_effect_is_there_once_and_gone_once() {
    use Point::{AfterEffect, AfterUndo, BeforeEffect, BeforeUndo, DuringVerify};
    for by_time in [true, false] {
        let (untroubled, _) = life(None, 0, by_time);
        for point in [BeforeEffect, AfterEffect, DuringVerify, BeforeUndo, AfterUndo] {
            for times in [1, 2] {
                let (room, lever) = life(Some(point), times, by_time);
                let record = lever.record();
                assert_eq!((record.effects, record.restored, record.performs), (1, 1, 1), "{point:?}");
                assert_eq!(record.now.settings, seen().settings, "{point:?}");
                assert_eq!(room.state, untroubled.state, "{point:?}: nobody can tell that it was killed");
                assert_eq!(room.state.status(), PlanStatus::Undone);
                assert_eq!(work(&room.state, &lever), None, "an ended plan does nothing");
            }
        }
    }
}

#[test]
fn killed_half_way_it_says_so_and_goes_no_further() {
    let (mut room, lever) = (started(), Lever::new());
    lever.misbehave(Misbehaviour::HalfApply);
    work(&room.state, &lever).unwrap();
    room.restart();
    let fact = work(&room.state, &lever).unwrap();
    assert_eq!(fact, PlanFact::Failed { because: "only part of it is there".to_owned(), partly: true });
    assert_eq!((lever.record().effects, lever.record().performs), (1, 1));
}

/// Two that carry out at once read the same, and both ask; so do two that take back.
#[test]
fn twins_have_one_effect() {
    let lever = Lever::new();
    let mut room = started();
    let both = async { tokio::join!(carry_out(&room.state, &lever), carry_out(&room.state, &lever)) };
    let (one, other) = block_on(both);
    assert_eq!(one, other);
    assert_eq!((lever.record().effects, lever.record().performs), (1, 2));
    room.tell(&one.unwrap(), 4);
    assert!(!room.state.accepts(at(4), &other.unwrap()), "the second is no news");
    room.asks("eve", &Request::Undo, 5);
    let both = async { tokio::join!(take_back(&room.state, &lever), take_back(&room.state, &lever)) };
    assert_eq!(block_on(both), (Ok(PlanFact::UndoFinished), Ok(PlanFact::UndoFinished)));
    assert_eq!(lever.record().restored, 1);
}

#[test]
fn nothing_is_carried_out_but_what_was_started() {
    let lever = Lever::new();
    let mut room = Room::new(draft("ann", Risk::Medium));
    room.asks("bob", &approve(""), 1);
    let waiting = Err(NotApproved::Status(PlanStatus::Waiting));
    assert_eq!(block_on(carry_out(&room.state, &lever)), waiting);
    assert_eq!(room.state.approved().unwrap_err(), NotApproved::Status(PlanStatus::Waiting));
    room.asks("ann", &execute(), 2);
    assert_eq!(room.state.approved().unwrap().by(), ["ann", "bob"].map(id));
    assert_eq!(room.state.approved().unwrap().value(), room.state.plan());
    let running = Err(NotApproved::Status(PlanStatus::Running));
    assert_eq!(block_on(take_back(&room.state, &lever)), running);
    room.tell(&PlanFact::Succeeded { after: seen() }, 3);
    assert_eq!(room.state.approved().unwrap_err(), NotApproved::Status(PlanStatus::Applied));
    assert_eq!((work(&room.state, &lever), lever.record().performs), (None, 0));
    let told = NotApproved::Status(PlanStatus::Applied).to_string();
    assert_eq!(told, "a plan that is applied is not carried out now");
}

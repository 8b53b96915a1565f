//! What people ask and are answered, one table a request; and what time does.

use super::*;
use crate::model::Worked;
use crate::recovery::plan::{
    LONGEST_REASON, MOST_APPROVALS, MOST_DENIALS, MOST_UNDOS, PlanStatus, Said, Settled, UndoneBy, Unproposable, due,
    needs_typed_name, next_timer, propose, supersede,
};
use crate::recovery::policy::{DeadEnd, Denial};
use crate::recovery::remedy::{ArchiveReplay, EcsCount, EventSource, Rule, Runbook};
use std::sync::Arc;

/// A low risk that is being carried out.
fn running() -> Room {
    let mut room = Room::new(draft("ann", Risk::Low));
    room.asks("eve", &execute(), 3);
    room
}

fn applied(plan: Plan) -> Room {
    let mut room = Room::new(plan);
    room.asks("eve", &execute(), 3);
    room.tell(&PlanFact::Succeeded { after: seen() }, 4);
    room
}

#[track_caller]
fn check(room: &mut Room, who: &str, request: &Request, minute: i64, words: &[&str], said: &Said) {
    let before = room.state.clone();
    let decided = room.asks(who, request, minute);
    assert_eq!(decided.said, *said, "{who} {request:?}");
    assert_eq!(decided.facts.iter().map(PlanFact::word).collect::<Vec<_>>(), words, "{who} {request:?}");
    if words.iter().all(|word| *word == "denied") {
        assert_eq!((room.state.status(), room.state.approvals()), (before.status(), before.approvals()));
    }
}

fn not_allowed(why: Denial) -> Said {
    Said::NotAllowed { why }
}

fn guest() -> Said {
    not_allowed(Denial::NotAMember { standing: Standing::Guest })
}

fn nobody_permits(act: crate::recovery::policy::Act) -> Said {
    not_allowed(Denial::NobodyPermits { act })
}

fn decided(status: PlanStatus, by: Option<&str>, minute: i64) -> Said {
    Said::Decided(Settled { status, by: by.map(id), newer: None, at: at(minute) })
}

#[test]
fn a_high_risk_needs_two_others_with_reasons() {
    use crate::recovery::policy::Act;
    let room = &mut Room::new(draft("ann", Risk::High));
    check(room, "ann", &approve("mine"), 1, &["denied"], &Said::OwnPlan);
    check(room, "gus", &approve("hello"), 1, &["denied"], &guest());
    check(room, "eve", &approve("hello"), 1, &["denied"], &nobody_permits(Act::Approve));
    check(room, "bob", &approve(""), 1, &[], &Said::ReasonMissing);
    check(room, "bob", &approve("  \n"), 1, &[], &Said::ReasonMissing);
    let long = "x".repeat(LONGEST_REASON + 1);
    check(room, "bob", &approve(&long), 1, &[], &Said::ReasonTooLong { most: LONGEST_REASON });
    check(room, "bob", &approve(" it storms "), 2, &["approved"], &Said::Approved { missing: 1 });
    assert_eq!(room.state.approvals()[&id("bob")].reason.as_deref(), Some("it storms"));
    check(room, "bob", &approve("again"), 3, &[], &Said::AlreadyApproved { at: at(2) });
    let (counted, not_counted) = (vec![id("bob")], Vec::new());
    check(room, "ann", &execute(), 3, &[], &Said::NeedsApprovals { missing: 1, counted, not_counted });
    check(room, "cyd", &approve("yes"), 4, &["approved"], &Said::Approved { missing: 0 });
    check(room, "dan", &approve("me too"), 4, &["approved"], &Said::Approved { missing: 0 });
    check(room, "ann", &execute(), 5, &["started"], &Said::Started);
    let start = room.state.started().unwrap();
    assert_eq!((&start.by, start.needed), (&id("ann"), 2));
    assert_eq!(start.approved_by, ["bob", "cyd", "dan"].map(id));
    check(room, "eve", &execute(), 6, &[], &decided(PlanStatus::Running, Some("ann"), 5));
    check(room, "dan", &approve("late"), 6, &[], &decided(PlanStatus::Running, Some("ann"), 5));
}

#[test]
fn a_low_risk_needs_nobody_else_and_a_junior_watches() {
    let room = &mut Room::new(draft("ann", Risk::Low));
    let decided = room.asks("jim", &execute(), 1);
    let Said::NotAllowed { why: why @ Denial::Forbidden { .. } } = decided.said else { panic!("{decided:?}") };
    let recorded = PlanFact::Denied { by: id("jim"), act: "execute".to_owned(), because: why.to_string() };
    assert_eq!(decided.facts, [recorded]);
    check(room, "gus", &execute(), 1, &["denied"], &guest());
    check(room, "ann", &execute(), 2, &["started"], &Said::Started);
    assert_eq!(room.state.status(), PlanStatus::Running);
}

#[test]
fn the_plan_the_policy_and_the_risk_each_raise_what_is_needed() {
    let ask = |room: &mut Room| {
        let said = room.asks("ann", &execute(), 2).said;
        let Said::NeedsApprovals { missing, .. } = said else { panic!("{said:?}") };
        missing
    };
    let room = &mut Room::new(draft("ann", Risk::Medium));
    assert_eq!(ask(room), 1, "its risk");
    room.business_hours = true;
    assert_eq!(ask(room), 2, "the policy of this moment");
    let room = &mut Room::new(Plan { approvals: 3, ..draft("ann", Risk::Medium) });
    assert_eq!(ask(room), 3, "the plan");
}

#[test]
fn an_approval_counts_only_of_who_may_approve_when_it_is_executed() {
    let room = &mut Room::new(draft("ann", Risk::Medium));
    check(room, "bob", &approve(""), 1, &["approved"], &Said::Approved { missing: 0 });
    let missing = |why| {
        let (counted, not_counted) = (Vec::new(), vec![(id("bob"), why)]);
        Said::NeedsApprovals { missing: 1, counted, not_counted }
    };
    room.people.get_mut(&id("bob")).unwrap().standing = Standing::Deactivated;
    let left = missing(Denial::NotAMember { standing: Standing::Deactivated });
    check(room, "ann", &execute(), 2, &[], &left);
    let bob = room.people.remove(&id("bob")).unwrap();
    check(room, "ann", &execute(), 2, &[], &missing(Denial::NotAMember { standing: Standing::Stranger }));
    let moved = Person { groups: BTreeSet::new(), standing: Standing::Member, ..bob };
    room.people.insert(id("bob"), moved);
    let no_lead = missing(Denial::NobodyPermits { act: crate::recovery::policy::Act::Approve });
    check(room, "ann", &execute(), 2, &[], &no_lead);
    check(room, "bob", &Request::Withdraw, 3, &["withdrawn"], &Said::Withdrawn { missing: 1 });
    check(room, "bob", &Request::Withdraw, 3, &[], &Said::NothingToWithdraw);
    check(room, "cyd", &approve(""), 4, &["approved"], &Said::Approved { missing: 0 });
    check(room, "ann", &execute(), 4, &["started"], &Said::Started);
    assert_eq!(room.state.started().unwrap().approved_by, [id("cyd")]);
}

#[test]
fn nothing_is_decided_while_the_requester_is_not_known() {
    let room = &mut Room::new(draft("ann", Risk::Low));
    room.people.remove(&id("ann"));
    check(room, "eve", &execute(), 1, &[], &Said::RequesterUnknown { requester: id("ann") });
    check(room, "eve", &execute(), 15, &["expired"], &Said::Expired { at: at(15) });
}

#[test]
fn whoever_may_approve_may_reject_and_only_the_requester_revokes() {
    use crate::recovery::policy::Act;
    let no = |reason: &str| Request::Reject { reason: Some(reason.to_owned()) };
    let room = &mut Room::new(draft("ann", Risk::High));
    check(room, "eve", &no("no"), 1, &["denied"], &nobody_permits(Act::Approve));
    check(room, "ann", &no("no"), 1, &["denied"], &Said::OwnPlan);
    check(room, "bob", &Request::Revoke, 1, &["denied"], &Said::NotTheRequester { requester: id("ann") });
    check(room, "bob", &approve("yes"), 1, &["approved"], &Said::Approved { missing: 1 });
    check(room, "bob", &no("on second thoughts"), 2, &["rejected"], &Said::Rejected);
    check(room, "ann", &Request::Revoke, 3, &[], &decided(PlanStatus::Rejected, Some("bob"), 2));
    check(room, "bob", &Request::Withdraw, 3, &[], &decided(PlanStatus::Rejected, Some("bob"), 2));
    check(room, "bob", &Request::Undo, 3, &[], &Said::NothingToUndo { status: PlanStatus::Rejected });

    let room = &mut Room::new(draft("ann", Risk::Low));
    room.people.get_mut(&id("ann")).unwrap().standing = Standing::Guest;
    check(room, "ann", &Request::Revoke, 1, &["revoked"], &Said::Revoked);
    check(room, "eve", &execute(), 2, &[], &decided(PlanStatus::Revoked, Some("ann"), 1));
}

#[test]
fn an_expired_plan_is_ended_by_whoever_asks_first() {
    for request in [approve("yes"), Request::Withdraw, execute(), Request::Revoke, Request::Reject { reason: None }] {
        let room = &mut Room::new(draft("ann", Risk::Low));
        check(room, "bob", &request, 15, &["expired"], &Said::Expired { at: at(15) });
        check(room, "cyd", &request, 16, &[], &Said::Expired { at: at(15) });
        assert_eq!(room.state.status(), PlanStatus::Expired);
    }
    let room = &mut Room::new(draft("ann", Risk::Low));
    check(room, "bob", &Request::Undo, 15, &["expired"], &Said::NothingToUndo { status: PlanStatus::Expired });
    let room = &mut Room::new(draft("ann", Risk::Low));
    check(room, "bob", &execute(), 14, &["started"], &Said::Started);
}

#[test]
fn undo_waits_for_the_effect_and_happens_once() {
    let since = at(3);
    let room = &mut running();
    check(room, "ann", &Request::Undo, 4, &[], &Said::StillRunning { by: Some(id("eve")), since });
    check(room, "gus", &Request::Undo, 4, &["denied"], &guest());
    room.tell(&PlanFact::Succeeded { after: seen() }, 5);
    check(room, "ann", &Request::Undo, 6, &["undo_started"], &Said::UndoStarted);
    let by = Some(UndoneBy::Person(id("ann")));
    check(room, "bob", &Request::Undo, 7, &[], &Said::AlreadyUndoing { by: by.clone() });
    room.tell(&PlanFact::UndoFinished, 8);
    check(room, "gus", &Request::Undo, 8, &["denied"], &guest());
    check(room, "bob", &Request::Undo, 9, &[], &Said::AlreadyUndone { by, at: at(8) });

    let room = &mut applied(Plan { reversible: false, ..draft("ann", Risk::Low) });
    check(room, "ann", &Request::Undo, 6, &[], &Said::Irreversible);

    for (fact, said) in [
        (PlanFact::Failed { because: "no".to_owned(), partly: false }, None),
        (PlanFact::Failed { because: "no".to_owned(), partly: true }, Some(Said::UndoStarted)),
        (PlanFact::Drifted { found: seen() }, None),
    ] {
        let room = &mut running();
        room.tell(&fact, 4);
        let expected = said.unwrap_or(Said::NothingToUndo { status: room.state.status() });
        assert_eq!(room.asks("ann", &Request::Undo, 5).said, expected);
    }
}

#[test]
fn what_could_not_be_undone_may_be_tried_again_but_not_for_ever() {
    let room = &mut applied(Plan { undo_after_min: Some(5), ..draft("ann", Risk::Low) });
    for _ in 0..MOST_UNDOS {
        check(room, "ann", &Request::Undo, 6, &["undo_started"], &Said::UndoStarted);
        room.tell(&PlanFact::UndoFailed { because: "no answer".to_owned() }, 6);
        assert_eq!((due(&room.state, at(60)), next_timer(&room.state)), (Vec::new(), None), "time tries once");
    }
    check(room, "ann", &Request::Undo, 7, &[], &Said::TooOften);
}

#[test]
fn clicking_for_ever_fills_no_log() {
    let room = &mut Room::new(draft("ann", Risk::Low));
    for _ in 0..MOST_DENIALS {
        check(room, "gus", &execute(), 1, &["denied"], &guest());
    }
    check(room, "gus", &execute(), 1, &[], &guest());
    for _ in 0..MOST_APPROVALS {
        room.asks("bob", &approve(""), 2);
        room.asks("bob", &Request::Withdraw, 2);
    }
    check(room, "bob", &approve(""), 2, &[], &Said::TooOften);
    assert_eq!(room.state.history().len(), 1 + MOST_DENIALS + 2 * MOST_APPROVALS);
    check(room, "eve", &execute(), 3, &["started"], &Said::Started);
    room.restart();
}

#[test]
fn what_stops_something_in_production_asks_for_its_name() {
    let stops = Remedy::ReservedConcurrency(ReservedConcurrency { function: "orders".to_owned(), executions: 0 });
    let room = &mut Room::new(Plan { remedy: stops.clone(), ..draft("ann", Risk::High) });
    room.asks("bob", &approve("yes"), 1);
    room.asks("cyd", &approve("yes"), 1);
    let (name, typed) = ("orders".to_owned(), |name: &str| Request::Execute { typed: Some(name.to_owned()) });
    check(room, "ann", &execute(), 2, &[], &Said::NameMissing { name: name.clone() });
    check(room, "ann", &typed(" "), 2, &[], &Said::NameMissing { name: name.clone() });
    check(room, "ann", &typed("Orders"), 2, &[], &Said::NameWrong { name });
    check(room, "ann", &typed(" orders "), 2, &["started"], &Said::Started);

    let asks = |remedy: Remedy, risk: Risk, environment: &str| {
        needs_typed_name(&Plan { remedy, environment: environment.to_owned(), ..draft("ann", risk) })
    };
    assert!(asks(stops.clone(), Risk::High, "Production"));
    assert!(!asks(stops.clone(), Risk::Medium, "production"));
    assert!(!asks(stops, Risk::High, "staging"));
    let text = || "x".to_owned();
    for (remedy, expected) in [
        (Remedy::Rule(Rule { bus: text(), rule: text(), enabled: false }), true),
        (Remedy::Rule(Rule { bus: text(), rule: text(), enabled: true }), false),
        (Remedy::EventSource(EventSource { mapping: text(), enabled: false }), true),
        (Remedy::EcsCount(EcsCount { cluster: text(), service: text(), count: 0 }), true),
        (Remedy::EcsCount(EcsCount { cluster: text(), service: text(), count: 1 }), false),
        (Remedy::Runbook(Runbook { name: text(), input: BTreeMap::new() }), true),
        (Remedy::ArchiveReplay(ArchiveReplay { archive: text(), bus: text(), from: at(0), to: at(1) }), false),
    ] {
        assert_eq!(asks(remedy.clone(), Risk::High, "production"), expected, "{remedy:?}");
    }
}

#[track_caller]
fn check_due(room: &mut Room, minute: i64, expected: &[&str]) {
    let facts = due(&room.state, at(minute));
    assert_eq!(facts.iter().map(PlanFact::word).collect::<Vec<_>>(), expected);
    for fact in &facts {
        room.tell(fact, minute);
    }
    assert!(facts.is_empty() || due(&room.state, at(minute)) != facts, "said twice");
}

#[test]
fn who_does_not_answer_is_asked_once_more_and_then_it_expires() {
    let room = &mut Room::new(Plan { expires_at: at(20), ..draft("ann", Risk::Medium) });
    assert_eq!(next_timer(&room.state), Some(at(10)));
    check_due(room, 9, &[]);
    check_due(room, 10, &["escalated"]);
    assert_eq!((next_timer(&room.state), room.state.escalated_at()), (Some(at(20)), Some(at(10))));
    check_due(room, 19, &[]);
    check_due(room, 20, &["expired"]);
    assert_eq!(next_timer(&room.state), None);

    // Nobody is missing, or everybody is too late.
    let room = &mut Room::new(draft("ann", Risk::Medium));
    room.asks("bob", &approve(""), 1);
    assert_eq!(next_timer(&room.state), Some(at(15)));
    check_due(room, 14, &[]);
    room.asks("bob", &Request::Withdraw, 14);
    check_due(room, 14, &["escalated"]);
    let room = &mut Room::new(draft("ann", Risk::Low));
    assert_eq!(next_timer(&room.state), Some(at(15)));
    let room = &mut Room::new(draft("ann", Risk::Medium));
    check_due(room, 15, &["expired"]);
}

#[test]
fn what_takes_itself_back_does_so_once() {
    let timed = Plan { undo_after_min: Some(30), ..draft("ann", Risk::Low) };
    let room = &mut applied(timed.clone());
    assert_eq!((next_timer(&room.state), room.state.verify_at()), (Some(at(34)), Some(at(14))));
    room.tell(&PlanFact::Verified { worked: Worked::Unclear }, 14);
    assert_eq!((room.state.status(), room.state.verify_at()), (PlanStatus::Applied, None));
    assert!(!room.state.accepts(at(15), &PlanFact::Verified { worked: Worked::Unclear }), "verified once");
    check_due(room, 33, &[]);
    check_due(room, 34, &["undo_started"]);
    room.tell(&PlanFact::LeftAlone { found: seen() }, 35);
    assert_eq!(next_timer(&room.state), None);
    // What may be there only in part is taken back by its time, too, counted from its beginning.
    let room = &mut Room::new(timed.clone());
    room.asks("eve", &execute(), 3);
    room.tell(&PlanFact::Failed { because: "no answer".to_owned(), partly: true }, 9);
    check_due(room, 33, &["undo_started"]);
    // What cannot be taken back is not, whatever else it says.
    let room = &mut applied(Plan { reversible: false, ..timed });
    assert_eq!((next_timer(&room.state), due(&room.state, at(99))), (None, Vec::new()));
}

#[test]
fn facts_that_people_could_not_have_made_are_refused() {
    let fold = |room: &Room, minute: i64, fact: &PlanFact| {
        let refused = PlanState::fold(Some(room.state.clone()), at(minute), fact).unwrap_err();
        assert!(!room.state.accepts(at(minute), fact));
        refused.split_once(": ").map_or(refused.clone(), |(_, problem)| problem.to_owned())
    };
    let started = |approved_by: &[&str], needed: u8| PlanFact::Started {
        by: id("eve"),
        approved_by: approved_by.iter().map(|name| id(name)).collect(),
        needed,
    };
    let approved = |by: &str| PlanFact::Approved { by: id(by), reason: None };
    let mut room = Room::new(draft("ann", Risk::High));
    room.tell(&approved("bob"), 1);
    room.tell(&approved("cyd"), 1);
    for (minute, fact, expected) in [
        (2, approved("ann"), "its requester cannot approve it"),
        (2, approved("bob"), "nobody approves it twice"),
        (15, approved("dan"), "it has expired"),
        (15, started(&["bob", "cyd"], 2), "it has expired"),
        (15, PlanFact::Rejected { by: id("bob"), reason: None }, "it has expired"),
        (2, PlanFact::Withdrawn { by: id("dan") }, "only an approval that stands can be withdrawn"),
        (2, PlanFact::Rejected { by: id("ann"), reason: None }, "its requester can revoke it, not reject it"),
        (2, PlanFact::Revoked { by: id("bob") }, "only its requester revokes it"),
        (2, PlanFact::Expired, "it has not expired yet"),
        (2, PlanFact::Superseded { by: room.state.id().clone() }, "a plan does not supersede itself"),
        (2, started(&["bob"], 1), "it was started with too few approvals"),
        (2, started(&["bob"], 2), "it was started with too few approvals"),
        (2, started(&["bob", "cyd"], 3), "it was started with too few approvals"),
        (2, started(&["bob", "bob"], 2), "an approval counts once"),
        (2, started(&["ann", "bob"], 2), "the approval of its requester does not count"),
        (2, started(&["bob", "dan"], 2), "somebody is counted whose approval does not stand"),
    ] {
        assert_eq!(fold(&room, minute, &fact), expected, "{fact:?}");
    }
    room.tell(&PlanFact::Escalated, 2);
    assert_eq!(fold(&room, 3, &PlanFact::Escalated), "it is escalated once");
    room.tell(&started(&["bob", "cyd"], 2), 3);
    assert_eq!(
        fold(&room, 3, &started(&["bob", "cyd"], 2)),
        "a plan that is being carried out cannot become `started`"
    );

    let by_time = PlanFact::UndoStarted { by: UndoneBy::Time };
    let mut room = applied(draft("ann", Risk::Low));
    assert_eq!(fold(&room, 99, &by_time), "its time is not over", "it has none");
    room.asks("ann", &Request::Undo, 5);
    assert_eq!(fold(&room, 5, &PlanFact::LeftAlone { found: seen() }), "only what time takes back is left alone");
    let room = applied(Plan { reversible: false, ..draft("ann", Risk::Low) });
    let by_ann = PlanFact::UndoStarted { by: UndoneBy::Person(id("ann")) };
    assert_eq!(fold(&room, 5, &by_ann), "it cannot be taken back");
}

#[test]
fn a_plan_that_is_not_pinned_is_none() {
    let fold = |plan: Plan| PlanState::fold(None, at(0), &PlanFact::Proposed { plan: Box::new(plan) });
    assert!(fold(draft("ann", Risk::Low)).unwrap_err().contains("is not pinned"));
    let pinned = draft("ann", Risk::High).pinned();
    assert!(fold(Plan { risk: Risk::Low, ..pinned.clone() }).unwrap_err().contains("is not pinned"));
    let mut wants = pinned.wants.clone();
    wants.insert("Executions".to_owned(), "0".to_owned());
    assert!(fold(Plan { wants, ..pinned.clone() }).unwrap_err().contains("is not pinned"));
    assert!(
        fold(Plan { expires_at: at(0), ..draft("ann", Risk::Low) }.pinned()).unwrap_err().contains("expires before")
    );
    assert!(fold(pinned).is_ok());
    assert!(serde_json::from_str::<PlanState>("[]").is_err());
}

/// Somebody who can write to where snapshots are kept cannot write an approval into one that facts do not tell.
#[test]
fn a_snapshot_says_nothing_that_facts_do_not() {
    let mut room = Room::new(draft("ann", Risk::High));
    room.asks("bob", &approve("yes"), 1);
    let stored = serde_json::to_value(&room.state).unwrap();
    let read = |facts: &serde_json::Value| serde_json::from_value::<PlanState>(facts.clone());
    assert_eq!(read(&stored).unwrap(), room.state);
    let mut forged = stored.clone();
    let started = PlanFact::Started { by: id("eve"), approved_by: ["bob", "cyd"].map(id).to_vec(), needed: 2 };
    forged.as_array_mut().unwrap().push(serde_json::json!({ "at": at(2), "fact": started }));
    let err = read(&forged).unwrap_err().to_string();
    assert!(err.contains("somebody is counted whose approval does not stand"), "{err}");
}

fn known(states: &[&PlanState]) -> BTreeMap<PlanId, Arc<PlanState>> {
    states.iter().map(|state| (state.id().clone(), Arc::new((*state).clone()))).collect()
}

#[test]
fn a_plan_begins_and_ends_the_older_ones_for_its_target() {
    let remedy = Remedy::ReservedConcurrency(ReservedConcurrency { function: "carts".to_owned(), executions: 20 });
    let waits = proposed(draft("ann", Risk::Low));
    let other = proposed(Plan { target: remedy.target(), remedy, ..draft("ann", Risk::Low) });
    let overdue = proposed(Plan { expires_at: at(5), ..draft("bob", Risk::Low) });
    let runs = running().state;
    let newer = Plan { proposed_at: at(6), ..draft("cyd", Risk::Medium) }.pinned();
    let plans = known(&[&waits, &other, &overdue]);
    let ended: BTreeMap<PlanId, PlanFact> = supersede(&plans, &newer, at(6)).into_iter().collect();
    let superseded = PlanFact::Superseded { by: newer.id.clone() };
    let expected = [(waits.id().clone(), superseded), (overdue.id().clone(), PlanFact::Expired)];
    assert_eq!(ended, BTreeMap::from(expected));
    assert_eq!(supersede(&known(&[&runs]), &newer, at(6)), []);

    let room = Room::new(draft("ann", Risk::Low));
    let (desk, nobody) =
        (room.desk(), Directory { unresolved: ["leads", "juniors"].map(str::to_owned).into(), ..Directory::default() });
    let begins = |plan: &Plan, who: &str, plans: &BTreeMap<PlanId, Arc<PlanState>>, directory: &Directory| {
        propose(plans, plan, &room.people[&id(who)], &desk, directory, at(6))
    };
    let facts = begins(&newer, "cyd", &plans, &nobody).unwrap();
    assert_eq!(facts[0], (newer.id.clone(), PlanFact::Proposed { plan: Box::new(newer.clone()) }));
    assert_eq!(facts.len(), 3);
    assert_eq!(begins(&newer, "ann", &plans, &nobody), Err(Unproposable::SomebodyElse));
    let loose = Plan { risk: Risk::Low, ..newer.clone() };
    assert_eq!(begins(&loose, "cyd", &plans, &nobody), Err(Unproposable::NotPinned));
    let late = Plan { expires_at: at(6), ..newer.clone() }.pinned();
    assert_eq!(begins(&late, "cyd", &plans, &nobody), Err(Unproposable::Expired));
    let same = Err(Unproposable::Known(PlanStatus::Waiting));
    assert_eq!(begins(&newer, "cyd", &known(&[&proposed(newer.clone())]), &nobody), same);
    let of_guest = Plan { requester: id("gus"), ..newer.clone() }.pinned();
    let guest = Denial::NotAMember { standing: Standing::Guest };
    assert_eq!(begins(&of_guest, "gus", &plans, &nobody), Err(Unproposable::NotAllowed(guest)));
    // Only the requester could approve it.
    let alone = Directory {
        groups: BTreeMap::from([
            ("leads".to_owned(), BTreeSet::from([id("cyd")])),
            ("juniors".to_owned(), BTreeSet::new()),
        ]),
        people: Some(BTreeMap::from([(id("cyd"), Standing::Member), (id("eve"), Standing::Member)])),
        ..Directory::default()
    };
    let stuck = begins(&newer, "cyd", &plans, &alone);
    assert!(matches!(stuck, Err(Unproposable::DeadEnd(DeadEnd { .. }))), "{stuck:?}");
}

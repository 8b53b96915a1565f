//! What people are answered about plans.

use super::{HOSTILE, after, at, draft, id, is_harmless, keeps_limits, marked_up, shown};
use crate::Message;
use crate::said::{answer, gone, no_such_plan, proposed, unknown_people, unproposable, which_plan};
use insta::assert_snapshot;
use tools::model::Risk;
use tools::recovery::plan::{PlanId, PlanStatus, Said, Settled, UndoneBy, Unproposable};
use tools::recovery::policy::{Act, DeadEnd, Decider, Denial, PolicyName, Standing, Stuck};

fn settled(status: PlanStatus) -> Said {
    let newer = (status == PlanStatus::Superseded).then(|| PlanId("plan-00ff00ff00ff00ff".to_owned()));
    let by = (status != PlanStatus::Superseded && status != PlanStatus::Expired).then(|| id("U0BOB"));
    Said::Decided(Settled { status, by, newer, at: at(20) })
}

fn forbidden(because: &str) -> Denial {
    Denial::Forbidden { by: vec![Decider { name: PolicyName("night".to_owned()), because: Some(because.to_owned()) }] }
}

/// Everything that can be said, with these words wherever somebody else writes any.
fn all(words: &str) -> Vec<Said> {
    let mut all = vec![
        Said::Approved { missing: 0 },
        Said::Approved { missing: 1 },
        Said::Withdrawn { missing: 2 },
        Said::Rejected,
        Said::Revoked,
        Said::Started,
        Said::UndoStarted,
        Said::AlreadyApproved { at: at(18) },
        Said::NothingToWithdraw,
        Said::OwnPlan,
        Said::NotTheRequester { requester: id("U0ANN") },
        Said::NotAllowed { why: forbidden(words) },
        Said::NotAllowed { why: Denial::OwnPlan },
        Said::NotAllowed { why: Denial::NotAMember { standing: Standing::Guest } },
        Said::NotAllowed { why: Denial::NobodyPermits { act: Act::Execute } },
        Said::NotAllowed { why: Denial::Broken { name: PolicyName(words.to_owned()), problem: words.to_owned() } },
        Said::NotAllowed { why: Denial::Unanswerable { problem: words.to_owned() } },
        Said::RequesterUnknown { requester: id("U0ANN") },
        Said::ReasonMissing,
        Said::ReasonTooLong { most: 1000 },
        Said::NeedsApprovals { missing: 2, counted: Vec::new(), not_counted: Vec::new() },
        Said::NeedsApprovals {
            missing: 1,
            counted: vec![id("U0BOB")],
            not_counted: vec![(id("U0CYD"), forbidden(words))],
        },
        Said::NameMissing { name: words.to_owned() },
        Said::NameWrong { name: words.to_owned() },
        Said::Expired { at: at(31) },
        Said::StillRunning { by: Some(id("U0EVE")), since: at(19) },
        Said::AlreadyUndoing { by: Some(UndoneBy::Person(id("U0BOB"))) },
        Said::AlreadyUndone { by: Some(UndoneBy::Time), at: at(24) },
        Said::AlreadyUndone { by: None, at: at(24) },
        Said::Irreversible,
        Said::NothingToUndo { status: PlanStatus::Drifted },
        Said::TooOften,
    ];
    let ends =
        [PlanStatus::Kept, PlanStatus::Rejected, PlanStatus::Revoked, PlanStatus::Expired, PlanStatus::Superseded];
    all.extend(ends.map(settled));
    all
}

#[test]
fn every_answer_says_what_happened_and_the_way_on() {
    let plan = draft(Risk::Medium);
    let told: Vec<String> = all("no changes at night").iter().map(|said| shown(&answer(said, &plan))).collect();
    assert_snapshot!(told.join("\n"), @"");
}

#[test]
fn what_does_not_begin_says_why_and_what_else() {
    let dead_end = DeadEnd {
        remedy: "rule".to_owned(),
        risk: Risk::High,
        environment: "production".to_owned(),
        stuck: Stuck::TooFewApprove { needed: 2, may: 1 },
    };
    let reasons = [
        Unproposable::NotPinned,
        Unproposable::SomebodyElse,
        Unproposable::Expired,
        Unproposable::NotAllowed(forbidden("no changes at night")),
        Unproposable::DeadEnd(dead_end),
        Unproposable::Known(PlanStatus::Waiting),
        Unproposable::TooMany,
    ];
    let told: Vec<String> = reasons.iter().map(|why| shown(&unproposable(why))).collect();
    assert_snapshot!(told.join("\n"), @"");
}

#[test]
fn the_other_answers_read_well() {
    let states = [after(&draft(Risk::Low), &[]), after(&draft(Risk::High), &[])];
    let told = [
        proposed(&draft(Risk::Low)),
        proposed(&draft(Risk::High)),
        gone(),
        no_such_plan("plan-77"),
        which_plan(&states.iter().collect::<Vec<_>>()),
        which_plan(&[]),
        unknown_people("`users.info` answered `ratelimited`"),
    ];
    assert_snapshot!(told.iter().map(shown).collect::<Vec<_>>().join("\n"), @"");
}

#[track_caller]
fn check(message: &Message) {
    keeps_limits(message);
    for text in marked_up(message) {
        is_harmless(&text);
    }
}

#[test]
fn whatever_others_wrote_the_answers_keep_the_limits_and_nothing_is_markup() {
    let plan = draft(Risk::High);
    let state = after(&plan, &[]);
    for words in [HOSTILE.to_owned(), HOSTILE.repeat(100)] {
        for said in all(&words) {
            check(&answer(&said, &plan));
        }
        check(&unproposable(&Unproposable::NotAllowed(forbidden(&words))));
        check(&no_such_plan(&words));
        check(&unknown_people(&words));
        check(&which_plan(&vec![&state; 60]));
    }
}

//! What people are answered about plans.

use super::{HOSTILE, after, at, draft, id, is_harmless, keeps_limits, marked_up, shown};
use crate::Message;
use crate::said::{answer, gone, no_such_plan, proposed, proposed_before, unknown_people, unproposable, which_plan};
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
    let told: Vec<String> =
        all("no changes at night").iter().map(|said| shown(&answer("/incident", said, &plan))).collect();
    assert_snapshot!(told.join("\n"), @"
    Your approval of `plan-bd55b776` counts. It has what it needs: press Execute on its message to have it carried out.
    Your approval of `plan-bd55b776` counts. It needs at least one more approval.
    Your approval of `plan-bd55b776` is withdrawn. It needs at least 2 more approvals.
    `plan-bd55b776` is rejected. Ask `/incident fix` for what else can be done.
    `plan-bd55b776` is revoked. It can be proposed again while it fits.
    `plan-bd55b776` is being carried out now. Its message says how it ends.
    `plan-bd55b776` is being taken back now. Its message says how it ends.
    You approved `plan-bd55b776` at 03:18:00 UTC already, and that counts once. Its message says what it still needs.
    You have no approval of `plan-bd55b776` that stands, so there is nothing to withdraw.
    You asked for `plan-bd55b776` yourself, so others decide about it. Revoke takes it back. This was recorded.
    Only @U0ANN, who asked for `plan-bd55b776`, revokes it. You can Reject it. This was recorded.
    You may not do that with `plan-bd55b776`: it is forbidden: no changes at night (policy `night`). Ask somebody who may; while it waits, its message names them. This was recorded.
    You may not do that with `plan-bd55b776`: whoever asked for a plan cannot approve it. You can Revoke it. This was recorded.
    You may not do that with `plan-bd55b776`: a guest decides nothing about plans, only members of this workspace do. Ask a member of this workspace. This was recorded.
    You may not do that with `plan-bd55b776`: no policy permits this person to execute this plan. Ask somebody who may; while it waits, its message names them. This was recorded.
    You may not do that with `plan-bd55b776`: the policy `no changes at night` fails on this plan, which counts as a no: no changes at night. Whoever keeps the policies has to mend that. This was recorded.
    You may not do that with `plan-bd55b776`: the policy cannot be asked about this plan, which counts as a no: no changes at night. Whoever keeps the policies has to mend that. This was recorded.
    I cannot find out now who @U0ANN is, who asked for `plan-bd55b776`, so nothing is decided about it. Please try again in a minute.
    `plan-bd55b776` is of high risk, so an approval needs a reason. Press Approve and write one.
    That reason is too long: it may have 1000 characters. Please try again with a shorter one.
    `plan-bd55b776` needs 2 more approvals before you can have it carried out. Its message names those who may approve.
    `plan-bd55b776` needs one more approval before you can have it carried out. Counted @U0BOB so far. Not counted any more: @U0CYD (it is forbidden: no changes at night (policy `night`)). Its message names those who may approve.
    `plan-bd55b776` may stop something in production. Press Execute and type the name of its target: `no changes at night`.
    That is not the name of the target of `plan-bd55b776`, so nothing was stopped. Its name is `no changes at night`.
    `plan-bd55b776` expired at 03:31:00 UTC, which is no rejection. Ask `/incident fix` and propose it again.
    `plan-bd55b776` is being carried out by @U0EVE since 03:19:00 UTC. It can be undone when that is over.
    `plan-bd55b776` is being taken back already by @U0BOB. Its message says how it ends.
    `plan-bd55b776` was taken back at 03:24:00 UTC, because its time was over, so nothing is left to undo.
    `plan-bd55b776` was taken back at 03:24:00 UTC, so nothing is left to undo.
    `plan-bd55b776` cannot be undone, as its message said. Ask `/incident fix` for what can be done now.
    Nothing of `plan-bd55b776` is in force: it stands at 🔀 DRIFTED. There is nothing to undo.
    That was tried too often with `plan-bd55b776`. Propose a new plan, or change its target by hand.
    `plan-bd55b776` was decided before: it was started by @U0BOB at 03:20:00 UTC, and stands at ✅ KEEP now. Its message says what can be done with it.
    `plan-bd55b776` was rejected by @U0BOB at 03:20:00 UTC. Ask `/incident fix` for what can be done now.
    `plan-bd55b776` was revoked by @U0BOB at 03:20:00 UTC. Ask `/incident fix` for what can be done now.
    `plan-bd55b776` expired at 03:20:00 UTC, which is no rejection. Ask `/incident fix` for what can be done now.
    The newer plan `plan-00ff00ff` took the place of `plan-bd55b776` at 03:20:00 UTC. Decide about that one.
    ");
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
    let told: Vec<String> = reasons.iter().map(|why| shown(&unproposable("/incident", why))).collect();
    assert_snapshot!(told.join("\n"), @"
    It could not be proposed, and nothing was done: this plan is not pinned: its content has another id. Ask `/incident fix` again and propose it from there.
    It could not be proposed, and nothing was done: a plan is asked for by whoever asks for it, and by nobody else. Ask `/incident fix` again and propose it from there.
    It could not be proposed, and nothing was done: this plan has expired before anybody saw it. Ask `/incident fix` again and propose it from there.
    It could not be proposed, and nothing was done: it is forbidden: no changes at night (policy `night`). Ask somebody who may propose it.
    It could not be proposed, and nothing was done: a high-risk plan for production (remedy `rule`) needs two approvals, and only one person besides the requester may approve. Whoever keeps the policies and the groups has to mend that.
    It could not be proposed, and nothing was done: the same plan is there already, and is waiting. Its message is in the thread of the incident.
    It could not be proposed, and nothing was done: this incident has 50 plans, and takes no more. Whoever is that far needs people: agree on what to do by hand.
    ");
}

#[test]
fn the_other_answers_read_well() {
    let states = [after(&draft(Risk::Low), &[]), after(&draft(Risk::High), &[])];
    let told = [
        proposed(&draft(Risk::Low)),
        proposed(&draft(Risk::High)),
        proposed_before(&states[0]),
        proposed_before(&states[1]),
        gone("/incident"),
        no_such_plan("plan-77"),
        which_plan("/incident", &states.iter().collect::<Vec<_>>()),
        which_plan("/incident", &[]),
        unknown_people("`users.info` answered `ratelimited`"),
    ];
    assert_snapshot!(told.iter().map(shown).collect::<Vec<_>>().join("\n"), @"
    `plan-eb6cd3bc` is proposed: its message is in the thread of INC-7. It needs no approval: press Execute there to have it carried out. It expires at 03:31:00 UTC.
    `plan-e48063b8` is proposed: its message is in the thread of INC-7. It needs 2 approvals of others before it can be executed. It expires at 03:31:00 UTC.
    @U0ANN asked for the same before: `plan-eb6cd3bc` is in the thread of INC-7 and waits for somebody to press Execute. It expires at 03:31:00 UTC.
    @U0ANN asked for the same before: `plan-e48063b8` is in the thread of INC-7 and waits for 2 approvals. It expires at 03:31:00 UTC.
    That remedy is not offered any more: the situation has changed, so nothing was proposed. Ask `/incident fix` again for what can be done now.
    There is no plan `plan-77` among the incidents of the last day, so nothing was done. The card of an incident names its plans; the buttons of older ones still work.
    Several plans could be meant, so nothing was done. Say which one by its id:
    `plan-eb6cd3bcc053f3df` · Set reserved concurrency of token-exchange to 20 (90 now)
    INC-7: waiting
    [Details]
    `plan-e48063b8d068ea0b` · Set reserved concurrency of token-exchange to 20 (90 now)
    INC-7: waiting
    [Details]
    No plan of the last day's incidents is one that this could be about, so nothing was done. The buttons of older plans still work, and `/incident fix` tells what can be proposed.
    I could not find out who everybody involved is, and so not who may do what: `users.info` answered `ratelimited`. Nothing was done; please try again a little later.
    ");
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
            check(&answer("/incident", &said, &plan));
        }
        check(&unproposable("/incident", &Unproposable::NotAllowed(forbidden(&words))));
        check(&no_such_plan(&words));
        check(&unknown_people(&words));
        check(&which_plan("/incident", &vec![&state; 60]));
    }
}

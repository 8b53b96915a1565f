//! How plans end: each way with its own word on the plan's message, and what a button from before then answers.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use insta::assert_snapshot;
use tests::{Offer, Room, START, run_test, run_test_in, usual_world};
use tools::capsule::{Capsule, Misbehaviour};
use tools::model::Measure;
use tools::recovery::plan::{PlanState, PlanStatus};
use tools::recovery::remedy::{Remedy, ReservedConcurrency, Target};

fn function() -> Target {
    Target::new("AWS::Lambda::Function", "token-exchange")
}

async fn statuses(room: &Room) -> Vec<PlanStatus> {
    room.plans().await.iter().map(PlanState::status).collect()
}

/// Minutes into the story from which on less reaches `user-pool`.
const CALMED: i64 = 3;

/// The usual world, but soon less than half of the requests reach `user-pool`.
fn calming_world() -> Capsule {
    let mut capsule = usual_world();
    let calmed = START.parse::<jiff::Timestamp>().unwrap().as_second() + 60 * CALMED;
    for series in capsule.series.iter_mut().filter(|series| series.service.as_str() == "user-pool") {
        if series.measure == Measure::Requests {
            let begins = (calmed - series.start.as_second()) / i64::from(series.step_s);
            for value in series.values.iter_mut().skip(usize::try_from(begins).unwrap()) {
                *value = value.map(|value| value - 350.0);
            }
        }
    }
    capsule
}

#[tokio::test]
async fn rejected() {
    run_test(async |room| {
        room.floods_and_mina_proposes().await;
        let (approve, execute, revoke) = (room.offer("Approve"), room.offer("Execute"), room.offer("Revoke"));
        room.jun().clicks("Reject").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        🚫 REJECTED · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Jun rejected it at 03:14:30 UTC. Ask what else can be done.
        [Details] [What can I do]

        #war-room, only Jun:
        `plan-5f56ddaa` is rejected. Ask `/incident fix` for what else can be done.
        ");
        room.kim().presses(&approve).await;
        room.mina().presses(&execute).await;
        room.mina().presses(&revoke).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Kim:
        `plan-5f56ddaa` was rejected by @Jun at 03:14:30 UTC. Ask `/incident fix` for what can be done now.

        #war-room, only Mina:
        `plan-5f56ddaa` was rejected by @Jun at 03:14:30 UTC. Ask `/incident fix` for what can be done now.

        #war-room, only Mina:
        `plan-5f56ddaa` was rejected by @Jun at 03:14:30 UTC. Ask `/incident fix` for what can be done now.
        ");
        assert_eq!(statuses(room).await, [PlanStatus::Rejected]);
        // It can be proposed again, and is another plan.
        room.wait(60).await;
        room.mina().types("fix").await;
        room.mina().clicks("Propose").await;
        room.skims();
        assert_eq!(statuses(room).await, [PlanStatus::Rejected, PlanStatus::Waiting]);
    })
    .await;
}

#[tokio::test]
async fn revoked() {
    run_test(async |room| {
        room.floods_and_mina_proposes().await;
        let approve = room.offer("Approve");
        room.jun().clicks("Revoke").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Jun:
        Only @Mina, who asked for `plan-5f56ddaa`, revokes it. You can Reject it. This was recorded.
        ");
        room.mina().clicks("Revoke").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        🗑️ REVOKED · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Mina, who had asked for it, revoked it at 03:14:30 UTC. It can be proposed again.
        [Details] [What can I do]

        #war-room, only Mina:
        `plan-5f56ddaa` is revoked. It can be proposed again while it fits.
        ");
        room.jun().presses(&approve).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Jun:
        `plan-5f56ddaa` was revoked by @Mina at 03:14:30 UTC. Ask `/incident fix` for what can be done now.
        ");
        assert_eq!(statuses(room).await, [PlanStatus::Revoked]);
    })
    .await;
}

#[tokio::test]
async fn expired() {
    run_test(async |room| {
        room.floods_and_mina_proposes().await;
        let execute = room.offer("Execute");
        room.jun().clicks("Approve").await;
        room.wait(15 * 60).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ⌛ EXPIRED · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        Its time was over at 03:29:30 UTC before it was executed. That is no rejection: it can be proposed again.
        [Details] [What can I do]

        #war-room, only Jun:
        Your approval of `plan-5f56ddaa` counts. It has what it needs: press Execute on its message to have it carried out.

        #war-room thread:
        ⌛ EXPIRED · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): nobody executed it in time, so nothing was changed.
        ");
        room.mina().presses(&execute).await;
        room.mina().types("undo").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        `plan-5f56ddaa` expired at 03:29:30 UTC, which is no rejection. Ask `/incident fix` and propose it again.

        #war-room, only Mina:
        No plan of the last day's incidents is one that this could be about, so nothing was done. The buttons of older plans still work, and `/incident fix` tells what can be proposed.
        ");
        assert_eq!((statuses(room).await, room.stage.levers.effects(&function())), (vec![PlanStatus::Expired], 0));
    })
    .await;
}

#[tokio::test]
async fn superseded() {
    run_test(async |room| {
        room.floods_and_mina_proposes().await;
        let approve = room.offer("Approve");
        let five = ReservedConcurrency { function: "token-exchange".to_owned(), executions: 5 };
        room.wait(1).await;
        room.kim().asks_for("token-exchange", Remedy::ReservedConcurrency(five)).await;
        room.wait(20).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ⏭️ SUPERSEDED · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        At 03:14:31 UTC the newer plan `plan-dd7508c8` for the same target took its place. Decide about that one.
        [Details] [What can I do]

        #war-room thread:
        ⏳ WAITING · plan-dd7508c8 · medium risk
        Set reserved concurrency of token-exchange to 5 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        Asked for by @Kim at 03:14:31 UTC. Expires at 03:29:31 UTC.
        Approvals: 0 of 1 needed, not from who asked.
        May approve: any member of this workspace.
        Nothing happens until enough people approve and somebody presses Execute.
        [Approve] [Reject] [Execute] [Details] [Revoke]
        ");
        room.jun().presses(&approve).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Jun:
        The newer plan `plan-dd7508c8` took the place of `plan-5f56ddaa` at 03:14:31 UTC. Decide about that one.
        ");
        assert_eq!(statuses(room).await, [PlanStatus::Superseded, PlanStatus::Waiting]);
    })
    .await;
}

#[tokio::test]
async fn drifted() {
    run_test(async |room| {
        room.floods_and_mina_proposes().await;
        let execute = room.offer("Execute");
        room.jun().clicks("Approve").await;
        room.skims();
        room.stage.levers.change(&function(), "ReservedConcurrentExecutions", Some("7")).unwrap();
        room.mina().presses(&execute).await;
        room.wait(20).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        🔀 DRIFTED · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Mina had it carried out at 03:14:30 UTC, approved by @Jun. But `token-exchange` (AWS::Lambda::Function) was not any more as the plan had seen it, so I did nothing. Seen → found:
        • `ReservedConcurrentExecutions`: not set → `7`
        Ask again what can be done.
        [Details] [What can I do]

        #war-room, only Mina:
        `plan-5f56ddaa` is being carried out now. Its message says how it ends.

        #war-room thread:
        ▶️ RUNNING · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): @Mina has it carried out now.
        🔀 DRIFTED · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): `token-exchange` (AWS::Lambda::Function) was not any more as the plan had seen it, so I did nothing. Seen → found:
        • `ReservedConcurrentExecutions`: not set → `7`
        Ask again what can be done.
        ");
        room.mina().presses(&execute).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        `plan-5f56ddaa` was decided before: it was started by @Mina at 03:14:30 UTC, and stands at 🔀 DRIFTED now. Its message says what can be done with it.
        ");
        assert_eq!((statuses(room).await, room.stage.levers.effects(&function())), (vec![PlanStatus::Drifted], 0));
    })
    .await;
}

/// Mina's plan is carried out while its target misbehaves; returns the button as it was before.
async fn executed_on_a_bad_day(room: &mut Room, how: Misbehaviour) -> Offer {
    room.floods_and_mina_proposes().await;
    let execute = room.offer("Execute");
    room.jun().clicks("Approve").await;
    room.skims();
    room.stage.levers.misbehave(&function(), how).unwrap();
    room.mina().clicks("Execute").await;
    room.wait(20).await;
    execute
}

#[tokio::test]
async fn failed() {
    run_test(async |room| {
        executed_on_a_bad_day(room, Misbehaviour::Refuse).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ❌ FAILED · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Mina had it carried out at 03:14:30 UTC, approved by @Jun. It did not work at 03:14:30 UTC: AWS::Lambda::Function token-exchange refuses every change. Nothing was changed; ask what else can be done.
        [Details] [What can I do]

        #war-room, only Mina:
        `plan-5f56ddaa` is being carried out now. Its message says how it ends.

        #war-room thread:
        ▶️ RUNNING · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): @Mina has it carried out now.
        ❌ FAILED · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): AWS::Lambda::Function token-exchange refuses every change. Nothing was changed; ask what else can be done.
        ");
        room.mina().types("undo plan-5f56").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        Nothing of `plan-5f56ddaa` is in force: it stands at ❌ FAILED. There is nothing to undo.
        ");
        assert_eq!((statuses(room).await, room.stage.levers.effects(&function())), (vec![PlanStatus::Failed], 0));
        // What failed once is proposed as what it is: riskier.
        room.mina().types("fix").await;
        assert_snapshot!(risks(&room.reads()), @"
        🟢 low risk · 87 % likely to help · undoes itself after 60 min
        🔴 high risk · 47 % likely to help · can be undone
        ");
        let again = room.offers("Propose").remove(1);
        let all = room.offers("All about it").remove(1);
        room.mina().presses(&all).await;
        assert_snapshot!(risks(&room.reads()), @"Risk: 🔴 high: callers beyond the limit are refused; the same remedy failed there one time before");
        room.mina().presses(&again).await;
        room.wait(20).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        `plan-93db89e6` is proposed: its message is in the thread of INC-1. It needs 2 approvals of others before it can be executed. It expires at 03:29:50 UTC.

        #war-room thread:
        ⏳ WAITING · plan-93db89e6 · high risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        Asked for by @Mina at 03:14:50 UTC. Expires at 03:29:50 UTC.
        Approvals: 0 of 2 needed, from different people, not from who asked.
        May approve: any member of this workspace.
        Nothing happens until enough people approve and somebody presses Execute.
        [Approve] [Reject] [Execute] [Details] [Revoke]
        ");
        room.jun().clicks("Approve").await;
        room.jun().fills("It was a bad day").await.unwrap();
        room.kim().clicks("Approve").await;
        room.kim().fills("It was").await.unwrap();
        room.mina().clicks("Execute").await;
        room.wait(20).await;
        room.skims();
        assert_eq!(statuses(room).await, [PlanStatus::Failed, PlanStatus::Applied]);
    })
    .await;
}

fn risks(text: &str) -> String {
    text.lines().filter(|line| line.starts_with("Risk: ") || line.contains(" risk · ")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn partly_failed() {
    run_test(async |room| {
        executed_on_a_bad_day(room, Misbehaviour::HalfApply).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        🧩 PARTLY FAILED · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Mina had it carried out at 03:14:30 UTC, approved by @Jun. It did not work at 03:14:30 UTC: no answer came about AWS::Lambda::Function token-exchange. Part of it may be in force: press Undo to restore what can be restored.
        What changes
        • `ReservedConcurrentExecutions`: not set → `2`
        [Undo] [Details]

        #war-room, only Mina:
        `plan-5f56ddaa` is being carried out now. Its message says how it ends.

        #war-room thread:
        ▶️ RUNNING · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): @Mina has it carried out now.
        🧩 PARTLY FAILED · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): no answer came about AWS::Lambda::Function token-exchange. Part of it may be in force: press Undo to restore what can be restored.
        ");
        room.kim().clicks("Undo").await;
        room.wait(20).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        🆘 UNDO FAILED · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Kim wanted it taken back, and that did not work at 03:14:50 UTC: its target is neither as it was before nor as the plan wants it, and is left to people. It may still be in force. Press Undo to try again, or restore `token-exchange` (AWS::Lambda::Function) by hand:
        • `ReservedConcurrentExecutions`: `2` → not set
        [Undo] [Details]

        #war-room, only Kim:
        `plan-5f56ddaa` is being taken back now. Its message says how it ends.

        #war-room thread:
        🆘 UNDO FAILED · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): its target is neither as it was before nor as the plan wants it, and is left to people. It may still be in force. Press Undo to try again, or restore `token-exchange` (AWS::Lambda::Function) by hand:
        • `ReservedConcurrentExecutions`: `2` → not set
        ");
        assert_eq!((statuses(room).await, room.stage.levers.effects(&function())), (vec![PlanStatus::UndoFailed], 1));
    })
    .await;
}

#[tokio::test]
async fn applied_although_no_answer_came() {
    run_test(async |room| {
        let execute = executed_on_a_bad_day(room, Misbehaviour::TimeOut { effect: true }).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        👀 APPLIED · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Mina had it carried out at 03:14:30 UTC, approved by @Jun. It is in force since 03:14:30 UTC. I am watching whether requests of `user-pool` fall within 5 min, until 03:19:30 UTC, and then say KEEP or REVERT.
        What changes
        • `ReservedConcurrentExecutions`: not set → `2`
        [Undo] [Details]

        #war-room, only Mina:
        `plan-5f56ddaa` is being carried out now. Its message says how it ends.

        #war-room thread:
        ▶️ RUNNING · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): @Mina has it carried out now.
        👀 APPLIED · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): it is in force; I am watching whether requests of `user-pool` fall within 5 min.
        ");
        room.kim().presses(&execute).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Kim:
        `plan-5f56ddaa` was decided before: it was started by @Mina at 03:14:30 UTC, and stands at 👀 APPLIED now. Its message says what can be done with it.
        ");
        assert_eq!((statuses(room).await, room.stage.levers.effects(&function())), (vec![PlanStatus::Applied], 1));
    })
    .await;
}

#[tokio::test]
async fn kept() {
    run_test_in(calming_world(), async |room| {
        room.floods_and_mina_executes().await;
        room.wait(6 * 60).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ✅ KEEP · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Mina had it carried out at 03:14:30 UTC, approved by @Jun. KEEP: it worked, `user-pool` went from 602 to 251 requests a minute.
        What changes
        • `ReservedConcurrentExecutions`: not set → `2`
        [Undo] [Details]

        #war-room thread:
        ▶️ RUNNING · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): @Mina has it carried out now.
        👀 APPLIED · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): it is in force; I am watching whether requests of `user-pool` fall within 5 min.

        #war-room thread:
        ✅ KEEP · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): it worked, `user-pool` went from 602 to 251 requests a minute.
        ");
        let undo = room.offer("Undo");
        room.jun().presses(&undo).await;
        room.kim().presses(&undo).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ↩️ UNDONE · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Jun had it taken back; at 03:20:30 UTC everything was as before.
        [Details] [What can I do]

        #war-room, only Jun:
        `plan-5f56ddaa` is being taken back now. Its message says how it ends.

        #war-room thread:
        ↩️ UNDONE · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): everything is as before.

        #war-room, only Kim:
        `plan-5f56ddaa` was taken back at 03:20:30 UTC by @Jun, so nothing is left to undo.
        ");
        assert_eq!((statuses(room).await, room.stage.levers.effects(&function())), (vec![PlanStatus::Undone], 2));
    })
    .await;
}

#[tokio::test]
async fn not_undone_and_tried_again() {
    run_test(async |room| {
        room.floods_and_mina_executes().await;
        room.wait(60).await;
        room.skims();
        room.stage.levers.misbehave(&function(), Misbehaviour::Refuse).unwrap();
        room.jun().clicks("Undo").await;
        room.wait(20).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        🆘 UNDO FAILED · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Jun wanted it taken back, and that did not work at 03:15:30 UTC: AWS::Lambda::Function token-exchange refuses every change. It may still be in force. Press Undo to try again, or restore `token-exchange` (AWS::Lambda::Function) by hand:
        • `ReservedConcurrentExecutions`: `2` → not set
        [Undo] [Details]

        #war-room, only Jun:
        `plan-5f56ddaa` is being taken back now. Its message says how it ends.

        #war-room thread:
        🆘 UNDO FAILED · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): AWS::Lambda::Function token-exchange refuses every change. It may still be in force. Press Undo to try again, or restore `token-exchange` (AWS::Lambda::Function) by hand:
        • `ReservedConcurrentExecutions`: `2` → not set
        ");
        room.jun().clicks("Undo").await;
        room.wait(20).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ↩️ UNDONE · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Jun had it taken back; at 03:15:50 UTC everything was as before.
        [Details] [What can I do]

        #war-room, only Jun:
        `plan-5f56ddaa` is being taken back now. Its message says how it ends.

        #war-room thread:
        ↩️ UNDONE · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): everything is as before.
        ");
        assert_eq!((statuses(room).await, room.stage.levers.effects(&function())), (vec![PlanStatus::Undone], 2));
    })
    .await;
}

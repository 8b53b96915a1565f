//! Plans over a long night: who is called once half of the time is over, what outlives a restart, what is undone a day later,
//! and plans of an alarm that stays alone.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::drill::WAR_ROOM;
use insta::assert_snapshot;
use jiff::SignedDuration;
use tests::{Room, alarm, house, run_test, run_test_under};
use tools::ports::Clock as _;
use tools::recovery::plan::PlanStatus;
use tools::recovery::remedy::Target;

/// How somebody is called who is on call.
const CALL: &str = "<!subteam^S0ONCALL>";

fn function() -> Target {
    Target::new("AWS::Lambda::Function", "token-exchange")
}

/// How many messages called those on call when they were posted. Edits notify nobody.
fn calls(room: &Room) -> usize {
    let posts = room.stage.workspace.posts();
    posts.iter().filter(|post| post.edits == 0).map(|post| post.body.to_string().matches(CALL).count()).sum()
}

/// How often it stands anywhere, edited or not.
fn stands(room: &Room) -> usize {
    let posts = room.stage.workspace.posts();
    posts.iter().map(|post| post.body.to_string().matches(CALL).count()).sum()
}

/// So many hours go by at once.
async fn leap(room: &Room, hours: i64) {
    let later = room.stage.clock.now().saturating_add(SignedDuration::from_hours(hours)).unwrap();
    room.stage.tick(later);
    room.stage.settle().await;
}

#[tokio::test]
async fn those_on_call_are_called_once() {
    run_test_under(house("escalate_to = \"S0ONCALL\""), async |room| {
        room.floods_and_mina_proposes().await;
        room.wait(7 * 60).await;
        assert_eq!(stands(room), 0, "nobody is called for the first half of its time");
        room.skims();
        room.wait(60).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ⏳ WAITING · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        Asked for by @Mina at 03:14:30 UTC. Expires at 03:29:30 UTC.
        Approvals: 0 of 1 needed, not from who asked.
        May approve: any member of this workspace.
        Asked as well at 03:22:00 UTC, since half of its time had gone by: @S0ONCALL.
        Nothing happens until enough people approve and somebody presses Execute.
        [Approve] [Reject] [Execute] [Details] [Revoke]

        #war-room thread:
        ⏰ @S0ONCALL: half of its time went by without enough approvals · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): it expires at 03:29:30 UTC.
        ");
        assert_eq!(calls(room), 1);
        let approve = room.offer("Approve");
        room.restart().await;
        room.wait(60).await;
        room.jun().presses(&approve).await;
        room.wait(60).await;
        room.mina().clicks("Execute").await;
        room.wait(7 * 60).await;
        room.skims();
        assert_eq!((calls(room), stands(room)), (1, 1), "what is carried out calls nobody");
    })
    .await;
}

#[tokio::test]
async fn the_user_group_on_call_is_called_unless_told() {
    #[track_caller]
    fn check(line: &str, expected: Option<&str>) {
        let called = line.split_once('⏰').and_then(|(_, rest)| rest.split_once(": half")).map(|(whom, _)| whom.trim());
        assert_eq!(called, expected, "{line}");
    }
    for (house_rules, expected) in [
        ("on_call.user_group = \"S0ONCALL\"\n", Some("@S0ONCALL")),
        ("escalate_to = \"U0KIM\"\non_call.user_group = \"S0ONCALL\"\n", Some("@Kim")),
        ("on_call.topic = \"C0ALERTS\"\n", None),
    ] {
        run_test_under(house(house_rules), async |room| {
            room.floods_and_mina_proposes().await;
            room.skims();
            room.wait(8 * 60).await;
            check(&room.reads_of_plans(), expected);
        })
        .await;
    }
}

#[tokio::test]
async fn nobody_is_called_for_what_has_its_approvals() {
    run_test_under(house("escalate_to = \"S0ONCALL\""), async |room| {
        room.floods_and_mina_proposes().await;
        room.jun().clicks("Approve").await;
        room.wait(16 * 60).await;
        room.skims();
        assert_eq!((stands(room), room.plans().await[0].status()), (0, PlanStatus::Expired));
    })
    .await;
}

#[tokio::test]
async fn a_withdrawn_approval_is_missing_again() {
    run_test_under(house("escalate_to = \"U0DANA\""), async |room| {
        room.floods_and_mina_proposes().await;
        room.jun().clicks("Approve").await;
        room.jun().clicks("Details").await;
        room.skims();
        room.jun().clicks("Withdraw my approval").await;
        room.wait(8 * 60).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ⏳ WAITING · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        Asked for by @Mina at 03:14:30 UTC. Expires at 03:29:30 UTC.
        Approvals: 0 of 1 needed, not from who asked.
        May approve: any member of this workspace.
        Asked as well at 03:22:00 UTC, since half of its time had gone by: @Dana.
        Nothing happens until enough people approve and somebody presses Execute.
        [Approve] [Reject] [Execute] [Details] [Revoke]

        #war-room, only Jun:
        Your approval of `plan-5f56ddaa` is withdrawn. It needs at least one more approval.

        #war-room thread:
        ⏰ @Dana: half of its time went by without enough approvals · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): it expires at 03:29:30 UTC.
        ");
    })
    .await;
}

#[tokio::test]
async fn buttons_work_after_a_restart() {
    run_test(async |room| {
        room.floods_and_mina_proposes().await;
        let (approve, execute) = (room.offer("Approve"), room.offer("Execute"));
        room.restart().await;
        room.jun().presses(&approve).await;
        room.restart().await;
        room.mina().presses(&execute).await;
        room.restart().await;
        room.wait(20).await;
        assert_eq!(room.stage.levers.effects(&function()), 1);
        let undo = room.offer("Undo");
        room.restart().await;
        room.wait(6 * 60).await;
        room.skims();
        room.jun().presses(&undo).await;
        room.wait(20).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ↩️ UNDONE · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Jun had it taken back; at 03:20:50 UTC everything was as before.
        [Details] [What can I do]

        #war-room, only Jun:
        `plan-5f56ddaa` is being taken back now. Its message says how it ends.

        #war-room thread:
        ↩️ UNDONE · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): everything is as before.
        ");
        assert_eq!(room.stage.levers.effects(&function()), 2);
    })
    .await;
}

#[tokio::test]
async fn what_was_done_yesterday_is_undone_by_its_button() {
    run_test(async |room| {
        room.floods_and_mina_executes().await;
        room.wait(6 * 60).await;
        let undo = room.offer("Undo");
        leap(room, 30).await;
        room.restart().await;
        room.wait(20).await;
        room.skims();
        room.kim().types("undo").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Kim:
        No plan of the last day's incidents is one that this could be about, so nothing was done. The buttons of older plans still work, and `/incident fix` tells what can be proposed.
        ");
        room.kim().presses(&undo).await;
        room.wait(20).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ↩️ UNDONE · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Kim had it taken back; at 09:20:50 UTC everything was as before.
        [Details] [What can I do]

        #war-room, only Kim:
        `plan-5f56ddaa` is being taken back now. Its message says how it ends.

        #war-room thread:
        ↩️ UNDONE · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): everything is as before.
        ");
        assert_eq!(room.stage.levers.effects(&function()), 2);
    })
    .await;
}

/// Mina proposes what helps against one alarm alone; its message stands in a thread.
async fn alone(room: &mut Room) {
    room.mina().types("fix").await;
    room.skims();
    room.mina().clicks("Propose").await;
    room.wait(20).await;
    let posts = room.stage.workspace.posts();
    let plan = posts.iter().find(|post| post.body.to_string().contains("WAITING")).expect("the plan has its message");
    let thread = plan.thread_ts.clone().expect("it stands in a thread");
    let above = posts.iter().find(|post| post.ts == thread && post.channel == WAR_ROOM).expect("under a message");
    assert!(above.is_ours() && above.body.to_string().contains("prod-user-pool-throttles"));
}

#[tokio::test]
async fn a_plan_for_one_alarm_has_a_thread() {
    run_test(async |room| {
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        room.skims();
        alone(room).await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        🔴 ALARM prod-user-pool-throttles at 03:14:10 UTC — no other alarm near it
        What is being done
        • ⏳ Set reserved concurrency of token-exchange to 2 (none now): waits for one approval, expires 03:29:10 UTC (`plan-9791ff1d`)
        · INC-1 · told by EventBridge · `/incident context INC-1`

        #war-room, only Mina:
        `plan-9791ff1d` is proposed: its message is in the thread of INC-1. It needs one approval of others before it can be executed. It expires at 03:29:10 UTC.

        #war-room thread:
        ⏳ WAITING · plan-9791ff1d · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        What changes
        • `ReservedConcurrentExecutions`: not set → `2`
        Why
        • E9 `token-exchange` calls `user-pool`, 600 times a minute · `GetServiceGraph`
        • E10 `user-pool`: failing requests 70 % · `GetMetricData user-pool failing requests`
        • E11 `token-exchange`: usual concurrency (requests a second × seconds) 2 · `GetMetricData token-exchange usual concurrency (requests a second × seconds)`
        Risk: 🟡 medium: callers beyond the limit are refused
        Costs nothing worth stating
        Also happens: Callers beyond the limit are refused with 429; what arrives asynchronously waits up to six hours and is then lost or goes to its dead-letter queue. 0 stops every version. The account has that much less to share.
        Blast radius: 3 services suffer now, 2 are expected back
        Can be undone: the limit before, or none
        Success: requests of `user-pool` fall within 5 min
        Recovers: `token-exchange` back in ~1 min (58 %), `orders-api` back in ~4 min (52 %)
        Asked for by @Mina at 03:14:10 UTC. Expires at 03:29:10 UTC.
        Approvals: 0 of 1 needed, not from who asked.
        May approve: any member of this workspace.
        Nothing happens until enough people approve and somebody presses Execute.
        [Approve] [Reject] [Execute] [Details] [Revoke]
        · INC-1 · `plan-9791ff1db07cb1f7` · rests on E9, E10, E11 · nothing was changed yet
        ");
    })
    .await;
}

#[tokio::test]
async fn a_plan_for_an_alarm_that_another_bot_told_has_a_thread() {
    run_test(async |room| {
        room.amazon_q(&alarm("prod-user-pool-throttles", 130)).await;
        room.skims();
        alone(room).await;
        room.jun().clicks("Reject").await;
        room.wait(20).await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        `plan-9791ff1d` is proposed: its message is in the thread of INC-1. It needs one approval of others before it can be executed. It expires at 03:29:10 UTC.

        #war-room:
        🔴 ALARM prod-user-pool-throttles at 03:14:10 UTC — no other alarm near it
        What is being done
        • 🚫 Set reserved concurrency of token-exchange to 2 (none now): rejected at 03:14:30 UTC (`plan-9791ff1d`)
        · INC-1 · told by Amazon Q · `/incident context INC-1`

        #war-room thread:
        🚫 REJECTED · plan-9791ff1d · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Jun rejected it at 03:14:30 UTC. Ask what else can be done.
        [Details] [What can I do]
        · INC-1 · `plan-9791ff1db07cb1f7` · rests on E9, E10, E11 · nothing was changed by it

        #war-room, only Jun:
        `plan-9791ff1d` is rejected. Ask `/incident fix` for what else can be done.

        #war-room thread:
        🚫 REJECTED · Set reserved concurrency of token-exchange to 2 (none now) (`plan-9791ff1d`): by @Jun
        ");
    })
    .await;
}

//! Whole lives of plans: what takes itself back, and what takes three people, a reason and a name.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use insta::assert_snapshot;
use tests::{Room, run_test, run_test_in, usual_world};
use tools::capsule::{Capsule, TargetSettings};
use tools::recovery::plan::{PlanFact, PlanStatus};
use tools::recovery::policy::PersonId;
use tools::recovery::remedy::{LogLevel, Remedy, ReservedConcurrency, Target};

fn function() -> Target {
    Target::new("AWS::Lambda::Function", "token-exchange")
}

/// The usual world, in which `token-exchange` logs as JSON.
fn world_with_levels() -> Capsule {
    let settings = [("LogFormat".to_owned(), "JSON".to_owned())].into();
    Capsule { settings: vec![TargetSettings { target: function(), settings, revision: None }], ..usual_world() }
}

#[tokio::test]
async fn what_is_of_low_risk_takes_one_person_and_takes_itself_back() {
    run_test(async |room| {
        room.floods().await;
        room.mina().types("fix").await;
        let mute = room.offers("Propose").remove(1);
        room.skims();
        room.mina().presses(&mute).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        `plan-5c84ae26` is proposed: its message is in the thread of INC-1. It needs no approval: press Execute there to have it carried out. It expires at 03:29:30 UTC.

        #war-room thread:
        ⏳ WAITING · plan-5c84ae26 · low risk
        Mute the alarm prod-orders-api-5xx and one other for 60 minutes
        on `clarity-dac52125d15613e8` (AWS::CloudWatch::AlarmMuteRule), of `user-pool` in `production`
        Asked for by @Mina at 03:14:30 UTC. Expires at 03:29:30 UTC.
        Approvals: it needs none; whoever may execute it can do so now.
        Nothing happens until somebody presses Execute.
        [Execute] [Reject] [Details] [Revoke]
        ");
        room.kim().presses(&mute).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Kim:
        @Mina asked for the same before: `plan-5c84ae26` is in the thread of INC-1 and waits for somebody to press Execute. It expires at 03:29:30 UTC.
        ");
        assert_eq!(room.plans().await.len(), 1, "the same deed on the same state is one plan");
        room.mina().clicks("Execute").await;
        assert_snapshot!(room.reads_of_plans(), @r#"
        #war-room thread (edited):
        ▶️ RUNNING · plan-5c84ae26 · low risk
        Mute the alarm prod-orders-api-5xx and one other for 60 minutes
        on `clarity-dac52125d15613e8` (AWS::CloudWatch::AlarmMuteRule), of `user-pool` in `production`
        @Mina had it carried out at 03:14:30 UTC. I am carrying it out; this message will say how it ends.
        What changes
        • `AlarmNames`: not set → `["prod-orders-api-5xx","prod-token-exchange-errors"]`
        • `Duration`: not set → `PT60M`
        [Details]

        #war-room, only Mina:
        `plan-5c84ae26` is being carried out now. Its message says how it ends.
        "#);
        room.wait(61 * 60).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ↩️ UNDONE · plan-5c84ae26 · low risk
        Mute the alarm prod-orders-api-5xx and one other for 60 minutes
        on `clarity-dac52125d15613e8` (AWS::CloudWatch::AlarmMuteRule), of `user-pool` in `production`
        Its time was over, and it took itself back; at 04:14:30 UTC everything was as before.
        [Details] [What can I do]

        #war-room thread:
        ▶️ RUNNING · Mute the alarm prod-orders-api-5xx and one other for 60 minutes (`plan-5c84ae26`): @Mina has it carried out now.
        👀 APPLIED · Mute the alarm prod-orders-api-5xx and one other for 60 minutes (`plan-5c84ae26`): it is in force; there is nothing to measure.

        #war-room thread:
        ↩️ UNDONE · Mute the alarm prod-orders-api-5xx and one other for 60 minutes (`plan-5c84ae26`): everything is as before.
        ");
        assert_eq!(room.plans().await[0].status(), PlanStatus::Undone);
    })
    .await;
}

/// Kim asks for a louder log, which takes nobody else.
async fn kim_makes_it_loud(room: &mut Room) {
    room.floods().await;
    let louder = LogLevel { function: "token-exchange".to_owned(), level: "DEBUG".to_owned(), minutes: 30 };
    room.kim().asks_for("token-exchange", Remedy::LogLevel(louder)).await;
    room.kim().clicks("Execute").await;
}

#[tokio::test]
async fn a_louder_log_becomes_as_quiet_as_before() {
    run_test_in(world_with_levels(), async |room| {
        kim_makes_it_loud(room).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread:
        ▶️ RUNNING · plan-7a55047c · low risk
        Raise the log level of token-exchange from INFO to DEBUG for 30 minutes
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Kim had it carried out at 03:14:30 UTC. I am carrying it out; this message will say how it ends.
        What changes
        • `ApplicationLogLevel`: not set → `DEBUG`
        [Details]

        #war-room, only Kim:
        `plan-7a55047c` is being carried out now. Its message says how it ends.
        ");
        assert_eq!(room.stage.levers.effects(&function()), 1);
        room.wait(20 * 60).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        👀 APPLIED · plan-7a55047c · low risk
        Raise the log level of token-exchange from INFO to DEBUG for 30 minutes
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Kim had it carried out at 03:14:30 UTC. It is in force since 03:14:30 UTC. There is nothing to measure: somebody has to look. Keep it, or press Undo.
        Undoes itself at 03:44:30 UTC.
        What changes
        • `ApplicationLogLevel`: not set → `DEBUG`
        [Undo] [Details]

        #war-room thread:
        ▶️ RUNNING · Raise the log level of token-exchange from INFO to DEBUG for 30 minutes (`plan-7a55047c`): @Kim has it carried out now.
        👀 APPLIED · Raise the log level of token-exchange from INFO to DEBUG for 30 minutes (`plan-7a55047c`): it is in force; there is nothing to measure.
        ");
        room.wait(10 * 60 + 20).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ↩️ UNDONE · plan-7a55047c · low risk
        Raise the log level of token-exchange from INFO to DEBUG for 30 minutes
        on `token-exchange` (AWS::Lambda::Function), in `production`
        Its time was over, and it took itself back; at 03:44:30 UTC everything was as before.
        [Details] [What can I do]

        #war-room thread:
        ↩️ UNDONE · Raise the log level of token-exchange from INFO to DEBUG for 30 minutes (`plan-7a55047c`): everything is as before.
        ");
        assert_eq!(room.stage.levers.effects(&function()), 2);
    })
    .await;
}

#[tokio::test]
async fn what_somebody_else_changed_meanwhile_is_left_alone() {
    run_test_in(world_with_levels(), async |room| {
        kim_makes_it_loud(room).await;
        room.wait(60).await;
        let undo = room.offer("Undo");
        room.skims();
        room.stage.levers.change(&function(), "ApplicationLogLevel", Some("TRACE")).unwrap();
        room.wait(30 * 60).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        🖐️ LEFT ALONE · plan-7a55047c · low risk
        Raise the log level of token-exchange from INFO to DEBUG for 30 minutes
        on `token-exchange` (AWS::Lambda::Function), in `production`
        At 03:44:30 UTC its time was over, but somebody else had changed `token-exchange` (AWS::Lambda::Function) meanwhile, so I did nothing. As I left it → as I found it:
        • `ApplicationLogLevel`: `DEBUG` → `TRACE`
        Look whether it is as you want it.
        [Details] [What can I do]

        #war-room thread:
        🖐️ LEFT ALONE · Raise the log level of token-exchange from INFO to DEBUG for 30 minutes (`plan-7a55047c`): its time was over, but somebody else had changed its target meanwhile, so I did nothing.
        ");
        room.kim().presses(&undo).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Kim:
        Nothing of `plan-7a55047c` is in force: it stands at 🖐️ LEFT ALONE. There is nothing to undo.
        ");
        assert_eq!(room.stage.levers.effects(&function()), 1);
    })
    .await;
}

#[tokio::test]
async fn what_may_stop_production_takes_three_people_two_reasons_and_a_name() {
    run_test(async |room| {
        room.floods().await;
        let stop = ReservedConcurrency { function: "token-exchange".to_owned(), executions: 0 };
        room.mina().asks_for("token-exchange", Remedy::ReservedConcurrency(stop)).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread:
        ⏳ WAITING · plan-e66a9ece · high risk
        Set reserved concurrency of token-exchange to 0 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        Asked for by @Mina at 03:14:30 UTC. Expires at 03:29:30 UTC.
        Approvals: 0 of 2 needed, from different people, not from who asked.
        May approve: any member of this workspace.
        Nothing happens until enough people approve and somebody presses Execute.
        [Approve] [Reject] [Execute] [Details] [Revoke]
        ");
        room.mina().clicks("Approve").await;
        room.mina().fills("I know what I do").await.unwrap();
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        You asked for `plan-e66a9ece` yourself, so others decide about it. Revoke takes it back. This was recorded.
        ");
        room.jun().clicks("Approve").await;
        assert_snapshot!(room.jun().fills("\u{200b} ").await.unwrap_err(), @"Please say in a few words why you approve; without a reason it does not count.");
        assert_eq!(room.reads(), "", "a form that is refused says so by itself");
        room.jun().fills("The storm hurts <everybody>").await.unwrap();
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ⏳ WAITING · plan-e66a9ece · high risk
        Set reserved concurrency of token-exchange to 0 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        Asked for by @Mina at 03:14:30 UTC. Expires at 03:29:30 UTC.
        Approvals: 1 of 2 needed, from different people, not from who asked.
        Approved by @Jun at 03:14:30 UTC (“The storm hurts <everybody>”).
        May approve: any member of this workspace.
        Nothing happens until enough people approve and somebody presses Execute.
        [Approve] [Reject] [Execute] [Details] [Revoke]

        #war-room, only Jun:
        Your approval of `plan-e66a9ece` counts. It needs at least one more approval.
        ");
        room.jun().clicks("Approve").await;
        room.jun().fills("Twice is more").await.unwrap();
        room.mina().clicks("Execute").await;
        room.mina().fills("token-exchange").await.unwrap();
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Jun:
        You approved `plan-e66a9ece` at 03:14:30 UTC already, and that counts once. Its message says what it still needs.

        #war-room, only Mina:
        `plan-e66a9ece` needs one more approval before you can have it carried out. Counted @Jun so far. Its message names those who may approve.
        ");
        room.kim().clicks("Approve").await;
        room.kim().fills("Agreed on the phone").await.unwrap();
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Kim:
        Your approval of `plan-e66a9ece` counts. It has what it needs: press Execute on its message to have it carried out.
        ");
        room.mina().clicks("Execute").await;
        room.mina().fills("orders-api").await.unwrap();
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        That is not the name of the target of `plan-e66a9ece`, so nothing was stopped. Its name is `token-exchange`.
        ");
        assert_eq!(room.stage.levers.effects(&function()), 0);
        room.mina().clicks("Execute").await;
        room.mina().fills("token-exchange").await.unwrap();
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        `plan-e66a9ece` is being carried out now. Its message says how it ends.
        ");
        assert_eq!(room.stage.levers.effects(&function()), 1);
        let plan = room.plans().await.remove(0);
        let denied = plan.history().iter().filter_map(|told| {
            if let PlanFact::Denied { by: PersonId(by), act, .. } = &told.fact {
                Some(format!("{by} {act}"))
            } else {
                None
            }
        });
        assert_eq!(denied.collect::<Vec<_>>(), ["U0MINA approve"]);
    })
    .await;
}

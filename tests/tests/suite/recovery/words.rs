//! What people type about plans, and what they choose from the menu of remedies.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use insta::assert_snapshot;
use tests::{Room, alarm, run_test, run_test_in, usual_world};
use tools::capsule::Capsule;
use tools::model::{Alarm, Measure, Series};
use tools::recovery::plan::{PlanState, PlanStatus};
use tools::recovery::remedy::{Remedy, ReservedConcurrency, Target};

fn function() -> Target {
    Target::new("AWS::Lambda::Function", "token-exchange")
}

/// The usual world, in which nothing fails.
fn calm_world() -> Capsule {
    let mut capsule = usual_world();
    let is_well = |series: &&Series| series.service.as_str() == "web" && series.measure == Measure::Faults;
    let well = capsule.series.iter().find(is_well).unwrap().values.clone();
    for series in capsule.series.iter_mut().filter(|series| series.measure == Measure::Faults) {
        series.values.clone_from(&well);
    }
    capsule
}

/// Mina proposes both remedies of the usual story.
async fn two_plans(room: &mut Room) {
    room.floods().await;
    room.mina().types("fix").await;
    for offer in room.offers("Propose") {
        room.mina().presses(&offer).await;
        room.wait(1).await;
    }
    room.skims();
}

#[tokio::test]
async fn approve_means_the_plan_that_waits() {
    run_test(async |room| {
        room.jun().types("approve").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        No plan of the last day's incidents is one that this could be about, so nothing was done. The buttons of older plans still work, and `/incident fix` tells what can be proposed.
        ");
        room.floods_and_mina_proposes().await;
        room.mina().types("approve").await;
        room.jun().types("approve because The <Storm> Hurts “Everybody”").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ⏳ WAITING · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        Asked for by @Mina at 03:14:30 UTC. Expires at 03:29:30 UTC.
        Approvals: 1 of 1 needed, not from who asked.
        Approved by @Jun at 03:14:30 UTC (“The <Storm> Hurts “Everybody””).
        Nothing happens until somebody presses Execute.
        [Execute] [Approve] [Reject] [Details] [Revoke]

        #war-room, only Mina:
        You asked for `plan-5f56ddaa` yourself, so others decide about it. Revoke takes it back. This was recorded.

        #war-room, only Jun:
        Your approval of `plan-5f56ddaa` counts. It has what it needs: press Execute on its message to have it carried out.
        ");
        let reason = room.plans().await[0].approvals().values().next().unwrap().reason.clone();
        assert_eq!(reason.as_deref(), Some("The <Storm> Hurts “Everybody”"));
        room.kim().types("approve plan-77").await;
        room.kim().types("approve plan-5f56").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Kim:
        There is no plan `plan-77` among the incidents of the last day, so nothing was done. The card of an incident names its plans; the buttons of older ones still work.

        #war-room, only Kim:
        Your approval of `plan-5f56ddaa` counts. It has what it needs: press Execute on its message to have it carried out.
        ");
        assert_eq!(room.plans().await[0].approvals().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn approve_asks_which_of_several() {
    run_test(async |room| {
        room.floods_and_mina_proposes().await;
        let five = ReservedConcurrency { function: "billing-export".to_owned(), executions: 5 };
        room.mina().asks_for("billing-export", Remedy::ReservedConcurrency(five)).await;
        room.skims();
        room.jun().types("approve").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Jun:
        Several plans could be meant, so nothing was done. Say which one by its id:
        `plan-444185a383d790ba` · Set reserved concurrency of billing-export to 5 (none now)
        INC-1: waiting
        [Details]
        `plan-5f56ddaa67a2a5c7` · Set reserved concurrency of token-exchange to 2 (none now)
        INC-1: waiting
        [Details]
        ");
        room.jun().clicks("Details").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Jun:
        INC-1 · all of plan-444185a3
        Set reserved concurrency of billing-export to 5 (none now)
        Exactly
        • plan: `plan-444185a383d790ba`
        • remedy: `reserved-concurrency`
        • `function`: `billing-export`
        • `executions`: `5`
        • target: `billing-export` (AWS::Lambda::Function)
        • service: `billing-export` in `production`
        • Can be undone: the limit before, or none
        • success: requests of `billing-export` fall within 5 min
        What was seen
        • `LogFormat`: `Text`
        • `unreserved_concurrent_executions`: `1000`
        • its revision: `0`
        What its target becomes
        • `LogFormat`: `Text`
        • `ReservedConcurrentExecutions`: `5`
        • `unreserved_concurrent_executions`: `995`
        What it rests on
        • evidence: none
        • risk: 🟡 medium: callers beyond the limit are refused
        • Costs nothing worth stating
        • needs: one approval, as the policies asked when it was made
        • asked for by @Mina at 03:14:30 UTC, expires at 03:29:30 UTC
        What happened
        03:14:30 UTC  @Mina asked for it
        ");
        room.jun().types("approve plan-").await;
        room.jun().types("approve plan-5f56ddaa67").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Jun:
        Several plans could be meant, so nothing was done. Say which one by its id:
        `plan-444185a383d790ba` · Set reserved concurrency of billing-export to 5 (none now)
        INC-1: waiting
        [Details]
        `plan-5f56ddaa67a2a5c7` · Set reserved concurrency of token-exchange to 2 (none now)
        INC-1: waiting
        [Details]

        #war-room, only Jun:
        Your approval of `plan-5f56ddaa` counts. It has what it needs: press Execute on its message to have it carried out.
        ");
    })
    .await;
}

#[tokio::test]
async fn approve_means_what_needs_people() {
    run_test(async |room| {
        two_plans(room).await;
        room.jun().types("approve").await;
        assert_snapshot!(room.reads_only("only Jun"), @"
        #war-room, only Jun:
        Your approval of `plan-5f56ddaa` counts. It has what it needs: press Execute on its message to have it carried out.
        ");
    })
    .await;
}

#[tokio::test]
async fn approve_of_high_risk_needs_its_reason() {
    run_test(async |room| {
        room.floods().await;
        let stop = ReservedConcurrency { function: "token-exchange".to_owned(), executions: 0 };
        room.mina().asks_for("token-exchange", Remedy::ReservedConcurrency(stop)).await;
        room.skims();
        room.jun().types("approve").await;
        room.jun().types("approve because it storms").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room thread (edited):
        ⏳ WAITING · plan-e66a9ece · high risk
        Set reserved concurrency of token-exchange to 0 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        Asked for by @Mina at 03:14:30 UTC. Expires at 03:29:30 UTC.
        Approvals: 1 of 2 needed, from different people, not from who asked.
        Approved by @Jun at 03:14:30 UTC (“it storms”).
        May approve: any member of this workspace.
        Nothing happens until enough people approve and somebody presses Execute.
        [Approve] [Reject] [Execute] [Details] [Revoke]

        #war-room, only Jun:
        `plan-e66a9ece` is of high risk, so an approval needs a reason. Press Approve and write one.

        #war-room, only Jun:
        Your approval of `plan-e66a9ece` counts. It needs at least one more approval.
        ");
        room.kim().types(&format!("approve {}", "x".repeat(1001))).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Kim:
        That reason is too long: it may have 1000 characters. Please try again with a shorter one.
        ");
        assert_eq!(room.plans().await[0].approvals().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn undo_means_the_plan_that_is_in_force() {
    run_test(async |room| {
        two_plans(room).await;
        room.jun().types("undo").await;
        room.jun().types("undo plan-77").await;
        room.jun().types("undo everything").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Jun:
        No plan of the last day's incidents is one that this could be about, so nothing was done. The buttons of older plans still work, and `/incident fix` tells what can be proposed.

        #war-room, only Jun:
        There is no plan `plan-77` among the incidents of the last day, so nothing was done. The card of an incident names its plans; the buttons of older ones still work.

        #war-room, only Jun:
        `everything` is no plan; one looks like `plan-1f0c`. Did you mean `/incident undo`? `/incident help` lists what exists.
        ");
        room.jun().types("approve plan-5f56").await;
        for offer in room.offers("Execute") {
            room.mina().presses(&offer).await;
        }
        room.wait(20).await;
        room.mina().clicks("Execute").await;
        room.wait(20).await;
        room.skims();
        room.jun().types("undo").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Jun:
        Several plans could be meant, so nothing was done. Say which one by its id:
        `plan-5e6ccae7b26620ab` · Mute the alarm prod-orders-api-5xx and one other for 60 minutes
        INC-1: applied
        [Details]
        `plan-5f56ddaa67a2a5c7` · Set reserved concurrency of token-exchange to 2 (none now)
        INC-1: applied
        [Details]
        ");
        room.jun().types("undo plan-5f56").await;
        room.wait(20).await;
        room.skims();
        room.jun().types("undo").await;
        room.wait(20).await;
        room.skims();
        let statuses: Vec<PlanStatus> = room.plans().await.iter().map(PlanState::status).collect();
        assert_eq!(statuses, [PlanStatus::Undone, PlanStatus::Undone]);
    })
    .await;
}

#[tokio::test]
async fn fix_says_where_there_is_nothing_to_do() {
    run_test_in(calm_world(), async |room| {
        room.mina().types("fix").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        No incident is open in `prod`. When alarms come in, I open one by myself.
        ");
        room.eventbridge(&alarm("prod-billing-export-errors", 130)).await;
        room.skims();
        room.mina().types("fix INC-9").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        INC-9 is not open here. Open now: INC-1.
        ");
        room.mina().types("fix").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        INC-1 · what can be done
        No remedy of my catalogue fits what I see, so the best I can propose is to watch.
        Do nothing, and watch
        Why: nothing suffers
        Act, when
        • anything leaves its normal range
        • `logs` can be seen
        • `the service of prod-billing-export-errors` can be seen
        What we could not see
        • logs: the capsule `usual-world` holds none
        • the service of prod-billing-export-errors: no service, or more than one, goes by a name in the alarm (an alias of the service in the topology)
        ");
    })
    .await;
}

#[tokio::test]
async fn the_rest_of_the_remedies_is_in_a_menu() {
    let capsule = tools::capsule::parse(tools::capsule::AUTH_CASCADE.as_bytes()).unwrap();
    let alarms: Vec<Alarm> = capsule.alarms_until(capsule.window.to);
    run_test_in(capsule, async |room| {
        for alarm in &alarms {
            room.eventbridge(alarm).await;
        }
        room.skims();
        room.mina().types("fix").await;
        assert_snapshot!(room.reads().lines().filter(|line| line.contains("Other remedies")).collect::<String>(), @"[Other remedies… ▾ Keep 90 environments of token-exchange:live warm (none now)]");
        let warm = "Keep 90 environments of token-exchange:live warm (none now)";
        room.jun().picks(warm).await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Jun:
        INC-1 · what can be done
        Keep 90 environments of token-exchange:live warm (none now)
        Why: it has met a limit: 11 % of invocations start cold, each adds 811 ms (E43, E44)
        Helps: 35 % likely
        Risk: 🟡 medium: it is paid for whether it is used or not
        Cost unknown: no price is configured
        Worse, if more reaches `user-pool`, which suffers already
        Also happens: It is paid for by the hour whether it is used or not, and it takes minutes until all are warm. Other functions have that much less concurrency to share.
        Can be undone: the number before, or none
        Success: latency of `token-exchange` falls within 10 min
        Recovers: nobody is said to recover: it still waits for `user-pool`, which goes on suffering
        Watching ranks above it: what it may bring does not outweigh its risk.
        [Propose]
        [Other remedies… ▾ Set reserved concurrency of token-exchange to 8 (90 now) | Mute the alarm auth-prod-apigw-4xx and 8 others for 60 minutes | Set reserved concurrency of auth-authorizer to 2 (none now)]
        ");
        room.jun().clicks("Propose").await;
        room.wait(20).await;
        assert_snapshot!(room.reads_only("WAITING").lines().nth(2).unwrap(), @"Keep 90 environments of token-exchange:live warm (none now)");
        // Somebody else does it meanwhile.
        let alias = Target::new("AWS::Lambda::Alias", "token-exchange:live");
        room.stage.levers.change(&alias, "ProvisionedConcurrentExecutions", Some("90")).unwrap();
        room.kim().picks(warm).await;
        assert_snapshot!(room.reads_only("only Kim").lines().take(4).collect::<Vec<_>>().join("\n"), @"
        #war-room, only Kim:
        INC-1 · what can be done
        The remedy that you chose is not proposed any more: the situation has changed. This is what can be done now.
        Mute the alarm auth-prod-apigw-4xx and 8 others for 60 minutes
        ");
        assert_eq!(room.plans().await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_remedy_that_does_not_fit_any_more_is_not_proposed() {
    run_test(async |room| {
        room.floods().await;
        room.mina().types("fix").await;
        room.skims();
        let propose = room.offer("Propose");
        // Somebody limits the function before, and more than that.
        room.stage.levers.change(&function(), "ReservedConcurrentExecutions", Some("1")).unwrap();
        room.mina().presses(&propose).await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        That remedy is not offered any more: the situation has changed, so nothing was proposed. Ask `/incident fix` again for what can be done now.
        ");
        assert_eq!(room.plans().await, []);
    })
    .await;
}

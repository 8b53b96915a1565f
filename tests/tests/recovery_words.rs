//! What people type about plans, and what they choose from the menu of remedies.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use insta::assert_snapshot;
use tests::{Room, alarm, run_test, run_test_in, usual_world};
use tools::capsule::{Capsule, TargetSettings};
use tools::model::Measure;
use tools::recovery::plan::PlanStatus;
use tools::recovery::remedy::{Remedy, ReservedConcurrency, Target};

fn function() -> Target {
    Target::new("AWS::Lambda::Function", "token-exchange")
}

/// The usual world, but `user-pool` is well, so that `token-exchange` fails by itself, and its log could be louder.
fn failing_function() -> Capsule {
    let mut capsule = usual_world();
    let faults = |service: &str| {
        let is_it = move |series: &&tools::model::Series| {
            series.service.as_str() == service && series.measure == Measure::Faults
        };
        usual_world().series.iter().find(is_it).unwrap().values.clone()
    };
    for series in &mut capsule.series {
        if series.service.as_str() == "user-pool" && series.measure == Measure::Faults {
            series.values = faults("web");
        }
    }
    let settings = [("LogFormat".to_owned(), "JSON".to_owned())].into();
    Capsule { settings: vec![TargetSettings { target: function(), settings, revision: None }], ..capsule }
}

/// What waits, oldest first: each plan's id as people see it.
async fn plans(room: &Room) -> Vec<String> {
    room.plans().await.iter().map(|state| state.id().0[..13].to_owned()).collect()
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
        No plan is there that this could be about, so nothing was done. `/incident fix` tells what can be proposed.
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
        Approved by @Jun at 03:14:30 UTC (“The <Storm> Hurts Everybody”).
        Nothing happens until somebody presses Execute.
        [Execute] [Approve] [Reject] [Details] [Revoke]

        #war-room, only Mina:
        You asked for `plan-5f56ddaa` yourself, so others decide about it. Revoke takes it back. This was recorded.

        #war-room, only Jun:
        Your approval of `plan-5f56ddaa` counts. It has what it needs: press Execute on its message to have it carried out.
        ");
        let reason = room.plans().await[0].approvals().values().next().unwrap().reason.clone();
        assert_eq!(reason.as_deref(), Some("The <Storm> Hurts Everybody"));
        room.kim().types("approve plan-77").await;
        room.kim().types("approve plan-5f56").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Kim:
        There is no plan `plan-77` here, so nothing was done. The card of the incident names its plans, and `/incident fix` what can be proposed.

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
        two_plans(room).await;
        room.jun().types("approve").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Jun:
        Several plans could be meant, so nothing was done. Say which one by its id:
        `plan-5e6ccae7b26620ab` · Mute the alarm prod-orders-api-5xx and one other for 60 minutes
        INC-1: waiting
        [Details]
        `plan-5f56ddaa67a2a5c7` · Set reserved concurrency of token-exchange to 2 (none now)
        INC-1: waiting
        [Details]
        ");
        assert_eq!(plans(room).await, ["plan-5f56ddaa", "plan-f1c2b3a4"]);
        room.jun().clicks("Details").await;
        assert_snapshot!(room.reads_of_plans(), @"");
        room.jun().types("approve plan-").await;
        room.jun().types("approve plan-5f56ddaa67").await;
        assert_snapshot!(room.reads_of_plans(), @"");
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
        No plan is there that this could be about, so nothing was done. `/incident fix` tells what can be proposed.

        #war-room, only Jun:
        There is no plan `plan-77` here, so nothing was done. The card of the incident names its plans, and `/incident fix` what can be proposed.

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
        let statuses: Vec<PlanStatus> = room.plans().await.iter().map(|state| state.status()).collect();
        assert_eq!(statuses, [PlanStatus::Undone, PlanStatus::Undone]);
    })
    .await;
}

#[tokio::test]
async fn fix_says_where_there_is_nothing_to_do() {
    run_test(async |room| {
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
        Set reserved concurrency of token-exchange to 2 (none now)
        Why: the cheapest cut between what fails and what must stay healthy goes over `token-exchange` → `user-pool`, with 100 % of the cut's requests (E8, E9, E10)
        Helps: 58 % likely
        Risk: 🟡 medium: callers beyond the limit are refused
        Costs nothing worth stating
        Worse, if the cause is another one (3 %); or if `orders-api` repeats what it is refused
        Also happens: Callers beyond the limit are refused with 429; what arrives asynchronously waits up to six hours and is then lost or goes to its dead-letter queue. 0 stops every version. The account has that much less to share.
        Can be undone: the limit before, or none
        Success: requests of `user-pool` fall within 5 min
        Recovers: `token-exchange` back in ~1 min (58 %), `orders-api` back in ~4 min (52 %)
        [Propose]
        Do nothing, and watch
        Why: everything else is weighed against it (E1, E2)
        Worse, if the trouble spreads to `web` meanwhile (75 %)
        Act, when
        • `user-pool` still suffers at 03:19:10 UTC: requests fail
        • `web` is hit (75 % likely)
        What we could not see
        • logs: the capsule `usual-world` holds none
        • the service of prod-billing-export-errors: no service, or more than one, goes by a name in the alarm (an alias of the service in the topology)
        ");
    })
    .await;
}

#[tokio::test]
async fn the_rest_of_the_remedies_is_in_a_menu() {
    run_test_in(failing_function(), async |room| {
        room.eventbridge(&alarm("prod-token-exchange-errors", 130)).await;
        room.eventbridge(&alarm("prod-orders-api-5xx", 140)).await;
        room.eventbridge(&alarm("prod-orders-api-latency", 150)).await;
        room.skims();
        room.mina().types("fix").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        INC-1 · what can be done
        Set reserved concurrency of token-exchange to 2 (none now)
        Why: the cheapest cut between what fails and what must stay healthy goes over `orders-api` → `token-exchange`, with 100 % of the cut's requests (E8, E9, E10)
        Helps: 58 % likely
        Risk: 🟡 medium: callers beyond the limit are refused
        Costs nothing worth stating
        Worse, if the cause is another one (3 %); or if `orders-api` repeats what it is refused
        Also happens: Callers beyond the limit are refused with 429; what arrives asynchronously waits up to six hours and is then lost or goes to its dead-letter queue. 0 stops every version. The account has that much less to share.
        Can be undone: the limit before, or none
        Success: requests of `token-exchange` fall within 5 min
        Recovers: `orders-api` back in ~1 min (58 %)
        [Propose]
        Raise the log level of token-exchange from INFO to DEBUG for 30 minutes
        Why: what the cause does cannot be seen well enough: `logs` is missing (E1, E2, E3)
        Helps: 87 % likely
        Risk: 🟢 low: it changes what is written down, and takes itself back
        Costs nothing worth stating
        Worse, if cold starts hurt: environments are replaced, and some requests start cold
        Also happens: More lines are written and billed, and what is logged at these levels may hold personal data. Its warm environments are replaced, so some requests start cold.
        Undoes itself after 30 min, and can be undone before
        Success: there is nothing to measure: somebody has to look
        Recovers: nobody recovers by it: it changes what is seen or who is told, not what runs
        [Propose]
        Mute the alarm prod-orders-api-5xx and one other for 60 minutes
        Why: 2 of the 3 alarms that fire only follow from the cause (E1, E2, E3, E6)
        Helps: 87 % likely
        Risk: 🟢 low: it changes who is told, and takes itself back
        Costs nothing worth stating
        Worse, if the cause is another one (3 %); or if another trouble shows in these alarms only
        Also happens: These alarms tell nobody while it lasts, not even about another trouble. They still change state, and Clarity still sees it.
        Undoes itself after 60 min, and can be undone before
        Success: there is nothing to measure: somebody has to look
        Recovers: nobody recovers by it: it changes what is seen or who is told, not what runs
        [Propose]
        Do nothing, and watch
        Why: everything else is weighed against it (E1, E2, E3)
        Worse, if the trouble spreads to `web` meanwhile (75 %)
        Act, when
        • `token-exchange` still suffers at 03:19:30 UTC: requests fail
        • `web` is hit (75 % likely)
        What we could not see
        • logs: the capsule `usual-world` holds none
        ");
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

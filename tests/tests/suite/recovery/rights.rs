//! Who may do what: those who may not are told so in words, it is kept, and nothing changes. And what happens while Slack
//! cannot be asked who somebody is.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::drill::{HouseRules, ON_CALL};
use bot::workspace::Account;
use bot::workspace::fault::Fault;
use insta::assert_snapshot;
use tests::{Offer, Room, house, run_test, run_test_under};
use tools::recovery::plan::{PlanFact, PlanStatus};
use tools::recovery::policy::PersonId;
use tools::recovery::remedy::Target;

/// Only those on call approve; everything else is as shipped.
const ON_CALL_APPROVES: &str = r#"
[policy]
text = """
permit (principal, action == Action::"propose", resource);
permit (principal in Group::"oncall", action == Action::"approve", resource);
@approvals("1") permit (principal, action == Action::"execute", resource);
permit (principal, action == Action::"undo", resource);
"""
[policy.groups]
oncall = { slack = "S0ONCALL" }
"#;

/// Only those on call approve, and two of them have to.
const TWO_ON_CALL_APPROVE: &str = r#"
[policy]
text = """
permit (principal, action == Action::"propose", resource);
permit (principal in Group::"oncall", action == Action::"approve", resource);
@approvals("2") permit (principal, action == Action::"execute", resource);
permit (principal, action == Action::"undo", resource);
"""
[policy.groups]
oncall = { slack = "S0ONCALL" }
"#;

fn function() -> Target {
    Target::new("AWS::Lambda::Function", "token-exchange")
}

/// What was denied, oldest first: who, and what.
async fn denied(room: &Room) -> Vec<String> {
    let mut denied = Vec::new();
    for state in room.plans().await {
        for told in state.history() {
            if let PlanFact::Denied { by: PersonId(by), act, .. } = &told.fact {
                denied.push(format!("{by} {act}"));
            }
        }
    }
    denied
}

/// Those who are no members, each with what makes them none.
const NO_MEMBERS: [(&str, Option<Account>); 4] =
    [("U0RAY", None), ("U0DANA", Some(Account::Deactivated)), ("U0KIM", Some(Account::OtherTeam)), ("U0NOBODY", None)];

/// Everybody who is no member presses a button, and nothing but their answers follows.
async fn outsiders_press(room: &mut Room, offer: &Offer) -> String {
    for (id, account) in NO_MEMBERS {
        room.stage.workspace.change_person(id, |person| person.account = account.unwrap_or(person.account));
        room.person(id).presses(offer).await;
    }
    room.reads_of_plans()
}

#[tokio::test]
async fn who_is_no_member_cannot_propose() {
    run_test(async |room| {
        room.floods().await;
        room.mina().types("fix").await;
        room.skims();
        let propose = room.offer("Propose");
        assert_snapshot!(outsiders_press(room, &propose).await, @"
        #war-room, only Ray:
        It could not be proposed, and nothing was done: a guest decides nothing about plans, only members of this workspace do. Ask somebody who may propose it.

        #war-room, only Dana:
        It could not be proposed, and nothing was done: this account is deactivated, and only members of this workspace decide about plans. Ask somebody who may propose it.

        #war-room, only Kim:
        It could not be proposed, and nothing was done: somebody from outside this workspace decides nothing about its plans, only its members do. Ask somebody who may propose it.

        #war-room, only :
        It could not be proposed, and nothing was done: somebody from outside this workspace decides nothing about its plans, only its members do. Ask somebody who may propose it.
        ");
        assert_eq!(room.plans().await, []);
        assert_eq!(room.incidents().await[0].denied_proposals, 4);
    })
    .await;
}

#[tokio::test]
async fn who_is_no_member_cannot_approve_reject_or_execute() {
    run_test(async |room| {
        room.floods_and_mina_proposes().await;
        let offers = ["Approve", "Reject", "Execute"].map(|label| room.offer(label));
        assert_snapshot!(outsiders_press(room, &offers[0]).await, @"
        #war-room, only Ray:
        You may not do that with `plan-5f56ddaa`: a guest decides nothing about plans, only members of this workspace do. Ask a member of this workspace. This was recorded.

        #war-room, only Dana:
        You may not do that with `plan-5f56ddaa`: this account is deactivated, and only members of this workspace decide about plans. Ask a member of this workspace. This was recorded.

        #war-room, only Kim:
        You may not do that with `plan-5f56ddaa`: somebody from outside this workspace decides nothing about its plans, only its members do. Ask a member of this workspace. This was recorded.

        #war-room, only :
        You may not do that with `plan-5f56ddaa`: somebody from outside this workspace decides nothing about its plans, only its members do. Ask a member of this workspace. This was recorded.
        ");
        let before = room.stage.workspace.posts().len();
        for offer in &offers[1..] {
            outsiders_press(room, offer).await;
        }
        assert_eq!(room.stage.workspace.posts().len(), before + 8, "one answer for each click");
        assert_eq!(room.plans().await[0].status(), PlanStatus::Waiting);
        assert_snapshot!(denied(room).await.join(", "), @"U0RAY approve, U0DANA approve, U0KIM approve, U0NOBODY approve, U0RAY reject, U0DANA reject, U0KIM reject, U0NOBODY reject, U0RAY execute, U0DANA execute, U0KIM execute, U0NOBODY execute");
    })
    .await;
}

#[tokio::test]
async fn who_is_no_member_cannot_undo() {
    run_test(async |room| {
        room.floods_and_mina_executes().await;
        room.wait(20).await;
        room.skims();
        let undo = room.offer("Undo");
        assert_snapshot!(outsiders_press(room, &undo).await, @"
        #war-room, only Ray:
        You may not do that with `plan-5f56ddaa`: a guest decides nothing about plans, only members of this workspace do. Ask a member of this workspace. This was recorded.

        #war-room, only Dana:
        You may not do that with `plan-5f56ddaa`: this account is deactivated, and only members of this workspace decide about plans. Ask a member of this workspace. This was recorded.

        #war-room, only Kim:
        You may not do that with `plan-5f56ddaa`: somebody from outside this workspace decides nothing about its plans, only its members do. Ask a member of this workspace. This was recorded.

        #war-room, only :
        You may not do that with `plan-5f56ddaa`: somebody from outside this workspace decides nothing about its plans, only its members do. Ask a member of this workspace. This was recorded.
        ");
        assert_eq!(room.plans().await[0].status(), PlanStatus::Applied);
        assert_eq!(room.stage.levers.effects(&function()), 1);
        assert_snapshot!(denied(room).await.join(", "), @"U0RAY undo, U0DANA undo, U0KIM undo, U0NOBODY undo");
    })
    .await;
}

#[tokio::test]
async fn only_who_is_on_call_approves_where_the_policy_says_so() {
    run_test_under(house(ON_CALL_APPROVES), async |room| {
        room.floods().await;
        room.mina().types("fix").await;
        room.skims();
        room.mina().clicks("Propose").await;
        room.jun().clicks("Approve").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        `plan-5f56ddaa` is proposed: its message is in the thread of INC-1. It needs one approval of others before it can be executed. It expires at 03:29:30 UTC.

        #war-room thread:
        ⏳ WAITING · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        Asked for by @Mina at 03:14:30 UTC. Expires at 03:29:30 UTC.
        Approvals: 0 of 1 needed, not from who asked.
        May approve: @S0ONCALL.
        Nothing happens until enough people approve and somebody presses Execute.
        [Approve] [Reject] [Execute] [Details] [Revoke]

        #war-room, only Jun:
        You may not do that with `plan-5f56ddaa`: no policy permits this person to approve this plan. Ask somebody who may; while it waits, its message names them. This was recorded.
        ");
        room.kim().clicks("Approve").await;
        room.mina().clicks("Execute").await;
        room.skims();
        assert_eq!(room.stage.levers.effects(&function()), 1);
        assert_eq!(denied(room).await, ["U0JUN approve"]);
    })
    .await;
}

#[tokio::test]
async fn who_leaves_the_group_does_not_count_any_more() {
    run_test_under(house(ON_CALL_APPROVES), async |room| {
        room.floods_and_mina_proposes().await;
        room.kim().clicks("Approve").await;
        room.stage.workspace.change_person("U0KIM", |kim| kim.groups.clear());
        // What Slack said counts for a minute.
        room.wait(61).await;
        room.skims();
        room.mina().clicks("Execute").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        `plan-5f56ddaa` needs one more approval before you can have it carried out. Not counted any more: @Kim (no policy permits this person to approve this plan). Its message names those who may approve.
        ");
        assert_eq!(room.stage.levers.effects(&function()), 0);
        room.stage.workspace.change_person("U0KIM", |kim| kim.groups = [ON_CALL.to_owned()].into());
        room.wait(61).await;
        room.mina().clicks("Execute").await;
        room.skims();
        assert_eq!(room.stage.levers.effects(&function()), 1);
    })
    .await;
}

#[tokio::test]
async fn what_could_never_come_to_its_end_is_not_proposed() {
    run_test_under(house(TWO_ON_CALL_APPROVE), async |room| {
        room.floods().await;
        room.mina().types("fix").await;
        room.skims();
        // Mina herself is on call, so there is only Kim.
        room.mina().clicks("Propose").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        It could not be proposed, and nothing was done: a medium-risk plan for production (remedy `reserved-concurrency`) needs two approvals, and only one person besides the requester may approve. Whoever keeps the policies and the groups has to mend that.
        ");
        assert_eq!(room.plans().await, []);
        // For Jun, both of them.
        room.jun().clicks("Propose").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Jun:
        `plan-b617db89` is proposed: its message is in the thread of INC-1. It needs 2 approvals of others before it can be executed. It expires at 03:29:30 UTC.

        #war-room thread:
        ⏳ WAITING · plan-b617db89 · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        Asked for by @Jun at 03:14:30 UTC. Expires at 03:29:30 UTC.
        Approvals: 0 of 2 needed, from different people, not from who asked.
        May approve: @S0ONCALL.
        Nothing happens until enough people approve and somebody presses Execute.
        [Approve] [Reject] [Execute] [Details] [Revoke]
        ");
        assert_eq!(room.plans().await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn nobody_is_anybody_while_slack_cannot_be_asked() {
    run_test(async |room| {
        room.floods_and_mina_proposes().await;
        room.wait(61).await;
        room.skims();
        let fails = [
            Fault::Refuse { method: "users.info".to_owned(), error: "missing_scope".to_owned() },
            Fault::Refuse { method: "users.info".to_owned(), error: "<fatal_error>".to_owned() },
            Fault::Limit { method: "users.info".to_owned(), after_s: 600 },
        ];
        for fault in fails {
            room.stage.workspace.misbehave(fault);
            room.jun().clicks("Approve").await;
        }
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Jun:
        I could not find out who everybody involved is, and so not who may do what: Slack refuses: missing_scope (the app needs `users:read` and `usergroups:read`). Nothing was done; please try again a little later.

        #war-room, only Jun:
        I could not find out who everybody involved is, and so not who may do what: Slack refuses: <fatal_error>. Nothing was done; please try again a little later.

        #war-room, only Jun:
        I could not find out who everybody involved is, and so not who may do what: Slack asks us to wait 600 s. Nothing was done; please try again a little later.
        ");
        assert_eq!(room.plans().await[0].approvals().len(), 0);
        // The limit was one call's; the next one is answered.
        room.jun().clicks("Approve").await;
        room.skims();
        assert_eq!(room.plans().await[0].approvals().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn slack_is_asked_again_where_it_asks_for_little_patience() {
    run_test(async |room| {
        room.floods_and_mina_proposes().await;
        room.wait(61).await;
        room.skims();
        room.stage.workspace.misbehave(Fault::Limit { method: "users.info".to_owned(), after_s: 7 });
        room.jun().clicks("Approve").await;
        assert_eq!(room.reads(), "");
        room.wait(6).await;
        assert_eq!(room.plans().await[0].approvals().len(), 0);
        room.wait(2).await;
        assert_snapshot!(room.reads_only("only Jun"), @"
        #war-room, only Jun:
        Your approval of `plan-5f56ddaa` counts. It has what it needs: press Execute on its message to have it carried out.
        ");
        assert_eq!(room.plans().await[0].approvals().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_group_that_slack_does_not_know_decides_nothing() {
    let text = ON_CALL_APPROVES.replace("S0ONCALL", "S0NOBODY");
    run_test_under(house(&text), async |room| {
        room.floods().await;
        room.mina().types("fix").await;
        room.skims();
        room.mina().clicks("Propose").await;
        assert_snapshot!(room.reads_of_plans(), @"
        #war-room, only Mina:
        I could not find out who everybody involved is, and so not who may do what: Slack refuses: no_such_subteam. Nothing was done; please try again a little later.
        ");
        assert_eq!(room.plans().await, []);
    })
    .await;
}

#[test]
fn the_rules_of_a_stage_are_those_of_a_configuration() {
    let shipped = HouseRules::default();
    let told = house(ON_CALL_APPROVES);
    assert_ne!(shipped.rules.policy.names(), told.rules.policy.names());
    assert_eq!(house("escalate_to = \"S0ONCALL\"").escalate_to.as_deref(), Some(ON_CALL));
}

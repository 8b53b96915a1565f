//! Whoever is on call is called: by a user group, or by the topic of a channel.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::drill::{ALERTS, ON_CALL};
use bot::workspace::fault::Fault;
use insta::assert_snapshot;
use tests::{Room, alarm, house, run_test_under};
use tools::ports::Clock;

async fn incident(room: &mut Room) {
    room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
    room.skims();
}

fn asked(room: &Room) -> u64 {
    room.stage.workspace.calls().get("usergroups.users.list").copied().unwrap_or_default()
}

#[tokio::test]
async fn the_user_group_is_called_in_the_thread() {
    run_test_under(house(&format!("on_call.user_group = \"{ON_CALL}\"\n")), async |room| {
        incident(room).await;
        let version = room.incidents().await[0].version;
        room.jun().types("page INC-1 \"can you <!channel> look?\"").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        @Kim, @Mina were called in the thread of INC-1.

        #war-room thread:
        📟 @Kim @Mina: @Jun calls you to INC-1: “can you <!channel> look?”
        🔴 INC-1 is not over: for 0 s now, one alarm fires.
        The cause is being looked for; no remedy has been chosen yet.
        ");
        // What was typed calls nobody else, and the call is a fact.
        let posts = room.stage.workspace.posts();
        let line = posts.iter().find(|post| post.body.to_string().contains("📟")).unwrap().body.to_string();
        assert!(line.contains("&lt;!channel&gt;") && !line.contains("<!channel>"), "{line}");
        assert_eq!(room.incidents().await[0].version, version + 1);
        // What Slack said counts for a minute.
        room.jun().types("page").await;
        assert_eq!(asked(room), 1);
        room.wait(61).await;
        room.jun().types("page").await;
        assert_eq!(asked(room), 2);
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn a_call_stands_in_the_timeline_and_in_the_postmortem() {
    run_test_under(house(&format!("on_call.user_group = \"{ON_CALL}\"\n")), async |room| {
        incident(room).await;
        room.jun().types("timeline").await;
        assert!(!room.reads().contains("📟"), "nobody was called yet");
        room.jun().types("page INC-1 look").await;
        room.skims();
        room.jun().types("timeline").await;
        let told = room.reads();
        let line = told.lines().find(|line| line.contains("📟")).unwrap_or_default();
        assert!(line.ends_with("📟 @Kim and @Mina called by @Jun"), "{told}");
        let incident = &room.incidents().await[0];
        let moments = tools::context::timeline(incident);
        let document = blocks::postmortem::document(incident, &moments, room.stage.clock.now(), &|_| None);
        assert!(document.contains("📟"), "{document}");
    })
    .await;
}

#[tokio::test]
async fn whom_plans_escalate_to_is_on_call_unless_told() {
    run_test_under(house(&format!("escalate_to = \"{ON_CALL}\"\n")), async |room| {
        incident(room).await;
        room.jun().types("page").await;
        assert!(room.reads_only("thread").contains("Mina"));
    })
    .await;
}

#[tokio::test]
async fn whoever_the_topic_mentions_is_called() {
    run_test_under(house(&format!("on_call.topic = \"{ALERTS}\"\n")), async |room| {
        incident(room).await;
        room.jun().types("page").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        ⚠️ Nobody was called: the channel's topic mentions nobody.
        ");
        room.stage.workspace.set_topic(ALERTS, "on call this week: <@U0KIM|kim>, then <@U0MINA>");
        room.jun().types("page the canary is red").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        @Kim was called in the thread of INC-1.

        #war-room thread:
        📟 @Kim: @Jun calls you to INC-1: “the canary is red”
        🔴 INC-1 is not over: for 0 s now, one alarm fires.
        The cause is being looked for; no remedy has been chosen yet.
        ");
    })
    .await;
}

#[tokio::test]
async fn whoever_calls_is_told_when_nobody_was_called() {
    run_test_under(house(""), async |room| {
        room.jun().types("page").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        No incident is open in `prod`. When alarms come in, I open one by myself.
        ");
        incident(room).await;
        room.jun().types("page").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        ⚠️ Nobody was called: the configuration names nobody who is on call: `on_call` of the scope is not set.
        ");
    })
    .await;
    run_test_under(house("on_call.user_group = \"S0GONE\"\n"), async |room| {
        incident(room).await;
        room.jun().types("page").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        ⚠️ Nobody was called: Slack refuses: no_such_subteam.
        ");
        let method = "usergroups.users.list".to_owned();
        room.stage.workspace.misbehave(Fault::Limit { method, after_s: 3 });
        room.jun().types("page").await;
        assert_eq!(room.reads(), "");
        room.wait(4).await;
        assert!(room.reads().contains("Nobody was called"));
    })
    .await;
}

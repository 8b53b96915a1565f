//! Alarms that other bots post in a watched channel.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use insta::assert_snapshot;
use serde_json::json;
use tests::{alarm, run_test};
use tools::model::Via;

#[tokio::test]
async fn a_lone_alarm_is_answered_in_its_thread() {
    run_test(async |room| {
        room.amazon_q(&alarm("prod-user-pool-throttles", 130)).await;
        assert_snapshot!(room.reads(), @"
        #alerts-prod thread:
        No other alarm near it; it belongs to `user-pool`. I keep watching, and open a card when more join.
        · INC-1 · told by Amazon Q · `/incident context INC-1`
        ");
        assert!(room.channel().is_empty(), "the war room stays quiet");
    })
    .await;
}

#[tokio::test]
async fn the_same_alarm_from_two_sources_is_one() {
    run_test(async |room| {
        let throttles = alarm("prod-user-pool-throttles", 130);
        room.amazon_q(&throttles).await;
        room.skims();
        room.eventbridge(&throttles).await;
        assert_snapshot!(room.reads(), @"");
        let incidents = room.incidents().await;
        assert_eq!(incidents.len(), 1);
        assert_eq!(incidents[0].alarms.len(), 1);
        let sources: Vec<Via> = incidents[0].alarms[0].sources().into_iter().collect();
        assert_eq!(sources, [Via::EventBridge, Via::AmazonQ]);
    })
    .await;
}

#[tokio::test]
async fn a_retried_event_is_the_same_event() {
    run_test(async |room| {
        let event = room.amazon_q(&alarm("prod-user-pool-throttles", 130)).await;
        room.skims();
        room.stage.workspace.redeliver(&event);
        room.stage.settle().await;
        assert_eq!(room.incidents().await[0].version, 2);
    })
    .await;
}

#[tokio::test]
async fn people_other_bots_and_our_own_messages_open_nothing() {
    run_test(async |room| {
        let workspace = room.stage.workspace.clone();
        workspace.say("U0MINA", bot::drill::ALERTS, None, "CloudWatch Alarm | prod-user-pool-throttles | us-east-1");
        workspace.post_as_app("Deploybot", bot::drill::ALERTS, json!({"text": "v118 is out"}));
        // The war room is not watched: what is posted there is no alarm to us.
        let body = bot::alarms::amazon_q::compose(&alarm("prod-user-pool-throttles", 130));
        workspace.post_as_app("Amazon Q Developer", bot::drill::WAR_ROOM, body);
        room.stage.settle().await;
        assert!(room.incidents().await.is_empty());
    })
    .await;
}

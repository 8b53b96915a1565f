//! Changes come in through the door of the alarms, and stand on the card.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::app::{Bot, Kept, Parts};
use bot::embedded::Embedded;
use bot::ports::Lookback;
use bot::rules::Rules;
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use tests::{Room, START, alarm, http, run_test};
use tokio::net::TcpListener;
use tools::capsule::World;
use tools::model::{Change, ScopeId};

/// A call of Lambda's API `after_s` seconds into the story, as EventBridge hands it over.
fn call(id: &str, after_s: i64, action: &str, parameters: Value) -> Value {
    let text = include_str!("../../samples/aws/cloudtrail_update_function_configuration.json");
    let mut event: Value = serde_json::from_str(text).unwrap();
    let at = START.parse::<Timestamp>().unwrap().saturating_add(SignedDuration::from_secs(after_s)).unwrap();
    event["id"] = json!(format!("delivery of {id}"));
    event["time"] = json!(at.to_string());
    let detail = &mut event["detail"];
    detail["eventID"] = json!(id);
    detail["eventTime"] = json!(at.to_string());
    detail["eventName"] = json!(action);
    detail["requestParameters"] = parameters;
    detail["responseElements"] = json!(null);
    event
}

fn new_settings(id: &str, after_s: i64) -> Value {
    let parameters = json!({"functionName": "token-exchange", "timeout": 3});
    call(id, after_s, "UpdateFunctionConfiguration20150331v2", parameters)
}

async fn flood(room: &mut Room) {
    for (name, at) in
        [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)]
    {
        room.eventbridge(&alarm(name, at)).await;
    }
}

/// What stands under "What changed" on the card.
fn on_the_card(room: &Room) -> String {
    let cards = room.channel();
    assert_eq!(cards.len(), 1, "one incident has one message");
    let card = blocks::text::message(&cards[0].body, &|id: &str| Some(id.to_owned()));
    let (_, after) = card.split_once("What changed\n").unwrap();
    let (changed, _) = after.split_once("\nWhat we could not see").unwrap();
    changed.to_owned()
}

async fn kept(room: &Room) -> Vec<Change> {
    kept_in(&room.stage.kept).await
}

async fn kept_in(kept: &Kept) -> Vec<Change> {
    let everything = Lookback::changes(Timestamp::MIN);
    kept.store.index(&ScopeId("prod".to_owned()), everything).await.unwrap().changes
}

#[tokio::test]
async fn what_was_changed_before_the_flood_stands_on_the_card() {
    run_test(async |room| {
        room.event(&new_settings("e1", 60)).await;
        assert_snapshot!(room.reads(), @"");
        flood(room).await;
        assert_snapshot!(on_the_card(room), @"• configuration change on `token-exchange` by github-deploy/gha-118 at 03:13:00 UTC: update function configuration: timeout 3 (E11)");
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn a_change_during_the_flood_edits_the_card() {
    run_test(async |room| {
        flood(room).await;
        assert_snapshot!(on_the_card(room), @"No change was seen in the four hours before.");
        room.skims();
        room.wait(30).await;
        room.skims();
        let rollback = json!({"functionName": "token-exchange", "name": "live", "functionVersion": "117"});
        room.event(&call("e1", 170, "UpdateAlias20150331", rollback)).await;
        room.wait(30).await;
        let read = room.reads();
        assert!(read.starts_with("#war-room (edited):"), "{read}");
        assert_snapshot!(on_the_card(room), @"• deploy on `token-exchange` by github-deploy/gha-118 at 03:14:50 UTC: alias live → version 117 (E11)");
    })
    .await;
}

#[tokio::test]
async fn a_change_that_is_told_twice_is_one() {
    run_test(async |room| {
        let event = new_settings("e1", 60);
        room.event(&event).await;
        room.event(&event).await;
        // Another rule hands over the same record under an id of its own.
        let mut again = event.clone();
        again["id"] = json!("another");
        room.event(&again).await;
        assert_eq!(kept(room).await.len(), 1);
        room.restart().await;
        room.event(&event).await;
        assert_eq!(kept(room).await.len(), 1);
        flood(room).await;
        assert_eq!(on_the_card(room).lines().count(), 1);
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn a_refused_call_changed_nothing() {
    run_test(async |room| {
        let mut refused = new_settings("e1", 60);
        refused["detail"]["errorCode"] = json!("AccessDenied");
        room.event(&refused).await;
        flood(room).await;
        room.wait(30).await;
        room.skims();
        assert_snapshot!(on_the_card(room), @"No change was seen in the four hours before.");
        // Nor is it a reason to look again.
        refused["detail"]["eventID"] = json!("e2");
        let version = room.incidents().await[0].version;
        room.event(&refused).await;
        room.wait(30).await;
        assert_eq!(room.incidents().await[0].version, version);
        assert_eq!(kept(room).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_change_opens_no_incident_and_says_nothing() {
    run_test(async |room| {
        room.event(&new_settings("e1", 60)).await;
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        room.skims();
        room.event(&new_settings("e2", 140)).await;
        room.wait(30).await;
        assert_snapshot!(room.reads(), @"");
        assert_eq!(room.incidents().await.len(), 1);
        assert_eq!(kept(room).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_stranger_brings_no_changes() {
    run_test(async |room| {
        let mut config = room.stage.config().clone();
        config.alarms_secret = Some("the-secret".into());
        let kept: Kept = Embedded::in_memory().into();
        let parts = Parts {
            config,
            store: kept.store.clone(),
            inbox: kept.inbox.clone(),
            rules: Arc::new(Rules::shipped()),
            outside: World::outside(room.stage.capsule.clone()),
            actuator: room.stage.levers.clone(),
            model: None,
            clock: room.stage.clock.clone(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = format!("http://{}/alarms/eventbridge", listener.local_addr().unwrap());
        let bot = Bot::start(parts, listener).await.unwrap();
        let event = new_settings("e1", 60).to_string();
        for headers in [vec![], vec![("authorization", "Bearer another")], vec![("authorization", "the-secret")]] {
            assert_eq!(http::post(&door, &headers, &event).await.0, 401, "{headers:?}");
        }
        bot.pulse().settled().await;
        assert_eq!(kept_in(&kept).await, []);
        let headers = [("authorization", "Bearer the-secret")];
        assert_eq!(http::post(&door, &headers, &event).await.0, 202);
        bot.pulse().settled().await;
        assert_eq!(kept_in(&kept).await.len(), 1);
        bot.stop().await;
    })
    .await;
}

#[tokio::test]
async fn other_events_are_noted_and_broken_ones_refused() {
    run_test(async |room| {
        let mut insight = new_settings("e1", 60);
        insight["detail-type"] = json!("AWS X-Ray Insight Update");
        let json = [("content-type", "application/json")];
        let (status, answer) = room.posts("/alarms/eventbridge", &json, &insight.to_string()).await;
        assert_snapshot!(format!("{status} {answer}"), @r#"202 {"ok":true,"note":"AWS X-Ray Insight Update of aws.lambda: nothing that is known to be a change"}"#);
        let mut timeless = new_settings("e2", 60);
        (timeless["time"], timeless["detail"]["eventTime"]) = (json!("soon"), json!(7));
        let (status, answer) = room.posts("/alarms/eventbridge", &json, &timeless.to_string()).await;
        assert_snapshot!(format!("{status} {answer}"), @r#"400 {"ok":false,"error":"the body is not what this address takes: the change event has no readable time at `time`: `soon`"}"#);
        room.stage.settle().await;
        assert_eq!(kept(room).await, []);
    })
    .await;
}

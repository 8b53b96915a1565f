//! A flood becomes one card; what does not belong to it stays apart, with the reason.

use insta::assert_snapshot;
use tests::{alarm, on, run_test, turned};
use tools::model::AlarmState;

#[tokio::test]
async fn the_third_alarm_turns_the_line_into_a_card() {
    run_test(async |room| {
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        assert_snapshot!(room.reads(), @"");
        room.eventbridge(&alarm("prod-token-exchange-errors", 140)).await;
        assert_snapshot!(room.reads(), @"");
        room.eventbridge(&alarm("prod-orders-api-5xx", 155)).await;
        assert_snapshot!(room.reads(), @"");
        assert_eq!(room.channel().len(), 1, "an incident has one message in the channel");
    })
    .await;
}

#[tokio::test]
async fn a_repeated_delivery_says_nothing_new() {
    run_test(async |room| {
        let throttles = alarm("prod-user-pool-throttles", 130);
        room.eventbridge_as(&throttles, "same").await;
        room.skims();
        room.eventbridge_as(&throttles, "same").await;
        room.eventbridge_as(&throttles, "another id, the same transition").await;
        assert_snapshot!(room.reads(), @"");
        let incidents = room.incidents().await;
        assert_eq!(incidents.len(), 1);
        assert_eq!(incidents[0].version, 2, "opened, joined, and no fact more");
    })
    .await;
}

#[tokio::test]
async fn an_unrelated_alarm_stays_apart_and_says_why() {
    run_test(async |room| {
        for (name, at) in [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)] {
            room.eventbridge(&alarm(name, at)).await;
        }
        room.skims();
        let mut export = alarm("billing-export-late", 170);
        export.account = Some("999988887777".to_owned());
        room.eventbridge(&export).await;
        assert_snapshot!(room.reads_only("billing-export"), @"");
        let mut stranger = alarm("disk-full", 175);
        stranger.account = None;
        room.eventbridge(&stranger).await;
        assert_snapshot!(room.reads_only("disk-full"), @"");
        assert_eq!(room.incidents().await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn alarms_that_turn_ok_and_back_are_told_in_the_thread() {
    run_test(async |room| {
        let errors = alarm("prod-token-exchange-errors", 140);
        for each in [&alarm("prod-user-pool-throttles", 130), &errors, &alarm("prod-orders-api-5xx", 150)] {
            room.eventbridge(each).await;
        }
        room.wait(30).await;
        room.skims();
        room.eventbridge(&turned(errors.clone(), AlarmState::Ok, 200)).await;
        room.wait(30).await;
        assert_snapshot!(room.reads_only("thread"), @"");
        room.eventbridge(&turned(errors, AlarmState::Alarm, 260)).await;
        room.wait(30).await;
        assert_snapshot!(room.reads_only("thread"), @"");
    })
    .await;
}

#[tokio::test]
async fn dimensions_name_the_service_where_the_name_does_not() {
    run_test(async |room| {
        room.eventbridge(&on(alarm("something-is-off", 130), "FunctionName", "token-exchange")).await;
        room.eventbridge(&alarm("prod-user-pool-throttles", 140)).await;
        assert_snapshot!(room.reads(), @"");
    })
    .await;
}

#[tokio::test]
async fn an_alarm_after_a_long_silence_begins_a_new_story() {
    run_test(async |room| {
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        room.skims();
        room.eventbridge(&alarm("prod-token-exchange-errors", 130 + 20 * 60)).await;
        assert_snapshot!(room.reads(), @"");
    })
    .await;
}

#[tokio::test]
async fn an_ok_of_an_alarm_that_nobody_knows_opens_nothing() {
    run_test(async |room| {
        room.eventbridge(&turned(alarm("prod-user-pool-throttles", 0), AlarmState::Ok, 130)).await;
        assert!(room.incidents().await.is_empty());
    })
    .await;
}

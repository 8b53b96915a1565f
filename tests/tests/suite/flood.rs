//! A flood becomes one card; what does not belong to it stays apart, with the reason.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::drill::WAR_ROOM;
use insta::assert_snapshot;
use jiff::SignedDuration;
use tests::{Room, alarm, on, run_test, turned};
use tools::model::AlarmState;

#[tokio::test]
async fn the_third_alarm_turns_the_line_into_a_card() {
    run_test(async |room| {
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        assert_snapshot!(room.reads(), @"
        #war-room:
        🔴 ALARM prod-user-pool-throttles at 03:14:10 UTC — no other alarm near it
        · INC-1 · told by EventBridge · `/incident context INC-1`
        ");
        room.eventbridge(&alarm("prod-token-exchange-errors", 140)).await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        🔴 ALARM prod-user-pool-throttles at 03:14:10 UTC — the first
        🔴 ALARM prod-token-exchange-errors at 03:14:20 UTC — `token-exchange` calls `user-pool`, 10 s later
        [Not related… ▾ prod-user-pool-throttles | prod-token-exchange-errors]
        · INC-1 · told by EventBridge · `/incident context INC-1`
        ");
        room.eventbridge(&alarm("prod-orders-api-5xx", 155)).await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        INC-1 · user-pool: requests fail
        What's going on
        3 alarms fire since 03:14:10 UTC, 3 services affected: `user-pool`, `orders-api` and `token-exchange`.
        It spread `user-pool` → `token-exchange` → `orders-api`.
        What caused it
        `user-pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
        What it hits next
        • `web`, through `orders-api`: 71 % likely; 399 requests a minute at risk, 100 % of what users ask for needs it (E10)
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Consider: damp retries of `token-exchange` → `user-pool`: reserved concurrency 2 on `token-exchange`: saves 410 requests a minute, and refuses 180 that would have succeeded (E11, E12, E13)
        2. Look at `user-pool`, its faults first (alarm)
        3. Warn the owners of `web`
        [Context, just for me] [What can I do] [⋯ Severity… | I take the lead | Add a note… | Edit the title… | Close…]
        · Time to context: running · by excess flow · as of 03:14:35 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread

        #war-room thread:
        🔴 ALARM prod-user-pool-throttles at 03:14:10 UTC — the first
        🔴 ALARM prod-token-exchange-errors at 03:14:20 UTC — `token-exchange` calls `user-pool`, 10 s later
        🔴 ALARM prod-orders-api-5xx at 03:14:35 UTC — `orders-api` calls `token-exchange`, 15 s later

        #war-room thread:
        🔎 Cause found: `user-pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
        ");
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
        assert_snapshot!(room.reads_only("billing-export"), @"
        #war-room:
        🔴 ALARM billing-export-late at 03:14:50 UTC — apart from INC-1: `billing-export` runs in account 999988887777, and no call leads there
        [It belongs to INC-1]
        · INC-2 · told by EventBridge · `/incident context INC-2`
        ");
        let mut stranger = alarm("disk-full", 175);
        stranger.account = None;
        room.eventbridge(&stranger).await;
        assert_snapshot!(room.reads_only("disk-full"), @"
        #war-room:
        🔴 ALARM disk-full at 03:14:55 UTC — apart from INC-1: neither the topology nor its name connects it
        [It belongs to INC-1]
        · INC-3 · told by EventBridge · `/incident context INC-3`
        ");
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
        assert_snapshot!(room.reads_only("war-room thread:"), @"
        #war-room thread:
        🟢 OK prod-token-exchange-errors at 03:15:20 UTC — turn 2 of this alarm
        ");
        room.eventbridge(&turned(errors, AlarmState::Alarm, 260)).await;
        room.wait(30).await;
        assert_snapshot!(room.reads_only("war-room thread:"), @"
        #war-room thread:
        🔴 ALARM prod-token-exchange-errors at 03:16:20 UTC — turn 3 of this alarm
        ");
    })
    .await;
}

#[tokio::test]
async fn dimensions_name_the_service_where_the_name_does_not() {
    run_test(async |room| {
        room.eventbridge(&on(alarm("something-is-off", 130), "FunctionName", "token-exchange")).await;
        room.eventbridge(&alarm("prod-user-pool-throttles", 140)).await;
        assert_snapshot!(room.reads(), @"
        #war-room:
        🔴 ALARM something-is-off at 03:14:10 UTC — the first
        🔴 ALARM prod-user-pool-throttles at 03:14:20 UTC — `token-exchange` calls `user-pool`, 10 s later
        [Not related… ▾ something-is-off | prod-user-pool-throttles]
        · INC-1 · told by EventBridge · `/incident context INC-1`
        ");
    })
    .await;
}

#[tokio::test]
async fn an_alarm_after_a_long_silence_begins_a_new_story() {
    run_test(async |room| {
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        room.skims();
        room.eventbridge(&alarm("prod-token-exchange-errors", 130 + 20 * 60)).await;
        assert_snapshot!(room.reads(), @"
        #war-room:
        🔴 ALARM prod-token-exchange-errors at 03:34:10 UTC — apart from INC-1, which has been silent for 20 min
        · INC-2 · told by EventBridge · `/incident context INC-2`
        ");
    })
    .await;
}

#[tokio::test]
async fn an_alarm_of_a_story_that_is_over_begins_a_new_one() {
    run_test(async |room| {
        let throttles = alarm("prod-user-pool-throttles", 130);
        room.eventbridge(&throttles).await;
        room.eventbridge(&turned(throttles.clone(), AlarmState::Ok, 190)).await;
        room.skims();
        room.eventbridge(&turned(throttles.clone(), AlarmState::Alarm, 190 + 20 * 60)).await;
        assert_snapshot!(room.reads(), @"
        #war-room:
        🔴 ALARM prod-user-pool-throttles at 03:35:10 UTC — apart from INC-1, which has been silent for 20 min
        · INC-2 · told by EventBridge · `/incident context INC-2`
        ");
        // What the first story was told already is not news of the second.
        room.eventbridge(&throttles).await;
        room.skims();
        assert_eq!(room.incidents().await.len(), 2);
        assert_eq!(room.incidents().await[1].alarms[0].transitions.len(), 1);
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

/// Alarms of a flood in which the bot is killed again and again.
const ALARMS: i64 = 60;

/// An alarm a second, and every five seconds another process: what is left of the budget is not more for that.
async fn killed_again_and_again_in_a_flood_it_says_all_of_it_once_and_calmly(room: &mut Room) {
    let name = |number: i64| format!("prod-token-exchange-errors-{number}");
    for number in 0..ALARMS {
        room.eventbridge(&alarm(&name(number), 130 + number)).await;
        if number % 5 == 4 {
            room.restart().await;
        }
    }
    room.wait(150).await;
    room.skims();
    let channel = room.channel();
    assert_eq!(channel.len(), 1, "one message in the channel: {channel:#?}");
    let posts = room.stage.workspace.posts();
    let thread = posts.iter().filter(|post| post.thread_ts.as_ref() == Some(&channel[0].ts));
    let thread: Vec<String> = thread.map(|post| blocks::text::message(&post.body, &|_| None)).collect();
    let thread = thread.join("\n");
    for number in 0..ALARMS {
        let line = format!("ALARM {} at ", name(number));
        assert_eq!(thread.matches(&line).count(), 1, "{line} stands once in:\n{thread}");
    }
    let log = room.stage.workspace.log();
    let counted = |called: &&bot::workspace::Called| {
        called.method.starts_with("chat.") && called.channel.as_deref() == Some(WAR_ROOM)
    };
    let calls: Vec<_> = log.iter().filter(counted).map(|called| called.at).collect();
    let minute = SignedDuration::from_secs(60);
    for (first, begin) in calls.iter().enumerate() {
        let within = calls[first..].iter().take_while(|at| at.duration_since(*begin) < minute).count();
        assert!(within <= 20, "{within} calls in the minute from {begin} on");
    }
}

mod embedded {
    #[tokio::test]
    async fn killed_again_and_again_in_a_flood_it_says_all_of_it_once_and_calmly() {
        tests::run_test(super::killed_again_and_again_in_a_flood_it_says_all_of_it_once_and_calmly).await;
    }
}

#[cfg(feature = "aws")]
mod aws {
    #[tokio::test]
    async fn killed_again_and_again_in_a_flood_it_says_all_of_it_once_and_calmly() {
        tests::aws::run_test(super::killed_again_and_again_in_a_flood_it_says_all_of_it_once_and_calmly).await;
    }
}

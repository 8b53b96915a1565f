//! What a person can ask about an incident, and what they read.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use insta::assert_snapshot;
use tests::{Room, alarm, run_test, turned};
use tools::model::AlarmState;

const STORY: [(&str, i64); 3] =
    [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)];

async fn flood(room: &mut Room, later: i64) {
    for (name, at) in STORY {
        room.eventbridge(&alarm(name, at + later)).await;
    }
    room.skims();
}

async fn asks(room: &mut Room, text: &str) -> String {
    room.mina().types(text).await;
    room.reads_only("only Mina")
}

#[tokio::test]
async fn why_gives_the_case_for_the_cause() {
    run_test(async |room| {
        flood(room, 0).await;
        assert_snapshot!(asks(room, "why").await, @"
        #war-room, only Mina:
        INC-1 · why
        What caused it
        `user-pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
        What speaks for it
        • E1 `user-pool`: 421 failed requests a minute where 1.07 failed requests a minute is usual, 573 deviations · `GetMetricData user-pool requests,faults Sum 60s`
        • E2 `user-pool` left its normal range at 03:12:00 UTC · `GetMetricData user-pool requests,faults Sum 60s`
        • E3 `prod-user-pool-throttles` went to ALARM at 03:14:10 UTC · source
        How it spread
        • `token-exchange` calls `user-pool`, at the same time (E7, E8, E9)
        • `orders-api` calls `token-exchange`, at the same time (E4, E5, E6)
        What else was looked at
        Nothing else stood out.
        [Not related… ▾ prod-user-pool-throttles | prod-token-exchange-errors | prod-orders-api-5xx]
        · Ranked by excess flow: each service's excess over its own past, minus what the services it calls explain of it; what nothing explains is the cause
        ");
    })
    .await;
}

#[tokio::test]
async fn the_timeline_tells_what_happened_in_order() {
    run_test(async |room| {
        flood(room, 0).await;
        room.eventbridge(&turned(alarm(STORY[2].0, 150), AlarmState::Ok, 200)).await;
        room.skims();
        assert_snapshot!(asks(room, "timeline").await, @"
        #war-room, only Mina:
        INC-1 · timeline
        03:12:00 UTC  📈 `orders-api` leaves its normal range: requests fail (E5)
        03:12:00 UTC  📈 `token-exchange` leaves its normal range: requests fail (E8)
        03:12:00 UTC  📈 `user-pool` leaves its normal range: requests fail (E2)
        03:14:10 UTC  🔴 ALARM `prod-user-pool-throttles`, `prod-token-exchange-errors` and `prod-orders-api-5xx`
        03:14:30 UTC  🌊 3 alarms: this is a flood, and gets a card
        03:14:30 UTC  🔎 Cause found: `user-pool`
        03:14:30 UTC  🧭 The card says enough to act on: context is reached
        03:15:20 UTC  🟢 OK `prod-orders-api-5xx`
        ");
    })
    .await;
}

#[tokio::test]
async fn gaps_say_what_would_close_them() {
    run_test(async |room| {
        flood(room, 0).await;
        assert_snapshot!(asks(room, "gaps").await, @"
        #war-room, only Mina:
        INC-1 · what we could not see
        logs: the capsule `usual-world` holds none
        ");
    })
    .await;
}

#[tokio::test]
async fn catchup_tells_what_is_new_since_this_person_looked() {
    run_test(async |room| {
        flood(room, 0).await;
        asks(room, "context").await;
        room.wait(60).await;
        room.eventbridge(&alarm("prod-web-5xx", 215)).await;
        room.eventbridge(&turned(alarm(STORY[0].0, 130), AlarmState::Ok, 220)).await;
        room.skims();
        assert_snapshot!(asks(room, "catchup").await, @"
        #war-room, only Mina:
        INC-1 · what is new
        Since 03:14:30 UTC (70 s ago)
        • one alarm more fires: `prod-web-5xx`
        • one alarm is OK again: `prod-user-pool-throttles`
        • suffers now: `web`
        Where it stands
        3 of 4 alarms fire since 03:14:10 UTC, 4 services affected: `user-pool`, `orders-api`, `token-exchange` and `web`.
        It spread `user-pool` → `token-exchange` → `orders-api` → `web`.
        ");
        let again = asks(room, "catchup").await;
        assert!(again.contains("Nothing changed."), "{again}");
        let longer = asks(room, "catchup INC-1 since 10 min").await;
        assert!(longer.contains("the likely cause is `user-pool`"), "{longer}");
    })
    .await;
}

#[tokio::test]
async fn catchup_wants_a_moment_it_understands() {
    run_test(async |room| {
        flood(room, 0).await;
        assert_snapshot!(asks(room, "catchup since breakfast").await, @"
        #war-room, only Mina:
        `breakfast` is no moment; one looks like `20m`, `2h` or `03:15` (UTC). Did you mean `/incident catchup 20m`? `/incident help` lists what exists.
        ");
    })
    .await;
}

#[tokio::test]
async fn similar_incidents_come_with_how_they_ended() {
    run_test(async |room| {
        flood(room, 0).await;
        assert_snapshot!(asks(room, "similar").await, @"
        #war-room, only Mina:
        INC-1 · similar incidents
        There is no past incident here to compare with; this is the first I know of.
        ");
        for (name, at) in STORY {
            room.eventbridge(&turned(alarm(name, at), AlarmState::Ok, at + 300)).await;
        }
        flood(room, 2000).await;
        let found = asks(room, "similar").await;
        assert_snapshot!(found, @"
        #war-room, only Mina:
        INC-2 · similar incidents
        INC-1, 2026-11-20 03:14 UTC · 100 % alike
        • the same services suffer: `orders-api`, `token-exchange` and `user-pool`
        • the same alarms: `prod-orders-api-5xx`, `prod-token-exchange-errors` and `prod-user-pool-throttles`
        Recovered after 5 min; I saw no change that could have fixed it.
        · compared with one incident of the last 90 days
        ");
    })
    .await;
}

#[tokio::test]
async fn the_answer_offers_what_one_may_ask_next() {
    run_test(async |room| {
        flood(room, 0).await;
        room.jun().types("context").await;
        room.skims();
        for (label, title) in [
            ("Why", "why"),
            ("Changes", "changes"),
            ("Timeline", "timeline"),
            ("Auth journey", "auth journey"),
            ("Similar incidents", "similar incidents"),
        ] {
            room.jun().clicks(label).await;
            let answer = room.reads_only("only Jun");
            assert!(answer.contains(&format!("INC-1 · {title}")), "{label}: {answer}");
        }
    })
    .await;
}

//! People know better: they merge incidents and take alarms out of one, and need not say it twice.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use insta::assert_snapshot;
use tests::{Room, alarm, run_test, turned};
use tools::model::{Alarm, AlarmState};

const STORY: [(&str, i64); 3] =
    [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)];

/// Of another team, on a service that nothing calls.
const STRANGER: &str = "marketing-newsletter-bounces";

async fn flood(room: &mut Room, later: i64) {
    for (name, at) in STORY {
        room.eventbridge(&alarm(name, at + later)).await;
    }
}

fn stranger(at: i64) -> Alarm {
    alarm(STRANGER, at)
}

/// Names of the alarms that stand in each incident, and what became of it.
async fn told(room: &Room) -> String {
    let mut told = Vec::new();
    for incident in room.incidents().await {
        let names: Vec<String> =
            incident.alarms.iter().map(|joined| format!("{} {}", joined.alarm.name, joined.alarm.state)).collect();
        let merged = incident.merged.as_ref().map(|merged| format!(" (in {})", merged.into)).unwrap_or_default();
        told.push(format!("{}{merged}: {}", incident.id, names.join(", ")));
    }
    told.sort();
    told.join("\n")
}

#[tokio::test]
async fn one_click_merges_what_belongs_together() {
    run_test(async |room| {
        flood(room, 0).await;
        room.eventbridge(&stranger(160)).await;
        room.wait(60).await;
        room.skims();
        room.mina().clicks("It belongs to INC-1").await;
        room.wait(60).await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        INC-1 · user-pool: requests fail
        What's going on
        4 alarms fire since 03:14:10 UTC, 3 services affected: `user-pool`, `orders-api` and `token-exchange`.
        It spread `user-pool` → `token-exchange` → `orders-api`.
        What caused it
        `user-pool` (confidence 97 %): 423 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        What it hits next
        • `web`, through `orders-api`: 58 % likely; 400 requests a minute at risk, 100 % of what users ask for needs it (E10)
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        • the service of marketing-newsletter-bounces: no service, or more than one, goes by a name in the alarm (an alias of the service in the topology)
        What can I do next
        1. Consider: damp retries of `token-exchange` → `user-pool`: reserved concurrency 2 on `token-exchange`: saves 411 requests a minute, and refuses 179 that would have succeeded (E11, E12, E13)
        2. Look at `user-pool`, its faults first (alarm)
        3. Warn the owners of `web`
        [Context, just for me] [What can I do] [⋯ Severity… | I take the lead | Add a note… | Edit the title… | Close…]
        · Time to context 20 s · by excess flow · as of 03:15:40 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread

        #war-room (edited):
        🔗 INC-2 is part of INC-1 now: its alarms are told there.
        · `/incident context INC-1`

        #war-room, only Mina:
        INC-2 is part of INC-1 now: one alarm moves there. I remember that these belong together; `split` takes them apart again.

        #war-room thread:
        🔗 INC-2 was merged into this: one alarm comes over
        🔴 ALARM marketing-newsletter-bounces at 03:14:40 UTC — it came with INC-2, which was merged into this
        ");
        assert_snapshot!(told(room).await, @"
        INC-1: prod-user-pool-throttles ALARM, prod-token-exchange-errors ALARM, prod-orders-api-5xx ALARM, marketing-newsletter-bounces ALARM
        INC-2 (in INC-1): marketing-newsletter-bounces ALARM
        ");
    })
    .await;
}

#[tokio::test]
async fn what_was_merged_is_asked_about_where_it_is_now() {
    run_test(async |room| {
        flood(room, 0).await;
        room.eventbridge(&stranger(160)).await;
        room.mina().types("merge 2").await;
        room.wait(60).await;
        room.skims();
        room.mina().types("timeline INC-2").await;
        assert_snapshot!(room.reads_only("only Mina"), @"
        #war-room, only Mina:
        INC-1 · timeline
        03:12:00 UTC  📈 `orders-api` leaves its normal range: requests fail (E5)
        03:12:00 UTC  📈 `token-exchange` leaves its normal range: requests fail (E8)
        03:12:00 UTC  📈 `user-pool` leaves its normal range: requests fail (E2)
        03:14:10 UTC  🔴 ALARM `prod-user-pool-throttles`, `prod-token-exchange-errors` and `prod-orders-api-5xx`
        03:14:30 UTC  🌊 3 alarms: this is a flood, and gets a card
        03:14:30 UTC  🔎 Cause found: `user-pool`
        03:14:30 UTC  🧭 The card says enough to act on: context is reached
        03:14:40 UTC  🔴 ALARM `marketing-newsletter-bounces`
        03:14:40 UTC  🔗 INC-2 merged into this by @Mina: one alarm
        ");
        room.mina().types("").await;
        assert_snapshot!(room.reads_only("only Mina"), @"
        #war-room, only Mina:
        Open in `prod`
        INC-1 · user-pool: requests fail
        since 03:14:10 UTC
        [Context]
        · `/incident open what is broken` declares another one, `/incident help` lists what exists.
        ");
        // The old incident says nothing of its own any more; what happens to its alarm happens in the new one.
        room.eventbridge(&turned(stranger(160), AlarmState::Ok, 200)).await;
        room.skims();
        assert_snapshot!(told(room).await, @"
        INC-1: prod-user-pool-throttles ALARM, prod-token-exchange-errors ALARM, prod-orders-api-5xx ALARM, marketing-newsletter-bounces OK
        INC-2 (in INC-1): marketing-newsletter-bounces ALARM
        ");
    })
    .await;
}

#[tokio::test]
async fn who_merges_what_cannot_be_merged_is_told_why() {
    run_test(async |room| {
        flood(room, 0).await;
        room.skims();
        for text in ["merge", "merge INC-1", "merge INC-1 INC-1", "merge INC-9", "merge INC-1 into INC-9"] {
            room.mina().types(text).await;
        }
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        Which incident? One looks like `INC-7`. Did you mean `/incident merge`? `/incident help` lists what exists.

        #war-room, only Mina:
        No other incident is open that INC-1 could be merged into.

        #war-room, only Mina:
        INC-1 cannot be merged into itself.

        #war-room, only Mina:
        INC-9 is not open here. Open now: INC-1.

        #war-room, only Mina:
        INC-9 is not open here. Open now: INC-1.
        ");
    })
    .await;
}

#[tokio::test]
async fn an_alarm_that_is_not_related_gets_its_own_incident() {
    run_test(async |room| {
        flood(room, 0).await;
        room.skims();
        room.mina().types("split").await;
        room.mina().picks("prod-orders-api-5xx").await;
        room.wait(60).await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        INC-1 · user-pool: requests fail
        What's going on
        2 alarms fire since 03:14:10 UTC, 3 services affected: `user-pool`, `orders-api` and `token-exchange`.
        It spread `user-pool` → `token-exchange` → `orders-api`.
        What caused it
        `user-pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        What it hits next
        • `web`, through `orders-api`: 71 % likely; 399 requests a minute at risk, 100 % of what users ask for needs it (E9)
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Consider: damp retries of `token-exchange` → `user-pool`: reserved concurrency 2 on `token-exchange`: saves 410 requests a minute, and refuses 180 that would have succeeded (E10, E11, E12)
        2. Look at `user-pool`, its faults first (alarm)
        3. Warn the owners of `web`
        [Context, just for me] [What can I do] [⋯ Severity… | I take the lead | Add a note… | Edit the title… | Close…]
        · Time to context 20 s · by excess flow · as of 03:14:35 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread

        #war-room, only Mina:
        Which alarm does not belong to INC-1? It gets an incident of its own, and I remember it.
        [Not related… ▾ prod-user-pool-throttles | prod-token-exchange-errors | prod-orders-api-5xx]

        #war-room, only Mina:
        `prod-orders-api-5xx` gets an incident of its own, apart from INC-1. I remember that they do not belong together.

        #war-room:
        🔴 ALARM prod-orders-api-5xx at 03:14:30 UTC — taken out of INC-1, where it does not belong
        [It belongs to INC-1]
        · INC-2 · told by EventBridge · `/incident context INC-2`

        #war-room thread:
        ✂️ `prod-orders-api-5xx`: taken out, not related
        ✂️ What was taken out is INC-2 now

        #war-room thread:
        🗺️ Blast radius as of 03:14:30 UTC: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        ");
        assert_snapshot!(told(room).await, @"
        INC-1: prod-user-pool-throttles ALARM, prod-token-exchange-errors ALARM
        INC-2: prod-orders-api-5xx ALARM
        ");
        // It recovers where it is now.
        room.eventbridge(&turned(alarm(STORY[2].0, 150), AlarmState::Ok, 200)).await;
        room.skims();
        assert_snapshot!(told(room).await, @"
        INC-1: prod-user-pool-throttles ALARM, prod-token-exchange-errors ALARM
        INC-2: prod-orders-api-5xx OK
        ");
    })
    .await;
}

#[tokio::test]
async fn what_a_person_split_stays_apart_the_next_time() {
    run_test(async |room| {
        flood(room, 0).await;
        room.mina().types("split INC-1 orders").await;
        for (name, at) in STORY {
            room.eventbridge(&turned(alarm(name, at), AlarmState::Ok, 300)).await;
        }
        room.skip(60).await;
        room.skims();
        flood(room, 3700).await;
        assert_snapshot!(room.reads_only("apart"), @"
        #war-room:
        🔴 ALARM prod-user-pool-throttles at 04:15:50 UTC — apart from INC-2, which has been silent for 58 min
        🔴 ALARM prod-token-exchange-errors at 04:16:00 UTC — `token-exchange` calls `user-pool`, 10 s later
        [Not related… ▾ prod-user-pool-throttles | prod-token-exchange-errors]
        · INC-3 · told by EventBridge · `/incident context INC-3`

        #war-room:
        🔴 ALARM prod-orders-api-5xx at 04:16:10 UTC — apart from INC-3: people said of INC-1 that these do not belong together
        [It belongs to INC-3]
        · INC-4 · told by EventBridge · `/incident context INC-4`
        ");
        assert_snapshot!(told(room).await, @"
        INC-1: prod-user-pool-throttles OK, prod-token-exchange-errors OK
        INC-2: prod-orders-api-5xx OK
        INC-3: prod-user-pool-throttles ALARM, prod-token-exchange-errors ALARM
        INC-4: prod-orders-api-5xx ALARM
        ");
    })
    .await;
}

#[tokio::test]
async fn what_a_person_merged_joins_the_next_time() {
    run_test(async |room| {
        flood(room, 0).await;
        room.eventbridge(&stranger(160)).await;
        room.mina().types("merge INC-2 into INC-1").await;
        for (name, at) in STORY {
            room.eventbridge(&turned(alarm(name, at), AlarmState::Ok, 300)).await;
        }
        room.eventbridge(&turned(stranger(160), AlarmState::Ok, 300)).await;
        room.skip(60).await;
        room.restart().await;
        flood(room, 3700).await;
        room.eventbridge(&stranger(3860)).await;
        room.skims();
        assert_snapshot!(told(room).await, @"
        INC-1: prod-user-pool-throttles OK, prod-token-exchange-errors OK, prod-orders-api-5xx OK, marketing-newsletter-bounces OK
        INC-2 (in INC-1): marketing-newsletter-bounces ALARM
        INC-3: prod-user-pool-throttles ALARM, prod-token-exchange-errors ALARM, prod-orders-api-5xx ALARM, marketing-newsletter-bounces ALARM
        ");
    })
    .await;
}

#[tokio::test]
async fn who_changes_their_mind_takes_a_merger_back() {
    run_test(async |room| {
        flood(room, 0).await;
        room.eventbridge(&stranger(160)).await;
        room.mina().types("merge INC-2 into INC-1").await;
        room.wait(60).await;
        room.skims();
        room.jun().types("split INC-1 INC-2").await;
        room.wait(60).await;
        assert_snapshot!(room.reads_only("only Jun"), @"
        #war-room, only Jun:
        `marketing-newsletter-bounces` gets an incident of its own, apart from INC-1. I remember that they do not belong together.
        ");
        assert_snapshot!(told(room).await, @"
        INC-1: prod-user-pool-throttles ALARM, prod-token-exchange-errors ALARM, prod-orders-api-5xx ALARM
        INC-2 (in INC-1): marketing-newsletter-bounces ALARM
        INC-3: marketing-newsletter-bounces ALARM
        ");
    })
    .await;
}

#[tokio::test]
async fn who_splits_what_cannot_be_split_is_told_why() {
    run_test(async |room| {
        flood(room, 0).await;
        room.skims();
        for text in ["split INC-1 nonsense", "split INC-1 prod", "split INC-9 x"] {
            room.mina().types(text).await;
        }
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        Nothing of INC-1 is called so. Which of its alarms does not belong to it?
        [Not related… ▾ prod-user-pool-throttles | prod-token-exchange-errors | prod-orders-api-5xx]

        #war-room, only Mina:
        3 alarms of INC-1 are called so. Which one does not belong to it?
        [Not related… ▾ prod-user-pool-throttles | prod-token-exchange-errors | prod-orders-api-5xx]

        #war-room, only Mina:
        INC-9 is not open here. Open now: INC-1.
        ");
        room.eventbridge(&stranger(160)).await;
        room.skims();
        room.mina().types("split INC-2 newsletter").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        That is every alarm of INC-2: there would be nothing left to take it out of.
        ");
    })
    .await;
}

#[tokio::test]
async fn a_large_incident_comes_over_whole() {
    run_test(async |room| {
        room.eventbridge(&stranger(100)).await;
        let names: Vec<String> = (0..60).map(|number| format!("prod-orders-api-{number:02}")).collect();
        for (second, name) in (130..).zip(&names) {
            room.eventbridge(&alarm(name, second)).await;
        }
        room.mina().types("merge INC-2 into INC-1").await;
        room.wait(120).await;
        let incidents = room.incidents().await;
        let target = incidents.iter().find(|incident| incident.id.0 == 1).unwrap();
        assert!(target.is_flood(), "what came was a flood");
        let there: Vec<&str> = target.alarms.iter().map(|joined| joined.alarm.name.as_str()).collect();
        assert_eq!((there.len(), there[0]), (61, STRANGER));
        let read = room.reads();
        for name in names.iter().map(String::as_str).chain([STRANGER]) {
            let lines = read.lines().filter(|line| line.contains(name) && line.contains("INC-2, which was merged"));
            let expected = usize::from(name != STRANGER);
            assert_eq!(lines.count(), expected, "{name} is told once in the thread of INC-1");
        }
    })
    .await;
}

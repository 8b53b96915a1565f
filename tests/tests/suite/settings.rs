//! What people set for their scope: quiet hours, muting, nudges, what counts as a flood.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::drill::WAR_ROOM;
use insta::assert_snapshot;
use tests::{Room, alarm, run_test, turned};
use tools::model::AlarmState;

/// The story begins at 03:12 UTC.
const NIGHT: &str = "settings quiet 22:00-03:30 UTC";

async fn flood(room: &mut Room, after_s: i64) {
    for (name, at) in [("prod-user-pool-throttles", 0), ("prod-token-exchange-errors", 10), ("prod-orders-api-5xx", 20)]
    {
        room.eventbridge(&alarm(name, after_s + at)).await;
    }
}

#[tokio::test]
async fn settings_are_told_and_set_by_typing() {
    run_test(async |room| {
        room.mina().types("settings").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        Settings of prod
        Flood: 3 alarms within 5 min
        Nudges: off
        Quiet: never
        Muted: no
        [Change…]
        · while it is quiet or muted lone alarms are gathered and told together afterwards; a flood speaks at any hour  `/incident help` lists what can be set
        ");
        room.mina().types("settings nudges 15m").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        Set for prod
        Flood: 3 alarms within 5 min
        Nudges: a flood without lead or severity is told so after 15 min
        Quiet: never
        Muted: no
        [Change…]
        · last set by @Mina at 03:11:58 UTC  while it is quiet or muted lone alarms are gathered and told together afterwards; a flood speaks at any hour  `/incident help` lists what can be set
        ");
        room.jun().types("settings flood 5 in 10m").await;
        room.skims();
        room.jun().types("settings flood 5 alarms within 10 min").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        That is so already in prod
        Flood: 5 alarms within 10 min
        Nudges: a flood without lead or severity is told so after 15 min
        Quiet: never
        Muted: no
        [Change…]
        · last set by @Jun at 03:11:58 UTC  while it is quiet or muted lone alarms are gathered and told together afterwards; a flood speaks at any hour  `/incident help` lists what can be set
        ");
        room.jun().types("settings usual").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        Set for prod
        Flood: 3 alarms within 5 min
        Nudges: off
        Quiet: never
        Muted: no
        [Change…]
        · last set by @Jun at 03:11:58 UTC  while it is quiet or muted lone alarms are gathered and told together afterwards; a flood speaks at any hour  `/incident help` lists what can be set
        ");
        room.jun().types("settings quiet tonight").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        Quiet hours are written with their time zone, as in `quiet 22:00-07:00 Europe/Berlin`. `/incident help` lists what exists.
        ");
        room.jun().types("settings volume 11").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        `volume` cannot be set; there is `quiet`, `mute`, `nudges`, `flood` and `usual`. Did you mean `/incident settings`? `/incident help` lists what exists.
        ");
    })
    .await;
}

#[tokio::test]
async fn lone_alarms_of_the_night_are_told_together_in_the_morning() {
    run_test(async |room| {
        room.mina().types(NIGHT).await;
        room.skims();
        room.eventbridge(&alarm("prod-user-pool-throttles", 60)).await;
        let ts = room.amazon_q(&alarm("dev-billing-export-errors", 120)).await;
        assert!(!ts.is_empty());
        room.skims();
        room.eventbridge(&turned(alarm("prod-user-pool-throttles", 60), AlarmState::Ok, 180)).await;
        assert_eq!(room.reads(), "", "people sleep");
        assert_eq!(room.incidents().await.len(), 2, "and nothing is lost");
        room.wait_until("2026-11-20T03:30:01Z".parse().unwrap()).await;
        assert_snapshot!(room.reads(), @"
        #war-room:
        2 lone alarms came while it was quiet
        One fires still.
        🟢 INC-1 · prod-user-pool-throttles
        since 03:13:00 UTC
        [Context]
        🔴 INC-2 · dev-billing-export-errors
        since 03:14:00 UTC
        [Context]
        ");
        // What recovers after that is edited in.
        room.eventbridge(&turned(alarm("dev-billing-export-errors", 120), AlarmState::Ok, 1200)).await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        2 lone alarms came while it was quiet
        None fires any more.
        🟢 INC-1 · prod-user-pool-throttles
        since 03:13:00 UTC
        [Context]
        🟢 INC-2 · dev-billing-export-errors
        since 03:14:00 UTC
        [Context]
        ");
        // By day a lone alarm is told at once.
        room.eventbridge(&alarm("qa-nightly-job-failed", 1300)).await;
        assert!(room.reads().contains("qa-nightly-job-failed"));
    })
    .await;
}

#[tokio::test]
async fn a_flood_speaks_at_any_hour() {
    run_test(async |room| {
        room.mina().types(NIGHT).await;
        room.skims();
        flood(room, 60).await;
        let card = room.reads_only("#war-room");
        assert!(card.contains("INC-1 · user-pool: requests fail"), "{card}");
        room.skims();
        room.wait_until("2026-11-20T03:30:01Z".parse().unwrap()).await;
        assert!(!room.reads().contains("while it was quiet"), "it was told");
    })
    .await;
}

#[tokio::test]
async fn who_calls_the_quiet_off_is_told_at_once() {
    run_test(async |room| {
        room.mina().types("settings mute 5m").await;
        room.skims();
        room.eventbridge(&alarm("prod-user-pool-throttles", 60)).await;
        assert_eq!(room.reads(), "");
        room.restart().await;
        room.jun().types("settings mute off").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        Set for prod
        Flood: 3 alarms within 5 min
        Nudges: off
        Quiet: never
        Muted: no
        [Change…]
        · last set by @Jun at 03:13:00 UTC  while it is quiet or muted lone alarms are gathered and told together afterwards; a flood speaks at any hour  `/incident help` lists what can be set

        #war-room:
        One lone alarm came while it was quiet
        One fires still.
        🔴 INC-1 · prod-user-pool-throttles
        since 03:13:00 UTC
        [Context]
        ");
        // The moment until which it was muted brings nothing new.
        room.wait(6 * 60).await;
        assert_eq!(room.reads(), "");
    })
    .await;
}

#[tokio::test]
async fn who_mutes_for_longer_waits_for_longer() {
    run_test(async |room| {
        room.mina().types("settings mute 10m").await;
        room.eventbridge(&alarm("prod-user-pool-throttles", 60)).await;
        room.mina().types("settings mute 30m").await;
        room.eventbridge(&alarm("dev-billing-export-errors", 120)).await;
        room.skims();
        room.wait(15 * 60).await;
        assert_eq!(room.reads(), "");
        room.wait(20 * 60).await;
        let told = room.reads();
        assert!(told.contains("prod-user-pool-throttles") && told.contains("dev-billing-export-errors"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn a_flood_is_what_people_say_it_is() {
    run_test(async |room| {
        room.mina().types("settings flood 4 in 10m").await;
        flood(room, 60).await;
        room.skims();
        assert!(room.incidents().await.iter().all(|incident| !incident.is_flood()));
        room.eventbridge(&alarm("prod-web-5xx", 100)).await;
        room.skims();
        assert!(room.incidents().await.iter().any(tools::model::Incident::is_flood));
    })
    .await;
}

#[tokio::test]
async fn settings_are_set_in_a_form() {
    run_test(async |room| {
        room.mina().types("settings").await;
        room.skims();
        room.mina().clicks("Change…").await;
        let odd = [("flood", "many"), ("nudges", "15m"), ("quiet", "22:00-07:00 Berlin"), ("mute", "1h")];
        assert_snapshot!(room.mina().fills_fields(&odd).await.unwrap_err(), @"
        A flood is so many alarms within so long, as in flood 5 in 10m.
        Berlin is no time zone; one is Europe/Berlin, another UTC.
        ");
        let fine = [("flood", "5 in 10m"), ("nudges", "15m"), ("quiet", "22:00–07:00 europe/berlin"), ("mute", "1h")];
        room.mina().fills_fields(&fine).await.unwrap();
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        Set for prod
        Flood: 5 alarms within 10 min
        Nudges: a flood without lead or severity is told so after 15 min
        Quiet: `22:00-07:00 Europe/Berlin`
        Muted: until 04:11:58 UTC
        [Change…]
        · last set by @Mina at 03:11:58 UTC  while it is quiet or muted lone alarms are gathered and told together afterwards; a flood speaks at any hour  `/incident help` lists what can be set
        ");
        // Opened again it begins with what is set, and sent so it changes nothing.
        room.mina().clicks("Change…").await;
        room.mina().fills_fields(&[]).await.unwrap();
        assert!(room.reads().contains("That is so already in prod"));
    })
    .await;
}

#[tokio::test]
async fn settings_are_set_from_the_home_tab_of_those_who_are_in_the_war_room() {
    run_test(async |room| {
        let home = |room: &Room, id: &str| blocks::text::message(&room.stage.workspace.home(id).unwrap(), &|_| None);
        room.stage.workspace.open_home("U0MINA");
        room.stage.settle().await;
        let view = room.stage.workspace.home("U0MINA").unwrap();
        let block = view["blocks"].as_array().unwrap().last().unwrap()["block_id"].as_str().unwrap().to_owned();
        room.stage.workspace.click_home("U0MINA", &block, "clarity.settings").await.unwrap();
        room.mina().fills_fields(&[("quiet", "22:00-07:00 UTC")]).await.unwrap();
        let told = room.reads();
        assert!(told.starts_with("#clarity-and-mina:\nSet for prod"), "{told}");
        assert!(home(room, "U0MINA").contains("quiet `22:00-07:00 UTC`"), "the tab is up to date");
        room.stage.workspace.leave("U0DANA", WAR_ROOM);
        room.stage.workspace.open_home("U0DANA");
        room.stage.settle().await;
        assert_snapshot!(home(room, "U0DANA"), @"One other scope is not listed here. Whoever is in a war room sees its scope.");
    })
    .await;
}

#[tokio::test]
async fn the_form_of_a_title_begins_with_the_title() {
    run_test(async |room| {
        room.mina().types("open Login fals").await;
        room.skims();
        room.mina().picks("Edit the title…").await;
        let (form, _) = room.stage.workspace.open_form("U0MINA").unwrap();
        assert_eq!(
            room.stage.workspace.submit("U0MINA", &form, &[].into()).await,
            Ok(bot::workspace::views::Sent::Closed)
        );
        room.stage.settle().await;
        assert!(room.reads_only("only Mina").contains("nothing changed about INC-1"));
    })
    .await;
}

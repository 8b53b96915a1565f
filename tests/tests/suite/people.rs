//! What people do with an incident by hand: declare it, rate it, lead it, note, close and reopen it.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use insta::assert_snapshot;
use tests::{Room, alarm, house, on, run_test, run_test_under, turned};
use tools::model::AlarmState;

async fn flood(room: &mut Room) {
    for (name, at) in
        [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)]
    {
        room.eventbridge(&alarm(name, at)).await;
    }
    room.skims();
}

#[tokio::test]
async fn a_declared_incident_gets_a_card_and_is_looked_into() {
    run_test(async |room| {
        room.mina().types("open “Login fails for many users”").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        INC-1 is open: “Login fails for many users”. I am looking at what can be seen; its card is in the war room.

        #war-room:
        INC-1 · Login fails for many users
        · open
        What's going on
        No alarm belongs to it; somebody declared it at 03:11:58 UTC.
        What caused it
        No cause found: nothing is outside its normal range.
        What it hits next
        Nothing that I know calls the affected services and is still healthy.
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Watch: nothing calls for action yet. Ask again when something changes
        [Context, just for me] [What can I do] [⋯ Severity… | I take the lead | Add a note… | Edit the title… | Close…]
        · Time to context: running · looked at by excess flow · as of 03:11:58 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread
        ");
        room.jun().types("status").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        🔴 INC-1 is not over: for 0 s now, “Login fails for many users”.
        No cause was found so far; no remedy has been chosen yet.
        ");
        room.jun().types("timeline").await;
        assert_snapshot!(room.reads_only("only Jun"), @"
        #war-room, only Jun:
        INC-1 · timeline
        03:11:58 UTC  📣 @Mina declared it, “Login fails for many users”
        ");
        room.jun().types("stats").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        The last 7 days
        Incidents: 1, floods among them: 0.
        Time to context
        No card has said enough to act on yet.
        Time to recovery
        None of them is over yet.
        Predictions
        Nothing to grade yet: predictions are graded when their incident is over.
        · Time to context runs from the first alarm to the first card that says enough to act on
        ");
    })
    .await;
}

#[tokio::test]
async fn severity_and_roles_stand_on_the_card() {
    run_test(async |room| {
        flood(room).await;
        room.mina().types("severity").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        Nobody has said how bad INC-1 is.
        [SEV1] [SEV2] [SEV3] [SEV4]
        ");
        room.mina().clicks("SEV2").await;
        room.wait(30).await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        INC-1 · user-pool: requests fail
        · SEV2 · open
        What's going on
        3 alarms fire since 03:14:10 UTC, 3 services affected: `user-pool`, `orders-api` and `token-exchange`.
        It spread `user-pool` → `token-exchange` → `orders-api`.
        What caused it
        `user-pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        What it hits next
        • `web`, through `orders-api`: 72 % likely; 399 requests a minute at risk, 100 % of what users ask for needs it (E10)
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Consider: damp retries of `token-exchange` → `user-pool`: reserved concurrency 2 on `token-exchange`: saves 410 requests a minute, and refuses 180 that would have succeeded (E11, E12, E13)
        2. Look at `user-pool`, its faults first (alarm)
        3. Warn the owners of `web`
        [Context, just for me] [What can I do] [⋯ Severity… | I take the lead | Add a note… | Edit the title… | Close…]
        · Time to context 20 s · by excess flow · as of 03:14:30 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread

        #war-room, only Mina:
        INC-1 is SEV2 now.

        #war-room thread:
        🎚️ This is SEV2 now

        #war-room thread:
        🗺️ Blast radius as of 03:14:30 UTC: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        ");
        room.mina().types("roles lead me").await;
        room.skims();
        room.mina().types("roles comms @Jun").await;
        room.wait(30).await;
        assert_snapshot!(room.reads_only("comms"), @"
        #war-room (edited):
        INC-1 · user-pool: requests fail
        · SEV2 · lead @Mina · comms @Jun · open
        What's going on
        3 alarms fire since 03:14:10 UTC, 3 services affected: `user-pool`, `orders-api` and `token-exchange`.
        It spread `user-pool` → `token-exchange` → `orders-api`.
        What caused it
        `user-pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        What it hits next
        • `web`, through `orders-api`: 72 % likely; 399 requests a minute at risk, 100 % of what users ask for needs it (E10)
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Consider: damp retries of `token-exchange` → `user-pool`: reserved concurrency 2 on `token-exchange`: saves 410 requests a minute, and refuses 180 that would have succeeded (E11, E12, E13)
        2. Look at `user-pool`, its faults first (alarm)
        3. Warn the owners of `web`
        [Context, just for me] [What can I do] [⋯ Severity… | I take the lead | Add a note… | Edit the title… | Close…]
        · Time to context 20 s · by excess flow · as of 03:14:30 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread

        #war-room, only Mina:
        @Jun is comms of INC-1 now.

        #war-room thread:
        👤 @Jun is comms now
        ");
        room.jun().types("roles").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        Roles of INC-1
        • lead: @Mina (decides and coordinates)
        • scribe: nobody (writes down what happens)
        • comms: @Jun (tells everybody else)
        · `/incident roles lead me` takes one, a name instead of `me` gives it to somebody, `none` leaves it open
        ");
        room.jun().types("sev 2").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        That is so already; nothing changed about INC-1.
        ");
        room.jun().types("sev bad").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        `bad` is no severity; there is `1`, `2`, `3`, `4` and `none`. Did you mean `/incident severity 2`? `/incident help` lists what exists.
        ");
        room.jun().types("roles driver me").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        `driver` is no role; there is `lead`, `scribe` and `comms`. Did you mean `/incident roles lead me`? `/incident help` lists what exists.
        ");
    })
    .await;
}

#[tokio::test]
async fn what_is_closed_takes_in_no_alarms_until_it_is_reopened() {
    run_test(async |room| {
        flood(room).await;
        room.mina().types("close because we <know> it").await;
        room.wait(30).await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        INC-1 · closed: user-pool: requests fail
        · closed at 03:14:30 UTC
        What's going on
        3 alarms fire since 03:14:10 UTC, 3 services affected: `user-pool`, `orders-api` and `token-exchange`.
        It spread `user-pool` → `token-exchange` → `orders-api`.
        What caused it
        `user-pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        What it hits next
        • `web`, through `orders-api`: 72 % likely; 399 requests a minute at risk, 100 % of what users ask for needs it (E10)
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Consider: damp retries of `token-exchange` → `user-pool`: reserved concurrency 2 on `token-exchange`: saves 410 requests a minute, and refuses 180 that would have succeeded (E11, E12, E13)
        2. Look at `user-pool`, its faults first (alarm)
        3. Warn the owners of `web`
        [Context, just for me] [What can I do] [⋯ Add a note… | Reopen]
        · Time to context 20 s · by excess flow · as of 03:14:30 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread

        #war-room, only Mina:
        INC-1 is closed. 3 of its alarms fire still. An alarm that fires from now on begins another incident, unless this one is reopened.

        #war-room thread:
        🏁 Closed: we <know> it

        #war-room thread:
        🗺️ Blast radius as of 03:14:30 UTC: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        ");
        let first = alarm("prod-user-pool-throttles", 130);
        // What it knows and recovers is told there; what fires again is another story.
        room.eventbridge(&turned(first.clone(), AlarmState::Ok, 200)).await;
        room.skims();
        room.eventbridge(&turned(first, AlarmState::Alarm, 220)).await;
        assert_snapshot!(room.reads(), @"
        #war-room:
        🔴 ALARM prod-user-pool-throttles at 03:15:40 UTC — no other alarm near it
        · INC-2 · told by EventBridge · `/incident context INC-2`
        ");
        let incidents = room.incidents().await;
        assert_eq!(incidents.iter().map(|incident| incident.alarms.len()).collect::<Vec<_>>(), [3, 1]);
        room.jun().types("close 1").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        INC-1 is closed already.
        ");
        room.jun().types("reopen").await;
        room.skims();
        room.eventbridge(&on(alarm("prod-orders-api-latency", 240), "ApiName", "orders-api")).await;
        room.skims();
        let incidents = room.incidents().await;
        assert_eq!(incidents.iter().map(|incident| incident.alarms.len()).sum::<usize>(), 5);
        assert!(!incidents[0].is_closed());
        room.jun().types("reopen INC-1").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        INC-1 is not closed, so there is nothing to reopen.
        ");
    })
    .await;
}

#[tokio::test]
async fn whoever_does_not_say_which_is_asked_before_anything_is_closed() {
    run_test(async |room| {
        room.mina().types("open Login fails").await;
        room.mina().types("open Mail is late").await;
        room.skims();
        room.jun().types("close").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        Several incidents are open. Which one is over?
        INC-2 · Mail is late
        since 03:11:58 UTC
        [Close…]
        INC-1 · Login fails
        since 03:11:58 UTC
        [Close…]
        ");
        let older = room.offers("Close…").remove(1);
        room.jun().presses(&older).await;
        room.jun().fills("").await.unwrap();
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        INC-1 is closed. An alarm that fires from now on begins another incident, unless this one is reopened.
        ");
        let incidents = room.incidents().await;
        assert_eq!(incidents.iter().map(tools::model::Incident::is_closed).collect::<Vec<_>>(), [true, false]);
    })
    .await;
}

#[tokio::test]
async fn a_note_stands_in_the_timeline_and_mentions_nobody() {
    run_test(async |room| {
        flood(room).await;
        room.mina().types("note Rolled *back* by hand <!channel> <@U0JUN>").await;
        room.wait(30).await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        INC-1 · user-pool: requests fail
        What's going on
        3 alarms fire since 03:14:10 UTC, 3 services affected: `user-pool`, `orders-api` and `token-exchange`.
        It spread `user-pool` → `token-exchange` → `orders-api`.
        What caused it
        `user-pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        What it hits next
        • `web`, through `orders-api`: 72 % likely; 399 requests a minute at risk, 100 % of what users ask for needs it (E10)
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Consider: damp retries of `token-exchange` → `user-pool`: reserved concurrency 2 on `token-exchange`: saves 410 requests a minute, and refuses 180 that would have succeeded (E11, E12, E13)
        2. Look at `user-pool`, its faults first (alarm)
        3. Warn the owners of `web`
        [Context, just for me] [What can I do] [⋯ Severity… | I take the lead | Add a note… | Edit the title… | Close…]
        · Time to context 20 s · by excess flow · as of 03:14:30 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread

        #war-room, only Mina:
        Noted: it stands in the timeline of INC-1.

        #war-room thread:
        📝 Rolled back by hand <!channel> <@U0JUN>

        #war-room thread:
        🗺️ Blast radius as of 03:14:30 UTC: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        ");
        room.mina().types("note").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        Please write the words after `note`. `/incident help` lists what exists.
        ");
        room.jun().types("timeline").await;
        let answer = room.reads_only("only Jun");
        assert!(answer.contains("noted"), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn the_menu_of_the_card_opens_forms() {
    run_test(async |room| {
        flood(room).await;
        room.mina().picks("Severity…").await;
        assert_eq!(room.mina().fills("sev9").await, Err("That is not one of the options.".to_owned()));
        room.mina().fills("sev1").await.unwrap();
        room.mina().picks("Edit the title…").await;
        assert_eq!(room.mina().fills(" ").await, Err("Please say in a few words what is broken.".to_owned()));
        room.mina().fills("Checkout *down*").await.unwrap();
        room.mina().picks("I take the lead").await;
        room.wait(30).await;
        let card = room.reads_only("Context, just for me");
        assert_snapshot!(card.lines().take(3).collect::<Vec<_>>().join("\n"), @"
        #war-room (edited):
        INC-1 · Checkout *down*
        · SEV1 · lead @Mina · open
        ");
        room.mina().picks("Add a note…").await;
        room.mina().fills("Deploys are frozen").await.unwrap();
        room.mina().picks("Close…").await;
        room.mina().fills("Fixed by hand").await.unwrap();
        room.wait(30).await;
        assert_snapshot!(room.reads_only("Fixed"), @"
        #war-room thread:
        🏁 Closed: Fixed by hand
        ");
        room.jun().picks("Reopen").await;
        room.wait(30).await;
        assert_snapshot!(room.reads_only("Reopened"), @"
        #war-room thread:
        ♻️ Reopened: it is not over
        ");
    })
    .await;
}

#[tokio::test]
async fn without_words_a_form_asks_what_is_broken() {
    run_test(async |room| {
        room.mina().types("declare").await;
        assert!(room.mina().has_a_form());
        room.mina()
            .fills_fields(&[("title", "Login fails"), ("severity", "sev2"), ("about", "Since noon")])
            .await
            .unwrap();
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        INC-1 is open: “Login fails”. I am looking at what can be seen; its card is in the war room.

        #war-room:
        INC-1 · Login fails
        · SEV2 · open
        What's going on
        “Since noon”
        No alarm belongs to it; somebody declared it at 03:11:58 UTC.
        What caused it
        No cause found: nothing is outside its normal range.
        What it hits next
        Nothing that I know calls the affected services and is still healthy.
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Watch: nothing calls for action yet. Ask again when something changes
        [Context, just for me] [What can I do] [⋯ Severity… | I take the lead | Add a note… | Edit the title… | Close…]
        · Time to context: running · looked at by excess flow · as of 03:11:58 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread
        ");
    })
    .await;
}

#[tokio::test]
async fn nothing_typed_lists_what_is_open() {
    run_test(async |room| {
        room.jun().types("").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        No incident is open in `prod`. `/incident open what is broken` declares one, `/incident help` lists what exists.
        ");
        room.mina().types("open Login fails").await;
        room.skims();
        room.jun().types("").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        Open in `prod`
        INC-1 · Login fails
        since 03:11:58 UTC
        [Context]
        · `/incident open what is broken` declares another one, `/incident help` lists what exists.
        ");
        room.jun().types("contxt").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        I don't know `contxt`. Did you mean `/incident context`?
        Open in `prod`
        INC-1 · Login fails
        since 03:11:58 UTC
        [Context]
        · `/incident open what is broken` declares another one, `/incident help` lists what exists.
        ");
        room.jun().clicks("Context").await;
        let answer = room.reads_only("only Jun");
        assert!(answer.contains("INC-1 · context"), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn a_flood_that_nobody_leads_says_so_once() {
    run_test_under(house("nudge_after = \"10m\""), async |room| {
        flood(room).await;
        room.mina().types("sev 3").await;
        room.skip(9).await;
        assert!(!room.reads().contains("Nobody leads"), "nobody is pressed");
        room.skip(2).await;
        let said = room.reads();
        assert_snapshot!(said, @"
        #war-room thread:
        💡 Nobody leads this after 10 min: `/incident roles lead me` does
        ");
        room.skip(30).await;
        assert!(!room.reads().contains("Nobody leads"), "once is enough");
    })
    .await;
}

#[tokio::test]
async fn a_flood_that_is_led_is_left_alone() {
    run_test_under(house("nudge_after = \"10m\""), async |room| {
        flood(room).await;
        room.mina().types("sev 3").await;
        room.mina().types("roles lead me").await;
        room.skip(12).await;
        let said = room.reads();
        assert!(!said.contains("💡"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn what_people_did_survives_a_restart() {
    run_test(async |room| {
        room.mina().types("open Login fails").await;
        room.mina().types("severity 1").await;
        room.skims();
        room.restart().await;
        // A button of the card that stood before still acts.
        room.jun().picks("I take the lead").await;
        room.wait(60).await;
        let card = room.reads_only("Context, just for me");
        assert!(card.contains("SEV1 · lead @Jun · open"), "{card}");
    })
    .await;
}

#[tokio::test]
async fn an_incident_of_last_week_can_be_reopened_by_its_id() {
    run_test(async |room| {
        room.mina().types("open Login fails").await;
        room.mina().types("close").await;
        room.skims();
        room.leap(jiff::SignedDuration::from_hours(24 * 7));
        room.stage.settle().await;
        room.mina().types("reopen").await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        INC-1 · closed: Login fails
        · closed at 03:11:58 UTC
        What's going on
        No alarm belongs to it; somebody declared it at 03:11:58 UTC.
        What caused it
        No cause found: nothing is outside its normal range.
        [picture: Nothing is out of its normal range. 5 services were looked at; 4 services are healthy; 1 service is unknown.]
        What it hits next
        Nothing that I know calls the affected services and is still healthy.
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Watch: nothing calls for action yet. Ask again when something changes
        [Context, just for me] [What can I do] [⋯ Add a note… | Reopen]
        · Time to context: running · looked at by excess flow · as of 03:11:58 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread

        #war-room thread:
        🗺️ Blast radius as of 03:11:58 UTC: Nothing is out of its normal range. 5 services were looked at; 4 services are healthy; 1 service is unknown.
        [picture: Nothing is out of its normal range. 5 services were looked at; 4 services are healthy; 1 service is unknown.]

        #war-room, only Mina:
        No incident in `prod` was closed lately. An older one needs its id, as in `reopen INC-7`.
        ");
        room.mina().types("reopen INC-1").await;
        assert_snapshot!(room.reads_only("only Mina"), @"
        #war-room, only Mina:
        INC-1 is open again, and takes in alarms.
        ");
    })
    .await;
}

#[tokio::test]
async fn two_who_close_at_once_are_both_answered() {
    run_test(async |room| {
        room.mina().types("open Login fails").await;
        room.skims();
        room.mina().picks("Close…").await;
        room.jun().types("close").await;
        room.skims();
        room.mina().fills("Done").await.unwrap();
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        INC-1 is closed already.
        ");
    })
    .await;
}

//! What people type and press.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use insta::assert_snapshot;
use tests::{Room, alarm, run_test};

async fn flood(room: &mut Room) {
    for (name, at) in
        [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)]
    {
        room.eventbridge(&alarm(name, at)).await;
    }
    room.skims();
}

#[tokio::test]
async fn help_lists_what_exists() {
    run_test(async |room| {
        room.mina().types("help").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        What you can ask for
        `/incident context [INC-n]`  What is going on, what caused it, what it hits next and what to do, in one message only you see
        `/incident ask [INC-n] [question]`  Ask in your own words; every sentence of the answer is checked against its evidence
        `/incident why [INC-n]`  What speaks for the cause, how it spread, and what else was looked at
        `/incident fix [INC-n]`  What can be done, what it risks and costs, and who recovers; nothing is done by asking
        `/incident graph [INC-n]`  The blast radius as a picture, and what the map rests on
        `/incident predict [INC-n]`  Who is hit next, how likely, when, and what is at stake
        `/incident isolate [INC-n]`  The cheapest cut between the failing part and what must stay healthy
        `/incident auth [INC-n]`  The auth journey hop by hop: where requests are lost or slow
        `/incident timeline [INC-n]`  What happened, in order
        `/incident changes [INC-n]`  What was changed, how likely each change is guilty, and why
        `/incident similar [INC-n]`  Past incidents like this one, and what fixed them
        `/incident catchup [INC-n] [20m|2h|03:15]`  What is new since you last looked, or since then (UTC)
        `/incident gaps [INC-n]`  What could not be seen, and the smallest permission or setting that would supply it
        `/incident status [INC-n]`  Is it fixed yet? Two lines, for whoever has to tell others
        `/incident approve [plan-…] [because …]`  Agree to a plan that waits; one of high risk needs a reason
        `/incident merge INC-n [into INC-m]`  These are one incident; I remember it for the next time
        `/incident split [INC-n] [alarm|service|INC-m]`  That is not related: it gets an incident of its own, and I remember it
        `/incident undo [plan-…]`  Have a plan taken back that was carried out
        `/incident page [INC-n] [text]`  Call whoever is on call, in the incident's thread, with what is known so far
        `/incident postmortem [INC-n]`  What happened, what was done and what is left to do, as a document in the incident's thread
        `/incident stats [7|30|90]`  Time to context, to recovery and to approval, what remedies did and what predictions were worth, over so many days
        `/incident open [what is broken]`  Declare an incident that no alarm tells of; without words a form asks
        `/incident close [INC-n] [because …]`  Say that it is over; an alarm that fires after that begins another incident
        `/incident reopen [INC-n]`  Say that it is not over; it takes in alarms again
        `/incident severity [INC-n] [1|2|3|4|none]`  How bad it is: SEV1 is worst
        `/incident roles [INC-n] [lead|scribe|comms] [@somebody|me|none]`  Who leads, writes down and tells others
        `/incident note [INC-n] [words]`  Add a line to the timeline and the postmortem
        `/incident stop`  Stop the answer that you asked for and that is under way
        `/incident settings [quiet|mute|nudges|flood|usual …]`  What is set here: quiet hours, nudges, what counts as a flood; `settings quiet 22:00-07:00 Europe/Berlin` sets it
        `/incident help`  This list
        ");
        room.mina().types("").await;
        assert!(room.reads().contains("/incident help"), "nothing typed says what is open, and where help is");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_command_gets_a_sentence_that_helps() {
    run_test(async |room| {
        room.mina().types("contxt").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        I don't know `contxt`. Did you mean `/incident context`? `/incident help` lists what exists.
        ");
        room.mina().types("make coffee <!channel>").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        I don't know `make`. Did you mean `/incident page`? `/incident help` lists what exists.
        ");
        room.mina().types("context of what").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        I don't know what to do with `what` after `context`. Did you mean `/incident context`? `/incident help` lists what exists.
        ");
    })
    .await;
}

#[tokio::test]
async fn context_without_an_incident_says_so() {
    run_test(async |room| {
        room.mina().types("context").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        No incident is open in `prod`. When alarms come in, I open one by myself.
        ");
        room.mina().types("context INC-9").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        INC-9 is not open here. No incident is open.
        ");
    })
    .await;
}

#[tokio::test]
async fn context_answers_in_one_message_only_the_asker_sees() {
    run_test(async |room| {
        flood(room).await;
        room.mina().types("context").await;
        assert_snapshot!(room.reads_only("only Mina"), @"
        #war-room, only Mina:
        INC-1 · context
        What's going on
        3 alarms fire since 03:14:10 UTC, 3 services affected: `user-pool`, `orders-api` and `token-exchange`.
        It spread `user-pool` → `token-exchange` → `orders-api`.
        What caused it
        `user-pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
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
        · E1 `user-pool`: 421 failed requests a minute where 1.07 failed requests a minute is usual, 573 deviations · `GetMetricData user-pool requests,faults Sum 60s`  E2 `user-pool` left its normal range at 03:12:00 UTC · `GetMetricData user-pool requests,faults Sum 60s`  E3 `prod-user-pool-throttles` went to ALARM at 03:14:10 UTC · source  E4 `orders-api`: 401 failed requests a minute where 1.07 failed requests a minute is usual, 546 deviations · `GetMetricData orders-api requests,faults Sum 60s`  E5 `orders-api` left its normal range at 03:12:00 UTC · `GetMetricData orders-api requests,faults Sum 60s`  E6 `prod-orders-api-5xx` went to ALARM at 03:14:30 UTC · source  E7 `token-exchange`: 411 failed requests a minute where 1.07 failed requests a minute is usual, 560 deviations · `GetMetricData token-exchange requests,faults Sum 60s`  E8 `token-exchange` left its normal range at 03:12:00 UTC · `GetMetricData token-exchange requests,faults Sum 60s`  and 2 more claims
        [Why] [Who is next] [Where to cut] [Changes] [Timeline] [Auth journey] [Similar incidents]
        ");
    })
    .await;
}

#[tokio::test]
async fn asked_again_it_leads_with_what_is_new_to_this_person() {
    run_test(async |room| {
        flood(room).await;
        room.mina().types("context").await;
        room.skims();
        room.wait(20).await;
        room.eventbridge(&alarm("prod-web-5xx", 180)).await;
        room.skims();
        room.mina().types("context").await;
        let answer = room.reads_only("only Mina");
        assert_snapshot!(answer.lines().take(4).collect::<Vec<_>>().join("\n"), @"
        #war-room, only Mina:
        INC-1 · context
        Since you looked at 03:14:30 UTC
        • one alarm joined
        ");
        room.jun().types("context").await;
        let answer = room.reads_only("only Jun");
        assert!(!answer.contains("Since you looked"), "Jun looks for the first time:\n{answer}");
    })
    .await;
}

#[tokio::test]
async fn the_button_on_the_card_answers_who_pressed_it() {
    run_test(async |room| {
        flood(room).await;
        room.jun().clicks("Context, just for me").await;
        let answer = room.reads_only("only Jun");
        assert!(answer.contains("INC-1 · context"), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn a_button_of_an_older_release_is_answered_in_words() {
    run_test(async |room| {
        flood(room).await;
        let card = room.channel().remove(0);
        let old = serde_json::json!({"action_id": "clarity.approve", "value": "v0.approve.17", "text": {}});
        room.stage.workspace.click("U0MINA", &card, "b9", &old).await.unwrap();
        room.stage.settle().await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        I no longer know what this button does, so I did nothing. The newest card of the incident has the ones that work.
        ");
    })
    .await;
}

//! Who depends on whom, who is hit next, and where to cut: what people ask, see and read.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::drill::{Speed, Stage};
use bot::embedded::Embedded;
use bot::workspace::fault::Fault;
use insta::assert_snapshot;
use std::sync::Arc;
use tests::{Room, alarm, run_test};
use tools::capsule;
use tools::dependency::grade_incident;

const STORY: [(&str, i64); 3] =
    [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)];

async fn flood(room: &mut Room) {
    for (name, at) in STORY {
        room.eventbridge(&alarm(name, at)).await;
    }
}

async fn asks(room: &mut Room, text: &str) -> String {
    room.mina().types(text).await;
    room.reads_only("only Mina")
}

fn uploads(room: &Room) -> u64 {
    room.stage.workspace.calls().get("files.completeUploadExternal").copied().unwrap_or_default()
}

/// The picture blocks of a message: the file and what stands for it.
fn pictures(body: &serde_json::Value) -> Vec<(String, String)> {
    let blocks = body["blocks"].as_array().into_iter().flatten();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let pictures = blocks.filter(|block| block["type"] == "image");
    pictures.map(|block| (text(&block["slack_file"]["id"]), text(&block["alt_text"]))).collect()
}

#[tokio::test]
async fn predict_says_who_is_hit_next_how_likely_and_what_is_at_stake() {
    run_test(async |room| {
        flood(room).await;
        room.skims();
        assert_snapshot!(asks(room, "predict").await, @"
        #war-room, only Mina:
        INC-1 · who is hit next
        `web`, 72 % likely
        399 requests a minute at risk, 100 % of what users ask for needs it
        way: `user-pool` → `token-exchange` → `orders-api` → `web` (E10)
        · E10 `web` calls `orders-api`, 600 times a minute · `GetServiceGraph`
        · said at 03:14:30 UTC; graded when the incident is over
        ");
    })
    .await;
}

#[tokio::test]
async fn isolate_says_where_to_cut_or_why_nowhere() {
    run_test(async |room| {
        flood(room).await;
        room.skims();
        assert_snapshot!(asks(room, "isolate").await, @"
        #war-room, only Mina:
        INC-1 · where to cut
        A cut is worth it: it saves 410 requests a minute and refuses 180 that would have succeeded.
        The cheapest cut
        • damp retries of `token-exchange` → `user-pool`: reserved concurrency 2 on `token-exchange`, 600 requests a minute go there (E11, E12, E13)
        Then
        • `orders-api`, `token-exchange` and `web` recover, if they do without the answers
        • up to 600 requests a minute are refused or delayed, 100 % of what the callers get
        · E11 `token-exchange` calls `user-pool`, 600 times a minute · `GetServiceGraph`  E12 `user-pool`: failing requests 70 % · `GetMetricData user-pool failing requests`  E13 `token-exchange`: usual concurrency (requests a second × seconds) 2 · `GetMetricData token-exchange usual concurrency (requests a second × seconds)`
        · said at 03:14:30 UTC; nothing was changed
        ");
    })
    .await;
}

#[tokio::test]
async fn graph_shows_the_picture_and_what_the_map_rests_on() {
    run_test(async |room| {
        flood(room).await;
        room.wait(30).await;
        room.skims();
        assert_snapshot!(asks(room, "graph").await, @"
        #war-room, only Mina:
        INC-1 · blast radius
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.
        What the map rests on
        • 5 services, 3 calls: 3 from capsule
        • last seen: capsule at 03:15:00 UTC
        ");
    })
    .await;
}

#[tokio::test]
async fn a_lone_alarm_is_drawn_only_when_somebody_asks() {
    run_test(async |room| {
        room.eventbridge(&alarm(STORY[0].0, 130)).await;
        room.wait(60).await;
        room.skims();
        assert_eq!(uploads(room), 0);
        room.mina().types("graph").await;
        room.wait(30).await;
        let answer = room.reads_only("only Mina");
        assert!(answer.contains("[picture: "), "{answer}");
        assert_eq!(uploads(room), 1);
        // The same story needs no second picture.
        let again = asks(room, "graph").await;
        assert!(again.contains("[picture: "), "{again}");
        assert_eq!(uploads(room), 1);
    })
    .await;
}

#[tokio::test]
async fn a_flood_has_its_picture_on_the_card_and_in_the_thread() {
    run_test(async |room| {
        flood(room).await;
        room.wait(60).await;
        room.skims();
        let [(file, alt)] = pictures(&room.channel()[0].body).try_into().unwrap();
        assert!(alt.contains("user-pool fails"), "{alt}");
        let posts = room.stage.workspace.posts();
        let thread = posts.iter().filter(|post| post.thread_ts.is_some() && post.is_ours());
        let told: Vec<_> = thread.flat_map(|post| pictures(&post.body)).collect();
        assert_eq!(told, [(file, alt)]);
    })
    .await;
}

#[tokio::test]
async fn without_the_right_to_upload_everything_is_still_said_in_words() {
    run_test(async |room| {
        let (method, error) = ("files.getUploadURLExternal".to_owned(), "missing_scope".to_owned());
        for _ in 0..3 {
            room.stage.workspace.misbehave(Fault::Refuse { method: method.clone(), error: error.clone() });
        }
        flood(room).await;
        room.wait(60).await;
        room.skims();
        let card = room.channel().remove(0);
        assert_eq!(pictures(&card.body), []);
        assert!(card.body.to_string().contains("What it hits next"));
        assert_snapshot!(asks(room, "graph").await, @"
        #war-room, only Mina:
        INC-1 · blast radius
        I could not bring a new picture here: Slack refuses: missing_scope (the app needs `files:read` and `files:write`).
        What the map rests on
        • 5 services, 3 calls: 3 from capsule
        • last seen: capsule at 03:15:30 UTC
        ");
    })
    .await;
}

/// What was foretold is kept, and graded once it is known.
#[tokio::test]
async fn predictions_are_kept_and_graded() {
    run_test(async |room| {
        flood(room).await;
        room.skims();
        let incident = room.incidents().await.remove(0);
        assert!(!incident.forecasts.is_empty());
        let grade = grade_incident(&incident);
        assert!(grade.asked > 0, "{grade:?}");
        assert_snapshot!(asks(room, "stats").await, @"
        #war-room, only Mina:
        The last 7 days
        Incidents: 1, floods among them: 1.
        Time to context
        mean 20 s, median 20 s, longest 20 s, over one incident
        Time to recovery
        None of them is over yet.
        Predictions
        Nothing to grade yet: predictions are graded when their incident is over.
        · Time to context runs from the first alarm to the first card that says enough to act on
        ");
        assert_snapshot!(asks(room, "stats 12").await, @"
        #war-room, only Mina:
        `12` is no span I have figures for; there is `7`, `30` and `90` (days). Did you mean `/incident stats 30`? `/incident help` lists what exists.
        ");
    })
    .await;
}

#[tokio::test]
async fn the_drill_draws_the_cascade_and_the_picture_follows_the_story() {
    let capsule = Arc::new(capsule::parse(capsule::AUTH_CASCADE.as_bytes()).unwrap());
    let mut stage = Stage::set(capsule, Embedded::in_memory(), 0).await.unwrap();
    let report = stage.play(Speed::Max, |_| {}).await.unwrap();
    assert!(report.is_good(), "{report}");
    let card = &report.messages[0];
    let [(shown, alt)] = pictures(&card.body).try_into().unwrap();
    let way = ["user-pool", "token-exchange", "auth-api", "user-service", "order-service"];
    let places: Vec<_> =
        way.iter().map(|service| alt.find(service).unwrap_or_else(|| panic!("{service}: {alt}"))).collect();
    assert!(places.is_sorted(), "{alt}");
    let in_thread: Vec<_> = report.thread.iter().flat_map(|post| pictures(&post.body)).collect();
    assert!(!in_thread.is_empty());
    // The card has a later picture than the first of the thread: it followed.
    assert_ne!(in_thread[0].0, shown);
}

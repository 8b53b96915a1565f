//! The front door: who is not Slack, and what is no event, is refused with one clear sentence, and changes nothing.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::{Room, http, run_test};
use tools::ports::Clock as _;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const COMMANDS: &str = "/slack/commands";
const EVENTS: &str = "/slack/events";

fn command() -> String {
    let cases: Value = serde_json::from_str(include_str!("../../samples/slack/slash_command_cases.json")).unwrap();
    cases["status"]["raw_body"].as_str().unwrap().to_owned()
}

async fn nothing_happened(room: &mut Room) {
    room.stage.settle().await;
    assert!(room.incidents().await.is_empty());
    assert_eq!(room.reads(), "");
    let kept = &room.stage.kept;
    assert!(kept.inbox.take().await.unwrap().is_none());
    let taken = kept.store.outbox_take(room.stage.clock.now(), None).await.unwrap();
    assert!(matches!(&taken, bot::ports::Taken::Anew { open, .. } if open.is_empty()), "{taken:?}");
}

#[tokio::test]
async fn a_forged_request_is_refused() {
    run_test(async |room| {
        let (status, body) = room.posts(COMMANDS, &[("content-type", FORM)], &command()).await;
        assert_snapshot!(format!("{status} {body}"), @r#"401 {"ok":false,"error":"the request carries no readable `x-slack-request-timestamp` and `x-slack-signature`"}"#);
        let now = room.stage.clock.now().as_second().to_string();
        let headers =
            [("content-type", FORM), ("x-slack-signature", "v0=00"), ("x-slack-request-timestamp", now.as_str())];
        let (status, body) = room.posts(COMMANDS, &headers, &command()).await;
        assert_snapshot!(format!("{status} {body}"), @r#"401 {"ok":false,"error":"the signature does not fit the request; check the signing secret"}"#);
        nothing_happened(room).await;
    })
    .await;
}

#[tokio::test]
async fn a_stale_request_is_refused() {
    run_test(async |room| {
        let (status, body) = room.slack_posts(COMMANDS, FORM, &command(), 301).await;
        assert_snapshot!(format!("{status} {body}"), @r#"401 {"ok":false,"error":"the request was signed more than five minutes away from now; check the clock of this machine"}"#);
        nothing_happened(room).await;
    })
    .await;
}

#[tokio::test]
async fn an_oversized_request_is_refused_before_it_is_read() {
    run_test(async |room| {
        let body = "x".repeat(bot::http::MAX_BODY + 1);
        for path in [COMMANDS, EVENTS, "/slack/interactivity", "/alarms/eventbridge"] {
            let (status, _) = room.slack_posts(path, FORM, &body, 0).await;
            assert_eq!(status, 413, "{path}");
        }
        nothing_happened(room).await;
    })
    .await;
}

#[tokio::test]
async fn broken_bodies_are_refused_with_the_reason() {
    run_test(async |room| {
        for (path, kind, body) in [
            (EVENTS, JSON, "{"),
            (EVENTS, JSON, "[]"),
            (COMMANDS, FORM, "text=help"),
            ("/slack/interactivity", FORM, "nothing=1"),
            ("/slack/interactivity", FORM, "payload=%7B"),
        ] {
            let (status, answer) = room.slack_posts(path, kind, body, 0).await;
            assert_eq!(status, 400, "{path} {body}: {answer}");
            assert!(answer.contains("\"error\""), "{answer}");
        }
        for body in ["", "{", "{}", r#"{"source":"aws.ec2","detail-type":"x"}"#] {
            let (status, answer) = room.posts("/alarms/eventbridge", &[("content-type", JSON)], body).await;
            assert_eq!(status, 400, "{body}: {answer}");
        }
        nothing_happened(room).await;
    })
    .await;
}

#[tokio::test]
async fn slack_may_ask_whether_the_address_is_ours() {
    run_test(async |room| {
        let body = include_str!("../../samples/slack/url_verification.json");
        let (status, answer) = room.slack_posts(EVENTS, JSON, body, 0).await;
        let challenge: Value = serde_json::from_str(body).unwrap();
        assert_eq!((status, answer), (200, json!({"challenge": challenge["challenge"]}).to_string()));
    })
    .await;
}

#[tokio::test]
async fn unknown_events_and_interactions_are_taken_quietly() {
    run_test(async |room| {
        for body in [
            r#"{"type":"app_rate_limited","minute_rate_limited":1}"#,
            r#"{"type":"event_callback","event_id":"E1","event_time":1,"event":{"type":"reaction_added"}}"#,
        ] {
            assert_eq!(room.slack_posts(EVENTS, JSON, body, 0).await.0, 200, "{body}");
        }
        let body = format!("payload={}", "%7B%22type%22%3A%22view_closed%22%7D");
        assert_eq!(room.slack_posts("/slack/interactivity", FORM, &body, 0).await.0, 200);
        nothing_happened(room).await;
    })
    .await;
}

#[tokio::test]
async fn every_eventbridge_sample_is_taken() {
    run_test(async |room| {
        for sample in std::fs::read_dir("samples/aws").unwrap() {
            let path = sample.unwrap().path();
            // An answer of an API is no event, and what asks for a confirmation has a door of its own.
            if path.ends_with("xray_service_graph.json") || path.ends_with("sns_https_subscription_confirmation.json") {
                continue;
            }
            let body = std::fs::read_to_string(&path).unwrap();
            let (status, answer) = room.posts("/alarms/eventbridge", &[("content-type", JSON)], &body).await;
            assert_eq!(status, 202, "{}: {answer}", path.display());
        }
        room.stage.settle().await;
        room.skims();
        let names: Vec<String> = room
            .incidents()
            .await
            .into_iter()
            .flat_map(|incident| incident.alarms.into_iter().map(|joined| joined.alarm.name.clone()))
            .collect();
        assert!(names.iter().any(|name| name == "auth-prod-user-login-degraded"), "{names:?}");
    })
    .await;
}

#[tokio::test]
async fn the_war_room_is_only_for_this_machine() {
    run_test(async |room| {
        let page = room.stage.workspace.url().to_owned();
        assert_eq!(http::get(&page, &[]).await.0, 200);
        assert_eq!(http::get(&page, &[("host", "clarity.evil.example")]).await.0, 403);
        let say = json!({"user": "U0MINA", "channel": "C0WARROOM", "text": "/incident help"}).to_string();
        let headers = [("content-type", JSON), ("origin", "http://evil.example")];
        assert_eq!(http::post(&format!("{page}/room/say"), &headers, &say).await.0, 403);
        assert_eq!(http::post(&format!("{page}/room/say"), &[("content-type", JSON)], &say).await.0, 200);
        room.stage.settle().await;
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn the_door_says_that_it_is_open() {
    run_test(async |room| {
        let (status, body) = http::get(&format!("{}/healthz", room.stage.bot_url()), &[]).await;
        assert_eq!(status, 200);
        assert!(body.contains("\"ok\":true"), "{body}");
    })
    .await;
}

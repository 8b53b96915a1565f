//! What Slack's Web API says when it does not do what it was asked, and what comes of it.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::slack::chat::{Chat, ChatError};
use bot::slack::trouble::course;
use bot::workspace::fault::Fault;
use insta::assert_snapshot;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::{Room, alarm, http, run_test};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const POST: &str = "chat.postMessage";
const UPDATE: &str = "chat.update";

/// What our client makes of this answer of the Web API.
async fn told(answer: &str) -> ChatError {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/api", listener.local_addr().unwrap());
    let chat = Chat::new(&base, &SecretString::from("xoxb-1")).unwrap();
    let answering = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    };
    let (told, ()) = tokio::join!(chat.identity(), answering);
    told.unwrap_err()
}

fn answer(status: u64, headers: &str, body: &str) -> String {
    let kind = if body.starts_with('{') { "application/json" } else { "text/plain" };
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n{headers}connection: close\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn every_sample_of_an_error_has_its_course() {
    let samples = include_str!("../../samples/slack_api/web_api_errors.json");
    let mut samples: BTreeMap<String, Value> = serde_json::from_str(samples).unwrap();
    let plain = |error: &str| json!({"status": 200, "body": {"ok": false, "error": error}});
    for error in
        ["is_archived", "account_inactive", "msg_too_long", "internal_error", "fatal_error", "thread_not_found"]
    {
        samples.insert(error.to_owned(), plain(error));
    }
    samples.insert("http_500".to_owned(), json!({"status": 500, "body": {"ok": false, "error": "internal_error"}}));
    samples.insert("http_404".to_owned(), json!({"status": 404, "body_text": "not found"}));
    samples.insert(
        "no_json".to_owned(),
        json!({"status": 200, "body_text": "<html>Sign in to the hotel's network</html>"}),
    );
    samples.insert("no_retry_after".to_owned(), json!({"status": 429, "body": {"ok": false, "error": "ratelimited"}}));
    let mut lines = Vec::new();
    for (name, sample) in samples {
        let headers = sample["headers"].as_object().into_iter().flatten();
        let headers: Vec<String> =
            headers.map(|(name, value)| format!("{name}: {}\r\n", value.as_str().unwrap())).collect();
        let body = sample["body_text"].as_str().map_or_else(|| sample["body"].to_string(), str::to_owned);
        let error = told(&answer(sample["status"].as_u64().unwrap(), &headers.concat(), &body)).await;
        lines.push(format!("{name}: {:?}, {error}", course(&error)));
    }
    // No answer at all, and one that breaks off.
    for (name, broken) in [("hang_up", ""), ("broken_off", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"ok\":")] {
        let error = told(broken).await;
        lines.push(format!("{name}: {:?}, {error}", course(&error)));
    }
    assert_snapshot!(lines.join("\n"), @"
    account_inactive: Stop, Slack refuses: account_inactive
    cant_update_message: Anew, Slack refuses: cant_update_message
    channel_not_found: GiveUp, Slack refuses: channel_not_found
    expired_trigger_id: GiveUp, Slack refuses: expired_trigger_id
    fatal_error: Again, Slack did not answer: fatal_error
    http_404: GiveUp, Slack refuses: HTTP 404
    http_500: Again, Slack did not answer: HTTP 500
    internal_error: Again, Slack did not answer: internal_error
    invalid_blocks: Plainer, Slack refuses: invalid_blocks
    is_archived: GiveUp, Slack refuses: is_archived
    message_not_found: Anew, Slack refuses: message_not_found
    missing_scope: GiveUp, Slack refuses: missing_scope
    msg_too_long: Plainer, Slack refuses: msg_too_long
    no_json: Again, Slack did not answer: the answer could not be read
    no_retry_after: Wait, Slack asks us to wait 30 s
    not_in_channel: GiveUp, Slack refuses: not_in_channel
    rate_limited: Wait, Slack asks us to wait 30 s
    server_error_non_json: Again, Slack did not answer: HTTP 503
    thread_not_found: Elsewhere, Slack refuses: thread_not_found
    token_revoked: Stop, Slack refuses: token_revoked
    hang_up: Again, Slack did not answer: the connection failed
    broken_off: Again, Slack did not answer: the answer could not be read
    ");
}

fn refuse(room: &Room, method: &str, error: &str) {
    room.stage.workspace.misbehave(Fault::Refuse { method: method.to_owned(), error: error.to_owned() });
}

fn calls(room: &Room) -> u64 {
    room.stage
        .workspace
        .calls()
        .into_iter()
        .filter(|(method, _)| method.starts_with("chat."))
        .map(|(_, count)| count)
        .sum()
}

#[tokio::test]
async fn a_dead_channel_is_not_tried_for_ever_and_incidents_go_on() {
    run_test(async |room| {
        room.stage.workspace.archive(bot::drill::WAR_ROOM);
        for (number, name) in
            ["prod-user-pool-throttles", "prod-token-exchange-errors", "prod-orders-api-5xx"].iter().enumerate()
        {
            room.eventbridge(&alarm(name, 130 + 10 * i64::try_from(number).unwrap())).await;
        }
        room.wait(60).await;
        let tried = calls(room);
        room.wait(600).await;
        assert_eq!(calls(room), tried, "nothing more is tried");
        assert_eq!(room.incidents().await[0].alarms.len(), 3);
        assert_eq!(room.reads(), "");
        // Who asks is answered all the same: the answer goes by the address that came with the question.
        room.mina().types("status").await;
        assert!(room.reads().contains("INC-1"));
    })
    .await;
}

#[tokio::test]
async fn without_a_good_token_nothing_is_sent_and_nothing_is_lost() {
    run_test(async |room| {
        let ready = format!("{}/ready", room.stage.bot_url());
        assert_eq!(http::get(&ready, &[]).await.0, 200);
        refuse(room, POST, "token_revoked");
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        assert_eq!(room.reads(), "");
        let (status, body) = http::get(&ready, &[]).await;
        assert_snapshot!(format!("{status} {body}"), @r#"503 {"ok":false,"error":"Slack refuses: token_revoked"}"#);
        let tried = calls(room);
        room.eventbridge(&alarm("prod-token-exchange-errors", 140)).await;
        room.wait(120).await;
        assert_eq!((room.reads().as_str(), calls(room)), ("", tried));
        room.wait(300).await;
        let line = room.reads();
        assert!(line.contains("prod-user-pool-throttles") && line.contains("prod-token-exchange-errors"), "{line}");
        assert_eq!(http::get(&ready, &[]).await.0, 200);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_edited_is_posted_anew() {
    for error in ["message_not_found", "cant_update_message", "edit_window_closed"] {
        run_test(async |room| {
            room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
            room.skims();
            refuse(room, UPDATE, error);
            room.eventbridge(&alarm("prod-token-exchange-errors", 140)).await;
            let line = room.reads();
            assert!(line.starts_with("#war-room:") && line.contains("prod-token-exchange-errors"), "{error}:\n{line}");
        })
        .await;
    }
}

#[tokio::test]
async fn what_slack_does_not_show_is_said_in_words() {
    for (method, error) in [(POST, "msg_too_long"), (POST, "invalid_blocks"), (UPDATE, "msg_blocks_too_long")] {
        run_test(async |room| {
            if method == UPDATE {
                room.eventbridge(&alarm("prod-token-exchange-errors", 120)).await;
                room.skims();
            }
            refuse(room, method, error);
            room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
            let posts = room.channel();
            assert!(posts[0].body["blocks"].as_array().is_none_or(Vec::is_empty), "{error}: {:?}", posts[0].body);
            assert!(posts[0].body["text"].as_str().unwrap().contains("prod-user-pool-throttles"), "{error}");
            // The next word is shown as usual.
            room.eventbridge(&alarm("prod-orders-api-5xx", 140)).await;
            assert!(room.channel()[0].body["blocks"].is_array());
            room.skims();
        })
        .await;
    }
}

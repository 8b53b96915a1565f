//! Somebody asks for the postmortem of an incident: two files stand in its thread, and they are told so.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::app::Kept;
use bot::embedded::Embedded;
use bot::postmortem::{Wanted, write};
use bot::workspace::fault::Fault;
use bot::workspace::state::Post;
use clap::Parser;
use insta::assert_snapshot;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tests::{Room, START, alarm, http, on, run_test, run_test_on, turned, usual_world};
use tools::model::AlarmState;

async fn flood(room: &mut Room) {
    room.eventbridge(&on(alarm("prod-user-pool-throttles", 130), "UserPool", "user-pool")).await;
    room.eventbridge(&on(alarm("prod-token-exchange-errors", 140), "FunctionName", "token-exchange")).await;
    room.eventbridge(&on(alarm("prod-orders-api-5xx", 150), "ApiName", "orders-api")).await;
    room.wait(30).await;
    room.skims();
}

/// The messages in the thread of the first message of the war room that hold files.
fn shared(room: &Room) -> Vec<Post> {
    let card = room.channel().remove(0);
    let posts = room.stage.workspace.posts().into_iter();
    posts.filter(|post| post.thread_ts.as_ref() == Some(&card.ts) && post.body["files"].is_array()).collect()
}

/// Each file with its name, as a browser gets it.
async fn files(room: &Room, post: &Post) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for file in post.body["files"].as_array().unwrap() {
        let url = format!("{}/files/{}", room.stage.workspace.url(), file["id"].as_str().unwrap());
        let (status, content) = http::get(&url, &[]).await;
        assert_eq!(status, 200, "{content}");
        files.push((file["name"].as_str().unwrap().to_owned(), content));
    }
    files
}

#[tokio::test]
async fn the_thread_gets_a_document_and_the_cards() {
    run_test(async |room| {
        flood(room).await;
        room.mina().types("postmortem").await;
        assert_snapshot!(room.reads(), @"
        #war-room thread:
        [file: Postmortem of INC-1, as of 2026-11-20 03:15:00 UTC]
        [file: The cards of INC-1]

        #war-room, only Mina:
        `INC-1-postmortem.md` and `INC-1-cards.html` are in the thread of INC-1.
        ");
        let posts = shared(room);
        assert_eq!(posts.len(), 1, "one message holds both");
        let files = files(room, &posts[0]).await;
        let [(document_name, document), (page_name, page)] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!((document_name.as_str(), page_name.as_str()), ("INC-1-postmortem.md", "INC-1-cards.html"));
        assert!(document.starts_with("# Postmortem of INC-1: `user-pool`, requests fail\n"), "{document}");
        assert!(page.starts_with("<!doctype html>\n"), "{page}");
        assert!(page.contains("<h3 class=\"blk blk-header\">INC-1 · user-pool: requests fail</h3>"), "{page}");
        // In the browser they are links, with their names and sizes.
        let (_, state) = http::get(&format!("{}/room/state", room.stage.workspace.url()), &[]).await;
        let state: Value = serde_json::from_str(&state).unwrap();
        let messages = state["messages"].as_array().unwrap();
        let html =
            messages.iter().find(|message| message["ts"] == posts[0].ts.as_str()).unwrap()["html"].as_str().unwrap();
        assert!(html.contains("download=\"INC-1-postmortem.md\"") && html.contains(" kB</span>"), "{html}");
    })
    .await;
}

#[tokio::test]
async fn what_is_over_is_told_however_long_ago() {
    run_test(async |room| {
        flood(room).await;
        for (name, dimension, value) in [
            ("prod-user-pool-throttles", "UserPool", "user-pool"),
            ("prod-token-exchange-errors", "FunctionName", "token-exchange"),
            ("prod-orders-api-5xx", "ApiName", "orders-api"),
        ] {
            room.eventbridge(&turned(on(alarm(name, 0), dimension, value), AlarmState::Ok, 400)).await;
        }
        room.wait(60).await;
        room.stage.tick("2026-12-01T09:00:00Z".parse().unwrap());
        room.stage.settle().await;
        room.skims();
        room.mina().types("postmortem").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        No incident is open in `prod`. When alarms come in, I open one by myself.
        ");
        room.mina().types("postmortem INC-1").await;
        room.skims();
        let files = files(room, &shared(room)[0]).await;
        assert!(files[0].1.contains("Time to recovery: **5 min**"), "{}", files[0].1);
    })
    .await;
}

#[tokio::test]
async fn a_lone_alarm_gets_a_thread_for_it() {
    run_test(async |room| {
        room.amazon_q(&on(alarm("prod-user-pool-throttles", 130), "UserPool", "user-pool")).await;
        room.skims();
        room.mina().types("postmortem INC-1").await;
        assert_snapshot!(room.reads(), @"
        #war-room:
        🔴 ALARM prod-user-pool-throttles at 03:14:10 UTC — no other alarm near it
        · INC-1 · told by Amazon Q · `/incident context INC-1`

        #war-room thread:
        [file: Postmortem of INC-1, as of 2026-11-20 03:14:10 UTC]
        [file: The cards of INC-1]

        #war-room, only Mina:
        `INC-1-postmortem.md` and `INC-1-cards.html` are in the thread of INC-1.
        ");
        assert_eq!(shared(room).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_incident_is_none() {
    run_test(async |room| {
        room.mina().types("postmortem").await;
        room.mina().types("postmortem INC-9").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        No incident is open in `prod`. When alarms come in, I open one by myself.

        #war-room, only Mina:
        I know no INC-9 here, so there is nothing to tell. `/incident stats` counts those I know.
        ");
    })
    .await;
}

#[tokio::test]
async fn why_it_could_not_be_shared_is_told() {
    run_test(async |room| {
        flood(room).await;
        let refuse = |method: &str, error: &str| Fault::Refuse { method: method.to_owned(), error: error.to_owned() };
        room.stage.workspace.misbehave(refuse("files.completeUploadExternal", "missing_scope"));
        room.mina().types("postmortem").await;
        room.stage.workspace.misbehave(refuse("files.getUploadURLExternal", "storage_limit_reached"));
        room.mina().types("postmortem").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        I could not share the postmortem of INC-1: Slack refuses: missing_scope (the app needs `files:write`).

        #war-room, only Mina:
        I could not share the postmortem of INC-1: Slack refuses: storage_limit_reached.
        ");
        assert_eq!(shared(room), []);
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_shares_nothing_twice() {
    run_test(async |room| {
        flood(room).await;
        let method = "files.completeUploadExternal".to_owned();
        room.stage.workspace.misbehave(Fault::LoseAnswer { method });
        room.mina().types("postmortem").await;
        room.wait(10).await;
        let answers = room.reads_only("only Mina");
        assert_eq!(answers.matches("are in the thread of").count(), 1, "{answers}");
        assert_eq!(shared(room).len(), 1);
        // A limit is waited for.
        room.stage.workspace.misbehave(Fault::Limit { method: "files.getUploadURLExternal".to_owned(), after_s: 20 });
        room.mina().types("postmortem").await;
        assert_eq!(shared(room).len(), 1);
        room.wait(25).await;
        assert_eq!(shared(room).len(), 2);
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn a_crash_shares_nothing_twice() {
    run_test(async |room| {
        flood(room).await;
        let method = "files.completeUploadExternal".to_owned();
        room.stage.workspace.misbehave(Fault::LoseAnswer { method });
        room.mina().types("postmortem").await;
        room.restart().await;
        room.wait(10).await;
        assert_eq!(shared(room).len(), 1);
        let answers = room.reads_only("only Mina");
        assert_eq!(answers.matches("are in the thread of").count(), 1, "{answers}");
    })
    .await;
}

/// `clarity postmortem` as it is typed.
#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    wanted: Wanted,
}

/// What it is told for an incident whose store is in this folder.
async fn written(folder: &Path, incident: &str) -> String {
    let (config, out) = (folder.join("clarity.toml"), folder.join("out"));
    let words = ["postmortem".into(), "--config".into(), config.into_os_string(), incident.into(), "--out".into()];
    let cli = match Cli::try_parse_from(words.into_iter().chain([out.into_os_string()])) {
        Ok(cli) => cli,
        Err(err) => return err.to_string(),
    };
    let told = match write(&cli.wanted, START.parse().unwrap()).await {
        Ok(paths) => paths.map(|path| path.display().to_string()).join("\n"),
        Err(err) => format!("clarity: {err}"),
    };
    told.replace(&format!("{}/", folder.display()), "")
}

#[tokio::test]
async fn the_same_files_are_written_without_slack() {
    let home = tempfile::tempdir().unwrap();
    let (folder, store) = (home.path(), home.path().join("clarity.redb"));
    let text = format!("[[scopes]]\nid = \"prod\"\nwar_room = \"C1\"\n[storage.embedded]\npath = {store:?}\n");
    fs::write(folder.join("clarity.toml"), text).unwrap();
    run_test_on(usual_world(), Box::new(move || Embedded::open(&store).map(Kept::from)), async |room| {
        flood(room).await;
        room.stage.kill_bot().await;
    })
    .await;
    assert_snapshot!(written(folder, "INC-1").await, @"
    out/INC-1-postmortem.md
    out/INC-1-cards.html
    ");
    let document = fs::read_to_string(folder.join("out/INC-1-postmortem.md")).unwrap();
    assert!(document.starts_with("# Postmortem of INC-1: `user-pool`, requests fail\n"), "{document}");
    let page = fs::read_to_string(folder.join("out/INC-1-cards.html")).unwrap();
    assert!(page.starts_with("<!doctype html>\n"), "{page}");
    assert_snapshot!(written(folder, "INC-9").await, @"clarity: there is no INC-9; the last incident is INC-1");
    assert!(written(folder, "7").await.contains("one looks like `INC-7`"));
}

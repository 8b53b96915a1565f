//! Pictures: uploaded in three steps, shown once they are processed, and served by the war room's page.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use blocks::Message;
use bot::drill::WAR_ROOM;
use bot::slack::chat::{Chat, ChatError};
use bot::slack::files::{FileId, Upload};
use bot::slack::manifest;
use bot::workspace::fault::Fault;
use bot::workspace::files::MAX_FILE;
use bot::workspace::{App, Workspace};
use insta::assert_snapshot;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use std::sync::Arc;
use tests::{Room, START, http, run_test};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tools::capsule::ModelClock;

/// One red dot.
const DOT: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82";

fn chat(room: &Room) -> Chat {
    let config = room.stage.config();
    Chat::new(&config.slack_api, &config.bot_token).unwrap()
}

fn dot() -> Upload {
    Upload {
        name: "INC-1.png".to_owned(),
        title: "Who suffers".to_owned(),
        alt: "user-pool fails, and token-exchange with it".to_owned(),
        bytes: DOT.to_vec(),
    }
}

fn shown(file: &FileId) -> Message {
    Message::new("INC-1").picture(&file.0, &dot().alt, &dot().title)
}

fn refused<T: std::fmt::Debug>(answer: Result<T, ChatError>) -> String {
    match answer {
        Err(ChatError::Refused(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

/// Calls a Web API method with a form, as any client could.
async fn call(room: &Room, method: &str, form: &str) -> Value {
    let token = format!("Bearer {}", room.stage.config().bot_token.expose_secret());
    let headers = [("authorization", token.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let url = format!("{}/{method}", room.stage.workspace.api_url());
    let (status, body) = http::post(&url, &headers, form).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// Announces so many bytes; returns the address for them and the file's id.
async fn announced(room: &Room, length: usize) -> (String, String) {
    let answer = call(room, "files.getUploadURLExternal", &format!("filename=a.png&length={length}")).await;
    (answer["upload_url"].as_str().unwrap().to_owned(), answer["file_id"].as_str().unwrap().to_owned())
}

async fn completed(room: &Room, id: &str, more: &str) -> Value {
    call(room, "files.completeUploadExternal", &format!("files=%5B%7B%22id%22%3A%22{id}%22%7D%5D{more}")).await
}

/// Gets a page; returns the head of the answer and its body.
async fn fetch(url: &str) -> (String, Vec<u8>) {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase(), answer[end + 4..].to_vec())
}

#[tokio::test]
async fn a_picture_is_shown_once_it_is_processed() {
    run_test(async |room| {
        let chat = chat(room);
        let file = chat.upload(&dot()).await.unwrap();
        assert!(!chat.is_processed(&file).await.unwrap());
        let early = chat.post_message(WAR_ROOM, None, &shown(&file), "picture", "", None).await;
        assert_eq!(refused(early), "invalid_blocks");
        assert_eq!(room.reads(), "");

        room.wait(1).await;
        assert!(chat.is_processed(&file).await.unwrap());
        let at = chat.post_message(WAR_ROOM, None, &shown(&file), "picture", "", None).await.unwrap();
        assert_snapshot!(room.reads(), @r"
        #war-room:
        [picture: user-pool fails, and token-exchange with it]
        ");
        let page = room.stage.workspace.url().to_owned();
        let (head, bytes) = fetch(&format!("{page}/files/{}", file.0)).await;
        for line in ["200 ok", "content-type: image/png", "x-content-type-options: nosniff", "default-src 'none'"] {
            assert!(head.contains(line), "{head}");
        }
        assert_eq!(bytes, DOT);
        let (_, state) = http::get(&format!("{page}/room/state"), &[]).await;
        let state: Value = serde_json::from_str(&state).unwrap();
        assert_snapshot!(state["messages"][0]["html"].as_str().unwrap(), @r#"<figure class="blk blk-image"><figcaption>Who suffers</figcaption><a class="picture" href="/files/F0LOCAL00001" target="_blank" rel="noopener"><img src="/files/F0LOCAL00001" alt="user-pool fails, and token-exchange with it" referrerpolicy="no-referrer"></a></figure>"#);

        // An edit may show it as well.
        chat.update(&at, &shown(&file), "picture", None).await.unwrap();
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn processing_may_take_longer_or_never_end() {
    run_test(async |room| {
        let chat = chat(room);
        room.stage.workspace.misbehave(Fault::SlowFile { after_s: Some(30) });
        room.stage.workspace.misbehave(Fault::SlowFile { after_s: None });
        let (slow, stuck, usual) = (
            chat.upload(&dot()).await.unwrap(),
            chat.upload(&dot()).await.unwrap(),
            chat.upload(&dot()).await.unwrap(),
        );
        room.wait(29).await;
        assert!(chat.is_processed(&usual).await.unwrap());
        assert!(!chat.is_processed(&slow).await.unwrap());
        // The clock may as well jump.
        let late: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        room.stage.tick(late);
        assert!(chat.is_processed(&slow).await.unwrap());
        assert!(!chat.is_processed(&stuck).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn only_the_apps_own_pictures_may_be_shown() {
    run_test(async |room| {
        let chat = chat(room);
        let theirs = FileId(room.stage.workspace.upload_as_app("Grafana", "p99.png", DOT.to_vec()));
        assert_eq!(refused(chat.is_processed(&theirs).await), "not_visible");
        let unknown = FileId("F0LOCAL99999".to_owned());
        assert_eq!(refused(chat.is_processed(&unknown).await), "file_not_found");
        let words =
            chat.upload(&Upload { bytes: b"<svg><script>alert(1)</script></svg>".to_vec(), ..dot() }).await.unwrap();
        room.wait(1).await;
        assert!(chat.is_processed(&words).await.unwrap());
        for file in [&theirs, &unknown, &words] {
            let answer = chat.post_message(WAR_ROOM, None, &shown(file), "picture", "", None).await;
            assert_eq!(refused(answer), "invalid_blocks", "{file:?}");
        }
        let (head, _) = fetch(&format!("{}/files/{}", room.stage.workspace.url(), words.0)).await;
        assert!(head.contains("404"), "{head}");
    })
    .await;
}

#[tokio::test]
async fn without_the_scope_nothing_is_uploaded() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let token = SecretString::from("xoxb-1");
    let app = App {
        url: "http://127.0.0.1:9".to_owned(),
        signing_secret: SecretString::from("s"),
        bot_token: token.clone(),
        app_token: None,
        scopes: manifest::scopes().filter(|scope| !scope.starts_with("files:")).map(str::to_owned).collect(),
        command: "/incident".to_owned(),
        hints: Vec::new(),
    };
    let clock = Arc::new(ModelClock::starting_at(START.parse().unwrap()));
    let (workspace, _server) = Workspace::open(listener, app, Vec::new(), Vec::new(), clock).unwrap();
    let chat = Chat::new(&workspace.api_url(), &token).unwrap();
    assert_eq!(refused(chat.upload(&dot()).await), "missing_scope");
    assert_eq!(refused(chat.is_processed(&FileId("F0LOCAL00001".to_owned())).await), "missing_scope");
}

#[tokio::test]
async fn bytes_of_another_length_are_refused_and_the_address_stays_good() {
    run_test(async |room| {
        let (address, id) = announced(room, DOT.len()).await;
        let (status, answer) = http::request("POST", &address, &[], &DOT[1..]).await;
        assert_snapshot!(format!("{status} {answer}"), @"400 68 bytes where 69 were announced");
        let (status, answer) = http::request("POST", &address, &[], &[DOT, b"x"].concat()).await;
        assert_snapshot!(format!("{status} {answer}"), @"400 70 bytes where 69 were announced");
        assert_eq!(completed(room, &id, "").await["error"], "file_not_found");
        assert_eq!(http::request("POST", &address, &[], DOT).await.0, 200);
        assert_eq!(completed(room, &id, "").await["ok"], true);
    })
    .await;
}

#[tokio::test]
async fn an_address_takes_one_upload_and_a_file_is_completed_once() {
    run_test(async |room| {
        let (address, id) = announced(room, DOT.len()).await;
        assert_eq!(completed(room, &id, "").await["error"], "file_not_found");
        let (place, _) = address.rsplit_once('/').unwrap();
        for guess in [format!("{place}/{id}"), format!("{place}/{id}-{}", "0".repeat(64)), format!("{address}0")] {
            assert_eq!(http::request("POST", &guess, &[], DOT).await.0, 404, "{guess}");
        }
        assert_eq!(http::request("POST", &address, &[], DOT).await, (200, format!("OK - {}", DOT.len())));
        assert_eq!(http::request("POST", &address, &[], DOT).await.0, 404);
        assert_eq!(completed(room, &id, "").await["files"], json!([{"id": id, "title": "a.png"}]));
        assert_eq!(completed(room, &id, "").await["error"], "file_not_found");
        assert_eq!(http::request("POST", &address, &[], DOT).await.0, 404);
    })
    .await;
}

#[tokio::test]
async fn what_slack_does_not_take_is_refused_by_its_name() {
    run_test(async |room| {
        let long = "x".repeat(1001);
        for (form, error) in [
            ("length=1", "invalid_arguments"),
            ("filename=a.png", "invalid_arguments"),
            ("filename=a.png&length=-1", "invalid_arguments"),
            ("filename=a.png&length=0", "missing_argument"),
            (&format!("filename=a.png&length={}", MAX_FILE + 1), "file_upload_size_restricted"),
            (&format!("filename=a.png&length=1&alt_txt={long}"), "alt_txt_too_large"),
        ] {
            assert_eq!(call(room, "files.getUploadURLExternal", form).await["error"], error, "{form}");
        }
        // Slack takes this as a form only, and does not see what comes as JSON.
        let token = format!("Bearer {}", room.stage.config().bot_token.expose_secret());
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        let url = format!("{}/files.getUploadURLExternal", room.stage.workspace.api_url());
        let (_, answer) = http::post(&url, &headers, r#"{"filename":"a.png","length":"1"}"#).await;
        assert!(answer.contains("invalid_arguments"), "{answer}");

        let (address, _) = announced(room, MAX_FILE).await;
        let body = vec![0; MAX_FILE + 64 * 1024 + 1];
        assert_eq!(http::request("POST", &address, &[], &body).await.0, 413);
        let chat = chat(room);
        let large = Upload { bytes: vec![0; MAX_FILE + 1], ..dot() };
        assert_eq!(refused(chat.upload(&large).await), "file_upload_size_restricted");
        assert_eq!(refused(chat.upload(&Upload { bytes: Vec::new(), ..dot() }).await), "missing_argument");
        // The description of the file is cut to what Slack takes, whatever it costs in a form.
        let talkative = Upload { alt: "漢".repeat(3000), ..dot() };
        chat.upload(&talkative).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_file_may_be_shared_with_a_channel() {
    run_test(async |room| {
        let (address, id) = announced(room, DOT.len()).await;
        let form = "multipart/form-data; boundary=frontier";
        let body =
            [b"--frontier\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\n", DOT, b"\r\n--frontier--\r\n"];
        assert_eq!(http::request("POST", &address, &[("content-type", form)], &body.concat()).await.0, 200);
        assert_eq!(completed(room, &id, "&channel_id=C0NOWHERE").await["error"], "channel_not_found");
        assert_eq!(completed(room, &id, "&channel_id=C0WARROOM&thread_ts=1.2").await["error"], "thread_not_found");
        assert_eq!(completed(room, &id, "&channel_id=C0WARROOM&initial_comment=look").await["ok"], true);
        room.stage.settle().await;
        assert_snapshot!(room.reads(), @r"
        #war-room:
        look
        [picture: a.png]
        ");
    })
    .await;
}

#[tokio::test]
async fn each_step_may_fail_and_says_so() {
    run_test(async |room| {
        let chat = chat(room);
        let steps = ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"];
        for step in steps {
            let method = || step.to_owned();
            room.stage.workspace.misbehave(Fault::Limit { method: method(), after_s: 7 });
            assert_eq!(chat.upload(&dot()).await, Err(ChatError::Limited { after_s: 7 }), "{step}");
            room.stage.workspace.misbehave(Fault::LoseAnswer { method: method() });
            assert_eq!(chat.upload(&dot()).await, Err(ChatError::Unknown("HTTP 503".to_owned())), "{step}");
            room.stage
                .workspace
                .misbehave(Fault::Refuse { method: method(), error: "file_uploads_disabled".to_owned() });
            let why = refused(chat.upload(&dot()).await);
            assert_eq!(why, if step == "upload" { "HTTP 400" } else { "file_uploads_disabled" }, "{step}");
        }
        chat.upload(&dot()).await.unwrap();
    })
    .await;
}

/// A Web API that answers every request with what `answer` makes of its own address, and keeps what it was sent.
async fn lying(answer: fn(&str) -> String) -> (String, Arc<std::sync::Mutex<Vec<String>>>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (kept, own) = (Arc::new(std::sync::Mutex::new(Vec::new())), address.clone());
    let (requests, mut server) = (Arc::clone(&kept), JoinSet::new());
    server.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let mut part = [0; 4096];
            while !is_whole(&request) {
                let read = stream.read(&mut part).await.unwrap();
                request.extend_from_slice(&part[..read]);
            }
            requests.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
            let body = answer(&own);
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length:";
            let _ = stream.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).await;
        }
    });
    (address, kept, server)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.trim().parse().ok());
    let end = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    request.len() >= end + length.unwrap_or(0)
}

#[tokio::test]
async fn the_token_goes_to_the_web_api_and_never_to_the_upload_address() {
    let honest = |own: &str| {
        json!({"ok": true, "upload_url": format!("http://{own}/upload/v1/x"), "file_id": "F07CHART001"}).to_string()
    };
    let (address, kept, _server) = lying(honest).await;
    let chat = Chat::new(&format!("http://{address}/api"), &SecretString::from("xoxb-very-secret")).unwrap();
    assert_eq!(chat.upload(&dot()).await, Ok(FileId("F07CHART001".to_owned())));
    let requests = kept.lock().unwrap().clone();
    let told: Vec<(&str, bool)> = requests
        .iter()
        .map(|request| (request.lines().next().unwrap_or_default(), request.contains("xoxb-very-secret")))
        .collect();
    let expected = [
        ("POST /api/files.getUploadURLExternal HTTP/1.1", true),
        ("POST /upload/v1/x HTTP/1.1", false),
        ("POST /api/files.completeUploadExternal HTTP/1.1", true),
    ];
    assert_eq!(told, expected);
    assert!(requests[2].ends_with(r#"{"files":[{"id":"F07CHART001","title":"Who suffers"}]}"#), "{}", requests[2]);
}

#[tokio::test]
async fn a_lying_upload_address_gets_nothing() {
    let elsewhere = |_: &str| {
        json!({"ok": true, "upload_url": "http://files.slack.example/x", "file_id": "F07CHART001"}).to_string()
    };
    let nameless = |_: &str| json!({"ok": true, "upload_url": "https://files.slack.com/x"}).to_string();
    let (address, kept, _server) = lying(elsewhere).await;
    let chat = |address: &str| Chat::new(&format!("http://{address}/api"), &SecretString::from("xoxb-1")).unwrap();
    assert_eq!(
        refused(chat(&address).upload(&dot()).await),
        "the address for the upload is neither HTTPS nor on this machine"
    );
    assert_eq!(kept.lock().unwrap().len(), 1, "the upload goes no further");
    let (address, kept, _server) = lying(nameless).await;
    let answer = chat(&address).upload(&dot()).await;
    assert!(matches!(answer, Err(ChatError::Unknown(_))), "{answer:?}");
    assert_eq!(kept.lock().unwrap().len(), 1, "the upload goes no further");
}

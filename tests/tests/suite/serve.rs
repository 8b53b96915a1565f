//! `clarity serve`, from its configuration file to an answer in Slack.

#![expect(clippy::unwrap_used, reason = "every function here is part of a test")]

use bot::app::StartError;
use bot::clock::SystemClock;
use bot::config::{File, Secrets};
use bot::drill::{WAR_ROOM, channels, local, people};
use bot::serve::{ServeError, start};
use bot::workspace::Workspace;
use std::sync::Arc;
use tests::http;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// What `serve` says to this text, in front of a workspace of which it knows the tokens.
async fn play(text: impl Fn(&str) -> String) {
    let (room, door) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = door.local_addr().unwrap();
    drop(door);
    let api = format!("http://{}/api", room.local_addr().unwrap());
    let (config, app) = local(&api, &format!("http://{address}"));
    let (workspace, _server) = Workspace::open(room, app, people(), channels(), Arc::new(SystemClock)).unwrap();
    let head = format!("slack_api = \"{api}\"\nlisten = \"{address}\"\n");
    let scope = format!("[[scopes]]\nid = \"prod\"\nwar_room = \"{WAR_ROOM}\"\n");
    let file = File::parse(&format!("{head}{}\n{scope}", text(&head))).unwrap();
    let secrets = Secrets {
        bot_token: config.bot_token,
        signing_secret: config.signing_secret,
        app_token: None,
        alarms_secret: None,
        audit_key: None,
        pagerduty_key: None,
        opsgenie_key: None,
    };

    let serving = start(&file, secrets.clone()).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(serving.until(async { stopped.await.unwrap() }));
    let event = bot::alarms::eventbridge::compose(&tests::alarm("orders-5xx", 0), "event-1").to_string();
    let (status, _) = http::post(&format!("http://{address}/alarms/eventbridge"), &[], &event).await;
    assert_eq!(status, 202);
    workspace.command("U0MINA", WAR_ROOM, "help").await.unwrap();
    // The second look comes after a second: what another process stored would be sent as well.
    let said = async {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
        while workspace.posts().iter().filter(|post| post.is_ours()).count() < 2 {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), said).await.expect("an answer and a line");
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();

    // Started again on the same store, it does not repeat itself.
    let before = workspace.posts().len();
    let serving = start(&file, secrets.clone()).await.unwrap();
    serving.until(async { workspace.settled().await }).await.unwrap();
    assert_eq!(workspace.posts().len(), before);
    // A token that Slack does not know is told before the door opens.
    let strange = Secrets { bot_token: "xoxb-strange".into(), ..secrets };
    assert!(matches!(start(&file, strange).await, Err(ServeError::Start(StartError::Slack(_)))));
}

#[tokio::test]
async fn one_machine_needs_a_file_and_a_token() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("clarity.redb");
    play(|_| format!("[storage.embedded]\npath = {path:?}\n")).await;
}

#[cfg(not(feature = "aws"))]
#[tokio::test]
async fn a_build_without_aws_says_which_one_is_needed() {
    let scope = "[[scopes]]\nid = \"prod\"\nwar_room = \"C1\"\n";
    let secret =
        |name: &str| (name != "CLARITY_SLACK_APP_TOKEN").then(|| "a secret of more than thirty-two bytes".to_owned());
    let secrets = || Secrets::read(secret).unwrap();
    for (text, key) in [
        (format!("metrics = \"cloudwatch\"\n{scope}"), "metrics = \"cloudwatch\""),
        (format!("{scope}[storage.aws]\ntable = \"t\"\ninbox = \"http://localhost/q.fifo\"\n"), "[storage.aws]"),
        (format!("{scope}[topology]\nxray = true\n"), "topology.xray = true"),
        (format!("{scope}[topology]\nevent_sources = true\n"), "topology.event_sources = true"),
        (format!("{scope}[topology]\nbuses = [\"default\"]\n"), "topology.buses"),
    ] {
        let refused = start(&File::parse(&text).unwrap(), secrets()).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("`{key}` needs a build with AWS in it: `cargo build --release --features aws`")
        );
    }
}

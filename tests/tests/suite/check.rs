//! `clarity check`, in front of a workspace that lacks this and that.

#![expect(clippy::unwrap_used, reason = "every function here is part of a test")]

use bot::check::check;
use bot::config::{File, Secrets};
use bot::drill::{ALERTS, ON_CALL, WAR_ROOM, channels, local, people};
use bot::slack::manifest;
use bot::workspace::Workspace;
use insta::assert_snapshot;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use tests::{START, http, run_test};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tools::capsule::ModelClock;

const SECRETS: [(&str, &str); 2] =
    [("CLARITY_SLACK_BOT_TOKEN", "xoxb-1"), ("CLARITY_SLACK_SIGNING_SECRET", "8f742231b10e8888abcd99yyyzzz85a5")];

fn now() -> Timestamp {
    START.parse().unwrap()
}

/// A workspace whose app has these scopes.
async fn workspace(scopes: impl Iterator<Item = &'static str>) -> (Workspace, JoinSet<()>) {
    let room = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_, mut app) = local("http://127.0.0.1:9/api", "http://127.0.0.1:9");
    app.bot_token = SECRETS[0].1.into();
    app.scopes = scopes.map(str::to_owned).collect();
    Workspace::open(room, app, people(), channels(), Arc::new(ModelClock::starting_at(now()))).unwrap()
}

/// What is found, a line each, with what differs from run to run left out.
async fn found(workspace: &Workspace, home: &Path, more: &str, secrets: &[(&str, &str)]) -> String {
    let (api, path) = (workspace.api_url(), home.join("clarity.redb"));
    let path = path.display();
    let text = format!(
        "slack_api = \"{api}\"\n[storage.embedded]\npath = \"{path}\"\n[[scopes]]\nid = \"prod\"\nwar_room = \"{WAR_ROOM}\"\n{more}"
    );
    let lookup = |name: &str| secrets.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let findings = check(&File::parse(&text).unwrap(), Secrets::read(lookup), None, now()).await.unwrap();
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n").replace(&api, "API").replace(&home.display().to_string(), "HOME")
}

#[tokio::test]
async fn what_is_there_is_good() {
    let (workspace, _server) = workspace(manifest::scopes()).await;
    let home = tempfile::tempdir().unwrap();
    let more = format!("watched = [\"{ALERTS}\"]\nescalate_to = \"{ON_CALL}\"\n");
    let secrets = [SECRETS[0], (SECRETS[1].0, "8f742231b10e8888abcd99baac85a5ff")];
    assert_snapshot!(found(&workspace, home.path(), &more, &secrets).await, @"
    ok       configuration: it and its policy can be used
    ok       bot token: it is clarity's in Local
    ok       scopes: all 15 are granted
    ok       channel C0ALERTS (watched by the scope prod): the app is in #alerts-prod
    ok       channel C0WARROOM (war room of the scope prod): the app is in #war-room
    ok       user group S0ONCALL (the scope prod escalates to it): 2 members
    ok       signing secret: it has the shape of one
    ok       storage HOME/clarity.redb: it is made when the bot starts
    ");
}

#[tokio::test]
async fn what_is_missing_is_told_with_the_step_that_mends_it() {
    let without = ["files:write", "usergroups:read"];
    let (workspace, _server) = workspace(manifest::scopes().filter(|scope| !without.contains(scope))).await;
    workspace.archive(WAR_ROOM);
    workspace.remove_app(ALERTS);
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("clarity.redb"), "no database").unwrap();
    let more = format!("watched = [\"{ALERTS}\", \"C0NOWHERE\"]\nescalate_to = \"{ON_CALL}\"\n");
    assert_snapshot!(found(&workspace, home.path(), &more, &SECRETS).await, @"
    ok       configuration: it and its policy can be used
    ok       bot token: it is clarity's in Local
    MISSING  scope files:write: without it neither pictures nor postmortems are uploaded; give the app what `clarity manifest` prints, and install it again
    MISSING  scope usergroups:read: without it nobody can tell who is in a user group, so plans whose policy asks for one are refused; give the app what `clarity manifest` prints, and install it again
    MISSING  channel C0ALERTS (watched by the scope prod): the app is not in #alerts-prod; type `/invite @Clarity` there
    MISSING  channel C0NOWHERE (watched by the scope prod): Slack does not know it, or it is private and the app is not in it; correct its id, or type `/invite @Clarity` there
    MISSING  channel C0WARROOM (war room of the scope prod): #war-room is archived; bring it back, or name another
    unseen   user group S0ONCALL (the scope prod escalates to it): the token lacks the scope for that
    MISSING  signing secret: it is not 32 hexadecimal digits, as Slack's are; copy it from *Basic Information* of the Slack app
    MISSING  storage HOME/clarity.redb: HOME/clarity.redb cannot be read: I/O error: Not a redb database: magic number mismatch. A file that a bot has open is read when it has stopped, and one that it left behind in a crash when it has been started once more; start the bot on it, or bring back a copy
    ");
}

#[tokio::test]
async fn a_user_group_that_is_not_there_is_told() {
    let (workspace, _server) = workspace(manifest::scopes()).await;
    let home = tempfile::tempdir().unwrap();
    let told = found(&workspace, home.path(), "escalate_to = \"S0GONE\"\n", &SECRETS).await;
    let line = told.lines().find(|line| line.contains("S0GONE")).unwrap();
    assert_snapshot!(line, @"MISSING  user group S0GONE (the scope prod escalates to it): Slack knows no such user group; correct its id, or switch it on again");
}

#[tokio::test]
async fn a_token_that_slack_does_not_take_is_told_and_nothing_is_asked_with_it() {
    let (workspace, _server) = workspace(manifest::scopes()).await;
    let home = tempfile::tempdir().unwrap();
    let secrets = [("CLARITY_SLACK_BOT_TOKEN", "xoxb-2"), SECRETS[1]];
    assert_snapshot!(found(&workspace, &home.path().join("nowhere"), "", &secrets).await, @"
    ok       configuration: it and its policy can be used
    MISSING  bot token: API: Slack refuses: invalid_auth; install the app again, and set CLARITY_SLACK_BOT_TOKEN to the token it gets
    MISSING  signing secret: it is not 32 hexadecimal digits, as Slack's are; copy it from *Basic Information* of the Slack app
    MISSING  storage HOME/clarity.redb: its folder is not there; make the folder
    ");
    assert_eq!(workspace.calls().into_iter().collect::<Vec<_>>(), [("auth.test".to_owned(), 1)]);
    assert_snapshot!(found(&workspace, home.path(), "", &SECRETS[..1]).await, @"
    ok       configuration: it and its policy can be used
    MISSING  secrets: the environment variable CLARITY_SLACK_SIGNING_SECRET is not set: the signing secret of the Slack app, without which nobody can tell Slack from a stranger; set it
    ok       storage HOME/clarity.redb: it is made when the bot starts
    ");
}

#[tokio::test]
async fn the_front_door_is_tried_as_slack_tries_it() {
    run_test(async |room| {
        let config = room.stage.config();
        let file = format!("slack_api = {:?}\n[[scopes]]\nid = \"prod\"\nwar_room = \"{WAR_ROOM}\"\n", config.slack_api);
        let file = File::parse(&file).unwrap();
        let secrets = || Secrets {
            bot_token: config.bot_token.clone(),
            signing_secret: config.signing_secret.clone(),
            app_token: None,
            alarms_secret: None,
            audit_key: None,
            pagerduty_key: None,
            opsgenie_key: None,
        };
        let now = tools::ports::Clock::now(&*room.stage.clock);
        let asked = async |secrets: Secrets, url: &str| {
            let findings = Box::pin(check(&file, Ok(secrets), Some(url), now)).await.unwrap();
            findings.iter().find(|finding| finding.about == "front door").unwrap().to_string()
        };
        let (door, other) = (room.stage.bot_url(), room.stage.workspace.url().to_owned());
        let told = asked(secrets(), &door).await.replace(&door, "DOOR");
        assert_snapshot!(told, @"ok       front door: DOOR answers as Slack wants it");
        let strange = Secrets { signing_secret: "another".into(), ..secrets() };
        assert_snapshot!(asked(strange, &door).await.replace(&door, "DOOR"), @"MISSING  front door: DOOR: the bot there has another signing secret, or another idea of the time; let `clarity serve` answer there, with the same signing secret");
        assert_snapshot!(asked(secrets(), &other).await.replace(&other, "ROOM"), @"MISSING  front door: ROOM: it answers with HTTP 404; let `clarity serve` answer there, with the same signing secret");
        assert_snapshot!(asked(secrets(), "http://127.0.0.1:9").await, @"MISSING  front door: http://127.0.0.1:9: nobody answers there; let `clarity serve` answer there, with the same signing secret");
        let (status, _) = http::get(&format!("{door}/healthz"), &[]).await;
        assert_eq!(status, 200);
    })
    .await;
}

//! Socket Mode: the same conversations, over sockets that come and go.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use blocks::action::{Action, Deed};
use bot::app::StartError;
use bot::check::check;
use bot::config::{File, Secrets, Transport};
use bot::drill::{ALERTS, HouseRules, Speed, Stage, WAR_ROOM, channels, local, people};
use bot::embedded::Embedded;
use bot::serve::{ServeError, start};
use bot::workspace::Workspace;
use bot::workspace::fault::Fault;
use bot::workspace::state::Post;
use insta::assert_snapshot;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tests::{Room, alarm, house, run_test_under};
use tokio::net::TcpListener;
use tools::capsule::{self, ModelClock};
use tools::model::IncidentId;
use tools::recovery::plan::PlanId;

fn by_socket() -> HouseRules {
    house("[slack]\ntransport = \"socket\"\n")
}

/// Waits until the bot has so many sockets open: they are opened in the machine's time, not in the story's.
async fn has_sockets(room: &Room, expected: usize) {
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    while room.stage.workspace.sockets() != expected {
        ticks.tick().await;
    }
}

#[tokio::test]
async fn the_auth_cascade_reads_the_same_over_a_socket() {
    let play = async |house: HouseRules| {
        let capsule = Arc::new(capsule::parse(capsule::AUTH_CASCADE.as_bytes()).unwrap());
        let mut stage = Stage::set_under(house, capsule, Embedded::in_memory(), 0).await.unwrap();
        let report = stage.play(Speed::Max, |_| {}).await.unwrap();
        assert!(report.is_good(), "{report}");
        let told = |posts: &[Post]| -> Vec<String> {
            posts.iter().map(|post| blocks::text::message(&post.body, &|_| None)).collect()
        };
        (told(&report.messages), report.alarms_in, stage.workspace.sockets())
    };
    let (over_http, over_socket) = (play(HouseRules::default()).await, play(by_socket()).await);
    assert_eq!((over_http.2, over_socket.2), (0, 1), "sockets");
    assert_eq!((over_http.0, over_http.1), (over_socket.0, over_socket.1));
}

#[tokio::test]
async fn commands_clicks_and_forms_are_answered_over_a_socket() {
    run_test_under(by_socket(), async |room| {
        room.mina().types("contxt").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        I don't know `contxt`. Did you mean `/incident context`? `/incident help` lists what exists.
        ");
        let plan = Action::Plan(Deed::ApproveBecause, IncidentId(7), PlanId("plan-1f0c".to_owned()));
        let text = json!({"type": "plain_text", "text": "Approve…"});
        let button = json!({"type": "button", "action_id": "a", "text": text, "value": plan.value()});
        let body = json!({"text": "Choose", "blocks": [{"type": "actions", "elements": [button]}]});
        room.stage.workspace.post_as_app("Other", WAR_ROOM, body);
        room.mina().clicks("Approve…").await;
        // What the door answers in the HTTP reply itself goes with the acknowledgement.
        assert_snapshot!(room.mina().fills(" \u{200b}").await.unwrap_err(), @"Please say in a few words why you approve; without a reason it does not count.");
        room.mina().fills("the canary looks well").await.unwrap();
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        INC-7 is not open here. No incident is open.
        ");
    })
    .await;
}

#[tokio::test]
async fn a_hand_over_in_mid_flood_loses_and_doubles_nothing() {
    let disturb = [
        |room: &Room| room.stage.workspace.refresh_sockets("refresh_requested"),
        |room: &Room| room.stage.workspace.refresh_sockets("warning"),
        |room: &Room| room.stage.workspace.cut_sockets(),
        |room: &Room| {
            // What was acknowledged comes once more, and what was not comes again by itself.
            room.stage.workspace.misbehave(Fault::RepeatEvent { times: 2 });
            room.stage.workspace.cut_sockets();
        },
    ];
    for disturb in disturb {
        run_test_under(by_socket(), async |room| {
            for number in 0..40 {
                let alarm = alarm(&format!("prod-orders-api-{number}"), i64::from(number));
                room.stage.workspace.post_as_app("Amazon Q Developer", ALERTS, bot::alarms::amazon_q::compose(&alarm));
                if number % 10 == 5 {
                    disturb(room);
                }
            }
            room.stage.settle().await;
            room.wait(120).await;
            has_sockets(room, 1).await;
            let incidents = room.incidents().await;
            let joined: usize = incidents.iter().map(|incident| incident.alarms.len()).sum();
            let transitions: usize = incidents
                .iter()
                .flat_map(|incident| incident.alarms.iter())
                .map(|joined| joined.transitions.len())
                .sum();
            assert_eq!((incidents.len(), joined, transitions), (1, 40, 40));
            assert_eq!(room.channel().len(), 1, "one card");
            room.skims();
        })
        .await;
    }
}

#[tokio::test]
async fn a_socket_that_will_be_closed_is_read_until_another_is_there() {
    run_test_under(by_socket(), async |room| {
        has_sockets(room, 1).await;
        let before = room.stage.workspace.calls()["apps.connections.open"];
        room.stage.workspace.refresh_sockets("refresh_requested");
        while room.stage.workspace.calls()["apps.connections.open"] == before {
            room.mina().types("contxt").await;
        }
        has_sockets(room, 1).await;
        room.mina().types("contxt").await;
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_slack_does_not_open_is_asked_for_again() {
    run_test_under(by_socket(), async |room| {
        has_sockets(room, 1).await;
        for fault in [
            Fault::Refuse { method: "apps.connections.open".to_owned(), error: "internal_error".to_owned() },
            Fault::LoseAnswer { method: "apps.connections.open".to_owned() },
        ] {
            room.stage.workspace.misbehave(fault);
        }
        room.stage.workspace.cut_sockets();
        has_sockets(room, 0).await;
        has_sockets(room, 1).await;
        room.mina().types("contxt").await;
        assert!(room.reads().contains("Did you mean"));
    })
    .await;
}

#[tokio::test]
async fn an_app_token_that_slack_does_not_take_is_told_before_the_door_opens() {
    let room = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = format!("http://{}/api", room.local_addr().unwrap());
    let (config, mut app) = local(&api, "http://127.0.0.1:9");
    app.app_token = Some("xapp-1".into());
    let clock = Arc::new(ModelClock::starting_at(tests::START.parse().unwrap()));
    let (_workspace, _server) = Workspace::open(room, app, people(), channels(), clock).unwrap();
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("clarity.redb");
    let file = File::parse(&format!(
        "slack_api = \"{api}\"\nlisten = \"127.0.0.1:0\"\nslack.transport = \"socket\"\n[storage.embedded]\npath = {path:?}\n\
         [[scopes]]\nid = \"prod\"\nwar_room = \"{WAR_ROOM}\"\n"
    ))
    .unwrap();
    assert_eq!(file.slack.transport, Transport::Socket);
    let secrets = Secrets {
        bot_token: config.bot_token,
        signing_secret: config.signing_secret,
        app_token: Some("xapp-2".into()),
        alarms_secret: None,
        audit_key: None,
        pagerduty_key: None,
        opsgenie_key: None,
    };
    let findings = check(&file, Ok(secrets.clone()), None, tests::START.parse().unwrap()).await.unwrap();
    let line = findings.iter().find(|finding| finding.about == "app-level token").unwrap().to_string();
    assert_snapshot!(line, @"MISSING  app-level token: Slack refuses: invalid_auth; turn Socket Mode on, and give the token the scope `connections:write`");
    let refused = start(&file, secrets).await.unwrap_err();
    assert!(matches!(refused, ServeError::Start(StartError::Socket(_))));
    assert_snapshot!(refused, @"Slack opens no socket: Slack refuses: invalid_auth. The app-level token needs the scope `connections:write`, and Socket Mode has to be on");
}

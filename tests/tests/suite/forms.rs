//! Forms, menus and people: what a button may ask for before it acts, and whom the chat knows.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use blocks::action::{Action, Deed, Topic};
use bot::drill::{ON_CALL, WAR_ROOM};
use bot::slack::chat::{Chat, ChatError};
use bot::workspace::fault::Fault;
use bot::workspace::{Account, OTHER_TEAM_ID};
use insta::assert_snapshot;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::{Room, http, run_test};
use tools::model::IncidentId;
use tools::recovery::plan::PlanId;
use tools::recovery::policy::{PersonId, Standing};

/// Shows a button in the war room; whose message it is makes no difference to a click.
fn offers(room: &Room, label: &str, action: &Action) {
    let button = json!({"type": "button", "action_id": "a", "text": plain(label), "value": action.value()});
    shows(room, &button);
}

fn shows(room: &Room, element: &Value) {
    let body = json!({"text": "Choose", "blocks": [{"type": "actions", "elements": [element]}]});
    room.stage.workspace.post_as_app("Other", WAR_ROOM, body);
}

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text})
}

fn plan(deed: Deed) -> Action {
    Action::Plan(deed, IncidentId(7), PlanId("plan-1f0c".to_owned()))
}

fn views_opened(room: &Room) -> u64 {
    room.stage.workspace.calls().get("views.open").copied().unwrap_or_default()
}

#[tokio::test]
async fn a_button_that_asks_for_a_form_opens_it_and_does_nothing_else() {
    run_test(async |room| {
        offers(room, "Approve…", &plan(Deed::ApproveBecause));
        room.mina().clicks("Approve…").await;
        assert!(room.mina().has_a_form() && !room.kim().has_a_form());
        assert_eq!(room.reads(), "");
        assert!(room.stage.kept.inbox.take().await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_form_stays_open_until_it_says_something() {
    run_test(async |room| {
        offers(room, "Approve…", &plan(Deed::ApproveBecause));
        room.mina().clicks("Approve…").await;
        assert_snapshot!(room.mina().fills("").await.unwrap_err(), @"Please complete this required field.");
        assert_snapshot!(room.mina().fills(" \u{200b}").await.unwrap_err(), @"Please say in a few words why you approve; without a reason it does not count.");
        assert!(room.mina().has_a_form());
        assert_eq!(room.reads(), "", "nothing was done");
        room.mina().fills("The canary looks well.").await.unwrap();
        assert!(!room.mina().has_a_form());
        let answer = room.reads();
        assert!(answer.starts_with("#war-room, only Mina:\n"), "a form is answered like a click: {answer}");
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_too_long_is_refused_before_it_is_sent() {
    run_test(async |room| {
        offers(room, "Execute…", &plan(Deed::ExecuteNamed));
        room.jun().clicks("Execute…").await;
        assert_snapshot!(room.jun().fills(&"x".repeat(257)).await.unwrap_err(), @"Please use at most 256 characters.");
        let (form, _) = room.stage.workspace.open_form("U0JUN").unwrap();
        room.stage.workspace.close_form("U0JUN", &form);
        assert!(!room.jun().has_a_form());
        let typed = [("typed".to_owned(), "token-exchange".to_owned())].into();
        assert_snapshot!(room.stage.workspace.submit("U0JUN", &form, &typed).await.unwrap_err(), @"That form is no longer open.");
    })
    .await;
}

#[tokio::test]
async fn a_form_that_slack_does_not_open_is_told_to_the_person() {
    run_test(async |room| {
        offers(room, "Execute…", &plan(Deed::ExecuteNamed));
        let told =
            "#war-room, only Mina:\nSlack did not open the form, so nothing was done; please press the button again.";
        for error in ["expired_trigger_id", "exchanged_trigger_id", "internal_error"] {
            let (method, error) = ("views.open".to_owned(), error.to_owned());
            room.stage.workspace.misbehave(Fault::Refuse { method, error });
            room.mina().clicks("Execute…").await;
            assert!(!room.mina().has_a_form());
            assert_eq!(room.reads(), told);
        }
        assert!(room.stage.kept.inbox.take().await.unwrap().is_none());
        room.mina().clicks("Execute…").await;
        assert!(room.mina().has_a_form());
    })
    .await;
}

#[tokio::test]
async fn a_plain_button_opens_no_form() {
    run_test(async |room| {
        offers(room, "Approve", &plan(Deed::Approve));
        room.mina().clicks("Approve").await;
        assert_eq!((views_opened(room), room.mina().has_a_form()), (0, false));
        assert!(room.reads().starts_with("#war-room, only Mina:\n"));
    })
    .await;
}

#[tokio::test]
async fn a_chosen_line_of_a_menu_is_a_click() {
    run_test(async |room| {
        let line = |label: &str, action: &Action| json!({"text": plain(label), "value": action.value()});
        let why = line("Why?", &Action::Ask(Topic::Why, IncidentId(7)));
        let gaps = line("Gaps", &Action::Ask(Topic::Gaps, IncidentId(8)));
        let more = line("Stop it…", &plan(Deed::ExecuteNamed));
        let groups = json!([{"label": plain("Ask"), "options": [why]}, {"label": plain("Do"), "options": [more]}]);
        shows(
            room,
            &json!({"type": "static_select", "action_id": "m", "placeholder": plain("More"), "option_groups": groups}),
        );
        shows(room, &json!({"type": "overflow", "action_id": "o", "options": [gaps]}));
        room.mina().picks("Why?").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        INC-7 is not open here. No incident is open.
        ");
        room.kim().picks("Gaps").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Kim:
        INC-8 is not open here. No incident is open.
        ");
        room.kim().picks("Stop it…").await;
        assert!(room.kim().has_a_form());
        assert_eq!(room.reads(), "");
    })
    .await;
}

#[tokio::test]
async fn the_workspace_refuses_forms_that_slack_would_refuse() {
    run_test(async |room| {
        let (url, token) = (room.stage.workspace.api_url(), room.stage.config().bot_token.clone());
        let bearer = format!("Bearer {}", token.expose_secret());
        let opened = async |arguments: Value| {
            let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
            let (_, body) = http::post(&format!("{url}/views.open"), &headers, &arguments.to_string()).await;
            let answer: Value = serde_json::from_str(&body).unwrap();
            format!("{} {}", answer["error"].as_str().unwrap(), answer["errors"])
        };
        let field = json!({"type": "input", "block_id": "b", "label": plain("L"), "element": {"type": "plain_text_input", "action_id": "a"}});
        let view = json!({"type": "modal", "title": plain("T"), "submit": plain("Go"), "blocks": [field]});
        let long = json!({"type": "modal", "title": plain(&"x".repeat(25)), "blocks": [field]});
        assert_snapshot!(opened(json!({"trigger_id": "1.2", "view": view})).await, @"invalid_trigger_id null");
        assert_snapshot!(opened(json!({"view": view})).await, @r#"invalid_arguments ["missing required field: trigger_id"]"#);
        assert_snapshot!(opened(json!({"trigger_id": "1.2", "view": long})).await, @r#"invalid_arguments ["must be less than 25 characters [json-pointer:/view/title/text]","missing required field: submit, since there is an input [json-pointer:/view]"]"#);
        assert_snapshot!(opened(json!({"trigger_id": "1.2"})).await, @r#"invalid_arguments ["must be `modal` [json-pointer:/view/type]","missing required field: text [json-pointer:/view/title/text]","missing required field: blocks [json-pointer:/view/blocks]"]"#);
    })
    .await;
}

#[tokio::test]
async fn what_somebody_is_to_the_workspace_is_asked_of_it() {
    run_test(async |room| {
        let workspace = &room.stage.workspace;
        let chat = Chat::new(&workspace.api_url(), &room.stage.config().bot_token).unwrap();
        let standing = async |id: &str| chat.standing(&PersonId(id.to_owned())).await;
        for id in ["U0MINA", "U0JUN", "U0DANA", "U0KIM"] {
            assert_eq!(standing(id).await, Ok(Standing::Member), "{id}");
        }
        assert_eq!(standing("U0RAY").await, Ok(Standing::Guest));
        assert_eq!(standing("U0NOBODY").await, Ok(Standing::Stranger));
        workspace.change_person("U0JUN", |jun| jun.account = Account::Deactivated);
        workspace.change_person("U0DANA", |dana| dana.account = Account::OtherTeam);
        assert_eq!(standing("U0JUN").await, Ok(Standing::Deactivated));
        assert_eq!(standing("U0DANA").await, Ok(Standing::Stranger), "{OTHER_TEAM_ID}");
        assert_eq!(workspace.calls()["auth.test"], 2, "once when the bot starts, once for the first question");
        workspace.misbehave(Fault::Limit { method: "users.info".to_owned(), after_s: 7 });
        assert_eq!(standing("U0MINA").await, Err(ChatError::Limited { after_s: 7 }));
    })
    .await;
}

#[tokio::test]
async fn who_is_in_a_user_group_is_asked_of_the_workspace() {
    run_test(async |room| {
        let workspace = &room.stage.workspace;
        let chat = Chat::new(&workspace.api_url(), &room.stage.config().bot_token).unwrap();
        let people = |ids: &[&str]| -> BTreeSet<PersonId> { ids.iter().map(|id| PersonId((*id).to_owned())).collect() };
        assert_eq!(chat.members(ON_CALL).await, Ok(people(&["U0KIM", "U0MINA"])));
        workspace.change_person("U0MINA", |mina| mina.groups.clear());
        workspace.change_person("U0JUN", |jun| jun.groups = [ON_CALL.to_owned()].into());
        assert_eq!(chat.members(ON_CALL).await, Ok(people(&["U0JUN", "U0KIM"])));
        let unknown = Err(ChatError::Refused("no_such_subteam".to_owned()));
        assert_eq!(chat.members("S0NOBODY").await, unknown);
    })
    .await;
}

#[tokio::test]
async fn the_page_fills_in_what_the_room_says_is_open() {
    run_test(async |room| {
        let url = room.stage.workspace.url().to_owned();
        let posts = async |path: &str, body: Value| {
            let headers = [("content-type", "application/json")];
            let (status, body) = http::post(&format!("{url}/room/{path}"), &headers, &body.to_string()).await;
            format!("{status} {body}")
        };
        let line = |label: &str, value: &str| json!({"text": plain(label), "value": value});
        let lines = [line("Approve…", &plan(Deed::ApproveBecause).value()), line("Nothing", "none")];
        let menu = json!({"type": "static_select", "action_id": "m", "placeholder": plain("More"), "options": lines});
        shows(room, &menu);
        let ts = room.stage.workspace.posts().last().unwrap().ts.clone();
        let click = |value: &str| json!({"user": "U0KIM", "channel": WAR_ROOM, "ts": ts, "block_id": "w0", "action_id": "m", "value": value});
        assert_snapshot!(posts("click", click("v1.approve.INC-7.plan-1f0c")).await, @r#"422 {"ok":false,"error":"That line of the menu is no longer there."}"#);
        assert_snapshot!(posts("click", click(&plan(Deed::ApproveBecause).value())).await, @r#"200 {"ok":true}"#);
        let (_, state) = http::get(&format!("{url}/room/state"), &[]).await;
        let state: Value = serde_json::from_str(&state).unwrap();
        let form = &state["forms"][0];
        assert_snapshot!(serde_json::to_string_pretty(&form["fields"]).unwrap(), @r#"
        [
          {
            "block_id": "typed",
            "label": "Your reason",
            "hint": "This plan is of high risk. Your reason is kept with your approval, and everybody who follows the incident can read it.",
            "placeholder": "",
            "value": "",
            "most": 1000,
            "lines": false,
            "required": true,
            "choices": []
          }
        ]
        "#);
        assert_eq!((&form["person"], form["title"].as_str()), (&json!("U0KIM"), Some("Why do you approve?")));
        let sent = |user: &str, typed: &str| json!({"user": user, "form": form["id"], "typed": {"typed": typed}});
        assert_snapshot!(posts("submit", sent("U0JUN", "because")).await, @r#"502 {"ok":false,"error":"That form is no longer open."}"#);
        assert_snapshot!(posts("submit", sent("U0KIM", " ")).await, @r#"200 {"ok":true,"errors":{"typed":"Please say in a few words why you approve; without a reason it does not count."}}"#);
        assert_snapshot!(posts("submit", sent("U0KIM", "because")).await, @r#"200 {"ok":true}"#);
        assert!(!room.kim().has_a_form());
        room.stage.settle().await;
        room.skims();
        room.kim().picks("Approve…").await;
        let (form, _) = room.stage.workspace.open_form("U0KIM").unwrap();
        posts("close", json!({"user": "U0JUN", "form": form})).await;
        assert!(room.kim().has_a_form(), "another person's form");
        posts("close", json!({"user": "U0KIM", "form": form})).await;
        assert!(!room.kim().has_a_form());
    })
    .await;
}

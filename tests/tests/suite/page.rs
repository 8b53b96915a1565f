//! Whoever is on call is called: by a user group, or by the topic of a channel.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::config::Rotas;
use bot::drill::{ALERTS, HouseRules, ON_CALL};
use bot::workspace::fault::Fault;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::scripted::Scripted;
use tests::{Room, alarm, house, run_test_under};
use tools::ports::Clock;

async fn incident(room: &mut Room) {
    room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
    room.skims();
}

fn asked(room: &Room) -> u64 {
    room.stage.workspace.calls().get("usergroups.users.list").copied().unwrap_or_default()
}

#[tokio::test]
async fn the_user_group_is_called_in_the_thread() {
    run_test_under(house(&format!("on_call.user_group = \"{ON_CALL}\"\n")), async |room| {
        incident(room).await;
        let version = room.incidents().await[0].version;
        room.jun().types("page INC-1 \"can you <!channel> look?\"").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        @Kim, @Mina were called in the thread of INC-1.

        #war-room thread:
        📟 @Kim @Mina: @Jun calls you to INC-1: “can you <!channel> look?”
        🔴 INC-1 is not over: for 0 s now, one alarm fires.
        The cause is being looked for; no remedy has been chosen yet.
        ");
        // What was typed calls nobody else, and the call is a fact.
        let posts = room.stage.workspace.posts();
        let line = posts.iter().find(|post| post.body.to_string().contains("📟")).unwrap().body.to_string();
        assert!(line.contains("&lt;!channel&gt;") && !line.contains("<!channel>"), "{line}");
        assert_eq!(room.incidents().await[0].version, version + 1);
        // What Slack said counts for a minute.
        room.jun().types("page").await;
        assert_eq!(asked(room), 1);
        room.wait(61).await;
        room.jun().types("page").await;
        assert_eq!(asked(room), 2);
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn a_call_stands_in_the_timeline_and_in_the_postmortem() {
    run_test_under(house(&format!("on_call.user_group = \"{ON_CALL}\"\n")), async |room| {
        incident(room).await;
        room.jun().types("timeline").await;
        assert!(!room.reads().contains("📟"), "nobody was called yet");
        room.jun().types("page INC-1 look").await;
        room.skims();
        room.jun().types("timeline").await;
        let told = room.reads();
        let line = told.lines().find(|line| line.contains("📟")).unwrap_or_default();
        assert!(line.ends_with("📟 @Kim and @Mina called by @Jun"), "{told}");
        let incident = &room.incidents().await[0];
        let moments = tools::context::timeline(incident);
        let document = blocks::postmortem::document(incident, &moments, room.stage.clock.now(), &|_| None);
        assert!(document.contains("📟"), "{document}");
    })
    .await;
}

#[tokio::test]
async fn whom_plans_escalate_to_is_on_call_unless_told() {
    run_test_under(house(&format!("escalate_to = \"{ON_CALL}\"\n")), async |room| {
        incident(room).await;
        room.jun().types("page").await;
        assert!(room.reads_only("thread").contains("Mina"));
    })
    .await;
}

#[tokio::test]
async fn whoever_the_topic_mentions_is_called() {
    run_test_under(house(&format!("on_call.topic = \"{ALERTS}\"\n")), async |room| {
        incident(room).await;
        room.jun().types("page").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        ⚠️ Nobody was called: the channel's topic mentions nobody.
        ");
        room.stage.workspace.set_topic(ALERTS, "on call this week: <@U0KIM|kim>, then <@U0MINA>");
        room.jun().types("page the canary is red").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        @Kim was called in the thread of INC-1.

        #war-room thread:
        📟 @Kim: @Jun calls you to INC-1: “the canary is red”
        🔴 INC-1 is not over: for 0 s now, one alarm fires.
        The cause is being looked for; no remedy has been chosen yet.
        ");
    })
    .await;
}

#[tokio::test]
async fn whoever_calls_is_told_when_nobody_was_called() {
    run_test_under(house(""), async |room| {
        room.jun().types("page").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        No incident is open in `prod`. When alarms come in, I open one by myself.
        ");
        incident(room).await;
        room.jun().types("page").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        ⚠️ Nobody was called: the configuration names nobody who is on call: `on_call` of the scope is not set.
        ");
    })
    .await;
    run_test_under(house("on_call.user_group = \"S0GONE\"\n"), async |room| {
        incident(room).await;
        room.jun().types("page").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        ⚠️ Nobody was called: Slack refuses: no_such_subteam.
        ");
        let method = "usergroups.users.list".to_owned();
        room.stage.workspace.misbehave(Fault::Limit { method, after_s: 3 });
        room.jun().types("page").await;
        assert_eq!(room.reads(), "");
        room.wait(4).await;
        assert!(room.reads().contains("Nobody was called"));
    })
    .await;
}

/// A house in which a schedule of PagerDuty says who is on call, and a user group stands behind it.
fn by_pagerduty(url: &str) -> HouseRules {
    let rotas = Rotas { pagerduty: Some((url.to_owned(), "key".into())), ..Rotas::default() };
    let told = format!("on_call.pagerduty = \"PSCHED\"\nescalate_to = \"{ON_CALL}\"\n");
    HouseRules { rotas, ..house(&told) }
}

fn on_duty(level: u32, email: &str, name: &str) -> Value {
    json!({"escalation_level": level, "user": {"email": email, "name": name}})
}

#[tokio::test]
async fn whoever_is_on_call_by_pagerduty_is_called() {
    let answer = |_: &_| {
        let all = [
            on_duty(2, "jun@example.com", "Jun"),
            on_duty(1, "kim@example.com", "Kim"),
            on_duty(1, "lena@example.org", "Lena <!channel> *Berg*"),
        ];
        (200, json!({"oncalls": all}))
    };
    let rota = Scripted::new(answer).await;
    run_test_under(by_pagerduty(&rota.url), async |room| {
        incident(room).await;
        room.jun().types("page").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        @Kim, Lena <!channel> ∗Berg∗ (not in this workspace) were called in the thread of INC-1.

        #war-room thread:
        📟 @Kim Lena <!channel> ∗Berg∗ (not in this workspace): @Jun calls you to INC-1
        🔴 INC-1 is not over: for 0 s now, one alarm fires.
        The cause is being looked for; no remedy has been chosen yet.
        ");
        let asked = rota.calls();
        assert_eq!(asked.len(), 1);
        assert_snapshot!(asked[0].operation, @"GET /oncalls?schedule_ids%5B%5D=PSCHED&include%5B%5D=users&earliest=true&limit=100");
        // What it said counts for a minute.
        room.jun().types("page").await;
        assert_eq!(rota.calls().len(), 1);
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn whoever_is_on_call_by_opsgenie_is_called() {
    let rota = Scripted::new(|_| (200, json!({"data": {"onCallRecipients": ["mina@example.com"]}}))).await;
    let rotas = Rotas { opsgenie: Some((rota.url.clone(), "key".into())), ..Rotas::default() };
    let rules = HouseRules { rotas, ..house("on_call.opsgenie = \"d875e654-9b4e\"\n") };
    run_test_under(rules, async |room| {
        incident(room).await;
        room.jun().types("page").await;
        assert!(room.reads_only("thread").contains("@Mina: @Jun calls you to INC-1"));
        assert_snapshot!(rota.calls()[0].operation, @"GET /v2/schedules/d875e654-9b4e/on-calls?flat=true");
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn where_a_schedule_is_silent_the_user_group_is_called() {
    let silent: [(u16, Value, &str); 5] = [
        (401, json!({}), "it does not accept the key"),
        (404, json!({}), "it knows no such schedule"),
        (500, json!({}), "HTTP 500"),
        (200, json!({"error": "x"}), "its answer has no `oncalls`"),
        (200, json!({"oncalls": []}), "nobody is on call by the schedule now"),
    ];
    for (status, body, why) in silent {
        let rota = Scripted::new(move |_| (status, body.clone())).await;
        run_test_under(by_pagerduty(&rota.url), async |room| {
            incident(room).await;
            room.jun().types("page").await;
            let told = room.reads();
            assert!(told.contains(why) && told.contains("That is the user group, not the schedule"), "{told}");
            assert!(told.contains("📟 @Kim @Mina"), "{told}");
        })
        .await;
    }
}

#[tokio::test]
async fn where_nobody_else_is_told_of_a_silent_schedule_calls_nobody() {
    let rotas = Rotas { pagerduty: Some(("http://127.0.0.1:9".to_owned(), "key".into())), ..Rotas::default() };
    run_test_under(HouseRules { rotas, ..house("on_call.pagerduty = \"PSCHED\"\n") }, async |room| {
        incident(room).await;
        room.jun().types("page").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        ⚠️ Nobody was called: PagerDuty does not say who is on call: it cannot be reached.
        ");
    })
    .await;
}

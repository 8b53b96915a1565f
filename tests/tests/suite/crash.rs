//! Kill the process at any point, or let Slack have a bad day: nothing is lost, nothing is said twice.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::workspace::fault::Fault;
use tests::{Room, alarm, run_test};

/// What a crash must not break, whatever the facts lie in.
macro_rules! on_every_store {
    ($($story:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test]
            async fn $story() {
                tests::run_test(super::$story).await;
            })*
        }

        #[cfg(feature = "aws")]
        mod aws {
            $(#[tokio::test]
            async fn $story() {
                tests::aws::run_test(super::$story).await;
            })*
        }
    };
}

on_every_store!(
    killed_between_fact_and_post_it_posts_once,
    killed_between_post_and_its_answer_it_finds_its_own_message,
    a_restart_in_the_middle_of_a_flood_goes_on_with_the_same_card,
);

const POST: &str = "chat.postMessage";
const UPDATE: &str = "chat.update";

async fn flood(room: &mut Room) {
    for (name, at) in
        [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)]
    {
        room.eventbridge(&alarm(name, at)).await;
    }
}

/// After whatever happened: one card that tells all three alarms, each of them once in its thread.
#[track_caller]
fn one_card_and_a_full_thread(room: &mut Room) {
    room.skims();
    let channel = room.channel();
    assert_eq!(channel.len(), 1, "one message in the channel: {channel:#?}");
    let text = channel[0].body["text"].as_str().unwrap_or_default();
    assert!(text.contains("INC-1"), "{text}");
    let names = |_: &str| None;
    let posts = room.stage.workspace.posts();
    let thread = posts.iter().filter(|post| post.thread_ts.as_ref() == Some(&channel[0].ts));
    let thread: Vec<String> = thread.map(|post| blocks::text::message(&post.body, &names)).collect();
    let thread = thread.join("\n");
    for name in ["prod-user-pool-throttles", "prod-token-exchange-errors", "prod-orders-api-5xx"] {
        assert_eq!(thread.matches(&format!("ALARM {name} ")).count(), 1, "{name} stands once in:\n{thread}");
    }
}

async fn killed_between_fact_and_post_it_posts_once(room: &mut Room) {
    room.stage.workspace.misbehave(Fault::Limit { method: POST.to_owned(), after_s: 20 });
    room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
    assert!(room.channel().is_empty(), "Slack asked to wait");
    room.restart().await;
    assert!(room.channel().is_empty(), "what Slack asked for outlives the process");
    room.wait(20).await;
    assert_eq!(room.channel().len(), 1);
    flood(room).await;
    room.wait(30).await;
    one_card_and_a_full_thread(room);
}

async fn killed_between_post_and_its_answer_it_finds_its_own_message(room: &mut Room) {
    room.stage.workspace.misbehave(Fault::LoseAnswer { method: POST.to_owned() });
    room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
    assert_eq!(room.channel().len(), 1, "it is there, and the bot does not know");
    room.restart().await;
    flood(room).await;
    room.wait(30).await;
    one_card_and_a_full_thread(room);
}

#[tokio::test]
async fn a_lost_answer_is_not_said_twice() {
    run_test(async |room| {
        flood(room).await;
        room.wait(30).await;
        room.skims();
        // The next post is a line in the thread.
        room.stage.workspace.misbehave(Fault::LoseAnswer { method: POST.to_owned() });
        room.eventbridge(&alarm("prod-web-5xx", 200)).await;
        room.wait(30).await;
        let thread = room.reads();
        assert_eq!(thread.matches("ALARM prod-web-5xx ").count(), 1, "{thread}");
        one_card_and_a_full_thread(room);
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_grew_while_nobody_knew_is_not_said_twice() {
    run_test(async |room| {
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        room.eventbridge(&alarm("prod-token-exchange-errors", 140)).await;
        // The thread's first lines arrive, but their answer is lost; before anybody looks, one more line is due.
        room.stage.workspace.misbehave(Fault::LoseAnswer { method: POST.to_owned() });
        room.eventbridge(&alarm("prod-orders-api-5xx", 150)).await;
        room.stage.workspace.misbehave(Fault::Limit { method: "conversations.replies".to_owned(), after_s: 5 });
        room.eventbridge(&alarm("prod-web-5xx", 151)).await;
        room.restart().await;
        room.wait(60).await;
        let everything = room.reads();
        assert_eq!(everything.matches("ALARM prod-web-5xx ").count(), 1, "{everything}");
        one_card_and_a_full_thread(room);
    })
    .await;
}

#[tokio::test]
async fn a_card_that_somebody_deleted_comes_back() {
    run_test(async |room| {
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        room.skims();
        room.stage
            .workspace
            .misbehave(Fault::Refuse { method: UPDATE.to_owned(), error: "message_not_found".to_owned() });
        room.eventbridge(&alarm("prod-token-exchange-errors", 140)).await;
        let line = room.reads();
        assert!(line.starts_with("#war-room:") && line.contains("prod-token-exchange-errors"), "posted anew:\n{line}");
    })
    .await;
}

#[tokio::test]
async fn what_slack_refuses_for_good_holds_nothing_else_back() {
    run_test(async |room| {
        room.stage
            .workspace
            .misbehave(Fault::Refuse { method: POST.to_owned(), error: "restricted_action".to_owned() });
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        assert_eq!(room.reads(), "");
        flood(room).await;
        room.wait(30).await;
        one_card_and_a_full_thread(room);
    })
    .await;
}

#[tokio::test]
async fn a_first_post_found_again_is_brought_up_to_date() {
    run_test(async |room| {
        room.stage.workspace.misbehave(Fault::LoseAnswer { method: POST.to_owned() });
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        // Before the bot looks for its post, there is more to say in it.
        room.eventbridge(&alarm("prod-token-exchange-errors", 130)).await;
        room.wait(10).await;
        let line = room.reads();
        assert_eq!(room.channel().len(), 1);
        assert!(line.contains("prod-token-exchange-errors"), "the newest word stands there:\n{line}");
    })
    .await;
}

#[tokio::test]
async fn too_many_requests_only_delay() {
    run_test(async |room| {
        for method in [POST, UPDATE, POST, UPDATE] {
            room.stage.workspace.misbehave(Fault::Limit { method: method.to_owned(), after_s: 5 });
        }
        flood(room).await;
        room.wait(60).await;
        one_card_and_a_full_thread(room);
    })
    .await;
}

#[tokio::test]
async fn events_that_come_several_times_are_one() {
    run_test(async |room| {
        room.stage.workspace.misbehave(Fault::RepeatEvent { times: 3 });
        room.amazon_q(&alarm("prod-user-pool-throttles", 125)).await;
        room.skims();
        let incidents = room.incidents().await;
        assert_eq!((incidents.len(), incidents[0].version), (1, 2));
    })
    .await;
}

#[tokio::test]
async fn while_the_bot_is_down_slack_tries_again() {
    run_test(async |room| {
        room.stage.kill_bot().await;
        let body = bot::alarms::amazon_q::compose(&alarm("prod-user-pool-throttles", 0));
        room.stage.workspace.post_as_app("Amazon Q Developer", bot::drill::ALERTS, body);
        room.stage.workspace.settled().await;
        room.restart().await;
        // Slack's second retry comes after a minute.
        room.wait(65).await;
        room.skims();
        assert_eq!(room.incidents().await.len(), 1);
    })
    .await;
}

async fn a_restart_in_the_middle_of_a_flood_goes_on_with_the_same_card(room: &mut Room) {
    flood(room).await;
    room.restart().await;
    room.eventbridge(&alarm("prod-web-5xx", 180)).await;
    room.wait(30).await;
    one_card_and_a_full_thread(room);
    assert_eq!(room.incidents().await.len(), 1);
}

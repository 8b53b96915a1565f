//! What people type and press.

use insta::assert_snapshot;
use tests::{Room, alarm, run_test};

async fn flood(room: &mut Room) {
    for (name, at) in [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)] {
        room.eventbridge(&alarm(name, at)).await;
    }
    room.skims();
}

#[tokio::test]
async fn help_lists_what_exists() {
    run_test(async |room| {
        room.mina().types("help").await;
        assert_snapshot!(room.reads(), @"");
        room.mina().types("").await;
        assert!(room.reads().contains("/incident context"), "nothing typed is a call for help");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_command_gets_a_sentence_that_helps() {
    run_test(async |room| {
        room.mina().types("contxt").await;
        assert_snapshot!(room.reads(), @"");
        room.mina().types("make coffee <!channel>").await;
        assert_snapshot!(room.reads(), @"");
        room.mina().types("context of what").await;
        assert_snapshot!(room.reads(), @"");
    })
    .await;
}

#[tokio::test]
async fn context_without_an_incident_says_so() {
    run_test(async |room| {
        room.mina().types("context").await;
        assert_snapshot!(room.reads(), @"");
        room.mina().types("context INC-9").await;
        assert_snapshot!(room.reads(), @"");
    })
    .await;
}

#[tokio::test]
async fn context_answers_in_one_message_only_the_asker_sees() {
    run_test(async |room| {
        flood(room).await;
        room.mina().types("context").await;
        assert_snapshot!(room.reads_only("only Mina"), @"");
    })
    .await;
}

#[tokio::test]
async fn asked_again_it_leads_with_what_is_new_to_this_person() {
    run_test(async |room| {
        flood(room).await;
        room.mina().types("context").await;
        room.skims();
        room.wait(20).await;
        room.eventbridge(&alarm("prod-web-5xx", 180)).await;
        room.skims();
        room.mina().types("context").await;
        let answer = room.reads_only("only Mina");
        assert_snapshot!(answer.lines().take(4).collect::<Vec<_>>().join("\n"), @"");
        room.jun().types("context").await;
        let answer = room.reads_only("only Jun");
        assert!(!answer.contains("Since you looked"), "Jun looks for the first time:\n{answer}");
    })
    .await;
}

#[tokio::test]
async fn the_button_on_the_card_answers_who_pressed_it() {
    run_test(async |room| {
        flood(room).await;
        room.jun().clicks("Context, just for me").await;
        let answer = room.reads_only("only Jun");
        assert!(answer.contains("INC-1 · context"), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn a_button_of_an_older_release_is_answered_in_words() {
    run_test(async |room| {
        flood(room).await;
        let card = room.channel().remove(0);
        let old = serde_json::json!({"action_id": "clarity.approve", "value": "v0.approve.17", "text": {}});
        room.stage.workspace.click("U0MINA", &card, "b9", &old).await.unwrap();
        room.stage.settle().await;
        assert_snapshot!(room.reads(), @"");
    })
    .await;
}

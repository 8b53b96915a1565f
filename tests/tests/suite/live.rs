//! Answers that grow while they are read, and can be stopped.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::config::Bedrock;
use bot::drill::HouseRules;
use bot::workspace::fault::Fault;
use bot::workspace::state::Post;
use insta::assert_snapshot;
use jiff::SignedDuration;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tests::speaker::{Speaker, speak, tells};
use tests::{Room, run_test_under};
use tokio::sync::mpsc::UnboundedSender;
use tools::language::{Failure, Heard, Prompt, Reply};
use tools::ports::LanguageModel;

const MINA: &str = "U0MINA";

/// What is true of the flood, and what is not.
const TRUE: (&str, &[&str]) = ("`user-pool` left its normal range at 03:12 UTC.", &["E2"]);
const FALSE: (&str, &[&str]) = ("`billing-export` caused it.", &["E2"]);

/// A model that begins to answer questions, and then says nothing more, or fails. From the second question on it answers.
#[derive(Debug)]
struct Halting {
    begins: Reply,
    fails: bool,
    asked: AtomicUsize,
}

impl Halting {
    fn house(begins: Reply, fails: bool) -> HouseRules {
        let model: Arc<dyn LanguageModel> = Arc::new(Self { begins, fails, asked: AtomicUsize::new(0) });
        HouseRules { model: Some((model, Bedrock::default().limits())), ..HouseRules::default() }
    }
}

#[async_trait::async_trait]
impl LanguageModel for Halting {
    async fn converse(&self, _prompt: &Prompt, heard: Option<&UnboundedSender<Heard>>) -> Result<Reply, Failure> {
        // What is phrased for the card is another matter.
        let Some(heard) = heard else { return Ok(tells(&[])) };
        speak(&self.begins, heard);
        if self.fails {
            return Err(Failure::Throttled("busy".to_owned()));
        }
        if self.asked.fetch_add(1, Ordering::Relaxed) == 0 {
            std::future::pending::<()>().await;
        }
        Ok(self.begins.clone())
    }
}

/// What stands in the conversation that Mina has with the bot, in a thread.
fn answer(room: &Room) -> Option<Post> {
    let posts = room.stage.workspace.posts();
    posts.into_iter().rev().find(|post| post.channel.starts_with('D') && post.is_ours() && post.thread_ts.is_some())
}

fn text(post: &Post) -> String {
    blocks::text::message(&post.body, &|_| None)
}

/// Waits until the answer says this.
async fn says(room: &Room, part: &str) -> Post {
    loop {
        if let Some(post) = answer(room).filter(|post| text(post).contains(part)) {
            return post;
        }
        tokio::task::yield_now().await;
    }
}

/// A flood, and a question about it.
async fn asks(room: &mut Room) {
    room.floods().await;
    room.skims();
    room.stage.workspace.write_to_app(MINA, "why do logins fail?");
}

fn calls(room: &Room, method: &str) -> u64 {
    room.stage.workspace.calls().get(method).copied().unwrap_or_default()
}

#[tokio::test]
async fn an_answer_grows_under_the_question() {
    let speaker = Speaker::new(|_| Ok(tells(&[TRUE])));
    run_test_under(speaker.house(), async |room| {
        asks(room).await;
        room.stage.settle().await;
        assert_snapshot!(room.reads_only("clarity-and-mina"), @"
        #clarity-and-mina thread:
        INC-1 · you asked
        “why do logins fail?”
        `user-pool` left its normal range at 03:12 UTC. (E2)
        What supports it
        • E2 `user-pool` left its normal range at 03:12:00 UTC · `GetMetricData user-pool requests,faults Sum 60s`
        · Phrased by a model, each sentence checked · $0.004
        ");
        assert_eq!(["chat.startStream", "chat.stopStream"].map(|method| calls(room, method)), [1, 1]);
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn where_messages_do_not_grow_one_is_edited() {
    let speaker = Speaker::new(|_| Ok(tells(&[TRUE])));
    run_test_under(speaker.house(), async |room| {
        let (method, error) = ("chat.startStream".to_owned(), "unknown_method".to_owned());
        room.stage.workspace.misbehave(Fault::Refuse { method, error });
        asks(room).await;
        room.stage.settle().await;
        let told = room.reads_only("clarity-and-mina");
        assert!(told.contains("left its normal range") && !told.contains("Stop"), "{told}");
        room.skims();
        // It is known for a while, and asked again after that.
        room.stage.workspace.write_to_app(MINA, "why is that?");
        room.stage.settle().await;
        assert_eq!(calls(room, "chat.startStream"), 1);
        room.leap(SignedDuration::from_hours(1));
        room.stage.workspace.write_to_app(MINA, "why is that?");
        room.stage.settle().await;
        assert_eq!(calls(room, "chat.startStream"), 2);
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn whoever_asked_stops_it_by_a_word_and_keeps_what_was_said() {
    run_test_under(Halting::house(tells(&[TRUE, FALSE]), false), async |room| {
        asks(room).await;
        let growing = says(room, "left its normal range").await;
        assert!(!text(&growing).contains("billing-export"), "what is false is never seen");
        room.stage.workspace.write_to_app(MINA, "stop");
        room.stage.settle().await;
        assert_snapshot!(room.reads_only("clarity-and-mina"), @"
        #clarity-and-mina thread:
        INC-1 · you asked
        “why do logins fail?”
        `user-pool` left its normal range at 03:12 UTC. (E2)
        · Stopped, as you wanted
        ");
        room.skims();
        room.stage.workspace.write_to_app(MINA, "stop");
        room.stage.settle().await;
        assert_snapshot!(room.reads(), @"
        #clarity-and-mina:
        No answer of yours is under way here. One takes less than a minute, and then it is over.
        ");
    })
    .await;
}

#[tokio::test]
async fn whoever_asked_stops_it_by_a_button_and_nobody_else_does() {
    run_test_under(Halting::house(tells(&[TRUE]), false), async |room| {
        let (method, error) = ("chat.startStream".to_owned(), "feature_not_enabled".to_owned());
        room.stage.workspace.misbehave(Fault::Refuse { method, error });
        asks(room).await;
        says(room, "Looking into it").await;
        let offer = room.offer("Stop");
        room.jun().clicks_and_leaves("Stop").await;
        let refused = loop {
            let posts = room.stage.workspace.posts();
            if let Some(post) = posts.into_iter().find(|post| post.ephemeral_to.as_deref() == Some("U0JUN")) {
                break text(&post);
            }
            tokio::task::yield_now().await;
        };
        assert_snapshot!(refused, @"@U0MINA asked that; whoever asks can stop the answer.");
        room.mina().presses(&offer).await;
        assert!(text(&answer(room).unwrap()).contains("Stopped, as you wanted"));
        room.skims();
        // Once it is over, the button says so.
        room.mina().presses(&offer).await;
        assert!(room.reads().contains("No answer of yours is under way here."));
    })
    .await;
}

#[tokio::test]
async fn a_crash_leaves_no_message_half_said() {
    run_test_under(Halting::house(tells(&[TRUE]), false), async |room| {
        asks(room).await;
        let growing = says(room, "left its normal range").await;
        room.restart().await;
        room.stage.settle().await;
        let whole = answer(room).unwrap();
        assert_eq!(whole.ts, growing.ts, "one answer, in one message");
        assert!(text(&whole).contains("What supports it"), "{}", text(&whole));
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn a_model_that_fails_on_the_way_leaves_the_word_to_the_rules() {
    run_test_under(Halting::house(tells(&[TRUE]), true), async |room| {
        asks(room).await;
        room.stage.settle().await;
        let told = room.reads_only("clarity-and-mina");
        assert!(told.contains("INC-1 · ") && !told.contains("Looking into"), "{told}");
        assert_eq!(calls(room, "chat.stopStream"), 1);
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn who_deletes_the_message_gets_the_answer_all_the_same() {
    run_test_under(Halting::house(tells(&[TRUE]), false), async |room| {
        asks(room).await;
        let growing = says(room, "left its normal range").await;
        room.stage.workspace.delete(&growing.channel, &growing.ts);
        room.stage.workspace.write_to_app(MINA, "stop");
        room.stage.settle().await;
        assert!(room.reads_only("clarity-and-mina").contains("Stopped, as you wanted"));
        room.skims();
    })
    .await;
}

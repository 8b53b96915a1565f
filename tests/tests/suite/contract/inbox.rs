//! What every inbox promises, tried on each of them.

#![expect(clippy::unwrap_used, reason = "every function here is the body of a test")]

use bot::event::{Asked, Delivered, Event, EventKey};
use bot::ports::Inbox;
use std::sync::Arc;
use tests::START;
use tools::model::ScopeId;

/// Something an inbox can be opened on.
struct Shelf {
    /// Opens it again, as another process would. An embedded inbox has to be dropped before.
    open: Box<dyn Fn() -> Arc<dyn Inbox>>,
}

impl Shelf {
    fn embedded() -> Self {
        let home = tempfile::tempdir().unwrap();
        let open = move || -> Arc<dyn Inbox> {
            Arc::new(bot::embedded::Embedded::open(&home.path().join("inbox.redb")).unwrap())
        };
        Self { open: Box::new(open) }
    }

    #[cfg(feature = "aws")]
    async fn sqs() -> Self {
        let account = tests::aws::Account::new().await;
        let queue = account.fifo().await;
        Self { open: Box::new(move || Arc::new(bot::aws::SqsInbox::new(&account.config, &queue, 0))) }
    }
}

macro_rules! contract {
    ($($promise:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(&super::Shelf::embedded()).await;
            })*
        }

        #[cfg(feature = "aws")]
        mod sqs {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(&super::Shelf::sqs().await).await;
            })*
        }
    };
}

contract!(
    a_scope_is_handled_in_order,
    what_is_not_done_comes_again,
    the_same_event_twice_is_one,
    what_was_put_comes_out_as_it_was,
    scopes_do_not_wait_for_each_other,
);

fn event(in_scope: &str, key: &str) -> Delivered {
    let asked = Asked { by: "U1".to_owned(), channel: "C1".to_owned(), response_url: "http://localhost/é".to_owned() };
    Delivered {
        key: EventKey(key.to_owned()),
        scope: ScopeId(in_scope.to_owned()),
        at: START.parse().unwrap(),
        event: Event::Command { text: "help \u{1f6a8} \"<&>\"".to_owned(), thread: None, about: None, asked },
    }
}

/// Takes until nothing is left; returns the keys.
async fn drain(inbox: &dyn Inbox) -> Vec<String> {
    let mut keys = Vec::new();
    while let Some(delivered) = inbox.take().await.unwrap() {
        inbox.done(&delivered.key).await.unwrap();
        keys.push(delivered.key.0);
    }
    keys
}

async fn a_scope_is_handled_in_order(shelf: &Shelf) {
    let inbox = (shelf.open)();
    assert_eq!(inbox.take().await.unwrap(), None);
    let keys: Vec<String> = (0..25).map(|number| format!("k{number}")).collect();
    for key in &keys {
        inbox.put(event("prod", key)).await.unwrap();
    }
    assert_eq!(drain(&*inbox).await, keys);
}

async fn what_is_not_done_comes_again(shelf: &Shelf) {
    let inbox = (shelf.open)();
    inbox.put(event("prod", "a")).await.unwrap();
    inbox.put(event("prod", "b")).await.unwrap();
    for _ in 0..2 {
        assert_eq!(inbox.take().await.unwrap(), Some(event("prod", "a")));
    }
    drop(inbox);
    // The process is gone; a queue notices after a while.
    let inbox = (shelf.open)();
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(200));
    let mut tries = 0;
    let again = loop {
        ticks.tick().await;
        tries += 1;
        assert!(tries < 50, "it does not come again");
        if let Some(delivered) = inbox.take().await.unwrap() {
            break delivered;
        }
    };
    assert_eq!(again, event("prod", "a"));
    assert_eq!(drain(&*inbox).await, ["a", "b"]);
    assert_eq!(inbox.take().await.unwrap(), None);
    inbox.done(&EventKey("never put".to_owned())).await.unwrap();
}

async fn the_same_event_twice_is_one(shelf: &Shelf) {
    let inbox = (shelf.open)();
    for key in ["a", "b", "a", "b", "a"] {
        inbox.put(event("prod", key)).await.unwrap();
    }
    assert_eq!(drain(&*inbox).await, ["a", "b"]);
}

async fn what_was_put_comes_out_as_it_was(shelf: &Shelf) {
    let inbox = (shelf.open)();
    // Keys come from outside: any length, any character.
    let long = format!("slack/{}", "x/é\u{1f6a8} ".repeat(200));
    inbox.put(event("prod", &long)).await.unwrap();
    assert_eq!(inbox.take().await.unwrap(), Some(event("prod", &long)));
}

async fn scopes_do_not_wait_for_each_other(shelf: &Shelf) {
    let inbox = (shelf.open)();
    for (in_scope, key) in [("prod", "p1"), ("dev", "d1"), ("prod", "p2"), ("dev", "d2")] {
        inbox.put(event(in_scope, key)).await.unwrap();
    }
    let keys = drain(&*inbox).await;
    for (first, second) in [("p1", "p2"), ("d1", "d2")] {
        let at = |key: &str| keys.iter().position(|known| known == key).unwrap();
        assert!(at(first) < at(second), "{keys:?}");
    }
    assert_eq!(keys.len(), 4);
}

#[cfg(feature = "aws")]
mod sqs_alone {
    use super::*;
    use jiff::Timestamp;
    use tests::aws::Account;

    #[tokio::test]
    async fn an_event_that_is_too_large_is_refused_with_its_size() {
        let inbox = (Shelf::sqs().await.open)();
        let mut large = event("prod", "large");
        if let Event::Command { text, .. } = &mut large.event {
            *text = "x".repeat(bot::aws::inbox::MAX_MESSAGE);
        }
        let refused = inbox.put(large).await.unwrap_err().to_string();
        assert!(refused.contains("the event large takes 262"), "{refused}");
        assert_eq!(inbox.take().await.unwrap(), None);
    }

    #[tokio::test]
    async fn two_processes_share_the_scopes() {
        let shelf = Shelf::sqs().await;
        let (one, other) = ((shelf.open)(), (shelf.open)());
        one.put(event("prod", "p1")).await.unwrap();
        one.put(event("prod", "p2")).await.unwrap();
        assert_eq!(one.take().await.unwrap(), Some(event("prod", "p1")));
        one.put(event("prod", "p3")).await.unwrap();
        one.put(event("dev", "d1")).await.unwrap();
        // While one process works on a scope, the other gets none of it.
        assert_eq!(drain(&*other).await, ["d1"]);
        assert_eq!(drain(&*one).await, ["p1", "p2", "p3"]);
    }

    #[tokio::test]
    async fn a_message_that_is_no_event_holds_nobody_up() {
        let account = Account::new().await;
        let queue = account.fifo().await;
        let sqs = aws_sdk_sqs::Client::new(&account.config);
        let junk = sqs.send_message().queue_url(&queue).message_body("{}").message_group_id("junk");
        junk.message_deduplication_id("junk").send().await.unwrap();
        let inbox = bot::aws::SqsInbox::new(&account.config, &queue, 0);
        inbox.put(event("prod", "a")).await.unwrap();
        assert_eq!(drain(&inbox).await, ["a"]);
    }

    #[tokio::test]
    async fn what_is_put_for_later_comes_later() {
        let account = Account::new().await;
        let (later, url) = account.delay_queue().await;
        let now: Timestamp = START.parse().unwrap();
        let after = |ms: i64| now.saturating_add(jiff::SignedDuration::from_millis(ms)).unwrap();
        later.put_at("second", after(1200), now).await.unwrap();
        later.put_at("first", after(-5), now).await.unwrap();
        let sqs = aws_sdk_sqs::Client::new(&account.config);
        let mut bodies = Vec::new();
        while bodies.len() < 2 {
            let receive = sqs.receive_message().queue_url(&url).wait_time_seconds(5).send().await.unwrap();
            let messages = receive.messages.unwrap_or_default();
            assert!(!messages.is_empty(), "only {bodies:?} came");
            bodies.extend(messages.into_iter().filter_map(|message| message.body));
        }
        assert_eq!(bodies, ["first", "second"]);
    }
}

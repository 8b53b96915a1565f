//! The drill that comes with the program.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::drill::{Speed, Stage};
use bot::embedded::Embedded;
use std::sync::Arc;
use tools::capsule;
#[cfg(feature = "aws")]
use tools::model::Signal;

#[tokio::test]
async fn the_auth_cascade_becomes_one_card_and_one_line_apart() {
    let capsule = Arc::new(capsule::parse(capsule::AUTH_CASCADE.as_bytes()).unwrap());
    let mut stage = Stage::set(capsule, Embedded::in_memory(), 0).await.unwrap();
    let report = stage.play(Speed::Max, |_| {}).await.unwrap();
    assert!(report.is_good(), "{report}");
    assert_eq!(report.messages.len(), 2, "{report}");
}

/// The first minute of the same story, with the facts in DynamoDB and the events in SQS, reads the same.
#[cfg(feature = "aws")]
#[tokio::test]
async fn the_auth_cascade_reads_the_same_on_aws() {
    let account = tests::aws::Account::new().await;
    let kept = account.kept(&account.table().await, &account.fifo().await);
    let play = async |kept: bot::app::Kept| {
        let mut capsule = capsule::parse(capsule::AUTH_CASCADE.as_bytes()).unwrap();
        let alarms = capsule.signals.iter().filter(|delivery| matches!(delivery.signal, Signal::Alarm { .. }));
        let first = alarms.map(|delivery| delivery.received).min().unwrap();
        capsule.signals.retain(|delivery| delivery.received.duration_since(first).as_secs() < 60);
        let mut stage = Stage::set(Arc::new(capsule), kept, 0).await.unwrap();
        let report = stage.play(Speed::Max, |_| {}).await.unwrap();
        let told = |posts: &[bot::workspace::state::Post]| -> Vec<String> {
            posts.iter().map(|post| blocks::text::message(&post.body, &|_| None)).collect()
        };
        assert!(report.is_good(), "{report}");
        // Which lines went out together depends on how quick the store is; what they say does not.
        let thread: Vec<String> =
            told(&report.thread).iter().flat_map(|post| post.lines()).map(str::to_owned).collect();
        (told(&report.messages), thread, report.incidents)
    };
    let (on_aws, embedded) = (play(kept).await, play(Embedded::in_memory().into()).await);
    assert_eq!(on_aws.0, embedded.0, "what stands in the channel");
    assert_eq!(on_aws.1, embedded.1, "what stands in the thread");
    assert_eq!(on_aws.2, embedded.2, "the facts");
}

//! The drill that comes with the program.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::drill::{Speed, Stage};
use bot::embedded::Embedded;
use std::sync::Arc;
use tools::capsule;

#[tokio::test]
async fn the_auth_cascade_becomes_one_card_and_one_line_apart() {
    let capsule = Arc::new(capsule::parse(capsule::AUTH_CASCADE.as_bytes()).unwrap());
    let mut stage = Stage::set(capsule, Embedded::in_memory(), 0).await.unwrap();
    let report = stage.play(Speed::Max, |_| {}).await.unwrap();
    assert!(report.is_good(), "{report}");
    assert_eq!(report.messages.len(), 2, "{report}");
}

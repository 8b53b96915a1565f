//! What only a store with several processes has.

use super::*;

#[tokio::test]
async fn one_sends_at_a_time() {
    let [one, other] = (Shelf::dynamodb().await.two)();
    let mut append = opening(1, "prod", "k1", 0);
    append.intents = vec![tell("a")];
    one.append(append).await.unwrap();
    assert_eq!(open(one.outbox_take(at(0), None).await.unwrap()).len(), 1);
    assert!(matches!(other.outbox_take(at(0), None).await.unwrap(), Taken::Busy { ask_again } if ask_again > at(0)));
    // Resting lets the other one in, at once.
    one.outbox_done(Vec::new(), None, at(0)).await.unwrap();
    let pending = open(other.outbox_take(at(0), None).await.unwrap());
    assert!(pending[0].taken_before);
    assert!(matches!(one.outbox_take(at(0), None).await.unwrap(), Taken::Busy { .. }));
    // So does having nothing left.
    other.outbox_done(vec![(pending[0].id, Outcome::Superseded)], None, at(0)).await.unwrap();
    assert!(open(other.outbox_take(at(0), None).await.unwrap()).is_empty());
    assert!(open(one.outbox_take(at(0), None).await.unwrap()).is_empty());
}

#[tokio::test]
async fn who_comes_back_after_another_begins_anew() {
    let [one, other] = (Shelf::dynamodb().await.two)();
    let mut append = opening(1, "prod", "k1", 0);
    append.intents = vec![tell("a"), tell("b")];
    one.append(append).await.unwrap();
    let pending = open(one.outbox_take(at(0), None).await.unwrap());
    one.outbox_done(Vec::new(), None, at(0)).await.unwrap();
    assert_eq!(open(other.outbox_take(at(0), None).await.unwrap()).len(), 2);
    other.outbox_done(vec![(pending[0].id, Outcome::Superseded)], Some(&budget()), at(0)).await.unwrap();
    other.outbox_done(Vec::new(), None, at(0)).await.unwrap();
    let taken = one.outbox_take(at(0), Some(pending[1].id)).await.unwrap();
    let Taken::Anew { open, budget: left } = taken else { panic!("another one sent meanwhile: {taken:?}") };
    assert_eq!((open.len(), open[0].id, open[0].taken_before, left), (1, pending[1].id, true, Box::new(budget())));
}

#[tokio::test]
async fn who_works_on_keeps_its_turn() {
    let [one, other] = (Shelf::dynamodb().await.two)();
    let mut append = opening(1, "prod", "k1", 0);
    append.intents = (0..5).map(|line| tell(&line.to_string())).collect();
    one.append(append).await.unwrap();
    let pending = open(one.outbox_take(at(0), None).await.unwrap());
    for (seconds, each) in (40..).step_by(40).zip(&pending[..4]) {
        one.outbox_done(vec![(each.id, Outcome::Superseded)], None, at(seconds)).await.unwrap();
        assert!(matches!(other.outbox_take(at(seconds), None).await.unwrap(), Taken::Busy { .. }), "after {seconds} s");
    }
    assert_eq!(open(other.outbox_take(at(300), None).await.unwrap()).len(), 1);
}

#[tokio::test]
async fn what_does_not_fit_one_transaction_is_refused_with_the_reason() {
    let store = (Shelf::dynamodb().await.open)();
    let mut append = opening(1, "prod", "k1", 0);
    append.intents = (0..100).map(|line| tell(&line.to_string())).collect();
    let refused = store.append(append).await.unwrap_err().to_string();
    assert!(refused.contains("106 writes"), "{refused}");
    assert_eq!(store.append(opening(1, "prod", "k1", 0)).await.unwrap(), Appended::Done);
}

//! Who recovers, in which order and when.

use super::{at, blaming, id, meets, seen, situation};
use crate::context::Situation;
use crate::dependency::Lags;
use crate::model::{Limit, Reading, Verdict};
use crate::recovery::forecast::{Treatment, Unsaid, predict};
use crate::recovery::remedy::{AliasRollback, EventSource, Remedy};
use crate::recovery::sight::Sight;

fn rollback() -> Remedy {
    Remedy::AliasRollback(AliasRollback { function: "f".to_owned(), alias: "live".to_owned(), version: "6".to_owned() })
}

/// `name minutes probability` of each, or why nobody: after `remedy` on `service`, which helps for sure.
#[track_caller]
fn check(situation: &Situation, verdict: &Verdict, service: &str, remedy: &Remedy, past_min: &[f64], expected: &str) {
    let outlook = seen(situation, verdict);
    let sight = Sight::of(situation, verdict, &outlook);
    let (service, saw) = (id(service), Reading::default());
    let treatment = Treatment { service: &service, remedy, saw: &saw, probability: 1.0, past_min };
    let recovery = predict(&sight, treatment, &Lags::default());
    let told =
        recovery.returns.iter().map(|back| format!("{} {:.1} {:.2}", back.service, back.after_min, back.probability));
    let told: Vec<String> = told.collect();
    let because = recovery.because.as_ref().map(|because| format!("{because:?}"));
    assert_eq!(because.unwrap_or_else(|| told.join(", ")), expected);
}

#[test]
fn it_travels_from_callee_to_caller_with_the_lags_of_the_trouble() {
    let world = situation("front>mid*60 mid>f*60 f>store*60 spare>f*60");
    // Trouble took two minutes a hop: the effect is felt after two, a fifth of the ten that the catalogue allows.
    let verdict = blaming(&[("f", 1), ("mid", 3), ("front", 5)]);
    check(&world, &verdict, "f", &rollback(), &[], "f 2.0 1.00, mid 4.0 0.90, front 6.0 0.81");
    let mut unlagged = verdict.clone();
    unlagged.path = Vec::new();
    check(&world, &unlagged, "f", &rollback(), &[], "f 2.0 1.00, mid 5.0 0.90, front 8.0 0.81");
}

#[test]
fn what_it_did_before_counts() {
    let world = situation("mid>f*60");
    let verdict = blaming(&[("f", 1), ("mid", 3)]);
    check(&world, &verdict, "f", &rollback(), &[10.0, 10.0, 10.0], "f 6.0 1.00, mid 8.0 0.90");
}

#[test]
fn who_waits_for_others_that_stay_sick_does_not_return() {
    let world = situation("front>mid*60 mid>f*60 mid>g*60 side>f*60");
    let verdict = blaming(&[("f", 1), ("g", 1), ("mid", 2), ("front", 3), ("side", 3)]);
    check(&world, &verdict, "f", &rollback(), &[], "f 2.0 1.00, side 2.5 0.90");
    check(&world, &verdict, "mid", &rollback(), &[], &format!("{:?}", Unsaid::StillWaits { callee: id("f") }));
}

#[test]
fn cycles_end() {
    let world = situation("a>b*60 b>a*60 b>f*60 f>a*1");
    let verdict = blaming(&[("f", 1), ("b", 3), ("a", 5)]);
    check(&world, &verdict, "f", &rollback(), &[], "f 2.0 1.00, b 4.0 0.90, a 6.0 0.81");
}

#[test]
fn queues_and_retries_have_to_drain() {
    let world = situation("q:AWS::SQS::Queue f:AWS::Lambda::Function q~f*60 mid>f*60");
    let mut verdict = blaming(&[("f", 1), ("mid", 3)]);
    // Ten minutes wait behind a server in use to a half: they take as long again.
    meets(&mut verdict, "q", Limit::QueueAge { age_s: 600.0, usual_s: Some(1.0) }, 0.9);
    check(&world, &verdict, "f", &rollback(), &[], "f 12.0 1.00, mid 14.0 0.90");
    let mut verdict = blaming(&[("f", 1), ("mid", 3)]);
    meets(&mut verdict, "mid", Limit::RetryStorm { callee: id("f"), amplification: 8.0, usual: None }, 0.9);
    check(&world, &verdict, "f", &rollback(), &[], "f 2.0 1.00, mid 7.0 0.90");
}

#[test]
fn why_nobody_is_said_to_return_is_said() {
    let mut world = situation("mid>f*60 f>well*60");
    let verdict = blaming(&[("f", 1), ("mid", 3)]);
    check(&world, &verdict, "well", &rollback(), &[], "DoesNotSuffer");
    let resume = Remedy::EventSource(EventSource { mapping: String::new(), enabled: true });
    check(&world, &verdict, "f", &resume, &[], "BringsLoad");
    let pause = Remedy::EventSource(EventSource { mapping: String::new(), enabled: false });
    check(&world, &verdict, "f", &pause, &[], "CutsNothing");
    world.topology = None;
    check(&world, &verdict, "f", &rollback(), &[], "NoTopology");
    assert!(world.now > at(0));
}

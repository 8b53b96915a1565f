//! What the checker keeps and what it refuses, and what the narrator by rules says.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::capsule::{self, AUTH_CASCADE};
use crate::context::verdict;
use crate::eval::situation_at_end;
use crate::model::{Claim, ServiceId, Verdict};

fn cascade() -> (Verdict, Claims) {
    let capsule = capsule::parse(AUTH_CASCADE.as_bytes()).unwrap();
    let verdict = verdict(&situation_at_end(&capsule));
    let claims = Claims::of(&verdict, None, &[]).of_topology(&capsule.topology);
    (verdict, claims)
}

mod table;

#[test]
fn the_bars_hold_on_the_auth_cascade() {
    let (verdict, claims) = cascade();
    let trial = trial(&verdict, None, &[], &claims);
    let total = trial.total();
    assert!(total.true_all + total.false_all >= 2000, "{trial}");
    assert!(trial.is_good(), "{trial}\nfooled: {:#?}\nlost: {:#?}", trial.fooled, trial.lost);
}

#[test]
fn the_auth_cascade_is_told() {
    let (verdict, _) = cascade();
    let told: Vec<String> = narrate(&verdict, None, &[]).into_iter().map(|sentence| sentence.text).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    `user-pool` is the cause, with 97 % confidence: 21,752 requests a minute fail, where 10.1 is usual.
    `user-pool` left its normal range at 03:12 UTC and dragged down `token-exchange`, `auth-api` and `user-service`.
    A change of `user-pool` at 03:08 UTC is to blame.
    `user-pool` shows throttled requests: 20,845 a minute, where 0 is usual.
    Look at `user-pool` first.
    ");
}

/// All evidence that speaks of these services and of nobody else.
fn evidence_of(verdict: &Verdict, services: &[&str]) -> Vec<EvidenceId> {
    let named = |service: &ServiceId| services.contains(&service.as_str());
    let about = |claim: &Claim| match claim {
        Claim::Alarm { service, .. } => service.as_ref().is_some_and(named),
        Claim::Excess { service, .. }
        | Claim::Onset { service, .. }
        | Claim::Figure { service, .. }
        | Claim::Logged { service, .. } => named(service),
        Claim::Calls { caller, callee, .. } => named(caller) && named(callee),
        Claim::Changed { change } => named(&change.service),
    };
    verdict.evidence.iter().filter(|evidence| about(&evidence.claim)).map(|evidence| evidence.id).collect()
}

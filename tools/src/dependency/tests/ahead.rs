//! What lies ahead, in short: one numbering of claims, and never too long to be kept.

use super::{auth_cascade, blaming, situation};
use crate::dependency::{Lags, cascade, isolate, outlook};
use crate::model::{EvidenceId, IsolationReason};
use std::collections::BTreeSet;
use std::fmt::Write as _;

#[test]
fn it_says_what_the_two_tools_say_and_numbers_the_claims_as_one() {
    for time in ["03:14:05", "03:16:05", "03:18:05"] {
        let (situation, verdict) = auth_cascade(time);
        let outlook = outlook(&situation, &verdict, &Lags::default());
        assert_eq!(outlook.predictions, cascade(&situation, &verdict, &Lags::default()).predictions);
        let isolation = isolate(&situation, &verdict).isolation;
        assert_eq!(
            (outlook.isolation.cut.len(), outlook.isolation.worth_it),
            (isolation.cut.len(), isolation.worth_it)
        );
        let told: BTreeSet<EvidenceId> = verdict.evidence.iter().map(|evidence| evidence.id).collect();
        let more: BTreeSet<EvidenceId> = outlook.evidence.iter().map(|evidence| evidence.id).collect();
        assert!(told.is_disjoint(&more) && more.len() == outlook.evidence.len(), "{told:?} {more:?}");
        let predicted = outlook.predictions.iter().flat_map(|prediction| &prediction.evidence);
        let cut = outlook.isolation.cut.iter().flat_map(|edge| &edge.evidence);
        for id in predicted.chain(cut) {
            assert!(told.contains(id) || more.contains(id), "{id}");
        }
        let map = outlook.map.unwrap();
        assert_eq!((map.services, map.edges, map.conflicts), (13, 14, 0));
    }
}

#[test]
fn of_a_great_many_only_so_much_is_kept() {
    let mut calls = String::new();
    for service in 0..2_000 {
        write!(calls, "caller-of-many-things-{service}>sick*100 ").unwrap();
    }
    let world = situation(&calls);
    let outlook = outlook(&world, &blaming(&[("sick", 9)]), &Lags::default());
    let length = serde_json::to_string(&outlook).unwrap().len();
    assert!(outlook.predictions.len() == 20 && length < 64 * 1024, "{length}");
}

#[test]
fn without_a_topology_it_says_so() {
    let mut world = situation("a>b");
    world.topology = None;
    let outlook = outlook(&world, &blaming(&[("b", 9)]), &Lags::default());
    assert_eq!((outlook.map, outlook.predictions), (None, Vec::new()));
    assert_eq!(outlook.isolation.because, IsolationReason::NothingToProtect);
    assert_eq!(outlook.gaps.len(), 1, "the same gap once: {:?}", outlook.gaps);
}

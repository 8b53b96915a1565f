//! What holds for every remedy, whatever its parameters and whatever is read.

use super::{examples, now};
use crate::model::{Reading, Risk};
use crate::recovery::prices::Prices;
use crate::recovery::remedy::{Remedy, own, same};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Remedies that are acts: done again they are done twice.
const ACTS: [&str; 2] = ["capsule-capture", "runbook"];

/// Names and values that remedies read, so that any of them meets any other.
const NAMES: [&str; 15] = [
    "ApplicationLogLevel",
    "LogFormat",
    "FixedRate",
    "State",
    "FunctionVersion",
    "RoutingConfig",
    "ProvisionedConcurrentExecutions",
    "ReservedConcurrentExecutions",
    "DesiredCount",
    "ReadCapacityUnits",
    "MaxReadRequestUnits",
    "BillingMode",
    "unreserved_concurrent_executions",
    "published_at:117",
    "Runs",
];
const VALUES: [&str; 16] = [
    "",
    "0",
    "1",
    "20",
    "40",
    "117",
    "118",
    "4294967295",
    "0.05",
    "1.0",
    "JSON",
    "TRACE",
    "Enabled",
    "DISABLED",
    "PAY_PER_REQUEST",
    "2026-11-20T02:00:00Z",
];

/// A remedy of the catalogue with numbers of any size.
fn remedies() -> impl Strategy<Value = (Remedy, Reading)> {
    (0..examples().len(), any::<u32>(), prop_oneof![0_u32..200, any::<u32>()]).prop_map(|(which, other, number)| {
        let (mut remedy, saw) = examples().swap_remove(which);
        match &mut remedy {
            Remedy::LogLevel(it) => it.level = ["INFO", "DEBUG", "TRACE"][number as usize % 3].to_owned(),
            Remedy::TraceSampling(it) => it.percent = u8::try_from(number % 256).unwrap(),
            Remedy::MuteAlarms(it) => it.minutes = number,
            Remedy::CapsuleCapture(it) => it.minutes = number,
            Remedy::ProvisionedConcurrency(it) => it.instances = number,
            Remedy::ReservedConcurrency(it) => it.executions = number,
            Remedy::EventSource(it) => it.enabled = number % 2 == 0,
            Remedy::Rule(it) => it.enabled = number % 2 == 0,
            Remedy::AliasRollback(it) => it.version = number.to_string(),
            Remedy::ArchiveReplay(it) => it.archive = format!("orders-{number}"),
            Remedy::TableCapacity(it) => (it.read, it.write) = (Some(number), (other % 2 == 0).then_some(other % 300)),
            Remedy::EcsRollback(it) => it.task_definition = format!("orders:{number}"),
            Remedy::EcsCount(it) => it.count = number,
            Remedy::Runbook(it) => drop(it.input.insert("share".to_owned(), number.to_string())),
        }
        (remedy, saw)
    })
}

fn changes() -> impl Strategy<Value = BTreeMap<&'static str, Option<&'static str>>> {
    let value = prop::option::of(prop::sample::select(&VALUES[..]));
    prop::collection::btree_map(prop::sample::select(&NAMES[..]), value, 0..4)
}

fn changed(mut saw: Reading, changes: BTreeMap<&str, Option<&str>>) -> Reading {
    for (name, value) in changes {
        match value {
            Some(value) => drop(saw.settings.insert(name.to_owned(), value.to_owned())),
            None => drop(saw.settings.remove(name)),
        }
    }
    saw
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    /// Nothing panics; a risk never falls below the catalogue's; names are bounded wherever it is possible.
    #[test]
    fn every_question_has_an_answer((remedy, saw) in remedies(), changes in changes()) {
        let (saw, entry) = (changed(saw, changes), remedy.entry());
        let wanted = entry.wants(&saw);
        let _ = (entry.cost(&saw, &Prices::default()), entry.is_reversible(&saw), entry.expects(&saw));
        prop_assert!(!entry.sentence(&saw).is_empty() && !entry.sentence(&saw).ends_with('.'));
        prop_assert!(entry.risk(&saw, now()).0 >= remedy.spec().risk);
        if let Err(impossible) = entry.check(&saw) {
            prop_assert!(!impossible.0.is_empty() && impossible.0.chars().count() < 500);
        } else {
            prop_assert!(wanted.values().all(|value| !value.is_empty()) || saw.settings.values().any(String::is_empty));
            prop_assert!(remedy.target().name.chars().count() < 600);
        }
    }

    /// Applied twice is applied once: what is wanted where it is applied already is what is there. Acts count up by one.
    #[test]
    fn applying_again_changes_nothing((remedy, saw) in remedies(), changes in changes()) {
        let (saw, entry) = (changed(saw, changes), remedy.entry());
        prop_assume!(entry.check(&saw).is_ok());
        let after = Reading { settings: entry.wants(&saw), revision: Some("r2".to_owned()) };
        let again = entry.wants(&after);
        if ACTS.contains(&remedy.spec().name) {
            prop_assert!(!same(&after.settings, &saw.settings) && !same(&again, &after.settings));
        } else {
            prop_assert_eq!(&again, &after.settings);
            // It may be refused as done already; nothing else may have become wrong by it.
            if let Err(impossible) = entry.check(&after) {
                prop_assert!(impossible.0.ends_with(" already"), "{}", impossible);
            }
        }
    }

    /// Nothing but settings of the target itself is wanted beside what was read, except for what is left of the account's
    /// concurrency, and that never falls below what has to stay.
    #[test]
    fn circumstances_stay((remedy, saw) in remedies(), changes in changes()) {
        const LEFT: &str = "unreserved_concurrent_executions";
        let (saw, entry) = (changed(saw, changes), remedy.entry());
        prop_assume!(entry.check(&saw).is_ok());
        let wanted = entry.wants(&saw);
        let circumstances = |settings: &BTreeMap<String, String>| {
            let mut circumstances = settings.clone();
            circumstances.retain(|name, _| name.starts_with(|first: char| first.is_ascii_lowercase()) && name != LEFT);
            circumstances
        };
        prop_assert_eq!(circumstances(&wanted), circumstances(&saw.settings));
        let left = |settings: &BTreeMap<String, String>| settings.get(LEFT).and_then(|left| left.parse::<u32>().ok());
        if let (Some(before), Some(after)) = (left(&saw.settings), left(&wanted)) {
            prop_assert!(after >= before || after >= 100, "{before} → {after}");
        }
    }

    /// Where there is nothing to do, nothing is risked that the catalogue does not know of.
    #[test]
    fn own_settings_decide_what_is_the_same((remedy, saw) in remedies(), changes in changes()) {
        let saw = changed(saw, changes);
        let wanted = remedy.entry().wants(&saw);
        prop_assert_eq!(same(&saw.settings, &wanted), own(&saw.settings) == own(&wanted));
        prop_assert!(remedy.spec().risk != Risk::High || remedy.spec().name == "archive-replay");
    }
}

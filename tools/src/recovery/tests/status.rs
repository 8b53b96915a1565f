//! Every pair of status and fact.

use super::*;
use crate::model::Worked;
use crate::recovery::plan::{PlanStatus, UndoneBy};

fn facts() -> Vec<(&'static str, PlanFact)> {
    let (by, because) = (id("bob"), String::new());
    let (before, after) = (2.0, 1.0);
    let denied = PlanFact::Denied { by: by.clone(), act: "undo".to_owned(), because: because.clone() };
    vec![
        ("proposed", PlanFact::Proposed { plan: Box::new(draft("ann", Risk::Low).pinned()) }),
        ("approved", PlanFact::Approved { by: by.clone(), reason: None }),
        ("withdrawn", PlanFact::Withdrawn { by: by.clone() }),
        ("escalated", PlanFact::Escalated),
        ("denied", denied),
        ("rejected", PlanFact::Rejected { by: by.clone(), reason: None }),
        ("revoked", PlanFact::Revoked { by: by.clone() }),
        ("expired", PlanFact::Expired),
        ("superseded", PlanFact::Superseded { by: PlanId("plan-0".to_owned()) }),
        ("started", PlanFact::Started { by: by.clone(), approved_by: Vec::new(), needed: 0 }),
        ("drifted", PlanFact::Drifted { found: seen() }),
        ("succeeded", PlanFact::Succeeded { after: seen() }),
        ("failed", PlanFact::Failed { because: because.clone(), partly: false }),
        ("failed partly", PlanFact::Failed { because: because.clone(), partly: true }),
        ("keep", PlanFact::Verified { worked: Worked::Keep { before, after } }),
        ("revert", PlanFact::Verified { worked: Worked::Revert { before, after } }),
        ("unclear", PlanFact::Verified { worked: Worked::Unclear }),
        ("undo by person", PlanFact::UndoStarted { by: UndoneBy::Person(by) }),
        ("undo by time", PlanFact::UndoStarted { by: UndoneBy::Time }),
        ("undo finished", PlanFact::UndoFinished),
        ("undo failed", PlanFact::UndoFailed { because }),
        ("left alone", PlanFact::LeftAlone { found: seen() }),
    ]
}

/// All that is legal, read aloud; what is not here is not legal. `*` is every status but none.
const LEGAL: &[(&str, &str, &str)] = &[
    ("none", "proposed", "Waiting"),
    ("*", "denied", "*"),
    ("Waiting", "approved", "Waiting"),
    ("Waiting", "withdrawn", "Waiting"),
    ("Waiting", "escalated", "Waiting"),
    ("Waiting", "rejected", "Rejected"),
    ("Waiting", "revoked", "Revoked"),
    ("Waiting", "expired", "Expired"),
    ("Waiting", "superseded", "Superseded"),
    ("Waiting", "started", "Running"),
    ("Running", "drifted", "Drifted"),
    ("Running", "succeeded", "Applied"),
    ("Running", "failed", "Failed"),
    ("Running", "failed partly", "PartlyFailed"),
    ("Applied", "keep", "Kept"),
    ("Applied", "revert", "Doubtful"),
    ("Applied", "unclear", "Applied"),
    ("Applied", "undo by person", "Undoing"),
    ("Kept", "undo by person", "Undoing"),
    ("Doubtful", "undo by person", "Undoing"),
    ("PartlyFailed", "undo by person", "Undoing"),
    ("UndoFailed", "undo by person", "Undoing"),
    ("Applied", "undo by time", "Undoing"),
    ("Kept", "undo by time", "Undoing"),
    ("Doubtful", "undo by time", "Undoing"),
    ("PartlyFailed", "undo by time", "Undoing"),
    ("Undoing", "undo finished", "Undone"),
    ("Undoing", "undo failed", "UndoFailed"),
    ("Undoing", "left alone", "LeftAlone"),
];

fn named(status: Option<PlanStatus>) -> String {
    status.map_or("none".to_owned(), |status| format!("{status:?}"))
}

#[test]
fn every_pair_of_status_and_fact_is_as_the_table_says() {
    let mut legal = 0;
    let statuses = [None].into_iter().chain(PlanStatus::ALL.map(Some));
    for status in statuses {
        for (name, fact) in facts() {
            let here = named(status);
            let row =
                |row: &&(&str, &str, &str)| row.1 == name && (row.0 == here || (row.0 == "*" && status.is_some()));
            let expected = LEGAL.iter().find(row).map(|row| if row.2 == "*" { here.clone() } else { row.2.to_owned() });
            let found = PlanStatus::next(status, &fact);
            assert_eq!(found.ok().map(|next| named(Some(next))), expected, "{here}, {name}");
            if let Err(err) = found {
                assert_eq!((err.status, err.fact), (status, fact.word()));
            }
            legal += usize::from(found.is_ok());
        }
    }
    assert_eq!(legal, LEGAL.len() - 1 + PlanStatus::ALL.len(), "no row of the table was never met");
}

#[test]
fn what_is_over_leads_nowhere_and_all_else_leads_somewhere() {
    for status in PlanStatus::ALL {
        let leads = facts().into_iter().any(|(_, fact)| {
            PlanStatus::next(Some(status), &fact).is_ok_and(|_| !matches!(fact, PlanFact::Denied { .. }))
        });
        assert_eq!(leads, !status.is_over(), "{status:?}");
        let time = PlanFact::UndoStarted { by: UndoneBy::Time };
        assert_eq!(PlanStatus::next(Some(status), &time).is_ok(), status.is_in_force(), "{status:?}");
    }
}

#[test]
fn an_illegal_fact_is_told_in_a_sentence() {
    let err = PlanStatus::next(Some(PlanStatus::Expired), &PlanFact::UndoFinished).unwrap_err();
    assert_eq!(err.to_string(), "a plan that is expired cannot become `undo_finished`");
    let err = PlanStatus::next(None, &PlanFact::Expired).unwrap_err();
    assert_eq!(err.to_string(), "a plan that is not there cannot become `expired`");
}

#[test]
fn the_word_of_a_fact_is_the_one_it_is_stored_with() {
    for (_, fact) in facts() {
        let stored = serde_json::to_value(&fact).unwrap();
        let word = stored.as_str().or_else(|| stored.as_object()?.keys().next().map(String::as_str));
        assert_eq!(word, Some(fact.word()));
        assert_eq!(serde_json::from_value::<PlanFact>(stored.clone()).unwrap(), fact);
    }
}

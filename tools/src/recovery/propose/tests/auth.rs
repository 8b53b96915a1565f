//! The auth cascade: the pool of users throttles, and everybody who waits for it fails.

use super::{auth_cascade, auth_levers, lines, propose, returns};
use crate::model::Risk;
use crate::recovery::Terms;
use crate::recovery::propose::{Act, LIFETIME, Proposal, pin};
use crate::recovery::remedy::Remedy;
use crate::model::IncidentId;
use crate::recovery::policy::PersonId;
use insta::assert_snapshot;
use jiff::SignedDuration;
use std::collections::BTreeMap;

fn proposals(time: &str) -> Vec<Proposal> {
    let (situation, verdict, outlook) = auth_cascade(time);
    propose(&situation, &verdict, &outlook, &auth_levers(), &Terms::at(situation.now))
}

#[test]
fn a_minute_in_the_cut_comes_first() {
    assert_snapshot!(lines(&proposals("03:14:05")), @"");
}

#[test]
fn three_minutes_in_it_still_does() {
    assert_snapshot!(lines(&proposals("03:16:05")), @"");
}

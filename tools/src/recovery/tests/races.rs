//! Many at once. Each decides from what it read; whoever records first wins, and the others look again.

use super::*;
use crate::recovery::plan::{PlanStatus, Said};
use proptest::prelude::*;

const CLICKS: usize = 1_000;

/// Every click was decided on the same state, before any of them was recorded. One is recorded as it is; each of the others
/// finds that somebody was faster, and decides again.
fn race(room: &mut Room, clicks: &[(&'static str, Request)]) -> Vec<Said> {
    let read = room.state.history().len();
    let early: Vec<Decided> = clicks.iter().map(|(who, request)| room.decides(who, request, 5)).collect();
    let settle = |((who, request), early): (&(&'static str, Request), Decided)| {
        if room.state.history().len() > read {
            return room.asks(who, request, 5).said;
        }
        for fact in &early.facts {
            room.tell(fact, 5);
        }
        early.said
    };
    clicks.iter().zip(early).map(settle).collect()
}

#[test]
fn of_a_thousand_clicks_one_wins_and_the_others_hear_who() {
    let mut room = Room::new(draft("ann", Risk::Medium));
    room.asks("bob", &approve(""), 1);
    let who = ["cyd", "eve", "ann", "dan"];
    let request = |number: usize| match number % 5 {
        0 => Request::Execute { typed: None },
        1 => Request::Reject { reason: None },
        _ => approve(""),
    };
    let clicks: Vec<_> = (0..CLICKS).map(|number| (who[number % who.len()], request(number))).collect();
    let said = race(&mut room, &clicks);
    assert_eq!(said.len(), CLICKS);
    let won = said.iter().filter(|said| matches!(said, Said::Started | Said::Rejected)).count();
    assert_eq!(won, 1);
    let settled = room.state.settled().unwrap();
    assert_eq!((settled.status, settled.by.clone()), (PlanStatus::Running, Some(id("cyd"))));
    let late = said.iter().filter(|said| **said == Said::Decided(settled.clone())).count();
    assert_eq!(late, CLICKS - 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In whatever order, whoever wants what: at most one ends the wait, and everybody later hears who it was.
    #[test]
    fn one_wins_in_any_order(clicks in proptest::collection::vec((0_usize..7, 0_usize..6), 1..60)) {
        let mut room = Room::new(draft("ann", Risk::Low));
        let who = ["ann", "bob", "cyd", "dan", "eve", "jim", "gus"];
        let request = |number: usize| match number {
            0 => approve("yes"),
            1 => Request::Withdraw,
            2 => Request::Reject { reason: None },
            3 => Request::Revoke,
            4 => execute(),
            _ => Request::Undo,
        };
        let clicks: Vec<_> = clicks.into_iter().map(|(person, kind)| (who[person], request(kind))).collect();
        let said = race(&mut room, &clicks);
        let ends = |said: &Said| matches!(said, Said::Started | Said::Rejected | Said::Revoked);
        let won: Vec<usize> = (0..said.len()).filter(|place| ends(&said[*place])).collect();
        prop_assert!(won.len() <= 1);
        prop_assert_eq!(won.len() == 1, room.state.status() != PlanStatus::Waiting);
        let Some(&first) = won.first() else { return Ok(()) };
        let winner = room.state.settled().unwrap();
        prop_assert_eq!(winner.by.as_ref(), Some(&id(clicks[first].0)));
        for (said, (_, request)) in said.iter().zip(&clicks).skip(first + 1) {
            if *request != Request::Undo {
                prop_assert_eq!(said, &Said::Decided(winner.clone()));
            }
        }
    }
}

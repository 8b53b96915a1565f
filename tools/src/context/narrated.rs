//! Every world of the tests, told: the narrator's sentences pass the checker, and the checker tells true from false.

use super::tests::stories;
use super::verdict;
use crate::narrate::{Claims, MOST_SENTENCES, Trial, narrate, trial};
use std::fmt::Write as _;

/// Shares of each kind for as many worlds as the machine gets through in a few seconds.
#[test]
fn the_bars_hold_in_every_story() {
    let mut all = Trial::default();
    for (number, (story, _)) in (0..).zip(stories()) {
        let verdict = verdict(&story.play(number));
        let told = narrate(&verdict, None, &[]);
        assert!((2..=MOST_SENTENCES).contains(&told.len()), "{told:?}");
        all.join(trial(&verdict, None, &[], &Claims::of(&verdict, None, &[])));
    }
    assert!(all.is_good(), "{all}\nfooled: {:#?}\nlost: {:#?}", all.fooled, all.lost);
}

/// What is told of the first stories, one after the other: to be read as at 3 am.
#[test]
fn ten_stories_are_told() {
    let mut told = String::new();
    for (number, (story, truth)) in (0..10).zip(stories()) {
        let _ = writeln!(told, "{number}: {truth}");
        for sentence in narrate(&verdict(&story.play(number)), None, &[]) {
            let ids: Vec<String> = sentence.evidence.iter().map(ToString::to_string).collect();
            let _ = writeln!(told, "  {} ({})", sentence.text, ids.join(", "));
        }
    }
    insta::assert_snapshot!(told, @"
    0: d
      `d` is the cause, with 97 % confidence: requests take 171 ms, where 23.3 ms is usual. (E1, E2)
      `d` left its normal range at 10:48 UTC and dragged down `c`, `b` and `a`. (E2, E8, E6, E3)
      Look at `d` first. (E1)
    1: c
      `c` is the cause, with 97 % confidence: requests take 189 ms, where 38.6 ms is usual. (E1, E2)
      `c` left its normal range at 10:48 UTC and dragged down `b` and `a`. (E2, E6, E3)
      Look at `c` first. (E1)
    2: d
      `d` is the cause, with 97 % confidence: 7 requests a minute fail, where 0 is usual. (E1, E2)
      `d` left its normal range at 10:48 UTC and dragged down `c`, `b` and `a`. (E2, E8, E6, E3)
      Look at `d` first. (E1)
    3: a
      `a` is the cause, with 91 % confidence: requests take 207 ms, where 61.2 ms is usual. (E1, E2, E3)
      `a` left its normal range at 10:48 UTC. (E2)
      Look at `a` first. (E1)
    4: a
      `a` is the cause, with 96 % confidence: 9.1 requests a minute fail, where 0.101 is usual. (E1, E2, E3)
      `a` left its normal range at 10:48 UTC. (E2)
      Look at `a` first. (E1)
    5: c
      `c` is the cause, with 97 % confidence: requests take 194 ms, where 47.1 ms is usual. (E1, E2, E3)
      `c` left its normal range at 10:48 UTC and dragged down `b` and `a`. (E2, E6, E4)
      Look at `c` first. (E1)
    6: d
      `d` is the cause, with 97 % confidence: 7.9 requests a minute fail, where 0 is usual. (E1, E2, E3)
      `d` left its normal range at 10:48 UTC and dragged down `c`, `b` and `a`. (E2, E4, E9, E6)
      Look at `d` first. (E1)
    7: d
      `d` is the cause, with 97 % confidence: requests take 119 ms, where 17.2 ms is usual. (E1, E2)
      `d` left its normal range at 10:48 UTC and dragged down `b` and `a`. (E2, E3, E5)
      Look at `d` first. (E1)
    8: b
      `b` is the cause, with 97 % confidence: requests take 133 ms, where 32.9 ms is usual. (E1, E2)
      `b` left its normal range at 10:48 UTC and dragged down `a`. (E2, E3)
      Look at `b` first. (E1)
    9: f
      `f` is the cause, with 97 % confidence: 5.8 requests a minute fail, where 0 is usual. (E1, E2)
      `f` left its normal range at 10:48 UTC and dragged down `a`. (E2, E3)
      Look at `f` first. (E1)
    ");
}

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
        all.join(trial(&verdict, &Claims::of(&verdict, None, &[])));
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
    insta::assert_snapshot!(told, @"");
}

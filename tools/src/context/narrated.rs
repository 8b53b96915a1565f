//! Every world of the tests, told: the narrator's sentences pass the checker, and the checker tells true from false.

use super::tests::stories;
use super::verdict;
use crate::narrate::{Claims, MOST_SENTENCES, Trial, narrate, trial};

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
    println!("{all}\nlost: {:#?}\nfooled: {:#?}", all.lost, all.fooled);
    assert!(all.is_good(), "{all}");
}

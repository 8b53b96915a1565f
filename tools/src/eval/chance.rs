//! Chance that is the same on every machine.

use std::ops::Range;

/// `SplitMix64` (Steele, Lea, Flood 2014), and what is needed on top of it.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// A stream of its own for each `name` and `seed`, so that neither the order of the capsules nor their number changes
    /// what happens to one of them. The name is hashed with FNV-1a.
    pub(super) fn of(name: &str, seed: u64) -> Self {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(hash ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A whole number of `range`, each as likely as the other but for a bias below 2⁻³² at the lengths used here.
    pub(super) fn within(&mut self, range: Range<i64>) -> i64 {
        let length = range.end.abs_diff(range.start).max(1);
        range.start.saturating_add_unsigned(self.next() % length)
    }

    /// Marks `some` of `all` places, every choice as likely: the first part of a Fisher–Yates shuffle.
    pub(super) fn choose(&mut self, some: usize, all: usize) -> Vec<bool> {
        let mut places: Vec<usize> = (0..all).collect();
        let mut chosen = vec![false; all];
        for at in 0..some.min(all) {
            let left = i64::try_from(all - at).unwrap_or(i64::MAX);
            let other = at + usize::try_from(self.within(0..left)).unwrap_or(0);
            places.swap(at, other);
            chosen[places[at]] = true;
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_its_name_and_seed_alone() {
        let first = |name: &str, seed| Chance::of(name, seed).next();
        assert_eq!(first("a", 1), first("a", 1));
        assert_ne!(first("a", 1), first("a", 2));
        assert_ne!(first("a", 1), first("b", 1));
    }

    #[test]
    fn every_place_is_chosen_as_often_as_its_share() {
        let mut counts = [0; 10];
        for seed in 0..2000 {
            let chosen = Chance::of("x", seed).choose(3, 10);
            assert_eq!(chosen.iter().filter(|chosen| **chosen).count(), 3);
            for (count, chosen) in counts.iter_mut().zip(chosen) {
                *count += i32::from(chosen);
            }
        }
        assert!(counts.iter().all(|count| (500..700).contains(count)), "{counts:?}");
        assert_eq!(Chance::of("x", 1).choose(5, 2), [true, true]);
    }

    #[test]
    fn a_number_lies_in_its_range() {
        let mut chance = Chance::of("x", 7);
        let numbers: Vec<i64> = (0..1000).map(|_| chance.within(-2..3)).collect();
        assert!((-2..3).all(|number| numbers.contains(&number)));
        assert!(numbers.iter().all(|number| (-2..3).contains(number)));
    }
}

//! Where things on a line come to stand: near where they want to be, in order, and apart.

/// Something on a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wish {
    /// Where its middle wants to be.
    pub(super) at: f64,
    /// How much it insists, more than 0.
    pub(super) weight: f64,
    /// How far its middle stays from the middle of the one before it, at least. Of the first: from the left bound.
    pub(super) apart: f64,
}

/// Places them so that the weighted squares of what they are off add up to the least; between the bounds if there is room. With
/// `apart` taken away this is an isotonic regression, for which pooling adjacent violators is exact.
pub(super) fn settle(wishes: &[Wish], left: f64, right: f64) -> Vec<f64> {
    let mut shift = left;
    let mut shifts = Vec::with_capacity(wishes.len());
    // Pools of neighbours that touch: mean, weight, count.
    let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(wishes.len());
    for wish in wishes {
        shift += wish.apart;
        shifts.push(shift);
        let mut pool = (wish.at - shift, wish.weight, 1);
        while let Some(before) = pools.pop_if(|before| before.0 > pool.0) {
            let weight = before.1 + pool.1;
            pool = ((before.0 * before.1 + pool.0 * pool.1) / weight, weight, before.2 + pool.2);
        }
        pools.push(pool);
    }
    let room = (right - shift).max(0.0);
    let places = pools.into_iter().flat_map(|(mean, _, count)| std::iter::repeat_n(mean.clamp(0.0, room), count));
    places.zip(shifts).map(|(place, shift)| place + shift).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cost(wishes: &[Wish], places: &[f64]) -> f64 {
        wishes.iter().zip(places).map(|(wish, place)| wish.weight * (wish.at - place).powi(2)).sum()
    }

    #[track_caller]
    fn check(wishes: &[(f64, f64, f64)], bounds: (f64, f64), expected: &[f64]) {
        let wishes: Vec<Wish> = wishes.iter().map(|&(at, weight, apart)| Wish { at, weight, apart }).collect();
        assert_eq!(settle(&wishes, bounds.0, bounds.1), expected);
    }

    #[test]
    fn wishes_are_met_or_shared() {
        check(&[(5.0, 1.0, 0.0), (50.0, 1.0, 10.0)], (0.0, 100.0), &[5.0, 50.0]);
        check(&[(50.0, 1.0, 0.0), (50.0, 1.0, 10.0)], (0.0, 100.0), &[45.0, 55.0]);
        check(&[(50.0, 3.0, 0.0), (50.0, 1.0, 8.0)], (0.0, 100.0), &[48.0, 56.0]);
        check(&[(-20.0, 1.0, 4.0), (500.0, 1.0, 10.0)], (0.0, 100.0), &[4.0, 100.0]);
        check(&[], (0.0, 100.0), &[]);
    }

    proptest! {
        #[test]
        fn places_are_apart_within_bounds_and_no_shift_is_better(
            wishes in prop::collection::vec((-100.0..900.0, 0.1..9.0, 0.0..40.0), 1..12),
            moved in 0..12_usize,
            by in -20.0..20.0_f64,
        ) {
            let wishes: Vec<Wish> = wishes.into_iter().map(|(at, weight, apart)| Wish { at, weight, apart }).collect();
            let fits = |places: &[f64]| {
                let apart = |at: usize| places[at] - if at == 0 { 0.0 } else { places[at - 1] } >= wishes[at].apart - 1e-9;
                (0..places.len()).all(apart) && places[places.len() - 1] <= 800.0 + 1e-9
            };
            let places = settle(&wishes, 0.0, 800.0);
            prop_assert!(fits(&places), "{places:?}");
            let mut other = places.clone();
            let at = moved % other.len();
            other[at] += by;
            prop_assert!(!fits(&other) || cost(&wishes, &places) <= cost(&wishes, &other) + 1e-6);
        }
    }
}

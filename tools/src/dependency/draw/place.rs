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
    let slack = (right - shift).max(0.0);
    let places = pools.into_iter().flat_map(|(mean, _, count)| std::iter::repeat_n(mean.clamp(0.0, slack), count));
    places.zip(shifts).map(|(place, shift)| place + shift).collect()
}

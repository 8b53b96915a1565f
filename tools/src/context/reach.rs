//! Who can be reached from whom, among few: one bit a pair.

/// The transitive closure of a small graph; everyone reaches himself.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    rows: Vec<Vec<u64>>,
}

impl Reach {
    /// The closure over `next`.
    pub(super) fn of(next: &[Vec<usize>]) -> Self {
        let words = next.len().div_ceil(64);
        let mut reach = Self { rows: vec![vec![0; words]; next.len()] };
        for (from, row) in next.iter().enumerate() {
            reach.set(from, from);
            for &to in row {
                reach.set(from, to);
            }
        }
        for middle in 0..next.len() {
            let through = reach.rows[middle].clone();
            for from in 0..next.len() {
                if reach.leads(from, middle) {
                    reach.join(from, &through);
                }
            }
        }
        reach
    }

    /// Whether a way leads from `from` to `to`.
    pub(super) fn leads(&self, from: usize, to: usize) -> bool {
        self.rows[from][to / 64] & (1 << (to % 64)) != 0
    }

    /// Adds the way `from` → `to` and all that follows from it.
    pub(super) fn add(&mut self, from: usize, to: usize) {
        let through = self.rows[to].clone();
        for start in 0..self.rows.len() {
            if self.leads(start, from) {
                self.join(start, &through);
            }
        }
    }

    fn set(&mut self, from: usize, to: usize) {
        self.rows[from][to / 64] |= 1 << (to % 64);
    }

    fn join(&mut self, row: usize, other: &[u64]) {
        for (word, more) in self.rows[row].iter_mut().zip(other) {
            *word |= more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_followed_around_cycles_and_added_later() {
        let mut reach = Reach::of(&[vec![1], vec![2], vec![0], vec![4], vec![]]);
        assert!(reach.leads(0, 2) && reach.leads(2, 1) && reach.leads(3, 4));
        assert!(!reach.leads(0, 3) && !reach.leads(4, 3));
        reach.add(1, 3);
        assert!(reach.leads(0, 4) && reach.leads(2, 3) && !reach.leads(4, 0));
    }
}

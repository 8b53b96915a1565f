//! Whether stated confidence is kept: of the answers that were 80 % sure, 80 % should be right.

use serde::{Deserialize, Serialize};

/// The lower ends of the bins.
const FROM: [f64; 4] = [0.0, 0.5, 0.7, 0.9];

/// One line of the reliability table; shares are 0–1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Answers at least this sure.
    pub from: f64,
    /// And less sure than this; the last bin includes it.
    pub to: f64,
    /// How many answers there were.
    pub cases: usize,
    /// How sure they were, on average.
    pub stated: f64,
    /// Share of them that was right.
    pub right: f64,
}

/// Answers with their confidence, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reliability {
    bins: [Count; FROM.len()],
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    answers: usize,
    stated: f64,
    right: usize,
}

impl Reliability {
    /// Counts one answer.
    pub fn add(&mut self, confidence: f64, is_right: bool) {
        let bin = FROM.iter().rposition(|from| confidence >= *from).unwrap_or(0);
        let count = &mut self.bins[bin];
        count.answers += 1;
        count.stated += confidence;
        count.right += usize::from(is_right);
    }

    /// Counts what another has counted.
    pub fn join(&mut self, other: &Self) {
        for (count, more) in self.bins.iter_mut().zip(&other.bins) {
            count.answers += more.answers;
            count.stated += more.stated;
            count.right += more.right;
        }
    }

    /// The table; a bin without an answer has zeros.
    pub fn table(&self) -> Vec<Bin> {
        let ends = FROM.iter().skip(1).chain(&[1.0]);
        let bins = FROM.iter().zip(ends).zip(&self.bins);
        bins.map(|((&from, &to), count)| Bin {
            from,
            to,
            cases: count.answers,
            stated: if count.answers == 0 { 0.0 } else { count.stated / super::count(count.answers) },
            right: super::share(count.right, count.answers),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_how_sure_they_were() {
        let mut one = Reliability::default();
        one.add(0.5, true);
        one.add(0.6, false);
        one.add(1.0, true);
        let mut other = Reliability::default();
        other.add(0.2, false);
        other.add(0.9, true);
        one.join(&other);
        let line = |bin: &Bin| (bin.from, bin.to, bin.cases, (bin.stated * 100.0).round(), bin.right);
        let table: Vec<_> = one.table().iter().map(line).collect();
        assert_eq!(
            table,
            [(0.0, 0.5, 1, 20.0, 0.0), (0.5, 0.7, 2, 55.0, 0.5), (0.7, 0.9, 0, 0.0, 0.0), (0.9, 1.0, 2, 95.0, 1.0)]
        );
    }
}

//! Who stands left of whom in a row, so that few links cross.

use super::ranks::Ranks;
use super::scene::Scene;
use std::collections::BTreeMap;

/// How often the rows are gone through, down and up.
const SWEEPS: usize = 12;

/// A crossing with a link of the path weighs as much as so many others.
const PATH: usize = 8;

/// What takes up room in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A service.
    Node(usize),
    /// A link on its way to a row further down. Links to the same callee share it: they join, and arrive together.
    Bend,
}

/// One end of what runs between two neighbouring rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Touch {
    /// The item at the other end.
    pub(super) other: usize,
    /// How much it counts.
    pub(super) weight: usize,
    /// Whether what runs there points up.
    pub(super) is_up: bool,
}

/// Rows of items, and what runs between neighbouring rows. Each pair that is linked stands once, with its weight.
#[derive(Debug)]
pub(super) struct Rows {
    /// Everything that takes up room; nodes come first, under their own numbers.
    pub(super) items: Vec<Item>,
    /// For each row its items from left to right.
    pub(super) lines: Vec<Vec<usize>>,
    /// For each link its items from top to bottom.
    pub(super) chains: Vec<Vec<usize>>,
    /// For each item those it touches in the row above.
    pub(super) above: Vec<Vec<Touch>>,
    /// The same below.
    pub(super) below: Vec<Vec<Touch>>,
    row_of: Vec<usize>,
}

/// Orders the rows.
pub(super) fn order(scene: &Scene, ranks: &Ranks) -> Rows {
    let mut rows = Rows::of(scene, ranks);
    let mut best: Option<(usize, Vec<Vec<usize>>)> = None;
    for start in [rows.lines.clone(), rows.by_depth()] {
        rows.lines = start;
        for sweep in 0..SWEEPS {
            rows.sweep(sweep % 2 == 0);
            rows.transpose();
            let crossings = rows.crossings();
            if best.as_ref().is_none_or(|(least, _)| crossings < *least) {
                best = Some((crossings, rows.lines.clone()));
            }
        }
    }
    if let Some((_, order)) = best {
        rows.lines = order;
    }
    rows
}

impl Rows {
    fn of(scene: &Scene, ranks: &Ranks) -> Self {
        let mut items: Vec<Item> = (0..scene.nodes.len()).map(Item::Node).collect();
        let mut row_of = ranks.of.clone();
        // A link that points up has bends of its own: whoever joined it would seem to go up as well. So has one that looks
        // different from the others.
        let mut bends: BTreeMap<(usize, Option<usize>, usize), usize> = BTreeMap::new();
        let mut weights: BTreeMap<(usize, usize, bool), usize> = BTreeMap::new();
        let mut chains = Vec::with_capacity(scene.links.len());
        for (at, link) in scene.links.iter().enumerate() {
            let (top, bottom) = if ranks.turned[at] { (link.to, link.from) } else { (link.from, link.to) };
            let own = (ranks.turned[at] || link.on_path || link.is_next).then_some(at);
            let mut chain = vec![top];
            for row in ranks.of[top] + 1..ranks.of[bottom] {
                chain.push(*bends.entry((bottom, own, row)).or_insert_with(|| {
                    items.push(Item::Bend);
                    row_of.push(row);
                    items.len() - 1
                }));
            }
            chain.push(bottom);
            for pair in chain.windows(2) {
                let weight = if link.on_path { PATH } else { 1 };
                let known = weights.entry((pair[0], pair[1], ranks.turned[at])).or_insert(weight);
                *known = (*known).max(weight);
            }
            chains.push(chain);
        }
        let (mut above, mut below) = (vec![Vec::new(); items.len()], vec![Vec::new(); items.len()]);
        for ((upper, lower, is_up), weight) in weights {
            above[lower].push(Touch { other: upper, weight, is_up });
            below[upper].push(Touch { other: lower, weight, is_up });
        }
        let mut rows = vec![Vec::new(); ranks.count];
        for (item, &row) in row_of.iter().enumerate() {
            rows[row].push(item);
        }
        Self { items, lines: rows, chains, above, below, row_of }
    }

    /// The rows as a walk from the top meets their items: what belongs together stands together.
    fn by_depth(&self) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); self.lines.len()];
        let mut seen = vec![false; self.items.len()];
        for root in self.lines.iter().flatten().copied() {
            let mut stack = vec![root];
            while let Some(item) = stack.pop() {
                if !std::mem::replace(&mut seen[item], true) {
                    rows[self.row_of[item]].push(item);
                    stack.extend(self.below[item].iter().rev().map(|touch| touch.other));
                }
            }
        }
        rows
    }

    /// For each item its place in its row.
    fn places(&self) -> Vec<usize> {
        let mut places = vec![0; self.items.len()];
        for row in &self.lines {
            for (place, &item) in row.iter().enumerate() {
                places[item] = place;
            }
        }
        places
    }

    /// Sorts each row by the mean place of what its items touch in the row before, from the top or from the bottom.
    fn sweep(&mut self, downwards: bool) {
        let count = self.lines.len();
        let mut places = self.places();
        for step in 1..count {
            let row = if downwards { step } else { count - 1 - step };
            let before = self.lines[if downwards { row - 1 } else { row + 1 }].len() as f64;
            let touched = if downwards { &self.above } else { &self.below };
            let own = self.lines[row].len() as f64;
            let mean = |item: usize, place: usize| {
                let weight: usize = touched[item].iter().map(|touch| touch.weight).sum();
                if weight == 0 {
                    return (place as f64 + 0.5) / own;
                }
                let place = |touch: &Touch| (places[touch.other] as f64 + 0.5) * touch.weight as f64;
                touched[item].iter().map(place).sum::<f64>() / weight as f64 / before
            };
            let mut keyed: Vec<(f64, usize)> =
                self.lines[row].iter().enumerate().map(|(place, &item)| (mean(item, place), item)).collect();
            // Stable: ties stay as they are.
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (place, (_, item)) in keyed.iter().enumerate() {
                places[*item] = place;
            }
            self.lines[row] = keyed.into_iter().map(|(_, item)| item).collect();
        }
    }

    /// Exchanges neighbours while that saves crossings.
    fn transpose(&mut self) {
        let mut places = self.places();
        // Each exchange saves at least one crossing, so it ends; the bound is for many of them.
        for _ in 0..SWEEPS {
            let mut improved = false;
            for row in 0..self.lines.len() {
                for place in 1..self.lines[row].len() {
                    let (left, right) = (self.lines[row][place - 1], self.lines[row][place]);
                    let cost = |left: usize, right: usize| {
                        crossed(&self.above[left], &self.above[right], &places)
                            + crossed(&self.below[left], &self.below[right], &places)
                    };
                    if cost(right, left) < cost(left, right) {
                        self.lines[row].swap(place - 1, place);
                        places[left] = place;
                        places[right] = place - 1;
                        improved = true;
                    }
                }
            }
            if !improved {
                break;
            }
        }
    }

    /// How many links cross, by weight.
    pub(super) fn crossings(&self) -> usize {
        let places = self.places();
        let mut sum = 0;
        for row in &self.lines {
            for (at, &left) in row.iter().enumerate() {
                for &right in &row[at + 1..] {
                    sum += crossed(&self.below[left], &self.below[right], &places);
                }
            }
        }
        sum
    }
}

/// Crossings between the links of two items that stand side by side.
fn crossed(left: &[Touch], right: &[Touch], places: &[usize]) -> usize {
    let pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
    pairs.filter(|(a, b)| places[a.other] > places[b.other]).map(|(a, b)| a.weight * b.weight).sum()
}

//! The cheapest cut between two sets of nodes of a directed graph, by maximum flow (Dinic 1970; Ford, Fulkerson 1956). Capacities
//! are whole numbers, so that the answer is exact and the same everywhere.

use std::collections::VecDeque;

/// What no cut ever crosses.
pub(super) const ENDLESS: u64 = u64::MAX / 4;

/// A network. Node numbers are the caller's; the ends that join all sources and all sinks are added here.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// Each edge with what is left of its capacity, beside the one that takes it back: edge `at` and edge `at ^ 1`.
    ends: Vec<usize>,
    left: Vec<u64>,
    out: Vec<Vec<usize>>,
    source: usize,
    sink: usize,
}

impl Network {
    /// A network of so many nodes, without edges.
    pub(super) fn new(nodes: usize) -> Self {
        Self { ends: Vec::new(), left: Vec::new(), out: vec![Vec::new(); nodes + 2], source: nodes, sink: nodes + 1 }
    }

    /// Adds an edge.
    pub(super) fn edge(&mut self, from: usize, to: usize, capacity: u64) {
        self.out[from].push(self.ends.len());
        self.out[to].push(self.ends.len() + 1);
        self.ends.extend([to, from]);
        self.left.extend([capacity.min(ENDLESS), 0]);
    }

    /// Marks a node as one where the flow begins.
    pub(super) fn from(&mut self, node: usize) {
        self.edge(self.source, node, ENDLESS);
    }

    /// Marks a node as one where it ends.
    pub(super) fn to(&mut self, node: usize) {
        self.edge(node, self.sink, ENDLESS);
    }

    /// The cost of the cheapest cut, and for each node whether it lies on the side of the sources. Of several cheapest cuts it
    /// is the one nearest to the sources, which is the same whatever the order of the edges. None where no cut is finite.
    pub(super) fn cut(mut self) -> Option<(u64, Vec<bool>)> {
        let mut flow = 0_u64;
        while let Some(levels) = self.levels() {
            let mut next = vec![0; self.out.len()];
            loop {
                let pushed = self.push(&levels, &mut next);
                if pushed == 0 {
                    break;
                }
                flow = flow.saturating_add(pushed);
                if flow >= ENDLESS {
                    return None;
                }
            }
        }
        let mut side = self.reached();
        side.truncate(self.source);
        Some((flow, side))
    }

    /// Hops from the source over what is left; none when the sink is out of reach.
    fn levels(&self) -> Option<Vec<usize>> {
        let mut levels = vec![usize::MAX; self.out.len()];
        levels[self.source] = 0;
        let mut queue = VecDeque::from([self.source]);
        while let Some(node) = queue.pop_front() {
            for &edge in &self.out[node] {
                let to = self.ends[edge];
                if self.left[edge] > 0 && levels[to] == usize::MAX {
                    levels[to] = levels[node] + 1;
                    queue.push_back(to);
                }
            }
        }
        (levels[self.sink] != usize::MAX).then_some(levels)
    }

    /// Sends as much as one way takes, level by level; 0 when no way is left. Without recursion: chains may be long.
    fn push(&mut self, levels: &[usize], next: &mut [usize]) -> u64 {
        let mut way: Vec<usize> = Vec::new();
        let mut node = self.source;
        while node != self.sink {
            if let Some(&edge) = self.out[node].get(next[node]) {
                let to = self.ends[edge];
                if self.left[edge] > 0 && levels[to] == levels[node] + 1 {
                    way.push(edge);
                    node = to;
                } else {
                    next[node] += 1;
                }
            } else {
                // A dead end: back, and never into it again.
                let Some(edge) = way.pop() else { return 0 };
                node = self.ends[edge ^ 1];
                next[node] += 1;
            }
        }
        let most = way.iter().map(|&edge| self.left[edge]).min().unwrap_or(0);
        for edge in way {
            self.left[edge] -= most;
            self.left[edge ^ 1] += most;
        }
        most
    }

    fn reached(&self) -> Vec<bool> {
        let mut reached = vec![false; self.out.len()];
        reached[self.source] = true;
        let mut stack = vec![self.source];
        while let Some(node) = stack.pop() {
            for &edge in &self.out[node] {
                if self.left[edge] > 0 && !std::mem::replace(&mut reached[self.ends[edge]], true) {
                    stack.push(self.ends[edge]);
                }
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Edges = Vec<(usize, usize, u64)>;

    fn solve(nodes: usize, edges: &Edges, sources: &[usize], sinks: &[usize]) -> Option<(u64, Vec<bool>)> {
        let mut network = Network::new(nodes);
        for &(from, to, capacity) in edges {
            network.edge(from, to, capacity);
        }
        for &node in sources {
            network.from(node);
        }
        for &node in sinks {
            network.to(node);
        }
        network.cut()
    }

    fn cost(edges: &Edges, side: impl Fn(usize) -> bool) -> u64 {
        edges.iter().filter(|edge| side(edge.0) && !side(edge.1)).map(|edge| edge.2).sum()
    }

    #[test]
    fn the_cut_nearest_to_the_sources_is_taken_and_what_cannot_be_cut_is_none() {
        let chain = vec![(0, 1, 5), (1, 2, 5), (2, 3, 7)];
        assert_eq!(solve(4, &chain, &[0], &[3]), Some((5, vec![true, false, false, false])));
        assert_eq!(solve(2, &vec![(0, 1, ENDLESS)], &[0], &[1]), None);
        assert_eq!(solve(2, &vec![], &[0], &[1]), Some((0, vec![true, false])));
        assert_eq!(solve(1, &vec![], &[0], &[0]), None);
    }

    proptest! {
        #[test]
        fn no_side_of_a_small_graph_is_cheaper(
            nodes in 3usize..8,
            edges in prop::collection::vec((0usize..8, 0usize..8, 0u64..20), 0..24),
            turn in 0usize..24,
        ) {
            let mut edges: Edges =
                edges.into_iter().map(|(from, to, cost)| (from % nodes, to % nodes, cost)).collect();
            let (sources, sinks) = ([0], [nodes - 1]);
            let (flow, side) = solve(nodes, &edges, &sources, &sinks).unwrap();
            let cheapest = (0u32..1 << nodes)
                .filter(|sides| sides & 1 == 1 && sides >> (nodes - 1) & 1 == 0)
                .map(|sides| cost(&edges, |node| sides >> node & 1 == 1))
                .min();
            prop_assert_eq!(Some(flow), cheapest);
            prop_assert_eq!(cost(&edges, |node| side[node]), flow);
            let length = edges.len().max(1);
            edges.rotate_left(turn % length);
            prop_assert_eq!(solve(nodes, &edges, &sources, &sinks), Some((flow, side)));
        }
    }
}

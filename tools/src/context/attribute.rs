//! Whose excess is whose: what a service cannot blame on the services it waits for.

use super::estate::{Alarmed, Estate};
use super::excess::Observed;
use super::reach::Reach;
use std::cmp::Ordering;

/// At most so many hurt services are set against each other, half of them those that alarm, and the strongest first: the work grows with
/// the square of their number, and nobody reads past the first few.
pub(super) const MOST: usize = 200;

/// "Explains it": this share at least.
const MOSTLY: f64 = 0.5;

/// A caller is diluted by its own work, so that it is hit less than its callee. Two that differ by less than this factor are
/// hit alike.
const ALIKE: f64 = 1.1;

/// An excess smaller than this is none: water-filling leaves crumbs.
const CRUMB: f64 = 1e-12;

/// The hurt services with what each of them has to answer for. Indexed by *slot*: the hurt ones, ascending by node.
#[derive(Debug)]
pub(super) struct Attribution {
    /// The node of each slot.
    pub(super) nodes: Vec<usize>,
    slots: Vec<Option<usize>>,
    /// Own excess.
    pub(super) own: Vec<f64>,
    /// What is left of it after the callees' excess is taken away.
    pub(super) rest: Vec<f64>,
    /// For each slot the hurt slots it waits for, ascending, dark services skipped, found edges included.
    pub(super) down: Vec<Vec<usize>>,
    /// The closure over `down`.
    pub(super) reach: Reach,
    /// Reached from an alarming service over known edges.
    pub(super) reached_by_edges: Vec<bool>,
    /// Reached over known and found edges.
    pub(super) reached: Vec<bool>,
    /// Whether more were hurt than could be looked at.
    pub(super) truncated: bool,
}

impl Attribution {
    /// The slot of a node, if it is hurt.
    pub(super) fn slot(&self, node: usize) -> Option<usize> {
        self.slots[node]
    }

    /// Shares out all excess of the hurt among `observed`.
    pub(super) fn of(estate: &Estate<'_>, observed: &[Observed], alarmed: &Alarmed, minutes: f64) -> Self {
        let (nodes, truncated) = strongest(observed, alarmed);
        let mut slots = vec![None; observed.len()];
        for (slot, &node) in nodes.iter().enumerate() {
            slots[node] = Some(slot);
        }
        let own: Vec<f64> = nodes.iter().map(|&node| observed[node].own).collect();
        let down: Vec<Vec<usize>> = nodes.iter().map(|&node| visible_callees(estate, observed, &slots, node)).collect();
        let reach = Reach::of(&down);
        let shared = share(estate, observed, &nodes, &own, &down, &reach, minutes);
        let starts: Vec<usize> = alarmed.nodes.iter().filter_map(|&node| slots[node]).collect();
        let mut attribution = Self {
            reached_by_edges: reached(&starts, &reach, nodes.len()),
            reached: Vec::new(),
            nodes,
            slots,
            own,
            rest: shared.rest,
            down,
            reach,
            truncated,
        };
        attribution.repair(estate, observed, alarmed, shared.left);
        attribution.reached = reached(&starts, &attribution.reach, attribution.nodes.len());
        attribution
    }

    /// Excess that nobody upstream claims meets excess that nothing downstream explains, where the graph has no way
    /// between the two: it must come from somewhere, so this is an edge that nobody drew.
    ///
    /// Which of two is the caller is told by dilution: a request to the caller contains the one to the callee and more, so
    /// that the callee is hit harder, measured by what is usual for each. Where both are hit alike, which is the rule for
    /// failures that are handed on, it is the one that reaches more services: a caller reaches all that its callee does.
    /// What is unexplained by less than one deviation is noise, and looks for no callee.
    fn repair(&mut self, estate: &Estate<'_>, observed: &[Observed], alarmed: &Alarmed, mut left: Vec<f64>) {
        // Behind an asynchronous edge nobody waits: that is known, not missing.
        let aside_of = |starts: &[usize]| -> Vec<bool> {
            let (any, waiting) = (estate.reach(starts, false), estate.reach(starts, true));
            any.into_iter().zip(waiting).map(|(any, waiting)| any && !waiting).collect()
        };
        let aside = aside_of(&alarmed.nodes);
        let mut open: Vec<usize> = (0..self.nodes.len()).collect();
        open.sort_by(|&a, &b| {
            let alarms = |slot: usize| alarmed.has(self.nodes[slot]);
            alarms(b).cmp(&alarms(a)).then(self.rest[b].total_cmp(&self.rest[a])).then(a.cmp(&b))
        });
        let reaches_of = |node: usize| estate.reach(&[node], true).into_iter().filter(|reached| *reached).count();
        let mut reaches: Vec<Option<usize>> = vec![None; self.nodes.len()];
        for above in open {
            let is_noise = |slot: usize, rest: f64| rest * observed[self.nodes[slot]].z < self.own[slot];
            if is_noise(above, self.rest[above]) {
                continue;
            }
            let mut aside_of_above: Option<Vec<bool>> = None;
            let mut reached = |slot: usize| *reaches[slot].get_or_insert_with(|| reaches_of(self.nodes[slot]));
            let mut unclaimed: Vec<usize> = (0..self.nodes.len()).filter(|&slot| left[slot] > 0.0).collect();
            unclaimed.sort_by(|&a, &b| left[b].total_cmp(&left[a]).then(a.cmp(&b)));
            for below in unclaimed {
                let moved = self.rest[above].min(left[below]);
                let node = self.nodes[below];
                if moved <= 0.0
                    || moved < MOSTLY * self.rest[above]
                    || above == below
                    || estate.nodes[node].inferred
                    || aside[node]
                    || self.reach.leads(above, below)
                    || self.reach.leads(below, above)
                {
                    continue;
                }
                let caller = self.nodes[above];
                // What runs no code of one's own has no trouble of its own either: whatever it shows comes from behind.
                let is_passage = estate.nodes[caller].inferred || estate.nodes[caller].passes_through;
                match hit_harder(&observed[caller], &observed[node]) {
                    Ordering::Greater if !is_passage => continue,
                    Ordering::Equal if !is_passage && reached(above) < reached(below) => continue,
                    Ordering::Greater | Ordering::Equal | Ordering::Less => {}
                }
                if aside_of_above.get_or_insert_with(|| aside_of(&[self.nodes[above]]))[node] {
                    continue;
                }
                self.rest[above] -= moved;
                left[below] -= moved;
                self.down[above].push(below);
                self.reach.add(above, below);
            }
        }
        for down in &mut self.down {
            down.sort_unstable();
        }
    }
}

/// Whether a caller is hit harder than a callee, less hard, or alike.
fn hit_harder(caller: &Observed, callee: &Observed) -> Ordering {
    // Calling several times fails more often. A latency is a ratio already: whoever calls twice always waited twice.
    let times = if caller.is_share { (callee.requests / caller.requests.max(1.0)).max(1.0) } else { 1.0 };
    if caller.severity > ALIKE * callee.severity * times {
        Ordering::Greater
    } else if ALIKE * caller.severity < callee.severity {
        Ordering::Less
    } else {
        Ordering::Equal
    }
}

/// The hurt nodes, ascending, and whether some had to be left out.
fn strongest(observed: &[Observed], alarmed: &Alarmed) -> (Vec<usize>, bool) {
    let mut hurt: Vec<usize> = (0..observed.len()).filter(|&node| observed[node].gated).collect();
    let truncated = hurt.len() > MOST;
    if truncated {
        // Half of the places are for the alarming: their gate is low, and in a flood many of them hardly hurt. The other half
        // is for the strongest, whoever they are.
        hurt.sort_by(|&a, &b| observed[b].own.total_cmp(&observed[a].own).then(a.cmp(&b)));
        let mut kept: Vec<usize> = hurt.iter().copied().filter(|&node| alarmed.has(node)).take(MOST / 2).collect();
        let mut is_kept = vec![false; observed.len()];
        for &node in &kept {
            is_kept[node] = true;
        }
        let places = MOST - kept.len();
        kept.extend(hurt.iter().copied().filter(|&node| !is_kept[node]).take(places));
        hurt = kept;
        hurt.sort_unstable();
    }
    (hurt, truncated)
}

/// The hurt slots that `start` waits for. A dark service is transparent: its callers see its callees.
fn visible_callees(estate: &Estate<'_>, observed: &[Observed], slots: &[Option<usize>], start: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut dark = Vec::new();
    let mut stack = vec![start];
    while let Some(node) = stack.pop() {
        for call in &estate.callees[node] {
            if !observed[call.to].visible {
                if !dark.contains(&call.to) && dark.len() < MOST {
                    dark.push(call.to);
                    stack.push(call.to);
                }
            } else if let Some(slot) = slots[call.to].filter(|_| call.to != start) {
                found.push(slot);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

struct Shared {
    rest: Vec<f64>,
    left: Vec<f64>,
}

/// Gives each service's excess to its hurt callers, in proportion to their requests and by water-filling: nobody takes
/// more than his own excess, which is also the rule for calls made in parallel.
fn share(
    estate: &Estate<'_>,
    observed: &[Observed],
    nodes: &[usize],
    own: &[f64],
    down: &[Vec<usize>],
    reach: &Reach,
    minutes: f64,
) -> Shared {
    let mut up: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (caller, callees) in down.iter().enumerate() {
        for &callee in callees {
            // A cycle explains nothing.
            if !reach.leads(callee, caller) {
                up[callee].push(caller);
            }
        }
    }
    let mut taken = vec![0.0; nodes.len()];
    let mut left = vec![0.0; nodes.len()];
    for callee in 0..nodes.len() {
        let mut rest = own[callee];
        let weight = |&caller: &usize| {
            let rate = estate.per_min(nodes[caller], nodes[callee]).map(|rate| rate * minutes);
            (caller, rate.unwrap_or(observed[nodes[caller]].requests).max(1.0))
        };
        let mut open: Vec<(usize, f64)> = up[callee].iter().map(weight).collect();
        while !open.is_empty() && rest > CRUMB {
            let total: f64 = open.iter().map(|(_, weight)| weight).sum();
            let before = rest;
            let full = |&(caller, weight): &(usize, f64)| before * weight / total >= own[caller];
            if !open.iter().any(full) {
                for (caller, weight) in &open {
                    taken[*caller] += rest * weight / total;
                }
                rest = 0.0;
            }
            for (caller, _) in open.iter().filter(|caller| full(caller)) {
                taken[*caller] += own[*caller];
                rest = (rest - own[*caller]).max(0.0);
            }
            open.retain(|caller| !full(caller));
        }
        left[callee] = rest;
    }
    let rest = own.iter().zip(&taken).map(|(own, taken)| (own - taken).max(0.0)).collect();
    Shared { rest, left }
}

/// Everything that `starts` reach; without any start it cannot be told, and everything counts.
fn reached(starts: &[usize], reach: &Reach, slots: usize) -> Vec<bool> {
    (0..slots).map(|slot| starts.is_empty() || starts.iter().any(|&start| reach.leads(start, slot))).collect()
}

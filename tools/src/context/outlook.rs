//! The way the trouble spread, and where it goes next.

use super::estate::Estate;
use super::picture::Sufferer;
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::VecDeque;

/// At most so many services are warned of: the next hop, not the whole estate.
const MOST: usize = 5;

/// A service that is expected to suffer next.
#[derive(Clone, Debug)]
pub(super) struct Next {
    pub(super) node: usize,
    pub(super) through: usize,
    pub(super) exposed_share: Option<f64>,
    pub(super) in_minutes: Option<f64>,
}

/// From the cause up to the caller furthest away that suffers; of several ways the one with the largest excess, then flow. A caller that
/// nothing is known of is stepped over, and named if it is a service of its own.
pub(super) fn path(
    estate: &Estate<'_>,
    sufferers: &[Sufferer],
    cause: usize,
    requests: impl Fn(usize) -> f64,
) -> Vec<usize> {
    let mut suffers = vec![false; estate.nodes.len()];
    let mut excess = vec![0.0; estate.nodes.len()];
    let symptom = sufferers.iter().find(|sufferer| sufferer.node == cause).map(|sufferer| sufferer.symptom);
    for sufferer in sufferers {
        suffers[sufferer.node] = true;
        // Seconds and failures cannot be compared.
        if let Some(reading) =
            sufferer.reading.as_ref().filter(|_| symptom.is_none_or(|symptom| symptom == sufferer.symptom))
        {
            excess[sufferer.node] = reading.seen.own;
        }
    }
    let passes = |node: usize| suffers[node] || requests(node) <= 0.0 || estate.nodes[node].inferred;
    let mut hops: Vec<Option<usize>> = vec![None; estate.nodes.len()];
    hops[cause] = Some(0);
    let mut order = VecDeque::from([cause]);
    let mut end = (0, cause);
    while let Some(node) = order.pop_front() {
        let next = hops[node].map(|hops| hops + 1);
        for &caller in estate.callers[node].iter().filter(|&&caller| passes(caller)) {
            if hops[caller].is_none() {
                hops[caller] = next;
                order.push_back(caller);
            }
        }
        let further = hops[node].is_some_and(|hops| hops > end.0)
            || (hops[node] == Some(end.0) && requests(node) > requests(end.1));
        if suffers[node] && further {
            end = (hops[node].unwrap_or(0), node);
        }
    }
    let mut path = vec![end.1];
    while let Some(&caller) = path.last().filter(|&&node| node != cause) {
        let before = hops[caller].and_then(|hops| hops.checked_sub(1));
        let callees = estate.callees[caller].iter().filter(|call| before.is_some() && hops[call.to] == before);
        let flow = |to: usize, per_min: Option<f64>| per_min.unwrap_or_else(|| requests(to));
        let best = callees.max_by(|a, b| {
            let worse = suffers[a.to].cmp(&suffers[b.to]).then(excess[a.to].total_cmp(&excess[b.to]));
            worse.then(flow(a.to, a.per_min).total_cmp(&flow(b.to, b.per_min))).then(b.to.cmp(&a.to))
        });
        let Some(best) = best else { break };
        path.push(best.to);
    }
    path.reverse();
    path.retain(|&node| node == cause || suffers[node] || !estate.nodes[node].inferred);
    path
}

/// Callers that wait for somebody who suffers and do not suffer yet; soonest first, then most exposed.
pub(super) fn expected(estate: &Estate<'_>, sufferers: &[Sufferer], path: &[usize], now: Timestamp) -> Vec<Next> {
    let mut onset_of: Vec<Option<Timestamp>> = vec![None; estate.nodes.len()];
    for sufferer in sufferers {
        onset_of[sufferer.node] = Some(sufferer.onset);
    }
    let lag = lag_minutes(&onset_of, path);
    let mut nodes: Vec<usize> =
        sufferers.iter().flat_map(|sufferer| estate.callers[sufferer.node].iter().copied()).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes.retain(|&node| onset_of[node].is_none());
    if nodes.iter().any(|&node| !estate.nodes[node].inferred) {
        nodes.retain(|&node| !estate.nodes[node].inferred);
    }
    let mut expected: Vec<Next> = nodes.iter().filter_map(|&node| next(estate, node, &onset_of, lag, now)).collect();
    expected.sort_by(|a, b| {
        let soon = |next: &Next| next.in_minutes.unwrap_or(f64::INFINITY);
        let share = |next: &Next| next.exposed_share.unwrap_or(-1.0);
        soon(a).total_cmp(&soon(b)).then(share(b).total_cmp(&share(a))).then(a.node.cmp(&b.node))
    });
    expected.truncate(MOST);
    expected
}

fn next(
    estate: &Estate<'_>,
    node: usize,
    onset_of: &[Option<Timestamp>],
    lag: Option<f64>,
    now: Timestamp,
) -> Option<Next> {
    let total = estate.outgoing_per_min[node];
    let share = |rate: Option<f64>| rate.filter(|_| total > 0.0).map(|rate| (rate / total).min(1.0));
    let calls = estate.callees[node].iter().filter_map(|call| Some((call.to, share(call.per_min), onset_of[call.to]?)));
    // Through whom it is hit hardest; of equals, through whom it may have been hit the longest.
    let (through, exposed_share, onset) = calls.max_by(|a, b| {
        let share = |share: Option<f64>| share.unwrap_or(-1.0);
        share(a.1).total_cmp(&share(b.1)).then(Reverse(a.2).cmp(&Reverse(b.2))).then(b.0.cmp(&a.0))
    })?;
    let in_minutes = lag.map(|lag| (minutes_between(now, onset) + lag).max(0.0));
    Some(Next { node, through, exposed_share, in_minutes })
}

/// The median lag of a hop along the path, in minutes; none where no lag was seen.
fn lag_minutes(onset_of: &[Option<Timestamp>], path: &[usize]) -> Option<f64> {
    let lags = path.windows(2).filter_map(|hop| Some(minutes_between(onset_of[hop[0]]?, onset_of[hop[1]]?)));
    // A caller that was out of range before its callee tells nothing about how trouble travels up.
    let lags: Vec<f64> = lags.filter(|lag| *lag >= 0.0).collect();
    super::excess::median(&lags).filter(|lag| *lag > 0.0)
}

fn minutes_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 60.0
}

//! Services that suffer by other signs than their flow of requests: new bad lines in their log, or another metric that left
//! its range and stays away. Such signs are weak, so somebody who shows them belongs to the incident only if he waits for one
//! who suffers, names one in his log, or nothing at all is known of his calls.

use super::changes::signature::{Moved, Pattern, Signature};
use super::estate::Estate;
use super::picture::Sufferer;
use crate::model::{Measure, Symptom};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Signs this long before the first who suffers still belong to the same trouble.
const EARLIER: SignedDuration = crate::model::minutes(10);

/// Names that are looked for in the logs, at most.
const NAMES: usize = 60;

/// Hops along which one sign supports the next.
const ROUNDS: usize = 3;

/// Lines it takes to believe a log.
const LINES: u64 = 3;

/// The bad lines of a node's log, in which it complains of itself or of what it calls. That its own caller hung up is the
/// caller's complaint.
pub(super) fn complaints<'a>(estate: &Estate<'_>, signature: &'a Signature, node: usize) -> Vec<&'a Pattern> {
    let own = |pattern: &&Pattern| estate.node(&pattern.service) == Some(node) && is_complaint(pattern);
    signature.patterns.iter().filter(own).collect()
}

fn is_complaint(pattern: &Pattern) -> bool {
    const HUNG_UP: [&str; 6] =
        ["by client", "by the client", "client disconnected", "client closed", "by caller", "peer closed"];
    let text = pattern.text.to_lowercase();
    pattern.is_bad() && pattern.count >= LINES && !HUNG_UP.iter().any(|phrase| text.contains(phrase))
}

/// Who complains in its log of whom: `(complainer, named)`, ascending. That two complain of each other says nothing.
pub(super) fn accusations(estate: &Estate<'_>, signature: &Signature) -> Vec<(usize, usize)> {
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for member in &estate.members {
        by_name.insert(member.id.as_str().to_lowercase(), member.node);
    }
    let mut found: BTreeSet<(usize, usize)> = BTreeSet::new();
    for pattern in signature.patterns.iter().filter(|pattern| is_complaint(pattern)) {
        let Some(complainer) = estate.node(&pattern.service) else { continue };
        let text = pattern.text.to_lowercase();
        let names = text.split(|character: char| !(character.is_alphanumeric() || "-_.".contains(character)));
        let named = names.filter_map(|name| by_name.get(name.trim_matches('.')).copied());
        found.extend(named.filter(|named| *named != complainer).map(|named| (complainer, named)));
    }
    found.iter().copied().filter(|(complainer, named)| !found.contains(&(*named, *complainer))).collect()
}

/// A service that only alarms has suffered since its own signs began: an alarm waits for its threshold.
pub(super) fn date_back(estate: &Estate<'_>, signature: &Signature, sufferers: &mut [Sufferer]) {
    let moved = signature.moved.iter().filter(|moved| moved.measure != Measure::Requests);
    let moved = moved.map(|moved| (&moved.service, moved.onset));
    let logged = signature.patterns.iter().filter(|pattern| is_complaint(pattern));
    let logged = logged.map(|pattern| (&pattern.service, pattern.first));
    let mut began: BTreeMap<usize, Timestamp> = BTreeMap::new();
    for (service, at) in moved.chain(logged) {
        if let Some(node) = estate.node(service) {
            let known = began.entry(node).or_insert(at);
            *known = at.min(*known);
        }
    }
    for sufferer in sufferers.iter_mut().filter(|sufferer| sufferer.reading.is_none()) {
        let sign = began.get(&sufferer.node).copied();
        sufferer.onset = sign.map_or(sufferer.onset, |sign| sign.min(sufferer.onset));
    }
}

/// Those who suffer by other signs than `sufferers` do, by position in the estate.
pub(super) fn by_signs(estate: &Estate<'_>, signature: &Signature, sufferers: &[Sufferer]) -> Vec<Sufferer> {
    let Some(first) = sufferers.iter().map(|sufferer| sufferer.onset).min() else { return Vec::new() };
    let since = first.saturating_sub(EARLIER).unwrap_or(first);
    let mut suffers = vec![false; estate.nodes.len()];
    for sufferer in sufferers {
        suffers[sufferer.node] = true;
    }
    let names: Vec<String> =
        sufferers.iter().take(NAMES).map(|it| estate.nodes[it.node].id.as_str().to_lowercase()).collect();
    let mut logged: BTreeMap<usize, Vec<&Pattern>> = BTreeMap::new();
    for pattern in signature.patterns.iter().filter(|pattern| is_complaint(pattern)) {
        if let Some(node) = estate.node(&pattern.service) {
            logged.entry(node).or_default().push(pattern);
        }
    }
    let mut onsets: BTreeMap<usize, Timestamp> = BTreeMap::new();
    // More or fewer requests are no suffering.
    let moved = signature.moved.iter().filter(|moved| moved.measure != Measure::Requests);
    let moved = moved.filter_map(|moved: &Moved| Some((estate.node(&moved.service)?, moved.onset)));
    let spoken = logged.iter().flat_map(|(node, patterns)| patterns.iter().map(|pattern| (*node, pattern.first)));
    for (node, at) in moved.chain(spoken).filter(|(node, at)| *at >= since && !suffers[*node]) {
        let onset = onsets.entry(node).or_insert(at);
        *onset = at.min(*onset);
    }
    let told: Vec<(usize, Timestamp)> = onsets.into_iter().collect();
    let names_one = |node: usize| {
        let texts = logged.get(&node).into_iter().flatten().map(|pattern| pattern.text.to_lowercase());
        texts.into_iter().any(|text| names.iter().any(|name| text.contains(name)))
    };
    let mut found = Vec::new();
    // Who waits for somebody found this way suffers through him; a few hops, as far as such a sign can be believed.
    let mut taken = vec![false; told.len()];
    for _ in 0..ROUNDS {
        for (at, &(node, onset)) in told.iter().enumerate().filter(|(_, (node, _))| !estate.nodes[*node].inferred) {
            let unknown = estate.any_callees[node].is_empty() && estate.callers[node].is_empty();
            let waits = estate.callees[node].iter().any(|call| suffers[call.to]);
            if !taken[at] && (unknown || waits || names_one(node)) {
                taken[at] = true;
                suffers[node] = true;
                found.push(Sufferer { node, onset, symptom: Symptom::Signs, reading: None });
            }
        }
    }
    found
}

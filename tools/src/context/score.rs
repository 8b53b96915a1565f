//! From shares of excess to suspects: who is the likeliest cause, and how sure that is.

use super::attribute::Attribution;
use super::confidence::{Case, confidence};
use super::estate::{Alarmed, Estate};
use super::excess::{GATE, GATE_ALARMED, Observed, PAIR, Pair, RELATIVE, align, observe_all};
use super::flow::Flows;
use super::kind::Kind;
use std::collections::BTreeMap;

/// "Rather not": one weight for everything that speaks against a suspect without clearing it.
const RATHER_NOT: f64 = 0.5;

/// What is off the alarm's map keeps this share of its score, only to be listed last.
const FAR: f64 = 0.1;

/// Weight of a service without any data whose callers hold excess they cannot explain: just behind the same seen directly.
const DARK: f64 = 0.9;

/// The same for one that calls nobody: managed services rarely are the cause.
const DARK_LEAF: f64 = 0.45;

/// A dark service with one caller loses this share, with n callers the n-th part: what more call is more exposed.
const EXPOSED: f64 = 0.1;

/// What is left of a score when others explain all of it but a rounding error.
const CRUMB: f64 = 1e-6;

/// The doubt about a suspect for which nobody else speaks.
const ALONE: f64 = 2.0;

/// Below this strength the answer is *no cause found*.
const FLOOR: f64 = 0.5;

/// Why somebody is suspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Of its own unexplained excess.
    Excess,
    /// It has no data, and its callers have unexplained excess.
    Dark,
    /// Of its excess of the other kind: failing fast makes callers retry and slow, slowness makes them fail.
    OtherKind,
}

/// One candidate.
#[derive(Clone, Debug)]
pub(super) struct Suspect {
    pub(super) node: usize,
    pub(super) score: f64,
    pub(super) confidence: f64,
    pub(super) why: Why,
    z: f64,
}

/// What the flow of one kind says.
#[derive(Debug)]
pub(super) struct Ranking {
    pub(super) kind: Kind,
    pub(super) pair: Pair,
    pub(super) observed: Vec<Observed>,
    /// The other kind, where it was needed to explain this one.
    pub(super) other: Option<(Vec<Observed>, Attribution)>,
    pub(super) attribution: Attribution,
    /// Most likely first.
    pub(super) suspects: Vec<Suspect>,
    /// Whether the first of them is blamed.
    pub(super) found: bool,
}

impl Ranking {
    /// Ranks by the excess of `kind`; `alarmed` are the alarming nodes by time.
    pub(super) fn of(estate: &Estate<'_>, flows: &Flows, kind: Kind, alarmed: &Alarmed) -> Self {
        let pair = judged_pair(estate, flows, kind, alarmed);
        let gate = |node| if alarmed.has(node) { GATE_ALARMED } else { GATE };
        let observed = observe_all(estate, flows, kind, pair, gate);
        let attribution = Attribution::of(estate, &observed, alarmed, flows.grid.minutes(PAIR));
        let mut ranking = Self { kind, pair, observed, other: None, attribution, suspects: Vec::new(), found: false };
        let speaks = |&node: &usize| ranking.attribution.slot(node).is_some() || !ranking.observed[node].visible;
        if alarmed.nodes.is_empty() || alarmed.nodes.iter().any(speaks) {
            ranking.suspect(estate, flows, alarmed);
            ranking.judge(estate, alarmed);
        }
        ranking
    }

    /// How sure it is of its first suspect, blamed or not.
    pub(super) fn confidence(&self) -> f64 {
        self.suspects.first().map_or(0.0, |first| first.confidence)
    }

    /// What a suspect shows of the kind it is suspected for, and its unexplained share.
    pub(super) fn shown(&self, node: usize, why: Why) -> Option<(Kind, &Observed, f64)> {
        let (kind, observed, attribution) = match (why, &self.other) {
            (Why::OtherKind, Some((observed, attribution))) => (self.kind.other(), observed, attribution),
            (Why::OtherKind, None) | (Why::Excess | Why::Dark, _) => (self.kind, &self.observed, &self.attribution),
        };
        let slot = attribution.slot(node)?;
        Some((kind, &observed[node], attribution.rest[slot] / attribution.own[slot]))
    }

    /// The hurt callers of `node` whose excess is not explained: the witnesses against a dark service.
    pub(super) fn hot_callers(&self, estate: &Estate<'_>, node: usize) -> Vec<usize> {
        let hot = self.hot();
        estate.callers[node].iter().copied().filter(|caller| hot.contains_key(caller)).collect()
    }

    /// Nodes on the alarm's map that mostly cannot explain their excess, with what they cannot explain.
    fn hot(&self) -> BTreeMap<usize, f64> {
        let all = &self.attribution;
        let slots = (0..all.nodes.len())
            .filter(|&slot| all.reached[slot] && all.rest[slot] > 0.0 && all.rest[slot] >= RATHER_NOT * all.own[slot]);
        slots.map(|slot| (all.nodes[slot], all.rest[slot])).collect()
    }

    fn suspect(&mut self, estate: &Estate<'_>, flows: &Flows, alarmed: &Alarmed) {
        let mut scores = self.by_excess(estate, alarmed);
        let hot = self.hot();
        self.add_dark(estate, alarmed, &hot, &mut scores);
        self.add_other_kind(estate, flows, &hot, &mut scores);
        let z = |node: usize, why: Why| match (why, &self.other) {
            (Why::OtherKind, Some((observed, _))) => observed[node].z,
            (Why::Dark, _) | (Why::OtherKind, None) => 0.0,
            (Why::Excess, _) => self.observed[node].z,
        };
        let mut suspects: Vec<Suspect> = scores
            .into_iter()
            .filter(|(_, (score, _))| *score > 0.0)
            .map(|(node, (score, why))| Suspect { node, score, confidence: 0.0, why, z: z(node, why) })
            .collect();
        // Nodes are sorted by name.
        suspects.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.z.total_cmp(&a.z)).then(a.node.cmp(&b.node)));
        let best = suspects.first().map_or(0.0, |first| first.score);
        suspects.retain(|suspect| suspect.score > CRUMB * best);
        self.suspects = suspects;
    }

    fn by_excess(&self, estate: &Estate<'_>, alarmed: &Alarmed) -> Scores {
        let all = &self.attribution;
        let open: f64 = alarmed.nodes.iter().filter_map(|&node| all.slot(node)).map(|slot| all.rest[slot]).sum();
        let score = |slot: usize| {
            let (node, rest) = (all.nodes[slot], all.rest[slot]);
            // An alarming service is suspected only as far as its callees do not explain it.
            let mut score = if alarmed.has(node) { rest * (rest / all.own[slot]) } else { rest };
            if estate.nodes[node].inferred {
                score *= RATHER_NOT;
            }
            if !all.reached[slot] {
                // Off the alarm's map it explains at most what the alarm leaves open.
                score = RATHER_NOT * score.min(open.max(FAR * score));
            } else if !all.reached_by_edges[slot] {
                score *= RATHER_NOT;
            }
            (node, (score, Why::Excess))
        };
        (0..all.nodes.len()).map(score).collect()
    }

    /// Services without data are candidates for the excess their hurt callers cannot explain.
    fn add_dark(&self, estate: &Estate<'_>, alarmed: &Alarmed, hot: &BTreeMap<usize, f64>, scores: &mut Scores) {
        let is_dark = |node: usize| !self.observed[node].visible;
        let called = hot.keys().flat_map(|&node| &estate.callees[node]).map(|call| call.to);
        let mut dark: Vec<usize> = called.filter(|&node| is_dark(node)).collect();
        dark.sort_unstable();
        dark.dedup();
        let requests = |nodes: &[usize]| nodes.iter().map(|&node| self.observed[node].requests).sum::<f64>();
        // Once for all: a callee may have very many callers.
        let sent: Vec<f64> =
            if dark.is_empty() { Vec::new() } else { estate.callers.iter().map(|list| requests(list)).collect() };
        for node in dark {
            let witnesses: Vec<usize> =
                estate.callers[node].iter().copied().filter(|caller| hot.contains_key(caller)).collect();
            let callees = &estate.callees[node];
            let weight = if estate.nodes[node].inferred {
                DARK_LEAF * RATHER_NOT
            } else if callees.is_empty() {
                DARK_LEAF
            } else if callees.iter().any(|call| is_dark(call.to)) {
                DARK
            } else {
                // Its traffic, read off what its callees get and nobody else sends.
                let unclaimed = callees.iter().map(|call| self.observed[call.to].requests - sent[call.to]);
                let traffic = unclaimed.fold(0.0, f64::max);
                DARK * (0.5 + 0.5 * (traffic / requests(&witnesses).max(1.0)).min(1.0))
            };
            let exposed_to = estate.callers[node].iter().filter(|&&caller| !estate.nodes[caller].inferred).count();
            #[expect(clippy::cast_precision_loss, reason = "a number of services")]
            let exposure = 1.0 - EXPOSED / exposed_to.max(1) as f64;
            let open: f64 = witnesses.iter().map(|witness| hot[witness]).sum();
            scores.insert(node, (weight * exposure * open, Why::Dark));
            if estate.nodes[node].inferred || callees.is_empty() {
                continue;
            }
            // Next to a dark service that runs code, an entry point is rather only the witness. One that alarms below hurt
            // callers is none: somebody chose to watch it, and it may well be the cause.
            let is_entry = |node: usize| estate.callers[node].iter().all(|&caller| !self.observed[caller].gated);
            let is_witness = |node: usize| estate.nodes[node].passes_through || (alarmed.has(node) && is_entry(node));
            for witness in witnesses.iter().filter(|witness| is_witness(**witness)) {
                if let Some((score, _)) = scores.get_mut(witness) {
                    *score = score.min(hot[witness] * RATHER_NOT);
                }
            }
        }
    }

    /// Callees that fail fast make their callers slow by retries; callees that are slow make them fail by timeouts.
    fn add_other_kind(&mut self, estate: &Estate<'_>, flows: &Flows, hot: &BTreeMap<usize, f64>, scores: &mut Scores) {
        if hot.is_empty() {
            return;
        }
        let observed = observe_all(estate, flows, self.kind.other(), self.pair, |_| GATE);
        let material = |caller: usize, callee: usize| {
            let seen = &observed[callee];
            seen.gated
                && self.attribution.slot(callee).is_none()
                && match self.kind {
                    Kind::Latency => seen.own >= RELATIVE * self.observed[caller].requests,
                    Kind::Failures => seen.own >= seen.requests * seen.reference.unwrap_or(0.0),
                }
        };
        let starts =
            |caller: usize| estate.callees[caller].iter().map(|call| call.to).filter(move |&to| material(caller, to));
        let starts: Vec<(usize, Vec<usize>)> = hot
            .keys()
            .map(|&caller| (caller, starts(caller).collect::<Vec<_>>()))
            .filter(|(_, starts)| !starts.is_empty())
            .collect();
        if starts.is_empty() {
            return;
        }
        let other = Attribution::of(estate, &observed, &Alarmed::none(estate), flows.grid.minutes(PAIR));
        for (caller, starts) in starts {
            let starts: Vec<usize> = starts.into_iter().filter_map(|node| other.slot(node)).collect();
            let behind = (0..other.nodes.len()).filter(|&slot| {
                other.rest[slot] > 0.0
                    && !scores.contains_key(&other.nodes[slot])
                    && starts.iter().any(|&start| other.reach.leads(start, slot))
            });
            let behind: Vec<usize> = behind.collect();
            let total: f64 = behind.iter().map(|&slot| other.rest[slot]).sum();
            for &slot in &behind {
                let node = other.nodes[slot];
                let weight = if estate.nodes[node].inferred { DARK * RATHER_NOT } else { DARK };
                scores.insert(node, (weight * hot[&caller] * other.rest[slot] / total, Why::OtherKind));
            }
            if let Some((score, _)) = scores.get_mut(&caller).filter(|_| !behind.is_empty()) {
                *score *= RATHER_NOT;
            }
        }
        self.other = Some((observed, other));
    }

    /// Two questions: whether anything is wrong beyond noise (`found`), and whether it is this service (`confidence`).
    fn judge(&mut self, estate: &Estate<'_>, alarmed: &Alarmed) {
        let Some(first) = self.suspects.first() else { return };
        let (z, doubt) = self.witness_of(first, estate, alarmed);
        let strength = z / (z + doubt * GATE);
        let slot = self.attribution.slot(first.node).filter(|_| first.why == Why::Excess);
        let confidence = confidence(Case {
            z,
            rivalry: self.suspects.get(1).map_or(0.0, |second| second.score / first.score),
            // Of the others their callers speak, and those are reached.
            by_known_edges: slot.is_none_or(|slot| self.attribution.reached_by_edges[slot]),
            alone: doubt >= ALONE,
        });
        let best = first.score;
        for suspect in &mut self.suspects {
            suspect.confidence = confidence * suspect.score / best;
        }
        self.found = strength >= FLOOR;
    }

    /// The z that speaks against a suspect, and how much doubt there is for want of a second witness; it doubles with
    /// each that is missing.
    fn witness_of(&self, suspect: &Suspect, estate: &Estate<'_>, alarmed: &Alarmed) -> (f64, f64) {
        let all = &self.attribution;
        if suspect.why == Why::Dark {
            let callers = self.hot_callers(estate, suspect.node);
            let strongest = callers.iter().map(|&caller| self.observed[caller].z).fold(0.0, f64::max);
            return (strongest, 1.0);
        }
        let slot = all.slot(suspect.node);
        let is_kin = |&other: &usize| {
            slot.is_some_and(|slot| slot != other && (all.reach.leads(slot, other) || all.reach.leads(other, slot)))
                && self.observed[all.nodes[other]].z >= GATE
        };
        let has_kin = (0..all.nodes.len()).any(|other| is_kin(&other));
        // Where no alarm could be placed, nobody but the suspect itself says that anything is wrong.
        let is_alone = (alarmed.nodes.is_empty() || alarmed.has(suspect.node)) && !has_kin;
        (suspect.z, if is_alone { ALONE } else { 0.5 })
    }
}

type Scores = BTreeMap<usize, (f64, Why)>;

/// The pair of rows that is judged, as the first alarming service with metrics shows it.
pub(super) fn judged_pair(estate: &Estate<'_>, flows: &Flows, kind: Kind, alarmed: &Alarmed) -> Pair {
    align(witness(estate, flows, alarmed), kind, &flows.grid)
}

/// The flow of the first alarming service that has one.
fn witness<'a>(estate: &Estate<'_>, flows: &'a Flows, alarmed: &Alarmed) -> Option<&'a super::flow::Flow> {
    let own = estate.alarming.iter().filter(|alarming| alarmed.has(alarming.node)).map(|alarming| alarming.member);
    let folded = alarmed.nodes.iter().flat_map(|&node| estate.nodes[node].members.iter().copied());
    own.chain(folded).filter_map(|member| flows.of[member].as_ref()).find(|flow| flow.visible)
}

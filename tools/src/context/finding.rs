//! What a lane found: the common form in which the four ways of looking hand on their answer.

use super::estate::{Alarmed, Estate};
use super::excess::Observed;
use super::flow::Flows;
use super::picture::{Reading, readings};
use super::score::{Ranking, Suspect, Why};
use crate::model::{Lane, Symptom};

/// More causes than this are not listed: nobody reads them.
const MOST: usize = 10;

/// The answer of a lane.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) lane: Lane,
    /// Whether the first of the accused is blamed.
    pub(super) found: bool,
    /// Most likely first.
    pub(super) accused: Vec<Accused>,
    /// Everything that is hurt, near or far.
    pub(super) readings: Vec<Reading>,
    /// Requests of each node in the judged rows; 0 where unknown.
    pub(super) requests: Vec<f64>,
    /// The longest history of any service, in rows; none where metrics play no part.
    pub(super) history: Option<usize>,
    /// Whether more was hurt than could be looked at.
    pub(super) truncated: bool,
}

/// A candidate, ready to be told.
#[derive(Debug)]
pub(super) struct Accused {
    pub(super) node: usize,
    pub(super) score: f64,
    pub(super) confidence: f64,
    pub(super) symptom: Symptom,
    /// What its own metrics show.
    pub(super) reading: Option<Reading>,
    /// Where it has none: the callers that suffer without another explanation.
    pub(super) witnesses: Vec<usize>,
}

impl Finding {
    /// Looks along the flow of requests. None where it cannot speak: nothing is seen of any alarming service, and nothing
    /// hurt points at anyone.
    pub(super) fn by_flow(estate: &Estate<'_>, flows: &Flows) -> Option<Self> {
        let rank = |kind| Ranking::of(estate, flows, kind, &Alarmed::of(estate, Some(kind)));
        let rankings: Vec<Ranking> = estate.kinds().into_iter().map(rank).collect();
        let all = Alarmed::of(estate, None);
        let blind = |ranking: &Ranking| {
            ranking.suspects.is_empty() && all.nodes.iter().all(|&node| !ranking.observed[node].visible)
        };
        if !all.nodes.is_empty() && rankings.iter().all(blind) {
            return None;
        }
        // Of two kinds the one that is surer; of equally sure ones the first.
        let surer = |a: &Ranking, b: &Ranking| a.found.cmp(&b.found).then(a.confidence().total_cmp(&b.confidence()));
        let ranking = rankings.into_iter().rev().max_by(surer)?;
        let accused =
            ranking.suspects.iter().take(MOST).map(|suspect| accuse(estate, flows, &ranking, suspect)).collect();
        let mut readings = readings(estate, flows, &ranking);
        // A cause of the other kind is told by that kind.
        let causes: Vec<Reading> =
            ranking.suspects.iter().take(1).filter_map(|first| shown(&ranking, flows, first)).collect();
        readings.retain(|reading| causes.iter().all(|cause| cause.node != reading.node));
        readings.extend(causes);
        Some(Self {
            lane: Lane::ExcessFlow,
            found: ranking.found,
            accused,
            readings,
            requests: ranking.observed.iter().map(|seen| seen.requests).collect(),
            history: longest_history(&ranking.observed),
            truncated: ranking.attribution.truncated,
        })
    }

    /// Lowers the confidence of all so that the first has `most` at most.
    pub(super) fn cap(&mut self, most: f64) {
        let first = self.accused.first().map_or(0.0, |accused| accused.confidence);
        if first > most {
            for accused in &mut self.accused {
                accused.confidence *= most / first;
            }
        }
    }
}

/// The longest history of any service that has metrics.
pub(super) fn longest_history(observed: &[Observed]) -> Option<usize> {
    observed.iter().filter(|seen| seen.visible).map(|seen| seen.history).max()
}

fn accuse(estate: &Estate<'_>, flows: &Flows, ranking: &Ranking, suspect: &Suspect) -> Accused {
    let reading = shown(ranking, flows, suspect);
    let kind = reading.as_ref().map_or(ranking.kind, |reading| reading.kind);
    let witnesses = if suspect.why == Why::Dark { ranking.hot_callers(estate, suspect.node) } else { Vec::new() };
    let (node, score, confidence) = (suspect.node, suspect.score, suspect.confidence);
    Accused { node, score, confidence, symptom: kind.symptom(), reading, witnesses }
}

fn shown(ranking: &Ranking, flows: &Flows, suspect: &Suspect) -> Option<Reading> {
    let (kind, seen, own_share) = ranking.shown(suspect.node, suspect.why)?;
    Some(Reading::of(suspect.node, kind, seen, own_share, ranking.pair, flows))
}

//! Three plainer ways of looking, for when a lane is missing. Each says less than the one before it, and knows it: its
//! confidence has a ceiling.

use super::estate::{Alarmed, Estate};
use super::excess::{GATE, GATE_ALARMED, observe_all};
use super::finding::{Accused, Finding, longest_history};
use super::flow::Flows;
use super::kind::Kind;
use super::picture::Reading;
use super::score::judged_pair;
use crate::model::{Lane, Symptom};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// How sure each lane can be at most: without calls, effect and cause look alike.
const CEILING_ONSET: f64 = 0.7;
const CEILING_GRAPH: f64 = 0.5;
const CEILING_ORDER: f64 = 0.3;

/// Alone, a service needs this many deviations to be called a cause: nobody else says that anything is wrong.
const ALONE: f64 = 2.0 * GATE;

/// What is left of the score of one who complains of another that is hurt, of the other's.
const VICTIM: f64 = 0.6;

/// The walk goes on with this probability, and else begins anew at an alarm.
const DAMPING: f64 = 0.85;

/// Rounds of the walk: 0.85^40 is below a thousandth.
const ROUNDS: usize = 40;

/// An alarm this many minutes after the first weighs half.
const HALF_AFTER_MIN: f64 = 5.0;

/// Metrics without calls or without request counts: who left its normal range first and furthest.
/// `accusations` tell who complains in its log of whom.
pub(super) fn by_onset(estate: &Estate<'_>, flows: &Flows, accusations: &[(usize, usize)]) -> Finding {
    let look = |kind: Kind| {
        let alarmed = Alarmed::of(estate, Some(kind));
        let pair = judged_pair(estate, flows, kind, &alarmed);
        let observed =
            observe_all(estate, flows, kind, pair, |node| if alarmed.has(node) { GATE_ALARMED } else { GATE });
        let hurt = observed.iter().enumerate().filter(|(_, seen)| seen.gated);
        let readings: Vec<Reading> = hurt.map(|(node, seen)| Reading::of(node, kind, seen, 1.0, pair, flows)).collect();
        // An alarming service in its normal range clears nobody else where calls are unknown, but it is no call to blame.
        let heard = alarmed.nodes.is_empty()
            || alarmed.nodes.iter().any(|&node| observed[node].gated || !observed[node].visible);
        (readings, observed, heard)
    };
    let mut found: Option<Finding> = None;
    for kind in estate.kinds() {
        let (readings, observed, heard) = look(kind);
        let finding = Finding {
            lane: Lane::MetricOnset,
            found: heard && readings.iter().any(|reading| reading.seen.z >= ALONE || readings.len() > 1),
            accused: by_earliness(&readings, flows, accusations),
            history: longest_history(&observed),
            requests: observed.iter().map(|seen| seen.requests).collect(),
            readings,
            truncated: false,
        };
        let sure = |finding: &Finding| (finding.found, finding.accused.first().map_or(0.0, |first| first.confidence));
        if found.as_ref().is_none_or(|old| sure(&finding) > sure(old)) {
            found = Some(finding);
        }
    }
    found.unwrap_or_else(|| nothing(estate, Lane::MetricOnset))
}

fn by_earliness(readings: &[Reading], flows: &Flows, accusations: &[(usize, usize)]) -> Vec<Accused> {
    let Some(first) = readings.iter().map(|reading| reading.onset).min() else { return Vec::new() };
    let step = flows.grid.step().as_secs_f64();
    let early = |reading: &Reading| {
        let rows_late = reading.onset.duration_since(first).as_secs_f64() / step;
        reading.seen.z / (reading.seen.z + GATE) / (1.0 + rows_late)
    };
    let mut scores: BTreeMap<usize, f64> = readings.iter().map(|reading| (reading.node, early(reading))).collect();
    // Whoever complains of another that is hurt as well is not the first cause, whichever row showed it earlier.
    for (complainer, named) in accusations {
        if let (Some(own), Some(other)) = (scores.get(complainer).copied(), scores.get(named).copied())
            && own > VICTIM * other
        {
            scores.insert(*named, own.max(other));
            scores.insert(*complainer, VICTIM * own.max(other));
        }
    }
    let total: f64 = scores.values().sum();
    let accused = readings.iter().map(|reading| {
        let score = scores[&reading.node];
        Accused {
            node: reading.node,
            score,
            confidence: CEILING_ONSET * score * (1.0 + score / total) / 2.0,
            symptom: reading.kind.symptom(),
            reading: Some(reading.clone()),
            witnesses: Vec::new(),
        }
    });
    ranked(accused.collect(), |accused| accused.reading.as_ref().map_or(0.0, |reading| reading.seen.z))
}

/// Calls without metrics: a walk from the alarming services to what they wait for, as long as alarms lie ahead. It ends at
/// the deepest of them; the early ones weigh more.
pub(super) fn by_graph(estate: &Estate<'_>) -> Finding {
    let alarmed = Alarmed::of(estate, None);
    let Some(began) = estate.began() else { return nothing(estate, Lane::AlarmGraph) };
    let early: Vec<f64> = alarmed.nodes.iter().map(|&node| earliness(estate, node, began)).collect();
    let mut start = vec![0.0; estate.nodes.len()];
    let total: f64 = early.iter().sum();
    for (&node, early) in alarmed.nodes.iter().zip(&early) {
        start[node] = early / total;
    }
    // Who does not alarm is passed through; a late alarm rather follows from its caller's than explains it.
    let mut pull = vec![1.0; estate.nodes.len()];
    for (&node, early) in alarmed.nodes.iter().zip(&early) {
        pull[node] = *early;
    }
    let mass = walk(estate, &ahead(estate, &alarmed), &start, &pull);
    let score: Vec<f64> = alarmed.nodes.iter().zip(&early).map(|(&node, early)| mass[node] * early).collect();
    accuse_alarms(estate, &alarmed, &score, Lane::AlarmGraph, CEILING_GRAPH)
}

/// For each node the callees on a way to an alarming service.
fn ahead(estate: &Estate<'_>, alarmed: &Alarmed) -> Vec<Vec<usize>> {
    let mut leads = vec![false; estate.nodes.len()];
    let mut stack = alarmed.nodes.clone();
    while let Some(node) = stack.pop() {
        if !std::mem::replace(&mut leads[node], true) {
            stack.extend_from_slice(&estate.callers[node]);
        }
    }
    let ahead = |calls: &Vec<super::estate::Call>| calls.iter().map(|call| call.to).filter(|&to| leads[to]).collect();
    estate.callees.iter().map(ahead).collect()
}

/// Personalised `PageRank` by plain iteration. What a callee does not `pull` over stays where it is, and so does all that has
/// nowhere to go: that is what makes the deepest win.
fn walk(estate: &Estate<'_>, next: &[Vec<usize>], start: &[f64], pull: &[f64]) -> Vec<f64> {
    let mut mass = start.to_vec();
    for _ in 0..ROUNDS {
        let mut moved: Vec<f64> = start.iter().map(|start| (1.0 - DAMPING) * start).collect();
        for (node, callees) in next.iter().enumerate().filter(|(node, _)| mass[*node] > 0.0) {
            let weight = |&callee: &usize| estate.per_min(node, callee).unwrap_or(1.0).max(1e-6);
            let total: f64 = callees.iter().map(weight).sum();
            let mut stays = DAMPING * mass[node];
            for callee in callees {
                let goes = DAMPING * mass[node] * weight(callee) / total * pull[*callee];
                moved[*callee] += goes;
                stays -= goes;
            }
            moved[node] += stays.max(0.0);
        }
        mass = moved;
    }
    mass
}

/// Nothing but alarms: who alarmed first.
pub(super) fn by_order(estate: &Estate<'_>) -> Finding {
    let alarmed = Alarmed::of(estate, None);
    let Some(began) = estate.began() else { return nothing(estate, Lane::AlarmOrder) };
    let score: Vec<f64> = alarmed.nodes.iter().map(|&node| earliness(estate, node, began)).collect();
    accuse_alarms(estate, &alarmed, &score, Lane::AlarmOrder, CEILING_ORDER)
}

/// 1 for the first alarm, ½ for one that came [`HALF_AFTER_MIN`] later.
fn earliness(estate: &Estate<'_>, node: usize, began: Timestamp) -> f64 {
    let late = estate.first_alarm(node).map_or(0.0, |alarm| alarm.changed_at.duration_since(began).as_secs_f64());
    1.0 / (1.0 + late.max(0.0) / 60.0 / HALF_AFTER_MIN)
}

/// One alarm alone says where it hurts, not why: then nobody is blamed.
fn accuse_alarms(estate: &Estate<'_>, alarmed: &Alarmed, score: &[f64], lane: Lane, ceiling: f64) -> Finding {
    let total: f64 = score.iter().sum();
    let accused = alarmed.nodes.iter().zip(score).map(|(&node, &score)| Accused {
        node,
        score,
        confidence: ceiling * score / total,
        symptom: Symptom::Alarms,
        reading: None,
        witnesses: Vec::new(),
    });
    let accused = ranked(accused.filter(|accused| accused.score > 0.0).collect(), |_| 0.0);
    Finding { found: alarmed.nodes.len() > 1 && !accused.is_empty(), accused, ..nothing(estate, lane) }
}

fn ranked(mut accused: Vec<Accused>, z: impl Fn(&Accused) -> f64) -> Vec<Accused> {
    accused.sort_by(|a, b| b.score.total_cmp(&a.score).then(z(b).total_cmp(&z(a))).then(a.node.cmp(&b.node)));
    accused.truncate(10);
    accused
}

fn nothing(estate: &Estate<'_>, lane: Lane) -> Finding {
    Finding {
        lane,
        found: false,
        accused: Vec::new(),
        readings: Vec::new(),
        requests: vec![0.0; estate.nodes.len()],
        history: None,
        truncated: false,
    }
}

//! The toolset on small estates, on the auth cascade, and on worlds made of chance.

mod ahead;
mod isolation;
mod mapping;
mod prediction;
mod unseen;
mod worlds;

use crate::capsule::{self, AUTH_CASCADE};
use crate::context::{Situation, verdict};
use crate::eval::foresight::until;
use crate::model::{Affected, Answer, Cause, Edge, EdgeMode, Lane, Service, ServiceId, Symptom, Topology, Verdict};
use jiff::Timestamp;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap()
}

/// `a>b` calls, `a~b` hands over, `a>b*30` so many times a minute; `a:AWS::SQS::Queue` is of that type.
fn topology(told: &str) -> Topology {
    let mut topology = Topology::default();
    let mut names: Vec<&str> = Vec::new();
    for word in told.split_whitespace() {
        let sign = if word.contains('~') { '~' } else { '>' };
        if let Some((caller, rest)) = word.split_once(sign) {
            let (callee, rate) = rest.split_once('*').map_or((rest, None), |(callee, rate)| (callee, Some(rate)));
            names.extend([caller, callee]);
            topology.edges.push(Edge {
                mode: if sign == '~' { EdgeMode::Async } else { EdgeMode::Sync },
                requests_per_min: rate.map(|rate| rate.parse().unwrap()),
                ..Edge::between(caller, callee)
            });
        } else {
            let (name, kind) = word.split_once(':').unwrap();
            topology.services.push(Service { kind: Some(kind.to_owned()), ..Service::named(name) });
        }
    }
    names.retain(|name| topology.services.iter().all(|service| service.id.as_str() != *name));
    names.sort_unstable();
    names.dedup();
    topology.services.extend(names.into_iter().map(Service::named));
    topology
}

/// A situation of which only the topology is known, at minute 10.
fn situation(told: &str) -> Situation {
    Situation {
        now: at(10),
        alarms: Vec::new(),
        topology: Some(topology(told)),
        conflicts: Vec::new(),
        series: None,
        logs: None,
        changes: Vec::new(),
        gaps: Vec::new(),
    }
}

/// A verdict by which the first of `affected` is the cause; each with the minute it began.
fn blaming(affected: &[(&str, i64)]) -> Verdict {
    let id = |name: &str| ServiceId::new(name);
    let cause = |(name, _): &(&str, i64)| Cause {
        service: id(name),
        symptom: Symptom::Faults,
        score: 1.0,
        confidence: 0.9,
        evidence: Vec::new(),
    };
    Verdict {
        at: at(10),
        lane: Lane::ExcessFlow,
        answer: if affected.is_empty() { Answer::NoCauseFound } else { Answer::CauseFound },
        causes: affected.first().map(cause).into_iter().collect(),
        affected: affected
            .iter()
            .map(|(name, minute)| Affected {
                service: id(name),
                onset: at(*minute),
                symptom: Symptom::Faults,
                evidence: Vec::new(),
            })
            .collect(),
        path: affected.iter().map(|(name, _)| id(name)).collect(),
        expected: Vec::new(),
        changes: Vec::new(),
        guilty: None,
        bottlenecks: Vec::new(),
        gaps: Vec::new(),
        next_steps: Vec::new(),
        evidence: Vec::new(),
    }
}

/// The auth cascade at a time of its night, and what the verdict says then.
fn auth_cascade(time: &str) -> (Situation, Verdict) {
    let capsule = capsule::parse(AUTH_CASCADE.as_bytes()).unwrap();
    let situation = until(&capsule, format!("2026-11-20T{time}Z").parse().unwrap());
    let verdict = verdict(&situation);
    (situation, verdict)
}

//! What is proposed: in the auth cascade, for each kind of evidence, and in worlds made of chance.

mod auth;
mod evidence;
mod properties;
mod recovery;

use super::{Act, Proposal, propose};
use crate::context::Situation;
use crate::dependency::{Lags, outlook};
use crate::model::{
    Affected, Answer, Bottleneck, Cause, Claim, Edge, EdgeMode, Evidence, EvidenceId, Lane, Limit, Outlook, Reading,
    Service, ServiceId, Source, Symptom, Topology, Unit, Verdict, Window,
};
use crate::ports::Lever;
use crate::recovery::remedy::Target;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap()
}

fn id(name: &str) -> ServiceId {
    ServiceId::new(name)
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

/// A verdict by which the first of `affected` is the cause, with `E1`; each with the minute it began.
fn blaming(affected: &[(&str, i64)]) -> Verdict {
    let claim = Claim::Onset { service: id(affected.first().map_or("nobody", |first| first.0)), at: at(0) };
    let cause = |(name, _): &(&str, i64)| Cause {
        service: id(name),
        symptom: Symptom::Faults,
        score: 1.0,
        confidence: 0.9,
        evidence: vec![EvidenceId(1)],
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
                evidence: vec![EvidenceId(1)],
            })
            .collect(),
        path: affected.iter().map(|(name, _)| id(name)).collect(),
        expected: Vec::new(),
        changes: Vec::new(),
        guilty: None,
        bottlenecks: Vec::new(),
        gaps: Vec::new(),
        next_steps: Vec::new(),
        evidence: vec![claimed(1, claim)],
    }
}

fn claimed(number: u32, claim: Claim) -> Evidence {
    let window = Window { from: at(0), to: at(10) };
    Evidence { id: EvidenceId(number), claim, source: Source::Query("a query".to_owned()), window }
}

/// Adds a limit that a service has met, with a claim of its own.
fn meets(verdict: &mut Verdict, service: &str, limit: Limit, severity: f64) {
    let number = u32::try_from(verdict.evidence.len() + 1).unwrap();
    let claim =
        Claim::Figure { service: id(service), name: "a limit".to_owned(), value: 1.0, unit: Unit::Count, usual: None };
    verdict.evidence.push(claimed(number, claim));
    verdict.bottlenecks.push(Bottleneck { service: id(service), limit, severity, evidence: vec![EvidenceId(number)] });
}

fn seen(situation: &Situation, verdict: &Verdict) -> Outlook {
    outlook(situation, verdict, &Lags::default())
}

/// A lever: `Kind name | Setting=value Setting=value`, with a revision.
fn lever(told: &str) -> Lever {
    let (target, settings) = told.split_once(" | ").unwrap();
    let (kind, name) = target.split_once(' ').unwrap();
    let settings = settings.split_whitespace().map(|setting| {
        let (name, value) = setting.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    });
    let reading = Reading { settings: settings.collect(), revision: Some("r1".to_owned()) };
    Lever { target: Target::new(kind, name), reading, unread: BTreeSet::new() }
}

fn levers(told: &[(&str, &str)]) -> BTreeMap<ServiceId, Vec<Lever>> {
    let mut levers: BTreeMap<ServiceId, Vec<Lever>> = BTreeMap::new();
    for (service, told) in told {
        levers.entry(id(service)).or_default().push(lever(told));
    }
    levers
}

/// One line each: its score, probability and risk, and what it does.
fn lines(proposals: &[Proposal]) -> String {
    let line = |proposal: &Proposal| match &proposal.act {
        Act::Apply(action) => format!(
            "{:+.3} {:.2} {} · {} · {:?}",
            proposal.score, proposal.probability, action.risk, action.sentence, proposal.worse
        ),
        Act::Watch { until } => format!("{:+.3} watch · {until:?}", proposal.score),
    };
    proposals.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Who recovers: `name after n min (p)`.
fn returns(proposal: &Proposal) -> String {
    let told =
        |back: &crate::model::Return| format!("{} {:.1} min {:.2}", back.service, back.after_min, back.probability);
    match &proposal.recovery.because {
        Some(because) => format!("{because:?}"),
        None => proposal.recovery.returns.iter().map(told).collect::<Vec<_>>().join(", "),
    }
}

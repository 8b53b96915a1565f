//! Worlds to draw, small and large, made of chance. Only for tests; the same on every machine.

use crate::model::{
    Affected, Answer, Cause, Edge, Expected, Lane, Service, ServiceId, Symptom, Topology, Verdict, minutes,
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Everything a scene is made of.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) topology: Topology,
    pub(super) verdict: Verdict,
    pub(super) measured: BTreeSet<ServiceId>,
}

/// A generator of Steele and others (2014), `SplitMix64`.
#[derive(Clone, Debug)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((bits ^ (bits >> 31)) % bound.max(1) as u64).unwrap_or(0)
    }
}

const NAMES: [&str; 12] = [
    "orders",
    "payments",
    "catalog",
    "search",
    "identity",
    "shipping",
    "pricing",
    "reviews",
    "inventory",
    "billing",
    "loyalty",
    "media",
];
const ROLES: [&str; 6] = ["api", "worker", "db", "gateway", "stream-processor", "cache"];

/// A name like those people give.
pub(super) fn name(at: usize) -> String {
    let round = at / (NAMES.len() * ROLES.len());
    let end = if round == 0 { String::new() } else { format!("-{round}") };
    format!("{}-{}{end}", NAMES[at % NAMES.len()], ROLES[(at / NAMES.len() + at) % ROLES.len()])
}

/// `services` services with about `edges` calls downwards and `back` calls that close cycles; trouble begins at the one in the middle
/// of the list and goes up until nobody calls.
pub(super) fn world(seed: u64, services: usize, edges: usize, back: usize, name: impl Fn(usize) -> String) -> World {
    let mut chance = Chance(seed);
    let mut pairs: BTreeSet<(usize, usize)> = BTreeSet::new();
    for callee in 1..services {
        pairs.insert((chance.below(callee.min(1 + callee / 2 + 1)), callee));
    }
    for _ in 0..4 * edges {
        if pairs.len() < edges && services > 1 {
            let callee = 1 + chance.below(services - 1);
            pairs.insert((chance.below(callee), callee));
        }
    }
    for _ in 0..back {
        let callee = chance.below(services.max(2) - 1);
        pairs.insert((callee + 1 + chance.below(services.max(2) - 1 - callee), callee));
    }
    pairs.retain(|(from, to)| from != to && *from < services && *to < services);
    let rate = |from: usize, to: usize| ((from * 37 + to * 101) % 97 * 50 + 3) as f64;
    let topology = Topology {
        services: (0..services).map(|at| Service::named(name(at))).collect(),
        edges: pairs
            .iter()
            .map(|&(from, to)| Edge { requests_per_min: Some(rate(from, to)), ..Edge::between(&name(from), &name(to)) })
            .collect(),
    };
    let mut path = vec![services * 2 / 3];
    while let Some(&(caller, _)) =
        pairs.iter().find(|(from, to)| Some(to) == path.last() && !path.contains(from) && path.len() < 6)
    {
        path.push(caller);
    }
    let told: Vec<ServiceId> = path.iter().map(|&at| ServiceId::new(name(at))).collect();
    let mut verdict = verdict(&told);
    if let Some(&(caller, callee)) = pairs.iter().find(|(from, to)| path.contains(to) && !path.contains(from)) {
        verdict.expected.push(Expected {
            service: ServiceId::new(name(caller)),
            through: ServiceId::new(name(callee)),
            exposed_share: Some(0.4),
            in_minutes: Some(3.0),
            evidence: Vec::new(),
        });
    }
    let measured = (0..services).filter(|at| at % 7 != 5).map(|at| ServiceId::new(name(at))).collect();
    World { topology, verdict, measured }
}

/// Trouble that went up `path` in steps of two minutes.
pub(super) fn verdict(path: &[ServiceId]) -> Verdict {
    let began: Timestamp = "2026-11-20T03:12:00Z".parse().unwrap();
    let symptom = |at: usize| [Symptom::Faults, Symptom::Latency, Symptom::Faults, Symptom::Alarms][at % 4];
    Verdict {
        at: began + minutes(9),
        lane: Lane::ExcessFlow,
        answer: if path.is_empty() { Answer::NoCauseFound } else { Answer::CauseFound },
        causes: path
            .iter()
            .take(1)
            .map(|service| Cause {
                service: service.clone(),
                symptom: Symptom::Faults,
                score: 1.0,
                confidence: 0.92,
                evidence: Vec::new(),
            })
            .collect(),
        affected: path
            .iter()
            .enumerate()
            .map(|(at, service)| Affected {
                service: service.clone(),
                onset: began + minutes(2 * i64::try_from(at).unwrap()),
                symptom: symptom(at),
                evidence: Vec::new(),
            })
            .collect(),
        path: path.to_vec(),
        expected: Vec::new(),
        changes: Vec::new(),
        guilty: None,
        bottlenecks: Vec::new(),
        gaps: Vec::new(),
        next_steps: Vec::new(),
        evidence: Vec::new(),
    }
}

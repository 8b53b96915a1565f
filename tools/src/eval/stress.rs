//! The same faults seen through worse eyes: edges that nobody drew, services that do not report, alarms at the wrong time.
//! Each capsule is looked at [`SEEDS`] times in each way, by the verdict and by the baseline.

use super::baseline::correlate;
use super::chance::Chance;
use super::reliability::Reliability;
use super::{place, place_of, situation_at_end};
use crate::capsule::{Capsule, Truth};
use crate::context::{Atlas, Situation, names_of, verdict};
use crate::model::ServiceId;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// How often each capsule is looked at in each way.
pub const SEEDS: u64 = 20;

/// An alarm is off by this many seconds at most.
const JITTER_S: i64 = 300;

/// What is done to a situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Perturbation {
    /// This many percent of the edges are missing.
    Edges(usize),
    /// This many percent of the services lose all their series; those that alarm and the true cause keep theirs.
    Missing(usize),
    /// All alarms are off by the same time, up to five minutes early or late.
    ///
    /// The moment the verdict speaks about stays the end of the capsule's window, since what is known does not change
    /// because an alarm was early or late; it moves only with an alarm that would else lie in its future.
    Jitter,
}

/// In the order in which they are told.
const ALL: [(&str, Perturbation); 4] = [
    ("edges10", Perturbation::Edges(10)),
    ("edges30", Perturbation::Edges(30)),
    ("missing30", Perturbation::Missing(30)),
    ("jitter", Perturbation::Jitter),
];

/// How often a cause came first, and among the first three: means over seeds and faults, 0–1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// It came first, and alone.
    pub top1: f64,
    /// It was among the first three.
    pub top3: f64,
}

/// The figures for each perturbation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stress {
    /// One edge in ten is missing.
    pub edges10: Figures,
    /// Three in ten are.
    pub edges30: Figures,
    /// Three in ten services other than the alarming ones and the cause report nothing.
    pub missing30: Figures,
    /// The alarm is up to five minutes early or late.
    pub jitter: Figures,
}

impl Stress {
    /// The figures with their names, in the order in which they are told.
    pub fn lines(&self) -> [(&'static str, Figures); 4] {
        let figures = [self.edges10, self.edges30, self.missing30, self.jitter];
        std::array::from_fn(|at| (ALL[at].0, figures[at]))
    }
}

/// How often a cause was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hits {
    runs: usize,
    top1: usize,
    top3: usize,
}

impl Hits {
    /// Counts one run; without a `rank` it is a miss.
    pub(super) fn add(&mut self, rank: Option<usize>) {
        self.runs += 1;
        self.top1 += usize::from(rank.is_some_and(|rank| rank <= 1));
        self.top3 += usize::from(rank.is_some_and(|rank| rank <= 3));
    }

    fn join(&mut self, other: Self) {
        self.runs += other.runs;
        self.top1 += other.top1;
        self.top3 += other.top3;
    }

    pub(super) fn figures(self) -> Figures {
        Figures { top1: super::share(self.top1, self.runs), top3: super::share(self.top3, self.runs) }
    }
}

/// What the runs on one or more capsules came to. It does not grow with their number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stressed {
    verdict: [Hits; ALL.len()],
    baseline: [Hits; ALL.len()],
    /// How sure the answers were, and how often right.
    pub reliability: Reliability,
}

impl Stressed {
    /// Counts what another has counted.
    pub fn join(&mut self, other: &Self) {
        let pairs = self.verdict.iter_mut().zip(&other.verdict);
        for (hits, more) in pairs.chain(self.baseline.iter_mut().zip(&other.baseline)) {
            hits.join(*more);
        }
        self.reliability.join(&other.reliability);
    }

    /// The verdict's figures.
    pub fn figures(&self) -> Stress {
        told(&self.verdict)
    }

    /// The baseline's.
    pub fn baseline_figures(&self) -> Stress {
        told(&self.baseline)
    }
}

fn told(hits: &[Hits; ALL.len()]) -> Stress {
    let [edges10, edges30, missing30, jitter] = hits.map(Hits::figures);
    Stress { edges10, edges30, missing30, jitter }
}

/// Looks at one capsule in all ways; nothing is counted for one without a fault.
pub fn stress(capsule: &Capsule) -> Stressed {
    let mut stressed = Stressed::default();
    let Some(Truth::Cause(truth)) = &capsule.truth else { return stressed };
    let situation = situation_at_end(capsule);
    let truth = names_of(&situation, truth);
    for (at, (name, perturbation)) in ALL.into_iter().enumerate() {
        for seed in 0..SEEDS {
            let mut chance = Chance::of(&format!("{} {name}", capsule.name), seed);
            let perturbed = perturbed(&situation, perturbation, &truth, &mut chance);
            let verdict = verdict(&perturbed);
            let (rank, _) = place(&verdict, &truth);
            stressed.verdict[at].add(rank);
            if let Some(cause) = verdict.cause() {
                stressed.reliability.add(cause.confidence, rank == Some(1));
            }
            let candidates = correlate(&perturbed);
            let named = candidates.iter().map(|candidate| (&candidate.service, -candidate.p));
            stressed.baseline[at].add(place_of(named, &truth).0);
        }
    }
    stressed
}

/// The situation with `perturbation` done to it. `truth` are all names of the cause.
fn perturbed(situation: &Situation, perturbation: Perturbation, truth: &[ServiceId], chance: &mut Chance) -> Situation {
    let mut situation = situation.clone();
    match perturbation {
        Perturbation::Edges(percent) => {
            if let Some(topology) = &mut situation.topology {
                let missing = chance.choose(part(percent, topology.edges.len()), topology.edges.len());
                let mut missing = missing.into_iter();
                topology.edges.retain(|_| !missing.next().unwrap_or(false));
            }
        }
        Perturbation::Missing(percent) => {
            let mut spared = alarming(&situation);
            spared.extend_from_slice(truth);
            let mut others: Vec<ServiceId> =
                situation.series.iter().flatten().map(|series| series.service.clone()).collect();
            others.sort_unstable();
            others.dedup();
            others.retain(|service| !spared.contains(service));
            let missing = chance.choose(part(percent, others.len()), others.len());
            let mut missing = missing.into_iter();
            others.retain(|_| missing.next().unwrap_or(false));
            if let Some(series) = &mut situation.series {
                series.retain(|series| others.binary_search(&series.service).is_err());
            }
        }
        Perturbation::Jitter => {
            let by = SignedDuration::from_secs(chance.within(-JITTER_S..JITTER_S + 1));
            for alarm in &mut situation.alarms {
                alarm.changed_at = alarm.changed_at.saturating_add(by).unwrap_or(alarm.changed_at);
                situation.now = situation.now.max(alarm.changed_at);
            }
        }
    }
    situation
}

/// All names of the services that alarm.
fn alarming(situation: &Situation) -> Vec<ServiceId> {
    let atlas = Atlas::new(situation.topology.clone().unwrap_or_default());
    let named = situation.alarms.iter().filter_map(|alarm| atlas.service_of(alarm)).map(|service| service.id.clone());
    let named: Vec<ServiceId> = named.collect();
    names_of(situation, &named)
}

/// So many percent of `all`, rounded.
fn part(percent: usize, all: usize) -> usize {
    (all * percent + 50) / 100
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capsule::{self, AUTH_CASCADE};

    fn capsule() -> Capsule {
        capsule::parse(AUTH_CASCADE.as_bytes()).unwrap()
    }

    fn done(perturbation: Perturbation, seed: u64) -> (Situation, Situation) {
        let situation = situation_at_end(&capsule());
        let truth = [ServiceId::new("user-pool")];
        let other = perturbed(&situation, perturbation, &truth, &mut Chance::of("x", seed));
        (situation, other)
    }

    #[test]
    fn edges_go_missing_and_nothing_else() {
        let (mut before, after) = done(Perturbation::Edges(30), 1);
        let edges = |situation: &Situation| situation.topology.as_ref().unwrap().edges.clone();
        let (all, left) = (edges(&before), edges(&after));
        assert_eq!(left.len(), all.len() - part(30, all.len()));
        assert!(left.iter().all(|edge| all.contains(edge)));
        assert_ne!(left, edges(&done(Perturbation::Edges(30), 2).1));
        before.topology = after.topology.clone();
        assert_eq!(format!("{before:?}"), format!("{after:?}"));
    }

    #[test]
    fn what_alarms_and_the_cause_keep_their_series() {
        let (before, after) = done(Perturbation::Missing(30), 1);
        let services = |situation: &Situation| {
            let mut services: Vec<ServiceId> =
                situation.series.iter().flatten().map(|series| series.service.clone()).collect();
            services.sort_unstable();
            services.dedup();
            services
        };
        let (all, left) = (services(&before), services(&after));
        let spared = alarming(&before);
        assert!(spared.contains(&ServiceId::new("user-pool")));
        assert!(spared.iter().filter(|service| all.contains(service)).all(|service| left.contains(service)));
        let others = all.iter().filter(|service| !spared.contains(service)).count();
        assert_eq!(left.len(), all.len() - part(30, others));
    }

    #[test]
    fn alarms_move_together_and_never_lie_in_the_future() {
        let mut seen = Vec::new();
        for seed in 0..50 {
            let (before, after) = done(Perturbation::Jitter, seed);
            let moved = |at: usize| after.alarms[at].changed_at.duration_since(before.alarms[at].changed_at).as_secs();
            assert!((0..before.alarms.len()).all(|at| moved(at) == moved(0)));
            assert!(after.alarms.iter().all(|alarm| alarm.changed_at <= after.now) && after.now >= before.now);
            seen.push(moved(0));
        }
        assert!(seen.iter().all(|moved| moved.abs() <= JITTER_S));
        assert!(seen.iter().any(|moved| *moved < -200) && seen.iter().any(|moved| *moved > 200), "{seen:?}");
    }

    #[test]
    fn the_auth_cascade_is_understood_through_worse_eyes_and_twice_the_same() {
        let stressed = stress(&capsule());
        assert_eq!(stressed, stress(&capsule()));
        for (name, figures) in stressed.figures().lines() {
            assert!(figures.top1 >= 0.85 && figures.top3 >= figures.top1, "{name}: {figures:?}");
        }
        // The cause alarms itself, and the baseline's alarming service is no candidate.
        assert!(stressed.baseline_figures().lines().iter().all(|(_, figures)| figures.top1 <= 1.0));
        let answers: usize = stressed.reliability.table().iter().map(|bin| bin.cases).sum();
        assert!(answers <= ALL.len() * usize::try_from(SEEDS).unwrap() && answers > 70, "{answers}");
    }

    #[test]
    fn without_a_fault_nothing_is_counted() {
        let quiet = Capsule { truth: Some(Truth::None), ..capsule() };
        assert_eq!(stress(&quiet), Stressed::default());
        assert_eq!(stress(&quiet).figures(), Stress::default());
    }
}

//! Cascades made of chance: a fault at the bottom of a random estate reaches some of those that wait for it, each after a lag of its
//! own, and spares others. Predictions are made along the way from metrics, through the verdict, and graded by the end.

use crate::capsule::{Capsule, Delivery, VERSION};
use crate::context::verdict;
use crate::eval::foresight;
use crate::eval::situation_at_end;
use crate::model::{
    Alarm, AlarmState, Edge, Foresight, Measure, Metric, Series, Service, ServiceId, Signal, Topology, Via, Window,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

const HISTORY: usize = 120;
const STORY: usize = 16;

/// `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        f64::from(u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap()) / 4_294_967_296.0
    }
}

fn pick(chance: &mut Chance, end: usize) -> usize {
    let place = chance.uniform() * f64::from(u32::try_from(end).unwrap());
    (1..end).take_while(|at| f64::from(u32::try_from(*at).unwrap()) <= place).count()
}

fn capsule(seed: u64) -> Capsule {
    let mut chance = Chance(seed);
    let size = 8 + pick(&mut chance, 14);
    let name = |at: usize| format!("s{at:02}");
    // Callers come before what they call.
    let mut calls: Vec<(usize, usize, f64)> = Vec::new();
    for callee in 1..size {
        for _ in 0..=pick(&mut chance, 2) {
            let (caller, times) = (pick(&mut chance, callee), [0.2, 0.5, 0.9, 1.0][pick(&mut chance, 4)]);
            if !calls.iter().any(|call| (call.0, call.1) == (caller, callee)) {
                calls.push((caller, callee, times));
            }
        }
    }
    let mut rate = vec![0.0; size];
    rate[0] = 600.0;
    for callee in 1..size {
        rate[callee] = calls.iter().filter(|call| call.1 == callee).map(|call| rate[call.0] * call.2).sum();
    }
    let cause = size - 1 - pick(&mut chance, size / 3);
    let mut onset: Vec<Option<usize>> = vec![None; size];
    let mut failing = vec![0.0; size];
    (onset[cause], failing[cause]) = (Some(HISTORY), 0.3 + 0.5 * chance.uniform());
    for caller in (0..cause).rev() {
        for &(_, callee, times) in calls.iter().filter(|call| call.0 == caller) {
            let Some(since) = onset[callee] else { continue };
            // Some callers have a fallback; the others feel it after minutes of retries and buffers.
            if chance.uniform() < 0.75 * times {
                let hit = since + pick(&mut chance, 4) + if chance.uniform() < 0.4 { pick(&mut chance, 6) } else { 0 };
                onset[caller] = Some(onset[caller].map_or(hit, |known| known.min(hit)));
                failing[caller] = 1.0 - (1.0 - failing[caller]) * (1.0 - failing[callee] * times);
            }
        }
    }
    let start = Timestamp::from_second(1_700_000_000 / 60 * 60).unwrap();
    let begins = |row: usize| start + SignedDuration::from_mins(i64::try_from(row).unwrap());
    let mut series = Vec::new();
    for at in 0..size {
        let (mut requests, mut faults) = (Vec::new(), Vec::new());
        for row in 0..HISTORY + STORY {
            let sent = (rate[at] * (0.95 + 0.1 * chance.uniform())).round();
            let share =
                if onset[at].is_some_and(|onset| row >= onset) { failing[at] } else { 0.002 * chance.uniform() };
            requests.push(Some(sent));
            faults.push(Some((sent * share).round()));
        }
        for (measure, values) in [(Measure::Requests, requests), (Measure::Faults, faults)] {
            series.push(Series { service: ServiceId::new(name(at)), measure, start, step_s: 60, values });
        }
    }
    let alarm = Alarm {
        name: format!("{}-errors", name(cause)),
        state: AlarmState::Alarm,
        changed_at: begins(HISTORY + 2),
        account: None,
        region: None,
        metric: Some(Metric {
            namespace: "Test".to_owned(),
            name: "Errors".to_owned(),
            stat: None,
            dimensions: BTreeMap::from([("ServiceName".to_owned(), name(cause))]),
        }),
        reason: String::new(),
        description: None,
        link: None,
        children: Vec::new(),
        muted: false,
        source_id: None,
    };
    let edge = |&(caller, callee, times): &(usize, usize, f64)| Edge {
        requests_per_min: Some(rate[caller] * times),
        ..Edge::between(&name(caller), &name(callee))
    };
    Capsule {
        clarity_capsule: VERSION,
        name: format!("cascade {seed}"),
        about: String::new(),
        window: Window { from: begins(HISTORY), to: begins(HISTORY + STORY) },
        topology: Topology {
            services: (0..size).map(|at| Service::named(name(at))).collect(),
            edges: calls.iter().map(edge).collect(),
        },
        series,
        logs: Vec::new(),
        signals: vec![Delivery {
            received: alarm.changed_at,
            event_id: None,
            signal: Signal::Alarm { via: Via::EventBridge, alarm: Box::new(alarm) },
        }],
        settings: Vec::new(),
        truth: None,
    }
}

#[test]
fn predictions_are_better_than_knowing_the_share_that_will_be_hit() {
    let mut all = Foresight::default();
    for seed in 0..240 {
        let capsule = capsule(seed);
        let end = verdict(&situation_at_end(&capsule));
        all = all.plus(&foresight::of(&capsule, &end).unwrap());
    }
    let (brier, base_rate) = (all.brier().unwrap(), all.brier_base_rate().unwrap());
    assert!(all.spread >= 150, "{all:?}");
    assert!(brier < 0.9 * base_rate, "{brier} is hardly better than {base_rate}: {all:?}");
    assert!(all.mean_lead_minutes().unwrap() >= 1.0, "{all:?}");
}

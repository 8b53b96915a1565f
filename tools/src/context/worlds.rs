//! Worlds made of chance, of many shapes, with a known cause or with none: how often is the verdict right, and how often
//! does it blame falsely? Only for tests; the same on every machine.

use super::synth::{Chance, Story};
use super::{Situation, verdict};
use crate::eval::reliability::Reliability;
use crate::model::{Edge, Measure, ServiceId, Window};
use jiff::SignedDuration;

/// A world with its truth.
struct World {
    situation: Situation,
    truth: &'static str,
    /// What it is like, for the report of a failure.
    about: String,
}

/// How worlds differ.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    /// One long chain with leaves at its sides.
    Chain,
    /// An entry that calls many, and each of them a few.
    FanOut,
    /// Anybody may call anybody later in the list; callees are shared.
    Mesh,
    /// A mesh in which every fifth call is not waited for.
    Async,
    /// A mesh with calls back to the front that carry next to nothing.
    Cycles,
}

const SHAPES: [Shape; 5] = [Shape::Chain, Shape::FanOut, Shape::Mesh, Shape::Async, Shape::Cycles];

/// Who alarms.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Alarms {
    /// The entry alone, however far the cause.
    Entry,
    /// The cause and the entry.
    RootToo,
    /// The cause alone.
    RootAlone,
    /// Somebody between.
    Middle,
}

/// What a world is made with.
#[derive(Clone, Copy, Debug)]
struct Plan {
    shape: Shape,
    alarms: Alarms,
    /// Slow, or failing.
    is_slow: bool,
    requests: f64,
    history: usize,
    by_the_minute: bool,
}

impl Plan {
    fn of(seed: u64) -> Self {
        let mut chance = Chance(seed.wrapping_mul(0xD134_2543_DE82_EF95) ^ 0x77);
        let mut below = |bound: usize| below(&mut chance, bound);
        Self {
            shape: SHAPES[below(SHAPES.len())],
            alarms: [Alarms::Entry, Alarms::Entry, Alarms::RootToo, Alarms::RootAlone, Alarms::Middle][below(5)],
            is_slow: below(2) == 0,
            requests: [80.0, 400.0, 2000.0][below(3)],
            history: [150, 280][below(2)],
            by_the_minute: below(2) == 0,
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the bound")]
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn below(chance: &mut Chance, bound: usize) -> usize {
    ((chance.uniform() * bound as f64) as usize).min(bound - 1)
}

/// The calls of a world with an entry `s0`: caller, callee, times a request, and whether the caller does not wait.
fn calls(shape: Shape, chance: &mut Chance) -> Vec<(usize, usize, f64, bool)> {
    let size = 5 + below(chance, 18);
    let mut calls: Vec<(usize, usize, f64, bool)> = Vec::new();
    for service in 1..size {
        let callers = match shape {
            Shape::Chain => vec![if service % 2 == 1 { service.saturating_sub(2) } else { service - 1 }],
            Shape::FanOut => vec![if service <= size / 2 { 0 } else { 1 + below(chance, size / 2) }],
            Shape::Mesh | Shape::Async | Shape::Cycles => {
                let mut callers: Vec<usize> = (0..=below(chance, 3)).map(|_| below(chance, service)).collect();
                callers.sort_unstable();
                callers.dedup();
                callers
            }
        };
        for caller in callers {
            let times = [0.3, 0.5, 1.0, 1.0, 1.0, 2.0][below(chance, 6)];
            let is_async = shape == Shape::Async && below(chance, 5) == 0;
            calls.push((caller, service, times, is_async));
        }
    }
    calls
}

/// For each service how many calls the entry's one request makes to it that are waited for.
fn flow(calls: &[(usize, usize, f64, bool)]) -> Vec<f64> {
    let size = calls.iter().map(|call| call.1 + 1).max().unwrap_or(1);
    let mut flow = vec![0.0; size];
    flow[0] = 1.0;
    for service in 1..size {
        let into = calls.iter().filter(|call| call.1 == service && !call.3);
        flow[service] = into.map(|(caller, _, times, _)| flow[*caller] * times).sum();
    }
    flow
}

/// The name is leaked: a story wants it for ever, and a test ends soon.
fn name(service: usize) -> &'static str {
    Box::leak(format!("s{service}").into_boxed_str())
}

fn story(plan: Plan, calls: &[(usize, usize, f64, bool)], alarmed: &[&'static str]) -> Story {
    let told: Vec<&'static str> = calls
        .iter()
        .map(|(caller, callee, times, is_async)| {
            let sign = if *is_async { '~' } else { '>' };
            let call: &'static str = Box::leak(format!("s{caller}{sign}s{callee}*{times}").into_boxed_str());
            call
        })
        .collect();
    let metric = if plan.is_slow { "Latency" } else { "Errors" };
    let story = Story::new(Box::leak(told.into_boxed_slice()), metric, alarmed);
    let story = Story { requests: plan.requests, history: plan.history, ..story };
    if plan.by_the_minute { story.by_the_minute() } else { story }
}

fn faulty(seed: u64, plan: Plan) -> World {
    let mut chance = Chance(seed ^ 0xFA17);
    let calls = calls(plan.shape, &mut chance);
    let flow = flow(&calls);
    // A cause that the entry hardly ever calls cannot make it alarm.
    let felt: Vec<usize> = (1..flow.len()).filter(|&service| flow[service] >= 0.25).collect();
    let root = felt.get(below(&mut chance, felt.len().max(1))).copied().unwrap_or(0);
    let above: Vec<usize> =
        calls.iter().filter(|call| call.1 == root && !call.3 && flow[call.0] >= 0.25).map(|call| call.0).collect();
    let alarmed: Vec<&'static str> = match plan.alarms {
        Alarms::Entry => vec!["s0"],
        Alarms::RootToo => vec!["s0", name(root)],
        Alarms::RootAlone => vec![name(root)],
        Alarms::Middle => vec![above.first().map_or("s0", |&above| name(above))],
    };
    let story = story(plan, &calls, &alarmed);
    let amount = 1.0 + chance.uniform() * 3.0;
    let truth = name(root);
    // Enough to be felt at the entry among its other waiting and failing.
    let busy: f64 = flow.iter().sum();
    let story = if plan.is_slow {
        story.slow(truth, 0.01 * amount * busy / flow[root].max(0.25))
    } else {
        story.failing(truth, (0.06 * amount / flow[root].clamp(0.25, 1.0)).min(0.6))
    };
    let mut situation = story.play(seed);
    if plan.shape == Shape::Cycles
        && let Some(topology) = &mut situation.topology
    {
        for _ in 0..2 {
            let (late, early) = (1 + below(&mut chance, flow.len() - 1), below(&mut chance, flow.len()));
            if early < late {
                topology.edges.push(Edge::between(name(late), name(early)));
            }
        }
    }
    World { situation, truth, about: format!("{seed} {plan:?} {alarmed:?} root {truth} of {}", flow.len()) }
}

/// What became of many worlds.
#[derive(Debug, Default)]
struct Tally {
    worlds: usize,
    right: usize,
    wrong: Vec<String>,
    silent: usize,
}

fn tally(worlds: impl Iterator<Item = World>) -> Tally {
    let mut tally = Tally::default();
    for world in worlds {
        let verdict = verdict(&world.situation);
        tally.worlds += 1;
        let named = verdict.cause().map(|cause| cause.service.as_str());
        match named {
            None => tally.silent += 1,
            Some(named) if named == world.truth => tally.right += 1,
            Some(named) => tally.wrong.push(format!("{named} for {}", world.about)),
        }
    }
    tally
}

/// What is taken away from a world.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Nothing,
    /// This share of the edges.
    Edges(f64),
    /// All series of this share of the services, but for those that alarm and the cause.
    Metrics(f64),
    /// The right time of the alarms, by up to five minutes.
    Time,
    /// The request counts of every second row.
    Rows,
    /// All history.
    History,
}

fn spoil(world: &mut World, loss: Loss, chance: &mut Chance) {
    let situation = &mut world.situation;
    let series = situation.series.as_mut().unwrap();
    match loss {
        Loss::Nothing => {}
        Loss::Edges(share) => situation.topology.as_mut().unwrap().edges.retain(|_| chance.uniform() >= share),
        Loss::Metrics(share) => {
            let mut gone: Vec<ServiceId> = series.iter().map(|series| series.service.clone()).collect();
            gone.sort_unstable();
            gone.dedup();
            gone.retain(|service| {
                let alarms = |alarm: &crate::model::Alarm| {
                    alarm.metric.as_ref().is_some_and(|metric| metric.dimensions["ServiceName"] == service.as_str())
                };
                service.as_str() != world.truth && !situation.alarms.iter().any(alarms) && chance.uniform() < share
            });
            series.retain(|series| !gone.contains(&series.service));
        }
        Loss::Time => {
            let by = SignedDuration::from_secs(i64::try_from(below(chance, 601)).unwrap() - 300);
            for alarm in &mut situation.alarms {
                alarm.changed_at += by;
                situation.now = situation.now.max(alarm.changed_at);
            }
        }
        Loss::Rows => {
            for series in series.iter_mut().filter(|series| series.measure == Measure::Requests) {
                for value in series.values.iter_mut().step_by(2) {
                    *value = None;
                }
            }
        }
        Loss::History => {
            let first = situation.alarms.iter().map(|alarm| alarm.changed_at).min().unwrap();
            for series in series.iter_mut() {
                let from = first - SignedDuration::from_secs(3 * i64::from(series.step_s));
                *series = series.within(Window { from, to: situation.now });
            }
        }
    }
}

/// Over 120 worlds of all shapes at least `right` of the causes are named, and at most `wrong` services are blamed that are
/// not the cause. The bounds leave a few worlds more than were seen: the point is to notice when something breaks.
#[track_caller]
fn check(loss: Loss, right: usize, wrong: usize) {
    let seeds = 9000..9120;
    let tally = tally(seeds.map(|seed| {
        let mut world = faulty(seed, Plan::of(seed));
        spoil(&mut world, loss, &mut Chance(seed ^ 0x1055));
        world
    }));
    let few = tally.right < right || tally.wrong.len() > wrong;
    assert!(!few, "{loss:?}: {} right, {} silent, wrong: {:#?}", tally.right, tally.silent, tally.wrong);
    assert_eq!(tally.right + tally.silent + tally.wrong.len(), tally.worlds);
}

#[test]
fn the_cause_is_named_in_worlds_of_every_shape() {
    check(Loss::Nothing, 118, 2);
}

#[test]
fn missing_edges_services_rows_and_minutes_cost_little() {
    check(Loss::Edges(0.1), 114, 6);
    check(Loss::Edges(0.3), 108, 12);
    check(Loss::Metrics(0.3), 117, 3);
    check(Loss::Time, 117, 3);
    check(Loss::Rows, 117, 3);
    check(Loss::History, 102, 8);
}

/// Over 100 worlds without a fault at most `most` blame somebody.
#[track_caller]
fn check_quiet(traffic: f64, spikes: f64, most: usize) {
    let mut blamed = Vec::new();
    for seed in 9000..9100 {
        let plan = Plan::of(seed);
        let calls = calls(plan.shape, &mut Chance(seed ^ 0xFA17));
        let story = Story { traffic, spikes, ..story(plan, &calls, &["s0"]) };
        let verdict = verdict(&story.play(seed));
        blamed.extend(verdict.cause().map(|cause| (seed, cause.service.clone(), cause.confidence)));
    }
    assert!(blamed.len() <= most, "traffic × {traffic}, spikes {spikes}: {blamed:?}");
}

#[test]
fn noise_and_traffic_blame_nobody_and_bursts_hardly_anybody() {
    check_quiet(1.0, 0.0, 1);
    check_quiet(2.0, 0.0, 2);
    check_quiet(0.5, 0.0, 1);
    check_quiet(1.0, 0.03, 12);
}

/// Confidence may be too low for its share of right answers, and hardly too high.
#[test]
fn stated_confidence_is_kept_in_worlds_of_every_shape() {
    let mut reliability = Reliability::default();
    for (seed, loss) in (9200..9500).zip([Loss::Nothing, Loss::Edges(0.3), Loss::Metrics(0.3)].into_iter().cycle()) {
        let mut world = faulty(seed, Plan::of(seed));
        spoil(&mut world, loss, &mut Chance(seed));
        let verdict = verdict(&world.situation);
        if let Some(cause) = verdict.cause() {
            reliability.add(cause.confidence, cause.service.as_str() == world.truth);
        }
    }
    for bin in reliability.table().iter().filter(|bin| bin.cases >= 20) {
        assert!(bin.right >= bin.stated - 0.07, "{bin:?}");
    }
}

//! How long the map, the predictions and the cut take together, by the size of the world: `cargo bench -p tools --bench
//! dependency`. The verdict they rest on is made before, and has a bench of its own.

mod world;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use tools::context::{Situation, verdict};
use tools::dependency::{Lags, Part, cascade, isolate, merge};
use tools::model::{EdgeSource, Map, Origin, Verdict};
use world::Size;

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// 1,000 services, 5,000 edges, and the four series of each service's flow.
const MIDDLE: Size = Size { services: 1_000, series: 4_000, ..Size::MIDDLE };
const LARGE: Size = Size { services: 10_000, series: 40_000, alarms: 40, ..Size::MIDDLE };

/// The same topology as two sources saw it.
fn parts(situation: &Situation) -> Vec<Part> {
    let topology = situation.topology.clone().expect("the world has one");
    let part = |source| Part {
        origin: Origin { source, seen: situation.now },
        complete: source == EdgeSource::XRay,
        topology: topology.clone(),
    };
    vec![part(EdgeSource::XRay), part(EdgeSource::Declared)]
}

fn whole(situation: &Situation, verdict: &Verdict, parts: &[Part]) -> Map {
    let map = merge(parts, situation.now);
    black_box(cascade(situation, verdict, &Lags::default()));
    black_box(isolate(situation, verdict));
    map
}

fn measure(bencher: Bencher<'_, '_>, size: Size) {
    let situation = size.situation();
    let (verdict, parts) = (verdict(&situation), parts(&situation));
    let edges = parts[0].topology.edges.len();
    assert!(edges >= 5 * size.services || size.services < 1_000, "no less than the bar: {edges}");
    assert!(!isolate(&situation, &verdict).isolation.cut.is_empty(), "there has to be something to cut");
    bencher.counter(ItemsCount::new(edges)).bench_local(|| whole(&situation, black_box(&verdict), &parts));
}

#[divan::bench(sample_count = 100)]
fn small_42_services(bencher: Bencher<'_, '_>) {
    measure(bencher, Size::PETSHOP);
}

#[divan::bench(sample_count = 20)]
fn middle_1_000_services_5_000_edges(bencher: Bencher<'_, '_>) {
    measure(bencher, MIDDLE);
}

#[divan::bench(sample_count = 5)]
fn large_10_000_services_50_000_edges(bencher: Bencher<'_, '_>) {
    measure(bencher, LARGE);
}

#[divan::bench(sample_count = 5)]
fn large_map_alone(bencher: Bencher<'_, '_>) {
    let situation = LARGE.situation();
    let parts = parts(&situation);
    bencher.bench_local(|| merge(black_box(&parts), situation.now));
}

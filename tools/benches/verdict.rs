//! How long a verdict takes and how much memory it asks for, by the size of the world: `cargo bench -p tools --bench verdict`.
//!
//! The column `max alloc` is the most that is held at once beyond the situation itself, which is there before.

mod world;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use tools::context::verdict;
use world::Size;

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// The middle one read once a minute.
const BY_THE_MINUTE: Size = Size { step_s: 60, ..Size::MIDDLE };
/// The middle one with what its services logged.
const LOGGED: Size = Size { logs: 20_000, ..Size::MIDDLE };
const LARGE: Size = Size { services: 10_000, series: 200_000, alarms: 40, ..Size::MIDDLE };
/// Everything alarms at once.
const FLOOD: Size = Size { services: 10_000, series: 40_000, alarms: 10_000, ..Size::MIDDLE };

fn measure(bencher: Bencher<'_, '_>, size: Size) {
    let situation = size.situation();
    bencher.counter(ItemsCount::new(size.series)).bench_local(|| verdict(black_box(&situation)));
}

#[divan::bench(sample_count = 1_000)]
fn petshop_42_services_300_series(bencher: Bencher<'_, '_>) {
    measure(bencher, Size::PETSHOP);
}

#[divan::bench(sample_count = 50)]
fn middle_1_000_services_20_000_series(bencher: Bencher<'_, '_>) {
    measure(bencher, Size::MIDDLE);
}

#[divan::bench(sample_count = 50)]
fn middle_by_the_minute(bencher: Bencher<'_, '_>) {
    measure(bencher, BY_THE_MINUTE);
}

#[divan::bench(sample_count = 50)]
fn middle_with_20_000_log_lines(bencher: Bencher<'_, '_>) {
    measure(bencher, LOGGED);
}

#[divan::bench(sample_count = 10)]
fn large_10_000_services_200_000_series(bencher: Bencher<'_, '_>) {
    measure(bencher, LARGE);
}

#[divan::bench(sample_count = 10)]
fn flood_10_000_alarms_40_000_series(bencher: Bencher<'_, '_>) {
    measure(bencher, FLOOD);
}

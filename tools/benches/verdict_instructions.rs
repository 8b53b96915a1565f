//! How many instructions a verdict takes: `cargo bench -p tools --bench verdict_instructions`. Unlike time this does not
//! depend on who else uses the machine, so that two runs can be compared to the promille.
//!
//! It needs `valgrind`, and `cargo install gungraun-runner` in the version of the crate; without them it says so and ends.

mod world;

use std::io::Write as _;
use std::process::{Command, Stdio};

fn main() {
    let is_there = |program: &str| {
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    let lacking: Vec<&str> =
        ["valgrind", "gungraun-runner"].into_iter().filter(|&program| !is_there(program)).collect();
    if lacking.is_empty() {
        counted::start();
    } else {
        let sentence = format!("Instructions are not counted: {} cannot be run here.\n", lacking.join(" and "));
        // Whoever does not listen needs no sentence.
        let _ = std::io::stderr().write_all(sentence.as_bytes());
    }
}

/// What runs under valgrind. In a module, since the macro below wants to be `main`.
mod counted {
    use super::world::Size;
    use gungraun::{library_benchmark, library_benchmark_group, main};
    use std::hint::black_box;
    use tools::context::{Situation, verdict};
    use tools::model::Verdict;

    // The large worlds are left out: valgrind is fifty times as slow, and cost grows as it does here.
    #[library_benchmark]
    #[bench::petshop(setup = Size::situation, args = (Size::PETSHOP))]
    #[bench::middle(setup = Size::situation, args = (Size::MIDDLE))]
    fn of_a_verdict(situation: Situation) -> (Verdict, Situation) {
        // Given back, so that letting go of it is not counted.
        (verdict(black_box(&situation)), situation)
    }

    library_benchmark_group!(name = instructions, benchmarks = of_a_verdict);
    main!(library_benchmark_groups = instructions);

    /// Counts.
    pub(super) fn start() {
        main();
    }
}

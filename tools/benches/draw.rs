//! How long a picture takes: `cargo bench -p tools --bench draw`. The bar is 50 ms for a PNG of 25 services.

use divan::{Bencher, black_box};
use std::collections::BTreeSet;
use tools::dependency::draw::{MOST, Scene, dot, layout, mermaid, png, scene, svg};
use tools::model::{Affected, Answer, Cause, Edge, Lane, Service, ServiceId, Symptom, Topology, Verdict, minutes};

fn main() {
    divan::main();
}

fn name(at: usize) -> ServiceId {
    ServiceId::new(format!("service-{at:02}"))
}

/// 25 services in a picture, and `calls` calls among `services` of them. Each calls those after it in a fixed pattern; trouble goes
/// up from the middle, and every second service suffers.
fn picture(services: usize, calls: usize) -> Scene {
    // Squares make long calls and short ones; where they give too few, the steps between them follow.
    let is_square = |step: &usize| step.isqrt().pow(2) == *step;
    let (squares, others): (Vec<usize>, Vec<usize>) = (1..services).partition(is_square);
    let steps = squares.into_iter().chain(others);
    let ends = steps.flat_map(|step| (step..services).map(move |to| (to - step, to)));
    let edges: Vec<Edge> = ends
        .take(calls)
        .map(|(from, to)| Edge {
            requests_per_min: Some((from * 37 % 11 * 100) as f64),
            ..Edge::between(name(from).as_str(), name(to).as_str())
        })
        .collect();
    assert_eq!(edges.len(), calls);
    let topology = Topology { services: (0..services).map(|at| Service::named(name(at).as_str())).collect(), edges };
    let at = "2026-11-20T03:12:00Z".parse().expect("a time");
    let path: Vec<ServiceId> = (10..16).rev().map(name).collect();
    let suffers = |service: ServiceId| Affected { service, onset: at, symptom: Symptom::Faults, evidence: Vec::new() };
    let verdict = Verdict {
        at: at + minutes(4),
        lane: Lane::ExcessFlow,
        answer: Answer::CauseFound,
        causes: vec![Cause {
            service: path[0].clone(),
            symptom: Symptom::Faults,
            score: 1.0,
            confidence: 0.9,
            evidence: Vec::new(),
        }],
        affected: path.iter().cloned().chain((0..MOST).step_by(2).map(name)).map(suffers).collect(),
        path,
        expected: Vec::new(),
        changes: Vec::new(),
        guilty: None,
        bottlenecks: Vec::new(),
        gaps: Vec::new(),
        next_steps: Vec::new(),
        evidence: Vec::new(),
    };
    let measured: BTreeSet<ServiceId> = (0..services).map(name).collect();
    let scene = scene(&topology, &verdict, &measured);
    assert_eq!(scene.nodes.len(), MOST);
    scene
}

/// Layout, SVG and pixels.
fn draw(bencher: Bencher<'_, '_>, calls: usize) {
    let scene = picture(MOST, calls);
    bencher.bench_local(|| {
        let scene = black_box(&scene);
        png(&svg(scene, &layout(scene)))
    });
}

#[divan::bench]
fn png_of_25_services_40_calls(bencher: Bencher<'_, '_>) {
    draw(bencher, 40);
}

#[divan::bench]
fn png_of_25_services_80_calls(bencher: Bencher<'_, '_>) {
    draw(bencher, 80);
}

#[divan::bench]
fn svg_of_25_services_80_calls(bencher: Bencher<'_, '_>) {
    let scene = picture(MOST, 80);
    bencher.bench_local(|| svg(black_box(&scene), &layout(&scene)));
}

#[divan::bench]
fn mermaid_and_dot_of_25_services_80_calls(bencher: Bencher<'_, '_>) {
    let scene = picture(MOST, 80);
    bencher.bench_local(|| (mermaid(black_box(&scene)), dot(&scene)));
}

#[divan::bench]
fn choice_of_25_of_1_000_services(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| picture(black_box(1_000), 4_000));
}

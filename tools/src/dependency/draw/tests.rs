//! The pictures are looked at: by their numbers, for worlds of every shape, and by their text, for a small one.

use super::worlds::{Chance, World, name, verdict, world};
use super::*;
use crate::capsule::{AUTH_CASCADE, parse};
use crate::context::Situation;
use crate::model::{Edge, Gap, Lane, Measure, Series, Service, ServiceId, Topology, minutes};
use crate::tool::Tool;
use proptest::prelude::*;
use resvg::usvg::roxmltree;
use std::collections::BTreeSet;
use std::sync::Arc;

fn scene_of(world: &World) -> Scene {
    scene(&world.topology, &world.verdict, &world.measured)
}

fn svg_of(world: &World) -> Svg {
    let scene = scene_of(world);
    svg(&scene, &layout(&scene))
}

/// Worlds of every size and shape; some with trouble everywhere, some with none.
fn worlds() -> impl Strategy<Value = World> {
    (any::<u64>(), 1..70_usize, 0..160_usize, 0..8_usize, 0..4_u8).prop_map(|(seed, services, edges, back, trouble)| {
        let mut world = world(seed, services, edges, back, name);
        match trouble {
            0 => world.verdict = verdict(&[]),
            1 => {
                let many: Vec<ServiceId> = (0..services).step_by(2).map(|at| ServiceId::new(name(at))).collect();
                world.verdict.affected = verdict(&many).affected;
            }
            _ => {}
        }
        world
    })
}

/// Four sides.
type Sides = (f64, f64, f64, f64);

fn overlap(a: Sides, b: Sides) -> bool {
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}

fn sides(node: &Placed) -> Sides {
    (node.x, node.y, node.x + node.width, node.y + node.height)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn nothing_overlaps_and_nothing_lies_outside(world in worlds()) {
        let scene = scene_of(&world);
        let layout = layout(&scene);
        let boxes: Vec<Sides> = layout.nodes.iter().map(sides).collect();
        let page = (0.0, 0.0, layout.width, layout.height);
        let inside = |sides: Sides| sides.0 >= page.0 && sides.1 >= page.1 && sides.2 <= page.2 && sides.3 <= page.3;
        for (at, one) in boxes.iter().enumerate() {
            prop_assert!(inside(*one), "{at} lies outside");
            for other in &boxes[at + 1..] {
                prop_assert!(!overlap(*one, *other), "{one:?} and {other:?}");
            }
        }
        for tag in &layout.tags {
            let half = (tag.width / 2.0, tag.height / 2.0);
            let label = (tag.x - half.0, tag.y - half.1, tag.x + half.0, tag.y + half.1);
            prop_assert!(inside(label), "{tag:?} lies outside");
            prop_assert!(boxes.iter().all(|node| !overlap(label, *node)), "{tag:?} lies on a box");
        }
    }

    /// A route leaves its caller, arrives at its callee, and touches no other box: what it does between two points stays between
    /// them, in x and in y.
    #[test]
    fn links_run_from_box_to_box_and_through_none(world in worlds()) {
        let scene = scene_of(&world);
        let layout = layout(&scene);
        for (link, route) in scene.links.iter().zip(&layout.routes) {
            let ends = [(&layout.nodes[link.from], route.points[0]), (&layout.nodes[link.to], route.points[route.points.len() - 1])];
            for (node, (x, y)) in ends {
                prop_assert!(node.x <= x && x <= node.x + node.width, "{route:?} misses {node:?}");
                prop_assert!((y - node.y).abs() < 1e-9 || (y - node.y - node.height).abs() < 1e-9, "{route:?} misses {node:?}");
            }
            prop_assert_eq!(route.is_up, route.points[0].1 > route.points[route.points.len() - 1].1);
            prop_assert!(!(link.on_path && route.is_up), "the path goes down, from caller to callee");
            for pair in route.points.windows(2) {
                let (a, b) = (pair[0], pair[1]);
                let room = (a.0.min(b.0), a.1.min(b.1), a.0.max(b.0), a.1.max(b.1));
                prop_assert!(layout.nodes.iter().all(|node| !overlap(room, sides(node))), "{pair:?} runs through a box");
                prop_assert!(room.0 >= 0.0 && room.2 <= layout.width && room.1 >= 0.0 && room.3 <= layout.height);
            }
        }
    }

    #[test]
    fn what_is_folded_is_counted(world in worlds()) {
        let scene = scene_of(&world);
        let drawn: usize = scene.links.iter().map(|link| link.edges).sum();
        let folded: usize = scene.nodes.iter().map(|node| node.callers.edges + node.callees.edges).sum();
        prop_assert_eq!(drawn + folded + scene.hidden_edges + scene.loops, world.topology.edges.len());
        prop_assert!(scene.nodes.len() <= MOST);
        prop_assert_eq!(scene.nodes.len() + scene.hidden_services, world.topology.services.len());
        if let Some(cause) = world.verdict.cause() {
            prop_assert!(scene.nodes.iter().any(|node| node.id == cause.service && node.state == State::Cause));
        }
    }

    #[test]
    fn text_stays_in_its_box(world in worlds(), names in prop::collection::vec("\\PC{0,70}", 1..40)) {
        let mut world = world;
        // Names of every script, one for each service; the verdict keeps the old ones, and gets nodes of its own.
        for (at, service) in world.topology.services.iter_mut().enumerate() {
            service.id = ServiceId::new(format!("{}{at}", names[at % names.len()]));
        }
        world.topology.edges.clear();
        let scene = scene_of(&world);
        for node in layout(&scene).nodes {
            let room = node.width - layout::TEXT_LEFT;
            for line in &node.name {
                prop_assert!(font::width(line, layout::NAME, font::Weight::Bold) <= room, "{line}");
            }
            prop_assert!(font::width(&node.detail, layout::DETAIL, font::Weight::Regular) <= room, "{}", node.detail);
            prop_assert!(font::width(&node.fold, layout::FOLD, font::Weight::Regular) <= room, "{}", node.fold);
        }
    }

    #[test]
    fn the_order_of_reading_changes_no_byte(world in worlds(), seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let mut other = world.clone();
        shuffle(&mut other.topology.services, &mut chance);
        shuffle(&mut other.topology.edges, &mut chance);
        let (one, other) = (scene_of(&world), scene_of(&other));
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(mermaid(&one), mermaid(&other));
        prop_assert_eq!(dot(&one), dot(&other));
        prop_assert_eq!(svg(&one, &layout(&one)), svg(&other, &layout(&other)));
    }

    /// Whatever a service is called, the SVG is well-formed, holds nothing that runs, and says the name where it is short.
    #[test]
    fn names_are_text(name in "\\PC{1,12}|[<>&\"'\\\\;#{}%\u{0}-\u{1f}\u{202e}\u{ffff}]{1,12}") {
        let world = world(1, 3, 3, 0, |at| if at == 1 { format!("{name}|") } else { at.to_string() });
        let scene = scene_of(&world);
        let drawn = svg(&scene, &layout(&scene));
        let document = roxmltree::Document::parse(&drawn.text);
        prop_assert!(document.is_ok(), "{:?}", document.err());
        let document = document.unwrap();
        let known = ["svg", "title", "desc", "rect", "text", "g", "path", "circle"];
        prop_assert!(document.descendants().filter(roxmltree::Node::is_element).all(|node| known.contains(&node.tag_name().name())));
        let label = &scene.nodes.iter().find(|node| node.id.as_str().ends_with('|')).unwrap().label;
        let texts: Vec<&str> = document.descendants().filter(|node| node.has_tag_name("text")).filter_map(|node| node.text()).collect();
        let whole = font::width(label, layout::NAME, font::Weight::Bold) <= 100.0;
        prop_assert!(!whole || texts.contains(&label.as_str()), "{texts:?}");
        // Nothing of a name ends a line or a quotation elsewhere.
        prop_assert_eq!(mermaid(&scene).lines().count(), 2 + scene.nodes.len() + scene.links.len() + 7);
        prop_assert_eq!(dot(&scene).lines().count(), 4 + scene.nodes.len() + scene.links.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn pixels_are_stable(world in worlds(), seed in any::<u64>()) {
        let mut other = world.clone();
        shuffle(&mut other.topology.services, &mut Chance(seed));
        let (one, other) = (png(&svg_of(&world)).unwrap(), png(&svg_of(&other)).unwrap());
        prop_assert!(one == other);
        prop_assert!(one.bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
        prop_assert!(one.width <= 1200 && one.height <= 4000, "{} × {}", one.width, one.height);
    }
}

fn shuffle<T>(items: &mut [T], chance: &mut Chance) {
    for at in (1..items.len()).rev() {
        items.swap(at, chance.below(at + 1));
    }
}

/// A world with calls `caller>callee`; trouble goes up `path`, from the cause on.
fn told(calls: &[&str], path: &[&str]) -> World {
    let ends: Vec<(&str, &str)> = calls.iter().map(|call| call.split_once('>').unwrap()).collect();
    let names: BTreeSet<&str> = ends.iter().flat_map(|(from, to)| [*from, *to]).collect();
    let path: Vec<ServiceId> = path.iter().map(|name| ServiceId::new(*name)).collect();
    World {
        topology: Topology {
            services: names.iter().map(|name| Service::named(*name)).collect(),
            edges: ends
                .iter()
                .map(|(from, to)| Edge { requests_per_min: Some(1234.0), ..Edge::between(from, to) })
                .collect(),
        },
        verdict: verdict(&path),
        measured: names.iter().map(|name| ServiceId::new(*name)).collect(),
    }
}

/// Rows and turned links of a scene, as text: one line a row, `^` before a link that points up.
#[track_caller]
fn check_rows(calls: &[&str], path: &[&str], expected: &[&[&str]], turned: &[&str]) {
    let scene = scene_of(&told(calls, path));
    let ranks = ranks::ranks(&scene);
    let name = |at: usize| scene.nodes[at].label.as_str();
    let rows: Vec<Vec<&str>> = (0..ranks.count)
        .map(|row| (0..scene.nodes.len()).filter(|at| ranks.of[*at] == row).map(name).collect())
        .collect();
    assert_eq!(rows, expected);
    let up = scene.links.iter().zip(&ranks.turned).filter(|(_, turned)| **turned);
    let up: Vec<String> = up.map(|(link, _)| format!("{}>{}", name(link.from), name(link.to))).collect();
    assert_eq!(up, turned);
}

#[test]
fn callers_stand_above_callees() {
    check_rows(&["a>b", "b>c"], &["c", "b", "a"], &[&["a"], &["b"], &["c"]], &[]);
    check_rows(&["a>b", "a>c", "b>d", "c>d"], &["d", "b", "a"], &[&["a"], &["b", "c"], &["d"]], &[]);
    // An entry stands next to what it calls, not at the top for its own sake.
    check_rows(&["a>b", "b>c", "x>c"], &["c", "b", "a"], &[&["a"], &["b", "x"], &["c"]], &[]);
    // Four do not stand side by side.
    let rows: &[&[&str]] = &[&["a"], &["b", "c", "d"], &["e"]];
    check_rows(&["a>b", "a>c", "a>d", "a>e"], &["b", "a"], rows, &[]);
}

#[test]
fn of_a_cycle_the_path_goes_down() {
    check_rows(&["a>b", "b>a"], &["b", "a"], &[&["a"], &["b"]], &["b>a"]);
    check_rows(&["a>b", "b>a"], &["a", "b"], &[&["b"], &["a"]], &["a>b"]);
    check_rows(&["a>b", "b>c", "c>a"], &["c", "b", "a"], &[&["a"], &["b"], &["c"]], &["c>a"]);
}

#[track_caller]
fn check_crossings(calls: &[&str], expected: usize) {
    let scene = scene_of(&told(calls, &[]));
    assert_eq!(order::order(&scene, &ranks::ranks(&scene)).crossings(), expected);
}

#[test]
fn links_cross_only_where_they_must() {
    check_crossings(&["a>x", "b>y", "c>z"], 0);
    check_crossings(&["a>z", "b>y", "c>x"], 0);
    check_crossings(&["r>b", "r>a", "b>x", "a>z", "a>y"], 0);
    check_crossings(&["a>d", "b>c", "a>c"], 0);
    // Two that call the same two: one crossing in every drawing with rows.
    check_crossings(&["a>x", "a>y", "b>x", "b>y"], 1);
    check_crossings(&["a>x", "a>y", "a>z", "b>x", "b>y", "b>z"], 3);
}

/// States by name.
#[track_caller]
fn check_states(world: &World, expected: &[(&str, State, &str)]) {
    let scene = scene_of(world);
    let states: Vec<(&str, State, &str)> =
        scene.nodes.iter().map(|node| (node.label.as_str(), node.state, node.detail.as_str())).collect();
    assert_eq!(states, expected);
}

#[test]
fn a_state_is_what_the_verdict_says_and_health_is_measured() {
    let mut world = told(&["a>b", "b>c", "c>d", "x>c"], &["c", "b"]);
    world.verdict.expected.push(crate::model::Expected {
        service: ServiceId::new("a"),
        through: ServiceId::new("b"),
        exposed_share: None,
        in_minutes: Some(3.6),
        evidence: Vec::new(),
    });
    let suffering = [
        ("a", State::ExpectedNext, "Expected in ~4 min"),
        ("b", State::Slow, "Slow since 03:14"),
        ("c", State::Cause, "Likely cause, 03:12"),
    ];
    let with = |rest: [(&'static str, State, &'static str); 2]| [&suffering[..], &rest].concat();
    let (healthy, unknown) = ("Healthy", "Unknown: no data");
    check_states(&world, &with([("d", State::Healthy, healthy), ("x", State::Healthy, healthy)]));
    world.measured.remove(&ServiceId::new("d"));
    check_states(&world, &with([("d", State::Unknown, unknown), ("x", State::Healthy, healthy)]));
    // A gap outweighs a figure.
    world.verdict.gaps = vec![Gap { wanted: "metrics of d, x".to_owned(), because: String::new(), remedy: None }];
    check_states(&world, &with([("d", State::Unknown, unknown), ("x", State::Unknown, unknown)]));
    // Alarms alone say nothing of those that do not alarm.
    world.verdict.gaps.clear();
    world.verdict.lane = Lane::AlarmGraph;
    check_states(&world, &with([("d", State::Unknown, unknown), ("x", State::Unknown, unknown)]));
}

#[test]
fn only_fresh_figures_of_the_flow_count() {
    let now = "2026-11-20T03:12:00Z".parse().unwrap();
    let series = |service: &str, measure, age_min: i64, step_s, value| Series {
        service: ServiceId::new(service),
        measure,
        start: now - minutes(age_min) - jiff::SignedDuration::from_secs(i64::from(step_s)),
        step_s,
        values: vec![value, None],
    };
    let found = measured(
        &[
            series("fresh", Measure::Requests, 14, 60, Some(1.0)),
            series("old", Measure::Requests, 16, 60, Some(1.0)),
            series("coarse", Measure::Latency, 25, 600, Some(1.0)),
            series("missing", Measure::Faults, 1, 60, None),
            series("other", Measure::Other("AWS/ECS/CPU:Average".to_owned()), 1, 60, Some(1.0)),
        ],
        now,
    );
    assert_eq!(found, BTreeSet::from([ServiceId::new("coarse"), ServiceId::new("fresh")]));
}

#[test]
fn the_nodes_of_one_function_are_drawn_once() {
    let function = "f_AWS::Lambda::Function";
    let world = told(
        &["api>f_AWS::Lambda", "f_AWS::Lambda>f_AWS::Lambda::Function", "f_AWS::Lambda::Function>t"],
        &[function, "api"],
    );
    let scene = scene_of(&world);
    let labels: Vec<&str> = scene.nodes.iter().map(|node| node.label.as_str()).collect();
    assert_eq!(labels, ["api", "f", "t"]);
    assert_eq!((scene.loops, scene.links.len()), (1, 2));
}

/// Names in the order of the names in the topology.
#[track_caller]
fn check_labels(names: &[&str], expected: &[&str]) {
    let calls: Vec<String> = names.iter().map(|name| format!("{name}>~")).collect();
    let scene = scene_of(&told(&calls.iter().map(String::as_str).collect::<Vec<_>>(), &[]));
    let labels: Vec<&str> = scene.nodes.iter().map(|node| node.label.as_str()).filter(|label| *label != "~").collect();
    assert_eq!(labels, expected);
}

#[test]
fn a_name_loses_its_type_where_it_stays_its_own() {
    check_labels(&["a_AWS::ECS::Service", "b.com_remote"], &["a", "b.com"]);
    check_labels(&["a_AWS::ECS::Service", "a_client"], &["a", "a_client"]);
    check_labels(
        &["a_AWS::DynamoDB::Table", "a_AWS::ECS::Service"],
        &["a_AWS::DynamoDB::Table", "a_AWS::ECS::Service"],
    );
    check_labels(&["a_client", "a_remote"], &["a_client", "a_remote"]);
    check_labels(&["_AWS::S3::Bucket", "_remote"], &["_AWS::S3::Bucket", "_remote"]);
}

#[test]
fn a_hop_without_an_edge_is_drawn_as_one() {
    let scene = scene_of(&told(&["a>b", "c>d"], &["d", "a"]));
    let hop = scene.links.iter().find(|link| link.on_path).unwrap();
    assert_eq!((hop.edges, hop.label.as_deref()), (0, Some("+2 min")));
}

#[test]
fn without_a_topology_the_verdict_is_drawn() {
    let path = [ServiceId::new("db"), ServiceId::new("api")];
    let scene = scene(&Topology::default(), &verdict(&path), &BTreeSet::new());
    assert_eq!(scene.nodes.len(), 2);
    assert!(png(&svg(&scene, &layout(&scene))).is_some());
    let empty = super::scene(&Topology::default(), &verdict(&[]), &BTreeSet::new());
    assert_eq!(empty.title, "Nothing is out of its normal range");
    assert!(png(&svg(&empty, &layout(&empty))).is_some());
}

#[track_caller]
fn check_wrap(text: &str, room: f64, lines: usize, expected: &[&str]) {
    assert_eq!(text::wrap(text, 10.0, font::Weight::Regular, room, lines), expected);
}

#[test]
fn names_are_cut_at_their_joints_and_in_their_middle() {
    check_wrap("orders-api", 100.0, 2, &["orders-api"]);
    check_wrap("payments-worker", 60.0, 2, &["payments-", "worker"]);
    check_wrap("payments-worker", 60.0, 1, &["payme…rker"]);
    check_wrap("payments-worker-production-7", 60.0, 2, &["payments-", "work…on-7"]);
    check_wrap("PaymentStatusUpdater", 70.0, 2, &["Payment", "StatusUpdater"]);
    check_wrap("supercalifragilistic", 60.0, 2, &["supercalifra", "gilistic"]);
    check_wrap("", 60.0, 2, &[""]);
    check_wrap("wide", 1.0, 2, &["w", ""]);
}

#[test]
fn a_small_picture() {
    let mut world = told(&["web>api", "api>db", "api>cache"], &["db", "api"]);
    world.topology.edges[2].mode = crate::model::EdgeMode::Async;
    insta::assert_snapshot!(svg_of(&world).text, @r##"
    <svg xmlns="http://www.w3.org/2000/svg" width="600" height="421" viewBox="0 0 600 421" role="img" font-family="Inter, 'Helvetica Neue', Arial, sans-serif">
    <title>db fails, 1 more suffers</title>
    <desc>db fails since 03:12 UTC and is the likely cause; from there it spread to api within 2 min. 2 services suffer; 2 services are healthy.</desc>
    <rect width="600" height="421" fill="#ffffff"/>
    <text x="16" y="36" font-size="21" font-weight="700" fill="#1b1f24" xml:space="preserve">db fails, 1 more suffers</text>
    <text x="16" y="57" font-size="13.5" fill="#57606a" xml:space="preserve">As of 03:21:00 UTC · confidence 92 %</text>
    <g transform="translate(0 80)">
    <path d="M279.1 146C279.1 169.5 146.9 169.5 146.9 193V199" fill="none" stroke="#a3acb6" stroke-width="1.5" stroke-dasharray="2 4"/>
    <path d="M146.9 206L142.9 198L150.9 198Z" fill="#a3acb6"/>
    <path d="M300 51V82V88" fill="none" stroke="#a3acb6" stroke-width="1.5"/>
    <path d="M300 95L296 87L304 87Z" fill="#a3acb6"/>
    <path d="M311 146V193V196" fill="none" stroke="#b3161b" stroke-width="4"/>
    <path d="M311 206L305.5 195L316.5 195Z" fill="#b3161b"/>
    <rect x="212" y="95" width="176" height="51" rx="9" fill="#fde0d0" stroke="#b5460f" stroke-width="2"/>
    <circle cx="232" cy="120.5" r="9.3" fill="none" stroke="#b5460f" stroke-width="3.3" stroke-linecap="round" stroke-linejoin="round"/><path d="M232 115.5L232 120.5L235.8 122.7" fill="none" stroke="#b5460f" stroke-width="3.3" stroke-linecap="round" stroke-linejoin="round"/>
    <text x="250" y="117" font-size="14.5" font-weight="700" fill="#1b1f24" xml:space="preserve">api</text>
    <text x="250" y="134.5" font-size="12.5" fill="#1b1f24" xml:space="preserve">Slow since 03:14</text>
    <rect x="38" y="206" width="176" height="51" rx="9" fill="#eef8ef" stroke="#4c9a5b" stroke-width="1.2"/>
    <path d="M50.9 232.1L56.4 237.6L65.7 225.4" fill="none" stroke="#2e7d3c" stroke-width="3.3" stroke-linecap="round" stroke-linejoin="round"/>
    <text x="76" y="228" font-size="14.5" font-weight="700" fill="#1b1f24" xml:space="preserve">cache</text>
    <text x="76" y="245.5" font-size="12.5" fill="#1b1f24" xml:space="preserve">Healthy</text>
    <rect x="234" y="206" width="176" height="51" rx="9" fill="#a31419" stroke="#6d0b10" stroke-width="3"/>
    <circle cx="254" cy="231.5" r="9.3" fill="none" stroke="#ffffff" stroke-width="3.3" stroke-linecap="round" stroke-linejoin="round"/><circle cx="254" cy="231.5" r="4.2" fill="#ffffff"/>
    <text x="272" y="228" font-size="14.5" font-weight="700" fill="#ffffff" xml:space="preserve">db</text>
    <text x="272" y="245.5" font-size="12.5" fill="#ffffff" xml:space="preserve">Likely cause, 03:12</text>
    <rect x="212" y="0" width="176" height="51" rx="9" fill="#eef8ef" stroke="#4c9a5b" stroke-width="1.2"/>
    <path d="M224.8 26.1L230.3 31.6L239.7 19.4" fill="none" stroke="#2e7d3c" stroke-width="3.3" stroke-linecap="round" stroke-linejoin="round"/>
    <text x="250" y="22" font-size="14.5" font-weight="700" fill="#1b1f24" xml:space="preserve">web</text>
    <text x="250" y="39.5" font-size="12.5" fill="#1b1f24" xml:space="preserve">Healthy</text>
    <rect x="251.9" y="159.5" width="118.1" height="20" rx="10" fill="#ffffff" stroke="#b3161b" stroke-width="1"/>
    <text x="258.9" y="174" font-size="12.5" font-weight="700" fill="#b3161b" xml:space="preserve">1.2k/min · +2 min</text>
    </g>
    <circle cx="26" cy="369" r="9.5" fill="#a31419" stroke="#6d0b10" stroke-width="1"/>
    <circle cx="26" cy="369" r="6" fill="none" stroke="#ffffff" stroke-width="2.1" stroke-linecap="round" stroke-linejoin="round"/><circle cx="26" cy="369" r="2.7" fill="#ffffff"/>
    <text x="42" y="373.5" font-size="12.5" fill="#1b1f24" xml:space="preserve">Likely cause</text>
    <circle cx="143.2" cy="369" r="9.5" fill="#fde0d0" stroke="#b5460f" stroke-width="1"/>
    <circle cx="143.2" cy="369" r="6" fill="none" stroke="#b5460f" stroke-width="2.1" stroke-linecap="round" stroke-linejoin="round"/><path d="M143.2 365.9L143.2 369L145.7 370.4" fill="none" stroke="#b5460f" stroke-width="2.1" stroke-linecap="round" stroke-linejoin="round"/>
    <text x="159.2" y="373.5" font-size="12.5" fill="#1b1f24" xml:space="preserve">Slow</text>
    <circle cx="216" cy="369" r="9.5" fill="#eef8ef" stroke="#4c9a5b" stroke-width="1"/>
    <path d="M211.5 369.4L215 372.9L220.9 365.1" fill="none" stroke="#2e7d3c" stroke-width="2.1" stroke-linecap="round" stroke-linejoin="round"/>
    <text x="232" y="373.5" font-size="12.5" fill="#1b1f24" xml:space="preserve">Healthy</text>
    <path d="M295.1 369H308.1" stroke="#a3acb6" stroke-width="1.5"/><path d="M315.1 369l-8 -4.5v9Z" fill="#a3acb6"/>
    <text x="321.1" y="373.5" font-size="12.5" fill="#1b1f24" xml:space="preserve">calls</text>
    <path d="M366 369H379" stroke="#a3acb6" stroke-width="1.5" stroke-dasharray="2 4"/><path d="M386 369l-8 -4.5v9Z" fill="#a3acb6"/>
    <text x="392" y="373.5" font-size="12.5" fill="#1b1f24" xml:space="preserve">calls without waiting</text>
    <path d="M16 393H29" stroke="#b3161b" stroke-width="4"/><path d="M36 393l-8 -4.5v9Z" fill="#b3161b"/>
    <text x="42" y="397.5" font-size="12.5" fill="#1b1f24" xml:space="preserve">how it spread, against the arrow</text>
    </svg>
    "##);
    insta::assert_snapshot!(mermaid(&scene_of(&world)), @r#"
    flowchart TB
    %% db fails since 03:12 UTC and is the likely cause; from there it spread to api within 2 min. 2 services suffer; 2 services are healthy.
      n0["◷ api<br/>Slow since 03:14"]:::slow
      n1["✓ cache<br/>Healthy"]:::healthy
      n2["◉ db<br/>Likely cause, 03:12"]:::cause
      n3["✓ web<br/>Healthy"]:::healthy
      n0 -.-> n1
      n0 ==>|"1.2k/min · +2 min"| n2
      n3 --> n0
      classDef cause fill:#a31419,stroke:#6d0b10,color:#fff,stroke-width:3px
      classDef failing fill:#fbd9d7,stroke:#b3161b,color:#1b1f24,stroke-width:2px
      classDef slow fill:#fde0d0,stroke:#b5460f,color:#1b1f24,stroke-width:2px
      classDef alarm fill:#fdecea,stroke:#b3161b,color:#1b1f24,stroke-dasharray:2 3
      classDef expected fill:#fff3cf,stroke:#b26a00,color:#1b1f24,stroke-dasharray:7 4
      classDef healthy fill:#eef8ef,stroke:#4c9a5b,color:#1b1f24
      classDef unknown fill:#f2f3f5,stroke:#9aa3ad,color:#4b535c,stroke-dasharray:4 3
    "#);
    insta::assert_snapshot!(dot(&scene_of(&world)), @r##"
    digraph blast_radius {
      graph [rankdir=TB, labelloc=t, label="db fails, 1 more suffers", tooltip="db fails since 03:12 UTC and is the likely cause; from there it spread to api within 2 min. 2 services suffer; 2 services are healthy."];
      node [shape=box, fontname="sans-serif"];
      n0 [label="◷ api\nSlow since 03:14", style="filled", fillcolor="#fde0d0", color="#b5460f", fontcolor="#1b1f24"];
      n1 [label="✓ cache\nHealthy", style="filled", fillcolor="#eef8ef", color="#4c9a5b", fontcolor="#1b1f24"];
      n2 [label="◉ db\nLikely cause, 03:12", style="filled,bold", fillcolor="#a31419", color="#6d0b10", fontcolor="#ffffff"];
      n3 [label="✓ web\nHealthy", style="filled", fillcolor="#eef8ef", color="#4c9a5b", fontcolor="#1b1f24"];
      n0 -> n1 [color="#8b949e", style=dotted];
      n0 -> n2 [color="#b3161b", penwidth=4, label="1.2k/min · +2 min"];
      n3 -> n0 [color="#8b949e"];
    }
    "##);
}

#[test]
fn what_means_something_elsewhere_is_escaped() {
    let world = told(&["a\"]; click n0>b\\\nend %%{x}"], &[]);
    insta::assert_snapshot!(mermaid(&scene_of(&world)).lines().take(4).collect::<Vec<_>>().join("\n"), @r#"
    flowchart TB
    %% Nothing is out of its normal range. 2 services were looked at; 2 services are healthy.
      n0["✓ a#34;#93;#59; click n0<br/>Healthy"]:::healthy
      n1["✓ b#92;�end #37;#37;#123;x#125;<br/>Healthy"]:::healthy
    "#);
    insta::assert_snapshot!(dot(&scene_of(&world)).lines().skip(3).take(2).collect::<Vec<_>>().join("\n"), @r##"
    n0 [label="✓ a\"]; click n0\nHealthy", style="filled", fillcolor="#eef8ef", color="#4c9a5b", fontcolor="#1b1f24"];
    n1 [label="✓ b\\�end %%{x}\nHealthy", style="filled", fillcolor="#eef8ef", color="#4c9a5b", fontcolor="#1b1f24"];
    "##);
}

async fn cascade(at: &str, format: Format) -> Picture {
    let capsule = Arc::new(parse(AUTH_CASCADE.as_bytes()).unwrap());
    let now = at.parse().unwrap();
    let tool = CreateDependencyVisualization { alarms: capsule.alarms_until(now), now, format };
    tool.call(&crate::capsule::World::outside(capsule)).await.unwrap()
}

#[tokio::test]
async fn the_cascade_is_told_in_two_sentences() {
    let mut told = Vec::new();
    for at in ["2026-11-20T03:13:30Z", "2026-11-20T03:16:00Z", "2026-11-20T03:24:00Z"] {
        told.push(cascade(at, Format::Mermaid).await.alt);
    }
    insta::assert_snapshot!(told.join("\n"), @"
    user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange, auth-api and web-app. 6 services suffer; order-service is expected next; 5 services are healthy; 1 service is unknown.
    user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange, auth-api, user-service and order-service within 2 min. 9 services suffer; checkout is expected next in < 1 min; 3 services are healthy.
    user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange, auth-api, user-service, order-service and checkout within 7 min. 10 services suffer; 3 services are healthy.
    ");
}

#[tokio::test]
async fn each_form_is_what_it_says() {
    let at = "2026-11-20T03:16:00Z";
    let png = cascade(at, Format::Png).await;
    assert_eq!((png.width, &png.text), (1200, &None));
    assert!(png.into_bytes().unwrap().starts_with(b"\x89PNG"));
    for (format, begins) in [(Format::Svg, "<svg "), (Format::Mermaid, "flowchart TB\n"), (Format::Dot, "digraph ")] {
        let picture = cascade(at, format).await;
        assert!(picture.text.as_ref().is_some_and(|text| text.starts_with(begins)), "{format:?}");
        assert!(picture.png_base64.is_none());
    }
}

/// What a situation's order is, a picture of it is not.
#[tokio::test]
async fn a_situation_is_drawn_the_same_in_any_order() {
    let capsule = Arc::new(parse(AUTH_CASCADE.as_bytes()).unwrap());
    let now = capsule.window.to;
    let outside = crate::capsule::World::outside(Arc::clone(&capsule));
    let situation = Situation::read(capsule.alarms_until(now), now, &outside).await;
    let mut other = situation.clone();
    other.alarms.reverse();
    other.series.iter_mut().for_each(|series| series.reverse());
    if let Some(topology) = &mut other.topology {
        topology.services.reverse();
        topology.edges.reverse();
    }
    assert_eq!(Picture::of(&situation, Format::Png), Picture::of(&other, Format::Png));
}

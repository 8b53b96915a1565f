//! Where everything stands: a layered layout after Sugiyama, Tagawa and Toda (1981). Rows are bounded in width, links that close a
//! cycle are turned, long links run through bends, and nothing overlaps.

use super::font::{Weight, width};
use super::order::{Item, Rows, Touch, order};
use super::place::{Wish, settle};
use super::ranks::{Ranks, ranks};
use super::scene::{Link, Node, Scene, Stub};
use super::text::{shorten, wrap};

/// Everything is in pixels of a phone held upright: as wide as this, unless many links need more.
const PAGE: f64 = 600.0;
/// What stays free at the sides.
pub(super) const MARGIN: f64 = 16.0;

const BOX: f64 = 176.0;
const BETWEEN_BOXES: f64 = 20.0;
const BESIDE_BEND: f64 = 11.0;
/// Room for text in a box: right of the symbol, and up to the border.
pub(super) const TEXT_LEFT: f64 = 38.0;
const TEXT_RIGHT: f64 = 8.0;
const TEXT: f64 = BOX - TEXT_LEFT - TEXT_RIGHT;

/// Sizes and line heights of the name, the state, and what is folded.
pub(super) const NAME: f64 = 14.5;
pub(super) const NAME_LINE: f64 = 18.0;
pub(super) const DETAIL: f64 = 12.5;
pub(super) const DETAIL_LINE: f64 = 17.0;
pub(super) const FOLD: f64 = 11.5;
pub(super) const FOLD_LINE: f64 = 15.0;
pub(super) const PAD: f64 = 8.0;

/// Between two rows: at least, and with a label between them.
const GAP: f64 = 42.0;
const LABEL_GAP: f64 = 60.0;
/// What each link adds to a gap where many pass.
const PER_SEGMENT: f64 = 1.6;
/// What a gap grows by for each pixel that a link passes sideways in it: flat curves are hard to follow.
const PER_SIDEWAYS: f64 = 0.07;
const MOST_GAP: f64 = 96.0;
/// Below its last curve a link runs straight so far, into its arrowhead.
const RUN_IN: f64 = 13.0;

/// Labels of links.
pub(super) const LABEL: f64 = 12.5;
pub(super) const LABEL_HEIGHT: f64 = 20.0;
const LABEL_PAD: f64 = 7.0;

/// Ends of links at the same side of a box stay so far apart, where there is room.
const PORTS: f64 = 13.0;
const PORT_INSET: f64 = 16.0;

/// How often places are evened out.
const ROUNDS: usize = 24;

/// A service in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// Its name, in one line or two.
    pub name: Vec<String>,
    /// Its state in words.
    pub detail: String,
    /// The neighbours that are not drawn, counted; empty where there are none.
    pub fold: String,
}

/// The way of a link.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The points it passes, from the caller to the callee: straight between points of the same x, else a smooth curve.
    pub points: Vec<(f64, f64)>,
    /// Whether it goes up: it closes a cycle.
    pub is_up: bool,
}

/// What is written at a link.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    /// The link, by position in [`Scene::links`].
    pub link: usize,
    /// Its middle.
    pub x: f64,
    /// Its middle.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// The text.
    pub text: String,
}

/// A scene in its place. Nothing lies outside of `width` and `height`.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// In pixels.
    pub width: f64,
    /// In pixels.
    pub height: f64,
    /// For each node of the scene.
    pub nodes: Vec<Placed>,
    /// For each link of the scene.
    pub routes: Vec<Route>,
    /// Of the path's links.
    pub tags: Vec<Tag>,
}

/// Lays `scene` out.
pub fn layout(scene: &Scene) -> Layout {
    let ranks = ranks(scene);
    let rows = order(scene, &ranks);
    let mut nodes: Vec<Placed> = scene.nodes.iter().map(filled).collect();
    let width = rows.lines.iter().map(|row| packed(&rows, row)).fold(PAGE, f64::max);
    let mut xs = columns(&rows, width);
    straighten(&rows, &mut xs, width);
    let bands = bands(scene, &ranks, &rows, &xs, &nodes);
    for (at, node) in nodes.iter_mut().enumerate() {
        let (top, bottom) = bands[ranks.of[at]];
        // Whole pixels keep thin borders sharp.
        node.x = (xs[at] - node.width / 2.0).round();
        node.y = f64::midpoint(top, bottom - node.height).round();
    }
    let routes = routes(&ranks, &rows, &xs, &bands, &nodes);
    let tags = scene
        .links
        .iter()
        .enumerate()
        .filter_map(|(at, link)| tag(at, link, &routes[at], &ranks, &bands, width))
        .collect();
    let height = bands.last().map_or(0.0, |(_, bottom)| *bottom);
    Layout { width, height, nodes, routes, tags }
}

/// A box with its text, not yet in its place.
fn filled(node: &Node) -> Placed {
    let name = wrap(&node.label, NAME, Weight::Bold, TEXT, 2);
    let fold = folded(node.callers, node.callees);
    let lines = if fold.is_empty() { 0.0 } else { FOLD_LINE };
    let height = 2.0 * PAD + name.len() as f64 * NAME_LINE + DETAIL_LINE + lines;
    let detail = shorten(&node.detail, DETAIL, Weight::Regular, TEXT);
    Placed { x: 0.0, y: 0.0, width: BOX, height, name, detail, fold }
}

/// `↑ 7 callers  ↓ 3 callees`, in the longest form that fits.
fn folded(callers: Stub, callees: Stub) -> String {
    let part = |arrow: char, stub: Stub, word: &str| {
        let plural = if stub.services == 1 { "" } else { "s" };
        (stub.services > 0).then(|| {
            format!(
                "{arrow} +{}{}",
                stub.services,
                if word.is_empty() { String::new() } else { format!(" {word}{plural}") }
            )
        })
    };
    let told = |caller: &str, callee: &str| {
        let parts = [part('↑', callers, caller), part('↓', callees, callee)];
        parts.into_iter().flatten().collect::<Vec<String>>().join("  ")
    };
    let long = told("caller", "callee");
    if width(&long, FOLD, Weight::Regular) <= TEXT { long } else { told("", "") }
}

fn breadth(item: Item) -> f64 {
    match item {
        Item::Node(_) => BOX,
        Item::Bend => 0.0,
    }
}

/// How far apart the middles of two neighbours stay.
fn apart(left: Item, right: Item) -> f64 {
    let gap = match (left, right) {
        (Item::Node(_), Item::Node(_)) => BETWEEN_BOXES,
        (Item::Bend, _) | (_, Item::Bend) => BESIDE_BEND,
    };
    f64::midpoint(breadth(left), breadth(right)) + gap
}

/// The least width of a row, with its margins.
fn packed(rows: &Rows, row: &[usize]) -> f64 {
    let between: f64 = row.windows(2).map(|pair| apart(rows.items[pair[0]], rows.items[pair[1]])).sum();
    let ends = row.first().into_iter().chain(row.last()).map(|&item| breadth(rows.items[item]) / 2.0).sum::<f64>();
    between + ends + 2.0 * MARGIN
}

/// For each item the x of its middle: each near the mean of what it is linked with. Links between bends pull most, so that long
/// ones are straight.
fn columns(rows: &Rows, width: f64) -> Vec<f64> {
    let mut xs = vec![width / 2.0; rows.items.len()];
    for row in &rows.lines {
        let mut x = (width - packed(rows, row)) / 2.0 + MARGIN;
        for (place, &item) in row.iter().enumerate() {
            x += if place == 0 {
                breadth(rows.items[item]) / 2.0
            } else {
                apart(rows.items[row[place - 1]], rows.items[item])
            };
            xs[item] = x;
        }
    }
    let pull = |item: usize, touch: &Touch| {
        let bends = [item, touch.other].iter().filter(|at| rows.items[**at] == Item::Bend).count();
        (touch.other, [1.0, 2.0, 8.0][bends] * touch.weight as f64)
    };
    for round in 0..ROUNDS {
        let downwards = round % 2 == 0;
        for step in 0..rows.lines.len() {
            let row = &rows.lines[if downwards { step } else { rows.lines.len() - 1 - step }];
            let wish = |(place, &item): (usize, &usize)| {
                // At first rows follow the one before; at last they mind both sides.
                let both = round + 8 >= ROUNDS;
                let above = rows.above[item].iter().filter(|_| both || downwards);
                let below = rows.below[item].iter().filter(|_| both || !downwards);
                let pulls: Vec<(usize, f64)> = above.chain(below).map(|touch| pull(item, touch)).collect();
                let weight: f64 = pulls.iter().map(|(_, weight)| weight).sum();
                let at = if weight > 0.0 {
                    pulls.iter().map(|(other, weight)| xs[*other] * weight).sum::<f64>() / weight
                } else {
                    xs[item]
                };
                let before = place.checked_sub(1).map(|before| rows.items[row[before]]);
                let apart = before.map_or(breadth(rows.items[item]) / 2.0, |before| apart(before, rows.items[item]));
                Wish { at, weight: weight.max(0.25), apart }
            };
            let wishes: Vec<Wish> = row.iter().enumerate().map(wish).collect();
            let last = row.last().map_or(0.0, |&item| breadth(rows.items[item]) / 2.0);
            for (&item, x) in row.iter().zip(settle(&wishes, MARGIN, width - MARGIN - last)) {
                xs[item] = x;
            }
        }
    }
    xs
}

/// Makes long links straight: from the callee up, as many of a link's bends as can stand at the same x without passing a neighbour
/// are put there. Where one cannot, the link jogs once.
fn straighten(rows: &Rows, xs: &mut [f64], width: f64) {
    let mut neighbours: Vec<(Option<usize>, Option<usize>)> = vec![(None, None); rows.items.len()];
    for row in &rows.lines {
        for pair in row.windows(2) {
            neighbours[pair[0]].1 = Some(pair[1]);
            neighbours[pair[1]].0 = Some(pair[0]);
        }
    }
    let free = |xs: &[f64], item: usize| {
        let (left, right) = neighbours[item];
        let at_left = left.map_or(MARGIN, |left| xs[left] + apart(rows.items[left], rows.items[item]));
        let at_right = right.map_or(width - MARGIN, |right| xs[right] - apart(rows.items[item], rows.items[right]));
        (at_left, at_right)
    };
    let mut chains: Vec<&Vec<usize>> = rows.chains.iter().filter(|chain| chain.len() > 2).collect();
    // Links that join a longer one follow it. Stable: else in the order of the links.
    chains.sort_by_key(|chain| std::cmp::Reverse(chain.len()));
    let mut done = vec![false; rows.items.len()];
    for chain in chains {
        let under = |item: usize, (left, right): (f64, f64)| match rows.items[item] {
            Item::Node(_) => {
                (left.max(xs[item] - BOX / 2.0 + PORT_INSET), right.min(xs[item] + BOX / 2.0 - PORT_INSET))
            }
            Item::Bend => (left, right),
        };
        let bends: Vec<usize> = chain[1..chain.len() - 1].iter().rev().copied().filter(|&bend| !done[bend]).collect();
        let Some(&lowest) = bends.first() else { continue };
        let mut from = xs[chain[chain.len() - 1]];
        let mut span = under(chain[chain.len() - 1], free(xs, lowest));
        if span.0 > span.1 {
            span = free(xs, lowest);
        }
        let mut runs: Vec<(usize, (f64, f64))> = Vec::new();
        let mut count = 0;
        for &bend in &bends {
            let own = free(xs, bend);
            let both = (span.0.max(own.0), span.1.min(own.1));
            if count > 0 && both.0 > both.1 {
                runs.push((count, span));
                (count, span) = (0, own);
            } else {
                span = both;
            }
            count += 1;
        }
        // The last run meets the caller, straight below it if that is possible.
        let last = under(chain[0], span);
        runs.push((count, if last.0 <= last.1 { last } else { span }));
        let mut rest = bends.as_slice();
        for (count, (left, right)) in runs {
            let (run, others) = rest.split_at(count);
            rest = others;
            let mean = run.iter().map(|&bend| xs[bend]).sum::<f64>() / count as f64;
            // The first run stands where its bends wanted to be, the next ones as near to it as they can.
            let wish = if run[0] == lowest { mean } else { from };
            let x = wish.min(right).max(left);
            for &bend in run {
                xs[bend] = x;
                done[bend] = true;
            }
            from = x;
        }
    }
}

/// For each row its upper and lower edge: as high as its highest box, and with room for what passes between the rows.
fn bands(scene: &Scene, ranks: &Ranks, rows: &Rows, xs: &[f64], nodes: &[Placed]) -> Vec<(f64, f64)> {
    let passing = |row: &Vec<usize>| {
        let below =
            row.iter().flat_map(|&item| rows.below[item].iter().map(move |touch| (xs[item] - xs[touch.other]).abs()));
        let (links, sideways) = below.fold((0.0, 0.0_f64), |(links, most), sideways| (links + 1.0, most.max(sideways)));
        links * PER_SEGMENT + sideways * PER_SIDEWAYS
    };
    let mut labelled = vec![false; ranks.count];
    for (link, &turned) in scene.links.iter().zip(&ranks.turned) {
        let top = ranks.of[if turned { link.to } else { link.from }];
        labelled[top] |= link.label.is_some();
    }
    let mut y = 0.0;
    let mut bands = Vec::with_capacity(ranks.count);
    for (row, labelled) in rows.lines.iter().zip(labelled) {
        let heights = row.iter().filter(|&&item| item < nodes.len()).map(|&item| nodes[item].height);
        let height = heights.fold(0.0, f64::max);
        bands.push((y, y + height));
        let least = if labelled { LABEL_GAP } else { GAP };
        y += height + (GAP + passing(row)).clamp(least, MOST_GAP).round();
    }
    bands
}

fn routes(ranks: &Ranks, rows: &Rows, xs: &[f64], bands: &[(f64, f64)], nodes: &[Placed]) -> Vec<Route> {
    // Where the links of a box end: below it and above it.
    let leave = ports(&rows.below, xs, nodes);
    let arrive = ports(&rows.above, xs, nodes);
    let port = |ports: &[Vec<(Touch, f64)>], item: usize, other: usize, is_up: bool| {
        let mut found = ports[item].iter().filter(|(touch, _)| touch.other == other && touch.is_up == is_up);
        found.next().map_or(xs[item], |(_, x)| *x)
    };
    let route = |(chain, &turned): (&Vec<usize>, &bool)| {
        let (top, bottom) = (chain[0], chain[chain.len() - 1]);
        let mut points = Vec::with_capacity(2 * chain.len() + 2);
        let first = port(&leave, top, chain[1], turned);
        points.push((first, nodes[top].y + nodes[top].height));
        points.push((first, bands[ranks.of[top]].1));
        if turned {
            points.push((first, bands[ranks.of[top]].1 + RUN_IN));
        }
        for (step, &bend) in chain[1..chain.len() - 1].iter().enumerate() {
            let (upper, lower) = bands[ranks.of[top] + 1 + step];
            points.push((xs[bend], upper));
            points.push((xs[bend], lower));
        }
        let last = port(&arrive, bottom, chain[chain.len() - 2], turned);
        if !turned {
            points.push((last, bands[ranks.of[bottom]].0 - RUN_IN));
        }
        points.push((last, bands[ranks.of[bottom]].0));
        points.push((last, nodes[bottom].y));
        points.dedup();
        if turned {
            points.reverse();
        }
        Route { points, is_up: turned }
    };
    rows.chains.iter().zip(&ranks.turned).map(route).collect()
}

/// For each box where its links end at one side: where a straight line meets both ends if there is such a place.
fn ports(touched: &[Vec<Touch>], xs: &[f64], nodes: &[Placed]) -> Vec<Vec<(Touch, f64)>> {
    let reach = |item: usize| match nodes.get(item) {
        Some(node) => (node.x + PORT_INSET, node.x + node.width - PORT_INSET),
        None => (xs[item], xs[item]),
    };
    let end = |(item, node): (usize, &Placed)| {
        let mut touches = touched[item].clone();
        touches.sort_by(|a, b| {
            xs[a.other].total_cmp(&xs[b.other]).then(a.other.cmp(&b.other)).then(a.is_up.cmp(&b.is_up))
        });
        let (left, right) = reach(item);
        let apart = PORTS.min((right - left) / touches.len().max(2) as f64);
        let middle = node.x + node.width / 2.0;
        let wish = |(place, touch): (usize, &Touch)| {
            let other = reach(touch.other);
            let (from, to) = (left.max(other.0), right.min(other.1));
            // Else near the middle, on the side of the other end.
            let at = if from <= to { f64::midpoint(from, to) } else { middle + (xs[touch.other] - middle) * 0.12 };
            // What counts stays straight, and the others make room.
            let weight = (touch.weight * touch.weight) as f64;
            Wish { at: at.clamp(left, right), weight, apart: if place == 0 { 0.0 } else { apart } }
        };
        let wishes: Vec<Wish> = touches.iter().enumerate().map(wish).collect();
        touches.into_iter().zip(settle(&wishes, left, right)).collect()
    };
    nodes.iter().enumerate().map(end).collect()
}

/// The label of a link, in the middle of the gap below its upper end, where no box can be.
fn tag(at: usize, link: &Link, route: &Route, ranks: &Ranks, bands: &[(f64, f64)], page: f64) -> Option<Tag> {
    let text = link.label.clone()?;
    let row = ranks.of[if route.is_up { link.to } else { link.from }];
    let (top, bottom) = (bands[row].1, bands.get(row + 1)?.0);
    let x_at = |y: f64| route.points.iter().find(|point| (point.1 - y).abs() < 0.01).map(|point| point.0);
    let x = f64::midpoint(x_at(top)?, x_at(bottom)?);
    let width = width(&text, LABEL, Weight::Bold) + 2.0 * LABEL_PAD;
    let half = width / 2.0;
    let x = x.clamp(MARGIN + half, (page - MARGIN - half).max(MARGIN + half));
    Some(Tag { link: at, x, y: f64::midpoint(top, bottom - RUN_IN), width, height: LABEL_HEIGHT, text })
}

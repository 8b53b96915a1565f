//! In which row each service stands: callers above those they call, and few enough side by side for a phone held upright.

use super::scene::Scene;

/// More services than this do not stand side by side.
const ABREAST: usize = 3;

/// How often services are moved towards those they are linked with.
const ROUNDS: usize = 8;

/// The rows of a scene's services.
#[derive(Debug)]
pub(super) struct Ranks {
    /// For each node its row, from the top.
    pub(super) of: Vec<usize>,
    /// How many rows.
    pub(super) count: usize,
    /// For each link whether it points up: it closes a cycle.
    pub(super) turned: Vec<bool>,
}

/// Ranks the nodes of `scene`.
pub(super) fn ranks(scene: &Scene) -> Ranks {
    let count = scene.nodes.len();
    let turned = turned(scene);
    let (mut above, mut below) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    for (link, turned) in scene.links.iter().zip(&turned) {
        let (top, bottom) = if *turned { (link.to, link.from) } else { (link.from, link.to) };
        above[bottom].push(top);
        below[top].push(bottom);
    }
    for list in above.iter_mut().chain(&mut below) {
        list.sort_unstable();
        list.dedup();
    }
    let on_path = on_path(scene);
    let mut of = rows(&above, &below, &on_path);
    for round in 0..ROUNDS {
        if !pull(&mut of, &above, &below, round % 2 == 0) {
            break;
        }
    }
    // A row that everybody left is none.
    let mut used = of.clone();
    used.sort_unstable();
    used.dedup();
    for row in &mut of {
        *row = used.binary_search(row).unwrap_or(0);
    }
    Ranks { of, count: used.len(), turned }
}

fn on_path(scene: &Scene) -> Vec<bool> {
    let mut on_path = vec![false; scene.nodes.len()];
    for link in scene.links.iter().filter(|link| link.on_path) {
        on_path[link.from] = true;
        on_path[link.to] = true;
    }
    on_path
}

/// Links that would close a cycle, told one by one: those of the path first, which is thereby never turned, then the busiest. What
/// remains is what carries least.
fn turned(scene: &Scene) -> Vec<bool> {
    let mut by_weight: Vec<usize> = (0..scene.links.len()).collect();
    let rate = |at: usize| scene.links[at].per_min.unwrap_or(0.0);
    by_weight.sort_by(|&a, &b| {
        scene.links[b].on_path.cmp(&scene.links[a].on_path).then(rate(b).total_cmp(&rate(a))).then(a.cmp(&b))
    });
    let mut callees: Vec<Vec<usize>> = vec![Vec::new(); scene.nodes.len()];
    let mut turned = vec![false; scene.links.len()];
    for at in by_weight {
        let link = &scene.links[at];
        if reaches(&callees, link.to, link.from) {
            turned[at] = true;
        } else {
            callees[link.from].push(link.to);
        }
    }
    turned
}

fn reaches(callees: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = vec![false; callees.len()];
    let mut stack = vec![from];
    while let Some(node) = stack.pop() {
        if node == to {
            return true;
        }
        if !std::mem::replace(&mut seen[node], true) {
            stack.extend(&callees[node]);
        }
    }
    false
}

/// Longest way down from each node, in rows.
fn depths(below: &[Vec<usize>], order: &[usize]) -> Vec<usize> {
    let mut depth = vec![0; below.len()];
    for &node in order.iter().rev() {
        depth[node] = below[node].iter().map(|&next| depth[next] + 1).max().unwrap_or(0);
    }
    depth
}

/// Callers before callees.
fn in_order(above: &[Vec<usize>], below: &[Vec<usize>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = above.iter().map(Vec::len).collect();
    let mut order: Vec<usize> = (0..above.len()).filter(|&node| waiting[node] == 0).collect();
    let mut at = 0;
    while at < order.len() {
        for &next in &below[order[at]] {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                order.push(next);
            }
        }
        at += 1;
    }
    order
}

/// Fills row after row with those whose callers all stand further up: first who has the longest way down, those on the path before
/// others. Who is linked with nobody comes last.
fn rows(above: &[Vec<usize>], below: &[Vec<usize>], on_path: &[bool]) -> Vec<usize> {
    let count = above.len();
    let depth = depths(below, &in_order(above, below));
    let is_alone = |node: usize| above[node].is_empty() && below[node].is_empty();
    let mut row_of: Vec<Option<usize>> = vec![None; count];
    let mut left: Vec<usize> = (0..count).filter(|&node| !is_alone(node)).collect();
    left.sort_by_key(|&node| (std::cmp::Reverse(depth[node]), !on_path[node], node));
    let mut row = 0;
    while !left.is_empty() {
        let is_ready = |node: &usize| above[*node].iter().all(|&caller| row_of[caller].is_some_and(|of| of < row));
        let taken: Vec<usize> = left.iter().copied().filter(is_ready).take(ABREAST).collect();
        for &node in &taken {
            row_of[node] = Some(row);
        }
        left.retain(|node| row_of[*node].is_none());
        row += 1;
    }
    let alone: Vec<usize> = (0..count).filter(|&node| is_alone(node)).collect();
    for (at, node) in alone.into_iter().enumerate() {
        row_of[node] = Some(row + at / ABREAST);
    }
    row_of.into_iter().map(|row| row.unwrap_or(0)).collect()
}

/// Moves each node to the row between its callers and callees where its links are shortest and there is room. Says whether anybody
/// moved.
fn pull(of: &mut [usize], above: &[Vec<usize>], below: &[Vec<usize>], downwards: bool) -> bool {
    let mut taken = vec![0; of.iter().max().map_or(0, |max| max + 1)];
    for &row in of.iter() {
        taken[row] += 1;
    }
    let mut moved = false;
    let mut order: Vec<usize> = (0..of.len()).collect();
    order.sort_by_key(|&node| if downwards { (usize::MAX - of[node], node) } else { (of[node], node) });
    for node in order {
        if above[node].is_empty() && below[node].is_empty() {
            continue;
        }
        let first = above[node].iter().map(|&other| of[other] + 1).max().unwrap_or(0);
        let last = below[node].iter().filter_map(|&other| of[other].checked_sub(1)).min().unwrap_or(taken.len() - 1);
        let length = |row: usize| -> usize {
            above[node].iter().chain(&below[node]).map(|&other| of[other].abs_diff(row)).sum()
        };
        let has_room = |row: &usize| *row == of[node] || taken[*row] < ABREAST;
        let best = (first..=last).filter(has_room).min_by_key(|&row| (length(row), row != of[node], row));
        if let Some(best) = best.filter(|best| *best != of[node]) {
            taken[of[node]] -= 1;
            taken[best] += 1;
            of[node] = best;
            moved = true;
        }
    }
    moved
}

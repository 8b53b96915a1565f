//! What a source of topology answers: what each of those it asked says, and what it could not ask.

use super::map::{Part, merge, parts_of};
use crate::model::{Conflict, Gap, Map, Origin, Topology};
use jiff::Timestamp;

/// What was seen of the topology. One source behind the port may ask several others, each of which may fail alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sighting {
    /// What each of them says, in any order.
    pub parts: Vec<Part>,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
}

impl Sighting {
    /// What a single source says. An edge of which nobody noted the origin has this one.
    pub fn of(mut topology: Topology, origin: Origin) -> Self {
        topology.edges.iter_mut().filter(|edge| edge.origins.is_empty()).for_each(|edge| edge.origins.push(origin));
        Self { parts: vec![Part { origin, complete: false, topology }], gaps: Vec::new() }
    }

    /// The topology it comes to as of `now`. What a single source says is left as it is, name by name.
    pub fn topology(self, now: Timestamp) -> Topology {
        self.settled(now).0
    }

    /// The same with what the sources do not agree on.
    pub fn settled(mut self, now: Timestamp) -> (Topology, Vec<Conflict>) {
        if self.parts.len() == 1 {
            return (self.parts.pop().map(|part| part.topology).unwrap_or_default(), Vec::new());
        }
        let map = merge(&self.parts, now);
        (map.topology, map.conflicts)
    }

    /// The map of it as of `now`: names folded, every edge with its origins, and what does not agree. What a single source
    /// says counts as what the origins of its edges say.
    pub fn map(&self, now: Timestamp) -> Map {
        match &self.parts[..] {
            [part] => merge(&parts_of(&part.topology, part.origin), now),
            parts => merge(parts, now),
        }
    }
}

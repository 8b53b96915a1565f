//! Incidents as they were last read or written. A fact that is stored never changes, so that whoever knows an incident at
//! some version has to read only what came after it. Without this every alarm of a flood would parse all the alarms before it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tools::model::{Incident, IncidentId};

/// So many incidents are remembered.
const KEPT: usize = 64;

/// A snapshot may wait for this many facts.
const SNAPSHOT_EVERY: u64 = 32;

/// Incidents as this process last saw them.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<BTreeMap<IncidentId, Incident>>);

impl Memory {
    /// An incident, as it was or still is.
    pub(crate) fn get(&self, id: IncidentId) -> Option<Incident> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Remembers an incident as it is stored.
    pub(crate) fn keep(&self, incident: Incident) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Two that append at once may come here in another order than their commits.
        if kept.get(&incident.id).is_some_and(|known| known.version > incident.version) {
            return;
        }
        kept.insert(incident.id, incident);
        if kept.len() > KEPT {
            // The oldest incident is the least likely to take in another alarm.
            kept.pop_first();
        }
    }
}

/// Whether an incident that grew from one version to another deserves a snapshot: the larger it is, the more rarely. So a
/// load folds at most a quarter of the facts, or [`SNAPSHOT_EVERY`], and all snapshots together take no more to write than a
/// few times the last one: work per alarm does not grow with the alarms.
pub(crate) fn deserves_snapshot(before: u64, after: u64) -> bool {
    let every = (after.next_power_of_two() / 8).max(SNAPSHOT_EVERY);
    after / every > before / every
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_become_rarer_as_an_incident_grows() {
        let versions: Vec<u64> = (1..=1100).filter(|after| deserves_snapshot(after - 1, *after)).collect();
        let expected = [32, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024];
        assert_eq!(versions, expected);
        assert!(deserves_snapshot(30, 40), "several facts at once may pass it");
        assert!(!deserves_snapshot(32, 40));
    }
}

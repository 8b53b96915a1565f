//! Which change is the most suspicious one: by place and time. A change near an onset is innocent more often than not, so
//! this orders them, and accuses none.

use super::estate::Estate;
use crate::model::{Change, minutes};
use jiff::{SignedDuration, Timestamp};

/// A change on the cause this long before its onset is worth a look by itself.
const RECENT: SignedDuration = minutes(60);

/// What a change is measured against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    /// The blamed service.
    pub(super) cause: Option<usize>,
    /// When it began to suffer.
    pub(super) onset: Timestamp,
    /// How exactly that is known: the length of a row.
    pub(super) blur: SignedDuration,
}

impl Scene {
    /// Whether `change` came first, as far as can be told.
    fn precedes(&self, change: &Change) -> bool {
        change.at <= self.onset.saturating_add(self.blur).unwrap_or(self.onset)
    }

    /// Whether `change` should be reviewed: on the cause, shortly before its onset.
    pub(super) fn suggests(&self, estate: &Estate<'_>, change: &Change) -> bool {
        self.cause.is_some()
            && estate.node(&change.service) == self.cause
            && self.precedes(change)
            && self.onset.duration_since(change.at) <= RECENT
    }
}

/// The changes that took effect by `now`, most suspicious first: on the cause before its onset, then on what the cause
/// waits for, then elsewhere, then those after the onset; the nearest in time first.
pub(super) fn by_suspicion<'a>(
    estate: &Estate<'_>,
    changes: &'a [Change],
    scene: Scene,
    now: Timestamp,
) -> Vec<&'a Change> {
    let behind = scene.cause.map(|cause| estate.reach(&[cause], true));
    let place = |change: &Change| {
        let node = estate.node(&change.service);
        if !scene.precedes(change) {
            return 3;
        }
        match (node, &behind) {
            (Some(node), _) if Some(node) == scene.cause => 0,
            (Some(node), Some(behind)) if behind[node] => 1,
            _ => 2,
        }
    };
    let mut sorted: Vec<&Change> =
        changes.iter().filter(|change| change.error_code.is_none() && change.at <= now).collect();
    sorted.sort_by(|a, b| {
        let apart = |change: &Change| change.at.duration_since(scene.onset).abs();
        let text = |change: &Change| serde_json::to_string(change).unwrap_or_default();
        (place(a), apart(a), a.at, &a.service)
            .cmp(&(place(b), apart(b), b.at, &b.service))
            .then_with(|| text(a).cmp(&text(b)))
    });
    sorted.dedup();
    sorted
}

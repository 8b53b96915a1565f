//! While it is quiet, lone alarms are gathered: one message tells of all of them when it is over. A flood speaks at any hour.

use crate::decision::{Decision, Draft, Scene};
use crate::event::Timer;
use crate::intent::{Intent, MessageName, Place};
use jiff::Timestamp;
use std::collections::BTreeSet;
use tools::model::{Fact, Incident, IncidentId};

/// Whether the alarms of an incident are among those that are gathered, and it has no message of its own.
pub(super) fn is_held(incident: &Incident) -> bool {
    incident.hushed_until.is_some() && !incident.has_card() && incident.merged.is_none()
}

/// Holds a lone alarm back until then.
pub(super) fn hold(draft: &mut Draft<'_>, scene: &Scene, until: Timestamp) {
    if draft.incident().hushed_until == Some(until) {
        return;
    }
    draft.record(Fact::Hushed { until });
    // The first one looks after all of them.
    let is_first = gathered(scene, None, until).is_empty();
    if is_first {
        let incident = draft.incident().id;
        draft.intend(Intent::Later { at: until, timer: Timer::Hush { incident } });
    }
}

/// An alarm that was held back went to another state. What is told already is edited.
pub(super) fn turned(draft: &mut Draft<'_>, scene: &Scene, now: Timestamp) {
    let incident = draft.incident().clone();
    if let Some(until) = incident.hushed_until.filter(|until| scene.settings.has_told(*until, now)) {
        let message = tell(scene, Some(&incident), until);
        draft.intend(message);
    }
}

/// It may be over. If it is quiet again, or still, they wait on.
pub(crate) fn over(scene: &Scene, incident: IncidentId, now: Timestamp) -> Decision {
    let held = scene.incident(incident).and_then(|incident| incident.hushed_until);
    let Some(until) = held.filter(|until| scene.settings.told_until.is_none_or(|told| *until > told)) else {
        return Decision::default();
    };
    if let Some(later) = scene.settings.hushed_until(now) {
        let wait = Intent::Later { at: later, timer: Timer::Hush { incident } };
        return Decision { intents: vec![wait], ..Decision::default() };
    }
    let told = (!gathered(scene, None, until).is_empty()).then(|| tell(scene, None, until));
    Decision { intents: told.into_iter().collect(), ..Decision::default() }
}

/// Tells everything at `now` that is held back and need not be any more; returns until when it was to be.
pub(super) fn lift(scene: &Scene, now: Timestamp) -> (Vec<Intent>, Option<Timestamp>) {
    let held = scene.open.iter().filter(|incident| is_held(incident)).filter_map(|incident| incident.hushed_until);
    let moments: BTreeSet<Timestamp> = held.filter(|until| !scene.settings.has_told(*until, now)).collect();
    let last = moments.last().copied();
    (moments.into_iter().map(|until| tell(scene, None, until)).collect(), last)
}

/// The incidents that are held back until then, the oldest first; `newer` is one of them as it is now.
fn gathered<'a>(scene: &'a Scene, newer: Option<&'a Incident>, until: Timestamp) -> Vec<&'a Incident> {
    let as_is = |known: &'a Incident| newer.filter(|newer| newer.id == known.id).unwrap_or(known);
    let all = scene.open.iter().map(as_is);
    let mut held: Vec<&Incident> =
        all.filter(|incident| is_held(incident) && incident.hushed_until == Some(until)).collect();
    held.sort_by_key(|incident| incident.id);
    held
}

fn tell(scene: &Scene, newer: Option<&Incident>, until: Timestamp) -> Intent {
    let channel = scene.scope.war_room.clone();
    let message = blocks::hush::gathered(&gathered(scene, newer, until));
    let name = MessageName::gathered(&scene.scope.id, until);
    Intent::Show { name, place: Place::Channel { channel }, message, covers: None }
}

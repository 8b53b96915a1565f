//! An alarm went to a state.

use super::hush;
use crate::config::Flood;
use crate::decision::{Decision, Draft, Scene};
use crate::event::{MessageRef, Timer};
use crate::grouping::{self, Placement, Surroundings};
use crate::intent::{Intent, Job, MessageName, Place};
use blocks::people::Lack;
use jiff::Timestamp;
use tools::model::{Alarm, Because, Fact, Incident, IncidentId, Via};

pub(crate) fn decide(scene: &Scene, alarm: &Alarm, via: Via, message: Option<&MessageRef>, now: Timestamp) -> Decision {
    let atlas = scene.atlas.as_deref();
    let service = atlas.and_then(|atlas| atlas.service_of(alarm)).map(|service| &service.id);
    let draft = |id: IncidentId| {
        let incident = scene.incident(id).expect("grouping chooses among the open ones");
        Draft::of(&scene.scope, incident.clone(), now)
    };
    let joins = |because: Because| Fact::AlarmJoined {
        alarm: Box::new(alarm.clone()),
        via,
        service: service.cloned(),
        because,
    };
    let flood = flood_of(scene, message);
    let around = Surroundings { open: &scene.open, kinships: &scene.kinships, atlas, flood };
    match grouping::place(alarm, via, service, &around) {
        Placement::Nothing => Decision::default(),
        Placement::Known { incident } => known(draft(incident), alarm, via),
        Placement::Turn { incident } => turn(draft(incident), scene, alarm, via, now),
        Placement::Join { incident, because } => {
            let mut draft = draft(incident);
            draft.record(joins(because));
            joined(draft, scene, message, now)
        }
        Placement::Open { because } => {
            let mut draft = Draft::opened(&scene.scope, scene.next, now);
            draft.record(joins(because));
            joined(draft, scene, message, now)
        }
    }
}

/// A transition that is known already: worth a fact only if another source confirms it, and no message ever.
fn known(mut draft: Draft<'_>, alarm: &Alarm, via: Via) -> Decision {
    let transition = draft.incident().joined(alarm).and_then(|joined| joined.transition(alarm, via));
    let is_new_source = transition.is_some_and(|transition| !transition.told.contains_key(&via));
    if is_new_source {
        draft.record(Fact::AlarmConfirmed { alarm: Box::new(alarm.clone()), via });
    }
    draft.done()
}

fn turn(mut draft: Draft<'_>, scene: &Scene, alarm: &Alarm, via: Via, now: Timestamp) -> Decision {
    draft.record(Fact::AlarmTurned { alarm: Box::new(alarm.clone()), via });
    if hush::is_held(draft.incident()) {
        hush::turned(&mut draft, scene, now);
        return draft.done();
    }
    if draft.incident().has_card() {
        tell_alarm(&mut draft, alarm);
    }
    draft.show_card();
    draft.done()
}

fn joined(mut draft: Draft<'_>, scene: &Scene, message: Option<&MessageRef>, now: Timestamp) -> Decision {
    let was_flood = draft.incident().is_flood();
    let begins = !was_flood && grouping::is_flood(draft.incident(), now, flood_of(scene, message));
    if begins {
        draft.record(Fact::FloodBegan { alarms: draft.incident().alarms.len() });
        nudges(&mut draft, scene, now);
    }
    if !draft.incident().has_card() {
        match scene.settings.hushed_until(now) {
            Some(until) => hush::hold(&mut draft, scene, until),
            None => lone(&mut draft, message),
        }
        return draft.done();
    }
    draft.show_card();
    // Of what somebody declared every alarm was told when it joined.
    let lines = lines_since(draft.incident(), begins && draft.incident().people.declared_by.is_none());
    for line in lines {
        draft.tell(line);
    }
    draft.intend(Intent::Run(Job::Investigate { incident: draft.incident().id, answer_to: None }));
    draft.done()
}

/// What counts as a flood where the alarm came from.
fn flood_of<'a>(scene: &'a Scene, message: Option<&MessageRef>) -> &'a Flood {
    scene.scope.flood_of(message.map(|message| message.channel.as_str()))
}

/// Looks later whether somebody leads, and said how bad it is.
pub(super) fn nudges(draft: &mut Draft<'_>, scene: &Scene, now: Timestamp) {
    let after = scene.scope.nudge_after;
    let Ok(at) = now.checked_add(after) else { return };
    if after.is_zero() {
        return;
    }
    let incident = draft.incident().id;
    for lack in [Lack::Lead, Lack::Severity] {
        draft.intend(Intent::Later { at, timer: Timer::Nudge { incident, lack } });
    }
}

/// Too few for a card: a reply under the message that brought it, or one line where no message did.
fn lone(draft: &mut Draft<'_>, message: Option<&MessageRef>) {
    match message {
        Some(message) => {
            let reply = blocks::alarm::lone_reply(draft.incident());
            draft.show(MessageName::reply(message), Place::Thread(message.clone()), reply, false);
        }
        None => draft.show_card(),
    }
}

/// The thread tells every alarm once: all of them when the thread begins, after that the one that joined.
fn lines_since(incident: &Incident, begins: bool) -> Vec<String> {
    let from = if begins { 0 } else { incident.alarms.len() - 1 };
    incident.alarms[from..].iter().map(|joined| blocks::alarm::thread_line(joined)).collect()
}

fn tell_alarm(draft: &mut Draft<'_>, alarm: &Alarm) {
    let line = draft.incident().joined(alarm).map(blocks::alarm::thread_line);
    if let Some(line) = line {
        draft.tell(line);
    }
}

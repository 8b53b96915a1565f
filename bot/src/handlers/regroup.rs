//! A person merges incidents or takes alarms out of one. What they say is remembered for the next time.
//!
//! An append is about one incident, and a merger is about two. So the incident that is asked about takes the word first, and
//! a timer brings the alarms over, some at a time: whoever dies in between leaves a timer that waits.

use crate::decision::{Decision, Draft, Scene};
use crate::event::{Asked, Timer};
use crate::grouping;
use crate::intent::{Intent, Job, MessageName};
use blocks::regroup::{self, NotMerged};
use jiff::Timestamp;
use std::sync::Arc;
use tools::model::{AlarmDigest, AlarmKey, Because, Fact, Incident, IncidentId, JoinedAlarm, Kin, Kinship};

/// Alarms that one event moves: each is a fact, and a transaction takes only so many.
const MOVED_AT_ONCE: usize = 25;

/// Which alarms of an incident are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one that was chosen in a menu.
    Digest(AlarmDigest),
    /// What a person calls it: an alarm, a part of its name, a service, or an incident that was merged into this one.
    Called(String),
}

/// Merges `from` into `into`, or into what most people look at.
pub(crate) fn merge(
    scene: &Scene,
    from: IncidentId,
    into: Option<IncidentId>,
    asked: &Asked,
    now: Timestamp,
) -> Decision {
    let source = match scene.named(from) {
        Ok(source) => source,
        Err(message) => return Decision::answer(asked, message),
    };
    let target = if let Some(id) = into {
        scene.named(id)
    } else {
        let others = || scene.standing().filter(|other| other.id != source.id && !other.is_closed());
        let other = others().find(|other| other.is_flood()).or_else(|| others().next());
        other.ok_or_else(|| regroup::not_merged(from, from, NotMerged::NoOther))
    };
    let target = match target {
        Ok(target) => target,
        Err(message) => return Decision::answer(asked, message),
    };
    if target.id == source.id {
        return Decision::answer(asked, regroup::not_merged(from, into.unwrap_or(from), NotMerged::Same));
    }
    let kin = |incident: &Incident| incident.alarms.iter().map(|joined| Kin::of(joined)).collect::<Vec<_>>();
    let kinship = Kinship::new(true, kin(source), kin(target), (asked.by.clone(), now, target.id));
    let answer = regroup::merged(source.id, target.id, source.alarms.len());
    let mut draft = Draft::of(&scene.scope, source.clone(), now);
    draft.record(Fact::Merged { into: target.id, by: asked.by.clone() });
    // Where other bots told of it, it never had a message of its own.
    if source.is_flood() || source.alarms.iter().flat_map(|joined| joined.sources()).any(|via| !via.is_message()) {
        draft.show_card();
    }
    draft.intend(Intent::Later { at: now, timer: Timer::Merge { from: source.id, into: target.id } });
    draft.intend(Intent::Answer { asked: asked.clone(), message: answer });
    Decision { kinship: Some(kinship), ..draft.done() }
}

/// Brings alarms of a merged incident over.
pub(crate) fn merging(scene: &Scene, from: IncidentId, into: IncidentId, now: Timestamp) -> Decision {
    let (Some(source), Some(target)) = (scene.incident(from), scene.incident(into)) else { return Decision::default() };
    let target = scene.root(target);
    let Some(merged) = &source.merged else { return Decision::default() };
    let coming = || source.alarms.iter().filter(|joined| target.joined(&joined.alarm).is_none());
    let because = || Because::Merged { from, by: merged.by.clone(), at: now };
    let moved: Vec<JoinedAlarm> = coming().take(MOVED_AT_ONCE).map(|joined| moved(joined, because())).collect();
    if moved.is_empty() {
        return Decision::default();
    }
    let is_first = !target.alarms.iter().any(|joined| came_with(joined, from));
    let is_last = coming().nth(MOVED_AT_ONCE).is_none();
    let mut draft = Draft::of(&scene.scope, target.clone(), now);
    if is_first && (target.is_flood() || source.is_flood()) {
        draft.tell(regroup::came(from, source.alarms.len()));
    }
    arrive(&mut draft, moved, source.is_flood(), scene, now);
    if !is_last {
        draft.intend(Intent::Later { at: now, timer: Timer::Merge { from, into: target.id } });
    }
    draft.done()
}

/// Takes alarms out of an incident.
pub(crate) fn split(scene: &Scene, id: IncidentId, which: &Which, asked: &Asked, now: Timestamp) -> Decision {
    let incident = match scene.named(id) {
        Ok(incident) => incident,
        Err(message) => return Decision::answer(asked, message),
    };
    let meant = match meant(incident, which) {
        Ok(all) if all.len() == incident.alarms.len() => {
            return Decision::answer(asked, regroup::all_would_leave(incident.id));
        }
        Ok(meant) => meant,
        Err(many) => return Decision::answer(asked, regroup::choose(incident, Some(many))),
    };
    let leaving = &meant[..meant.len().min(MOVED_AT_ONCE)];
    let keys: Vec<AlarmKey> = leaving.iter().map(|joined| joined.alarm.key()).collect();
    let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
    let stay = incident.alarms.iter().filter(|joined| !keys.contains(&joined.alarm.key()));
    // The service may well be right and one of its alarms wrong: what left is known by its name, unless all of it left.
    let these = names.iter().map(|name| Kin::Alarm((*name).to_owned()));
    let those = stay.map(|joined| Kin::of(joined));
    let kinship = Kinship::new(false, these, those, (asked.by.clone(), now, incident.id));
    let answer = regroup::split(incident.id, &names, meant.len() - leaving.len());
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    draft.record(Fact::AlarmsLeft { alarms: keys.clone(), by: asked.by.clone() });
    draft.show_card();
    if draft.incident().is_flood() {
        draft.tell(regroup::went(&names));
        investigate(&mut draft);
    }
    let (from, version) = (draft.incident().id, draft.incident().version);
    draft.intend(Intent::Later { at: now, timer: Timer::Split { from, version } });
    draft.intend(Intent::Answer { asked: asked.clone(), message: answer });
    Decision { kinship: Some(kinship), ..draft.done() }
}

/// Gives alarms that were taken out of an incident one of their own.
pub(crate) fn splitting(scene: &Scene, from: IncidentId, version: u64, now: Timestamp) -> Decision {
    let Some(source) = scene.incident(from) else { return Decision::default() };
    let left = source.left.iter().filter(|left| left.version == version);
    let moved: Vec<JoinedAlarm> =
        left.map(|left| moved(&left.joined, Because::Split { from, by: left.by.clone() })).collect();
    if moved.is_empty() {
        return Decision::default();
    }
    let mut draft = Draft::opened(&scene.scope, scene.next, now);
    arrive(&mut draft, moved, false, scene, now);
    if source.is_flood() {
        let (channel, line) = (scene.scope.war_room.clone(), regroup::went_to(draft.incident().id));
        let under = MessageName::card(from, &channel);
        draft.intend(Intent::Tell { under, channel, line, picture: None });
    }
    draft.done()
}

/// Alarms arrive from another incident: they are told as others are that join.
fn arrive(draft: &mut Draft<'_>, moved: Vec<JoinedAlarm>, came_as_flood: bool, scene: &Scene, now: Timestamp) {
    let was_flood = draft.incident().is_flood();
    let count = moved.len();
    for joined in moved {
        draft.record(Fact::AlarmMoved { joined: Box::new(joined) });
    }
    // Whether they came quickly is judged by when they fired: it may be a while ago.
    let last = draft.incident().last_alarm_at();
    let begins = !was_flood && (came_as_flood || grouping::is_flood(draft.incident(), last, &scene.scope.flood));
    if begins {
        draft.record(Fact::FloodBegan { alarms: draft.incident().alarms.len() });
        super::alarm::nudges(draft, scene, now);
    }
    draft.show_card();
    if draft.incident().has_card() {
        let all = &draft.incident().alarms;
        let from = if begins { 0 } else { all.len() - count };
        let lines: Vec<String> = all[from..].iter().map(|joined| blocks::alarm::thread_line(joined)).collect();
        for line in lines {
            draft.tell(line);
        }
        investigate(draft);
    }
}

fn investigate(draft: &mut Draft<'_>) {
    draft.intend(Intent::Run(Job::Investigate { incident: draft.incident().id, answer_to: None }));
}

fn moved(joined: &Arc<JoinedAlarm>, because: Because) -> JoinedAlarm {
    JoinedAlarm { because, ..JoinedAlarm::clone(joined) }
}

fn came_with(joined: &JoinedAlarm, incident: IncidentId) -> bool {
    matches!(&joined.because, Because::Merged { from, .. } if *from == incident)
}

/// The alarms that are meant; by a part of the name only if no name, service or incident is exactly that. Otherwise, how
/// many could be meant.
fn meant<'a>(incident: &'a Incident, which: &Which) -> Result<Vec<&'a JoinedAlarm>, usize> {
    let those = |is: &dyn Fn(&JoinedAlarm) -> bool| -> Vec<&'a JoinedAlarm> {
        incident.alarms.iter().map(AsRef::as_ref).filter(|joined: &&JoinedAlarm| is(joined)).collect()
    };
    match which {
        Which::Digest(digest) => {
            let found = those(&|joined| joined.alarm.key().digest() == *digest);
            if found.is_empty() { Err(0) } else { Ok(found) }
        }
        Which::Called(called) => {
            let merged = IncidentId::try_from(called.to_uppercase());
            let is_called = |name: &str| name.eq_ignore_ascii_case(called);
            let exact = [
                those(&|joined| merged.as_ref().is_ok_and(|from| came_with(joined, *from))),
                those(&|joined| is_called(&joined.alarm.name)),
                those(&|joined| joined.service.as_ref().is_some_and(|service| is_called(&service.to_string()))),
            ];
            let part = called.to_lowercase();
            if let Some(found) = exact.into_iter().find(|found| !found.is_empty()) {
                return Ok(found);
            }
            let found = those(&|joined| joined.alarm.name.to_lowercase().contains(&part));
            // A part of several names is no choice.
            if found.len() == 1 { Ok(found) } else { Err(found.len()) }
        }
    }
}

//! Which incident an alarm joins, and why. Pure; every answer carries its reason, because people undo what they
//! understand.

use crate::config::Flood;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use tools::context::{Atlas, Connection};
use tools::model::{
    Alarm, AlarmState, Apartness, Because, Incident, IncidentId, JoinedAlarm, Kinship, ServiceId, Via, minutes,
};

/// An alarm of which only the name can be compared joins only while its kin is fresh.
const ALIKE_WITHIN: SignedDuration = minutes(3);

/// How many calls away a service may be and still be part of the same story.
const MAX_HOPS: usize = 3;

/// What to do with an alarm.
#[derive(Clone, Debug, PartialEq)]
pub enum Placement {
    /// It is part of this incident already, and this transition is known.
    Known {
        /// Which incident.
        incident: IncidentId,
    },
    /// It is part of this incident already, and goes to another state.
    Turn {
        /// Which incident.
        incident: IncidentId,
    },
    /// It becomes part of this incident.
    Join {
        /// Which incident.
        incident: IncidentId,
        /// Why.
        because: Because,
    },
    /// It begins an incident of its own.
    Open {
        /// Why it joins none of the open ones.
        because: Because,
    },
    /// It tells that all is well with something that nobody here knew to be ill.
    Nothing,
}

/// So long an alarm that people moved to another incident may still be told to its old one.
const MOVES_WITHIN: SignedDuration = minutes(5);

/// What is known when an alarm looks for its place.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The incidents of its scope, the most recent first.
    pub open: &'a [Incident],
    /// What people said of which alarms belong together, the newest first.
    pub kinships: &'a [Kinship],
    /// The topology, if it could be read.
    pub atlas: Option<&'a Atlas>,
    /// What counts as a flood.
    pub flood: &'a Flood,
}

/// The incident in which the alarms of `incident` stand: itself, or the one that it was merged into.
pub fn root<'a>(incident: &'a Incident, open: &'a [Incident]) -> &'a Incident {
    let mut root = incident;
    // Nobody merges in a circle; who reads one all the same must not hang.
    for _ in 0..open.len() {
        let into = root.merged.as_ref().and_then(|merged| open.iter().find(|other| other.id == merged.into));
        let Some(into) = into else { break };
        root = into;
    }
    root
}

/// Decides where `alarm` belongs.
pub fn place(alarm: &Alarm, via: Via, service: Option<&ServiceId>, around: &Surroundings<'_>) -> Placement {
    let Surroundings { open, atlas, flood, .. } = *around;
    let mine = mine(alarm, open);
    let mine = || mine.iter().copied();
    if let Some((incident, _)) = mine().find(|(_, joined)| joined.transition(alarm, via).is_some()) {
        return Placement::Known { incident: incident.id };
    }
    // What recovered and was silent is over, and so is what somebody closed: fired again, the alarm begins another story.
    let is_over = |incident: &Incident| {
        let is_quiet = incident.recovered_at().is_some() && silence(alarm, incident) > flood.joins_within;
        alarm.state == AlarmState::Alarm && (is_quiet || incident.is_closed())
    };
    if let Some((incident, _)) = mine().find(|(incident, _)| !is_over(incident)) {
        return Placement::Turn { incident: incident.id };
    }
    if alarm.state == AlarmState::Ok {
        return Placement::Nothing;
    }
    // Nothing ties an alarm to what has none, nor belongs to what is closed.
    let takes = |incident: &&Incident| !root(incident, open).is_closed() && !incident.alarms.is_empty();
    let fresh = |incident: &&Incident| takes(incident) && silence(alarm, incident) <= flood.joins_within;
    // What people said counts for more than anything that could be inferred.
    let said =
        |incident: &Incident| around.kinships.iter().find(|kinship| kinship.is_about(&alarm.name, service, incident));
    let together = open.iter().filter(fresh).find_map(|incident| {
        let said = said(incident).filter(|said| said.together)?;
        Some((incident, Because::Told { by: said.by.clone(), of: said.of }))
    });
    let joined = together.or_else(|| {
        let may = |incident: &&Incident| said(incident).is_none();
        let reason = |incident| Some((incident, reason(alarm, service, incident, atlas)?));
        open.iter().filter(fresh).filter(may).find_map(reason)
    });
    if let Some((incident, because)) = joined {
        return Placement::Join { incident: root(incident, open).id, because };
    }
    // The flood is what people are looking at, so that is what a new line sets itself apart from.
    let standing = || open.iter().filter(|incident| incident.merged.is_none());
    let nearest = standing().filter(fresh).find(|incident| incident.is_flood()).or_else(|| standing().find(takes));
    let because = nearest.map_or(Because::First, |nearest| Because::Apart {
        from: nearest.id,
        reason: match said(nearest).filter(|_| fresh(&nearest)) {
            Some(said) => Apartness::Told { by: said.by.clone(), of: said.of },
            None => apartness(alarm, service, nearest, flood),
        },
    });
    Placement::Open { because }
}

/// Where the alarm stands already. One that people moved elsewhere is told to its old incident until it stands in the new one.
fn mine<'a>(alarm: &Alarm, open: &'a [Incident]) -> Vec<(&'a Incident, &'a JoinedAlarm)> {
    let found = |incident: &'a Incident| Some((incident, incident.joined(alarm)?));
    let standing: Vec<_> = open.iter().filter(|incident| incident.merged.is_none()).filter_map(found).collect();
    if !standing.is_empty() {
        return standing;
    }
    let just = |at: Timestamp| alarm.changed_at.duration_since(at) <= MOVES_WITHIN;
    let leaving = |incident: &'a Incident| {
        if incident.merged.as_ref().is_some_and(|merged| just(merged.at)) {
            return found(incident);
        }
        let left = incident.left.iter().find(|left| just(left.at) && left.joined.alarm.is_same_alarm(alarm))?;
        Some((incident, left.joined.as_ref()))
    };
    open.iter().filter_map(leaving).collect()
}

fn silence(alarm: &Alarm, incident: &Incident) -> SignedDuration {
    alarm.changed_at.duration_since(incident.last_alarm_at())
}

/// The strongest reason for `alarm` to join `incident`, if there is one.
fn reason(alarm: &Alarm, service: Option<&ServiceId>, incident: &Incident, atlas: Option<&Atlas>) -> Option<Because> {
    let named = |name: &String| incident.alarms.iter().find(|joined| joined.alarm.name == *name);
    if let Some(child) = alarm.children.iter().find(|child| named(child).is_some()) {
        return Some(Because::Composite { child: child.clone() });
    }
    // The composite may come before its child.
    let parent = incident.alarms.iter().find(|joined| joined.alarm.children.contains(&alarm.name));
    if let Some(parent) = parent {
        return Some(Because::Composite { child: parent.alarm.name.clone() });
    }
    let Some(service) = service else { return alike(alarm, incident) };
    let since = |at: Timestamp| alarm.changed_at.duration_since(at).as_secs();
    let same = incident.alarms.iter().filter(|joined| joined.service.as_ref() == Some(service));
    if let Some(at) = same.map(|joined| joined.first_at).max() {
        return Some(Because::SameService { service: service.clone(), after_s: since(at) });
    }
    let mut latest: HashMap<&ServiceId, Timestamp> = HashMap::new();
    for joined in &incident.alarms {
        if let Some(service) = &joined.service {
            let at = latest.entry(service).or_insert(joined.first_at);
            *at = joined.first_at.max(*at);
        }
    }
    let Some(atlas) = atlas else { return alike(alarm, incident) };
    atlas.around(service, MAX_HOPS).into_iter().find_map(|(other, connection)| {
        let after_s = since(*latest.get(other)?);
        Some(match connection {
            Connection::Path(path) => Because::Connected { path, after_s },
            Connection::SharedCallee(callee) => Because::SharedCallee { callee, with: other.clone(), after_s },
        })
    })
}

/// Same account and region, the same first two words of the name, and close in time.
fn alike(alarm: &Alarm, incident: &Incident) -> Option<Because> {
    let kin = incident.alarms.iter().rev().find(|joined| {
        let other = &joined.alarm;
        let near = alarm.changed_at.duration_since(joined.first_at).abs() <= ALIKE_WITHIN;
        near && alarm.account == other.account
            && alarm.region == other.region
            && prefix(&alarm.name) == prefix(&other.name)
    })?;
    prefix(&alarm.name)?;
    let after_s = alarm.changed_at.duration_since(kin.first_at).as_secs();
    Some(Because::Alike { alarm: kin.alarm.name.clone(), after_s })
}

/// The first two words of an alarm's name, by which teams commonly say team and stage.
fn prefix(name: &str) -> Option<(&str, &str)> {
    let mut words = name.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    Some((words.next()?, words.next()?))
}

fn apartness(alarm: &Alarm, service: Option<&ServiceId>, nearest: &Incident, flood: &Flood) -> Apartness {
    let silent = silence(alarm, nearest);
    if silent > flood.joins_within {
        return Apartness::TooLate { silent_min: silent.as_mins() };
    }
    let accounts = || nearest.alarms.iter().filter_map(|joined| joined.alarm.account.as_ref());
    if let Some(account) = &alarm.account
        && accounts().next().is_some()
        && accounts().all(|other| other != account)
    {
        return Apartness::OtherAccount { account: account.clone(), service: service.cloned() };
    }
    service.map_or(Apartness::Unknown, |service| Apartness::NoPath { service: service.clone() })
}

/// Whether the alarms of an incident make a flood as of `now`.
pub fn is_flood(incident: &Incident, now: Timestamp, flood: &Flood) -> bool {
    let fired = incident.alarms.iter().filter(|joined| {
        joined.alarm.state != AlarmState::InsufficientData && now.duration_since(joined.first_at) <= flood.within
    });
    fired.count() >= flood.alarms
}

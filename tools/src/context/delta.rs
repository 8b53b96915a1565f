//! What is new since a moment: the verdict on what was known then, against the verdict now.

use super::Situation;
use super::verdict;
use crate::model::{Alarm, AlarmState, Delta, LogLine, Series, ServiceId, Verdict, Window};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

impl Situation {
    /// The situation as it could be read at `then`: nothing that came later is in it.
    #[must_use]
    pub fn as_of(&self, then: Timestamp) -> Self {
        let then = then.min(self.now);
        let known = Window { from: Timestamp::MIN, to: then };
        let series = |all: &Vec<Series>| all.iter().map(|series| series.within(known)).collect();
        let lines = |all: &Vec<LogLine>| all.iter().filter(|line| line.at < then).cloned().collect();
        Self {
            conflicts: self.conflicts.clone(),
            now: then,
            alarms: self.alarms.iter().filter(|alarm| alarm.changed_at <= then).cloned().collect(),
            topology: self.topology.clone(),
            series: self.series.as_ref().map(series),
            logs: self.logs.as_ref().map(lines),
            changes: self.changes.iter().filter(|change| change.at <= then).cloned().collect(),
            gaps: self.gaps.clone(),
        }
    }
}

/// What `now`, the verdict on `situation`, says that was not to be said at `since`. Of an alarm with several transitions all
/// may be given.
pub fn delta(situation: &Situation, now: &Verdict, since: Timestamp) -> Delta {
    let known = situation.as_of(since);
    // Before the first alarm there was nothing to speak about.
    let then = if known.alarms.is_empty() { None } else { Some(verdict(&known)) };
    let (states_then, states_now) = (states(&known.alarms), states(&situation.alarms));
    let fired_then = |name: &str| states_then.get(name) == Some(&AlarmState::Alarm);
    let fires_now = |name: &str| states_now.get(name) == Some(&AlarmState::Alarm);
    let of_then = |pick: fn(&Verdict) -> BTreeSet<&ServiceId>| then.as_ref().map(pick).unwrap_or_default();
    let suffered = of_then(|verdict| verdict.affected.iter().map(|affected| &affected.service).collect());
    let expected = of_then(|verdict| verdict.expected.iter().map(|expected| &expected.service).collect());
    let suffers: BTreeSet<&ServiceId> = now.affected.iter().map(|affected| &affected.service).collect();
    let is_since = |id| now.change(id).is_some_and(|change| change.at > since);
    let services = |all: &mut dyn Iterator<Item = &ServiceId>, but: &BTreeSet<&ServiceId>| -> Vec<ServiceId> {
        all.filter(|service| !but.contains(service)).cloned().collect()
    };
    Delta {
        since,
        fired: names(&states_now, |name, _| fires_now(name) && !fired_then(name)),
        recovered: names(&states_now, |name, state| state == AlarmState::Ok && fired_then(name)),
        cause_then: then.as_ref().and_then(Verdict::cause).map(|cause| cause.service.clone()),
        cause_now: now.cause().map(|cause| cause.service.clone()),
        confidence_now: now.cause().map(|cause| cause.confidence),
        newly_affected: services(&mut now.affected.iter().map(|affected| &affected.service), &suffered),
        no_longer_affected: services(&mut suffered.iter().copied(), &suffers),
        changes: now.changes.iter().filter(|suspect| is_since(suspect.evidence)).cloned().collect(),
        newly_expected: services(&mut now.expected.iter().map(|expected| &expected.service), &expected),
    }
}

/// The latest state of each alarm.
fn states(alarms: &[Alarm]) -> BTreeMap<&str, AlarmState> {
    let mut latest: BTreeMap<&str, &Alarm> = BTreeMap::new();
    // Of two transitions in one moment the firing counts.
    let rank = |alarm: &Alarm| (alarm.changed_at, alarm.state == AlarmState::Alarm);
    for alarm in alarms {
        let known = latest.entry(&alarm.name).or_insert(alarm);
        if rank(alarm) > rank(known) {
            *known = alarm;
        }
    }
    latest.into_iter().map(|(name, alarm)| (name, alarm.state)).collect()
}

fn names(states: &BTreeMap<&str, AlarmState>, keep: impl Fn(&str, AlarmState) -> bool) -> Vec<String> {
    states.iter().filter(|(name, state)| keep(name, **state)).map(|(name, _)| (*name).to_owned()).collect()
}

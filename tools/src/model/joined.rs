//! An alarm as part of an incident: its transitions, each one however many sources told it.

use crate::model::{Alarm, AlarmState, Because, ServiceId, Via};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An alarm that is part of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JoinedAlarm {
    /// Its latest transition, completed by what every source told of it.
    pub alarm: Alarm,
    /// When it first fired here.
    pub first_at: Timestamp,
    /// The transitions it made here, by time; more than one is a flap.
    pub transitions: Vec<Transition>,
    /// The service it belongs to, if known.
    pub service: Option<ServiceId>,
    /// Why it stands here.
    pub because: Because,
}

/// One transition of an alarm, however many sources told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The state it went to.
    pub state: AlarmState,
    /// When, as the first source told it.
    pub at: Timestamp,
    /// Who told it, and when it was according to them.
    pub told: BTreeMap<Via, Timestamp>,
}

/// Two tellings of one transition may differ by this much: one source has milliseconds, another none, a third only the
/// time of its own message.
const SAME_TRANSITION: SignedDuration = SignedDuration::from_secs(60);

impl Transition {
    pub(super) fn told(alarm: &Alarm, via: Via) -> Self {
        Self { state: alarm.state, at: alarm.changed_at, told: BTreeMap::from([(via, alarm.changed_at)]) }
    }

    /// Whether `alarm`, told by `via`, is this transition. The same source tells the same time; another may differ.
    fn is(&self, alarm: &Alarm, via: Via) -> bool {
        self.state == alarm.state
            && match self.told.get(&via) {
                Some(at) => *at == alarm.changed_at,
                None => alarm.changed_at.duration_since(self.at).abs() <= SAME_TRANSITION,
            }
    }
}

impl JoinedAlarm {
    /// The transition that `alarm`, told by `via`, is; none if it is news.
    pub fn transition(&self, alarm: &Alarm, via: Via) -> Option<&Transition> {
        self.known(alarm, via).map(|place| &self.transitions[place])
    }

    fn known(&self, alarm: &Alarm, via: Via) -> Option<usize> {
        let told = self.transitions.iter().position(|transition| transition.is(alarm, via));
        let standing = || self.transitions.iter().rposition(|known| known.at <= alarm.changed_at);
        let holds = |place: &usize| via.repeats() && self.transitions[*place].state == alarm.state;
        told.or_else(|| standing().filter(holds))
    }

    /// The alarm as it first fired here: what the verdict starts from, whatever it turned to since.
    pub fn as_it_fired(&self) -> Alarm {
        let fired = self.transitions.iter().find(|transition| transition.state == AlarmState::Alarm);
        let (state, changed_at) = fired.map_or((self.alarm.state, self.first_at), |fired| (fired.state, fired.at));
        Alarm { state, changed_at, ..self.alarm.clone() }
    }

    /// The alarm as it was at each of its transitions.
    pub fn every_transition(&self) -> impl Iterator<Item = Alarm> {
        let told = |transition: &Transition| Alarm {
            state: transition.state,
            changed_at: transition.at,
            ..self.alarm.clone()
        };
        self.transitions.iter().map(told)
    }

    /// The ways its transitions came.
    pub fn sources(&self) -> BTreeSet<Via> {
        self.transitions.iter().flat_map(|transition| transition.told.keys().copied()).collect()
    }

    /// A slower way may tell an old transition after a newer one is known: it is counted, and the state stays.
    pub(super) fn turn(&mut self, alarm: &Alarm, via: Via) {
        let place = self.transitions.partition_point(|known| known.at <= alarm.changed_at);
        let is_newest = place == self.transitions.len();
        self.transitions.insert(place, Transition::told(alarm, via));
        if is_newest {
            let known = std::mem::replace(&mut self.alarm, alarm.clone());
            self.complete(&known);
        } else {
            self.first_at = self.first_at.min(alarm.changed_at);
            self.complete(alarm);
        }
    }

    pub(super) fn confirm(&mut self, alarm: &Alarm, via: Via) {
        if let Some(known) = self.known(alarm, via) {
            self.transitions[known].told.insert(via, alarm.changed_at);
        }
        self.complete(alarm);
    }

    /// Takes over what another telling knows better.
    fn complete(&mut self, told: &Alarm) {
        let mine = &mut self.alarm;
        mine.account = mine.account.take().or_else(|| told.account.clone());
        mine.region = mine.region.take().or_else(|| told.region.clone());
        mine.metric = mine.metric.take().or_else(|| told.metric.clone());
        mine.description = mine.description.take().or_else(|| told.description.clone());
        mine.link = mine.link.take().or_else(|| told.link.clone());
        if mine.children.is_empty() {
            mine.children.clone_from(&told.children);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AlarmState::{Alarm as Fires, InsufficientData, Ok as Calm};

    fn alarm(state: AlarmState, at: i64) -> Alarm {
        Alarm::named("a", state, Timestamp::from_second(at).unwrap())
    }

    /// Tells an alarm over and over, as the fold does: what is known confirms, what is news turns. Returns the transitions as
    /// `state@second sources`, and the state it is in.
    #[track_caller]
    fn check(told: &[(AlarmState, i64, Via)], expected: &str) {
        let (state, at, via) = told[0];
        let first = alarm(state, at);
        let mut joined = JoinedAlarm {
            first_at: first.changed_at,
            transitions: vec![Transition::told(&first, via)],
            alarm: first,
            service: None,
            because: Because::First,
        };
        for (state, at, via) in &told[1..] {
            let alarm = alarm(*state, *at);
            match joined.transition(&alarm, *via) {
                Some(_) => joined.confirm(&alarm, *via),
                None => joined.turn(&alarm, *via),
            }
        }
        let transitions: Vec<String> = joined
            .transitions
            .iter()
            .map(|known| format!("{}@{} by {}", known.state, known.at.as_second(), known.told.len()))
            .collect();
        assert_eq!(format!("{}; {}", transitions.join(", "), joined.alarm.state), expected);
    }

    #[test]
    fn a_transition_told_in_several_ways_is_one() {
        let (direct, posted) = (Via::EventBridge, Via::PagerDuty);
        check(&[(Fires, 100, direct), (Fires, 100, Via::Sns), (Fires, 104, posted)], "ALARM@100 by 3; ALARM");
        check(&[(Fires, 104, posted), (Fires, 100, direct), (Fires, 100, direct)], "ALARM@104 by 2; ALARM");
        // Minutes late, but the state is the one that holds.
        check(&[(Fires, 100, direct), (Fires, 400, posted), (Fires, 900, posted)], "ALARM@100 by 2; ALARM");
        check(&[(Fires, 100, direct), (Fires, 400, Via::Sns)], "ALARM@100 by 1, ALARM@400 by 1; ALARM");
    }

    #[test]
    fn what_repeats_a_state_is_no_transition_and_what_changes_it_is() {
        let via = Via::Datadog;
        check(&[(Fires, 100, via), (Fires, 160, via), (Calm, 200, via)], "ALARM@100 by 1, OK@200 by 1; OK");
        check(
            &[(Fires, 100, via), (Calm, 200, via), (Fires, 300, via), (Calm, 300, via)],
            "ALARM@100 by 1, OK@200 by 1, ALARM@300 by 1, OK@300 by 1; OK",
        );
        check(
            &[(Fires, 100, via), (InsufficientData, 200, via)],
            "ALARM@100 by 1, INSUFFICIENT_DATA@200 by 1; INSUFFICIENT_DATA",
        );
    }

    #[test]
    fn what_arrives_late_undoes_nothing_newer() {
        let via = Via::Grafana;
        check(&[(Fires, 100, via), (Calm, 200, via), (Fires, 150, via)], "ALARM@100 by 1, OK@200 by 1; OK");
        check(
            &[(Fires, 100, via), (Calm, 200, via), (Fires, 50, via)],
            "ALARM@50 by 1, ALARM@100 by 1, OK@200 by 1; OK",
        );
        check(&[(Calm, 200, Via::Sns), (Fires, 100, Via::EventBridge)], "ALARM@100 by 1, OK@200 by 1; OK");
    }
}

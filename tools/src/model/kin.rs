//! What people said of which alarms belong together, kept so that nobody has to say it twice.

use crate::model::{Incident, IncidentId, JoinedAlarm, ServiceId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What an alarm is known by the next time it fires.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kin {
    /// The service it belongs to.
    Service(ServiceId),
    /// Its name.
    Alarm(String),
}

/// The word of a person on two groups of alarms: that they belong together, or that they do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kinship {
    /// Whether they belong together.
    pub together: bool,
    /// The one group, at most [`MOST_KIN`].
    pub these: BTreeSet<Kin>,
    /// The other group, at most [`MOST_KIN`].
    pub those: BTreeSet<Kin>,
    /// Who said it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Of which incident.
    pub of: IncidentId,
}

/// Members of one group. A larger flood is told by its first ones: a word on everything would join everything.
pub const MOST_KIN: usize = 20;

/// So long a word counts. What belonged together half a year ago may have been taken apart since.
pub const KINSHIP_MEMORY: SignedDuration = SignedDuration::from_hours(180 * 24);

impl Kin {
    /// What an alarm of an incident is known by: its service where that is known.
    pub fn of(joined: &JoinedAlarm) -> Self {
        let name = || Self::Alarm(joined.alarm.name.clone());
        joined.service.clone().map_or_else(name, Self::Service)
    }

    /// Whether an alarm is meant: by its name or its service.
    pub fn is(&self, name: &str, service: Option<&ServiceId>) -> bool {
        match self {
            Self::Service(mine) => service == Some(mine),
            Self::Alarm(mine) => mine == name,
        }
    }
}

impl Kinship {
    /// A word on two groups, each cut to its first members.
    pub fn new(
        together: bool,
        these: impl IntoIterator<Item = Kin>,
        those: impl IntoIterator<Item = Kin>,
        (by, at, of): (String, Timestamp, IncidentId),
    ) -> Self {
        fn first(group: impl IntoIterator<Item = Kin>) -> BTreeSet<Kin> {
            let mut kept = BTreeSet::new();
            for kin in group {
                if kept.len() < MOST_KIN {
                    kept.insert(kin);
                }
            }
            kept
        }
        Self { together, these: first(these), those: first(those), by, at, of }
    }

    /// Whether it is a word on this alarm and one of that incident's.
    pub fn is_about(&self, name: &str, service: Option<&ServiceId>, incident: &Incident) -> bool {
        let meant = |group: &BTreeSet<Kin>| group.iter().any(|kin| kin.is(name, service));
        let there = |group: &BTreeSet<Kin>| {
            let is_there =
                |joined: &JoinedAlarm| group.iter().any(|kin| kin.is(&joined.alarm.name, joined.service.as_ref()));
            incident.alarms.iter().any(|joined| is_there(joined))
        };
        (meant(&self.these) && there(&self.those)) || (meant(&self.those) && there(&self.these))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Alarm, AlarmState, Because, Fact, ScopeId, Via};

    /// An incident with one alarm of each service.
    fn incident(services: &[&str]) -> Incident {
        let mut facts = vec![Fact::Opened { id: IncidentId(1), scope: ScopeId("prod".to_owned()) }];
        facts.extend(services.iter().map(|service| Fact::AlarmJoined {
            alarm: Box::new(Alarm::named(format!("{service}-5xx"), AlarmState::Alarm, Timestamp::UNIX_EPOCH)),
            via: Via::EventBridge,
            service: Some(ServiceId::new(*service)),
            because: Because::First,
        }));
        let extend = |state, fact| Some(Incident::extend(state, Timestamp::UNIX_EPOCH, fact).unwrap().0);
        facts.into_iter().fold(None, extend).unwrap()
    }

    fn said(these: Vec<Kin>, those: Vec<Kin>) -> Kinship {
        Kinship::new(true, these, those, ("U1".to_owned(), Timestamp::UNIX_EPOCH, IncidentId(1)))
    }

    /// Whether a word on (alarm `a-5xx`) and (service `b`) is one on this alarm and an incident of those services.
    #[track_caller]
    fn check(alarm: &str, service: Option<&str>, there: &[&str], expected: bool) {
        let kinship = said(vec![Kin::Alarm("a-5xx".to_owned())], vec![Kin::Service(ServiceId::new("b"))]);
        let service = service.map(ServiceId::new);
        assert_eq!(kinship.is_about(alarm, service.as_ref(), &incident(there)), expected);
    }

    #[test]
    fn a_word_counts_both_ways_and_for_nobody_else() {
        check("a-5xx", None, &["b"], true);
        check("a-5xx", Some("a"), &["x", "b"], true);
        // The other way round: an alarm of `b` comes to where `a-5xx` is.
        check("b-slow", Some("b"), &["a"], true);
        check("a-5xx", Some("a"), &["a", "x"], false);
        check("a-slow", Some("a"), &["b"], false);
        check("b-slow", None, &["a"], false);
    }

    #[test]
    fn a_group_is_told_by_its_first_members() {
        let names = |from: usize| (from..from + 50).map(|number| Kin::Alarm(format!("{number:03}")));
        let kinship = said(names(0).collect(), names(100).collect());
        assert_eq!((kinship.these.len(), kinship.those.len()), (MOST_KIN, MOST_KIN));
        assert!(kinship.these.contains(&Kin::Alarm("019".to_owned())));
    }
}

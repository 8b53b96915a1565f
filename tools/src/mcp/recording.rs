//! A capsule as a casebook: one incident, `INC-1`, made of its alarms, and nobody who could decide anything.

use crate::capsule::Capsule;
use crate::model::{AlarmState, Because, Fact, Gap, Incident, IncidentId, ScopeId, Via};
use crate::ports::{Casebook, Wish};
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;

/// The incident of a capsule.
pub(super) const ID: IncidentId = IncidentId(1);

/// What a capsule recorded.
#[derive(Debug)]
pub(super) struct Recording {
    capsule: Arc<Capsule>,
    incident: Option<Incident>,
}

impl Recording {
    pub(super) fn of(capsule: Arc<Capsule>) -> Self {
        let incident = told(&capsule);
        Self { capsule, incident }
    }
}

/// The incident that the alarms of a capsule make; none where none fires.
fn told(capsule: &Capsule) -> Option<Incident> {
    let alarms = capsule.alarms_until(capsule.window.to);
    let first = alarms.iter().position(|alarm| alarm.state == AlarmState::Alarm)?;
    let begin = alarms[first].changed_at;
    let opened = Fact::Opened { id: ID, scope: ScopeId("capsule".to_owned()) };
    let mut incident = Incident::extend(None, begin, opened).ok()?.0;
    for alarm in alarms.into_iter().skip(first) {
        let (at, fires) = (alarm.changed_at, alarm.state == AlarmState::Alarm);
        let (alarm, via) = (Box::new(alarm), Via::EventBridge);
        let fact = match incident.joined(&alarm) {
            Some(_) => Fact::AlarmTurned { alarm, via },
            None if fires => Fact::AlarmJoined { alarm, via, service: None, because: Because::First },
            None => continue,
        };
        // What cannot follow is not told; a capsule may hold a transition that came late.
        if let Ok((next, _)) = Incident::extend(Some(incident.clone()), at, fact) {
            incident = next;
        }
    }
    Some(incident)
}

#[async_trait]
impl Casebook for Recording {
    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, Gap> {
        Ok(self.incident.clone().filter(|incident| incident.id == id))
    }

    async fn incidents(&self, _scope: &ScopeId, _since: Timestamp) -> Result<Vec<Incident>, Gap> {
        Ok(self.incident.iter().cloned().collect())
    }

    async fn request(&self, _wish: Wish) -> Result<String, Gap> {
        Err(Gap {
            wanted: "people who decide".to_owned(),
            because: format!("`{}` is a recording, and nobody is there to decide", self.capsule.name),
            remedy: Some("a server of a bot that runs, over HTTP".to_owned()),
        })
    }
}

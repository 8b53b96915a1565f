//! A capsule behind every port.

use super::{Capsule, Levers};
use crate::dependency::Sighting;
use crate::model::{Change, EdgeSource, Gap, Incident, IncidentId, LogLine, Origin, ScopeId, Series, Window};
use crate::ports::{Casebook, Changes, Outside, Telemetry, TopologySource, Wish};
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;

/// The embedded world: what a capsule says, and nothing that it would only say later.
#[derive(Debug)]
pub struct World {
    capsule: Arc<Capsule>,
}

impl World {
    /// Puts `capsule` behind every port. Its levers stand as when the story begins: whoever moves them holds [`Levers`] of their
    /// own, and puts them in place of these.
    pub fn outside(capsule: Arc<Capsule>) -> Outside {
        let levers = Arc::new(Levers::of(&capsule, &[]));
        let world = Arc::new(Self { capsule });
        Outside { telemetry: world.clone(), topology: world.clone(), changes: world.clone(), casebook: world, levers }
    }

    fn nothing(&self, wanted: &str) -> Gap {
        Gap {
            wanted: wanted.to_owned(),
            because: format!("the capsule `{}` holds none", self.capsule.name),
            remedy: None,
        }
    }
}

#[async_trait]
impl Telemetry for World {
    async fn series(&self, window: Window) -> Result<Vec<Series>, Gap> {
        if self.capsule.series.is_empty() {
            return Err(self.nothing("metrics"));
        }
        Ok(self.capsule.series.iter().map(|series| series.within(window)).collect())
    }

    async fn logs(&self, window: Window) -> Result<Vec<LogLine>, Gap> {
        if self.capsule.logs.is_empty() {
            return Err(self.nothing("logs"));
        }
        Ok(self.capsule.logs.iter().filter(|line| window.contains(line.at)).cloned().collect())
    }
}

#[async_trait]
impl TopologySource for World {
    async fn topology(&self, window: Window) -> Result<Sighting, Gap> {
        if self.capsule.topology.services.is_empty() {
            return Err(self.nothing("topology"));
        }
        // What a capsule holds was seen by the end of its story, and by now at the latest.
        let origin = Origin { source: EdgeSource::Capsule, seen: self.capsule.window.to.min(window.to) };
        Ok(Sighting::of(self.capsule.topology.clone(), origin))
    }
}

#[async_trait]
impl Changes for World {
    async fn changes(&self, window: Window) -> Result<Vec<Change>, Gap> {
        let mut changes = self.capsule.changes_until(window.to);
        changes.retain(|change| change.at >= window.from && change.error_code.is_none());
        changes.sort_by_key(|change| change.at);
        Ok(changes)
    }
}

/// A capsule holds one story and remembers no other.
#[async_trait]
impl Casebook for World {
    async fn incident(&self, _id: IncidentId) -> Result<Option<Incident>, Gap> {
        Err(self.nothing("past incidents"))
    }

    async fn incidents(&self, _scope: &ScopeId, _since: Timestamp) -> Result<Vec<Incident>, Gap> {
        Err(self.nothing("past incidents"))
    }

    async fn request(&self, _wish: Wish) -> Result<String, Gap> {
        Err(self.nothing("people who decide"))
    }
}

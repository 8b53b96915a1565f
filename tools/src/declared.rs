//! What a deployment says of itself: the topology it declares, and the lanes nothing is connected to.

use crate::dependency::Sighting;
use crate::model::{
    Change, EdgeSource, Gap, Incident, IncidentId, LogLine, Origin, Reading, ScopeId, Series, Service, Topology, Window,
};
use crate::ports::{ActError, Actuator, Casebook, Changes, Lever, LeverSource, Telemetry, TopologySource, Wish};
use crate::recovery::plan::{Approved, Plan};
use crate::recovery::remedy::Target;
use async_trait::async_trait;
use jiff::Timestamp;

/// The topology that stands in the configuration.
#[derive(Clone, Debug)]
pub struct Declared(pub Topology);

#[async_trait]
impl TopologySource for Declared {
    async fn topology(&self, window: Window) -> Result<Sighting, Gap> {
        if self.0.services.is_empty() {
            return Err(Gap {
                wanted: "topology".to_owned(),
                because: "the configuration declares no services".to_owned(),
                remedy: Some("`[[topology.services]]` and `[[topology.edges]]` in the configuration".to_owned()),
            });
        }
        Ok(Sighting::of(self.0.clone(), Origin { source: EdgeSource::Declared, seen: window.to }))
    }
}

/// A lane that nothing is connected to: whoever asks is told so.
#[derive(Clone, Debug)]
pub struct Unconnected {
    /// What would connect it.
    pub remedy: String,
}

impl Unconnected {
    fn refused(&self, target: &Target) -> ActError {
        ActError::Refused(format!("nothing is connected that could read or change {target}: it needs {}", self.remedy))
    }

    fn gap(&self, wanted: &str) -> Gap {
        let because = format!("no source of {wanted} is configured");
        Gap { wanted: wanted.to_owned(), because, remedy: Some(self.remedy.clone()) }
    }
}

#[async_trait]
impl Telemetry for Unconnected {
    async fn series(&self, _window: Window) -> Result<Vec<Series>, Gap> {
        Err(self.gap("metrics"))
    }

    async fn logs(&self, _window: Window) -> Result<Vec<LogLine>, Gap> {
        Err(self.gap("logs"))
    }
}

#[async_trait]
impl Changes for Unconnected {
    async fn changes(&self, _window: Window) -> Result<Vec<Change>, Gap> {
        Err(self.gap("changes"))
    }
}

#[async_trait]
impl Casebook for Unconnected {
    async fn incident(&self, _id: IncidentId) -> Result<Option<Incident>, Gap> {
        Err(self.gap("past incidents"))
    }

    async fn incidents(&self, _scope: &ScopeId, _since: Timestamp) -> Result<Vec<Incident>, Gap> {
        Err(self.gap("past incidents"))
    }

    async fn request(&self, _wish: Wish) -> Result<String, Gap> {
        Err(self.gap("people who decide"))
    }
}

#[async_trait]
impl Actuator for Unconnected {
    async fn read(&self, target: &Target) -> Result<Reading, ActError> {
        Err(self.refused(target))
    }

    async fn perform(&self, plan: &Approved<Plan>) -> Result<Reading, ActError> {
        Err(self.refused(&plan.value().target))
    }

    async fn undo(&self, plan: &Approved<Plan>) -> Result<Reading, ActError> {
        Err(self.refused(&plan.value().target))
    }
}

#[async_trait]
impl LeverSource for Unconnected {
    async fn levers(&self, _service: &Service) -> Result<Vec<Lever>, Gap> {
        Err(self.gap("settings"))
    }
}

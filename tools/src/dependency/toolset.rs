//! The dependency toolset, `service-dependency-mapping`: its tools, and the one list of them.

use super::draw::CreateDependencyVisualization;
use super::ledger::Ledger;
use super::{Cascade, IsolationPlan, Lags, Sighting, cascade, isolate};
use crate::context::atlas::Atlas;
use crate::context::{HISTORY, Situation, verdict};
use crate::model::{Alarm, AlarmState, Evidence, EvidenceId, Gap, Map, ServiceId, Window};
use crate::ports::Outside;
use crate::tool::{Effect, Entry, Subject, Tool, ToolError, ToolSpec};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The tools, in the order in which a person would ask.
pub static TOOLS: &[Entry] = &[
    Entry::of::<MapServiceDependencies>(),
    Entry::of::<PredictCascade>(),
    Entry::of::<SuggestIsolation>(),
    Entry::of::<CreateDependencyVisualization>(),
];

/// More edges are not claimed one by one: their evidence would be longer than the map.
const MOST_CLAIMED: usize = 200;

/// Answers who depends on whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MapServiceDependencies {
    /// Alarms whose services are to be marked; the map is the same without any.
    #[serde(default)]
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
}

/// Who depends on whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct DependencyMap {
    /// The services, their edges with origins, and what the sources do not agree on.
    pub map: Map,
    /// How long ago each edge of the map was seen last, in seconds, in the same order; none where nobody noted it.
    pub age_s: Vec<Option<i64>>,
    /// Services with an alarm that fires, by name.
    pub alarming: Vec<ServiceId>,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// For each edge, in the same order, the claim that says so; at most the first 200.
    pub claims: Vec<EvidenceId>,
    /// Every claim, by ascending id.
    pub evidence: Vec<Evidence>,
}

#[async_trait]
impl Tool for MapServiceDependencies {
    const SPEC: ToolSpec = ToolSpec {
        name: "map_service_dependencies",
        title: "Map service dependencies",
        about: "Merges all sources (traces, event source mappings, EventBridge rules, the configuration, capsules) into one \
                topology: which service calls which, how often, whether it waits, who says so and how long ago, and what \
                the sources do not agree on.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = DependencyMap;

    async fn call(self, outside: &Outside) -> Result<DependencyMap, ToolError> {
        let window = Window { from: self.now.saturating_sub(HISTORY).unwrap_or(Timestamp::MIN), to: self.now };
        let sighting = match outside.topology.topology(window).await {
            Ok(sighting) => sighting,
            Err(gap) => Sighting { parts: Vec::new(), gaps: vec![gap] },
        };
        Ok(describe(sighting, &self.alarms, self.now))
    }
}

/// The map of what a port answered, described.
fn describe(sighting: Sighting, alarms: &[Alarm], now: Timestamp) -> DependencyMap {
    let map = sighting.map(now);
    let mut gaps = sighting.gaps;
    let age_s = map.topology.edges.iter().map(|edge| map.age(edge).map(|age| age.as_secs())).collect();
    let mut ledger = Ledger::new(now);
    let claimed = map.topology.edges.iter().take(MOST_CLAIMED);
    let claims: Vec<EvidenceId> =
        claimed.map(|edge| ledger.calls(&edge.caller, &edge.callee, edge.requests_per_min)).collect();
    if map.topology.edges.len() > claims.len() {
        let because = format!("only the first {MOST_CLAIMED} of {} edges have one", map.topology.edges.len());
        gaps.push(Gap { wanted: "evidence of every edge".to_owned(), because, remedy: None });
    }
    if !map.topology.edges.is_empty() && map.topology.edges.iter().all(|edge| edge.requests_per_min.is_none()) {
        gaps.push(Gap {
            wanted: "requests over the edges".to_owned(),
            because: "no source counts them, so that nothing can be said of how much depends on whom".to_owned(),
            remedy: Some("xray:GetServiceGraph".to_owned()),
        });
    }
    let atlas = Atlas::new(map.topology.clone());
    let firing = alarms.iter().filter(|alarm| alarm.state == AlarmState::Alarm);
    let mut alarming: Vec<ServiceId> =
        firing.filter_map(|alarm| atlas.service_of(alarm)).map(|service| service.id.clone()).collect();
    alarming.sort_unstable();
    alarming.dedup();
    DependencyMap { map, age_s, alarming, gaps, claims, evidence: ledger.close() }
}

/// Answers who is hit next.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PredictCascade {
    /// The alarms of the incident.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
}

#[async_trait]
impl Tool for PredictCascade {
    const SPEC: ToolSpec = ToolSpec {
        name: "predict_cascade",
        title: "Predict cascade",
        about: "Predicts which services are hit next by what a set of AWS alarms is about: for each one not yet failing the \
                probability, the minutes until it is hit, the requests a minute at risk, the share of outside requests \
                that need it, and the way the trouble takes.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = Cascade;

    async fn call(self, outside: &Outside) -> Result<Cascade, ToolError> {
        let situation = Situation::read(self.alarms, self.now, outside).await;
        Ok(cascade(&situation, &verdict(&situation), &Lags::default()))
    }
}

/// Answers where to cut.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SuggestIsolation {
    /// The alarms of the incident.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
}

#[async_trait]
impl Tool for SuggestIsolation {
    const SPEC: ToolSpec = ToolSpec {
        name: "suggest_isolation",
        title: "Suggest isolation",
        about: "Finds the cheapest cut between the failing part and what must stay healthy: which calls to damp, pause or \
                disable, by which remedy and with which number, who recovers, how much traffic is refused, and whether \
                that is worth it. It changes nothing.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = IsolationPlan;

    async fn call(self, outside: &Outside) -> Result<IsolationPlan, ToolError> {
        let situation = Situation::read(self.alarms, self.now, outside).await;
        Ok(isolate(&situation, &verdict(&situation)))
    }
}

//! The context toolset, `auth-flow-context`: its tools, and the one list of them.

use super::{
    CorrelateAuthEvents, DetectBottlenecks, GetAuthHealthStatus, Situation, delta, similar, timeline_of, verdict,
};
use crate::model::{Alarm, Delta, Evidence, EvidenceId, Gap, IncidentId, Moment, Similar, Suspect, Verdict};
use crate::ports::Outside;
use crate::tool::{Effect, Entry, Subject, Tool, ToolError, ToolSpec};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The tools, in the order in which a person would ask.
pub static TOOLS: &[Entry] = &[
    Entry::of::<GetIncidentContext>(),
    Entry::of::<CorrelateAuthEvents>(),
    Entry::of::<GetAuthHealthStatus>(),
    Entry::of::<DetectBottlenecks>(),
    Entry::of::<ListChanges>(),
    Entry::of::<GetTimeline>(),
    Entry::of::<GetContextDelta>(),
    Entry::of::<FindSimilarIncidents>(),
    Entry::of::<ListGaps>(),
];

/// Past incidents are looked for so far back.
const MEMORY: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Answers what is going on, what caused it, what it hits next, what changed, and what could not be seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetIncidentContext {
    /// The alarms to explain.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
}

#[async_trait]
impl Tool for GetIncidentContext {
    const SPEC: ToolSpec = ToolSpec {
        name: "get_incident_context",
        title: "Get incident context",
        about: "Explains a set of AWS alarms: the likely root cause with its confidence, the affected services by onset, \
                what is hit next, recent changes, and what could not be seen. Every claim carries evidence.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = Verdict;

    async fn call(self, outside: &Outside) -> Result<Verdict, ToolError> {
        Ok(verdict(&Situation::read(self.alarms, self.now, outside).await))
    }
}

/// Weighs the changes near the first alarm.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListChanges {
    /// The alarms to explain.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
}

/// The changes, weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct ChangeList {
    /// Most suspicious first.
    pub changes: Vec<Suspect>,
    /// The guilty one; none when no change is.
    pub guilty: Option<EvidenceId>,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// The changes themselves, and what speaks for and against them.
    pub evidence: Vec<Evidence>,
}

#[async_trait]
impl Tool for ListChanges {
    const SPEC: ToolSpec = ToolSpec {
        name: "list_changes",
        title: "List changes",
        about: "Lists deploys, configuration and scaling changes near the onset of a set of AWS alarms, each with the \
                likelihood that it is guilty and the reasons; `guilty` is null when no change is, which is common.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = ChangeList;

    async fn call(self, outside: &Outside) -> Result<ChangeList, ToolError> {
        let verdict = verdict(&Situation::read(self.alarms, self.now, outside).await);
        let Verdict { changes, guilty, gaps, evidence, .. } = verdict;
        Ok(ChangeList { changes, guilty, gaps, evidence })
    }
}

/// Tells what happened, in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetTimeline {
    /// The alarms to explain.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
}

/// What happened, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Timeline {
    /// Oldest first.
    pub moments: Vec<Moment>,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// What the moments refer to.
    pub evidence: Vec<Evidence>,
}

#[async_trait]
impl Tool for GetTimeline {
    const SPEC: ToolSpec = ToolSpec {
        name: "get_timeline",
        title: "Get timeline",
        about: "Tells in order what happened around a set of AWS alarms: changes, when each service left its normal range, \
                and when each alarm went to which state.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = Timeline;

    async fn call(self, outside: &Outside) -> Result<Timeline, ToolError> {
        let situation = Situation::read(self.alarms, self.now, outside).await;
        let verdict = verdict(&situation);
        let moments = timeline_of(&verdict, &situation.alarms);
        Ok(Timeline { moments, gaps: verdict.gaps, evidence: verdict.evidence })
    }
}

/// Tells what is new since a moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetContextDelta {
    /// The alarms to explain; of one alarm every transition may be given.
    pub alarms: Vec<Alarm>,
    /// The moment to compare with.
    pub since: Timestamp,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
}

/// What is new, and the verdict it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct ContextDelta {
    /// What is new.
    pub delta: Delta,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// What the changes refer to.
    pub evidence: Vec<Evidence>,
}

#[async_trait]
impl Tool for GetContextDelta {
    const SPEC: ToolSpec = ToolSpec {
        name: "get_context_delta",
        title: "Get what is new",
        about: "Compares what is known of a set of AWS alarms now with what was known at an earlier moment: alarms that \
                fired or recovered, another cause, newly affected services, changes since.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = ContextDelta;

    async fn call(self, outside: &Outside) -> Result<ContextDelta, ToolError> {
        if self.since > self.now {
            return Err(ToolError::Arguments {
                tool: Self::SPEC.name,
                path: "since".to_owned(),
                problem: format!("{} is later than {}, the moment to speak about", self.since, self.now),
            });
        }
        let situation = Situation::read(self.alarms, self.now, outside).await;
        let verdict = verdict(&situation);
        let delta = delta(&situation, &verdict, self.since);
        Ok(ContextDelta { delta, gaps: verdict.gaps, evidence: verdict.evidence })
    }
}

/// Finds past incidents that resemble one, and how they ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FindSimilarIncidents {
    /// The incident to compare with.
    pub incident: IncidentId,
    /// The moment to speak about.
    pub now: Timestamp,
}

/// Past incidents, the nearest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct SimilarIncidents {
    /// At most three.
    pub similar: Vec<Similar>,
    /// How many past incidents there were to compare with.
    pub compared: usize,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

#[async_trait]
impl Tool for FindSimilarIncidents {
    const SPEC: ToolSpec = ToolSpec {
        name: "find_similar_incidents",
        title: "Find similar incidents",
        about: "Finds the past incidents of the last 90 days that resemble one, with what they share, how they ended, and \
                the change that probably fixed them.",
        effect: Effect::Read,
        subject: Subject::Incident,
    };
    type Answer = SimilarIncidents;

    async fn call(self, outside: &Outside) -> Result<SimilarIncidents, ToolError> {
        let gap = |gap: Gap| SimilarIncidents { similar: Vec::new(), compared: 0, gaps: vec![gap] };
        let incident = match outside.casebook.incident(self.incident).await {
            Ok(Some(incident)) => incident,
            Ok(None) => {
                return Err(ToolError::Arguments {
                    tool: Self::SPEC.name,
                    path: "incident".to_owned(),
                    problem: format!("there is no {}", self.incident),
                });
            }
            Err(unread) => return Ok(gap(unread)),
        };
        let since = self.now.saturating_sub(MEMORY).unwrap_or(Timestamp::MIN);
        Ok(match outside.casebook.incidents(&incident.scope, since).await {
            Ok(past) => {
                let compared = past.iter().filter(|other| other.began_at() < incident.began_at()).count();
                SimilarIncidents { similar: similar(&incident, &past), compared, gaps: Vec::new() }
            }
            Err(unread) => gap(unread),
        })
    }
}

/// Lists what could not be seen, and what would supply it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListGaps {
    /// The alarms to explain.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
}

/// What could not be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct GapList {
    /// In the order in which they were met.
    pub gaps: Vec<Gap>,
}

#[async_trait]
impl Tool for ListGaps {
    const SPEC: ToolSpec = ToolSpec {
        name: "list_gaps",
        title: "List gaps",
        about: "Lists what could not be seen while explaining a set of AWS alarms, why, and the smallest change (an IAM \
                statement, tracing, a metric) that would supply it.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = GapList;

    async fn call(self, outside: &Outside) -> Result<GapList, ToolError> {
        Ok(GapList { gaps: verdict(&Situation::read(self.alarms, self.now, outside).await).gaps })
    }
}

//! What the toolsets ask of the outside world, in domain words. A [`crate::capsule::World`] answers every port from one
//! file; with the `aws` feature the same ports stand before CloudWatch, X-Ray and the rest.
//!
//! A port that cannot answer returns the [`Gap`] it leaves, never an empty answer: *no data* and *no problem* are not the
//! same.

use crate::dependency::Sighting;
use crate::language::{Failure, Heard, Prompt, Reply};
use crate::model::{Change, Gap, Incident, IncidentId, LogLine, Reading, ScopeId, Series, Service, Window};
use crate::recovery::ProposalKey;
use crate::recovery::plan::{Approved, Plan};
use crate::recovery::policy::PersonId;
use crate::recovery::remedy::Target;
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;

/// The time, and waiting for it. In a drill it is the time of the story.
#[async_trait]
pub trait Clock: Debug + Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Returns once `now()` is at or after `at`.
    async fn wait_until(&self, at: Timestamp);
}

/// Metrics and logs.
#[async_trait]
pub trait Telemetry: Debug + Send + Sync {
    /// Every series known of the services in scope, cut to `window`.
    async fn series(&self, window: Window) -> Result<Vec<Series>, Gap>;

    /// What the services in scope logged in `window`, in any order.
    async fn logs(&self, window: Window) -> Result<Vec<LogLine>, Gap>;
}

/// Who calls whom.
#[async_trait]
pub trait TopologySource: Debug + Send + Sync {
    /// The topology as it was seen in `window`, with the gaps of what could be seen only in part.
    async fn topology(&self, window: Window) -> Result<Sighting, Gap>;
}

/// What was changed.
#[async_trait]
pub trait Changes: Debug + Send + Sync {
    /// Changes in `window`, oldest first; calls that failed are left out, since they changed nothing.
    async fn changes(&self, window: Window) -> Result<Vec<Change>, Gap>;
}

/// What a person wants to be done, by way of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// For which incident.
    pub incident: IncidentId,
    /// Which proposal.
    pub proposal: ProposalKey,
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// The incidents there were and are, and the people who decide about them.
#[async_trait]
pub trait Casebook: Debug + Send + Sync {
    /// One of them; none of that id is no gap.
    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, Gap>;

    /// The incidents of `scope` whose last alarm came after `since`, newest first.
    async fn incidents(&self, scope: &ScopeId, since: Timestamp) -> Result<Vec<Incident>, Gap>;

    /// Tells people what somebody wants. If it still is suggested then, it becomes a plan. Returns where they decide, as a
    /// phrase. The same wish told twice is one.
    async fn request(&self, wish: Wish) -> Result<String, Gap>;
}

/// Something that can be changed about a service, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lever {
    /// What would be changed: an alias of a function, one of its event source mappings, a table.
    pub target: Target,
    /// What was found there.
    pub reading: Reading,
    /// Names of settings and circumstances that were asked for and not told; empty when all of them were.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unread: BTreeSet<String>,
}

/// What can be changed about services. It only reads: whoever holds this port can change nothing.
#[async_trait]
pub trait LeverSource: Debug + Send + Sync {
    /// Everything that can be changed about `service`, read now, each target once; empty where the catalogue has nothing
    /// for it.
    async fn levers(&self, service: &Service) -> Result<Vec<Lever>, Gap>;
}

/// Why nothing is known to have been changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// It was refused: nothing was changed. A sentence.
    #[error("{0}")]
    Refused(String),
    /// The target is not as the plan saw it: nothing was changed.
    #[error("somebody else changed it meanwhile")]
    Drifted(Reading),
    /// No answer came: it may have been changed, or in part. A sentence.
    #[error("{0}")]
    Unknown(String),
}

/// What can be changed. It takes plans that people approved, and nothing else.
#[async_trait]
pub trait Actuator: Debug + Send + Sync {
    /// What a target is now.
    async fn read(&self, target: &Target) -> Result<Reading, ActError>;

    /// Brings the target from what the plan saw to what it wants. Doing it twice is doing it once.
    async fn perform(&self, plan: &Approved<Plan>) -> Result<Reading, ActError>;

    /// Restores what the plan saw, if the target still is what the plan made of it.
    async fn undo(&self, plan: &Approved<Plan>) -> Result<Reading, ActError>;
}

/// A language model, or several that stand in for each other. It phrases; whoever asks checks what it says.
#[async_trait]
pub trait LanguageModel: Debug + Send + Sync {
    /// Says `prompt` to the model of its toolset and waits for the reply, no longer than the prompt has patience. With `heard`
    /// the reply is passed on as it comes, and still returned whole.
    async fn converse(&self, prompt: &Prompt, heard: Option<&UnboundedSender<Heard>>) -> Result<Reply, Failure>;
}

/// The outside world as the tools see it.
#[derive(Clone, Debug)]
pub struct Outside {
    /// Metrics and logs.
    pub telemetry: Arc<dyn Telemetry>,
    /// Who calls whom.
    pub topology: Arc<dyn TopologySource>,
    /// What was changed.
    pub changes: Arc<dyn Changes>,
    /// The incidents there were.
    pub casebook: Arc<dyn Casebook>,
    /// What can be changed.
    pub levers: Arc<dyn LeverSource>,
}

//! The recovery toolset: what may be done about an incident, by whom, and how it is taken back.
//!
//! [`remedy`] is the closed catalogue · [`plan`] is one remedy, pinned, and its whole life · [`policy`] says who may do what with
//! it · [`propose`] says what can be done and what it will bring ([`Recovery`]), on [`Terms`] · [`saga`] carries a plan out and
//! takes it back · [`verify`] says whether it helped. Everything but carrying out is pure. Nothing here acts by itself: an
//! actuator takes an approved plan and nothing else.

mod execute;
mod forecast;
pub mod plan;
pub mod policy;
pub mod prices;
pub mod propose;
pub mod remedy;
mod risk;
pub mod saga;
mod sight;
mod terms;
#[cfg(test)]
mod tests;
mod toolset;
pub mod verify;

pub use execute::{Answered, ExecuteRemediation, ExecutionAsked, GetPlanStatus, PlanReport, PlanReports};
pub use forecast::{Recovery, Unsaid};
pub use propose::ProposalKey;
pub use terms::{OwnRunbook, Past, Terms};
pub use toolset::{
    AssessRisk, PredictRecovery, RecoveryForecast, Remediations, RiskAssessment, SuggestRemediations, TOOLS,
};

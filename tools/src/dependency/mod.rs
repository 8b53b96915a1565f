//! The dependency toolset: who depends on whom, who is hit next, and where to cut. Everything but reading is a pure function of
//! sorted lists: the same world gives the same answer, byte for byte, whatever the order it was read in.

mod cascade;
mod dose;
pub mod draw;
mod flow;
mod grade;
mod graph;
mod isolate;
mod lags;
mod ledger;
pub(crate) mod map;
mod outlook;
mod predict;
mod sighting;
#[cfg(test)]
mod tests;
mod toolset;
mod unseen;
pub mod xray;

pub use cascade::{Cascade, cascade, predict};
pub use grade::{Asked, Onsets, grade, grade_incident, listed};
pub use graph::{Arc, Graph, Node};
pub use isolate::{IsolationPlan, isolate};
pub use lags::Lags;
pub use map::{Part, merge, parts_of};
pub use outlook::outlook;

pub use sighting::Sighting;
pub use toolset::{DependencyMap, MapServiceDependencies, PredictCascade, SuggestIsolation, TOOLS};

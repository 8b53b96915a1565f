//! What lies ahead of an incident as it looked at one moment, and the picture that was drawn of it.

use crate::model::{Conflict, EdgeSource, Evidence, Gap, Isolation, Prediction, ServiceId, Unseen};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The dependency toolset's answer about an incident, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// The moment it speaks about.
    pub at: Timestamp,
    /// What the map rests on; none where there is no topology.
    pub map: Option<MapSummary>,
    /// Who may be hit, soonest first; the likeliest ones at most.
    pub predictions: Vec<Prediction>,
    /// Who may suffer already below an alarm that nothing explains yet, likeliest first; the likeliest ones at most.
    pub unseen: Vec<Unseen>,
    /// How many services more did not suffer then and were not listed.
    pub others: usize,
    /// The probability that holds for each of those, 0–1.
    pub otherwise: f64,
    /// Where to cut, or why nowhere.
    pub isolation: Isolation,
    /// What could not be seen, besides the gaps of the verdict.
    pub gaps: Vec<Gap>,
    /// The claims referred to that are not the verdict's; their ids follow on from those.
    pub evidence: Vec<Evidence>,
}

/// What a map rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapSummary {
    /// How many services.
    pub services: usize,
    /// How many calls between them.
    pub edges: usize,
    /// How many of those calls nobody counts.
    pub uncounted: usize,
    /// What says so: each source with the number of calls that it knows, and when it saw the latest of them.
    pub sources: Vec<(EdgeSource, usize, Timestamp)>,
    /// How many things the sources do not agree on.
    pub conflicts: usize,
    /// The first of them.
    pub shown: Vec<Conflict>,
}

/// What was said at one moment of who would be hit, kept until it is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// When.
    pub at: Timestamp,
    /// Each service that was listed, with its probability, 0–1.
    pub listed: Vec<(ServiceId, f64)>,
    /// How many services more did not suffer then.
    pub others: usize,
    /// The probability of each of those, 0–1.
    pub otherwise: f64,
}

/// A picture of the blast radius that people can look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawing {
    /// The id of the file that holds it, wherever pictures are shown.
    pub file: String,
    /// What it tells, for those who cannot see it.
    pub alt: String,
    /// The moment it shows.
    pub at: Timestamp,
    /// A digest of what it shows, apart from the moment: another picture with the same one would be no news.
    pub story: String,
}

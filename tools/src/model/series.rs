//! Metrics as the verdict reads them: evenly spaced points of one measure of one service.

use crate::model::{ServiceId, Window};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a series measures. The first four are the flow of a service, whatever AWS calls them there; all else keeps its
/// CloudWatch name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Requests per step.
    Requests,
    /// Failed requests per step (5xx, errors, throttles: whatever the caller sees as a failure).
    Faults,
    /// Share of requests that succeed, in percent, 0–100. An alternative to `Faults` where only a share is known.
    Availability,
    /// Mean latency in seconds.
    Latency,
    /// Any other metric, as `Namespace/Name:Statistic`.
    Other(String),
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requests => f.write_str("requests"),
            Self::Faults => f.write_str("faults"),
            Self::Availability => f.write_str("availability"),
            Self::Latency => f.write_str("latency"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// Evenly spaced points of one measure of one service. A missing point is `None`, never zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Whose series it is.
    pub service: ServiceId,
    /// What it measures.
    pub measure: Measure,
    /// Start of the first step.
    pub start: Timestamp,
    /// Length of a step in seconds.
    pub step_s: u32,
    /// One value a step; a value belongs to the step that begins at `start + index · step_s`.
    pub values: Vec<Option<f64>>,
}

impl Series {
    /// The length of a step.
    pub fn step(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.step_s))
    }

    /// When the step with this index begins.
    pub fn begins(&self, index: usize) -> Timestamp {
        let offset = i64::from(self.step_s).saturating_mul(i64::try_from(index).unwrap_or(i64::MAX));
        self.start.saturating_add(SignedDuration::from_secs(offset)).unwrap_or(Timestamp::MAX)
    }

    /// The index of the step that contains `at`; negative before the first, past the end after the last.
    pub fn step_of(&self, at: Timestamp) -> i64 {
        at.duration_since(self.start).as_secs().div_euclid(i64::from(self.step_s.max(1)))
    }

    /// The value of the step that contains `at`.
    pub fn at(&self, at: Timestamp) -> Option<f64> {
        usize::try_from(self.step_of(at)).ok().and_then(|index| *self.values.get(index)?)
    }

    /// The part of the series inside `window`: the steps that had ended by its end and began at or after its start.
    /// What happens later is not known yet, so nothing of it is in the answer.
    #[must_use]
    pub fn within(&self, window: Window) -> Self {
        let step = i64::from(self.step_s.max(1));
        let length = i64::try_from(self.values.len()).unwrap_or(i64::MAX);
        let since_start = |at: Timestamp| at.duration_since(self.start).as_secs();
        let first = since_start(window.from).saturating_add(step - 1).div_euclid(step).clamp(0, length);
        let end = since_start(window.to).div_euclid(step).clamp(first, length);
        let (first, end) = (usize::try_from(first).unwrap_or(0), usize::try_from(end).unwrap_or(0));
        Self {
            service: self.service.clone(),
            measure: self.measure.clone(),
            start: self.begins(first),
            step_s: self.step_s,
            values: self.values[first..end].to_vec(),
        }
    }
}

//! What is expected of a service that does not suffer yet, and how such expectations came out.

use crate::model::{EvidenceId, ServiceId};
use serde::{Deserialize, Serialize};

/// A service that may be hit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Prediction {
    /// The service.
    pub service: ServiceId,
    /// From whom trouble reaches it most likely.
    pub through: ServiceId,
    /// How likely it is that it will suffer before the incident is over, 0–1.
    pub probability: f64,
    /// Minutes from now, where a lag of this incident or of earlier ones is known.
    pub in_minutes: Option<f64>,
    /// How many of its requests a minute would fail or be late, where requests are counted.
    pub requests_per_min_at_risk: Option<f64>,
    /// The share of the requests from outside that need it, 0–1, where rates are known.
    pub entry_share: Option<f64>,
    /// The way from the failing service furthest down to this one, both included.
    pub path: Vec<ServiceId>,
    /// What says so.
    pub evidence: Vec<EvidenceId>,
}

/// A service in which the trouble may be that an alarm above it tells of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Unseen {
    /// The service.
    pub service: ServiceId,
    /// The alarming service that waits for it, itself or through others.
    pub above: ServiceId,
    /// How likely it is that it will turn out to suffer, 0–1.
    pub probability: f64,
    /// What says so: the alarm.
    pub evidence: Vec<EvidenceId>,
}

/// How predictions came out, over every service that did not suffer when they were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Foresight {
    /// How many services were asked about, over all moments.
    pub asked: usize,
    /// How many of them suffered later.
    pub hit: usize,
    /// The sum of the squared differences between probability and outcome; divided by `asked` the Brier score (Brier 1950).
    pub squared: f64,
    /// How many services were predicted with a probability of at least one in three before they suffered.
    pub foreseen: usize,
    /// How many services suffered that did not at the first moment.
    pub spread: usize,
    /// The minutes between the first such prediction and the onset, summed over `foreseen`.
    pub lead_minutes: f64,
}

impl Foresight {
    /// The Brier score: 0 is perfect, 0.25 a coin; none when nothing was asked.
    pub fn brier(&self) -> Option<f64> {
        (self.asked > 0).then(|| self.squared / count(self.asked))
    }

    /// The Brier score of stating for everyone the share that suffered: a baseline that knows the outcome on average.
    pub fn brier_base_rate(&self) -> Option<f64> {
        (self.asked > 0).then(|| {
            let rate = count(self.hit) / count(self.asked);
            rate * (1.0 - rate)
        })
    }

    /// The mean lead of the services that were foreseen, in minutes.
    pub fn mean_lead_minutes(&self) -> Option<f64> {
        (self.foreseen > 0).then(|| self.lead_minutes / count(self.foreseen))
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            asked: self.asked + other.asked,
            hit: self.hit + other.hit,
            squared: self.squared + other.squared,
            foreseen: self.foreseen + other.foreseen,
            spread: self.spread + other.spread,
            lead_minutes: self.lead_minutes + other.lead_minutes,
        }
    }
}

fn count(things: usize) -> f64 {
    u32::try_from(things).map_or(f64::from(u32::MAX), f64::from)
}

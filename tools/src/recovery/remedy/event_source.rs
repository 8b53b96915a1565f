//! Pause or resume an event source mapping.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | `State` | yes | `Enabled` or `Disabled`; anything else is on its way from one to the other |

use super::read::{needed, with};
use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Pause or resume an event source mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EventSource {
    /// The mapping's UUID.
    pub mapping: String,
    /// Whether it shall run.
    pub enabled: bool,
}

impl EventSource {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "event-source",
        title: "Pause or resume an event source",
        about: "Stops a function from being fed by a queue or stream, or lets it be fed again.",
        risk: Risk::Medium,
        side_effects: "While paused, messages wait where they are, and those older than the retention of the queue or stream are \
                       lost. Resumed, what has waited comes at once.",
        inverse: "the opposite",
        success: "paused, requests fall within 5 min; resumed, requests rise within 5 min",
        reads: &["lambda:GetEventSourceMapping"],
        writes: &["lambda:UpdateEventSourceMapping"],
    };
}

impl Entry for EventSource {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    fn target(&self) -> Target {
        Target::new("AWS::Lambda::EventSourceMapping", &self.mapping)
    }

    fn check(&self, saw: &Reading) -> Result<(), Impossible> {
        names::uuid(&self.mapping)?;
        let target = self.target();
        match needed(saw, &target, "State")? {
            "Enabled" | "Disabled" => Ok(()),
            other => Err(Impossible(format!("{target} is being changed right now: it is `{other}`"))),
        }
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        let state = if self.enabled { "Enabled" } else { "Disabled" };
        with(saw, "State", Some(state.to_owned()))
    }

    fn risk(&self, _saw: &Reading, _now: Timestamp) -> (Risk, &'static str) {
        if self.enabled {
            (Risk::Medium, "what has waited comes at once")
        } else {
            (Risk::Medium, "nothing that waits is handled meanwhile")
        }
    }

    fn cost(&self, _saw: &Reading, _prices: &Prices) -> Cost {
        Cost::Nothing
    }

    /// The requests of the function that is fed.
    fn expects(&self, _saw: &Reading) -> Option<(Measure, Direction, u32)> {
        let direction = if self.enabled { Direction::Rises } else { Direction::Falls };
        Some((Measure::Requests, direction, 5))
    }

    fn sentence(&self, _saw: &Reading) -> String {
        let verb = if self.enabled { "Resume" } else { "Pause" };
        format!("{verb} event source mapping {}", self.mapping)
    }
}

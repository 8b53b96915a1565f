//! Capture an evidence capsule now: only reads.
//!
//! An act: each capture is a capsule of its own. Clarity keeps them, so taking one back deletes it.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | `Captures` | yes | how many capsules of the incident there are |

use super::read::{maybe_number, needed_number, with};
use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Captures of one incident; what comes after is refused.
const MOST: u32 = 100;

/// Capture an evidence capsule now: only reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CapsuleCapture {
    /// How far back it reaches, 30–1,500 minutes.
    pub minutes: u32,
}

impl CapsuleCapture {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "capsule-capture",
        title: "Capture an evidence capsule",
        about: "Keeps what can be seen now in one file, to be replayed later.",
        risk: Risk::Low,
        side_effects: "Metrics, logs and traces are read once more, which AWS bills by the request. The file holds what was \
                       logged, personal data included.",
        inverse: "the capsule is deleted",
        success: "nothing to measure: there is a file",
        reads: &["cloudwatch:GetMetricData", "logs:StartQuery", "xray:GetServiceGraph"],
        writes: &[],
    };
}

impl Entry for CapsuleCapture {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    fn target(&self) -> Target {
        Target::new("Clarity::Capsule", "capture")
    }

    fn check(&self, saw: &Reading) -> Result<(), Impossible> {
        names::within("minutes", self.minutes, 30..=1_500)?;
        if needed_number(saw, &self.target(), "Captures")? >= MOST {
            return Err(Impossible(format!("there are {MOST} capsules of this incident already")));
        }
        Ok(())
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        let captures = maybe_number(saw, "Captures").unwrap_or_default().saturating_add(1);
        with(saw, "Captures", Some(captures.to_string()))
    }

    fn risk(&self, _saw: &Reading, _now: Timestamp) -> (Risk, &'static str) {
        (Risk::Low, "it only reads")
    }

    fn cost(&self, _saw: &Reading, _prices: &Prices) -> Cost {
        Cost::Nothing
    }

    fn expects(&self, _saw: &Reading) -> Option<(Measure, Direction, u32)> {
        None
    }

    fn sentence(&self, _saw: &Reading) -> String {
        format!("Capture an evidence capsule of the last {} minutes", self.minutes)
    }
}

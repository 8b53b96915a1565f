//! Raise the sampling of traces for a while.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | `FixedRate` | yes | the share of requests that is traced, 0–1, beyond the reservoir |

use super::read::{needed, text, with};
use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Raise the sampling of traces for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TraceSampling {
    /// The sampling rule's name.
    pub rule: String,
    /// The share of requests that is traced, 1–100 %.
    pub percent: u8,
    /// For how long, 5–120.
    pub minutes: u32,
}

impl TraceSampling {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "trace-sampling",
        title: "Trace more requests",
        about: "Raises the share of requests that X-Ray traces for a while.",
        risk: Risk::Low,
        side_effects: "More traces are recorded and billed, by every service whose requests match the rule. Programs take it up \
                       within a minute or so.",
        inverse: "the share before, when its time is over",
        success: "nothing to measure: there is more to read",
        reads: &["xray:GetSamplingRules"],
        writes: &["xray:UpdateSamplingRule"],
    };

    fn rate(&self) -> f64 {
        f64::from(self.percent) / 100.0
    }

    fn current(saw: &Reading) -> Option<f64> {
        text(saw, "FixedRate")?.parse().ok().filter(|rate| (0.0..=1.0).contains(rate))
    }
}

impl Entry for TraceSampling {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    fn target(&self) -> Target {
        Target::new("AWS::XRay::SamplingRule", &self.rule)
    }

    fn check(&self, saw: &Reading) -> Result<(), Impossible> {
        names::sampling_rule(&self.rule)?;
        names::within("percent", self.percent, 1..=100)?;
        names::within("minutes", self.minutes, 5..=120)?;
        let target = self.target();
        let text = needed(saw, &target, "FixedRate")?;
        match Self::current(saw) {
            None => Err(Impossible(format!("`FixedRate` of {target} is no share: `{text}`"))),
            Some(rate) if rate > self.rate() => {
                Err(Impossible(format!("`{}` traces more than that already: {text}", self.rule)))
            }
            Some(_) => Ok(()),
        }
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        // `0.10` and `0.1` are the same share: there is nothing to do then.
        if Self::current(saw) == Some(self.rate()) {
            return saw.settings.clone();
        }
        with(saw, "FixedRate", Some(self.rate().to_string()))
    }

    fn risk(&self, _saw: &Reading, _now: Timestamp) -> (Risk, &'static str) {
        (Risk::Low, "it changes what is recorded, and takes itself back")
    }

    /// Nothing worth stating: it lasts two hours at most. How many traces there will be is not known.
    fn cost(&self, _saw: &Reading, _prices: &Prices) -> Cost {
        Cost::Nothing
    }

    fn lasts_min(&self) -> Option<u32> {
        Some(self.minutes)
    }

    fn expects(&self, _saw: &Reading) -> Option<(Measure, Direction, u32)> {
        None
    }

    fn sentence(&self, _saw: &Reading) -> String {
        format!("Trace {} % of the requests of sampling rule {} for {} minutes", self.percent, self.rule, self.minutes)
    }
}

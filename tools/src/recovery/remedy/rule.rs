//! Disable or enable an EventBridge rule.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | `State` | yes | `ENABLED`, `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS` (never disabled by us) or `DISABLED` |
//! | `ManagedBy` | no | the AWS service that owns it; such a rule is not ours to change |

use super::read::{needed, text, with};
use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Enabled, and matching what only reads as well.
const ALL_EVENTS: &str = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

/// Disable or enable an EventBridge rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The bus, `default`.
    pub bus: String,
    /// The rule's name.
    pub rule: String,
    /// Whether it shall match.
    pub enabled: bool,
}

impl Rule {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "rule",
        title: "Disable or enable a rule",
        about: "Stops an EventBridge rule from handing on events or from firing on schedule, or lets it again.",
        risk: Risk::Medium,
        side_effects: "Events that come while it is disabled are not handed on later, unless an archive keeps them; a schedule \
                       does not catch up.",
        inverse: "the opposite",
        success: "disabled, requests fall within 5 min; enabled, requests rise within 5 min",
        reads: &["events:DescribeRule"],
        writes: &["events:DisableRule", "events:EnableRule"],
    };
}

impl Entry for Rule {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    fn target(&self) -> Target {
        Target::new("AWS::Events::Rule", format!("{}:{}", self.bus, self.rule))
    }

    fn check(&self, saw: &Reading) -> Result<(), Impossible> {
        names::bus(&self.bus)?;
        names::event_rule(&self.rule)?;
        let target = self.target();
        if let Some(owner) = text(saw, "ManagedBy") {
            return Err(Impossible(format!("the rule `{}` belongs to {owner}", self.rule)));
        }
        match needed(saw, &target, "State")? {
            // What `EnableRule` makes of it afterwards is not what it was.
            ALL_EVENTS if !self.enabled => Err(Impossible(format!(
                "the rule `{}` matches management events too, which cannot be restored",
                self.rule
            ))),
            "ENABLED" | ALL_EVENTS | "DISABLED" => Ok(()),
            other => Err(Impossible(format!("`State` of {target} is unknown: `{other}`"))),
        }
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        match (self.enabled, text(saw, "State")) {
            // Both ways of being enabled are.
            (true, Some(ALL_EVENTS)) => saw.settings.clone(),
            (true, _) => with(saw, "State", Some("ENABLED".to_owned())),
            (false, _) => with(saw, "State", Some("DISABLED".to_owned())),
        }
    }

    fn risk(&self, _saw: &Reading, _now: Timestamp) -> (Risk, &'static str) {
        if self.enabled {
            (Risk::Medium, "its targets are called again")
        } else {
            (Risk::Medium, "events that it would have handed on are lost")
        }
    }

    fn cost(&self, _saw: &Reading, _prices: &Prices) -> Cost {
        Cost::Nothing
    }

    /// The requests of the rule's target.
    fn expects(&self, _saw: &Reading) -> Option<(Measure, Direction, u32)> {
        let direction = if self.enabled { Direction::Rises } else { Direction::Falls };
        Some((Measure::Requests, direction, 5))
    }

    fn sentence(&self, _saw: &Reading) -> String {
        let verb = if self.enabled { "Enable" } else { "Disable" };
        format!("{verb} rule {} of bus {}", self.rule, self.bus)
    }
}

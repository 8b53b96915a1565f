//! Mute alarms that only follow from the cause, for a while.
//!
//! The mute rule is Clarity's own: its name is a digest of the alarms it mutes, so that muting the same alarms again finds
//! it. Where nothing of it is read there is no such rule. It begins when it is written and ends by itself.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | `AlarmNames` | no | the alarms it mutes, a JSON array in alphabetical order |
//! | `Duration` | no | for how long, in ISO 8601: `PT30M` |

use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::digest;
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Mute alarms that only follow from the cause, for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MuteAlarms {
    /// Their names, 1–100.
    pub alarms: Vec<String>,
    /// For how long, 5–240.
    pub minutes: u32,
}

impl MuteAlarms {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "mute-alarms",
        title: "Mute alarms that only follow",
        about: "Mutes the alarms of an incident that only follow from its cause, for a while.",
        risk: Risk::Low,
        side_effects: "These alarms tell nobody while it lasts, not even about another trouble. They still change state, and \
                       Clarity still sees it.",
        inverse: "the mute rule is deleted, when its time is over",
        success: "nothing to measure: it is quieter",
        reads: &["cloudwatch:GetAlarmMuteRule"],
        writes: &["cloudwatch:PutAlarmMuteRule", "cloudwatch:DeleteAlarmMuteRule"],
    };

    fn names(&self) -> String {
        let names: BTreeSet<&str> = self.alarms.iter().map(String::as_str).collect();
        serde_json::to_string(&names).expect("text becomes JSON")
    }
}

impl Entry for MuteAlarms {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    fn target(&self) -> Target {
        let digest = digest::short(self.names());
        Target::new("AWS::CloudWatch::AlarmMuteRule", format!("clarity-{digest}"))
    }

    fn check(&self, _saw: &Reading) -> Result<(), Impossible> {
        names::within("the number of alarms", self.alarms.len(), 1..=100)?;
        names::within("minutes", self.minutes, 5..=240)?;
        let mut seen = BTreeSet::new();
        for alarm in &self.alarms {
            names::alarm(alarm)?;
            if !seen.insert(alarm) {
                return Err(Impossible(format!("the alarm `{alarm}` is named twice")));
            }
        }
        Ok(())
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        let mut settings = saw.settings.clone();
        settings.insert("AlarmNames".to_owned(), self.names());
        settings.insert("Duration".to_owned(), format!("PT{}M", self.minutes));
        settings
    }

    fn risk(&self, _saw: &Reading, _now: Timestamp) -> (Risk, &'static str) {
        (Risk::Low, "it changes who is told, and takes itself back")
    }

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
        match &*self.alarms {
            [only] => format!("Mute the alarm {only} for {} minutes", self.minutes),
            [first, ..] => {
                let others = self.alarms.len() - 1;
                let others = if others == 1 { "one other".to_owned() } else { format!("{others} others") };
                format!("Mute the alarm {first} and {others} for {} minutes", self.minutes)
            }
            [] => format!("Mute no alarm for {} minutes", self.minutes),
        }
    }
}

//! Raise the log level of a function for a while.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | `LogFormat` | yes | only `JSON` has levels |
//! | `ApplicationLogLevel` | no | absent is `INFO` |
//! | `invoked` | no | the version that its callers reach; published ones keep the level they were published with |

use super::read::{needed, text, with};
use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// From quiet to loud.
const LEVELS: [&str; 6] = ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

/// Raise the log level of a function for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LogLevel {
    /// The function's name.
    pub function: String,
    /// `INFO`, `DEBUG` or `TRACE`.
    pub level: String,
    /// For how long, 5–120.
    pub minutes: u32,
}

impl LogLevel {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "log-level",
        title: "Raise the log level",
        about: "Lets a function log more for a while.",
        risk: Risk::Low,
        side_effects: "More lines are written and billed, and what is logged at these levels may hold personal data. Its warm \
                       environments are replaced, so some requests start cold.",
        inverse: "the level before, when its time is over",
        success: "nothing to measure: there is more to read",
        reads: &["lambda:GetFunctionConfiguration"],
        writes: &["lambda:UpdateFunctionConfiguration"],
    };

    fn rank(level: &str) -> Option<usize> {
        LEVELS.iter().position(|known| *known == level)
    }

    fn current(saw: &Reading) -> &str {
        text(saw, "ApplicationLogLevel").unwrap_or("INFO")
    }
}

impl Entry for LogLevel {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    fn target(&self) -> Target {
        Target::new("AWS::Lambda::Function", &self.function)
    }

    fn check(&self, saw: &Reading) -> Result<(), Impossible> {
        names::function(&self.function)?;
        names::within("minutes", self.minutes, 5..=120)?;
        let Some(wanted) = Self::rank(&self.level).filter(|_| matches!(&*self.level, "INFO" | "DEBUG" | "TRACE"))
        else {
            return Err(Impossible("a level to raise to is INFO, DEBUG or TRACE".to_owned()));
        };
        let target = self.target();
        let format = needed(saw, &target, "LogFormat")?;
        if format != "JSON" {
            return Err(Impossible(format!("`{}` logs as {format}, and only JSON has levels", self.function)));
        }
        if let Some(version) = text(saw, "invoked").filter(|version| *version != "$LATEST") {
            return Err(Impossible(format!(
                "callers of `{}` reach version {version}, and a published version keeps its log level",
                self.function
            )));
        }
        let current = Self::current(saw);
        let now = Self::rank(current);
        let now =
            now.ok_or_else(|| Impossible(format!("`ApplicationLogLevel` of {target} is no level: `{current}`")))?;
        if now > wanted {
            return Err(Impossible(format!("`{}` logs more than that already: {current}", self.function)));
        }
        Ok(())
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        if Self::rank(Self::current(saw)) == Self::rank(&self.level) {
            return saw.settings.clone();
        }
        with(saw, "ApplicationLogLevel", Some(self.level.clone()))
    }

    fn risk(&self, _saw: &Reading, _now: Timestamp) -> (Risk, &'static str) {
        (Risk::Low, "it changes what is written down, and takes itself back")
    }

    /// Nothing worth stating: it lasts two hours at most. How many lines there will be is not known.
    fn cost(&self, _saw: &Reading, _prices: &Prices) -> Cost {
        Cost::Nothing
    }

    fn lasts_min(&self) -> Option<u32> {
        Some(self.minutes)
    }

    fn expects(&self, _saw: &Reading) -> Option<(Measure, Direction, u32)> {
        None
    }

    fn sentence(&self, saw: &Reading) -> String {
        let (function, before) = (&self.function, Self::current(saw));
        format!("Raise the log level of {function} from {before} to {} for {} minutes", self.level, self.minutes)
    }
}

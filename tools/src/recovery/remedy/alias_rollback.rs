//! Roll an alias back to an earlier version.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | the revision | yes | the alias' `RevisionId`, which locks the update |
//! | `FunctionVersion` | yes | the version it leads to |
//! | `RoutingConfig` | no | present while part of its traffic goes to a second version; going back ends that |
//! | `published_at:117` | for the version gone to | when it was published, RFC 3339; a version of which nothing is read does not exist |

use super::read::{needed, revision, text, with};
use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// From this age on, a version may no longer fit to the data and the services around it.
const OLD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Roll an alias back to an earlier version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AliasRollback {
    /// The function's name.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// The published version to go to, a number.
    pub version: String,
}

impl AliasRollback {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "alias-rollback",
        title: "Roll an alias back",
        about: "Lets an alias of a function lead to an earlier version again.",
        risk: Risk::Medium,
        side_effects: "All of its requests run the earlier code and configuration at once, and the first of them start cold. A \
                       deployment that is shifting traffic is cut short. What the newer version has written stays.",
        inverse: "the alias leads to the version before, with its split of traffic",
        success: "faults fall within 10 min",
        reads: &["lambda:GetAlias", "lambda:ListVersionsByFunction"],
        writes: &["lambda:UpdateAlias"],
    };

    fn published_at<'a>(&self, saw: &'a Reading) -> Option<&'a str> {
        text(saw, &format!("published_at:{}", self.version))
    }
}

impl Entry for AliasRollback {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    fn target(&self) -> Target {
        Target::new("AWS::Lambda::Alias", format!("{}:{}", self.function, self.alias))
    }

    fn check(&self, saw: &Reading) -> Result<(), Impossible> {
        names::function(&self.function)?;
        names::alias(&self.alias)?;
        names::version(&self.version)?;
        let target = self.target();
        let name = &target.name;
        revision(saw, &target)?;
        let current = needed(saw, &target, "FunctionVersion")?;
        let is_split = text(saw, "RoutingConfig").is_some();
        if current == self.version && !is_split {
            return Err(Impossible(format!("`{name}` leads to version {current} already")));
        }
        // Versions are numbered as they are published; `$LATEST` is newer than all of them.
        let age = |version: &str| version.parse::<u64>().unwrap_or(u64::MAX);
        if age(&self.version) > age(current) {
            return Err(Impossible(format!(
                "version {} is newer than {current}, to which `{name}` leads",
                self.version
            )));
        }
        let Some(published) = self.published_at(saw) else {
            return Err(Impossible(format!("`{}` has no published version {}", self.function, self.version)));
        };
        if published.parse::<Timestamp>().is_err() {
            return Err(Impossible(format!("when version {} was published is no time: `{published}`", self.version)));
        }
        Ok(())
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        let mut settings = with(saw, "FunctionVersion", Some(self.version.clone()));
        settings.remove("RoutingConfig");
        settings
    }

    fn risk(&self, saw: &Reading, now: Timestamp) -> (Risk, &'static str) {
        if text(saw, "RoutingConfig").is_some() {
            return (Risk::High, "its traffic is split between two versions, so somebody is deploying");
        }
        match self.published_at(saw).and_then(|published| published.parse::<Timestamp>().ok()) {
            None => (Risk::High, "it is not known how old that version is"),
            Some(published) if now.duration_since(published) > OLD => {
                (Risk::High, "that version is older than seven days")
            }
            Some(_) => (Risk::Medium, "it changes the code that runs"),
        }
    }

    fn cost(&self, _saw: &Reading, _prices: &Prices) -> Cost {
        Cost::Nothing
    }

    /// The faults of the function.
    fn expects(&self, _saw: &Reading) -> Option<(Measure, Direction, u32)> {
        Some((Measure::Faults, Direction::Falls, 10))
    }

    fn sentence(&self, saw: &Reading) -> String {
        let before = text(saw, "FunctionVersion").map(|version| format!(" from version {version}")).unwrap_or_default();
        format!("Roll {} back{before} to version {}", self.target().name, self.version)
    }
}

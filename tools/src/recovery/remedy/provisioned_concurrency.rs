//! Provisioned concurrency for an alias whose invocations start cold.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | the revision | yes | the alias' `RevisionId` |
//! | `FunctionVersion` | yes | the version it leads to; `$LATEST` cannot have any |
//! | `RoutingConfig` | no | present while its traffic is split between two versions |
//! | `ProvisionedConcurrentExecutions` | no | warm environments asked for now; absent is none |
//! | `unreserved_concurrent_executions` | unless the next | what the account has left for functions without a reservation |
//! | `reserved_concurrent_executions` | no | the function's own reservation; provisioned ones count inside it |
//! | `memory_size` | no | MB; without it the cost is unknown |

use super::read::{difference, maybe_number, monthly, needed, needed_number, number, revision, text, with};
use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const SETTING: &str = "ProvisionedConcurrentExecutions";

/// What has to stay for functions without a reservation, says AWS.
const MUST_STAY: u32 = 100;

/// Provisioned concurrency for an alias whose invocations start cold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProvisionedConcurrency {
    /// The function's name.
    pub function: String,
    /// The alias; never `$LATEST`, never a version.
    pub alias: String,
    /// Warm environments, 1–1,000.
    pub instances: u32,
}

impl ProvisionedConcurrency {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "provisioned-concurrency",
        title: "Keep environments warm",
        about: "Keeps so many environments of an alias warm, so that its requests do not start cold.",
        risk: Risk::Medium,
        side_effects: "It is paid for by the hour whether it is used or not, and it takes minutes until all are warm. Other \
                       functions have that much less concurrency to share.",
        inverse: "the number before, or none",
        success: "latency falls within 10 min",
        reads: &["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig"],
        writes: &["lambda:PutProvisionedConcurrencyConfig", "lambda:DeleteProvisionedConcurrencyConfig"],
    };
}

impl Entry for ProvisionedConcurrency {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    fn target(&self) -> Target {
        Target::new("AWS::Lambda::Alias", format!("{}:{}", self.function, self.alias))
    }

    fn check(&self, saw: &Reading) -> Result<(), Impossible> {
        names::function(&self.function)?;
        names::alias(&self.alias)?;
        names::within("the number of environments", self.instances, 1..=1_000)?;
        let target = self.target();
        let name = &target.name;
        revision(saw, &target)?;
        if needed(saw, &target, "FunctionVersion")? == "$LATEST" {
            return Err(Impossible(format!("`{name}` leads to `$LATEST`, which cannot be kept warm")));
        }
        if text(saw, "RoutingConfig").is_some() {
            return Err(Impossible(format!("the traffic of `{name}` is split between two versions")));
        }
        let before = number(saw, &target, SETTING)?.unwrap_or(0);
        if let Some(reserved) = number(saw, &target, "reserved_concurrent_executions")? {
            if self.instances > reserved {
                return Err(Impossible(format!("`{}` has only {reserved} executions reserved", self.function)));
            }
            return Ok(());
        }
        let left = needed_number(saw, &target, "unreserved_concurrent_executions")?;
        if left.saturating_add(before) < self.instances.saturating_add(MUST_STAY) {
            return Err(Impossible(format!(
                "the account has {left} executions left, and {MUST_STAY} of them must stay for other functions"
            )));
        }
        Ok(())
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        let mut settings = with(saw, SETTING, Some(self.instances.to_string()));
        // What is provisioned within a reservation was taken from the account before.
        let left = maybe_number(saw, "unreserved_concurrent_executions");
        if let Some(left) = left.filter(|_| text(saw, "reserved_concurrent_executions").is_none()) {
            let left = left.saturating_add(maybe_number(saw, SETTING).unwrap_or(0)).saturating_sub(self.instances);
            settings.insert("unreserved_concurrent_executions".to_owned(), left.to_string());
        }
        settings
    }

    fn risk(&self, _saw: &Reading, _now: Timestamp) -> (Risk, &'static str) {
        (Risk::Medium, "it is paid for whether it is used or not")
    }

    /// US cents a month: (environments after − before) × memory in GB × price per GB and second × 3,600 × 730 × 100.
    /// What is saved on the duration of requests is not counted.
    fn cost(&self, saw: &Reading, prices: &Prices) -> Cost {
        let more = difference(self.instances, maybe_number(saw, SETTING).unwrap_or(0));
        let memory = maybe_number(saw, "memory_size").map(|megabytes| f64::from(megabytes) / 1024.0);
        monthly(memory.zip(prices.lambda_provisioned_gb_s).map(|(memory, price)| more * memory * price * 3_600.0))
    }

    /// The alias' function answers faster: warm environments have no init, and ten minutes are enough to warm them.
    fn expects(&self, _saw: &Reading) -> Option<(Measure, Direction, u32)> {
        Some((Measure::Latency, Direction::Falls, 10))
    }

    fn sentence(&self, saw: &Reading) -> String {
        let target = self.target().name;
        let before = text(saw, SETTING).unwrap_or("none");
        format!("Keep {} environments of {target} warm ({before} now)", self.instances)
    }
}

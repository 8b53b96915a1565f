//! Reserved concurrency: damps a retry storm, like a circuit breaker; 0 stops every version of the function.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | `ReservedConcurrentExecutions` | no | the reservation now; absent is none: it shares what the account has |
//! | `unreserved_concurrent_executions` | yes | what the account has left for functions without a reservation |
//! | `provisioned_concurrent_executions` | no | of all its aliases; they have to fit into the reservation |

use super::read::{maybe_number, needed_number, number, text};
use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const SETTING: &str = "ReservedConcurrentExecutions";
const LEFT: &str = "unreserved_concurrent_executions";

/// What has to stay for functions without a reservation, says AWS.
const MUST_STAY: u32 = 100;

/// Reserved concurrency: damps a retry storm, like a circuit breaker; 0 stops every version of the function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReservedConcurrency {
    /// The function's name.
    pub function: String,
    /// Executions at once, 0–1,000.
    pub executions: u32,
}

impl ReservedConcurrency {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "reserved-concurrency",
        title: "Limit how much runs at once",
        about: "Lets a function run only so often at once, so that a storm of retries does not reach what it calls.",
        risk: Risk::Medium,
        side_effects: "Callers beyond the limit are refused with 429; what arrives asynchronously waits up to six hours and is \
                       then lost or goes to its dead-letter queue. 0 stops every version. The account has that much less \
                       to share.",
        inverse: "the limit before, or none",
        success: "where the limit goes down, requests fall within 5 min; where it goes up, faults fall within 10 min",
        reads: &["lambda:GetFunctionConcurrency", "lambda:GetAccountSettings"],
        writes: &["lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency"],
    };

    fn left_after(&self, saw: &Reading) -> Option<u32> {
        let pool = maybe_number(saw, LEFT)?.saturating_add(maybe_number(saw, SETTING).unwrap_or(0));
        Some(pool.saturating_sub(self.executions))
    }
}

impl Entry for ReservedConcurrency {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    fn target(&self) -> Target {
        Target::new("AWS::Lambda::Function", &self.function)
    }

    fn check(&self, saw: &Reading) -> Result<(), Impossible> {
        names::function(&self.function)?;
        names::within("executions at once", self.executions, 0..=1_000)?;
        let target = self.target();
        let before = number(saw, &target, SETTING)?.unwrap_or(0);
        let left = needed_number(saw, &target, LEFT)?;
        // Who takes less than before takes nothing from the others, however little they have.
        if self.executions > before && self.left_after(saw).unwrap_or(0) < MUST_STAY {
            return Err(Impossible(format!(
                "the account has {left} executions left, and {MUST_STAY} of them must stay for other functions"
            )));
        }
        let provisioned = number(saw, &target, "provisioned_concurrent_executions")?.unwrap_or(0);
        if self.executions < provisioned {
            return Err(Impossible(format!(
                "{provisioned} environments of `{}` are kept warm, and they have to fit into the limit",
                self.function
            )));
        }
        Ok(())
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        let mut settings = saw.settings.clone();
        settings.insert(SETTING.to_owned(), self.executions.to_string());
        if let Some(left) = self.left_after(saw) {
            settings.insert(LEFT.to_owned(), left.to_string());
        }
        settings
    }

    fn risk(&self, _saw: &Reading, _now: Timestamp) -> (Risk, &'static str) {
        match self.executions {
            0 => (Risk::High, "it stops every version"),
            _ => (Risk::Medium, "callers beyond the limit are refused"),
        }
    }

    fn cost(&self, _saw: &Reading, _prices: &Prices) -> Cost {
        Cost::Nothing
    }

    /// As a breaker it is meant for the service that the function calls too often: the *requests of that callee* fall. A
    /// limit that goes up is meant for the function itself: fewer of its requests are refused.
    fn expects(&self, saw: &Reading) -> Option<(Measure, Direction, u32)> {
        match maybe_number(saw, SETTING) {
            Some(before) if before < self.executions => Some((Measure::Faults, Direction::Falls, 10)),
            Some(_) | None => Some((Measure::Requests, Direction::Falls, 5)),
        }
    }

    fn sentence(&self, saw: &Reading) -> String {
        let before = text(saw, SETTING).unwrap_or("none");
        format!("Set reserved concurrency of {} to {} ({before} now)", self.function, self.executions)
    }
}

//! Raise the provisioned capacity of a DynamoDB table, or the maximum of one that is billed on demand.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | `BillingMode` | yes | `PROVISIONED` or `PAY_PER_REQUEST` |
//! | `ReadCapacityUnits`, `WriteCapacityUnits` | where provisioned | units now |
//! | `MaxReadRequestUnits`, `MaxWriteRequestUnits` | on demand, for what is raised | the maximum now; absent or -1 is none |
//! | `table_status` | yes | only `ACTIVE` tables can be changed |

use super::read::{difference, maybe_number, monthly, needed, needed_number, number, text};
use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Raise the provisioned capacity of a DynamoDB table, or the maximum of one that is billed on demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TableCapacity {
    /// The table's name.
    pub table: String,
    /// Read capacity units, or read request units on demand, 1–40,000; none to leave them.
    pub read: Option<u32>,
    /// The same for writes.
    pub write: Option<u32>,
}

impl TableCapacity {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "table-capacity",
        title: "Raise a table's capacity",
        about: "Gives a DynamoDB table more units, or raises its maximum where it is billed on demand.",
        risk: Risk::Medium,
        side_effects: "Provisioned units are paid for by the hour whether they are used or not. Lowering them again counts \
                       against the few decreases that AWS allows a day. One hot key is not helped.",
        inverse: "the units or the maximum before",
        success: "faults fall within 10 min",
        reads: &["dynamodb:DescribeTable"],
        writes: &["dynamodb:UpdateTable"],
    };

    fn is_on_demand(saw: &Reading) -> bool {
        text(saw, "BillingMode") == Some("PAY_PER_REQUEST")
    }

    /// What is raised: the setting's name, and the units wanted of it.
    fn raised(&self, saw: &Reading) -> impl Iterator<Item = (&'static str, u32)> {
        let [read, write] = if Self::is_on_demand(saw) {
            ["MaxReadRequestUnits", "MaxWriteRequestUnits"]
        } else {
            ["ReadCapacityUnits", "WriteCapacityUnits"]
        };
        [self.read.map(|units| (read, units)), self.write.map(|units| (write, units))].into_iter().flatten()
    }
}

impl Entry for TableCapacity {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    fn target(&self) -> Target {
        Target::new("AWS::DynamoDB::Table", &self.table)
    }

    fn check(&self, saw: &Reading) -> Result<(), Impossible> {
        names::table(&self.table)?;
        let target = self.target();
        let mode = needed(saw, &target, "BillingMode")?;
        if !matches!(mode, "PROVISIONED" | "PAY_PER_REQUEST") {
            return Err(Impossible(format!("`BillingMode` of {target} is unknown: `{mode}`")));
        }
        let status = needed(saw, &target, "table_status")?;
        if status != "ACTIVE" {
            return Err(Impossible(format!("the table `{}` cannot be changed now: it is `{status}`", self.table)));
        }
        if self.read.is_none() && self.write.is_none() {
            return Err(Impossible("neither reads nor writes are to be raised".to_owned()));
        }
        for (setting, units) in self.raised(saw) {
            names::within(setting, units, 1..=40_000)?;
            let before = if Self::is_on_demand(saw) {
                let limit = text(saw, setting).filter(|limit| *limit != "-1");
                limit.ok_or_else(|| Impossible(format!("the table `{}` has no `{setting}` to raise", self.table)))?;
                number(saw, &target, setting)?.unwrap_or(0)
            } else {
                needed_number(saw, &target, setting)?
            };
            if units < before {
                return Err(Impossible(format!(
                    "`{setting}` of `{}` is {before}, and is only ever raised",
                    self.table
                )));
            }
        }
        Ok(())
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        let mut settings = saw.settings.clone();
        settings.extend(self.raised(saw).map(|(setting, units)| (setting.to_owned(), units.to_string())));
        settings
    }

    fn risk(&self, saw: &Reading, _now: Timestamp) -> (Risk, &'static str) {
        if Self::is_on_demand(saw) {
            (Risk::Medium, "every request that is let through is paid for")
        } else {
            (Risk::Medium, "units are paid for whether they are used or not")
        }
    }

    /// US cents a month: (read units after − before) × their price an hour × 730 × 100, and the same for writes. Unknown on
    /// demand: only requests are paid for there, and how many a higher maximum lets through is not known.
    fn cost(&self, saw: &Reading, prices: &Prices) -> Cost {
        if Self::is_on_demand(saw) {
            return Cost::Unknown;
        }
        let hourly = |units: Option<u32>, setting, price: Option<f64>| match units {
            None => Some(0.0),
            Some(units) => Some(difference(units, maybe_number(saw, setting)?) * price?),
        };
        let reads = hourly(self.read, "ReadCapacityUnits", prices.dynamodb_read_unit_hour);
        let writes = hourly(self.write, "WriteCapacityUnits", prices.dynamodb_write_unit_hour);
        monthly(reads.zip(writes).map(|(reads, writes)| reads + writes))
    }

    /// The faults of the table: its throttles.
    fn expects(&self, _saw: &Reading) -> Option<(Measure, Direction, u32)> {
        Some((Measure::Faults, Direction::Falls, 10))
    }

    fn sentence(&self, saw: &Reading) -> String {
        let told = |(setting, units)| format!("{setting} to {units} ({} now)", text(saw, setting).unwrap_or("none"));
        let told: Vec<String> = self.raised(saw).map(told).collect();
        format!("Raise table {}: {}", self.table, told.join(", "))
    }
}

//! On which terms plans are made.

use jiff::SignedDuration;
use serde::Deserialize;
use tools::recovery::prices::Prices;
use tools::recovery::propose::LIFETIME;

/// How long a plan may wait at least and at most: time enough to read it, and not so long that the world is another one.
const LIFETIMES: [SignedDuration; 2] = [SignedDuration::from_mins(2), SignedDuration::from_hours(4)];

/// The section `[recovery]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recovery {
    /// How long a plan can be approved and executed, `"15m"` unless told; `"2m"` to `"4h"`.
    pub lifetime: SignedDuration,
    /// From more US dollars a month on, a remedy is of higher risk; no limit unless told.
    pub cost_limit_usd_per_month: Option<f64>,
    /// What things cost, in US dollars; a price that is not told makes the cost of what needs it unknown.
    pub prices: Prices,
}

impl Default for Recovery {
    fn default() -> Self {
        Self { lifetime: LIFETIME, cost_limit_usd_per_month: None, prices: Prices::default() }
    }
}

impl Recovery {
    /// Whether its figures can be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        let [least, most] = LIFETIMES;
        if !(least..=most).contains(&self.lifetime) {
            return Err(format!("`recovery.lifetime` is {:#}; a plan waits for 2m to 4h", self.lifetime));
        }
        let Prices {
            lambda_provisioned_gb_s,
            dynamodb_read_unit_hour,
            dynamodb_write_unit_hour,
            fargate_vcpu_hour,
            fargate_gb_hour,
        } = self.prices;
        let amounts = [
            ("cost_limit_usd_per_month", self.cost_limit_usd_per_month),
            ("prices.lambda_provisioned_gb_s", lambda_provisioned_gb_s),
            ("prices.dynamodb_read_unit_hour", dynamodb_read_unit_hour),
            ("prices.dynamodb_write_unit_hour", dynamodb_write_unit_hour),
            ("prices.fargate_vcpu_hour", fargate_vcpu_hour),
            ("prices.fargate_gb_hour", fargate_gb_hour),
        ];
        let is_odd = |amount: f64| !(0.0..=1e9).contains(&amount);
        match amounts.iter().find(|(_, amount)| amount.is_some_and(is_odd)) {
            Some((name, _)) => Err(format!("`recovery.{name}` is no amount of US dollars")),
            None => Ok(()),
        }
    }

    /// The limit in US cents.
    pub fn cost_limit_cents(&self) -> Option<i64> {
        #[expect(clippy::cast_possible_truncation, reason = "it was checked to be no more than a billion")]
        self.cost_limit_usd_per_month.map(|dollars| (dollars * 100.0).round() as i64)
    }
}

//! What things cost, as the configuration says: prices differ by region, contract and year, so none is built in.

use serde::{Deserialize, Serialize};

/// Prices in US dollars; one that is not configured makes the cost of what needs it unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prices {
    /// Provisioned concurrency of Lambda, per GB and second.
    pub lambda_provisioned_gb_s: Option<f64>,
    /// A DynamoDB read capacity unit, per hour.
    pub dynamodb_read_unit_hour: Option<f64>,
    /// A DynamoDB write capacity unit, per hour.
    pub dynamodb_write_unit_hour: Option<f64>,
    /// A Fargate virtual CPU, per hour.
    pub fargate_vcpu_hour: Option<f64>,
    /// A GB of memory on Fargate, per hour.
    pub fargate_gb_hour: Option<f64>,
}

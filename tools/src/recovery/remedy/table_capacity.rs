//! Raise the provisioned capacity of a DynamoDB table, or the maximum of one that is billed on demand.

use serde::{Deserialize, Serialize};

/// Raise the provisioned capacity of a DynamoDB table, or the maximum of one that is billed on demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableCapacity {
    /// The table's name.
    pub table: String,
    /// Read capacity units, or read request units on demand; none to leave them.
    pub read: Option<u32>,
    /// The same for writes.
    pub write: Option<u32>,
}

//! Run one of the team's own runbooks, as the configuration declares it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Run one of the team's own runbooks, as the configuration declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// Its name in the configuration.
    pub name: String,
    /// Its input, checked against the declared JSON Schema.
    pub input: BTreeMap<String, String>,
}

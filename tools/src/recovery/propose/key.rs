//! How a proposal is found again when it is made anew.

use crate::digest;
use crate::model::ServiceId;
use crate::recovery::remedy::Remedy;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a proposal does and to whom, digested: the same proposal, made anew, has the same key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct ProposalKey(String);

impl ProposalKey {
    /// The key of a remedy for a service.
    pub fn of(service: &ServiceId, remedy: &Remedy) -> Self {
        let content = serde_json::to_vec(&(service, remedy)).expect("a remedy has only string keys");
        Self(digest::short(content))
    }

    /// Reads one; none if it has not the form of one.
    pub fn read(text: &str) -> Option<Self> {
        digest::read(text).map(Self)
    }
}

impl fmt::Display for ProposalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

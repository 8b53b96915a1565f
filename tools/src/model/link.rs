//! What ties each fact of an incident to all facts before it.

use crate::model::{Fact, IncidentId, Record};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The link of a fact: SHA-256 over the link before it, the fact's version, its time and its JSON. Who knows the last link
/// of a log knows all of it. Written as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Link([u8; 32]);

impl Link {
    /// What the first fact of an incident links to. It holds the incident's number, so that a log cannot be given to
    /// another incident.
    pub fn before_all(incident: IncidentId) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"clarity incident 1\n");
        digest.update(incident.0.to_be_bytes());
        Self(digest.finalize().into())
    }

    /// The link of the fact that comes after this one. `fact` is its JSON as it is stored: what is checked later are the
    /// bytes that were written, so that a log outlives changes in how this program writes the same fact. All parts before
    /// it have a fixed length, so that nothing can slide from one part into the next.
    #[must_use]
    pub fn then(&self, version: u64, at: Timestamp, fact: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"clarity fact 1\n");
        digest.update(self.0);
        digest.update(version.to_be_bytes());
        digest.update(at.as_nanosecond().to_be_bytes());
        digest.update(fact.as_bytes());
        Self(digest.finalize().into())
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({self})")
    }
}

impl From<Link> for String {
    fn from(link: Link) -> Self {
        link.to_string()
    }
}

impl TryFrom<String> for Link {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut bytes = [0; 32];
        let read = hex::decode_to_slice(&text, &mut bytes);
        read.map(|()| Self(bytes)).map_err(|_| "a link has 64 hexadecimal digits".to_owned())
    }
}

impl Record {
    /// Whether its link follows `before`, the link of the fact before it.
    ///
    /// # Errors
    /// A sentence saying that it does not.
    pub fn check(&self, before: Link) -> Result<(), String> {
        if before.then(self.version, self.at, &self.fact.to_json()) == self.link {
            return Ok(());
        }
        Err(format!("fact {} does not follow the facts before it: its link is another one", self.version))
    }
}

impl Fact {
    /// Its JSON, as it is stored and linked: fields as declared, no spaces.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a fact has string keys and no cycles")
    }
}

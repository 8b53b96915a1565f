//! The audit of facts: whether they are still as they were written.
//!
//! The facts of an incident are a chain: each [`Record`](crate::model::Record) has a [`Link`] over everything before it. An
//! [`Anchor`] is the head of a chain, signed: who does not have the key cannot write another chain that ends in it. A
//! [`Signer`] makes anchors, and a [`Verifier`] reads an export line by line and says up to where facts can be relied upon,
//! and from where on they cannot.
//!
//! What is checked are bytes, not what they mean: the JSON of a fact as it was written, and of the line around it that it is
//! the one this program writes.

mod report;
mod verify;

#[cfg(test)]
mod tests;

pub use report::{Checked, Fault, Found, Report};
pub use verify::Verifier;

use crate::model::{IncidentId, Link};
use hmac::{Hmac, KeyInit, Mac as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::Sha256;
use std::fmt;

/// Bytes that a key has at least: as many as what it makes. A shorter one could be guessed.
pub const SHORTEST_KEY: usize = 32;

/// A record as the stores keep it, read without looking into the fact.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
    version: u64,
    at: Timestamp,
    #[serde(borrow)]
    fact: &'a RawValue,
    link: Link,
}

/// A fact in an export: where it stands, and its JSON as it was written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    incident: IncidentId,
    version: u64,
    at: Timestamp,
    #[serde(borrow)]
    fact: &'a RawValue,
    link: Link,
}

/// A line of an export. Tagged from outside, so that the fact is read as it stands there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    #[serde(borrow)]
    Record(Written<'a>),
    Anchor(Anchor),
}

/// The line of an export for a record as it is stored, without its end.
///
/// # Errors
/// A sentence saying that this is no record.
pub fn line(incident: IncidentId, stored: &str) -> Result<String, String> {
    let read: Stored<'_> =
        serde_json::from_str(stored).map_err(|err| format!("a fact of {incident} cannot be read: {err}"))?;
    if serde_json::to_string(&read).ok().as_deref() != Some(stored) {
        return Err(format!("a fact of {incident} is not stored as this program stores it"));
    }
    let Stored { version, at, fact, link } = read;
    Ok(to_text(&Line::Record(Written { incident, version, at, fact, link })))
}

/// The version and the link of a record as it is stored.
///
/// # Errors
/// A sentence saying that this is no record.
pub fn head(stored: &str) -> Result<(u64, Link), String> {
    let stored: Stored<'_> = serde_json::from_str(stored).map_err(|err| format!("a fact cannot be read: {err}"))?;
    Ok((stored.version, stored.link))
}

fn to_text(line: &Line<'_>) -> String {
    serde_json::to_string(line).expect("a line has string keys and no cycles")
}

/// The head of an incident's chain at some moment, signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The incident.
    pub incident: IncidentId,
    /// How many facts it had.
    pub version: u64,
    /// The link of the last of them.
    pub link: Link,
    /// When it was signed.
    pub at: Timestamp,
    /// The signature.
    pub mac: Mac,
}

impl Anchor {
    /// Its line in an export or in a file of anchors, without its end.
    pub fn to_line(&self) -> String {
        to_text(&Line::Anchor(self.clone()))
    }
}

/// The signature of an anchor: HMAC-SHA256 over all its other fields, as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Mac([u8; 32]);

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mac({})", hex::encode(self.0))
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        hex::encode(mac.0)
    }
}

impl TryFrom<String> for Mac {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut bytes = [0; 32];
        let read = hex::decode_to_slice(&text, &mut bytes);
        read.map(|()| Self(bytes)).map_err(|_| "a signature has 64 hexadecimal digits".to_owned())
    }
}

/// What signs heads of chains, and knows its own signatures again.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

/// The key is too short to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is shorter than {SHORTEST_KEY} bytes; `openssl rand -hex 32` makes a good one")]
pub struct ShortKey;

impl Signer {
    /// A signer with this key, of [`SHORTEST_KEY`] bytes at least.
    pub fn new(key: &[u8]) -> Result<Self, ShortKey> {
        if key.len() < SHORTEST_KEY {
            return Err(ShortKey);
        }
        Ok(Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length")))
    }

    /// Signs that the chain of `incident` had this head.
    pub fn sign(&self, incident: IncidentId, version: u64, link: Link, at: Timestamp) -> Anchor {
        let mac = Mac(self.over(incident, version, link, at).finalize().into_bytes().into());
        Anchor { incident, version, link, at, mac }
    }

    /// Whether `anchor` was signed with this key, as it stands here.
    pub fn knows(&self, anchor: &Anchor) -> bool {
        let Anchor { incident, version, link, at, mac } = anchor;
        self.over(*incident, *version, *link, *at).verify_slice(&mac.0).is_ok()
    }

    /// All parts have a fixed length, so that nothing can slide from one into the next.
    fn over(&self, incident: IncidentId, version: u64, link: Link, at: Timestamp) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(b"clarity anchor 1\n");
        mac.update(&incident.0.to_be_bytes());
        mac.update(&version.to_be_bytes());
        mac.update(link.as_bytes());
        mac.update(&at.as_nanosecond().to_be_bytes());
        mac
    }
}

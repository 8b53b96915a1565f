//! Whether a sentence says only what the evidence that it cites supports.

use super::claims::Claims;
use super::segment::split;
use super::support::Cited;
use super::{Sentence, reader};
use std::fmt;

/// Why a sentence was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The word that is not supported; empty where it is the sentence as a whole.
    pub word: String,
    /// What is the matter with it, as a clause.
    pub why: String,
}

impl Refused {
    /// Refuses `word`.
    pub(super) fn new(word: &str, why: impl Into<String>) -> Self {
        Self { word: word.to_owned(), why: why.into() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.word.is_empty() { f.write_str(&self.why) } else { write!(f, "“{}”: {}", self.word, self.why) }
    }
}

impl std::error::Error for Refused {}

/// Checks a sentence against the evidence that it cites, and no other.
///
/// # Errors
/// The first word that is not supported, and why.
pub fn check(sentence: &Sentence, claims: &Claims) -> Result<(), Refused> {
    if sentence.evidence.is_empty() {
        return Err(Refused::new("", "it cites no evidence"));
    }
    if let Some(unknown) = sentence.evidence.iter().find(|id| !claims.by_id.contains_key(id)) {
        return Err(Refused::new(&unknown.to_string(), "there is no such evidence"));
    }
    let segments = split(reader::read(&sentence.text, claims)?)?;
    Cited::new(claims, &sentence.evidence).all(&segments)
}

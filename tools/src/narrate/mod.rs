//! The narrator: a verdict in a few sentences, each with the evidence that it rests on.
//!
//! Two can write the sentences: the rules here ([`narrate()`]), or a model that fills [`Sentence::schema`]. Whoever wrote
//! one, [`check()`] keeps it only if every number, time, service, direction, cause and action in it is supported by the very
//! evidence that it cites ([`Claims`]). What the checker cannot read it refuses: a true sentence that is lost costs less than
//! a false one that is shown at 3 am.
//!
//! How well the checker does this is measured ([`trial()`]) on sentences whose truth is known from how they were made
//! ([`paraphrase`]), not from the checker.

mod amount;
mod check;
mod claims;
mod clock;
mod lexicon;
pub mod paraphrase;
pub mod plan;
mod query;
mod reader;
mod relate;
mod segment;
mod support;
mod tell;
mod trial;

#[cfg(test)]
mod tests;

pub use check::{Refused, check};
pub use claims::Claims;
pub use tell::narrate;
pub use trial::{Row, Trial, trial, trial_of_plan};

use crate::model::EvidenceId;
pub use crate::model::Sentence;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// More sentences are no help at 3 am.
pub const MOST_SENTENCES: usize = 6;

/// A longer sentence is not read, and not checked.
pub const LONGEST_SENTENCE: usize = 400;

impl Sentence {
    /// A sentence with its evidence.
    pub fn new(text: impl Into<String>, evidence: impl IntoIterator<Item = EvidenceId>) -> Self {
        let mut cited = Vec::new();
        for id in evidence {
            if !cited.contains(&id) {
                cited.push(id);
            }
        }
        Self { text: text.into(), evidence: cited }
    }

    /// The JSON schema of a narration, as a model fills it.
    pub fn schema() -> Value {
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["sentences"],
            "properties": {
                "sentences": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MOST_SENTENCES,
                    "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["text", "evidence"],
                        "properties": {
                            "text": {
                                "type": "string",
                                "maxLength": LONGEST_SENTENCE,
                                "description": "One plain sentence. Every number, time, service and cause in it must stand \
                                                in the evidence it cites.",
                            },
                            "evidence": {
                                "type": "array",
                                "minItems": 1,
                                "items": { "type": "string", "pattern": "^E[0-9]+$" },
                                "description": "The ids of that evidence.",
                            },
                        },
                    },
                },
            },
        })
    }
}

/// What a filled [`Sentence::schema`] holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Narration {
    /// The sentences, in order.
    pub sentences: Vec<Sentence>,
}

impl Narration {
    /// The sentences that the evidence supports, in order, and why each of the others was dropped.
    pub fn keep(self, claims: &Claims) -> (Vec<Sentence>, Vec<(Sentence, Refused)>) {
        let (mut kept, mut dropped) = (Vec::new(), Vec::new());
        for sentence in self.sentences {
            match check(&sentence, claims) {
                Ok(()) if kept.len() < MOST_SENTENCES => kept.push(sentence),
                Ok(()) => dropped.push((sentence, Refused::new("", "more sentences than anybody reads"))),
                Err(refused) => dropped.push((sentence, refused)),
            }
        }
        (kept, dropped)
    }
}

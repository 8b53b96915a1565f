//! What a language model says of an incident, as far as its evidence supports it, and what that took.

use crate::model::EvidenceId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A sentence about an incident, and the claims that support it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentence {
    /// Its words: plain text, whatever it looks like.
    pub text: String,
    /// The claims it cites, one at least.
    pub evidence: Vec<EvidenceId>,
}

/// What a model said of an incident and was found to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrative {
    /// When.
    pub at: Timestamp,
    /// A digest of what was known when it was asked: with the same one there is nothing new to say.
    pub story: String,
    /// Its sentences; none where nothing held.
    pub sentences: Vec<Sentence>,
}

/// What models took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// The model that answered last, by its id.
    pub model: Option<String>,
    /// Tokens that were read, those of a cache among them.
    pub read_tokens: u64,
    /// Of these, tokens that came out of a cache.
    pub cached_tokens: u64,
    /// Tokens that were written.
    pub written_tokens: u64,
    /// What that costs, in millionths of a US dollar; none where no price is told.
    pub micro_usd: Option<u64>,
}

impl Spent {
    /// Both together. Where one of them has no price, the sum has none.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        let is_first = self == Self::default();
        let sum = self.micro_usd.zip(later.micro_usd).map(|(one, other)| one.saturating_add(other));
        Self {
            micro_usd: if is_first { later.micro_usd } else { sum },
            model: later.model.or(self.model),
            read_tokens: self.read_tokens.saturating_add(later.read_tokens),
            cached_tokens: self.cached_tokens.saturating_add(later.cached_tokens),
            written_tokens: self.written_tokens.saturating_add(later.written_tokens),
        }
    }

    /// Tokens in all.
    pub fn tokens(&self) -> u64 {
        self.read_tokens.saturating_add(self.written_tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_adds_up_and_an_unknown_price_stays_unknown() {
        let spent = |tokens, micro_usd| Spent { read_tokens: tokens, micro_usd, ..Spent::default() };
        let sum = |parts: Vec<Spent>| parts.into_iter().fold(Spent::default(), Spent::and);
        assert_eq!(sum(vec![spent(2, Some(10)), spent(3, Some(5))]), spent(5, Some(15)));
        assert_eq!(sum(vec![spent(2, Some(10)), spent(3, None), spent(1, Some(1))]), spent(6, None));
        assert_eq!(sum(vec![spent(2, None), spent(3, Some(7))]), spent(5, None));
        assert_eq!(sum(Vec::new()), Spent::default());
    }
}

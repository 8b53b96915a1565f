//! How much a plan can spoil.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How much a plan can spoil, from least to most. Policies and circumstances raise it; nothing lowers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// It changes what is seen, not what runs; or undoes itself.
    Low,
    /// It changes what runs, or what it costs, and can be taken back.
    Medium,
    /// It stops something, or cannot be taken back.
    High,
}

impl Risk {
    /// All of them, from least to most.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// Its word, as it stands in files, policies and sentences.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_a_risk() {
        assert!(Risk::ALL.is_sorted());
        for risk in Risk::ALL {
            let text = serde_json::to_string(&risk).unwrap();
            assert_eq!(text, format!("\"{risk}\""));
            assert_eq!(serde_json::from_str::<Risk>(&text).unwrap(), risk);
        }
    }
}

//! Which models phrase, on which terms, and what they may cost.

use jiff::SignedDuration;
use serde::Deserialize;
use std::time::Duration;

/// The models of Bedrock. Where this is left out the rules phrase, and nothing is sent to any model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bedrock {
    /// Models that phrase what happened, each standing in for the ones before it; those of Sonnet's tier unless told.
    pub context: Vec<Model>,
    /// Models that phrase who depends on whom; those of Haiku's tier unless told.
    pub dependency: Vec<Model>,
    /// Models that phrase what can be done; those of Sonnet's tier unless told.
    pub recovery: Vec<Model>,
    /// How long a narrative may take; a later one is not shown. `8s` unless told.
    pub deadline: SignedDuration,
    /// What the models may cost for one incident, in US dollars; 0.5 unless told. A model without a price counts by its
    /// tokens alone.
    pub usd_per_incident: f64,
    /// What they may cost in an hour, over all incidents; 5 unless told.
    pub usd_per_hour: f64,
    /// Tokens for one incident, read and written; 300,000 unless told.
    pub tokens_per_incident: u64,
    /// Tokens in an hour, over all incidents; 3,000,000 unless told.
    pub tokens_per_hour: u64,
}

/// A model and on which terms it is used.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its id, or the id or ARN of an inference profile: newer models are behind a profile only.
    pub id: String,
    /// The region it is called in; the usual one unless told.
    #[serde(default)]
    pub region: Option<String>,
    /// US dollars for a million tokens that it reads; without both prices its cost is unknown.
    #[serde(default)]
    pub usd_read: Option<f64>,
    /// US dollars for a million tokens that it writes.
    #[serde(default)]
    pub usd_written: Option<f64>,
    /// US dollars for a million tokens that come out of its cache; a tenth of `usd_read` unless told.
    #[serde(default)]
    pub usd_cached: Option<f64>,
    /// Whether it keeps what is the same in every prompt; `true` unless told.
    #[serde(default = "yes")]
    pub caches: bool,
}

/// What may be spent, and how long is waited.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// How long a narrative may take.
    pub deadline: Duration,
    /// Millionths of a US dollar for one incident.
    pub micro_usd_per_incident: u64,
    /// Millionths of a US dollar in an hour.
    pub micro_usd_per_hour: u64,
    /// Tokens for one incident.
    pub tokens_per_incident: u64,
    /// Tokens in an hour.
    pub tokens_per_hour: u64,
}

fn yes() -> bool {
    true
}

/// Ids and prices of November 2026, of profiles that route worldwide. Both change: that is why they can be set.
fn tier(models: &[(&str, f64, f64)]) -> Vec<Model> {
    let model = |(id, read, written): &(&str, f64, f64)| Model {
        id: (*id).to_owned(),
        region: None,
        usd_read: Some(*read),
        usd_written: Some(*written),
        usd_cached: None,
        caches: true,
    };
    models.iter().map(model).collect()
}

fn sonnet() -> Vec<Model> {
    tier(&[
        ("global.anthropic.claude-sonnet-4-6", 3.0, 15.0),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.0, 15.0),
    ])
}

fn haiku() -> Vec<Model> {
    tier(&[("global.anthropic.claude-haiku-4-5-20251001-v1:0", 1.0, 5.0)])
}

impl Default for Bedrock {
    fn default() -> Self {
        Self {
            context: sonnet(),
            dependency: haiku(),
            recovery: sonnet(),
            deadline: SignedDuration::from_secs(8),
            usd_per_incident: 0.5,
            usd_per_hour: 5.0,
            tokens_per_incident: 300_000,
            tokens_per_hour: 3_000_000,
        }
    }
}

impl Bedrock {
    /// Every model, each with the setting it stands in.
    fn models(&self) -> impl Iterator<Item = (&'static str, &Model)> {
        let lists = [("context", &self.context), ("dependency", &self.dependency), ("recovery", &self.recovery)];
        lists.into_iter().flat_map(|(setting, models)| models.iter().map(move |model| (setting, model)))
    }

    /// Whether it can be used.
    pub(super) fn check(&self) -> Result<(), String> {
        for (setting, Model { id, usd_read, usd_written, usd_cached, .. }) in self.models() {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:/_".contains(&byte);
            if id.is_empty() || id.len() > 2048 || !id.bytes().all(is_plain) {
                return Err(format!("`{id}` of `bedrock.{setting}` is no id of a model or of an inference profile"));
            }
            let prices = [usd_read, usd_written, usd_cached];
            if prices.into_iter().flatten().any(|price| !(0.0..=10_000.0).contains(price)) {
                return Err(format!("a price of `{id}` is not between 0 and 10000 US dollars for a million tokens"));
            }
            if usd_read.is_some() != usd_written.is_some() || (usd_cached.is_some() && usd_read.is_none()) {
                return Err(format!("`{id}` needs both `usd_read` and `usd_written`, or no price at all"));
            }
        }
        if !(1..=60).contains(&self.deadline.as_secs()) {
            return Err("`bedrock.deadline` has to be from 1 to 60 seconds".to_owned());
        }
        if [self.usd_per_incident, self.usd_per_hour].iter().any(|usd| !(0.0..=1_000_000.0).contains(usd)) {
            return Err("a budget of `bedrock` is not between 0 and 1000000 US dollars".to_owned());
        }
        Ok(())
    }

    /// What may be spent, and how long is waited.
    pub fn limits(&self) -> Limits {
        Limits {
            deadline: self.deadline.unsigned_abs(),
            micro_usd_per_incident: micro(self.usd_per_incident),
            micro_usd_per_hour: micro(self.usd_per_hour),
            tokens_per_incident: self.tokens_per_incident,
            tokens_per_hour: self.tokens_per_hour,
        }
    }
}

/// Millionths of a dollar.
fn micro(usd: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be between 0 and a million"
    )]
    let micro = (usd * 1e6).round() as u64;
    micro
}

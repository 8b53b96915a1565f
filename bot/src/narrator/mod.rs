//! Asks a language model to phrase what is known of an incident, and to answer questions about it. What it says are drafts: the
//! handlers keep a sentence only if [`tools::narrate::check()`] says that the evidence it cites supports it. The model is given
//! claims, never raw telemetry; it gets tools that read, never one that changes anything; and where it fails the rules answer.

mod ask;
mod brief;
pub mod fence;
mod live;
mod parts;

pub(crate) use ask::{Ear, Enquiry};
pub(crate) use live::Progress;

use crate::config::Limits;
use jiff::Timestamp;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;
use tools::language::{Failure, Heard, Prompt, Reply, Stop, Toolset};
use tools::model::{Incident, Sentence, Spent};
use tools::ports::LanguageModel;
use tools::recovery::plan::Plan;

/// A narrative may have so many tokens: six sentences and their ids take a third.
const MOST_TOKENS: u32 = 900;

/// Asks a model to phrase.
#[derive(Clone, Debug)]
pub struct Narrator {
    model: Arc<dyn LanguageModel>,
    limits: Limits,
}

/// What a model said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Narration {
    /// Its sentences, unchecked.
    pub(crate) sentences: Vec<Sentence>,
    /// Sentences that were in no form to be read.
    pub(crate) unread: usize,
    /// What it took.
    pub(crate) spent: Spent,
}

impl Narrator {
    /// Asks `model`, within `limits`.
    pub fn new(model: Arc<dyn LanguageModel>, limits: Limits) -> Self {
        Self { model, limits }
    }

    /// What may be spent, and how long is waited.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether an incident that took so much may take more.
    pub(crate) fn may_spend_on(&self, incident: &Incident) -> bool {
        let spent = &incident.spent;
        spent.tokens() < self.limits.tokens_per_incident
            && spent.micro_usd.unwrap_or(0) < self.limits.micro_usd_per_incident
    }

    /// Has what is known of an incident phrased.
    pub(crate) async fn narrate(&self, incident: &Incident, now: Timestamp) -> Result<Narration, Failure> {
        let prompt = Prompt {
            toolset: Toolset::Context,
            incident: Some(incident.id),
            system: brief::NARRATE.to_owned(),
            turns: brief::opening(incident, now),
            tools: vec![parts::form()],
            must_call: Some(parts::TELL.to_owned()),
            most_tokens: MOST_TOKENS,
            patience: self.limits.deadline,
            now,
        };
        let reply = self.converse(&prompt, None).await?;
        if reply.stop == Stop::Withheld {
            return Ok(Narration { sentences: Vec::new(), unread: 0, spent: reply.spent });
        }
        let (sentences, unread) = parts::drafts(&reply.said);
        Ok(Narration { sentences, unread, spent: reply.spent })
    }

    /// Has a plan explained, from what it states of itself and nothing else.
    pub(crate) async fn explain(&self, plan: &Plan, now: Timestamp) -> Result<Narration, Failure> {
        let prompt = Prompt {
            toolset: Toolset::Recovery,
            incident: Some(plan.incident),
            system: brief::EXPLAIN.to_owned(),
            turns: brief::plan(plan),
            tools: vec![parts::form()],
            must_call: Some(parts::TELL.to_owned()),
            most_tokens: MOST_TOKENS,
            patience: self.limits.deadline,
            now,
        };
        let reply = self.converse(&prompt, None).await?;
        if reply.stop == Stop::Withheld {
            return Ok(Narration { sentences: Vec::new(), unread: 0, spent: reply.spent });
        }
        let (sentences, unread) = parts::drafts(&reply.said);
        Ok(Narration { sentences, unread, spent: reply.spent })
    }

    /// One request; which models were passed over, and why, is in the log.
    async fn converse(&self, prompt: &Prompt, heard: Option<&UnboundedSender<Heard>>) -> Result<Reply, Failure> {
        // A model that hangs, whoever made it, holds nobody up for longer.
        let asked = tokio::time::timeout(prompt.patience, self.model.converse(prompt, heard)).await;
        let reply = asked.unwrap_or(Err(Failure::TooSlow))?;
        for (model, failure) in &reply.passed_over {
            tracing::warn!(model, toolset = %prompt.toolset, "a model does not answer: {failure}");
        }
        Ok(reply)
    }
}

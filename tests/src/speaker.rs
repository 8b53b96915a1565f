//! A language model that says what a test tells it to.

use async_trait::async_trait;
use bot::config::{Bedrock, Limits};
use bot::drill::HouseRules;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::UnboundedSender;
use tools::language::{Failure, Heard, Prompt, Reply, Said, Stop};
use tools::model::Spent;
use tools::ports::LanguageModel;

type Says = dyn Fn(&Prompt) -> Result<Reply, Failure> + Send + Sync;

/// It says what it is told to, and remembers what it was asked.
pub struct Speaker {
    says: Box<Says>,
    asked: Mutex<Vec<Prompt>>,
}

impl std::fmt::Debug for Speaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Speaker").field("asked", &self.asked().len()).finish_non_exhaustive()
    }
}

impl Speaker {
    /// One that answers each prompt with what `says` makes of it.
    pub fn new(says: impl Fn(&Prompt) -> Result<Reply, Failure> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { says: Box::new(says), asked: Mutex::default() })
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Prompt> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A house in which it phrases, within the usual limits.
    pub fn house(self: &Arc<Self>) -> HouseRules {
        self.house_within(Bedrock::default().limits())
    }

    /// A house in which it phrases within these limits.
    pub fn house_within(self: &Arc<Self>, limits: Limits) -> HouseRules {
        let model: Arc<dyn LanguageModel> = self.clone();
        HouseRules { model: Some((model, limits)), ..HouseRules::default() }
    }
}

#[async_trait]
impl LanguageModel for Speaker {
    async fn converse(&self, prompt: &Prompt, heard: Option<&UnboundedSender<Heard>>) -> Result<Reply, Failure> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(prompt.clone());
        let reply = (self.says)(prompt)?;
        if let Some(heard) = heard {
            speak(&reply, heard);
        }
        Ok(reply)
    }
}

/// Says a reply piece by piece.
pub fn speak(reply: &Reply, heard: &UnboundedSender<Heard>) {
    for said in &reply.said {
        let Said::Call { tool, arguments, .. } = said else { continue };
        let letters: Vec<char> = arguments.to_string().chars().collect();
        for piece in letters.chunks(7) {
            let piece = Heard::Arguments { tool: tool.clone(), piece: piece.iter().collect() };
            heard.send(piece).expect("somebody listens");
        }
    }
}

/// A reply that took a thousand tokens to read and a hundred to write, and costs half a cent.
pub fn reply(said: Vec<Said>, stop: Stop) -> Reply {
    let spent = Spent {
        model: Some("speaker".to_owned()),
        read_tokens: 1_000,
        cached_tokens: 0,
        written_tokens: 100,
        micro_usd: Some(4_500),
    };
    Reply { said, stop, spent, passed_over: Vec::new() }
}

/// It calls a tool.
pub fn calls(tool: &str, arguments: Value) -> Reply {
    reply(vec![Said::Call { id: "call-1".to_owned(), tool: tool.to_owned(), arguments }], Stop::Calls)
}

/// It tells sentences, each with the ids it cites.
pub fn tells(sentences: &[(&str, &[&str])]) -> Reply {
    let sentences: Vec<Value> =
        sentences.iter().map(|(text, evidence)| json!({"text": text, "evidence": evidence})).collect();
    calls("tell", json!({"sentences": sentences}))
}

/// The words of ours that a prompt ends with.
pub fn last_words(prompt: &Prompt) -> String {
    let last = prompt.turns.last().map(|turn| turn.said.as_slice()).unwrap_or_default();
    let words = last.iter().filter_map(|said| match said {
        Said::Text(text) => Some(text.clone()),
        Said::Call { .. } | Said::Answer { .. } => None,
    });
    words.collect::<Vec<_>>().join("\n")
}

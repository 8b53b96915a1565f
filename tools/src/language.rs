//! What is said to a language model, and what it says. A model phrases: what it is given are claims with ids, what it answers
//! is checked against them before anybody reads it, and it never gets a tool that changes anything.

use crate::model::{IncidentId, Spent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// The toolset for which something is phrased: it decides which model does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Toolset {
    /// What happened.
    Context,
    /// Who depends on whom, and who is hit next.
    Dependency,
    /// What can be done.
    Recovery,
}

impl fmt::Display for Toolset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Context => "context",
            Self::Dependency => "dependency",
            Self::Recovery => "recovery",
        })
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// Which toolset asks.
    pub toolset: Toolset,
    /// The incident it is about, if it is about one; it stands in the provider's own log of requests.
    pub incident: Option<IncidentId>,
    /// What the model is to do, in our words only. The same for every incident, so that it can be cached.
    pub system: String,
    /// The conversation so far, the first and every second turn of it ours.
    pub turns: Vec<Turn>,
    /// What the model may call.
    pub tools: Vec<ToolForm>,
    /// The one tool that it has to call, if there is one.
    pub must_call: Option<String>,
    /// It may answer with so many tokens.
    pub most_tokens: u32,
    /// All tries together may take this long.
    pub patience: Duration,
    /// The present moment.
    pub now: Timestamp,
}

/// One side's turn in a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Whose.
    pub by: Side,
    /// What was said, in its order.
    pub said: Vec<Said>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// We do.
    Us,
    /// The model does.
    Model,
}

/// A part of a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// Words.
    Text(String),
    /// The model wants a tool to be called.
    Call {
        /// The model's name for this call.
        id: String,
        /// Which tool. Not necessarily one that there is.
        tool: String,
        /// With which arguments. Not necessarily such as it takes.
        arguments: Value,
    },
    /// We called it.
    Answer {
        /// The model's name for the call.
        id: String,
        /// What came of it.
        answer: Value,
        /// Whether it failed.
        failed: bool,
    },
}

/// A tool as a model is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolForm {
    /// Its name.
    pub name: String,
    /// What it does.
    pub about: String,
    /// What it takes, as JSON Schema.
    pub schema: Value,
}

/// What a model replied.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// What it said.
    pub said: Vec<Said>,
    /// Why it stopped there.
    pub stop: Stop,
    /// What it took.
    pub spent: Spent,
    /// Models that were asked before the one that replied, and why they did not.
    pub passed_over: Vec<(String, Failure)>,
}

/// Why a reply ends where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is whole.
    Ended,
    /// It waits for tools to be called.
    Calls,
    /// It had no tokens left: what it said last may be half of something.
    Cut,
    /// A guardrail or a filter of the provider stopped it: what it said is not to be used.
    Withheld,
    /// What the model made is not in the form that was asked for.
    Malformed,
}

/// A part of a reply that is still under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Words.
    Text(String),
    /// A piece of the arguments of a call, which are JSON.
    Arguments {
        /// Which tool is to be called.
        tool: String,
        /// The next characters.
        piece: String,
    },
}

/// Why no model replied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No model is configured for this toolset.
    #[error("no model is configured")]
    None,
    /// This account may not call it: no permission, or no access to the model.
    #[error("access denied ({0})")]
    Denied(String),
    /// There is no such model here: never was, retired, or only behind an inference profile.
    #[error("not available here ({0})")]
    Gone(String),
    /// It is there, and busy.
    #[error("throttled ({0})")]
    Throttled(String),
    /// It did not answer in time.
    #[error("no answer in time")]
    TooSlow,
    /// It does not take what it was sent.
    #[error("it does not take the request ({0})")]
    Invalid(String),
    /// Something else is wrong.
    #[error("failed ({0})")]
    Failed(String),
}

//! Tools: what the toolsets offer to the bot, to MCP clients and to the model. Each toolset has one table of them, as
//! [`crate::context::TOOLS`].

use crate::ports::Outside;
use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;

/// What calling a tool does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It only reads.
    Read,
    /// It asks people, who decide whether anything is changed.
    Ask,
}

/// What a tool is asked about. Who serves it to others may fill that in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Alarms and a moment: its arguments `alarms` and `now`.
    Alarms,
    /// An incident and a moment: its arguments `incident` and `now`.
    Incident,
}

/// What a caller has to know of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ToolSpec {
    /// Its public name.
    pub name: &'static str,
    /// The same for people.
    pub title: &'static str,
    /// What it does, for somebody who has never heard of us.
    pub about: &'static str,
    /// What it does to the world.
    pub effect: Effect,
    /// What it is asked about.
    pub subject: Subject,
}

/// Why a tool gave no answer. Missing data is not among these: that is a gap within an answer.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The arguments do not fit the tool.
    #[error("`{tool}` cannot be called like this: at `{path}`: {problem}")]
    Arguments {
        /// Which tool.
        tool: &'static str,
        /// Which argument.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// A tool is its arguments: called typed by the bot, or by name through the table.
#[async_trait]
pub trait Tool: DeserializeOwned + Send {
    /// Its row in the table.
    const SPEC: ToolSpec;
    /// Its answer.
    type Answer: Serialize + Send;

    /// Does it.
    async fn call(self, outside: &Outside) -> Result<Self::Answer, ToolError>;
}

type Called<'a> = Pin<Box<dyn Future<Output = Result<Value, ToolError>> + Send + 'a>>;

/// One row of a toolset: the tool with its types erased.
#[derive(Clone, Copy)]
pub struct Entry {
    /// What it is.
    pub spec: ToolSpec,
    call: for<'a> fn(&'a Outside, Value) -> Called<'a>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.spec.fmt(f)
    }
}

impl Entry {
    /// The row of a tool.
    pub const fn of<T: Tool>() -> Self {
        Self { spec: T::SPEC, call: call_erased::<T> }
    }

    /// Calls the tool with JSON arguments.
    pub async fn call(&self, outside: &Outside, arguments: Value) -> Result<Value, ToolError> {
        (self.call)(outside, arguments).await
    }
}

fn call_erased<T: Tool>(outside: &Outside, arguments: Value) -> Called<'_> {
    Box::pin(async move {
        let tool: T = serde_path_to_error::deserialize(arguments).map_err(|err| ToolError::Arguments {
            tool: T::SPEC.name,
            path: err.path().to_string(),
            problem: err.into_inner().to_string(),
        })?;
        let answer = tool.call(outside).await?;
        Ok(serde_json::to_value(answer).expect("answers have only string keys"))
    })
}

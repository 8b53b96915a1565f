//! The toolsets as MCP servers, each tool of [`crate::context::TOOLS`], [`crate::dependency::TOOLS`] and
//! [`crate::recovery::TOOLS`] with what MCP wants to know of it. The only folder that names `rmcp`.
//!
//! A client speaks about incidents and need not know their alarms: the [`Desk`] behind a server fills them in. Over stdin and
//! stdout that is the one incident of a capsule ([`serve_stdio()`]); over HTTP ([`Front`]) the ones there are. Nothing here can
//! change anything: the one tool that is no mere reading asks people, in the name of the person whom the front door knows.

mod bound;
mod confirm;
mod desk;
mod front;
mod memo;
mod prompt;
mod recording;
mod resource;
mod schema;
mod server;
mod task;
mod words;

pub use desk::Desk;
pub use front::{Caller, Front, Hosts, Neighbours};

use crate::tool::Entry;
use crate::{context, dependency, recovery};
use rmcp::ServiceExt;
use rmcp::service::QuitReason;
use server::Server;
use tokio::io::{AsyncRead, AsyncWrite};

/// A toolset, and the server that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolset {
    /// What is going on, and what caused it.
    Context,
    /// Who depends on whom, and who is hit next.
    Dependency,
    /// What can be done, and asking people for it.
    Recovery,
}

impl Toolset {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Context, Self::Dependency, Self::Recovery];

    /// The name of its server.
    pub fn name(self) -> &'static str {
        match self {
            Self::Context => "auth-flow-context",
            Self::Dependency => "service-dependency-mapping",
            Self::Recovery => "recovery-coordination",
        }
    }

    /// The word for it on the command line, and the end of its path over HTTP.
    pub fn word(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Dependency => "dependency",
            Self::Recovery => "recovery",
        }
    }

    /// Its tools.
    pub fn tools(self) -> &'static [Entry] {
        match self {
            Self::Context => context::TOOLS,
            Self::Dependency => dependency::TOOLS,
            Self::Recovery => recovery::TOOLS,
        }
    }

    /// What it is for, for a model that has never seen us.
    fn about(self) -> &'static str {
        match self {
            Self::Context => {
                "Explains incidents on AWS: what is going on, what caused it, what it hits next. Begin with \
                 `get_incident_context`. It only reads."
            }
            Self::Dependency => {
                "Maps which service depends on which, predicts who is hit next by an incident on AWS, and finds where to cut. \
                 Begin with `map_service_dependencies`. It only reads."
            }
            Self::Recovery => {
                "Suggests what can be done about an incident on AWS, with its risk, its cost and who recovers when. Begin with \
                 `suggest_remediations`. It changes nothing by itself: `execute_remediation` asks people, who decide, and \
                 `get_plan_status` tells what they decided."
            }
        }
    }
}

/// Why serving ended in another way than by the client hanging up.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The client never opened the conversation.
    #[error("no MCP client opened a conversation on stdin: {0}. Let an MCP client start this command")]
    Opening(String),
    /// The conversation broke off.
    #[error("the MCP conversation broke off: {0}")]
    Broken(String),
}

/// Serves a toolset over stdin and stdout, until the client hangs up.
pub async fn serve_stdio(toolset: Toolset, desk: Desk) -> Result<(), ServeError> {
    let (input, output) = rmcp::transport::stdio();
    serve(toolset, desk, input, output).await
}

/// The same over any two streams.
pub async fn serve(
    toolset: Toolset,
    desk: Desk,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> Result<(), ServeError> {
    let server = Server { toolset, desk, confirmation: confirm::Confirmation::new() };
    let running = server.serve((input, output)).await.map_err(|err| ServeError::Opening(err.to_string()))?;
    match running.waiting().await {
        Ok(QuitReason::JoinError(err)) | Err(err) => Err(ServeError::Broken(err.to_string())),
        Ok(_) => Ok(()),
    }
}

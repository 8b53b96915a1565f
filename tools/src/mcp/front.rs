//! A server over streamable HTTP, without a session: every request brings all it needs, so that any process can answer it, a
//! function as well as one that stays up. Revision 2026-07-28 asks for that, and 2025-11-25 allows it.

use super::confirm::Confirmation;
use super::server::Server;
use super::{Desk, Toolset};
use crate::recovery::policy::PersonId;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use std::convert::Infallible;
use std::fmt::Display;
use std::sync::Arc;

/// Who asks. A front door that knows it puts it into the extensions of the request; nothing that a client says can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(pub PersonId);

/// By which names a server may be called, and which pages may call it. A page in a browser must not reach a server behind its
/// back, by a name that its owner points to this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// The names.
    pub hosts: Hosts,
    /// Pages, `https://clarity.example.com`, besides those of this machine.
    pub origins: Vec<String>,
}

/// Names of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// Any of these, `clarity.example.com`, besides those of this machine for itself.
    Named(Vec<String>),
    /// Whoever brought the request found us by its name, as a function URL does: no other name leads here.
    Routed,
}

impl Default for Hosts {
    fn default() -> Self {
        Self::Named(Vec::new())
    }
}

/// The names of this machine for itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Its pages.
const LOCAL: [&str; 4] = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*", "https://localhost:*"];

/// A server over HTTP.
#[derive(Clone)]
pub struct Front {
    service: StreamableHttpService<Server, NeverSessionManager>,
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Front").finish_non_exhaustive()
    }
}

impl Front {
    /// A toolset that speaks about what is on the desk. No body may be longer than `longest` bytes.
    pub fn new(toolset: Toolset, desk: Desk, neighbours: &Neighbours, longest: usize) -> Self {
        let server = Server { toolset, desk, confirmation: Confirmation::new() };
        let origins = LOCAL.into_iter().chain(neighbours.origins.iter().map(String::as_str));
        let config = match &neighbours.hosts {
            Hosts::Named(named) => StreamableHttpServerConfig::default()
                .with_allowed_hosts(LOOPBACK.into_iter().chain(named.iter().map(String::as_str))),
            Hosts::Routed => StreamableHttpServerConfig::default().disable_allowed_hosts(),
        };
        let config = config
            .with_allowed_origins(origins)
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_sse_keep_alive(None)
            .with_max_request_body_bytes(longest);
        let sessions = Arc::new(NeverSessionManager::default());
        Self { service: StreamableHttpService::new(move || Ok(server.clone()), sessions, config) }
    }

    /// Answers a request.
    pub async fn answer<B>(
        &self,
        request: Request<B>,
    ) -> Response<impl Body<Data = Bytes, Error = Infallible> + Send + 'static + use<B>>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Display,
    {
        self.service.handle(request).await
    }
}

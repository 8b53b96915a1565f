//! MCP over HTTP: `/mcp/context`, `/mcp/dependency` and `/mcp/recovery`. Whoever comes is known by a bearer token, or comes from
//! this machine where no token is configured, and then speaks in nobody's name. Everything behind that is the toolsets'.

use crate::config::{Bearer, Config};
use crate::http::MAX_BODY;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tools::mcp::{Caller, Desk, Front, Hosts, Neighbours, Toolset};
use tools::ports::{Clock, Outside};
use tools::recovery::policy::PersonId;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;

/// No refusal is longer, in bytes.
const LONGEST_REFUSAL: usize = 4096;

/// Who may come in, and how often.
#[derive(Debug)]
struct Gate {
    bearers: Vec<Bearer>,
    calls_per_min: u32,
    clock: Arc<dyn Clock>,
    /// Calls in the minute that runs, by person. There are no more people than tokens.
    calls: Mutex<HashMap<Option<PersonId>, Minute>>,
}

/// How many calls there were since a minute began.
#[derive(Clone, Copy, Debug)]
struct Minute {
    began: Timestamp,
    calls: u32,
}

/// Why somebody does not come in. The text is for whoever configures the client.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("MCP is spoken with `Authorization: Bearer <a token of [mcp.tokens]>`")]
    Stranger,
    #[error("MCP is spoken from this machine only, since no token is configured in [mcp.tokens]")]
    Elsewhere,
    #[error("{calls} requests a minute are the most (`mcp.calls_per_min`); come again in {wait_s} s")]
    TooMany { calls: u32, wait_s: i64 },
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Stranger | Self::Elsewhere => StatusCode::UNAUTHORIZED,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        };
        tracing::warn!(status = status.as_u16(), "an MCP request was refused: {self}");
        let error = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32001, "message": self.to_string()}});
        let mut response = (status, Json(error)).into_response();
        match self {
            Self::Stranger | Self::Elsewhere => {
                let challenge = HeaderValue::from_static("Bearer realm=\"clarity\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            Self::TooMany { wait_s, .. } => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
            }
        }
        response
    }
}

/// The routes of the three servers, at a door that has the names of the configuration.
pub(crate) fn router(config: &Config, outside: &Outside, clock: &Arc<dyn Clock>) -> Router {
    at_door(Hosts::Named(config.mcp.hosts.clone()), config, outside, clock)
}

/// The routes of the three servers. They speak about the incidents of `outside`.
pub(crate) fn at_door(hosts: Hosts, config: &Config, outside: &Outside, clock: &Arc<dyn Clock>) -> Router {
    let gate = Arc::new(Gate {
        bearers: config.bearers.clone(),
        calls_per_min: config.mcp.calls_per_min,
        clock: Arc::clone(clock),
        calls: Mutex::default(),
    });
    let neighbours = Neighbours { hosts, origins: config.mcp.origins.clone() };
    let scopes: Vec<_> = config.scopes.iter().map(|scope| scope.id.clone()).collect();
    let deadline = Duration::try_from(config.mcp.deadline).unwrap_or_default();
    let desk = Desk::live(outside.clone(), Arc::clone(clock), scopes).within(deadline);
    let mut router = Router::new();
    for toolset in Toolset::ALL {
        let front = Front::new(toolset, desk.clone(), &neighbours, MAX_BODY);
        let path = format!("/mcp/{}", toolset.word());
        router = router.route(&path, any(serve).with_state((Arc::clone(&gate), front)));
    }
    router.layer(CatchPanicLayer::new()).layer(TraceLayer::new_for_http())
}

async fn serve(State((gate, front)): State<(Arc<Gate>, Front)>, mut request: Request) -> Result<Response, Refused> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address);
    let person = gate.admit(request.headers(), peer)?;
    gate.count(person.as_ref())?;
    // The token has done its work, and nothing behind this knows it.
    request.headers_mut().remove(header::AUTHORIZATION);
    if let Some(person) = person {
        request.extensions_mut().insert(Caller(person));
    }
    Ok(as_an_error(front.answer(request).await.map(Body::new)).await)
}

/// What is refused before it is read as a message comes as plain text. A client that speaks JSON-RPC gets it as such.
async fn as_an_error(response: Response) -> Response {
    let is_json = |kind: &HeaderValue| kind.as_bytes().starts_with(b"application/json");
    let is_told = response.headers().get(header::CONTENT_TYPE).is_some_and(is_json);
    if response.status().is_success() || is_told {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let text = to_bytes(body, LONGEST_REFUSAL).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let message = if text.is_empty() { head.status.to_string() } else { text.into_owned() };
    let error = Json(json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": message}}));
    for changed in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
        head.headers.remove(changed);
    }
    (head.status, head.headers, error).into_response()
}

impl Gate {
    /// Who comes; nobody in particular, where no token is configured.
    fn admit(&self, headers: &HeaderMap, peer: Option<SocketAddr>) -> Result<Option<PersonId>, Refused> {
        if self.bearers.is_empty() {
            let is_here = peer.is_some_and(|address| address.ip().is_loopback());
            return if is_here { Ok(None) } else { Err(Refused::Elsewhere) };
        }
        let told = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (kind, token) = told.and_then(|told| told.split_once(' ')).ok_or(Refused::Stranger)?;
        let digest: [u8; 32] = Sha256::digest(token.trim().as_bytes()).into();
        // Of hashes nobody learns anything by how long it takes to compare them.
        let known = self.bearers.iter().find(|bearer| bearer.digest == digest);
        let known = known.filter(|_| kind.eq_ignore_ascii_case("bearer"));
        known.map(|bearer| Some(bearer.person.clone())).ok_or(Refused::Stranger)
    }

    fn count(&self, person: Option<&PersonId>) -> Result<(), Refused> {
        let now = self.clock.now();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = calls.entry(person.cloned()).or_insert(Minute { began: now, calls: 0 });
        let over_s = now.duration_since(minute.began).as_secs();
        if !(0..60).contains(&over_s) {
            *minute = Minute { began: now, calls: 0 };
        } else if minute.calls >= self.calls_per_min {
            return Err(Refused::TooMany { calls: self.calls_per_min, wait_s: 60 - over_s });
        }
        minute.calls += 1;
        Ok(())
    }
}

//! One GET of JSON, within bounds.

use super::RotaError;
use axum::body::Bytes;
use axum::http::header::{ACCEPT, AUTHORIZATION, RETRY_AFTER};
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::Duration;

/// Somebody is waiting to be told whom they called.
const PATIENCE: Duration = Duration::from_secs(5);

/// The bytes of an answer that are read.
const MOST: usize = 256 * 1024;

/// How long to wait after a 429 that does not say.
const USUAL_WAIT_S: u64 = 30;

/// Asks one service.
#[derive(Clone)]
pub(super) struct Asker {
    who: &'static str,
    base: String,
    key: SecretString,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asker").field("who", &self.who).field("base", &self.base).finish_non_exhaustive()
    }
}

impl Asker {
    /// Asks `who` at `base` with this key.
    pub(super) fn new(who: &'static str, base: &str, key: SecretString) -> std::io::Result<Self> {
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { who, base: base.trim_end_matches('/').to_owned(), key, client })
    }

    /// That it does not answer, or not what it should; `why` is a phrase.
    pub(super) fn silent(&self, why: impl Into<String>) -> RotaError {
        RotaError::Silent { who: self.who, why: why.into() }
    }

    /// The JSON at a path; `scheme` stands before the key.
    pub(super) async fn get(&self, path: &str, scheme: &str, accept: &str) -> Result<Value, RotaError> {
        let request = Request::get(format!("{}{path}", self.base))
            .header(ACCEPT, accept)
            .header(AUTHORIZATION, format!("{scheme}{}", self.key.expose_secret()))
            .body(Full::default())
            .map_err(|_| self.silent("its address or its key cannot stand in a request"))?;
        let asked = async {
            let answer = self.client.request(request).await.map_err(|_| self.silent("it cannot be reached"))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, MOST).collect().await;
            let body = body.map_err(|_| self.silent("its answer broke off or is too long"))?.to_bytes();
            Ok((head, body))
        };
        let asked = tokio::time::timeout(PATIENCE, asked).await;
        let (head, body) = asked.map_err(|_| self.silent(format!("no answer within {} s", PATIENCE.as_secs())))??;
        match head.status {
            StatusCode::OK => serde_json::from_slice(&body).map_err(|_| self.silent("its answer is no JSON")),
            StatusCode::TOO_MANY_REQUESTS => {
                let told = head.headers.get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
                Err(RotaError::Limited { who: self.who, after_s: told.unwrap_or(USUAL_WAIT_S) })
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.silent("it does not accept the key")),
            StatusCode::NOT_FOUND => Err(self.silent("it knows no such schedule")),
            other => Err(self.silent(format!("HTTP {}", other.as_u16()))),
        }
    }
}

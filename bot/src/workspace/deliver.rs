//! Brings events, commands and clicks to the app as Slack does: signed, with three seconds to answer, events again when
//! they are not answered.

use super::sockets::Sockets;
use crate::slack::verify::{SIGNATURE, TIMESTAMP, sign};
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tools::ports::Clock;

type Bytes = axum::body::Bytes;

/// The bytes of an answer that are read.
const MAX_ANSWER: usize = 256 * 1024;

/// How long the app may take to answer.
const CUT_OFF: Duration = Duration::from_secs(3);

/// When an event that was not answered is delivered again: about at once, after a minute, after five.
const RETRIES: [SignedDuration; 3] =
    [SignedDuration::ZERO, SignedDuration::from_secs(60), SignedDuration::from_secs(300)];

#[derive(Clone, Debug)]
pub(super) struct Courier {
    client: Client<HttpConnector, Full<Bytes>>,
    secret: SecretString,
    clock: Arc<dyn Clock>,
    /// The sockets of the app, if it is reached by them.
    sockets: Option<Sockets>,
    under_way: Arc<watch::Sender<UnderWay>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct UnderWay {
    begun: u64,
    open: u64,
}

/// Counts a delivery as under way until it is dropped.
struct Counted(Arc<watch::Sender<UnderWay>>);

impl Counted {
    fn begin(under_way: &Arc<watch::Sender<UnderWay>>) -> Self {
        under_way.send_modify(|count| {
            count.begun += 1;
            count.open += 1;
        });
        Self(Arc::clone(under_way))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| count.open -= 1);
    }
}

impl Courier {
    pub(super) fn new(secret: SecretString, clock: Arc<dyn Clock>, sockets: Option<Sockets>) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, secret, clock, sockets, under_way: Arc::new(watch::Sender::default()) }
    }

    pub(super) fn sockets(&self) -> Option<&Sockets> {
        self.sockets.as_ref()
    }

    pub(super) async fn settled(&self) {
        // The sender lives in `self`: it cannot be gone.
        let _ = self.under_way.subscribe().wait_for(|count| count.open == 0).await;
    }

    pub(super) fn begun(&self) -> u64 {
        self.under_way.borrow().begun
    }

    /// Delivers an event in the background; `already` says how often it was delivered before.
    pub(super) fn event(&self, app_url: &str, envelope: Value, already: usize) {
        let (courier, url) = (self.clone(), format!("{app_url}/slack/events"));
        let counted = Counted::begin(&self.under_way);
        tokio::spawn(async move {
            let body = Bytes::from(envelope.to_string());
            let mut counted = Some(counted);
            let mut reason = if already > 0 { Some("http_timeout") } else { None };
            for retry in already..=RETRIES.len() {
                let sent = match &courier.sockets {
                    Some(sockets) => sockets.send("events_api", &envelope, retry, reason).await,
                    None => courier.send(&url, "application/json", body.clone(), retry, reason).await,
                };
                match sent {
                    Ok(_) => return,
                    Err(why) => reason = Some(why),
                }
                // A retry that waits for the clock is not under way.
                counted = None;
                let Some(wait) = RETRIES.get(retry) else { break };
                courier.clock.wait_until(courier.clock.now().saturating_add(*wait).unwrap_or_default()).await;
                counted = Some(Counted::begin(&courier.under_way));
            }
            drop(counted);
            tracing::warn!("an event was given up: {}", reason.unwrap_or("unknown_error"));
        });
    }

    /// Delivers a command, a click or a filled-in form, once; returns what the app answers, or what Slack would show when
    /// it does not.
    pub(super) async fn form(&self, url: &str, fields: &[(&str, &str)]) -> Result<Bytes, String> {
        let body = serde_urlencoded::to_string(fields).map_err(|err| err.to_string())?;
        let _counted = Counted::begin(&self.under_way);
        let sent = match &self.sockets {
            Some(sockets) => {
                // A socket brings a command as an object, and of an interaction just the payload.
                let payload = fields.iter().find(|(name, _)| *name == "payload").map(|(_, value)| *value);
                let payload = payload.and_then(|payload| serde_json::from_str(payload).ok());
                let kind = if payload.is_some() { "interactive" } else { "slash_commands" };
                let payload = payload.unwrap_or_else(|| fields.iter().map(|(name, value)| (*name, *value)).collect());
                sockets.send(kind, &payload, 0, None).await
            }
            None => self.send(url, "application/x-www-form-urlencoded", Bytes::from(body), 0, None).await,
        };
        sent.map_err(|why| match why {
            "http_timeout" => "The app did not answer in time (operation_timeout).".to_owned(),
            _ => "The app did not accept that (dispatch_failed).".to_owned(),
        })
    }

    async fn send(
        &self,
        url: &str,
        content_type: &str,
        body: Bytes,
        retry: usize,
        reason: Option<&str>,
    ) -> Result<Bytes, &'static str> {
        let now = self.clock.now();
        let mut request = axum::http::Request::post(url)
            .header("content-type", content_type)
            .header(TIMESTAMP, now.as_second().to_string())
            .header(SIGNATURE, sign(&self.secret, now, &body));
        if retry > 0 {
            request = request.header("x-slack-retry-num", retry.to_string());
            request = request.header("x-slack-retry-reason", reason.unwrap_or("unknown_error"));
        }
        let request = request.body(Full::new(body)).map_err(|_| "unknown_error")?;
        let exchange = async {
            let answer = self.client.request(request).await.map_err(|_| "connection_failed")?;
            if !answer.status().is_success() {
                return Err("http_error");
            }
            let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
            body.map(Collected::to_bytes).map_err(|_| "connection_failed")
        };
        tokio::time::timeout(CUT_OFF, exchange).await.unwrap_or(Err("http_timeout"))
    }
}

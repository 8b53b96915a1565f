//! What `clarity check` looks at: what the token may do, what Slack says of a channel, and whether the front door answers.

use super::chat::{Chat, ChatError};
use super::verify::{SIGNATURE, TIMESTAMP, sign};
use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Request};
use http_body_util::Full;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use slack_morphism::SlackClientHttpConnector as _;
use std::collections::BTreeSet;

/// The header in which Slack tells the scopes of a token.
const SCOPES: &str = "x-oauth-scopes";

/// Whose the token is, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    /// The name of the bot.
    pub user: String,
    /// The name of the workspace.
    pub team: String,
    /// The scopes of the token, where Slack tells them.
    pub scopes: Option<BTreeSet<String>>,
}

/// A channel as Slack tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    /// Its name, without `#`.
    pub name: String,
    /// What it is for.
    pub topic: String,
    /// Whether nothing can be written there any more.
    pub is_archived: bool,
    /// Whether we are in it.
    pub is_member: bool,
}

impl Chat {
    /// Whose the token is, and what it may do.
    ///
    /// # Errors
    /// Slack refuses the token, or does not answer.
    pub async fn grants(&self) -> Result<Grants, ChatError> {
        let url = self.client.http_api.connector.create_method_uri_path("auth.test");
        let url = url.map_err(|_| ChatError::Refused("the address of the Web API is no URL".to_owned()))?;
        let token = format!("Bearer {}", self.token.token_value.0);
        let request = Request::post(url.as_str()).header(AUTHORIZATION, token).body(Full::default());
        let request = request.map_err(|_| ChatError::Refused("the token holds characters that none has".to_owned()))?;
        let (status, headers, body) = self.carrier.exchange(request).await?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if answer["ok"] != true {
            return match answer["error"].as_str() {
                Some(error) => Err(ChatError::Refused(error.to_owned())),
                None => Err(ChatError::Unknown(format!("HTTP {status}"))),
            };
        }
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        Ok(Grants { user: text("user"), team: text("team"), scopes: told_scopes(&headers) })
    }

    /// What Slack says of a channel.
    ///
    /// # Errors
    /// Slack refuses, as it does of a channel that it does not know or does not show to us, or does not answer.
    pub async fn channel(&self, id: &str) -> Result<ChannelInfo, ChatError> {
        let answer = self.look_up("conversations.info", "channel", id).await?;
        let channel = &answer["channel"];
        if !channel.is_object() {
            return Err(ChatError::Unknown("a question about a channel was answered without `channel`".to_owned()));
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(ChannelInfo {
            name: text(&channel["name"]),
            topic: text(&channel["topic"]["value"]),
            is_archived: channel["is_archived"] == true,
            is_member: channel["is_member"] == true,
        })
    }

    /// Asks the front door at `url` what Slack asks before it trusts an address, signed as Slack signs.
    ///
    /// # Errors
    /// A sentence: nobody answers, or not as the bot does.
    pub async fn is_our_door(&self, url: &str, secret: &SecretString, now: Timestamp) -> Result<(), String> {
        let challenge = format!("clarity-check-{}", now.as_second());
        let body = json!({"type": "url_verification", "challenge": challenge}).to_string();
        let request = Request::post(format!("{}/slack/events", url.trim_end_matches('/')))
            .header(CONTENT_TYPE, "application/json")
            .header(TIMESTAMP, now.as_second().to_string())
            .header(SIGNATURE, sign(secret, now, body.as_bytes()))
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| "it is no URL".to_owned())?;
        let (status, _, body) = self.carrier.exchange(request).await.map_err(|_| "nobody answers there".to_owned())?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        match status {
            200 if answer["challenge"] == *challenge => Ok(()),
            200 => Err("somebody answers there who is not this bot".to_owned()),
            401 => Err("the bot there has another signing secret, or another idea of the time".to_owned()),
            other => Err(format!("it answers with HTTP {other}")),
        }
    }
}

/// The scopes that an answer tells: names between commas.
fn told_scopes(headers: &HeaderMap) -> Option<BTreeSet<String>> {
    let told = headers.get(SCOPES)?.to_str().ok()?;
    Some(told.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
}

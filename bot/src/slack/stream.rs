//! Messages that grow while they are read: `chat.startStream`, `chat.appendStream`, `chat.stopStream`. A workspace may not have
//! them; then a message is posted and edited.

use super::chat::{Chat, ChatError, timely};
use crate::event::MessageRef;
use blocks::Message;
use jiff::Timestamp;
use serde_json::{Value, json};

/// What Slack says where a workspace, a token or a conversation has no messages that grow.
const NONE: [&str; 6] = [
    "unknown_method",
    "not_allowed_token_type",
    "feature_not_enabled",
    "channel_type_not_supported",
    "method_not_supported_for_channel_type",
    "team_not_allowed",
];

/// Whether that is what a refusal says.
pub(crate) fn has_none(code: &str) -> bool {
    NONE.contains(&code)
}

impl Chat {
    /// Begins a message that grows, in the thread of something that somebody said to us alone.
    ///
    /// # Errors
    /// Slack refuses, as where a workspace does not have it, or does not answer.
    pub async fn start_stream(&self, under: &MessageRef, markdown: &str) -> Result<MessageRef, ChatError> {
        let body = json!({"channel": under.channel, "thread_ts": under.ts, "markdown_text": markdown});
        posted(under, &self.post("chat.startStream", body).await?)
    }

    /// Adds to it.
    ///
    /// # Errors
    /// Slack refuses, or does not answer.
    pub async fn append_stream(&self, at: &MessageRef, markdown: &str) -> Result<(), ChatError> {
        let body = json!({"channel": at.channel, "ts": at.ts, "markdown_text": markdown});
        self.post("chat.appendStream", body).await.map(drop)
    }

    /// What was a growing message, or any of ours, says this and no more.
    ///
    /// # Errors
    /// Slack refuses, or does not answer.
    pub async fn fill(&self, at: &MessageRef, message: &Message) -> Result<(), ChatError> {
        match self.post("chat.stopStream", json!({"channel": at.channel, "ts": at.ts})).await {
            // Whatever is refused here, most often that it does not grow, the edit tells whether the message can say more.
            Ok(_) | Err(ChatError::Refused(_)) => {}
            Err(err @ (ChatError::Limited { .. } | ChatError::Unknown(_))) => return Err(err),
        }
        let mut body = message.to_json();
        body["channel"] = json!(at.channel);
        body["ts"] = json!(at.ts);
        self.post("chat.update", body).await.map(drop)
    }

    /// Says something in the thread of what somebody said to us alone.
    ///
    /// # Errors
    /// Slack refuses, or does not answer.
    pub async fn answer_under(&self, under: &MessageRef, message: &Message) -> Result<MessageRef, ChatError> {
        let mut body = message.to_json();
        body["channel"] = json!(under.channel);
        body["thread_ts"] = json!(under.ts);
        body["unfurl_links"] = json!(false);
        body["unfurl_media"] = json!(false);
        posted(under, &self.post("chat.postMessage", body).await?)
    }

    /// The last message of ours in the thread of what somebody said to us alone that came since then, if there is one.
    ///
    /// # Errors
    /// Slack refuses, or does not answer.
    pub async fn own_under(&self, under: &MessageRef, since: Timestamp) -> Result<Option<MessageRef>, ChatError> {
        let us = self.identity().await?.bot;
        let oldest = since.as_second().to_string();
        let fields = vec![
            ("channel", Some(under.channel.as_str())),
            ("ts", Some(under.ts.as_str())),
            ("oldest", Some(oldest.as_str())),
            ("limit", Some("200")),
        ];
        let session = self.client.open_session(&self.token);
        let call = session.http_session_api.http_get("conversations.replies", &fields, None);
        let answer: Value = self.heard(timely(call).await)?;
        let ours = answer["messages"]
            .as_array()
            .into_iter()
            .flatten()
            .rfind(|one| one["bot_id"] == us.as_str() && one["ts"] != under.ts.as_str());
        let ts = ours.and_then(|one| one["ts"].as_str());
        Ok(ts.map(|ts| MessageRef { channel: under.channel.clone(), ts: ts.to_owned() }))
    }
}

/// Where a message stands that was just posted.
fn posted(under: &MessageRef, answer: &Value) -> Result<MessageRef, ChatError> {
    let ts = answer["ts"].as_str();
    let ts = ts.ok_or_else(|| ChatError::Unknown("a message was answered without `ts`".to_owned()))?;
    Ok(MessageRef { channel: under.channel.clone(), ts: ts.to_owned() })
}

//! Single messages: reading one, its address, and saying something to one person without an address for answers.

use super::chat::{Chat, ChatError, OwnMessage, timely};
use crate::event::MessageRef;
use blocks::Message;
use serde_json::{Value, json};

/// A message as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// What it says, in mrkdwn.
    pub text: String,
    /// The message in whose thread it stands, if it stands in one.
    pub thread_ts: Option<String>,
    /// The name that it has among ours, if it is ours.
    pub name: Option<String>,
}

impl Chat {
    /// Reads one message, wherever in the channel it stands; none if it is not there.
    pub async fn read_message(&self, at: &MessageRef) -> Result<Option<Read>, ChatError> {
        let fields = [
            ("channel", Some(at.channel.as_str())),
            ("ts", Some(at.ts.as_str())),
            ("include_all_metadata", Some("true")),
            ("inclusive", Some("true")),
            ("limit", Some("1")),
        ];
        let session = self.client.open_session(&self.token);
        let answer: Value =
            timely(session.http_session_api.http_get("conversations.replies", &fields.to_vec(), None)).await?;
        let mut messages = answer["messages"].as_array().into_iter().flatten();
        Ok(messages.find(|message| message["ts"] == at.ts.as_str()).map(|message| Read {
            text: message["text"].as_str().unwrap_or_default().to_owned(),
            thread_ts: message["thread_ts"].as_str().filter(|parent| *parent != at.ts).map(str::to_owned),
            name: OwnMessage::read(message).map(|own| own.name),
        }))
    }

    /// The address of a message.
    pub async fn permalink(&self, at: &MessageRef) -> Result<String, ChatError> {
        let fields = [("channel", Some(at.channel.as_str())), ("message_ts", Some(at.ts.as_str()))];
        let session = self.client.open_session(&self.token);
        let answer: Value =
            timely(session.http_session_api.http_get("chat.getPermalink", &fields.to_vec(), None)).await?;
        let link = answer["permalink"].as_str().map(str::to_owned);
        link.ok_or_else(|| ChatError::Unknown("an address was answered without one".to_owned()))
    }

    /// Says something that only one person sees, in a channel or in a thread of it.
    pub async fn whisper(
        &self,
        channel: &str,
        person: &str,
        thread_ts: Option<&str>,
        message: &Message,
    ) -> Result<(), ChatError> {
        let mut body = message.to_json();
        body["channel"] = json!(channel);
        body["user"] = json!(person);
        if let Some(thread_ts) = thread_ts {
            body["thread_ts"] = json!(thread_ts);
        }
        self.post("chat.postEphemeral", body).await.map(drop)
    }

    /// Says something to one person alone, in the conversation that they have with us.
    pub async fn write_to(&self, channel: &str, message: &Message) -> Result<(), ChatError> {
        let mut body = message.to_json();
        body["channel"] = json!(channel);
        body["unfurl_links"] = json!(false);
        body["unfurl_media"] = json!(false);
        self.post("chat.postMessage", body).await.map(drop)
    }

    /// Shows somebody their Home tab.
    pub async fn publish_home(&self, person: &str, view: Value) -> Result<(), ChatError> {
        self.post("views.publish", json!({"user_id": person, "view": view})).await.map(drop)
    }
}

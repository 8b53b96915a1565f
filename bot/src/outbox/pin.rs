//! A message that is to be a note: what it says, what leads to it, and the incident in whose thread it stands.

use super::Sender;
use crate::event::Delivered;
use crate::event::{Asked, Event, EventKey, MessageRef};
use crate::intent::{IntentId, MessageName, Outcome};
use crate::ports::StoreError;
use crate::slack::chat::ChatError;
use tools::model::IncidentId;

/// What became of looking at a message.
enum Seen {
    /// It belongs to this incident, or to the one that people are looking at.
    Note { incident: Option<IncidentId>, text: String, link: String },
    /// It belongs to none.
    Elsewhere,
}

impl Sender {
    pub(super) async fn pin(
        &mut self,
        id: IntentId,
        incident: Option<IncidentId>,
        message: MessageRef,
        asked: Asked,
    ) -> Result<(), StoreError> {
        let seen = match self.see(incident, &message).await {
            Ok(seen) => seen,
            Err(err) => {
                if let Some(seconds) = err.retry_after_s() {
                    self.budget.job_later(id, self.clock.now(), seconds);
                    return Ok(());
                }
                return self.close(vec![(id, super::refused("a note from a message", &err))]).await;
            }
        };
        let scope = self.config.scope_of_channel(&message.channel).map(|scope| scope.id.clone());
        if let (Seen::Note { incident, text, link }, Some(scope)) = (seen, scope) {
            let key = EventKey(format!("{scope}/pinned/{}", id.0));
            let event = Event::Pinned { incident, text, link, asked };
            self.put(Delivered { key, scope, at: self.clock.now(), event }).await?;
        }
        self.close(vec![(id, Outcome::Done { posted: None })]).await
    }

    /// Finds the incident in whose thread somebody said something. Where Slack does not tell, they mean what they would mean
    /// in the channel.
    pub(super) async fn locate(
        &mut self,
        id: IntentId,
        text: String,
        thread: MessageRef,
        asked: Asked,
    ) -> Result<(), StoreError> {
        let above = match self.chat.read_message(&thread).await {
            Ok(above) => above,
            Err(err) => {
                if let Some(seconds) = err.retry_after_s() {
                    self.budget.job_later(id, self.clock.now(), seconds);
                    return Ok(());
                }
                tracing::warn!(job = id.0, "whose thread it is cannot be told: {err}");
                None
            }
        };
        let about = above.and_then(|above| above.name).and_then(|name| MessageName(name).card_of());
        if let Some(scope) = self.config.scope_of_channel(&thread.channel).map(|scope| scope.id.clone()) {
            let key = EventKey(format!("{scope}/located/{}", id.0));
            let event = Event::Command { text, thread: None, about, asked };
            self.put(Delivered { key, scope, at: self.clock.now(), event }).await?;
        }
        self.close(vec![(id, Outcome::Done { posted: None })]).await
    }

    async fn see(&self, named: Option<IncidentId>, message: &MessageRef) -> Result<Seen, ChatError> {
        let Some(read) = self.chat.read_message(message).await? else { return Ok(Seen::Elsewhere) };
        let card = |name: Option<String>| name.and_then(|name| MessageName(name).card_of());
        let is_war_room = self.config.scopes.iter().any(|scope| scope.war_room == message.channel);
        let incident = match (named, &read.thread_ts) {
            (Some(named), _) => Some(named),
            (None, Some(parent)) => {
                let parent = MessageRef { channel: message.channel.clone(), ts: parent.clone() };
                let above = self.chat.read_message(&parent).await?;
                match above.and_then(|above| card(above.name)) {
                    Some(incident) => Some(incident),
                    None if is_war_room => None,
                    None => return Ok(Seen::Elsewhere),
                }
            }
            (None, None) => match card(read.name) {
                Some(incident) => Some(incident),
                None if is_war_room => None,
                None => return Ok(Seen::Elsewhere),
            },
        };
        let text = blocks::mrkdwn::to_plain(&read.text, &|_| None);
        Ok(Seen::Note { incident, text, link: self.chat.permalink(message).await? })
    }
}

//! Alarms and changes that AWS brings itself: events of EventBridge, notifications of SNS in whatever envelope, and the payload
//! of an alarm's own action.

use super::{Door, Rejection, read_json};
use crate::alarms::sns::envelope::{self, Letter};
use crate::alarms::sns::verify::{Envelope, Kind};
use crate::alarms::{self, Parsed, sns};
use crate::changes::{self, Seen};
use crate::event::{Event, EventKey};
use serde_json::Value;
use tools::model::{Alarm, ScopeId, Via};

/// The longest part of a key that somebody else wrote.
const KEY: usize = 512;

impl Door {
    /// Takes what AWS brings by way of somebody who may: an event, or an envelope with some in it. Of what means nothing to us
    /// it says why. What cannot be read among others does not keep them out.
    pub(crate) async fn take_event(&self, event: &Value) -> Result<Option<String>, Rejection> {
        if !envelope::is_envelope(event) {
            return self.take_letter(&Letter::plain(event.clone())).await;
        }
        let letters = envelope::letters(event);
        if let [only] = letters.as_slice() {
            return self.take_letter(only).await;
        }
        let mut notes = Vec::new();
        for letter in &letters {
            match self.take_letter(letter).await {
                Ok(note) => notes.extend(note),
                Err(Rejection::Unavailable) => return Err(Rejection::Unavailable),
                Err(refused) => {
                    tracing::warn!("one of several was refused: {refused}");
                    notes.push(refused.to_string());
                }
            }
        }
        notes.truncate(10);
        Ok((!notes.is_empty()).then(|| notes.join("; ")))
    }

    /// Takes what SNS posts: a notification, or the question whether a subscription is wanted.
    pub(super) async fn take_sns(&self, body: &[u8]) -> Result<Option<String>, Rejection> {
        let told: Envelope = read_json(body)?;
        let topic = alarms::bounded(&told.topic_arn, KEY);
        if self.config.scope_of_topic(&told.topic_arn).is_none() {
            return Err(Rejection::NoScope(format!("the topic {topic}")));
        }
        self.sns.verify(&told, self.clock.now()).await?;
        match told.kind {
            Kind::Notification => {
                let content = read_json(body)?;
                self.take_event(&content).await
            }
            Kind::SubscriptionConfirmation => {
                self.sns.confirm(&told).await?;
                tracing::info!("the subscription to {topic} is confirmed");
                Ok(Some("the subscription is confirmed".to_owned()))
            }
            Kind::UnsubscribeConfirmation => {
                tracing::warn!("the subscription to {topic} ended: no more alarms come by it");
                Ok(Some("the subscription ended".to_owned()))
            }
        }
    }

    async fn take_letter(&self, letter: &Letter) -> Result<Option<String>, Rejection> {
        let unreadable = |err: alarms::Unreadable| Rejection::Unreadable(err.to_string());
        let content = &letter.content;
        if let Some(alarm) = sns::alarm(content).map_err(unreadable)? {
            let id = letter.id.clone().unwrap_or_else(|| transition(&alarm));
            return self.take_alarm(letter, alarm, Via::Sns, format!("sns/{id}")).await;
        }
        if let Some(alarm) = envelope::action(content).map_err(unreadable)? {
            let key = format!("action/{}", transition(&alarm));
            return self.take_alarm(letter, alarm, Via::AlarmAction, key).await;
        }
        if let Some(event) = envelope::deployment(content, letter.id.as_deref()) {
            return self.take_change(&event).await;
        }
        let told = content.as_str().filter(|_| letter.id.is_some()).map(str::to_owned);
        if let Some(told) = told.or_else(|| envelope::custom(content)) {
            let note = alarms::note(&told);
            tracing::info!("a notification that is no alarm: {note}");
            return Ok(Some(note));
        }
        match alarms::eventbridge::parse(content).map_err(unreadable)? {
            Parsed::Alarm(alarm) => {
                // EventBridge delivers at least once, with the same id.
                let key = format!("eventbridge/{}", content["id"].as_str().unwrap_or_default());
                self.take_alarm(letter, *alarm, Via::EventBridge, key).await
            }
            Parsed::Note(note) => {
                tracing::info!("an event that is no alarm transition: {note}");
                Ok(Some(note))
            }
            Parsed::Other => self.take_change(content).await,
        }
    }

    async fn take_alarm(
        &self,
        letter: &Letter,
        alarm: Alarm,
        via: Via,
        key: String,
    ) -> Result<Option<String>, Rejection> {
        let by_topic = letter.topic.as_deref().and_then(|topic| self.config.scope_of_topic(topic));
        let scope = match by_topic {
            Some(scope) => scope.id.clone(),
            None => self.scope_of_account(alarm.account.as_deref(), "an alarm without account")?,
        };
        let key = EventKey(alarms::bounded(&key, KEY));
        self.accept(key, scope, Event::Alarm { alarm: Box::new(alarm), via, message: None }).await?;
        Ok(None)
    }

    async fn take_change(&self, event: &Value) -> Result<Option<String>, Rejection> {
        match changes::parse(event).map_err(|err| Rejection::Unreadable(err.to_string()))? {
            changes::Parsed::Change(seen) => {
                let Seen { key, change, touched } = *seen;
                let scope = self.scope_of_account(touched.account.as_deref(), "a change without account")?;
                let (change, touched) = (Box::new(change), Box::new(touched));
                self.accept(key, scope, Event::Change { change, touched }).await?;
                Ok(None)
            }
            changes::Parsed::Note(note) => {
                tracing::info!("an event that is no change: {note}");
                Ok(Some(note))
            }
            changes::Parsed::Other => Err(Rejection::Unreadable("this is no event of AWS".to_owned())),
        }
    }

    fn scope_of_account(&self, account: Option<&str>, unnamed: &str) -> Result<ScopeId, Rejection> {
        let scope = self.config.scope_of_account(account).map(|scope| scope.id.clone());
        scope.ok_or_else(|| Rejection::NoScope(account.unwrap_or(unnamed).to_owned()))
    }
}

/// What makes a transition the same where nothing has an id.
fn transition(alarm: &Alarm) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("{}/{}/{}/{}/{}", part(&alarm.account), part(&alarm.region), alarm.changed_at, alarm.state, alarm.name)
}

#[cfg(test)]
mod tests;

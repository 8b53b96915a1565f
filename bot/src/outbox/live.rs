//! Answers that are under way: they grow sentence by sentence where somebody has a conversation with us alone and the workspace
//! has messages that grow, and whoever asked can stop them.

use super::Sender;
use super::budget::Method;
use crate::event::{Asked, Delivered, Event, EventKey, MessageRef, Way};
use crate::intent::{IntentId, Outcome};
use crate::narrator::Progress;
use crate::ports::StoreError;
use crate::slack::chat::ChatError;
use crate::slack::stream::has_none;
use blocks::ask;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Notify;
use tools::model::{IncidentId, ScopeId};

/// A message grows no more often than this: what comes in between goes along.
const EVERY: SignedDuration = SignedDuration::from_secs(1);

/// Slack may ask for so many seconds of patience before an answer comes without growing.
const PATIENCE_S: u64 = 10;

/// A workspace that has no messages that grow is asked again after this.
const ASK_AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// An answer that is under way.
#[derive(Debug)]
struct Talk {
    /// Its number.
    number: u64,
    /// Who asked.
    by: String,
    /// The message that grows, if one does.
    at: Option<MessageRef>,
    /// What it does not say yet, in Markdown.
    unsaid: String,
    /// Before that it grows no more.
    not_before: Option<Timestamp>,
    stop: Arc<Notify>,
}

/// Every answer that is under way, by its job.
#[derive(Debug, Default)]
pub(super) struct Talks {
    running: BTreeMap<IntentId, Talk>,
    /// Until then the workspace is taken for one without messages that grow.
    none_until: Option<Timestamp>,
}

impl Talks {
    /// One begins; returns what stops it.
    pub(super) fn begin(&mut self, id: IntentId, number: u64, asked: &Asked) -> Arc<Notify> {
        let at = match asked.way() {
            Way::Fill { ts } => Some(MessageRef { channel: asked.channel.clone(), ts: ts.to_owned() }),
            Way::Address(_) | Way::Whisper { .. } | Way::Write { .. } | Way::Nowhere => None,
        };
        let stop = Arc::new(Notify::new());
        let talk =
            Talk { number, by: asked.by.clone(), at, unsaid: String::new(), not_before: None, stop: stop.clone() };
        self.running.insert(id, talk);
        stop
    }

    /// When one of them may grow that has something to say.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let waiting = self.running.values().filter(|talk| talk.at.is_some() && !talk.unsaid.is_empty());
        waiting.filter_map(|talk| talk.not_before).min()
    }

    /// It is over.
    pub(super) fn end(&mut self, id: IntentId) {
        self.running.remove(&id);
    }
}

impl Sender {
    /// Posts the message in which a question will be answered, where there is a place for one. Returns whether it did: then the
    /// question comes back with it.
    pub(super) async fn begin_answer(
        &mut self,
        (id, stored_at): (IntentId, Timestamp),
        incident: IncidentId,
        question: &str,
        asked: &Asked,
    ) -> Result<bool, StoreError> {
        let Way::Write { said: Some(said) } = asked.way() else { return Ok(false) };
        let under = MessageRef { channel: asked.channel.clone(), ts: said.to_owned() };
        let at = match self.stand_in((id, stored_at), incident, question, &under).await {
            Ok(at) => at,
            // It may stand there all the same: it is looked for then, so that none is left half said.
            Err(err)
                if self.is_patient(stored_at) && err.retry_after_s().is_some_and(|after_s| after_s <= PATIENCE_S) =>
            {
                self.backlog.doubt([id]);
                self.budget.job_later(id, self.clock.now(), err.retry_after_s().unwrap_or_default());
                return Ok(true);
            }
            Err(err) => {
                tracing::warn!(job = id.0, "an answer does not grow: {err}");
                return Ok(false);
            }
        };
        let asked = asked.filled(&at);
        let event = Event::AnswerBegun { incident, question: question.to_owned(), talk: id.0, asked };
        self.end(id, incident, event).await?;
        Ok(true)
    }

    /// A message of ours that grows, or else one that is edited.
    async fn stand_in(
        &mut self,
        (id, stored_at): (IntentId, Timestamp),
        incident: IncidentId,
        question: &str,
        under: &MessageRef,
    ) -> Result<MessageRef, ChatError> {
        // Whoever began before a crash, or was not answered, may have got so far.
        if self.backlog.is_doubtful(id)
            && let Some(there) = self.chat.own_under(under, stored_at).await?
        {
            return Ok(there);
        }
        let now = self.clock.now();
        self.budget.one_more(&under.channel, Method::Post, now);
        if self.talks.none_until.is_none_or(|until| until <= now) {
            match self.chat.start_stream(under, &ask::opening(incident)).await {
                Ok(at) => return Ok(at),
                Err(ChatError::Refused(code)) => {
                    tracing::info!("a message does not grow: {code}");
                    if has_none(&code) {
                        self.talks.none_until = now.checked_add(ASK_AGAIN).ok();
                    }
                }
                Err(err @ (ChatError::Limited { .. } | ChatError::Unknown(_))) => return Err(err),
            }
        }
        self.chat.answer_under(under, &ask::looking(incident, question, id.0)).await
    }

    /// Stops an answer, if whoever wants it asked for it.
    pub(super) async fn stop_answer(
        &mut self,
        id: IntentId,
        scope: ScopeId,
        number: Option<u64>,
        asked: Asked,
    ) -> Result<(), StoreError> {
        let meant = |talk: &&Talk| match number {
            Some(number) => talk.number == number,
            None => talk.by == asked.by,
        };
        // Of several of theirs the newest is meant.
        let answer = match self.talks.running.values().rfind(meant) {
            Some(talk) if talk.by == asked.by => {
                talk.stop.notify_one();
                None
            }
            Some(talk) => Some(ask::not_yours(&talk.by)),
            None => Some(ask::nothing_to_stop()),
        };
        if let Some(message) = answer {
            let key = EventKey(format!("{scope}/stop/{}", id.0));
            let event = Event::Replied { asked, message };
            self.put(Delivered { key, scope, at: self.clock.now(), event }).await?;
        }
        self.close(vec![(id, Outcome::Done { posted: None })]).await
    }

    /// Lets messages grow by what is new. Where one does not grow after all, it is edited at the end.
    pub(super) async fn grow(&mut self) {
        for (id, progress) in self.errands.take_news() {
            if let Some(talk) = self.talks.running.get_mut(&id) {
                talk.unsaid.push_str(&match progress {
                    Progress::Read(title) => ask::reading(title),
                    Progress::Said(sentence) => ask::spoken(&sentence),
                });
            }
        }
        let now = self.clock.now();
        for talk in self.talks.running.values_mut() {
            let is_due = talk.not_before.is_none_or(|at| at <= now);
            let Some(at) = talk.at.clone().filter(|_| is_due && !talk.unsaid.is_empty()) else { continue };
            let more = std::mem::take(&mut talk.unsaid);
            self.budget.one_more(&at.channel, Method::Update, now);
            let mut pause = EVERY;
            match self.chat.append_stream(&at, &more).await {
                Ok(()) => {}
                Err(ChatError::Limited { after_s }) => {
                    talk.unsaid.insert_str(0, &more);
                    pause = SignedDuration::from_secs(i64::try_from(after_s).unwrap_or(i64::MAX));
                }
                // Whether it says that now or not, in the end it says everything.
                Err(err @ ChatError::Unknown(_)) => tracing::info!("an answer may lack something for now: {err}"),
                Err(err @ ChatError::Refused(_)) => {
                    tracing::info!("an answer grows no more: {err}");
                    talk.at = None;
                }
            }
            talk.not_before = now.checked_add(pause).ok();
        }
    }
}

//! Jobs that take long and need nothing of the sender: they go on while messages are sent.

use super::Sender;
use crate::event::{Delivered, Event, EventKey};
use crate::intent::{IntentId, Outcome};
use crate::narrator::Progress;
use crate::ports::{Inbox, Store, StoreError};
use crate::pulse::Pulse;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::{self, JoinError, JoinSet};
use tools::model::{IncidentId, Spent};
use tools::ports::Clock;

/// What brings back what came of a job.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) store: Arc<dyn Store>,
    pub(super) inbox: Arc<dyn Inbox>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) pulse: Arc<Pulse>,
}

impl Desk {
    pub(super) async fn deliver(&self, key: EventKey, incident: IncidentId, event: Event) -> Result<(), StoreError> {
        let Some(state) = self.store.read(incident).await? else { return Ok(()) };
        self.put(Delivered { key, scope: state.scope, at: self.clock.now(), event }).await
    }

    pub(super) async fn put(&self, delivered: Delivered) -> Result<(), StoreError> {
        self.inbox.put(delivered).await?;
        self.pulse.beat();
        Ok(())
    }
}

/// That an errand ended.
#[derive(Debug)]
struct Ended {
    id: IntentId,
    end: End,
}

/// How.
#[derive(Debug)]
enum End {
    /// It came back: with what it took of the models, and whether its event is in the inbox.
    Came { spent: Spent, told: Result<(), StoreError> },
    /// A bug stopped it.
    Failed(String),
}

/// With what an errand comes back: what it took of the models, and whether its event is in the inbox.
type Came = (Spent, Result<(), StoreError>);

/// What is under way.
#[derive(Debug)]
pub(super) struct Errands {
    running: JoinSet<Came>,
    jobs: HashMap<task::Id, IntentId>,
    /// Ended, and not closed yet.
    ended: Vec<Ended>,
    /// How answers get on.
    told: UnboundedSender<(IntentId, Progress)>,
    news: UnboundedReceiver<(IntentId, Progress)>,
    /// What was heard of that and not passed on yet.
    heard: Vec<(IntentId, Progress)>,
}

impl Default for Errands {
    fn default() -> Self {
        let (told, news) = mpsc::unbounded_channel();
        Self { running: JoinSet::new(), jobs: HashMap::new(), ended: Vec::new(), told, news, heard: Vec::new() }
    }
}

impl Errands {
    /// Whether nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.ended.is_empty()
    }

    /// Sends somebody off.
    pub(super) fn send(&mut self, id: IntentId, errand: impl Future<Output = Came> + Send + 'static) {
        let handle = self.running.spawn(errand);
        self.jobs.insert(handle.id(), id);
    }

    /// The jobs that are under way.
    pub(super) fn jobs(&self) -> impl Iterator<Item = IntentId> {
        self.jobs.values().copied()
    }

    /// Returns when one ends, or gets on.
    pub(super) async fn one_ends(&mut self) {
        if !self.ended.is_empty() {
            return;
        }
        tokio::select! {
            Some(joined) = self.running.join_next_with_id() => self.note(joined),
            Some(news) = self.news.recv() => self.heard.push(news),
            else => {}
        }
    }

    /// Where somebody tells how they get on.
    pub(super) fn ear(&self) -> UnboundedSender<(IntentId, Progress)> {
        self.told.clone()
    }

    /// How they got on since they were asked last.
    pub(super) fn take_news(&mut self) -> Vec<(IntentId, Progress)> {
        while let Ok(news) = self.news.try_recv() {
            self.heard.push(news);
        }
        std::mem::take(&mut self.heard)
    }

    fn note(&mut self, joined: Result<(task::Id, Came), JoinError>) {
        let (task, end) = match joined {
            Ok((task, (spent, told))) => (task, End::Came { spent, told }),
            Err(err) => (err.id(), End::Failed(err.to_string())),
        };
        self.ended.extend(self.jobs.remove(&task).map(|id| Ended { id, end }));
    }

    fn take_ended(&mut self) -> Vec<Ended> {
        while let Some(joined) = self.running.try_join_next_with_id() {
            self.note(joined);
        }
        std::mem::take(&mut self.ended)
    }
}

impl Sender {
    /// Closes what has ended meanwhile.
    pub(super) async fn end_errands(&mut self) -> Result<(), StoreError> {
        for Ended { id, end } in self.errands.take_ended() {
            self.talks.end(id);
            match end {
                End::Came { spent, told } => {
                    self.budget.spent_on_models(&spent, self.clock.now());
                    match told {
                        Ok(()) => self.close(vec![(id, Outcome::Done { posted: None })]).await?,
                        Err(err) => {
                            tracing::error!(job = id.0, "what came of it is not in the inbox: {err}");
                            self.backlog.again(id);
                        }
                    }
                }
                End::Failed(error) => {
                    tracing::error!(job = id.0, "a job failed on the way: {error}");
                    self.close(vec![(id, Outcome::Refused { error })]).await?;
                }
            }
        }
        Ok(())
    }
}

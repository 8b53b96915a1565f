//! What the bot keeps, and where it waits: [`Store`] and [`Inbox`]. Embedded they are one redb file; on AWS DynamoDB and SQS.

use crate::event::{Delivered, EventKey};
use crate::intent::{Intent, IntentId, Outcome, Pending};
use async_trait::async_trait;
use jiff::Timestamp;
use std::fmt::Debug;
use tools::model::{Incident, IncidentId, Record, ScopeId};

/// Why the store or the inbox did not answer. Always ours, never the user's fault.
#[derive(Debug, thiserror::Error)]
#[error("the store failed: {0}")]
pub struct StoreError(pub String);

/// One transaction: facts, the key of the event they come from, and the intents they cause. All or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Append {
    /// The scope the event belongs to.
    pub scope: ScopeId,
    /// The key of the event: a second append with the same key changes nothing.
    pub key: EventKey,
    /// The incident and its new facts, if the event made any.
    pub log: Option<Log>,
    /// What the facts cause outside.
    pub intents: Vec<Intent>,
    /// The moment of the event.
    pub at: Timestamp,
}

/// New facts of one incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// The facts, the first with version `incident.version + 1` of what was loaded.
    pub records: Vec<Record>,
    /// The incident after them; stored as a snapshot where the store sees fit.
    pub after: Incident,
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is stored.
    Done,
    /// The event was handled before: nothing was stored.
    KnownEvent,
    /// Another append came first: load again and decide again.
    Conflict,
}

/// What is known of a scope without reading its incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeIndex {
    /// Incidents with an alarm since the asked-for time, the most recent first.
    pub recent: Vec<IncidentId>,
    /// The id a new incident would get.
    pub next: IncidentId,
}

/// What a sender gets of the outbox.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// Every intent that is not closed, oldest first. No other sender gets any until this one rests or falls silent.
    Open(Vec<Pending>),
    /// Another sender is at it.
    Busy {
        /// When it is worth asking again.
        ask_again: Timestamp,
    },
}

/// Streams of facts with an outbox beside them.
#[async_trait]
pub trait Store: Debug + Send + Sync {
    /// Stores all of `append` or nothing of it.
    async fn append(&self, append: Append) -> Result<Appended, StoreError>;

    /// An incident: snapshot and tail, folded.
    async fn read(&self, incident: IncidentId) -> Result<Option<Incident>, StoreError>;

    /// What is known of a scope, incidents silent since before `since` left out.
    async fn index(&self, scope: &ScopeId, since: Timestamp) -> Result<ScopeIndex, StoreError>;

    /// Every intent that is not closed, each marked as taken; or the word that another sender is at them. An intent that
    /// was taken before, by another sender or before a crash, may already have had its effect: it says so.
    async fn outbox_take(&self, now: Timestamp) -> Result<Taken, StoreError>;

    /// Closes intents, with what became of them. With nothing to close, the sender rests: another may take what is left.
    async fn outbox_done(&self, closed: Vec<(IntentId, Outcome)>, now: Timestamp) -> Result<(), StoreError>;
}

/// Where events wait for their scope's worker. Durable: what was put is handled, also after a crash.
#[async_trait]
pub trait Inbox: Debug + Send + Sync {
    /// Puts an event. It counts as accepted once this returns.
    async fn put(&self, delivered: Delivered) -> Result<(), StoreError>;

    /// The oldest event that waits, in order within its scope. It stays until it is done.
    async fn take(&self) -> Result<Option<Delivered>, StoreError>;

    /// Removes an event that was handled.
    async fn done(&self, key: &EventKey) -> Result<(), StoreError>;
}

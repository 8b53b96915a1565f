//! What the bot keeps, and where it waits: [`Store`] and [`Inbox`]. Embedded they are one redb file; on AWS DynamoDB and SQS.

use crate::event::{Delivered, EventKey};
use crate::intent::{Intent, IntentId, Outcome, Pending};
use crate::outbox::Budget;
use crate::settings::Settings;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use std::fmt::Debug;
use tools::model::{Change, Incident, IncidentId, Kinship, Link, Record, ScopeId};

/// How long a change is kept: long enough for the incidents it may explain. Changes are no facts, so they may go.
pub const CHANGE_MEMORY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Changes that one look at a scope returns at most, the latest of them: nobody weighs more.
pub const MOST_CHANGES: usize = 1000;

/// Words of people on which alarms belong together that one look at a scope returns at most, the latest of them.
pub const MOST_KINSHIPS: usize = 100;

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
    /// Changes the event tells of; they belong to the scope, not to an incident.
    pub changes: Vec<Change>,
    /// What a person said of which alarms belong together; that belongs to the scope, too.
    pub kinship: Option<Kinship>,
    /// What a person set for the scope. It follows what is set by its version, or is a conflict.
    pub settings: Option<Settings>,
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

impl Log {
    /// Whether its facts follow the one whose link is `before`. A fact whose link does not follow is never stored.
    ///
    /// # Errors
    /// The facts do not follow each other. That is ours: nobody else has touched them yet.
    pub fn follows(&self, before: Link) -> Result<bool, StoreError> {
        let Some((first, rest)) = self.records.split_first() else { return Ok(true) };
        let mut head = first.link;
        for record in rest {
            record.check(head).map_err(StoreError)?;
            head = record.link;
        }
        if head != self.after.head {
            return Err(StoreError(format!(
                "what {} is after its new facts has another link than they",
                self.after.id
            )));
        }
        Ok(first.check(before).is_ok())
    }
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

/// How far back a look at a scope goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookback {
    /// Incidents with an alarm since then.
    pub incidents: Timestamp,
    /// Changes that took effect since then; none for whoever does not need them, and pays nothing for them.
    pub changes: Option<Timestamp>,
}

impl Lookback {
    /// The incidents since then, and no changes.
    pub fn incidents(since: Timestamp) -> Self {
        Self { incidents: since, changes: None }
    }

    /// The changes since then, and no incidents.
    pub fn changes(since: Timestamp) -> Self {
        Self { incidents: Timestamp::MAX, changes: Some(since) }
    }
}

/// What is known of a scope without reading its incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeIndex {
    /// Incidents with an alarm since the asked-for time, the most recent first.
    pub recent: Vec<IncidentId>,
    /// The id a new incident would get.
    pub next: IncidentId,
    /// The changes since the asked-for time, oldest first, the [`MOST_CHANGES`] latest of them. Where there are none, the
    /// last one before, so that a scope in which nothing was changed can be told from one that no change ever reached.
    /// Refused calls are among them. Empty for whoever did not ask.
    pub changes: Vec<Change>,
}

/// What a sender gets of the outbox.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// Its turn begins. Whatever it had before may be closed by now. No other sender gets anything until this one rests or
    /// falls silent.
    Anew {
        /// Every intent that is not closed, oldest first.
        open: Vec<Pending>,
        /// What was left of the budget when it was last written down.
        budget: Box<Budget>,
    },
    /// Its turn goes on: what was stored since, oldest first.
    More(Vec<Pending>),
    /// Another sender is at it.
    Busy {
        /// When it is worth asking again.
        ask_again: Timestamp,
    },
}

/// What people told of a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Which alarms belong together, the newest word first.
    pub kinships: Vec<Kinship>,
    /// What is set.
    pub settings: Settings,
}

/// Streams of facts with an outbox beside them.
#[async_trait]
pub trait Store: Debug + Send + Sync {
    /// Stores all of `append` or nothing of it. Facts that do not follow the stored ones, by version or by link, are a
    /// conflict; facts that do not follow each other are an error.
    async fn append(&self, append: Append) -> Result<Appended, StoreError>;

    /// An incident: snapshot and tail, folded.
    async fn read(&self, incident: IncidentId) -> Result<Option<Incident>, StoreError>;

    /// What is known of a scope, as far back as `back` says.
    async fn index(&self, scope: &ScopeId, back: Lookback) -> Result<ScopeIndex, StoreError>;

    /// What people told of a scope: its settings, and which alarms belong together, of that what they said within
    /// [`KINSHIP_MEMORY`](tools::model::KINSHIP_MEMORY) before `now`, and no more than [`MOST_KINSHIPS`].
    async fn told(&self, scope: &ScopeId, now: Timestamp) -> Result<Told, StoreError>;

    /// What a sender that has every open intent up to `newest` does not have yet, each marked as taken; everything for one that
    /// has nothing; or the word that another sender is at them. An intent that was taken before, by another sender or before
    /// a crash, may already have had its effect: it says so. A store has one sender in each process.
    async fn outbox_take(&self, now: Timestamp, newest: Option<IntentId>) -> Result<Taken, StoreError>;

    /// Closes intents, with what became of them, and writes down what is left of the budget, if that is news. With nothing to
    /// close, the sender rests: another may take what is left.
    async fn outbox_done(
        &self,
        closed: Vec<(IntentId, Outcome)>,
        budget: Option<&Budget>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}

/// The facts as they were written, for whoever checks them: see [`crate::audit`]. Nothing is changed by looking.
#[async_trait]
pub trait Archive: Debug + Send + Sync {
    /// The last number given out to an incident; 0 before the first. Each number up to it has facts.
    async fn last(&self) -> Result<u64, StoreError>;

    /// The records of an incident in their order, each as the JSON that was stored: read, but not interpreted.
    async fn records(&self, incident: IncidentId) -> Result<Vec<String>, StoreError>;
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

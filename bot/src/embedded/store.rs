//! One redb database behind [`Store`] and [`Inbox`]. Every method is one transaction.
//!
//! | table | key | value |
//! |---|---|---|
//! | `facts` | (incident, version) | the record |
//! | `snapshots` | incident | the incident after some version |
//! | `recent` | (scope, last alarm in µs, incident) | nothing; the order is the point |
//! | `last_alarm` | incident | µs, to find its row in `recent` again |
//! | `changes` | (scope, when it took effect in µs, event key, number within the event) | the change |
//! | `kinships` | (scope, when it was said in µs, event key) | what a person said of which alarms belong together |
//! | `settings` | scope | what a person set |
//! | `events` | event key | when it was handled |
//! | `outbox` | intent | the intent, and which session took it |
//! | `posted` | message name | channel and `ts` |
//! | `budget` | nothing | what is left of the calls to Slack |
//! | `inbox` | arrival | the event |
//! | `waiting` | event key | its arrival |
//! | `counters` | name | last number given out |

use super::AnyError;
use crate::event::{Delivered, EventKey, MessageRef};
use crate::intent::{Intent, IntentId, MessageName, Outcome, Pending};
use crate::memory::{Memory, deserves_snapshot};
use crate::outbox::Budget;
use crate::ports::{
    Append, Appended, CHANGE_MEMORY, Inbox, Log, Lookback, MOST_CHANGES, MOST_KINSHIPS, ScopeIndex, Store, StoreError,
    Taken, Told,
};
use crate::settings::Settings;
use async_trait::async_trait;
use jiff::Timestamp;
use redb::backends::InMemoryBackend;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use tools::model::{Change, Incident, IncidentId, KINSHIP_MEMORY, Kinship, Link, Record, ScopeId};

pub(super) const FACTS: TableDefinition<'_, (u64, u64), &[u8]> = TableDefinition::new("facts");
const SNAPSHOTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("snapshots");
const RECENT: TableDefinition<'_, (&str, i64, u64), ()> = TableDefinition::new("recent");
const LAST_ALARM: TableDefinition<'_, u64, i64> = TableDefinition::new("last_alarm");
const CHANGES: TableDefinition<'_, (&str, i64, &str, u64), &[u8]> = TableDefinition::new("changes");
const KINSHIPS: TableDefinition<'_, (&str, i64, &str), &[u8]> = TableDefinition::new("kinships");
const SETTINGS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("settings");
const EVENTS: TableDefinition<'_, &str, i64> = TableDefinition::new("events");
const OUTBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox");
const POSTED: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("posted");
const BUDGET: TableDefinition<'_, (), &[u8]> = TableDefinition::new("budget");
const INBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("inbox");
const WAITING: TableDefinition<'_, &str, u64> = TableDefinition::new("waiting");
pub(super) const COUNTERS: TableDefinition<'_, &str, u64> = TableDefinition::new("counters");

/// The store and the inbox of one machine.
#[derive(Clone, Debug)]
pub struct Embedded {
    database: Arc<Database>,
    /// The file is open once, so what was written is what is there.
    memory: Arc<Memory>,
    /// Which opening of the file this is. Intents taken by an earlier one may already have had their effect.
    session: u64,
}

/// An intent in the `outbox` table.
#[derive(Serialize, Deserialize)]
struct Row {
    stored_at: Timestamp,
    intent: Intent,
    taken_by: Option<u64>,
}

impl Embedded {
    /// Opens the database at `path`, or makes it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Database::create(path).map_err(Into::into).and_then(Self::begin).map_err(|err: AnyError| {
            StoreError(format!("{} cannot be opened: {err}. Is another `clarity` using it?", path.display()))
        })
    }

    /// A database that is gone with the process.
    pub fn in_memory() -> Self {
        let database = Database::builder().create_with_backend(InMemoryBackend::new());
        database.map_err(Into::into).and_then(Self::begin).expect("memory does not fail to open")
    }

    /// Makes all tables, so that reading never meets a missing one, and counts the session.
    fn begin(database: Database) -> Result<Self, AnyError> {
        let write = database.begin_write()?;
        write.open_table(FACTS)?;
        write.open_table(SNAPSHOTS)?;
        write.open_table(RECENT)?;
        write.open_table(LAST_ALARM)?;
        write.open_table(CHANGES)?;
        write.open_table(KINSHIPS)?;
        write.open_table(SETTINGS)?;
        write.open_table(EVENTS)?;
        write.open_table(OUTBOX)?;
        write.open_table(POSTED)?;
        write.open_table(BUDGET)?;
        write.open_table(INBOX)?;
        write.open_table(WAITING)?;
        let session = next(&write, "session")?;
        write.commit()?;
        Ok(Self { database: Arc::new(database), memory: Arc::default(), session })
    }

    /// Runs `work` where blocking is allowed: a commit waits for the disk.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Database) -> Result<T, AnyError> + Send + 'static,
    {
        let database = Arc::clone(&self.database);
        match tokio::task::spawn_blocking(move || work(&database)).await {
            Ok(done) => done.map_err(|err| StoreError(err.to_string())),
            // Nobody cancels this work but a runtime that is going away, and then nobody waits for the answer either: it
            // must not be told as a failure of the store.
            Err(err) if err.is_cancelled() => std::future::pending().await,
            Err(err) => Err(StoreError(err.to_string())),
        }
    }
}

/// Gives out the next number of a counter, 1 first.
fn next(write: &WriteTransaction, counter: &str) -> Result<u64, AnyError> {
    let mut counters = write.open_table(COUNTERS)?;
    let number = counters.get(counter)?.map_or(0, |row| row.value()) + 1;
    counters.insert(counter, number)?;
    Ok(number)
}

fn put<K: redb::Key>(
    table: &mut Table<'_, K, &[u8]>,
    key: K::SelfType<'_>,
    value: &impl Serialize,
) -> Result<(), AnyError> {
    table.insert(key, serde_json::to_vec(value)?.as_slice())?;
    Ok(())
}

#[async_trait]
impl Store for Embedded {
    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        let store = self.clone();
        self.run(move |database| {
            let write = database.begin_write()?;
            let mut events = write.open_table(EVENTS)?;
            if events.get(append.key.0.as_str())?.is_some() {
                return Ok(Appended::KnownEvent);
            }
            events.insert(append.key.0.as_str(), append.at.as_microsecond())?;
            drop(events);
            if let Some(log) = &append.log
                && !write_log(&write, &append.scope, log)?
            {
                return Ok(Appended::Conflict);
            }
            if !write_settings(&write, &append)? {
                return Ok(Appended::Conflict);
            }
            write_changes(&write, &append)?;
            write_kinship(&write, &append)?;
            for intent in append.intents {
                let id = next(&write, "intent")?;
                let row = Row { stored_at: append.at, intent, taken_by: None };
                put(&mut write.open_table(OUTBOX)?, id, &row)?;
            }
            write.commit()?;
            if let Some(log) = append.log {
                store.memory.keep(log.after);
            }
            Ok(Appended::Done)
        })
        .await
    }

    async fn read(&self, incident: IncidentId) -> Result<Option<Incident>, StoreError> {
        let known = self.memory.get(incident);
        if known.is_some() {
            return Ok(known);
        }
        self.run(move |database| {
            let read = database.begin_read()?;
            let snapshot = read.open_table(SNAPSHOTS)?.get(incident.0)?;
            let mut state: Option<Incident> = match snapshot {
                Some(bytes) => Some(serde_json::from_slice(bytes.value())?),
                None => None,
            };
            let from = state.as_ref().map_or(1, |incident| incident.version + 1);
            for row in read.open_table(FACTS)?.range((incident.0, from)..=(incident.0, u64::MAX))? {
                let record: Record = serde_json::from_slice(row?.1.value())?;
                state = Some(Incident::fold(state, &record)?);
            }
            Ok(state)
        })
        .await
    }

    async fn index(&self, scope: &ScopeId, back: Lookback) -> Result<ScopeIndex, StoreError> {
        let scope = scope.clone();
        self.run(move |database| {
            let read = database.begin_read()?;
            let table = read.open_table(RECENT)?;
            let since = back.incidents.as_microsecond();
            let rows = table.range((scope.0.as_str(), since, 0)..=(scope.0.as_str(), i64::MAX, u64::MAX))?;
            let mut recent = Vec::new();
            for row in rows.rev() {
                let (_, _, incident) = row?.0.value();
                recent.push(IncidentId(incident));
            }
            let last = read.open_table(COUNTERS)?.get("incident")?.map_or(0, |row| row.value());
            let changes = match back.changes {
                Some(since) => read_changes(&read, &scope, since)?,
                None => Vec::new(),
            };
            Ok(ScopeIndex { recent, next: IncidentId(last + 1), changes })
        })
        .await
    }

    async fn told(&self, scope: &ScopeId, now: Timestamp) -> Result<Told, StoreError> {
        let scope = scope.clone();
        let since = now.saturating_sub(KINSHIP_MEMORY).unwrap_or(Timestamp::MIN).as_microsecond();
        self.run(move |database| {
            let read = database.begin_read()?;
            let table = read.open_table(KINSHIPS)?;
            let rows = table.range((scope.0.as_str(), since, "")..(scope.0.as_str(), i64::MAX, ""))?;
            let rows = rows.rev().take(MOST_KINSHIPS);
            let kinships: Vec<Kinship> =
                rows.map(|row| Ok(serde_json::from_slice(row?.1.value())?)).collect::<Result<_, AnyError>>()?;
            let set = read.open_table(SETTINGS)?.get(scope.0.as_str())?;
            let settings = set.map(|bytes| serde_json::from_slice(bytes.value())).transpose()?.unwrap_or_default();
            Ok(Told { kinships, settings })
        })
        .await
    }

    /// A file is open once, and a process has one sender: it is never busy.
    async fn outbox_take(&self, _now: Timestamp, newest: Option<IntentId>) -> Result<Taken, StoreError> {
        let session = self.session;
        self.run(move |database| {
            let mut taken = Vec::new();
            let mut fresh = Vec::new();
            let mut budget = Budget::default();
            {
                let read = database.begin_read()?;
                let posted = read.open_table(POSTED)?;
                if newest.is_none()
                    && let Some(bytes) = read.open_table(BUDGET)?.get(())?
                {
                    budget = serde_json::from_slice(bytes.value())?;
                }
                // Ids grow with the commits here: what is new has a greater one.
                let first = newest.map_or(0, |IntentId(newest)| newest + 1);
                for row in read.open_table(OUTBOX)?.range(first..)? {
                    let (id, bytes) = row?;
                    let row: Row = serde_json::from_slice(bytes.value())?;
                    if row.taken_by != Some(session) {
                        fresh.push(id.value());
                    }
                    let message = |name: Option<&MessageName>| -> Result<Option<MessageRef>, AnyError> {
                        let Some(MessageName(name)) = name else { return Ok(None) };
                        let bytes = posted.get(name.as_str())?;
                        Ok(bytes.map(|bytes| serde_json::from_slice(bytes.value())).transpose()?)
                    };
                    taken.push(Pending {
                        id: IntentId(id.value()),
                        stored_at: row.stored_at,
                        taken_before: row.taken_by.is_some_and(|by| by != session),
                        posted: message(row.intent.shows())?,
                        thread: message(row.intent.under())?,
                        intent: row.intent,
                    });
                }
            }
            if !fresh.is_empty() {
                let write = database.begin_write()?;
                {
                    let mut outbox = write.open_table(OUTBOX)?;
                    for id in fresh {
                        let row =
                            outbox.get(id)?.map(|bytes| serde_json::from_slice::<Row>(bytes.value())).transpose()?;
                        if let Some(mut row) = row {
                            row.taken_by = Some(session);
                            put(&mut outbox, id, &row)?;
                        }
                    }
                }
                write.commit()?;
            }
            Ok(if newest.is_none() {
                Taken::Anew { open: taken, budget: Box::new(budget) }
            } else {
                Taken::More(taken)
            })
        })
        .await
    }

    async fn outbox_done(
        &self,
        closed: Vec<(IntentId, Outcome)>,
        budget: Option<&Budget>,
        _now: Timestamp,
    ) -> Result<(), StoreError> {
        if closed.is_empty() && budget.is_none() {
            return Ok(());
        }
        let budget = budget.cloned();
        self.run(move |database| {
            let write = database.begin_write()?;
            {
                if let Some(budget) = budget {
                    put(&mut write.open_table(BUDGET)?, (), &budget)?;
                }
                let mut outbox = write.open_table(OUTBOX)?;
                let mut names = write.open_table(POSTED)?;
                for (id, outcome) in closed {
                    outbox.remove(id.0)?;
                    if let Outcome::Done { posted: Some((MessageName(name), message)) } = outcome {
                        put::<&str>(&mut names, name.as_str(), &message)?;
                    }
                }
            }
            write.commit()?;
            Ok(())
        })
        .await
    }
}

/// Appends facts if they follow what is stored; otherwise writes nothing and says no.
fn write_log(write: &WriteTransaction, scope: &ScopeId, log: &Log) -> Result<bool, AnyError> {
    let id = log.after.id.0;
    let Some(first) = log.records.first() else { return Ok(true) };
    let mut facts = write.open_table(FACTS)?;
    let (stored, head) = match facts.range((id, 0)..=(id, u64::MAX))?.next_back().transpose()? {
        Some((key, bytes)) => (key.value().1, tools::audit::head(std::str::from_utf8(bytes.value())?)?.1),
        None => (0, Link::before_all(log.after.id)),
    };
    if first.version != stored + 1 || !log.follows(head).map_err(|StoreError(problem)| problem)? {
        return Ok(false);
    }
    if stored == 0 && next(write, "incident")? != id {
        return Ok(false);
    }
    for record in &log.records {
        put(&mut facts, (id, record.version), record)?;
    }
    if deserves_snapshot(stored, log.after.version) {
        put(&mut write.open_table(SNAPSHOTS)?, id, &log.after)?;
    }
    let mut last_alarm = write.open_table(LAST_ALARM)?;
    let mut recent = write.open_table(RECENT)?;
    let at = log.after.last_sign_at().as_microsecond();
    if let Some(before) = last_alarm.insert(id, at)? {
        recent.remove((scope.0.as_str(), before.value(), id))?;
    }
    recent.insert((scope.0.as_str(), at, id), ())?;
    Ok(true)
}

/// Keeps the changes of an append, and lets go of those of its scope that are too old to explain anything.
fn write_changes(write: &WriteTransaction, append: &Append) -> Result<(), AnyError> {
    if append.changes.is_empty() {
        return Ok(());
    }
    let mut table = write.open_table(CHANGES)?;
    let scope = append.scope.0.as_str();
    for (number, change) in (0..).zip(&append.changes) {
        let row = serde_json::to_vec(change)?;
        table.insert((scope, change.at.as_microsecond(), append.key.0.as_str(), number), row.as_slice())?;
    }
    let forgotten = append.at.saturating_sub(CHANGE_MEMORY).unwrap_or(Timestamp::MIN).as_microsecond();
    table.retain_in((scope, i64::MIN, "", 0)..(scope, forgotten, "", 0), |_, _| false)?;
    Ok(())
}

/// Keeps what somebody said, and lets go of what is too old to count.
fn write_kinship(write: &WriteTransaction, append: &Append) -> Result<(), AnyError> {
    let Some(kinship) = &append.kinship else { return Ok(()) };
    let mut table = write.open_table(KINSHIPS)?;
    let scope = append.scope.0.as_str();
    let row = serde_json::to_vec(kinship)?;
    table.insert((scope, kinship.at.as_microsecond(), append.key.0.as_str()), row.as_slice())?;
    let forgotten = append.at.saturating_sub(KINSHIP_MEMORY).unwrap_or(Timestamp::MIN).as_microsecond();
    table.retain_in((scope, i64::MIN, "")..(scope, forgotten, ""), |_, _| false)?;
    Ok(())
}

/// Keeps what somebody set, if it follows what is set; otherwise writes nothing and says no.
fn write_settings(write: &WriteTransaction, append: &Append) -> Result<bool, AnyError> {
    let Some(settings) = &append.settings else { return Ok(true) };
    let mut table = write.open_table(SETTINGS)?;
    let set = table.get(append.scope.0.as_str())?.map(|bytes| serde_json::from_slice::<Settings>(bytes.value()));
    let version = set.transpose()?.map_or(0, |set| set.version);
    if settings.version != version + 1 {
        return Ok(false);
    }
    put::<&str>(&mut table, append.scope.0.as_str(), settings)?;
    Ok(true)
}

/// The changes of a scope since `since`, oldest first, or the last one before.
fn read_changes(read: &ReadTransaction, scope: &ScopeId, since: Timestamp) -> Result<Vec<Change>, AnyError> {
    let table = read.open_table(CHANGES)?;
    let scope = scope.0.as_str();
    let since = (scope, since.as_microsecond(), "", 0);
    let mut changes = Vec::new();
    for row in table.range(since..(scope, i64::MAX, "", 0))?.rev().take(MOST_CHANGES) {
        changes.push(serde_json::from_slice(row?.1.value())?);
    }
    if changes.is_empty()
        && let Some(row) = table.range((scope, i64::MIN, "", 0)..since)?.next_back()
    {
        changes.push(serde_json::from_slice(row?.1.value())?);
    }
    changes.reverse();
    Ok(changes)
}

#[async_trait]
impl Inbox for Embedded {
    async fn put(&self, delivered: Delivered) -> Result<(), StoreError> {
        self.run(move |database| {
            let write = database.begin_write()?;
            let key = delivered.key.0.as_str();
            {
                let mut waiting = write.open_table(WAITING)?;
                if waiting.get(key)?.is_some() || write.open_table(EVENTS)?.get(key)?.is_some() {
                    return Ok(());
                }
                let arrival = next(&write, "arrival")?;
                waiting.insert(key, arrival)?;
                put(&mut write.open_table(INBOX)?, arrival, &delivered)?;
            }
            write.commit()?;
            Ok(())
        })
        .await
    }

    async fn take(&self) -> Result<Option<Delivered>, StoreError> {
        self.run(|database| {
            let read = database.begin_read()?;
            let inbox = read.open_table(INBOX)?;
            let first = inbox.first()?;
            Ok(first.map(|(_, bytes)| serde_json::from_slice(bytes.value())).transpose()?)
        })
        .await
    }

    async fn done(&self, key: &EventKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.run(move |database| {
            let write = database.begin_write()?;
            {
                let arrival = write.open_table(WAITING)?.remove(key.0.as_str())?.map(|row| row.value());
                if let Some(arrival) = arrival {
                    write.open_table(INBOX)?.remove(arrival)?;
                }
            }
            write.commit()?;
            Ok(())
        })
        .await
    }
}

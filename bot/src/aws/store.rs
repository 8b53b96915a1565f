//! One DynamoDB table behind [`Store`]. Its key is `PK` and `SK`, both strings; `ttl` is its time-to-live attribute.
//!
//! | `PK` | `SK` | attributes |
//! |---|---|---|
//! | `INC#7` | `HEAD` | `version` and `link` of the last fact, its `scope`, `last_alarm` in µs: what every append is conditional on |
//! | `INC#7` | `FACT#<version>` | `body`: the record |
//! | `INC#7` | `SNAPSHOT` | `version`, `body`: the incident after it; a shortcut, written apart and never needed |
//! | `SCOPE#prod` | `RECENT#<last alarm>#<incident>` | nothing; the order is the point |
//! | `SCOPE#prod` | `CHANGE#<took effect>#<event key>#<number>` | `body`: the change; `ttl` lets it go after [`CHANGE_MEMORY`] |
//! | `SCOPE#prod` | `KIN#<said at>#<event key>` | `body`: what a person said of which alarms belong together; `ttl` lets it go after [`KINSHIP_MEMORY`] |
//! | `SCOPE#prod` | `SETTINGS` | `version`, `body`: what a person set |
//! | `EVENT#<event key>` | `EVENT` | `handled_at`; `ttl` lets it go after [`EVENT_MEMORY`] |
//! | `OUTBOX` | `INTENT#<id>` | `stored_at`, `body`: the intent, `taken_by`: the session that took it |
//! | `OUTBOX` | `LEASE` | `holder`: the session that sends or sent last, `until` in ms: 0 once it rests |
//! | `OUTBOX` | `BUDGET` | `body`: what is left of the calls to Slack |
//! | `MESSAGE#<message name>` | `MESSAGE` | `body`: its channel and `ts` |
//! | `COUNTER` | `INCIDENT`, `INTENT` | `last` number given out |
//!
//! Numbers in `SK` are padded to 20 digits, so that they sort. Bodies are JSON. What the next event must see is read with
//! strong consistency. Facts, the event's key, the intents, the number of a new incident and its place among the recent
//! ones are one transaction, conditional on the version that was decided upon.
//!
//! What a call to Slack costs here: one transaction that deletes its intents and writes the budget beside them, which is two write
//! units more than without it (its row is some 200 bytes for each channel that spoke in the last minute), and no request more.
//! The budget is read once a turn. A query of the outbox reads what was stored since the one before.

mod outbox;

use self::outbox::{Acquired, LEASE, MARKED_AT_ONCE, Turn};
use super::item::{
    Item, body, broken, change, key, kin, number, of_event, of_incident, of_message, of_scope, read_body, read_number,
    read_text, recent, sortable, text,
};
use crate::intent::{IntentId, Outcome};
use crate::memory::{Memory, deserves_snapshot};
use crate::outbox::Budget;
use crate::ports::{
    Append, Appended, CHANGE_MEMORY, Log, Lookback, MOST_CHANGES, MOST_KINSHIPS, ScopeIndex, Store, StoreError, Taken,
    Told,
};
use crate::settings::Settings;
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, Put, ReturnValue, TransactWriteItem, Update};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;
use tools::aws::{SdkConfig, explain};
use tools::model::{Change, Incident, IncidentId, KINSHIP_MEMORY, Link, Record, ScopeId};

/// DynamoDB takes items of 400 KB, names and keys included.
const MAX_BODY: usize = 390_000;

/// DynamoDB takes so many items in one transaction.
const MAX_TRANSACTION: usize = 100;

/// `BatchGetItem` answers for so many keys.
const MAX_BATCH: usize = 100;

/// How long an event's key is remembered. EventBridge tries for a day, SQS keeps for two weeks at most.
const EVENT_MEMORY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The store on DynamoDB.
#[derive(Debug)]
pub struct DynamoStore {
    client: Client,
    table: String,
    /// Which process this is. Intents taken by another one may already have had their effect.
    session: String,
    /// Our turn at the outbox. A std mutex: nothing is awaited while it is held.
    turn: Mutex<Turn>,
    /// Other processes append, too: what is known here is read on from.
    memory: Memory,
}

impl DynamoStore {
    /// A store on `table`, which exists (`infra/` makes it).
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        let random = || RandomState::new().hash_one("session");
        Self {
            client: Client::new(config),
            table: table.into(),
            session: format!("{:016x}{:016x}", random(), random()),
            turn: Mutex::default(),
            memory: Memory::default(),
        }
    }

    async fn get(&self, pk: String, sk: &str) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key(pk, sk))).consistent_read(true);
        let answer = get.send().await.map_err(|err| failed("GetItem", &err))?;
        Ok(answer.item)
    }

    /// The items of `pk` from one `sk` to another, as a query that is not sent yet.
    fn range(&self, pk: String, from: String, to: String, forward: bool) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :pk AND SK BETWEEN :from AND :to")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to))
            .scan_index_forward(forward)
            .consistent_read(true)
    }

    /// Every item of `pk` from one `sk` to another.
    pub(super) async fn query(
        &self,
        pk: String,
        from: String,
        to: String,
        forward: bool,
    ) -> Result<Vec<Item>, StoreError> {
        let items = self.range(pk, from, to, forward).into_paginator().items().send();
        items.collect::<Result<Vec<_>, _>>().await.map_err(|err| failed("Query", &err))
    }

    /// The changes of a scope since `since`, oldest first, or the last one before.
    async fn changes(&self, scope: &ScopeId, since: Timestamp) -> Result<Vec<Change>, StoreError> {
        let since = format!("CHANGE#{}", sortable(since));
        let mut rows = self.last_of(of_scope(scope), since.clone(), "CHANGE#~".to_owned(), MOST_CHANGES).await?;
        if rows.is_empty() {
            // `BETWEEN` includes its end, and no change's key is that: an event key follows the moment.
            rows = self.last_of(of_scope(scope), "CHANGE#".to_owned(), since, 1).await?;
        }
        rows.iter().rev().map(read_body).collect()
    }

    /// The last items of `pk` from one `sk` to another, at most `most` of them, the last first.
    async fn last_of(&self, pk: String, from: String, to: String, most: usize) -> Result<Vec<Item>, StoreError> {
        let query = self.range(pk, from, to, false).limit(i32::try_from(most).unwrap_or(i32::MAX));
        let mut items = query.into_paginator().items().send();
        let mut found = Vec::new();
        while found.len() < most {
            let Some(item) = items.next().await else { break };
            found.push(item.map_err(|err| failed("Query", &err))?);
        }
        Ok(found)
    }

    pub(super) async fn counter(&self, name: &str) -> Result<u64, StoreError> {
        let item = self.get("COUNTER".to_owned(), name).await?;
        item.map_or(Ok(0), |item| read_number(&item, "last"))
    }

    /// Gives out `count` numbers in a row; returns the first. Numbers whose append fails are never used. An incident's
    /// intents grow over time all the same: whoever appends later has read the earlier append first.
    async fn take_intent_ids(&self, count: usize) -> Result<u64, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key("COUNTER".to_owned(), "INTENT")))
            .update_expression("ADD #last :count")
            .expression_attribute_names("#last", "last")
            .expression_attribute_values(":count", number(count))
            .return_values(ReturnValue::UpdatedNew);
        let answer = update.send().await.map_err(|err| failed("UpdateItem", &err))?;
        let last: u64 = read_number(&answer.attributes.unwrap_or_default(), "last")?;
        Ok(last + 1 - count as u64)
    }

    /// Keeps a shortcut for the next load. Facts are enough without it, so that a failure is only told.
    async fn keep_snapshot(&self, incident: &Incident) {
        let body = match serde_json::to_string(incident) {
            Ok(body) if body.len() <= MAX_BODY => body,
            Ok(body) => {
                tracing::info!(
                    "{} is too large for a snapshot ({} bytes): it is read from its facts",
                    incident.id,
                    body.len()
                );
                return;
            }
            Err(err) => {
                tracing::warn!("{} cannot be written as a snapshot: {err}", incident.id);
                return;
            }
        };
        let mut item = key(of_incident(incident.id), "SNAPSHOT");
        item.insert("version".to_owned(), number(incident.version));
        item.insert("body".to_owned(), text(body));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(PK) OR #version < :version")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":version", number(incident.version));
        if let Err(err) = put.send().await
            && !is_refused(&err)
        {
            tracing::warn!("the snapshot of {} was not stored: {}", incident.id, explain(&err));
        }
    }

    /// A put that fails if the item is there.
    fn insert(&self, item: Item) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(PK)");
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    fn put(&self, item: Item) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    fn delete(&self, key: Item) -> Result<TransactWriteItem, BuildError> {
        let delete = Delete::builder().table_name(&self.table).set_key(Some(key));
        Ok(TransactWriteItem::builder().delete(delete.build()?).build())
    }

    /// The writes that make `log` follow what `head` says is stored.
    fn log_writes(
        &self,
        scope: &ScopeId,
        log: &Log,
        head: Option<&Head>,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let id = log.after.id;
        let last_alarm = log.after.last_sign_at();
        let mut item = key(of_incident(id), "HEAD");
        item.insert("version".to_owned(), number(log.after.version));
        item.insert("link".to_owned(), text(log.after.head));
        item.insert("scope".to_owned(), text(&scope.0));
        item.insert("last_alarm".to_owned(), number(last_alarm.as_microsecond()));
        let mut put = Put::builder().table_name(&self.table).set_item(Some(item));
        put = match head {
            None => put.condition_expression("attribute_not_exists(PK)"),
            Some(head) => put
                .condition_expression("#version = :expected")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":expected", number(head.version)),
        };
        let mut writes = vec![TransactWriteItem::builder().put(put.build()?).build()];
        if head.is_none() {
            let update = Update::builder()
                .table_name(&self.table)
                .set_key(Some(key("COUNTER".to_owned(), "INCIDENT")))
                .update_expression("SET #last = :id")
                .expression_attribute_names("#last", "last")
                .expression_attribute_values(":id", number(id.0));
            let update = if id.0 == 1 {
                update.condition_expression("attribute_not_exists(#last)")
            } else {
                update
                    .condition_expression("#last = :before")
                    .expression_attribute_values(":before", number(id.0.saturating_sub(1)))
            };
            writes.push(TransactWriteItem::builder().update(update.build()?).build());
        }
        let recent = key(of_scope(scope), &recent(last_alarm, id));
        let before = head.map(|head| key(of_scope(&head.scope), &self::recent(head.last_alarm, id)));
        if before.as_ref() != Some(&recent) {
            writes.extend(before.map(|before| self.delete(before)).transpose()?);
            writes.push(self.put(recent)?);
        }
        for record in &log.records {
            let mut item = key(of_incident(id), &format!("FACT#{:020}", record.version));
            item.insert("body".to_owned(), body(record));
            writes.push(self.insert(item)?);
        }
        Ok(writes)
    }

    /// The write that makes `settings` follow the ones before.
    fn settings_write(&self, scope: &ScopeId, settings: &Settings) -> Result<TransactWriteItem, BuildError> {
        let mut item = key(of_scope(scope), "SETTINGS");
        item.insert("version".to_owned(), number(settings.version));
        item.insert("body".to_owned(), body(settings));
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = if settings.version == 1 {
            put.condition_expression("attribute_not_exists(PK)")
        } else {
            put.condition_expression("#version = :before")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", number(settings.version.saturating_sub(1)))
        };
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    async fn head(&self, incident: IncidentId) -> Result<Option<Head>, StoreError> {
        let Some(item) = self.get(of_incident(incident), "HEAD").await? else { return Ok(None) };
        let last_alarm = Timestamp::from_microsecond(read_number(&item, "last_alarm")?);
        Ok(Some(Head {
            version: read_number(&item, "version")?,
            link: read_text(&item, "link")?.to_owned().try_into().map_err(|_| broken(&item, "link"))?,
            scope: ScopeId(read_text(&item, "scope")?.to_owned()),
            last_alarm: last_alarm.map_err(|err| StoreError(err.to_string()))?,
        }))
    }

    /// What a sender whose turn it is does not have yet; none if nothing at all is open.
    async fn take(&self, newest: Option<IntentId>, now: Timestamp) -> Result<Option<Taken>, StoreError> {
        let rows = self.news(newest, now).await?;
        let marked = stream::iter(rows).map(|row| self.mark(row)).buffered(MARKED_AT_ONCE);
        let rows: Vec<Item> = marked.try_filter_map(async |row| Ok(row)).try_collect().await?;
        let mut pending = rows.iter().map(|row| self.pending(row)).collect::<Result<Vec<_>, _>>()?;
        let needed = pending.iter().flat_map(|each| [each.intent.shows(), each.intent.under()]);
        let posted = self.posted(needed.flatten().cloned().collect()).await?;
        for each in &mut pending {
            each.posted = each.intent.shows().and_then(|name| posted.get(name)).cloned();
            each.thread = each.intent.under().and_then(|name| posted.get(name)).cloned();
        }
        if newest.is_some() {
            return Ok(Some(Taken::More(pending)));
        }
        if pending.is_empty() {
            return Ok(None);
        }
        Ok(Some(Taken::Anew { open: pending, budget: Box::new(self.budget().await?) }))
    }

    async fn is_known(&self, append: &Append) -> Result<bool, StoreError> {
        Ok(self.get(of_event(append), "EVENT").await?.is_some())
    }
}

/// What is known of an incident without reading its facts.
struct Head {
    version: u64,
    link: Link,
    scope: ScopeId,
    last_alarm: Timestamp,
}

#[async_trait]
impl Store for DynamoStore {
    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        let log = append.log.as_ref().filter(|log| !log.records.is_empty());
        let head = match log {
            None => None,
            Some(log) => {
                let head = self.head(log.after.id).await?;
                // A look before the transaction: the row of the recent incidents that has to go is named there. A version
                // has one link for ever, so that the transaction is conditional on both.
                let (version, link) =
                    head.as_ref().map_or((0, Link::before_all(log.after.id)), |head| (head.version, head.link));
                if version + 1 != log.records[0].version || !log.follows(link)? {
                    let known = self.is_known(&append).await?;
                    return Ok(if known { Appended::KnownEvent } else { Appended::Conflict });
                }
                head
            }
        };
        let forgotten_at = append.at.saturating_add(EVENT_MEMORY).unwrap_or(Timestamp::MAX);
        let mut event = key(of_event(&append), "EVENT");
        event.insert("handled_at".to_owned(), text(append.at));
        event.insert("ttl".to_owned(), number(forgotten_at.as_second()));
        let built = |err: BuildError| StoreError(err.to_string());
        // The key stands first: whether it was known is read from the first cancellation reason.
        let mut writes = vec![self.insert(event).map_err(built)?];
        if let Some(log) = log {
            writes.extend(self.log_writes(&append.scope, log, head.as_ref()).map_err(built)?);
        }
        for (number, told) in append.changes.iter().enumerate() {
            let forgotten_at = told.at.saturating_add(CHANGE_MEMORY).unwrap_or(Timestamp::MAX);
            let mut item = key(of_scope(&append.scope), &change(told.at, &append.key, number));
            item.insert("body".to_owned(), body(told));
            item.insert("ttl".to_owned(), self::number(forgotten_at.as_second()));
            writes.push(self.put(item).map_err(built)?);
        }
        if let Some(kinship) = &append.kinship {
            let forgotten_at = kinship.at.saturating_add(KINSHIP_MEMORY).unwrap_or(Timestamp::MAX);
            let mut item = key(of_scope(&append.scope), &kin(kinship.at, &append.key));
            item.insert("body".to_owned(), body(kinship));
            item.insert("ttl".to_owned(), number(forgotten_at.as_second()));
            writes.push(self.put(item).map_err(built)?);
        }
        if let Some(settings) = &append.settings {
            writes.push(self.settings_write(&append.scope, settings).map_err(built)?);
        }
        let items = writes.len() + append.intents.len();
        if items > MAX_TRANSACTION {
            return Err(StoreError(format!(
                "the event {} causes {items} writes, and DynamoDB takes {MAX_TRANSACTION} in one transaction",
                append.key.0
            )));
        }
        if !append.intents.is_empty() {
            let first = self.take_intent_ids(append.intents.len()).await?;
            for (id, intent) in (first..).zip(&append.intents) {
                let mut item = key("OUTBOX".to_owned(), &format!("INTENT#{id:020}"));
                item.insert("stored_at".to_owned(), text(append.at));
                item.insert("body".to_owned(), body(intent));
                writes.push(self.insert(item).map_err(built)?);
            }
        }
        let answer = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        if let Err(err) = answer {
            return cancelled(&err).ok_or_else(|| failed("TransactWriteItems", &err));
        }
        if let Some(log) = log {
            let stored = head.map_or(0, |head| head.version);
            if deserves_snapshot(stored, log.after.version) {
                self.keep_snapshot(&log.after).await;
            }
            self.memory.keep(log.after.clone());
        }
        Ok(Appended::Done)
    }

    async fn read(&self, incident: IncidentId) -> Result<Option<Incident>, StoreError> {
        let mut state = self.memory.get(incident);
        if state.is_none() {
            let snapshot = self.get(of_incident(incident), "SNAPSHOT").await?;
            state = snapshot.map(|item| read_body(&item)).transpose()?;
        }
        let from = state.as_ref().map_or(1, |incident| incident.version + 1);
        let tail = self.query(of_incident(incident), format!("FACT#{from:020}"), "FACT#~".to_owned(), true).await?;
        for item in tail {
            let record: Record = read_body(&item)?;
            state = Some(Incident::fold(state, &record).map_err(StoreError)?);
        }
        if let Some(incident) = &state {
            self.memory.keep(incident.clone());
        }
        Ok(state)
    }

    async fn index(&self, scope: &ScopeId, back: Lookback) -> Result<ScopeIndex, StoreError> {
        let since = format!("RECENT#{}", sortable(back.incidents));
        let rows = self.query(of_scope(scope), since, "RECENT#~".to_owned(), false);
        let changes = async {
            match back.changes {
                Some(since) => self.changes(scope, since).await,
                None => Ok(Vec::new()),
            }
        };
        let (rows, last, changes) = tokio::try_join!(rows, self.counter("INCIDENT"), changes)?;
        let incident = |row: &Item| {
            let digits = read_text(row, "SK")?.rsplit('#').next().unwrap_or_default();
            digits.parse().map(IncidentId).map_err(|_| broken(row, "SK"))
        };
        let recent = rows.iter().map(incident).collect::<Result<_, _>>()?;
        Ok(ScopeIndex { recent, next: IncidentId(last + 1), changes })
    }

    async fn told(&self, scope: &ScopeId, now: Timestamp) -> Result<Told, StoreError> {
        let since = sortable(now.saturating_sub(KINSHIP_MEMORY).unwrap_or(Timestamp::MIN));
        let said = self.last_of(of_scope(scope), format!("KIN#{since}"), "KIN#~".to_owned(), MOST_KINSHIPS);
        let (said, set) = tokio::try_join!(said, self.get(of_scope(scope), "SETTINGS"))?;
        let kinships = said.iter().map(read_body).collect::<Result<_, _>>()?;
        Ok(Told { kinships, settings: set.map(|set| read_body(&set)).transpose()?.unwrap_or_default() })
    }

    async fn outbox_take(&self, now: Timestamp, newest: Option<IntentId>) -> Result<Taken, StoreError> {
        loop {
            let is_ours = self.held_until().is_some_and(|until| until > now);
            if !is_ours && self.is_empty().await? {
                return Ok(Taken::Anew { open: Vec::new(), budget: Box::default() });
            }
            let newest = match self.take_turn(now).await? {
                Acquired::GoesOn => newest,
                Acquired::Begins => None,
                Acquired::Busy { ask_again } => return Ok(Taken::Busy { ask_again }),
            };
            // Only what is read under the lease is ours: the one who had it before us may just have closed something.
            let taken = self.take(newest, now).await;
            self.set_lost(taken.is_err());
            match taken? {
                // Whoever stored an intent since we looked was told that we are at it: one more look after letting go.
                None => self.release().await?,
                Some(taken) => return Ok(taken),
            }
        }
    }

    async fn outbox_done(
        &self,
        closed: Vec<(IntentId, Outcome)>,
        budget: Option<&Budget>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let built = |err: BuildError| StoreError(err.to_string());
        if closed.is_empty() {
            if let Some(budget) = budget.filter(|_| self.held_until().is_some()) {
                let put = self.client.put_item().table_name(&self.table).set_item(Some(budget_row(budget)));
                put.send().await.map_err(|err| failed("PutItem", &err))?;
            }
            return self.release().await;
        }
        // Two writes an intent at most, and the budget.
        for chunk in closed.chunks((MAX_TRANSACTION - 1) / 2) {
            let mut writes = Vec::new();
            for (id, outcome) in chunk {
                writes.push(self.delete(key("OUTBOX".to_owned(), &format!("INTENT#{:020}", id.0))).map_err(built)?);
                if let Outcome::Done { posted: Some((name, message)) } = outcome {
                    let mut item = key(of_message(name), "MESSAGE");
                    item.insert("body".to_owned(), body(message));
                    writes.push(self.put(item).map_err(built)?);
                }
            }
            if let Some(budget) = budget {
                writes.push(self.put(budget_row(budget)).map_err(built)?);
            }
            let answer = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
            answer.map_err(|err| failed("TransactWriteItems", &err))?;
        }
        let runs_out = self.held_until().is_some_and(|until| until.duration_since(now) < LEASE / 2);
        if runs_out {
            // If it is lost already, the next take says so.
            self.acquire(now).await?;
        }
        Ok(())
    }
}

fn budget_row(budget: &Budget) -> Item {
    let mut item = key("OUTBOX".to_owned(), "BUDGET");
    item.insert("body".to_owned(), body(budget));
    item
}

/// What a cancelled transaction says about the append, if it says anything: its first write is the event's key.
fn cancelled(err: &SdkError<TransactWriteItemsError>) -> Option<Appended> {
    const FAILED: &str = "ConditionalCheckFailed";
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = err.as_service_error() else {
        return None;
    };
    let codes: Vec<&str> = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code()).collect();
    if codes.first() == Some(&FAILED) {
        return Some(Appended::KnownEvent);
    }
    // Somebody else writes the same items at this moment: as good as written before us.
    codes.iter().any(|code| *code == FAILED || *code == "TransactionConflict").then_some(Appended::Conflict)
}

/// Whether the condition of a single write did not hold.
fn is_refused<E: ProvideErrorMetadata>(err: &SdkError<E>) -> bool {
    err.code() == Some("ConditionalCheckFailedException")
}

fn failed<E>(call: &str, err: &SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    StoreError(format!("DynamoDB {call}: {}", explain(err)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_sort_as_text() {
        let moments = [Timestamp::MIN, "1969-12-31T23:59:59Z".parse().unwrap(), Timestamp::UNIX_EPOCH, Timestamp::MAX];
        let texts = moments.map(sortable);
        assert!(texts.is_sorted(), "{texts:?}");
        assert!(texts.iter().all(|text| text.len() == 20));
    }
}

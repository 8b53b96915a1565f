//! The outbox of the table: who sends, what is open, and which messages are there.

use super::{DynamoStore, Item, MAX_BATCH, failed, is_refused};
use crate::aws::item::{broken, key, number, of_message, read_body, read_text, text};
use crate::event::MessageRef;
use crate::intent::{IntentId, MessageName, Pending};
use crate::ports::StoreError;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::sync::PoisonError;

/// How long a sender that fell silent keeps the others out. Longer than any single call it makes.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// How often it is worth asking whether another sender is done.
const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(2);

/// Rows of the outbox that are marked at the same time.
const MARKED_AT_ONCE: usize = 16;

impl DynamoStore {
    pub(super) async fn open_intents(&self) -> Result<Vec<Item>, StoreError> {
        self.query("OUTBOX".to_owned(), "INTENT#".to_owned(), "INTENT#~".to_owned(), true).await
    }

    pub(super) fn held_until(&self) -> Option<Timestamp> {
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_held(&self, until: Option<Timestamp>) {
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// Takes the outbox for [`LEASE`], or says when to ask again.
    pub(super) async fn acquire(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key("OUTBOX".to_owned(), "LEASE")))
            .update_expression("SET #holder = :me, #until = :until")
            .condition_expression("attribute_not_exists(#holder) OR #holder = :me OR #until <= :now")
            .expression_attribute_names("#holder", "holder")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":me", text(&self.session))
            .expression_attribute_values(":until", number(until.as_millisecond()))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(_) => {
                self.set_held(Some(until));
                Ok(None)
            }
            Err(err) => {
                self.set_held(None);
                let refused = is_refused(&err);
                if refused {
                    Ok(Some(now.saturating_add(ASK_AGAIN).unwrap_or(now)))
                } else {
                    Err(failed("UpdateItem", &err))
                }
            }
        }
    }

    /// Lets another sender take the outbox.
    pub(super) async fn release(&self) -> Result<(), StoreError> {
        if self.held_until().is_none() {
            return Ok(());
        }
        self.set_held(None);
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key("OUTBOX".to_owned(), "LEASE")))
            .condition_expression("#holder = :me")
            .expression_attribute_names("#holder", "holder")
            .expression_attribute_values(":me", text(&self.session));
        match delete.send().await {
            Err(err) if !is_refused(&err) => Err(failed("DeleteItem", &err)),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Marks a row as taken by this session; no row if another sender closed it meanwhile.
    pub(super) async fn mark(&self, row: Item) -> Result<Option<Item>, StoreError> {
        if row.get("taken_by").is_some_and(|by| by.as_s().is_ok_and(|by| *by == self.session)) {
            return Ok(Some(row));
        }
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key("OUTBOX".to_owned(), read_text(&row, "SK")?)))
            .update_expression("SET #taken_by = :me")
            .condition_expression("attribute_exists(PK)")
            .expression_attribute_names("#taken_by", "taken_by")
            .expression_attribute_values(":me", text(&self.session));
        match update.send().await {
            Ok(_) => Ok(Some(row)),
            Err(err) if is_refused(&err) => Ok(None),
            Err(err) => Err(failed("UpdateItem", &err)),
        }
    }

    pub(super) fn pending(&self, row: &Item) -> Result<Pending, StoreError> {
        let digits = read_text(row, "SK")?.trim_start_matches("INTENT#");
        let id = digits.parse().map_err(|_| broken(row, "SK"))?;
        let stored_at = read_text(row, "stored_at")?.parse().map_err(|_| broken(row, "stored_at"))?;
        let taken_by = row.get("taken_by").and_then(|by| by.as_s().ok());
        Ok(Pending {
            id: IntentId(id),
            stored_at,
            intent: read_body(row)?,
            taken_before: taken_by.is_some_and(|by| *by != self.session),
            posted: None,
            thread: None,
        })
    }

    /// Where the messages stand that bear these names.
    pub(super) async fn posted(
        &self,
        names: BTreeSet<MessageName>,
    ) -> Result<HashMap<MessageName, MessageRef>, StoreError> {
        let names: Vec<MessageName> = names.into_iter().collect();
        let mut found = HashMap::new();
        for chunk in names.chunks(MAX_BATCH) {
            let mut wanted: Vec<Item> = chunk.iter().map(|name| key(of_message(name), "MESSAGE")).collect();
            while !wanted.is_empty() {
                let keys = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build();
                let keys = keys.map_err(|err| StoreError(err.to_string()))?;
                let answer = self.client.batch_get_item().request_items(&self.table, keys).send().await;
                let answer = answer.map_err(|err| failed("BatchGetItem", &err))?;
                for item in answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default() {
                    let name = read_text(&item, "PK")?.trim_start_matches("MESSAGE#").to_owned();
                    found.insert(MessageName(name), read_body(&item)?);
                }
                let left = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
                wanted = left.map(|left| left.keys).unwrap_or_default();
            }
        }
        Ok(found)
    }
}

/// What is known of an incident without reading its facts.
struct Head {
    version: u64,
    link: Link,
    scope: ScopeId,
    last_alarm: Timestamp,
}

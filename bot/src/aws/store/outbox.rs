//! The outbox of the table: who sends, what is open, what is new, and which messages are there.

use super::{DynamoStore, Item, MAX_BATCH, failed, is_refused};
use crate::aws::item::{broken, key, number, of_message, read_body, read_text, text};
use crate::event::MessageRef;
use crate::intent::{IntentId, MessageName, Pending};
use crate::outbox::Budget;
use crate::ports::StoreError;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{MutexGuard, PoisonError};

/// How long a sender that fell silent keeps the others out. Longer than any single call it makes.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// How often it is worth asking whether another sender is done.
pub(super) const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(2);

/// Rows of the outbox that are marked at the same time.
pub(super) const MARKED_AT_ONCE: usize = 16;

/// So long a number that was given out may still be on its way: appends are quicker, or fail.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(2);

/// When a turn begins, so many numbers before the last one may still be on their way.
const MOST_ON_THEIR_WAY: u64 = 100;

/// Our turn at the outbox.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Until when nobody else may send; none while we rest.
    until: Option<Timestamp>,
    /// Whether others may have sent since we last looked.
    is_lost: bool,
    /// Numbers that were given out before ones that we have seen, and whose intents we have not: appends of several scopes
    /// overtake each other. Since when each of them is missed.
    missed: BTreeMap<u64, Timestamp>,
}

/// Whether it is our turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acquired {
    /// It is, and nobody else has sent since we last had it.
    GoesOn,
    /// It is, and somebody else may have sent.
    Begins,
    /// It is another one's.
    Busy {
        /// When it is worth asking again.
        ask_again: Timestamp,
    },
}

impl Turn {
    /// Of the rows of a look that began at the first number that is missed, those that were not seen before. Where a turn
    /// begins, `newest` is none.
    fn news(&mut self, rows: Vec<(u64, Item)>, newest: Option<u64>, now: Timestamp) -> Vec<Item> {
        let last = rows.last().map_or(0, |(id, _)| *id).max(newest.unwrap_or(0));
        let seen: BTreeSet<u64> = rows.iter().map(|(id, _)| *id).collect();
        if newest.is_none() {
            self.missed.clear();
        }
        let is_new = |id: u64| newest.is_none_or(|newest| id > newest) || self.missed.contains_key(&id);
        let news = rows.into_iter().filter(|(id, _)| is_new(*id)).map(|(_, row)| row).collect();
        // The first number is 1.
        let from = newest.map_or(last.saturating_sub(MOST_ON_THEIR_WAY).max(1), |newest| newest + 1);
        for id in (from..last).filter(|id| !seen.contains(id)) {
            self.missed.insert(id, now);
        }
        self.missed.retain(|id, since| !seen.contains(id) && now.duration_since(*since) < ON_ITS_WAY);
        news
    }

    /// The number from which on there may be something that was not seen.
    fn first_unseen(&self, newest: Option<u64>) -> u64 {
        let Some(newest) = newest else { return 0 };
        self.missed.first_key_value().map_or(newest + 1, |(missed, _)| *missed)
    }
}

impl DynamoStore {
    /// What this turn has not seen yet; everything where it begins.
    pub(super) async fn news(&self, newest: Option<IntentId>, now: Timestamp) -> Result<Vec<Item>, StoreError> {
        let newest = newest.map(|id| id.0);
        let from = self.lock_turn().first_unseen(newest);
        let rows = self.query("OUTBOX".to_owned(), format!("INTENT#{from:020}"), "INTENT#~".to_owned(), true).await?;
        let rows = rows.into_iter().map(|row| Ok((id_of(&row)?.0, row))).collect::<Result<_, StoreError>>()?;
        Ok(self.lock_turn().news(rows, newest, now))
    }

    /// Whether nothing is open. Reads one row at most.
    pub(super) async fn is_empty(&self) -> Result<bool, StoreError> {
        let (from, to) = ("INTENT#".to_owned(), "INTENT#~".to_owned());
        let answer = self.range("OUTBOX".to_owned(), from, to, true).limit(1).send().await;
        Ok(answer.map_err(|err| failed("Query", &err))?.items().is_empty())
    }

    /// What was left of the budget when it was last written down.
    pub(super) async fn budget(&self) -> Result<Budget, StoreError> {
        let item = self.get("OUTBOX".to_owned(), "BUDGET").await?;
        item.map_or(Ok(Budget::default()), |item| read_body(&item))
    }

    fn lock_turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn held_until(&self) -> Option<Timestamp> {
        self.lock_turn().until
    }

    /// Makes it our turn if nobody else's is on. A lease that lasts for a while yet is not asked for again.
    pub(super) async fn take_turn(&self, now: Timestamp) -> Result<Acquired, StoreError> {
        let lasts = self.held_until().is_some_and(|until| until.duration_since(now) >= LEASE / 2);
        if !lasts && let Some(ask_again) = self.acquire(now).await? {
            return Ok(Acquired::Busy { ask_again });
        }
        Ok(if self.lock_turn().is_lost { Acquired::Begins } else { Acquired::GoesOn })
    }

    /// Whether what we know of the outbox still holds: not after another sender, nor after a look that failed half way.
    pub(super) fn set_lost(&self, is_lost: bool) {
        self.lock_turn().is_lost = is_lost;
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
            .return_values(ReturnValue::AllOld);
        let answer = update.send().await;
        let mut turn = self.lock_turn();
        match answer {
            Ok(answer) => {
                let before = answer.attributes.unwrap_or_default();
                let was_ours = before.get("holder").is_some_and(|by| by.as_s().is_ok_and(|by| *by == self.session));
                turn.until = Some(until);
                turn.is_lost |= !was_ours;
                Ok(None)
            }
            Err(err) => {
                turn.until = None;
                turn.is_lost = true;
                drop(turn);
                let refused = is_refused(&err);
                if refused {
                    Ok(Some(now.saturating_add(ASK_AGAIN).unwrap_or(now)))
                } else {
                    Err(failed("UpdateItem", &err))
                }
            }
        }
    }

    /// Lets another sender take the outbox. Who had it last stands there: if that is still us, we go on where we were.
    pub(super) async fn release(&self) -> Result<(), StoreError> {
        if self.lock_turn().until.take().is_none() {
            return Ok(());
        }
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key("OUTBOX".to_owned(), "LEASE")))
            .update_expression("SET #until = :none")
            .condition_expression("#holder = :me")
            .expression_attribute_names("#holder", "holder")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":me", text(&self.session))
            .expression_attribute_values(":none", number(0));
        match update.send().await {
            Err(err) if !is_refused(&err) => Err(failed("UpdateItem", &err)),
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
        let id = id_of(row)?;
        let stored_at = read_text(row, "stored_at")?.parse().map_err(|_| broken(row, "stored_at"))?;
        let taken_by = row.get("taken_by").and_then(|by| by.as_s().ok());
        Ok(Pending {
            id,
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

fn id_of(row: &Item) -> Result<IntentId, StoreError> {
    let digits = read_text(row, "SK")?.trim_start_matches("INTENT#");
    digits.parse().map(IntentId).map_err(|_| broken(row, "SK"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_144_320 + seconds).unwrap()
    }

    /// Looks at an outbox with these rows, as a sender does that has everything up to `newest`; returns what is new.
    #[track_caller]
    fn check(turn: &mut Turn, open: &[u64], newest: Option<u64>, seconds: i64, news: &[u64]) {
        let from = turn.first_unseen(newest);
        let rows = open.iter().filter(|id| **id >= from).map(|id| (*id, Item::from([("id".to_owned(), number(id))])));
        let found: Vec<u64> = turn
            .news(rows.collect(), newest, at(seconds))
            .iter()
            .map(|row| row["id"].as_n().unwrap().parse().unwrap())
            .collect();
        assert_eq!(found, news);
    }

    #[test]
    fn what_was_overtaken_is_not_overlooked() {
        let mut turn = Turn::default();
        check(&mut turn, &[6], None, 0, &[6]);
        check(&mut turn, &[5, 6], Some(6), 1, &[5]);
        check(&mut turn, &[5, 6, 9], Some(6), 2, &[9]);
        check(&mut turn, &[5, 6, 7, 8, 9, 10], Some(9), 3, &[7, 8, 10]);
        check(&mut turn, &[5, 6, 7, 8, 9, 10], Some(10), 4, &[]);
    }

    #[test]
    fn a_number_whose_append_failed_is_not_looked_for_for_ever() {
        let mut turn = Turn::default();
        check(&mut turn, &[1, 2, 3], None, 0, &[1, 2, 3]);
        check(&mut turn, &[3, 5], Some(3), 1, &[5]);
        assert_eq!(turn.first_unseen(Some(5)), 4);
        check(&mut turn, &[5], Some(5), 130, &[]);
        assert_eq!(turn.first_unseen(Some(5)), 6);
    }
}

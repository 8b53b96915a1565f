//! The items of the table: their keys, and what stands in them.

use crate::event::EventKey;
use crate::intent::MessageName;
use crate::ports::{Append, StoreError};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;
use tools::model::{IncidentId, ScopeId};

/// An item as DynamoDB gives it.
pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn of_incident(id: IncidentId) -> String {
    format!("INC#{}", id.0)
}

pub(super) fn of_scope(scope: &ScopeId) -> String {
    format!("SCOPE#{}", scope.0)
}

pub(super) fn of_event(append: &Append) -> String {
    format!("EVENT#{}", append.key.0)
}

pub(super) fn of_message(name: &MessageName) -> String {
    format!("MESSAGE#{}", name.0)
}

pub(super) fn recent(last_alarm: Timestamp, incident: IncidentId) -> String {
    format!("RECENT#{}#{:020}", sortable(last_alarm), incident.0)
}

/// The place of the `number`th change of an event among the changes of its scope.
pub(super) fn change(at: Timestamp, key: &EventKey, number: usize) -> String {
    format!("CHANGE#{}#{}#{number:03}", sortable(at), key.0)
}

/// The place of what a person said among the words on a scope.
pub(super) fn kin(at: Timestamp, key: &EventKey) -> String {
    format!("KIN#{}#{}", sortable(at), key.0)
}

/// A moment as 20 digits that sort as the moments do, before 1970 too.
pub(super) fn sortable(at: Timestamp) -> String {
    format!("{:020}", at.as_microsecond().cast_unsigned() ^ (1 << 63))
}

pub(super) fn key(pk: String, sk: &str) -> Item {
    HashMap::from([("PK".to_owned(), text(pk)), ("SK".to_owned(), text(sk))])
}

pub(super) fn text(text: impl Display) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

pub(super) fn number(number: impl Display) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn body(value: &impl Serialize) -> AttributeValue {
    AttributeValue::S(serde_json::to_string(value).expect("what we store has string keys and no cycles"))
}

pub(super) fn read_text<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or_else(|| broken(item, name))
}

pub(super) fn read_number<T: FromStr>(item: &Item, name: &str) -> Result<T, StoreError> {
    let digits = item.get(name).and_then(|value| value.as_n().ok());
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| broken(item, name))
}

pub(super) fn read_body<T: DeserializeOwned>(item: &Item) -> Result<T, StoreError> {
    serde_json::from_str(read_text(item, "body")?).map_err(|err| {
        let StoreError(what) = broken(item, "body");
        StoreError(format!("{what}: {err}"))
    })
}

/// An item that this program did not write so.
pub(super) fn broken(item: &Item, name: &str) -> StoreError {
    let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).map_or("?", String::as_str);
    StoreError(format!("the item {} / {} has no readable `{name}`", part("PK"), part("SK")))
}

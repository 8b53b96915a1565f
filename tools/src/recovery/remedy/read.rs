//! What the remedies have in common when they look at a reading.

use super::{Impossible, Target};
use crate::model::{Cost, Reading};
use std::collections::BTreeMap;

/// Hours in a month, as AWS counts them in its price lists.
const HOURS: f64 = 730.0;

/// The settings of the target itself, without circumstances.
pub fn own(settings: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    settings.iter().filter(|(name, _)| is_own(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Whether a target with either of these settings is in the same state, whatever the circumstances.
pub fn same(left: &BTreeMap<String, String>, right: &BTreeMap<String, String>) -> bool {
    let settings = |of| BTreeMap::<_, _>::iter(of).filter(|(name, _): &(&String, &String)| is_own(name));
    settings(left).eq(settings(right))
}

fn is_own(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
}

/// A setting or circumstance; none where it is not set.
pub(super) fn text<'a>(saw: &'a Reading, name: &str) -> Option<&'a str> {
    saw.settings.get(name).map(String::as_str)
}

/// One that the remedy cannot do without.
pub(super) fn needed<'a>(saw: &'a Reading, target: &Target, name: &str) -> Result<&'a str, Impossible> {
    text(saw, name).ok_or_else(|| Impossible(format!("`{name}` of {target} could not be read, and it is needed")))
}

/// A number, 0 or more; none where it is not set.
pub(super) fn number(saw: &Reading, target: &Target, name: &str) -> Result<Option<u32>, Impossible> {
    let Some(text) = text(saw, name) else { return Ok(None) };
    let number = text.parse().map_err(|_| Impossible(format!("`{name}` of {target} is no number: `{text}`")))?;
    Ok(Some(number))
}

/// A number that the remedy cannot do without.
pub(super) fn needed_number(saw: &Reading, target: &Target, name: &str) -> Result<u32, Impossible> {
    needed(saw, target, name)?;
    Ok(number(saw, target, name)?.unwrap_or_default())
}

/// A number where there is one, whatever else stands there.
pub(super) fn maybe_number(saw: &Reading, name: &str) -> Option<u32> {
    text(saw, name)?.parse().ok()
}

/// What was read, with one setting changed, or removed for none.
pub(super) fn with(saw: &Reading, name: &str, value: Option<String>) -> BTreeMap<String, String> {
    let mut settings = saw.settings.clone();
    match value {
        Some(value) => settings.insert(name.to_owned(), value),
        None => settings.remove(name),
    };
    settings
}

/// That the revision is known, where the service takes it as a lock.
pub(super) fn revision(saw: &Reading, target: &Target) -> Result<(), Impossible> {
    if saw.revision.is_none() {
        return Err(Impossible(format!("the revision of {target} could not be read, and it is needed")));
    }
    Ok(())
}

/// So many US dollars an hour as a cost of 730 hours, to the cent. Nothing where that rounds to no cent at all; unknown where
/// a price is missing or no amount of money.
pub(super) fn monthly(dollars_an_hour: Option<f64>) -> Cost {
    let cents = dollars_an_hour.map(|dollars| (dollars * HOURS * 100.0).round());
    match cents.filter(|cents| cents.abs() < 1e15) {
        None => Cost::Unknown,
        #[expect(clippy::cast_possible_truncation, reason = "whole, and less than 10¹⁵")]
        Some(cents) if cents != 0.0 => Cost::CentsPerMonth(cents as i64),
        Some(_) => Cost::Nothing,
    }
}

/// The difference between two numbers, as money is multiplied with.
pub(super) fn difference(after: u32, before: u32) -> f64 {
    f64::from(after) - f64::from(before)
}

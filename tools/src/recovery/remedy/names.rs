//! The bounds of parameters: names as AWS has them, and numbers.

use super::Impossible;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// That a number lies within its bounds.
pub(super) fn within<T: Copy + PartialOrd + Display>(
    what: &str,
    value: T,
    bounds: RangeInclusive<T>,
) -> Result<(), Impossible> {
    if bounds.contains(&value) {
        return Ok(());
    }
    Err(Impossible(format!("{what} has to be {} to {}, not {value}", bounds.start(), bounds.end())))
}

/// A Lambda function's name: 1–64 letters, digits, `-` and `_`. No ARN: the account is the incident's.
pub(super) fn function(name: &str) -> Result<(), Impossible> {
    check("a function's name", name, 1..=64, "-_")
}

/// An alias of a function: 1–128 letters, digits, `-` and `_`, not only digits, and not `$LATEST`.
pub(super) fn alias(name: &str) -> Result<(), Impossible> {
    if name == "$LATEST" || (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(Impossible(format!("`{name}` is a version, and an alias is needed")));
    }
    check("an alias", name, 1..=128, "-_")
}

/// A published version of a function: a number from 1, at most 19 digits.
pub(super) fn version(name: &str) -> Result<(), Impossible> {
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit()) && !name.starts_with('0');
    if name.is_empty() || name.len() > 19 || !is_number {
        return Err(Impossible(format!("{} is no published version, which is a number", shown(name))));
    }
    Ok(())
}

/// The UUID of an event source mapping, in lower case.
pub(super) fn uuid(name: &str) -> Result<(), Impossible> {
    let fits = name.len() == 36
        && name.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
    if fits { Ok(()) } else { Err(Impossible(format!("{} is no UUID in lower case", shown(name)))) }
}

/// A rule of EventBridge: 1–64 letters, digits, `.`, `-` and `_`.
pub(super) fn event_rule(name: &str) -> Result<(), Impossible> {
    check("a rule's name", name, 1..=64, ".-_")
}

/// A bus of EventBridge: 1–256 letters, digits, `/`, `.`, `-` and `_`.
pub(super) fn bus(name: &str) -> Result<(), Impossible> {
    check("a bus' name", name, 1..=256, "/.-_")
}

/// An archive of EventBridge: 1–48 letters, digits, `.`, `-` and `_`.
pub(super) fn archive(name: &str) -> Result<(), Impossible> {
    check("an archive's name", name, 1..=48, ".-_")
}

/// A DynamoDB table: 3–255 letters, digits, `_`, `.` and `-`.
pub(super) fn table(name: &str) -> Result<(), Impossible> {
    check("a table's name", name, 3..=255, "_.-")
}

/// A cluster, service or family of ECS: 1–255 letters, digits, `-` and `_`.
pub(super) fn ecs(what: &str, name: &str) -> Result<(), Impossible> {
    check(what, name, 1..=255, "-_")
}

/// A runbook, as the configuration names it: 1–64 letters, digits, `-` and `_`.
pub(super) fn runbook(name: &str) -> Result<(), Impossible> {
    check("a runbook's name", name, 1..=64, "-_")
}

/// A sampling rule of X-Ray: 1–32 printable ASCII characters.
pub(super) fn sampling_rule(name: &str) -> Result<(), Impossible> {
    free("a sampling rule's name", name, 32, |character| matches!(character, ' '..='~'))
}

/// A CloudWatch alarm: 1–255 characters, none of them a control character.
pub(super) fn alarm(name: &str) -> Result<(), Impossible> {
    free("an alarm's name", name, 255, |character| !character.is_control())
}

fn free(what: &str, name: &str, most: usize, fits: fn(char) -> bool) -> Result<(), Impossible> {
    if (1..=most).contains(&name.chars().count()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(Impossible(format!("{what} has 1 to {most} characters that can be printed, unlike {}", shown(name))))
}

fn check(what: &str, name: &str, length: RangeInclusive<usize>, others: &str) -> Result<(), Impossible> {
    let fits = |character: char| character.is_ascii_alphanumeric() || others.contains(character);
    if length.contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    let others = others.chars().map(|character| format!("`{character}`")).collect::<Vec<_>>().join(" ");
    Err(Impossible(format!(
        "{what} has {} to {} letters, digits and {others}, unlike {}",
        length.start(),
        length.end(),
        shown(name)
    )))
}

/// A name that may be anything, fit to be shown: its beginning, with control characters escaped.
fn shown(name: &str) -> String {
    let beginning: String = name.chars().take(40).flat_map(char::escape_debug).collect();
    let more = if name.chars().nth(40).is_some() { "…" } else { "" };
    format!("`{beginning}{more}`")
}

//! Two words for spans of time, so that no module writes `60 * 1000` again.

use jiff::SignedDuration;

/// A span of whole minutes.
#[must_use]
pub const fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count * 60)
}

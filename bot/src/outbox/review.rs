//! How well it went: the past incidents of a scope, counted.

use super::{Sender, our_fault};
use crate::event::{Asked, Delivered, Event, EventKey};
use crate::intent::{IntentId, Outcome};
use crate::ports::StoreError;
use jiff::{SignedDuration, Timestamp};
use tools::model::ScopeId;
use tools::stats::stats;

impl Sender {
    /// Counts over so many days.
    pub(super) async fn review(
        &mut self,
        id: IntentId,
        scope: ScopeId,
        days: u16,
        asked: Asked,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let since = now.saturating_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
        let incidents = match self.outside.casebook.incidents(&scope, since).await {
            Ok(incidents) => incidents,
            Err(gap) => {
                tracing::error!(job = id.0, "past incidents could not be read: {}", gap.because);
                let event = Event::Replied { asked, message: our_fault(id) };
                return self.reviewed(id, scope, event).await;
            }
        };
        let stats = Box::new(stats(&incidents, days, now));
        self.reviewed(id, scope, Event::Reviewed { stats, asked }).await
    }

    async fn reviewed(&mut self, id: IntentId, scope: ScopeId, event: Event) -> Result<(), StoreError> {
        let key = EventKey(format!("{scope}/reviewed/{}", id.0));
        self.put(Delivered { key, scope, at: self.clock.now(), event }).await?;
        self.close(vec![(id, Outcome::Done { posted: None })]).await
    }
}

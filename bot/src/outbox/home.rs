//! The Home tab of a person: read anew each time they open it.

use super::Sender;
use crate::intent::{IntentId, Outcome};
use crate::ports::{Lookback, StoreError};
use blocks::home::{self, Part};
use jiff::{SignedDuration, Timestamp};
use tools::model::Incident;
use tools::stats::stats;

/// Days that the figures are about.
const DAYS: u16 = 7;

/// Incidents silent for longer are not listed.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

/// Incidents of a scope that are read.
const MOST: usize = 50;

impl Sender {
    pub(super) async fn home(&mut self, id: IntentId, by: String) -> Result<(), StoreError> {
        let now = self.clock.now();
        let since = |span: SignedDuration| now.saturating_sub(span).unwrap_or(Timestamp::MIN);
        let mut read = Vec::new();
        for scope in &self.config.scopes {
            let index = self.store.index(&scope.id, Lookback::incidents(since(RECENT))).await?;
            let mut open: Vec<Incident> = Vec::new();
            for incident in index.recent.into_iter().take(MOST) {
                open.extend(
                    self.store.read(incident).await?.filter(|one| one.merged.is_none() && one.ended_at().is_none()),
                );
            }
            let week =
                self.outside.casebook.incidents(&scope.id, since(SignedDuration::from_hours(24 * i64::from(DAYS))));
            let week = week.await.ok().map(|incidents| stats(&incidents, DAYS, now));
            read.push((scope, open, week));
        }
        let parts: Vec<Part<'_>> = read
            .iter()
            .map(|(scope, open, week)| Part {
                scope: &scope.id,
                open: open.iter().collect(),
                week: week.clone(),
                flood: (scope.flood.alarms, scope.flood.within),
                nudge_after: scope.nudge_after,
            })
            .collect();
        let view = home::view(&self.config.command, &parts);
        match self.chat.publish_home(&by, view).await {
            Ok(()) => self.close(vec![(id, Outcome::Done { posted: None })]).await,
            // Who opens it again gets it anew, so trying for long helps nobody.
            Err(err) => self.close(vec![(id, super::refused("a Home tab", &err))]).await,
        }
    }
}

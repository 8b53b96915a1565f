//! The Home tab of a person: read anew each time they open it.

use super::Sender;
use crate::intent::{IntentId, Outcome};
use crate::ports::{Lookback, StoreError};
use blocks::home::{self, Part};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use tools::model::Incident;
use tools::recovery::policy::PersonId;
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
        let person = PersonId(by.clone());
        let channels = match self.chat.channels_of(&person).await {
            Ok(channels) => channels,
            // What somebody may not see is not shown on a guess.
            Err(err) => {
                tracing::warn!(job = id.0, "in which war rooms somebody is cannot be told: {err}");
                BTreeSet::new()
            }
        };
        let (seen, hidden): (Vec<_>, Vec<_>) =
            self.config.scopes.iter().partition(|scope| channels.contains(&scope.war_room));
        for scope in seen {
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
            let told = self.store.told(&scope.id, now).await?;
            read.push((told.settings.shown(scope.clone(), now), open, week));
        }
        let parts: Vec<Part<'_>> = read
            .iter()
            .map(|(settings, open, week)| Part {
                settings: settings.clone(),
                open: open.iter().collect(),
                week: week.clone(),
            })
            .collect();
        let view = home::view(&self.config.command, &parts, hidden.len());
        match self.chat.publish_home(&by, view).await {
            Ok(()) => self.close(vec![(id, Outcome::Done { posted: None })]).await,
            // Who opens it again gets it anew, so trying for long helps nobody.
            Err(err) => self.close(vec![(id, super::refused("a Home tab", &err))]).await,
        }
    }
}

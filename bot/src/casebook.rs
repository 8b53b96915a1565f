//! The incidents there were, as the tools ask for them: our own store.

use crate::config::Config;
use crate::event::{Delivered, Event, EventKey};
use crate::ports::{Inbox, Lookback, Store, StoreError};
use crate::pulse::Pulse;
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;
use tools::model::{Gap, Incident, IncidentId, ScopeId};
use tools::ports::{Casebook, Outside, Wish};

/// Past incidents that are read at most for one question, the latest of them.
const MOST: usize = 200;

/// The store as the tools see it, and the inbox as their way to people.
#[derive(Clone, Debug)]
pub(crate) struct Cases {
    pub(crate) config: Arc<Config>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) pulse: Arc<Pulse>,
}

impl Cases {
    /// The world with these incidents, whatever it had before.
    pub(crate) fn in_place_of(self, outside: Outside) -> Outside {
        Outside { casebook: Arc::new(self), ..outside }
    }
}

#[async_trait]
impl Casebook for Cases {
    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, Gap> {
        self.store.read(id).await.map_err(|err| gap(&err))
    }

    async fn incidents(&self, scope: &ScopeId, since: Timestamp) -> Result<Vec<Incident>, Gap> {
        let index = self.store.index(scope, Lookback::incidents(since)).await.map_err(|err| gap(&err))?;
        let mut incidents = Vec::new();
        for id in index.recent.into_iter().take(MOST) {
            let incident = self.store.read(id).await.map_err(|err| gap(&err))?;
            // The alarms of a merged one are told by the other: counted here they would be counted twice.
            incidents.extend(incident.filter(|incident| incident.merged.is_none()));
        }
        Ok(incidents)
    }

    async fn request(&self, wish: Wish) -> Result<String, Gap> {
        let nobody = |because: String| Gap { wanted: "people who decide".to_owned(), because, remedy: None };
        let Wish { incident, proposal, by, at } = wish;
        let found = self.store.read(incident).await.map_err(|err| gap(&err))?;
        let scope = found.ok_or_else(|| nobody(format!("there is no {incident}")))?.scope;
        let configured = self.config.scope(&scope).ok_or_else(|| nobody(format!("{scope} is not configured")))?;
        let place = format!(
            "the thread of {incident} in the war room, https://slack.com/app_redirect?channel={}",
            configured.war_room
        );
        let key = EventKey(format!("{incident}/wish/{proposal}/{by}/{at}"));
        let event = Event::Wished { incident, key: proposal, by: by.0 };
        self.inbox.put(Delivered { key, scope, at, event }).await.map_err(|err| nobody(err.to_string()))?;
        self.pulse.beat();
        Ok(place)
    }
}

fn gap(err: &StoreError) -> Gap {
    Gap { wanted: "past incidents".to_owned(), because: err.to_string(), remedy: None }
}

//! The incidents there were, as the tools ask for them: our own store.

use crate::ports::{Lookback, Store, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;
use tools::model::{Gap, Incident, IncidentId, ScopeId};
use tools::ports::Casebook;

/// Past incidents that are read at most for one question, the latest of them.
const MOST: usize = 200;

/// The store as the tools see it.
#[derive(Clone, Debug)]
pub(crate) struct Cases(pub(crate) Arc<dyn Store>);

#[async_trait]
impl Casebook for Cases {
    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, Gap> {
        self.0.read(id).await.map_err(|err| gap(&err))
    }

    async fn incidents(&self, scope: &ScopeId, since: Timestamp) -> Result<Vec<Incident>, Gap> {
        let index = self.0.index(scope, Lookback::incidents(since)).await.map_err(|err| gap(&err))?;
        let mut incidents = Vec::new();
        for id in index.recent.into_iter().take(MOST) {
            incidents.extend(self.0.read(id).await.map_err(|err| gap(&err))?);
        }
        Ok(incidents)
    }
}

fn gap(err: &StoreError) -> Gap {
    Gap { wanted: "past incidents".to_owned(), because: err.to_string(), remedy: None }
}

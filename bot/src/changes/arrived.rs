//! The changes that arrived, as the tools ask for them.

use crate::ports::{Lookback, Store};
use async_trait::async_trait;
use std::sync::Arc;
use tools::model::{Change, Gap, ScopeId, Window};
use tools::ports::{Changes, Outside};

/// The world as it is seen from one scope: what arrived there stands beside the changes that the world itself tells of.
pub(crate) fn seen_from(scope: &ScopeId, outside: &Outside, store: &Arc<dyn Store>) -> Outside {
    let arrived =
        Arrived { scope: scope.clone(), store: Arc::clone(store), beside: Arc::clone(&outside.changes) };
    Outside { changes: Arc::new(arrived), ..outside.clone() }
}

/// The changes of one scope. Another scope's changes are none of its business.
#[derive(Debug)]
struct Arrived {
    scope: ScopeId,
    store: Arc<dyn Store>,
    beside: Arc<dyn Changes>,
}

#[async_trait]
impl Changes for Arrived {
    async fn changes(&self, window: Window) -> Result<Vec<Change>, Gap> {
        let gap = |because: String, remedy: Option<String>| Gap { wanted: "changes".to_owned(), because, remedy };
        let index = self.store.index(&self.scope, Lookback::changes(window.from)).await;
        let arrived = index.map_err(|err| gap(err.to_string(), None))?.changes;
        let beside = match self.beside.changes(window).await {
            Ok(beside) => beside,
            // Silence of a door through which nothing ever came says nothing about the world.
            Err(_) if arrived.is_empty() => {
                let remedy = "the EventBridge rules of infra/template.yaml, and a CloudTrail trail for API calls";
                return Err(gap("no change event has arrived in this scope yet".to_owned(), Some(remedy.to_owned())));
            }
            Err(_) => Vec::new(),
        };
        let mut changes = arrived;
        changes.retain(|change| {
            change.at >= window.from && change.at <= window.to && change.error_code.is_none()
        });
        changes.extend(beside);
        changes.sort_by(|a, b| (a.at, &a.service, &a.summary).cmp(&(b.at, &b.service, &b.summary)));
        changes.dedup();
        Ok(changes)
    }
}

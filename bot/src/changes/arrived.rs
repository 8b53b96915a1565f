//! The changes that arrived, as the tools ask for them.

use crate::ports::{Lookback, Store};
use async_trait::async_trait;
use std::sync::Arc;
use tools::model::{Change, Gap, ScopeId, Window};
use tools::ports::{Changes, Outside};

/// The world as it is seen from one scope: what arrived there stands beside the changes that the world itself tells of.
pub(crate) fn seen_from(scope: &ScopeId, outside: &Outside, store: &Arc<dyn Store>) -> Outside {
    let arrived = Arrived { scope: scope.clone(), store: Arc::clone(store), beside: Arc::clone(&outside.changes) };
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
        changes.retain(|change| change.at >= window.from && change.at <= window.to && change.error_code.is_none());
        changes.extend(beside);
        changes.sort_by(|a, b| (a.at, &a.service, &a.summary).cmp(&(b.at, &b.service, &b.summary)));
        changes.dedup();
        Ok(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::Embedded;
    use crate::event::EventKey;
    use crate::ports::Append;
    use jiff::{SignedDuration, Timestamp};
    use tools::capsule::{self, World};
    use tools::declared::Unconnected;
    use tools::model::{ChangeKind, ServiceId};

    /// What the scope `prod` sees between 60 and 120 s after the epoch, of changes at these moments; a negative one was
    /// refused, and `elsewhere` arrived in another scope.
    async fn seen(prod: &[i64], elsewhere: &[i64], beside: Arc<dyn Changes>) -> Result<Vec<i64>, Gap> {
        let store: Arc<dyn Store> = Arc::new(Embedded::in_memory());
        let at = |seconds: i64| Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
        for (scope, moments) in [("prod", prod), ("dev", elsewhere)] {
            for moment in moments {
                let change = Change {
                    at: at(moment.abs()),
                    service: ServiceId::new("token-exchange"),
                    kind: ChangeKind::Deploy,
                    summary: "new code".to_owned(),
                    by: None,
                    commit: None,
                    link: None,
                    error_code: (*moment < 0).then(|| "AccessDenied".to_owned()),
                };
                let append = Append {
                    scope: ScopeId(scope.to_owned()),
                    key: EventKey(format!("{scope} {moment}")),
                    log: None,
                    changes: vec![change],
                    kinship: None,
                    settings: None,
                    intents: Vec::new(),
                    at: at(200),
                };
                store.append(append).await.unwrap();
            }
        }
        let capsule = capsule::parse(capsule::AUTH_CASCADE.as_bytes()).unwrap();
        let outside = Outside { changes: beside, ..World::outside(Arc::new(capsule)) };
        let outside = seen_from(&ScopeId("prod".to_owned()), &outside, &store);
        let changes = outside.changes.changes(Window { from: at(60), to: at(120) }).await?;
        Ok(changes.iter().map(|change| change.at.as_second()).collect())
    }

    fn nothing() -> Arc<dyn Changes> {
        Arc::new(Unconnected { remedy: "nothing".to_owned() })
    }

    #[tokio::test]
    async fn a_scope_that_no_change_reached_has_a_gap_and_a_quiet_one_has_none() {
        let gap = seen(&[], &[90], nothing()).await.unwrap_err();
        assert_eq!(
            (gap.wanted.as_str(), gap.because.as_str()),
            ("changes", "no change event has arrived in this scope yet")
        );
        assert!(gap.remedy.is_some_and(|remedy| remedy.contains("infra/template.yaml")));
        assert_eq!(seen(&[10], &[90], nothing()).await, Ok(vec![]), "one arrived, long ago");
        assert_eq!(seen(&[-90], &[], nothing()).await, Ok(vec![]), "one arrived, and was refused");
    }

    #[tokio::test]
    async fn the_window_cuts_and_the_scope_separates() {
        assert_eq!(seen(&[121, 120, -100, 60, 59], &[90], nothing()).await, Ok(vec![60, 120]));
    }

    #[tokio::test]
    async fn what_the_world_tells_stands_beside_what_arrived() {
        #[derive(Debug)]
        struct Beside;

        #[async_trait]
        impl Changes for Beside {
            async fn changes(&self, window: Window) -> Result<Vec<Change>, Gap> {
                let capsule = capsule::parse(capsule::AUTH_CASCADE.as_bytes()).unwrap();
                let told = capsule.changes_until(Timestamp::MAX).into_iter().next().unwrap();
                Ok(vec![Change { at: window.from, ..told }])
            }
        }

        assert_eq!(seen(&[90], &[], Arc::new(Beside)).await, Ok(vec![60, 90]));
        assert_eq!(seen(&[], &[], Arc::new(Beside)).await, Ok(vec![60]));
    }
}

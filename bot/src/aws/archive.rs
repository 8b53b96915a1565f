//! The facts of the table as they were written, for an audit.

use super::DynamoStore;
use super::item::{of_incident, read_text};
use crate::ports::{Archive, StoreError};
use async_trait::async_trait;
use tools::model::IncidentId;

#[async_trait]
impl Archive for DynamoStore {
    async fn last(&self) -> Result<u64, StoreError> {
        self.counter("INCIDENT").await
    }

    async fn records(&self, incident: IncidentId) -> Result<Vec<String>, StoreError> {
        let facts = self.query(of_incident(incident), "FACT#".to_owned(), "FACT#~".to_owned(), true).await?;
        facts.iter().map(|item| read_text(item, "body").map(str::to_owned)).collect()
    }
}

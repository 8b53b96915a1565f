//! The facts of a redb file as they were written, for an audit: read, and never changed.

use super::store::{COUNTERS, FACTS};
use super::{AnyError, Embedded};
use crate::ports::{Archive, StoreError};
use async_trait::async_trait;
use redb::{DatabaseError, ReadOnlyDatabase, ReadableDatabase};
use std::path::Path;
use std::sync::Arc;
use tools::model::IncidentId;

/// A file that is opened for reading only. No bot may have it open at the same time.
#[derive(Clone)]
pub struct ReadOnly {
    database: Arc<ReadOnlyDatabase>,
}

impl std::fmt::Debug for ReadOnly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadOnly").finish_non_exhaustive()
    }
}

impl ReadOnly {
    /// Whether a bot has the database at `path` open.
    pub fn is_held(path: &Path) -> bool {
        matches!(ReadOnlyDatabase::open(path), Err(DatabaseError::DatabaseAlreadyOpen))
    }

    /// Opens the database at `path`, which exists.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let database = ReadOnlyDatabase::open(path).map_err(|err| {
            StoreError(format!(
                "{} cannot be read: {err}. A file that a bot has open is read when it has stopped, and one that it left behind \
                 in a crash when it has been started once more",
                path.display()
            ))
        })?;
        Ok(Self { database: Arc::new(database) })
    }
}

/// The last number given out to an incident, 0 before the first.
fn last(database: &impl ReadableDatabase) -> Result<u64, AnyError> {
    let last = database.begin_read()?.open_table(COUNTERS)?.get("incident")?;
    Ok(last.map_or(0, |row| row.value()))
}

fn records(database: &impl ReadableDatabase, IncidentId(id): IncidentId) -> Result<Vec<String>, AnyError> {
    let mut records = Vec::new();
    for row in database.begin_read()?.open_table(FACTS)?.range((id, 0)..=(id, u64::MAX))? {
        // Bytes that are no text are no record either; who reads them next says so.
        records.push(String::from_utf8_lossy(row?.1.value()).into_owned());
    }
    Ok(records)
}

fn failed(err: &AnyError) -> StoreError {
    StoreError(err.to_string())
}

#[async_trait]
impl Archive for ReadOnly {
    async fn last(&self) -> Result<u64, StoreError> {
        last(&*self.database).map_err(|err| failed(&err))
    }

    async fn records(&self, incident: IncidentId) -> Result<Vec<String>, StoreError> {
        records(&*self.database, incident).map_err(|err| failed(&err))
    }
}

#[async_trait]
impl Archive for Embedded {
    async fn last(&self) -> Result<u64, StoreError> {
        self.run(last).await
    }

    async fn records(&self, incident: IncidentId) -> Result<Vec<String>, StoreError> {
        self.run(move |database| records(database, incident)).await
    }
}

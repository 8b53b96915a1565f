//! `clarity postmortem`: the postmortem of an incident as files, from the store alone.

use crate::config::{ConfigError, File, Storage};
use crate::embedded::ReadOnly;
use crate::ports::{Archive, StoreError};
use crate::serve::{self, ServeError};
use clap::Args;
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tools::context::timeline;
use tools::model::{Incident, IncidentId, Record};

/// Whose postmortem, and where it goes.
#[derive(Args, Clone, Debug)]
pub struct Wanted {
    /// The incident, as INC-7.
    #[arg(value_parser = incident)]
    incident: IncidentId,
    /// The configuration of the bot, TOML: its storage. A file is read while no bot has it open.
    #[arg(long)]
    config: PathBuf,
    /// The folder for both files; it is made if it is not there.
    #[arg(long)]
    out: PathBuf,
}

fn incident(text: &str) -> Result<IncidentId, String> {
    text.to_owned().try_into()
}

/// Why there is no postmortem.
#[derive(Debug, thiserror::Error)]
pub enum PostmortemError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The storage that the configuration names cannot be reached.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored fact cannot be read, or does not follow the ones before it.
    #[error("the facts of {incident} cannot be read: {problem}; `clarity audit verify` says more")]
    NoRecord {
        /// Whose fact.
        incident: IncidentId,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no such incident.
    #[error("there is no {wanted}; the last incident is INC-{last}")]
    Unknown {
        /// What was asked for.
        wanted: IncidentId,
        /// The last number given out, 0 before the first.
        last: u64,
    },
    /// A file cannot be written.
    #[error("{} cannot be written: {problem}", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        problem: std::io::Error,
    },
}

/// Writes both files and returns where they are. What is still under way is told as of `now`.
pub async fn write(wanted: &Wanted, now: Timestamp) -> Result<[PathBuf; 2], PostmortemError> {
    let file = File::load(&wanted.config)?;
    let store: Arc<dyn Archive> = match &file.storage {
        Storage::Embedded { path } => Arc::new(ReadOnly::open(path)?),
        Storage::Aws { table, .. } => serve::archive_on_aws(table).await?,
    };
    let incident = read(&*store, wanted.incident).await?;
    let [document, page] = blocks::postmortem::file_names(incident.id).map(|name| wanted.out.join(name));
    let unwritable = |path: &Path| {
        let path = path.to_owned();
        move |problem| PostmortemError::Unwritable { path, problem }
    };
    std::fs::create_dir_all(&wanted.out).map_err(unwritable(&wanted.out))?;
    let text = blocks::postmortem::document(&incident, &timeline(&incident), now, &|_| None);
    std::fs::write(&document, text).map_err(unwritable(&document))?;
    std::fs::write(&page, blocks::postmortem::page(&incident, now, &|_| None)).map_err(unwritable(&page))?;
    Ok([document, page])
}

/// The incident as its facts tell it.
async fn read(store: &dyn Archive, id: IncidentId) -> Result<Incident, PostmortemError> {
    let no_record = |problem: String| PostmortemError::NoRecord { incident: id, problem };
    let mut state = None;
    for stored in store.records(id).await? {
        let record: Record = serde_json::from_str(&stored).map_err(|err| no_record(err.to_string()))?;
        state = Some(Incident::fold(state, &record).map_err(no_record)?);
    }
    match state {
        Some(incident) => Ok(incident),
        None => Err(PostmortemError::Unknown { wanted: id, last: store.last().await? }),
    }
}

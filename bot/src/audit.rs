//! The audit: [`Notary`] signs logs as their cards are shown, and `clarity audit` copies facts out and checks them.

use crate::config::{Config, ConfigError, File, Secrets, Storage};
use crate::embedded::ReadOnly;
use crate::ports::{Archive, StoreError};
use crate::serve::{self, ServeError};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tools::audit::{Anchor, ShortKey, Signer, Verifier};
use tools::model::{Incident, IncidentId};

/// What a redb file begins with.
const MAGIC: &[u8] = b"redb";

/// Signs the heads of logs, and keeps what it signed in a file if there is one.
#[derive(Clone, Debug)]
pub struct Notary {
    signer: Signer,
    file: Option<PathBuf>,
}

impl Notary {
    /// The notary of a deployment; none without a key.
    pub fn of(config: &Config) -> Option<Self> {
        let signer = Signer::new(config.audit_key.as_ref()?.expose_secret().as_bytes());
        let signer =
            signer.inspect_err(|err| tracing::error!("no anchor is made: the key cannot be used, {err}")).ok()?;
        Some(Self { signer, file: config.anchors.clone() })
    }

    /// Signs the log of an incident as it is now. A file that cannot be written holds nothing back: the card has the anchor.
    pub async fn sign(&self, incident: &Incident, now: Timestamp) -> Anchor {
        let anchor = self.signer.sign(incident.id, incident.version, incident.head, now);
        if let Some(path) = self.file.clone() {
            let line = format!("{}\n", anchor.to_line());
            let written = tokio::task::spawn_blocking(move || {
                // One write, so that lines of several processes do not run into each other.
                let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
                file.and_then(|mut file| file.write_all(line.as_bytes()))
                    .map_err(|err| format!("{}: {err}", path.display()))
            });
            let written = written.await.unwrap_or_else(|err| Err(err.to_string()));
            if let Err(err) = written {
                tracing::error!(incident = %incident.id, "an anchor was not written to the file of anchors: {err}");
            }
        }
        anchor
    }
}

/// What `clarity audit` can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Task {
    /// Copy every fact out as it was written, a line of JSON each; and the anchors, where there is a file of them.
    ///
    /// Nothing is signed by this: it would vouch for whatever stands there now.
    Export(Told),
    /// Check that the facts are as they were written; ends with 1 if they are not.
    Verify(Told),
}

/// What to look at.
#[derive(Args, Clone, Debug)]
pub struct Told {
    #[command(flatten)]
    source: Source,
    /// A file with anchors, a line each: what `audit.anchors` in the configuration names, or what cards carry as metadata.
    #[arg(long)]
    anchors: Option<PathBuf>,
    /// Only this incident, as INC-7.
    #[arg(long, value_parser = incident)]
    incident: Option<IncidentId>,
}

/// Where the facts are.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
struct Source {
    /// The file of a bot that does not run now; to verify, an export as well.
    file: Option<PathBuf>,
    /// The configuration of the bot, TOML: its storage, and its file of anchors.
    #[arg(long)]
    config: Option<PathBuf>,
}

fn incident(text: &str) -> Result<IncidentId, String> {
    text.to_owned().try_into()
}

/// Why there was no audit.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The configuration or the key cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The key is too short.
    #[error("CLARITY_AUDIT_KEY is set, but {0}")]
    Key(#[from] ShortKey),
    /// The storage that the configuration names cannot be reached.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be read.
    #[error("{} cannot be read: {problem}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        problem: std::io::Error,
    },
    /// A stored fact is no record, so that it cannot be copied out.
    #[error("{0}; `clarity audit verify` says more")]
    NoRecord(String),
    /// Only a store can be copied out.
    #[error("{} is no store; give the file of a bot, or --config", .0.display())]
    NoStore(PathBuf),
    /// There is nothing to look at.
    #[error("there is no fact and no anchor, so that nothing can be said")]
    Nothing,
    /// What was found cannot be told.
    #[error("the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
}

/// Does what is asked for, and says whether all is well. Without a signer, no anchor can be relied upon.
pub async fn run(task: Task, signer: Option<&Signer>, out: &mut impl Write) -> Result<bool, AuditError> {
    let done = match task {
        Task::Export(told) => export(&told, out).await.map(|()| true),
        Task::Verify(told) => verify(&told, signer, out).await,
    };
    match done {
        // A reader that went away (`| head`) is not an error.
        Err(AuditError::Output(err)) if err.kind() == ErrorKind::BrokenPipe => Ok(true),
        done => done,
    }
}

/// The signer whose key stands in the environment, if one does.
pub fn signer() -> Result<Option<Signer>, AuditError> {
    let key = Secrets::audit_key()?;
    Ok(key.map(|key| Signer::new(key.expose_secret().as_bytes())).transpose()?)
}

/// What there is to look at.
enum Place {
    Store(Arc<dyn Archive>),
    Export(PathBuf),
}

/// Where to look, and where the anchors are.
async fn find(told: &Told) -> Result<(Place, Option<PathBuf>), AuditError> {
    if let Some(config) = &told.source.config {
        let file = File::load(config)?;
        let place = match &file.storage {
            Storage::Embedded { path } => Place::Store(Arc::new(ReadOnly::open(path)?)),
            Storage::Aws { table, .. } => Place::Store(serve::archive_on_aws(table).await?),
        };
        // A bot that has not shown a card yet has no such file.
        let configured = file.audit.anchors.filter(|path| path.exists());
        return Ok((place, told.anchors.clone().or(configured)));
    }
    let path = told.source.file.clone().unwrap_or_default();
    let mut head = Vec::new();
    let opened = std::fs::File::open(&path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut head));
    opened.map_err(unreadable(&path))?;
    let place = if head == MAGIC { Place::Store(Arc::new(ReadOnly::open(&path)?)) } else { Place::Export(path) };
    Ok((place, told.anchors.clone()))
}

async fn export(told: &Told, out: &mut impl Write) -> Result<(), AuditError> {
    let (store, anchors) = match find(told).await? {
        (Place::Store(store), anchors) => (store, anchors),
        (Place::Export(path), _) => return Err(AuditError::NoStore(path)),
    };
    for id in incidents(&*store, told.incident).await? {
        for stored in store.records(id).await? {
            let line = tools::audit::line(id, &stored).map_err(AuditError::NoRecord)?;
            writeln!(out, "{line}")?;
        }
    }
    if let Some(path) = anchors {
        each_line(&path, |_, line| Ok(out.write_all(line).and_then(|()| writeln!(out))?))?;
    }
    Ok(out.flush()?)
}

async fn verify(told: &Told, signer: Option<&Signer>, out: &mut impl Write) -> Result<bool, AuditError> {
    let mut verifier = Verifier::new(told.incident);
    let (place, anchors) = find(told).await?;
    match place {
        Place::Store(store) => {
            for id in incidents(&*store, told.incident).await? {
                verifier.expect(id);
                for (number, stored) in (1..).zip(store.records(id).await?) {
                    match tools::audit::line(id, &stored) {
                        Ok(line) => verifier.take(line.as_bytes(), &format!("{id}, record {number}")),
                        Err(problem) => verifier.is_unreadable(format!("Record {number}: {problem}.")),
                    }
                }
            }
        }
        Place::Export(path) => take_lines(&mut verifier, &path)?,
    }
    if let Some(path) = anchors {
        take_lines(&mut verifier, &path)?;
    }
    let report = verifier.report(signer);
    if report.is_empty() {
        return Err(AuditError::Nothing);
    }
    writeln!(out, "{report}")?;
    out.flush()?;
    Ok(report.is_good())
}

/// Every incident there is, or the one that is asked for if it is there.
async fn incidents(store: &dyn Archive, only: Option<IncidentId>) -> Result<Vec<IncidentId>, AuditError> {
    let every = (1..=store.last().await?).map(IncidentId);
    Ok(every.filter(|id| only.is_none_or(|only| only == *id)).collect())
}

fn take_lines(verifier: &mut Verifier, path: &Path) -> Result<(), AuditError> {
    each_line(path, |number, line| {
        verifier.take(line, &format!("Line {number} of {}", path.display()));
        Ok(())
    })
}

/// Reads a file line by line: bytes, for whoever changed one may have made it no text.
fn each_line(path: &Path, mut take: impl FnMut(u64, &[u8]) -> Result<(), AuditError>) -> Result<(), AuditError> {
    let mut file = BufReader::new(std::fs::File::open(path).map_err(unreadable(path))?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if file.read_until(b'\n', &mut line).map_err(unreadable(path))? == 0 {
            break;
        }
        take(number, line.strip_suffix(b"\n").unwrap_or(&line))?;
    }
    Ok(())
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> AuditError {
    |problem| AuditError::Unreadable { path: path.to_owned(), problem }
}

//! `clarity serve`: a bot that stays up, put together from a configuration.

use crate::app::{Bot, Kept, Parts, StartError};
use crate::clock::SystemClock;
use crate::config::{ConfigError, File, Metrics, Secrets, Storage};
use crate::embedded::Embedded;
use crate::policy;
use crate::ports::{Archive, StoreError};
use crate::rules::Rules;
use jiff::{SignedDuration, Timestamp};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tools::declared::{Declared, Unconnected};
use tools::language::{Failure, Toolset};
use tools::ports::{Actuator, Clock, LanguageModel, Outside, Telemetry, TopologySource};

/// How often the workers look for what came by another way than this process' front door.
const LOOK: SignedDuration = SignedDuration::from_secs(1);

/// Why the bot does not serve, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The policy cannot be used.
    #[error(transparent)]
    Policy(#[from] policy::Unusable),
    /// This build has no AWS in it.
    #[error("`{0}` needs a build with AWS in it: `cargo build --release --features aws`")]
    NoAws(&'static str),
    /// This build speaks no MCP.
    #[error("`[mcp.tokens]` needs a build that speaks MCP: `cargo build --release --features mcp`")]
    NoMcp,
    /// The address is taken, or is not ours.
    #[error("the front door cannot listen on {address}: {problem}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        problem: std::io::Error,
    },
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bot did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A worker failed.
    #[error("{0}")]
    Failed(String),
}

/// A bot that serves.
#[derive(Debug)]
pub struct Serving {
    /// Where its front door is.
    pub address: SocketAddr,
    bot: Bot,
}

/// Starts a bot from `file`.
pub async fn start(file: &File, secrets: Secrets) -> Result<Serving, ServeError> {
    // Nobody should learn from a click at night that the policy has a mistake.
    let rules = Arc::new(Rules::of(file)?);
    let config = file.config(secrets)?;
    if !config.bearers.is_empty() && cfg!(not(feature = "mcp")) {
        return Err(ServeError::NoMcp);
    }
    let outside = outside(file).await?;
    let Kept { store, inbox } = keep(&file.storage).await?;
    let listen = |problem| ServeError::Listen { address: file.listen, problem };
    let listener = TcpListener::bind(file.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let actuator = actuator();
    let model = model(file).await?;
    let parts = Parts { config, store, inbox, rules, outside, actuator, model, clock: Arc::new(SystemClock) };
    Ok(Serving { address, bot: Bot::start(parts, listener).await? })
}

impl Serving {
    /// Serves until `stop` comes, and ends in good order; or until a worker fails.
    pub async fn until(mut self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        tokio::pin!(stop);
        loop {
            let next = SystemClock.now().saturating_add(LOOK).unwrap_or_default();
            tokio::select! {
                () = &mut stop => break,
                failure = self.bot.failed() => return Err(ServeError::Failed(failure)),
                () = SystemClock.wait_until(next) => self.bot.pulse().beat(),
            }
        }
        self.bot.stop().await;
        Ok(())
    }
}

/// Returns when this process is asked to stop: Ctrl-C, or SIGTERM.
pub async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without signals it goes on until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn keep(storage: &Storage) -> Result<Kept, ServeError> {
    match storage {
        Storage::Embedded { path } => Ok(Embedded::open(path)?.into()),
        Storage::Aws { table, inbox } => keep_on_aws(table, inbox).await,
    }
}

#[cfg(feature = "aws")]
pub(crate) async fn keep_on_aws(table: &str, inbox: &str) -> Result<Kept, ServeError> {
    use crate::aws::{DynamoStore, SqsInbox};
    /// An empty queue is asked this often; an event that comes is handed over at once. Shorter than the time to stop.
    const WAIT_S: u8 = 5;
    let sdk = tools::aws::defaults().load().await;
    Ok(Kept { store: Arc::new(DynamoStore::new(&sdk, table)), inbox: Arc::new(SqsInbox::new(&sdk, inbox, WAIT_S)) })
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "its twin with the feature `aws` waits")]
pub(crate) async fn keep_on_aws(_table: &str, _inbox: &str) -> Result<Kept, ServeError> {
    Err(ServeError::NoAws("[storage.aws]"))
}

/// The facts in a table, for an audit.
#[cfg(feature = "aws")]
pub(crate) async fn archive_on_aws(table: &str) -> Result<Arc<dyn Archive>, ServeError> {
    let sdk = tools::aws::defaults().load().await;
    Ok(Arc::new(crate::aws::DynamoStore::new(&sdk, table)))
}

/// The facts in a table, for an audit.
#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "its twin with the feature `aws` waits")]
pub(crate) async fn archive_on_aws(_table: &str) -> Result<Arc<dyn Archive>, ServeError> {
    Err(ServeError::NoAws("[storage.aws]"))
}

/// What changes the world as the configuration lets it.
pub(crate) fn actuator() -> Arc<dyn Actuator> {
    Arc::new(Unconnected { remedy: "a later version of Clarity".to_owned() })
}

/// What became of a try: for which toolset, with which model, and why not.
pub(crate) type Probed = Vec<(Toolset, String, Result<(), Failure>)>;

#[cfg(feature = "aws")]
async fn bedrock(file: &File) -> Option<tools::aws::bedrock::Bedrock> {
    let routes = crate::aws::routes(file.bedrock.as_ref()?);
    Some(tools::aws::bedrock::Bedrock::new(&tools::aws::defaults().load().await, routes))
}

/// Tries every model once.
#[cfg(feature = "aws")]
pub(crate) async fn probe(file: &File, now: Timestamp) -> Result<Probed, ServeError> {
    match bedrock(file).await {
        Some(bedrock) => Ok(bedrock.probe(now).await),
        None => Ok(Vec::new()),
    }
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "its twin with the feature `aws` waits")]
pub(crate) async fn probe(file: &File, _now: Timestamp) -> Result<Probed, ServeError> {
    if file.bedrock.is_some() { Err(ServeError::NoAws("[bedrock]")) } else { Ok(Vec::new()) }
}

/// What phrases, as the configuration has it. Each model is tried at once: what cannot be used is known before anybody waits
/// for it, and the rules stand in.
#[cfg(feature = "aws")]
pub(crate) async fn model(file: &File) -> Result<Option<Arc<dyn LanguageModel>>, ServeError> {
    let Some(model) = bedrock(file).await else { return Ok(None) };
    for (toolset, id, told) in model.probe(SystemClock.now()).await {
        match told {
            Ok(()) => tracing::info!(%toolset, model = id, "a model is ready"),
            Err(failure) => tracing::warn!(%toolset, model = id, "a model cannot be used: {failure}"),
        }
    }
    Ok(Some(Arc::new(model)))
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "its twin with the feature `aws` waits")]
pub(crate) async fn model(file: &File) -> Result<Option<Arc<dyn LanguageModel>>, ServeError> {
    if file.bedrock.is_some() { Err(ServeError::NoAws("[bedrock]")) } else { Ok(None) }
}

/// The world as the configuration lets the tools see it.
pub(crate) async fn outside(file: &File) -> Result<Outside, ServeError> {
    let telemetry: Arc<dyn Telemetry> = match file.metrics {
        Metrics::None => Arc::new(Unconnected { remedy: "`metrics = \"cloudwatch\"` in the configuration".to_owned() }),
        Metrics::Cloudwatch => cloudwatch(file).await?,
    };
    let topology: Arc<dyn TopologySource> = match file.topology.asks_aws() {
        None => Arc::new(Declared(file.topology.declared())),
        Some(setting) => calls_on_aws(file, setting).await?,
    };
    let later = Arc::new(Unconnected { remedy: "a later version of Clarity".to_owned() });
    Ok(Outside { telemetry, topology, changes: later.clone(), casebook: later.clone(), levers: later })
}

#[cfg(feature = "aws")]
async fn cloudwatch(file: &File) -> Result<Arc<dyn Telemetry>, ServeError> {
    let sdk = tools::aws::defaults().load().await;
    Ok(Arc::new(tools::aws::telemetry::CloudWatch::new(&sdk, &file.topology.declared())))
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "its twin with the feature `aws` waits")]
async fn cloudwatch(_file: &File) -> Result<Arc<dyn Telemetry>, ServeError> {
    Err(ServeError::NoAws("metrics = \"cloudwatch\""))
}

#[cfg(feature = "aws")]
async fn calls_on_aws(file: &File, _setting: &'static str) -> Result<Arc<dyn TopologySource>, ServeError> {
    use tools::aws::topology::{AwsTopology, Reads};
    let sdk = tools::aws::defaults().load().await;
    let calls = &file.topology;
    let reads = Reads { xray: calls.xray, event_sources: calls.event_sources, buses: calls.buses.clone() };
    Ok(Arc::new(AwsTopology::new(&sdk, calls.declared(), reads)))
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "its twin with the feature `aws` waits")]
async fn calls_on_aws(_file: &File, setting: &'static str) -> Result<Arc<dyn TopologySource>, ServeError> {
    Err(ServeError::NoAws(setting))
}

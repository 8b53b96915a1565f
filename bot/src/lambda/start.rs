//! From the environment of a function to the function that runs.

use crate::app::{Parts, Works};
use crate::aws::{DelayQueue, DynamoStore, SqsInbox};
use crate::clock::SystemClock;
use crate::config::{Config, Flood, Scope};
use crate::dispatch::Pulse;
use crate::http::Door;
use crate::lambda::{Ingress, Worker};
use aws_sdk_secretsmanager::Client as Secrets;
use clap::{Args, ValueEnum};
use secrecy::SecretString;
use std::sync::Arc;
use tools::aws::{SdkConfig, defaults, explain};

/// What a function is told. On Lambda it comes from the environment that `infra/template.yaml` sets.
#[derive(Args, Clone, Debug)]
pub struct Told {
    /// What this function does.
    #[arg(env = "_HANDLER")]
    pub role: Role,
    /// The text of clarity.toml.
    #[arg(long, env = "CLARITY_CONFIG", value_name = "TOML", hide_env_values = true)]
    pub config: String,
    /// Where events wait.
    #[arg(long, env = "CLARITY_INBOX_URL", value_name = "URL")]
    pub inbox_url: String,
    /// Where wake-up calls wait.
    #[arg(long, env = "CLARITY_LATER_URL", value_name = "URL", required_if_eq("role", "worker"))]
    pub later_url: Option<String>,
    /// Where facts are.
    #[arg(long, env = "CLARITY_TABLE", value_name = "NAME", required_if_eq("role", "worker"))]
    pub table: Option<String>,
    /// The secret with Slack's signing secret.
    #[arg(long, env = "CLARITY_SIGNING_SECRET_ID", value_name = "ID", required_if_eq("role", "ingress"))]
    pub signing_secret_id: Option<String>,
    /// The secret with Slack's bot token.
    #[arg(long, env = "CLARITY_BOT_TOKEN_ID", value_name = "ID", required_if_eq("role", "worker"))]
    pub bot_token_id: Option<String>,
}

/// What a function does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Verifies, puts into the inbox, answers.
    Ingress,
    /// Handles what waits in the inbox, and speaks.
    Worker,
}

/// Why a function did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// A secret cannot be read.
    #[error("the secret `{id}` cannot be read: {problem}")]
    Secret {
        /// Which.
        id: String,
        /// What Secrets Manager says.
        problem: String,
    },
    /// The configuration cannot be read.
    #[error("the configuration cannot be read: {0}")]
    Config(#[from] toml::de::Error),
    /// The certificates of this machine cannot be read.
    #[error("the root certificates of this machine cannot be read")]
    Certificates(#[from] std::io::Error),
    /// Something that the role needs was not told.
    #[error("{0} is not set")]
    Untold(&'static str),
    /// Lambda's runtime interface failed.
    #[error("the Lambda runtime failed: {0}")]
    Runtime(#[from] lambda_runtime::Error),
}

/// Runs the function until Lambda stops it.
pub async fn run(told: Told) -> Result<(), Stopped> {
    let sdk = defaults().load().await;
    let secrets = Secrets::new(&sdk);
    match told.role {
        Role::Ingress => {
            let signing_secret = secret(&secrets, told.signing_secret_id, "CLARITY_SIGNING_SECRET_ID").await?;
            let config = Arc::new(config(&told.config, SecretString::default(), signing_secret)?);
            let inbox = Arc::new(SqsInbox::new(&sdk, told.inbox_url, 0));
            let door = Door { config, inbox, clock: Arc::new(SystemClock), pulse: Arc::new(Pulse::default()) };
            Ok(Ingress::new(door).run().await?)
        }
        Role::Worker => {
            let bot_token = secret(&secrets, told.bot_token_id, "CLARITY_BOT_TOKEN_ID").await?;
            let config = config(&told.config, bot_token, SecretString::default())?;
            let table = told.table.ok_or(Stopped::Untold("CLARITY_TABLE"))?;
            let later = told.later_url.ok_or(Stopped::Untold("CLARITY_LATER_URL"))?;
            let clock = Arc::new(SystemClock);
            let works = Works::of(Parts {
                config,
                store: Arc::new(DynamoStore::new(&sdk, table)),
                inbox: Arc::new(SqsInbox::new(&sdk, told.inbox_url, 0)),
                outside: outside(&sdk),
                clock: clock.clone(),
            })?;
            Ok(Worker::new(works, clock).run(DelayQueue::new(&sdk, later)).await?)
        }
    }
}

/// A secret's text. It is read when the function starts, so that it stands in no environment and in no template.
async fn secret(client: &Secrets, id: Option<String>, told_in: &'static str) -> Result<SecretString, Stopped> {
    let id = id.ok_or(Stopped::Untold(told_in))?;
    let answer = client.get_secret_value().secret_id(&id).send().await;
    let answer = answer.map_err(|err| Stopped::Secret { id: id.clone(), problem: explain(&err) })?;
    let text = answer.secret_string.ok_or_else(|| Stopped::Secret { id, problem: "it holds no text".to_owned() })?;
    Ok(text.trim().into())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    slack_api: String,
    command: String,
    scopes: Vec<FileScope>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FileScope {
    id: String,
    #[serde(default)]
    accounts: Vec<String>,
    #[serde(default)]
    watched: Vec<String>,
    war_room: String,
}

fn config(text: &str, bot_token: SecretString, signing_secret: SecretString) -> Result<Config, toml::de::Error> {
    let file: File = toml::from_str(text)?;
    let scopes = file.scopes.into_iter().map(|scope| Scope {
        id: tools::model::ScopeId(scope.id),
        accounts: scope.accounts,
        watched: scope.watched,
        war_room: scope.war_room,
        flood: Flood::USUAL,
    });
    Ok(Config {
        slack_api: file.slack_api,
        bot_token,
        signing_secret,
        alarms_secret: None,
        command: file.command,
        scopes: scopes.collect(),
    })
}

#[derive(Debug)]
struct Blind;

impl Blind {
    fn gap(wanted: &str) -> tools::model::Gap {
        tools::model::Gap { wanted: wanted.to_owned(), because: "not connected yet".to_owned(), remedy: None }
    }
}

#[async_trait::async_trait]
impl tools::ports::Telemetry for Blind {
    async fn series(&self, _: tools::model::Window) -> Result<Vec<tools::model::Series>, tools::model::Gap> {
        Err(Self::gap("metrics"))
    }
}

#[async_trait::async_trait]
impl tools::ports::TopologySource for Blind {
    async fn topology(&self, _: tools::model::Window) -> Result<tools::model::Topology, tools::model::Gap> {
        Err(Self::gap("topology"))
    }
}

#[async_trait::async_trait]
impl tools::ports::Changes for Blind {
    async fn changes(&self, _: tools::model::Window) -> Result<Vec<tools::model::Change>, tools::model::Gap> {
        Err(Self::gap("changes"))
    }
}

fn outside(_: &SdkConfig) -> tools::ports::Outside {
    let blind = Arc::new(Blind);
    tools::ports::Outside { telemetry: blind.clone(), topology: blind.clone(), changes: blind }
}

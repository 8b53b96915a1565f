//! From the environment of a function to the function that runs.

use crate::alarms::sns::verify::Authority;
#[cfg(feature = "mcp")]
use crate::app::Kept;
use crate::app::{Parts, Works};
use crate::aws::{DelayQueue, DynamoStore, SqsInbox};
use crate::clock::SystemClock;
use crate::config::{ConfigError, File, Secrets};
use crate::http::Door;
#[cfg(feature = "mcp")]
use crate::lambda::mcp::Servers;
use crate::lambda::{Ingress, Worker};
use crate::pulse::Pulse;
use crate::rules::Rules;
use crate::serve::{self, ServeError};
use crate::slack::chat::Chat;
use aws_sdk_secretsmanager::Client as Vault;
use clap::{Args, ValueEnum};
use secrecy::SecretString;
use std::sync::Arc;
use tools::aws::{defaults, explain};
#[cfg(feature = "mcp")]
use tools::ports::Clock;

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
    #[arg(long, env = "CLARITY_TABLE", value_name = "NAME")]
    pub table: String,
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
    /// Answers MCP clients.
    #[cfg(feature = "mcp")]
    Mcp,
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
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What the configuration names cannot be reached.
    #[error(transparent)]
    Outside(#[from] ServeError),
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

/// Runs the function until Lambda stops it. Each role gets the secrets it needs, and is not even allowed to read
/// another.
pub async fn run(told: Told) -> Result<(), Stopped> {
    let file = File::parse(&told.config)?;
    file.check_for_functions()?;
    let rules = Rules::of(&file).map_err(ServeError::from)?;
    let sdk = defaults().load().await;
    let vault = Vault::new(&sdk);
    let mut secrets = Secrets {
        bot_token: SecretString::default(),
        signing_secret: SecretString::default(),
        app_token: None,
        alarms_secret: None,
        // A function signs nothing yet: its signer will be KMS, so that not even the function knows the key.
        audit_key: None,
        pagerduty_key: None,
        opsgenie_key: None,
    };
    let inbox = Arc::new(SqsInbox::new(&sdk, told.inbox_url, 0));
    let clock = Arc::new(SystemClock);
    match told.role {
        Role::Ingress => {
            secrets.signing_secret = secret(&vault, told.signing_secret_id, "CLARITY_SIGNING_SECRET_ID").await?;
            // Only forms need it here; a function that is not told it opens none, and says so to whoever wants one.
            if told.bot_token_id.is_some() {
                secrets.bot_token = secret(&vault, told.bot_token_id, "CLARITY_BOT_TOKEN_ID").await?;
            }
            let config = Arc::new(file.config(secrets)?);
            let chat = Chat::new(&config.slack_api, &config.bot_token)?;
            let (pulse, sns) = (Arc::new(Pulse::default()), Authority::new()?);
            let store = Arc::new(DynamoStore::new(&sdk, told.table));
            Ok(Ingress::new(Door { config, inbox, clock, pulse, store, chat, sns }).run().await?)
        }
        Role::Worker => {
            secrets.bot_token = secret(&vault, told.bot_token_id, "CLARITY_BOT_TOKEN_ID").await?;
            let later = told.later_url.ok_or(Stopped::Untold("CLARITY_LATER_URL"))?;
            let works = Works::of(Parts {
                config: file.config(secrets)?,
                store: Arc::new(DynamoStore::new(&sdk, told.table)),
                inbox,
                rules: Arc::new(rules),
                outside: serve::outside(&file).await?,
                actuator: serve::actuator(),
                model: serve::model(&file).await?,
                clock: clock.clone(),
            })?;
            Ok(Worker::new(works, clock).run(DelayQueue::new(&sdk, later)).await?)
        }
        #[cfg(feature = "mcp")]
        Role::Mcp => {
            let kept = Kept { store: Arc::new(DynamoStore::new(&sdk, told.table)), inbox };
            let clock: Arc<dyn Clock> = clock;
            let outside = serve::outside(&file).await?;
            Ok(Servers::new(file.config(secrets)?, kept, outside, &clock).run().await?)
        }
    }
}

/// A secret's text. It is read when the function starts, so that it stands in no environment and in no template.
async fn secret(vault: &Vault, id: Option<String>, told_in: &'static str) -> Result<SecretString, Stopped> {
    let id = id.ok_or(Stopped::Untold(told_in))?;
    let answer = vault.get_secret_value().secret_id(&id).send().await;
    let answer = answer.map_err(|err| Stopped::Secret { id: id.clone(), problem: explain(&err) })?;
    let text = answer.secret_string.ok_or_else(|| Stopped::Secret { id, problem: "it holds no text".to_owned() })?;
    Ok(text.trim().into())
}

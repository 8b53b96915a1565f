//! The composition root: everything that runs, made from what it needs.

use crate::config::Config;
use crate::dispatch::Dispatcher;
use crate::http::{self, Door};
use crate::outbox::Sender;
use crate::ports::{Inbox, Store};
use crate::pulse::Pulse;
use crate::slack::chat::{Chat, ChatError};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tools::ports::{Clock, Outside};

/// What a bot is made from.
#[derive(Debug)]
pub struct Parts {
    /// What the deployment configures.
    pub config: Config,
    /// Where facts are kept.
    pub store: Arc<dyn Store>,
    /// Where events wait.
    pub inbox: Arc<dyn Inbox>,
    /// The world as the tools see it.
    pub outside: Outside,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A running bot; dropping it stops it at once, wherever it is.
#[derive(Debug)]
pub struct Bot {
    pulse: Arc<Pulse>,
    workers: JoinSet<()>,
}

/// Why a bot did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The certificates of this machine cannot be read.
    #[error("the root certificates of this machine cannot be read")]
    Certificates(#[from] std::io::Error),
    /// Slack does not know us.
    #[error("Slack does not accept the bot token")]
    Slack(#[from] ChatError),
}

impl Bot {
    /// Starts the workers and serves the front door on `listener`.
    pub async fn start(parts: Parts, listener: TcpListener) -> Result<Self, StartError> {
        let Parts { config, store, inbox, outside, clock } = parts;
        let chat = Chat::new(&config.slack_api, &config.bot_token)?;
        let identity = Arc::new(chat.identity().await?);
        let config = Arc::new(config);
        let pulse = Arc::new(Pulse::default());
        let sender = Sender::new(
            Arc::clone(&store),
            Arc::clone(&inbox),
            chat,
            outside.clone(),
            Arc::clone(&clock),
            Arc::clone(&pulse),
        );
        let dispatcher = Dispatcher {
            config: Arc::clone(&config),
            store,
            inbox: Arc::clone(&inbox),
            outside,
            clock: Arc::clone(&clock),
            pulse: Arc::clone(&pulse),
            atlas: Mutex::new(None),
        };
        let router = http::router(Door { config, identity, inbox, clock, pulse: Arc::clone(&pulse) });
        let mut workers = JoinSet::new();
        workers.spawn(async move { dispatcher.run().await });
        workers.spawn(sender.run());
        workers.spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            if let Err(err) = axum::serve(listener, service).await {
                tracing::error!("the front door closed: {err}");
            }
        });
        Ok(Self { pulse, workers })
    }

    /// What wakes the workers.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Stops every worker at once, wherever it is, and returns when all are gone.
    pub async fn kill(&mut self) {
        self.workers.shutdown().await;
    }

    /// Returns when a worker stops by itself, which none should: a bug that must not pass unseen.
    pub async fn failed(&mut self) -> String {
        match self.workers.join_next().await {
            Some(Err(err)) => format!("a worker of the bot failed: {err}"),
            Some(Ok(())) | None => "a worker of the bot stopped".to_owned(),
        }
    }
}

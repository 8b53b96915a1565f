//! The composition root: everything that runs, made from what it needs.

use crate::alarms::sns::verify::Authority;
use crate::audit::Notary;
use crate::casebook::Cases;
use crate::config::Config;
use crate::dispatch::Dispatcher;
use crate::embedded::Embedded;
use crate::http::{self, Door};
use crate::narrator::Narrator;
use crate::outbox::{Means, Sender};
use crate::ports::{Inbox, Store};
use crate::pulse::Pulse;
use crate::rota;
use crate::rules::Rules;
use crate::slack::chat::{Chat, ChatError};
use crate::slack::socket::Socket;
use axum::Router;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tools::ports::{Actuator, Clock, LanguageModel, Outside};

/// How long a bot that is asked to stop may go on with what it is doing.
const GRACE: Duration = Duration::from_secs(10);

/// What a bot is made from.
#[derive(Debug)]
pub struct Parts {
    /// What the deployment configures.
    pub config: Config,
    /// Where facts are kept.
    pub store: Arc<dyn Store>,
    /// Where events wait.
    pub inbox: Arc<dyn Inbox>,
    /// The rules under which plans are made and decided.
    pub rules: Arc<Rules>,
    /// The world as the tools see it.
    pub outside: Outside,
    /// What changes it.
    pub actuator: Arc<dyn Actuator>,
    /// What phrases, if a model does; it is asked only where the configuration has limits for it.
    pub model: Option<Arc<dyn LanguageModel>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What outlives a bot: its store and its inbox.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Where facts are kept.
    pub store: Arc<dyn Store>,
    /// Where events wait.
    pub inbox: Arc<dyn Inbox>,
}

impl From<Embedded> for Kept {
    fn from(embedded: Embedded) -> Self {
        let embedded = Arc::new(embedded);
        Self { store: embedded.clone(), inbox: embedded }
    }
}

/// A bot that does not run yet: its parts, put together. Where something else drives them, as on Lambda, they are taken
/// step by step.
#[derive(Debug)]
pub struct Works {
    /// Inbox → facts.
    pub dispatcher: Dispatcher,
    /// Outbox → Slack.
    pub sender: Sender,
    /// The front door.
    pub router: Router,
    /// The socket to Slack, if that is how it reaches us.
    pub socket: Option<Socket>,
    /// Slack's Web API.
    pub chat: Chat,
    /// The world as the tools see it, with the incidents there were and the people who decide.
    pub outside: Outside,
    /// What wakes the workers.
    pub pulse: Arc<Pulse>,
}

/// A running bot; dropping it stops it at once, wherever it is.
#[derive(Debug)]
pub struct Bot {
    pulse: Arc<Pulse>,
    /// Set to true, it closes the front door.
    closing: watch::Sender<bool>,
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
    /// Slack opens no socket.
    #[error(
        "Slack opens no socket: {0}. The app-level token needs the scope `connections:write`, and Socket Mode has to be on"
    )]
    Socket(ChatError),
}

impl Works {
    /// Puts the parts together. Nothing is asked of anybody yet.
    pub fn of(parts: Parts) -> std::io::Result<Self> {
        let Parts { config, store, inbox, rules, outside, actuator, model, clock } = parts;
        let chat = Chat::new(&config.slack_api, &config.bot_token)?;
        let notary = Notary::of(&config);
        let rotas = rota::Known::of(&config.rotas)?;
        let narrator = model.zip(config.models).map(|(model, limits)| Narrator::new(model, limits));
        let config = Arc::new(config);
        // Whatever the world is, the incidents there were are the ones kept here.
        let pulse = Arc::new(Pulse::default());
        let outside = Cases {
            config: Arc::clone(&config),
            store: Arc::clone(&store),
            inbox: Arc::clone(&inbox),
            pulse: Arc::clone(&pulse),
        }
        .in_place_of(outside);
        let sender = Sender::new(Means {
            config: Arc::clone(&config),
            rules: Arc::clone(&rules),
            store: Arc::clone(&store),
            inbox: Arc::clone(&inbox),
            chat: chat.clone(),
            outside: outside.clone(),
            actuator,
            clock: Arc::clone(&clock),
            pulse: Arc::clone(&pulse),
            notary,
            narrator,
            rotas,
        });
        let dispatcher = Dispatcher {
            config: Arc::clone(&config),
            rules,
            store: Arc::clone(&store),
            inbox: Arc::clone(&inbox),
            outside: outside.clone(),
            clock: Arc::clone(&clock),
            pulse: Arc::clone(&pulse),
            atlas: Mutex::new(None),
            told: Mutex::default(),
        };
        let (sns, pulse_of_door) = (Authority::new()?, Arc::clone(&pulse));
        let app = config.app_token.clone().map(|token| (config.slack_api.clone(), token));
        #[cfg(feature = "mcp")]
        let mcp = crate::mcp::router(&config, &outside, &clock);
        let door = Door { config, inbox, clock, pulse: pulse_of_door, store, chat: chat.clone(), sns };
        let socket = app.map(|(api, token)| Socket::new(&api, &token, door.clone())).transpose()?;
        let router = http::router(door);
        #[cfg(feature = "mcp")]
        let router = router.merge(mcp);
        Ok(Self { dispatcher, sender, router, socket, chat, outside, pulse })
    }
}

impl Bot {
    /// Starts the workers and serves the front door on `listener`.
    pub async fn start(parts: Parts, listener: TcpListener) -> Result<Self, StartError> {
        let Works { dispatcher, sender, router, socket, chat, outside: _, pulse } = Works::of(parts)?;
        // A token that Slack does not know is told now, not with the first alarm.
        chat.identity().await?;
        let socket = match socket {
            Some(socket) => Some((socket.first().await.map_err(StartError::Socket)?, socket)),
            None => None,
        };
        let (closing, mut closed) = watch::channel(false);
        let mut workers = JoinSet::new();
        workers.spawn(async move { dispatcher.run().await });
        workers.spawn(sender.run());
        if let Some((first, socket)) = socket {
            let mut closed = closed.clone();
            workers.spawn(async move {
                // Asked to stop, it takes nothing new, like the front door: Slack sends again what nobody acknowledged.
                tokio::select! {
                    () = socket.run(first) => {}
                    _ = closed.wait_for(|closed| *closed) => {}
                }
            });
        }
        workers.spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            // Dropped, the server takes no new connections and lets each one finish the request it is at.
            tokio::select! {
                Err(err) = axum::serve(listener, service).into_future() => tracing::error!("the front door closed: {err}"),
                _ = closed.wait_for(|closed| *closed) => {}
            }
        });
        Ok(Self { pulse, closing, workers })
    }

    /// What wakes the workers.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Closes the front door, lets the workers finish what can be finished now, and stops them. What does not fit into
    /// that time is done by whoever starts next.
    pub async fn stop(mut self) {
        self.closing.send_replace(true);
        if tokio::time::timeout(GRACE, self.pulse.settled()).await.is_err() {
            tracing::warn!("stopped before everything was done; it is done at the next start");
        }
        self.kill().await;
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

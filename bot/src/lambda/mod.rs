//! The bot as Lambda functions. [`Ingress`] verifies, puts into the inbox and answers; [`Worker`] handles what waits there
//! and speaks; and `Servers` answer MCP clients out of the facts. Lambda freezes a function once it has answered, so nothing is left running: what must wait goes into the
//! delay queue.

pub mod batch;
pub mod gateway;
#[cfg(feature = "mcp")]
pub mod mcp;
pub mod start;

use crate::app::Works;
use crate::aws::DelayQueue;
use crate::aws::inbox;
use crate::dispatch::Dispatcher;
use crate::http::{self, Door};
use crate::outbox::Sender;
use axum::Router;
use batch::{Delivery, to_report};
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent, Service, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::Mutex;
use tools::ports::Clock;

/// What the delay queue brings: nothing but that it is time.
const WAKE: &str = "wake";

/// After a failure the outbox is looked at again so soon.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(5);

/// The front door as a function: what Slack sends to its URL, and the events that EventBridge invokes it with.
#[derive(Debug)]
pub struct Ingress {
    router: Router,
    door: Door,
}

/// Inbox → facts → Slack, one batch at a time.
#[derive(Debug)]
pub struct Worker {
    dispatcher: Dispatcher,
    sender: Mutex<Sender>,
    clock: Arc<dyn Clock>,
}

/// A batch of messages as Lambda gets it from SQS.
#[derive(Clone, Debug, Deserialize)]
pub struct Batch {
    /// The messages, each group in its order.
    #[serde(rename = "Records")]
    pub records: Vec<Message>,
}

/// A message of a batch.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// SQS's id.
    pub message_id: String,
    /// What it says.
    pub body: String,
    /// What SQS says of it.
    #[serde(default)]
    pub attributes: Attributes,
}

/// What SQS says of a message.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attributes {
    /// Its group: none in a standard queue.
    pub message_group_id: Option<String>,
}

/// What came of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worked {
    /// Messages that have to come again.
    pub failed: Vec<String>,
    /// When the outbox has to be looked at again, if anything waits there.
    pub wake_at: Option<Timestamp>,
}

/// A request goes in, as a function URL brings it, and an answer comes out.
async fn through(router: &Router, event: Value) -> Result<Value, Error> {
    let Ok(response) = router.clone().call(gateway::request(event)?).await;
    Ok(gateway::answer(response).await?)
}

impl Ingress {
    /// A front door.
    pub fn new(door: Door) -> Self {
        Self { router: http::router(door.clone()), door }
    }

    /// Answers one invocation. An error makes EventBridge's event come again, and in the end wait in the queue of lost ones.
    pub async fn answer(&self, event: Value) -> Result<Value, Error> {
        if gateway::is_request(&event) {
            return through(&self.router, event).await;
        }
        // Nobody but EventBridge may invoke the function otherwise: IAM has looked at that.
        let note = self.door.take_event(&event).await?;
        Ok(json!({"ok": true, "note": note}))
    }

    /// Serves until Lambda stops the process.
    pub async fn run(self) -> Result<(), Error> {
        let this = &self;
        lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| this.answer(event.payload))).await
    }
}

impl Worker {
    /// A worker that nobody drives yet.
    pub fn new(works: Works, clock: Arc<dyn Clock>) -> Self {
        Self { dispatcher: works.dispatcher, sender: Mutex::new(works.sender), clock }
    }

    /// Handles a batch, each group in its order, and sends what can be sent now. Killed in the middle, the batch comes again.
    pub async fn work(&self, batch: &Batch) -> Worked {
        let mut stopped: HashSet<&str> = HashSet::new();
        let mut deliveries = Vec::new();
        for message in &batch.records {
            let group = message.attributes.message_group_id.as_deref();
            let is_stopped = group.is_some_and(|group| stopped.contains(group));
            let handled = !is_stopped && self.handle(message).await;
            if !handled {
                stopped.extend(group);
            }
            deliveries.push(Delivery { id: &message.message_id, group, handled });
        }
        let wake_at = match self.sender.lock().await.send_all().await {
            Ok(next_due) => next_due,
            Err(err) => {
                tracing::error!("the outbox waits: {err}");
                Some(self.clock.now().saturating_add(AFTER_FAILURE).unwrap_or(Timestamp::MAX))
            }
        };
        Worked { failed: to_report(&deliveries), wake_at }
    }

    async fn handle(&self, message: &Message) -> bool {
        if message.attributes.message_group_id.is_none() && message.body == WAKE {
            return true;
        }
        let handled = match inbox::read(&message.body) {
            Ok(delivered) => self.dispatcher.handle_one(&delivered).await,
            Err(err) => Err(err),
        };
        if let Err(err) = &handled {
            tracing::error!(message = %message.message_id, "a message has to come again: {err}");
        }
        handled.is_ok()
    }

    /// One invocation: the batch, and the wake-up call that goes with it. Without the call nothing of the batch counts as
    /// done: it would be the last to look at the outbox.
    async fn answer(&self, batch: Batch, later: &DelayQueue) -> Result<Value, Error> {
        let Worked { failed, wake_at } = self.work(&batch).await;
        if let Some(at) = wake_at {
            later.put_at(WAKE, at, self.clock.now()).await?;
        }
        let failed: Vec<Value> = failed.into_iter().map(|id| json!({"itemIdentifier": id})).collect();
        Ok(json!({"batchItemFailures": failed}))
    }

    /// Works until Lambda stops the process.
    pub async fn run(self, later: DelayQueue) -> Result<(), Error> {
        let (this, later) = (&self, &later);
        lambda_runtime::run(service_fn(move |event: LambdaEvent<Batch>| this.answer(event.payload, later))).await
    }
}

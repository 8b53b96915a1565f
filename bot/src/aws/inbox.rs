//! An SQS FIFO queue behind [`Inbox`], and a delay queue for what must be done later.
//!
//! A message's group is the event's scope, so that each scope is handled in order and scopes do not wait for each other;
//! its deduplication id is the hash of the event's key. SQS forgets that id after five minutes: later repeats are found by
//! the store. The body is the [`Delivered`] as JSON.

use crate::event::{Delivered, EventKey};
use crate::ports::{Inbox, StoreError};
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::Message;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use tokio::sync::Mutex;
use tools::aws::{SdkConfig, explain};

/// What fits into one message wherever SQS runs.
pub const MAX_MESSAGE: usize = 256 * 1024;

/// Messages fetched at once. All of them are ours until the queue's visibility timeout is over.
const FETCHED_AT_ONCE: i32 = 10;

/// The longest delay of a message, in seconds.
const MAX_DELAY_S: i64 = 900;

/// The inbox on SQS.
#[derive(Debug)]
pub struct SqsInbox {
    client: Client,
    url: String,
    wait_s: i32,
    /// What was fetched and is not done, oldest first.
    held: Mutex<VecDeque<Held>>,
}

#[derive(Debug)]
struct Held {
    delivered: Delivered,
    receipt: String,
}

impl SqsInbox {
    /// An inbox on the FIFO queue at `url`. Taking from an empty one waits up to `wait_s` seconds (20 at most) for an event.
    pub fn new(config: &SdkConfig, url: impl Into<String>, wait_s: u8) -> Self {
        Self {
            client: Client::new(config),
            url: url.into(),
            wait_s: i32::from(wait_s.min(20)),
            held: Mutex::new(VecDeque::new()),
        }
    }

    async fn fetch(&self) -> Result<Vec<Message>, StoreError> {
        let receive = self.client.receive_message().queue_url(&self.url);
        let receive = receive.max_number_of_messages(FETCHED_AT_ONCE).wait_time_seconds(self.wait_s);
        let answer = receive.send().await.map_err(|err| failed("ReceiveMessage", &err))?;
        Ok(answer.messages.unwrap_or_default())
    }
}

/// The event in the body of a message, as a Lambda function is given it too.
pub fn read(body: &str) -> Result<Delivered, StoreError> {
    serde_json::from_str(body).map_err(|err| StoreError(format!("a message in the inbox is no event: {err}")))
}

#[async_trait]
impl Inbox for SqsInbox {
    async fn put(&self, delivered: Delivered) -> Result<(), StoreError> {
        let body = serde_json::to_string(&delivered).map_err(|err| StoreError(err.to_string()))?;
        if body.len() > MAX_MESSAGE {
            let size = body.len();
            return Err(StoreError(format!(
                "the event {} takes {size} bytes, and a message of the inbox {MAX_MESSAGE}",
                delivered.key.0
            )));
        }
        let send = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_group_id(&delivered.scope.0)
            .message_deduplication_id(hex::encode(Sha256::digest(delivered.key.0.as_bytes())))
            .message_body(body);
        send.send().await.map(drop).map_err(|err| failed("SendMessage", &err))
    }

    async fn take(&self) -> Result<Option<Delivered>, StoreError> {
        let mut held = self.held.lock().await;
        if held.is_empty() {
            for message in self.fetch().await? {
                // One that cannot be read is left alone: after its last try it goes to the dead-letter queue.
                match (read(message.body().unwrap_or_default()), message.receipt_handle) {
                    (Ok(delivered), Some(receipt)) => held.push_back(Held { delivered, receipt }),
                    (Ok(_), None) => tracing::error!("a message in the inbox has no receipt"),
                    (Err(err), _) => tracing::error!("{err}"),
                }
            }
        }
        Ok(held.front().map(|held| held.delivered.clone()))
    }

    async fn done(&self, key: &EventKey) -> Result<(), StoreError> {
        let mut held = self.held.lock().await;
        let Some(at) = held.iter().position(|held| held.delivered.key == *key) else { return Ok(()) };
        let delete = self.client.delete_message().queue_url(&self.url).receipt_handle(&held[at].receipt);
        let deleted = delete.send().await;
        held.remove(at);
        // Held for too long, the message is somebody else's by now: they find its key in the store.
        deleted.map(drop).or_else(|err| if is_late(&err) { Ok(()) } else { Err(failed("DeleteMessage", &err)) })
    }
}

/// Whether SQS says that the receipt is no longer good.
fn is_late<E: ProvideErrorMetadata>(err: &SdkError<E>) -> bool {
    let code = err.as_service_error().and_then(ProvideErrorMetadata::code);
    code.is_some_and(|code| code.ends_with("ReceiptHandleIsInvalid") || code == "InvalidParameterValue")
}

fn failed<E>(call: &str, err: &SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    StoreError(format!("SQS {call}: {}", explain(err)))
}

/// A standard queue whose messages come late: what wakes a worker where no process stays up.
#[derive(Debug)]
pub struct DelayQueue {
    client: Client,
    url: String,
}

impl DelayQueue {
    /// The queue at `url`.
    pub fn new(config: &SdkConfig, url: impl Into<String>) -> Self {
        Self { client: Client::new(config), url: url.into() }
    }

    /// Puts `body` so that it arrives at `at`, or 15 minutes from `now` if that is sooner: whoever takes it looks at the
    /// time and puts it again.
    pub async fn put_at(&self, body: &str, at: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let send = self.client.send_message().queue_url(&self.url).message_body(body).delay_seconds(delay_s(at, now));
        send.send().await.map(drop).map_err(|err| failed("SendMessage", &err))
    }
}

/// Whole seconds from `now`, rounded up, so that nothing arrives before its time.
fn delay_s(at: Timestamp, now: Timestamp) -> i32 {
    let wait = at.duration_since(now);
    let seconds = wait.as_secs() + i64::from(wait.subsec_nanos() > 0);
    i32::try_from(seconds.clamp(0, MAX_DELAY_S)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_whole_seconds_within_bounds() {
        let now = Timestamp::UNIX_EPOCH;
        let after = |ms| delay_s(Timestamp::from_millisecond(ms).unwrap(), now);
        assert_eq!([after(-5), after(0), after(1), after(1000), after(5500), after(10_000_000)], [0, 0, 1, 1, 6, 900]);
    }
}

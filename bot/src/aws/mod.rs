//! The store and the inbox on AWS: one DynamoDB table, one FIFO queue and one delay queue.

mod archive;
pub mod inbox;
mod item;
pub mod store;

pub use inbox::{DelayQueue, SqsInbox};
pub use store::DynamoStore;

//! The store and the inbox on AWS: one DynamoDB table, one FIFO queue and one delay queue.

mod archive;
pub mod inbox;
mod item;
mod models;
pub mod store;

pub use inbox::{DelayQueue, SqsInbox};
pub use models::routes;
pub use store::DynamoStore;

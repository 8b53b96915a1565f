//! A small AWS account on this machine, with the table and the queues that `infra/` would make.

use crate::peers::ministack;
use crate::{Room, run_test_on, usual_world};
use aws_sdk_dynamodb::config::{Credentials, Region};
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use aws_sdk_sqs::types::QueueAttributeName;
use bot::app::Kept;
use bot::aws::{DelayQueue, DynamoStore, SqsInbox};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tools::aws::SdkConfig;

/// How long a message that was taken and not done stays hidden.
pub const HIDDEN_S: u8 = 2;

/// An account that nobody else uses.
#[derive(Clone, Debug)]
pub struct Account {
    /// What clients are made from.
    pub config: SdkConfig,
    /// Its 12 digits.
    pub id: String,
}

impl Account {
    /// The next one.
    pub async fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(100_000_000_001);
        let id = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        // ministack takes 12 digits for the account they name.
        let credentials = Credentials::new(&id, "secret", None, None, "test");
        let loader = tools::aws::defaults().region(Region::new("us-east-1")).credentials_provider(credentials);
        let config = loader.endpoint_url(ministack().url()).load().await;
        Self { config, id }
    }

    /// A new table.
    ///
    /// # Panics
    /// The local AWS refuses.
    pub async fn table(&self) -> String {
        let attribute = |name: &str| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
        };
        let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
        let create = aws_sdk_dynamodb::Client::new(&self.config)
            .create_table()
            .table_name("clarity")
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("PK").expect("complete"))
            .attribute_definitions(attribute("SK").expect("complete"))
            .key_schema(key("PK", KeyType::Hash).expect("complete"))
            .key_schema(key("SK", KeyType::Range).expect("complete"));
        create.send().await.expect("the local AWS makes a table");
        "clarity".to_owned()
    }

    /// A new FIFO queue; returns its URL.
    ///
    /// # Panics
    /// The local AWS refuses.
    pub async fn fifo(&self) -> String {
        let create = aws_sdk_sqs::Client::new(&self.config)
            .create_queue()
            .queue_name("clarity-inbox.fifo")
            .attributes(QueueAttributeName::FifoQueue, "true")
            .attributes(QueueAttributeName::VisibilityTimeout, HIDDEN_S.to_string());
        create.send().await.expect("the local AWS makes a queue").queue_url.expect("a queue has a URL")
    }

    /// A new standard queue; returns it and its URL.
    ///
    /// # Panics
    /// The local AWS refuses.
    pub async fn delay_queue(&self) -> (DelayQueue, String) {
        let create = aws_sdk_sqs::Client::new(&self.config).create_queue().queue_name("clarity-later");
        let url = create.send().await.expect("the local AWS makes a queue").queue_url.expect("a queue has a URL");
        (DelayQueue::new(&self.config, &url), url)
    }

    /// Store and inbox of one more process.
    pub fn kept(&self, table: &str, queue: &str) -> Kept {
        Kept {
            store: Arc::new(DynamoStore::new(&self.config, table)),
            inbox: Arc::new(SqsInbox::new(&self.config, queue, 0)),
        }
    }
}

/// Runs a conversation in the usual world, with facts in DynamoDB and events in SQS.
pub async fn run_test(script: impl AsyncFnOnce(&mut Room)) {
    let account = Account::new().await;
    let (table, queue) = (account.table().await, account.fifo().await);
    run_test_on(usual_world(), Box::new(move || Ok(account.kept(&table, &queue))), script).await;
}

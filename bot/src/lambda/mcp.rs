//! The three MCP servers as a function of their own: it reads facts and telemetry, and can do nothing but ask people.

use super::through;
use crate::app::Kept;
use crate::casebook::Cases;
use crate::config::Config;
use crate::mcp;
use crate::pulse::Pulse;
use axum::Router;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use std::sync::Arc;
use tools::mcp::Hosts;
use tools::ports::{Clock, Outside};

/// The servers at a function URL. Without tokens in the configuration nobody is let in: nobody calls from this machine.
#[derive(Clone, Debug)]
pub struct Servers {
    router: Router,
}

impl Servers {
    /// Servers that speak about the incidents in the store; what somebody wishes goes into the inbox.
    pub fn new(config: Config, kept: Kept, outside: Outside, clock: &Arc<dyn Clock>) -> Self {
        let config = Arc::new(config);
        let Kept { store, inbox } = kept;
        // Nobody sleeps in this process who could be woken: the queue wakes the worker.
        let pulse = Arc::new(Pulse::default());
        let outside = Cases { config: Arc::clone(&config), store, inbox, pulse }.in_place_of(outside);
        Self { router: mcp::at_door(Hosts::Routed, &config, &outside, clock) }
    }

    /// Serves until Lambda stops the process.
    pub async fn run(self) -> Result<(), Error> {
        let router = &self.router;
        lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| through(router, event.payload))).await
    }
}

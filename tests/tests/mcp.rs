//! What an MCP client meets: the context toolset, over the streams it would really have.
#![cfg(feature = "mcp")]
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use insta::assert_snapshot;

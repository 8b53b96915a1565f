//! Slack: what it sends us ([`verify`], [`wire`]) and what we send it ([`chat`]).

pub mod chat;
pub mod verify;
pub mod wire;

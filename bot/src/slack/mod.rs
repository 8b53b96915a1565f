//! Slack: what it sends us ([`verify`], [`wire`]) and what we send it ([`chat`], [`files`]).

pub mod chat;
pub mod files;
pub mod people;
pub mod verify;
pub mod wire;

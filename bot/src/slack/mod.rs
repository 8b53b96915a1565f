//! Slack: what it sends us ([`verify`], [`wire`]), what we send it ([`chat`], [`files`], [`views`]) and whom it knows
//! ([`people`]).

pub mod chat;
pub mod files;
pub mod messages;
pub mod people;
pub mod verify;
pub mod views;
pub mod wire;

//! Slack: what it sends us ([`verify`], [`wire`], [`socket`]), what we send it ([`chat`], [`files`], [`views`]), whom it knows
//! ([`people`]), what the app has to be allowed for that ([`mod@manifest`]), and whether it is ([`look`]). What is done
//! about an error is said in [`trouble`].

pub mod chat;
pub mod files;
pub mod look;
pub mod manifest;
pub mod messages;
pub mod people;
pub mod socket;
pub mod stream;
pub mod trouble;
pub mod verify;
pub mod views;
pub mod wire;

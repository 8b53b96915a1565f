#![doc = include_str!("../README.md")]

pub mod action;
pub mod alarm;
pub mod ask;
pub mod auth;
pub mod card;
pub mod catchup;
pub mod changes;
pub mod context;
pub mod fix;
pub mod form;
pub mod gaps;
pub mod graph;
pub mod home;
pub mod html;
pub mod hush;
pub mod isolate;
pub mod limits;
pub mod message;
pub mod mrkdwn;
pub mod page;
pub mod people;
pub mod phrase;
pub mod plan;
pub mod postmortem;
pub mod predict;
pub mod regroup;
mod remedy;
pub mod reply;
pub mod said;
pub mod settings;
pub mod similar;
pub mod stats;
pub mod status;
#[cfg(test)]
mod tests;
pub mod text;
pub mod timeline;
pub mod why;

pub use message::Message;

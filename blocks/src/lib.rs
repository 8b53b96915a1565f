#![doc = include_str!("../README.md")]

pub mod action;
pub mod alarm;
pub mod auth;
pub mod card;
pub mod context;
pub mod html;
pub mod limits;
pub mod message;
pub mod mrkdwn;
pub mod phrase;
pub mod reply;
pub mod text;

pub use message::Message;

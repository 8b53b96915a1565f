#![doc = include_str!("../README.md")]

pub mod alarms;
pub mod app;
pub mod audit;
#[cfg(feature = "aws")]
pub mod aws;
mod casebook;
pub mod changes;
pub mod check;
pub mod clock;
pub mod command;
pub mod config;
pub mod decision;
pub mod dispatch;
pub mod drill;
pub mod embedded;
pub mod engine;
pub mod event;
pub mod grouping;
mod handlers;
pub mod hours;
pub mod http;
pub mod intent;
#[cfg(feature = "aws")]
pub mod lambda;
#[cfg(feature = "mcp")]
mod mcp;
mod memory;
pub mod narrator;
pub mod outbox;
pub mod policy;
pub mod ports;
pub mod postmortem;
pub mod pulse;
pub mod rota;
pub mod rules;
pub mod serve;
pub mod settings;
pub mod slack;
pub mod workspace;

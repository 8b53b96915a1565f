#![doc = include_str!("../README.md")]

pub mod audit;
#[cfg(feature = "aws")]
pub mod aws;
pub mod capsule;
pub mod context;
pub mod declared;
pub mod dependency;
mod digest;
pub mod eval;
pub mod language;
#[cfg(feature = "mcp")]
pub mod mcp;
pub mod model;
pub mod narrate;
pub mod ports;
pub mod recovery;
pub mod stats;
pub mod tool;
mod words;

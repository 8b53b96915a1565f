#![doc = include_str!("../README.md")]

pub mod capsule;
pub mod context;
pub mod eval;
#[cfg(feature = "mcp")]
pub mod mcp;
pub mod model;
pub mod ports;
pub mod tool;

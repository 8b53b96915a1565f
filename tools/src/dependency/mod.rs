//! The service dependency toolset: who calls whom, and how far trouble reaches.

pub mod draw;

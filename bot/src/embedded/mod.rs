//! The store and the inbox of one machine: one redb file, or memory for a drill that need not outlive its process.

mod archive;
mod store;

pub use archive::ReadOnly;
pub use store::Embedded;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

//! The store and the inbox of one machine: one redb file, or memory for a drill that need not outlive its process.

mod store;

pub use store::Embedded;

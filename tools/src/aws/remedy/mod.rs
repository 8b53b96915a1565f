//! The AWS side of the remedies: read the state, apply, undo. Nothing here decides; whoever calls has a plan that people
//! approved, and the state it was made for.

pub mod provisioned_concurrency;

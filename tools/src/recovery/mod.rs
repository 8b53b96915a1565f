//! The recovery toolset: what may be done about an incident, by whom, and how it is taken back.
//!
//! Nothing here acts by itself. [`policy`] says who may do what.

pub mod policy;

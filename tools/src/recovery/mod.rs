//! The recovery toolset: what may be done about an incident, by whom, and how it is taken back.
//!
//! [`remedy`] is the closed catalogue · [`plan`] is one remedy, pinned, and its whole life · [`policy`] says who may do what with
//! it · [`saga`] carries it out and takes it back · [`verify`] says whether it helped. Everything but carrying out is pure.
//! Nothing here acts by itself: an actuator takes an approved plan and nothing else.

pub mod plan;
pub mod policy;
pub mod prices;
pub mod remedy;
pub mod saga;
#[cfg(test)]
mod tests;
pub mod verify;

//! Conversations with the bot, and the contracts of its ports. One program: it is linked once, and its tests share the one
//! start of each peer.

mod answers;
mod audit;
#[cfg(feature = "aws")]
mod aws;
mod changes;
mod check;
mod commands;
mod contract;
mod crash;
mod dead_buttons;
mod dependency;
mod door;
mod drill;
mod errors;
mod explain;
mod flood;
mod forms;
mod intake;
mod live;
#[cfg(feature = "mcp")]
mod mcp;
mod messages;
mod narrator;
mod page;
mod people;
mod pictures;
mod poison;
mod postmortem;
mod recovery;
mod regroup;
mod serve;
mod settings;
mod sockets;
mod surfaces;

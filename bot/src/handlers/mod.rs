//! One file for each thing that a person or the world does. Each is a pure function from what is known and what happened
//! to a [`crate::decision::Decision`].

pub(crate) mod alarm;
pub(crate) mod card_shown;
pub(crate) mod change;
pub(crate) mod click;
pub(crate) mod command;
pub(crate) mod hush;
pub(crate) mod investigated;
pub(crate) mod narrated;
pub(crate) mod page;
pub(crate) mod people;
pub(crate) mod pictured;
pub(crate) mod plan;
pub(crate) mod postmortem;
pub(crate) mod regroup;
pub(crate) mod settings;

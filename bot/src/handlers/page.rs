//! Somebody calls whoever is on call, and it is known who that is.

use crate::decision::{Decision, Draft, Scene};
use crate::event::{Asked, Duty};
use crate::rules::mention;
use blocks::page;
use jiff::Timestamp;
use tools::model::{Fact, IncidentId};
use tools::recovery::policy::PersonId;

/// So many people are mentioned one by one; of more the user group is.
const MOST_MENTIONED: usize = 5;

pub(crate) fn decide(
    scene: &Scene,
    incident: IncidentId,
    duty: &Duty,
    text: Option<&str>,
    asked: &Asked,
    now: Timestamp,
) -> Decision {
    let Some(known) = scene.incident(incident) else {
        return Decision::answer(asked, scene.no_such_incident(incident));
    };
    let mut draft = Draft::of(&scene.scope, known.clone(), now);
    let by = PersonId(asked.by.clone());
    draft.record(Fact::Paged { by, whom: duty.people.clone(), text: text.map(str::to_owned) });
    let whom: Vec<String> = match &duty.group {
        Some(group) if duty.people.len() > MOST_MENTIONED => vec![mention(group)],
        Some(_) | None => duty.people.iter().map(|PersonId(id)| mention(id)).collect(),
    };
    let unknown = duty.unknown.iter().map(|name| page::unknown(name));
    let whom: Vec<String> = whom.into_iter().chain(unknown).collect();
    draft.tell(page::line(draft.incident(), &whom, &mention(&asked.by), text, now));
    draft.intend(crate::intent::Intent::Answer {
        asked: asked.clone(),
        message: page::paged(incident, &whom, duty.instead.as_deref()),
    });
    draft.done()
}

//! The context toolset answered.

use crate::decision::{Decision, Draft, Scene};
use crate::event::Asked;
use crate::intent::Intent;
use jiff::Timestamp;
use tools::model::{Fact, IncidentId, Verdict};

pub(crate) fn decide(
    scene: &Scene,
    incident: IncidentId,
    verdict: &Verdict,
    answer_to: Option<&Asked>,
    now: Timestamp,
) -> Decision {
    let Some(incident) = scene.open.iter().find(|open| open.id == incident) else {
        let unknown = |asked: &Asked| Intent::Answer {
            asked: asked.clone(),
            message: blocks::reply::no_such_incident(incident, &ids(scene)),
        };
        return Decision { log: None, intents: answer_to.map(unknown).into_iter().collect() };
    };
    let before = incident.verdict.as_deref().and_then(Verdict::cause).map(|cause| cause.service.clone());
    let looked = answer_to.and_then(|asked| incident.seen.get(&asked.by).cloned());
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    draft.record(Fact::Investigated { verdict: Box::new(verdict.clone()) });
    // Edits notify nobody, so that the cause is found, or is another one now, is told in the thread as well.
    if let Some(cause) = verdict.cause()
        && draft.incident().is_flood()
        && before.as_ref() != Some(&cause.service)
    {
        draft.tell(blocks::card::cause_found(verdict, before.as_ref()));
    }
    if let Some(asked) = answer_to {
        let others: Vec<_> = scene.open.iter().filter(|open| open.id != draft.incident().id).collect();
        let message = blocks::context::answer(draft.incident(), looked.as_ref(), &others);
        draft.intend(Intent::Answer { asked: asked.clone(), message });
        draft.record(Fact::ContextAsked { by: asked.by.clone() });
    }
    if draft.incident().is_flood() {
        draft.show_card();
    }
    draft.done()
}

fn ids(scene: &Scene) -> Vec<IncidentId> {
    scene.open.iter().map(|open| open.id).collect()
}

//! The context toolset answered.

use crate::decision::{Decision, Draft, Scene};
use crate::event::{Found, Question};
use crate::intent::Intent;
use blocks::Message;
use blocks::action::Topic;
use jiff::Timestamp;
use tools::context::timeline;
use tools::model::{Fact, Incident, IncidentId, Verdict};

pub(crate) fn decide(
    scene: &Scene,
    incident: IncidentId,
    verdict: &Verdict,
    answer_to: Option<&Question>,
    found: Option<&Found>,
    now: Timestamp,
) -> Decision {
    let Some(incident) = scene.open.iter().find(|open| open.id == incident) else {
        let unknown = |question: &Question| Intent::Answer {
            asked: question.asked.clone(),
            message: blocks::reply::no_such_incident(incident, &ids(scene)),
        };
        return Decision { intents: answer_to.map(unknown).into_iter().collect(), ..Decision::default() };
    };
    let before = incident.verdict.as_deref().and_then(Verdict::cause).map(|cause| cause.service.clone());
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    draft.record(Fact::Investigated { verdict: Box::new(verdict.clone()) });
    // Edits notify nobody, so that the cause is found, or is another one now, is told in the thread as well.
    if let Some(cause) = verdict.cause()
        && draft.incident().is_flood()
        && before.as_ref() != Some(&cause.service)
    {
        draft.tell(blocks::card::cause_found(verdict, before.as_ref()));
    }
    if let Some(question) = answer_to {
        let message = answer(scene, draft.incident(), question, found);
        draft.intend(Intent::Answer { asked: question.asked.clone(), message });
        // Who reads what is going on has seen it; the other answers show a part.
        if matches!(question.topic, Topic::Context | Topic::Catchup) {
            draft.record(Fact::ContextAsked { by: question.asked.by.clone() });
        }
    }
    if draft.incident().is_flood() {
        draft.show_card();
    }
    draft.done()
}

fn answer(scene: &Scene, incident: &Incident, question: &Question, found: Option<&Found>) -> Message {
    match (question.topic, found) {
        (Topic::Context, _) => {
            let others: Vec<_> = scene.open.iter().filter(|open| open.id != incident.id).collect();
            blocks::context::answer(incident, incident.seen.get(&question.asked.by), &others)
        }
        (Topic::Why, _) => blocks::why::answer(incident),
        (Topic::Timeline, _) => blocks::timeline::answer(incident, &timeline(incident)),
        (Topic::Changes, _) => blocks::changes::answer(incident),
        (Topic::Gaps, _) => blocks::gaps::answer(incident),
        (Topic::Auth, Some(Found::Auth(health))) => blocks::auth::answer(&incident.id.to_string(), health),
        (Topic::Catchup, Some(Found::Delta(delta))) => blocks::catchup::answer(incident, delta),
        (Topic::Similar, Some(Found::Similar(similar))) => {
            blocks::similar::answer(incident, &similar.similar, similar.compared, &similar.gaps)
        }
        // The job found something else than was asked for: only a bug could do that, and the person still gets a word.
        (Topic::Auth | Topic::Catchup | Topic::Similar, _) => blocks::reply::our_fault(&incident.id.to_string()),
    }
}

fn ids(scene: &Scene) -> Vec<IncidentId> {
    scene.open.iter().map(|open| open.id).collect()
}

//! The context and dependency toolsets answered.

use super::narrated;
use crate::decision::{Decision, Draft, Scene};
use crate::event::{Found, Question};
use crate::intent::{Intent, Job};
use blocks::Message;
use blocks::action::Topic;
use jiff::Timestamp;
use tools::context::timeline;
use tools::dependency::draw;
use tools::model::{Fact, Incident, IncidentId, Outlook, Verdict};

/// What the toolsets say.
#[derive(Debug)]
pub(crate) struct Answers<'a> {
    /// What happened.
    pub(crate) verdict: &'a Verdict,
    /// What lies ahead.
    pub(crate) outlook: &'a Outlook,
    /// What a picture of it would show.
    pub(crate) scene: &'a draw::Scene,
    /// What else the question needed.
    pub(crate) found: Option<&'a Found>,
}

pub(crate) fn decide(
    scene: &Scene,
    incident: IncidentId,
    answers: &Answers<'_>,
    answer_to: Option<&Question>,
    now: Timestamp,
) -> Decision {
    let Some(incident) = scene.incident(incident) else {
        return unknown(scene, incident, answer_to);
    };
    let verdict = answers.verdict;
    let before = incident.verdict.as_deref().and_then(Verdict::cause).map(|cause| cause.service.clone());
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    draft.record(Fact::Investigated { verdict: Box::new(verdict.clone()) });
    draft.record(Fact::Predicted { outlook: Box::new(answers.outlook.clone()) });
    // Edits notify nobody, so that the cause is found, or is another one now, is told in the thread as well.
    if let Some(cause) = verdict.cause()
        && draft.incident().has_card()
        && before.as_ref() != Some(&cause.service)
    {
        draft.tell(blocks::card::cause_found(verdict, before.as_ref()));
    }
    // A picture that tells what the last one tells is the last one.
    let is_drawn = incident.drawing.as_ref().is_some_and(|drawing| drawing.story == answers.scene.story());
    let wants_picture = answer_to.filter(|question| question.topic == Topic::Graph && !is_drawn);
    if let Some(question) = answer_to
        && wants_picture.is_none()
    {
        let message = answer(scene, draft.incident(), question, answers.found);
        draft.intend(Intent::Answer { asked: question.asked.clone(), message });
        // Who reads what is going on has seen it; the other answers show a part.
        if matches!(question.topic, Topic::Context | Topic::Catchup) {
            draft.record(Fact::ContextAsked { by: question.asked.by.clone() });
        }
    }
    narrated::follow(scene, &mut draft, answers.scene.story());
    if draft.incident().has_card() {
        draft.show_card();
    }
    if wants_picture.is_some() || (draft.incident().has_card() && !is_drawn) {
        draft.intend(Intent::Run(Job::Draw {
            incident: incident.id,
            scene: Box::new(answers.scene.clone()),
            at: verdict.at,
            answer_to: wants_picture.cloned(),
        }));
    }
    draft.done()
}

/// Who asked about an incident that is not there is told which are.
pub(super) fn unknown(scene: &Scene, incident: IncidentId, answer_to: Option<&Question>) -> Decision {
    match answer_to {
        Some(question) => Decision::answer(&question.asked, scene.no_such_incident(incident)),
        None => Decision::default(),
    }
}

fn answer(scene: &Scene, incident: &Incident, question: &Question, found: Option<&Found>) -> Message {
    match (question.topic, found) {
        (Topic::Context, _) => {
            let others: Vec<_> = scene.not_closed().into_iter().filter(|open| open.id != incident.id).collect();
            blocks::context::answer(incident, incident.seen.get(&question.asked.by), &others)
        }
        (Topic::Why, _) => blocks::why::answer(incident),
        (Topic::Timeline, _) => blocks::timeline::answer(incident, &timeline(incident)),
        (Topic::Changes, _) => blocks::changes::answer(incident),
        (Topic::Gaps, _) => blocks::gaps::answer(incident),
        (Topic::Graph, _) => blocks::graph::answer(incident, None),
        (Topic::Predict, _) => blocks::predict::answer(incident),
        (Topic::Isolate, _) => blocks::isolate::answer(incident),
        (Topic::Auth, Some(Found::Auth(health))) => blocks::auth::answer(&incident.id.to_string(), health),
        (Topic::Catchup, Some(Found::Delta(delta))) => blocks::catchup::answer(incident, delta),
        (Topic::Similar, Some(Found::Similar(similar))) => {
            blocks::similar::answer(incident, &similar.similar, similar.compared, &similar.gaps)
        }
        (Topic::Fix, Some(Found::Remedies(remedies))) => {
            blocks::fix::answer(incident, remedies, question.pick.as_ref())
        }
        // The job found something else than was asked for: only a bug could do that, and the person still gets a word.
        (Topic::Auth | Topic::Catchup | Topic::Similar | Topic::Fix, _) => {
            blocks::reply::our_fault(&incident.id.to_string())
        }
    }
}

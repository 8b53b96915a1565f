//! A model said something. What its evidence does not support is dropped here, whoever said it, and counted.

use super::command::investigate;
use crate::command::question;
use crate::decision::{Decision, Draft, Scene};
use crate::event::{Asked, Question, Said};
use crate::intent::{Intent, Job};
use jiff::Timestamp;
use tools::model::{Evidence, Fact, Incident, IncidentId, Sentence, Spent};
use tools::narrate::plan::{holds, statements};
use tools::narrate::{Claims, check};
use tools::recovery::plan::{Plan, PlanId};
use tools::recovery::policy::PersonId;

/// Sentences told at most.
const MOST_TOLD: usize = 6;

/// The sentences that hold, and how many do not. Nothing holds of what was never looked into.
fn sift(incident: &Incident, sentences: &[Sentence], more: &[Evidence]) -> (Vec<Sentence>, usize) {
    let Some(verdict) = incident.verdict.as_deref() else { return (Vec::new(), sentences.len()) };
    let plans: Vec<Plan> = incident.plans.values().map(|state| state.plan().clone()).collect();
    let claims = Claims::of(verdict, incident.outlook.as_deref(), &plans).and(more);
    let mut told: Vec<Sentence> = Vec::new();
    for sentence in sentences {
        // Said twice, it is not truer.
        let is_new = told.iter().all(|other| other.text != sentence.text);
        if is_new && told.len() < MOST_TOLD && check(sentence, &claims).is_ok() {
            told.push(sentence.clone());
        }
    }
    let dropped = sentences.len() - told.len();
    (told, dropped)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// What a model says of an incident.
pub(crate) fn decide(
    scene: &Scene,
    incident: IncidentId,
    (story, sentences): (&str, &[Sentence]),
    unread: usize,
    spent: &Spent,
    now: Timestamp,
) -> Decision {
    let Some(incident) = scene.incident(incident) else { return Decision::default() };
    let (sentences, dropped) = sift(incident, sentences, &[]);
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    let (story, spent, dropped) = (story.to_owned(), spent.clone(), number(dropped + unread));
    draft.record(Fact::Narrated { story, sentences, dropped, spent });
    if draft.incident().has_card() {
        draft.show_card();
    }
    draft.done()
}

/// Wants a narrative of what is new, and takes back what the new verdict does not support any more.
pub(super) fn follow(scene: &Scene, draft: &mut Draft<'_>, story: String) {
    let incident = draft.incident();
    if let Some(narrative) = incident.narrative.clone() {
        let (sentences, gone) = sift(incident, &narrative.sentences, &[]);
        if gone > 0 {
            // They held when they were said, so that nobody counts them as dropped.
            let (story, spent) = (narrative.story, Spent::default());
            draft.record(Fact::Narrated { story, sentences, dropped: 0, spent });
        }
    }
    let incident = draft.incident();
    let is_told = incident.narrative.as_ref().is_some_and(|narrative| narrative.story == story);
    if scene.config.models.is_some() && incident.has_card() && !is_told {
        let incident = incident.id;
        draft.intend(Intent::Run(Job::Narrate { incident, story }));
    }
}

/// What a model says of a plan. Once it is decided, nobody needs it any more.
pub(crate) fn explained(
    scene: &Scene,
    (incident, plan): (IncidentId, &PlanId),
    sentences: &[Sentence],
    unread: usize,
    spent: &Spent,
    now: Timestamp,
) -> Decision {
    let Some(incident) = scene.incident(incident) else { return Decision::default() };
    let Some(state) = incident.plans.get(plan) else { return Decision::default() };
    let stated = statements(state.plan());
    let mut told: Vec<Sentence> = Vec::new();
    for sentence in sentences {
        let is_new = told.iter().all(|other| other.text != sentence.text);
        if is_new && told.len() < MOST_TOLD && holds(sentence, &stated).is_ok() {
            told.push(sentence.clone());
        }
    }
    let dropped = number(sentences.len() - told.len() + unread);
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    let is_told = !told.is_empty();
    draft.record(Fact::Explained { plan: plan.clone(), sentences: told, dropped, spent: spent.clone() });
    if is_told && state.waits_at(now) {
        draft.show_plan(state, &scene.rules);
    }
    draft.done()
}

/// What a model says to a question; where nothing of it holds, the rules answer.
pub(crate) fn answer(
    scene: &Scene,
    incident: IncidentId,
    text: &str,
    said: &Said,
    asked: &Asked,
    now: Timestamp,
) -> Decision {
    let Some(known) = scene.incident(incident) else {
        return Decision::answer(asked, scene.no_such_incident(incident));
    };
    let (sentences, dropped) = sift(known, &said.sentences, &said.evidence);
    let dropped = dropped + said.unread;
    let mut draft = Draft::of(&scene.scope, known.clone(), now);
    if said.spent != Spent::default() {
        let by = PersonId(asked.by.clone());
        let (kept, dropped, spent) = (number(sentences.len()), number(dropped), said.spent.clone());
        draft.record(Fact::Answered { by, kept, dropped, spent });
    }
    if said.stopped {
        let message = blocks::ask::stopped(draft.incident(), text, &sentences, &said.spent);
        draft.intend(Intent::Answer { asked: asked.clone(), message });
        return draft.done();
    }
    if sentences.is_empty() {
        let topic = question::topic(text);
        let by_rules = investigate(incident, Question { asked: asked.clone(), topic, since: None, pick: None });
        for intent in by_rules.intents {
            draft.intend(intent);
        }
        return draft.done();
    }
    let message =
        blocks::ask::answer(draft.incident(), text, &sentences, &said.evidence, (&said.read, dropped), &said.spent);
    draft.intend(Intent::Answer { asked: asked.clone(), message });
    draft.done()
}

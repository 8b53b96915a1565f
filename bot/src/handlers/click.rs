//! A person pressed a button.

use super::command::investigate;
use crate::decision::{Decision, Scene};
use crate::event::{Asked, Question};
use crate::intent::Intent;
use blocks::action::Action;
use blocks::reply;
use tools::model::IncidentId;

pub(crate) fn decide(scene: &Scene, value: &str, _typed: Option<&str>, asked: &Asked) -> Decision {
    let message = match Action::read(value) {
        Some(Action::Ask(topic, incident)) => {
            if scene.open.iter().any(|open| open.id == incident) {
                return investigate(incident, Question { asked: asked.clone(), topic, since: None, pick: None });
            }
            let ids: Vec<IncidentId> = scene.open.iter().map(|open| open.id).collect();
            reply::no_such_incident(incident, &ids)
        }
        Some(Action::Consider(..) | Action::Propose(..) | Action::Plan(..)) | None => reply::unknown_button(),
    };
    Decision { intents: vec![Intent::Answer { asked: asked.clone(), message }], ..Decision::default() }
}

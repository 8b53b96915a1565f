//! A person pressed a button, picked from a menu, or sent a form.

use super::command::{investigate, look_up};
use super::plan::details;
use super::regroup::{self, Which};
use crate::decision::{Decision, Scene};
use crate::event::{Asked, Question};
use crate::intent::Job;
use blocks::action::{Action, Deed, Topic};
use blocks::reply;
use jiff::Timestamp;
use tools::recovery::plan::Request;

/// `typed` is what they wrote in a form.
pub(crate) fn decide(scene: &Scene, value: &str, typed: Option<&str>, asked: &Asked, now: Timestamp) -> Decision {
    let Some(action) = Action::read(value) else { return Decision::answer(asked, reply::unknown_button()) };
    // A plan stays with the incident it was made for; anything else is about what that became part of.
    let incident = match scene.named(action.incident()) {
        Ok(incident) => incident.id,
        Err(message) => return Decision::answer(asked, message),
    };
    let asked = asked.clone();
    match action {
        Action::Handle(step, id) => super::people::click(scene, (step, id), typed, &asked, now),
        Action::Ask(topic, _) => investigate(incident, Question { asked, topic, since: None, pick: None }),
        Action::Consider(_, key) => {
            investigate(incident, Question { asked, topic: Topic::Fix, since: None, pick: Some(key) })
        }
        Action::Merge(from, into) => regroup::merge(scene, from, Some(into), &asked, now),
        Action::Split(_, alarm) => regroup::split(scene, incident, &Which::Digest(alarm), &asked, now),
        Action::Stop(_, talk) => {
            Decision::run(Job::StopAnswer { scope: scene.scope.id.clone(), talk: Some(talk), asked })
        }
        Action::Propose(_, key) => Decision::run(Job::Weigh { incident, key, asked }),
        Action::Plan(deed, id, plan) => match request(deed, typed) {
            Some(request) => look_up((id, plan), request, asked),
            None => details(scene, id, &plan, &asked),
        },
    }
}

/// What a deed asks of a plan; none for reading it.
fn request(deed: Deed, typed: Option<&str>) -> Option<Request> {
    let typed = typed.map(str::to_owned);
    match deed {
        Deed::Approve | Deed::ApproveBecause => Some(Request::Approve { reason: typed }),
        Deed::Withdraw => Some(Request::Withdraw),
        Deed::Reject => Some(Request::Reject { reason: typed }),
        Deed::Revoke => Some(Request::Revoke),
        Deed::Execute | Deed::ExecuteNamed => Some(Request::Execute { typed }),
        Deed::Undo => Some(Request::Undo),
        Deed::Details => None,
    }
}

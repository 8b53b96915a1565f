//! Decisions. Pure: what is known and what happened go in, facts and intents come out. No IO, no clock, cannot fail.

use crate::decision::{Decision, Scene};
use crate::event::{Delivered, Event};
use crate::handlers;
use crate::intent::Intent;

/// Decides what follows from an event.
pub fn decide(scene: &Scene, delivered: &Delivered) -> Decision {
    let now = delivered.at;
    match &delivered.event {
        Event::Alarm { alarm, via, message } => handlers::alarm::decide(scene, alarm, *via, message.as_ref(), now),
        Event::Change { change, touched } => handlers::change::decide(scene, change, touched),
        Event::Command { text, asked } => handlers::command::decide(scene, text, asked, now),
        Event::Click { value, asked } => handlers::click::decide(scene, value, asked),
        Event::Investigated { incident, verdict, outlook, scene: drawn, answer_to, found } => {
            let answers = handlers::investigated::Answers { verdict, outlook, scene: drawn, found: found.as_ref() };
            handlers::investigated::decide(scene, *incident, &answers, answer_to.as_ref(), now)
        }
        Event::Pictured { incident, step, answer_to } => {
            handlers::pictured::decide(scene, *incident, step, answer_to.as_ref(), now)
        }
        Event::Reviewed { stats, asked } => {
            let answer = Intent::Answer { asked: asked.clone(), message: blocks::stats::answer(stats) };
            Decision { intents: vec![answer], ..Decision::default() }
        }
        Event::Postmortem { incident, step, asked } => handlers::postmortem::decide(scene, *incident, step, asked, now),
        Event::CardShown { incident } => handlers::card_shown::decide(scene, *incident, now),
    }
}

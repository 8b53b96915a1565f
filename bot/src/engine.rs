//! Decisions. Pure: what is known and what happened go in, facts and intents come out. No IO, no clock, cannot fail.

use crate::decision::{Decision, Scene};
use crate::event::{Delivered, Event};
use crate::handlers;

/// Decides what follows from an event.
pub fn decide(scene: &Scene, delivered: &Delivered) -> Decision {
    let now = delivered.at;
    match &delivered.event {
        Event::Alarm { alarm, via, message } => handlers::alarm::decide(scene, alarm, *via, message.as_ref(), now),
        Event::Change { change, touched } => handlers::change::decide(scene, change, touched),
        Event::Command { text, asked } => handlers::command::decide(scene, text, asked, now),
        Event::Click { value, asked } => handlers::click::decide(scene, value, asked),
        Event::Investigated { incident, verdict, answer_to, found } => {
            handlers::investigated::decide(scene, *incident, verdict, answer_to.as_ref(), found.as_ref(), now)
        }
        Event::CardShown { incident } => handlers::card_shown::decide(scene, *incident, now),
    }
}

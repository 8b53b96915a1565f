//! Decisions. Pure: what is known and what happened go in, facts and intents come out. No IO, no clock, cannot fail.

use crate::command;
use crate::decision::{Decision, Scene};
use crate::event::{Asked, Delivered, Event, Timer};
use crate::handlers;
use crate::intent::Job;

/// Decides what follows from an event.
pub fn decide(scene: &Scene, delivered: &Delivered) -> Decision {
    let now = delivered.at;
    match &delivered.event {
        Event::Alarm { alarm, via, message } => handlers::alarm::decide(scene, alarm, *via, message.as_ref(), now),
        Event::Change { change, touched } => handlers::change::decide(scene, change, touched),
        Event::Command { text, thread: Some(thread), about: _, asked } if command::may_mean_any(text) => {
            Decision::run(Job::Locate { text: text.clone(), thread: thread.clone(), asked: asked.clone() })
        }
        Event::Command { text, asked, .. } => handlers::command::decide(scene, text, asked, now),
        Event::Click { value, typed, asked } => handlers::click::decide(scene, value, typed.as_deref(), asked, now),
        Event::Set { settings, asked } => handlers::settings::set(scene, settings, asked, now),
        Event::Declared { declared, asked } => handlers::people::declare(scene, declared, asked, now),
        Event::Reacted { message, asked } => Decision::run(handlers::people::pin(None, message, asked)),
        Event::HomeOpened { by } => Decision::run(Job::Home { by: by.clone() }),
        Event::Pinned { incident, text, link, asked } => {
            handlers::people::pinned(scene, *incident, (text, link), asked, now)
        }
        Event::Investigated { incident, verdict, outlook, scene: drawn, answer_to, found } => {
            let answers = handlers::investigated::Answers { verdict, outlook, scene: drawn, found: found.as_ref() };
            handlers::investigated::decide(scene, *incident, &answers, answer_to.as_ref(), now)
        }
        Event::Pictured { incident, step, answer_to } => {
            handlers::pictured::decide(scene, *incident, step, answer_to.as_ref(), now)
        }
        Event::Wished { incident, key, by } => {
            let (by, channel, response_url) = (by.clone(), scene.scope.war_room.clone(), String::new());
            let asked = Asked { by, channel, response_url };
            Decision::run(Job::Weigh { incident: *incident, key: key.clone(), asked })
        }
        Event::Weighed { incident, proposal, people, asked } => {
            handlers::plan::weighed(scene, *incident, proposal, people, asked, now)
        }
        Event::Requested { incident, plan, request, people, asked } => {
            handlers::plan::requested(scene, (*incident, plan), request, people, asked, now)
        }
        Event::Acted { incident, plan, fact } => handlers::plan::acted(scene, (*incident, plan), fact, now),
        Event::Due(Timer::Plan { incident, plan }) => handlers::plan::come_due(scene, (*incident, plan), now),
        Event::Due(Timer::Merge { from, into }) => handlers::regroup::merging(scene, *from, *into, now),
        Event::Due(Timer::Split { from, version }) => handlers::regroup::splitting(scene, *from, *version, now),
        Event::Paged { incident, duty, text, asked } => {
            handlers::page::decide(scene, *incident, duty, text.as_deref(), asked, now)
        }
        Event::Due(Timer::Hush { incident }) => handlers::hush::over(scene, *incident, now),
        Event::Due(Timer::Nudge { incident, lack }) => handlers::people::nudge(scene, *incident, *lack, now),
        Event::Replied { asked, message } => Decision::answer(asked, message.clone()),
        Event::Reviewed { stats, asked } => Decision::answer(asked, blocks::stats::answer(stats)),
        Event::Postmortem { incident, step, asked } => handlers::postmortem::decide(scene, *incident, step, asked, now),
        Event::Narrated { incident, story, sentences, unread, spent } => {
            handlers::narrated::decide(scene, *incident, (story, sentences), *unread, spent, now)
        }
        Event::Explained { incident, plan, sentences, unread, spent } => {
            handlers::narrated::explained(scene, (*incident, plan), sentences, *unread, spent, now)
        }
        Event::AnswerBegun { incident, question, talk, asked } => {
            let (text, asked) = (question.clone(), asked.clone());
            Decision::run(Job::Ask { incident: *incident, text, talk: Some(*talk), asked })
        }
        Event::Answered { incident, question, said, asked } => {
            handlers::narrated::answer(scene, *incident, question, said, asked, now)
        }
        Event::CardShown { incident } => handlers::card_shown::decide(scene, *incident, now),
    }
}

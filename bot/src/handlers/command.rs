//! A person typed the slash command.

use crate::command::{self, COMMANDS, Command};
use crate::decision::{Decision, Scene};
use crate::event::Asked;
use crate::intent::Intent;
use blocks::reply::{self, Usage};
use tools::model::{Incident, IncidentId};

pub(crate) fn decide(scene: &Scene, text: &str, asked: &Asked) -> Decision {
    let root = &scene.config.command;
    let message = match command::parse(text) {
        Ok(Command::Context { incident }) => match choose(scene, incident) {
            Ok(incident) => return investigate(incident.id, asked),
            Err(message) => message,
        },
        Ok(Command::Help) => reply::help(root, &usages()),
        Err(misread) => reply::misread(root, &sentence(&misread), nearest(&misread)),
    };
    Decision { log: None, intents: vec![Intent::Answer { asked: asked.clone(), message }] }
}

/// The answer needs fresh evidence, and reading that is a job; the job's result answers.
pub(super) fn investigate(incident: IncidentId, asked: &Asked) -> Decision {
    Decision { log: None, intents: vec![Intent::Investigate { incident, answer_to: Some(asked.clone()) }] }
}

/// The incident that is meant: the one named, or else the most recent flood, or else the most recent.
fn choose(scene: &Scene, named: Option<IncidentId>) -> Result<&Incident, blocks::Message> {
    let ids: Vec<IncidentId> = scene.open.iter().map(|open| open.id).collect();
    if let Some(id) = named {
        return scene.open.iter().find(|open| open.id == id).ok_or_else(|| reply::no_such_incident(id, &ids));
    }
    let flood = scene.open.iter().find(|open| open.is_flood());
    flood.or_else(|| scene.open.first()).ok_or_else(|| reply::nothing_is_open(&scene.scope.id))
}

fn usages() -> Vec<Usage> {
    COMMANDS.iter().map(|row| Usage { usage: row.usage, help: row.help }).collect()
}

fn sentence(misread: &command::Misread) -> String {
    match misread {
        command::Misread::Unknown { word, .. } => format!("I don't know `{}`.", blocks::mrkdwn::escape(word)),
        command::Misread::NoIncidentId { word } => {
            format!("`{}` is no incident; one looks like `INC-7`.", blocks::mrkdwn::escape(word))
        }
        command::Misread::Extra { command, word } => {
            format!("`{command}` takes one incident; I don't know what to do with `{}`.", blocks::mrkdwn::escape(word))
        }
    }
}

fn nearest(misread: &command::Misread) -> Option<&'static str> {
    match misread {
        command::Misread::Unknown { nearest, .. } => *nearest,
        command::Misread::NoIncidentId { .. } | command::Misread::Extra { .. } => Some("context"),
    }
}

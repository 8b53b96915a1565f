//! Somebody wants to know what is set for their scope, or sets it.

use super::hush;
use crate::decision::{Decision, Scene};
use crate::event::{Asked, Way};
use crate::intent::{Intent, Job};
use crate::settings::{Setting, Settings};
use blocks::Message;
use blocks::settings::{Change, Shown};
use jiff::Timestamp;

/// What is set.
pub(crate) fn told(scene: &Scene, now: Timestamp) -> Message {
    blocks::settings::answer(&scene.config.command, &shown(scene, &scene.settings, now), Change::Told)
}

/// Sets it, or says what is wrong with it.
pub(crate) fn set(scene: &Scene, wanted: &[Setting], asked: &Asked, now: Timestamp) -> Decision {
    // The front door looked at forms already; an event may have waited for long.
    if let Some(problem) = wanted.iter().find_map(Setting::problem) {
        return Decision::answer(asked, blocks::settings::refused(&problem));
    }
    let root = &scene.config.command;
    let Some(settings) = scene.settings.with(wanted, &asked.by, now) else {
        let shown = shown(scene, &scene.settings, now);
        return Decision::answer(asked, blocks::settings::answer(root, &shown, Change::Nothing));
    };
    let (mut settings, mut intents) = (settings, Vec::new());
    if settings.hushed_until(now).is_none() {
        // Nobody has to wait for a morning that somebody called off.
        let (told, until) = hush::lift(scene, now);
        intents = told;
        settings.told_until = settings.told_until.max(until);
    }
    let message = blocks::settings::answer(root, &shown(scene, &settings, now), Change::Done);
    intents.push(Intent::Answer { asked: asked.clone(), message });
    // Who sets it in the Home tab sees it there.
    if matches!(asked.way(), Way::Write { .. }) {
        intents.push(Intent::Run(Job::Home { by: asked.by.clone() }));
    }
    Decision { settings: Some(settings), intents, ..Decision::default() }
}

/// What people read of `settings`: what they do not say is as it is configured.
fn shown(scene: &Scene, settings: &Settings, now: Timestamp) -> Shown {
    let configured = scene.config.scope(&scene.scope.id).cloned().unwrap_or_else(|| scene.scope.clone());
    settings.shown(configured, now)
}

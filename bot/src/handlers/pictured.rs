//! A picture of the blast radius went a step further on its way to Slack.

use super::investigated::unknown;
use crate::decision::{Decision, Draft, Scene};
use crate::event::{PictureStep, Question};
use crate::intent::{Intent, Job};
use jiff::{SignedDuration, Timestamp};
use tools::model::{Drawing, Fact, IncidentId, minutes};

/// The card always has the newest picture; the thread gets one no more often than this.
const TELL_EVERY: SignedDuration = minutes(5);

pub(crate) fn decide(
    scene: &Scene,
    incident: IncidentId,
    step: &PictureStep,
    answer_to: Option<&Question>,
    now: Timestamp,
) -> Decision {
    let Some(incident) = scene.incident(incident) else {
        return unknown(scene, incident, answer_to);
    };
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    match step {
        PictureStep::Uploaded(drawing) => {
            let (incident, drawing, answer_to) = (incident.id, drawing.clone(), answer_to.cloned());
            draft.intend(Intent::Run(Job::AwaitPicture { incident, drawing, answer_to }));
        }
        PictureStep::Ready(drawing) => {
            ready(&mut draft, drawing, now);
            reply(&mut draft, answer_to, None);
        }
        PictureStep::Failed(why) => reply(&mut draft, answer_to, Some(why)),
    }
    draft.done()
}

fn ready(draft: &mut Draft<'_>, drawing: &Drawing, now: Timestamp) {
    let shown = draft.incident().drawing.as_ref();
    // Two that were drawn at once may arrive in any order.
    if shown.is_some_and(|shown| shown.at > drawing.at || shown.file == drawing.file) {
        return;
    }
    let told_at = draft.incident().picture_told_at;
    let is_due = told_at.is_none_or(|told_at| now.duration_since(told_at) >= TELL_EVERY);
    let told = draft.incident().has_card() && is_due;
    draft.record(Fact::Drawn { drawing: Box::new(drawing.clone()), told });
    if told {
        draft.tell_with(blocks::graph::line(drawing), Some(drawing.clone()));
    }
    if draft.incident().has_card() {
        draft.show_card();
    }
}

fn reply(draft: &mut Draft<'_>, answer_to: Option<&Question>, problem: Option<&str>) {
    let Some(question) = answer_to else { return };
    let message = blocks::graph::answer(draft.incident(), problem);
    draft.intend(Intent::Answer { asked: question.asked.clone(), message });
}

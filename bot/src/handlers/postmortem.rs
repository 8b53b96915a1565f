//! Somebody wants the postmortem of an incident; and it went a step further on its way into the thread.

use crate::decision::{Decision, Draft, Scene};
use crate::event::{Asked, PostmortemStep};
use crate::intent::{Intent, Job, MessageName};
use blocks::postmortem;
use jiff::Timestamp;
use tools::model::IncidentId;

/// Writing it reads the incident, and sharing it takes several calls: both are a job.
pub(crate) fn ask(scene: &Scene, incident: IncidentId, asked: &Asked) -> Decision {
    Decision::run(job(scene, incident, asked, false))
}

fn job(scene: &Scene, incident: IncidentId, asked: &Asked, insists: bool) -> Job {
    let (scope, under) = (scene.scope.id.clone(), MessageName::card(incident, &scene.scope.war_room));
    Job::Postmortem { scope, incident, under, insists, asked: asked.clone() }
}

pub(crate) fn decide(
    scene: &Scene,
    incident: IncidentId,
    step: &PostmortemStep,
    asked: &Asked,
    now: Timestamp,
) -> Decision {
    let answer = |message| Intent::Answer { asked: asked.clone(), message };
    let Some(known) = scene.incident(incident) else {
        return Decision::answer(asked, postmortem::unknown(&scene.config.command, incident));
    };
    let mut draft = Draft::of(&scene.scope, known.clone(), now);
    match step {
        // A lone alarm that another bot's message brought was answered there: it gets its line in the channel now.
        PostmortemStep::NoThread => {
            draft.show_card();
            draft.intend(Intent::Run(job(scene, incident, asked, true)));
        }
        PostmortemStep::Shared => draft.intend(answer(postmortem::shared(incident))),
        PostmortemStep::Failed(why) => draft.intend(answer(postmortem::not_shared(incident, why))),
    }
    draft.done()
}

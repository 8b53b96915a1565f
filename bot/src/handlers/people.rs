//! Somebody does something with an incident by hand: declares it, rates it, takes a role, notes, closes or reopens it.

use crate::command::{Holder, Wanted};
use crate::decision::{Decision, Draft, Scene};
use crate::event::{Asked, Declared, MessageRef};
use crate::intent::{Intent, Job};
use blocks::Message;
use blocks::action::Handling;
use blocks::people::{self, Lack};
use jiff::Timestamp;
use tools::model::{Did, Fact, Incident, IncidentId, Role, Severity};
use tools::recovery::policy::PersonId;

/// Declares an incident. It gets its card at once, and is looked into as far as that is possible without an alarm.
pub(crate) fn declare(scene: &Scene, declared: &Declared, asked: &Asked, now: Timestamp) -> Decision {
    let by = PersonId(asked.by.clone());
    let mut draft = Draft::opened(&scene.scope, scene.next, now);
    let did = Did::Declared { title: declared.title.clone(), about: declared.about.clone() }.bounded();
    draft.person(&by, did.clone());
    if let Some(severity) = declared.severity {
        draft.person(&by, Did::Rated { severity: Some(severity) });
    }
    draft.show_card();
    let incident = draft.incident().id;
    draft.intend(Intent::Answer { asked: asked.clone(), message: people::done(draft.incident(), &did) });
    draft.intend(Intent::Run(Job::Investigate { incident, answer_to: None }));
    if let Some(message) = &declared.message {
        // They were answered.
        let asked = Asked { response_url: String::new(), ..asked.clone() };
        draft.intend(Intent::Run(pin(Some(incident), message, &asked)));
    }
    draft.done()
}

/// Reading the message and its address are calls, and so a job.
pub(crate) fn pin(incident: Option<IncidentId>, message: &MessageRef, asked: &Asked) -> Job {
    Job::Pin { incident, message: message.clone(), asked: asked.clone() }
}

/// Does it, or says why nothing comes of it.
pub(crate) fn handle(scene: &Scene, incident: &Incident, did: Did, asked: &Asked, now: Timestamp) -> Decision {
    let did = did.bounded();
    if let Err(why) = incident.people.takes(&did) {
        return Decision::answer(asked, people::idle(incident, &did, why));
    }
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    draft.person(&PersonId(asked.by.clone()), did.clone());
    // A lone alarm that another bot's message brought was answered there: it gets its line in the channel now.
    draft.show_card();
    let is_own_role = matches!(&did, Did::Assigned { to: Some(to), .. } if to.0 == asked.by);
    if let Some(line) = people::line(&did).filter(|_| !is_own_role) {
        draft.tell(line);
    }
    draft.intend(Intent::Answer { asked: asked.clone(), message: people::done(draft.incident(), &did) });
    draft.done()
}

/// A button or a form about an incident; `typed` is what a form brought.
pub(crate) fn click(
    scene: &Scene,
    (step, id): (Handling, IncidentId),
    typed: Option<&str>,
    asked: &Asked,
    now: Timestamp,
) -> Decision {
    let incident = match scene.named(id) {
        Ok(incident) => incident,
        Err(message) => return Decision::answer(asked, message),
    };
    let text = || typed.unwrap_or_default().to_owned();
    let did = match step {
        Handling::Rate => match Severity::read(typed.unwrap_or_default()) {
            Some(severity) => Did::Rated { severity: Some(severity) },
            None => return Decision::answer(asked, people::severity(incident)),
        },
        Handling::Sev(severity) => Did::Rated { severity: Some(severity) },
        Handling::Lead => Did::Assigned { role: Role::Lead, to: Some(PersonId(asked.by.clone())) },
        Handling::Note => Did::Noted { text: text(), link: None },
        Handling::Title => Did::Titled { title: text() },
        Handling::Close => Did::Closed { because: typed.map(str::to_owned).filter(|typed| !typed.trim().is_empty()) },
        Handling::Reopen => Did::Reopened,
    };
    handle(scene, incident, did, asked, now)
}

/// `close`: without an id only where no other incident can be meant.
pub(crate) fn close(
    scene: &Scene,
    named: Option<IncidentId>,
    because: Option<String>,
    asked: &Asked,
    now: Timestamp,
) -> Decision {
    let open = scene.not_closed();
    let incident = match (named, open.as_slice()) {
        (Some(id), _) => scene.named(id),
        (None, [only]) => Ok(*only),
        (None, []) => Err(none_open(scene)),
        (None, [_, _, ..]) => Err(people::which_to_close(&open)),
    };
    match incident {
        Ok(incident) => handle(scene, incident, Did::Closed { because }, asked, now),
        Err(message) => Decision::answer(asked, message),
    }
}

/// `reopen`: the one named, or else the one that was closed last.
pub(crate) fn reopen(scene: &Scene, named: Option<IncidentId>, asked: &Asked, now: Timestamp) -> Decision {
    let last = || scene.open.iter().filter(|incident| incident.is_closed()).max_by_key(|one| one.people.closed_at);
    let incident = match named {
        Some(id) => scene.named(id),
        None => last().ok_or_else(|| blocks::reply::nothing_is_closed(&scene.scope.id)),
    };
    match incident {
        Ok(incident) => handle(scene, incident, Did::Reopened, asked, now),
        Err(message) => Decision::answer(asked, message),
    }
}

/// `severity`, about an incident that was found.
pub(crate) fn severity(
    scene: &Scene,
    incident: &Incident,
    wanted: &Wanted<Severity>,
    asked: &Asked,
    now: Timestamp,
) -> Decision {
    let severity = match wanted {
        Wanted::Told => return Decision::answer(asked, people::severity(incident)),
        Wanted::Set(severity) => Some(*severity),
        Wanted::Open => None,
    };
    handle(scene, incident, Did::Rated { severity }, asked, now)
}

/// `roles`, about an incident that was found.
pub(crate) fn roles(
    scene: &Scene,
    incident: &Incident,
    (role, wanted): (Option<Role>, &Wanted<Holder>),
    asked: &Asked,
    now: Timestamp,
) -> Decision {
    let to = match (role, wanted) {
        (None, _) | (Some(_), Wanted::Told) => {
            return Decision::answer(asked, people::roles(&scene.config.command, incident));
        }
        (Some(role), Wanted::Set(Holder::Me)) => (role, Some(PersonId(asked.by.clone()))),
        (Some(role), Wanted::Set(Holder::Person(person))) => (role, Some(person.clone())),
        (Some(role), Wanted::Open) => (role, None),
    };
    handle(scene, incident, Did::Assigned { role: to.0, to: to.1 }, asked, now)
}

/// The incidents that are open, for whoever did not say what they want.
pub(crate) fn overview(scene: &Scene, before: &str) -> Message {
    people::open(before, &scene.config.command, &scene.scope.id, &scene.not_closed())
}

/// A message was read that is to be a note; `text` is what it says, `link` leads to it.
pub(crate) fn pinned(
    scene: &Scene,
    named: Option<IncidentId>,
    (text, link): (&str, &str),
    asked: &Asked,
    now: Timestamp,
) -> Decision {
    // In the war room itself it belongs to what people are looking at.
    let incident = match named {
        Some(id) => scene.named(id).ok(),
        None => scene.meant(),
    };
    let Some(incident) = incident else { return Decision::answer(asked, none_open(scene)) };
    let did = Did::Noted { text: text.to_owned(), link: Some(link.to_owned()) };
    handle(scene, incident, did, asked, now)
}

/// It is time to look whether somebody leads, or said how bad it is.
pub(crate) fn nudge(scene: &Scene, id: IncidentId, lack: Lack, now: Timestamp) -> Decision {
    let Some(incident) =
        scene.incident(id).filter(|incident| incident.merged.is_none() && incident.ended_at().is_none())
    else {
        return Decision::default();
    };
    let is_there = match lack {
        Lack::Lead => incident.people.roles.contains_key(&Role::Lead),
        Lack::Severity => incident.people.severity.is_some(),
    };
    if is_there || scene.scope.nudge_after.is_zero() {
        return Decision::default();
    }
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    draft.tell(people::nudge(&scene.config.command, lack, scene.scope.nudge_after));
    draft.done()
}

fn none_open(scene: &Scene) -> Message {
    blocks::reply::nothing_is_open(&scene.scope.id)
}

impl Draft<'_> {
    /// Makes it true that somebody did this.
    fn person(&mut self, by: &PersonId, did: Did) {
        self.record(Fact::Person { by: by.clone(), did: Box::new(did) });
    }
}

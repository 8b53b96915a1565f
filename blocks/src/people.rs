//! What people do with an incident by hand, told: the calm line of the card, lines of the thread, answers to whoever did it.

use crate::action::{Action, Handling, Topic};
use crate::limits::cut;
use crate::message::{Button, Message};
use crate::phrase::{self, person, words};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tools::model::{Deed, Did, Idle, Incident, Role, ScopeId, Severity};
use tools::recovery::plan::PlanStatus;

/// Characters of a title in a line.
const MAX_TITLE: usize = 120;

/// Characters of a note or a reason in a line.
const MAX_WORDS: usize = 500;

/// Incidents listed with a button each.
const MAX_LISTED: usize = 10;

/// What has to be done next by somebody, if nobody did: for a nudge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// Nobody leads.
    Lead,
    /// Nobody said how bad it is.
    Severity,
}

/// How it stands with people: severity, lead, state. None where nobody did anything by hand.
pub(crate) fn standing(incident: &Incident) -> Option<String> {
    let people = &incident.people;
    let severity = people.severity.map(|severity| format!("*{severity}*"));
    let roles = people.roles.iter().map(|(role, who)| format!("{role} {}", person(who)));
    let state = match people.closed_at {
        Some(at) => Some(format!("closed at {}", phrase::time(at))),
        None => {
            (severity.is_some() || !people.roles.is_empty() || people.declared_by.is_some()).then(|| "open".to_owned())
        }
    };
    let parts: Vec<String> = severity.into_iter().chain(roles).chain(state).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// What the card's menu offers to do by hand.
pub(crate) fn menu(incident: &Incident) -> Vec<(Action, &'static str)> {
    let (by_hand, last) = if incident.is_closed() {
        (vec![(Handling::Note, "Add a note…")], (Handling::Reopen, "Reopen"))
    } else {
        let steps = vec![
            (Handling::Rate, "Severity…"),
            (Handling::Lead, "I take the lead"),
            (Handling::Note, "Add a note…"),
            (Handling::Title, "Edit the title…"),
        ];
        (steps, (Handling::Close, "Close…"))
    };
    by_hand.into_iter().chain([last]).map(|(step, label)| (Action::Handle(step, incident.id), label)).collect()
}

/// What the thread is told of what somebody did; none for what the card says well enough.
pub fn line(did: &Did) -> Option<String> {
    match did {
        // The card says the first two; what was said in the thread or the channel stands there.
        Did::Declared { .. } | Did::Titled { .. } | Did::Noted { link: Some(_), .. } => None,
        Did::Rated { severity: Some(severity) } => Some(format!("🎚️ This is *{severity}* now")),
        Did::Rated { severity: None } => Some("🎚️ The severity is open again".to_owned()),
        // Whoever gets a role is told by it.
        Did::Assigned { role, to: Some(to) } => Some(format!("👤 {} is {role} now", person(to))),
        Did::Assigned { role, to: None } => Some(format!("👤 Nobody is {role} any more")),
        Did::Noted { text, link: None } => Some(format!("📝 {}", said(text))),
        Did::Closed { because } => Some(format!("🏁 *Closed*{}", reason(because.as_deref()))),
        Did::Reopened => Some("♻️ *Reopened*: it is not over".to_owned()),
    }
}

/// What somebody did, for the timeline.
pub(crate) fn told(deed: &Deed) -> String {
    let by = person(&deed.by);
    match &deed.did {
        Did::Declared { title, about } => {
            let about = about.as_ref().map(|about| format!(": {}", said(about))).unwrap_or_default();
            format!("📣 {by} declared it, “{}”{about}", said(title))
        }
        Did::Titled { title } => format!("✏️ {by} called it “{}”", said(title)),
        Did::Rated { severity: Some(severity) } => format!("🎚️ {by} made it {severity}"),
        Did::Rated { severity: None } => format!("🎚️ {by} left the severity open"),
        Did::Assigned { role, to: Some(to) } if *to == deed.by => format!("👤 {by} took the role of {role}"),
        Did::Assigned { role, to: Some(to) } => format!("👤 {by} made {} {role}", person(to)),
        Did::Assigned { role, to: None } => format!("👤 {by} left the role of {role} open"),
        Did::Noted { text, link } => {
            let link = link.as_ref().and_then(|link| message_link(link)).unwrap_or_default();
            format!("📝 {by} noted: {}{link}", said(text))
        }
        Did::Closed { because } => format!("🏁 {by} closed it{}", reason(because.as_deref())),
        Did::Reopened => format!("♻️ {by} reopened it"),
    }
}

fn said(text: &str) -> String {
    words(cut(text, MAX_WORDS))
}

fn reason(because: Option<&str>) -> String {
    because.map(|because| format!(": {}", said(because))).unwrap_or_default()
}

fn message_link(link: &str) -> Option<String> {
    let is_plain = link.starts_with("https://") || link.starts_with("http://127.0.0.1");
    let link = crate::mrkdwn::escape(link).replace('|', "%7C");
    is_plain.then(|| format!(" (<{link}|message>)"))
}

/// What an incident is called in a list: its title, its cause, or its alarms; plain text.
pub(crate) fn name(incident: &Incident) -> String {
    let cause = || {
        let cause = incident.verdict.as_deref().and_then(tools::model::Verdict::cause)?;
        Some(format!("{}: {}", cause.service, phrase::symptom(cause.symptom)))
    };
    let alarms = || match incident.alarms.as_slice() {
        [] => "no alarm".to_owned(),
        [only] => only.alarm.name.clone(),
        all => phrase::count(all.len(), "alarm", "alarms"),
    };
    let name = incident.people.title.clone().or_else(cause).unwrap_or_else(alarms);
    phrase::one_line(&cut(&name, MAX_TITLE))
}

/// One incident in a list: its id, severity, name, how long it lasts and who leads.
pub(crate) fn listed(incident: &Incident) -> String {
    let severity = incident.people.severity.map(|severity| format!(" · {severity}")).unwrap_or_default();
    let lead = incident.people.roles.get(&Role::Lead).map(|lead| format!(" · lead {}", person(lead)));
    let since = phrase::time(incident.began_at());
    format!("*{}*{severity} · {}\nsince {since}{}", incident.id, words(name(incident)), lead.unwrap_or_default())
}

/// The incidents that are open, each with a button; `before` (mrkdwn) comes first, if there is anything to say before.
pub fn open(before: &str, root: &str, scope: &ScopeId, incidents: &[&Incident]) -> Message {
    let help = phrase::code(format!("{root} help"));
    let declare = phrase::code(format!("{root} open what is broken"));
    if incidents.is_empty() {
        let text = format!(
            "No incident is open in {}. {declare} declares one, {help} lists what exists.",
            phrase::code(&scope.0)
        );
        return Message::new("No incident is open").section(before).section(&text);
    }
    let count = phrase::count(incidents.len(), "incident is", "incidents are");
    let message = Message::new(&format!("{count} open"))
        .section(before)
        .section(&format!("*Open in {}*", phrase::code(&scope.0)));
    let message = incidents.iter().take(MAX_LISTED).fold(message, |message, incident| {
        message.section_beside(&listed(incident), &Button::new(Action::Ask(Topic::Context, incident.id), "Context"))
    });
    let more = incidents.len().saturating_sub(MAX_LISTED);
    let more = if more > 0 { format!("{more} more are open. ") } else { String::new() };
    message.context(&[format!("{more}{declare} declares another one, {help} lists what exists.")])
}

/// Which incident is to be closed: several are open.
pub fn which_to_close(incidents: &[&Incident]) -> Message {
    let message = Message::new("Which incident?").section("Several incidents are open. Which one is over?");
    incidents.iter().take(MAX_LISTED).fold(message, |message, incident| {
        message.section_beside(&listed(incident), &Button::new(Action::Handle(Handling::Close, incident.id), "Close…"))
    })
}

/// What is answered to whoever did something.
pub fn done(incident: &Incident, did: &Did) -> Message {
    let id = incident.id;
    let text = match did {
        Did::Declared { title, .. } => {
            format!("*{id}* is open: “{}”. I am looking at what can be seen; its card is in the war room.", said(title))
        }
        Did::Titled { title } => format!("{id} is called “{}” now.", said(title)),
        Did::Rated { severity: Some(severity) } => format!("{id} is {severity} now."),
        Did::Rated { severity: None } => format!("The severity of {id} is open again."),
        Did::Assigned { role, to: Some(to) } => format!("{} is {role} of {id} now.", person(to)),
        Did::Assigned { role, to: None } => format!("Nobody is {role} of {id} any more."),
        Did::Noted { .. } => format!("Noted: it stands in the timeline of {id}."),
        Did::Closed { .. } => {
            let firing = match incident.firing() {
                0 => String::new(),
                firing => format!(" {} still.", phrase::count(firing, "of its alarms fires", "of its alarms fire")),
            };
            let open = [PlanStatus::Waiting, PlanStatus::Running, PlanStatus::Applied, PlanStatus::Undoing];
            let plans = incident.plans.values().filter(|state| open.contains(&state.status())).count();
            let plans = match plans {
                0 => String::new(),
                plans => format!(" {} not over, and go on as before.", phrase::count(plans, "plan is", "plans are")),
            };
            format!(
                "{id} is closed.{firing}{plans} An alarm that fires from now on begins another incident, unless this one \
                 is reopened."
            )
        }
        Did::Reopened => format!("{id} is open again, and takes in alarms."),
    };
    Message::plain(&format!("{id}: done"), &text)
}

/// Why nothing came of what somebody wanted.
pub fn idle(incident: &Incident, did: &Did, why: Idle) -> Message {
    let id = incident.id;
    let text = match (why, did) {
        (Idle::IsSo, Did::Closed { .. }) => format!("{id} is closed already."),
        (Idle::IsSo, Did::Reopened) => format!("{id} is not closed, so there is nothing to reopen."),
        (
            Idle::IsSo,
            Did::Declared { .. } | Did::Titled { .. } | Did::Rated { .. } | Did::Assigned { .. } | Did::Noted { .. },
        ) => format!("That is so already; nothing changed about {id}."),
        (Idle::Closed, _) => format!("{id} is closed. Reopen it first, if it is not over."),
        (Idle::Noted, _) => format!("That message stands in the timeline of {id} already."),
        (Idle::Full, _) => format!("{id} has too many entries by hand, and takes no more."),
    };
    Message::plain(&format!("{id}: nothing changed"), &text)
}

/// Who has which role.
pub fn roles(root: &str, incident: &Incident) -> Message {
    let id = incident.id;
    let line = |role: Role| {
        let who = incident.people.roles.get(&role).map_or_else(|| "nobody".to_owned(), person);
        let duty = match role {
            Role::Lead => "decides and coordinates",
            Role::Scribe => "writes down what happens",
            Role::Comms => "tells everybody else",
        };
        format!("• {role}: {who} _({duty})_")
    };
    let lines: Vec<String> = Role::ALL.into_iter().map(line).collect();
    let hint = phrase::code(format!("{root} roles lead me"));
    let message = Message::new(&format!("{id}: roles")).titled(&format!("Roles of {id}"), &lines.join("\n"));
    message.context(&[format!("{hint} takes one, a name instead of `me` gives it to somebody, `none` leaves it open")])
}

/// How bad it is, and a button for each answer.
pub fn severity(incident: &Incident) -> Message {
    let id = incident.id;
    let text = match incident.people.severity {
        Some(severity) => format!("{id} is {severity}."),
        None => format!("Nobody has said how bad {id} is."),
    };
    let others = Severity::ALL.into_iter().filter(|severity| incident.people.severity != Some(*severity));
    let labels: Vec<(Action, String)> =
        others.map(|severity| (Action::Handle(Handling::Sev(severity), id), severity.to_string())).collect();
    let buttons: Vec<(Action, &str)> = labels.iter().map(|(action, label)| (action.clone(), label.as_str())).collect();
    Message::plain(&format!("{id}: severity"), &text).actions(&buttons)
}

/// A nudge for the thread: what nobody has done so far, after so long. It mentions nobody.
pub fn nudge(root: &str, lack: Lack, after: SignedDuration) -> String {
    let after = phrase::span(after);
    match lack {
        Lack::Lead => {
            format!("💡 Nobody leads this after {after}: {} does", phrase::code(format!("{root} roles lead me")))
        }
        Lack::Severity => format!(
            "💡 Nobody has said how bad this is after {after}: {} does",
            phrase::code(format!("{root} severity 2"))
        ),
    }
}

/// What stands where no form can be opened: how an incident is declared by a line.
pub fn needs_title(root: &str) -> Message {
    let example = phrase::code(format!("{root} open Login fails for many users"));
    Message::plain("What is broken?", &format!("Please say what is broken in the same line: {example}"))
}

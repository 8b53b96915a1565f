//! A person typed the slash command.

use super::people;
use super::regroup::{self, Which};
use super::settings;
use crate::command::{self, COMMANDS, Command, Misread};
use crate::decision::{Decision, Scene};
use crate::event::{Asked, Declared, Question, Way};
use crate::intent::Job;
use blocks::reply::{self, Usage};
use blocks::said;
use jiff::Timestamp;
use tools::model::{Did, Incident, IncidentId};
use tools::recovery::plan::{PlanId, PlanState, Request};

pub(crate) fn decide(scene: &Scene, text: &str, asked: &Asked, now: Timestamp) -> Decision {
    let root = &scene.config.command;
    let message = match command::parse(text) {
        Ok(Command::Ask { topic, incident, since }) => match choose(scene, incident) {
            Ok(incident) => {
                let since = since.map(|since| since.resolve(now));
                return investigate(incident.id, Question { asked: asked.clone(), topic, since, pick: None });
            }
            Err(message) => message,
        },
        Ok(Command::Approve { plan, reason }) => {
            let needs_people = |state: &PlanState| state.waits_at(now) && state.plan().least_approvals() > 0;
            // Whoever agrees means what needs people to agree, if anything does.
            let is_any = scene.plans().any(needs_people);
            let fits = |state: &PlanState| if is_any { needs_people(state) } else { state.waits_at(now) };
            match choose_plan(scene, plan.as_ref(), fits) {
                Ok(found) => return look_up(found, approval(reason), asked.clone()),
                Err(message) => message,
            }
        }
        Ok(Command::Undo { plan }) => match choose_plan(scene, plan.as_ref(), PlanState::can_be_undone) {
            Ok(found) => return look_up(found, Request::Undo, asked.clone()),
            Err(message) => message,
        },
        Ok(Command::Merge { incident, into }) => return regroup::merge(scene, incident, into, asked, now),
        Ok(Command::Split { incident, called }) => match (choose(scene, incident), called) {
            (Ok(incident), Some(called)) => {
                return regroup::split(scene, incident.id, &Which::Called(called), asked, now);
            }
            (Ok(incident), None) => blocks::regroup::choose(incident, None),
            (Err(message), _) => message,
        },
        Ok(Command::Status { incident }) => match choose(scene, incident) {
            Ok(incident) => blocks::status::answer(incident, now),
            Err(message) => message,
        },
        Ok(Command::Page { incident, text }) => match choose(scene, incident) {
            Ok(incident) => return Decision::run(Job::Page { incident: incident.id, text, asked: asked.clone() }),
            Err(message) => message,
        },
        Ok(Command::Stats { days }) => {
            return Decision::run(Job::Review { scope: scene.scope.id.clone(), days, asked: asked.clone() });
        }
        Ok(Command::Postmortem { incident }) => {
            // What is over is told as well: whoever names an incident gets it however old it is.
            match incident.map_or_else(|| choose(scene, None).map(|recent| recent.id), Ok) {
                Ok(incident) => return super::postmortem::ask(scene, incident, asked),
                Err(message) => message,
            }
        }
        Ok(Command::Open { title: Some(title) }) => {
            let declared = Declared { title, ..Declared::default() };
            return people::declare(scene, &declared, asked, now);
        }
        // Where a form could be opened, it was.
        Ok(Command::Open { title: None }) => blocks::people::needs_title(root),
        Ok(Command::Close { incident, because }) => return people::close(scene, incident, because, asked, now),
        Ok(Command::Reopen { incident }) => return people::reopen(scene, incident, asked, now),
        Ok(Command::Severity { incident, wanted }) => match choose(scene, incident) {
            Ok(incident) => return people::severity(scene, incident, &wanted, asked, now),
            Err(message) => message,
        },
        Ok(Command::Roles { incident, role, wanted }) => match choose(scene, incident) {
            Ok(incident) => return people::roles(scene, incident, (role, &wanted), asked, now),
            Err(message) => message,
        },
        Ok(Command::Note { incident, text }) => match choose(scene, incident) {
            Ok(incident) => return people::handle(scene, incident, Did::Noted { text, link: None }, asked, now),
            Err(message) => message,
        },
        Ok(Command::Question { incident, text }) => match choose(scene, incident) {
            Ok(incident) => return ask(scene, incident.id, text, asked),
            Err(message) => message,
        },
        Ok(Command::Stop) => {
            let (scope, asked) = (scene.scope.id.clone(), asked.clone());
            return Decision::run(Job::StopAnswer { scope, talk: None, asked });
        }
        Ok(Command::Settings { set: None }) => settings::told(scene, now),
        Ok(Command::Settings { set: Some(setting) }) => return settings::set(scene, &[setting], asked, now),
        Ok(Command::Overview) => people::overview(scene, ""),
        Ok(Command::Help) => reply::help(root, &usages()),
        // Who speaks to us in whole sentences asks something.
        Err(_)
            if !matches!(asked.way(), Way::Address(_))
                && command::question::is_question(text)
                && let Some(incident) = scene.meant() =>
        {
            return ask(scene, incident.id, text.to_owned(), asked);
        }
        Err(misread @ Misread::Unknown { .. }) if !scene.not_closed().is_empty() => {
            let before = reply::misread_text(root, &sentence(&misread), nearest(&misread));
            people::overview(scene, &before)
        }
        Err(misread) => reply::misread(root, &sentence(&misread), nearest(&misread)),
    };
    Decision::answer(asked, message)
}

/// A question goes to a model where there is one, and else to the answer that comes nearest.
fn ask(scene: &Scene, incident: IncidentId, text: String, asked: &Asked) -> Decision {
    let asked = asked.clone();
    if scene.config.models.is_some() {
        return Decision::run(Job::Ask { incident, text, talk: None, asked });
    }
    let topic = command::question::topic(&text);
    investigate(incident, Question { asked, topic, since: None, pick: None })
}

/// An approval with its reason as it was typed: Slack escapes what it brings.
fn approval(reason: Option<String>) -> Request {
    Request::Approve { reason: reason.map(|reason| blocks::mrkdwn::unescape(&reason)) }
}

/// The answer needs fresh evidence, and reading that is a job; the job's result answers.
pub(super) fn investigate(incident: IncidentId, question: Question) -> Decision {
    Decision::run(Job::Investigate { incident, answer_to: Some(question) })
}

/// Who somebody is has to be asked of Slack, and that is a job; what it finds is decided.
pub(super) fn look_up((incident, plan): (IncidentId, PlanId), request: Request, asked: Asked) -> Decision {
    Decision::run(Job::LookUp { incident, plan, request, asked })
}

/// The plan that is meant: the one whose id begins as `named`, or else the only one that `fits`.
fn choose_plan(
    scene: &Scene,
    named: Option<&PlanId>,
    fits: impl Fn(&PlanState) -> bool,
) -> Result<(IncidentId, PlanId), blocks::Message> {
    let is_meant = |state: &&PlanState| match named {
        // What is named is meant, whatever has become of it: the answer says what.
        Some(PlanId(named)) => state.id().0.starts_with(named),
        None => fits(state),
    };
    let meant: Vec<&PlanState> = scene.plans().filter(is_meant).collect();
    match (meant.as_slice(), named) {
        ([only], _) => Ok((only.plan().incident, only.id().clone())),
        ([], Some(named)) => Err(said::no_such_plan(&named.0)),
        ([], None) | ([_, ..], _) => Err(said::which_plan(&scene.config.command, &meant)),
    }
}

/// The incident that is meant: the one named, or else the most recent flood, or else the most recent.
fn choose(scene: &Scene, named: Option<IncidentId>) -> Result<&Incident, blocks::Message> {
    if let Some(id) = named {
        // What was asked about may have become part of another one.
        return scene.named(id);
    }
    scene.meant().ok_or_else(|| reply::nothing_is_open(&scene.scope.id))
}

fn usages() -> Vec<Usage> {
    COMMANDS.iter().map(|row| Usage { usage: row.usage, help: row.help }).collect()
}

fn sentence(misread: &command::Misread) -> String {
    let quoted = |word: &str| blocks::phrase::code(word);
    match misread {
        command::Misread::Unknown { word, .. } => format!("I don't know {}.", quoted(word)),
        command::Misread::NoIncidentId { word, .. } => {
            let is_none = if word.is_empty() {
                "Which incident?".to_owned()
            } else {
                format!("{} is no incident.", quoted(word))
            };
            format!("{is_none} One looks like `INC-7`.")
        }
        command::Misread::NoPlanId { word, .. } => {
            format!("{} is no plan; one looks like `plan-1f0c`.", quoted(word))
        }
        command::Misread::NoMoment { word } => {
            format!("{} is no moment; one looks like `20m`, `2h` or `03:15` (UTC).", quoted(word))
        }
        command::Misread::NoSpan { word } => {
            format!("{} is no span I have figures for; there is `7`, `30` and `90` (days).", quoted(word))
        }
        command::Misread::NoSeverity { word } => {
            format!("{} is no severity; there is `1`, `2`, `3`, `4` and `none`.", quoted(word))
        }
        command::Misread::NoRole { word } => {
            format!("{} is no role; there is `lead`, `scribe` and `comms`.", quoted(word))
        }
        command::Misread::NoPerson { word } => {
            format!("I don't know who {} is; pick the name from the list that Slack offers after `@`.", quoted(word))
        }
        command::Misread::NoSetting { word } => {
            format!("{} cannot be set; there is `quiet`, `mute`, `nudges`, `flood` and `usual`.", quoted(word))
        }
        command::Misread::OddSetting { problem } => problem.clone(),
        command::Misread::NoText { command } => format!("Please write the words after `{command}`."),
        command::Misread::Extra { command, word } => {
            format!("I don't know what to do with {} after `{command}`.", quoted(word))
        }
    }
}

fn nearest(misread: &command::Misread) -> Option<&'static str> {
    match misread {
        command::Misread::Unknown { nearest, .. } => *nearest,
        command::Misread::NoIncidentId { command, .. }
        | command::Misread::NoPlanId { command, .. }
        | command::Misread::Extra { command, .. } => Some(command),
        command::Misread::NoSeverity { .. } => Some("severity 2"),
        command::Misread::NoRole { .. } | command::Misread::NoPerson { .. } => Some("roles lead me"),
        command::Misread::NoText { .. } | command::Misread::OddSetting { .. } => None,
        command::Misread::NoSetting { .. } => Some("settings"),
        command::Misread::NoMoment { .. } => Some("catchup 20m"),
        command::Misread::NoSpan { .. } => Some("stats 30"),
    }
}

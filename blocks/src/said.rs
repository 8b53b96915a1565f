//! What a person is answered who wanted something of a plan: what happened or why not, and the way on. Only they see it.

use crate::action::{Action, Deed};
use crate::limits::cut;
use crate::message::{Button, Message};
use crate::phrase::{self, words};
use crate::remedy;
use jiff::Timestamp;
use tools::recovery::plan::{Plan, PlanState, PlanStatus, Said, Settled, UndoneBy, Unproposable};
use tools::recovery::policy::{Denial, PersonId};

/// Plans listed where several could be meant.
const MAX_PLANS: usize = 10;

/// People named in one answer.
const MAX_PEOPLE: usize = 5;

/// Characters of a sentence of somebody else's.
const MAX_WORDS: usize = 500;

/// What a notification says of what was done.
const DONE: &str = "Done";

/// What a notification says of what was not.
const NOT_DONE: &str = "Nothing was done";

/// The answer to a click or a command about a plan; `root` is the command that people type.
pub fn answer(root: &str, said: &Said, plan: &Plan) -> Message {
    let fix = fix(root);
    let named = phrase::plan(&plan.id);
    let (notification, text) = match said {
        Said::Approved { missing } => (DONE, format!("Your approval of {named} counts. {}", then(*missing))),
        Said::Withdrawn { missing } => (DONE, format!("Your approval of {named} is withdrawn. {}", then(*missing))),
        Said::Rejected => (DONE, format!("{named} is rejected. Ask {fix} for what else can be done.")),
        Said::Revoked => (DONE, format!("{named} is revoked. It can be proposed again while it fits.")),
        Said::Started => (DONE, format!("{named} is being carried out now. Its message says how it ends.")),
        Said::UndoStarted => (DONE, format!("{named} is being taken back now. Its message says how it ends.")),
        Said::AlreadyApproved { at } => {
            let at = phrase::time(*at);
            (
                NOT_DONE,
                format!(
                    "You approved {named} at {at} already, and that counts once. Its message says what it still needs."
                ),
            )
        }
        Said::NothingToWithdraw => {
            (NOT_DONE, format!("You have no approval of {named} that stands, so there is nothing to withdraw."))
        }
        Said::OwnPlan => (
            NOT_DONE,
            format!(
                "You asked for {named} yourself, so others decide about it. *Revoke* takes it back. This was recorded."
            ),
        ),
        Said::NotTheRequester { requester } => {
            let requester = phrase::person(requester);
            (
                NOT_DONE,
                format!("Only {requester}, who asked for {named}, revokes it. You can *Reject* it. This was recorded."),
            )
        }
        Said::NotAllowed { why } => (NOT_DONE, denied(why, &named)),
        Said::RequesterUnknown { requester } => (NOT_DONE, requester_unknown(requester, &named)),
        Said::ReasonMissing => (
            NOT_DONE,
            format!("{named} is of high risk, so an approval needs a reason. Press *Approve* and write one."),
        ),
        Said::ReasonTooLong { most } => (
            NOT_DONE,
            format!("That reason is too long: it may have {most} characters. Please try again with a shorter one."),
        ),
        Said::NeedsApprovals { missing, counted, not_counted } => {
            (NOT_DONE, needs_approvals(*missing, counted, not_counted, &named))
        }
        Said::NameMissing { name } => {
            let name = remedy::name(name);
            (
                NOT_DONE,
                format!(
                    "{named} may stop something in production. Press *Execute* and type the name of its target: {name}."
                ),
            )
        }
        Said::NameWrong { name } => {
            let name = remedy::name(name);
            (
                NOT_DONE,
                format!("That is not the name of the target of {named}, so nothing was stopped. Its name is {name}."),
            )
        }
        Said::Expired { at } => (NOT_DONE, expired(*at, &named, &fix)),
        Said::Decided(settled) => (NOT_DONE, decided(settled, &named, &fix)),
        Said::StillRunning { by, since } => {
            let by = by.as_ref().map(|by| format!(" by {}", phrase::person(by))).unwrap_or_default();
            let since = phrase::time(*since);
            let back = if plan.reversible { "It can be undone when that is over." } else { "It cannot be undone." };
            (NOT_DONE, format!("{named} is being carried out{by} since {since}. {back}"))
        }
        Said::AlreadyUndoing { by } => (
            NOT_DONE,
            format!("{named} is being taken back already{}. Its message says how it ends.", whom(by.as_ref())),
        ),
        Said::AlreadyUndone { by, at } => {
            let at = phrase::time(*at);
            (NOT_DONE, format!("{named} was taken back at {at}{}, so nothing is left to undo.", whom(by.as_ref())))
        }
        Said::Irreversible => {
            (NOT_DONE, format!("{named} cannot be undone, as its message said. Ask {fix} for what can be done now."))
        }
        Said::NothingToUndo { status } => (NOT_DONE, nothing_to_undo(*status, &named)),
        Said::TooOften => (
            NOT_DONE,
            format!("That was tried too often with {named}. Propose a new plan, or change its target by hand."),
        ),
    };
    Message::plain(&format!("{notification}: {}", phrase::short_id(&plan.id)), &text)
}

fn nothing_to_undo(status: PlanStatus, named: &str) -> String {
    let (sign, word) = crate::plan::title(status);
    format!("Nothing of {named} is in force: it stands at {sign} *{word}*. There is nothing to undo.")
}

fn requester_unknown(requester: &PersonId, named: &str) -> String {
    format!(
        "I cannot find out now who {} is, who asked for {named}, so nothing is decided about it. Please \
         try again in a minute.",
        phrase::person(requester)
    )
}

/// What is needed next.
fn then(missing: u8) -> String {
    match missing {
        0 => "It has what it needs: press *Execute* on its message to have it carried out.".to_owned(),
        missing => {
            format!("It needs at least {}.", phrase::count(usize::from(missing), "more approval", "more approvals"))
        }
    }
}

fn whom(by: Option<&UndoneBy>) -> String {
    match by {
        Some(UndoneBy::Person(by)) => format!(" by {}", phrase::person(by)),
        Some(UndoneBy::Time) => ", because its time was over".to_owned(),
        None => String::new(),
    }
}

/// Why somebody may not, and who can change that.
fn denied(why: &Denial, named: &str) -> String {
    let on = match why {
        Denial::OwnPlan => "You can *Revoke* it.",
        Denial::NotAMember { .. } => "Ask a member of this workspace.",
        Denial::Forbidden { .. } | Denial::NobodyPermits { .. } => {
            "Ask somebody who may; while it waits, its message names them."
        }
        Denial::Broken { .. } | Denial::Unanswerable { .. } => "Whoever keeps the policies has to mend that.",
    };
    let why = words(cut(&why.to_string(), MAX_WORDS));
    format!("You may not do that with {named}: {why}. {on} This was recorded.")
}

fn needs_approvals(missing: u8, counted: &[PersonId], not_counted: &[(PersonId, Denial)], named: &str) -> String {
    let more = phrase::count(usize::from(missing), "more approval", "more approvals");
    let mut text = format!("{named} needs {more} before you can have it carried out.");
    if !counted.is_empty() {
        text = format!("{text} {} so far.", people("Counted", counted.iter().map(phrase::person).collect()));
    }
    if !not_counted.is_empty() {
        let told = |(by, why): &(PersonId, Denial)| {
            format!("{} ({})", phrase::person(by), words(cut(&why.to_string(), MAX_WORDS / 2)))
        };
        text = format!("{text} {}.", people("Not counted any more:", not_counted.iter().map(told).collect()));
    }
    format!("{text} Its message names those who may approve.")
}

fn people(title: &str, mut told: Vec<String>) -> String {
    let more = told.len().saturating_sub(MAX_PEOPLE);
    told.truncate(MAX_PEOPLE);
    if more > 0 {
        told.push(format!("{more} more"));
    }
    format!("{title} {}", phrase::list(&told))
}

/// That it does not wait any more, and where it stands.
fn decided(settled: &Settled, named: &str, fix: &str) -> String {
    let at = phrase::time(settled.at);
    let by = settled.by.as_ref().map(|by| format!(" by {}", phrase::person(by))).unwrap_or_default();
    let fix = format!("Ask {fix} for what can be done now.");
    match settled.status {
        PlanStatus::Waiting => format!("{named} waits: press *Details* on its message to see what it needs."),
        PlanStatus::Rejected => format!("{named} was rejected{by} at {at}. {fix}"),
        PlanStatus::Revoked => format!("{named} was revoked{by} at {at}. {fix}"),
        PlanStatus::Expired => format!("{named} expired at {at}, which is no rejection. {fix}"),
        PlanStatus::Superseded => {
            let newer = settled.newer.as_ref().map(|newer| format!(" {}", phrase::plan(newer))).unwrap_or_default();
            format!("The newer plan{newer} took the place of {named} at {at}. Decide about that one.")
        }
        PlanStatus::Running
        | PlanStatus::Applied
        | PlanStatus::Kept
        | PlanStatus::Doubtful
        | PlanStatus::Undoing
        | PlanStatus::Undone
        | PlanStatus::Failed
        | PlanStatus::PartlyFailed
        | PlanStatus::UndoFailed
        | PlanStatus::LeftAlone
        | PlanStatus::Drifted => {
            let (sign, word) = crate::plan::title(settled.status);
            format!(
                "{named} was decided before: it was started{by} at {at}, and stands at {sign} *{word}* now. Its message says \
                 what can be done with it."
            )
        }
    }
}

fn expired(at: Timestamp, named: &str, fix: &str) -> String {
    format!("{named} expired at {}, which is no rejection. Ask {fix} and propose it again.", phrase::time(at))
}

/// A plan was made and waits.
pub fn proposed(plan: &Plan) -> Message {
    let needed = plan.least_approvals();
    let next = match needed {
        0 => "It needs no approval: press *Execute* there to have it carried out.".to_owned(),
        needed => format!(
            "It needs {} of others before it can be executed.",
            phrase::count(usize::from(needed), "approval", "approvals")
        ),
    };
    let (named, at) = (phrase::plan(&plan.id), phrase::time(plan.expires_at));
    let text =
        format!("{named} is proposed: its message is in the thread of {}. {next} It expires at {at}.", plan.incident);
    Message::plain(&format!("Proposed: {}", phrase::short_id(&plan.id)), &text)
}

/// What somebody proposes was proposed before, and waits.
pub fn proposed_before(state: &PlanState) -> Message {
    let plan = state.plan();
    let missing = usize::from(plan.least_approvals()).saturating_sub(state.approvals().len());
    let waits = match missing {
        0 => "somebody to press *Execute*".to_owned(),
        missing => phrase::count(missing, "approval", "approvals"),
    };
    let (named, at) = (phrase::plan(&plan.id), phrase::time(plan.expires_at));
    let text = format!(
        "{} asked for the same before: {named} is in the thread of {} and waits for {waits}. It expires at {at}.",
        phrase::person(&plan.requester),
        plan.incident
    );
    Message::plain(&format!("Proposed before: {}", phrase::short_id(&plan.id)), &text)
}

/// A plan does not begin.
pub fn unproposable(root: &str, why: &Unproposable) -> Message {
    let again = format!("Ask {} again and propose it from there.", fix(root));
    let on = match why {
        Unproposable::NotPinned | Unproposable::SomebodyElse | Unproposable::Expired => again.as_str(),
        Unproposable::NotAllowed(_) => "Ask somebody who may propose it.",
        Unproposable::DeadEnd(_) => "Whoever keeps the policies and the groups has to mend that.",
        Unproposable::Known(_) => "Its message is in the thread of the incident.",
        Unproposable::TooMany => "Whoever is that far needs people: agree on what to do by hand.",
    };
    let why = words(cut(&why.to_string(), MAX_WORDS));
    Message::plain("It could not be proposed", &format!("It could not be proposed, and nothing was done: {why}. {on}"))
}

/// What somebody wanted to propose is not offered any more.
pub fn gone(root: &str) -> Message {
    let text = format!(
        "That remedy is not offered any more: the situation has changed, so nothing was proposed. Ask {} again for what can be \
         done now.",
        fix(root)
    );
    Message::plain("That remedy is not offered any more", &text)
}

/// Nobody knows the plan that was meant, by what was typed.
pub fn no_such_plan(typed: &str) -> Message {
    let text = format!(
        "There is no plan {} among the incidents of the last day, so nothing was done. The card of an incident names its \
         plans; the buttons of older ones still work.",
        remedy::name(typed)
    );
    Message::plain("There is no such plan", &text)
}

/// The command that tells what can be done.
fn fix(root: &str) -> String {
    phrase::code(format!("{root} fix"))
}

/// Several plans could be meant.
pub fn which_plan(root: &str, plans: &[&PlanState]) -> Message {
    if plans.is_empty() {
        let text = format!(
            "No plan of the last day's incidents is one that this could be about, so nothing was done. The buttons of older \
             plans still work, and {} tells what can be proposed.",
            fix(root)
        );
        return Message::plain("There is no such plan", &text);
    }
    let opening = "Several plans could be meant, so nothing was done. Say which one by its id:";
    let mut message = Message::plain("Which plan?", opening);
    for state in plans.iter().take(MAX_PLANS) {
        let plan = state.plan();
        let sentence = words(remedy::sentence(&plan.remedy, &plan.saw));
        let text = format!("{} · {sentence}\n{}: {}", phrase::code(&plan.id.0), plan.incident, state.status().word());
        let details = Action::Plan(Deed::Details, plan.incident, plan.id.clone());
        message = message.section_beside(&text, &Button::new(details, "Details"));
    }
    let more = plans.len().saturating_sub(MAX_PLANS);
    if more > 0 { message.context(&[format!("and {more} more")]) } else { message }
}

/// It could not be found out who somebody is. `problem` is a sentence without a full stop.
pub fn unknown_people(problem: &str) -> Message {
    let text = format!(
        "I could not find out who everybody involved is, and so not who may do what: {}. Nothing was done; please try again \
         a little later.",
        words(cut(problem, MAX_WORDS)).trim_end_matches('.')
    );
    Message::plain("Nothing was done", &text)
}

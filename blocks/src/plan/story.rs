//! What happened to a plan and what to do next: the sentence on its message, and the turning points told besides it.

use super::{people, quoted, since, title};
use crate::phrase::{self, words};
use crate::remedy;
use jiff::Timestamp;
use tools::model::{Direction, Reading, Worked};
use tools::recovery::plan::{Plan, PlanFact, PlanState, PlanStatus, UndoneBy};

/// Characters of a sentence that says why something did not work.
const MAX_BECAUSE: usize = 500;

/// What happened, by whom, when, and what to do next.
pub(super) fn story(state: &PlanState) -> String {
    let told = match state.status() {
        PlanStatus::Waiting => String::new(),
        PlanStatus::Running => format!("{} I am carrying it out; this message will say how it ends.", started(state)),
        PlanStatus::Applied => format!("{} {}", started(state), applied(state)),
        PlanStatus::Kept | PlanStatus::Doubtful => format!("{} {}", started(state), verified(state)),
        PlanStatus::Undoing => format!("{} This message will say how it ends.", undoing(state)),
        PlanStatus::Undone => undone(state),
        PlanStatus::Failed | PlanStatus::PartlyFailed => format!("{} {}", started(state), failed(state)),
        PlanStatus::UndoFailed => undo_failed(state),
        PlanStatus::LeftAlone => left_alone(state),
        PlanStatus::Rejected
        | PlanStatus::Revoked
        | PlanStatus::Expired
        | PlanStatus::Superseded
        | PlanStatus::Drifted => ended(state),
    };
    match state.undo_at() {
        Some(at) => format!("{told}\n*Undoes itself* at {}.", phrase::time(at)),
        None => told,
    }
}

/// Who had it carried out and when, and who agreed.
fn started(state: &PlanState) -> String {
    let Some(start) = state.started() else { return String::new() };
    let agreed = match start.approved_by.as_slice() {
        [] => String::new(),
        by => format!(", approved by {}", people(by)),
    };
    format!("{} had it carried out at {}{agreed}.", phrase::person(&start.by), phrase::time(start.at))
}

/// The last fact that `pick` takes something from, and when it came.
fn last<'a, T>(state: &'a PlanState, pick: impl Fn(&'a PlanFact) -> Option<T>) -> Option<(Timestamp, T)> {
    state.history().iter().rev().find_map(|told| Some((told.at, pick(&told.fact)?)))
}

/// That it stands and is watched, or could not be.
fn applied(state: &PlanState) -> String {
    let plan = state.plan();
    let since = state.applied_at().map(|at| format!(" since {}", phrase::time(at))).unwrap_or_default();
    let stands = format!("It is in force{since}.");
    let back = if plan.reversible { " Keep it, or press *Undo*." } else { " It cannot be undone." };
    match (&plan.expectation, state.verify_at()) {
        (Some(expectation), Some(at)) => format!(
            "{stands} I am watching whether {}, until {}, and then say KEEP or REVERT.",
            remedy::success(Some(expectation)),
            phrase::time(at)
        ),
        (Some(expectation), None) => format!(
            "{stands} Its window is over, and {} of {} could not be measured: somebody has to look.{back}",
            remedy::measure(&expectation.measure),
            phrase::service(&expectation.service)
        ),
        (None, _) => format!("{stands} There is nothing to measure: somebody has to look.{back}"),
    }
}

fn verified(state: &PlanState) -> String {
    let (_, word) = title(state.status());
    state.worked().map(|worked| format!("*{word}*: {}", verdict(state.plan(), worked))).unwrap_or_default()
}

/// What its measure did, and what follows from that.
fn verdict(plan: &Plan, worked: Worked) -> String {
    let went = |before: f64, after: f64| match &plan.expectation {
        Some(expectation) => format!(
            "{} went from {}",
            phrase::service(&expectation.service),
            remedy::moved(before, after, &expectation.measure)
        ),
        None => format!("what was measured went from {} to {}", phrase::number(before), phrase::number(after)),
    };
    let meant = match plan.expectation.as_ref().map(|expectation| expectation.direction) {
        Some(Direction::Falls) => ", and that was meant to fall",
        Some(Direction::Rises) => ", and that was meant to rise",
        None => "",
    };
    match worked {
        Worked::Keep { before, after } => format!("it worked, {}.", went(before, after)),
        Worked::Revert { before, after } => {
            let next = if plan.reversible { "Press *Undo* to take it back." } else { "It cannot be undone." };
            format!("it did not help, {}{meant}. {next}", went(before, after))
        }
        Worked::Unclear => {
            let next = if plan.reversible { " Keep it, or press *Undo*." } else { "" };
            format!("whether it worked could not be measured, so somebody has to look.{next}")
        }
    }
}

/// When it was begun to take it back.
fn undo_began(state: &PlanState) -> Timestamp {
    let began = last(state, |fact| if let PlanFact::UndoStarted { .. } = fact { Some(()) } else { None });
    began.map_or(since(state), |(at, ())| at)
}

fn undoing(state: &PlanState) -> String {
    let at = phrase::time(undo_began(state));
    match state.undo() {
        Some(UndoneBy::Person(by)) => format!("{} is having it taken back since {at}.", phrase::person(by)),
        Some(UndoneBy::Time) => format!("Its time is over, so it takes itself back since {at}."),
        None => format!("It is being taken back since {at}."),
    }
}

fn undone(state: &PlanState) -> String {
    let at = phrase::time(since(state));
    match state.undo() {
        Some(UndoneBy::Person(by)) => {
            format!("{} had it taken back; at {at} everything was as before.", phrase::person(by))
        }
        Some(UndoneBy::Time) => {
            format!("Its time was over, and it took itself back; at {at} everything was as before.")
        }
        None => format!("It was taken back; at {at} everything was as before."),
    }
}

fn failed(state: &PlanState) -> String {
    let because = last(state, |fact| if let PlanFact::Failed { because, .. } = fact { Some(because) } else { None });
    let because = because.map(|(at, because)| format!(" at {}: {}", phrase::time(at), reasoned(because)));
    let next = failure(state.plan(), state.status() == PlanStatus::PartlyFailed);
    format!("It did not work{}. {next}", because.unwrap_or_default())
}

/// What a failure leaves behind, and what to do next.
fn failure(plan: &Plan, partly: bool) -> &'static str {
    match (partly, plan.reversible) {
        (false, _) => "Nothing was changed; ask what else can be done.",
        (true, true) => "Part of it may be in force: press *Undo* to restore what can be restored.",
        (true, false) => "Part of it may be in force, and it cannot be undone: look at its target.",
    }
}

fn undo_failed(state: &PlanState) -> String {
    let because = last(state, |fact| if let PlanFact::UndoFailed { because } = fact { Some(because) } else { None });
    let because = because.map(|(at, because)| format!(" at {}: {}", phrase::time(at), reasoned(because)));
    let by = match state.undo() {
        Some(UndoneBy::Person(by)) => format!("{} wanted it taken back, and that", phrase::person(by)),
        Some(UndoneBy::Time) => "Its time was over, and taking it back".to_owned(),
        None => "Taking it back".to_owned(),
    };
    format!("{by} did not work{}. {}", because.unwrap_or_default(), stuck(state.plan()))
}

/// What to do where a plan could not be taken back.
fn stuck(plan: &Plan) -> String {
    let before = remedy::differences(&plan.wants, &plan.saw.settings);
    let by_hand = if before.is_empty() { String::new() } else { format!(":\n{}", before.join("\n")) };
    format!(
        "It may still be in force. Press *Undo* to try again, or restore {} by hand{by_hand}",
        remedy::target(&plan.target)
    )
}

fn left_alone(state: &PlanState) -> String {
    let found = last(state, |fact| if let PlanFact::LeftAlone { found } = fact { Some(found) } else { None });
    let wanted = state.after().map_or(&state.plan().wants, |after| &after.settings);
    let what = found.map(|(_, found)| remedy::differences(wanted, &found.settings)).unwrap_or_default();
    format!(
        "At {} its time was over, but somebody else had changed {} meanwhile, so I did nothing.{}\
         Look whether it is as you want it.",
        phrase::time(since(state)),
        remedy::target(&state.plan().target),
        listed("As I left it → as I found it", &what)
    )
}

/// Differences between two sentences.
fn listed(title: &str, differences: &[String]) -> String {
    if differences.is_empty() { " ".to_owned() } else { format!(" {title}:\n{}\n", differences.join("\n")) }
}

/// How it ended without anything being changed.
fn ended(state: &PlanState) -> String {
    let at = phrase::time(since(state));
    let Some(told) = state.history().iter().rev().find(|told| ends(&told.fact)) else { return String::new() };
    match &told.fact {
        PlanFact::Rejected { by, reason } => {
            let reason = reason.as_deref().map(|reason| format!(": {}", quoted(reason))).unwrap_or_default();
            format!("{} rejected it at {at}{reason}. Ask what else can be done.", phrase::person(by))
        }
        PlanFact::Revoked { by } => {
            format!("{}, who had asked for it, revoked it at {at}. It can be proposed again.", phrase::person(by))
        }
        PlanFact::Superseded { by } => {
            format!(
                "At {at} the newer plan {} for the same target took its place. Decide about that one.",
                phrase::plan(by)
            )
        }
        PlanFact::Drifted { found } => format!("{} But {}", started(state), drifted(state.plan(), found)),
        PlanFact::Expired => format!(
            "Its time was over at {} before it was executed. That is no rejection: it can be proposed again.",
            phrase::time(state.plan().expires_at)
        ),
        PlanFact::Proposed { .. }
        | PlanFact::Approved { .. }
        | PlanFact::Withdrawn { .. }
        | PlanFact::Denied { .. }
        | PlanFact::Escalated
        | PlanFact::Started { .. }
        | PlanFact::Succeeded { .. }
        | PlanFact::Failed { .. }
        | PlanFact::Verified { .. }
        | PlanFact::UndoStarted { .. }
        | PlanFact::UndoFinished
        | PlanFact::UndoFailed { .. }
        | PlanFact::LeftAlone { .. } => String::new(),
    }
}

/// Whether a fact ends a plan without anything being changed. Who is denied something later changes nothing about that.
fn ends(fact: &PlanFact) -> bool {
    matches!(
        fact,
        PlanFact::Rejected { .. }
            | PlanFact::Revoked { .. }
            | PlanFact::Superseded { .. }
            | PlanFact::Drifted { .. }
            | PlanFact::Expired
    )
}

/// What was seen and what was found.
fn drifted(plan: &Plan, found: &Reading) -> String {
    let what = remedy::differences(&plan.saw.settings, &found.settings);
    let target = remedy::target(&plan.target);
    let what = match (what.as_slice(), &plan.saw.revision, &found.revision) {
        ([], Some(saw), Some(found)) if saw != found => {
            format!(" Seen → found:\n• its revision: {} → {}\n", remedy::name(saw), remedy::name(found))
        }
        (what, _, _) => listed("Seen → found", what),
    };
    format!("{target} was not any more as the plan had seen it, so I did nothing.{what}Ask again what can be done.")
}

fn reasoned(because: &str) -> String {
    words(crate::limits::cut(because, MAX_BECAUSE)).trim_end_matches('.').to_owned()
}

/// A turning point of a plan as a line in the thread; none where its message says enough. `escalated_to` are those who are
/// asked once nobody has answered, as mrkdwn that is ready to be shown.
pub fn line(plan: &Plan, fact: &PlanFact, escalated_to: Option<&str>) -> Option<String> {
    let sentence = format!("{} ({})", words(remedy::sentence(&plan.remedy, &plan.saw)), phrase::plan(&plan.id));
    let headed = |status: PlanStatus, said: &str| {
        let (sign, word) = title(status);
        Some(format!("{sign} *{word}* · {sentence}: {said}"))
    };
    match fact {
        PlanFact::Started { by, .. } => {
            headed(PlanStatus::Running, &format!("{} has it carried out now.", phrase::person(by)))
        }
        PlanFact::Succeeded { .. } => headed(PlanStatus::Applied, &watched(plan)),
        PlanFact::Failed { because, partly } => {
            let status = if *partly { PlanStatus::PartlyFailed } else { PlanStatus::Failed };
            headed(status, &format!("{}. {}", reasoned(because), failure(plan, *partly)))
        }
        PlanFact::Drifted { found } => headed(PlanStatus::Drifted, &drifted(plan, found)),
        PlanFact::Verified { worked } => {
            let status = match worked {
                Worked::Keep { .. } => PlanStatus::Kept,
                Worked::Revert { .. } => PlanStatus::Doubtful,
                Worked::Unclear => PlanStatus::Applied,
            };
            headed(status, &verdict(plan, *worked))
        }
        PlanFact::UndoFinished => headed(PlanStatus::Undone, "everything is as before."),
        PlanFact::UndoFailed { because } => {
            headed(PlanStatus::UndoFailed, &format!("{}. {}", reasoned(because), stuck(plan)))
        }
        PlanFact::LeftAlone { .. } => headed(
            PlanStatus::LeftAlone,
            "its time was over, but somebody else had changed its target meanwhile, so I did nothing.",
        ),
        PlanFact::Expired => headed(PlanStatus::Expired, "nobody executed it in time, so nothing was changed."),
        PlanFact::Escalated => {
            let whom = escalated_to.map(|whom| format!("{whom}: ")).unwrap_or_default();
            let expires_at = phrase::time(plan.expires_at);
            Some(format!(
                "⏰ {whom}half of its time went by without enough approvals · {sentence}: it expires at {expires_at}."
            ))
        }
        PlanFact::Rejected { by, reason } => {
            let reason = reason.as_deref().map(|reason| format!(": {}", quoted(reason))).unwrap_or_default();
            headed(PlanStatus::Rejected, &format!("by {}{reason}", phrase::person(by)))
        }
        PlanFact::Proposed { .. }
        | PlanFact::Approved { .. }
        | PlanFact::Withdrawn { .. }
        | PlanFact::Revoked { .. }
        | PlanFact::Denied { .. }
        | PlanFact::Superseded { .. }
        | PlanFact::UndoStarted { .. } => None,
    }
}

/// What comes after the effect.
fn watched(plan: &Plan) -> String {
    match &plan.expectation {
        Some(expectation) => format!("it is in force; I am watching whether {}.", remedy::success(Some(expectation))),
        None => "it is in force; there is nothing to measure.".to_owned(),
    }
}

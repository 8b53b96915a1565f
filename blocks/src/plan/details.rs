//! Everything about one plan, for one person: exactly what, what it rests on, and what happened to it.

use super::{people, title};
use crate::action::{Action, Deed};
use crate::limits::cut;
use crate::message::{Button, Message};
use crate::mrkdwn::escape;
use crate::phrase::{self, words};
use crate::remedy;
use serde_json::Value;
use tools::model::{Reading, Return, Worked};
use tools::recovery::plan::{Plan, PlanFact, PlanState, PlanStatus, Told, UndoneBy};

/// Facts told; of more the first and the last ones say the most.
const MAX_FACTS: usize = 40;

/// Settings told of one reading.
const MAX_SETTINGS: usize = 30;

/// Characters of a parameter.
const MAX_PARAMETER: usize = 800;

/// Characters of a name in the table of the forecast.
const NAME_WIDTH: usize = 32;

/// All about a plan, for who asked.
pub fn details(state: &PlanState) -> Message {
    let plan = state.plan();
    let heading = format!("{} · all of {}", plan.incident, phrase::short_id(&plan.id));
    let message = Message::new(&heading)
        .header(&heading)
        .section(&format!("*{}*", words(remedy::sentence(&plan.remedy, &plan.saw))))
        .lines("Exactly", &exactly(plan))
        .lines("What was seen", &reading(&plan.saw))
        .lines("What its target becomes", &settings(plan.wants.iter()))
        .lines("What it rests on", &rests_on(plan));
    let message = if plan.forecast.is_empty() { message } else { message.titled("Forecast", &table(&plan.forecast)) };
    let message = message.lines("What happened", &history(state.history()));
    message.buttons(&own(state)).context(&[stands(state)])
}

/// What only some may do, and has no place on the message of a plan.
fn own(state: &PlanState) -> Vec<Button> {
    let plan = state.plan();
    if state.status() != PlanStatus::Waiting || state.approvals().is_empty() {
        return Vec::new();
    }
    vec![Button::new(Action::Plan(Deed::Withdraw, plan.incident, plan.id.clone()), "Withdraw my approval")]
}

fn stands(state: &PlanState) -> String {
    let (sign, word) = title(state.status());
    format!("{sign} {word} · only you see this · nothing was changed by asking")
}

fn exactly(plan: &Plan) -> Vec<String> {
    let mut lines = vec![
        format!("• plan: {}", phrase::code(&plan.id.0)),
        format!("• remedy: {}", phrase::code(plan.remedy.spec().name)),
    ];
    lines.extend(parameters(plan));
    lines.push(format!("• target: {}", remedy::target(&plan.target)));
    lines.push(format!("• service: {} in {}", phrase::service(&plan.service), remedy::name(&plan.environment)));
    lines.push(format!("• {}", remedy::undo(&plan.remedy, plan.reversible, plan.undo_after_min)));
    lines.push(format!("• success: {}", remedy::success(plan.expectation.as_ref())));
    lines
}

/// The parameters of its remedy, as they are kept.
fn parameters(plan: &Plan) -> Vec<String> {
    let Ok(Value::Object(remedy)) = serde_json::to_value(&plan.remedy) else { return Vec::new() };
    let fields =
        remedy.into_iter().filter_map(|(_, inner)| if let Value::Object(fields) = inner { Some(fields) } else { None });
    let value = |value: Value| if let Value::String(text) = value { text } else { value.to_string() };
    let line = |(field, found): (String, Value)| {
        format!("• {}: {}", phrase::code(field), phrase::code(cut(&value(found), MAX_PARAMETER)))
    };
    fields.flatten().map(line).collect()
}

fn settings<'a>(settings: impl ExactSizeIterator<Item = (&'a String, &'a String)>) -> Vec<String> {
    let more = settings.len().saturating_sub(MAX_SETTINGS);
    let line = |(name, value): (&String, &String)| format!("• {}: {}", remedy::name(name), remedy::name(value));
    let mut lines: Vec<String> = settings.take(MAX_SETTINGS).map(line).collect();
    if more > 0 {
        lines.push(format!("• and {more} more"));
    }
    lines
}

fn reading(reading: &Reading) -> Vec<String> {
    let mut lines = settings(reading.settings.iter());
    lines.extend(reading.revision.as_ref().map(|revision| format!("• its revision: {}", remedy::name(revision))));
    if lines.is_empty() { vec!["• nothing was set".to_owned()] } else { lines }
}

fn rests_on(plan: &Plan) -> Vec<String> {
    let ids: Vec<String> = plan.evidence.iter().take(50).map(ToString::to_string).collect();
    let ids = if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
    let (asked, least) = (plan.approvals, plan.least_approvals());
    let needed = phrase::count(usize::from(least), "approval", "approvals");
    let needed = if asked == least {
        format!("• needs: {needed}, as the policies asked when it was made")
    } else {
        format!("• needs: {needed} for its risk; the policies asked for {asked} when it was made")
    };
    vec![
        format!("• evidence: {ids}"),
        format!("• risk: {}{}", remedy::risk(plan.risk), remedy::because(&plan.risk_reasons)),
        format!("• {}", remedy::cost(plan.cost)),
        needed,
        format!(
            "• asked for by {} at {}, expires at {}",
            phrase::person(&plan.requester),
            phrase::time(plan.proposed_at),
            phrase::time(plan.expires_at)
        ),
    ]
}

/// A row a service.
fn table(forecast: &[Return]) -> String {
    let name = |back: &Return| cut(&phrase::one_line(back.service.as_str()), NAME_WIDTH).replace('`', "'");
    let width = forecast.iter().map(|back| name(back).chars().count()).max().unwrap_or(0).max("service".len());
    let row = |name: &str, after: &str, likely: &str| format!("{name:width$}  {after:>15}  {likely:>6}");
    let rows = forecast.iter().take(MAX_SETTINGS).map(|back| {
        let likely = phrase::confidence(back.probability);
        escape(&row(&name(back), &remedy::about(back.after_min), &likely))
    });
    let rows: Vec<String> = std::iter::once(row("service", "back after", "likely")).chain(rows).collect();
    format!("```\n{}\n```", rows.join("\n"))
}

fn history(told: &[Told]) -> Vec<String> {
    let mut lines: Vec<String> =
        told.iter().map(|told| format!("{}  {}", phrase::time(told.at), happened(&told.fact))).collect();
    if lines.len() > MAX_FACTS {
        let left_out = lines.len() - MAX_FACTS;
        lines.splice(MAX_FACTS / 2..MAX_FACTS / 2 + left_out, [format!("… {left_out} more …")]);
    }
    lines
}

/// A fact of a plan, as a clause.
fn happened(fact: &PlanFact) -> String {
    let reasoned = |reason: &Option<String>| {
        reason.as_deref().map(|reason| format!(": “{}”", words(cut(reason, MAX_PARAMETER)))).unwrap_or_default()
    };
    match fact {
        PlanFact::Proposed { plan } => format!("{} asked for it", phrase::person(&plan.requester)),
        PlanFact::Approved { by, reason } => format!("{} approved it{}", phrase::person(by), reasoned(reason)),
        PlanFact::Withdrawn { by } => format!("{} withdrew their approval", phrase::person(by)),
        PlanFact::Rejected { by, reason } => format!("{} rejected it{}", phrase::person(by), reasoned(reason)),
        PlanFact::Revoked { by } => format!("{} revoked it", phrase::person(by)),
        PlanFact::Denied { by, act, because } => format!(
            "{} wanted to {} it and may not: {}",
            phrase::person(by),
            words(cut(act, 40)),
            words(cut(because, MAX_PARAMETER))
        ),
        PlanFact::Escalated => "nobody had answered, so more people were asked".to_owned(),
        PlanFact::Expired => "its time was over".to_owned(),
        PlanFact::Superseded { by } => format!("the newer plan {} took its place", phrase::plan(by)),
        PlanFact::Drifted { found } => format!("its target was not as seen, so nothing was changed{}", shown(found)),
        PlanFact::Started { by, approved_by, needed } => {
            let agreed = match approved_by.as_slice() {
                [] => "it needed no approval".to_owned(),
                by => format!("approved by {} ({needed} needed)", people(by)),
            };
            format!("{} had it carried out; {agreed}", phrase::person(by))
        }
        PlanFact::Succeeded { after } => format!("the effect was there{}", shown(after)),
        PlanFact::Failed { because, partly } => {
            let partly = if *partly { ", perhaps in part" } else { "" };
            format!("it did not work{partly}: {}", words(cut(because, MAX_PARAMETER)))
        }
        PlanFact::Verified { worked: Worked::Keep { .. } } => "it was looked at: KEEP".to_owned(),
        PlanFact::Verified { worked: Worked::Revert { .. } } => "it was looked at: REVERT".to_owned(),
        PlanFact::Verified { worked: Worked::Unclear } => "it was looked at, and could not be measured".to_owned(),
        PlanFact::UndoStarted { by: UndoneBy::Person(by) } => format!("{} had it taken back", phrase::person(by)),
        PlanFact::UndoStarted { by: UndoneBy::Time } => {
            "its time was over, and it began to take itself back".to_owned()
        }
        PlanFact::UndoFinished => "what was seen was restored".to_owned(),
        PlanFact::UndoFailed { because } => {
            format!("it could not be taken back: {}", words(cut(because, MAX_PARAMETER)))
        }
        PlanFact::LeftAlone { found } => {
            format!("somebody else had changed its target, so it was left alone{}", shown(found))
        }
    }
}

/// What was found, after a clause about it.
fn shown(reading: &Reading) -> String {
    let pair = |(name, value): (&String, &String)| format!("{} = {}", remedy::name(name), remedy::name(value));
    let mut pairs: Vec<String> = reading.settings.iter().take(4).map(pair).collect();
    if reading.settings.len() > 4 {
        pairs.push(format!("{} more", reading.settings.len() - 4));
    }
    if pairs.is_empty() { String::new() } else { format!(" ({})", pairs.join(", ")) }
}

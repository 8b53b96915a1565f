//! A plan in plain words: what it states of itself, one statement an id, and whether a sentence says no more than that.
//!
//! Nothing on a plan may be read for more than it says, since people approve by it. So a sentence may leave out words and tie
//! statements together, and nothing else: each of its words stands in a statement that it cites, in the same order; every number,
//! name, negation, hedge and degree of what it cites comes along.

mod check;
mod examples;

pub use check::holds;
pub use examples::examples;

use super::tell::clock;
use crate::model::{Cost, Direction, EvidenceId, Measure, RiskReason};
use crate::recovery::plan::Plan;
use crate::recovery::remedy::own;
use std::collections::BTreeSet;

/// Settings and services that are stated each; the rest is on the plan's message.
const MOST: usize = 4;

/// One thing that a plan states of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// By which it is cited; it counts from 1 and is the plan's own.
    pub id: EvidenceId,
    /// A sentence. Names stand in backticks.
    pub text: String,
    /// Whether it is said as a whole or not at all: free text means what it means only so.
    pub whole: bool,
}

/// Everything that a plan states of itself, what it does first.
pub fn statements(plan: &Plan) -> Vec<Statement> {
    let mut stated: Vec<(String, bool)> = Vec::new();
    let service = code(plan.service.as_str());
    let does = plan.remedy.entry().sentence(&plan.saw);
    let does = does.rsplit_once(" (").filter(|(_, now)| now.ends_with(" now)")).map_or(does.as_str(), |(does, _)| does);
    stated.push((format!("For {service}: {}.", lower(&one_line(does))), true));
    let (from, to) = (own(&plan.saw.settings), own(&plan.wants));
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    for name in names.into_iter().filter(|name| from.get(*name) != to.get(*name)).take(MOST) {
        let text = match (from.get(name), to.get(name)) {
            (Some(from), Some(to)) => format!("{} goes from {} to {}.", code(name), code(from), code(to)),
            (None, Some(to)) => format!("{} is not set now, and becomes {}.", code(name), code(to)),
            (Some(from), None) => format!("{} is {} now, and is not set afterwards.", code(name), code(from)),
            (None, None) => continue,
        };
        stated.push((text, true));
    }
    stated.push((format!("Its risk is {}.", plan.risk.word()), false));
    stated.extend(
        plan.risk_reasons.iter().map(|reason| (format!("Its risk comes from this: {}.", because(reason)), true)),
    );
    stated.push((cost(plan.cost), false));
    for sentence in plan.remedy.spec().side_effects.split_inclusive(". ") {
        stated.push((format!("It comes with this: {}", lower(sentence.trim())), true));
    }
    stated.push((undo(plan), false));
    match &plan.expectation {
        Some(expectation) => {
            let is_many = matches!(expectation.measure, Measure::Requests | Measure::Faults);
            let way = match (expectation.direction, is_many) {
                (Direction::Falls, true) => "go down",
                (Direction::Falls, false) => "goes down",
                (Direction::Rises, true) => "go up",
                (Direction::Rises, false) => "goes up",
            };
            let (measure, of) = (measure(&expectation.measure), code(expectation.service.as_str()));
            let within = expectation.within_min;
            stated.push((format!("It counts as a success if {measure} of {of} {way} within {within} min."), true));
        }
        None => stated.push(("Nothing measures whether it is a success, so somebody has to look.".to_owned(), true)),
    }
    for back in plan.forecast.iter().take(MOST) {
        let after = if back.after_min < 1.0 { 1.0 } else { back.after_min.round() };
        let likely = (100.0 * back.probability).round();
        let service = code(back.service.as_str());
        stated.push((format!("{service} is expected to recover within {after} min, {likely} % likely."), true));
    }
    match plan.least_approvals() {
        0 => stated.push(("It needs no approval.".to_owned(), false)),
        1 => stated.push(("It needs 1 approval, not from who asked.".to_owned(), true)),
        many => stated.push((format!("It needs {many} approvals from different people, not from who asked."), true)),
    }
    stated.push((format!("It expires at {}.", clock(plan.expires_at)), false));
    let numbered = (1..).zip(stated);
    numbered.map(|(number, (text, whole))| Statement { id: EvidenceId(number), text, whole }).collect()
}

fn because(reason: &RiskReason) -> String {
    match reason {
        RiskReason::Remedy(because) => one_line(because),
        RiskReason::Reach { services } => format!("healthy services that depend on it number {services}"),
        RiskReason::Irreversible => "it cannot be taken back".to_owned(),
        RiskReason::Cost => "it costs more than the configured limit".to_owned(),
        RiskReason::FailedBefore { times } => format!("the same remedy failed there before, times: {times}"),
        RiskReason::Unread => "what its target is could be read only in part".to_owned(),
    }
}

fn cost(cost: Cost) -> String {
    let dollars = |cents: u64| format!("${}.{:02} a month", cents / 100, cents % 100);
    match cost {
        Cost::Nothing => "It costs nothing worth stating.".to_owned(),
        Cost::CentsPerMonth(cents @ ..0) => format!("It saves {}.", dollars(cents.unsigned_abs())),
        Cost::CentsPerMonth(cents) => format!("It costs {}.", dollars(cents.unsigned_abs())),
        Cost::Unknown => "What it costs is not known.".to_owned(),
    }
}

fn undo(plan: &Plan) -> String {
    match (plan.reversible, plan.undo_after_min) {
        (false, _) => "It cannot be undone.".to_owned(),
        (true, Some(minutes)) => format!("It undoes itself after {minutes} min."),
        (true, None) => "It can be undone.".to_owned(),
    }
}

fn measure(measure: &Measure) -> String {
    match measure {
        Measure::Requests => "requests".to_owned(),
        Measure::Faults => "faults".to_owned(),
        Measure::Availability => "availability".to_owned(),
        Measure::Latency => "latency".to_owned(),
        Measure::Other(name) => code(name),
    }
}

/// A name as it stands in a sentence.
fn code(name: &str) -> String {
    format!("`{}`", one_line(name).replace('`', "'"))
}

/// Others wrote some of it: one line, and nothing that would end it early.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// With a small first letter, unless it begins with a name.
fn lower(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_lowercase().chain(rest).collect()).unwrap_or_default()
}

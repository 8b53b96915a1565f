//! What proposals and plans have in common, in words: risk, cost, what changes, how it is taken back, what counts as success, and
//! who recovers.

use crate::limits::cut;
use crate::phrase::{self, code, words};
use std::collections::{BTreeMap, BTreeSet};
use tools::model::{Cost, Direction, Evidence, EvidenceId, Expectation, Measure, Reading, Return, Risk, RiskReason};
use tools::recovery::Unsaid;
use tools::recovery::remedy::{Remedy, Target, own};

/// Characters of a name or a setting; a longer one is cut.
const MAX_NAME: usize = 120;

/// Services told of a forecast; the rest is counted.
const MAX_RETURNS: usize = 4;

/// Changed settings told at once; the rest is counted.
const MAX_SETTINGS: usize = 12;

/// A name or a setting as somebody else wrote it.
pub(crate) fn name(text: &str) -> String {
    code(cut(text, MAX_NAME))
}

/// What a remedy acts on.
pub(crate) fn target(target: &Target) -> String {
    format!("{} ({})", name(&target.name), words(cut(&target.kind, MAX_NAME)))
}

/// What a remedy does where this was read, in plain text: `Set reserved concurrency of x to 20`.
pub(crate) fn sentence(remedy: &Remedy, saw: &Reading) -> String {
    phrase::one_line(&cut(&remedy.entry().sentence(saw), 300))
}

/// A risk: its sign and its word, never the sign alone.
pub(crate) fn risk(risk: Risk) -> String {
    format!("{} *{}*", sign(risk), risk.word())
}

/// The sign of a risk.
pub(crate) fn sign(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "🟢",
        Risk::Medium => "🟡",
        Risk::High => "🔴",
    }
}

/// Why a risk is what it is, as the end of a sentence; nothing where nothing says so.
pub(crate) fn because(reasons: &[RiskReason]) -> String {
    let told: Vec<String> = reasons.iter().map(reason).collect();
    if told.is_empty() { String::new() } else { format!(": {}", told.join("; ")) }
}

fn reason(reason: &RiskReason) -> String {
    match reason {
        RiskReason::Remedy(because) => words(cut(because, 300)),
        RiskReason::Reach { services } => {
            format!("{} on it", phrase::count(*services, "healthy service depends", "healthy services depend"))
        }
        RiskReason::Irreversible => "it cannot be taken back".to_owned(),
        RiskReason::Cost => "it costs more than the configured limit".to_owned(),
        RiskReason::FailedBefore { times } => {
            format!("the same remedy failed there {} before", phrase::count(*times, "time", "times"))
        }
        RiskReason::Unread => "what its target is could be read only in part".to_owned(),
    }
}

/// What it adds to the bill, as a line of its own.
pub(crate) fn cost(cost: Cost) -> String {
    let dollars = |cents: u64| {
        let (dollars, cents) = (cents / 100, cents % 100);
        format!("${dollars}.{cents:02} a month while it is in force")
    };
    match cost {
        Cost::Nothing => "*Costs* nothing worth stating".to_owned(),
        Cost::CentsPerMonth(cents @ ..0) => format!("*Saves* {}", dollars(cents.unsigned_abs())),
        Cost::CentsPerMonth(cents) => format!("*Costs* {}", dollars(cents.unsigned_abs())),
        Cost::Unknown => "*Cost unknown:* no price is configured".to_owned(),
    }
}

/// What it adds to the bill, as a few words; nothing where that is nothing.
pub(crate) fn price(cost: Cost) -> Option<String> {
    let dollars = |cents: u64| format!("${}.{:02} a month", cents / 100, cents % 100);
    match cost {
        Cost::Nothing => None,
        Cost::CentsPerMonth(cents @ ..0) => Some(format!("saves {}", dollars(cents.unsigned_abs()))),
        Cost::CentsPerMonth(cents) => Some(format!("costs {}", dollars(cents.unsigned_abs()))),
        Cost::Unknown => Some("cost unknown".to_owned()),
    }
}

/// Whether it can be taken back, as a few words.
pub(crate) fn reversal(reversible: bool, after_min: Option<u32>) -> String {
    match (reversible, after_min) {
        (false, _) => "*cannot be undone*".to_owned(),
        (true, Some(minutes)) => format!("undoes itself after {minutes} min"),
        (true, None) => "can be undone".to_owned(),
    }
}

/// How it is taken back, as a line of its own.
pub(crate) fn undo(remedy: &Remedy, reversible: bool, after_min: Option<u32>) -> String {
    match (reversible, after_min) {
        (false, _) => "*Cannot be undone*".to_owned(),
        (true, Some(minutes)) => format!("*Undoes itself* after {minutes} min, and can be undone before"),
        (true, None) => format!("*Can be undone:* {}", remedy.spec().inverse),
    }
}

/// What counts as success.
pub(crate) fn success(expectation: Option<&Expectation>) -> String {
    match expectation {
        Some(expectation) => format!(
            "{} of {} {} within {} min",
            measure(&expectation.measure),
            phrase::service(&expectation.service),
            direction(expectation),
            expectation.within_min
        ),
        None => "there is nothing to measure: somebody has to look".to_owned(),
    }
}

/// What a measure counts.
pub(crate) fn measure(measure: &Measure) -> String {
    match measure {
        Measure::Requests | Measure::Faults | Measure::Availability | Measure::Latency => measure.to_string(),
        Measure::Other(other) => name(other),
    }
}

/// `fall` for what is many, `falls` for what is one.
fn direction(expectation: &Expectation) -> &'static str {
    let is_many = match &expectation.measure {
        Measure::Requests | Measure::Faults => true,
        Measure::Availability | Measure::Latency | Measure::Other(_) => false,
    };
    match (expectation.direction, is_many) {
        (Direction::Falls, true) => "fall",
        (Direction::Falls, false) => "falls",
        (Direction::Rises, true) => "rise",
        (Direction::Rises, false) => "rises",
    }
}

/// From one value of a measure to another, the unit told once where it is the same: `412 to 3 failed requests a minute`.
pub(crate) fn moved(before: f64, after: f64, measure: &Measure) -> String {
    let from = match measure {
        Measure::Latency => phrase::quantity(before, measure),
        Measure::Requests | Measure::Faults | Measure::Availability | Measure::Other(_) => phrase::number(before),
    };
    let to = match measure {
        Measure::Other(other) => format!("{} {}", phrase::number(after), name(other)),
        Measure::Requests | Measure::Faults | Measure::Availability | Measure::Latency => {
            phrase::quantity(after, measure)
        }
    };
    format!("{from} to {to}")
}

/// Who is expected back when; nothing where nobody is.
pub(crate) fn returns(returns: &[Return]) -> String {
    let mut told: Vec<String> = returns.iter().take(MAX_RETURNS).map(back).collect();
    if returns.len() > MAX_RETURNS {
        told.push(format!("and {} more", returns.len() - MAX_RETURNS));
    }
    told.join(", ")
}

fn back(back: &Return) -> String {
    let likely = phrase::confidence(back.probability);
    format!("{} back in {} ({likely})", phrase::service(&back.service), about(back.after_min))
}

/// `~4 min`.
pub(crate) fn about(minutes: f64) -> String {
    if minutes < 1.0 { "less than 1 min".to_owned() } else { format!("~{} min", phrase::number(minutes.round())) }
}

/// Why nobody is said to return, as a sentence without a full stop.
pub(crate) fn unsaid(because: &Unsaid) -> String {
    match because {
        Unsaid::NothingIsDone => "nobody is said to recover: nothing is done".to_owned(),
        Unsaid::OnlySeen => "nobody recovers by it: it changes what is seen or who is told, not what runs".to_owned(),
        Unsaid::UpToRunbook => "I cannot say: that is up to what your team wrote".to_owned(),
        Unsaid::BringsLoad => "nobody is said to recover: it brings load rather than takes it away".to_owned(),
        Unsaid::CutsNothing => {
            "nobody is said to recover: it cuts no call over which the trouble is known to go".to_owned()
        }
        Unsaid::NoTopology => "I cannot say: without a topology nobody knows who waits for whom".to_owned(),
        Unsaid::DoesNotSuffer => "nobody is said to recover: the service does not suffer".to_owned(),
        Unsaid::StillWaits { callee } => {
            format!(
                "nobody is said to recover: it still waits for {}, which goes on suffering",
                phrase::service(callee)
            )
        }
    }
}

/// The settings that differ, a line each: `• Executions: 100 → 20`.
pub(crate) fn differences(from: &BTreeMap<String, String>, to: &BTreeMap<String, String>) -> Vec<String> {
    let (from, to) = (own(from), own(to));
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let differing: Vec<&String> = names.into_iter().filter(|name| from.get(*name) != to.get(*name)).collect();
    let value = |value: Option<&String>| value.map_or_else(|| "not set".to_owned(), |value| name(value));
    let line =
        |setting: &&String| format!("• {}: {} → {}", name(setting), value(from.get(*setting)), value(to.get(*setting)));
    let mut lines: Vec<String> = differing.iter().take(MAX_SETTINGS).map(line).collect();
    if differing.len() > MAX_SETTINGS {
        lines.push(format!("• and {} more", differing.len() - MAX_SETTINGS));
    }
    lines
}

/// Those of `all` that are cited, each once: the first `limit` as they are cited, by ascending id.
pub(crate) fn claims<'a>(
    cited: impl Iterator<Item = EvidenceId>,
    all: impl Iterator<Item = &'a Evidence>,
    limit: usize,
) -> Vec<String> {
    let mut known: BTreeMap<EvidenceId, &Evidence> = BTreeMap::new();
    for evidence in all {
        known.entry(evidence.id).or_insert(evidence);
    }
    let mut shown: BTreeMap<EvidenceId, &Evidence> = BTreeMap::new();
    for id in cited {
        if let Some(evidence) = known.get(&id).filter(|_| shown.len() < limit) {
            shown.insert(id, evidence);
        }
    }
    shown.values().map(|evidence| phrase::evidence(evidence)).collect()
}

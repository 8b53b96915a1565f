//! The narrator by rules: what happened, where it went, what comes next and what to do, in two to six sentences.

use super::{MOST_SENTENCES, Sentence};
use crate::model::{Cause, Claim, EvidenceId, Measure, NextStep, Outlook, ServiceId, Unit, Verdict};
use crate::recovery::plan::Plan;
use jiff::Timestamp;

/// Services named in one sentence.
const MOST_NAMED: usize = 3;

/// The story of a verdict, the most important first. The outlook may add who is hit next, and the plans what could be done.
/// Nothing is told that the checker would not keep; a verdict without evidence has no story.
pub fn narrate(verdict: &Verdict, outlook: Option<&Outlook>, plans: &[Plan]) -> Vec<Sentence> {
    let teller = Teller { verdict, outlook, plans };
    let mut story = Vec::new();
    match verdict.cause() {
        Some(cause) => {
            story.push(teller.blame(cause));
            story.extend(teller.spread(cause));
            story.extend(teller.guilty());
            story.extend(teller.limit(&cause.service));
        }
        None => story.extend(teller.no_cause()),
    }
    story.extend(teller.next());
    story.extend(teller.step());
    story.retain(|sentence| !sentence.evidence.is_empty());
    story.truncate(MOST_SENTENCES);
    story
}

struct Teller<'a> {
    verdict: &'a Verdict,
    outlook: Option<&'a Outlook>,
    plans: &'a [Plan],
}

impl Teller<'_> {
    /// Who is the cause, how sure that is, and what shows it.
    fn blame(&self, cause: &Cause) -> Sentence {
        let name = code(&cause.service);
        let sure = number((100.0 * cause.confidence.min(0.99)).round());
        let mut text = format!("{name} is the cause, with {sure} % confidence");
        if let Some((_, figure)) = self.excess(&cause.service, &cause.evidence) {
            text = format!("{text}: {figure}");
        }
        text.push('.');
        Sentence::new(text, cause.evidence.iter().copied())
    }

    /// When it began, and whom it reached.
    fn spread(&self, cause: &Cause) -> Option<Sentence> {
        let (began, at) = self.onset(&cause.service, &cause.evidence)?;
        let mut ids = vec![began];
        let mut text = format!("{} left its normal range at {}", code(&cause.service), clock(at));
        let reached: Vec<(&ServiceId, EvidenceId)> = self
            .verdict
            .path
            .iter()
            .filter(|service| **service != cause.service)
            .filter_map(|service| Some((service, self.shown(service)?)))
            .collect();
        if !reached.is_empty() {
            let names: Vec<String> = nearest(&reached).iter().map(|(service, _)| code(service)).collect();
            text = format!("{text} and dragged down {}", list(&names));
            ids.extend(nearest(&reached).iter().map(|(_, id)| *id));
        }
        text.push('.');
        Some(Sentence::new(text, ids))
    }

    /// The change that is guilty; or that none is, where there were some to suspect.
    fn guilty(&self) -> Option<Sentence> {
        let Some(guilty) = self.verdict.guilty else {
            let seen: Vec<EvidenceId> =
                self.verdict.changes.iter().map(|suspect| suspect.evidence).take(MOST_NAMED).collect();
            return Some(Sentence::new("No change near the onset is to blame.", seen));
        };
        let change = self.verdict.change(guilty)?;
        let text = format!("A change of {} at {} is to blame.", code(&change.service), clock(change.at));
        Some(Sentence::new(text, [guilty]))
    }

    /// The limit that the cause has met, by its first figure.
    fn limit(&self, cause: &ServiceId) -> Option<Sentence> {
        let bottleneck = self.verdict.bottlenecks.iter().find(|bottleneck| bottleneck.service == *cause)?;
        let figures = bottleneck.evidence.iter().filter_map(|id| Some((*id, &self.verdict.claim(*id)?.claim)));
        figures.into_iter().find_map(|(id, claim)| match claim {
            Claim::Figure { service, name, value, unit, usual } if service == cause && is_sayable(name) => {
                let usual = usual.filter(|usual| differs(*value, *usual));
                let usual = usual.map(|usual| format!(", where {} is usual", figure(usual, *unit)));
                let text =
                    format!("{} shows {name}: {}{}.", code(service), figure(*value, *unit), usual.unwrap_or_default());
                Some(Sentence::new(text, [id]))
            }
            Claim::Alarm { .. }
            | Claim::Excess { .. }
            | Claim::Onset { .. }
            | Claim::Calls { .. }
            | Claim::Figure { .. }
            | Claim::Logged { .. }
            | Claim::Changed { .. } => None,
        })
    }

    /// That nothing is blamed, and what is seen all the same.
    fn no_cause(&self) -> Vec<Sentence> {
        let mut story = Vec::new();
        let seen: Vec<(&ServiceId, EvidenceId)> = self
            .verdict
            .affected
            .iter()
            .filter_map(|affected| Some((&affected.service, self.shown(&affected.service)?)))
            .collect();
        let shown: Vec<EvidenceId> = seen.iter().map(|(_, id)| *id).take(MOST_NAMED).collect();
        let shown = if shown.is_empty() { self.verdict.evidence.iter().map(|e| e.id).take(1).collect() } else { shown };
        match self.verdict.guilty {
            Some(_) => story.extend(self.guilty()),
            None => story.push(Sentence::new("No cause was found.", shown)),
        }
        let first = self.verdict.affected.first();
        if let Some((id, text)) = first.and_then(|first| self.excess(&first.service, &first.evidence)) {
            let name = first.map(|first| code(&first.service)).unwrap_or_default();
            story.push(Sentence::new(format!("{name} is affected: {text}."), [id]));
        } else if !seen.is_empty() {
            let names: Vec<String> = nearest(&seen).iter().map(|(service, _)| code(service)).collect();
            let verb = if names.len() == 1 { "is" } else { "are" };
            let text = format!("{} {verb} affected.", list(&names));
            story.push(Sentence::new(text, nearest(&seen).iter().map(|(_, id)| *id)));
        }
        story
    }

    /// Who is hit next, and through whom.
    fn next(&self) -> Option<Sentence> {
        if let Some(next) = self.verdict.expected.first() {
            let when = next.in_minutes.filter(|minutes| *minutes >= 1.0);
            let when = when.map(|minutes| format!(" in about {} min", number(minutes.round()))).unwrap_or_default();
            let text =
                format!("{} may be hit next{when}, because it calls {}.", code(&next.service), code(&next.through));
            return Some(Sentence::new(text, next.evidence.iter().copied()));
        }
        let next = self.outlook?.predictions.first()?;
        let text = format!("{} may be hit next through {}.", code(&next.service), code(&next.through));
        Some(Sentence::new(text, next.evidence.iter().copied()))
    }

    /// What to do first.
    fn step(&self) -> Option<Sentence> {
        if let Some(plan) = self.plans.iter().find(|plan| !plan.evidence.is_empty()) {
            let text = format!("A plan for {} is ready: “{}”.", code(&plan.service), plan.remedy.spec().title);
            return Some(Sentence::new(text, plan.evidence.iter().copied()));
        }
        self.verdict.next_steps.iter().find_map(|step| match step {
            NextStep::ReviewChange { change, evidence } => {
                let text = format!("Review the change of {} at {}.", code(&change.service), clock(change.at));
                Some(Sentence::new(text, [*evidence]))
            }
            NextStep::Inspect { service, .. } => {
                let id = self.shown(service)?;
                Some(Sentence::new(format!("Look at {} first.", code(service)), [id]))
            }
            NextStep::Warn { .. } | NextStep::Watch => None,
        })
    }

    /// What a service shows more of than usual, as a clause without it.
    fn excess(&self, wanted: &ServiceId, ids: &[EvidenceId]) -> Option<(EvidenceId, String)> {
        ids.iter().find_map(|id| match &self.verdict.claim(*id)?.claim {
            Claim::Excess { service, measure, observed, expected, .. }
                if service == wanted && differs(*observed, *expected) =>
            {
                told(measure, *observed, *expected).map(|text| (*id, text))
            }
            Claim::Excess { .. }
            | Claim::Alarm { .. }
            | Claim::Onset { .. }
            | Claim::Calls { .. }
            | Claim::Figure { .. }
            | Claim::Logged { .. }
            | Claim::Changed { .. } => None,
        })
    }

    fn onset(&self, wanted: &ServiceId, ids: &[EvidenceId]) -> Option<(EvidenceId, Timestamp)> {
        let claims = ids.iter().filter_map(|id| Some((*id, &self.verdict.claim(*id)?.claim)));
        claims.into_iter().find_map(|(id, claim)| match claim {
            Claim::Onset { service, at } if service == wanted => Some((id, *at)),
            Claim::Onset { .. }
            | Claim::Excess { .. }
            | Claim::Alarm { .. }
            | Claim::Calls { .. }
            | Claim::Figure { .. }
            | Claim::Logged { .. }
            | Claim::Changed { .. } => None,
        })
    }

    /// The first evidence of the trouble of an affected service.
    fn shown(&self, wanted: &ServiceId) -> Option<EvidenceId> {
        let of_cause =
            self.verdict.cause().filter(|cause| cause.service == *wanted).map(|cause| cause.evidence.as_slice());
        let of_affected = self.verdict.affected.iter().find(|affected| affected.service == *wanted);
        let ids = of_affected.map(|affected| affected.evidence.as_slice()).or(of_cause)?;
        ids.iter().copied().find(|id| {
            self.verdict.claim(*id).is_some_and(|evidence| match &evidence.claim {
                Claim::Excess { service, observed, expected, .. } => service == wanted && differs(*observed, *expected),
                Claim::Onset { service, .. } | Claim::Logged { service, .. } => service == wanted,
                Claim::Alarm { service, state, .. } => {
                    service.as_ref() == Some(wanted) && *state == crate::model::AlarmState::Alarm
                }
                Claim::Calls { .. } | Claim::Figure { .. } | Claim::Changed { .. } => false,
            })
        })
    }
}

/// The services nearest to the cause, with their evidence.
fn nearest<T>(reached: &[T]) -> &[T] {
    &reached[..reached.len().min(MOST_NAMED)]
}

/// Whether two figures can be told apart as they are shown.
fn differs(one: f64, other: f64) -> bool {
    (one - other).abs() > 0.05 * other.abs() && number(one) != number(other)
}

/// Whether the name of a figure reads as words.
pub(super) fn is_sayable(name: &str) -> bool {
    name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-'))
}

/// What is seen of a measure and what is usual, as a clause.
fn told(measure: &Measure, observed: f64, expected: f64) -> Option<String> {
    Some(match measure {
        Measure::Faults => format!("{} requests a minute fail, where {} is usual", number(observed), number(expected)),
        Measure::Availability => {
            let (failing, usual) = (number(100.0 - observed), number(100.0 - expected));
            format!("{failing} % of its requests fail, where {usual} % is usual")
        }
        Measure::Latency => format!("requests take {}, where {} is usual", seconds(observed), seconds(expected)),
        Measure::Requests => {
            format!("it gets {} requests a minute, where {} is usual", number(observed), number(expected))
        }
        Measure::Other(_) => return None,
    })
}

pub(super) fn figure(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count => number(value),
        Unit::PerMinute => format!("{} a minute", number(value)),
        Unit::Percent => format!("{} %", number(value)),
        Unit::Milliseconds => seconds(value / 1000.0),
        Unit::Seconds => seconds(value),
        Unit::Times => format!("{} times as many as usual", number(value)),
    }
}

/// A time that requests take.
pub(super) fn seconds(value: f64) -> String {
    if value < 1.0 { format!("{} ms", number(value * 1000.0)) } else { format!("{} s", number(value)) }
}

/// Three significant digits and separated thousands.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 1000.0 {
        let digits = format!("{value:.0}");
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        return grouped;
    }
    let places = match size {
        100.0.. => 0,
        10.0..100.0 => 1,
        1.0..10.0 => 2,
        // Small ones keep two digits that say something.
        _ => 3,
    };
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A time of day, to the minute.
pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M UTC").to_string()
}

/// A name in code font.
pub(super) fn code(service: &ServiceId) -> String {
    format!("`{}`", service.as_str().replace('`', "'"))
}

/// `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

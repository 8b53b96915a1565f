//! The card: the one message of an incident, edited in place. Calm, complete, and each claim with its evidence.

use crate::action::{Action, Topic};
use crate::alarm::context_button;
use crate::message::Message;
use crate::mrkdwn::escape;
use crate::{ask, graph, isolate, people, phrase, plan, predict};
use jiff::SignedDuration;
use std::collections::HashSet;
use tools::model::{
    Answer, Bottleneck, Claim, Drawing, Gap, Incident, Measure, NextStep, Outlook, ServiceId, Symptom, Verdict,
};

/// Changes told on the card: the most suspicious one. Who asks for context gets more.
const CHANGES_ON_CARD: usize = 1;

/// Bottlenecks told on the card.
const BOTTLENECKS_ON_CARD: usize = 2;

/// Predictions told on the card: the next ones.
const PREDICTIONS_ON_CARD: usize = 3;

/// The card of an incident.
pub fn card(incident: &Incident) -> Message {
    let title = format!("{} · {}", incident.id, headline(incident));
    let mut message = Message::new(&format!("{title}. {}", notification(incident))).header(&title);
    message = message.context(&people::standing(incident).into_iter().collect::<Vec<_>>());
    message = match in_short(incident) {
        Some(told) => message.titled("In short", &told),
        None => message,
    };
    message = message.titled("What's going on", &going_on(incident));
    message = match &incident.verdict {
        None => doing(
            message.titled("What caused it", "I am reading metrics, topology and changes; this card will be edited."),
            incident,
        ),
        Some(verdict) => body(message, verdict, Ahead::of(incident), CHANGES_ON_CARD, BOTTLENECKS_ON_CARD),
    };
    let [context] = context_button(incident);
    let fix = (Action::Ask(Topic::Fix, incident.id), "What can I do");
    message.actions_and_menu(&[context, fix], &people::menu(incident)).context(&[footer(incident)])
}

/// What a model says of it, as far as that was found to hold.
fn in_short(incident: &Incident) -> Option<String> {
    let narrative = incident.narrative.as_ref().filter(|narrative| !narrative.sentences.is_empty())?;
    Some(narrative.sentences.iter().map(ask::sentence).collect::<Vec<_>>().join(" "))
}

/// What is known besides the verdict: what lies ahead, and what is being done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ahead<'a> {
    incident: Option<&'a Incident>,
    outlook: Option<&'a Outlook>,
    drawing: Option<&'a Drawing>,
}

impl<'a> Ahead<'a> {
    /// Of an incident.
    pub(crate) fn of(incident: &'a Incident) -> Self {
        Self { incident: Some(incident), outlook: incident.outlook.as_deref(), drawing: incident.drawing.as_ref() }
    }
}

/// The paragraphs that a verdict fills, in the order in which a person asks.
pub(crate) fn body(
    message: Message,
    verdict: &Verdict,
    ahead: Ahead<'_>,
    changes: usize,
    bottlenecks: usize,
) -> Message {
    let message = message.titled("What caused it", &caused(verdict));
    let message = ahead.drawing.into_iter().fold(message, graph::with_picture);
    let message = ahead.incident.into_iter().fold(message, doing);
    let tight = tight(&verdict.bottlenecks, bottlenecks);
    let message = if tight.is_empty() { message } else { message.titled("Where it is tight", &tight) };
    let message = message.titled("What it hits next", &hits_next(verdict, ahead.outlook));
    let message = message.titled("What changed", &changed(verdict, changes));
    let message = message.titled("What we could not see", &gaps(verdict));
    message.titled("What can I do next", &next_steps(verdict, ahead.outlook))
}

/// What is being done about it, if anything is.
fn doing(message: Message, incident: &Incident) -> Message {
    match plan::summary(incident) {
        Some(summary) => message.titled("What is being done", &summary),
        None => message,
    }
}

/// The worst bottlenecks, of each kind one before a second of any.
fn tight(bottlenecks: &[Bottleneck], limit: usize) -> String {
    let mut seen = Vec::new();
    let (mut shown, mut others) = (Vec::new(), Vec::new());
    for bottleneck in bottlenecks {
        let kind = std::mem::discriminant(&bottleneck.limit);
        if seen.contains(&kind) {
            others.push(bottleneck);
        } else {
            seen.push(kind);
            shown.push(bottleneck);
        }
    }
    let lines = shown.into_iter().chain(others).take(limit);
    lines.map(|bottleneck| format!("• {}", phrase::bottleneck(bottleneck))).collect::<Vec<_>>().join("\n")
}

/// The turning point *cause found*, for the thread.
pub fn cause_found(verdict: &Verdict, before: Option<&ServiceId>) -> String {
    let was = before.map(|before| format!(", not {} as thought before", phrase::service(before))).unwrap_or_default();
    format!("🔎 *Cause found*{was}: {}", caused(verdict))
}

fn headline(incident: &Incident) -> String {
    if incident.is_closed() {
        return format!("closed: {}", people::name(incident));
    }
    if incident.people.title.is_some() {
        return people::name(incident);
    }
    if incident.firing() == 0 {
        return format!("all {} are OK again", phrase::count(incident.alarms.len(), "alarm", "alarms"));
    }
    match incident.verdict.as_deref().and_then(Verdict::cause) {
        Some(cause) => format!("{}: {}", cause.service, phrase::symptom(cause.symptom)),
        None => phrase::count(incident.firing(), "alarm fires", "alarms fire"),
    }
}

fn notification(incident: &Incident) -> String {
    let alarms = match incident.alarms.as_slice() {
        [] => "No alarm belongs to it".to_owned(),
        _ => phrase::count(incident.firing(), "alarm fires", "alarms fire"),
    };
    match incident.verdict.as_deref().and_then(Verdict::cause) {
        Some(cause) => {
            format!("{alarms}; the likely cause is {} ({})", cause.service, phrase::confidence(cause.confidence))
        }
        None => alarms,
    }
}

/// How many alarms, since when, on which services.
pub(crate) fn going_on(incident: &Incident) -> String {
    let (firing, all) = (incident.firing(), incident.alarms.len());
    let alarms = if all == 0 {
        "No alarm belongs to it; somebody declared it".to_owned()
    } else if firing == all {
        phrase::count(all, "alarm fires", "alarms fire")
    } else {
        format!("{firing} of {} fire", phrase::count(all, "alarm", "alarms"))
    };
    let since = phrase::time(incident.began_at());
    let mut services: Vec<&ServiceId> = match &incident.verdict {
        Some(verdict) => verdict.affected.iter().map(|affected| &affected.service).collect(),
        None => Vec::new(),
    };
    let mut known: HashSet<&ServiceId> = services.iter().copied().collect();
    services
        .extend(incident.alarms.iter().filter_map(|joined| joined.service.as_ref()).filter(|each| known.insert(each)));
    let on = match services.as_slice() {
        [] => String::new(),
        services => {
            let word = if services.len() == 1 { "service" } else { "services" };
            format!(", {} {word} affected: {}", services.len(), phrase::services(services.iter().copied(), 6))
        }
    };
    let path = incident.verdict.as_deref().map(spread).unwrap_or_default();
    let about = incident.people.about.as_ref().map(|about| format!("“{}”\n", phrase::words(about))).unwrap_or_default();
    let when = if all == 0 { "at" } else { "since" };
    format!("{about}{alarms} {when} {since}{on}.{path}")
}

fn spread(verdict: &Verdict) -> String {
    if verdict.path.len() < 2 {
        return String::new();
    }
    let path: Vec<String> = verdict.path.iter().map(phrase::service).collect();
    format!("\nIt spread {}.", path.join(" → "))
}

pub(crate) fn caused(verdict: &Verdict) -> String {
    let Some(cause) = verdict.cause() else { return no_cause(verdict) };
    let excess = cause.evidence.iter().filter_map(|id| verdict.claim(*id)).find_map(|evidence| match &evidence.claim {
        Claim::Excess { measure, observed, expected, own_share, .. } => {
            Some((measure, *observed, *expected, *own_share))
        }
        Claim::Alarm { .. }
        | Claim::Onset { .. }
        | Claim::Calls { .. }
        | Claim::Figure { .. }
        | Claim::Logged { .. }
        | Claim::Changed { .. } => None,
    });
    let why = match excess {
        Some((measure, observed, expected, own_share)) => format!(
            "{} where {} is usual, and {}",
            phrase::quantity(observed, measure),
            usual(expected, measure),
            unexplained(own_share)
        ),
        None => match cause.symptom {
            Symptom::Alarms => "its alarm came first, and the others lie upstream of it".to_owned(),
            Symptom::Faults | Symptom::Latency | Symptom::Signs => format!("its {}", phrase::symptom(cause.symptom)),
        },
    };
    let others: Vec<String> = verdict.causes[1..]
        .iter()
        .take(2)
        .filter(|other| other.confidence >= 0.05)
        .map(|other| format!("{} ({})", phrase::service(&other.service), phrase::confidence(other.confidence)))
        .collect();
    let others = if others.is_empty() { String::new() } else { format!(" Less likely: {}.", phrase::list(&others)) };
    let confidence = phrase::confidence(cause.confidence);
    format!(
        "{} (confidence {confidence}): {why}{}.{others}",
        phrase::service(&cause.service),
        phrase::refs(&cause.evidence)
    )
}

fn unexplained(own_share: f64) -> String {
    // Shown without decimals, more than this would read "100 %" and sound like a measurement.
    const ALL: f64 = 0.995;
    if own_share >= ALL {
        return "nothing it calls explains that".to_owned();
    }
    format!("what it calls explains only {} of that", phrase::percent(1.0 - own_share))
}

/// The usual value without its unit: the sentence has just said it.
fn usual(expected: f64, measure: &Measure) -> String {
    match measure {
        Measure::Latency => phrase::quantity(expected, measure),
        Measure::Requests | Measure::Faults | Measure::Availability | Measure::Other(_) => phrase::number(expected),
    }
}

fn no_cause(verdict: &Verdict) -> String {
    let looked: Vec<String> = verdict.causes.iter().take(3).map(|cause| phrase::service(&cause.service)).collect();
    if looked.is_empty() {
        return "No cause found: nothing is outside its normal range.".to_owned();
    }
    format!("No cause found: nothing stands out clearly enough. Most conspicuous: {}.", phrase::list(&looked))
}

fn hits_next(verdict: &Verdict, outlook: Option<&Outlook>) -> String {
    let predictions = outlook.map(|outlook| outlook.predictions.as_slice()).unwrap_or_default();
    if !predictions.is_empty() {
        return predictions.iter().take(PREDICTIONS_ON_CARD).map(predict::short).collect::<Vec<_>>().join("\n");
    }
    if verdict.expected.is_empty() {
        return "Nothing that I know calls the affected services and is still healthy.".to_owned();
    }
    let lines: Vec<String> = verdict
        .expected
        .iter()
        .take(3)
        .map(|expected| {
            let share = expected
                .exposed_share
                .map(|share| format!(", where {} of its calls go", phrase::percent(share)))
                .unwrap_or_default();
            let soon = match expected.in_minutes {
                Some(minutes) if minutes < 1.0 => ", any moment".to_owned(),
                Some(minutes) => format!(", in about {minutes:.0} min"),
                None => String::new(),
            };
            format!(
                "• {}, through {}{share}{soon}{}",
                phrase::service(&expected.service),
                phrase::service(&expected.through),
                phrase::refs(&expected.evidence)
            )
        })
        .collect();
    lines.join("\n")
}

fn changed(verdict: &Verdict, limit: usize) -> String {
    let lines: Vec<String> = verdict
        .changes
        .iter()
        .take(limit)
        .filter_map(|suspect| {
            let change = verdict.change(suspect.evidence)?;
            Some(format!("• {}{}", phrase::change(change), phrase::refs(&[suspect.evidence])))
        })
        .collect();
    let rest = verdict.changes.len().saturating_sub(limit);
    match lines.as_slice() {
        [] if verdict.gaps.iter().any(|gap| gap.wanted.starts_with("changes")) => {
            "Changes could not be read.".to_owned()
        }
        [] => "No change was seen in the four hours before.".to_owned(),
        lines if rest == 0 => lines.join("\n"),
        lines => format!(
            "{}\n• and {}",
            lines.join("\n"),
            phrase::count(rest, "less suspicious one", "less suspicious ones")
        ),
    }
}

pub(crate) fn gaps(verdict: &Verdict) -> String {
    if verdict.gaps.is_empty() {
        return "Nothing was missing.".to_owned();
    }
    gap_lines(&verdict.gaps)
}

/// Some gaps, a line each; nothing of none.
pub(crate) fn gap_lines(gaps: &[Gap]) -> String {
    let line = |gap: &Gap| {
        let remedy = gap.remedy.as_ref().map(|remedy| format!(" ({})", escape(remedy))).unwrap_or_default();
        format!("• {}: {}{remedy}", escape(&gap.wanted), escape(&gap.because))
    };
    let mut lines: Vec<String> = gaps.iter().take(3).map(line).collect();
    if gaps.len() > 3 {
        lines.push(format!("• and {} more", gaps.len() - 3));
    }
    lines.join("\n")
}

fn next_steps(verdict: &Verdict, outlook: Option<&Outlook>) -> String {
    // A cut is no look and no question but a deed, so it stands before them.
    let cut = outlook.and_then(|outlook| isolate::short(&outlook.isolation)).map(|cut| format!("Consider: {cut}"));
    let steps = verdict.next_steps.iter().take(4).map(next_step);
    let lines: Vec<String> =
        cut.into_iter().chain(steps).enumerate().map(|(at, step)| format!("{}. {step}", at + 1)).collect();
    lines.join("\n")
}

fn next_step(step: &NextStep) -> String {
    match step {
        NextStep::Inspect { service, measure, link } => {
            let what = measure
                .as_ref()
                .map(|measure| format!(", its {} first", escape(&measure.to_string())))
                .unwrap_or_default();
            let link = match link {
                Some(link) if link.starts_with("https://") => {
                    format!(" (<{}|alarm>)", escape(link).replace('|', "%7C"))
                }
                _ => String::new(),
            };
            format!("Look at {}{what}{link}", phrase::service(service))
        }
        NextStep::ReviewChange { change, evidence } => format!(
            "Ask {} whether the {} on {} can be taken back{}",
            change.by.as_deref().map_or_else(|| "its author".to_owned(), escape),
            change.kind,
            phrase::service(&change.service),
            phrase::refs(&[*evidence])
        ),
        NextStep::Warn { service } => format!("Warn the owners of {}", phrase::service(service)),
        NextStep::Watch => "Watch: nothing calls for action yet. Ask again when something changes".to_owned(),
    }
}

fn footer(incident: &Incident) -> String {
    let context = match incident.time_to_context() {
        Some(span) => format!("Time to context {}", phrase::span(span.max(SignedDuration::ZERO))),
        None => "Time to context: running".to_owned(),
    };
    let lane = incident.verdict.as_ref().map(|verdict| {
        let found = match verdict.answer {
            Answer::CauseFound => "by",
            Answer::NoCauseFound => "looked at by",
        };
        format!(" · {found} {} · as of {}", verdict.lane, phrase::time(verdict.at))
    });
    let map = incident.outlook.as_ref().and_then(|outlook| outlook.map.as_ref());
    let map = map.map(|map| format!(" · map: {}", graph::size(map))).unwrap_or_default();
    let models = match incident.spent.tokens() {
        0 => String::new(),
        _ => format!(" · models took {}", ask::cost(&incident.spent)),
    };
    format!("{context}{}{map} · every alarm is in the thread{models}", lane.unwrap_or_default())
}

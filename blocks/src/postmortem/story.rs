//! What happened, and what was known of it.

use super::{Told, plans, utc};
use crate::mrkdwn::escape;
use crate::{card, changes as weighed, gaps as unseen, phrase, stats, timeline as moments};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tools::dependency::grade_incident;
use tools::model::{Claim, Evidence, EvidenceId, Gap, Incident, Measure, ServiceId, Verdict};
use tools::recovery::verify::returned;
use tools::stats::returns;

/// Rows of the timeline: the beginning and the end say the most.
const MAX_ROWS: usize = 400;

/// Rows of any other table.
const MAX_SERVICES: usize = 100;

/// Changes told; they come most suspicious first.
const MAX_CHANGES: usize = 20;

/// Claims told in full.
const MAX_CLAIMS: usize = 40;

pub(super) fn summary(told: &Told<'_>) -> String {
    let incident = told.incident;
    let began = incident.began_at();
    let alarms = phrase::count(incident.alarms.len(), "alarm", "alarms");
    let suffered = suffered(incident).len();
    let services = match suffered {
        0 => String::new(),
        many => format!("; {} suffered", phrase::count(many, "service", "services")),
    };
    let first = match (&incident.people.declared_by, incident.alarms.as_slice()) {
        (Some(by), []) => {
            format!("{} declared it at {} UTC; no alarm joined{services}.", phrase::person(by), utc(began))
        }
        (Some(_) | None, _) => format!("From {} UTC on {alarms} fired{services}.", utc(began)),
    };
    let mut lines = vec![first];
    lines.extend(handled(incident));
    lines.push(match (incident.verdict.as_deref(), incident.verdict.as_deref().and_then(Verdict::cause)) {
        (_, Some(cause)) => format!(
            "The cause was {} ({} sure): {}.",
            phrase::service(&cause.service),
            phrase::confidence(cause.confidence),
            phrase::symptom(cause.symptom)
        ),
        (Some(_), None) => "No cause was found.".to_owned(),
        (None, _) => "Nobody looked for a cause: it became no flood, and nobody asked.".to_owned(),
    });
    lines.extend(plans::summary(incident));
    lines.push(match incident.recovered_at() {
        Some(at) => format!("All is OK again since {} UTC, after {}.", utc(at), phrase::span(at.duration_since(began))),
        None if incident.is_closed() => {
            let at = incident.people.closed_at.unwrap_or(told.now);
            format!("It was closed at {} UTC, after {}.", utc(at), phrase::span(at.duration_since(began)))
        }
        None => format!(
            "*It is not over*: {} of {alarms} fire as of {} UTC, after {}.",
            incident.firing(),
            utc(told.now),
            phrase::span(told.now.duration_since(began))
        ),
    });
    told.md(&lines.join(" "))
}

/// How bad people said it was, and who had which role; none where they said nothing.
fn handled(incident: &Incident) -> Option<String> {
    let people = &incident.people;
    let severity = people.severity.map(|severity| severity.to_string());
    let roles = people.roles.iter().map(|(role, who)| format!("{role} {}", phrase::person(who)));
    let parts: Vec<String> = severity.into_iter().chain(roles).collect();
    (!parts.is_empty()).then(|| format!("By hand: {}.", parts.join(", ")))
}

pub(super) fn phases(told: &Told<'_>) -> String {
    let incident = told.incident;
    let began = incident.began_at();
    let plans = || incident.plans.values();
    let cause_found = incident.blamed.iter().find(|blame| blame.service.is_some()).map(|blame| blame.at);
    let steps = [
        ("it was a flood and got its card", incident.flood_at),
        ("the cause was found", cause_found),
        ("the card said enough to act on", incident.context_at),
        ("the first plan was made", plans().map(|state| state.plan().proposed_at).min()),
        ("the first plan was started", plans().filter_map(|state| Some(state.started()?.at)).min()),
        ("the last alarm was OK again", incident.recovered_at()),
    ];
    let mut reached: Vec<(&str, Timestamp)> = steps.iter().filter_map(|(step, at)| Some((*step, (*at)?))).collect();
    reached.extend(incident.people.closed_at.map(|at| ("somebody closed it", at)));
    reached.sort_by_key(|(_, at)| *at);
    let first = if incident.alarms.is_empty() { "somebody declared it" } else { "the first alarm fired" };
    let mut rows = vec![vec![first.to_owned(), utc(began), String::new(), String::new()]];
    let mut before = began;
    for (step, at) in reached {
        let span = |from: Timestamp| phrase::span(at.duration_since(from).max(SignedDuration::ZERO));
        rows.push(vec![step.to_owned(), utc(at), span(began), span(before)]);
        before = before.max(at);
    }
    let missing = steps.iter().filter(|(_, at)| at.is_none());
    rows.extend(
        missing.map(|(step, _)| vec![(*step).to_owned(), "not reached".to_owned(), String::new(), String::new()]),
    );
    let span = |span: Option<SignedDuration>| span.map_or_else(|| "not reached".to_owned(), phrase::span);
    let recovery = incident.ended_at().map(|at| at.duration_since(began));
    format!(
        "{}\n{}",
        told.md(&format!(
            "Time to context: *{}*. Time to recovery: *{}*.\n",
            span(incident.time_to_context()),
            span(recovery)
        )),
        told.table(&["step", "at", "after the first alarm", "after the step before"], &rows)
    )
}

/// Who suffered by any verdict, each with its onset.
fn suffered(incident: &Incident) -> BTreeMap<&ServiceId, Timestamp> {
    let mut suffered: BTreeMap<&ServiceId, Timestamp> =
        incident.suffered.iter().map(|(service, onset)| (service, *onset)).collect();
    // Without a verdict the alarms are all there is.
    if incident.verdict.is_none() {
        for joined in &incident.alarms {
            if let Some(service) = &joined.service {
                suffered.entry(service).or_insert(joined.first_at);
            }
        }
    }
    suffered
}

pub(super) fn impact(told: &Told<'_>) -> String {
    let incident = told.incident;
    let returned = returned(incident);
    let mut services: Vec<(&ServiceId, Timestamp)> = suffered(incident).into_iter().collect();
    services.sort_by_key(|(service, onset)| (*onset, *service));
    let row = |(service, onset): &(&ServiceId, Timestamp)| {
        let until = match returned.get(*service) {
            Some(Some(at)) => utc(*at),
            Some(None) => "its alarms are not OK yet".to_owned(),
            None => "not known: it has no alarm of its own".to_owned(),
        };
        vec![phrase::service(service), utc(*onset), until, harm(incident, service)]
    };
    let rows: Vec<Vec<String>> = services.iter().take(MAX_SERVICES).map(row).collect();
    let mut out = told.table(&["service", "suffered from", "until", "how"], &rows);
    if out.is_empty() {
        out = told.md("No service is known to have suffered.\n");
    }
    if services.len() > MAX_SERVICES {
        out.push_str(&format!("\nand {} more services\n", services.len() - MAX_SERVICES));
    }
    let ahead = incident.outlook.iter().flat_map(|outlook| &outlook.predictions);
    let at_risk = ahead.filter(|prediction| !incident.suffered.contains_key(&prediction.service));
    let at_risk = at_risk.filter_map(|prediction| {
        let requests = prediction.requests_per_min_at_risk.filter(|requests| *requests >= 1.0)?;
        let requests = phrase::number(requests.round());
        Some(format!(
            "at risk when last looked at: {}, {requests} requests a minute",
            phrase::service(&prediction.service)
        ))
    });
    let at_risk = told.list(at_risk);
    if at_risk.is_empty() { out } else { format!("{out}\n{at_risk}") }
}

/// How a service suffered, with its figures where the verdict has them.
fn harm(incident: &Incident, service: &ServiceId) -> String {
    let Some(verdict) = incident.verdict.as_deref() else { return "its alarms fired".to_owned() };
    let excess = verdict.evidence.iter().find_map(|evidence| match &evidence.claim {
        Claim::Excess { service: of, measure, observed, expected, .. } if of == service => {
            Some((evidence.id, measure, *observed, *expected))
        }
        Claim::Excess { .. }
        | Claim::Alarm { .. }
        | Claim::Onset { .. }
        | Claim::Calls { .. }
        | Claim::Figure { .. }
        | Claim::Logged { .. }
        | Claim::Changed { .. } => None,
    });
    if let Some((id, measure, observed, expected)) = excess {
        return quantity(id, measure, observed, expected);
    }
    let affected = verdict.affected.iter().find(|affected| affected.service == *service);
    affected.map_or_else(
        || "by an earlier look at it".to_owned(),
        |affected| format!("{}{}", phrase::symptom(affected.symptom), phrase::refs(&affected.evidence)),
    )
}

fn quantity(id: EvidenceId, measure: &Measure, observed: f64, expected: f64) -> String {
    let (observed, expected) = (phrase::quantity(observed, measure), phrase::quantity(expected, measure));
    format!("{observed} where {expected} is usual{}", phrase::refs(&[id]))
}

pub(super) fn cause(told: &Told<'_>) -> String {
    let Some(verdict) = told.incident.verdict.as_deref() else {
        return told.md("I did not look into it: it became no flood, and nobody asked for context.");
    };
    let mut out = format!("{}\n", told.md(&card::caused(verdict)));
    if verdict.path.len() > 1 {
        let way: Vec<String> = verdict.path.iter().map(phrase::service).collect();
        out.push_str(&format!("\n{}\n", told.md(&format!("It spread {}.", way.join(" → ")))));
    }
    let tight = told.list(verdict.bottlenecks.iter().take(MAX_SERVICES).map(phrase::bottleneck));
    if !tight.is_empty() {
        out.push_str(&format!("\nWhere it was tight:\n\n{tight}"));
    }
    let candidates = verdict.causes.iter().skip(usize::from(verdict.cause().is_some())).take(4);
    let candidates = told.list(candidates.map(|cause| {
        let (service, sure) = (phrase::service(&cause.service), phrase::confidence(cause.confidence));
        format!("{service} ({sure} sure){}", phrase::refs(&cause.evidence))
    }));
    if !candidates.is_empty() {
        let looked = if verdict.cause().is_some() { "What else was looked at" } else { "What was looked at" };
        out.push_str(&format!("\n{looked}:\n\n{candidates}"));
    }
    let evidence = claims(verdict, told.incident);
    if !evidence.is_empty() {
        out.push_str(&format!(
            "\nThe evidence, each claim with the query or page that it comes from:\n\n{}",
            told.list(evidence)
        ));
    }
    format!("{out}\nRanked by {}, as of {}.\n", verdict.lane, utc(verdict.at))
}

/// Every claim of the verdict and of the outlook that follows it, in the order of their ids.
fn claims(verdict: &Verdict, incident: &Incident) -> Vec<String> {
    let ahead = incident.outlook.iter().flat_map(|outlook| &outlook.evidence);
    let mut claims: Vec<&Evidence> = verdict.evidence.iter().chain(ahead).collect();
    claims.sort_by_key(|evidence| evidence.id);
    let more = claims.len().saturating_sub(MAX_CLAIMS);
    let more = (more > 0).then(|| format!("and {more} more claims"));
    claims.into_iter().take(MAX_CLAIMS).map(phrase::evidence).chain(more).collect()
}

pub(super) fn changes(told: &Told<'_>) -> String {
    let Some(verdict) = told.incident.verdict.as_deref() else {
        return told.md("I did not look for changes.");
    };
    let suspects = verdict.changes.iter().take(MAX_CHANGES);
    let weighed_ones =
        suspects.filter_map(|suspect| Some(weighed::told(verdict, suspect, verdict.change(suspect.evidence)?)));
    let list = told.list(weighed_ones);
    let more = verdict.changes.len().saturating_sub(MAX_CHANGES);
    let more = if more > 0 { format!("- and {more} less likely ones\n") } else { String::new() };
    format!("{}\n\n{list}{more}", told.md(&weighed::headline(verdict)))
}

pub(super) fn predictions(told: &Told<'_>) -> String {
    let incident = told.incident;
    // For each service that was ever listed: when first, and the highest probability that was stated.
    let mut said: BTreeMap<&ServiceId, (Timestamp, f64)> = BTreeMap::new();
    for forecast in &incident.forecasts {
        for (service, probability) in &forecast.listed {
            let entry = said.entry(service).or_insert((forecast.at, *probability));
            entry.1 = entry.1.max(*probability);
        }
    }
    let mut said: Vec<(&ServiceId, (Timestamp, f64))> = said.into_iter().collect();
    said.sort_by(|(a, (_, likely)), (b, (_, other))| other.total_cmp(likely).then(a.cmp(b)));
    let is_over = incident.recovered_at().is_some();
    let row = |(service, (at, probability)): &(&ServiceId, (Timestamp, f64))| {
        let happened = match incident.suffered.get(*service) {
            Some(onset) if onset > at => format!("hit at {}", utc(*onset)),
            Some(onset) => format!("suffered already, since {}", utc(*onset)),
            None if is_over => "was not hit".to_owned(),
            None => "not hit so far".to_owned(),
        };
        vec![phrase::service(service), utc(*at), phrase::percent(*probability), happened]
    };
    let rows: Vec<Vec<String>> = said.iter().take(MAX_SERVICES).map(row).collect();
    if rows.is_empty() {
        return told.md("Nobody was said to be hit next.");
    }
    let table = told.table(&["service", "first said at", "highest probability", "what happened"], &rows);
    let mut grades = Vec::new();
    if is_over {
        grades.push(stats::foresight(&grade_incident(incident)));
    } else {
        grades.push("Predictions are graded when the incident is over.".to_owned());
    }
    grades.extend(stats::returns(&returns(incident, told.now)).map(|told| format!("Forecasts of recovery: {told}")));
    format!("{table}\n{}\n", grades.iter().map(|grade| told.md(grade)).collect::<Vec<_>>().join("\n\n"))
}

/// What could not be seen, by the verdict and ahead of it, each once.
pub(super) fn missing(incident: &Incident) -> Option<Vec<&Gap>> {
    let verdict = incident.verdict.as_deref()?;
    let ahead = incident.outlook.iter().flat_map(|outlook| &outlook.gaps);
    let mut gaps: Vec<&Gap> = Vec::new();
    for gap in verdict.gaps.iter().chain(ahead) {
        if !gaps.contains(&gap) {
            gaps.push(gap);
        }
    }
    Some(gaps)
}

pub(super) fn gaps(told: &Told<'_>) -> String {
    match missing(told.incident) {
        None => told.md("I did not look, so nothing was missed."),
        Some(gaps) if gaps.is_empty() => told.md("Nothing was missing."),
        Some(gaps) => gaps.iter().map(|gap| format!("{}\n\n", told.md(&unseen::told(gap)))).collect(),
    }
}

pub(super) fn timeline(told: &Told<'_>) -> String {
    let mut rows: Vec<(Timestamp, String)> =
        moments::groups(told.moments).iter().map(|group| (group[0].at, moments::what(group))).collect();
    rows.extend(plans::moments(told.incident));
    rows.extend(told.incident.recovered_at().map(|at| (at, "All alarms are OK again".to_owned())));
    rows.sort_by_key(|(at, _)| *at);
    let mut rows: Vec<Vec<String>> = rows.into_iter().map(|(at, what)| vec![utc(at), what]).collect();
    if rows.len() > MAX_ROWS {
        let left_out = rows.len() - MAX_ROWS;
        let row = vec!["…".to_owned(), format!("{left_out} more")];
        rows.splice(MAX_ROWS / 2..MAX_ROWS / 2 + left_out, [row]);
    }
    let table = told.table(&["UTC", "what happened"], &rows);
    if table.is_empty() { told.md(&escape("Nothing is known to have happened.")) } else { table }
}

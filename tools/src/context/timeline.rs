//! What happened, in order: changes, onsets, alarms, and what was found out. A pure view on a verdict and, where there is
//! one, the incident it belongs to.

use crate::model::{Alarm, Because, Claim, Happened, Incident, IncidentId, Moment, PlanStep, Verdict};
use jiff::Timestamp;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The timeline of an incident.
pub fn timeline(incident: &Incident) -> Vec<Moment> {
    let mut moments = incident.verdict.as_deref().map(seen).unwrap_or_default();
    for joined in &incident.alarms {
        let told = |transition: &crate::model::Transition| Moment {
            at: transition.at,
            happened: Happened::Alarm {
                name: joined.alarm.name.clone(),
                state: transition.state,
                service: joined.service.clone(),
            },
            evidence: Vec::new(),
        };
        moments.extend(joined.transitions.iter().map(told));
    }
    let mut recorded = |at, happened| moments.push(Moment { at, happened, evidence: Vec::new() });
    if let Some(at) = incident.flood_at {
        let alarms = incident.alarms.iter().filter(|joined| joined.first_at <= at).count();
        recorded(at, Happened::Flood { alarms });
    }
    for left in &incident.left {
        recorded(left.at, Happened::Left { name: left.joined.alarm.name.clone(), by: left.by.clone() });
    }
    for (from, (at, alarms, by)) in absorbed(incident) {
        recorded(at, Happened::Absorbed { from, alarms, by: by.to_owned() });
    }
    for blame in &incident.blamed {
        recorded(blame.at, Happened::Blamed { service: blame.service.clone() });
    }
    if let Some(at) = incident.context_at {
        recorded(at, Happened::Context);
    }
    for deed in &incident.people.deeds {
        recorded(deed.at, Happened::Person { by: deed.by.clone(), did: deed.did.clone() });
    }
    for page in &incident.pages {
        recorded(page.at, Happened::Paged { by: page.by.clone(), whom: page.whom.clone() });
    }
    for state in incident.plans.values() {
        let sentence = state.plan().remedy.entry().sentence(&state.plan().saw);
        for told in state.history() {
            let Some(step) = PlanStep::of(&told.fact) else { continue };
            let (plan, by) = (state.id().clone(), told.fact.by().cloned());
            recorded(told.at, Happened::Plan { plan, sentence: sentence.clone(), step, by });
        }
    }
    in_order(moments)
}

/// The incidents that people merged into this one: when the first alarm of each came over, how many stand here, and who.
fn absorbed(incident: &Incident) -> BTreeMap<IncidentId, (Timestamp, usize, &str)> {
    let mut absorbed = BTreeMap::new();
    for joined in &incident.alarms {
        if let Because::Merged { from, by, at } = &joined.because {
            absorbed.entry(*from).or_insert((*at, 0, by.as_str())).1 += 1;
        }
    }
    absorbed
}

/// The timeline of a verdict by itself, with the alarms it was made from.
pub fn timeline_of(verdict: &Verdict, alarms: &[Alarm]) -> Vec<Moment> {
    let mut moments = seen(verdict);
    let claimed = |alarm: &Alarm| {
        verdict.evidence.iter().find_map(|evidence| {
            if let Claim::Alarm { name, at, service, .. } = &evidence.claim
                && *name == alarm.name
                && *at == alarm.changed_at
            {
                return Some((evidence.id, service.clone()));
            }
            None
        })
    };
    for alarm in alarms {
        let (evidence, service) = claimed(alarm).unzip();
        let service = service.flatten();
        moments.push(Moment {
            at: alarm.changed_at,
            happened: Happened::Alarm { name: alarm.name.clone(), state: alarm.state, service },
            evidence: evidence.into_iter().collect(),
        });
    }
    in_order(moments)
}

/// What the verdict saw happen: changes and onsets.
fn seen(verdict: &Verdict) -> Vec<Moment> {
    let changes = verdict.changes.iter().filter_map(|suspect| {
        let change = verdict.change(suspect.evidence)?;
        let guilty = verdict.guilty == Some(suspect.evidence);
        let happened = Happened::Changed { change: Box::new(change.clone()), guilty };
        Some(Moment { at: change.at, happened, evidence: vec![suspect.evidence] })
    });
    let onsets = verdict.affected.iter().filter_map(|affected| {
        // That an alarm fired is told by the alarm itself.
        let is_onset = |id: &&crate::model::EvidenceId| {
            verdict.claim(**id).is_some_and(|evidence| matches!(evidence.claim, Claim::Onset { .. }))
        };
        let evidence = affected.evidence.iter().find(is_onset)?;
        Some(Moment {
            at: affected.onset,
            happened: Happened::Onset { service: affected.service.clone(), symptom: affected.symptom },
            evidence: vec![*evidence],
        })
    });
    changes.chain(onsets).collect()
}

/// By time; of the same moment causes before effects, then by name.
fn in_order(mut moments: Vec<Moment>) -> Vec<Moment> {
    moments.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| order(&a.happened, &b.happened)));
    moments
}

fn order(a: &Happened, b: &Happened) -> Ordering {
    let place = |happened: &Happened| match happened {
        Happened::Changed { .. } => 0,
        Happened::Onset { .. } => 1,
        Happened::Alarm { .. } => 2,
        Happened::Left { .. } | Happened::Absorbed { .. } | Happened::Flood { .. } => 3,
        Happened::Blamed { .. } => 4,
        Happened::Context => 5,
        Happened::Plan { .. } => 6,
        Happened::Paged { .. } | Happened::Person { .. } => 7,
    };
    let name = |happened: &Happened| match happened {
        Happened::Changed { change, .. } => (change.service.to_string(), change.summary.clone()),
        Happened::Onset { service, .. } => (service.to_string(), String::new()),
        Happened::Alarm { name, state, .. } => (name.clone(), state.to_string()),
        // Those of one plan stay in the order of their facts.
        Happened::Plan { plan, .. } => (plan.0.clone(), String::new()),
        Happened::Left { name, .. } => (name.clone(), String::new()),
        Happened::Absorbed { from, .. } => (from.to_string(), String::new()),
        // What people did stays in the order of their facts.
        Happened::Flood { .. }
        | Happened::Blamed { .. }
        | Happened::Context
        | Happened::Paged { .. }
        | Happened::Person { .. } => Default::default(),
    };
    place(a).cmp(&place(b)).then_with(|| name(a).cmp(&name(b)))
}

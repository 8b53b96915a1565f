//! What proposals depend on besides the incident: prices, limits, what the same remedies did before, the team's own runbooks.

use super::plan::{PlanState, PlanStatus};
use super::prices::Prices;
use super::remedy::{RunbookSpec, Target};
use super::verify::{Returned, returned};
use crate::dependency::Lags;
use crate::model::{Incident, Reading, ServiceId, Worked};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What proposals depend on besides the incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// The present moment.
    pub now: Timestamp,
    /// Where the services run, `production`.
    pub environment: String,
    /// What things cost.
    pub prices: Prices,
    /// From more US cents a month on a remedy is of higher risk; none is no limit.
    pub cost_limit_cents: Option<i64>,
    /// What remedies did before, in any order.
    pub past: Vec<Past>,
    /// The runbooks that the team declared, in any order.
    pub runbooks: Vec<OwnRunbook>,
    /// How long trouble took from a callee to a caller in earlier incidents.
    pub lags: Lags,
}

impl Terms {
    /// Nothing is known but the time: no price, no limit, no past, no runbook, in `production`.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            environment: "production".to_owned(),
            prices: Prices::default(),
            cost_limit_cents: None,
            past: Vec::new(),
            runbooks: Vec::new(),
            lags: Lags::default(),
        }
    }

    /// What a remedy did before to a service, summed up.
    pub(super) fn past_of(&self, remedy: &str, service: &ServiceId) -> Past {
        let mut all = Past::none(remedy, service.clone());
        for past in self.past.iter().filter(|past| past.remedy == remedy && past.service == *service) {
            all.tried = all.tried.saturating_add(past.tried);
            all.kept = all.kept.saturating_add(past.kept);
            all.undone = all.undone.saturating_add(past.undone);
            all.failed = all.failed.saturating_add(past.failed);
            all.recovered_after_min.extend(past.recovered_after_min.iter().filter(|min| (0.0..1e6).contains(*min)));
        }
        // Sums of floats depend on their order.
        all.recovered_after_min.sort_by(f64::total_cmp);
        all
    }
}

/// What one remedy did before to one service.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// The remedy's name in the catalogue.
    pub remedy: String,
    /// The service.
    pub service: ServiceId,
    /// How often it was carried out.
    pub tried: u32,
    /// How often it worked and was kept.
    pub kept: u32,
    /// How often it did not help and was taken back.
    pub undone: u32,
    /// How often it could not be carried out, or not be taken back.
    pub failed: u32,
    /// Minutes from the effect until the service was back at its baseline, for each time that it came back.
    pub recovered_after_min: Vec<f64>,
}

impl Past {
    /// What the plans of earlier incidents did, one entry for each that was carried out. One that still is watched has not
    /// told yet what it did.
    pub fn learn<'a>(incidents: impl IntoIterator<Item = &'a Incident>) -> Vec<Self> {
        let of_incident = |incident: &'a Incident| {
            let returned = returned(incident);
            incident.plans.values().filter_map(move |state| Self::of(state, &returned))
        };
        incidents.into_iter().flat_map(of_incident).collect()
    }

    fn of(state: &PlanState, returned: &Returned) -> Option<Self> {
        state.started()?;
        let plan = state.plan();
        let mut past = Self { tried: 1, ..Self::none(plan.remedy.spec().name, plan.service.clone()) };
        match state.status() {
            PlanStatus::Kept => past.kept = 1,
            PlanStatus::Undone | PlanStatus::Doubtful => past.undone = 1,
            PlanStatus::Failed | PlanStatus::PartlyFailed | PlanStatus::UndoFailed => past.failed = 1,
            // What was never there, or cannot be told, speaks neither for it nor against it.
            PlanStatus::Waiting
            | PlanStatus::Running
            | PlanStatus::Applied
            | PlanStatus::Undoing
            | PlanStatus::LeftAlone
            | PlanStatus::Rejected
            | PlanStatus::Revoked
            | PlanStatus::Expired
            | PlanStatus::Superseded
            | PlanStatus::Drifted => {}
        }
        // One that took itself back because its time was over may well have helped.
        if past.undone == 1 && !matches!(state.worked(), Some(Worked::Revert { .. })) {
            past.undone = 0;
            past.kept = u32::from(matches!(state.worked(), Some(Worked::Keep { .. })));
        }
        let back_at = returned.get(&plan.service).copied().flatten();
        let minutes = back_at.zip(state.applied_at()).map(|(back, effect)| back.duration_since(effect));
        past.recovered_after_min.extend(minutes.map(|span| span.as_secs_f64() / 60.0).filter(|min| *min >= 0.0));
        Some(past)
    }

    /// It was never tried there.
    pub fn none(remedy: &str, service: ServiceId) -> Self {
        Self {
            remedy: remedy.to_owned(),
            service,
            tried: 0,
            kept: 0,
            undone: 0,
            failed: 0,
            recovered_after_min: Vec::new(),
        }
    }
}

/// A runbook of the team, and when it is meant.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnRunbook {
    /// Its declaration.
    pub spec: RunbookSpec,
    /// The services that it is for, by name.
    pub services: BTreeSet<ServiceId>,
    /// The kinds of services that it is for: `AWS::RDS::DBInstance`.
    pub kinds: BTreeSet<String>,
    /// What it is run with; `{service}` in a value stands for the service's name.
    pub input: BTreeMap<String, String>,
    /// What was read of it: its declaration, and how often it was run.
    pub reading: Reading,
}

impl OwnRunbook {
    /// Whether it is meant for a service of this kind.
    pub(super) fn is_for(&self, service: &ServiceId, kind: Option<&str>) -> bool {
        self.services.contains(service) || kind.is_some_and(|kind| self.kinds.contains(kind))
    }

    /// What it is run with for a service.
    pub(super) fn input_for(&self, service: &ServiceId) -> BTreeMap<String, String> {
        let filled = |value: &String| value.replace("{service}", service.as_str());
        self.input.iter().map(|(name, value)| (name.clone(), filled(value))).collect()
    }

    /// What it is as a target.
    pub(super) fn target(&self) -> Target {
        Target::new("Clarity::Runbook", &self.spec.name)
    }
}

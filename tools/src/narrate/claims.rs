//! What a verdict, its outlook and its plans support, by evidence id.

use super::lexicon::{Class, class_of};
use super::reader;
use crate::model::{
    AlarmState, Answer, Claim, Evidence, EvidenceId, Measure, NextStep, Outlook, Service, ServiceId, Topology, Unit,
    Verdict,
};
use crate::recovery::plan::Plan;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What a figure measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Requests.
    Requests,
    /// Failed requests.
    Faults,
    /// Requests that succeed.
    Success,
    /// How long they take.
    Latency,
    /// Log lines.
    Lines,
    /// How sure the verdict is.
    Confidence,
    /// Anything that has only a name.
    Named(String),
}

/// In what a figure is counted. Rates are a minute, times in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dim {
    /// How many.
    Count,
    /// How many in a minute.
    Rate,
    /// Percent.
    Percent,
    /// Seconds.
    Seconds,
    /// How many times as much.
    Ratio,
    /// A unit nobody knows.
    Unknown,
}

/// What happens at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    Onset,
    Alarm,
    Change,
    Lines,
}

/// One thing that a piece of evidence supports.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Support {
    /// A figure of a service, and what is usual there.
    Amount { service: ServiceId, kind: Kind, dim: Dim, value: f64, usual: Option<f64> },
    /// Something happened.
    Moment { service: Option<ServiceId>, what: Happening, at: Timestamp },
    /// One service calls another.
    Calls { caller: ServiceId, callee: ServiceId, per_min: Option<f64> },
    /// An alarm went to a state.
    State { alarm: String, service: Option<ServiceId>, state: AlarmState },
    /// Words that stand there as they are.
    Words { service: ServiceId, text: String, what: Happening },
    /// A change; whether it is the guilty one.
    Change { service: ServiceId, guilty: bool },
    /// The service is the cause.
    Cause { service: ServiceId, confidence: f64 },
    /// The service may be hit next, through another one.
    Next { service: ServiceId, through: ServiceId, minutes: Option<f64>, percent: Option<f64> },
    /// A remedy is planned for the service: the index of its words.
    Action { service: ServiceId, words: usize },
}

/// A name and what it names.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entity {
    Service(ServiceId),
    Alarm(String),
    Figure(String),
    Action(usize),
}

/// A name that can stand in a sentence.
#[derive(Clone, Debug)]
pub(super) struct Name {
    /// As it is written.
    pub(super) exact: String,
    /// Its words in lower case.
    pub(super) words: Vec<String>,
    pub(super) entity: Entity,
}

/// What the sentences about a verdict may say.
#[derive(Clone, Debug)]
pub struct Claims {
    pub(super) at: Timestamp,
    pub(super) by_id: BTreeMap<EvidenceId, Vec<Support>>,
    pub(super) names: Vec<Name>,
    /// The blamed service, then those it spread to.
    pub(super) path: Vec<ServiceId>,
    pub(super) cause: Option<ServiceId>,
    pub(super) found: bool,
    pub(super) any_guilty: bool,
    pub(super) any_change: bool,
    pub(super) onsets: BTreeMap<ServiceId, Timestamp>,
    pub(super) inspect: BTreeSet<ServiceId>,
    pub(super) warn: BTreeSet<ServiceId>,
    pub(super) review: BTreeSet<ServiceId>,
}

impl Claims {
    /// What a verdict supports, with the outlook and the plans that were made from it.
    pub fn of(verdict: &Verdict, outlook: Option<&Outlook>, plans: &[Plan]) -> Self {
        let cause = verdict.cause();
        let mut claims = Self {
            at: verdict.at,
            by_id: BTreeMap::new(),
            names: Vec::new(),
            path: verdict.path.clone(),
            cause: cause.map(|cause| cause.service.clone()),
            found: verdict.answer == Answer::CauseFound,
            any_guilty: verdict.guilty.is_some(),
            any_change: !verdict.changes.is_empty(),
            onsets: verdict.affected.iter().map(|one| (one.service.clone(), one.onset)).collect(),
            inspect: BTreeSet::new(),
            warn: BTreeSet::new(),
            review: BTreeSet::new(),
        };
        for evidence in &verdict.evidence {
            claims.take(evidence, verdict.guilty);
        }
        if let Some(cause) = cause {
            let support = Support::Cause { service: cause.service.clone(), confidence: cause.confidence };
            claims.support(&cause.evidence, &support);
        }
        for next in &verdict.expected {
            let (service, through) = (next.service.clone(), next.through.clone());
            let percent = next.exposed_share.map(|share| share * 100.0);
            claims.support(&next.evidence, &Support::Next { service, through, minutes: next.in_minutes, percent });
        }
        for step in &verdict.next_steps {
            match step {
                NextStep::Inspect { service, .. } => claims.inspect.insert(service.clone()),
                NextStep::ReviewChange { change, .. } => claims.review.insert(change.service.clone()),
                NextStep::Warn { service } => claims.warn.insert(service.clone()),
                NextStep::Watch => false,
            };
        }
        if let Some(outlook) = outlook {
            claims.look_ahead(outlook);
        }
        for (words, plan) in plans.iter().enumerate() {
            claims.name(plan.remedy.spec().title, Entity::Action(words));
            claims.name(plan.service.as_str(), Entity::Service(plan.service.clone()));
            claims.support(&plan.evidence, &Support::Action { service: plan.service.clone(), words });
        }
        claims.sort();
        claims
    }

    /// The same with evidence that was read besides. None of it makes a change guilty.
    #[must_use]
    pub fn and(mut self, more: &[Evidence]) -> Self {
        for evidence in more {
            self.take(evidence, None);
        }
        self.sort();
        self
    }

    /// The same with other names of its services. A name that two services share names neither.
    #[must_use]
    pub fn with_aliases<'a>(mut self, aliases: impl IntoIterator<Item = (&'a ServiceId, &'a str)>) -> Self {
        for (service, alias) in aliases {
            if self.knows(service) {
                self.name(alias, Entity::Service(service.clone()));
            }
        }
        self.sort();
        self
    }

    /// The same with the other names that a topology has for its services.
    #[must_use]
    pub fn of_topology(self, topology: &Topology) -> Self {
        let names = |service: &'_ Service| -> Vec<(ServiceId, String)> {
            service.aliases.iter().map(|alias| (service.id.clone(), alias.clone())).collect()
        };
        let aliases: Vec<(ServiceId, String)> = topology.services.iter().flat_map(names).collect();
        self.with_aliases(aliases.iter().map(|(service, alias)| (service, alias.as_str())))
    }

    fn knows(&self, service: &ServiceId) -> bool {
        self.names.iter().any(|name| name.entity == Entity::Service(service.clone()))
    }

    /// The longest names first, so that none is found inside of another.
    fn sort(&mut self) {
        let length = |name: &Name| name.words.iter().map(String::len).sum::<usize>() + name.words.len();
        self.names.sort_by_key(|name| std::cmp::Reverse((length(name), name.exact.len())));
    }

    fn name(&mut self, exact: &str, entity: Entity) {
        let words = reader::words(exact);
        let known = self.names.iter().any(|name| name.exact == exact && name.entity == entity);
        if !words.is_empty() && !known {
            self.names.push(Name { exact: exact.to_owned(), words, entity });
        }
    }

    fn service(&mut self, service: &ServiceId) {
        self.name(service.as_str(), Entity::Service(service.clone()));
    }

    fn support(&mut self, ids: &[EvidenceId], support: &Support) {
        for id in ids {
            // An id that the evidence does not hold supports nothing.
            if let Some(of_id) = self.by_id.get_mut(id) {
                of_id.push(support.clone());
            }
        }
        match support {
            Support::Next { service, through, .. } => {
                let (service, through) = (service.clone(), through.clone());
                self.service(&service);
                self.service(&through);
            }
            Support::Cause { service, .. } => self.service(&service.clone()),
            Support::Amount { .. }
            | Support::Moment { .. }
            | Support::Calls { .. }
            | Support::State { .. }
            | Support::Words { .. }
            | Support::Change { .. }
            | Support::Action { .. } => {}
        }
    }

    fn look_ahead(&mut self, outlook: &Outlook) {
        for evidence in &outlook.evidence {
            self.take(evidence, None);
        }
        for next in &outlook.predictions {
            let (service, through) = (next.service.clone(), next.through.clone());
            let percent = Some(next.probability * 100.0);
            self.support(&next.evidence, &Support::Next { service, through, minutes: next.in_minutes, percent });
        }
    }

    fn take(&mut self, evidence: &Evidence, guilty: Option<EvidenceId>) {
        let mut supports = Vec::new();
        match &evidence.claim {
            Claim::Alarm { name, state, at, service } => {
                self.name(name, Entity::Alarm(name.clone()));
                supports.push(Support::State { alarm: name.clone(), service: service.clone(), state: *state });
                supports.push(Support::Moment { service: service.clone(), what: Happening::Alarm, at: *at });
                if let Some(service) = service {
                    self.service(service);
                }
            }
            Claim::Excess { service, measure, observed, expected, .. } => {
                self.service(service);
                supports.extend(excess(service, measure, *observed, *expected));
                if let Measure::Other(name) = measure {
                    self.name(name, Entity::Figure(name.clone()));
                }
            }
            Claim::Onset { service, at } => {
                self.service(service);
                supports.push(Support::Moment { service: Some(service.clone()), what: Happening::Onset, at: *at });
            }
            Claim::Calls { caller, callee, requests_per_min } => {
                self.service(caller);
                self.service(callee);
                let (caller, callee) = (caller.clone(), callee.clone());
                supports.push(Support::Calls { caller, callee, per_min: *requests_per_min });
            }
            Claim::Figure { service, name, value, unit, usual } => {
                self.service(service);
                if kind_of(name) == Kind::Named(name.clone()) {
                    self.name(name, Entity::Figure(name.clone()));
                }
                let (dim, factor) = match unit {
                    Unit::Count => (Dim::Count, 1.0),
                    Unit::PerMinute => (Dim::Rate, 1.0),
                    Unit::Percent => (Dim::Percent, 1.0),
                    Unit::Milliseconds => (Dim::Seconds, 0.001),
                    Unit::Seconds => (Dim::Seconds, 1.0),
                    Unit::Times => (Dim::Ratio, 1.0),
                };
                let (value, usual) = (value * factor, usual.map(|usual| usual * factor));
                let kind = kind_of(name);
                supports.push(Support::Amount { service: service.clone(), kind, dim, value, usual });
            }
            Claim::Logged { service, pattern, count, before } => {
                self.service(service);
                let (value, usual) = (number(*count), Some(number(*before)));
                let (service, kind) = (service.clone(), Kind::Lines);
                supports.push(Support::Amount { service: service.clone(), kind, dim: Dim::Count, value, usual });
                let moment = Support::Moment {
                    service: Some(service.clone()),
                    what: Happening::Lines,
                    at: evidence.window.from,
                };
                supports.push(moment);
                supports.push(Support::Words { service, text: pattern.clone(), what: Happening::Lines });
            }
            Claim::Changed { change } => {
                self.service(&change.service);
                let service = change.service.clone();
                let (what, at) = (Happening::Change, change.at);
                supports.push(Support::Moment { service: Some(service.clone()), what, at });
                supports.push(Support::Words { service: service.clone(), text: change.summary.clone(), what });
                supports.push(Support::Change { service, guilty: guilty == Some(evidence.id) });
            }
        }
        self.by_id.entry(evidence.id).or_default().extend(supports);
    }
}

/// What an excess supports: where only a share is known, also the share that fails.
fn excess(service: &ServiceId, measure: &Measure, observed: f64, expected: f64) -> Vec<Support> {
    let amount = |kind: Kind, dim: Dim, value: f64, usual: f64| Support::Amount {
        service: service.clone(),
        kind,
        dim,
        value,
        usual: Some(usual),
    };
    match measure {
        Measure::Requests => vec![amount(Kind::Requests, Dim::Rate, observed, expected)],
        Measure::Faults => vec![amount(Kind::Faults, Dim::Rate, observed, expected)],
        Measure::Availability => vec![
            amount(Kind::Success, Dim::Percent, observed, expected),
            amount(Kind::Faults, Dim::Percent, 100.0 - observed, 100.0 - expected),
        ],
        Measure::Latency => vec![amount(Kind::Latency, Dim::Seconds, observed, expected)],
        Measure::Other(name) => vec![amount(Kind::Named(name.clone()), Dim::Unknown, observed, expected)],
    }
}

/// What a figure measures by its name: some have names that are words for what is known anyway.
fn kind_of(name: &str) -> Kind {
    let plain = reader::words(name).join(" ");
    let known = [
        (Class::Requests, Kind::Requests),
        (Class::Faults, Kind::Faults),
        (Class::Success, Kind::Success),
        (Class::Latency, Kind::Latency),
        (Class::Lines, Kind::Lines),
    ];
    let found = known.into_iter().find(|(class, _)| class_of(&plain) == Some(*class));
    found.map_or_else(|| Kind::Named(name.to_owned()), |(_, kind)| kind)
}

/// A number of log lines.
fn number(count: u64) -> f64 {
    count as f64
}

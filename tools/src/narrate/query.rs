//! What the cited evidence says of a service.

use super::claims::{Entity, Happening, Kind, Support};
use super::lexicon::Class;
use super::reader::Token;
use super::segment::{Relation, Segment};
use super::support::{Cited, Scene};
use crate::model::{AlarmState, ServiceId};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Less than this share of a difference is none.
pub(super) const NOTICEABLE: f64 = 0.02;

impl Cited<'_> {
    /// The figures of a service with what is usual: of some kinds, or of all that grow as things get worse.
    pub(super) fn of(&self, subject: &ServiceId, kinds: &[Kind]) -> impl Iterator<Item = (f64, Option<f64>)> {
        self.supports.iter().filter_map(move |support| {
            let Support::Amount { service, kind, value, usual, .. } = support else { return None };
            let meant = kinds.contains(kind) || (kinds.is_empty() && *kind != Kind::Success);
            (service == subject && meant).then_some((*value, *usual))
        })
    }

    pub(super) fn suffers(&self, subject: &ServiceId) -> bool {
        self.supports.iter().any(|support| match support {
            Support::Amount { service, value, usual, .. } => {
                service == subject && usual.is_none_or(|usual| (value - usual).abs() > usual.abs() * NOTICEABLE)
            }
            Support::Moment { service, what, .. } => {
                service.as_ref() == Some(subject) && matches!(what, Happening::Onset | Happening::Lines)
            }
            Support::State { service, state, .. } => service.as_ref() == Some(subject) && *state == AlarmState::Alarm,
            Support::Cause { service, .. } => service == subject,
            Support::Calls { .. }
            | Support::Words { .. }
            | Support::Change { .. }
            | Support::Next { .. }
            | Support::Action { .. } => false,
        })
    }

    pub(super) fn state(&self, subject: &ServiceId, scene: &Scene<'_>, wanted: AlarmState) -> bool {
        let named = scene.segment.tokens.iter().find_map(|token| {
            let Token::Name(Entity::Alarm(name)) = token else { return None };
            Some(name)
        });
        self.supports.iter().any(|support| {
            let Support::State { alarm, service, state } = support else { return false };
            let own = service.as_ref() == Some(subject);
            let meant = named.map_or(own, |named| named == alarm && (own || scene.segment.own.is_empty()));
            meant && *state == wanted
        })
    }

    pub(super) fn is_planned(&self, subject: &ServiceId) -> bool {
        self.supports.iter().any(|support| matches!(support, Support::Action { service, .. } if service == subject))
    }

    pub(super) fn changed(&self, scene: &Scene<'_>) -> bool {
        let blames = scene.segment.has(Class::Cause) || scene.segment.relation == Relation::CausedBy;
        Self::each_of(&scene.subject, |s| {
            self.supports.iter().any(|support| {
                matches!(support, Support::Change { service, guilty } if service == s && (*guilty || !blames))
            })
        })
    }

    /// Whether the segment blames what the verdict blames.
    pub(super) fn is_cause(&self, scene: &Scene<'_>) -> bool {
        if scene.segment.has(Class::Change) {
            return Self::each_of(&scene.subject, |s| self.is_guilty(s));
        }
        scene.subject.len() == 1 && !scene.segment.subject.is_empty() && self.blames(&scene.subject[0])
    }

    pub(super) fn is_guilty(&self, subject: &ServiceId) -> bool {
        self.supports
            .iter()
            .any(|support| matches!(support, Support::Change { service, guilty: true } if service == subject))
    }

    /// Whether the cited evidence is what the verdict blames the service for.
    pub(super) fn blames(&self, subject: &ServiceId) -> bool {
        self.supports.iter().any(|support| matches!(support, Support::Cause { service, .. } if service == subject))
    }

    pub(super) fn is_first(&self, subject: &ServiceId) -> bool {
        let Some(own) = self.moments(subject, Some(Happening::Onset)).next() else { return false };
        self.claims.onsets.iter().all(|(service, onset)| service == subject || own < *onset)
    }

    pub(super) fn is_next(&self, subject: &ServiceId, by: Option<&ServiceId>) -> bool {
        self.supports.iter().any(|support| {
            matches!(support, Support::Next { service, through, .. }
                if service == subject && by.is_none_or(|by| by == through))
        })
    }

    /// Whether a hedge is as sure as the verdict is.
    pub(super) fn is_sure(&self, segments: &[Segment], from: u8, to: u8) -> bool {
        let (from, to) = (f64::from(from), f64::from(to));
        let blames = segments.iter().any(|segment| {
            segment.has(Class::Cause)
                || matches!(segment.relation, Relation::Causes | Relation::CausedBy | Relation::CauseOf)
        });
        let expects = segments.iter().any(|s| s.has(Class::Next) || s.relation == Relation::MayReach);
        self.supports.iter().any(|support| {
            matches!(support, Support::Cause { confidence, .. } if blames && (from..=to).contains(&(confidence * 100.0)))
                || matches!(support, Support::Next { percent: Some(percent), .. } if expects && (from..=to).contains(percent))
        })
    }

    pub(super) fn quotes(&self, subject: &ServiceId, quoted: &str) -> bool {
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let quoted = flat(quoted.trim_end_matches('…'));
        quoted.chars().count() >= 3
            && self.supports.iter().any(|support| {
                matches!(support, Support::Words { service, text, .. }
                    if service == subject && flat(&text.replace('`', "'")).contains(&quoted))
            })
    }

    /// When something happened to a service.
    pub(super) fn moments(&self, subject: &ServiceId, wanted: Option<Happening>) -> impl Iterator<Item = Timestamp> {
        self.supports.iter().filter_map(move |support| {
            let Support::Moment { service, what, at } = support else { return None };
            let meant = service.as_ref() == Some(subject) && wanted.is_none_or(|wanted| wanted == *what);
            meant.then_some(*at)
        })
    }

    /// How many services the cited evidence shows in trouble.
    pub(super) fn suffering(&self) -> usize {
        let all: BTreeSet<&ServiceId> = self.supports.iter().flat_map(|support| services_of(support)).collect();
        all.into_iter().filter(|service| self.suffers(service)).count()
    }

    pub(super) fn alarms(&self) -> usize {
        let names: BTreeSet<&str> = self
            .supports
            .iter()
            .filter_map(|support| {
                let Support::State { alarm, state: AlarmState::Alarm, .. } = support else { return None };
                Some(alarm.as_str())
            })
            .collect();
        names.len()
    }
}

/// Of whom a claim speaks.
pub(super) fn services_of(support: &Support) -> Vec<&ServiceId> {
    match support {
        Support::Amount { service, .. }
        | Support::Words { service, .. }
        | Support::Change { service, .. }
        | Support::Cause { service, .. }
        | Support::Action { service, .. } => vec![service],
        Support::Moment { service, .. } | Support::State { service, .. } => service.iter().collect(),
        Support::Calls { caller, callee, .. } => vec![caller, callee],
        Support::Next { service, through, .. } => vec![service, through],
    }
}

/// Of what a segment speaks. `failed requests` are faults, and `requests take` is latency.
pub(super) fn kinds_of(segment: &Segment) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut add = |kind: Kind| {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    };
    let has = |class: Class| segment.has(class);
    for token in &segment.tokens {
        if let Token::Name(Entity::Figure(name)) = token {
            add(Kind::Named(name.clone()));
        }
    }
    for (class, kind) in [
        (Class::Faults, Kind::Faults),
        (Class::Success, Kind::Success),
        (Class::Latency, Kind::Latency),
        (Class::Slower, Kind::Latency),
        (Class::Faster, Kind::Latency),
        (Class::Lines, Kind::Lines),
        (Class::Confidence, Kind::Confidence),
    ] {
        if has(class) {
            add(kind);
        }
    }
    if kinds.is_empty() && has(Class::Requests) {
        kinds.push(Kind::Requests);
    }
    kinds
}

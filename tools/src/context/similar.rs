//! Which past incidents resemble this one, and how they ended.
//!
//! Each incident is a bag of features in four aspects: who was blamed and how it suffered, who suffered, which alarms
//! fired, and the words of alarms and logs. Within an aspect likeness is the Jaccard index weighted by inverse document
//! frequency (Salton & Buckley 1988, *Term-weighting approaches in automatic text retrieval*): what every incident here has
//! says little. The aspects are averaged with fixed weights over those that both incidents have.

use crate::model::{Claim, Ended, Incident, ServiceId, Shared, Similar, Symptom};
use crate::recovery::plan::PlanStatus;
use std::collections::{BTreeMap, BTreeSet};

/// So many are worth reading.
const MOST: usize = 3;

/// Below this two incidents have nothing to say to each other.
const LEAST: f64 = 0.15;

/// Words and names of one aspect that are told.
const TOLD: usize = 4;

/// How much each aspect says: the blamed service most, single words least.
const WEIGHTS: [f64; 4] = [0.4, 0.25, 0.2, 0.15];

/// Words of an incident that are looked at; a flood of ten thousand alarms says nothing that its first ones do not.
const MOST_WORDS: usize = 400;

/// The features of one incident, one set an aspect.
struct Profile([BTreeSet<String>; 4]);

const CAUSE: usize = 0;
const SERVICES: usize = 1;
const ALARMS: usize = 2;
const WORDS: usize = 3;

impl Profile {
    fn of(incident: &Incident) -> Self {
        let verdict = incident.verdict.as_deref();
        let cause = verdict.and_then(|verdict| verdict.cause());
        let affected = verdict.map(|verdict| verdict.affected.as_slice()).unwrap_or_default();
        let by_verdict = affected.iter().map(|affected| affected.service.to_string());
        let by_alarm = incident.alarms.iter().filter_map(|joined| joined.service.as_ref()).map(ToString::to_string);
        let alarms: BTreeSet<String> = incident.alarms.iter().map(|joined| joined.alarm.name.clone()).collect();
        let logged = verdict.into_iter().flat_map(|verdict| &verdict.evidence).filter_map(|evidence| {
            if let Claim::Logged { pattern, .. } = &evidence.claim { Some(pattern.as_str()) } else { None }
        });
        let words: BTreeSet<String> =
            alarms.iter().map(String::as_str).chain(logged).flat_map(words).take(MOST_WORDS).collect();
        Self([
            cause.map(|cause| feature(&cause.service, cause.symptom)).into_iter().collect(),
            by_verdict.chain(by_alarm).collect(),
            alarms,
            words,
        ])
    }
}

fn feature(service: &ServiceId, symptom: Symptom) -> String {
    format!("{service} {symptom:?}")
}

/// Words of three letters and more, lower case, without those that only number something.
fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|character: char| !character.is_alphanumeric());
    let tells = |word: &&str| word.chars().count() >= 3 && word.chars().any(char::is_alphabetic);
    words.filter(tells).map(str::to_lowercase)
}

/// The incidents of `past` nearest to `incident`, the nearest first. Itself and those that begin after it are left out.
pub fn similar(incident: &Incident, past: &[Incident]) -> Vec<Similar> {
    let past: Vec<&Incident> =
        past.iter().filter(|other| other.id != incident.id && other.began_at() <= incident.began_at()).collect();
    let mine = Profile::of(incident);
    let theirs: Vec<Profile> = past.iter().map(|other| Profile::of(other)).collect();
    let rarity = Rarity::of(std::iter::once(&mine).chain(&theirs));
    let mut found: Vec<Similar> = past
        .iter()
        .zip(&theirs)
        .map(|(other, profile)| Similar {
            incident: other.id,
            began: other.began_at(),
            likeness: likeness(&mine, profile, &rarity),
            shared: shared(incident, &mine, profile, &rarity),
            cause: other.verdict.as_deref().and_then(|verdict| verdict.cause()).map(|cause| cause.service.clone()),
            ended: ended(other),
        })
        .filter(|similar| similar.likeness >= LEAST)
        .collect();
    found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness).then(b.incident.cmp(&a.incident)));
    found.truncate(MOST);
    found
}

/// In how many incidents each feature stands.
struct Rarity {
    incidents: f64,
    of: [BTreeMap<String, f64>; 4],
}

impl Rarity {
    fn of<'a>(profiles: impl Iterator<Item = &'a Profile>) -> Self {
        let mut rarity = Self { incidents: 0.0, of: Default::default() };
        for Profile(aspects) in profiles {
            rarity.incidents += 1.0;
            for (counts, features) in rarity.of.iter_mut().zip(aspects) {
                for feature in features {
                    *counts.entry(feature.clone()).or_default() += 1.0;
                }
            }
        }
        rarity
    }

    /// Smoothed, so that a feature of all incidents still weighs a little.
    fn weight(&self, aspect: usize, feature: &str) -> f64 {
        let count = self.of[aspect].get(feature).copied().unwrap_or(1.0);
        (1.0 + self.incidents / count).ln()
    }
}

fn likeness(a: &Profile, b: &Profile, rarity: &Rarity) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (aspect, weight) in WEIGHTS.into_iter().enumerate() {
        let (one, other) = (&a.0[aspect], &b.0[aspect]);
        if one.is_empty() || other.is_empty() {
            continue;
        }
        let weigh = |features: &mut dyn Iterator<Item = &String>| -> f64 {
            features.map(|feature| rarity.weight(aspect, feature)).sum()
        };
        let (both, any) = (weigh(&mut one.intersection(other)), weigh(&mut one.union(other)));
        sum += weight * both / any;
        total += weight;
    }
    if total > 0.0 { sum / total } else { 0.0 }
}

fn shared(incident: &Incident, a: &Profile, b: &Profile, rarity: &Rarity) -> Vec<Shared> {
    // The words of an alarm that is named already say nothing more.
    let named: BTreeSet<String> = a.0[ALARMS].intersection(&b.0[ALARMS]).flat_map(|name| words(name)).collect();
    let common = |aspect: usize| {
        let both = a.0[aspect].intersection(&b.0[aspect]);
        let mut common: Vec<String> =
            both.filter(|feature| aspect != WORDS || !named.contains(*feature)).cloned().collect();
        common.sort_by(|x, y| rarity.weight(aspect, y).total_cmp(&rarity.weight(aspect, x)).then(x.cmp(y)));
        common.truncate(TOLD);
        common
    };
    let cause = incident.verdict.as_deref().and_then(|verdict| verdict.cause());
    let cause = cause.filter(|_| !common(CAUSE).is_empty()).map(|cause| Shared::Cause(cause.service.clone()));
    let services = Shared::Services(common(SERVICES).into_iter().map(ServiceId::new).collect());
    let told = [services, Shared::Alarms(common(ALARMS)), Shared::Words(common(WORDS))];
    let says = |shared: &Shared| match shared {
        Shared::Cause(_) => true,
        Shared::Services(services) => !services.is_empty(),
        Shared::Alarms(names) | Shared::Words(names) => !names.is_empty(),
    };
    cause.into_iter().chain(told).filter(says).collect()
}

/// How it ended. What was changed last on the cause (or on what it calls, if that change was the guilty one's counterpart)
/// between the first alarm and the recovery is what probably fixed it.
fn ended(incident: &Incident) -> Option<Ended> {
    let at = incident.ended_at()?;
    let began = incident.began_at();
    let verdict = incident.verdict.as_deref();
    let touched: BTreeSet<&ServiceId> = verdict
        .into_iter()
        .flat_map(|verdict| {
            let guilty = verdict.guilty.and_then(|id| verdict.change(id)).map(|change| &change.service);
            verdict.cause().map(|cause| &cause.service).into_iter().chain(guilty)
        })
        .collect();
    let changes =
        verdict.into_iter().flat_map(|verdict| &verdict.evidence).filter_map(|evidence| evidence.claim.change());
    let fixes = changes.filter(|change| began < change.at && change.at <= at && touched.contains(&change.service));
    let after = fixes.max_by_key(|change| (change.at, &change.summary)).cloned();
    Some(Ended { at, after, remedy: remedy(incident) })
}

/// The last plan that helped.
fn remedy(incident: &Incident) -> Option<String> {
    let kept = incident.plans.values().filter(|state| state.status() == PlanStatus::Kept);
    let last = kept.max_by_key(|state| (state.applied_at(), state.id()))?;
    Some(last.plan().remedy.entry().sentence(&last.plan().saw))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Situation, verdict};
    use crate::model::{
        Alarm, AlarmState, Because, Change, ChangeKind, Fact, IncidentId, ScopeId, Service, Topology, Via,
    };
    use jiff::{SignedDuration, Timestamp};

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn alarm(name: &str, state: AlarmState, minute: i64) -> Box<Alarm> {
        Box::new(Alarm::named(name.to_owned(), state, at(minute)))
    }

    /// An incident with these alarms, one a minute from `begins` on, their services the part before the colon. It was
    /// looked into once, with `changes` known.
    fn incident(id: u64, begins: i64, alarms: &[&str], changes: &[Change], ends: Option<i64>) -> Incident {
        let mut facts = vec![Fact::Opened { id: IncidentId(id), scope: ScopeId("prod".to_owned()) }];
        for (late, name) in (0..).zip(alarms) {
            facts.push(Fact::AlarmJoined {
                alarm: alarm(name, AlarmState::Alarm, begins + late),
                via: Via::EventBridge,
                service: name.split_once(':').map(|(service, _)| ServiceId::new(service)),
                because: Because::First,
            });
        }
        let fired = (0..).zip(alarms).map(|(late, name)| *alarm(name, AlarmState::Alarm, begins + late)).collect();
        let services: BTreeSet<&str> = alarms.iter().filter_map(|name| Some(name.split_once(':')?.0)).collect();
        facts.push(Fact::Investigated {
            verdict: Box::new(verdict(&Situation {
                conflicts: Vec::new(),
                now: at(begins + 60),
                alarms: fired,
                topology: Some(Topology {
                    services: services.into_iter().map(Service::named).collect(),
                    edges: Vec::new(),
                }),
                series: None,
                logs: None,
                changes: changes.to_vec(),
                gaps: Vec::new(),
            })),
        });
        for name in alarms.iter().filter(|_| ends.is_some()) {
            facts.push(Fact::AlarmTurned { alarm: alarm(name, AlarmState::Ok, ends.unwrap()), via: Via::EventBridge });
        }
        let mut state = None;
        for fact in facts {
            state = Some(Incident::extend(state, at(begins), fact).unwrap().0);
        }
        state.unwrap()
    }

    fn change(service: &str, minute: i64) -> Change {
        Change {
            at: at(minute),
            service: ServiceId::new(service),
            kind: ChangeKind::Configuration,
            summary: format!("{service} at {minute}"),
            by: None,
            commit: None,
            link: None,
            error_code: None,
        }
    }

    const LOGINS: &[&str] = &["pool:throttles", "exchange:errors", "api:5xx"];

    #[test]
    fn the_nearest_comes_first_and_the_unlike_not_at_all() {
        let now = incident(9, 9000, LOGINS, &[], None);
        let past = [
            incident(1, 100, &["export:late", "billing:errors"], &[], Some(200)),
            incident(2, 1000, LOGINS, &[], Some(1100)),
            incident(3, 2000, &["pool:throttles", "search:latency"], &[], Some(2100)),
            now.clone(),
            incident(11, 9900, LOGINS, &[], None),
        ];
        let found = similar(&now, &past);
        let ids: Vec<u64> = found.iter().map(|similar| similar.incident.0).collect();
        assert_eq!(ids, [2, 3], "itself and later ones are left out");
        assert!(found[0].likeness > found[1].likeness && found[0].likeness > 0.99, "{found:?}");
        assert!(matches!(&found[0].shared[0], Shared::Cause(_)), "{:?}", found[0].shared);
        assert!(similar(&now, &[]).is_empty());
    }

    #[test]
    fn what_everybody_shares_says_little() {
        let mut past: Vec<Incident> =
            (0..20).map(|id| incident(id, i64::try_from(id).unwrap() * 100, &["web:5xx"], &[], None)).collect();
        past.push(incident(20, 5000, &["rare:broken"], &[], None));
        let now = incident(30, 9000, &["web:5xx", "rare:broken"], &[], None);
        assert_eq!(similar(&now, &past)[0].incident, IncidentId(20));
    }

    #[test]
    fn what_fixed_it_is_the_last_change_on_the_cause_before_it_ended() {
        let changes = [
            change("pool", 990),
            change("pool", 1030),
            change("pool", 1040),
            change("web", 1050),
            change("pool", 1055),
        ];
        let past = incident(2, 1000, LOGINS, &changes, Some(1050));
        assert_eq!(past.verdict.as_ref().unwrap().cause().unwrap().service.as_str(), "pool");
        let now = incident(9, 9000, LOGINS, &[], None);
        let ended = similar(&now, &[past])[0].ended.clone().unwrap();
        assert_eq!((ended.at, ended.after.map(|change| change.at)), (at(1050), Some(at(1040))));
        let open = incident(3, 1000, LOGINS, &changes, None);
        assert_eq!(similar(&now, &[open])[0].ended, None);
    }
}

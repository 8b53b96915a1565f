//! Which past incidents resemble this one, and how they ended.
//!
//! Each incident is a bag of features in four aspects: who was blamed and how it suffered, who suffered, which alarms
//! fired, and the words of alarms and logs. Within an aspect likeness is the Jaccard index weighted by inverse document
//! frequency (Salton & Buckley 1988, *Term-weighting approaches in automatic text retrieval*): what every incident here has
//! says little. The aspects are averaged with fixed weights over those that both incidents have.

use crate::model::{Claim, Ended, Incident, ServiceId, Shared, Similar, Symptom};
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
        let logged =
            verdict.into_iter().flat_map(|verdict| &verdict.evidence).filter_map(|evidence| match &evidence.claim {
                Claim::Logged { pattern, .. } => Some(pattern.as_str()),
                _ => None,
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
    let common = |aspect: usize| {
        let mut common: Vec<String> = a.0[aspect].intersection(&b.0[aspect]).cloned().collect();
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
    let at = incident.recovered_at()?;
    let began = incident.began_at();
    let verdict = incident.verdict.as_deref();
    let touched: BTreeSet<&ServiceId> = verdict
        .into_iter()
        .flat_map(|verdict| {
            let guilty = verdict.guilty.and_then(|id| match &verdict.claim(id)?.claim {
                Claim::Changed { change } => Some(&change.service),
                _ => None,
            });
            verdict.cause().map(|cause| &cause.service).into_iter().chain(guilty)
        })
        .collect();
    let changes =
        verdict.into_iter().flat_map(|verdict| &verdict.evidence).filter_map(|evidence| match &evidence.claim {
            Claim::Changed { change } => Some(change),
            _ => None,
        });
    let fixes = changes.filter(|change| began < change.at && change.at <= at && touched.contains(&change.service));
    let after = fixes.max_by_key(|change| (change.at, &change.summary)).cloned();
    Some(Ended { at, after })
}

//! How predictions came out, once it is known what happened.

use crate::model::{Forecast, Foresight, Incident, Outlook, Prediction, ServiceId, Unseen};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A prediction of at least so much counts as a warning: at one in three somebody would want to know.
const WARNING: f64 = 1.0 / 3.0;

/// Who suffered in the end, each with its onset.
pub type Onsets = BTreeMap<ServiceId, Timestamp>;

/// What was said at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// When.
    pub at: Timestamp,
    /// The services that did not suffer then, and could be seen to.
    pub services: Vec<ServiceId>,
    /// What was said of those that were listed: the probability, 0–1.
    pub said: Vec<(ServiceId, f64)>,
    /// What was said of all others, 0–1.
    pub otherwise: f64,
    /// How many services more did not suffer then, and never did.
    pub well: usize,
}

impl From<&Outlook> for Forecast {
    fn from(outlook: &Outlook) -> Self {
        let listed = listed(&outlook.predictions, &outlook.unseen);
        Self { at: outlook.at, listed, others: outlook.others, otherwise: outlook.otherwise }
    }
}

impl Asked {
    /// What was kept of a moment, now that it is known who suffered in the end: the services that were listed, those that suffered
    /// without, and the number of the rest.
    fn kept(forecast: &Forecast, outcome: &Onsets) -> Self {
        let listed: BTreeSet<&ServiceId> = forecast.listed.iter().map(|(service, _)| service).collect();
        let later = outcome.iter().filter(|(_, onset)| **onset > forecast.at).map(|(service, _)| service);
        let unlisted: BTreeSet<&ServiceId> = later.filter(|service| !listed.contains(service)).collect();
        Self {
            at: forecast.at,
            services: listed.iter().chain(&unlisted).map(|service| (*service).clone()).collect(),
            said: forecast.listed.clone(),
            otherwise: forecast.otherwise,
            well: forecast.others.saturating_sub(unlisted.len()),
        }
    }
}

/// What was said of each service that was spoken of, in any way: either way is enough to be hit, and one does not make the other any
/// likelier.
pub fn listed(predictions: &[Prediction], unseen: &[Unseen]) -> Vec<(ServiceId, f64)> {
    let mut said: BTreeMap<&ServiceId, f64> =
        predictions.iter().map(|prediction| (&prediction.service, prediction.probability)).collect();
    for unseen in unseen {
        let hit = said.entry(&unseen.service).or_default();
        *hit = 1.0 - (1.0 - *hit) * (1.0 - unseen.probability);
    }
    said.into_iter().map(|(service, probability)| (service.clone(), probability)).collect()
}

/// Grades what an incident foretold of itself. While it is not over the grade may still change.
pub fn grade_incident(incident: &Incident) -> Foresight {
    let kept = incident.forecasts.iter().map(|forecast| Asked::kept(forecast, &incident.suffered));
    grade(&kept.collect::<Vec<_>>(), &incident.suffered)
}

/// Grades what was said, in any order, by who suffered in the end. Who had begun to suffer by the moment it was asked about, and was
/// only not seen to, is left out: that is seeing late, not foreseeing.
pub fn grade(asked: &[Asked], onsets: &Onsets) -> Foresight {
    let mut asked: Vec<&Asked> = asked.iter().collect();
    asked.sort_by_key(|asked| asked.at);
    let mut foresight = Foresight::default();
    let (mut spread, mut warned) = (BTreeSet::new(), BTreeSet::new());
    for moment in asked {
        let said: BTreeMap<&ServiceId, f64> =
            moment.said.iter().map(|(service, probability)| (service, *probability)).collect();
        foresight.asked += moment.well;
        foresight.squared += f64::from(u32::try_from(moment.well).unwrap_or(u32::MAX)) * moment.otherwise.powi(2);
        let services: BTreeSet<&ServiceId> = moment.services.iter().collect();
        for service in services {
            let onset = onsets.get(service).copied();
            if onset.is_some_and(|onset| onset <= moment.at) {
                continue;
            }
            let probability = said.get(service).copied().unwrap_or(moment.otherwise);
            let outcome = f64::from(u8::from(onset.is_some()));
            foresight.asked += 1;
            foresight.hit += usize::from(onset.is_some());
            foresight.squared += (probability - outcome).powi(2);
            let Some(onset) = onset else { continue };
            spread.insert(service);
            if probability >= WARNING && warned.insert(service) {
                foresight.foreseen += 1;
                foresight.lead_minutes += onset.duration_since(moment.at).as_secs_f64() / 60.0;
            }
        }
    }
    foresight.spread = spread.len();
    foresight
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap()
    }

    fn asked(minute: i64, services: &[&str], said: &[(&str, f64)]) -> Asked {
        Asked {
            at: at(minute),
            services: services.iter().map(|service| ServiceId::new(*service)).collect(),
            said: said.iter().map(|(service, probability)| (ServiceId::new(*service), *probability)).collect(),
            otherwise: 0.01,
            well: 0,
        }
    }

    fn hits(hits: &[(&str, i64)]) -> Onsets {
        hits.iter().map(|(service, minute)| (ServiceId::new(*service), at(*minute))).collect()
    }

    #[test]
    fn probabilities_are_compared_with_what_happened_and_the_first_warning_leads() {
        let said = [
            asked(2, &["a", "b", "c"], &[("a", 0.9), ("b", 0.4)]),
            asked(0, &["a", "b", "c"], &[("a", 0.5), ("b", 0.3)]),
            asked(4, &["b", "c"], &[("b", 0.6)]),
        ];
        let foresight = grade(&said, &hits(&[("a", 3), ("b", 4), ("root", 0)]));
        let Foresight { asked, hit, foreseen, spread, lead_minutes, squared } = foresight;
        assert_eq!((asked, hit, foreseen, spread), (7, 4, 2, 2));
        assert!((lead_minutes - (3.0 + 2.0)).abs() < 1e-9, "{lead_minutes}");
        // At the fourth minute b is hit already.
        let expected = 0.25 + 0.49 + 0.01 + 0.36 + 3.0 * 0.01 * 0.01;
        assert!((squared - expected).abs() < 1e-9, "{squared}");
        let base_rate = foresight.brier_base_rate().unwrap();
        assert!((base_rate - 4.0 / 7.0 * 3.0 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn who_was_out_of_range_already_is_not_asked_about_and_nobody_asked_is_no_score() {
        let foresight = grade(&[asked(5, &["a"], &[("a", 1.0)])], &hits(&[("a", 4)]));
        assert_eq!(foresight, Foresight::default());
        assert_eq!((foresight.mean_lead_minutes(), foresight.brier()), (None, None));
        assert_eq!(grade(&[], &hits(&[("a", 4)])).brier(), None);
    }

    /// What an incident keeps is less than the names of everybody, and still gives the grade that the names give.
    #[test]
    fn what_is_kept_is_graded_as_if_everybody_were_named() {
        let onsets = hits(&[("a", 3), ("c", 9), ("root", 0)]);
        let names = asked(2, &["a", "b", "c", "d", "e"], &[("a", 0.9), ("b", 0.4)]);
        let listed = names.said.clone();
        let kept = Forecast { at: names.at, listed, others: 3, otherwise: names.otherwise };
        let (by_name, by_number) = (grade(&[names], &onsets), grade(&[Asked::kept(&kept, &onsets)], &onsets));
        assert!((by_name.squared - by_number.squared).abs() < 1e-12);
        assert_eq!(by_name, Foresight { squared: by_name.squared, ..by_number });
        assert_eq!((by_name.asked, by_name.hit), (5, 2));
    }
}

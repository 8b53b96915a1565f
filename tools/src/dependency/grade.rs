//! How predictions came out, once it is known what happened.

use super::unseen::Unseen;
use crate::model::{Affected, Foresight, Prediction, ServiceId};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A prediction of at least so much counts as a warning: at one in three somebody would want to know.
const WARNING: f64 = 1.0 / 3.0;

/// What was said at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// When.
    pub at: Timestamp,
    /// The services that did not suffer then, and could be seen to.
    pub services: Vec<ServiceId>,
    /// What was said of them.
    pub predictions: Vec<Prediction>,
    /// Who was said to suffer already, perhaps.
    pub unseen: Vec<Unseen>,
    /// What was said of all others, 0–1.
    pub otherwise: f64,
}

/// Grades what was said, in any order, by who suffered in the end. Who had begun to suffer by the moment it was asked about, and was
/// only not seen to, is left out: that is seeing late, not foreseeing.
pub fn grade(asked: &[Asked], outcome: &[Affected]) -> Foresight {
    let mut asked: Vec<&Asked> = asked.iter().collect();
    asked.sort_by_key(|asked| asked.at);
    let onsets: BTreeMap<&ServiceId, Timestamp> =
        outcome.iter().map(|affected| (&affected.service, affected.onset)).collect();
    let mut foresight = Foresight::default();
    let (mut spread, mut warned) = (BTreeSet::new(), BTreeSet::new());
    for moment in asked {
        let mut said: BTreeMap<&ServiceId, f64> =
            moment.predictions.iter().map(|prediction| (&prediction.service, prediction.probability)).collect();
        // Either way is enough, and one does not make the other any likelier.
        for unseen in &moment.unseen {
            let hit = said.entry(&unseen.service).or_default();
            *hit = 1.0 - (1.0 - *hit) * (1.0 - unseen.probability);
        }
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
    use crate::model::Symptom;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap()
    }

    fn asked(minute: i64, services: &[&str], said: &[(&str, f64)]) -> Asked {
        let prediction = |&(service, probability): &(&str, f64)| Prediction {
            service: ServiceId::new(service),
            through: ServiceId::new("x"),
            probability,
            in_minutes: None,
            requests_per_min_at_risk: None,
            entry_share: None,
            path: Vec::new(),
            evidence: Vec::new(),
        };
        Asked {
            at: at(minute),
            services: services.iter().map(|service| ServiceId::new(*service)).collect(),
            predictions: said.iter().map(prediction).collect(),
            unseen: Vec::new(),
            otherwise: 0.01,
        }
    }

    fn hit(service: &str, minute: i64) -> Affected {
        Affected { service: ServiceId::new(service), onset: at(minute), symptom: Symptom::Faults, evidence: Vec::new() }
    }

    #[test]
    fn probabilities_are_compared_with_what_happened_and_the_first_warning_leads() {
        let said = [
            asked(2, &["a", "b", "c"], &[("a", 0.9), ("b", 0.4)]),
            asked(0, &["a", "b", "c"], &[("a", 0.5), ("b", 0.3)]),
            asked(4, &["b", "c"], &[("b", 0.6)]),
        ];
        let foresight = grade(&said, &[hit("a", 3), hit("b", 4), hit("root", 0)]);
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
        let foresight = grade(&[asked(5, &["a"], &[("a", 1.0)])], &[hit("a", 4)]);
        assert_eq!(foresight, Foresight::default());
        assert_eq!((foresight.mean_lead_minutes(), foresight.brier()), (None, None));
        assert_eq!(grade(&[], &[hit("a", 4)]).brier(), None);
    }
}

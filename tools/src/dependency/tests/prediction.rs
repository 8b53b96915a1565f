use super::{at, auth_cascade, blaming, situation};
use crate::dependency::{Lags, cascade, predict};
use crate::model::{EvidenceId, Limit, Prediction, Symptom};

fn names(predictions: &[Prediction]) -> Vec<&str> {
    predictions.iter().map(|prediction| prediction.service.as_str()).collect()
}

#[track_caller]
fn check_auth(time: &str, expected: &[(&str, &str)]) {
    let (situation, verdict) = auth_cascade(time);
    let cascade = cascade(&situation, &verdict, &Lags::default());
    let ends = |prediction: &Prediction| (prediction.service.to_string(), prediction.through.to_string());
    let said: Vec<(String, String)> = cascade.predictions.iter().map(ends).collect();
    let expected: Vec<(String, String)> = expected.iter().map(|ends| (ends.0.to_owned(), ends.1.to_owned())).collect();
    assert_eq!(said, expected, "at {time}");
    for prediction in &cascade.predictions {
        assert!(prediction.in_minutes.is_some_and(|minutes| (0.0..10.0).contains(&minutes)), "{prediction:?}");
        assert!(prediction.requests_per_min_at_risk.is_some_and(|rate| rate > 50.0), "{prediction:?}");
        assert!(prediction.entry_share.is_some_and(|share| (0.01..0.5).contains(&share)), "{prediction:?}");
        let known = |id: &EvidenceId| cascade.evidence.iter().any(|evidence| evidence.id == *id);
        assert!(!prediction.evidence.is_empty() && prediction.evidence.iter().all(known));
    }
}

#[test]
fn the_auth_cascade_reaches_the_order_service_and_then_checkout() {
    check_auth("03:14:05", &[("order-service", "user-service"), ("checkout", "order-service")]);
    for time in ["03:15:05", "03:16:05", "03:17:05", "03:18:05"] {
        check_auth(time, &[("checkout", "order-service")]);
    }
    // It has happened.
    check_auth("03:21:05", &[]);
    let (situation, verdict) = auth_cascade("03:14:05");
    let path: Vec<String> = predict(&situation, &verdict)[0].path.iter().map(ToString::to_string).collect();
    assert_eq!(path, ["user-pool", "token-exchange", "auth-api", "user-service", "order-service"]);
}

#[test]
fn the_verdict_and_the_predictions_agree_on_who_is_next() {
    for minute in 13..22 {
        let (situation, verdict) = auth_cascade(&format!("03:{minute}:35"));
        let predictions = predict(&situation, &verdict);
        let expected: Vec<(&str, &str, Option<f64>)> = verdict
            .expected
            .iter()
            .map(|next| (next.service.as_str(), next.through.as_str(), next.in_minutes))
            .collect();
        let said: Vec<(&str, &str, Option<f64>)> = predictions
            .iter()
            .filter(|prediction| verdict.expected.iter().any(|next| next.service == prediction.service))
            .map(|said| (said.service.as_str(), said.through.as_str(), said.in_minutes))
            .collect();
        let ends = |list: &[(&str, &str, Option<f64>)]| -> Vec<(String, String)> {
            list.iter().map(|said| (said.0.to_owned(), said.1.to_owned())).collect()
        };
        assert_eq!(ends(&said), ends(&expected), "03:{minute}");
        let same = expected.iter().zip(&said).all(|(expected, said)| expected.2.is_none() || expected.2 == said.2);
        assert!(same, "03:{minute} {expected:?} {said:?}");
    }
}

#[test]
fn probability_falls_with_every_hop_and_rises_with_exposure() {
    let chain = situation("e>d*60 d>c*60 c>b*60 b>a*60 x>a*20 x>y*40 y>z*1");
    let predictions = predict(&chain, &blaming(&[("a", 9)]));
    let chance = |name: &str| predictions.iter().find(|said| said.service.as_str() == name).unwrap().probability;
    assert!(chance("b") > chance("c") && chance("c") > chance("d") && chance("d") > chance("e"));
    assert!(chance("b") > chance("x"));
    assert!(!names(&predictions).contains(&"y"), "a callee is not hit by who calls it");
    assert_eq!(predictions.iter().find(|said| said.service.as_str() == "e").unwrap().path.len(), 5);
}

#[test]
fn every_callee_that_suffers_adds_a_chance_and_none_takes_one_away() {
    let one = situation("u>a*10 u>b*10 v>a*10 v>x*10");
    let predictions = predict(&one, &blaming(&[("a", 9), ("b", 9)]));
    assert_eq!(names(&predictions), ["u", "v"]);
    assert!(predictions[0].probability > predictions[1].probability);
    assert!(predictions.iter().all(|said| (0.0..=1.0).contains(&said.probability)));
}

#[test]
fn who_was_exposed_for_long_and_is_well_is_likely_immune() {
    let world = situation("u>a*10");
    let chance = |minute| predict(&world, &blaming(&[("a", minute)]))[0].probability;
    assert!(chance(9) > chance(5) && chance(5) > chance(1));
    assert_eq!(predict(&world, &blaming(&[("a", -50)])), []);
}

#[test]
fn retries_raise_the_chance() {
    let world = situation("u>a*4 u>x*16");
    let calm = blaming(&[("a", 9)]);
    let mut storm = calm.clone();
    storm.bottlenecks.push(crate::model::Bottleneck {
        service: calm.affected[0].service.clone(),
        limit: Limit::RetryStorm { callee: calm.affected[0].service.clone(), amplification: 5.0, usual: None },
        severity: 0.8,
        evidence: Vec::new(),
    });
    storm.bottlenecks[0].service = crate::model::ServiceId::new("u");
    assert!(predict(&world, &storm)[0].probability > predict(&world, &calm)[0].probability + 0.05);
}

#[test]
fn cycles_end_and_nobody_waits_for_a_message() {
    let world = situation("b>a*10 a>b*10 c>b*10 b>c*10 q~a*10");
    let predictions = predict(&world, &blaming(&[("a", 9)]));
    assert_eq!(names(&predictions), ["b", "c"]);
}

#[test]
fn earlier_incidents_tell_the_lag_of_an_edge() {
    let world = situation("u>a*10 v>u*10");
    let verdict = blaming(&[("a", 8)]);
    assert_eq!(predict(&world, &verdict)[0].in_minutes, None);
    let past = [blaming(&[("a", 0), ("u", 4)]), blaming(&[("a", 0), ("u", 6)]), blaming(&[("u", 0), ("v", 9)])];
    let lags = Lags::learn(&past);
    let minutes: Vec<Option<f64>> =
        cascade(&world, &verdict, &lags).predictions.iter().map(|said| said.in_minutes).collect();
    // Five minutes after 8, at minute 10; and nine more.
    assert_eq!(minutes, [Some(3.0), Some(12.0)]);
}

#[test]
fn where_only_alarms_speak_nobody_is_warned() {
    let world = situation("u>a*10");
    let mut verdict = blaming(&[("a", 9)]);
    verdict.affected[0].symptom = Symptom::Alarms;
    assert_eq!(predict(&world, &verdict), []);
    let mut blind = world.clone();
    blind.topology = None;
    let answer = cascade(&blind, &blaming(&[("a", 9)]), &Lags::default());
    assert_eq!((answer.predictions.len(), answer.gaps[0].wanted.as_str(), answer.at), (0, "topology", at(10)));
}

#[test]
fn the_order_in_which_the_world_was_read_makes_no_difference() {
    let (situation, verdict) = auth_cascade("03:14:05");
    let lags = Lags::default();
    let told = serde_json::to_string(&cascade(&situation, &verdict, &lags)).unwrap();
    let mut other = situation.clone();
    let topology = other.topology.as_mut().unwrap();
    topology.services.reverse();
    topology.edges.rotate_left(5);
    other.series.as_mut().unwrap().reverse();
    other.alarms.reverse();
    assert_eq!(serde_json::to_string(&cascade(&other, &verdict, &lags)).unwrap(), told);
}

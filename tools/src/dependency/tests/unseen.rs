use super::{at, blaming, situation};
use crate::dependency::{Lags, cascade};
use crate::model::{
    AlarmState, Answer, Claim, Evidence, EvidenceId, ServiceId, Source, Symptom, Unseen, Verdict, Window,
};
use proptest::prelude::*;

/// A verdict that blames nobody; alarms of these services fired at these minutes.
fn alarming(alarms: &[(&str, i64)]) -> Verdict {
    let mut verdict = blaming(alarms);
    (verdict.answer, verdict.causes, verdict.path) = (Answer::NoCauseFound, Vec::new(), Vec::new());
    for (number, (service, minute)) in alarms.iter().enumerate() {
        verdict.affected[number].symptom = Symptom::Alarms;
        verdict.evidence.push(Evidence {
            id: EvidenceId(u32::try_from(number + 1).unwrap()),
            claim: Claim::Alarm {
                name: format!("{service}-errors"),
                state: AlarmState::Alarm,
                at: at(*minute),
                service: Some(ServiceId::new(*service)),
            },
            source: Source::Query("DescribeAlarms".to_owned()),
            window: Window { from: at(0), to: at(10) },
        });
    }
    verdict
}

fn below(calls: &str, verdict: &Verdict) -> Vec<Unseen> {
    cascade(&situation(calls), verdict, &Lags::default()).unseen
}

#[track_caller]
fn check(calls: &str, alarms: &[(&str, i64)], expected: &[(&str, &str)]) {
    let unseen = below(calls, &alarming(alarms));
    let mut said: Vec<(&str, &str)> = unseen.iter().map(|one| (one.service.as_str(), one.above.as_str())).collect();
    said.sort_unstable();
    assert_eq!(said, expected, "{unseen:?}");
    assert!(unseen.iter().all(|one| one.probability > 0.0 && one.probability < 1.0 && one.evidence.len() == 1));
}

#[test]
fn what_an_alarm_tells_of_may_be_in_whom_its_service_waits_for() {
    check("a>b*10 b>c*10 u>a*10", &[("a", 10)], &[("b", "a"), ("c", "a")]);
    check("a>b*10 a~q*10", &[("a", 10)], &[("b", "a")]);
    check("a>b*10 b>a*10 b>c*10", &[("a", 10)], &[("b", "a"), ("c", "a")]);
    check("u>a*10", &[("a", 10)], &[]);
}

#[test]
fn of_two_alarms_the_lower_one_is_nearer_to_the_trouble() {
    check("a>b*10 b>c*10 a>d*10", &[("a", 10), ("b", 10)], &[("c", "b")]);
    check("a>b*10 c>d*10", &[("a", 10), ("c", 9)], &[("b", "a"), ("d", "c")]);
}

#[test]
fn who_is_needed_more_is_likelier_and_an_old_alarm_tells_less() {
    let chance = |minute: i64, service: &str| {
        let unseen = below("a>b*9 a>c*2 b>d*9 u>a*10", &alarming(&[("a", minute)]));
        unseen.iter().find(|one| one.service.as_str() == service).map_or(0.0, |one| one.probability)
    };
    assert!(chance(10, "b") > chance(10, "c") && chance(10, "b") > chance(10, "d"));
    assert!(chance(10, "b") > 0.3, "{}", chance(10, "b"));
    assert!(chance(10, "b") > chance(6, "b") && chance(6, "b") > chance(2, "b"));
}

#[test]
fn a_cause_that_is_found_leaves_as_much_below_as_it_leaves_doubt() {
    let mut verdict = alarming(&[("a", 10)]);
    let unknown = below("a>b*10", &verdict)[0].probability;
    let mut causes = blaming(&[("a", 10)]).causes;
    causes[0].confidence = 0.5;
    (verdict.answer, verdict.causes) = (Answer::CauseFound, causes);
    let doubted = below("a>b*10", &verdict)[0].probability;
    assert!((doubted - unknown / 2.0).abs() < 1e-9, "{doubted} of {unknown}");
    verdict.causes[0].confidence = 1.0;
    assert_eq!(below("a>b*10", &verdict), []);
}

proptest! {
    /// The trouble that one alarm tells of is in one place: those right below its service share one belief.
    #[test]
    fn the_callees_of_one_alarm_share_one_belief(rates in proptest::collection::vec(1..1000_u32, 1..12)) {
        let calls: Vec<String> =
            rates.iter().enumerate().map(|(callee, rate)| format!("a>c{callee}*{rate} c{callee}>d{callee}*{rate}")).collect();
        let unseen = below(&calls.join(" "), &alarming(&[("a", 10)]));
        let right_below = unseen.iter().filter(|one| one.service.as_str().starts_with('c'));
        let total: f64 = right_below.map(|one| one.probability).sum();
        prop_assert!(total < 1.0, "{total}");
        prop_assert!(unseen.windows(2).all(|two| two[0].probability >= two[1].probability));
    }
}

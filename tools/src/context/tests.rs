//! The verdict on simulated estates, on the auth cascade, and on worlds made of chance.

use super::sound::consistent;
use super::synth::{ASYNC, CHAIN, DEEP, DIAMOND, FAN, SHARED, Story, TWINS, alarm};
use super::{Situation, delta, timeline_of, verdict};
use crate::capsule::{self, AUTH_CASCADE};
use crate::model::{
    Alarm, AlarmState, Answer, Change, ChangeKind, Claim, Edge, Happened, Lane, LogLine, Measure, NextStep, Service,
    ServiceId, Signal, Topology, Verdict, Window, minutes,
};
use jiff::{SignedDuration, Timestamp};

const SEEDS: u64 = 10;

/// Plays `story` with several seeds: `truth` must come first, alone, in all but `misses`.
#[track_caller]
fn check(story: &Story, truth: &str, misses: usize) {
    let mut wrong = Vec::new();
    for seed in 0..SEEDS {
        let verdict = verdict(&story.play(seed));
        consistent(&verdict);
        let named = verdict.cause().map(|cause| cause.service.as_str().to_owned());
        let alone = verdict.causes.get(1).is_none_or(|second| second.score < verdict.causes[0].score);
        if named.as_deref() != Some(truth) || !alone {
            wrong.push((seed, named));
        }
    }
    assert!(wrong.len() <= misses, "{truth} was missed: {wrong:?}");
}

pub(super) fn stories() -> Vec<(Story, &'static str)> {
    let (slow, fails) = ("Latency", "Errors");
    let retry_fail = Story { retries: vec![("c>d", 3.0)], ..Story::new(CHAIN, fails, &["a"]).failing("d", 0.3) };
    let retry_slow = Story { retries: vec![("c>d", 3.0)], ..Story::new(CHAIN, slow, &["a"]).slow("d", 0.05) };
    vec![
        (Story::new(CHAIN, slow, &["a"]).slow("d", 0.15), "d"),
        (Story::new(CHAIN, slow, &["a"]).slow("c", 0.15), "c"),
        (Story::new(CHAIN, fails, &["a"]).failing("d", 0.1), "d"),
        (Story::new(CHAIN, slow, &["a"]).slow("a", 0.15), "a"),
        (Story::new(DIAMOND, fails, &["a"]).failing("a", 0.1), "a"),
        (Story::new(CHAIN, slow, &["c"]).slow("c", 0.15), "c"),
        (Story::new(CHAIN, fails, &["a", "d"]).failing("d", 0.1), "d"),
        (Story::new(DIAMOND, slow, &["a"]).slow("d", 0.1), "d"),
        (Story::new(DIAMOND, slow, &["a"]).slow("b", 0.1), "b"),
        (Story::new(FAN, fails, &["a"]).failing("f", 0.1), "f"),
        (Story::new(FAN, slow, &["a"]).slow("i", 0.2), "i"),
        (retry_fail, "d"),
        (retry_slow, "d"),
        (Story::new(SHARED, slow, &["a", "b", "c"]).slow("db", 0.06), "db"),
        (Story::new(SHARED, slow, &["b"]).slow("db", 0.06), "db"),
        (Story::new(SHARED, slow, &["lb"]).slow("c", 0.15), "c"),
        (Story::new(ASYNC, slow, &["a"]).slow("b", 0.15).slow("w", 0.3), "b"),
        (Story::new(ASYNC, slow, &["a"]).slow("a", 0.15).slow("w", 0.3), "a"),
        (
            Story::new(TWINS, slow, &["api_AWS::ApiGateway::Stage"]).slow("t_AWS::DynamoDB::Table", 0.1),
            "t_AWS::DynamoDB::Table",
        ),
        (
            Story::new(TWINS, slow, &["api_AWS::ApiGateway::Stage"]).slow("f_AWS::Lambda::Function", 0.15),
            "f_AWS::Lambda::Function",
        ),
        (Story::new(DEEP, slow, &["s0"]).slow("s6", 0.2), "s6"),
        (Story { requests: 20.0, ..Story::new(DIAMOND, fails, &["a"]).failing("d", 0.2) }, "d"),
        (Story::new(CHAIN, fails, &["a"]).alarm("b", slow).failing("d", 0.2), "d"),
        (Story::new(CHAIN, "Custom", &["a"]).failing("d", 0.1), "d"),
        (Story::new(CHAIN, "Custom", &["a"]).slow("c", 0.15), "c"),
    ]
}

#[test]
fn the_cause_is_named_at_five_minutes_a_row() {
    for (story, truth) in stories() {
        check(&story, truth, 0);
    }
}

#[test]
fn the_cause_is_named_at_one_minute_a_row() {
    for (story, truth) in stories() {
        // At a few requests a row a fifth of them failing is chance now and then.
        let misses = if story.requests < 100.0 { 4 } else { 0 };
        check(&story.by_the_minute(), truth, misses);
    }
}

#[test]
fn a_callee_that_fails_fast_explains_callers_that_wait() {
    let story = Story { retried: Some(("d", 0.2)), ..Story::new(CHAIN, "Latency", &["a"]).failing("d", 0.3) };
    check(&story, "d", 0);
    check(&story.by_the_minute(), "d", 0);
}

#[test]
fn without_history_the_cause_is_named_with_less_confidence_and_a_gap() {
    let story = Story { history: 0, ..Story::new(DIAMOND, "Latency", &["a"]).slow("d", 0.15) };
    check(&story, "d", 0);
    let verdict = verdict(&story.play(1));
    assert!(verdict.causes[0].confidence <= 0.85);
    assert!(verdict.gaps.iter().any(|gap| gap.wanted == "metrics history"), "{:?}", verdict.gaps);
}

#[test]
fn quiet_windows_blame_nobody() {
    for (by_the_minute, most) in [(false, 4), (true, 4)] {
        let mut blamed = Vec::new();
        for (calls, entry) in [(CHAIN, "a"), (DIAMOND, "a"), (FAN, "a"), (SHARED, "lb"), (DEEP, "s0")] {
            for metric in ["Latency", "Errors"] {
                for seed in 100..120 {
                    let story = Story::new(calls, metric, &[entry]);
                    let story = if by_the_minute { story.by_the_minute() } else { story };
                    let verdict = verdict(&story.play(seed));
                    consistent(&verdict);
                    assert!(verdict.answer == Answer::CauseFound || verdict.next_steps == [NextStep::Watch]);
                    blamed.extend(verdict.cause().map(|cause| (entry, metric, seed, cause.service.clone())));
                }
            }
        }
        assert!(blamed.len() <= most, "{} of 200, by the minute {by_the_minute}: {blamed:?}", blamed.len());
    }
}

// ---- Missing lanes ----------------------------------------------------------------------------------------------------

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// A situation with nothing but `calls` and alarms `(service, seconds)`.
fn alarms_only(calls: &[&str], alarms: &[(&str, i64)]) -> Situation {
    let mut names: Vec<&str> = calls.iter().flat_map(|call| call.split('>')).collect();
    names.sort_unstable();
    names.dedup();
    let edges =
        calls.iter().filter_map(|call| call.split_once('>')).map(|(caller, callee)| Edge::between(caller, callee));
    Situation {
        conflicts: Vec::new(),
        now: at(900),
        alarms: alarms.iter().map(|(service, second)| alarm(service, "Errors", at(*second))).collect(),
        topology: (!calls.is_empty())
            .then(|| Topology { services: names.into_iter().map(Service::named).collect(), edges: edges.collect() }),
        series: None,
        logs: None,
        changes: Vec::new(),
        gaps: Vec::new(),
    }
}

#[track_caller]
fn check_lane(situation: &Situation, lane: Lane, cause: Option<&str>) -> Verdict {
    let verdict = verdict(situation);
    consistent(&verdict);
    assert_eq!(verdict.lane, lane);
    assert_eq!(verdict.cause().map(|cause| cause.service.as_str()), cause, "{:?}", verdict.causes);
    verdict
}

#[test]
fn metrics_without_calls_are_ranked_by_onset() {
    let mut story = Story::new(CHAIN, "Errors", &["a"]).failing("d", 0.2).play(3);
    story.topology = None;
    let verdict = verdict(&story);
    consistent(&verdict);
    assert_eq!((verdict.lane, verdict.answer), (Lane::MetricOnset, Answer::CauseFound));
    assert!(verdict.causes[0].confidence <= 0.7);
    assert!(verdict.gaps.iter().any(|gap| gap.wanted == "topology"));
    assert_eq!(verdict.covers(), Ok(()));
}

#[test]
fn without_request_counts_excess_cannot_be_added_up() {
    let mut story = Story::new(CHAIN, "Latency", &["a"]).slow("d", 0.3).play(3);
    story.series.as_mut().unwrap().retain(|series| series.measure == Measure::Latency);
    let verdict = verdict(&story);
    consistent(&verdict);
    assert_eq!((verdict.lane, verdict.answer), (Lane::MetricOnset, Answer::CauseFound));
    assert!(verdict.gaps.iter().any(|gap| gap.wanted == "request counts"));
}

#[test]
fn calls_without_metrics_lead_to_the_deepest_early_alarm() {
    let chain = &["web>api", "api>auth", "auth>pool", "web>shop"];
    let alarms = [("pool", 0), ("auth", 30), ("api", 60), ("web", 90)];
    let verdict = check_lane(&alarms_only(chain, &alarms), Lane::AlarmGraph, Some("pool"));
    assert_eq!(verdict.path, ["pool", "auth", "api", "web"].map(ServiceId::new));
    assert!(verdict.causes[0].confidence <= 0.5);
    assert_eq!(verdict.covers(), Ok(()));
    let late_pool = [("auth", 0), ("api", 20), ("web", 40), ("pool", 840)];
    check_lane(&alarms_only(chain, &late_pool), Lane::AlarmGraph, Some("auth"));
    let cycle = &["a>b", "b>a", "b>c"];
    check_lane(&alarms_only(cycle, &[("a", 0), ("b", 0), ("c", 0)]), Lane::AlarmGraph, Some("c"));
    // One alarm says where it hurts, not why.
    check_lane(&alarms_only(chain, &[("web", 0)]), Lane::AlarmGraph, None);
}

#[test]
fn calls_without_metrics_still_tell_who_is_next() {
    let verdict = verdict(&alarms_only(&["web>api", "api>auth", "auth>pool"], &[("pool", 0), ("auth", 60)]));
    let next: Vec<(&str, &str, Option<f64>)> =
        verdict.expected.iter().map(|next| (next.service.as_str(), next.through.as_str(), next.in_minutes)).collect();
    assert_eq!(next, [("api", "auth", Some(0.0))]);
}

#[test]
fn alarms_alone_are_ranked_by_time() {
    let verdict = check_lane(&alarms_only(&[], &[("b", 30), ("a", 0)]), Lane::AlarmOrder, Some("a"));
    assert!(verdict.causes[0].confidence <= 0.3);
    assert_eq!(verdict.covers(), Ok(()));
    check_lane(&alarms_only(&[], &[("a", 0)]), Lane::AlarmOrder, None);
    check_lane(&alarms_only(&[], &[]), Lane::AlarmOrder, None);
}

#[test]
fn a_flow_that_sees_nothing_of_the_alarming_services_leaves_it_to_the_alarms() {
    let mut story = Story::new(CHAIN, "Errors", &["a", "b"]).play(3);
    story.series.as_mut().unwrap().retain(|series| !["a", "b"].contains(&series.service.as_str()));
    let verdict = check_lane(&story, Lane::AlarmGraph, Some("b"));
    assert!(verdict.gaps.iter().any(|gap| gap.wanted == "metrics of a, b"), "{:?}", verdict.gaps);
}

#[test]
fn a_service_without_metrics_is_named_by_the_entry_that_waits_for_it() {
    let mut story = Story::new(&["b>c", "c>d", "x>d"], "Errors", &["b"]).failing("c", 0.2).play(3);
    story.series.as_mut().unwrap().retain(|series| series.service.as_str() != "c");
    let verdict = check_lane(&story, Lane::ExcessFlow, Some("c"));
    assert!(verdict.gaps.iter().any(|gap| gap.wanted == "metrics of c"), "{:?}", verdict.gaps);
    // Below a hurt caller the one that alarms may be the cause itself; the dark one is still the next to be looked at.
    let mut story = Story::new(&["a>b", "b>c", "c>d", "x>d"], "Errors", &["a", "b"]).failing("c", 0.2).play(3);
    story.series.as_mut().unwrap().retain(|series| series.service.as_str() != "c");
    let verdict = check_lane(&story, Lane::ExcessFlow, Some("b"));
    assert_eq!(verdict.causes[1].service.as_str(), "c");
}

#[test]
fn an_alarm_of_an_unknown_service_is_a_gap() {
    let mut story = Story::new(CHAIN, "Errors", &["a"]).failing("d", 0.2).play(3);
    story.alarms.push(alarm("nightly-export", "Errors", at(0)));
    let verdict = verdict(&story);
    assert!(verdict.gaps.iter().any(|gap| gap.wanted.contains("nightly-export-Errors")), "{:?}", verdict.gaps);
}

#[test]
fn who_complains_in_its_log_of_another_that_is_hurt_is_no_cause() {
    let story = Story::new(CHAIN, "Errors", &["a"]).failing("d", 0.2);
    let mut situation = Situation { topology: None, ..story.play(3) };
    let began = situation.alarms[0].changed_at;
    let line = |second: i64, service: &str, text: &str| LogLine {
        at: began + SignedDuration::from_secs(second),
        service: ServiceId::new(service),
        level: None,
        text: text.to_owned(),
    };
    let named = |situation: &Situation| verdict(situation).cause().map(|cause| cause.service.to_string());
    assert!(named(&situation).is_some());
    let complaints = [("a", "b"), ("b", "c"), ("c", "d")];
    let lines = complaints
        .iter()
        .flat_map(|(from, to)| (0..5).map(move |second| (second, *from, format!("ERROR upstream {to} returned 503"))));
    situation.logs = Some(lines.map(|(second, from, text)| line(second, from, &text)).collect());
    assert_eq!(named(&situation).as_deref(), Some("d"));
}

// ---- The rest of the answer -------------------------------------------------------------------------------------------

#[test]
fn changes_are_sorted_by_suspicion_and_one_on_the_cause_is_a_next_step() {
    let mut story = Story::new(CHAIN, "Errors", &["a"]).failing("c", 0.2).play(3);
    let onset = verdict(&story).affected[0].onset;
    let change = |service: &str, before_min: i64| Change {
        at: onset - minutes(before_min),
        service: ServiceId::new(service),
        kind: ChangeKind::Deploy,
        summary: format!("{service}{before_min}"),
        by: None,
        link: None,
        commit: None,
        error_code: None,
    };
    let refused = Change { error_code: Some("AccessDenied".to_owned()), ..change("c", 2) };
    story.changes = vec![change("c", -8), change("a", 1), change("d", 3), refused, change("c", 50), change("c", 9)];
    let verdict = verdict(&story);
    consistent(&verdict);
    let told = |id| {
        let Claim::Changed { change } = &verdict.claim(id).unwrap().claim else { panic!("{id} is no change") };
        change.summary.clone()
    };
    let order: Vec<String> = verdict.changes.iter().map(|suspect| told(suspect.evidence)).collect();
    assert_eq!(order, ["c9", "c50", "d3", "a1", "c-8"]);
    let reviewed = verdict.next_steps.iter().find_map(|step| match step {
        NextStep::ReviewChange { change, evidence } => Some((change.summary.as_str(), *evidence)),
        NextStep::Inspect { .. } | NextStep::Warn { .. } | NextStep::Watch => None,
    });
    assert_eq!(reviewed, Some(("c9", verdict.changes[0].evidence)));
}

#[test]
fn an_excess_is_told_in_units_and_can_be_asked_for_again() {
    let verdict = verdict(&Story::new(CHAIN, "Errors", &["a"]).failing("d", 0.5).play(3));
    let first = verdict.claim(verdict.causes[0].evidence[0]).unwrap();
    let Claim::Excess { measure, observed, expected, own_share, .. } = &first.claim else { panic!("{first:?}") };
    // 400 requests in five minutes, half of them failing.
    assert_eq!(*measure, Measure::Faults);
    assert!((25.0..60.0).contains(observed) && *expected < 1.0 && (own_share - 1.0).abs() < 1e-9, "{first:?}");
    assert_eq!(serde_json::to_value(&first.source).unwrap()["query"], "GetMetricData d requests,faults Sum 300s");
    assert_eq!(first.window.to.duration_since(first.window.from), minutes(10));
}

/// The auth cascade so many seconds after its first alarm reached us.
fn auth_cascade(after_s: i64) -> Verdict {
    let capsule = capsule::parse(AUTH_CASCADE.as_bytes()).unwrap();
    let first = capsule.signals.iter().filter(|delivery| matches!(delivery.signal, Signal::Alarm { .. }));
    let now = first.map(|delivery| delivery.received).min().unwrap() + SignedDuration::from_secs(after_s);
    let known = Window { from: Timestamp::UNIX_EPOCH, to: now };
    verdict(&Situation {
        now,
        alarms: capsule.alarms_until(now),
        series: Some(capsule.series.iter().map(|series| series.within(known)).collect()),
        logs: None,
        changes: capsule.changes_until(now),
        topology: Some(capsule.topology),
        conflicts: Vec::new(),
        gaps: Vec::new(),
    })
}

#[test]
fn the_change_behind_the_auth_cascade_is_guilty_and_the_others_are_not() {
    let verdict = auth_cascade(640);
    let guilty = verdict.claim(verdict.guilty.unwrap()).unwrap();
    let Claim::Changed { change } = &guilty.claim else { panic!("{guilty:?}") };
    assert_eq!((change.service.as_str(), change.kind), ("user-pool", ChangeKind::Configuration));
    assert_eq!(verdict.changes.len(), 3);
    assert!(verdict.changes[1..].iter().all(|other| other.likelihood < 0.3), "{:?}", verdict.changes);
}

#[test]
fn the_auth_cascade_is_understood_from_its_first_alarm_on() {
    for (after_s, affected, next) in [
        (0, &["token-exchange", "auth-api"][..], Some("user-service")),
        (60, &["token-exchange", "auth-api", "user-service"], Some("order-service")),
        (90, &["token-exchange", "auth-api", "user-service"], Some("order-service")),
        (120, &["token-exchange", "auth-api", "user-service", "order-service"], Some("checkout")),
        (300, &["token-exchange", "auth-api", "user-service", "order-service"], Some("checkout")),
        (640, &["token-exchange", "auth-api", "user-service", "order-service", "checkout"], None),
    ] {
        let verdict = auth_cascade(after_s);
        consistent(&verdict);
        assert_eq!(verdict.cause().map(|cause| cause.service.as_str()), Some("user-pool"), "after {after_s} s");
        for service in affected {
            assert!(verdict.affected.iter().any(|it| it.service.as_str() == *service), "{service} after {after_s} s");
        }
        let expected = verdict.expected.first().map(|next| next.service.as_str());
        assert_eq!(expected, next, "after {after_s} s");
        assert_eq!(verdict.covers(), Ok(()));
        let review = |step: &NextStep| matches!(step, NextStep::ReviewChange { change, .. } if change.service.as_str() == "user-pool");
        assert!(verdict.next_steps.iter().any(review), "after {after_s} s");
    }
}

// ---- Timeline and what is new ----------------------------------------------------------------------------------------

/// The auth cascade with every alarm transition that had reached us by `after_s` seconds after the first one.
fn auth_cascade_situation(after_s: i64) -> Situation {
    let capsule = capsule::parse(AUTH_CASCADE.as_bytes()).unwrap();
    let first = capsule.signals.iter().filter(|delivery| matches!(delivery.signal, Signal::Alarm { .. }));
    let now = first.map(|delivery| delivery.received).min().unwrap() + SignedDuration::from_secs(after_s);
    Situation { now, alarms: capsule.alarms_until(now), ..crate::eval::situation_at_end(&capsule) }.as_of(now)
}

#[test]
fn the_timeline_runs_from_the_change_to_the_last_alarm() {
    let situation = auth_cascade_situation(300);
    let moments = timeline_of(&verdict(&situation), &situation.alarms);
    assert!(moments.is_sorted_by_key(|moment| moment.at));
    let place =
        |wanted: &dyn Fn(&Happened) -> bool| moments.iter().position(|moment| wanted(&moment.happened)).unwrap();
    let changed = place(
        &|happened| matches!(happened, Happened::Changed { change, .. } if change.service.as_str() == "user-pool"),
    );
    let onset =
        place(&|happened| matches!(happened, Happened::Onset { service, .. } if service.as_str() == "user-pool"));
    let alarm = place(&|happened| matches!(happened, Happened::Alarm { .. }));
    assert!(changed < onset && onset < alarm, "{changed} {onset} {alarm}");
    let told = moments.iter().filter(|moment| matches!(moment.happened, Happened::Alarm { .. })).count();
    assert_eq!(told, situation.alarms.len(), "every transition is told once");
}

#[test]
fn what_is_new_is_the_difference_of_two_moments() {
    let situation = auth_cascade_situation(640);
    let now = verdict(&situation);
    let begins = situation.alarms.iter().map(|alarm| alarm.changed_at).min().unwrap();
    let news = delta(&situation, &now, begins + SignedDuration::from_secs(90));
    assert_eq!((&news.cause_then, &news.cause_now), (&news.cause_now, &now.cause().map(|cause| cause.service.clone())));
    assert!(news.newly_affected.iter().any(|service| service.as_str() == "checkout"), "{news:?}");
    assert!(!news.newly_affected.iter().any(|service| service.as_str() == "user-pool"), "{news:?}");
    assert!(!news.fired.is_empty());
    let everything = delta(&situation, &now, begins - minutes(1));
    assert_eq!((everything.cause_then, everything.cause_now.is_some()), (None, true));
    assert!(everything.fired.len() > news.fired.len());
    let nothing = delta(&situation, &now, situation.now);
    assert!(nothing.is_empty(), "{nothing:?}");
}

#[test]
fn an_alarm_that_recovered_is_new_as_well() {
    let mut situation = alarms_only(&["a>b"], &[("a", 0), ("b", 10)]);
    situation.alarms.push(Alarm { state: AlarmState::Ok, ..alarm("a", "Errors", at(300)) });
    let news = delta(&situation, &verdict(&situation), at(60));
    assert_eq!((news.fired.len(), news.recovered.len()), (0, 1), "{news:?}");
}

//! Candidates that change what is seen or who is told, the team's own runbooks, and watching.

use super::{Act, Candidate, Ground, Known, Proposal, Trigger, Why, Worse, left_alone, whole, wrong_cause};
use crate::context::Atlas;
use crate::model::{Alarm, AlarmState, Cause, Claim, EvidenceId, IsolationRemedy, Reading, ServiceId, minutes};
use crate::ports::Lever;
use crate::recovery::remedy::{LogLevel, MuteAlarms, Remedy, Runbook, TraceSampling};
use crate::recovery::sight::{Sight, count};
use crate::recovery::terms::{OwnRunbook, Terms};
use std::collections::{BTreeMap, BTreeSet};

/// What changes only what is seen brings at most.
const SEEN: f64 = 0.1;

/// Alarms are muted for so many minutes.
const MUTED_MIN: u32 = 60;

/// A mute rule holds no more alarms.
const MOST_ALARMS: usize = 100;

/// More is logged or traced for so many minutes.
const LOOK_MIN: u32 = 30;

/// So many traces a minute tell enough.
const TRACES_PER_MIN: f64 = 60.0;

/// A cause that is still there so many minutes later does not go by itself.
const PATIENCE_MIN: i64 = 5;

/// Triggers of one sort that are listed.
const MOST_TRIGGERS: usize = 3;

/// From this probability on it is worth saying that somebody may be hit meanwhile.
const LIKELY: f64 = 1.0 / 3.0;

/// How much of the trouble a runbook takes away is not known.
const HALF: f64 = 0.5;

/// All of them.
pub(super) fn candidates(sight: &Sight<'_>, levers: &Known<'_>, terms: &Terms) -> Vec<Candidate> {
    let mut found = Vec::new();
    if let Some(cause) = sight.cause() {
        found.extend(mute(sight, levers, cause));
        found.extend(log(sight, levers, cause));
        found.extend(trace(sight, levers, cause));
        found.extend(runbooks(sight, levers, terms, cause));
    }
    found
}

/// The alarms that only follow: they fire, what they belong to waits for the cause through others that suffer, and they began
/// no earlier than it.
fn mute(sight: &Sight<'_>, levers: &Known<'_>, cause: &Cause) -> Option<Candidate> {
    let topology = sight.situation.topology.as_ref()?;
    let node = sight.graph.node(&cause.service)?;
    let above: BTreeSet<usize> = sight.above(node, |caller| sight.node_suffers(caller)).into_iter().skip(1).collect();
    let onset = sight.verdict.affected.iter().find(|sick| sight.is_same(&sick.service, &cause.service))?.onset;
    let atlas = Atlas::new(topology.clone());
    let home = topology.service(&cause.service);
    // A mute rule holds alarms of its own account and region.
    let is_elsewhere = |alarm: &Alarm| {
        let differs =
            |of: Option<&String>, other: Option<&String>| of.zip(other).is_some_and(|(of, other)| of != other);
        differs(alarm.account.as_ref(), home.and_then(|home| home.account.as_ref()))
            || differs(alarm.region.as_ref(), home.and_then(|home| home.region.as_ref()))
    };
    let firing = firing(&sight.situation.alarms);
    let follows = |alarm: &&&Alarm| {
        let service = atlas.service_of(alarm).and_then(|service| sight.graph.node(&service.id));
        !alarm.muted
            && alarm.changed_at >= onset
            && !is_elsewhere(alarm)
            && service.is_some_and(|service| above.contains(&service))
    };
    let names: BTreeSet<&str> = firing.iter().filter(follows).map(|alarm| alarm.name.as_str()).collect();
    let names: Vec<String> = names.into_iter().take(MOST_ALARMS).map(str::to_owned).collect();
    if names.is_empty() {
        return None;
    }
    let mut evidence = cause.evidence.clone();
    evidence.extend(sight.verdict.evidence.iter().filter_map(|evidence| match &evidence.claim {
        Claim::Alarm { name, .. } if names.contains(name) => Some(evidence.id),
        Claim::Alarm { .. }
        | Claim::Excess { .. }
        | Claim::Onset { .. }
        | Claim::Calls { .. }
        | Claim::Figure { .. }
        | Claim::Logged { .. }
        | Claim::Changed { .. } => None,
    }));
    let (alarms, all) = (names.len(), firing.len());
    let remedy = Remedy::MuteAlarms(MuteAlarms { alarms: names, minutes: MUTED_MIN });
    let target = remedy.target();
    // The rule is Clarity's own and named after its alarms: where nothing is read there is none.
    let known = levers.of_kind(&cause.service, &target.kind).into_iter().find(|lever| lever.target == target).cloned();
    let lever = known.unwrap_or_else(|| Lever { target, reading: Reading::default(), unread: BTreeSet::new() });
    Some(Candidate {
        service: cause.service.clone(),
        remedy,
        lever,
        why: vec![Why { ground: Ground::OnlyFollow { alarms, firing: all }, evidence }],
        worse: wrong_cause(sight).into_iter().chain([Worse::Hidden { alarms }]).collect(),
        benefit: SEEN * count(alarms) / count(all.max(1)),
        ails: cause.confidence,
        measured: cause.service.clone(),
    })
}

/// The alarms that fire now, each by its latest transition.
fn firing(alarms: &[Alarm]) -> Vec<&Alarm> {
    let mut latest: BTreeMap<&str, &Alarm> = BTreeMap::new();
    for alarm in alarms {
        let known = latest.entry(&alarm.name).or_insert(alarm);
        // Of two at once the one that tells more, whichever came first.
        let rank =
            |alarm: &Alarm| (alarm.changed_at, alarm.metric.is_some(), alarm.state == AlarmState::Alarm, alarm.muted);
        let more = |alarm: &Alarm| (alarm.account.clone(), alarm.region.clone());
        if (rank(alarm), more(alarm)) > (rank(known), more(known)) {
            *known = alarm;
        }
    }
    latest.into_values().filter(|alarm| alarm.state == AlarmState::Alarm).collect()
}

/// What of the cause cannot be seen: a gap that is about `lane`, in general or there.
fn unseen(sight: &Sight<'_>, cause: &Cause, lanes: &[&str]) -> Option<String> {
    let gaps = sight.verdict.gaps.iter().chain(&sight.outlook.gaps);
    let mut wanted = gaps.map(|gap| gap.wanted.as_str());
    let is_it = |wanted: &&str| {
        lanes.iter().any(|lane| {
            let there = || wanted.strip_prefix(lane).and_then(|rest| rest.strip_prefix(" of "));
            wanted == lane || there().is_some_and(|names| names.split(", ").any(|name| name == cause.service.as_str()))
        })
    };
    wanted.find(is_it).map(str::to_owned)
}

fn look(cause: &Cause, wanted: String, remedy: Remedy, lever: &Lever, worse: Vec<Worse>) -> Candidate {
    Candidate {
        service: cause.service.clone(),
        remedy,
        lever: lever.clone(),
        why: vec![Why { ground: Ground::Unseen { wanted }, evidence: cause.evidence.clone() }],
        worse,
        benefit: SEEN,
        ails: cause.confidence,
        measured: cause.service.clone(),
    }
}

/// A louder log of a cause that is silent, or whose log cannot be read.
fn log(sight: &Sight<'_>, levers: &Known<'_>, cause: &Cause) -> Option<Candidate> {
    let is_own = |service: &ServiceId| sight.is_same(service, &cause.service);
    let is_silent = || {
        let lines = sight.situation.logs.as_ref().filter(|lines| !lines.iter().any(|line| is_own(&line.service)));
        lines.map(|_| format!("logs of {}", cause.service))
    };
    let wanted = unseen(sight, cause, &["logs"]).or_else(is_silent)?;
    let functions = levers.of_kind(&cause.service, "AWS::Lambda::Function");
    let [lever] = functions.as_slice() else { return None };
    let level = match lever.reading.settings.get("ApplicationLogLevel").map_or("INFO", String::as_str) {
        "DEBUG" => "TRACE",
        "INFO" => "DEBUG",
        _ => "INFO",
    };
    let remedy = LogLevel { function: lever.target.name.clone(), level: level.to_owned(), minutes: LOOK_MIN };
    Some(look(cause, wanted, Remedy::LogLevel(remedy), lever, vec![Worse::ColdRestarts]))
}

/// More traces of a cause that is not traced enough.
fn trace(sight: &Sight<'_>, levers: &Known<'_>, cause: &Cause) -> Option<Candidate> {
    let wanted = unseen(sight, cause, &["traces", "topology from traces", "topology"])?;
    let rules = levers.of_kind(&cause.service, "AWS::XRay::SamplingRule");
    let [lever] = rules.as_slice() else { return None };
    let per_min = sight.pulse(&cause.service).now.per_min.filter(|per_min| *per_min > 0.0);
    let percent = per_min.map_or(Some(50), |per_min| whole(100.0 * TRACES_PER_MIN / per_min, 100))?.max(5);
    let percent = u8::try_from(percent).unwrap_or(100);
    let remedy = TraceSampling { rule: lever.target.name.clone(), percent, minutes: LOOK_MIN };
    Some(look(cause, wanted, Remedy::TraceSampling(remedy), lever, Vec::new()))
}

/// What the team declared for the cause, or for who has to stop calling it.
fn runbooks(sight: &Sight<'_>, levers: &Known<'_>, terms: &Terms, cause: &Cause) -> Vec<Candidate> {
    let mut runbooks: Vec<&OwnRunbook> = terms.runbooks.iter().collect();
    runbooks.sort_by_cached_key(|runbook| format!("{runbook:?}"));
    runbooks.dedup_by(|a, b| a.spec.name == b.spec.name);
    let mut places: Vec<(&ServiceId, Vec<EvidenceId>)> = vec![(&cause.service, cause.evidence.clone())];
    for edge in sight.outlook.isolation.cut.iter().filter(|_| sight.outlook.isolation.worth_it) {
        if let IsolationRemedy::Runbook { service } = &edge.remedy {
            places.push((service, edge.evidence.clone()));
        }
    }
    let mut found = Vec::new();
    for (service, evidence) in places {
        let kind = sight.graph.node(service).and_then(|node| sight.graph.nodes()[node].kind.as_deref());
        for own in runbooks.iter().filter(|own| own.is_for(service, kind)) {
            let known =
                levers.of_kind(service, "Clarity::Runbook").into_iter().find(|lever| lever.target == own.target());
            let told = || Lever { target: own.target(), reading: own.reading.clone(), unread: BTreeSet::new() };
            let remedy = Runbook { name: own.spec.name.clone(), input: own.input_for(service) };
            found.push(Candidate {
                service: service.clone(),
                remedy: Remedy::Runbook(remedy),
                lever: known.cloned().unwrap_or_else(told),
                why: vec![Why { ground: Ground::Declared, evidence: evidence.clone() }],
                worse: wrong_cause(sight).into_iter().chain([Worse::UpToRunbook]).collect(),
                benefit: HALF * sight.share_above(service),
                ails: cause.confidence,
                measured: service.clone(),
            });
        }
    }
    found
}

/// Doing nothing, and what would have to be seen to act.
pub(super) fn watch(sight: &Sight<'_>) -> Proposal {
    let cause = sight.cause();
    let likely = || sight.outlook.predictions.iter().filter(|prediction| prediction.probability >= LIKELY);
    let mut until = Vec::new();
    match cause {
        _ if sight.verdict.affected.is_empty() => until.push(Trigger::AnySuffers),
        None => until.push(Trigger::CauseFound),
        Some(cause) => until.push(Trigger::Persists {
            service: cause.service.clone(),
            symptom: cause.symptom,
            at: sight.situation.now.saturating_add(minutes(PATIENCE_MIN)).unwrap_or(sight.situation.now),
        }),
    }
    until.extend(likely().take(MOST_TRIGGERS).map(|prediction| Trigger::Hit {
        service: prediction.service.clone(),
        probability: prediction.probability,
        in_minutes: prediction.in_minutes,
    }));
    if cause.is_none() {
        let gaps = sight.verdict.gaps.iter().take(MOST_TRIGGERS);
        until.extend(gaps.map(|gap| Trigger::Seen { wanted: gap.wanted.clone() }));
    }
    let ground = match cause {
        _ if sight.verdict.affected.is_empty() => Ground::NothingSuffers,
        None => Ground::NoCause,
        Some(_) => Ground::Baseline,
    };
    let worse = likely()
        .take(MOST_TRIGGERS)
        .map(|prediction| Worse::Spreads { service: prediction.service.clone(), probability: prediction.probability });
    Proposal {
        act: Act::Watch { until },
        service: cause.map(|cause| cause.service.clone()),
        why: vec![Why { ground, evidence: cause.map(|cause| cause.evidence.clone()).unwrap_or_default() }],
        worse: worse.collect(),
        benefit: 0.0,
        probability: 0.0,
        score: 0.0,
        recovery: left_alone(),
    }
}

//! What holds in any world.

use super::{at, claimed, id, lever, situation};
use crate::context::Situation;
use crate::dependency::{Lags, outlook};
use crate::model::{
    Affected, Alarm, AlarmState, Answer, Bottleneck, Cause, Change, ChangeKind, Claim, EvidenceId, Gap, IncidentId,
    Lane, Limit, Measure, Outlook, Reading, Series, ServiceId, Suspect, Symptom, Unit, Verdict,
};
use crate::ports::Lever;
use crate::recovery::policy::PersonId;
use crate::recovery::propose::{Act, LIFETIME, MOST, Proposal, pin, propose};
use crate::recovery::remedy::{InputSchema, InputType, RunbookKind, RunbookSpec};
use crate::recovery::{OwnRunbook, Past, Terms};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// `SplitMix64`.
struct Chance(u64);

impl Chance {
    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % end.max(1)
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// A share, 0–1, with a few values that nobody should send.
    fn share(&mut self) -> f64 {
        match self.below(12) {
            0 => 0.0,
            1 => 1.0,
            _ => f64::from(u32::try_from(self.below(1_000)).unwrap()) / 1_000.0,
        }
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

struct World {
    situation: Situation,
    verdict: Verdict,
    outlook: Outlook,
    levers: BTreeMap<ServiceId, Vec<Lever>>,
    terms: Terms,
}

const KINDS: [&str; 5] =
    ["AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::ECS::Service", "AWS::SQS::Queue", "AWS::Events::EventBus"];

fn name(at: usize) -> String {
    format!("svc{at}")
}

fn limit(chance: &mut Chance, size: usize) -> Limit {
    let share = chance.share();
    match chance.below(7) {
        0 => Limit::ColdStarts { count: 9.0, share, added_ms: 500.0, p95_ms: None, usual_share: None },
        1 => Limit::Throttles { per_min: 90.0, share: Some(share), usual: None },
        2 => Limit::Concurrency { peak: 1_000.0 * share, usual: None },
        3 => Limit::Spillover { per_min: 9.0, share: None, utilization: Some(share) },
        4 => {
            let callee = id(&name(chance.below(size)));
            Limit::RetryStorm { callee, amplification: 1.0 + 9.0 * share, usual: None }
        }
        5 => Limit::QueueAge { age_s: 900.0 * share, usual_s: None },
        _ => Limit::HotPartition { per_min: 9.0, table_use: Some(share) },
    }
}

fn levers_of(service: &str, kind: &str, chance: &mut Chance) -> Vec<Lever> {
    let left = 90 + chance.below(900);
    let told = match kind {
        "AWS::Lambda::Function" => vec![
            format!("AWS::Lambda::Function {service} | LogFormat=JSON unreserved_concurrent_executions={left}"),
            format!(
                "AWS::Lambda::Alias {service}:live | FunctionVersion=7 published_at:6=2023-11-14T00:00:00Z \
                 unreserved_concurrent_executions={left} memory_size=512"
            ),
            format!(
                "AWS::Lambda::EventSourceMapping 8f9e8d7c-6b5f-4e3d-9c2b-1a0f9e8d{:04} | State=Enabled",
                chance.below(9_999)
            ),
            "AWS::XRay::SamplingRule Default | FixedRate=0.05".to_owned(),
        ],
        "AWS::DynamoDB::Table" => vec![format!(
            "AWS::DynamoDB::Table {service} | BillingMode=PROVISIONED ReadCapacityUnits={left} WriteCapacityUnits=40000 \
             table_status=ACTIVE"
        )],
        "AWS::ECS::Service" => vec![format!(
            "AWS::ECS::Service shop:{service} | DesiredCount={left} TaskDefinition=x:4 task_definition_status:x:3=ACTIVE"
        )],
        "AWS::Events::EventBus" => vec![format!("AWS::Events::Rule {service}:all | State=ENABLED")],
        _ => Vec::new(),
    };
    let mut levers: Vec<Lever> = told.iter().map(|told| lever(told)).collect();
    for lever in &mut levers {
        if chance.one_in(6) {
            lever.unread.insert("RoutingConfig".to_owned());
        }
        if chance.one_in(8) {
            let gone = lever.reading.settings.keys().nth(chance.below(lever.reading.settings.len())).cloned();
            gone.map(|gone| lever.reading.settings.remove(&gone));
        }
        if chance.one_in(8) {
            lever.reading.revision = None;
        }
    }
    levers
}

fn verdict_of(chance: &mut Chance, size: usize, sick: &[usize]) -> Verdict {
    let mut evidence = Vec::new();
    let mut claim = |claim: Claim| {
        let number = u32::try_from(evidence.len() + 1).unwrap();
        evidence.push(claimed(number, claim));
        EvidenceId(number)
    };
    let affected: Vec<Affected> = sick
        .iter()
        .map(|&at_| {
            let (service, onset) = (id(&name(at_)), at(i64::try_from(chance.below(9)).unwrap()));
            let ids = vec![claim(Claim::Onset { service: service.clone(), at: onset })];
            Affected { service, onset, symptom: Symptom::Faults, evidence: ids }
        })
        .collect();
    let causes: Vec<Cause> = affected
        .iter()
        .take(2)
        .map(|sick| Cause {
            service: sick.service.clone(),
            symptom: Symptom::Faults,
            score: 1.0,
            confidence: chance.share(),
            evidence: sick.evidence.clone(),
        })
        .collect();
    let mut bottlenecks = Vec::new();
    for _ in 0..chance.below(6) {
        let service = id(&name(chance.below(size)));
        let figure = Claim::Figure {
            service: service.clone(),
            name: "x".to_owned(),
            value: 1.0,
            unit: Unit::Count,
            usual: None,
        };
        let ids = vec![claim(figure)];
        bottlenecks.push(Bottleneck { service, limit: limit(chance, size), severity: chance.share(), evidence: ids });
    }
    let change = Change {
        at: at(4),
        service: id(&name(chance.below(size))),
        kind: [ChangeKind::Deploy, ChangeKind::Configuration][chance.below(2)],
        summary: String::new(),
        by: None,
        commit: None,
        link: None,
        error_code: None,
    };
    let changed = claim(Claim::Changed { change });
    let gaps = ["logs", "topology from traces", "metrics of svc1"].iter().filter(|_| chance.one_in(2));
    let gaps = gaps.map(|wanted| Gap { wanted: (*wanted).to_owned(), because: String::new(), remedy: None });
    let gaps = gaps.collect();
    Verdict {
        at: at(10),
        lane: Lane::ExcessFlow,
        answer: if causes.is_empty() || chance.one_in(4) { Answer::NoCauseFound } else { Answer::CauseFound },
        path: causes.iter().map(|cause| cause.service.clone()).collect(),
        causes,
        affected,
        expected: Vec::new(),
        changes: vec![Suspect { evidence: changed, likelihood: chance.share(), reasons: Vec::new() }],
        guilty: chance.one_in(2).then_some(changed),
        bottlenecks,
        gaps,
        next_steps: Vec::new(),
        evidence,
    }
}

fn runbook(number: usize, kind: &str) -> OwnRunbook {
    let input = InputSchema { kind: InputType::Object, properties: BTreeMap::new(), required: BTreeSet::new() };
    let spec = RunbookSpec {
        name: format!("runbook-{number}"),
        about: String::new(),
        kind: RunbookKind::Function("f".to_owned()),
        risk: crate::model::Risk::Low,
        inverse: None,
        input,
    };
    let reading = spec.reading(0, None);
    OwnRunbook {
        services: BTreeSet::new(),
        kinds: BTreeSet::from([kind.to_owned()]),
        input: BTreeMap::new(),
        reading,
        spec,
    }
}

fn world(seed: u64) -> World {
    let mut chance = Chance(seed);
    let size = 2 + chance.below(14);
    let mut told = String::new();
    let kinds: Vec<&str> = (0..size).map(|_| KINDS[chance.below(KINDS.len())]).collect();
    for (at, kind) in kinds.iter().enumerate() {
        write!(told, "{}:{kind} ", name(at)).unwrap();
    }
    for _ in 0..2 * size {
        let (from, to) = (chance.below(size), chance.below(size));
        let sign = if chance.one_in(4) { '~' } else { '>' };
        let rate = if chance.one_in(5) { String::new() } else { format!("*{}", chance.below(2_000)) };
        write!(told, "{}{sign}{}{rate} ", name(from), name(to)).unwrap();
    }
    let mut situation = situation(&told);
    if chance.one_in(12) {
        situation.topology = None;
    }
    let mut sick: Vec<usize> = (0..size).collect();
    chance.shuffle(&mut sick);
    sick.truncate(chance.below(size + 1));
    let verdict = verdict_of(&mut chance, size, &sick);
    for at_ in 0..size {
        for _ in 0..chance.below(3) {
            let state = [AlarmState::Alarm, AlarmState::Alarm, AlarmState::Ok][chance.below(3)];
            let changed = at(i64::try_from(chance.below(10)).unwrap());
            situation.alarms.push(Alarm::named(format!("{}-{}", name(at_), chance.below(2)), state, changed));
        }
    }
    let mut series = Vec::new();
    let measures = [Measure::Requests, Measure::Latency, Measure::Other("AWS/ECS/CPUUtilization:Maximum".to_owned())];
    for at_ in 0..size {
        for measure in &measures {
            if chance.one_in(3) {
                continue;
            }
            let values = (0..130).map(|_| (!chance.one_in(20)).then(|| 100.0 * chance.share())).collect();
            series.push(Series {
                service: id(&name(at_)),
                measure: measure.clone(),
                start: at(-120),
                step_s: 60,
                values,
            });
        }
    }
    situation.series = Some(series);
    situation.logs = chance.one_in(2).then(Vec::new);
    let outlook = outlook(&situation, &verdict, &Lags::default());
    let levers = kinds.iter().enumerate().filter(|_| !chance.one_in(6)).collect::<Vec<_>>();
    let levers = levers.into_iter().map(|(at, kind)| (id(&name(at)), levers_of(&name(at), kind, &mut chance)));
    let levers: BTreeMap<ServiceId, Vec<Lever>> = levers.collect();
    let mut terms = Terms { cost_limit_cents: Some(100), ..Terms::at(situation.now) };
    terms.prices.lambda_provisioned_gb_s = Some(0.000_004);
    for remedy in ["provisioned-concurrency", "reserved-concurrency", "mute-alarms", "alias-rollback"] {
        let (kept, undone, failed) = (chance.below(4), chance.below(4), chance.below(3));
        let number = |count: usize| u32::try_from(count).unwrap();
        terms.past.push(Past {
            tried: number(kept + undone + failed),
            kept: number(kept),
            undone: number(undone),
            failed: number(failed),
            recovered_after_min: (0..kept).map(|_| 20.0 * chance.share()).collect(),
            ..Past::none(remedy, id(&name(chance.below(size))))
        });
    }
    let kind = KINDS[chance.below(KINDS.len())];
    terms.runbooks = (0..chance.below(20)).map(|number| runbook(number, kind)).collect();
    World { situation, verdict, outlook, levers, terms }
}

fn told(world: &World) -> Vec<Proposal> {
    propose(&world.situation, &world.verdict, &world.outlook, &world.levers, &world.terms)
}

/// The same world, read in another order.
fn shuffled(world: &World, seed: u64) -> Vec<Proposal> {
    let mut chance = Chance(seed);
    let World { situation, verdict, outlook, levers, terms } = world;
    let (mut situation, mut levers, mut terms) = (situation.clone(), levers.clone(), terms.clone());
    chance.shuffle(&mut situation.alarms);
    chance.shuffle(situation.series.as_mut().unwrap());
    if let Some(topology) = &mut situation.topology {
        chance.shuffle(&mut topology.services);
        chance.shuffle(&mut topology.edges);
    }
    for levers in levers.values_mut() {
        chance.shuffle(levers);
    }
    chance.shuffle(&mut terms.past);
    chance.shuffle(&mut terms.runbooks);
    propose(&situation, verdict, outlook, &levers, &terms)
}

#[track_caller]
fn sound(world: &World, proposals: &[Proposal]) {
    let ids: BTreeSet<EvidenceId> =
        world.verdict.evidence.iter().chain(&world.outlook.evidence).map(|evidence| evidence.id).collect();
    let sick: BTreeSet<&ServiceId> = world.verdict.affected.iter().map(|sick| &sick.service).collect();
    assert!(proposals.len() <= MOST);
    assert_eq!(proposals.iter().filter(|proposal| proposal.remedy().is_none()).count(), 1, "watching once");
    assert!(proposals.is_sorted_by(|a, b| a.score >= b.score), "{}", super::lines(proposals));
    let mut targets = BTreeSet::new();
    for proposal in proposals {
        assert!(proposal.evidence().iter().all(|id| ids.contains(id)) && !proposal.why.is_empty(), "{proposal:?}");
        for share in [proposal.benefit, proposal.probability] {
            assert!((0.0..=1.0).contains(&share), "{proposal:?}");
        }
        assert!(proposal.score.is_finite());
        let recovery = &proposal.recovery;
        assert_eq!(recovery.returns.is_empty(), recovery.because.is_some(), "{recovery:?}");
        for back in &recovery.returns {
            assert!(sick.contains(&back.service), "{} is well: {proposal:?}", back.service);
            assert!(back.after_min.is_finite() && back.after_min >= 0.0 && back.probability <= proposal.probability);
        }
        let plan = pin(proposal, IncidentId(1), PersonId("U1".to_owned()), 1, at(10), LIFETIME);
        let Act::Apply(action) = &proposal.act else {
            assert!(plan.is_none());
            continue;
        };
        let entry = action.remedy.entry();
        assert_eq!(entry.check(&action.saw), Ok(()), "{action:?}");
        assert_ne!(action.wants, action.saw.settings, "{action:?}");
        assert_eq!(action.wants, entry.wants(&action.saw));
        assert!(action.risk >= entry.risk(&action.saw, at(10)).0 && action.risk >= entry.spec().risk, "{action:?}");
        assert!(targets.insert((entry.spec().name, entry.target())), "twice: {action:?}");
        let target = entry.target();
        let known = world.levers.values().flatten().find(|lever| lever.target == target && lever.reading == action.saw);
        let is_own = action.saw == Reading::default() || target.kind == "Clarity::Runbook";
        assert!(known.is_some() || is_own, "it was read: {action:?}");
        assert!(plan.unwrap().is_pinned());
    }
    let text = serde_json::to_string(proposals).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Proposal>>(&text).unwrap(), proposals);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Every proposal passes its entry's check where it was made, is never of less risk than its entry, and rests on claims that
    /// exist; there are twelve at most, watching among them; and no order of reading changes a byte.
    #[test]
    fn proposals_are_sound_in_any_world_and_any_order(seed in any::<u64>()) {
        let world = world(seed);
        let proposals = told(&world);
        sound(&world, &proposals);
        let bytes = |proposals: &[Proposal]| serde_json::to_string(proposals).unwrap();
        prop_assert_eq!(bytes(&proposals), bytes(&shuffled(&world, seed)));
    }
}

/// The worlds above are worth something: every sort of remedy that evidence can ask for comes up, and more than fit do.
#[test]
fn worlds_of_chance_ask_for_every_sort_of_remedy() {
    let (mut seen, mut full) = (BTreeSet::new(), 0);
    for seed in 0..400 {
        let proposals = told(&world(seed));
        seen.extend(proposals.iter().filter_map(|proposal| Some(proposal.remedy()?.spec().name)));
        full += usize::from(proposals.len() == MOST);
    }
    let expected = [
        "alias-rollback",
        "ecs-count",
        "ecs-rollback",
        "event-source",
        "log-level",
        "mute-alarms",
        "provisioned-concurrency",
        "reserved-concurrency",
        "rule",
        "runbook",
        "table-capacity",
        "trace-sampling",
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected);
    assert!(full > 0, "no world has more than fits");
}

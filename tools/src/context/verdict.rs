//! The verdict: which way to look, and how what was found becomes an answer with its evidence.

use super::Situation;
use super::bottleneck;
use super::changes::signature::Signature;
use super::changes::{Scene, Weighing, weigh};
use super::estate::Estate;
use super::excess::MIN_HISTORY;
use super::fallback;
use super::finding::{Accused, Finding};
use super::flow::Flows;
use super::gaps::gaps;
use super::gauge::Spans;
use super::kind::Kind;
use super::ledger::{self, Ledger};
use super::outlook;
use super::picture::{Sufferer, sufferers};
use super::signs::{accusations, by_signs, complaints, date_back};
use crate::model::{
    Affected, Alarm, Answer, Bottleneck, Cause, EvidenceId, Expected, Gap, Lane, NextStep, ServiceId, Suspect, Symptom,
    Verdict,
};

/// Without a baseline false blame is several times as frequent: nobody is more sure than this. Of the answers in simulated
/// worlds without history, as many of them quiet as not, 91 % were right.
const CEILING_SHORT: f64 = 0.85;

/// More services and changes are not listed: a verdict is stored with every incident, and has to fit into one message of a
/// queue (256 KiB). What is cut is said.
const MOST_AFFECTED: usize = 60;
const MOST_CHANGES: usize = 20;

/// Kinds of log lines that are told of a service.
const MOST_COMPLAINTS: usize = 2;

/// The verdict on a situation: a pure function, and the order in which anything was read makes no difference.
pub fn verdict(situation: &Situation) -> Verdict {
    let estate = Estate::of(situation);
    let Look { flows, finding, sufferers, cause, signature } = look(situation, &estate);
    Telling { situation, estate: &estate, flows: flows.as_ref(), finding, sufferers, cause, signature }.tell()
}

/// What looking at a situation shows, before it is told.
#[derive(Debug)]
pub(super) struct Look {
    /// The metrics on one grid.
    pub(super) flows: Option<Flows>,
    /// What the lane found; its readings have gone into the sufferers.
    pub(super) finding: Finding,
    /// Who suffers, by onset.
    pub(super) sufferers: Vec<Sufferer>,
    /// Who is blamed.
    pub(super) cause: Option<usize>,
    /// What fails, in words.
    pub(super) signature: Signature,
}

/// Looks, once: every tool of the set tells a part of this.
pub(super) fn look(situation: &Situation, estate: &Estate<'_>) -> Look {
    let began = estate.began().unwrap_or(situation.now);
    let series = situation.series.as_deref().unwrap_or_default();
    let flows = Flows::lay(estate, series, began, situation.now);
    let signature = Signature::of(situation, began);
    let mut finding = find(estate, flows.as_ref(), &signature);
    if finding.history.is_some_and(|rows| rows < MIN_HISTORY) {
        finding.cap(CEILING_SHORT);
    }
    let cause = finding.accused.first().filter(|_| finding.found).map(|first| first.node);
    let mut sufferers = sufferers(estate, std::mem::take(&mut finding.readings), cause);
    date_back(estate, &signature, &mut sufferers);
    sufferers.extend(by_signs(estate, &signature, &sufferers));
    sufferers.sort_by_key(|sufferer| (sufferer.onset, cause != Some(sufferer.node), sufferer.node));
    Look { flows, finding, sufferers, cause, signature }
}

/// All names under which `services` go in the situation, themselves included: X-Ray draws a Lambda function as up to three
/// nodes. Ascending.
pub fn names_of(situation: &Situation, services: &[ServiceId]) -> Vec<ServiceId> {
    let estate = Estate::of(situation);
    let nodes = services.iter().filter_map(|service| estate.node(service));
    let members =
        nodes.flat_map(|node| estate.nodes[node].members.iter().map(|&member| estate.members[member].id.clone()));
    let mut names: Vec<ServiceId> = members.chain(services.iter().cloned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Of what an alarm speaks, by the words of its metric and its name; none where they do not say.
pub fn symptom_of(alarm: &Alarm) -> Option<Symptom> {
    Kind::of(alarm).map(Kind::symptom)
}

/// The best way of looking that can speak.
fn find(estate: &Estate<'_>, flows: Option<&Flows>, signature: &Signature) -> Finding {
    let by_flow = flows.filter(|flows| estate.has_graph && flows.any_counted());
    if let Some(finding) = by_flow.and_then(|flows| Finding::by_flow(estate, flows)) {
        return finding;
    }
    match flows {
        // With calls known, a flow that has nothing to say leaves the alarms themselves.
        Some(flows) if by_flow.is_none() => fallback::by_onset(estate, flows, &accusations(estate, signature)),
        _ if estate.has_graph => fallback::by_graph(estate),
        _ => fallback::by_order(estate),
    }
}

/// Everything that is known when the telling begins.
struct Telling<'a> {
    situation: &'a Situation,
    estate: &'a Estate<'a>,
    flows: Option<&'a Flows>,
    finding: Finding,
    sufferers: Vec<Sufferer>,
    cause: Option<usize>,
    signature: Signature,
}

impl Telling<'_> {
    fn tell(&self) -> Verdict {
        let began = self.estate.began().unwrap_or(self.situation.now);
        let mut ledger = Ledger::new(self.estate, self.flows, began, self.situation.now);
        let mut gaps = gaps(self.situation, self.estate, self.flows, &self.finding, &self.sufferers);
        let causes = self.finding.accused.iter().map(|accused| self.cause_of(accused, &mut ledger)).collect();
        let affected = self.affected(&mut ledger, &mut gaps);
        let path = self.path();
        let expected = self.expected(&path, &mut ledger);
        let weighing = weigh(self.estate, self.situation, &self.signature, self.scene());
        let (changes, guilty) = changes(&weighing, &mut ledger, &mut gaps);
        let next_steps = self.next_steps(&expected, &weighing, &changes);
        let bottlenecks = self.bottlenecks(&mut ledger);
        Verdict {
            at: self.situation.now,
            lane: self.finding.lane,
            answer: if self.cause.is_some() { Answer::CauseFound } else { Answer::NoCauseFound },
            causes,
            affected,
            path: path.into_iter().map(|node| self.name(node)).collect(),
            expected,
            changes,
            guilty,
            bottlenecks,
            gaps,
            next_steps,
            evidence: ledger.close(),
        }
    }

    fn name(&self, node: usize) -> ServiceId {
        self.estate.nodes[node].id.clone()
    }

    fn cause_of(&self, accused: &Accused, ledger: &mut Ledger<'_>) -> Cause {
        let mut evidence = accused.reading.as_ref().map(|reading| ledger.reading(reading)).unwrap_or_default();
        evidence.extend(ledger.alarm(accused.node));
        for &witness in &accused.witnesses {
            evidence.push(ledger.call(witness, accused.node));
            let suffers = self.sufferers.iter().find(|sufferer| sufferer.node == witness);
            if let Some(reading) = suffers.and_then(|sufferer| sufferer.reading.as_ref()) {
                // The excess; when it began is the witness's own matter.
                evidence.extend(ledger.reading(reading).first());
            }
        }
        Cause {
            service: self.name(accused.node),
            symptom: accused.symptom,
            score: accused.score,
            confidence: accused.confidence.clamp(0.0, 1.0),
            evidence,
        }
    }

    fn affected(&self, ledger: &mut Ledger<'_>, gaps: &mut Vec<Gap>) -> Vec<Affected> {
        if self.sufferers.len() > MOST_AFFECTED {
            let because = format!("only the first {MOST_AFFECTED} of {} by onset are listed", self.sufferers.len());
            gaps.push(Gap { wanted: "all affected services".to_owned(), because, remedy: None });
        }
        let tell = |sufferer: &Sufferer| {
            let mut evidence = sufferer.reading.as_ref().map(|reading| ledger.reading(reading)).unwrap_or_default();
            evidence.extend(ledger.alarm(sufferer.node));
            let complaints = complaints(self.estate, &self.signature, sufferer.node);
            evidence.extend(complaints.into_iter().take(MOST_COMPLAINTS).map(|pattern| ledger.logged(pattern)));
            if evidence.is_empty() {
                evidence.push(ledger.onset_by_signs(sufferer.node, sufferer.onset));
            }
            let (onset, symptom) = (sufferer.onset, sufferer.symptom);
            Affected { service: self.name(sufferer.node), onset, symptom, evidence }
        };
        self.sufferers.iter().take(MOST_AFFECTED).map(tell).collect()
    }

    fn path(&self) -> Vec<usize> {
        let requests = |node: usize| self.finding.requests[node];
        self.cause.map(|cause| outlook::path(self.estate, &self.sufferers, cause, requests)).unwrap_or_default()
    }

    fn expected(&self, path: &[usize], ledger: &mut Ledger<'_>) -> Vec<Expected> {
        // An alarm on a service whose metrics are in their normal range is no reason to warn its callers.
        let has_metrics = matches!(self.finding.lane, Lane::ExcessFlow | Lane::MetricOnset);
        if has_metrics && self.sufferers.iter().all(|sufferer| sufferer.symptom == Symptom::Alarms) {
            return Vec::new();
        }
        let next = outlook::expected(self.estate, &self.sufferers, path, self.situation.now);
        let tell = |next: outlook::Next| Expected {
            service: self.name(next.node),
            through: self.name(next.through),
            exposed_share: next.exposed_share,
            in_minutes: next.in_minutes,
            evidence: vec![ledger.call(next.node, next.through)],
        };
        next.into_iter().map(tell).collect()
    }

    fn scene(&self) -> Scene {
        let of_cause = self.cause.and_then(|cause| {
            let witnesses = self.finding.accused.first().map(|first| first.witnesses.as_slice()).unwrap_or_default();
            let sees = |node: usize| node == cause || witnesses.contains(&node);
            self.sufferers.iter().filter(|sufferer| sees(sufferer.node)).map(|sufferer| sufferer.onset).min()
        });
        let onset = of_cause.or_else(|| self.sufferers.first().map(|sufferer| sufferer.onset));
        let onset = onset.or(self.estate.began()).unwrap_or(self.situation.now);
        Scene { cause: self.cause, onset, blur: self.flows.map(|flows| flows.grid.step()).unwrap_or_default() }
    }

    /// The limits that were met where it hurts. Last of all, so that they cost no other claim its number.
    fn bottlenecks(&self, ledger: &mut Ledger<'_>) -> Vec<Bottleneck> {
        let spans = Spans::of(self.situation, self.estate, &self.sufferers);
        // As many as are listed: in a large estate the rest is not worth the time.
        let suffering = self.sufferers.iter().take(MOST_AFFECTED).map(|sufferer| sufferer.node);
        let nodes: Vec<usize> = suffering.chain(self.cause).collect();
        let near = bottleneck::near(self.estate, &nodes);
        // Who is stormed loses requests or is slow, so he suffers.
        let stormed = |node: usize| nodes.contains(&node);
        let mut found = bottleneck::find(self.situation, self.estate, spans, &near, stormed);
        found.truncate(bottleneck::MOST);
        bottleneck::tell(found, self.estate, ledger)
    }

    fn next_steps(&self, expected: &[Expected], weighing: &Weighing<'_>, changes: &[Suspect]) -> Vec<NextStep> {
        let scene = self.scene();
        let reviewed =
            weighing.weighed.iter().zip(changes).enumerate().find(|(at, (weighed, _))| {
                (*at == 0 && weighing.guilty) || scene.suggests(self.estate, weighed.change)
            });
        let review = reviewed.map(|(_, (weighed, suspect))| NextStep::ReviewChange {
            change: weighed.change.clone(),
            evidence: suspect.evidence,
        });
        let Some(cause) = self.cause else {
            let guilty = review.filter(|_| weighing.guilty);
            return vec![guilty.unwrap_or(NextStep::Watch)];
        };
        let reading = self.finding.accused.first().and_then(|first| first.reading.as_ref());
        let mut steps = vec![NextStep::Inspect {
            service: self.name(cause),
            measure: reading.map(|reading| ledger::measure(reading, self.flows)),
            link: self.estate.first_alarm(cause).and_then(|alarm| alarm.link.clone()),
        }];
        steps.extend(review);
        steps.extend(expected.first().map(|first| NextStep::Warn { service: first.service.clone() }));
        steps
    }
}

/// The changes with their evidence, and which of them is guilty.
fn changes(
    weighing: &Weighing<'_>,
    ledger: &mut Ledger<'_>,
    gaps: &mut Vec<Gap>,
) -> (Vec<Suspect>, Option<EvidenceId>) {
    let weighed = &weighing.weighed;
    if weighed.len() > MOST_CHANGES {
        let because = format!("only the {MOST_CHANGES} most suspicious of {} are listed", weighed.len());
        gaps.push(Gap { wanted: "all changes".to_owned(), because, remedy: None });
    }
    let suspects: Vec<Suspect> = weighed
        .iter()
        .take(MOST_CHANGES)
        .map(|weighed| Suspect {
            evidence: ledger.change(weighed.change),
            likelihood: weighed.likelihood,
            reasons: weighed.reasons.clone(),
        })
        .collect();
    let guilty = suspects.first().filter(|_| weighing.guilty).map(|first| first.evidence);
    (suspects, guilty)
}

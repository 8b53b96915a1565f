//! Sentences about a verdict whose truth is known from how they are made: true ones said in many ways, and the same with one
//! thing made wrong. They are made from the verdict's claims; the checker has no part in it.

mod wording;

use super::Sentence;
use super::tell::is_sayable;
use crate::model::{Affected, AlarmState, Claim, Evidence, EvidenceId, Measure, ServiceId, Unit, Verdict};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::fmt;
use wording::{Figure, Words, clocks, names};

/// What a sentence turns on: what was said in another way, or made wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// A figure.
    Number,
    /// Its unit.
    Unit,
    /// A time.
    Time,
    /// Of whom it speaks.
    Service,
    /// Whether it rose or fell.
    Direction,
    /// Who caused what.
    Causality,
    /// A negation.
    Negation,
    /// The evidence it cites.
    Evidence,
    /// Two subjects in one sentence.
    Clauses,
    /// How sure it sounds.
    Hedge,
    /// What to do, and what has no place in a sentence.
    Action,
    /// Words of a log.
    Quote,
}

impl Aspect {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Number,
        Self::Unit,
        Self::Time,
        Self::Service,
        Self::Direction,
        Self::Causality,
        Self::Negation,
        Self::Evidence,
        Self::Clauses,
        Self::Hedge,
        Self::Action,
        Self::Quote,
    ];
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "number",
            Self::Unit => "unit",
            Self::Time => "time",
            Self::Service => "service",
            Self::Direction => "direction",
            Self::Causality => "causality",
            Self::Negation => "negation",
            Self::Evidence => "evidence id",
            Self::Clauses => "two subjects",
            Self::Hedge => "hedge",
            Self::Action => "action, link",
            Self::Quote => "quoted words",
        })
    }
}

/// A sentence, and whether it is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// What it turns on.
    pub aspect: Aspect,
    /// Whether its evidence supports it.
    pub is_true: bool,
    /// The sentence.
    pub sentence: Sentence,
}

/// Claims of one sort from which sentences are made: a large estate says nothing that a few of its services do not.
const MOST_OF_A_SORT: usize = 6;

/// The sentences about a verdict, each once.
pub fn paraphrases(verdict: &Verdict) -> Vec<Example> {
    let mut maker = Maker { verdict, examples: Vec::new(), texts: BTreeSet::new() };
    maker.excesses();
    maker.figures();
    maker.onsets();
    maker.alarms();
    maker.cause();
    maker.path();
    maker.calls();
    maker.expected();
    maker.logged();
    maker.changes();
    maker.pairs();
    maker.inventions();
    maker.examples
}

struct Maker<'a> {
    verdict: &'a Verdict,
    examples: Vec<Example>,
    texts: BTreeSet<(String, Vec<EvidenceId>)>,
}

impl<'a> Maker<'a> {
    fn add(&mut self, aspect: Aspect, is_true: bool, text: impl Into<String>, evidence: &[EvidenceId]) {
        let sentence = Sentence::new(text, evidence.iter().copied());
        if self.texts.insert((sentence.text.clone(), sentence.evidence.clone())) {
            self.examples.push(Example { aspect, is_true, sentence });
        }
    }

    fn evidence(&self, wanted: impl Fn(&Claim) -> bool) -> Vec<&'a Evidence> {
        self.verdict.evidence.iter().filter(|evidence| wanted(&evidence.claim)).take(MOST_OF_A_SORT).collect()
    }

    /// Another service of the verdict, of which no claim says anything alike.
    fn another(&self, than: &[&ServiceId]) -> Option<&'a ServiceId> {
        self.verdict
            .evidence
            .iter()
            .flat_map(|evidence| subjects(&evidence.claim))
            .find(|service| !than.contains(service))
    }

    /// Evidence that says nothing of any of these services.
    fn elsewhere(&self, of: &[&ServiceId]) -> Option<EvidenceId> {
        let other = |evidence: &&Evidence| subjects(&evidence.claim).iter().all(|service| !of.contains(service));
        self.verdict.evidence.iter().find(other).map(|evidence| evidence.id)
    }

    /// The true and the wrong sentences about one figure.
    fn figure(&mut self, service: &ServiceId, words: &Words, figure: &Figure, id: EvidenceId) {
        let ids = [id];
        for (at, name) in names(service).iter().enumerate() {
            for (turn, text) in words.stated(name, figure, at).into_iter().enumerate() {
                let aspect = if at == 0 { Aspect::Number } else { Aspect::Service };
                self.add(aspect, true, &text, &ids);
                if turn < 3 {
                    if let Some(other) = self.elsewhere(&[service]) {
                        self.add(Aspect::Evidence, false, &text, &[other]);
                        self.add(Aspect::Evidence, true, &text, &[id, other]);
                    }
                    self.add(Aspect::Evidence, false, &text, &[EvidenceId(90_000)]);
                    self.add(Aspect::Evidence, false, &text, &[]);
                }
            }
            for text in words.moved(name, figure) {
                self.add(Aspect::Direction, true, text, &ids);
            }
            for text in words.moved(name, &figure.turned()) {
                self.add(Aspect::Direction, false, text, &ids);
            }
            for text in words.denied(name, figure) {
                self.add(Aspect::Negation, false, text, &ids);
            }
            for text in words.bounded(name, figure) {
                self.add(Aspect::Number, true, text, &ids);
            }
            for text in words.bounded(name, &figure.times(1.4)) {
                self.add(Aspect::Number, false, text, &ids);
            }
        }
        let name = &names(service)[0];
        for factor in [0.07, 0.6, 0.9, 1.12, 1.5, 2.0, 10.0, 1000.0] {
            for text in words.stated(name, &figure.times(factor), 0) {
                self.add(Aspect::Number, false, text, &ids);
            }
        }
        for text in words.converted(name, figure) {
            self.add(Aspect::Unit, true, text, &ids);
        }
        for text in words.misread(name, figure) {
            self.add(Aspect::Unit, false, text, &ids);
        }
        if let Some(other) = self.another(&[service]) {
            for name in names(other) {
                for text in words.stated(&name, figure, 0) {
                    self.add(Aspect::Service, false, text, &ids);
                }
            }
        }
        for unknown in [format!("{service}-v2"), format!("legacy-{service}"), "payments-gateway-eu".to_owned()] {
            for text in words.stated(&unknown, figure, 0) {
                self.add(Aspect::Service, false, text, &ids);
            }
        }
    }

    fn excesses(&mut self) {
        for evidence in self.evidence(|claim| matches!(claim, Claim::Excess { .. })) {
            let Claim::Excess { service, measure, observed, expected, .. } = &evidence.claim else { continue };
            let (words, factor) = match measure {
                Measure::Faults => (Words::Faults, 1.0),
                Measure::Requests => (Words::Requests, 1.0),
                Measure::Availability => (Words::Success, 1.0),
                Measure::Latency => (Words::Latency, 1.0),
                Measure::Other(_) => continue,
            };
            let figure = Figure { value: observed * factor, usual: Some(expected * factor) };
            self.figure(service, &words, &figure, evidence.id);
        }
    }

    fn figures(&mut self) {
        for evidence in self.evidence(|claim| matches!(claim, Claim::Figure { .. })) {
            let Claim::Figure { service, name, value, unit, usual } = &evidence.claim else { continue };
            if !is_sayable(name) || *unit == Unit::Times {
                continue;
            }
            let figure = Figure { value: *value, usual: *usual };
            self.figure(service, &Words::Named(name.clone(), *unit), &figure, evidence.id);
        }
    }

    fn onsets(&mut self) {
        for evidence in self.evidence(|claim| matches!(claim, Claim::Onset { .. })) {
            let Claim::Onset { service, at } = &evidence.claim else { continue };
            self.moment(service, *at, evidence.id, &wording::ONSETS);
            let ago = self.verdict.at.duration_since(*at).as_secs();
            if ago >= 60 && ago % 60 == 0 {
                let text = |minutes: i64| format!("{} left its normal range {minutes} minutes ago.", names(service)[0]);
                self.add(Aspect::Time, true, text(ago / 60), &[evidence.id]);
                self.add(Aspect::Time, false, text(ago / 60 + 3), &[evidence.id]);
            }
        }
    }

    fn moment(&mut self, service: &ServiceId, at: Timestamp, id: EvidenceId, templates: &[&str]) {
        let ids = [id];
        let fill = |template: &str, name: &str, time: &str| template.replace("{s}", name).replace("{t}", time);
        let off = |seconds: i64| at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(at);
        for (nth, name) in names(service).iter().enumerate() {
            for template in templates {
                let times = clocks(at);
                for time in times.iter().skip(if nth == 0 { 0 } else { nth % times.len() }) {
                    self.add(Aspect::Time, true, fill(template, name, time), &ids);
                }
                let denied = fill(template, name, &format!("no time near {}", times[0]));
                self.add(Aspect::Negation, false, denied, &ids);
            }
        }
        let name = &names(service)[0];
        for template in templates {
            for seconds in [-4500, -420, 60, 660, 12 * 3600] {
                for time in clocks(off(seconds)) {
                    self.add(Aspect::Time, false, fill(template, name, &time), &ids);
                }
            }
            let utc = at.strftime("%H:%M").to_string();
            self.add(Aspect::Time, false, fill(template, name, &format!("{utc} +02:00")), &ids);
            self.add(Aspect::Time, false, fill(template, name, &format!("{utc} CEST")), &ids);
            let text = fill(template, name, &clocks(at)[0]);
            if let Some(elsewhere) = self.elsewhere(&[service]) {
                self.add(Aspect::Evidence, false, &text, &[elsewhere]);
            }
            if let Some(other) = self.another(&[service]) {
                let wrong = fill(template, &names(other)[0], &clocks(at)[0]);
                self.add(Aspect::Service, false, wrong, &ids);
            }
        }
    }

    fn alarms(&mut self) {
        let firing = |claim: &Claim| matches!(claim, Claim::Alarm { state: AlarmState::Alarm, service: Some(_), .. });
        for evidence in self.evidence(firing) {
            let Claim::Alarm { name, at, service: Some(service), .. } = &evidence.claim else { continue };
            self.moment(service, *at, evidence.id, &wording::ALARMS);
            let ids = [evidence.id];
            let shown = name.replace('`', "'");
            self.add(Aspect::Time, true, format!("The alarm `{shown}` fired at {}.", clocks(*at)[1]), &ids);
            self.add(Aspect::Negation, false, format!("The alarm `{shown}` is OK."), &ids);
            self.add(Aspect::Negation, false, format!("{} has recovered.", names(service)[0]), &ids);
            self.add(Aspect::Negation, false, format!("{} never alarmed.", names(service)[0]), &ids);
            self.add(Aspect::Service, false, format!("The alarm `{shown}-high` fired."), &ids);
        }
    }

    fn cause(&mut self) {
        let Some(cause) = self.verdict.cause() else {
            let ids: Vec<EvidenceId> = self.verdict.evidence.iter().map(|evidence| evidence.id).take(2).collect();
            for text in wording::NO_CAUSE.iter().filter(|_| !ids.is_empty()) {
                self.add(Aspect::Negation, true, *text, &ids);
            }
            let suspects: Vec<ServiceId> =
                self.verdict.affected.iter().map(|affected| affected.service.clone()).take(3).collect();
            for (service, template) in suspects.iter().flat_map(|s| wording::CAUSES.iter().map(move |t| (s, t))) {
                self.add(Aspect::Causality, false, template.replace("{s}", &names(service)[0]), &ids);
            }
            return;
        };
        let sure = (cause.confidence.min(0.99) * 100.0).round();
        let ids = &cause.evidence;
        for (nth, name) in names(&cause.service).iter().enumerate() {
            for template in wording::CAUSES {
                let text = template.replace("{s}", name);
                self.add(Aspect::Causality, true, &text, ids);
                let other = self.elsewhere(&[&cause.service]);
                other.iter().for_each(|other| self.add(Aspect::Evidence, false, &text, &[*other]));
            }
            for template in wording::SURE {
                let fill = |sure: f64| template.replace("{s}", name).replace("{c}", &sure.to_string());
                self.add(Aspect::Number, true, fill(sure), ids);
                let wrong = if sure > 60.0 { sure - 20.0 } else { sure + 20.0 };
                self.add(Aspect::Number, false, fill(wrong), ids);
                if nth == 0 {
                    self.add(Aspect::Hedge, false, fill(100.0), ids);
                }
            }
            for text in wording::NOT_CAUSE {
                self.add(Aspect::Negation, false, text.replace("{s}", name), ids);
            }
            for text in wording::OVERSURE {
                self.add(Aspect::Hedge, false, text.replace("{s}", name), ids);
            }
            let probably = (0.55..0.95).contains(&cause.confidence);
            for text in wording::PROBABLY.iter().filter(|_| probably) {
                self.add(Aspect::Hedge, true, text.replace("{s}", name), ids);
            }
            for text in wording::PERHAPS.iter().filter(|_| cause.confidence > 0.8) {
                self.add(Aspect::Hedge, false, text.replace("{s}", name), ids);
            }
        }
        for text in wording::NO_CAUSE {
            self.add(Aspect::Negation, false, text, ids);
        }
        let others: Vec<&Affected> =
            self.verdict.affected.iter().filter(|affected| affected.service != cause.service).take(4).collect();
        for affected in others {
            let both: Vec<EvidenceId> = affected.evidence.iter().chain(ids).copied().collect();
            for template in wording::CAUSES {
                let text = template.replace("{s}", &names(&affected.service)[0]);
                self.add(Aspect::Causality, false, &text, &affected.evidence);
                self.add(Aspect::Causality, false, text, &both);
            }
        }
    }

    /// The evidence of the trouble of an affected service.
    fn trouble(&self, service: &ServiceId) -> Vec<EvidenceId> {
        let affected = self.verdict.affected.iter().find(|affected| affected.service == *service);
        let ids = affected.map(|affected| affected.evidence.clone()).unwrap_or_default();
        let own =
            |id: &EvidenceId| self.verdict.claim(*id).is_some_and(|evidence| subjects(&evidence.claim) == [service]);
        ids.into_iter().filter(own).collect()
    }

    fn path(&mut self) {
        let path: Vec<ServiceId> = self.verdict.path.iter().take(5).cloned().collect();
        for (at, from) in path.iter().enumerate() {
            for to in &path[at + 1..] {
                let (one, other) = (self.trouble(from), self.trouble(to));
                if one.is_empty() || other.is_empty() {
                    continue;
                }
                let ids: Vec<EvidenceId> = one.iter().chain(&other).copied().collect();
                let fill = |t: &str, a: &str, b: &str| t.replace("{a}", a).replace("{b}", b);
                for (a, b) in names(from).iter().zip(names(to)) {
                    for template in wording::LEADS {
                        self.add(Aspect::Causality, true, fill(template, a, &b), &ids);
                        self.add(Aspect::Causality, false, fill(template, &b, a), &ids);
                    }
                    for template in wording::NOT_LEADS {
                        self.add(Aspect::Negation, false, fill(template, a, &b), &ids);
                    }
                }
                let (a, b) = (&names(from)[0], &names(to)[0]);
                let off = self.verdict.affected.iter().map(|affected| &affected.service);
                let off = off.into_iter().find(|service| !self.verdict.path.contains(service)).cloned();
                for template in wording::LEADS {
                    self.add(Aspect::Evidence, false, fill(template, a, b), &one);
                    if let Some(off) = &off {
                        let cited: Vec<EvidenceId> = ids.iter().copied().chain(self.trouble(off)).collect();
                        self.add(Aspect::Causality, false, fill(template, &names(off)[0], b), &cited);
                        self.add(Aspect::Causality, false, fill(template, a, &names(off)[0]), &cited);
                    }
                }
            }
        }
    }

    fn calls(&mut self) {
        let calls: Vec<(ServiceId, ServiceId)> = self.verdict.evidence.iter().filter_map(|e| call(&e.claim)).collect();
        for evidence in self.evidence(|claim| matches!(claim, Claim::Calls { .. })) {
            let Claim::Calls { caller, callee, .. } = &evidence.claim else { continue };
            let mutual = caller == callee || calls.contains(&(callee.clone(), caller.clone()));
            for (a, b) in names(caller).iter().zip(names(callee)) {
                for template in wording::CALLS {
                    let fill = |a: &str, b: &str| template.replace("{a}", a).replace("{b}", b);
                    self.add(Aspect::Service, true, fill(a, &b), &[evidence.id]);
                    if !mutual {
                        self.add(Aspect::Service, false, fill(&b, a), &[evidence.id]);
                    }
                }
                self.add(Aspect::Negation, false, format!("{a} does not call {b}."), &[evidence.id]);
                self.add(Aspect::Negation, false, format!("{a} no longer calls {b}."), &[evidence.id]);
                self.add(Aspect::Causality, false, format!("{a} caused the failures of {b}."), &[evidence.id]);
            }
        }
    }

    fn expected(&mut self) {
        let expected: Vec<_> = self.verdict.expected.iter().take(MOST_OF_A_SORT).cloned().collect();
        let suffering: Vec<ServiceId> = self.verdict.affected.iter().map(|a| a.service.clone()).take(3).collect();
        for next in expected {
            for (a, b) in names(&next.service).iter().zip(names(&next.through)) {
                for template in wording::NEXT {
                    let fill = |a: &str, b: &str| template.replace("{a}", a).replace("{b}", b);
                    self.add(Aspect::Causality, true, fill(a, &b), &next.evidence);
                    for other in &suffering {
                        self.add(Aspect::Service, false, fill(&names(other)[0], &b), &next.evidence);
                    }
                }
                self.add(Aspect::Negation, false, format!("{a} will not be hit."), &next.evidence);
                self.add(Aspect::Hedge, false, format!("{a} will certainly be hit next."), &next.evidence);
            }
        }
    }

    fn logged(&mut self) {
        for evidence in self.evidence(|claim| matches!(claim, Claim::Logged { .. })) {
            let Claim::Logged { service, pattern, count, before } = &evidence.claim else { continue };
            if pattern.contains(['“', '”', '"', '\n', '<', '/']) || pattern.chars().count() > 200 {
                continue;
            }
            let half: String = pattern.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
            for name in names(service) {
                for quoted in [pattern.as_str(), half.as_str()].iter().filter(|quoted| quoted.chars().count() >= 5) {
                    for template in wording::LOGGED {
                        let fill = |count: u64, before: u64, quoted: &str| {
                            let text = template.replace("{s}", &name).replace("{n}", &count.to_string());
                            text.replace("{u}", &before.to_string()).replace("{q}", quoted)
                        };
                        self.add(Aspect::Quote, true, fill(*count, *before, quoted), &[evidence.id]);
                        self.add(Aspect::Quote, false, fill(*count, *before, "disk full on node 7"), &[evidence.id]);
                        let wrong = fill(count * 2 + 3, before * 2 + 5, quoted);
                        if wrong != fill(*count, *before, quoted) {
                            self.add(Aspect::Number, false, wrong, &[evidence.id]);
                        }
                    }
                }
            }
        }
    }

    fn changes(&mut self) {
        let guilty = self.verdict.guilty;
        for evidence in self.evidence(|claim| matches!(claim, Claim::Changed { .. })) {
            let Claim::Changed { change } = &evidence.claim else { continue };
            self.moment(&change.service, change.at, evidence.id, &wording::CHANGED);
            let is_guilty = guilty == Some(evidence.id);
            for (name, template) in
                names(&change.service).iter().flat_map(|n| wording::GUILTY.iter().map(move |t| (n, t)))
            {
                let text = template.replace("{s}", name).replace("{t}", &clocks(change.at)[0]);
                self.add(Aspect::Causality, is_guilty, text, &[evidence.id]);
            }
            for text in wording::NO_GUILTY {
                self.add(Aspect::Negation, guilty.is_none(), text, &[evidence.id]);
            }
        }
    }

    /// Two subjects in one sentence: each has its own figure.
    fn pairs(&mut self) {
        let all: Vec<(&ServiceId, f64, f64, EvidenceId)> = self
            .evidence(|claim| matches!(claim, Claim::Excess { measure: Measure::Faults | Measure::Latency, .. }))
            .into_iter()
            .filter_map(|evidence| match &evidence.claim {
                Claim::Excess { service, measure, observed, expected, .. } => {
                    let kind = if *measure == Measure::Latency { 1.0 } else { 0.0 };
                    (observed > &(expected * 1.2)).then_some((service, *observed, kind, evidence.id))
                }
                _ => None,
            })
            .collect();
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                let alike = (one.1 - other.1).abs() <= 0.2 * one.1.max(other.1);
                if one.0 == other.0 || (one.2 - other.2).abs() > 0.5 {
                    continue;
                }
                let words = if one.2 > 0.5 { Words::Latency } else { Words::Faults };
                let (a, b) = (words.short(one.1), words.short(other.1));
                let (x, y) = (&names(one.0)[0], &names(other.0)[0]);
                for template in words.both() {
                    let fill = |a: &str, b: &str| {
                        template.replace("{x}", x).replace("{y}", y).replace("{a}", a).replace("{b}", b)
                    };
                    self.add(Aspect::Clauses, true, fill(&a, &b), &[one.3, other.3]);
                    if !alike {
                        self.add(Aspect::Clauses, false, fill(&b, &a), &[one.3, other.3]);
                        self.add(Aspect::Clauses, false, fill(&a, &a), &[one.3, other.3]);
                    }
                    self.add(Aspect::Evidence, false, fill(&a, &b), &[one.3]);
                }
            }
        }
    }

    /// What no evidence holds: orders, links, mentions, facts from nowhere.
    fn inventions(&mut self) {
        let affected: Vec<Affected> = self.verdict.affected.iter().take(MOST_OF_A_SORT).cloned().collect();
        for affected in affected {
            let name = &names(&affected.service)[0];
            for template in wording::INVENTED {
                self.add(Aspect::Action, false, template.replace("{s}", name), &affected.evidence);
            }
            for template in wording::PLAIN {
                let own = self.trouble(&affected.service);
                if !own.is_empty() {
                    self.add(Aspect::Action, true, template.replace("{s}", name), &own);
                }
            }
        }
    }
}

/// Caller and callee, where a claim is a call.
fn call(claim: &Claim) -> Option<(ServiceId, ServiceId)> {
    if let Claim::Calls { caller, callee, .. } = claim { Some((caller.clone(), callee.clone())) } else { None }
}

/// Of whom a claim speaks.
fn subjects(claim: &Claim) -> Vec<&ServiceId> {
    match claim {
        Claim::Alarm { service, .. } => service.iter().collect(),
        Claim::Excess { service, .. }
        | Claim::Onset { service, .. }
        | Claim::Figure { service, .. }
        | Claim::Logged { service, .. } => vec![service],
        Claim::Calls { caller, callee, .. } => vec![caller, callee],
        Claim::Changed { change } => vec![&change.service],
    }
}

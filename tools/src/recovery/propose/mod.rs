//! What can be done about an incident: candidates that evidence asks for, each with its risk and what it will bring, the most
//! promising first. Doing nothing and watching is one of them.
//!
//! They are ranked by expected utility against watching, as decision-theoretic troubleshooting ranks repairs (Heckerman, Breese,
//! Rommelse 1995); watching itself has the score 0, so that what stands below it is not worth its risk:
//!
//! ```text
//! score = benefit · P(helps) − penalty(risk)
//! P(helps) = P(it ails there) · (4 · p + kept) / (4 + kept + undone + failed)
//! penalty: low 0, medium 0.05, high 0.2
//! ```
//!
//! - benefit, 0–1: the share of those who suffer that the service and its callers make up, times how much of what flows through it
//!   the limit refuses, delays or repeats (all of it, where the cause itself is treated). Of a cut the share of those who suffer
//!   or are likely to, and recover, times 1 − lost / saved, times the part of the cut that this remedy makes. What changes
//!   only what is seen brings a tenth at most: people are quicker, nothing recovers.
//! - P(it ails there): the verdict's confidence, or the likelihood of the guilty change; of a limit 1 at the cause, and half where
//!   a cause was found elsewhere, since it may only follow from that.
//! - The second factor is the mean of a Beta distribution (Gelman et al., Bayesian Data Analysis, §2.4): p is what is thought
//!   of the remedy before it was ever tried there, worth four tries; `kept`, `undone` and `failed` are those that were made.
//!
//! The values of p, the penalties and the tenth are judgement, not measured: what remedies really do takes their place as plans
//! come to their end.

mod action;
mod cut;
mod key;
mod quiet;
#[cfg(test)]
mod tests;
mod treat;

pub use action::Action;
pub use key::ProposalKey;

use super::forecast::{Recovery, Treatment, Unsaid, predict};
use super::plan::{Plan, PlanId};
use super::policy::PersonId;
use super::remedy::{Remedy, same};
use super::risk::assess;
use super::sight::Sight;
use super::terms::Terms;
use crate::context::Situation;
use crate::model::{
    EvidenceId, IncidentId, Limit, Outlook, Reading, Risk, RiskReason, ServiceId, Suspect, Symptom, Verdict,
};
use crate::ports::Lever;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// More are not proposed, watching included.
pub const MOST: usize = 12;

/// How long a plan can be approved and executed, unless something else is asked for.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// Names that are listed of who makes it worse.
const MOST_NAMES: usize = 5;

/// As how many tries counts what is thought of a remedy before it was ever tried.
const PRIOR: f64 = 4.0;

/// What a limit counts where a cause was found elsewhere.
const ELSEWHERE: f64 = 0.5;

/// Something that can be done, or left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Proposal {
    /// What.
    pub act: Act,
    /// The service it acts on; of watching the cause, where one was found.
    pub service: Option<ServiceId>,
    /// What speaks for it.
    pub why: Vec<Why>,
    /// What would make it worse.
    pub worse: Vec<Worse>,
    /// How much of the trouble it would take away, 0–1.
    pub benefit: f64,
    /// How likely it helps, 0–1.
    pub probability: f64,
    /// What they are ordered by.
    pub score: f64,
    /// Who is expected to recover.
    pub recovery: Recovery,
}

impl Proposal {
    /// Its key; watching has none, since nobody has to ask for it.
    pub fn key(&self) -> Option<ProposalKey> {
        Some(ProposalKey::of(self.service.as_ref()?, self.remedy()?))
    }

    /// The remedy, if it is one.
    pub fn remedy(&self) -> Option<&Remedy> {
        match &self.act {
            Act::Apply(action) => Some(&action.remedy),
            Act::Watch { .. } => None,
        }
    }

    /// Everything that speaks for it, each claim once, by ascending id.
    pub fn evidence(&self) -> Vec<EvidenceId> {
        let mut evidence: Vec<EvidenceId> = self.why.iter().flat_map(|why| &why.evidence).copied().collect();
        evidence.sort_unstable();
        evidence.dedup();
        evidence
    }
}

/// What is done, or left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A remedy is applied.
    Apply(Box<Action>),
    /// Nothing is done.
    Watch {
        /// What would have to be seen to act.
        until: Vec<Trigger>,
    },
}

/// What speaks for a proposal, and what says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Why {
    /// What speaks for it.
    pub ground: Ground,
    /// What says so, in the verdict or in the outlook.
    pub evidence: Vec<EvidenceId>,
}

/// What speaks for a proposal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// The service has met this limit.
    AtLimit(Limit),
    /// The cheapest cut between the failing part and what must stay healthy goes here.
    Cut {
        /// Who calls.
        caller: ServiceId,
        /// Who is called.
        callee: ServiceId,
        /// The share of the cut's requests that go over this edge, 0–1.
        share: f64,
    },
    /// A deployment is guilty.
    GuiltyDeploy {
        /// How likely, 0–1.
        likelihood: f64,
    },
    /// The cause's tasks have no room left.
    TasksFull {
        /// The fullest of what they report to be in use, 0–1.
        in_use: f64,
    },
    /// These alarms only follow from the cause: their services wait for it, and it began before them.
    OnlyFollow {
        /// How many.
        alarms: usize,
        /// Of how many that fire.
        firing: usize,
    },
    /// What the cause does cannot be seen well enough.
    Unseen {
        /// What is missing: `logs`.
        wanted: String,
    },
    /// The team declared it for such a service.
    Declared,
    /// No cause was found.
    NoCause,
    /// Nothing suffers.
    NothingSuffers,
    /// Everything else is weighed against it.
    Baseline,
}

/// What would make it worse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Worse {
    /// The cause is another one.
    WrongCause {
        /// How likely that is, 0–1.
        probability: f64,
    },
    /// These callers repeat what they are refused.
    CallersRetry {
        /// Who, at most five.
        callers: Vec<ServiceId>,
    },
    /// It is done alone: the cut needs these as well.
    Alone {
        /// Where else it cuts.
        others: Vec<ServiceId>,
    },
    /// It lasts so long that what waits there is lost.
    Backlog {
        /// The queue or stream.
        source: ServiceId,
    },
    /// Events that come meanwhile are needed later.
    EventsLost {
        /// The rule.
        rule: ServiceId,
    },
    /// More reaches what suffers already.
    LoadOn {
        /// Who, at most five.
        services: Vec<ServiceId>,
    },
    /// One key is hot: capacity does not help that.
    HotKey,
    /// What the newer version wrote cannot be read by the earlier one.
    WrittenSince,
    /// Another trouble shows in these alarms only.
    Hidden {
        /// How many alarms.
        alarms: usize,
    },
    /// Environments are replaced, and some requests start cold.
    ColdRestarts,
    /// The runbook does something else than its declaration says.
    UpToRunbook,
    /// Meanwhile the trouble spreads.
    Spreads {
        /// To whom.
        service: ServiceId,
        /// How likely, 0–1.
        probability: f64,
    },
}

/// What would have to be seen to act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// This service is hit.
    Hit {
        /// Which.
        service: ServiceId,
        /// How likely that is, 0–1.
        probability: f64,
        /// Minutes from now, where a lag is known.
        in_minutes: Option<f64>,
    },
    /// The cause still suffers by then.
    Persists {
        /// The cause.
        service: ServiceId,
        /// How it suffers.
        symptom: Symptom,
        /// From when on.
        at: Timestamp,
    },
    /// A cause is found.
    CauseFound,
    /// Something leaves its normal range.
    AnySuffers,
    /// Something can be seen that could not.
    Seen {
        /// What is missing now.
        wanted: String,
    },
}

/// A remedy that evidence asks for, before it is weighed.
struct Candidate {
    service: ServiceId,
    remedy: Remedy,
    lever: Lever,
    why: Vec<Why>,
    worse: Vec<Worse>,
    benefit: f64,
    /// How likely it is that what it treats is what ails, 0–1.
    ails: f64,
    /// Whose measure shows success.
    measured: ServiceId,
}

/// What can be done about `situation` after what `verdict` and `outlook` say of it: a pure function, in which the order of alarms,
/// series, levers and terms changes nothing. `levers` are what was read of each service; at most [`MOST`] proposals, the most
/// promising first, watching always among them.
pub fn propose(
    situation: &Situation,
    verdict: &Verdict,
    outlook: &Outlook,
    levers: &BTreeMap<ServiceId, Vec<Lever>>,
    terms: &Terms,
) -> Vec<Proposal> {
    let sight = Sight::of(situation, verdict, outlook);
    let levers = Known::of(levers);
    let mut candidates = treat::candidates(&sight, &levers, terms);
    candidates.extend(cut::candidates(&sight, &levers));
    candidates.extend(quiet::candidates(&sight, &levers, terms));
    candidates.retain(|candidate| is_possible(&candidate.remedy, &candidate.lever.reading));
    let mut weighed: Vec<(Candidate, Weight)> = merged(candidates)
        .into_iter()
        .map(|candidate| {
            let weight = weigh(&candidate, &sight, terms);
            (candidate, weight)
        })
        .collect();
    weighed.sort_by(|(a, one), (b, other)| {
        let order = other.score.total_cmp(&one.score).then(one.risk.cmp(&other.risk));
        order.then_with(|| key(a).cmp(&key(b))).then_with(|| a.service.cmp(&b.service))
    });
    weighed.truncate(MOST - 1);
    let told = |(candidate, weight)| tell(candidate, weight, &sight, terms);
    let mut proposals: Vec<Proposal> = weighed.into_iter().map(told).collect();
    let above = proposals.partition_point(|proposal| proposal.score > 0.0);
    proposals.insert(above, quiet::watch(&sight));
    proposals
}

/// Whether it can be applied there, and would change anything.
fn is_possible(remedy: &Remedy, saw: &Reading) -> bool {
    let entry = remedy.entry();
    entry.check(saw).is_ok() && !same(&entry.wants(saw), &saw.settings)
}

fn key(candidate: &Candidate) -> (&'static str, super::remedy::Target) {
    (candidate.remedy.spec().name, candidate.remedy.target())
}

/// One candidate for each target of a remedy: the one that brings most, with everything that speaks for any of them.
fn merged(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    let value = |candidate: &Candidate| candidate.benefit * candidate.ails;
    // The sort is stable, and candidates are found in an order that depends on nothing but names and the verdict.
    candidates.sort_by(|a, b| key(a).cmp(&key(b)).then(value(b).total_cmp(&value(a))));
    let mut kept: Vec<Candidate> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        match kept.last_mut().filter(|last| key(last) == key(&candidate)) {
            Some(last) => {
                for why in candidate.why {
                    if !last.why.contains(&why) {
                        last.why.push(why);
                    }
                }
                for worse in candidate.worse {
                    if !last.worse.contains(&worse) {
                        last.worse.push(worse);
                    }
                }
            }
            None => kept.push(candidate),
        }
    }
    kept
}

struct Weight {
    risk: Risk,
    reasons: Vec<RiskReason>,
    probability: f64,
    score: f64,
}

fn weigh(candidate: &Candidate, sight: &Sight<'_>, terms: &Terms) -> Weight {
    let (risk, reasons) = assess(&candidate.remedy, &candidate.service, &candidate.lever, sight, terms);
    let probability = helps(&candidate.remedy, &candidate.service, candidate.ails, terms);
    let penalty = match risk {
        Risk::Low => 0.0,
        Risk::Medium => 0.05,
        Risk::High => 0.2,
    };
    Weight { risk, reasons, probability, score: candidate.benefit * probability - penalty }
}

/// How likely a remedy helps that treats what ails with the probability `ails`, after what it did there before.
pub(super) fn helps(remedy: &Remedy, service: &ServiceId, ails: f64, terms: &Terms) -> f64 {
    let past = terms.past_of(remedy.spec().name, service);
    let (kept, not) = (f64::from(past.kept), f64::from(past.undone) + f64::from(past.failed));
    let works = (PRIOR * prior(remedy) + kept) / (PRIOR + kept + not);
    (ails * works).clamp(0.0, 1.0)
}

/// The same for a remedy that nobody proposed: what ails is what the proposals hold it to be.
pub(super) fn helps_there(remedy: &Remedy, service: &ServiceId, sight: &Sight<'_>, terms: &Terms) -> f64 {
    let guilty = || {
        let is_here = |suspect: &&Suspect| {
            sight.verdict.change(suspect.evidence).is_some_and(|change| sight.is_same(&change.service, service))
        };
        sight.verdict.changes.iter().filter(is_here).map(|suspect| suspect.likelihood).fold(0.0, f64::max)
    };
    let confidence = || sight.cause().map_or(0.5, |cause| cause.confidence);
    let ails = match remedy {
        Remedy::AliasRollback(_) | Remedy::EcsRollback(_) => guilty(),
        Remedy::ProvisionedConcurrency(_) | Remedy::TableCapacity(_) => ails(sight, service),
        Remedy::LogLevel(_)
        | Remedy::TraceSampling(_)
        | Remedy::MuteAlarms(_)
        | Remedy::CapsuleCapture(_)
        | Remedy::ReservedConcurrency(_)
        | Remedy::EventSource(_)
        | Remedy::Rule(_)
        | Remedy::EcsCount(_)
        | Remedy::ArchiveReplay(_)
        | Remedy::Runbook(_) => confidence(),
    };
    helps(remedy, service, ails, terms)
}

/// What is thought of a remedy before it was ever tried: how often it does what it is meant for, where it is what ails.
fn prior(remedy: &Remedy) -> f64 {
    match remedy {
        // They do exactly what they say.
        Remedy::LogLevel(_) | Remedy::TraceSampling(_) | Remedy::MuteAlarms(_) | Remedy::CapsuleCapture(_) => 0.9,
        Remedy::AliasRollback(_) | Remedy::EcsRollback(_) => 0.8,
        Remedy::ProvisionedConcurrency(_) | Remedy::TableCapacity(_) => 0.7,
        Remedy::ReservedConcurrency(_) | Remedy::EventSource(_) | Remedy::Rule(_) => 0.6,
        Remedy::EcsCount(_) | Remedy::ArchiveReplay(_) | Remedy::Runbook(_) => 0.5,
    }
}

fn tell(candidate: Candidate, weight: Weight, sight: &Sight<'_>, terms: &Terms) -> Proposal {
    let Candidate { service, remedy, lever, why, worse, benefit, measured, .. } = candidate;
    let saw = lever.reading;
    let past = terms.past_of(remedy.spec().name, &service);
    let treatment = Treatment {
        service: &service,
        remedy: &remedy,
        saw: &saw,
        probability: weight.probability,
        past_min: &past.recovered_after_min,
    };
    let recovery = predict(sight, treatment, &terms.lags);
    let action = Action::of(remedy.clone(), saw.clone(), measured, (weight.risk, weight.reasons), terms);
    Proposal {
        act: Act::Apply(Box::new(action)),
        service: Some(service),
        why,
        worse,
        benefit,
        probability: weight.probability,
        score: weight.score,
        recovery,
    }
}

/// What was read of each service, each target once.
struct Known<'a>(BTreeMap<&'a ServiceId, Vec<&'a Lever>>);

impl<'a> Known<'a> {
    fn of(levers: &'a BTreeMap<ServiceId, Vec<Lever>>) -> Self {
        let sorted = levers.iter().map(|(service, levers)| {
            let mut levers: Vec<&Lever> = levers.iter().collect();
            levers.sort_by(|a, b| {
                let rest = |lever: &Lever| (lever.reading.settings.clone(), lever.reading.revision.clone());
                a.target.cmp(&b.target).then_with(|| rest(a).cmp(&rest(b))).then_with(|| a.unread.cmp(&b.unread))
            });
            levers.dedup_by(|a, b| a.target == b.target);
            (service, levers)
        });
        Self(sorted.collect())
    }

    /// The levers of a service whose targets are of this kind, by name.
    fn of_kind(&self, service: &ServiceId, kind: &str) -> Vec<&'a Lever> {
        let levers = self.0.get(service).into_iter().flatten();
        levers.filter(|lever| lever.target.kind == kind).copied().collect()
    }
}

/// A setting of a lever as a number.
fn number(lever: &Lever, name: &str) -> Option<u32> {
    lever.reading.settings.get(name)?.parse().ok()
}

/// A number of things from a share of others, rounded up; none where it is no number.
fn whole(value: f64, most: u32) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 2³²")]
    value.is_finite().then(|| value.ceil().clamp(1.0, f64::from(most)) as u32)
}

/// How likely a limit of a service is what ails, rather than follows from the cause.
fn ails(sight: &Sight<'_>, service: &ServiceId) -> f64 {
    if sight.cause().is_none() || sight.is_cause(service) { 1.0 } else { ELSEWHERE }
}

/// That it rests on a cause which may be another.
fn wrong_cause(sight: &Sight<'_>) -> Option<Worse> {
    sight.cause().map(|cause| Worse::WrongCause { probability: (1.0 - cause.confidence).clamp(0.0, 1.0) })
}

/// That more reaches what suffers already, if anything that the service calls does.
fn load_on(sight: &Sight<'_>, service: &ServiceId) -> Option<Worse> {
    let mut services = sight.sick_callees(service);
    services.truncate(MOST_NAMES);
    (!services.is_empty()).then_some(Worse::LoadOn { services })
}

/// The plan that a proposal becomes once somebody asks for it; none of watching, which is no plan. `approvals` is how many others
/// have to agree; it expires after `lifetime`, usually [`LIFETIME`].
pub fn pin(
    proposal: &Proposal,
    incident: IncidentId,
    requester: PersonId,
    approvals: u8,
    now: Timestamp,
    lifetime: SignedDuration,
) -> Option<Plan> {
    let Act::Apply(action) = &proposal.act else { return None };
    let action = (**action).clone();
    let plan = Plan {
        id: PlanId(String::new()),
        incident,
        target: action.remedy.target(),
        remedy: action.remedy,
        service: proposal.service.clone()?,
        environment: action.environment,
        evidence: proposal.evidence(),
        risk: action.risk,
        risk_reasons: action.risk_reasons,
        cost: action.cost,
        saw: action.saw,
        wants: action.wants,
        reversible: action.reversible,
        undo_after_min: action.undo_after_min,
        expectation: action.expectation,
        forecast: proposal.recovery.returns.clone(),
        requester,
        approvals,
        proposed_at: now,
        expires_at: now.saturating_add(lifetime).unwrap_or(Timestamp::MAX),
    };
    Some(plan.pinned())
}

/// Why nobody returns where nothing is done.
fn left_alone() -> Recovery {
    Recovery::none(Unsaid::NothingIsDone)
}

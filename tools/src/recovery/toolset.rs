//! The recovery toolset, `recovery-coordination`: the one list of its tools, and those that only read. [`super::execute`] has the
//! one that asks people, and where plans stand. Nothing here can reach an actuator.

use super::execute::{ExecuteRemediation, GetPlanStatus};
use super::forecast::{Recovery, Treatment, predict};
use super::propose::{Proposal, helps_there, propose};
use super::remedy::Remedy;
use super::risk::assess;
use super::sight::Sight;
use super::terms::Terms;
use crate::context::{Situation, verdict};
use crate::dependency::outlook;
use crate::model::{Alarm, Cost, Evidence, EvidenceId, Gap, Outlook, Reading, Risk, RiskReason, ServiceId, Verdict};
use crate::ports::{Lever, Outside};
use crate::tool::{Effect, Entry, Subject, Tool, ToolError, ToolSpec};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The tools, in the order in which a person would ask.
pub static TOOLS: &[Entry] = &[
    Entry::of::<SuggestRemediations>(),
    Entry::of::<AssessRisk>(),
    Entry::of::<PredictRecovery>(),
    Entry::of::<ExecuteRemediation>(),
    Entry::of::<GetPlanStatus>(),
];

/// Of more services nothing is read: each may take several calls.
const MOST_READ: usize = 50;

/// Answers what can be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SuggestRemediations {
    /// The alarms of the incident.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
    /// Prices, limits, the past and runbooks. Whoever calls by name cannot say them: who asks must not set the limits.
    #[serde(skip)]
    pub terms: Option<Terms>,
}

/// What can be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Remediations {
    /// The moment it speaks about.
    pub at: Timestamp,
    /// The most promising first; watching is always among them.
    pub proposals: Vec<Proposal>,
    /// What could not be seen or read.
    pub gaps: Vec<Gap>,
    /// What the proposals refer to, by ascending id.
    pub evidence: Vec<Evidence>,
}

#[async_trait]
impl Tool for SuggestRemediations {
    const SPEC: ToolSpec = ToolSpec {
        name: "suggest_remediations",
        title: "Suggest remediations",
        about: "Suggests what can be done about a set of AWS alarms, the most promising first: each remedy with its exact \
                parameters, what speaks for it, its risk and why, what would make it worse, what it costs, what will count \
                as success, and who recovers when. Doing nothing and watching is one of the suggestions. It changes nothing.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = Remediations;

    async fn call(self, outside: &Outside) -> Result<Remediations, ToolError> {
        let terms = self.terms.unwrap_or_else(|| Terms::at(self.now));
        let look = Look::at(self.alarms, self.now, &terms, outside).await;
        let Look { situation, verdict, outlook } = &look;
        let wanted = concerned(verdict, outlook);
        let (levers, mut unread) = read(situation, &wanted, outside).await;
        let mut proposals = propose(situation, verdict, outlook, &levers, &terms);
        // Where no settings can be read, nothing is connected that could change any: what would fail is not proposed.
        if levers.is_empty() && !unread.is_empty() {
            proposals.retain(|proposal| proposal.remedy().is_none());
        }
        let referred: BTreeSet<EvidenceId> = proposals.iter().flat_map(Proposal::evidence).collect();
        let evidence = verdict.evidence.iter().chain(&outlook.evidence).filter(|claim| referred.contains(&claim.id));
        let mut gaps = look.gaps();
        gaps.append(&mut unread);
        Ok(Remediations { at: self.now, proposals, gaps, evidence: evidence.cloned().collect() })
    }
}

/// Answers how much a given remedy can spoil.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AssessRisk {
    /// The alarms of the incident.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
    /// The service it would be applied to.
    pub service: ServiceId,
    /// The remedy with its parameters.
    pub remedy: Remedy,
    /// Prices, limits and the past, as of [`SuggestRemediations`].
    #[serde(skip)]
    pub terms: Option<Terms>,
}

/// How much a remedy can spoil.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct RiskAssessment {
    /// What it does, as an imperative sentence without a full stop.
    pub sentence: String,
    /// Why it cannot be applied there, if so; then nobody can approve it either.
    pub impossible: Option<String>,
    /// Its risk, after everything that raises it.
    pub risk: Risk,
    /// Why so much: the catalogue's word first, then what raised it.
    pub reasons: Vec<RiskReason>,
    /// What it costs.
    pub cost: Cost,
    /// What else happens.
    pub side_effects: String,
    /// Whether what was found can be restored.
    pub reversible: bool,
    /// What was found at the target; none where it could not be read.
    pub saw: Option<Reading>,
    /// What could not be seen or read.
    pub gaps: Vec<Gap>,
}

#[async_trait]
impl Tool for AssessRisk {
    const SPEC: ToolSpec = ToolSpec {
        name: "assess_risk",
        title: "Assess risk",
        about: "Assesses how much one remedy with given parameters can spoil on a service now: whether it is possible at all, \
                its risk and what raises it, its side effects, what it costs, and whether it can be taken back. It changes \
                nothing.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = RiskAssessment;

    async fn call(self, outside: &Outside) -> Result<RiskAssessment, ToolError> {
        let terms = self.terms.unwrap_or_else(|| Terms::at(self.now));
        let look = Look::at(self.alarms, self.now, &terms, outside).await;
        let Trial { saw, lever, gaps } = look.trial(Self::SPEC.name, &self.service, &self.remedy, outside).await?;
        let entry = self.remedy.entry();
        let (risk, reasons) = assess(&self.remedy, &self.service, &lever, &look.sight(), &terms);
        Ok(RiskAssessment {
            sentence: entry.sentence(&lever.reading),
            impossible: entry.check(&lever.reading).err().map(|impossible| impossible.to_string()),
            risk,
            reasons,
            cost: entry.cost(&lever.reading, &terms.prices),
            side_effects: entry.spec().side_effects.to_owned(),
            reversible: entry.is_reversible(&lever.reading),
            saw,
            gaps,
        })
    }
}

/// Answers who recovers after a given remedy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PredictRecovery {
    /// The alarms of the incident.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
    /// The service it would be applied to.
    pub service: ServiceId,
    /// The remedy with its parameters.
    pub remedy: Remedy,
    /// The past, as of [`SuggestRemediations`].
    #[serde(skip)]
    pub terms: Option<Terms>,
}

/// Who recovers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct RecoveryForecast {
    /// Why it cannot be applied there, if so.
    pub impossible: Option<String>,
    /// How likely it helps at all, 0–1.
    pub probability: f64,
    /// Who returns to its baseline, in which order and after how many minutes, or why that cannot be said.
    pub recovery: Recovery,
    /// What could not be seen or read.
    pub gaps: Vec<Gap>,
}

#[async_trait]
impl Tool for PredictRecovery {
    const SPEC: ToolSpec = ToolSpec {
        name: "predict_recovery",
        title: "Predict recovery",
        about: "Predicts which services return to their baseline after one remedy with given parameters, in which order, after \
                how many minutes, and how likely; or says why that cannot be said. It changes nothing.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = RecoveryForecast;

    async fn call(self, outside: &Outside) -> Result<RecoveryForecast, ToolError> {
        let terms = self.terms.unwrap_or_else(|| Terms::at(self.now));
        let look = Look::at(self.alarms, self.now, &terms, outside).await;
        let Trial { lever, gaps, .. } = look.trial(Self::SPEC.name, &self.service, &self.remedy, outside).await?;
        let sight = look.sight();
        let probability = helps_there(&self.remedy, &self.service, &sight, &terms);
        let past = terms.past_of(self.remedy.spec().name, &self.service);
        let treatment = Treatment {
            service: &self.service,
            remedy: &self.remedy,
            saw: &lever.reading,
            probability,
            past_min: &past.recovered_after_min,
        };
        Ok(RecoveryForecast {
            impossible: self.remedy.entry().check(&lever.reading).err().map(|impossible| impossible.to_string()),
            probability,
            recovery: predict(&sight, treatment, &terms.lags),
            gaps,
        })
    }
}

/// A given remedy, and what is found where it would be applied.
struct Trial {
    /// What was read there; none where nothing could be.
    saw: Option<Reading>,
    /// The same for the catalogue.
    lever: Lever,
    /// What could not be seen or read.
    gaps: Vec<Gap>,
}

/// What is known of the incident.
struct Look {
    situation: Situation,
    verdict: Verdict,
    outlook: Outlook,
}

impl Look {
    async fn at(alarms: Vec<Alarm>, now: Timestamp, terms: &Terms, outside: &Outside) -> Self {
        let situation = Situation::read(alarms, now, outside).await;
        let verdict = verdict(&situation);
        let outlook = outlook(&situation, &verdict, &terms.lags);
        Self { situation, verdict, outlook }
    }

    fn gaps(&self) -> Vec<Gap> {
        self.verdict.gaps.iter().chain(&self.outlook.gaps).cloned().collect()
    }

    fn sight(&self) -> Sight<'_> {
        Sight::of(&self.situation, &self.verdict, &self.outlook)
    }

    /// What is found where a given remedy would be applied.
    async fn trial(
        &self,
        tool: &'static str,
        service: &ServiceId,
        remedy: &Remedy,
        outside: &Outside,
    ) -> Result<Trial, ToolError> {
        self.knows(tool, service)?;
        let (lever, unread) = self.lever(service, remedy, outside).await;
        let (saw, lever) = told(lever, remedy);
        Ok(Trial { saw, lever, gaps: [self.gaps(), unread].concat() })
    }

    /// Refuses a service that the topology does not know, where there is one.
    fn knows(&self, tool: &'static str, service: &ServiceId) -> Result<(), ToolError> {
        let Some(topology) = &self.situation.topology else { return Ok(()) };
        if topology.service(service).is_some() {
            return Ok(());
        }
        let problem = "the topology knows no service of that name".to_owned();
        Err(ToolError::Arguments { tool, path: "service".to_owned(), problem })
    }

    /// What was read of the remedy's target among the levers of a service, and what could not be read.
    async fn lever(&self, service: &ServiceId, remedy: &Remedy, outside: &Outside) -> (Option<Lever>, Vec<Gap>) {
        let (mut levers, mut gaps) = read(&self.situation, std::slice::from_ref(service), outside).await;
        let target = remedy.target();
        let found = levers.remove(service).into_iter().flatten().find(|lever| lever.target == target);
        if found.is_none() && gaps.is_empty() && !is_own(remedy) {
            gaps.push(Gap {
                wanted: format!("settings of {target}"),
                because: format!("it is none of what can be changed about {service}"),
                remedy: None,
            });
        }
        (found, gaps)
    }
}

/// Whether the target is Clarity's own, of which nothing is read where there is none yet.
fn is_own(remedy: &Remedy) -> bool {
    matches!(remedy, Remedy::MuteAlarms(_))
}

/// What was read, for people, and the same for the catalogue: nothing where nothing was, and then said to be unread.
fn told(lever: Option<Lever>, remedy: &Remedy) -> (Option<Reading>, Lever) {
    let target = remedy.target();
    match lever {
        Some(lever) => (Some(lever.reading.clone()), lever),
        None if is_own(remedy) => {
            let lever = Lever { target, reading: Reading::default(), unread: BTreeSet::new() };
            (Some(lever.reading.clone()), lever)
        }
        None => {
            let unread = BTreeSet::from([target.to_string()]);
            (None, Lever { target, reading: Reading::default(), unread })
        }
    }
}

/// The services of which proposals may speak, by name: who suffers, who is at a limit, what changed, and who is at the cut.
fn concerned(verdict: &Verdict, outlook: &Outlook) -> Vec<ServiceId> {
    let mut first: Vec<&ServiceId> = verdict.cause().map(|cause| &cause.service).into_iter().collect();
    first.extend(verdict.guilty.and_then(|guilty| verdict.change(guilty)).map(|change| &change.service));
    first.extend(outlook.isolation.cut.iter().flat_map(|edge| [&edge.caller, &edge.callee]));
    first.extend(verdict.bottlenecks.iter().map(|bottleneck| &bottleneck.service));
    first.extend(verdict.affected.iter().map(|affected| &affected.service));
    let mut seen = BTreeSet::new();
    first.retain(|service| seen.insert(*service));
    first.truncate(MOST_READ);
    let mut services: Vec<ServiceId> = first.into_iter().cloned().collect();
    services.sort_unstable();
    services
}

/// What can be changed about services, read one after another, and each gap once.
async fn read(
    situation: &Situation,
    services: &[ServiceId],
    outside: &Outside,
) -> (BTreeMap<ServiceId, Vec<Lever>>, Vec<Gap>) {
    let (mut levers, mut gaps) = (BTreeMap::new(), Vec::new());
    for id in services {
        let known = situation.topology.as_ref().and_then(|topology| topology.service(id));
        let unknown = || crate::model::Service::named(id.as_str());
        let service = known.cloned().unwrap_or_else(unknown);
        match outside.levers.levers(&service).await {
            Ok(found) => {
                levers.insert(id.clone(), found);
            }
            Err(gap) if gaps.contains(&gap) => {}
            Err(gap) => gaps.push(gap),
        }
    }
    (levers, gaps)
}

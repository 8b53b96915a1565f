//! Asking people to have a remedy carried out, and where plans stand. Whoever calls these tools decides nothing: a request becomes
//! a plan in the name of a person, others approve it, and a person has it carried out.

use super::plan::{PlanId, PlanState, PlanStatus};
use super::policy::PersonId;
use super::propose::ProposalKey;
use super::remedy::Remedy;
use crate::model::{Gap, Incident, IncidentId, Risk, ServiceId, Worked};
use crate::ports::{Outside, Wish};
use crate::tool::{Effect, Subject, Tool, ToolError, ToolSpec};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Asks people to have a remedy carried out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExecuteRemediation {
    /// The incident it is for.
    pub incident: IncidentId,
    /// The present moment.
    pub now: Timestamp,
    /// The service it is applied to.
    pub service: ServiceId,
    /// The remedy with its parameters, as it was suggested.
    pub remedy: Remedy,
    /// In whose name. Whoever calls by name cannot say it: nobody asks in the name of another.
    #[serde(skip)]
    pub requester: Option<PersonId>,
}

/// That people were asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct ExecutionAsked {
    /// What comes next: always people, unless the answer waited for them.
    pub status: Answered,
    /// The incident it is for.
    pub incident: IncidentId,
    /// What was asked for; its plan is found by it.
    pub proposal: ProposalKey,
    /// Where people decide.
    pub place: String,
    /// What came of it, where the answer waited for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<PlanReport>,
}

/// Where an execution stands that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// It waits for people, who see the plan and have it carried out, or not.
    NeedsApproval,
    /// They decided, and it is over.
    Decided,
}

#[async_trait]
impl Tool for ExecuteRemediation {
    const SPEC: ToolSpec = ToolSpec {
        name: "execute_remediation",
        title: "Execute remediation",
        about: "Asks the people of an incident to have one of the suggested remedies carried out. It changes nothing by itself: \
                the answer is always `needs_approval` and where they decide. If the remedy is still suggested then, it becomes \
                a plan; `get_plan_status` says how that goes on.",
        effect: Effect::Ask,
        subject: Subject::Incident,
    };
    type Answer = ExecutionAsked;

    async fn call(self, outside: &Outside) -> Result<ExecutionAsked, ToolError> {
        let arguments = |path: &str, problem: String| {
            let path = path.to_owned();
            ToolError::Arguments { tool: Self::SPEC.name, path, problem }
        };
        find(outside, self.incident, Self::SPEC.name).await?;
        let nobody =
            || arguments("requester", "nobody stands behind this call, and a plan is asked for by a person".to_owned());
        let by = self.requester.ok_or_else(nobody)?;
        let proposal = ProposalKey::of(&self.service, &self.remedy);
        let wish = Wish { incident: self.incident, proposal: proposal.clone(), by, at: self.now };
        match outside.casebook.request(wish).await {
            Ok(place) => Ok(ExecutionAsked {
                status: Answered::NeedsApproval,
                incident: self.incident,
                proposal,
                place,
                outcome: None,
            }),
            Err(gap) => Err(arguments("incident", format!("people cannot be asked: {}", gap.because))),
        }
    }
}

/// Answers where plans stand.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetPlanStatus {
    /// The incident they are for.
    pub incident: IncidentId,
    /// The present moment.
    pub now: Timestamp,
    /// One plan; left out, all of them.
    #[serde(default)]
    pub plan: Option<PlanId>,
    /// The plans that came of one proposal; left out, of any.
    #[serde(default)]
    pub proposal: Option<ProposalKey>,
}

/// Where plans stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct PlanReports {
    /// The latest first.
    pub plans: Vec<PlanReport>,
    /// Why there may be none.
    pub gaps: Vec<Gap>,
}

/// Where a plan stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct PlanReport {
    /// Which.
    pub plan: PlanId,
    /// The proposal that it came of.
    pub proposal: ProposalKey,
    /// What it does, as an imperative sentence without a full stop.
    pub sentence: String,
    /// The service it acts on.
    pub service: ServiceId,
    /// How much it can spoil.
    pub risk: Risk,
    /// Where it stands.
    pub status: PlanStatus,
    /// Whether nothing leads away from there.
    pub is_over: bool,
    /// How many approvals stand.
    pub approvals: usize,
    /// How many it needs at least.
    pub needed: u8,
    /// When it was made.
    pub proposed_at: Timestamp,
    /// From then on nobody may approve or execute it.
    pub expires_at: Timestamp,
    /// What its measure did, once that was looked at.
    pub worked: Option<Worked>,
    /// What happened to it: when, and the word for it.
    pub history: Vec<(Timestamp, String)>,
}

impl PlanReport {
    fn of(state: &PlanState, now: Timestamp) -> Self {
        let plan = state.plan();
        // Whether or not a timer has noticed.
        let status = if state.is_overdue(now) { PlanStatus::Expired } else { state.status() };
        Self {
            plan: plan.id.clone(),
            proposal: ProposalKey::of(&plan.service, &plan.remedy),
            sentence: plan.remedy.entry().sentence(&plan.saw),
            service: plan.service.clone(),
            risk: plan.risk,
            status,
            is_over: status.is_over(),
            approvals: state.approvals().len(),
            needed: plan.least_approvals(),
            proposed_at: plan.proposed_at,
            expires_at: plan.expires_at,
            worked: state.worked(),
            history: state.history().iter().map(|told| (told.at, told.fact.word().to_owned())).collect(),
        }
    }
}

#[async_trait]
impl Tool for GetPlanStatus {
    const SPEC: ToolSpec = ToolSpec {
        name: "get_plan_status",
        title: "Get plan status",
        about: "Tells where the plans of an incident stand: waiting for people, being carried out, kept, undone, or ended in \
                another way; with approvals, expiry, what the measure did, and everything that happened to them. It changes \
                nothing.",
        effect: Effect::Read,
        subject: Subject::Incident,
    };
    type Answer = PlanReports;

    async fn call(self, outside: &Outside) -> Result<PlanReports, ToolError> {
        let incident = find(outside, self.incident, Self::SPEC.name).await?;
        let is_meant = |report: &PlanReport| {
            self.plan.as_ref().is_none_or(|plan| *plan == report.plan)
                && self.proposal.as_ref().is_none_or(|proposal| *proposal == report.proposal)
        };
        let mut plans: Vec<PlanReport> =
            incident.plans.values().map(|state| PlanReport::of(state, self.now)).filter(is_meant).collect();
        plans.sort_by(|one, other| other.proposed_at.cmp(&one.proposed_at).then_with(|| one.plan.cmp(&other.plan)));
        let missing = || {
            Gap {
            wanted: "a plan".to_owned(),
            because: "none of that kind is there: it may not have been made yet, or what was asked for is not suggested any more"
                .to_owned(),
            remedy: None,
        }
        };
        let gaps = if plans.is_empty() { vec![missing()] } else { Vec::new() };
        Ok(PlanReports { plans, gaps })
    }
}

async fn find(outside: &Outside, id: IncidentId, tool: &'static str) -> Result<Incident, ToolError> {
    let problem = match outside.casebook.incident(id).await {
        Ok(Some(incident)) => return Ok(incident),
        Ok(None) => "there is no such incident".to_owned(),
        Err(gap) => format!("incidents cannot be read: {}", gap.because),
    };
    Err(ToolError::Arguments { tool, path: "incident".to_owned(), problem })
}

//! A request to people as a task: a client that knows tasks polls one instead of asking for plans. Nothing is kept for it: its
//! id says what was asked for and when, and what came of it stands in the incident.

use super::Desk;
use super::words::in_words;
use crate::model::IncidentId;
use crate::recovery::{Answered, ExecuteRemediation, ExecutionAsked, GetPlanStatus, PlanReport, ProposalKey};
use crate::tool::Tool;
use jiff::{SignedDuration, Timestamp};
use rmcp::ErrorData;
use rmcp::model::{
    CallToolResult, ContentBlock, CreateTaskResult, DetailedTask, GetTaskResult, JsonObject, Task, TaskPayload,
    TaskStatus,
};
use serde_json::json;

/// How often it is worth asking, in milliseconds: people are not faster.
const POLL_MS: u64 = 5_000;

/// A plan that has not been made by then is not made any more: what was asked for is no longer suggested.
const UNTIL_PLANNED: SignedDuration = SignedDuration::from_mins(5);

/// What a task is about.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    incident: IncidentId,
    proposal: ProposalKey,
    asked_at: Timestamp,
}

impl Wanted {
    fn id(&self) -> String {
        format!("{}.{}.{}", self.incident, self.proposal, self.asked_at.as_second())
    }

    fn read(id: &str) -> Option<Self> {
        let mut parts = id.split('.');
        let (incident, proposal, at) = (parts.next()?, parts.next()?, parts.next()?);
        let asked_at = Timestamp::from_second(at.parse().ok()?).ok()?;
        let incident = IncidentId::try_from(incident.to_owned()).ok()?;
        let proposal = serde_json::from_value(json!(proposal)).ok()?;
        let wanted = Self { incident, proposal, asked_at };
        (parts.next().is_none() && wanted.id() == id).then_some(wanted)
    }

    fn task(&self, updated_at: Timestamp) -> Task {
        Task::new(self.id(), TaskStatus::Working, self.asked_at.to_string(), updated_at.to_string())
            .with_poll_interval_ms(POLL_MS)
    }
}

/// The task that begins with an answer, if people were asked.
pub(super) fn begin(answer: &CallToolResult, desk: &Desk) -> Option<CreateTaskResult> {
    let asked: ExecutionAsked = serde_json::from_value(answer.structured_content.clone()?).ok()?;
    let wanted = Wanted { incident: asked.incident, proposal: asked.proposal, asked_at: desk.now() };
    let task = wanted.task(wanted.asked_at);
    Some(CreateTaskResult::new(task.with_status_message(format!("needs approval: people decide, in {}", asked.place))))
}

/// Where a task stands.
pub(super) async fn get(desk: &Desk, id: &str) -> Result<GetTaskResult, ErrorData> {
    let unknown = || ErrorData::invalid_params("there is no such task", None);
    let internal = |problem: String| ErrorData::internal_error(problem, None);
    let wanted = Wanted::read(id).ok_or_else(unknown)?;
    let now = desk.now();
    let incident = desk.incident(Some(wanted.incident)).await.map_err(|_| unknown())?;
    let (plan, proposal) = (None, Some(wanted.proposal.clone()));
    let reports = GetPlanStatus { incident: incident.id, now, plan, proposal }.call(&desk.outside).await;
    let reports = reports.map_err(|err| internal(err.to_string()))?;
    // What was over before it was asked for is somebody else's.
    let is_of_this = |report: &PlanReport| !report.is_over || changed_at(report) >= wanted.asked_at;
    let (task, payload) = match reports.plans.into_iter().find(is_of_this) {
        Some(report) if report.is_over => {
            let task = wanted.task(changed_at(&report));
            (
                task,
                TaskPayload::Completed { result: completed(&wanted, report).map_err(|err| internal(err.to_string()))? },
            )
        }
        Some(report) => {
            let told = format!("{}: {} of {} approvals", report.sentence, report.approvals, report.needed);
            (wanted.task(changed_at(&report)).with_status_message(told), TaskPayload::Working)
        }
        None if now.duration_since(wanted.asked_at) < UNTIL_PLANNED => (wanted.task(now), TaskPayload::Working),
        None => {
            let because = reports.gaps.into_iter().map(|gap| gap.because).next().unwrap_or_default();
            let mut error = JsonObject::new();
            error.insert("code".to_owned(), json!(-32603));
            error.insert("message".to_owned(), json!(format!("no plan was made: {because}")));
            (wanted.task(now), TaskPayload::Failed { error })
        }
    };
    Ok(GetTaskResult::new(DetailedTask::new(task, payload)))
}

/// Whether there could be such a task.
pub(super) fn is_one(id: &str) -> bool {
    Wanted::read(id).is_some()
}

fn changed_at(report: &PlanReport) -> Timestamp {
    report.history.last().map_or(report.proposed_at, |(at, _)| *at)
}

/// The answer of the tool, as it would have been if it had waited.
fn completed(wanted: &Wanted, report: PlanReport) -> Result<JsonObject, serde_json::Error> {
    let place = format!("the thread of {}", wanted.incident);
    let asked = ExecutionAsked {
        status: Answered::Decided,
        incident: wanted.incident,
        proposal: wanted.proposal.clone(),
        place,
        outcome: Some(report),
    };
    let answer = json!(asked);
    let mut result =
        CallToolResult::success(vec![ContentBlock::text(in_words(ExecuteRemediation::SPEC.name, &answer))]);
    result.structured_content = Some(answer);
    serde_json::from_value(serde_json::to_value(result)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_what_was_asked_for_and_nothing_else_is_one() {
        let id = "INC-7.a1c6e49237f0b28b.1795144560";
        assert_eq!(Wanted::read(id).map(|wanted| wanted.id()).as_deref(), Some(id));
        for odd in
            ["", ".", "..", "INC-7", "INC-7.a1", "INC-7.a1.x", "INC-7.a1.1.1", "INC-07.a1.1", "INC-7.a1.+1", "7.a1.1"]
        {
            assert!(!is_one(odd), "{odd}");
        }
    }
}

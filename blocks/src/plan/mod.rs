//! One plan, in words: its message in the incident's thread, edited in place over its whole life; what is told besides it; all of
//! it to one person; and what the incident's card says of its plans.

mod details;
mod story;
mod summary;

pub use details::details;
pub use story::line;
pub use summary::summary;

use crate::action::{Action, Deed, Topic};
use crate::message::{Button, Message};
use crate::phrase::{self, words};
use crate::remedy;
use jiff::Timestamp;
use tools::model::{Incident, Risk, RiskReason};
use tools::recovery::plan::{Approval, Plan, PlanFact, PlanState, PlanStatus, needs_typed_name};
use tools::recovery::policy::PersonId;

/// Evidence lines of one plan.
const MAX_EVIDENCE: usize = 4;

/// Approvals told with their reasons; the rest is counted.
const MAX_APPROVALS: usize = 6;

/// Characters of a reason on the card; its details have all of it.
const MAX_REASON: usize = 200;

/// Who may decide, as mrkdwn that is ready to be shown. It is shown only while the plan waits, so that nobody is mentioned
/// twice: edits notify nobody.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// Those who may approve: `<!subteam^S0ONCALL>`, `anybody here`.
    pub approve: &'a [String],
    /// Those who are asked as well once nobody has answered for half of its time.
    pub escalate: Option<&'a str>,
}

/// The message of one plan: what exactly, why, what it risks, where it stands, and what can be done with it now.
pub fn card(incident: &Incident, state: &PlanState, who: &Who<'_>) -> Message {
    let plan = state.plan();
    let (sign, word) = title(state.status());
    let sentence = remedy::sentence(&plan.remedy, &plan.saw);
    let heading = format!("{sign} {word} · {} · {} risk", phrase::short_id(&plan.id), plan.risk);
    let mut message = Message::new(&notification(state, word, &sentence)).header(&heading).section(&format!(
        "*{}*\non {}, {}",
        words(&sentence),
        remedy::target(&plan.target),
        place(plan)
    ));
    message = if state.status() == PlanStatus::Waiting {
        waiting(message, incident, state, who)
    } else {
        decided(message, state)
    };
    let small = format!("{} · {}{} · {}", incident.id, phrase::code(&plan.id.0), ids(plan), nothing_yet(state));
    message.buttons(&buttons(incident, state)).context(&[small])
}

/// The sign and the word of where a plan stands; each its own.
pub(crate) fn title(status: PlanStatus) -> (&'static str, &'static str) {
    match status {
        PlanStatus::Waiting => ("⏳", "WAITING"),
        PlanStatus::Running => ("▶️", "RUNNING"),
        PlanStatus::Applied => ("👀", "APPLIED"),
        PlanStatus::Kept => ("✅", "KEEP"),
        PlanStatus::Doubtful => ("⚠️", "REVERT"),
        PlanStatus::Undoing => ("⏪", "UNDOING"),
        PlanStatus::Undone => ("↩️", "UNDONE"),
        PlanStatus::Failed => ("❌", "FAILED"),
        PlanStatus::PartlyFailed => ("🧩", "PARTLY FAILED"),
        PlanStatus::UndoFailed => ("🆘", "UNDO FAILED"),
        PlanStatus::LeftAlone => ("🖐️", "LEFT ALONE"),
        PlanStatus::Rejected => ("🚫", "REJECTED"),
        PlanStatus::Revoked => ("🗑️", "REVOKED"),
        PlanStatus::Expired => ("⌛", "EXPIRED"),
        PlanStatus::Superseded => ("⏭️", "SUPERSEDED"),
        PlanStatus::Drifted => ("🔀", "DRIFTED"),
    }
}

fn notification(state: &PlanState, word: &str, sentence: &str) -> String {
    if state.status() != PlanStatus::Waiting {
        return format!("{word}: {sentence}");
    }
    let expires_at = phrase::clock(state.plan().expires_at);
    format!("{sentence}: a {}-risk plan waits and expires at {expires_at} UTC", state.plan().risk)
}

fn place(plan: &Plan) -> String {
    let service = phrase::service(&plan.service);
    // Most targets are named after their service.
    let of = if plan.target.name == plan.service.as_str() { String::new() } else { format!("of {service} ") };
    format!("{of}in {}", remedy::name(&plan.environment))
}

fn waiting(message: Message, incident: &Incident, state: &PlanState, who: &Who<'_>) -> Message {
    let plan = state.plan();
    let changes = remedy::differences(&plan.saw.settings, &plan.wants);
    let spec = plan.remedy.spec();
    let mut lines = vec![
        format!("*Risk:* {}{}", remedy::risk(plan.risk), remedy::because(&plan.risk_reasons)),
        remedy::cost(plan.cost),
        format!("*Also happens:* {}", spec.side_effects),
    ];
    lines.extend(blast_radius(incident, plan).map(|radius| format!("*Blast radius:* {radius}")));
    lines.push(remedy::undo(&plan.remedy, plan.reversible, plan.undo_after_min));
    lines.push(format!("*Success:* {}", remedy::success(plan.expectation.as_ref())));
    if !plan.forecast.is_empty() {
        lines.push(format!("*Recovers:* {}", remedy::returns(&plan.forecast)));
    }
    let explained = incident.explained.get(&plan.id).map(Vec::as_slice).unwrap_or_default();
    let plainly: Vec<String> = explained.iter().map(|sentence| words(&sentence.text)).collect();
    let message = if plainly.is_empty() { message } else { message.titled("In plain words", &plainly.join(" ")) };
    message
        .lines("What changes", &changes)
        .lines("Why", &why(incident, plan))
        .section(&lines.join("\n"))
        .section(&votes(state, who))
}

/// How many suffer, depend on it, and are expected back.
fn blast_radius(incident: &Incident, plan: &Plan) -> Option<String> {
    let suffering = incident.verdict.as_ref().map_or(0, |verdict| verdict.affected.len());
    let depending = plan.risk_reasons.iter().find_map(|reason| match reason {
        RiskReason::Reach { services } => Some(*services),
        RiskReason::Remedy(_)
        | RiskReason::Irreversible
        | RiskReason::Cost
        | RiskReason::FailedBefore { .. }
        | RiskReason::Unread => None,
    });
    let mut parts = Vec::new();
    if suffering > 0 {
        parts.push(format!("{} now", phrase::count(suffering, "service suffers", "services suffer")));
    }
    if let Some(depending) = depending {
        let depend = phrase::count(depending, "healthy one depends", "healthy ones depend");
        parts.push(format!("{depend} on {}", phrase::service(&plan.service)));
    }
    if !plan.forecast.is_empty() {
        parts.push(format!("{} expected back", phrase::count(plan.forecast.len(), "is", "are")));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Who asked, who has approved, who may, and until when.
fn votes(state: &PlanState, who: &Who<'_>) -> String {
    let plan = state.plan();
    let needed = usize::from(plan.least_approvals());
    let given = state.approvals().len();
    let mut lines = vec![format!(
        "*Asked for by* {} at {}. *Expires* at {}.",
        phrase::person(&plan.requester),
        phrase::time(plan.proposed_at),
        phrase::time(plan.expires_at)
    )];
    lines.push(match needed {
        0 => "*Approvals:* it needs none; whoever may execute it can do so now.".to_owned(),
        1 => format!("*Approvals:* {given} of 1 needed, not from who asked."),
        _ => format!("*Approvals:* {given} of {needed} needed, from different people, not from who asked."),
    });
    if given > 0 {
        lines.push(format!("*Approved by* {}.", approvals(state)));
    }
    if needed > given && !who.approve.is_empty() {
        lines.push(format!("*May approve:* {}.", phrase::list(who.approve)));
    }
    if let (Some(at), Some(escalate)) = (state.escalated_at(), who.escalate) {
        lines.push(format!("*Asked as well* at {}, since half of its time had gone by: {escalate}.", phrase::time(at)));
    }
    let enough = if given >= needed { "" } else { "enough people approve and " };
    lines.push(format!("Nothing happens until {enough}somebody presses *Execute*."));
    lines.join("\n")
}

/// Those whose approval stands, with their reasons.
pub(crate) fn approvals(state: &PlanState) -> String {
    let told = |(by, approval): (&PersonId, &Approval)| {
        let reason = approval.reason.as_deref().map(|reason| format!(" ({})", quoted(reason)));
        format!("{} at {}{}", phrase::person(by), phrase::time(approval.at), reason.unwrap_or_default())
    };
    let mut list: Vec<String> = state.approvals().iter().take(MAX_APPROVALS).map(told).collect();
    if state.approvals().len() > MAX_APPROVALS {
        list.push(format!("{} more", state.approvals().len() - MAX_APPROVALS));
    }
    phrase::list(&list)
}

/// Some people, as a list.
fn people(ids: &[PersonId]) -> String {
    let mut list: Vec<String> = ids.iter().take(MAX_APPROVALS).map(phrase::person).collect();
    if ids.len() > MAX_APPROVALS {
        list.push(format!("{} more", ids.len() - MAX_APPROVALS));
    }
    phrase::list(&list)
}

/// Since when it stands where it stands. Who is denied something later changes nothing about that.
fn since(state: &PlanState) -> Timestamp {
    let told = state.history().iter().rev().find(|told| !matches!(told.fact, PlanFact::Denied { .. }));
    told.map_or(state.plan().proposed_at, |told| told.at)
}

/// What somebody wrote, in quotation marks.
fn quoted(text: &str) -> String {
    format!("“{}”", words(crate::limits::cut(text, MAX_REASON)))
}

/// What happened, and what to do next; below it what it was about.
fn decided(message: Message, state: &PlanState) -> Message {
    let plan = state.plan();
    let changes = remedy::differences(&plan.saw.settings, &plan.wants);
    let message = message.section(&story::story(state));
    // Where it has to be restored by hand, the other way round was just told.
    let is_told = state.status().is_over() || state.status() == PlanStatus::UndoFailed;
    if is_told { message } else { message.lines("What changes", &changes) }
}

fn nothing_yet(state: &PlanState) -> &'static str {
    match state.status() {
        PlanStatus::Waiting => "nothing was changed yet",
        PlanStatus::Failed
        | PlanStatus::Rejected
        | PlanStatus::Revoked
        | PlanStatus::Expired
        | PlanStatus::Superseded
        | PlanStatus::Drifted => "nothing was changed by it",
        PlanStatus::Undone => "what it changed is restored",
        PlanStatus::Running | PlanStatus::Undoing => "its target may be changing now",
        PlanStatus::Applied
        | PlanStatus::Kept
        | PlanStatus::Doubtful
        | PlanStatus::PartlyFailed
        | PlanStatus::UndoFailed => "what it changed may be in force",
        PlanStatus::LeftAlone => "its target is as somebody else left it",
    }
}

/// What it rests on.
fn ids(plan: &Plan) -> String {
    let ids: Vec<String> = plan.evidence.iter().take(2 * MAX_EVIDENCE).map(ToString::to_string).collect();
    if ids.is_empty() { String::new() } else { format!(" · rests on {}", ids.join(", ")) }
}

/// What speaks for it, while that can be looked up: a later verdict numbers its own claims.
fn why(incident: &Incident, plan: &Plan) -> Vec<String> {
    let verdict = incident.verdict.as_deref().filter(|verdict| verdict.at <= plan.proposed_at);
    let outlook = incident.outlook.as_deref().filter(|outlook| outlook.at <= plan.proposed_at);
    let verdicts = verdict.iter().flat_map(|verdict| &verdict.evidence);
    let all = verdicts.chain(outlook.iter().flat_map(|outlook| &outlook.evidence));
    let claims = remedy::claims(plan.evidence.iter().copied(), all, MAX_EVIDENCE);
    claims.iter().map(|claim| format!("• {claim}")).collect()
}

/// What can be done with it, the next step first.
fn buttons(incident: &Incident, state: &PlanState) -> Vec<Button> {
    let plan = state.plan();
    let deed = |deed: Deed, label: &str| Button::new(Action::Plan(deed, plan.incident, plan.id.clone()), label);
    let details = deed(Deed::Details, "Details");
    if state.status() == PlanStatus::Waiting {
        return waiting_buttons(state, details);
    }
    if state.can_be_undone() {
        let text = format!(
            "The settings of {} become what they were before.",
            phrase::one_line(&crate::limits::cut(&plan.target.name, 120))
        );
        let undo = deed(Deed::Undo, "Undo").danger().asking("Take this plan back?", &text, "Undo");
        return vec![undo, details];
    }
    if state.status().is_over() {
        let fix = Button::new(Action::Ask(Topic::Fix, incident.id), "What can I do");
        return vec![details, fix];
    }
    vec![details]
}

fn waiting_buttons(state: &PlanState, details: Button) -> Vec<Button> {
    let plan = state.plan();
    let deed = |deed: Deed, label: &str| Button::new(Action::Plan(deed, plan.incident, plan.id.clone()), label);
    let sentence = remedy::sentence(&plan.remedy, &plan.saw);
    let approve = match plan.risk {
        Risk::Low | Risk::Medium => deed(Deed::Approve, "Approve"),
        Risk::High => deed(Deed::ApproveBecause, "Approve"),
    };
    let execute = match plan.risk {
        Risk::Low => deed(Deed::Execute, "Execute"),
        // What is typed into its form is the question.
        Risk::Medium | Risk::High if needs_typed_name(plan) => deed(Deed::ExecuteNamed, "Execute"),
        Risk::Medium | Risk::High => {
            deed(Deed::Execute, "Execute").asking("Carry this plan out?", &format!("{sentence}."), "Execute")
        }
    };
    let ends = "That ends the plan for everybody. Another one can be proposed.";
    let reject = deed(Deed::Reject, "Reject").danger().asking("Reject this plan?", ends, "Reject");
    let revoke = deed(Deed::Revoke, "Revoke").asking("Revoke your plan?", ends, "Revoke");
    let has_enough = state.approvals().len() >= usize::from(plan.least_approvals());
    match (has_enough, plan.least_approvals()) {
        (true, 0) => vec![execute.primary(), reject, details, revoke],
        (true, _) => vec![execute.primary(), approve, reject, details, revoke],
        (false, _) => vec![approve.primary(), reject, execute, details, revoke],
    }
}

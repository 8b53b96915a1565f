//! What a person's request makes of a plan.

use super::{MOST_APPROVALS, MOST_DENIALS, MOST_UNDOS, Plan, PlanFact, PlanState, PlanStatus, Said, UndoneBy};
use crate::model::{Cost, Risk};
use crate::recovery::policy::{Act, Denial, Person, PersonId, PlanFacts, Policy, Question, Ruling, Standing};
use crate::recovery::remedy::Remedy;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A reason may have so many characters: it is kept and shown.
pub const LONGEST_REASON: usize = 1_000;

/// The environment in which a remedy that stops something asks for the name of its target.
const PRODUCTION: &str = "production";

/// What a person wants of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Agree to it.
    Approve {
        /// Why. A high risk needs one.
        reason: Option<String>,
    },
    /// Take their own approval back.
    Withdraw,
    /// Say no, which ends it.
    Reject {
        /// Why.
        reason: Option<String>,
    },
    /// Take back what they asked for.
    Revoke,
    /// Have it carried out.
    Execute {
        /// The name of the target as they typed it, where they were asked to.
        typed: Option<String>,
    },
    /// Have it taken back.
    Undo,
}

impl Request {
    /// Its word, as it stands in the log.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "approve",
            Self::Withdraw => "withdraw",
            Self::Reject { .. } => "reject",
            Self::Revoke => "revoke",
            Self::Execute { .. } => "execute",
            Self::Undo => "undo",
        }
    }
}

/// What is known at the moment of a decision, apart from the plan.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// Who may do what.
    pub policy: &'a Policy,
    /// The people as they are now: the requester, and everybody whose approval stands. An approver who is missing here does
    /// not count; without the requester nothing is decided.
    pub people: &'a BTreeMap<PersonId, Person>,
    /// Whether it is business hours now.
    pub business_hours: bool,
}

/// What follows from a request: the facts to record, in this order, and the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// What happened. The last one may begin a job: `Started` has the plan carried out, `UndoStarted` has it taken back.
    pub facts: Vec<PlanFact>,
    /// What the person is answered.
    pub said: Said,
}

impl Decided {
    fn only(said: Said) -> Self {
        Self { facts: Vec::new(), said }
    }

    fn by(fact: PlanFact, said: Said) -> Self {
        Self { facts: vec![fact], said }
    }
}

/// What `who` gets for wanting `request` of a plan at `now`: every request is answered, and what it changes are facts that
/// the plan takes. What may not be done is recorded and changes nothing else. A plan whose time is over is ended first,
/// whether or not a timer has noticed.
pub fn decide(state: &PlanState, request: &Request, who: &Person, desk: &Desk<'_>, now: Timestamp) -> Decided {
    if state.is_overdue(now) {
        return Decided::by(PlanFact::Expired, said_of_expired(state, request));
    }
    let Some(requester) = desk.people.get(&state.plan().requester) else {
        return Decided::only(Said::RequesterUnknown { requester: state.plan().requester.clone() });
    };
    let plan = PlanFacts::of(state.plan(), requester.clone(), desk.business_hours);
    let case = Case { state, request, who, desk, plan };
    match request {
        Request::Approve { reason } => case.approve(reason.as_deref()),
        Request::Withdraw => case.withdraw(),
        Request::Reject { reason } => case.reject(reason.as_deref()),
        Request::Revoke => case.revoke(),
        Request::Execute { typed } => case.execute(typed.as_deref()),
        Request::Undo => case.undo(),
    }
}

/// Whether whoever executes a plan types the name of its target: one of high risk that stops something in production.
pub fn needs_typed_name(plan: &Plan) -> bool {
    plan.risk == Risk::High && plan.environment.eq_ignore_ascii_case(PRODUCTION) && may_stop_something(&plan.remedy)
}

fn may_stop_something(remedy: &Remedy) -> bool {
    match remedy {
        Remedy::ReservedConcurrency(remedy) => remedy.executions == 0,
        Remedy::EventSource(remedy) => !remedy.enabled,
        Remedy::Rule(remedy) => !remedy.enabled,
        Remedy::EcsCount(remedy) => remedy.count == 0,
        // What a runbook does nobody here knows.
        Remedy::Runbook(_) => true,
        Remedy::LogLevel(_)
        | Remedy::TraceSampling(_)
        | Remedy::MuteAlarms(_)
        | Remedy::CapsuleCapture(_)
        | Remedy::ProvisionedConcurrency(_)
        | Remedy::AliasRollback(_)
        | Remedy::ArchiveReplay(_)
        | Remedy::TableCapacity(_)
        | Remedy::EcsRollback(_) => false,
    }
}

impl PlanFacts {
    /// What policies are told of a plan.
    pub fn of(plan: &Plan, requester: Person, business_hours: bool) -> Self {
        Self {
            id: plan.id.0.clone(),
            remedy: plan.remedy.spec().name.to_owned(),
            target: plan.service.clone(),
            environment: plan.environment.clone(),
            risk: plan.risk,
            requester,
            cost_per_month_cents: match plan.cost {
                Cost::Nothing => Some(0),
                Cost::CentsPerMonth(cents) => Some(cents),
                Cost::Unknown => None,
            },
            business_hours,
            irreversible: !plan.reversible,
        }
    }
}

/// To undo what has just expired is to undo nothing.
fn said_of_expired(state: &PlanState, request: &Request) -> Said {
    match request {
        Request::Undo => Said::NothingToUndo { status: PlanStatus::Expired },
        Request::Approve { .. }
        | Request::Withdraw
        | Request::Reject { .. }
        | Request::Revoke
        | Request::Execute { .. } => Said::Expired { at: state.plan().expires_at },
    }
}

/// A reason as it is kept: without blanks around it, none where nothing is left.
fn kept(reason: Option<&str>) -> Result<Option<String>, Said> {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        return Err(Said::ReasonTooLong { most: LONGEST_REASON });
    }
    Ok(reason.map(str::to_owned))
}

/// A request with all that is needed to answer it.
#[derive(Debug)]
struct Case<'a> {
    state: &'a PlanState,
    request: &'a Request,
    who: &'a Person,
    desk: &'a Desk<'a>,
    plan: PlanFacts,
}

impl Case<'_> {
    fn approve(&self, reason: Option<&str>) -> Decided {
        if let Some(decided) = self.settled() {
            return decided;
        }
        if let Some(approval) = self.state.approvals().get(&self.who.id) {
            return Decided::only(Said::AlreadyApproved { at: approval.at });
        }
        if let Err(why) = self.allows(Act::Approve, self.who) {
            return self.denied(why);
        }
        let reason = match kept(reason) {
            Ok(None) if self.state.plan().risk == Risk::High => return Decided::only(Said::ReasonMissing),
            Ok(reason) => reason,
            Err(said) => return Decided::only(said),
        };
        if self.state.given() >= MOST_APPROVALS {
            return Decided::only(Said::TooOften);
        }
        let missing = self.missing(self.counted().0.len() + 1);
        Decided::by(PlanFact::Approved { by: self.who.id.clone(), reason }, Said::Approved { missing })
    }

    /// Always possible while it waits, whoever they have become: it makes nothing happen.
    fn withdraw(&self) -> Decided {
        if let Some(decided) = self.settled() {
            return decided;
        }
        if !self.state.approvals().contains_key(&self.who.id) {
            return Decided::only(Said::NothingToWithdraw);
        }
        let left = self.counted().0.iter().filter(|by| **by != self.who.id).count();
        let said = Said::Withdrawn { missing: self.missing(left) };
        Decided::by(PlanFact::Withdrawn { by: self.who.id.clone() }, said)
    }

    /// Whoever may say yes may say no.
    fn reject(&self, reason: Option<&str>) -> Decided {
        if let Some(decided) = self.settled() {
            return decided;
        }
        if let Err(why) = self.allows(Act::Approve, self.who) {
            return self.denied(why);
        }
        match kept(reason) {
            Ok(reason) => Decided::by(PlanFact::Rejected { by: self.who.id.clone(), reason }, Said::Rejected),
            Err(said) => Decided::only(said),
        }
    }

    /// Always possible for the requester while it waits, whoever they have become: it makes nothing happen.
    fn revoke(&self) -> Decided {
        if let Some(decided) = self.settled() {
            return decided;
        }
        let requester = &self.state.plan().requester;
        if *requester == self.who.id {
            return Decided::by(PlanFact::Revoked { by: requester.clone() }, Said::Revoked);
        }
        let because = format!("only {requester}, who asked for this plan, revokes it");
        self.recorded(because, Said::NotTheRequester { requester: requester.clone() })
    }

    fn execute(&self, typed: Option<&str>) -> Decided {
        if let Some(decided) = self.settled() {
            return decided;
        }
        let ruled = match self.allows(Act::Execute, self.who) {
            Ok(ruled) => ruled,
            Err(why) => return self.denied(why),
        };
        let needed = ruled.max(self.state.plan().least_approvals());
        let (counted, not_counted) = self.counted();
        if counted.len() < usize::from(needed) {
            let missing = needed.saturating_sub(u8::try_from(counted.len()).unwrap_or(u8::MAX));
            return Decided::only(Said::NeedsApprovals { missing, counted, not_counted });
        }
        if needs_typed_name(self.state.plan()) {
            let name = self.state.plan().target.name.clone();
            match typed.map(str::trim) {
                None | Some("") => return Decided::only(Said::NameMissing { name }),
                Some(typed) if typed != name => return Decided::only(Said::NameWrong { name }),
                Some(_) => {}
            }
        }
        let started = PlanFact::Started { by: self.who.id.clone(), approved_by: counted, needed };
        Decided::by(started, Said::Started)
    }

    fn undo(&self) -> Decided {
        if let Err(why) = self.allows(Act::Undo, self.who) {
            return self.denied(why);
        }
        let status = self.state.status();
        let undo = || self.state.undo().cloned();
        match status {
            PlanStatus::Applied
            | PlanStatus::Kept
            | PlanStatus::Doubtful
            | PlanStatus::PartlyFailed
            | PlanStatus::UndoFailed => {
                if !self.state.plan().reversible {
                    return Decided::only(Said::Irreversible);
                }
                if self.state.undos() >= MOST_UNDOS {
                    return Decided::only(Said::TooOften);
                }
                let by = UndoneBy::Person(self.who.id.clone());
                Decided::by(PlanFact::UndoStarted { by }, Said::UndoStarted)
            }
            PlanStatus::Running => {
                let started = self.state.started();
                let since = started.map_or(self.state.changed_at(), |start| start.at);
                Decided::only(Said::StillRunning { by: started.map(|start| start.by.clone()), since })
            }
            PlanStatus::Undoing => Decided::only(Said::AlreadyUndoing { by: undo() }),
            PlanStatus::Undone => {
                let undone = |fact: &PlanFact| matches!(fact, PlanFact::UndoFinished);
                let at = self.state.history().iter().find(|told| undone(&told.fact));
                let at = at.map_or(self.state.changed_at(), |told| told.at);
                Decided::only(Said::AlreadyUndone { by: undo(), at })
            }
            PlanStatus::Waiting
            | PlanStatus::Failed
            | PlanStatus::LeftAlone
            | PlanStatus::Rejected
            | PlanStatus::Revoked
            | PlanStatus::Expired
            | PlanStatus::Superseded
            | PlanStatus::Drifted => Decided::only(Said::NothingToUndo { status }),
        }
    }

    /// The answer to whoever comes too late; none while it waits.
    fn settled(&self) -> Option<Decided> {
        let settled = self.state.settled()?;
        let said = if settled.status == PlanStatus::Expired {
            Said::Expired { at: self.state.plan().expires_at }
        } else {
            Said::Decided(settled)
        };
        Some(Decided::only(said))
    }

    fn denied(&self, why: Denial) -> Decided {
        let because = why.to_string();
        let said = if why == Denial::OwnPlan { Said::OwnPlan } else { Said::NotAllowed { why } };
        self.recorded(because, said)
    }

    /// What may not be done is recorded, up to a number that no clicking exceeds, and answered in any case.
    fn recorded(&self, because: String, said: Said) -> Decided {
        if self.state.denials() >= MOST_DENIALS {
            return Decided::only(said);
        }
        let (by, act) = (self.who.id.clone(), self.request.word().to_owned());
        Decided::by(PlanFact::Denied { by, act, because }, said)
    }

    /// With how many approvals, or why not.
    fn allows(&self, act: Act, person: &Person) -> Result<u8, Denial> {
        match self.desk.policy.rule(&Question { act, person, plan: &self.plan }) {
            Ruling::Allowed { approvals, .. } => Ok(approvals),
            Ruling::Denied { why } => Err(why),
        }
    }

    /// Whose approvals count now, and whose do not any more and why: whoever has left, or may not approve today, does not.
    fn counted(&self) -> (Vec<PersonId>, Vec<(PersonId, Denial)>) {
        let (mut counted, mut not_counted) = (Vec::new(), Vec::new());
        for by in self.state.approvals().keys() {
            let ruled = match self.desk.people.get(by) {
                Some(person) => self.allows(Act::Approve, person),
                None => Err(Denial::NotAMember { standing: Standing::Stranger }),
            };
            match ruled {
                Ok(_) => counted.push(by.clone()),
                Err(why) => not_counted.push((by.clone(), why)),
            }
        }
        (counted, not_counted)
    }

    fn missing(&self, counted: usize) -> u8 {
        let counted = u8::try_from(counted).unwrap_or(u8::MAX);
        self.state.plan().least_approvals().saturating_sub(counted)
    }
}

//! A button and its click: one codec, so that what is pressed is what was offered.

use crate::limits::{MAX_BUTTON, cut};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tools::model::{AlarmDigest, IncidentId, Severity};
use tools::recovery::ProposalKey;
use tools::recovery::plan::PlanId;

/// What a person can ask about an incident. The word is the command's, and the button's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// What is going on, in one message.
    Context,
    /// Why this cause, and what else was looked at.
    Why,
    /// How the auth journey fares, hop by hop.
    Auth,
    /// What happened, in order.
    Timeline,
    /// What was changed, and how likely each change is guilty.
    Changes,
    /// Which past incidents resemble it, and what fixed them.
    Similar,
    /// What is new since somebody last looked.
    Catchup,
    /// What could not be seen, and what would supply it.
    Gaps,
    /// The picture of the blast radius, and what it rests on.
    Graph,
    /// Who is hit next.
    Predict,
    /// Where to cut, so that what is healthy stays so.
    Isolate,
    /// What can be done about it.
    Fix,
}

impl Topic {
    /// All of them, in the order in which a person asks.
    pub const ALL: [Self; 12] = [
        Self::Context,
        Self::Why,
        Self::Fix,
        Self::Graph,
        Self::Predict,
        Self::Isolate,
        Self::Auth,
        Self::Timeline,
        Self::Changes,
        Self::Similar,
        Self::Catchup,
        Self::Gaps,
    ];

    /// The word people type for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Why => "why",
            Self::Auth => "auth",
            Self::Timeline => "timeline",
            Self::Changes => "changes",
            Self::Similar => "similar",
            Self::Catchup => "catchup",
            Self::Gaps => "gaps",
            Self::Graph => "graph",
            Self::Predict => "predict",
            Self::Isolate => "isolate",
            Self::Fix => "fix",
        }
    }
}

/// What a person does with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Agree to it.
    Approve,
    /// Agree to it, and say why.
    ApproveBecause,
    /// Take their own approval back.
    Withdraw,
    /// Say no, which ends it.
    Reject,
    /// Take back what they asked for.
    Revoke,
    /// Have it carried out.
    Execute,
    /// Have it carried out, and type the name of its target.
    ExecuteNamed,
    /// Have it taken back.
    Undo,
    /// Read all of it.
    Details,
}

impl Deed {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Approve,
        Self::ApproveBecause,
        Self::Withdraw,
        Self::Reject,
        Self::Revoke,
        Self::Execute,
        Self::ExecuteNamed,
        Self::Undo,
        Self::Details,
    ];

    /// Its word in a button.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::ApproveBecause => "approve-because",
            Self::Withdraw => "withdraw",
            Self::Reject => "reject",
            Self::Revoke => "revoke",
            Self::Execute => "execute",
            Self::ExecuteNamed => "execute-named",
            Self::Undo => "undo",
            Self::Details => "details",
        }
    }

    /// What it asks for before it is done; none if a click is enough.
    pub fn form(self) -> Option<Form> {
        match self {
            Self::ApproveBecause => Some(Form::Reason),
            Self::ExecuteNamed => Some(Form::TargetName),
            Self::Approve
            | Self::Withdraw
            | Self::Reject
            | Self::Revoke
            | Self::Execute
            | Self::Undo
            | Self::Details => None,
        }
    }
}

/// What a form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Why somebody agrees.
    Reason,
    /// The name of what a plan acts on.
    TargetName,
    /// How bad an incident is.
    Severity,
    /// What an incident is called.
    Title,
    /// What is to stand in the timeline.
    Note,
    /// Why an incident is over.
    Closing,
}

/// What a person does with an incident by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// Say how bad it is, in a form.
    Rate,
    /// Say that it is this bad.
    Sev(Severity),
    /// Take the lead.
    Lead,
    /// Add a note, in a form.
    Note,
    /// Give it another title, in a form.
    Title,
    /// Close it, with a form for the reason.
    Close,
    /// Reopen it.
    Reopen,
}

impl Handling {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Rate,
        Self::Sev(Severity::Sev1),
        Self::Sev(Severity::Sev2),
        Self::Sev(Severity::Sev3),
        Self::Sev(Severity::Sev4),
        Self::Lead,
        Self::Note,
        Self::Title,
        Self::Close,
        Self::Reopen,
    ];

    /// Its word in a button.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Sev(Severity::Sev1) => "sev1",
            Self::Sev(Severity::Sev2) => "sev2",
            Self::Sev(Severity::Sev3) => "sev3",
            Self::Sev(Severity::Sev4) => "sev4",
            Self::Lead => "lead",
            Self::Note => "note",
            Self::Title => "title",
            Self::Close => "close",
            Self::Reopen => "reopen",
        }
    }

    /// What it asks for before it is done; none if a click is enough.
    pub fn form(self) -> Option<Form> {
        match self {
            Self::Rate => Some(Form::Severity),
            Self::Note => Some(Form::Note),
            Self::Title => Some(Form::Title),
            Self::Close => Some(Form::Closing),
            Self::Sev(_) | Self::Lead | Self::Reopen => None,
        }
    }
}

/// What a button does. It carries no more than opaque ids; everything else is read again when it is pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Tell me this about that incident.
    Ask(Topic, IncidentId),
    /// Tell me all about this proposal.
    Consider(IncidentId, ProposalKey),
    /// Merge the first incident into the second.
    Merge(IncidentId, IncidentId),
    /// Take that alarm out of the incident.
    Split(IncidentId, AlarmDigest),
    /// Make this proposal a plan.
    Propose(IncidentId, ProposalKey),
    /// Do this with that plan.
    Plan(Deed, IncidentId, PlanId),
    /// Do this with that incident by hand.
    Handle(Handling, IncidentId),
    /// Stop the answer with this number, about that incident.
    Stop(IncidentId, u64),
}

/// The version of the codec: a button of an older release must still be answered in words.
const VERSION: &str = "v1";

const CONSIDER: &str = "consider";
const PROPOSE: &str = "propose";
const MERGE: &str = "merge";
const SPLIT: &str = "split";
const STOP: &str = "stop";

impl Action {
    fn name(&self) -> &'static str {
        match self {
            Self::Ask(topic, _) => topic.word(),
            Self::Consider(..) => CONSIDER,
            Self::Propose(..) => PROPOSE,
            Self::Merge(..) => MERGE,
            Self::Split(..) => SPLIT,
            Self::Plan(deed, ..) => deed.word(),
            Self::Handle(step, _) => step.word(),
            Self::Stop(..) => STOP,
        }
    }

    /// The incident it is about.
    pub fn incident(&self) -> IncidentId {
        match self {
            Self::Ask(_, incident)
            | Self::Consider(incident, _)
            | Self::Propose(incident, _)
            | Self::Merge(incident, _)
            | Self::Split(incident, _)
            | Self::Plan(_, incident, _)
            | Self::Stop(incident, _)
            | Self::Handle(_, incident) => *incident,
        }
    }

    /// What the button carries.
    pub fn value(&self) -> String {
        let name = self.name();
        match self {
            Self::Ask(_, incident) | Self::Handle(_, incident) => format!("{VERSION}.{name}.{incident}"),
            Self::Consider(incident, key) | Self::Propose(incident, key) => {
                format!("{VERSION}.{name}.{incident}.{key}")
            }
            Self::Merge(incident, into) => format!("{VERSION}.{name}.{incident}.{into}"),
            Self::Split(incident, alarm) => format!("{VERSION}.{name}.{incident}.{alarm}"),
            Self::Stop(incident, talk) => format!("{VERSION}.{name}.{incident}.{talk}"),
            Self::Plan(_, incident, plan) => format!("{VERSION}.{name}.{incident}.{plan}"),
        }
    }

    /// Reads what a pressed button carried; none if no button of ours carries that.
    pub fn read(value: &str) -> Option<Self> {
        let mut parts = value.split('.');
        if parts.next()? != VERSION {
            return None;
        }
        let (name, incident, id) = (parts.next()?, parts.next()?, parts.next());
        if parts.next().is_some() {
            return None;
        }
        let incident = IncidentId::try_from(incident.to_owned()).ok()?;
        let topic = Topic::ALL.into_iter().find(|topic| topic.word() == name);
        let deed = Deed::ALL.into_iter().find(|deed| deed.word() == name);
        let step = Handling::ALL.into_iter().find(|step| step.word() == name);
        if let (Some(step), None) = (step, id) {
            return Some(Self::Handle(step, incident));
        }
        match (topic, deed, id) {
            (Some(topic), _, None) => Some(Self::Ask(topic, incident)),
            (None, Some(deed), Some(id)) => Some(Self::Plan(deed, incident, plan_id(id)?)),
            (None, None, Some(id)) if name == CONSIDER => Some(Self::Consider(incident, ProposalKey::read(id)?)),
            (None, None, Some(id)) if name == PROPOSE => Some(Self::Propose(incident, ProposalKey::read(id)?)),
            (None, None, Some(id)) if name == MERGE => {
                Some(Self::Merge(incident, IncidentId::try_from(id.to_owned()).ok()?))
            }
            (None, None, Some(id)) if name == STOP => Some(Self::Stop(incident, id.parse().ok()?)),
            (None, None, Some(id)) if name == SPLIT => Some(Self::Split(incident, AlarmDigest::read(id)?)),
            (Some(_) | None, _, _) => None,
        }
    }

    /// The button.
    pub(crate) fn button(&self, label: &str) -> Value {
        json!({
            "type": "button",
            "action_id": format!("clarity.{}", self.name()),
            "text": {"type": "plain_text", "text": cut(label, MAX_BUTTON), "emoji": false},
            "value": self.value(),
        })
    }
}

fn plan_id(text: &str) -> Option<PlanId> {
    let digest = text.strip_prefix("plan-")?;
    let is_hex = !digest.is_empty() && digest.len() <= 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| PlanId(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_reads_what_the_button_carries() {
        let (incident, key) = (IncidentId(7), ProposalKey::read("00ff00ff00ff00ff").unwrap());
        let mut actions = vec![Action::Consider(incident, key.clone()), Action::Propose(incident, key)];
        actions.push(Action::Merge(incident, IncidentId(8)));
        actions.push(Action::Stop(incident, 17));
        actions.push(Action::Split(incident, AlarmDigest::read("00ff00ff00ff00ff").unwrap()));
        actions.extend(Handling::ALL.map(|step| Action::Handle(step, incident)));
        actions.extend(Topic::ALL.map(|topic| Action::Ask(topic, incident)));
        actions.extend(Deed::ALL.map(|deed| Action::Plan(deed, incident, PlanId("plan-1f0c".to_owned()))));
        for action in actions {
            assert_eq!(Action::read(&action.value()), Some(action));
        }
    }

    #[test]
    fn anything_else_is_no_button_of_ours() {
        for value in [
            "",
            "v1",
            "v1.context",
            "v1.context.7",
            "v2.context.INC-7",
            "v1.approve.INC-7",
            "v1.context.INC-7x",
            "v1.context.INC-7.plan-1f0c",
            "v1.approve.INC-7.1f0c",
            "v1.approve.INC-7.plan-",
            "v1.approve.INC-7.plan-1f.0c",
            "v1.propose.INC-7.x",
            "v1.stop.INC-7.x",
            "v1.stop.INC-7",
            "v1.merge.INC-7",
            "v1.merge.INC-7.8",
            "v1.split.INC-7.INC-8",
            "v1.close.INC-7.plan-1f0c",
            "v1.sev5.INC-7",
        ] {
            assert_eq!(Action::read(value), None, "{value}");
        }
    }
}

//! Intents: what facts cause outside, written to the outbox in the same transaction. An intent is not a fact.

use crate::event::{Asked, MessageRef, Question, Timer};
use blocks::Message;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tools::dependency::draw::Scene;
use tools::model::{Drawing, IncidentId, ScopeId};
use tools::recovery::ProposalKey;
use tools::recovery::plan::{PlanId, Request};

/// The order in which intents were stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntentId(pub u64);

/// Our own name for one of our messages. Slack gives a message its `ts` only once it is posted; the outbox knows which
/// name got which `ts`, so nobody else has to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageName(pub String);

impl MessageName {
    /// The one message of an incident in a channel: a compact line first, the card from the flood on.
    pub fn card(incident: IncidentId, channel: &str) -> Self {
        Self(format!("{incident}/card/{channel}"))
    }

    /// The incident whose card it is, if it is one's.
    pub fn card_of(&self) -> Option<IncidentId> {
        let mut parts = self.0.split('/');
        let incident = parts.next()?.to_owned().try_into().ok()?;
        let is_card = parts.next() == Some("card") && parts.next().is_some() && parts.next().is_none();
        is_card.then_some(incident)
    }

    /// The message of a plan, in the thread of its incident.
    pub fn plan(incident: IncidentId, plan: &PlanId) -> Self {
        Self(format!("{incident}/plan/{plan}"))
    }

    /// The message that tells of the lone alarms of a scope that were gathered until then.
    pub fn gathered(scope: &ScopeId, until: Timestamp) -> Self {
        Self(format!("gathered/{scope}/{}", until.as_second()))
    }

    /// The reply to the message of another bot that brought a lone alarm.
    pub fn reply(to: &MessageRef) -> Self {
        Self(format!("reply/{}/{}", to.channel, to.ts))
    }
}

/// Where a message stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "place", rename_all = "snake_case")]
pub enum Place {
    /// In the channel itself.
    Channel {
        /// The channel's id.
        channel: String,
    },
    /// In the thread of a message.
    Thread(MessageRef),
    /// In the thread of a message of ours, once that is posted.
    Under {
        /// The channel's id.
        channel: String,
        /// The message.
        name: MessageName,
    },
}

impl Place {
    /// The channel's id.
    pub fn channel(&self) -> &str {
        match self {
            Self::Channel { channel } | Self::Under { channel, .. } => channel,
            Self::Thread(message) => &message.channel,
        }
    }

    /// The `ts` of the message whose thread it is, if it is one and known.
    pub fn thread_ts(&self) -> Option<&str> {
        match self {
            Self::Channel { .. } | Self::Under { .. } => None,
            Self::Thread(message) => Some(&message.ts),
        }
    }
}

/// What facts cause outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// The message of this name shall read so: it is posted the first time and edited after that. A newer one makes an
    /// older one needless.
    Show {
        /// Which message.
        name: MessageName,
        /// Where it stands.
        place: Place,
        /// What it shall say.
        message: Message,
        /// The incident of which this is a card that passes the coverage bar, so that MTTC can stop when it is shown.
        covers: Option<IncidentId>,
    },
    /// One more line in the thread of an incident. Lines that wait together are posted together.
    Tell {
        /// The message whose thread it is.
        under: MessageName,
        /// The channel's id.
        channel: String,
        /// The line, in mrkdwn.
        line: String,
        /// A picture under it; such a line is a message of its own.
        picture: Option<Drawing>,
    },
    /// An answer to one person, through Slack's address for it.
    Answer {
        /// Who waits.
        asked: Asked,
        /// The answer.
        message: Message,
    },
    /// Something slow that speaks to nobody; its result comes back as an event.
    Run(Job),
    /// Something is to be looked at again at that time. A newer one makes an older one for the same needless.
    Later {
        /// When.
        at: Timestamp,
        /// What for.
        timer: Timer,
    },
}

/// What is too slow to be done while an event is handled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Ask the toolsets about an incident. Where nobody waits for it, a newer one makes an older one needless.
    Investigate {
        /// Which incident.
        incident: IncidentId,
        /// The question of the person who waits for it, if one does.
        answer_to: Option<Question>,
    },
    /// Draw the blast radius of an incident and bring the picture to Slack. Where nobody waits for it, a newer one makes an
    /// older one needless.
    Draw {
        /// Which incident.
        incident: IncidentId,
        /// What to draw.
        scene: Box<Scene>,
        /// The moment it shows.
        at: Timestamp,
        /// The question of the person who waits for it, if one does.
        answer_to: Option<Question>,
    },
    /// Make a proposal anew, so that it can become a plan.
    Weigh {
        /// For which incident.
        incident: IncidentId,
        /// Which proposal.
        key: ProposalKey,
        /// Who wants it.
        asked: Asked,
    },
    /// Find out who somebody is who wants something of a plan, and who the others are that it depends on.
    LookUp {
        /// Of which incident.
        incident: IncidentId,
        /// Which plan.
        plan: PlanId,
        /// What they want.
        request: Request,
        /// Who wants it.
        asked: Asked,
    },
    /// Do what the facts of a plan say is to be done outside: carry it out, look whether it helped, take it back.
    Act {
        /// Of which incident.
        incident: IncidentId,
        /// Which plan.
        plan: PlanId,
    },
    /// Count how well it went in a scope.
    Review {
        /// Which scope.
        scope: ScopeId,
        /// Over so many days.
        days: u16,
        /// Who waits.
        asked: Asked,
    },
    /// Ask who is on call, so that they can be called.
    Page {
        /// For which incident.
        incident: IncidentId,
        /// What is said to it.
        text: Option<String>,
        /// Who calls.
        asked: Asked,
    },
    /// Share the postmortem of an incident in its thread.
    Postmortem {
        /// The scope it was asked for in: what belongs to another one is not told here.
        scope: ScopeId,
        /// Which incident.
        incident: IncidentId,
        /// The message whose thread it is.
        under: MessageName,
        /// Whether that message was already wanted for this: if it still is not there, it will not be.
        insists: bool,
        /// Who waits.
        asked: Asked,
    },
    /// Read a message that is to be a note, and find the incident it belongs to.
    Pin {
        /// Of which incident; none for the one in whose thread it stands.
        incident: Option<IncidentId>,
        /// Which message.
        message: MessageRef,
        /// Who wants it.
        asked: Asked,
    },
    /// Have a model phrase what is known of an incident. A newer one makes an older one needless.
    Narrate {
        /// Which incident.
        incident: IncidentId,
        /// A digest of what is known.
        story: String,
    },
    /// Have a model explain a plan.
    Explain {
        /// Of which incident.
        incident: IncidentId,
        /// Which plan.
        plan: PlanId,
    },
    /// Have a question about an incident answered.
    Ask {
        /// Which incident.
        incident: IncidentId,
        /// In the words of whoever asks.
        text: String,
        /// The number by which it can be stopped, where its message stands already.
        #[serde(default)]
        talk: Option<u64>,
        /// Who asks.
        asked: Asked,
    },
    /// Stop an answer that is under way.
    StopAnswer {
        /// In which scope somebody wants it.
        scope: ScopeId,
        /// Which, by its number; none for whatever they asked themselves.
        talk: Option<u64>,
        /// Who wants it.
        asked: Asked,
    },
    /// Find the incident in whose thread somebody said something, so that it can be decided what they mean.
    Locate {
        /// What they said.
        text: String,
        /// The message whose thread it is.
        thread: MessageRef,
        /// Who.
        asked: Asked,
    },
    /// Show somebody their Home tab.
    Home {
        /// The person's user id.
        by: String,
    },
    /// Look whether Slack has done with a picture, until it has: before that no message can show it.
    AwaitPicture {
        /// Of which incident.
        incident: IncidentId,
        /// The picture.
        drawing: Drawing,
        /// The question of the person who waits for it, if one does.
        answer_to: Option<Question>,
    },
}

impl Job {
    /// Whether it brings a picture. Words are quicker, and go first.
    pub fn is_picture(&self) -> bool {
        matches!(self, Self::Draw { .. } | Self::AwaitPicture { .. })
    }
}

impl Intent {
    /// The message it shows, which may have been posted before.
    pub fn shows(&self) -> Option<&MessageName> {
        match self {
            Self::Show { name, .. } => Some(name),
            Self::Tell { .. } | Self::Answer { .. } | Self::Run(_) | Self::Later { .. } => None,
        }
    }

    /// The message in whose thread it stands, once that is posted.
    pub fn under(&self) -> Option<&MessageName> {
        match self {
            Self::Show { place: Place::Under { name, .. }, .. }
            | Self::Tell { under: name, .. }
            | Self::Run(Job::Postmortem { under: name, .. }) => Some(name),
            Self::Show { place: Place::Channel { .. } | Place::Thread(_), .. }
            | Self::Answer { .. }
            | Self::Run(_)
            | Self::Later { .. } => None,
        }
    }
}

/// An intent that is not closed yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Its place in the order.
    pub id: IntentId,
    /// When it was stored.
    pub stored_at: Timestamp,
    /// What it asks for.
    pub intent: Intent,
    /// Whether somebody took it before and did not close it: its effect may already be there.
    pub taken_before: bool,
    /// The message it shows, once posted.
    pub posted: Option<MessageRef>,
    /// The message under which it stands, once posted.
    pub thread: Option<MessageRef>,
}

/// What became of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Its effect is there; a first post has its `ts` now.
    Done {
        /// The name and the message that got it.
        posted: Option<(MessageName, MessageRef)>,
    },
    /// A newer one made it needless.
    Superseded,
    /// It can never have its effect: Slack refuses it for good.
    Refused {
        /// Slack's word for it.
        error: String,
    },
}

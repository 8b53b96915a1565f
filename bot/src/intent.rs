//! Intents: what facts cause outside, written to the outbox in the same transaction. An intent is not a fact.

use crate::event::{Asked, MessageRef, Question};
use blocks::Message;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tools::dependency::draw::Scene;
use tools::model::{Drawing, IncidentId, ScopeId};

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
}

impl Place {
    /// The channel's id.
    pub fn channel(&self) -> &str {
        match self {
            Self::Channel { channel } => channel,
            Self::Thread(message) => &message.channel,
        }
    }

    /// The `ts` of the message whose thread it is, if it is one.
    pub fn thread_ts(&self) -> Option<&str> {
        match self {
            Self::Channel { .. } => None,
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
    /// Count how well it went in a scope.
    Review {
        /// Which scope.
        scope: ScopeId,
        /// Over so many days.
        days: u16,
        /// Who waits.
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
    /// The message it needs to know: the one it shows, or the one under which it tells or shares.
    pub fn message(&self) -> Option<&MessageName> {
        match self {
            Self::Show { name, .. } | Self::Tell { under: name, .. } => Some(name),
            Self::Run(Job::Postmortem { under, .. }) => Some(under),
            Self::Answer { .. } | Self::Run(_) => None,
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
    /// The message that already bears its name (for `Show`) or the name it goes under (for `Tell`), once posted.
    pub posted: Option<MessageRef>,
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

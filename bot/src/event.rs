//! Everything that can happen to the bot, parsed once at the edge. Handlers never see Slack or AWS JSON.

use crate::changes::Touched;
use crate::settings::Setting;
use blocks::Message;
use blocks::action::Topic;
use blocks::people::Lack;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tools::context::SimilarIncidents;
use tools::dependency::draw::Scene;
use tools::model::{
    Alarm, AuthHealth, Change, Delta, Drawing, Evidence, IncidentId, Outlook, ScopeId, Sentence, Severity, Spent,
    Verdict, Via,
};
use tools::recovery::plan::{PlanFact, PlanId, Request};
use tools::recovery::policy::{Directory, PersonId};
use tools::recovery::propose::Proposal;
use tools::recovery::{ProposalKey, Remediations};
use tools::stats::Stats;

/// Who is on call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// They.
    pub people: Vec<PersonId>,
    /// The user group that they are, if it is one.
    pub group: Option<String>,
    /// Those whom Slack does not know, as the schedule calls them.
    #[serde(default)]
    pub unknown: Vec<String>,
    /// Why others are called than the schedule says, if so: a phrase.
    #[serde(default)]
    pub instead: Option<String>,
}

/// Everything that can happen to the bot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// An alarm went to a state.
    Alarm {
        /// The transition.
        alarm: Box<Alarm>,
        /// The way it came.
        via: Via,
        /// The message that brought it, if a message did.
        message: Option<MessageRef>,
    },
    /// Somebody changed something, or tried to.
    Change {
        /// The change; its service is the resource's own name until the topology is asked.
        change: Box<Change>,
        /// What it touched.
        touched: Box<Touched>,
    },
    /// A person typed the slash command, or the same to us in a mention or a direct message.
    Command {
        /// What follows the command's name.
        text: String,
        /// The message in whose thread they said it, if it is to be found out of which incident that is.
        #[serde(default)]
        thread: Option<MessageRef>,
        /// The incident they mean where they name none, if the place tells.
        #[serde(default)]
        about: Option<IncidentId>,
        /// Where and by whom.
        asked: Asked,
    },
    /// A person pressed a button.
    Click {
        /// What the button carries.
        value: String,
        /// What they wrote in a form.
        typed: Option<String>,
        /// Where and by whom.
        asked: Asked,
    },
    /// A person set something for the scope, in a form.
    Set {
        /// What.
        settings: Vec<Setting>,
        /// Where and by whom.
        asked: Asked,
    },
    /// A person declared an incident.
    Declared {
        /// What they said of it.
        declared: Box<Declared>,
        /// Where and by whom.
        asked: Asked,
    },
    /// A person wants a message to be a note, by a reaction.
    Reacted {
        /// Which message.
        message: MessageRef,
        /// Where and by whom.
        asked: Asked,
    },
    /// A person opened their Home tab.
    HomeOpened {
        /// The person's user id.
        by: String,
    },
    /// A message that is to be a note was read.
    Pinned {
        /// Of which incident; none for the one that people are looking at.
        incident: Option<IncidentId>,
        /// What it says.
        text: String,
        /// What leads to it.
        link: String,
        /// By whom.
        asked: Asked,
    },
    /// The context and dependency toolsets answered.
    Investigated {
        /// For which incident.
        incident: IncidentId,
        /// What happened.
        verdict: Box<Verdict>,
        /// What lies ahead.
        outlook: Box<Outlook>,
        /// What a picture of it would show.
        scene: Box<Scene>,
        /// The question of the person who waits for it, if one does.
        answer_to: Option<Question>,
        /// What else that question needed.
        found: Option<Found>,
    },
    /// A picture that was wanted went a step further.
    Pictured {
        /// Of which incident.
        incident: IncidentId,
        /// How far it is.
        step: PictureStep,
        /// The question of the person who waits for it, if one does.
        answer_to: Option<Question>,
    },
    /// A person wants a proposal to be a plan, by way of a tool.
    Wished {
        /// For which incident.
        incident: IncidentId,
        /// Which proposal.
        key: ProposalKey,
        /// The person's user id.
        by: String,
    },
    /// A person wants a proposal to be a plan, and it was made anew.
    Weighed {
        /// For which incident.
        incident: IncidentId,
        /// The proposal as it is now.
        proposal: Box<Proposal>,
        /// Who is who.
        people: Directory,
        /// Who wants it.
        asked: Asked,
    },
    /// A person wants something of a plan, and it is known who everybody is.
    Requested {
        /// Of which incident.
        incident: IncidentId,
        /// Which plan.
        plan: PlanId,
        /// What they want.
        request: Request,
        /// Who is who.
        people: Directory,
        /// Who wants it.
        asked: Asked,
    },
    /// What was done about a plan, outside.
    Acted {
        /// Of which incident.
        incident: IncidentId,
        /// Which plan.
        plan: PlanId,
        /// What came of it.
        fact: Box<PlanFact>,
    },
    /// It is time.
    Due(Timer),
    /// Somebody calls whoever is on call, and Slack said who that is.
    Paged {
        /// For which incident.
        incident: IncidentId,
        /// Who is on call.
        duty: Duty,
        /// What is said to it, as it was typed.
        text: Option<String>,
        /// Who calls.
        asked: Asked,
    },
    /// A job has nothing to record, and somebody waits for its answer.
    Replied {
        /// Who waits.
        asked: Asked,
        /// The answer.
        message: Message,
    },
    /// Somebody wanted to know how well it went, and it was counted.
    Reviewed {
        /// The figures.
        stats: Box<Stats>,
        /// Who waits.
        asked: Asked,
    },
    /// A postmortem that somebody asked for went a step further.
    Postmortem {
        /// Of which incident; perhaps there is none such.
        incident: IncidentId,
        /// How far it is.
        step: PostmortemStep,
        /// Who waits.
        asked: Asked,
    },
    /// A model said something of an incident. Nobody has checked it.
    Narrated {
        /// Of which incident.
        incident: IncidentId,
        /// A digest of what was known when it was asked.
        story: String,
        /// What it said.
        sentences: Vec<Sentence>,
        /// How many sentences more were in no form to be read.
        unread: usize,
        /// What that took.
        spent: Spent,
    },
    /// A model explained a plan. Nobody has checked it.
    Explained {
        /// Of which incident.
        incident: IncidentId,
        /// Which plan.
        plan: PlanId,
        /// What it said.
        sentences: Vec<Sentence>,
        /// How many sentences more were in no form to be read.
        unread: usize,
        /// What that took.
        spent: Spent,
    },
    /// The message stands in which a question will be answered.
    AnswerBegun {
        /// About which incident.
        incident: IncidentId,
        /// In the words of whoever asks.
        question: String,
        /// The number by which it can be stopped.
        talk: u64,
        /// Who asks, and that message.
        asked: Asked,
    },
    /// A question was put to a model; where it said nothing, the rules answer.
    Answered {
        /// About which incident.
        incident: IncidentId,
        /// In the words of whoever asks.
        question: String,
        /// What the model said. Nobody has checked it.
        said: Box<Said>,
        /// Who asks.
        asked: Asked,
    },
    /// A card that passes the coverage bar stands in the channel.
    CardShown {
        /// For which incident.
        incident: IncidentId,
    },
}

/// What it is time for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// Something about a plan: it expires, is told to more people, shows whether it helped, or takes itself back.
    Plan {
        /// Of which incident.
        incident: IncidentId,
        /// Which plan.
        plan: PlanId,
    },
    /// More alarms of a merged incident can be brought over.
    Merge {
        /// The merged one.
        from: IncidentId,
        /// Where they go.
        into: IncidentId,
    },
    /// Alarms that were taken out of an incident can get one of their own.
    Split {
        /// The incident they stood in.
        from: IncidentId,
        /// The version of the fact by which they left.
        version: u64,
    },
    /// It is not quiet any more, and lone alarms that were gathered can be told.
    Hush {
        /// The first incident that was held back.
        incident: IncidentId,
    },
    /// Nobody may have taken the lead, or said how bad it is.
    Nudge {
        /// Of which incident.
        incident: IncidentId,
        /// What to look for.
        lack: Lack,
    },
}

/// What somebody says of an incident that they declare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// What it is called.
    pub title: String,
    /// How bad it is, if they said so.
    pub severity: Option<Severity>,
    /// What is known of it.
    pub about: Option<String>,
    /// The message it begins with, if there is one.
    pub message: Option<MessageRef>,
}

impl Timer {
    /// The incident that it is about.
    pub fn incident(&self) -> IncidentId {
        match self {
            Self::Plan { incident, .. }
            | Self::Merge { into: incident, .. }
            | Self::Split { from: incident, .. }
            | Self::Hush { incident }
            | Self::Nudge { incident, .. } => *incident,
        }
    }
}

/// A message in a channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MessageRef {
    /// The channel's id.
    pub channel: String,
    /// The message's timestamp, which is its id.
    pub ts: String,
}

/// Who asked for something, where, and how the answer reaches them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The person's user id.
    pub by: String,
    /// The channel they asked in.
    pub channel: String,
    /// Slack's address for answers to this one request, good for 30 minutes; or a word of [`Asked::whispered`] or
    /// [`Asked::written`]. Empty for whoever came another way: they see what becomes of it, and are told nothing.
    pub response_url: String,
}

/// How an answer reaches whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way<'a> {
    /// Through Slack's address for it.
    Address(&'a str),
    /// In the channel, and only they see it.
    Whisper {
        /// In this thread, if they asked in one.
        thread: Option<&'a str>,
    },
    /// In the conversation that they have with us alone.
    Write {
        /// What they said there, by its `ts`, if they said something.
        said: Option<&'a str>,
    },
    /// In a message of ours that stands there already, by its `ts`: it may be under way still, sentence by sentence.
    Fill {
        /// Which.
        ts: &'a str,
    },
    /// Not at all.
    Nowhere,
}

/// Stands before the thread in which somebody is whispered to. No address begins like this.
const WHISPER: &str = "whisper:";
/// Stands before what somebody said who is written to.
const WRITE: &str = "write:";
/// Stands before the message that is to be the answer.
const FILL: &str = "fill:";

impl Asked {
    /// Somebody who asked in a channel without an address for answers: by a mention, say, or a reaction.
    pub fn whispered(by: String, channel: String, thread: Option<&str>) -> Self {
        Self { by, channel, response_url: format!("{WHISPER}{}", thread.unwrap_or_default()) }
    }

    /// Somebody who asked in `channel`, which they have with us alone; `said` is the `ts` of what they said, if they did.
    pub fn written(by: String, channel: String, said: Option<&str>) -> Self {
        Self { by, channel, response_url: format!("{WRITE}{}", said.unwrap_or_default()) }
    }

    /// The same person, who finds the answer in a message of ours that stands there already.
    #[must_use]
    pub fn filled(&self, at: &MessageRef) -> Self {
        Self { by: self.by.clone(), channel: at.channel.clone(), response_url: format!("{FILL}{}", at.ts) }
    }

    /// How the answer reaches them.
    pub fn way(&self) -> Way<'_> {
        if let Some(thread) = self.response_url.strip_prefix(WHISPER) {
            return Way::Whisper { thread: Some(thread).filter(|thread| !thread.is_empty()) };
        }
        if let Some(said) = self.response_url.strip_prefix(WRITE) {
            return Way::Write { said: Some(said).filter(|said| !said.is_empty()) };
        }
        if let Some(ts) = self.response_url.strip_prefix(FILL) {
            return Way::Fill { ts };
        }
        match self.response_url.as_str() {
            "" => Way::Nowhere,
            address => Way::Address(address),
        }
    }
}

/// What a person wants to know about an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Who wants to know.
    pub asked: Asked,
    /// What.
    pub topic: Topic,
    /// For what is new: since when. None for the last time they looked.
    pub since: Option<Timestamp>,
    /// For what can be done: the one proposal that is meant. None for the best.
    pub pick: Option<ProposalKey>,
}

/// What some questions need besides the verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// How the auth journey fares.
    Auth(Box<AuthHealth>),
    /// What is new.
    Delta(Box<Delta>),
    /// Past incidents.
    Similar(Box<SimilarIncidents>),
    /// What can be done.
    Remedies(Box<Remediations>),
}

/// What a model said to a question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Its sentences.
    pub sentences: Vec<Sentence>,
    /// How many more were in no form to be read.
    pub unread: usize,
    /// What the tools claimed that it read, besides the incident's own evidence.
    pub evidence: Vec<Evidence>,
    /// The tools that it read.
    pub read: Vec<String>,
    /// What that took.
    pub spent: Spent,
    /// Whether somebody stopped it.
    #[serde(default)]
    pub stopped: bool,
}

/// How far a picture is on its way to where people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureStep {
    /// Slack has the file, and may still be at work on it.
    Uploaded(Drawing),
    /// It can be shown.
    Ready(Drawing),
    /// There will be none, and why.
    Failed(String),
}

/// How far a postmortem is on its way into the thread of its incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostmortemStep {
    /// The incident has no message in the channel, and so no thread.
    NoThread,
    /// Its files are in the thread.
    Shared,
    /// They will not be, and why.
    Failed(String),
}

/// What makes two deliveries the same event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventKey(pub String);

/// An event in the inbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivered {
    /// What makes a second delivery the same.
    pub key: EventKey,
    /// The scope whose worker handles it.
    pub scope: ScopeId,
    /// When it reached us: `now` for everything that follows from it.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

#[cfg(test)]
mod tests {
    use super::*;
    use tools::capsule::{self, World};
    use tools::context::{Situation, verdict};
    use tools::dependency::{Lags, draw, outlook};

    /// What waits in the inbox must come out of it as it went in, the largest event of all included.
    #[tokio::test]
    async fn a_verdict_survives_the_inbox() {
        let capsule = capsule::parse(capsule::AUTH_CASCADE.as_bytes()).unwrap();
        let (alarms, now) = (capsule.alarms_until(capsule.window.to), capsule.window.to);
        let outside = World::outside(std::sync::Arc::new(capsule));
        let situation = Situation::read(alarms, now, &outside).await;
        let verdict = Box::new(verdict(&situation));
        let outlook = Box::new(outlook(&situation, &verdict, &Lags::default()));
        let scene = Box::new(draw::scene_of(&situation, &verdict));
        let incident = IncidentId(1);
        let event = Event::Investigated { incident, verdict, outlook, scene, answer_to: None, found: None };
        let delivered = Delivered { key: EventKey("k".to_owned()), scope: ScopeId("prod".to_owned()), at: now, event };
        let bytes = serde_json::to_vec(&delivered).unwrap();
        assert_eq!(serde_json::from_slice::<Delivered>(&bytes).unwrap(), delivered);
    }
}

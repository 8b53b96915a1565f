//! What can happen to an incident, and its place in the log.

use crate::model::{
    Alarm, AlarmKey, Because, Did, Drawing, IncidentId, JoinedAlarm, Link, Outlook, ScopeId, Sentence, ServiceId,
    Spent, Verdict, Via,
};
use crate::recovery::plan::{PlanFact, PlanId};
use crate::recovery::policy::PersonId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What can happen to an incident. The timeline is these, told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// It began.
    Opened {
        /// Its id.
        id: IncidentId,
        /// The scope it belongs to.
        scope: ScopeId,
    },
    /// An alarm joined, in state `ALARM`.
    AlarmJoined {
        /// The alarm.
        alarm: Box<Alarm>,
        /// The way it came.
        via: Via,
        /// The service it belongs to, if known.
        service: Option<ServiceId>,
        /// Why it stands here.
        because: Because,
    },
    /// An alarm that is part of it went to another state.
    AlarmTurned {
        /// The new transition.
        alarm: Box<Alarm>,
        /// The way it came.
        via: Via,
    },
    /// A transition that is already known arrived by another way.
    AlarmConfirmed {
        /// The alarm as this source tells it.
        alarm: Box<Alarm>,
        /// The way it came.
        via: Via,
    },
    /// An alarm came over from another incident, with all that is known of it.
    AlarmMoved {
        /// The alarm, and why it stands here.
        joined: Box<JoinedAlarm>,
    },
    /// A person took alarms out of it: they get an incident of their own.
    AlarmsLeft {
        /// Which.
        alarms: Vec<AlarmKey>,
        /// Who.
        by: String,
    },
    /// A person merged it into another one, where its alarms stand from now on.
    Merged {
        /// The other one.
        into: IncidentId,
        /// Who.
        by: String,
    },
    /// So many alarms joined so quickly that it deserves a card.
    FloodBegan {
        /// Distinct alarms at that moment.
        alarms: usize,
    },
    /// It was quiet, and so its alarms are gathered with others instead of being told at once.
    Hushed {
        /// Until when.
        until: Timestamp,
    },
    /// The context toolset answered.
    Investigated {
        /// Its answer.
        verdict: Box<Verdict>,
    },
    /// The dependency toolset answered: who is hit next, and where to cut.
    Predicted {
        /// Its answer.
        outlook: Box<Outlook>,
    },
    /// A picture of the blast radius can be shown.
    Drawn {
        /// The picture.
        drawing: Box<Drawing>,
        /// Whether it is posted in the thread, too.
        told: bool,
    },
    /// A card that passes the coverage bar stands in the channel.
    ContextReached,
    /// A person asked for context and was answered.
    ContextAsked {
        /// Who.
        by: String,
    },
    /// Somebody asked for a plan that they may not ask for; nothing else happened.
    ProposalDenied {
        /// Who.
        by: PersonId,
        /// The remedy's name in the catalogue.
        remedy: String,
        /// Why not, as a sentence.
        because: String,
    },
    /// Somebody called whoever was on call.
    Paged {
        /// Who called.
        by: PersonId,
        /// Who was on call.
        whom: Vec<PersonId>,
        /// What they said to it, as they typed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// A model said something of it.
    Narrated {
        /// A digest of what was known when it was asked.
        story: String,
        /// The sentences that their evidence supports.
        sentences: Vec<Sentence>,
        /// How many more it said.
        dropped: u32,
        /// What that took.
        spent: Spent,
    },
    /// A model explained a plan.
    Explained {
        /// Which.
        plan: PlanId,
        /// The sentences that say no more than the plan states of itself.
        sentences: Vec<Sentence>,
        /// How many more it said.
        dropped: u32,
        /// What that took.
        spent: Spent,
    },
    /// A model answered a question of somebody.
    Answered {
        /// Who asked.
        by: PersonId,
        /// How many sentences they were told.
        kept: u32,
        /// How many more the model said.
        dropped: u32,
        /// What that took.
        spent: Spent,
    },
    /// Something happened to a plan.
    Plan {
        /// The plan.
        id: PlanId,
        /// What happened to it.
        fact: Box<PlanFact>,
    },
    /// Somebody did something with it by hand.
    Person {
        /// Who.
        by: PersonId,
        /// What.
        did: Box<Did>,
    },
}

/// A fact in its place in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// 1 for the first fact, then without holes.
    pub version: u64,
    /// When it became a fact.
    pub at: Timestamp,
    /// What happened.
    pub fact: Fact,
    /// What ties it to every fact before it.
    pub link: Link,
}

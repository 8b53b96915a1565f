//! An incident: an append-only log of facts, and the state that is their fold.

use crate::model::{
    Alarm, AlarmState, Drawing, Fact, Forecast, JoinedAlarm, Link, MOST_DEEDS, Narrative, Outlook, People, Record,
    Sentence, ServiceId, Spent, Transition, Verdict,
};
use crate::recovery::plan::{MOST_PLANS, PlanFact, PlanId, PlanState};
use crate::recovery::policy::PersonId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The id of an incident, shown as `INC-7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(into = "String", try_from = "String")]
pub struct IncidentId(pub u64);

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INC-{}", self.0)
    }
}

impl From<IncidentId> for String {
    fn from(id: IncidentId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for IncidentId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = text.strip_prefix("INC-").and_then(|digits| digits.parse().ok());
        number.map(Self).ok_or_else(|| format!("`{text}` is no incident id; one looks like `INC-7`"))
    }
}

/// The name of a scope: a configured slice of the world with its channels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScopeId(pub String);

impl fmt::Display for ScopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why no fact but one can come first.
const NOT_OPENED: &str = "the log does not begin with the incident being opened";

/// Services of which an incident remembers when they began to suffer.
const MOST_SUFFERED: usize = 200;

/// So often it is recorded that somebody may not ask for a plan. Later ones are answered all the same.
const MOST_DENIALS: u32 = 100;

/// Forecasts that an incident remembers until it can be told how they came out: the first ones, which matter most.
const MOST_FORECASTS: usize = 40;

/// The state of an incident: the fold of its facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// The scope it belongs to.
    pub scope: ScopeId,
    /// How many facts it has.
    pub version: u64,
    /// The link of the last of them: the head of the chain.
    pub head: Link,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Its alarms, in the order they joined.
    pub alarms: Vec<Arc<JoinedAlarm>>,
    /// The alarms that people took out of it.
    #[serde(default)]
    pub left: Vec<Left>,
    /// The incident that it was merged into, if it was.
    #[serde(default)]
    pub merged: Option<Merged>,
    /// When it became a flood; before that it is a lone alarm or two.
    pub flood_at: Option<Timestamp>,
    /// The context toolset's latest answer.
    pub verdict: Option<Arc<Verdict>>,
    /// Whom the verdicts blamed, each time it was somebody else.
    #[serde(default)]
    pub blamed: Vec<Blame>,
    /// Who suffered by any verdict so far, each with its onset as it was first told.
    #[serde(default)]
    pub suffered: BTreeMap<ServiceId, Timestamp>,
    /// The dependency toolset's latest answer.
    #[serde(default)]
    pub outlook: Option<Arc<Outlook>>,
    /// What was said of who would be hit, each time it was something else.
    #[serde(default)]
    pub forecasts: Vec<Forecast>,
    /// The latest picture of the blast radius.
    #[serde(default)]
    pub drawing: Option<Drawing>,
    /// When a picture was last posted in the thread.
    #[serde(default)]
    pub picture_told_at: Option<Timestamp>,
    /// When a card that passes the coverage bar first stood in the channel.
    pub context_at: Option<Timestamp>,
    /// What each person saw when they last looked.
    pub seen: BTreeMap<String, Look>,
    /// Its plans, at most [`MOST_PLANS`]; one more is refused.
    #[serde(default)]
    pub plans: BTreeMap<PlanId, Arc<PlanState>>,
    /// How often somebody asked for a plan that they may not ask for.
    #[serde(default)]
    pub denied_proposals: u32,
    /// What people made of it by hand.
    #[serde(default)]
    pub people: People,
    /// What a model says of it.
    #[serde(default)]
    pub narrative: Option<Narrative>,
    /// What a model says of its plans: sentences that each cite what the plan states of itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub explained: BTreeMap<PlanId, Vec<Sentence>>,
    /// What models took for it.
    #[serde(default)]
    pub spent: Spent,
    /// Sentences of models that their evidence does not support.
    #[serde(default)]
    pub dropped_sentences: u32,
    /// Until when its alarms are gathered instead of being told; none once another one joined after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hushed_until: Option<Timestamp>,
    /// Each time whoever was on call was called, at most [`MOST_DEEDS`]; no later one is kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<Page>,
}

/// Whoever was on call was called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// When.
    pub at: Timestamp,
    /// Who called.
    pub by: PersonId,
    /// Who was on call.
    pub whom: Vec<PersonId>,
}

/// An alarm that a person took out of an incident. Until it stands in its new one, what is told of it is kept here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// The alarm.
    pub joined: Arc<JoinedAlarm>,
    /// The version of the fact by which it left.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// Who took it out.
    pub by: String,
}

/// That an incident was merged into another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The other one.
    pub into: IncidentId,
    /// Who merged it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Whom a verdict blamed when the one before it did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blame {
    /// When the verdict came.
    pub at: Timestamp,
    /// Whom; none when nobody is blamed any more.
    pub service: Option<ServiceId>,
}

/// What a person saw when they asked for context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// How many alarms had joined.
    pub alarms: usize,
    /// Who was blamed.
    pub cause: Option<ServiceId>,
}

impl Incident {
    /// Makes `fact` the next one: its record, and the incident with it.
    ///
    /// # Errors
    /// A sentence saying why it cannot follow, as [`Self::fold`].
    pub fn extend(state: Option<Self>, at: Timestamp, fact: Fact) -> Result<(Self, Record), String> {
        let (version, before) = match (&state, &fact) {
            (Some(incident), _) => (incident.version + 1, incident.head),
            (None, Fact::Opened { id, .. }) => (1, Link::before_all(*id)),
            (None, _) => return Err(NOT_OPENED.to_owned()),
        };
        let link = before.then(version, at, &fact.to_json());
        let record = Record { version, at, fact, link };
        Ok((Self::fold(state, &record)?, record))
    }

    /// Folds one record into the state. `None` is the state before the first fact; only `Opened` leads out of it.
    ///
    /// The link is taken as it is told. Whether it follows is checked where that matters: when a record is stored
    /// ([`Record::check`]), and when somebody asks ([`crate::audit`]). An incident is loaded far more often than it grows, and
    /// must not pay each time for writing every fact as JSON again.
    ///
    /// # Errors
    /// A sentence saying why the record cannot follow: a hole in the versions, a log that does not begin with `Opened`, or a
    /// fact that a plan cannot take.
    pub fn fold(state: Option<Self>, record: &Record) -> Result<Self, String> {
        let mut incident = match (state, &record.fact) {
            (None, Fact::Opened { id, scope }) => Self::before_anything(*id, scope.clone(), record.at),
            (Some(_), Fact::Opened { id, .. }) => return Err(format!("{id} is opened twice")),
            (None, _) => return Err(NOT_OPENED.to_owned()),
            (Some(incident), _) => incident,
        };
        if record.version != incident.version + 1 {
            return Err(format!("fact {} follows fact {} of {}", record.version, incident.version, incident.id));
        }
        incident.version = record.version;
        if let Fact::Plan { id, fact } = &record.fact {
            incident.plan(record.at, id, fact)?;
        }
        incident.head = record.link;
        incident.apply(record);
        Ok(incident)
    }

    fn before_anything(id: IncidentId, scope: ScopeId, opened_at: Timestamp) -> Self {
        Self {
            id,
            scope,
            version: 0,
            head: Link::before_all(id),
            opened_at,
            alarms: Vec::new(),
            left: Vec::new(),
            merged: None,
            flood_at: None,
            verdict: None,
            blamed: Vec::new(),
            hushed_until: None,
            pages: Vec::new(),
            suffered: BTreeMap::new(),
            outlook: None,
            forecasts: Vec::new(),
            drawing: None,
            picture_told_at: None,
            context_at: None,
            seen: BTreeMap::new(),
            plans: BTreeMap::new(),
            denied_proposals: 0,
            people: People::default(),
            narrative: None,
            explained: BTreeMap::new(),
            spent: Spent::default(),
            dropped_sentences: 0,
        }
    }

    /// Folds a fact of a plan.
    fn plan(&mut self, at: Timestamp, id: &PlanId, fact: &PlanFact) -> Result<(), String> {
        if let PlanFact::Proposed { plan } = fact {
            if plan.id != *id || plan.incident != self.id {
                return Err(format!("{} of {} is told as {id} of {}", plan.id, plan.incident, self.id));
            }
            if self.plans.len() >= MOST_PLANS {
                return Err(format!("{} has {MOST_PLANS} plans, and takes no more", self.id));
            }
        }
        let state = PlanState::fold(self.plans.remove(id).map(Arc::unwrap_or_clone), at, fact)?;
        self.plans.insert(id.clone(), Arc::new(state));
        Ok(())
    }

    fn apply(&mut self, record: &Record) {
        match &record.fact {
            // A plan may refuse its fact: that is done before.
            Fact::ProposalDenied { .. } => self.denied_proposals += 1,
            Fact::Opened { .. } | Fact::Plan { .. } => {}
            Fact::Paged { by, whom, text: _ } => {
                if self.pages.len() < MOST_DEEDS {
                    self.pages.push(Page { at: record.at, by: by.clone(), whom: whom.clone() });
                }
            }
            Fact::AlarmJoined { alarm, via, service, because } => {
                self.hushed_until = self.hushed_until.filter(|until| *until > record.at);
                self.alarms.push(Arc::new(JoinedAlarm {
                    alarm: (**alarm).clone(),
                    first_at: alarm.changed_at,
                    transitions: vec![Transition::told(alarm, *via)],
                    service: service.clone(),
                    because: because.clone(),
                }));
            }
            Fact::AlarmTurned { alarm, via } => {
                if let Some(joined) = self.joined_mut(alarm) {
                    joined.turn(alarm, *via);
                }
            }
            Fact::AlarmConfirmed { alarm, via } => {
                if let Some(joined) = self.joined_mut(alarm) {
                    joined.confirm(alarm, *via);
                }
            }
            Fact::AlarmMoved { joined } => self.alarms.push(Arc::new((**joined).clone())),
            Fact::AlarmsLeft { alarms, by } => {
                let (version, at) = (record.version, record.at);
                let leaves = |joined: &Arc<JoinedAlarm>| alarms.contains(&joined.alarm.key());
                let (left, stay) = std::mem::take(&mut self.alarms).into_iter().partition(leaves);
                self.alarms = stay;
                let left: Vec<Arc<JoinedAlarm>> = left;
                self.left.extend(left.into_iter().map(|joined| Left { joined, version, at, by: by.clone() }));
            }
            Fact::Merged { into, by } => self.merged = Some(Merged { into: *into, by: by.clone(), at: record.at }),
            Fact::FloodBegan { .. } => self.flood_at = Some(record.at),
            Fact::Hushed { until } => self.hushed_until = Some(*until),
            Fact::Investigated { verdict } => {
                let service = verdict.cause().map(|cause| cause.service.clone());
                if self.blamed.last().and_then(|last| last.service.as_ref()) != service.as_ref() {
                    self.blamed.push(Blame { at: record.at, service });
                }
                for affected in &verdict.affected {
                    if self.suffered.len() < MOST_SUFFERED {
                        self.suffered.entry(affected.service.clone()).or_insert(affected.onset);
                    }
                }
                self.verdict = Some(Arc::new((**verdict).clone()));
            }
            Fact::Predicted { outlook } => {
                let forecast = Forecast::from(outlook.as_ref());
                let is_news = self.forecasts.last().is_none_or(|last| last.listed != forecast.listed);
                if is_news && self.forecasts.len() < MOST_FORECASTS {
                    self.forecasts.push(forecast);
                }
                self.outlook = Some(Arc::new((**outlook).clone()));
            }
            Fact::Drawn { drawing, told } => {
                self.drawing = Some((**drawing).clone());
                self.picture_told_at = if *told { Some(record.at) } else { self.picture_told_at };
            }
            Fact::Person { by, did } => self.people.apply(record.at, by, did),
            Fact::Narrated { story, sentences, dropped, spent } => {
                let (story, sentences) = (story.clone(), sentences.clone());
                self.narrative = Some(Narrative { at: record.at, story, sentences });
                self.phrased(*dropped, spent);
            }
            Fact::Explained { plan, sentences, dropped, spent } => {
                if self.plans.contains_key(plan) {
                    self.explained.insert(plan.clone(), sentences.clone());
                }
                self.phrased(*dropped, spent);
            }
            Fact::Answered { dropped, spent, .. } => self.phrased(*dropped, spent),
            Fact::ContextReached => self.context_at = Some(record.at),
            Fact::ContextAsked { by } => {
                let cause =
                    self.verdict.as_ref().and_then(|verdict| verdict.cause()).map(|cause| cause.service.clone());
                self.seen.insert(by.clone(), Look { at: record.at, alarms: self.alarms.len(), cause });
            }
        }
    }

    fn phrased(&mut self, dropped: u32, spent: &Spent) {
        self.dropped_sentences = self.dropped_sentences.saturating_add(dropped);
        self.spent = std::mem::take(&mut self.spent).and(spent.clone());
    }

    /// Whether it takes one more [`Fact::ProposalDenied`]: what nobody may do must not fill the log.
    pub fn may_record_denial(&self) -> bool {
        self.denied_proposals < MOST_DENIALS
    }

    /// The alarm of this incident that is the same alarm, whichever way it came.
    pub fn joined(&self, alarm: &Alarm) -> Option<&JoinedAlarm> {
        self.alarms.iter().map(AsRef::as_ref).find(|joined: &&JoinedAlarm| joined.alarm.is_same_alarm(alarm))
    }

    fn joined_mut(&mut self, alarm: &Alarm) -> Option<&mut JoinedAlarm> {
        let left = self.left.iter_mut().map(|left| &mut left.joined);
        let joined = self.alarms.iter_mut().chain(left).find(|joined| joined.alarm.is_same_alarm(alarm));
        joined.map(Arc::make_mut)
    }

    /// The state-change time of the first alarm: where MTTC starts.
    pub fn began_at(&self) -> Timestamp {
        self.alarms.iter().map(|joined| joined.first_at).min().unwrap_or(self.opened_at)
    }

    /// When an alarm last joined or turned.
    pub fn last_alarm_at(&self) -> Timestamp {
        self.alarms.iter().map(|joined| joined.alarm.changed_at).max().unwrap_or(self.opened_at)
    }

    /// Mean time to context of this one incident, once it is reached.
    pub fn time_to_context(&self) -> Option<SignedDuration> {
        self.context_at.map(|at| at.duration_since(self.began_at()))
    }

    /// How many of its alarms are in state `ALARM` now.
    pub fn firing(&self) -> usize {
        self.alarms.iter().filter(|joined| joined.alarm.state == AlarmState::Alarm).count()
    }

    /// When the last of its alarms went to OK; none while any is in another state.
    pub fn recovered_at(&self) -> Option<Timestamp> {
        let all_ok = !self.alarms.is_empty() && self.alarms.iter().all(|joined| joined.alarm.state == AlarmState::Ok);
        all_ok.then(|| self.last_alarm_at())
    }

    /// When something last happened that brings it back to mind: an alarm joined or turned, or somebody did something by hand.
    pub fn last_sign_at(&self) -> Timestamp {
        let deed = self.people.deeds.last().map_or(Timestamp::MIN, |deed| deed.at);
        self.last_alarm_at().max(deed)
    }

    /// When it was over: all of its alarms were OK, or else somebody closed it.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.recovered_at().or(self.people.closed_at)
    }

    /// Whether it is many alarms at once.
    pub fn is_flood(&self) -> bool {
        self.flood_at.is_some()
    }

    /// Whether it has a card, as a flood and what people declare have; before that its alarms are told one by one.
    pub fn has_card(&self) -> bool {
        self.is_flood() || self.people.declared_by.is_some()
    }

    /// Whether somebody closed it, and nobody reopened it since.
    pub fn is_closed(&self) -> bool {
        self.people.closed_at.is_some()
    }
}

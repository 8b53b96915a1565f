//! What a decision is made from ([`Scene`]), what it is ([`Decision`]), and one in the making.

use crate::config::{Config, Scope};
use crate::event::Asked;
use crate::grouping;
use crate::intent::{Intent, Job, MessageName, Place};
use crate::ports::Log;
use crate::rules::{Rules, mention};
use crate::settings::Settings;
use blocks::Message;
use blocks::plan::Who;
use jiff::Timestamp;
use std::sync::Arc;
use tools::context::Atlas;
use tools::model::{Change, Drawing, Fact, Incident, IncidentId, Kinship, Record};
use tools::recovery::plan::{PlanState, PlanStatus};

/// What is known when an event is handled.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What the deployment configures.
    pub config: Arc<Config>,
    /// The rules under which plans are made and decided.
    pub rules: Arc<Rules>,
    /// The scope the event belongs to.
    pub scope: Scope,
    /// The scope's incidents that may still take in alarms, the most recent first.
    pub open: Vec<Incident>,
    /// The id a new incident would get.
    pub next: IncidentId,
    /// The incident that is meant where none is named, if the place tells in which somebody asks.
    pub about: Option<IncidentId>,
    /// What people said of which alarms belong together, the newest first.
    pub kinships: Arc<[Kinship]>,
    /// What people set for the scope; [`Self::scope`] is as it is under these.
    pub settings: Settings,
    /// The topology, if it could be read.
    pub atlas: Option<Arc<Atlas>>,
}

impl Scene {
    /// An incident by its id.
    pub(crate) fn incident(&self, id: IncidentId) -> Option<&Incident> {
        self.open.iter().find(|incident| incident.id == id)
    }

    /// The incident in which this one's alarms stand: itself, or the one it was merged into.
    pub(crate) fn root<'a>(&'a self, incident: &'a Incident) -> &'a Incident {
        grouping::root(incident, &self.open)
    }

    /// The incident that somebody means by an id: what it was merged into, if it was.
    pub(crate) fn named(&self, id: IncidentId) -> Result<&Incident, Message> {
        self.incident(id).map(|incident| self.root(incident)).ok_or_else(|| self.no_such_incident(id))
    }

    /// The incidents whose alarms stand in them, the most recent first.
    pub(crate) fn standing(&self) -> impl Iterator<Item = &Incident> {
        self.open.iter().filter(|incident| incident.merged.is_none())
    }

    /// Every plan of every incident.
    pub(crate) fn plans(&self) -> impl Iterator<Item = &PlanState> {
        self.open.iter().flat_map(|incident| incident.plans.values()).map(AsRef::as_ref)
    }

    /// The incidents that nobody closed, the most recent first.
    pub(crate) fn not_closed(&self) -> Vec<&Incident> {
        self.standing().filter(|incident| !incident.is_closed()).collect()
    }

    /// The incident that is meant where none is named: the one that the place tells, or else the most recent one with a card
    /// that is open, or else the most recent.
    pub(crate) fn meant(&self) -> Option<&Incident> {
        if let Some(told) = self.about.and_then(|id| self.incident(id)) {
            return Some(self.root(told));
        }
        let open = || self.standing().filter(|incident| !incident.is_closed());
        open().find(|incident| incident.has_card()).or_else(|| open().next()).or_else(|| self.standing().next())
    }

    /// What somebody is told who asks about an incident that is not there: which are.
    pub(crate) fn no_such_incident(&self, id: IncidentId) -> Message {
        let ids: Vec<IncidentId> = self.not_closed().iter().map(|open| open.id).collect();
        blocks::reply::no_such_incident(id, &ids)
    }
}

/// What follows from an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// New facts of one incident, if there are any.
    pub log: Option<Log>,
    /// Changes that are to be kept for the scope.
    pub changes: Vec<Change>,
    /// What a person said of which alarms belong together, to be kept for the scope.
    pub kinship: Option<Kinship>,
    /// What a person set for the scope.
    pub settings: Option<Settings>,
    /// What happens outside.
    pub intents: Vec<Intent>,
}

impl Decision {
    /// Somebody is answered, and nothing else happens.
    pub(crate) fn answer(asked: &Asked, message: Message) -> Self {
        Self::only(Intent::Answer { asked: asked.clone(), message })
    }

    /// A job is done, and nothing else happens.
    pub(crate) fn run(job: Job) -> Self {
        Self::only(Intent::Run(job))
    }

    fn only(intent: Intent) -> Self {
        Self { intents: vec![intent], ..Self::default() }
    }
}

/// A decision in the making: facts are folded as they are recorded, so that what is shown is what is stored.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    scope: &'a Scope,
    now: Timestamp,
    incident: Option<Incident>,
    records: Vec<Record>,
    intents: Vec<Intent>,
}

impl<'a> Draft<'a> {
    /// Goes on with an incident.
    pub(crate) fn of(scope: &'a Scope, incident: Incident, now: Timestamp) -> Self {
        Self { scope, now, incident: Some(incident), records: Vec::new(), intents: Vec::new() }
    }

    /// Opens an incident.
    pub(crate) fn opened(scope: &'a Scope, id: IncidentId, now: Timestamp) -> Self {
        let fact = Fact::Opened { id, scope: scope.id.clone() };
        let (incident, record) = Incident::extend(None, now, fact).expect("a log may begin with `Opened`");
        Self { scope, now, incident: Some(incident), records: vec![record], intents: Vec::new() }
    }

    /// The incident, with every fact recorded so far.
    pub(crate) fn incident(&self) -> &Incident {
        self.incident.as_ref().expect("it is gone only while a fact is folded")
    }

    /// Makes `fact` true.
    pub(crate) fn record(&mut self, fact: Fact) {
        let extended = Incident::extend(self.incident.take(), self.now, fact);
        let (incident, record) = extended.expect("any fact but `Opened` may follow");
        self.incident = Some(incident);
        self.records.push(record);
    }

    /// Wants something to happen outside.
    pub(crate) fn intend(&mut self, intent: Intent) {
        self.intents.push(intent);
    }

    /// Wants the incident's message in the war room to be up to date.
    pub(crate) fn show_card(&mut self) {
        let channel = self.scope.war_room.clone();
        let covered = self.incident().has_card()
            && self.incident().context_at.is_none()
            && self.incident().verdict.as_ref().is_some_and(|verdict| verdict.covers().is_ok());
        let message = match &self.incident().merged {
            Some(merged) => blocks::regroup::moved_on(self.incident(), merged),
            None if self.incident().has_card() => blocks::card::card(self.incident()),
            None => blocks::alarm::lone_line(self.incident()),
        };
        self.show(MessageName::card(self.incident().id, &channel), Place::Channel { channel }, message, covered);
    }

    /// Wants the message of a plan, in the incident's thread, to be up to date.
    pub(crate) fn show_plan(&mut self, state: &PlanState, rules: &Rules) {
        let incident = self.incident();
        // Nobody is asked to approve what does not wait.
        let waits = state.status() == PlanStatus::Waiting;
        let approve = if waits { rules.approvers(state.plan(), self.now) } else { Vec::new() };
        let escalate = self.scope.escalates_to().map(mention);
        let message = blocks::plan::card(incident, state, &Who { approve: &approve, escalate: escalate.as_deref() });
        let channel = self.scope.war_room.clone();
        let name = MessageName::card(incident.id, &channel);
        self.show(MessageName::plan(incident.id, state.id()), Place::Under { channel, name }, message, false);
    }

    /// Wants a message of ours to read so.
    pub(crate) fn show(&mut self, name: MessageName, place: Place, message: Message, covers: bool) {
        let covers = covers.then_some(self.incident().id);
        self.intents.push(Intent::Show { name, place, message, covers });
    }

    /// Wants one more line in the incident's thread.
    pub(crate) fn tell(&mut self, line: String) {
        self.tell_with(line, None);
    }

    /// The same with a picture under it.
    pub(crate) fn tell_with(&mut self, line: String, picture: Option<Drawing>) {
        let channel = self.scope.war_room.clone();
        let under = MessageName::card(self.incident().id, &channel);
        self.intents.push(Intent::Tell { under, channel, line, picture });
    }

    /// The decision.
    pub(crate) fn done(self) -> Decision {
        let after = self.incident.filter(|_| !self.records.is_empty());
        let log = after.map(|after| Log { records: self.records, after });
        Decision { log, intents: self.intents, ..Decision::default() }
    }
}

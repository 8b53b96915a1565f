//! Takes events from the inbox, decides, appends once, and goes on. The only place that turns a decision into facts.

use crate::command;
use crate::config::{Config, Scope};
use crate::decision::Scene;
use crate::engine;
use crate::event::{Delivered, Event, Timer};
use crate::intent::Intent;
use crate::ports::{Append, Appended, Inbox, Lookback, Store, StoreError, Told};
use crate::pulse::{Pulse, Worker};
use crate::rules::Rules;
use crate::settings::Settings;
use blocks::action::Action;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tools::context::Atlas;
use tools::model::{Incident, IncidentId, Kinship, ScopeId, Window, minutes};
use tools::ports::{Clock, Outside};

/// How old the topology may be before it is read again.
const ATLAS_AGE: SignedDuration = minutes(5);

/// How old what people told may be before it is read again: another process may have heard something.
const TOLD_AGE: SignedDuration = minutes(1);

/// So long an event waits for the topology. What comes later is there for the next one.
const ATLAS_PATIENCE: Duration = Duration::from_secs(1);

/// An incident that has been silent for longer is not looked at any more when an alarm looks for its place.
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Incidents one event may have to load.
const MAX_OPEN: usize = 50;

/// How often one event is decided again because another append came first. Each time somebody else got on, so this ends; it
/// is more than a plan takes denials and approvals, so no click loses this often.
const MAX_CONFLICTS: usize = 500;

/// What people told of a scope, and when that was read.
#[derive(Clone, Debug)]
pub struct Heard {
    at: Timestamp,
    kinships: Arc<[Kinship]>,
    settings: Settings,
}

/// The worker of all scopes on one machine: one event at a time, so that each scope's events are in order.
#[derive(Debug)]
pub struct Dispatcher {
    /// What the deployment configures.
    pub config: Arc<Config>,
    /// The rules under which plans are made and decided.
    pub rules: Arc<Rules>,
    /// Where facts are kept.
    pub store: Arc<dyn Store>,
    /// Where events wait.
    pub inbox: Arc<dyn Inbox>,
    /// The world as the tools see it.
    pub outside: Outside,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Wakes the workers.
    pub pulse: Arc<Pulse>,
    /// The topology as it was last read.
    pub atlas: Mutex<Option<(Timestamp, Arc<Atlas>)>>,
    /// What people told of each scope, as it was last read.
    pub told: Mutex<HashMap<ScopeId, Heard>>,
}

/// Why an event was not handled.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the scope `{0}` is not configured")]
    NoScope(String),
    #[error("{MAX_CONFLICTS} other appends came first")]
    Conflicts,
}

impl Dispatcher {
    /// Works until it is dropped.
    pub async fn run(&self) {
        loop {
            let beat = self.pulse.current();
            if let Err(err) = self.drain().await {
                // The event stays in the inbox; the next beat tries again.
                tracing::error!("the inbox waits: {err}");
            }
            self.pulse.rest(Worker::Dispatcher, beat).await;
        }
    }

    async fn drain(&self) -> Result<(), StoreError> {
        while let Some(delivered) = self.inbox.take().await? {
            self.handle_one(&delivered).await?;
            self.inbox.done(&delivered.key).await?;
            self.pulse.beat();
        }
        Ok(())
    }

    /// Handles one event to its end: its facts are stored, or its failure is told. Only when the store fails is it to be
    /// tried again.
    pub async fn handle_one(&self, delivered: &Delivered) -> Result<(), StoreError> {
        match self.handle(delivered).await {
            Ok(()) => Ok(()),
            Err(Failure::Store(err)) => Err(err),
            Err(failure @ (Failure::NoScope(_) | Failure::Conflicts)) => self.report(delivered, &failure).await,
        }
    }

    /// An event that cannot be handled is told once: in the log, and to the person who waits for it.
    async fn report(&self, delivered: &Delivered, failure: &Failure) -> Result<(), StoreError> {
        tracing::error!(event = %delivered.key.0, "an event was not handled: {failure}");
        let asked = match &delivered.event {
            Event::Command { asked, .. }
            | Event::Declared { asked, .. }
            | Event::Set { asked, .. }
            | Event::Pinned { asked, .. }
            | Event::Reacted { asked, .. }
            | Event::Click { asked, .. }
            | Event::Weighed { asked, .. }
            | Event::Requested { asked, .. }
            | Event::Replied { asked, .. }
            | Event::Paged { asked, .. }
            | Event::Reviewed { asked, .. }
            | Event::Answered { asked, .. }
            | Event::AnswerBegun { asked, .. }
            | Event::Postmortem { asked, .. } => Some(asked),
            Event::Investigated { answer_to, .. } | Event::Pictured { answer_to, .. } => {
                answer_to.as_ref().map(|question| &question.asked)
            }
            Event::Alarm { .. }
            | Event::Change { .. }
            | Event::CardShown { .. }
            | Event::Narrated { .. }
            | Event::Explained { .. }
            | Event::Wished { .. }
            | Event::Acted { .. }
            | Event::HomeOpened { .. }
            | Event::Due(_) => None,
        };
        let answer = asked
            .map(|asked| Intent::Answer { asked: asked.clone(), message: blocks::reply::our_fault(&delivered.key.0) });
        let append = Append {
            scope: delivered.scope.clone(),
            key: delivered.key.clone(),
            log: None,
            changes: Vec::new(),
            kinship: None,
            settings: None,
            intents: answer.into_iter().collect(),
            at: delivered.at,
        };
        self.store.append(append).await.map(drop)
    }

    async fn handle(&self, delivered: &Delivered) -> Result<(), Failure> {
        for _ in 0..MAX_CONFLICTS {
            let scene = self.scene(delivered).await?;
            let decision = engine::decide(&scene, delivered);
            let append = Append {
                scope: delivered.scope.clone(),
                key: delivered.key.clone(),
                log: decision.log,
                changes: decision.changes,
                kinship: decision.kinship,
                settings: decision.settings,
                intents: decision.intents,
                at: delivered.at,
            };
            let is_told = append.kinship.is_some() || append.settings.is_some();
            let appended = self.store.append(append).await?;
            if is_told {
                // It is news; or somebody else was first with some.
                self.told.lock().await.remove(&delivered.scope);
            }
            match appended {
                Appended::Done | Appended::KnownEvent => return Ok(()),
                Appended::Conflict => {}
            }
        }
        Err(Failure::Conflicts)
    }

    async fn scene(&self, delivered: &Delivered) -> Result<Scene, Failure> {
        let scope: Scope =
            self.config.scope(&delivered.scope).cloned().ok_or_else(|| Failure::NoScope(delivered.scope.0.clone()))?;
        let since = delivered.at.saturating_sub(OPEN_FOR).unwrap_or(Timestamp::MIN);
        let index = self.store.index(&scope.id, Lookback::incidents(since)).await?;
        let mut open: Vec<Incident> = Vec::new();
        for id in index.recent.into_iter().take(MAX_OPEN) {
            open.extend(self.store.read(id).await?);
        }
        // An event about an incident needs that one, however old it is.
        for id in subjects(&delivered.event) {
            if open.iter().all(|incident| incident.id != id) {
                open.extend(self.store.read(id).await?.filter(|incident| incident.scope == scope.id));
            }
        }
        let Heard { kinships, settings, .. } = self.told(&scope.id).await?;
        let scope = settings.over(scope);
        let (config, rules) = (Arc::clone(&self.config), Arc::clone(&self.rules));
        let about = if let Event::Command { about, .. } = &delivered.event { *about } else { None };
        Ok(Scene { config, rules, scope, open, next: index.next, about, kinships, settings, atlas: self.atlas().await })
    }

    /// What people told of a scope, read anew when that is old.
    async fn told(&self, scope: &ScopeId) -> Result<Heard, StoreError> {
        let now = self.clock.now();
        let mut known = self.told.lock().await;
        if let Some(heard) = known.get(scope)
            && now.duration_since(heard.at) < TOLD_AGE
        {
            return Ok(heard.clone());
        }
        let Told { kinships, settings } = self.store.told(scope, now).await?;
        let heard = Heard { at: now, kinships: kinships.into(), settings };
        known.insert(scope.clone(), heard.clone());
        Ok(heard)
    }

    /// The topology, read anew when it is old. Without one, grouping goes by names.
    async fn atlas(&self) -> Option<Arc<Atlas>> {
        let now = self.clock.now();
        let mut known = self.atlas.lock().await;
        if let Some((read_at, atlas)) = known.as_ref()
            && now.duration_since(*read_at) < ATLAS_AGE
        {
            return Some(Arc::clone(atlas));
        }
        let window = Window { from: now.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(now), to: now };
        let asked = tokio::time::timeout(ATLAS_PATIENCE, self.outside.topology.topology(window)).await;
        match asked {
            Ok(Ok(sighting)) => {
                let atlas = Arc::new(Atlas::new(sighting.topology(now)));
                *known = Some((now, Arc::clone(&atlas)));
                Some(atlas)
            }
            // An old map is better than none.
            Ok(Err(gap)) => {
                tracing::warn!("the topology could not be read: {}", gap.because);
                known.as_ref().map(|(_, atlas)| Arc::clone(atlas))
            }
            Err(_) => {
                tracing::warn!("the topology is slow to come");
                known.as_ref().map(|(_, atlas)| Arc::clone(atlas))
            }
        }
    }
}

fn subjects(event: &Event) -> Vec<IncidentId> {
    let one = match event {
        Event::Due(Timer::Merge { from, into }) => return vec![*from, *into],
        Event::Click { value, .. } => match Action::read(value) {
            Some(Action::Merge(from, into)) => return vec![from, into],
            action => action.map(|action| action.incident()),
        },
        Event::Investigated { incident, .. }
        | Event::Pictured { incident, .. }
        | Event::Postmortem { incident, .. }
        | Event::CardShown { incident }
        | Event::Narrated { incident, .. }
        | Event::Explained { incident, .. }
        | Event::Answered { incident, .. }
        | Event::AnswerBegun { incident, .. }
        | Event::Wished { incident, .. }
        | Event::Weighed { incident, .. }
        | Event::Requested { incident, .. }
        | Event::Acted { incident, .. }
        | Event::Paged { incident, .. }
        | Event::Due(
            Timer::Plan { incident, .. }
            | Timer::Nudge { incident, .. }
            | Timer::Hush { incident }
            | Timer::Split { from: incident, .. },
        ) => Some(*incident),
        Event::Pinned { incident, .. } => *incident,
        // Whoever names an incident means it, however old it is.
        Event::Command { text, about, .. } => {
            let mut named = command::parse(text).map(|command| command.incidents()).unwrap_or_default();
            named.extend(about);
            return named;
        }
        Event::Alarm { .. }
        | Event::Change { .. }
        | Event::Declared { .. }
        | Event::Set { .. }
        | Event::Reacted { .. }
        | Event::HomeOpened { .. }
        | Event::Replied { .. }
        | Event::Reviewed { .. } => None,
    };
    one.into_iter().collect()
}

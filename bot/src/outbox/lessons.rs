//! What a scope's past incidents teach: how fast trouble spreads, and what remedies did. Reading all of them takes long, so it
//! is done once an hour.

use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap};
use tools::dependency::Lags;
use tools::model::{Incident, IncidentId, ScopeId, Verdict};
use tools::ports::Casebook;
use tools::recovery::Past;

/// What past incidents teach is read anew after this.
const AGE: SignedDuration = SignedDuration::from_hours(1);

/// Past incidents this old still teach.
const FROM: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What was learnt in each scope, and when.
#[derive(Debug, Default)]
pub(super) struct Lessons {
    learnt: HashMap<ScopeId, Lesson>,
}

#[derive(Debug)]
struct Lesson {
    read_at: Timestamp,
    of: BTreeSet<IncidentId>,
    lags: Lags,
    past: Vec<Past>,
}

impl Lessons {
    /// How fast trouble spread before, and what remedies did, those of `incident` itself included. Where past incidents
    /// cannot be read, nothing was learnt from them.
    pub(super) async fn of(
        &mut self,
        incident: &Incident,
        casebook: &dyn Casebook,
        now: Timestamp,
    ) -> (Lags, Vec<Past>) {
        let is_fresh = |lesson: &Lesson| now.duration_since(lesson.read_at) < AGE;
        if !self.learnt.get(&incident.scope).is_some_and(is_fresh) {
            let lesson = Lesson::read(&incident.scope, casebook, now).await;
            self.learnt.insert(incident.scope.clone(), lesson);
        }
        let lesson = &self.learnt[&incident.scope];
        let mut past = lesson.past.clone();
        if !lesson.of.contains(&incident.id) {
            past.extend(Past::learn([incident]));
        }
        (lesson.lags.clone(), past)
    }
}

impl Lesson {
    async fn read(scope: &ScopeId, casebook: &dyn Casebook, now: Timestamp) -> Self {
        let since = now.saturating_sub(FROM).unwrap_or(Timestamp::MIN);
        let mut over = casebook.incidents(scope, since).await.unwrap_or_default();
        // An incident that is not over has not told all it knows.
        over.retain(|incident| incident.recovered_at().is_some());
        let verdicts: Vec<&Verdict> = over.iter().filter_map(|incident| incident.verdict.as_deref()).collect();
        Self {
            read_at: now,
            of: over.iter().map(|incident| incident.id).collect(),
            lags: Lags::learn(verdicts),
            past: Past::learn(&over),
        }
    }
}

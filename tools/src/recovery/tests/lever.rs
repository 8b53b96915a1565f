//! An actuator with one target, which counts its effects and misbehaves on demand.

use super::{PlanFact, PlanState, Reading, Target, seen, settings};
use crate::ports::{ActError, Actuator};
use crate::recovery::plan::{Approved, Plan};
use crate::recovery::saga::{carry_out, take_back};
use async_trait::async_trait;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

/// How the next write goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misbehaviour {
    /// It is refused.
    Refuse,
    /// No answer comes; it may have had its effect.
    TimeOut { effect: bool },
    /// Somebody else changes the target just before.
    Drift,
    /// Whoever works beside us is just faster, and the lock on the revision stops this one.
    Overtaken,
    /// One of two settings is changed, and no answer comes.
    HalfApply,
}

/// What happened, and what is set now.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) now: Reading,
    /// How often a plan was brought about, wholly or by half.
    pub(super) effects: usize,
    /// How often it was taken back, wholly or by half.
    pub(super) restored: usize,
    /// How often anybody got as far as asking.
    pub(super) performs: usize,
    writes: usize,
    misbehaviour: VecDeque<Misbehaviour>,
    /// So many readings get no answer.
    blind: usize,
}

#[derive(Debug)]
pub(super) struct Lever(Mutex<Record>);

impl Lever {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Record {
            now: seen(),
            effects: 0,
            restored: 0,
            performs: 0,
            writes: 0,
            misbehaviour: VecDeque::new(),
            blind: 0,
        }))
    }

    pub(super) fn record(&self) -> Record {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn misbehave(&self, how: Misbehaviour) {
        self.0.lock().unwrap().misbehaviour.push_back(how);
    }

    pub(super) fn blind(&self, readings: usize) {
        self.0.lock().unwrap().blind = readings;
    }

    /// Somebody else sets something else.
    pub(super) fn foreign(&self) {
        self.0.lock().unwrap().write(settings(&[("Executions", "55")]));
    }
}

impl Record {
    fn write(&mut self, settings: BTreeMap<String, String>) {
        self.writes += 1;
        self.now = Reading { settings, revision: Some(format!("r{}", self.writes)) };
    }

    /// From one of two settings to the other. Says whether there was anything to do.
    fn bring(
        &mut self,
        from: &BTreeMap<String, String>,
        revision: Option<&String>,
        to: &BTreeMap<String, String>,
    ) -> (bool, Result<Reading, ActError>) {
        let how = self.misbehaviour.pop_front();
        if how == Some(Misbehaviour::Drift) {
            self.write(settings(&[("Executions", "77")]));
        }
        if self.now.settings == *to {
            return (false, Ok(self.now.clone()));
        }
        let is_moved = revision.is_some_and(|revision| Some(revision) != self.now.revision.as_ref());
        if self.now.settings != *from || is_moved {
            return (false, Err(ActError::Drifted(self.now.clone())));
        }
        let no_answer = Err(ActError::Unknown("no answer came".to_owned()));
        match how {
            Some(Misbehaviour::Overtaken) => {
                self.write(to.clone());
                (true, Err(ActError::Drifted(self.now.clone())))
            }
            Some(Misbehaviour::Refuse) => (false, Err(ActError::Refused("it was refused".to_owned()))),
            Some(Misbehaviour::TimeOut { effect: false }) => (false, no_answer),
            Some(Misbehaviour::HalfApply) => {
                let mut half = from.clone();
                half.insert("Executions".to_owned(), to["Executions"].clone());
                self.write(half);
                (true, no_answer)
            }
            Some(Misbehaviour::TimeOut { effect: true }) => {
                self.write(to.clone());
                (true, no_answer)
            }
            Some(Misbehaviour::Drift) | None => {
                self.write(to.clone());
                (true, Ok(self.now.clone()))
            }
        }
    }
}

#[async_trait]
impl Actuator for Lever {
    async fn read(&self, _: &Target) -> Result<Reading, ActError> {
        let found = {
            let mut record = self.0.lock().unwrap();
            if record.blind > 0 {
                record.blind -= 1;
                return Err(ActError::Unknown("nothing can be read".to_owned()));
            }
            record.now.clone()
        };
        // Whoever reads at the same time sees the same.
        tokio::task::yield_now().await;
        Ok(found)
    }

    async fn perform(&self, plan: &Approved<Plan>) -> Result<Reading, ActError> {
        let mut record = self.0.lock().unwrap();
        record.performs += 1;
        let plan = plan.value();
        let (moved, answer) = record.bring(&plan.saw.settings, plan.saw.revision.as_ref(), &plan.wants);
        record.effects += usize::from(moved);
        answer
    }

    async fn undo(&self, plan: &Approved<Plan>) -> Result<Reading, ActError> {
        let mut record = self.0.lock().unwrap();
        let plan = plan.value();
        let (moved, answer) = record.bring(&plan.wants, None, &plan.saw.settings);
        record.restored += usize::from(moved);
        answer
    }
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Carries out or takes back, as the state asks for.
pub(super) fn work(state: &PlanState, lever: &Lever) -> Option<PlanFact> {
    let done = block_on(async { (carry_out(state, lever).await, take_back(state, lever).await) });
    match done {
        (Ok(fact), Err(_)) | (Err(_), Ok(fact)) => Some(fact),
        (Err(_), Err(_)) => None,
        (Ok(_), Ok(_)) => panic!("a plan is carried out and taken back at the same time"),
    }
}

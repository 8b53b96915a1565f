//! What can be changed in the world of a capsule, behind the port that changes things.
//!
//! Whatever a target is set to comes from the capsule's `settings`; of what it does not mention, from what AWS does when nobody
//! says otherwise:
//!
//! | target | where the capsule says nothing |
//! |---|---|
//! | a Lambda function of the topology | logs as text, and has no reserved concurrency |
//! | a DynamoDB table of the topology | is billed on demand without a maximum |
//! | the sampling rule `Default` | traces one request a second, and 5 % beyond |
//! | a mute rule, whichever | is not there |
//! | a replay of an archive | was not started; the archive's own settings stand under the archive's name |
//! | captures of the incident | there are none |
//! | a declared runbook | was never run |
//! | anything else | is refused: nothing is known of it |
//!
//! Concurrency that is left of the account's 1,000, and what the aliases of a function have provisioned, are worked out, so
//! they follow each change. Metrics do not: a change here is seen in settings, not in what the services do.

#[cfg(test)]
mod tests;

use super::Capsule;
use crate::context::atlas::base_name;
use crate::model::{Gap, Reading, Service};
use crate::ports::{self, ActError, Actuator, LeverSource};
use crate::recovery::plan::{Approved, Plan};
use crate::recovery::remedy::{RunbookSpec, Target, own, same};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

const FUNCTION: &str = "AWS::Lambda::Function";
const ALIAS: &str = "AWS::Lambda::Alias";
const ARCHIVE: &str = "AWS::Events::Archive";
const MUTE_RULE: &str = "AWS::CloudWatch::AlarmMuteRule";

/// Executions of all functions at once, where nobody asked AWS for more.
const ACCOUNT_CONCURRENCY: u32 = 1_000;

/// What goes wrong, once, when a target is changed next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// The service refuses; nothing is changed.
    Refuse,
    /// No answer comes.
    TimeOut {
        /// Whether it is changed all the same.
        effect: bool,
    },
    /// Somebody else changes the target just before.
    Drift,
    /// Part is changed, then no answer comes: half of the settings that differ, or a number half the way where one differs.
    /// Where there is no half, nothing is changed.
    HalfApply,
    /// No answer ever comes: whoever asked waits until it is killed, see [`Levers::hangs`].
    Hang {
        /// Whether it is changed before.
        effect: bool,
    },
}

/// The world of a capsule as an actuator finds it. It knows no other world: what holds one cannot reach AWS.
#[derive(Debug)]
pub struct Levers {
    board: Mutex<Board>,
    /// One permit for each call that hangs and that nobody has noticed yet.
    hanging: Semaphore,
}

#[derive(Debug)]
struct Board {
    capsule: String,
    levers: BTreeMap<Target, Lever>,
}

#[derive(Clone, Debug, Default)]
struct Lever {
    settings: BTreeMap<String, String>,
    /// The revision at first; each write appends its number.
    revision: String,
    writes: u32,
    effects: u32,
    queued: VecDeque<Misbehaviour>,
}

impl Levers {
    /// The targets of a capsule, and the runbooks that are declared.
    pub fn of(capsule: &Capsule, runbooks: &[RunbookSpec]) -> Self {
        let mut levers = BTreeMap::new();
        let mut add = |target: Target, settings: BTreeMap<String, String>, revision: Option<&str>| {
            let revision = revision.unwrap_or("0").to_owned();
            levers.insert(target, Lever { settings, revision, ..Lever::default() });
        };
        let settings = |settings: &[(&str, &str)]| {
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        add(Target::new("Clarity::Capsule", "capture"), settings(&[("Captures", "0")]), None);
        let sampling = settings(&[("FixedRate", "0.05"), ("ReservoirSize", "1")]);
        add(Target::new("AWS::XRay::SamplingRule", "Default"), sampling, None);
        for service in &capsule.topology.services {
            if let Some((target, usual)) = usual(service) {
                add(target, settings(usual), None);
            }
        }
        for spec in runbooks {
            add(Target::new("Clarity::Runbook", &spec.name), spec.reading(0, None).settings, None);
        }
        for found in &capsule.settings {
            add(found.target.clone(), found.settings.clone(), found.revision.as_deref());
        }
        let board = Mutex::new(Board { capsule: capsule.name.clone(), levers });
        Self { board, hanging: Semaphore::new(0) }
    }

    /// Queues what goes wrong when `target` is changed next; of several the first comes first.
    pub fn misbehave(&self, target: &Target, how: Misbehaviour) -> Result<(), ActError> {
        self.board().lever(target)?.queued.push_back(how);
        Ok(())
    }

    /// Somebody else changes a setting of `target`, or removes it.
    pub fn change(&self, target: &Target, name: &str, value: Option<&str>) -> Result<(), ActError> {
        self.board().lever(target)?.change(name, value);
        Ok(())
    }

    /// How often plans, or their inverses, changed `target`.
    pub fn effects(&self, target: &Target) -> u32 {
        self.board().levers.get(target).map_or(0, |lever| lever.effects)
    }

    /// Returns once a call hangs; of several calls each is told once.
    pub async fn hangs(&self) {
        // Nobody closes it, so there always is a permit in the end.
        if let Ok(permit) = self.hanging.acquire().await {
            permit.forget();
        }
    }

    /// Brings a target to what is wanted and answers, unless it is to hang.
    async fn bring(
        &self,
        target: &Target,
        saw: &Reading,
        wants: &BTreeMap<String, String>,
    ) -> Result<Reading, ActError> {
        let (hangs, answer) = {
            let mut board = self.board();
            let next = board.lever(target)?.queued.front();
            let hangs = matches!(next, Some(Misbehaviour::Hang { .. }));
            (hangs, board.bring(target, saw, wants))
        };
        if hangs {
            self.hanging.add_permits(1);
            std::future::pending::<()>().await;
        }
        answer
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        // Nothing that is done while it is held can panic half way.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Actuator for Levers {
    async fn read(&self, target: &Target) -> Result<Reading, ActError> {
        self.board().read(target)
    }

    async fn perform(&self, plan: &Approved<Plan>) -> Result<Reading, ActError> {
        let plan = plan.value();
        self.bring(&plan.remedy.target(), &plan.saw, &plan.wants).await
    }

    async fn undo(&self, plan: &Approved<Plan>) -> Result<Reading, ActError> {
        let plan = plan.value();
        if !plan.reversible {
            return Err(ActError::Refused(format!("what was done to {} cannot be undone", plan.remedy.target())));
        }
        // A plan does not know which revision it made: here its settings decide.
        let made = Reading { settings: plan.wants.clone(), revision: None };
        self.bring(&plan.remedy.target(), &made, &plan.saw.settings).await
    }
}

#[async_trait]
impl LeverSource for Levers {
    async fn levers(&self, service: &Service) -> Result<Vec<ports::Lever>, Gap> {
        let board = self.board();
        let found = board.about(service).into_iter().filter_map(|target| {
            let reading = board.read(&target).ok()?;
            Some(ports::Lever { target, reading, unread: BTreeSet::new() })
        });
        Ok(found.collect())
    }
}

impl Board {
    /// The targets that belong to a service, by name: those named after it, and what is in the hands of everybody. What is
    /// usual gives way to what the capsule says under another name of the service.
    fn about(&self, service: &Service) -> Vec<Target> {
        let names = |name: &str| service.aliases.iter().any(|alias| alias == name);
        let is_id = |name: &str| name == service.id.as_str() || Some(name) == base_name(service);
        let is_own = |name: &str| is_id(name) || names(name);
        let belongs = |target: &Target, lever: &Lever| match (&*target.kind, target.name.split_once(':')) {
            (FUNCTION | "AWS::DynamoDB::Table", _) => is_own(&target.name),
            (ALIAS, Some((function, _))) => is_own(function) || is_own(&target.name),
            ("AWS::ECS::Service", Some((_, name))) => is_own(name) || is_own(&target.name),
            ("AWS::Events::Rule", Some((bus, rule))) => is_own(rule) || is_own(bus),
            ("AWS::Lambda::EventSourceMapping", _) => {
                let ends = ["FunctionName", "FunctionArn", "EventSourceArn"];
                let ends = ends.iter().filter_map(|end| lever.settings.get(*end));
                ends.flat_map(|end| end.split([':', '/'])).any(is_own)
            }
            ("AWS::XRay::SamplingRule", _) => target.name == "Default" && !service.is_inferred(),
            _ => false,
        };
        let mut found: Vec<Target> = self
            .levers
            .iter()
            .filter(|(target, lever)| belongs(target, lever))
            .map(|(target, _)| target.clone())
            .collect();
        let told: BTreeSet<String> =
            found.iter().filter(|target| names(&target.name)).map(|target| target.kind.clone()).collect();
        let is_usual = |target: &Target| {
            usual(service).is_some_and(|(usual, settings)| {
                let lever = self.levers.get(target).filter(|lever| lever.writes == 0 && lever.revision == "0");
                let is_as_ever = |lever: &Lever| {
                    lever.settings.len() == settings.len()
                        && settings.iter().all(|(name, value)| lever.settings.get(*name).is_some_and(|is| is == value))
                };
                usual == *target && lever.is_some_and(is_as_ever)
            })
        };
        found.retain(|target| !(is_id(&target.name) && told.contains(&target.kind) && is_usual(target)));
        found
    }

    /// The lever of a target; one that is only there once it is moved is set up first.
    fn lever(&mut self, target: &Target) -> Result<&mut Lever, ActError> {
        if !self.levers.contains_key(target) {
            let lever = self.dormant(target)?;
            self.levers.insert(target.clone(), lever);
        }
        Ok(self.levers.get_mut(target).expect("it was just inserted"))
    }

    /// What a target is that nobody has touched yet.
    fn dormant(&self, target: &Target) -> Result<Lever, ActError> {
        let archive = || {
            let (archive, _) = target.name.split_once(':').filter(|_| target.kind == ARCHIVE)?;
            self.levers.get(&Target::new(ARCHIVE, archive)).cloned()
        };
        if target.kind == MUTE_RULE {
            return Ok(Lever { revision: "0".to_owned(), ..Lever::default() });
        }
        archive().ok_or_else(|| ActError::Refused(format!("the capsule `{}` says nothing of {target}", self.capsule)))
    }

    fn read(&self, target: &Target) -> Result<Reading, ActError> {
        let lever = match self.levers.get(target) {
            Some(lever) => lever.clone(),
            None => self.dormant(target)?,
        };
        let mut settings = lever.settings.clone();
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                settings.insert(name.to_owned(), value);
            }
        };
        if target.kind == FUNCTION {
            let provisioned: u32 =
                self.aliases().filter(|(function, _)| *function == target.name).map(|(_, count)| count).sum();
            add("provisioned_concurrent_executions", (provisioned > 0).then(|| provisioned.to_string()));
            add("unreserved_concurrent_executions", Some(self.unreserved().to_string()));
        }
        if let Some((function, _)) = target.name.split_once(':').filter(|_| target.kind == ALIAS) {
            let function = self.levers.get(&Target::new(FUNCTION, function));
            let of = |name| function.and_then(|function| function.settings.get(name)).cloned();
            add("memory_size", of("MemorySize"));
            add("reserved_concurrent_executions", of("ReservedConcurrentExecutions"));
            add("unreserved_concurrent_executions", Some(self.unreserved().to_string()));
        }
        Ok(Reading { settings, revision: Some(lever.revision()) })
    }

    /// The function of each alias, and what is provisioned for it.
    fn aliases(&self) -> impl Iterator<Item = (&str, u32)> {
        self.levers.iter().filter(|(target, _)| target.kind == ALIAS).filter_map(|(target, lever)| {
            let (function, _) = target.name.split_once(':')?;
            Some((function, lever.number("ProvisionedConcurrentExecutions")?))
        })
    }

    fn unreserved(&self) -> u32 {
        let reserved: BTreeMap<&str, u32> = self
            .levers
            .iter()
            .filter(|(target, _)| target.kind == FUNCTION)
            .filter_map(|(target, lever)| Some((&*target.name, lever.number("ReservedConcurrentExecutions")?)))
            .collect();
        // What is provisioned counts inside a reservation where there is one.
        let provisioned =
            self.aliases().filter(|(function, _)| !reserved.contains_key(function)).map(|(_, count)| count);
        let taken = reserved.values().copied().chain(provisioned).fold(0, u32::saturating_add);
        ACCOUNT_CONCURRENCY.saturating_sub(taken)
    }

    /// Brings a target from what was seen to what is wanted, unless it is there already or is neither. A revision that was
    /// not seen is not compared.
    fn bring(&mut self, target: &Target, saw: &Reading, wants: &BTreeMap<String, String>) -> Result<Reading, ActError> {
        let misbehaviour = self.lever(target)?.queued.pop_front();
        if misbehaviour == Some(Misbehaviour::Refuse) {
            return Err(ActError::Refused(format!("{target} refuses every change")));
        }
        if misbehaviour == Some(Misbehaviour::Drift) {
            let lever = self.lever(target)?;
            let words = format!("changed by somebody else, write {}", lever.writes + 1);
            lever.change("Description", Some(&words));
        }
        let found = self.read(target)?;
        let is_there = same(&found.settings, wants);
        let is_as_seen =
            same(&found.settings, &saw.settings) && (saw.revision.is_none() || saw.revision == found.revision);
        if !is_there && !is_as_seen {
            return Err(ActError::Drifted(found));
        }
        let lever = self.lever(target)?;
        let silent = || ActError::Unknown(format!("no answer came about {target}"));
        match misbehaviour {
            Some(Misbehaviour::TimeOut { effect: false } | Misbehaviour::Hang { effect: false }) => {
                return Err(silent());
            }
            Some(Misbehaviour::TimeOut { effect: true } | Misbehaviour::Hang { effect: true }) => {
                lever.effect(wants);
                return Err(silent());
            }
            Some(Misbehaviour::HalfApply) => {
                lever.effect(&halfway(&lever.settings, wants));
                return Err(silent());
            }
            Some(Misbehaviour::Refuse | Misbehaviour::Drift) | None => lever.effect(wants),
        }
        self.read(target)
    }
}

impl Lever {
    fn revision(&self) -> String {
        if self.writes == 0 { self.revision.clone() } else { format!("{}.{}", self.revision, self.writes) }
    }

    fn number(&self, setting: &str) -> Option<u32> {
        self.settings.get(setting)?.parse().ok()
    }

    fn change(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => drop(self.settings.insert(name.to_owned(), value.to_owned())),
            None => drop(self.settings.remove(name)),
        }
        self.writes += 1;
    }

    /// Takes over the settings that are the target's own; circumstances stay what they are. No effect where nothing differs.
    fn effect(&mut self, wants: &BTreeMap<String, String>) {
        if same(&self.settings, wants) {
            return;
        }
        let before = own(&self.settings);
        self.settings.retain(|name, _| !before.contains_key(name));
        self.settings.extend(own(wants));
        self.writes += 1;
        self.effects += 1;
    }
}

/// What AWS does with a service when nobody says otherwise.
fn usual(service: &Service) -> Option<(Target, &'static [(&'static str, &'static str)])> {
    let usual: &[(&str, &str)] = match service.kind.as_deref()? {
        FUNCTION => &[("LogFormat", "Text")],
        "AWS::DynamoDB::Table" => &[("BillingMode", "PAY_PER_REQUEST"), ("table_status", "ACTIVE")],
        _ => return None,
    };
    Some((Target::new(service.kind.as_deref()?, service.id.as_str()), usual))
}

/// Half the way from some settings to others, see [`Misbehaviour::HalfApply`].
fn halfway(from: &BTreeMap<String, String>, to: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let (before, after) = (own(from), own(to));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differ: Vec<&String> = names.into_iter().filter(|name| before.get(*name) != after.get(*name)).collect();
    let mut half = before.clone();
    if let [only] = *differ {
        let number = |of: &BTreeMap<String, String>| of.get(only).map_or(Some(0), |text| text.parse::<u32>().ok());
        if let Some((low, high)) = number(&before).zip(number(&after)) {
            let middle = u32::midpoint(low, high);
            // The middle of two neighbours is one of them: that is no half.
            if middle != low && middle != high {
                half.insert(only.clone(), middle.to_string());
            }
        }
        return half;
    }
    for &name in &differ[..differ.len() / 2] {
        match after.get(name) {
            Some(value) => drop(half.insert(name.clone(), value.clone())),
            None => drop(half.remove(name)),
        }
    }
    half
}

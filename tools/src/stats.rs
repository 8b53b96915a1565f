//! How well it went over a span of time: how quickly people had context, how quickly it was over, what became of plans, and what
//! predictions were worth.

use crate::dependency::grade_incident;
use crate::model::{Foresight, Incident, Worked};
use crate::recovery::plan::{PlanState, PlanStatus, UndoneBy};
use crate::recovery::verify::{ReturnGrade, Returned, grade, returned};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Figures over several incidents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Over so many days.
    pub days: u16,
    /// Incidents that began in that time.
    pub incidents: usize,
    /// Those that were floods, and so got a card.
    pub floods: usize,
    /// From the first alarm to the first card that says enough to act on.
    pub time_to_context: Option<Spans>,
    /// From the first alarm until the last one was OK again, or else until somebody closed it.
    pub time_to_recovery: Option<Spans>,
    /// How predictions came out, over the incidents that are over.
    pub foresight: Foresight,
    /// What became of plans.
    pub plans: PlanStats,
}

/// What became of the plans of several incidents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanStats {
    /// How many were made.
    pub proposed: usize,
    /// How many of them nobody may carry out without the approval of others.
    pub needed_approval: usize,
    /// How long those took from being made to being started.
    pub time_to_approval: Option<Spans>,
    /// How many expired before enough people had answered, those that needed nobody's approval included.
    pub expired: usize,
    /// What became of those that were started, a row for each remedy, the one that was started most often first.
    pub remedies: Vec<RemedyRecord>,
    /// How the forecasts came out of who would be back when.
    pub returns: ReturnGrade,
}

/// What became of every plan with one remedy that was started. Each of them counts in exactly one of the fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemedyRecord {
    /// The name in the catalogue.
    pub remedy: String,
    /// It did what was expected, and was kept until its own time was over, if it had one.
    pub kept: usize,
    /// It did not help, or somebody took it back.
    pub undone: usize,
    /// It could not be carried out, or not be taken back.
    pub failed: usize,
    /// Nobody can tell: nothing could be measured.
    pub unclear: usize,
    /// It is under way, or its window is not over.
    pub open: usize,
}

/// How a plan that was started came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanOutcome {
    /// It did what was expected, and was kept until its own time was over, if it had one.
    Kept,
    /// It did not help, or somebody took it back.
    Undone,
    /// It could not be carried out, or not be taken back.
    Failed,
    /// Nobody can tell.
    Unclear,
    /// It is under way, or its window is not over.
    Open,
}

impl PlanOutcome {
    /// That of a plan; none if it was never started.
    pub fn of(state: &PlanState) -> Option<Self> {
        state.started()?;
        let worked = state.worked();
        Some(match state.status() {
            PlanStatus::Kept => Self::Kept,
            PlanStatus::Doubtful => Self::Undone,
            PlanStatus::Undone if state.undo() != Some(&UndoneBy::Time) => Self::Undone,
            // That its own time is over says nothing of whether it helped.
            PlanStatus::Undone | PlanStatus::LeftAlone => match worked {
                Some(Worked::Keep { .. }) => Self::Kept,
                Some(Worked::Revert { .. }) => Self::Undone,
                Some(Worked::Unclear) | None => Self::Unclear,
            },
            PlanStatus::Failed | PlanStatus::PartlyFailed | PlanStatus::UndoFailed | PlanStatus::Drifted => {
                Self::Failed
            }
            PlanStatus::Applied => match (worked, &state.plan().expectation) {
                (None, Some(_)) => Self::Open,
                (Some(_), _) | (None, None) => Self::Unclear,
            },
            PlanStatus::Running | PlanStatus::Undoing => Self::Open,
            // These were never started.
            PlanStatus::Waiting
            | PlanStatus::Rejected
            | PlanStatus::Revoked
            | PlanStatus::Expired
            | PlanStatus::Superseded => return None,
        })
    }
}

impl RemedyRecord {
    fn none(remedy: &str) -> Self {
        Self { remedy: remedy.to_owned(), kept: 0, undone: 0, failed: 0, unclear: 0, open: 0 }
    }

    /// How many were started.
    pub fn started(&self) -> usize {
        self.kept + self.undone + self.failed + self.unclear + self.open
    }

    fn count(&mut self, outcome: PlanOutcome) {
        *match outcome {
            PlanOutcome::Kept => &mut self.kept,
            PlanOutcome::Undone => &mut self.undone,
            PlanOutcome::Failed => &mut self.failed,
            PlanOutcome::Unclear => &mut self.unclear,
            PlanOutcome::Open => &mut self.open,
        } += 1;
    }
}

/// Spans of time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spans {
    /// How many there are.
    pub count: usize,
    /// Their mean.
    pub mean_s: f64,
    /// The one in the middle; the lower of two.
    pub median_s: f64,
    /// The longest.
    pub longest_s: f64,
}

impl Spans {
    /// Of so many spans; none of none. A negative one, when clocks differ, counts as zero.
    fn of(spans: impl IntoIterator<Item = SignedDuration>) -> Option<Self> {
        let mut seconds: Vec<f64> = spans.into_iter().map(|span| span.as_secs_f64().max(0.0)).collect();
        seconds.sort_unstable_by(f64::total_cmp);
        let count = seconds.len();
        let longest_s = *seconds.last()?;
        let mean_s = seconds.iter().sum::<f64>() / f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        Some(Self { count, mean_s, median_s: seconds[(count - 1) / 2], longest_s })
    }
}

/// The figures over the incidents that began in the `days` before `now`.
pub fn stats(incidents: &[Incident], days: u16, now: Timestamp) -> Stats {
    let since = now.saturating_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
    let counted: Vec<&Incident> = incidents.iter().filter(|incident| incident.began_at() >= since).collect();
    let recovery = |incident: &&Incident| Some(incident.ended_at()?.duration_since(incident.began_at()));
    let over = counted.iter().filter(|incident| incident.recovered_at().is_some());
    Stats {
        days,
        incidents: counted.len(),
        floods: counted.iter().filter(|incident| incident.is_flood()).count(),
        time_to_context: Spans::of(counted.iter().filter_map(|incident| incident.time_to_context())),
        time_to_recovery: Spans::of(counted.iter().filter_map(recovery)),
        foresight: over.map(|incident| grade_incident(incident)).fold(Foresight::default(), |all, one| all.plus(&one)),
        plans: plans(&counted, now),
    }
}

fn plans(incidents: &[&Incident], now: Timestamp) -> PlanStats {
    let states = || incidents.iter().flat_map(|incident| incident.plans.values());
    let waits_for_others = |state: &&std::sync::Arc<PlanState>| needed(state) > 0;
    let answered = states().filter(waits_for_others);
    let latency = answered.filter_map(|state| Some(state.started()?.at.duration_since(state.plan().proposed_at)));
    let mut remedies: BTreeMap<&str, RemedyRecord> = BTreeMap::new();
    for state in states() {
        if let Some(outcome) = PlanOutcome::of(state) {
            let name = state.plan().remedy.spec().name;
            remedies.entry(name).or_insert_with(|| RemedyRecord::none(name)).count(outcome);
        }
    }
    let mut remedies: Vec<RemedyRecord> = remedies.into_values().collect();
    remedies.sort_by_key(|record| std::cmp::Reverse(record.started()));
    PlanStats {
        proposed: states().count(),
        needed_approval: states().filter(waits_for_others).count(),
        time_to_approval: Spans::of(latency),
        expired: states().filter(|state| is_unanswered(state, now)).count(),
        remedies,
        returns: incidents
            .iter()
            .map(|incident| returns(incident, now))
            .fold(ReturnGrade::default(), |all, one| all.plus(&one)),
    }
}

/// How many others had to approve it: what was asked for when it was started, or else at the least.
fn needed(state: &PlanState) -> u8 {
    state.started().map_or(state.plan().least_approvals(), |started| started.needed)
}

/// Whether it expired before enough people had answered, said or not yet.
fn is_unanswered(state: &PlanState, now: Timestamp) -> bool {
    state.status() == PlanStatus::Expired || state.is_overdue(now)
}

/// How the forecasts of an incident's plans came out, as known at `now`. Plans that were taken back count as well: that who was
/// expected did not come back is what made them be taken back.
pub fn returns(incident: &Incident, now: Timestamp) -> ReturnGrade {
    let returned = returned(incident);
    let grades = incident.plans.values().map(|state| grade_plan(state, &returned, now));
    grades.fold(ReturnGrade::default(), |all, one| all.plus(&one))
}

/// How the forecast of one plan came out; nothing while its effect is not there.
pub fn grade_plan(state: &PlanState, returned: &Returned, now: Timestamp) -> ReturnGrade {
    state.applied_at().map_or_else(ReturnGrade::default, |at| grade(&state.plan().forecast, returned, at, now))
}

#[cfg(test)]
mod tests;

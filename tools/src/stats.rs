//! How well it went over a span of time: how quickly people had context, how quickly it was over, and what predictions were worth.

use crate::dependency::grade_incident;
use crate::model::{Foresight, Incident};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

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
    /// From the first alarm until the last one was OK again.
    pub time_to_recovery: Option<Spans>,
    /// How predictions came out, over the incidents that are over.
    pub foresight: Foresight,
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
    let recovery = |incident: &&Incident| Some(incident.recovered_at()?.duration_since(incident.began_at()));
    let over = counted.iter().filter(|incident| incident.recovered_at().is_some());
    Stats {
        days,
        incidents: counted.len(),
        floods: counted.iter().filter(|incident| incident.is_flood()).count(),
        time_to_context: Spans::of(counted.iter().filter_map(|incident| incident.time_to_context())),
        time_to_recovery: Spans::of(counted.iter().filter_map(recovery)),
        foresight: over.map(|incident| grade_incident(incident)).fold(Foresight::default(), |all, one| all.plus(&one)),
    }
}

//! What came of a drill, in figures.

use crate::workspace::state::Post;
use std::fmt;
use tools::model::Incident;

/// What came of a drill.
#[derive(Clone, Debug)]
pub struct Report {
    /// Alarm deliveries.
    pub alarms_in: usize,
    /// What came of them.
    pub incidents: Vec<Incident>,
    /// What stands in the war room itself.
    pub messages: Vec<Post>,
    /// What stands in threads.
    pub thread: Vec<Post>,
    /// Calls to the Web API.
    pub calls: u64,
    /// Deliveries that are in no incident, or that nobody can read.
    pub lost: Vec<String>,
}

impl Report {
    /// Whether everything that was promised came true: no alarm lost, and context reached for every flood.
    pub fn is_good(&self) -> bool {
        self.lost.is_empty() && self.floods().all(|incident| incident.context_at.is_some()) && self.floods().count() > 0
    }

    fn floods(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.iter().filter(|incident| incident.is_flood())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cards, lines) = (self.floods().count(), self.messages.len().saturating_sub(self.floods().count()));
        let distinct: usize = self.incidents.iter().map(|incident| incident.alarms.len()).sum();
        writeln!(f, "alarms in: {} deliveries of {distinct} alarms", self.alarms_in)?;
        let ids: Vec<String> = self
            .incidents
            .iter()
            .map(|incident| {
                format!("{} with {}", incident.id, blocks::phrase::count(incident.alarms.len(), "alarm", "alarms"))
            })
            .collect();
        writeln!(f, "incidents: {} ({})", self.incidents.len(), ids.join(", "))?;
        writeln!(
            f,
            "channel messages: {} ({}, {} apart)",
            self.messages.len(),
            blocks::phrase::count(cards, "card", "cards"),
            blocks::phrase::count(lines, "line", "lines")
        )?;
        writeln!(f, "thread messages: {}; Slack calls in all: {}", self.thread.len(), self.calls)?;
        writeln!(f, "alarms lost: {}", self.lost.len())?;
        for lost in &self.lost {
            writeln!(f, "  lost: {lost}")?;
        }
        for incident in self.floods() {
            match incident.time_to_context() {
                Some(span) => writeln!(
                    f,
                    "MTTC: {} in model time ({}, coverage bar passed at {} UTC)",
                    blocks::phrase::span(span),
                    incident.id,
                    incident.context_at.map(blocks::phrase::clock).unwrap_or_default()
                )?,
                None => writeln!(f, "MTTC: not reached ({}): no card passed the coverage bar", incident.id)?,
            }
        }
        Ok(())
    }
}

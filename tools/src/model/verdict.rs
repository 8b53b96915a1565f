//! The verdict: the context toolset's answer. It names, it does not phrase: sentences are made in `blocks`.

use crate::model::{Bottleneck, Change, Evidence, EvidenceId, Measure, ServiceId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the ranking of causes rests on. Later ones are used only where the earlier cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Topology and request counts: excess-flow attribution.
    ExcessFlow,
    /// Metrics without a topology: who left its normal range first and furthest.
    MetricOnset,
    /// Topology without metrics: where the alarms point in the graph.
    AlarmGraph,
    /// Nothing but alarms: who alarmed first.
    AlarmOrder,
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExcessFlow => "excess flow",
            Self::MetricOnset => "metric onset",
            Self::AlarmGraph => "alarms on the topology",
            Self::AlarmOrder => "order of alarms",
        })
    }
}

/// How a service suffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Symptom {
    /// Requests fail.
    Faults,
    /// Requests take longer.
    Latency,
    /// Only its alarms say so.
    Alarms,
    /// Its log, or a metric that is no flow of requests, says so.
    Signs,
}

/// One candidate for the root cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Cause {
    /// The service.
    pub service: ServiceId,
    /// How it suffers.
    pub symptom: Symptom,
    /// The ranking score; comparable within one verdict only. Equal scores are ties.
    pub score: f64,
    /// How often a first-ranked cause like this one is right, 0–1.
    pub confidence: f64,
    /// What says so.
    pub evidence: Vec<EvidenceId>,
}

/// A service that is out of its normal range or alarming.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Affected {
    /// The service.
    pub service: ServiceId,
    /// When it began.
    pub onset: Timestamp,
    /// How it suffers.
    pub symptom: Symptom,
    /// What says so.
    pub evidence: Vec<EvidenceId>,
}

/// A service that is expected to suffer next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Expected {
    /// The service.
    pub service: ServiceId,
    /// Through which affected callee it will be hit.
    pub through: ServiceId,
    /// Share of its own calls that go there, 0–1, where edge rates are known.
    pub exposed_share: Option<f64>,
    /// Minutes from now, from the lags seen along the cascade so far; none where no lag was seen.
    pub in_minutes: Option<f64>,
    /// What says so.
    pub evidence: Vec<EvidenceId>,
}

/// Evidence we wanted and could not get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Gap {
    /// What is missing: `topology`, `metrics of orders-api`.
    pub wanted: String,
    /// Why.
    pub because: String,
    /// What would supply it.
    pub remedy: Option<String>,
}

/// A change near the onset, weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Suspect {
    /// Where it is claimed.
    pub evidence: EvidenceId,
    /// How likely it is that this change is guilty, 0–1.
    pub likelihood: f64,
    /// What speaks for it and against it, the weightiest first.
    pub reasons: Vec<Reason>,
}

/// What speaks for or against a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// For: it took effect shortly before the onset.
    Before {
        /// By so many minutes.
        minutes: f64,
    },
    /// Against: it took effect after the trouble had begun.
    After {
        /// By so many minutes.
        minutes: f64,
    },
    /// For: it touches the cause.
    AtCause,
    /// For: it touches what the cause calls.
    BehindCause,
    /// For: it touches a service that alarms.
    AtAlarm,
    /// Against: no call connects what it touches with the cause.
    Elsewhere,
    /// For: what it does can break things.
    Does {
        /// What it does, as a clause: `it takes a limit away`.
        what: String,
    },
    /// For: what it does leads to what is seen.
    LeadsTo {
        /// The sort of trouble, as a noun: `timeouts`.
        trouble: String,
    },
    /// Against: something outside of every change explains what is seen.
    Outside {
        /// What, as a noun: `more traffic than there is room for`.
        what: String,
    },
    /// For: it speaks of what fails.
    Words {
        /// The words they share, the most telling first.
        words: Vec<String>,
    },
    /// Against: what it does cannot break anything while running: documentation, tests, formatting.
    Harmless {
        /// What it does.
        what: String,
    },
}

/// Something a person can do now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum NextStep {
    /// Look at the service that is blamed.
    Inspect {
        /// Which service.
        service: ServiceId,
        /// Because of which measure.
        measure: Option<Measure>,
        /// The alarm page, where one is known.
        link: Option<String>,
    },
    /// Look at (or take back) a change that fits in time and place.
    ReviewChange {
        /// The change.
        change: Change,
        /// Where it is claimed.
        evidence: EvidenceId,
    },
    /// Warn the owners of the service that is hit next.
    Warn {
        /// Which service.
        service: ServiceId,
    },
    /// Nothing is out of its normal range: watch, and ask again when something is.
    Watch,
}

/// Whether a cause was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// `causes[0]` is blamed.
    CauseFound,
    /// *No cause found*: nothing stands out of the noise, or too little to say which.
    NoCauseFound,
}

/// The context toolset's answer. The same evidence gives the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Verdict {
    /// The moment it speaks about.
    pub at: Timestamp,
    /// What the ranking rests on.
    pub lane: Lane,
    /// Whether a cause was found.
    pub answer: Answer,
    /// Candidates, most likely first. When the answer is *no cause found* they are only what was looked at.
    pub causes: Vec<Cause>,
    /// Who suffers, by onset.
    pub affected: Vec<Affected>,
    /// The way it spread, from the cause to the service furthest up that suffers.
    pub path: Vec<ServiceId>,
    /// Who is hit next, soonest first.
    pub expected: Vec<Expected>,
    /// Changes near the onset, most suspicious first.
    pub changes: Vec<Suspect>,
    /// The change that is guilty; none when no change is.
    pub guilty: Option<EvidenceId>,
    /// Services at one of their limits, worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bottlenecks: Vec<Bottleneck>,
    /// What we could not see.
    pub gaps: Vec<Gap>,
    /// What a person can do now.
    pub next_steps: Vec<NextStep>,
    /// Every claim the parts above refer to, by ascending id.
    pub evidence: Vec<Evidence>,
}

impl Verdict {
    /// The blamed cause, if there is one.
    pub fn cause(&self) -> Option<&Cause> {
        match self.answer {
            Answer::CauseFound => self.causes.first(),
            Answer::NoCauseFound => None,
        }
    }

    /// Looks a claim up.
    pub fn claim(&self, id: EvidenceId) -> Option<&Evidence> {
        self.evidence.binary_search_by_key(&id, |evidence| evidence.id).ok().map(|at| &self.evidence[at])
    }

    /// The change that is claimed under an id.
    pub fn change(&self, id: EvidenceId) -> Option<&Change> {
        self.claim(id)?.claim.change()
    }

    /// The coverage bar: whether a card made of this counts as context, so that MTTC stops. It must name the affected
    /// services, a cause with its confidence or *no cause found*, what is hit next (or that nothing upstream is left to
    /// hit, which needs a topology) and at least one next step; what could not be read must stand among the gaps.
    ///
    /// # Errors
    /// The first thing that is missing, as a noun.
    pub fn covers(&self) -> Result<(), &'static str> {
        let has_gap = |what: &str| self.gaps.iter().any(|gap| gap.wanted.starts_with(what));
        if self.affected.is_empty() {
            return Err("the affected services");
        }
        if self.answer == Answer::CauseFound && self.causes.is_empty() {
            return Err("the cause");
        }
        let graph_was_read = matches!(self.lane, Lane::ExcessFlow | Lane::AlarmGraph);
        if self.expected.is_empty() && !graph_was_read && !has_gap("topology") {
            return Err("what it hits next");
        }
        let metrics_were_read = matches!(self.lane, Lane::ExcessFlow | Lane::MetricOnset);
        if !metrics_were_read && !has_gap("metrics") {
            return Err("the metrics lane, or the gap it left");
        }
        if self.next_steps.is_empty() {
            return Err("a next step");
        }
        Ok(())
    }
}

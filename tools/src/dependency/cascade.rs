//! The answer of `predict_cascade`: who may be hit, who may suffer already, and what says so.

use super::graph::Graph;
use super::lags::Lags;
use super::ledger::Ledger;
use super::predict::{MOST, Spread, UNLISTED, count, is_only_alarms};
use crate::context::Situation;
use crate::model::{Evidence, Gap, Prediction, ServiceId, Unseen, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who may be hit, and what says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Cascade {
    /// The moment it speaks about.
    pub at: Timestamp,
    /// Soonest first, then nearest, then most exposed, in agreement with what the verdict expects.
    pub predictions: Vec<Prediction>,
    /// Below an alarm that nothing explains yet: who may turn out to suffer already, likeliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<Unseen>,
    /// The probability that holds for each service that neither suffers nor is listed, 0–1. Where only alarms speak their
    /// trouble has yet to show, in any one service as likely as in another; later few are hit that no call leads to.
    pub otherwise: f64,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// The verdict's claims, and behind them those of the predictions, by ascending id.
    pub evidence: Vec<Evidence>,
}

/// Who may be hit after what `verdict` says of `situation`: a pure function. Claims that the verdict does not make are in
/// [`cascade`].
pub fn predict(situation: &Situation, verdict: &Verdict) -> Vec<Prediction> {
    cascade(situation, verdict, &Lags::default()).predictions
}

/// The same with the lags of earlier incidents, the claims and the gaps.
pub fn cascade(situation: &Situation, verdict: &Verdict, lags: &Lags) -> Cascade {
    let mut ledger = Ledger::after(verdict);
    let mut gaps = verdict.gaps.clone();
    let Foreseen { predictions, unseen, otherwise } = foresee(situation, verdict, lags, &mut ledger, &mut gaps);
    Cascade { at: situation.now, predictions, unseen, otherwise, gaps, evidence: ledger.close() }
}

/// What is said of everybody.
pub(super) struct Foreseen {
    pub(super) predictions: Vec<Prediction>,
    pub(super) unseen: Vec<Unseen>,
    /// The probability of whoever is in neither, 0–1.
    pub(super) otherwise: f64,
}

/// What is said of everybody; the claims and gaps behind it join those there are.
pub(super) fn foresee(
    situation: &Situation,
    verdict: &Verdict,
    lags: &Lags,
    ledger: &mut Ledger,
    gaps: &mut Vec<Gap>,
) -> Foreseen {
    let (mut predictions, mut below) = (Vec::new(), Vec::new());
    match &situation.topology {
        Some(topology) => {
            let graph = Graph::of(topology);
            let spread = Spread::of(situation, verdict, lags, &graph);
            below = spread.below(verdict);
            let mut likely = 0;
            if !is_only_alarms(verdict) {
                (predictions, likely) = spread.tell(verdict, ledger);
            }
            if likely > predictions.len() {
                let because = format!("only the first {MOST} of {likely} are listed");
                gaps.push(Gap { wanted: "all predictions".to_owned(), because, remedy: None });
            }
        }
        None if gaps.iter().any(|gap| gap.wanted.starts_with("topology")) => {}
        None => gaps.push(Gap {
            wanted: "topology".to_owned(),
            because: "without it nobody knows who waits for whom".to_owned(),
            remedy: None,
        }),
    }
    let anyone = if is_only_alarms(verdict) && below.is_empty() { 1.0 / count(reporting(situation)) } else { 0.0 };
    Foreseen { predictions, unseen: below, otherwise: UNLISTED.max(anyone) }
}

/// How many services report metrics; at least one.
fn reporting(situation: &Situation) -> usize {
    let mut reporting: Vec<&ServiceId> = situation.series.iter().flatten().map(|series| &series.service).collect();
    reporting.sort_unstable();
    reporting.dedup();
    reporting.len().max(1)
}

//! A remedy with all that a plan needs to know of it.

use crate::model::{Cost, Expectation, Reading, Risk, RiskReason, ServiceId};
use crate::recovery::remedy::Remedy;
use crate::recovery::terms::Terms;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A remedy with all that a plan needs to know of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Action {
    /// The remedy with its parameters.
    pub remedy: Remedy,
    /// What it does, as an imperative sentence without a full stop.
    pub sentence: String,
    /// Where the service runs, `production`.
    pub environment: String,
    /// What was found at the target.
    pub saw: Reading,
    /// What the target's settings are afterwards.
    pub wants: BTreeMap<String, String>,
    /// How much it can spoil, after everything that raises it.
    pub risk: Risk,
    /// Why so much: the catalogue's word first, then what raised it.
    pub risk_reasons: Vec<RiskReason>,
    /// What it costs.
    pub cost: Cost,
    /// What else happens, in a sentence or two.
    pub side_effects: String,
    /// Whether what was found can be restored.
    pub reversible: bool,
    /// Minutes after which it takes itself back.
    pub undo_after_min: Option<u32>,
    /// What will count as success; none where nothing can be measured.
    pub expectation: Option<Expectation>,
}

impl Action {
    /// What `remedy` does where `saw` was read: its success is measured at `measured`, and its risk is the one that was
    /// assessed, with the reasons for it.
    pub fn of(
        remedy: Remedy,
        saw: Reading,
        measured: ServiceId,
        (risk, risk_reasons): (Risk, Vec<RiskReason>),
        terms: &Terms,
    ) -> Self {
        let entry = remedy.entry();
        let expectation = entry.expects(&saw).map(|(measure, direction, within_min)| Expectation {
            service: measured,
            measure,
            direction,
            within_min,
        });
        Self {
            sentence: entry.sentence(&saw),
            environment: terms.environment.clone(),
            wants: entry.wants(&saw),
            risk,
            risk_reasons,
            cost: entry.cost(&saw, &terms.prices),
            side_effects: entry.spec().side_effects.to_owned(),
            reversible: entry.is_reversible(&saw),
            undo_after_min: entry.lasts_min(),
            expectation,
            remedy,
            saw,
        }
    }
}

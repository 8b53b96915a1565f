//! Run one of the team's own runbooks, as the configuration declares it.
//!
//! What is read of a runbook is its declaration, so that a plan is for the declaration it was made for: one that is changed
//! meanwhile is drift. A run is an act: `Runs` counts them, and its inverse, where one is declared, is run with the same input.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | `Automation` or `Function` | yes | the SSM Automation document or the Lambda function that is run |
//! | `Risk` | yes | `low`, `medium` or `high`, as declared |
//! | `InputSchema` | yes | what its input has to be, as JSON ([`InputSchema`]) |
//! | `Inverse` | no | the runbook that takes it back; absent is none |
//! | `Runs` | yes | how often it was run, by whomever |
//! | `LastInput` | no | its input then, a JSON object with sorted names |

use super::read::{maybe_number, needed, needed_number, text};
use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The longest value of an input, in characters.
const LONGEST: usize = 2_048;

/// The most properties an input has.
const MOST: usize = 50;

/// Run one of the team's own runbooks, as the configuration declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// Its name in the configuration.
    pub name: String,
    /// Its input, checked against the declared JSON Schema.
    pub input: BTreeMap<String, String>,
}

/// A runbook as the configuration declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunbookSpec {
    /// Its name: 1–64 letters, digits, `-` and `_`.
    pub name: String,
    /// What it does, in a sentence.
    pub about: String,
    /// What is run.
    pub kind: RunbookKind,
    /// How much it can spoil, as the team sees it.
    pub risk: Risk,
    /// The runbook that takes it back, given the same input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inverse: Option<String>,
    /// What its input has to be.
    pub input: InputSchema,
}

/// What a runbook runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunbookKind {
    /// An SSM Automation document, by name.
    Automation(String),
    /// A Lambda function, by name.
    Function(String),
}

/// What an input has to be: the part of JSON Schema that is one flat object. Any other keyword is refused when the declaration
/// is read, so that no rule is written down and not kept. A property that is not listed is always refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSchema {
    /// `object`, always.
    #[serde(rename = "type")]
    pub kind: InputType,
    /// The properties by name, at most 50.
    #[serde(default)]
    pub properties: BTreeMap<String, Property>,
    /// Those that may not be left out.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub required: BTreeSet<String>,
}

/// The type of a whole input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    /// Values by name.
    Object,
}

/// What one property of an input has to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Property {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: PropertyType,
    /// What it is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The values it can have, for text only; none is any.
    #[serde(default, rename = "enum", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<BTreeSet<String>>,
    /// The least value of a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// The greatest value of a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
}

/// The type of a property. Its value is text, which has to read as one of that type in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PropertyType {
    /// Any text without control characters, at most 2,048 characters long.
    String,
    /// A whole number of 64 bits.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// What is wrong with the declared runbooks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the runbook `{name}` {problem}")]
pub struct RunbookError {
    /// Which.
    pub name: String,
    /// What is wrong with it, as the end of a sentence.
    pub problem: String,
}

impl RunbookSpec {
    /// Whether these declarations are good together: names once each, schemas that can be met, inverses that exist and take
    /// the same input.
    pub fn check_all(specs: &[Self]) -> Result<(), RunbookError> {
        let mut known: BTreeMap<&str, &Self> = BTreeMap::new();
        for spec in specs {
            if known.insert(&spec.name, spec).is_some() {
                return Err(spec.wrong("is declared twice"));
            }
        }
        for spec in specs {
            spec.check()?;
            let Some(inverse) = &spec.inverse else { continue };
            let Some(other) = known.get(inverse.as_str()) else {
                return Err(spec.wrong(format!("names `{inverse}` as its inverse, which is not declared")));
            };
            if other.input != spec.input {
                return Err(spec.wrong(format!("and its inverse `{inverse}` take different inputs")));
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), RunbookError> {
        names::runbook(&self.name).map_err(|impossible| self.wrong(format!("has a wrong name: {impossible}")))?;
        let (RunbookKind::Automation(runs) | RunbookKind::Function(runs)) = &self.kind;
        if runs.is_empty() {
            return Err(self.wrong("runs nothing"));
        }
        if self.input.properties.len() > MOST {
            return Err(self.wrong(format!("takes more than {MOST} properties")));
        }
        if let Some(name) = self.input.required.iter().find(|name| !self.input.properties.contains_key(*name)) {
            return Err(self.wrong(format!("needs `{name}`, which is no property of its input")));
        }
        for (name, property) in &self.input.properties {
            property.check().map_err(|problem| self.wrong(format!("has an input `{name}` that {problem}")))?;
        }
        Ok(())
    }

    fn wrong(&self, problem: impl Into<String>) -> RunbookError {
        RunbookError { name: self.name.clone(), problem: problem.into() }
    }

    /// What is read of a runbook that was run so often, the last time with that input.
    pub fn reading(&self, runs: u32, last_input: Option<&BTreeMap<String, String>>) -> Reading {
        let (kind, runs_what) = match &self.kind {
            RunbookKind::Automation(document) => ("Automation", document),
            RunbookKind::Function(function) => ("Function", function),
        };
        let schema = serde_json::to_string(&self.input).expect("a schema has only string keys");
        let mut settings = BTreeMap::from([
            (kind.to_owned(), runs_what.clone()),
            ("Risk".to_owned(), self.risk.word().to_owned()),
            ("InputSchema".to_owned(), schema),
            ("Runs".to_owned(), runs.to_string()),
        ]);
        settings.extend(self.inverse.clone().map(|inverse| ("Inverse".to_owned(), inverse)));
        settings.extend(last_input.map(|input| ("LastInput".to_owned(), canonical(input))));
        Reading { settings, revision: None }
    }
}

fn canonical(input: &BTreeMap<String, String>) -> String {
    serde_json::to_string(input).expect("text becomes JSON")
}

impl Property {
    fn check(&self) -> Result<(), &'static str> {
        let is_number = matches!(self.kind, PropertyType::Integer | PropertyType::Number);
        if !is_number && (self.minimum.is_some() || self.maximum.is_some()) {
            return Err("has bounds and is no number");
        }
        if self.minimum.zip(self.maximum).is_some_and(|(minimum, maximum)| minimum > maximum) {
            return Err("has a minimum above its maximum");
        }
        match &self.one_of {
            Some(_) if self.kind != PropertyType::String => Err("lists values and is no text"),
            Some(values) if values.is_empty() => Err("can have no value"),
            Some(_) | None => Ok(()),
        }
    }

    /// What is wrong with a value, as the end of a sentence.
    fn problem(&self, value: &str) -> Option<String> {
        if value.chars().count() > LONGEST || value.chars().any(char::is_control) {
            return Some(format!("has more than {LONGEST} characters, or some that cannot be printed"));
        }
        let number = match self.kind {
            PropertyType::String => {
                let values = self.one_of.as_ref().filter(|values| !values.contains(value))?;
                let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
                return Some(format!("has to be one of {}", values.join(", ")));
            }
            PropertyType::Boolean if matches!(value, "true" | "false") => return None,
            PropertyType::Boolean => return Some("has to be `true` or `false`".to_owned()),
            // As JSON writes them: no `+5`, no `inf`, no space around.
            PropertyType::Integer => {
                serde_json::from_str::<i64>(value).ok().filter(|_| value.trim() == value).map(|n| n as f64)
            }
            PropertyType::Number => serde_json::from_str::<f64>(value).ok().filter(|_| value.trim() == value),
        };
        let Some(number) = number else {
            let whole = if self.kind == PropertyType::Integer { "a whole number" } else { "a number" };
            return Some(format!("has to be {whole}"));
        };
        if let Some(minimum) = self.minimum.filter(|minimum| number < *minimum) {
            return Some(format!("has to be at least {minimum}"));
        }
        self.maximum.filter(|maximum| number > *maximum).map(|maximum| format!("has to be at most {maximum}"))
    }
}

impl InputSchema {
    /// Whether an input is what it has to be.
    pub fn check(&self, input: &BTreeMap<String, String>) -> Result<(), Impossible> {
        if let Some(missing) = self.required.iter().find(|name| !input.contains_key(*name)) {
            return Err(Impossible(format!("the input `{missing}` is missing")));
        }
        for (name, value) in input {
            let Some(property) = self.properties.get(name) else {
                let known: Vec<String> = self.properties.keys().map(|name| format!("`{name}`")).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Impossible(format!("there is an input too many; the runbook takes {known}")));
            };
            if let Some(problem) = property.problem(value) {
                return Err(Impossible(format!("the input `{name}` {problem}")));
            }
        }
        Ok(())
    }
}

impl Runbook {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "runbook",
        title: "Run a runbook",
        about: "Runs an SSM Automation document or a Lambda function that the team declared for such cases.",
        risk: Risk::Low,
        side_effects: "Whatever the runbook does: its declaration says what that is.",
        inverse: "the declared inverse with the same input, or none",
        success: "nothing to measure: it ends well",
        reads: &["ssm:DescribeAutomationExecutions"],
        writes: &["ssm:StartAutomationExecution", "lambda:InvokeFunction"],
    };

    fn declared_risk(saw: &Reading) -> Option<Risk> {
        Risk::ALL.into_iter().find(|risk| text(saw, "Risk") == Some(risk.word()))
    }
}

impl Entry for Runbook {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    fn target(&self) -> Target {
        Target::new("Clarity::Runbook", &self.name)
    }

    fn check(&self, saw: &Reading) -> Result<(), Impossible> {
        names::runbook(&self.name)?;
        let target = self.target();
        if text(saw, "Automation").is_none() && text(saw, "Function").is_none() {
            return Err(Impossible(format!("no runbook `{}` is declared", self.name)));
        }
        let risk = needed(saw, &target, "Risk")?;
        if Self::declared_risk(saw).is_none() {
            return Err(Impossible(format!("`Risk` of {target} is unknown: `{risk}`")));
        }
        let runs = needed_number(saw, &target, "Runs")?;
        if runs == u32::MAX {
            return Err(Impossible(format!("`{}` was run too often to be counted", self.name)));
        }
        let schema: InputSchema = serde_json::from_str(needed(saw, &target, "InputSchema")?)
            .map_err(|err| Impossible(format!("`InputSchema` of {target} cannot be read: {err}")))?;
        schema.check(&self.input)
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        let mut settings = saw.settings.clone();
        let runs = maybe_number(saw, "Runs").unwrap_or_default().saturating_add(1);
        settings.insert("Runs".to_owned(), runs.to_string());
        settings.insert("LastInput".to_owned(), canonical(&self.input));
        settings
    }

    fn risk(&self, saw: &Reading, _now: Timestamp) -> (Risk, &'static str) {
        match Self::declared_risk(saw) {
            Some(risk) => (risk, "its declaration says so"),
            None => (Risk::High, "its declaration cannot be read"),
        }
    }

    /// Unknown: it does whatever the team wrote.
    fn cost(&self, _saw: &Reading, _prices: &Prices) -> Cost {
        Cost::Unknown
    }

    fn is_reversible(&self, saw: &Reading) -> bool {
        text(saw, "Inverse").is_some()
    }

    fn expects(&self, _saw: &Reading) -> Option<(Measure, Direction, u32)> {
        None
    }

    fn sentence(&self, _saw: &Reading) -> String {
        let input: Vec<String> = self.input.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        if input.is_empty() {
            format!("Run runbook {}", self.name)
        } else {
            format!("Run runbook {} with {}", self.name, input.join(", "))
        }
    }
}

//! How well the checker tells true sentences from false ones.

use super::paraphrase::{Aspect, Example, paraphrases};
use super::plan::{Statement, examples, holds, statements};
use super::{Claims, Refused, Sentence, check, narrate};
use crate::model::{Outlook, Verdict};
use crate::recovery::plan::Plan;
use std::fmt;

/// The checker's figures for sentences that turn on one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// True sentences that were kept.
    pub true_kept: usize,
    /// True sentences.
    pub true_all: usize,
    /// False sentences that were kept.
    pub false_kept: usize,
    /// False sentences.
    pub false_all: usize,
}

impl Row {
    /// The share of the kept sentences that are true, 0–1.
    pub fn precision(&self) -> f64 {
        share(self.true_kept, self.true_kept + self.false_kept)
    }

    /// The share of the true sentences that are kept, 0–1.
    pub fn recall(&self) -> f64 {
        share(self.true_kept, self.true_all)
    }

    fn plus(self, other: Self) -> Self {
        Self {
            true_kept: self.true_kept + other.true_kept,
            true_all: self.true_all + other.true_all,
            false_kept: self.false_kept + other.false_kept,
            false_all: self.false_all + other.false_all,
        }
    }
}

/// A trial of the narrator and of its checker, over any number of verdicts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// Verdicts that were narrated.
    pub verdicts: usize,
    /// Plans that stated themselves.
    pub plans: usize,
    /// Sentences that the narrator by rules made.
    pub told: usize,
    /// Those of them that the checker dropped, and why.
    pub dropped: Vec<String>,
    /// The paraphrases and mutations by what they turn on.
    pub rows: [Row; Aspect::ALL.len()],
    /// The first true sentences that were refused, with the reason.
    pub lost: Vec<String>,
    /// The first false sentences that were kept.
    pub fooled: Vec<String>,
}

/// Examples that are kept of each sort of mistake.
const MOST_SHOWN: usize = 40;

/// Of these, so many with the same reason.
const MOST_ALIKE: usize = 2;

/// Narrates a verdict, with what lies ahead and what was planned, and tries the checker on it.
pub fn trial(verdict: &Verdict, outlook: Option<&Outlook>, plans: &[Plan], claims: &Claims) -> Trial {
    let mut trial = Trial { verdicts: 1, ..Trial::default() };
    for sentence in narrate(verdict, outlook, plans) {
        trial.told(&sentence, check(&sentence, claims));
    }
    for example in paraphrases(verdict) {
        trial.judge(&example, check(&example.sentence, claims));
    }
    trial
}

/// The same of what one plan states of itself, which has a checker of its own.
pub fn trial_of_plan(plan: &Plan) -> Trial {
    let (mut trial, stated) = (Trial { plans: 1, ..Trial::default() }, statements(plan));
    for Statement { id, text, .. } in &stated {
        let sentence = Sentence::new(text, [*id]);
        trial.told(&sentence, holds(&sentence, &stated));
    }
    for example in examples(plan) {
        trial.judge(&example, holds(&example.sentence, &stated));
    }
    trial
}

impl Trial {
    /// One of the narrator's own sentences.
    fn told(&mut self, sentence: &Sentence, checked: Result<(), Refused>) {
        self.told += 1;
        if let Err(refused) = checked {
            self.dropped.push(format!("{} ({refused})", sentence.text));
        }
    }

    /// One whose truth is known.
    fn judge(&mut self, example: &Example, checked: Result<(), Refused>) {
        let Some(at) = Aspect::ALL.iter().position(|aspect| *aspect == example.aspect) else { return };
        let row = &mut self.rows[at];
        let kept = usize::from(checked.is_ok());
        let ids: Vec<String> = example.sentence.evidence.iter().map(ToString::to_string).collect();
        let shown = format!("{} [{}]", example.sentence.text, ids.join(" "));
        if example.is_true {
            row.true_all += 1;
            row.true_kept += kept;
            if let Err(refused) = checked {
                let why = format!("({refused})");
                let alike = self.lost.iter().filter(|lost| lost.ends_with(&why)).count();
                if alike < MOST_ALIKE && self.lost.len() < MOST_SHOWN {
                    self.lost.push(format!("{shown} {why}"));
                }
            }
        } else {
            row.false_all += 1;
            row.false_kept += kept;
            if checked.is_ok() && self.fooled.len() < MOST_SHOWN {
                self.fooled.push(shown);
            }
        }
    }

    /// Adds what another trial came to.
    pub fn join(&mut self, other: Self) {
        self.verdicts += other.verdicts;
        self.plans += other.plans;
        self.told += other.told;
        self.dropped.extend(other.dropped);
        for (row, more) in self.rows.iter_mut().zip(other.rows) {
            *row = row.plus(more);
        }
        self.lost.extend(other.lost);
        self.fooled.extend(other.fooled);
        self.lost.truncate(MOST_SHOWN);
        self.fooled.truncate(MOST_SHOWN);
    }

    /// All rows together.
    pub fn total(&self) -> Row {
        self.rows.iter().fold(Row::default(), |all, row| all.plus(*row))
    }

    /// Whether no false sentence was kept, 95 % of the true ones were, and all of the narrator's own.
    pub fn is_good(&self) -> bool {
        let total = self.total();
        total.false_kept == 0 && total.recall() >= 0.95 && self.dropped.is_empty()
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:14} {:>7} {:>7} {:>7} {:>7} {:>10} {:>7}",
            "", "true", "kept", "false", "kept", "precision", "recall"
        )?;
        let line = |f: &mut fmt::Formatter<'_>, name: &str, row: &Row| {
            let Row { true_kept, true_all, false_kept, false_all } = row;
            let (precision, recall) = (row.precision(), row.recall());
            writeln!(
                f,
                "{name:14} {true_all:>7} {true_kept:>7} {false_all:>7} {false_kept:>7} {precision:>10.3} {recall:>7.3}"
            )
        };
        for (aspect, row) in Aspect::ALL.iter().zip(&self.rows) {
            line(f, &aspect.to_string(), row)?;
        }
        line(f, "all", &self.total())?;
        writeln!(f)?;
        writeln!(f, "{:>6} verdicts, {} plans", self.verdicts, self.plans)?;
        writeln!(f, "{:>6} sentences of the narrator by rules", self.told)?;
        write!(f, "{:>6} of them dropped by the checker", self.dropped.len())?;
        for dropped in &self.dropped {
            write!(f, "\n       {dropped}")?;
        }
        Ok(())
    }
}

/// A part of a whole; nothing of nothing is all of it.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

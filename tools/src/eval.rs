//! The evaluation: how often the verdict names the true cause, on capsules that know it.
//!
//! The rules are strict. No answer on a fault is a miss. Suspects with the same score share the worst of their ranks. A
//! quiet window is asked the same question, and every answer to it is false blame.

mod changes;

pub use changes::ChangeCase;

use crate::capsule::{self, Capsule, CapsuleError, Truth};
use crate::context::{Situation, is_same_service, verdict};
use crate::model::{Answer, Gap, ServiceId, Verdict};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One fault: what was true, and what was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The capsule.
    pub name: String,
    /// Any of these is the cause.
    pub truth: Vec<String>,
    /// The place of the truth among the suspects, from 1; none when nobody was blamed or the truth was not suspected.
    pub rank: Option<usize>,
    /// How many suspects share the score of the truth, itself included; 0 without a rank.
    pub ties: usize,
    /// Whether the answer was *no cause found*.
    pub abstained: bool,
    /// Milliseconds for the verdict alone.
    pub ms: f64,
}

/// The figures over all capsules; shares are 0–1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Faults.
    pub cases: usize,
    /// Share of the faults whose cause came first, and alone.
    pub top1: f64,
    /// Share of the faults whose cause was among the first three.
    pub top3: f64,
    /// Share of the faults without an answer.
    pub abstained: f64,
    /// Windows without a fault.
    pub quiet_windows: usize,
    /// Share of those in which somebody was blamed.
    pub quiet_false_blame: f64,
    /// Incidents of which it is known which change was guilty, or that none was.
    #[serde(default)]
    pub change_cases: usize,
    /// How many of them had a guilty commit, and exactly that was named.
    #[serde(default)]
    pub culprit_found: usize,
    /// In how many of them a decoy was named.
    #[serde(default)]
    pub decoy_hits: usize,
    /// How many of them had no guilty change, and none was named.
    #[serde(default)]
    pub none_correct: usize,
    /// In how many of them the first failing service was named.
    #[serde(default)]
    pub first_failing: usize,
    /// The mean overlap of the blast radius, 0–1.
    #[serde(default)]
    pub blast_jaccard: f64,
}

/// What one capsule says about the verdict.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// It holds a fault.
    Fault(Case),
    /// It holds none.
    Quiet {
        /// The capsule.
        name: String,
        /// Who was blamed all the same.
        blamed: Option<String>,
        /// Milliseconds for the verdict alone.
        ms: f64,
    },
    /// It knows which change was guilty, or that none was.
    Change(ChangeCase),
    /// It does not know the truth.
    Unknown {
        /// The capsule.
        name: String,
    },
}

/// An evaluation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The faults, in the order in which they were judged.
    pub cases: Vec<Case>,
    /// The incidents around changes, in the order in which they were judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeCase>,
    /// The quiet windows in which somebody was blamed, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quiet_blamed: Vec<String>,
    /// The figures.
    pub totals: Totals,
}

/// Asks for the verdict at the end of the capsule's window and judges it. `stopwatch` tells the time since any fixed
/// moment; it is read right before and right after the verdict.
pub fn evaluate(capsule: &Capsule, stopwatch: &dyn Fn() -> Duration) -> Judged {
    let situation = situation_at_end(capsule);
    let began = stopwatch();
    let verdict = verdict(&situation);
    let ms = stopwatch().saturating_sub(began).as_secs_f64() * 1000.0;
    let name = capsule.name.clone();
    match &capsule.truth {
        None => Judged::Unknown { name },
        Some(Truth::None) => Judged::Quiet { name, blamed: verdict.cause().map(|cause| cause.service.to_string()), ms },
        Some(Truth::Cause(truth)) => {
            let (rank, ties) = place(&verdict, truth, &situation);
            let truth = truth.iter().map(ToString::to_string).collect();
            Judged::Fault(Case { name, truth, rank, ties, abstained: verdict.answer == Answer::NoCauseFound, ms })
        }
        Some(Truth::Change(truth)) => Judged::Change(ChangeCase::of(name, truth, &verdict, ms)),
    }
}

/// What was known at the end of the capsule's window. A lane that the capsule does not hold is a gap, as it is for the
/// [`capsule::World`].
pub fn situation_at_end(capsule: &Capsule) -> Situation {
    let now = capsule.window.to;
    let lacks = |wanted: &str| Gap {
        wanted: wanted.to_owned(),
        because: format!("the capsule `{}` holds none", capsule.name),
        remedy: None,
    };
    let mut gaps = Vec::new();
    let has_topology = !capsule.topology.services.is_empty();
    if !has_topology {
        gaps.push(lacks("topology"));
    }
    if capsule.series.is_empty() {
        gaps.push(lacks("metrics"));
    }
    Situation {
        now,
        alarms: capsule.alarms_until(now),
        topology: has_topology.then(|| capsule.topology.clone()),
        series: (!capsule.series.is_empty()).then(|| capsule.series.clone()),
        logs: (!capsule.logs.is_empty()).then(|| capsule.logs.clone()),
        changes: capsule.changes_until(now),
        gaps,
    }
}

/// The worst rank of the best-placed truth, and how many share its score.
fn place(verdict: &Verdict, truth: &[ServiceId], situation: &Situation) -> (Option<usize>, usize) {
    if verdict.cause().is_none() {
        return (None, 0);
    }
    let is_true = |named: &ServiceId| truth.iter().any(|truth| is_same_service(situation, named, truth));
    let Some(found) = verdict.causes.iter().find(|cause| is_true(&cause.service)) else { return (None, 0) };
    let at_least = verdict.causes.iter().filter(|cause| cause.score >= found.score).count();
    let above = verdict.causes.iter().filter(|cause| cause.score > found.score).count();
    (Some(at_least), at_least - above)
}

impl Report {
    /// Counts.
    pub fn of(judged: impl IntoIterator<Item = Judged>) -> Self {
        let mut report = Self::default();
        let mut quiet_windows = 0;
        for each in judged {
            match each {
                Judged::Fault(case) => report.cases.push(case),
                Judged::Quiet { name, blamed, .. } => {
                    quiet_windows += 1;
                    report.quiet_blamed.extend(blamed.map(|_| name));
                }
                Judged::Change(case) => report.changes.push(case),
                Judged::Unknown { .. } => {}
            }
        }
        let cases = report.cases.len();
        let among =
            |first: usize| report.cases.iter().filter(|case| case.rank.is_some_and(|rank| rank <= first)).count();
        report.totals = Totals {
            cases,
            top1: share(among(1), cases),
            top3: share(among(3), cases),
            abstained: share(report.cases.iter().filter(|case| case.abstained).count(), cases),
            quiet_windows,
            quiet_false_blame: share(report.quiet_blamed.len(), quiet_windows),
            ..Totals::default()
        };
        changes::count(&report.changes, &mut report.totals);
        report
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of capsules")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.changes.is_empty() && self.cases.is_empty() && self.totals.quiet_windows == 0 {
            return changes::table(&self.changes, &self.totals, f);
        }
        let names = self.cases.iter().map(|case| case.name.chars().count());
        let width = names.max().unwrap_or(0).max("capsule".len());
        writeln!(f, "{:width$}  {:>4}  {:>4}  {:>6}  true cause", "capsule", "rank", "ties", "ms")?;
        for case in &self.cases {
            let rank = match case.rank {
                Some(rank) => rank.to_string(),
                None if case.abstained => "none".to_owned(),
                None => "–".to_owned(),
            };
            writeln!(
                f,
                "{:width$}  {rank:>4}  {:>4}  {:>6.2}  {}",
                case.name,
                case.ties,
                case.ms,
                case.truth.join(" or ")
            )?;
        }
        let totals = &self.totals;
        writeln!(f)?;
        writeln!(f, "{:>6} faults", totals.cases)?;
        writeln!(f, "{:>6.3} of them: the cause came first", totals.top1)?;
        writeln!(f, "{:>6.3} of them: the cause was among the first three", totals.top3)?;
        writeln!(f, "{:>6.3} of them: no cause found", totals.abstained)?;
        writeln!(f, "{:>6} quiet windows", totals.quiet_windows)?;
        write!(f, "{:>6.3} of them: somebody was blamed", totals.quiet_false_blame)?;
        if !self.quiet_blamed.is_empty() {
            write!(f, " ({})", self.quiet_blamed.join(", "))?;
        }
        writeln!(f)?;
        if self.changes.is_empty() {
            return Ok(());
        }
        writeln!(f)?;
        changes::table(&self.changes, totals, f)
    }
}

/// Why an evaluation could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The directory cannot be read.
    #[error("cannot read the directory {}: {source}", path.display())]
    Directory {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It holds no capsule.
    #[error("no capsule in {}: it should hold files that end in .json or .json.zst", path.display())]
    Empty {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// One of the files is no good capsule.
    #[error("{}: {source}", path.display())]
    Capsule {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: CapsuleError,
    },
}

/// The capsules of a directory by file name, each read only when it is asked for: together they may be large.
pub fn load_dir(directory: &Path) -> Result<impl Iterator<Item = Result<Capsule, EvalError>> + use<>, EvalError> {
    let unreadable = |source| EvalError::Directory { path: directory.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        if path.is_file() && [".json", ".json.zst"].iter().any(|ending| name.ends_with(ending)) {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(EvalError::Empty { path: directory.to_owned() });
    }
    files.sort();
    Ok(files.into_iter().map(|path| capsule::load(&path).map_err(|source| EvalError::Capsule { path, source })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capsule::AUTH_CASCADE;

    /// A stopwatch on which every reading is a millisecond later.
    fn ticking() -> impl Fn() -> Duration {
        let readings = std::cell::Cell::new(0);
        move || {
            readings.set(readings.get() + 1);
            Duration::from_millis(readings.get())
        }
    }

    fn auth_cascade(truth: Option<Truth>) -> Capsule {
        Capsule { truth, ..capsule::parse(AUTH_CASCADE.as_bytes()).unwrap() }
    }

    fn case(rank: Option<usize>, abstained: bool) -> Judged {
        let ties = usize::from(rank.is_some());
        Judged::Fault(Case { name: "x".to_owned(), truth: vec!["a".to_owned()], rank, ties, abstained, ms: 0.5 })
    }

    #[test]
    fn a_capsule_is_judged_by_its_truth() {
        let judged = evaluate(&auth_cascade(Some(Truth::Cause(vec![ServiceId::new("user-pool")]))), &ticking());
        let Judged::Fault(case) = judged else { panic!("{judged:?}") };
        assert_eq!((case.rank, case.ties, case.abstained, case.ms), (Some(1), 1, false, 1.0));
        let judged = evaluate(&auth_cascade(Some(Truth::Cause(vec![ServiceId::new("catalog")]))), &ticking());
        assert!(matches!(judged, Judged::Fault(Case { rank: None, ties: 0, abstained: false, .. })), "{judged:?}");
        let judged = evaluate(&auth_cascade(Some(Truth::None)), &ticking());
        assert!(matches!(&judged, Judged::Quiet { blamed: Some(blamed), .. } if blamed == "user-pool"), "{judged:?}");
        assert!(matches!(evaluate(&auth_cascade(None), &ticking()), Judged::Unknown { .. }));
    }

    #[test]
    fn a_tie_counts_as_its_worst_rank() {
        let capsule = auth_cascade(None);
        let situation = situation_at_end(&capsule);
        let mut verdict = verdict(&situation);
        let second = crate::model::Cause { service: ServiceId::new("catalog"), ..verdict.causes[0].clone() };
        verdict.causes.insert(0, second);
        assert_eq!(place(&verdict, &[ServiceId::new("user-pool")], &situation), (Some(2), 2));
    }

    #[test]
    fn a_report_counts_strictly_and_reads_well() {
        let quiet =
            |blamed: Option<&str>| Judged::Quiet { name: "q".to_owned(), blamed: blamed.map(str::to_owned), ms: 0.1 };
        let judged = [
            case(Some(1), false),
            case(Some(3), false),
            case(None, true),
            case(None, false),
            quiet(None),
            quiet(Some("b")),
        ];
        let report = Report::of(judged);
        insta::assert_snapshot!(report, @r"
        capsule  rank  ties      ms  true cause
        x           1     1    0.50  a
        x           3     1    0.50  a
        x        none     0    0.50  a
        x           –     0    0.50  a

             4 faults
         0.250 of them: the cause came first
         0.500 of them: the cause was among the first three
         0.250 of them: no cause found
             2 quiet windows
         0.500 of them: somebody was blamed (q)
        ");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["totals"]["quiet_false_blame"], 0.5);
        assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
        let empty = serde_json::to_string(&Report::of([])).unwrap();
        assert_eq!(
            empty,
            r#"{"cases":[],"totals":{"cases":0,"top1":0.0,"top3":0.0,"abstained":0.0,"quiet_windows":0,"quiet_false_blame":0.0,"change_cases":0,"culprit_found":0,"decoy_hits":0,"none_correct":0,"first_failing":0,"blast_jaccard":0.0}}"#
        );
    }

    #[test]
    fn a_directory_without_capsules_says_so() {
        let nowhere = load_dir(Path::new("/nowhere/at/all")).err().unwrap().to_string();
        assert!(nowhere.starts_with("cannot read the directory /nowhere/at/all: "), "{nowhere}");
    }
}

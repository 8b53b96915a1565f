//! The evaluation: how often the verdict names the true cause, on capsules that know it.
//!
//! The rules are strict. No answer on a fault is a miss. Suspects with the same score share the worst of their ranks. A
//! quiet window is asked the same question, and every answer to it is false blame. The [`baseline`] is judged by the same
//! rules, and both are looked at under [`stress`] as well.

pub mod baseline;
mod chance;
mod changes;
pub mod foresight;
mod plans;
pub mod reliability;
pub mod stress;
mod table;

pub use changes::ChangeCase;
pub use plans::plans_at_end;

use self::baseline::correlate;
use self::reliability::{Bin, Reliability};
use self::stress::{Figures, Hits, Stress, Stressed};
use crate::capsule::{self, Capsule, CapsuleError, Truth};
use crate::context::{Situation, names_of, verdict};
use crate::model::{Answer, Foresight, Gap, ServiceId, Verdict};
use serde::{Deserialize, Serialize};
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
    /// How sure the answer was, right or not, 0–1; none without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// The place of the truth among the baseline's candidates, from 1; none when it was not among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_rank: Option<usize>,
    /// How the predictions along the story came out; none where the capsule ends with its first alarms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foresight: Option<Foresight>,
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
    /// The Brier score of the predictions made along the faults that go on after their first alarms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brier: Option<f64>,
    /// The Brier score of stating for every service the share that was hit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brier_base_rate: Option<f64>,
    /// The mean number of minutes between a service's first prediction of at least one in three and its onset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_minutes: Option<f64>,
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
        /// How sure that was, 0–1.
        confidence: Option<f64>,
        /// Whether the baseline blamed anybody.
        baseline_blamed: bool,
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
    /// The baseline's figures on the same capsules.
    #[serde(default)]
    pub baseline: BaselineTotals,
    /// Whether stated confidence is kept: all answers, those to quiet windows included, which are never right.
    #[serde(default)]
    pub reliability: Vec<Bin>,
    /// The figures under stress, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stress: Option<Stress>,
    /// The baseline's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stress_baseline: Option<Stress>,
    /// Whether stated confidence is kept under stress: all answers of all runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stress_reliability: Vec<Bin>,
}

/// The baseline's figures; shares are 0–1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BaselineTotals {
    /// Share of the faults whose cause came first, and alone.
    pub top1: f64,
    /// Share of the faults whose cause was among the first three.
    pub top3: f64,
    /// Share of the quiet windows in which somebody was blamed.
    pub quiet_false_blame: f64,
}

/// Asks for the verdict at the end of the capsule's window and judges it. `stopwatch` tells the time since any fixed
/// moment; it is read right before and right after the verdict.
pub fn evaluate(capsule: &Capsule, stopwatch: &dyn Fn() -> Duration) -> Judged {
    let situation = situation_at_end(capsule);
    let began = stopwatch();
    let verdict = verdict(&situation);
    let ms = stopwatch().saturating_sub(began).as_secs_f64() * 1000.0;
    let name = capsule.name.clone();
    let confidence = verdict.cause().map(|cause| cause.confidence);
    match &capsule.truth {
        None => Judged::Unknown { name },
        Some(Truth::None) => {
            let blamed = verdict.cause().map(|cause| cause.service.to_string());
            Judged::Quiet { name, blamed, confidence, baseline_blamed: !correlate(&situation).is_empty(), ms }
        }
        Some(Truth::Cause(truth)) => {
            let names = names_of(&situation, truth);
            let (rank, ties) = place(&verdict, &names);
            let candidates = correlate(&situation);
            let named = candidates.iter().map(|candidate| (&candidate.service, -candidate.p));
            let baseline_rank = place_of(named, &names).0;
            let truth = truth.iter().map(ToString::to_string).collect();
            let abstained = verdict.answer == Answer::NoCauseFound;
            let foresight = foresight::of(capsule, &verdict);
            Judged::Fault(Case { name, truth, rank, ties, abstained, confidence, baseline_rank, foresight, ms })
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
        conflicts: Vec::new(),
        series: (!capsule.series.is_empty()).then(|| capsule.series.clone()),
        logs: (!capsule.logs.is_empty()).then(|| capsule.logs.clone()),
        changes: capsule.changes_until(now),
        gaps,
    }
}

/// The worst rank of the best-placed truth, and how many share its score. `truth` are all names of the cause.
fn place(verdict: &Verdict, truth: &[ServiceId]) -> (Option<usize>, usize) {
    if verdict.cause().is_none() {
        return (None, 0);
    }
    place_of(verdict.causes.iter().map(|cause| (&cause.service, cause.score)), truth)
}

/// The same for any ranking, best first: larger scores are more suspicious.
fn place_of<'a>(
    ranking: impl Iterator<Item = (&'a ServiceId, f64)> + Clone,
    truth: &[ServiceId],
) -> (Option<usize>, usize) {
    let Some((_, found)) = ranking.clone().find(|(named, _)| truth.contains(named)) else { return (None, 0) };
    let at_least = ranking.clone().filter(|(_, score)| *score >= found).count();
    let above = ranking.filter(|(_, score)| *score > found).count();
    (Some(at_least), at_least - above)
}

impl Report {
    /// Counts.
    pub fn of(judged: impl IntoIterator<Item = Judged>) -> Self {
        let mut report = Self::default();
        let (mut quiet_windows, mut baseline_blamed) = (0, 0);
        let (mut baseline, mut reliability) = (Hits::default(), Reliability::default());
        for each in judged {
            match each {
                Judged::Fault(case) => {
                    baseline.add(case.baseline_rank);
                    if let Some(confidence) = case.confidence {
                        reliability.add(confidence, case.rank == Some(1));
                    }
                    report.cases.push(case);
                }
                Judged::Quiet { name, blamed, confidence, baseline_blamed: is_blamed, .. } => {
                    quiet_windows += 1;
                    baseline_blamed += usize::from(is_blamed);
                    report.quiet_blamed.extend(blamed.map(|_| name));
                    if let Some(confidence) = confidence {
                        reliability.add(confidence, false);
                    }
                }
                Judged::Change(case) => report.changes.push(case),
                Judged::Unknown { .. } => {}
            }
        }
        let cases = report.cases.len();
        let among =
            |first: usize| report.cases.iter().filter(|case| case.rank.is_some_and(|rank| rank <= first)).count();
        let foresights = report.cases.iter().filter_map(|case| case.foresight.as_ref());
        let foresight = foresights.fold(Foresight::default(), |all, one| all.plus(one));
        report.totals = Totals {
            cases,
            top1: share(among(1), cases),
            top3: share(among(3), cases),
            abstained: share(report.cases.iter().filter(|case| case.abstained).count(), cases),
            quiet_windows,
            quiet_false_blame: share(report.quiet_blamed.len(), quiet_windows),
            brier: foresight.brier(),
            brier_base_rate: foresight.brier_base_rate(),
            lead_minutes: foresight.mean_lead_minutes(),
            ..Totals::default()
        };
        let Figures { top1, top3 } = baseline.figures();
        report.baseline = BaselineTotals { top1, top3, quiet_false_blame: share(baseline_blamed, quiet_windows) };
        report.reliability = reliability.table();
        changes::count(&report.changes, &mut report.totals);
        report
    }

    /// Adds what the runs under stress came to.
    #[must_use]
    pub fn with_stress(mut self, stressed: &Stressed) -> Self {
        self.stress = Some(stressed.figures());
        self.stress_baseline = Some(stressed.baseline_figures());
        self.stress_reliability = stressed.reliability.table();
        self
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { count(part) / count(whole) }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of capsules")]
fn count(number: usize) -> f64 {
    number as f64
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
        let (name, truth) = ("x".to_owned(), vec!["a".to_owned()]);
        let confidence = (!abstained).then_some(0.8);
        let (baseline_rank, foresight, ms) = (Some(2), None, 0.5);
        Judged::Fault(Case { name, truth, rank, ties, abstained, confidence, baseline_rank, foresight, ms })
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
        assert_eq!(place(&verdict, &[ServiceId::new("user-pool")]), (Some(2), 2));
    }

    #[test]
    fn a_report_counts_strictly_and_reads_well() {
        let quiet = |blamed: Option<&str>| Judged::Quiet {
            name: "q".to_owned(),
            blamed: blamed.map(str::to_owned),
            confidence: blamed.map(|_| 0.4),
            baseline_blamed: true,
            ms: 0.1,
        };
        let judged = [
            case(Some(1), false),
            case(Some(3), false),
            case(None, true),
            case(None, false),
            quiet(None),
            quiet(Some("b")),
        ];
        let stressed = Stressed::default();
        let report = Report::of(judged).with_stress(&stressed);
        insta::assert_snapshot!(report, @"
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

                                           verdict    correlation
                                      first   in 3   first   in 3
        faults                        0.250  0.500   0.000  1.000
        edges10: 10 % edges lost      0.000  0.000   0.000  0.000
        edges30: 30 % edges lost      0.000  0.000   0.000  0.000
        missing30: 30 % are silent    0.000  0.000   0.000  0.000
        jitter: alarm off by ±5 min   0.000  0.000   0.000  0.000
        quiet: somebody was blamed           0.500          1.000

        stated confidence            answers  stated  right
        0.0 to 0.5                         1   0.400  0.000
        0.7 to 0.9                         3   0.800  0.333
        all                                4   0.700  0.250
        ");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["totals"]["quiet_false_blame"], 0.5);
        assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
        let empty = serde_json::to_value(Report::of([])).unwrap();
        assert_eq!(empty["cases"], serde_json::json!([]));
        let nothing = serde_json::json!({
            "cases": 0, "top1": 0.0, "top3": 0.0, "abstained": 0.0, "quiet_windows": 0, "quiet_false_blame": 0.0,
            "change_cases": 0, "culprit_found": 0, "decoy_hits": 0, "none_correct": 0, "first_failing": 0, "blast_jaccard": 0.0
        });
        assert_eq!(empty["totals"], nothing);
        assert!(empty.get("stress").is_none() && empty["reliability"].as_array().is_some_and(|bins| bins.len() == 4));
    }

    #[test]
    fn a_directory_without_capsules_says_so() {
        let nowhere = load_dir(Path::new("/nowhere/at/all")).err().unwrap().to_string();
        assert!(nowhere.starts_with("cannot read the directory /nowhere/at/all: "), "{nowhere}");
    }
}

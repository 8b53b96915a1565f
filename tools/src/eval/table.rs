//! A report as people read it.

use super::reliability::Bin;
use super::{Case, Report, changes, count};
use std::fmt::{self, Display, Formatter};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let totals = &self.totals;
        if !self.changes.is_empty() {
            changes::table(&self.changes, totals, f)?;
            if self.cases.is_empty() && totals.quiet_windows == 0 {
                return Ok(());
            }
            writeln!(f)?;
        }
        cases(f, &self.cases)?;
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
        if let (Some(brier), Some(base_rate)) = (totals.brier, totals.brier_base_rate) {
            writeln!(f, "{brier:>6.3} Brier score of who is hit next; {base_rate:.3} by the share that was hit")?;
        }
        if let Some(lead) = totals.lead_minutes {
            writeln!(f, "{lead:>6.1} minutes of lead, where a hit was predicted")?;
        }
        writeln!(f)?;
        self.comparison(f)?;
        reliability(f, "stated confidence", &self.reliability)?;
        reliability(f, "the same under stress", &self.stress_reliability)
    }
}

impl Report {
    /// The verdict beside the baseline, one line a question.
    fn comparison(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:27}  {:>13}  {:>13}", "", "verdict", "correlation")?;
        writeln!(f, "{:27}  {:>6} {:>6}  {:>6} {:>6}", "", "first", "in 3", "first", "in 3")?;
        let mut line = |name: &str, verdict: (f64, f64), baseline: (f64, f64)| {
            writeln!(f, "{name:27}  {:>6.3} {:>6.3}  {:>6.3} {:>6.3}", verdict.0, verdict.1, baseline.0, baseline.1)
        };
        let (totals, baseline) = (&self.totals, &self.baseline);
        line("faults", (totals.top1, totals.top3), (baseline.top1, baseline.top3))?;
        if let (Some(stress), Some(baseline)) = (&self.stress, &self.stress_baseline) {
            for ((name, figures), (_, other)) in stress.lines().into_iter().zip(baseline.lines()) {
                let about = match name {
                    "edges10" => "edges10: 10 % edges lost",
                    "edges30" => "edges30: 30 % edges lost",
                    "missing30" => "missing30: 30 % are silent",
                    _ => "jitter: alarm off by ±5 min",
                };
                line(about, (figures.top1, figures.top3), (other.top1, other.top3))?;
            }
        }
        writeln!(
            f,
            "{:27}  {:>13.3}  {:>13.3}",
            "quiet: somebody was blamed", totals.quiet_false_blame, baseline.quiet_false_blame
        )
    }
}

fn cases(f: &mut Formatter<'_>, cases: &[Case]) -> fmt::Result {
    let names = cases.iter().map(|case| case.name.chars().count());
    let width = names.max().unwrap_or(0).max("capsule".len());
    writeln!(f, "{:width$}  {:>4}  {:>4}  {:>6}  true cause", "capsule", "rank", "ties", "ms")?;
    for case in cases {
        let rank = match case.rank {
            Some(rank) => rank.to_string(),
            None if case.abstained => "none".to_owned(),
            None => "–".to_owned(),
        };
        let truth = case.truth.join(" or ");
        writeln!(f, "{:width$}  {rank:>4}  {:>4}  {:>6.2}  {truth}", case.name, case.ties, case.ms)?;
    }
    Ok(())
}

/// The reliability table; nothing where there was no answer.
fn reliability(f: &mut Formatter<'_>, name: &str, bins: &[Bin]) -> fmt::Result {
    if bins.iter().all(|bin| bin.cases == 0) {
        return Ok(());
    }
    writeln!(f)?;
    writeln!(f, "{name:27}  answers  stated  right")?;
    for bin in bins.iter().filter(|bin| bin.cases > 0) {
        let (from, to) = (bin.from, bin.to);
        writeln!(
            f,
            "{:27}  {:>7}  {:>6.3}  {:>5.3}",
            format!("{from:.1} to {to:.1}"),
            bin.cases,
            bin.stated,
            bin.right
        )?;
    }
    let answers: usize = bins.iter().map(|bin| bin.cases).sum();
    let mean = |of: fn(&Bin) -> f64| bins.iter().map(|bin| of(bin) * count(bin.cases)).sum::<f64>() / count(answers);
    writeln!(f, "{:27}  {answers:>7}  {:>6.3}  {:>5.3}", "all", mean(|bin| bin.stated), mean(|bin| bin.right))
}

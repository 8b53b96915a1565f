//! Scoring incidents around changes: the guilty commit, the service that failed first, and who suffered from it.

use super::{Totals, share};
use crate::capsule::ChangeTruth;
use crate::model::{Commit, ServiceId, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// One incident around changes: what was true, and what was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeCase {
    /// The capsule.
    pub name: String,
    /// The guilty commit; none when no change is guilty.
    pub truth: Option<String>,
    /// The commit that was named; none when no change was.
    pub named: Option<String>,
    /// Whether a change without a commit (a flag, a setting) was named.
    pub named_other: bool,
    /// Whether the commit that was named is an innocent one that looks guilty.
    pub decoy: bool,
    /// The likelihood of the most likely change, 0–1; 0 without changes.
    pub likelihood: f64,
    /// The service that was said to have failed first.
    pub first: Option<String>,
    /// Whether that is true.
    pub first_right: bool,
    /// Services both in the true blast radius and in the one told, over those in either, 0–1; 1 when both are empty.
    pub blast_jaccard: f64,
    /// Milliseconds for the verdict alone.
    pub ms: f64,
}

impl ChangeCase {
    /// Judges `verdict`. The first failing service is the cause, or the first affected where none was found; the
    /// blast radius is every other affected service.
    pub(super) fn of(name: String, truth: &ChangeTruth, verdict: &Verdict, ms: f64) -> Self {
        let guilty = verdict.guilty.and_then(|id| verdict.change(id));
        let commit = guilty.and_then(|change| change.commit.as_ref()).map(|Commit { id, .. }| id.clone());
        let first = verdict.cause().map(|cause| &cause.service);
        let first = first.or_else(|| verdict.affected.first().map(|first| &first.service));
        let told: BTreeSet<&ServiceId> = verdict
            .affected
            .iter()
            .map(|affected| &affected.service)
            .filter(|service| Some(*service) != first)
            .collect();
        let hit: BTreeSet<&ServiceId> = truth.blast_radius.iter().collect();
        let either = told.union(&hit).count();
        Self {
            name,
            decoy: commit.as_ref().is_some_and(|commit| truth.decoys.contains(commit)),
            truth: truth.commit.clone(),
            named_other: guilty.is_some() && commit.is_none(),
            named: commit,
            likelihood: verdict.changes.first().map_or(0.0, |suspect| suspect.likelihood),
            first_right: first == Some(&truth.first_failing),
            first: first.map(ToString::to_string),
            blast_jaccard: if either == 0 { 1.0 } else { share(told.intersection(&hit).count(), either) },
            ms,
        }
    }

    /// Whether exactly the guilty commit was named, or none where none is guilty.
    fn is_right(&self) -> bool {
        self.truth == self.named && !self.named_other
    }
}

/// Counts the cases into `totals`.
pub(super) fn count(cases: &[ChangeCase], totals: &mut Totals) {
    let count = |is: fn(&ChangeCase) -> bool| cases.iter().filter(|case| is(case)).count();
    totals.change_cases = cases.len();
    totals.culprit_found = count(|case| case.truth.is_some() && case.is_right());
    totals.none_correct = count(|case| case.truth.is_none() && case.is_right());
    totals.decoy_hits = count(|case| case.decoy);
    totals.first_failing = count(|case| case.first_right);
    totals.blast_jaccard = match cases.len() {
        0 => 0.0,
        cases_in_all => cases.iter().map(|case| case.blast_jaccard).sum::<f64>() / cases_in_all as f64,
    };
}

/// The table of the cases and the figures below it.
pub(super) fn table(cases: &[ChangeCase], totals: &Totals, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let width = cases.iter().map(|case| case.name.chars().count()).max().unwrap_or(0).max("capsule".len());
    writeln!(f, "{:width$}  verdict  {:8}  {:8}  likely  blast  first failing", "capsule", "guilty", "named")?;
    let short = |commit: Option<&String>| commit.map_or("none".to_owned(), |commit| commit.chars().take(8).collect());
    for case in cases {
        let verdict = match () {
            () if case.is_right() => "right",
            () if case.decoy => "decoy",
            () => "wrong",
        };
        let named = if case.named_other { "other".to_owned() } else { short(case.named.as_ref()) };
        let first = case.first.as_deref().unwrap_or("nobody");
        let first_wrong = if case.first_right { "" } else { " (wrong)" };
        writeln!(
            f,
            "{:width$}  {verdict:7}  {:8}  {named:8}  {:>6.2}  {:>5.2}  {first}{first_wrong}",
            case.name,
            short(case.truth.as_ref()),
            case.likelihood,
            case.blast_jaccard,
        )?;
    }
    writeln!(f)?;
    writeln!(f, "{:>6} incidents around changes", totals.change_cases)?;
    writeln!(f, "{:>6} of them: exactly the guilty commit was named", totals.culprit_found)?;
    writeln!(f, "{:>6} of them: no change is guilty, and none was named", totals.none_correct)?;
    writeln!(f, "{:>6} of them: a decoy was named", totals.decoy_hits)?;
    writeln!(f, "{:>6} of them: the first failing service was named", totals.first_failing)?;
    writeln!(f, "{:>6.3} mean overlap (Jaccard) of the blast radius", totals.blast_jaccard)
}

#[cfg(test)]
mod tests {
    use super::super::{Judged, Report};
    use super::*;

    fn case(truth: Option<&str>, named: Option<&str>, decoy: bool) -> Judged {
        Judged::Change(ChangeCase {
            name: "x".to_owned(),
            truth: truth.map(str::to_owned),
            named: named.map(str::to_owned),
            named_other: false,
            decoy,
            likelihood: 0.5,
            first: Some("a".to_owned()),
            first_right: decoy,
            blast_jaccard: if decoy { 0.0 } else { 1.0 },
            ms: 0.5,
        })
    }

    #[test]
    fn only_the_exact_commit_counts() {
        let Judged::Change(abstained) = case(None, None, false) else { panic!("a case around changes") };
        let flag = Judged::Change(ChangeCase { named_other: true, ..abstained });
        let report = Report::of([
            case(Some("aaaaaaaaaaaa"), Some("aaaaaaaaaaaa"), false),
            case(Some("aaaaaaaaaaaa"), Some("bbbb"), true),
            case(Some("aaaaaaaaaaaa"), None, false),
            case(None, None, false),
            flag,
        ]);
        let totals = report.totals;
        assert_eq!((totals.change_cases, totals.culprit_found, totals.none_correct), (5, 1, 1));
        assert_eq!((totals.decoy_hits, totals.first_failing, totals.blast_jaccard), (1, 1, 0.8));
        insta::assert_snapshot!(report, @"
        capsule  verdict  guilty    named     likely  blast  first failing
        x        right    aaaaaaaa  aaaaaaaa    0.50   1.00  a (wrong)
        x        decoy    aaaaaaaa  bbbb        0.50   0.00  a
        x        wrong    aaaaaaaa  none        0.50   1.00  a (wrong)
        x        right    none      none        0.50   1.00  a (wrong)
        x        wrong    none      other       0.50   1.00  a (wrong)

             5 incidents around changes
             1 of them: exactly the guilty commit was named
             1 of them: no change is guilty, and none was named
             1 of them: a decoy was named
             1 of them: the first failing service was named
         0.800 mean overlap (Jaccard) of the blast radius
        ");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
    }
}

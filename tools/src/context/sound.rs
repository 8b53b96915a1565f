//! What holds for every answer of the tools, whatever the world. Only for tests.

use super::Bottlenecks;
use super::story::{LONGEST_LAG_S, MOST_HOPS};
use crate::model::{Answer, AuthHealth, Claim, HopStatus, Limit, NextStep, Source, Story, Tie, Verdict};

/// What holds for every verdict.
#[track_caller]
pub(super) fn consistent(verdict: &Verdict) {
    for (at, evidence) in verdict.evidence.iter().enumerate() {
        assert_eq!(usize::try_from(evidence.id.0), Ok(at + 1), "ids ascend");
        assert!(evidence.window.from <= evidence.window.to);
        let (Source::Query(where_from) | Source::Link(where_from)) = &evidence.source;
        assert!(!where_from.is_empty(), "{evidence:?}");
        if let Claim::Excess { observed, expected, z, own_share, .. } = &evidence.claim {
            assert!([observed, expected, z].into_iter().all(|number| number.is_finite()));
            assert!((0.0..=1.0).contains(own_share));
        }
    }
    let cited = verdict.causes.iter().flat_map(|cause| &cause.evidence);
    let cited = cited.chain(verdict.affected.iter().flat_map(|affected| &affected.evidence));
    let cited = cited
        .chain(verdict.expected.iter().flat_map(|expected| &expected.evidence))
        .chain(verdict.changes.iter().map(|suspect| &suspect.evidence))
        .chain(verdict.bottlenecks.iter().flat_map(|bottleneck| &bottleneck.evidence));
    for id in cited {
        assert!(verdict.claim(*id).is_some(), "{id} is cited and not there");
    }
    assert!(verdict.affected.iter().all(|affected| !affected.evidence.is_empty()));
    assert!(verdict.expected.iter().all(|expected| !expected.evidence.is_empty()));
    assert!(verdict.bottlenecks.iter().all(|bottleneck| !bottleneck.evidence.is_empty()));
    assert!(verdict.changes.iter().all(|suspect| (0.0..=1.0).contains(&suspect.likelihood)));
    assert!(verdict.guilty.is_none_or(|id| verdict.changes.iter().any(|suspect| suspect.evidence == id)));
    for step in &verdict.next_steps {
        if let NextStep::ReviewChange { evidence, .. } = step {
            assert!(verdict.claim(*evidence).is_some());
        }
    }
    for cause in &verdict.causes {
        assert!((0.0..=1.0).contains(&cause.confidence) && cause.score.is_finite(), "{cause:?}");
        assert!(verdict.answer == Answer::NoCauseFound || !cause.evidence.is_empty(), "{cause:?}");
    }
    for expected in &verdict.expected {
        assert!(expected.exposed_share.is_none_or(|share| (0.0..=1.0).contains(&share)));
        assert!(expected.in_minutes.is_none_or(|minutes| minutes >= 0.0 && minutes.is_finite()));
        assert!(verdict.affected.iter().all(|affected| affected.service != expected.service));
    }
    let scores: Vec<f64> = verdict.causes.iter().map(|cause| cause.score).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b));
    assert!(verdict.affected.is_sorted_by_key(|affected| affected.onset));
    assert!(!verdict.next_steps.is_empty());
    assert_eq!(verdict.path.is_empty(), verdict.cause().is_none());
}

/// What holds for every answer.
#[track_caller]
pub(super) fn sound_bottlenecks(found: &Bottlenecks) {
    for bottleneck in &found.bottlenecks {
        assert!((0.0..=1.0).contains(&bottleneck.severity), "{bottleneck:?}");
        assert!(!bottleneck.evidence.is_empty(), "{bottleneck:?}");
        for id in &bottleneck.evidence {
            assert!(found.evidence.iter().any(|evidence| evidence.id == *id), "{id} is cited and not there");
        }
        let (shares, figures) = figures(&bottleneck.limit);
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{bottleneck:?}");
        assert!(figures.iter().all(|figure| figure.is_finite() && *figure >= 0.0), "{bottleneck:?}");
    }
    assert!(found.bottlenecks.is_sorted_by(|a, b| a.severity >= b.severity));
}

/// The shares of a limit, and its other figures.
fn figures(limit: &Limit) -> (Vec<f64>, Vec<f64>) {
    let some = |options: &[Option<f64>]| options.iter().copied().flatten().collect::<Vec<f64>>();
    match limit {
        Limit::ColdStarts { count, share, added_ms, p95_ms, usual_share } => {
            (some(&[Some(*share), *usual_share]), some(&[Some(*count), Some(*added_ms), *p95_ms]))
        }
        Limit::Throttles { per_min, share, usual } => (some(&[*share]), some(&[Some(*per_min), *usual])),
        Limit::Concurrency { peak, usual } => (Vec::new(), some(&[Some(*peak), *usual])),
        Limit::Spillover { per_min, share, utilization } => (some(&[*share, *utilization]), vec![*per_min]),
        Limit::RetryStorm { amplification, usual, .. } => (Vec::new(), some(&[Some(*amplification), *usual])),
        Limit::Connections { in_use, usual, .. } => (Vec::new(), some(&[*in_use, *usual])),
        Limit::QueueAge { age_s, usual_s } => (Vec::new(), some(&[Some(*age_s), *usual_s])),
        Limit::HotPartition { per_min, table_use } => (some(&[*table_use]), vec![*per_min]),
    }
}

/// What holds for every answer.
#[track_caller]
pub(super) fn sound_health(health: &AuthHealth) {
    for hop in &health.hops {
        for share in [hop.loss, hop.usual_loss, hop.own_loss].into_iter().flatten() {
            assert!((0.0..=1.0).contains(&share), "{hop:?}");
        }
        for figure in [hop.requests_per_min, hop.latency_ms, hop.usual_latency_ms, hop.added_ms].into_iter().flatten() {
            assert!(figure.is_finite() && figure >= 0.0, "{hop:?}");
        }
        let is_silent = hop.loss.is_none() && hop.latency_ms.is_none();
        assert_eq!(hop.status == HopStatus::Unknown, is_silent, "{hop:?}");
        for id in &hop.evidence {
            assert!(health.evidence.iter().any(|evidence| evidence.id == *id), "{id} is cited and not there");
        }
    }
    assert!(health.hops.is_sorted_by_key(|hop| hop.stage));
    assert!(!health.hops.is_empty() || !health.gaps.is_empty());
}

/// What holds for every story.
#[track_caller]
pub(super) fn sound_story(story: &Story) {
    assert!(story.events.is_sorted_by_key(|event| event.at));
    for event in &story.events {
        assert!(story.evidence.iter().any(|evidence| evidence.id == event.evidence), "{event:?}");
    }
    for link in &story.links {
        assert!(link.from < link.to && link.to < story.events.len(), "{link:?}");
        assert!((0..=LONGEST_LAG_S).contains(&link.lag_s), "{link:?}");
        assert!(link.evidence.iter().all(|id| story.evidence.iter().any(|evidence| evidence.id == *id)), "{link:?}");
        let tied = [link.from, link.to].map(|at| story.events[at].service.clone());
        if let Tie::Calls { path } = &link.tie {
            let ends = [path.first().cloned(), path.last().cloned()];
            assert!(ends == tied || (ends[0] == tied[1] && ends[1] == tied[0]), "{link:?}");
            assert!(path.len() <= MOST_HOPS + 1, "{link:?}");
        }
    }
    let mut ends: Vec<usize> = story.links.iter().map(|link| link.to).collect();
    let all = ends.len();
    ends.dedup();
    assert_eq!(ends.len(), all, "each event is tied once");
}

//! From what speaks for a suspect to how often such a suspect is right: a logistic map, monotone in everything it looks at.
//!
//! Its five numbers were fitted by maximum likelihood (logistic regression with a small ridge) on the simulated worlds of
//! `worlds.rs`, whole and with edges missing, services silent and alarms early or late, together with quiet ones, and, at a
//! tenth of their weight, on the development cases of the public data under the same stress; then rounded to one digit.
//! What the fit comes to is the reliability table of `clarity eval --stress`.

/// Nobody is more sure than this: of the answers that were surer than 0.9, 97 to 99 % were right.
const CEILING: f64 = 0.97;

/// Beyond this many deviations more of them say nothing more.
const ENOUGH: f64 = 100.0;

const CONSTANT: f64 = 0.4;
const PER_LN_Z: f64 = 1.0;
const PER_RIVALRY: f64 = -2.2;
const BY_FOUND_EDGES: f64 = -1.7;
const ALONE: f64 = -1.8;

/// What speaks for and against the first suspect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// Robust deviations of what points at it.
    pub(super) z: f64,
    /// The score of the second suspect as a share of the first's, 0–1; 0 without one.
    pub(super) rivalry: f64,
    /// Whether known calls lead from an alarm to it; else the way there was inferred, or there is none.
    pub(super) by_known_edges: bool,
    /// Whether nobody else says that anything is wrong.
    pub(super) alone: bool,
}

/// How often a first suspect like this one is right, 0–1.
pub(super) fn confidence(case: Case) -> f64 {
    let mut logit = CONSTANT + PER_LN_Z * case.z.clamp(f64::MIN_POSITIVE, ENOUGH).ln() + PER_RIVALRY * case.rivalry;
    if !case.by_known_edges {
        logit += BY_FOUND_EDGES;
    }
    if case.alone {
        logit += ALONE;
    }
    (1.0 / (1.0 + (-logit).exp())).min(CEILING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CLEAR: Case = Case { z: 50.0, rivalry: 0.0, by_known_edges: true, alone: false };

    #[test]
    fn clear_cases_are_nearly_certain_and_doubtful_ones_are_not() {
        let percent = |case: Case| format!("{:.0} %", confidence(case) * 100.0);
        assert_eq!(percent(CLEAR), "97 %");
        assert_eq!(percent(Case { z: 5.0, ..CLEAR }), "88 %");
        assert_eq!(percent(Case { z: 5.0, rivalry: 0.9, ..CLEAR }), "51 %");
        assert_eq!(percent(Case { z: 5.0, alone: true, ..CLEAR }), "55 %");
        assert_eq!(percent(Case { z: 5.0, by_known_edges: false, alone: true, ..CLEAR }), "18 %");
        assert_eq!(percent(Case { z: 0.0, ..CLEAR }), "0 %");
    }

    proptest! {
        #[test]
        fn more_evidence_is_never_less_sure(z in 0.0..1e6f64, more in 0.0..1e6f64, rivalry in 0.0..1.0f64, alone: bool, by_known_edges: bool) {
            let case = Case { z, rivalry, by_known_edges, alone };
            let sure = confidence(case);
            prop_assert!((0.0..=CEILING).contains(&sure));
            let clearer = [
                Case { z: z + more, ..case },
                Case { rivalry: rivalry / 2.0, ..case },
                Case { by_known_edges: true, ..case },
                Case { alone: false, ..case },
            ];
            for clearer in clearer {
                prop_assert!(confidence(clearer) >= sure, "{:?} is less sure than {:?}", clearer, case);
            }
        }
    }
}

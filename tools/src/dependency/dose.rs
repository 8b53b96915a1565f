//! From the harm that passes over an edge to the chance that the caller is hit by it: the terms of the formula at the head of
//! [`predict`](super::predict()).

/// The share of callers that the greatest harm hits. Chosen, like the one after it, by the Brier score on random cascades and on the
/// auth cascade together.
const PASSED: f64 = 0.92;

/// The harm at which half of them are hit.
const HALF: f64 = 0.05;

/// The exponent of the spread of lags: one at which hits come neither at random moments (1) nor all after the same time.
const SHAPE: f64 = 1.5;

/// No lag is believed to be shorter in minutes: no alarm is quicker.
const LEAST_LAG: f64 = 0.5;

/// How far a service has to be out of its range to be called hit, in deviations, and the least of these as a share of what is
/// usual: both as the verdict has them.
const GATE: f64 = 3.0;
const RELATIVE: f64 = 0.05;

/// The logistic curve with this slope is the normal distribution, to a hundredth (Haley 1952).
const LOGISTIC: f64 = 1.702;

/// The chance that a caller is hit by a callee that harms the share `severity` of its requests, where `exposure` is the share of
/// the caller's that need it, all 0–1, and each is exposed `pressure` times; and the harm, the share of the caller's requests that
/// suffer.
pub(super) fn response(exposure: f64, severity: f64, pressure: f64) -> (f64, f64) {
    let at_least_once = |once: f64| 1.0 - (1.0 - once).max(0.0).powf(pressure);
    let (needed, harm) = (at_least_once(exposure), at_least_once(exposure * severity));
    (PASSED * needed * harm / (harm + HALF), harm)
}

/// How likely the harm, a share of `requests` of which `usual` are harmed anyway (0–1), can be told from noise.
pub(super) fn shows(harm: f64, requests: f64, usual: f64) -> f64 {
    let usual = usual * requests;
    let noise = (usual.max(1.0) + (RELATIVE * usual).powi(2)).sqrt();
    1.0 / (1.0 + (-LOGISTIC * (harm * requests / noise - GATE)).exp())
}

/// What is left of a chance for who is still well after the minutes `exposed`, where half of those that are hit at all are within
/// `lag` minutes.
pub(super) fn still_well(chance: f64, exposed: f64, lag: f64) -> f64 {
    let later = (-(exposed.max(0.0) / lag.max(LEAST_LAG)).powf(SHAPE)).exp2();
    chance * later / (1.0 - chance + chance * later)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check_shows(harm: f64, requests: f64, usual: f64, expected: f64) {
        let shows = shows(harm, requests, usual);
        assert!((shows - expected).abs() < 0.005, "{shows}");
    }

    #[test]
    fn harm_shows_where_it_is_larger_than_the_noise_of_so_few_requests() {
        check_shows(0.1, 30.0, 0.0, 0.5);
        check_shows(0.1, 3.0, 0.0, 0.01);
        check_shows(0.1, 300.0, 0.0, 1.0);
        // A fifth fails anyway: ten of a thousand more are within its range.
        check_shows(0.01, 1000.0, 0.2, 0.016);
    }

    #[test]
    fn half_of_those_that_are_hit_are_within_the_median_lag() {
        // Of two in ten that stay well besides one that is hit later, one in three.
        assert!((still_well(0.5, 3.0, 3.0) - 1.0 / 3.0).abs() < 1e-12);
        assert!((still_well(0.5, 0.0, 3.0) - 0.5).abs() < 1e-12);
        assert!(still_well(0.9, 30.0, 3.0) < 1e-6);
    }

    proptest! {
        #[test]
        fn chances_are_chances_and_more_harm_is_no_smaller_one(
            exposure in 0.0..=1.0_f64, severity in 0.0..=1.0_f64, pressure in 1.0..50.0_f64, less in 0.0..=1.0_f64,
        ) {
            let (chance, harm) = response(exposure, severity, pressure);
            prop_assert!((0.0..=PASSED).contains(&chance) && (0.0..=1.0).contains(&harm));
            for (exposure, severity, pressure) in
                [(exposure * less, severity, pressure), (exposure, severity * less, pressure), (exposure, severity, 1.0)]
            {
                let (smaller, slighter) = response(exposure, severity, pressure);
                prop_assert!(smaller <= chance + 1e-12 && slighter <= harm + 1e-12);
            }
        }

        #[test]
        fn who_stays_well_for_longer_is_less_likely_hit(
            chance in 0.0..=1.0_f64, exposed in 0.0..600.0_f64, more in 0.0..600.0_f64, lag in 0.0..60.0_f64,
        ) {
            let (early, late) = (still_well(chance, exposed, lag), still_well(chance, exposed + more, lag));
            prop_assert!((0.0..=chance + 1e-12).contains(&early) && late <= early + 1e-12 && late >= 0.0);
        }
    }
}

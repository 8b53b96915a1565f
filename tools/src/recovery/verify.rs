//! Whether a plan helped, as it said beforehand that it would show; and what its forecast of the recovery was worth.

use crate::model::{AlarmState, Direction, Expectation, Incident, Return, Series, ServiceId, Worked};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the measure was is taken from at least so many steps before the effect.
const STEPS_BEFORE: usize = 5;

/// History reaches so many steps back from the effect.
const STEPS_OF_HISTORY: usize = 300;

/// With fewer values than this before the effect, nothing is said.
const LEAST_BEFORE: usize = 2;

/// A move counts from so many times the noise of the history on.
const NOISES: f64 = 2.0;

/// And from this share of what the measure was on, however quiet its history.
const LEAST_SHARE: f64 = 0.1;

/// From a median absolute deviation to a standard deviation, for a normal distribution.
const MAD_TO_DEVIATION: f64 = 1.4826;

/// What the measure of a plan did, once its window is over: the median of the same span before the effect against the median
/// of the later half of the window, in the unit of the series. It must have moved the stated way by twice the noise of the
/// history, and by a tenth of what it was. Noise is what the measure does from one step to the next, since the level itself has
/// shifted in an incident.
///
/// Missing points are left out. `Unclear`: the window is not over, there are no values on one of the sides, or what was to fall
/// was nothing.
pub fn verify(expectation: &Expectation, series: &[Series], effect_at: Timestamp, now: Timestamp) -> Worked {
    let window = SignedDuration::from_mins(i64::from(expectation.within_min));
    let Ok(ends_at) = effect_at.checked_add(window) else { return Worked::Unclear };
    if now < ends_at {
        return Worked::Unclear;
    }
    let is_meant = |one: &&Series| one.service == expectation.service && one.measure == expectation.measure;
    let judged = series.iter().filter(is_meant).find_map(|one| judge(expectation, one, effect_at, ends_at));
    judged.unwrap_or(Worked::Unclear)
}

/// None where this series says nothing.
fn judge(expectation: &Expectation, series: &Series, effect_at: Timestamp, ends_at: Timestamp) -> Option<Worked> {
    let step_s = i64::from(series.step_s.max(1));
    let length = i64::try_from(series.values.len()).ok()?;
    let offset = |at: Timestamp| at.duration_since(series.start).as_secs();
    // Steps that had ended when the effect came; steps that began after it and had ended when the window did.
    let before_end = offset(effect_at).div_euclid(step_s).clamp(0, length);
    let after_start = (offset(effect_at) + step_s - 1).div_euclid(step_s).clamp(0, length);
    let after_end = offset(ends_at).div_euclid(step_s).clamp(after_start, length);
    let [before_end, after_start, after_end] = [before_end, after_start, after_end].map(index);

    let span = usize::try_from(expectation.within_min).ok()?.saturating_mul(60) / index(step_s);
    let before_start = before_end.saturating_sub(span.max(STEPS_BEFORE));
    let late_start = after_start + (after_end - after_start) / 2;
    let before = values(series, before_start, before_end);
    let after = values(series, late_start, after_end);
    if before.len() < LEAST_BEFORE {
        return None;
    }
    let (before, after) = (median(before)?, median(after)?);
    let moved = match expectation.direction {
        Direction::Falls if before <= 0.0 => return None,
        Direction::Falls => before - after,
        Direction::Rises => after - before,
    };
    let history = values(series, before_end.saturating_sub(STEPS_OF_HISTORY), before_end);
    let enough = (NOISES * noise(&history)).max(LEAST_SHARE * before.abs());
    let has_moved = moved > 0.0 && moved >= enough;
    Some(if has_moved { Worked::Keep { before, after } } else { Worked::Revert { before, after } })
}

/// A place that was clamped to a length.
fn index(place: i64) -> usize {
    usize::try_from(place).expect("it is not negative")
}

/// The values there are among those steps.
fn values(series: &Series, from: usize, to: usize) -> Vec<f64> {
    let steps = series.values.get(from..to).unwrap_or_default();
    steps.iter().copied().flatten().filter(|value| value.is_finite()).collect()
}

/// How far a value lies from the one before it, as a standard deviation of the values; robust, so that the one step at which an
/// incident began does not count.
fn noise(values: &[f64]) -> f64 {
    let steps: Vec<f64> = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    MAD_TO_DEVIATION * median(steps).unwrap_or(0.0) / std::f64::consts::SQRT_2
}

/// The value in the middle, the mean of the two of an even number.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let high = *values.get(values.len() / 2)?;
    let low = values[(values.len() - 1) / 2];
    Some(f64::midpoint(low, high))
}

/// What forecasts of recoveries were worth, over every service whose outcome is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReturnGrade {
    /// How many services were forecast and can be told about.
    pub asked: usize,
    /// How many of them were back by the time that was said.
    pub in_time: usize,
    /// The sum of the squared differences between probability and outcome; divided by `asked` the Brier score (Brier 1950).
    pub squared: f64,
    /// How many came back, in time or later.
    pub returned: usize,
    /// The minutes between the moment that was said and the one at which a service was back, either way, summed over
    /// `returned`.
    pub minutes_off: f64,
}

impl ReturnGrade {
    /// The Brier score: 0 is perfect, 0.25 a coin; none when nothing was asked.
    pub fn brier(&self) -> Option<f64> {
        (self.asked > 0).then(|| self.squared / count(self.asked))
    }

    /// The Brier score of stating for everyone the share that was back in time.
    pub fn brier_base_rate(&self) -> Option<f64> {
        (self.asked > 0).then(|| {
            let rate = count(self.in_time) / count(self.asked);
            rate * (1.0 - rate)
        })
    }

    /// How many minutes a forecast was off, on average.
    pub fn mean_minutes_off(&self) -> Option<f64> {
        (self.returned > 0).then(|| self.minutes_off / count(self.returned))
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            asked: self.asked + other.asked,
            in_time: self.in_time + other.in_time,
            squared: self.squared + other.squared,
            returned: self.returned + other.returned,
            minutes_off: self.minutes_off + other.minutes_off,
        }
    }
}

/// When services came back to their baseline; none for one that has not. A service that is missing cannot be told about.
pub type Returned = BTreeMap<ServiceId, Option<Timestamp>>;

/// Grades a forecast by who was back when, as known at `now`. What was said is that a service is back so many minutes after
/// the effect, with a probability. A service is left out if nobody can tell, if it was back before the effect, or if its time
/// is not over and it is not back either.
pub fn grade(forecast: &[Return], returned: &Returned, effect_at: Timestamp, now: Timestamp) -> ReturnGrade {
    let mut grade = ReturnGrade::default();
    for said in forecast {
        let Some(back_at) = returned.get(&said.service) else { continue };
        let minutes = |at: Timestamp| at.duration_since(effect_at).as_secs_f64() / 60.0;
        let took = back_at.filter(|at| *at <= now).map(minutes);
        if took.is_some_and(|took| took < 0.0) || (took.is_none() && minutes(now) < said.after_min) {
            continue;
        }
        let in_time = took.is_some_and(|took| took <= said.after_min);
        grade.asked += 1;
        grade.in_time += usize::from(in_time);
        grade.squared += (said.probability - f64::from(u8::from(in_time))).powi(2);
        if let Some(took) = took {
            grade.returned += 1;
            grade.minutes_off += (took - said.after_min).abs();
        }
    }
    grade
}

/// Who was back when, as the alarms of an incident tell: a service is back when the last of its alarms went to OK. One that has
/// no alarms of its own cannot be told about.
pub fn returned(incident: &Incident) -> Returned {
    let mut returned = Returned::new();
    for joined in &incident.alarms {
        let Some(service) = &joined.service else { continue };
        let ok_at = (joined.alarm.state == AlarmState::Ok).then_some(joined.alarm.changed_at);
        let both = |known: Option<Timestamp>| Some(known?.max(ok_at?));
        returned.entry(service.clone()).and_modify(|known| *known = both(*known)).or_insert(ok_at);
    }
    returned
}

fn count(things: usize) -> f64 {
    u32::try_from(things).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Measure;
    use proptest::prelude::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap()
    }

    fn expected(direction: Direction, within_min: u32) -> Expectation {
        Expectation { service: ServiceId::new("orders"), measure: Measure::Faults, direction, within_min }
    }

    /// A value a minute, from so many minutes before the effect at minute 0 on.
    fn series(before: &[Option<f64>], after: &[Option<f64>]) -> Series {
        Series {
            service: ServiceId::new("orders"),
            measure: Measure::Faults,
            start: at(-i64::try_from(before.len()).unwrap()),
            step_s: 60,
            values: before.iter().chain(after).copied().collect(),
        }
    }

    fn some(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    #[track_caller]
    fn check(direction: Direction, before: &[f64], after: &[f64], worked: Worked) {
        let series = series(&some(before), &some(after));
        assert_eq!(verify(&expected(direction, 6), &[series], at(0), at(6)), worked);
    }

    #[test]
    fn what_moves_the_stated_way_and_further_than_noise_is_kept() {
        use Direction::{Falls, Rises};
        let high = [100.0, 104.0, 98.0, 101.0, 99.0, 100.0];
        check(Falls, &high, &[90.0, 40.0, 20.0, 3.0, 2.0, 2.0], Worked::Keep { before: 100.0, after: 2.0 });
        check(Falls, &high, &[100.0, 99.0, 101.0, 100.0, 98.0, 99.0], Worked::Revert { before: 100.0, after: 99.0 });
        check(
            Falls,
            &high,
            &[100.0, 120.0, 140.0, 200.0, 200.0, 210.0],
            Worked::Revert { before: 100.0, after: 200.0 },
        );
        check(Rises, &high, &[100.0, 120.0, 140.0, 200.0, 200.0, 210.0], Worked::Keep { before: 100.0, after: 200.0 });
        // It fell by a third, and falls and rises by more than that from minute to minute.
        let wild = [150.0, 50.0, 160.0, 40.0, 150.0, 50.0];
        check(Falls, &wild, &[70.0, 66.0, 70.0, 66.0, 66.0, 66.0], Worked::Revert { before: 100.0, after: 66.0 });
        // It only dipped at once.
        check(Falls, &high, &[0.0, 0.0, 0.0, 100.0, 100.0, 100.0], Worked::Revert { before: 100.0, after: 100.0 });
        // From nothing anything may rise, and nothing can fall.
        check(Rises, &[0.0; 6], &[5.0; 6], Worked::Keep { before: 0.0, after: 5.0 });
        check(Rises, &[0.0; 6], &[0.0; 6], Worked::Revert { before: 0.0, after: 0.0 });
        check(Falls, &[0.0; 6], &[0.0; 6], Worked::Unclear);
    }

    #[test]
    fn what_cannot_be_seen_is_not_guessed() {
        let full = series(&some(&[100.0; 6]), &some(&[1.0; 6]));
        let falls = expected(Direction::Falls, 6);
        let kept = Worked::Keep { before: 100.0, after: 1.0 };
        assert_eq!(verify(&falls, std::slice::from_ref(&full), at(0), at(6)), kept);
        assert_eq!(verify(&falls, std::slice::from_ref(&full), at(0), at(5)), Worked::Unclear, "not over yet");
        assert_eq!(verify(&falls, &[], at(0), at(6)), Worked::Unclear);
        let others = Series { service: ServiceId::new("carts"), ..full.clone() };
        let another = Series { measure: Measure::Latency, ..full.clone() };
        assert_eq!(verify(&falls, &[others, another], at(0), at(6)), Worked::Unclear);
        let silent = series(&some(&[100.0; 6]), &[None; 6]);
        assert_eq!(verify(&falls, std::slice::from_ref(&silent), at(0), at(6)), Worked::Unclear, "silence is not zero");
        assert_eq!(verify(&falls, &[silent, full.clone()], at(0), at(6)), kept, "another source has it");
        let young = series(&some(&[100.0]), &some(&[1.0; 6]));
        assert_eq!(verify(&falls, &[young], at(0), at(6)), Worked::Unclear);
        let late = Series { start: at(20), ..full.clone() };
        assert_eq!(verify(&falls, &[late], at(0), at(6)), Worked::Unclear);
        assert_eq!(verify(&falls, &[full], Timestamp::MAX, Timestamp::MAX), Worked::Unclear);
    }

    #[test]
    fn the_step_in_which_the_effect_came_says_nothing() {
        let before = [Some(100.0), None, Some(100.0), Some(100.0), Some(f64::NAN), Some(100.0)];
        let series = series(&before, &some(&[100.0, 1.0, 1.0, 1.0]));
        let effect_at = at(0) + SignedDuration::from_secs(30);
        let worked = verify(&expected(Direction::Falls, 3), &[series], effect_at, at(4));
        assert_eq!(worked, Worked::Keep { before: 100.0, after: 1.0 });
    }

    #[track_caller]
    fn check_grade(forecast: &[(&str, f64, f64)], returned: &[(&str, Option<i64>)], now: i64, expected: ReturnGrade) {
        let said = |(service, after_min, probability): &(&str, f64, f64)| Return {
            service: ServiceId::new(*service),
            after_min: *after_min,
            probability: *probability,
        };
        let forecast: Vec<Return> = forecast.iter().map(said).collect();
        let returned = returned.iter().map(|(service, minute)| (ServiceId::new(*service), minute.map(at))).collect();
        assert_eq!(grade(&forecast, &returned, at(0), at(now)), expected);
    }

    #[test]
    fn a_forecast_is_compared_with_who_came_back_when() {
        let said = [("orders", 10.0, 0.75), ("carts", 20.0, 0.5), ("users", 30.0, 1.0)];
        let back = [("orders", Some(8)), ("carts", Some(25)), ("users", None)];
        let all = ReturnGrade { asked: 3, in_time: 1, squared: 0.0625 + 0.25 + 1.0, returned: 2, minutes_off: 7.0 };
        check_grade(&said, &back, 60, all);
        assert_eq!(all.mean_minutes_off(), Some(3.5));
        assert_eq!(all.brier(), Some(1.3125 / 3.0));
        assert_eq!(
            all.plus(&all),
            ReturnGrade { asked: 6, in_time: 2, squared: 2.625, returned: 4, minutes_off: 14.0 }
        );
        // After ten minutes nothing can be said of the other two.
        let early = ReturnGrade { asked: 1, in_time: 1, squared: 0.0625, returned: 1, minutes_off: 2.0 };
        check_grade(&said, &back, 10, early);
        // Back before anything was done, or seen by nobody.
        check_grade(&said, &[("orders", Some(-1))], 60, ReturnGrade::default());
        assert_eq!(ReturnGrade::default().brier(), None);
        assert_eq!(ReturnGrade::default().mean_minutes_off(), None);
    }

    fn points() -> impl Strategy<Value = Vec<Option<f64>>> {
        proptest::collection::vec(proptest::option::weighted(0.8, -1e9..1e9), 0..40)
    }

    proptest! {
        /// What is later than the window changes nothing, and what is kept has moved the stated way.
        #[test]
        fn the_future_is_not_known(before in points(), after in points(), future in points(), falls: bool) {
            let direction = if falls { Direction::Falls } else { Direction::Rises };
            let window = u32::try_from(after.len()).unwrap();
            let known = series(&before, &after);
            let mut longer = known.clone();
            longer.values.extend(future);
            let end = at(i64::from(window));
            let worked = verify(&expected(direction, window), &[known], at(0), end);
            let with_future = verify(&expected(direction, window), &[longer], at(0), end);
            prop_assert_eq!(worked, with_future);
            if let Worked::Keep { before, after } = worked {
                let has_moved = if falls { after < before } else { after > before };
                prop_assert!(has_moved);
            }
        }
    }
}

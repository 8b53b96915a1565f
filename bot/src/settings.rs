//! What people of a scope set by hand: it stands above the configuration, and lasts until somebody sets it anew.

use crate::config::Scope;
use crate::hours::Hours;
use blocks::settings::Shown;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tools::model::minutes;

/// The settings of a scope. What is none is as the configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// How often they were set: who sets them anew says which they saw.
    pub version: u64,
    /// How long a flood may go without a lead or a severity; zero for ever.
    pub nudge_after: Option<SignedDuration>,
    /// What counts as a flood: so many alarms, within so long.
    pub flood: Option<(usize, SignedDuration)>,
    /// When lone alarms are gathered instead of told.
    pub quiet: Option<Hours>,
    /// Until when they are gathered, whatever the hour.
    pub muted_until: Option<Timestamp>,
    /// What was held back until then, or a moment before, was told when somebody called the quiet off.
    pub told_until: Option<Timestamp>,
    /// Who set them last, and when.
    pub last: Option<(String, Timestamp)>,
}

/// One thing that somebody sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// How long a flood may go without a lead or a severity; zero for ever.
    Nudges(SignedDuration),
    /// What counts as a flood: so many alarms, within so long.
    Flood(usize, SignedDuration),
    /// When lone alarms are gathered; none for never.
    Quiet(Option<Hours>),
    /// For how long they are gathered from now on; none for not at all.
    Mute(Option<SignedDuration>),
    /// Everything as the configuration says.
    Usual,
}

/// The shortest span that can be set, and the longest.
const SPANS: [SignedDuration; 2] = [minutes(1), minutes(24 * 60)];

/// Alarms that can be told to make a flood.
const ALARMS: std::ops::RangeInclusive<usize> = 2..=100;

/// The longest time within which they may have to come.
const LONGEST_FLOOD: SignedDuration = minutes(60);

impl Setting {
    /// What is wrong with it, as a sentence.
    pub fn problem(&self) -> Option<String> {
        let fits = |span: &SignedDuration, longest: SignedDuration| (SPANS[0]..=longest).contains(span);
        match self {
            Self::Nudges(after) if after.is_zero() || fits(after, SPANS[1]) => None,
            Self::Nudges(_) => Some("A nudge comes after 1 minute at least and 24 hours at most.".to_owned()),
            Self::Flood(alarms, within) if ALARMS.contains(alarms) && fits(within, LONGEST_FLOOD) => None,
            Self::Flood(..) => {
                Some("A flood is 2 to 100 alarms, within 1 minute at least and 1 hour at most.".to_owned())
            }
            Self::Mute(Some(span)) if fits(span, SPANS[1]) => None,
            Self::Mute(Some(_)) => Some("A scope is muted for 1 minute at least and 24 hours at most.".to_owned()),
            Self::Mute(None) | Self::Quiet(_) | Self::Usual => None,
        }
    }
}

impl Settings {
    /// These, after somebody set something at `now`; none if that is so already.
    pub fn with(&self, wanted: &[Setting], by: &str, now: Timestamp) -> Option<Self> {
        let mut after = self.clone();
        // What is over is not muted any more.
        after.muted_until = self.muted_until.filter(|until| *until > now);
        for setting in wanted {
            match setting {
                Setting::Nudges(span) => after.nudge_after = Some(*span),
                Setting::Flood(alarms, within) => after.flood = Some((*alarms, *within)),
                Setting::Quiet(hours) => after.quiet.clone_from(hours),
                Setting::Mute(span) => after.muted_until = span.and_then(|span| now.checked_add(span).ok()),
                Setting::Usual => {
                    after = Self {
                        version: after.version,
                        told_until: after.told_until,
                        last: after.last,
                        ..Self::default()
                    };
                }
            }
        }
        if after == *self {
            return None;
        }
        Some(Self { version: self.version + 1, last: Some((by.to_owned(), now)), ..after })
    }

    /// The scope as it is under these. What a single channel has for itself stays.
    pub fn over(&self, mut scope: Scope) -> Scope {
        scope.nudge_after = self.nudge_after.unwrap_or(scope.nudge_after);
        if let Some((alarms, within)) = self.flood {
            (scope.flood.alarms, scope.flood.within) = (alarms, within);
        }
        scope
    }

    /// What people read of them, for the scope as it is configured.
    pub fn shown(&self, configured: Scope, now: Timestamp) -> Shown {
        let scope = self.over(configured);
        Shown {
            flood: (scope.flood.alarms, scope.flood.within),
            nudge_after: scope.nudge_after,
            quiet: self.quiet.as_ref().map(ToString::to_string),
            muted_until: self.muted_until.filter(|until| *until > now),
            last: self.last.clone(),
            scope: scope.id,
        }
    }

    /// Whether what was held back until then is told at `now`.
    pub fn has_told(&self, until: Timestamp, now: Timestamp) -> bool {
        until <= now || self.told_until.is_some_and(|told| until <= told)
    }

    /// Until when lone alarms are gathered, if they are at `now`.
    pub fn hushed_until(&self, now: Timestamp) -> Option<Timestamp> {
        let muted = self.muted_until.filter(|until| *until > now);
        let quiet = self.quiet.as_ref().and_then(|hours| hours.end(now));
        // Who is muted into the night sleeps on.
        let after_mute = muted.and_then(|until| self.quiet.as_ref()?.end(until));
        muted.max(quiet).max(after_mute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn night() -> Hours {
        Hours::read("22:00-07:00 UTC").unwrap()
    }

    #[track_caller]
    fn check(settings: &Settings, now: &str, until: Option<&str>) {
        assert_eq!(settings.hushed_until(at(now)), until.map(at), "{now}");
    }

    #[test]
    fn lone_alarms_are_gathered_while_it_is_quiet_or_muted() {
        let quiet = Settings { quiet: Some(night()), ..Settings::default() };
        check(&Settings::default(), "2026-11-20T23:00:00Z", None);
        check(&quiet, "2026-11-20T21:59:59Z", None);
        check(&quiet, "2026-11-20T23:00:00Z", Some("2026-11-21T07:00:00Z"));
        let muted = Settings { muted_until: Some(at("2026-11-20T21:30:00Z")), ..quiet.clone() };
        check(&muted, "2026-11-20T21:00:00Z", Some("2026-11-20T21:30:00Z"));
        check(&muted, "2026-11-20T21:30:00Z", None);
        let into_the_night = Settings { muted_until: Some(at("2026-11-20T22:30:00Z")), ..quiet.clone() };
        check(&into_the_night, "2026-11-20T21:00:00Z", Some("2026-11-21T07:00:00Z"));
        let into_the_day = Settings { muted_until: Some(at("2026-11-21T08:00:00Z")), ..quiet };
        check(&into_the_day, "2026-11-21T06:00:00Z", Some("2026-11-21T08:00:00Z"));
    }

    #[test]
    fn what_is_set_twice_is_set_once() {
        let now = at("2026-11-20T23:00:00Z");
        let first = Settings::default().with(&[Setting::Quiet(Some(night()))], "U1", now).unwrap();
        assert_eq!((first.version, first.last.clone()), (1, Some(("U1".to_owned(), now))));
        assert_eq!(first.with(&[Setting::Quiet(Some(night()))], "U2", now), None);
        let usual = first.with(&[Setting::Usual], "U2", now).unwrap();
        assert_eq!((usual.version, usual.quiet.clone()), (2, None));
        assert_eq!(usual.with(&[Setting::Usual], "U2", now), None);
    }

    #[test]
    fn what_nobody_can_mean_is_refused() {
        for odd in [
            Setting::Nudges(SignedDuration::from_secs(59)),
            Setting::Nudges(SignedDuration::from_hours(25)),
            Setting::Flood(1, minutes(5)),
            Setting::Flood(3, minutes(61)),
            Setting::Mute(Some(SignedDuration::ZERO)),
        ] {
            assert!(odd.problem().is_some(), "{odd:?}");
        }
        for fine in [Setting::Nudges(SignedDuration::ZERO), Setting::Flood(2, minutes(60)), Setting::Mute(None)] {
            assert_eq!(fine.problem(), None, "{fine:?}");
        }
    }
}

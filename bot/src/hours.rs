//! Hours of the day in one time zone, such as `22:00-07:00 Europe/Berlin`.

use jiff::civil::Time;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};
use std::fmt;

/// From one time of the day to another, which may be the next morning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Hours {
    from: Time,
    to: Time,
    zone: TimeZone,
    /// What the time zone is called.
    place: String,
}

/// What is wrong with a text that should be hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Odd {
    /// It is not written so.
    Form,
    /// There is no such time zone.
    Zone(String),
    /// They end when they begin.
    Empty,
}

impl Odd {
    /// A sentence about it; `what` is what the hours are, in the plural.
    pub fn sentence(&self, what: &str, text: &str) -> String {
        match self {
            Self::Form => format!("{what} are written as `09:00-17:00 Europe/Berlin`, and not as `{text}`"),
            Self::Zone(zone) => format!("`{zone}` is no time zone; one is `Europe/Berlin`, another `UTC`"),
            Self::Empty => format!("{what} end at another time than they begin, and `{text}` do not"),
        }
    }
}

impl Hours {
    /// Reads `22:00-07:00 Europe/Berlin`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, Odd> {
        let (hours, zone) = text.split_once(' ').ok_or(Odd::Form)?;
        let (from, to) = hours.split_once('-').ok_or(Odd::Form)?;
        let (from, to) = (minute(from).ok_or(Odd::Form)?, minute(to).ok_or(Odd::Form)?);
        if from == to {
            return Err(Odd::Empty);
        }
        // The time zones that come with the program: every machine reads the same.
        let named = TimeZoneDatabase::bundled().get(zone).map_err(|_| Odd::Zone(zone.to_owned()))?;
        let place = named.iana_name().unwrap_or(zone).to_owned();
        Ok(Self { from, to, zone: named, place })
    }

    /// Whether they go on past midnight.
    pub fn is_overnight(&self) -> bool {
        self.from > self.to
    }

    /// `now` as a clock there tells it.
    pub fn there(&self, now: Timestamp) -> Zoned {
        now.to_zoned(self.zone.clone())
    }

    /// Whether `now` is within them. The end is not.
    pub fn contains(&self, now: Timestamp) -> bool {
        let time = self.there(now).time();
        if self.is_overnight() { time >= self.from || time < self.to } else { (self.from..self.to).contains(&time) }
    }

    /// When those end that `now` is within; none if it is not within any.
    pub fn end(&self, now: Timestamp) -> Option<Timestamp> {
        if !self.contains(now) {
            return None;
        }
        let there = self.there(now);
        let is_tomorrow = self.is_overnight() && there.time() >= self.from;
        let date = if is_tomorrow { there.date().checked_add(1.day()).ok()? } else { there.date() };
        // Where a clock shows the end twice, it is the later one: the earlier may be over.
        let end = self.zone.to_ambiguous_zoned(date.to_datetime(self.to)).later().ok()?;
        Some(end.timestamp().max(now))
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, zone: _, place } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02} {place}", from.hour(), from.minute(), to.hour(), to.minute())
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.to_string()
    }
}

impl TryFrom<String> for Hours {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::read(&text).map_err(|odd| odd.sentence("hours", &text))
    }
}

/// A time as `09:00`.
fn minute(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<i8>().ok()).flatten()
    };
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hours: &str, now: &str, end: Option<&str>) {
        let hours = Hours::read(hours).unwrap();
        let now: Timestamp = now.parse().unwrap();
        assert_eq!(hours.end(now).map(|end| end.to_string()).as_deref(), end, "{hours} at {now}");
        assert_eq!(hours.contains(now), end.is_some());
        assert_eq!(Hours::read(&hours.to_string()), Ok(hours));
    }

    #[test]
    fn a_night_ends_in_the_morning() {
        let night = "22:00-07:00 Europe/Berlin";
        check(night, "2026-11-20T20:59:59Z", None);
        check(night, "2026-11-20T21:00:00Z", Some("2026-11-21T06:00:00Z"));
        check(night, "2026-11-21T05:59:59Z", Some("2026-11-21T06:00:00Z"));
        check(night, "2026-11-21T06:00:00Z", None);
        check("12:00-13:30 utc", "2026-11-21T13:29:00Z", Some("2026-11-21T13:30:00Z"));
        check("12:00-13:30 UTC", "2026-11-21T13:30:00Z", None);
    }

    /// In Berlin the clock goes from 02:00 to 03:00 on the 29th of March and from 03:00 back to 02:00 on the 25th of October.
    #[test]
    fn a_night_in_which_the_clock_is_set_ends_all_the_same() {
        check("22:00-02:30 Europe/Berlin", "2026-03-28T22:00:00Z", Some("2026-03-29T01:30:00Z"));
        check("22:00-02:30 Europe/Berlin", "2026-10-25T01:15:00Z", Some("2026-10-25T01:30:00Z"));
        check("22:00-02:30 Europe/Berlin", "2026-10-25T00:15:00Z", Some("2026-10-25T01:30:00Z"));
    }

    #[test]
    fn what_is_no_hours_is_refused() {
        for (text, odd) in [
            ("22-7 UTC", Odd::Form),
            ("22:00-07:00", Odd::Form),
            ("22:00-24:00 UTC", Odd::Form),
            ("22:00-22:00 UTC", Odd::Empty),
            ("22:00-07:00 Berlin", Odd::Zone("Berlin".to_owned())),
        ] {
            assert_eq!(Hours::read(text), Err(odd), "{text}");
        }
    }
}

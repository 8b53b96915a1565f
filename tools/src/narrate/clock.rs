//! Times and dates as people write them. Without a zone a time is in UTC, as everything here is.

use super::check::Refused;
use super::reader::Token;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};

/// A time of day as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    /// As written.
    pub(super) text: String,
    hour: i8,
    minute: Option<i8>,
    second: Option<i8>,
    offset: Offset,
    /// The day, where one is written with it.
    date: Option<Date>,
}

impl Shown {
    /// Whether it shows `at`: cut, not rounded, as clocks do.
    pub(super) fn shows(&self, at: Timestamp) -> bool {
        let local = at.to_zoned(TimeZone::fixed(self.offset)).datetime();
        let time: Time = local.time();
        time.hour() == self.hour
            && self.minute.map_or_else(|| time.minute() == 0, |minute| time.minute() == minute)
            && self.second.is_none_or(|second| time.second() == second)
            && self.date.is_none_or(|date| local.date() == date)
    }
}

/// Whether `date` is the day of `at`, in UTC.
pub(super) fn is_day_of(date: Date, at: Timestamp) -> bool {
    at.to_zoned(TimeZone::UTC).date() == date
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The time or date that begins with the digit at `at`, and where it ends; none for a mere number.
pub(super) fn read(chars: &[char], at: usize) -> Result<Option<(Token, usize)>, Refused> {
    let mut cursor = Cursor { chars, at };
    if let Some(date) = cursor.iso_date() {
        if cursor.take('T') {
            let shown = cursor.time(at, Some(date))?;
            return Ok(Some((Token::Time(shown), cursor.at)));
        }
        return Ok(Some((Token::Date(date), cursor.at)));
    }
    cursor.at = at;
    if let Some(date) = cursor.written_date() {
        return Ok(Some((Token::Date(date), cursor.at)));
    }
    cursor.at = at;
    if !cursor.begins_time() {
        return Ok(None);
    }
    let shown = cursor.time(at, None)?;
    Ok(Some((Token::Time(shown), cursor.at)))
}

struct Cursor<'a> {
    chars: &'a [char],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        self.at += usize::from(found);
        found
    }

    /// A number of `from` to `to` digits.
    fn digits<T: std::str::FromStr>(&mut self, from: usize, to: usize) -> Option<T> {
        let text: String = self.chars[self.at..].iter().take_while(|c| c.is_ascii_digit()).collect();
        if !(from..=to).contains(&text.len()) {
            return None;
        }
        self.at += text.len();
        text.parse().ok()
    }

    fn letters(&mut self) -> String {
        let text: String = self.chars[self.at..].iter().take_while(|c| c.is_alphabetic()).collect();
        self.at += text.chars().count();
        text.to_lowercase()
    }

    fn blank(&mut self) {
        let _ = self.take(' ') || self.take('\u{a0}') || self.take('\u{202f}');
    }

    fn iso_date(&mut self) -> Option<Date> {
        let year = self.digits(4, 4)?;
        let month = self.take('-').then(|| self.digits(2, 2)).flatten()?;
        let day = self.take('-').then(|| self.digits(2, 2)).flatten()?;
        Date::new(year, month, day).ok()
    }

    /// `20 November 2026`.
    fn written_date(&mut self) -> Option<Date> {
        let day = self.digits(1, 2)?;
        self.blank();
        let name = self.letters();
        let is = |month: &&str| **month == name || (name.len() == 3 && month.starts_with(&name));
        let month = MONTHS.iter().position(|month| is(&month))?;
        let _ = self.take(',');
        self.blank();
        let year = self.digits(4, 4)?;
        Date::new(year, i8::try_from(month + 1).ok()?, day).ok()
    }

    /// Whether a time stands here: digits and a colon, or digits and am or pm.
    fn begins_time(&self) -> bool {
        let mut ahead = Cursor { chars: self.chars, at: self.at };
        if ahead.digits::<u32>(1, 2).is_none() {
            return false;
        }
        if ahead.peek() == Some(':') {
            return true;
        }
        ahead.blank();
        matches!(ahead.letters().as_str(), "am" | "pm")
    }

    fn time(&mut self, begin: usize, date: Option<Date>) -> Result<Shown, Refused> {
        let written = |end: usize| self.chars[begin..end.min(self.chars.len())].iter().collect::<String>();
        let unreadable = Refused::new(&written(begin + 8), "this time cannot be read");
        let mut hour: i8 = self.digits(1, 2).ok_or_else(|| unreadable.clone())?;
        let (mut minute, mut second) = (None, None);
        if self.take(':') {
            minute = Some(self.digits(2, 2).ok_or_else(|| unreadable.clone())?);
            if self.peek() == Some(':') {
                self.at += 1;
                second = Some(self.digits(2, 2).ok_or_else(|| unreadable.clone())?);
            }
        }
        if let Some(pm) = self.half_of_day() {
            if !(1..=12).contains(&hour) {
                return Err(unreadable);
            }
            hour = hour % 12 + if pm { 12 } else { 0 };
        }
        let offset = self.zone().ok_or_else(|| unreadable.clone())?;
        let (in_minute, in_second) = (minute.unwrap_or(0), second.unwrap_or(0));
        if Time::new(hour, in_minute, in_second, 0).is_err() || self.peek().is_some_and(char::is_alphanumeric) {
            return Err(unreadable);
        }
        let text = self.chars[begin..self.at].iter().collect();
        Ok(Shown { text, hour, minute, second, offset, date })
    }

    /// `am`, `p.m.`: whether it is the second half.
    fn half_of_day(&mut self) -> Option<bool> {
        let begin = self.at;
        self.blank();
        let letter = self.peek().map(|c| c.to_ascii_lowercase());
        self.at += 1;
        let dotted = self.take('.');
        let second = self.peek().map(|c| c.to_ascii_lowercase());
        self.at += 1;
        if dotted {
            let _ = self.take('.');
        }
        match (letter, second) {
            (Some(half @ ('a' | 'p')), Some('m')) if !self.peek().is_some_and(char::is_alphanumeric) => {
                Some(half == 'p')
            }
            _ => {
                self.at = begin;
                None
            }
        }
    }

    /// The zone behind a time; UTC where none stands, none where it is not one that is known without tables.
    fn zone(&mut self) -> Option<Offset> {
        let begin = self.at;
        self.blank();
        let sign = self.peek();
        if matches!(sign, Some('+' | '-' | '−')) && self.chars.get(self.at + 1).is_some_and(char::is_ascii_digit) {
            return self.offset();
        }
        let capital = self.chars[self.at.min(self.chars.len())..].iter().take_while(|c| c.is_alphabetic());
        let name: String = capital.collect();
        match name.as_str() {
            "Z" | "UTC" | "GMT" | "utc" | "gmt" | "z" => {
                self.at += name.len();
                let signed = matches!(self.peek(), Some('+' | '-' | '−'));
                if signed && self.chars.get(self.at + 1).is_some_and(char::is_ascii_digit) {
                    return self.offset();
                }
                Some(Offset::UTC)
            }
            // The short name of a zone that only a table knows.
            other if (2..=4).contains(&other.len()) && other != "OK" && other.chars().all(char::is_uppercase) => None,
            _ => {
                self.at = begin;
                Some(Offset::UTC)
            }
        }
    }

    fn offset(&mut self) -> Option<Offset> {
        let sign = if self.take('+') { 1 } else { -1 };
        if sign < 0 {
            self.at += 1;
        }
        let digits: String = self.chars[self.at..].iter().take_while(|c| c.is_ascii_digit()).collect();
        self.at += digits.len();
        let (hours, mut minutes) = match digits.len() {
            1 | 2 => (digits.parse::<i32>().ok()?, 0),
            4 => (digits[..2].parse().ok()?, digits[2..].parse::<i32>().ok()?),
            _ => return None,
        };
        if self.take(':') {
            minutes = self.digits(2, 2)?;
        }
        Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
    }
}

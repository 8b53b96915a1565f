//! What somebody sets for their scope: `settings`, `settings quiet 22:00-07:00 Europe/Berlin`, `settings mute 2h`,
//! `settings nudges 15m`, `settings flood 5 in 10m`, `settings usual`.

use super::{Arguments, Command, Misread, bounded, since};
use crate::hours::Hours;
use crate::settings::Setting;
use jiff::SignedDuration;

/// Words that turn something off.
const OFF: [&str; 5] = ["off", "never", "none", "no", "0"];

/// Reads what follows `settings`.
pub(super) fn settings(arguments: &Arguments<'_>) -> Result<Command, Misread> {
    let Some((what, rest)) = arguments.words.split_first() else { return Ok(Command::Settings { set: None }) };
    let typed = arguments.typed[1..].join(" ");
    let line = rest.join(" ");
    let setting = match *what {
        "nudge" | "nudges" => nudges(&line),
        "flood" | "floods" => flood(&line),
        "quiet" | "night" => quiet(&typed),
        "mute" | "muted" => mute(&line),
        "unmute" if rest.is_empty() => Ok(Setting::Mute(None)),
        "usual" | "reset" | "default" | "defaults" if rest.is_empty() => Ok(Setting::Usual),
        _ => return Err(Misread::NoSetting { word: bounded(what) }),
    };
    let setting = setting.and_then(|setting| setting.problem().map_or(Ok(setting), Err));
    setting.map(|setting| Command::Settings { set: Some(setting) }).map_err(|problem| Misread::OddSetting { problem })
}

/// `15m`, `after 15 min`, `off`.
pub fn nudges(line: &str) -> Result<Setting, String> {
    match line.trim() {
        off if OFF.contains(&off) => Ok(Setting::Nudges(SignedDuration::ZERO)),
        line => span(line.strip_prefix("after ").unwrap_or(line))
            .map(Setting::Nudges)
            .ok_or_else(|| "Nudges come after a span, as in `nudges 15m`, or never: `nudges off`.".to_owned()),
    }
}

/// `5 in 10m`, `5 alarms within 10 min`.
pub fn flood(line: &str) -> Result<Setting, String> {
    let mut words = line.split_whitespace().filter(|word| !matches!(*word, "alarm" | "alarms" | "in" | "within"));
    let alarms = words.next().and_then(|word| word.parse().ok());
    let within = span(&words.collect::<Vec<_>>().join(" "));
    let odd = || "A flood is so many alarms within so long, as in `flood 5 in 10m`.".to_owned();
    Ok(Setting::Flood(alarms.ok_or_else(odd)?, within.ok_or_else(odd)?))
}

/// `2h`, `for 30 min`, `off`.
pub fn mute(line: &str) -> Result<Setting, String> {
    match line.trim() {
        off if OFF.contains(&off) => Ok(Setting::Mute(None)),
        line => span(line.strip_prefix("for ").unwrap_or(line))
            .map(|span| Setting::Mute(Some(span)))
            .ok_or_else(|| "A scope is muted for a while, as in `mute 2h`, or not: `mute off`.".to_owned()),
    }
}

/// `22:00-07:00 Europe/Berlin`, `22:00 – 7:00 utc`, `22-7 UTC`, `off`. What a phone makes of it is meant as well.
pub fn quiet(line: &str) -> Result<Setting, String> {
    let line = line.replace(['–', '—'], "-").replace(" - ", "-").replace(" to ", "-");
    let line = line.trim().trim_matches(super::quotes);
    if OFF.contains(&line.to_lowercase().as_str()) {
        return Ok(Setting::Quiet(None));
    }
    let form = || "Quiet hours are written with their time zone, as in `quiet 22:00-07:00 Europe/Berlin`.".to_owned();
    let (hours, zone) = line.split_once(' ').ok_or_else(form)?;
    let (from, to) = hours.split_once('-').ok_or_else(form)?;
    let text = format!("{}-{} {}", clock(from), clock(to), zone.trim());
    Hours::read(&text).map(|hours| Setting::Quiet(Some(hours))).map_err(|odd| {
        use crate::hours::Odd;
        match odd {
            Odd::Form => form(),
            Odd::Zone(_) | Odd::Empty => format!("{}.", odd.sentence("quiet hours", &text)),
        }
    })
}

/// `7` and `7:00` as `07:00`.
fn clock(time: &str) -> String {
    let (hour, minute) = time.split_once(':').unwrap_or((time, "00"));
    format!("{hour:0>2}:{minute}")
}

/// `15m`, `15 min`, `2 hours`.
fn span(line: &str) -> Option<SignedDuration> {
    since::span(&line.split_whitespace().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use tools::model::minutes;

    #[track_caller]
    fn check(line: &str, expected: Setting) {
        assert_eq!(parse(&format!("settings {line}")), Ok(Command::Settings { set: Some(expected) }), "{line}");
    }

    #[test]
    fn settings_are_read_forgivingly() {
        assert_eq!(parse("settings"), Ok(Command::Settings { set: None }));
        for line in ["nudges 15m", "nudge after 15 min", "NUDGES “15m”"] {
            check(line, Setting::Nudges(minutes(15)));
        }
        check("nudges off", Setting::Nudges(SignedDuration::ZERO));
        for line in ["flood 5 in 10m", "flood 5 alarms within 10 min", "flood 5 10m"] {
            check(line, Setting::Flood(5, minutes(10)));
        }
        let night = || Setting::Quiet(Some(Hours::read("22:00-07:00 Europe/Berlin").unwrap()));
        for line in [
            "quiet 22:00-07:00 Europe/Berlin",
            "quiet 22–7 europe/berlin",
            "quiet 22:00 — 7:00 Europe/Berlin",
            "Quiet “22:00 to 07:00 Europe/Berlin”",
        ] {
            check(line, night());
        }
        check("quiet off", Setting::Quiet(None));
        check("mute for 2 hours", Setting::Mute(Some(minutes(120))));
        check("mute off", Setting::Mute(None));
        check("unmute", Setting::Mute(None));
        check("usual", Setting::Usual);
    }

    #[test]
    fn what_is_no_setting_is_told_with_an_example() {
        let problem = |line: &str| match parse(&format!("settings {line}")) {
            Err(Misread::OddSetting { problem }) => problem,
            other => format!("{other:?}"),
        };
        insta::assert_snapshot!(problem("quiet 22:00-07:00"), @"Quiet hours are written with their time zone, as in `quiet 22:00-07:00 Europe/Berlin`.");
        insta::assert_snapshot!(problem("quiet 22:00-07:00 Berlin"), @"`Berlin` is no time zone; one is `Europe/Berlin`, another `UTC`.");
        insta::assert_snapshot!(problem("quiet 7-7 UTC"), @"quiet hours end at another time than they begin, and `07:00-07:00 UTC` do not.");
        insta::assert_snapshot!(problem("nudges soon"), @"Nudges come after a span, as in `nudges 15m`, or never: `nudges off`.");
        insta::assert_snapshot!(problem("flood many"), @"A flood is so many alarms within so long, as in `flood 5 in 10m`.");
        insta::assert_snapshot!(problem("flood 1 in 5m"), @"A flood is 2 to 100 alarms, within 1 minute at least and 1 hour at most.");
        insta::assert_snapshot!(problem("mute 3 days"), @"A scope is muted for 1 minute at least and 24 hours at most.");
        assert_eq!(parse("settings volume 11"), Err(Misread::NoSetting { word: "volume".to_owned() }));
    }
}

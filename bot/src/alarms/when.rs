//! The few ways in which AWS, Slack and others write a moment.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// How Amazon Q Developer writes its `Timestamp` field.
const FIELD: &str = "%a, %d %b %Y %H:%M:%S UTC";
/// How CloudWatch writes a moment inside the reason of a composite alarm.
const REASON: &str = "%A %d %B, %Y %H:%M:%S UTC";

/// How Datadog writes when a monitor triggered.
const DATADOG: &str = "%a %b %d %Y %H:%M:%S UTC";

/// Reads RFC 3339, `2026-11-20T14:02:11.406+0000` (the details of an AWS event), `Fri, 20 Nov 2026 14:02:11 UTC`
/// (a field of Amazon Q), `Friday 20 November, 2026 14:03:05 UTC` (a composite alarm's reason) and
/// `Fri Nov 20 2026 14:02:00 UTC` (Datadog).
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let in_words = |format| {
        let moment = DateTime::strptime(format, text).ok()?.to_zoned(TimeZone::UTC).ok()?;
        Some(moment.timestamp())
    };
    text.parse().ok().or_else(|| in_words(FIELD)).or_else(|| in_words(REASON)).or_else(|| in_words(DATADOG))
}

/// Reads the `ts` of a Slack message: seconds, a point, and six digits that are microseconds.
pub(super) fn slack(ts: &str) -> Option<Timestamp> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (seconds, micros) = ts.split_once('.').unwrap_or((ts, "0"));
    if !digits(seconds) || !digits(micros) || micros.len() > 6 {
        return None;
    }
    let nanos = format!("{micros:0<6}000").parse().ok()?;
    Timestamp::new(seconds.parse().ok()?, nanos).ok()
}

/// Writes a moment as the details of an AWS event have it: milliseconds, unless that would lose something.
pub(super) fn event_detail(at: Timestamp) -> String {
    let whole_millis = at.subsec_nanosecond() % 1_000_000 == 0;
    let format = if whole_millis { "%Y-%m-%dT%H:%M:%S%.3f+0000" } else { "%Y-%m-%dT%H:%M:%S%.9f+0000" };
    at.strftime(format).to_string()
}

/// Writes a moment as the envelope of an AWS event has it: in whole seconds.
pub(super) fn event_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes a moment as the `Timestamp` field of Amazon Q Developer has it: in whole seconds.
pub(super) fn field(at: Timestamp) -> String {
    at.strftime(FIELD).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(parse(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
    }

    #[track_caller]
    fn check_slack(ts: &str, expected: Option<&str>) {
        assert_eq!(slack(ts).map(|at| at.to_string()).as_deref(), expected, "{ts}");
    }

    #[test]
    fn every_form_is_read() {
        check("2026-11-20T14:02:11.406+0000", Some("2026-11-20T14:02:11.406Z"));
        check("2026-11-20T14:02:11Z", Some("2026-11-20T14:02:11Z"));
        check("2026-11-20T15:02:11.5+01:00", Some("2026-11-20T14:02:11.5Z"));
        check("Fri, 20 Nov 2026 14:02:11 UTC", Some("2026-11-20T14:02:11Z"));
        check("Mon, 2 Nov 2026 09:30:14 UTC", Some("2026-11-02T09:30:14Z"));
        check("Friday 20 November, 2026 14:03:05 UTC", Some("2026-11-20T14:03:05Z"));
        check("Fri Nov 20 2026 14:02:00 UTC", Some("2026-11-20T14:02:00Z"));
        check("  2026-11-20T14:02:11Z\n", Some("2026-11-20T14:02:11Z"));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in ["", "now", "2026-11-20", "2026-13-20T14:02:11Z", "Fri, 20 Nov 2026 14:02:11", "1795183332"] {
            check(text, None);
        }
        // 20 November 2026 is a Friday: a contradiction is better refused than half believed.
        check("Mon, 20 Nov 2026 14:02:11 UTC", None);
    }

    #[test]
    fn a_slack_ts_is_seconds_and_microseconds() {
        check_slack("1795183332.000200", Some("2026-11-20T14:02:12.0002Z"));
        check_slack("1795183332", Some("2026-11-20T14:02:12Z"));
        check_slack("1795183332.5", Some("2026-11-20T14:02:12.5Z"));
        for ts in ["", ".", "1.", ".1", "-1.000000", "1.0000000", "1795183332.00x", "99999999999999999999.0", "٣.1"] {
            check_slack(ts, None);
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["2026-11-20T14:02:11.406Z", "2026-11-20T14:02:11Z", "2026-11-20T14:02:11.000000001Z"] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(parse(&event_detail(at)), Some(at));
        }
        let at: Timestamp = "2026-11-02T04:02:11.999Z".parse().unwrap();
        assert_eq!(event_detail(at), "2026-11-02T04:02:11.999+0000");
        assert_eq!(event_time(at), "2026-11-02T04:02:11Z");
        assert_eq!(field(at), "Mon, 02 Nov 2026 04:02:11 UTC");
        check(&field(at), Some("2026-11-02T04:02:11Z"));
    }
}

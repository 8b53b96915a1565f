//! Reading log lines: what AWS Lambda reports of an invocation, how bad a line says things are, and the words in which
//! libraries say that a limit was met. Any text is taken; what is not understood is none of these.

use crate::model::{LogLevel, LogLine};
use serde_json::Value;

/// Of a longer line only the beginning is looked at: nothing that is looked for stands further back.
const MOST_BYTES: usize = 16 * 1024;

/// What Lambda reports at the end of an invocation. What the line does not tell is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The invocation's id; the same invocation may be reported in more than one form.
    pub request: Option<String>,
    /// How long the handler ran, in milliseconds.
    pub duration_ms: Option<f64>,
    /// How long is paid for, in milliseconds.
    pub billed_ms: Option<f64>,
    /// How long the environment took to start, in milliseconds: only of a cold start. Restoring a snapshot counts too.
    pub init_ms: Option<f64>,
    /// The memory it may use, in MB.
    pub memory_mb: Option<f64>,
    /// The most memory it used, in MB.
    pub used_mb: Option<f64>,
}

/// A limit that a line complains about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Complaint {
    /// Somebody refuses requests because there are too many.
    Throttled,
    /// No connection is left.
    Connections,
    /// One range of keys of a table refuses requests.
    Partition,
}

/// The report in a line: Lambda's `REPORT` text, its JSON form `platform.report`, or Lambda Insights' performance event.
pub fn report(text: &str) -> Option<Report> {
    let text = head(text).trim_start();
    if text.starts_with('{') {
        return json_report(&serde_json::from_str(text).ok()?);
    }
    let at = text.find("REPORT RequestId:")?;
    let fields = &text[at..];
    let first = |name: &str| {
        let rest = fields[fields.find(name)? + name.len()..].trim_start();
        rest.split([' ', '\t', '\n']).next().filter(|word| !word.is_empty())
    };
    let number = |name: &str| first(name).and_then(figure);
    Some(Report {
        request: first("RequestId:").map(str::to_owned),
        // The first of them is the handler's own; the billed one and the start follow it.
        duration_ms: number("Duration:"),
        billed_ms: number("Billed Duration:"),
        init_ms: number("Init Duration:").or_else(|| number("\tRestore Duration:")),
        memory_mb: number("Memory Size:"),
        used_mb: number("Max Memory Used:"),
    })
}

fn json_report(line: &Value) -> Option<Report> {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64).filter(|number| is_figure(*number));
    let word = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    if line.get("type").and_then(Value::as_str) == Some("platform.report") {
        let record = line.get("record")?;
        let metric = |name: &str| number(record.get("metrics").and_then(|metrics| metrics.get(name)));
        return Some(Report {
            request: word(record.get("requestId")),
            duration_ms: metric("durationMs"),
            billed_ms: metric("billedDurationMs"),
            init_ms: metric("initDurationMs").or_else(|| metric("restoreDurationMs")),
            memory_mb: metric("memorySizeMB"),
            used_mb: metric("maxMemoryUsedMB"),
        });
    }
    let is_insights = line.get("event_type").and_then(Value::as_str) == Some("performance");
    (is_insights && line.get("function_name").is_some()).then(|| Report {
        request: word(line.get("request_id")),
        duration_ms: number(line.get("duration")),
        billed_ms: number(line.get("billed_duration")),
        init_ms: number(line.get("init_duration")),
        memory_mb: number(line.get("total_memory")),
        used_mb: number(line.get("used_memory_max")),
    })
}

/// How bad a line says things are: by its source, else by its own words.
pub fn level(line: &LogLine) -> Option<LogLevel> {
    /// The level stands at the beginning, after a time and an id at most.
    const WORDS: usize = 24;
    let own = |word: &str| match word {
        "FATAL" | "CRITICAL" | "ERROR" | "SEVERE" | "fatal" | "critical" | "error" => Some(LogLevel::Error),
        "WARN" | "WARNING" | "warn" | "warning" => Some(LogLevel::Warn),
        "INFO" | "NOTICE" | "info" | "notice" => Some(LogLevel::Info),
        "DEBUG" | "TRACE" | "debug" | "trace" => Some(LogLevel::Debug),
        _ => None,
    };
    let text = head(&line.text);
    let mut words = text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    line.level.or_else(|| words.by_ref().take(WORDS).find_map(own))
}

/// What a line complains about. A line that says itself that all is well complains about nothing.
pub fn complaint(line: &LogLine) -> Option<Complaint> {
    const WORDS: &[(Complaint, &[&str])] = &[
        (Complaint::Partition, &["keyrangethroughputexceeded", "hot partition"]),
        (
            Complaint::Connections,
            &[
                "too many connections",
                "too many clients already",
                "remaining connection slots",
                "connection is not available",
                "no more connections",
                "connection pool exhausted",
                "connection pool is full",
                "pool exhausted",
                "queuepool limit",
                "timeout acquiring",
                "timed out acquiring",
                "unable to acquire a connection",
                "timeout exceeded when trying to connect",
            ],
        ),
        (
            Complaint::Throttled,
            &[
                "toomanyrequests",
                "too many requests",
                "throttlingexception",
                "throttledexception",
                "requestlimitexceeded",
                "throughputexceeded",
                "rate exceeded",
            ],
        ),
    ];
    if level(line).is_some_and(|level| level < LogLevel::Warn) {
        return None;
    }
    let text = head(&line.text).to_lowercase();
    WORDS.iter().find(|(_, words)| words.iter().any(|word| text.contains(word))).map(|(complaint, _)| *complaint)
}

/// What lines like `text` have in common: every word with a digit stands as `<*>`.
pub fn pattern(text: &str) -> String {
    /// Enough to recognise the line by.
    const WORDS: usize = 24;
    let mask =
        |word: &str| if word.bytes().any(|byte| byte.is_ascii_digit()) { "<*>".to_owned() } else { word.to_owned() };
    head(text).split_whitespace().take(WORDS).map(mask).collect::<Vec<_>>().join(" ")
}

fn head(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or(text)
}

fn figure(word: &str) -> Option<f64> {
    word.parse().ok().filter(|number| is_figure(*number))
}

/// A duration or a size can be this. A day and a bit in milliseconds, and then some: more is no measurement.
fn is_figure(number: f64) -> bool {
    (0.0..1e9).contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ServiceId;
    use jiff::Timestamp;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, duration: Option<f64>, init: Option<f64>) {
        let found = report(text);
        assert_eq!(found.as_ref().map(|report| (report.duration_ms, report.init_ms)), Some((duration, init)), "{text}");
    }

    #[track_caller]
    fn check_none(text: &str) {
        assert_eq!(report(text), None);
    }

    #[test]
    fn reports_are_read_in_every_form() {
        check(
            "REPORT RequestId: 8476\tDuration: 102.25 ms\tBilled Duration: 103 ms\tMemory Size: 512 MB\tMax Memory Used: 70 MB\tInit Duration: 210.21 ms\t\nXRAY TraceId: 1-69",
            Some(102.25),
            Some(210.21),
        );
        check(
            "REPORT RequestId: 8476\tDuration: 10010.12 ms\tBilled Duration: 10000 ms\tStatus: timeout",
            Some(10010.12),
            None,
        );
        check(
            "REPORT RequestId: 8476\tDuration: 12.00 ms\tMax Memory Used: 90 MB\tRestore Duration: 412.02 ms\tBilled Restore Duration: 328 ms",
            Some(12.0),
            Some(412.02),
        );
        check(
            r#"{"time":"2026-11-20T14:01:12.541Z","type":"platform.report","record":{"requestId":"8476","metrics":{"durationMs":102.25,"initDurationMs":210.21}}}"#,
            Some(102.25),
            Some(210.21),
        );
        check(
            r#"{"event_type":"performance","function_name":"f","request_id":"8476","duration":10010,"cold_start":true,"init_duration":210}"#,
            Some(10010.0),
            Some(210.0),
        );
        let full = report(
            "REPORT RequestId: a-b\tDuration: 1.5 ms\tBilled Duration: 2 ms\tMemory Size: 512 MB\tMax Memory Used: 70 MB",
        );
        let full = full.unwrap();
        assert_eq!((full.billed_ms, full.memory_mb, full.used_mb), (Some(2.0), Some(512.0), Some(70.0)));
        assert_eq!(full.request.as_deref(), Some("a-b"));
    }

    #[test]
    fn what_is_no_report_is_none() {
        for text in [
            "",
            "INIT_REPORT Init Duration: 9999.04 ms\tPhase: init\tStatus: timeout",
            "RESTORE_REPORT Restore Duration: 412.02 ms",
            "START RequestId: 8476 Version: 118",
            r#"{"type":"platform.initStart","record":{"phase":"init"}}"#,
            r#"{"level":"ERROR","message":"REPORT RequestId: x"}"#,
            "{",
        ] {
            check_none(text);
        }
        check("REPORT RequestId: x\tDuration: nonsense ms", None, None);
        check(
            r#"{"type":"platform.report","record":{"metrics":{"initDurationMs":1e300,"durationMs":-4}}}"#,
            None,
            None,
        );
    }

    fn line(text: &str) -> LogLine {
        LogLine { at: Timestamp::UNIX_EPOCH, service: ServiceId::new("it"), level: None, text: text.to_owned() }
    }

    #[test]
    fn a_level_is_a_word_of_the_beginning() {
        for (text, expected) in [
            ("2026-11-20T14:01:12.031Z\t8476a536-e9f4\tERROR\tDynamoDB request exceeded 3000ms", Some(LogLevel::Error)),
            (r#"{"timestamp":"2026","level":"warn","message":"error ahead"}"#, Some(LogLevel::Warn)),
            ("[INFO] nothing", Some(LogLevel::Info)),
            ("FATAL: remaining connection slots", Some(LogLevel::Error)),
            ("Informal terror", None),
        ] {
            assert_eq!(level(&line(text)), expected, "{text}");
        }
    }

    #[test]
    fn complaints_are_recognised_by_the_words_of_libraries() {
        for (text, expected) in [
            ("ERROR TooManyRequestsException: Rate exceeded", Some(Complaint::Throttled)),
            ("psycopg2.OperationalError: FATAL: sorry, too many clients already", Some(Complaint::Connections)),
            (
                "HikariPool-1 - Connection is not available, request timed out after 30000ms",
                Some(Complaint::Connections),
            ),
            ("ThrottlingException: TableReadKeyRangeThroughputExceeded", Some(Complaint::Partition)),
            ("INFO too many connections: false", None),
            ("connection pool initialised", None),
        ] {
            assert_eq!(complaint(&line(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_pattern_leaves_the_numbers_out() {
        assert_eq!(pattern("request 17 of ab3c:  gave up"), "request <*> of <*> gave up");
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in ".{0,200}", number in any::<f64>(), end in "[\\PC\\t]{0,40}") {
            for text in [text.clone(), format!("REPORT RequestId: {text}\tDuration: {number} ms\tInit Duration: {end}"),
                format!(r#"{{"type":"platform.report","record":{{"metrics":{{"initDurationMs":{number}}}}}}}{end}"#)] {
                let found = report(&text);
                let figures = found.iter().flat_map(|it| [it.duration_ms, it.init_ms]).flatten().collect::<Vec<_>>();
                prop_assert!(figures.iter().all(|figure| figure.is_finite() && *figure >= 0.0));
                let (_, _, short) = (complaint(&line(&text)), level(&line(&text)), pattern(&text));
                prop_assert!(short.split_whitespace().count() <= 24);
            }
        }
    }
}

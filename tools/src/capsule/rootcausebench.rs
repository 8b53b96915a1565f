//! Imports `RootCauseBench` scenarios: telemetry of an incident plus the changes around it, and which commit was guilty.
//!
//! Expected below the source directory, one directory a scenario: `alert.json`, `metrics.csv`, `logs.ndjson`,
//! `traces.json`, `context/{commits,deploys,flags}.json` and `ground_truth.json`. How each becomes part of a capsule:
//!
//! - The alert is one alarm of its service. Its value and threshold become the alarm's reason, its summary the description.
//! - Metrics become series of even steps (see [`metrics`]); a step without a point is missing, not zero.
//! - A log line keeps its text; what else the source wrote beside it (`db.statement`, `result_count`) follows as
//!   `name=value`, but for ids of traces. `patterns.json` is left out: it counts lines without saying when they came, and
//!   what it counts is what the log shows.
//! - Services are those that report spans or metrics, or alarm. A voice that is heard only in the log (an orchestrator, a
//!   kernel) is nobody's callee. Edges run from the service of a span to the service of its child; a child that receives,
//!   consumes or processes a message is not waited for.
//! - A deploy is a change of its service at its time, with the commit it names. A commit that no deploy names is left
//!   out: until a deploy brings it, it changes nothing that runs, wherever its files lie. A shared library that ships with a
//!   service is named by that service's deploy.
//! - A flag is a configuration change, `flag NAME off->on`.
//! - Everything recorded counts as known: the window ends with the last point or line.

mod metrics;

use super::{Capsule, CapsuleError, ChangeTruth, Delivery, Truth, VERSION, save};
use crate::model::{
    Alarm, AlarmState, Change, ChangeKind, Commit, Edge, EdgeMode, LogLevel, LogLine, Metric, Service, ServiceId,
    Signal, Topology, Via, Window,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Why an import failed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file is missing, cannot be read, or is wrong somewhere.
    #[error("cannot read {}: {problem}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where in the file.
        problem: String,
    },
    /// Nothing of the expected layout lies there.
    #[error(
        "no RootCauseBench scenario in {}: it should hold directories with `alert.json`, `metrics.csv` and `ground_truth.json`",
        path.display()
    )]
    Nothing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A capsule cannot be written.
    #[error(transparent)]
    Capsule(#[from] CapsuleError),
}

/// What an import wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Capsules written.
    pub scenarios: usize,
}

/// Turns every scenario below `source` into a capsule in `target`.
pub fn import(source: &Path, target: &Path) -> Result<Imported, ImportError> {
    let entries = std::fs::read_dir(source).map_err(|err| unreadable(source, &err))?;
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(|err| unreadable(source, &err))?.path();
        if path.join("alert.json").is_file() {
            folders.push(path);
        }
    }
    if folders.is_empty() {
        return Err(ImportError::Nothing { path: source.to_owned() });
    }
    folders.sort();
    std::fs::create_dir_all(target).map_err(|err| unreadable(target, &err))?;
    for folder in &folders {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let capsule = scenario(folder, &format!("rootcausebench-{name}"))?;
        save(&capsule, &target.join(format!("{}.json.zst", capsule.name)))?;
    }
    Ok(Imported { scenarios: folders.len() })
}

fn unreadable(path: &Path, problem: &dyn std::fmt::Display) -> ImportError {
    ImportError::Read { path: path.to_owned(), problem: problem.to_string() }
}

/// A JSON file, with the place of whatever is wrong in it.
fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ImportError> {
    let bytes = std::fs::read(path).map_err(|err| unreadable(path, &err))?;
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    serde_path_to_error::deserialize(&mut json)
        .map_err(|err| unreadable(path, &format!("wrong at `{}`: {}", err.path(), err.inner())))
}

/// The same, but a file that is not there holds nothing.
fn read_if_there<T: DeserializeOwned + Default>(path: &Path) -> Result<T, ImportError> {
    if path.is_file() { read(path) } else { Ok(T::default()) }
}

#[derive(Deserialize)]
struct Alert {
    service: String,
    metric: String,
    fired_at: Timestamp,
    #[serde(default)]
    threshold: Option<serde_json::Number>,
    #[serde(default)]
    observed: Option<serde_json::Number>,
    #[serde(default)]
    monitor: Option<String>,
    #[serde(default)]
    summary: Option<String>,
}

#[derive(Deserialize)]
struct Span {
    #[serde(default)]
    trace_id: String,
    #[serde(default, rename = "span_id")]
    id: String,
    #[serde(default)]
    parent_id: Option<String>,
    service: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Committed {
    sha: String,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    files_changed: Vec<String>,
    #[serde(default)]
    diff: Option<String>,
}

#[derive(Deserialize)]
struct Deployed {
    timestamp: Timestamp,
    service: String,
    commit_sha: String,
    #[serde(default)]
    version: Option<String>,
}

#[derive(Deserialize)]
struct Flag {
    timestamp: Timestamp,
    #[serde(rename = "flag")]
    name: String,
    #[serde(default)]
    service: String,
    #[serde(default)]
    change: String,
    #[serde(default)]
    actor: Option<String>,
}

#[derive(Deserialize)]
struct GroundTruth {
    root_cause_commit: String,
    first_failing_service: String,
    #[serde(default)]
    blast_radius: Vec<String>,
    #[serde(default)]
    decoy_deploy_commits: Vec<String>,
}

fn scenario(folder: &Path, name: &str) -> Result<Capsule, ImportError> {
    let alert: Alert = read(&folder.join("alert.json"))?;
    let truth: GroundTruth = read(&folder.join("ground_truth.json"))?;
    let spans: Vec<Span> = read_if_there(&folder.join("traces.json"))?;
    let series = metrics::read(&folder.join("metrics.csv"))?;
    let logs = logs(&folder.join("logs.ndjson"))?;
    let mut signals = changes(&folder.join("context"))?;
    let alarm = alarm(&alert);
    let starts = series.iter().map(|series| series.start).chain(logs.iter().map(|line| line.at));
    let ends = series.iter().map(|series| series.begins(series.values.len())).chain(logs.last().map(|line| line.at));
    let window = Window {
        from: starts.min().unwrap_or(alarm.changed_at).min(alarm.changed_at),
        to: ends.max().unwrap_or(alarm.changed_at).max(alarm.changed_at),
    };
    let reporting = series.iter().map(|series| series.service.as_str());
    let topology = topology(&spans, reporting.chain([alert.service.as_str()]));
    signals.push(Delivery {
        received: alarm.changed_at,
        event_id: None,
        signal: Signal::Alarm { via: Via::EventBridge, alarm: Box::new(alarm) },
    });
    signals.sort_by_key(|delivery| delivery.received);
    Ok(Capsule {
        clarity_capsule: VERSION,
        name: name.to_owned(),
        about: "RootCauseBench, edgedelta/root-cause-bench, Apache-2.0".to_owned(),
        window,
        topology,
        series,
        logs,
        signals,
        settings: Vec::new(),
        truth: Some(Truth::Change(ChangeTruth {
            commit: (truth.root_cause_commit != "none").then_some(truth.root_cause_commit),
            first_failing: ServiceId::new(truth.first_failing_service),
            blast_radius: truth.blast_radius.into_iter().map(ServiceId::new).collect(),
            decoys: truth.decoy_deploy_commits,
        })),
    })
}

fn alarm(alert: &Alert) -> Alarm {
    let reason = match (&alert.observed, &alert.threshold) {
        (Some(observed), Some(threshold)) => format!("{} was {observed}, threshold {threshold}", alert.metric),
        (Some(observed), None) => format!("{} was {observed}", alert.metric),
        (None, _) => String::new(),
    };
    Alarm {
        metric: Some(Metric {
            namespace: "RootCauseBench".to_owned(),
            name: alert.metric.clone(),
            stat: None,
            dimensions: BTreeMap::from([("ServiceName".to_owned(), alert.service.clone())]),
        }),
        reason,
        description: alert.summary.clone(),
        ..Alarm::named(
            alert.monitor.clone().unwrap_or_else(|| format!("{}-{}", alert.service, alert.metric)),
            AlarmState::Alarm,
            alert.fired_at,
        )
    }
}

/// The services that spans or `reporting` name, and the calls between them.
fn topology<'a>(spans: &'a [Span], reporting: impl Iterator<Item = &'a str>) -> Topology {
    let names: BTreeSet<&str> = reporting.chain(spans.iter().map(|span| span.service.as_str())).collect();
    let by_id: BTreeMap<(&str, &str), &Span> =
        spans.iter().map(|span| ((span.trace_id.as_str(), span.id.as_str()), span)).collect();
    // Waited for if any span of the pair is.
    let mut calls: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    for span in spans {
        let parent = span.parent_id.as_deref().and_then(|parent| by_id.get(&(span.trace_id.as_str(), parent)));
        if let Some(parent) = parent.filter(|parent| parent.service != span.service) {
            *calls.entry((&parent.service, &span.service)).or_default() |= !takes_a_message(&span.name);
        }
    }
    let edge = |((caller, callee), waits): (&(&str, &str), &bool)| Edge {
        mode: if *waits { EdgeMode::Sync } else { EdgeMode::Async },
        ..Edge::between(caller, callee)
    };
    Topology { services: names.into_iter().map(Service::named).collect(), edges: calls.iter().map(edge).collect() }
}

/// Whether a span is the work on a message that somebody left, by `OpenTelemetry`'s names of such operations.
fn takes_a_message(span: &str) -> bool {
    let words = crate::words::of(span);
    words.iter().any(|word| ["receive", "consume", "consumer", "process", "poll", "settle"].contains(&word.as_str()))
}

/// The deploys and the flags.
fn changes(folder: &Path) -> Result<Vec<Delivery>, ImportError> {
    let commits: Vec<Committed> = read_if_there(&folder.join("commits.json"))?;
    let deploys: Vec<Deployed> = read_if_there(&folder.join("deploys.json"))?;
    let flags: Vec<Flag> = read_if_there(&folder.join("flags.json"))?;
    let by_id: BTreeMap<&str, &Committed> = commits.iter().map(|commit| (commit.sha.as_str(), commit)).collect();
    let deploy = |deploy: &Deployed| {
        let commit = by_id.get(deploy.commit_sha.as_str());
        let version = deploy.version.as_deref().unwrap_or("a new version");
        Change {
            at: deploy.timestamp,
            service: ServiceId::new(&deploy.service),
            kind: ChangeKind::Deploy,
            summary: commit.map_or_else(|| version.to_owned(), |commit| format!("{version}: {}", commit.message)),
            by: commit.and_then(|commit| commit.author.clone()),
            commit: Some(Commit {
                id: deploy.commit_sha.clone(),
                message: commit.map(|commit| commit.message.clone()).unwrap_or_default(),
                files: commit.map(|commit| commit.files_changed.clone()).unwrap_or_default(),
                diff: commit.and_then(|commit| commit.diff.clone()),
            }),
            link: None,
            error_code: None,
        }
    };
    let switch = |flag: &Flag| Change {
        at: flag.timestamp,
        service: ServiceId::new(&flag.service),
        kind: ChangeKind::Configuration,
        summary: format!("flag {} {}", flag.name, flag.change),
        by: flag.actor.clone(),
        commit: None,
        link: None,
        error_code: None,
    };
    let changes = deploys.iter().map(deploy).chain(flags.iter().map(switch));
    Ok(changes.map(|change| Delivery { received: change.at, event_id: None, signal: Signal::Change(change) }).collect())
}

/// Log lines, oldest first.
fn logs(path: &Path) -> Result<Vec<LogLine>, ImportError> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).map_err(|err| unreadable(path, &err))?;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |problem: &dyn std::fmt::Display| unreadable(path, &format!("line {}: {problem}", at + 1));
        let fields: BTreeMap<String, serde_json::Value> = serde_json::from_str(line).map_err(|err| wrong(&err))?;
        lines.push(log_line(&fields).map_err(|problem| wrong(&problem))?);
    }
    lines.sort();
    Ok(lines)
}

fn log_line(fields: &BTreeMap<String, serde_json::Value>) -> Result<LogLine, String> {
    const MESSAGE: [&str; 3] = ["msg", "message", "body"];
    const LEVEL: [&str; 3] = ["severity_text", "severity", "level"];
    const APART: [&str; 5] = ["timestamp", "service", "trace_id", "span_id", "parent_id"];
    let text = |names: &[&str]| names.iter().find_map(|name| fields.get(*name)?.as_str());
    let stamp = text(&["timestamp"]).ok_or("`timestamp` is missing")?;
    let at: Timestamp = stamp.parse().map_err(|err| format!("`timestamp`: {err}"))?;
    let mut said = text(&MESSAGE).ok_or("`msg` is missing")?.to_owned();
    let told = |name: &str| APART.contains(&name) || MESSAGE.contains(&name) || LEVEL.contains(&name);
    for (name, value) in fields.iter().filter(|(name, _)| !told(name)) {
        let value = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Bool(is) => is.to_string(),
            serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => continue,
        };
        said.push(' ');
        said.push_str(name);
        said.push('=');
        said.push_str(&value);
    }
    Ok(LogLine {
        at,
        service: ServiceId::new(text(&["service"]).ok_or("`service` is missing")?),
        level: text(&LEVEL).and_then(level),
        text: said,
    })
}

fn level(word: &str) -> Option<LogLevel> {
    match word.to_ascii_lowercase().as_str() {
        "trace" | "debug" => Some(LogLevel::Debug),
        "info" | "information" | "notice" => Some(LogLevel::Info),
        "warn" | "warning" => Some(LogLevel::Warn),
        "error" | "err" | "critical" | "crit" | "fatal" | "panic" | "alert" | "emergency" => Some(LogLevel::Error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Measure;

    /// A scenario of two services in a directory of this test alone.
    fn scenario_in(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("clarity-rcb-{}-{name}", std::process::id()));
        let scenario = folder.join("small");
        std::fs::create_dir_all(scenario.join("context")).unwrap();
        let write = |file: &str, text: &str| std::fs::write(scenario.join(file), text).unwrap();
        write(
            "alert.json",
            r#"{"service": "api", "metric": "http_5xx_ratio", "threshold": 0.02, "observed": 0.5,
                "fired_at": "2026-01-01T10:05:00Z", "severity": "high", "monitor": "api errors", "summary": "api fails"}"#,
        );
        write(
            "metrics.csv",
            "timestamp,service,metric,value\n2026-01-01T10:00:00Z,api,http_5xx_ratio,0.0\n2026-01-01T10:01:00Z,api,http_5xx_ratio,0.5\n2026-01-01T10:03:00Z,api,http_5xx_ratio,0.5\n",
        );
        write(
            "logs.ndjson",
            "{\"timestamp\": \"2026-01-01T10:02:00Z\", \"service\": \"api\", \"severity_text\": \"FATAL\", \"msg\": \"boom\", \"trace_id\": \"1\", \"row\": 7}\n",
        );
        write(
            "traces.json",
            r#"[{"trace_id": "t", "span_id": "a", "parent_id": null, "service": "web", "name": "GET /", "start": "2026-01-01T10:00:00Z", "duration_ms": 3},
                {"trace_id": "t", "span_id": "b", "parent_id": "a", "service": "api", "name": "load", "start": "2026-01-01T10:00:00Z", "duration_ms": 2},
                {"trace_id": "t", "span_id": "c", "parent_id": "b", "service": "mail", "name": "consume orders", "start": "2026-01-01T10:00:00Z", "duration_ms": 1}]"#,
        );
        write(
            "context/commits.json",
            r#"[{"sha": "c1", "author": "ada", "timestamp": "2026-01-01T09:00:00Z", "message": "less", "files_changed": ["a.go"], "diff": "-a"},
                {"sha": "c2", "timestamp": "2026-01-01T09:00:00Z", "message": "not deployed"}]"#,
        );
        write(
            "context/deploys.json",
            r#"[{"timestamp": "2026-01-01T10:00:30Z", "service": "api", "commit_sha": "c1", "version": "v2"}]"#,
        );
        write(
            "context/flags.json",
            r#"[{"timestamp": "2026-01-01T09:30:00Z", "flag": "fast", "service": "web", "change": "off->on", "actor": "bob"}]"#,
        );
        write(
            "ground_truth.json",
            r#"{"root_cause_commit": "c1", "first_failing_service": "api", "blast_radius": ["web"], "decoy_deploy_commits": ["c2"]}"#,
        );
        folder
    }

    #[test]
    fn a_scenario_becomes_a_capsule() {
        let folder = scenario_in("good");
        let target = folder.join("capsules");
        assert_eq!(import(&folder, &target).unwrap(), Imported { scenarios: 1 });
        let capsule = crate::capsule::load(&target.join("rootcausebench-small.json.zst")).unwrap();
        let names: Vec<&str> = capsule.topology.services.iter().map(|service| service.id.as_str()).collect();
        assert_eq!(names, ["api", "mail", "web"]);
        let edges: Vec<(&str, &str, EdgeMode)> =
            capsule.topology.edges.iter().map(|edge| (edge.caller.as_str(), edge.callee.as_str(), edge.mode)).collect();
        assert_eq!(edges, [("api", "mail", EdgeMode::Async), ("web", "api", EdgeMode::Sync)]);
        assert_eq!(capsule.series[0].measure, Measure::Availability);
        assert_eq!(capsule.series[0].values, [Some(100.0), Some(50.0), None, Some(50.0)]);
        assert_eq!((capsule.logs[0].text.as_str(), capsule.logs[0].level), ("boom row=7", Some(LogLevel::Error)));
        let changes = capsule.changes_until(capsule.window.to);
        let told: Vec<(&str, Option<&str>)> = changes
            .iter()
            .map(|change| (change.summary.as_str(), change.commit.as_ref().map(|commit| commit.id.as_str())))
            .collect();
        assert_eq!(told, [("flag fast off->on", None), ("v2: less", Some("c1"))]);
        let Some(Truth::Change(truth)) = &capsule.truth else { panic!("{:?}", capsule.truth) };
        assert_eq!((truth.commit.as_deref(), truth.decoys.len()), (Some("c1"), 1));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[track_caller]
    fn check_refused(name: &str, file: &str, text: &str, expected: &str) {
        let folder = scenario_in(name);
        std::fs::write(folder.join("small").join(file), text).unwrap();
        let problem = import(&folder, &folder.join("capsules")).unwrap_err().to_string();
        assert!(problem.contains(file) && problem.contains(expected), "{problem}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn an_error_names_file_and_place() {
        check_refused("alert", "alert.json", r#"{"service": 7}"#, "wrong at `service`");
        check_refused(
            "metrics",
            "metrics.csv",
            "timestamp,service,metric,value\nnow,a,b,1\n",
            "line 2: `now` is no time",
        );
        check_refused("columns", "metrics.csv", "time,value\n", "no column `timestamp`");
        check_refused("logs", "logs.ndjson", "\n{\"msg\": 1}\n", "line 2: `timestamp` is missing");
        check_refused("commits", "context/commits.json", r#"[{"sha": "a"}, {}]"#, "wrong at `[1]");
        let nowhere =
            import(&std::env::temp_dir().join("clarity-rcb-nowhere"), Path::new("x")).unwrap_err().to_string();
        assert!(nowhere.starts_with("cannot read "), "{nowhere}");
    }
}

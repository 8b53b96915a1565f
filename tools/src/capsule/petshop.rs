//! Imports the public PetShop data set: telemetry of the AWS PetAdoptions application with injected faults.
//!
//! Expected below the source directory, for each traffic pattern: `graph.csv` (square adjacency, row = caller),
//! `{train,test}/issue_N/{metrics.csv,target.json}`, and in some `noissue/metrics.csv`. A metrics file has four header
//! lines (service, metric, statistic, a label) and one row a five-minute bucket.

use super::{Capsule, CapsuleError, Delivery, Truth, VERSION, save};
use crate::model::{
    Alarm, AlarmState, Edge, EdgeMode, Measure, Metric, Series, Service, ServiceId, Signal, Topology, Via, Window,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Length of a bucket.
const STEP_S: u32 = 300;

/// Rows a case has, and so rows a quiet window has.
const CASE_ROWS: usize = 5;

/// History a capsule carries, in rows: one day. More makes files large and the baseline no better.
const HISTORY_ROWS: usize = 288;

/// Rows without a value between the fault-free history and a case: the two were not recorded one after the other, and
/// what was just before the case is not known.
const GAP_ROWS: usize = 2;

/// The least history a quiet window may have: ten hours, so that it is judged like a case is.
const MIN_HISTORY_ROWS: usize = 120;

/// Quiet windows cut from each file without a fault.
pub const QUIET_WINDOWS: usize = 200;

/// Why an import failed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file is missing or cannot be read.
    #[error("cannot read {}: {problem}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Nothing of the expected layout lies there.
    #[error(
        "no PetShop data in {}: it should hold directories such as `low_traffic` with `graph.csv` and `train/issue_0/metrics.csv`",
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
    /// Capsules with a fault.
    pub cases: usize,
    /// Capsules without one.
    pub quiet_windows: usize,
}

/// Turns every case and `QUIET_WINDOWS` windows of every fault-free file below `source` into capsules in `target`.
pub fn import(source: &Path, target: &Path) -> Result<Imported, ImportError> {
    let mut imported = Imported::default();
    for traffic in sorted_entries(source)? {
        let graph_file = traffic.join("graph.csv");
        if !graph_file.is_file() {
            continue;
        }
        let name = file_name(&traffic);
        let graph = read_graph(&graph_file)?;
        let quiet_file = traffic.join("noissue/metrics.csv");
        let quiet = if quiet_file.is_file() { Some(Table::read(&quiet_file)?) } else { None };
        std::fs::create_dir_all(target).map_err(|err| unreadable(target, &err))?;
        for split in ["train", "test"] {
            let split_dir = traffic.join(split);
            let issues = if split_dir.is_dir() { sorted_entries(&split_dir)? } else { Vec::new() };
            for issue in issues.iter().filter(|issue| issue.join("metrics.csv").is_file()) {
                let table = Table::read(&issue.join("metrics.csv"))?;
                let story = read_target(&issue.join("target.json"))?;
                let capsule_name = format!("petshop-{name}-{split}-{}", file_name(issue));
                let capsule = case(&capsule_name, &graph, quiet.as_ref(), &table, &story);
                save(&capsule, &target.join(format!("{capsule_name}.json.zst")))?;
                imported.cases += 1;
            }
        }
        if let Some(quiet) = &quiet {
            let entry = entry_service(&traffic)?;
            for (number, first_row) in quiet_starts(quiet.rows.len()).into_iter().enumerate() {
                let capsule_name = format!("petshop-{name}-quiet-{number:03}");
                let capsule = quiet_window(&capsule_name, &graph, quiet, first_row, &entry, number);
                save(&capsule, &target.join(format!("{capsule_name}.json.zst")))?;
                imported.quiet_windows += 1;
            }
        }
    }
    if imported == Imported::default() {
        return Err(ImportError::Nothing { path: source.to_owned() });
    }
    Ok(imported)
}

fn unreadable(path: &Path, problem: &dyn std::fmt::Display) -> ImportError {
    ImportError::Read { path: path.to_owned(), problem: problem.to_string() }
}

fn sorted_entries(directory: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let entries = std::fs::read_dir(directory).map_err(|err| unreadable(directory, &err))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|err| unreadable(directory, &err))?.path());
    }
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The alarm and the truth of a case.
#[derive(Deserialize)]
struct Story {
    target: Target,
    root_cause: RootCause,
}

#[derive(Deserialize)]
struct Target {
    node: String,
    metric: String,
    #[serde(default)]
    agg: Option<String>,
    timestamp: i64,
}

#[derive(Deserialize)]
struct RootCause {
    node: String,
}

fn read_target(path: &Path) -> Result<Story, ImportError> {
    let bytes = std::fs::read(path).map_err(|err| unreadable(path, &err))?;
    serde_json::from_slice(&bytes).map_err(|err| unreadable(path, &err))
}

/// The service the cases of this traffic pattern alarm at: quiet windows get their synthetic alarm there too.
fn entry_service(traffic: &Path) -> Result<String, ImportError> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for split in ["train", "test"] {
        let split_dir = traffic.join(split);
        let issues = if split_dir.is_dir() { sorted_entries(&split_dir)? } else { Vec::new() };
        for issue in issues.iter().filter(|issue| issue.join("target.json").is_file()) {
            *counts.entry(read_target(&issue.join("target.json"))?.target.node).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(node, _)| node).ok_or_else(|| unreadable(traffic, &"no case says which service is alarmed"))
}

/// `<name>_<X-Ray type>` or a bare name: the type is what follows the last underscore, if it looks like one.
fn service_of(node: &str) -> Service {
    let kind = node
        .rsplit_once('_')
        .map(|(_, suffix)| suffix)
        .filter(|suffix| suffix.contains("::") || matches!(*suffix, "remote" | "client"));
    let mut service = Service::named(node);
    service.kind = kind.map(str::to_owned);
    service
}

fn read_graph(path: &Path) -> Result<Topology, ImportError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(true)
        .flexible(true)
        .from_path(path)
        .map_err(|err| unreadable(path, &err))?;
    let columns = reader.headers().map_err(|err| unreadable(path, &err))?.clone();
    let mut topology = Topology { services: columns.iter().skip(1).map(service_of).collect(), edges: Vec::new() };
    for row in reader.records() {
        let row = row.map_err(|err| unreadable(path, &err))?;
        let caller = row.get(0).unwrap_or_default();
        for (callee, cell) in columns.iter().zip(row.iter()).skip(1) {
            if cell.parse::<f64>().is_ok_and(|weight| weight > 0.0) {
                let mut edge = Edge::between(caller, callee);
                if is_queue(caller) {
                    edge.mode = EdgeMode::Async;
                }
                topology.edges.push(edge);
            }
        }
    }
    Ok(topology)
}

/// X-Ray draws what a queue or topic hands on like a call. Whoever puts a message in waits for the queue, and nobody for
/// what becomes of it.
fn is_queue(node: &str) -> bool {
    node.ends_with("AWS::SQS::Queue") || node.ends_with("AWS::SNS::Topic")
}

/// A metrics file: columns by (service, metric, statistic), rows by bucket.
struct Table {
    columns: Vec<(String, String, String)>,
    rows: Vec<Row>,
}

struct Row {
    start: Timestamp,
    cells: Vec<Option<f64>>,
}

impl Table {
    fn read(path: &Path) -> Result<Self, ImportError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_path(path)
            .map_err(|err| unreadable(path, &err))?;
        let mut records = reader.records();
        let mut header = || -> Result<Vec<String>, ImportError> {
            let record = records.next().ok_or_else(|| unreadable(path, &"it has fewer than four header lines"))?;
            let record = record.map_err(|err| unreadable(path, &err))?;
            Ok(record.iter().skip(1).map(str::to_owned).collect())
        };
        let (services, metrics, statistics, _label) = (header()?, header()?, header()?, header()?);
        let columns = services.into_iter().zip(metrics).zip(statistics).map(|((a, b), c)| (a, b, c)).collect();
        let mut rows = Vec::new();
        for record in records {
            let record = record.map_err(|err| unreadable(path, &err))?;
            let stamp = record.get(0).unwrap_or_default();
            let seconds: f64 = stamp.parse().map_err(|_| unreadable(path, &format!("`{stamp}` is no time")))?;
            #[expect(clippy::cast_possible_truncation, reason = "epoch seconds of this century")]
            let start = Timestamp::from_second(seconds as i64).map_err(|err| unreadable(path, &err))?;
            rows.push(Row { start, cells: record.iter().skip(1).map(|cell| cell.parse().ok()).collect() });
        }
        if rows.is_empty() {
            return Err(unreadable(path, &"it has no row after the header lines"));
        }
        Ok(Self { columns, rows })
    }

    /// The values of one column by name over `rows`.
    fn column(&self, column: usize, rows: std::ops::Range<usize>) -> Vec<(Timestamp, Option<f64>)> {
        self.rows[rows].iter().map(|row| (row.start, row.cells.get(column).copied().flatten())).collect()
    }
}

/// The flow measures among the seven series of a service; percentiles are left out.
fn measure_of(metric: &str, statistic: &str) -> Option<Measure> {
    match (metric, statistic) {
        ("latency", "Average") => Some(Measure::Latency),
        ("requests", "Sum") => Some(Measure::Requests),
        ("availability", "Average") => Some(Measure::Availability),
        _ => None,
    }
}

/// Joins the rows of history and window into series. Both are laid on one grid that ends with the window. When history
/// lies elsewhere in time it is moved up to the window, but for a few rows without a value.
fn series_of(
    history: Option<(&Table, std::ops::Range<usize>)>,
    window: (&Table, std::ops::Range<usize>),
) -> Vec<Series> {
    let (window_table, window_rows) = window;
    let step = i64::from(STEP_S);
    let Some(first) = window_table.rows.get(window_rows.start) else { return Vec::new() };
    let joins = |(table, rows): &(&Table, std::ops::Range<usize>)| {
        let next =
            table.rows[..rows.end].last().and_then(|last| last.start.checked_add(SignedDuration::from_secs(step)).ok());
        if next == Some(first.start) { rows.len() } else { rows.len() + GAP_ROWS }
    };
    let history_length = history.as_ref().map_or(0, joins);
    let offset = SignedDuration::from_secs(step * i64::try_from(history_length).unwrap_or(0));
    let start = first.start.saturating_sub(offset).unwrap_or(first.start);
    let mut joined: BTreeMap<(ServiceId, Measure), Vec<Option<f64>>> = BTreeMap::new();
    let total = history_length + window_rows.len();
    let mut lay = |table: &Table, rows: std::ops::Range<usize>, at: usize| {
        for (column, (service, metric, statistic)) in table.columns.iter().enumerate() {
            let Some(measure) = measure_of(metric, statistic) else { continue };
            let values = joined.entry((ServiceId::new(service), measure)).or_insert_with(|| vec![None; total]);
            for (offset, (_, value)) in table.column(column, rows.clone()).into_iter().enumerate() {
                values[at + offset] = value;
            }
        }
    };
    if let Some((table, rows)) = history {
        lay(table, rows, 0);
    }
    lay(window_table, window_rows, history_length);
    let series = joined.into_iter().filter(|(_, values)| values.iter().any(Option::is_some));
    series.map(|((service, measure), values)| Series { service, measure, start, step_s: STEP_S, values }).collect()
}

fn case(name: &str, graph: &Topology, quiet: Option<&Table>, table: &Table, story: &Story) -> Capsule {
    let all_rows = 0..table.rows.len();
    let history = quiet.map(|quiet| {
        // The part of the fault-free file that ends nearest before the case; where the case is older than the file, its
        // last day, when the application had been running longest.
        let case_start = table.rows.first().map_or(Timestamp::MIN, |row| row.start);
        let before = quiet.rows.partition_point(|row| row.start < case_start);
        let end = if before >= MIN_HISTORY_ROWS { before } else { quiet.rows.len() };
        (quiet, end.saturating_sub(HISTORY_ROWS)..end)
    });
    let alarm_at = Timestamp::from_second(story.target.timestamp).unwrap_or(Timestamp::UNIX_EPOCH);
    let truth = Truth::Cause(vec![ServiceId::new(&story.root_cause.node)]);
    let series = series_of(history, (table, all_rows.clone()));
    capsule(name, graph, series, span(table, all_rows), alarm(&story.target, alarm_at), truth)
}

fn span(table: &Table, rows: std::ops::Range<usize>) -> Window {
    let from = table.rows[rows.start].start;
    let last = table.rows[rows.end - 1].start;
    Window { from, to: last.saturating_add(SignedDuration::from_secs(i64::from(STEP_S))).unwrap_or(last) }
}

fn quiet_window(name: &str, graph: &Topology, quiet: &Table, first_row: usize, entry: &str, number: usize) -> Capsule {
    let rows = first_row..first_row + CASE_ROWS;
    let history = first_row.saturating_sub(HISTORY_ROWS)..first_row;
    let series = series_of(Some((quiet, history)), (quiet, rows.clone()));
    // A case is alarmed in its second bucket; so is a quiet window, for latency and availability in turn.
    let alarm_at = quiet.rows[first_row + 1].start;
    let target = Target {
        node: entry.to_owned(),
        metric: if number.is_multiple_of(2) { "latency" } else { "availability" }.to_owned(),
        agg: Some("Average".to_owned()),
        timestamp: alarm_at.as_second(),
    };
    capsule(name, graph, series, span(quiet, rows), alarm(&target, alarm_at), Truth::None)
}

fn capsule(name: &str, graph: &Topology, series: Vec<Series>, window: Window, alarm: Alarm, truth: Truth) -> Capsule {
    let mut topology = graph.clone();
    // A service that reports but is in no edge is part of the world all the same.
    for each in &series {
        if topology.service(&each.service).is_none() {
            topology.services.push(service_of(each.service.as_str()));
        }
    }
    Capsule {
        clarity_capsule: VERSION,
        name: name.to_owned(),
        about: "PetShop data set, amazon-science/petshop-root-cause-analysis, CC-BY-4.0".to_owned(),
        window,
        topology,
        series,
        logs: Vec::new(),
        signals: vec![Delivery {
            received: alarm.changed_at,
            event_id: None,
            signal: Signal::Alarm { via: Via::EventBridge, alarm: Box::new(alarm) },
        }],
        settings: Vec::new(),
        truth: Some(truth),
    }
}

fn alarm(target: &Target, at: Timestamp) -> Alarm {
    Alarm {
        metric: Some(Metric {
            namespace: "PetShop".to_owned(),
            name: target.metric.clone(),
            stat: target.agg.clone(),
            dimensions: BTreeMap::from([("ServiceName".to_owned(), target.node.clone())]),
        }),
        ..Alarm::named(format!("{}-{}", target.node, target.metric), AlarmState::Alarm, at)
    }
}

/// Where the quiet windows begin: evenly many over the file, in an order that depends on nothing but the file's length.
fn quiet_starts(rows: usize) -> Vec<usize> {
    let Some(places) = rows.checked_sub(MIN_HISTORY_ROWS + CASE_ROWS - 1).filter(|places| *places > 0) else {
        return Vec::new();
    };
    let mut random = SplitMix(SEED);
    (0..QUIET_WINDOWS).map(|_| MIN_HISTORY_ROWS + random.below(places)).collect()
}

/// The seed of the quiet windows; a constant, so that two imports are the same.
const SEED: u64 = 0x00C1_A417;

/// `SplitMix64` (Steele, Lea, Flood 2014): a few lines of well-known mixing, the same on every machine.
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % bound as u64).expect("below a usize")
    }
}

//! What holds for all remedies, and what is particular to each, as tables.

mod laws;
mod limits;
mod worth;

use super::*;
use std::collections::BTreeSet;

fn reading(settings: &[(&str, &str)]) -> Reading {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reading { settings, revision: Some("r1".to_owned()) }
}

fn now() -> Timestamp {
    "2026-11-20T03:15:00Z".parse().unwrap()
}

/// A remedy of a catalogue entry from its JSON, and what is read where it can be applied.
#[track_caller]
fn remedy(json: &str) -> Remedy {
    serde_json::from_str(json).unwrap()
}

/// Every row of the catalogue once, where it can be applied.
fn examples() -> Vec<(Remedy, Reading)> {
    let rows: [(&str, &[(&str, &str)]); 14] = [
        (r#"{"log-level": {"function": "auth", "level": "DEBUG", "minutes": 30}}"#, &[("LogFormat", "JSON")]),
        (r#"{"trace-sampling": {"rule": "Default", "percent": 20, "minutes": 30}}"#, &[("FixedRate", "0.05")]),
        (r#"{"mute-alarms": {"alarms": ["orders 5xx", "checkout 5xx"], "minutes": 60}}"#, &[]),
        (r#"{"capsule-capture": {"minutes": 90}}"#, &[("Captures", "2")]),
        (
            r#"{"provisioned-concurrency": {"function": "token", "alias": "live", "instances": 40}}"#,
            &[("FunctionVersion", "118"), ("memory_size", "512"), ("unreserved_concurrent_executions", "900")],
        ),
        (
            r#"{"reserved-concurrency": {"function": "token", "executions": 20}}"#,
            &[("unreserved_concurrent_executions", "900")],
        ),
        (
            r#"{"event-source": {"mapping": "14e0db71-5d35-4eb5-b481-8945cf9d10c2", "enabled": false}}"#,
            &[("State", "Enabled")],
        ),
        (r#"{"rule": {"bus": "default", "rule": "nightly", "enabled": false}}"#, &[("State", "ENABLED")]),
        (
            r#"{"alias-rollback": {"function": "token", "alias": "live", "version": "117"}}"#,
            &[("FunctionVersion", "118"), ("published_at:117", "2026-11-18T10:00:00Z")],
        ),
        (
            r#"{"archive-replay": {"archive": "orders", "bus": "shop", "from": "2026-11-20T02:00:00Z", "to": "2026-11-20T03:00:00Z"}}"#,
            &[("State", "ENABLED"), ("EventSourceArn", "arn:aws:events:us-east-1:123456789012:event-bus/shop")],
        ),
        (
            r#"{"table-capacity": {"table": "sessions", "read": 200, "write": null}}"#,
            &[
                ("BillingMode", "PROVISIONED"),
                ("ReadCapacityUnits", "100"),
                ("WriteCapacityUnits", "50"),
                ("table_status", "ACTIVE"),
            ],
        ),
        (
            r#"{"ecs-rollback": {"cluster": "shop", "service": "orders", "task_definition": "orders:41"}}"#,
            &[
                ("TaskDefinition", "orders:42"),
                ("DesiredCount", "4"),
                ("launch_type", "FARGATE"),
                ("task_definition_status:orders:41", "ACTIVE"),
                ("task_cpu:orders:41", "1024"),
                ("task_memory:orders:41", "2048"),
                ("task_cpu:orders:42", "2048"),
                ("task_memory:orders:42", "4096"),
            ],
        ),
        (
            r#"{"ecs-count": {"cluster": "shop", "service": "orders", "count": 6}}"#,
            &[
                ("TaskDefinition", "orders:42"),
                ("DesiredCount", "4"),
                ("launch_type", "FARGATE"),
                ("task_cpu:orders:42", "2048"),
                ("task_memory:orders:42", "4096"),
            ],
        ),
        (
            r#"{"runbook": {"name": "drain", "input": {"pool": "blue", "share": "30"}}}"#,
            &[
                ("Automation", "Drain-Pool"),
                ("Risk", "medium"),
                ("Runs", "3"),
                (
                    "InputSchema",
                    r#"{"type": "object", "required": ["pool"], "properties": {"pool": {"type": "string", "enum": ["blue", "green"]}, "share": {"type": "integer", "minimum": 1, "maximum": 100}}}"#,
                ),
            ],
        ),
    ];
    rows.iter().map(|(json, settings)| (remedy(json), reading(settings))).collect()
}

/// The example of the remedy with this name.
#[track_caller]
fn example(name: &str) -> (Remedy, Reading) {
    examples().into_iter().find(|(remedy, _)| remedy.spec().name == name).unwrap()
}

/// The example with other parameters: `"executions": 0` replaces that one.
#[track_caller]
fn altered(name: &str, parameters: &str) -> Remedy {
    let (remedy, _) = example(name);
    let mut json = serde_json::to_value(&remedy).unwrap();
    let other: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&format!("{{{parameters}}}")).unwrap();
    json[name].as_object_mut().unwrap().extend(other);
    serde_json::from_value(json).unwrap()
}

/// What was read for the example, with settings changed: `Runs=4`, or removed: `-Runs`.
#[track_caller]
fn elsewhere(name: &str, changes: &[&str]) -> Reading {
    let (_, mut saw) = example(name);
    for change in changes {
        match (change.strip_prefix('-'), change.split_once('=')) {
            (Some("revision"), _) => saw.revision = None,
            (Some(gone), _) => assert!(saw.settings.remove(gone).is_some(), "there is no `{gone}`"),
            (None, Some((setting, value))) => drop(saw.settings.insert(setting.to_owned(), value.to_owned())),
            (None, None) => panic!("`{change}` is no change"),
        }
    }
    saw
}

#[test]
fn the_examples_are_the_catalogue() {
    let names: Vec<&str> = examples().iter().map(|(remedy, _)| remedy.spec().name).collect();
    assert_eq!(names, CATALOGUE.map(|spec| spec.name));
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

#[test]
fn the_name_of_a_remedy_is_its_name_in_json() {
    for (remedy, _) in examples() {
        let json = serde_json::to_value(&remedy).unwrap();
        assert!(json.get(remedy.spec().name).is_some(), "{json}");
        assert_eq!(serde_json::from_value::<Remedy>(json).unwrap(), remedy);
    }
}

#[test]
fn the_readme_is_the_catalogue() {
    let mut table = String::from(
        "# The catalogue of remedies\n\nWhat Clarity can do, and nothing else. A test compares this table with the code.\n\n\
         | remedy | risk | what it does | what else happens | reads | writes | taken back | success |\n|---|---|---|---|---|---|---|---|\n",
    );
    for spec in CATALOGUE {
        let calls = |calls: &[&str]| {
            let calls: Vec<String> = calls.iter().map(|call| format!("`{call}`")).collect();
            if calls.is_empty() { "–".to_owned() } else { calls.join(", ") }
        };
        let (reads, writes) = (calls(spec.reads), calls(spec.writes));
        let RemedySpec { name, risk, about, side_effects, inverse, success, .. } = spec;
        table +=
            &format!("| `{name}` | {risk} | {about} | {side_effects} | {reads} | {writes} | {inverse} | {success} |\n");
    }
    let readme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/recovery/remedy/README.md");
    let found = std::fs::read_to_string(readme).unwrap_or_default();
    assert!(found == table, "the README of the remedies has to be:\n{table}");
}

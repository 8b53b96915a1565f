//! The binary, as a person calls it: what it prints, and how it refuses.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn clarity(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_clarity")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A file of this test alone.
fn file(name: &str, content: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).unwrap();
    path
}

/// One sentence on stderr, nothing on stdout, and a non-zero exit.
#[track_caller]
fn refuses(arguments: &[&str], sentence: &str) {
    let output = clarity(arguments);
    let said = text(&output.stderr);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    assert_eq!(text(&output.stdout), "", "{arguments:?} printed something");
    assert_eq!(said.trim_end().lines().count(), 1, "one sentence:\n{said}");
    assert!(said.contains(sentence), "{said}");
}

#[test]
fn the_drill_ends_with_its_figures() {
    let output = clarity(&["drill", "auth-cascade", "--headless", "--speed", "max"]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", text(&output.stderr));
    for line in [
        "alarms in: 20 deliveries of 13 alarms",
        "incidents: 2 (INC-1 with 12 alarms, INC-2 with one alarm)",
        "channel messages: 2 (one card, one line apart)",
        "alarms lost: 0",
        "MTTC: ",
    ] {
        assert!(said.contains(line), "`{line}` is not in:\n{said}");
    }
    assert!(said.contains("`user-pool` (confidence"), "the cause is named:\n{said}");
}

#[test]
fn a_capsule_is_explained() {
    let path = file("cascade.json", tools::capsule::AUTH_CASCADE);
    let path = path.to_str().unwrap();
    let output = clarity(&["context", "--capsule", path]);
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("What caused it\n`user-pool`"), "{}", text(&output.stdout));
    let twice =
        [clarity(&["context", "--capsule", path, "--json"]), clarity(&["context", "--capsule", path, "--json"])];
    assert_eq!(twice[0].stdout, twice[1].stdout, "the same capsule gives the same bytes");
    let verdict: serde_json::Value = serde_json::from_slice(&twice[0].stdout).unwrap();
    assert_eq!(verdict["answer"], "cause_found");
    let packed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cascade.json.zst");
    let capsule = tools::capsule::parse(tools::capsule::AUTH_CASCADE.as_bytes()).unwrap();
    tools::capsule::save(&capsule, &packed).unwrap();
    let unpacked = clarity(&["context", "--capsule", packed.to_str().unwrap(), "--json"]);
    assert_eq!(unpacked.stdout, twice[0].stdout, "packed or not, it is the same capsule");
}

#[test]
fn bad_input_is_refused_in_one_sentence() {
    let newer = file("newer.json", r#"{"clarity_capsule": 2, "whatever": true}"#);
    refuses(&["context", "--capsule", newer.to_str().unwrap()], "format version 2");
    let misspelt = r#"{"clarity_capsule": 1, "name": "x", "window": {"from": "2026-11-20T03:12:00Z", "to": "2026-11-20T03:24:00Z"},
        "topology": {"services": [{"id": "a", "knd": "b"}]}}"#;
    let misspelt = file("misspelt.json", misspelt);
    refuses(&["context", "--capsule", misspelt.to_str().unwrap()], "`topology.services[0].knd`");
    let broken = file("broken.json", "{");
    refuses(&["context", "--capsule", broken.to_str().unwrap()], "this is no capsule");
    let packed = file("broken.json.zst", "");
    fs::write(&packed, [0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]).unwrap();
    refuses(&["context", "--capsule", packed.to_str().unwrap()], "zstd");
    refuses(&["context", "--capsule", "/no/such/file"], "/no/such/file");
    refuses(&["drill", "no-such-drill"], "no drill `no-such-drill`");
    refuses(&["eval", "/no/such/folder"], "/no/such/folder");
    let empty = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty");
    fs::create_dir_all(&empty).unwrap();
    refuses(&["import", "petshop", empty.to_str().unwrap(), "/tmp"], "no PetShop data");
    let no_alarm = r#"{"clarity_capsule": 1, "name": "calm", "window": {"from": "2026-11-20T03:12:00Z", "to": "2026-11-20T03:24:00Z"}}"#;
    let no_alarm = file("calm.json", no_alarm);
    refuses(&["context", "--capsule", no_alarm.to_str().unwrap()], "no alarm");
    refuses(&["drill", no_alarm.to_str().unwrap(), "--headless"], "nothing to play");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refuses(&["drill", "--port", &port], &format!("port {port}"));
}

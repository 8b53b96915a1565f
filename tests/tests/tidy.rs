//! The house itself: what the README's Architecture section promises about the code.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file of the project with its text; paths are relative to the root.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for member in ["tools", "blocks", "bot", "tests"] {
        walk(&root().join(member), &mut found);
    }
    found.sort();
    let relative = |path: &Path| path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    found.iter().map(|path| (relative(path), fs::read_to_string(path).unwrap())).collect()
}

/// The part of a file that is the product: what stands before its test modules.
fn product(text: &str) -> &str {
    let modules = text.match_indices("#[cfg(test)]\nmod ").map(|(at, _)| at);
    let bodies = modules.filter(|at| text[*at..].lines().nth(1).is_some_and(|line| line.ends_with('{')));
    bodies.min().map_or(text, |at| &text[..at])
}

#[test]
fn no_file_grows_two_purposes() {
    for (path, text) in sources() {
        let lines = product(&text).lines().count();
        assert!(lines <= 600, "{path} has {lines} lines before its tests; split it");
    }
}

#[test]
fn the_product_does_not_know_that_it_is_tested() {
    for (path, text) in sources() {
        let lines: Vec<&str> = product(&text).lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[0].trim_start().starts_with("#[cfg(test)")) {
            assert!(
                pair[1].starts_with("mod "),
                "{path} has cfg(test) on something else than a test module: {}",
                pair[1]
            );
        }
        assert!(!product(&text).contains(concat!("cfg!", "(test)")), "{path} asks at run time whether it is tested");
        let ignored = text.contains(concat!("#[", "ignore"));
        assert!(!ignored, "{path} ignores a test");
    }
}

#[test]
fn arrows_run_one_way() {
    for (path, text) in sources() {
        let text = product(&text);
        let never = |words: &[&str]| {
            for word in words {
                assert!(!text.contains(word), "{path} names `{word}`");
            }
        };
        if path.starts_with("tools/src") {
            never(&["blocks::", "bot::", "slack", "Slack"]);
        }
        if path.starts_with("blocks/src") {
            never(&["bot::", "tokio::", "std::fs", "std::net", "SystemTime"]);
        }
        if path.starts_with("bot/src/workspace") {
            let imports = text.lines().filter(|line| line.contains("crate::") && !line.trim_start().starts_with("//"));
            for line in imports {
                assert!(line.contains("crate::slack::verify"), "{path} imports the product: {line}");
            }
        } else if !path.starts_with("bot/src/drill") && !path.ends_with("lib.rs") && path.starts_with("bot/src") {
            never(&["crate::workspace"]);
        }
        if path.starts_with("bot/src/handlers")
            || path.ends_with("engine.rs")
            || path.ends_with("decision.rs")
            || path.ends_with("grouping.rs")
        {
            never(&["async ", ".await", "tokio::", "Timestamp::now", "crate::embedded", "crate::http"]);
        }
    }
}

#[test]
fn the_readme_names_every_command_and_its_links_lead_somewhere() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for row in bot::command::COMMANDS {
        assert!(readme.contains(&format!("/incident {}", row.word)), "the README does not mention `{}`", row.word);
    }
    for target in readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let is_elsewhere = target.starts_with("http") || target.starts_with('#');
        assert!(is_elsewhere || root().join(target).exists(), "the README links to `{target}`, which is not there");
    }
}

#[test]
fn the_capsule_is_what_its_generator_makes() {
    let capsule = tools::capsule::parse(tools::capsule::AUTH_CASCADE.as_bytes()).unwrap();
    assert_eq!(tools::capsule::to_json(&capsule), tools::capsule::AUTH_CASCADE, "run the example `auth_cascade` again");
}

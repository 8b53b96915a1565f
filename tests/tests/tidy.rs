//! The house itself: what the README's Architecture section promises about the code.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::slack::manifest::{EVENTS, HOME_TAB, SCOPES, SHORTCUTS, UNSCOPED};
use std::collections::BTreeSet;
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

/// What speaks MCP stands behind one folder, and the README names every tool that it serves.
#[test]
fn one_folder_names_the_library_of_mcp() {
    for (path, text) in sources() {
        let is_there = path.starts_with("tools/src/mcp") || path.starts_with("tests/");
        assert!(is_there || !product(&text).contains("rmcp::"), "{path} names rmcp");
    }
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for entry in [tools::context::TOOLS, tools::dependency::TOOLS, tools::recovery::TOOLS].into_iter().flatten() {
        assert!(readme.contains(&format!("`{}`", entry.spec.name)), "the README does not mention {}", entry.spec.name);
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
        let file = target.split('#').next().unwrap();
        assert!(is_elsewhere || root().join(file).exists(), "the README links to `{target}`, which is not there");
    }
}

#[test]
fn the_capsule_is_what_its_generator_makes() {
    let capsule = tools::capsule::parse(tools::capsule::AUTH_CASCADE.as_bytes()).unwrap();
    assert_eq!(tools::capsule::to_json(&capsule), tools::capsule::AUTH_CASCADE, "run the example `auth_cascade` again");
}

/// Every literal text of a file that is a name of this shape, where names have dots or underscores in them.
fn names(text: &str, is_name: impl Fn(&str) -> bool) -> BTreeSet<&str> {
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte));
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| line.split('"').skip(1).step_by(2)).filter(|name| is_plain(name) && is_name(name)).collect()
}

/// The families of methods that Slack's Web API has.
const FAMILIES: [&str; 21] = [
    "api",
    "apps",
    "assistant",
    "auth",
    "bookmarks",
    "bots",
    "canvases",
    "chat",
    "conversations",
    "dnd",
    "entity",
    "files",
    "migration",
    "oauth",
    "pins",
    "reactions",
    "reminders",
    "team",
    "usergroups",
    "users",
    "views",
];

#[test]
fn the_manifest_allows_what_is_called_and_nothing_else() {
    let is_method = |name: &str| name.split_once('.').is_some_and(|(family, _)| FAMILIES.contains(&family));
    let sources = sources();
    let is_ours = |path: &str| path.starts_with("bot/src") && !path.starts_with("bot/src/workspace");
    let product: Vec<(&str, &str)> = sources
        .iter()
        .filter(|(path, _)| is_ours(path) && path != "bot/src/slack/manifest.rs")
        .map(|(path, text)| (path.as_str(), product(text)))
        .collect();
    let mut called = BTreeSet::new();
    for (path, text) in &product {
        let here = names(text, is_method);
        assert!(
            here.is_empty() || path.starts_with("bot/src/slack/"),
            "{path} calls {here:?}; that belongs into slack/"
        );
        called.extend(here);
    }
    let allowed: BTreeSet<&str> = SCOPES.iter().flat_map(|scope| scope.methods).chain(UNSCOPED).copied().collect();
    assert_eq!(called, allowed, "what is called (left) is not what the table of scopes allows (right)");
    for scope in SCOPES {
        let is_told = EVENTS.iter().any(|event| event.scope == Some(scope.name));
        let is_used = !scope.methods.is_empty() || is_told || scope.besides.is_some();
        assert!(is_used, "nothing needs the scope {}", scope.name);
    }
    for (scope, argument) in SCOPES.iter().filter_map(|scope| Some((scope.name, scope.besides?))) {
        let is_passed = argument == "slash_commands" || product.iter().any(|(_, text)| text.contains(argument));
        assert!(is_passed, "nothing passes `{argument}`, so nothing needs the scope {scope}");
    }
    let listed: Vec<&str> = SCOPES.iter().map(|scope| scope.name).collect();
    assert!(listed.is_sorted() && listed.iter().collect::<BTreeSet<_>>().len() == listed.len(), "{listed:?}");
}

/// The types of events, and of what comes by the address for interactivity, that an app may be told.
const KINDS: [&str; 27] = [
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "assistant_thread_context_changed",
    "assistant_thread_started",
    "channel_archive",
    "channel_created",
    "channel_deleted",
    "channel_left",
    "channel_rename",
    "channel_unarchive",
    "file_shared",
    "group_left",
    "link_shared",
    "member_joined_channel",
    "member_left_channel",
    "message",
    "message_metadata_posted",
    "pin_added",
    "pin_removed",
    "reaction_added",
    "reaction_removed",
    "subteam_updated",
    "team_join",
    "tokens_revoked",
    "user_change",
    "workflow_step_execute",
];

#[test]
fn the_manifest_subscribes_to_what_is_read_and_nothing_else() {
    // The door reads an event's type as text; a variant of an enum would be named after it.
    let camel = |kind: &str| -> String {
        let words = kind.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
        words.collect()
    };
    let sources = sources();
    let is_door = |path: &str| path.starts_with("bot/src/http") || path == "bot/src/slack/wire.rs";
    let door: Vec<&str> = sources.iter().filter(|(path, _)| is_door(path)).map(|(_, text)| product(text)).collect();
    let reads = |kind: &str| {
        let variant = format!("    {}", camel(kind));
        let is_variant = |line: &str| line.strip_prefix(&variant).is_some_and(|rest| rest.starts_with(['(', ' ', ',']));
        door.iter().any(|text| !names(text, |name| name == kind).is_empty() || text.lines().any(is_variant))
    };
    let read: BTreeSet<&str> = KINDS.into_iter().filter(|kind| reads(kind)).collect();
    let subscribed: BTreeSet<&str> = EVENTS.iter().map(|event| event.kind).collect();
    assert_eq!(read, subscribed, "what the front door reads (left) is not what the app is told (right)");
    for event in EVENTS {
        assert_eq!(event.name.split('.').next(), Some(event.kind));
        let has_scope = event.scope.is_none_or(|needed| SCOPES.iter().any(|scope| scope.name == needed));
        assert!(has_scope, "the scope for {} is not in the table", event.name);
    }
    let anywhere =
        |name: &str| sources.iter().any(|(path, text)| path.starts_with("bot/src/slack") && text.contains(name));
    assert_eq!(
        HOME_TAB,
        anywhere(concat!("\"views.", "publish\"")),
        "a Home tab is shown if and only if it is published"
    );
    for shortcut in SHORTCUTS {
        let quoted = format!("\"{}\"", shortcut.callback_id);
        let is_offered =
            sources.iter().any(|(path, text)| path.starts_with("bot/src/workspace") && product(text).contains(&quoted));
        assert!(is_offered, "the local workspace does not offer the shortcut {}", shortcut.callback_id);
    }
}

#[test]
fn the_deployment_guide_names_no_scope_by_hand() {
    for path in ["README.md", "infra/README.md"] {
        let text = fs::read_to_string(root().join(path)).unwrap();
        assert!(text.contains("clarity manifest"), "{path} does not say where the manifest comes from");
        for scope in SCOPES.iter().filter(|scope| scope.name.contains(':')) {
            assert!(!text.contains(scope.name), "{path} lists {}; the manifest does", scope.name);
        }
    }
}

/// What the program says of a configuration in which `key` is a table with a key that nobody knows.
fn told_of(key: &str) -> String {
    let text = match key.rsplit_once("[]") {
        None if key.is_empty() => "zzz = 1".to_owned(),
        None => format!("{key}.zzz = 1"),
        // Tables in a list: each `[[…]]` begins one, and what it needs besides stands before what is not known.
        Some(_) => {
            let mut text = String::new();
            let lists: Vec<&str> = key.split("[]").collect();
            for end in 1..lists.len() {
                text = format!("{text}[[{}]]\n", lists[..end].concat());
            }
            let rest = lists[lists.len() - 1].trim_start_matches('.');
            let dot = if rest.is_empty() { "" } else { "." };
            text + rest + dot + "zzz = 1"
        }
    };
    bot::config::File::parse(&text).unwrap_err().to_string()
}

/// Every key that the program reads from a configuration, and the values of those that take one of a few: it is asked, section by
/// section, what it knows instead of a key that it does not.
fn settings(section: &str, found: &mut Vec<(String, Vec<String>)>) {
    let told = told_of(section);
    let known = |told: &str| -> Vec<String> {
        let list = told.split("expected").nth(1).unwrap_or_default();
        list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    if told.contains("unknown field") {
        for key in known(&told) {
            let path = if section.is_empty() { key } else { format!("{section}.{key}") };
            settings(&path, found);
        }
    } else if let Some((_, keys)) = told.split_once("available keys: ") {
        // What the TOML reader itself says of a variant's fields.
        found.extend(keys.trim().split(", ").map(|key| (format!("{section}.{key}"), Vec::new())));
    } else if told.contains("unknown variant `zzz`") && section == "storage" {
        for variant in known(&told) {
            settings(&format!("{section}.{variant}"), found);
        }
    } else if told.contains("unknown variant `zzz`") {
        found.push((section.to_owned(), known(&told)));
    } else if told.contains("expected a sequence") && told_of(&format!("{section}[]")).contains("unknown field") {
        settings(&format!("{section}[]"), found);
    } else {
        found.push((section.to_owned(), Vec::new()));
    }
}

#[test]
fn every_setting_stands_in_the_table_and_nothing_else_does() {
    let guide = fs::read_to_string(root().join("infra/README.md")).unwrap();
    let section = guide.split("## Settings").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<(&str, &str)> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .filter(|(key, _)| !key.starts_with("CLARITY_"))
        .collect();
    let mut known = Vec::new();
    settings("", &mut known);
    assert!(known.len() > 40, "{known:?}");
    let read: BTreeSet<&str> = known.iter().map(|(key, _)| key.as_str()).collect();
    let documented: BTreeSet<&str> = rows.iter().map(|(key, _)| *key).collect();
    assert_eq!(read, documented, "what is read (left) is not what is documented (right)");
    for (key, values) in &known {
        let row = rows.iter().find(|(documented, _)| documented == key).unwrap().1;
        for value in values {
            assert!(row.contains(&format!("`{value}`")), "the row of `{key}` does not tell of `{value}`");
        }
    }
    let config = fs::read_to_string(root().join("bot/src/config.rs")).unwrap();
    for variable in names(product(&config), |name| name.starts_with("CLARITY_")) {
        assert!(section.contains(&format!("| `{variable}` |")), "the table does not tell of {variable}");
    }
}

//! Programs of other people as clients: the official conformance suite, the inspector's command line and that of fastmcp. They are
//! installed once, and meet the program itself over stdin and stdout, and a bot that runs over HTTP.

use super::auth_cascade;
use super::every::arguments;
use bot::drill::{Speed, Stage};
use bot::embedded::Embedded;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, OnceLock};
use tests::python::{Tools, target, workspace};
use tests::{house, npm, python};
use tools::mcp::Toolset;

/// More calls than any of them makes.
const PLENTY: &str = "[mcp]\ncalls_per_min = 100000\n";

/// What the suite looks for by name and a server that is no sample does not have: tools, resources and prompts of its own.
const FIXTURE: &str = "calls a tool, resource or prompt of the suite's sample server by its name";

/// The extension for tasks, which we do not offer: a plan is one, and `get_plan_status` tells of it.
const TASKS: &str = "the extension for tasks is not offered";

/// Deprecated in 2026-07-28, and nothing is logged to clients or asked of them.
const OLD: &str = "a deprecated feature that is not offered";

/// What does not pass, in which revision, and why. Whatever else fails is a failure, and so is an entry that passes.
const NOT_PASSED: &[(&str, &[&str], &str)] = &[
    ("logging-set-level", &[OLDER], OLD),
    ("tools-call-simple-text", BOTH, FIXTURE),
    ("tools-call-image", BOTH, FIXTURE),
    ("tools-call-audio", BOTH, FIXTURE),
    ("tools-call-embedded-resource", BOTH, FIXTURE),
    ("tools-call-mixed-content", BOTH, FIXTURE),
    ("tools-call-with-logging", &[OLDER], FIXTURE),
    ("tools-call-error", BOTH, FIXTURE),
    ("tools-call-with-progress", BOTH, FIXTURE),
    ("tools-call-sampling", &[OLDER], FIXTURE),
    ("tools-call-elicitation", &[OLDER], FIXTURE),
    ("elicitation-sep1034-defaults", &[OLDER], FIXTURE),
    ("elicitation-sep1330-enums", &[OLDER], FIXTURE),
    ("resources-read-text", BOTH, FIXTURE),
    ("resources-read-binary", BOTH, FIXTURE),
    ("resources-templates-read", BOTH, FIXTURE),
    ("resources-subscribe", &[OLDER], OLD),
    ("resources-unsubscribe", &[OLDER], OLD),
    ("prompts-get-simple", BOTH, FIXTURE),
    ("prompts-get-with-args", BOTH, FIXTURE),
    ("prompts-get-embedded-resource", BOTH, FIXTURE),
    ("prompts-get-with-image", BOTH, FIXTURE),
    ("json-schema-2020-12", BOTH, FIXTURE),
    // Of its 25 checks these four call tools of the sample server.
    ("server-stateless:sep-2575-server-rejects-undeclared-capability", &[NEWER], FIXTURE),
    ("server-stateless:sep-2575-missing-capability-http-400", &[NEWER], FIXTURE),
    ("server-stateless:sep-2575-http-server-no-independent-requests-on-stream", &[NEWER], FIXTURE),
    ("server-stateless:sep-2575-server-no-log-without-loglevel", &[NEWER], FIXTURE),
    ("input-required-result-basic-elicitation", &[NEWER], FIXTURE),
    ("input-required-result-basic-sampling", &[NEWER], FIXTURE),
    ("input-required-result-basic-list-roots", &[NEWER], FIXTURE),
    ("input-required-result-request-state", &[NEWER], FIXTURE),
    ("input-required-result-multiple-input-requests", &[NEWER], FIXTURE),
    ("input-required-result-multi-round", &[NEWER], FIXTURE),
    ("input-required-result-non-tool-request", &[NEWER], FIXTURE),
    ("input-required-result-result-type", &[NEWER], FIXTURE),
    ("input-required-result-tampered-state", &[NEWER], FIXTURE),
    ("input-required-result-capability-check", &[NEWER], FIXTURE),
    ("http-custom-header-server-validation", &[NEWER], FIXTURE),
    // It looks for a session first, and only warns that there is none.
    ("server-sse-multiple-streams", &[OLDER], "no session is kept, so that a function can answer too"),
    // These only warn: the tools that they call with more or less than is asked for are the sample server's.
    ("input-required-result-missing-input-response", &[NEWER], FIXTURE),
    ("input-required-result-ignore-extra-params", &[NEWER], FIXTURE),
    ("tasks-lifecycle", &[NEWER], TASKS),
    ("tasks-capability-negotiation", &[NEWER], TASKS),
    ("tasks-wire-fields", &[NEWER], TASKS),
    ("tasks-request-state-removal", &[NEWER], TASKS),
    ("tasks-mrtr-input", &[NEWER], TASKS),
    ("tasks-request-headers", &[NEWER], TASKS),
    ("tasks-dispatch-and-envelope", &[NEWER], TASKS),
    ("tasks-required-task-error", &[NEWER], TASKS),
    ("tasks-mrtr-composition", &[NEWER], TASKS),
];

const OLDER: &str = "2025-11-25";
const NEWER: &str = "2026-07-28";
const BOTH: &[&str] = &[OLDER, NEWER];

/// The conformance suite and the inspector, with the Node they need.
fn node() -> Tools {
    npm::tools(
        "mcp",
        &["@modelcontextprotocol/conformance@0.2.0-alpha.12", "@modelcontextprotocol/inspector@2.12.0", "node@24"],
    )
}

/// The program, with MCP in it.
fn program() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "bot", "--features", "mcp"]).current_dir(workspace());
        let output = cargo.env("CARGO_TARGET_DIR", target()).output().expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        target().join("debug/clarity")
    };
    BUILT.get_or_init(build).clone()
}

/// A bot that has seen the auth cascade.
async fn bot() -> Stage {
    let capsule = Arc::new(auth_cascade());
    let mut stage = Stage::set_under(house(PLENTY), capsule, Embedded::in_memory(), 0).await.unwrap();
    stage.play(Speed::Max, |_| {}).await.unwrap();
    stage
}

/// Runs a program while the bot goes on.
async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().expect("it was just installed")).await.unwrap()
}

/// What it printed, if it was content.
#[track_caller]
fn said(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

async fn conforms(revision: &'static str) {
    let node = tokio::task::spawn_blocking(node).await.unwrap();
    let known = tempfile::NamedTempFile::new().unwrap();
    let rows = NOT_PASSED.iter().filter(|(_, revisions, _)| revisions.contains(&revision));
    let lines: Vec<String> = rows.map(|(scenario, _, because)| format!("  - {scenario} # {because}\n")).collect();
    std::fs::write(known.path(), format!("server:\n{}", lines.concat())).unwrap();
    let stage = bot().await;
    for toolset in Toolset::ALL {
        let mut suite = npm::command(&node, "conformance");
        suite.args(["server", "--requirements", revision, "--expected-failures"]).arg(known.path());
        suite.args(["--url", &format!("{}/mcp/{}", stage.bot_url(), toolset.word())]).current_dir(&node.home);
        let report = said(&run(suite).await);
        for passed in
            ["tools-list", "resources-list", "prompts-list", "dns-rebinding-protection", "completion-complete"]
        {
            assert!(report.contains(&format!("✓ {passed}: ")), "{passed}\n{report}");
        }
    }
}

#[tokio::test]
async fn the_official_suite_passes_in_2026_07_28() {
    conforms(NEWER).await;
}

#[tokio::test]
async fn the_official_suite_passes_in_2025_11_25() {
    conforms(OLDER).await;
}

/// How a peer reaches a server.
enum Way {
    Pipe(PathBuf),
    Web(String),
}

/// Over both ways: the program with a capsule, and the bot with its incidents.
async fn ways() -> (Stage, [Way; 2]) {
    let program = tokio::task::spawn_blocking(program).await.unwrap();
    let stage = bot().await;
    let ways = [Way::Pipe(program), Way::Web(stage.bot_url())];
    (stage, ways)
}

/// A call that makes sense of a tool, about the incident that both know.
fn about_the_first(tool: &str) -> Value {
    let mut arguments = arguments(tool);
    arguments["incident"] = json!("INC-1");
    arguments
}

/// What a peer was told by a tool.
#[track_caller]
fn answered(tool: &str, printed: &str) {
    let answer: Value = serde_json::from_str(printed).unwrap_or_else(|err| panic!("{tool}: {err}: {printed}"));
    assert!(answer.to_string().contains("structured"), "{tool}: {printed}");
}

/// Nobody stands behind any of these calls, so the one tool that asks people is refused, in words.
fn is_refused(tool: &str, output: &Output) -> bool {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let all = String::from_utf8_lossy(&all).split_whitespace().collect::<Vec<_>>().join(" ");
    tool == "execute_remediation" && (all.contains("nobody stands behind") || all.contains("is a recording"))
}

#[tokio::test]
async fn the_inspector_lists_and_calls_every_tool() {
    let node = tokio::task::spawn_blocking(node).await.unwrap();
    let (_stage, ways) = ways().await;
    for (way, toolset) in ways.iter().flat_map(|way| Toolset::ALL.map(|toolset| (way, toolset))) {
        let ask = |more: &[&str]| {
            let mut inspector = npm::command(&node, "mcp-inspector");
            inspector.arg("--cli");
            match way {
                Way::Pipe(program) => inspector.arg(program).args(["mcp", toolset.word()]),
                Way::Web(url) => inspector.arg(format!("{url}/mcp/{}", toolset.word())).args(["--transport", "http"]),
            };
            inspector.args(more);
            run(inspector)
        };
        let list: Value = serde_json::from_str(&said(&ask(&["--method", "tools/list"]).await)).unwrap();
        let names: Vec<&str> =
            list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert_eq!(names, toolset.tools().iter().map(|entry| entry.spec.name).collect::<Vec<_>>());
        for tool in names {
            let mut call =
                vec!["--method".to_owned(), "tools/call".to_owned(), "--tool-name".to_owned(), tool.to_owned()];
            for (key, value) in about_the_first(tool).as_object().unwrap() {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                call.extend(["--tool-arg".to_owned(), format!("{key}={value}")]);
            }
            let output = ask(&call.iter().map(String::as_str).collect::<Vec<_>>()).await;
            if !is_refused(tool, &output) {
                answered(tool, &said(&output));
            }
        }
    }
}

#[tokio::test]
async fn fastmcp_lists_and_calls_every_tool() {
    let fastmcp = tokio::task::spawn_blocking(|| python::tools("fastmcp", &["fastmcp==4.1.2"])).await.unwrap();
    let (_stage, ways) = ways().await;
    for (way, toolset) in ways.iter().flat_map(|way| Toolset::ALL.map(|toolset| (way, toolset))) {
        let ask = |word: &str, more: &[&str]| {
            let mut cli = Command::new(fastmcp.bin.join("fastmcp"));
            cli.arg(word);
            match way {
                Way::Pipe(program) => cli.args(["--command", &format!("{} mcp {}", program.display(), toolset.word())]),
                Way::Web(url) => cli.arg(format!("{url}/mcp/{}", toolset.word())),
            };
            cli.args(more).args(["--json"]).env("FASTMCP_CHECK_FOR_UPDATES", "off");
            run(cli)
        };
        let list = said(&ask("list", &[]).await);
        for entry in toolset.tools() {
            let tool = entry.spec.name;
            assert!(list.contains(&format!("\"{tool}\"")), "{tool} is not listed: {list}");
            let input = about_the_first(tool).to_string();
            let output = ask("call", &["--target", tool, "--input-json", &input]).await;
            if !is_refused(tool, &output) {
                answered(tool, &said(&output));
            }
        }
    }
}

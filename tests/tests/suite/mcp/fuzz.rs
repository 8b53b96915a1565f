//! Ten thousand messages that are wrong in some way: none brings the server down, and every answer is a JSON-RPC error.

use super::{auth_cascade, served};
use serde_json::{Value, json};
use tests::{house, run_test_under};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, split};
use tools::mcp::Toolset;

/// Over the streams, and over HTTP.
const LINES: u64 = 8_000;
const POSTS: u64 = 2_000;

/// A small generator (`SplitMix64`), so that every run sends the same.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).unwrap()
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

fn meta() -> Value {
    json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}})
}

/// What no method takes in this place.
fn nonsense(dice: &mut Dice) -> Value {
    let deep = (0..60).fold(json!(1), |inside, _| json!([inside]));
    let long = "x".repeat(2_000);
    dice.one_of(&[
        json!(-1),
        json!(1.5e300),
        json!([]),
        json!([[]]),
        json!(true),
        json!({"a": deep}),
        json!([long, null]),
    ])
}

/// A message that is wrong in some way. All but the first few kinds say which request they are.
fn wrong(dice: &mut Dice, id: u64) -> String {
    let methods = ["tools/call", "resources/read", "prompts/get"];
    let method = dice.one_of(&methods);
    let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {"_meta": meta()}});
    match dice.below(10) {
        0 => message["method"] = nonsense(dice),
        1 => {
            message["method"] = json!(dice.one_of(&[
                "",
                "tools",
                "tools/call/",
                "rpc.discover",
                "\u{0}",
                "🦀",
                "sampling/createMessage"
            ]));
        }
        2 => message["params"] = nonsense(dice),
        3 => message["params"]["name"] = nonsense(dice),
        4 => {
            message["params"]["name"] = json!("get_incident_context");
            message["params"]["arguments"] = dice.one_of(&[json!([1]), json!("x"), json!(7), json!([[]])]);
            message["method"] = json!("tools/call");
        }
        5 => message["params"]["name"] = json!(dice.one_of(&["", "approve", "../x", "get_incident_context\n"])),
        6 => message["params"]["uri"] = dice.one_of(&[json!(7), json!("clarity://"), json!("file:///x"), json!([])]),
        7 => message["jsonrpc"] = dice.one_of(&[json!("1.0"), json!(2), json!(null), json!([])]),
        8 => {
            let text = message.to_string();
            return text[..=dice.below(text.len() - 1)].to_owned();
        }
        _ => {
            return dice
                .one_of(&["[]", "{}", "null", "7", "\"x\"", "[{}]", "{\"jsonrpc\":\"2.0\"}", "}{", "\u{1}"])
                .to_owned();
        }
    }
    message.to_string()
}

#[track_caller]
fn is_an_error(answer: &Value, of: &str) {
    let shown: String = of.chars().take(300).collect();
    assert_eq!(answer["jsonrpc"], json!("2.0"), "{shown}\n{answer}");
    assert!(answer.get("result").is_none(), "{shown}\n{answer}");
    assert!(answer["error"]["code"].is_i64() && answer["error"]["message"].is_string(), "{shown}\n{answer}");
}

#[tokio::test]
async fn no_line_brings_a_server_down() {
    let (output, mut input) = split(served(Toolset::Context, auth_cascade()));
    let writing = tokio::spawn(async move {
        let mut dice = Dice(1);
        for id in 1..=LINES {
            let line = wrong(&mut dice, id).replace('\n', " ");
            input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        }
        let last = json!({"jsonrpc": "2.0", "id": "last", "method": "tools/list", "params": {"_meta": meta()}});
        input.write_all(format!("{last}\n").as_bytes()).await.unwrap();
        input
    });
    let mut lines = BufReader::new(output).lines();
    let mut answers = 0;
    loop {
        let line = lines.next_line().await.unwrap().expect("the server still speaks");
        let answer: Value = serde_json::from_str(&line).unwrap();
        if answer["id"] == json!("last") {
            assert_eq!(answer["result"]["tools"].as_array().unwrap().len(), Toolset::Context.tools().len());
            break;
        }
        is_an_error(&answer, "a line");
        answers += 1;
    }
    writing.await.unwrap();
    assert!(answers > LINES / 2, "only {answers} of {LINES} were answered");
}

#[tokio::test]
async fn no_post_brings_a_server_down() {
    run_test_under(house("[mcp]\ncalls_per_min = 100000\n"), async |room| {
        let mut dice = Dice(2);
        for id in 1..=POSTS {
            let body = wrong(&mut dice, id);
            let method = dice.one_of(&["tools/call", "resources/read", "nothing"]);
            let mut headers =
                vec![("accept", "application/json, text/event-stream"), ("content-type", "application/json")];
            match dice.below(6) {
                0 => headers[1].1 = "text/plain",
                1 => headers[0].1 = "text/html",
                2 => headers.push(("mcp-protocol-version", "1999-01-01")),
                _ => headers.extend([("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)]),
            }
            let toolset = dice.one_of(&Toolset::ALL);
            let (status, answer) = room.posts(&format!("/mcp/{}", toolset.word()), &headers, &body).await;
            assert!((200..500).contains(&status), "{status}: {body}");
            let answer = serde_json::from_str(&answer).unwrap_or_else(|err| panic!("{status} {err}: {answer}: {body}"));
            is_an_error(&answer, &body);
        }
    })
    .await;
}

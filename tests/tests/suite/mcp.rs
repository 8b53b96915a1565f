//! What an MCP client meets: the toolsets, over a pair of streams as stdin and stdout are. `http` has the same over HTTP, with
//! the incidents there are.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

mod every;
mod fuzz;
mod http;
mod peers;
mod schema;
mod slow;

use insta::assert_snapshot;
use rmcp::model::{CallToolRequestParams, CallToolResult, ErrorCode};
use rmcp::service::{RoleClient, RunningService};
use rmcp::{ServiceError, ServiceExt};
use serde_json::{Value, json};
use std::sync::Arc;
use tests::usual_world;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, split};
use tools::capsule::{self, Capsule, World};
use tools::context::{GetIncidentContext, TOOLS};
use tools::mcp::{Desk, Toolset};
use tools::tool::Tool;

type Client = RunningService<RoleClient, ()>;

fn auth_cascade() -> Capsule {
    capsule::parse(capsule::AUTH_CASCADE.as_bytes()).expect("our own capsule")
}

fn served(toolset: Toolset, capsule: Capsule) -> DuplexStream {
    let (near, far) = tokio::io::duplex(4096);
    let (input, output) = split(far);
    tokio::spawn(tools::mcp::serve(toolset, Desk::capsule(Arc::new(capsule)), input, output));
    near
}

async fn client_of(capsule: Capsule) -> Client {
    client_for(Toolset::Context, capsule).await
}

async fn client_for(toolset: Toolset, capsule: Capsule) -> Client {
    ().serve(served(toolset, capsule)).await.expect("the server shakes hands")
}

async fn call(client: &Client, arguments: Value) -> CallToolResult {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    let request = CallToolRequestParams::new(GetIncidentContext::SPEC.name).with_arguments(arguments);
    client.call_tool(request).await.expect("a result, good or bad")
}

fn text(result: &CallToolResult) -> &str {
    let [only] = result.content.as_slice() else { panic!("one text: {result:?}") };
    &only.as_text().expect("a text").text
}

async fn verdict_at(at: &str) -> Value {
    let (capsule, now) = (Arc::new(auth_cascade()), at.parse().expect("a time"));
    let tool = GetIncidentContext { alarms: capsule.alarms_until(now), now };
    let verdict = tool.call(&World::outside(capsule)).await.expect("a verdict");
    serde_json::to_value(verdict).expect("JSON")
}

#[tokio::test]
async fn the_server_says_who_it_is() {
    let client = client_of(auth_cascade()).await;
    let info = client.peer_info().unwrap();
    let server = info.server_info.as_ref().unwrap();
    assert_eq!((server.name.as_str(), server.version.as_str()), ("auth-flow-context", env!("CARGO_PKG_VERSION")));
    assert_snapshot!(info.instructions.as_ref().unwrap(), @"Explains incidents on AWS: what is going on, what caused it, what it hits next. Begin with `get_incident_context`. It only reads. It speaks about one recorded incident, `auth-cascade`, from 2026-11-20T03:12:00Z to 2026-11-20T03:24:00Z.");
}

#[tokio::test]
async fn the_list_is_the_table() {
    let client = client_of(auth_cascade()).await;
    let tools = client.list_all_tools().await.unwrap();
    let listed: Vec<_> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    let table: Vec<_> = TOOLS.iter().map(|entry| entry.spec.name).collect();
    assert_eq!(listed, table);
    for tool in &tools {
        assert!(tool.title.as_ref().is_some_and(|title| !title.is_empty()), "{} has no title", tool.name);
    }
    let mut first = serde_json::to_value(&tools[0]).unwrap();
    let answer = first.as_object_mut().unwrap().remove("outputSchema").unwrap();
    assert_snapshot!(serde_json::to_string_pretty(&first).unwrap(), @r#"
    {
      "name": "get_incident_context",
      "title": "Get incident context",
      "description": "Explains a set of AWS alarms: the likely root cause with its confidence, the affected services by onset, what is hit next, recent changes, and what could not be seen. Every claim carries evidence. The alarms are the ones this server knows: call it without arguments for the whole incident, or with `at` for what was known at an earlier moment. Confidence is from 0 to 1; `no_cause_found` is an answer and not a failure, and then `causes` are only candidates. Ids like `E7` refer to `evidence`; `gaps` say what could not be read. It changes nothing.",
      "inputSchema": {
        "type": "object",
        "additionalProperties": false,
        "properties": {
          "incident": {
            "type": "string",
            "pattern": "^INC-[0-9]+$",
            "description": "The incident, like `INC-7`. Left out: the only one that is open."
          },
          "at": {
            "type": "string",
            "format": "date-time",
            "description": "The moment to speak about, in RFC 3339 with a zone, from 2026-11-20T03:12:00Z to 2026-11-20T03:24:00Z; nothing later is read. Left out: the end."
          }
        },
        "$schema": "https://json-schema.org/draft/2020-12/schema"
      },
      "annotations": {
        "readOnlyHint": true,
        "destructiveHint": false,
        "idempotentHint": true,
        "openWorldHint": false
      }
    }
    "#);
    assert_snapshot!(serde_json::to_string_pretty(&answer["$defs"]["Cause"]).unwrap(), @r##"
    {
      "type": "object",
      "properties": {
        "service": {
          "$ref": "#/$defs/ServiceId",
          "description": "The service."
        },
        "symptom": {
          "$ref": "#/$defs/Symptom",
          "description": "How it suffers."
        },
        "score": {
          "type": "number",
          "description": "The ranking score; comparable within one verdict only. Equal scores are ties."
        },
        "confidence": {
          "type": "number",
          "description": "How often a first-ranked cause like this one is right, 0–1.",
          "minimum": 0,
          "maximum": 1
        },
        "evidence": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/EvidenceId"
          },
          "description": "What says so."
        }
      },
      "required": [
        "service",
        "symptom",
        "score",
        "confidence",
        "evidence"
      ],
      "description": "One candidate for the root cause."
    }
    "##);
}

#[tokio::test]
async fn without_arguments_the_whole_incident_is_explained() {
    let client = client_of(auth_cascade()).await;
    let request = CallToolRequestParams::new(GetIncidentContext::SPEC.name);
    let result = client.call_tool(request).await.unwrap();
    assert_eq!(result.is_error, Some(false));
    assert_snapshot!(text(&result), @"The likely root cause is user-pool, with confidence 97 % (ranked by excess flow). Affected, by onset: user-pool, auth-api, authorizer, token-exchange, web-app, user-service, order-service, billing-export, user-db, checkout. Not seen: metrics of billing-export (no data point in the window). As of 2026-11-20T03:24:00Z; the structured content holds the changes, the next steps and the evidence.");
    assert_eq!(result.structured_content, Some(verdict_at("2026-11-20T03:24:00Z").await));
    assert_eq!(call(&client, json!({})).await, result);
}

#[tokio::test]
async fn an_earlier_moment_knows_less() {
    let client = client_of(auth_cascade()).await;
    let result = call(&client, json!({ "at": "2026-11-20T12:13:30+09:00" })).await;
    assert_snapshot!(text(&result), @"The likely root cause is user-pool, with confidence 97 % (ranked by excess flow). Affected, by onset: user-pool, auth-api, authorizer, token-exchange, web-app, user-service. Hit next: order-service. As of 2026-11-20T03:13:30Z; the structured content holds the changes, the next steps and the evidence.");
    assert_eq!(result.structured_content, Some(verdict_at("2026-11-20T03:13:30Z").await));
}

#[tokio::test]
async fn bad_arguments_get_a_sentence() {
    let client = client_of(auth_cascade()).await;
    let mut answers = Vec::new();
    for arguments in [
        json!({ "at": "yesterday" }),
        json!({ "at": 7.5 }),
        json!({ "alarms": [] }),
        json!({ "at": "2026-11-20T03:00:00Z" }),
        json!({ "at": "2026-11-20T03:24:01Z" }),
    ] {
        let result = call(&client, arguments.clone()).await;
        assert_eq!((result.is_error, &result.structured_content), (Some(true), &None), "{arguments}");
        answers.push(text(&result).to_owned());
    }
    assert_snapshot!(answers.join("\n"), @"
    `get_incident_context` cannot be called like this: at `at`: this is no RFC 3339 time with a zone; one looks like 2026-11-20T03:24:00Z
    `get_incident_context` cannot be called like this: at `at`: a time is written as text; one looks like 2026-11-20T03:24:00Z
    `get_incident_context` cannot be called like this: at `alarms`: the server fills this in; leave it out
    `auth-cascade` has no alarm by 2026-11-20T03:00:00Z, so there is nothing to explain
    `get_incident_context` cannot be called like this: at `at`: 2026-11-20T03:24:01Z has not come yet: nothing is known after 2026-11-20T03:24:00Z, where `auth-cascade` ends
    ");
    let quiet = client_of(usual_world()).await;
    assert_snapshot!(text(&call(&quiet, json!({})).await), @"`usual-world` has no alarm by 2026-11-20T04:12:00Z, so there is nothing to explain");
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error() {
    let client = client_of(auth_cascade()).await;
    let answer = client.call_tool(CallToolRequestParams::new("execute_remediation")).await;
    let Err(ServiceError::McpError(error)) = answer else { panic!("{answer:?}") };
    assert_eq!(error.code, ErrorCode(-32602));
    assert_snapshot!(error.message, @"there is no tool `execute_remediation`; there is: get_incident_context, correlate_auth_events, get_auth_health_status, detect_bottlenecks, list_changes, get_timeline, get_context_delta, find_similar_incidents, list_gaps");
}

/// Without a client library: lines in, lines out, of the stateless revision of the protocol.
#[tokio::test]
async fn a_client_without_a_handshake_is_answered_line_by_line() {
    let (output, mut input) = split(served(Toolset::Context, auth_cascade()));
    let mut lines = BufReader::new(output).lines();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "a test", "version": "1" },
    });
    let mut seen = Vec::new();
    for (id, method, params) in [
        (1, "server/discover", json!({ "_meta": meta })),
        (2, "tools/list", json!({ "_meta": meta })),
        (3, "tools/call", json!({ "_meta": meta, "name": "get_incident_context" })),
        (4, "tools/call", json!({ "_meta": meta, "name": "get_incident_context", "arguments": [1.5] })),
        (5, "tools/call", json!({ "_meta": meta, "name": "nothing" })),
    ] {
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        input.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        let answer: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(id)), "{answer}");
        let kind = answer["result"]["resultType"].as_str().unwrap_or_default();
        seen.push(format!("{method}: {kind}{}", answer["error"]));
    }
    assert_snapshot!(seen.join("\n"), @r#"
    server/discover: completenull
    tools/list: completenull
    tools/call: completenull
    tools/call: {"code":-32602,"message":"`tools/call` takes the `name` of a tool and its `arguments`, an object"}
    tools/call: {"code":-32602,"message":"there is no tool `nothing`; there is: get_incident_context, correlate_auth_events, get_auth_health_status, detect_bottlenecks, list_changes, get_timeline, get_context_delta, find_similar_incidents, list_gaps"}
    "#);
}

//! The same over HTTP, of a bot that runs: who may come in, and what people decide about what a client asks for.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::{Room, house, http, run_test, run_test_under};
use tools::mcp::Toolset;
use tools::recovery::plan::PlanStatus;

/// Mina's token, and what the configuration says of it.
const MINA: &str = "token-of-mina-0123456789abcdef";
const RAY: &str = "token-of-ray-00123456789abcdef";
const TOKENS: &str = "[mcp.tokens]
\"sha256:215b25617f6b9e0640cb7da7ca29607a1b68c85d08bcf15f9b86f74ac044ed22\" = \"U0MINA\"
\"sha256:7f885b3781a1d068c47401630c73097ce46b596f65b7e41477f8f5510c24ca7e\" = \"U0RAY\"
";

/// What a request of revision 2026-07-28 brings with it.
fn meta(able: &Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": able,
        "io.modelcontextprotocol/clientInfo": { "name": "a test", "version": "1" },
    })
}

/// A request without a library, as a client of that revision makes it.
pub(super) async fn ask(
    room: &Room,
    toolset: Toolset,
    token: Option<&str>,
    method: &str,
    params: Value,
) -> (u16, Value) {
    ask_with(json!({}), room, toolset, token, method, params).await
}

/// The same as a client that is able to do more.
async fn ask_with(
    able: Value,
    room: &Room,
    toolset: Toolset,
    token: Option<&str>,
    method: &str,
    mut params: Value,
) -> (u16, Value) {
    params["_meta"] = meta(&able);
    let name = params
        .get("name")
        .or(params.get("uri"))
        .or(params.get("taskId"))
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", method),
    ];
    if !name.is_empty() {
        headers.push(("mcp-name", name.as_str()));
    }
    headers.extend(bearer.iter().map(|bearer| ("authorization", bearer.as_str())));
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let (status, answer) = room.posts(&format!("/mcp/{}", toolset.word()), &headers, &body).await;
    (status, serde_json::from_str(&answer).unwrap_or(Value::String(answer)))
}

async fn call(room: &Room, toolset: Toolset, token: Option<&str>, tool: &str, arguments: Value) -> Value {
    let (status, answer) = ask(room, toolset, token, "tools/call", json!({"name": tool, "arguments": arguments})).await;
    assert_eq!(status, 200, "{answer}");
    answer["result"].clone()
}

#[tokio::test]
async fn without_tokens_this_machine_may_read() {
    run_test(async |room| {
        room.floods().await;
        for toolset in Toolset::ALL {
            let (status, answer) = ask(room, toolset, None, "server/discover", json!({})).await;
            assert_eq!(status, 200, "{answer}");
            let (_, list) = ask(room, toolset, None, "tools/list", json!({})).await;
            assert_eq!(list["result"]["tools"].as_array().unwrap().len(), toolset.tools().len());
        }
        let verdict = call(room, Toolset::Context, None, "get_incident_context", json!({})).await;
        assert_snapshot!(verdict["content"][0]["text"].as_str().unwrap(), @"The likely root cause is user-pool, with confidence 97 % (ranked by excess flow). Affected, by onset: user-pool, orders-api, token-exchange. Hit next: web. Not seen: logs (the capsule `usual-world` holds none). As of 2026-11-20T03:14:30Z; the structured content holds the changes, the next steps and the evidence.");
        let (_, open) = ask(room, Toolset::Context, None, "resources/read", json!({"uri": "clarity://incidents"})).await;
        assert_snapshot!(open["result"]["contents"][0]["text"].as_str().unwrap(), @r#"{"incidents":[{"incident":"INC-1","scope":"prod","began":"2026-11-20T03:14:10Z","alarms":3,"firing":3,"cause":"user-pool","confidence":0.97}]}"#);
        let unknown = call(room, Toolset::Context, None, "get_incident_context", json!({"incident": "INC-9"})).await;
        assert_snapshot!(unknown["content"][0]["text"].as_str().unwrap(), @"there is no INC-9");
        let arguments = super::every::arguments("execute_remediation");
        let nobody = call(room, Toolset::Recovery, None, "execute_remediation", arguments).await;
        assert_snapshot!(nobody["content"][0]["text"].as_str().unwrap(), @"`execute_remediation` cannot be called like this: at `requester`: nobody stands behind this call, and a plan is asked for by a person");
        room.wait(1).await;
        assert!(room.plans().await.is_empty());
    })
    .await;
}

/// Revision 2025-11-25 shakes hands, and may do without a session.
#[tokio::test]
async fn the_revision_before_is_spoken_too() {
    run_test(async |room| {
        let headers = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
        let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"}}});
        let (status, answer) = room.posts("/mcp/dependency", &headers, &hello.to_string()).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((status, &answer["result"]["protocolVersion"]), (200, &json!("2025-11-25")));
        assert_eq!(answer["result"]["serverInfo"]["name"], json!("service-dependency-mapping"));
        let headers = [headers[0], headers[1], ("mcp-protocol-version", "2025-11-25")];
        let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}});
        let (status, answer) = room.posts("/mcp/dependency", &headers, &list.to_string()).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((status, answer["result"]["tools"].as_array().unwrap().len()), (200, 4));
    })
    .await;
}

#[tokio::test]
async fn who_brings_no_token_stays_outside() {
    run_test_under(house(TOKENS), async |room| {
        for token in [None, Some("token-of-nobody-0123456789abcd"), Some("")] {
            let (status, answer) = ask(room, Toolset::Context, token, "tools/list", json!({})).await;
            assert_eq!(status, 401);
            insta::allow_duplicates!(assert_snapshot!(answer["error"]["message"].as_str().unwrap(), @"MCP is spoken with `Authorization: Bearer <a token of [mcp.tokens]>`"));
        }
        let (status, _) = ask(room, Toolset::Context, Some(MINA), "tools/list", json!({})).await;
        assert_eq!(status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_page_from_elsewhere_and_another_name_are_refused() {
    run_test(async |room| {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta(&json!({}))}})
            .to_string();
        let usual = [
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/list"),
        ];
        let mut seen = Vec::new();
        for more in [
            ("origin", "http://localhost:6274"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("x-nothing", "1"),
        ] {
            let headers: Vec<_> = usual.iter().copied().chain([more]).collect();
            let (status, _) = room.posts("/mcp/context", &headers, &body).await;
            seen.push(format!("{}: {} → {status}", more.0, more.1));
        }
        let (status, _) = http::get(
            &format!("{}/mcp/context", room.stage.bot_url()),
            &[("host", "evil.example"), ("accept", "text/event-stream")],
        )
        .await;
        seen.push(format!("host: evil.example → {status}"));
        let (status, _) = room.posts("/mcp/context", &usual, &"x".repeat(bot::http::MAX_BODY + 1)).await;
        seen.push(format!("a body that is too long → {status}"));
        assert_snapshot!(seen.join("\n"), @"
        origin: http://localhost:6274 → 200
        origin: https://evil.example → 403
        origin: null → 403
        x-nothing: 1 → 200
        host: evil.example → 403
        a body that is too long → 413
        ");
    })
    .await;
}

#[tokio::test]
async fn one_person_does_not_take_it_all() {
    run_test_under(house(&format!("[mcp]\ncalls_per_min = 3\n{TOKENS}")), async |room| {
        let list = async |room: &Room, token| ask(room, Toolset::Context, Some(token), "tools/list", json!({})).await;
        for _ in 0..3 {
            assert_eq!(list(room, MINA).await.0, 200);
        }
        let (status, answer) = list(room, MINA).await;
        assert_eq!(status, 429);
        assert_snapshot!(answer["error"]["message"].as_str().unwrap(), @"3 requests a minute are the most (`mcp.calls_per_min`); come again in 60 s");
        assert_eq!(list(room, RAY).await.0, 200, "the other's calls are the other's");
        room.wait(61).await;
        assert_eq!(list(room, MINA).await.0, 200);
    })
    .await;
}

/// What is most promising, as a client finds it.
async fn best(room: &Room) -> Value {
    let suggested = call(room, Toolset::Recovery, Some(MINA), "suggest_remediations", json!({})).await;
    let best = &suggested["structuredContent"]["proposals"][0];
    json!({"incident": "INC-1", "service": best["service"], "remedy": best["act"]["apply"]["remedy"]})
}

async fn status(room: &Room, proposal: &Value) -> Value {
    let arguments = json!({"incident": "INC-1", "proposal": proposal});
    call(room, Toolset::Recovery, Some(MINA), "get_plan_status", arguments).await
}

#[tokio::test]
async fn a_client_proposes_a_person_approves_and_the_client_sees_it_done() {
    run_test_under(house(TOKENS), async |room| {
        room.floods().await;
        let wanted = best(room).await;
        let asked = call(room, Toolset::Recovery, Some(MINA), "execute_remediation", wanted).await;
        assert_eq!(asked["isError"], json!(false), "{asked}");
        assert_eq!(asked["structuredContent"]["status"], json!("needs_approval"));
        assert_snapshot!(asked["content"][0]["text"].as_str().unwrap(), @"Nothing was changed: people decide, in the thread of INC-1 in the war room, https://slack.com/app_redirect?channel=C0WARROOM. Ask `get_plan_status` with the proposal `a1c6e49237f0b28b` how it goes on.");
        let proposal = &asked["structuredContent"]["proposal"];
        room.wait(1).await;
        let waiting = status(room, proposal).await;
        assert_snapshot!(waiting["content"][0]["text"].as_str().unwrap(), @"Set reserved concurrency of token-exchange to 2 (none now) (plan-ea433801c292451f): 0 of 1 approvals, proposed.");
        assert_eq!(waiting["structuredContent"]["plans"][0]["status"], json!("waiting"));

        room.jun().clicks("Approve").await;
        room.mina().clicks("Execute").await;
        room.skims();
        let done = status(room, proposal).await;
        let words: Vec<&str> = done["structuredContent"]["plans"][0]["history"]
            .as_array()
            .unwrap()
            .iter()
            .map(|told| told[1].as_str().unwrap())
            .collect();
        assert_eq!(words, ["proposed", "approved", "started", "succeeded"]);
    })
    .await;
}

/// A client that can ask its person does, and brings back what it was given; anything else does not count.
#[tokio::test]
async fn whoever_sits_at_the_client_is_asked_first() {
    run_test_under(house(TOKENS), async |room| {
        room.floods().await;
        let wanted = best(room).await;
        let asks = async |room: &Room, token: &str, wanted: &Value, state: Option<&Value>, action: &str| {
            let mut params = json!({"name": "execute_remediation", "arguments": wanted});
            if let Some(state) = state {
                params["requestState"] = state.clone();
                params["inputResponses"] = json!({"confirm": {"action": action, "content": {}}});
            }
            let able = json!({"elicitation": {}});
            ask_with(able, room, Toolset::Recovery, Some(token), "tools/call", params).await.1
        };
        let question = asks(room, MINA, &wanted, None, "").await;
        assert_eq!(question["result"]["resultType"], json!("input_required"), "{question}");
        let form = &question["result"]["inputRequests"]["confirm"];
        assert_eq!(form["method"], json!("elicitation/create"), "{form}");
        assert_snapshot!(form["params"]["message"].as_str().unwrap(), @"Ask the people of INC-1 to have “Limit how much runs at once” carried out for `token-exchange`? Nothing is changed by your answer: they decide in the war room.");
        let state = &question["result"]["requestState"];

        let mut another = wanted.clone();
        another["incident"] = json!("INC-2");
        for (token, wanted, state) in [
            (RAY, &wanted, state.clone()),
            (MINA, &wanted, json!("rs1.AAAA.AAAA")),
            (MINA, &wanted, json!(format!("{}A", state.as_str().unwrap()))),
        ] {
            let refused = asks(room, token, wanted, Some(&state), "accept").await;
            assert_eq!(refused["error"]["code"], json!(-32602), "{refused}");
        }
        for (wanted, action) in [(&wanted, "decline"), (&wanted, "cancel"), (&wanted, "approve"), (&another, "accept")]
        {
            let refused = asks(room, MINA, wanted, Some(state), action).await;
            assert_eq!(refused["result"]["isError"], json!(true), "{refused}");
        }
        room.wait(1).await;
        assert!(room.plans().await.is_empty(), "nobody was asked");

        let asked = asks(room, MINA, &wanted, Some(state), "accept").await;
        assert_eq!(asked["result"]["structuredContent"]["status"], json!("needs_approval"), "{asked}");
        room.wait(1).await;
        assert_eq!(room.plans().await.len(), 1);
        room.skims();
    })
    .await;
}

/// A client that knows tasks polls one until people have decided.
#[tokio::test]
async fn a_request_to_people_is_a_task_for_whoever_knows_tasks() {
    run_test_under(house(TOKENS), async |room| {
        room.floods().await;
        let wanted = best(room).await;
        let asks = async |room: &Room, method: &str, params: Value| {
            let able = json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
            ask_with(able, room, Toolset::Recovery, Some(MINA), method, params).await.1
        };
        let begun = asks(room, "tools/call", json!({"name": "execute_remediation", "arguments": wanted})).await;
        assert_eq!(begun["result"]["resultType"], json!("task"), "{begun}");
        let id = begun["result"]["taskId"].clone();
        let about = json!({"taskId": id});
        room.wait(1).await;
        let waits = asks(room, "tasks/get", about.clone()).await;
        assert_eq!(waits["result"]["status"], json!("working"), "{waits}");
        assert_snapshot!(waits["result"]["statusMessage"].as_str().unwrap_or_default(), @"Set reserved concurrency of token-exchange to 2 (none now): 0 of 1 approvals");

        // It may answer what nobody asked, and stop waiting: both are no decision.
        let update = json!({"taskId": id, "inputResponses": {"approve": {"action": "accept"}}});
        for (method, params) in [("tasks/update", update), ("tasks/cancel", about.clone())] {
            let answer = asks(room, method, params).await;
            assert!(answer["error"].is_null(), "{answer}");
        }
        assert_eq!(room.plans().await[0].status(), PlanStatus::Waiting);

        room.jun().clicks("Reject").await;
        room.skims();
        let over = asks(room, "tasks/get", about).await;
        assert_eq!(over["result"]["status"], json!("completed"), "{over}");
        let answer = &over["result"]["result"]["structuredContent"];
        assert_eq!((&answer["status"], &answer["outcome"]["status"]), (&json!("decided"), &json!("rejected")));
        for odd in ["INC-1", "INC-9.a1c6e49237f0b28b.1795144560", "x.y.z"] {
            let answer = asks(room, "tasks/get", json!({"taskId": odd})).await;
            assert_eq!(answer["error"]["code"], json!(-32602), "{answer}");
        }
    })
    .await;
}

/// It asks again, claims to be approved, names another person, looks for a tool that approves: nothing is approved by it.
#[tokio::test]
async fn a_client_can_never_approve() {
    run_test_under(house(TOKENS), async |room| {
        room.floods().await;
        let wanted = best(room).await;
        for token in [MINA, RAY, MINA] {
            call(room, Toolset::Recovery, Some(token), "execute_remediation", wanted.clone()).await;
        }
        room.wait(1).await;
        let plan = room.plans().await[0].plan().id.clone();
        let tries = [
            ("execute_remediation", json!({"approved": true})),
            ("execute_remediation", json!({"requester": "U0JUN"})),
            ("get_plan_status", json!({"plan": plan, "approve": true})),
        ];
        for (tool, more) in tries {
            let mut arguments = wanted.clone();
            for (key, value) in more.as_object().unwrap() {
                arguments[key] = value.clone();
            }
            let answer = call(room, Toolset::Recovery, Some(MINA), tool, arguments).await;
            assert_eq!(answer["isError"], json!(true), "{answer}");
        }
        for tool in ["approve_plan", "approve", "execute_plan"] {
            let params = json!({"name": tool, "arguments": {"plan": plan}});
            let (_, answer) = ask(room, Toolset::Recovery, Some(MINA), "tools/call", params).await;
            assert_eq!(answer["error"]["code"], json!(-32602), "{answer}");
        }
        // What a client answers to a question that nobody asked is no approval either.
        let params = json!({"name": "execute_remediation", "arguments": wanted,
            "inputResponses": {"confirm": {"action": "accept", "content": {"approve": true}}}, "requestState": "v1.x.y"});
        ask(room, Toolset::Recovery, Some(MINA), "tools/call", params).await;
        room.wait(1).await;
        for state in room.plans().await {
            assert_eq!((state.status(), state.approvals().len()), (PlanStatus::Waiting, 0));
        }
        room.skims();
    })
    .await;
}

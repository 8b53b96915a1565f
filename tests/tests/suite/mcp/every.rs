//! Every tool, resource and prompt of every server.

use super::schema::validate;
use super::{Client, auth_cascade, client_for, text};
use insta::assert_snapshot;
use proptest::test_runner::{Config, TestRunner};
use rmcp::model::{CallToolRequestParams, CallToolResult, GetPromptRequestParams, ReadResourceRequestParams};
use serde_json::{Value, json};
use tests::usual_world;
use tools::capsule::Capsule;
use tools::mcp::Toolset;

/// A call that makes sense, of every tool.
pub(super) fn arguments(tool: &str) -> Value {
    let remedy = json!({"reserved-concurrency": {"function": "token-exchange", "executions": 20}});
    match tool {
        "get_context_delta" => json!({"since": "2026-11-20T03:14:00Z"}),
        "correlate_auth_events" => json!({"entry": "auth-api"}),
        "assess_risk" | "predict_recovery" | "execute_remediation" => {
            json!({"service": "token-exchange", "remedy": remedy})
        }
        _ => json!({}),
    }
}

async fn call(client: &Client, tool: &str, arguments: Value) -> CallToolResult {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    client.call_tool(CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments)).await.unwrap()
}

#[tokio::test]
async fn every_tool_is_described_and_answers_in_short() {
    let mut said = Vec::new();
    for toolset in Toolset::ALL {
        let client = client_for(toolset, auth_cascade()).await;
        let tools = client.list_all_tools().await.unwrap();
        let names: Vec<_> = tools.iter().map(|tool| tool.name.to_string()).collect();
        let table: Vec<_> = toolset.tools().iter().map(|entry| entry.spec.name).collect();
        assert_eq!(names, table);
        for tool in &tools {
            let annotations = tool.annotations.as_ref().unwrap();
            let hints = [
                annotations.read_only_hint,
                annotations.destructive_hint,
                annotations.idempotent_hint,
                annotations.open_world_hint,
            ];
            assert!(hints.iter().all(Option::is_some), "{}: every hint is explicit", tool.name);
            assert_eq!(annotations.read_only_hint == Some(false), tool.name == "execute_remediation");
            assert!(tool.output_schema.is_some() && tool.title.is_some());
            let about = tool.description.as_deref().unwrap();
            assert!(about.len() > 80 && about.contains("change"), "{}: says too little: {about}", tool.name);
            let result = call(&client, &tool.name, arguments(&tool.name)).await;
            let first = result.content[0].as_text().unwrap();
            assert!(first.text.len() < 2_000, "{} is not short", tool.name);
            said.push(format!("{}: {}", tool.name, first.text.chars().take(160).collect::<String>()));
        }
    }
    assert_snapshot!(said.join("\n"), @"
    get_incident_context: The likely root cause is user-pool, with confidence 97 % (ranked by excess flow). Affected, by onset: user-pool, auth-api, authorizer, token-exchange, web-app, 
    correlate_auth_events: 12 events, 10 of them tied to an earlier one. It spread user-pool → token-exchange → auth-api. As of 2026-11-20T03:24:00Z; the structured content holds the even
    get_auth_health_status: edge web-app: losing requests, loses 11.8 %. API gateway auth-api: losing requests, loses 57.2 %. authorizer authorizer: losing requests, loses 13.2 %. token fu
    detect_bottlenecks: At a limit, worst first: user-pool, token-exchange, user-db, user-service, web-app, token-exchange, token-exchange, token-exchange. As of 2026-11-20T03:24:00Z; 
    list_changes: 3 changes near the onset; the guilty one is E35. The structured content has them, the most suspicious first. Not seen: metrics of billing-export (no data point 
    get_timeline: 30 moments, from 2026-11-20T02:32:04Z to 2026-11-20T03:19:00Z; the structured content has them in order. Not seen: metrics of billing-export (no data point in t
    get_context_delta: Since 2026-11-20T03:14:00Z: 8 alarms fired, 0 recovered. Newly affected: order-service, billing-export, checkout. Not seen: metrics of billing-export (no data p
    find_similar_incidents: There is no past incident to compare with.
    list_gaps: Not seen: metrics of billing-export (no data point in the window).
    map_service_dependencies: 13 services, 14 calls. Alarms fire of auth-api, authorizer, billing-export, order-service, token-exchange, user-db, user-pool, user-service, web-app.
    predict_cascade: Nobody is expected to be hit next. As of 2026-11-20T03:24:00Z. Not seen: metrics of billing-export (no data point in the window).
    suggest_isolation: Cutting authorizer → user-pool, token-exchange → user-pool is worth it. No longer waiting then: auth-api, authorizer, checkout, order-service, token-exchange, u
    create_dependency_visualization: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange, auth-api, user-service, order-service and checkout within 7 min
    suggest_remediations: The most promising first: 1. Set reserved concurrency of token-exchange to 8 (90 now) (medium risk). 2. Mute the alarm auth-prod-apigw-4xx and 8 others for 60 m
    assess_risk: Set reserved concurrency of token-exchange to 20 (90 now): medium risk. Callers beyond the limit are refused with 429; what arrives asynchronously waits up to s
    predict_recovery: It helps with a probability of 58 %. Back at their baseline: token-exchange after 3 min (58 %). Not seen: metrics of billing-export (no data point in the window
    execute_remediation: `execute_remediation` cannot be called like this: at `incident`: people cannot be asked: `auth-cascade` is a recording, and nobody is there to decide
    get_plan_status: Not seen: a plan (none of that kind is there: it may not have been made yet, or what was asked for is not suggested any more).
    ");
}

fn valid(tool: &rmcp::model::Tool, result: &CallToolResult) -> Result<(), String> {
    let Some(answer) = &result.structured_content else {
        return if result.is_error == Some(true) { Ok(()) } else { Err(format!("{} answers nothing", tool.name)) };
    };
    let schema = serde_json::to_value(tool.output_schema.as_deref()).unwrap();
    validate(&schema, answer).map_err(|problem| format!("{}: {problem}", tool.name))
}

/// At any moment of a story, each answer is what its schema says, and fits.
#[test]
fn every_answer_is_what_its_schema_says() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let clients: Vec<(Client, Vec<rmcp::model::Tool>)> = runtime.block_on(async {
        let mut clients = Vec::new();
        for toolset in Toolset::ALL {
            for capsule in [auth_cascade(), usual_world()] {
                let client = client_for(toolset, capsule).await;
                let tools = client.list_all_tools().await.unwrap();
                clients.push((client, tools));
            }
        }
        clients
    });
    let start: jiff::Timestamp = "2026-11-20T03:12:00Z".parse().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    runner
        .run(&(0..720_i64), |after_s| {
            let at = start.saturating_add(jiff::SignedDuration::from_secs(after_s)).unwrap();
            for (client, tools) in &clients {
                for tool in tools {
                    let mut said = arguments(&tool.name);
                    if tool.input_schema["properties"].get("at").is_some() {
                        said["at"] = json!(at);
                    }
                    let result = runtime.block_on(call(client, &tool.name, said));
                    proptest::prop_assert!(serde_json::to_string(&result.structured_content).unwrap().len() < 300_000);
                    proptest::prop_assert_eq!(valid(tool, &result), Ok(()));
                }
            }
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn every_call_that_makes_sense_fits_its_schema() {
    for toolset in Toolset::ALL {
        let client = client_for(toolset, auth_cascade()).await;
        for tool in client.list_all_tools().await.unwrap() {
            let schema = serde_json::to_value(&*tool.input_schema).unwrap();
            assert_eq!(validate(&schema, &arguments(&tool.name)), Ok(()), "{}", tool.name);
            assert!(validate(&schema, &json!({"nonsense": 1})).is_err(), "{}", tool.name);
            let nonsense = call(&client, &tool.name, json!({"nonsense": 1})).await;
            assert_eq!(nonsense.is_error, Some(true), "{}", tool.name);
        }
    }
}

async fn read(client: &Client, uri: &str) -> Value {
    let read = client.read_resource(ReadResourceRequestParams::new(uri)).await.unwrap();
    serde_json::to_value(&read).unwrap()["contents"][0].clone()
}

#[tokio::test]
async fn resources_are_listed_and_can_be_read() {
    let client = client_for(Toolset::Dependency, auth_cascade()).await;
    let mut seen = Vec::new();
    for resource in client.list_all_resources().await.unwrap() {
        let content = read(&client, &resource.uri).await;
        assert_eq!(content["mimeType"], json!(resource.mime_type));
        let kind = if content["blob"].is_string() { "picture" } else { "text" };
        seen.push(format!("{} ({}): {kind}", resource.uri, resource.title.unwrap()));
    }
    assert_snapshot!(seen.join("\n"), @"
    clarity://incidents (Open incidents): text
    clarity://topology (Topology): text
    clarity://capsule (Capsule): text
    clarity://incidents/INC-1/verdict (Verdict on INC-1): text
    clarity://incidents/INC-1/blast-radius.png (Blast radius of INC-1): picture
    ");
    let picture = read(&client, "clarity://incidents/INC-1/blast-radius.png").await;
    assert!(picture["blob"].as_str().unwrap().starts_with("iVBORw0KGgo"), "a PNG");
    let open: Value =
        serde_json::from_str(read(&client, "clarity://incidents").await["text"].as_str().unwrap()).unwrap();
    assert_eq!(open["incidents"][0]["incident"], json!("INC-1"));
    let templates = client.list_all_resource_templates().await.unwrap();
    assert_eq!(templates.len(), 2);
    for nothing in ["clarity://incidents/INC-9/verdict", "clarity://nothing", "file:///etc/passwd"] {
        let answer = client.read_resource(ReadResourceRequestParams::new(nothing)).await;
        assert!(answer.unwrap_err().to_string().contains("there is nothing under"), "{nothing}");
    }
}

#[tokio::test]
async fn prompts_bring_the_verdict_along() {
    for toolset in Toolset::ALL {
        let client = client_for(toolset, auth_cascade()).await;
        let prompts = client.list_all_prompts().await.unwrap();
        let titles: Vec<_> = prompts.iter().map(|prompt| prompt.title.clone().unwrap()).collect();
        assert_eq!(titles, ["What happened?", "Is it fixed?", "Write the postmortem"]);
        for prompt in prompts {
            let got = client.get_prompt(GetPromptRequestParams::new(prompt.name.clone())).await.unwrap();
            let got = serde_json::to_value(&got).unwrap();
            assert!(got["messages"][0]["content"]["text"].as_str().unwrap().contains("INC-1"));
            let verdict: Value =
                serde_json::from_str(got["messages"][1]["content"]["resource"]["text"].as_str().unwrap()).unwrap();
            assert_eq!(verdict["causes"][0]["service"], json!("user-pool"));
        }
        let odd = client.get_prompt(GetPromptRequestParams::new("fix_it")).await.unwrap_err().to_string();
        assert!(odd.contains("there is no prompt `fix_it`; there is: what_happened"), "{odd}");
    }
}

#[tokio::test]
async fn a_picture_is_image_content() {
    let client = client_for(Toolset::Dependency, auth_cascade()).await;
    let result = call(&client, "create_dependency_visualization", json!({})).await;
    let image = result.content[1].as_image().unwrap();
    assert_eq!(image.mime_type, "image/png");
    assert_eq!(result.structured_content.as_ref().unwrap()["png_base64"], Value::Null);
    let mermaid = call(&client, "create_dependency_visualization", json!({"format": "mermaid"})).await;
    assert!(mermaid.structured_content.as_ref().unwrap()["text"].as_str().unwrap().starts_with("flowchart"));
    assert_eq!(text(&mermaid), mermaid.structured_content.as_ref().unwrap()["alt"].as_str().unwrap());
}

#[tokio::test]
async fn nobody_decides_about_a_recording() {
    let client = client_for(Toolset::Recovery, auth_cascade()).await;
    let asked = call(&client, "execute_remediation", arguments("execute_remediation")).await;
    assert_eq!(asked.is_error, Some(true));
    assert_snapshot!(text(&asked), @"`execute_remediation` cannot be called like this: at `incident`: people cannot be asked: `auth-cascade` is a recording, and nobody is there to decide");
    let status = call(&client, "get_plan_status", json!({})).await;
    assert_snapshot!(text(&status), @"Not seen: a plan (none of that kind is there: it may not have been made yet, or what was asked for is not suggested any more).");
    assert_eq!(call(&client, "get_plan_status", json!({"incident": "INC-2"})).await.is_error, Some(true));
}

/// A world with more services than an answer can hold.
fn huge() -> Capsule {
    let mut capsule = usual_world();
    for place in 0..4_000 {
        let mut service = tools::model::Service::named(format!("service-{place}"));
        service.kind = Some("AWS::Lambda::Function".to_owned());
        capsule.topology.services.push(service);
        capsule.topology.edges.push(tools::model::Edge::between("web", &format!("service-{place}")));
    }
    capsule
}

#[tokio::test]
async fn what_is_cut_is_said() {
    let client = client_for(Toolset::Dependency, huge()).await;
    let result = call(&client, "map_service_dependencies", json!({})).await;
    let answer = result.structured_content.as_ref().unwrap();
    assert!(answer.to_string().len() <= 256 * 1024);
    assert!(text(&result).contains("The answer was cut to fit: "), "{}", text(&result));
    let meta = serde_json::to_value(&result.meta).unwrap();
    assert_eq!(meta["clarity/cut"]["map.topology.services"]["of"], json!(4_005));
    let kept = |list: &Value| list.as_array().unwrap().len();
    assert_eq!(kept(&answer["age_s"]), kept(&answer["map"]["topology"]["edges"]), "lists that belong together");
}

//! Models of Bedrock: against the local AWS where it can speak, and on recorded refusals where it never refuses.

use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tests::aws::Account;
use tests::scripted::Scripted;
use tests::voices::{call, give_voice, text};
use tools::aws::SdkConfig;
use tools::aws::bedrock::{Bedrock, Choice, Price};
use tools::language::{Failure, Heard, Prompt, Said, Side, Stop, ToolForm, Toolset, Turn};
use tools::model::IncidentId;
use tools::ports::LanguageModel as _;

fn choice(id: &str) -> Choice {
    let price = Price { read: 3.0, cached: 0.3, written: 15.0 };
    Choice { id: id.to_owned(), region: None, price: Some(price), caches: true }
}

fn bedrock(config: &SdkConfig, models: &[&str]) -> Bedrock {
    Bedrock::new(config, BTreeMap::from([(Toolset::Context, models.iter().map(|id| choice(id)).collect())]))
}

fn prompt(patience: Duration) -> Prompt {
    Prompt {
        toolset: Toolset::Context,
        incident: Some(IncidentId(7)),
        system: "Phrase what is claimed.".to_owned(),
        turns: vec![Turn { by: Side::Us, said: vec![Said::Text("What happens?".to_owned())] }],
        tools: vec![ToolForm {
            name: "tell".to_owned(),
            about: "Tells sentences.".to_owned(),
            schema: json!({"type": "object", "properties": {"sentences": {"type": "array"}}}),
        }],
        must_call: Some("tell".to_owned()),
        most_tokens: 500,
        patience,
        now: Timestamp::from_second(1_795_144_560).expect("a moment of 2026"),
    }
}

const SECONDS: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_model_is_told_of_tools_and_calls_one() {
    let account = Account::new().await;
    give_voice("voice.whole", |asked| {
        assert_eq!(asked["messages"][0], json!({"role": "system", "content": "Phrase what is claimed."}));
        assert_eq!(asked["tools"][0]["function"]["name"], "tell");
        assert_eq!(asked["tool_choice"]["function"]["name"], "tell");
        assert_eq!(asked["max_tokens"], 500);
        call("tell", &json!({"sentences": [{"text": "It fails.", "evidence": ["E1"]}]}))
    });
    let reply = bedrock(&account.config, &["voice.whole"]).converse(&prompt(SECONDS), None).await.unwrap();
    let arguments = json!({"sentences": [{"text": "It fails.", "evidence": ["E1"]}]});
    assert_eq!(reply.said, [Said::Call { id: "call-1".to_owned(), tool: "tell".to_owned(), arguments }]);
    assert_eq!(reply.stop, Stop::Calls);
    assert_eq!((reply.spent.tokens(), reply.spent.micro_usd), (1_100, Some(4_500)));
    assert_eq!(reply.spent.model.as_deref(), Some("voice.whole"));
}

#[tokio::test]
async fn what_a_tool_answered_goes_back() {
    let account = Account::new().await;
    give_voice("voice.loop", |asked| match asked["messages"].as_array().unwrap().last().unwrap()["role"].as_str() {
        Some("tool") => {
            let answered = asked["messages"].as_array().unwrap().last().unwrap();
            text(&format!("{} said {}", answered["tool_call_id"], answered["content"]))
        }
        _ => call("list_changes", &json!({})),
    });
    let bedrock = bedrock(&account.config, &["voice.loop"]);
    let mut prompt = prompt(SECONDS);
    prompt.must_call = None;
    let first = bedrock.converse(&prompt, None).await.unwrap();
    let Some(Said::Call { id, .. }) = first.said.first().cloned() else { panic!("{first:?}") };
    prompt.turns.push(Turn { by: Side::Model, said: first.said });
    let answer = Said::Answer { id, answer: json!({"changes": []}), failed: false };
    prompt.turns.push(Turn { by: Side::Us, said: vec![answer] });
    let second = bedrock.converse(&prompt, None).await.unwrap();
    assert_eq!(second.stop, Stop::Ended);
    let expected = r#""call-1" said "{\"changes\": []}""#;
    assert_eq!(second.said, [Said::Text(expected.to_owned())]);
}

#[tokio::test]
async fn a_stream_is_heard_as_it_comes_and_returned_whole() {
    let account = Account::new().await;
    let arguments = json!({"sentences": [{"text": "It fails.", "evidence": ["E1"]}]});
    let told = arguments.clone();
    give_voice("voice.stream", move |_| call("tell", &told));
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let reply = bedrock(&account.config, &["voice.stream"]).converse(&prompt(SECONDS), Some(&heard)).await.unwrap();
    assert_eq!((reply.stop, reply.spent.micro_usd), (Stop::Calls, Some(4_500)));
    drop(heard);
    let mut pieces = String::new();
    while let Some(said) = hears.recv().await {
        match said {
            Heard::Arguments { tool, piece } => {
                assert_eq!(tool, "tell");
                pieces.push_str(&piece);
            }
            Heard::Text(words) => assert_eq!(words, ""),
        }
    }
    assert_eq!(serde_json::from_str::<Value>(&pieces).unwrap(), arguments);
    assert_eq!(reply.said[1..], [Said::Call { id: "call-1".to_owned(), tool: "tell".to_owned(), arguments }]);
}

#[tokio::test]
async fn every_model_is_tried_at_the_start() {
    let account = Account::new().await;
    let now = "2026-11-20T03:16:00Z".parse().unwrap();
    let probed = bedrock(&account.config, &["voice.any"]).probe(now).await;
    assert_eq!(probed, [(Toolset::Context, "voice.any".to_owned(), Ok(()))]);
}

/// A Bedrock that refuses the models whose ids say how; the others answer.
async fn refusing() -> (Scripted, SdkConfig) {
    let server = Scripted::new(|asked| {
        let model = asked.operation.split('/').nth(2).unwrap_or_default();
        match model {
            "retired" => (404, json!({"__type": "ResourceNotFoundException", "message": "This model version has reached the end of its life."})),
            "denied" => (403, json!({"__type": "AccessDeniedException", "message": "not authorized to perform: bedrock:InvokeModel"})),
            "bare" => (400, json!({"__type": "ValidationException", "message": "Invocation of model ID x with on-demand throughput isn’t supported."})),
            "busy" => (429, json!({"__type": "ThrottlingException", "message": "Too many tokens, please wait before trying again."})),
            "broken" => (503, json!({"__type": "ServiceUnavailableException", "message": "unable to process"})),
            "picky" => (400, json!({"__type": "ValidationException", "message": "messages.1: must alternate"})),
            "guarded" => (200, answer("guardrail_intervened")),
            "cut" => (200, answer("max_tokens")),
            "garbled" => (200, answer("malformed_tool_use")),
            _ => (200, answer("end_turn")),
        }
    })
    .await;
    let account = Account::new().await;
    let config = account.config.to_builder().endpoint_url(&server.url).build();
    (server, config)
}

fn answer(stop: &str) -> Value {
    json!({
        "output": {"message": {"role": "assistant", "content": [{"text": "Well."}]}},
        "stopReason": stop,
        "usage": {"inputTokens": 600, "outputTokens": 80, "totalTokens": 1080, "cacheReadInputTokens": 400, "cacheWriteInputTokens": 0},
        "metrics": {"latencyMs": 1}
    })
}

#[track_caller]
fn asked(server: &Scripted) -> Vec<String> {
    server.calls().iter().map(|call| call.operation.split('/').nth(2).unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_model_that_cannot_be_used_is_stood_in_for_and_left_alone() {
    for (model, why) in [("retired", "end of its life"), ("denied", "not authorized"), ("bare", "on-demand")] {
        let (server, config) = refusing().await;
        let bedrock = bedrock(&config, &[model, "good"]);
        let reply = bedrock.converse(&prompt(SECONDS), None).await.unwrap();
        assert_eq!(reply.said, [Said::Text("Well.".to_owned())]);
        assert_eq!((reply.spent.read_tokens, reply.spent.cached_tokens, reply.spent.written_tokens), (1_000, 400, 80));
        let [(passed, failure)] = reply.passed_over.as_slice() else { panic!("{reply:?}") };
        assert!(passed == model && failure.to_string().contains(why), "{failure}");
        // It is not asked again, until half an hour has gone by.
        bedrock.converse(&prompt(SECONDS), None).await.unwrap();
        assert_eq!(asked(&server), [model, "good", "good"]);
        let mut later = prompt(SECONDS);
        later.now = "2026-11-20T03:47:00Z".parse().unwrap();
        bedrock.converse(&later, None).await.unwrap();
        assert_eq!(asked(&server), [model, "good", "good", model, "good"]);
    }
}

#[tokio::test]
async fn a_model_that_is_busy_is_tried_twice_and_then_stood_in_for() {
    for model in ["busy", "broken"] {
        let (server, config) = refusing().await;
        let bedrock = bedrock(&config, &[model, "good"]);
        bedrock.converse(&prompt(SECONDS), None).await.unwrap();
        assert_eq!(asked(&server), [model, model, "good"]);
        bedrock.converse(&prompt(SECONDS), None).await.unwrap();
        assert_eq!(asked(&server)[3..], [model, model, "good"], "the next prompt finds it perhaps at leisure");
    }
}

#[tokio::test]
async fn what_every_model_would_refuse_is_refused_once() {
    let (server, config) = refusing().await;
    let told = bedrock(&config, &["picky", "good"]).converse(&prompt(SECONDS), None).await;
    assert!(matches!(told, Err(Failure::Invalid(_))), "{told:?}");
    assert_eq!(asked(&server), ["picky"]);
}

#[tokio::test]
async fn no_model_is_no_answer() {
    let (_server, config) = refusing().await;
    assert_eq!(bedrock(&config, &[]).converse(&prompt(SECONDS), None).await, Err(Failure::None));
    let told = bedrock(&config, &["retired"]).converse(&prompt(SECONDS), None).await;
    assert!(matches!(told, Err(Failure::Gone(_))), "{told:?}");
}

#[tokio::test]
async fn why_a_reply_ends_is_told() {
    let (_server, config) = refusing().await;
    for (model, stop) in
        [("guarded", Stop::Withheld), ("cut", Stop::Cut), ("garbled", Stop::Malformed), ("good", Stop::Ended)]
    {
        let reply = bedrock(&config, &[model]).converse(&prompt(SECONDS), None).await.unwrap();
        assert_eq!(reply.stop, stop, "{model}");
    }
}

#[tokio::test]
async fn nobody_waits_for_a_model_that_hangs() {
    // It takes the connection, and says nothing.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let account = Account::new().await;
    let url = format!("http://{}", listener.local_addr().unwrap());
    let config = account.config.to_builder().endpoint_url(url).build();
    let told = bedrock(&config, &["slow", "slower"]).converse(&prompt(Duration::from_millis(200)), None).await;
    assert_eq!(told, Err(Failure::TooSlow));
}

#[tokio::test]
async fn what_is_the_same_in_every_prompt_is_marked_for_the_cache() {
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    let server = Scripted::new(|asked| {
        let point = json!({"cachePoint": {"type": "default"}});
        let (system, tools) =
            (asked.body["system"].as_array().unwrap(), asked.body["toolConfig"]["tools"].as_array().unwrap());
        assert_eq!((system.last(), tools.last()), (Some(&point), Some(&point)));
        assert_eq!(asked.body["requestMetadata"], json!({"incident": "INC-7"}));
        assert_eq!(asked.body["inferenceConfig"], json!({"maxTokens": 500}), "newer models refuse a temperature");
        SEEN.fetch_add(1, Ordering::Relaxed);
        (200, answer("end_turn"))
    })
    .await;
    let account = Account::new().await;
    let config = account.config.to_builder().endpoint_url(&server.url).build();
    bedrock(&config, &["good"]).converse(&prompt(SECONDS), None).await.unwrap();
    assert_eq!(SEEN.load(Ordering::Relaxed), 1);
}

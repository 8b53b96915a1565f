//! What the models of the local AWS say. It asks a server that speaks like `OpenAI`'s; this is that server, and each model that a
//! test names says what the test tells it to.

use crate::scripted::{Call, Scripted};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};

type Voice = Arc<dyn Fn(&Value) -> Value + Send + Sync>;

fn voices() -> &'static Mutex<HashMap<String, Voice>> {
    static VOICES: OnceLock<Mutex<HashMap<String, Voice>>> = OnceLock::new();
    VOICES.get_or_init(Mutex::default)
}

/// From now on the model `id` answers a request with the message that `says` makes of it: [`text()`] or [`call()`].
pub fn give_voice(id: &str, says: impl Fn(&Value) -> Value + Send + Sync + 'static) {
    voices().lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), Arc::new(says));
}

/// A message of words.
pub fn text(words: &str) -> Value {
    json!({"role": "assistant", "content": words})
}

/// A message that calls a tool.
pub fn call(tool: &str, arguments: &Value) -> Value {
    let function = json!({"name": tool, "arguments": arguments.to_string()});
    json!({"role": "assistant", "content": null, "tool_calls": [{"id": "call-1", "type": "function", "function": function}]})
}

fn answer(asked: &Call) -> (u16, Value) {
    let model = asked.body["model"].as_str().unwrap_or_default();
    let voice = voices().lock().unwrap_or_else(PoisonError::into_inner).get(model).cloned();
    let message = voice.map_or_else(|| text("ok"), |voice| voice(&asked.body));
    let usage = json!({"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100});
    (200, json!({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}))
}

/// Where the server is. It serves as long as the test binary runs.
///
/// # Panics
/// This machine has no free port.
pub fn url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        let (told, tells) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let server = Scripted::new(answer).await;
                told.send(server.url.clone()).expect("somebody waits");
                std::future::pending::<()>().await;
            });
        });
        tells.recv().expect("the server starts")
    })
}

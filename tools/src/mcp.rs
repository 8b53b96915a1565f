//! The context toolset as an MCP server: [`crate::context::TOOLS`], each tool with what MCP wants to know of it. The only file
//! that names `rmcp`.
//!
//! A client speaks about one capsule and need not know its alarms: the server fills them in.

use crate::capsule::{Capsule, World};
use crate::context::{
    Bottlenecks, CorrelateAuthEvents, DetectBottlenecks, GetAuthHealthStatus, GetContextDelta, GetIncidentContext,
    TOOLS,
};
use crate::model::{AuthHealth, Gap, Hop, HopStatus, ServiceId, Story, Verdict};
use crate::ports::Outside;
use crate::tool::{Effect, Entry, Subject, Tool, ToolError, ToolSpec};
use jiff::Timestamp;
use rmcp::model::{
    CallToolRequestMethod, CallToolRequestParams, CallToolResponse, CallToolResult, ConstString, ContentBlock,
    CustomRequest, CustomResult, ErrorCode, Implementation, JsonObject, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerConfig, ToolAnnotations,
};
use rmcp::service::{QuitReason, RequestContext};
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// The name of the toolset, and of its server.
const NAME: &str = "auth-flow-context";

/// More services than this are only counted in the short text; all of them are in the structured content.
const MOST: usize = 10;

/// Why serving ended in another way than by the client hanging up.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The client never opened the conversation.
    #[error("no MCP client opened a conversation on stdin: {0}. Let an MCP client start this command")]
    Opening(String),
    /// The conversation broke off.
    #[error("the MCP conversation broke off: {0}")]
    Broken(String),
}

/// Serves the context toolset on the capsule's world over stdin and stdout, until the client hangs up.
pub async fn serve_stdio(capsule: Arc<Capsule>) -> Result<(), ServeError> {
    let (input, output) = rmcp::transport::stdio();
    serve(capsule, input, output).await
}

/// The same over any two streams.
pub async fn serve(
    capsule: Arc<Capsule>,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> Result<(), ServeError> {
    let server = Server { outside: World::outside(Arc::clone(&capsule)), capsule };
    let running = server.serve((input, output)).await.map_err(|err| ServeError::Opening(err.to_string()))?;
    match running.waiting().await {
        Ok(QuitReason::JoinError(err)) | Err(err) => Err(ServeError::Broken(err.to_string())),
        Ok(_) => Ok(()),
    }
}

struct Server {
    capsule: Arc<Capsule>,
    outside: Outside,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let Capsule { name, window, .. } = &*self.capsule;
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new(NAME, env!("CARGO_PKG_VERSION")))
            .with_instructions(format!(
                "Explains incidents on AWS: what is going on, what caused it, what it hits next. It speaks about one \
                 recorded incident, `{name}`, from {} to {}, and only reads.",
                window.from, window.to
            ))
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(TOOLS.iter().map(|entry| self.describe(entry)).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(entry) = TOOLS.iter().find(|entry| entry.spec.name == request.name) else {
            let known: Vec<_> = TOOLS.iter().map(|entry| entry.spec.name).collect();
            let problem = format!("there is no tool `{}`; there is: {}", request.name, known.join(", "));
            return Err(ErrorData::invalid_params(problem, None));
        };
        let arguments = request.arguments.unwrap_or_default();
        let result = self.call(entry, arguments).await;
        Ok(result.unwrap_or_else(|problem| CallToolResult::error(vec![ContentBlock::text(problem)])).into())
    }

    /// A known method whose parameters have the wrong form arrives here too: `arguments` that are a list, say.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if request.method == CallToolRequestMethod::VALUE {
            let problem = "`tools/call` takes the `name` of a tool and its `arguments`, an object";
            return Err(ErrorData::invalid_params(problem, None));
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, request.method, None))
    }
}

impl Server {
    /// What a caller sees of a tool.
    fn describe(&self, entry: &Entry) -> rmcp::model::Tool {
        let spec = entry.spec;
        let annotations = match spec.effect {
            Effect::Read => {
                ToolAnnotations::new().read_only(true).destructive(false).idempotent(true).open_world(false)
            }
            Effect::Ask => ToolAnnotations::new().read_only(false).destructive(false).idempotent(true).open_world(true),
        };
        rmcp::model::Tool::new(spec.name, format!("{}{}", spec.about, note(&spec)), self.schema(&spec))
            .with_title(spec.title)
            .with_annotations(annotations)
    }

    /// What a client may say to a tool. What the server knows itself is not asked for.
    fn schema(&self, spec: &ToolSpec) -> JsonObject {
        let window = self.capsule.window;
        let about = match spec.subject {
            Subject::Alarms => "The moment to speak about",
            Subject::Incident => "The moment to look back from",
        };
        let at = format!(
            "{about}, in RFC 3339 with a zone, from {} to {}; nothing later is read. Left out: the end.",
            window.from, window.to
        );
        let mut properties = JsonObject::new();
        properties.insert(AT.to_owned(), json!({ "type": "string", "format": "date-time", "description": at }));
        let mut required: Vec<&str> = Vec::new();
        if spec.subject == Subject::Incident {
            properties.insert(
                "incident".to_owned(),
                json!({ "type": "string", "pattern": "^INC-[0-9]+$", "description": "The incident, like `INC-7`." }),
            );
            required.push("incident");
        }
        if spec.name == GetContextDelta::SPEC.name {
            properties.insert(
                "since".to_owned(),
                json!({
                    "type": "string",
                    "format": "date-time",
                    "description": "The moment to compare with, in RFC 3339 with a zone.",
                }),
            );
            required.push("since");
        }
        if spec.name == CorrelateAuthEvents::SPEC.name {
            let about = "The name of a service: then only what it calls is told. Left out: everything that alarms.";
            properties.insert("entry".to_owned(), json!({ "type": "string", "description": about }));
        }
        let mut schema = JsonObject::new();
        schema.insert("type".to_owned(), json!("object"));
        schema.insert("properties".to_owned(), Value::Object(properties));
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema.insert("additionalProperties".to_owned(), json!(false));
        schema
    }

    /// What goes wrong here is the caller's to read: one sentence.
    async fn call(&self, entry: &Entry, arguments: JsonObject) -> Result<CallToolResult, String> {
        let arguments = self.arguments(&entry.spec, arguments)?;
        let answer = entry.call(&self.outside, arguments).await.map_err(|err| err.to_string())?;
        let text = in_words(entry.spec.name, &answer);
        let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
        result.structured_content = Some(answer);
        Ok(result)
    }

    /// From the client's arguments to the tool's own: the alarms and the moment are filled in.
    fn arguments(&self, spec: &ToolSpec, mut arguments: JsonObject) -> Result<Value, String> {
        let wrong =
            |path: &str, problem| ToolError::Arguments { tool: spec.name, path: path.to_owned(), problem }.to_string();
        if let Some(ours) = ["alarms", "now"].into_iter().find(|ours| arguments.contains_key(*ours)) {
            return Err(wrong(ours, "the server fills this in; leave it out".to_owned()));
        }
        let end = self.capsule.window.to;
        let now = match arguments.remove(AT) {
            None | Some(Value::Null) => end,
            Some(Value::String(at)) => at
                .parse::<Timestamp>()
                .map_err(|_| wrong(AT, format!("this is no RFC 3339 time with a zone; one looks like {end}")))?,
            Some(_) => return Err(wrong(AT, format!("a time is written as text; one looks like {end}"))),
        };
        if now > end {
            return Err(wrong(AT, format!("nothing is known after {end}, where `{}` ends", self.capsule.name)));
        }
        if spec.subject == Subject::Alarms {
            let alarms = self.capsule.alarms_until(now);
            if alarms.is_empty() {
                return Err(format!("`{}` has no alarm by {now}, so there is nothing to explain", self.capsule.name));
            }
            arguments.insert("alarms".to_owned(), json!(alarms));
        }
        arguments.insert("now".to_owned(), json!(now));
        Ok(Value::Object(arguments))
    }
}

/// The argument that names the moment.
const AT: &str = "at";

/// What a caller over MCP has to know besides what the tool says of itself.
fn note(spec: &ToolSpec) -> &'static str {
    if spec.name == GetIncidentContext::SPEC.name {
        return " The alarms are the ones this server knows: call it without arguments for the whole incident, or \
                with `at` for what was known at an earlier moment. Confidence is from 0 to 1; `no_cause_found` is \
                an answer and not a failure, and then `causes` are only candidates. Ids like `E7` refer to \
                `evidence`; `gaps` say what could not be read. It changes nothing.";
    }
    if spec.name == CorrelateAuthEvents::SPEC.name {
        return " The signals are the ones this server knows. With `entry` the story is about what that service calls; with \
                `at` about what was known at an earlier moment. Positions in `links` count `events` from 0. It changes \
                nothing.";
    }
    if spec.name == GetAuthHealthStatus::SPEC.name {
        return " Shares are from 0 to 1 and latencies in milliseconds; null is what was not measured, which is not zero. \
                With `at` it speaks about an earlier moment. It changes nothing.";
    }
    if spec.name == DetectBottlenecks::SPEC.name {
        return " `severity` is the share of what flows through a service that is refused, late or superfluous, from 0 to \
                1. With `at` it speaks about an earlier moment. It changes nothing.";
    }
    match spec.subject {
        Subject::Alarms => {
            " The alarms are the ones this server knows. Ids like `E7` refer to `evidence`; `gaps` say what could not be \
             read. It changes nothing."
        }
        Subject::Incident => " It changes nothing.",
    }
}

/// The short text of an answer, where there is one shorter than the answer itself.
fn in_words(tool: &str, answer: &Value) -> String {
    if tool == GetIncidentContext::SPEC.name {
        told(answer, in_short)
    } else if tool == CorrelateAuthEvents::SPEC.name {
        told(answer, story_in_short)
    } else if tool == GetAuthHealthStatus::SPEC.name {
        told(answer, health_in_short)
    } else if tool == DetectBottlenecks::SPEC.name {
        told(answer, bottlenecks_in_short)
    } else {
        answer.to_string()
    }
}

/// An answer in short. A figure that JSON cannot hold is read back as none; the JSON itself is then the text.
fn told<T: for<'de> Deserialize<'de>>(answer: &Value, in_short: fn(&T) -> String) -> String {
    T::deserialize(answer).map_or_else(|_| answer.to_string(), |answer| in_short(&answer))
}

fn not_seen(gaps: &[Gap]) -> impl Iterator<Item = String> + '_ {
    gaps.iter().map(|gap| format!("Not seen: {} ({}).", gap.wanted, gap.because))
}

fn story_in_short(story: &Story) -> String {
    let mut sentences =
        vec![format!("{} events, {} of them tied to an earlier one.", story.events.len(), story.links.len())];
    if story.path.len() > 1 {
        let path: Vec<&str> = story.path.iter().map(ServiceId::as_str).collect();
        sentences.push(format!("It spread {}.", path.join(" → ")));
    }
    sentences.extend(not_seen(&story.gaps));
    sentences.push(format!("As of {}; the structured content holds the events and what ties them.", story.at));
    sentences.join(" ")
}

fn health_in_short(health: &AuthHealth) -> String {
    let hop = |hop: &Hop| {
        let status = match hop.status {
            HopStatus::Healthy => "healthy",
            HopStatus::Slow => "slow",
            HopStatus::Losing => "losing requests",
            HopStatus::Unknown => "not measured",
        };
        let loss = hop.loss.map(|loss| format!(", loses {:.1} %", 100.0 * loss)).unwrap_or_default();
        format!("{} {}: {status}{loss}.", hop.stage, hop.service)
    };
    let mut sentences: Vec<String> = health.hops.iter().take(MOST).map(hop).collect();
    if let Some(first) = &health.first_unexplained {
        sentences.push(format!("The first whose trouble nothing behind it explains is {first}."));
    }
    sentences.extend(not_seen(&health.gaps));
    sentences.push(format!("As of {}; the structured content holds the evidence.", health.at));
    sentences.join(" ")
}

fn bottlenecks_in_short(found: &Bottlenecks) -> String {
    let mut sentences = vec![match found.bottlenecks.as_slice() {
        [] => "No service is at a limit.".to_owned(),
        found => {
            format!("At a limit, worst first: {}.", names(found.iter().map(|bottleneck| &bottleneck.service)))
        }
    }];
    sentences.extend(not_seen(&found.gaps));
    sentences.push(format!("As of {}; the structured content holds the figures and the evidence.", found.at));
    sentences.join(" ")
}

/// The verdict in short, for clients that show only text.
fn in_short(verdict: &Verdict) -> String {
    let mut sentences = vec![match verdict.cause() {
        Some(cause) => format!(
            "The likely root cause is {}, with confidence {:.0} % (ranked by {}).",
            cause.service,
            cause.confidence * 100.0,
            verdict.lane
        ),
        None => format!("No cause found (ranked by {}).", verdict.lane),
    }];
    sentences.push(match verdict.affected.as_slice() {
        [] => "No service is outside its normal range.".to_owned(),
        affected => format!("Affected, by onset: {}.", names(affected.iter().map(|affected| &affected.service))),
    });
    if !verdict.expected.is_empty() {
        sentences.push(format!("Hit next: {}.", names(verdict.expected.iter().map(|expected| &expected.service))));
    }
    for gap in &verdict.gaps {
        sentences.push(format!("Not seen: {} ({}).", gap.wanted, gap.because));
    }
    sentences.push(format!(
        "As of {}; the structured content holds the changes, the next steps and the evidence.",
        verdict.at
    ));
    sentences.join(" ")
}

fn names<'a>(services: impl ExactSizeIterator<Item = &'a ServiceId>) -> String {
    let more = services.len().saturating_sub(MOST);
    let mut names: Vec<String> = services.take(MOST).map(ToString::to_string).collect();
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

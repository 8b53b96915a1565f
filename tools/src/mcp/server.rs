//! One toolset as a server: what it lists, and a call from its arguments to its answer.

use super::confirm::{Confirmation, Confirmed};
use super::desk::{AT, Desk};
use super::front::Caller;
use super::schema::{input, schemas};
use super::words::{in_words, note};
use super::{Toolset, bound, memo, prompt, resource, task};
use crate::dependency::draw::CreateDependencyVisualization;
use crate::recovery::ExecuteRemediation;
use crate::recovery::policy::PersonId;
use crate::tool::{Effect, Entry, Subject, Tool, ToolError, ToolSpec};
use rmcp::model::{
    CacheScope, CallToolRequestMethod, CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams,
    ConstString, ContentBlock, CustomRequest, CustomResult, ErrorCode, GetPromptRequestMethod, GetPromptRequestParams,
    GetPromptResponse, GetTaskParams, GetTaskResult, Implementation, JsonObject, ListPromptsRequestMethod,
    ListPromptsResult, ListResourceTemplatesRequestMethod, ListResourceTemplatesResult, ListResourcesRequestMethod,
    ListResourcesResult, ListToolsRequestMethod, ListToolsResult, MetaObject, PaginatedRequestParams,
    ProgressNotificationParam, ReadResourceRequestMethod, ReadResourceRequestParams, ReadResourceResponse,
    ServerCapabilities, ServerConfig, ToolAnnotations, UpdateTaskParams,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::Value;
use std::time::Duration;
use tokio::task::JoinHandle;

/// So many things of a list go out at once.
const PAGE: usize = 50;

/// How long a list may be kept by a client, in milliseconds. Tools and prompts never change; incidents do all the time.
const LASTING_MS: u64 = 3_600_000;
pub(super) const PASSING_MS: u64 = 5_000;

/// How a tool that only reads is told to do no more.
const NOTHING: &str = " It changes nothing.";

/// Whoever waits longer than this hears that it goes on, and again after as long.
const BEAT: Duration = Duration::from_secs(1);

/// One toolset, and what it speaks about.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) toolset: Toolset,
    pub(super) desk: Desk,
    pub(super) confirmation: Confirmation,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().enable_prompts();
        let capabilities = if self.asks() { capabilities.enable_tasks() } else { capabilities }.build();
        let about = match &self.desk.about {
            super::desk::About::Capsule(capsule) => format!(
                "It speaks about one recorded incident, `{}`, from {} to {}.",
                capsule.name, capsule.window.from, capsule.window.to
            ),
            super::desk::About::Live { .. } => {
                "It speaks about the incidents there are: `clarity://incidents` lists the open ones, and a tool takes one \
                 as `incident`."
                    .to_owned()
            }
        };
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new(self.toolset.name(), env!("CARGO_PKG_VERSION")))
            .with_instructions(format!("{} {about}", self.toolset.about()))
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let (entries, next) = paged(self.toolset.tools(), page)?;
        let tools = entries.iter().map(|entry| self.describe(entry)).collect();
        let mut list =
            ListToolsResult::with_all_items(tools).with_ttl_ms(LASTING_MS).with_cache_scope(CacheScope::Private);
        list.next_cursor = next;
        Ok(list)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tools = self.toolset.tools();
        let Some(entry) = tools.iter().find(|entry| entry.spec.name == request.name) else {
            let known: Vec<_> = tools.iter().map(|entry| entry.spec.name).collect();
            let problem = format!("there is no tool `{}`; there is: {}", request.name, known.join(", "));
            return Err(ErrorData::invalid_params(problem, None));
        };
        let caller = caller_of(&context);
        // Where nobody stands behind a call it is refused anyway, and nobody has to answer before.
        if let Some(caller) = &caller
            && entry.spec.effect == Effect::Ask
            && Confirmation::is_possible(context.client_capabilities().as_ref())
        {
            match self.confirmed(&request, caller).await? {
                Confirmed::Yes => {}
                Confirmed::No(why) => return Ok(CallToolResult::error(vec![ContentBlock::text(why)]).into()),
                Confirmed::Ask(question) => return Ok(question.into()),
            }
        }
        let (server, arguments) = (self.clone(), request.arguments.unwrap_or_default());
        // Apart, so that the beat goes on however busy the tool is, and a tool that fails takes nothing with it.
        let work = Abandoned(tokio::spawn(async move { server.call(entry, arguments, caller).await }));
        let result = self.wait(work, entry, &context).await?;
        let knows_tasks = context.client_capabilities().is_some_and(|client| client.supports_tasks());
        if entry.spec.effect == Effect::Ask
            && knows_tasks
            && let Some(task) = result.as_ref().ok().and_then(|asked| task::begin(asked, &self.desk))
        {
            return Ok(CallToolResponse::Task(task));
        }
        Ok(result.unwrap_or_else(|problem| CallToolResult::error(vec![ContentBlock::text(problem)])).into())
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let asked = tokio::time::timeout(self.desk.deadline, task::get(&self.desk, &request.task_id));
        asked.await.map_err(|_| late(self.desk.deadline))?
    }

    /// No task asks a client for anything, so that nothing is done with what it says.
    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        known(&request.task_id)
    }

    /// A client may stop waiting. What people were asked stays theirs: they reject it, or whoever asked revokes it in the war room.
    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        known(&request.task_id)
    }

    async fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let all = resource::list(&self.desk).await.map_err(|problem| ErrorData::internal_error(problem, None))?;
        let (resources, next) = paged(&all, page)?;
        let mut list = ListResourcesResult::with_all_items(resources.to_vec())
            .with_ttl_ms(PASSING_MS)
            .with_cache_scope(CacheScope::Private);
        list.next_cursor = next;
        Ok(list)
    }

    async fn list_resource_templates(
        &self,
        page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let all = resource::templates();
        let (templates, next) = paged(&all, page)?;
        let mut list = ListResourceTemplatesResult::with_all_items(templates.to_vec())
            .with_ttl_ms(LASTING_MS)
            .with_cache_scope(CacheScope::Private);
        list.next_cursor = next;
        Ok(list)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let read = tokio::time::timeout(self.desk.deadline, resource::read(&self.desk, &request.uri));
        tokio::select! {
            done = read => Ok(done.map_err(|_| late(self.desk.deadline))??.into()),
            () = context.ct.cancelled() => Err(cancelled()),
        }
    }

    async fn list_prompts(
        &self,
        page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let all = prompt::list();
        let (prompts, next) = paged(&all, page)?;
        let mut list = ListPromptsResult::with_all_items(prompts.to_vec())
            .with_ttl_ms(LASTING_MS)
            .with_cache_scope(CacheScope::Private);
        list.next_cursor = next;
        Ok(list)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let ask = prompt::get(&self.desk, &request.name, request.arguments.unwrap_or_default());
        tokio::select! {
            done = tokio::time::timeout(self.desk.deadline, ask) => Ok(done.map_err(|_| late(self.desk.deadline))??.into()),
            () = context.ct.cancelled() => Err(cancelled()),
        }
    }

    /// A known method whose parameters have the wrong form arrives here too: `arguments` that are a list, say.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let forms = [
            (CallToolRequestMethod::VALUE, "the `name` of a tool and its `arguments`, an object"),
            (GetPromptRequestMethod::VALUE, "the `name` of a prompt and its `arguments`, an object"),
            (ReadResourceRequestMethod::VALUE, "the `uri` of a resource"),
            (ListToolsRequestMethod::VALUE, "at most a `cursor`, a text"),
            (ListPromptsRequestMethod::VALUE, "at most a `cursor`, a text"),
            (ListResourcesRequestMethod::VALUE, "at most a `cursor`, a text"),
            (ListResourceTemplatesRequestMethod::VALUE, "at most a `cursor`, a text"),
        ];
        match forms.iter().find(|(method, _)| *method == request.method) {
            Some((method, takes)) => Err(ErrorData::invalid_params(format!("`{method}` takes {takes}"), None)),
            None => Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, request.method, None)),
        }
    }
}

/// Work that ends with whoever waits for it.
struct Abandoned<T>(JoinHandle<T>);

impl<T> Drop for Abandoned<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type Answered = Result<CallToolResult, String>;

impl Server {
    /// Whether any of its tools asks people.
    fn asks(&self) -> bool {
        self.toolset.tools().iter().any(|entry| entry.spec.effect == Effect::Ask)
    }

    /// What a caller sees of a tool.
    fn describe(&self, entry: &Entry) -> rmcp::model::Tool {
        let spec = entry.spec;
        let annotations = match spec.effect {
            Effect::Read => {
                ToolAnnotations::new().read_only(true).destructive(false).idempotent(true).open_world(false)
            }
            Effect::Ask => ToolAnnotations::new().read_only(false).destructive(false).idempotent(true).open_world(true),
        };
        // Some tools say themselves that they change nothing; once is enough.
        let note = note(&spec);
        let said = spec.about.contains(NOTHING.trim());
        let note = note.strip_suffix(NOTHING).filter(|_| said).unwrap_or(note);
        let tool = rmcp::model::Tool::new(spec.name, format!("{}{note}", spec.about), input(&spec, &self.desk))
            .with_title(spec.title)
            .with_annotations(annotations);
        match schemas(spec.name) {
            Some(schemas) => tool.with_raw_output_schema(schemas.output.clone()),
            None => tool,
        }
    }

    /// Whether whoever sits at the client means it. What cannot be read is told by the call itself.
    async fn confirmed(&self, request: &CallToolRequestParams, caller: &PersonId) -> Result<Confirmed, ErrorData> {
        let arguments = request.arguments.clone().unwrap_or_default();
        let Ok(arguments) = self.desk.arguments(&ExecuteRemediation::SPEC, arguments).await else {
            return Ok(Confirmed::Yes);
        };
        match serde_json::from_value::<ExecuteRemediation>(arguments) {
            Ok(asked) => self.confirmation.of(&asked, request, caller),
            Err(_) => Ok(Confirmed::Yes),
        }
    }

    /// Waits for a call, and tells whoever asked for it that it goes on.
    async fn wait(
        &self,
        mut work: Abandoned<Answered>,
        entry: &Entry,
        context: &RequestContext<RoleServer>,
    ) -> Result<Answered, ErrorData> {
        let token = context.meta.get_progress_token();
        let deadline = tokio::time::timeout(self.desk.deadline, std::future::pending::<()>());
        tokio::pin!(deadline);
        let mut beats = tokio::time::interval(BEAT);
        beats.tick().await;
        let mut waited = 0.0;
        loop {
            tokio::select! {
                done = &mut work.0 => return match done {
                    Ok(answered) => Ok(answered),
                    Err(_) => Err(ErrorData::internal_error(format!("`{}` failed; nothing was changed", entry.spec.name), None)),
                },
                () = context.ct.cancelled() => return Err(cancelled()),
                _ = &mut deadline => {
                    let problem = format!(
                        "`{}` had no answer within {} s; ask for less, or again later",
                        entry.spec.name,
                        self.desk.deadline.as_secs_f64()
                    );
                    return Ok(Err(problem));
                }
                _ = beats.tick() => {
                    waited += BEAT.as_secs_f64();
                    let Some(token) = token.clone() else { continue };
                    let progress = ProgressNotificationParam::new(token, waited)
                        .with_message(format!("{} for {waited:.0} s", entry.spec.title));
                    // A client that does not hear it is not worse off.
                    let _ = context.peer.notify_progress(progress).await;
                }
            }
        }
    }

    /// What goes wrong here is the caller's to read: one sentence.
    async fn call(&self, entry: &Entry, arguments: JsonObject, caller: Option<PersonId>) -> Answered {
        let spec = &entry.spec;
        let is_present = arguments.get(AT).is_none_or(Value::is_null);
        let mut arguments = self.desk.arguments(spec, arguments).await?;
        match (spec.effect, spec.subject) {
            (Effect::Read, Subject::Alarms) => {
                let now = is_present.then(|| self.desk.now().as_second());
                let key = memo::key(spec.name, &mut arguments, now);
                let work = async {
                    let answer = entry.call(&self.desk.outside, arguments).await;
                    Ok(told(spec, answer.map_err(|err| err.to_string())?))
                };
                self.desk.memo.answer(key, work).await
            }
            // What became of a plan is asked to be known now.
            (Effect::Read, Subject::Incident) => {
                let answer = entry.call(&self.desk.outside, arguments).await;
                Ok(told(spec, answer.map_err(|err| err.to_string())?))
            }
            (Effect::Ask, _) => {
                let answer = ask(arguments, caller.or_else(|| self.desk.listener()), &self.desk).await;
                Ok(told(spec, answer.map_err(|err| err.to_string())?))
            }
        }
    }
}

/// An answer as a client gets it: in words, in figures, and no longer than it can take.
fn told(spec: &ToolSpec, mut answer: Value) -> CallToolResult {
    let mut content = Vec::new();
    if spec.name == CreateDependencyVisualization::SPEC.name
        && let Some(Value::String(png)) = answer.get_mut("png_base64").map(Value::take)
    {
        content.push(ContentBlock::image(png, "image/png"));
    }
    let text = in_words(spec.name, &answer);
    let cuts = bound::bound(&mut answer, bound::MOST);
    let text = match bound::sentence(&cuts) {
        Some(cut) => format!("{text} {cut}"),
        None => text,
    };
    content.insert(0, ContentBlock::text(text));
    let mut result = CallToolResult::success(content);
    result.structured_content = Some(answer);
    if !cuts.is_empty() {
        let mut meta = MetaObject::default();
        meta.0.insert("clarity/cut".to_owned(), Value::Object(bound::meta(&cuts)));
        result.meta = Some(meta);
    }
    result
}

/// Asks people, in the name of whoever calls.
async fn ask(arguments: Value, caller: Option<PersonId>, desk: &Desk) -> Result<Value, ToolError> {
    let tool = ExecuteRemediation::SPEC.name;
    let mut request: ExecuteRemediation = serde_path_to_error::deserialize(arguments).map_err(|err| {
        ToolError::Arguments { tool, path: err.path().to_string(), problem: err.into_inner().to_string() }
    })?;
    request.requester = caller;
    let asked = request.call(&desk.outside).await?;
    Ok(serde_json::json!(asked))
}

/// Who asks, if the front door knows.
fn caller_of(context: &RequestContext<RoleServer>) -> Option<PersonId> {
    let parts = context.extensions.get::<http::request::Parts>()?;
    parts.extensions.get::<Caller>().map(|caller| caller.0.clone())
}

fn known(task: &str) -> Result<(), ErrorData> {
    let is_one = task::is_one(task);
    is_one.then_some(()).ok_or_else(|| ErrorData::invalid_params("there is no such task", None))
}

fn cancelled() -> ErrorData {
    ErrorData::internal_error("it was cancelled", None)
}

fn late(deadline: Duration) -> ErrorData {
    ErrorData::internal_error(format!("there was no answer within {} s", deadline.as_secs_f64()), None)
}

/// A page of a list, and where the next one begins.
fn paged<T>(all: &[T], page: Option<PaginatedRequestParams>) -> Result<(&[T], Option<String>), ErrorData> {
    let odd = || ErrorData::invalid_params("the `cursor` is none that this server gave", None);
    let from: usize = match page.and_then(|page| page.cursor) {
        None => 0,
        Some(cursor) => cursor.parse().ok().filter(|from| *from > 0 && *from < all.len()).ok_or_else(odd)?,
    };
    let until = all.len().min(from + PAGE);
    Ok((&all[from..until], (until < all.len()).then(|| until.to_string())))
}

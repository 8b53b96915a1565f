//! Prompts and replies in the types of the Converse API.

use super::document::{document, value};
use super::{Choice, Failure, Heard, Prompt, Reply, Said, Side, Spent, Stop, Turn};
use aws_sdk_bedrockruntime::operation::converse::ConverseOutput;
use aws_sdk_bedrockruntime::types::{
    CachePointBlock, CachePointType, ContentBlock, ContentBlockDelta, ContentBlockStart, ConversationRole,
    ConverseStreamOutput, InferenceConfiguration, Message, SpecificToolChoice, StopReason, SystemContentBlock,
    TokenUsage, Tool, ToolChoice, ToolConfiguration, ToolInputSchema, ToolResultBlock, ToolResultContentBlock,
    ToolResultStatus, ToolSpecification, ToolUseBlock,
};
use aws_smithy_types::error::operation::BuildError;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use tokio::sync::mpsc::UnboundedSender;

/// What both calls take.
pub(super) struct Request {
    pub(super) system: Vec<SystemContentBlock>,
    pub(super) messages: Vec<Message>,
    pub(super) tools: Option<ToolConfiguration>,
    pub(super) limits: InferenceConfiguration,
    pub(super) metadata: Option<HashMap<String, String>>,
}

fn unfit(err: &BuildError) -> Failure {
    Failure::Invalid(err.to_string())
}

/// A prompt for `choice`. Neither temperature nor top-p is told: newer models refuse them.
pub(super) fn request(prompt: &Prompt, choice: &Choice) -> Result<Request, Failure> {
    let cache_point = || CachePointBlock::builder().r#type(CachePointType::Default).build().map_err(|err| unfit(&err));
    let mut system = vec![SystemContentBlock::Text(prompt.system.clone())];
    if choice.caches {
        system.push(SystemContentBlock::CachePoint(cache_point()?));
    }
    let messages = prompt.turns.iter().map(message).collect::<Result<_, _>>()?;
    let mut tools: Vec<Tool> = Vec::with_capacity(prompt.tools.len() + 1);
    for form in &prompt.tools {
        let spec = ToolSpecification::builder()
            .name(&form.name)
            .description(&form.about)
            .input_schema(ToolInputSchema::Json(document(&form.schema)));
        tools.push(Tool::ToolSpec(spec.build().map_err(|err| unfit(&err))?));
    }
    let tools = if tools.is_empty() {
        None
    } else {
        if choice.caches {
            tools.push(Tool::CachePoint(cache_point()?));
        }
        let must = match &prompt.must_call {
            Some(name) => {
                Some(ToolChoice::Tool(SpecificToolChoice::builder().name(name).build().map_err(|err| unfit(&err))?))
            }
            None => None,
        };
        Some(
            ToolConfiguration::builder()
                .set_tools(Some(tools))
                .set_tool_choice(must)
                .build()
                .map_err(|err| unfit(&err))?,
        )
    };
    let limit = i32::try_from(prompt.most_tokens).unwrap_or(i32::MAX);
    Ok(Request {
        system,
        messages,
        tools,
        limits: InferenceConfiguration::builder().max_tokens(limit).build(),
        metadata: prompt.incident.map(|id| HashMap::from([("incident".to_owned(), id.to_string())])),
    })
}

fn message(turn: &Turn) -> Result<Message, Failure> {
    let role = match turn.by {
        Side::Us => ConversationRole::User,
        Side::Model => ConversationRole::Assistant,
    };
    let content = turn.said.iter().map(block).collect::<Result<_, _>>()?;
    Message::builder().role(role).set_content(Some(content)).build().map_err(|err| unfit(&err))
}

fn block(said: &Said) -> Result<ContentBlock, Failure> {
    Ok(match said {
        Said::Text(text) => ContentBlock::Text(text.clone()),
        Said::Call { id, tool, arguments } => {
            let call = ToolUseBlock::builder().tool_use_id(id).name(tool).input(document(arguments));
            ContentBlock::ToolUse(call.build().map_err(|err| unfit(&err))?)
        }
        Said::Answer { id, answer, failed } => {
            // A result is an object, or words.
            let content = match answer {
                Value::Object(_) => ToolResultContentBlock::Json(document(answer)),
                Value::String(text) => ToolResultContentBlock::Text(text.clone()),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                    ToolResultContentBlock::Text(answer.to_string())
                }
            };
            let status = if *failed { ToolResultStatus::Error } else { ToolResultStatus::Success };
            let result = ToolResultBlock::builder().tool_use_id(id).content(content).status(status);
            ContentBlock::ToolResult(result.build().map_err(|err| unfit(&err))?)
        }
    })
}

/// What came back at once.
pub(super) fn reply(told: &ConverseOutput) -> Result<Reply, Failure> {
    let stop = stop(told.stop_reason());
    let spent = told.usage().map(spent).unwrap_or_default();
    let message = told.output().and_then(|output| output.as_message().ok());
    let message = message.ok_or_else(|| Failure::Failed("the reply has no message".to_owned()))?;
    Ok(Reply { said: message.content().iter().filter_map(part).collect(), stop, spent, passed_over: Vec::new() })
}

/// A part of a reply; what it is not asked for, such as its reasoning, is left out.
fn part(block: &ContentBlock) -> Option<Said> {
    if let Ok(text) = block.as_text() {
        return Some(Said::Text(text.clone()));
    }
    let call = block.as_tool_use().ok()?;
    Some(Said::Call { id: call.tool_use_id().to_owned(), tool: call.name().to_owned(), arguments: value(call.input()) })
}

fn stop(reason: &StopReason) -> Stop {
    match reason {
        StopReason::EndTurn | StopReason::StopSequence => Stop::Ended,
        StopReason::ToolUse => Stop::Calls,
        StopReason::MaxTokens | StopReason::ModelContextWindowExceeded => Stop::Cut,
        StopReason::GuardrailIntervened | StopReason::ContentFiltered => Stop::Withheld,
        // What is unknown yet is not to be trusted either.
        StopReason::MalformedModelOutput | StopReason::MalformedToolUse | _ => Stop::Malformed,
    }
}

/// Anthropic's models count what they read afresh apart from what came out of the cache or went into it.
fn spent(usage: &TokenUsage) -> Spent {
    let count = |tokens: Option<i32>| u64::try_from(tokens.unwrap_or(0)).unwrap_or(0);
    let (fresh, written) = (count(Some(usage.input_tokens())), count(Some(usage.output_tokens())));
    let (cached, stored) = (count(usage.cache_read_input_tokens()), count(usage.cache_write_input_tokens()));
    Spent { read_tokens: fresh + cached + stored, cached_tokens: cached, written_tokens: written, ..Spent::default() }
}

/// A reply that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// By the index of the block.
    blocks: BTreeMap<i32, Piece>,
    stop: Option<Stop>,
    spent: Spent,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Call { id: String, tool: String, arguments: String },
}

impl Gathered {
    /// Takes the next event, and passes on what it says.
    pub(super) fn take(&mut self, event: ConverseStreamOutput, heard: &UnboundedSender<Heard>) {
        // Nobody may listen any more; the reply is still gathered.
        let pass = |said| drop(heard.send(said));
        match event {
            ConverseStreamOutput::ContentBlockStart(start) => {
                if let Some(ContentBlockStart::ToolUse(call)) = start.start() {
                    let (id, tool) = (call.tool_use_id().to_owned(), call.name().to_owned());
                    self.blocks.insert(start.content_block_index(), Piece::Call { id, tool, arguments: String::new() });
                }
            }
            ConverseStreamOutput::ContentBlockDelta(delta) => match delta.delta() {
                Some(ContentBlockDelta::Text(more)) => {
                    let block = self.blocks.entry(delta.content_block_index());
                    if let Piece::Text(text) = block.or_insert_with(|| Piece::Text(String::new())) {
                        text.push_str(more);
                        pass(Heard::Text(more.clone()));
                    }
                }
                Some(ContentBlockDelta::ToolUse(more)) => {
                    if let Some(Piece::Call { tool, arguments, .. }) = self.blocks.get_mut(&delta.content_block_index())
                    {
                        arguments.push_str(more.input());
                        pass(Heard::Arguments { tool: tool.clone(), piece: more.input().to_owned() });
                    }
                }
                Some(_) | None => {}
            },
            ConverseStreamOutput::MessageStop(end) => self.stop = Some(stop(end.stop_reason())),
            ConverseStreamOutput::Metadata(told) => self.spent = told.usage().map(spent).unwrap_or_default(),
            ConverseStreamOutput::ContentBlockStop(_) | ConverseStreamOutput::MessageStart(_) | _ => {}
        }
    }

    /// The whole of it.
    pub(super) fn reply(self) -> Result<Reply, Failure> {
        let Self { blocks, stop, spent } = self;
        let mut stop = stop.ok_or_else(|| Failure::Failed("the stream broke off".to_owned()))?;
        let mut said = Vec::new();
        for piece in blocks.into_values() {
            said.push(match piece {
                Piece::Text(text) => Said::Text(text),
                Piece::Call { id, tool, arguments } => {
                    // A call without arguments has no piece at all.
                    let whole = if arguments.trim().is_empty() { "{}" } else { &arguments };
                    let Ok(arguments) = serde_json::from_str(whole) else {
                        // Half of a call is none. If the model did not run out of tokens, it did something else wrong.
                        stop = if stop == Stop::Cut { stop } else { Stop::Malformed };
                        continue;
                    };
                    Said::Call { id, tool, arguments }
                }
            });
        }
        Ok(Reply { said, stop, spent, passed_over: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_bedrockruntime::types::{
        ContentBlockDeltaEvent, ContentBlockStartEvent, ConverseStreamMetadataEvent, MessageStopEvent,
        ToolUseBlockDelta, ToolUseBlockStart,
    };

    fn text(index: i32, text: &str) -> ConverseStreamOutput {
        let delta = ContentBlockDelta::Text(text.to_owned());
        let event = ContentBlockDeltaEvent::builder().content_block_index(index).delta(delta);
        ConverseStreamOutput::ContentBlockDelta(event.build().unwrap())
    }

    fn call(index: i32, tool: &str) -> ConverseStreamOutput {
        let call = ToolUseBlockStart::builder().tool_use_id("call-1").name(tool).build().unwrap();
        let event =
            ContentBlockStartEvent::builder().content_block_index(index).start(ContentBlockStart::ToolUse(call));
        ConverseStreamOutput::ContentBlockStart(event.build().unwrap())
    }

    fn piece(index: i32, input: &str) -> ConverseStreamOutput {
        let delta = ContentBlockDelta::ToolUse(ToolUseBlockDelta::builder().input(input).build().unwrap());
        let event = ContentBlockDeltaEvent::builder().content_block_index(index).delta(delta);
        ConverseStreamOutput::ContentBlockDelta(event.build().unwrap())
    }

    fn end(reason: StopReason) -> ConverseStreamOutput {
        ConverseStreamOutput::MessageStop(MessageStopEvent::builder().stop_reason(reason).build().unwrap())
    }

    fn usage() -> ConverseStreamOutput {
        let usage = TokenUsage::builder().input_tokens(600).output_tokens(80).total_tokens(1_080);
        let usage = usage.cache_read_input_tokens(400).build().unwrap();
        ConverseStreamOutput::Metadata(ConverseStreamMetadataEvent::builder().usage(usage).build())
    }

    #[track_caller]
    fn check(events: Vec<ConverseStreamOutput>, expected: &str) {
        let (heard, _listens) = tokio::sync::mpsc::unbounded_channel();
        let mut gathered = Gathered::default();
        for event in events {
            gathered.take(event, &heard);
        }
        let told = match gathered.reply() {
            Ok(Reply { said, stop, spent, .. }) => {
                let said: Vec<String> = said
                    .iter()
                    .map(|said| match said {
                        Said::Text(text) => format!("“{text}”"),
                        Said::Call { id, tool, arguments } => format!("{id}: {tool}({arguments})"),
                        Said::Answer { .. } => "an answer".to_owned(),
                    })
                    .collect();
                format!(
                    "{}; {stop:?}; {} of {} cached, {} written",
                    said.join(", "),
                    spent.cached_tokens,
                    spent.read_tokens,
                    spent.written_tokens
                )
            }
            Err(failure) => failure.to_string(),
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn a_stream_is_put_together() {
        check(
            vec![
                text(0, "Check"),
                text(0, "ing "),
                call(1, "why"),
                piece(1, r#"{"a":"#),
                piece(1, "1}"),
                end(StopReason::ToolUse),
                usage(),
            ],
            r#"“Checking ”, call-1: why({"a":1}); Calls; 400 of 1000 cached, 80 written"#,
        );
        check(vec![call(0, "why"), end(StopReason::ToolUse)], "call-1: why({}); Calls; 0 of 0 cached, 0 written");
    }

    #[test]
    fn a_stream_that_is_not_whole_says_so() {
        check(vec![text(0, "Check")], "failed (the stream broke off)");
        check(
            vec![call(0, "why"), piece(0, r#"{"a":"#), end(StopReason::MaxTokens)],
            "; Cut; 0 of 0 cached, 0 written",
        );
        check(vec![call(0, "why"), piece(0, "{a}"), end(StopReason::ToolUse)], "; Malformed; 0 of 0 cached, 0 written");
        check(vec![text(0, "no"), end(StopReason::GuardrailIntervened)], "“no”; Withheld; 0 of 0 cached, 0 written");
        check(vec![text(0, "no"), end(StopReason::from("brand_new"))], "“no”; Malformed; 0 of 0 cached, 0 written");
    }
}

//! What Slack refuses in a message. The block shapes and lengths are `slackblocks`' judgement, somebody else's reading of
//! the same reference; what it lets pass is checked here.

use serde_json::Value;
use slackblocks::MessagePayload;
use std::collections::HashSet;

/// The longest text; Slack cuts what is longer.
const MAX_TEXT: usize = 40_000;

/// Why a message is refused, by Slack's name for it, with what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `invalid_blocks`, `no_text`, `msg_too_long`.
    pub error: &'static str,
    /// What is wrong, for the developer.
    pub problems: Vec<String>,
}

/// Checks `text` and `blocks` of a message.
pub fn message(body: &Value) -> Result<(), Refusal> {
    let text = body["text"].as_str().unwrap_or_default();
    let blocks = body["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let attachments = body["attachments"].as_array().map(Vec::as_slice).unwrap_or_default();
    if text.is_empty() && blocks.is_empty() && attachments.is_empty() {
        return Err(Refusal { error: "no_text", problems: vec!["neither text nor blocks nor attachments".to_owned()] });
    }
    if text.chars().count() > MAX_TEXT {
        return Err(Refusal {
            error: "msg_too_long",
            problems: vec![format!("more than {MAX_TEXT} characters of text")],
        });
    }
    let mut problems = own_rules(blocks);
    let judged =
        serde_json::json!({"channel": "C", "text": if text.is_empty() { "-" } else { text }, "blocks": blocks});
    if let Err(err) = MessagePayload::try_from(judged) {
        problems.push(err.to_string());
    }
    if problems.is_empty() { Ok(()) } else { Err(Refusal { error: "invalid_blocks", problems }) }
}

/// Checks that every picture in a message is a file which `may_show` lets through by its id.
pub fn pictures(body: &Value, may_show: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    let mut problems = Vec::new();
    for (place, file) in files(body) {
        // A file is named by its id, or by an address that ends in it.
        let by_address = || file["url"].as_str().and_then(|url| url.rsplit('/').next());
        let id = file["id"].as_str().or_else(by_address).unwrap_or_default();
        if file["id"].is_string() && !is_file_id(id) {
            problems.push(format!("input must match regex pattern: ^[F][A-Z0-9]{{8,}}$ [json-pointer:{place}/id]"));
        } else if !may_show(id) {
            problems.push(format!("invalid slack file [json-pointer:{place}]"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Refusal { error: "invalid_blocks", problems }) }
}

fn is_file_id(id: &str) -> bool {
    let is_capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    id.strip_prefix('F').is_some_and(|rest| rest.len() >= 8 && rest.bytes().all(is_capital))
}

/// Every `slack_file` in the blocks of a message and of its attachments, with the place where it is.
fn files(body: &Value) -> Vec<(String, &Value)> {
    let list = |holder: &Value, key: &str| holder[key].as_array().map_or(0, Vec::len);
    let attachments = (0..list(body, "attachments")).map(|at| (format!("/attachments/{at}"), &body["attachments"][at]));
    let mut found = Vec::new();
    for (place, holder) in [(String::new(), body)].into_iter().chain(attachments) {
        for at in 0..list(holder, "blocks") {
            let (block, place) = (&holder["blocks"][at], format!("{place}/blocks/{at}"));
            let elements = (0..list(block, "elements"))
                .map(|element| (format!("{place}/elements/{element}"), &block["elements"][element]));
            let images = [(place.clone(), block), (format!("{place}/accessory"), &block["accessory"])];
            let images = images.into_iter().chain(elements).filter(|(_, image)| !image["slack_file"].is_null());
            found.extend(images.map(|(place, image)| (format!("{place}/slack_file"), &image["slack_file"])));
        }
    }
    found
}

/// What `slackblocks` lets pass and Slack does not.
fn own_rules(blocks: &[Value]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut block_ids = HashSet::new();
    for (at, block) in blocks.iter().enumerate() {
        if let Some(id) = block["block_id"].as_str()
            && !block_ids.insert(id)
        {
            problems.push(format!("the block_id `{id}` is there twice [json-pointer:/blocks/{at}/block_id]"));
        }
        if block["type"] != "actions" {
            continue;
        }
        let elements = block["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
        if elements.is_empty() {
            problems.push(format!("actions without an element [json-pointer:/blocks/{at}/elements]"));
        }
        let mut action_ids = HashSet::new();
        for id in elements.iter().filter_map(|element| element["action_id"].as_str()) {
            if !action_ids.insert(id) {
                problems.push(format!("the action_id `{id}` is there twice [json-pointer:/blocks/{at}/elements]"));
            }
        }
    }
    problems
}

//! What Slack refuses in a message, and in a form. The block shapes and lengths are `slackblocks`' judgement, somebody else's reading of
//! the same reference; what it lets pass is checked here.

use serde_json::Value;
use slackblocks::MessagePayload;
use std::collections::HashSet;

/// The longest text; Slack cuts what is longer.
const MAX_TEXT: usize = 40_000;

/// Characters of a form's title and of its two buttons.
const MAX_VIEW_LABEL: usize = 24;

/// Characters that a form may carry unseen.
const MAX_METADATA: usize = 3000;

/// Characters of what tells forms apart.
const MAX_ID: usize = 255;

/// Characters that a person may type into a field.
pub(super) const MAX_TYPED: u64 = 3000;

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

/// What is wrong with a form; nothing if Slack would open it.
pub fn view(view: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    if view["type"] != "modal" {
        problems.push("must be `modal` [json-pointer:/view/type]".to_owned());
    }
    for (field, required) in [("title", true), ("submit", false), ("close", false)] {
        let (object, place) = (&view[field], format!("[json-pointer:/view/{field}/text]"));
        let length = object["text"].as_str().map(|text| text.chars().count());
        match length {
            _ if object.is_null() && !required => {}
            None | Some(0) => problems.push(format!("missing required field: text {place}")),
            Some(_) if object["type"] != "plain_text" => problems.push(format!("must be plain_text {place}")),
            Some(length) if length > MAX_VIEW_LABEL => {
                problems.push(format!("must be less than {} characters {place}", MAX_VIEW_LABEL + 1));
            }
            Some(_) => {}
        }
    }
    for (field, limit) in [("private_metadata", MAX_METADATA), ("callback_id", MAX_ID), ("external_id", MAX_ID)] {
        let is_fitting = view[field].as_str().is_some_and(|text| text.chars().count() <= limit);
        if !view[field].is_null() && !is_fitting {
            problems.push(format!("must be less than {} characters [json-pointer:/view/{field}]", limit + 1));
        }
    }
    let blocks = view["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !view["blocks"].is_array() {
        problems.push("missing required field: blocks [json-pointer:/view/blocks]".to_owned());
    }
    if blocks.iter().any(|block| block["type"] == "input") && view["submit"].is_null() {
        problems.push("missing required field: submit, since there is an input [json-pointer:/view]".to_owned());
    }
    problems.extend(own_rules(blocks));
    if !blocks.is_empty()
        && let Err(err) = MessagePayload::try_from(serde_json::json!({"channel": "C", "text": "-", "blocks": blocks}))
    {
        problems.push(err.to_string());
    }
    problems
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
        let listed = block["elements"].as_array().into_iter().flatten();
        for menu in listed.chain([&block["accessory"], &block["element"]]).filter(|one| one["type"] == "static_select")
        {
            if menu["options"].is_null() == menu["option_groups"].is_null() {
                problems.push(format!("either options or option_groups [json-pointer:/blocks/{at}]"));
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(text: &str) -> Value {
        json!({"type": "plain_text", "text": text})
    }

    #[test]
    fn menus_are_taken_within_their_limits() {
        #[track_caller]
        fn check(menu: &Value, more: &Value, expected: Result<(), &'static str>) {
            let mut menu = menu.clone();
            for (field, value) in more.as_object().unwrap() {
                menu[field] = value.clone();
            }
            let body = json!({"text": "t", "blocks": [{"type": "actions", "elements": [menu]}]});
            assert_eq!(message(&body).map_err(|refusal| refusal.error), expected, "{body}");
        }
        let option = |text: &str, value: &str| json!({"text": plain(text), "value": value});
        let (select, menu) =
            (json!({"type": "static_select", "action_id": "a"}), json!({"type": "overflow", "action_id": "a"}));
        let refused = Err("invalid_blocks");
        let one = json!([option("One", "1")]);
        check(&select, &json!({"options": one, "placeholder": plain("More")}), Ok(()));
        check(&select, &json!({"options": one}), Ok(()));
        check(&select, &json!({"options": one, "placeholder": plain(&"x".repeat(151))}), refused);
        check(&select, &json!({"options": []}), refused);
        check(&select, &json!({}), refused);
        check(&select, &json!({"options": vec![option("One", "1"); 100]}), Ok(()));
        check(&select, &json!({"options": vec![option("One", "1"); 101]}), refused);
        check(&select, &json!({"options": [option(&"x".repeat(75), &"v".repeat(150))]}), Ok(()));
        check(&select, &json!({"options": [option(&"x".repeat(76), "1")]}), refused);
        check(&select, &json!({"options": [option("One", &"v".repeat(151))]}), refused);
        check(&select, &json!({"option_groups": [{"label": plain("G"), "options": one}]}), Ok(()));
        check(&select, &json!({"options": one, "option_groups": [{"label": plain("G"), "options": one}]}), refused);
        check(&menu, &json!({"options": one}), Ok(()));
        check(&menu, &json!({"options": vec![option("One", "1"); 6]}), refused);
    }

    #[test]
    fn a_form_is_taken_within_its_limits() {
        #[track_caller]
        fn check(field: &str, value: Value, expected: &str) {
            let input = json!({"type": "input", "block_id": "b", "label": plain("L"),
                "element": {"type": "plain_text_input", "action_id": "a", "max_length": 100}});
            let mut form = json!({"type": "modal", "title": plain("T"), "submit": plain("Go"), "blocks": [input]});
            form[field] = value;
            assert_eq!(view(&form).join("; "), expected, "{field}");
        }
        check("type", json!("modal"), "");
        check("type", json!("home"), "must be `modal` [json-pointer:/view/type]");
        check("title", plain(&"x".repeat(24)), "");
        check("title", plain(&"x".repeat(25)), "must be less than 25 characters [json-pointer:/view/title/text]");
        check("title", Value::Null, "missing required field: text [json-pointer:/view/title/text]");
        check("title", json!({"type": "mrkdwn", "text": "T"}), "must be plain_text [json-pointer:/view/title/text]");
        check("submit", plain(&"x".repeat(25)), "must be less than 25 characters [json-pointer:/view/submit/text]");
        check("submit", Value::Null, "missing required field: submit, since there is an input [json-pointer:/view]");
        check("close", plain(""), "missing required field: text [json-pointer:/view/close/text]");
        check("private_metadata", json!("x".repeat(3000)), "");
        check(
            "private_metadata",
            json!("x".repeat(3001)),
            "must be less than 3001 characters [json-pointer:/view/private_metadata]",
        );
        check(
            "callback_id",
            json!("x".repeat(256)),
            "must be less than 256 characters [json-pointer:/view/callback_id]",
        );
        check("blocks", Value::Null, "missing required field: blocks [json-pointer:/view/blocks]");
        let twice = json!([{"type": "divider", "block_id": "b"}, {"type": "divider", "block_id": "b"}]);
        check("blocks", twice, "the block_id `b` is there twice [json-pointer:/blocks/1/block_id]");
        let without_label = json!([{"type": "input", "element": {"type": "plain_text_input", "action_id": "a"}}]);
        let problems =
            view(&json!({"type": "modal", "title": plain("T"), "submit": plain("Go"), "blocks": without_label}));
        assert_eq!(problems.len(), 1, "{problems:?}");
    }
}

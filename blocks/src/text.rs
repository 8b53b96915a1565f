//! A Slack message as a person reads it in a terminal: one thought a line, no markup.
//!
//! Snapshots in tests and the headless mode show messages this way, so what a block tells its reader
//! must be here too; what only decorates it is left out.

use serde_json::Value;

use crate::html::{cell_text, file_words, list, options, plain, plain_at, rich_plain, rich_words, string};
use crate::mrkdwn::{self, Names};

/// The message's blocks, or its text where it has none, then its attachments and files. Lines end with no newline.
pub fn message(message: &Value, names: Names<'_>) -> String {
    let mut lines = Vec::new();
    blocks(message, names, &mut lines);
    if lines.is_empty() {
        push(&mut lines, mrkdwn::to_plain(string(message, "text"), names));
    }
    for one in list(message, "attachments") {
        attachment(one, names, &mut lines);
    }
    lines.extend(list(message, "files").iter().map(file));
    lines.join("\n")
}

fn push(lines: &mut Vec<String>, text: String) {
    if !text.trim().is_empty() {
        lines.push(text);
    }
}

fn blocks(holder: &Value, names: Names<'_>, lines: &mut Vec<String>) {
    for one in list(holder, "blocks") {
        block(one, names, lines);
    }
}

fn block(block: &Value, names: Names<'_>, lines: &mut Vec<String>) {
    match string(block, "type") {
        "header" => push(lines, plain_at(block, "text")),
        "section" => section(block, names, lines),
        "context" => {
            let parts: Vec<String> = list(block, "elements").iter().map(|part| context_part(part, names)).collect();
            let told = parts.join("  ");
            push(lines, told.lines().map(|line| format!("· {line}")).collect::<Vec<_>>().join("\n"));
        }
        "divider" => lines.push("---".to_owned()),
        "actions" => {
            let parts: Vec<String> = list(block, "elements").iter().map(element).collect();
            push(lines, parts.join(" "));
        }
        "image" => lines.push(image(block)),
        "rich_text" => {
            for part in list(block, "elements") {
                rich_part(part, names, lines);
            }
        }
        "markdown" => push(lines, mrkdwn::to_plain(&mrkdwn::from_markdown(string(block, "text")), names)),
        "table" | "data_table" => table(block, names, lines),
        other => lines.push(format!("[unsupported block: {other}]")),
    }
}

fn text_object(text: &Value, names: Names<'_>) -> String {
    if string(text, "type") == "plain_text" {
        plain(text)
    } else {
        mrkdwn::to_plain(text.as_str().unwrap_or_else(|| string(text, "text")), names)
    }
}

fn section(block: &Value, names: Names<'_>, lines: &mut Vec<String>) {
    if let Some(text) = block.get("text") {
        push(lines, text_object(text, names));
    }
    for field in list(block, "fields") {
        // A field is usually a bold name over its value; on one line it still reads as such.
        push(lines, text_object(field, names).replacen('\n', ": ", 1));
    }
    if let Some(accessory) = block.get("accessory") {
        push(lines, element(accessory));
    }
}

fn context_part(part: &Value, names: Names<'_>) -> String {
    if string(part, "type") == "image" { image(part) } else { text_object(part, names) }
}

fn element(element: &Value) -> String {
    let labels = || options(element).map(|option| plain_at(option, "text")).collect::<Vec<_>>().join(" | ");
    match string(element, "type") {
        "button" => format!("[{}]", plain_at(element, "text")),
        "overflow" => format!("[⋯ {}]", labels()),
        "static_select" => {
            let shown = element
                .get("initial_option")
                .map_or_else(|| plain_at(element, "placeholder"), |option| plain_at(option, "text"));
            format!("[{shown} ▾ {}]", labels())
        }
        "image" => image(element),
        other => format!("[unsupported element: {other}]"),
    }
}

fn image(image: &Value) -> String {
    pictured(&mrkdwn::unescape(string(image, "alt_text")))
}

fn pictured(alt: &str) -> String {
    if alt.trim().is_empty() { "[picture]".to_owned() } else { format!("[picture: {alt}]") }
}

/// A file that was shared with the message.
fn file(file: &Value) -> String {
    if string(file, "mimetype").starts_with("image/") {
        pictured(&file_words(file))
    } else {
        format!("[file: {}]", file_words(file))
    }
}

fn table(block: &Value, names: Names<'_>, lines: &mut Vec<String>) {
    push(lines, string(block, "caption").to_owned());
    for row in list(block, "rows") {
        let cells = row.as_array().map_or(&[][..], Vec::as_slice).iter();
        let told: Vec<String> = cells.map(|cell| cell_text(cell, names)).collect();
        push(lines, told.join(" | "));
    }
}

fn rich_part(part: &Value, names: Names<'_>, lines: &mut Vec<String>) {
    let margined = |margin: &str| {
        let told: String = rich_plain(part, names);
        told.lines().map(|line| format!("{margin}{line}")).collect::<Vec<_>>().join("\n")
    };
    match string(part, "type") {
        "rich_text_section" => {
            let told: String = list(part, "elements").iter().map(|element| rich_words_marked(element, names)).collect();
            push(lines, told.trim_end_matches('\n').to_owned());
        }
        "rich_text_quote" => push(lines, margined("> ")),
        "rich_text_preformatted" => push(lines, margined("    ")),
        "rich_text_list" => {
            let number = |key| part.get(key).and_then(Value::as_u64).unwrap_or(0);
            let indent = "  ".repeat(usize::try_from(number("indent").min(8)).unwrap_or(0));
            let ordinals = number("offset").min(1_000_000) + 1..;
            for (item, ordinal) in list(part, "elements").iter().zip(ordinals) {
                let sign = if string(part, "style") == "ordered" { format!("{ordinal}.") } else { "•".to_owned() };
                let told: String =
                    list(item, "elements").iter().map(|element| rich_words_marked(element, names)).collect();
                lines.push(format!("{indent}{sign} {told}"));
            }
        }
        other => lines.push(format!("[unsupported text: {other}]")),
    }
}

/// Code keeps its backticks, as in [`mrkdwn::to_plain`].
fn rich_words_marked(element: &Value, names: Names<'_>) -> String {
    let words = rich_words(element, names);
    let code = element.get("style").and_then(|style| style.get("code")).and_then(Value::as_bool) == Some(true);
    if code { format!("`{words}`") } else { words }
}

fn attachment(attachment: &Value, names: Names<'_>, lines: &mut Vec<String>) {
    push(lines, mrkdwn::to_plain(string(attachment, "pretext"), names));
    let mut inside = Vec::new();
    push(&mut inside, plain_at(attachment, "author_name"));
    push(&mut inside, plain_at(attachment, "title"));
    push(&mut inside, mrkdwn::to_plain(string(attachment, "text"), names));
    for field in list(attachment, "fields") {
        let value = mrkdwn::to_plain(string(field, "value"), names);
        inside.push(format!("{}: {value}", plain_at(field, "title")));
    }
    blocks(attachment, names, &mut inside);
    if !string(attachment, "image_url").is_empty() {
        inside.push(pictured(""));
    }
    let buttons: Vec<String> =
        list(attachment, "actions").iter().map(|one| format!("[{}]", plain_at(one, "text"))).collect();
    push(&mut inside, buttons.join(" "));
    push(&mut inside, plain_at(attachment, "footer"));
    if inside.is_empty() && string(attachment, "pretext").is_empty() {
        push(&mut inside, mrkdwn::to_plain(string(attachment, "fallback"), names));
    }
    // The bar at the left says which lines belong to the attachment.
    for line in inside.iter().flat_map(|text| text.lines()) {
        lines.push(format!("| {line}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(id: &str) -> Option<String> {
        (id == "U1").then(|| "Mina".to_owned())
    }

    #[track_caller]
    fn check(input: &Value, expected: &[&str]) {
        assert_eq!(message(input, &names), expected.join("\n"));
    }

    #[test]
    fn a_card() {
        check(
            &json!({"text": "unseen", "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": "INC-1 · Logins failing :x:"}},
                {"type": "section", "text": {"type": "mrkdwn", "text": "*What's going on*\n<@U1> sees `token-exchange` failing"},
                 "fields": [{"type": "mrkdwn", "text": "*Started*\n<!date^1^{time}|14:02:00 UTC>"}],
                 "accessory": {"type": "overflow", "options": [{"text": {"type": "plain_text", "text": "Mute"}}, {"text": {"type": "plain_text", "text": "Split"}}]}},
                {"type": "divider"},
                {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Execute"}}, {"type": "button", "text": {"type": "plain_text", "text": "Not related"}},
                 {"type": "static_select", "placeholder": {"type": "plain_text", "text": "Mute"}, "options": [{"text": {"type": "plain_text", "text": "30 min"}}]}]},
                {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "blast radius"},
                {"type": "context", "elements": [{"type": "mrkdwn", "text": "MTTC 48 s"}, {"type": "mrkdwn", "text": "<https://x.example|trace map>"}]},
                {"type": "video"},
            ]}),
            &[
                "INC-1 · Logins failing ❌",
                "What's going on",
                "@Mina sees `token-exchange` failing",
                "Started: 14:02:00 UTC",
                "[⋯ Mute | Split]",
                "---",
                "[Execute] [Not related] [Mute ▾ 30 min]",
                "[picture: blast radius]",
                "· MTTC 48 s  trace map",
                "[unsupported block: video]",
            ],
        );
    }

    #[test]
    fn rich_text_tables_and_markdown() {
        check(
            &json!({"blocks": [
                {"type": "rich_text", "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "ask "}, {"type": "user", "user_id": "U1"}, {"type": "text", "text": "x", "style": {"code": true}}]},
                    {"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [{"elements": [{"type": "text", "text": "one"}]}, {"elements": [{"type": "text", "text": "two"}]}]},
                    {"type": "rich_text_quote", "elements": [{"type": "text", "text": "q"}]},
                    {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "p1\np2"}]}]},
                {"type": "table", "rows": [[{"type": "raw_text", "text": "Service"}, {"type": "raw_text", "text": "Score"}], [{"type": "raw_text", "text": "a"}, {"type": "raw_number", "value": 0.9}]]},
                {"type": "markdown", "text": "## T\n- **b**"},
            ]}),
            &[
                "ask @Mina`x`",
                "  1. one",
                "  2. two",
                "> q",
                "    p1",
                "    p2",
                "Service | Score",
                "a | 0.9",
                "T",
                "• b",
            ],
        );
    }

    #[test]
    fn attachments_stand_behind_a_bar() {
        check(
            &json!({"text": "hello", "attachments": [{"pretext": "p", "title": "T", "text": "*x*\ny", "fields": [{"title": "F", "value": "`v`"}], "footer": "foot",
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "s"}}], "actions": [{"text": "Ack"}], "fallback": "unseen"}, {"fallback": "only this"}]}),
            &["hello", "p", "| T", "| x", "| y", "| F: `v`", "| s", "| [Ack]", "| foot", "| only this"],
        );
    }

    #[test]
    fn pictures_are_words_here() {
        check(
            &json!({"blocks": [
                {"type": "section", "text": {"type": "mrkdwn", "text": "s"}, "accessory": {"type": "image", "image_url": "https://x.example/a.png", "alt_text": "a &amp; b"}},
                {"type": "image", "slack_file": {"id": "F1"}}],
                "attachments": [{"image_url": "https://x.example/b.png"}],
                "files": [{"mimetype": "image/png", "alt_txt": "who suffers", "title": "t"}, {"mimetype": "image/png", "title": "t"}, {"mimetype": "text/plain", "name": "a.log"}]}),
            &[
                "s",
                "[picture: a & b]",
                "[picture]",
                "| [picture]",
                "[picture: who suffers]",
                "[picture: t]",
                "[file: a.log]",
            ],
        );
    }

    #[test]
    fn odd_values_are_left_out() {
        for value in
            [json!(null), json!(1), json!("x"), json!([1, [2]]), json!({"blocks": 1, "attachments": {}, "text": []})]
        {
            check(&value, &[]);
        }
        for value in [json!(null), json!(1), json!([]), json!({}), json!(u64::MAX)] {
            let part = json!({"type": "rich_text_list", "indent": value, "offset": value, "elements": [value, {"elements": value}]});
            message(
                &json!({"blocks": [value, {"type": "rich_text", "elements": [value, part]}, {"type": "table", "rows": [value, [value]]},
                {"type": "section", "text": value, "fields": [value], "accessory": value}, {"type": "actions", "elements": [value]}],
                "attachments": [value, {"fields": [value], "blocks": [value], "actions": [value]}]}),
                &names,
            );
        }
    }
}

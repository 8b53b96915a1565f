//! A Slack message as safe HTML, for the browser war room.
//!
//! Other bots' messages come through here as well as ours, so every field may be missing, of the wrong
//! type or hostile: what cannot be read is left out, an unknown block says so quietly, and nothing from
//! the message reaches the page unescaped. There are no inline styles and no scripts, so the page can
//! be served with a strict content security policy.

#![expect(
    clippy::format_collect,
    clippy::format_push_string,
    reason = "markup reads best as templates, and a message is small"
)]

use serde_json::Value;

use crate::mrkdwn::{self, Names, html_link, html_text};

/// What a page knows beyond the message.
#[derive(Clone, Copy)]
pub struct Lookup<'a> {
    /// The name of a person, a channel or a group, by its id.
    pub names: Names<'a>,
    /// The address at which the page can load a file, by the file's id. An address that leads elsewhere than to HTTPS, to
    /// this machine or to the page itself is not used.
    pub files: &'a dyn Fn(&str) -> Option<String>,
}

impl std::fmt::Debug for Lookup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookup").finish_non_exhaustive()
    }
}

/// The message's blocks, or its text where it has none, then its attachments and files.
pub fn message(message: &Value, lookup: Lookup<'_>) -> String {
    let mut out = blocks(message, lookup);
    if out.is_empty() {
        out = paragraph("blk-text", string(message, "text"), lookup.names);
    }
    for one in list(message, "attachments") {
        out += &attachment(one, lookup);
    }
    for one in list(message, "files") {
        out += &file(one, lookup);
    }
    out
}

/// The array under `key`; anything else counts as empty.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The string under `key`; anything else counts as empty.
pub(crate) fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A `plain_text` object, or a bare string, as a person reads it.
pub(crate) fn plain(text: &Value) -> String {
    let raw = text.as_str().unwrap_or_else(|| string(text, "text"));
    mrkdwn::emojify(&mrkdwn::unescape(raw))
}

/// The text object under `key`, read as [`plain`].
pub(crate) fn plain_at(value: &Value, key: &str) -> String {
    value.get(key).map(plain).unwrap_or_default()
}

/// What a table cell says, without its styles.
pub(crate) fn cell_text(cell: &Value, names: Names<'_>) -> String {
    match string(cell, "type") {
        "rich_text" => list(cell, "elements").iter().map(|part| rich_plain(part, names)).collect(),
        _ => match cell.get("text").and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None => cell.get("value").map(Value::to_string).unwrap_or_default(),
        },
    }
}

/// The options of a select or overflow menu, those in groups included.
pub(crate) fn options(menu: &Value) -> impl Iterator<Item = &Value> {
    let grouped = list(menu, "option_groups").iter().flat_map(|group| list(group, "options"));
    list(menu, "options").iter().chain(grouped)
}

/// A rich text part's words, without styles.
pub(crate) fn rich_plain(part: &Value, names: Names<'_>) -> String {
    list(part, "elements").iter().map(|element| rich_words(element, names)).collect()
}

/// One inline rich text element as words.
pub(crate) fn rich_words(element: &Value, names: Names<'_>) -> String {
    let mention = |sign: char, key: &str| {
        let id = string(element, key);
        format!("{sign}{}", names(id).unwrap_or_else(|| id.to_owned()))
    };
    match string(element, "type") {
        "text" => string(element, "text").to_owned(),
        "link" => {
            let label = string(element, "text");
            (if label.is_empty() { string(element, "url") } else { label }).to_owned()
        }
        "user" => mention('@', "user_id"),
        "channel" => mention('#', "channel_id"),
        "usergroup" => mention('@', "usergroup_id"),
        "broadcast" => format!("@{}", string(element, "range")),
        "emoji" => rich_emoji(element),
        "date" => string(element, "fallback").to_owned(),
        "color" => string(element, "value").to_owned(),
        other => format!("[unsupported element: {other}]"),
    }
}

fn rich_emoji(element: &Value) -> String {
    let name = string(element, "name");
    let unicode: Option<String> = string(element, "unicode")
        .split('-')
        .map(|code| u32::from_str_radix(code, 16).ok().and_then(char::from_u32).filter(|c| !c.is_control()))
        .collect();
    unicode.or_else(|| mrkdwn::glyph(name).map(str::to_owned)).unwrap_or_else(|| format!(":{name}:"))
}

fn blocks(holder: &Value, lookup: Lookup<'_>) -> String {
    list(holder, "blocks").iter().map(|one| block(one, lookup)).collect()
}

fn block(block: &Value, lookup: Lookup<'_>) -> String {
    let block_id = string(block, "block_id");
    match string(block, "type") {
        "header" => format!(r#"<h3 class="blk blk-header">{}</h3>"#, html_text(&plain_at(block, "text"))),
        "section" => section(block, lookup),
        "context" => {
            let parts: String = list(block, "elements").iter().map(|part| context_part(part, lookup)).collect();
            format!(r#"<div class="blk blk-context">{parts}</div>"#)
        }
        "divider" => r#"<hr class="blk blk-divider">"#.to_owned(),
        "actions" => {
            let parts: String = list(block, "elements").iter().map(|part| element(part, block_id, lookup)).collect();
            format!(r#"<div class="blk blk-actions">{parts}</div>"#)
        }
        "image" => figure(&html_text(&plain_at(block, "title")), &image(block, lookup)),
        "rich_text" => {
            let parts: String = list(block, "elements").iter().map(|part| rich_part(part, lookup.names)).collect();
            format!(r#"<div class="blk blk-rich">{parts}</div>"#)
        }
        "markdown" => paragraph("blk-markdown", &mrkdwn::from_markdown(string(block, "text")), lookup.names),
        "table" | "data_table" => table(block, lookup.names),
        other => format!(r#"<div class="blk blk-unsupported">[unsupported block: {}]</div>"#, html_text(other)),
    }
}

fn paragraph(class: &str, text: &str, names: Names<'_>) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!(r#"<div class="blk {class}">{}</div>"#, mrkdwn::to_html(text, names))
}

/// A text object: `mrkdwn` is read as markup, `plain_text` is not.
fn text_object(text: &Value, names: Names<'_>) -> String {
    if string(text, "type") == "plain_text" {
        html_text(&plain(text)).replace('\n', "<br>")
    } else {
        mrkdwn::to_html(text.as_str().unwrap_or_else(|| string(text, "text")), names)
    }
}

fn section(block: &Value, lookup: Lookup<'_>) -> String {
    let mut body = block
        .get("text")
        .map(|text| format!(r#"<div class="blk-text">{}</div>"#, text_object(text, lookup.names)))
        .unwrap_or_default();
    let fields: String = list(block, "fields")
        .iter()
        .map(|field| format!(r#"<div class="blk-field">{}</div>"#, text_object(field, lookup.names)))
        .collect();
    if !fields.is_empty() {
        body += &format!(r#"<div class="blk-fields">{fields}</div>"#);
    }
    let accessory = block
        .get("accessory")
        .map(|part| format!(r#"<div class="blk-accessory">{}</div>"#, element(part, string(block, "block_id"), lookup)))
        .unwrap_or_default();
    format!(r#"<div class="blk blk-section"><div class="blk-body">{body}</div>{accessory}</div>"#)
}

fn context_part(part: &Value, lookup: Lookup<'_>) -> String {
    if string(part, "type") == "image" {
        return image(part, lookup);
    }
    format!("<span>{}</span>", text_object(part, lookup.names))
}

fn element(element: &Value, block_id: &str, lookup: Lookup<'_>) -> String {
    match string(element, "type") {
        "button" => button(element, block_id),
        "overflow" => overflow(element, block_id),
        "static_select" => static_select(element, block_id),
        "image" => image(element, lookup),
        other => format!(r#"<span class="blk-unsupported">[unsupported element: {}]</span>"#, html_text(other)),
    }
}

fn button(button: &Value, block_id: &str) -> String {
    let class = match string(button, "style") {
        "primary" => "btn btn-primary",
        "danger" => "btn btn-danger",
        _ => "btn",
    };
    let label = html_text(&plain_at(button, "text"));
    if let Some(url) = mrkdwn::safe_url(string(button, "url")) {
        let url = html_text(url);
        return format!(r#"<a class="{class}" href="{url}" target="_blank" rel="noopener">{label}</a>"#);
    }
    let spoken = string(button, "accessibility_label");
    let mut attributes = action(button, block_id);
    if !spoken.is_empty() {
        attributes += &attribute("aria-label", spoken);
    }
    attributes += &attribute("data-value", string(button, "value"));
    format!(r#"<button type="button" class="{class}"{attributes}>{label}</button>"#)
}

fn overflow(menu: &Value, block_id: &str) -> String {
    let items: String = options(menu)
        .map(|option| {
            let label = html_text(&plain_at(option, "text"));
            if let Some(url) = mrkdwn::safe_url(string(option, "url")) {
                let url = html_text(url);
                return format!(r#"<a class="menu-item" href="{url}" target="_blank" rel="noopener">{label}</a>"#);
            }
            let value = attribute("data-value", string(option, "value"));
            let action = action(menu, block_id);
            format!(r#"<button type="button" class="menu-item"{action}{value}>{label}</button>"#)
        })
        .collect();
    format!(
        r#"<details class="menu"><summary class="btn" aria-label="More actions">⋯</summary><div class="menu-items">{items}</div></details>"#
    )
}

fn static_select(select: &Value, block_id: &str) -> String {
    let placeholder = plain_at(select, "placeholder");
    let chosen = select.get("initial_option").map(|option| string(option, "value"));
    let items = |holder: &Value| -> String {
        list(holder, "options")
            .iter()
            .map(|option| {
                let value = string(option, "value");
                let selected = if chosen == Some(value) { " selected" } else { "" };
                let label = html_text(&plain_at(option, "text"));
                format!("<option{}{selected}>{label}</option>", attribute("value", value))
            })
            .collect()
    };
    let groups: String = list(select, "option_groups")
        .iter()
        .map(|group| {
            let label = attribute("label", &plain_at(group, "label"));
            format!("<optgroup{label}>{}</optgroup>", items(group))
        })
        .collect();
    format!(
        r#"<select class="select"{}{}><option value="">{}</option>{}{groups}</select>"#,
        action(select, block_id),
        attribute("aria-label", if placeholder.is_empty() { "Choose" } else { &placeholder }),
        html_text(&placeholder),
        items(select),
    )
}

/// What the page needs to send a click back, and to ask first where the sender wants that.
fn action(element: &Value, block_id: &str) -> String {
    let mut out = attribute("data-action-id", string(element, "action_id"));
    out += &attribute("data-block-id", block_id);
    if let Some(confirm) = element.get("confirm").filter(|confirm| confirm.is_object()) {
        for (name, key, otherwise) in [
            ("data-confirm-title", "title", "Are you sure?"),
            ("data-confirm-text", "text", ""),
            ("data-confirm-ok", "confirm", "Yes"),
            ("data-confirm-deny", "deny", "Cancel"),
        ] {
            let text = match confirm.get(key) {
                Some(text) if string(text, "type") == "mrkdwn" => mrkdwn::to_plain(string(text, "text"), &|_| None),
                Some(text) => plain(text),
                None => otherwise.to_owned(),
            };
            out += &attribute(name, &text);
        }
    }
    out
}

fn attribute(name: &str, value: &str) -> String {
    format!(r#" {name}="{}""#, html_text(value))
}

/// A picture that the page may load, as a link to itself in full size. Of any other the alt text stands in: what another bot
/// keeps elsewhere is never loaded, since whoever keeps it would learn who reads here and when.
fn image(image: &Value, lookup: Lookup<'_>) -> String {
    let alt = mrkdwn::unescape(string(image, "alt_text"));
    let file = image.get("slack_file").unwrap_or(&Value::Null);
    let source = (lookup.files)(string(file, "id"));
    match source.filter(|source| is_safe_source(source)) {
        Some(source) => picture(&source, &alt),
        None => unloaded(&alt, [string(image, "image_url"), string(file, "url")]),
    }
}

/// A file that was shared with the message.
fn file(file: &Value, lookup: Lookup<'_>) -> String {
    let words = file_words(file);
    let is_image = string(file, "mimetype").starts_with("image/");
    let source = (lookup.files)(string(file, "id")).filter(|source| is_safe_source(source));
    let shown = match source {
        Some(source) if is_image => picture(&source, &words),
        Some(source) => download(file, &source, &words),
        None if is_image => unloaded(&words, ["", ""]),
        None => format!(r#"<span class="blk-unsupported">[file: {}]</span>"#, html_text(&words)),
    };
    figure(&html_text(&mrkdwn::unescape(string(file, "title"))), &shown)
}

/// A file that is no picture, as links that open it and that save it, with its name and size.
fn download(file: &Value, source: &str, words: &str) -> String {
    let name = mrkdwn::unescape(string(file, "name"));
    let name = if name.trim().is_empty() { words } else { &name };
    let size = file.get("size").and_then(Value::as_u64).map(|bytes| match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{} MB", bytes.div_ceil(1_000_000)),
    });
    let size = size.map(|size| format!(r#" <span class="file-size">{size}</span>"#)).unwrap_or_default();
    let (address, saved) = (attribute("href", source), attribute("download", name));
    let spoken = attribute("aria-label", &format!("Download {name}"));
    let name = html_text(name);
    format!(
        r#"<a class="file"{address} target="_blank" rel="noopener">{name}</a>{size} <a class="file-save"{address}{saved}{spoken}>Download</a>"#
    )
}

/// What stands for a shared file: its alt text, else its title, else its name.
pub(crate) fn file_words(file: &Value) -> String {
    let words = ["alt_txt", "title", "name"].map(|key| string(file, key));
    mrkdwn::unescape(words.into_iter().find(|words| !words.trim().is_empty()).unwrap_or_default())
}

/// A picture under its title, as in Slack.
fn figure(title: &str, shown: &str) -> String {
    let caption = if title.is_empty() { String::new() } else { format!("<figcaption>{title}</figcaption>") };
    format!(r#"<figure class="blk blk-image">{caption}{shown}</figure>"#)
}

fn picture(source: &str, alt: &str) -> String {
    let alt = attribute("alt", if alt.trim().is_empty() { "Picture" } else { alt });
    let image = format!(r#"<img{}{alt} referrerpolicy="no-referrer">"#, attribute("src", source));
    // Browsers do not follow links to what the address itself holds.
    if source.starts_with("data:") {
        return image;
    }
    format!(r#"<a class="picture"{} target="_blank" rel="noopener">{image}</a>"#, attribute("href", source))
}

/// A picture in words, with the first address that a person could follow.
fn unloaded(alt: &str, addresses: [&str; 2]) -> String {
    let words = if alt.trim().is_empty() { "[picture]".to_owned() } else { format!("[picture: {}]", html_text(alt)) };
    let address = addresses.into_iter().find(|address| mrkdwn::safe_url(address).is_some()).unwrap_or_default();
    format!(r#"<span class="blk-unsupported">{}</span>"#, html_link(address, &words))
}

/// Whether a picture may be loaded from there: HTTPS, this machine, a path of the page's own server, or a PNG in the address
/// itself. Browsers skip control characters in addresses and read `\` as `/`, so neither may be in one.
fn is_safe_source(address: &str) -> bool {
    if address.is_empty() || address.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return false;
    }
    if let Some(rest) = address.strip_prefix("http://127.0.0.1") {
        let port = rest.split(['/', '?', '#']).next().unwrap_or_default();
        return port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    }
    if let Some(data) = address.strip_prefix("data:image/png;base64,") {
        return data.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
    }
    let is_relative = !address.starts_with("//") && !address.split(['/', '?', '#']).next().unwrap_or("").contains(':');
    is_relative || address.starts_with("https://")
}

fn table(block: &Value, names: Names<'_>) -> String {
    let settings = list(block, "column_settings");
    let mut body = String::new();
    for (index, row) in list(block, "rows").iter().enumerate() {
        let tag = if index == 0 { "th" } else { "td" };
        body += "<tr>";
        for (column, cell) in row.as_array().map_or(&[][..], Vec::as_slice).iter().enumerate() {
            let class = match settings.get(column).map(|setting| string(setting, "align")) {
                Some("right") => r#" class="right""#,
                Some("center") => r#" class="center""#,
                _ => "",
            };
            let told = if string(cell, "type") == "rich_text" {
                list(cell, "elements").iter().map(|part| rich_part(part, names)).collect()
            } else {
                html_text(&cell_text(cell, names))
            };
            body += &format!("<{tag}{class}>{told}</{tag}>");
        }
        body += "</tr>";
    }
    let caption = html_text(string(block, "caption"));
    let caption = if caption.is_empty() { caption } else { format!("<caption>{caption}</caption>") };
    format!(r#"<div class="blk blk-table"><table>{caption}<tbody>{body}</tbody></table></div>"#)
}

fn rich_part(part: &Value, names: Names<'_>) -> String {
    let inline = |holder: &Value| -> String {
        list(holder, "elements").iter().map(|element| rich_element(element, names)).collect()
    };
    match string(part, "type") {
        "rich_text_section" => format!(r#"<div class="rich-section">{}</div>"#, inline(part)),
        "rich_text_quote" => format!("<blockquote>{}</blockquote>", inline(part)),
        "rich_text_preformatted" => format!("<pre>{}</pre>", html_text(&rich_plain(part, names))),
        "rich_text_list" => {
            let tag = if string(part, "style") == "ordered" { "ol" } else { "ul" };
            let indent = part.get("indent").and_then(Value::as_u64).unwrap_or(0).min(8);
            let start = match part.get("offset").and_then(Value::as_u64) {
                Some(offset) if tag == "ol" => format!(r#" start="{}""#, offset.saturating_add(1)),
                _ => String::new(),
            };
            let items: String =
                list(part, "elements").iter().map(|item| format!("<li>{}</li>", inline(item))).collect();
            format!(r#"<{tag} class="indent-{indent}"{start}>{items}</{tag}>"#)
        }
        other => format!(r#"<span class="blk-unsupported">[unsupported text: {}]</span>"#, html_text(other)),
    }
}

fn rich_element(element: &Value, names: Names<'_>) -> String {
    let words = html_text(&rich_words(element, names)).replace('\n', "<br>");
    let mut out = match string(element, "type") {
        "link" => html_link(string(element, "url"), &words),
        "user" | "channel" | "usergroup" | "broadcast" => format!(r#"<span class="mention">{words}</span>"#),
        "date" => {
            let epoch = element.get("timestamp").and_then(Value::as_i64).unwrap_or(0);
            html_link(string(element, "url"), &format!(r#"<time data-epoch="{epoch}">{words}</time>"#))
        }
        _ => words,
    };
    let style = element.get("style").unwrap_or(&Value::Null);
    for (name, tag) in [("code", "code"), ("strike", "s"), ("underline", "u"), ("italic", "em"), ("bold", "strong")] {
        if style.get(name).and_then(Value::as_bool) == Some(true) {
            out = format!("<{tag}>{out}</{tag}>");
        }
    }
    out
}

fn attachment(attachment: &Value, lookup: Lookup<'_>) -> String {
    let mut body = String::new();
    let author = string(attachment, "author_name");
    if !author.is_empty() {
        let author = html_text(&plain_at(attachment, "author_name"));
        body += &format!(r#"<div class="att-author">{}</div>"#, html_link(string(attachment, "author_link"), &author));
    }
    let title = html_text(&plain_at(attachment, "title"));
    if !title.is_empty() {
        body += &format!(r#"<div class="att-title">{}</div>"#, html_link(string(attachment, "title_link"), &title));
    }
    body += &paragraph("att-text", string(attachment, "text"), lookup.names);
    let fields: String = list(attachment, "fields").iter().map(|field| attachment_field(field, lookup.names)).collect();
    if !fields.is_empty() {
        body += &format!(r#"<div class="blk blk-fields">{fields}</div>"#);
    }
    body += &blocks(attachment, lookup);
    for key in ["image_url", "thumb_url"] {
        let address = string(attachment, key);
        if !address.is_empty() {
            body += &format!(r#"<div class="blk blk-image">{}</div>"#, unloaded("", [address, ""]));
        }
    }
    // Buttons from before Block Kit: only those that lead somewhere can do anything here.
    let links: String = list(attachment, "actions")
        .iter()
        .filter_map(|button| mrkdwn::safe_url(string(button, "url")).map(|url| (url, plain_at(button, "text"))))
        .map(|(url, label)| {
            let (url, label) = (html_text(url), html_text(&label));
            format!(r#"<a class="btn" href="{url}" target="_blank" rel="noopener">{label}</a>"#)
        })
        .collect();
    if !links.is_empty() {
        body += &format!(r#"<div class="blk blk-actions">{links}</div>"#);
    }
    let footer = html_text(&plain_at(attachment, "footer"));
    if !footer.is_empty() {
        body += &format!(r#"<div class="att-footer">{footer}</div>"#);
    }
    let pretext = paragraph("att-pretext", string(attachment, "pretext"), lookup.names);
    if body.is_empty() && pretext.is_empty() {
        body = paragraph("att-text", string(attachment, "fallback"), lookup.names);
    }
    if body.is_empty() {
        return pretext;
    }
    let bar = bar(string(attachment, "color"));
    format!(r#"{pretext}<div class="att">{bar}<div class="att-body">{body}</div></div>"#)
}

fn attachment_field(field: &Value, names: Names<'_>) -> String {
    let class = if field.get("short").and_then(Value::as_bool) == Some(true) { "blk-field" } else { "blk-field wide" };
    let title = html_text(&plain_at(field, "title"));
    let value = mrkdwn::to_html(string(field, "value"), names);
    format!(r#"<div class="{class}"><strong>{title}</strong><br>{value}</div>"#)
}

/// The colour bar. A drawing, because its colour must not need an inline style.
fn bar(color: &str) -> String {
    let hex = match color {
        "good" => "2eb886",
        "warning" => "daa038",
        "danger" => "a30200",
        other => other.strip_prefix('#').unwrap_or(other),
    };
    let valid = matches!(hex.len(), 3 | 6) && hex.bytes().all(|b| b.is_ascii_hexdigit());
    let fill = if valid { format!(r##" fill="#{hex}""##) } else { String::new() };
    format!(r#"<svg class="att-bar" aria-hidden="true"><rect width="100%" height="100%"{fill}></rect></svg>"#)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(id: &str) -> Option<String> {
        (id == "U1").then(|| "Mina".to_owned())
    }

    fn files(id: &str) -> Option<String> {
        (id == "F07").then(|| "/files/F07".to_owned())
    }

    const LOOKUP: Lookup<'static> = Lookup { names: &names, files: &files };

    #[track_caller]
    fn check(input: &Value, expected: &str) {
        assert_eq!(message(input, LOOKUP), expected);
    }

    #[track_caller]
    fn check_block(block: &Value, expected: &str) {
        check(&json!({ "blocks": [block], "text": "fallback" }), expected);
    }

    #[test]
    fn text_is_shown_only_without_blocks() {
        check(
            &json!({"text": "*hi* <@U1>"}),
            r#"<div class="blk blk-text"><strong>hi</strong> <span class="mention">@Mina</span></div>"#,
        );
        check(&json!({"text": "t", "blocks": [{"type": "divider"}]}), r#"<hr class="blk blk-divider">"#);
        check(&json!({"text": "t", "blocks": []}), r#"<div class="blk blk-text">t</div>"#);
        check(&json!({}), "");
    }

    #[test]
    fn each_block() {
        check_block(
            &json!({"type": "header", "text": {"type": "plain_text", "text": ":x: A &amp; *B*"}}),
            r#"<h3 class="blk blk-header">❌ A &amp; *B*</h3>"#,
        );
        check_block(
            &json!({"type": "section", "text": {"type": "mrkdwn", "text": "*a*"}, "fields": [{"type": "plain_text", "text": "*f*"}]}),
            concat!(
                r#"<div class="blk blk-section"><div class="blk-body"><div class="blk-text"><strong>a</strong></div>"#,
                r#"<div class="blk-fields"><div class="blk-field">*f*</div></div></div></div>"#
            ),
        );
        check_block(
            &json!({"type": "context", "elements": [{"type": "mrkdwn", "text": "`a`"}, {"type": "image", "image_url": "https://i.example/a.png", "alt_text": "A"}]}),
            concat!(
                r#"<div class="blk blk-context"><span><code>a</code></span>"#,
                r#"<span class="blk-unsupported"><a href="https://i.example/a.png" target="_blank" rel="noopener">[picture: A]</a></span></div>"#
            ),
        );
        check_block(
            &json!({"type": "image", "slack_file": {"id": "F07"}, "alt_text": "p99", "title": {"type": "plain_text", "text": "T"}}),
            concat!(
                r#"<figure class="blk blk-image"><figcaption>T</figcaption>"#,
                r#"<a class="picture" href="/files/F07" target="_blank" rel="noopener">"#,
                r#"<img src="/files/F07" alt="p99" referrerpolicy="no-referrer"></a></figure>"#
            ),
        );
        check_block(
            &json!({"type": "image", "slack_file": {"id": "F08"}, "alt_text": "p99 <b>"}),
            r#"<figure class="blk blk-image"><span class="blk-unsupported">[picture: p99 &lt;b&gt;]</span></figure>"#,
        );
        check_block(
            &json!({"type": "video<"}),
            r#"<div class="blk blk-unsupported">[unsupported block: video&lt;]</div>"#,
        );
        check_block(
            &json!({"type": "table", "column_settings": [null, {"align": "right"}], "rows": [[{"type": "raw_text", "text": "S"}], [{"type": "raw_text", "text": "a<"}, {"type": "raw_number", "value": 0.5}]]}),
            concat!(
                r#"<div class="blk blk-table"><table><tbody><tr><th>S</th></tr>"#,
                r#"<tr><td>a&lt;</td><td class="right">0.5</td></tr></tbody></table></div>"#
            ),
        );
        check_block(
            &json!({"type": "markdown", "text": "# T\n**b**"}),
            r#"<div class="blk blk-markdown"><strong>T</strong><br><strong>b</strong></div>"#,
        );
    }

    #[test]
    fn pictures_are_loaded_from_safe_places_only() {
        #[track_caller]
        fn check(address: &str, expected: bool) {
            let files = |_: &str| Some(address.to_owned());
            let block = json!({"blocks": [{"type": "image", "slack_file": {"id": "F07"}, "alt_text": "p99"}]});
            let html = message(&block, Lookup { names: &names, files: &files });
            assert_eq!(html.contains("<img"), expected, "{address:?}: {html}");
            assert!(html.contains("p99"), "{html}");
        }
        for safe in [
            "https://files.slack.com/a.png",
            "http://127.0.0.1",
            "http://127.0.0.1:4001/files/F07",
            "http://127.0.0.1/files?x=http://evil.example",
            "/files/F07",
            "files/F07",
            "data:image/png;base64,iVBORw0KGgo=",
        ] {
            check(safe, true);
        }
        for unsafe_one in [
            "",
            "http://evil.example/a.png",
            "http://127.0.0.1.evil.example/a.png",
            "http://127.0.0.1:80@evil.example/a.png",
            "http://127.0.0.1@evil.example/a.png",
            "//evil.example/a.png",
            "/\\evil.example/a.png",
            "/\t/evil.example/a.png",
            "\u{0}//evil.example",
            "javascript:alert(1)",
            "data:image/svg+xml;base64,PHN2Zz4=",
            "data:image/png;base64,\"><script>",
            "data:text/html;base64,iVBORw0KGgo=",
            "file:///etc/passwd",
            "slack://file",
        ] {
            check(unsafe_one, false);
        }
    }

    #[test]
    fn shared_files() {
        check(
            &json!({"text": "look", "files": [
                {"id": "F07", "mimetype": "image/png", "title": "T", "alt_txt": "who suffers"},
                {"id": "F08", "mimetype": "image/png", "title": "U"},
                {"id": "F09", "mimetype": "text/html", "name": "a<b.html"}]}),
            concat!(
                r#"<div class="blk blk-text">look</div><figure class="blk blk-image"><figcaption>T</figcaption>"#,
                r#"<a class="picture" href="/files/F07" target="_blank" rel="noopener">"#,
                r#"<img src="/files/F07" alt="who suffers" referrerpolicy="no-referrer"></a></figure>"#,
                r#"<figure class="blk blk-image"><figcaption>U</figcaption><span class="blk-unsupported">[picture: U]</span></figure>"#,
                r#"<figure class="blk blk-image"><span class="blk-unsupported">[file: a&lt;b.html]</span></figure>"#
            ),
        );
        // What is no picture can be opened and saved, if the page has it.
        let files = |id: &str| Some(format!("/files/{id}"));
        let note = json!({"files": [{"id": "F08", "name": "a\"b.md", "title": "<b>", "mimetype": "text/plain", "size": 1500}]});
        assert_eq!(
            message(&note, Lookup { names: &names, files: &files }),
            concat!(
                r#"<figure class="blk blk-image"><figcaption>&lt;b&gt;</figcaption>"#,
                r#"<a class="file" href="/files/F08" target="_blank" rel="noopener">a&quot;b.md</a> "#,
                r#"<span class="file-size">2 kB</span> "#,
                r#"<a class="file-save" href="/files/F08" download="a&quot;b.md" aria-label="Download a&quot;b.md">Download</a></figure>"#
            ),
        );
        // A picture that nobody described still has a name for the link, and one in the address itself leads nowhere.
        let files = |_: &str| Some("data:image/png;base64,iVBORw0KGgo=".to_owned());
        let block = json!({"blocks": [{"type": "image", "slack_file": {"id": "F07"}}]});
        assert_eq!(
            message(&block, Lookup { names: &names, files: &files }),
            concat!(
                r#"<figure class="blk blk-image">"#,
                r#"<img src="data:image/png;base64,iVBORw0KGgo=" alt="Picture" referrerpolicy="no-referrer"></figure>"#
            )
        );
    }

    #[test]
    fn what_can_be_pressed() {
        check_block(
            &json!({"type": "actions", "block_id": "b1", "elements": [
                {"type": "button", "action_id": "go", "style": "primary", "value": "v", "text": {"type": "plain_text", "text": "Go"},
                 "confirm": {"title": {"type": "plain_text", "text": "Sure?"}, "text": {"type": "mrkdwn", "text": "*now*"}}},
                {"type": "button", "style": "danger", "url": "https://x.example", "text": {"type": "plain_text", "text": "Open"}},
            ]}),
            concat!(
                r#"<div class="blk blk-actions"><button type="button" class="btn btn-primary" data-action-id="go" data-block-id="b1" "#,
                r#"data-confirm-title="Sure?" data-confirm-text="now" data-confirm-ok="Yes" data-confirm-deny="Cancel" data-value="v">Go</button>"#,
                r#"<a class="btn btn-danger" href="https://x.example" target="_blank" rel="noopener">Open</a></div>"#
            ),
        );
        check_block(
            &json!({"type": "actions", "elements": [
                {"type": "static_select", "action_id": "s", "placeholder": {"type": "plain_text", "text": "Pick"},
                 "initial_option": {"value": "2"}, "options": [{"text": {"type": "plain_text", "text": "One"}, "value": "1"}],
                 "option_groups": [{"label": {"type": "plain_text", "text": "G"}, "options": [{"text": {"type": "plain_text", "text": "Two"}, "value": "2"}]}]},
                {"type": "overflow", "action_id": "o", "options": [{"text": {"type": "plain_text", "text": "Mute"}, "value": "m"}]},
                {"type": "datepicker"},
            ]}),
            concat!(
                r#"<div class="blk blk-actions"><select class="select" data-action-id="s" data-block-id="" aria-label="Pick">"#,
                r#"<option value="">Pick</option><option value="1">One</option>"#,
                r#"<optgroup label="G"><option value="2" selected>Two</option></optgroup></select>"#,
                r#"<details class="menu"><summary class="btn" aria-label="More actions">⋯</summary><div class="menu-items">"#,
                r#"<button type="button" class="menu-item" data-action-id="o" data-block-id="" data-value="m">Mute</button></div></details>"#,
                r#"<span class="blk-unsupported">[unsupported element: datepicker]</span></div>"#
            ),
        );
    }

    #[test]
    fn rich_text() {
        check_block(
            &json!({"type": "rich_text", "elements": [
                {"type": "rich_text_section", "elements": [
                    {"type": "text", "text": "a<b\n", "style": {"bold": true, "code": true}},
                    {"type": "link", "url": "https://x.example", "text": "x"}, {"type": "user", "user_id": "U1"},
                    {"type": "emoji", "name": "eyes"}, {"type": "emoji", "name": "q", "unicode": "1f6a8"}, {"type": "broadcast", "range": "here"}]},
                {"type": "rich_text_list", "style": "ordered", "indent": 1, "offset": 2, "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "i"}]}]},
                {"type": "rich_text_quote", "elements": [{"type": "text", "text": "q"}]},
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "p\n&amp;"}]},
            ]}),
            concat!(
                r#"<div class="blk blk-rich"><div class="rich-section"><strong><code>a&lt;b<br></code></strong>"#,
                r#"<a href="https://x.example" target="_blank" rel="noopener">x</a><span class="mention">@Mina</span>👀🚨<span class="mention">@here</span></div>"#,
                r#"<ol class="indent-1" start="3"><li>i</li></ol><blockquote>q</blockquote>"#,
                "<pre>p\n&amp;amp;</pre></div>"
            ),
        );
    }

    #[test]
    fn attachments() {
        let bar = |fill: &str| {
            format!(r#"<svg class="att-bar" aria-hidden="true"><rect width="100%" height="100%"{fill}></rect></svg>"#)
        };
        check(
            &json!({"text": "", "attachments": [{
                "color": "#d13212", "pretext": "p", "title": "T", "title_link": "https://t.example", "text": "x",
                "fields": [{"title": "F", "value": "`v`", "short": true}], "footer": "foot", "fallback": "unseen",
                "blocks": [{"type": "divider"}], "actions": [{"type": "button", "text": "Runbook", "url": "https://r.example"}, {"type": "button", "text": "Ack"}],
            }]}),
            &[
                r#"<div class="blk att-pretext">p</div><div class="att">"#,
                &bar(r##" fill="#d13212""##),
                r#"<div class="att-body"><div class="att-title"><a href="https://t.example" target="_blank" rel="noopener">T</a></div>"#,
                r#"<div class="blk att-text">x</div><div class="blk blk-fields"><div class="blk-field"><strong>F</strong><br><code>v</code></div></div>"#,
                r#"<hr class="blk blk-divider"><div class="blk blk-actions"><a class="btn" href="https://r.example" target="_blank" rel="noopener">Runbook</a></div>"#,
                r#"<div class="att-footer">foot</div></div></div>"#,
            ]
            .concat(),
        );
        check(
            &json!({"attachments": [{"fallback": "only this", "color": "red;x"}]}),
            &[
                r#"<div class="att">"#,
                &bar(""),
                r#"<div class="att-body"><div class="blk att-text">only this</div></div></div>"#,
            ]
            .concat(),
        );
    }

    /// Puts the payload under every key that anything here reads, in every kind of block.
    fn poisoned(payload: &Value) -> Value {
        let text = json!({"type": "mrkdwn", "text": payload});
        let plain = json!({"type": "plain_text", "text": payload});
        let confirm = json!({"title": plain, "text": text, "confirm": plain, "deny": plain});
        let option = json!({"text": plain, "value": payload, "url": payload});
        let elements: Vec<Value> = ["button", "overflow", "static_select", "image", "mrkdwn", "plain_text", "text", "link", "user",
            "channel", "usergroup", "broadcast", "emoji", "date", "color", "rich_text_section", "odd"]
            .into_iter()
            .map(|kind| json!({"type": kind, "text": if matches!(kind, "button") { plain.clone() } else { payload.clone() },
                "action_id": payload, "value": payload, "style": payload, "url": payload, "confirm": confirm, "options": [option],
                "option_groups": [{"label": plain, "options": [option]}], "placeholder": plain, "initial_option": option,
                "image_url": payload, "alt_text": payload, "title": plain, "slack_file": {"id": payload, "url": payload},
                "user_id": payload, "channel_id": payload, "usergroup_id": payload, "range": payload, "name": payload, "unicode": payload,
                "timestamp": payload, "fallback": payload, "accessibility_label": payload, "elements": [{"type": "text", "text": payload}]}))
            .collect();
        let rich: Vec<Value> = ["rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted", "odd"]
            .into_iter()
            .map(|kind| json!({"type": kind, "elements": elements, "style": payload, "indent": payload, "offset": payload, "border": payload}))
            .collect();
        let mut blocks: Vec<Value> = ["header", "section", "context", "divider", "actions", "image", "markdown", "table", "data_table", "odd"]
            .into_iter()
            .map(|kind| json!({"type": kind, "block_id": payload, "text": if kind == "markdown" { payload.clone() } else { text.clone() },
                "fields": [text, plain, payload], "elements": elements, "accessory": elements[0], "image_url": payload, "alt_text": payload,
                "title": plain, "caption": payload, "column_settings": [{"align": payload}], "rows": [[payload, {"type": "raw_text", "text": payload},
                {"type": "raw_number", "value": payload}, {"type": "rich_text", "elements": rich}], payload]}))
            .collect();
        blocks.push(json!({"type": payload}));
        blocks.push(json!({"type": "rich_text", "elements": rich}));
        blocks.push(payload.clone());
        let attachment = json!({"color": payload, "pretext": payload, "title": payload, "title_link": payload, "text": payload,
            "author_name": payload, "author_link": payload, "footer": payload, "fallback": payload, "image_url": payload, "thumb_url": payload,
            "fields": [{"title": payload, "value": payload, "short": payload}, payload], "blocks": blocks,
            "actions": [{"text": payload, "url": payload}]});
        json!({"text": payload, "blocks": blocks, "attachments": [attachment, payload],
            "files": [payload, {"id": payload, "mimetype": payload, "title": payload}, {"id": payload, "mimetype": "image/png", "alt_txt": payload, "name": payload}]})
    }

    /// Reads the HTML as a browser would and fails on any element or attribute that we did not mean to write.
    #[track_caller]
    fn assert_harmless(html: &str) {
        const TAGS: &[&str] = &[
            "a",
            "blockquote",
            "br",
            "button",
            "caption",
            "code",
            "details",
            "div",
            "em",
            "figcaption",
            "figure",
            "h3",
            "hr",
            "img",
            "li",
            "ol",
            "ul",
            "optgroup",
            "option",
            "pre",
            "rect",
            "s",
            "select",
            "span",
            "strong",
            "summary",
            "svg",
            "table",
            "tbody",
            "td",
            "th",
            "time",
            "tr",
            "u",
        ];
        const ATTRIBUTES: &[&str] = &[
            "alt",
            "aria-hidden",
            "aria-label",
            "class",
            "data-action-id",
            "data-block-id",
            "data-confirm-deny",
            "data-confirm-ok",
            "data-confirm-text",
            "data-confirm-title",
            "data-epoch",
            "data-value",
            "fill",
            "height",
            "download",
            "href",
            "label",
            "loading",
            "referrerpolicy",
            "rel",
            "src",
            "start",
            "target",
            "title",
            "type",
            "value",
            "width",
            "selected",
        ];
        let mut depth = 0_i32;
        for chunk in html.split('<').skip(1) {
            let (tag, rest) = chunk.split_once('>').expect("every tag is closed");
            assert!(!rest.contains(['>', '"', '\'']), "unescaped text: {rest}");
            if let Some(name) = tag.strip_prefix('/') {
                assert!(TAGS.contains(&name), "{tag}");
                depth -= 1;
                continue;
            }
            // Attribute values cannot hold a quote, so every second part is a value.
            let parts: Vec<&str> = tag.split('"').collect();
            assert!(parts.len() % 2 == 1, "{tag}");
            let name = parts[0].split(' ').next().unwrap();
            assert!(TAGS.contains(&name), "{tag}");
            depth += i32::from(!["br", "hr", "img"].contains(&name));
            for (index, part) in parts.iter().enumerate() {
                if index % 2 == 1 {
                    let attribute = parts[index - 1].trim_end_matches('=').rsplit(' ').next().unwrap();
                    let leads = |to: &[&str]| to.iter().any(|start| part.to_lowercase().starts_with(start));
                    let is_ours = part.starts_with("/files/") || is_safe_source(part);
                    assert!(attribute != "href" || leads(&["http://", "https://", "slack://"]) || is_ours, "{tag}");
                    assert!(attribute != "src" || is_ours, "{tag}");
                } else {
                    let named = part.split([' ', '=']).filter(|word| !word.is_empty()).skip(usize::from(index == 0));
                    for attribute in named {
                        assert!(ATTRIBUTES.contains(&attribute), "{attribute} in {tag}");
                    }
                }
            }
        }
        assert_eq!(depth, 0, "unbalanced: {html}");
    }

    #[test]
    fn nothing_hostile_gets_through_in_any_field() {
        for payload in [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "' onmouseover='alert(1)",
            "javascript:alert(1)",
            "JAVASCRIPT:alert(1)//https://x",
            "<javascript:alert(1)|x>",
            "https://x.example/\"><script>alert(1)</script>",
            "<https://x.example/\" onclick=\"a()|<b>>",
            "data:text/html;base64,PHNjcmlwdD4=",
            "&lt;script&gt; &amp;lt;script&amp;gt;",
            "*_~`unbalanced <@ <!date^ ``` [x](javascript:y)",
            "red;background:url(javascript:x)",
            "</div></details></select><svg onload=x>",
            "\u{202e}gnp.exe\u{200b}\u{0}\u{7f}\u{feff}",
            "🚨 é 漢字",
        ] {
            // Whoever resolves files may be fooled as well.
            let files = |_: &str| Some(payload.to_owned());
            let lookup = Lookup { names: &|_| Some(payload.to_owned()), files: &files };
            assert_harmless(&message(&poisoned(&json!(payload)), lookup));
        }
    }

    #[test]
    fn odd_values_anywhere_are_harmless() {
        let deep = (0..5).fold(json!(1), |inside, _| json!([{ "blocks": inside }]));
        let odd = [
            json!(null),
            json!(true),
            json!(-1),
            json!(1e300),
            json!(""),
            json!([]),
            json!({}),
            json!([[null]]),
            json!({"text": {"text": {"text": 1}}}),
            json!({"type": 7}),
            json!(u64::MAX),
            json!("\u{10ffff}"),
            deep,
        ];
        for value in &odd {
            assert_harmless(&message(value, LOOKUP));
            assert_harmless(&message(&poisoned(value), LOOKUP));
            for key in ["blocks", "attachments", "text"] {
                assert_harmless(&message(&json!({ key: value }), LOOKUP));
                assert_harmless(&message(
                    &json!({ key: [value, [value], {"type": "section", "text": value, "fields": value, "accessory": value}] }),
                    LOOKUP,
                ));
            }
        }
    }
}

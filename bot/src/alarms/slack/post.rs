//! A message of any bot, taken apart: lines and labelled values, each as a person would read it.

use crate::alarms::{bounded, items, prefix, text, when};
use blocks::mrkdwn;
use jiff::Timestamp;
use serde_json::Value;

/// No message has more blocks than this.
const BLOCKS: usize = 50;
/// Nor does Slack show more attachments.
const ATTACHMENTS: usize = 20;
/// No text of a block is longer; of the text of an attachment this much is read.
const TEXT: usize = 12_000;
/// So many lines of one part are read.
const LINES: usize = 400;
/// A longer link is no link to an alarm.
const LINK: usize = 2048;

/// A message.
pub(super) struct Post {
    /// Under which names it is posted, in lower case. Whoever posts chooses them: a hint, no proof.
    pub(super) names: String,
    /// Whether a program posted it.
    pub(super) is_bot: bool,
    /// When it was posted, or last edited.
    pub(super) at: Option<Timestamp>,
    /// The message itself, then each attachment.
    pub(super) parts: Vec<Part>,
}

/// What belongs together: the blocks and the text of a message, or one attachment.
#[derive(Default)]
pub(super) struct Part {
    /// Its lines, the title first.
    pub(super) lines: Vec<Line>,
    /// Labels, in lower case, with their values.
    pub(super) fields: Vec<(String, Line)>,
    /// What stands below it in small print, in lower case.
    pub(super) footer: String,
}

/// One line or value. Without a link all of it is the label.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    /// What stands before the link.
    pub(super) before: String,
    /// What the first link is called.
    pub(super) label: String,
    /// What stands after it.
    pub(super) after: String,
    /// Where the first link leads.
    pub(super) link: Option<String>,
}

impl Post {
    pub(super) fn of(message: &Value) -> Self {
        let names = [&message["bot_profile"]["name"], &message["username"]];
        let names: Vec<String> = names.into_iter().map(|name| prefix(text(name), 100).to_lowercase()).collect();
        let mut whole = Part::default();
        whole.hear_blocks(&message["blocks"]);
        whole.hear(text(&message["text"]), None);
        let attachments = items(&message["attachments"]).iter().take(ATTACHMENTS);
        // What Slack unfolds of a link, or somebody shares, is what somebody else said.
        let quoted = |attachment: &&Value| {
            ["is_app_unfurl", "is_msg_unfurl", "is_share"].iter().any(|flag| attachment[*flag] == true)
                || ["from_url", "original_url"].iter().any(|url| !text(&attachment[*url]).is_empty())
        };
        let attachments = attachments.filter(|attachment| !quoted(attachment)).map(Part::of_attachment);
        let edited = when::slack(text(&message["edited"]["ts"]));
        Self {
            names: names.join(" "),
            is_bot: !text(&message["bot_id"]).is_empty() || message["subtype"] == "bot_message",
            at: when::slack(text(&message["ts"])).max(edited),
            parts: std::iter::once(whole).chain(attachments).collect(),
        }
    }

    /// Whether one of its names has this in it.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// All of it, for a note.
    pub(super) fn text(&self) -> String {
        let lines = self.parts.iter().flat_map(|part| {
            let fields = part.fields.iter().map(|(label, value)| format!("{label}: {}", value.text()));
            part.lines.iter().map(Line::text).chain(fields)
        });
        lines.take(50).collect::<Vec<_>>().join(" ")
    }
}

impl Part {
    fn of_attachment(attachment: &Value) -> Self {
        let mut part = Self::default();
        part.hear(text(&attachment["title"]), attachment["title_link"].as_str());
        part.hear_blocks(&attachment["blocks"]);
        part.hear(text(&attachment["pretext"]), None);
        part.hear(text(&attachment["author_name"]), attachment["author_link"].as_str());
        part.hear(text(&attachment["text"]), None);
        for field in items(&attachment["fields"]).iter().take(BLOCKS) {
            part.add_field(text(&field["title"]), text(&field["value"]));
        }
        if part.lines.is_empty() && part.fields.is_empty() {
            part.hear(text(&attachment["fallback"]), None);
        }
        part.footer = prefix(text(&attachment["footer"]), 100).to_lowercase();
        part
    }

    fn hear_blocks(&mut self, blocks: &Value) {
        for block in items(blocks).iter().take(BLOCKS) {
            self.hear_text(&block["text"]);
            for field in items(&block["fields"]).iter().take(BLOCKS) {
                self.hear_text(field);
            }
            if block["type"] == "rich_text" {
                let mut told = String::new();
                rich(block, &mut told, 0);
                self.hear(&told, None);
            } else if block["type"] == "context" {
                for element in items(&block["elements"]).iter().take(BLOCKS) {
                    self.hear_text(element);
                }
            }
        }
    }

    /// The text of a block: with its label, if it is labelled.
    fn hear_text(&mut self, told: &Value) {
        let told = prefix(text(&told["text"]), TEXT).trim();
        match labelled(told) {
            Some((label, value)) => self.add_field(label, value),
            None => self.hear(told, None),
        }
    }

    fn hear(&mut self, told: &str, link: Option<&str>) {
        for line in prefix(told, TEXT).lines() {
            let mut line = Line::read(line);
            if line.link.is_none() {
                line.link = link.map(mrkdwn::unescape).filter(|link| is_link(link));
            }
            if !line.text().is_empty() && self.lines.len() < LINES {
                self.lines.push(line);
            }
        }
    }

    fn add_field(&mut self, label: &str, value: &str) {
        let label = bare(&Line::read(label).text()).trim_end_matches(':').trim().to_lowercase();
        if !label.is_empty() {
            self.fields.push((bounded(&label, 100), Line::read(prefix(value, TEXT))));
        }
    }

    /// The value under the first of these labels that there is, in a field or as `Label: value` on a line.
    pub(super) fn value(&self, labels: &[&str]) -> Option<&Line> {
        labels.iter().find_map(|label| {
            let field = self.fields.iter().find(|(known, _)| known == label).map(|(_, value)| value);
            field.filter(|value| !value.text().is_empty())
        })
    }

    /// The same as plain text.
    pub(super) fn told(&self, labels: &[&str]) -> Option<String> {
        let field = self.value(labels).map(Line::text);
        field.or_else(|| {
            let lines = self.lines.iter().map(Line::text);
            let pairs: Vec<(String, String)> = lines.filter_map(|line| pair(&line)).collect();
            labels.iter().find_map(|label| {
                let found = pairs.iter().find(|(known, value)| known == label && !value.is_empty());
                found.map(|(_, value)| value.clone())
            })
        })
    }

    /// Its lines, and after them the lines of its values.
    pub(super) fn all_lines(&self) -> Vec<String> {
        let values = self.fields.iter().map(|(_, value)| value.text());
        let all = self.lines.iter().map(Line::text).chain(values);
        all.flat_map(|text| text.lines().map(bare).collect::<Vec<_>>()).filter(|line| !line.is_empty()).collect()
    }

    /// The first link that `fits`.
    pub(super) fn link(&self, fits: impl Fn(&str) -> bool) -> Option<String> {
        let links = self.lines.iter().chain(self.fields.iter().map(|(_, value)| value));
        links.filter_map(|line| line.link.as_ref()).find(|link| fits(link)).cloned()
    }
}

impl Line {
    /// Reads one line of mrkdwn.
    pub(super) fn read(told: &str) -> Self {
        let mut line = Self::default();
        let mut rest = told;
        while let Some((before, after)) = rest.split_once('<') {
            let Some((inside, after)) = after.split_once('>') else { break };
            let (url, label) = inside.split_once('|').unwrap_or((inside, inside));
            let url = mrkdwn::unescape(url);
            line.part_mut().push_str(&plain(before));
            if line.link.is_none() && is_link(&url) {
                line.link = Some(url);
                line.before = std::mem::take(&mut line.label);
                line.label = bare(&plain(label));
                // What comes now stands after the link.
                line.after.push(' ');
            } else {
                line.part_mut().push_str(&plain(label));
            }
            rest = after;
        }
        line.part_mut().push_str(&plain(rest));
        if line.link.is_none() {
            line.label = bare(&line.label);
        }
        line.before = bare(&line.before);
        line.after = bare(&line.after);
        line
    }

    fn part_mut(&mut self) -> &mut String {
        if self.link.is_some() { &mut self.after } else { &mut self.label }
    }

    /// All of it.
    pub(super) fn text(&self) -> String {
        let parts = [&self.before, &self.label, &self.after].map(|part| part.trim());
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// Text with its entities as what they stand for.
fn plain(told: &str) -> String {
    mrkdwn::unescape(told).replace("&#39;", "'").replace("&#34;", "\"").replace("&apos;", "'").replace("&nbsp;", " ")
}

/// Text without the marks of emphasis and code around it.
pub(super) fn bare(told: &str) -> String {
    let mut told = told.trim();
    loop {
        let paired = ['*', '`', '_', '~'].iter().find_map(|mark| told.strip_prefix(*mark)?.strip_suffix(*mark));
        let next = paired.unwrap_or(told).trim_matches('*').trim();
        if next.len() == told.len() {
            return told.to_owned();
        }
        told = next;
    }
}

/// Text without emoji, glyphs or shortcodes, and other marks before its first word.
pub(super) fn unmarked(told: &str) -> &str {
    let mut rest = told;
    loop {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric() && !"[#\"“:".contains(c));
        let shortcode = rest
            .strip_prefix(':')
            .and_then(|rest| rest.split_once(':'))
            .filter(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-+'".contains(c)));
        match (shortcode, rest.strip_prefix(':')) {
            (Some((_, after)), _) | (None, Some(after)) => rest = after,
            (None, None) => return rest,
        }
    }
}

/// `Label: value`, or `- label = value`.
pub(super) fn pair(line: &str) -> Option<(String, String)> {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || "-•*·–".contains(c));
    let at = line.find([':', '='])?;
    let (label, value) = (bare(&line[..at]), bare(line[at + 1..].trim_start_matches('*')));
    (!label.is_empty() && label.chars().count() <= 60).then(|| (label.to_lowercase(), value))
}

/// `*Label*` and, on the next line or after a colon, its value.
fn labelled(told: &str) -> Option<(&str, &str)> {
    let (label, value) = told.strip_prefix('*')?.split_once('*')?;
    let separated = label.ends_with(':') || value.starts_with([':', '\n']);
    (separated && !label.contains(['\n', '<'])).then(|| (label, value.trim_start_matches(':').trim()))
}

pub(super) fn is_link(url: &str) -> bool {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web && url.len() <= LINK && !url.contains(char::is_whitespace)
}

/// The host of a link, in lower case.
pub(super) fn host(link: &str) -> String {
    let rest = link.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default().to_lowercase()
}

/// The text of a `rich_text` block, with its links as mrkdwn has them.
fn rich(value: &Value, out: &mut String, depth: usize) {
    const DEEPEST: usize = 8;
    if depth > DEEPEST || out.len() > TEXT * 4 {
        return;
    }
    for element in items(&value["elements"]).iter().take(LINES) {
        let told = mrkdwn::escape(prefix(text(&element["text"]), TEXT));
        match element["type"].as_str() {
            Some("link") => {
                let url = mrkdwn::escape(text(&element["url"]));
                out.extend(["<", &url, if told.is_empty() { "" } else { "|" }, &told, ">"]);
            }
            Some("emoji") => out.extend([":", prefix(text(&element["name"]), 100), ":"]),
            Some("text") => out.push_str(&told),
            _ => {
                rich(element, out, depth + 1);
                out.push('\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_are_read_as_people_read_them() {
        #[track_caller]
        fn check(told: &str, (before, label, after): (&str, &str, &str), link: Option<&str>) {
            let line = Line::read(told);
            assert_eq!(
                (line.before.as_str(), line.label.as_str(), line.after.as_str()),
                (before, label, after),
                "{told}"
            );
            assert_eq!(line.link.as_deref(), link, "{told}");
        }
        check("*a &lt;b&gt;*", ("", "a <b>", ""), None);
        check(
            ":red_circle: *<https://x.example/?a=1&amp;b=2|[#1] n>* done",
            (":red_circle:", "[#1] n", "done"),
            Some("https://x.example/?a=1&b=2"),
        );
        check(
            "see <https://a.example> and <https://b.example|b>",
            ("see", "https://a.example", "and b"),
            Some("https://a.example"),
        );
        check("<@U1> and <#C1|general>", ("", "@U1 and general", ""), None);
        check("a < b", ("", "a < b", ""), None);
        check("`code`", ("", "code", ""), None);
        check("<javascript:x|y>", ("", "y", ""), None);
    }

    #[test]
    fn marks_before_a_title_are_no_part_of_it() {
        #[track_caller]
        fn check(told: &str, expected: &str) {
            assert_eq!(unmarked(told), expected, "{told}");
        }
        check("🚨 a", "a");
        check(":rotating_light: a", "a");
        check("⚠️ :+1::skin-tone-2: *[FIRING:1]* a", "[FIRING:1]* a");
        check(": a", "a");
        check("#1: a", "#1: a");
        check("🚨", "");
    }

    #[test]
    fn what_somebody_else_said_is_no_part_of_a_message() {
        let post = Post::of(&json!({
            "bot_id": "B1", "ts": "1795183332.000100", "edited": {"ts": "1795183390.000000"},
            "blocks": [
                {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
                    {"type": "emoji", "name": "fire"}, {"type": "text", "text": " a <b> "},
                    {"type": "link", "url": "https://x.example", "text": "c"}]}]},
                {"type": "section", "fields": [{"type": "mrkdwn", "text": "*State:* `OK`"}]}],
            "attachments": [{"from_url": "https://x.example", "title": "quoted"}, {"fallback": "only this"}]
        }));
        assert_eq!(post.text(), ":fire: a <b> c state: OK only this");
        assert_eq!(post.at.unwrap().to_string(), "2026-11-20T14:03:10Z");
        assert_eq!(post.parts[0].told(&["state"]).as_deref(), Some("OK"));
    }

    #[test]
    fn the_host_is_where_a_link_leads() {
        #[track_caller]
        fn check(link: &str, expected: &str) {
            assert_eq!(host(link), expected, "{link}");
        }
        check("https://App.Datadoghq.com:443/monitors/1", "app.datadoghq.com");
        check("https://app.datadoghq.com@evil.example/monitors/1", "evil.example");
        check("https://evil.example/?app.datadoghq.com", "evil.example");
        check("no link", "");
    }
}

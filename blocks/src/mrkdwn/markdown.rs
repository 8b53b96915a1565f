//! Slack's markup as standard Markdown (GitHub's flavour), for documents.

use super::{Names, Piece, Span, Style, pieces, safe_url};

/// Slack mrkdwn as Markdown. Whatever was text stays text: nothing in it becomes markup, a row or a heading.
pub fn to_markdown(text: &str, names: Names<'_>) -> String {
    let told: Vec<String> = pieces(text, names).iter().map(piece).collect();
    told.join("\n\n")
}

fn piece(piece: &Piece) -> String {
    let lines = |lines: &[Vec<Span>], margin: &str| {
        let told = lines.iter().map(|line| format!("{margin}{}", begun(&line.iter().map(span).collect::<String>())));
        told.collect::<Vec<_>>().join("\n")
    };
    match piece {
        Piece::Lines(spans) => lines(spans, ""),
        Piece::Quote(spans) => lines(spans, "> "),
        Piece::Pre(text) => {
            let fence = "`".repeat(longest_run(text).max(2) + 1);
            format!("{fence}\n{text}\n{fence}")
        }
    }
}

fn span(span: &Span) -> String {
    match span {
        Span::Text(text) | Span::Mention(text) => escape(text),
        Span::Code(text) => code(text),
        Span::Styled(style, inside) => {
            let mark = match style {
                Style::Bold => "**",
                Style::Italic => "*",
                Style::Strike => "~~",
            };
            format!("{mark}{}{mark}", inside.iter().map(self::span).collect::<String>())
        }
        Span::Link { url, label } => link(url, label),
        Span::Date { url, fallback, .. } => link(url, fallback),
    }
}

fn link(url: &str, label: &str) -> String {
    let Some(url) = safe_url(url) else { return escape(label) };
    let mut address = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '<' => address.push_str("%3C"),
            '>' => address.push_str("%3E"),
            '\\' => address.push_str("%5C"),
            '|' => address.push_str("%7C"),
            c if c.is_whitespace() || c.is_control() => address.push_str("%20"),
            c => address.push(c),
        }
    }
    format!("[{}](<{address}>)", escape(label))
}

/// Text that is read as the text it is.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&') {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

/// A line that is no item of a list and no underline of a heading, whatever it begins with: `- x`, `1. x`, `===`.
fn begun(line: &str) -> String {
    let digits = line.len() - line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = line.split_at(digits);
    let is_numbered = number.ends_with(|c: char| c.is_ascii_digit());
    let marks: &[char] = if is_numbered { &['.', ')'] } else { &['-', '+', '='] };
    if rest.starts_with(marks) { format!("{number}\\{rest}") } else { line.to_owned() }
}

/// Text as code; the marks around it are longer than any within.
fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let marks = "`".repeat(longest_run(&text) + 1);
    let room = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{marks}{room}{text}{room}{marks}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(mrkdwn: &str, expected: &str) {
        assert_eq!(to_markdown(mrkdwn, &|id| (id == "U1").then(|| "Mi_na".to_owned())), expected);
    }

    #[test]
    fn markup_becomes_markup_and_text_stays_text() {
        check("*bold* and _it_, `a_b`", "**bold** and *it*, `a_b`");
        check(
            "<https://x.example/a|see *this*> <!date^0^{time_secs}|03:12:00 UTC>",
            "[see \\*this\\*](<https://x.example/a>) 03:12:00 UTC",
        );
        check("<@U1> &lt;b&gt; # | [x](y) &amp;amp;", "@Mi\\_na \\<b\\> \\# \\| \\[x\\](y) \\&amp;");
        check("- item", "\\- item");
        check("2026-11-20 - `a` - b. *c*.", "2026-11-20 - `a` - b. **c**.");
        check("===", "\\===");
        check(" +1", " \\+1");
        check("1. item 2. x", "1\\. item 2. x");
        check("```{\"a\": 1}```", "```\n{\"a\": 1}\n```");
        check("<javascript:alert(1)|x>", "x");
    }

    proptest! {
        /// What nobody wrote as markup is escaped: no row, no tag, no code begins in it.
        #[test]
        fn nothing_becomes_markup(text in "[a-z|<>`*_#\\\\\\[\\]~& ]{0,40}") {
            let told = escape(&text);
            let mut characters = told.chars();
            while let Some(c) = characters.next() {
                if c == '\\' {
                    prop_assert!(characters.next().is_some());
                } else {
                    prop_assert!(!"|<>`*_#[]~&".contains(c), "{told}");
                }
            }
        }
    }
}

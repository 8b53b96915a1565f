//! Slack's own markup ("mrkdwn"), read once into spans and told as safe HTML or as plain text.
//!
//! Whatever comes in is shown, never trusted: text that is not valid markup stays the text it is, and
//! only `http`, `https` and `slack` addresses become links. Reading takes linear time and nests at most
//! three styles deep, since other bots' messages pass through here too.

pub mod markdown;
mod signs;

pub use markdown::to_markdown;
pub use signs::{escape, unescape, visible};

/// Looks up the display name of a user or channel id.
pub type Names<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Slack mrkdwn as safe HTML.
pub fn to_html(text: &str, names: Names<'_>) -> String {
    pieces(text, names).iter().map(Piece::html).collect()
}

/// Slack mrkdwn as a person reads it: styles fall away, a link is its label, a date its fallback.
/// Code keeps its backticks, because it is there to be pasted.
pub fn to_plain(text: &str, names: Names<'_>) -> String {
    let told: Vec<String> = pieces(text, names).iter().map(Piece::plain).collect();
    told.join("\n")
}

/// What a `markdown` block needs of standard Markdown, rewritten as mrkdwn. Tables become preformatted text.
pub fn from_markdown(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let (mut fenced, mut in_table) = (false, false);
    for line in text.lines() {
        let trimmed = line.trim_start();
        let table = !fenced && trimmed.starts_with('|');
        if table != in_table {
            out.push("```".to_owned());
            in_table = table;
        }
        if trimmed.starts_with("```") {
            fenced = !fenced;
            out.push("```".to_owned());
        } else if table {
            let ruler = trimmed.chars().all(|c| "|-: ".contains(c));
            if !ruler {
                out.push(escape(trimmed));
            }
        } else if fenced {
            out.push(escape(&unescape(line)));
        } else {
            out.push(markdown_line(line));
        }
    }
    if in_table {
        out.push("```".to_owned());
    }
    out.join("\n")
}

fn markdown_line(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let (margin, body) = line.split_at(indent);
    let heading = body.trim_start_matches('#');
    let level = body.len() - heading.len();
    if (1..=6).contains(&level) && heading.starts_with(' ') {
        let title = heading.trim().replace("**", "");
        return format!("*{}*", markdown_inline(&title));
    }
    for bullet in ["- ", "* ", "+ "] {
        if let Some(item) = body.strip_prefix(bullet) {
            return format!("{margin}• {}", markdown_inline(item));
        }
    }
    format!("{margin}{}", markdown_inline(body))
}

fn markdown_inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut previous = None;
    // Once no backtick follows, none follows later on this line either.
    let mut code = true;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        if let Some(after) = rest.strip_prefix("**").or_else(|| rest.strip_prefix("__")) {
            out.push('*');
            taken = rest.len() - after.len();
        } else if let Some(after) = rest.strip_prefix("~~") {
            out.push('~');
            taken = rest.len() - after.len();
        } else if let Some((length, label, url)) = markdown_link(rest) {
            let label = escape(label).replace('|', "¦");
            out.extend(["<", &escape(url), "|", &label, ">"]);
            taken = length;
        } else if c == '`' && code {
            if let Some(end) = rest[1..].find('`') {
                taken = end + 2;
                out.push_str(&escape(&unescape(&rest[..taken])));
            } else {
                code = false;
                out.push('`');
            }
        } else if c == '*' && (previous.is_some_and(|p: char| !p.is_whitespace()) || !rest[1..].starts_with(' ')) {
            out.push('_');
        } else if c == '&' {
            let entity = ["&amp;", "&lt;", "&gt;"].into_iter().find(|e| rest.starts_with(e));
            out.push_str(entity.unwrap_or("&amp;"));
            taken = entity.map_or(1, str::len);
        } else {
            out.push_str(&escape(&rest[..taken]));
        }
        previous = rest[..taken].chars().last();
        rest = &rest[taken..];
    }
    out
}

/// The length, label and address of the `[label](address)` that `rest` starts with.
fn markdown_link(rest: &str) -> Option<(usize, &str, &str)> {
    let inside = rest.strip_prefix('[')?;
    // Each search stops at the next bracket, so a line of brackets is still read once.
    let label = &inside[..inside.find(['[', ']'])?];
    let after = inside[label.len()..].strip_prefix("](")?;
    let url = &after[..after.find([')', ' ', '(', '['])?];
    let closed = after[url.len()..].starts_with(')');
    let length = "[](".len() + label.len() + url.len() + ")".len();
    (closed && safe_url(url).is_some()).then_some((length, label, url))
}

/// The address, when it is of a kind that may become a link.
pub(crate) fn safe_url(url: &str) -> Option<&str> {
    let url = url.trim();
    ["http://", "https://", "slack://"]
        .iter()
        .any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
        .then_some(url)
}

/// Text made safe for HTML content and for quoted attributes alike.
pub(crate) fn html_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A link that opens beside the page, or only its label when the address is not a safe one.
pub(crate) fn html_link(url: &str, label_html: &str) -> String {
    safe_url(url).map_or_else(
        || label_html.to_owned(),
        |url| format!(r#"<a href="{}" target="_blank" rel="noopener">{label_html}</a>"#, html_text(url)),
    )
}

/// Replaces the `:shortcodes:` we know by their glyphs.
pub(crate) fn emojify(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (length, shown) = shortcode(rest).unwrap_or((1, ":"));
        out.push_str(shown);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// The glyph of an emoji by its Slack name.
pub(crate) fn glyph(name: &str) -> Option<&'static str> {
    EMOJI.iter().find(|(known, _)| *known == name).map(|(_, glyph)| *glyph)
}

fn shortcode(rest: &str) -> Option<(usize, &'static str)> {
    const LONGEST: usize = 32;
    let name = rest.strip_prefix(':')?;
    let end = name.bytes().take(LONGEST).position(|b| b == b':')?;
    Some((end + 2, glyph(&name[..end])?))
}

const EMOJI: &[(&str, &str)] = &[
    ("rotating_light", "🚨"),
    ("warning", "⚠️"),
    ("white_check_mark", "✅"),
    ("heavy_check_mark", "✔️"),
    ("red_circle", "🔴"),
    ("large_green_circle", "🟢"),
    ("large_orange_circle", "🟠"),
    ("large_yellow_circle", "🟡"),
    ("large_blue_circle", "🔵"),
    ("white_circle", "⚪"),
    ("black_circle", "⚫"),
    ("large_red_square", "🟥"),
    ("large_orange_square", "🟧"),
    ("large_green_square", "🟩"),
    ("x", "❌"),
    ("no_entry", "⛔"),
    ("no_entry_sign", "🚫"),
    ("octagonal_sign", "🛑"),
    ("question", "❓"),
    ("grey_question", "❔"),
    ("exclamation", "❗"),
    ("information_source", "ℹ️"),
    ("eyes", "👀"),
    ("pushpin", "📌"),
    ("hourglass", "⌛"),
    ("hourglass_flowing_sand", "⏳"),
    ("stopwatch", "⏱️"),
    ("alarm_clock", "⏰"),
    ("clock1", "🕐"),
    ("thread", "🧵"),
    ("arrow_right", "➡️"),
    ("arrow_left", "⬅️"),
    ("arrow_up", "⬆️"),
    ("arrow_down", "⬇️"),
    ("arrow_upper_right", "↗️"),
    ("arrows_counterclockwise", "🔄"),
    ("leftwards_arrow_with_hook", "↩️"),
    ("mag", "🔍"),
    ("link", "🔗"),
    ("bell", "🔔"),
    ("no_bell", "🔕"),
    ("mute", "🔇"),
    ("fire", "🔥"),
    ("fire_engine", "🚒"),
    ("boom", "💥"),
    ("zap", "⚡"),
    ("rocket", "🚀"),
    ("package", "📦"),
    ("hammer_and_wrench", "🛠️"),
    ("wrench", "🔧"),
    ("lock", "🔒"),
    ("key", "🔑"),
    ("shield", "🛡️"),
    ("bulb", "💡"),
    ("memo", "📝"),
    ("clipboard", "📋"),
    ("bar_chart", "📊"),
    ("chart_with_upwards_trend", "📈"),
    ("chart_with_downwards_trend", "📉"),
    ("speech_balloon", "💬"),
    ("telephone_receiver", "📞"),
    ("pager", "📟"),
    ("robot_face", "🤖"),
    ("wave", "👋"),
    ("pray", "🙏"),
    ("thumbsup", "👍"),
    ("+1", "👍"),
    ("thumbsdown", "👎"),
    ("-1", "👎"),
    ("tada", "🎉"),
    ("heart", "❤️"),
    ("smile", "😄"),
    ("slightly_smiling_face", "🙂"),
    ("zzz", "💤"),
];

/// A stretch of whole lines that is laid out as one thing.
enum Piece {
    Lines(Vec<Vec<Span>>),
    Quote(Vec<Vec<Span>>),
    Pre(String),
}

enum Span {
    Text(String),
    Code(String),
    Styled(Style, Vec<Span>),
    Link { url: String, label: String },
    Mention(String),
    Date { epoch: i64, url: String, fallback: String },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Bold,
    Italic,
    Strike,
}

impl Style {
    fn of(mark: char) -> Option<Self> {
        match mark {
            '*' => Some(Self::Bold),
            '_' => Some(Self::Italic),
            '~' => Some(Self::Strike),
            _ => None,
        }
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::Bold => "strong",
            Self::Italic => "em",
            Self::Strike => "s",
        }
    }
}

impl Piece {
    fn html(&self) -> String {
        let lines = |lines: &[Vec<Span>]| {
            let told: Vec<String> = lines.iter().map(|line| line.iter().map(Span::html).collect()).collect();
            told.join("<br>")
        };
        match self {
            Self::Lines(spans) => lines(spans),
            Self::Quote(spans) => format!("<blockquote>{}</blockquote>", lines(spans)),
            Self::Pre(text) => format!("<pre>{}</pre>", html_text(text)),
        }
    }

    fn plain(&self) -> String {
        let lines = |lines: &[Vec<Span>], margin: &str| {
            let told: Vec<String> = lines
                .iter()
                .map(|line| format!("{margin}{}", line.iter().map(Span::plain).collect::<String>()))
                .collect();
            told.join("\n")
        };
        match self {
            Self::Lines(spans) => lines(spans, ""),
            Self::Quote(spans) => lines(spans, "> "),
            Self::Pre(text) => text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n"),
        }
    }
}

impl Span {
    fn html(&self) -> String {
        match self {
            Self::Text(text) => html_text(text),
            Self::Code(text) => format!("<code>{}</code>", html_text(text)),
            Self::Styled(style, inside) => {
                let inside: String = inside.iter().map(Self::html).collect();
                format!("<{tag}>{inside}</{tag}>", tag = style.tag())
            }
            Self::Link { url, label } => html_link(url, &html_text(label)),
            Self::Mention(name) => format!(r#"<span class="mention">{}</span>"#, html_text(name)),
            Self::Date { epoch, url, fallback } => {
                let time = format!(r#"<time data-epoch="{epoch}">{}</time>"#, html_text(fallback));
                html_link(url, &time)
            }
        }
    }

    fn plain(&self) -> String {
        match self {
            Self::Text(text) | Self::Mention(text) => text.clone(),
            Self::Code(text) => format!("`{text}`"),
            Self::Styled(_, inside) => inside.iter().map(Self::plain).collect(),
            Self::Link { label, .. } => label.clone(),
            Self::Date { fallback, .. } => fallback.clone(),
        }
    }
}

fn pieces(text: &str, names: Names<'_>) -> Vec<Piece> {
    const FENCE: &str = "```";
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once(FENCE) {
        let Some((inside, after)) = tail.split_once(FENCE) else {
            break;
        };
        if inside.trim().is_empty() {
            break;
        }
        let before = before.strip_suffix('\n').unwrap_or(before);
        line_pieces(before, names, &mut out);
        let inside = inside.strip_prefix('\n').unwrap_or(inside);
        out.push(Piece::Pre(unescape(inside.trim_end())));
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    line_pieces(rest, names, &mut out);
    out
}

fn line_pieces(text: &str, names: Names<'_>, out: &mut Vec<Piece>) {
    if text.is_empty() {
        return;
    }
    let mut rest_is_quoted = false;
    let first = out.len();
    for line in text.split('\n') {
        let mut body = line;
        let mut quoted = rest_is_quoted;
        if !rest_is_quoted && let Some(after) = quote_mark(line) {
            let deeper = quote_mark(after).and_then(quote_mark);
            rest_is_quoted = deeper.is_some();
            quoted = true;
            body = deeper.unwrap_or(after);
            body = body.strip_prefix(' ').unwrap_or(body);
        }
        let tokens = tokens(body, names);
        let spans = styled(&tokens, &[]);
        // Pieces from before this stretch stay closed: a fence stands between.
        let last = out[first..].last_mut();
        match (quoted, last) {
            (true, Some(Piece::Quote(lines))) | (false, Some(Piece::Lines(lines))) => lines.push(spans),
            (true, _) => out.push(Piece::Quote(vec![spans])),
            (false, _) => out.push(Piece::Lines(vec![spans])),
        }
    }
}

fn quote_mark(line: &str) -> Option<&str> {
    line.strip_prefix("&gt;").or_else(|| line.strip_prefix('>'))
}

/// What a line is made of before its style marks are paired.
enum Token<'a> {
    Text(&'a str),
    Code(&'a str),
    Angle(&'a str, Names<'a>),
    Url(&'a str),
    Glyph(&'static str),
    Mark { text: &'a str, style: Style, opens: bool, closes: bool },
}

fn tokens<'a>(line: &'a str, names: Names<'a>) -> Vec<Token<'a>> {
    let mut out = Vec::new();
    let (mut at, mut text_from) = (0, 0);
    let mut previous: Option<char> = None;
    while let Some(c) = line[at..].chars().next() {
        let rest = &line[at..];
        let found = match c {
            '`' => code(rest),
            '<' => angle(rest, names),
            ':' => shortcode(rest).map(|(length, glyph)| (length, Token::Glyph(glyph))),
            'h' | 'H' if previous.is_none_or(|p| !p.is_alphanumeric()) => {
                bare_url(rest).map(|url| (url.len(), Token::Url(url)))
            }
            _ => Style::of(c).map(|style| (1, mark(rest, style, c, previous))),
        };
        let taken = found.as_ref().map_or(c.len_utf8(), |(length, _)| *length);
        if let Some((_, token)) = found {
            out.push(Token::Text(&line[text_from..at]));
            out.push(token);
            text_from = at + taken;
        }
        previous = rest[..taken].chars().last();
        at += taken;
    }
    out.push(Token::Text(&line[text_from..]));
    out
}

/// Slack's word-boundary rule: a mark opens before a word and closes after one, so `a_b_c` stays.
fn mark(rest: &str, style: Style, c: char, previous: Option<char>) -> Token<'_> {
    let next = rest.chars().nth(1);
    let free = |side: Option<char>| side.is_none_or(|s| !s.is_alphanumeric() && s != c);
    let touches = |side: Option<char>| side.is_some_and(|s| !s.is_whitespace() && s != c);
    Token::Mark {
        text: &rest[..1],
        style,
        opens: free(previous) && touches(next),
        closes: touches(previous) && free(next),
    }
}

fn code(rest: &str) -> Option<(usize, Token<'_>)> {
    let inside = &rest[1..][..rest[1..].find('`')?];
    (!inside.is_empty()).then(|| (inside.len() + 2, Token::Code(inside)))
}

fn angle<'a>(rest: &'a str, names: Names<'a>) -> Option<(usize, Token<'a>)> {
    let end = rest[1..].find(['<', '>'])?;
    let inside = &rest[1..][..end];
    let closed = rest[1 + end..].starts_with('>');
    (closed && reference(inside, names).is_some()).then(|| (end + 2, Token::Angle(inside, names)))
}

fn bare_url(rest: &str) -> Option<&str> {
    const TRAILING: &[char] = &['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '"', '*', '_', '~'];
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| rest.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))?;
    let end = rest.find(|c: char| c.is_whitespace() || "<>|`\"".contains(c)).unwrap_or(rest.len());
    let url = rest[..end].split("&gt;").next()?.split("&lt;").next()?.split("&quot;").next()?;
    let url = url.trim_end_matches(TRAILING);
    (url.len() > scheme.len()).then_some(url)
}

/// Pairs the marks. A style does not nest in itself, which bounds the depth.
fn styled(tokens: &[Token<'_>], active: &[Style]) -> Vec<Span> {
    let mut out = Vec::new();
    // Whether a mark closes does not depend on who opened it: once no closer follows, none will later.
    let mut hopeless: Vec<Style> = active.to_vec();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::Text(text) => out.push(Span::Text(unescape(text))),
            Token::Code(text) => out.push(Span::Code(unescape(text))),
            Token::Glyph(glyph) => out.push(Span::Text((*glyph).to_owned())),
            Token::Url(url) => out.push(Span::Link { url: unescape(url), label: unescape(url) }),
            Token::Angle(inside, names) => out.extend(reference(inside, *names)),
            Token::Mark { text, style, opens, .. } => {
                let closer = (*opens && !hopeless.contains(style))
                    .then(|| tokens[at..].iter().position(|token| token.closes(*style)))
                    .flatten();
                if let Some(length) = closer {
                    let inner: Vec<Style> = active.iter().copied().chain([*style]).collect();
                    out.push(Span::Styled(*style, styled(&tokens[at..at + length], &inner)));
                    at += length + 1;
                } else {
                    if *opens {
                        hopeless.push(*style);
                    }
                    out.push(Span::Text((*text).to_owned()));
                }
            }
        }
    }
    out
}

impl Token<'_> {
    fn closes(&self, wanted: Style) -> bool {
        matches!(self, Token::Mark { style, closes: true, .. } if *style == wanted)
    }
}

/// Reads what stands between `<` and `>`: a link, a mention or a date.
fn reference(inside: &str, names: Names<'_>) -> Option<Span> {
    let (target, label) = inside
        .split_once('|')
        .map_or((inside, None), |(target, label)| (target, Some(label).filter(|l| !l.is_empty())));
    let shown = |id: &str| {
        names(id).unwrap_or_else(|| {
            let label = label.unwrap_or(id);
            unescape(label.strip_prefix(['@', '#']).unwrap_or(label))
        })
    };
    let is_id = |id: &&str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
    if let Some(id) = target.strip_prefix('@') {
        return Some(id).filter(is_id).map(|id| Span::Mention(format!("@{}", shown(id))));
    }
    if let Some(id) = target.strip_prefix('#') {
        return Some(id).filter(is_id).map(|id| Span::Mention(format!("#{}", shown(id))));
    }
    if let Some(special) = target.strip_prefix('!') {
        let (kind, arguments) = special.split_once('^').unwrap_or((special, ""));
        return match kind {
            "here" | "channel" | "everyone" => Some(Span::Mention(format!("@{kind}"))),
            "subteam" => Some(arguments).filter(is_id).map(|id| Span::Mention(format!("@{}", shown(id)))),
            "date" => date(arguments, label),
            _ => label.map(|label| Span::Text(unescape(label))),
        };
    }
    let (scheme, _) = target.split_once(':')?;
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    is_scheme.then(|| {
        let url = unescape(target);
        let label = label.map_or_else(|| url.clone(), |label| emojify(&unescape(label)));
        Span::Link { url, label }
    })
}

fn date(arguments: &str, fallback: Option<&str>) -> Option<Span> {
    let mut parts = arguments.split('^');
    let epoch = parts.next()?;
    let url = unescape(parts.nth(1).unwrap_or_default());
    let fallback = unescape(fallback.unwrap_or(epoch));
    Some(Span::Date { epoch: epoch.parse().ok()?, url, fallback })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(id: &str) -> Option<String> {
        match id {
            "U1" => Some("Mina".to_owned()),
            "C1" => Some("war-room".to_owned()),
            "UEVIL" => Some("<script>alert(1)</script>".to_owned()),
            _ => None,
        }
    }

    #[track_caller]
    fn check(input: &str, html: &str) {
        assert_eq!(to_html(input, &names), html);
    }

    #[track_caller]
    fn check_plain(input: &str, plain: &str) {
        assert_eq!(to_plain(input, &names), plain);
    }

    #[track_caller]
    fn check_markdown(input: &str, mrkdwn: &str) {
        assert_eq!(from_markdown(input), mrkdwn);
    }

    #[test]
    fn escapes_and_unescapes() {
        assert_eq!(escape(r#"a & b < c > "d""#), r#"a &amp; b &lt; c &gt; "d""#);
        assert_eq!(unescape("OK -&gt; ALARM &amp;lt; &quot;x&quot; &copy; & &"), "OK -> ALARM &lt; \"x\" &copy; & &");
        for text in ["", "&amp;", "<@U1>", "&&lt;>", "é🚨&"] {
            assert_eq!(unescape(&escape(text)), text);
        }
    }

    #[test]
    fn styles_follow_word_boundaries() {
        check("*bold* _it_ ~st~ `c`", "<strong>bold</strong> <em>it</em> <s>st</s> <code>c</code>");
        check("a_b_c and 2*3*4", "a_b_c and 2*3*4");
        check("(*x*), _y_.", "(<strong>x</strong>), <em>y</em>.");
        check("*_both_*", "<strong><em>both</em></strong>");
        check("*a _b* c_", "<strong>a _b</strong> c_");
        check("* not a bullet *", "* not a bullet *");
        check("**markdown** stays", "**markdown** stays");
        check("*open", "*open");
        check("*two\nlines*", "*two<br>lines*");
        check("`*x* :x:`", "<code>*x* :x:</code>");
        check("`` empty", "`` empty");
    }

    #[test]
    fn lines_quotes_and_preformatted() {
        check("a\nb\n\nc", "a<br>b<br><br>c");
        check("• one\n• two", "• one<br>• two");
        check("a\n&gt; q1\n&gt;q2\nb", "a<blockquote>q1<br>q2</blockquote>b");
        check("&gt;&gt;&gt; all\nthe rest", "<blockquote>all<br>the rest</blockquote>");
        check("see\n```\nlet a = &lt;b&gt;;\n*c*\n```\nend", "see<pre>let a = &lt;b&gt;;\n*c*</pre>end");
        check("``` unclosed", "``` unclosed");
        check("", "");
    }

    #[test]
    fn references_become_links_mentions_and_dates() {
        check(
            "<https://x.example/?a=1&amp;b=2|:mag: a | b>",
            r#"<a href="https://x.example/?a=1&amp;b=2" target="_blank" rel="noopener">🔍 a | b</a>"#,
        );
        check(
            "*<https://x.example|🚨 CloudWatch>*",
            r#"<strong><a href="https://x.example" target="_blank" rel="noopener">🚨 CloudWatch</a></strong>"#,
        );
        check(
            "see https://x.example/a_b_c, ok",
            r#"see <a href="https://x.example/a_b_c" target="_blank" rel="noopener">https://x.example/a_b_c</a>, ok"#,
        );
        check(
            "<@U1> <@U2|bo> <@U3>",
            concat!(
                r#"<span class="mention">@Mina</span> <span class="mention">@bo</span> "#,
                r#"<span class="mention">@U3</span>"#
            ),
        );
        check(
            "<#C1> <!here> <!subteam^S1|@oncall>",
            concat!(
                r#"<span class="mention">#war-room</span> <span class="mention">@here</span> "#,
                r#"<span class="mention">@oncall</span>"#
            ),
        );
        check(
            "<!date^1795183320^{time_secs} {date_short}|14:02:00 UTC>",
            r#"<time data-epoch="1795183320">14:02:00 UTC</time>"#,
        );
        check("<mailto:a@b.example|a@b.example>", "a@b.example");
    }

    #[test]
    fn emoji_we_know_become_glyphs() {
        check(":rotating_light: :x: :unknown_one: 14:02:11 ::", "🚨 ❌ :unknown_one: 14:02:11 ::");
    }

    #[test]
    fn plain_text_is_what_a_person_reads() {
        check_plain("*b* _i_ `c` <https://x.example|label> <https://x.example>", "b i `c` label https://x.example");
        check_plain("&gt; q\n```\na\nb\n```\n<!date^1^{time}|01:00> &lt;3", "> q\n    a\n    b\n01:00 <3");
        check_plain("<@U1> in <#C1>", "@Mina in #war-room");
    }

    #[test]
    fn hostile_text_is_only_text() {
        check("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;");
        check("&lt;img src=x onerror=alert(1)&gt;", "&lt;img src=x onerror=alert(1)&gt;");
        check("<javascript:alert(1)|click>", "click");
        check("<JaVaScRiPt:alert(1)>", "JaVaScRiPt:alert(1)");
        check("<data:text/html,x|y>", "y");
        check(
            r#"<https://x.example/" onmouseover="a|b>"#,
            r#"<a href="https://x.example/&quot; onmouseover=&quot;a" target="_blank" rel="noopener">b</a>"#,
        );
        check(
            "<https://x.example|<b>>",
            "&lt;https://x.example|&lt;b&gt;&gt;"
                .replace(
                    "https://x.example|",
                    r#"<a href="https://x.example" target="_blank" rel="noopener">https://x.example</a>|"#,
                )
                .as_str(),
        );
        check("<@UEVIL>", r#"<span class="mention">@&lt;script&gt;alert(1)&lt;/script&gt;</span>"#);
        check("<@U1\" x=\"|n>", "&lt;@U1&quot; x=&quot;|n&gt;");
        check("<!date^1\"x^f|t>", "&lt;!date^1&quot;x^f|t&gt;");
        check("<!date^5^f^javascript:x|t>", r#"<time data-epoch="5">t</time>"#);
        check("\u{202e}abc\u{200b}*x*\u{200d}", "\u{202e}abc\u{200b}<strong>x</strong>\u{200d}");
    }

    #[test]
    fn markdown_becomes_mrkdwn() {
        check_markdown(
            "## Timeline\n- **a** and *b*\n[x](https://e.example) ~~s~~",
            "*Timeline*\n• *a* and _b_\n<https://e.example|x> ~s~",
        );
        check_markdown("| a | b |\n|---|---|\n| 1 | 2 |\nend", "```\n| a | b |\n| 1 | 2 |\n```\nend");
        check_markdown("```rust\n**x** <y>\n```", "```\n**x** &lt;y&gt;\n```");
        check_markdown("<script> & [x](javascript:y)", "&lt;script&gt; &amp; [x](javascript:y)");
    }

    #[test]
    fn any_string_is_read_in_linear_time_and_without_panic() {
        let alphabet =
            ["*", "_", "~", "`", "<", ">", "|", ":", "&gt;", "&", "\n", " ", "a", "é", "🚨", "http://", "[", "]("];
        let mut seed: u64 = 7;
        for length in 0..400 {
            let mut text = String::new();
            for _ in 0..length % 40 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let pick = usize::try_from(seed >> 40).unwrap() % alphabet.len();
                text.push_str(alphabet[pick]);
            }
            let html = to_html(&text, &names);
            assert!(!html.contains("<script") && html.matches("<strong>").count() == html.matches("</strong>").count());
            to_plain(&from_markdown(&text), &names);
        }
        for part in alphabet.into_iter().chain([" *a", "*_~", "<a ", "[a", "(*_~x~_*)", "https://a.b "]) {
            let long = part.repeat(20_000);
            to_html(&long, &names);
            to_plain(&from_markdown(&long), &names);
        }
    }
}

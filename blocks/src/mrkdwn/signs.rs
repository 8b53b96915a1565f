//! Signs that mean something to Slack, and those that mean something to the eye.

/// Escapes the three characters that Slack treats as control characters, and no others. Of what nobody sees nothing stays:
/// see [`visible()`].
pub fn escape(text: &str) -> String {
    visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text without the characters by which a stranger can make it read otherwise than it is: those that turn the direction of
/// writing, that have no width, and that stand for nothing but themselves. What joins the parts of an emoji stays.
pub fn visible(text: &str) -> String {
    let is_hidden = |c: &char| {
        matches!(c,
            '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().filter(|c| !is_hidden(c)).collect()
}

/// Undoes [`escape`], and `&quot;`, which some senders write although Slack does not ask for it.
pub fn unescape(text: &str) -> String {
    const ENTITIES: [(&str, char); 4] = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"')];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (entity, plain) = ENTITIES.into_iter().find(|(entity, _)| rest.starts_with(entity)).unwrap_or(("&", '&'));
        out.push(plain);
        rest = &rest[entity.len()..];
    }
    out.push_str(rest);
    out
}

//! Code as tokens, in any language: names, numbers, texts and signs. Enough to compare, not to understand.

use crate::words;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A name or a keyword.
    Name,
    /// A number; a unit that is written to it belongs to it (`300ms`, `512Mi`).
    Number,
    /// What stands between quotes.
    Text,
    /// Anything else, a character or an operator of two.
    Sign,
}

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) sort: Sort,
    pub(super) text: String,
}

/// The tokens of a line.
pub(super) fn tokens(code: &str) -> Vec<Token> {
    let characters: Vec<char> = code.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let first = characters[at];
        let while_in = |from: usize, is: &dyn Fn(char) -> bool| {
            characters[from..].iter().position(|character| !is(*character)).map_or(characters.len(), |end| from + end)
        };
        let (sort, end, from) = if first.is_whitespace() {
            at += 1;
            continue;
        } else if first.is_alphabetic() || first == '_' || first == '$' || first == '@' {
            (Sort::Name, while_in(at + 1, &|it| it.is_alphanumeric() || it == '_' || it == '$'), at)
        } else if first.is_ascii_digit() {
            (Sort::Number, while_in(at, &|it| it.is_alphanumeric() || it == '.' || it == '_' || it == '%'), at)
        } else if matches!(first, '"' | '\'' | '`') {
            let close = characters[at + 1..].iter().position(|character| *character == first);
            let end = close.map_or(characters.len(), |close| at + 1 + close);
            tokens.push(Token { sort: Sort::Text, text: characters[at + 1..end].iter().collect() });
            at = end + 1;
            continue;
        } else {
            const TWO: [&str; 14] =
                ["==", "!=", "<=", ">=", "&&", "||", "=>", "->", ":=", "?.", "??", "+=", "::", "..."];
            let two: String = characters[at..].iter().take(2).collect();
            (Sort::Sign, if TWO.contains(&two.as_str()) { at + 2 } else { at + 1 }, at)
        };
        tokens.push(Token { sort, text: characters[from..end].iter().collect() });
        at = end.max(at + 1);
    }
    tokens
}

/// The names that are called: those before an opening bracket, but for keywords.
pub(super) fn calls(tokens: &[Token]) -> Vec<&str> {
    const KEYWORDS: [&str; 22] = [
        "if", "for", "while", "switch", "catch", "return", "func", "function", "def", "fn", "elif", "else", "and",
        "or", "not", "in", "async", "await", "range", "match", "with", "foreach",
    ];
    let declared =
        |at: usize| at > 0 && matches!(tokens[at - 1].text.as_str(), "func" | "function" | "def" | "fn" | "class");
    let is_call = |at: usize| tokens[at].sort == Sort::Name && tokens[at + 1].text == "(" && !declared(at);
    let names = (0..tokens.len().saturating_sub(1)).filter(|at| is_call(*at)).map(|at| tokens[at].text.as_str());
    names.filter(|name| !KEYWORDS.contains(name)).collect()
}

/// The stems of a name's words.
pub(super) fn stems(name: &str) -> Vec<String> {
    words::of(name).iter().map(|word| words::stem(word).to_owned()).collect()
}

/// A value that is set somewhere.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    /// What it is called there: the name it is assigned to, or the call it is given to.
    pub(super) key: String,
    /// The value as it is written.
    pub(super) written: String,
    /// Its size in base units (seconds, bytes), where it is a number.
    pub(super) size: Option<f64>,
}

/// The values a line sets. A number alone after a name, or among the arguments of a call, counts; in a file of settings
/// whatever follows the name does.
pub(super) fn settings(code: &str, tokens: &[Token], plain: bool) -> Vec<Setting> {
    let mut found = Vec::new();
    if plain && let Some(setting) = assignment(code) {
        return vec![setting];
    }
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut key: Option<usize> = None;
    for (at, token) in tokens.iter().enumerate() {
        match (token.sort, token.text.as_str()) {
            (Sort::Sign, "(") => {
                open.push(at.checked_sub(1).filter(|before| tokens[*before].sort == Sort::Name));
                key = None;
            }
            (Sort::Sign, ")") => {
                open.pop();
                key = None;
            }
            (Sort::Sign, ":" | "=" | ":=" | "=>") => {
                key = at.checked_sub(1).filter(|at| tokens[*at].sort != Sort::Sign);
            }
            (Sort::Sign, "," | ";" | "{" | "}" | "==" | "<" | ">" | "<=" | ">=") => key = None,
            (Sort::Number, written) => {
                let named = key.or_else(|| open.iter().rev().copied().flatten().next());
                let Some(named) = named else { continue };
                let unit = unit_around(tokens, at).or_else(|| unit_of(&tokens[named].text));
                let size = number(written).map(|(value, own)| value * own.or(unit).unwrap_or(1.0));
                found.push(Setting { key: tokens[named].text.clone(), written: written.to_owned(), size });
            }
            (Sort::Name, "true" | "false" | "True" | "False") | (Sort::Text, _) => {
                if let Some(named) = key {
                    found.push(Setting { key: tokens[named].text.clone(), written: token.text.clone(), size: None });
                }
            }
            _ => {}
        }
    }
    found
}

/// `key: value` or `key = value`, the value up to the end of the line.
fn assignment(code: &str) -> Option<Setting> {
    let at = code.find([':', '='])?;
    let key = code[..at].trim().trim_matches(['"', '\'', '-', ' ']);
    let written = code[at + 1..].trim().trim_end_matches(',').trim_matches(['"', '\'', '=', '>', ' ']);
    if key.is_empty()
        || written.is_empty()
        || key.len() > 80
        || written.len() > 200
        || written.contains(['{', '[', '('])
    {
        return None;
    }
    let size = number(written).map(|(value, unit)| value * unit.or_else(|| unit_of(key)).unwrap_or(1.0));
    Some(Setting { key: key.to_owned(), written: written.to_owned(), size })
}

/// A number and the unit written to it.
pub(super) fn number(written: &str) -> Option<(f64, Option<f64>)> {
    let clean: String = written.chars().filter(|character| *character != '_').collect();
    let end = clean.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(clean.len());
    let value: f64 = clean[..end].parse().ok().filter(|value: &f64| value.is_finite())?;
    match &clean[end..] {
        "" => Some((value, None)),
        unit => unit_of(unit).map(|unit| (value, Some(unit))),
    }
}

/// Times this makes base units: seconds, bytes, ones.
fn unit_of(name: &str) -> Option<f64> {
    let exact = match name {
        "ns" => Some(1e-9),
        "us" | "µs" => Some(1e-6),
        "ms" => Some(1e-3),
        "s" | "L" | "f" | "F" | "l" | "u" => Some(1.0),
        "m" => Some(60.0),
        "h" => Some(3600.0),
        "d" => Some(86_400.0),
        "%" => Some(0.01),
        "k" | "K" | "kb" | "KB" | "Ki" | "KiB" => Some(1024.0),
        "M" | "MB" | "Mi" | "MiB" | "mb" => Some(1_048_576.0),
        "G" | "GB" | "Gi" | "GiB" | "gb" => Some(1_073_741_824.0),
        _ => None,
    };
    let last = || words::of(name).last().map(|word| words::stem(word).to_owned());
    exact.or_else(|| match last()?.as_str() {
        "ms" | "milli" | "millisecond" => Some(1e-3),
        "sec" | "second" => Some(1.0),
        "min" | "minut" => Some(60.0),
        "hour" => Some(3600.0),
        "day" => Some(86_400.0),
        _ => None,
    })
}

/// The unit a number is multiplied with: `5 * time.Second`, `time.Minute * 2`, or of the call it is given to alone.
fn unit_around(tokens: &[Token], at: usize) -> Option<f64> {
    let names = |from: usize, to: usize| {
        tokens.get(from..to.min(tokens.len())).and_then(|near| near.iter().rev().find(|it| it.sort == Sort::Name))
    };
    let after = tokens.get(at + 1).filter(|next| next.text == "*").and_then(|_| names(at + 2, at + 5));
    let before = at
        .checked_sub(1)
        .filter(|before| tokens[*before].text == "*")
        .and_then(|_| names(at.saturating_sub(4), at - 1));
    let call = at.checked_sub(2).filter(|_| tokens[at - 1].text == "(").and_then(|call| tokens.get(call));
    after.or(before).or(call).and_then(|name| unit_of(&name.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, plain: bool, expected: &[(&str, &str, Option<f64>)]) {
        let found = settings(code, &tokens(code), plain);
        let told: Vec<(&str, &str, Option<f64>)> =
            found.iter().map(|it| (it.key.as_str(), it.written.as_str(), it.size)).collect();
        assert_eq!(told, expected, "{code}");
    }

    #[test]
    fn values_are_read_with_their_units() {
        check("ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)", false, &[("WithTimeout", "2", Some(120.0))]);
        check("client.setReadTimeout(Duration.ofMillis(250));", false, &[("ofMillis", "250", Some(0.25))]);
        check(
            "pool_size=20, max_overflow=5,",
            false,
            &[("pool_size", "20", Some(20.0)), ("max_overflow", "5", Some(5.0))],
        );
        check(
            "const opts = { timeoutMs: 3_000, keepAlive: true };",
            false,
            &[("timeoutMs", "3_000", Some(3.0)), ("keepAlive", "true", None)],
        );
        check("memory: 512Mi", true, &[("memory", "512Mi", Some(536_870_912.0))]);
        check("  - name: LOG_LEVEL", true, &[("name", "LOG_LEVEL", None)]);
        check("timeout = \"30s\"", true, &[("timeout", "30s", Some(30.0))]);
        check("return a[3]", false, &[]);
    }

    #[test]
    fn calls_are_names_before_a_bracket() {
        let code = "if (a.load(b)) { return new Thing(c, d) } func own(x)";
        assert_eq!(calls(&tokens(code)), ["load", "Thing"]);
    }
}

//! Whether a sentence about a plan says only what the plan states.

use super::Statement;
use crate::narrate::{LONGEST_SENTENCE, Refused, Sentence};

/// Words that tie others together and state nothing; they may come and go.
const GLUE: [&str; 34] = [
    "a", "an", "and", "are", "as", "be", "been", "by", "does", "for", "has", "have", "here", "in", "is", "it", "its",
    "itself", "of", "on", "plan", "remedy", "so", "that", "the", "their", "them", "then", "this", "was", "which",
    "will", "with", "also",
];

/// Words without which a statement would say more, or the opposite. Whoever cites it says them.
const KEPT: [&str; 54] = [
    "afterwards",
    "again",
    "all",
    "any",
    "anybody",
    "before",
    "can",
    "cannot",
    "could",
    "down",
    "each",
    "every",
    "everybody",
    "expected",
    "expires",
    "few",
    "fewer",
    "if",
    "known",
    "least",
    "less",
    "likely",
    "low",
    "high",
    "medium",
    "may",
    "might",
    "more",
    "most",
    "must",
    "neither",
    "never",
    "no",
    "nobody",
    "none",
    "nor",
    "not",
    "nothing",
    "now",
    "only",
    "or",
    "part",
    "since",
    "some",
    "success",
    "unless",
    "until",
    "up",
    "when",
    "where",
    "whether",
    "while",
    "without",
    "would",
];

/// Words that say how a number is meant.
const BEFORE_NUMBERS: [&str; 8] = ["from", "to", "after", "within", "at", "than", "for", "until"];

/// Words that stand for each other, the one that statements use first.
const SAME: [(&str, &str); 12] = [
    ("min", "minute"),
    ("undo", "undoe"),
    ("undo", "undone"),
    ("undo", "revert"),
    ("undo", "reverted"),
    ("need", "require"),
    ("set", "put"),
    ("recover", "recovery"),
    ("go", concat!("go", "e")),
    ("likely", "probable"),
    ("risk", "risky"),
    ("cannot", "can't"),
];

/// Segments of one sentence: more statements at once read badly.
const MOST_CITED: usize = 4;

/// A word of a sentence, as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A plain word.
    Word(String),
    /// A word that has to come along.
    Kept(String),
    /// A name, or a number with the word that says how it is meant: none of these may be skipped between two others.
    Fixed(String),
}

impl Token {
    fn text(&self) -> &str {
        let (Self::Word(text) | Self::Kept(text) | Self::Fixed(text)) = self;
        text
    }
}

/// Whether a sentence says only what the statements say that it cites.
///
/// # Errors
/// The first word that they do not support, and why.
pub fn holds(sentence: &Sentence, stated: &[Statement]) -> Result<(), Refused> {
    if sentence.text.chars().count() > LONGEST_SENTENCE {
        return Err(Refused::new("", "it is too long"));
    }
    if sentence.evidence.is_empty() || sentence.evidence.len() > MOST_CITED {
        return Err(Refused::new("", "it cites no statement, or too many"));
    }
    let mut cited = Vec::new();
    for id in &sentence.evidence {
        let statement = stated.iter().find(|statement| statement.id == *id);
        let statement = statement.ok_or_else(|| Refused::new(&id.to_string(), "there is no such statement"))?;
        cited.push((tokens(&statement.text)?, statement.whole));
    }
    let said = tokens(&sentence.text)?;
    if let Some(unknown) = said.iter().find(|token| !cited.iter().any(|(tokens, _)| tokens.contains(token))) {
        return Err(Refused::new(unknown.text(), "no statement that it cites says so"));
    }
    let mut told = vec![false; cited.len()];
    if divides(&said, &cited, &mut told) {
        Ok(())
    } else {
        Err(Refused::new("", "it says more or less than the statements that it cites"))
    }
}

/// Whether `said` is one part after the other of each of the statements that are not told yet, in any order of these.
fn divides(said: &[Token], cited: &[(Vec<Token>, bool)], told: &mut [bool]) -> bool {
    if told.iter().all(|told| *told) {
        return said.is_empty();
    }
    for (at, (stated, whole)) in cited.iter().enumerate() {
        if told[at] {
            continue;
        }
        told[at] = true;
        let mut lengths = 1..=said.len().min(stated.len());
        if lengths.any(|length| tells(&said[..length], stated, *whole) && divides(&said[length..], cited, told)) {
            return true;
        }
        told[at] = false;
    }
    false
}

/// Whether `said` tells a statement: its words in their order, all of those that have to come along, and of names and numbers an
/// unbroken run that begins with the first name.
fn tells(said: &[Token], stated: &[Token], whole: bool) -> bool {
    if whole {
        return said == stated;
    }
    let mut rest = stated.iter();
    if !said.iter().all(|token| rest.any(|other| other == token)) {
        return false;
    }
    let kept = |tokens: &[Token]| -> Vec<String> {
        tokens.iter().filter(|token| matches!(token, Token::Kept(_))).map(|token| token.text().to_owned()).collect()
    };
    let fixed = |tokens: &[Token]| -> Vec<String> {
        tokens.iter().filter(|token| matches!(token, Token::Fixed(_))).map(|token| token.text().to_owned()).collect()
    };
    let (mine, all) = (fixed(said), fixed(stated));
    kept(said) == kept(stated) && all.starts_with(&mine)
}

/// The words of a sentence that say something.
fn tokens(text: &str) -> Result<Vec<Token>, Refused> {
    let mut found: Vec<Token> = Vec::new();
    // What stands before a number or a name belongs to it; what does not is a word that comes along.
    let mut before = String::new();
    let alone = |found: &mut Vec<Token>, before: &mut String| {
        let word = std::mem::take(before);
        if !word.is_empty() && word != "for" {
            found.push(Token::Kept(word));
        }
    };
    for (place, part) in text.split('`').enumerate() {
        if place % 2 == 1 {
            if !matches!(before.as_str(), "from" | "to") {
                alone(&mut found, &mut before);
            }
            found.push(Token::Fixed(with(&before, part)));
            before.clear();
            continue;
        }
        for raw in part.split_whitespace() {
            let word =
                raw.trim_matches(|c: char| matches!(c, '.' | ',' | ';' | ':' | '(' | ')' | '!' | '?')).to_lowercase();
            if word.is_empty() {
                continue;
            }
            if !word
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '$' | '%' | '.' | ':' | '-' | '\'' | '_' | '/' | '+'))
            {
                return Err(Refused::new(raw, "it has signs that no statement needs"));
            }
            let is_number = word.contains(|c: char| c.is_ascii_digit());
            let plain = canonical(&word);
            if is_number {
                found.push(Token::Fixed(with(&before, &word)));
                before.clear();
            } else if BEFORE_NUMBERS.contains(&plain.as_str()) {
                alone(&mut found, &mut before);
                before = plain;
            } else if !GLUE.contains(&plain.as_str()) {
                alone(&mut found, &mut before);
                found.push(if KEPT.contains(&plain.as_str()) { Token::Kept(plain) } else { Token::Word(plain) });
            }
        }
    }
    alone(&mut found, &mut before);
    Ok(found)
}

fn with(before: &str, number: &str) -> String {
    if before.is_empty() { number.to_owned() } else { format!("{before} {number}") }
}

/// A word without its ending, and the one that stands for those like it.
fn canonical(word: &str) -> String {
    if KEPT.contains(&word) || GLUE.contains(&word) || BEFORE_NUMBERS.contains(&word) {
        return word.to_owned();
    }
    let stem = word.strip_suffix('s').filter(|stem| stem.len() > 2 && !stem.ends_with('s')).unwrap_or(word);
    SAME.iter().find(|(_, other)| *other == stem).map_or(stem, |(one, _)| one).to_owned()
}

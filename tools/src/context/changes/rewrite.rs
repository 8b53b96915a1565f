//! Changes that leave behaviour as it is: another name, a helper that takes over, a text for people, one more check.

use super::code::{Sort, Token, calls, stems};
use super::diff::FileKind;
use super::effect::{Cut, Effect, Sides};
use super::signature::is_telling;
use std::collections::{BTreeMap, BTreeSet};

/// An effect at least this strong is believed even where the rest is the same work in other words.
pub(super) const SURE: f64 = 0.55;

/// Of the words that went, so many may be missing afterwards when a helper took over.
const LOST_TO_A_HELPER: f64 = 0.65;

/// Why nothing that `sides` show can break anything that runs.
pub(super) fn harmless(sides: &[Sides<'_>]) -> Option<&'static str> {
    if sides.iter().any(|sides| sides.kind != FileKind::Code) {
        return None;
    }
    if sides.iter().all(renames_only) {
        return Some("only names that nobody else sees");
    }
    if sides.iter().all(rewords_only) {
        return Some("only texts for people");
    }
    if sides
        .iter()
        .all(|sides| sides.removed.is_empty() && sides.added.iter().all(|cut| is_check(cut)) && !throws(sides))
    {
        return Some("only checks that were not there");
    }
    None
}

/// Whether removed and added lines are the same but for a consistent renaming of plain names. Names after a dot, keys and
/// texts belong to somebody else as well; renaming those is an effect.
fn renames_only(sides: &Sides<'_>) -> bool {
    let flat = |cuts: &[Cut<'_>]| -> Vec<Token> { cuts.iter().flat_map(|cut| cut.tokens.iter().cloned()).collect() };
    let (before, after) = (flat(&sides.removed), flat(&sides.added));
    if before.len() != after.len() || before.is_empty() {
        return false;
    }
    let (mut there, mut back) = (BTreeMap::new(), BTreeMap::new());
    for at in 0..before.len() {
        let (old, new) = (&before[at], &after[at]);
        if old.sort != new.sort {
            return false;
        }
        let owned = at > 0 && matches!(before[at - 1].text.as_str(), "." | "?." | "::");
        let is_key = before.get(at + 1).is_some_and(|next| next.text == ":");
        if old.sort != Sort::Name || owned || is_key {
            if old.text != new.text {
                return false;
            }
            continue;
        }
        let known = there.entry(old.text.clone()).or_insert_with(|| new.text.clone());
        let reverse = back.entry(new.text.clone()).or_insert_with(|| old.text.clone());
        if *known != new.text || *reverse != old.text {
            return false;
        }
    }
    true
}

/// Whether the lines differ only in sentences, in how something looks, or in a version that is told.
fn rewords_only(sides: &Sides<'_>) -> bool {
    if sides.removed.len() != sides.added.len() || sides.removed.is_empty() {
        return false;
    }
    sides.removed.iter().zip(&sides.added).all(|(old, new)| {
        let same = old.tokens.len() == new.tokens.len();
        let pairs = || old.tokens.iter().zip(&new.tokens);
        let reworded = |(old, new): (&Token, &Token)| {
            old.sort == Sort::Text && new.sort == Sort::Text && is_for_people(&old.text) && is_for_people(&new.text)
        };
        let shown = || {
            let words: BTreeSet<String> = stems(&new.line.code).into_iter().collect();
            [
                "classnam",
                "classname",
                "class",
                "styl",
                "style",
                "color",
                "label",
                "placehold",
                "placeholder",
                "tooltip",
                "version",
                "copyright",
                "icon",
            ]
            .iter()
            .any(|word| words.contains(*word))
        };
        let text_only = |(old, new): (&Token, &Token)| old == new || (old.sort == Sort::Text && new.sort == Sort::Text);
        same && (pairs().all(|pair| pair.0 == pair.1 || reworded(pair)) || (shown() && pairs().all(text_only)))
    })
}

/// A sentence, a colour, a path of a drawing: not a name that a program looks up.
fn is_for_people(text: &str) -> bool {
    let words = text.split_whitespace().count();
    let is_statement = ["select ", "insert ", "update ", "delete ", "from ", "where "]
        .iter()
        .any(|word| text.to_lowercase().contains(word));
    (words >= 2 && !is_statement) || (text.starts_with('#') && text.len() <= 9)
}

/// A condition, a return, or a bracket: what a guard is made of.
fn is_check(cut: &Cut<'_>) -> bool {
    let first = cut.tokens.iter().find(|token| token.sort == Sort::Name).map_or("", |token| token.text.as_str());
    matches!(first, "if" | "return" | "defer" | "else" | "continue" | "break" | "unless" | "finally")
}

fn throws(sides: &Sides<'_>) -> bool {
    let thrown = |token: &Token| {
        matches!(token.text.as_str(), "throw" | "raise" | "panic" | "abort" | "exit" | "Err" | "Error" | "Errorf")
    };
    sides.added.iter().any(|cut| cut.tokens.iter().any(thrown))
}

/// Whether the whole is the same work in other words: whatever went is still spoken of, or a helper of that name took
/// over, and nothing but that came.
pub(super) fn preserves(sides: &[Sides<'_>], found: &[Effect]) -> bool {
    if found.iter().any(|effect| effect.strength >= SURE) {
        return false;
    }
    sides.iter().all(|sides| {
        if sides.kind != FileKind::Code || sides.removed.is_empty() {
            return false;
        }
        let telling = |cuts: &[Cut<'_>]| -> BTreeSet<String> {
            cuts.iter().flat_map(|cut| stems(&cut.line.code)).filter(|stem| is_telling(stem)).collect()
        };
        let before = telling(&sides.removed);
        let lost = before.iter().filter(|stem| !sides.words_after.contains(*stem)).count();
        let called = |cuts: &[Cut<'_>]| -> BTreeSet<String> {
            cuts.iter().flat_map(|cut| calls(&cut.tokens).into_iter().map(str::to_owned).collect::<Vec<_>>()).collect()
        };
        let (was_called, is_called) = (called(&sides.removed), called(&sides.added));
        let helper = is_called.difference(&was_called).next().is_some();
        let share = lost as f64 / before.len().max(1) as f64;
        if helper {
            return share <= LOST_TO_A_HELPER;
        }
        // Without a helper all that counts must still be there: names, texts and numbers; and the same operators, since
        // those are what a quiet change turns around.
        let weighty = |cuts: &[Cut<'_>]| -> BTreeMap<String, usize> {
            let mut counted = BTreeMap::new();
            for token in cuts.iter().flat_map(|cut| &cut.tokens) {
                let counts = match token.sort {
                    Sort::Number | Sort::Text => true,
                    Sort::Sign => {
                        !matches!(token.text.as_str(), "(" | ")" | "{" | "}" | ";" | "," | "." | "=" | ":=" | ":")
                    }
                    Sort::Name => false,
                };
                if counts {
                    *counted.entry(token.text.clone()).or_default() += 1;
                }
            }
            counted
        };
        lost == 0 && weighty(&sides.removed) == weighty(&sides.added)
    })
}

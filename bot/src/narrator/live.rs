//! What a model tells while it still speaks: a sentence can be told as soon as it is whole.

use super::parts;
use serde_json::Value;
use tools::language::Heard;
use tools::model::Sentence;

/// How an answer gets on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Progress {
    /// A tool was read; its title.
    Read(&'static str),
    /// A sentence that its evidence supports.
    Said(Sentence),
}

/// Characters of one sentence's JSON; what is longer is no sentence, and is left to the end of the reply.
const LONGEST: usize = 8_000;

/// Reads the sentences of a reply piece by piece.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// What was heard of the object that is open now.
    object: String,
    /// How many braces are open, the outermost being that of the arguments.
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Reading {
    /// The sentences that became whole with this piece.
    pub(super) fn take(&mut self, heard: &Heard) -> Vec<Sentence> {
        let Heard::Arguments { tool, piece } = heard else { return Vec::new() };
        if tool != parts::TELL {
            return Vec::new();
        }
        let mut whole = Vec::new();
        for character in piece.chars() {
            if self.depth >= 2 && self.object.len() < LONGEST {
                self.object.push(character);
            }
            match character {
                _ if self.escaped => self.escaped = false,
                '\\' if self.in_text => self.escaped = true,
                '"' => self.in_text = !self.in_text,
                '{' if !self.in_text => {
                    self.depth += 1;
                    if self.depth == 2 {
                        "{".clone_into(&mut self.object);
                    }
                }
                '}' if !self.in_text => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 1 {
                        let object = std::mem::take(&mut self.object);
                        whole.extend(serde_json::from_str::<Value>(&object).ok().as_ref().and_then(parts::draft));
                    }
                }
                _ => {}
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The sentences that are read of `text` when it comes in pieces of `size` characters, and how many before its last piece.
    fn read(text: &str, size: usize) -> Vec<String> {
        let characters: Vec<char> = text.chars().collect();
        let mut reading = Reading::default();
        let pieces = characters.chunks(size).map(|piece| piece.iter().collect());
        pieces
            .flat_map(|piece| reading.take(&Heard::Arguments { tool: "tell".to_owned(), piece }))
            .map(|sentence| sentence.text)
            .collect()
    }

    #[test]
    fn a_sentence_is_told_as_soon_as_it_is_whole() {
        let mut reading = Reading::default();
        let mut take = |piece: &str| {
            let told = reading.take(&Heard::Arguments { tool: "tell".to_owned(), piece: piece.to_owned() });
            told.into_iter().map(|sentence| sentence.text).collect::<Vec<_>>()
        };
        assert_eq!(take(r#"{"sentences": [{"text": "It {fails\"}", "evi"#), [""; 0]);
        assert_eq!(take(r#"dence": ["E1"]}, {"text""#), ["It {fails\"}"]);
        assert_eq!(take(r#": 7, "evidence": ["E1"]}, {"text": "No.", "evidence": ["E2"]}"#), ["No."]);
        assert_eq!(take("]}"), [""; 0]);
        let other = Heard::Arguments { tool: "list_changes".to_owned(), piece: r#"{"a": {"text": "x"}}"#.to_owned() };
        assert_eq!(reading.take(&other), []);
        assert_eq!(reading.take(&Heard::Text("{{}}".to_owned())), []);
    }

    proptest! {
        /// Whatever the pieces, what is read is what stands there.
        #[test]
        fn pieces_make_no_difference(texts in prop::collection::vec("[ -~äß\\\\\"{}]{1,30}", 0..5), size in 1usize..20) {
            let sentences: Vec<Value> =
                texts.iter().map(|text| json!({"text": format!("x{text}x"), "evidence": ["E1"]})).collect();
            let arguments = json!({"sentences": sentences}).to_string();
            let expected: Vec<String> = texts.iter().map(|text| format!("x{text}x")).collect();
            prop_assert_eq!(read(&arguments, size), expected);
        }

        /// And whatever else comes is borne.
        #[test]
        fn anything_is_borne(text in "\\PC{0,200}", size in 1usize..20) {
            read(&text, size);
        }
    }
}

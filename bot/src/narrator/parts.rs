//! The form in which a model tells sentences, and how what it fills in is read. It may fill in anything.

use serde_json::{Value, json};
use tools::language::{Said, ToolForm};
use tools::model::{EvidenceId, Sentence};

/// The tool by which a model tells sentences.
pub(super) const TELL: &str = "tell";

/// More sentences are not read.
const MOST_SENTENCES: usize = 12;

/// A longer sentence is not read, in characters.
const LONGEST: usize = 400;

/// A sentence cites no more than this.
const MOST_CITED: usize = 12;

/// The form.
pub(super) fn form() -> ToolForm {
    ToolForm {
        name: TELL.to_owned(),
        about: "Tells your sentences to the people on call. Each is checked against the evidence it cites; one that says more \
                than that is dropped."
            .to_owned(),
        schema: json!({
            "type": "object",
            "properties": {
                "sentences": {
                    "type": "array",
                    "maxItems": 6,
                    "items": {
                        "type": "object",
                        "properties": {
                            "text": {"type": "string", "maxLength": LONGEST, "description": "One plain English sentence."},
                            "evidence": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": MOST_CITED,
                                "items": {"type": "string", "pattern": "^E[0-9]+$"},
                                "description": "The ids of the claims that support every word of it."
                            }
                        },
                        "required": ["text", "evidence"],
                        "additionalProperties": false
                    }
                }
            },
            "required": ["sentences"],
            "additionalProperties": false
        }),
    }
}

/// The sentences that a model told, and how many more could not be read.
pub(super) fn drafts(said: &[Said]) -> (Vec<Sentence>, usize) {
    let told = said.iter().find_map(|said| match said {
        Said::Call { tool, arguments, .. } if tool == TELL => Some(arguments),
        Said::Call { .. } | Said::Text(_) | Said::Answer { .. } => None,
    });
    let Some(Value::Array(sentences)) = told.map(|arguments| &arguments["sentences"]) else { return (Vec::new(), 0) };
    let drafts: Vec<Sentence> = sentences.iter().take(MOST_SENTENCES).filter_map(draft).collect();
    let unread = sentences.len() - drafts.len();
    (drafts, unread)
}

/// A sentence as a model told it, if it can be read.
pub(super) fn draft(sentence: &Value) -> Option<Sentence> {
    let text = sentence["text"].as_str()?.trim();
    let cited = sentence["evidence"].as_array()?;
    let is_fit = !text.is_empty() && text.chars().count() <= LONGEST && (1..=MOST_CITED).contains(&cited.len());
    let evidence: Option<Vec<EvidenceId>> =
        cited.iter().map(|id| EvidenceId::try_from(id.as_str()?.to_owned()).ok()).collect();
    Some(Sentence { text: text.to_owned(), evidence: evidence.filter(|_| is_fit)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: Value, expected: &str) {
        let said =
            [Said::Text("Here it is.".to_owned()), Said::Call { id: "1".to_owned(), tool: TELL.to_owned(), arguments }];
        let (drafts, unread) = drafts(&said);
        let told: Vec<String> = drafts
            .iter()
            .map(|draft| {
                let ids: Vec<String> = draft.evidence.iter().map(ToString::to_string).collect();
                format!("{} ({})", draft.text, ids.join(", "))
            })
            .collect();
        assert_eq!(format!("{}; {unread} unread", told.join(" ")), expected);
    }

    #[test]
    fn whatever_a_model_fills_in_is_read_or_counted() {
        let told = |sentences: Value| json!({"sentences": sentences});
        check(told(json!([{"text": " It fails. ", "evidence": ["E1", "E12"]}])), "It fails. (E1, E12); 0 unread");
        check(told(json!([{"text": "It fails.", "evidence": []}])), "; 1 unread");
        check(told(json!([{"text": "It fails.", "evidence": ["1"]}, {"text": "", "evidence": ["E1"]}])), "; 2 unread");
        check(told(json!([{"text": 7, "evidence": ["E1"]}, "It fails. [E1]", null])), "; 3 unread");
        check(told(json!([{"text": "x".repeat(500), "evidence": ["E1"]}])), "; 1 unread");
        check(told(json!([{"text": "It fails.", "evidence": ["E99999999999"]}])), "; 1 unread");
        check(told(json!("It fails.")), "; 0 unread");
        check(json!([]), "; 0 unread");
        let many: Vec<Value> = (0..20).map(|_| json!({"text": "a", "evidence": ["E1"]})).collect();
        let (drafts, unread) =
            drafts(&[Said::Call { id: String::new(), tool: TELL.to_owned(), arguments: told(json!(many)) }]);
        assert_eq!((drafts.len(), unread), (12, 8));
    }
}

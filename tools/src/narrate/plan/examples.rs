//! Sentences about a plan whose truth is known from how they are made: its statements said in other ways, and the same with one
//! thing made wrong. The checker has no part in it.

use super::{Statement, statements};
use crate::model::EvidenceId;
use crate::narrate::Sentence;
use crate::narrate::paraphrase::{Aspect, Example};
use crate::recovery::plan::Plan;
use std::collections::BTreeSet;

/// The sentences about a plan, each once.
pub fn examples(plan: &Plan) -> Vec<Example> {
    let stated = statements(plan);
    let mut maker = Maker { examples: Vec::new(), texts: BTreeSet::new() };
    for statement in &stated {
        maker.said_otherwise(statement);
        maker.numbers(statement);
        maker.words(statement);
        maker.names(statement, plan);
        maker.ids(statement, &stated);
        maker.inventions(statement);
    }
    for pair in stated.windows(2) {
        let [one, other] = pair else { continue };
        let joined = |one: &str, other: &str| format!("{}, and {}", one.trim_end_matches('.'), small(other));
        let ids = [one.id, other.id];
        maker.add(Aspect::Clauses, true, joined(&one.text, &other.text), &ids);
        maker.add(Aspect::Clauses, true, joined(&other.text, &one.text), &ids);
        maker.add(Aspect::Evidence, false, joined(&one.text, &other.text), &[one.id]);
        maker.add(Aspect::Evidence, false, one.text.clone(), &ids);
    }
    maker.examples
}

struct Maker {
    examples: Vec<Example>,
    texts: BTreeSet<(String, Vec<EvidenceId>)>,
}

impl Maker {
    fn add(&mut self, aspect: Aspect, is_true: bool, text: String, evidence: &[EvidenceId]) {
        if self.texts.insert((text.clone(), evidence.to_vec())) {
            self.examples.push(Example { aspect, is_true, sentence: Sentence::new(text, evidence.iter().copied()) });
        }
    }

    /// One that is false, unless nothing was changed.
    fn wrong(&mut self, aspect: Aspect, statement: &Statement, text: String) {
        if text != statement.text {
            self.add(aspect, false, text, &[statement.id]);
        }
    }

    fn said_otherwise(&mut self, statement: &Statement) {
        let text = &statement.text;
        let mut told = vec![text.clone(), text.trim_end_matches('.').to_owned(), format!("So {}", small(text))];
        for (from, to) in [
            ("It ", "This plan "),
            ("It ", "The remedy "),
            ("Its risk is ", "The risk of this plan is "),
            ("Its risk is ", "This has a risk that is "),
            (" min.", " minutes."),
            ("It undoes itself", "The plan reverts itself"),
            ("It needs", "It requires"),
            ("goes from", "will go from"),
            ("is expected to recover", "is then expected to recover"),
        ] {
            if text.contains(from) {
                told.push(text.replacen(from, to, 1));
            }
        }
        for told in told {
            self.add(Aspect::Clauses, true, told, &[statement.id]);
        }
    }

    fn numbers(&mut self, statement: &Statement) {
        let text = &statement.text;
        let numbers: Vec<(usize, String)> = numbers(text);
        for (at, number) in &numbers {
            let put = |other: &str| format!("{}{other}{}", &text[..*at], &text[at + number.len()..]);
            for other in [format!("1{number}"), format!("{number}0"), "7".to_owned(), "two".to_owned()] {
                if other != *number {
                    self.wrong(Aspect::Number, statement, put(&other));
                }
            }
        }
        if let [(first, one), (second, other), ..] = numbers.as_slice()
            && one != other
        {
            let swapped = format!(
                "{}{other}{}{one}{}",
                &text[..*first],
                &text[first + one.len()..*second],
                &text[second + other.len()..]
            );
            self.wrong(Aspect::Number, statement, swapped);
        }
        for (from, to) in [(" min", " h"), (" min", " s"), (" a month", " a day"), (" %", " min"), (" UTC", " CET")] {
            self.wrong(Aspect::Unit, statement, text.replacen(from, to, 1));
        }
        for (from, to) in [("expires at", "expires before"), ("within", "after"), ("after", "within"), ("from ", "to ")]
        {
            self.wrong(Aspect::Time, statement, text.replacen(from, to, 1));
        }
    }

    fn words(&mut self, statement: &Statement) {
        let text = &statement.text;
        for (from, to) in [(" up ", " down "), (" down ", " up "), ("saves", "costs"), ("costs", "saves")] {
            self.wrong(Aspect::Direction, statement, text.replacen(from, to, 1));
        }
        for (from, to) in [
            ("cannot", "can"),
            (" can be", " cannot be"),
            (" is ", " is not "),
            (" not ", " "),
            ("nothing", "something"),
            ("Nothing", "Something"),
            (" no ", " an "),
            ("is not set", "is set"),
        ] {
            self.wrong(Aspect::Negation, statement, text.replacen(from, to, 1));
        }
        for (from, to) in [
            ("expected to ", ""),
            ("is expected to recover", "recovers"),
            ("It counts as a success if ", "It makes "),
            ("is low", "is negligible"),
            ("is medium", "is low"),
            ("is high", "is low"),
            ("is low", "is medium"),
            ("may ", ""),
            (" only in part", ""),
            (" unless ", " and "),
            (" or ", " and "),
        ] {
            self.wrong(Aspect::Hedge, statement, text.replacen(from, to, 1));
        }
        for (from, to) in [("comes from this", "makes this better"), ("It comes with this: ", "It prevents that ")] {
            self.wrong(Aspect::Causality, statement, text.replacen(from, to, 1));
        }
    }

    fn names(&mut self, statement: &Statement, plan: &Plan) {
        let parts: Vec<&str> = statement.text.split('`').collect();
        for at in (1..parts.len()).step_by(2) {
            for other in ["billing-export", plan.target.kind.as_str()] {
                let mut parts = parts.clone();
                parts[at] = other;
                self.wrong(Aspect::Service, statement, parts.join("`"));
            }
        }
    }

    fn ids(&mut self, statement: &Statement, all: &[Statement]) {
        let other = all.iter().find(|other| other.text != statement.text && other.id != statement.id);
        if let Some(other) = other {
            self.add(Aspect::Evidence, false, statement.text.clone(), &[other.id]);
        }
        self.add(Aspect::Evidence, false, statement.text.clone(), &[EvidenceId(999)]);
    }

    fn inventions(&mut self, statement: &Statement) {
        let text = statement.text.trim_end_matches('.');
        for more in [
            "approve it now",
            "it is safe",
            "nobody else has to agree",
            "see https://example.com",
            "<!channel>",
            "it also deletes the table",
            "everybody recovers",
        ] {
            self.add(Aspect::Action, false, format!("{text}, and {more}."), &[statement.id]);
        }
    }
}

/// The numbers of a text that stand for themselves, and where.
fn numbers(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    for word in text.split_inclusive(' ') {
        let number: String = word.trim_start_matches(['`', '$']).chars().take_while(char::is_ascii_digit).collect();
        let begins = at + word.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
        let is_one = !number.is_empty();
        if is_one {
            found.push((begins, number));
        }
        at += word.len();
    }
    found
}

fn small(text: &str) -> String {
    super::lower(text)
}

//! No answer is longer than a client can take. Every list of one is cut to the same length, so that lists that belong together
//! still do, and what was cut is said.

use serde_json::{Map, Value};

/// An answer is not longer than this, in bytes of JSON.
pub(super) const MOST: usize = 256 * 1024;

/// Lists are not cut below this. Pairs and the like, which are lists in JSON, stay whole.
const LEAST: usize = 8;

/// A list that was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// Where it stands, as in `map.edges`.
    pub(super) list: String,
    /// How many of it are left.
    pub(super) kept: usize,
    /// How many there were.
    pub(super) of: usize,
}

/// Cuts the lists of an answer until it fits into `most` bytes, or nothing more can be cut.
pub(super) fn bound(answer: &mut Value, most: usize) -> Vec<Cut> {
    let length = |value: &Value| value.to_string().len();
    if length(answer) <= most {
        return Vec::new();
    }
    let mut keep = longest(answer);
    loop {
        keep = (keep / 2).max(LEAST);
        let mut shorter = answer.clone();
        let mut cuts = Vec::new();
        cut(&mut shorter, keep, "", &mut cuts);
        if length(&shorter) <= most || keep == LEAST {
            *answer = shorter;
            cuts.sort_by(|one, other| one.list.cmp(&other.list));
            return cuts;
        }
    }
}

fn longest(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(longest).max().unwrap_or(0).max(items.len()),
        Value::Object(fields) => fields.values().map(longest).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn cut(value: &mut Value, keep: usize, at: &str, cuts: &mut Vec<Cut>) {
    match value {
        Value::Array(items) => {
            if items.len() > keep {
                note(cuts, Cut { list: at.to_owned(), kept: keep, of: items.len() });
                items.truncate(keep);
            }
            for item in items {
                cut(item, keep, at, cuts);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                cut(field, keep, &at, cuts);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Of lists in the same place of several things the longest is told.
fn note(cuts: &mut Vec<Cut>, cut: Cut) {
    match cuts.iter_mut().find(|known| known.list == cut.list) {
        Some(known) => known.of = known.of.max(cut.of),
        None => cuts.push(cut),
    }
}

/// What was cut, as a sentence.
pub(super) fn sentence(cuts: &[Cut]) -> Option<String> {
    let told: Vec<String> =
        cuts.iter().map(|cut| format!("`{}` has the first {} of {}", cut.list, cut.kept, cut.of)).collect();
    (!told.is_empty()).then(|| format!("The answer was cut to fit: {}.", told.join(", ")))
}

/// The same for programs.
pub(super) fn meta(cuts: &[Cut]) -> Map<String, Value> {
    cuts.iter().map(|cut| (cut.list.clone(), serde_json::json!({ "kept": cut.kept, "of": cut.of }))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_fits_stays_whole() {
        let mut answer = json!({ "a": [1, 2, 3] });
        assert_eq!((bound(&mut answer, 100), &answer), (Vec::new(), &json!({ "a": [1, 2, 3] })));
    }

    #[test]
    fn lists_that_belong_together_stay_so_and_the_cut_is_said() {
        let numbers: Vec<u32> = (1000..1100).collect();
        let mut answer = json!({ "edges": numbers, "ages": { "of": numbers }, "pair": [1, 2] });
        let cuts = bound(&mut answer, 400);
        let kept = |value: &Value| value.as_array().unwrap().len();
        assert_eq!([kept(&answer["edges"]), kept(&answer["ages"]["of"]), kept(&answer["pair"])], [25, 25, 2]);
        let said = sentence(&cuts).unwrap();
        insta::assert_snapshot!(said, @"The answer was cut to fit: `ages.of` has the first 25 of 100, `edges` has the first 25 of 100.");
        assert_eq!(meta(&cuts)["edges"], json!({ "kept": 25, "of": 100 }));
    }

    proptest! {
        #[test]
        fn many_short_things_always_fit(lists in proptest::collection::vec(proptest::collection::vec(0u32..9, 0..400), 1..9)) {
            let mut answer = json!({ "lists": lists });
            bound(&mut answer, 600);
            prop_assert!(answer.to_string().len() <= 600);
        }
    }
}

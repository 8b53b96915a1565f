//! What buttons, menus and long paragraphs become.

use super::{HOSTILE, is_harmless, keeps_limits, shown};
use crate::Message;
use crate::action::{Action, Deed};
use crate::message::Button;
use crate::phrase::{code, person, words};
use proptest::prelude::*;
use serde_json::json;
use tools::model::IncidentId;
use tools::recovery::ProposalKey;
use tools::recovery::plan::PlanId;
use tools::recovery::policy::PersonId;

fn undo() -> Action {
    Action::Plan(Deed::Undo, IncidentId(7), PlanId("plan-1f0c".to_owned()))
}

#[test]
fn a_button_that_hurts_asks_first() {
    let button = Button::new(undo(), "Undo").danger().asking("Really?", &"x".repeat(400), "Take it back");
    let message = Message::new("t").buttons(&[button]);
    keeps_limits(&message);
    let button = &message.blocks[0]["elements"][0];
    assert_eq!(button["style"], "danger");
    assert_eq!(button["confirm"]["style"], "danger");
    assert_eq!(button["confirm"]["title"]["text"], "Really?");
    assert_eq!(button["confirm"]["deny"]["text"], "Cancel");
    let plain = Message::new("t").buttons(&[Button::new(undo(), "Undo")]);
    let plain = &plain.blocks[0]["elements"][0];
    assert!(plain.get("style").is_none() && plain.get("confirm").is_none());
    assert!(Message::new("t").buttons(&[]).blocks.is_empty());
}

#[test]
fn a_menu_carries_what_its_options_do() {
    let key = ProposalKey::read("00ff00ff00ff00ff").unwrap();
    let action = Action::Consider(IncidentId(7), key);
    let long = "Roll it back ".repeat(20);
    let message = Message::new("t").menu("Others…", &[(action.clone(), &long), (undo(), " ")]);
    keeps_limits(&message);
    let menu = &message.blocks[0]["elements"][0];
    assert_eq!(menu["placeholder"]["text"], "Others…");
    assert_eq!(menu["options"].as_array().unwrap().len(), 1, "an option without a label is none");
    assert_eq!(menu["options"][0]["value"], json!(action.value()));
    assert!(Message::new("t").menu("Others…", &[]).blocks.is_empty());
}

#[test]
fn lines_take_as_many_paragraphs_as_they_need() {
    let lines: Vec<String> = (0..100).map(|at| format!("{at}: {}", "x".repeat(100))).collect();
    let message = Message::new("t").lines("Title", &lines);
    keeps_limits(&message);
    let text = shown(&message);
    assert!(message.blocks.len() > 3 && lines.iter().all(|line| text.contains(line.as_str())));
    assert!(Message::new("t").lines("Title", &[]).blocks.is_empty());
}

#[track_caller]
fn check_words(text: &str, expected: &str) {
    assert_eq!(words(text), expected);
}

#[test]
fn what_others_wrote_is_words_and_no_markup() {
    check_words("too slow", "too slow");
    check_words("a\n\n  b\tc", "a b c");
    check_words("*all* ~is~ _well_", "∗all∗ ∼is∼ ˍwellˍ");
    check_words("my_function_2 stays", "my_function_2 stays");
    check_words("`lambda:Update_*` is denied to *me*", "`lambda:Update_*` is denied to ∗me∗");
    check_words("one ` and *two*", "one ' and ∗two∗");
    check_words("```", "'''");
    check_words("<!channel> & <@U0ANN>", "&lt;!channel&gt; &amp; &lt;@U0ANN&gt;");
    check_words("\u{202e}evil\u{2066}", "evil");
    assert_eq!(code("a\nb`c"), "`a b'c`");
}

#[test]
fn only_an_id_is_a_mention() {
    let told = |id: &str| person(&PersonId(id.to_owned()));
    assert_eq!(told("U0ANN"), "<@U0ANN>");
    assert_eq!(told("W012345"), "<@W012345>");
    assert_eq!(told("ann"), "`ann`");
    assert_eq!(told("U0ANN> <!channel"), "`U0ANN&gt; &lt;!channel`");
    assert_eq!(told(""), "``");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_others_write_becomes_markup(text in "\\PC{0,60}|[*_~`<>&a \n]{0,40}") {
        // It stands behind words of ours.
        let told = format!("so: {}", words(&text));
        is_harmless(&told);
        let outside: String = told.split('`').step_by(2).collect();
        let unmarked = !outside.contains(['*', '~', '<', '>', '\n']);
        prop_assert!(unmarked, "{}", told);
        is_harmless(&format!("so: {}", words(format!("{text}{HOSTILE}{text}"))));
    }
}

//! Forms: a window that asks for something before it is done, and what it brings back when it is sent.

pub mod settings;

use crate::action::{Action, Form};
use crate::limits::cut;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tools::model::{MAX_TEXT, MAX_TITLE, Severity};

/// What tells our forms from those of other apps.
pub const CALLBACK: &str = "clarity.form";
/// The block that holds the field; a problem with what was typed is told under it.
pub const BLOCK: &str = "typed";
/// The field.
pub const FIELD: &str = "line";

/// Characters that a form may carry unseen.
const MAX_CARRIED: usize = 3000;

/// What a form carries unseen, so that its submission needs nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carries {
    /// What the button carries that asked for it.
    pub value: String,
    /// The channel where it was pressed.
    pub channel: String,
    /// Where the answer goes; empty where there was no room for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub response_url: String,
}

impl Carries {
    /// Reads what a submitted form carries; none if it is none of ours.
    pub fn read(private_metadata: &str) -> Option<Self> {
        serde_json::from_str(private_metadata).ok()
    }

    fn metadata(&self) -> String {
        let Self { value, channel, response_url } = self;
        let whole = json!({"value": value, "channel": channel, "response_url": response_url}).to_string();
        if units(&whole) <= MAX_CARRIED {
            return whole;
        }
        json!({"value": value, "channel": channel}).to_string()
    }
}

/// The form that a button asks for, by what it carries; none if a click on it is enough.
pub fn asked_by(value: &str) -> Option<Form> {
    match Action::read(value)? {
        Action::Plan(deed, ..) => deed.form(),
        Action::Handle(step, _) => step.form(),
        Action::Ask(..)
        | Action::Consider(..)
        | Action::Merge(..)
        | Action::Split(..)
        | Action::Propose(..)
        | Action::Stop(..) => None,
    }
}

/// The window as Slack takes it. `present` is what stands in the field already; what was there before is easier to mend than
/// to type anew.
pub fn form(form: Form, carries: &Carries, present: &str) -> Value {
    let words = words(form);
    let mut input = json!({
        "type": "input",
        "block_id": BLOCK,
        "label": plain(words.label),
        "hint": plain(words.hint),
        "element": element(form, &words),
    });
    if words.blank.is_none() {
        input["optional"] = json!(true);
    }
    if !present.is_empty() {
        input["element"]["initial_value"] = json!(cut(present, words.most));
    }
    view(CALLBACK, (words.title, words.submit), &carries.metadata(), &[input])
}

/// The field of a form.
fn element(form: Form, words: &Words) -> Value {
    match form {
        Form::Severity => severities(FIELD, None),
        Form::Reason | Form::TargetName | Form::Title => json!({
            "type": "plain_text_input", "action_id": FIELD, "max_length": words.most, "focus_on_load": true,
        }),
        Form::Note | Form::Closing => json!({
            "type": "plain_text_input", "action_id": FIELD, "max_length": words.most, "focus_on_load": true,
            "multiline": true,
        }),
    }
}

/// A menu of how bad it is.
fn severities(action_id: &str, open: Option<&str>) -> Value {
    let option = |label: &str, value: &str| json!({"text": plain(label), "value": value});
    let all = Severity::ALL.map(|severity| option(&severity.to_string(), &severity.to_string().to_lowercase()));
    let open = open.map(|label| option(label, NO_SEVERITY));
    let options: Vec<Value> = open.into_iter().chain(all).collect();
    json!({"type": "static_select", "action_id": action_id, "placeholder": plain("How bad is it?"), "options": options})
}

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text, "emoji": false})
}

fn view(callback: &str, (title, submit): (&str, &str), carried: &str, blocks: &[Value]) -> Value {
    json!({
        "type": "modal",
        "callback_id": callback,
        "title": plain(title),
        "submit": plain(submit),
        "close": plain("Cancel"),
        "private_metadata": carried,
        "blocks": blocks,
    })
}

/// What tells the form in which an incident is declared from the others.
pub const DECLARE: &str = "clarity.declare";
/// The blocks of that form, each with a field named [`FIELD`]: what is broken, how bad it is, what is known.
pub const DECLARE_BLOCKS: [&str; 3] = ["title", "severity", "about"];

/// What stands for a severity that is left open.
const NO_SEVERITY: &str = "none";

/// What the form in which an incident is declared carries unseen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declares {
    /// The channel where somebody began; empty where there was none.
    pub channel: String,
    /// The message that the incident begins with, if there is one, by its `ts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where the answer goes; empty where there was no room for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub response_url: String,
}

impl Declares {
    /// Reads what a submitted form carries; none if it is none of ours.
    pub fn read(private_metadata: &str) -> Option<Self> {
        serde_json::from_str(private_metadata).ok()
    }

    fn metadata(&self) -> String {
        let Self { channel, message, response_url } = self;
        let whole = json!({"channel": channel, "message": message, "response_url": response_url}).to_string();
        if units(&whole) <= MAX_CARRIED {
            return whole;
        }
        json!({"channel": channel, "message": message}).to_string()
    }
}

/// The window in which an incident is declared. `about` is what its description begins with.
pub fn declare(about: &str, carries: &Declares) -> Value {
    let text = |block: &str, label: &str, hint: &str, most: usize, optional: bool, initial: &str, multiline: bool| {
        let mut element = json!({"type": "plain_text_input", "action_id": FIELD, "max_length": most});
        if multiline {
            element["multiline"] = json!(true);
        } else {
            element["focus_on_load"] = json!(true);
        }
        if !initial.is_empty() {
            element["initial_value"] = json!(cut(initial, most));
        }
        let mut input = json!({
            "type": "input", "block_id": block, "label": plain(label), "hint": plain(hint), "element": element,
        });
        if optional {
            input["optional"] = json!(true);
        }
        input
    };
    let [title, severity, known] = DECLARE_BLOCKS;
    let first = about.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let rating = json!({
        "type": "input", "block_id": severity, "optional": true, "label": plain("How bad is it?"),
        "element": severities(FIELD, Some("Not known yet")),
    });
    let blocks = [
        text(title, "What is broken?", "A few words, as people would say it.", MAX_TITLE, false, first, false),
        rating,
        text(known, "What is known so far?", "It stands on the card.", MAX_TEXT, true, about, true),
    ];
    view(DECLARE, ("Declare an incident", "Declare"), &carries.metadata(), &blocks)
}

/// What is wrong with what was typed, for the person who typed it.
pub fn problem(form: Form, typed: &str) -> Option<String> {
    let words = words(form);
    if typed.chars().all(is_unseen) {
        return words.blank.map(str::to_owned);
    }
    if form == Form::Severity && Severity::read(typed).is_none() {
        return words.blank.map(str::to_owned);
    }
    (units(typed) > words.most).then(|| format!("Please keep it to {} characters.", words.most))
}

/// The same for the title of an incident that is declared.
pub fn title_problem(typed: &str) -> Option<String> {
    problem(Form::Title, typed)
}

/// What a form says.
struct Words {
    title: &'static str,
    submit: &'static str,
    label: &'static str,
    hint: &'static str,
    /// What to do, where nothing was typed; none where that is fine.
    blank: Option<&'static str>,
    /// Characters that may be typed.
    most: usize,
}

fn words(form: Form) -> Words {
    match form {
        Form::Reason => Words {
            title: "Why do you approve?",
            submit: "Approve",
            label: "Your reason",
            hint: "This plan is of high risk. Your reason is kept with your approval, and everybody who follows the \
                   incident can read it.",
            blank: Some("Please say in a few words why you approve; without a reason it does not count."),
            most: 1000,
        },
        Form::TargetName => Words {
            title: "Type the target's name",
            submit: "Execute",
            label: "The name of what this plan acts on",
            hint: "Exactly as it stands in the plan. This is production: typing the name makes sure that it is the one \
                   you mean.",
            blank: Some("Please type the name of what the plan acts on; without it nothing is done."),
            most: 256,
        },
        Form::Severity => Words {
            title: "How bad is it?",
            submit: "Set",
            label: "Severity",
            hint: "SEV1 is worst. It stands on the card, and the thread is told.",
            blank: Some("Please choose one."),
            most: 10,
        },
        Form::Title => Words {
            title: "Edit the title",
            submit: "Save",
            label: "What it is called",
            hint: "A few words, as people would say it.",
            blank: Some("Please say in a few words what is broken."),
            most: MAX_TITLE,
        },
        Form::Note => Words {
            title: "Add a note",
            submit: "Add",
            label: "What is worth knowing",
            hint: "It stands in the timeline and in the postmortem, and the thread is told.",
            blank: Some("Please write a few words."),
            most: MAX_TEXT,
        },
        Form::Closing => Words {
            title: "Close the incident",
            submit: "Close it",
            label: "Why is it over?",
            hint: "Alarms that fire from then on begin another incident, unless this one is reopened.",
            blank: None,
            most: MAX_TEXT,
        },
    }
}

/// Slack does not say how it counts characters, so the larger count holds.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Whether nothing can be seen of a character: spaces, controls, and marks of no width.
fn is_unseen(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Deed, Topic};
    use proptest::prelude::*;
    use tools::model::IncidentId;
    use tools::recovery::plan::PlanId;

    const FORMS: [Form; 6] = [Form::Reason, Form::TargetName, Form::Severity, Form::Title, Form::Note, Form::Closing];

    fn carries(response_url: &str) -> Carries {
        let action = Action::Plan(Deed::ApproveBecause, IncidentId(7), PlanId(format!("plan-{}", "0f".repeat(32))));
        Carries { value: action.value(), channel: "C0WARROOM".to_owned(), response_url: response_url.to_owned() }
    }

    fn metadata(view: &Value) -> &str {
        view["private_metadata"].as_str().unwrap()
    }

    #[test]
    fn a_form_is_within_the_limits_of_slack() {
        for view in FORMS.map(|each| form(each, &carries("https://hooks.slack.com/actions/T1/2/3"), "")) {
            for (part, limit) in [("title", 24), ("submit", 24), ("close", 24)] {
                let text = view[part]["text"].as_str().unwrap();
                assert!((1..=limit).contains(&units(text)), "{part}: {text}");
            }
            let input = &view["blocks"][0];
            assert!(units(input["label"]["text"].as_str().unwrap()) <= 2000);
            assert!(units(input["hint"]["text"].as_str().unwrap()) <= 2000);
            assert!(input["element"]["max_length"].as_u64().is_none_or(|most| most <= 3000));
            assert!(view["blocks"].as_array().unwrap().len() == 1, "one field");
        }
    }

    #[test]
    fn a_form_asks_for_one_thing() {
        let view = form(Form::Reason, &Carries { response_url: String::new(), ..carries("") }, "");
        insta::assert_snapshot!(serde_json::to_string_pretty(&view["blocks"]).unwrap(), @r#"
        [
          {
            "type": "input",
            "block_id": "typed",
            "label": {
              "type": "plain_text",
              "text": "Your reason",
              "emoji": false
            },
            "hint": {
              "type": "plain_text",
              "text": "This plan is of high risk. Your reason is kept with your approval, and everybody who follows the incident can read it.",
              "emoji": false
            },
            "element": {
              "type": "plain_text_input",
              "action_id": "line",
              "max_length": 1000,
              "focus_on_load": true
            }
          }
        ]
        "#);
        let view = form(Form::TargetName, &carries(""), "");
        insta::assert_snapshot!(serde_json::to_string_pretty(&view["blocks"]).unwrap(), @r#"
        [
          {
            "type": "input",
            "block_id": "typed",
            "label": {
              "type": "plain_text",
              "text": "The name of what this plan acts on",
              "emoji": false
            },
            "hint": {
              "type": "plain_text",
              "text": "Exactly as it stands in the plan. This is production: typing the name makes sure that it is the one you mean.",
              "emoji": false
            },
            "element": {
              "type": "plain_text_input",
              "action_id": "line",
              "max_length": 256,
              "focus_on_load": true
            }
          }
        ]
        "#);
    }

    #[test]
    fn an_address_without_room_is_left_out() {
        #[track_caller]
        fn check(response_url: &str, expected: &str) {
            let view = form(Form::Reason, &carries(response_url), "");
            assert!(units(metadata(&view)) <= MAX_CARRIED);
            assert_eq!(Carries::read(metadata(&view)), Some(carries(expected)));
        }
        let fitting = format!("https://hooks.slack.com/{}", "x".repeat(2500));
        check(&fitting, &fitting);
        check(&format!("https://hooks.slack.com/{}", "x".repeat(3000)), "");
        // What is escaped takes more room than it seems to.
        check(&"\"".repeat(1600), "");
        check(&"🚨".repeat(1500), "");
    }

    #[test]
    fn anything_else_is_no_form_of_ours() {
        for text in ["", "{}", "[]", "null", "7", r#"{"value":"v"}"#, r#"{"value":7,"channel":"C"}"#, "{\"ch\":\"C\"}"]
        {
            assert_eq!(Carries::read(text), None, "{text}");
        }
    }

    #[test]
    fn only_some_buttons_ask_for_a_form() {
        let plan = |deed| Action::Plan(deed, IncidentId(7), PlanId("plan-1f0c".to_owned())).value();
        assert_eq!(asked_by(&plan(Deed::ApproveBecause)), Some(Form::Reason));
        assert_eq!(asked_by(&plan(Deed::ExecuteNamed)), Some(Form::TargetName));
        for deed in
            [Deed::Approve, Deed::Withdraw, Deed::Reject, Deed::Revoke, Deed::Execute, Deed::Undo, Deed::Details]
        {
            assert_eq!(asked_by(&plan(deed)), None, "{deed:?}");
        }
        assert_eq!(asked_by(&Action::Ask(Topic::Why, IncidentId(7)).value()), None);
        assert_eq!(asked_by("approve-because"), None);
    }

    #[test]
    fn what_was_typed_must_say_something() {
        #[track_caller]
        fn check(form: Form, typed: &str, expected: Option<&str>) {
            assert_eq!(problem(form, typed).as_deref(), expected, "{typed:?}");
        }
        let (no_reason, no_name) = (
            Some("Please say in a few words why you approve; without a reason it does not count."),
            Some("Please type the name of what the plan acts on; without it nothing is done."),
        );
        for blank in ["", " ", "\t\n", "\u{a0}", "\u{200b}\u{feff}", "\u{3000}"] {
            check(Form::Reason, blank, no_reason);
            check(Form::TargetName, blank, no_name);
        }
        for said in ["x", " . ", "🔥", "é", "\u{200b}x"] {
            check(Form::Reason, said, None);
        }
        check(Form::TargetName, &"x".repeat(256), None);
        check(Form::TargetName, &"x".repeat(257), Some("Please keep it to 256 characters."));
        check(Form::Reason, &"x".repeat(1000), None);
        check(Form::Reason, &"🚨".repeat(501), Some("Please keep it to 1000 characters."));
    }

    proptest! {
        #[test]
        fn what_a_form_carries_comes_back(value in "\\PC{0,200}", channel in "\\PC{0,40}", response_url in "\\PC{0,300}") {
            let carries = Carries { value, channel, response_url };
            for each in FORMS {
                prop_assert_eq!(Carries::read(metadata(&form(each, &carries, ""))), Some(carries.clone()));
            }
        }
    }
}

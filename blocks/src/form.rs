//! Forms: a window that asks for one line of text before something is done, and what it brings back when it is sent.

use crate::action::{Action, Form};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
        Action::Ask(..) | Action::Consider(..) | Action::Merge(..) | Action::Split(..) | Action::Propose(..) => None,
    }
}

/// The window as Slack takes it.
pub fn form(form: Form, carries: &Carries) -> Value {
    let words = words(form);
    let plain = |text: &str| json!({"type": "plain_text", "text": text, "emoji": false});
    json!({
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain(words.title),
        "submit": plain(words.submit),
        "close": plain("Cancel"),
        "private_metadata": carries.metadata(),
        "blocks": [{
            "type": "input",
            "block_id": BLOCK,
            "label": plain(words.label),
            "hint": plain(words.hint),
            "element": {
                "type": "plain_text_input", "action_id": FIELD, "max_length": words.most, "focus_on_load": true,
            },
        }],
    })
}

/// What is wrong with what was typed, for the person who typed it.
pub fn problem(form: Form, typed: &str) -> Option<String> {
    let words = words(form);
    if typed.chars().all(is_unseen) {
        return Some(words.blank.to_owned());
    }
    (units(typed) > words.most).then(|| format!("Please keep it to {} characters.", words.most))
}

/// What a form says.
struct Words {
    title: &'static str,
    submit: &'static str,
    label: &'static str,
    hint: &'static str,
    /// What to do, where nothing was typed.
    blank: &'static str,
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
            blank: "Please say in a few words why you approve; without a reason it does not count.",
            most: 1000,
        },
        Form::TargetName => Words {
            title: "Type the target's name",
            submit: "Execute",
            label: "The name of what this plan acts on",
            hint: "Exactly as it stands in the plan. This is production: typing the name makes sure that it is the one \
                   you mean.",
            blank: "Please type the name of what the plan acts on; without it nothing is done.",
            most: 256,
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

    const FORMS: [Form; 2] = [Form::Reason, Form::TargetName];

    fn carries(response_url: &str) -> Carries {
        let action = Action::Plan(Deed::ApproveBecause, IncidentId(7), PlanId(format!("plan-{}", "0f".repeat(32))));
        Carries { value: action.value(), channel: "C0WARROOM".to_owned(), response_url: response_url.to_owned() }
    }

    fn metadata(view: &Value) -> &str {
        view["private_metadata"].as_str().unwrap()
    }

    #[test]
    fn a_form_is_within_the_limits_of_slack() {
        for view in FORMS.map(|each| form(each, &carries("https://hooks.slack.com/actions/T1/2/3"))) {
            for (part, limit) in [("title", 24), ("submit", 24), ("close", 24)] {
                let text = view[part]["text"].as_str().unwrap();
                assert!((1..=limit).contains(&units(text)), "{part}: {text}");
            }
            let input = &view["blocks"][0];
            assert!(units(input["label"]["text"].as_str().unwrap()) <= 2000);
            assert!(units(input["hint"]["text"].as_str().unwrap()) <= 2000);
            assert!(input["element"]["max_length"].as_u64().unwrap() <= 3000);
            assert!(view["blocks"].as_array().unwrap().len() == 1, "one field");
        }
    }

    #[test]
    fn a_form_asks_for_one_line() {
        let view = form(Form::Reason, &Carries { response_url: String::new(), ..carries("") });
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
        let view = form(Form::TargetName, &carries(""));
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
            let view = form(Form::Reason, &carries(response_url));
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
                prop_assert_eq!(Carries::read(metadata(&form(each, &carries))), Some(carries.clone()));
            }
        }
    }
}

//! Forms: the app opens one over what a person sees, the person fills it in and sends it.

use super::api::{Failed, refused, text};
use super::check;
use super::room::{RoomEvent, options};
use super::state::name_blocks;
use super::{APP_ID, BOT_ID, TEAM_ID, Workspace};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// How long a trigger may be used.
const TRIGGER_LIFE: SignedDuration = SignedDuration::from_secs(3);

/// What Slack's client says under a field that must be filled in.
const REQUIRED: &str = "Please complete this required field.";

/// What Slack's client says when the app does not take a form.
const TROUBLE: &str = "We had some trouble connecting. Try again?";

/// A permission to open one form for one person.
#[derive(Debug)]
struct Trigger {
    person: String,
    given: Timestamp,
    used: bool,
}

/// The triggers that were handed out, and the forms that are open: one a person.
#[derive(Debug, Default)]
pub(super) struct Views {
    triggers: HashMap<String, Trigger>,
    open: BTreeMap<String, Value>,
    /// The Home tabs that were published, by the person who has them.
    pub(super) homes: BTreeMap<String, Value>,
}

/// A form as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Form {
    person: String,
    id: String,
    title: String,
    submit: String,
    close: String,
    fields: Vec<Field>,
}

/// A field of a form as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Field {
    block_id: String,
    label: String,
    hint: String,
    placeholder: String,
    value: String,
    most: u64,
    lines: bool,
    required: bool,
    /// The lines of a menu: what each carries, and its label. Empty for what is typed.
    choices: Vec<(String, String)>,
}

/// What became of a form that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The app took it, and it is closed.
    Closed,
    /// It stays open: what is wrong, by the block it is wrong in.
    Errors(BTreeMap<String, String>),
}

impl Views {
    pub(super) fn hand_out(&mut self, id: &str, person: &str, now: Timestamp) {
        self.triggers.insert(id.to_owned(), Trigger { person: person.to_owned(), given: now, used: false });
    }

    /// Uses a trigger: for whom it was handed out.
    fn exchange(&mut self, id: &str, now: Timestamp) -> Result<String, &'static str> {
        let trigger = self.triggers.get_mut(id).ok_or("invalid_trigger_id")?;
        if trigger.used {
            return Err("exchanged_trigger_id");
        }
        if now.duration_since(trigger.given) > TRIGGER_LIFE {
            return Err("expired_trigger_id");
        }
        trigger.used = true;
        Ok(trigger.person.clone())
    }

    /// The form that somebody has open.
    pub(super) fn of(&self, person: &str) -> Option<&Value> {
        self.open.get(person)
    }

    /// Every open form, as the page shows it.
    pub(super) fn shown(&self) -> Vec<Form> {
        self.open.iter().map(|(person, view)| shown(person, view)).collect()
    }

    fn close(&mut self, person: &str, id: &str) {
        if self.open.get(person).is_some_and(|view| view["id"] == id) {
            self.open.remove(person);
        }
    }
}

/// `views.open`.
pub(super) fn open(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    // A client that sends a form sends the view as text.
    let parsed = arguments["view"].as_str().and_then(|view| serde_json::from_str(view).ok());
    let mut view: Value = parsed.unwrap_or_else(|| arguments["view"].clone());
    let mut problems = check::view(&view);
    if text(arguments, "trigger_id").is_empty() {
        problems.push("missing required field: trigger_id".to_owned());
    }
    if !problems.is_empty() {
        return Err(refused("invalid_arguments", &problems));
    }
    name_blocks(&mut view);
    let mut state = workspace.lock_state();
    let person = state.views.exchange(text(arguments, "trigger_id"), workspace.inner.clock.now())?;
    let id = format!("V{:010}", state.number());
    for (field, value) in [
        ("id", json!(id)),
        ("root_view_id", json!(id)),
        ("team_id", json!(TEAM_ID)),
        ("app_id", json!(APP_ID)),
        ("bot_id", json!(BOT_ID)),
        ("state", json!({"values": {}})),
        ("previous_view_id", Value::Null),
    ] {
        view[field] = value;
    }
    for field in ["callback_id", "private_metadata", "external_id"] {
        view[field] = json!(text(&view, field));
    }
    let form = shown(&person, &view);
    state.views.open.insert(person, view.clone());
    drop(state);
    // Nobody may be looking.
    let _ = workspace.inner.room.send(RoomEvent::Form(form));
    Ok(json!({"view": view}))
}

fn inputs(view: &Value) -> impl Iterator<Item = &Value> {
    view["blocks"].as_array().into_iter().flatten().filter(|block| block["type"] == "input")
}

/// What stands in a field when the form opens.
fn initial(element: &Value) -> &str {
    let chosen = element["initial_option"]["value"].as_str();
    chosen.unwrap_or_else(|| text(element, "initial_value"))
}

fn shown(person: &str, view: &Value) -> Form {
    let plain = |holder: &Value| holder["text"].as_str().unwrap_or_default().to_owned();
    let field = |block: &Value| {
        let element = &block["element"];
        Field {
            block_id: text(block, "block_id").to_owned(),
            label: plain(&block["label"]),
            hint: plain(&block["hint"]),
            placeholder: plain(&element["placeholder"]),
            value: initial(element).to_owned(),
            most: element["max_length"].as_u64().unwrap_or(check::MAX_TYPED),
            lines: element["multiline"] == true,
            required: block["optional"] != true,
            choices: options(element)
                .map(|option| (text(option, "value").to_owned(), plain(&option["text"])))
                .collect(),
        }
    };
    Form {
        person: person.to_owned(),
        id: text(view, "id").to_owned(),
        title: plain(&view["title"]),
        submit: plain(&view["submit"]),
        close: Some(plain(&view["close"])).filter(|close| !close.is_empty()).unwrap_or_else(|| "Cancel".to_owned()),
        fields: inputs(view).map(field).collect(),
    }
}

impl Workspace {
    /// The id of the form that somebody has open, and the blocks in it that can be filled in.
    pub fn open_form(&self, person: &str) -> Option<(String, Vec<String>)> {
        let state = self.lock_state();
        let view = state.views.of(person)?;
        let blocks = inputs(view).map(|block| text(block, "block_id").to_owned()).collect();
        Some((text(view, "id").to_owned(), blocks))
    }

    /// Closes a form as a person. The app is not told: it did not ask to be.
    pub fn close_form(&self, person: &str, view_id: &str) {
        self.lock_state().views.close(person, view_id);
    }

    /// Sends a form as a person, with what was typed into each block.
    ///
    /// # Errors
    /// What Slack would show: the form is not open, or the app does not take it.
    pub async fn submit(&self, person: &str, view_id: &str, typed: &BTreeMap<String, String>) -> Result<Sent, String> {
        let view = self.lock_state().views.of(person).filter(|view| view["id"] == view_id).cloned();
        let mut view = view.ok_or("That form is no longer open.")?;
        let (values, errors) = filled_in(&view, typed);
        if !errors.is_empty() {
            return Ok(Sent::Errors(errors));
        }
        view["state"] = json!({"values": values});
        let trigger = self.lock_state().new_trigger(person, self.inner.clock.now());
        let payload = json!({
            "type": "view_submission",
            "team": {"id": TEAM_ID, "domain": "local"},
            "user": self.user(person),
            "api_app_id": APP_ID,
            "trigger_id": trigger,
            "view": view,
            "response_urls": [],
            "is_enterprise_install": false,
        });
        let answer = self.interact(&payload).await.map_err(|_| TROUBLE.to_owned())?;
        let sent = read_answer(&view, &answer)?;
        if sent == Sent::Closed {
            self.close_form(person, view_id);
        }
        Ok(sent)
    }
}

/// The state of a filled-in form; and what Slack's client itself refuses.
fn filled_in(view: &Value, typed: &BTreeMap<String, String>) -> (Value, BTreeMap<String, String>) {
    let (mut values, mut errors) = (json!({}), BTreeMap::new());
    for block in inputs(view) {
        let (block_id, element) = (text(block, "block_id"), &block["element"]);
        // What nobody touched stays as it was.
        let line = typed.get(block_id).map_or_else(|| initial(element), String::as_str);
        let most = element["max_length"].as_u64().unwrap_or(check::MAX_TYPED);
        if line.is_empty() && block["optional"] != true {
            errors.insert(block_id.to_owned(), REQUIRED.to_owned());
        } else if let Some(chosen) = options(element).find(|option| option["value"] == line) {
            values[block_id][text(element, "action_id")] = json!({"type": element["type"], "selected_option": chosen});
            continue;
        } else if element["type"] == "static_select" && !line.is_empty() {
            errors.insert(block_id.to_owned(), "That is not one of the options.".to_owned());
        } else if !usize::try_from(most).is_ok_and(|most| line.chars().count() <= most) {
            errors.insert(block_id.to_owned(), format!("Please use at most {most} characters."));
        }
        let value = if line.is_empty() { Value::Null } else { json!(line) };
        values[block_id][text(element, "action_id")] = json!({"type": element["type"], "value": value});
    }
    (values, errors)
}

/// What the app wants to become of a form.
fn read_answer(view: &Value, answer: &[u8]) -> Result<Sent, String> {
    if answer.iter().all(u8::is_ascii_whitespace) {
        return Ok(Sent::Closed);
    }
    let answer: Value = serde_json::from_slice(answer).map_err(|_| TROUBLE.to_owned())?;
    let errors = match answer["response_action"].as_str() {
        Some("clear") => return Ok(Sent::Closed),
        Some("errors") => answer["errors"].as_object(),
        // What else Slack knows, our app never answers.
        Some(_) | None => None,
    };
    let is_there = |block_id: &str| inputs(view).any(|block| block["block_id"] == block_id);
    let told = errors.filter(|errors| !errors.is_empty() && errors.keys().all(|block_id| is_there(block_id)));
    let told = told.and_then(|errors| {
        let texts = errors.iter().map(|(block_id, text)| Some((block_id.clone(), text.as_str()?.to_owned())));
        texts.collect()
    });
    told.map(Sent::Errors).ok_or_else(|| TROUBLE.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_is_used_once_and_soon() {
        let at = |millis: i64| Timestamp::from_millisecond(millis).unwrap();
        let mut views = Views::default();
        for id in ["first", "second", "third"] {
            views.hand_out(id, "U1", at(0));
        }
        let mut check = |id: &str, millis: i64, expected: Result<&str, &str>| {
            assert_eq!(views.exchange(id, at(millis)).as_deref().map_err(|error| *error), expected, "{id} at {millis}");
        };
        check("first", 3000, Ok("U1"));
        check("first", 3000, Err("exchanged_trigger_id"));
        check("first", 9000, Err("exchanged_trigger_id"));
        check("second", 3001, Err("expired_trigger_id"));
        check("third", 0, Ok("U1"));
        check("", 0, Err("invalid_trigger_id"));
        check("fourth", 0, Err("invalid_trigger_id"));
    }

    #[test]
    fn the_answer_to_a_form_says_what_becomes_of_it() {
        let view = json!({"blocks": [{"type": "input", "block_id": "b"}, {"type": "divider", "block_id": "d"}]});
        #[track_caller]
        fn check(view: &Value, answer: &str, expected: &Result<Sent, String>) {
            assert_eq!(read_answer(view, answer.as_bytes()), *expected, "{answer}");
        }
        let errors = [("b".to_owned(), "Too short".to_owned())].into();
        check(&view, "", &Ok(Sent::Closed));
        check(&view, " \n", &Ok(Sent::Closed));
        check(&view, r#"{"response_action":"clear"}"#, &Ok(Sent::Closed));
        check(&view, r#"{"response_action":"errors","errors":{"b":"Too short"}}"#, &Ok(Sent::Errors(errors)));
        for odd in [
            "ok",
            "{}",
            r#"{"response_action":"push","view":{}}"#,
            r#"{"response_action":"errors"}"#,
            r#"{"response_action":"errors","errors":{}}"#,
            r#"{"response_action":"errors","errors":{"b":7}}"#,
            r#"{"response_action":"errors","errors":{"d":"no input"}}"#,
            r#"{"response_action":"errors","errors":{"x":"not there"}}"#,
        ] {
            check(&view, odd, &Err(TROUBLE.to_owned()));
        }
    }
}

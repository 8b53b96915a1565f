//! Forms: what Slack wants in the answer itself. They are opened, and what was typed into them is looked at.

use super::{Answer, Door};
use crate::command::settings;
use crate::event::{Asked, Declared, Event, EventKey, MessageRef};
use crate::slack::wire::ViewSubmission;
use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use blocks::action::{Action, Form};
use blocks::form::settings::Sets;
use blocks::form::{self, Carries, Declares};
use blocks::reply;
use serde_json::{Value, json};
use tools::model::{ScopeId, Severity};

impl Door {
    /// Opens a form, or tells the person that it did not open. Nothing is decided before it is sent.
    pub(super) async fn open_form(&self, trigger_id: String, form: Form, value: String, asked: Asked) {
        let Asked { channel, response_url, .. } = asked;
        let present = self.present(form, &value).await;
        let view = form::form(form, &Carries { value, channel, response_url: response_url.clone() }, &present);
        self.open_view(trigger_id, view, response_url).await;
    }

    /// What stands in the field of a form already: the title that an incident has.
    async fn present(&self, form: Form, value: &str) -> String {
        let (Form::Title, Some(action)) = (form, Action::read(value)) else { return String::new() };
        match self.store.read(action.incident()).await {
            Ok(incident) => incident.and_then(|incident| incident.people.title).unwrap_or_default(),
            // The form is of use all the same.
            Err(err) => {
                tracing::warn!("a form begins empty: {err}");
                String::new()
            }
        }
    }

    /// Opens the form with the settings of a scope.
    pub(super) async fn open_settings(&self, trigger_id: String, scope: &ScopeId, carries: Sets) {
        let now = self.clock.now();
        let told = self.store.told(scope, now).await;
        let (Ok(told), Some(configured)) = (told, self.config.scope(scope)) else {
            tracing::error!("the settings of {scope} could not be read, so that their form was not opened");
            return;
        };
        let view = form::settings::form(&told.settings.shown(configured.clone(), now), &carries);
        self.open_view(trigger_id, view, carries.response_url).await;
    }

    pub(super) async fn open_view(&self, trigger_id: String, view: Value, response_url: String) {
        let chat = self.chat.clone();
        // Slack hangs up when three seconds are over; what was begun is finished all the same.
        let opening = tokio::spawn(async move {
            let Err(err) = chat.open_view(&trigger_id, view).await else { return };
            tracing::warn!("a form was not opened: {err}");
            if response_url.is_empty() {
                return;
            }
            if let Err(err) = chat.respond(&response_url, &reply::form_not_opened()).await {
                tracing::warn!("nor could the person be told: {err}");
            }
        });
        if let Err(err) = opening.await {
            tracing::error!("opening a form failed: {err}");
        }
    }

    /// A form that was sent becomes the click that asked for it, with what was typed.
    pub(super) async fn submitted(&self, submitted: &ViewSubmission) -> Answer {
        let view = &submitted.view;
        // Slack shows an error for any other answer, and no retry would help.
        let ignored = |why: &str| {
            tracing::warn!(view = view.id, "a form was ignored: {why}");
            Ok(StatusCode::OK.into_response())
        };
        if view.callback_id == form::DECLARE {
            return self.declared(submitted).await;
        }
        if view.callback_id == form::settings::CALLBACK {
            return self.set(submitted).await;
        }
        if view.callback_id != form::CALLBACK {
            return ignored("it is not ours");
        }
        let Some(Carries { value, channel, response_url }) = Carries::read(&view.private_metadata) else {
            return ignored("it does not carry what ours carry");
        };
        let Some(form) = form::asked_by(&value) else {
            return ignored("nothing that it carries asks for a form");
        };
        let Ok(scope) = self.scope_of(&channel) else {
            return ignored("no scope is configured for its channel");
        };
        let typed = view.typed(form::BLOCK, form::FIELD).trim();
        if let Some(problem) = form::problem(form, typed) {
            let errors = json!({"response_action": "errors", "errors": {form::BLOCK: problem}});
            return Ok(Json(errors).into_response());
        }
        let asked = Asked { by: submitted.user.id.clone(), channel, response_url };
        let key = EventKey(format!("slack/view/{}", view.id));
        self.accept(key, scope, Event::Click { value, typed: Some(typed.to_owned()), asked }).await?;
        // An empty answer closes the form.
        Ok(StatusCode::OK.into_response())
    }

    /// A form in which somebody declared an incident.
    async fn declared(&self, submitted: &ViewSubmission) -> Answer {
        let view = &submitted.view;
        let Some(Declares { channel, message, response_url }) = Declares::read(&view.private_metadata) else {
            tracing::warn!(view = view.id, "a form was ignored: it does not carry what ours carry");
            return Ok(StatusCode::OK.into_response());
        };
        let [title, severity, about] = form::DECLARE_BLOCKS;
        let typed = |block: &str| view.typed(block, form::FIELD).trim();
        if let Some(problem) = form::title_problem(typed(title)) {
            let errors = json!({"response_action": "errors", "errors": {title: problem}});
            return Ok(Json(errors).into_response());
        }
        let declared = Declared {
            title: typed(title).to_owned(),
            severity: Severity::read(typed(severity)),
            about: Some(typed(about).to_owned()).filter(|about| !about.is_empty()),
            message: message.map(|ts| MessageRef { channel: channel.clone(), ts }),
        };
        let scope = self.scope_of(&channel)?;
        let by = submitted.user.id.clone();
        let asked = if response_url.is_empty() {
            Asked::whispered(by, channel, None)
        } else {
            Asked { by, channel, response_url }
        };
        let key = EventKey(format!("slack/view/{}", view.id));
        self.accept(key, scope, Event::Declared { declared: Box::new(declared), asked }).await?;
        Ok(StatusCode::OK.into_response())
    }

    /// A form in which somebody set what holds for their scope.
    async fn set(&self, submitted: &ViewSubmission) -> Answer {
        let view = &submitted.view;
        let carried = Sets::read(&view.private_metadata);
        let scope = carried.as_ref().and_then(|sets| self.config.scope(&ScopeId(sets.scope.clone())));
        let (Some(Sets { channel, response_url, .. }), Some(scope)) = (carried, scope) else {
            tracing::warn!(view = view.id, "a form was ignored: it does not carry what ours carry");
            return Ok(StatusCode::OK.into_response());
        };
        let [flood, nudges, quiet, mute] = form::settings::BLOCKS;
        let typed = |block: &str| view.typed(block, form::FIELD).trim();
        let hours = Some(typed(quiet)).filter(|hours| !hours.is_empty()).unwrap_or(form::settings::OFF);
        let mut read = vec![
            (flood, settings::flood(&typed(flood).to_lowercase())),
            (nudges, settings::nudges(typed(nudges))),
            (quiet, settings::quiet(hours)),
        ];
        if typed(mute) != form::settings::KEEP {
            read.push((mute, settings::mute(typed(mute))));
        }
        let (mut wanted, mut errors) = (Vec::new(), serde_json::Map::new());
        for (block, setting) in read {
            match setting.and_then(|setting| setting.problem().map_or(Ok(setting), Err)) {
                Ok(setting) => wanted.push(setting),
                Err(problem) => {
                    errors.insert(block.to_owned(), json!(problem.replace('`', "")));
                }
            }
        }
        if !errors.is_empty() {
            return Ok(Json(json!({"response_action": "errors", "errors": errors})).into_response());
        }
        let by = submitted.user.id.clone();
        let asked = match (channel.is_empty(), response_url.is_empty()) {
            (true, _) => Asked::written(by.clone(), by, None),
            (false, true) => Asked::whispered(by, channel, None),
            (false, false) => Asked { by, channel, response_url },
        };
        let key = EventKey(format!("slack/view/{}", view.id));
        self.accept(key, scope.id.clone(), Event::Set { settings: wanted, asked }).await?;
        Ok(StatusCode::OK.into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_BODY;
    use super::super::tests::door;
    use super::*;
    use crate::drill::WAR_ROOM;
    use crate::event::Delivered;
    use blocks::action::Deed;
    use tools::model::IncidentId;
    use tools::recovery::plan::PlanId;

    fn carried() -> Carries {
        let action = Action::Plan(Deed::ApproveBecause, IncidentId(7), PlanId("plan-1f0c".to_owned()));
        let response_url = "https://hooks.slack.com/actions/1".to_owned();
        Carries { value: action.value(), channel: WAR_ROOM.to_owned(), response_url }
    }

    /// What Slack sends when somebody typed this into our form; some of it replaced.
    fn sent(typed: &Value, more: &Value) -> Value {
        let view = form::form(Form::Reason, &carried(), "");
        let mut sent = json!({
            "id": "V1", "callback_id": view["callback_id"], "private_metadata": view["private_metadata"],
            "state": {"values": {form::BLOCK: {form::FIELD: {"type": "plain_text_input", "value": typed}}}},
        });
        for (field, value) in more.as_object().unwrap() {
            sent[field] = value.clone();
        }
        json!({"user": {"id": "U0JUN"}, "view": sent})
    }

    /// What is answered, and what is put into the inbox.
    async fn submit(payload: Value) -> (u16, String, Vec<Delivered>) {
        let (door, shelf) = door();
        let answer = door.submitted(&serde_json::from_value(payload).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), MAX_BODY).await.unwrap();
        let put = shelf.0.lock().unwrap().clone();
        (status, String::from_utf8(body.to_vec()).unwrap(), put)
    }

    #[tokio::test]
    async fn a_form_that_is_sent_becomes_the_click_that_asked_for_it() {
        let (status, body, put) = submit(sent(&json!("  the canary \"looks\" well <ok> \n"), &json!({}))).await;
        assert_eq!((status, body.as_str()), (200, ""));
        let Carries { value, channel, response_url } = carried();
        let asked = Asked { by: "U0JUN".to_owned(), channel, response_url };
        let typed = Some("the canary \"looks\" well <ok>".to_owned());
        let [delivered] = put.as_slice() else { panic!("one event: {put:?}") };
        assert_eq!(delivered.key, EventKey("slack/view/V1".to_owned()));
        assert_eq!(delivered.event, Event::Click { value, typed, asked });
    }

    #[tokio::test]
    async fn a_blank_form_is_refused_in_the_form_and_nothing_follows() {
        for blank in [json!(""), json!(" \t"), json!("\u{200b}"), Value::Null] {
            let (status, body, put) = submit(sent(&blank, &json!({}))).await;
            assert_eq!((status, put.len()), (200, 0), "{blank}");
            let answer: Value = serde_json::from_str(&body).unwrap();
            let sentence = "Please say in a few words why you approve; without a reason it does not count.";
            assert_eq!(answer, json!({"response_action": "errors", "errors": {form::BLOCK: sentence}}));
        }
    }

    #[tokio::test]
    async fn a_form_that_means_nothing_here_is_closed_without_effect() {
        let metadata = |carries: &Carries| serde_json::to_string(carries).unwrap();
        let elsewhere = Carries { channel: "C0ELSEWHERE".to_owned(), ..carried() };
        let plain = Carries { value: "v1.approve.INC-7.plan-1f0c".to_owned(), ..carried() };
        let old = Carries { value: "v0.approve-because.INC-7.plan-1f0c".to_owned(), ..carried() };
        for more in [
            json!({"callback_id": "declare_incident"}),
            json!({"callback_id": ""}),
            json!({"private_metadata": ""}),
            json!({"private_metadata": "{\"ch\":\"C07ALRTPRD1\"}"}),
            json!({"private_metadata": metadata(&elsewhere)}),
            json!({"private_metadata": metadata(&plain)}),
            json!({"private_metadata": metadata(&old)}),
        ] {
            let (status, body, put) = submit(sent(&json!("because"), &more)).await;
            assert_eq!((status, body.as_str(), put.len()), (200, "", 0), "{more}");
        }
    }
}

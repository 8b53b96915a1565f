//! The other ways in which people speak to the bot: mentions, direct messages, reactions, shortcuts and the Home tab.

use super::{Answer, Door};
use crate::event::{Asked, Event, EventKey, MessageRef};
use crate::slack::wire::{Shortcut, Us};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use blocks::form::settings::Sets;
use blocks::form::{self, Declares};
use serde_json::Value;
use tools::model::ScopeId;

/// Reactions that make a message a note.
const PINS: [&str; 2] = ["pushpin", "round_pushpin"];

impl Door {
    /// What an event of Slack means that is no message of a channel: something somebody asks of us, or nothing.
    pub(super) fn surface(&self, event: &Value, us: Us<'_>) -> Option<(ScopeId, Event)> {
        let text = |field: &str| event[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        // What programs say is no question, ours least of all.
        if us.wrote(event) || event["bot_id"].is_string() {
            return None;
        }
        let by = text("user")?;
        match event["type"].as_str()? {
            "app_mention" => {
                let channel = text("channel")?;
                let scope = self.config.scope_of_channel(&channel)?.id.clone();
                let thread = text("thread_ts").map(|ts| MessageRef { channel: channel.clone(), ts });
                let asked = Asked::whispered(by, channel, event["thread_ts"].as_str());
                let text = unmentioned(event["text"].as_str()?).to_owned();
                Some((scope, Event::Command { text, thread, about: None, asked }))
            }
            "message" if event["channel_type"] == "im" && event["subtype"].is_null() => {
                let scope = self.config.scopes.first()?.id.clone();
                let said = event["thread_ts"].as_str().or(event["ts"].as_str());
                let asked = Asked::written(by, text("channel")?, said);
                let text = unmentioned(event["text"].as_str()?).to_owned();
                Some((scope, Event::Command { text, thread: None, about: None, asked }))
            }
            "app_home_opened" if event["tab"] == "home" => {
                Some((self.config.scopes.first()?.id.clone(), Event::HomeOpened { by }))
            }
            "reaction_added" => {
                let name = event["reaction"].as_str()?;
                let item = &event["item"];
                if !PINS.contains(&name) || item["type"] != "message" {
                    return None;
                }
                let channel = item["channel"].as_str()?.to_owned();
                let scope = self.config.scope_of_channel(&channel)?.id.clone();
                let message = MessageRef { channel: channel.clone(), ts: item["ts"].as_str()?.to_owned() };
                Some((scope, Event::Reacted { message, asked: Asked::whispered(by, channel, None) }))
            }
            _ => None,
        }
    }

    /// A shortcut opens the form in which an incident is declared, with the message that it was chosen from.
    pub(super) async fn shortcut(&self, chosen: Shortcut) -> Answer {
        let message = chosen.message;
        // Chosen without a message, it is about the first scope.
        let war_room = || self.config.scopes.first().map(|scope| scope.war_room.clone()).unwrap_or_default();
        let channel = chosen.channel.map_or_else(war_room, |channel| channel.id);
        let about = message.as_ref().map(|message| blocks::mrkdwn::to_plain(&message.text, &|_| None));
        let message = message.map(|message| message.ts);
        let response_url = chosen.response_url;
        let carries = Declares { channel, message, response_url: response_url.clone() };
        let view = form::declare(&about.unwrap_or_default(), &carries);
        self.open_view(chosen.trigger_id, view, response_url).await;
        Ok(StatusCode::OK.into_response())
    }

    /// A button of the Home tab: it belongs to no channel, and its answer is written to the person.
    pub(super) async fn pressed_at_home(&self, by: String, trigger: String, block: &str, value: String) -> Answer {
        let scope = blocks::home::scope_of(block).and_then(|id| self.config.scope(&ScopeId(id.to_owned())));
        let Some(scope) = scope else {
            tracing::warn!("a button of the Home tab names no scope that is configured");
            return Ok(StatusCode::OK.into_response());
        };
        if value == blocks::settings::CHANGE {
            let carries = Sets { scope: scope.id.0.clone(), ..Sets::default() };
            self.open_settings(trigger, &scope.id, carries).await;
            return Ok(StatusCode::OK.into_response());
        }
        if value == blocks::home::DECLARE {
            let carries = Declares { channel: scope.war_room.clone(), ..Declares::default() };
            self.open_view(trigger, form::declare("", &carries), String::new()).await;
            return Ok(StatusCode::OK.into_response());
        }
        // Written to by their own id, Slack opens the conversation.
        let asked = Asked::written(by.clone(), by, None);
        let key = EventKey(format!("slack/{trigger}"));
        self.accept(key, scope.id.clone(), Event::Click { value, typed: None, asked }).await?;
        Ok(StatusCode::OK.into_response())
    }
}

/// What follows the mention of somebody at the beginning; all of it where nobody is mentioned there.
fn unmentioned(text: &str) -> &str {
    let text = text.trim();
    let rest = text.strip_prefix("<@").and_then(|rest| rest.split_once('>'));
    rest.map_or(text, |(_, rest)| rest.trim_start_matches([':', ',']).trim())
}

#[cfg(test)]
mod tests {
    use super::super::tests::door;
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(event: &Value, expected: Option<&str>) {
        let us = Us { app: "A0US", authorizations: &[] };
        let (door, _) = door();
        let told = door.surface(event, us).map(|(scope, event)| {
            if let Event::Command { text, asked, .. } = event {
                return format!("{scope}: {text} ({})", asked.response_url);
            }
            if let Event::Reacted { message, .. } = event {
                return format!("{scope}: pin {}", message.ts);
            }
            let Event::HomeOpened { by } = event else { return format!("{event:?}") };
            format!("{scope}: home of {by}")
        });
        assert_eq!(told.as_deref(), expected, "{event}");
    }

    #[test]
    fn what_people_say_to_us_is_heard_and_nothing_else() {
        let mention =
            |text: &str| json!({"type": "app_mention", "user": "U1", "channel": "C0TEST", "ts": "1.0", "text": text});
        check(&mention("<@U0US> status"), Some("test: status (whisper:)"));
        check(&mention("<@U0US|clarity>: sev 1"), Some("test: sev 1 (whisper:)"));
        check(&mention("status <@U0US>"), Some("test: status <@U0US> (whisper:)"));
        let in_thread =
            json!({"type": "app_mention", "user": "U1", "channel": "C0TEST", "text": "x", "thread_ts": "7.1"});
        check(&in_thread, Some("test: x (whisper:7.1)"));
        let bot = json!({"type": "app_mention", "user": "U1", "bot_id": "B1", "channel": "C0TEST", "text": "x"});
        check(&bot, None);
        let ours = json!({"type": "message", "channel_type": "im", "user": "U1", "app_id": "A0US", "channel": "D1", "text": "x"});
        check(&ours, None);
        let direct = json!({"type": "message", "channel_type": "im", "user": "U1", "channel": "D1", "text": "status"});
        check(&direct, Some("prod: status (write:)"));
        let edited = json!({"type": "message", "subtype": "message_changed", "channel_type": "im", "user": "U1", "channel": "D1", "text": "x"});
        check(&edited, None);
        let item = json!({"type": "message", "channel": "C0TEST", "ts": "7.1"});
        let reaction =
            |name: &str, item: &Value| json!({"type": "reaction_added", "user": "U1", "reaction": name, "item": item});
        check(&reaction("pushpin", &item), Some("test: pin 7.1"));
        check(&reaction("round_pushpin", &item), Some("test: pin 7.1"));
        check(&reaction("eyes", &item), None);
        check(&reaction("pushpin", &json!({"type": "file", "file": "F1"})), None);
        check(&json!({"type": "reaction_removed", "user": "U1", "reaction": "pushpin", "item": item}), None);
        check(&json!({"type": "app_home_opened", "user": "U1", "tab": "home"}), Some("prod: home of U1"));
        check(&json!({"type": "app_home_opened", "user": "U1", "tab": "messages"}), None);
        check(&json!({"type": "app_mention"}), None);
        check(&json!({}), None);
    }
}

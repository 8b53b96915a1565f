//! The form in which people set what holds for their scope.

use super::{FIELD, MAX_CARRIED, plain, units, view};
use crate::phrase;
use crate::settings::Shown;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tools::model::minutes;

/// What tells this form from the others.
pub const CALLBACK: &str = "clarity.settings";

/// Its blocks, each with a field named [`FIELD`]: what is a flood, nudges, quiet hours, muting.
pub const BLOCKS: [&str; 4] = ["flood", "nudges", "quiet", "mute"];

/// What stands for leaving the muting as it is.
pub const KEEP: &str = "keep";

/// What stands for never.
pub const OFF: &str = "off";

/// What the form carries unseen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sets {
    /// The scope that it is about.
    pub scope: String,
    /// The channel where somebody began; empty in the Home tab.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// Where the answer goes; empty where there was no room for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub response_url: String,
}

impl Sets {
    /// Reads what a submitted form carries; none if it is none of ours.
    pub fn read(private_metadata: &str) -> Option<Self> {
        serde_json::from_str(private_metadata).ok()
    }

    fn metadata(&self) -> String {
        let carried = |sets: &Self| serde_json::to_string(sets).unwrap_or_default();
        let whole = carried(self);
        if units(&whole) <= MAX_CARRIED {
            return whole;
        }
        carried(&Self { response_url: String::new(), ..self.clone() })
    }
}

/// The window, with what is set now in its fields.
pub fn form(shown: &Shown, carries: &Sets) -> Value {
    let [flood, nudges, quiet, mute] = BLOCKS;
    let (alarms, within) = shown.flood;
    let mut spans = vec![SignedDuration::ZERO, minutes(5), minutes(10), minutes(15), minutes(30), minutes(60)];
    if !spans.contains(&shown.nudge_after) {
        spans.push(shown.nudge_after);
        spans.sort_unstable();
    }
    let after = |span: &SignedDuration| {
        if span.is_zero() {
            return (OFF.to_owned(), "Never".to_owned());
        }
        (short(*span), format!("After {}", phrase::span(*span)))
    };
    let nudge_options: Vec<(String, String)> = spans.iter().map(after).collect();
    let nudge_now = after(&shown.nudge_after).0;
    let muted = shown.muted_until.map(|until| (KEEP.to_owned(), format!("Until {} UTC, as now", phrase::clock(until))));
    let mute_now = if muted.is_some() { KEEP } else { OFF };
    let hours = [30, 60, 120, 240, 480].map(|span| {
        let span = minutes(span);
        (short(span), format!("For {}", phrase::span(span)))
    });
    let mute_options: Vec<(String, String)> =
        muted.into_iter().chain([(OFF.to_owned(), "Not muted".to_owned())]).chain(hours).collect();
    let flood_now = format!("{alarms} in {}", short(within));
    let quiet_now = shown.quiet.clone().unwrap_or_default();
    let blocks = [
        input(
            flood,
            "What is a flood?",
            "So many alarms within so long get a card.",
            &typed(&flood_now, "3 in 5m", 40),
            false,
        ),
        input(
            nudges,
            "Nudge a flood without lead or severity",
            "Its thread is told, once each.",
            &menu(&nudge_options, &nudge_now),
            false,
        ),
        input(
            quiet,
            "Quiet hours",
            "Lone alarms of these hours are told together afterwards; a flood speaks at any hour. Leave it empty for none.",
            &typed(&quiet_now, "22:00-07:00 Europe/Berlin", 80),
            true,
        ),
        input(
            mute,
            "Mute lone alarms now",
            "For a deployment, say. They are told together afterwards.",
            &menu(&mute_options, mute_now),
            false,
        ),
    ];
    view(CALLBACK, ("Settings", "Set"), &carries.metadata(), &blocks)
}

/// `15m`, as people type it.
fn short(span: SignedDuration) -> String {
    match span.as_secs() {
        seconds if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

fn input(block: &str, label: &str, hint: &str, element: &Value, optional: bool) -> Value {
    json!({
        "type": "input", "block_id": block, "label": plain(label), "hint": plain(hint), "element": element,
        "optional": optional,
    })
}

fn typed(present: &str, example: &str, most: usize) -> Value {
    let mut element =
        json!({"type": "plain_text_input", "action_id": FIELD, "max_length": most, "placeholder": plain(example)});
    if !present.is_empty() {
        element["initial_value"] = json!(present);
    }
    element
}

fn menu(options: &[(String, String)], present: &str) -> Value {
    let option = |(value, label): &(String, String)| json!({"text": plain(label), "value": value});
    let now = options.iter().find(|(value, _)| value == present).map(option);
    let options: Vec<Value> = options.iter().map(option).collect();
    let mut element = json!({"type": "static_select", "action_id": FIELD, "options": options});
    if let Some(now) = now {
        element["initial_option"] = now;
    }
    element
}

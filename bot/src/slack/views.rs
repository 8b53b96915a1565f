//! Forms: opening one over what a person sees.

use super::chat::{Chat, ChatError};
use serde_json::{Value, json};
use std::time::Duration;

/// How long opening a form may take: Slack takes a trigger for three seconds, and some of them are already over.
const OPEN_TIMEOUT: Duration = Duration::from_millis(2500);

impl Chat {
    /// Opens a form for the person whose click brought the trigger.
    ///
    /// # Errors
    /// The trigger is too old or was used before, Slack refuses the form, or it does not answer while a trigger lives.
    pub async fn open_view(&self, trigger_id: &str, view: Value) -> Result<(), ChatError> {
        let call = self.post("views.open", json!({"trigger_id": trigger_id, "view": view}));
        match tokio::time::timeout(OPEN_TIMEOUT, call).await {
            Ok(answer) => answer.map(drop),
            Err(_) => Err(ChatError::Unknown(format!("no answer within {} ms", OPEN_TIMEOUT.as_millis()))),
        }
    }
}

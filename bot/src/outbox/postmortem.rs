//! Postmortems on their way into the thread of their incident: written, uploaded, and shared there.
//!
//! Slack has no key by which it would know a second sharing as the first. When the answer to one is lost, or the process ends
//! before it is noted, the thread is looked at first: the title of the document names the moment of the request. Only if that look
//! comes before Slack shows what it took are the files shared twice.

use super::Sender;
use crate::event::{Asked, Delivered, Event, EventKey, MessageRef, PostmortemStep};
use crate::intent::{IntentId, Outcome};
use crate::ports::StoreError;
use crate::slack::chat::ChatError;
use crate::slack::files::Upload;
use jiff::Timestamp;
use tools::context::timeline;
use tools::model::{Incident, IncidentId, ScopeId};

/// The thread in which a job speaks.
#[derive(Debug)]
pub(super) struct Thread {
    /// The message that it hangs under, once that is there.
    pub(super) at: Option<MessageRef>,
    /// Whether what the job says may stand there already.
    pub(super) uncertain: bool,
}

/// Whose postmortem, where, and who waits for it.
#[derive(Debug)]
pub(super) struct Sharing {
    pub(super) id: IntentId,
    pub(super) stored_at: Timestamp,
    pub(super) scope: ScopeId,
    pub(super) incident: IncidentId,
    pub(super) insists: bool,
    pub(super) asked: Asked,
    pub(super) thread: Thread,
}

impl Sender {
    /// Writes both files and shares them, in one message.
    pub(super) async fn postmortem(&mut self, sharing: Sharing) -> Result<(), StoreError> {
        let found = self.store.read(sharing.incident).await?.filter(|found| found.scope == sharing.scope);
        let (Some(incident), Some(at)) = (found, sharing.thread.at.clone()) else {
            let step = if sharing.insists {
                PostmortemStep::Failed(
                    "the incident has no message in the channel, and none could be posted".to_owned(),
                )
            } else {
                PostmortemStep::NoThread
            };
            return self.postmortem_step(sharing, step).await;
        };
        let title = title(&incident, sharing.stored_at);
        if sharing.thread.uncertain {
            match self.chat.has_file(&at, sharing.stored_at, &title).await {
                Ok(true) => return self.postmortem_step(sharing, PostmortemStep::Shared).await,
                Ok(false) => {}
                Err(err) => return self.share_again(sharing, &err).await,
            }
        }
        let files = files(&incident, sharing.stored_at, title);
        match self.chat.share(&files, &at).await {
            Ok(()) => self.postmortem_step(sharing, PostmortemStep::Shared).await,
            Err(err) => self.share_again(sharing, &err).await,
        }
    }

    async fn share_again(&mut self, sharing: Sharing, err: &ChatError) -> Result<(), StoreError> {
        if let Some(after_s) = err.retry_after_s()
            && self.is_patient(sharing.stored_at)
        {
            tracing::warn!(incident = %sharing.incident, "a postmortem waits: {err}");
            self.backlog.doubt([sharing.id]);
            self.budget.job_later(sharing.id, self.clock.now(), after_s);
            return Ok(());
        }
        tracing::error!(incident = %sharing.incident, "a postmortem was given up: {err}");
        let hint = match err {
            ChatError::Refused(error) if error == "missing_scope" => " (the app needs `files:write`)",
            ChatError::Refused(error) if error == "thread_not_found" => " (the card of the incident was deleted)",
            ChatError::Refused(_) | ChatError::Limited { .. } | ChatError::Unknown(_) => "",
        };
        self.postmortem_step(sharing, PostmortemStep::Failed(format!("{err}{hint}"))).await
    }

    /// Tells how far it is, and closes this step of it.
    async fn postmortem_step(&mut self, sharing: Sharing, step: PostmortemStep) -> Result<(), StoreError> {
        let Sharing { id, incident, scope, asked, .. } = sharing;
        let key = EventKey(format!("{scope}/postmortem/{}", id.0));
        let event = Event::Postmortem { incident, step, asked };
        self.put(Delivered { key, scope, at: self.clock.now(), event }).await?;
        self.close(vec![(id, Outcome::Done { posted: None })]).await
    }
}

/// By this title the document is found again.
fn title(incident: &Incident, as_of: Timestamp) -> String {
    format!("Postmortem of {}, as of {} UTC", incident.id, as_of.strftime("%Y-%m-%d %H:%M:%S"))
}

/// What both files hold is what was known when they were asked for, whenever they are written.
fn files(incident: &Incident, as_of: Timestamp, title: String) -> [Upload; 2] {
    let [document, page] = blocks::postmortem::file_names(incident.id);
    let file = |name: String, title: String, text: String| Upload {
        name,
        title,
        alt: String::new(),
        bytes: text.into_bytes(),
    };
    let cards = format!("The cards of {}", incident.id);
    [
        file(document, title, blocks::postmortem::document(incident, &timeline(incident), as_of, &|_| None)),
        file(page, cards, blocks::postmortem::page(incident, as_of, &|_| None)),
    ]
}

//! Pictures on their way to Slack: drawn, uploaded, and awaited until Slack has done with them.

use super::Sender;
use crate::event::{Event, EventKey, PictureStep, Question};
use crate::intent::{IntentId, Outcome};
use crate::ports::StoreError;
use crate::slack::chat::ChatError;
use crate::slack::files::{FileId, Upload};
use jiff::Timestamp;
use tools::dependency::draw::{self, Png, Scene};
use tools::model::{Drawing, IncidentId};

/// Slack is asked this often whether it has done with a file, in seconds.
const LOOK_EVERY_S: u64 = 1;

/// Whose picture, and who waits for it.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) id: IntentId,
    pub(super) stored_at: Timestamp,
    pub(super) incident: IncidentId,
    pub(super) answer_to: Option<Question>,
}

impl Sender {
    /// Draws and uploads. The file belongs to nobody but us until a message shows it.
    pub(super) async fn draw(&mut self, wanted: Wanted, scene: &Scene, at: Timestamp) -> Result<(), StoreError> {
        let story = scene.story();
        let shown = self.store.read(wanted.incident).await?.and_then(|incident| incident.drawing);
        if let Some(drawing) = shown.filter(|shown| shown.story == story) {
            return self.step(wanted, PictureStep::Ready(drawing)).await;
        }
        let Some(png) = pixels(scene.clone()).await else {
            return self.step(wanted, PictureStep::Failed("there is not enough memory for it".to_owned())).await;
        };
        let upload = Upload {
            name: format!("{}-{}.png", wanted.incident, at.strftime("%H%M%S")),
            title: scene.title.clone(),
            alt: scene.alt.clone(),
            bytes: png.bytes,
        };
        match self.chat.upload(&upload).await {
            Ok(FileId(file)) => {
                let drawing = Drawing { file, alt: scene.alt.clone(), at, story };
                self.step(wanted, PictureStep::Uploaded(drawing)).await
            }
            Err(err) => self.again(wanted, &err).await,
        }
    }

    /// Looks once whether Slack has done with a file.
    pub(super) async fn await_picture(&mut self, wanted: Wanted, drawing: Drawing) -> Result<(), StoreError> {
        match self.chat.is_processed(&FileId(drawing.file.clone())).await {
            Ok(true) => self.step(wanted, PictureStep::Ready(drawing)).await,
            Ok(false) if self.is_patient(wanted.stored_at) => {
                self.budget.job_later(wanted.id, self.clock.now(), LOOK_EVERY_S);
                Ok(())
            }
            Ok(false) => self.step(wanted, PictureStep::Failed("Slack did not finish processing it".to_owned())).await,
            Err(err) => self.again(wanted, &err).await,
        }
    }

    async fn again(&mut self, wanted: Wanted, err: &ChatError) -> Result<(), StoreError> {
        if let Some(after_s) = err.retry_after_s()
            && self.is_patient(wanted.stored_at)
        {
            tracing::warn!(incident = %wanted.incident, "a picture waits: {err}");
            self.budget.job_later(wanted.id, self.clock.now(), after_s);
            return Ok(());
        }
        tracing::error!(incident = %wanted.incident, "a picture was given up: {err}");
        let hint = match err {
            ChatError::Refused(error) if error == "missing_scope" => " (the app needs `files:read` and `files:write`)",
            ChatError::Refused(_) | ChatError::Limited { .. } | ChatError::Unknown(_) => "",
        };
        self.step(wanted, PictureStep::Failed(format!("{err}{hint}"))).await
    }

    /// Tells how far the picture is, and closes this step of it.
    async fn step(&mut self, wanted: Wanted, step: PictureStep) -> Result<(), StoreError> {
        let Wanted { id, incident, answer_to, .. } = wanted;
        let key = EventKey(format!("{incident}/pictured/{}", id.0));
        self.deliver(key, incident, Event::Pictured { incident, step, answer_to }).await?;
        self.close(vec![(id, Outcome::Done { posted: None })]).await
    }
}

/// Drawing takes tens of milliseconds of one core, and nobody else shall wait for that.
async fn pixels(scene: Scene) -> Option<Png> {
    let drawn = tokio::task::spawn_blocking(move || draw::png(&draw::svg(&scene, &draw::layout(&scene))));
    drawn.await.ok().flatten()
}

//! Sends intents: within Slack's budget, the newest word only, and never twice, also after a crash.
//!
//! [`schedule()`] is pure and decides; [`Sender`] calls, and closes what is done.

mod backlog;
mod budget;
mod errand;
mod home;
mod job;
mod lessons;
mod live;
mod narrate;
mod page;
mod people;
mod picture;
mod pin;
mod postmortem;
mod recovery;
mod review;
mod schedule;
#[cfg(test)]
mod tests;

use self::backlog::Backlog;
use self::budget::Method;
use self::errand::{Desk, Errands};
use self::lessons::Lessons;
use self::live::Talks;
use self::people::People;
use self::picture::Wanted;
use self::postmortem::{Sharing, Thread};
use self::schedule::{Call, Schedule, schedule};
use crate::audit::Notary;
use crate::changes;
use crate::config::Config;
use crate::event::{Asked, Delivered, Event, EventKey, MessageRef, Question, Way};
use crate::intent::{IntentId, Job, MessageName, Outcome, Pending, Place};
use crate::narrator::Narrator;
use crate::ports::{Inbox, Store, StoreError, Taken};
use crate::pulse::{Pulse, Worker};
use crate::rota;
use crate::rules::Rules;
use crate::slack::chat::{Chat, ChatError};
use crate::slack::trouble::{Course, course, step};
use blocks::Message;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use tools::audit::Anchor;
use tools::model::{IncidentId, minutes};
use tools::ports::{Actuator, Clock, Outside};

pub use self::budget::Budget;

/// Carries intents out.
#[derive(Debug)]
pub struct Sender {
    config: Arc<Config>,
    rules: Arc<Rules>,
    store: Arc<dyn Store>,
    inbox: Arc<dyn Inbox>,
    chat: Chat,
    outside: Outside,
    actuator: Arc<dyn Actuator>,
    clock: Arc<dyn Clock>,
    pulse: Arc<Pulse>,
    backlog: Backlog,
    budget: Budget,
    /// The budget as the store has it.
    written: Budget,
    /// Signs the logs of the cards that are shown, where there is a key.
    notary: Option<Notary>,
    lessons: Lessons,
    people: People,
    watch: page::Watch,
    /// Schedules that say who is on call.
    rotas: rota::Known,
    /// What takes long and goes on while messages are sent.
    errands: Errands,
    /// Answers among it.
    talks: Talks,
    /// Phrases, where a model is configured.
    narrator: Option<Narrator>,
}

/// What a sender is made from.
#[derive(Debug)]
pub(crate) struct Means {
    /// What the deployment configures.
    pub(crate) config: Arc<Config>,
    /// The rules under which plans are made and decided.
    pub(crate) rules: Arc<Rules>,
    /// Where intents are kept.
    pub(crate) store: Arc<dyn Store>,
    /// Where the results of jobs go.
    pub(crate) inbox: Arc<dyn Inbox>,
    /// Slack's Web API.
    pub(crate) chat: Chat,
    /// The world as the tools see it.
    pub(crate) outside: Outside,
    /// What changes it.
    pub(crate) actuator: Arc<dyn Actuator>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Wakes the workers.
    pub(crate) pulse: Arc<Pulse>,
    /// Signs the logs of the cards that are shown, where there is a key.
    pub(crate) notary: Option<Notary>,
    /// Phrases, where a model is configured.
    pub(crate) narrator: Option<Narrator>,
    /// Schedules that say who is on call.
    pub(crate) rotas: rota::Known,
}

/// A call that was made.
#[derive(Clone, Copy, Debug)]
struct Made<'a> {
    channel: &'a str,
    method: Method,
    /// The incident whose MTTC stops with it.
    covers: Option<IncidentId>,
}

/// With a token that is no good, one call a channel is tried so often, in seconds.
const TOKEN_PAUSE_S: u64 = 300;

/// What waits for another thread looks for it again after so many seconds.
const ANOTHER_THREAD_S: u64 = 2;

/// A file that is not there after this is given up: the messages have the words, and whoever waits is told.
const PATIENCE: SignedDuration = minutes(2);

impl Sender {
    /// A sender that has not sent anything yet.
    pub(crate) fn new(means: Means) -> Self {
        let Means { config, rules, store, inbox, chat, outside, actuator, clock, pulse, notary, narrator, rotas } =
            means;
        Self {
            config,
            rules,
            store,
            inbox,
            chat,
            outside,
            actuator,
            clock,
            pulse,
            backlog: Backlog::default(),
            budget: Budget::default(),
            written: Budget::default(),
            notary,
            lessons: Lessons::default(),
            people: People::default(),
            watch: page::Watch::default(),
            rotas,
            errands: Errands::default(),
            talks: Talks::default(),
            narrator,
        }
    }

    /// Works until it is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            let beat = self.pulse.current();
            let next_due = match self.send_for_now().await {
                Ok(next_due) => next_due,
                Err(err) => {
                    tracing::error!("the outbox waits: {err}");
                    self.clock.now().saturating_add(SignedDuration::from_secs(1)).ok()
                }
            };
            self.pulse.wait_for_more(next_due.is_some());
            let (pulse, clock) = (Arc::clone(&self.pulse), Arc::clone(&self.clock));
            let due = async {
                match next_due {
                    Some(at) => clock.wait_until(at).await,
                    None => std::future::pending().await,
                }
            };
            if self.errands.is_empty() {
                tokio::select! {
                    () = pulse.rest(Worker::Sender, beat) => {}
                    () = due => {}
                }
            } else {
                tokio::select! {
                    () = pulse.next(beat) => {}
                    () = due => {}
                    () = self.errands.one_ends() => {}
                }
            }
        }
    }

    /// Sends until nothing more can be sent now, and waits for what is under way: where the process is frozen after it, nothing
    /// may be left running. Returns when it is worth trying again, if anything is left.
    pub async fn send_all(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let mut next_due = self.send_for_now().await?;
        while !self.errands.is_empty() {
            self.errands.one_ends().await;
            next_due = self.send_for_now().await?;
        }
        Ok(next_due)
    }

    /// Sends until nothing more can be sent now.
    async fn send_for_now(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let next_due = self.send_what_can_be_sent().await;
        if !self.errands.is_empty() {
            // Nobody else is to begin what is under way here.
            return next_due;
        }
        // Also after a failure: whoever comes next need not wait for us. If not even this arrives, they wait a little.
        let budget = self.news_of_the_budget();
        self.store.outbox_done(Vec::new(), budget.as_ref(), self.clock.now()).await?;
        next_due
    }

    async fn send_what_can_be_sent(&mut self) -> Result<Option<Timestamp>, StoreError> {
        loop {
            self.grow().await;
            self.end_errands().await?;
            let now = self.clock.now();
            match self.store.outbox_take(now, self.backlog.newest()).await? {
                Taken::Anew { open, budget } => self.begin(open, *budget, now),
                Taken::More(more) => more.into_iter().for_each(|pending| self.backlog.insert(pending)),
                Taken::Busy { ask_again } => return Ok(Some(ask_again)),
            }
            let Schedule { calls, superseded, next_due } = schedule(&mut self.backlog, &mut self.budget, now);
            if calls.is_empty() && superseded.is_empty() {
                return Ok(next_due.into_iter().chain(self.talks.next_due()).min());
            }
            self.close(superseded.into_iter().map(|id| (id, Outcome::Superseded)).collect()).await?;
            for call in calls {
                self.make(call).await?;
            }
        }
    }

    /// Goes on where whoever sent before stopped.
    fn begin(&mut self, open: Vec<Pending>, budget: Budget, now: Timestamp) {
        self.written.clone_from(&budget);
        self.budget = budget;
        self.backlog.begin(open);
        for id in self.errands.jobs() {
            self.backlog.under_way(id);
        }
        for channel in self.backlog.left_behind() {
            self.budget.doubt(&channel, now);
        }
    }

    /// The budget, if the store has another one.
    fn news_of_the_budget(&mut self) -> Option<Budget> {
        self.budget.forget(self.clock.now());
        (self.budget != self.written).then(|| self.budget.clone())
    }

    async fn make(&mut self, call: Call) -> Result<(), StoreError> {
        match call {
            Call::Answer { id, asked, message } => {
                let mut answered = self.answer(&asked, &message).await;
                if let Err(ChatError::Refused(_)) = &answered
                    && message.has_pictures()
                {
                    answered = self.answer(&asked, &message.without_pictures()).await;
                }
                let outcome = match answered {
                    Ok(()) => Outcome::Done { posted: None },
                    // No message is left half said.
                    Err(err)
                        if matches!(asked.way(), Way::Fill { .. })
                            && let Some(seconds) = err.retry_after_s() =>
                    {
                        self.budget.job_later(id, self.clock.now(), seconds);
                        return Ok(());
                    }
                    // Nobody waits for an answer that comes a minute late, and the address takes only five.
                    Err(err) => refused("an answer", &err),
                };
                self.close(vec![(id, outcome)]).await
            }
            Call::Run { id, stored_at, job, thread, uncertain } => {
                self.run_job(id, stored_at, job, Thread { at: thread, uncertain }).await
            }
            Call::Wake { id, timer } => {
                let incident = timer.incident();
                self.deliver(EventKey(format!("{incident}/due/{}", id.0)), incident, Event::Due(timer)).await?;
                self.close(vec![(id, Outcome::Done { posted: None })]).await
            }
            Call::Edit { id, stored_at, at, name, place, message, covers } => {
                let anchor = self.anchor(&name).await?;
                match self.chat.update(&at, &message, &name.0, anchor.as_ref()).await {
                    // Somebody deleted it, or it is ours no more: the incident still needs its message.
                    Err(err) if course(&err) == Course::Anew => {
                        self.budget.one_more(place.channel(), Method::Post, self.clock.now());
                        let call =
                            Call::Post { ids: vec![id], stored_at, uncertain: false, name, place, message, covers };
                        Box::pin(self.make(call)).await
                    }
                    // Somebody deleted the file, or Slack has other limits than we think: the words must still arrive.
                    Err(err)
                        if course(&err) == Course::Plainer
                            && let Some(message) = message.plainer() =>
                    {
                        self.budget.one_more(place.channel(), Method::Update, self.clock.now());
                        let call = Call::Edit { id, stored_at, at, name, place, message, covers };
                        Box::pin(self.make(call)).await
                    }
                    result => {
                        let made = Made { channel: place.channel(), method: Method::Update, covers };
                        self.finish(&[id], made, result.map(|()| None)).await
                    }
                }
            }
            Call::Post { ids, stored_at, uncertain, name, place, message, covers } => {
                let (channel, thread) = (place.channel(), place.thread_ts());
                let key = intents(&ids);
                let anchor = self.anchor(&name).await?;
                let anchor = anchor.as_ref();
                let by = |method| Made { channel, method, covers };
                if uncertain {
                    let found = match self.chat.own_messages(channel, thread, stored_at).await {
                        Ok(found) => found,
                        Err(err) => return self.finish(&ids, by(Method::Find), Err(err)).await,
                    };
                    if let Some(found) = found.iter().find(|found| found.name == name.0) {
                        let at = MessageRef { channel: channel.to_owned(), ts: found.ts.clone() };
                        // What stands there may be an older word of the same name.
                        let shown = if found.intents == key {
                            Ok(())
                        } else {
                            self.budget.one_more(channel, Method::Update, self.clock.now());
                            self.chat.update(&at, &message, &name.0, anchor).await
                        };
                        return self.finish(&ids, by(Method::Update), shown.map(|()| Some((name, at)))).await;
                    }
                    // A batch may have been another one then: what is there is closed, the rest has its turn after it.
                    let there: Vec<IntentId> =
                        ids.iter().copied().filter(|id| found.iter().any(|found| found.carries(*id))).collect();
                    if !there.is_empty() {
                        return self.finish(&there, by(Method::Find), Ok(None)).await;
                    }
                }
                let mut message = message;
                let mut sent = self.chat.post_message(channel, thread, &message, &name.0, &key, anchor).await;
                while let Err(err) = &sent
                    && course(err) == Course::Plainer
                    && let Some(plainer) = message.plainer()
                {
                    self.budget.one_more(channel, Method::Post, self.clock.now());
                    message = plainer;
                    sent = self.chat.post_message(channel, thread, &message, &name.0, &key, anchor).await;
                }
                if thread.is_some() && matches!(&sent, Err(err) if course(err) == Course::Elsewhere) {
                    let call = Call::Post { ids, stored_at, uncertain: false, name, place, message, covers };
                    return Box::pin(self.post_elsewhere(call)).await;
                }
                self.finish(&ids, by(Method::Post), sent.map(|at| Some((name, at)))).await
            }
        }
    }

    /// The thread in which a message was to stand is gone: somebody deleted what it hangs under. If that is on its way again,
    /// the message waits for it; otherwise it stands in the channel, where it can be read as well.
    async fn post_elsewhere(&mut self, call: Call) -> Result<(), StoreError> {
        let Call::Post { ids, stored_at, uncertain, name, place, message, covers } = call else { return Ok(()) };
        let now = self.clock.now();
        let channel = place.channel().to_owned();
        if ids.first().is_some_and(|id| self.backlog.has_another_thread(*id, place.thread_ts())) {
            self.budget.wait(&channel, Method::Post, now, ANOTHER_THREAD_S);
            return Ok(());
        }
        self.budget.one_more(&channel, Method::Post, now);
        let place = Place::Channel { channel };
        self.make(Call::Post { ids, stored_at, uncertain, name, place, message, covers }).await
    }

    /// Answers one person, in the way that they asked.
    async fn answer(&self, asked: &Asked, message: &Message) -> Result<(), ChatError> {
        match asked.way() {
            Way::Address(url) => self.chat.respond(url, message).await,
            Way::Whisper { thread } => self.chat.whisper(&asked.channel, &asked.by, thread, message).await,
            Way::Write { .. } => self.chat.write_to(&asked.channel, message).await,
            Way::Fill { ts } => {
                let at = MessageRef { channel: asked.channel.clone(), ts: ts.to_owned() };
                match self.chat.fill(&at, message).await {
                    // Somebody deleted it; they wait for their answer all the same.
                    Err(err) if course(&err) == Course::Anew => self.chat.write_to(&asked.channel, message).await,
                    filled => filled,
                }
            }
            Way::Nowhere => Ok(()),
        }
    }

    /// The anchor that a message carries, if it is a card and there is a key. What is signed is the log as it is now: what
    /// the card shows is part of it.
    async fn anchor(&self, name: &MessageName) -> Result<Option<Anchor>, StoreError> {
        let (Some(notary), Some(incident)) = (&self.notary, name.card_of()) else { return Ok(None) };
        let Some(incident) = self.store.read(incident).await? else { return Ok(None) };
        Ok(Some(notary.sign(&incident, self.clock.now()).await))
    }

    async fn run_job(
        &mut self,
        id: IntentId,
        stored_at: Timestamp,
        job: Job,
        thread: Thread,
    ) -> Result<(), StoreError> {
        match job {
            Job::Investigate { incident, answer_to } => self.investigate(id, incident, answer_to).await,
            Job::Weigh { incident, key, asked } => self.weigh(id, incident, key, asked).await,
            Job::LookUp { incident, plan, request, asked } => self.look_up(id, (incident, plan), request, asked).await,
            Job::Act { incident, plan } => self.act(id, incident, plan).await,
            Job::Page { incident, text, asked } => self.page(id, incident, text, asked).await,
            Job::Review { scope, days, asked } => self.review(id, scope, days, asked).await,
            Job::Draw { incident, scene, at, answer_to } => {
                self.draw(Wanted { id, stored_at, incident, answer_to }, &scene, at).await
            }
            Job::Postmortem { scope, incident, insists, asked, under: _ } => {
                self.postmortem(Sharing { id, stored_at, scope, incident, insists, asked, thread }).await
            }
            Job::Home { by } => self.home(id, by).await,
            Job::Narrate { incident, story } => self.narrate(id, incident, story).await,
            Job::Explain { incident, plan } => self.explain(id, incident, plan).await,
            Job::Ask { incident, text, talk, asked } => self.ask((id, stored_at), incident, text, talk, asked).await,
            Job::StopAnswer { scope, talk, asked } => self.stop_answer(id, scope, talk, asked).await,
            Job::Locate { text, thread, asked } => self.locate(id, text, thread, asked).await,
            Job::Pin { incident, message, asked } => self.pin(id, incident, message, asked).await,
            Job::AwaitPicture { incident, drawing, answer_to } => {
                self.await_picture(Wanted { id, stored_at, incident, answer_to }, drawing).await
            }
        }
    }

    /// Closes intents after their call, or leaves them for later.
    async fn finish(
        &mut self,
        ids: &[IntentId],
        Made { channel, method, covers }: Made<'_>,
        result: Result<Option<(MessageName, MessageRef)>, ChatError>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        match result {
            Ok(posted) => {
                self.budget.succeeded(channel, now);
                if let Some(incident) = covers {
                    self.card_shown(incident).await?;
                }
                // The first intent keeps the name; the others only went along.
                let mut posted = Some(posted);
                let closed = ids.iter().map(|id| (*id, Outcome::Done { posted: posted.take().flatten() })).collect();
                self.close(closed).await
            }
            Err(ChatError::Limited { after_s }) => {
                tracing::info!(channel, ?method, after_s, "Slack asks to wait");
                self.budget.wait(channel, method, now, after_s);
                Ok(())
            }
            Err(err @ ChatError::Unknown(_)) => {
                tracing::warn!(channel, "a message waits: {err}");
                self.budget.failed(channel, now);
                // What is there already is edited once more, and nobody sees a difference.
                self.backlog.doubt(ids.iter().copied());
                Ok(())
            }
            // Nothing of it happened, so nothing is unsure; it waits for a token that is good.
            Err(err @ ChatError::Refused(_)) if course(&err) == Course::Stop => {
                self.budget.wait(channel, method, now, TOKEN_PAUSE_S);
                Ok(())
            }
            Err(err @ ChatError::Refused(_)) => {
                let outcome = refused("a message", &err);
                self.close(ids.iter().map(|id| (*id, outcome.clone())).collect()).await
            }
        }
    }

    /// Closes intents, and writes down what is left of the budget in the same transaction.
    async fn close(&mut self, closed: Vec<(IntentId, Outcome)>) -> Result<(), StoreError> {
        if closed.is_empty() {
            return Ok(());
        }
        let budget = self.news_of_the_budget();
        if let Err(err) = self.store.outbox_done(closed.clone(), budget.as_ref(), self.clock.now()).await {
            // They may have had their effect, and the store may know that or not.
            self.backlog.doubt(closed.into_iter().map(|(id, _)| id));
            return Err(err);
        }
        if let Some(budget) = budget {
            self.written = budget;
        }
        for (id, outcome) in closed {
            let posted = match outcome {
                Outcome::Done { posted } => posted,
                Outcome::Superseded | Outcome::Refused { .. } => None,
            };
            self.backlog.close(id, posted.as_ref());
        }
        Ok(())
    }

    async fn card_shown(&self, incident: IncidentId) -> Result<(), StoreError> {
        // The key is the incident's: of several covering cards only the first is an event.
        let key = EventKey(format!("{incident}/context-reached"));
        self.deliver(key, incident, Event::CardShown { incident }).await
    }

    async fn investigate(
        &mut self,
        id: IntentId,
        incident: IncidentId,
        answer_to: Option<Question>,
    ) -> Result<(), StoreError> {
        let Some(state) = self.store.read(incident).await? else {
            let error = format!("{incident} is not in the store");
            return self.close(vec![(id, Outcome::Refused { error })]).await;
        };
        let outside = changes::seen_from(&state.scope, &self.outside, &self.store);
        let terms = self.terms(&state).await;
        let asked = answer_to.as_ref().map(|question| question.asked.clone());
        let event = match job::investigate(&state, answer_to, &outside, terms).await {
            Ok(event) => event,
            Err(err) => {
                tracing::error!(job = id.0, "{incident} could not be investigated: {err}");
                return match asked {
                    Some(asked) => self.reply(id, incident, asked, our_fault(id)).await,
                    None => self.close(vec![(id, Outcome::Refused { error: err.to_string() })]).await,
                };
            }
        };
        // The key is the job's: a job that runs twice after a crash is still one event.
        let key = EventKey(format!("{incident}/investigated/{}", id.0));
        self.deliver(key, incident, event).await?;
        self.close(vec![(id, Outcome::Done { posted: None })]).await
    }

    /// Whether a job with a file may still be tried again that was stored then.
    fn is_patient(&self, stored_at: Timestamp) -> bool {
        self.clock.now().duration_since(stored_at) < PATIENCE
    }

    async fn deliver(&self, key: EventKey, incident: IncidentId, event: Event) -> Result<(), StoreError> {
        self.desk().deliver(key, incident, event).await
    }

    async fn put(&self, delivered: Delivered) -> Result<(), StoreError> {
        self.desk().put(delivered).await
    }

    /// What brings back what came of a job.
    fn desk(&self) -> Desk {
        Desk {
            store: Arc::clone(&self.store),
            inbox: Arc::clone(&self.inbox),
            clock: Arc::clone(&self.clock),
            pulse: Arc::clone(&self.pulse),
        }
    }
}

/// What somebody is told whose job failed: the log has it under the same number.
fn our_fault(id: IntentId) -> Message {
    blocks::reply::our_fault(&format!("job/{}", id.0))
}

fn intents(ids: &[IntentId]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
    ids.join(",")
}

fn refused(what: &str, err: &ChatError) -> Outcome {
    if let Some(step) = step(err) {
        tracing::error!("{what} was given up: {err}; {step}");
    } else {
        tracing::error!("{what} was given up: {err}");
    }
    Outcome::Refused { error: err.to_string() }
}

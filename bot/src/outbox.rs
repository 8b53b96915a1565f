//! Sends intents: within Slack's budget, the newest word only, and never twice, also after a crash.
//!
//! [`plan`] is pure and decides; [`Sender`] calls, and closes what is done.

use crate::dispatch::{Pulse, Worker};
use crate::event::{Delivered, Event, EventKey, MessageRef};
use crate::intent::{Intent, IntentId, MessageName, Outcome, Pending, Place};
use crate::ports::{Inbox, Store, StoreError, Taken};
use crate::slack::chat::{Chat, ChatError};
use blocks::Message;
use blocks::message::MAX_SECTION;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use tools::context::GetIncidentContext;
use tools::model::{Alarm, IncidentId};
use tools::ports::{Clock, Outside};
use tools::tool::Tool;

/// Calls a channel takes at once.
const BURST: f64 = 4.0;

/// One more call after this. With the burst that is fewer than 15 in any minute: of the 20 that a channel may get, five
/// stay free for answers to people.
const REFILL: SignedDuration = SignedDuration::from_millis(5500);

/// Lines that go into one message of a thread: ten sections of them would be a wall.
const MAX_LINES: usize = 40;

/// The first wait after a call of unknown outcome; it doubles up to a minute.
const FIRST_RETRY_S: u64 = 1;

/// A call to make.
#[derive(Clone, Debug, PartialEq)]
enum Call {
    Post { ids: Vec<IntentId>, stored_at: Timestamp, uncertain: bool, name: MessageName, place: Place, message: Message, covers: Option<IncidentId> },
    Edit { id: IntentId, stored_at: Timestamp, at: MessageRef, name: MessageName, place: Place, message: Message, covers: Option<IncidentId> },
    Answer { id: IntentId, response_url: String, message: Message },
    Investigate { id: IntentId, incident: IncidentId, answer_to: Option<crate::event::Asked> },
}

/// What can be done now.
#[derive(Debug, Default, PartialEq)]
struct Plan {
    calls: Vec<Call>,
    superseded: Vec<IntentId>,
    /// When a channel that has to wait is free again.
    next_due: Option<Timestamp>,
}

/// How many calls each channel has left.
#[derive(Debug, Default)]
struct Budget {
    channels: HashMap<String, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Timestamp,
    /// Slack itself asked to wait until then.
    not_before: Timestamp,
    failures: u32,
}

impl Budget {
    fn bucket(&mut self, channel: &str, now: Timestamp) -> &mut Bucket {
        let bucket = self.channels.entry(channel.to_owned()).or_insert(Bucket {
            tokens: BURST,
            filled_at: now,
            not_before: now,
            failures: 0,
        });
        let refilled = now.duration_since(bucket.filled_at).as_secs_f64() / REFILL.as_secs_f64();
        if refilled > 0.0 {
            bucket.tokens = (bucket.tokens + refilled).min(BURST);
            bucket.filled_at = now;
        }
        bucket
    }

    /// Takes one call from the channel's budget, or says when there is one.
    fn take(&mut self, channel: &str, now: Timestamp) -> Result<(), Timestamp> {
        let bucket = self.bucket(channel, now);
        if now < bucket.not_before {
            return Err(bucket.not_before);
        }
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let wait = SignedDuration::from_secs_f64((1.0 - bucket.tokens) * REFILL.as_secs_f64());
        // A millisecond more, so that rounding never wakes us a moment too early.
        Err(now.saturating_add(wait + SignedDuration::from_millis(1)).unwrap_or(now))
    }

    fn wait(&mut self, channel: &str, now: Timestamp, seconds: u64) {
        let until = now.saturating_add(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(60))).unwrap_or(now);
        let bucket = self.bucket(channel, now);
        bucket.not_before = bucket.not_before.max(until);
    }

    fn failed(&mut self, channel: &str, now: Timestamp) {
        let bucket = self.bucket(channel, now);
        let seconds = (FIRST_RETRY_S << bucket.failures.min(6)).min(60);
        bucket.failures += 1;
        self.wait(channel, now, seconds);
    }

    fn succeeded(&mut self, channel: &str, now: Timestamp) {
        self.bucket(channel, now).failures = 0;
    }
}

/// What to do with everything that waits: oldest first in each channel, newest word only.
fn plan(pending: &[Pending], uncertain: &HashSet<IntentId>, budget: &mut Budget, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let mut newest: BTreeMap<&MessageName, IntentId> = BTreeMap::new();
    let mut newest_job: BTreeMap<IncidentId, IntentId> = BTreeMap::new();
    let mut unsure: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for each in pending {
        match &each.intent {
            Intent::Show { name, .. } => {
                newest.insert(name, each.id);
                if each.posted.is_none() && (each.taken_before || uncertain.contains(&each.id)) {
                    unsure.entry(&name.0).or_insert(each.stored_at);
                }
            }
            Intent::Investigate { incident, answer_to: None } => {
                newest_job.insert(*incident, each.id);
            }
            Intent::Tell { .. } | Intent::Answer { .. } | Intent::Investigate { .. } => {}
        }
    }
    let mut told: BTreeSet<&MessageName> = BTreeSet::new();
    for each in pending {
        let id = each.id;
        match &each.intent {
            Intent::Answer { asked, message } => {
                let (response_url, message) = (asked.response_url.clone(), message.clone());
                plan.calls.push(Call::Answer { id, response_url, message });
            }
            Intent::Investigate { incident, answer_to } => {
                if answer_to.is_none() && newest_job[incident] != id {
                    plan.superseded.push(id);
                } else {
                    plan.calls.push(Call::Investigate { id, incident: *incident, answer_to: answer_to.clone() });
                }
            }
            Intent::Show { name, .. } if newest[name] != id => plan.superseded.push(id),
            Intent::Show { name, place, message, covers } => {
                if let Err(free_at) = budget.take(place.channel(), now) {
                    plan.wait(free_at);
                    continue;
                }
                let (name, place, message) = (name.clone(), place.clone(), message.clone());
                // An older word of the same name may be there already; then it is found, and this one edits it.
                let since = unsure.get(name.0.as_str()).copied();
                let (stored_at, is_uncertain) = (since.unwrap_or(each.stored_at), since.is_some());
                plan.calls.push(match &each.posted {
                    Some(at) => Call::Edit { id, stored_at, at: at.clone(), name, place, message, covers: *covers },
                    None => {
                        Call::Post { ids: vec![id], stored_at, uncertain: is_uncertain, name, place, message, covers: *covers }
                    }
                });
            }
            Intent::Tell { under, channel, .. } => {
                // The thread begins with the message it hangs under.
                let Some(thread) = &each.posted else { continue };
                if !told.insert(under) {
                    continue;
                }
                if let Err(free_at) = budget.take(channel, now) {
                    plan.wait(free_at);
                    continue;
                }
                plan.calls.push(tell(under, thread, pending, uncertain));
            }
        }
    }
    plan
}

impl Plan {
    fn wait(&mut self, free_at: Timestamp) {
        self.next_due = Some(self.next_due.map_or(free_at, |due| due.min(free_at)));
    }
}

/// One post with every line that waits for this thread, as far as it fits.
fn tell(under: &MessageName, thread: &MessageRef, pending: &[Pending], uncertain: &HashSet<IntentId>) -> Call {
    let waiting = pending.iter().filter_map(|each| match &each.intent {
        Intent::Tell { under: other, line, .. } if other == under => Some((each, line)),
        Intent::Tell { .. } | Intent::Show { .. } | Intent::Answer { .. } | Intent::Investigate { .. } => None,
    });
    let mut ids = Vec::new();
    let mut stored_at = Timestamp::MAX;
    let mut is_uncertain = false;
    let mut paragraphs: Vec<String> = Vec::new();
    let mut first = "";
    for (each, line) in waiting.take(MAX_LINES) {
        // Lines that may be there already are sent by themselves, so that they can be found as they were.
        let may_be_there = each.taken_before || uncertain.contains(&each.id);
        if !ids.is_empty() && may_be_there != is_uncertain {
            break;
        }
        if ids.is_empty() {
            first = line;
        }
        is_uncertain = may_be_there;
        stored_at = stored_at.min(each.stored_at);
        ids.push(each.id);
        match paragraphs.last_mut() {
            Some(last) if last.chars().count() + line.chars().count() < MAX_SECTION / 2 => {
                last.push('\n');
                last.push_str(line);
            }
            _ => paragraphs.push(line.clone()),
        }
    }
    let text = blocks::mrkdwn::to_plain(first, &|_| None);
    let text = if ids.len() == 1 { text } else { format!("{text} (and {} more)", ids.len() - 1) };
    let message = paragraphs.iter().fold(Message::new(&text), |message, paragraph| message.section(paragraph));
    let name = MessageName(format!("{}/line/{}", under.0, ids[0].0));
    let place = Place::Thread(thread.clone());
    Call::Post { ids, stored_at, uncertain: is_uncertain, name, place, message, covers: None }
}

/// Carries intents out.
#[derive(Debug)]
pub struct Sender {
    store: Arc<dyn Store>,
    inbox: Arc<dyn Inbox>,
    chat: Chat,
    outside: Outside,
    clock: Arc<dyn Clock>,
    pulse: Arc<Pulse>,
    budget: Budget,
    /// Posts of which we do not know whether they arrived.
    uncertain: HashSet<IntentId>,
}

impl Sender {
    /// A sender that has not sent anything yet.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        inbox: Arc<dyn Inbox>,
        chat: Chat,
        outside: Outside,
        clock: Arc<dyn Clock>,
        pulse: Arc<Pulse>,
    ) -> Self {
        Self { store, inbox, chat, outside, clock, pulse, budget: Budget::default(), uncertain: HashSet::new() }
    }

    /// Works until it is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            let beat = self.pulse.current();
            let next_due = match self.send_all().await {
                Ok(next_due) => next_due,
                Err(err) => {
                    tracing::error!("the outbox waits: {err}");
                    self.clock.now().saturating_add(SignedDuration::from_secs(1)).ok()
                }
            };
            let (pulse, clock) = (Arc::clone(&self.pulse), Arc::clone(&self.clock));
            let due = async {
                match next_due {
                    Some(at) => clock.wait_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = pulse.rest(Worker::Sender, beat) => {}
                () = due => {}
            }
        }
    }

    /// Sends until nothing more can be sent now; returns when it is worth trying again, if anything is left.
    pub async fn send_all(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let next_due = self.send_what_can_be_sent().await;
        // Also after a failure: whoever comes next need not wait for us. If not even this arrives, they wait a little.
        self.store.outbox_done(Vec::new(), self.clock.now()).await?;
        next_due
    }

    async fn send_what_can_be_sent(&mut self) -> Result<Option<Timestamp>, StoreError> {
        loop {
            let pending = match self.store.outbox_take(self.clock.now()).await? {
                Taken::Open(pending) => pending,
                Taken::Busy { ask_again } => return Ok(Some(ask_again)),
            };
            if pending.is_empty() {
                self.uncertain.clear();
                return Ok(None);
            }
            let plan = plan(&pending, &self.uncertain, &mut self.budget, self.clock.now());
            if plan.calls.is_empty() && plan.superseded.is_empty() {
                return Ok(plan.next_due);
            }
            // What is unsure of an older word stays unsure of the newer one that takes its place.
            let unsure = plan.calls.iter().filter_map(|call| match call {
                Call::Post { ids, uncertain: true, .. } => Some(ids.as_slice()),
                Call::Post { .. } | Call::Edit { .. } | Call::Answer { .. } | Call::Investigate { .. } => None,
            });
            self.uncertain.extend(unsure.flatten());
            self.close(plan.superseded.into_iter().map(|id| (id, Outcome::Superseded)).collect()).await?;
            for call in plan.calls {
                self.make(call).await?;
            }
        }
    }

    async fn make(&mut self, call: Call) -> Result<(), StoreError> {
        match call {
            Call::Answer { id, response_url, message } => {
                let outcome = match self.chat.respond(&response_url, &message).await {
                    Ok(()) => Outcome::Done { posted: None },
                    // Nobody waits for an answer that comes a minute late, and the address takes only five.
                    Err(err) => refused("an answer", &err),
                };
                self.close(vec![(id, outcome)]).await
            }
            Call::Investigate { id, incident, answer_to } => self.investigate(id, incident, answer_to).await,
            Call::Edit { id, stored_at, at, name, place, message, covers } => {
                match self.chat.update(&at, &message, &name.0).await {
                    // Somebody deleted it: the incident still needs its message.
                    Err(ChatError::Refused(error)) if error == "message_not_found" => {
                        let call = Call::Post { ids: vec![id], stored_at, uncertain: false, name, place, message, covers };
                        Box::pin(self.make(call)).await
                    }
                    result => self.finish(&[id], place.channel(), result.map(|()| None), covers, false).await,
                }
            }
            Call::Post { ids, stored_at, uncertain, name, place, message, covers } => {
                let (channel, thread) = (place.channel(), place.thread_ts());
                let key = intents(&ids);
                if uncertain {
                    match self.chat.own_messages(channel, thread, stored_at).await {
                        Ok(found) => {
                            if let Some(found) = found.into_iter().find(|found| found.intents == key || found.name == name.0)
                            {
                                let at = MessageRef { channel: channel.to_owned(), ts: found.ts };
                                return self.finish(&ids, channel, Ok(Some((name, at))), covers, false).await;
                            }
                        }
                        Err(err) => return self.finish(&ids, channel, Err(err), covers, true).await,
                    }
                }
                let sent = self.chat.post_message(channel, thread, &message, &name.0, &key).await;
                self.finish(&ids, channel, sent.map(|at| Some((name, at))), covers, true).await
            }
        }
    }

    /// Closes intents after their call, or leaves them for later.
    async fn finish(
        &mut self,
        ids: &[IntentId],
        channel: &str,
        result: Result<Option<(MessageName, MessageRef)>, ChatError>,
        covers: Option<IncidentId>,
        is_post: bool,
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
                tracing::info!(channel, after_s, "Slack asks to wait");
                self.budget.wait(channel, now, after_s);
                Ok(())
            }
            Err(err @ ChatError::Unknown(_)) => {
                tracing::warn!(channel, "a message waits: {err}");
                self.budget.failed(channel, now);
                if is_post {
                    self.uncertain.extend(ids);
                }
                Ok(())
            }
            Err(err @ ChatError::Refused(_)) => {
                let outcome = refused("a message", &err);
                self.close(ids.iter().map(|id| (*id, outcome.clone())).collect()).await
            }
        }
    }

    async fn close(&mut self, closed: Vec<(IntentId, Outcome)>) -> Result<(), StoreError> {
        if closed.is_empty() {
            return Ok(());
        }
        self.store.outbox_done(closed, self.clock.now()).await
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
        answer_to: Option<crate::event::Asked>,
    ) -> Result<(), StoreError> {
        let Some(state) = self.store.read(incident).await? else {
            let error = format!("{incident} is not in the store");
            return self.close(vec![(id, Outcome::Refused { error })]).await;
        };
        let alarms: Vec<Alarm> = state.alarms.into_iter().map(|joined| joined.as_it_fired()).collect();
        let tool = GetIncidentContext { alarms, now: self.clock.now() };
        let verdict = match tool.call(&self.outside).await {
            Ok(verdict) => Box::new(verdict),
            Err(err) => {
                tracing::error!("{incident} could not be investigated: {err}");
                return self.close(vec![(id, Outcome::Refused { error: err.to_string() })]).await;
            }
        };
        // The key is the job's: a job that runs twice after a crash is still one event.
        let key = EventKey(format!("{incident}/investigated/{}", id.0));
        self.deliver(key, incident, Event::Investigated { incident, verdict, answer_to }).await?;
        self.close(vec![(id, Outcome::Done { posted: None })]).await
    }

    async fn deliver(&self, key: EventKey, incident: IncidentId, event: Event) -> Result<(), StoreError> {
        let Some(state) = self.store.read(incident).await? else { return Ok(()) };
        self.inbox.put(Delivered { key, scope: state.scope, at: self.clock.now(), event }).await?;
        self.pulse.beat();
        Ok(())
    }
}

fn intents(ids: &[IntentId]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
    ids.join(",")
}

fn refused(what: &str, err: &ChatError) -> Outcome {
    tracing::error!("{what} was given up: {err}");
    Outcome::Refused { error: err.to_string() }
}

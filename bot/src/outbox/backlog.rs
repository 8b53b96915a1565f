//! What waits, in the order in which it has its turn. Whatever becomes needless, or gets its thread, is moved when that
//! happens: a pass over it costs what is new and what is sent, not what waits.

use crate::event::{MessageRef, Timer, Way};
use crate::intent::{Intent, IntentId, Job, MessageName, Pending, Place};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use tools::model::IncidentId;

/// Every intent that this sender took and has not closed.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    open: BTreeMap<IntentId, Pending>,
    /// The last one that was taken.
    newest: Option<IntentId>,
    /// The newest of everything of which only the newest counts.
    shown: HashMap<MessageName, IntentId>,
    investigated: HashMap<IncidentId, IntentId>,
    drawn: HashMap<IncidentId, IntentId>,
    narrated: HashMap<IncidentId, IntentId>,
    timers: BTreeMap<Timer, IntentId>,
    /// What a newer one made needless, or nobody listens to.
    pub(super) superseded: Vec<IntentId>,
    /// Of these we do not know whether they had their effect.
    uncertain: HashSet<IntentId>,
    /// Messages that may be there already, under this word or an older one, and since when.
    unsure: HashMap<MessageName, Timestamp>,
    pub(super) answers: BTreeSet<IntentId>,
    pub(super) jobs: BTreeSet<IntentId>,
    /// Timers by their time.
    pub(super) due: BTreeSet<(Timestamp, IntentId)>,
    threads: HashMap<MessageName, Thread>,
    pub(super) channels: BTreeMap<String, Queue>,
}

/// What waits for one channel, oldest first of each kind.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// For people who wait: these have calls of their own.
    pub(super) awaited: Shows,
    pub(super) urgent: Shows,
    pub(super) shows: Shows,
    /// Threads that are there and have lines waiting, each by its first line.
    pub(super) tells: BTreeMap<IntentId, MessageName>,
}

/// Messages to be shown: those that have to be posted, and those that are there.
#[derive(Debug, Default)]
pub(super) struct Shows {
    pub(super) posts: BTreeSet<IntentId>,
    pub(super) edits: BTreeSet<IntentId>,
}

/// What waits in the thread of a message of ours, or for that message.
#[derive(Debug, Default)]
struct Thread {
    /// The message, once it is there.
    at: Option<MessageRef>,
    channel: String,
    lines: BTreeSet<IntentId>,
    /// Messages and jobs.
    others: BTreeSet<IntentId>,
    /// The line by which it stands among the threads of its channel.
    queued: Option<IntentId>,
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.awaited.is_empty() && self.urgent.is_empty() && self.shows.is_empty() && self.tells.is_empty()
    }
}

impl Shows {
    fn is_empty(&self) -> bool {
        self.posts.is_empty() && self.edits.is_empty()
    }
}

impl Backlog {
    /// The last intent that was taken; none if it has nothing of this turn.
    pub(super) fn newest(&self) -> Option<IntentId> {
        self.newest
    }

    pub(super) fn get(&self, id: IntentId) -> &Pending {
        &self.open[&id]
    }

    /// Begins anew with what is open, whatever was known. Only doubts remain.
    pub(super) fn begin(&mut self, open: Vec<Pending>) {
        let uncertain = std::mem::take(&mut self.uncertain);
        *self = Self { uncertain, ..Self::default() };
        for pending in open {
            self.insert(pending);
        }
        self.uncertain.retain(|id| self.open.contains_key(id));
    }

    /// Takes in an intent.
    pub(super) fn insert(&mut self, pending: Pending) {
        let id = pending.id;
        if self.open.contains_key(&id) {
            return;
        }
        self.newest = self.newest.max(Some(id));
        if let Some(under) = pending.intent.under() {
            let thread = self.threads.entry(under.clone()).or_default();
            if pending.thread.is_some() {
                thread.at.clone_from(&pending.thread);
            }
            if let Intent::Tell { channel, .. } = &pending.intent {
                thread.channel.clone_from(channel);
                thread.lines.insert(id);
            } else {
                thread.others.insert(id);
            }
        }
        let is_needless = self.replaces(&pending);
        let under = match &pending.intent {
            Intent::Tell { under, .. } => Some(under.clone()),
            Intent::Show { .. } | Intent::Answer { .. } | Intent::Run(_) | Intent::Later { .. } => None,
        };
        self.open.insert(id, pending);
        if is_needless {
            self.superseded.push(id);
            return;
        }
        match under {
            Some(under) => self.queue_lines(&under),
            None => self.queue(id),
        }
    }

    /// Makes needless what `pending` replaces; whether it is itself needless. Ids may come out of their order.
    fn replaces(&mut self, pending: &Pending) -> bool {
        let id = pending.id;
        let older = match &pending.intent {
            Intent::Show { name, .. } => {
                let may_be_there = pending.taken_before || self.uncertain.contains(&id);
                if pending.posted.is_none() && may_be_there {
                    let since = self.unsure.entry(name.clone()).or_insert(pending.stored_at);
                    *since = pending.stored_at.min(*since);
                }
                self.shown.insert(name.clone(), id)
            }
            Intent::Run(Job::Investigate { incident, answer_to: None }) => self.investigated.insert(*incident, id),
            Intent::Run(Job::Draw { incident, answer_to: None, .. }) => self.drawn.insert(*incident, id),
            Intent::Run(Job::Narrate { incident, .. }) => self.narrated.insert(*incident, id),
            Intent::Later { timer, .. } => self.timers.insert(timer.clone(), id),
            Intent::Answer { asked, .. } => return asked.way() == Way::Nowhere,
            Intent::Run(_) | Intent::Tell { .. } => None,
        };
        let Some(other) = older else { return false };
        if other > id {
            self.is_newest(&pending.intent, other);
            return true;
        }
        self.unqueue(other);
        self.superseded.push(other);
        false
    }

    /// Says that `id` is the newest of its kind after all.
    fn is_newest(&mut self, intent: &Intent, id: IntentId) {
        match intent {
            Intent::Show { name, .. } => drop(self.shown.insert(name.clone(), id)),
            Intent::Run(Job::Investigate { incident, .. }) => drop(self.investigated.insert(*incident, id)),
            Intent::Run(Job::Draw { incident, .. }) => drop(self.drawn.insert(*incident, id)),
            Intent::Run(Job::Narrate { incident, .. }) => drop(self.narrated.insert(*incident, id)),
            Intent::Later { timer, .. } => drop(self.timers.insert(timer.clone(), id)),
            Intent::Run(_) | Intent::Tell { .. } | Intent::Answer { .. } => {}
        }
    }

    /// The shows among which a message waits its turn, and whether it has to be posted; none while its thread is not there.
    fn shows_of(&mut self, id: IntentId) -> Option<&mut BTreeSet<IntentId>> {
        let pending = self.open.get(&id)?;
        let Intent::Show { place, covers, .. } = &pending.intent else { return None };
        if matches!(place, Place::Under { .. }) && pending.thread.is_none() {
            return None;
        }
        let channel = place.channel();
        if !self.channels.contains_key(channel) {
            self.channels.insert(channel.to_owned(), Queue::default());
        }
        let queue = self.channels.get_mut(channel)?;
        let shows = match (covers.is_some(), place) {
            // What stops MTTC goes before anything else.
            (true, _) => &mut queue.urgent,
            // What stands under a message of ours is a plan, and somebody waits for its buttons.
            (false, Place::Under { .. }) => &mut queue.awaited,
            (false, Place::Channel { .. } | Place::Thread(_)) => &mut queue.shows,
        };
        Some(if pending.posted.is_some() { &mut shows.edits } else { &mut shows.posts })
    }

    fn queue(&mut self, id: IntentId) {
        match &self.open[&id].intent {
            Intent::Answer { .. } => drop(self.answers.insert(id)),
            Intent::Run(_) => drop(self.jobs.insert(id)),
            Intent::Later { at, .. } => drop(self.due.insert((*at, id))),
            Intent::Show { .. } => {
                if let Some(shows) = self.shows_of(id) {
                    shows.insert(id);
                }
            }
            Intent::Tell { .. } => {}
        }
    }

    fn unqueue(&mut self, id: IntentId) {
        let Some(pending) = self.open.get(&id) else { return };
        match &pending.intent {
            Intent::Answer { .. } => drop(self.answers.remove(&id)),
            Intent::Run(_) => drop(self.jobs.remove(&id)),
            Intent::Later { at, .. } => drop(self.due.remove(&(*at, id))),
            Intent::Show { .. } => {
                if let Some(shows) = self.shows_of(id) {
                    shows.remove(&id);
                }
            }
            Intent::Tell { .. } => {}
        }
    }

    /// Puts a thread where its first line belongs, if it is there and has one.
    fn queue_lines(&mut self, under: &MessageName) {
        let Some(thread) = self.threads.get_mut(under) else { return };
        let first = thread.lines.first().copied().filter(|_| thread.at.is_some());
        if thread.queued == first {
            return;
        }
        let before = std::mem::replace(&mut thread.queued, first);
        let tells = &mut self.channels.entry(thread.channel.clone()).or_default().tells;
        if let Some(before) = before {
            tells.remove(&before);
        }
        if let Some(first) = first {
            tells.insert(first, under.clone());
        }
    }

    /// An intent is closed; if it posted a message, that stands there now.
    pub(super) fn close(&mut self, id: IntentId, posted: Option<&(MessageName, MessageRef)>) {
        self.unqueue(id);
        self.uncertain.remove(&id);
        if let Some(Pending { intent, .. }) = self.open.remove(&id) {
            match &intent {
                Intent::Show { name, .. } => {
                    // If a newer word waits, the doubt is its own now.
                    if self.shown.get(name) == Some(&id) {
                        self.shown.remove(name);
                        self.unsure.remove(name);
                    }
                }
                Intent::Run(Job::Investigate { incident, answer_to: None }) => {
                    forget(&mut self.investigated, *incident, id);
                }
                Intent::Run(Job::Draw { incident, answer_to: None, .. }) => forget(&mut self.drawn, *incident, id),
                Intent::Run(Job::Narrate { incident, .. }) => forget(&mut self.narrated, *incident, id),
                Intent::Later { timer, .. } if self.timers.get(timer) == Some(&id) => {
                    self.timers.remove(timer);
                }
                Intent::Later { .. } | Intent::Run(_) | Intent::Tell { .. } | Intent::Answer { .. } => {}
            }
            if let Some(under) = intent.under() {
                self.leave_thread(under, id);
            }
            let channel = channel_of(&intent);
            if self.channels.get(channel).is_some_and(Queue::is_empty) {
                self.channels.remove(channel);
            }
        }
        if let Some((name, at)) = posted {
            self.stands(name, at);
        }
    }

    fn leave_thread(&mut self, under: &MessageName, id: IntentId) {
        if let Some(thread) = self.threads.get_mut(under) {
            thread.others.remove(&id);
            if thread.lines.remove(&id) {
                self.queue_lines(under);
            }
        }
        // Where it stands, the store knows.
        if self.threads.get(under).is_some_and(|thread| thread.lines.is_empty() && thread.others.is_empty()) {
            self.threads.remove(under);
        }
    }

    /// A message stands there now: what it shall say next is an edit, and its thread begins.
    fn stands(&mut self, name: &MessageName, at: &MessageRef) {
        self.unsure.remove(name);
        if let Some(&id) = self.shown.get(name) {
            self.change(id, |pending| pending.posted = Some(at.clone()));
        }
        let Some(thread) = self.threads.get_mut(name) else { return };
        thread.at = Some(at.clone());
        for id in thread.others.clone() {
            self.change(id, |pending| pending.thread = Some(at.clone()));
        }
        self.queue_lines(name);
    }

    /// Changes what is known of an intent, and with it its place in the order.
    fn change(&mut self, id: IntentId, change: impl FnOnce(&mut Pending)) {
        // What is needless waits for nothing.
        let is_queued = match &self.open[&id].intent {
            Intent::Show { name, .. } => self.shown.get(name) == Some(&id),
            Intent::Run(_) => self.jobs.contains(&id),
            Intent::Tell { .. } | Intent::Answer { .. } | Intent::Later { .. } => false,
        };
        self.unqueue(id);
        if let Some(pending) = self.open.get_mut(&id) {
            change(pending);
        }
        if is_queued {
            self.queue(id);
        }
    }

    /// A job is under way: it waits for its end, and not for its turn.
    pub(super) fn under_way(&mut self, id: IntentId) {
        self.jobs.remove(&id);
    }

    /// A job that was under way waits for its turn once more.
    pub(super) fn again(&mut self, id: IntentId) {
        if self.open.contains_key(&id) {
            self.jobs.insert(id);
        }
    }

    /// We do not know whether these had their effect.
    pub(super) fn doubt(&mut self, ids: impl IntoIterator<Item = IntentId>) {
        for id in ids {
            let Some(pending) = self.open.get(&id) else { continue };
            self.uncertain.insert(id);
            if let Intent::Show { name, .. } = &pending.intent
                && pending.posted.is_none()
            {
                self.unsure.entry(name.clone()).or_insert(pending.stored_at);
            }
        }
    }

    /// Whether an intent may have had its effect already.
    pub(super) fn is_doubtful(&self, id: IntentId) -> bool {
        self.open[&id].taken_before || self.uncertain.contains(&id)
    }

    /// Since when a message of this name may be there.
    pub(super) fn unsure_since(&self, name: &MessageName) -> Option<Timestamp> {
        self.unsure.get(name).copied()
    }

    /// Whether what `id` stands under is on its way again, or stands elsewhere than at `ts` by now.
    pub(super) fn has_another_thread(&self, id: IntentId, ts: Option<&str>) -> bool {
        let Some(under) = self.open.get(&id).and_then(|pending| pending.intent.under()) else { return false };
        let at = self.threads.get(under).and_then(|thread| thread.at.as_ref());
        self.shows(under) || at.is_some_and(|at| Some(at.ts.as_str()) != ts)
    }

    /// Whether a message of this name is on its way.
    pub(super) fn shows(&self, name: &MessageName) -> bool {
        self.shown.contains_key(name)
    }

    /// The message whose thread it is, and the lines that wait there, oldest first.
    pub(super) fn thread(&self, under: &MessageName) -> Option<(&MessageRef, impl Iterator<Item = &Pending>)> {
        let thread = self.threads.get(under)?;
        Some((thread.at.as_ref()?, thread.lines.iter().map(|id| &self.open[id])))
    }

    /// The channels in which somebody who was here before left something: it may have called there last.
    pub(super) fn left_behind(&self) -> BTreeSet<String> {
        let left = self.open.values().filter(|pending| pending.taken_before);
        left.map(|pending| channel_of(&pending.intent).to_owned()).filter(|channel| !channel.is_empty()).collect()
    }
}

fn forget(newest: &mut HashMap<IncidentId, IntentId>, incident: IncidentId, id: IntentId) {
    if newest.get(&incident) == Some(&id) {
        newest.remove(&incident);
    }
}

fn channel_of(intent: &Intent) -> &str {
    match intent {
        Intent::Show { place, .. } => place.channel(),
        Intent::Tell { channel, .. } => channel,
        Intent::Answer { .. } | Intent::Run(_) | Intent::Later { .. } => "",
    }
}

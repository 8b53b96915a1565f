//! What to do with everything that waits. Pure: the oldest first in each channel, the newest word only, lines that wait for
//! the same thread together, and no more than the budget has.

use super::budget::{Budget, Turn};
use crate::event::{Asked, MessageRef, Timer, Way};
use crate::intent::{Intent, IntentId, Job, MessageName, Pending, Place};
use blocks::Message;
use blocks::limits::MAX_SECTION;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use tools::model::IncidentId;

/// Lines that go into one message of a thread. More would be quicker to send and harder to read.
const MAX_LINES: usize = 80;

/// A call to make.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Call {
    Post {
        ids: Vec<IntentId>,
        stored_at: Timestamp,
        uncertain: bool,
        name: MessageName,
        place: Place,
        message: Message,
        covers: Option<IncidentId>,
    },
    Edit {
        id: IntentId,
        stored_at: Timestamp,
        at: MessageRef,
        name: MessageName,
        place: Place,
        message: Message,
        covers: Option<IncidentId>,
    },
    Answer {
        id: IntentId,
        asked: Asked,
        message: Message,
    },
    Run {
        id: IntentId,
        stored_at: Timestamp,
        job: Job,
        /// The message under which it speaks, if it speaks and that is there.
        thread: Option<MessageRef>,
        /// Whether its effect may be there already.
        uncertain: bool,
    },
    Wake {
        id: IntentId,
        timer: Timer,
    },
}

/// What can be done now.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Schedule {
    pub(super) calls: Vec<Call>,
    pub(super) superseded: Vec<IntentId>,
    /// The newest words of names of which an older word may be there already: the doubt passes to them, called now or not.
    pub(super) unsure: Vec<IntentId>,
    /// When a channel that has to wait is free again.
    pub(super) next_due: Option<Timestamp>,
}

/// What to do with everything that waits: oldest first in each channel, newest word only.
pub(super) fn schedule(
    pending: &[Pending],
    uncertain: &HashSet<IntentId>,
    budget: &mut Budget,
    now: Timestamp,
) -> Schedule {
    let newest = Newest::of(pending, uncertain);
    let mut schedule = Schedule::default();
    // Pictures come last: words are quicker, and say the same.
    let mut pictures = Vec::new();
    let mut channels: BTreeMap<&str, Waiting<'_>> = BTreeMap::new();
    for each in pending {
        let id = each.id;
        if newest.supersedes(each) {
            schedule.superseded.push(id);
            continue;
        }
        match &each.intent {
            Intent::Answer { asked, message } => {
                // An address for answers costs nothing; what is said in a channel does.
                let turn = match asked.way() {
                    Way::Address(_) | Way::Nowhere => Ok(()),
                    Way::Whisper { .. } | Way::Write => budget.take_for_person(&asked.channel, now),
                };
                match turn {
                    Ok(()) => schedule.calls.push(Call::Answer { id, asked: asked.clone(), message: message.clone() }),
                    Err(free_at) => schedule.wait(free_at),
                }
            }
            // The thread begins with the message it hangs under: a message that is on its way is waited for.
            Intent::Run(Job::Postmortem { under, .. }) if each.thread.is_none() && newest.shows(under) => {}
            Intent::Run(job) => match budget.job(id, job, now) {
                Ok(()) => {
                    let call = Call::Run {
                        id,
                        stored_at: each.stored_at,
                        job: job.clone(),
                        thread: each.thread.clone(),
                        uncertain: each.taken_before || uncertain.contains(&id),
                    };
                    let calls = if job.is_picture() { &mut pictures } else { &mut schedule.calls };
                    calls.push(call);
                }
                Err(free_at) => schedule.wait(free_at),
            },
            Intent::Later { at, .. } if *at > now => schedule.wait(*at),
            Intent::Later { timer, .. } => schedule.calls.push(Call::Wake { id, timer: timer.clone() }),
            Intent::Show { name, place, message, covers } => {
                // The thread begins with the message it hangs under.
                let Some(there) = place_of(place, each.thread.as_ref()) else { continue };
                // An older word of the same name may be there already; then it is found, and this one edits it.
                let since = newest.unsure_since(name);
                let (stored_at, uncertain) = (since.unwrap_or(each.stored_at), since.is_some());
                schedule.unsure.extend(uncertain.then_some(id));
                let (name, message, covers) = (name.clone(), message.clone(), *covers);
                let channel = channels.entry(channel_of(&each.intent)).or_default();
                channel.queue(place, covers.is_some()).push_back(match &each.posted {
                    Some(at) => Call::Edit { id, stored_at, at: at.clone(), name, place: there, message, covers },
                    None => Call::Post { ids: vec![id], stored_at, uncertain, name, place: there, message, covers },
                });
            }
            Intent::Tell { under, .. } => {
                let Some(thread) = &each.thread else { continue };
                let channel = channels.entry(channel_of(&each.intent)).or_default();
                if channel.told.insert(under) {
                    channel.tells.push_back((under, thread));
                }
            }
        }
    }
    for (name, channel) in channels {
        channel.spend(name, budget, &mut schedule, (pending, uncertain), now);
    }
    schedule.calls.extend(pictures);
    schedule
}

/// Where a message goes now; none while the message whose thread it is is not there.
fn place_of(place: &Place, thread: Option<&MessageRef>) -> Option<Place> {
    match place {
        Place::Under { .. } => thread.cloned().map(Place::Thread),
        Place::Channel { .. } | Place::Thread(_) => Some(place.clone()),
    }
}

/// The newest intent of everything of which only the newest counts.
#[derive(Debug, Default)]
struct Newest<'a> {
    shown: BTreeMap<&'a MessageName, IntentId>,
    investigated: BTreeMap<IncidentId, IntentId>,
    drawn: BTreeMap<IncidentId, IntentId>,
    timers: BTreeMap<&'a Timer, IntentId>,
    /// Messages that may be there already under an older word, and since when.
    unsure: BTreeMap<&'a MessageName, Timestamp>,
}

impl<'a> Newest<'a> {
    fn of(pending: &'a [Pending], uncertain: &HashSet<IntentId>) -> Self {
        let mut newest = Self::default();
        for each in pending {
            match &each.intent {
                Intent::Show { name, .. } => {
                    newest.shown.insert(name, each.id);
                    if each.posted.is_none() && (each.taken_before || uncertain.contains(&each.id)) {
                        newest.unsure.entry(name).or_insert(each.stored_at);
                    }
                }
                Intent::Run(Job::Investigate { incident, answer_to: None }) => {
                    newest.investigated.insert(*incident, each.id);
                }
                Intent::Run(Job::Draw { incident, answer_to: None, .. }) => {
                    newest.drawn.insert(*incident, each.id);
                }
                Intent::Later { timer, .. } => {
                    newest.timers.insert(timer, each.id);
                }
                Intent::Tell { .. } | Intent::Answer { .. } | Intent::Run(_) => {}
            }
        }
        newest
    }

    /// Whether a newer one makes this one needless, or nobody listens to it.
    fn supersedes(&self, each: &Pending) -> bool {
        let newest = match &each.intent {
            Intent::Answer { asked, .. } => return asked.way() == Way::Nowhere,
            Intent::Show { name, .. } => self.shown.get(name),
            Intent::Later { timer, .. } => self.timers.get(timer),
            Intent::Run(Job::Investigate { incident, answer_to: None }) => self.investigated.get(incident),
            Intent::Run(Job::Draw { incident, answer_to: None, .. }) => self.drawn.get(incident),
            Intent::Run(_) | Intent::Tell { .. } => None,
        };
        newest.is_some_and(|newest| *newest != each.id)
    }

    /// Whether a message of this name is on its way.
    fn shows(&self, name: &MessageName) -> bool {
        self.shown.contains_key(name)
    }

    /// Since when a message of this name may be there.
    fn unsure_since(&self, name: &MessageName) -> Option<Timestamp> {
        self.unsure.get(name).copied()
    }
}

/// What waits for one channel, oldest first of each kind.
#[derive(Debug, Default)]
struct Waiting<'a> {
    /// For people who wait: these have calls of their own.
    awaited: VecDeque<Call>,
    urgent: VecDeque<Call>,
    shows: VecDeque<Call>,
    tells: VecDeque<(&'a MessageName, &'a MessageRef)>,
    told: BTreeSet<&'a MessageName>,
}

impl Waiting<'_> {
    /// Where a message waits its turn.
    fn queue(&mut self, place: &Place, covers: bool) -> &mut VecDeque<Call> {
        match (covers, place) {
            // What stops MTTC goes before anything else.
            (true, _) => &mut self.urgent,
            // What stands under a message of ours is a plan, and somebody waits for its buttons.
            (false, Place::Under { .. }) => &mut self.awaited,
            (false, Place::Channel { .. } | Place::Thread(_)) => &mut self.shows,
        }
    }

    /// Schedules the calls for which the channel has a budget, and when there is more.
    fn spend(
        mut self,
        name: &str,
        budget: &mut Budget,
        schedule: &mut Schedule,
        (pending, uncertain): (&[Pending], &HashSet<IntentId>),
        now: Timestamp,
    ) {
        while let Some(call) = self.awaited.pop_front() {
            match budget.take_for_person(name, now) {
                Ok(()) => schedule.calls.push(call),
                Err(free_at) => {
                    schedule.wait(free_at);
                    break;
                }
            }
        }
        while !self.is_empty() {
            match budget.take(name, now) {
                Ok(turn) => schedule.calls.push(self.next(turn, pending, uncertain)),
                Err(free_at) => {
                    schedule.wait(free_at);
                    break;
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.shows.is_empty() && self.tells.is_empty()
    }

    /// The next call. Cards and lines take turns, so that neither starves the other in a flood.
    fn next(&mut self, turn: Turn, pending: &[Pending], uncertain: &HashSet<IntentId>) -> Call {
        if let Some(call) = self.urgent.pop_front() {
            return call;
        }
        if turn == Turn::Show
            && let Some(call) = self.shows.pop_front()
        {
            return call;
        }
        if let Some((under, thread)) = self.tells.pop_front() {
            return tell(under, thread, pending, uncertain);
        }
        self.shows.pop_front().expect("something waits")
    }
}

fn channel_of(intent: &Intent) -> &str {
    match intent {
        Intent::Show { place, .. } => place.channel(),
        Intent::Tell { channel, .. } => channel,
        Intent::Answer { asked, .. } => &asked.channel,
        Intent::Run(_) | Intent::Later { .. } => "",
    }
}

impl Schedule {
    fn wait(&mut self, free_at: Timestamp) {
        self.next_due = Some(self.next_due.map_or(free_at, |due| due.min(free_at)));
    }
}

/// One post with every line that waits for this thread, as far as it fits.
fn tell(under: &MessageName, thread: &MessageRef, pending: &[Pending], uncertain: &HashSet<IntentId>) -> Call {
    let waiting = pending.iter().filter_map(|each| match &each.intent {
        Intent::Tell { under: other, line, picture, .. } if other == under => Some((each, line, picture)),
        Intent::Tell { .. } | Intent::Show { .. } | Intent::Answer { .. } | Intent::Run(_) | Intent::Later { .. } => {
            None
        }
    });
    let mut ids = Vec::new();
    let mut stored_at = Timestamp::MAX;
    let mut is_uncertain = false;
    let mut paragraphs: Vec<String> = Vec::new();
    let mut first = "";
    let mut shown = None;
    for (each, line, picture) in waiting.take(MAX_LINES) {
        // Lines that may be there already are sent by themselves, so that they can be found as they were.
        let may_be_there = each.taken_before || uncertain.contains(&each.id);
        // A picture stands under its own line.
        let is_another = may_be_there != is_uncertain || picture.is_some() || shown.is_some();
        if !ids.is_empty() && is_another {
            break;
        }
        shown = picture.as_ref();
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
    let message = shown.into_iter().fold(message, blocks::graph::with_picture);
    let name = MessageName(format!("{}/lines/{}-{}", under.0, ids[0].0, ids[ids.len() - 1].0));
    let place = Place::Thread(thread.clone());
    Call::Post { ids, stored_at, uncertain: is_uncertain, name, place, message, covers: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Asked, Question};
    use tools::context::{Situation, verdict};
    use tools::dependency::draw;
    use tools::model::{Drawing, ScopeId};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_144_320 + seconds).unwrap()
    }

    fn message(ts: &str) -> MessageRef {
        MessageRef { channel: "C".to_owned(), ts: ts.to_owned() }
    }

    fn pending(id: u64, intent: Intent, posted: Option<&str>) -> Pending {
        // Of a message that is shown it is the message itself, of a line the one above it.
        let (posted, thread) = match intent.under() {
            None => (posted.map(message), None),
            Some(_) => (None, posted.map(message)),
        };
        Pending { id: IntentId(id), stored_at: at(0), intent, taken_before: false, posted, thread }
    }

    fn show(name: &str, text: &str) -> Intent {
        Intent::Show {
            name: MessageName(name.to_owned()),
            place: Place::Channel { channel: "C".to_owned() },
            message: Message::plain(text, text),
            covers: None,
        }
    }

    fn tell(line: &str) -> Intent {
        Intent::Tell {
            under: MessageName("card".to_owned()),
            channel: "C".to_owned(),
            line: line.to_owned(),
            picture: None,
        }
    }

    /// What a schedule does, one word and the ids for each call.
    fn outline(schedule: &Schedule) -> Vec<String> {
        let ids = |ids: &[IntentId]| ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join("+");
        schedule
            .calls
            .iter()
            .map(|call| match call {
                Call::Post { ids: posted, uncertain: true, .. } => format!("find {}", ids(posted)),
                Call::Post { ids: posted, .. } => format!("post {}", ids(posted)),
                Call::Edit { id, .. } => format!("edit {}", id.0),
                Call::Answer { id, .. } => format!("answer {}", id.0),
                Call::Run { id, job: Job::Investigate { .. }, .. } => format!("investigate {}", id.0),
                Call::Run { id, job: Job::Draw { .. }, .. } => format!("draw {}", id.0),
                Call::Run { id, job: Job::Postmortem { .. }, thread, .. } => {
                    format!("share {} {}", id.0, thread.as_ref().map_or("nowhere", |thread| &thread.ts))
                }
                Call::Run { id, .. } => format!("run {}", id.0),
                Call::Wake { id, .. } => format!("wake {}", id.0),
            })
            .collect()
    }

    #[track_caller]
    fn check(pending: &[Pending], calls: &[&str], superseded: &[u64]) {
        let schedule = schedule(pending, &HashSet::new(), &mut Budget::default(), at(0));
        assert_eq!(outline(&schedule), calls);
        assert_eq!(schedule.superseded.iter().map(|id| id.0).collect::<Vec<_>>(), superseded);
    }

    #[test]
    fn only_the_newest_word_is_sent() {
        let waiting = [1, 2, 3].map(|id| pending(id, show("card", "x"), None));
        check(&waiting, &["post 3"], &[1, 2]);
        let waiting = [1, 2, 3].map(|id| pending(id, show("card", "x"), Some("1.0")));
        check(&waiting, &["edit 3"], &[1, 2]);
    }

    #[test]
    fn lines_wait_for_their_thread_and_then_go_together() {
        let waiting = [pending(1, show("card", "x"), None), pending(2, tell("a"), None), pending(3, tell("b"), None)];
        check(&waiting, &["post 1"], &[]);
        let waiting = [pending(2, tell("a"), Some("1.0")), pending(3, tell("b"), Some("1.0"))];
        check(&waiting, &["post 2+3"], &[]);
    }

    #[test]
    fn lines_that_may_be_there_are_looked_for_as_they_were() {
        let mut first = pending(2, tell("a"), Some("1.0"));
        first.taken_before = true;
        check(&[first, pending(3, tell("b"), Some("1.0"))], &["find 2"], &[]);
    }

    #[test]
    fn a_first_post_that_may_be_there_is_looked_for_under_its_newest_word() {
        let mut first = pending(1, show("card", "old"), None);
        first.taken_before = true;
        check(&[first, pending(2, show("card", "new"), None)], &["find 2"], &[1]);
    }

    #[test]
    fn of_several_investigations_the_last_is_enough_but_everyone_who_asked_is_answered() {
        let investigate =
            |answer_to: Option<Question>| Intent::Run(Job::Investigate { incident: IncidentId(1), answer_to });
        let asked = crate::event::Asked {
            by: "U".to_owned(),
            channel: "C".to_owned(),
            response_url: "http://127.0.0.1/respond/1".to_owned(),
        };
        let waiting = [
            pending(1, investigate(None), None),
            pending(
                2,
                investigate(Some(Question { asked, topic: blocks::action::Topic::Why, since: None, pick: None })),
                None,
            ),
            pending(3, investigate(None), None),
        ];
        check(&waiting, &["investigate 2", "investigate 3"], &[1]);
    }

    #[test]
    fn pictures_go_after_words_and_only_the_newest_is_drawn_unless_somebody_waits() {
        let nothing = Situation {
            now: at(0),
            alarms: Vec::new(),
            topology: None,
            conflicts: Vec::new(),
            series: None,
            logs: None,
            changes: Vec::new(),
            gaps: Vec::new(),
        };
        let scene = Box::new(draw::scene_of(&nothing, &verdict(&nothing)));
        let draw = |answer_to| {
            let scene = scene.clone();
            Intent::Run(Job::Draw { incident: IncidentId(1), scene, at: at(0), answer_to })
        };
        let asked = Asked { by: "U".to_owned(), channel: "C".to_owned(), response_url: String::new() };
        let question = Question { asked, topic: blocks::action::Topic::Graph, since: None, pick: None };
        let waiting = [
            pending(1, draw(None), None),
            pending(2, draw(Some(question)), None),
            pending(3, draw(None), None),
            pending(4, show("card", "x"), None),
        ];
        check(&waiting, &["post 4", "draw 2", "draw 3"], &[1]);
    }

    #[test]
    fn what_is_shared_in_a_thread_waits_for_its_message_and_for_no_other() {
        let asked = Asked { by: "U".to_owned(), channel: "C".to_owned(), response_url: String::new() };
        let share = || {
            Intent::Run(Job::Postmortem {
                scope: ScopeId("prod".to_owned()),
                incident: IncidentId(1),
                under: MessageName("card".to_owned()),
                insists: false,
                asked: asked.clone(),
            })
        };
        check(&[pending(1, show("card", "x"), None), pending(2, share(), None)], &["post 1"], &[]);
        check(&[pending(2, share(), Some("1.0"))], &["share 2 1.0"], &[]);
        check(&[pending(1, show("other", "x"), None), pending(2, share(), None)], &["share 2 nowhere", "post 1"], &[]);
    }

    #[test]
    fn a_picture_stands_under_its_own_line() {
        let drawing = Drawing { file: "F0000000001".to_owned(), alt: "x".to_owned(), at: at(0), story: String::new() };
        let pictured = Intent::Tell {
            under: MessageName("card".to_owned()),
            channel: "C".to_owned(),
            line: "see".to_owned(),
            picture: Some(drawing),
        };
        let line = |id, intent: Intent| pending(id, intent, Some("1.0"));
        check(&[line(1, tell("a")), line(2, pictured.clone()), line(3, tell("b"))], &["post 1"], &[]);
        check(&[line(2, pictured), line(3, tell("b"))], &["post 2"], &[]);
    }

    #[test]
    fn cards_and_lines_take_turns_and_what_stops_mttc_goes_first() {
        let mut budget = Budget::default();
        let (mut now, mut done) = (at(0), String::new());
        for round in 0..6_u64 {
            let covers = (round == 3).then_some(IncidentId(1));
            let mut card = show("card", "x");
            if let Intent::Show { covers: covered, .. } = &mut card {
                *covered = covers;
            }
            let waiting = [pending(1, tell("a"), Some("1.0")), pending(2, card, Some("1.0"))];
            // Only one call a round: the channel has no more left.
            while budget.take("C", now).is_ok() {}
            now = budget.take("C", now).unwrap_err();
            let schedule = schedule(&waiting, &HashSet::new(), &mut budget, now);
            done.push_str(&outline(&schedule).join(",")[..4]);
        }
        assert!(done.contains("edit") && done.contains("post"), "{done}");
        assert_eq!(&done[12..16], "edit", "the covering card goes first: {done}");
    }

    #[test]
    fn a_flood_of_lines_takes_few_calls_and_loses_none() {
        let mut waiting: Vec<Pending> =
            (1..=200).map(|id| pending(id, tell(&format!("alarm {id}")), Some("1.0"))).collect();
        let mut budget = Budget::default();
        let (mut now, mut calls, mut told) = (at(0), 0, String::new());
        while !waiting.is_empty() {
            let schedule = schedule(&waiting, &HashSet::new(), &mut budget, now);
            for call in &schedule.calls {
                let Call::Post { ids, message, .. } = call else { panic!("{call:?}") };
                calls += 1;
                told.push_str(&serde_json::to_string(message).unwrap());
                waiting.retain(|each| !ids.contains(&each.id));
            }
            now = schedule.next_due.unwrap_or(now);
        }
        assert!(calls <= 10, "{calls} calls for 200 lines");
        assert!(now.duration_since(at(0)).as_secs() < 180, "all of them within three minutes");
        for id in 1..=200 {
            assert!(told.contains(&format!("alarm {id}")), "alarm {id} was told");
        }
    }
}

//! What to do with everything that waits. Pure: the oldest first in each channel, the newest word only, lines that wait for
//! the same thread together, and no more than the budget has.

use super::backlog::{Backlog, Queue, Shows};
use super::budget::{Budget, Method, Turn, Whose};
use crate::event::{Asked, MessageRef, Timer, Way};
use crate::intent::{Intent, IntentId, Job, MessageName, Pending, Place};
use blocks::Message;
use blocks::limits::MAX_SECTION;
use jiff::Timestamp;
use std::collections::{BTreeSet, btree_map, btree_set};
use std::iter::Peekable;
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
    /// When what has to wait may go on.
    pub(super) next_due: Option<Timestamp>,
}

/// What to do with everything that waits. People are answered first; then each channel gets what it may, the one with the
/// newest word first; what nobody waits for comes after the words, and pictures come last.
pub(super) fn schedule(backlog: &mut Backlog, budget: &mut Budget, now: Timestamp) -> Schedule {
    let superseded = std::mem::take(&mut backlog.superseded);
    let mut schedule = Schedule { superseded, ..Schedule::default() };
    for &id in &backlog.answers {
        if let Intent::Answer { asked, message } = &backlog.get(id).intent {
            // An address for answers costs nothing; what is said in a channel does.
            let turn = match asked.way() {
                Way::Address(_) | Way::Nowhere => Ok(()),
                Way::Whisper { .. } | Way::Write { .. } => budget.take_for_answer(&asked.channel, now),
                Way::Fill { .. } => budget.waits(id, now).and_then(|()| budget.take_for_answer(&asked.channel, now)),
            };
            match turn {
                Ok(()) => schedule.calls.push(Call::Answer { id, asked: asked.clone(), message: message.clone() }),
                Err(free_at) => schedule.wait(free_at),
            }
        }
    }
    let (after_words, pictures) = schedule.errands(backlog, budget, now);
    let mut channels: Vec<(&String, &Queue)> = backlog.channels.iter().collect();
    channels.sort_by_key(|(_, queue)| std::cmp::Reverse(queue.shows.edits.last().max(queue.urgent.edits.last())));
    for (name, queue) in &channels {
        schedule.spend_for_people(backlog, name, &queue.awaited, budget, now);
    }
    for (name, queue) in &channels {
        schedule.spend(backlog, name, queue, budget, now);
    }
    schedule.calls.extend(after_words);
    schedule.calls.extend(pictures);
    schedule
}

impl Schedule {
    fn wait(&mut self, free_at: Timestamp) {
        self.next_due = Some(self.next_due.map_or(free_at, |due| due.min(free_at)));
    }

    /// Jobs and timers. Jobs that nobody waits for, and those that bring pictures, are returned: they go after the words.
    fn errands(&mut self, backlog: &Backlog, budget: &mut Budget, now: Timestamp) -> (Vec<Call>, Vec<Call>) {
        let (mut after_words, mut pictures) = (Vec::new(), Vec::new());
        for &(at, id) in &backlog.due {
            if at > now {
                self.wait(at);
                break;
            }
            if let Intent::Later { timer, .. } = &backlog.get(id).intent {
                self.calls.push(Call::Wake { id, timer: timer.clone() });
            }
        }
        for &id in &backlog.jobs {
            let Pending { intent: Intent::Run(job), stored_at, thread, .. } = backlog.get(id) else { continue };
            // The thread begins with the message it hangs under: a message that is on its way is waited for.
            if let Job::Postmortem { under, .. } = job
                && thread.is_none()
                && backlog.shows(under)
            {
                continue;
            }
            if let Err(free_at) = budget.job(id, job, now) {
                self.wait(free_at);
                continue;
            }
            let calls = match job {
                Job::Draw { .. } | Job::AwaitPicture { .. } => &mut pictures,
                Job::Investigate { answer_to: None, .. } | Job::Narrate { .. } | Job::Explain { .. } => {
                    &mut after_words
                }
                Job::Investigate { answer_to: Some(_), .. }
                | Job::Weigh { .. }
                | Job::LookUp { .. }
                | Job::Act { .. }
                | Job::Page { .. }
                | Job::Pin { .. }
                | Job::Home { .. }
                | Job::Ask { .. }
                | Job::StopAnswer { .. }
                | Job::Locate { .. }
                | Job::Review { .. }
                | Job::Postmortem { .. } => &mut self.calls,
            };
            let (job, thread, uncertain) = (job.clone(), thread.clone(), backlog.is_doubtful(id));
            calls.push(Call::Run { id, stored_at: *stored_at, job, thread, uncertain });
        }
        (after_words, pictures)
    }

    /// Schedules what somebody in a channel waits for, as far as there is a budget for that.
    fn spend_for_people(
        &mut self,
        backlog: &Backlog,
        channel: &str,
        awaited: &Shows,
        budget: &mut Budget,
        now: Timestamp,
    ) {
        let mut awaited = Lane::of(awaited);
        while let Some(next) = awaited.head(self, backlog, channel, budget, (Whose::Person, now)) {
            if let Err(free_at) = budget.has(channel, Whose::Person, now) {
                return self.wait(free_at);
            }
            awaited.pop(next.method);
            budget.take(channel, next.method, Whose::Person, now);
            self.calls.extend(show(backlog, next.id));
        }
    }

    /// Schedules the calls for which a channel has a budget, and when there is more. What Slack itself holds back does not hold
    /// back the rest. Cards and lines take turns, so that neither starves the other in a flood.
    fn spend(&mut self, backlog: &Backlog, channel: &str, queue: &Queue, budget: &mut Budget, now: Timestamp) {
        let (mut urgent, mut shows) = (Lane::of(&queue.urgent), Lane::of(&queue.shows));
        let mut tells = queue.tells.iter().peekable();
        loop {
            let whose = (Whose::Anybody, now);
            let first = urgent.head(self, backlog, channel, budget, whose);
            let show_next = shows.head(self, backlog, channel, budget, whose);
            let tell_next = self.next_tell(backlog, channel, &mut tells, budget, now);
            if first.is_none() && show_next.is_none() && tell_next.is_none() {
                return;
            }
            let turn = match budget.has(channel, Whose::Anybody, now) {
                Ok(turn) => turn,
                Err(free_at) => return self.wait(free_at),
            };
            let next = match (first, show_next, tell_next) {
                (Some(first), ..) => {
                    urgent.pop(first.method);
                    Ok(first)
                }
                (None, Some(show), tell) if turn == Turn::Show || tell.is_none() => {
                    shows.pop(show.method);
                    Ok(show)
                }
                (None, _, tell) => {
                    tells.next();
                    Err(tell)
                }
            };
            let method = next.as_ref().map_or(Method::Post, |show| show.method);
            budget.take(channel, method, Whose::Anybody, now);
            match next {
                Ok(next) => self.calls.extend(show(backlog, next.id)),
                Err(under) => self.calls.extend(under.and_then(|under| tell(backlog, under))),
            }
        }
    }

    /// The next thread that may get its lines now.
    fn next_tell<'a>(
        &mut self,
        backlog: &Backlog,
        channel: &str,
        tells: &mut Peekable<btree_map::Iter<'a, IntentId, MessageName>>,
        budget: &mut Budget,
        now: Timestamp,
    ) -> Option<&'a MessageName> {
        while let Some((first, under)) = tells.peek() {
            match may_post(budget, channel, backlog.is_doubtful(**first), Whose::Anybody, now) {
                Ok(()) => return Some(under),
                Err(free_at) => {
                    self.wait(free_at);
                    tells.next();
                }
            }
        }
        None
    }
}

/// Whether a message may be posted here now. One that may be there already is looked for first.
fn may_post(
    budget: &mut Budget,
    channel: &str,
    is_doubtful: bool,
    whose: Whose,
    now: Timestamp,
) -> Result<(), Timestamp> {
    if is_doubtful {
        budget.may(channel, Method::Find, whose, now)?;
    }
    budget.may(channel, Method::Post, whose, now)
}

/// Messages that wait together, in one pass over them: each has its turn once.
struct Lane<'a> {
    posts: Peekable<btree_set::Iter<'a, IntentId>>,
    edits: Peekable<btree_set::Iter<'a, IntentId>>,
}

/// The message whose turn it is, and how it is shown.
#[derive(Clone, Copy, Debug)]
struct Next {
    id: IntentId,
    method: Method,
}

impl<'a> Lane<'a> {
    fn of(Shows { posts, edits }: &'a Shows) -> Self {
        let each = |ids: &'a BTreeSet<IntentId>| ids.iter().peekable();
        Self { posts: each(posts), edits: each(edits) }
    }

    /// The oldest message that may be shown now, whatever the channel has left.
    fn head(
        &mut self,
        schedule: &mut Schedule,
        backlog: &Backlog,
        channel: &str,
        budget: &mut Budget,
        (whose, now): (Whose, Timestamp),
    ) -> Option<Next> {
        let mut allowed = |next: Next, may: Result<(), Timestamp>| match may {
            Ok(()) => Some(next),
            Err(free_at) => {
                schedule.wait(free_at);
                None
            }
        };
        let post = self.posts.peek().and_then(|id| {
            let may = may_post(budget, channel, unsure_since(backlog, **id).is_some(), whose, now);
            allowed(Next { id: **id, method: Method::Post }, may)
        });
        let edit = self.edits.peek().and_then(|id| {
            let may = budget.may(channel, Method::Update, whose, now);
            allowed(Next { id: **id, method: Method::Update }, may)
        });
        post.into_iter().chain(edit).min_by_key(|next| next.id)
    }

    fn pop(&mut self, method: Method) {
        match method {
            Method::Post => self.posts.next(),
            Method::Update | Method::Find => self.edits.next(),
        };
    }
}

/// Since when the message that an intent shows may be there already, under this word or an older one.
fn unsure_since(backlog: &Backlog, id: IntentId) -> Option<Timestamp> {
    backlog.get(id).intent.shows().and_then(|name| backlog.unsure_since(name))
}

/// The call that shows a message.
fn show(backlog: &Backlog, id: IntentId) -> Option<Call> {
    let pending = backlog.get(id);
    let Intent::Show { name, place, message, covers } = &pending.intent else { return None };
    // The thread begins with the message it hangs under.
    let place = match place {
        Place::Under { .. } => Place::Thread(pending.thread.clone()?),
        Place::Channel { .. } | Place::Thread(_) => place.clone(),
    };
    // An older word of the same name may be there already; then it is found, and this one edits it.
    let since = backlog.unsure_since(name);
    let (stored_at, uncertain) = (since.unwrap_or(pending.stored_at), since.is_some());
    let (name, message, covers) = (name.clone(), message.clone(), *covers);
    Some(match &pending.posted {
        Some(at) => Call::Edit { id, stored_at, at: at.clone(), name, place, message, covers },
        None => Call::Post { ids: vec![id], stored_at, uncertain, name, place, message, covers },
    })
}

/// One post with every line that waits for this thread, as far as it fits.
fn tell(backlog: &Backlog, under: &MessageName) -> Option<Call> {
    let (thread, waiting) = backlog.thread(under)?;
    let mut ids = Vec::new();
    let mut stored_at = Timestamp::MAX;
    let mut is_uncertain = false;
    let mut paragraphs: Vec<String> = Vec::new();
    let mut first = "";
    let mut shown = None;
    for each in waiting.take(MAX_LINES) {
        let Intent::Tell { line, picture, .. } = &each.intent else { continue };
        // Lines that may be there already are sent by themselves, so that they can be found as they were.
        let may_be_there = backlog.is_doubtful(each.id);
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
    Some(Call::Post { ids, stored_at, uncertain: is_uncertain, name, place, message, covers: None })
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

    fn backlog(pending: &[Pending]) -> Backlog {
        let mut backlog = Backlog::default();
        backlog.begin(pending.to_vec());
        backlog
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
        let schedule = schedule(&mut backlog(pending), &mut Budget::default(), at(0));
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
            while budget.has("C", Whose::Anybody, now).is_ok() {
                budget.take("C", Method::Post, Whose::Anybody, now);
            }
            now = budget.has("C", Whose::Anybody, now).unwrap_err();
            let schedule = schedule(&mut backlog(&waiting), &mut budget, now);
            done.push_str(&outline(&schedule).join(",")[..4]);
        }
        assert!(done.contains("edit") && done.contains("post"), "{done}");
        assert_eq!(&done[12..16], "edit", "the covering card goes first: {done}");
    }

    #[test]
    fn a_flood_of_lines_takes_few_calls_and_loses_none() {
        let waiting: Vec<Pending> =
            (1..=200).map(|id| pending(id, tell(&format!("alarm {id}")), Some("1.0"))).collect();
        let mut waiting = backlog(&waiting);
        let mut budget = Budget::default();
        let (mut now, mut calls, mut told) = (at(0), 0, String::new());
        let mut left = 200;
        while left > 0 {
            let schedule = schedule(&mut waiting, &mut budget, now);
            for call in &schedule.calls {
                let Call::Post { ids, message, .. } = call else { panic!("{call:?}") };
                calls += 1;
                told.push_str(&serde_json::to_string(message).unwrap());
                left -= ids.len();
                for id in ids {
                    waiting.close(*id, None);
                }
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

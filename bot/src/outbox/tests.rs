//! The bound, tried with whatever comes: a Slack that counts, and a clock that goes where the sender wants to go on.

use super::backlog::Backlog;
use super::budget::{Budget, Method};
use super::schedule::{Call, Schedule, schedule};
use crate::event::MessageRef;
use crate::intent::{Intent, IntentId, MessageName, Pending, Place};
use blocks::Message;
use jiff::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeMap;

const CHANNELS: usize = 12;

/// What happens next, so many milliseconds after the last thing.
#[derive(Clone, Debug)]
enum Step {
    /// A message of a channel reads so from now on; 0 is the one that has the thread.
    Show { channel: usize, name: usize },
    /// Somebody waits for a message in the thread.
    Await { channel: usize },
    /// A line for the thread.
    Tell { channel: usize },
    /// Slack takes no posts in a channel for so many seconds.
    SlowPosts { channel: usize, seconds: i64 },
    /// Slack takes no edits for so many seconds.
    SlowEdits { seconds: i64 },
    /// The process ends, and another one goes on with what is stored.
    Restart,
}

/// A store, a sender's memory, and a Slack that takes calls.
#[derive(Default)]
struct Night {
    now: i64,
    stored: BTreeMap<IntentId, Pending>,
    /// The budget as it was written with the last intent that was closed.
    written: String,
    backlog: Backlog,
    budget: Budget,
    given_out: u64,
    wanted: BTreeMap<MessageName, String>,
    lines: Vec<String>,
    standing: BTreeMap<MessageName, (MessageRef, String)>,
    told: Vec<String>,
    slow_posts: BTreeMap<String, i64>,
    slow_edits: i64,
    calls: Vec<(i64, String, Method)>,
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_795_144_320_000 + millis).unwrap()
}

fn thread_of(channel: &str) -> MessageName {
    MessageName(format!("{channel}/0"))
}

impl Night {
    fn of(steps: &[(i64, Step)]) -> Self {
        let mut night = Self { written: "{}".to_owned(), ..Self::default() };
        for (millis, step) in steps {
            night.wait(*millis);
            night.happens(step);
            night.pass();
        }
        // Whatever waits has its time; if it never came, this would go on for ever.
        for _ in 0..2_000 {
            let Some(due) = night.pass() else { return night };
            night.now = night.now.max(due.as_millisecond() - at(0).as_millisecond());
        }
        panic!("something waits for ever: {:?}", night.stored);
    }

    /// The time passes; whenever the sender wants to go on, it does.
    fn wait(&mut self, millis: i64) {
        let until = self.now + millis;
        while let Some(due) = self.pass().map(|due| due.as_millisecond() - at(0).as_millisecond())
            && due <= until
        {
            self.now = self.now.max(due);
        }
        self.now = until;
    }

    fn happens(&mut self, step: &Step) {
        let channel = |channel: &usize| format!("C{channel}");
        match step {
            Step::Show { channel: number, name } => {
                let channel = channel(number);
                let name = MessageName(format!("{channel}/{name}"));
                self.show(name, Place::Channel { channel });
            }
            Step::Await { channel: number } => {
                let channel = channel(number);
                let name = MessageName(format!("{channel}/awaited"));
                let place = Place::Under { name: thread_of(&channel), channel };
                self.show(name, place);
            }
            Step::Tell { channel: number } => {
                let (channel, line) = (channel(number), format!("line {}", self.lines.len()));
                self.lines.push(line.clone());
                self.intend(Intent::Tell { under: thread_of(&channel), channel, line, picture: None });
            }
            Step::SlowPosts { channel: number, seconds } => {
                self.slow_posts.insert(channel(number), self.now + 1000 * seconds);
            }
            Step::SlowEdits { seconds } => self.slow_edits = self.now + 1000 * seconds,
            Step::Restart => {
                self.budget = serde_json::from_str(&self.written).unwrap();
                let mut open: Vec<Pending> = self.stored.values().cloned().collect();
                for pending in &mut open {
                    pending.taken_before = true;
                    (pending.posted, pending.thread) = self.places(&pending.intent);
                }
                self.backlog = Backlog::default();
                self.backlog.begin(open);
                for channel in self.backlog.left_behind() {
                    self.budget.doubt(&channel, at(self.now));
                }
            }
        }
    }

    fn show(&mut self, name: MessageName, place: Place) {
        // Whatever stands in a thread needs the message above it.
        let top = thread_of(place.channel());
        if name != top && !self.wanted.contains_key(&top) {
            self.show(top, Place::Channel { channel: place.channel().to_owned() });
        }
        let text = format!("word {}", self.given_out);
        self.wanted.insert(name.clone(), text.clone());
        self.intend(Intent::Show { name, place, message: Message::plain(&text, &text), covers: None });
    }

    fn intend(&mut self, intent: Intent) {
        self.given_out += 1;
        let (posted, thread) = self.places(&intent);
        let id = IntentId(self.given_out);
        let pending = Pending { id, stored_at: at(self.now), intent, taken_before: false, posted, thread };
        self.stored.insert(id, pending.clone());
        self.backlog.insert(pending);
    }

    fn places(&self, intent: &Intent) -> (Option<MessageRef>, Option<MessageRef>) {
        let place = |name: Option<&MessageName>| self.standing.get(name?).map(|(at, _)| at.clone());
        (place(intent.shows()), place(intent.under()))
    }

    /// Sends what can be sent now; returns when it is worth going on.
    fn pass(&mut self) -> Option<Timestamp> {
        loop {
            let Schedule { calls, superseded, next_due } = schedule(&mut self.backlog, &mut self.budget, at(self.now));
            if calls.is_empty() && superseded.is_empty() {
                return next_due;
            }
            for id in superseded {
                self.close(id, None);
            }
            for call in calls {
                self.make(call);
            }
        }
    }

    fn make(&mut self, call: Call) {
        match call {
            Call::Post { ids, name, place, message, .. } => {
                let channel = place.channel().to_owned();
                if self.is_taken(&channel, Method::Post) {
                    let ts = format!("{}.0", self.standing.len() + 1);
                    let at = MessageRef { channel, ts };
                    let json = message.to_json();
                    if name.0.contains("/lines/") {
                        let sections = json["blocks"].as_array().into_iter().flatten();
                        let lines = sections.filter_map(|block| block["text"]["text"].as_str()).flat_map(str::lines);
                        self.told.extend(lines.map(str::to_owned));
                    }
                    let text = json["text"].as_str().unwrap().to_owned();
                    let twin = self.standing.insert(name.clone(), (at.clone(), text));
                    assert_eq!(twin, None, "{name:?} is posted once");
                    let there = (name, at);
                    let mut posted = Some(&there);
                    for id in ids {
                        self.close(id, posted.take());
                    }
                }
            }
            Call::Edit { id, name, place, message, .. } => {
                if self.is_taken(place.channel(), Method::Update) {
                    message.to_json()["text"]
                        .as_str()
                        .unwrap()
                        .clone_into(&mut self.standing.get_mut(&name).unwrap().1);
                    self.close(id, None);
                }
            }
            Call::Answer { .. } | Call::Run { .. } | Call::Wake { .. } => panic!("nobody asked for that: {call:?}"),
        }
    }

    /// Slack counts a call, and takes it or asks to wait.
    fn is_taken(&mut self, channel: &str, method: Method) -> bool {
        self.calls.push((self.now, channel.to_owned(), method));
        let slow = match method {
            Method::Post => self.slow_posts.get(channel).copied().unwrap_or_default(),
            Method::Update | Method::Find => self.slow_edits,
        };
        if self.now >= slow {
            return true;
        }
        let seconds = u64::try_from((slow - self.now + 999) / 1000).unwrap();
        self.budget.wait(channel, method, at(self.now), seconds);
        false
    }

    fn close(&mut self, id: IntentId, posted: Option<&(MessageName, MessageRef)>) {
        self.budget.forget(at(self.now));
        self.written = serde_json::to_string(&self.budget).unwrap();
        self.stored.remove(&id);
        self.backlog.close(id, posted);
    }

    /// The most calls within any minute.
    fn worst_minute(&self, counts: impl Fn(&str, Method) -> bool) -> usize {
        let calls: Vec<i64> =
            self.calls.iter().filter(|(_, channel, method)| counts(channel, *method)).map(|(at, ..)| *at).collect();
        let within = |first: usize| calls[first..].iter().take_while(|call| **call < calls[first] + 60_000).count();
        (0..calls.len()).map(within).max().unwrap_or(0)
    }
}

fn steps(restarts: bool) -> impl Strategy<Value = Vec<(i64, Step)>> {
    let channel = || 0..CHANNELS;
    let step = prop_oneof![
        8 => (channel(), 0_usize..3).prop_map(|(channel, name)| Step::Show { channel, name }),
        2 => channel().prop_map(|channel| Step::Await { channel }),
        8 => channel().prop_map(|channel| Step::Tell { channel }),
        1 => (channel(), 1_i64..90).prop_map(|(channel, seconds)| Step::SlowPosts { channel, seconds }),
        1 => (1_i64..60).prop_map(|seconds| Step::SlowEdits { seconds }),
        1 => Just(if restarts { Step::Restart } else { Step::SlowEdits { seconds: 1 } }),
    ];
    proptest::collection::vec((0_i64..1_500, step), 1..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However much is wanted, and whatever Slack and the process do: the bound holds, and everything is said in the end, once.
    #[test]
    fn the_bound_holds_and_nothing_is_lost(steps in steps(true)) {
        let mut steps = steps;
        // A line needs a thread.
        steps.extend((0..CHANNELS).map(|channel| (0, Step::Show { channel, name: 0 })));
        let night = Night::of(&steps);
        for channel in (0..CHANNELS).map(|channel| format!("C{channel}")) {
            let calls = night.worst_minute(|other, _| other == channel);
            prop_assert!(calls <= 20, "{calls} calls in a minute of {channel}");
        }
        let edits = night.worst_minute(|_, method| method == Method::Update);
        prop_assert!(edits <= 50, "{edits} edits in a minute");
        for (name, text) in &night.wanted {
            prop_assert_eq!(&night.standing[name].1, text, "the last word of {:?}", name);
        }
        let (mut told, mut lines) = (night.told.clone(), night.lines.clone());
        told.sort_unstable();
        lines.sort_unstable();
        prop_assert_eq!(told, lines);
        prop_assert!(night.stored.is_empty());
    }

    /// A channel in which Slack takes no posts changes nothing for the others.
    #[test]
    fn a_slow_channel_delays_no_other(steps in steps(false), seconds in 1_i64..600) {
        // Edits share a budget of the whole workspace, so they are left out.
        let tells = steps.into_iter().filter(|(_, step)| matches!(step, Step::Tell { .. }));
        let mut usual: Vec<(i64, Step)> = (0..CHANNELS).map(|channel| (0, Step::Show { channel, name: 0 })).collect();
        usual.extend(tells);
        let mut slow = usual.clone();
        slow.insert(CHANNELS, (0, Step::SlowPosts { channel: 0, seconds }));
        // At one moment their order may be another.
        let others = |steps: &[(i64, Step)]| -> Vec<(String, Method, i64)> {
            let calls = Night::of(steps).calls.into_iter().filter(|(_, channel, _)| channel != "C0");
            let mut calls: Vec<_> = calls.map(|(at, channel, method)| (channel, method, at)).collect();
            calls.sort();
            calls
        };
        let (expected, found) = (others(&usual), others(&slow));
        prop_assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert_eq!((&found.0, found.1), (&expected.0, expected.1));
            // A bucket counts in fractions: looked at in other moments, it may be full a millisecond later.
            prop_assert!((found.2 - expected.2).abs() <= 2, "{found:?} is not {expected:?}");
        }
    }
}

#[test]
fn people_and_the_newest_card_get_the_last_edits_of_the_workspace() {
    let show = |channel| (0, Step::Show { channel, name: 0 });
    let mut steps: Vec<(i64, Step)> = (0..CHANNELS).map(show).collect();
    // Every channel has its message, and somebody waits for one in the thread of the first.
    steps.push((0, Step::Await { channel: 0 }));
    let mut night = Night::of(&steps);
    night.now += 120_000;
    night.calls.clear();
    for _ in 0..2 {
        for channel in 0..CHANNELS {
            night.happens(&Step::Show { channel, name: 0 });
            night.pass();
        }
    }
    night.happens(&Step::Await { channel: 0 });
    for channel in [1, 2] {
        night.happens(&Step::Show { channel, name: 0 });
    }
    let edited = night.calls.len();
    assert_eq!(edited, 15, "what may be edited at once");
    night.pass();
    assert_eq!(night.calls.len() - edited, 1, "what is kept for people");
    night.wait(2_001);
    let channels: Vec<&str> = night.calls[edited..].iter().map(|(_, channel, _)| channel.as_str()).collect();
    assert_eq!(channels, ["C0", "C2"]);
}

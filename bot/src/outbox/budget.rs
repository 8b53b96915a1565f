//! How many calls are left: token buckets for each channel and for `chat.update` in the whole workspace, and what Slack itself
//! asks for. Pure; `now` is given. It is kept beside the outbox, so that whoever sends next goes on with it.

use crate::intent::{IntentId, Job};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tools::model::{IncidentId, Spent};

/// How fast a bucket fills.
#[derive(Clone, Copy, Debug)]
struct Rate {
    /// Calls that it gives at once.
    burst: f64,
    /// One more after this.
    refill: SignedDuration,
    /// Calls for people that it gives at once besides, and one more after so long.
    reserve: f64,
    reserve_refill: SignedDuration,
}

/// A channel. With the burst fewer than 15 calls in any minute: of the 20 that it may get, five stay free for answers to people.
const CHANNEL: Rate = Rate {
    burst: 4.0,
    refill: SignedDuration::from_millis(5500),
    reserve: 2.0,
    reserve_refill: SignedDuration::from_secs(20),
};

/// `chat.update` in the whole workspace: Slack takes about 50 in a minute. 45 of our own accord and four for people; of the 45
/// many at once, so that several floods that begin together have their cards together.
const UPDATES: Rate = Rate {
    burst: 15.0,
    refill: SignedDuration::from_secs(2),
    reserve: 1.0,
    reserve_refill: SignedDuration::from_secs(20),
};

/// The first wait after a call of unknown outcome; it doubles up to a minute.
const FIRST_RETRY_S: u64 = 1;

/// An incident is investigated anew no more often than this, however fast alarms join: each time reads every lane.
const INVESTIGATE_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// A picture of an incident that nobody waits for is drawn no more often than this: each one is three calls and a file.
const DRAW_EVERY: SignedDuration = SignedDuration::from_secs(15);

/// A model phrases an incident no more often than this: each time costs money.
const NARRATE_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// What is spent on models is counted by the minute, over so many of them.
const HOUR_MIN: i64 = 60;

/// How many calls are left, when each incident may be investigated and drawn again, and which jobs have to wait.
///
/// Slack limits posts by the channel, and every other method by the workspace. So its `Retry-After` holds for the posts of
/// one channel, or for one method in all of them, and for nothing else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    channels: BTreeMap<String, Channel>,
    updates: Option<Bucket>,
    /// Slack itself asked to wait with these methods until then.
    methods: BTreeMap<Method, Timestamp>,
    investigated: BTreeMap<IncidentId, Timestamp>,
    drawn: BTreeMap<IncidentId, Timestamp>,
    narrated: BTreeMap<IncidentId, Timestamp>,
    /// Tokens and millionths of a dollar that models took, by the minute since 1970.
    models: BTreeMap<i64, (u64, u64)>,
    not_before: BTreeMap<IntentId, Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Channel {
    bucket: Bucket,
    /// Slack did not answer: nothing until then.
    not_before: Timestamp,
    /// Slack itself asked to wait with posts until then.
    posts_not_before: Timestamp,
    failures: u32,
    turn: Turn,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Bucket {
    tokens: f64,
    /// What is kept for answers to people.
    reserve: f64,
    filled_at: Timestamp,
}

/// Methods of the Web API, as far as they are limited apart from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Method {
    /// A message is posted.
    Post,
    /// A message is edited.
    Update,
    /// Messages are looked for.
    Find,
}

/// For whom a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// For somebody who waits: it may use what is kept for people.
    Person,
    /// For nobody in particular.
    Anybody,
}

/// Whose turn it is when both a card and lines wait for the same call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Turn {
    /// A message that is shown or edited.
    Show,
    /// Lines in a thread.
    Tell,
}

/// Allows something about an incident once in `span`, or says when it may be again.
fn every(
    span: SignedDuration,
    last: &mut BTreeMap<IncidentId, Timestamp>,
    incident: IncidentId,
    now: Timestamp,
) -> Result<(), Timestamp> {
    if let Some(last) = last.get(&incident) {
        let free_at = later(*last, span);
        if now < free_at {
            return Err(free_at);
        }
    }
    last.insert(incident, now);
    // Incidents come and go; only the recent ones have to wait.
    last.retain(|_, last| now.duration_since(*last) < span);
    Ok(())
}

fn later(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}

fn after_seconds(at: Timestamp, seconds: u64) -> Timestamp {
    later(at, SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(60)))
}

/// The minute of a moment, since 1970.
fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

fn until(free_at: Timestamp, now: Timestamp) -> Result<(), Timestamp> {
    if now < free_at { Err(free_at) } else { Ok(()) }
}

impl Bucket {
    fn full(rate: Rate, now: Timestamp) -> Self {
        Self { tokens: rate.burst, reserve: rate.reserve, filled_at: now }
    }

    fn fill(&mut self, rate: Rate, now: Timestamp) {
        let passed = now.duration_since(self.filled_at).as_secs_f64();
        if passed > 0.0 {
            self.tokens = (self.tokens + passed / rate.refill.as_secs_f64()).min(rate.burst);
            self.reserve = (self.reserve + passed / rate.reserve_refill.as_secs_f64()).min(rate.reserve);
            self.filled_at = now;
        }
    }

    fn is_full(&self, rate: Rate) -> bool {
        self.tokens >= rate.burst && self.reserve >= rate.reserve
    }

    /// Whether there is a call, as of the last filling; or when there is one.
    fn has(&self, rate: Rate, whose: Whose, now: Timestamp) -> Result<(), Timestamp> {
        let is_there = self.tokens >= 1.0 || (whose == Whose::Person && self.reserve >= 1.0);
        if is_there {
            return Ok(());
        }
        let missing = |tokens: f64, refill: SignedDuration| (1.0 - tokens) * refill.as_secs_f64();
        let mut wait = missing(self.tokens, rate.refill);
        if whose == Whose::Person {
            wait = wait.min(missing(self.reserve, rate.reserve_refill));
        }
        // A millisecond more, so that rounding never wakes us a moment too early.
        Err(later(now, SignedDuration::from_secs_f64(wait) + SignedDuration::from_millis(1)))
    }

    /// Takes a call that is there; a person's from what is kept for people only where need be.
    fn take(&mut self) {
        let kept = if self.tokens >= 1.0 { &mut self.tokens } else { &mut self.reserve };
        *kept = (*kept - 1.0).max(0.0);
    }
}

impl Budget {
    fn channel(&mut self, name: &str, now: Timestamp) -> &mut Channel {
        // A key is made only for a channel that is new.
        if !self.channels.contains_key(name) {
            let bucket = Bucket::full(CHANNEL, now);
            let quiet = Channel { bucket, not_before: now, posts_not_before: now, failures: 0, turn: Turn::Tell };
            self.channels.insert(name.to_owned(), quiet);
        }
        let channel = self.channels.get_mut(name).expect("it was just put there");
        channel.bucket.fill(CHANNEL, now);
        channel
    }

    fn updates(&mut self, now: Timestamp) -> &mut Bucket {
        let updates = self.updates.get_or_insert_with(|| Bucket::full(UPDATES, now));
        updates.fill(UPDATES, now);
        updates
    }

    /// Allows a job, or says when it may be done. A person never waits for the pace of a flood.
    pub(super) fn job(&mut self, id: IntentId, job: &Job, now: Timestamp) -> Result<(), Timestamp> {
        if let Some(free_at) = self.not_before.get(&id).filter(|free_at| now < **free_at) {
            return Err(*free_at);
        }
        self.not_before.remove(&id);
        match job {
            Job::Investigate { incident, answer_to: None } => {
                every(INVESTIGATE_EVERY, &mut self.investigated, *incident, now)
            }
            Job::Draw { incident, answer_to: None, .. } => every(DRAW_EVERY, &mut self.drawn, *incident, now),
            Job::Narrate { incident, .. } => every(NARRATE_EVERY, &mut self.narrated, *incident, now),
            Job::Investigate { .. }
            | Job::Ask { .. }
            | Job::StopAnswer { .. }
            | Job::Explain { .. }
            | Job::Draw { .. }
            | Job::AwaitPicture { .. }
            | Job::Weigh { .. }
            | Job::LookUp { .. }
            | Job::Act { .. }
            | Job::Review { .. }
            | Job::Page { .. }
            | Job::Postmortem { .. }
            | Job::Pin { .. }
            | Job::Locate { .. }
            | Job::Home { .. } => Ok(()),
        }
    }

    /// Models took something.
    pub(super) fn spent_on_models(&mut self, spent: &Spent, now: Timestamp) {
        if spent.tokens() > 0 {
            let (tokens, micro_usd) = self.models.entry(minute(now)).or_default();
            *tokens = tokens.saturating_add(spent.tokens());
            *micro_usd = micro_usd.saturating_add(spent.micro_usd.unwrap_or(0));
        }
    }

    /// Tokens and millionths of a dollar that models took within the last hour.
    pub(super) fn models_took(&self, now: Timestamp) -> (u64, u64) {
        let hour = self.models.range(minute(now) - HOUR_MIN + 1..).map(|(_, took)| took);
        hour.fold((0, 0), |sum, took| (sum.0 + took.0, sum.1 + took.1))
    }

    /// A job has to be tried again, after so many seconds.
    pub(super) fn job_later(&mut self, id: IntentId, now: Timestamp, seconds: u64) {
        self.not_before.insert(id, after_seconds(now, seconds));
    }

    /// Whether something that has to be tried again may be tried now; or from when on.
    pub(super) fn waits(&self, id: IntentId, now: Timestamp) -> Result<(), Timestamp> {
        self.not_before.get(&id).map_or(Ok(()), |free_at| until(*free_at, now))
    }

    /// Whether the method may be called in this channel, whatever is left of the channel's own budget; or from when on.
    pub(super) fn may(&mut self, channel: &str, method: Method, whose: Whose, now: Timestamp) -> Result<(), Timestamp> {
        if let Some(free_at) = self.methods.get(&method) {
            until(*free_at, now)?;
        }
        match method {
            Method::Post => until(self.channel(channel, now).posts_not_before, now),
            Method::Update => self.updates(now).has(UPDATES, whose, now),
            Method::Find => Ok(()),
        }
    }

    /// Whether the channel has a call left, and whose turn it is then; or when it has one.
    pub(super) fn has(&mut self, channel: &str, whose: Whose, now: Timestamp) -> Result<Turn, Timestamp> {
        let channel = self.channel(channel, now);
        until(channel.not_before, now)?;
        channel.bucket.has(CHANNEL, whose, now)?;
        Ok(if channel.turn == Turn::Show { Turn::Tell } else { Turn::Show })
    }

    /// Takes what one answer in a channel costs, or says when there is that.
    pub(super) fn take_for_answer(&mut self, channel: &str, now: Timestamp) -> Result<(), Timestamp> {
        self.may(channel, Method::Post, Whose::Person, now)?;
        self.has(channel, Whose::Person, now)?;
        self.take(channel, Method::Post, Whose::Person, now);
        Ok(())
    }

    /// Takes a call that [`Self::may`] and [`Self::has`] allow.
    pub(super) fn take(&mut self, channel: &str, method: Method, whose: Whose, now: Timestamp) {
        let spent = self.channel(channel, now);
        spent.bucket.take();
        if whose == Whose::Anybody {
            spent.turn = if spent.turn == Turn::Show { Turn::Tell } else { Turn::Show };
        }
        if method == Method::Update {
            self.updates(now).take();
        }
    }

    /// A call took one more than it was planned with: it is made all the same, and later ones wait for it.
    pub(super) fn one_more(&mut self, channel: &str, method: Method, now: Timestamp) {
        self.take(channel, method, Whose::Anybody, now);
    }

    /// Somebody made calls in this channel and may have stopped before it wrote the last one down.
    pub(super) fn doubt(&mut self, channel: &str, now: Timestamp) {
        self.channel(channel, now).bucket.take();
        self.updates(now).take();
    }

    /// Slack asks not to call this method for so many seconds: posts in this channel, anything else anywhere.
    pub(super) fn wait(&mut self, channel: &str, method: Method, now: Timestamp, seconds: u64) {
        let free_at = after_seconds(now, seconds);
        let waits = match method {
            Method::Post => &mut self.channel(channel, now).posts_not_before,
            Method::Update | Method::Find => self.methods.entry(method).or_insert(now),
        };
        *waits = free_at.max(*waits);
    }

    /// A call in this channel had an unknown outcome.
    pub(super) fn failed(&mut self, channel: &str, now: Timestamp) {
        let channel = self.channel(channel, now);
        let seconds = (FIRST_RETRY_S << channel.failures.min(6)).min(60);
        channel.failures += 1;
        channel.not_before = channel.not_before.max(after_seconds(now, seconds));
    }

    pub(super) fn succeeded(&mut self, channel: &str, now: Timestamp) {
        self.channel(channel, now).failures = 0;
    }

    /// Forgets what holds nobody back any more, so that what is stored stays small.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.channels.retain(|_, channel| {
            channel.bucket.fill(CHANNEL, now);
            let is_free = channel.not_before <= now && channel.posts_not_before <= now;
            !(is_free && channel.failures == 0 && channel.bucket.is_full(CHANNEL))
        });
        if self.updates(now).is_full(UPDATES) {
            self.updates = None;
        }
        self.methods.retain(|_, free_at| now < *free_at);
        self.investigated.retain(|_, last| now.duration_since(*last) < INVESTIGATE_EVERY);
        self.drawn.retain(|_, last| now.duration_since(*last) < DRAW_EVERY);
        self.narrated.retain(|_, last| now.duration_since(*last) < NARRATE_EVERY);
        self.models.retain(|at, _| *at > minute(now) - HOUR_MIN);
        self.not_before.retain(|_, free_at| now < *free_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What one channel may get in a minute of our own accord: 20, less the five kept for answers to people.
    const MOST: usize = 15;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_795_144_320_000 + millis).unwrap()
    }

    /// Takes a call if there is one.
    fn take(
        budget: &mut Budget,
        channel: &str,
        method: Method,
        whose: Whose,
        now: Timestamp,
    ) -> Result<Turn, Timestamp> {
        budget.may(channel, method, whose, now)?;
        let turn = budget.has(channel, whose, now)?;
        budget.take(channel, method, whose, now);
        Ok(turn)
    }

    fn post(budget: &mut Budget, channel: &str, now: Timestamp) -> Result<Turn, Timestamp> {
        take(budget, channel, Method::Post, Whose::Anybody, now)
    }

    /// The budget as whoever comes next reads it.
    fn stored(budget: &Budget) -> Budget {
        serde_json::from_str(&serde_json::to_string(budget).unwrap()).unwrap()
    }

    fn most_in_a_minute(calls: &[i64]) -> usize {
        let within = |first: usize| calls[first..].iter().take_while(|call| **call < calls[first] + 60_000).count();
        (0..calls.len()).map(within).max().unwrap_or(0)
    }

    proptest! {
        /// However eagerly it is asked, and however often it is written down and read again, no minute sees more calls than
        /// are allowed.
        #[test]
        fn no_minute_sees_too_many(steps in proptest::collection::vec((0_i64..20_000, any::<bool>()), 1..400)) {
            let mut budget = Budget::default();
            let mut now = 0;
            let mut calls: Vec<i64> = Vec::new();
            for (step, restarts) in steps {
                now += step;
                while post(&mut budget, "C", at(now)).is_ok() {
                    calls.push(now);
                }
                if restarts {
                    budget.forget(at(now));
                    budget = stored(&budget);
                }
            }
            prop_assert!(most_in_a_minute(&calls) <= MOST, "{} calls within a minute", most_in_a_minute(&calls));
        }

        /// The same with people in it, who get five more.
        #[test]
        fn people_get_five_more(steps in proptest::collection::vec((0_i64..9_000, any::<bool>()), 1..400)) {
            let mut budget = Budget::default();
            let mut now = 0;
            let mut calls: Vec<i64> = Vec::new();
            for (step, is_person) in steps {
                now += step;
                let whose = if is_person { Whose::Person } else { Whose::Anybody };
                while take(&mut budget, "C", Method::Post, whose, at(now)).is_ok() {
                    calls.push(now);
                }
            }
            prop_assert!(most_in_a_minute(&calls) <= MOST + 5, "{} calls within a minute", most_in_a_minute(&calls));
        }

        /// However many channels there are, the workspace sees no more edits than Slack takes.
        #[test]
        fn no_minute_sees_too_many_edits(
            steps in proptest::collection::vec((0_i64..3_000, 0_usize..30, any::<bool>()), 1..400)
        ) {
            let mut budget = Budget::default();
            let mut now = 0;
            let mut calls: Vec<i64> = Vec::new();
            for (step, channel, is_person) in steps {
                now += step;
                let whose = if is_person { Whose::Person } else { Whose::Anybody };
                while take(&mut budget, &channel.to_string(), Method::Update, whose, at(now)).is_ok() {
                    calls.push(now);
                }
            }
            prop_assert!(most_in_a_minute(&calls) <= 50, "{} edits within a minute", most_in_a_minute(&calls));
        }

        /// Whoever is told to wait gets a call at that time, so nothing waits for ever.
        #[test]
        fn the_promised_time_is_kept(asks in 1..50_i64, seconds in 0_u64..120, is_edit in any::<bool>()) {
            let mut budget = Budget::default();
            let method = if is_edit { Method::Update } else { Method::Post };
            for ask in 0..asks {
                let _ = take(&mut budget, &(ask % 3).to_string(), method, Whose::Anybody, at(0));
            }
            budget.wait("0", method, at(0), seconds);
            let mut now = at(0);
            for _ in 0..4 {
                match take(&mut budget, "0", method, Whose::Anybody, now) {
                    Ok(_) => return Ok(()),
                    Err(free_at) => now = free_at,
                }
            }
            prop_assert!(false, "four promises were broken");
        }
    }

    #[test]
    fn slack_makes_wait_what_it_speaks_of_and_nothing_else() {
        #[track_caller]
        fn check(limited: Method, channel: &str, method: Method, waits: bool) {
            let mut budget = Budget::default();
            budget.wait("slow", limited, at(0), 600);
            for mut budget in [stored(&budget), budget] {
                let asked = budget.may(channel, method, Whose::Person, at(1));
                assert_eq!(asked, if waits { Err(at(600_000)) } else { Ok(()) });
            }
        }
        check(Method::Post, "slow", Method::Post, true);
        check(Method::Post, "slow", Method::Update, false);
        check(Method::Post, "slow", Method::Find, false);
        check(Method::Post, "other", Method::Post, false);
        check(Method::Update, "slow", Method::Update, true);
        check(Method::Update, "slow", Method::Post, false);
        check(Method::Update, "other", Method::Update, true);
        check(Method::Update, "other", Method::Post, false);
        check(Method::Find, "other", Method::Find, true);
        check(Method::Find, "other", Method::Post, false);
    }

    #[test]
    fn what_holds_nobody_back_is_not_stored() {
        let mut budget = Budget::default();
        for channel in ["A", "B"] {
            take(&mut budget, channel, Method::Update, Whose::Anybody, at(0)).unwrap();
        }
        budget.wait("A", Method::Post, at(0), 300);
        budget.failed("C", at(0));
        budget.forget(at(120_000));
        assert_eq!(budget.channels.keys().collect::<Vec<_>>(), ["A", "C"]);
        budget.succeeded("C", at(120_000));
        budget.forget(at(300_000));
        assert_eq!(budget, Budget::default());
    }

    #[test]
    fn failures_wait_longer_each_time_and_are_forgotten() {
        let mut budget = Budget::default();
        let mut waits = Vec::new();
        let mut now = at(0);
        for _ in 0..9 {
            budget.failed("C", now);
            let free_at = post(&mut budget, "C", now).unwrap_err();
            waits.push(free_at.duration_since(now).as_secs());
            now = free_at;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert!(post(&mut budget, "D", at(0)).is_ok(), "another channel has no part in that");
        budget.succeeded("C", now);
        budget.failed("C", now);
        assert_eq!(post(&mut budget, "C", now).unwrap_err().duration_since(now).as_secs(), 1);
    }
}

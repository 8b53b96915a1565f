//! How many calls each channel has left: a token bucket a channel, and what Slack itself asks for. Pure; `now` is given.

use crate::intent::{IntentId, Job};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use tools::model::IncidentId;

/// Calls a channel takes at once.
const BURST: f64 = 4.0;

/// One more call after this. With the burst that is fewer than 15 in any minute: of the 20 that a channel may get, five
/// stay free for answers to people.
const REFILL: SignedDuration = SignedDuration::from_millis(5500);

/// Calls for people that a channel takes at once besides, and one more after so long: five in any minute.
const RESERVE: f64 = 2.0;
const RESERVE_REFILL: SignedDuration = SignedDuration::from_secs(20);

/// The first wait after a call of unknown outcome; it doubles up to a minute.
const FIRST_RETRY_S: u64 = 1;

/// An incident is investigated anew no more often than this, however fast alarms join: each time reads every lane.
const INVESTIGATE_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// A picture of an incident that nobody waits for is drawn no more often than this: each one is three calls and a file.
const DRAW_EVERY: SignedDuration = SignedDuration::from_secs(15);

/// How many calls each channel has left, when each incident may be investigated and drawn again, and which jobs have to wait.
#[derive(Debug, Default)]
pub(super) struct Budget {
    channels: HashMap<String, Bucket>,
    investigated: HashMap<IncidentId, Timestamp>,
    drawn: HashMap<IncidentId, Timestamp>,
    not_before: HashMap<IntentId, Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    /// What is kept for answers to people.
    reserve: f64,
    filled_at: Timestamp,
    /// Slack itself asked to wait until then.
    not_before: Timestamp,
    failures: u32,
    turn: Turn,
}

/// Whose turn it is when both a card and lines wait for the same call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// A message that is shown or edited.
    Show,
    /// Lines in a thread.
    Tell,
}

/// Allows something about an incident once in `span`, or says when it may be again.
fn every(
    span: SignedDuration,
    last: &mut HashMap<IncidentId, Timestamp>,
    incident: IncidentId,
    now: Timestamp,
) -> Result<(), Timestamp> {
    if let Some(last) = last.get(&incident) {
        let free_at = last.saturating_add(span).unwrap_or(now);
        if now < free_at {
            return Err(free_at);
        }
    }
    last.insert(incident, now);
    // Incidents come and go; only the recent ones have to wait.
    last.retain(|_, last| now.duration_since(*last) < span);
    Ok(())
}

impl Budget {
    fn bucket(&mut self, channel: &str, now: Timestamp) -> &mut Bucket {
        let bucket = self.channels.entry(channel.to_owned()).or_insert(Bucket {
            tokens: BURST,
            reserve: RESERVE,
            filled_at: now,
            not_before: now,
            failures: 0,
            turn: Turn::Tell,
        });
        let passed = now.duration_since(bucket.filled_at).as_secs_f64();
        if passed > 0.0 {
            bucket.tokens = (bucket.tokens + passed / REFILL.as_secs_f64()).min(BURST);
            bucket.reserve = (bucket.reserve + passed / RESERVE_REFILL.as_secs_f64()).min(RESERVE);
            bucket.filled_at = now;
        }
        bucket
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
            Job::Investigate { .. }
            | Job::Draw { .. }
            | Job::AwaitPicture { .. }
            | Job::Weigh { .. }
            | Job::LookUp { .. }
            | Job::Act { .. }
            | Job::Review { .. }
            | Job::Postmortem { .. }
            | Job::Pin { .. }
            | Job::Home { .. } => Ok(()),
        }
    }

    /// A job has to be tried again, after so many seconds.
    pub(super) fn job_later(&mut self, id: IntentId, now: Timestamp, seconds: u64) {
        let span = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(60));
        self.not_before.insert(id, now.saturating_add(span).unwrap_or(now));
    }

    /// Takes one call from the channel's budget and says whose turn it is, or says when there is one.
    pub(super) fn take(&mut self, channel: &str, now: Timestamp) -> Result<Turn, Timestamp> {
        let bucket = self.bucket(channel, now);
        if now < bucket.not_before {
            return Err(bucket.not_before);
        }
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            bucket.turn = if bucket.turn == Turn::Show { Turn::Tell } else { Turn::Show };
            return Ok(bucket.turn);
        }
        let wait = SignedDuration::from_secs_f64((1.0 - bucket.tokens) * REFILL.as_secs_f64());
        // A millisecond more, so that rounding never wakes us a moment too early.
        Err(now.saturating_add(wait + SignedDuration::from_millis(1)).unwrap_or(now))
    }

    /// Takes one call for something that a person did, where need be from what is kept for that; or says when there is one.
    pub(super) fn take_for_person(&mut self, channel: &str, now: Timestamp) -> Result<(), Timestamp> {
        let bucket = self.bucket(channel, now);
        if now < bucket.not_before {
            return Err(bucket.not_before);
        }
        let kept = if bucket.tokens >= 1.0 { &mut bucket.tokens } else { &mut bucket.reserve };
        if *kept >= 1.0 {
            *kept -= 1.0;
            return Ok(());
        }
        let seconds = |missing: f64, refill: SignedDuration| missing * refill.as_secs_f64();
        let wait = seconds(1.0 - bucket.tokens, REFILL).min(seconds(1.0 - bucket.reserve, RESERVE_REFILL));
        let wait = SignedDuration::from_secs_f64(wait) + SignedDuration::from_millis(1);
        Err(now.saturating_add(wait).unwrap_or(now))
    }

    pub(super) fn wait(&mut self, channel: &str, now: Timestamp, seconds: u64) {
        let until = now.saturating_add(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(60))).unwrap_or(now);
        let bucket = self.bucket(channel, now);
        bucket.not_before = bucket.not_before.max(until);
    }

    pub(super) fn failed(&mut self, channel: &str, now: Timestamp) {
        let bucket = self.bucket(channel, now);
        let seconds = (FIRST_RETRY_S << bucket.failures.min(6)).min(60);
        bucket.failures += 1;
        self.wait(channel, now, seconds);
    }

    pub(super) fn succeeded(&mut self, channel: &str, now: Timestamp) {
        self.bucket(channel, now).failures = 0;
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

    proptest! {
        /// However eagerly it is asked, no minute sees more calls than are allowed.
        #[test]
        fn no_minute_sees_too_many(steps in proptest::collection::vec(0_i64..20_000, 1..400)) {
            let mut budget = Budget::default();
            let mut now = 0;
            let mut calls: Vec<i64> = Vec::new();
            for step in steps {
                now += step;
                while budget.take("C", at(now)).is_ok() {
                    calls.push(now);
                }
            }
            for (first, begin) in calls.iter().enumerate() {
                let within = calls[first..].iter().take_while(|call| **call < begin + 60_000).count();
                prop_assert!(within <= MOST, "{within} calls within a minute");
            }
        }

        /// The same with people in it, who get five more.
        #[test]
        fn people_get_five_more(steps in proptest::collection::vec((0_i64..9_000, any::<bool>()), 1..400)) {
            let mut budget = Budget::default();
            let mut now = 0;
            let mut calls: Vec<i64> = Vec::new();
            for (step, is_person) in steps {
                now += step;
                let mut takes = || {
                    let taken = if is_person { budget.take_for_person("C", at(now)).map(drop) } else { budget.take("C", at(now)).map(drop) };
                    taken.is_ok()
                };
                while takes() {
                    calls.push(now);
                }
            }
            for (first, begin) in calls.iter().enumerate() {
                let within = calls[first..].iter().take_while(|call| **call < begin + 60_000).count();
                prop_assert!(within <= MOST + 5, "{within} calls within a minute");
            }
        }

        /// Whoever is told to wait gets a call at that time, so nothing waits for ever.
        #[test]
        fn the_promised_time_is_kept(asks in 1..50_i64, seconds in 0_u64..120) {
            let mut budget = Budget::default();
            for _ in 0..asks {
                let _ = budget.take("C", at(0));
            }
            budget.wait("C", at(0), seconds);
            let mut now = at(0);
            for _ in 0..3 {
                match budget.take("C", now) {
                    Ok(_) => return Ok(()),
                    Err(free_at) => now = free_at,
                }
            }
            prop_assert!(false, "three promises were broken");
        }
    }

    #[test]
    fn one_channel_never_delays_another() {
        let mut budget = Budget::default();
        budget.wait("slow", at(0), 600);
        assert!(budget.take("slow", at(0)).is_err());
        assert!(budget.take("quick", at(0)).is_ok());
    }

    #[test]
    fn failures_wait_longer_each_time_and_are_forgotten() {
        let mut budget = Budget::default();
        let mut waits = Vec::new();
        let mut now = at(0);
        for _ in 0..9 {
            budget.failed("C", now);
            let free_at = budget.take("C", now).unwrap_err();
            waits.push(free_at.duration_since(now).as_secs());
            now = free_at;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        budget.succeeded("C", now);
        budget.failed("C", now);
        assert_eq!(budget.take("C", now).unwrap_err().duration_since(now).as_secs(), 1);
    }
}

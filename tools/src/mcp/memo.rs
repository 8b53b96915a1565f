//! What a tool that only reads answered just now, for whoever asks the same again: models do, and each look at the world costs.

use rmcp::model::CallToolResult;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// So many answers are kept, the newest.
const KEPT: usize = 32;

/// So many seconds an answer about the present counts.
const FRESH_S: i64 = 5;

/// What was asked.
type Key = [u8; 32];

type Cell = Arc<OnceCell<Arc<CallToolResult>>>;

/// Answers of one desk.
#[derive(Clone, Debug, Default)]
pub(super) struct Memo(Arc<Mutex<VecDeque<(Key, Cell)>>>);

/// The key of a call. `now` is the moment it is about, where whoever asks did not name one: calls of the same few seconds are
/// one. What belongs to the incident is among the arguments, so that a new alarm is another question.
pub(super) fn key(tool: &str, arguments: &mut Value, now: Option<i64>) -> Key {
    let exact = now.and_then(|_| arguments.get_mut("now").map(Value::take));
    let mut digest = Sha256::new();
    digest.update(tool);
    digest.update([0]);
    digest.update(now.map_or(0, |seconds| seconds.div_euclid(FRESH_S)).to_be_bytes());
    digest.update(arguments.to_string());
    if let (Some(exact), Some(place)) = (exact, arguments.get_mut("now")) {
        *place = exact;
    }
    digest.finalize().into()
}

impl Memo {
    /// The answer to what was asked, from whoever asked first. What went wrong is tried anew by the next one.
    ///
    /// # Errors
    /// What `work` says.
    pub(super) async fn answer<E>(
        &self,
        key: Key,
        work: impl Future<Output = Result<CallToolResult, E>>,
    ) -> Result<CallToolResult, E> {
        let cell = self.cell(key);
        let answer = cell.get_or_try_init(async || work.await.map(Arc::new)).await?;
        Ok((**answer).clone())
    }

    fn cell(&self, key: Key) -> Cell {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cell)) = kept.iter().find(|(other, _)| *other == key) {
            return Arc::clone(cell);
        }
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        let cell = Cell::default();
        kept.push_back((key, Arc::clone(&cell)));
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn asked(now: &str, alarms: &[&str]) -> Value {
        json!({"alarms": alarms, "now": now})
    }

    #[test]
    fn the_same_question_within_a_few_seconds_is_one() {
        #[track_caller]
        fn check(one: &(&str, Value, Option<i64>), other: &(&str, Value, Option<i64>), same: bool) {
            let key = |(tool, before, now): &(&str, Value, Option<i64>)| {
                let mut arguments = before.clone();
                let key = key(tool, &mut arguments, *now);
                assert_eq!(arguments, *before, "looked at, and left as it was");
                key
            };
            assert_eq!(key(one) == key(other), same, "{one:?} {other:?}");
        }
        let at = |second: i64, alarms: &[&str]| ("t", asked(&second.to_string(), alarms), Some(second));
        check(&at(100, &["a"]), &at(104, &["a"]), true);
        check(&at(100, &["a"]), &at(105, &["a"]), false);
        check(&at(100, &["a"]), &at(101, &["a", "b"]), false);
        check(&at(100, &["a"]), &("u", asked("100", &["a"]), Some(100)), false);
        // Whoever names the moment means that one.
        check(&("t", asked("100", &[]), None), &("t", asked("101", &[]), None), false);
        check(&("t", asked("100", &[]), None), &("t", asked("100", &[]), None), true);
    }

    #[tokio::test]
    async fn only_the_first_one_works_and_failures_are_tried_anew() {
        let (memo, worked) = (Memo::default(), AtomicUsize::new(0));
        let work = async |fails: bool| {
            worked.fetch_add(1, Ordering::Relaxed);
            if fails { Err("no") } else { Ok(CallToolResult::success(Vec::new())) }
        };
        let key = [7; 32];
        assert!(memo.answer(key, work(true)).await.is_err());
        let (one, other) = tokio::join!(memo.answer(key, work(false)), memo.answer(key, work(false)));
        assert_eq!(one, other);
        assert_eq!(worked.load(Ordering::Relaxed), 2);
        for number in 0..KEPT {
            memo.answer([u8::try_from(number).unwrap() + 8; 32], work(false)).await.unwrap();
        }
        memo.answer(key, work(false)).await.unwrap();
        assert_eq!(worked.load(Ordering::Relaxed), 3 + KEPT, "the oldest one was let go");
    }
}

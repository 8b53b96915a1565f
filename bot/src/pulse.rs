//! Wakes the workers of one process, and knows when they have nothing left to do.

use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// Wakes the workers, and knows when they have nothing left to do.
#[derive(Debug)]
pub struct Pulse {
    beats: watch::Sender<u64>,
    idle: [watch::Sender<u64>; 2],
    /// Whether the sender has something left that it may not send yet.
    waiting: AtomicBool,
}

/// Who works.
#[derive(Clone, Copy, Debug)]
pub enum Worker {
    /// Inbox → facts.
    Dispatcher = 0,
    /// Outbox → Slack.
    Sender = 1,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            beats: watch::Sender::new(1),
            idle: [watch::Sender::new(0), watch::Sender::new(0)],
            waiting: AtomicBool::new(false),
        }
    }
}

impl Pulse {
    /// Something may have to be done.
    pub fn beat(&self) {
        self.beats.send_modify(|beats| *beats += 1);
    }

    /// The sender says whether it has something left that it may not send yet.
    pub(crate) fn wait_for_more(&self, waiting: bool) {
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    /// Whether something is left that may not be sent yet. Ask when everything has settled.
    pub fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The beat a worker answers by looking for work.
    pub(crate) fn current(&self) -> u64 {
        *self.beats.borrow()
    }

    /// Returns at the next beat, for a worker that still has something under way.
    pub(crate) async fn next(&self, beat: u64) {
        let mut beats = self.beats.subscribe();
        // The sender lives in `self`: it cannot be gone.
        let _ = beats.wait_for(|beats| *beats > beat).await;
    }

    /// `worker` found nothing more to do since `beat`. Returns at the next beat.
    pub(crate) async fn rest(&self, worker: Worker, beat: u64) {
        self.idle[worker as usize].send_replace(beat);
        self.next(beat).await;
    }

    /// Returns once everything that has come in so far is done, as far as it can be done now.
    pub async fn settled(&self) {
        loop {
            let beat = self.current();
            for idle in &self.idle {
                let _ = idle.subscribe().wait_for(|idle| *idle >= beat).await;
            }
            if self.current() == beat {
                return;
            }
        }
    }
}

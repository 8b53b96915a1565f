//! The time of a story.

use crate::ports::Clock;
use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

/// A clock that moves only when it is told to. Whoever waits on it wakes when the story gets there.
#[derive(Debug)]
pub struct ModelClock {
    now: watch::Sender<Timestamp>,
}

impl ModelClock {
    /// A clock that stands at `start`.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { now: watch::Sender::new(start) }
    }

    /// Moves the clock forward to `at`; it never goes back.
    pub fn advance_to(&self, at: Timestamp) {
        self.now.send_if_modified(|now| {
            let forward = at > *now;
            if forward {
                *now = at;
            }
            forward
        });
    }
}

#[async_trait]
impl Clock for ModelClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn wait_until(&self, at: Timestamp) {
        let mut now = self.now.subscribe();
        // The sender lives in `self`, which is borrowed here: it cannot be gone.
        let _ = now.wait_for(|now| *now >= at).await;
    }
}

//! The clock of the machine.

use async_trait::async_trait;
use jiff::Timestamp;
use tools::ports::Clock;

/// The one place that reads the machine's time.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    async fn wait_until(&self, at: Timestamp) {
        let wait = at.duration_since(self.now());
        tokio::time::sleep(wait.try_into().unwrap_or_default()).await;
    }
}

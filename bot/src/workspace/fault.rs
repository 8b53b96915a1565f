//! Misbehaviour on demand: what Slack does on a bad day.

/// What Slack does on a bad day, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The next call of this method is answered with 429.
    Limit {
        /// The method, `chat.postMessage`.
        method: String,
        /// What `Retry-After` says.
        after_s: u64,
    },
    /// The next call of this method is answered with `ok: false`.
    Refuse {
        /// The method.
        method: String,
        /// The error's name.
        error: String,
    },
    /// The next call of this method has its effect, but its answer is lost.
    LoseAnswer {
        /// The method.
        method: String,
    },
    /// The next event is delivered this many times more, although the first was answered.
    RepeatEvent {
        /// How often.
        times: u32,
    },
    /// The next file that is completed takes this long to be processed.
    SlowFile {
        /// Seconds of the story; `None`: for ever.
        after_s: Option<u32>,
    },
}

/// The faults that are still to come, in order.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// The next fault of a Web API method.
    pub(super) fn of_method(&mut self, called: &str) -> Option<Fault> {
        let at = self.0.iter().position(|fault| match fault {
            Fault::Limit { method, .. } | Fault::Refuse { method, .. } | Fault::LoseAnswer { method } => {
                method == called
            }
            Fault::RepeatEvent { .. } | Fault::SlowFile { .. } => false,
        })?;
        Some(self.0.remove(at))
    }

    /// How often the next event is repeated.
    pub(super) fn repeats(&mut self) -> u32 {
        let found = self.take(|fault| match fault {
            Fault::RepeatEvent { times } => Some(*times),
            Fault::Limit { .. } | Fault::Refuse { .. } | Fault::LoseAnswer { .. } | Fault::SlowFile { .. } => None,
        });
        found.unwrap_or(0)
    }

    /// How many seconds the next file takes to be processed; `None`: for ever.
    pub(super) fn seconds_of_next_file(&mut self, usual: u32) -> Option<u32> {
        let found = self.take(|fault| match fault {
            Fault::SlowFile { after_s } => Some(*after_s),
            Fault::Limit { .. } | Fault::Refuse { .. } | Fault::LoseAnswer { .. } | Fault::RepeatEvent { .. } => None,
        });
        found.unwrap_or(Some(usual))
    }

    fn take<T>(&mut self, wanted: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let (at, found) = self.0.iter().enumerate().find_map(|(at, fault)| Some((at, wanted(fault)?)))?;
        self.0.remove(at);
        Some(found)
    }
}

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
            Fault::RepeatEvent { .. } => false,
        })?;
        Some(self.0.remove(at))
    }

    /// How often the next event is repeated.
    pub(super) fn repeats(&mut self) -> u32 {
        let at = self.0.iter().position(|fault| matches!(fault, Fault::RepeatEvent { .. }));
        match at.map(|at| self.0.remove(at)) {
            Some(Fault::RepeatEvent { times }) => times,
            Some(Fault::Limit { .. } | Fault::Refuse { .. } | Fault::LoseAnswer { .. }) | None => 0,
        }
    }
}

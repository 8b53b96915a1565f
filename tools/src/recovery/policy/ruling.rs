//! What a policy answers, in words.

use super::{Act, PolicyName, Standing};
use std::fmt;

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Yes.
    Allowed {
        /// How many distinct people other than the requester must have approved before the plan is executed. 0 for every
        /// act but [`Act::Execute`].
        approvals: u8,
        /// Which policies permit it, in the order of their text.
        by: Vec<PolicyName>,
    },
    /// No.
    Denied {
        /// Why not.
        why: Denial,
    },
}

/// Why somebody may not do something. Its `Display` is a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// They are no member of the workspace; no policy is asked.
    NotAMember {
        /// What they are instead.
        standing: Standing,
    },
    /// They asked for the plan themselves; no policy is asked.
    OwnPlan,
    /// Policies forbid it, and whatever permits it does not matter.
    Forbidden {
        /// Which, in the order of their text; at least one.
        by: Vec<Decider>,
    },
    /// No policy permits it.
    NobodyPermits {
        /// What they wanted to do.
        act: Act,
    },
    /// A policy failed on this plan. What it would have said is not known, so nobody is allowed anything.
    Broken {
        /// Which.
        name: PolicyName,
        /// What Cedar says.
        problem: String,
    },
    /// The question itself cannot be put to Cedar.
    Unanswerable {
        /// What Cedar says.
        problem: String,
    },
}

/// A policy that decided, and the sentence it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decider {
    /// Its name.
    pub name: PolicyName,
    /// Its `@because`.
    pub because: Option<String>,
}

impl fmt::Display for Decider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.because {
            Some(because) => write!(f, "{because} (policy {})", self.name),
            None => write!(f, "policy {}", self.name),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAMember { standing: Standing::Member } => {
                f.write_str("only members of this workspace decide about plans")
            }
            Self::NotAMember { standing: Standing::Guest } => {
                f.write_str("a guest decides nothing about plans, only members of this workspace do")
            }
            Self::NotAMember { standing: Standing::Deactivated } => {
                f.write_str("this account is deactivated, and only members of this workspace decide about plans")
            }
            Self::NotAMember { standing: Standing::Stranger } => {
                f.write_str("somebody from outside this workspace decides nothing about its plans, only its members do")
            }
            Self::OwnPlan => f.write_str("whoever asked for a plan cannot approve it"),
            Self::Forbidden { by } => {
                let told: Vec<String> = by.iter().map(ToString::to_string).collect();
                write!(f, "it is forbidden: {}", told.join("; "))
            }
            Self::NobodyPermits { act } => write!(f, "no policy permits this person to {act} this plan"),
            Self::Broken { name, problem } => {
                write!(f, "the policy {name} fails on this plan, which counts as a no: {problem}")
            }
            Self::Unanswerable { problem } => {
                write!(f, "the policy cannot be asked about this plan, which counts as a no: {problem}")
            }
        }
    }
}

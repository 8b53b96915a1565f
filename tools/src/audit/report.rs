//! What an audit found, in words.

use crate::model::IncidentId;
use jiff::Timestamp;
use std::fmt;

/// What came of an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Every incident of which a fact or an anchor was there, by number.
    pub incidents: Vec<Checked>,
    /// Lines that are no lines of ours: where, and what is wrong with them.
    pub unreadable: Vec<String>,
    /// Anchors that this key did not sign, or that were changed afterwards: of which incident, at which fact.
    pub forged: Vec<(IncidentId, u64)>,
    /// Anchors that nobody could check, because there was no key.
    pub unchecked: usize,
}

/// What is known of one incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The incident.
    pub incident: IncidentId,
    /// Its facts from 1 to this one follow each other and contradict no anchor; 0 for none.
    pub sound_to: u64,
    /// Of those, the facts that an anchor of ours vouches for, from 1 on, and when it was signed.
    pub signed: Option<(u64, Timestamp)>,
    /// What is wrong with the fact after the last sound one; none if that is the end.
    pub fault: Option<Fault>,
}

/// What is wrong, at the first place where something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The first fact that cannot be relied upon: the one after the last sound one.
    pub version: u64,
    /// What is wrong there.
    pub found: Found,
    /// The facts behind it that can be relied upon all the same, first and last: they follow each other up to an anchor.
    pub but: Option<(u64, u64)>,
}

/// What can be wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is not as it was written.
    Edited,
    /// Here stands a fact of another incident, which follows there.
    Foreign {
        /// The other incident.
        from: IncidentId,
        /// Its fact.
        fact: u64,
    },
    /// Facts are missing, from this one to that one.
    Missing {
        /// The last of them; the first is the fault's version.
        to: u64,
    },
    /// Facts at the end are missing: an anchor vouches for that many.
    Truncated {
        /// The version that was signed.
        signed: u64,
        /// When.
        at: Timestamp,
    },
    /// The facts stand in another order: here stands another one, and this one comes later.
    Misplaced {
        /// The fact that stands here.
        instead: u64,
    },
    /// A fact that was there already stands here again.
    Twice {
        /// Which.
        again: u64,
    },
    /// The facts follow each other but an anchor says otherwise: this one or a later one was written anew, with all after it.
    Rewritten {
        /// The anchor that does not fit.
        anchor: u64,
    },
}

impl Report {
    /// Whether there was nothing to look at.
    pub fn is_empty(&self) -> bool {
        self.incidents.is_empty() && self.unreadable.is_empty() && self.forged.is_empty()
    }

    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.unreadable.is_empty() && self.forged.is_empty() && self.incidents.iter().all(|each| each.fault.is_none())
    }
}

/// `fact 4`, or `facts 4–9`.
fn facts(from: u64, to: u64) -> String {
    if from == to { format!("fact {from}") } else { format!("facts {from}–{to}") }
}

fn verb(from: u64, to: u64, one: &'static str, many: &'static str) -> &'static str {
    if from == to { one } else { many }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.version;
        match &self.found {
            Found::Edited => write!(f, "fact {version} is not as it was written: its link does not follow")?,
            Found::Foreign { from, fact } => {
                write!(f, "where fact {version} belongs stands fact {fact} of {from}")?;
            }
            Found::Missing { to } => {
                write!(f, "{} {} missing", facts(version, *to), verb(version, *to, "is", "are"))?;
            }
            Found::Truncated { signed, at } => write!(
                f,
                "{} {} missing at the end: an anchor of {at} vouches for fact {signed}",
                facts(version, *signed),
                verb(version, *signed, "is", "are")
            )?,
            Found::Misplaced { instead } => {
                write!(f, "the order was changed: where fact {version} belongs stands fact {instead}")?;
            }
            Found::Twice { again } => write!(f, "where fact {version} belongs stands fact {again} again")?,
            Found::Rewritten { anchor } => write!(
                f,
                "{} {} written anew: the links follow, but fact {anchor} is not the one that was signed",
                facts(version, *anchor),
                verb(version, *anchor, "was", "or some of them were")
            )?,
        }
        write!(f, "; from fact {version} on nothing can be promised")?;
        match self.but {
            Some((from, to)) => write!(f, " but {}, which an anchor vouches for", facts(from, to)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { incident, sound_to, signed, fault } = self;
        let signed_to = signed.map_or(0, |(version, _)| version);
        write!(f, "{incident}: ")?;
        let mut parts = Vec::new();
        if let Some((version, at)) = signed {
            let verb = verb(1, *version, "is as it was", "are as they were");
            parts.push(format!("{} {verb} written (anchored at {at})", facts(1, *version)));
        }
        if *sound_to > signed_to {
            let (from, to) = (signed_to + 1, *sound_to);
            let verb = verb(from, to, "follows", "follow");
            let after = if signed_to == 0 { "" } else { "after the last anchor " };
            parts.push(format!("{after}{} {verb} the chain, but nobody signed {}", facts(from, to), them(from, to)));
        }
        parts.extend(fault.as_ref().map(ToString::to_string));
        write!(f, "{}.", parts.join("; "))
    }
}

fn them(from: u64, to: u64) -> &'static str {
    verb(from, to, "it", "them")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for checked in &self.incidents {
            writeln!(f, "{checked}")?;
        }
        for line in &self.unreadable {
            writeln!(f, "{line}")?;
        }
        for (incident, version) in &self.forged {
            writeln!(
                f,
                "An anchor of {incident} at fact {version} proves nothing: it was changed, or signed with another key."
            )?;
        }
        if self.unchecked > 0 {
            writeln!(
                f,
                "{} not checked, because there is no key: who wrote the facts anew may have written anchors as well.",
                if self.unchecked == 1 {
                    "One anchor was".to_owned()
                } else {
                    format!("{} anchors were", self.unchecked)
                }
            )?;
        }
        let unsigned = |each: &Checked| each.sound_to > each.signed.map_or(0, |(version, _)| version);
        if self.incidents.iter().any(unsigned) {
            writeln!(f, "What nobody signed could have been written anew, and cut off at its end, without a trace.")?;
        }
        let bad = self.incidents.iter().filter(|each| each.fault.is_some()).count();
        let of = self.incidents.len();
        let incidents = if of == 1 { "incident" } else { "incidents" };
        match (self.is_good(), bad) {
            (true, _) => write!(f, "Nothing is wrong in {of} {incidents}."),
            (false, 0) if of == 0 => write!(f, "Something is wrong."),
            (false, 0) => write!(f, "Something is wrong, though the facts of {of} {incidents} follow each other."),
            (false, _) => write!(f, "Something is wrong in {bad} of {of} {incidents}."),
        }
    }
}

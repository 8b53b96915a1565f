//! From lines to what can be relied upon: one pass over the records, then the anchors, then the first fault of each
//! incident is named. All of it is linear in the lines but for that last step, which looks through the incidents once for
//! each one that has a fault.

use super::{Anchor, Checked, Fault, Found, Line, Report, Signer, Written, to_text};
use crate::model::{IncidentId, Link};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Reads an export, line by line, in the order in which it stands there.
#[derive(Debug, Default)]
pub struct Verifier {
    chains: BTreeMap<IncidentId, Chain>,
    anchors: Vec<Anchor>,
    unreadable: Vec<String>,
    only: Option<IncidentId>,
}

/// The facts of one incident so far.
#[derive(Debug, Default)]
struct Chain {
    /// The links of the sound facts, 1 first.
    links: Vec<Link>,
    /// The first record that is not sound.
    broken: Option<Broken>,
    /// Versions that came after it.
    later: BTreeSet<u64>,
    /// The last records after it that follow each other: the version of the first, and the link of each. The first one's
    /// own fact is in doubt; its link is not, if an anchor vouches for one of the others.
    run: Option<(u64, Vec<Link>)>,
}

/// A record that does not follow, kept to find out what became of it.
#[derive(Debug)]
struct Broken {
    version: u64,
    at: Timestamp,
    fact: String,
    link: Link,
}

impl Verifier {
    /// Looks at every incident, or at just one; lines of others are passed over.
    pub fn new(only: Option<IncidentId>) -> Self {
        Self { only, ..Self::default() }
    }

    /// Takes the next line, without its end. `place` is how it is called if it cannot be read: `line 7 of facts.jsonl`.
    pub fn take(&mut self, line: &[u8], place: &str) {
        match read(line) {
            Ok(Line::Record(written)) => self.take_record(&written),
            Ok(Line::Anchor(anchor)) if self.wants(anchor.incident) => self.anchors.push(anchor),
            Ok(Line::Anchor(_)) => {}
            Err(problem) => self.is_unreadable(format!("{place} cannot be relied upon: {problem}.")),
        }
    }

    /// Something was there that cannot be read: a sentence that says where.
    pub fn is_unreadable(&mut self, sentence: String) {
        self.unreadable.push(sentence);
    }

    /// An incident exists, whether or not facts of it come: without any, they are missing.
    pub fn expect(&mut self, incident: IncidentId) {
        if self.wants(incident) {
            self.chains.entry(incident).or_default();
        }
    }

    fn wants(&self, incident: IncidentId) -> bool {
        self.only.is_none_or(|only| only == incident)
    }

    fn take_record(&mut self, written: &Written<'_>) {
        if !self.wants(written.incident) {
            return;
        }
        let Written { incident, version, at, fact, link } = written;
        let chain = self.chains.entry(*incident).or_default();
        if chain.broken.is_some() {
            chain.later.insert(*version);
            chain.go_on(written);
            return;
        }
        let follows = *version == chain.next() && chain.head(*incident).then(*version, *at, fact.get()) == *link;
        if follows {
            chain.links.push(*link);
        } else {
            let fact = fact.get().to_owned();
            chain.broken = Some(Broken { version: *version, at: *at, fact, link: *link });
            chain.run = Some((*version, vec![*link]));
        }
    }

    /// What was found. Without a signer, anchors are compared but cannot be relied upon.
    pub fn report(mut self, signer: Option<&Signer>) -> Report {
        let (mut forged, mut unchecked) = (Vec::new(), 0);
        let mut anchors: BTreeMap<IncidentId, BTreeMap<u64, Vec<Anchor>>> = BTreeMap::new();
        for anchor in std::mem::take(&mut self.anchors) {
            match signer {
                Some(signer) if !signer.knows(&anchor) => {
                    forged.push((anchor.incident, anchor.version));
                    continue;
                }
                Some(_) => {}
                None => unchecked += 1,
            }
            self.chains.entry(anchor.incident).or_default();
            anchors.entry(anchor.incident).or_default().entry(anchor.version).or_default().push(anchor);
        }
        let none = BTreeMap::new();
        let incidents = self.chains.iter().map(|(incident, chain)| {
            let anchors = anchors.get(incident).unwrap_or(&none);
            self.check(*incident, chain, anchors, signer.is_some())
        });
        Report { incidents: incidents.collect(), unreadable: self.unreadable.clone(), forged, unchecked }
    }

    fn check(
        &self,
        incident: IncidentId,
        chain: &Chain,
        anchors: &BTreeMap<u64, Vec<Anchor>>,
        is_signed: bool,
    ) -> Checked {
        let end = chain.links.len() as u64;
        let mut signed = None;
        let mut rewritten = None;
        for anchor in anchors.range(..=end).flat_map(|(_, same)| same) {
            if chain.link(incident, anchor.version) == Some(anchor.link) {
                // The first to vouch for a fact is the one that says most.
                let is_further = signed.is_none_or(|(version, _)| anchor.version > version);
                signed = if is_further { Some((anchor.version, anchor.at)) } else { signed };
            } else {
                rewritten = Some(anchor.version);
                break;
            }
        }
        let (sound_to, found) = if let Some(anchor) = rewritten {
            (signed.map_or(0, |(version, _)| version), Some(Found::Rewritten { anchor }))
        } else if let Some(broken) = &chain.broken {
            (end, Some(self.diagnose(incident, chain, broken)))
        } else if let Some(last) =
            anchors.last_key_value().and_then(|(_, same)| same.first()).filter(|last| last.version > end)
        {
            (end, Some(Found::Truncated { signed: last.version, at: last.at }))
        } else if end == 0 {
            // It was expected, and there is nothing: not even the fact that opens it.
            (0, Some(Found::Missing { to: 1 }))
        } else {
            (end, None)
        };
        let signed = signed.filter(|(version, _)| is_signed && *version > 0);
        let but = chain.vouched_for(anchors).filter(|_| is_signed && rewritten.is_none());
        Checked { incident, sound_to, signed, fault: found.map(|found| Fault { version: sound_to + 1, found, but }) }
    }

    /// What became of the first record that does not follow.
    fn diagnose(&self, incident: IncidentId, chain: &Chain, broken: &Broken) -> Found {
        let follows = |before: Link| before.then(broken.version, broken.at, &broken.fact) == broken.link;
        let home = self.chains.iter().find(|(other, chain)| {
            let before = broken.version.checked_sub(1).and_then(|before| chain.link(**other, before));
            **other != incident && before.is_some_and(follows)
        });
        if let Some((from, _)) = home {
            return Found::Foreign { from: *from, fact: broken.version };
        }
        let wanted = chain.next();
        if broken.version == wanted {
            return Found::Edited;
        }
        if broken.version < wanted {
            return Found::Twice { again: broken.version };
        }
        if chain.later.contains(&wanted) {
            return Found::Misplaced { instead: broken.version };
        }
        let next = chain.later.range(wanted..).next().copied().unwrap_or(broken.version).min(broken.version);
        Found::Missing { to: next - 1 }
    }
}

impl Chain {
    /// The version that comes next.
    fn next(&self) -> u64 {
        self.links.len() as u64 + 1
    }

    /// Takes a record behind the first fault.
    fn go_on(&mut self, written: &Written<'_>) {
        let Written { incident: _, version, at, fact, link } = written;
        if let Some((first, links)) = &mut self.run
            && first.checked_add(links.len() as u64) == Some(*version)
            && links.last().is_some_and(|before| before.then(*version, *at, fact.get()) == *link)
        {
            links.push(*link);
        } else {
            self.run = Some((*version, vec![*link]));
        }
    }

    /// The facts behind the first fault for which an anchor vouches, first and last.
    fn vouched_for(&self, anchors: &BTreeMap<u64, Vec<Anchor>>) -> Option<(u64, u64)> {
        let (first, links) = self.run.as_ref()?;
        let vouched = anchors.range((Bound::Excluded(*first), Bound::Unbounded)).rev().flat_map(|(_, same)| same).find(
            |anchor| {
                let index = usize::try_from(anchor.version - first).ok();
                index.and_then(|index| links.get(index)) == Some(&anchor.link)
            },
        );
        vouched.map(|anchor| (first.saturating_add(1), anchor.version))
    }

    fn head(&self, incident: IncidentId) -> Link {
        self.links.last().copied().unwrap_or_else(|| Link::before_all(incident))
    }

    /// The link of a sound fact; that of fact 0 is what the first one links to.
    fn link(&self, incident: IncidentId, version: u64) -> Option<Link> {
        match usize::try_from(version).ok()?.checked_sub(1) {
            None => Some(Link::before_all(incident)),
            Some(index) => self.links.get(index).copied(),
        }
    }
}

/// Reads a line. Only the line that this program would write is one: no other spelling of the same values is.
fn read(line: &[u8]) -> Result<Line<'_>, String> {
    let text = std::str::from_utf8(line).map_err(|_| "it is no text".to_owned())?;
    let read: Line<'_> = serde_json::from_str(text).map_err(|err| format!("it is no line of an export ({err})"))?;
    if to_text(&read) == text {
        Ok(read)
    } else {
        Err("it is not written as `clarity audit export` writes it".to_owned())
    }
}

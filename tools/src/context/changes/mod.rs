//! Which change is guilty, or that none is. A change near an onset is innocent more often than not, so a change has to earn
//! its guilt: by what it does, and that this leads to what is seen.
//!
//! The likelihood is a logistic sum of weights, each with a reason that can be told:
//!
//! - *Mechanism*, the heaviest: what the diff does ([`effect`]), and whether that leads to the trouble that is seen
//!   ([`trouble`]). A diff that cannot change what runs, or says the same in other words, makes innocent.
//! - *Words*: what the failing signature ([`signature`]) and the diff both speak of, by TF-IDF (Spärck Jones 1972) over all
//!   changes, so that what every change says weighs nothing.
//! - *Place*: on the cause, on an alarmed service, on what the cause calls, or elsewhere.
//! - *Time*: before the onset, decaying slowly, since much takes minutes to hours to show; hardly after it.
//! - *Outside*: signs of a reason that no change explains (a surge of traffic, an expired certificate, a busy machine, one
//!   bad record) speak against every change.
//!
//! *No change is guilty* is the answer unless one is more likely than not and stands out of the others.

mod code;
mod diff;
mod effect;
mod rewrite;
mod safeguard;
pub(super) mod signature;
#[cfg(test)]
mod tests;
mod trouble;
mod wording;

use super::Situation;
use super::estate::Estate;
use crate::model::{Change, ChangeKind, Reason, ServiceId, minutes};
use code::stems;
use effect::{Effect, Effects};
use jiff::{SignedDuration, Timestamp};
use signature::{Signature, Symptoms, is_compound, is_telling, names};
use std::collections::{BTreeMap, BTreeSet};

/// A change on the cause this long before its onset is worth a look by itself.
const RECENT: SignedDuration = minutes(60);

/// Who is weighed closely, at most; of more the nearest in time.
const MOST_READ: usize = 200;

/// Before anything is known of a change: about one in twenty near an onset is guilty.
const BASE: f64 = -3.0;

/// What the strongest mechanism, leading to exactly what is seen, adds.
const MECHANISM: f64 = 4.2;

/// What many telling words in common add.
const WORDS: f64 = 1.5;

/// What a certain reason outside takes away.
const OUTSIDE: f64 = 2.2;

/// What a change that cannot break anything loses.
const HARMLESS: f64 = 3.0;

/// A change is guilty from this likelihood on: more likely than not.
const GUILTY: f64 = 0.5;

/// So much further than the next one, in log-odds: twice as likely.
const MARGIN: f64 = 0.7;

/// What changes are measured against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    /// The blamed service.
    pub(super) cause: Option<usize>,
    /// When it began to suffer.
    pub(super) onset: Timestamp,
    /// How exactly that is known: the length of a row.
    pub(super) blur: SignedDuration,
}

impl Scene {
    /// Whether `change` came first, as far as can be told.
    fn precedes(&self, change: &Change) -> bool {
        change.at <= self.onset.saturating_add(self.blur).unwrap_or(self.onset)
    }

    /// Whether `change` should be reviewed whatever it does: on the cause, shortly before its onset.
    pub(super) fn suggests(&self, estate: &Estate<'_>, change: &Change) -> bool {
        self.cause.is_some()
            && estate.node(&change.service) == self.cause
            && self.precedes(change)
            && self.onset.duration_since(change.at) <= RECENT
    }
}

/// One change, weighed.
#[derive(Clone, Debug)]
pub(super) struct Weighed<'a> {
    pub(super) change: &'a Change,
    /// 0–1.
    pub(super) likelihood: f64,
    /// The weightiest first.
    pub(super) reasons: Vec<Reason>,
    odds: f64,
}

/// The changes that took effect by now, most suspicious first, and whether the first of them is guilty.
#[derive(Clone, Debug, Default)]
pub(super) struct Weighing<'a> {
    pub(super) weighed: Vec<Weighed<'a>>,
    pub(super) guilty: bool,
}

/// Where a change lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Cause,
    Alarmed,
    Behind,
    Elsewhere,
}

/// Weighs every change of `situation`.
pub(super) fn weigh<'a>(
    estate: &Estate<'_>,
    situation: &'a Situation,
    signature: &Signature,
    scene: Scene,
) -> Weighing<'a> {
    let mut changes: Vec<&Change> =
        situation.changes.iter().filter(|change| change.error_code.is_none() && change.at <= situation.now).collect();
    // The text settles what nothing else does: the same changes in another order weigh the same.
    changes.sort_by_cached_key(|change| {
        let apart = change.at.duration_since(scene.onset).abs();
        (apart, change.at, change.service.clone(), serde_json::to_string(change).unwrap_or_default())
    });
    changes.dedup();
    let near = near(estate, scene);
    let symptoms = signature.symptoms(situation, &near);
    let read: Vec<Read> = changes.iter().take(MOST_READ).map(|change| Read::of(change)).collect();
    let rarity = Rarity::of(&read);
    let behind = scene.cause.map(|cause| estate.reach(&[cause], true));
    let onset = Onset::of(estate, signature, scene, &near, behind.as_deref());
    let mut weighed: Vec<(Place, Weighed<'_>)> = Vec::with_capacity(changes.len());
    let unread = Read::default();
    for (at, &change) in changes.iter().enumerate() {
        let place = place(estate, scene, behind.as_deref(), change);
        let read = read.get(at).unwrap_or(&unread);
        let reasons = Sum::default().of(change, read, place, &onset, &symptoms, &rarity);
        weighed.push((place, reasons));
    }
    // Stable: of equal ones the nearest in time comes first.
    weighed.sort_by(|a, b| b.1.odds.total_cmp(&a.1.odds).then(a.0.cmp(&b.0)));
    let weighed: Vec<Weighed<'_>> = weighed.into_iter().map(|(_, weighed)| weighed).collect();
    // Something must be wrong, and be seen to be, before anybody is guilty of it.
    let seen = scene.cause.is_some()
        || !signature.moved.is_empty()
        || signature.patterns.iter().any(signature::Pattern::is_bad);
    let guilty = weighed.first().is_some_and(|first| {
        let next = weighed.iter().skip(1).map(|next| next.odds).next().unwrap_or(f64::MIN);
        seen && !near.is_empty()
            && first.likelihood >= GUILTY
            && first.odds - next >= MARGIN
            && first.change.at <= onset.latest
    });
    Weighing { weighed, guilty }
}

/// The cause and the alarmed services, under every name they have.
fn near<'e>(estate: &'e Estate<'_>, scene: Scene) -> BTreeSet<&'e ServiceId> {
    let nodes = estate.alarming.iter().map(|alarming| alarming.node).chain(scene.cause);
    nodes.flat_map(|node| estate.nodes[node].members.iter().map(|&member| &estate.members[member].id)).collect()
}

fn place(estate: &Estate<'_>, scene: Scene, behind: Option<&[bool]>, change: &Change) -> Place {
    let Some(node) = estate.node(&change.service) else { return Place::Elsewhere };
    match behind {
        _ if Some(node) == scene.cause => Place::Cause,
        Some(behind) if behind[node] => Place::Behind,
        None | Some(_) if estate.first_alarm(node).is_some() => Place::Alarmed,
        None | Some(_) => Place::Elsewhere,
    }
}

/// When it began, as far as anything tells.
#[derive(Clone, Copy, Debug)]
struct Onset {
    /// The earliest sign on the services near; nothing before it can be meant.
    first: Timestamp,
    /// Nothing after this can be guilty: the alarm had fired.
    latest: Timestamp,
    /// Whether a service is blamed.
    has_cause: bool,
}

impl Onset {
    fn of(
        estate: &Estate<'_>,
        signature: &Signature,
        scene: Scene,
        near: &BTreeSet<&ServiceId>,
        behind: Option<&[bool]>,
    ) -> Self {
        let latest = estate.began().unwrap_or(scene.onset);
        // Signs of the cause's own callers may be older by chance; only it and what it calls can have begun earlier.
        let counts = |service: &ServiceId| match behind {
            Some(behind) => estate.node(service).is_some_and(|node| behind[node]),
            None => near.contains(service),
        };
        let moved = signature.moved.iter().filter(|moved| counts(&moved.service)).map(|moved| moved.onset);
        let logged = signature.patterns.iter().filter(|it| counts(&it.service) && it.is_bad()).map(|it| it.first);
        let first = moved.chain(logged).min().map_or(scene.onset, |first| first.min(scene.onset));
        let exact = |at: Timestamp| at.saturating_add(scene.blur).unwrap_or(at);
        Self { first: exact(first), latest: exact(latest.max(scene.onset)), has_cause: scene.cause.is_some() }
    }
}

/// What was read of a change: what it does, and of what it speaks.
#[derive(Clone, Debug, Default)]
struct Read {
    effects: Effects,
    /// Whether there was a diff.
    has_diff: bool,
    /// Stems and whole names, with their weight.
    words: BTreeMap<String, f64>,
}

impl Read {
    fn of(change: &Change) -> Self {
        let mut read = Self::default();
        read.hear(&change.summary, 0.5);
        if let Some(commit) = &change.commit {
            read.hear(&commit.message, 0.5);
            for file in commit.files.iter().take(50) {
                read.hear(file, 0.5);
            }
            let diff = commit.diff.as_deref().filter(|diff| !diff.trim().is_empty());
            let files = diff.map(|diff| diff::parse(diff, &commit.files)).unwrap_or_default();
            for line in files.iter().flat_map(|file| &file.lines) {
                read.hear(&line.code, if line.sign == diff::Sign::Kept { 0.3 } else { 1.0 });
            }
            read.has_diff = !files.is_empty();
            read.effects = if read.has_diff { effect::effects(&files) } else { by_files(&commit.files) };
        }
        if !read.has_diff && read.effects.harmless.is_none() {
            read.effects.effects.extend(told_setting(&change.summary));
        }
        read
    }

    fn hear(&mut self, text: &str, weight: f64) {
        let text: String = text.chars().take(600).collect();
        for name in names(&text) {
            if is_compound(&name) {
                let place = self.words.entry(name.to_lowercase()).or_insert(0.0);
                *place = place.max(weight);
            }
            for stem in stems(&name).into_iter().filter(|stem| is_telling(stem)) {
                let place = self.words.entry(stem).or_insert(0.0);
                *place = place.max(weight);
            }
        }
    }
}

/// What is known of a commit without a diff: which files it touches.
fn by_files(files: &[String]) -> Effects {
    let quiet = |path: &String| {
        let kind = diff::FileKind::of(path);
        matches!(kind, diff::FileKind::Docs | diff::FileKind::Tests | diff::FileKind::Looks | diff::FileKind::Building)
    };
    let harmless = !files.is_empty() && files.iter().all(quiet);
    Effects { effects: Vec::new(), harmless: harmless.then_some("only documentation, tests, looks or how it is built") }
}

/// A summary that tells a value's way: `… rate 120 → 12 per second`, `memory from 512 to 256`.
fn told_setting(summary: &str) -> Option<Effect> {
    let text: String = summary.chars().take(600).collect();
    let words: Vec<&str> =
        text.split_whitespace().map(|word| word.trim_matches([',', ';', '(', ')', ':', '"', '“', '”'])).collect();
    words.windows(3).enumerate().find_map(|(at, three)| {
        let (from, to) = (code::number(three[0])?, code::number(three[2])?);
        if !matches!(three[1], "→" | "->" | "=>" | "to") {
            return None;
        }
        let (from, to) = (from.0 * from.1.unwrap_or(1.0), to.0 * to.1.unwrap_or(1.0));
        let key: Vec<String> = words[..at].iter().flat_map(|word| stems(word)).collect();
        let about = safeguard::About::of(&key);
        let factor = if from <= 0.0 || to <= 0.0 { 10.0 } else { (from / to).max(to / from) };
        let strength = match factor {
            ..1.3 => 0.1,
            ..2.0 => 0.3,
            ..5.0 => 0.6,
            _ => 0.8,
        };
        let how = format!("it sets a value from {} to {}", three[0], three[2]);
        Some(effect::effect(how, strength, about.leads_to(to < from, &key), key))
    })
}

/// How rare a word is among the changes.
struct Rarity {
    changes: f64,
    with: BTreeMap<String, f64>,
}

impl Rarity {
    fn of(read: &[Read]) -> Self {
        let mut with: BTreeMap<String, f64> = BTreeMap::new();
        for word in read.iter().flat_map(|read| read.words.keys()) {
            *with.entry(word.clone()).or_default() += 1.0;
        }
        Self { changes: read.len() as f64, with }
    }

    /// The inverse document frequency, smoothed.
    fn of_word(&self, word: &str) -> f64 {
        let with = self.with.get(word).copied().unwrap_or(0.0);
        ((self.changes + 1.0) / (with + 0.5)).ln().max(0.0)
    }
}

/// The sum of the weights, and the reasons by weight.
#[derive(Default)]
struct Sum {
    odds: f64,
    reasons: Vec<(f64, Reason)>,
}

/// Lines of a diff in which a whole word is looked for; where it is not found, its stem says enough.
const SEARCHED: usize = 400;

/// A word of the change with this stem, for people: its own words first, then those of its commit.
fn whole(change: &Change, stem: &str) -> String {
    let commit = change.commit.as_ref();
    let files = commit.into_iter().flat_map(|commit| commit.files.iter().map(String::as_str));
    let texts = [Some(change.summary.as_str()), commit.map(|commit| commit.message.as_str())].into_iter().flatten();
    let lines = commit.and_then(|commit| commit.diff.as_deref()).into_iter().flat_map(str::lines).take(SEARCHED);
    let mut words = texts.chain(files).chain(lines).flat_map(crate::words::of);
    words.find(|word| crate::words::stem(word) == stem).unwrap_or_else(|| stem.to_owned())
}

impl Sum {
    fn add(&mut self, weight: f64, reason: Reason) {
        self.odds += weight;
        self.reasons.push((weight.abs(), reason));
    }

    fn of<'a>(
        mut self,
        change: &'a Change,
        read: &Read,
        place: Place,
        onset: &Onset,
        symptoms: &Symptoms,
        rarity: &Rarity,
    ) -> Weighed<'a> {
        self.odds = BASE;
        self.mechanism(change, read, symptoms);
        self.words(change, read, symptoms, rarity);
        match place {
            Place::Cause => self.add(1.5, Reason::AtCause),
            Place::Behind => self.add(0.5, Reason::BehindCause),
            // Where a cause is known, an alarm elsewhere rather follows from it.
            Place::Alarmed => self.add(if onset.has_cause { 0.4 } else { 1.0 }, Reason::AtAlarm),
            Place::Elsewhere => self.add(-1.0, Reason::Elsewhere),
        }
        self.time(change, onset);
        if let Some((strength, what)) = symptoms.outside {
            self.add(-OUTSIDE * strength, Reason::Outside { what: what.to_owned() });
        }
        self.reasons.sort_by(|a, b| b.0.total_cmp(&a.0));
        Weighed {
            change,
            likelihood: 1.0 / (1.0 + (-self.odds).exp()),
            reasons: self.reasons.into_iter().map(|(_, reason)| reason).collect(),
            odds: self.odds,
        }
    }

    fn mechanism(&mut self, change: &Change, read: &Read, symptoms: &Symptoms) {
        if let Some(what) = read.effects.harmless {
            self.add(-HARMLESS, Reason::Harmless { what: what.to_owned() });
            return;
        }
        let fit = |effect: &Effect| effect.leads_to.common(symptoms.troubles);
        let hit = |effect: &Effect| {
            let told: f64 = effect.about.iter().filter_map(|stem| symptoms.words.get(stem)).sum();
            told / (told + 2.0)
        };
        let worth = |effect: &Effect| {
            let share = match () {
                () if symptoms.troubles.is_empty() => 0.6,
                () if fit(effect).is_empty() => 0.4,
                () => 1.0,
            };
            // What is named where it fails explains it even where the sort of trouble does not.
            effect.strength * (share + (1.0 - share) * hit(effect)) + 0.3 * effect.strength * hit(effect)
        };
        let best = read.effects.effects.iter().max_by(|a, b| worth(a).total_cmp(&worth(b)).then(b.how.cmp(&a.how)));
        // Nothing is known of what it does, or only that it does something.
        let unknown = match change.kind {
            ChangeKind::Configuration => 0.15,
            ChangeKind::Deploy => 0.12,
            ChangeKind::Scaling => 0.08,
        };
        match best.filter(|best| worth(best) > unknown) {
            Some(best) => {
                let value = worth(best).min(1.0);
                self.add(MECHANISM * value, Reason::Does { what: best.how.clone() });
                let leads_to = fit(best).words();
                if let Some(first) = leads_to.first() {
                    self.add(0.0, Reason::LeadsTo { trouble: (*first).to_owned() });
                }
            }
            None => self.odds += MECHANISM * unknown,
        }
    }

    fn words(&mut self, change: &Change, read: &Read, symptoms: &Symptoms, rarity: &Rarity) {
        if read.effects.harmless.is_some() {
            return;
        }
        let mut shared: Vec<(f64, &str)> = symptoms
            .words
            .iter()
            .filter_map(|(word, weight)| Some((weight * read.words.get(word)? * rarity.of_word(word), word.as_str())))
            .filter(|(worth, _)| *worth > 0.0)
            .collect();
        shared.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let total: f64 = shared.iter().map(|(worth, _)| worth).sum();
        let value = 1.0 - (-total / 4.0).exp();
        if value > 0.1 {
            let words = shared.iter().take(4).map(|(_, stem)| whole(change, stem)).collect();
            self.add(WORDS * value, Reason::Words { words });
        }
    }

    fn time(&mut self, change: &Change, onset: &Onset) {
        let minutes = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64() / 60.0;
        let before = minutes(change.at, onset.first);
        if before >= 0.0 {
            let hours = before / 60.0;
            self.add(0.6 * (-before / 30.0).exp() - 0.15 * hours, Reason::Before { minutes: before });
        } else {
            let weight = if change.at <= onset.latest { -1.5 } else { -5.0 };
            self.add(weight, Reason::After { minutes: -before });
        }
    }
}

//! Signals as one story: in the order in which trouble began, each tied to an earlier one by a reason that can be told.
//! Works for any flow, and from alarms alone; the auth journey is the one whose stages it knows.

use super::Situation;
use super::auth::Journey;
use super::bottleneck::near;
use super::estate::Estate;
use super::ledger::{Ledger, moment};
use super::outlook;
use super::picture::Reading;
use super::verdict::{Look, look};
use crate::model::{
    Alarm, Change, Claim, EvidenceId, Gap, Happening, ServiceId, Source, Story, StoryEvent, StoryLink, Symptom, Tie,
    minutes,
};
use crate::ports::Outside;
use crate::tool::{Effect, Subject, Tool, ToolError, ToolSpec};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[cfg(test)]
mod tests;

/// More events are not told; each is compared with all before it.
const MOST_EVENTS: usize = 80;

/// More changes are not told.
const MOST_CHANGES: usize = 10;

/// Calls further apart tie nothing.
pub(super) const MOST_HOPS: usize = 3;

/// A search for calls stops after so many services.
const MOST_AROUND: usize = 500;

/// Events further apart are not tied, in seconds.
pub(super) const LONGEST_LAG_S: i64 = minutes(30).as_secs();

/// Where nothing but time ties two events, they are no further apart than this, in seconds.
const LONGEST_BARE_LAG_S: i64 = minutes(5).as_secs();

/// Five minutes of lag weigh as much as one step in the strength of ties.
const LAG_OF_A_STEP_S: f64 = 300.0;

/// Where an event comes from.
#[derive(Clone, Copy)]
enum Origin<'a> {
    Change(&'a Change),
    Onset(&'a Reading, Symptom),
    Alarm(&'a Alarm),
}

/// An event before it is told.
struct Event<'a> {
    at: Timestamp,
    node: Option<usize>,
    origin: Origin<'a>,
    /// Words of its alarm.
    words: BTreeSet<String>,
    /// Changes come before onsets, onsets before alarms of the same moment; then whoever is nearer to the cause.
    order: (usize, usize),
}

impl<'a> Event<'a> {
    fn alarm(&self) -> Option<&'a Alarm> {
        match self.origin {
            Origin::Alarm(alarm) => Some(alarm),
            Origin::Change(_) | Origin::Onset(..) => None,
        }
    }

    fn is_change(&self) -> bool {
        matches!(self.origin, Origin::Change(_))
    }

    fn what(&self) -> Happening {
        match self.origin {
            Origin::Change(change) => Happening::Change { kind: change.kind, summary: change.summary.clone() },
            Origin::Onset(_, symptom) => Happening::Onset { symptom },
            Origin::Alarm(alarm) => Happening::Alarm { name: alarm.name.clone(), state: alarm.state },
        }
    }

    /// Its claim.
    fn claim(&self, estate: &Estate<'_>, ledger: &mut Ledger<'_>) -> EvidenceId {
        match self.origin {
            Origin::Change(change) => ledger.change(change),
            Origin::Onset(reading, _) => ledger.onset(reading),
            Origin::Alarm(alarm) => {
                let query = || Source::Query(format!("DescribeAlarmHistory {}", alarm.name));
                let source = alarm.link.clone().map_or_else(query, Source::Link);
                let service = self.node.map(|node| estate.nodes[node].id.clone());
                let claim = Claim::Alarm { name: alarm.name.clone(), state: alarm.state, at: self.at, service };
                ledger.add(claim, source, moment(self.at))
            }
        }
    }
}

/// The story of a situation, of the whole of it or of what `entry` calls: a pure function.
pub fn story(situation: &Situation, entry: Option<&ServiceId>) -> Story {
    let estate = Estate::of(situation);
    let look = look(situation, &estate);
    let journey = Journey::of(situation, &estate);
    let began = estate.began().unwrap_or(situation.now);
    let mut ledger = Ledger::new(&estate, look.flows.as_ref(), began, situation.now);
    let mut gaps = situation.gaps.clone();
    if !estate.has_graph && !gaps.iter().any(|gap| gap.wanted.starts_with("topology")) {
        gaps.push(Gap {
            wanted: "topology".to_owned(),
            because: "no call between services is known, so that only names and times tie the events".to_owned(),
            remedy: Some("X-Ray tracing, or declared edges".to_owned()),
        });
    }
    let flow = entry.and_then(|entry| estate.node(entry)).map(|node| estate.reach(&[node], false));
    if let Some(entry) = entry.filter(|_| flow.is_none()) {
        let because = "no service here has that name, so that the story is about all of them".to_owned();
        gaps.push(Gap { wanted: format!("the flow of {entry}"), because, remedy: None });
    }
    let mut events = gather(situation, &estate, &look);
    if let Some(flow) = &flow {
        events.retain(|event| event.node.is_some_and(|node| flow[node]));
    }
    if events.len() > MOST_EVENTS {
        let because = format!("only the first {MOST_EVENTS} of {} are told", events.len());
        gaps.push(Gap { wanted: "all events".to_owned(), because, remedy: None });
        events.truncate(MOST_EVENTS);
    }
    let links = tie(&estate, &events, &mut ledger);
    let told: Vec<StoryEvent> = events
        .iter()
        .map(|event| StoryEvent {
            at: event.at,
            service: event.node.map(|node| estate.nodes[node].id.clone()),
            stage: event.node.and_then(|node| journey.stage(node)),
            what: event.what(),
            evidence: event.claim(&estate, &mut ledger),
        })
        .collect();
    let path =
        look.cause.map(|cause| outlook::path(&estate, &look.sufferers, cause, |node| look.finding.requests[node]));
    let path = path.unwrap_or_default().into_iter().filter(|&node| flow.as_ref().is_none_or(|flow| flow[node]));
    Story {
        at: situation.now,
        entry: entry.filter(|_| flow.is_some()).cloned(),
        path: path.map(|node| estate.nodes[node].id.clone()).collect(),
        events: told,
        links,
        gaps,
        evidence: ledger.close(),
    }
}

/// Changes near those who suffer, onsets, and the first firing of every alarm; oldest first.
fn gather<'a>(situation: &'a Situation, estate: &Estate<'a>, look: &'a Look) -> Vec<Event<'a>> {
    let distance = distances(estate, look.cause);
    let far = estate.nodes.len();
    let order = |kind: usize, node: Option<usize>| (kind, node.map_or(far, |node| distance[node]));
    let mut events = Vec::new();
    let suffering: Vec<usize> = look.sufferers.iter().map(|sufferer| sufferer.node).collect();
    let around = near(estate, &suffering);
    let mut changes: Vec<_> = situation
        .changes
        .iter()
        .filter(|change| change.at <= situation.now && change.error_code.is_none())
        .filter_map(|change| Some((estate.node(&change.service)?, change)))
        .filter(|(node, _)| !estate.has_graph || around.binary_search(node).is_ok())
        .collect();
    changes.sort_by(|a, b| (b.1.at, &a.1.service, &a.1.summary).cmp(&(a.1.at, &b.1.service, &b.1.summary)));
    for (node, change) in changes.into_iter().take(MOST_CHANGES) {
        let (origin, order) = (Origin::Change(change), order(0, Some(node)));
        events.push(Event { at: change.at, node: Some(node), origin, words: BTreeSet::new(), order });
    }
    for sufferer in &look.sufferers {
        let Some(reading) = &sufferer.reading else { continue };
        let (node, order) = (Some(sufferer.node), order(1, Some(sufferer.node)));
        let origin = Origin::Onset(reading, sufferer.symptom);
        events.push(Event { at: reading.onset, node, origin, words: BTreeSet::new(), order });
    }
    let placed = estate.alarming.iter().map(|alarming| (Some(alarming.node), alarming.alarm));
    let mut seen = BTreeSet::new();
    for (node, alarm) in placed.chain(estate.unplaced.iter().map(|alarm| (None, *alarm))) {
        if seen.insert((node, alarm.name.as_str())) {
            let (words, order) = (words(&alarm.name), order(2, node));
            events.push(Event { at: alarm.changed_at, node, origin: Origin::Alarm(alarm), words, order });
        }
    }
    events.sort_by_key(|event| (event.at, event.order, event.node));
    events
}

/// Calls up from the cause; as many as there are nodes where none lead.
fn distances(estate: &Estate<'_>, cause: Option<usize>) -> Vec<usize> {
    let far = estate.nodes.len();
    let mut distance = vec![far; far];
    let mut queue: VecDeque<usize> = cause.into_iter().collect();
    if let Some(cause) = cause {
        distance[cause] = 0;
    }
    while let Some(node) = queue.pop_front() {
        for &caller in &estate.callers[node] {
            if distance[caller] == far {
                distance[caller] = distance[node] + 1;
                queue.push_back(caller);
            }
        }
    }
    distance
}

/// Ties each event to the earlier one that explains it best: the stronger the tie and the shorter the lag the better.
fn tie(estate: &Estate<'_>, events: &[Event<'_>], ledger: &mut Ledger<'_>) -> Vec<StoryLink> {
    let mut trails: BTreeMap<usize, BTreeMap<usize, Vec<usize>>> = BTreeMap::new();
    for node in events.iter().filter_map(|event| event.node) {
        trails.entry(node).or_insert_with(|| trails_down(estate, node));
    }
    let mut common: BTreeMap<&str, usize> = BTreeMap::new();
    for word in events.iter().flat_map(|event| &event.words) {
        *common.entry(word).or_default() += 1;
    }
    let alarms = events.iter().filter(|event| event.alarm().is_some()).count();
    let is_telling = |word: &str| common.get(word).is_some_and(|times| *times <= (alarms / 2).max(2));
    let mut links = Vec::new();
    for (to, later) in events.iter().enumerate() {
        // A change has its reasons, and they are not here.
        if later.is_change() {
            continue;
        }
        let tied = events[..to].iter().enumerate().filter_map(|(from, earlier)| {
            let lag_s = later.at.duration_since(earlier.at).as_secs();
            let (strength, tie) = best_tie(estate, earlier, later, lag_s, &trails, &is_telling)?;
            #[expect(clippy::cast_precision_loss, reason = "half an hour of seconds at most")]
            let cost = strength + lag_s as f64 / LAG_OF_A_STEP_S;
            (lag_s <= LONGEST_LAG_S).then_some((cost, from, lag_s, tie))
        });
        // Of equally good ones the latest: what happened last before it.
        let best = tied.min_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        if let Some((_, from, lag_s, tie)) = best {
            let evidence = match &tie {
                Tie::Calls { path } => called(estate, path, ledger),
                Tie::SharedCallee { callee } => {
                    let ends = [later, &events[from]].into_iter().filter_map(|event| event.node);
                    let callee = estate.node(callee);
                    ends.filter_map(|node| callee.map(|callee| ledger.call(node, callee))).collect()
                }
                Tie::SameService | Tie::Composite { .. } | Tie::Words { .. } | Tie::TimeOnly => Vec::new(),
            };
            links.push(StoryLink { from, to, lag_s, tie, evidence });
        }
    }
    links
}

fn called(estate: &Estate<'_>, path: &[ServiceId], ledger: &mut Ledger<'_>) -> Vec<EvidenceId> {
    let nodes: Vec<usize> = path.iter().filter_map(|service| estate.node(service)).collect();
    nodes.windows(2).map(|call| ledger.call(call[0], call[1])).collect()
}

/// The strongest tie of two events, and what it costs.
fn best_tie(
    estate: &Estate<'_>,
    earlier: &Event<'_>,
    later: &Event<'_>,
    lag_s: i64,
    trails: &BTreeMap<usize, BTreeMap<usize, Vec<usize>>>,
    is_telling: &dyn Fn(&str) -> bool,
) -> Option<(f64, Tie)> {
    if let (Some(alarm), Some(child)) = (later.alarm(), earlier.alarm())
        && alarm.children.contains(&child.name)
    {
        return Some((0.0, Tie::Composite { child: child.name.clone() }));
    }
    if let (Some(one), Some(other)) = (earlier.node, later.node) {
        if one == other {
            return Some((0.0, Tie::SameService));
        }
        let trail = |from: usize, to: usize| trails.get(&from).and_then(|trails| trails.get(&to));
        // Trouble travels from callee to caller, load from caller to callee.
        if let Some((trail, turned)) =
            trail(other, one).map(|t| (t, 0.0)).or_else(|| trail(one, other).map(|t| (t, 0.5)))
        {
            let path = trail.iter().map(|&node| estate.nodes[node].id.clone()).collect();
            let hops = super::gauge::count(trail.len().saturating_sub(1));
            return Some((0.5 + turned + 0.5 * hops, Tie::Calls { path }));
        }
        let mut shared =
            estate.any_callees[one].iter().filter(|callee| estate.any_callees[other].binary_search(callee).is_ok());
        if let Some(&callee) = shared.next() {
            return Some((2.5, Tie::SharedCallee { callee: estate.nodes[callee].id.clone() }));
        }
        // Both stand in the graph, and no call connects them.
        if estate.has_graph {
            return None;
        }
    }
    let words: Vec<String> =
        earlier.words.intersection(&later.words).filter(|word| is_telling(word)).cloned().collect();
    if !words.is_empty() {
        return Some((3.0, Tie::Words { words }));
    }
    // A change that nothing connects with an alarm is not tied by its time: something is always being changed.
    (!earlier.is_change() && lag_s <= LONGEST_BARE_LAG_S).then_some((4.0, Tie::TimeOnly))
}

/// The shortest calls from `start` to everything a few calls below it.
fn trails_down(estate: &Estate<'_>, start: usize) -> BTreeMap<usize, Vec<usize>> {
    let mut trails: BTreeMap<usize, Vec<usize>> = BTreeMap::from([(start, vec![start])]);
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        let trail = trails[&node].clone();
        if trail.len() > MOST_HOPS || trails.len() > MOST_AROUND {
            continue;
        }
        for &callee in &estate.any_callees[node] {
            if let std::collections::btree_map::Entry::Vacant(entry) = trails.entry(callee) {
                let mut longer = trail.clone();
                longer.push(callee);
                entry.insert(longer);
                queue.push_back(callee);
            }
        }
    }
    trails
}

/// The words of an alarm's name that could say what it is about.
fn words(name: &str) -> BTreeSet<String> {
    let words = name.split(|character: char| !character.is_alphanumeric()).filter(|word| word.chars().count() >= 3);
    words.filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit())).map(str::to_lowercase).collect()
}

/// Answers how the signals hang together.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CorrelateAuthEvents {
    /// The alarms to correlate.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
    /// The service whose flow the story is about; left out, it is about all that alarms.
    #[serde(default)]
    pub entry: Option<ServiceId>,
}

#[async_trait]
impl Tool for CorrelateAuthEvents {
    const SPEC: ToolSpec = ToolSpec {
        name: "correlate_auth_events",
        title: "Correlate auth events",
        about: "Makes one story of the signals: changes, onsets and alarms in order, each tied to an earlier one by a call, \
                a shared service, the same service, its words or its time, with the lag; and the path the trouble took. \
                Works for any flow and from alarms alone; of the auth journey it knows the stages.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = Story;

    async fn call(self, outside: &Outside) -> Result<Story, ToolError> {
        Ok(story(&Situation::read(self.alarms, self.now, outside).await, self.entry.as_ref()))
    }
}

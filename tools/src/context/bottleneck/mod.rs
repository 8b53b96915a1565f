//! Bottlenecks: where a service cannot take, or needlessly sends, what flows through it. Each kind of limit has its own
//! finder; a finder that sees no more than usual finds nothing.

mod cold;
mod limits;
mod storm;
#[cfg(test)]
mod tests;

use super::Situation;
use super::estate::Estate;
use super::gauge::{Gauges, Spans, count};
use super::ledger::Ledger;
use super::logs::{self, Complaint};
use super::verdict::look;
use crate::model::{Alarm, Bottleneck, Claim, Evidence, Gap, Limit, LogLine, ServiceId, Source, Unit, Window};
use crate::ports::Outside;
use crate::tool::{Effect, Subject, Tool, ToolError, ToolSpec};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// More are not listed in a verdict, which is stored with every incident.
pub(super) const MOST: usize = 10;

/// More are not listed at all.
const MOST_LISTED: usize = 50;

/// A share of the requests below this is no bottleneck.
const LEAST_SHARE: f64 = 0.01;

/// One limit that was met, before it is told.
#[derive(Clone, Debug)]
pub(super) struct Met {
    pub(super) node: usize,
    limit: Limit,
    severity: f64,
    claims: Vec<Claimed>,
}

/// A claim that waits for its number.
#[derive(Clone, Debug)]
struct Claimed {
    claim: Claim,
    query: String,
    window: Window,
}

/// What the finders look at.
struct Sight<'a> {
    estate: &'a Estate<'a>,
    gauges: &'a Gauges<'a>,
    logs: LogBook<'a>,
}

/// The lines of each node that matter, of the trouble and of before.
struct LogBook<'a> {
    of: Vec<Vec<&'a LogLine>>,
    complaints: Vec<BTreeMap<Complaint, Complained<'a>>>,
}

/// How often a node complained about one thing.
#[derive(Default)]
struct Complained<'a> {
    now: u64,
    before: u64,
    /// The first of the lines in the order of their text: always the same.
    example: Option<&'a LogLine>,
}

impl Complained<'_> {
    /// Whether that is more than it always is: a few lines, and twice as many as before are more than chance brings.
    fn is_new(&self) -> bool {
        self.now >= 5 && self.now > 2 * self.before + 3
    }
}

impl<'a> LogBook<'a> {
    fn of(situation: &'a Situation, estate: &Estate<'_>, spans: Spans, wanted: &[bool]) -> Self {
        let mut of: Vec<Vec<&LogLine>> = estate.nodes.iter().map(|_| Vec::new()).collect();
        for line in situation.logs.iter().flatten() {
            if let Some(node) = estate.node(&line.service).filter(|&node| wanted[node]) {
                of[node].push(line);
            }
        }
        for lines in &mut of {
            lines.sort_unstable();
        }
        let before = spans.as_long_before();
        let complaints = of.iter().map(|lines| {
            let mut found: BTreeMap<Complaint, Complained<'a>> = BTreeMap::new();
            for &line in lines {
                let is_now = spans.trouble.contains(line.at);
                let Some(complaint) = (is_now || before.contains(line.at)).then(|| logs::complaint(line)).flatten()
                else {
                    continue;
                };
                let complained = found.entry(complaint).or_default();
                if is_now {
                    complained.now += 1;
                    complained.example = complained.example.map_or(Some(line), |old| Some(old.min(line)));
                } else {
                    complained.before += 1;
                }
            }
            found
        });
        Self { complaints: complaints.collect(), of }
    }

    fn complained(&self, node: usize, complaint: Complaint) -> Option<&Complained<'a>> {
        self.complaints[node].get(&complaint).filter(|complained| complained.is_new())
    }
}

impl Sight<'_> {
    fn name(&self, node: usize) -> ServiceId {
        self.estate.nodes[node].id.clone()
    }

    fn figure(&self, node: usize, name: &str, (value, unit): (f64, Unit), usual: Option<f64>, query: &str) -> Claimed {
        let claim = Claim::Figure { service: self.name(node), name: name.to_owned(), value, unit, usual };
        let query = format!("GetMetricData {} {query}", self.name(node));
        Claimed { claim, query, window: self.gauges.spans.trouble }
    }

    fn logged(&self, node: usize, complaint: Complaint) -> Option<Claimed> {
        let complained = self.logs.complained(node, complaint)?;
        let pattern = logs::pattern(&complained.example?.text);
        let claim =
            Claim::Logged { service: self.name(node), pattern, count: complained.now, before: complained.before };
        let query = format!("FilterLogEvents {}", self.name(node));
        Some(Claimed { claim, query, window: self.gauges.spans.trouble })
    }
}

/// Every limit that one of `nodes` has met, worst first; of equally bad ones by name and kind. Retry storms are looked for
/// where `stormed` says: that takes the whole flow of a node and of its callers.
pub(super) fn find(
    situation: &Situation,
    estate: &Estate<'_>,
    spans: Spans,
    nodes: &[usize],
    stormed: impl Fn(usize) -> bool,
) -> Vec<Met> {
    // A limit is told by what a node and those around it show.
    let mut wanted = vec![false; estate.nodes.len()];
    for &node in nodes {
        wanted[node] = true;
        let callees = estate.callees[node].iter().map(|call| call.to);
        for other in callees.chain(estate.callers[node].iter().copied()) {
            wanted[other] = true;
        }
    }
    let gauges = Gauges::of(situation, estate, spans, &wanted);
    let logs = LogBook::of(situation, estate, spans, &wanted);
    let sight = Sight { estate, gauges: &gauges, logs };
    let mut found = Vec::new();
    for &node in nodes {
        found.extend(cold::starts(&sight, node));
        limits::find(&sight, node, &mut found);
        if stormed(node) {
            found.extend(storm::on(&sight, node));
        }
    }
    for met in &mut found {
        met.severity = if met.severity.is_finite() { met.severity.clamp(0.0, 1.0) } else { 0.0 };
    }
    // The sort is stable, and the finders run in the order of the names.
    found.sort_by(|a, b| b.severity.total_cmp(&a.severity).then(a.node.cmp(&b.node)));
    found
}

/// Gives the claims their numbers.
pub(super) fn tell(met: Vec<Met>, estate: &Estate<'_>, ledger: &mut Ledger<'_>) -> Vec<Bottleneck> {
    let tell = |met: Met| Bottleneck {
        service: estate.nodes[met.node].id.clone(),
        limit: met.limit,
        severity: met.severity,
        evidence: met
            .claims
            .into_iter()
            .map(|claimed| ledger.add(claimed.claim, Source::Query(claimed.query), claimed.window))
            .collect(),
    };
    met.into_iter().map(tell).collect()
}

/// Where the bottlenecks of an incident are looked for: the `nodes` that suffer, and what they call. A limit is felt by the
/// callers of whoever meets it.
pub(super) fn near(estate: &Estate<'_>, nodes: &[usize]) -> Vec<usize> {
    let mut near: Vec<usize> =
        nodes.iter().flat_map(|&node| estate.any_callees[node].iter().copied().chain([node])).collect();
    near.sort_unstable();
    near.dedup();
    near
}

/// The answer of [`DetectBottlenecks`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Bottlenecks {
    /// The moment it speaks about.
    pub at: Timestamp,
    /// Services at one of their limits, worst first.
    pub bottlenecks: Vec<Bottleneck>,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// Every claim the bottlenecks refer to, by ascending id.
    pub evidence: Vec<Evidence>,
}

/// The bottlenecks of a situation: a pure function.
pub fn bottlenecks(situation: &Situation) -> Bottlenecks {
    let estate = Estate::of(situation);
    let look = look(situation, &estate);
    let spans = Spans::of(situation, &estate, &look.sufferers);
    let everywhere: Vec<usize> = (0..estate.nodes.len()).collect();
    let mut met = find(situation, &estate, spans, &everywhere, |_| true);
    let mut gaps = situation.gaps.clone();
    let missing = |gaps: &[Gap], wanted: &str| !gaps.iter().any(|gap| gap.wanted.starts_with(wanted));
    if situation.series.is_none() && missing(&gaps, "metrics") {
        gaps.push(Gap {
            wanted: "metrics".to_owned(),
            because: "none were read, so that only log lines could tell of a limit".to_owned(),
            remedy: Some("cloudwatch:GetMetricData".to_owned()),
        });
    }
    if situation.logs.is_none() && missing(&gaps, "logs") {
        gaps.push(Gap {
            wanted: "logs".to_owned(),
            because: "none were read: single cold starts and exhausted pools stand only there".to_owned(),
            remedy: Some("logs:FilterLogEvents".to_owned()),
        });
    }
    if met.len() > MOST_LISTED {
        let because = format!("only the {MOST_LISTED} worst of {} are listed", met.len());
        gaps.push(Gap { wanted: "all bottlenecks".to_owned(), because, remedy: None });
        met.truncate(MOST_LISTED);
    }
    let began = estate.began().unwrap_or(situation.now);
    let mut ledger = Ledger::new(&estate, look.flows.as_ref(), began, situation.now);
    let bottlenecks = tell(met, &estate, &mut ledger);
    Bottlenecks { at: situation.now, bottlenecks, gaps, evidence: ledger.close() }
}

/// Answers which services are at one of their limits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DetectBottlenecks {
    /// The alarms of the incident; without any, the last ten minutes are looked at.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
}

#[async_trait]
impl Tool for DetectBottlenecks {
    const SPEC: ToolSpec = ToolSpec {
        name: "detect_bottlenecks",
        title: "Detect bottlenecks",
        about: "Finds services at one of their limits: cold starts and the milliseconds they add, throttles, exhausted \
                concurrency, provisioned spillover, retry storms with their amplification, exhausted connections, old \
                queue messages, hot partitions. Worst first, each with its figures, units and evidence.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = Bottlenecks;

    async fn call(self, outside: &Outside) -> Result<Bottlenecks, ToolError> {
        Ok(bottlenecks(&Situation::read(self.alarms, self.now, outside).await))
    }
}

/// Whether `now` a minute is more than `usual`, by more than counting noise (a Poisson count) explains.
fn is_more(now: f64, usual: Option<f64>, minutes: f64) -> bool {
    let usual = usual.unwrap_or(0.0);
    let noise = 3.0 * ((usual * minutes).max(1.0)).sqrt() / minutes.max(1.0);
    now >= 1.0 && now > 1.5 * usual + noise
}

/// A share of two counts, none where it makes no sense.
fn share(part: f64, whole: Option<f64>) -> Option<f64> {
    // The two may be counted at slightly different times.
    whole.filter(|whole| *whole > 0.0 && part <= 1.1 * whole).map(|whole| (part / whole).clamp(0.0, 1.0))
}

//! Who calls whom, as AWS tells it: X-Ray's service graph, Lambda's event source mappings, and the rules of EventBridge with
//! their targets, merged with what the configuration declares.
//!
//! Each of the three is read by itself and may fail by itself: the rest is the topology, and what failed is a gap. One read
//! costs a call for each page of the service graph, one for each 100 mappings, and for each bus one for each 100 rules and one
//! for each rule that is enabled. Whoever asks again within the same minute of the story gets the same answer and costs nothing.
//!
//! X-Ray counts the requests that were traced. Where it samples, its rates tell how a service's calls are split, not how many
//! there are.

mod mappings;
mod names;
mod resource;
mod rules;
mod traces;

use super::SdkConfig;
use crate::context::atlas::Atlas;
use crate::dependency::{Part, Sighting};
use crate::model::{Edge, EdgeMode, EdgeSource, Gap, Origin, Service, Topology, Window};
use crate::ports::TopologySource;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use names::Names;
use resource::Resource;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// X-Ray answers for at most so long a span.
const MOST: SignedDuration = SignedDuration::from_hours(6);

/// So long each of the three is waited for, with all its pages.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// X-Ray's service graph.
    pub xray: bool,
    /// Lambda's event source mappings.
    pub event_sources: bool,
    /// The event buses, by name, whose rules are read.
    pub buses: Vec<String>,
}

/// The topology of one account and region.
#[derive(Debug)]
pub struct AwsTopology(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    traces: Option<aws_sdk_xray::Client>,
    mappings: Option<aws_sdk_lambda::Client>,
    rules: aws_sdk_eventbridge::Client,
    buses: Vec<String>,
    /// What the configuration declares, by its names.
    declared: Atlas,
    /// The answer of the minute that was asked for last.
    last: Mutex<Option<(Window, Sighting)>>,
}

impl AwsTopology {
    /// Reads `reads` in the account and region of `config`; names fold into the services that `declared` has.
    pub fn new(config: &SdkConfig, declared: Topology, reads: Reads) -> Self {
        Self(Arc::new(Inner {
            traces: reads.xray.then(|| aws_sdk_xray::Client::new(config)),
            mappings: reads.event_sources.then(|| aws_sdk_lambda::Client::new(config)),
            rules: aws_sdk_eventbridge::Client::new(config),
            buses: reads.buses,
            declared: Atlas::new(declared),
            last: Mutex::new(None),
        }))
    }
}

#[async_trait]
impl TopologySource for AwsTopology {
    async fn topology(&self, window: Window) -> Result<Sighting, Gap> {
        let (inner, span) = (Arc::clone(&self.0), span(window));
        // Whoever asked may stop waiting; the answer is then there for who asks next.
        tokio::spawn(async move { inner.answer(span).await }).await.map_err(|err| Gap {
            wanted: "topology".to_owned(),
            because: format!("reading it ended too early: {err}"),
            remedy: None,
        })
    }
}

impl Inner {
    /// The answer for `span`. Who asks while it is read waits for it.
    async fn answer(&self, span: Window) -> Sighting {
        let mut last = self.last.lock().await;
        if let Some((known, sighting)) = last.as_ref()
            && *known == span
        {
            return sighting.clone();
        }
        let sighting = self.read(span).await;
        *last = Some((span, sighting.clone()));
        sighting
    }

    async fn read(&self, span: Window) -> Sighting {
        let (traces, mappings, rules) = tokio::join!(self.traces(span), self.mappings(), self.rules());
        let mut gaps = Vec::new();
        let mut told = |mut unread: Vec<Gap>| gaps.append(&mut unread);
        told(traces.gaps);
        told(mappings.gaps);
        told(rules.gaps);
        let declared = self.declared.topology();
        let origin = |source| Origin { source, seen: span.to };
        let part = |source, topology| Part { origin: origin(source), complete: false, topology };
        let mut names = Names::new(&self.declared, traces.found.services.iter());
        // One after the other: who comes first gets the plain name.
        let (mappings, rules) = (topology(mappings.found, &mut names), topology(rules.found, &mut names));
        // That X-Ray does not show a call proves nothing, since it samples; the others never show direct calls.
        let parts = vec![
            part(EdgeSource::Declared, declared.clone()),
            part(EdgeSource::XRay, traces.found),
            part(EdgeSource::EventSource, mappings),
            part(EdgeSource::RuleTarget, rules),
        ];
        Sighting { parts, gaps }
    }

    async fn traces(&self, span: Window) -> Lane<Topology> {
        let Some(client) = &self.traces else { return Lane::default() };
        in_time("topology from traces", traces::read(client, span)).await
    }

    async fn mappings(&self) -> Lane<Vec<Handover>> {
        let Some(client) = &self.mappings else { return Lane::default() };
        in_time("topology from event source mappings", mappings::read(client)).await
    }

    async fn rules(&self) -> Lane<Vec<Handover>> {
        let ask = |bus: &String| {
            let (client, bus) = (self.rules.clone(), bus.clone());
            let wanted = rules::wanted(&bus);
            tokio::spawn(async move { in_time(&wanted, rules::read(&client, &bus)).await })
        };
        let asked: Vec<_> = self.buses.iter().map(ask).collect();
        let mut all: Lane<Vec<Handover>> = Lane::default();
        for (bus, asked) in self.buses.iter().zip(asked) {
            let mut lane = asked.await.unwrap_or_else(|err| {
                let because = format!("reading it ended too early: {err}");
                Lane { found: Vec::new(), gaps: vec![Gap { wanted: rules::wanted(bus), because, remedy: None }] }
            });
            all.found.append(&mut lane.found);
            all.gaps.append(&mut lane.gaps);
        }
        all
    }
}

/// What one of the three found, and what it could not.
#[derive(Debug, Default)]
struct Lane<T> {
    found: T,
    gaps: Vec<Gap>,
}

/// One resource hands messages or events on to another, and goes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Handover {
    from: Resource,
    to: Resource,
}

async fn in_time<T: Default>(wanted: &str, read: impl Future<Output = Lane<T>>) -> Lane<T> {
    tokio::time::timeout(PATIENCE, read).await.unwrap_or_else(|_| {
        let because = format!("AWS did not answer within {} s", PATIENCE.as_secs());
        Lane { found: T::default(), gaps: vec![Gap { wanted: wanted.to_owned(), because, remedy: None }] }
    })
}

/// Only the first part of a list was read.
fn cut_off(wanted: &str, read: &str) -> Gap {
    Gap { wanted: wanted.to_owned(), because: format!("only the first {read} were read"), remedy: None }
}

/// The last whole minutes of `window`, as many as X-Ray takes.
fn span(window: Window) -> Window {
    let minute = |at: Timestamp| Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at);
    let to = minute(window.to);
    let before = |span| to.saturating_sub(span).unwrap_or(Timestamp::MIN);
    // A span has at least one minute.
    Window { from: minute(window.from).max(before(MOST)).min(before(SignedDuration::from_mins(1))), to }
}

/// The topology of what is handed over, each resource by the name it goes by.
fn topology(mut handovers: Vec<Handover>, names: &mut Names<'_>) -> Topology {
    // The order of the pages makes no difference.
    handovers.sort_unstable();
    handovers.dedup();
    let mut services: BTreeMap<String, Service> = BTreeMap::new();
    let mut edges = Vec::new();
    for Handover { from, to } in &handovers {
        let [caller, callee] = [from, to].map(|resource| {
            let service = names.service(resource);
            let id = service.id.as_str().to_owned();
            services.entry(id.clone()).or_insert(service);
            id
        });
        edges.push(Edge { mode: EdgeMode::Async, ..Edge::between(&caller, &callee) });
    }
    Topology { services: services.into_values().collect(), edges }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, to: &str, expected: (&str, &str)) {
        let at = |text: &str| format!("2026-11-20T{text}Z").parse::<Timestamp>().unwrap();
        let span = span(Window { from: at(from), to: at(to) });
        assert_eq!((span.from, span.to), (at(expected.0), at(expected.1)));
    }

    #[test]
    fn a_span_has_whole_minutes_and_at_most_six_hours() {
        check("03:00:10", "03:59:59", ("03:00:00", "03:59:00"));
        check("00:00:00", "13:00:30", ("07:00:00", "13:00:00"));
        check("03:00:10", "03:00:20", ("02:59:00", "03:00:00"));
        check("03:00:10", "02:00:20", ("01:59:00", "02:00:00"));
    }
}

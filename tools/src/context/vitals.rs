//! What flows through a node, and what becomes of it: from the four measures of the flow where there are any, else from
//! AWS's own metrics and what they mean.
//!
//! The meanings are those of the vendors' metric pages: Lambda's throttles are in neither `Invocations` nor `Errors`;
//! Cognito counts attempts as samples and successes as their sum; Lambda and API Gateway measure milliseconds, load
//! balancers and RDS seconds; a rate of `CloudFront` is in percent. A metric without traffic has no point, which is not zero.

use super::gauge::{Gauge, Gauges, Name, Rows};
use std::borrow::Cow;

/// The figures of one span. What was not measured is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Vitals {
    /// Requests a minute.
    pub(super) per_min: Option<f64>,
    /// Share of the requests that fail, 0–1.
    pub(super) loss: Option<f64>,
    /// Mean latency in milliseconds.
    pub(super) latency_ms: Option<f64>,
}

/// Both spans, and what was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Flowing {
    pub(super) before: Vitals,
    pub(super) now: Vitals,
    /// The metrics that the loss was made of, and those of the latency.
    pub(super) loss_from: String,
    pub(super) latency_from: String,
}

/// A weighted sum of metrics: name, statistic, weight.
type Sum = &'static [(&'static str, &'static str, f64)];

/// How a namespace tells the flow.
struct Dialect {
    namespace: &'static str,
    requests: Sum,
    faults: Sum,
    /// The share that fails, where there is no count of it; the weight makes it 0–1.
    share: Sum,
    /// The mean of these; the weight makes it milliseconds.
    latency_ms: Sum,
}

/// The first of a namespace that has any requests, shares or latencies is spoken.
const DIALECTS: &[Dialect] = &[
    Dialect {
        namespace: "AWS/Lambda",
        requests: &[("Invocations", "Sum", 1.0), ("Throttles", "Sum", 1.0)],
        faults: &[("Errors", "Sum", 1.0), ("Throttles", "Sum", 1.0)],
        share: &[],
        latency_ms: &[("Duration", "Average", 1.0)],
    },
    Dialect {
        namespace: "AWS/Cognito",
        requests: &[
            ("SignInSuccesses", "SampleCount", 1.0),
            ("SignUpSuccesses", "SampleCount", 1.0),
            ("TokenRefreshSuccesses", "SampleCount", 1.0),
            ("FederationSuccesses", "SampleCount", 1.0),
        ],
        faults: &[
            ("SignInSuccesses", "SampleCount", 1.0),
            ("SignUpSuccesses", "SampleCount", 1.0),
            ("TokenRefreshSuccesses", "SampleCount", 1.0),
            ("FederationSuccesses", "SampleCount", 1.0),
            ("SignInSuccesses", "Sum", -1.0),
            ("SignUpSuccesses", "Sum", -1.0),
            ("TokenRefreshSuccesses", "Sum", -1.0),
            ("FederationSuccesses", "Sum", -1.0),
        ],
        share: &[],
        latency_ms: &[],
    },
    // Without a count of attempts: those that succeeded and those that were refused at the door are the least there were.
    Dialect {
        namespace: "AWS/Cognito",
        requests: &[
            ("SignInSuccesses", "Sum", 1.0),
            ("SignUpSuccesses", "Sum", 1.0),
            ("TokenRefreshSuccesses", "Sum", 1.0),
            ("FederationSuccesses", "Sum", 1.0),
            ("SignInThrottles", "Sum", 1.0),
            ("SignUpThrottles", "Sum", 1.0),
            ("TokenRefreshThrottles", "Sum", 1.0),
            ("FederationThrottles", "Sum", 1.0),
        ],
        faults: &[
            ("SignInThrottles", "Sum", 1.0),
            ("SignUpThrottles", "Sum", 1.0),
            ("TokenRefreshThrottles", "Sum", 1.0),
            ("FederationThrottles", "Sum", 1.0),
        ],
        share: &[],
        latency_ms: &[],
    },
    Dialect {
        namespace: "AWS/ApiGateway",
        requests: &[("Count", "Sum", 1.0)],
        faults: &[("5XXError", "Sum", 1.0), ("5xx", "Sum", 1.0)],
        share: &[("5XXError", "Average", 1.0), ("5xx", "Average", 1.0)],
        latency_ms: &[("Latency", "Average", 1.0)],
    },
    Dialect {
        namespace: "AWS/CloudFront",
        requests: &[("Requests", "Sum", 1.0)],
        faults: &[],
        share: &[("5xxErrorRate", "Average", 0.01)],
        latency_ms: &[("OriginLatency", "Average", 1.0)],
    },
    Dialect {
        namespace: "AWS/WAFV2",
        requests: &[("AllowedRequests", "Sum", 1.0), ("BlockedRequests", "Sum", 1.0)],
        faults: &[("BlockedRequests", "Sum", 1.0)],
        share: &[],
        latency_ms: &[],
    },
    Dialect {
        namespace: "AWS/ApplicationELB",
        requests: &[("RequestCount", "Sum", 1.0)],
        faults: &[("HTTPCode_Target_5XX_Count", "Sum", 1.0), ("HTTPCode_ELB_5XX_Count", "Sum", 1.0)],
        share: &[],
        latency_ms: &[("TargetResponseTime", "Average", 1000.0)],
    },
    Dialect {
        namespace: "AWS/DynamoDB",
        requests: &[
            ("SuccessfulRequestLatency", "SampleCount", 1.0),
            ("ThrottledRequests", "Sum", 1.0),
            ("SystemErrors", "Sum", 1.0),
        ],
        faults: &[("ThrottledRequests", "Sum", 1.0), ("SystemErrors", "Sum", 1.0)],
        share: &[],
        latency_ms: &[("SuccessfulRequestLatency", "Average", 1.0)],
    },
    Dialect {
        namespace: "AWS/RDS",
        requests: &[],
        faults: &[],
        share: &[],
        latency_ms: &[("ReadLatency", "Average", 1000.0), ("WriteLatency", "Average", 1000.0)],
    },
];

impl Flowing {
    /// What flows through `node`.
    pub(super) fn of(gauges: &Gauges<'_>, node: usize) -> Self {
        let own = |metric: &'static str| {
            let gauge = gauges.exactly(node, Name { namespace: "", metric, stat: "" });
            gauge.filter(|gauge| !gauge.now.values.is_empty())
        };
        let spoken = DIALECTS.iter().find_map(|dialect| speak(gauges, node, dialect)).unwrap_or_default();
        let mut flowing = Self::default();
        let requests = own("requests").map(Cow::Borrowed).or(spoken.requests.map(Cow::Owned));
        let faults = own("faults").map(|gauge| ("requests, faults Sum".to_owned(), Cow::Borrowed(gauge)));
        let faults = faults.or(spoken.faults.map(|gauge| (spoken.loss_from.clone(), Cow::Owned(gauge))));
        // A weighted mean is linear, so that it is enough to change its unit at the end.
        type Linear<'a> = (String, Cow<'a, Gauge>, fn(f64) -> f64);
        let own_share = own("availability")
            .map(|gauge| -> Linear<'_> { ("availability Average".to_owned(), Cow::Borrowed(gauge), failing) });
        let share =
            own_share.or(spoken.share.map(|gauge| (spoken.loss_from, Cow::Owned(gauge), same as fn(f64) -> f64)));
        let own_latency = own("latency")
            .map(|gauge| -> Linear<'_> { ("latency Average".to_owned(), Cow::Borrowed(gauge), milliseconds) });
        let latency = own_latency
            .or(spoken.latency_ms.map(|gauge| (spoken.latency_from, Cow::Owned(gauge), same as fn(f64) -> f64)));
        let none = Rows::default();
        for is_now in [false, true] {
            let requests = requests.as_deref().map_or(&none, |gauge| span(gauge, is_now));
            let counted =
                faults.as_ref().and_then(|(from, faults)| Some((from.clone(), lost(span(faults, is_now), requests)?)));
            let mean =
                |(from, gauge, unit): &Linear<'_>| Some((from.clone(), unit(weighed(span(gauge, is_now), requests)?)));
            let shared = || share.as_ref().and_then(mean);
            let slow = latency.as_ref().and_then(mean);
            let loss = counted.or_else(shared);
            let vitals = Vitals {
                per_min: requests.per_min(),
                loss: loss.as_ref().map(|(_, loss)| loss.clamp(0.0, 1.0)),
                latency_ms: slow.as_ref().map(|(_, latency)| *latency),
            };
            if is_now {
                flowing.loss_from = loss.map(|(from, _)| from).unwrap_or_default();
                flowing.latency_from = slow.map(|(from, _)| from).unwrap_or_default();
                flowing.now = vitals;
            } else {
                flowing.before = vitals;
            }
        }
        flowing
    }
}

/// Percent that succeed → share that fails.
fn failing(available: f64) -> f64 {
    1.0 - available / 100.0
}

fn milliseconds(seconds: f64) -> f64 {
    1000.0 * seconds
}

fn same(value: f64) -> f64 {
    value
}

fn span(gauge: &Gauge, is_now: bool) -> &Rows {
    if is_now { &gauge.now } else { &gauge.before }
}

/// A node in one dialect; none where it says nothing at all.
fn speak(gauges: &Gauges<'_>, node: usize, dialect: &Dialect) -> Option<Spoken> {
    if !gauges.speaks(node, dialect.namespace) {
        return None;
    }
    let part = |(metric, stat, weight): &(&'static str, &'static str, f64)| {
        let of = |gauge: &Gauge| gauge.map(|value| weight * value);
        let name = Name { namespace: dialect.namespace, metric, stat };
        gauges.exactly(node, name).map(of)
    };
    let sum = |sum: Sum| sum.iter().filter_map(part).reduce(|all, one| all.plus(&one));
    let names = |sum: Sum| {
        let there = sum.iter().filter(|one| part(one).is_some());
        let names: Vec<String> = there.map(|(name, stat, _)| format!("{}/{name} {stat}", dialect.namespace)).collect();
        names.join(", ")
    };
    let (requests, faults, share) = (sum(dialect.requests), sum(dialect.faults), sum(dialect.share));
    let faults = faults.filter(|_| requests.is_some());
    // Of several latencies each is a mean of its own; so is what they have in common.
    let latencies: Vec<Gauge> = dialect.latency_ms.iter().filter_map(part).collect();
    let many = super::gauge::count(latencies.len().max(1));
    let latency_ms = latencies.into_iter().reduce(|all, one| all.plus(&one)).map(|sum| sum.map(|value| value / many));
    let loss_from = if faults.is_some() { names(dialect.faults) } else { names(dialect.share) };
    let says = requests.is_some() || share.is_some() || latency_ms.is_some();
    says.then(|| Spoken { requests, faults, share, latency_ms, loss_from, latency_from: names(dialect.latency_ms) })
}

#[derive(Default)]
struct Spoken {
    requests: Option<Gauge>,
    faults: Option<Gauge>,
    share: Option<Gauge>,
    latency_ms: Option<Gauge>,
    loss_from: String,
    latency_from: String,
}

/// The share of the requests that fail, over the steps that tell both.
fn lost(faults: &Rows, requests: &Rows) -> Option<f64> {
    let (failed, all) = faults.paired(requests).fold((0.0, 0.0), |sums, (failed, all)| (sums.0 + failed, sums.1 + all));
    (all > 0.0).then(|| failed / all)
}

/// The mean, weighed by requests where they are known.
fn weighed(values: &Rows, requests: &Rows) -> Option<f64> {
    let (sum, weight) = values
        .paired(requests)
        .fold((0.0, 0.0), |sums, (value, requests)| (sums.0 + value * requests, sums.1 + requests));
    if weight > 0.0 { Some(sum / weight) } else { values.mean() }
}

//! Reading X-Ray's service graph, as `GetServiceGraph` answers it.
//!
//! Errors are 4xx (throttles among them), faults are 5xx. Only faults count as failures of an edge. A call that is not waited for
//! has the edge type `link` and, unlike one that is, no histogram of response times
//! (<https://docs.aws.amazon.com/xray/latest/api/API_Edge.html>); some answers say `Link` of every edge, so both are asked for.

use crate::model::{Edge, EdgeMode, EdgeSource, Origin, Service, ServiceId, Topology};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::collections::BTreeMap;

const FUNCTION: &str = "AWS::Lambda::Function";
const LAMBDA: &str = "AWS::Lambda";
const CLIENT: &str = "client";

/// What hands messages on, so that nobody waits for what becomes of them.
const BUFFERS: [&str; 6] = ["AWS::SQS", "AWS::SNS", "AWS::Events", "AWS::Kinesis", "AWS::Pipes", "AWS::EventBridge"];

/// Why a service graph could not be read.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// It has another form.
    #[error("no service graph of X-Ray: at `{path}`: {problem}")]
    Form {
        /// Where.
        path: String,
        /// What is wrong there.
        problem: String,
    },
    /// An edge leads nowhere.
    #[error("no service graph of X-Ray: {service} has an edge to {reference}, which is not in it")]
    Reference {
        /// Whose edge.
        service: String,
        /// The number it refers to.
        reference: i64,
    },
}

/// A service graph as X-Ray answers it, of which only what a topology needs was kept. Times are seconds since 1970.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceGraph {
    /// Where the span begins that the counts belong to.
    pub(crate) start_time: Option<f64>,
    /// Where it ends.
    pub(crate) end_time: Option<f64>,
    /// The nodes, of every page of the answer.
    pub(crate) services: Vec<Node>,
}

/// One node, with the calls it makes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Node {
    /// Its number within the graph.
    pub(crate) reference_id: i64,
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) names: Vec<String>,
    pub(crate) account_id: Option<String>,
    #[serde(rename = "Type")]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) edges: Vec<Call>,
}

/// One edge.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Call {
    /// The number of the node that is called.
    pub(crate) reference_id: i64,
    pub(crate) start_time: Option<f64>,
    pub(crate) end_time: Option<f64>,
    pub(crate) edge_type: Option<String>,
    pub(crate) summary_statistics: Option<Statistics>,
    // Of a histogram only matters whether there is one.
    #[serde(default)]
    pub(crate) response_time_histogram: Vec<IgnoredAny>,
    #[serde(default)]
    pub(crate) received_event_age_histogram: Vec<IgnoredAny>,
}

/// What was counted on an edge.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Statistics {
    pub(crate) total_count: Option<f64>,
    /// Seconds, of all requests together.
    pub(crate) total_response_time: Option<f64>,
    #[serde(rename = "FaultStatistics")]
    pub(crate) faults: Option<Faults>,
}

/// How many of the requests failed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Faults {
    pub(crate) total_count: Option<f64>,
}

/// The topology of one service graph. Rates are means over the span of the graph. A service goes by its plain name where no other
/// does, else by `<name>_<type>`; the second node of a Lambda function and the client node are always `<name>_<type>`.
///
/// # Errors
/// What has another form than X-Ray writes, with its path.
pub fn parse(answer: &Value) -> Result<Topology, GraphError> {
    let graph: ServiceGraph = serde_path_to_error::deserialize(answer)
        .map_err(|err| GraphError::Form { path: err.path().to_string(), problem: err.into_inner().to_string() })?;
    read(&graph)
}

/// The same of a graph that was read another way.
pub(crate) fn read(graph: &ServiceGraph) -> Result<Topology, GraphError> {
    let ids = ids(&graph.services);
    let mut services: BTreeMap<&str, Service> = BTreeMap::new();
    let mut edges = Vec::new();
    for node in &graph.services {
        let id = ids[&node.reference_id].as_str();
        services.entry(id).or_insert_with(|| service(node, id));
        for call in &node.edges {
            let Some(callee) = ids.get(&call.reference_id) else {
                return Err(GraphError::Reference { service: id.to_owned(), reference: call.reference_id });
            };
            edges.push(edge(graph, node, call, id, callee));
        }
    }
    edges.sort_by(|a, b| (&a.caller, &a.callee).cmp(&(&b.caller, &b.callee)));
    Ok(Topology { services: services.into_values().collect(), edges })
}

fn name(node: &Node) -> &str {
    let name = node.name.as_deref().or(node.names.first().map(String::as_str));
    name.filter(|name| !name.is_empty()).unwrap_or("unnamed")
}

/// The name by which each node goes, by its number.
fn ids(nodes: &[Node]) -> BTreeMap<i64, String> {
    // Whoever serves under a name: the two nodes of a function are one server, and a client is none.
    let serves = |node: &&Node| !matches!(node.kind.as_deref(), Some(CLIENT));
    let mut servers: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for node in nodes.iter().filter(serves) {
        let kind = node.kind.as_deref().map_or("", |kind| if kind == LAMBDA { FUNCTION } else { kind });
        servers.entry(name(node)).or_default().push((kind, node.account_id.as_deref().unwrap_or_default()));
    }
    for servers in servers.values_mut() {
        servers.sort_unstable();
        servers.dedup();
    }
    let has_function = |of: &str| nodes.iter().any(|node| name(node) == of && node.kind.as_deref() == Some(FUNCTION));
    // Where a function has only the service's node, that node speaks for it.
    let lone: Vec<&str> = nodes
        .iter()
        .filter(|node| node.kind.as_deref() == Some(LAMBDA))
        .map(name)
        .filter(|name| !has_function(name))
        .collect();
    let id = |node: &Node| {
        let (plain, kind) = (name(node), node.kind.as_deref().unwrap_or_default());
        let is_only = servers.get(plain).is_some_and(|servers| servers.len() == 1);
        let is_second = kind == CLIENT || (kind == LAMBDA && !lone.contains(&plain));
        let in_others =
            servers.get(plain).is_some_and(|servers| servers.iter().filter(|server| server.0 == kind).count() > 1);
        match (is_only && !is_second || kind.is_empty(), &node.account_id) {
            (true, _) => plain.to_owned(),
            (false, Some(account)) if in_others => format!("{plain}_{account}_{kind}"),
            (false, _) => format!("{plain}_{kind}"),
        }
    };
    nodes.iter().map(|node| (node.reference_id, id(node))).collect()
}

fn service(node: &Node, id: &str) -> Service {
    let mut aliases: Vec<String> =
        node.names.iter().map(String::as_str).chain([name(node)]).map(str::to_owned).collect();
    aliases.retain(|alias| alias != id && !alias.is_empty());
    aliases.sort_unstable();
    aliases.dedup();
    Service { id: ServiceId::new(id), kind: node.kind.clone(), account: node.account_id.clone(), region: None, aliases }
}

fn edge(graph: &ServiceGraph, from: &Node, call: &Call, caller: &str, callee: &str) -> Edge {
    let minutes = match (graph.start_time.or(call.start_time), graph.end_time.or(call.end_time)) {
        (Some(from), Some(to)) if to > from => Some((to - from) / 60.0),
        _ => None,
    };
    let statistics = call.summary_statistics.as_ref();
    let total = statistics.and_then(|sums| sums.total_count).filter(|total| *total >= 0.0);
    let some = total.filter(|total| *total > 0.0);
    let faults = statistics.and_then(|sums| sums.faults.as_ref()?.total_count);
    let seconds = statistics.and_then(|sums| sums.total_response_time);
    let per_request = |sum: Option<f64>| Some(sum?.max(0.0) / some?);
    let from_buffer = from.kind.as_deref().is_some_and(|kind| BUFFERS.iter().any(|buffer| kind.starts_with(buffer)));
    let is_link = call.edge_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("link"))
        && call.response_time_histogram.is_empty();
    let is_async = from_buffer || is_link || !call.received_event_age_histogram.is_empty();
    let seen = call.end_time.or(graph.end_time).and_then(moment);
    Edge {
        mode: if is_async { EdgeMode::Async } else { EdgeMode::Sync },
        requests_per_min: total.zip(minutes).map(|(total, minutes)| total / minutes),
        fault_share: per_request(faults).map(|share| share.min(1.0)),
        latency_s: per_request(seconds),
        origins: seen.map(|seen| Origin { source: EdgeSource::XRay, seen }).into_iter().collect(),
        ..Edge::between(caller, callee)
    }
}

/// X-Ray writes seconds since 1970 with a fraction.
fn moment(seconds: f64) -> Option<Timestamp> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float that is too large becomes the largest, which is refused"
    )]
    Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SAMPLE: &str = include_str!("../../../tests/samples/aws/xray_service_graph.json");

    fn told(topology: &Topology) -> String {
        let service = |service: &Service| format!("{} ({})\n", service.id, service.kind.as_deref().unwrap_or("?"));
        let number = |value: Option<f64>| value.map_or("?".to_owned(), |value| format!("{value:.2}"));
        let edge = |edge: &Edge| {
            let rates = [edge.requests_per_min, edge.fault_share, edge.latency_s].map(number).join(" ");
            format!("{} → {} {:?} {rates}\n", edge.caller, edge.callee, edge.mode)
        };
        topology.services.iter().map(service).chain(topology.edges.iter().map(edge)).collect()
    }

    #[test]
    fn a_service_graph_becomes_a_topology() {
        let topology = parse(&serde_json::from_str(SAMPLE).unwrap()).unwrap();
        insta::assert_snapshot!(told(&topology), @"
        auth-api/prod (AWS::ApiGateway::Stage)
        auth-api/prod_client (client)
        auth-sessions (AWS::DynamoDB::Table)
        cognito-idp.us-east-1.amazonaws.com (remote)
        token-exchange (AWS::Lambda::Function)
        token-exchange_AWS::Lambda (AWS::Lambda)
        auth-api/prod → token-exchange_AWS::Lambda Sync 59.73 0.34 2.80
        auth-api/prod_client → auth-api/prod Sync 61.87 0.33 2.76
        token-exchange → auth-sessions Sync 70.03 0.00 2.14
        token-exchange → cognito-idp.us-east-1.amazonaws.com Sync 59.73 0.00 0.02
        token-exchange_AWS::Lambda → token-exchange Sync 59.73 0.34 2.78
        ");
        assert!(topology.edges.iter().all(|edge| edge.origins.len() == 1));
    }

    #[test]
    fn names_that_several_services_share_get_their_type_and_links_are_not_waited_for() {
        let node = |id: i64, name: &str, kind: &str, edges: Value| json!({"ReferenceId": id, "Name": name, "Type": kind, "Edges": edges});
        let graph = json!({"StartTime": 0.0, "EndTime": 120.0, "Services": [
            node(1, "orders", "AWS::ECS::Service", json!([{"ReferenceId": 2, "SummaryStatistics": {"TotalCount": 0}}])),
            node(2, "orders", "AWS::DynamoDB::Table", json!([])),
            node(3, "mails", "AWS::SQS::Queue", json!([{"ReferenceId": 4, "EdgeType": "link", "SummaryStatistics": {"TotalCount": 6}}])),
            node(4, "mailer", "AWS::Lambda", json!([])),
        ]});
        insta::assert_snapshot!(told(&parse(&graph).unwrap()), @"
        mailer (AWS::Lambda)
        mails (AWS::SQS::Queue)
        orders_AWS::DynamoDB::Table (AWS::DynamoDB::Table)
        orders_AWS::ECS::Service (AWS::ECS::Service)
        mails → mailer Async 3.00 ? ?
        orders_AWS::ECS::Service → orders_AWS::DynamoDB::Table Sync 0.00 ? ?
        ");
    }

    #[test]
    fn what_has_another_form_is_refused_with_its_place() {
        let refused = |graph: Value| parse(&graph).unwrap_err().to_string();
        assert!(refused(json!({"Services": [{"Name": "x"}]})).contains("Services[0]"));
        let dangling = json!({"Services": [{"ReferenceId": 1, "Name": "x", "Edges": [{"ReferenceId": 9}]}]});
        assert!(refused(dangling).ends_with("x has an edge to 9, which is not in it"));
    }
}

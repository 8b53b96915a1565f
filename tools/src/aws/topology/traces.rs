//! X-Ray's service graph.

use super::{Lane, cut_off};
use crate::aws::gap;
use crate::dependency::xray::{self, Call, Faults, Node, ServiceGraph, Statistics};
use crate::model::{Gap, Topology, Window};
use aws_sdk_xray::Client;
use aws_sdk_xray::primitives::DateTime;
use aws_sdk_xray::types;
use serde::de::IgnoredAny;
use std::collections::BTreeSet;

const WANTED: &str = "topology from traces";

/// More pages are not read.
const MAX_PAGES: usize = 50;

/// The graph of what was traced in `span`.
pub(super) async fn read(client: &Client, span: Window) -> Lane<Topology> {
    let at = |at: jiff::Timestamp| DateTime::from_secs(at.as_second());
    let mut pages = client.get_service_graph().start_time(at(span.from)).end_time(at(span.to)).into_paginator().send();
    let mut graph = ServiceGraph {
        start_time: Some(seconds(&at(span.from))),
        end_time: Some(seconds(&at(span.to))),
        services: Vec::new(),
    };
    let mut gaps = Vec::new();
    let mut read = 0;
    while let Some(page) = pages.next().await {
        if read == MAX_PAGES {
            gaps.push(cut_off(WANTED, &format!("{MAX_PAGES} pages of X-Ray's service graph")));
            break;
        }
        read += 1;
        match page {
            Ok(page) => graph.services.extend(page.services.unwrap_or_default().into_iter().filter_map(node)),
            Err(err) => {
                gaps.push(gap(WANTED, "xray:GetServiceGraph", &err));
                break;
            }
        }
    }
    if graph.services.is_empty() && gaps.is_empty() {
        gaps.push(Gap {
            wanted: WANTED.to_owned(),
            because: format!("X-Ray shows no traced request between {} and {}", span.from, span.to),
            remedy: Some("X-Ray tracing of the functions, APIs and services".to_owned()),
        });
    }
    if !gaps.is_empty() {
        // The pages that are not there have nodes that these refer to.
        let known: BTreeSet<i64> = graph.services.iter().map(|node| node.reference_id).collect();
        graph.services.iter_mut().for_each(|node| node.edges.retain(|call| known.contains(&call.reference_id)));
    }
    let found = xray::read(&graph).unwrap_or_else(|err| {
        gaps.push(Gap { wanted: WANTED.to_owned(), because: err.to_string(), remedy: None });
        Topology::default()
    });
    Lane { found, gaps }
}

fn seconds(at: &DateTime) -> f64 {
    at.as_secs_f64()
}

/// A node without a number is none: nothing can refer to it.
fn node(service: types::Service) -> Option<Node> {
    Some(Node {
        reference_id: service.reference_id?.into(),
        name: service.name,
        names: service.names.unwrap_or_default(),
        account_id: service.account_id,
        kind: service.r#type,
        edges: service.edges.unwrap_or_default().into_iter().filter_map(call).collect(),
    })
}

fn call(edge: types::Edge) -> Option<Call> {
    let histogram =
        |entries: Option<Vec<types::HistogramEntry>>| entries.iter().flatten().map(|_| IgnoredAny).collect();
    Some(Call {
        reference_id: edge.reference_id?.into(),
        start_time: edge.start_time.as_ref().map(seconds),
        end_time: edge.end_time.as_ref().map(seconds),
        edge_type: edge.edge_type,
        summary_statistics: edge.summary_statistics.map(statistics),
        response_time_histogram: histogram(edge.response_time_histogram),
        received_event_age_histogram: histogram(edge.received_event_age_histogram),
    })
}

fn statistics(sums: types::EdgeStatistics) -> Statistics {
    // Counts are far below the numbers that a float does not hold exactly.
    let count = |count: Option<i64>| count.map(|count| count as f64);
    Statistics {
        total_count: count(sums.total_count),
        total_response_time: sums.total_response_time,
        faults: sums.fault_statistics.map(|faults| Faults { total_count: count(faults.total_count) }),
    }
}

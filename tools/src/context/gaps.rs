//! What could not be seen, in words.

use super::Situation;
use super::attribute;
use super::estate::Estate;
use super::excess::MIN_HISTORY;
use super::finding::Finding;
use super::flow::Flows;
use super::picture::Sufferer;
use crate::model::{Gap, Lane};

/// Names that are listed before the rest is counted.
const NAMES: usize = 5;

/// The gaps of the situation, and those that looking at it left.
pub(super) fn gaps(
    situation: &Situation,
    estate: &Estate<'_>,
    flows: Option<&Flows>,
    finding: &Finding,
    sufferers: &[Sufferer],
) -> Vec<Gap> {
    let mut gaps = situation.gaps.clone();
    let lacks = |gaps: &[Gap], lane: &str| !gaps.iter().any(|gap| gap.wanted.starts_with(lane));
    if !estate.has_graph && lacks(&gaps, "topology") {
        gaps.push(gap("topology", "no call between services is known", "X-Ray tracing, or declared edges"));
    }
    if flows.is_none() && lacks(&gaps, "metrics") {
        gaps.push(gap(
            "metrics",
            "no request, fault or latency metric of any service was returned",
            "cloudwatch:GetMetricData",
        ));
    }
    if let Some(flows) = flows {
        if !flows.any_counted() {
            gaps.push(gap(
                "request counts",
                "no service reports how many requests it gets",
                "the request metric of the services",
            ));
        }
        let dark = |node: usize| !visible(estate, flows, node);
        let silent =
            sufferers.iter().map(|sufferer| sufferer.node).chain(finding.accused.first().map(|first| first.node));
        let mut silent: Vec<usize> = silent.filter(|&node| dark(node)).collect();
        silent.sort_unstable();
        silent.dedup();
        if !silent.is_empty() {
            let names = names(silent.iter().map(|&node| estate.nodes[node].id.as_str()));
            gaps.push(gap(
                &format!("metrics of {names}"),
                "no data point in the window",
                "metrics or X-Ray tracing there",
            ));
        }
        let flow_lane = matches!(finding.lane, Lane::ExcessFlow | Lane::MetricOnset);
        if let Some(rows) = finding.history.filter(|&rows| flow_lane && rows < MIN_HISTORY) {
            let because = format!(
                "only {rows} of the {MIN_HISTORY} values of {} s that a baseline needs lie before the alarm",
                flows.grid.step_s
            );
            gaps.push(Gap { wanted: "metrics history".to_owned(), because, remedy: None });
        }
    }
    if !estate.unplaced.is_empty() {
        let mut unplaced: Vec<&str> = estate.unplaced.iter().map(|alarm| alarm.name.as_str()).collect();
        unplaced.sort_unstable();
        unplaced.dedup();
        gaps.push(gap(
            &format!("the service of {}", names(unplaced.into_iter())),
            "no service, or more than one, goes by a name in the alarm",
            "an alias of the service in the topology",
        ));
    }
    if finding.truncated {
        let because =
            format!("more than {} services are hurt; the strongest were set against each other", attribute::MOST);
        gaps.push(Gap { wanted: "the weaker services".to_owned(), because, remedy: None });
    }
    gaps
}

fn visible(estate: &Estate<'_>, flows: &Flows, node: usize) -> bool {
    estate.nodes[node].members.iter().any(|&member| flows.of[member].as_ref().is_some_and(|flow| flow.visible))
}

fn gap(wanted: &str, because: &str, remedy: &str) -> Gap {
    Gap { wanted: wanted.to_owned(), because: because.to_owned(), remedy: Some(remedy.to_owned()) }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    // One more name is shorter than "and 1 more".
    let shown = if names.len() == NAMES + 1 { names.len() } else { NAMES.min(names.len()) };
    let listed = names[..shown].join(", ");
    if shown == names.len() { listed } else { format!("{listed} and {} more", names.len() - shown) }
}

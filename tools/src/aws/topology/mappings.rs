//! Lambda's event source mappings: from which queue or stream a function is fed. A mapping that is off feeds nobody and is left
//! out, and so is one of a Kafka outside AWS, which has no ARN.

use super::resource::Resource;
use super::{Handover, Lane, cut_off};
use crate::aws::gap;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::EventSourceMappingConfiguration;

const WANTED: &str = "topology from event source mappings";

/// What Lambda answers in one call at most.
const PAGE: i32 = 100;

/// More pages are not read.
const MAX_PAGES: usize = 50;

/// The mappings that are on.
pub(super) async fn read(client: &Client) -> Lane<Vec<Handover>> {
    let mut pages = client.list_event_source_mappings().max_items(PAGE).into_paginator().send();
    let mut lane: Lane<Vec<Handover>> = Lane::default();
    let mut read = 0;
    while let Some(page) = pages.next().await {
        if read == MAX_PAGES {
            lane.gaps.push(cut_off(WANTED, &format!("{MAX_PAGES} pages of mappings")));
            break;
        }
        read += 1;
        match page {
            Ok(page) => {
                lane.found.extend(page.event_source_mappings.unwrap_or_default().iter().filter_map(handover));
            }
            Err(err) => {
                lane.gaps.push(gap(WANTED, "lambda:ListEventSourceMappings", &err));
                break;
            }
        }
    }
    lane
}

fn handover(mapping: &EventSourceMappingConfiguration) -> Option<Handover> {
    if matches!(mapping.state(), Some("Disabled" | "Disabling" | "Deleting")) {
        return None;
    }
    let [from, to] = [mapping.event_source_arn()?, mapping.function_arn()?].map(Resource::parse);
    Some(Handover { from: from?, to: to? })
}

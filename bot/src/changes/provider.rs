//! What AWS itself does to a resource, or tells of its own: RDS events and AWS Health.

use super::{Parsed, Resource, Told, Unreadable, link, moment, other, region, required, resource};
use crate::alarms::{account, items, text};
use serde_json::Value;
use tools::model::ChangeKind;

/// The categories of RDS events after which something is another than it was. A failure, low storage or a read replica's
/// error is a symptom, and a backup or a notification changes nothing.
const CHANGING: [&str; 9] = [
    "availability",
    "configuration change",
    "creation",
    "deletion",
    "failover",
    "global failover",
    "maintenance",
    "recovery",
    "restoration",
];

/// An event of a database instance, a cluster, a proxy or their settings.
pub(super) fn rds(event: &Value) -> Result<Parsed, Unreadable> {
    let detail = &event["detail"];
    let categories: Vec<&str> = items(&detail["EventCategories"]).iter().map(text).collect();
    let category = CHANGING.into_iter().find(|known| categories.contains(known));
    let is_copy = text(&detail["SourceType"]).contains("SNAPSHOT");
    let Some(category) = category.filter(|_| !is_copy) else {
        return Ok(other(event, &format!("{} changes nothing", categories.join(", "))));
    };
    let name = required(event, "SourceIdentifier", "detail.SourceIdentifier")?;
    let id = text(&detail["EventID"]);
    let id = if id.is_empty() { String::new() } else { format!(" ({id})") };
    let summary = format!("{category}: {}{id}", text(&detail["Message"]).trim_end_matches('.'));
    let mut names = vec![name.to_owned()];
    names.extend(resource::expand(text(&detail["SourceArn"])));
    let resources = vec![Resource { names, deployed_as: None }];
    let mut told = Told::of(moment(event, &detail["Date"])?, ChangeKind::Configuration, summary, resources);
    if text(&event["detail-type"]) == "RDS DB Instance Event" {
        told.link = region(event).and_then(|region| link::database(&region, name));
    }
    Ok(told.within(event))
}

/// An event on AWS's side. Its updates and its pages tell of the same one.
pub(super) fn health(event: &Value) -> Result<Parsed, Unreadable> {
    let detail = &event["detail"];
    let (category, status) = (text(&detail["eventTypeCategory"]), text(&detail["statusCode"]));
    if !matches!(category, "issue" | "scheduledChange") || status != "open" {
        return Ok(other(event, &format!("what is {status} of the category {category} changes nothing now")));
    }
    let service = required(event, "service", "detail.service")?;
    let description = items(&detail["eventDescription"]).first().map(|first| text(&first["latestDescription"]));
    let code = text(&detail["eventTypeCode"]);
    let what = if category == "issue" { "issue at AWS" } else { "scheduled change by AWS" };
    let summary = format!("{what}, {code}: {}", description.unwrap_or_default());
    let entities = items(&detail["affectedEntities"]).iter().map(|entity| text(&entity["entityValue"]));
    let mut resources: Vec<Resource> = entities
        .filter(|entity| account(entity).is_none() && !matches!(*entity, "" | "UNKNOWN"))
        .map(|entity| Resource { names: resource::expand(entity), deployed_as: None })
        .collect();
    if resources.is_empty() {
        resources.push(Resource::named(&service.to_lowercase()));
    }
    let mut told = Told::of(moment(event, &detail["startTime"])?, ChangeKind::Configuration, summary, resources);
    told.by = Some("AWS".to_owned());
    let (arn, page) = (text(&detail["eventArn"]), text(&detail["page"]));
    told.key = arn.rsplit('/').next().filter(|id| !id.is_empty()).map(|id| {
        let account = text(&detail["affectedAccount"]);
        format!("health/{account}/{page}/{id}")
    });
    Ok(told.within(event))
}

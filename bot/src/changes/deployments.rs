//! Deployments as the services tell them that carry them out: CodeDeploy, ECS, CloudFormation.

use super::{Parsed, Resource, Told, Unreadable, link, moment, other, region, required, resource};
use crate::alarms::text;
use serde_json::Value;
use tools::model::ChangeKind;

/// A deployment by CodeDeploy. It begins to change things long before it succeeds, so its beginning counts as well.
pub(super) fn codedeploy(event: &Value) -> Result<Parsed, Unreadable> {
    let detail = &event["detail"];
    let outcome = match required(event, "state", "detail.state")? {
        "START" => "began",
        "SUCCESS" => "succeeded",
        "FAILURE" => "failed",
        "STOP" => "was stopped",
        state => return Ok(other(event, &format!("the state {state} changes nothing"))),
    };
    let group = required(event, "deploymentGroup", "detail.deploymentGroup")?;
    let (application, id) = (text(&detail["application"]), text(&detail["deploymentId"]));
    let summary = format!("deployment {id} of {application} to {group} {outcome}");
    let names = vec![group.to_owned(), application.to_owned()];
    let resources = vec![Resource { names, deployed_as: Some(group.to_owned()) }];
    let mut told = Told::of(moment(event, &event["time"])?, ChangeKind::Deploy, summary, resources);
    told.link = region(event).and_then(|region| link::codedeploy(&region, id));
    Ok(told.within(event))
}

/// A deployment of an ECS service.
pub(super) fn ecs(event: &Value) -> Result<Parsed, Unreadable> {
    let detail = &event["detail"];
    let reason = text(&detail["reason"]);
    let outcome = match required(event, "eventName", "detail.eventName")? {
        "SERVICE_DEPLOYMENT_IN_PROGRESS" if reason.contains("rolling back") => "rolls back",
        "SERVICE_DEPLOYMENT_IN_PROGRESS" => "began",
        "SERVICE_DEPLOYMENT_COMPLETED" => "completed",
        "SERVICE_DEPLOYMENT_FAILED" => "failed",
        name => return Ok(other(event, &format!("{name} changes nothing"))),
    };
    let arn = text(&event["resources"][0]);
    let names = resource::expand(arn);
    let id = text(&detail["deploymentId"]);
    // What the reason repeats of the rest is not worth a second reading.
    let is_news = !reason.is_empty() && !reason.starts_with(&format!("ECS deployment {id} "));
    let because = if is_news { format!(": {reason}") } else { String::new() };
    let summary = format!("deployment {id} {outcome}{because}");
    let place = arn.split_once(":service/").map(|(_, place)| place.split('/').collect::<Vec<_>>());
    let cluster = text(&detail["clusterArn"]).rsplit('/').next().unwrap_or_default();
    let link = region(event).and_then(|region| match place.as_deref() {
        Some([cluster, service]) => link::ecs(&region, cluster, service),
        Some([service]) => link::ecs(&region, cluster, service),
        _ => None,
    });
    let resources = vec![Resource { names, deployed_as: None }];
    let mut told = Told::of(moment(event, &detail["updatedAt"])?, ChangeKind::Deploy, summary, resources);
    told.link = link;
    Ok(told.within(event))
}

/// A CloudFormation stack came to a state.
pub(super) fn stack(event: &Value) -> Result<Parsed, Unreadable> {
    let id = required(event, "stack-id", "detail.stack-id")?;
    let name = stack_name(id);
    let summary = match settled(event) {
        Ok(summary) => format!("stack {name}: {summary}"),
        Err(unsettled) => return Ok(unsettled),
    };
    let resources = vec![Resource { names: vec![name.to_owned()], deployed_as: Some(name.to_owned()) }];
    let mut told = Told::of(moment(event, &event["time"])?, ChangeKind::Deploy, summary, resources);
    told.link = region(event).and_then(|region| link::stack(&region, id));
    Ok(told.within(event))
}

/// A resource of a CloudFormation stack came to a state.
pub(super) fn resource(event: &Value) -> Result<Parsed, Unreadable> {
    let detail = &event["detail"];
    let id = required(event, "stack-id", "detail.stack-id")?;
    let logical = text(&detail["logical-resource-id"]);
    let kind = text(&detail["resource-type"]);
    let summary = match settled(event) {
        Ok(summary) => format!("{kind} {logical} of stack {}: {summary}", stack_name(id)),
        Err(unsettled) => return Ok(unsettled),
    };
    let mut names = resource::expand(text(&detail["physical-resource-id"]));
    names.push(logical.to_owned());
    let resources = vec![Resource { names, deployed_as: None }];
    let mut told = Told::of(moment(event, &event["time"])?, ChangeKind::Deploy, summary, resources);
    told.link = region(event).and_then(|region| link::stack(&region, id));
    Ok(told.within(event))
}

/// What came to be, if it did: the state and its reason in words. A state that is in progress is not a change yet, and a
/// failed one is followed by the roll back, or leaves things as they were.
fn settled(event: &Value) -> Result<String, Parsed> {
    let status = &event["detail"]["status-details"];
    let word = text(&status["status"]);
    if !word.ends_with("_COMPLETE") {
        return Err(other(event, &format!("the state {word} changes nothing yet")));
    }
    let what = match word {
        "CREATE_COMPLETE" => "created",
        "UPDATE_COMPLETE" => "updated",
        "DELETE_COMPLETE" => "deleted",
        "IMPORT_COMPLETE" => "imported",
        rolled if rolled.contains("ROLLBACK") => "rolled back",
        other => other,
    };
    match text(&status["status-reason"]).trim() {
        "" => Ok(what.to_owned()),
        reason => Ok(format!("{what}: {reason}")),
    }
}

/// The name in `arn:aws:cloudformation:us-east-1:123456789012:stack/NAME/ID`.
fn stack_name(id: &str) -> &str {
    id.split_once(":stack/").map_or(id, |(_, name)| name.split('/').next().unwrap_or(name))
}

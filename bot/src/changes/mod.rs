//! Changes as AWS tells them over EventBridge, read once into the domain's [`Change`].
//!
//! | event | what counts as a change |
//! |---|---|
//! | AWS API Call via CloudTrail | a call that is not read-only and changes what a resource is; a refused one is kept with its error, since it proves that nothing changed |
//! | CodeDeploy deployment | it began, succeeded, failed, was stopped; not that it waits to reroute traffic |
//! | ECS deployment | it began, rolls back, completed, failed |
//! | CloudFormation stack, resource | a state that ends in `COMPLETE`, a completed roll back included; what is in progress or failed is not one yet |
//! | RDS event | its category is availability, configuration change, creation, deletion, failover, maintenance, recovery or restoration |
//! | AWS Health | an issue that is open, or a scheduled change under way: the change is on AWS's side |
//!
//! Every other event of AWS is a note. Whatever comes in was written by someone else: every length is bounded, nothing
//! panics, and values whose name says that they are secret are not repeated.

mod arrived;
mod calls;
mod deployments;
mod detail;
mod link;
mod provider;
mod resource;

pub(crate) use arrived::seen_from;

use crate::alarms::{self, bounded, note, text};
use crate::event::EventKey;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tools::model::{Change, ChangeKind, ServiceId};

/// A name of anything in AWS is not longer.
const NAME: usize = 255;
/// What was changed is told in one sentence.
const SUMMARY: usize = 300;
/// Who did it: a role and a session at most.
const BY: usize = 150;
/// An id of an event is a UUID; a longer one would not fit into a key.
const ID: usize = 128;
/// How much of an unreadable value an error repeats.
const FOUND: usize = 80;
/// One event may touch several resources; more are not looked at.
const RESOURCES: usize = 20;

/// What an event turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Somebody changed something, or tried to.
    Change(Box<Seen>),
    /// True, but no change: kept as a note.
    Note(String),
    /// No event of AWS.
    Other,
}

/// A change as an event tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What makes a second delivery the same.
    pub key: EventKey,
    /// The change; its service is the resource's own name.
    pub change: Change,
    /// What it touched, for whoever knows the services.
    pub touched: Touched,
}

/// What a change touched, as far as the event names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// The 12-digit account.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Each resource that was touched.
    pub resources: Vec<Resource>,
}

/// A resource, by all the names the event has for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its names, the most telling first: a service that is known by one of them is meant.
    pub names: Vec<String>,
    /// For a deployment: what people called it, which commonly holds the name of what is deployed.
    #[serde(default)]
    pub deployed_as: Option<String>,
}

/// Why an event that claims to tell of a change cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A field that every such event has is absent, empty, or not text.
    #[error("the change event has no text at `{path}`")]
    Missing {
        /// Where it was looked for.
        path: &'static str,
    },
    /// No moment can be read.
    #[error("the change event has no readable time at `{path}`: `{found}`")]
    Time {
        /// Where it was looked for.
        path: &'static str,
        /// What stands there, cut to a readable length; empty when nothing does.
        found: String,
    },
}

/// Reads an event as EventBridge hands it over.
///
/// # Errors
/// It claims to tell of a change and lacks what every such event has.
pub fn parse(event: &Value) -> Result<Parsed, Unreadable> {
    let (source, kind) = (text(&event["source"]), text(&event["detail-type"]));
    let is_envelope =
        source.starts_with("aws.") && !kind.is_empty() && !text(&event["id"]).is_empty() && event["detail"].is_object();
    if !is_envelope {
        return Ok(Parsed::Other);
    }
    match (source, kind) {
        (_, "AWS API Call via CloudTrail") => calls::parse(event),
        ("aws.codedeploy", "CodeDeploy Deployment State-change Notification") => deployments::codedeploy(event),
        ("aws.ecs", "ECS Deployment State Change") => deployments::ecs(event),
        ("aws.cloudformation", "CloudFormation Stack Status Change") => deployments::stack(event),
        ("aws.cloudformation", "CloudFormation Resource Status Change") => deployments::resource(event),
        ("aws.rds", kind) if kind.starts_with("RDS ") && kind.ends_with(" Event") => provider::rds(event),
        ("aws.health", "AWS Health Event") => provider::health(event),
        _ => Ok(other(event, "nothing that is known to be a change")),
    }
}

/// What an event says of a change, before it is put into its frame.
struct Told {
    at: Timestamp,
    kind: ChangeKind,
    summary: String,
    by: Option<String>,
    link: Option<String>,
    error_code: Option<String>,
    resources: Vec<Resource>,
    /// What makes a second delivery the same, where the event knows that better than EventBridge.
    key: Option<String>,
}

impl Told {
    /// A change of `resource`; the rest is filled in by whoever knows it.
    fn of(at: Timestamp, kind: ChangeKind, summary: impl AsRef<str>, resources: Vec<Resource>) -> Self {
        let summary = note(summary.as_ref());
        Self { at, kind, summary, by: None, link: None, error_code: None, resources, key: None }
    }

    /// The change in its frame; a note where the event names nothing that could have been changed.
    fn within(self, event: &Value) -> Parsed {
        let mut resources: Vec<Resource> = self.resources.into_iter().filter_map(Resource::tidied).collect();
        resources.truncate(RESOURCES);
        let Some(own_name) = resources.first().and_then(|first| first.names.first()) else {
            return other(event, "no resource that was changed");
        };
        let id = |text: &str| bounded(text, ID);
        let key = self.key.map_or_else(|| format!("eventbridge/{}", id(text(&event["id"]))), |key| id(&key));
        let change = Change {
            at: self.at,
            service: ServiceId::new(own_name.clone()),
            kind: self.kind,
            summary: bounded(&self.summary, SUMMARY),
            by: self.by.map(|by| bounded(by.trim(), BY)).filter(|by| !by.is_empty()),
            commit: None,
            link: self.link,
            error_code: self.error_code.map(|code| bounded(&code, NAME)),
        };
        let account = alarms::account(text(&event["account"]));
        let touched = Touched { account, region: region(event), resources };
        Parsed::Change(Box::new(Seen { key: EventKey(key), change, touched }))
    }
}

impl Resource {
    /// A resource of one name.
    fn named(name: &str) -> Self {
        Self { names: vec![name.to_owned()], deployed_as: None }
    }

    /// Its names bounded, each once and in order; none if it has no name.
    fn tidied(self) -> Option<Self> {
        /// More names than this are not tried.
        const NAMES: usize = 12;
        let mut names: Vec<String> = Vec::new();
        for name in self.names {
            let name = bounded(name.trim(), NAME);
            if names.len() < NAMES && !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        let deployed_as = self.deployed_as.map(|name| bounded(&name, NAME));
        (!names.is_empty()).then_some(Self { names, deployed_as })
    }
}

fn region(event: &Value) -> Option<String> {
    alarms::region(text(&event["region"]))
}

/// An event that says something true, which is `what`.
fn other(event: &Value, what: &str) -> Parsed {
    Parsed::Note(note(&format!("{} of {}: {what}", text(&event["detail-type"]), text(&event["source"]))))
}

/// The text at `path` of the event's detail, which every such event has.
fn required<'a>(event: &'a Value, field: &str, path: &'static str) -> Result<&'a str, Unreadable> {
    let found = text(&event["detail"][field]).trim();
    if found.is_empty() { Err(Unreadable::Missing { path }) } else { Ok(found) }
}

/// The moment that the detail tells, or else the envelope.
fn moment(event: &Value, exact: &Value) -> Result<Timestamp, Unreadable> {
    // AWS Health writes `GMT` where the others write `UTC`.
    let read = |value: &Value| alarms::when::parse(&text(value).replace("GMT", "UTC"));
    read(exact)
        .or_else(|| read(&event["time"]))
        .ok_or_else(|| Unreadable::Time { path: "time", found: bounded(text(&event["time"]), FOUND) })
}

#[cfg(test)]
mod tests;

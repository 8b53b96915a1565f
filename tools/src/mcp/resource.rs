//! What can be read without a tool: the open incidents, the verdict and the picture of each, the topology, and the capsule.

use super::bound::{MOST, bound};
use super::desk::{About, Desk};
use super::server::PASSING_MS;
use crate::context::GetIncidentContext;
use crate::dependency::MapServiceDependencies;
use crate::dependency::draw::CreateDependencyVisualization;
use crate::model::{Incident, IncidentId};
use crate::tool::{Entry, Tool};
use rmcp::ErrorData;
use rmcp::model::{CacheScope, ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::{Map, Value, json};

const INCIDENTS: &str = "clarity://incidents";
const TOPOLOGY: &str = "clarity://topology";
const CAPSULE: &str = "clarity://capsule";
const VERDICT: &str = "verdict";
const PICTURE: &str = "blast-radius.png";
const JSON: &str = "application/json";
const PNG: &str = "image/png";

/// Everything that can be read now.
pub(super) async fn list(desk: &Desk) -> Result<Vec<Resource>, String> {
    let mut all = vec![
        Resource::new(INCIDENTS, "incidents")
            .with_title("Open incidents")
            .with_description(
                "Every incident that is not over, the latest first: since when, how many alarms, who is blamed.",
            )
            .with_mime_type(JSON),
        Resource::new(TOPOLOGY, "topology")
            .with_title("Topology")
            .with_description("Which service calls which, how often, and who says so.")
            .with_mime_type(JSON),
    ];
    if let About::Capsule(capsule) = &desk.about {
        let about = format!("What the capsule `{}` holds: its window, its services, how many signals.", capsule.name);
        all.push(Resource::new(CAPSULE, "capsule").with_title("Capsule").with_description(about).with_mime_type(JSON));
    }
    for incident in desk.open().await? {
        let id = incident.id;
        all.push(
            Resource::new(format!("{INCIDENTS}/{id}/{VERDICT}"), format!("{id}-{VERDICT}"))
                .with_title(format!("Verdict on {id}"))
                .with_description("What is going on, what caused it, what it hits next, and what could not be seen.")
                .with_mime_type(JSON),
        );
        all.push(
            Resource::new(format!("{INCIDENTS}/{id}/{PICTURE}"), format!("{id}-{PICTURE}"))
                .with_title(format!("Blast radius of {id}"))
                .with_description("Who suffers, how it spread, and who is next, as a picture.")
                .with_mime_type(PNG),
        );
    }
    Ok(all)
}

/// The same for an incident that a client knows by its id.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(format!("{INCIDENTS}/{{incident}}/{VERDICT}"), VERDICT)
            .with_title("Verdict on an incident")
            .with_description("What is going on, what caused it, what it hits next. `incident` is like `INC-7`.")
            .with_mime_type(JSON),
        ResourceTemplate::new(format!("{INCIDENTS}/{{incident}}/{PICTURE}"), PICTURE)
            .with_title("Blast radius of an incident")
            .with_description("Who suffers, how it spread, and who is next. `incident` is like `INC-7`.")
            .with_mime_type(PNG),
    ]
}

/// What stands under an address.
pub(super) async fn read(desk: &Desk, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let failed = |problem: String| ErrorData::internal_error(problem, None);
    let missing =
        || ErrorData::resource_not_found(format!("there is nothing under `{uri}`"), Some(json!({ "uri": uri })));
    let contents = match (uri, &desk.about) {
        (INCIDENTS, _) => text(uri, json!({ "incidents": told(&desk.open().await.map_err(failed)?) })),
        (TOPOLOGY, _) => text(uri, ask::<MapServiceDependencies>(desk, Map::new()).await.map_err(failed)?),
        (CAPSULE, About::Capsule(capsule)) => text(
            uri,
            json!({
                "name": capsule.name,
                "about": capsule.about,
                "window": capsule.window,
                "services": capsule.topology.services.iter().map(|service| &service.id).collect::<Vec<_>>(),
                "signals": capsule.signals.len(),
                "series": capsule.series.len(),
            }),
        ),
        _ => {
            let (id, what) = uri
                .strip_prefix(INCIDENTS)
                .and_then(|rest| rest.strip_prefix('/'))
                .and_then(|rest| rest.split_once('/'))
                .ok_or_else(missing)?;
            let id = IncidentId::try_from(id.to_owned()).map_err(|_| missing())?;
            desk.incident(Some(id)).await.map_err(|_| missing())?;
            let arguments = Map::from_iter([("incident".to_owned(), json!(id))]);
            match what {
                VERDICT => text(uri, ask::<GetIncidentContext>(desk, arguments).await.map_err(failed)?),
                PICTURE => {
                    let picture = ask::<CreateDependencyVisualization>(desk, arguments).await.map_err(failed)?;
                    let png = picture.get("png_base64").and_then(Value::as_str);
                    let png = png.ok_or_else(|| failed("there is not enough memory for the picture".to_owned()))?;
                    ResourceContents::blob(png, uri).with_mime_type(PNG)
                }
                _ => return Err(missing()),
            }
        }
    };
    Ok(ReadResourceResult::new(vec![contents]).with_ttl_ms(PASSING_MS).with_cache_scope(CacheScope::Private))
}

/// Asks a tool, as a client would.
pub(super) async fn ask<T: Tool>(desk: &Desk, said: Map<String, Value>) -> Result<Value, String> {
    let arguments = desk.arguments(&T::SPEC, said).await?;
    Entry::of::<T>().call(&desk.outside, arguments).await.map_err(|err| err.to_string())
}

fn text(uri: &str, mut value: Value) -> ResourceContents {
    let cuts = bound(&mut value, MOST);
    if !cuts.is_empty()
        && let Value::Object(fields) = &mut value
    {
        fields.insert("cut".to_owned(), Value::Object(super::bound::meta(&cuts)));
    }
    ResourceContents::text(value.to_string(), uri).with_mime_type(JSON)
}

fn told(incidents: &[Incident]) -> Vec<Value> {
    let line = |incident: &Incident| {
        let cause = incident.verdict.as_ref().and_then(|verdict| verdict.cause());
        json!({
            "incident": incident.id,
            "scope": incident.scope,
            "began": incident.began_at(),
            "alarms": incident.alarms.len(),
            "firing": incident.firing(),
            "cause": cause.map(|cause| &cause.service),
            "confidence": cause.map(|cause| cause.confidence),
        })
    };
    incidents.iter().map(line).collect()
}

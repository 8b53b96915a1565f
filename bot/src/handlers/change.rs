//! Somebody changed something, or tried to.

use crate::changes::{Resource, Touched};
use crate::decision::{Decision, Scene};
use crate::intent::Intent;
use tools::context::Atlas;
use tools::model::{Change, Incident, ServiceId};

/// Keeps the change for every service it touched. A flood that still runs is investigated again, so that its card shows it;
/// how often that is done, the outbox decides.
pub(crate) fn decide(scene: &Scene, change: &Change, touched: &Touched) -> Decision {
    let mut services: Vec<ServiceId> = Vec::new();
    for resource in &touched.resources {
        let known = scene.atlas.as_deref().and_then(|atlas| known(atlas, touched, resource));
        let service = known.or_else(|| resource.names.first().cloned().map(ServiceId::new));
        services.extend(service.filter(|service| !services.contains(service)));
    }
    if services.is_empty() {
        services.push(change.service.clone());
    }
    let changes = services.into_iter().map(|service| Change { service, ..change.clone() }).collect();
    let again = scene.open.iter().filter(|incident| change.error_code.is_none() && concerns(change, incident));
    let intents = again.map(|incident| Intent::Investigate { incident: incident.id, answer_to: None }).collect();
    Decision { changes, intents, ..Decision::default() }
}

/// The service that a resource belongs to: by any of its names, or else by what its deployment is called.
fn known(atlas: &Atlas, touched: &Touched, resource: &Resource) -> Option<ServiceId> {
    let (account, region) = (touched.account.as_deref(), touched.region.as_deref());
    let by_name = resource.names.iter().find_map(|name| atlas.service_named(name, account, region));
    let by_words = || atlas.service_told_by(resource.deployed_as.as_deref()?, account, region);
    by_name.or_else(by_words).map(|service| service.id.clone())
}

/// Whether the card of `incident` would show `change`. What ended it may be told only after it ended.
fn concerns(change: &Change, incident: &Incident) -> bool {
    incident.is_flood() && incident.recovered_at().is_none_or(|at| change.at <= at)
}

//! By which name a resource goes, so that it meets the service that others mean by it.

use super::resource::Resource;
use crate::context::atlas::Atlas;
use crate::dependency::map::differ;
use crate::model::{Service, ServiceId};
use std::collections::BTreeMap;

/// The names that are taken.
#[derive(Debug)]
pub(super) struct Names<'a> {
    declared: &'a Atlas,
    /// By id, everybody who goes by it.
    taken: BTreeMap<ServiceId, Vec<Service>>,
}

impl<'a> Names<'a> {
    /// Taken are the names of the `declared` services, and of `others`.
    pub(super) fn new(declared: &'a Atlas, others: impl Iterator<Item = &'a Service>) -> Self {
        let mut taken: BTreeMap<ServiceId, Vec<Service>> = BTreeMap::new();
        for service in declared.topology().services.iter().chain(others) {
            taken.entry(service.id.clone()).or_default().push(service.clone());
        }
        Self { declared, taken }
    }

    /// The service that `resource` is: the declared one that is known by its ARN or its name, else one of its own. That one goes by
    /// the plain name where no other service does; else with its type, as X-Ray's nodes do, if one of another type goes by it, and
    /// with its account and region if only these differ.
    pub(super) fn service(&mut self, resource: &Resource) -> Service {
        let plain = plain(resource);
        let service = |id: ServiceId| Service {
            aliases: Some(plain.clone()).filter(|name| name != id.as_str()).into_iter().collect(),
            id,
            kind: resource.kind.map(str::to_owned),
            account: resource.account.clone(),
            region: resource.region.clone(),
        };
        let (account, region) = (resource.account.as_deref(), resource.region.as_deref());
        let declared = [&resource.arn, &resource.name]
            .into_iter()
            .filter_map(|name| self.declared.service_named(name, account, region))
            .find(|declared| !differ(declared.kind.as_deref(), resource.kind));
        if let Some(declared) = declared {
            return service(declared.id.clone());
        }
        let kind = resource.kind.unwrap_or("resource");
        let place = format!("{plain} of {} in {}", account.unwrap_or("nobody"), region.unwrap_or("no region"));
        let by_type = self.has_another_type(&plain, resource).then(|| format!("{plain}_{kind}"));
        let mut ids = [Some(plain.clone()), by_type, Some(place.clone())].into_iter().flatten().map(ServiceId::new);
        let id = ids.find(|id| self.fits(id, resource)).unwrap_or_else(|| ServiceId::new(format!("{place}_{kind}")));
        let service = service(id);
        self.taken.entry(service.id.clone()).or_default().push(service.clone());
        service
    }

    /// Whether somebody of another type goes by `name`.
    fn has_another_type(&self, name: &str, resource: &Resource) -> bool {
        self.taken.get(name).into_iter().flatten().any(|service| differ(service.kind.as_deref(), resource.kind))
    }

    /// Whether nobody goes by `id` whom `resource` cannot be.
    fn fits(&self, id: &ServiceId, resource: &Resource) -> bool {
        let contradicts =
            |one: &Option<String>, other: &Option<String>| one.is_some() && other.is_some() && one != other;
        self.taken.get(id).into_iter().flatten().all(|service| {
            !differ(service.kind.as_deref(), resource.kind)
                && !contradicts(&service.account, &resource.account)
                && !contradicts(&service.region, &resource.region)
        })
    }
}

/// The name by which people would know it. `default` alone, which every account has, would be found in the names of alarms that
/// have nothing to do with the bus.
fn plain(resource: &Resource) -> String {
    match (resource.kind, resource.name.as_str()) {
        (Some("AWS::Events::EventBus"), "default") => "default event bus".to_owned(),
        (_, name) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Topology;

    fn declared() -> Atlas {
        let service = |id: &str, kind: &str, alias: &str| Service {
            kind: Some(kind.to_owned()).filter(|kind| !kind.is_empty()),
            aliases: vec![alias.to_owned()],
            ..Service::named(id)
        };
        let services = vec![
            service("orders", "AWS::Lambda::Function", "shop-orders-1X"),
            service("mails", "", "arn:aws:sqs:us-east-1:111111111111:outgoing"),
        ];
        Atlas::new(Topology { services, edges: Vec::new() })
    }

    /// ARNs in, the names they go by out.
    #[track_caller]
    fn check(others: &[(&str, &str)], cases: &[(&str, &str)]) {
        let other = |(id, kind): &(&str, &str)| Service { kind: Some((*kind).to_owned()), ..Service::named(*id) };
        let others: Vec<Service> = others.iter().map(other).collect();
        let atlas = declared();
        let mut names = Names::new(&atlas, others.iter());
        for (arn, expected) in cases {
            let resource = Resource::parse(&format!("arn:aws:{arn}")).unwrap();
            assert_eq!(names.service(&resource).id.as_str(), *expected, "{arn}");
        }
    }

    #[test]
    fn what_is_declared_is_met_by_name_and_by_arn() {
        check(
            &[],
            &[
                ("lambda:us-east-1:111111111111:function:shop-orders-1X:live", "orders"),
                ("lambda:us-east-1:111111111111:function:Orders", "orders"),
                ("sqs:us-east-1:111111111111:outgoing", "mails"),
                ("sqs:us-east-1:222222222222:outgoing", "outgoing"),
            ],
        );
    }

    #[test]
    fn a_name_that_another_goes_by_gets_its_type_or_its_place() {
        check(
            &[("tick", "AWS::Lambda")],
            &[
                ("sqs:us-east-1:111111111111:orders", "orders_AWS::SQS::Queue"),
                ("lambda:us-east-1:111111111111:function:tick", "tick"),
                ("sqs:us-east-1:111111111111:tick", "tick_AWS::SQS::Queue"),
                ("sqs:us-east-1:222222222222:tick", "tick of 222222222222 in us-east-1"),
                ("events:us-east-1:111111111111:event-bus/default", "default event bus"),
                ("events:us-east-1:222222222222:event-bus/default", "default event bus of 222222222222 in us-east-1"),
            ],
        );
    }
}

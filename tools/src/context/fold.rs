//! X-Ray shows one Lambda function as up to three nodes. Here they become one service.

use crate::model::Service;
use std::collections::BTreeMap;

const FUNCTION: &str = "AWS::Lambda::Function";
const LAMBDA: &str = "AWS::Lambda";

/// What a node is: its type, else what the end of its name says, as X-Ray tools write it (`<name>_<type>`).
pub(super) fn kind_of(service: &Service) -> Option<&str> {
    let by_name = || [FUNCTION, LAMBDA, "remote", "client"].into_iter().find(|kind| base(service, kind).is_some());
    service.kind.as_deref().or_else(by_name)
}

/// The name without the type that tools append to it.
fn base<'a>(service: &'a Service, kind: &str) -> Option<&'a str> {
    service.id.as_str().strip_suffix(kind)?.strip_suffix('_')
}

/// Where a name stands: the same name in another account or region is another function.
type Place<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

fn place<'a>(name: &'a str, service: &'a Service) -> Place<'a> {
    (name, service.account.as_deref(), service.region.as_deref())
}

/// Groups `services` (sorted by name) by position: the nodes of one Lambda function together, all others alone. The
/// first of each group speaks for it: its `AWS::Lambda::Function` node where there is one.
pub(crate) fn fold(services: &[Service]) -> Vec<Vec<usize>> {
    let mut functions: BTreeMap<Place<'_>, Vec<usize>> = BTreeMap::new();
    for (at, service) in services.iter().enumerate() {
        if let Some(kind) = kind_of(service).filter(|kind| [FUNCTION, LAMBDA].contains(kind)) {
            let name = base(service, kind).unwrap_or(service.id.as_str());
            functions.entry(place(name, service)).or_default().push(at);
        }
    }
    let mut groups = Vec::new();
    for (at, service) in services.iter().enumerate() {
        // A bare name is the client's view of the function: only if the function itself is there.
        match functions.get_mut(&place(service.id.as_str(), service)) {
            Some(function) if kind_of(service).is_none() => function.push(at),
            _ if kind_of(service).is_some_and(|kind| [FUNCTION, LAMBDA].contains(&kind)) => {}
            _ => groups.push(vec![at]),
        }
    }
    for mut members in functions.into_values() {
        members.sort_by_key(|&at| (kind_of(&services[at]) != Some(FUNCTION), at));
        groups.push(members);
    }
    groups.sort_by(|a, b| services[a[0]].id.cmp(&services[b[0]].id));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name:type` pairs in, groups as names out.
    #[track_caller]
    fn check(nodes: &[&str], expected: &[&[&str]]) {
        let mut services: Vec<Service> = nodes
            .iter()
            .map(|node| {
                let (name, kind) = node.split_once('=').map_or((*node, None), |(name, kind)| (name, Some(kind)));
                let mut service = Service::named(name);
                service.kind = kind.map(str::to_owned);
                service
            })
            .collect();
        services.sort_by(|a, b| a.id.cmp(&b.id));
        let groups = fold(&services);
        let names: Vec<Vec<&str>> =
            groups.iter().map(|group| group.iter().map(|&at| services[at].id.as_str()).collect()).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn the_nodes_of_a_function_are_one_service() {
        check(
            &["f", "f_AWS::Lambda", "f_AWS::Lambda::Function"],
            &[&["f_AWS::Lambda::Function", "f", "f_AWS::Lambda"]],
        );
        check(&["f", "f_AWS::Lambda=AWS::Lambda"], &[&["f", "f_AWS::Lambda"]]);
        check(&["f=AWS::Lambda::Function", "f_AWS::Lambda=AWS::Lambda"], &[&["f", "f_AWS::Lambda"]]);
    }

    #[test]
    fn others_stay_apart() {
        check(
            &["f", "g_AWS::Lambda", "t_AWS::DynamoDB::Table", "t"],
            &[&["f"], &["g_AWS::Lambda"], &["t"], &["t_AWS::DynamoDB::Table"]],
        );
        check(&["f=AWS::ECS::Service", "f_AWS::Lambda"], &[&["f"], &["f_AWS::Lambda"]]);
    }
}

use super::{at, topology};
use crate::capsule::{self, AUTH_CASCADE, World};
use crate::dependency::{MapServiceDependencies, Part, TOOLS, merge, xray};
use crate::model::{Conflict, Edge, EdgeMode, EdgeSource, Map, Origin, Service, ServiceId, Topology};
use crate::tool::Tool;
use proptest::prelude::*;
use std::fmt::Write;
use std::sync::Arc;

const SAMPLE: &str = include_str!("../../../../tests/samples/aws/xray_service_graph.json");

fn part(source: EdgeSource, minute: i64, topology: Topology) -> Part {
    let complete = source == EdgeSource::XRay;
    Part { origin: Origin { source, seen: at(minute) }, complete, topology }
}

fn told(map: &Map) -> String {
    let mut text = String::new();
    for service in &map.topology.services {
        let kind = service.kind.as_deref().unwrap_or("?");
        writeln!(text, "{} ({kind}) {}", service.id, service.aliases.join(", ")).unwrap();
    }
    let rate = |rate: Option<f64>| rate.map_or("?".to_owned(), |rate| format!("{rate:.2}"));
    for edge in &map.topology.edges {
        let origins: Vec<String> = edge.origins.iter().map(|origin| origin.source.to_string()).collect();
        let (age, rate) = (map.age(edge).map_or(-1, |age| age.as_mins()), rate(edge.requests_per_min));
        let (caller, callee, mode) = (&edge.caller, &edge.callee, edge.mode);
        writeln!(text, "{caller} → {callee} {mode:?} {rate} by {} {age} min ago", origins.join(", ")).unwrap();
    }
    for entry in &map.entries {
        writeln!(text, "outside → {} {}", entry.service, rate(entry.requests_per_min)).unwrap();
    }
    for folded in &map.folded {
        writeln!(text, "{} is {} ({} within)", folded.name, folded.into, rate(folded.inner_per_min)).unwrap();
    }
    text
}

#[test]
fn the_nodes_of_a_function_clients_and_aliases_are_one_service_with_the_declared_name() {
    let graph = xray::parse(&serde_json::from_str(SAMPLE).unwrap()).unwrap();
    let mut declared =
        topology("auth-api>token-exchange token-exchange>user-pool token-exchange>sessions web>auth-api*60");
    for (name, alias) in [
        ("auth-api", "auth-api/prod"),
        ("sessions", "auth-sessions"),
        ("user-pool", "cognito-idp.us-east-1.amazonaws.com"),
    ] {
        let service = declared.services.iter_mut().find(|service| service.id.as_str() == name).unwrap();
        service.aliases.push(alias.to_owned());
    }
    let seen = graph.edges[0].origins[0].seen;
    let xray = Part { origin: Origin { source: EdgeSource::XRay, seen }, complete: true, topology: graph };
    let origin = Origin { source: EdgeSource::Declared, seen };
    let declared = Part { origin, complete: false, topology: declared };
    let map = merge(&[xray, declared], seen + crate::model::minutes(5));
    insta::assert_snapshot!(told(&map), @"
    auth-api (AWS::ApiGateway::Stage) auth-api/prod, auth-api/prod_client
    sessions (AWS::DynamoDB::Table) auth-sessions
    token-exchange (AWS::Lambda::Function) token-exchange_AWS::Lambda
    user-pool (?) cognito-idp.us-east-1.amazonaws.com
    web (?) 
    auth-api → token-exchange Sync 59.73 by configuration, X-Ray 5 min ago
    token-exchange → sessions Sync 70.03 by configuration, X-Ray 5 min ago
    token-exchange → user-pool Sync 59.73 by configuration, X-Ray 5 min ago
    web → auth-api Sync 60.00 by configuration 5 min ago
    outside → auth-api 61.87
    auth-api/prod is auth-api (? within)
    auth-api/prod_client is auth-api (? within)
    auth-sessions is sessions (? within)
    cognito-idp.us-east-1.amazonaws.com is user-pool (? within)
    token-exchange_AWS::Lambda is token-exchange (59.73 within)
    ");
    assert_eq!(map.conflicts, []);
}

#[test]
fn what_the_sources_do_not_agree_on_is_shown() {
    let declared = part(EdgeSource::Declared, 0, topology("a:AWS::ECS::Service a>b*10 a>c*10 q~f"));
    let traced = part(EdgeSource::XRay, 5, topology("a:AWS::Lambda::Function a>b*25 q>f b>a c>c"));
    let map = merge(&[declared, traced], at(6));
    let stated = |conflict: &Conflict| match conflict {
        Conflict::Mode { caller, callee, stated } => format!("mode {caller} {callee} {:?}", stated[0].value),
        Conflict::Rate { caller, callee, stated } => format!("rate {caller} {callee} {}", stated[0].value),
        Conflict::Unseen { caller, callee, silent, .. } => format!("unseen {caller} {callee} by {}", silent.source),
        Conflict::Kind { service, stated } => format!("kind {service} {}", stated[0].1),
    };
    let conflicts: Vec<String> = map.conflicts.iter().map(stated).collect();
    let expected = ["kind a AWS::ECS::Service", "rate a b 25", "mode q f Async", "unseen a c by X-Ray"];
    assert_eq!(conflicts, expected);
    // A cycle is an ordinary thing.
    assert!(map.topology.edges.iter().any(|edge| edge.caller.as_str() == "b" && edge.callee.as_str() == "a"));
}

#[test]
fn an_older_complete_source_and_one_that_does_not_know_both_ends_contradict_nobody() {
    let known = part(EdgeSource::Capsule, 3, topology("a>b*10"));
    let older = part(EdgeSource::XRay, 1, topology("b>a"));
    let elsewhere = part(EdgeSource::XRay, 5, topology("a>x"));
    assert_eq!(merge(&[known, older, elsewhere], at(6)).conflicts, []);
}

#[test]
fn each_edge_has_the_age_at_which_its_source_saw_it() {
    let mut traced = topology("a>b*10 a>c*10 a>d*10");
    let seen = |minute| Origin { source: EdgeSource::XRay, seen: at(minute) };
    traced.edges[0].origins = vec![seen(1)];
    // What another source noted is not this one's.
    traced.edges[1].origins = vec![Origin { source: EdgeSource::Capsule, seen: at(1) }];
    let map = merge(&[part(EdgeSource::XRay, 5, traced), part(EdgeSource::Declared, 0, topology("a>d"))], at(6));
    let origins: Vec<Vec<Origin>> = map.topology.edges.iter().map(|edge| edge.origins.clone()).collect();
    let declared = Origin { source: EdgeSource::Declared, seen: at(0) };
    assert_eq!(origins, [vec![seen(1)], vec![seen(5)], vec![declared, seen(5)]]);
}

#[test]
fn a_family_is_no_other_type() {
    let declared = part(EdgeSource::Declared, 0, topology("orders:AWS::SNS::Topic mailer:AWS::Lambda::Function"));
    let traced = part(EdgeSource::XRay, 5, topology("orders:AWS::SNS mailer:AWS::Lambda orders>mailer"));
    let map = merge(&[declared, traced], at(6));
    assert_eq!(map.conflicts, []);
    let kinds: Vec<Option<&str>> = map.topology.services.iter().map(|service| service.kind.as_deref()).collect();
    assert_eq!(kinds, [Some("AWS::Lambda::Function"), Some("AWS::SNS::Topic")]);
}

#[test]
fn a_host_that_two_services_might_be_stays_a_node() {
    let mut topology = topology("a>orders.internal.example*5 b>x*1 b>y*1 orders.internal.example:remote");
    let mut call = |name: &str| {
        let service = topology.services.iter_mut().find(|service| service.id.as_str() == name).unwrap();
        service.aliases.push("Orders".to_owned());
        merge(&[part(EdgeSource::XRay, 0, topology.clone())], at(1))
    };
    let folded = call("x").folded;
    assert_eq!((folded.len(), folded[0].into.as_str()), (1, "x"));
    assert_eq!(call("y").folded, []);
}

#[tokio::test]
async fn the_tool_tells_origins_and_ages_of_a_capsule() {
    let capsule = Arc::new(capsule::parse(AUTH_CASCADE.as_bytes()).unwrap());
    let (now, alarms) = ("2026-11-20T03:16:00Z".parse().unwrap(), capsule.alarms_until(capsule.window.to));
    let outside = World::outside(Arc::clone(&capsule));
    let answer = MapServiceDependencies { alarms, now }.call(&outside).await.unwrap();
    assert_eq!(answer.map.topology.edges.len(), capsule.topology.edges.len());
    assert_eq!(answer.claims.len(), answer.map.topology.edges.len());
    assert!(answer.age_s.iter().all(|age| *age == Some(0)));
    assert!(answer.map.topology.edges.iter().all(|edge| edge.origins[0].source == EdgeSource::Capsule));
    assert!(answer.alarming.contains(&ServiceId::new("user-pool")) && answer.gaps.is_empty(), "{:?}", answer.gaps);
    let arguments = serde_json::json!({"alarms": [], "now": now});
    for entry in TOOLS {
        let answer = entry.call(&outside, arguments.clone()).await.unwrap();
        let has_evidence = answer["gaps"].is_array() && answer["evidence"].is_array();
        // A picture is made of what the others say, and tells it in words as well.
        assert!(has_evidence || answer["alt"].is_string(), "{}", entry.spec.name);
    }
}

fn any_topology() -> impl Strategy<Value = Topology> {
    let name = prop::sample::select(vec!["f", "f_AWS::Lambda", "f_AWS::Lambda::Function", "t", "T!", "t.example", "c"]);
    let kind = prop::sample::select(vec![None, Some("remote"), Some("client"), Some("AWS::Lambda")]);
    let service = (name.clone(), kind, prop::option::of(prop::sample::select(vec!["t", "f", "c"])));
    let edge = (name.clone(), name, any::<bool>(), prop::option::of(0u32..1000));
    (prop::collection::vec(service, 0..6), prop::collection::vec(edge, 0..12)).prop_map(|(services, edges)| {
        let mut topology = Topology::default();
        for (name, kind, alias) in services {
            if topology.services.iter().all(|service| service.id.as_str() != name) {
                let (kind, aliases) = (kind.map(str::to_owned), alias.into_iter().map(str::to_owned).collect());
                topology.services.push(Service { kind, aliases, ..Service::named(name) });
            }
        }
        topology.edges = edges
            .into_iter()
            .filter(|edge| edge.0 != edge.1)
            .map(|(caller, callee, is_async, rate)| Edge {
                mode: if is_async { EdgeMode::Async } else { EdgeMode::Sync },
                requests_per_min: rate.map(f64::from),
                ..Edge::between(caller, callee)
            })
            .collect();
        topology
    })
}

proptest! {
    #[test]
    fn folding_loses_no_request(topology in any_topology()) {
        let sent: f64 = topology.edges.iter().filter_map(|edge| edge.requests_per_min).sum();
        let map = merge(&[part(EdgeSource::XRay, 0, topology)], at(0));
        let edges = map.topology.edges.iter().filter_map(|edge| edge.requests_per_min);
        let entries = map.entries.iter().filter_map(|entry| entry.requests_per_min);
        let inner = map.folded.iter().filter_map(|folded| folded.inner_per_min);
        let kept: f64 = edges.chain(entries).chain(inner).sum();
        prop_assert!((sent - kept).abs() < 1e-6, "{} of {}", kept, sent);
        let known = |id: &ServiceId| map.topology.services.iter().any(|service| service.id == *id);
        prop_assert!(map.topology.edges.iter().all(|edge| known(&edge.caller) && known(&edge.callee)));
    }

    #[test]
    fn the_order_of_sources_services_and_edges_makes_no_difference(
        parts in prop::collection::vec((0usize..4, 0i64..3, any_topology()), 1..4),
        turn in 0usize..12,
    ) {
        let sources = [EdgeSource::XRay, EdgeSource::Declared, EdgeSource::Capsule, EdgeSource::EventSource];
        let mut parts: Vec<Part> =
            parts.into_iter().map(|(source, minute, topology)| part(sources[source], minute, topology)).collect();
        let map = merge(&parts, at(3));
        parts.reverse();
        for part in &mut parts {
            part.topology.services.reverse();
            let length = part.topology.edges.len().max(1);
            part.topology.edges.rotate_left(turn % length);
        }
        prop_assert_eq!(&merge(&parts, at(3)), &map);
    }
}

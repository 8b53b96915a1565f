//! The names under which a resource may be known, from what a call or an event says of it.

use super::Resource;
use crate::alarms::text;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Parameters that name what a call is about, the most telling first; written without capitals. Where a call names several,
/// all of them are tried, so that a service may be known by any.
const TELLING: [&str; 39] = [
    "functionname",
    "tablename",
    "globaltablename",
    "userpoolid",
    "restapiid",
    "apiid",
    "service",
    "servicename",
    "servicearn",
    "taskdefinition",
    "family",
    "dbinstanceidentifier",
    "dbclusteridentifier",
    "dbproxyname",
    "replicationgroupid",
    "cacheclusterid",
    "serverlesscachename",
    "autoscalinggroupname",
    "queueurl",
    "queuename",
    "topicarn",
    "streamname",
    "streamarn",
    "loadbalancername",
    "loadbalancerarn",
    "targetgrouparn",
    "listenerarn",
    "rulearn",
    "rulename",
    "statemachinearn",
    "distributionid",
    "bucketname",
    "secretid",
    "domainname",
    "eventsourcearn",
    "uuid",
    "hostedzoneid",
    "resourceid",
    "resourcearn",
];

/// Parameters that name what a call is about only where no other does: beside a function, `name` is that of its alias, and
/// beside a service the cluster is only its place.
const PERHAPS: [&str; 9] = [
    "deploymentgroupname",
    "applicationname",
    "stackname",
    "clustername",
    "cluster",
    "clusteridentifier",
    "groupid",
    "keyid",
    "name",
];

/// What else may name a resource, by the end of the parameter's name.
const ENDINGS: [&str; 4] = ["identifier", "name", "arn", "id"];

/// Parameters that name something else than what is changed.
const BESIDE: [&str; 12] = [
    "rolearn",
    "executionrolearn",
    "taskrolearn",
    "kmskeyid",
    "kmskeyarn",
    "versionid",
    "revisionid",
    "policyname",
    "policyarn",
    "username",
    "stagename",
    "subnetid",
];

/// The resource that a call is about.
pub(super) fn of_call(detail: &Value) -> Resource {
    let parameters = plain(detail["requestParameters"].as_object());
    let named_by = |keys: &[&str]| -> Vec<String> {
        keys.iter().filter_map(|key| parameters.get(*key)).flat_map(|value| expand(value)).collect()
    };
    let mut names = named_by(&TELLING);
    if names.is_empty() {
        names = named_by(&PERHAPS);
    }
    for resource in detail["resources"].as_array().into_iter().flatten() {
        names.extend(expand(text(&resource["ARN"])));
    }
    if names.is_empty() {
        let named = |key: &str| !BESIDE.contains(&key) && !key.contains("token") && !key.contains("request");
        for ending in ENDINGS {
            let of_ending = parameters.iter().filter(|(key, _)| key.ends_with(ending) && named(key));
            names.extend(of_ending.flat_map(|(_, value)| expand(value)));
        }
    }
    Resource { names, deployed_as: None }
}

/// Whether a parameter says which resource is meant, and not what becomes of it.
pub(super) fn is_identity(key: &str) -> bool {
    let key = flat(key);
    // The task definition of an ECS service is what is changed there.
    let key = key.as_str();
    key != "taskdefinition"
        && (TELLING.contains(&key) || PERHAPS.contains(&key) || matches!(key, "fullyqualifiedarn" | "stagename"))
}

/// The parameters that are text, by their names without capitals and signs; the order in which they came does not matter.
fn plain(parameters: Option<&Map<String, Value>>) -> BTreeMap<String, &str> {
    let parameters = parameters.into_iter().flatten();
    parameters.filter_map(|(key, value)| Some((flat(key), value.as_str()?))).collect()
}

fn flat(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The names in an ARN, a URL of a queue, or a name with its kind or its version: `service/prod/web`, `web:12`.
pub(super) fn expand(value: &str) -> Vec<String> {
    if let Some((_, path)) = value.split_once("://") {
        let names = path.rsplit('/').find(|part| !part.is_empty()).filter(|name| *name != path);
        return names.into_iter().map(str::to_owned).collect();
    }
    if value.starts_with("arn:") {
        return value.splitn(6, ':').nth(5).map(within_arn).unwrap_or_default();
    }
    // Lambda takes `123456789012:function:name:alias` and `name:alias` for a function.
    if let Some((_, function)) = value.split_once("function:") {
        return function.split(':').next().map(str::to_owned).into_iter().collect();
    }
    let kind = value.split(['/', ':']).next().unwrap_or_default();
    if matches!(kind, "service" | "table" | "cluster" | "db" | "endpoint" | "fleet") && kind.len() < value.len() {
        return within_arn(value);
    }
    let unqualified = value.split_once(':').map(|(name, _)| name.to_owned());
    unqualified.into_iter().chain([value.to_owned()]).collect()
}

/// The names in the last part of an ARN, behind the kind of the resource.
fn within_arn(resource: &str) -> Vec<String> {
    let parts: Vec<&str> = resource.split(['/', ':']).filter(|part| !part.is_empty()).collect();
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    match parts.as_slice() {
        // An ECS service is named with its cluster, or without it in an old account.
        ["service", .., name] => owned(&[name, &parts[1..].join("/")]),
        // CloudWatch knows a load balancer as `app/name/id`.
        ["loadbalancer", rest @ ..] if rest.len() > 1 => owned(&[rest[1], &rest.join("/")]),
        ["targetgroup", name, ..] => owned(&[name, &parts.join("/")]),
        [_, name, ..] | [name] => owned(&[name]),
        [] => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(value: &str, expected: &[&str]) {
        assert_eq!(expand(value), expected, "{value}");
    }

    #[test]
    fn names_are_found_in_what_names_them() {
        check("token-exchange", &["token-exchange"]);
        check("arn:aws:lambda:us-east-1:123456789012:function:token-exchange:118", &["token-exchange"]);
        check("123456789012:function:token-exchange", &["token-exchange"]);
        check("function:token-exchange:live", &["token-exchange"]);
        check("token-exchange:live", &["token-exchange", "token-exchange:live"]);
        check("arn:aws:dynamodb:us-east-1:123456789012:table/auth-sessions/index/by-user", &["auth-sessions"]);
        check("table/auth-sessions", &["auth-sessions"]);
        check("service/prod/auth-web", &["auth-web", "prod/auth-web"]);
        check("arn:aws:ecs:us-east-1:123456789012:service/auth-web", &["auth-web", "auth-web"]);
        check("https://sqs.us-east-1.amazonaws.com/123456789012/orders.fifo", &["orders.fifo"]);
        check("arn:aws:sns:us-east-1:123456789012:orders", &["orders"]);
        check("arn:aws:apigateway:us-east-1::/restapis/a1b2c3/stages/prod", &["a1b2c3"]);
        check(
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188",
            &["web", "app/web/50dc6c495c0c9188"],
        );
        check("arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbC", &["us-east-1_AbC"]);
        check("https://", &[]);
        check("arn:aws:", &[]);
    }

    #[test]
    fn a_parameter_that_nobody_listed_may_still_name_the_resource() {
        let call = |parameters: Value| of_call(&json!({"requestParameters": parameters})).names;
        assert_eq!(call(json!({"widgetIdentifier": "w", "roleArn": "r", "clientToken": "t"})), ["w"]);
        assert_eq!(call(json!({"DBInstanceIdentifier": "db-1", "other-name": "x"})), ["db-1"]);
        assert_eq!(call(json!({"roleArn": "arn:aws:iam::123456789012:role/x"})), [""; 0]);
        assert_eq!(call(json!({"cluster": "prod", "service": "web"})), ["web"]);
        assert_eq!(call(json!({"cluster": "prod", "settings": []})), ["prod"]);
        assert_eq!(call(json!(null)), [""; 0]);
    }
}
